use super::{Decode, Encode, Malformed, Reader, TooLong, Writer};

/// `struct {} EndOfEarlyData;` (RFC 9846 section 4.6)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndOfEarlyData;

impl<'a> Decode<'a> for EndOfEarlyData {
    const NAME: &'static str = "EndOfEarlyData";

    fn decode(_: &mut Reader<'a>) -> Result<Self, Malformed> {
        Ok(Self)
    }
}

impl Encode for EndOfEarlyData {
    fn encode(&self, _: &mut Writer) -> Result<(), TooLong> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::test_message;

    #[test]
    fn end_of_early_data_is_empty() {
        test_message("EndOfEarlyData", &[], &[]);
    }
}

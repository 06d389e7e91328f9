use super::{Decode, Encode, Malformed, Reader, TooLong, Writer};

/// `struct { opaque verify_data[Hash.length]; } Finished;` (RFC 9846 section 4.5.3)
///
/// The length is that of the handshake's hash, which is not known here: whoever compares `verify_data` compares it whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finished<'a> {
    /// The MAC over the transcript so far.
    pub verify_data: &'a [u8],
}

impl<'a> Decode<'a> for Finished<'a> {
    const NAME: &'static str = "Finished";

    fn decode(r: &mut Reader<'a>) -> Result<Self, Malformed> {
        Ok(Self { verify_data: r.rest() })
    }
}

impl Encode for Finished<'_> {
    fn encode(&self, w: &mut Writer) -> Result<(), TooLong> {
        w.bytes(self.verify_data);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::written;
    use super::*;

    #[test]
    fn verify_data_is_the_whole_message() {
        let message = Finished { verify_data: &[4; 32] };
        assert_eq!(written(&message), [4; 32]);
        assert_eq!(Finished::read(&[4; 32]), Ok(message));
    }
}

use crate::wire::{Decode, Encode, Malformed, Reader, TooLong, Writer};

/// `struct { } HelloRequest;` (RFC 5246 section 7.4.1.1)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HelloRequest;

/// `struct { } ServerHelloDone;` (RFC 5246 section 7.4.5)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerHelloDone;

impl<'a> Decode<'a> for HelloRequest {
    const NAME: &'static str = "HelloRequest";

    fn decode(_: &mut Reader<'a>) -> Result<Self, Malformed> {
        Ok(Self)
    }
}

impl Encode for HelloRequest {
    fn encode(&self, _: &mut Writer) -> Result<(), TooLong> {
        Ok(())
    }
}

impl<'a> Decode<'a> for ServerHelloDone {
    const NAME: &'static str = "ServerHelloDone";

    fn decode(_: &mut Reader<'a>) -> Result<Self, Malformed> {
        Ok(Self)
    }
}

impl Encode for ServerHelloDone {
    fn encode(&self, _: &mut Writer) -> Result<(), TooLong> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::wire::testing::test_message;

    #[test]
    fn they_are_empty() {
        test_message("HelloRequest", &[], &[]);
        test_message("ServerHelloDone", &[], &[]);
    }
}

use crate::wire::{Decode, Encode, Malformed, Reader, TooLong, Writer};

/// `struct { opaque point<1..2^8-1>; } ClientKeyExchange;` of an ephemeral elliptic-curve exchange (RFC 8422 section 5.7)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientKeyExchange<'a> {
    /// The client's half of the key exchange.
    pub point: &'a [u8],
}

impl<'a> Decode<'a> for ClientKeyExchange<'a> {
    const NAME: &'static str = "ClientKeyExchange";

    fn decode(r: &mut Reader<'a>) -> Result<Self, Malformed> {
        Ok(Self {
            point: r.vec8("point", 1..=255)?,
        })
    }
}

impl Encode for ClientKeyExchange<'_> {
    fn encode(&self, w: &mut Writer) -> Result<(), TooLong> {
        w.structure(Self::NAME);
        w.opaque8("point", self.point)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::testing::{test_message, written};

    #[test]
    fn a_client_key_exchange_reads_and_writes() {
        let message = ClientKeyExchange { point: &[4; 65] };
        let bytes = written(&message);
        test_message("ClientKeyExchange", &bytes, &[]);
        assert_eq!(ClientKeyExchange::read(&bytes), Ok(message));
    }
}

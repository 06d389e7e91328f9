use crate::wire::{Decode, Encode, Malformed, Reader, TooLong, Writer};

/// `struct { public-key-encrypted PreliminarySecret preliminary_secret; } EncryptedPreliminarySecret;`, which is the ClientKeyExchange of RSA key transport
/// (RFC 5246 section 7.4.7.1; the name is of RFC 9846 appendix D)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncryptedPreliminarySecret<'a> {
    /// The secret under the key of the server's certificate.
    pub preliminary_secret: &'a [u8],
}

impl<'a> Decode<'a> for EncryptedPreliminarySecret<'a> {
    const NAME: &'static str = "EncryptedPreliminarySecret";

    fn decode(r: &mut Reader<'a>) -> Result<Self, Malformed> {
        Ok(Self {
            preliminary_secret: r.vec16("preliminary_secret", 0..=0xffff)?,
        })
    }
}

impl Encode for EncryptedPreliminarySecret<'_> {
    fn encode(&self, w: &mut Writer) -> Result<(), TooLong> {
        w.structure(Self::NAME);
        w.opaque16("preliminary_secret", self.preliminary_secret)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::testing::{test_message, written};

    #[test]
    fn an_encrypted_preliminary_secret_reads_and_writes() {
        let message = EncryptedPreliminarySecret {
            preliminary_secret: &[7; 256],
        };
        let bytes = written(&message);
        test_message("EncryptedPreliminarySecret", &bytes, &[]);
        assert_eq!(EncryptedPreliminarySecret::read(&bytes), Ok(message));
    }
}

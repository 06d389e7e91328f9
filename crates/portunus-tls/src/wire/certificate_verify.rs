use super::{Decode, Encode, Malformed, Reader, SignatureScheme, TooLong, Writer};

/// `struct { SignatureScheme algorithm; opaque signature<0..2^16-1>; } CertificateVerify;` (RFC 9846 section 4.5.2)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CertificateVerify<'a> {
    /// How it was signed.
    pub algorithm: SignatureScheme,
    /// The signature over the transcript so far.
    pub signature: &'a [u8],
}

impl<'a> Decode<'a> for CertificateVerify<'a> {
    const NAME: &'static str = "CertificateVerify";

    fn decode(r: &mut Reader<'a>) -> Result<Self, Malformed> {
        Ok(Self {
            algorithm: SignatureScheme(r.u16("algorithm")?),
            signature: r.vec16("signature", 0..=0xffff)?,
        })
    }
}

impl Encode for CertificateVerify<'_> {
    fn encode(&self, w: &mut Writer) -> Result<(), TooLong> {
        w.structure(Self::NAME);
        w.u16(self.algorithm.0);
        w.opaque16("signature", self.signature)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{test_message, written};
    use super::*;

    #[test]
    fn a_certificate_verify_reads_and_writes() {
        let message = CertificateVerify {
            algorithm: SignatureScheme::RSA_PSS_RSAE_SHA256,
            signature: &[3; 256],
        };
        let bytes = written(&message);
        test_message("CertificateVerify", &bytes, &[]);
        assert_eq!(CertificateVerify::read(&bytes), Ok(message));
    }
}

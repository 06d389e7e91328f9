//! Certificates that were compressed (RFC 8879).

use super::extension_data::ExtensionData;
use super::{CertificateCompressionAlgorithm, Decode, Encode, Malformed, Problem, Reader, Sequence, TooLong, Writer};

/// `struct { CertificateCompressionAlgorithm algorithms<2..2^8-2>; } CertificateCompressionAlgorithms;` (RFC 8879 section 3)
pub(super) struct CertificateCompressionAlgorithms;

impl<'a> ExtensionData<'a> for CertificateCompressionAlgorithms {
    const NAME: &'static str = "CertificateCompressionAlgorithms";
    type Field = Option<Sequence<'a, CertificateCompressionAlgorithm>>;

    fn decode(r: &mut Reader<'a>) -> Result<Sequence<'a, CertificateCompressionAlgorithm>, Malformed> {
        let list = r.vec8("algorithms", 2..=0xfe)?;
        let algorithms: Sequence<'a, CertificateCompressionAlgorithm> = Sequence::check(r, "algorithms", list)?;
        // At most 127 of them.
        let repeated = algorithms
            .iter()
            .enumerate()
            .find(|(index, algorithm)| algorithms.iter().take(*index).any(|earlier| earlier == *algorithm));
        match repeated {
            Some((_, algorithm)) => Err(r.fault("algorithms", Problem::Value(algorithm.0.into()))),
            None => Ok(algorithms),
        }
    }

    fn encode(algorithms: &Sequence<'a, CertificateCompressionAlgorithm>, w: &mut Writer) -> Result<(), TooLong> {
        w.vec8("algorithms", |w| algorithms.encode_items(w))
    }
}

/// ```text
/// struct {
///     CertificateCompressionAlgorithm algorithm;
///     uint24 uncompressed_length;
///     opaque compressed_certificate_message<1..2^24-1>;
/// } CompressedCertificate;
/// ```
/// (RFC 8879 section 4)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CompressedCertificate<'a> {
    /// How it was compressed.
    pub algorithm: CertificateCompressionAlgorithm,
    /// The length of the Certificate message that is inside.
    pub uncompressed_length: u32,
    /// That message without its header, compressed.
    pub compressed_certificate_message: &'a [u8],
}

impl<'a> Decode<'a> for CompressedCertificate<'a> {
    const NAME: &'static str = "CompressedCertificate";

    fn decode(r: &mut Reader<'a>) -> Result<Self, Malformed> {
        Ok(Self {
            algorithm: CertificateCompressionAlgorithm(r.u16("algorithm")?),
            uncompressed_length: r.u24("uncompressed_length")?,
            compressed_certificate_message: r.vec24("compressed_certificate_message", 1..=0xff_ffff)?,
        })
    }
}

impl Encode for CompressedCertificate<'_> {
    fn encode(&self, w: &mut Writer) -> Result<(), TooLong> {
        w.structure(Self::NAME);
        w.u16(self.algorithm.0);
        w.u24("uncompressed_length", self.uncompressed_length)?;
        w.opaque24("compressed_certificate_message", self.compressed_certificate_message)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{test_message, written};
    use super::*;

    #[test]
    fn a_compressed_certificate_reads_and_writes() {
        let message = CompressedCertificate {
            algorithm: CertificateCompressionAlgorithm::ZLIB,
            uncompressed_length: 0x01_0203,
            compressed_certificate_message: b"compressed",
        };
        let bytes = written(&message);
        test_message("CompressedCertificate", &bytes, &[]);
        assert_eq!(CompressedCertificate::read(&bytes), Ok(message));
        assert!(
            CompressedCertificate::read(&[0, 1, 0, 0, 1, 0, 0, 0]).is_err(),
            "nothing inside"
        );
    }

    #[test]
    fn an_algorithm_stands_once() {
        let read = super::super::extension_data::read::<CertificateCompressionAlgorithms>;
        assert_eq!(read(&[4, 0, 1, 0, 2]).unwrap().unwrap().iter().count(), 2);
        assert!(read(&[4, 0, 1, 0, 1]).is_err());
        assert!(read(&[0]).is_err());
        assert!(read(&[3, 0, 1, 0]).is_err());
    }
}

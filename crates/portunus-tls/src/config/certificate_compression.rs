//! Ways to compress certificates (RFC 8879).

#[cfg(feature = "brotli")]
mod brotli;
mod zlib;
#[cfg(feature = "zstd")]
mod zstd;

use std::sync::{Arc, Mutex, PoisonError};

#[cfg(feature = "brotli")]
pub use brotli::Brotli;
pub use zlib::Zlib;
#[cfg(feature = "zstd")]
pub use zstd::Zstd;

use crate::error::Internal;
use crate::wire::{
    Certificate, CertificateCompressionAlgorithm, CompressedCertificate, Encode, ExtensionType, UnknownExtension,
    Writer,
};

/// A way to compress certificates.
pub trait CompressCertificate: Send + Sync {
    /// Its name on the wire.
    fn algorithm(&self) -> CertificateCompressionAlgorithm;

    /// The message, compressed.
    fn deflate(&self, message: &[u8]) -> Vec<u8>;

    /// Fills all of `message`, whose length the peer announced and is bounded, with what `compressed` stands for.
    ///
    /// # Errors
    /// [`NotInflated`] when it stands for nothing, for more or for less.
    fn inflate(&self, compressed: &[u8], message: &mut [u8]) -> Result<(), NotInflated>;
}

/// Compressed bytes that do not stand for a message of the announced length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the compressed certificates do not inflate to the announced length")]
pub struct NotInflated;

/// All ways that are built in, the one first that makes certificates shortest.
pub fn certificate_compressions() -> Vec<Arc<dyn CompressCertificate>> {
    vec![
        #[cfg(feature = "brotli")]
        Arc::new(Brotli),
        Arc::new(Zlib),
        #[cfg(feature = "zstd")]
        Arc::new(Zstd),
    ]
}

/// A Certificate message, compressed.
pub(crate) struct CompressedMessage {
    algorithm: CertificateCompressionAlgorithm,
    /// What is stapled in it.
    stapled: Vec<ExtensionType>,
    uncompressed_length: u32,
    bytes: Vec<u8>,
}

impl CompressedMessage {
    pub(crate) fn message(&self) -> CompressedCertificate<'_> {
        CompressedCertificate {
            algorithm: self.algorithm,
            uncompressed_length: self.uncompressed_length,
            compressed_certificate_message: &self.bytes,
        }
    }
}

/// The compressed messages of one identity: four for each algorithm at most, by what is stapled.
#[derive(Default)]
pub(crate) struct Compressed(Mutex<Vec<Arc<CompressedMessage>>>);

impl Compressed {
    pub(crate) fn get_or_make(
        &self,
        way: &dyn CompressCertificate,
        message: &Certificate<'_>,
        stapled: &[UnknownExtension<'_>],
    ) -> Result<Arc<CompressedMessage>, Internal> {
        let algorithm = way.algorithm();
        let types = || stapled.iter().map(|extension| extension.extension_type);
        let is_it =
            |kept: &&Arc<CompressedMessage>| kept.algorithm == algorithm && kept.stapled.iter().copied().eq(types());
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = all.iter().find(is_it) {
            return Ok(kept.clone());
        }
        let mut writer = Writer::new("Certificate");
        message.encode(&mut writer).map_err(Internal::TooLong)?;
        let plain = writer.into_bytes();
        let made = Arc::new(CompressedMessage {
            algorithm,
            stapled: types().collect(),
            uncompressed_length: u32::try_from(plain.len()).unwrap_or(u32::MAX),
            bytes: way.deflate(&plain),
        });
        all.push(made.clone());
        Ok(made)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pseudorandom(count: u32) -> Vec<u8> {
        (0..count)
            .map(|i| i.wrapping_mul(2_654_435_761).to_be_bytes()[0])
            .collect()
    }

    #[test]
    fn each_gives_back_what_it_took_and_nothing_else() {
        for way in certificate_compressions() {
            for message in [
                &[][..],
                b"a",
                &[7; 50_000],
                &pseudorandom(50_000),
                &pseudorandom(190_000),
            ] {
                let name = way.algorithm();
                let compressed = way.deflate(message);
                let mut out = vec![0; message.len()];
                assert_eq!(way.inflate(&compressed, &mut out), Ok(()), "{name}");
                assert_eq!(out, message, "{name}");
                let mut longer = vec![0; message.len() + 1];
                assert_eq!(way.inflate(&compressed, &mut longer), Err(NotInflated), "{name}");
                if let Some(shorter) = message.len().checked_sub(1) {
                    assert_eq!(
                        way.inflate(&compressed, &mut vec![0; shorter]),
                        Err(NotInflated),
                        "{name}"
                    );
                }
                let trailing = [&compressed[..], &[0]].concat();
                assert_eq!(way.inflate(&trailing, &mut out), Err(NotInflated), "{name}");
                let cut = &compressed[..compressed.len() - 1];
                assert_eq!(way.inflate(cut, &mut out), Err(NotInflated), "{name}");
            }
        }
    }

    /// Of the programs of the same names; the second zstd did not know how much would come.
    #[test]
    fn what_others_compress_inflates() {
        let message = b"a certificate, another certificate, and the same certificate once more";
        let theirs = [
            (
                CertificateCompressionAlgorithm::BROTLI,
                "1b450048a4c2c8c02107ecdfcea1b62870c8893f6c014671ef81c2d809b9ac5ad22f3800",
            ),
            (
                CertificateCompressionAlgorithm::ZSTD,
                "28b52ffd20466d0100a282080cc03d5b19e44cf9ff9f7e57025f45f8a4c251186e0db4b7d61488b7ccd5f57e400202003d390491d904",
            ),
            (
                CertificateCompressionAlgorithm::ZSTD,
                "28b52ffd00686d0100a282080cc03d5b19e44cf9ff9f7e57025f45f8a4c251186e0db4b7d61488b7ccd5f57e400202003d390491d904",
            ),
        ];
        let digit = |byte: &u8| char::from(*byte).to_digit(16).unwrap();
        for (algorithm, compressed) in theirs {
            let (digits, _) = compressed.as_bytes().as_chunks::<2>();
            let bytes: Vec<u8> = digits
                .iter()
                .map(|[high, low]| (digit(high) << 4 | digit(low)) as u8)
                .collect();
            let mut out = vec![0; message.len()];
            let ways = certificate_compressions();
            for way in ways.iter().filter(|way| way.algorithm() == algorithm) {
                assert_eq!(way.inflate(&bytes, &mut out), Ok(()));
                assert_eq!(&out, message);
            }
        }
    }

    #[test]
    fn none_inflates_more_than_fits() {
        for way in certificate_compressions() {
            let bomb = way.deflate(&vec![0; 32 << 20]);
            assert!(bomb.len() < 64 << 10, "{}: {}", way.algorithm(), bomb.len());
            for room in [0, 1, 1 << 16] {
                assert_eq!(way.inflate(&bomb, &mut vec![0; room]), Err(NotInflated));
            }
        }
    }

    proptest! {
        #[test]
        fn any_bytes_inflate_or_do_not(bytes in prop::collection::vec(any::<u8>(), 0..300), room in 0_usize..5000) {
            for way in certificate_compressions() {
                let _ = way.inflate(&bytes, &mut vec![0; room]);
            }
        }

        #[test]
        fn changed_bytes_inflate_or_do_not(at in any::<prop::sample::Index>(), to in any::<u8>(), times in 1_usize..40) {
            let message = [b"a certificate ".repeat(times), pseudorandom(300)].concat();
            for way in certificate_compressions() {
                let mut compressed = way.deflate(&message);
                let at = at.index(compressed.len());
                compressed[at] = to;
                let _ = way.inflate(&compressed, &mut vec![0; message.len()]);
            }
        }
    }
}

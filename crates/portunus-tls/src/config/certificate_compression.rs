//! Ways to compress certificates (RFC 8879).

use std::sync::{Arc, Mutex, PoisonError};

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

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

/// zlib (RFC 1950).
#[derive(Clone, Copy, Debug, Default)]
pub struct Zlib;

impl CompressCertificate for Zlib {
    fn algorithm(&self) -> CertificateCompressionAlgorithm {
        CertificateCompressionAlgorithm::ZLIB
    }

    fn deflate(&self, message: &[u8]) -> Vec<u8> {
        let mut compress = Compress::new(Compression::best(), true);
        // What does not compress grows by five bytes a block of 16 KiB, and by the frame.
        let mut compressed = Vec::with_capacity(message.len().saturating_add(message.len() / 1024).saturating_add(64));
        // It has room for all: one call ends the stream.
        let _ = compress.compress_vec(message, &mut compressed, FlushCompress::Finish);
        compressed
    }

    fn inflate(&self, compressed: &[u8], message: &mut [u8]) -> Result<(), NotInflated> {
        let mut decompress = Decompress::new(true);
        let status = decompress.decompress(compressed, message, FlushDecompress::Finish);
        let lengths = [compressed, message].map(|bytes| u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        match status {
            Ok(Status::StreamEnd) if [decompress.total_in(), decompress.total_out()] == lengths => Ok(()),
            _ => Err(NotInflated),
        }
    }
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
    use super::*;

    #[test]
    fn zlib_gives_back_what_it_took_and_nothing_else() {
        let random: Vec<u8> = (0..50_000_u32)
            .map(|i| i.wrapping_mul(2_654_435_761).to_be_bytes()[0])
            .collect();
        for message in [&[][..], b"a", &[7; 50_000], &random] {
            let compressed = Zlib.deflate(message);
            let mut out = vec![0; message.len()];
            assert_eq!(Zlib.inflate(&compressed, &mut out), Ok(()));
            assert_eq!(out, message);
            let mut longer = vec![0; message.len() + 1];
            assert_eq!(Zlib.inflate(&compressed, &mut longer), Err(NotInflated));
            if let Some(shorter) = message.len().checked_sub(1) {
                assert_eq!(Zlib.inflate(&compressed, &mut vec![0; shorter]), Err(NotInflated));
            }
            let trailing = [&compressed[..], &[0]].concat();
            assert_eq!(Zlib.inflate(&trailing, &mut out), Err(NotInflated));
            assert_eq!(
                Zlib.inflate(&compressed[..compressed.len() - 1], &mut out),
                Err(NotInflated)
            );
        }
    }
}

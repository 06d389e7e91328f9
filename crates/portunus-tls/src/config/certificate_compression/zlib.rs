//! Certificates in zlib.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use super::{CompressCertificate, NotInflated};
use crate::wire::CertificateCompressionAlgorithm;

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

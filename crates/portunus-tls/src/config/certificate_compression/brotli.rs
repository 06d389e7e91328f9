//! Certificates in brotli.

use brotli::enc::{BrotliEncoderParams, StandardAlloc};
use brotli::{BrotliCompress, BrotliDecompressStream, BrotliResult, BrotliState};

use super::{CompressCertificate, NotInflated};
use crate::wire::CertificateCompressionAlgorithm;

/// brotli (RFC 7932).
#[derive(Clone, Copy, Debug, Default)]
pub struct Brotli;

impl CompressCertificate for Brotli {
    fn algorithm(&self) -> CertificateCompressionAlgorithm {
        CertificateCompressionAlgorithm::BROTLI
    }

    fn deflate(&self, message: &[u8]) -> Vec<u8> {
        let params = BrotliEncoderParams {
            quality: 11,
            size_hint: message.len(),
            ..BrotliEncoderParams::default()
        };
        let mut compressed = Vec::new();
        // Neither reading a slice nor writing to memory fails.
        let _ = BrotliCompress(&mut &*message, &mut compressed, &params);
        compressed
    }

    fn inflate(&self, compressed: &[u8], message: &mut [u8]) -> Result<(), NotInflated> {
        // Strict: without the large windows that are no part of the RFC. The window is 16 MiB at most, the RFC's largest, for as long as
        // this takes; no more than fits is inflated.
        let allocator = StandardAlloc::default;
        let mut state = BrotliState::new_strict(allocator(), allocator(), allocator());
        let (mut unread, mut read) = (compressed.len(), 0);
        let (mut room, mut written, mut total) = (message.len(), 0, 0);
        let ended = BrotliDecompressStream(
            &mut unread,
            &mut read,
            compressed,
            &mut room,
            &mut written,
            message,
            &mut total,
            &mut state,
        );
        match ended {
            BrotliResult::ResultSuccess if (read, written) == (compressed.len(), message.len()) => Ok(()),
            _ => Err(NotInflated),
        }
    }
}

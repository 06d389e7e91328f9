//! Certificates in zstd.

use std::io::Read;

use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

use super::{CompressCertificate, NotInflated};
use crate::limits::MAX_ZSTD_WINDOW;
use crate::wire::CertificateCompressionAlgorithm;

/// zstd (RFC 8878).
#[derive(Clone, Copy, Debug, Default)]
pub struct Zstd;

impl CompressCertificate for Zstd {
    fn algorithm(&self) -> CertificateCompressionAlgorithm {
        CertificateCompressionAlgorithm::ZSTD
    }

    fn deflate(&self, message: &[u8]) -> Vec<u8> {
        compress_to_vec(message, CompressionLevel::Fastest)
    }

    fn inflate(&self, compressed: &[u8], message: &mut [u8]) -> Result<(), NotInflated> {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(MAX_ZSTD_WINDOW);
        let mut unread = compressed;
        decoder.init(&mut unread).map_err(|_| NotInflated)?;
        // It stops at the block (of 128 KiB at most) with which there is more than fits.
        let enough = BlockDecodingStrategy::UptoBytes(message.len().saturating_add(1));
        let ended = decoder.decode_blocks(&mut unread, enough).map_err(|_| NotInflated)?;
        let written = decoder.read(message).map_err(|_| NotInflated)?;
        if ended && unread.is_empty() && written == message.len() && decoder.can_collect() == 0 {
            Ok(())
        } else {
            Err(NotInflated)
        }
    }
}

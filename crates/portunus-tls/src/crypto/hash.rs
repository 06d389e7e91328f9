//! The hash of a cipher suite.

use std::sync::LazyLock;

use aws_lc_rs::{digest, hkdf, hmac};

pub(crate) use aws_lc_rs::digest::Digest;

/// The longest hash, SHA-384's.
pub(crate) const MAX_HASH: usize = 48;

/// The hash that a cipher suite names: for the transcript, HKDF and Finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum HashAlgorithm {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
}

impl HashAlgorithm {
    pub(crate) fn digest(self) -> &'static digest::Algorithm {
        match self {
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
        }
    }

    pub(crate) fn hmac(self) -> hmac::Algorithm {
        match self {
            Self::Sha256 => hmac::HMAC_SHA256,
            Self::Sha384 => hmac::HMAC_SHA384,
        }
    }

    pub(crate) fn hkdf(self) -> hkdf::Algorithm {
        match self {
            Self::Sha256 => hkdf::HKDF_SHA256,
            Self::Sha384 => hkdf::HKDF_SHA384,
        }
    }

    /// `Hash.length` of the RFC, in bytes.
    pub(crate) fn length(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
        }
    }

    /// The hash of the empty string, `Transcript-Hash("")` of the RFC's diagram: a constant.
    pub(crate) fn of_nothing(self) -> &'static [u8] {
        static SHA256: LazyLock<Digest> = LazyLock::new(|| HashAlgorithm::Sha256.of(b""));
        static SHA384: LazyLock<Digest> = LazyLock::new(|| HashAlgorithm::Sha384.of(b""));
        match self {
            Self::Sha256 => SHA256.as_ref(),
            Self::Sha384 => SHA384.as_ref(),
        }
    }

    /// The hash of `bytes`.
    pub(crate) fn of(self, bytes: &[u8]) -> Digest {
        digest::digest(self.digest(), bytes)
    }
}

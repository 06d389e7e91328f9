//! The cipher suites of TLS 1.3 (RFC 9846 section 9.1) and what each stands for.

use super::aead::AeadAlgorithm;
use super::hash::HashAlgorithm;
use crate::wire::CipherSuite;

/// A cipher suite that is implemented, with its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Suite {
    pub(crate) id: CipherSuite,
    pub(crate) aead: AeadAlgorithm,
    pub(crate) hash: HashAlgorithm,
}

impl Suite {
    /// The parts of a suite; `None` for one that is not implemented.
    pub(crate) fn of(id: CipherSuite) -> Option<Self> {
        let (aead, hash) = match id {
            CipherSuite::TLS_AES_128_GCM_SHA256 => (AeadAlgorithm::Aes128Gcm, HashAlgorithm::Sha256),
            CipherSuite::TLS_AES_256_GCM_SHA384 => (AeadAlgorithm::Aes256Gcm, HashAlgorithm::Sha384),
            CipherSuite::TLS_CHACHA20_POLY1305_SHA256 => (AeadAlgorithm::ChaCha20Poly1305, HashAlgorithm::Sha256),
            _ => return None,
        };
        Some(Self { id, aead, hash })
    }
}

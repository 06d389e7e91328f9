//! The one seam to aws-lc-rs: hashes, HKDF, AEADs, groups, signatures, randomness.

pub(crate) mod aead;
pub(crate) mod group;
pub(crate) mod hash;
pub(crate) mod hkdf;
#[cfg(feature = "tls12")]
pub(crate) mod key_transport;
#[cfg(feature = "tls12")]
mod preliminary_secret;
pub(crate) mod random;
#[cfg(test)]
pub(crate) mod recorded;
#[cfg(feature = "tls12")]
mod rsa_private;
pub(crate) mod secret;
pub(crate) mod sign;
pub(crate) mod suite;
#[cfg(feature = "tls12")]
pub(crate) mod tls12;
pub(crate) mod verify;

/// A primitive failed where the RFC has no failure: the library could not allocate, or gave up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CryptoFailed;

impl From<aws_lc_rs::error::Unspecified> for CryptoFailed {
    fn from(_: aws_lc_rs::error::Unspecified) -> Self {
        Self
    }
}

//! The transcript and the key schedule.

#[cfg(feature = "tls12")]
pub(crate) mod tls12;
pub(crate) mod tls13;
pub(crate) mod transcript;

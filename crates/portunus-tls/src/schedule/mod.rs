//! The transcript and the key schedule.

pub(crate) mod tls13;
pub(crate) mod transcript;

//! The server's side.

pub(crate) mod hello;
pub(crate) mod tls13;

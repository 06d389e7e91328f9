//! A TLS 1.3 engine without I/O.

pub mod wire;

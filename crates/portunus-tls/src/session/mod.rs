//! Sessions that go on in a later connection.

#[cfg(feature = "tls12")]
pub(crate) mod cache;
pub(crate) mod client;
pub(crate) mod early;
pub(crate) mod replay;
pub(crate) mod ticket_keys;
pub(crate) mod tickets;

//! Sessions that go on in a later connection.

pub(crate) mod client;
pub(crate) mod tickets;

//! Sessions that go on in a later connection.

pub mod client;
pub mod tickets;

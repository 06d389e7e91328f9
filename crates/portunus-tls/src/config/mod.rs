//! Configurations: values that many connections share.

pub mod client;
pub mod danger;
pub mod identity;
pub mod server;
pub mod verify;

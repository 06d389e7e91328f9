//! Configurations: values that many connections share.

pub(crate) mod certificate_compression;
pub(crate) mod client;
pub mod danger;
pub(crate) mod identities;
pub(crate) mod identity;
pub(crate) mod oid_filters;
pub(crate) mod server;
pub(crate) mod verify;

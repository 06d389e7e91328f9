//! Portunus's own certificate authority.
//!
//! [`Authority`] is a root and an intermediate that were made on this machine and never leave it. Both carry critical
//! name constraints ([`Scope`]): this machine's own names, private names and private addresses, so that whoever steals
//! their keys cannot speak for a site of the public Internet. Time is a parameter: no clock is read here.

mod armor;
mod authority;
mod directory;
mod error;
mod files;
mod issuer;
mod key;
mod leaf;
mod profile;
mod scope;

pub use authority::Authority;
pub use directory::data_dir;
pub use error::Error;
pub use leaf::IssuedCertificate;
pub use scope::{Network, Scope, machine_name};

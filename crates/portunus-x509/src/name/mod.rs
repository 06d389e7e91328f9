//! Names: what a caller asks for ([`ServerName`]), and what a certificate has ([`GeneralName`], [`DistinguishedName`]).

pub(crate) mod constraints;
mod directory;
mod dns;
mod email;
mod general;
mod ip;
mod server;
mod uri;

pub use directory::DistinguishedName;
pub use dns::{DnsName, InvalidName};
pub use general::{GeneralName, GeneralNames};
pub use ip::IpRange;
pub use server::ServerName;

pub(crate) use directory::RelativeName;
pub(crate) use dns::check_presented;
pub(crate) use server::find;

//! Portunus's own certificate authority.

mod directory;
mod error;

pub use directory::data_dir;
pub use error::Error;

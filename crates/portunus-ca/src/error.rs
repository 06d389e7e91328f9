//! What can go wrong with the authority.

/// Why the authority could not do what was asked of it.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The platform names no home for this user's data.
    #[error("this user has no home directory, so there is no place for certificates")]
    NoDataDirectory,
}

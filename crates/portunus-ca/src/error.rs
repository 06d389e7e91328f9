//! What can go wrong with the authority.

use std::io;
use std::path::{Path, PathBuf};

use portunus_x509::{DnsName, Printable, Refusal, ServerName, UnixTime};

use crate::Scope;

/// Why the authority could not do what was asked of it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The platform names no home for this user's data.
    #[error("this user has no home directory, so there is no place for certificates")]
    NoDataDirectory,

    /// There is no authority in this folder yet.
    #[error("there is no authority in {}", shown(folder))]
    NoAuthority {
        /// Where it would be.
        folder: PathBuf,
    },

    /// There is an authority in this folder already, and it stays.
    #[error("there is an authority in {} already", shown(folder))]
    AuthorityExists {
        /// Where it is.
        folder: PathBuf,
    },

    /// A file of the authority is gone.
    #[error("the authority in {} is incomplete: {file} is missing", shown(folder))]
    Incomplete {
        /// Where the authority is.
        folder: PathBuf,
        /// The missing file.
        file: &'static str,
    },

    /// A file of the authority does not hold what it should.
    #[error("{} is damaged: {reason}", shown(path))]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, fit for a terminal.
        reason: String,
    },

    /// A file or folder cannot be used.
    #[error("cannot {action} {}", shown(path))]
    File {
        /// What was tried.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },

    /// A file is there that was not to be replaced.
    #[error("{} exists already", shown(path))]
    FileExists {
        /// The file.
        path: PathBuf,
    },

    /// A certificate was asked for that names nobody.
    #[error("a certificate needs at least one name")]
    NoNames,

    /// A name lies outside of what the authority may certify.
    #[error("this authority may not certify {name}")]
    NotPermitted {
        /// The name.
        name: ServerName,
        /// What it may certify.
        scope: Scope,
    },

    /// The authority was to be permitted all names below a suffix that is open to the public.
    #[error("{name} is a public suffix: names of strangers are below it")]
    PublicSuffix {
        /// The suffix.
        name: DnsName,
    },

    /// The authority's own certificates have come to their end.
    #[error("the authority's certificates ended at {at}")]
    Expired {
        /// When the first of them ended.
        at: UnixTime,
    },

    /// The clock stands before the authority was made.
    #[error("the authority's certificates begin only at {at}: is the clock right?")]
    NotYetValid {
        /// When the last of them begins.
        at: UnixTime,
    },

    /// What was issued would not be accepted; nothing of it was handed out.
    #[error("the issued certificate does not pass the authority's own check")]
    Refused(#[source] Box<Refusal>),

    /// A certificate cannot be written, as when the clock shows a year that no certificate can have.
    #[error("cannot write the certificate: {reason}")]
    Unwritable {
        /// What stood in the way.
        reason: String,
    },

    /// The cryptographic library failed, which it has no cause for.
    #[error("the cryptographic library failed")]
    Crypto,
}

impl Error {
    pub(crate) fn file(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::File {
            action,
            path: path.to_owned(),
            source,
        }
    }

    pub(crate) fn unwritable(reason: impl ToString) -> Self {
        Self::Unwritable {
            reason: reason.to_string(),
        }
    }

    pub(crate) fn damaged(path: &Path, reason: impl ToString) -> Self {
        Self::Damaged {
            path: path.to_owned(),
            reason: reason.to_string(),
        }
    }
}

/// A path, fit for a terminal.
fn shown(path: &Path) -> String {
    Printable::new(path.as_os_str().as_encoded_bytes()).to_string()
}

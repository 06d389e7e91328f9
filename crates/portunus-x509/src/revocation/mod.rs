//! Revocation: what a caller knows about it, read and not judged.

mod crl;
mod points;

pub use crl::{RevocationList, RevocationReason, RevokedCertificate};

pub(crate) use points::{DistributionPoint, DistributionPoints, Reasons, directory_names};

/// What is known about revocation, and what follows where that does not tell a certificate's status. Nothing is fetched.
///
/// Every certificate of a path but the anchor is looked up. Its status is known where lists tell of all reasons: complete ones, combined
/// with the newest delta list that fits, or several that are partitioned by reasons. Of several that tell the same the newest one counts,
/// whatever their order. A list is used if it is current, if all that is critical in it is understood, and if it was signed by
/// whoever the certificate names for that, whose own certificate has a path to the same anchor (RFC 5280 section 6.3).
#[derive(Debug, Clone)]
pub struct Revocation<'a> {
    /// Newest first.
    pub(crate) lists: Vec<RevocationList<'a>>,
    pub(crate) hard: bool,
}

impl<'a> Revocation<'a> {
    /// A path with a certificate whose status is unknown is refused.
    pub fn hard_fail(lists: impl IntoIterator<Item = RevocationList<'a>>) -> Self {
        Self::new(lists, true)
    }

    /// A path with a certificate whose status is unknown is accepted, and the finding told: whoever can keep lists away from us can have
    /// revoked certificates accepted.
    pub fn soft_fail(lists: impl IntoIterator<Item = RevocationList<'a>>) -> Self {
        Self::new(lists, false)
    }

    fn new(lists: impl IntoIterator<Item = RevocationList<'a>>, hard: bool) -> Self {
        let mut lists: Vec<_> = lists.into_iter().collect();
        lists.sort_by(|one, other| other.age().cmp(&one.age()));
        Self { lists, hard }
    }
}

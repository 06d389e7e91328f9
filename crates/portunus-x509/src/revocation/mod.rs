//! Revocation: what a caller knows about it, read and not judged.

mod answer;
mod crl;
mod ocsp;
mod points;

use crate::der::Malformed;

pub use answer::CertificateStatus;
pub use crl::{RevocationList, RevocationReason, RevokedCertificate};
pub use ocsp::{OcspResponse, OcspResponseStatus};

pub(crate) use ocsp::BasicResponse;
pub(crate) use points::{DistributionPoint, DistributionPoints, PointName, Reasons, directory_names};

/// What is known about revocation, and what follows where that does not tell a certificate's status. Nothing is fetched.
///
/// Every certificate of a path but the anchor is looked up. Its status is known where lists tell of all reasons: complete ones, combined
/// with the newest delta list that fits, or several that are partitioned by reasons. Of several that tell the same the newest one counts,
/// whatever their order. A list is used if it is current, if all that is critical in it is understood, and if it was signed by
/// whoever the certificate names for that, whose own certificate has a path to the same anchor (RFC 5280 section 6.3).
///
/// Its status is known as well by a response of OCSP that is current and says until when, and that was signed by the issuer or by whoever
/// the issuer itself has certified for it (RFC 6960 section 3.2). Where lists and responses differ, what is revoked by one is revoked.
#[derive(Debug, Clone)]
pub struct Revocation<'a> {
    /// Newest first.
    pub(crate) lists: Vec<RevocationList<'a>>,
    pub(crate) responses: Vec<OcspResponse<'a>>,
    /// What the peer stapled, where it was asked for that.
    pub(crate) stapled: Option<Option<Result<OcspResponse<'a>, Malformed>>>,
    /// What follows from an unknown status.
    pub(crate) unknown: Unknown,
}

impl<'a> Revocation<'a> {
    /// A path with a certificate whose status is unknown is refused.
    pub fn hard_fail(lists: impl IntoIterator<Item = RevocationList<'a>>) -> Self {
        Self::new(lists, Unknown::Refused)
    }

    /// A path with a certificate whose status is unknown is accepted, and the finding told: whoever can keep lists away from us can have
    /// revoked certificates accepted.
    pub fn soft_fail(lists: impl IntoIterator<Item = RevocationList<'a>>) -> Self {
        Self::new(lists, Unknown::Told)
    }

    /// What the peer stapled counts and nothing else is known: for a client that fetches nothing. An unknown status is accepted, and not
    /// worth a word; see [`Self::with_stapled`] for when it is refused all the same.
    pub fn stapled(response: Option<&'a [u8]>) -> Self {
        Self::new([], Unknown::Passed).with_stapled(response)
    }

    /// The same, with a response of OCSP.
    pub fn with_response(mut self, response: OcspResponse<'a>) -> Self {
        self.responses.push(response);
        self
    }

    /// The same, with what a peer that was asked for it stapled to its certificate: a response of OCSP in DER, or nothing. Where the
    /// certificate promises one (RFC 7633), a path without one that tells its status is refused.
    pub fn with_stapled(mut self, response: Option<&'a [u8]>) -> Self {
        self.stapled = Some(response.map(OcspResponse::parse));
        self
    }

    fn new(lists: impl IntoIterator<Item = RevocationList<'a>>, unknown: Unknown) -> Self {
        let mut lists: Vec<_> = lists.into_iter().collect();
        lists.sort_by(|one, other| other.age().cmp(&one.age()));
        Self {
            lists,
            responses: Vec::new(),
            stapled: None,
            unknown,
        }
    }
}

/// What follows from an unknown status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unknown {
    /// The path is refused.
    Refused,
    /// It is told.
    Told,
    /// Nothing.
    Passed,
}

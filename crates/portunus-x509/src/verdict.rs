//! A path that was accepted.

use crate::anchors::Anchors;
use crate::certificate::Certificate;
use crate::der::Malformed;
use crate::path::{Found, Question, made_checks, user_constrained};
use crate::policies::InitialPolicies;
use crate::policy::{Policy, Purpose};
use crate::report::{Finding, Outcome};
use crate::{Printable, ServerName, UnixTime};
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
    valid_until: UnixTime,
    /// What the peer sent beside, with its places.
    unused: Vec<(usize, Arc<[u8]>)>,
    in_order: bool,
    anchors: Anchors,
    purpose: Purpose,
    name: Option<ServerName>,
    time: UnixTime,
    policy: Policy,
    initial_policies: Option<Box<InitialPolicies>>,
    /// What was found about revocation and logs: what tells of them is the caller's, and not kept.
    besides: Vec<Finding>,
}

impl VerifiedPath {
    pub(crate) fn new<C: AsRef<[u8]>>(
        Found {
            certificates,
            valid_until,
            besides,
        }: Found,
        chain: &[C],
        anchors: &Anchors,
        question: &Question<'_>,
    ) -> Self {
        let on_path = |der: &[u8]| certificates.iter().any(|certificate| **certificate == *der);
        let chain = chain.iter().map(AsRef::as_ref);
        let sent = chain.clone().enumerate().skip(1);
        let unused = sent
            .filter(|(_, der)| !on_path(der))
            .map(|(at, der)| (at, Arc::from(der)))
            .collect();
        let in_order = chain
            .filter(|der| on_path(der))
            .zip(&certificates)
            .all(|(sent, used)| *sent == **used);
        Self(Arc::new(Inner {
            certificates,
            valid_until,
            unused,
            in_order,
            anchors: anchors.clone(),
            purpose: question.purpose,
            name: question.name.cloned(),
            time: question.time,
            policy: question.policy.clone(),
            initial_policies: question.initial_policies.map(|initial| Box::new(initial.clone())),
            besides,
        }))
    }

    /// The certificates in DER, the end entity first, the anchor last. (Where the end entity is itself the anchor, it
    /// stands alone.)
    pub fn certificates(&self) -> &[Arc<[u8]>] {
        &self.0.certificates
    }

    /// The name that was wanted.
    pub fn name(&self) -> Option<&ServerName> {
        self.0.name.as_ref()
    }

    /// When the verdict was made.
    pub fn time(&self) -> UnixTime {
        self.0.time
    }

    /// The time until which the verdict holds: the first end of validity on the path, or of a
    /// revocation list that was needed.
    pub fn valid_until(&self) -> UnixTime {
        self.0.valid_until
    }

    /// Every check that was made, certificate by certificate.
    pub fn checks(&self) -> Vec<Finding> {
        let Inner {
            purpose,
            name,
            time,
            policy,
            initial_policies,
            ..
        } = &*self.0;
        let question = Question {
            name: name.as_ref(),
            initial_policies: initial_policies.as_deref(),
            ..Question::new(*purpose, *time, policy)
        };
        let mut checks = made_checks(&self.parsed(), &question);
        checks.extend(self.0.besides.iter().cloned());
        checks
    }

    /// The certificate policies that the path is valid under, in dotted form: the user-constrained-policy-set (RFC 5280 section 6.1.6).
    /// anyPolicy (`2.5.29.32.0`) stands for all others. Where none was needed there may be none.
    pub fn policies(&self) -> Vec<String> {
        let certificates = self.parsed();
        let policies = user_constrained(&certificates, self.0.initial_policies.as_deref(), &self.0.policy);
        policies.iter().map(ToString::to_string).collect()
    }

    /// The checks that failed and that the profile lets pass.
    pub fn findings(&self) -> Vec<Finding> {
        let mut checks = self.checks();
        checks.retain(|finding| finding.outcome == Outcome::Warned);
        checks
    }

    /// What else there is to say: on the order, and on the certificates that the peer sent and that the path does not
    /// need.
    pub fn notes(&self) -> Vec<Note> {
        let path = self.parsed();
        let mut notes = Vec::new();
        if path.len() == 1 {
            notes.push(Note::EndEntityIsAnchor);
        }
        if !self.0.in_order {
            notes.push(Note::OutOfOrder);
        }
        notes.extend(self.0.unused.iter().map(|(at, der)| self.note_on(*at, der, &path)));
        notes
    }

    fn note_on(&self, place: usize, der: &[u8], path: &[Certificate<'_>]) -> Note {
        let certificate = match Certificate::parse(der) {
            Ok(certificate) => certificate,
            Err(problem) => return Note::Unreadable { place, problem },
        };
        let subject = certificate.subject().to_string();
        let same_key = |other: &Certificate<'_>| {
            other.subject_public_key_info().der == certificate.subject_public_key_info().der
                && other.subject().matches(&certificate.subject())
        };
        if !path.iter().any(same_key) {
            return Note::NotNeeded { place, subject };
        }
        let issuer = certificate.issuer().to_string();
        Note::CrossSignNotUsed {
            place,
            subject,
            issuer,
            expired: self.first_end_above(&certificate),
        }
    }

    /// Whether the certificate itself or a known one of its issuer has expired, and when.
    fn first_end_above(&self, certificate: &Certificate<'_>) -> Option<UnixTime> {
        let time = self.0.time;
        let sent: Vec<_> = (self.0.unused.iter())
            .filter_map(|(_, der)| Certificate::parse(der).ok())
            .collect();
        let trusted = self.0.anchors.with_subject(certificate.issuer().fingerprint());
        let trusted = trusted.map(|(_, anchor)| anchor.certificate());
        let issuers = sent
            .iter()
            .chain(trusted)
            .filter(|other| other.subject().matches(&certificate.issuer()));
        let ends: Vec<_> = issuers.map(|issuer| issuer.validity().not_after).collect();
        let own = certificate.validity().not_after;
        // One issuer that is still valid is enough for the certificate not to have ended.
        let above = if ends.iter().any(|end| time <= *end) {
            None
        } else {
            ends.into_iter().max()
        };
        [Some(own), above].into_iter().flatten().filter(|end| *end < time).min()
    }

    /// What was read when the verdict was made can be read again.
    fn parsed(&self) -> Vec<Certificate<'_>> {
        self.0
            .certificates
            .iter()
            .filter_map(|der| Certificate::parse(der).ok())
            .collect()
    }
}

/// A remark on what the peer sent. Places are counted from 0, the peer's own certificate; all texts are safe to show.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Note {
    /// The peer's own certificate is itself the anchor.
    EndEntityIsAnchor,
    /// The certificates came in another order than that of the path.
    OutOfOrder,
    /// Another certificate for an authority of the path, which leads elsewhere.
    CrossSignNotUsed {
        /// Which of the certificates sent.
        place: usize,
        /// The authority.
        subject: String,
        /// Who signed it here.
        issuer: String,
        /// When this way ended, if it did.
        expired: Option<UnixTime>,
    },
    /// A certificate that the path has no use for.
    NotNeeded {
        /// Which of the certificates sent.
        place: usize,
        /// Whom it is about.
        subject: String,
    },
    /// A certificate that cannot be read.
    Unreadable {
        /// Which of the certificates sent.
        place: usize,
        /// Why not.
        problem: Malformed,
    },
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EndEntityIsAnchor => f.write_str("the peer's own certificate is itself a trusted one"),
            Self::OutOfOrder => f.write_str("the certificates came in another order than that of the path"),
            Self::CrossSignNotUsed {
                place,
                subject,
                issuer,
                expired: None,
            } => {
                write!(
                    f,
                    "{subject} cross-signed by {issuer} (certificate {place}) was not needed"
                )
            }
            Self::CrossSignNotUsed {
                place,
                subject,
                issuer,
                expired: Some(end),
            } => {
                write!(
                    f,
                    "{subject} cross-signed by {issuer} (certificate {place}), expired on {end}, was not used"
                )
            }
            Self::NotNeeded { place, subject } => write!(f, "{subject} (certificate {place}) was not needed"),
            Self::Unreadable { place, problem } => {
                write!(
                    f,
                    "certificate {place} cannot be read: {}",
                    Printable::new(&problem.to_string())
                )
            }
        }
    }
}

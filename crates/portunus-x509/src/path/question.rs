//! What a verdict is asked about.

use crate::anchors::Anchors;
use crate::memory::SignatureMemory;
use crate::policies::InitialPolicies;
use crate::policy::{Policy, Purpose, Severity};
use crate::report::{Check, Refusal};
use crate::revocation::{Revocation, Unknown};
use crate::verdict::VerifiedPath;
use crate::{ServerName, UnixTime};

/// What a chain is to be verified for. [`verify`](crate::verify()) asks what TLS has to ask; whoever wants more says it here:
///
/// ```no_run
/// use portunus_x509::{Anchors, InitialPolicies, Policy, Purpose, Question, UnixTime};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let (chain, anchors, now): (&[&[u8]], Anchors, i64) = (&[], Anchors::new(), 0);
/// let policies = InitialPolicies::new().explicit().acceptable("2.23.140.1.2.1").ok_or("not an identifier")?;
/// let path = Question::new(Purpose::TlsServer, UnixTime(now), &Policy::web())
///     .policies(&policies)
///     .verify(chain, &anchors)?;
/// assert!(!path.policies().is_empty());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Question<'q> {
    pub(crate) purpose: Purpose,
    pub(crate) time: UnixTime,
    pub(crate) policy: &'q Policy,
    pub(crate) name: Option<&'q ServerName>,
    pub(crate) memory: Option<&'q SignatureMemory>,
    pub(crate) initial_policies: Option<&'q InitialPolicies>,
    pub(crate) revocation: Option<&'q Revocation<'q>>,
}

impl<'q> Question<'q> {
    /// For this purpose, at this time, by this profile; for any name, without a memory of signatures, whatever the certificate policies
    /// and whether anything was revoked.
    pub fn new(purpose: Purpose, time: UnixTime, policy: &'q Policy) -> Self {
        Self {
            purpose,
            time,
            policy,
            name: None,
            memory: None,
            initial_policies: None,
            revocation: None,
        }
    }

    /// The end entity has to have this name.
    pub fn name(mut self, name: &'q ServerName) -> Self {
        self.name = Some(name);
        self
    }

    /// Signatures that this memory knows to be good are not verified again.
    pub fn remembering(mut self, memory: &'q SignatureMemory) -> Self {
        self.memory = Some(memory);
        self
    }

    /// Certificate policies are processed from these settings on.
    pub fn policies(mut self, initial: &'q InitialPolicies) -> Self {
        self.initial_policies = Some(initial);
        self
    }

    /// Revocation is checked, with what is known about it.
    pub fn revocation(mut self, revocation: &'q Revocation<'q>) -> Self {
        self.revocation = Some(revocation);
        self
    }

    /// What follows when `check` fails.
    pub(crate) fn severity(&self, check: Check) -> Severity {
        match (check, self.revocation) {
            (Check::RevocationStatus, Some(revocation)) => match revocation.unknown {
                Unknown::Refused => Severity::Refuse,
                Unknown::Told => Severity::Warn,
                Unknown::Passed => Severity::Ignore,
            },
            _ => self.policy.severity(check),
        }
    }

    /// Whether every status has to be known.
    pub(crate) fn is_hard(&self) -> bool {
        self.revocation
            .is_some_and(|revocation| revocation.unknown == Unknown::Refused)
    }

    /// Whether distribution points are looked at.
    pub(crate) fn processes_points(&self) -> bool {
        self.revocation
            .is_some_and(|revocation| revocation.unknown != Unknown::Passed)
    }

    /// Whether the peer was asked for a response.
    pub(crate) fn processes_staples(&self) -> bool {
        self.revocation.is_some_and(|revocation| revocation.stapled.is_some())
    }

    /// Asks it of a chain, as [`verify`](crate::verify()) does.
    pub fn verify<C: AsRef<[u8]>>(&self, chain: &[C], anchors: &Anchors) -> Result<VerifiedPath, Refusal> {
        super::search(chain, anchors, self)
    }
}

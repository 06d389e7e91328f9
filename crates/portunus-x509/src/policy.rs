//! What a certificate is wanted for, and how strict to be.

use crate::der::{Oid, known};
use crate::limits;
use crate::report::Check;

/// What a certificate is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// To prove a TLS server's identity: extended key usage serverAuth.
    TlsServer,
    /// To prove a TLS client's identity: extended key usage clientAuth.
    TlsClient,
}

impl Purpose {
    pub(crate) fn oid(self) -> Oid<'static> {
        match self {
            Self::TlsServer => known::SERVER_AUTH,
            Self::TlsClient => known::CLIENT_AUTH,
        }
    }

    /// The name of the extended key usage.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::TlsServer => "serverAuth",
            Self::TlsClient => "clientAuth",
        }
    }
}

/// What follows when a check fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Severity {
    /// The path is refused.
    Refuse,
    /// The path is accepted, and the finding told.
    Warn,
    /// Nothing: the check belongs to another profile.
    Ignore,
}

/// One of the three profiles. How they differ is one table, the rows of [`Check`]: each row says what each profile makes
/// of the check's failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    profile: Profile,
    pub(crate) budget: Budget,
    max_intermediates: Option<usize>,
    /// Rules whose failure only warns, by their places in [`Check::ALL`].
    widened: u128,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    Web,
    Rfc5280,
    Private,
}

/// How much one verdict may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Budget {
    pub(crate) signatures: usize,
    pub(crate) nodes: usize,
    pub(crate) name_constraint_comparisons: usize,
    pub(crate) policy_nodes: usize,
    pub(crate) look_ups: usize,
}

impl Budget {
    const DEFAULT: Self = Self {
        signatures: limits::MAX_SIGNATURES,
        nodes: limits::MAX_NODES,
        name_constraint_comparisons: limits::MAX_NAME_CONSTRAINT_COMPARISONS,
        policy_nodes: limits::MAX_POLICY_NODES,
        look_ups: limits::MAX_LOOK_UPS,
    };
}

impl Policy {
    /// The CA/Browser Forum's baseline requirements as far as a verifier can hold them: for the public web.
    pub const fn web() -> Self {
        Self {
            profile: Profile::Web,
            budget: Budget::DEFAULT,
            max_intermediates: None,
            widened: 0,
        }
    }

    /// RFC 5280 to the letter, its demands on authorities among them: what test suites run. An anchor is judged as a
    /// certificate too.
    pub const fn rfc5280() -> Self {
        Self {
            profile: Profile::Rfc5280,
            budget: Budget::DEFAULT,
            max_intermediates: None,
            widened: 0,
        }
    }

    /// For a user's own authorities: as [`Self::rfc5280`], but the formal findings that home-made authorities of the last
    /// ten years are full of, and that no attacker gains from, only warn. A certificate that is itself an anchor is
    /// accepted as an end entity, even if it calls itself an authority: whoever lists it has decided to trust just it.
    pub const fn private() -> Self {
        Self {
            profile: Profile::Private,
            budget: Budget::DEFAULT,
            max_intermediates: None,
            widened: 0,
        }
    }

    /// The same, with paths of at most so many intermediates between end entity and anchor; self-issued ones do not count, as
    /// with a path length (RFC 5280 section 4.2.1.9).
    pub const fn with_max_intermediates(mut self, max_intermediates: usize) -> Self {
        self.max_intermediates = Some(max_intermediates);
        self
    }

    /// The same, but that the failure of this one check warns where it would refuse. `None` for a check whose failure
    /// [`Self::private`] refuses, too: those keep attackers out, and nobody can do without them.
    pub const fn widened(mut self, check: Check) -> Option<Self> {
        if matches!(check.row().private, Severity::Refuse) {
            return None;
        }
        self.widened |= bit(check);
        Some(self)
    }

    /// How many intermediates a path may have, where somebody has said so.
    pub(crate) fn max_intermediates(&self) -> Option<usize> {
        self.max_intermediates
    }

    /// What follows when `check` fails.
    pub fn severity(&self, check: Check) -> Severity {
        let row = check.row();
        let severity = match self.profile {
            Profile::Web => row.web,
            Profile::Rfc5280 => row.rfc5280,
            Profile::Private => row.private,
        };
        if severity == Severity::Refuse && self.widened & bit(check) != 0 {
            Severity::Warn
        } else {
            severity
        }
    }

    /// Whether an anchor that comes as the end entity itself is accepted as such.
    pub(crate) fn accepts_anchor_as_end_entity(&self) -> bool {
        self.profile == Profile::Private
    }
}

const fn bit(check: Check) -> u128 {
    1 << check as u32
}

const _: () = assert!(Check::ALL.len() <= 128, "each check has its bit");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_of_form_can_be_widened_and_a_rule_that_protects_cannot() {
        let widened = Policy::web().widened(Check::SerialNumber).expect("a rule of form");
        assert_eq!(widened.severity(Check::SerialNumber), Severity::Warn);
        assert_eq!(widened.severity(Check::SubjectKeyIdentifier), Severity::Refuse);
        assert_eq!(Policy::rfc5280().severity(Check::SerialNumber), Severity::Refuse);
        for check in [Check::Name, Check::Signature, Check::Anchored, Check::NotAfter] {
            assert_eq!(Policy::web().widened(check), None, "{check:?}");
        }
    }
}

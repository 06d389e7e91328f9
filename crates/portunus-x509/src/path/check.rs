//! The checks, each in one place. They tell a [`Sink`] what they found: a verdict stops at the first failure and costs no
//! allocation, a report collects all.

use super::{Question, names};
use crate::UnixTime;
use crate::certificate::Certificate;
use crate::der::{Malformed, known};
use crate::extensions::{Extension, KeyUsage};
use crate::limits::{MAX_SERIAL_OCTETS, RSA_MODULUS_BITS};
use crate::name::constraints::Subtree;
use crate::policies::Mapping;
use crate::policy::{Policy, Purpose, Severity};
use crate::printable::hexadecimal;
use crate::report::{Check, Finding, Outcome};
use crate::signature::SignatureAlgorithm;
use crate::spki::KeyAlgorithm;
use std::ops::ControlFlow;

/// Whoever listens to the checks.
pub(crate) trait Sink {
    /// Takes one result; breaks off where nothing further matters. `value` is asked for only if it is kept.
    fn note(&mut self, check: Check, passed: bool, value: impl FnOnce() -> String) -> ControlFlow<()>;

    /// Says which certificate of the path is looked at from now on.
    fn about(&mut self, certificate: usize);

    /// Takes the value of an extension: one that cannot be read fails [`Check::Encoding`].
    fn read<T>(&mut self, value: Result<T, Malformed>) -> ControlFlow<(), Option<T>> {
        match value {
            Ok(value) => ControlFlow::Continue(Some(value)),
            Err(malformed) => {
                self.note(Check::Encoding, false, || malformed.to_string())?;
                ControlFlow::Continue(None)
            }
        }
    }
}

/// Listens for a failure that is not let pass.
pub(crate) struct Verdict<'q>(pub(crate) &'q Question<'q>);

impl Sink for Verdict<'_> {
    fn about(&mut self, _: usize) {}

    fn note(&mut self, check: Check, passed: bool, _: impl FnOnce() -> String) -> ControlFlow<()> {
        if passed || self.0.severity(check) != Severity::Refuse {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    }
}

/// Listens to everything.
pub(crate) struct Report<'q> {
    pub(crate) question: &'q Question<'q>,
    /// Whom the checks are about at present.
    pub(crate) certificate: usize,
    /// Whether checks that passed are kept as well.
    pub(crate) keep_passed: bool,
    pub(crate) findings: Vec<Finding>,
}

impl<'q> Report<'q> {
    pub(crate) fn new(question: &'q Question<'q>, keep_passed: bool) -> Self {
        Self {
            question,
            certificate: 0,
            keep_passed,
            findings: Vec::new(),
        }
    }
}

impl Sink for Report<'_> {
    fn about(&mut self, certificate: usize) {
        self.certificate = certificate;
    }

    fn note(&mut self, check: Check, passed: bool, value: impl FnOnce() -> String) -> ControlFlow<()> {
        let outcome = match self.question.severity(check) {
            Severity::Ignore => return ControlFlow::Continue(()),
            _ if passed && !self.keep_passed => return ControlFlow::Continue(()),
            _ if passed => Outcome::Passed,
            Severity::Warn => Outcome::Warned,
            Severity::Refuse => Outcome::Failed,
        };
        self.findings.push(Finding {
            check,
            certificate: self.certificate,
            outcome,
            value: value(),
        });
        ControlFlow::Continue(())
    }
}

/// Where a certificate stands on its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    EndEntity,
    Intermediate,
    Anchor,
}

/// Everything about an end entity that does not depend on the path.
pub(crate) fn end_entity(
    certificate: &Certificate<'_>,
    question: &Question<'_>,
    sink: &mut impl Sink,
) -> ControlFlow<()> {
    form(certificate, Role::EndEntity, question, sink)?;
    critical_contents(certificate, sink)?;
    validity(certificate, question.time, sink)?;
    key(certificate, sink)?;
    end_entity_usage(certificate, question.purpose, sink)?;
    names::alternative(certificate, question.name, sink)?;
    key_identifiers(certificate, Role::EndEntity, sink)
}

/// Everything about an authority that does not depend on the path below it.
pub(crate) fn authority(
    certificate: &Certificate<'_>,
    role: Role,
    question: &Question<'_>,
    sink: &mut impl Sink,
) -> ControlFlow<()> {
    form(certificate, role, question, sink)?;
    validity(certificate, question.time, sink)?;
    key(certificate, sink)?;
    authority_usage(certificate, role, question.purpose, sink)?;
    key_identifiers(certificate, role, sink)
}

/// What is wanted of whoever signs revocation lists or responses and has a certificate for it alone, but for the path above (RFC 5280
/// section 6.3.3 (f), RFC 6960 section 4.2.2.2).
pub(crate) fn signs_about_revocation(
    certificate: &Certificate<'_>,
    question: &Question<'_>,
    sink: &mut impl Sink,
) -> ControlFlow<()> {
    form(certificate, Role::Intermediate, question, sink)?;
    critical_contents(certificate, sink)?;
    validity(certificate, question.time, sink)?;
    key(certificate, sink)?;
    key_identifiers(certificate, Role::EndEntity, sink)
}

/// What RFC 5280 wants of every certificate, whatever it is for.
fn form(certificate: &Certificate<'_>, role: Role, question: &Question<'_>, sink: &mut impl Sink) -> ControlFlow<()> {
    let extensions = certificate.extensions();
    sink.note(Check::Version, certificate.version() == 3, || {
        format!("version {}", certificate.version())
    })?;
    if role != Role::Anchor {
        // An anchor's own signature is nobody's business; roots in use have the serial number 0, or a time in the wrong form.
        let algorithm = certificate.signature_algorithm();
        sink.note(
            Check::AlgorithmsAgree,
            certificate.signature_algorithms_agree(),
            String::new,
        )?;
        let supported = !matches!(algorithm, SignatureAlgorithm::Other(_));
        sink.note(Check::SignatureAlgorithm, supported, || algorithm.to_string())?;
        let serial = certificate.serial();
        let proper =
            serial.len() <= MAX_SERIAL_OCTETS && serial != [0] && serial.first().is_some_and(|b| b & 0x80 == 0);
        sink.note(Check::SerialNumber, proper, || hexadecimal(serial))?;
        sink.note(Check::TimeForm, certificate.times_are_in_their_form(), String::new)?;
    }
    sink.note(Check::IssuerName, !certificate.issuer().is_empty(), || {
        certificate.issuer().to_string()
    })?;
    // Whoever is asked about revocation processes the distribution points, or what is stapled.
    let points = extensions.crl_distribution_points;
    let points = points.filter(|points| points.critical && !question.processes_points());
    let features = extensions.tls_feature;
    let features = features.filter(|features| features.critical && !question.processes_staples());
    let unknown = extensions.unknown_critical.or(points).or(features);
    sink.note(Check::CriticalExtensions, unknown.is_none(), || {
        unknown.map(|e| e.to_string()).unwrap_or_default()
    })
}

/// A critical extension whose contents cannot be processed is refused wherever it stands, even where nothing follows from them (RFC 5280
/// section 4.2), as from what is said about authorities below. The others that can be critical are read in any case.
fn critical_contents(certificate: &Certificate<'_>, sink: &mut impl Sink) -> ControlFlow<()> {
    let extensions = certificate.extensions();
    let critical = |extension: Option<Extension<'_>>| extension.is_some_and(|extension| extension.critical);
    if critical(extensions.name_constraints) {
        sink.read(certificate.name_constraints())?;
    }
    critical_policies(certificate, sink)?;
    if critical(extensions.policy_mappings) {
        sink.read(certificate.policy_mappings())?;
    }
    if critical(extensions.policy_constraints) {
        sink.read(certificate.policy_constraints())?;
    }
    if critical(extensions.inhibit_any_policy) {
        sink.read(certificate.inhibit_any_policy())?;
    }
    ControlFlow::Continue(())
}

/// Policies count only where somebody asks for them.
fn critical_policies(certificate: &Certificate<'_>, sink: &mut impl Sink) -> ControlFlow<()> {
    if (certificate.extensions().certificate_policies).is_some_and(|extension| extension.critical) {
        sink.read(certificate.certificate_policies())?;
    }
    ControlFlow::Continue(())
}

fn key_identifiers(certificate: &Certificate<'_>, role: Role, sink: &mut impl Sink) -> ControlFlow<()> {
    let extensions = certificate.extensions();
    let authority = sink.read(certificate.authority_key_identifier())?.flatten();
    let identifier = authority.as_ref().and_then(|authority| authority.key_identifier);
    let critical = extensions.authority_key_identifier.is_some_and(|e| e.critical);
    sink.note(Check::AuthorityKeyIdentifierForm, !critical, String::new)?;
    if role != Role::Anchor || !certificate.is_self_issued() {
        sink.note(Check::AuthorityKeyIdentifier, identifier.is_some(), || {
            identifier.map(hexadecimal).unwrap_or_default()
        })?;
    } else if let Some(authority) = &authority {
        let plain = identifier.is_some()
            && authority.authority_cert_issuer.is_none()
            && authority.authority_cert_serial_number.is_none();
        sink.note(Check::RootAuthorityKeyIdentifier, plain, String::new)?;
    }
    let subject = sink.read(certificate.subject_key_identifier())?.flatten();
    let critical = extensions.subject_key_identifier.is_some_and(|e| e.critical);
    sink.note(Check::SubjectKeyIdentifierForm, !critical, String::new)?;
    let check = match role {
        Role::EndEntity => return ControlFlow::Continue(()),
        Role::Intermediate => Check::SubjectKeyIdentifier,
        Role::Anchor => Check::AnchorSubjectKeyIdentifier,
    };
    sink.note(check, subject.is_some(), || {
        subject.map(hexadecimal).unwrap_or_default()
    })
}

fn validity(certificate: &Certificate<'_>, time: UnixTime, sink: &mut impl Sink) -> ControlFlow<()> {
    let validity = certificate.validity();
    sink.note(Check::NotBefore, validity.not_before <= time, || {
        format!(
            "valid from {}, and it is {time}{}",
            validity.not_before,
            apart(validity.not_before, time)
        )
    })?;
    sink.note(Check::NotAfter, time <= validity.not_after, || {
        format!(
            "valid until {}, and it is {time}{}",
            validity.not_after,
            apart(validity.not_after, time)
        )
    })
}

/// How far two times lie apart, where that says more than the times themselves.
fn apart(one: UnixTime, other: UnixTime) -> String {
    let seconds = one.seconds_since(other).unsigned_abs();
    match seconds {
        0..120 => format!(", {seconds} seconds apart"),
        120..7_200 => format!(", {} minutes apart", seconds / 60),
        7_200..172_800 => format!(", {} hours apart", seconds / 3_600),
        _ => format!(", {} days apart", seconds / 86_400),
    }
}

fn key(certificate: &Certificate<'_>, sink: &mut impl Sink) -> ControlFlow<()> {
    let key = certificate.subject_public_key_info();
    let supported = !matches!(key.algorithm, KeyAlgorithm::Dsa | KeyAlgorithm::Other(_));
    sink.note(Check::KeyAlgorithm, supported, || key.algorithm.to_string())?;
    if matches!(key.algorithm, KeyAlgorithm::Rsa | KeyAlgorithm::RsaPss) {
        let bits = key.rsa_modulus_bits();
        let good = bits.is_some_and(|bits| RSA_MODULUS_BITS.contains(&bits));
        sink.note(Check::KeySize, good, || {
            bits.map_or("unreadable".to_owned(), |bits| format!("{bits} bits"))
        })?;
    }
    ControlFlow::Continue(())
}

fn authority_usage(
    certificate: &Certificate<'_>,
    role: Role,
    purpose: Purpose,
    sink: &mut impl Sink,
) -> ControlFlow<()> {
    let extensions = certificate.extensions();
    sink.note(Check::SubjectName, !certificate.subject().is_empty(), || {
        certificate.subject().to_string()
    })?;
    match sink.read(certificate.basic_constraints())?.flatten() {
        Some(constraints) => {
            let value = || if constraints.ca { "CA:TRUE" } else { "CA:FALSE" }.to_owned();
            sink.note(Check::BasicConstraints, constraints.ca, value)?;
            let critical = extensions.basic_constraints.is_some_and(|e| e.critical);
            sink.note(Check::BasicConstraintsCritical, critical, String::new)?;
        }
        None => {
            let check = if role == Role::Anchor {
                Check::AnchorBasicConstraints
            } else {
                Check::BasicConstraints
            };
            sink.note(check, false, || "no basicConstraints".to_owned())?;
        }
    }
    if let Some(usage) = sink.read(certificate.key_usage())?.flatten() {
        sink.note(Check::KeyCertSign, usage.allows(KeyUsage::KEY_CERT_SIGN), || {
            usage.to_string()
        })?;
    }
    if let Some(usage) = sink.read(certificate.extended_key_usage())?.flatten() {
        // RFC 5280 leaves open what the extension means for an authority; everybody takes it as the bound of what may
        // stand below, and authorities rely on that.
        let allowed = usage.lists(purpose.oid()) || usage.lists(known::ANY_EXTENDED_KEY_USAGE);
        sink.note(Check::ExtendedKeyUsage, allowed, || {
            format!("{usage}; wanted is {}", purpose.name())
        })?;
        let root = role == Role::Anchor && certificate.is_self_issued();
        sink.note(Check::ExtendedKeyUsageForm, !root, || format!("a root with {usage}"))?;
    }
    // Constraints above are about these names, too.
    sink.read(certificate.subject_alt_names())?;
    if let Some(constraints) = sink.read(certificate.name_constraints())?.flatten() {
        let critical = extensions.name_constraints.is_some_and(|e| e.critical);
        sink.note(Check::NameConstraintsCritical, critical, String::new)?;
        let mut subtrees = constraints.permitted().chain(constraints.excluded());
        let dotted = subtrees.find(|subtree| matches!(subtree, Subtree::Dns(base) if base.starts_with('.')));
        let value = || dotted.map(|subtree| subtree.to_string()).unwrap_or_default();
        sink.note(Check::NameConstraintsForm, dotted.is_none(), value)?;
    }
    critical_policies(certificate, sink)?;
    let policy_constraints = extensions.policy_constraints;
    sink.note(
        Check::PolicyConstraintsCritical,
        policy_constraints.is_none_or(|e| e.critical),
        String::new,
    )?;
    sink.read(certificate.policy_constraints())?;
    sink.note(
        Check::InhibitAnyPolicyCritical,
        extensions.inhibit_any_policy.is_none_or(|e| e.critical),
        String::new,
    )?;
    sink.read(certificate.inhibit_any_policy())?;
    if let Some(mappings) = sink.read(certificate.policy_mappings())?.flatten() {
        let any = |mapping: Mapping<'_>| {
            mapping.issuer_domain == known::ANY_POLICY || mapping.subject_domain == known::ANY_POLICY
        };
        sink.note(Check::PolicyMappings, !mappings.iter().any(any), String::new)?;
    }
    ControlFlow::Continue(())
}

fn end_entity_usage(certificate: &Certificate<'_>, purpose: Purpose, sink: &mut impl Sink) -> ControlFlow<()> {
    let extensions = certificate.extensions();
    let constraints = sink.read(certificate.basic_constraints())?.flatten();
    let ca = constraints.is_some_and(|constraints| constraints.ca);
    sink.note(Check::EndEntity, !ca, || {
        if ca { "CA:TRUE" } else { "CA:FALSE" }.to_owned()
    })?;
    let path_len = constraints.and_then(|constraints| constraints.path_len);
    sink.note(Check::PathLengthOfCa, ca || path_len.is_none(), String::new)?;
    if let Some(usage) = sink.read(certificate.key_usage())?.flatten() {
        sink.note(
            Check::KeyCertSignOfCa,
            ca || !usage.allows(KeyUsage::KEY_CERT_SIGN),
            || usage.to_string(),
        )?;
        // Which of the three a handshake needs is for TLS to say: signing in 1.3, enciphering for RSA key transport.
        let for_tls = [
            KeyUsage::DIGITAL_SIGNATURE,
            KeyUsage::KEY_ENCIPHERMENT,
            KeyUsage::KEY_AGREEMENT,
        ];
        sink.note(
            Check::KeyUsage,
            for_tls.into_iter().any(|bit| usage.allows(bit)),
            || usage.to_string(),
        )?;
    }
    if let Some(usage) = sink.read(certificate.extended_key_usage())?.flatten() {
        let named = usage.lists(purpose.oid());
        let allowed = named || usage.lists(known::ANY_EXTENDED_KEY_USAGE);
        sink.note(Check::ExtendedKeyUsage, allowed, || purposes(&usage, purpose))?;
        let critical = extensions.extended_key_usage.is_some_and(|e| e.critical);
        let plain = named && !critical && !usage.lists(known::ANY_EXTENDED_KEY_USAGE);
        sink.note(Check::ExtendedKeyUsageForm, plain, || usage.to_string())?;
    }
    sink.note(
        Check::NameConstraintsOfCa,
        ca || extensions.name_constraints.is_none(),
        String::new,
    )
}

/// What an end entity is made for, in words where it is for the other side of TLS.
fn purposes(usage: &crate::ExtendedKeyUsage<'_>, wanted: Purpose) -> String {
    let made_for = match (usage.lists(known::SERVER_AUTH), usage.lists(known::CLIENT_AUTH)) {
        (true, true) => "made for servers and clients",
        (true, false) => "made for servers",
        (false, true) => "made for clients",
        (false, false) => "made for something else",
    };
    format!("{made_for}: extended key usage {usage}; wanted is {}", wanted.name())
}

/// Whether an authority may have `below` intermediates under it that are not self-issued (RFC 5280 section 6.1.4).
pub(crate) fn path_length(certificate: &Certificate<'_>, below: usize, sink: &mut impl Sink) -> ControlFlow<()> {
    // An extension that cannot be read has failed already.
    let constraints = certificate.basic_constraints().ok().flatten();
    let Some(most) = constraints
        .filter(|constraints| constraints.ca)
        .and_then(|constraints| constraints.path_len)
    else {
        return ControlFlow::Continue(());
    };
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    sink.note(Check::PathLength, below <= most, || {
        format!("at most {most}, and there are {below}")
    })
}

/// Whether so many intermediates are as many as the caller allows.
pub(crate) fn depth(intermediates: usize, policy: &Policy, sink: &mut impl Sink) -> ControlFlow<()> {
    match policy.max_intermediates() {
        Some(most) => sink.note(Check::Depth, intermediates <= most, || {
            format!("at most {most} intermediates are allowed, and there are {intermediates}")
        }),
        None => ControlFlow::Continue(()),
    }
}

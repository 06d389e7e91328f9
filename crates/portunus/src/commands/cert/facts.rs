//! What there is to say about one certificate: each field and each extension in words.

use portunus_x509::{
    Anchors, Certificate, Check, Extension, KeyAlgorithm, Outcome, Policy, Purpose, Question, SubjectPublicKeyInfo,
    UnixTime,
};
use serde_json::{Value, json};

use crate::fingerprint;

const SECONDS_OF_A_DAY: i64 = 86_400;

/// Days before the end from which on it is told: authorities that renew by themselves do so a month before.
const SOON: i64 = 30;

/// A line of a certificate's description: what it is about, and what there is to say, line by line.
pub(super) struct Row {
    pub(super) label: String,
    pub(super) values: Vec<String>,
}

fn row(label: impl Into<String>, value: impl ToString) -> Row {
    Row {
        label: label.into(),
        values: vec![value.to_string()],
    }
}

/// The fields, in the certificate's order, and what identifies it.
pub(super) fn fields(certificate: &Certificate<'_>, now: UnixTime) -> Vec<Row> {
    let key = certificate.subject_public_key_info();
    vec![
        row("subject", subject(certificate)),
        row("issuer", issuer(certificate)),
        row("valid from", certificate.validity().not_before),
        row(
            "valid until",
            format_args!("{} ({})", certificate.validity().not_after, left(certificate, now)),
        ),
        row("serial number", serial(certificate)),
        row("version", certificate.version()),
        row("public key", self::key(key)),
        row("signed with", certificate.signature_algorithm()),
        row("SHA-256", fingerprint::sha256(certificate.der())),
        row("SHA-1", fingerprint::sha1(certificate.der())),
        row("key's pin", fingerprint::pin(key.der)),
    ]
}

/// The extensions, in the certificate's order.
pub(super) fn extensions(certificate: &Certificate<'_>) -> Vec<Row> {
    let one = |extension: Extension<'_>| {
        let critical = if extension.critical { " (critical)" } else { "" };
        Row {
            label: format!("{extension}{critical}"),
            values: said(&extension),
        }
    };
    certificate.extensions().iter().map(one).collect()
}

fn said(extension: &Extension<'_>) -> Vec<String> {
    match extension.in_words() {
        Some(Ok(words)) => words,
        Some(Err(malformed)) => vec![format!("cannot be read: {malformed}")],
        None => vec![format!("not known here; in DER {}", shortened(extension.value))],
    }
}

/// The start of octets that mean nothing to a reader.
fn shortened(octets: &[u8]) -> String {
    const SHOWN: usize = 24;
    match octets.get(..SHOWN) {
        Some(start) if octets.len() > SHOWN => {
            format!("{}… ({} octets)", fingerprint::pairs(start), octets.len())
        }
        _ => fingerprint::pairs(octets),
    }
}

pub(super) fn subject(certificate: &Certificate<'_>) -> String {
    named(certificate.subject().to_string())
}

pub(super) fn issuer(certificate: &Certificate<'_>) -> String {
    named(certificate.issuer().to_string())
}

fn named(name: String) -> String {
    if name.is_empty() { "(no name)".to_owned() } else { name }
}

pub(super) fn serial(certificate: &Certificate<'_>) -> String {
    fingerprint::pairs(certificate.serial())
}

/// The names that it is for.
pub(super) fn names(certificate: &Certificate<'_>) -> Vec<String> {
    match certificate.subject_alt_names() {
        Ok(names) => names.map(|name| name.to_string()).collect(),
        Err(malformed) => vec![format!("cannot be read: {malformed}")],
    }
}

pub(super) fn key(key: &SubjectPublicKeyInfo<'_>) -> String {
    match (&key.algorithm, key.rsa_modulus_bits()) {
        (KeyAlgorithm::Rsa | KeyAlgorithm::RsaPss, Some(bits)) => format!("{} with {bits} bits", key.algorithm),
        (algorithm, _) => algorithm.to_string(),
    }
}

/// `45 days left`.
pub(super) fn left(certificate: &Certificate<'_>, now: UnixTime) -> String {
    let validity = certificate.validity();
    let until = validity.not_before.seconds_since(now);
    let left = validity.not_after.seconds_since(now);
    if until > 0 {
        format!("begins in {}", days(until))
    } else if left < 0 {
        format!("ended {} ago", days(left.saturating_neg()))
    } else {
        format!("{} left", days(left))
    }
}

fn days(seconds: i64) -> String {
    match seconds / SECONDS_OF_A_DAY {
        0 => "less than a day".to_owned(),
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    }
}

/// Something about a certificate that somebody should know.
pub(super) struct Warning {
    /// The check's, where it is one.
    code: Option<&'static str>,
    text: String,
}

impl std::fmt::Display for Warning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)?;
        match self.code {
            Some(code) => write!(f, " ({code})"),
            None => Ok(()),
        }
    }
}

/// What the public web's rules have against it, whoever signed it, and that it ends soon. There is one table of checks, the verifier's.
pub(super) fn warnings(certificate: &Certificate<'_>, now: UnixTime) -> Vec<Warning> {
    let authority = matches!(certificate.basic_constraints(), Ok(Some(basic)) if basic.ca);
    let root = authority && certificate.is_self_issued();
    let verdict =
        Question::new(purpose(certificate), now, &Policy::web()).verify(&[certificate.der()], &Anchors::new());
    let mut warnings = Vec::new();
    if let Err(refusal) = verdict {
        let findings = refusal.paths().first().map(|path| path.findings()).unwrap_or_default();
        let told = findings
            .iter()
            .filter(|finding| finding.outcome != Outcome::Passed && concerns(finding.check, authority, root));
        warnings.extend(told.map(|finding| Warning {
            code: Some(finding.check.code()),
            text: finding.to_string(),
        }));
    }
    let left = certificate.validity().not_after.seconds_since(now);
    if (0..SOON.saturating_mul(SECONDS_OF_A_DAY)).contains(&left) {
        warnings.push(Warning {
            code: None,
            text: format!("ends soon: {} left", days(left)),
        });
    }
    warnings
}

/// Servers' certificates are judged as such, and so is what says nothing.
fn purpose(certificate: &Certificate<'_>) -> Purpose {
    let usage = certificate.extended_key_usage().ok().flatten();
    let usage = usage.map(|usage| usage.to_string()).unwrap_or_default();
    if usage.contains("clientAuth") && !usage.contains("serverAuth") {
        Purpose::TlsClient
    } else {
        Purpose::TlsServer
    }
}

/// Whether a check's failure says something about the certificate alone, and, of an authority, whether the check is not one for end
/// entities. Nobody relies on a root's signature on itself.
fn concerns(check: Check, authority: bool, root: bool) -> bool {
    match check {
        Check::Anchored | Check::SelfSigned => false,
        Check::SignatureAlgorithm => !root,
        Check::Version
        | Check::AlgorithmsAgree
        | Check::SerialNumber
        | Check::TimeForm
        | Check::NotBefore
        | Check::NotAfter
        | Check::KeyAlgorithm
        | Check::KeySize
        | Check::CriticalExtensions => true,
        _ => !authority,
    }
}

/// All of it for programs.
pub(super) fn json(certificate: &Certificate<'_>, now: UnixTime) -> Value {
    let validity = certificate.validity();
    let key = certificate.subject_public_key_info();
    let extensions: Vec<_> = certificate
        .extensions()
        .iter()
        .map(|extension| {
            json!({
                "oid": extension.oid.to_string(),
                "name": extension.name(),
                "critical": extension.critical,
                "says": said(&extension),
                "der": fingerprint::pairs(extension.value),
            })
        })
        .collect();
    let warnings: Vec<_> = warnings(certificate, now)
        .iter()
        .map(|warning| json!({ "code": warning.code, "text": warning.text }))
        .collect();
    json!({
        "subject": subject(certificate),
        "issuer": issuer(certificate),
        "names": names(certificate),
        "not_before": validity.not_before.to_string(),
        "not_after": validity.not_after.to_string(),
        "days_left": validity.not_after.seconds_since(now).div_euclid(SECONDS_OF_A_DAY),
        "serial_number": serial(certificate),
        "version": certificate.version(),
        "public_key": {
            "algorithm": key.algorithm.to_string(),
            "bits": key.rsa_modulus_bits(),
            "pin": fingerprint::pin(key.der),
            "der": fingerprint::pairs(key.der),
        },
        "signature_algorithm": certificate.signature_algorithm().to_string(),
        "signature": fingerprint::pairs(certificate.signature()),
        "sha256": fingerprint::sha256(certificate.der()),
        "sha1": fingerprint::sha1(certificate.der()),
        "extensions": extensions,
        "warnings": warnings,
    })
}

//! A certificate in words.

use aws_lc_rs::digest;
use portunus_x509::{Certificate, KeyAlgorithm, SubjectPublicKeyInfo, UnixTime};

use super::text::{Block, Facts, Text, Tone, paragraph};
use crate::words::{counted, lifetime, list};

const SECONDS_OF_A_DAY: i64 = 86_400;

/// Whom it is about, who says so, with which key, and how long.
pub(super) fn describe(der: &[u8], now: UnixTime) -> Block {
    let certificate = match Certificate::parse(der) {
        Ok(certificate) => certificate,
        Err(error) => return paragraph(format_args!("The certificate cannot be read: {error}.")),
    };
    let validity = certificate.validity();
    Facts::default()
        .row("subject", distinguished(certificate.subject().to_string()))
        .row("for", names(&certificate))
        .row("issuer", distinguished(certificate.issuer().to_string()))
        .row("public key", key(certificate.subject_public_key_info()))
        .row("signed with", certificate.signature_algorithm())
        .text("valid", valid(validity.not_before, validity.not_after, now))
        .row("serial", hex(certificate.serial()))
        .row("SHA-256", hex(digest::digest(&digest::SHA256, der).as_ref()))
        .block()
}

/// `CN=Intermediate (by CN=Root)`.
pub(super) fn in_short(der: &[u8]) -> String {
    match Certificate::parse(der) {
        Ok(certificate) => {
            let subject = distinguished(certificate.subject().to_string());
            if certificate.is_self_issued() {
                format!("{subject} (by itself)")
            } else {
                format!("{subject} (by {})", distinguished(certificate.issuer().to_string()))
            }
        }
        Err(error) => format!("one that cannot be read ({error})"),
    }
}

fn distinguished(name: String) -> String {
    if name.is_empty() { "(no name)".to_owned() } else { name }
}

fn names(certificate: &Certificate<'_>) -> String {
    match certificate.subject_alt_names() {
        Ok(names) if names.is_empty() => "no name (no subjectAltName)".to_owned(),
        Ok(names) => list(names.map(|name| name.to_string())),
        Err(error) => format!("names that cannot be read ({error})"),
    }
}

fn key(info: &SubjectPublicKeyInfo<'_>) -> String {
    match (&info.algorithm, info.rsa_modulus_bits()) {
        (KeyAlgorithm::Rsa | KeyAlgorithm::RsaPss, Some(bits)) => {
            format!("{} with {}", info.algorithm, counted(bits, "bit"))
        }
        (algorithm, _) => algorithm.to_string(),
    }
}

fn valid(from: UnixTime, until: UnixTime, now: UnixTime) -> Text {
    let text = Text::of(Tone::Value, format_args!("{from} to {until}")).say(" ");
    let left = until.seconds_since(now);
    if now < from {
        text.tone(Tone::Bad, format_args!("(begins in {})", span(from.seconds_since(now))))
    } else if left < 0 {
        text.tone(Tone::Bad, format_args!("(ended {} ago)", span(left)))
    } else if left < SECONDS_OF_A_DAY.saturating_mul(7) {
        text.tone(Tone::Warn, format_args!("({} left)", span(left)))
    } else {
        text.tone(Tone::Good, format_args!("({} left)", span(left)))
    }
}

fn span(seconds: i64) -> String {
    lifetime(seconds.unsigned_abs())
}

/// As browsers and openssl show fingerprints.
fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect::<Vec<_>>()
        .join(":")
}

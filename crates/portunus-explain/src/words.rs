//! Numbers, names and lists as people read them.

use std::time::Duration;

use portunus_tls::wire::{CipherSuite, NamedGroup, SignatureScheme};
use portunus_x509::Printable;

use crate::limits;

/// `1,735`.
pub(crate) fn number(number: impl TryInto<u64>) -> String {
    let digits = number.try_into().unwrap_or(u64::MAX).to_string();
    let mut text = String::with_capacity(digits.len().saturating_mul(2));
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && digits.len().saturating_sub(index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 byte`, `1,735 bytes`.
pub(crate) fn bytes(count: impl TryInto<u64>) -> String {
    counted(count, "byte")
}

/// `1 record`, `2 records`.
pub(crate) fn counted(count: impl TryInto<u64>, noun: &str) -> String {
    let count = count.try_into().unwrap_or(u64::MAX);
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", number(count))
}

/// `0.42 ms`, `12.3 ms`, `1.20 s`.
pub(crate) fn time(time: Duration) -> String {
    let milliseconds = time.as_secs_f64() * 1_000.0;
    if milliseconds < 10.0 {
        format!("{milliseconds:.2} ms")
    } else if milliseconds < 1_000.0 {
        format!("{milliseconds:.1} ms")
    } else {
        format!("{:.2} s", time.as_secs_f64())
    }
}

/// `7 days`, `2 hours`, `30 seconds`: rounded down.
pub(crate) fn lifetime(seconds: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(86_400, "day"), (3_600, "hour"), (60, "minute")];
    for (unit, name) in UNITS {
        if let Some(count @ 1..) = seconds.checked_div(unit) {
            return counted(count, name);
        }
    }
    counted(seconds, "second")
}

/// `a, b, c`, cut where nobody reads on.
pub(crate) fn list(items: impl IntoIterator<Item = String>) -> String {
    let mut items = items.into_iter();
    let shown: Vec<_> = items.by_ref().take(limits::LISTED).collect();
    let more = items.count();
    let text = shown.join(", ");
    if more == 0 {
        text
    } else {
        format!("{text}, and {} more", number(more))
    }
}

/// Names of a list in which GREASE may stand: where it does, once and at the end, since its value means nothing.
pub(crate) fn with_grease<T: ToString>(items: impl IntoIterator<Item = T>, is_grease: impl Fn(&T) -> bool) -> String {
    let (grease, real): (Vec<_>, Vec<_>) = items.into_iter().partition(is_grease);
    let text = list(real.iter().map(T::to_string));
    if grease.is_empty() {
        text
    } else {
        format!("{text} (and GREASE)")
    }
}

/// What a peer chose, safe to show and not longer than anybody reads.
pub(crate) fn printable(text: &(impl AsRef<[u8]> + ?Sized)) -> String {
    let bytes = text.as_ref();
    match bytes.get(..limits::TEXT) {
        Some(start) if bytes.len() > start.len() => {
            format!("{}… ({})", Printable::new(start), self::bytes(bytes.len()))
        }
        _ => Printable::new(bytes).to_string(),
    }
}

/// The cipher of a suite, in words.
pub(crate) fn cipher(suite: CipherSuite) -> &'static str {
    match suite {
        CipherSuite::TLS_AES_128_GCM_SHA256
        | CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
        | CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
        | CipherSuite::TLS_RSA_WITH_AES_128_GCM_SHA256 => {
            "AES with 128-bit keys in GCM mode; keys are derived with SHA-256"
        }
        CipherSuite::TLS_AES_256_GCM_SHA384
        | CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384
        | CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384
        | CipherSuite::TLS_RSA_WITH_AES_256_GCM_SHA384 => {
            "AES with 256-bit keys in GCM mode; keys are derived with SHA-384"
        }
        CipherSuite::TLS_CHACHA20_POLY1305_SHA256
        | CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256
        | CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256 => {
            "ChaCha20 with Poly1305, 256-bit keys, derived with SHA-256"
        }
        _ => "an authenticated cipher",
    }
}

/// What a group is, in a sentence.
pub(crate) fn group(group: NamedGroup) -> &'static str {
    match group {
        NamedGroup::X25519MLKEM768 => {
            "It is two exchanges in one: X25519, on an elliptic curve, and ML-KEM-768, on lattices. A quantum computer \
             could undo the first, and no way is known for it to undo the second; and should the young second one turn \
             out weak, the first still holds. An eavesdropper who records today and waits for such a computer gets nothing."
        }
        NamedGroup::X25519 => {
            "It is a Diffie-Hellman exchange on the elliptic curve Curve25519. No computer of today can undo it; a large \
             quantum computer could, even years later, for whoever recorded this connection."
        }
        NamedGroup::SECP256R1 | NamedGroup::SECP384R1 | NamedGroup::SECP521R1 => {
            "It is a Diffie-Hellman exchange on an elliptic curve of NIST's. No computer of today can undo it; a large \
             quantum computer could, even years later, for whoever recorded this connection."
        }
        _ => "It is a key exchange with fresh keys.",
    }
}

/// How a signature is made, in words.
pub(crate) fn scheme(scheme: SignatureScheme) -> &'static str {
    match scheme {
        SignatureScheme::ECDSA_SECP256R1_SHA256 => "ECDSA on the curve P-256 with SHA-256",
        SignatureScheme::ECDSA_SECP384R1_SHA384 => "ECDSA on the curve P-384 with SHA-384",
        SignatureScheme::ECDSA_SECP521R1_SHA512 => "ECDSA on the curve P-521 with SHA-512",
        SignatureScheme::ED25519 => "Ed25519",
        SignatureScheme::RSA_PKCS1_SHA256 => "RSA in the old form of PKCS#1 with SHA-256",
        SignatureScheme::RSA_PKCS1_SHA384 => "RSA in the old form of PKCS#1 with SHA-384",
        SignatureScheme::RSA_PKCS1_SHA512 => "RSA in the old form of PKCS#1 with SHA-512",
        SignatureScheme::RSA_PSS_RSAE_SHA256 | SignatureScheme::RSA_PSS_PSS_SHA256 => "RSA-PSS with SHA-256",
        SignatureScheme::RSA_PSS_RSAE_SHA384 | SignatureScheme::RSA_PSS_PSS_SHA384 => "RSA-PSS with SHA-384",
        SignatureScheme::RSA_PSS_RSAE_SHA512 | SignatureScheme::RSA_PSS_PSS_SHA512 => "RSA-PSS with SHA-512",
        _ => "a signature",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_separators() {
        let shown: Vec<_> = [0_u64, 999, 1_000, 65_536, 1_234_567].map(number).into();
        assert_eq!(shown, ["0", "999", "1,000", "65,536", "1,234,567"]);
        assert_eq!(
            (bytes(1_u64), bytes(0_u64)),
            ("1 byte".to_owned(), "0 bytes".to_owned())
        );
    }

    #[test]
    fn times_are_rounded_to_what_matters() {
        assert_eq!(time(Duration::from_micros(420)), "0.42 ms");
        assert_eq!(time(Duration::from_micros(12_340)), "12.3 ms");
        assert_eq!(time(Duration::from_millis(1_204)), "1.20 s");
        assert_eq!(lifetime(7_200), "2 hours");
        assert_eq!(lifetime(86_400), "1 day");
        assert_eq!(lifetime(0), "0 seconds");
    }

    #[test]
    fn long_lists_and_texts_are_cut() {
        let many = (0..100).map(|number: u64| number.to_string());
        assert!(list(many).ends_with("22, 23, and 76 more"));
        let long = printable(&[b'a'; 1_000]);
        assert!(long.ends_with("aaa… (1,000 bytes)"));
        assert_eq!(printable("a\u{1b}[2J"), "a\\u{1b}[2J");
    }
}

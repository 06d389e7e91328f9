//! Certificates: any bytes give a value or an error; the search for a path ends, whatever the certificates are.

use std::hint::black_box;

use portunus_x509::{Anchors, Certificate, Policy, Purpose, ServerName, UnixTime, verify};

/// Reads a certificate and everything in it that is read lazily.
pub(crate) fn certificate(bytes: &[u8]) {
    let Ok(certificate) = Certificate::parse(bytes) else {
        return;
    };
    assert_eq!(certificate.der(), bytes);
    black_box(format!(
        "{certificate:?} {} {}",
        certificate.issuer(),
        certificate.subject()
    ));
}

/// Reads a file of certificates and keys as people have them.
pub(crate) fn pem(bytes: &[u8]) {
    let _ = black_box(portunus_x509::pem::certificates(bytes));
    let _ = black_box(portunus_x509::pem::private_key(bytes));
}

/// Verifies a chain against anchors: the input is a row of certificates, each behind its length in two bytes. The first
/// byte says how many of the last ones are anchors, and which policy and purpose are asked for.
pub(crate) fn path(bytes: &[u8]) {
    let Some((&choices, bytes)) = bytes.split_first() else {
        return;
    };
    let certificates = split(bytes);
    let anchored = usize::from(choices & 0x0f).min(certificates.len());
    let (chain, roots) = certificates.split_at(certificates.len() - anchored);
    let mut anchors = Anchors::new();
    for root in roots {
        let _ = anchors.add_der(root);
    }
    let policy = match choices >> 6 {
        0 => Policy::web(),
        1 => Policy::rfc5280(),
        _ => Policy::private(),
    };
    let purpose = if choices & 0x10 == 0 {
        Purpose::TlsServer
    } else {
        Purpose::TlsClient
    };
    let name = ServerName::parse("host.example.com").ok();
    match verify(chain, &anchors, purpose, name.as_ref(), NOW, &policy) {
        Ok(path) => {
            black_box(format!("{path:?}"));
        }
        Err(refusal) => {
            black_box(format!("{refusal} {}", refusal.explanation()));
        }
    }
}

/// In the middle of the committed certificates' validity.
const NOW: UnixTime = UnixTime(1_900_000_000);

fn split(mut bytes: &[u8]) -> Vec<&[u8]> {
    let mut parts = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk::<2>() {
        let length = usize::from(u16::from_be_bytes(*length)).min(rest.len());
        let (part, behind) = rest.split_at(length);
        parts.push(part);
        bytes = behind;
    }
    parts
}

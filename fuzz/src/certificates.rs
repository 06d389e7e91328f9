//! Certificates: any bytes give a value or an error; the search for a path ends, whatever the certificates are.

use std::hint::black_box;

use portunus_x509::{
    Anchors, Certificate, OcspResponse, Policy, Purpose, Question, Revocation, RevocationList, ServerName, UnixTime,
    verify,
};

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
    for extension in certificate.extensions().iter() {
        black_box(extension.in_words());
    }
}

/// Reads a file of certificates in PKCS#7; what was read is written, and read again.
pub(crate) fn pkcs7(bytes: &[u8]) {
    let Ok(certificates) = portunus_x509::pkcs7::certificates(bytes) else {
        return;
    };
    let written = portunus_x509::pkcs7::file(&certificates).expect("no more than was read");
    assert_eq!(portunus_x509::pkcs7::certificates(&written), Ok(certificates));
}

/// Reads a file of certificates and keys as people have them.
pub(crate) fn pem(bytes: &[u8]) {
    let _ = black_box(portunus_x509::pem::certificates(bytes));
    let _ = black_box(portunus_x509::pem::private_key(bytes));
    let _ = black_box(portunus_x509::pem::pkcs7(bytes));
}

/// Reads a revocation list with every entry.
pub(crate) fn revocation_list(bytes: &[u8]) {
    let Ok(list) = RevocationList::parse(bytes) else {
        return;
    };
    assert_eq!(list.der(), bytes);
    black_box(format!("{list:?} {}", list.issuer()));
    for entry in list.entries() {
        black_box(format!("{entry:?}"));
    }
}

/// Reads a response of OCSP with every answer.
pub(crate) fn ocsp_response(bytes: &[u8]) {
    let Ok(response) = OcspResponse::parse(bytes) else {
        return;
    };
    black_box(format!("{response:?}"));
    for (serial, status) in response.certificates() {
        black_box((serial, status));
    }
}

/// Looks up whether a chain is revoked: the input is a row of certificates, lists and responses, each behind its length in two bytes. The
/// last certificate is the anchor. The first byte says which profile is asked, what follows from an unknown status, and whether the
/// first response was stapled.
pub(crate) fn revocation(bytes: &[u8]) {
    let Some((&choices, bytes)) = bytes.split_first() else {
        return;
    };
    let (mut chain, mut lists, mut responses) = (Vec::new(), Vec::new(), Vec::new());
    for part in split(bytes) {
        if Certificate::parse(part).is_ok() {
            chain.push(part);
        } else if let Ok(list) = RevocationList::parse(part) {
            lists.push(list);
        } else {
            responses.push(part);
        }
    }
    let mut anchors = Anchors::new();
    if let Some(root) = chain.pop() {
        let _ = anchors.add_der(root);
    }
    let mut revocation = if choices & 1 == 0 {
        Revocation::soft_fail(lists)
    } else {
        Revocation::hard_fail(lists)
    };
    let mut responses = responses.into_iter();
    if choices & 2 != 0 {
        revocation = revocation.with_stapled(responses.next());
    }
    for response in responses.filter_map(|der| OcspResponse::parse(der).ok()) {
        revocation = revocation.with_response(response);
    }
    let policy = profile(choices);
    let verdict = Question::new(Purpose::TlsServer, NOW, &policy)
        .revocation(&revocation)
        .verify(&chain, &anchors);
    match verdict {
        Ok(path) => {
            black_box(format!("{:?}", path.checks()));
        }
        Err(refusal) => {
            black_box(refusal.explanation());
        }
    }
}

fn profile(choices: u8) -> Policy {
    match choices >> 6 {
        0 => Policy::web(),
        1 => Policy::rfc5280(),
        _ => Policy::private(),
    }
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
    let policy = profile(choices);
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

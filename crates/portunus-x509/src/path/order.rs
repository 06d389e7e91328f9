//! A chain out of a heap: for whoever serves one.

use crate::certificate::Certificate;
use crate::limits::MAX_PATH;

/// Puts the certificates of a file into the order in which TLS sends them: first the one for the key (a
/// SubjectPublicKeyInfo in DER), then each one's issuer. What does not belong to the chain, and a self-signed root at its
/// end, is left out. Returns places in `certificates`; none where no certificate is for that key.
///
/// Files come in any order, root first among them, and servers have to send the end entity first (RFC 9846 section
/// 4.5.1). Issuers are recognised by name and signature.
pub fn order(subject_public_key_info: &[u8], certificates: &[&[u8]]) -> Vec<usize> {
    let read = certificates.iter().enumerate().take(MAX_CERTIFICATES);
    let mut left: Vec<_> = read
        .filter_map(|(place, der)| Some((place, Certificate::parse(der).ok()?)))
        .collect();
    let for_key = |certificate: &Certificate<'_>| certificate.subject_public_key_info().der == subject_public_key_info;
    // A file that was appended to at each renewal has several: the one that ends last is meant.
    let ends = left
        .iter()
        .enumerate()
        .filter(|(_, (_, certificate))| for_key(certificate));
    let Some((at, _)) = ends.max_by_key(|(_, (_, certificate))| certificate.validity().not_after) else {
        return Vec::new();
    };
    let (place, mut last) = left.swap_remove(at);
    let mut order = vec![place];
    while order.len() < MAX_PATH {
        let issued = |issuer: &Certificate<'_>| {
            issuer.subject().matches(&last.issuer())
                && !is_root(issuer)
                && last.is_signed_by(issuer.subject_public_key_info())
        };
        let Some(at) = left.iter().position(|(_, issuer)| issued(issuer)) else {
            break;
        };
        let (place, issuer) = left.swap_remove(at);
        order.push(place);
        last = issuer;
    }
    order
}

/// Whether a certificate vouches for itself: whoever trusts it has it already.
fn is_root(certificate: &Certificate<'_>) -> bool {
    certificate.is_self_issued() && certificate.is_signed_by(certificate.subject_public_key_info())
}

/// More than any file for one server has; names are compared with each other.
const MAX_CERTIFICATES: usize = crate::limits::MAX_CANDIDATES;

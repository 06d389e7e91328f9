//! What is chosen in TLS 1.2.

use crate::crypto::suite::Suite;
use crate::crypto::tls12::KeyExchangeAlgorithm;
use crate::error::PeerFault;
use crate::policy::Policy;
use crate::wire::{CipherSuite, ClientHello, NamedGroup, Sequence};

/// ALPN's name of HTTP/2 (RFC 9113 section 3.2).
const HTTP2: &[u8] = b"h2";

/// Our order among the suites with this key exchange; as in TLS 1.3, a client that puts ChaCha20-Poly1305 first gets it.
pub(crate) fn cipher_suite(
    offered: Sequence<'_, CipherSuite>,
    policy: &Policy,
    algorithm: KeyExchangeAlgorithm,
) -> Result<Suite, PeerFault> {
    let fits = |id: CipherSuite| KeyExchangeAlgorithm::of_suite(id) == Some(algorithm);
    let is_chacha = |id: CipherSuite| {
        matches!(
            id,
            CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256
                | CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256
        )
    };
    let first = offered.iter().find(|id| fits(*id));
    let chosen = first
        .filter(|id| is_chacha(*id) && policy.cipher_suites.contains(id))
        .or_else(|| {
            let ours = policy.cipher_suites.iter().copied();
            ours.into_iter().find(|id| fits(*id) && offered.contains(id))
        });
    if let Some(suite) = chosen.and_then(Suite::of_tls12) {
        return Ok(suite);
    }
    let has_another = offered
        .iter()
        .any(|id| Suite::of_tls12(id).is_some() && policy.cipher_suites.contains(&id));
    Err(if has_another {
        PeerFault::NoCipherSuiteForKey
    } else {
        PeerFault::NoCommonCipherSuite
    })
}

/// Whether a suite may be chosen whatever key the certificate has: it is allowed, and there is a group if it needs one.
pub(crate) fn is_possible(hello: &ClientHello<'_>, suite: CipherSuite, policy: &Policy) -> bool {
    let has_group = || group(hello.extensions.supported_groups, policy).is_ok();
    policy.cipher_suites.contains(&suite)
        && match KeyExchangeAlgorithm::of_suite(suite) {
            Some(KeyExchangeAlgorithm::Ephemeral(_)) => has_group(),
            Some(KeyExchangeAlgorithm::KeyTransport) => true,
            None => false,
        }
}

/// Our order. A client that names no groups is not asked to guess ours (RFC 8422 section 4 would allow it).
pub(crate) fn group(offered: Option<Sequence<'_, NamedGroup>>, policy: &Policy) -> Result<NamedGroup, PeerFault> {
    let offered = offered.ok_or(PeerFault::NoCommonGroup)?;
    policy
        .tls12_groups()
        .find(|group| offered.contains(group))
        .ok_or(PeerFault::NoCommonGroup)
}

/// As in TLS 1.3; but HTTP/2 does not go with RSA key transport (RFC 9113 section 9.2.2): its peers may refuse that.
pub(crate) fn application_protocol<'a>(
    hello: &ClientHello<'_>,
    ours: &'a [Vec<u8>],
    suite: Suite,
) -> Result<Option<&'a [u8]>, PeerFault> {
    let is_transport = KeyExchangeAlgorithm::of_suite(suite.id) == Some(KeyExchangeAlgorithm::KeyTransport);
    let offered = hello.extensions.application_layer_protocol_negotiation;
    super::application_protocol(offered, ours, |protocol| !is_transport || protocol != HTTP2)
}

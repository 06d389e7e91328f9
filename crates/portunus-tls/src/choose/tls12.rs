//! What is chosen in TLS 1.2.

use smallvec::SmallVec;

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

/// The suites that may be chosen whatever key the certificate has, in the client's order: they are allowed, and there is a group where they need
/// one. Each stands there once, however often it is offered.
pub(crate) fn possible(hello: &ClientHello<'_>, policy: &Policy) -> SmallVec<[CipherSuite; 8]> {
    let has_group = group(hello.extensions.supported_groups, policy).is_ok();
    let mut possible = SmallVec::new();
    for suite in hello.cipher_suites {
        let has_keys = match KeyExchangeAlgorithm::of_suite(suite) {
            Some(KeyExchangeAlgorithm::Ephemeral(_)) => has_group,
            Some(KeyExchangeAlgorithm::KeyTransport) => true,
            None => false,
        };
        if has_keys && policy.cipher_suites.contains(&suite) && !possible.contains(&suite) {
            possible.push(suite);
        }
    }
    possible
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{ClientExtensions, ProtocolVersion};

    /// Else a hello full of one suite would be gone through once for each of them.
    #[test]
    fn a_suite_is_possible_once_however_often_it_is_offered() {
        let ephemeral = CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256;
        let chacha = CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256;
        let transport = CipherSuite::TLS_RSA_WITH_AES_128_GCM_SHA256;
        let mut offered = vec![chacha];
        offered.resize(10_000, ephemeral);
        offered.push(transport);
        let policy = Policy::compatible();
        let allowing = policy.clone().allow_rsa_key_transport_without_forward_secrecy();
        let suites = |groups: &[NamedGroup], policy: &Policy| {
            let hello = ClientHello {
                legacy_version: ProtocolVersion::TLS1_2,
                random: &[0; 32],
                legacy_session_id: &[],
                cipher_suites: Sequence::from(offered.as_slice()),
                legacy_compression_methods: &[0],
                extensions: ClientExtensions {
                    supported_groups: Some(Sequence::from(groups)),
                    ..ClientExtensions::default()
                },
            };
            possible(&hello, policy).to_vec()
        };
        let groups = [NamedGroup::SECP256R1];
        assert_eq!(suites(&groups, &policy), [chacha, ephemeral]);
        assert_eq!(suites(&groups, &allowing), [chacha, ephemeral, transport]);
        assert_eq!(suites(&[NamedGroup(0x1234)], &allowing), [transport]);
    }
}

//! Pure functions from what the peer offers and what is allowed to what is chosen.

use crate::crypto::group::is_post_quantum;
use crate::crypto::suite::Suite;
use crate::error::{Error, Limit, PeerFault};
use crate::limits::MAX_KEY_SHARES;
use crate::policy::Policy;
use crate::wire::Sequence;
use crate::wire::{CipherSuite, NamedGroup, ProtocolVersion};
use crate::wire::{ClientHello, KeyShareEntry, ProtocolName};

/// Only TLS 1.3 is spoken (RFC 9846 section 4.3.1).
pub(crate) fn version(hello: &ClientHello<'_>) -> Result<ProtocolVersion, PeerFault> {
    if hello.legacy_version == ProtocolVersion::SSL3_0 {
        return Err(PeerFault::Ssl3);
    }
    let offered = hello
        .extensions
        .supported_versions
        .is_some_and(|versions| versions.contains(&ProtocolVersion::TLS1_3));
    if !offered {
        return Err(PeerFault::NoCommonVersion);
    }
    if hello.legacy_version != ProtocolVersion::TLS1_2 {
        return Err(PeerFault::LegacyVersion);
    }
    Ok(ProtocolVersion::TLS1_3)
}

/// Our order, but a client that puts ChaCha20-Poly1305 first has no AES in hardware: then it goes first here too.
pub(crate) fn cipher_suite(offered: Sequence<'_, CipherSuite>, policy: &Policy) -> Result<Suite, PeerFault> {
    const CHACHA: CipherSuite = CipherSuite::TLS_CHACHA20_POLY1305_SHA256;
    let first = offered.iter().find(|suite| Suite::of(*suite).is_some());
    if first == Some(CHACHA) && policy.cipher_suites.contains(&CHACHA) {
        return Suite::of(CHACHA).ok_or(PeerFault::NoCommonCipherSuite);
    }
    let chosen = policy.cipher_suites.iter().find(|suite| offered.contains(suite));
    chosen
        .and_then(|suite| Suite::of(*suite))
        .ok_or(PeerFault::NoCommonCipherSuite)
}

/// A group, and the client's share of it if it sent one.
pub(crate) struct GroupChoice<'a> {
    pub(crate) group: NamedGroup,
    pub(crate) share: Option<&'a [u8]>,
}

/// The client's shares, checked (RFC 9846 section 4.3.8): one a group, each among its groups.
pub(crate) fn check_key_shares<'a>(
    groups: Sequence<'a, NamedGroup>,
    shares: Sequence<'a, KeyShareEntry<'a>>,
) -> Result<(), Error> {
    if shares.iter().nth(MAX_KEY_SHARES).is_some() {
        return Err(Limit::KeyShares.into());
    }
    for (index, share) in shares.iter().enumerate() {
        if shares.iter().take(index).any(|earlier| earlier.group == share.group) {
            return Err(PeerFault::DuplicateKeyShare.into());
        }
        if !groups.contains(&share.group) {
            return Err(PeerFault::KeyShareNotInGroups.into());
        }
    }
    Ok(())
}

/// A post-quantum group goes before all others, at the price of a round trip; among the rest one with a share goes first.
pub(crate) fn group<'a>(
    groups: Sequence<'_, NamedGroup>,
    shares: Sequence<'a, KeyShareEntry<'a>>,
    policy: &Policy,
) -> Result<GroupChoice<'a>, PeerFault> {
    let share_of = |group: NamedGroup| {
        shares
            .iter()
            .find(|share| share.group == group)
            .map(|share| share.key_exchange)
    };
    let common = || policy.groups.iter().copied().filter(|group| groups.contains(group));
    let chosen = (common().find(|group| is_post_quantum(*group)))
        .or_else(|| common().find(|group| share_of(*group).is_some()))
        .or_else(|| common().next())
        .ok_or(PeerFault::NoCommonGroup)?;
    Ok(GroupChoice {
        group: chosen,
        share: share_of(chosen),
    })
}

/// Our order (RFC 7301 section 3.2). A client without ALPN goes on without.
pub(crate) fn application_protocol<'a, 'o>(
    offered: Option<Sequence<'o, ProtocolName<'o>>>,
    ours: &'a [Vec<u8>],
) -> Result<Option<&'a [u8]>, PeerFault> {
    let Some(offered) = offered else { return Ok(None) };
    if ours.is_empty() {
        return Ok(None);
    }
    let chosen = ours
        .iter()
        .find(|ours| offered.iter().any(|offered| offered.0 == ours.as_slice()));
    chosen
        .map(|ours| Some(ours.as_slice()))
        .ok_or(PeerFault::NoApplicationProtocol)
}

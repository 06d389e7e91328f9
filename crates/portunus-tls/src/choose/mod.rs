//! Pure functions from what the peer offers and what is allowed to what is chosen.

#[cfg(feature = "tls12")]
pub(crate) mod tls12;

use crate::crypto::group::is_post_quantum;
use crate::crypto::suite::Suite;
use crate::error::{Error, Limit, PeerFault};
use crate::limits::MAX_KEY_SHARES;
use crate::policy::Policy;
use crate::wire::Sequence;
use crate::wire::{CipherSuite, NamedGroup, ProtocolVersion};
use crate::wire::{ClientHello, KeyShareEntry, ProtocolName};

/// The newest version that both speak (RFC 9846 section 4.3.1), unless the client tries an older one than it has for a reason that does not hold here
/// (RFC 7507 section 3).
pub(crate) fn version(hello: &ClientHello<'_>, policy: &Policy) -> Result<ProtocolVersion, PeerFault> {
    let offered = hello.extensions.supported_versions;
    let newest = match offered {
        Some(offered) => offered.iter().filter(|version| !version.is_grease()).max(),
        None => Some(hello.legacy_version),
    };
    if hello.cipher_suites.contains(&CipherSuite::TLS_FALLBACK_SCSV) && newest < policy.versions().next() {
        return Err(PeerFault::InappropriateFallback);
    }
    if hello.legacy_version == ProtocolVersion::SSL3_0 {
        return Err(PeerFault::Ssl3);
    }
    let is_offered = |version: ProtocolVersion| match offered {
        Some(offered) => offered.contains(&version),
        // RFC 9846 section 4.3.1: whatever legacy_version says beyond TLS 1.2.
        None => version == ProtocolVersion::TLS1_2 && hello.legacy_version >= ProtocolVersion::TLS1_2,
    };
    let chosen = policy.versions().find(|version| is_offered(*version));
    match chosen.ok_or(PeerFault::NoCommonVersion)? {
        ProtocolVersion::TLS1_3 if hello.legacy_version != ProtocolVersion::TLS1_2 => Err(PeerFault::LegacyVersion),
        version => Ok(version),
    }
}

/// Our order, but a client that puts ChaCha20-Poly1305 first has no AES in hardware: then it goes first here too.
pub(crate) fn cipher_suite(offered: Sequence<'_, CipherSuite>, policy: &Policy) -> Result<Suite, PeerFault> {
    const CHACHA: CipherSuite = CipherSuite::TLS_CHACHA20_POLY1305_SHA256;
    let first = offered.iter().find(|suite| Suite::of(*suite).is_some());
    if first == Some(CHACHA) && policy.cipher_suites.contains(&CHACHA) {
        return Suite::of(CHACHA).ok_or(PeerFault::NoCommonCipherSuite);
    }
    let common = |suite: &&CipherSuite| offered.contains(suite) && Suite::of(**suite).is_some();
    let chosen = policy.cipher_suites.iter().find(common);
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

/// Our order among those that fit (RFC 7301 section 3.2). A client without ALPN goes on without.
pub(crate) fn application_protocol<'a, 'o>(
    offered: Option<Sequence<'o, ProtocolName<'o>>>,
    ours: &'a [Vec<u8>],
    fits: impl Fn(&[u8]) -> bool,
) -> Result<Option<&'a [u8]>, PeerFault> {
    let Some(offered) = offered else { return Ok(None) };
    if ours.is_empty() {
        return Ok(None);
    }
    let chosen = ours
        .iter()
        .find(|ours| fits(ours) && offered.iter().any(|offered| offered.0 == ours.as_slice()));
    chosen
        .map(|ours| Some(ours.as_slice()))
        .ok_or(PeerFault::NoApplicationProtocol)
}

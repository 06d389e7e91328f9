//! Reading a ClientHello: what it asks for, and what goes on from it.

use std::sync::Arc;

use portunus_x509::{DnsName, UnixTime};

use crate::choose;
use crate::config::identity::Identity;
use crate::config::server::ServerConfig;
use crate::crypto::suite::Suite;
use crate::error::{Error, PeerFault};
use crate::handshake::channel::{Aligned, Message};
use crate::limits::MAX_PSK_IDENTITIES;
use crate::record::size_limit;
use crate::schedule::tls13::EarlySecret;
use crate::schedule::transcript::Transcript;
use crate::session::tickets::TicketContent;
use crate::wire::{ClientExtensions, ClientHello};
use crate::wire::{NamedGroup, ProtocolVersion, PskKeyExchangeMode};

/// The server name, where it can be a host name. What cannot (an address, brackets, an underscore) is no reason to refuse: it is ignored.
pub(crate) fn host_name(hello: &ClientHello<'_>) -> Option<DnsName> {
    let name = std::str::from_utf8(hello.extensions.server_name?.0).ok()?;
    DnsName::parse(name).ok()
}

/// A ClientHello, and the configuration that it leads to: where the versions part.
pub(super) struct Opening {
    pub(super) message: Message,
    pub(super) aligned: Aligned,
    pub(super) config: Arc<ServerConfig>,
    /// The server name, where it can be a host name.
    pub(super) host: Option<DnsName>,
}

/// What is chosen from a ClientHello of TLS 1.3.
pub(crate) struct Choice {
    pub(crate) suite: Suite,
    pub(crate) group: NamedGroup,
    /// The client's share of the group; without one the server asks for it.
    pub(crate) share: Option<Vec<u8>>,
    pub(crate) application_protocol: Option<Vec<u8>>,
}

/// RFC 9846 section 4.2.1: suite, group, protocol.
pub(crate) fn choose(hello: &ClientHello<'_>, config: &ServerConfig) -> Result<Choice, Error> {
    if hello.legacy_compression_methods != [0] {
        return Err(PeerFault::CompressionOffered.into());
    }
    let extensions = &hello.extensions;
    let groups = extensions.supported_groups.ok_or(PeerFault::MissingSupportedGroups)?;
    let shares = extensions.key_share.ok_or(PeerFault::MissingKeyShare)?;
    if extensions.signature_algorithms.is_none() && extensions.pre_shared_key.is_none() {
        return Err(PeerFault::MissingSignatureAlgorithms.into());
    }
    if extensions.pre_shared_key.is_some() && extensions.psk_key_exchange_modes.is_none() {
        return Err(PeerFault::PskWithoutModes.into());
    }
    choose::check_key_shares(groups, shares)?;
    let suite = choose::cipher_suite(hello.cipher_suites, &config.policy)?;
    let group = choose::group(groups, shares, &config.policy)?;
    let protocols = extensions.application_layer_protocol_negotiation;
    let application_protocol = choose::application_protocol(protocols, &config.application_protocols, |_| true)?;
    Ok(Choice {
        suite,
        group: group.group,
        share: group.share.map(<[u8]>::to_vec),
        application_protocol: application_protocol.map(<[u8]>::to_vec),
    })
}

/// The second ClientHello differs from the first in nothing but what RFC 9846 section 4.2.2 lists, and holds the one share that was asked for.
pub(crate) fn check_second<'a>(
    first: &ClientHello<'a>,
    second: &ClientHello<'a>,
    group: NamedGroup,
) -> Result<(), PeerFault> {
    let (before, after) = (&first.extensions, &second.extensions);
    let without_changes = ClientHello {
        extensions: ClientExtensions {
            key_share: before.key_share,
            early_data: before.early_data,
            cookie: before.cookie,
            pre_shared_key: before.pre_shared_key,
            // Padding is among them.
            unknown: before.unknown,
            order: before.order,
            ..*after
        },
        ..*second
    };
    let same = without_changes == *first;
    // Offers of sessions may go, not come.
    let offers_more = before.pre_shared_key.is_none() && after.pre_shared_key.is_some();
    if !same || offers_more {
        return Err(PeerFault::SecondHelloChanged);
    }
    if after.early_data {
        return Err(PeerFault::EarlyDataAfterRetry);
    }
    let mut shares = after.key_share.ok_or(PeerFault::MissingKeyShare)?.iter();
    match (shares.next(), shares.next()) {
        (Some(share), None) if share.group == group => Ok(()),
        _ => Err(PeerFault::SecondHelloKeyShare),
    }
}

/// The limits of records in both directions (RFC 8449), for a client that has the extension.
#[derive(Clone, Copy)]
pub(super) struct RecordLimits {
    /// What the client is told.
    pub(super) ours: u16,
    /// The most content in what it sends.
    pub(super) received: usize,
    /// The most content in what we send.
    pub(super) sent: usize,
}

/// A client's limit is answered with ours, or with the protocol's: it is a wish of its own (RFC 8449 section 4). A `max_fragment_length` beside it is ignored, as it is alone.
pub(super) fn record_limits(
    hello: &ClientHello<'_>,
    config: &ServerConfig,
    version: ProtocolVersion,
) -> Option<RecordLimits> {
    let theirs = hello.extensions.record_size_limit?;
    let largest = size_limit::largest(version);
    let ours = config.record_size_limit.unwrap_or(largest).min(largest);
    Some(RecordLimits {
        ours,
        received: size_limit::max_content(ours, version),
        sent: size_limit::max_content(theirs, version),
    })
}

/// A session that goes on.
pub(crate) struct Resumed {
    /// Its place among the client's offers.
    pub(crate) index: u16,
    pub(crate) ticket: TicketContent,
    pub(crate) early_secret: EarlySecret,
}

/// The first offered ticket that can be used here: ours, in time, of this suite's hash, issued for this name, or for one that what would be shown
/// has as well, and the same demands on clients. A binder that does not
/// verify is fatal (RFC 9846 section 4.3.11); a ticket that nobody can use is not.
pub(crate) fn resumption(
    hello: &ClientHello<'_>,
    message: &[u8],
    transcript: &Transcript,
    suite: Suite,
    config: &ServerConfig,
    shown: Option<&Shown>,
    now: UnixTime,
) -> Result<Option<Resumed>, Error> {
    let extensions = &hello.extensions;
    let (Some(offered), Some(tickets), Some(modes)) = (
        extensions.pre_shared_key,
        &config.tickets,
        extensions.psk_key_exchange_modes,
    ) else {
        return Ok(None);
    };
    if !modes.contains(&PskKeyExchangeMode::PSK_DHE_KE) {
        return Ok(None);
    }
    let server_name = session_name(hello);
    let binding = config.session_binding();
    let identities = offered
        .identities
        .iter()
        .zip(offered.binders.iter())
        .take(MAX_PSK_IDENTITIES);
    for (index, (identity, binder)) in (0_u16..).zip(identities) {
        let Some(ticket) = tickets.open(identity.identity, now) else {
            continue;
        };
        let same_hash = Suite::of(ticket.cipher_suite).is_some_and(|issued| issued.hash == suite.hash);
        if !same_hash
            || !(ticket.server_name == server_name || shown.is_some_and(|shown| shown.is_of(&ticket)))
            || ticket.binding != binding
        {
            continue;
        }
        let truncated = message.len().saturating_sub(offered.binders_length());
        let truncated = transcript.hash_with(message.get(..truncated).unwrap_or_default());
        let early_secret = EarlySecret::new(suite.hash, ticket.secret.as_ref())?;
        if !early_secret.resumption_binder(&truncated)?.matches(binder.0) {
            return Err(PeerFault::BadBinder.into());
        }
        return Ok(Some(Resumed {
            index,
            ticket,
            early_secret,
        }));
    }
    Ok(None)
}

/// What a full handshake would show to a client that asks for this name, where sessions of other names may go on.
pub(crate) struct Shown {
    pub(crate) host: DnsName,
    pub(crate) identity: Arc<Identity>,
}

impl Shown {
    /// Whether this session began with the same certificate, which has both names.
    fn is_of(&self, ticket: &TicketContent) -> bool {
        let began = std::str::from_utf8(&ticket.server_name).ok();
        let began = began.and_then(|name| DnsName::parse(name).ok());
        let has_both = self.identity.names(&self.host) && began.is_some_and(|name| self.identity.names(&name));
        has_both && ticket.certificate.is_some() && ticket.certificate == self.identity.fingerprint()
    }
}

/// The name that a session is bound to.
pub(crate) fn session_name(hello: &ClientHello<'_>) -> Vec<u8> {
    hello
        .extensions
        .server_name
        .map(|name| name.0.to_ascii_lowercase())
        .unwrap_or_default()
}

//! The ClientHello: what we offer, and what an answer may hold of it. Both versions begin with it; the answer decides.

use std::sync::Arc;

use portunus_x509::{ServerName, UnixTime};
use smallvec::SmallVec;

use super::early::{self, Early};
use crate::config::client::ClientConfig;
use crate::crypto::group::{KeyShares, is_post_quantum};
use crate::crypto::random;
use crate::crypto::suite::Suite;
use crate::error::{Error, Misuse, PeerFault};
use crate::handshake::channel::{Channel, Message};
use crate::handshake::grease;
use crate::policy::Policy;
use crate::record::size_limit;
use crate::schedule::tls13::EarlySecret;
use crate::schedule::transcript::Transcript;
use crate::session::client::ClientSession;
use crate::wire::Sequence;
use crate::wire::{
    CertificateStatusRequest, ClientExtensions, ClientHello, HostName, KeyShareEntry, OfferedPsks, Order, ProtocolName,
    PskBinderEntry, PskIdentity, UnknownExtension,
};
use crate::wire::{
    CipherSuite, ExtensionType, HandshakeType, NamedGroup, ProtocolVersion, PskKeyExchangeMode, ServerHelloOrRetry,
    SignatureScheme,
};
use crate::wire::{Decode, Malformed, handshake_message};

/// Values that mean nothing (RFC 8701): a server that chokes on them would choke on tomorrow's extensions. One draw serves both hellos.
#[derive(Clone, Copy)]
pub(crate) struct Grease {
    cipher_suite: CipherSuite,
    group: NamedGroup,
    version: ProtocolVersion,
    signature_scheme: SignatureScheme,
    extension: ExtensionType,
}

impl Grease {
    fn from_random([suite, group, version, scheme, extension, ..]: [u8; 32]) -> Self {
        Self {
            cipher_suite: CipherSuite(grease(suite)),
            group: NamedGroup(grease(group)),
            version: ProtocolVersion(grease(version)),
            signature_scheme: SignatureScheme(grease(scheme)),
            extension: ExtensionType(grease(extension)),
        }
    }
}

/// A list of the hello, which is short: it needs no heap.
type List<T> = SmallVec<[T; 16]>;

/// What stays the same in both ClientHellos.
pub(crate) struct Offer<'a> {
    pub(super) config: &'a Arc<ClientConfig>,
    pub(super) server: &'a ServerName,
    pub(crate) random: [u8; 32],
    /// Not empty: middleboxes then see a TLS 1.2 resumption (RFC 9846 appendix E.4), and a server of TLS 1.2 that takes a ticket says so by giving it
    /// back (RFC 5077 section 3.4).
    session_id: [u8; 32],
    grease: Option<Grease>,
    pub(super) now: UnixTime,
    pub(super) tls13: bool,
    pub(super) tls12: bool,
}

/// A ClientHello that was sent: its bytes are the one source of what an answer may refer to.
pub(crate) struct SentHello {
    pub(crate) bytes: Vec<u8>,
    /// The early secret of the session of TLS 1.3 that was offered.
    pub(crate) early_secret: Option<EarlySecret>,
}

/// What was sent, and the first answer to it: where the versions part.
pub(super) struct Opening<'a> {
    pub(super) offer: Offer<'a>,
    pub(super) hello: SentHello,
    pub(super) shares: KeyShares,
    pub(super) session: Option<ClientSession>,
    pub(super) early: Early,
    pub(super) answer: Message,
}

/// A session of this server that the full handshake would accept today as well.
pub(super) fn session(config: &ClientConfig, server: &ServerName, now: UnixTime) -> Option<ClientSession> {
    let sessions = config.sessions.as_ref()?;
    // Bounded by what the store holds of one server: each one taken is gone.
    std::iter::from_fn(|| sessions.take(server)).find(|session| {
        session.is_good_at(now)
            && session.trust == config.verifier.trust()
            && session.is_of(&config.owner())
            && config.policy.speaks(session.version())
            && config.policy.cipher_suites.contains(&session.cipher_suite)
    })
}

/// What a HelloRetryRequest changed.
pub(crate) struct Retry<'a> {
    pub(crate) cookie: Option<&'a [u8]>,
    /// Whether another key share was asked for: only then the list changes.
    pub(crate) asks_for_share: bool,
    pub(crate) transcript: &'a Transcript,
}

impl<'a> Offer<'a> {
    pub(crate) fn new(config: &'a Arc<ClientConfig>, server: &'a ServerName, now: UnixTime) -> Result<Self, Error> {
        // One draw for all: each costs about the same, however little it is.
        let [random, session_id, grease] = random::arrays()?;
        Ok(Self {
            config,
            server,
            random,
            session_id,
            grease: config.grease.then(|| Grease::from_random(grease)),
            now,
            tls13: config.policy.speaks(ProtocolVersion::TLS1_3),
            tls12: config.policy.speaks(ProtocolVersion::TLS1_2),
        })
    }

    pub(crate) fn policy(&self) -> &Policy {
        &self.config.policy
    }

    /// Key shares for the first ClientHello; TLS 1.2 has none.
    pub(super) fn key_shares(&self) -> Result<KeyShares, Error> {
        if !self.tls13 {
            return Ok(KeyShares::default());
        }
        Ok(KeyShares::generate(&self.config.key_shares).map_err(|_| Misuse::EmptyConfiguration)?)
    }

    /// What the versions that are spoken have of suites, and what is no suite but a sign to a server.
    fn cipher_suites(&self) -> List<CipherSuite> {
        let policy = &self.config.policy;
        let spoken = |suite: &CipherSuite| {
            if Suite::of(*suite).is_some() {
                self.tls13
            } else {
                self.tls12
            }
        };
        let ours = policy.cipher_suites.iter().copied().filter(spoken);
        // RFC 5746 section 3.4: three bytes less than the extension.
        let renegotiation = self.tls12.then_some(CipherSuite::TLS_EMPTY_RENEGOTIATION_INFO_SCSV);
        let fallback = self.config.is_fallback.then_some(CipherSuite::TLS_FALLBACK_SCSV);
        let grease = self.grease.map(|grease| grease.cipher_suite);
        grease
            .into_iter()
            .chain(ours)
            .chain(renegotiation)
            .chain(fallback)
            .collect()
    }

    /// That of the newest version that is offered (RFC 8449 section 4).
    fn largest_record(&self) -> u16 {
        size_limit::largest(if self.tls13 {
            ProtocolVersion::TLS1_3
        } else {
            ProtocolVersion::TLS1_2
        })
    }

    fn groups(&self) -> List<NamedGroup> {
        let groups = self.config.policy.groups.iter().copied();
        // TLS 1.2 alone has none with ML-KEM.
        let spoken = |group: &NamedGroup| self.tls13 || !is_post_quantum(*group);
        let grease = self.grease.map(|grease| grease.group);
        grease.into_iter().chain(groups.filter(spoken)).collect()
    }

    /// The id of a session of TLS 1.2, or bytes that are like one.
    fn session_id<'b>(&'b self, session: Option<&'b ClientSession>) -> &'b [u8] {
        match session.and_then(ClientSession::session_id) {
            Some(id @ [_, ..]) => id,
            // A ticket, or none of that version.
            Some([]) => &self.session_id,
            None if self.tls13 => &self.session_id,
            None => &[],
        }
    }

    /// Writes a ClientHello. `session` is offered last, its binder over all that stands before it.
    pub(crate) fn write(
        &self,
        shares: &KeyShares,
        session: Option<&ClientSession>,
        retry: Option<&Retry<'_>>,
    ) -> Result<SentHello, Error> {
        let config = self.config;
        let policy = &config.policy;
        let grease = || self.grease.into_iter();
        let cipher_suites = self.cipher_suites();
        let groups = self.groups();
        let entries = shares.entries().iter().map(|(group, share)| KeyShareEntry {
            group: *group,
            key_exchange: share,
        });
        let grease_share = grease().map(|grease| KeyShareEntry {
            group: grease.group,
            key_exchange: &[0],
        });
        // The second hello holds the one share that was asked for (RFC 9846 section 4.2.2).
        let key_shares: List<_> = match retry {
            Some(retry) if retry.asks_for_share => entries.collect(),
            None | Some(_) => grease_share.chain(entries).collect(),
        };
        let protocols: Vec<_> = self
            .config
            .application_protocols
            .iter()
            .map(|protocol| ProtocolName(protocol))
            .collect();
        let signature_algorithms: List<_> = (grease().map(|grease| grease.signature_scheme))
            .chain(policy.signature_algorithms())
            .collect();
        let of_certificates: List<_> = policy.signature_algorithms_cert().collect();
        let versions: List<_> = (grease().map(|grease| grease.version))
            .chain(policy.versions())
            .collect();
        let order = self.grease.map(|grease| grease.extension);
        let grease_extension = order.map(|extension_type| UnknownExtension {
            extension_type,
            extension_data: &[],
        });
        // TLS 1.2 has none (RFC 8879 section 3).
        let compression: List<_> = (config.certificate_compression.iter())
            .filter(|_| self.tls13)
            .map(|compression| compression.algorithm())
            .collect();
        let psk = session.and_then(|session| Some((session, session.age_add()?)));
        let binder = psk.map(|(session, _)| Suite::of(session.cipher_suite).map_or(32, |suite| suite.hash.length()));
        let zeros = [0; 48];
        let binders = binder.and_then(|length| zeros.get(..length)).map(PskBinderEntry);
        let identities = psk.map(|(session, age_add)| PskIdentity {
            identity: &session.ticket,
            obfuscated_ticket_age: session.obfuscated_age(age_add, self.now),
        });
        let resumes = self.config.sessions.is_some();
        let older_ticket = session
            .filter(|session| !session.is_tls13())
            .map(|session| session.ticket.as_slice());
        let hello = ClientHello {
            legacy_version: ProtocolVersion::TLS1_2,
            random: &self.random,
            legacy_session_id: self.session_id(session),
            cipher_suites: Sequence::from(cipher_suites.as_slice()),
            legacy_compression_methods: &[0],
            extensions: ClientExtensions {
                server_name: match self.server {
                    ServerName::Dns(name) => Some(HostName(name.as_str().as_bytes())),
                    // Literal addresses are not permitted in SNI (RFC 6066 section 3).
                    ServerName::Ip(_) => None,
                },
                // RFC 8422 section 5.1.1: the one form that is left.
                ec_point_formats: self.tls12.then_some(&[0]),
                extended_main_secret: self.tls12,
                session_ticket: (self.tls12 && resumes).then_some(older_ticket.unwrap_or_default()),
                compress_certificate: (!compression.is_empty()).then_some(Sequence::from(compression.as_slice())),
                status_request: config.asks_for_status.then_some(CertificateStatusRequest::OCSP),
                signed_certificate_timestamp: config.asks_for_timestamps,
                supported_groups: (!groups.is_empty()).then_some(Sequence::from(groups.as_slice())),
                signature_algorithms: Some(Sequence::from(signature_algorithms.as_slice())),
                signature_algorithms_cert: (!of_certificates.is_empty())
                    .then_some(Sequence::from(of_certificates.as_slice())),
                application_layer_protocol_negotiation: (!protocols.is_empty())
                    .then_some(Sequence::from(protocols.as_slice())),
                record_size_limit: config.record_size_limit.map(|limit| limit.min(self.largest_record())),
                supported_versions: self.tls13.then_some(Sequence::from(versions.as_slice())),
                post_handshake_auth: self.tls13 && config.authenticates_later,
                // RFC 9846 section 4.2.2: the second hello offers none.
                early_data: retry.is_none() && early::allowed(config, session).is_ok(),
                cookie: retry.and_then(|retry| retry.cookie),
                key_share: self.tls13.then_some(Sequence::from(key_shares.as_slice())),
                psk_key_exchange_modes: (self.tls13 && resumes)
                    .then_some(Sequence::from(&[PskKeyExchangeMode::PSK_DHE_KE][..])),
                pre_shared_key: psk.map(|_| OfferedPsks {
                    identities: Sequence::from(identities.as_slice()),
                    binders: Sequence::from(binders.as_slice()),
                }),
                unknown: Sequence::from(grease_extension.as_slice()),
                order: Order::from(order.as_slice()),
                ..Default::default()
            },
        };
        let mut bytes = handshake_message(HandshakeType::CLIENT_HELLO, &hello)?;
        #[cfg(test)]
        {
            bytes = crate::crypto::recorded::in_place_of(HandshakeType::CLIENT_HELLO, bytes);
        }
        let early_secret = match psk {
            None => None,
            Some((session, _)) => Some(bind(&mut bytes, &hello, session, retry)?),
        };
        #[cfg(fuzzing)]
        let bytes = crate::mutation::message(HandshakeType::CLIENT_HELLO, bytes);
        Ok(SentHello { bytes, early_secret })
    }
}

/// Puts the binder in its place (RFC 9846 section 4.3.11.2).
fn bind(
    bytes: &mut [u8],
    hello: &ClientHello<'_>,
    session: &ClientSession,
    retry: Option<&Retry<'_>>,
) -> Result<EarlySecret, Error> {
    let suite = Suite::of(session.cipher_suite).ok_or(PeerFault::PskHashMismatch)?;
    let early_secret = EarlySecret::new(suite.hash, session.secret.as_ref())?;
    let binders = hello
        .extensions
        .pre_shared_key
        .map_or(0, |offered| offered.binders_length());
    let truncated = bytes.len().saturating_sub(binders);
    let covered = bytes.get(..truncated).unwrap_or_default();
    let hash = match retry {
        None => suite.hash.of(covered),
        Some(retry) => retry.transcript.hash_with(covered),
    };
    let binder = early_secret.resumption_binder(&hash)?;
    let binder = binder.as_ref();
    let place = bytes.len().saturating_sub(binder.len());
    bytes.get_mut(place..).unwrap_or_default().copy_from_slice(binder);
    Ok(early_secret)
}

/// The version that the server chose (RFC 9846 section 4.2.3 and RFC 9846 section 4.3.1).
pub(super) fn version(answer: &ServerHelloOrRetry<'_>, offer: &Offer<'_>) -> Result<ProtocolVersion, Error> {
    let hello = match answer {
        // Its random alone tells it.
        ServerHelloOrRetry::HelloRetryRequest(_) if offer.tls13 => return Ok(ProtocolVersion::TLS1_3),
        ServerHelloOrRetry::HelloRetryRequest(_) => return Err(PeerFault::VersionNotOffered.into()),
        ServerHelloOrRetry::ServerHello(hello) => hello,
    };
    match hello.extensions.supported_versions {
        Some(ProtocolVersion::TLS1_3) if offer.tls13 => return Ok(ProtocolVersion::TLS1_3),
        Some(_) => return Err(PeerFault::SelectedVersionIllegal.into()),
        None => {}
    }
    // A random that ends so comes from a server that has TLS 1.3: somebody took it from our offer.
    let is_marked = matches!(hello.random.last_chunk(), Some(b"DOWNGRD\x01" | b"DOWNGRD\x00"));
    if offer.tls13 && is_marked {
        return Err(PeerFault::Downgrade.into());
    }
    match hello.legacy_version {
        ProtocolVersion::TLS1_2 if offer.tls12 => Ok(ProtocolVersion::TLS1_2),
        ProtocolVersion::SSL3_0 => Err(PeerFault::Ssl3.into()),
        _ => Err(PeerFault::VersionNotOffered.into()),
    }
}

/// From here on protected records are as long as either side takes them, where the server answered our limit with its own (RFC 8449 section 4).
pub(super) fn limit_records(
    channel: &mut Channel,
    config: &ClientConfig,
    version: ProtocolVersion,
    limit: Option<u16>,
    mut answered: impl Iterator<Item = ExtensionType>,
) -> Result<(), Error> {
    let (Some(theirs), Some(ours)) = (limit, config.record_size_limit) else {
        return Ok(());
    };
    if answered.any(|kind| kind == ExtensionType::MAX_FRAGMENT_LENGTH) {
        return Err(PeerFault::TwoRecordLimits.into());
    }
    if theirs > size_limit::largest(version) {
        return Err(PeerFault::RecordSizeLimit.into());
    }
    channel.limit_received(size_limit::max_content(ours, version));
    channel.limit_sent(size_limit::max_content(theirs, version));
    Ok(())
}

impl SentHello {
    /// The hello as the server reads it.
    pub(crate) fn sent(&self) -> Result<ClientHello<'_>, Malformed> {
        ClientHello::read(self.bytes.get(4..).unwrap_or_default())
    }

    /// Behind the message's header, the version and the random.
    pub(crate) fn legacy_session_id(&self) -> &[u8] {
        let (length, rest) = match self.bytes.get(4 + 2 + 32..) {
            Some([length, rest @ ..]) => (usize::from(*length), rest),
            _ => return &[],
        };
        rest.get(..length).unwrap_or_default()
    }

    /// Whether every extension of an answer was offered (RFC 9846 section 4.3). A HelloRetryRequest may add a cookie.
    pub(crate) fn check_answer(&self, answered: impl Iterator<Item = ExtensionType>) -> Result<(), Error> {
        let mut answered = answered.peekable();
        if answered.peek().is_none() {
            return Ok(());
        }
        let sent = self.sent()?;
        // A server that echoes what means nothing did not understand what it read (RFC 8701 section 4).
        let is_offered =
            |kind: ExtensionType| !kind.is_grease() && sent.extension_types().any(|offered| offered == kind);
        if answered.all(is_offered) {
            Ok(())
        } else {
            Err(PeerFault::UnsolicitedExtension.into())
        }
    }
}

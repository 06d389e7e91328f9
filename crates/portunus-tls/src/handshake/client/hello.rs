//! The ClientHello: what we offer, and what an answer may hold of it.

use portunus_x509::{ServerName, UnixTime};
use smallvec::SmallVec;

use crate::config::client::ClientConfig;
use crate::crypto::group::KeyShares;
use crate::crypto::random;
use crate::crypto::suite::Suite;
use crate::error::{Error, PeerFault};
use crate::handshake::grease;
use crate::policy::Policy;
use crate::schedule::tls13::EarlySecret;
use crate::schedule::transcript::Transcript;
use crate::session::client::ClientSession;
use crate::wire::Sequence;
use crate::wire::{
    CertificateStatusRequest, ClientExtensions, ClientHello, HostName, KeyShareEntry, OfferedPsks, Order, ProtocolName,
    PskBinderEntry, PskIdentity, UnknownExtension,
};
use crate::wire::{
    CipherSuite, ExtensionType, HandshakeType, NamedGroup, ProtocolVersion, PskKeyExchangeMode, SignatureScheme,
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
    fn from_random([suite, group, version, scheme, extension]: [u8; 5]) -> Self {
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
    config: &'a ClientConfig,
    server: &'a ServerName,
    pub(crate) random: [u8; 32],
    session_id: [u8; 32],
    grease: Option<Grease>,
    now: UnixTime,
}

/// A ClientHello that was sent: its bytes are the one source of what an answer may refer to.
pub(crate) struct SentHello {
    pub(crate) bytes: Vec<u8>,
    /// The early secret of the session that was offered.
    pub(crate) early_secret: Option<EarlySecret>,
}

/// What a HelloRetryRequest changed.
pub(crate) struct Retry<'a> {
    pub(crate) cookie: Option<&'a [u8]>,
    /// Whether another key share was asked for: only then the list changes.
    pub(crate) asks_for_share: bool,
    pub(crate) transcript: &'a Transcript,
}

impl<'a> Offer<'a> {
    pub(crate) fn new(config: &'a ClientConfig, server: &'a ServerName, now: UnixTime) -> Result<Self, Error> {
        Ok(Self {
            config,
            server,
            random: random::array()?,
            // Not empty: middleboxes then see a TLS 1.2 resumption (RFC 9846 appendix E.4).
            session_id: random::array()?,
            grease: if config.grease {
                Some(Grease::from_random(random::array()?))
            } else {
                None
            },
            now,
        })
    }

    pub(crate) fn policy(&self) -> &Policy {
        &self.config.policy
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
        let cipher_suites: List<_> = (grease().map(|grease| grease.cipher_suite))
            .chain(policy.cipher_suites.iter().copied())
            .collect();
        let groups: List<_> = (grease().map(|grease| grease.group))
            .chain(policy.groups.iter().copied())
            .collect();
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
        let version = ProtocolVersion::TLS1_3;
        let versions = [self.grease.map_or(version, |grease| grease.version), version];
        let (_, versions) = versions.split_at(usize::from(self.grease.is_none()));
        let order = self.grease.map(|grease| grease.extension);
        let grease_extension = order.map(|extension_type| UnknownExtension {
            extension_type,
            extension_data: &[],
        });
        let compression: List<_> = (config.certificate_compression.iter())
            .map(|compression| compression.algorithm())
            .collect();
        let binder = session.map(|session| Suite::of(session.cipher_suite).map_or(32, |suite| suite.hash.length()));
        let zeros = [0; 48];
        let binders = binder.and_then(|length| zeros.get(..length)).map(PskBinderEntry);
        let identities = session.map(|session| PskIdentity {
            identity: &session.ticket,
            obfuscated_ticket_age: session.obfuscated_age(self.now),
        });
        let hello = ClientHello {
            legacy_version: ProtocolVersion::TLS1_2,
            random: &self.random,
            legacy_session_id: &self.session_id,
            cipher_suites: Sequence::from(cipher_suites.as_slice()),
            legacy_compression_methods: &[0],
            extensions: ClientExtensions {
                server_name: match self.server {
                    ServerName::Dns(name) => Some(HostName(name.as_str().as_bytes())),
                    // Literal addresses are not permitted in SNI (RFC 6066 section 3).
                    ServerName::Ip(_) => None,
                },
                compress_certificate: (!compression.is_empty()).then_some(Sequence::from(compression.as_slice())),
                status_request: config.asks_for_status.then_some(CertificateStatusRequest::OCSP),
                signed_certificate_timestamp: config.asks_for_timestamps,
                supported_groups: Some(Sequence::from(groups.as_slice())),
                signature_algorithms: Some(Sequence::from(signature_algorithms.as_slice())),
                application_layer_protocol_negotiation: (!protocols.is_empty())
                    .then_some(Sequence::from(protocols.as_slice())),
                supported_versions: Some(Sequence::from(versions)),
                cookie: retry.and_then(|retry| retry.cookie),
                key_share: Some(Sequence::from(key_shares.as_slice())),
                psk_key_exchange_modes: self
                    .config
                    .sessions
                    .is_some()
                    .then_some(Sequence::from(&[PskKeyExchangeMode::PSK_DHE_KE][..])),
                pre_shared_key: session.map(|_| OfferedPsks {
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
        let early_secret = match session {
            None => None,
            Some(session) => Some(bind(&mut bytes, &hello, session, retry)?),
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
    let early_secret = EarlySecret::new(suite.hash, session.psk.as_ref())?;
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

impl SentHello {
    /// The hello as the server reads it.
    pub(crate) fn sent(&self) -> Result<ClientHello<'_>, Malformed> {
        ClientHello::read(self.bytes.get(4..).unwrap_or_default())
    }

    /// Whether every extension of an answer was offered (RFC 9846 section 4.3). A HelloRetryRequest may add a cookie.
    pub(crate) fn check_answer(&self, mut answered: impl Iterator<Item = ExtensionType>) -> Result<(), Error> {
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

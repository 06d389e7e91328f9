//! How a server of TLS 1.2 and its client come to a preliminary secret, and how the server's key takes part: an ephemeral exchange, which it signs (RFC 8422), or
//! RSA key transport, where it decrypts (RFC 5246 section 7.4.7.1).

use super::Asked;
use crate::choose;
use crate::config::identity::Identity;
use crate::config::server::ServerConfig;
use crate::crypto::group::KeyShares;
use crate::crypto::key_transport::{Decrypt, decrypt};
use crate::crypto::secret::Secret;
use crate::crypto::suite::Suite;
use crate::crypto::tls12::{Authentication, KeyExchangeAlgorithm};
use crate::error::{Error, Internal, PeerFault};
use crate::handshake::channel::Channel;
use crate::observe::{Direction, Note};
use crate::schedule::transcript::Transcript;
use crate::wire::tls12::{ClientKeyExchange, EncryptedPreliminarySecret, ServerKeyExchange};
use crate::wire::{ClientHello, HandshakeType, NamedGroup, ProtocolVersion, SignatureScheme};

/// The cipher suite, and what it makes of this identity's key.
pub(super) struct Chosen<'a> {
    pub(super) suite: Suite,
    pub(super) exchange: KeyExchange<'a>,
}

/// The key exchange that was chosen.
pub(super) enum KeyExchange<'a> {
    Ephemeral {
        group: NamedGroup,
        scheme: SignatureScheme,
    },
    KeyTransport {
        key: &'a dyn Decrypt,
        /// What the client offered: its secret says so too.
        offered: ProtocolVersion,
    },
}

/// What waits for the client's half.
pub(super) enum Begun<'a> {
    Ephemeral {
        shares: KeyShares,
        group: NamedGroup,
    },
    KeyTransport {
        key: &'a dyn Decrypt,
        offered: ProtocolVersion,
    },
}

/// An ephemeral exchange wherever one can be; key transport last of all.
pub(super) fn choose<'a>(
    hello: &ClientHello<'_>,
    identity: &'a Identity,
    config: &ServerConfig,
) -> Result<Chosen<'a>, PeerFault> {
    ephemeral(hello, identity, config).or_else(|fault| key_transport(hello, identity, config).ok_or(fault))
}

/// Suite, group and scheme for this certificate's key (RFC 5246 section 7.4.2, RFC 8422 section 5.1).
fn ephemeral(
    hello: &ClientHello<'_>,
    identity: &Identity,
    config: &ServerConfig,
) -> Result<Chosen<'static>, PeerFault> {
    let (extensions, policy) = (&hello.extensions, &config.policy);
    let authentication = Authentication::of_key(&identity.key_algorithm).ok_or(PeerFault::NoCipherSuiteForKey)?;
    let algorithm = KeyExchangeAlgorithm::Ephemeral(authentication);
    let suite = choose::tls12::cipher_suite(hello.cipher_suites, policy, algorithm)?;
    let group = choose::tls12::group(extensions.supported_groups, policy)?;
    // A client that names no schemes means SHA-1 ones, of which there are none here (RFC 9155 section 2).
    let offered = extensions.signature_algorithms.unwrap_or_default();
    let scheme = identity
        .scheme_among(|scheme| offered.contains(scheme) && Authentication::of_scheme(*scheme) == Some(authentication));
    let scheme = scheme.ok_or(PeerFault::NoCommonSignatureScheme)?;
    if !identity.has_curve_of(hello) {
        return Err(PeerFault::NoGroupForKey);
    }
    Ok(Chosen {
        suite,
        exchange: KeyExchange::Ephemeral { group, scheme },
    })
}

/// A suite of key transport, where the policy has one and the key may decrypt.
fn key_transport<'a>(hello: &ClientHello<'_>, identity: &'a Identity, config: &ServerConfig) -> Option<Chosen<'a>> {
    let key = identity.decryption()?;
    let algorithm = KeyExchangeAlgorithm::KeyTransport;
    let suite = choose::tls12::cipher_suite(hello.cipher_suites, &config.policy, algorithm).ok()?;
    Some(Chosen {
        suite,
        exchange: KeyExchange::KeyTransport {
            key,
            offered: hello.legacy_version,
        },
    })
}

impl<'a> KeyExchange<'a> {
    /// The group and the scheme of an ephemeral exchange.
    pub(super) fn ephemeral(&self) -> Option<(NamedGroup, SignatureScheme)> {
        match self {
            Self::Ephemeral { group, scheme } => Some((*group, *scheme)),
            Self::KeyTransport { .. } => None,
        }
    }

    /// `[ServerKeyExchange]`: our half, signed together with both randoms (RFC 8422 section 5.4). In key transport the certificate is all of it.
    pub(super) async fn begin(
        self,
        channel: &mut Channel,
        transcript: &mut Transcript,
        asked: &Asked<'_>,
        identity: &Identity,
    ) -> Result<Begun<'a>, Error> {
        let (group, scheme) = match self {
            Self::Ephemeral { group, scheme } => (group, scheme),
            Self::KeyTransport { key, offered } => return Ok(Begun::KeyTransport { key, offered }),
        };
        let shares = KeyShares::generate(&[group]).map_err(|_| Internal::Crypto)?;
        let (_, point) = shares.entries().first().ok_or(Internal::Crypto)?;
        let params = ServerKeyExchange::params(group, point)?;
        let signed = [&asked.randoms.client[..], &asked.randoms.server, &params].concat();
        let signature = identity.key.sign(scheme, &signed).await.map_err(Internal::from)?;
        let message = ServerKeyExchange {
            namedcurve: group,
            point,
            algorithm: scheme,
            signature: &signature,
        };
        channel.send(transcript, HandshakeType::SERVER_KEY_EXCHANGE, &message)?;
        channel.note(&Note::Proved { scheme });
        Ok(Begun::Ephemeral { shares, group })
    }
}

impl Begun<'_> {
    /// ClientKeyExchange: the client's half (RFC 8422 section 5.7, RFC 5246 section 7.4.7.1); gives what both then share.
    pub(super) async fn finish(self, channel: &mut Channel, transcript: &mut Transcript) -> Result<Secret, Error> {
        let message = channel.receive(&[HandshakeType::CLIENT_KEY_EXCHANGE]).await?;
        let preliminary = match self {
            Self::Ephemeral { shares, group } => {
                let exchange: ClientKeyExchange<'_> = message.decode()?;
                let server_share = shares.entries().first().map_or(0, |(_, point)| point.len());
                let preliminary = shares.finish(group, exchange.point)?;
                channel.note(&Note::KeyExchanged {
                    group,
                    client_share: exchange.point.len(),
                    server_share,
                    shared_secret: preliminary.as_ref().len(),
                });
                preliminary
            }
            Self::KeyTransport { key, offered } => {
                let exchange: EncryptedPreliminarySecret<'_> = message.decode()?;
                let encrypted = exchange.preliminary_secret;
                // Whatever was in it: that shows at the client's Finished, and not before.
                let preliminary = decrypt(key, encrypted, offered).await?;
                channel.note(&Note::KeyTransported {
                    direction: Direction::Received,
                    encrypted: encrypted.len(),
                });
                preliminary
            }
        };
        transcript.add(message.bytes());
        Ok(preliminary)
    }
}

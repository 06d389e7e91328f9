//! How a client of TLS 1.2 and its server come to a preliminary secret, and how the key of the server's certificate takes part: an ephemeral exchange, which the
//! server signs (RFC 8422), or RSA key transport, where it decrypts (RFC 5246 section 7.4.7.1).

use portunus_x509::{Certificate, KeyUsage};

use super::{Agreed, Certified};
use crate::crypto::group::KeyShares;
use crate::crypto::key_transport::{encrypt, preliminary_secret};
use crate::crypto::secret::Secret;
use crate::crypto::tls12::{KeyExchangeAlgorithm, curve_of_key};
use crate::error::{CertificateFault, Error, Internal, PeerFault};
use crate::handshake::channel::{Channel, Message};
use crate::handshake::tls12::check_signature;
use crate::observe::{Direction, Note};
use crate::schedule::transcript::Transcript;
use crate::wire::tls12::{ClientKeyExchange, EncryptedPreliminarySecret, ServerKeyExchange};
use crate::wire::{HandshakeType, NamedGroup, ProtocolVersion, SignatureScheme};

/// What of the server's our half answers.
pub(super) enum KeyExchange {
    /// Its ServerKeyExchange, whose signature is right.
    Ephemeral(Message),
    /// The key of its certificate alone.
    KeyTransport,
}

/// What may come behind a certificate and its status.
pub(super) fn next(algorithm: KeyExchangeAlgorithm) -> &'static [HandshakeType] {
    match algorithm {
        KeyExchangeAlgorithm::Ephemeral(_) => &[HandshakeType::SERVER_KEY_EXCHANGE],
        KeyExchangeAlgorithm::KeyTransport => &[HandshakeType::CERTIFICATE_REQUEST, HandshakeType::SERVER_HELLO_DONE],
    }
}

/// As [`next`], where a status may come before it.
pub(super) fn status_or_next(algorithm: KeyExchangeAlgorithm) -> &'static [HandshakeType] {
    match algorithm {
        KeyExchangeAlgorithm::Ephemeral(_) => &[HandshakeType::CERTIFICATE_STATUS, HandshakeType::SERVER_KEY_EXCHANGE],
        KeyExchangeAlgorithm::KeyTransport => &[
            HandshakeType::CERTIFICATE_STATUS,
            HandshakeType::CERTIFICATE_REQUEST,
            HandshakeType::SERVER_HELLO_DONE,
        ],
    }
}

/// Whether the end entity's key is of the kind that the cipher suite asks for, on a curve that we read, and may encrypt where it has to
/// (RFC 5246 section 7.4.2, RFC 8422 section 5.3).
pub(super) fn check_key(chain: &[Vec<u8>], agreed: &Agreed<'_>) -> Result<(), Error> {
    let leaf = chain.first().ok_or(PeerFault::NoCertificate)?;
    let leaf = Certificate::parse(leaf).map_err(CertificateFault::Unreadable)?;
    let key = &leaf.subject_public_key_info().algorithm;
    if !agreed.algorithm.fits(key) {
        return Err(PeerFault::CertificateWrongForSuite.into());
    }
    if curve_of_key(key).is_some_and(|curve| !agreed.offer.policy().groups.contains(&curve)) {
        return Err(PeerFault::CertificateCurveNotOffered.into());
    }
    let key_usage = leaf.key_usage().map_err(CertificateFault::Unreadable)?;
    let may_encrypt = key_usage.is_none_or(|usage| usage.allows(KeyUsage::KEY_ENCIPHERMENT));
    if agreed.algorithm == KeyExchangeAlgorithm::KeyTransport && !may_encrypt {
        return Err(PeerFault::KeyUsageEncipherment.into());
    }
    Ok(())
}

/// `[ServerKeyExchange]`: the server's half, and its signature over it, which proves that it holds the certificate's key (RFC 8422 section 5.4). In key
/// transport its Finished is that proof. Gives the message behind it as well.
pub(super) async fn server_key_exchange(
    channel: &mut Channel,
    transcript: &mut Transcript,
    agreed: &Agreed<'_>,
    certified: &Certified,
    message: Message,
) -> Result<(KeyExchange, Message), Error> {
    if agreed.algorithm == KeyExchangeAlgorithm::KeyTransport {
        return Ok((KeyExchange::KeyTransport, message));
    }
    let exchange: ServerKeyExchange<'_> = message.decode()?;
    let policy = agreed.offer.policy();
    if !policy.tls12_groups().any(|group| group == exchange.namedcurve) {
        return Err(PeerFault::GroupNotOffered.into());
    }
    let params = message.body().get(..exchange.params_length()).unwrap_or_default();
    let signed = [&agreed.randoms.client[..], &agreed.randoms.server, params].concat();
    let leaf = certified.chain.first().ok_or(PeerFault::NoCertificate)?;
    check_signature(leaf, policy, exchange.algorithm, &signed, exchange.signature)?;
    transcript.add(message.bytes());
    channel.note(&Note::PeerProved {
        scheme: exchange.algorithm,
    });
    let next = channel
        .receive(&[HandshakeType::CERTIFICATE_REQUEST, HandshakeType::SERVER_HELLO_DONE])
        .await?;
    Ok((KeyExchange::Ephemeral(message), next))
}

impl KeyExchange {
    /// The group and the scheme of an ephemeral exchange.
    pub(super) fn ephemeral(&self) -> Result<Option<(NamedGroup, SignatureScheme)>, Error> {
        match self {
            Self::Ephemeral(message) => {
                let exchange: ServerKeyExchange<'_> = message.decode()?;
                Ok(Some((exchange.namedcurve, exchange.algorithm)))
            }
            Self::KeyTransport => Ok(None),
        }
    }

    /// ClientKeyExchange: our half (RFC 8422 section 5.7, RFC 5246 section 7.4.7.1); gives what both then share.
    pub(super) fn finish(
        &self,
        channel: &mut Channel,
        transcript: &mut Transcript,
        certified: &Certified,
    ) -> Result<Secret, Error> {
        match self {
            Self::Ephemeral(message) => ephemeral(channel, transcript, &message.decode()?),
            Self::KeyTransport => key_transport(channel, transcript, certified),
        }
    }
}

fn ephemeral(
    channel: &mut Channel,
    transcript: &mut Transcript,
    exchange: &ServerKeyExchange<'_>,
) -> Result<Secret, Error> {
    let group = exchange.namedcurve;
    let shares = KeyShares::generate(&[group]).map_err(|_| Internal::Crypto)?;
    let (_, point) = shares.entries().first().ok_or(Internal::Crypto)?;
    let message = ClientKeyExchange { point };
    channel.send(transcript, HandshakeType::CLIENT_KEY_EXCHANGE, &message)?;
    let client_share = point.len();
    let preliminary = shares.finish(group, exchange.point)?;
    channel.note(&Note::KeyExchanged {
        group,
        client_share,
        server_share: exchange.point.len(),
        shared_secret: preliminary.as_ref().len(),
    });
    Ok(preliminary)
}

fn key_transport(channel: &mut Channel, transcript: &mut Transcript, certified: &Certified) -> Result<Secret, Error> {
    let leaf = certified.chain.first().ok_or(PeerFault::NoCertificate)?;
    let leaf = Certificate::parse(leaf).map_err(CertificateFault::Unreadable)?;
    // The ClientHello's legacy_version.
    let preliminary = preliminary_secret(ProtocolVersion::TLS1_2)?;
    let encrypted = encrypt(leaf.subject_public_key_info(), &preliminary).map_err(|_| PeerFault::RsaKeyUnusable)?;
    let message = EncryptedPreliminarySecret {
        preliminary_secret: &encrypted,
    };
    channel.send(transcript, HandshakeType::CLIENT_KEY_EXCHANGE, &message)?;
    channel.note(&Note::KeyTransported {
        direction: Direction::Sent,
        encrypted: encrypted.len(),
    });
    Ok(preliminary)
}

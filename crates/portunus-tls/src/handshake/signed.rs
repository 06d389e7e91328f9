//! The peer's authentication messages, which both sides check alike: Certificate (RFC 9846 section 4.5.1), CertificateVerify
//! (RFC 9846 section 4.5.2) and Finished (RFC 9846 section 4.5.3).

use portunus_x509::{KeyUsage, SubjectPublicKeyInfo};

use super::Side;
use super::channel::{Aligned, Channel};
use crate::crypto::hash::{Digest, MAX_HASH};
use crate::crypto::verify::verify;
use crate::error::{CertificateFault, Error, Limit, PeerFault};
use crate::limits::MAX_CHAIN_LENGTH;
use crate::observe::Note;
use crate::schedule::tls13::TrafficSecret;
use crate::schedule::transcript::Transcript;
use crate::wire::{Certificate, CertificateVerify, Finished, HandshakeType, SignatureScheme};

/// 64 spaces, a context, a zero.
const SIGNED_PREFIX: usize = 64 + 33 + 1;

/// What a CertificateVerify signs.
pub(crate) struct SignedContent {
    bytes: [u8; SIGNED_PREFIX + MAX_HASH],
    length: usize,
}

/// The content that `side` signs: 64 spaces, a context, a zero, the transcript's hash.
pub(crate) fn signed_content(side: Side, transcript: &Digest) -> SignedContent {
    let context: &[u8; 33] = match side {
        Side::Server => b"TLS 1.3, server CertificateVerify",
        Side::Client => b"TLS 1.3, client CertificateVerify",
    };
    let parts = [context, &[0][..], transcript.as_ref()];
    let mut content = SignedContent {
        bytes: [b' '; SIGNED_PREFIX + MAX_HASH],
        length: SIGNED_PREFIX + transcript.as_ref().len(),
    };
    for (place, byte) in content.bytes.iter_mut().skip(64).zip(parts.into_iter().flatten()) {
        *place = *byte;
    }
    content
}

impl AsRef<[u8]> for SignedContent {
    fn as_ref(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

/// The chain of a Certificate in the handshake, where its context is empty.
pub(crate) fn handshake_chain(certificate: &Certificate<'_>) -> Result<Vec<Vec<u8>>, Error> {
    if !certificate.certificate_request_context.is_empty() {
        return Err(PeerFault::RequestContextNotEmpty.into());
    }
    peer_chain(certificate)
}

/// The chain of a Certificate, in DER: its length is bounded; it may be empty.
pub(crate) fn peer_chain(certificate: &Certificate<'_>) -> Result<Vec<Vec<u8>>, Error> {
    let entries = || certificate.certificate_list.iter();
    if entries().nth(MAX_CHAIN_LENGTH).is_some() {
        return Err(Limit::ChainLength.into());
    }
    Ok(entries().map(|entry| entry.cert_data.to_vec()).collect())
}

/// Expects the CertificateVerify of `peer`, whose certificate is `leaf`: the proof that it holds its key. `offered` are the
/// schemes that we said we verify; gives the one that was used.
pub(crate) async fn peer_certificate_verify(
    channel: &mut Channel,
    transcript: &mut Transcript,
    peer: Side,
    leaf: &[u8],
    offered: &[SignatureScheme],
) -> Result<SignatureScheme, Error> {
    let signed = signed_content(peer, &transcript.hash());
    let message = channel.receive(&[HandshakeType::CERTIFICATE_VERIFY]).await?;
    let proof: CertificateVerify<'_> = message.decode()?;
    check_proof(leaf, &proof, offered, signed.as_ref())?;
    transcript.add(message.bytes());
    channel.note(&Note::PeerProved {
        scheme: proof.algorithm,
    });
    Ok(proof.algorithm)
}

/// Expects the peer's Finished, made with `secret`: both saw the same handshake.
pub(crate) async fn peer_finished(
    channel: &mut Channel,
    transcript: &mut Transcript,
    secret: &TrafficSecret,
) -> Result<Aligned, Error> {
    let (message, aligned) = channel.receive_last(&[HandshakeType::FINISHED]).await?;
    let finished: Finished<'_> = message.decode()?;
    secret.verify_data(&transcript.hash())?.check(finished.verify_data)?;
    transcript.add(message.bytes());
    channel.note(&Note::PeerFinished);
    Ok(aligned)
}

/// Checks what the holder of the certificate `leaf` signed, with one of the schemes that were `offered`.
pub(crate) fn check_proof(
    leaf: &[u8],
    proof: &CertificateVerify<'_>,
    offered: &[SignatureScheme],
    signed: &[u8],
) -> Result<(), Error> {
    if !offered.contains(&proof.algorithm) {
        return Err(PeerFault::SchemeNotOffered.into());
    }
    with_signing_key(leaf, |key| Ok(verify(proof.algorithm, key, signed, proof.signature)?))
}

/// Lends the key of the certificate `leaf`, which must be one for signatures (RFC 5280 section 4.2.1.3).
pub(super) fn with_signing_key(
    leaf: &[u8],
    verify: impl FnOnce(&SubjectPublicKeyInfo<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    let leaf = portunus_x509::Certificate::parse(leaf).map_err(CertificateFault::Unreadable)?;
    let key_usage = leaf.key_usage().map_err(CertificateFault::Unreadable)?;
    if key_usage.is_some_and(|usage| !usage.allows(KeyUsage::DIGITAL_SIGNATURE)) {
        return Err(PeerFault::KeyUsage.into());
    }
    verify(leaf.subject_public_key_info())
}

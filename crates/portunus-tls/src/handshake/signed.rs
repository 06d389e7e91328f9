//! The proofs at the end of a flight: CertificateVerify (RFC 9846 section 4.5.2) and Finished (RFC 9846 section 4.5.3).

use portunus_x509::{Certificate, KeyUsage};

use super::Side;
use crate::crypto::hash::Digest;
use crate::crypto::verify::{NotProven, verify};
use crate::error::{CertificateFault, Error, PeerFault};
use crate::schedule::tls13::TrafficSecret;
use crate::schedule::transcript::Transcript;
use crate::wire::CertificateVerify;
use crate::wire::SignatureScheme;

/// The content that `side` signs: 64 spaces, a context, a zero, the transcript's hash.
pub(crate) fn signed_content(side: Side, transcript: &Digest) -> Vec<u8> {
    let context: &[u8] = match side {
        Side::Server => b"TLS 1.3, server CertificateVerify",
        Side::Client => b"TLS 1.3, client CertificateVerify",
    };
    [&[b' '; 64][..], context, &[0], transcript.as_ref()].concat()
}

/// Checks that the peer, whose certificate is `leaf`, holds its key. `offered` are the schemes that we said we verify.
pub(crate) fn check_proof(
    leaf: &[u8],
    proof: &CertificateVerify<'_>,
    offered: &[SignatureScheme],
    signed: &[u8],
) -> Result<(), Error> {
    if !offered.contains(&proof.algorithm) {
        return Err(PeerFault::SchemeNotOffered.into());
    }
    let leaf = Certificate::parse(leaf).map_err(CertificateFault::Unreadable)?;
    let key_usage = leaf.key_usage().map_err(CertificateFault::Unreadable)?;
    if key_usage.is_some_and(|usage| !usage.allows(KeyUsage::DIGITAL_SIGNATURE)) {
        return Err(PeerFault::KeyUsage.into());
    }
    verify(proof.algorithm, leaf.subject_public_key_info(), signed, proof.signature).map_err(|not_proven| {
        match not_proven {
            NotProven::WrongKey => PeerFault::SchemeWrongForKey.into(),
            NotProven::BadSignature => PeerFault::BadSignature.into(),
        }
    })
}

/// Checks the peer's Finished over the transcript so far.
pub(crate) fn check_finished(secret: &TrafficSecret, transcript: &Transcript, received: &[u8]) -> Result<(), Error> {
    let expected = secret.verify_data(&transcript.hash())?;
    if received.len() != expected.as_ref().len() {
        return Err(PeerFault::FinishedLength.into());
    }
    if !expected.matches(received) {
        return Err(PeerFault::BadFinished.into());
    }
    Ok(())
}

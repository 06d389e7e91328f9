//! What both sides of TLS 1.2 do alike (RFC 5246 section 7).

use super::Side;
use super::channel::Channel;
use super::signed::with_signing_key;
use crate::crypto::CryptoFailed;
use crate::crypto::tls12::verify;
use crate::error::{Error, Limit, PeerFault};
use crate::handshake_io::Io;
use crate::limits::{MAX_CHAIN_LENGTH, MAX_HELLO_REQUESTS};
use crate::observe::{Note, SecretLabel};
use crate::policy::Policy;
use crate::record::protection::Protection;
use crate::schedule::tls12::{MainSecret, VerifyData};
use crate::schedule::transcript::Transcript;
use crate::wire::tls12::{Certificate, CertificateEntry, HelloRequest};
use crate::wire::{AlertDescription, AlertLevel, Decode, Finished, HandshakeType, Sequence, SignatureScheme};

/// The main secret is there: observer and key log hear of it.
pub(super) fn derived(channel: &Channel, main_secret: &MainSecret) {
    channel.derived(SecretLabel::Main, "CLIENT_RANDOM", main_secret.secret().as_ref());
}

/// Our certificates; none is sent as an empty list.
pub(super) fn send_certificate(
    channel: &mut Channel,
    transcript: &mut Transcript,
    chain: &[Vec<u8>],
) -> Result<(), Error> {
    let entries: Vec<_> = chain.iter().map(|der| CertificateEntry(der)).collect();
    let message = Certificate {
        certificate_list: Sequence::from(entries.as_slice()),
    };
    channel.send(transcript, HandshakeType::CERTIFICATE, &message)?;
    if !chain.is_empty() {
        channel.note(&Note::CertificatesSent { chain });
    }
    Ok(())
}

/// Expects the peer's Certificate: the chain in DER, its length bounded; it may be empty.
pub(super) async fn peer_chain(channel: &mut Channel, transcript: &mut Transcript) -> Result<Vec<Vec<u8>>, Error> {
    let message = channel.receive(&[HandshakeType::CERTIFICATE]).await?;
    let certificate: Certificate<'_> = message.decode()?;
    let entries = || certificate.certificate_list.iter();
    if entries().nth(MAX_CHAIN_LENGTH).is_some() {
        return Err(Limit::ChainLength.into());
    }
    transcript.add(message.bytes());
    Ok(entries().map(|entry| entry.0.to_vec()).collect())
}

/// Checks what the holder of the certificate `leaf` signed.
pub(super) fn check_signature(
    leaf: &[u8],
    policy: &Policy,
    scheme: SignatureScheme,
    signed: &[u8],
    signature: &[u8],
) -> Result<(), Error> {
    if !policy.allows_in_tls12(scheme) {
        return Err(PeerFault::SchemeNotOffered.into());
    }
    with_signing_key(leaf, |key| Ok(verify(scheme, key, signed, signature)?))
}

/// `[ChangeCipherSpec], Finished` of ours.
pub(super) fn send_finished(
    channel: &mut Channel,
    transcript: &mut Transcript,
    install: impl FnOnce(&mut Option<Protection>) -> Result<(), CryptoFailed>,
    verify_data: &VerifyData,
) -> Result<(), Error> {
    channel.send_change_cipher_spec()?;
    channel.write_with(install, SecretLabel::Main)?;
    let verify_data = verify_data.as_ref();
    channel.send(transcript, HandshakeType::FINISHED, &Finished { verify_data })
}

/// Expects the peer's `[ChangeCipherSpec], Finished`: both saw the same handshake.
pub(super) async fn peer_finished(
    channel: &mut Channel,
    transcript: &mut Transcript,
    install: impl FnOnce(&mut Option<Protection>) -> Result<(), CryptoFailed>,
    expected: &VerifyData,
) -> Result<(), Error> {
    let aligned = channel.receive_change_cipher_spec().await?;
    channel.read_with(aligned, install, SecretLabel::Main)?;
    // Nothing follows it but data.
    let (message, _) = channel.receive_last(&[HandshakeType::FINISHED]).await?;
    let finished: Finished<'_> = message.decode()?;
    if finished.verify_data.len() != expected.as_ref().len() {
        return Err(PeerFault::FinishedLength.into());
    }
    if !expected.matches(finished.verify_data) {
        return Err(PeerFault::BadFinished.into());
    }
    transcript.add(message.bytes());
    channel.note(&Note::PeerFinished);
    Ok(())
}

/// After the handshake the peer can only want another one. A server that asks for it gets a warning and no ClientHello, which may do for it, unless we
/// said close_notify, to which that is no answer; a client that begins one is refused (RFC 5246 section 7.2.2).
pub(super) fn refuse_renegotiation(io: &mut Io, side: Side, hello_requests: &mut u32) -> Result<(), Error> {
    if side == Side::Server {
        return match io.next_message(&[]) {
            Err(Error::UnexpectedMessage {
                got: HandshakeType::CLIENT_HELLO,
                ..
            }) => Err(PeerFault::Renegotiation.into()),
            Err(error) => Err(error),
            Ok(_) => Ok(()),
        };
    }
    while let Some(bytes) = io.next_message(&[HandshakeType::HELLO_REQUEST])? {
        HelloRequest::read(bytes.get(4..).unwrap_or_default())?;
        if io.closed {
            return Err(PeerFault::Renegotiation.into());
        }
        *hello_requests = hello_requests.saturating_add(1);
        if *hello_requests > MAX_HELLO_REQUESTS {
            return Err(Limit::HelloRequests.into());
        }
        io.send_alert(AlertLevel::WARNING, AlertDescription::NO_RENEGOTIATION);
    }
    Ok(())
}

//! Step 5: the server's proof, and the keys.

use portunus_tls::wire::tls12::ServerKeyExchange;
use portunus_tls::wire::{CertificateVerify, HandshakeType, SignatureScheme};
use portunus_tls::{Direction, SecretLabel};

use super::Told;
use super::text::{Block, Mark, Text, Tone, paragraph};
use crate::words::{self, bytes};
use crate::{Recording, What};

pub(super) fn tell(recording: &Recording) -> Told {
    let mut body = Vec::new();
    if recording.is_resumed() {
        body.push(paragraph(
            if recording.is_tls12() {
                "There is no signature this time. Only the server of the earlier connection knows its main secret, and that \
                 server signed when the session began."
            } else {
                "There is no signature this time. Only the server that gave the ticket can open it and knows the session's \
                 secret, and that server signed when the session began."
            },
        ));
    } else if let Some(scheme) = recording.find(|what| match what {
        What::PeerProved { scheme } => Some(*scheme),
        _ => None,
    }) {
        body.push(if recording.is_tls12() {
            signed_exchange(recording, scheme)
        } else {
            signed_transcript(recording, scheme)
        });
    }
    if recording.key_transport().is_some() {
        body.push(paragraph(
            "There is no signature. The server proves that it holds the private key by having used it: without it, it has no \
             secret, none of the keys, and cannot make the message that follows.",
        ));
    }
    if let Some(scheme) = recording.find(|what| match what {
        What::Proved { scheme } => Some(*scheme),
        _ => None,
    }) {
        body.push(Block::Paragraph(
            Text::new("The client proved its own certificate in the same way, with ")
                .value(scheme)
                .say("."),
        ));
    }
    let peer_finished = recording.has(|what| matches!(what, What::PeerFinished));
    if peer_finished {
        let ours = recording.messages(Direction::Sent, HandshakeType::FINISHED).next();
        body.push(Block::Paragraph(
            Text::new("The server's ").value("Finished").say(
                ", a keyed hash over all messages, is right: both sides saw the same handshake, and hold the same secret.",
            ).say(if ours.is_some() { " The client sent its own." } else { "" }),
        ));
    }
    body.extend(secrets(recording));
    Told {
        done: recording.is_established(),
        body,
    }
}

/// What is signed in TLS 1.3.
fn signed_transcript(recording: &Recording, scheme: SignatureScheme) -> Block {
    let signature = recording
        .messages(Direction::Received, HandshakeType::CERTIFICATE_VERIFY)
        .find_map(|message| message.decode::<CertificateVerify<'_>>())
        .map_or(0, |verify| verify.signature.len());
    Block::Paragraph(
        Text::new("In ")
            .value("CertificateVerify")
            .say(" the server signed a hash of every message so far, both hellos and the certificate among them, with ")
            .value(scheme)
            .say(format_args!(
                " ({}; {}). The signature verifies with the public key of the certificate. So whoever holds the private \
                 key took part in this very handshake, and nobody in between put other key halves in place.",
                words::scheme(scheme),
                bytes(signature)
            )),
    )
}

/// What is signed in TLS 1.2.
fn signed_exchange(recording: &Recording, scheme: SignatureScheme) -> Block {
    let signature = recording
        .messages(Direction::Received, HandshakeType::SERVER_KEY_EXCHANGE)
        .find_map(|message| message.decode::<ServerKeyExchange<'_>>())
        .map_or(0, |exchange| exchange.signature.len());
    Block::Paragraph(
        Text::new("In ")
            .value("ServerKeyExchange")
            .say(" the server signed its half of the key exchange together with the random values of both hellos, with ")
            .value(scheme)
            .say(format_args!(
                " ({}; {}). The signature verifies with the public key of the certificate. So whoever holds the private \
                 key made that half for this very handshake, and nobody in between put another in its place.",
                words::scheme(scheme),
                bytes(signature)
            )),
    )
}

fn secrets(recording: &Recording) -> Option<Block> {
    let labels = recording.all(|what| match what {
        What::SecretDerived(label) => Some(*label),
        _ => None,
    });
    let items: Vec<_> = labels
        .map(|label| {
            let text = Text::of(Tone::Value, name(label)).say(format_args!(": {}", purpose(label)));
            (Mark::Item, text)
        })
        .collect();
    if items.is_empty() {
        return None;
    }
    let heading = "From the shared secret and a hash of the messages each side derived by itself";
    Some(Block::List {
        heading: Text::new(heading),
        items,
    })
}

fn name(label: SecretLabel) -> String {
    match label {
        SecretLabel::ClientApplicationTraffic(number) | SecretLabel::ServerApplicationTraffic(number) => {
            format!("{}_{number}", label.name())
        }
        _ => label.name().to_owned(),
    }
}

fn purpose(label: SecretLabel) -> &'static str {
    match label {
        SecretLabel::ClientHandshakeTraffic => "for the rest of the client's handshake",
        SecretLabel::ServerHandshakeTraffic => "for the rest of the server's handshake",
        SecretLabel::ClientApplicationTraffic(_) => "for what the client sends",
        SecretLabel::ServerApplicationTraffic(_) => "for what the server sends",
        SecretLabel::Exporter => "for other protocols that want a key of this connection",
        SecretLabel::Resumption => "for tickets of later connections",
        SecretLabel::Main => "for the keys of both directions, and for sessions that go on",
        _ => "for something newer than this program",
    }
}

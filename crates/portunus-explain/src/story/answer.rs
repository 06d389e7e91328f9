//! Step 2: the server's answer, and its certificate.

use portunus_tls::Direction;
use portunus_tls::wire::{
    CertificateRequest, EncryptedExtensions, HandshakeType, ServerHello, ServerHelloOrRetry, tls12,
};

use super::text::{Block, Facts, Text, paragraph};
use super::{Told, certificate};
use crate::words::{bytes, cipher, list, printable, with_grease};
use crate::{Recording, What};

pub(super) fn tell(recording: &Recording) -> Told {
    let mut body = Vec::new();
    let mut hello_bytes = 0;
    let hello = recording
        .messages(Direction::Received, HandshakeType::SERVER_HELLO)
        .find_map(|message| match message.decode::<ServerHelloOrRetry<'_>>()? {
            ServerHelloOrRetry::ServerHello(hello) => {
                hello_bytes = message.bytes.len();
                Some(hello)
            }
            ServerHelloOrRetry::HelloRetryRequest(_) => None,
        });
    let Some(hello) = hello else { return Told::not_reached() };
    body.push(Block::Paragraph(
        Text::new("The server chose from the offer and said so in a ")
            .value("ServerHello")
            .say(format_args!(" of {}, {}.", bytes(hello_bytes), what_follows(recording))),
    ));
    body.push(chosen(recording, &hello));
    body.extend(asks_for_certificate(recording));
    let done = if recording.is_resumed() {
        body.push(paragraph(
            if recording.is_tls12() {
                "It showed no certificate: it went on with the session of an earlier connection, for which it had shown one."
            } else {
                "It showed no certificate: it went on with the session of a ticket that it had given to this client, and for \
                 which it had shown one."
            },
        ));
        true
    } else if let Some(chain) = recording.server_chain() {
        body.extend(shown(recording, chain));
        true
    } else {
        false
    };
    Told { done, body }
}

/// What becomes of the messages after the ServerHello.
fn what_follows(recording: &Recording) -> &'static str {
    if recording.is_tls12() {
        "and it went on in the clear: in TLS 1.2 encryption begins with the last message of the handshake"
    } else {
        "the last message that is not encrypted"
    }
}

fn chosen(recording: &Recording, hello: &ServerHello<'_>) -> Block {
    let version = hello.extensions.supported_versions.unwrap_or(hello.legacy_version);
    let protocol = recording.find(|what| match what {
        What::ApplicationProtocol { name } => Some(printable(name)),
        _ => None,
    });
    let extensions = recording
        .messages(Direction::Received, HandshakeType::ENCRYPTED_EXTENSIONS)
        .find_map(|message| message.decode::<EncryptedExtensions<'_>>());
    let share = hello
        .extensions
        .key_share
        .map(|share| format!("{} ({})", share.group, bytes(share.key_exchange.len())));
    let facts = Facts::default()
        .row("version", version)
        .noted("cipher suite", hello.cipher_suite, cipher(hello.cipher_suite))
        .maybe("key share", share);
    if recording.is_tls12() {
        let protocol = protocol.unwrap_or_else(|| "none agreed: HTTP/1.1".to_owned());
        return facts.noted("protocol", protocol, "told in the clear").block();
    }
    match (protocol, extensions) {
        (Some(protocol), _) => facts.noted("protocol", protocol, "told encrypted"),
        (None, Some(_)) => facts.row("protocol", "none agreed: HTTP/1.1"),
        (None, None) => facts,
    }
    .block()
}

fn asks_for_certificate(recording: &Recording) -> Option<Block> {
    let message = recording
        .messages(Direction::Received, HandshakeType::CERTIFICATE_REQUEST)
        .next()?;
    let (schemes, authorities) = if recording.is_tls12() {
        let request: tls12::CertificateRequest<'_> = message.decode()?;
        let authorities = Some(request.certificate_authorities);
        (Some(request.supported_signature_algorithms), authorities)
    } else {
        let request: CertificateRequest<'_> = message.decode()?;
        (request.signature_algorithms, request.certificate_authorities)
    };
    let schemes = schemes.map(|list| with_grease(list, |scheme| scheme.is_grease()));
    let authorities = authorities.map_or(0, |authorities| authorities.iter().count());
    let by = match authorities {
        0 => String::new(),
        count => format!(" by one of {count} authorities that it names"),
    };
    let answer = recording.find(|what| match what {
        What::CertificatesSent { chain } => Some(chain.len()),
        _ => None,
    });
    let answer = match answer {
        Some(count) => format!("the client showed {}", crate::words::counted(count, "certificate")),
        None => "the client has none to show, and sent an empty list".to_owned(),
    };
    let text = format!(
        "The server also asked the client for a certificate (CertificateRequest){by}, with a signature of {}; {answer}.",
        schemes.unwrap_or_default()
    );
    Some(paragraph(text))
}

fn shown(recording: &Recording, chain: &[Vec<u8>]) -> Vec<Block> {
    let sent = crate::words::counted(chain.len(), "certificate");
    let seen = if recording.is_tls12() {
        "in the clear: everybody on the way sees who the server is"
    } else {
        "encrypted: who the server is stays hidden from an eavesdropper"
    };
    let mut blocks = vec![Block::Paragraph(
        Text::new("Its ")
            .value("Certificate")
            .say(format_args!(" message holds {sent}, {seen}.")),
    )];
    if let Some(leaf) = chain.first() {
        blocks.push(certificate::describe(leaf, recording.target.started));
    }
    let others: Vec<_> = chain.iter().skip(1).map(|der| certificate::in_short(der)).collect();
    if !others.is_empty() {
        let facts = Facts::default().row("sent along", list(others));
        blocks.push(facts.block());
    }
    blocks
}

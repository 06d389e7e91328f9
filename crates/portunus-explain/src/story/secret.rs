//! Step 4: which secret was made, and how it got across.

use portunus_tls::wire::NamedGroup;
use portunus_x509::Certificate;

use super::Told;
use super::text::{Block, Facts, Text, Tone, paragraph};
use crate::words::{self, bytes, number};
use crate::{Recording, What};

pub(super) fn tell(recording: &Recording) -> Told {
    let made = recording.find(|what| match what {
        What::KeyExchanged {
            group,
            client_share,
            server_share,
            shared_secret,
        } => Some((*group, *client_share, *server_share, *shared_secret)),
        _ => None,
    });
    let Some((group, client_share, server_share, shared_secret)) = made else {
        return if let Some(encrypted) = recording.key_transport() {
            transported(recording, encrypted)
        } else if recording.is_tls12() && recording.is_resumed() {
            carried_on()
        } else {
            Told::not_reached()
        };
    };
    let halves = match parts(group) {
        Some((client, server)) => Facts::default()
            .noted("client's half", bytes(client_share), client)
            .noted("server's half", bytes(server_share), server),
        None => Facts::default()
            .row("client's half", bytes(client_share))
            .row("server's half", bytes(server_share)),
    };
    let mut body = vec![
        Block::Paragraph(Text::new("By ").value(group).say(format_args!(
            " {}. Each side computed the same {} from what it kept and what it got. They never crossed the wire, and \
                     whoever saw all that did cannot compute them.",
            way(group),
            bytes(shared_secret)
        ))),
        paragraph(words::group(group)),
        halves
            .noted("shared secret", bytes(shared_secret), "never sent")
            .block(),
    ];
    if recording.is_resumed() {
        body.push(paragraph(
            "The secret of the earlier session (the ticket's pre-shared key) was mixed in: whoever lacks either has neither.",
        ));
    }
    body.push(Block::Paragraph(Text::of(
        Tone::Dim,
        "In the original HTTPS the client chose the secret and sent it encrypted with the server's RSA key. Whoever got \
         hold of that key years later could read all that had been recorded. TLS 1.3 has only key pairs that are thrown \
         away after use, as this connection had, and the certificate's key is there to sign.",
    )));
    Told { done: true, body }
}

/// The original HTTPS: the secret crosses the wire, encrypted.
fn transported(recording: &Recording, encrypted: usize) -> Told {
    let key = recording.find(|what| match what {
        What::CertificatesReceived { chain } => Certificate::parse(chain.first()?)
            .ok()?
            .subject_public_key_info()
            .rsa_modulus_bits(),
        _ => None,
    });
    let key = key.map_or_else(
        || "RSA key".to_owned(),
        |bits| format!("RSA key of {} bits", number(bits)),
    );
    let body = vec![
        Block::Paragraph(
            Text::new("In the original way of HTTPS: the client alone chose the secret, 46 random bytes behind two for the version \
                       that it offered, encrypted it with the public key of the server's certificate, and sent it in ")
                .value("ClientKeyExchange")
                .say(". Only the private key opens it."),
        ),
        Facts::default()
            .noted("secret", bytes(48), "chosen by the client")
            .noted("encrypted", bytes(encrypted), format!("with the certificate's {key}"))
            .block(),
        Block::Paragraph(Text::of(
            Tone::Warn,
            "There is no forward secrecy: the secret did cross the wire. Whoever recorded this connection and gets hold of the \
             certificate's private key one day, by theft, by order or by computing it, reads all of it. TLS 1.3 has no such \
             exchange, and here it is off unless asked for (--legacy-rsa).",
        )),
    ];
    Told { done: true, body }
}

/// A session of TLS 1.2 goes on without a key exchange.
fn carried_on() -> Told {
    let text = "No secret was made this time: both took the main secret of the earlier connection, and made new keys from it and \
                two fresh random values. Whoever learns that secret can read this connection as well; TLS 1.3 makes a new \
                exchange each time, so that it tells nothing.";
    Told {
        done: true,
        body: vec![paragraph(text)],
    }
}

/// What crossed the wire in place of the secret.
fn way(group: NamedGroup) -> &'static str {
    match group {
        NamedGroup::X25519MLKEM768 => {
            "the client made two key pairs for this one connection, kept the private halves and sent the public ones. The \
             server made one key pair in the same way, and for the other it sealed a fresh random value with the client's \
             public half, so that the private one alone opens it"
        }
        _ => "each side made a key pair for this one connection, kept the private half and sent the public one",
    }
}

/// What the halves are made of.
fn parts(group: NamedGroup) -> Option<(&'static str, &'static str)> {
    match group {
        NamedGroup::X25519MLKEM768 => Some((
            "ML-KEM-768 encapsulation key 1,184, X25519 point 32",
            "ML-KEM-768 ciphertext 1,088, X25519 point 32",
        )),
        _ => None,
    }
}

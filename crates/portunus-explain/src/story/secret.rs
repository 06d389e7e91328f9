//! Step 4: which secret was made, and how it got across.

use portunus_tls::wire::NamedGroup;

use super::Told;
use super::text::{Block, Facts, Text, Tone, paragraph};
use crate::words::{self, bytes};
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
        return Told::not_reached();
    };
    let mut body = vec![
        Block::Paragraph(
            Text::new("With ")
                .value(group)
                .say(format_args!(
                    ", each side made a key pair for this one connection, kept the private half and sent the public one. \
                     From its own private half and the other's public one each computed the same {}. They never crossed \
                     the wire, and whoever saw both public halves pass cannot compute them.",
                    bytes(shared_secret)
                )),
        ),
        paragraph(words::group(group)),
        Facts::default()
            .noted("client's half", bytes(client_share), client_parts(group))
            .noted("server's half", bytes(server_share), server_parts(group))
            .noted("shared secret", bytes(shared_secret), "(never sent)")
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
         away after use, and the certificate's key is there to sign.",
    )));
    Told { done: true, body }
}

fn client_parts(group: NamedGroup) -> &'static str {
    match group {
        NamedGroup::X25519MLKEM768 => "(ML-KEM-768 encapsulation key 1,184, X25519 point 32)",
        _ => "",
    }
}

fn server_parts(group: NamedGroup) -> &'static str {
    match group {
        NamedGroup::X25519MLKEM768 => "(ML-KEM-768 ciphertext 1,088, X25519 point 32)",
        _ => "",
    }
}

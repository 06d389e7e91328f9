//! Step 1: what was asked for.

use portunus_tls::Direction;
use portunus_tls::wire::{ClientHello, ExtensionType, HandshakeType};

use super::Told;
use super::text::{Block, Facts, Text, Tone, paragraph};
use crate::words::{bytes, list, printable, time, with_grease};
use crate::{Recording, What};

pub(super) fn tell(recording: &Recording) -> Told {
    let mut body: Vec<Block> = reached(recording).into_iter().collect();
    let mut hellos = recording.messages(Direction::Sent, HandshakeType::CLIENT_HELLO);
    let Some(first) = hellos.next() else {
        return Told { done: false, body };
    };
    body.extend(second_try(recording));
    body.push(Block::Paragraph(
        Text::new("The client sent a ").value("ClientHello").say(format_args!(
            " of {}. It is not encrypted: everybody on the way can read it.",
            bytes(first.bytes.len())
        )),
    ));
    if let Some(hello) = first.decode::<ClientHello<'_>>() {
        body.push(offered(&hello));
        if has_grease(&hello) {
            body.push(Block::Paragraph(Text::of(
                Tone::Dim,
                "GREASE are values that mean nothing. A client sends some so that servers stay used to values that they \
                 do not know (RFC 8701).",
            )));
        }
    }
    if let Some(second) = hellos.next() {
        body.push(retried(recording));
        if let Some(hello) = second.decode::<ClientHello<'_>>() {
            let cookie = hello
                .extensions
                .cookie
                .map(|cookie| format!("{} from the server, given back", bytes(cookie.len())));
            let facts = Facts::default()
                .row("second hello", bytes(second.bytes.len()))
                .maybe("key shares", shares(&hello));
            body.push(facts.maybe("cookie", cookie).block());
        }
    }
    Told { done: true, body }
}

/// How the server was found.
fn reached(recording: &Recording) -> Option<Block> {
    let mut facts = Facts::default();
    let mut is_empty = true;
    for event in &recording.events {
        facts = match &event.what {
            What::Resolved { addresses, overridden } => {
                let remark = if *overridden {
                    "as --resolve says".to_owned()
                } else {
                    format!("after {}", time(event.at))
                };
                let addresses = addresses.iter().map(|address| address.ip().to_string());
                facts.noted("addresses", list(addresses), remark)
            }
            What::NotConnected { address, fault } => facts.text(
                "no TCP",
                Text::new(address).say(": ").tone(Tone::Warn, printable(&fault.text)),
            ),
            What::Connected { address } => facts.noted("TCP", address, format_args!("after {}", time(event.at))),
            _ => continue,
        };
        is_empty = false;
    }
    (!is_empty).then(|| facts.block())
}

/// What it means that only a small ClientHello was answered.
fn second_try(recording: &Recording) -> Option<Block> {
    let reason = recording.find(|what| match what {
        What::SmallHello { reason } => Some(reason),
        _ => None,
    })?;
    let text = Text::of(Tone::Warn, "This is the second try. ").say(format_args!(
        "The first hello, with a post-quantum key share, was not taken ({}). This one is without it, and fits one TCP \
         segment. If it is answered, then the server, or a box on the way, chokes on larger ones, and needs an update.",
        printable(reason)
    ));
    Some(Block::Paragraph(text))
}

fn offered(hello: &ClientHello<'_>) -> Block {
    let extensions = &hello.extensions;
    let facts = match extensions.server_name {
        Some(name) => Facts::default().noted("server name", printable(name.0), "SNI, in the clear"),
        None => Facts::default().row("server name", "none: an IP address is never sent as one"),
    };
    let versions = extensions
        .supported_versions
        .map(|list| with_grease(list, |version| version.is_grease()));
    let groups = extensions
        .supported_groups
        .map(|list| with_grease(list, |group| group.is_grease()));
    let schemes = extensions
        .signature_algorithms
        .map(|list| with_grease(list, |scheme| scheme.is_grease()));
    let protocols = extensions
        .application_layer_protocol_negotiation
        .map(|protocols| list(protocols.into_iter().map(|name| printable(name.0))));
    let ticket = extensions
        .pre_shared_key
        .and_then(|offered| offered.identities.iter().next());
    let ticket = ticket.map(|one| one.identity);
    let ticket = ticket.or_else(|| extensions.session_ticket.filter(|ticket| !ticket.is_empty()));
    let ticket = ticket.map(|ticket| format!("one of {}, from an earlier connection", bytes(ticket.len())));
    facts
        .maybe("versions", versions)
        .row(
            "cipher suites",
            with_grease(hello.cipher_suites, |suite| suite.is_grease()),
        )
        .maybe("groups", groups)
        .maybe("key shares", shares(hello))
        .maybe("signatures", schemes)
        .maybe("protocols", protocols)
        .maybe("ticket", ticket)
        .maybe("early data", extensions.early_data.then_some("announced"))
        .row("random", "32 fresh bytes")
        .block()
}

fn shares(hello: &ClientHello<'_>) -> Option<String> {
    let shares = hello
        .extensions
        .key_share?
        .into_iter()
        .filter(|share| !share.group.is_grease());
    Some(list(shares.map(|share| {
        format!("{} ({})", share.group, bytes(share.key_exchange.len()))
    })))
}

fn has_grease(hello: &ClientHello<'_>) -> bool {
    hello.cipher_suites.iter().any(|suite| suite.is_grease()) || hello.extension_types().any(ExtensionType::is_grease)
}

fn retried(recording: &Recording) -> Block {
    let group = recording.find(|what| match what {
        What::RetryRequested { group } => Some(*group),
        _ => None,
    });
    paragraph(match group.flatten() {
        Some(group) => format!(
            "The server answered with a HelloRetryRequest: it wants a key share of {group}, which the first hello had \
             not. The client sent a second hello; that cost one more round trip."
        ),
        None => {
            "The server answered with a HelloRetryRequest: it wants its cookie back, to see that the client is where \
                 it says. The client sent a second hello; that cost one more round trip."
                .to_owned()
        }
    })
}

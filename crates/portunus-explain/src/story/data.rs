//! Step 6: the data, and what an eavesdropper has of it.

use portunus_tls::Direction;
use portunus_tls::wire::{ClientHello, HandshakeType};

use super::Told;
use super::text::{Block, Facts, Mark, Text, Tone, list, paragraph};
use crate::words::{bytes, counted, number, printable, time};
use crate::{Recording, Totals, Trust, What};

pub(super) fn tell(recording: &Recording) -> Told {
    if !recording.is_established() {
        return Told::not_reached();
    }
    let mut body = Vec::new();
    let mut answered = false;
    let mut facts = Facts::default();
    for event in &recording.events {
        facts = match &event.what {
            What::Request { head } => facts.row("request", first_line(head)),
            What::Response { head, .. } => {
                answered = true;
                facts.noted("response", first_line(head), format_args!("after {}", time(event.at)))
            }
            What::Body {
                bytes: count,
                whole: true,
            } => facts.row("body", bytes(*count)),
            What::Body {
                bytes: count,
                whole: false,
            } => facts.noted("body", bytes(*count), "read; there was more"),
            _ => continue,
        };
    }
    let facts = traffic(facts, "sent", &recording.sent);
    let facts = traffic(facts, "received", &recording.received);
    body.push(facts.block());
    let carried = if recording.is_tls12() {
        "it carries 5 bytes in front that all can see, its type among them, and a tag of 16 bytes behind"
    } else {
        "it carries 5 bytes in front that all can see, and a tag of 16 bytes and one of type within"
    };
    body.push(paragraph(format_args!(
        "Each record is sealed: {carried}. One changed byte, a record dropped, repeated or out of order, and the tag does not \
         fit: the connection ends."
    )));
    let updates = recording
        .all(|what| matches!(what, What::KeyUpdated { .. }).then_some(()))
        .count();
    if updates > 0 {
        body.push(paragraph(format_args!(
            "Meanwhile {} replaced keys by new ones (KeyUpdate); the old ones were wiped.",
            counted(updates, "message")
        )));
    }
    body.push(list("An eavesdropper sees", Mark::Item, seen(recording)));
    body.push(list("and cannot have", Mark::Item, hidden(recording)));
    if recording.target.trust == Trust::GivenUp {
        body.push(Block::Paragraph(Text::of(
            Tone::Warn,
            "All this holds against an eavesdropper. Against somebody in between who poses as the server, nothing holds: -k.",
        )));
    }
    Told { done: answered, body }
}

fn traffic(facts: Facts, label: &'static str, totals: &Totals) -> Facts {
    let data = format!("{} of data", bytes(totals.data));
    let remark = format!(
        "in {} on the wire, {}; with the handshake {}",
        bytes(totals.data_wire),
        counted(totals.data_records, "record"),
        bytes(totals.wire)
    );
    facts.noted(label, data, remark)
}

fn first_line(head: &[u8]) -> String {
    let line = head
        .split(|byte| *byte == b'\r' || *byte == b'\n')
        .next()
        .unwrap_or_default();
    printable(line)
}

fn seen(recording: &Recording) -> Vec<String> {
    let mut seen = Vec::new();
    seen.push(match recording.address() {
        Some(address) => format!("your address, and the server's: {address}"),
        None => "both addresses".to_owned(),
    });
    let hello = recording.messages(Direction::Sent, HandshakeType::CLIENT_HELLO).next();
    if let Some(hello) = hello.and_then(|hello| hello.decode::<ClientHello<'_>>()) {
        if let Some(name) = hello.extensions.server_name {
            seen.push(format!("the name of the site: {}", printable(name.0)));
        }
        seen.push("what the client can do, which tells what kind of program it is".to_owned());
    }
    seen.push(
        if recording.has_forward_secrecy() {
            "version, cipher suite and group that were chosen"
        } else {
            "version and cipher suite that were chosen"
        }
        .to_owned(),
    );
    if recording.is_tls12() {
        let certificate = if recording.is_resumed() {
            ""
        } else {
            "the certificate, and "
        };
        seen.push(format!("{certificate}the protocol that was agreed"));
    }
    let records = recording.sent.records.saturating_add(recording.received.records);
    seen.push(format!(
        "when, and how much: {} bytes out, {} bytes in, {}; sizes alone may tell which page it was",
        number(recording.sent.wire),
        number(recording.received.wire),
        counted(records, "record")
    ));
    seen
}

fn hidden(recording: &Recording) -> Vec<String> {
    let mut hidden = vec!["the path, the headers, the cookies, the answer and its body".to_owned()];
    if !recording.is_tls12() {
        let certificate = if recording.is_resumed() {
            ""
        } else {
            "the certificate, and "
        };
        hidden.push(format!("{certificate}the protocol that was agreed"));
    }
    if recording.has_forward_secrecy() {
        hidden.push("any of it later, should the server's private key be stolen one day".to_owned());
    } else {
        hidden.push(
            "any of it later, unless the server's private key is stolen one day: then all that was recorded can be read".to_owned(),
        );
    }
    hidden
}

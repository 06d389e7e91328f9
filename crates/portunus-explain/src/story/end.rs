//! Step 7: the end.

use portunus_tls::wire::AlertDescription;
use portunus_tls::{Direction, Error};

use super::Told;
use super::text::{Block, Mark, Text, Tone, paragraph};
use crate::words::{counted, lifetime};
use crate::{Recording, What};

pub(super) fn tell(recording: &Recording) -> Told {
    let discarded = recording.has(|what| matches!(what, What::KeysDiscarded));
    let mut items = Vec::new();
    if recording.is_established() {
        let said = recording.has(
            |what| matches!(what, What::AlertSent { description } if *description == AlertDescription::CLOSE_NOTIFY),
        );
        let heard = recording.has(
            |what| matches!(what, What::AlertReceived(alert) if alert.description == AlertDescription::CLOSE_NOTIFY),
        );
        let truncated = recording.has(|what| matches!(what, What::Failed(Error::Truncated)));
        if said {
            items.push((
                Mark::Passed,
                Text::new("The client said close_notify: that was all, and nothing was cut off."),
            ));
        }
        if heard {
            items.push((Mark::Passed, Text::new("The server said close_notify.")));
        } else if truncated {
            let text = "The server closed TCP without close_notify. Where the length of the answer is known, that takes \
                        nothing away; where it is not, data may have been cut off.";
            items.push((Mark::Warned, Text::new(text)));
        } else {
            items.push((
                Mark::Item,
                Text::new("The client did not wait for the server's close_notify."),
            ));
        }
    }
    if discarded {
        let text = "All keys and secrets of the connection were wiped from the client's memory. The next connection gets new ones.";
        items.push((Mark::Passed, Text::new(text)));
    }
    let mut body = Vec::new();
    if !items.is_empty() {
        body.push(Block::List {
            heading: Text::default(),
            items,
        });
    }
    body.extend(tickets(recording));
    if recording.left_out > 0 {
        let left_out = counted(recording.left_out, "event");
        body.push(Block::Paragraph(Text::of(
            Tone::Dim,
            format_args!("{left_out} more happened than were recorded."),
        )));
    }
    Told { done: discarded, body }
}

fn tickets(recording: &Recording) -> Option<Block> {
    let lifetimes: Vec<u32> = recording
        .all(|what| match what {
            What::Ticket {
                direction: Direction::Received,
                lifetime,
            } => Some(*lifetime),
            _ => None,
        })
        .collect();
    let longest = lifetimes.iter().max()?;
    if recording.is_tls12() {
        let life = match longest {
            0 => "as long as it likes".to_owned(),
            life => lifetime(u64::from(*life)),
        };
        return Some(paragraph(format_args!(
            "The server gave a ticket, good for {life}. With it and the main secret a later connection could go on without \
             certificate, signature and key exchange."
        )));
    }
    Some(paragraph(format_args!(
        "The server gave {}, good for {}. With one of them, and the resumption secret, a later connection could go on \
         without certificate and signature, still with a fresh key exchange. Each is good for one connection, so that \
         nobody can tell by it that two connections are one visitor's.",
        counted(lifetimes.len(), "ticket"),
        lifetime(u64::from(*longest))
    )))
}

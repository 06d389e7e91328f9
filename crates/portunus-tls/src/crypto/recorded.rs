//! What a recorded handshake needs in place of ours: private keys, and whole messages, randoms among them, that were sent then. Only tests have it.

use std::cell::RefCell;
use std::collections::VecDeque;

use crate::session::tickets::TicketContent;
use crate::wire::HandshakeType;

/// What was recorded, taken in order.
#[derive(Default)]
pub(crate) struct Recorded {
    /// Private keys of the key shares, one a generated share.
    pub(crate) private_keys: VecDeque<Vec<u8>>,
    /// Messages that take the place of ours of the same type.
    pub(crate) messages: VecDeque<(HandshakeType, Vec<u8>)>,
    /// Tickets that another server sealed, and what they stand for.
    pub(crate) tickets: Vec<(Vec<u8>, TicketContent)>,
    /// Signatures of keys that the library finds too short: taken for good.
    pub(crate) signatures: Vec<Vec<u8>>,
    /// What the key schedule derived, by label, while the recording is played.
    pub(crate) derived: Vec<(String, Vec<u8>)>,
}

thread_local! {
    static RECORDED: RefCell<Option<Recorded>> = const { RefCell::new(None) };
}

fn with<T: Default>(take: impl FnOnce(&mut Recorded) -> T) -> T {
    RECORDED.with_borrow_mut(|recorded| recorded.as_mut().map(take).unwrap_or_default())
}

/// Puts a recording in place for this thread.
pub(crate) fn play(recorded: Recorded) {
    RECORDED.set(Some(recorded));
}

/// Takes the recording away, with what is left of it.
pub(crate) fn stop() -> Recorded {
    RECORDED.take().unwrap_or_default()
}

pub(crate) fn next_private_key() -> Option<Vec<u8>> {
    with(|recorded| recorded.private_keys.pop_front())
}

/// The recorded message in place of ours, if the next one is of this type.
pub(crate) fn in_place_of(kind: HandshakeType, ours: Vec<u8>) -> Vec<u8> {
    with(|recorded| {
        let (_, bytes) = recorded
            .messages
            .pop_front_if(|(recorded_kind, _)| *recorded_kind == kind)?;
        Some(bytes)
    })
    .unwrap_or(ours)
}

/// What a recorded ticket stands for.
pub(crate) fn ticket(ticket: &[u8]) -> Option<TicketContent> {
    with(|recorded| {
        let place = recorded.tickets.iter().position(|(known, _)| known == ticket)?;
        Some(recorded.tickets.remove(place).1)
    })
}

/// Whether this signature is one that is taken for good.
pub(crate) fn is_taken_for_good(signature: &[u8]) -> bool {
    with(|recorded| recorded.signatures.iter().any(|known| known == signature))
}

/// The key schedule derived `value`; a space of its label is noted as `_`.
pub(crate) fn derived(label: &str, value: &[u8]) {
    with(|recorded| recorded.derived.push((label.replace(' ', "_"), value.to_vec())));
}

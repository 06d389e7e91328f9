//! What a recorded handshake needs in place of fresh randomness: private keys, random bytes, and whole messages that were sent then. Only tests have it.

use std::cell::RefCell;
use std::collections::VecDeque;

use crate::wire::HandshakeType;

/// What was recorded, taken in order.
#[derive(Default)]
pub(crate) struct Recorded {
    /// For [`super::random::fill`], one entry a call.
    pub(crate) random: VecDeque<Vec<u8>>,
    /// Private keys of the key shares, one a generated share.
    pub(crate) private_keys: VecDeque<Vec<u8>>,
    /// Messages that take the place of ours of the same type.
    pub(crate) messages: VecDeque<(HandshakeType, Vec<u8>)>,
}

thread_local! {
    static RECORDED: RefCell<Recorded> = RefCell::default();
}

/// Puts a recording in place for this thread.
pub(crate) fn play(recorded: Recorded) {
    RECORDED.with_borrow_mut(|place| *place = recorded);
}

pub(crate) fn next_random() -> Option<Vec<u8>> {
    RECORDED.with_borrow_mut(|recorded| recorded.random.pop_front())
}

pub(crate) fn next_private_key() -> Option<Vec<u8>> {
    RECORDED.with_borrow_mut(|recorded| recorded.private_keys.pop_front())
}

/// The recorded message in place of ours, if the next one is of this type.
pub(crate) fn in_place_of(kind: HandshakeType, ours: Vec<u8>) -> Vec<u8> {
    RECORDED.with_borrow_mut(|recorded| match recorded.messages.front() {
        Some((recorded_kind, _)) if *recorded_kind == kind => {
            recorded.messages.pop_front().map_or(ours, |(_, bytes)| bytes)
        }
        _ => ours,
    })
}

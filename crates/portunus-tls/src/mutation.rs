//! Under fuzzing alone: what a target does to our messages and records before they are sealed, so that the other side
//! meets what no honest peer sends. No other build contains it.

use std::cell::RefCell;

use crate::wire::{ContentType, HandshakeType};

/// Changes what the engines of this thread send.
pub trait Mutate {
    /// A whole handshake message, before it enters the transcript.
    fn message(&mut self, kind: HandshakeType, bytes: &mut Vec<u8>);

    /// What goes into records next, and its type.
    fn record(&mut self, content_type: &mut ContentType, content: &mut Vec<u8>);
}

thread_local! {
    static MUTATOR: RefCell<Option<Box<dyn Mutate>>> = const { RefCell::new(None) };
}

/// Puts a mutator in place for this thread, or none; gives the one before.
pub fn replace(mutator: Option<Box<dyn Mutate>>) -> Option<Box<dyn Mutate>> {
    MUTATOR.replace(mutator)
}

pub(crate) fn message(kind: HandshakeType, mut bytes: Vec<u8>) -> Vec<u8> {
    MUTATOR.with_borrow_mut(|mutator| {
        if let Some(mutator) = mutator {
            mutator.message(kind, &mut bytes);
        }
    });
    bytes
}

pub(crate) fn record(mut content_type: ContentType, content: &[u8]) -> (ContentType, Vec<u8>) {
    let mut content = content.to_vec();
    MUTATOR.with_borrow_mut(|mutator| {
        if let Some(mutator) = mutator {
            mutator.record(&mut content_type, &mut content);
        }
    });
    (content_type, content)
}

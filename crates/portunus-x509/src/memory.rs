//! Signatures that were verified before: a client meets the same intermediates all day.

use std::collections::HashSet;
use std::fmt;
use std::sync::{PoisonError, RwLock};

use aws_lc_rs::digest::{Context, Digest, SHA256};

/// What is remembered: the hash of a key, an algorithm, what was signed, and the signature.
pub(crate) type Remembered = [u8; 32];

/// Remembers signatures on certificates that were good, so that the next verdict need not verify them again. Threads and verifiers
/// may share it: whether a signature is good depends on nothing but itself, so that it makes verdicts cheaper and never other.
///
/// It is bounded: what was not asked for since half of it was filled anew goes first.
pub struct SignatureMemory {
    generations: RwLock<Generations>,
    /// Of one generation.
    capacity: usize,
}

#[derive(Default)]
struct Generations {
    young: HashSet<Remembered>,
    old: HashSet<Remembered>,
}

impl SignatureMemory {
    /// Room for so many signatures, of 32 bytes each; none at all for 0.
    pub fn new(capacity: usize) -> Self {
        Self {
            generations: RwLock::default(),
            capacity: capacity.div_ceil(2),
        }
    }

    pub(crate) fn contains(&self, signature: &Remembered) -> bool {
        let generations = self.generations.read().unwrap_or_else(PoisonError::into_inner);
        if generations.young.contains(signature) {
            return true;
        }
        let is_old = generations.old.contains(signature);
        drop(generations);
        if is_old {
            self.insert(*signature);
        }
        is_old
    }

    pub(crate) fn insert(&self, signature: Remembered) {
        if self.capacity == 0 {
            return;
        }
        let mut generations = self.generations.write().unwrap_or_else(PoisonError::into_inner);
        if generations.young.len() >= self.capacity {
            generations.old = std::mem::take(&mut generations.young);
        }
        generations.young.insert(signature);
    }
}

/// What stands for one signature. `signed` is the hash of what was signed or, where the algorithm takes it whole, that itself; the
/// algorithm tells which.
pub(crate) fn remembered(algorithm: &[u8], key: &[u8], signed: Signed<'_>, signature: &[u8]) -> Remembered {
    let mut context = Context::new(&SHA256);
    for part in [algorithm, key, signed.bytes(), signature] {
        context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        context.update(part);
    }
    let mut remembered = [0; 32];
    remembered.copy_from_slice(context.finish().as_ref());
    remembered
}

/// What a signature is over.
#[derive(Clone, Copy)]
pub(crate) enum Signed<'a> {
    Hash(&'a Digest),
    Whole(&'a [u8]),
}

impl<'a> Signed<'a> {
    fn bytes(self) -> &'a [u8] {
        match self {
            Self::Hash(digest) => digest.as_ref(),
            Self::Whole(message) => message,
        }
    }
}

impl fmt::Debug for SignatureMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignatureMemory")
            .field("capacity", &self.capacity.saturating_mul(2))
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_bounded_and_keeps_what_is_asked_for() {
        let memory = SignatureMemory::new(4);
        for number in 0..100 {
            memory.insert([number; 32]);
            assert!(memory.contains(&[number; 32]));
            assert!(memory.contains(&[0; 32]), "{number}: asked for each time");
        }
        assert!(!memory.contains(&[50; 32]));
        let generations = memory.generations.read().unwrap();
        assert!(generations.young.len() + generations.old.len() <= 4);
    }

    #[test]
    fn without_room_nothing_is_remembered() {
        let memory = SignatureMemory::new(0);
        memory.insert([1; 32]);
        assert!(!memory.contains(&[1; 32]));
    }
}

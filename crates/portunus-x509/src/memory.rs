//! What was verified before: a client meets the same intermediates all day.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, PoisonError, RwLock};

use aws_lc_rs::digest::{Context, Digest, SHA256, digest};
use aws_lc_rs::signature::ParsedPublicKey;

use crate::limits::MAX_REMEMBERED_KEYS;

/// What is remembered: the hash of a key, an algorithm, what was signed, and the signature.
pub(crate) type Remembered = [u8; 32];

/// Remembers signatures on certificates that were good, so that the next verdict need not verify them again, and keys that made some,
/// so that the next one need not be read again. Threads and verifiers may share it: whether a signature is good depends on nothing
/// but itself, so that it makes verdicts cheaper and never other.
///
/// It is bounded: what was not asked for since half of it was filled anew goes first.
pub struct SignatureMemory {
    signatures: Bounded<Remembered, ()>,
    /// As the library reads them, by what it read.
    keys: Bounded<Box<[u8]>, Arc<ParsedPublicKey>>,
}

impl SignatureMemory {
    /// Room for so many signatures, of 32 bytes each, and for as many keys, of which 64 are enough; none at all for 0.
    pub fn new(capacity: usize) -> Self {
        Self {
            signatures: Bounded::new(capacity),
            keys: Bounded::new(capacity.min(MAX_REMEMBERED_KEYS)),
        }
    }

    pub(crate) fn contains(&self, signature: &Remembered) -> bool {
        self.signatures.get(signature).is_some()
    }

    pub(crate) fn insert(&self, signature: Remembered) {
        self.signatures.insert(signature, ());
    }

    pub(crate) fn has_room(&self) -> bool {
        self.signatures.capacity > 0
    }

    pub(crate) fn key(&self, key: &[u8]) -> Option<Arc<ParsedPublicKey>> {
        self.keys.get(key)
    }

    pub(crate) fn insert_key(&self, key: &[u8], parsed: ParsedPublicKey) {
        self.keys.insert(key.into(), Arc::new(parsed));
    }
}

/// A map of two generations: once the younger is full, the older goes.
struct Bounded<K, V> {
    generations: RwLock<Generations<K, V>>,
    /// Of one generation.
    capacity: usize,
}

struct Generations<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
}

impl<K: Hash + Eq, V: Clone> Bounded<K, V> {
    fn new(capacity: usize) -> Self {
        Self {
            generations: RwLock::new(Generations {
                young: HashMap::new(),
                old: HashMap::new(),
            }),
            capacity: capacity.div_ceil(2),
        }
    }

    fn get<Q>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q> + From<Q::Owned>,
        Q: Hash + Eq + ToOwned + ?Sized,
    {
        let generations = self.generations.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(value) = generations.young.get(key) {
            return Some(value.clone());
        }
        let value = generations.old.get(key)?.clone();
        drop(generations);
        self.insert(key.to_owned().into(), value.clone());
        Some(value)
    }

    fn insert(&self, key: K, value: V) {
        if self.capacity == 0 {
            return;
        }
        let mut generations = self.generations.write().unwrap_or_else(PoisonError::into_inner);
        if generations.young.len() >= self.capacity {
            generations.old = std::mem::take(&mut generations.young);
        }
        generations.young.insert(key, value);
    }
}

/// What stands for one signature. `signed` is the hash of what was signed or, where the algorithm takes it whole, that itself; the
/// algorithm tells which.
pub(crate) fn remembered(algorithm: &[u8], key: &[u8], signed: Signed<'_>, signature: &[u8]) -> Remembered {
    let parts = [algorithm, key, signed.bytes(), signature];
    let length = |part: &[u8]| u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes();
    let mut remembered = [0; 32];
    // What is usual fits on the stack, and then the library needs no heap.
    let mut joined = [0; 1024];
    let mut rest = joined.as_mut_slice();
    let mut fits = true;
    for part in parts {
        for piece in [&length(part)[..], part] {
            match std::mem::take(&mut rest).split_at_mut_checked(piece.len()) {
                Some((place, after)) => {
                    place.copy_from_slice(piece);
                    rest = after;
                }
                None => fits = false,
            }
        }
    }
    let left = rest.len();
    let digest = if fits {
        digest(
            &SHA256,
            joined.get(..joined.len().saturating_sub(left)).unwrap_or_default(),
        )
    } else {
        let mut context = Context::new(&SHA256);
        for part in parts {
            context.update(&length(part));
            context.update(part);
        }
        context.finish()
    };
    remembered.copy_from_slice(digest.as_ref());
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
            .field("capacity", &self.signatures.capacity.saturating_mul(2))
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
        let generations = memory.signatures.generations.read().unwrap();
        assert!(generations.young.len() + generations.old.len() <= 4);
    }

    #[test]
    fn no_two_signatures_stand_for_each_other() {
        let stands_for = |parts: [&[u8]; 4]| {
            let [algorithm, key, signed, signature] = parts;
            remembered(algorithm, key, Signed::Whole(signed), signature)
        };
        let long = [7; 2000];
        let mut known = std::collections::HashSet::new();
        for parts in [
            [&[1][..], &[2, 3], &[4], &[5]],
            [&[1, 2], &[3], &[4], &[5]],
            [&[1], &[2], &[3, 4], &[5]],
            [&[1], &[2, 3], &[4, 5], &[]],
            [&[1], &[2, 3], &long, &[5]],
            [&[1], &[2, 3], &long, &[6]],
            [&[1], &long, &[4], &[5]],
        ] {
            assert!(known.insert(stands_for(parts)), "{parts:?}");
            assert!(!known.insert(stands_for(parts)), "{parts:?}");
        }
    }

    #[test]
    fn without_room_nothing_is_remembered() {
        let memory = SignatureMemory::new(0);
        memory.insert([1; 32]);
        assert!(!memory.contains(&[1; 32]));
    }
}

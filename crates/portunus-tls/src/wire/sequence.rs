//! Vectors of items, read lazily or lent from a slice.

use std::fmt;

use super::{Decode, Encode, Malformed, Problem, Reader, TooLong, Writer};

/// One item of a [`Sequence`].
pub trait Item<'a>: Copy + PartialEq + fmt::Debug + Decode<'a> + Encode {
    /// An item's size in bytes where all have the same.
    const SIZE: Option<usize> = None;
}

/// A vector of items: what a peer sent (checked bytes, of which each item is read when it is asked for) or what we send (a slice).
pub enum Sequence<'a, T> {
    /// From the wire.
    Wire(Wire<'a, T>),
    /// Ours.
    Items(&'a [T]),
}

/// Bytes of which every item has been read once.
pub struct Wire<'a, T> {
    bytes: &'a [u8],
    /// Which of the items are meant, if not all.
    keep: Option<fn(&T) -> bool>,
}

impl<'a, T: Item<'a>> Sequence<'a, T> {
    /// Checks that `bytes`, a field of the structure that `r` reads, are whole items.
    pub fn check(r: &Reader<'a>, field: &'static str, bytes: &'a [u8]) -> Result<Self, Malformed> {
        match T::SIZE {
            Some(item) if bytes.len().is_multiple_of(item) => {}
            Some(item) => {
                return Err(r.fault(
                    field,
                    Problem::BrokenItem {
                        length: bytes.len(),
                        item,
                    },
                ));
            }
            None => {
                let mut items = Reader::new(T::NAME, bytes);
                while !items.is_empty() {
                    T::decode(&mut items)?;
                }
            }
        }
        Ok(Self::Wire(Wire { bytes, keep: None }))
    }

    /// Those items of checked `bytes` that `keep` chooses.
    pub(super) fn filtered(bytes: &'a [u8], keep: fn(&T) -> bool) -> Self {
        Self::Wire(Wire {
            bytes,
            keep: Some(keep),
        })
    }

    /// The items in order.
    pub fn iter(&self) -> Iter<'a, T> {
        match self {
            Self::Wire(wire) => Iter::Wire {
                left: Reader::new(T::NAME, wire.bytes),
                keep: wire.keep,
            },
            Self::Items(items) => Iter::Items(items.iter()),
        }
    }

    /// Whether there is no item.
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// Whether an item is this one.
    pub fn contains(&self, item: &T) -> bool {
        self.iter().any(|one| one == *item)
    }

    /// Writes the items one after another, with no length in front.
    pub fn encode_items(&self, w: &mut Writer) -> Result<(), TooLong> {
        match self {
            Self::Wire(Wire { bytes, keep: None }) => {
                w.bytes(bytes);
                Ok(())
            }
            Self::Wire(Wire { keep: Some(_), .. }) | Self::Items(_) => self.iter().try_for_each(|item| item.encode(w)),
        }
    }
}

/// The items of a [`Sequence`], by value.
#[derive(Clone, Debug)]
pub enum Iter<'a, T> {
    /// From the wire.
    #[doc(hidden)]
    Wire {
        left: Reader<'a>,
        keep: Option<fn(&T) -> bool>,
    },
    /// Ours.
    #[doc(hidden)]
    Items(std::slice::Iter<'a, T>),
}

impl<'a, T: Item<'a>> Iterator for Iter<'a, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        match self {
            Self::Wire { left, keep } => loop {
                if left.is_empty() {
                    return None;
                }
                // The bytes were checked, so that this never fails.
                let item = T::decode(left).ok()?;
                if keep.is_none_or(|keep| keep(&item)) {
                    return Some(item);
                }
            },
            Self::Items(items) => items.next().copied(),
        }
    }
}

impl<'a, T: Item<'a>> IntoIterator for Sequence<'a, T> {
    type Item = T;
    type IntoIter = Iter<'a, T>;

    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}

impl<'a, T> From<&'a [T]> for Sequence<'a, T> {
    fn from(items: &'a [T]) -> Self {
        Self::Items(items)
    }
}

impl<'a, T, const N: usize> From<&'a [T; N]> for Sequence<'a, T> {
    fn from(items: &'a [T; N]) -> Self {
        Self::Items(items)
    }
}

impl<T> Default for Sequence<'_, T> {
    fn default() -> Self {
        Self::Items(&[])
    }
}

// Written out, because the derived ones would ask the same of `T`.
impl<T> Clone for Sequence<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Sequence<'_, T> {}

impl<T> Clone for Wire<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Wire<'_, T> {}

impl<'a, T: Item<'a>> fmt::Debug for Sequence<'a, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// Equal are sequences of equal items, wherever they come from.
impl<'a, T: Item<'a>> PartialEq for Sequence<'a, T> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl<'a, T: Item<'a> + Eq> Eq for Sequence<'a, T> {}

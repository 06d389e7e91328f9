//! Vectors of items, read lazily or lent from a slice.

use std::fmt;
use std::marker::PhantomData;

use super::{Decode, Encode, ExtensionType, Malformed, Problem, Reader, TooLong, Writer};

/// One item of a [`Sequence`].
pub trait Item<'a>: Copy + PartialEq + fmt::Debug + Decode<'a> + Encode {
    /// An item's size in bytes where all have the same.
    const SIZE: Option<usize> = None;

    /// Whether it is an extension of one of these types.
    fn is_extension_of(&self, _: &[ExtensionType]) -> bool {
        false
    }
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
    /// Extensions among the bytes that are not meant, for they have a field of their own.
    skip: &'static [ExtensionType],
    /// As lent by a slice, so that a message may be taken for one that lives shorter.
    items: PhantomData<&'a [T]>,
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
        Ok(Self::checked(bytes))
    }

    /// The items of checked `bytes`.
    pub(super) fn checked(bytes: &'a [u8]) -> Self {
        Self::skipping(bytes, &[])
    }

    /// The items of checked `bytes`, less the extensions of these types.
    pub(super) fn skipping(bytes: &'a [u8], skip: &'static [ExtensionType]) -> Self {
        Self::Wire(Wire {
            bytes,
            skip,
            items: PhantomData,
        })
    }

    /// The items in order.
    pub fn iter(&self) -> Iter<'a, T> {
        Iter(match self {
            Self::Wire(wire) => Left::Wire {
                bytes: Reader::new(T::NAME, wire.bytes),
                skip: wire.skip,
            },
            Self::Items(items) => Left::Items(items.iter()),
        })
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
            Self::Wire(Wire { bytes, skip: [], .. }) => {
                w.bytes(bytes);
                Ok(())
            }
            Self::Wire(Wire { skip: [_, ..], .. }) | Self::Items(_) => self.iter().try_for_each(|item| item.encode(w)),
        }
    }
}

/// The items of a [`Sequence`], by value.
#[derive(Clone, Debug)]
pub struct Iter<'a, T>(Left<'a, T>);

#[derive(Clone, Debug)]
enum Left<'a, T> {
    Wire {
        bytes: Reader<'a>,
        skip: &'static [ExtensionType],
    },
    Items(std::slice::Iter<'a, T>),
}

impl<'a, T: Item<'a>> Iterator for Iter<'a, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        match &mut self.0 {
            Left::Wire { bytes, skip } => loop {
                if bytes.is_empty() {
                    return None;
                }
                // The bytes were checked, so that this never fails.
                let item = T::decode(bytes).ok()?;
                if !item.is_extension_of(skip) {
                    return Some(item);
                }
            },
            Left::Items(items) => items.next().copied(),
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

#[cfg(test)]
mod tests {
    use super::super::{NamedGroup, ProtocolName};
    use super::*;

    #[test]
    fn a_sequence_is_the_same_from_the_wire_and_from_a_slice() {
        let r = Reader::new("Test", &[]);
        let wire = Sequence::<NamedGroup>::check(&r, "groups", &[0, 29, 0x2a, 0x2a]).unwrap();
        let ours = [NamedGroup::X25519, NamedGroup(0x2a2a)];
        assert_eq!(wire, Sequence::from(&ours));
        assert_ne!(wire, Sequence::from(&ours[..1]));
        assert!(wire.contains(&NamedGroup::X25519) && !wire.contains(&NamedGroup::X448));
        assert_eq!(format!("{wire:?}"), "[x25519, 0x2a2a]");
        assert!(Sequence::<NamedGroup>::default().is_empty());
    }

    #[test]
    fn every_item_is_checked_before_one_is_read() {
        let r = Reader::new("Test", &[]);
        let fault = Sequence::<ProtocolName<'_>>::check(&r, "names", &[1, b'a', 0]).unwrap_err();
        assert_eq!(
            fault.to_string(),
            "ProtocolName.name has 0 bytes where 1 to 255 are allowed"
        );
        let fault = Sequence::<NamedGroup>::check(&r, "groups", &[0]).unwrap_err();
        assert_eq!(
            fault.to_string(),
            "Test.groups has 1 bytes, which is no whole number of items of 2 bytes"
        );
    }
}

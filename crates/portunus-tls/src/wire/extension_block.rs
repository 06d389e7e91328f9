//! A block of extensions, `Extension extensions<…>`: framed, checked against the table, taken apart and put together again.

use super::extensions::{Place, may_appear};
use super::{Decode, Encode, ExtensionType, Item, Malformed, Problem, Reader, Sequence, TooLong, Writer};

/// `struct { ExtensionType extension_type; opaque extension_data<0..2^16-1>; } Extension;` (RFC 9846 section 4.3)
///
/// One whose data nobody here reads: kept as it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownExtension<'a> {
    /// Which it is.
    pub extension_type: ExtensionType,
    /// What it says.
    pub extension_data: &'a [u8],
}

impl<'a> Decode<'a> for UnknownExtension<'a> {
    const NAME: &'static str = "Extension";

    fn decode(r: &mut Reader<'a>) -> Result<Self, Malformed> {
        Ok(Self {
            extension_type: ExtensionType(r.u16("extension_type")?),
            extension_data: r.vec16("extension_data", 0..=0xffff)?,
        })
    }
}

impl Encode for UnknownExtension<'_> {
    fn encode(&self, w: &mut Writer) -> Result<(), TooLong> {
        w.structure(Self::NAME);
        w.u16(self.extension_type.0);
        w.opaque16("extension_data", self.extension_data)
    }
}

impl<'a> Item<'a> for UnknownExtension<'a> {
    fn is_extension_of(&self, types: &[ExtensionType]) -> bool {
        types.contains(&self.extension_type)
    }
}

/// A block in which every length fits and no type comes twice.
#[derive(Clone, Copy)]
pub(super) struct ExtensionBlock<'a> {
    structure: &'static str,
    bytes: &'a [u8],
    last: Option<ExtensionType>,
}

impl<'a> ExtensionBlock<'a> {
    /// The block that stands in the structure of that name.
    pub(super) fn read(structure: &'static str, bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut block = Self {
            structure,
            bytes,
            last: None,
        };
        let mut seen = Seen {
            low: 0,
            high: [ExtensionType(0); HIGH_TYPES_LISTED],
            listed: 0,
            is_full: false,
        };
        let mut r = Reader::new(UnknownExtension::NAME, bytes);
        while !r.is_empty() {
            let extension = UnknownExtension::decode(&mut r)?.extension_type;
            if seen.again(extension) {
                return Err(block.fault(Problem::Duplicate(extension)));
            }
            block.last = Some(extension);
        }
        if seen.is_full
            && let Some(twice) = first_duplicate_of_many(block.all())
        {
            return Err(block.fault(Problem::Duplicate(twice)));
        }
        Ok(block)
    }

    /// Refuses an extension that the table knows and does not allow in this message.
    pub(super) fn check_place(&self, extension: ExtensionType, place: Place) -> Result<(), Malformed> {
        match may_appear(extension, place) {
            Some(false) => Err(self.fault(Problem::NotAllowedHere(extension))),
            Some(true) | None => Ok(()),
        }
    }

    /// All of them, in order.
    pub(super) fn all(&self) -> Sequence<'a, UnknownExtension<'a>> {
        Sequence::checked(self.bytes)
    }

    /// All but those of these types.
    pub(super) fn without(&self, known: &'static [ExtensionType]) -> Sequence<'a, UnknownExtension<'a>> {
        Sequence::skipping(self.bytes, known)
    }

    /// The data of the one of that type.
    pub(super) fn find(&self, extension: ExtensionType) -> Option<&'a [u8]> {
        self.all()
            .iter()
            .find(|one| one.extension_type == extension)
            .map(|one| one.extension_data)
    }

    pub(super) fn last(&self) -> Option<ExtensionType> {
        self.last
    }

    pub(super) fn order(&self) -> Order<'a> {
        Order(Source::Wire(self.all()))
    }

    pub(super) fn fault(&self, problem: Problem) -> Malformed {
        Malformed {
            structure: self.structure,
            field: "extensions",
            problem,
        }
    }
}

/// Types of 64 and above in a block that are remembered in a list: the registry has six that clients send, and GREASE adds two. Who
/// sends more pays for a look at 8 KiB of memory, and is understood all the same.
const HIGH_TYPES_LISTED: usize = 16;

/// The types that a block has had so far. Those below 64, all usual ones among them, cost a bit each.
struct Seen {
    low: u64,
    high: [ExtensionType; HIGH_TYPES_LISTED],
    listed: usize,
    /// A type found no room in the list.
    is_full: bool,
}

impl Seen {
    /// Adds a type, and says whether it was there.
    fn again(&mut self, extension: ExtensionType) -> bool {
        if let Some(bit) = 1u64.checked_shl(u32::from(extension.0)) {
            let again = self.low & bit != 0;
            self.low |= bit;
            return again;
        }
        if self.high.iter().take(self.listed).any(|&one| one == extension) {
            return true;
        }
        match self.high.get_mut(self.listed) {
            Some(free) => {
                *free = extension;
                self.listed += 1;
            }
            None => self.is_full = true,
        }
        false
    }
}

/// The first type that comes a second time, with a bit for every type there can be. Apart, so that only who needs these 8 KiB of stack
/// has them.
#[inline(never)]
fn first_duplicate_of_many<'a>(extensions: Sequence<'a, UnknownExtension<'a>>) -> Option<ExtensionType> {
    let mut seen = [0u64; 1024];
    for extension in extensions.iter() {
        let extension_type = extension.extension_type;
        let bit = 1u64 << (extension_type.0 % 64);
        let word = seen.get_mut(usize::from(extension_type.0 / 64))?;
        if *word & bit != 0 {
            return Some(extension_type);
        }
        *word |= bit;
    }
    None
}

/// In which order the extensions of a message stand.
///
/// From the wire it is the order in which they came. For what we send it is a list of types: those that it names come first, then the
/// other known ones in the order of the struct's fields, then the unknown ones; naming one that is not there does nothing. A
/// ClientHello's `pre_shared_key` is last whatever is said here (RFC 9846 section 4.3.11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order<'a>(Source<'a>);

#[derive(Clone, Copy, Debug)]
enum Source<'a> {
    Wire(Sequence<'a, UnknownExtension<'a>>),
    Types(&'a [ExtensionType]),
    /// The message has no block at all, as those of TLS 1.2 may (RFC 9846 section 4.2.2).
    NoBlock,
}

impl<'a> Order<'a> {
    /// No block of extensions, unless there is one to send.
    pub const NO_BLOCK: Self = Self(Source::NoBlock);

    /// The types that are named, in order.
    pub fn iter(&self) -> impl Iterator<Item = ExtensionType> + use<'a> {
        let (wire, types) = match self.0 {
            Source::Wire(extensions) => (extensions, &[][..]),
            Source::Types(types) => (Sequence::default(), types),
            Source::NoBlock => (Sequence::default(), &[][..]),
        };
        wire.iter().map(|one| one.extension_type).chain(types.iter().copied())
    }

    /// Whether the type is named.
    pub fn contains(&self, extension: ExtensionType) -> bool {
        self.iter().any(|one| one == extension)
    }
}

impl Default for Order<'_> {
    fn default() -> Self {
        Self(Source::Types(&[]))
    }
}

impl<'a> From<&'a [ExtensionType]> for Order<'a> {
    fn from(types: &'a [ExtensionType]) -> Self {
        Self(Source::Types(types))
    }
}

impl<'a, const N: usize> From<&'a [ExtensionType; N]> for Order<'a> {
    fn from(types: &'a [ExtensionType; N]) -> Self {
        Self(Source::Types(types))
    }
}

/// Equal are orders that name the same types in the same order, wherever they come from.
impl PartialEq for Source<'_> {
    fn eq(&self, other: &Self) -> bool {
        matches!(self, Self::NoBlock) == matches!(other, Self::NoBlock) && Order(*self).iter().eq(Order(*other).iter())
    }
}

impl Eq for Source<'_> {}

/// The extensions of one message, known and unknown, as the macro [`extension_set!`] makes it.
pub(super) trait ExtensionSet<'a>: Copy {
    /// Those with a field of their own, in the order of the fields.
    const KNOWN: &'static [ExtensionType];
    /// The one that is written last whatever the order says.
    const LAST: Option<ExtensionType>;

    fn holds(&self, extension: ExtensionType) -> bool;
    fn encode_data(&self, extension: ExtensionType, w: &mut Writer) -> Result<(), TooLong>;
    fn unknown(&self) -> Sequence<'a, UnknownExtension<'a>>;
    fn order(&self) -> Order<'a>;

    /// All types in the order in which they are written.
    fn types(self) -> impl Iterator<Item = ExtensionType> + use<'a, Self> {
        let order = self.order();
        let named = order
            .iter()
            .enumerate()
            .filter(move |&(position, extension)| self.is_written(extension) && !self.was_named(position, extension))
            .map(|(_, extension)| extension);
        let known = Self::KNOWN
            .iter()
            .copied()
            .filter(move |&extension| self.holds(extension) && !order.contains(extension));
        // What came from one block stands in its order already; this spares a hello of thousands of extensions a square of time.
        let unknown = match (order.0, self.unknown()) {
            (Source::Wire(_), Sequence::Wire(_)) => Sequence::default(),
            (Source::Wire(_) | Source::Types(_) | Source::NoBlock, unknown) => unknown,
        };
        let unknown = unknown
            .iter()
            .map(|one| one.extension_type)
            .filter(move |&extension| !self.holds(extension) && !order.contains(extension));
        let last = Self::LAST.filter(|&last| self.is_written(last));
        named
            .chain(known)
            .chain(unknown)
            .filter(|&extension| Some(extension) != Self::LAST)
            .chain(last)
    }

    /// Whether the message has that extension at all.
    fn is_written(&self, extension: ExtensionType) -> bool {
        let from_one_block = matches!((self.order().0, self.unknown()), (Source::Wire(_), Sequence::Wire(_)));
        self.holds(extension)
            || from_one_block && !Self::KNOWN.contains(&extension)
            || self.unknown().iter().any(|one| one.extension_type == extension)
    }

    /// Whether our order names the type before that position.
    fn was_named(&self, position: usize, extension: ExtensionType) -> bool {
        match self.order().0 {
            Source::Types(types) => types.iter().take(position).any(|&one| one == extension),
            Source::Wire(_) | Source::NoBlock => false,
        }
    }

    /// Writes the block with its length, or nothing where there is to be no block.
    fn encode_block(&self, w: &mut Writer) -> Result<(), TooLong> {
        if matches!(self.order().0, Source::NoBlock) && self.types().next().is_none() {
            return Ok(());
        }
        w.vec16("extensions", |w| {
            // Written in their own order, unknown ones are found at the first look.
            let mut next_unknown = self.unknown().iter();
            self.types().try_for_each(|extension| {
                if self.holds(extension) {
                    w.u16(extension.0);
                    return w.vec16("extension_data", |w| self.encode_data(extension, w));
                }
                let found = next_unknown
                    .next()
                    .filter(|one| one.extension_type == extension)
                    .or_else(|| self.unknown().iter().find(|one| one.extension_type == extension));
                found.map_or(Ok(()), |unknown| unknown.encode(w))
            })
        })
    }
}

/// Makes the struct of one message's extensions: a field for each that we know, with the structure in which its data is written, then
/// the unknown ones and the order. Fields that stand before the extensions may come first, in braces.
macro_rules! extension_set {
    (
        $(#[$doc:meta])*
        pub struct $name:ident in $place:ident $({ $($(#[$own_doc:meta])* $own:ident: $own_type:ty;)* })? $(, last $last:ident)?;
        $($(#[$field_doc:meta])* $field:ident: $field_type:ty = $extension:ident as $data:ty;)*
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq)]
        pub struct $name<'a> {
            $($($(#[$own_doc])* pub $own: $own_type,)*)?
            $($(#[$field_doc])* pub $field: $field_type,)*
            /// All others, in order.
            pub unknown: $crate::wire::Sequence<'a, $crate::wire::UnknownExtension<'a>>,
            /// In which order all stand.
            pub order: $crate::wire::Order<'a>,
        }

        impl<'a> $name<'a> {
            /// The types of all extensions, unknown ones too, in order.
            pub fn extension_types(&self) -> impl Iterator<Item = $crate::wire::ExtensionType> + use<'a> {
                $crate::wire::extension_block::ExtensionSet::types(*self)
            }

            pub(super) fn from_block(
                block: $crate::wire::extension_block::ExtensionBlock<'a>,
            ) -> Result<Self, $crate::wire::Malformed> {
                let mut set = Self {
                    unknown: block.without(<Self as $crate::wire::extension_block::ExtensionSet<'a>>::KNOWN),
                    order: block.order(),
                    ..Self::default()
                };
                for one in block.all() {
                    block.check_place(one.extension_type, $crate::wire::Place::$place)?;
                    match one.extension_type {
                        $($crate::wire::ExtensionType::$extension => {
                            set.$field = $crate::wire::extension_data::read::<$data>(one.extension_data)?;
                        })*
                        _ => {}
                    }
                }
                Ok(set)
            }
        }

        impl<'a> $crate::wire::extension_block::ExtensionSet<'a> for $name<'a> {
            const KNOWN: &'static [$crate::wire::ExtensionType] = &[$($crate::wire::ExtensionType::$extension),*];
            const LAST: Option<$crate::wire::ExtensionType> =
                $crate::wire::extension_block::extension_set!(@last $($last)?);

            fn holds(&self, extension: $crate::wire::ExtensionType) -> bool {
                match extension {
                    $($crate::wire::ExtensionType::$extension => {
                        <$data as $crate::wire::extension_data::ExtensionData<'a>>::is_present(&self.$field)
                    })*
                    _ => false,
                }
            }

            fn encode_data(
                &self,
                extension: $crate::wire::ExtensionType,
                w: &mut $crate::wire::Writer,
            ) -> Result<(), $crate::wire::TooLong> {
                match extension {
                    $($crate::wire::ExtensionType::$extension => {
                        $crate::wire::extension_data::write::<$data>(&self.$field, w)
                    })*
                    _ => Ok(()),
                }
            }

            fn unknown(&self) -> $crate::wire::Sequence<'a, $crate::wire::UnknownExtension<'a>> {
                self.unknown
            }

            fn order(&self) -> $crate::wire::Order<'a> {
                self.order
            }
        }
    };
    (@last $last:ident) => { Some($crate::wire::ExtensionType::$last) };
    (@last) => { None };
}
pub(super) use extension_set;

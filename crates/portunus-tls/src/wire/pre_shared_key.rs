//! `pre_shared_key` in its two messages.

use super::extension_data::ExtensionData;
use super::{Decode, Encode, Item, Malformed, Problem, Reader, Sequence, TooLong, Writer};

/// `struct { opaque identity<1..2^16-1>; uint32 obfuscated_ticket_age; } PskIdentity;` (RFC 9846 section 4.3.11)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PskIdentity<'a> {
    /// A ticket, or the name of a key that both sides were given.
    pub identity: &'a [u8],
    /// The ticket's age in milliseconds plus its `ticket_age_add`, modulo 2^32.
    pub obfuscated_ticket_age: u32,
}

impl<'a> Decode<'a> for PskIdentity<'a> {
    const NAME: &'static str = "PskIdentity";

    fn decode(r: &mut Reader<'a>) -> Result<Self, Malformed> {
        Ok(Self {
            identity: r.vec16("identity", 1..=0xffff)?,
            obfuscated_ticket_age: r.u32("obfuscated_ticket_age")?,
        })
    }
}

impl Encode for PskIdentity<'_> {
    fn encode(&self, w: &mut Writer) -> Result<(), TooLong> {
        w.structure(Self::NAME);
        w.opaque16("identity", self.identity)?;
        w.u32(self.obfuscated_ticket_age);
        Ok(())
    }
}

impl<'a> Item<'a> for PskIdentity<'a> {}

/// `opaque PskBinderEntry<32..255>;` (RFC 9846 section 4.3.11)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PskBinderEntry<'a>(pub &'a [u8]);

impl<'a> Decode<'a> for PskBinderEntry<'a> {
    const NAME: &'static str = "PskBinderEntry";

    fn decode(r: &mut Reader<'a>) -> Result<Self, Malformed> {
        r.vec8("binder", 32..=255).map(Self)
    }
}

impl Encode for PskBinderEntry<'_> {
    fn encode(&self, w: &mut Writer) -> Result<(), TooLong> {
        w.structure(Self::NAME);
        w.opaque8("binder", self.0)
    }
}

impl<'a> Item<'a> for PskBinderEntry<'a> {}

/// `struct { PskIdentity identities<7..2^16-1>; PskBinderEntry binders<33..2^16-1>; } OfferedPsks;` (RFC 9846 section 4.3.11)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OfferedPsks<'a> {
    /// The keys that the client can use.
    pub identities: Sequence<'a, PskIdentity<'a>>,
    /// For each of them, in the same order, the proof that it has it.
    pub binders: Sequence<'a, PskBinderEntry<'a>>,
}

impl OfferedPsks<'_> {
    /// Bytes of the list of binders, its length included. A ClientHello less these last bytes is the truncated one that the binders
    /// are computed over (RFC 9846 section 4.3.11.2).
    pub fn binders_length(&self) -> usize {
        let entries = self.binders.iter().map(|binder| binder.0.len().saturating_add(1));
        entries.fold(2, usize::saturating_add)
    }
}

impl<'a> ExtensionData<'a> for OfferedPsks<'a> {
    const NAME: &'static str = "OfferedPsks";
    type Field = Option<OfferedPsks<'a>>;

    fn decode(r: &mut Reader<'a>) -> Result<OfferedPsks<'a>, Malformed> {
        let identities = r.vec16("identities", 7..=0xffff)?;
        let identities = Sequence::<PskIdentity<'a>>::check(r, "identities", identities)?;
        let binders = r.vec16("binders", 33..=0xffff)?;
        let binders = Sequence::<PskBinderEntry<'a>>::check(r, "binders", binders)?;
        let (found, wanted) = (binders.iter().count(), identities.iter().count());
        if found != wanted {
            return Err(r.fault("binders", Problem::Count { found, wanted }));
        }
        Ok(OfferedPsks { identities, binders })
    }

    fn encode(psks: &OfferedPsks<'a>, w: &mut Writer) -> Result<(), TooLong> {
        w.vec16("identities", |w| psks.identities.encode_items(w))?;
        w.vec16("binders", |w| psks.binders.encode_items(w))
    }
}

/// `uint16 selected_identity;` of a server's PreSharedKeyExtension (RFC 9846 section 4.3.11)
pub(super) struct SelectedIdentity;

impl<'a> ExtensionData<'a> for SelectedIdentity {
    const NAME: &'static str = "PreSharedKeyExtension";
    type Field = Option<u16>;

    fn decode(r: &mut Reader<'a>) -> Result<u16, Malformed> {
        r.u16("selected_identity")
    }

    fn encode(selected_identity: &u16, w: &mut Writer) -> Result<(), TooLong> {
        w.u16(*selected_identity);
        Ok(())
    }
}

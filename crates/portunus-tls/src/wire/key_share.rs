//! `key_share` in its three messages.

use super::extension_data::ExtensionData;
use super::{Decode, Encode, Item, Malformed, NamedGroup, Reader, Sequence, TooLong, Writer};

/// `struct { NamedGroup group; opaque key_exchange<1..2^16-1>; } KeyShareEntry;` (RFC 9846 section 4.3.8)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyShareEntry<'a> {
    /// The group of the key that is exchanged.
    pub group: NamedGroup,
    /// The public part, in the group's own form.
    pub key_exchange: &'a [u8],
}

impl<'a> Decode<'a> for KeyShareEntry<'a> {
    const NAME: &'static str = "KeyShareEntry";

    fn decode(r: &mut Reader<'a>) -> Result<Self, Malformed> {
        Ok(Self {
            group: NamedGroup(r.u16("group")?),
            key_exchange: r.vec16("key_exchange", 1..=0xffff)?,
        })
    }
}

impl Encode for KeyShareEntry<'_> {
    fn encode(&self, w: &mut Writer) -> Result<(), TooLong> {
        w.structure(Self::NAME);
        w.u16(self.group.0);
        w.opaque16("key_exchange", self.key_exchange)
    }
}

impl<'a> Item<'a> for KeyShareEntry<'a> {}

/// `struct { KeyShareEntry client_shares<0..2^16-1>; } KeyShareClientHello;` (RFC 9846 section 4.3.8)
pub(super) struct KeyShareClientHello;

impl<'a> ExtensionData<'a> for KeyShareClientHello {
    const NAME: &'static str = "KeyShareClientHello";
    type Field = Option<Sequence<'a, KeyShareEntry<'a>>>;

    fn decode(r: &mut Reader<'a>) -> Result<Sequence<'a, KeyShareEntry<'a>>, Malformed> {
        let list = r.vec16("client_shares", 0..=0xffff)?;
        Sequence::check(r, "client_shares", list)
    }

    fn encode(shares: &Sequence<'a, KeyShareEntry<'a>>, w: &mut Writer) -> Result<(), TooLong> {
        w.vec16("client_shares", |w| shares.encode_items(w))
    }
}

/// `struct { KeyShareEntry server_share; } KeyShareServerHello;` (RFC 9846 section 4.3.8)
pub(super) struct KeyShareServerHello;

impl<'a> ExtensionData<'a> for KeyShareServerHello {
    const NAME: &'static str = "KeyShareServerHello";
    type Field = Option<KeyShareEntry<'a>>;

    fn decode(r: &mut Reader<'a>) -> Result<KeyShareEntry<'a>, Malformed> {
        KeyShareEntry::decode(r)
    }

    fn encode(share: &KeyShareEntry<'a>, w: &mut Writer) -> Result<(), TooLong> {
        share.encode(w)
    }
}

/// `struct { NamedGroup selected_group; } KeyShareHelloRetryRequest;` (RFC 9846 section 4.3.8)
pub(super) struct KeyShareHelloRetryRequest;

impl<'a> ExtensionData<'a> for KeyShareHelloRetryRequest {
    const NAME: &'static str = "KeyShareHelloRetryRequest";
    type Field = Option<NamedGroup>;

    fn decode(r: &mut Reader<'a>) -> Result<NamedGroup, Malformed> {
        r.u16("selected_group").map(NamedGroup)
    }

    fn encode(group: &NamedGroup, w: &mut Writer) -> Result<(), TooLong> {
        group.encode(w)
    }
}

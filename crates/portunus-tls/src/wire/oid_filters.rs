//! Filters of certificates (RFC 9846 section 4.3.5).

use super::extension_data::ExtensionData;
use super::{Decode, Encode, Item, Malformed, Reader, Sequence, TooLong, Writer};

/// `struct { opaque certificate_extension_oid<1..2^8-1>; opaque certificate_extension_values<0..2^16-1>; } OIDFilter;` (RFC 9846
/// section 4.3.5)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OidFilter<'a> {
    /// The object identifier of a certificate's extension, in DER.
    pub certificate_extension_oid: &'a [u8],
    /// What its value has to have, in DER as it stands in certificates.
    pub certificate_extension_values: &'a [u8],
}

impl<'a> Decode<'a> for OidFilter<'a> {
    const NAME: &'static str = "OIDFilter";

    fn decode(r: &mut Reader<'a>) -> Result<Self, Malformed> {
        Ok(Self {
            certificate_extension_oid: r.vec8("certificate_extension_oid", 1..=255)?,
            certificate_extension_values: r.vec16("certificate_extension_values", 0..=0xffff)?,
        })
    }
}

impl Encode for OidFilter<'_> {
    fn encode(&self, w: &mut Writer) -> Result<(), TooLong> {
        w.structure(Self::NAME);
        w.opaque8("certificate_extension_oid", self.certificate_extension_oid)?;
        w.opaque16("certificate_extension_values", self.certificate_extension_values)
    }
}

impl<'a> Item<'a> for OidFilter<'a> {}

/// `struct { OIDFilter filters<0..2^16-1>; } OIDFilterExtension;` (RFC 9846 section 4.3.5)
pub(super) struct OidFilterExtension;

impl<'a> ExtensionData<'a> for OidFilterExtension {
    const NAME: &'static str = "OIDFilterExtension";
    type Field = Option<Sequence<'a, OidFilter<'a>>>;

    fn decode(r: &mut Reader<'a>) -> Result<Sequence<'a, OidFilter<'a>>, Malformed> {
        let list = r.vec16("filters", 0..=0xffff)?;
        Sequence::check(r, "filters", list)
    }

    fn encode(filters: &Sequence<'a, OidFilter<'a>>, w: &mut Writer) -> Result<(), TooLong> {
        w.vec16("filters", |w| filters.encode_items(w))
    }
}

use super::extension_block::ExtensionBlock;
use super::{
    Decode, Encode, ExtensionType, Item, Malformed, Place, Reader, Sequence, TooLong, UnknownExtension, Writer,
};

/// `struct { opaque certificate_request_context<0..2^8-1>; CertificateEntry certificate_list<0..2^24-1>; } Certificate;` (RFC 9846
/// section 4.5.1)
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Certificate<'a> {
    /// That of the CertificateRequest which it answers; empty from a server.
    pub certificate_request_context: &'a [u8],
    /// The chain, the sender's own certificate first.
    pub certificate_list: Sequence<'a, CertificateEntry<'a>>,
}

/// `struct { opaque cert_data<1..2^24-1>; Extension extensions<0..2^16-1>; } CertificateEntry;` (RFC 9846 section 4.5.1)
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CertificateEntry<'a> {
    /// A certificate in DER.
    pub cert_data: &'a [u8],
    /// What belongs to it, such as an OCSP response.
    pub extensions: Sequence<'a, UnknownExtension<'a>>,
}

impl<'a> CertificateEntry<'a> {
    /// The types of all extensions, in order.
    pub fn extension_types(&self) -> impl Iterator<Item = ExtensionType> + use<'a> {
        self.extensions.iter().map(|one| one.extension_type)
    }
}

impl<'a> Decode<'a> for Certificate<'a> {
    const NAME: &'static str = "Certificate";

    fn decode(r: &mut Reader<'a>) -> Result<Self, Malformed> {
        let certificate_request_context = r.vec8("certificate_request_context", 0..=255)?;
        let certificate_list = r.vec24("certificate_list", 0..=0xff_ffff)?;
        let certificate_list = Sequence::check(r, "certificate_list", certificate_list)?;
        Ok(Self {
            certificate_request_context,
            certificate_list,
        })
    }
}

impl Encode for Certificate<'_> {
    fn encode(&self, w: &mut Writer) -> Result<(), TooLong> {
        w.structure(Self::NAME);
        w.opaque8("certificate_request_context", self.certificate_request_context)?;
        w.vec24("certificate_list", |w| self.certificate_list.encode_items(w))
    }
}

impl<'a> Decode<'a> for CertificateEntry<'a> {
    const NAME: &'static str = "CertificateEntry";

    fn decode(r: &mut Reader<'a>) -> Result<Self, Malformed> {
        let cert_data = r.vec24("cert_data", 1..=0xff_ffff)?;
        let block = ExtensionBlock::read(Self::NAME, r.vec16("extensions", 0..=0xffff)?)?;
        block.check_place(Place::Certificate)?;
        Ok(Self {
            cert_data,
            extensions: block.all(),
        })
    }
}

impl Encode for CertificateEntry<'_> {
    fn encode(&self, w: &mut Writer) -> Result<(), TooLong> {
        w.structure(Self::NAME);
        w.opaque24("cert_data", self.cert_data)?;
        w.vec16("extensions", |w| self.extensions.encode_items(w))
    }
}

impl<'a> Item<'a> for CertificateEntry<'a> {}

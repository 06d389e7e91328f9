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
        block
            .all()
            .iter()
            .try_for_each(|one| block.check_place(one.extension_type, Place::Certificate))?;
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

#[cfg(test)]
mod tests {
    use super::super::testing::{test_message, written};
    use super::super::{AlertDescription, Problem};
    use super::*;

    #[test]
    fn a_chain_reads_and_writes() {
        let extensions = [
            UnknownExtension {
                extension_type: ExtensionType::STATUS_REQUEST,
                extension_data: &[1, 0, 0, 1, 0],
            },
            UnknownExtension {
                extension_type: ExtensionType(0x9999),
                extension_data: &[],
            },
        ];
        let entries = [
            CertificateEntry {
                cert_data: &[0x30; 300],
                extensions: Sequence::from(&extensions),
            },
            CertificateEntry {
                cert_data: &[0x30],
                extensions: Sequence::default(),
            },
        ];
        let message = Certificate {
            certificate_request_context: b"ask",
            certificate_list: Sequence::from(&entries),
        };
        let bytes = written(&message);
        test_message("Certificate", &bytes, &[]);
        assert_eq!(Certificate::read(&bytes), Ok(message));
        let types = [ExtensionType::STATUS_REQUEST, ExtensionType(0x9999)];
        assert!(entries[0].extension_types().eq(types));
    }

    #[test]
    fn a_client_without_a_certificate_sends_an_empty_list() {
        test_message("Certificate", &[0, 0, 0, 0], &[]);
        assert!(Certificate::read(&[0, 0, 0, 0]).unwrap().certificate_list.is_empty());
    }

    #[test]
    fn an_entry_holds_a_certificate_and_only_extensions_that_belong_there() {
        let fault = Certificate::read(&[0, 0, 0, 5, 0, 0, 0, 0, 0]).unwrap_err();
        assert_eq!(
            fault.to_string(),
            "CertificateEntry.cert_data has 0 bytes where 1 to 16777215 are allowed"
        );
        let entry = |extensions: &[u8]| {
            let length = u8::try_from(extensions.len()).unwrap();
            let head = [0, 0, 0, length + 6, 0, 0, 1, 0x30, 0, length];
            Certificate::read(&[&head[..], extensions].concat()).unwrap_err()
        };
        let misplaced = entry(&[0, 0, 0, 0]);
        assert_eq!(misplaced.problem, Problem::NotAllowedHere(ExtensionType::SERVER_NAME));
        assert_eq!(misplaced.alert(), AlertDescription::ILLEGAL_PARAMETER);
        let twice = entry(&[0, 18, 0, 0, 0, 18, 0, 0]);
        assert_eq!(
            twice.problem,
            Problem::Duplicate(ExtensionType::SIGNED_CERTIFICATE_TIMESTAMP)
        );
    }
}

use crate::wire::{Decode, Encode, Item, Malformed, Reader, Sequence, TooLong, Writer};

/// `opaque ASN.1Cert<1..2^24-1>; struct { ASN.1Cert certificate_list<0..2^24-1>; } Certificate;` (RFC 5246 section 7.4.2)
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Certificate<'a> {
    /// The chain, the sender's own certificate first; empty from a client that has none.
    pub certificate_list: Sequence<'a, CertificateEntry<'a>>,
}

/// One certificate in DER.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CertificateEntry<'a>(pub &'a [u8]);

impl<'a> Decode<'a> for Certificate<'a> {
    const NAME: &'static str = "Certificate";

    fn decode(r: &mut Reader<'a>) -> Result<Self, Malformed> {
        let certificate_list = r.vec24("certificate_list", 0..=0xff_ffff)?;
        Ok(Self {
            certificate_list: Sequence::check(r, "certificate_list", certificate_list)?,
        })
    }
}

impl Encode for Certificate<'_> {
    fn encode(&self, w: &mut Writer) -> Result<(), TooLong> {
        w.structure(Self::NAME);
        w.vec24("certificate_list", |w| self.certificate_list.encode_items(w))
    }
}

impl<'a> Decode<'a> for CertificateEntry<'a> {
    const NAME: &'static str = "ASN.1Cert";

    fn decode(r: &mut Reader<'a>) -> Result<Self, Malformed> {
        r.vec24("certificate", 1..=0xff_ffff).map(Self)
    }
}

impl Encode for CertificateEntry<'_> {
    fn encode(&self, w: &mut Writer) -> Result<(), TooLong> {
        w.structure(Self::NAME);
        w.opaque24("certificate", self.0)
    }
}

impl<'a> Item<'a> for CertificateEntry<'a> {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::testing::{test_message, written};

    #[test]
    fn a_chain_reads_and_writes() {
        let entries = [CertificateEntry(&[0x30; 300]), CertificateEntry(&[0x30])];
        let message = Certificate {
            certificate_list: Sequence::from(&entries),
        };
        let bytes = written(&message);
        test_message("Certificate of TLS 1.2", &bytes, &[]);
        assert_eq!(Certificate::read(&bytes), Ok(message));
        test_message("Certificate of TLS 1.2", &[0, 0, 0], &[]);
    }

    #[test]
    fn an_empty_certificate_is_refused() {
        let fault = Certificate::read(&[0, 0, 3, 0, 0, 0]).unwrap_err();
        assert_eq!(
            fault.to_string(),
            "ASN.1Cert.certificate has 0 bytes where 1 to 16777215 are allowed"
        );
    }
}

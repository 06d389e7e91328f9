use super::extension_block::{ExtensionBlock, ExtensionSet, extension_set};
use super::extension_data::{CertificateAuthoritiesExtension, SignatureSchemeList};
use super::oid_filters::{OidFilter, OidFilterExtension};
use super::{Decode, DistinguishedName, Encode, Malformed, Reader, Sequence, SignatureScheme, TooLong, Writer};

extension_set! {
    /// `struct { opaque certificate_request_context<0..2^8-1>; Extension extensions<0..2^16-1>; } CertificateRequest;` (RFC 9846
    /// section 4.4.2)
    pub struct CertificateRequest in CertificateRequest {
        /// Names this request; empty during the handshake.
        certificate_request_context: &'a [u8];
    };
    /// Signatures that the server accepts in the handshake, and in certificates unless told otherwise.
    signature_algorithms: Option<Sequence<'a, SignatureScheme>> = SIGNATURE_ALGORITHMS as SignatureSchemeList;
    /// Signatures that the server accepts in certificates.
    signature_algorithms_cert: Option<Sequence<'a, SignatureScheme>> = SIGNATURE_ALGORITHMS_CERT as SignatureSchemeList;
    /// Authorities that the server trusts.
    certificate_authorities: Option<Sequence<'a, DistinguishedName<'a>>>
        = CERTIFICATE_AUTHORITIES as CertificateAuthoritiesExtension;
    /// What the server wants the client's certificate to have.
    oid_filters: Option<Sequence<'a, OidFilter<'a>>> = OID_FILTERS as OidFilterExtension;
}

impl<'a> Decode<'a> for CertificateRequest<'a> {
    const NAME: &'static str = "CertificateRequest";

    fn decode(r: &mut Reader<'a>) -> Result<Self, Malformed> {
        let certificate_request_context = r.vec8("certificate_request_context", 0..=255)?;
        let block = ExtensionBlock::read(Self::NAME, r.vec16("extensions", 0..=0xffff)?)?;
        Ok(Self {
            certificate_request_context,
            ..Self::from_block(block)?
        })
    }
}

impl Encode for CertificateRequest<'_> {
    fn encode(&self, w: &mut Writer) -> Result<(), TooLong> {
        w.structure(Self::NAME);
        w.opaque8("certificate_request_context", self.certificate_request_context)?;
        self.encode_block(w)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{test_message, written};
    use super::super::{ExtensionType, Order, Problem, UnknownExtension};
    use super::*;

    #[test]
    fn a_certificate_request_reads_and_writes() {
        let types = [
            ExtensionType::CERTIFICATE_AUTHORITIES,
            ExtensionType::OID_FILTERS,
            ExtensionType::SIGNATURE_ALGORITHMS,
            ExtensionType::SIGNATURE_ALGORITHMS_CERT,
            ExtensionType::DELEGATED_CREDENTIAL,
        ];
        let message = CertificateRequest {
            certificate_request_context: b"context",
            signature_algorithms: Some(Sequence::from(&[SignatureScheme::ED25519])),
            signature_algorithms_cert: Some(Sequence::from(&[SignatureScheme::RSA_PKCS1_SHA256, SignatureScheme(0)])),
            certificate_authorities: Some(Sequence::from(&[
                DistinguishedName(&[0x30, 0]),
                DistinguishedName(&[1]),
            ])),
            oid_filters: Some(Sequence::from(&[
                OidFilter {
                    certificate_extension_oid: &[6, 3, 0x55, 0x1d, 0x0f],
                    certificate_extension_values: &[3, 2, 7, 0x80],
                },
                OidFilter {
                    certificate_extension_oid: &[1],
                    certificate_extension_values: &[],
                },
            ])),
            unknown: Sequence::from(&[UnknownExtension {
                extension_type: ExtensionType::DELEGATED_CREDENTIAL,
                extension_data: &[0, 0],
            }]),
            order: Order::from(&types),
        };
        let bytes = written(&message);
        test_message("CertificateRequest", &bytes, &[]);
        assert_eq!(CertificateRequest::read(&bytes), Ok(message));
        assert!(message.extension_types().eq(types));
    }

    #[test]
    fn what_has_no_place_in_it_is_refused() {
        let fault = CertificateRequest::read(&[0, 0, 4, 0, 51, 0, 0]).unwrap_err();
        assert_eq!(fault.problem, Problem::NotAllowedHere(ExtensionType::KEY_SHARE));
    }
}

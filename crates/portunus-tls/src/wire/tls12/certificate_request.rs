use crate::wire::{
    ClientCertificateType, Decode, DistinguishedName, Encode, Malformed, Reader, Sequence, SignatureScheme, TooLong,
    Writer,
};

/// ```text
/// struct {
///     ClientCertificateType certificate_types<1..2^8-1>;
///     SignatureAndHashAlgorithm supported_signature_algorithms<2..2^16-2>;
///     DistinguishedName certificate_authorities<0..2^16-1>;
/// } CertificateRequest;
/// ```
/// (RFC 5246 section 7.4.4)
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CertificateRequest<'a> {
    /// Kinds of keys that the client may show.
    pub certificate_types: Sequence<'a, ClientCertificateType>,
    /// Signatures that the server accepts, in the handshake and in certificates.
    pub supported_signature_algorithms: Sequence<'a, SignatureScheme>,
    /// Authorities that the server trusts; none where any will do.
    pub certificate_authorities: Sequence<'a, DistinguishedName<'a>>,
}

impl<'a> Decode<'a> for CertificateRequest<'a> {
    const NAME: &'static str = "CertificateRequest";

    fn decode(r: &mut Reader<'a>) -> Result<Self, Malformed> {
        let types = r.vec8("certificate_types", 1..=255)?;
        let algorithms = r.vec16("supported_signature_algorithms", 2..=0xfffe)?;
        let authorities = r.vec16("certificate_authorities", 0..=0xffff)?;
        Ok(Self {
            certificate_types: Sequence::check(r, "certificate_types", types)?,
            supported_signature_algorithms: Sequence::check(r, "supported_signature_algorithms", algorithms)?,
            certificate_authorities: Sequence::check(r, "certificate_authorities", authorities)?,
        })
    }
}

impl Encode for CertificateRequest<'_> {
    fn encode(&self, w: &mut Writer) -> Result<(), TooLong> {
        w.structure(Self::NAME);
        w.vec8("certificate_types", |w| self.certificate_types.encode_items(w))?;
        w.vec16("supported_signature_algorithms", |w| {
            self.supported_signature_algorithms.encode_items(w)
        })?;
        w.vec16("certificate_authorities", |w| {
            self.certificate_authorities.encode_items(w)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::testing::{test_message, written};

    #[test]
    fn a_certificate_request_reads_and_writes() {
        let message = CertificateRequest {
            certificate_types: Sequence::from(&[ClientCertificateType::ECDSA_SIGN, ClientCertificateType(9)]),
            supported_signature_algorithms: Sequence::from(&[SignatureScheme::ED25519, SignatureScheme(0)]),
            certificate_authorities: Sequence::from(&[DistinguishedName(&[0x30, 0])]),
        };
        let bytes = written(&message);
        test_message("CertificateRequest of TLS 1.2", &bytes, &[]);
        assert_eq!(CertificateRequest::read(&bytes), Ok(message));
        let any = CertificateRequest {
            certificate_authorities: Sequence::default(),
            ..message
        };
        test_message("CertificateRequest of TLS 1.2", &written(&any), &[]);
    }
}

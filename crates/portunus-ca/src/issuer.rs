//! A certificate of the authority that signs others: read by our own reader, its name kept as it stands there.

#![expect(
    clippy::result_large_err,
    reason = "the size is that of the DER reader's own error, read once a start"
)]

use asn1::{BitString, Tlv};
use portunus_x509::Certificate;
use rcgen::{CertificateParams, DistinguishedName, KeyIdMethod, PublicKeyData, SignatureAlgorithm, SigningKey as _};

use crate::Error;
use crate::key::SigningKey;

/// The issuer that a certificate and its key are.
///
/// What it signs has the certificate's subject for issuer, byte for byte, and the certificate's own subject key
/// identifier for authority key identifier, by whatever method that was made (RFC 5280 section 4.2.1.1).
#[derive(Debug)]
pub(crate) struct Issuer {
    subject: Vec<u8>,
    key_identifier: Vec<u8>,
    key: SigningKey,
}

/// `Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm, signatureValue BIT STRING }` (RFC 5280 section 4.1)
#[derive(asn1::Asn1Read, asn1::Asn1Write)]
struct Signed<'a> {
    to_be_signed: Tlv<'a>,
    algorithm: Tlv<'a>,
    signature: BitString<'a>,
}

/// `TBSCertificate` of version 3 with extensions and without unique identifiers (RFC 5280 section 4.1).
#[derive(asn1::Asn1Read, asn1::Asn1Write)]
struct ToBeSigned<'a> {
    version: Tlv<'a>,
    serial_number: Tlv<'a>,
    signature: Tlv<'a>,
    issuer: Tlv<'a>,
    validity: Tlv<'a>,
    subject: Tlv<'a>,
    subject_public_key_info: Tlv<'a>,
    extensions: Tlv<'a>,
}

impl Issuer {
    /// The issuer, or what about the certificate and the key stands in the way.
    pub(crate) fn new(certificate: &Certificate<'_>, key: SigningKey) -> Result<Self, &'static str> {
        if certificate.subject_public_key_info().key != key.public_key() {
            return Err("its private key is not the certificate's");
        }
        let key_identifier = certificate
            .subject_key_identifier()
            .ok()
            .flatten()
            .ok_or("it has no subject key identifier")?;
        Ok(Self {
            subject: certificate.subject().der().to_vec(),
            key_identifier: key_identifier.to_vec(),
            key,
        })
    }

    /// A certificate of this issuer, in DER.
    pub(crate) fn certify(&self, params: &CertificateParams, key: &SigningKey) -> Result<Vec<u8>, Error> {
        let mut nameless = CertificateParams::default();
        nameless.distinguished_name = DistinguishedName::new();
        nameless.key_identifier_method = KeyIdMethod::PreSpecified(self.key_identifier.clone());
        let draft = params
            .signed_by(key, &rcgen::Issuer::new(nameless, Unsigned(&self.key)))
            .map_err(Error::unwritable)?;
        self.sign(draft.der())
    }

    /// Puts issuer and signature where a draft leaves them open. rcgen would write the name anew: not with its string
    /// types, not with two attributes in one set.
    fn sign(&self, draft: &[u8]) -> Result<Vec<u8>, Error> {
        let draft: Signed<'_> = asn1::parse_single(draft).map_err(Error::unwritable)?;
        let mut contents: ToBeSigned<'_> =
            asn1::parse_single(draft.to_be_signed.full_data()).map_err(Error::unwritable)?;
        contents.issuer = asn1::parse_single(&self.subject).map_err(Error::unwritable)?;
        let to_be_signed = asn1::write_single(&contents).map_err(Error::unwritable)?;
        let signature = self.key.sign(&to_be_signed).map_err(Error::unwritable)?;
        asn1::write_single(&Signed {
            to_be_signed: asn1::parse_single(&to_be_signed).map_err(Error::unwritable)?,
            algorithm: draft.algorithm,
            signature: BitString::new(&signature, 0).ok_or(Error::Crypto)?,
        })
        .map_err(Error::unwritable)
    }
}

/// The key as rcgen gets it for a draft, which is not what is signed in the end.
struct Unsigned<'a>(&'a SigningKey);

impl PublicKeyData for Unsigned<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.0.der_bytes()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        self.0.algorithm()
    }
}

impl rcgen::SigningKey for Unsigned<'_> {
    fn sign(&self, _: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        Ok(Vec::new())
    }
}

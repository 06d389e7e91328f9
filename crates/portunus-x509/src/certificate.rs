//! Certificates, read and not judged.

use crate::UnixTime;
use crate::der::{Malformed, Problem, Reader, Time, known, tag};
use crate::extensions::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, Extension, Extensions, KeyUsage, ca_issuers,
    must_staple, subject_key_identifier,
};
use crate::name::constraints::NameConstraints;
use crate::name::{DistinguishedName, GeneralNames};
use crate::policies::{CertificatePolicies, PolicyConstraints, PolicyMappings, inhibit_any_policy};
use crate::revocation::DistributionPoints;
use crate::sct;
use crate::signature::{self, Known, SignatureAlgorithm};
use crate::spki::{AlgorithmIdentifier, SubjectPublicKeyInfo};

/// A certificate (RFC 5280 section 4.1), borrowed from its DER: what it says, without a judgement on it.
///
/// Reading is strict about DER and about the structure; whether the contents are acceptable is for
/// [`verify`](crate::verify()). The values of extensions are read when they are asked for, so that one that is broken, and
/// that nobody needs, breaks nothing.
#[derive(Debug, Clone)]
pub struct Certificate<'a> {
    der: &'a [u8],
    tbs: &'a [u8],
    version: u8,
    serial: &'a [u8],
    tbs_signature: AlgorithmIdentifier<'a>,
    issuer: DistinguishedName<'a>,
    not_before: Time,
    not_after: Time,
    subject: DistinguishedName<'a>,
    key: SubjectPublicKeyInfo<'a>,
    extensions: Extensions<'a>,
    signature_algorithm: AlgorithmIdentifier<'a>,
    signature: &'a [u8],
}

/// From when until when, both included (RFC 5280 section 4.1.2.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// The first second.
    pub not_before: UnixTime,
    /// The last second.
    pub not_after: UnixTime,
}

impl<'a> Certificate<'a> {
    /// ```text
    /// Certificate ::= SEQUENCE {
    ///     tbsCertificate      TBSCertificate,
    ///     signatureAlgorithm  AlgorithmIdentifier,
    ///     signatureValue      BIT STRING }
    ///
    /// TBSCertificate ::= SEQUENCE {
    ///     version         [0] EXPLICIT Version DEFAULT v1,
    ///     serialNumber        CertificateSerialNumber,
    ///     signature           AlgorithmIdentifier,
    ///     issuer              Name,
    ///     validity            Validity,
    ///     subject             Name,
    ///     subjectPublicKeyInfo SubjectPublicKeyInfo,
    ///     issuerUniqueID  [1] IMPLICIT UniqueIdentifier OPTIONAL,
    ///     subjectUniqueID [2] IMPLICIT UniqueIdentifier OPTIONAL,
    ///     extensions      [3] EXPLICIT Extensions OPTIONAL }
    /// ```
    pub fn parse(der: &'a [u8]) -> Result<Self, Malformed> {
        let mut certificate = Reader::whole_sequence(der, "certificate")?;
        let tbs = certificate.at("tbsCertificate").element(tag::SEQUENCE)?;
        let signature_algorithm = AlgorithmIdentifier::read(certificate.at("signatureAlgorithm"))?;
        let signature = certificate.at("signatureValue").bit_string_of_octets()?;
        certificate.finish()?;

        let mut fields = Reader::new(tbs.contents, "tbsCertificate");
        let version = version(fields.at("version"))?;
        let serial = fields.at("serialNumber").integer()?;
        let tbs_signature = AlgorithmIdentifier::read(fields.at("signature"))?;
        let issuer = DistinguishedName::read(fields.at("issuer"))?;
        let mut validity = fields.at("validity").sequence()?;
        let not_before = Time::read(validity.at("validity.notBefore"))?;
        let not_after = Time::read(validity.at("validity.notAfter"))?;
        validity.finish()?;
        let subject = DistinguishedName::read(fields.at("subject"))?;
        let key = SubjectPublicKeyInfo::read(fields.at("subjectPublicKeyInfo"))?;
        let issuer_unique_id = fields.at("issuerUniqueID").optional(tag::context(1))?;
        let subject_unique_id = fields.at("subjectUniqueID").optional(tag::context(2))?;
        for identifier in [issuer_unique_id, subject_unique_id].into_iter().flatten() {
            fields.check_bit_string(identifier.contents)?;
        }
        let extensions = match fields.at("extensions").optional(tag::context_constructed(3))? {
            Some(element) => Extensions::parse(element.contents)?,
            None => Extensions::none(),
        };
        fields.finish()?;

        Ok(Self {
            der,
            tbs: tbs.full,
            version,
            serial,
            tbs_signature,
            issuer,
            not_before,
            not_after,
            subject,
            key,
            extensions,
            signature_algorithm,
            signature,
        })
    }

    /// The whole certificate in DER.
    pub fn der(&self) -> &'a [u8] {
        self.der
    }

    /// 1, 2 or 3.
    pub fn version(&self) -> u8 {
        self.version
    }

    /// The serial number in two's complement, in its shortest form: negative ones exist.
    pub fn serial(&self) -> &'a [u8] {
        self.serial
    }

    /// Who says that it signed this.
    pub fn issuer(&self) -> DistinguishedName<'a> {
        self.issuer
    }

    /// Whom this is about.
    pub fn subject(&self) -> DistinguishedName<'a> {
        self.subject
    }

    /// From when until when.
    pub fn validity(&self) -> Validity {
        Validity {
            not_before: self.not_before.at,
            not_after: self.not_after.at,
        }
    }

    /// The public key of whom this is about.
    pub fn subject_public_key_info(&self) -> &SubjectPublicKeyInfo<'a> {
        &self.key
    }

    /// How it is signed.
    pub fn signature_algorithm(&self) -> SignatureAlgorithm<'a> {
        SignatureAlgorithm::of(&self.signature_algorithm)
    }

    /// The signature itself.
    pub fn signature(&self) -> &'a [u8] {
        self.signature
    }

    /// All extensions.
    pub fn extensions(&self) -> &Extensions<'a> {
        &self.extensions
    }

    /// The names that this is for; none where the extension is absent.
    pub fn subject_alt_names(&self) -> Result<GeneralNames<'a>, Malformed> {
        match self.extensions.subject_alt_name {
            Some(extension) => GeneralNames::parse(extension.value, "subjectAltName"),
            None => Ok(GeneralNames::none()),
        }
    }

    /// Whether this is an authority's.
    pub fn basic_constraints(&self) -> Result<Option<BasicConstraints>, Malformed> {
        read(self.extensions.basic_constraints, BasicConstraints::parse)
    }

    /// What the key may do.
    pub fn key_usage(&self) -> Result<Option<KeyUsage>, Malformed> {
        read(self.extensions.key_usage, KeyUsage::parse)
    }

    /// What the key is for.
    pub fn extended_key_usage(&self) -> Result<Option<ExtendedKeyUsage<'a>>, Malformed> {
        read(self.extensions.extended_key_usage, ExtendedKeyUsage::parse)
    }

    /// Which names an authority may give.
    pub fn name_constraints(&self) -> Result<Option<NameConstraints<'a>>, Malformed> {
        read(self.extensions.name_constraints, NameConstraints::parse)
    }

    /// Which key of the issuer signed this.
    pub fn authority_key_identifier(&self) -> Result<Option<AuthorityKeyIdentifier<'a>>, Malformed> {
        read(self.extensions.authority_key_identifier, AuthorityKeyIdentifier::parse)
    }

    /// The identifier of this key.
    pub fn subject_key_identifier(&self) -> Result<Option<&'a [u8]>, Malformed> {
        read(self.extensions.subject_key_identifier, subject_key_identifier)
    }

    /// Where its issuer tells what has been revoked.
    pub(crate) fn crl_distribution_points(&self) -> Result<DistributionPoints<'a>, Malformed> {
        match self.extensions.crl_distribution_points {
            Some(extension) => DistributionPoints::parse(extension.value),
            None => Ok(DistributionPoints::none()),
        }
    }

    /// The policies that it was issued under.
    pub(crate) fn certificate_policies(&self) -> Result<Option<CertificatePolicies<'a>>, Malformed> {
        read(self.extensions.certificate_policies, CertificatePolicies::parse)
    }

    /// Which of its issuer's policies stand for which of its own.
    pub(crate) fn policy_mappings(&self) -> Result<Option<PolicyMappings<'a>>, Malformed> {
        read(self.extensions.policy_mappings, PolicyMappings::parse)
    }

    /// From where on the path policies have to be there, and must not be mapped.
    pub(crate) fn policy_constraints(&self) -> Result<Option<PolicyConstraints>, Malformed> {
        read(self.extensions.policy_constraints, PolicyConstraints::parse)
    }

    /// From where on the path anyPolicy stands for none.
    pub(crate) fn inhibit_any_policy(&self) -> Result<Option<u32>, Malformed> {
        read(self.extensions.inhibit_any_policy, inhibit_any_policy)
    }

    /// Whether its server promises to staple a response of OCSP, by the extension tlsFeature (RFC 7633).
    pub fn must_staple(&self) -> Result<bool, Malformed> {
        Ok(read(self.extensions.tls_feature, must_staple)?.unwrap_or_default())
    }

    /// The timestamps of logs that stand in it, where there are some.
    pub(crate) fn timestamps(&self) -> Result<Option<&'a [u8]>, Malformed> {
        let mut all = self.extensions.iter();
        read(all.find(|extension| extension.oid == known::SCT_LIST), sct::embedded)
    }

    /// What was to be signed before timestamps stood in it.
    pub(crate) fn before_timestamps(&self) -> Result<Vec<u8>, Malformed> {
        sct::without_timestamps(self.tbs)
    }

    /// Where the issuer's certificate can be fetched (RFC 5280 section 4.2.2.1); the addresses are as the certificate
    /// has them.
    pub fn ca_issuers(&self) -> Result<Vec<&'a str>, Malformed> {
        Ok(read(self.extensions.authority_information_access, ca_issuers)?.unwrap_or_default())
    }

    /// Whether issuer and subject are the same (RFC 5280 section 3.2). It need not be signed by its own key for that.
    pub fn is_self_issued(&self) -> bool {
        self.issuer.matches(&self.subject)
    }

    /// Whether the signature was made by `key`. It costs a signature's verification, and says nothing about whether the
    /// key's holder may sign certificates.
    pub fn is_signed_by(&self, key: &SubjectPublicKeyInfo<'_>) -> bool {
        self.is_signed_by_knowing(key, Known::default())
    }

    /// As [`Certificate::is_signed_by`], with what is known beforehand.
    pub(crate) fn is_signed_by_knowing(&self, key: &SubjectPublicKeyInfo<'_>, known: Known<'_>) -> bool {
        signature::verifies(&self.signature_algorithm, key, self.tbs, self.signature, known)
    }

    /// Whether both fields that name the signature's algorithm are the same (RFC 5280 section 4.1.1.2).
    pub(crate) fn signature_algorithms_agree(&self) -> bool {
        self.signature_algorithm.der == self.tbs_signature.der
    }

    /// Whether both times are in the form that RFC 5280 section 4.1.2.5 wants for their years.
    pub(crate) fn times_are_in_their_form(&self) -> bool {
        self.not_before.in_form_of_its_year && self.not_after.in_form_of_its_year
    }
}

/// `Version ::= INTEGER { v1(0), v2(1), v3(2) }`; v1, being the default, must not be written.
fn version(fields: &mut Reader<'_>) -> Result<u8, Malformed> {
    let Some(element) = fields.optional(tag::context_constructed(0))? else {
        return Ok(1);
    };
    let mut inner = Reader::new(element.contents, "version");
    let version = inner.integer()?;
    inner.finish()?;
    match version {
        [0] => Err(inner.malformed(Problem::Default)),
        [1] => Ok(2),
        [2] => Ok(3),
        _ => Err(inner.malformed(Problem::Value)),
    }
}

fn read<'a, T>(
    extension: Option<Extension<'a>>,
    parse: impl FnOnce(&'a [u8]) -> Result<T, Malformed>,
) -> Result<Option<T>, Malformed> {
    extension.map(|extension| parse(extension.value)).transpose()
}

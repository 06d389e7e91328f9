//! Responses of OCSP (RFC 6960 section 4.2): read without copies, and not judged.

use super::RevocationReason;
use crate::UnixTime;
use crate::der::{Malformed, Oid, Problem, Reader, Time, known, tag};
use crate::extensions::{Extension, each_extension};
use crate::limits::{MAX_RESPONDER_CERTIFICATES, MAX_SINGLE_RESPONSES};
use crate::name::DistinguishedName;
use crate::signature::{self, Known};
use crate::spki::{AlgorithmIdentifier, SubjectPublicKeyInfo};
use aws_lc_rs::digest;
use std::fmt;

/// A response of OCSP (RFC 6960 section 4.2.1), borrowed from its DER: what it says, without a judgement on it.
#[derive(Debug, Clone)]
pub struct OcspResponse<'a> {
    status: OcspResponseStatus,
    basic: Option<BasicResponse<'a>>,
    /// That of the request, where it had one.
    nonce: Option<&'a [u8]>,
}

/// `OCSPResponseStatus`: whether there is an answer at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OcspResponseStatus(pub u8);

impl OcspResponseStatus {
    /// There is one.
    pub const SUCCESSFUL: Self = Self(0);
}

/// The name of the status.
impl fmt::Display for OcspResponseStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            0 => "successful",
            1 => "malformedRequest",
            2 => "internalError",
            3 => "tryLater",
            5 => "sigRequired",
            6 => "unauthorized",
            other => return write!(f, "unknown status {other}"),
        })
    }
}

/// `BasicOCSPResponse`: the one form of an answer that there is.
#[derive(Debug, Clone)]
pub(crate) struct BasicResponse<'a> {
    tbs: &'a [u8],
    pub(crate) responder: Responder<'a>,
    produced_at: UnixTime,
    singles: Reader<'a>,
    nonce: Option<&'a [u8]>,
    /// The first critical extension, of the response or of an answer in it, that is not understood.
    pub(crate) unknown_critical: Option<Oid<'a>>,
    signature_algorithm: AlgorithmIdentifier<'a>,
    signature: &'a [u8],
    certificates: Reader<'a>,
}

/// `ResponderID ::= CHOICE { byName [1] Name, byKey [2] KeyHash }`.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Responder<'a> {
    Name(DistinguishedName<'a>),
    /// The SHA-1 of its key.
    Key(&'a [u8]),
}

/// What a response says of one certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateStatus {
    /// It is not known to be revoked.
    Good,
    /// It is revoked.
    Revoked {
        /// Since when.
        since: UnixTime,
        /// Why, where the response says so.
        reason: Option<RevocationReason>,
    },
    /// The responder does not know it.
    Unknown,
}

/// `SingleResponse`: the answer on one certificate.
#[derive(Debug, Clone)]
pub(crate) struct SingleResponse<'a> {
    hash_algorithm: AlgorithmIdentifier<'a>,
    issuer_name_hash: &'a [u8],
    issuer_key_hash: &'a [u8],
    serial: &'a [u8],
    pub(crate) status: CertificateStatus,
    pub(crate) this_update: UnixTime,
    pub(crate) next_update: Option<UnixTime>,
}

impl<'a> OcspResponse<'a> {
    /// ```text
    /// OCSPResponse ::= SEQUENCE {
    ///     responseStatus     OCSPResponseStatus,
    ///     responseBytes  [0] EXPLICIT SEQUENCE {
    ///         responseType   OBJECT IDENTIFIER,
    ///         response       OCTET STRING } OPTIONAL }
    /// ```
    ///
    /// Every answer in it is looked at.
    pub fn parse(der: &'a [u8]) -> Result<Self, Malformed> {
        let mut fields = Reader::whole_sequence(der, "OCSPResponse")?;
        let status = fields.at("responseStatus").element(tag::ENUMERATED)?;
        let [status] = status.contents else {
            return Err(fields.malformed(Problem::Value));
        };
        let status = OcspResponseStatus(*status);
        let bytes = fields.at("responseBytes").optional(tag::context_constructed(0))?;
        fields.finish()?;
        let basic = match bytes {
            // Whatever stands in an answer that is none.
            _ if status != OcspResponseStatus::SUCCESSFUL => None,
            None => return Err(fields.malformed(Problem::Truncated)),
            Some(element) => {
                let mut bytes = Reader::whole_sequence(element.contents, "responseBytes")?;
                if bytes.at("responseType").oid()? != known::OCSP_BASIC {
                    return Err(bytes.malformed(Problem::Value));
                }
                let response = bytes.at("response").octets()?;
                bytes.finish()?;
                Some(BasicResponse::parse(response)?)
            }
        };
        Ok(Self {
            status,
            basic,
            nonce: None,
        })
    }

    /// As an answer to a request with this nonce (RFC 9654): it is not used unless it has the same.
    pub fn to_nonce(mut self, nonce: &'a [u8]) -> Self {
        self.nonce = Some(nonce);
        self
    }

    /// Whether there is an answer at all.
    pub fn status(&self) -> OcspResponseStatus {
        self.status
    }

    /// When the answer was signed.
    pub fn produced_at(&self) -> Option<UnixTime> {
        self.basic.as_ref().map(|basic| basic.produced_at)
    }

    /// The serial number of each certificate that it tells of, and what it says.
    pub fn certificates(&self) -> impl Iterator<Item = (&'a [u8], CertificateStatus)> {
        let singles = self.basic.iter().flat_map(BasicResponse::singles);
        singles.map(|single| (single.serial, single.status))
    }

    pub(crate) fn basic(&self) -> Option<&BasicResponse<'a>> {
        self.basic.as_ref()
    }

    /// Whether it answers the request that was put, as far as a nonce tells.
    pub(crate) fn is_fresh(&self) -> bool {
        let own = self.basic.as_ref().and_then(|basic| basic.nonce);
        self.nonce.is_none() || self.nonce == own
    }
}

impl<'a> BasicResponse<'a> {
    /// ```text
    /// BasicOCSPResponse ::= SEQUENCE {
    ///     tbsResponseData    ResponseData,
    ///     signatureAlgorithm AlgorithmIdentifier,
    ///     signature          BIT STRING,
    ///     certs          [0] EXPLICIT SEQUENCE OF Certificate OPTIONAL }
    ///
    /// ResponseData ::= SEQUENCE {
    ///     version            [0] EXPLICIT Version DEFAULT v1,
    ///     responderID            ResponderID,
    ///     producedAt             GeneralizedTime,
    ///     responses              SEQUENCE OF SingleResponse,
    ///     responseExtensions [1] EXPLICIT Extensions OPTIONAL }
    /// ```
    fn parse(der: &'a [u8]) -> Result<Self, Malformed> {
        let mut response = Reader::whole_sequence(der, "BasicOCSPResponse")?;
        let tbs = response.at("tbsResponseData").element(tag::SEQUENCE)?;
        let signature_algorithm = AlgorithmIdentifier::read(response.at("signatureAlgorithm"))?;
        let signature = response.at("signature").bit_string_of_octets()?;
        let certificates = match response.at("certs").optional(tag::context_constructed(0))? {
            Some(element) => Reader::whole_sequence(element.contents, "certs")?,
            None => Reader::new(&[], "certs"),
        };
        response.finish()?;
        check_each(&certificates, MAX_RESPONDER_CERTIFICATES, |rest| {
            rest.element(tag::SEQUENCE).map(|_| ())
        })?;

        // There is no version but the default.
        let mut fields = Reader::new(tbs.contents, "responderID");
        let choice = fields.any()?;
        let mut inner = Reader::new(choice.contents, "responderID");
        let responder = match choice.tag {
            0xa1 => Responder::Name(DistinguishedName::read(&mut inner)?),
            0xa2 => Responder::Key(inner.octets()?),
            _ => return Err(fields.malformed(Problem::Tag)),
        };
        inner.finish()?;
        let produced_at = generalized_time(fields.at("producedAt"))?;
        let singles = fields.at("responses").sequence()?;
        let mut unknown_critical = None;
        check_each(&singles, MAX_SINGLE_RESPONSES, |rest| {
            SingleResponse::read(rest, &mut unknown_critical).map(|_| ())
        })?;
        let mut nonce = None;
        if let Some(element) = fields.at("responseExtensions").optional(tag::context_constructed(1))? {
            let all = Reader::whole_sequence(element.contents, "responseExtensions")?;
            each_extension(&all, |extension| {
                if extension.oid == known::OCSP_NONCE {
                    let mut value = Reader::new(extension.value, "nonce");
                    nonce = Some(value.octets()?);
                    return value.finish();
                }
                note_critical(extension, &mut unknown_critical);
                Ok(())
            })?;
        }
        fields.finish()?;
        Ok(Self {
            tbs: tbs.full,
            responder,
            produced_at,
            singles,
            nonce,
            unknown_critical,
            signature_algorithm,
            signature,
            certificates,
        })
    }

    pub(crate) fn produced_at(&self) -> UnixTime {
        self.produced_at
    }

    fn singles(&self) -> impl Iterator<Item = SingleResponse<'a>> + use<'a> {
        each(self.singles.clone(), |rest| SingleResponse::read(rest, &mut None).ok())
    }

    /// The newest answer on the certificate of an issuer with this serial number.
    pub(crate) fn find(
        &self,
        issuer: &DistinguishedName<'_>,
        key: &SubjectPublicKeyInfo<'_>,
        serial: &[u8],
    ) -> Option<SingleResponse<'a>> {
        let about = |single: &SingleResponse<'_>| single.serial == serial && single.is_of(issuer, key);
        self.singles().filter(about).max_by_key(|single| single.this_update)
    }

    /// The certificates that came with it, in DER: one may be the responder's.
    pub(crate) fn certificates(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let all = each(self.certificates.clone(), |rest| rest.element(tag::SEQUENCE).ok());
        all.map(|element| element.full)
    }

    /// Whether the signature was made by `key`, and by an algorithm that is supported.
    pub(crate) fn is_signed_by(&self, key: &SubjectPublicKeyInfo<'_>, known: Known<'_>) -> bool {
        signature::verifies(&self.signature_algorithm, key, self.tbs, self.signature, known)
    }
}

impl Responder<'_> {
    /// Whether this is whoever has that name and key.
    pub(crate) fn is(&self, subject: &DistinguishedName<'_>, key: &SubjectPublicKeyInfo<'_>) -> bool {
        match self {
            Self::Name(name) => name.matches(subject),
            Self::Key(hash) => digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, key.key).as_ref() == *hash,
        }
    }
}

impl<'a> SingleResponse<'a> {
    /// ```text
    /// SingleResponse ::= SEQUENCE {
    ///     certID               SEQUENCE {
    ///         hashAlgorithm  AlgorithmIdentifier,
    ///         issuerNameHash OCTET STRING,
    ///         issuerKeyHash  OCTET STRING,
    ///         serialNumber   CertificateSerialNumber },
    ///     certStatus           CertStatus,
    ///     thisUpdate           GeneralizedTime,
    ///     nextUpdate       [0] EXPLICIT GeneralizedTime OPTIONAL,
    ///     singleExtensions [1] EXPLICIT Extensions OPTIONAL }
    ///
    /// CertStatus ::= CHOICE {
    ///     good             [0] IMPLICIT NULL,
    ///     revoked          [1] IMPLICIT SEQUENCE {
    ///         revocationTime       GeneralizedTime,
    ///         revocationReason [0] EXPLICIT CRLReason OPTIONAL },
    ///     unknown          [2] IMPLICIT NULL }
    /// ```
    fn read(reader: &mut Reader<'a>, unknown_critical: &mut Option<Oid<'a>>) -> Result<Self, Malformed> {
        let mut fields = reader.sequence()?;
        let mut id = fields.at("certID").sequence()?;
        let hash_algorithm = AlgorithmIdentifier::read(&mut id)?;
        let issuer_name_hash = id.octets()?;
        let issuer_key_hash = id.octets()?;
        let serial = id.integer()?;
        id.finish()?;
        let choice = fields.at("certStatus").any()?;
        let status = match (choice.tag, choice.contents) {
            (0x80, []) => CertificateStatus::Good,
            (0x82, []) => CertificateStatus::Unknown,
            (0xa1, contents) => revoked(contents)?,
            _ => return Err(fields.malformed(Problem::Tag)),
        };
        let this_update = generalized_time(fields.at("thisUpdate"))?;
        let next_update = match fields.at("nextUpdate").optional(tag::context_constructed(0))? {
            Some(element) => {
                let mut inner = Reader::new(element.contents, "nextUpdate");
                let time = generalized_time(&mut inner)?;
                inner.finish()?;
                Some(time)
            }
            None => None,
        };
        if let Some(element) = fields.at("singleExtensions").optional(tag::context_constructed(1))? {
            let all = Reader::whole_sequence(element.contents, "singleExtensions")?;
            each_extension(&all, |extension| {
                note_critical(extension, unknown_critical);
                Ok(())
            })?;
        }
        fields.finish()?;
        Ok(Self {
            hash_algorithm,
            issuer_name_hash,
            issuer_key_hash,
            serial,
            status,
            this_update,
            next_update,
        })
    }

    /// RFC 6960 section 4.1.1: by the hashes of the issuer's name and key.
    fn is_of(&self, issuer: &DistinguishedName<'_>, key: &SubjectPublicKeyInfo<'_>) -> bool {
        // SHA-1 names here, and protects nothing: two certificates of one issuer have different serial numbers.
        let algorithm = match self.hash_algorithm.oid {
            known::SHA1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            known::SHA256 => &digest::SHA256,
            known::SHA384 => &digest::SHA384,
            known::SHA512 => &digest::SHA512,
            _ => return false,
        };
        digest::digest(algorithm, issuer.der()).as_ref() == self.issuer_name_hash
            && digest::digest(algorithm, key.key).as_ref() == self.issuer_key_hash
    }
}

fn revoked(contents: &[u8]) -> Result<CertificateStatus, Malformed> {
    let mut info = Reader::new(contents, "certStatus.revoked");
    let since = generalized_time(&mut info)?;
    let reason = match info.optional(tag::context_constructed(0))? {
        Some(element) => {
            let mut inner = Reader::new(element.contents, "revocationReason");
            let reason = inner.element(tag::ENUMERATED)?;
            inner.finish()?;
            let [reason] = reason.contents else {
                return Err(inner.malformed(Problem::Value));
            };
            Some(RevocationReason(*reason))
        }
        None => None,
    };
    info.finish()?;
    Ok(CertificateStatus::Revoked { since, reason })
}

/// GeneralizedTime alone, whatever the year.
fn generalized_time(reader: &mut Reader<'_>) -> Result<UnixTime, Malformed> {
    if reader.is_at(&[tag::GENERALIZED_TIME]) {
        Ok(Time::read(reader)?.at)
    } else {
        Err(reader.malformed(Problem::Tag))
    }
}

fn note_critical<'a>(extension: Extension<'a>, unknown_critical: &mut Option<Oid<'a>>) {
    if extension.critical {
        *unknown_critical = unknown_critical.or(Some(extension.oid));
    }
}

fn check_each<'a>(
    all: &Reader<'a>,
    most: usize,
    mut read: impl FnMut(&mut Reader<'a>) -> Result<(), Malformed>,
) -> Result<(), Malformed> {
    let mut rest = all.clone();
    for _ in 0..most {
        if rest.is_empty() {
            return Ok(());
        }
        read(&mut rest)?;
    }
    if rest.is_empty() {
        Ok(())
    } else {
        Err(rest.malformed(Problem::TooMany))
    }
}

fn each<'a, T>(mut rest: Reader<'a>, read: impl Fn(&mut Reader<'a>) -> Option<T>) -> impl Iterator<Item = T> {
    std::iter::from_fn(move || if rest.is_empty() { None } else { read(&mut rest) })
}

//! The answer of a response of OCSP on one certificate (RFC 6960 section 4.2.1).

use super::RevocationReason;
use crate::UnixTime;
use crate::der::{Malformed, Oid, Problem, Reader, Time, known, tag};
use crate::extensions::{Extension, each_extension};
use crate::name::DistinguishedName;
use crate::spki::{AlgorithmIdentifier, SubjectPublicKeyInfo};
use aws_lc_rs::digest;

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
    pub(super) serial: &'a [u8],
    pub(crate) status: CertificateStatus,
    pub(crate) this_update: UnixTime,
    pub(crate) next_update: Option<UnixTime>,
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
    pub(super) fn read(reader: &mut Reader<'a>, unknown_critical: &mut Option<Oid<'a>>) -> Result<Self, Malformed> {
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
    pub(super) fn is_of(&self, issuer: &DistinguishedName<'_>, key: &SubjectPublicKeyInfo<'_>) -> bool {
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
pub(super) fn generalized_time(reader: &mut Reader<'_>) -> Result<UnixTime, Malformed> {
    if reader.is_at(&[tag::GENERALIZED_TIME]) {
        Ok(Time::read(reader)?.at)
    } else {
        Err(reader.malformed(Problem::Tag))
    }
}

pub(super) fn note_critical<'a>(extension: Extension<'a>, unknown_critical: &mut Option<Oid<'a>>) {
    if extension.critical {
        *unknown_critical = unknown_critical.or(Some(extension.oid));
    }
}

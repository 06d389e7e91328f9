//! Certificate revocation lists (RFC 5280 section 5): read without copies, and not judged.

use super::points::IssuingDistributionPoint;
use crate::UnixTime;
use crate::der::{Malformed, Oid, Problem, Reader, Time, known, tag};
use crate::extensions::{AuthorityKeyIdentifier, Extension, each_extension};
use crate::name::{DistinguishedName, GeneralNames};
use crate::signature::{self, Known, SignatureAlgorithm};
use crate::spki::{AlgorithmIdentifier, SubjectPublicKeyInfo};
use std::cmp::Ordering;
use std::fmt;

/// A certificate revocation list (RFC 5280 section 5.1), borrowed from its DER: what it says, without a judgement on it.
#[derive(Debug, Clone)]
pub struct RevocationList<'a> {
    der: &'a [u8],
    tbs: &'a [u8],
    tbs_signature: AlgorithmIdentifier<'a>,
    issuer: DistinguishedName<'a>,
    /// The fingerprint of the issuer's name.
    pub(crate) issuer_fingerprint: u64,
    this_update: Time,
    next_update: Option<Time>,
    entries: Reader<'a>,
    extensions: ListExtensions<'a>,
    /// The first critical extension, of the list or of an entry, that is not understood.
    unknown_critical: Option<Oid<'a>>,
    signature_algorithm: AlgorithmIdentifier<'a>,
    signature: &'a [u8],
}

#[derive(Debug, Clone, Default)]
struct ListExtensions<'a> {
    authority_key_identifier: Option<Extension<'a>>,
    number: Option<ListNumber<'a>>,
    number_is_critical: bool,
    base_number: Option<ListNumber<'a>>,
    issuing_distribution_point: Option<IssuingDistributionPoint<'a>>,
}

/// `CRLNumber ::= INTEGER (0..MAX)`, its octets without a leading zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ListNumber<'a>(&'a [u8]);

impl<'a> ListNumber<'a> {
    fn parse(der: &'a [u8], field: &'static str) -> Result<Self, Malformed> {
        let mut reader = Reader::new(der, field);
        let octets = reader.integer()?;
        reader.finish()?;
        match octets {
            [first, ..] if first & 0x80 != 0 => Err(reader.malformed(Problem::Value)),
            [0, rest @ ..] => Ok(Self(rest)),
            octets => Ok(Self(octets)),
        }
    }
}

impl Ord for ListNumber<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.0.len(), self.0).cmp(&(other.0.len(), other.0))
    }
}

impl PartialOrd for ListNumber<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// What a list says of one certificate.
#[derive(Debug, Clone)]
pub struct RevokedCertificate<'a> {
    /// The serial number in two's complement, in its shortest form.
    pub serial: &'a [u8],
    /// Since when.
    pub revocation_date: UnixTime,
    /// Why, where the list says so.
    pub reason: Option<RevocationReason>,
    /// Whose certificate this is and those that follow are, where that is another issuer than before.
    pub certificate_issuer: Option<GeneralNames<'a>>,
}

/// `CRLReason` (RFC 5280 section 5.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RevocationReason(pub u8);

impl RevocationReason {
    /// No longer revoked, in a delta list.
    pub const REMOVE_FROM_CRL: Self = Self(8);
}

/// The name of the reason.
impl fmt::Display for RevocationReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            0 => "unspecified",
            1 => "keyCompromise",
            2 => "cACompromise",
            3 => "affiliationChanged",
            4 => "superseded",
            5 => "cessationOfOperation",
            6 => "certificateHold",
            8 => "removeFromCRL",
            9 => "privilegeWithdrawn",
            10 => "aACompromise",
            other => return write!(f, "unknown reason {other}"),
        })
    }
}

impl<'a> RevocationList<'a> {
    /// ```text
    /// CertificateList ::= SEQUENCE {
    ///     tbsCertList        TBSCertList,
    ///     signatureAlgorithm AlgorithmIdentifier,
    ///     signatureValue     BIT STRING }
    ///
    /// TBSCertList ::= SEQUENCE {
    ///     version             Version OPTIONAL,
    ///     signature           AlgorithmIdentifier,
    ///     issuer              Name,
    ///     thisUpdate          Time,
    ///     nextUpdate          Time OPTIONAL,
    ///     revokedCertificates SEQUENCE OF SEQUENCE {
    ///         userCertificate    CertificateSerialNumber,
    ///         revocationDate     Time,
    ///         crlEntryExtensions Extensions OPTIONAL } OPTIONAL,
    ///     crlExtensions   [0] EXPLICIT Extensions OPTIONAL }
    /// ```
    ///
    /// Every entry is looked at.
    pub fn parse(der: &'a [u8]) -> Result<Self, Malformed> {
        let mut list = Reader::whole_sequence(der, "certificateList")?;
        let tbs = list.at("tbsCertList").element(tag::SEQUENCE)?;
        let signature_algorithm = AlgorithmIdentifier::read(list.at("signatureAlgorithm"))?;
        let signature = list.at("signatureValue").bit_string_of_octets()?;
        list.finish()?;

        let mut fields = Reader::new(tbs.contents, "tbsCertList");
        // Where there is one, it is v2 (1), since v1 has none.
        let version = fields.at("version").optional(tag::INTEGER)?;
        if version.is_some_and(|version| version.contents != [1]) {
            return Err(fields.malformed(Problem::Value));
        }
        let tbs_signature = AlgorithmIdentifier::read(fields.at("signature"))?;
        let issuer = DistinguishedName::read(fields.at("issuer"))?;
        let this_update = Time::read(fields.at("thisUpdate"))?;
        let next_update = if fields.at("nextUpdate").is_at(&[tag::UTC_TIME, tag::GENERALIZED_TIME]) {
            Some(Time::read(&mut fields)?)
        } else {
            None
        };
        let entries = fields.at("revokedCertificates").optional(tag::SEQUENCE)?;
        let entries = Reader::new(entries.map(|e| e.contents).unwrap_or_default(), "revokedCertificates");
        let mut unknown_critical = None;
        let extensions = match fields.at("crlExtensions").optional(tag::context_constructed(0))? {
            // Version 1 has none.
            Some(_) if version.is_none() => return Err(fields.malformed(Problem::Disagrees)),
            Some(element) => ListExtensions::parse(element.contents, &mut unknown_critical)?,
            None => ListExtensions::default(),
        };
        fields.finish()?;

        let is_indirect = extensions
            .issuing_distribution_point
            .as_ref()
            .is_some_and(|point| point.indirect_crl);
        let mut rest = entries.clone();
        while !rest.is_empty() {
            let entry = RevokedCertificate::read(&mut rest, &mut unknown_critical)?;
            // RFC 5280 section 5.3.3: in an indirect list alone.
            if entry.certificate_issuer.is_some() && !is_indirect {
                return Err(rest.malformed(Problem::Disagrees));
            }
        }
        Ok(Self {
            der,
            tbs: tbs.full,
            tbs_signature,
            issuer,
            issuer_fingerprint: issuer.fingerprint(),
            this_update,
            next_update,
            entries,
            extensions,
            unknown_critical,
            signature_algorithm,
            signature,
        })
    }

    /// The whole list in DER.
    pub fn der(&self) -> &'a [u8] {
        self.der
    }

    /// Who says that it signed this.
    pub fn issuer(&self) -> DistinguishedName<'a> {
        self.issuer
    }

    /// When it was made.
    pub fn this_update(&self) -> UnixTime {
        self.this_update.at
    }

    /// Until when there will be another.
    pub fn next_update(&self) -> Option<UnixTime> {
        self.next_update.map(|time| time.at)
    }

    /// How it is signed.
    pub fn signature_algorithm(&self) -> SignatureAlgorithm<'a> {
        SignatureAlgorithm::of(&self.signature_algorithm)
    }

    /// The entries, in the list's order.
    pub fn entries(&self) -> impl Iterator<Item = RevokedCertificate<'a>> + use<'a> {
        let mut rest = self.entries.clone();
        std::iter::from_fn(move || {
            if rest.is_empty() {
                None
            } else {
                RevokedCertificate::read(&mut rest, &mut None).ok()
            }
        })
    }

    /// Whether this says what has changed since another list, and nothing else (RFC 5280 section 5.2.4).
    pub fn is_delta(&self) -> bool {
        self.extensions.base_number.is_some()
    }

    /// The number of the list that a delta is based on.
    pub(crate) fn base_number(&self) -> Option<ListNumber<'a>> {
        self.extensions.base_number
    }

    pub(crate) fn number(&self) -> Option<ListNumber<'a>> {
        self.extensions.number
    }

    pub(crate) fn issuing_distribution_point(&self) -> Option<&IssuingDistributionPoint<'a>> {
        self.extensions.issuing_distribution_point.as_ref()
    }

    pub(crate) fn unknown_critical(&self) -> Option<Oid<'a>> {
        self.unknown_critical
    }

    /// What RFC 5280 section 5 wants of every list and what this one lacks, if it lacks anything.
    pub(crate) fn flaw(&self) -> Option<&'static str> {
        if self.tbs_signature.der != self.signature_algorithm.der {
            Some("it names two different signature algorithms")
        } else if self.extensions.authority_key_identifier.is_none() {
            Some("it has no authorityKeyIdentifier")
        } else if self.extensions.number.is_none() {
            Some("it has no cRLNumber")
        } else if self.extensions.number_is_critical {
            Some("its cRLNumber is critical")
        } else {
            None
        }
    }

    /// The key identifier of whoever signed this: a hint.
    pub(crate) fn signer_hint(&self) -> Option<&'a [u8]> {
        let extension = self.extensions.authority_key_identifier?;
        AuthorityKeyIdentifier::parse(extension.value).ok()?.key_identifier
    }

    /// Whether both tell of the same certificates and reasons (RFC 5280 section 5.2.4).
    pub(crate) fn has_scope_of(&self, other: &RevocationList<'_>) -> bool {
        let point = self.issuing_distribution_point().map(|point| point.der);
        self.issuer_fingerprint == other.issuer_fingerprint
            && self.issuer.matches(&other.issuer)
            && point == other.issuing_distribution_point().map(|point| point.der)
            && self.extensions.authority_key_identifier.map(|e| e.value)
                == other.extensions.authority_key_identifier.map(|e| e.value)
    }

    /// What orders lists from old to new.
    pub(crate) fn age(&self) -> (UnixTime, Option<ListNumber<'a>>) {
        (self.this_update.at, self.extensions.number)
    }

    /// The last entry on a certificate of this issuer with this serial number.
    pub(crate) fn find(&self, issuer: &DistinguishedName<'_>, serial: &[u8]) -> Option<RevokedCertificate<'a>> {
        // Entries are about certificates of the list's issuer until one of them names another.
        let mut is_of_issuer = self.issuer.matches(issuer);
        let mut found = None;
        for entry in self.entries() {
            if let Some(names) = &entry.certificate_issuer {
                is_of_issuer = super::points::directory_names(names).any(|name| name.matches(issuer));
            }
            if is_of_issuer && entry.serial == serial {
                found = Some(entry);
            }
        }
        found
    }

    /// Whether the signature was made by `key`.
    pub(crate) fn is_signed_by(&self, key: &SubjectPublicKeyInfo<'_>, known: Known<'_>) -> bool {
        signature::verifies(&self.signature_algorithm, key, self.tbs, self.signature, known)
    }
}

impl<'a> ListExtensions<'a> {
    fn parse(der: &'a [u8], unknown_critical: &mut Option<Oid<'a>>) -> Result<Self, Malformed> {
        let all = Reader::whole_sequence(der, "crlExtensions")?;
        let mut found = Self::default();
        each_extension(&all, |extension| {
            match extension.oid {
                known::AUTHORITY_KEY_IDENTIFIER => found.authority_key_identifier = Some(extension),
                known::CRL_NUMBER => {
                    found.number = Some(ListNumber::parse(extension.value, "cRLNumber")?);
                    found.number_is_critical = extension.critical;
                }
                known::DELTA_CRL_INDICATOR => {
                    found.base_number = Some(ListNumber::parse(extension.value, "deltaCRLIndicator")?);
                }
                known::ISSUING_DISTRIBUTION_POINT => {
                    let point = IssuingDistributionPoint::parse(extension.value)?;
                    found.issuing_distribution_point = Some(point);
                }
                oid if extension.critical => *unknown_critical = unknown_critical.or(Some(oid)),
                _ => {}
            }
            Ok(())
        })?;
        Ok(found)
    }
}

impl<'a> RevokedCertificate<'a> {
    fn read(reader: &mut Reader<'a>, unknown_critical: &mut Option<Oid<'a>>) -> Result<Self, Malformed> {
        let mut fields = reader.sequence()?;
        let serial = fields.at("userCertificate").integer()?;
        let revocation_date = Time::read(fields.at("revocationDate"))?.at;
        let mut entry = Self {
            serial,
            revocation_date,
            reason: None,
            certificate_issuer: None,
        };
        if let Some(extensions) = fields.at("crlEntryExtensions").optional(tag::SEQUENCE)? {
            let mut rest = Reader::new(extensions.contents, "crlEntryExtensions");
            if rest.is_empty() {
                return Err(rest.malformed(Problem::Empty));
            }
            while !rest.is_empty() {
                entry.extension(Extension::read(&mut rest)?, unknown_critical, &rest)?;
            }
        }
        fields.finish()?;
        Ok(entry)
    }

    fn extension(
        &mut self,
        extension: Extension<'a>,
        unknown_critical: &mut Option<Oid<'a>>,
        rest: &Reader<'a>,
    ) -> Result<(), Malformed> {
        match extension.oid {
            known::CRL_REASON if self.reason.is_none() => {
                let mut reader = Reader::new(extension.value, "reasonCode");
                let element = reader.element(tag::ENUMERATED)?;
                reader.finish()?;
                let [reason] = element.contents else {
                    return Err(reader.malformed(Problem::Value));
                };
                self.reason = Some(RevocationReason(*reason));
            }
            known::CERTIFICATE_ISSUER if self.certificate_issuer.is_none() => {
                self.certificate_issuer = Some(GeneralNames::parse(extension.value, "certificateIssuer")?);
            }
            known::CRL_REASON | known::CERTIFICATE_ISSUER => return Err(rest.malformed(Problem::Duplicate)),
            // Since when the key may have been in wrong hands: nothing follows from it for a verdict on the present.
            known::INVALIDITY_DATE => {}
            oid if extension.critical => *unknown_critical = unknown_critical.or(Some(oid)),
            _ => {}
        }
        Ok(())
    }
}

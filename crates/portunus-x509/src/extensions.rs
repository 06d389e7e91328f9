//! Extensions (RFC 5280 section 4.2): found in one pass, their values read when somebody asks.

use crate::der::{Malformed, Oid, Problem, Reader, known, tag};
use crate::limits::MAX_EXTENSIONS;
use crate::name::{GeneralName, GeneralNames};
use std::fmt;

/// `Extension ::= SEQUENCE { extnID OBJECT IDENTIFIER, critical BOOLEAN DEFAULT FALSE, extnValue OCTET STRING }`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extension<'a> {
    /// Which extension this is.
    pub oid: Oid<'a>,
    /// Whether a certificate with it must be refused by whoever does not understand it.
    pub critical: bool,
    /// The value in DER.
    pub value: &'a [u8],
}

impl<'a> Extension<'a> {
    pub(crate) fn read(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        let mut fields = reader.sequence()?;
        let oid = fields.at("extensions.extnID").oid()?;
        let critical = fields.at("extensions.critical").default_false()?;
        let value = fields.at("extensions.extnValue").octets()?;
        fields.finish()?;
        Ok(Self { oid, critical, value })
    }

    /// The extension's name, where this crate knows it.
    pub fn name(&self) -> Option<&'static str> {
        Some(match self.oid {
            known::SUBJECT_KEY_IDENTIFIER => "subjectKeyIdentifier",
            known::KEY_USAGE => "keyUsage",
            known::SUBJECT_ALT_NAME => "subjectAltName",
            known::ISSUER_ALT_NAME => "issuerAltName",
            known::BASIC_CONSTRAINTS => "basicConstraints",
            known::NAME_CONSTRAINTS => "nameConstraints",
            known::CRL_DISTRIBUTION_POINTS => "cRLDistributionPoints",
            known::CERTIFICATE_POLICIES => "certificatePolicies",
            known::POLICY_MAPPINGS => "policyMappings",
            known::AUTHORITY_KEY_IDENTIFIER => "authorityKeyIdentifier",
            known::POLICY_CONSTRAINTS => "policyConstraints",
            known::EXTENDED_KEY_USAGE => "extKeyUsage",
            known::INHIBIT_ANY_POLICY => "inhibitAnyPolicy",
            known::AUTHORITY_INFORMATION_ACCESS => "authorityInfoAccess",
            known::TLS_FEATURE => "tlsFeature",
            known::SCT_LIST => "signedCertificateTimestampList",
            known::OCSP_NO_CHECK => "ocspNoCheck",
            known::NETSCAPE_COMMENT => "netscapeComment",
            _ => return None,
        })
    }
}

/// The name, or else the identifier.
impl fmt::Display for Extension<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => self.oid.fmt(f),
        }
    }
}

/// A certificate's extensions, in its order.
#[derive(Debug, Clone)]
pub struct Extensions<'a> {
    all: Reader<'a>,
    pub(crate) subject_key_identifier: Option<Extension<'a>>,
    pub(crate) authority_key_identifier: Option<Extension<'a>>,
    pub(crate) key_usage: Option<Extension<'a>>,
    pub(crate) extended_key_usage: Option<Extension<'a>>,
    pub(crate) subject_alt_name: Option<Extension<'a>>,
    pub(crate) basic_constraints: Option<Extension<'a>>,
    pub(crate) name_constraints: Option<Extension<'a>>,
    /// Whoever asks for nothing about revocation does not process it: a critical one is unknown then.
    pub(crate) crl_distribution_points: Option<Extension<'a>>,
    pub(crate) certificate_policies: Option<Extension<'a>>,
    pub(crate) policy_mappings: Option<Extension<'a>>,
    pub(crate) policy_constraints: Option<Extension<'a>>,
    pub(crate) inhibit_any_policy: Option<Extension<'a>>,
    pub(crate) authority_information_access: Option<Extension<'a>>,
    /// Whoever does not ask for what is stapled does not process it, likewise.
    pub(crate) tls_feature: Option<Extension<'a>>,
    /// The first critical one that is none of the above or of those that a later layer understands.
    pub(crate) unknown_critical: Option<Extension<'a>>,
}

impl<'a> Extensions<'a> {
    pub(crate) fn none() -> Self {
        Self::over(Reader::new(&[], "extensions"))
    }

    fn over(all: Reader<'a>) -> Self {
        Self {
            all,
            subject_key_identifier: None,
            authority_key_identifier: None,
            key_usage: None,
            extended_key_usage: None,
            subject_alt_name: None,
            basic_constraints: None,
            name_constraints: None,
            crl_distribution_points: None,
            certificate_policies: None,
            policy_mappings: None,
            policy_constraints: None,
            inhibit_any_policy: None,
            authority_information_access: None,
            tls_feature: None,
            unknown_critical: None,
        }
    }

    /// `Extensions ::= SEQUENCE SIZE (1..MAX) OF Extension`; none may come twice (RFC 5280 section 4.2).
    pub(crate) fn parse(der: &'a [u8]) -> Result<Self, Malformed> {
        let all = Reader::whole_sequence(der, "extensions")?;
        if all.is_empty() {
            return Err(all.malformed(Problem::Empty));
        }
        let mut found = Self::over(all.clone());
        each_extension(&all, |extension| {
            found.file(extension);
            Ok(())
        })?;
        Ok(found)
    }

    fn file(&mut self, extension: Extension<'a>) {
        let place = match extension.oid {
            known::SUBJECT_KEY_IDENTIFIER => &mut self.subject_key_identifier,
            known::AUTHORITY_KEY_IDENTIFIER => &mut self.authority_key_identifier,
            known::KEY_USAGE => &mut self.key_usage,
            known::EXTENDED_KEY_USAGE => &mut self.extended_key_usage,
            known::SUBJECT_ALT_NAME => &mut self.subject_alt_name,
            known::BASIC_CONSTRAINTS => &mut self.basic_constraints,
            known::NAME_CONSTRAINTS => &mut self.name_constraints,
            known::CRL_DISTRIBUTION_POINTS => &mut self.crl_distribution_points,
            known::CERTIFICATE_POLICIES => &mut self.certificate_policies,
            known::POLICY_MAPPINGS => &mut self.policy_mappings,
            known::POLICY_CONSTRAINTS => &mut self.policy_constraints,
            known::INHIBIT_ANY_POLICY => &mut self.inhibit_any_policy,
            known::AUTHORITY_INFORMATION_ACCESS => &mut self.authority_information_access,
            known::TLS_FEATURE => &mut self.tls_feature,
            _ if extension.critical && self.unknown_critical.is_none() => &mut self.unknown_critical,
            _ => return,
        };
        *place = Some(extension);
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = Extension<'a>> + use<'a> {
        let mut rest = self.all.clone();
        std::iter::from_fn(move || {
            if rest.is_empty() {
                None
            } else {
                Extension::read(&mut rest).ok()
            }
        })
    }
}

/// Reads each extension; none may come twice (RFC 5280 section 4.2).
pub(crate) fn each_extension<'a>(
    all: &Reader<'a>,
    mut take: impl FnMut(Extension<'a>) -> Result<(), Malformed>,
) -> Result<(), Malformed> {
    let mut rest = all.clone();
    let mut seen = [Oid::new(&[]); MAX_EXTENSIONS];
    let mut free = 0..MAX_EXTENSIONS;
    while !rest.is_empty() {
        let extension = Extension::read(&mut rest)?;
        if seen.iter().take(free.start).any(|earlier| *earlier == extension.oid) {
            return Err(all.malformed(Problem::Duplicate));
        }
        let place = free
            .next()
            .and_then(|place| seen.get_mut(place))
            .ok_or(all.malformed(Problem::TooMany))?;
        *place = extension.oid;
        take(extension)?;
    }
    Ok(())
}

/// `BasicConstraints ::= SEQUENCE { cA BOOLEAN DEFAULT FALSE, pathLenConstraint INTEGER (0..MAX) OPTIONAL }`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BasicConstraints {
    /// Whether the key may sign certificates.
    pub ca: bool,
    /// How many intermediates that are not self-issued may stand below; beyond 2³²−1 it is no limit any more.
    pub path_len: Option<u32>,
}

impl BasicConstraints {
    pub(crate) fn parse(der: &[u8]) -> Result<Self, Malformed> {
        let mut fields = Reader::whole_sequence(der, "basicConstraints")?;
        let ca = fields.at("basicConstraints.cA").default_false()?;
        fields.at("basicConstraints.pathLenConstraint");
        let path_len = if fields.is_empty() {
            None
        } else {
            let octets = fields.integer()?;
            Some(fields.small_number(octets)?)
        };
        fields.finish()?;
        Ok(Self { ca, path_len })
    }
}

/// `KeyUsage ::= BIT STRING` (RFC 5280 section 4.2.1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyUsage(u16);

impl KeyUsage {
    /// Signatures other than those on certificates and CRLs: what TLS 1.3 needs.
    pub const DIGITAL_SIGNATURE: Self = Self(1 << 15);
    /// contentCommitment, formerly nonRepudiation.
    pub const CONTENT_COMMITMENT: Self = Self(1 << 14);
    /// Encrypting keys: RSA key transport.
    pub const KEY_ENCIPHERMENT: Self = Self(1 << 13);
    /// Encrypting data itself.
    pub const DATA_ENCIPHERMENT: Self = Self(1 << 12);
    /// Static key agreement.
    pub const KEY_AGREEMENT: Self = Self(1 << 11);
    /// Signing certificates.
    pub const KEY_CERT_SIGN: Self = Self(1 << 10);
    /// Signing CRLs.
    pub const CRL_SIGN: Self = Self(1 << 9);
    /// With keyAgreement: only to encipher.
    pub const ENCIPHER_ONLY: Self = Self(1 << 8);
    /// With keyAgreement: only to decipher.
    pub const DECIPHER_ONLY: Self = Self(1 << 7);

    const NAMES: [(Self, &'static str); 9] = [
        (Self::DIGITAL_SIGNATURE, "digitalSignature"),
        (Self::CONTENT_COMMITMENT, "contentCommitment"),
        (Self::KEY_ENCIPHERMENT, "keyEncipherment"),
        (Self::DATA_ENCIPHERMENT, "dataEncipherment"),
        (Self::KEY_AGREEMENT, "keyAgreement"),
        (Self::KEY_CERT_SIGN, "keyCertSign"),
        (Self::CRL_SIGN, "cRLSign"),
        (Self::ENCIPHER_ONLY, "encipherOnly"),
        (Self::DECIPHER_ONLY, "decipherOnly"),
    ];

    /// Reads the extension's value. At least one bit has to be set (RFC 5280 section 4.2.1.3).
    ///
    /// # Errors
    /// [`Malformed`] when the DER is no such value.
    pub fn parse(der: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(der, "keyUsage");
        let (octets, _) = reader.bit_string()?;
        reader.finish()?;
        let bits = match octets {
            [] => 0,
            [first] => u16::from_be_bytes([*first, 0]),
            [first, second] => u16::from_be_bytes([*first, *second]),
            _ => return Err(reader.malformed(Problem::Length)),
        };
        if bits == 0 {
            Err(reader.malformed(Problem::Empty))
        } else {
            Ok(Self(bits))
        }
    }

    /// Whether all of `usage`'s bits are set.
    pub fn allows(self, usage: Self) -> bool {
        self.0 & usage.0 == usage.0
    }
}

/// The names of the bits, side by side with commas.
impl fmt::Display for KeyUsage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names = Self::NAMES
            .iter()
            .filter(|(bit, _)| self.allows(*bit))
            .map(|(_, name)| *name);
        if let Some(first) = names.next() {
            f.write_str(first)?;
        }
        names.try_for_each(|name| write!(f, ", {name}"))
    }
}

/// `ExtKeyUsageSyntax ::= SEQUENCE SIZE (1..MAX) OF KeyPurposeId` (RFC 5280 section 4.2.1.12).
#[derive(Debug, Clone)]
pub struct ExtendedKeyUsage<'a>(Reader<'a>);

impl<'a> ExtendedKeyUsage<'a> {
    /// Reads the extension's value.
    ///
    /// # Errors
    /// [`Malformed`] when the DER is no such value.
    pub fn parse(der: &'a [u8]) -> Result<Self, Malformed> {
        let purposes = Reader::whole_sequence(der, "extKeyUsage")?;
        if purposes.is_empty() {
            return Err(purposes.malformed(Problem::Empty));
        }
        let mut rest = purposes.clone();
        while !rest.is_empty() {
            rest.oid()?;
        }
        Ok(Self(purposes))
    }

    /// The purposes.
    pub fn iter(&self) -> impl Iterator<Item = Oid<'a>> + use<'a> {
        let mut rest = self.0.clone();
        std::iter::from_fn(move || if rest.is_empty() { None } else { rest.oid().ok() })
    }

    /// Whether `purpose` is listed by itself (anyExtendedKeyUsage does not count).
    pub fn lists(&self, purpose: Oid<'_>) -> bool {
        self.iter().any(|listed| listed == purpose)
    }
}

/// The purposes' names or identifiers, side by side with commas.
impl fmt::Display for ExtendedKeyUsage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, purpose) in self.iter().enumerate() {
            if index > 0 {
                f.write_str(", ")?;
            }
            match purpose {
                known::ANY_EXTENDED_KEY_USAGE => f.write_str("anyExtendedKeyUsage")?,
                known::SERVER_AUTH => f.write_str("serverAuth")?,
                known::CLIENT_AUTH => f.write_str("clientAuth")?,
                known::CODE_SIGNING => f.write_str("codeSigning")?,
                known::EMAIL_PROTECTION => f.write_str("emailProtection")?,
                known::TIME_STAMPING => f.write_str("timeStamping")?,
                known::OCSP_SIGNING => f.write_str("OCSPSigning")?,
                other => other.fmt(f)?,
            }
        }
        Ok(())
    }
}

/// `AuthorityKeyIdentifier` (RFC 5280 section 4.2.1.1).
#[derive(Debug, Clone)]
pub struct AuthorityKeyIdentifier<'a> {
    /// The subject key identifier of the issuer's certificate.
    pub key_identifier: Option<&'a [u8]>,
    /// The issuer of the issuer's certificate.
    pub authority_cert_issuer: Option<GeneralNames<'a>>,
    /// The serial number of the issuer's certificate.
    pub authority_cert_serial_number: Option<&'a [u8]>,
}

impl<'a> AuthorityKeyIdentifier<'a> {
    pub(crate) fn parse(der: &'a [u8]) -> Result<Self, Malformed> {
        const FIELD: &str = "authorityKeyIdentifier";
        let mut fields = Reader::whole_sequence(der, FIELD)?;
        let key_identifier = fields.optional(tag::context(0))?.map(|element| element.contents);
        let authority_cert_issuer = match fields.optional(tag::context_constructed(1))? {
            Some(element) => Some(GeneralNames::parse_contents(element.contents, FIELD)?),
            None => None,
        };
        let authority_cert_serial_number = match fields.optional(tag::context(2))? {
            Some(element) => Some(fields.check_integer(element.contents)?),
            None => None,
        };
        fields.finish()?;
        Ok(Self {
            key_identifier,
            authority_cert_issuer,
            authority_cert_serial_number,
        })
    }
}

/// Where the issuer's certificate can be fetched: the caIssuers of `AuthorityInfoAccessSyntax` (RFC 5280 section
/// 4.2.2.1). This crate fetches nothing; a refusal can say where an intermediate that a server forgot would have been.
pub(crate) fn ca_issuers(der: &[u8]) -> Result<Vec<&str>, Malformed> {
    let mut descriptions = Reader::whole_sequence(der, "authorityInfoAccess")?;
    let mut found = Vec::new();
    while !descriptions.is_empty() {
        let mut description = descriptions.sequence()?;
        let method = description.oid()?;
        if let (known::AD_CA_ISSUERS, GeneralName::Uri(uri)) = (method, GeneralName::read(&mut description)?) {
            found.push(uri);
        }
        description.finish()?;
    }
    Ok(found)
}

/// Whether `Features ::= SEQUENCE OF INTEGER` has status_request (5): the server promises to staple a response (RFC 7633 section 4).
pub(crate) fn must_staple(der: &[u8]) -> Result<bool, Malformed> {
    let mut features = Reader::whole_sequence(der, "tlsFeature")?;
    let mut found = false;
    while !features.is_empty() {
        let feature = features.integer()?;
        found |= features.small_number(feature)? == 5;
    }
    Ok(found)
}

/// `SubjectKeyIdentifier ::= OCTET STRING`.
pub(crate) fn subject_key_identifier(der: &[u8]) -> Result<&[u8], Malformed> {
    let mut reader = Reader::new(der, "subjectKeyIdentifier");
    let identifier = reader.octets()?;
    reader.finish()?;
    Ok(identifier)
}

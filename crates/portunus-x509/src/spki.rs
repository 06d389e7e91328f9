//! Public keys (RFC 5280 section 4.1.2.7; RFC 3279, RFC 4055, RFC 5480, RFC 8410, RFC 9881).

use crate::der::{Malformed, Oid, Problem, Reader, known, tag};
use std::fmt;

/// `AlgorithmIdentifier ::= SEQUENCE { algorithm OBJECT IDENTIFIER, parameters ANY OPTIONAL }`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AlgorithmIdentifier<'a> {
    pub(crate) oid: Oid<'a>,
    /// The parameters' whole DER, where there are some.
    pub(crate) parameters: Option<&'a [u8]>,
    pub(crate) der: &'a [u8],
}

/// The DER of NULL.
pub(crate) const NULL: &[u8] = &[tag::NULL, 0];

impl<'a> AlgorithmIdentifier<'a> {
    pub(crate) fn read(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        let element = reader.element(tag::SEQUENCE)?;
        let mut inner = Reader::new(element.contents, reader.field());
        let oid = inner.oid()?;
        let parameters = if inner.is_empty() {
            None
        } else {
            Some(inner.any()?.full)
        };
        inner.finish()?;
        Ok(Self {
            oid,
            parameters,
            der: element.full,
        })
    }
}

/// What kind of key a certificate is for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum KeyAlgorithm {
    /// rsaEncryption: any RSA signature (and RSA key transport).
    Rsa,
    /// id-RSASSA-PSS: RSA-PSS signatures only.
    RsaPss,
    /// ECDSA on secp256r1.
    EcP256,
    /// ECDSA on secp384r1.
    EcP384,
    /// ECDSA on secp521r1.
    EcP521,
    /// Ed25519.
    Ed25519,
    /// ML-DSA-44.
    MlDsa44,
    /// ML-DSA-65.
    MlDsa65,
    /// ML-DSA-87.
    MlDsa87,
    /// DSA, which is not supported.
    Dsa,
    /// Anything else, by its object identifier (for elliptic curves, that of the curve).
    Other(String),
}

impl KeyAlgorithm {
    fn of(identifier: &AlgorithmIdentifier<'_>) -> Result<Self, Malformed> {
        const FIELD: &str = "subjectPublicKeyInfo.algorithm";
        match identifier.oid {
            // RFC 3279 section 2.3.1: the parameters MUST be NULL.
            known::RSA_ENCRYPTION if identifier.parameters == Some(NULL) => Ok(Self::Rsa),
            known::RSASSA_PSS => Ok(Self::RsaPss),
            // RFC 8410 section 3: the parameters MUST be absent.
            known::ED25519 if identifier.parameters.is_none() => Ok(Self::Ed25519),
            // RFC 9881 section 4: likewise.
            known::ML_DSA_44 if identifier.parameters.is_none() => Ok(Self::MlDsa44),
            known::ML_DSA_65 if identifier.parameters.is_none() => Ok(Self::MlDsa65),
            known::ML_DSA_87 if identifier.parameters.is_none() => Ok(Self::MlDsa87),
            known::RSA_ENCRYPTION | known::ED25519 | known::ML_DSA_44 | known::ML_DSA_65 | known::ML_DSA_87 => {
                Err(Malformed::new(FIELD, Problem::Value))
            }
            known::EC_PUBLIC_KEY => {
                let parameters = identifier.parameters.ok_or(Malformed::new(FIELD, Problem::Truncated))?;
                Ok(match Reader::new(parameters, FIELD).oid() {
                    Ok(known::SECP256R1) => Self::EcP256,
                    Ok(known::SECP384R1) => Self::EcP384,
                    Ok(known::SECP521R1) => Self::EcP521,
                    Ok(curve) => Self::Other(curve.to_string()),
                    // RFC 5480 section 2.1.1: implicitCurve and specifiedCurve MUST NOT be used.
                    Err(_) => Self::Other(identifier.oid.to_string()),
                })
            }
            known::DSA => Ok(Self::Dsa),
            other => Ok(Self::Other(other.to_string())),
        }
    }
}

impl fmt::Display for KeyAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rsa => "RSA",
            Self::RsaPss => "RSA-PSS",
            Self::EcP256 => "ECDSA P-256",
            Self::EcP384 => "ECDSA P-384",
            Self::EcP521 => "ECDSA P-521",
            Self::Ed25519 => "Ed25519",
            Self::MlDsa44 => "ML-DSA-44",
            Self::MlDsa65 => "ML-DSA-65",
            Self::MlDsa87 => "ML-DSA-87",
            Self::Dsa => "DSA",
            Self::Other(oid) => return write!(f, "unknown key algorithm {oid}"),
        })
    }
}

/// `SubjectPublicKeyInfo ::= SEQUENCE { algorithm AlgorithmIdentifier, subjectPublicKey BIT STRING }`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubjectPublicKeyInfo<'a> {
    /// The kind of key.
    pub algorithm: KeyAlgorithm,
    /// The BIT STRING's contents: an RSAPublicKey, a point, or 32 octets, by the algorithm.
    pub key: &'a [u8],
    /// The whole structure in DER.
    pub der: &'a [u8],
    pub(crate) identifier: AlgorithmIdentifier<'a>,
}

impl<'a> SubjectPublicKeyInfo<'a> {
    /// Reads a structure that stands alone, such as one of a `PUBLIC KEY` block.
    pub fn parse(der: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(der, "subjectPublicKeyInfo");
        let info = Self::read(&mut reader)?;
        reader.finish()?;
        Ok(info)
    }

    pub(crate) fn read(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        let element = reader.element(tag::SEQUENCE)?;
        let mut inner = Reader::new(element.contents, reader.field());
        let identifier = AlgorithmIdentifier::read(&mut inner)?;
        let key = inner.bit_string_of_octets()?;
        inner.finish()?;
        let algorithm = KeyAlgorithm::of(&identifier)?;
        Ok(Self {
            algorithm,
            key,
            der: element.full,
            identifier,
        })
    }

    /// The length of the modulus in bits, for an RSA key that can be read.
    pub fn rsa_modulus_bits(&self) -> Option<usize> {
        if !matches!(self.algorithm, KeyAlgorithm::Rsa | KeyAlgorithm::RsaPss) {
            return None;
        }
        // RSAPublicKey ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER }
        let modulus = Reader::whole_sequence(self.key, "subjectPublicKey")
            .ok()?
            .integer()
            .ok()?;
        let magnitude = modulus.strip_prefix(&[0]).unwrap_or(modulus);
        let first = magnitude.first()?;
        let bits = magnitude.len().checked_mul(8)?;
        bits.checked_sub(usize::try_from(first.leading_zeros()).ok()?)
    }
}

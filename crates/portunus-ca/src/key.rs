//! Private keys: ECDSA on P-256, made on this machine.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use rcgen::{PKCS_ECDSA_P256_SHA256, PublicKeyData, SignatureAlgorithm};
use zeroize::Zeroizing;

use crate::Error;

/// A key in the library's own memory, which wipes it. rcgen's own key pair keeps a second copy that nothing wipes.
#[derive(Debug)]
pub(crate) struct SigningKey(EcdsaKeyPair);

impl SigningKey {
    pub(crate) fn generate() -> Result<Self, Error> {
        EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING)
            .map(Self)
            .map_err(|_| Error::Crypto)
    }

    /// `None`: that is no PKCS#8 private key on P-256.
    pub(crate) fn from_pkcs8(der: &[u8]) -> Option<Self> {
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, der)
            .ok()
            .map(Self)
    }

    pub(crate) fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, Error> {
        let document = self.0.to_pkcs8v1().map_err(|_| Error::Crypto)?;
        Ok(Zeroizing::new(document.as_ref().to_vec()))
    }

    /// The public key as the certificate's BIT STRING has it.
    pub(crate) fn public_key(&self) -> &[u8] {
        self.0.public_key().as_ref()
    }
}

impl PublicKeyData for SigningKey {
    fn der_bytes(&self) -> &[u8] {
        self.public_key()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

impl rcgen::SigningKey for SigningKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let signature = self
            .0
            .sign(&SystemRandom::new(), message)
            .map_err(|_| rcgen::Error::RemoteKeyError)?;
        Ok(signature.as_ref().to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_survives_writing_and_reading() {
        let key = SigningKey::generate().unwrap();
        let again = SigningKey::from_pkcs8(&key.to_pkcs8().unwrap()).unwrap();
        assert_eq!(key.public_key(), again.public_key());
        assert!(SigningKey::from_pkcs8(b"no key").is_none());
    }

    #[test]
    fn no_key_is_shown_by_debug() {
        let key = SigningKey::generate().unwrap();
        let shown = format!("{key:?}");
        assert!(shown.len() < 400, "{shown}");
        assert!(!shown.contains("private_key"), "{shown}");
    }
}

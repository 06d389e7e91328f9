//! What is allowed: cipher suites, groups, signature schemes, in order of preference.

use crate::crypto::group::is_implemented;
use crate::crypto::suite::Suite;
use crate::error::Misuse;
use crate::wire::{CipherSuite, NamedGroup, SignatureScheme};

/// What a connection may use. The first of each list is preferred.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    pub(crate) cipher_suites: Vec<CipherSuite>,
    pub(crate) groups: Vec<NamedGroup>,
    pub(crate) signature_schemes: Vec<SignatureScheme>,
}

impl Policy {
    /// The default: TLS 1.3 with hybrid post-quantum key exchange first.
    pub fn modern() -> Self {
        Self {
            cipher_suites: vec![
                CipherSuite::TLS_AES_128_GCM_SHA256,
                CipherSuite::TLS_AES_256_GCM_SHA384,
                CipherSuite::TLS_CHACHA20_POLY1305_SHA256,
            ],
            groups: vec![
                NamedGroup::X25519MLKEM768,
                NamedGroup::X25519,
                NamedGroup::SECP256R1,
                NamedGroup::SECP384R1,
            ],
            signature_schemes: vec![
                SignatureScheme::ECDSA_SECP256R1_SHA256,
                SignatureScheme::ECDSA_SECP384R1_SHA384,
                SignatureScheme::ECDSA_SECP521R1_SHA512,
                SignatureScheme::ED25519,
                SignatureScheme::RSA_PSS_RSAE_SHA256,
                SignatureScheme::RSA_PSS_RSAE_SHA384,
                SignatureScheme::RSA_PSS_RSAE_SHA512,
                SignatureScheme::RSA_PSS_PSS_SHA256,
                SignatureScheme::RSA_PSS_PSS_SHA384,
                SignatureScheme::RSA_PSS_PSS_SHA512,
            ],
        }
    }

    /// The same with these cipher suites only.
    ///
    /// # Errors
    /// [`Misuse::EmptyConfiguration`] when none is given, or one that is not implemented.
    pub fn with_cipher_suites(mut self, cipher_suites: &[CipherSuite]) -> Result<Self, Misuse> {
        self.cipher_suites = chosen(cipher_suites, |suite| Suite::of(*suite).is_some())?;
        Ok(self)
    }

    /// The same with these groups only. Beside those of [`Policy::modern`] there are secp521r1, SecP256r1MLKEM768, SecP384r1MLKEM1024 and MLKEM1024.
    ///
    /// # Errors
    /// [`Misuse::EmptyConfiguration`] when none is given, or one that is not implemented.
    pub fn with_groups(mut self, groups: &[NamedGroup]) -> Result<Self, Misuse> {
        self.groups = chosen(groups, |group| is_implemented(*group))?;
        Ok(self)
    }

    /// The same with these signature schemes only.
    ///
    /// # Errors
    /// [`Misuse::EmptyConfiguration`] when none is given, or one that is not implemented.
    pub fn with_signature_schemes(mut self, signature_schemes: &[SignatureScheme]) -> Result<Self, Misuse> {
        self.signature_schemes = chosen(signature_schemes, |scheme| {
            Self::modern().signature_schemes.contains(scheme)
        })?;
        Ok(self)
    }

    /// The allowed cipher suites.
    pub fn cipher_suites(&self) -> &[CipherSuite] {
        &self.cipher_suites
    }

    /// The allowed groups.
    pub fn groups(&self) -> &[NamedGroup] {
        &self.groups
    }

    /// What is offered as `signature_algorithms`: the schemes of CertificateVerify, then PKCS#1, which TLS 1.3 has for certificates alone
    /// (RFC 9846 section 4.3.3). One list for both costs 26 bytes less than a `signature_algorithms_cert`: the ClientHello stays in one segment.
    pub fn signature_algorithms(&self) -> impl Iterator<Item = SignatureScheme> {
        const PKCS1: [SignatureScheme; 3] = [
            SignatureScheme::RSA_PKCS1_SHA256,
            SignatureScheme::RSA_PKCS1_SHA384,
            SignatureScheme::RSA_PKCS1_SHA512,
        ];
        self.signature_schemes.iter().copied().chain(PKCS1)
    }

    /// The signature schemes that the peer's CertificateVerify may use.
    pub fn signature_schemes(&self) -> &[SignatureScheme] {
        &self.signature_schemes
    }
}

/// What a caller asks for, all of which has to be implemented.
fn chosen<T: Clone>(asked: &[T], is_implemented: impl Fn(&T) -> bool) -> Result<Vec<T>, Misuse> {
    if asked.is_empty() || !asked.iter().all(is_implemented) {
        return Err(Misuse::EmptyConfiguration);
    }
    Ok(asked.to_vec())
}

impl Default for Policy {
    fn default() -> Self {
        Self::modern()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_implemented_can_be_chosen() {
        let policy = Policy::modern();
        assert!(policy.clone().with_cipher_suites(&[]).is_err());
        assert!(policy.clone().with_cipher_suites(&[CipherSuite(0x002f)]).is_err());
        assert!(
            policy
                .clone()
                .with_groups(&[NamedGroup::X25519, NamedGroup(0x7777)])
                .is_err()
        );
        assert!(
            policy
                .clone()
                .with_signature_schemes(&[SignatureScheme::RSA_PKCS1_SHA256])
                .is_err()
        );
        let policy = policy.with_signature_schemes(&[SignatureScheme::ED25519]).unwrap();
        assert_eq!(policy.signature_schemes(), [SignatureScheme::ED25519]);
    }
}

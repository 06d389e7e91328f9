//! What is allowed: cipher suites, groups, signature schemes, in order of preference.

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
        if cipher_suites.is_empty() || cipher_suites.iter().any(|suite| Suite::of(*suite).is_none()) {
            return Err(Misuse::EmptyConfiguration);
        }
        self.cipher_suites = cipher_suites.to_vec();
        Ok(self)
    }

    /// The same with these groups only.
    ///
    /// # Errors
    /// [`Misuse::EmptyConfiguration`] when none is given, or one that is not implemented.
    pub fn with_groups(mut self, groups: &[NamedGroup]) -> Result<Self, Misuse> {
        let all = Self::modern().groups;
        if groups.is_empty() || groups.iter().any(|group| !all.contains(group)) {
            return Err(Misuse::EmptyConfiguration);
        }
        self.groups = groups.to_vec();
        Ok(self)
    }

    /// The same with these signature schemes only.
    ///
    /// # Errors
    /// [`Misuse::EmptyConfiguration`] when none is given, or one that is not implemented.
    pub fn with_signature_schemes(mut self, signature_schemes: &[SignatureScheme]) -> Result<Self, Misuse> {
        let all = Self::modern().signature_schemes;
        if signature_schemes.is_empty() || signature_schemes.iter().any(|scheme| !all.contains(scheme)) {
            return Err(Misuse::EmptyConfiguration);
        }
        self.signature_schemes = signature_schemes.to_vec();
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
    pub fn signature_algorithms(&self) -> Vec<SignatureScheme> {
        const PKCS1: [SignatureScheme; 3] = [
            SignatureScheme::RSA_PKCS1_SHA256,
            SignatureScheme::RSA_PKCS1_SHA384,
            SignatureScheme::RSA_PKCS1_SHA512,
        ];
        self.signature_schemes.iter().copied().chain(PKCS1).collect()
    }

    /// The signature schemes that the peer's CertificateVerify may use.
    pub fn signature_schemes(&self) -> &[SignatureScheme] {
        &self.signature_schemes
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self::modern()
    }
}

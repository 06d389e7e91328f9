//! What is allowed: versions by their cipher suites, groups, signature schemes, in order of preference.

mod named;

use crate::crypto::group::is_implemented;
use crate::crypto::suite::Suite;
#[cfg(feature = "tls12")]
use crate::crypto::tls12::{self, KeyExchangeAlgorithm};
use crate::error::Misuse;
use crate::wire::{CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};

const PKCS1: [SignatureScheme; 3] = [
    SignatureScheme::RSA_PKCS1_SHA256,
    SignatureScheme::RSA_PKCS1_SHA384,
    SignatureScheme::RSA_PKCS1_SHA512,
];

/// What a connection may use. The first of each list is preferred.
///
/// A version is spoken where the lists have what it needs: each has its own cipher suites, and TLS 1.2 has no hybrid groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    pub(crate) cipher_suites: Vec<CipherSuite>,
    pub(crate) groups: Vec<NamedGroup>,
    /// Those that both versions have.
    pub(crate) signature_schemes: Vec<SignatureScheme>,
    /// Those that TLS 1.2 has beside them: PKCS#1.
    tls12_signature_schemes: Vec<SignatureScheme>,
    pub(crate) extended_main_secret_required: bool,
}

impl Policy {
    /// The same with these versions only.
    ///
    /// # Errors
    /// [`Misuse::EmptyConfiguration`] when none of them can be spoken with what the policy allows.
    pub fn with_versions(mut self, versions: &[ProtocolVersion]) -> Result<Self, Misuse> {
        self.cipher_suites
            .retain(|suite| version_of(*suite).is_some_and(|version| versions.contains(&version)));
        if self.versions().next().is_none() {
            return Err(Misuse::EmptyConfiguration);
        }
        Ok(self)
    }

    /// The same with these cipher suites only, and so with the versions that they belong to.
    ///
    /// # Errors
    /// [`Misuse::EmptyConfiguration`] when none is given, or one that is not implemented, or one of RSA key transport that was not allowed before
    /// ([`Policy::allow_rsa_key_transport_without_forward_secrecy`]).
    pub fn with_cipher_suites(mut self, cipher_suites: &[CipherSuite]) -> Result<Self, Misuse> {
        let is_allowed = |suite: &CipherSuite| !is_key_transport(*suite) || self.cipher_suites.contains(suite);
        self.cipher_suites = chosen(cipher_suites, |suite| version_of(*suite).is_some() && is_allowed(suite))?;
        Ok(self)
    }

    /// The same with RSA key transport of TLS 1.2 as well, in its two suites with AES-GCM, after all others: the client encrypts the secret with the key of the
    /// server's certificate. Off unless asked for by this name, because of what it costs: there is no forward secrecy. Whoever records connections today and
    /// gets hold of that key one day, by theft, by order or by computing it, reads them all.
    #[cfg(feature = "tls12")]
    #[must_use]
    pub fn allow_rsa_key_transport_without_forward_secrecy(mut self) -> Self {
        self.cipher_suites.retain(|suite| !is_key_transport(*suite));
        self.cipher_suites.extend(named::KEY_TRANSPORT_SUITES);
        self
    }

    /// The same with these groups only. Beside those of [`Policy::modern`] there are secp521r1, SecP256r1MLKEM768, SecP384r1MLKEM1024 and MLKEM1024.
    ///
    /// # Errors
    /// [`Misuse::EmptyConfiguration`] when none is given, or one that is not implemented.
    pub fn with_groups(mut self, groups: &[NamedGroup]) -> Result<Self, Misuse> {
        self.groups = chosen(groups, |group| is_implemented(*group))?;
        Ok(self)
    }

    /// The same with these signature schemes only. Those of PKCS#1 count in TLS 1.2 alone.
    ///
    /// # Errors
    /// [`Misuse::EmptyConfiguration`] when none is given, or one that is not implemented.
    pub fn with_signature_schemes(mut self, signature_schemes: &[SignatureScheme]) -> Result<Self, Misuse> {
        let all = Self::modern();
        let schemes = chosen(signature_schemes, |scheme| {
            all.signature_schemes.contains(scheme) || all.tls12_signature_schemes.contains(scheme)
        })?;
        (self.tls12_signature_schemes, self.signature_schemes) = schemes
            .into_iter()
            .partition(|scheme| all.tls12_signature_schemes.contains(scheme));
        Ok(self)
    }

    /// The versions that are spoken, the newest first.
    pub fn versions(&self) -> impl Iterator<Item = ProtocolVersion> {
        [ProtocolVersion::TLS1_3, ProtocolVersion::TLS1_2]
            .into_iter()
            .filter(|version| self.speaks(*version))
    }

    /// Whether this version is spoken.
    pub(crate) fn speaks(&self, version: ProtocolVersion) -> bool {
        let mut suites = (self.cipher_suites.iter()).filter(|suite| version_of(**suite) == Some(version));
        match version {
            ProtocolVersion::TLS1_3 => !self.signature_schemes.is_empty() && suites.next().is_some(),
            #[cfg(feature = "tls12")]
            ProtocolVersion::TLS1_2 => {
                let has_group = self.tls12_groups().next().is_some();
                suites.any(|suite| has_group || is_key_transport(*suite))
            }
            _ => false,
        }
    }

    /// The allowed cipher suites, of all versions.
    pub fn cipher_suites(&self) -> &[CipherSuite] {
        &self.cipher_suites
    }

    /// The allowed groups.
    pub fn groups(&self) -> &[NamedGroup] {
        &self.groups
    }

    /// The allowed groups that TLS 1.2 has.
    #[cfg(feature = "tls12")]
    pub(crate) fn tls12_groups(&self) -> impl Iterator<Item = NamedGroup> {
        self.groups.iter().copied().filter(|group| tls12::has_group(*group))
    }

    /// What is offered as `signature_algorithms`: the schemes of CertificateVerify, then PKCS#1, which TLS 1.3 has for certificates alone
    /// (RFC 9846 section 4.3.3). One list for both costs 26 bytes less than a `signature_algorithms_cert`. In TLS 1.2 it is an offer to verify handshakes
    /// so: where that is not allowed, the other list is needed.
    pub fn signature_algorithms(&self) -> impl Iterator<Item = SignatureScheme> {
        let pkcs1 = PKCS1.into_iter();
        let pkcs1 =
            pkcs1.filter(|scheme| !self.has_list_for_certificates() || self.tls12_signature_schemes.contains(scheme));
        self.signature_schemes.iter().copied().chain(pkcs1)
    }

    /// What is offered as `signature_algorithms_cert`; nothing where `signature_algorithms` says it all.
    pub(crate) fn signature_algorithms_cert(&self) -> impl Iterator<Item = SignatureScheme> {
        let schemes = self.signature_schemes.iter().copied().chain(PKCS1);
        schemes.filter(|_| self.has_list_for_certificates())
    }

    fn has_list_for_certificates(&self) -> bool {
        self.speaks(ProtocolVersion::TLS1_2)
            && !PKCS1.iter().all(|scheme| self.tls12_signature_schemes.contains(scheme))
    }

    /// The signature schemes that the peer's CertificateVerify may use.
    pub fn signature_schemes(&self) -> &[SignatureScheme] {
        &self.signature_schemes
    }

    /// The signature schemes that may be used in a handshake of TLS 1.2.
    #[cfg(feature = "tls12")]
    pub(crate) fn allows_in_tls12(&self, scheme: SignatureScheme) -> bool {
        self.signature_schemes.contains(&scheme) || self.tls12_signature_schemes.contains(&scheme)
    }

    /// Whether a peer without extended main secret (RFC 7627) is refused in TLS 1.2.
    pub fn extended_main_secret_required(&self) -> bool {
        self.extended_main_secret_required
    }
}

/// The version that a cipher suite belongs to; `None` for one that is not implemented.
fn version_of(suite: CipherSuite) -> Option<ProtocolVersion> {
    if Suite::of(suite).is_some() {
        return Some(ProtocolVersion::TLS1_3);
    }
    #[cfg(feature = "tls12")]
    if Suite::of_tls12(suite).is_some() {
        return Some(ProtocolVersion::TLS1_2);
    }
    None
}

/// Whether a cipher suite is one of RSA key transport.
#[cfg(feature = "tls12")]
fn is_key_transport(suite: CipherSuite) -> bool {
    KeyExchangeAlgorithm::of_suite(suite) == Some(KeyExchangeAlgorithm::KeyTransport)
}

#[cfg(not(feature = "tls12"))]
fn is_key_transport(_: CipherSuite) -> bool {
    false
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
                .with_signature_schemes(&[SignatureScheme::ECDSA_SHA1])
                .is_err()
        );
        assert!(policy.clone().with_versions(&[ProtocolVersion::TLS1_1]).is_err());
        let policy = policy.with_signature_schemes(&[SignatureScheme::ED25519]).unwrap();
        assert_eq!(policy.signature_schemes(), [SignatureScheme::ED25519]);
    }

    #[cfg(feature = "tls12")]
    #[test]
    fn rsa_key_transport_is_there_by_its_name_alone() {
        const SUITES: [CipherSuite; 2] = [
            CipherSuite::TLS_RSA_WITH_AES_128_GCM_SHA256,
            CipherSuite::TLS_RSA_WITH_AES_256_GCM_SHA384,
        ];
        for policy in [Policy::modern(), Policy::compatible(), Policy::post_quantum()] {
            assert!(!policy.cipher_suites.iter().any(|suite| SUITES.contains(suite)));
            assert!(policy.clone().with_cipher_suites(&SUITES).is_err());
            let allowed = policy.allow_rsa_key_transport_without_forward_secrecy();
            assert!(allowed.cipher_suites.ends_with(&SUITES));
            assert_eq!(
                allowed.clone().allow_rsa_key_transport_without_forward_secrecy(),
                allowed
            );
            assert!(allowed.with_cipher_suites(&SUITES[1..]).is_ok());
        }
    }

    #[cfg(feature = "tls12")]
    #[test]
    fn a_version_is_spoken_where_there_is_what_it_needs() {
        const BOTH: [ProtocolVersion; 2] = [ProtocolVersion::TLS1_3, ProtocolVersion::TLS1_2];
        let policy = Policy::modern();
        assert!(policy.versions().eq(BOTH));
        for version in BOTH {
            let policy = policy.clone().with_versions(&[version]).unwrap();
            assert!(policy.versions().eq([version]));
            assert!(
                policy
                    .cipher_suites()
                    .iter()
                    .all(|suite| version_of(*suite) == Some(version))
            );
        }
        let transport = policy.clone().allow_rsa_key_transport_without_forward_secrecy();
        let transport = transport.with_groups(&[NamedGroup::X25519MLKEM768]).unwrap();
        assert!(transport.versions().eq(BOTH));
        let hybrid = policy.clone().with_groups(&[NamedGroup::X25519MLKEM768]).unwrap();
        assert!(hybrid.versions().eq([ProtocolVersion::TLS1_3]));
        let pkcs1 = policy
            .with_signature_schemes(&[SignatureScheme::RSA_PKCS1_SHA256])
            .unwrap();
        assert!(pkcs1.versions().eq([ProtocolVersion::TLS1_2]));
    }
}

//! Certificates of our own, and which one to show.

use std::sync::Arc;

#[cfg(feature = "tls12")]
use portunus_x509::KeyUsage;
use portunus_x509::{Certificate, DnsName, GeneralName, SignatureAlgorithm};

use crate::config::certificate_compression::{CompressCertificate, Compressed, CompressedMessage};
#[cfg(feature = "tls12")]
use crate::crypto::key_transport::Decrypt;
use crate::crypto::sign::{LocalKey, Sign};
#[cfg(feature = "tls12")]
use crate::crypto::tls12::{KeyExchangeAlgorithm, curve_of_key};
use crate::error::Internal;
use crate::wire::ClientHello;
use crate::wire::{
    Certificate as CertificateMessage, CertificateStatus, CertificateStatusType, Decode, DistinguishedName, Encode,
    ExtensionType, Sequence, SignatureScheme, SignedCertificateTimestampList, UnknownExtension, Writer,
};

/// A certificate chain and the key that belongs to it.
pub struct Identity {
    pub(crate) chain: Arc<[Vec<u8>]>,
    pub(crate) key: Arc<dyn Sign>,
    #[cfg(feature = "tls12")]
    pub(crate) key_algorithm: portunus_x509::KeyAlgorithm,
    /// Whether the end entity's key usage, if it has one, lets clients encrypt with its key.
    #[cfg(feature = "tls12")]
    may_decrypt: bool,
    names: Vec<String>,
    issuers: Vec<Vec<u8>>,
    /// What each certificate was signed with, by any of its names.
    signed_with: Vec<&'static [SignatureScheme]>,
    /// The data of the extension `status_request`.
    status: Option<Vec<u8>>,
    /// The data of the extension `signed_certificate_timestamp`.
    timestamps: Option<Vec<u8>>,
    compressed: Compressed,
}

/// A chain and a key do not make an identity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnusableIdentity {
    /// The chain is empty.
    #[error("the certificate chain is empty")]
    Empty,
    /// A certificate cannot be read.
    #[error("certificate {index} of the chain cannot be read: {reason}")]
    Unreadable {
        /// Its place, counted from 0.
        index: usize,
        /// Why.
        reason: portunus_x509::Malformed,
    },
    /// The private key is not the one of the first certificate.
    #[error("the private key does not belong to the certificate: their public keys differ")]
    KeyMismatch,
    /// An OCSP response that does not fit its message.
    #[error("the OCSP response is empty, or longer than TLS can carry")]
    OcspResponse,
    /// What should be timestamps is not a list of them.
    #[error("the list of certificate timestamps cannot be read")]
    Timestamps,
}

impl Identity {
    /// A chain in DER, the end entity first, and its key in this process.
    ///
    /// # Errors
    /// [`UnusableIdentity`] when the chain cannot be read or the key is not the end entity's.
    pub fn new(chain: Vec<Vec<u8>>, key: LocalKey) -> Result<Self, UnusableIdentity> {
        Self::with_signer(chain, Arc::new(key))
    }

    /// A chain in DER and a key that is anywhere: a hardware module, another process. Where it does not tell its public half ([`Sign::public_key`]), whether they
    /// belong together shows in the handshake.
    ///
    /// # Errors
    /// [`UnusableIdentity`] when the chain cannot be read, or the key is known not to be the end entity's.
    pub fn with_signer(chain: Vec<Vec<u8>>, key: Arc<dyn Sign>) -> Result<Self, UnusableIdentity> {
        let mut names = Vec::new();
        let mut issuers = Vec::new();
        let mut signed_with = Vec::new();
        #[cfg(feature = "tls12")]
        let mut of_key = None;
        for (index, der) in chain.iter().enumerate() {
            let certificate =
                Certificate::parse(der).map_err(|reason| UnusableIdentity::Unreadable { index, reason })?;
            issuers.push(certificate.issuer().der().to_vec());
            // Nobody verifies the signature of one that signed itself (RFC 9846 section 4.5.2.2).
            if !certificate.is_self_issued() {
                signed_with.push(schemes_of(certificate.signature_algorithm()));
            }
            if index == 0 {
                let public = certificate.subject_public_key_info().key;
                if key.public_key().is_some_and(|key| key != public) {
                    return Err(UnusableIdentity::KeyMismatch);
                }
                #[cfg(feature = "tls12")]
                {
                    let allows =
                        |usage: Option<KeyUsage>| usage.is_none_or(|usage| usage.allows(KeyUsage::KEY_ENCIPHERMENT));
                    let may_decrypt = certificate.key_usage().is_ok_and(allows);
                    of_key = Some((certificate.subject_public_key_info().algorithm.clone(), may_decrypt));
                }
                let alternative_names = certificate
                    .subject_alt_names()
                    .map_err(|reason| UnusableIdentity::Unreadable { index, reason })?;
                names.extend(alternative_names.filter_map(|name| match name {
                    GeneralName::Dns(name) => Some(name.to_ascii_lowercase()),
                    _ => None,
                }));
            }
        }
        if chain.is_empty() {
            return Err(UnusableIdentity::Empty);
        }
        #[cfg(feature = "tls12")]
        let (key_algorithm, may_decrypt) = of_key.ok_or(UnusableIdentity::Empty)?;
        Ok(Self {
            #[cfg(feature = "tls12")]
            key_algorithm,
            #[cfg(feature = "tls12")]
            may_decrypt,
            chain: chain.into(),
            key,
            names,
            issuers,
            signed_with,
            status: None,
            timestamps: None,
            compressed: Compressed::default(),
        })
    }

    /// With an OCSP response in DER for the end entity, shown to clients that ask for one (RFC 6066 section 8). It has to be replaced before it is too old:
    /// whoever chooses the identity chooses it too.
    ///
    /// # Errors
    /// [`UnusableIdentity::OcspResponse`] when it is empty or does not fit.
    pub fn with_ocsp_response(mut self, response: &[u8]) -> Result<Self, UnusableIdentity> {
        if response.is_empty() {
            return Err(UnusableIdentity::OcspResponse);
        }
        let mut status = Writer::new(CertificateStatus::NAME);
        let written = CertificateStatus { response }.encode(&mut status);
        written.map_err(|_| UnusableIdentity::OcspResponse)?;
        self.status = Some(status.into_bytes());
        Ok(self)
    }

    /// With timestamps of certificate logs, a `SignedCertificateTimestampList` (RFC 6962 section 3.3), shown to clients that ask for them.
    ///
    /// # Errors
    /// [`UnusableIdentity::Timestamps`] when they are not such a list.
    pub fn with_timestamps(mut self, list: Vec<u8>) -> Result<Self, UnusableIdentity> {
        SignedCertificateTimestampList::read(&list).map_err(|_| UnusableIdentity::Timestamps)?;
        self.timestamps = Some(list);
        Ok(self)
    }

    /// The Certificate message with this stapled, compressed: at once where that was done before.
    pub(crate) fn compressed(
        &self,
        way: &dyn CompressCertificate,
        message: &CertificateMessage<'_>,
        stapled: &[UnknownExtension<'_>],
    ) -> Result<Arc<CompressedMessage>, Internal> {
        self.compressed.get_or_make(way, message, stapled)
    }

    /// What is stapled for a client that sent this hello.
    pub(crate) fn stapled_for(&self, hello: &ClientHello<'_>) -> Vec<UnknownExtension<'_>> {
        let asked = hello.extensions.status_request;
        let wants_ocsp = asked.is_some_and(|asked| asked.status_type == CertificateStatusType::OCSP);
        let status = self.status.as_ref().filter(|_| wants_ocsp);
        let timestamps = self.timestamps.as_ref();
        let timestamps = timestamps.filter(|_| hello.extensions.signed_certificate_timestamp);
        let kinds = [
            (ExtensionType::STATUS_REQUEST, status),
            (ExtensionType::SIGNED_CERTIFICATE_TIMESTAMP, timestamps),
        ];
        kinds
            .into_iter()
            .filter_map(|(extension_type, data)| {
                data.map(|extension_data| UnknownExtension {
                    extension_type,
                    extension_data,
                })
            })
            .collect()
    }

    /// The chain in DER, the end entity first.
    pub fn chain(&self) -> &[Vec<u8>] {
        &self.chain
    }

    /// Whether the end entity names this host, by a wildcard of its left label too (RFC 9525 section 6.3).
    pub fn names(&self, host: &DnsName) -> bool {
        let host = host.as_str();
        self.names.iter().any(|name| match name.strip_prefix("*.") {
            Some(parent) => host.split_once('.').is_some_and(|(_, rest)| rest == parent),
            None => name == host,
        })
    }

    /// Whether a client of TLS 1.2 offers a cipher suite under which this kind of key can prove itself, and reads its curve; in TLS 1.3 any will do.
    #[cfg(feature = "tls12")]
    pub(super) fn fits_tls12(&self, hello: &ClientHello<'_>) -> bool {
        let fits = |suite| match KeyExchangeAlgorithm::of_suite(suite) {
            Some(algorithm @ KeyExchangeAlgorithm::Ephemeral(_)) => algorithm.fits(&self.key_algorithm),
            Some(KeyExchangeAlgorithm::KeyTransport) | None => false,
        };
        hello.cipher_suites.iter().any(fits) && self.has_curve_of(hello)
    }

    #[cfg(not(feature = "tls12"))]
    pub(super) fn fits_tls12(&self, _: &ClientHello<'_>) -> bool {
        true
    }

    /// The key for decrypting, where it is one of RSA that can and may.
    #[cfg(feature = "tls12")]
    pub(crate) fn decryption(&self) -> Option<&dyn Decrypt> {
        let decryption = self.key.decryption()?;
        (self.may_decrypt && KeyExchangeAlgorithm::KeyTransport.fits(&self.key_algorithm)).then_some(decryption)
    }

    /// Whether clients can encrypt with this key, as RSA key transport wants: it is one of RSA that decrypts, and the certificate's key usage allows it.
    #[cfg(feature = "tls12")]
    pub fn can_decrypt(&self) -> bool {
        self.decryption().is_some()
    }

    /// Whether a client of TLS 1.2 offers a cipher suite under which it can encrypt with this key.
    #[cfg(feature = "tls12")]
    pub(super) fn takes_key_transport(&self, hello: &ClientHello<'_>) -> bool {
        let is_one = |suite| KeyExchangeAlgorithm::of_suite(suite) == Some(KeyExchangeAlgorithm::KeyTransport);
        self.decryption().is_some() && hello.cipher_suites.iter().any(is_one)
    }

    #[cfg(not(feature = "tls12"))]
    pub(super) fn takes_key_transport(&self, _: &ClientHello<'_>) -> bool {
        false
    }

    /// Whether the client reads the curve of the key, if it is on one (RFC 8422 section 5.1.1).
    #[cfg(feature = "tls12")]
    pub(crate) fn has_curve_of(&self, hello: &ClientHello<'_>) -> bool {
        let groups = hello.extensions.supported_groups;
        curve_of_key(&self.key_algorithm).is_none_or(|curve| groups.is_some_and(|groups| groups.contains(&curve)))
    }

    /// Whether one of these authorities issued the end entity, or a certificate above it.
    pub fn is_from(&self, authorities: Sequence<'_, DistinguishedName<'_>>) -> bool {
        authorities
            .iter()
            .any(|authority| self.issuers.iter().any(|issuer| issuer.as_slice() == authority.0))
    }

    /// Whether the whole chain is signed with schemes that are allowed.
    pub(crate) fn chain_fits(&self, allowed: impl Fn(&SignatureScheme) -> bool) -> bool {
        let mut signed_with = self.signed_with.iter();
        signed_with.all(|schemes| schemes.iter().any(&allowed))
    }

    /// The scheme that this key prefers among those that the peer verifies.
    pub(crate) fn scheme_among(&self, allowed: impl Fn(&SignatureScheme) -> bool) -> Option<SignatureScheme> {
        self.key.schemes().iter().copied().find(|scheme| allowed(scheme))
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity")
            .field("names", &self.names)
            .field("chain", &self.chain.len())
            .finish_non_exhaustive()
    }
}

/// A certificate's signature as `signature_algorithms_cert` names it (RFC 9846 section 4.3.3). The schemes of ECDSA stand for their hash: which curve the
/// issuer's key is on shows in the issuer's certificate alone.
fn schemes_of(algorithm: SignatureAlgorithm<'_>) -> &'static [SignatureScheme] {
    match algorithm {
        SignatureAlgorithm::RsaPkcs1Sha256 => &[SignatureScheme::RSA_PKCS1_SHA256],
        SignatureAlgorithm::RsaPkcs1Sha384 => &[SignatureScheme::RSA_PKCS1_SHA384],
        SignatureAlgorithm::RsaPkcs1Sha512 => &[SignatureScheme::RSA_PKCS1_SHA512],
        SignatureAlgorithm::RsaPssSha256 => &[
            SignatureScheme::RSA_PSS_RSAE_SHA256,
            SignatureScheme::RSA_PSS_PSS_SHA256,
        ],
        SignatureAlgorithm::RsaPssSha384 => &[
            SignatureScheme::RSA_PSS_RSAE_SHA384,
            SignatureScheme::RSA_PSS_PSS_SHA384,
        ],
        SignatureAlgorithm::RsaPssSha512 => &[
            SignatureScheme::RSA_PSS_RSAE_SHA512,
            SignatureScheme::RSA_PSS_PSS_SHA512,
        ],
        SignatureAlgorithm::EcdsaSha256 => &[SignatureScheme::ECDSA_SECP256R1_SHA256],
        SignatureAlgorithm::EcdsaSha384 => &[SignatureScheme::ECDSA_SECP384R1_SHA384],
        SignatureAlgorithm::EcdsaSha512 => &[SignatureScheme::ECDSA_SECP521R1_SHA512],
        SignatureAlgorithm::Ed25519 => &[SignatureScheme::ED25519],
        SignatureAlgorithm::MlDsa44 => &[SignatureScheme::MLDSA44],
        SignatureAlgorithm::MlDsa65 => &[SignatureScheme::MLDSA65],
        SignatureAlgorithm::MlDsa87 => &[SignatureScheme::MLDSA87],
        SignatureAlgorithm::Other(_) => &[],
    }
}

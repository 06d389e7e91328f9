//! What all are given: one chain of a leaf, an intermediate and a root, and configurations that do the same.

use std::sync::Arc;

use portunus_tls::wire::{CipherSuite, NamedGroup};
use portunus_tls::{ChooseConfig, Identities, Identity, LocalKey, PathVerifier, Policy, SessionMemory, Tickets};
use portunus_x509::{Anchors, Policy as PathPolicy, SignatureMemory, UnixTime};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_RSA_SHA256, RsaKeySize,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::bare::BareConfig;

/// The name that the leaf is for.
pub(crate) const NAME: &str = "localhost";

/// Whether a suite is one of TLS 1.3.
pub(crate) fn is_tls13(suite: CipherSuite) -> bool {
    suite.0 >> 8 == 0x13
}

/// In TLS 1.2 the curve of the server's key has to be among the groups as well.
fn groups(suite: CipherSuite, group: NamedGroup) -> Vec<NamedGroup> {
    if is_tls13(suite) {
        vec![group]
    } else {
        vec![group, NamedGroup::SECP256R1]
    }
}

/// Now: both engines judge by it.
pub(crate) fn now() -> UnixTime {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    UnixTime(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}

/// The kind of each key of the chain.
#[derive(Clone, Copy)]
pub(crate) enum Keys {
    P256,
    Rsa2048,
}

impl Keys {
    fn generate(self) -> KeyPair {
        let key = match self {
            Self::P256 => KeyPair::generate(),
            Self::Rsa2048 => KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048),
        };
        key.expect("a key")
    }
}

/// Certificates, made once.
pub(crate) struct World {
    pub(crate) keys: Keys,
    root: Vec<u8>,
    /// The leaf, the intermediate.
    pub(crate) chain: Vec<Vec<u8>>,
    /// The leaf's, in PKCS#8.
    pub(crate) key: Vec<u8>,
    /// As certificates hold them: of the leaf, the intermediate, the root.
    pub(crate) public_keys: [Vec<u8>; 3],
}

pub(crate) fn authority(keys: Keys, name: &str, constraint: BasicConstraints) -> (CertificateParams, KeyPair) {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(constraint);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.use_authority_key_identifier_extension = true;
    (params, keys.generate())
}

/// For [`NAME`].
pub(crate) fn leaf_params() -> CertificateParams {
    let mut params = CertificateParams::new(vec![NAME.to_owned()]).expect("a name");
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params
}

impl World {
    pub(crate) fn new(keys: Keys) -> Self {
        let public = |key: &KeyPair| key.public_key_raw().to_vec();
        let (root_params, root_key) = authority(keys, "Bench Root", BasicConstraints::Unconstrained);
        let root = root_params.self_signed(&root_key).expect("a root");
        let root_public = public(&root_key);
        let root_issuer = Issuer::new(root_params, root_key);
        let (params, key) = authority(keys, "Bench Intermediate", BasicConstraints::Constrained(0));
        let intermediate = params.signed_by(&key, &root_issuer).expect("an intermediate");
        let intermediate_public = public(&key);
        let issuer = Issuer::new(params, key);
        let key = keys.generate();
        let leaf = leaf_params().signed_by(&key, &issuer).expect("a leaf");
        Self {
            keys,
            root: root.der().to_vec(),
            chain: vec![leaf.der().to_vec(), intermediate.der().to_vec()],
            key: key.serialize_der(),
            public_keys: [public(&key), intermediate_public, root_public],
        }
    }

    /// The primitives of the same.
    pub(crate) fn bare(
        &self,
        suite: CipherSuite,
        group: NamedGroup,
        resumption: bool,
    ) -> (Arc<BareConfig>, Arc<BareConfig>) {
        let config = Arc::new(BareConfig::new(self, suite, group, resumption));
        (config.clone(), config)
    }

    /// Our client and server with one suite and one group, with or without resumption; the client remembers so many signatures on
    /// certificates.
    pub(crate) fn portunus(
        &self,
        suite: CipherSuite,
        group: NamedGroup,
        resumption: bool,
        remembered: usize,
    ) -> (Arc<portunus_tls::ClientConfig>, Arc<dyn ChooseConfig>) {
        let policy = Policy::modern().with_cipher_suites(&[suite]).expect("a suite");
        let policy = policy.with_groups(&groups(suite, group)).expect("a group");
        let mut anchors = Anchors::new();
        anchors.add_der(&self.root).expect("an anchor");
        let memory = Arc::new(SignatureMemory::new(remembered));
        let verifier = PathVerifier::servers(Arc::new(anchors), PathPolicy::rfc5280()).with_memory(memory);
        let key = LocalKey::from_der(&self.key).expect("a key");
        let identity = Identity::new(self.chain.clone(), key).expect("an identity");
        let identities = Identities::new(vec![Arc::new(identity)]);
        let mut client = portunus_tls::ClientConfig::new(Arc::new(verifier)).with_policy(policy.clone());
        let mut server = portunus_tls::ServerConfig::new(Arc::new(identities)).with_policy(policy);
        if resumption {
            client = client.with_sessions(Arc::new(SessionMemory::default()));
            server = server.with_tickets(Arc::new(Tickets::new(now()).expect("keys")));
        }
        (Arc::new(client), Arc::new(Arc::new(server)))
    }

    /// The same of rustls. A resumed connection gets one ticket, as ours does.
    pub(crate) fn rustls(
        &self,
        suite: CipherSuite,
        group: NamedGroup,
        resumption: bool,
    ) -> (Arc<rustls::ClientConfig>, Arc<rustls::ServerConfig>) {
        let mut provider = rustls::crypto::aws_lc_rs::default_provider();
        provider
            .cipher_suites
            .retain(|known| u16::from(known.suite()) == suite.0);
        let version = if is_tls13(suite) {
            &rustls::version::TLS13
        } else {
            &rustls::version::TLS12
        };
        provider.kx_groups = rustls::crypto::aws_lc_rs::ALL_KX_GROUPS
            .iter()
            .copied()
            .filter(|known| {
                groups(suite, group)
                    .iter()
                    .any(|group| u16::from(known.name()) == group.0)
            })
            .collect();
        let provider = Arc::new(provider);
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from(self.root.clone())).expect("an anchor");
        let mut client = rustls::ClientConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(&[version])
            .expect("a version")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let chain = self.chain.iter().cloned().map(CertificateDer::from).collect();
        let key = PrivateKeyDer::try_from(self.key.clone()).expect("a key");
        let mut server = rustls::ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[version])
            .expect("a version")
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .expect("an identity");
        if resumption {
            server.ticketer = rustls::crypto::aws_lc_rs::Ticketer::new().expect("keys");
            server.send_tls13_tickets = 1;
        } else {
            client.resumption = rustls::client::Resumption::disabled();
            server.send_tls13_tickets = 0;
        }
        (Arc::new(client), Arc::new(server))
    }
}

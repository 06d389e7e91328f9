//! An authority without constraints, certificates of every kind of key, and configurations of both sides.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use portunus_tls::wire::{CipherSuite, NamedGroup, ProtocolVersion};
use portunus_tls::{
    ClientConfig, Identities, Identity, LocalKey, PathVerifier, Policy as TlsPolicy, ServerConfig, Tickets,
};
use portunus_x509::{Anchors, Policy};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    SignatureAlgorithm,
};
use tempfile::TempDir;

/// The kinds of keys that certificates are made for, by the names that failures tell.
pub(crate) static KEYS: [(&str, &SignatureAlgorithm); 4] = [
    ("P-256", &rcgen::PKCS_ECDSA_P256_SHA256),
    ("P-384", &rcgen::PKCS_ECDSA_P384_SHA384),
    ("Ed25519", &rcgen::PKCS_ED25519),
    ("RSA", &rcgen::PKCS_RSA_SHA256),
];

/// An authority and the folder that its files are in.
pub(crate) struct House {
    folder: TempDir,
    issuer: Issuer<'static, KeyPair>,
    root: Vec<u8>,
}

/// A certificate for localhost and 127.0.0.1, good on either side, and its key.
pub(crate) struct Pair {
    pub(crate) cert: PathBuf,
    pub(crate) key: PathBuf,
    leaf: Vec<u8>,
    key_der: Vec<u8>,
}

impl House {
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "Peers' Root");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let root = params.self_signed(&key).unwrap().der().to_vec();
        let folder = tempfile::tempdir().unwrap();
        let text = pem::encode(&pem::Pem::new("CERTIFICATE", root.clone()));
        std::fs::write(folder.path().join("root.pem"), text).unwrap();
        Self {
            folder,
            issuer: Issuer::new(params, key),
            root,
        }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn root_file(&self) -> PathBuf {
        self.folder.path().join("root.pem")
    }

    /// A certificate for a key of this kind.
    pub(crate) fn pair(&self, kind: &'static SignatureAlgorithm) -> Pair {
        let key = KeyPair::generate_for(kind).unwrap();
        let mut params = CertificateParams::new(["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, "localhost");
        params.not_before = rcgen::date_time_ymd(2025, 1, 1);
        params.not_after = rcgen::date_time_ymd(2099, 1, 1);
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        if *kind == rcgen::PKCS_RSA_SHA256 {
            params.key_usages.push(KeyUsagePurpose::KeyEncipherment);
        }
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let leaf = params.signed_by(&key, &self.issuer).unwrap().der().to_vec();
        let key_der = plain_key(key.serialized_der());
        let stem = leaf[leaf.len() - 8..]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>();
        let cert = self.folder.path().join(format!("{stem}.pem"));
        let key = self.folder.path().join(format!("{stem}-key.pem"));
        std::fs::write(&cert, pem::encode(&pem::Pem::new("CERTIFICATE", leaf.clone()))).unwrap();
        std::fs::write(&key, pem::encode(&pem::Pem::new("PRIVATE KEY", key_der.clone()))).unwrap();
        Pair {
            cert,
            key,
            leaf,
            key_der,
        }
    }

    fn anchors(&self) -> Arc<Anchors> {
        let mut anchors = Anchors::new();
        anchors.add_der(&self.root).unwrap();
        Arc::new(anchors)
    }

    pub(crate) fn client(&self) -> ClientConfig {
        ClientConfig::new(Arc::new(PathVerifier::servers(self.anchors(), Policy::rfc5280())))
    }

    /// A server that issues tickets.
    pub(crate) fn server(&self, pair: &Pair) -> ServerConfig {
        let tickets = Tickets::new(portunus_tokio::now()).unwrap();
        ServerConfig::new(pair.identities()).with_tickets(Arc::new(tickets))
    }

    /// A server that refuses clients without a certificate of this house.
    pub(crate) fn strict_server(&self, pair: &Pair) -> ServerConfig {
        let verifier = PathVerifier::clients(self.anchors(), Policy::rfc5280());
        self.server(pair).with_required_client_certificates(Arc::new(verifier))
    }
}

/// PKCS#8 of version 1, as OpenSSL 3.0 and GnuTLS want it: generated Ed25519 keys come in version 2, with the public key
/// behind the private one (RFC 5958 section 2).
fn plain_key(pkcs8: &[u8]) -> Vec<u8> {
    const VERSION_2: &[u8] = b"\x30\x51\x02\x01\x01\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20";
    const VERSION_1: &[u8] = b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20";
    match pkcs8.strip_prefix(VERSION_2) {
        Some(rest) => [VERSION_1, &rest[..32]].concat(),
        None => pkcs8.to_vec(),
    }
}

impl Pair {
    /// The certificate in DER.
    pub(crate) fn leaf(&self) -> &Vec<u8> {
        &self.leaf
    }

    pub(crate) fn identities(&self) -> Arc<Identities> {
        let key = LocalKey::from_der(&self.key_der).unwrap();
        let identity = Identity::new(vec![self.leaf.clone()], key).unwrap();
        Arc::new(Identities::new(vec![Arc::new(identity)]))
    }
}

/// The versions that every peer has, by OpenSSL's names, which the programs take and say.
pub(crate) const VERSIONS: [(ProtocolVersion, &str); 2] = [
    (ProtocolVersion::TLS1_3, "TLSv1.3"),
    (ProtocolVersion::TLS1_2, "TLSv1.2"),
];

/// Every suite of a version that can be agreed on together with a group, and the kind of key ([`KEYS`]) that it is for.
/// In TLS 1.2 no group is a hybrid, and an ECDSA key's curve has to be among the groups (RFC 8422 section 5.1.1).
pub(crate) fn suites_with(version: ProtocolVersion, group: NamedGroup) -> Vec<(CipherSuite, &'static str)> {
    let curves = [
        NamedGroup::X25519,
        NamedGroup::SECP256R1,
        NamedGroup::SECP384R1,
        NamedGroup::SECP521R1,
    ];
    let is_old = version == ProtocolVersion::TLS1_2;
    let kind = |suite: &CipherSuite| {
        if suite.to_string().contains("_RSA_") {
            "RSA"
        } else {
            "P-256"
        }
    };
    let policy = of_version(version);
    let suites = policy.cipher_suites().iter().map(|suite| (*suite, kind(suite)));
    suites
        .filter(|(_, kind)| !is_old || curves.contains(&group) && (*kind == "RSA" || group == NamedGroup::SECP256R1))
        .collect()
}

/// What both versions are asked for apart.
pub(crate) fn of_version(version: ProtocolVersion) -> TlsPolicy {
    TlsPolicy::modern().with_versions(&[version]).unwrap()
}

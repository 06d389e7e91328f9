//! What the connections are that are searched for what they leave behind.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Waker};

use portunus_tls::wire::{CipherSuite, NamedGroup, ProtocolVersion};
use portunus_tls::{
    ChooseConfig, ClientConfig, Connection, Handshake, Identities, Identity, KeyLog, LocalKey, PathVerifier, Policy,
    Read, ReplayGuard, ServerConfig, SessionMemory, Tickets,
};
use portunus_x509::{Anchors, Policy as PathPolicy, ServerName, UnixTime};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};

use crate::heap::{self, Teller};

const NAME: &str = "localhost";

/// One kind of connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kind {
    pub(crate) version: ProtocolVersion,
    pub(crate) suite: CipherSuite,
    /// What the client has a share of, and what the server takes: where they differ there is a HelloRetryRequest.
    pub(crate) shared: NamedGroup,
    pub(crate) group: NamedGroup,
    pub(crate) client_certificate: bool,
}

/// Both sides' configurations.
pub(crate) struct World {
    client: Arc<ClientConfig>,
    server: Arc<dyn ChooseConfig>,
    now: UnixTime,
}

fn now() -> UnixTime {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    UnixTime(since.map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX)))
}

/// What key logs show is secret too.
struct Keeps;

impl KeyLog for Keeps {
    fn log(&self, _: &str, _: &[u8; 32], secret: &[u8]) {
        heap::keep_secret(Teller::KeyLog, secret);
    }
}

/// Whether the client's secret goes to the server under its RSA key.
fn is_key_transport(suite: CipherSuite) -> bool {
    [
        CipherSuite::TLS_RSA_WITH_AES_128_GCM_SHA256,
        CipherSuite::TLS_RSA_WITH_AES_256_GCM_SHA384,
    ]
    .contains(&suite)
}

impl World {
    pub(crate) fn new(kind: &Kind) -> Self {
        let authority = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "Root");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let root = params.self_signed(&authority).expect("a root").der().to_vec();
        let issuer = Issuer::new(params, authority);
        let identities = || {
            let key = KeyPair::generate_for(if is_key_transport(kind.suite) {
                &rcgen::PKCS_RSA_SHA256
            } else {
                &rcgen::PKCS_ECDSA_P256_SHA256
            });
            let key = key.expect("a key");
            let mut params = CertificateParams::new(vec![NAME.to_owned()]).expect("a name");
            params.use_authority_key_identifier_extension = true;
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
            let leaf = params.signed_by(&key, &issuer).expect("a leaf").der().to_vec();
            let key = LocalKey::from_der(&key.serialize_der()).expect("a key");
            let identity = Identity::new(vec![leaf], key).expect("an identity");
            Arc::new(Identities::new(vec![Arc::new(identity)]))
        };
        let mut anchors = Anchors::new();
        anchors.add_der(&root).expect("an anchor");
        let anchors = Arc::new(anchors);
        // In TLS 1.2 the curve of the certificate's key is among them (RFC 8422 section 5.1.1).
        let mut server_groups = vec![kind.group];
        if kind.version == ProtocolVersion::TLS1_2 && kind.group != NamedGroup::SECP256R1 {
            server_groups.push(NamedGroup::SECP256R1);
        }
        let mut client_groups = server_groups.clone();
        if !client_groups.contains(&kind.shared) {
            client_groups.push(kind.shared);
        }
        let policy = Policy::modern()
            .allow_rsa_key_transport_without_forward_secrecy()
            .with_versions(&[kind.version])
            .and_then(|policy| policy.with_cipher_suites(&[kind.suite]))
            .expect("a suite");
        let client_policy = policy.clone().with_groups(&client_groups).expect("groups");
        let policy = policy.with_groups(&server_groups).expect("a group");
        let now = now();
        let mut client = ClientConfig::new(Arc::new(PathVerifier::servers(anchors.clone(), PathPolicy::rfc5280())))
            .with_policy(client_policy)
            .with_key_shares(&[kind.shared])
            .expect("a share")
            .with_sessions(Arc::new(SessionMemory::default()))
            .with_early_data()
            .with_key_log(Arc::new(Keeps));
        let mut server = ServerConfig::new(identities())
            .with_policy(policy)
            .with_tickets(Arc::new(Tickets::new(now).expect("keys")))
            // It began a day ago, and is sure of itself by now.
            .with_early_data(Arc::new(ReplayGuard::new(16, UnixTime(now.0 - 86_400)).expect("a guard")), 1000)
            .with_key_log(Arc::new(Keeps));
        if kind.client_certificate {
            client = client.with_identity(identities());
            server = server
                .with_required_client_certificates(Arc::new(PathVerifier::clients(anchors, PathPolicy::rfc5280())));
        }
        Self {
            client: Arc::new(client),
            server: Arc::new(Arc::new(server)),
            now,
        }
    }

    /// A handshake, data both ways, new keys both ways where the version has them, and the end; whether a session went on.
    pub(crate) fn connection(&self, kind: &Kind) -> bool {
        let name = ServerName::parse(NAME).expect("a name");
        let mut client = Handshake::client(self.client.clone(), name, self.now, None);
        let mut server = Handshake::server(self.server.clone(), self.now, None);
        let mut down = Vec::new();
        // A HelloRetryRequest costs a turn more than the longest without one.
        for _ in 0..5 {
            let up = turn(&mut client, &down);
            down = turn(&mut server, &up);
        }
        assert!(down.is_empty());
        let mut client = client.into_connection().expect("the client's connection");
        let mut server = server.into_connection().expect("the server's connection");
        let resumed = client.info().resumed;
        self.carry(&mut server, &mut client);
        for _ in 0..2 {
            client.write(b"a question").expect("a write");
            self.carry(&mut client, &mut server);
            server.write(b"an answer").expect("a write");
            self.carry(&mut server, &mut client);
            if kind.version == ProtocolVersion::TLS1_3 {
                client.update_keys(true).expect("new keys");
                self.carry(&mut client, &mut server);
                self.carry(&mut server, &mut client);
            }
        }
        let mut exported = [0; 32];
        client
            .export(b"EXPERIMENTAL wiping", None, &mut exported)
            .expect("an export");
        client.close();
        self.carry(&mut client, &mut server);
        server.close();
        self.carry(&mut server, &mut client);
        resumed
    }

    /// What one has to say goes to the other.
    fn carry(&self, from: &mut Connection, to: &mut Connection) {
        let mut bytes = Vec::new();
        let Ok(_) = from.send_with(|sent| give(sent, &mut bytes));
        let mut left = bytes.as_slice();
        let mut buffer = [0; 64];
        loop {
            if !left.is_empty() {
                let Ok(_) = to.receive_with(|space| put(space, &mut left));
            }
            match to.read(&mut buffer, self.now).expect("a read") {
                Read::Data(_) => {}
                Read::NeedsBytes if !left.is_empty() => {}
                Read::NeedsBytes | Read::Closed => return,
            }
        }
    }
}

fn put(space: &mut [u8], left: &mut &[u8]) -> Result<usize, Infallible> {
    let count = space.len().min(left.len());
    let (now, later) = left.split_at(count);
    space[..count].copy_from_slice(now);
    *left = later;
    Ok(count)
}

fn give(bytes: &[u8], outgoing: &mut Vec<u8>) -> Result<usize, Infallible> {
    outgoing.extend_from_slice(bytes);
    Ok(bytes.len())
}

fn turn(handshake: &mut Handshake, mut incoming: &[u8]) -> Vec<u8> {
    while !incoming.is_empty() {
        let Ok(_) = handshake.receive_with(|space| put(space, &mut incoming));
    }
    handshake
        .poll(&mut Context::from_waker(Waker::noop()))
        .expect("a handshake");
    // None goes but where a session allows it.
    handshake.write_early(b"early data").expect("early data");
    let mut outgoing = Vec::new();
    let Ok(_) = handshake.send_with(|bytes| give(bytes, &mut outgoing));
    outgoing
}

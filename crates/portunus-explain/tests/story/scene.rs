//! Connections of both sides of ours in memory, recorded: certificates of fixed keys, a clock that only counts, so that a story is the same each time.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Waker};
use std::time::Duration;

use portunus_explain::{Recorder, Recording, Target, Trust, What};
use portunus_tls::wire::CipherSuite;
use portunus_tls::{
    ClientConfig, Connection, Error, Handshake, Identities, Identity, LocalKey, PathVerifier, Policy as TlsPolicy,
    Read, ServerConfig, SessionMemory, Tickets, danger,
};
use portunus_x509::{Anchors, Policy as PathPolicy, ServerName, UnixTime};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    SerialNumber,
};

/// 2026-07-01.
pub(crate) const NOW: UnixTime = UnixTime(1_782_864_000);

/// An Ed25519 key of a seed: its signatures are the same each time.
fn key(seed: u8) -> KeyPair {
    let mut der = vec![0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
    der.extend([seed; 32]);
    KeyPair::try_from(der).unwrap()
}

/// What the server's certificate says.
pub(crate) struct Leaf {
    pub(crate) common_name: &'static str,
    pub(crate) names: &'static [&'static str],
    pub(crate) years: (i32, i32),
}

/// As it should be.
pub(crate) const GOOD: Leaf = Leaf {
    common_name: "localhost",
    names: &["localhost", "127.0.0.1"],
    years: (2026, 2027),
};

pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    der: Vec<u8>,
}

impl Authority {
    pub(crate) fn new(seed: u8, name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.serial_number = Some(SerialNumber::from(vec![seed]));
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(2030, 1, 1);
        let der = params.self_signed(&key(seed)).unwrap().der().to_vec();
        Self {
            issuer: Issuer::new(params, key(seed)),
            der,
        }
    }

    pub(crate) fn anchors(&self) -> Arc<Anchors> {
        let mut anchors = Anchors::new();
        anchors.add_der(&self.der).unwrap();
        Arc::new(anchors)
    }

    pub(crate) fn issue(&self, leaf: &Leaf) -> Identity {
        self.certify(leaf, &key(9), KeyUsagePurpose::DigitalSignature)
    }

    fn certify(&self, leaf: &Leaf, key: &KeyPair, usage: KeyUsagePurpose) -> Identity {
        let names: Vec<String> = leaf.names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name.push(DnType::CommonName, leaf.common_name);
        params.serial_number = Some(SerialNumber::from(vec![0x42, 1]));
        params.not_before = rcgen::date_time_ymd(leaf.years.0, 1, 1);
        params.not_after = rcgen::date_time_ymd(leaf.years.1, 1, 1);
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![usage];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let der = params.signed_by(key, &self.issuer).unwrap().der().to_vec();
        Identity::new(vec![der], LocalKey::from_der(key.serialized_der()).unwrap()).unwrap()
    }
}

/// What is connected to what.
pub(crate) struct Scene {
    pub(crate) url: &'static str,
    pub(crate) name: &'static str,
    pub(crate) trust: Trust,
    pub(crate) client: ClientConfig,
    pub(crate) server: ServerConfig,
    /// What happens to the server's bytes on the way, by their place in the stream.
    pub(crate) damage: Option<fn(&mut Vec<u8>)>,
}

impl Scene {
    /// A client that trusts the authority which certified the server.
    pub(crate) fn new() -> Self {
        Self::with_leaf(&GOOD)
    }

    pub(crate) fn with_leaf(leaf: &Leaf) -> Self {
        let authority = Authority::new(1, "Test Root");
        let identity = Arc::new(authority.issue(leaf));
        let verifier = PathVerifier::servers(authority.anchors(), PathPolicy::private());
        Self {
            url: "https://localhost:8443/",
            name: "localhost",
            trust: Trust::Judged,
            client: ClientConfig::new(Arc::new(verifier)).with_application_protocols(&[b"h2", b"http/1.1"]),
            server: ServerConfig::new(Arc::new(Identities::new(vec![identity])))
                .with_application_protocols(&[b"http/1.1"]),
            damage: None,
        }
    }

    /// Keeps tickets on both sides.
    pub(crate) fn resuming() -> Self {
        let mut scene = Self::new();
        scene.client = scene.client.with_sessions(Arc::new(SessionMemory::default()));
        scene.server = scene.server.with_tickets(Arc::new(Tickets::new(NOW).unwrap()));
        scene
    }

    /// RSA key transport, under a key that is another each time.
    pub(crate) fn key_transport() -> Self {
        let mut scene = Self::resuming();
        let key = KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
        let identity = Authority::new(1, "Test Root").certify(&GOOD, &key, KeyUsagePurpose::KeyEncipherment);
        let allowed = TlsPolicy::modern().allow_rsa_key_transport_without_forward_secrecy();
        let suites = [CipherSuite::TLS_RSA_WITH_AES_128_GCM_SHA256];
        scene.client = scene
            .client
            .with_policy(allowed.clone().with_cipher_suites(&suites).unwrap());
        scene.server = ServerConfig::new(Arc::new(Identities::new(vec![Arc::new(identity)])))
            .with_policy(allowed)
            .with_tickets(Arc::new(Tickets::new(NOW).unwrap()))
            .with_application_protocols(&[b"http/1.1"]);
        scene
    }

    /// Gives up path and name.
    pub(crate) fn unchecked() -> Self {
        let mut scene = Self::new();
        scene.trust = Trust::GivenUp;
        scene.client =
            ClientConfig::new(Arc::new(danger::AcceptAnyCertificate)).with_application_protocols(&[b"http/1.1"]);
        scene
    }

    pub(crate) fn recorder(&self) -> Arc<Recorder> {
        let ticks = AtomicU64::new(0);
        let target = Target {
            url: self.url.to_owned(),
            server: ServerName::parse(self.name).unwrap(),
            started: NOW,
            trust: self.trust,
        };
        Arc::new(Recorder::new(target, move || {
            Duration::from_micros(250) * u32::try_from(ticks.fetch_add(1, Ordering::Relaxed)).unwrap()
        }))
    }

    /// A recorder of a connection for which TCP is there.
    pub(crate) fn connected(&self) -> Arc<Recorder> {
        let recorder = self.recorder();
        let addresses: Vec<SocketAddr> = vec!["[::1]:8443".parse().unwrap(), "127.0.0.1:8443".parse().unwrap()];
        recorder.add(What::Resolved {
            addresses,
            overridden: false,
        });
        let refused = std::io::Error::new(std::io::ErrorKind::ConnectionRefused, "Connection refused");
        recorder.add(What::NotConnected {
            address: "[::1]:8443".parse().unwrap(),
            fault: (&refused).into(),
        });
        recorder.add(What::Connected {
            address: "127.0.0.1:8443".parse().unwrap(),
        });
        recorder
    }

    /// A client of whom only the ClientHello went out.
    pub(crate) fn client(&self, recorder: &Arc<Recorder>) -> Handshake {
        let name = ServerName::parse(self.name).unwrap();
        let mut client = Handshake::client(Arc::new(self.client.clone()), name, NOW, Some(recorder.clone()));
        poll(&mut client).unwrap();
        sent(&mut client);
        client
    }

    /// A client whose ClientHello is answered with these bytes.
    pub(crate) fn answered_with(&self, bytes: &[u8]) -> Recording {
        let recorder = self.connected();
        let mut client = self.client(&recorder);
        give(&mut client, bytes);
        let _ = poll(&mut client);
        drop(client);
        recorder.recording()
    }

    /// The whole handshake; what the recorder has after it, and both ends if it succeeded.
    pub(crate) fn handshake(&self) -> (Arc<Recorder>, Result<(Connection, Connection), Error>) {
        let recorder = self.connected();
        let name = ServerName::parse(self.name).unwrap();
        let mut client = Handshake::client(Arc::new(self.client.clone()), name, NOW, Some(recorder.clone()));
        let mut server = Handshake::server(Arc::new(Arc::new(self.server.clone())), NOW, None);
        let mut outcome = Ok(());
        for _ in 0..4 {
            let polled = poll(&mut client);
            outcome = outcome.and(polled);
            let bytes = sent(&mut client);
            give(&mut server, &bytes);
            let _ = poll(&mut server);
            let mut bytes = sent(&mut server);
            if let Some(damage) = self.damage {
                damage(&mut bytes);
            }
            if outcome.is_ok() {
                give(&mut client, &bytes);
            }
        }
        let ends = outcome.and_then(|()| Ok((client.into_connection()?, server.into_connection()?)));
        (recorder, ends)
    }

    /// A handshake that fails.
    pub(crate) fn refused(&self) -> Recording {
        let (recorder, ends) = self.handshake();
        assert!(ends.is_err());
        recorder.recording()
    }

    /// Handshake, one request, one answer, both say close_notify.
    pub(crate) fn whole(&self) -> Recording {
        let (recorder, ends) = self.handshake();
        let (mut client, mut server) = ends.unwrap();
        converse(
            &recorder,
            &mut client,
            &mut server,
            b"HTTP/1.1 200 OK\r\ncontent-length: 1256\r\n\r\n",
        );
        client.close();
        server.close();
        exchange(&mut client, &mut server).unwrap();
        drop(client);
        recorder.recording()
    }
}

/// One request and its answer with a body of 1,256 bytes.
pub(crate) fn converse(recorder: &Recorder, client: &mut Connection, server: &mut Connection, head: &[u8]) {
    let request = b"GET / HTTP/1.1\r\nhost: localhost:8443\r\n\r\n";
    recorder.add(What::Request { head: request.to_vec() });
    client.write(request).unwrap();
    exchange(client, server).unwrap();
    server.write(head).unwrap();
    server.write(&[b'x'; 1_256]).unwrap();
    exchange(client, server).unwrap();
    recorder.add(What::Response {
        status: 200,
        head: head.to_vec(),
    });
    recorder.add(What::Body {
        bytes: 1_256,
        whole: true,
    });
}

fn poll(handshake: &mut Handshake) -> Result<(), Error> {
    handshake.poll(&mut Context::from_waker(Waker::noop())).map(drop)
}

type NoError = std::convert::Infallible;

fn sent(handshake: &mut Handshake) -> Vec<u8> {
    let mut out = Vec::new();
    let Ok(_) = handshake.send_with(|bytes| {
        out.extend_from_slice(bytes);
        Ok::<_, NoError>(bytes.len())
    });
    out
}

fn give(handshake: &mut Handshake, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        let Ok(count) = handshake.receive_with(|space| {
            let count = space.len().min(bytes.len());
            space[..count].copy_from_slice(&bytes[..count]);
            Ok::<_, NoError>(count)
        });
        bytes = &bytes[count..];
        let _ = poll(handshake);
        if count == 0 {
            return;
        }
    }
}

/// Moves what each has for the other until nothing is left.
pub(crate) fn exchange(client: &mut Connection, server: &mut Connection) -> Result<(), Error> {
    loop {
        let (up, down) = (outgoing(client), outgoing(server));
        if up.is_empty() && down.is_empty() {
            return Ok(());
        }
        incoming(server, &up)?;
        incoming(client, &down)?;
    }
}

fn outgoing(connection: &mut Connection) -> Vec<u8> {
    let mut out = Vec::new();
    let Ok(_) = connection.send_with(|bytes| {
        out.extend_from_slice(bytes);
        Ok::<_, NoError>(bytes.len())
    });
    out
}

pub(crate) fn incoming(connection: &mut Connection, mut bytes: &[u8]) -> Result<(), Error> {
    let mut buffer = vec![0; 20_000];
    loop {
        while let Read::Data(_) = connection.read(&mut buffer, NOW)? {}
        if bytes.is_empty() {
            return Ok(());
        }
        let Ok(count) = connection.receive_with(|space| {
            let count = space.len().min(bytes.len());
            space[..count].copy_from_slice(&bytes[..count]);
            Ok::<_, NoError>(count)
        });
        bytes = &bytes[count..];
    }
}

/// What a connection has for its peer, for tests that damage it.
pub(crate) fn take(connection: &mut Connection) -> Vec<u8> {
    outgoing(connection)
}

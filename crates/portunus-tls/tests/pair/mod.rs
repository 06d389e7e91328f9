//! Both sides in memory, with a given time and pipes that split, flip, drop and repeat.

#![allow(dead_code, missing_docs, unreachable_pub)]

use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};

use portunus_tls::wire::HandshakeType;
use portunus_tls::{
    ClientConfig, Connection, Direction, Error, Handshake, Identities, Identity, LocalKey, Note, Observe, PathVerifier,
    Progress, Read, ServerConfig, SessionMemory, Tickets,
};
use portunus_x509::{Anchors, Policy as PathPolicy, ServerName, UnixTime};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SerialNumber, SignatureAlgorithm,
};

/// 2026-07-01.
pub const NOW: UnixTime = UnixTime(1_782_864_000);

/// An authority and what it issued.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub der: Vec<u8>,
}

fn validity(params: &mut CertificateParams) {
    params.not_before = rcgen::date_time_ymd(2026, 1, 1);
    params.not_after = rcgen::date_time_ymd(2027, 1, 1);
}

impl Authority {
    pub fn new() -> Self {
        Self::named("Test Root")
    }

    pub fn named(name: &str) -> Self {
        Self::signing_with(name, &rcgen::PKCS_ECDSA_P256_SHA256)
    }

    pub fn signing_with(name: &str, algorithm: &'static SignatureAlgorithm) -> Self {
        let key = KeyPair::generate_for(algorithm).unwrap();
        let mut params = CertificateParams::default();
        validity(&mut params);
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let der = params.self_signed(&key).unwrap().der().to_vec();
        Self {
            issuer: Issuer::new(params, key),
            der,
        }
    }

    pub fn anchors(&self) -> Arc<Anchors> {
        let mut anchors = Anchors::new();
        anchors.add_der(&self.der).unwrap();
        Arc::new(anchors)
    }

    /// A leaf for these names with a key of this kind.
    pub fn issue(&self, names: &[&str], algorithm: &'static SignatureAlgorithm) -> Identity {
        self.issued(names, algorithm, |_| {})
    }

    /// A leaf for these names, whose chain is changed before it is shown.
    pub fn issue_with(&self, names: &[&str], change: impl FnOnce(&mut Vec<Vec<u8>>)) -> Identity {
        self.issued(names, &rcgen::PKCS_ECDSA_P256_SHA256, change)
    }

    fn issued(
        &self,
        names: &[&str],
        algorithm: &'static SignatureAlgorithm,
        change: impl FnOnce(&mut Vec<Vec<u8>>),
    ) -> Identity {
        let key = KeyPair::generate_for(algorithm).unwrap();
        let mut chain = self.certify(names, &key);
        change(&mut chain);
        Identity::new(chain, LocalKey::from_der(key.serialized_der()).unwrap()).unwrap()
    }

    /// The chain of a leaf for these names with this key, which is one to sign with.
    pub fn certify(&self, names: &[&str], key: &KeyPair) -> Vec<Vec<u8>> {
        self.certify_for(names, key, &[KeyUsagePurpose::DigitalSignature])
    }

    /// As [`Authority::certify`], for these usages of the key.
    pub fn certify_for(&self, names: &[&str], key: &KeyPair, usages: &[KeyUsagePurpose]) -> Vec<Vec<u8>> {
        let purposes = [ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        self.certified(names, key, usages, &purposes)
    }

    /// As [`Authority::certify`], for these purposes.
    pub fn certify_for_purposes(
        &self,
        names: &[&str],
        key: &KeyPair,
        purposes: &[ExtendedKeyUsagePurpose],
    ) -> Vec<Vec<u8>> {
        self.certified(names, key, &[KeyUsagePurpose::DigitalSignature], purposes)
    }

    fn certified(
        &self,
        names: &[&str],
        key: &KeyPair,
        usages: &[KeyUsagePurpose],
        purposes: &[ExtendedKeyUsagePurpose],
    ) -> Vec<Vec<u8>> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        validity(&mut params);
        params.use_authority_key_identifier_extension = true;
        params.key_usages = usages.to_vec();
        params.extended_key_usages = purposes.to_vec();
        vec![params.signed_by(key, &self.issuer).unwrap().der().to_vec()]
    }

    /// The list by which a certificate is taken back.
    pub fn revoking(&self, certificate: &[u8]) -> Vec<u8> {
        let serial = portunus_x509::Certificate::parse(certificate)
            .unwrap()
            .serial()
            .to_vec();
        let list = CertificateRevocationListParams {
            this_update: rcgen::date_time_ymd(2026, 6, 1),
            next_update: rcgen::date_time_ymd(2026, 8, 1),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: vec![RevokedCertParams {
                serial_number: SerialNumber::from(serial),
                revocation_time: rcgen::date_time_ymd(2026, 6, 1),
                reason_code: None,
                invalidity_date: None,
            }],
            key_identifier_method: KeyIdMethod::Sha256,
        };
        list.signed_by(&self.issuer).unwrap().der().to_vec()
    }

    pub fn server(&self) -> ServerConfig {
        let identity = self.issue(&["localhost"], &rcgen::PKCS_ECDSA_P256_SHA256);
        ServerConfig::new(Arc::new(Identities::new(vec![Arc::new(identity)])))
    }

    pub fn client(&self) -> ClientConfig {
        ClientConfig::new(Arc::new(PathVerifier::servers(self.anchors(), PathPolicy::rfc5280())))
    }

    /// Both with resumption.
    pub fn resuming(&self) -> (ClientConfig, ServerConfig) {
        (
            self.client().with_sessions(Arc::new(SessionMemory::default())),
            self.server().with_tickets(Arc::new(Tickets::new(NOW).unwrap())),
        )
    }
}

/// Notes as short words.
#[derive(Default)]
pub struct Story(pub Mutex<Vec<String>>);

impl Observe for Story {
    fn note(&self, note: &Note<'_>) {
        let word = match note {
            Note::Message { direction, kind, .. } => format!("{direction:?} {kind}"),
            Note::Record { .. } => return,
            other => format!("{other:?}")
                .split([' ', '(', '{'])
                .next()
                .unwrap_or_default()
                .to_owned(),
        };
        self.0.lock().unwrap().push(word);
    }
}

/// Whole handshake messages, as an observer hears of them.
#[derive(Default)]
pub struct Messages(Mutex<Vec<(Direction, HandshakeType, Vec<u8>)>>);

impl Observe for Messages {
    fn note(&self, note: &Note<'_>) {
        if let Note::Message { direction, kind, bytes } = note {
            self.0.lock().unwrap().push((*direction, *kind, bytes.to_vec()));
        }
    }
}

impl Messages {
    /// The bodies of those of one kind.
    pub fn of(&self, direction: Direction, kind: HandshakeType) -> Vec<Vec<u8>> {
        let messages = self.0.lock().unwrap();
        let such = messages
            .iter()
            .filter(|message| (message.0, message.1) == (direction, kind));
        such.map(|(.., bytes)| bytes[4..].to_vec()).collect()
    }
}

/// What happens to bytes on the way.
pub type Wire = Box<dyn FnMut(Vec<u8>) -> Vec<Vec<u8>>>;

/// All at once.
pub fn whole() -> Wire {
    Box::new(|bytes| vec![bytes])
}

/// One byte at a time.
pub fn bytewise() -> Wire {
    Box::new(|bytes| bytes.into_iter().map(|byte| vec![byte]).collect())
}

pub struct Pair {
    pub client: Handshake,
    pub server: Handshake,
    pub to_server: Wire,
    pub to_client: Wire,
    pub client_story: Arc<Story>,
    pub server_story: Arc<Story>,
}

pub struct Outcome {
    pub client: Result<Connection, Error>,
    pub server: Result<Connection, Error>,
    pub client_story: Arc<Story>,
    pub server_story: Arc<Story>,
}

impl Outcome {
    pub fn connected(self) -> (Connection, Connection) {
        (self.client.unwrap(), self.server.unwrap())
    }
}

impl Pair {
    pub fn new(client: &ClientConfig, server: &ServerConfig) -> Self {
        Self::named("localhost", client, server)
    }

    pub fn named(name: &str, client: &ClientConfig, server: &ServerConfig) -> Self {
        Self::at(name, client, server, NOW)
    }

    pub fn at(name: &str, client: &ClientConfig, server: &ServerConfig, now: UnixTime) -> Self {
        let story = Arc::new(Story::default());
        let mut pair = Self::observed(name, client, server, (now, now), story.clone());
        pair.client_story = story;
        pair
    }

    /// A clock for each side, and what the client says and hears in place of its story.
    pub fn watched(
        name: &str,
        client: &ClientConfig,
        server: &ServerConfig,
        clocks: (UnixTime, UnixTime),
    ) -> (Self, Arc<Messages>) {
        let messages = Arc::new(Messages::default());
        (Self::observed(name, client, server, clocks, messages.clone()), messages)
    }

    fn observed(
        name: &str,
        client: &ClientConfig,
        server: &ServerConfig,
        (client_now, server_now): (UnixTime, UnixTime),
        observer: Arc<dyn Observe>,
    ) -> Self {
        let server_story = Arc::new(Story::default());
        let name = ServerName::parse(name).unwrap();
        let chooser = Arc::new(Arc::new(server.clone()));
        Self {
            client: Handshake::client(Arc::new(client.clone()), name, client_now, Some(observer)),
            server: Handshake::server(chooser, server_now, Some(server_story.clone())),
            to_server: whole(),
            to_client: whole(),
            client_story: Arc::default(),
            server_story,
        }
    }

    /// Runs both sides until neither moves.
    pub fn run(mut self) -> Outcome {
        let (mut client_error, mut server_error) = (None, None);
        loop {
            let moved = step(
                &mut self.client,
                &mut self.server,
                &mut self.to_server,
                &mut client_error,
                &mut server_error,
            ) | step(
                &mut self.server,
                &mut self.client,
                &mut self.to_client,
                &mut server_error,
                &mut client_error,
            );
            if !moved {
                break;
            }
        }
        let end = |handshake: Handshake, error: Option<Error>| match error {
            Some(error) => Err(error),
            None => handshake.into_connection(),
        };
        Outcome {
            client: end(self.client, client_error),
            server: end(self.server, server_error),
            client_story: self.client_story,
            server_story: self.server_story,
        }
    }
}

fn poll(handshake: &mut Handshake, error: &mut Option<Error>) -> bool {
    if error.is_some() {
        return false;
    }
    match handshake.poll(&mut Context::from_waker(Waker::noop())) {
        Ok(progress) => progress == Progress::Done,
        Err(failed) => {
            *error = Some(failed);
            false
        }
    }
}

fn step(
    from: &mut Handshake,
    to: &mut Handshake,
    wire: &mut Wire,
    from_error: &mut Option<Error>,
    to_error: &mut Option<Error>,
) -> bool {
    poll(from, from_error);
    let mut sent = Vec::new();
    take(|write| from.send_with(write), &mut sent);
    if sent.is_empty() {
        return false;
    }
    for piece in wire(sent) {
        let mut left = &piece[..];
        while !left.is_empty() {
            let count = give(|read| to.receive_with(read), left);
            left = &left[count..];
            poll(to, to_error);
            if count == 0 {
                break;
            }
        }
    }
    true
}

type NoError = std::convert::Infallible;

fn take(
    send: impl FnOnce(&mut dyn FnMut(&[u8]) -> Result<usize, NoError>) -> Result<usize, NoError>,
    out: &mut Vec<u8>,
) {
    let _ = send(&mut |bytes| {
        out.extend_from_slice(bytes);
        Ok(bytes.len())
    });
}

fn give(
    receive: impl FnOnce(&mut dyn FnMut(&mut [u8]) -> Result<usize, NoError>) -> Result<usize, NoError>,
    bytes: &[u8],
) -> usize {
    let Ok(count) = receive(&mut |space| {
        let count = space.len().min(bytes.len());
        space[..count].copy_from_slice(&bytes[..count]);
        Ok(count)
    });
    count
}

/// The bytes that a connection has for its peer.
pub fn sent(connection: &mut Connection) -> Vec<u8> {
    let mut out = Vec::new();
    take(|write| connection.send_with(write), &mut out);
    out
}

/// Gives a connection bytes and reads all that it can.
pub fn received(connection: &mut Connection, bytes: &[u8]) -> Result<(Vec<u8>, bool), Error> {
    received_at(connection, bytes, NOW)
}

/// As [`received`], at this time.
pub fn received_at(connection: &mut Connection, bytes: &[u8], now: UnixTime) -> Result<(Vec<u8>, bool), Error> {
    let mut data = Vec::new();
    let mut buffer = vec![0; 20_000];
    let mut bytes = bytes;
    loop {
        loop {
            match connection.read(&mut buffer, now)? {
                Read::Data(count) => data.extend_from_slice(&buffer[..count]),
                Read::Closed => return Ok((data, true)),
                Read::NeedsBytes => break,
            }
        }
        if bytes.is_empty() {
            return Ok((data, false));
        }
        let count = give(|read| connection.receive_with(read), bytes);
        bytes = &bytes[count..];
    }
}

/// Moves what each has for the other until nothing is left; gives what the client and the server read.
pub fn exchange(client: &mut Connection, server: &mut Connection) -> Result<(Vec<u8>, Vec<u8>), Error> {
    let (mut at_client, mut at_server) = (Vec::new(), Vec::new());
    loop {
        let (up, down) = (sent(client), sent(server));
        if up.is_empty() && down.is_empty() {
            return Ok((at_client, at_server));
        }
        at_server.extend(received(server, &up)?.0);
        at_client.extend(received(client, &down)?.0);
    }
}

//! Whole connections of both sides in memory. One side is honest and under test; what the other sends is changed as the
//! input says: its messages and records before they are sealed, or its bytes on the wire.
//!
//! Held here, beside 'no panic': every connection ends; an error stays the same error; and what the honest side reads is
//! what the other wrote, up to a point, however the bytes on the wire were changed.

use std::num::NonZeroU16;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Waker};

use portunus_tls::mutation::{self, Mutate};
use portunus_tls::wire::{ContentType, HandshakeType, NamedGroup, ProtocolVersion};
use portunus_tls::{
    ClientConfig, Connection, Handshake, Identities, Identity, LocalKey, Padding, Policy, Progress, Read, ReplayGuard,
    ServerConfig, SessionMemory, Tickets, danger::AcceptAnyCertificate,
};
use portunus_x509::{ServerName, UnixTime};

use crate::script::Script;

/// In the middle of the committed certificate's validity.
const NOW: UnixTime = UnixTime(1_900_000_000);
/// What each side writes when the handshake is done; longer than a record.
static DATA: [u8; 20_000] = [0x5a; 20_000];
/// More turns than any connection here takes.
const TURNS: usize = 64;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Client,
    Server,
}

/// The client is under test: the server's messages and records are changed before they are sealed.
pub(crate) fn client_messages(bytes: &[u8]) {
    messages(Side::Client, bytes);
}

/// The server is under test: the client's messages and records are changed before they are sealed.
pub(crate) fn server_messages(bytes: &[u8]) {
    messages(Side::Server, bytes);
}

/// The client is under test: bytes on their way to it are changed.
pub(crate) fn client_wire(bytes: &[u8]) {
    wire(Side::Client, bytes);
}

/// The server is under test: bytes on their way to it are changed.
pub(crate) fn server_wire(bytes: &[u8]) {
    wire(Side::Server, bytes);
}

/// A client that is answered with any bytes.
pub(crate) fn client_deframer(bytes: &[u8]) {
    let (client, _) = sides(0);
    let mut client = End::new(client);
    client.turn();
    client.give(bytes);
}

/// A server that is sent any bytes.
pub(crate) fn server_deframer(bytes: &[u8]) {
    let (_, server) = sides(0);
    let mut server = End::new(server);
    server.give(bytes);
}

fn messages(tested: Side, bytes: &[u8]) {
    let Some((&setting, script)) = bytes.split_first() else {
        return;
    };
    let mut mutator: Option<Box<dyn Mutate>> = Some(Box::new(Mutator(Script::new(script))));
    let (mut client, mut server) = ends(setting);
    for _ in 0..TURNS {
        let moved = step(&mut client, &mut server, tested == Side::Server, &mut mutator, |_| {})
            | step(&mut server, &mut client, tested == Side::Client, &mut mutator, |_| {});
        if !moved {
            return;
        }
    }
    panic!("a connection does not end");
}

fn wire(tested: Side, bytes: &[u8]) {
    let Some((&setting, script)) = bytes.split_first() else {
        return;
    };
    let mut script = Script::new(script);
    let mut changes = 0;
    let (mut client, mut server) = ends(setting);
    for _ in 0..TURNS {
        let change = |bytes: &mut Vec<u8>| changes += script.apply(bytes);
        let moved = match tested {
            Side::Client => {
                step(&mut client, &mut server, false, &mut None, |_| {})
                    | step(&mut server, &mut client, false, &mut None, change)
            }
            Side::Server => {
                step(&mut client, &mut server, false, &mut None, change)
                    | step(&mut server, &mut client, false, &mut None, |_| {})
            }
        };
        for end in [&client, &server] {
            assert!(
                end.data.len() <= DATA.len() && end.data.iter().all(|byte| *byte == DATA[0]),
                "forged data"
            );
        }
        if !moved {
            let whole = [&client, &server].iter().all(|end| end.data.len() == DATA.len());
            assert!(whole || changes > 0, "an honest connection loses data");
            return;
        }
    }
    panic!("a connection does not end");
}

/// One side goes on and what it sends reaches the other. Says whether anything was sent.
fn step(
    from: &mut End,
    to: &mut End,
    mutated: bool,
    mutator: &mut Option<Box<dyn Mutate>>,
    change: impl FnOnce(&mut Vec<u8>),
) -> bool {
    if mutated {
        mutation::replace(mutator.take());
    }
    from.turn();
    if mutated {
        *mutator = mutation::replace(None);
    }
    let mut sent = from.take();
    if sent.is_empty() {
        return false;
    }
    change(&mut sent);
    to.give(&sent);
    true
}

/// Changes messages and records by two scripts, so that a change of one leaves the places of the others as they are.
struct Mutator(Script);

impl Mutate for Mutator {
    fn message(&mut self, _: HandshakeType, bytes: &mut Vec<u8>) {
        if self.0.apply(bytes) > 0 {
            // Most changes would end at the header's length; these get further.
            if let (Some(length), true) = (
                bytes.len().checked_sub(4),
                bytes.last().is_some_and(|last| last % 4 != 0),
            ) {
                let length = u32::try_from(length).unwrap_or(0).to_be_bytes();
                bytes[1..4].copy_from_slice(&length[1..]);
            }
        }
    }

    fn record(&mut self, content_type: &mut ContentType, content: &mut Vec<u8>) {
        let mut whole = vec![content_type.0];
        whole.append(content);
        self.0.apply(&mut whole);
        if let Some((first, rest)) = whole.split_first() {
            *content_type = ContentType(*first);
            *content = rest.to_vec();
        }
    }
}

/// One side from its first byte to its end.
pub(crate) struct End {
    pub(crate) state: State,
    pub(crate) data: Vec<u8>,
    /// It has written all that it will.
    wrote: bool,
    /// Why it failed, if it did.
    pub(crate) failure: Option<String>,
}

pub(crate) enum State {
    Handshake(Handshake),
    Connection(Box<Connection>),
    Ended,
}

impl End {
    fn new(handshake: Handshake) -> Self {
        Self {
            state: State::Handshake(handshake),
            data: Vec::new(),
            wrote: false,
            failure: None,
        }
    }

    /// One that writes nothing by itself.
    pub(crate) fn quiet(handshake: Handshake) -> Self {
        Self {
            wrote: true,
            ..Self::new(handshake)
        }
    }

    /// Goes on as far as it can; once connected, writes, changes keys and closes.
    pub(crate) fn turn(&mut self) {
        if let State::Handshake(handshake) = &mut self.state {
            match poll(handshake) {
                Ok(Progress::Done) => {}
                Ok(_) => return,
                Err(failure) => {
                    self.failure = Some(failure);
                    return;
                }
            }
            let State::Handshake(handshake) = std::mem::replace(&mut self.state, State::Ended) else {
                return;
            };
            self.state = State::Connection(Box::new(handshake.into_connection().expect("it is done")));
        }
        if let State::Connection(connection) = &mut self.state {
            if !self.wrote {
                self.wrote = true;
                let (first, second) = DATA.split_at(DATA.len() / 2);
                // Each may fail: the peer may have sent what ended the connection.
                let _ = connection.write(first);
                let _ = connection.update_keys(true);
                let _ = connection.write(second);
                connection.close();
            }
            self.read();
        }
    }

    /// Reads all that there is; says whether more may come.
    fn read(&mut self) -> bool {
        let State::Connection(connection) = &mut self.state else {
            return false;
        };
        match read(connection, &mut self.data) {
            Ok(more) => more,
            Err(failure) => {
                self.failure = Some(failure);
                false
            }
        }
    }

    /// The bytes that it has for its peer.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        let mut sent = Vec::new();
        let take = |bytes: &[u8]| {
            sent.extend_from_slice(bytes);
            Ok::<_, std::convert::Infallible>(bytes.len())
        };
        let _ = match &mut self.state {
            State::Handshake(handshake) => handshake.send_with(take),
            State::Connection(connection) => connection.send_with(take),
            State::Ended => Ok(0),
        };
        sent
    }

    /// Brings it bytes of its peer, piece by piece as it has room.
    pub(crate) fn give(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let receive = |space: &mut [u8]| {
                let count = space.len().min(bytes.len());
                space[..count].copy_from_slice(&bytes[..count]);
                Ok::<_, std::convert::Infallible>(count)
            };
            let received = match &mut self.state {
                State::Handshake(handshake) => handshake.receive_with(receive),
                State::Connection(connection) => connection.receive_with(receive),
                State::Ended => return,
            };
            let Ok(count) = received;
            bytes = &bytes[count..];
            let goes_on = match &mut self.state {
                State::Handshake(handshake) => poll(handshake).is_ok(),
                State::Connection(_) => self.read(),
                State::Ended => false,
            };
            // What comes behind the handshake is for the connection.
            self.turn();
            if !goes_on || count == 0 {
                return;
            }
        }
    }
}

/// Makes progress; of an error it holds that it stays.
fn poll(handshake: &mut Handshake) -> Result<Progress, String> {
    let mut context = Context::from_waker(Waker::noop());
    handshake.poll(&mut context).map_err(|error| {
        let again = handshake.poll(&mut context).expect_err("an error stays");
        let (error, again) = (format!("{error:?}"), format!("{again:?}"));
        assert_eq!(error, again);
        error
    })
}

/// Reads all that there is; says whether more may come.
fn read(connection: &mut Connection, into: &mut Vec<u8>) -> Result<bool, String> {
    let mut space = [0; 4096];
    loop {
        match connection.read(&mut space, NOW) {
            Ok(Read::Data(count)) => into.extend_from_slice(&space[..count]),
            Ok(Read::NeedsBytes) => return Ok(true),
            Ok(Read::Closed) => return Ok(false),
            Err(error) => {
                let again = connection.read(&mut space, NOW).expect_err("an error stays");
                let (error, again) = (format!("{error:?}"), format!("{again:?}"));
                assert_eq!(error, again);
                return Err(error);
            }
        }
    }
}

static IDENTITY: LazyLock<Arc<Identity>> = LazyLock::new(|| {
    let key = LocalKey::from_der(include_bytes!("../identity/key.der")).expect("a key");
    let chain = vec![include_bytes!("../identity/certificate.der").to_vec()];
    Arc::new(Identity::new(chain, key).expect("a pair"))
});

fn ends(setting: u8) -> (End, End) {
    let (client, server) = sides(setting);
    (End::new(client), End::new(server))
}

/// Both sides by the input's first byte: client certificates, a HelloRetryRequest, resumption, TLS 1.2, early data, certificates asked for after
/// the handshake, small records, padding.
pub(crate) fn sides(setting: u8) -> (Handshake, Handshake) {
    let identities = || Arc::new(Identities::new(vec![IDENTITY.clone()]));
    let group = if setting & 1 == 0 {
        NamedGroup::X25519
    } else {
        NamedGroup::SECP256R1
    };
    let mut policy = Policy::modern()
        .with_groups(&[group, NamedGroup::X25519])
        .expect("known groups");
    if setting & 8 != 0 {
        policy = policy
            .with_versions(&[ProtocolVersion::TLS1_2])
            .expect("a known version");
    }
    let mut server = ServerConfig::new(identities())
        .with_policy(policy)
        .with_application_protocols(&[b"h2"]);
    let mut client = ClientConfig::new(Arc::new(AcceptAnyCertificate))
        .with_key_shares(&[NamedGroup::X25519])
        .expect("known groups")
        .with_application_protocols(&[b"h2", b"http/1.1"]);
    if setting & 16 != 0 {
        let guard = ReplayGuard::new(100, UnixTime(NOW.0 - 86_400)).expect("random bytes");
        server = server.with_early_data(Arc::new(guard), 1000);
        client = client.with_early_data();
    }
    if setting & 32 != 0 {
        client = client.with_identity(identities()).with_post_handshake_authentication();
    }
    if setting & 64 != 0 {
        client = client.with_record_size_limit(64).expect("a limit");
        server = server.with_record_size_limit(100).expect("a limit");
    }
    if setting & 128 != 0 {
        let multiple = NonZeroU16::new(32).expect("not 0");
        client = client.with_padding(Padding::Everything(multiple));
        server = server.with_padding(Padding::Handshake(multiple));
    }
    if setting & 2 != 0 {
        server = server.with_required_client_certificates(Arc::new(AcceptAnyCertificate));
        client = client.with_identity(identities());
    }
    let resumes = setting & 4 != 0;
    if resumes {
        server = server.with_tickets(Arc::new(Tickets::new(NOW).expect("random bytes")));
        client = client.with_sessions(Arc::new(SessionMemory::default()));
    }
    let (client, server) = (Arc::new(client), Arc::new(server));
    let handshakes = || {
        let name = ServerName::parse("localhost").expect("a name");
        let client = Handshake::client(client.clone(), name, NOW, None);
        (client, Handshake::server(Arc::new(server.clone()), NOW, None))
    };
    if resumes {
        let (first_client, first_server) = handshakes();
        let (mut first_client, mut first_server) = (End::new(first_client), End::new(first_server));
        while step(&mut first_client, &mut first_server, false, &mut None, |_| {})
            | step(&mut first_server, &mut first_client, false, &mut None, |_| {})
        {}
    }
    handshakes()
}

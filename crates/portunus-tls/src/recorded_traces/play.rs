//! Our engine in the place of one side of a recorded handshake: it gets what the peer sent then, and every record that it
//! makes is the recorded one.

use std::task::{Context, Waker};

use portunus_x509::UnixTime;

use super::trace::{Trace, name, peer};
use crate::connection::{Connection, Read};
use crate::crypto::recorded::{self, Recorded};
use crate::error::Error;
use crate::handshake::{ConnectionInfo, Side};
use crate::handshake_driver::{Handshake, Progress};
use crate::limits::TICKETS_ISSUED;
use crate::wire::{ContentType, HandshakeType};

/// Within the life of all that was recorded.
pub(super) const NOW: UnixTime = UnixTime(1_500_000_000);

/// Messages that ours are equal to as they are.
const OURS: [HandshakeType; 3] = [
    HandshakeType::CERTIFICATE,
    HandshakeType::CERTIFICATE_VERIFY,
    HandshakeType::FINISHED,
];

/// What a side needs of the recording: its private keys, its messages where ours differ, and the peer's signature, whose key of
/// 1024 bits the library refuses.
pub(super) fn needed(side: Side, trace: &Trace) -> Recorded {
    let kind = |message: &[u8]| HandshakeType(message[0]);
    let messages = trace
        .of(side, "message")
        .map(|message| (kind(message), message.to_vec()));
    let mut messages: Vec<_> = messages.filter(|(kind, _)| !OURS.contains(kind)).collect();
    if trace.message(side, HandshakeType::NEW_SESSION_TICKET).is_some() {
        // One ticket was sent then.
        let none = (HandshakeType::NEW_SESSION_TICKET, Vec::new());
        messages.extend(std::iter::repeat_n(none, TICKETS_ISSUED - 1));
    }
    let proof = trace.message(peer(side), HandshakeType::CERTIFICATE_VERIFY);
    Recorded {
        private_keys: trace.of(side, "private_key").map(<[u8]>::to_vec).collect(),
        messages: messages.into(),
        // An ECDSA signature is verified.
        signatures: proof
            .filter(|proof| proof[4..6] == [8, 4])
            .map(|proof| proof[8..].to_vec())
            .into_iter()
            .collect(),
        ..Recorded::default()
    }
}

/// What a play brought.
pub(super) struct Played {
    pub(super) info: ConnectionInfo,
    /// All that the key schedule derived.
    pub(super) derived: Vec<(String, Vec<u8>)>,
}

enum Engine {
    Handshake(Box<Handshake>),
    Connection(Box<Connection>),
}

/// The engine, and its bytes that were not compared yet.
struct Player {
    engine: Option<Engine>,
    sent: Vec<u8>,
    read: Vec<u8>,
    is_closed: bool,
}

/// Plays `side`.
pub(super) fn play(side: Side, trace: &Trace, needed: Recorded, handshake: Handshake) -> Result<Played, Error> {
    recorded::play(needed);
    let mut player = Player {
        engine: Some(Engine::Handshake(Box::new(handshake))),
        sent: Vec::new(),
        read: Vec::new(),
        is_closed: false,
    };
    let mut recorded = trace.of(side, "record");
    let is_compatible = recorded.any(|record| record[0] == ContentType::CHANGE_CIPHER_SPEC.0);
    for line in &trace.lines {
        let Some((who, what)) = line.what.split_once(' ') else {
            continue;
        };
        let (is_ours, bytes) = (who == name(side), line.bytes.as_slice());
        match what {
            "early_data" if is_ours => assert_eq!(player.handshake().write_early(bytes)?, bytes.len()),
            "data" if is_ours => assert_eq!(player.connection().write(bytes)?, bytes.len()),
            "alert" if is_ours => player.connection().close(),
            "record" if is_ours => {
                let ours = player.next_record(!is_compatible)?;
                assert!(ours == bytes, "{ours:02x?} is not {bytes:02x?}");
            }
            "record" if !is_ours => player.receive(bytes)?,
            _ => {}
        }
    }
    let of_peer = |what| trace.of(peer(side), what).flatten().copied();
    let data: Vec<u8> = of_peer("early_data").chain(of_peer("data")).collect();
    assert!(player.read == data && player.is_closed && player.sent.is_empty());
    let derived = recorded::stop().derived;
    let info = player.connection().info().clone();
    Ok(Played { info, derived })
}

impl Player {
    fn handshake(&mut self) -> &mut Handshake {
        match &mut self.engine {
            Some(Engine::Handshake(handshake)) => handshake,
            _ => panic!("the handshake is done"),
        }
    }

    fn connection(&mut self) -> &mut Connection {
        match &mut self.engine {
            Some(Engine::Connection(connection)) => connection,
            _ => panic!("the handshake is not done"),
        }
    }

    /// The engine's next record. A client of ours always sends the change_cipher_spec of a session id that the recorded one does
    /// not have: it is passed over then.
    fn next_record(&mut self, pass_over: bool) -> Result<Vec<u8>, Error> {
        self.advance()?;
        let length = 5 + usize::from(u16::from_be_bytes([self.sent[3], self.sent[4]]));
        let record: Vec<u8> = self.sent.drain(..length).collect();
        if pass_over && record[0] == ContentType::CHANGE_CIPHER_SPEC.0 {
            return self.next_record(pass_over);
        }
        Ok(record)
    }

    fn receive(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let copy = |space: &mut [u8]| {
            space[..bytes.len()].copy_from_slice(bytes);
            Ok::<_, Error>(bytes.len())
        };
        match &mut self.engine {
            Some(Engine::Handshake(handshake)) => handshake.receive_with(copy)?,
            Some(Engine::Connection(connection)) => connection.receive_with(copy)?,
            None => 0,
        };
        self.advance()
    }

    /// Makes what progress there is, and takes what the engine sends and reads.
    fn advance(&mut self) -> Result<(), Error> {
        let mut take = |sent: &[u8]| {
            self.sent.extend_from_slice(sent);
            Ok::<_, Error>(sent.len())
        };
        self.engine = match self.engine.take() {
            Some(Engine::Handshake(mut handshake)) => {
                let progress = handshake.poll(&mut Context::from_waker(Waker::noop()))?;
                handshake.send_with(&mut take)?;
                Some(match progress {
                    Progress::Done => Engine::Connection(Box::new(handshake.into_connection()?)),
                    _ => Engine::Handshake(handshake),
                })
            }
            Some(Engine::Connection(mut connection)) => {
                connection.send_with(&mut take)?;
                let mut buffer = [0; 256];
                loop {
                    match connection.read(&mut buffer, NOW)? {
                        Read::Data(count) => self.read.extend_from_slice(&buffer[..count]),
                        Read::NeedsBytes => break,
                        Read::Closed => {
                            self.is_closed = true;
                            break;
                        }
                    }
                }
                Some(Engine::Connection(connection))
            }
            None => None,
        };
        Ok(())
    }
}

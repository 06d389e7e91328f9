//! Every order of messages in place of a flight, and which of them a flow has.

use portunus_tls::wire::{AlertDescription, HandshakeType};
use portunus_tls::{Connection, Error, PeerFault};

pub type Types = &'static [HandshakeType];

/// What may come next in a flight of which `so_far` came.
pub type Next = fn(so_far: &[HandshakeType]) -> Types;

/// What is sent in a flight's place: so many of its messages, then these types.
#[derive(Clone, Debug)]
pub struct Play {
    prefix: usize,
    next: Vec<HandshakeType>,
}

impl Play {
    /// Each type with the message of this flight, or with a body of rubbish.
    pub fn messages(&self, flight: &[Vec<u8>]) -> Vec<Vec<u8>> {
        let message = |kind: &HandshakeType| {
            let genuine = flight.iter().find(|message| message[0] == kind.0);
            genuine.cloned().unwrap_or_else(|| vec![kind.0, 0, 0, 2, 0xff, 0xff])
        };
        let prefix = flight[..self.prefix].iter().cloned();
        prefix.chain(self.next.iter().map(message)).collect()
    }

    /// The first of the played messages that no flow has there.
    fn first_illegal(&self, flight: &[Vec<u8>], next: Next) -> Option<HandshakeType> {
        let kind_of = |message: &Vec<u8>| HandshakeType(message[0]);
        let mut so_far: Vec<_> = flight[..self.prefix].iter().map(kind_of).collect();
        for kind in &self.next {
            if !next(&so_far).contains(kind) {
                return Some(*kind);
            }
            if !flight.iter().any(|genuine| kind_of(genuine) == *kind) || *kind == HandshakeType::FINISHED {
                // Legal, and nothing that this peer would have said: its content counts, not the order. Behind a Finished are other keys.
                return None;
            }
            so_far.push(*kind);
        }
        None
    }
}

/// Every type behind every prefix of a flight of this length, and every pair of known types.
fn plays(length: usize) -> impl Iterator<Item = Play> {
    (0..length).flat_map(|prefix| {
        let every = (0..=255).map(|kind| vec![HandshakeType(kind)]);
        let known = HandshakeType::NAMED.iter();
        let pairs = known.flat_map(|first| HandshakeType::NAMED.iter().map(|second| vec![*first, *second]));
        every.chain(pairs).map(move |next| Play { prefix, next })
    })
}

/// Whether the message of this type is what was refused: for its type, or, where keys change, for being there at all.
pub fn is_out_of_order(error: &Error, illegal: HandshakeType) -> bool {
    let is_told = match error {
        Error::UnexpectedMessage { got, .. } => *got == illegal,
        Error::Peer(fault) => matches!(fault, PeerFault::NotAligned | PeerFault::MissingChangeCipherSpec),
        _ => false,
    };
    is_told && error.alert() == Some(AlertDescription::UNEXPECTED_MESSAGE)
}

/// Plays every order in place of one flight of this length. `run` gives what came of it for who read it, and the flight as it was.
pub fn every_order(length: usize, next: Next, run: impl Fn(&Play) -> (Result<Connection, Error>, Vec<Vec<u8>>)) {
    let (mut illegal_orders, mut legal_orders) = (0, 0);
    for play in plays(length) {
        let (reader, flight) = run(&play);
        assert_eq!(flight.len(), length, "{play:?}");
        // One that goes on waits for more: it is not done.
        match play.first_illegal(&flight, next) {
            Some(illegal) => {
                let error = reader.expect_err(&format!("{play:?}"));
                assert!(is_out_of_order(&error, illegal), "{play:?}: {error:?}");
                illegal_orders += 1;
            }
            None => {
                if let Err(error) = reader {
                    assert!(!matches!(error, Error::UnexpectedMessage { .. }), "{play:?}: {error:?}");
                }
                legal_orders += 1;
            }
        }
    }
    assert!(illegal_orders > 200 * length && legal_orders >= length);
}

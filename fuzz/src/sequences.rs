//! Connections as a script of steps: who goes on, how many bytes reach whom and when, what is written, which keys change, who asks, who closes; and, in
//! illegal scripts, which messages are dropped, doubled, played again, put behind the next or forged.
//!
//! A script with legal steps alone ends with both sides connected and all data where it belongs, however it was cut, joined and delayed. Of any other,
//! nobody reads what was not written, and an error stays.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;

use portunus_tls::danger::AcceptAnyCertificate;
use portunus_tls::limits::MAX_CERTIFICATE_REQUESTS;
use portunus_tls::mutation::{self, Mutate};
use portunus_tls::wire::{ContentType, HandshakeType};
use portunus_tls::{EarlyData, Handshake};

use crate::handshakes::{End, State, sides};

/// More turns than what is left of any script takes.
const TURNS: usize = 64;
/// Changes of keys that a side makes by itself: fewer than its peer refuses.
const KEY_UPDATES: usize = 8;
/// What a side writes altogether.
const MOST: usize = 1 << 16;

/// The first byte chooses the configurations; then each two are a step.
pub(crate) fn sequences(bytes: &[u8]) {
    let Some((&setting, steps)) = bytes.split_first() else {
        return;
    };
    let (client, server) = sides(setting);
    let (mut client, mut server) = (Player::new(client), Player::new(server));
    let mut legal = true;
    for &[step, value] in steps.as_chunks::<2>().0 {
        let (one, other) = if step & 1 == 0 {
            (&mut client, &mut server)
        } else {
            (&mut server, &mut client)
        };
        legal &= one.step(step >> 1, value, other);
        check(&client, &server);
    }
    for _ in 0..TURNS {
        let moved = client.carry(&mut server, usize::MAX) | server.carry(&mut client, usize::MAX);
        check(&client, &server);
        if !moved {
            if legal {
                client.check_whole(&server);
                server.check_whole(&client);
            }
            return;
        }
    }
    panic!("a connection does not end");
}

fn check(client: &Player, server: &Player) {
    for (reader, writer) in [(client, server), (server, client)] {
        let data = &reader.end.data;
        assert!(data.len() <= writer.written, "more data than was written");
        assert!(
            data.iter().enumerate().all(|(at, byte)| *byte == pattern(at)),
            "forged data"
        );
    }
}

/// The byte of a side's data at a place.
fn pattern(at: usize) -> u8 {
    u8::try_from(at % 251).unwrap_or(0)
}

/// One side, and what is on its way from it.
struct Player {
    end: End,
    on_the_way: Vec<u8>,
    plan: Rc<RefCell<Plan>>,
    written: usize,
    early: usize,
    key_updates: usize,
    /// For certificates.
    requests: usize,
}

impl Player {
    fn new(handshake: Handshake) -> Self {
        Self {
            end: End::quiet(handshake),
            on_the_way: Vec::new(),
            plan: Rc::default(),
            written: 0,
            early: 0,
            key_updates: 0,
            requests: 0,
        }
    }

    /// Makes a step; says whether it was a legal one.
    fn step(&mut self, step: u8, value: u8, other: &mut Self) -> bool {
        let amount = usize::from(value);
        match step % 9 {
            0 => self.work(|end| end.turn()),
            1 => {
                self.carry(other, amount);
            }
            2 => {
                self.carry(other, amount << 6);
            }
            3 => self.write((amount << 3) + 1),
            4 => self.write_early(amount + 1),
            5 => self.update_keys(value & 1 != 0),
            6 => self.ask(),
            7 => self.work(|end| {
                if let State::Connection(connection) = &mut end.state
                    && !connection.is_early()
                {
                    connection.close();
                }
            }),
            _ => {
                self.plan.borrow_mut().next.push_back(value);
                return false;
            }
        }
        true
    }

    /// Whatever a side does, its messages go by the meddler.
    fn work(&mut self, work: impl FnOnce(&mut End)) {
        mutation::replace(Some(Box::new(Meddler(self.plan.clone()))));
        work(&mut self.end);
        mutation::replace(None);
    }

    /// Lets so many bytes of what this side has sent reach the other. Says whether there were any.
    fn carry(&mut self, other: &mut Self, most: usize) -> bool {
        self.work(|end| end.turn());
        let sent = self.end.take();
        self.on_the_way.extend(sent);
        let count = most.min(self.on_the_way.len());
        let arriving: Vec<u8> = self.on_the_way.drain(..count).collect();
        if arriving.is_empty() {
            return false;
        }
        other.settle_early();
        other.work(|end| end.give(&arriving));
        other.settle_early();
        true
    }

    fn next_data(&self, count: usize) -> Vec<u8> {
        let end = self.written.saturating_add(count).min(MOST);
        (self.written..end).map(pattern).collect()
    }

    fn write(&mut self, count: usize) {
        self.settle_early();
        let data = self.next_data(count);
        if let State::Connection(connection) = &mut self.end.state {
            self.written += connection.write(&data).unwrap_or(0);
        }
    }

    fn write_early(&mut self, count: usize) {
        let data = self.next_data(count);
        if let State::Handshake(handshake) = &mut self.end.state {
            let written = handshake.write_early(&data).unwrap_or(0);
            self.written += written;
            self.early += written;
        }
    }

    /// What was sent early and refused was never written.
    fn settle_early(&mut self) {
        if let State::Connection(connection) = &self.end.state
            && self.early > 0
        {
            if matches!(connection.info().early_data, EarlyData::Refused { .. }) {
                self.written -= self.early;
            }
            self.early = 0;
        }
    }

    fn ask(&mut self) {
        if self.requests < MAX_CERTIFICATE_REQUESTS {
            self.requests += 1;
            self.work(|end| {
                // Only a server that may ask does.
                if let State::Connection(connection) = &mut end.state {
                    let _ = connection.request_certificate(Arc::new(AcceptAnyCertificate));
                }
            });
        }
    }

    fn update_keys(&mut self, asks: bool) {
        if self.key_updates < KEY_UPDATES {
            self.key_updates += 1;
            self.work(|end| {
                if let State::Connection(connection) = &mut end.state {
                    // TLS 1.2 has none.
                    let _ = connection.update_keys(asks);
                }
            });
        }
    }

    fn check_whole(&self, peer: &Self) {
        assert_eq!(self.end.failure, None, "an honest connection fails");
        let is_done = matches!(&self.end.state, State::Connection(connection) if !connection.is_early());
        assert!(is_done, "an honest handshake does not end");
        assert_eq!(self.end.data.len(), peer.written, "an honest connection loses data");
    }
}

/// What a script does to the next messages of a side, and those that went by.
#[derive(Default)]
struct Plan {
    next: VecDeque<u8>,
    seen: Vec<Vec<u8>>,
    held: Option<Vec<u8>>,
}

/// Does what a script plans.
struct Meddler(Rc<RefCell<Plan>>);

impl Mutate for Meddler {
    fn message(&mut self, _: HandshakeType, bytes: &mut Vec<u8>) {
        let Plan { next, seen, held } = &mut *self.0.borrow_mut();
        let behind = held.take();
        if let Some(value) = next.pop_front() {
            let which = value / 6;
            match value % 6 {
                0 => bytes.clear(),
                1 => bytes.extend_from_within(..),
                2 => {
                    let at = usize::from(which).checked_rem(seen.len());
                    if let Some(earlier) = at.and_then(|at| seen.get(at)) {
                        bytes.clone_from(earlier);
                    }
                }
                3 => *held = Some(std::mem::take(bytes)),
                4 => *bytes = [&[which, 0, 0, 0], bytes.as_slice()].concat(),
                _ => {
                    if let Some(kind) = bytes.first_mut() {
                        *kind = which;
                    }
                }
            }
        }
        if !bytes.is_empty() {
            seen.push(bytes.clone());
        }
        bytes.extend(behind.into_iter().flatten());
    }

    fn record(&mut self, _: &mut ContentType, _: &mut Vec<u8>) {}
}

//! Ours beside rustls and the bare primitives, in one run: handshakes, and bulk both ways.
//!
//! Rounds are interleaved, and each ratio is the median of the rounds' ratios: what disturbs the machine disturbs both.

use std::time::Duration;

use portunus_tls::wire::{CipherSuite, NamedGroup};

use crate::bare::{Bare, FlightSent, HelloSent};
use crate::engines::{OurClient, OurServer, RECORD, RustlsClient, RustlsServer, Side};
use crate::measure::{Bar, Row, median, thread_time};
use crate::world::{Keys, World, is_tls13};

/// Connections in one timed phase, so that reading the clock costs nothing beside them.
const BATCH: usize = 8;
/// Rounds; odd, so that there is a middle one.
const ROUNDS: usize = 201;
/// Rounds of bulk.
const BULK_ROUNDS: usize = 61;
/// What a bulk round moves.
const BULK: usize = 4 << 20;

/// CPU time by side.
#[derive(Clone, Copy, Default)]
struct Cost {
    client: Duration,
    server: Duration,
}

fn timed<T>(cost: &mut Duration, work: impl FnOnce() -> T) -> T {
    let start = thread_time();
    let result = work();
    *cost += thread_time() - start;
    result
}

/// A batch of connections in lock step; drops them at the end, which counts as well.
fn handshakes<C: Side, S: Side>(client: &C::Config, server: &S::Config) -> (Cost, usize) {
    let mut cost = Cost::default();
    let mut up: Vec<Vec<u8>> = (0..BATCH).map(|_| Vec::with_capacity(8192)).collect();
    let mut down = up.clone();
    let mut buffer = [0; 256];
    let mut clients: Vec<C> = timed(&mut cost.client, || {
        let begin = |out: &mut Vec<u8>| {
            let mut side = C::new(client);
            side.turn(&[], out);
            side
        };
        up.iter_mut().map(begin).collect()
    });
    let mut servers: Vec<S> = timed(&mut cost.server, || {
        let answer = |(up, down): (&Vec<u8>, &mut Vec<u8>)| {
            let mut side = S::new(server);
            side.turn(up, down);
            side
        };
        up.iter().zip(&mut down).map(answer).collect()
    });
    up.iter_mut().for_each(Vec::clear);
    // In a full handshake of TLS 1.2 it is the server that ends it.
    let mut done = true;
    timed(&mut cost.client, || {
        for ((side, down), up) in clients.iter_mut().zip(&down).zip(&mut up) {
            done &= side.turn(down, up);
        }
        if done {
            clients = std::mem::take(&mut clients).into_iter().map(C::established).collect();
        }
    });
    down.iter_mut().for_each(Vec::clear);
    timed(&mut cost.server, || {
        for ((side, up), down) in servers.iter_mut().zip(&up).zip(&mut down) {
            side.turn(up, down);
        }
        servers = std::mem::take(&mut servers).into_iter().map(S::established).collect();
    });
    up.iter_mut().for_each(Vec::clear);
    timed(&mut cost.client, || {
        for ((side, down), up) in clients.iter_mut().zip(&down).zip(&mut up) {
            if done {
                side.read(down, &mut buffer);
            } else {
                side.turn(down, up);
            }
        }
        if !done {
            clients = std::mem::take(&mut clients).into_iter().map(C::established).collect();
        }
    });
    let resumed = clients.iter().filter(|side| side.is_resumed()).count();
    timed(&mut cost.client, || drop(clients));
    timed(&mut cost.server, || drop(servers));
    (cost, resumed)
}

fn connected<C: Side, S: Side>(client: &C::Config, server: &S::Config) -> (C, S) {
    let (mut client, mut server) = (C::new(client), S::new(server));
    let (mut up, mut down) = (Vec::new(), Vec::new());
    client.turn(&[], &mut up);
    server.turn(&up, &mut down);
    up.clear();
    client.turn(&down, &mut up);
    down.clear();
    server.turn(&up, &mut down);
    let (mut client, server) = (client.established(), server.established());
    client.read(&down, &mut [0; 256]);
    (client, server)
}

/// What ours, rustls and the bare primitives cost in one round. Those of TLS 1.2 are not written bare.
type Round = [Cost; 3];

/// The rows of one side: `figure` of ours, its ratios, each the median of the rounds' ratios, and what bare alone is.
fn rows<const BESIDE: usize>(
    what: &str,
    unit: &str,
    rounds: &[[Cost; BESIDE]],
    figure: impl Fn(&Cost) -> f64,
    bar: Option<Bar>,
) -> Vec<Row> {
    let ratio = |beside: usize| median(rounds.iter().map(|round| figure(&round[0]) / figure(&round[beside])));
    let middle = |whose: usize| median(rounds.iter().map(|round| figure(&round[whose])));
    let mut rows = vec![
        Row::new(what, middle(0), unit),
        Row::new(format!("{what}: of rustls"), ratio(1), "").held_to(bar),
    ];
    if BESIDE > 2 {
        rows.push(Row::new(format!("{what}: of bare"), ratio(2), ""));
        rows.push(Row::new(format!("{what}: bare"), middle(2), unit));
    }
    rows
}

/// A handshake to measure.
struct Case<'a> {
    what: &'a str,
    world: &'a World,
    suite: CipherSuite,
    group: NamedGroup,
    resumed: bool,
    /// How many signatures on certificates our client remembers.
    remembered: usize,
    /// What server and client may cost, of rustls.
    at_most: [Option<f64>; 2],
}

impl Case<'_> {
    fn rows<const BESIDE: usize>(&self, mut round: impl FnMut() -> [(Cost, usize); BESIDE]) -> Vec<Row> {
        // The first batch is full where it cannot be otherwise, and leaves a ticket for each connection of the next.
        round();
        let expected = if self.resumed { BATCH } else { 0 };
        let as_expected = |(cost, resumed): (Cost, usize)| {
            assert_eq!(resumed, expected, "{}: connections that resumed", self.what);
            cost
        };
        let rounds: Vec<_> = (0..ROUNDS).map(|_| round().map(as_expected)).collect();
        let micros = |duration: Duration| duration.as_secs_f64() * 1e6 / BATCH as f64;
        let [server, client] = self.at_most.map(|bar| bar.map(Bar::AtMost));
        let of_server = |cost: &Cost| micros(cost.server);
        let of_client = |cost: &Cost| micros(cost.client);
        let mut all = rows(&format!("{}, server", self.what), "µs", &rounds, of_server, server);
        all.extend(rows(
            &format!("{}, client", self.what),
            "µs",
            &rounds,
            of_client,
            client,
        ));
        all
    }

    fn run(&self) -> Vec<Row> {
        let ours = (self.world).portunus(self.suite, self.group, self.resumed, self.remembered);
        let rustls = self.world.rustls(self.suite, self.group, self.resumed);
        let of_ours = || handshakes::<OurClient, OurServer>(&ours.0, &ours.1);
        let of_rustls = || handshakes::<RustlsClient, RustlsServer>(&rustls.0, &rustls.1);
        if !is_tls13(self.suite) {
            return self.rows(|| [of_ours(), of_rustls()]);
        }
        let bare = self.world.bare(self.suite, self.group, self.resumed);
        let of_bare = || handshakes::<Bare<HelloSent>, Bare<FlightSent>>(&bare.0, &bare.1);
        self.rows(|| [of_ours(), of_rustls(), of_bare()])
    }
}

/// Full and resumed handshakes: the CPU time of each side.
pub fn handshake() -> Vec<Row> {
    let (p256, rsa) = (World::new(Keys::P256), World::new(Keys::Rsa2048));
    let (tls13, ecdsa12, rsa12) = (
        CipherSuite::TLS_AES_128_GCM_SHA256,
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    );
    let (x25519, hybrid) = (NamedGroup::X25519, NamedGroup::X25519MLKEM768);
    let case = |what, world, suite, group, at_most| Case {
        what,
        world,
        suite,
        group,
        resumed: false,
        remembered: 0,
        at_most,
    };
    let as_rustls = [Some(1.0); 2];
    let cases = [
        case("full X25519, P-256", &p256, tls13, x25519, [Some(0.95), Some(0.97)]),
        case("full X25519MLKEM768, P-256", &p256, tls13, hybrid, [None; 2]),
        case("full X25519, RSA-2048", &rsa, tls13, x25519, as_rustls),
        Case {
            resumed: true,
            ..case("resumed X25519, P-256", &p256, tls13, x25519, [Some(0.88); 2])
        },
        // A client that met the certificates before verifies the server's own signature alone.
        Case {
            remembered: 16,
            ..case("again, full X25519, P-256", &p256, tls13, x25519, [None; 2])
        },
        case("TLS 1.2, full X25519, P-256", &p256, ecdsa12, x25519, as_rustls),
        case("TLS 1.2, full X25519, RSA-2048", &rsa, rsa12, x25519, as_rustls),
        Case {
            resumed: true,
            ..case("TLS 1.2, resumed X25519, P-256", &p256, ecdsa12, x25519, as_rustls)
        },
    ];
    cases.iter().flat_map(Case::run).collect()
}

/// Sending and receiving in records of 16 KiB.
pub fn bulk() -> Vec<Row> {
    let world = World::new(Keys::P256);
    let cases = [
        ("AES-128-GCM", CipherSuite::TLS_AES_128_GCM_SHA256),
        ("AES-256-GCM", CipherSuite::TLS_AES_256_GCM_SHA384),
        ("ChaCha20-Poly1305", CipherSuite::TLS_CHACHA20_POLY1305_SHA256),
    ];
    let mut all = Vec::new();
    for (case, suite) in cases {
        let (client, server) = world.portunus(suite, NamedGroup::X25519, false, 0);
        let mut ours: Vec<_> = (0..BATCH)
            .map(|_| connected::<OurClient, OurServer>(&client, &server))
            .collect();
        let (client, server) = world.rustls(suite, NamedGroup::X25519, false);
        let mut rustls: Vec<_> = (0..BATCH)
            .map(|_| connected::<RustlsClient, RustlsServer>(&client, &server))
            .collect();
        let (client, server) = world.bare(suite, NamedGroup::X25519, false);
        let mut bare: Vec<_> = (0..BATCH)
            .map(|_| connected::<Bare<HelloSent>, Bare<FlightSent>>(&client, &server))
            .collect();
        let mut round = || [moved(&mut ours), moved(&mut rustls), moved(&mut bare)];
        round();
        let rounds: Vec<Round> = (0..BULK_ROUNDS).map(|_| round()).collect();
        let speed = |duration: Duration| BULK as f64 / duration.as_secs_f64() / 1e9;
        let send = |cost: &Cost| speed(cost.server);
        let receive = |cost: &Cost| speed(cost.client);
        // Where the primitive itself takes most of the time, the last is out of reach: bare shows it.
        let (send_bar, receive_bar) = (Some(Bar::AtLeast(1.0)), Some(Bar::AtLeast(1.3)));
        all.extend(rows(&format!("{case}, send"), "GB/s", &rounds, send, send_bar));
        all.extend(rows(&format!("{case}, receive"), "GB/s", &rounds, receive, receive_bar));
    }
    all
}

/// The servers send, the clients receive: what each spends. The copies that stand for the socket are not timed: the kernel
/// makes them, for every engine alike.
fn moved<C: Side, S: Side>(connections: &mut [(C, S)]) -> Cost {
    let data = vec![7; RECORD];
    let mut buffer = vec![0; 2 * RECORD];
    let mut wires: Vec<Vec<u8>> = connections.iter().map(|_| Vec::with_capacity(2 * RECORD)).collect();
    let mut cost = Cost::default();
    for _ in 0..BULK / RECORD / connections.len() {
        timed(&mut cost.server, || {
            connections.iter_mut().for_each(|(_, server)| server.seal(&data));
        });
        for ((client, server), wire) in connections.iter_mut().zip(&mut wires) {
            wire.clear();
            server.flush(wire);
            client.take(&mut wire.as_slice());
        }
        let read = timed(&mut cost.client, || {
            let opened = connections.iter_mut().map(|(client, _)| client.open(&mut buffer));
            opened.sum::<usize>()
        });
        assert_eq!(read, data.len() * connections.len());
    }
    cost
}

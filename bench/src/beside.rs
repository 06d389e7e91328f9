//! Ours beside rustls, in one run: handshakes, bulk both ways, and what an idle connection holds.
//!
//! Rounds are interleaved, and each ratio is the median of the rounds' ratios: what disturbs the machine disturbs both.

use std::time::Duration;

use portunus_tls::wire::{CipherSuite, NamedGroup};

use crate::engines::{OurClient, OurServer, RustlsClient, RustlsServer, Side};
use crate::measure::{Row, thread_time};
use crate::world::World;

/// Connections in one timed phase, so that reading the clock costs nothing beside them.
const BATCH: usize = 8;
/// Rounds; odd, so that there is a middle one.
const ROUNDS: usize = 61;
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
    timed(&mut cost.client, || {
        for ((side, down), up) in clients.iter_mut().zip(&down).zip(&mut up) {
            side.turn(down, up);
        }
        clients = std::mem::take(&mut clients).into_iter().map(C::established).collect();
    });
    down.iter_mut().for_each(Vec::clear);
    timed(&mut cost.server, || {
        for ((side, up), down) in servers.iter_mut().zip(&up).zip(&mut down) {
            side.turn(up, down);
        }
        servers = std::mem::take(&mut servers).into_iter().map(S::established).collect();
    });
    timed(&mut cost.client, || {
        for (side, down) in clients.iter_mut().zip(&down) {
            side.read(down, &mut buffer);
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

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6 / BATCH as f64
}

/// Full and resumed handshakes: CPU time of each side beside rustls's.
pub(crate) fn handshake() -> Vec<Row> {
    let world = World::new();
    let suite = CipherSuite::TLS_AES_128_GCM_SHA256;
    let cases = [
        (
            NamedGroup::X25519,
            false,
            [
                "full X25519, server",
                "  of rustls",
                "full X25519, client",
                "  of rustls",
            ],
        ),
        (
            NamedGroup::X25519MLKEM768,
            false,
            [
                "full X25519MLKEM768, server",
                "  of rustls",
                "full X25519MLKEM768, client",
                "  of rustls",
            ],
        ),
        (
            NamedGroup::X25519,
            true,
            [
                "resumed X25519, server",
                "  of rustls",
                "resumed X25519, client",
                "  of rustls",
            ],
        ),
    ];
    let mut rows = Vec::new();
    for (group, resumed, what) in cases {
        let (our_client, our_server) = world.portunus(suite, group, resumed);
        let (rustls_client, rustls_server) = world.rustls(suite, group, resumed);
        let ours = || handshakes::<OurClient, OurServer>(&our_client, &our_server);
        let rustls = || handshakes::<RustlsClient, RustlsServer>(&rustls_client, &rustls_server);
        // The first batch is full where it cannot be otherwise, and leaves a ticket for each connection of the next.
        ours();
        rustls();
        let expected = if resumed { BATCH } else { 0 };
        let as_expected = |(cost, resumed): (Cost, usize)| {
            assert_eq!(resumed, expected, "connections that resumed");
            cost
        };
        let ours = || as_expected(ours());
        let rustls = || as_expected(rustls());
        let rounds: Vec<(Cost, Cost)> = (0..ROUNDS).map(|_| (ours(), rustls())).collect();
        for (side, what) in [(0, [what[0], what[1]]), (1, [what[2], what[3]])] {
            let of = |cost: &Cost| if side == 0 { cost.server } else { cost.client };
            let value = median(rounds.iter().map(|(ours, _)| micros(of(ours))).collect());
            rows.push(Row {
                what: what[0],
                value,
                unit: "µs",
            });
            let ratio = rounds
                .iter()
                .map(|(ours, rustls)| of(ours).as_secs_f64() / of(rustls).as_secs_f64());
            rows.push(Row {
                what: what[1],
                value: median(ratio.collect()),
                unit: "times the CPU time",
            });
        }
    }
    rows
}

/// Sending and receiving in records of 16 KiB, beside rustls.
pub(crate) fn bulk() -> Vec<Row> {
    let world = World::new();
    let cases = [
        (
            CipherSuite::TLS_AES_128_GCM_SHA256,
            [
                "AES-128-GCM, send",
                "  of rustls",
                "AES-128-GCM, receive",
                "  of rustls",
            ],
        ),
        (
            CipherSuite::TLS_AES_256_GCM_SHA384,
            [
                "AES-256-GCM, send",
                "  of rustls",
                "AES-256-GCM, receive",
                "  of rustls",
            ],
        ),
        (
            CipherSuite::TLS_CHACHA20_POLY1305_SHA256,
            [
                "ChaCha20-Poly1305, send",
                "  of rustls",
                "ChaCha20-Poly1305, receive",
                "  of rustls",
            ],
        ),
    ];
    let mut rows = Vec::new();
    for (suite, what) in cases {
        let (client, server) = world.portunus(suite, NamedGroup::X25519, false);
        let mut ours = connected::<OurClient, OurServer>(&client, &server);
        let (client, server) = world.rustls(suite, NamedGroup::X25519, false);
        let mut rustls = connected::<RustlsClient, RustlsServer>(&client, &server);
        moved(&mut ours);
        moved(&mut rustls);
        let rounds: Vec<(Cost, Cost)> = (0..ROUNDS).map(|_| (moved(&mut ours), moved(&mut rustls))).collect();
        for (side, what) in [(0, [what[0], what[1]]), (1, [what[2], what[3]])] {
            let of = |cost: &Cost| if side == 0 { cost.server } else { cost.client };
            let speed = rounds
                .iter()
                .map(|(ours, _)| BULK as f64 / of(ours).as_secs_f64() / 1e9);
            rows.push(Row {
                what: what[0],
                value: median(speed.collect()),
                unit: "GB/s",
            });
            let ratio = rounds
                .iter()
                .map(|(ours, rustls)| of(rustls).as_secs_f64() / of(ours).as_secs_f64());
            rows.push(Row {
                what: what[1],
                value: median(ratio.collect()),
                unit: "times as fast",
            });
        }
    }
    rows
}

/// The server sends, the client receives: what each spends.
fn moved<C: Side, S: Side>((client, server): &mut (C, S)) -> Cost {
    let data = vec![7; 64 << 10];
    let mut buffer = vec![0; 64 << 10];
    let mut wire = Vec::with_capacity(80 << 10);
    let mut cost = Cost::default();
    for _ in 0..BULK / data.len() {
        wire.clear();
        timed(&mut cost.server, || server.write(&data, &mut wire));
        let read = timed(&mut cost.client, || client.read(&wire, &mut buffer));
        assert_eq!(read, data.len());
    }
    cost
}

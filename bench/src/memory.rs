//! What connections allocate: how often in a handshake, and how many bytes an idle one holds.
//!
//! Every allocation of the process counts, aws-lc's own among them; bytes are those that were asked for, and the
//! connection's own struct, wherever it stands.

use portunus_tls::wire::{CipherSuite, NamedGroup};

use crate::bare::{Bare, FlightSent, HelloSent};
use crate::engines::{OurClient, OurServer, RustlsClient, RustlsServer, Side};
use crate::measure::{Bar, Row, median};
use crate::verdicts;
use crate::world::{Keys, World};

/// What this thread has allocated up to now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heap {
    /// How often it was asked for memory: new, or more for what it had.
    pub calls: u64,
    /// What it was given and has not given back.
    pub bytes: i64,
}

/// What a handshake may allocate beside its primitives.
const ALLOCATIONS_OF_OURS: f64 = 15.0;
/// What an idle connection may hold.
const IDLE: f64 = 3072.0;
/// Connections counted; odd, so that there is a middle one. An ECDSA signature that is made anew counts more than once.
const CONNECTIONS: usize = 9;
/// What goes each way before the second look at an idle connection.
const DATA: usize = 16 << 10;

/// What one side of a connection did.
#[derive(Clone, Copy)]
struct Counted {
    /// Allocations until the handshake was over.
    allocations: f64,
    /// Bytes held then.
    idle: f64,
    /// Bytes held after data went both ways.
    idle_after_data: f64,
}

/// Attributes what is allocated to a side.
struct Account<'a> {
    heap: &'a dyn Fn() -> Heap,
    total: Heap,
}

impl Account<'_> {
    fn of<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let before = (self.heap)();
        let result = work();
        let after = (self.heap)();
        self.total.calls += after.calls - before.calls;
        self.total.bytes += after.bytes - before.bytes;
        result
    }
}

/// One connection; what its client and its server did.
fn connection<C: Side, S: Side>(
    heap: &dyn Fn() -> Heap,
    client_config: &C::Config,
    server_config: &S::Config,
) -> [Counted; 2] {
    let [mut at_client, mut at_server] = [(); 2].map(|()| Account {
        heap,
        total: Heap::default(),
    });
    let data = vec![7; DATA];
    // Large enough that they do not grow: they stand for the sockets and the application.
    let [mut up, mut down, mut buffer] = [(); 3].map(|()| Vec::with_capacity(4 * DATA));
    buffer.resize(2 * DATA, 0);

    let mut client = at_client.of(|| C::new(client_config));
    at_client.of(|| client.turn(&[], &mut up));
    let mut server = at_server.of(|| S::new(server_config));
    at_server.of(|| server.turn(&up, &mut down));
    up.clear();
    at_client.of(|| client.turn(&down, &mut up));
    let mut client = at_client.of(|| client.established());
    down.clear();
    at_server.of(|| server.turn(&up, &mut down));
    let mut server = at_server.of(|| server.established());
    at_client.of(|| client.read(&down, &mut buffer));
    at_client.of(|| client.idle());
    at_server.of(|| server.idle());
    let after_handshake = [at_client.total, at_server.total];

    up.clear();
    at_client.of(|| client.write(&data, &mut up));
    assert_eq!(at_server.of(|| server.read(&up, &mut buffer)), DATA);
    down.clear();
    at_server.of(|| server.write(&data, &mut down));
    assert_eq!(at_client.of(|| client.read(&down, &mut buffer)), DATA);
    at_client.of(|| client.idle());
    at_server.of(|| server.idle());
    let after_data = [at_client.total, at_server.total];

    let structs = [C::STRUCT, S::STRUCT];
    std::array::from_fn(|side| Counted {
        allocations: after_handshake[side].calls as f64,
        idle: after_handshake[side].bytes as f64 + structs[side] as f64,
        idle_after_data: after_data[side].bytes as f64 + structs[side] as f64,
    })
}

fn counted<C: Side, S: Side>(heap: &dyn Fn() -> Heap, (client, server): &(C::Config, S::Config)) -> [Counted; 2] {
    // What is made once a process or a thread, and the tickets of the first connection.
    for _ in 0..2 {
        connection::<C, S>(heap, client, server);
    }
    let connections: Vec<_> = (0..CONNECTIONS)
        .map(|_| connection::<C, S>(heap, client, server))
        .collect();
    std::array::from_fn(|side| {
        let of = |figure: fn(&Counted) -> f64| median(connections.iter().map(|sides| figure(&sides[side])));
        Counted {
            allocations: of(|counted| counted.allocations),
            idle: of(|counted| counted.idle),
            idle_after_data: of(|counted| counted.idle_after_data),
        }
    })
}

/// Allocations in a handshake and idle bytes, by side, beside rustls and the bare primitives.
///
/// # Errors
/// When `heap` does not count what this thread allocates.
pub fn run(heap: &dyn Fn() -> Heap) -> Result<Vec<Row>, &'static str> {
    check(heap)?;
    let suite = CipherSuite::TLS_AES_128_GCM_SHA256;
    let world = World::new(Keys::P256);
    let mut rows = Vec::new();
    let mut idle = Vec::new();
    for (case, resumed) in [("full", false), ("resumed", true)] {
        let group = NamedGroup::X25519;
        let ours = counted::<OurClient, OurServer>(heap, &world.portunus(suite, group, resumed, 0));
        let rustls = counted::<RustlsClient, RustlsServer>(heap, &world.rustls(suite, group, resumed));
        let bare = counted::<Bare<HelloSent>, Bare<FlightSent>>(heap, &world.bare(suite, group, resumed));
        for (side, name) in ["client", "server"].into_iter().enumerate().rev() {
            let what = format!("{case} X25519, P-256, {name}, allocations");
            let unit = "allocations";
            let bar = Bar::AtMost(bare[side].allocations + ALLOCATIONS_OF_OURS);
            rows.push(Row::new(&*what, ours[side].allocations, unit).held_to(Some(bar)));
            rows.push(Row::new(format!("{what}: rustls"), rustls[side].allocations, unit));
            rows.push(Row::new(format!("{what}: bare"), bare[side].allocations, unit));
            if resumed {
                continue;
            }
            for (moment, ours, rustls) in [
                ("after the handshake", ours[side].idle, rustls[side].idle),
                (
                    "after 16 KiB each way",
                    ours[side].idle_after_data,
                    rustls[side].idle_after_data,
                ),
            ] {
                let what = format!("idle {name} {moment}");
                idle.push(Row::new(&*what, ours, "bytes").held_to(Some(Bar::AtMost(IDLE))));
                idle.push(Row::new(format!("{what}: rustls"), rustls, "bytes"));
            }
        }
    }
    rows.append(&mut idle);
    let leaf = verdicts::a_leaf();
    let before = heap().calls;
    let read = verdicts::read(&leaf);
    let calls = heap().calls - before;
    read.map_err(|_| "the bench's own certificate cannot be read")?;
    let what = "read a certificate, all that a verdict reads, allocations";
    rows.push(Row::new(what, calls as f64, "allocations").held_to(Some(Bar::AtMost(0.0))));
    Ok(rows)
}

/// Whether both Rust's and aws-lc's allocations are seen.
fn check(heap: &dyn Fn() -> Heap) -> Result<(), &'static str> {
    use aws_lc_rs::aead::{AES_128_GCM, UnboundKey};

    let before = heap();
    let boxed = std::hint::black_box(Box::new([0_u8; 1000]));
    let between = heap();
    let key = UnboundKey::new(&AES_128_GCM, &[1; 16]);
    let after = heap();
    drop((boxed, key));
    if between.calls != before.calls + 1 || between.bytes != before.bytes + 1000 {
        return Err("Rust's allocations are not counted here");
    }
    if after.calls == between.calls {
        return Err("aws-lc's allocations are not counted here");
    }
    if heap().bytes != before.bytes {
        return Err("what is given back is not counted here");
    }
    Ok(())
}

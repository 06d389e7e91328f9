//! `cargo xtask wiping`: what do connections leave behind in memory?
//!
//! Both sides of connections run in this process, whose `malloc` and `free` are our own (Rust's and aws-lc's alike). All that a block holds when it is
//! given back is kept, and so is each secret: the engine is built so that it tells them (`cfg(wiping)`). When a connection is over, none of its
//! secrets is in a block that is out; when its configurations are gone too (ticket keys, sessions), no secret was in any block at all.
//! Stacks are out of scope: what the compiler spills there nobody can name.

mod connections;
mod heap;

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::process::ExitCode;

use connections::{Kind, World};
use heap::{Found, Teller};
use portunus_tls::wire::{CipherSuite, NamedGroup, ProtocolVersion};

/// Shorter values could be anywhere by chance.
const SHORTEST: usize = 16;
/// A connection of TLS 1.2 and the next one have so many secrets: the shared one, the main secret, two keys for either, that of tickets.
const FEWEST: usize = 7;

fn kinds() -> Vec<Kind> {
    let tls13 = |suite, shared, group, client_certificate| Kind {
        version: ProtocolVersion::TLS1_3,
        suite,
        shared,
        group,
        client_certificate,
    };
    let tls12 = |suite, group, client_certificate| Kind {
        version: ProtocolVersion::TLS1_2,
        suite,
        shared: group,
        group,
        client_certificate,
    };
    let (x25519, p256) = (NamedGroup::X25519, NamedGroup::SECP256R1);
    let hybrid = NamedGroup::X25519MLKEM768;
    let aes = CipherSuite::TLS_AES_128_GCM_SHA256;
    vec![
        tls13(aes, x25519, x25519, false),
        tls13(aes, x25519, p256, true),
        tls13(CipherSuite::TLS_AES_256_GCM_SHA384, hybrid, hybrid, false),
        tls13(CipherSuite::TLS_CHACHA20_POLY1305_SHA256, p256, p256, true),
        tls13(aes, NamedGroup::SECP384R1, NamedGroup::SECP384R1, false),
        tls13(aes, NamedGroup::SECP521R1, NamedGroup::SECP521R1, false),
        tls13(aes, NamedGroup::SECP256R1MLKEM768, NamedGroup::SECP256R1MLKEM768, false),
        tls12(CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, x25519, false),
        tls12(CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, p256, true),
        tls12(
            CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
            x25519,
            false,
        ),
        tls12(CipherSuite::TLS_RSA_WITH_AES_128_GCM_SHA256, x25519, false),
        tls12(CipherSuite::TLS_RSA_WITH_AES_256_GCM_SHA384, x25519, true),
    ]
}

fn main() -> ExitCode {
    #[cfg(wiping)]
    portunus_tls::wiping::listen(|secret| heap::keep_secret(Teller::Engine, secret));
    if let Err(reason) = check_the_search() {
        eprintln!("the search does not find what is there: {reason}");
        return ExitCode::FAILURE;
    }
    let mut constants = Constants::default();
    // What is made once a process, and which values are the same in each connection: those are no secrets.
    for kind in kinds() {
        play(&kind, || ());
        constants.look();
    }
    let mut left = 0;
    for kind in kinds() {
        let mut after_the_connections = Vec::new();
        // The main secret of TLS 1.2 is the session's too, which goes on.
        let is_only_the_connections = |teller| teller == Teller::KeyLog && kind.version == ProtocolVersion::TLS1_3;
        play(&kind, || {
            after_the_connections = constants.found(is_only_the_connections);
        });
        // What was given back counts once, in the end.
        let after_the_connections = after_the_connections
            .into_iter()
            .map(|Found { out, .. }| Found { out, given_back: 0 });
        let in_the_end = constants.found(|_| true);
        let secrets = in_the_end.len();
        if secrets < FEWEST {
            eprintln!("{kind:?}: {secrets} secrets are too few: the engine was not built to tell them");
            return ExitCode::FAILURE;
        }
        let bad = after_the_connections
            .chain(in_the_end)
            .filter(|found| *found != Found::default())
            .inspect(|found| eprintln!("{kind:?}: a secret is still there: {found:?}"))
            .count();
        left += bad;
        println!("{kind:?}: {secrets} secrets, {bad} still in memory");
    }
    if left == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// A connection and one that goes on with its session; `between` looks when they are over and their configurations are still there.
fn play(kind: &Kind, between: impl FnOnce()) {
    heap::forget();
    let world = World::new(kind);
    assert!(!world.connection(kind), "the first connection is a new one");
    assert!(world.connection(kind), "the second goes on with the session");
    between();
}

/// The values of all connections before, by their hashes: a value of two connections is no secret.
#[derive(Default)]
struct Constants {
    seen: HashSet<u64>,
    constant: HashSet<u64>,
}

fn hash_of(secret: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    secret.hash(&mut hasher);
    hasher.finish()
}

impl Constants {
    fn look(&mut self) {
        let mut of_this_run = HashSet::new();
        heap::secrets(|_, secret| {
            of_this_run.insert(hash_of(secret));
        });
        for hash in of_this_run {
            if !self.seen.insert(hash) {
                self.constant.insert(hash);
            }
        }
    }

    /// Where each of these secrets is.
    fn found(&self, wanted: impl Fn(Teller) -> bool) -> Vec<Found> {
        let mut searched = HashSet::new();
        let mut all = Vec::new();
        heap::secrets(|teller, secret| {
            let hash = hash_of(secret);
            let is_secret = secret.len() >= SHORTEST && !self.constant.contains(&hash);
            if is_secret && wanted(teller) && searched.insert(hash) {
                all.push(heap::search(secret));
            }
        });
        all
    }
}

/// A copy that is not wiped is found, where it is given back and where it is out.
fn check_the_search() -> Result<(), String> {
    let secret = *b"neither random nor a secret, but long enough";
    let expect = |what: &str, found: Found, given_back, out| {
        if found == (Found { given_back, out }) {
            Ok(())
        } else {
            Err(format!("{what}: {found:?}"))
        }
    };
    expect("before", heap::search(&secret), 0, 0)?;
    let copy = std::hint::black_box(secret.to_vec());
    expect("a copy", heap::search(&secret), 0, 1)?;
    drop(copy);
    expect("a copy that was given back", heap::search(&secret), 1, 0)?;
    heap::forget();
    expect("after", heap::search(&secret), 0, 0)
}

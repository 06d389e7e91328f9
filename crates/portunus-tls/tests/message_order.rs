//! From every legal prefix of every flow, on either side: every type of message as the next one, and every pair of known ones, protected as
//! that moment wants it. Only what the RFC's flows have (RFC 9846 section 2, RFC 9846 appendix A) goes on; anything else is an
//! `unexpected_message`, told by its type before its body is looked at.

mod forge;
mod pair;

use std::sync::{Arc, Mutex};

use forge::orders::{self, Next, Types, is_out_of_order};
use forge::{HANDSHAKE, Sealer, Secrets, messages, plain, records};
use pair::{Authority, Pair, received, sent};
use portunus_tls::wire::{CipherSuite, HandshakeType, NamedGroup};
use portunus_tls::{ClientConfig, Connection, Identities, PathVerifier, Policy, ServerConfig};
use portunus_x509::Policy as PathPolicy;

const CLIENT_HELLO: HandshakeType = HandshakeType::CLIENT_HELLO;
const SERVER_HELLO: HandshakeType = HandshakeType::SERVER_HELLO;
const NEW_SESSION_TICKET: HandshakeType = HandshakeType::NEW_SESSION_TICKET;
const ENCRYPTED_EXTENSIONS: HandshakeType = HandshakeType::ENCRYPTED_EXTENSIONS;
const CERTIFICATE: HandshakeType = HandshakeType::CERTIFICATE;
const CERTIFICATE_REQUEST: HandshakeType = HandshakeType::CERTIFICATE_REQUEST;
const CERTIFICATE_VERIFY: HandshakeType = HandshakeType::CERTIFICATE_VERIFY;
const FINISHED: HandshakeType = HandshakeType::FINISHED;
const KEY_UPDATE: HandshakeType = HandshakeType::KEY_UPDATE;

/// The server's flight of a full handshake, to a client.
fn to_client(so_far: &[HandshakeType]) -> Types {
    match so_far {
        [] => &[ENCRYPTED_EXTENSIONS],
        [.., ENCRYPTED_EXTENSIONS] => &[CERTIFICATE_REQUEST, CERTIFICATE],
        [.., CERTIFICATE_REQUEST] => &[CERTIFICATE],
        [.., CERTIFICATE] => &[CERTIFICATE_VERIFY],
        [.., CERTIFICATE_VERIFY] => &[FINISHED],
        _ => &[],
    }
}

/// The server's flight where a session goes on.
fn to_resuming_client(so_far: &[HandshakeType]) -> Types {
    match so_far {
        [] => &[ENCRYPTED_EXTENSIONS],
        [.., ENCRYPTED_EXTENSIONS] => &[FINISHED],
        _ => &[],
    }
}

/// The flight of a client that was asked for nothing.
fn to_server(so_far: &[HandshakeType]) -> Types {
    match so_far {
        [] => &[FINISHED],
        _ => &[],
    }
}

/// The flight of a client that was asked for a certificate, and has one.
fn to_asking_server(so_far: &[HandshakeType]) -> Types {
    match so_far {
        [] => &[CERTIFICATE],
        [.., CERTIFICATE] => &[CERTIFICATE_VERIFY],
        [.., CERTIFICATE_VERIFY] => &[FINISHED],
        _ => &[],
    }
}

/// Plays every order in place of the flight that `label` protects.
fn every_order(length: usize, to_server: bool, label: &'static str, next: Next, pair: impl Fn(Arc<Secrets>) -> Pair) {
    orders::every_order(length, next, |play| {
        let secrets = Arc::new(Secrets::default());
        let mut pair = pair(secrets.clone());
        let (play, flight) = (play.clone(), Arc::new(Mutex::new(Vec::new())));
        let (is_done, genuine) = (std::cell::Cell::new(false), flight.clone());
        let wire: pair::Wire = Box::new(move |bytes| {
            let pieces = records(&bytes).into_iter().map(|record| {
                if record[0] != forge::APPLICATION_DATA || is_done.replace(true) {
                    return record;
                }
                *genuine.lock().unwrap() = messages(&secrets.sealer(label).open(&record));
                let played = play.messages(&genuine.lock().unwrap());
                let mut sealer = secrets.sealer(label);
                let sealed = played.iter().map(|message| sealer.seal(HANDSHAKE, message));
                sealed.collect::<Vec<_>>().concat()
            });
            vec![pieces.collect::<Vec<_>>().concat()]
        });
        if to_server {
            pair.to_server = wire;
        } else {
            pair.to_client = wire;
        }
        let outcome = pair.run();
        let flight = flight.lock().unwrap().clone();
        (if to_server { outcome.server } else { outcome.client }, flight)
    });
}

fn policy() -> Policy {
    let policy = Policy::modern()
        .with_cipher_suites(&[CipherSuite::TLS_AES_128_GCM_SHA256])
        .unwrap();
    policy.with_groups(&[NamedGroup::X25519]).unwrap()
}

fn sides(authority: &Authority) -> (ClientConfig, ServerConfig) {
    (
        authority.client().with_policy(policy()),
        authority.server().with_policy(policy()),
    )
}

#[test]
fn to_a_client_in_a_full_handshake() {
    let authority = Authority::new();
    let (client, server) = sides(&authority);
    every_order(4, false, "SERVER_HANDSHAKE_TRAFFIC_SECRET", to_client, |secrets| {
        Pair::new(&client, &server.clone().with_key_log(secrets))
    });
}

#[test]
fn to_a_client_that_is_asked_for_a_certificate() {
    let authority = Authority::new();
    let (client, server) = sides(&authority);
    let verifier = Arc::new(PathVerifier::clients(authority.anchors(), PathPolicy::rfc5280()));
    let server = server.with_optional_client_certificates(verifier);
    every_order(5, false, "SERVER_HANDSHAKE_TRAFFIC_SECRET", to_client, |secrets| {
        Pair::new(&client, &server.clone().with_key_log(secrets))
    });
}

#[test]
fn to_a_client_whose_session_goes_on() {
    let authority = Authority::new();
    let (client, server) = authority.resuming();
    let (client, server) = (client.with_policy(policy()), server.with_policy(policy()));
    every_order(
        2,
        false,
        "SERVER_HANDSHAKE_TRAFFIC_SECRET",
        to_resuming_client,
        |secrets| {
            let (mut at_client, _) = Pair::new(&client, &server).run().connected();
            received(&mut at_client, &[]).unwrap();
            Pair::new(&client, &server.clone().with_key_log(secrets))
        },
    );
}

#[test]
fn to_a_server() {
    let authority = Authority::new();
    let (client, server) = sides(&authority);
    every_order(1, true, "CLIENT_HANDSHAKE_TRAFFIC_SECRET", to_server, |secrets| {
        Pair::new(&client, &server.clone().with_key_log(secrets))
    });
}

#[test]
fn to_a_server_that_asks_for_a_certificate() {
    let authority = Authority::new();
    let (client, server) = sides(&authority);
    let verifier = Arc::new(PathVerifier::clients(authority.anchors(), PathPolicy::rfc5280()));
    let server = server.with_required_client_certificates(verifier);
    let identity = authority.issue(&["client"], &rcgen::PKCS_ECDSA_P256_SHA256);
    let client = client.with_identity(Arc::new(Identities::new(vec![Arc::new(identity)])));
    every_order(
        3,
        true,
        "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
        to_asking_server,
        |secrets| Pair::new(&client, &server.clone().with_key_log(secrets)),
    );
}

/// In plaintext: the hellos.
#[test]
fn the_first_message_is_a_hello() {
    let authority = Authority::new();
    let (client, server) = sides(&authority);
    for kind in (0..=255).map(HandshakeType) {
        for to_server in [true, false] {
            let hello = if to_server { CLIENT_HELLO } else { SERVER_HELLO };
            if kind == hello {
                continue;
            }
            let mut pair = Pair::new(&client, &server);
            let wire: pair::Wire = Box::new(move |_| vec![plain(HANDSHAKE, &[kind.0, 0, 0, 2, 0xff, 0xff])]);
            if to_server {
                pair.to_server = wire;
            } else {
                pair.to_client = wire;
            }
            let outcome = pair.run();
            let reader = if to_server { outcome.server } else { outcome.client };
            let error = reader.unwrap_err();
            assert!(is_out_of_order(&error, kind), "{kind}: {error:?}");
        }
    }
}

/// After the handshake: to a client new tickets and key updates, to a server key updates.
#[test]
fn after_the_handshake() {
    let authority = Authority::new();
    let (client, server) = sides(&authority);
    let connected = |label| -> (Connection, Connection, Sealer) {
        let secrets = Arc::new(Secrets::default());
        let outcome = Pair::new(&client, &server.clone().with_key_log(secrets.clone())).run();
        let (client, server) = outcome.connected();
        (client, server, secrets.sealer(label))
    };
    for kind in (0..=255).map(HandshakeType) {
        for (label, legal) in [
            ("SERVER_TRAFFIC_SECRET_0", &[NEW_SESSION_TICKET, KEY_UPDATE][..]),
            ("CLIENT_TRAFFIC_SECRET_0", &[KEY_UPDATE]),
        ] {
            let (at_client, at_server, mut sealer) = connected(label);
            let mut reader = if label.starts_with("SERVER") {
                at_client
            } else {
                at_server
            };
            let record = sealer.seal(HANDSHAKE, &[kind.0, 0, 0, 2, 0xff, 0xff]);
            let error = received(&mut reader, &record).expect_err("neither is the message that it says");
            let is_unexpected = is_out_of_order(&error, kind);
            assert_ne!(is_unexpected, legal.contains(&kind), "{label}: {kind}: {error:?}");
            assert!(
                !sent(&mut reader).is_empty(),
                "{label}: {kind}: the other side is not told"
            );
        }
    }
}

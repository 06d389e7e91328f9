//! The same as `message_order` for TLS 1.2: only what RFC 5246 section 7.3, RFC 6066 section 8 and RFC 5077 section 3.1 have goes on.
#![cfg(feature = "tls12")]

mod forge;
mod pair;

use std::sync::{Arc, Mutex};

use forge::orders::{Next, Play, Types, every_order, is_out_of_order};
use forge::tls12::{ending, flight};
use forge::{HANDSHAKE, Secrets, plain};
use pair::{Authority, Pair, received};
use portunus_tls::wire::{CipherSuite, HandshakeType};
use portunus_tls::{ClientConfig, Connection, Error, Identities, PathVerifier, Policy, ServerConfig};
use portunus_x509::Policy as PathPolicy;

const SERVER_HELLO: HandshakeType = HandshakeType::SERVER_HELLO;
const NEW_SESSION_TICKET: HandshakeType = HandshakeType::NEW_SESSION_TICKET;
const CERTIFICATE: HandshakeType = HandshakeType::CERTIFICATE;
const CERTIFICATE_STATUS: HandshakeType = HandshakeType::CERTIFICATE_STATUS;
const SERVER_KEY_EXCHANGE: HandshakeType = HandshakeType::SERVER_KEY_EXCHANGE;
const CERTIFICATE_REQUEST: HandshakeType = HandshakeType::CERTIFICATE_REQUEST;
const SERVER_HELLO_DONE: HandshakeType = HandshakeType::SERVER_HELLO_DONE;
const CLIENT_KEY_EXCHANGE: HandshakeType = HandshakeType::CLIENT_KEY_EXCHANGE;
const CERTIFICATE_VERIFY: HandshakeType = HandshakeType::CERTIFICATE_VERIFY;

fn policy() -> Policy {
    Policy::modern()
        .with_cipher_suites(&[CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256])
        .unwrap()
}

fn sides(authority: &Authority) -> (ClientConfig, ServerConfig) {
    (authority.client(), authority.server().with_policy(policy()))
}

fn to_client(so_far: &[HandshakeType]) -> Types {
    match so_far {
        [] => &[SERVER_HELLO],
        [.., SERVER_HELLO] => &[CERTIFICATE],
        [.., CERTIFICATE] => &[SERVER_KEY_EXCHANGE],
        [.., SERVER_KEY_EXCHANGE] => &[CERTIFICATE_REQUEST, SERVER_HELLO_DONE],
        [.., CERTIFICATE_REQUEST] => &[SERVER_HELLO_DONE],
        _ => &[],
    }
}

/// The same where the server said that it staples.
fn to_client_with_status(so_far: &[HandshakeType]) -> Types {
    match so_far {
        [.., CERTIFICATE] => &[CERTIFICATE_STATUS, SERVER_KEY_EXCHANGE],
        [.., CERTIFICATE_STATUS] => &[SERVER_KEY_EXCHANGE],
        other => to_client(other),
    }
}

fn to_server(so_far: &[HandshakeType]) -> Types {
    match so_far {
        [] => &[CLIENT_KEY_EXCHANGE],
        _ => &[],
    }
}

fn to_asking_server(so_far: &[HandshakeType]) -> Types {
    match so_far {
        [] => &[CERTIFICATE],
        [.., CERTIFICATE] => &[CLIENT_KEY_EXCHANGE],
        [.., CLIENT_KEY_EXCHANGE] => &[CERTIFICATE_VERIFY],
        _ => &[],
    }
}

/// Plays one order in place of a flight in plaintext; `nth` counts those of this direction.
fn played(mut pair: Pair, to_server: bool, nth: usize, play: &Play) -> (Result<Connection, Error>, Vec<Vec<u8>>) {
    let (play, seen) = (play.clone(), Arc::new(Mutex::new(Vec::new())));
    let genuine = seen.clone();
    let wire = flight(nth, move |messages| {
        genuine.lock().unwrap().clone_from(messages);
        *messages = play.messages(messages);
    });
    if to_server {
        pair.to_server = wire;
    } else {
        pair.to_client = wire;
    }
    let outcome = pair.run();
    let flight = seen.lock().unwrap().clone();
    (if to_server { outcome.server } else { outcome.client }, flight)
}

fn every_order_to_client(length: usize, next: Next, client: &ClientConfig, server: &ServerConfig) {
    every_order(length, next, |play| played(Pair::new(client, server), false, 0, play));
}

/// The client's second flight: the first is its hello.
fn every_order_to_server(length: usize, next: Next, client: &ClientConfig, server: &ServerConfig) {
    every_order(length, next, |play| played(Pair::new(client, server), true, 1, play));
}

#[test]
fn to_a_client_in_a_full_handshake() {
    let (client, server) = sides(&Authority::new());
    every_order_to_client(4, to_client, &client, &server);
}

#[test]
fn to_a_client_that_is_asked_for_a_certificate() {
    let authority = Authority::new();
    let (client, server) = sides(&authority);
    let verifier = Arc::new(PathVerifier::clients(authority.anchors(), PathPolicy::rfc5280()));
    every_order_to_client(
        5,
        to_client,
        &client,
        &server.with_optional_client_certificates(verifier),
    );
}

#[test]
fn to_a_client_that_asked_for_the_status() {
    let authority = Authority::new();
    let identity = authority.issue(&["localhost"], &rcgen::PKCS_ECDSA_P256_SHA256);
    let identity = Arc::new(identity.with_ocsp_response(b"response").unwrap());
    let server = ServerConfig::new(Arc::new(Identities::new(vec![identity]))).with_policy(policy());
    let client = authority.client().with_status_request();
    every_order_to_client(5, to_client_with_status, &client, &server);
}

#[test]
fn to_a_server() {
    let (client, server) = sides(&Authority::new());
    every_order_to_server(1, to_server, &client, &server);
}

#[test]
fn to_a_server_that_asks_for_a_certificate() {
    let authority = Authority::new();
    let (client, server) = sides(&authority);
    let verifier = Arc::new(PathVerifier::clients(authority.anchors(), PathPolicy::rfc5280()));
    let server = server.with_required_client_certificates(verifier);
    let identity = authority.issue(&["client"], &rcgen::PKCS_ECDSA_P256_SHA256);
    let client = client.with_identity(Arc::new(Identities::new(vec![Arc::new(identity)])));
    every_order_to_server(3, to_asking_server, &client, &server);
}

/// In place of a side's change_cipher_spec and what it protects: messages in plaintext, and messages other than Finished behind it.
#[test]
fn around_the_change_of_keys() {
    let authority = Authority::new();
    let (client, server) = sides(&authority);
    for from_client in [true, false] {
        for kind in (0..=255).map(HandshakeType) {
            for is_plain in [true, false] {
                let secrets = Arc::new(Secrets::default());
                let randoms = Arc::new(Mutex::default());
                let mut pair = Pair::new(
                    &client.clone().with_key_log(secrets.clone()),
                    &server.clone().with_key_log(secrets.clone()),
                );
                let body = [kind.0, 0, 0, 2, 0xff, 0xff];
                let there = ending(&secrets, &randoms, from_client, move |change, _, sealer| {
                    if is_plain {
                        return plain(HANDSHAKE, &body);
                    }
                    [change, sealer.seal(HANDSHAKE, &body)].concat()
                });
                let back: pair::Wire = Box::new(move |bytes| {
                    forge::tls12::note_randoms(&bytes, &mut randoms.lock().unwrap());
                    vec![bytes]
                });
                (pair.to_server, pair.to_client) = if from_client { (there, back) } else { (back, there) };
                let outcome = pair.run();
                let reader = if from_client { outcome.server } else { outcome.client };
                let error = reader.expect_err("neither is what belongs there");
                let is_legal = !is_plain && kind == HandshakeType::FINISHED;
                assert_ne!(is_out_of_order(&error, kind), is_legal, "{kind} {is_plain}: {error:?}");
            }
        }
    }
}

/// A session that goes on: the server's hello, then its change of keys.
#[test]
fn to_a_client_whose_session_goes_on() {
    fn next(so_far: &[HandshakeType]) -> Types {
        match so_far {
            [] => &[SERVER_HELLO],
            [SERVER_HELLO] => &[NEW_SESSION_TICKET],
            _ => &[],
        }
    }
    let authority = Authority::new();
    let (client, server) = authority.resuming();
    let server = server.with_policy(policy());
    every_order(2, next, |play| {
        let (mut at_client, _) = Pair::new(&client, &server).run().connected();
        received(&mut at_client, &[]).unwrap();
        played(Pair::new(&client, &server), false, 0, play)
    });
}

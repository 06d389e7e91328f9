use std::sync::Arc;

use portunus_explain::{Diagnosis, Story, terminal};
use portunus_tls::wire::{NamedGroup, ProtocolVersion};
use portunus_tls::{PathVerifier, Policy};
use portunus_x509::Policy as PathPolicy;
use snapbox::file;

use crate::scene::{Authority, Scene, converse};
use crate::{assert_told, at, of_steps, told};

#[test]
fn a_whole_connection_is_told_at_every_width() {
    let recording = Scene::new().whole();
    assert_eq!(Diagnosis::of(&recording), None);
    assert_told(at(&recording, 60), file!["told/whole-60.txt"]);
    assert_told(at(&recording, 80), file!["told/whole-80.txt"]);
    assert_told(at(&recording, 120), file!["told/whole-120.txt"]);
    for width in [0, 40, 60, 80, 100, 120] {
        let widest = at(&recording, width).lines().map(|line| line.chars().count()).max();
        assert!(widest <= Some(width.max(40)), "{width} columns: {widest:?}");
    }
}

#[test]
fn colours_add_nothing_but_colour() {
    let recording = Scene::new().whole();
    let story = Story::tell(&recording);
    let coloured = terminal::render(
        &story,
        terminal::Look {
            width: 80,
            colour: true,
        },
    );
    let plain = terminal::render(
        &story,
        terminal::Look {
            width: 80,
            colour: false,
        },
    );
    assert!(!plain.contains('\u{1b}'), "NO_COLOR means none at all");
    let mut stripped = String::new();
    for (index, part) in coloured.split('\u{1b}').enumerate() {
        let text = if index == 0 {
            part
        } else {
            part.split_once('m').unwrap().1
        };
        stripped.push_str(text);
    }
    assert_eq!(stripped, plain);
    assert!(coloured.contains("\u{1b}[32m"));
}

#[test]
fn a_retry_and_a_request_for_a_client_certificate_are_told() {
    let mut scene = Scene::new();
    scene.client = scene.client.with_key_shares(&[NamedGroup::X25519]).unwrap();
    let clients = PathVerifier::clients(Authority::new(3, "Clients").anchors(), PathPolicy::rfc5280());
    scene.server = scene
        .server
        .with_policy(Policy::modern().with_groups(&[NamedGroup::SECP384R1]).unwrap())
        .with_optional_client_certificates(Arc::new(clients));
    assert_told(of_steps(&scene.whole(), &[1, 2]), file!["told/retry.txt"]);
}

#[test]
fn a_session_that_goes_on_is_told() {
    let scene = Scene::resuming();
    let first = told(&scene.whole());
    assert!(first.contains("gave 2 tickets"), "{first}");
    assert_told(of_steps(&scene.whole(), &[2, 3, 5]), file!["told/resumed.txt"]);
}

#[test]
fn a_connection_of_tls_1_2_is_told() {
    let mut scene = Scene::resuming();
    let policy = Policy::modern().with_versions(&[ProtocolVersion::TLS1_2]).unwrap();
    scene.server = scene.server.with_policy(policy);
    assert_told(of_steps(&scene.whole(), &[2, 4, 5, 6, 7]), file!["told/tls-1.2.txt"]);
    assert_told(
        of_steps(&scene.whole(), &[2, 4, 5, 6]),
        file!["told/tls-1.2-resumed.txt"],
    );
}

#[test]
fn a_secret_that_went_under_the_servers_key_is_told() {
    let scene = Scene::key_transport();
    assert_told(of_steps(&scene.whole(), &[4, 5, 6]), file!["told/key-transport.txt"]);
    // What is not secret for ever does not become so by going on.
    let resumed = told(&scene.whole());
    assert!(resumed.contains("unless the server's private key"), "{resumed}");
}

#[test]
fn what_nobody_checked_is_said_to_be_unchecked() {
    assert_told(
        of_steps(&Scene::unchecked().whole(), &[3, 6]),
        file!["told/unchecked.txt"],
    );
}

#[test]
fn a_whole_answer_without_close_notify_is_no_failure() {
    let (recorder, ends) = Scene::new().handshake();
    let (mut client, mut server) = ends.unwrap();
    converse(
        &recorder,
        &mut client,
        &mut server,
        b"HTTP/1.1 200 OK\r\ncontent-length: 1256\r\n\r\n",
    );
    client.transport_closed().unwrap_err();
    drop(client);
    let recording = recorder.recording();
    assert_eq!(Diagnosis::of(&recording), None);
    assert!(told(&recording).contains("closed TCP without close_notify"));
}

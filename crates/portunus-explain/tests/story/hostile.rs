//! What a peer chose never reaches a terminal as it is.

use std::io;

use portunus_explain::{TransportFault, What, json};

use crate::scene::{GOOD, Leaf, Scene, converse};
use crate::told;

const ESCAPE: &str = "\u{1b}]0;owned\u{7}\u{1b}[2J";
const BIDI: &str = "\u{202e}moc.live\u{2066}";

/// No control character but the line feed, and nothing that reorders or hides.
fn assert_harmless(text: &str) {
    for c in text.chars() {
        let hides = matches!(u32::from(c), 0x200b..=0x200f | 0x202a..=0x202e | 0x2066..=0x2069 | 0xfeff);
        assert!(c == '\n' || !(c.is_control() || hides), "{c:?} in {text}");
    }
}

#[test]
fn certificates() {
    for common_name in [
        "\u{1b}]0;owned\u{7}\u{1b}[2J",
        "\u{202e}moc.live\u{2066}",
        "a\r\nSet-Cookie: b",
    ] {
        let scene = Scene::with_leaf(&Leaf { common_name, ..GOOD });
        let recording = scene.whole();
        assert_harmless(&told(&recording));
        assert_harmless(&json::document(&recording));
        let scene = Scene::with_leaf(&Leaf {
            common_name,
            names: &["other.test"],
            years: (2024, 2025),
        });
        let recording = scene.refused();
        assert_harmless(&told(&recording));
        assert_harmless(&json::document(&recording));
    }
}

#[test]
fn names_in_certificates() {
    let names: &[&str] = &["\u{1b}[2Jlocalhost", "a\r\nb"];
    let recording = Scene::with_leaf(&Leaf { names, ..GOOD }).refused();
    let text = told(&recording);
    assert_harmless(&text);
    assert!(text.contains("\\u{1b}[2Jlocalhost"), "{text}");
}

#[test]
fn answers_and_what_the_system_says() {
    let scene = Scene::new();
    let (recorder, ends) = scene.handshake();
    let (mut client, mut server) = ends.unwrap();
    let head = format!("HTTP/1.1 200 {ESCAPE}{BIDI}\r\n\r\n");
    converse(&recorder, &mut client, &mut server, head.as_bytes());
    recorder.add(What::HttpFailed {
        reason: format!("{ESCAPE}{BIDI}\r\n"),
    });
    drop(client);
    let recording = recorder.recording();
    assert_harmless(&told(&recording));
    assert_harmless(&json::document(&recording));

    let recorder = scene.recorder();
    let fault = TransportFault {
        kind: io::ErrorKind::Other,
        text: format!("{ESCAPE}{BIDI}"),
    };
    recorder.add(What::NotConnected {
        address: "127.0.0.1:1".parse().unwrap(),
        fault,
    });
    assert_harmless(&told(&recorder.recording()));
    let recorder = scene.recorder();
    recorder.add(What::NotResolved {
        reason: format!("{ESCAPE}{BIDI}"),
    });
    assert_harmless(&told(&recorder.recording()));
}

#[test]
fn protocols_that_are_no_tls() {
    let recording = Scene::new().answered_with(format!("{ESCAPE}{BIDI}").as_bytes());
    assert_harmless(&told(&recording));
    assert_harmless(&json::document(&recording));
}

/// ALPN of our own offer is the one place where its bytes come into a story; an agreed one is among them.
#[test]
fn application_protocols() {
    let mut scene = Scene::new();
    let name: &[u8] = b"\x1b[2J\r\n\xe2\x80\xae";
    scene.client = scene.client.with_application_protocols(&[name]);
    scene.server = scene.server.with_application_protocols(&[name]);
    let recording = scene.whole();
    let text = told(&recording);
    assert_harmless(&text);
    assert!(text.contains("\\u{1b}[2J\\r\\n\\u{202e}"), "{text}");
    assert_harmless(&json::document(&recording));
}

use std::io;
use std::sync::Arc;
use std::time::Duration;

use portunus_explain::{Diagnosis, FailureKind, Fault, TransportFault, What};
use portunus_tls::wire::{AlertDescription, AlertLevel, HandshakeType, ProtocolVersion};
use portunus_tls::{AlertReceived, Direction, Error, Limit, PathVerifier, Phase, Policy};
use portunus_x509::Policy as PathPolicy;
use snapbox::file;

use crate::scene::{Authority, GOOD, Leaf, Scene, converse, incoming, take};
use crate::{assert_told, of_steps};

fn diagnosis(recording: &portunus_explain::Recording) -> Diagnosis {
    Diagnosis::of(recording).expect("a failure")
}

#[test]
fn an_expired_certificate() {
    let recording = Scene::with_leaf(&Leaf {
        years: (2024, 2025),
        ..GOOD
    })
    .refused();
    let told_of = diagnosis(&recording);
    assert_eq!(
        (told_of.step, told_of.kind, told_of.fault),
        (3, FailureKind::Certificate, Fault::Server)
    );
    assert_told(of_steps(&recording, &[3, 5, 7]), file!["told/expired.txt"]);
}

#[test]
fn a_certificate_for_another_name() {
    let recording = Scene::with_leaf(&Leaf {
        names: &["example.test"],
        ..GOOD
    })
    .refused();
    assert_eq!(diagnosis(&recording).kind, FailureKind::Certificate);
    assert_told(of_steps(&recording, &[3]), file!["told/wrong-name.txt"]);
}

#[test]
fn an_authority_that_nobody_trusts() {
    let mut scene = Scene::new();
    let verifier = PathVerifier::servers(Authority::new(5, "Another Root").anchors(), PathPolicy::private());
    scene.client = portunus_tls::ClientConfig::new(Arc::new(verifier));
    let recording = scene.refused();
    let told_of = diagnosis(&recording);
    assert_eq!(
        (told_of.kind, told_of.fault),
        (FailureKind::Certificate, Fault::Unknown)
    );
    assert!(recording.server_chain().is_some(), "the peer's chain is kept");
    assert_told(of_steps(&recording, &[3]), file!["told/unknown-authority.txt"]);
}

#[test]
fn a_server_of_plain_http() {
    let recording = Scene::new().answered_with(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    let told_of = diagnosis(&recording);
    assert_eq!(
        (told_of.step, told_of.kind, told_of.fault),
        (2, FailureKind::Handshake, Fault::Address)
    );
    assert_told(of_steps(&recording, &[2]), file!["told/plain-http.txt"]);
}

#[test]
fn servers_of_other_protocols_are_named() {
    for (greeting, name) in [
        (&b"220 mail.test ESMTP\r\n"[..], "SMTP or FTP"),
        (b"SSH-2.0-OpenSSH\r\n", "SSH"),
        (b"* OK IMAP4\r\n", "IMAP"),
    ] {
        let what = diagnosis(&Scene::new().answered_with(greeting)).what;
        assert!(what.ends_with(name), "{what}");
    }
}

#[test]
fn an_alert_from_the_server() {
    let recording = Scene::new().answered_with(&[21, 3, 3, 0, 2, 2, 40]);
    assert_told(of_steps(&recording, &[2]), file!["told/handshake-failure.txt"]);
}

#[test]
fn each_alert_has_its_own_advice() {
    let mut seen = Vec::new();
    for description in [40, 70, 80, 112, 120, 50, 51, 86] {
        let told_of = diagnosis(&Scene::new().answered_with(&[21, 3, 3, 0, 2, 2, description]));
        assert!(!told_of.advice.is_empty() && told_of.alert.is_some(), "{description}");
        assert!(!seen.contains(&told_of.why), "{description}: {:?}", told_of.why);
        seen.push(told_of.why);
    }
}

#[test]
fn a_server_of_tls_1_1() {
    let mut hello = vec![2, 0, 0, 0, 3, 2];
    hello.extend([7; 32]);
    hello.extend([0, 0xc0, 0x2f, 0]);
    hello[3] = u8::try_from(hello.len() - 4).unwrap();
    let mut record = vec![22, 3, 3, 0, u8::try_from(hello.len()).unwrap()];
    record.extend(hello);
    assert_told(
        of_steps(&Scene::new().answered_with(&record), &[2]),
        file!["told/tls-1.1.txt"],
    );
}

#[test]
fn a_connection_that_is_closed_or_reset_right_after_the_hello() {
    let scene = Scene::new();
    let recorder = scene.connected();
    let mut client = scene.client(&recorder);
    client.transport_closed().unwrap_err();
    drop(client);
    assert_told(
        of_steps(&recorder.recording(), &[2, 7]),
        file!["told/closed-at-once.txt"],
    );

    let recorder = scene.connected();
    let client = scene.client(&recorder);
    let reset = io::Error::new(io::ErrorKind::ConnectionReset, "Connection reset by peer");
    recorder.add(What::TransportFailed { fault: (&reset).into() });
    drop(client);
    let told_of = diagnosis(&recorder.recording());
    assert_eq!((told_of.step, told_of.kind), (2, FailureKind::Handshake));
    assert!(
        told_of.what.contains("was reset right after the ClientHello"),
        "{}",
        told_of.what
    );
}

/// The likeliest cause of silence is told where the evidence is there: a hello that fills more than one segment.
#[test]
fn a_large_hello_that_is_not_answered() {
    let mut scene = Scene::new();
    scene.name = "a-name-that-is-long-enough-to-fill-a-segment.beyond-what-one-of-1460-bytes-holds.example.test";
    let recorder = scene.connected();
    let mut client = scene.client(&recorder);
    client.transport_closed().unwrap_err();
    drop(client);
    let why = diagnosis(&recorder.recording()).why;
    assert!(
        why.iter().any(|why| why.contains("more than one TCP segment")),
        "{why:?}"
    );
}

#[test]
fn a_server_that_says_nothing() {
    let scene = Scene::new();
    let recorder = scene.connected();
    let client = scene.client(&recorder);
    recorder.add(What::TimedOut {
        after: Duration::from_secs(10),
    });
    drop(client);
    let told_of = diagnosis(&recorder.recording());
    assert_eq!((told_of.step, told_of.kind), (2, FailureKind::TimedOut));
    assert!(told_of.what.contains("said nothing for 10.00 s"), "{}", told_of.what);
}

#[test]
fn names_and_addresses_that_lead_nowhere() {
    let scene = Scene::new();
    let recorder = scene.recorder();
    recorder.add(What::NotResolved {
        reason: "Name or service not known".to_owned(),
    });
    let recording = recorder.recording();
    assert_eq!(
        (diagnosis(&recording).step, diagnosis(&recording).kind),
        (0, FailureKind::Resolve)
    );
    assert_told(of_steps(&recording, &[1]), file!["told/not-resolved.txt"]);

    let recorder = scene.recorder();
    let address = "127.0.0.1:8443".parse().unwrap();
    recorder.add(What::Resolved {
        addresses: vec![address],
        overridden: true,
    });
    let fault = TransportFault {
        kind: io::ErrorKind::ConnectionRefused,
        text: "Connection refused".to_owned(),
    };
    recorder.add(What::NotConnected { address, fault });
    let recording = recorder.recording();
    assert_eq!(
        (diagnosis(&recording).kind, diagnosis(&recording).fault),
        (FailureKind::Connect, Fault::Server)
    );
    assert_told(of_steps(&recording, &[1]), file!["told/refused-connection.txt"]);

    let recorder = scene.recorder();
    recorder.add(What::TimedOut {
        after: Duration::from_secs(2),
    });
    assert_eq!(diagnosis(&recorder.recording()).step, 0);
}

#[test]
fn a_flipped_bit_in_a_record() {
    let (recorder, ends) = Scene::new().handshake();
    let (mut client, mut server) = ends.unwrap();
    server.write(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
    let mut bytes = take(&mut server);
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    incoming(&mut client, &bytes).unwrap_err();
    drop(client);
    let recording = recorder.recording();
    let told_of = diagnosis(&recording);
    assert_eq!(
        (told_of.step, told_of.kind, told_of.fault),
        (6, FailureKind::Connection, Fault::Way)
    );
    assert_told(of_steps(&recording, &[6, 7]), file!["told/flipped-bit.txt"]);
}

#[test]
fn a_flipped_bit_in_the_servers_flight() {
    let mut scene = Scene::new();
    scene.damage = Some(|bytes| {
        let last = bytes.len().saturating_sub(1);
        if let Some(byte) = bytes.get_mut(last) {
            *byte ^= 1;
        }
    });
    let told_of = diagnosis(&scene.refused());
    assert_eq!(told_of.kind, FailureKind::Handshake);
    assert_eq!(told_of.rule, Some("RFC 9846 section 5.2"));
}

#[test]
fn an_answer_that_was_cut_off() {
    let (recorder, ends) = Scene::new().handshake();
    let (mut client, _server) = ends.unwrap();
    client.transport_closed().unwrap_err();
    drop(client);
    let recording = recorder.recording();
    let told_of = diagnosis(&recording);
    assert_eq!((told_of.step, told_of.kind), (6, FailureKind::Connection));
    assert_told(of_steps(&recording, &[6, 7]), file!["told/cut-off.txt"]);
}

#[test]
fn http_that_fails_over_a_sound_connection() {
    let (recorder, ends) = Scene::new().handshake();
    let (mut client, mut server) = ends.unwrap();
    converse(&recorder, &mut client, &mut server, b"rubbish");
    recorder.add(What::HttpFailed {
        reason: "the response breaks the rules of HTTP".to_owned(),
    });
    drop(client);
    let told_of = diagnosis(&recorder.recording());
    assert_eq!((told_of.step, told_of.kind), (6, FailureKind::Http));
}

/// TLS 1.2 has no alert of its own for it (RFC 5246 section 7.4.6).
#[test]
fn no_certificate_where_a_server_of_tls_1_2_wants_one() {
    let mut scene = Scene::new();
    let policy = Policy::compatible().with_versions(&[ProtocolVersion::TLS1_2]).unwrap();
    scene.client = scene.client.with_policy(policy);
    let verifier = PathVerifier::clients(Authority::new(5, "Another Root").anchors(), PathPolicy::private());
    scene.server = scene.server.with_required_client_certificates(Arc::new(verifier));
    let told_of = diagnosis(&scene.refused());
    assert_eq!((told_of.step, told_of.fault), (5, Fault::Client), "{told_of:?}");
    let alert = (Direction::Received, AlertDescription::HANDSHAKE_FAILURE);
    assert_eq!(told_of.alert, Some(alert));
    assert!(
        told_of
            .why
            .iter()
            .any(|why| why.contains("asked for a certificate, none was shown")),
        "{:?}",
        told_of.why
    );
}

/// A connection on which this happens after the handshake.
fn later(happens: impl IntoIterator<Item = What>) -> Diagnosis {
    let (recorder, ends) = Scene::new().handshake();
    ends.unwrap();
    for what in happens {
        recorder.add(what);
    }
    diagnosis(&recorder.recording())
}

fn is_about_one_path(told_of: &Diagnosis) {
    assert_eq!((told_of.step, told_of.fault), (6, Fault::Server), "{told_of:?}");
    assert!(told_of.why.iter().any(|why| why.contains("certificate of the client")));
    assert!(told_of.advice[0].contains("not for one path of it"));
}

#[test]
fn a_server_that_wants_a_certificate_for_one_path() {
    let asks = || What::Message {
        direction: Direction::Received,
        kind: HandshakeType::HELLO_REQUEST,
        bytes: vec![0; 4],
    };
    let alert = AlertReceived {
        description: AlertDescription::HANDSHAKE_FAILURE,
        level: AlertLevel::FATAL,
        protected: true,
        phase: Phase::Application,
    };
    is_about_one_path(&later([asks(), What::Failed(Error::Alert(alert))]));
    is_about_one_path(&later([asks(), What::Failed(Error::Truncated)]));
    is_about_one_path(&later([What::Failed(Error::UnexpectedMessage {
        got: HandshakeType::CERTIFICATE_REQUEST,
        wanted: &[HandshakeType::NEW_SESSION_TICKET],
    })]));
}

/// Which message was too long tells what to make shorter.
#[test]
fn a_message_beyond_the_limits() {
    for (kind, matter) in [
        (HandshakeType::CERTIFICATE_REQUEST, "all authorities"),
        (HandshakeType::CERTIFICATE, "subjectAltName"),
        (HandshakeType::COMPRESSED_CERTIFICATE, "subjectAltName"),
    ] {
        let recorder = Scene::new().connected();
        let limit = Limit::HandshakeMessage { kind, length: 300_000 };
        recorder.add(What::Failed(limit.into()));
        let told_of = diagnosis(&recorder.recording());
        assert!(
            told_of.what.contains(&format!("a {kind} of 300000 bytes")),
            "{}",
            told_of.what
        );
        assert!(
            told_of.why.iter().any(|why| why.contains(matter)),
            "{kind}: {:?}",
            told_of.why
        );
    }
}

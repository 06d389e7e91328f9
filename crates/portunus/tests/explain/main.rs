//! `portunus explain` as a user runs it.

#[path = "../get/tls_server.rs"]
#[expect(dead_code, reason = "the tests of `get` use all of it")]
mod tls_server;

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};
use std::thread;

use tls_server::{Behaviour, Pair, PrivateAuthority, start};

const HELLO: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

/// Runs it with these options in a folder, with no terminal about.
fn explain(folder: &Path, options: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_portunus"))
        .arg("explain")
        .args(options)
        .current_dir(folder)
        .env("PORTUNUS_DATA_DIR", folder.join("data"))
        .env_remove("PORTUNUS_LOG")
        .output()
        .expect("the program runs")
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("it exits by itself")
}

fn told(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("text")
}

/// A server that answers each connection with these bytes, whatever it is asked.
fn stranger(answer: &'static [u8]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let port = listener.local_addr().expect("it is bound").port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut hello = [0; 4_096];
            let _ = stream.read(&mut hello);
            let _ = stream.write_all(answer);
        }
    });
    port
}

#[test]
fn a_connection_is_told_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let pair = Pair::of_own_authority(folder.path(), &["localhost"]);
    let port = start(&pair, Behaviour::Answer(HELLO.to_vec())).port();
    let output = explain(folder.path(), &[&format!("localhost:{port}/secret?path")]);
    let text = told(&output);
    assert_eq!(code(&output), 0, "{text}");
    for expected in [
        "All steps succeeded: TLS 1.3, X25519MLKEM768",
        "✓ 3. The client checks the certificate",
        "GET /secret?path HTTP/1.1",
        "HTTP/1.1 200 OK",
        "the name of the site: localhost",
        "The client said close_notify",
        "All keys and secrets of the connection were wiped",
    ] {
        assert!(text.contains(expected), "{expected:?} in\n{text}");
    }
    assert!(!text.contains('\u{1b}'), "what is no terminal gets no colour");
    assert!(output.stderr.is_empty());
}

#[test]
fn http2_is_spoken_where_it_is_agreed() {
    let folder = tempfile::tempdir().unwrap();
    let pair = Pair::of_own_authority(folder.path(), &["localhost"]);
    let port = start(&pair, Behaviour::Http2).port();
    let output = explain(folder.path(), &[&format!("https://localhost:{port}/")]);
    let text = told(&output);
    assert_eq!(code(&output), 0, "{text}");
    assert!(
        text.contains("GET / HTTP/2") && text.contains("h2 (told encrypted)"),
        "{text}"
    );
    assert!(text.contains("The client said close_notify"), "{text}");
}

#[test]
fn a_refused_certificate_is_told_and_has_curls_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let authority = PrivateAuthority::new("Somebody's authority");
    let root = authority.write_root(folder.path());
    let good = start(
        &authority.issue("app.test", "app", (2020, 2099)),
        Behaviour::Answer(HELLO.to_vec()),
    )
    .port();
    let expired = start(
        &authority.issue("app.test", "app", (2020, 2021)),
        Behaviour::Answer(HELLO.to_vec()),
    )
    .port();
    let ask = |port: u16, options: &[&str]| {
        let own = format!("app.test:{port}:127.0.0.1");
        let url = format!("https://app.test:{port}/");
        explain(folder.path(), &[options, &["--resolve", &own, &url]].concat())
    };
    assert_eq!(code(&ask(good, &["--cacert", &root])), 0);

    let output = ask(good, &[]);
    assert_eq!(code(&output), 60);
    assert!(told(&output).contains("Failed at step 3 of 7"), "{}", told(&output));
    assert!(told(&output).contains("--cacert FILE"), "{}", told(&output));

    let output = ask(expired, &["--cacert", &root]);
    assert_eq!(code(&output), 60);
    assert!(told(&output).contains("has expired"), "{}", told(&output));

    let output = ask(expired, &["-k"]);
    assert_eq!(code(&output), 0);
    assert!(told(&output).contains("nobody checked with whom"), "{}", told(&output));
}

#[test]
fn what_is_no_tls_is_named() {
    let folder = tempfile::tempdir().unwrap();
    for (answer, name) in [
        (&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], "plain HTTP"),
        (b"SSH-2.0-x\r\n", "SSH"),
    ] {
        let output = explain(
            folder.path(),
            &["-k", &format!("https://127.0.0.1:{}/", stranger(answer))],
        );
        assert_eq!(code(&output), 35, "{}", told(&output));
        assert!(told(&output).contains(name), "{}", told(&output));
    }
    let output = explain(folder.path(), &["-k", &format!("https://127.0.0.1:{}/", stranger(b""))]);
    assert_eq!(code(&output), 35, "{}", told(&output));
    assert!(
        told(&output).contains("right after the ClientHello"),
        "{}",
        told(&output)
    );
}

#[test]
fn names_and_ports_that_lead_nowhere_have_curls_exit_codes() {
    let folder = tempfile::tempdir().unwrap();
    let output = explain(folder.path(), &["-k", "https://no-such-name.invalid/"]);
    assert_eq!(code(&output), 6, "{}", told(&output));
    assert!(told(&output).contains("has no address"));
    let unused = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let output = explain(folder.path(), &["-k", &format!("https://127.0.0.1:{unused}/")]);
    assert_eq!(code(&output), 7, "{}", told(&output));
    assert!(told(&output).contains("nothing listens on this port"));
    assert_eq!(code(&explain(folder.path(), &["http://localhost/"])), 1);
    assert_eq!(code(&explain(folder.path(), &["https://"])), 3);
}

#[test]
fn json_is_one_document() {
    let folder = tempfile::tempdir().unwrap();
    let pair = Pair::of_own_authority(folder.path(), &["localhost"]);
    let port = start(&pair, Behaviour::Answer(HELLO.to_vec())).port();
    let output = explain(folder.path(), &["--json", &format!("https://localhost:{port}/")]);
    assert_eq!(code(&output), 0);
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one JSON document");
    assert_eq!(document["outcome"]["ok"], true);
    let names: Vec<_> = document["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["event"].as_str().unwrap())
        .collect();
    for name in [
        "resolved",
        "connected",
        "message",
        "chain_verified",
        "established",
        "request",
        "response",
        "body",
        "keys_discarded",
    ] {
        assert!(names.contains(&name), "{name} in {names:?}");
    }
}

//! Java's JSSE, and Go's crypto/tls with X25519MLKEM768.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use portunus_peers::{GO, JAVA};
use portunus_tls::wire::{CipherSuite, NamedGroup};
use portunus_tls::{ClientConfig, ConnectionInfo, Policy, SessionMemory};
use tokio::io::AsyncWriteExt as _;

use crate::house::{House, KEYS};
use crate::ours::{block_on, connect, exchange};
use crate::process::{Running, run};
use crate::scripts::program;
use crate::site::{PAGE, Site, get};

#[test]
fn java_fetches_over_both_versions_of_http() {
    let Some(java) = JAVA.for_this_test() else { return };
    let site = Site::start();
    let mut command = Command::new(java);
    command.arg(program("Client.java")).arg(site.root_file());
    let said = run(command.arg(site.port.to_string())).succeeded();
    said.says(&format!("HTTP_1_1 200 TLSv1.3\n{PAGE}"))
        .says(&format!("HTTP_2 200 TLSv1.3\n{PAGE}"))
        .says("refused: ");
}

/// What Java says of a connection of ours, which gets new keys on the way, and what we know of it.
fn visit(config: ClientConfig, port: u16, says: &str) -> ConnectionInfo {
    let config = Arc::new(config);
    block_on(async {
        let mut stream = connect(&config, port).await;
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{says}", says.len());
        for close in ["", "Connection: close\r\n"] {
            let request = format!("GET / HTTP/1.1\r\nHost: localhost\r\n{close}\r\n");
            assert_eq!(exchange(&mut stream, &request, answer.len()).await, answer);
            stream.update_keys(true).unwrap();
        }
        let info = stream.info().clone();
        stream.shutdown().await.unwrap();
        info
    })
}

#[test]
fn java_answers_get_and_all_that_both_sides_have() {
    let Some(java) = JAVA.for_this_test() else { return };
    let house = House::new();
    let root = house.root_file();
    let pairs = KEYS.map(|(kind, algorithm)| (kind, house.pair(algorithm)));
    let mut command = Command::new(java);
    command.arg(program("Server.java")).arg(&root);
    for (kind, pair) in &pairs {
        command.arg(kind).arg(&pair.cert).arg(&pair.key);
    }
    let server = Running::start(&mut command);
    let port = |kind: &str| server.wait_for_number(&format!("port {kind} "));

    // Every kind of certificate.
    for (kind, _) in &pairs {
        let page = get(&root, port(kind), "/", &["-v"]).succeeded();
        page.says("The certificate is verified")
            .says("TLSv1.3 TLS_AES_256_GCM_SHA384 nobody\n");
        let posted = get(&root, port(kind), "/", &["-s", "-d", "a=1&b=2"]).succeeded();
        assert_eq!(posted.out, b"a=1&b=2", "{kind}");
    }
    let strangers = House::new();
    let refused = get(&strangers.root_file(), port("RSA"), "/", &[]);
    assert_eq!(refused.status.code(), Some(60), "{}", refused.said);

    // Every suite with every group, with its share at once and only when Java asks for it.
    let port = port("P-256");
    let hybrid = NamedGroup::X25519MLKEM768;
    for suite in Policy::modern().cipher_suites() {
        let says = format!("TLSv1.3 {suite} nobody\n");
        for group in [NamedGroup::X25519, NamedGroup::SECP256R1, NamedGroup::SECP384R1] {
            let policy = Policy::modern().with_cipher_suites(&[*suite]).unwrap();
            let policy = policy.with_groups(&[hybrid, group]).unwrap();
            for (shares, retried) in [([group], false), ([hybrid], true)] {
                let config = house.client().with_policy(policy.clone());
                let info = visit(config.with_key_shares(&shares).unwrap(), port, &says);
                assert_eq!(
                    (info.cipher_suite, info.group, info.retried),
                    (*suite, Some(group), retried)
                );
            }
        }
    }

    // Every kind of certificate of ours, which its tickets stand for as well.
    let suite = CipherSuite::TLS_AES_256_GCM_SHA384;
    for (kind, pair) in &pairs {
        let config = house.client().with_identity(pair.identities());
        let config = config.with_sessions(Arc::new(SessionMemory::default()));
        for resumed in [false, true, true] {
            let info = visit(config.clone(), port, &format!("TLSv1.3 {suite} CN=localhost\n"));
            assert_eq!(info.resumed, resumed, "{kind}");
        }
    }
    let stranger = house.client().with_identity(strangers.pair(KEYS[0].1).identities());
    block_on(async {
        let mut stream = connect(&Arc::new(stranger), port).await;
        let _ = stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await;
        let refused = tokio::io::AsyncReadExt::read(&mut stream, &mut [0; 1]).await;
        assert!(refused.unwrap_err().to_string().contains("certificate"));
    });
}

/// Builds one of the programs, beside the other peers so that the next run finds it built.
fn build(go: &Path, name: &str) -> PathBuf {
    let folder = portunus_peers::folder();
    let built = folder.join("go-programs").join(name.trim_end_matches(".go"));
    let mut command = Command::new(go);
    command
        .args(["build", "-o"])
        .arg(&built)
        .arg(program(name))
        .env("GOCACHE", folder.join("go-cache"))
        .env("GOPATH", folder.join("go-path"))
        .env("GOTOOLCHAIN", "local")
        .env("GOPROXY", "off")
        .env("GOENV", "off")
        .env("GOFLAGS", "")
        .env("CGO_ENABLED", "0");
    run(&mut command).succeeded();
    built
}

#[test]
fn go_agrees_on_x25519mlkem768_as_a_client() {
    let Some(go) = GO.for_this_test() else { return };
    let program = build(&go, "client.go");
    let site = Site::start();
    let mut command = Command::new(program);
    let said = run(command.arg(site.root_file()).arg(site.port.to_string())).succeeded();
    said.says(r#""group": "X25519MLKEM768""#)
        .says("HTTP/2.0 200 X25519MLKEM768 resumed false")
        .says("HTTP/1.1 200 X25519MLKEM768 resumed true")
        .says("certificate signed by unknown authority");
}

#[test]
fn go_agrees_on_x25519mlkem768_as_a_server() {
    let Some(go) = GO.for_this_test() else { return };
    let program = build(&go, "server.go");
    let house = House::new();
    for (kind, algorithm) in KEYS {
        let pair = house.pair(algorithm);
        let server = Running::start(Command::new(&program).arg(&pair.cert).arg(&pair.key));
        let port = server.wait_for_number("port ");
        for (option, version) in [("--http1.1", "HTTP/1.1"), ("--http2", "HTTP/2.0")] {
            let page = get(&house.root_file(), port, "/", &["-s", option, "-d", "a=1"]).succeeded();
            let text = String::from_utf8(page.out).unwrap();
            assert_eq!(text, format!("{version} X25519MLKEM768 a=1"), "{kind}");
        }
    }
}

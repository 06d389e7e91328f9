//! Peers whose sides are programs of a few lines: Python, Node, Java, Go.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use portunus_peers::{NODE, PYTHON};
use portunus_tls::SessionMemory;
use tokio::io::AsyncWriteExt as _;

use crate::house::{House, KEYS};
use crate::ours::{block_on, connect, exchange};
use crate::process::{Running, run};
use crate::site::{Site, get};

pub(crate) fn program(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/peers/programs")
        .join(name)
}

#[test]
fn python_fetches_and_resumes() {
    let Some(python) = PYTHON.for_this_test() else { return };
    let site = Site::start();
    let mut command = Command::new(python);
    command.arg(program("client.py")).arg(site.root_file());
    let said = run(command.arg(site.port.to_string())).succeeded();
    said.says("TLSv1.3 TLS_")
        .says("http/1.1 new\n")
        .says("http/1.1 reused\n")
        .says("refused: unable to get local issuer certificate");
}

#[test]
fn python_answers_get_and_knows_our_certificate() {
    let Some(python) = PYTHON.for_this_test() else { return };
    let house = House::new();
    for (kind, algorithm) in KEYS {
        let pair = house.pair(algorithm);
        let mut command = Command::new(&python);
        command.arg(program("server.py")).arg(&pair.cert).arg(&pair.key);
        let server = Running::start(command.arg(house.root_file()));
        let port = server.wait_for_number("port ");
        let root = house.root_file();
        let page = get(&root, port, "/", &["-s"]).succeeded();
        page.says("TLSv1.3 TLS_").says("new no certificate");
        let posted = get(&root, port, "/", &["-s", "-d", "a=1&b=2"]).succeeded();
        assert_eq!(posted.out, b"a=1&b=2", "{kind}");
        let config = house.client().with_identity(pair.identities());
        let config = Arc::new(config.with_sessions(Arc::new(SessionMemory::default())));
        block_on(async {
            for (line, resumed) in [("new a cert", false), ("reused a cert", true)] {
                let mut stream = connect(&config, port).await;
                let request = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
                let mut answer = exchange(&mut stream, request, 12).await;
                tokio::io::AsyncReadExt::read_to_string(&mut stream, &mut answer)
                    .await
                    .unwrap();
                assert!(
                    answer.starts_with("HTTP/1.1 200") && answer.contains(line),
                    "{kind}: {answer}"
                );
                assert_eq!(stream.info().resumed, resumed, "{kind}");
                stream.shutdown().await.unwrap();
            }
        });
    }
}

#[test]
fn node_fetches_over_both_versions_of_http_and_resumes() {
    let Some(node) = NODE.for_this_test() else { return };
    let site = Site::start();
    let mut command = Command::new(node);
    command.arg(program("client.mjs")).arg(site.root_file());
    let said = run(command.arg(site.port.to_string())).succeeded();
    said.says("https 200 TLS 1.3 x25519 new")
        .says("https 200 TLS 1.3 x25519 reused")
        .says("http2 200 TLS 1.3 h2")
        .says("refused: UNABLE_TO_");
}

#[test]
fn node_answers_get_over_both_versions_of_http() {
    let Some(node) = NODE.for_this_test() else { return };
    let house = House::new();
    for (kind, algorithm) in KEYS {
        let pair = house.pair(algorithm);
        let mut command = Command::new(&node);
        let server = Running::start(command.arg(program("server.mjs")).arg(&pair.cert).arg(&pair.key));
        let port = server.wait_for_number("port ");
        for (option, version) in [("--http1.1", "1.1"), ("--http2", "2.0")] {
            let page = get(&house.root_file(), port, "/", &["-s", option, "-d", "a=1"]).succeeded();
            let text = String::from_utf8(page.out).unwrap();
            assert!(text.starts_with(&format!("{version} TLSv1.3 TLS_")), "{kind}: {text}");
            assert!(text.ends_with(" a=1"), "{kind}: {text}");
        }
    }
}

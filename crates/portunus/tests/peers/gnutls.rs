//! GnuTLS's `gnutls-cli` and `gnutls-serv`.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use portunus_peers::GNUTLS;
use portunus_tls::wire::NamedGroup;
use portunus_tls::{Policy, SessionMemory};
use tokio::io::AsyncWriteExt as _;

use crate::as_server::asks_us_for_a_second_hello;
use crate::house::{House, KEYS, Pair};
use crate::ours::{Server, block_on, connect, exchange};
use crate::process::Running;
use crate::site::get;

/// GnuTLS's name of a suite, and what stands for it in the registry's.
const SUITES: [(&str, &str); 3] = [
    ("AES-128-GCM", "TLS_AES_128_GCM_SHA256"),
    ("AES-256-GCM", "TLS_AES_256_GCM_SHA384"),
    ("CHACHA20-POLY1305", "TLS_CHACHA20_POLY1305_SHA256"),
];

const GROUPS: [(&str, &str); 3] = [
    ("X25519", "x25519"),
    ("SECP256R1", "secp256r1"),
    ("SECP384R1", "secp384r1"),
];

fn priority(suite: &str, groups: &str) -> String {
    format!("NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+{suite}:-GROUP-ALL:{groups}")
}

pub(crate) fn client(gnutls: &Path, house: &House, port: u16, options: &[&str]) -> Running {
    let mut command = Command::new(gnutls);
    command.args(["--port", &port.to_string(), "--sni-hostname", "localhost"]);
    command.args(["--verify-hostname", "localhost", "--x509cafile"]);
    Running::start(command.arg(house.root_file()).args(options).arg("127.0.0.1"))
}

fn talk(mut client: Running) -> String {
    client.type_in("hello\n");
    client.wait_for("got hello");
    client.end().succeeded().said
}

#[test]
fn gnutls_cli_agrees_on_every_suite_and_group() {
    let Some(gnutls) = GNUTLS.for_this_test() else { return };
    let house = House::new();
    let server = Server::start(house.server(&house.pair(KEYS[0].1)));
    for (suite, suite_name) in SUITES {
        for (group, group_name) in GROUPS {
            let priority = priority(suite, &format!("+GROUP-{group}"));
            let said = talk(client(&gnutls, &house, server.port, &["--priority", &priority]));
            assert!(said.contains("The certificate is trusted"), "{said}");
            let info = server.handshake().unwrap();
            assert_eq!(info.cipher_suite.to_string(), suite_name);
            assert_eq!(info.group.unwrap().to_string(), group_name);
        }
    }
}

/// Only a policy that names the group has it.
#[test]
fn gnutls_cli_and_gnutls_serv_agree_on_secp521r1() {
    let Some(gnutls) = GNUTLS.for_this_test() else { return };
    let house = House::new();
    let pair = house.pair(KEYS[0].1);
    let theirs = priority(SUITES[0].0, "+GROUP-SECP521R1");
    let policy = Policy::modern().with_groups(&[NamedGroup::SECP521R1]).unwrap();
    let ours = Server::start(house.server(&pair).with_policy(policy.clone()));
    talk(client(&gnutls, &house, ours.port, &["--priority", &theirs]));
    assert_eq!(ours.handshake().unwrap().group, Some(NamedGroup::SECP521R1));
    let (_server, port) = server(&gnutls, &pair, &["--echo", "--priority", &theirs]);
    let config = Arc::new(house.client().with_policy(policy));
    block_on(async {
        let mut stream = connect(&config, port).await;
        assert_eq!(exchange(&mut stream, "hello\n", 6).await, "hello\n");
        assert_eq!(stream.info().group, Some(NamedGroup::SECP521R1));
        stream.shutdown().await.unwrap();
    });
}

#[test]
fn gnutls_cli_verifies_and_shows_every_kind_of_key() {
    let Some(gnutls) = GNUTLS.for_this_test() else { return };
    let house = House::new();
    for (kind, algorithm) in KEYS {
        let pair = house.pair(algorithm);
        let server = Server::start(house.strict_server(&pair));
        let (cert, key) = (pair.cert.to_str().unwrap(), pair.key.to_str().unwrap());
        let options = ["--x509certfile", cert, "--x509keyfile", key];
        let said = talk(client(&gnutls, &house, server.port, &options));
        assert!(said.contains("The certificate is trusted"), "{kind}: {said}");
        assert_eq!(
            server.handshake().unwrap().client_chain.first(),
            Some(pair.leaf()),
            "{kind}"
        );
    }
}

#[test]
fn gnutls_cli_is_asked_for_a_second_hello() {
    let Some(gnutls) = GNUTLS.for_this_test() else { return };
    let house = House::new();
    let server = Server::start(house.server(&house.pair(KEYS[0].1)));
    let priority = priority("AES-128-GCM", "+GROUP-SECP521R1:+GROUP-SECP384R1");
    let options = ["--priority", &priority, "--single-key-share"];
    talk(client(&gnutls, &house, server.port, &options));
    let info = server.handshake().unwrap();
    assert!(info.retried);
    assert_eq!(info.group.unwrap().to_string(), "secp384r1");
}

#[test]
fn gnutls_cli_resumes() {
    let Some(gnutls) = GNUTLS.for_this_test() else { return };
    let house = House::new();
    let server = Server::start(house.server(&house.pair(KEYS[0].1)));
    let mut client = client(&gnutls, &house, server.port, &["--resume"]);
    client.wait_for("This is a resumed session");
    client.type_in("hello\n");
    client.wait_for("got hello");
    client.end().succeeded();
    assert!(!server.handshake().unwrap().resumed);
    assert!(server.handshake().unwrap().resumed);
}

#[test]
fn gnutls_cli_changes_keys_and_so_do_we() {
    let Some(gnutls) = GNUTLS.for_this_test() else { return };
    let house = House::new();
    let server = Server::start(house.server(&house.pair(KEYS[0].1)));
    let mut client = client(&gnutls, &house, server.port, &["--inline-commands"]);
    // The first asks us for new keys too, the second does not.
    for (times, command) in ["^rekey^\n", "^rekey1^\n"].into_iter().enumerate() {
        client.type_in(command);
        client.wait_for_times("Rekey was completed", times + 1);
        client.type_in("new keys\n");
        client.wait_for_times("got new keys", times + 1);
    }
    talk(client);
}

pub(crate) fn server(gnutls: &Path, pair: &Pair, options: &[&str]) -> (Running, u16) {
    // It cannot be told to take a free port and to say which.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = Command::new(gnutls.with_file_name("gnutls-serv"));
    command.args(["--port", &port.to_string(), "--x509certfile"]);
    command
        .arg(&pair.cert)
        .arg("--x509keyfile")
        .arg(&pair.key)
        .args(options);
    let server = Running::start(&mut command);
    server.wait_for("done");
    (server, port)
}

#[test]
fn get_agrees_with_gnutls_serv_on_every_suite_and_group() {
    let Some(gnutls) = GNUTLS.for_this_test() else { return };
    let house = House::new();
    let pair = house.pair(KEYS[0].1);
    for (suite, _) in SUITES {
        for (group, _) in GROUPS {
            let priority = priority(suite, &format!("+GROUP-{group}"));
            let (_server, port) = server(&gnutls, &pair, &["--http", "--priority", &priority]);
            let page = get(&house.root_file(), port, "/", &["-s"]).succeeded();
            page.says(suite);
        }
    }
}

#[test]
fn gnutls_serv_asks_for_our_certificate_and_resumes() {
    let Some(gnutls) = GNUTLS.for_this_test() else { return };
    let house = House::new();
    let root = house.root_file();
    for (kind, algorithm) in KEYS {
        let pair = house.pair(algorithm);
        let options = [
            "--echo",
            "--require-client-cert",
            "--verify-client-cert",
            "--x509cafile",
            root.to_str().unwrap(),
        ];
        let (_server, port) = server(&gnutls, &pair, &options);
        let config = house.client().with_identity(pair.identities());
        let config = Arc::new(config.with_sessions(Arc::new(SessionMemory::default())));
        block_on(async {
            for resumed in [false, true] {
                let mut stream = connect(&config, port).await;
                assert_eq!(exchange(&mut stream, "hello\n", 6).await, "hello\n", "{kind}");
                assert_eq!(stream.info().resumed, resumed, "{kind}");
                stream.update_keys(true).unwrap();
                assert_eq!(exchange(&mut stream, "again\n", 6).await, "again\n", "{kind}");
                stream.shutdown().await.unwrap();
            }
        });
    }
}

#[test]
fn gnutls_serv_asks_us_for_a_second_hello() {
    let Some(gnutls) = GNUTLS.for_this_test() else { return };
    let house = House::new();
    let (_server, port) = server(&gnutls, &house.pair(KEYS[0].1), &["--echo"]);
    asks_us_for_a_second_hello(&house, port, "hello\n", "hello\n");
}

//! OpenSSL's `s_client` and `s_server`.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use portunus_peers::OPENSSL;
use portunus_tls::wire::NamedGroup;
use portunus_tls::{Policy, SessionMemory};
use tokio::io::AsyncWriteExt as _;

use crate::as_server::asks_us_for_a_second_hello;
use crate::house::{House, KEYS, Pair};
use crate::ours::{Server, block_on, connect, exchange};
use crate::process::Running;
use crate::site::get;

const SUITES: [&str; 3] = [
    "TLS_AES_128_GCM_SHA256",
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
];

/// OpenSSL's name of a group, and the registry's.
const GROUPS: [(&str, &str); 3] = [("X25519", "x25519"), ("P-256", "secp256r1"), ("P-384", "secp384r1")];

fn s_client(openssl: &Path, house: &House, port: u16, options: &[&str]) -> Running {
    let mut command = Command::new(openssl);
    command.args(["s_client", "-tls1_3", "-connect", &format!("127.0.0.1:{port}")]);
    command.args([
        "-servername",
        "localhost",
        "-verify_hostname",
        "localhost",
        "-verify_return_error",
    ]);
    Running::start(command.arg("-CAfile").arg(house.root_file()).args(options))
}

/// One line there and back, and a farewell on both sides; gives what the program said.
fn talk(mut client: Running) -> String {
    client.type_in("hello\n");
    client.wait_for("got hello");
    client.type_in("Q\n");
    client.end().succeeded().said
}

#[test]
fn s_client_agrees_on_every_suite_and_group() {
    let Some(openssl) = OPENSSL.for_this_test() else { return };
    let house = House::new();
    let server = Server::start(house.server(&house.pair(KEYS[0].1)));
    for suite in SUITES {
        for (group, name) in GROUPS {
            let said = talk(s_client(
                &openssl,
                &house,
                server.port,
                &["-ciphersuites", suite, "-groups", group],
            ));
            assert!(said.contains(&format!("Cipher is {suite}")), "{said}");
            let info = server.handshake().unwrap();
            assert_eq!(info.cipher_suite.to_string(), suite);
            assert_eq!(info.group.unwrap().to_string().to_ascii_lowercase(), name);
            assert!(!info.retried);
        }
    }
}

/// Only a policy that names the group has it.
#[test]
fn s_client_and_s_server_agree_on_secp521r1() {
    let Some(openssl) = OPENSSL.for_this_test() else { return };
    let house = House::new();
    let pair = house.pair(KEYS[0].1);
    let policy = Policy::modern().with_groups(&[NamedGroup::SECP521R1]).unwrap();
    let server = Server::start(house.server(&pair).with_policy(policy.clone()));
    talk(s_client(&openssl, &house, server.port, &["-groups", "P-521"]));
    assert_eq!(server.handshake().unwrap().group, Some(NamedGroup::SECP521R1));
    let (_server, port) = s_server(&openssl, &pair, &["-rev", "-groups", "P-521"]);
    let config = Arc::new(house.client().with_policy(policy));
    block_on(async {
        let mut stream = connect(&config, port).await;
        assert_eq!(exchange(&mut stream, "sunutrop\n", 9).await, "portunus\n");
        assert_eq!(stream.info().group, Some(NamedGroup::SECP521R1));
        stream.shutdown().await.unwrap();
    });
}

#[test]
fn s_client_verifies_every_kind_of_key() {
    let Some(openssl) = OPENSSL.for_this_test() else { return };
    let house = House::new();
    for (kind, algorithm) in KEYS {
        let server = Server::start(house.server(&house.pair(algorithm)));
        let said = talk(s_client(&openssl, &house, server.port, &[]));
        assert!(said.contains("Verify return code: 0 (ok)"), "{kind}: {said}");
    }
}

#[test]
fn s_client_is_asked_for_a_second_hello() {
    let Some(openssl) = OPENSSL.for_this_test() else { return };
    let house = House::new();
    let server = Server::start(house.server(&house.pair(KEYS[0].1)));
    for (group, name) in GROUPS {
        // The client sends a share of its first group alone.
        let groups = format!("P-521:{group}");
        talk(s_client(&openssl, &house, server.port, &["-groups", &groups]));
        let info = server.handshake().unwrap();
        assert!(info.retried);
        assert_eq!(info.group.unwrap().to_string().to_ascii_lowercase(), name);
    }
}

#[test]
fn s_client_shows_a_certificate_of_every_kind() {
    let Some(openssl) = OPENSSL.for_this_test() else { return };
    let house = House::new();
    let server = Server::start(house.strict_server(&house.pair(KEYS[0].1)));
    for (kind, algorithm) in KEYS {
        let pair = house.pair(algorithm);
        let options = ["-cert", pair.cert.to_str().unwrap(), "-key", pair.key.to_str().unwrap()];
        talk(s_client(&openssl, &house, server.port, &options));
        let info = server.handshake().unwrap();
        assert_eq!(info.client_chain.first(), Some(pair.leaf()), "{kind}");
    }
    // RFC 9846 section 4.5.2.4: without a certificate, the alert says that one is needed.
    let refused = s_client(&openssl, &house, server.port, &[]);
    refused.wait_for("alert certificate required");
    server.handshake().unwrap_err();
}

#[test]
fn s_client_resumes() {
    let Some(openssl) = OPENSSL.for_this_test() else { return };
    let house = House::new();
    let server = Server::start(house.server(&house.pair(KEYS[0].1)));
    let file = house.folder().join("session");
    let file = file.to_str().unwrap();
    let said = talk(s_client(&openssl, &house, server.port, &["-sess_out", file]));
    assert!(said.contains("New, TLSv1.3"), "{said}");
    assert!(!server.handshake().unwrap().resumed);
    let said = talk(s_client(&openssl, &house, server.port, &["-sess_in", file]));
    assert!(said.contains("Reused, TLSv1.3"), "{said}");
    assert!(server.handshake().unwrap().resumed);
    // It leaves each time before it has read a ticket.
    talk(s_client(&openssl, &house, server.port, &["-reconnect"]));
    for _ in 0..6 {
        server.handshake().unwrap();
    }
}

#[test]
fn s_client_changes_keys_and_so_do_we() {
    let Some(openssl) = OPENSSL.for_this_test() else { return };
    let house = House::new();
    let server = Server::start(house.server(&house.pair(KEYS[0].1)));
    let mut client = s_client(&openssl, &house, server.port, &[]);
    client.type_in("one\n");
    client.wait_for("got one");
    // K asks us for new keys too, k does not.
    for (times, key) in ["K\n", "k\n"].into_iter().enumerate() {
        client.type_in(key);
        client.wait_for_times("KEYUPDATE", times + 1);
        client.type_in("two\n");
        client.wait_for_times("got two", times + 1);
    }
    client.type_in("new keys\n");
    client.wait_for("got new keys");
    talk(client);
}

fn s_server(openssl: &Path, pair: &Pair, options: &[&str]) -> (Running, u16) {
    let mut command = Command::new(openssl);
    command.args(["s_server", "-tls1_3", "-accept", "127.0.0.1:0", "-cert"]);
    command.arg(&pair.cert).arg("-key").arg(&pair.key).args(options);
    let server = Running::start(&mut command);
    let port = server.wait_for_number("ACCEPT 127.0.0.1:");
    (server, port)
}

#[test]
fn get_agrees_with_s_server_on_every_suite_and_group() {
    let Some(openssl) = OPENSSL.for_this_test() else { return };
    let house = House::new();
    let pair = house.pair(KEYS[0].1);
    for suite in SUITES {
        for (group, _) in GROUPS {
            let options = ["-www", "-ciphersuites", suite, "-groups", group];
            let (_server, port) = s_server(&openssl, &pair, &options);
            let page = get(&house.root_file(), port, "/", &["-s"]).succeeded();
            page.says(&format!("Cipher is {suite}"));
        }
    }
}

#[test]
fn get_verifies_every_kind_of_key() {
    let Some(openssl) = OPENSSL.for_this_test() else { return };
    let house = House::new();
    for (kind, algorithm) in KEYS {
        let (_server, port) = s_server(&openssl, &house.pair(algorithm), &["-www"]);
        let page = get(&house.root_file(), port, "/", &["-v"]).succeeded();
        assert!(
            page.said.contains("The certificate is verified"),
            "{kind}: {}",
            page.said
        );
    }
    // The same server, with another authority trusted.
    let (_server, port) = s_server(&openssl, &house.pair(KEYS[0].1), &["-www"]);
    let refused = get(&House::new().root_file(), port, "/", &[]);
    assert_eq!(refused.status.code(), Some(60), "{}", refused.said);
}

#[test]
fn s_server_asks_for_our_certificate() {
    let Some(openssl) = OPENSSL.for_this_test() else { return };
    let house = House::new();
    let root = house.root_file();
    let options = [
        "-rev",
        "-Verify",
        "1",
        "-verify_return_error",
        "-CAfile",
        root.to_str().unwrap(),
    ];
    let (_server, port) = s_server(&openssl, &house.pair(KEYS[0].1), &options);
    for (kind, algorithm) in KEYS {
        let config = Arc::new(house.client().with_identity(house.pair(algorithm).identities()));
        block_on(async {
            let mut stream = connect(&config, port).await;
            assert_eq!(exchange(&mut stream, "sunutrop\n", 9).await, "portunus\n", "{kind}");
            stream.shutdown().await.unwrap();
        });
    }
}

#[test]
fn we_resume_with_s_server() {
    let Some(openssl) = OPENSSL.for_this_test() else { return };
    let house = House::new();
    let (_server, port) = s_server(&openssl, &house.pair(KEYS[0].1), &["-rev"]);
    let config = Arc::new(house.client().with_sessions(Arc::new(SessionMemory::default())));
    block_on(async {
        for resumed in [false, true, true] {
            let mut stream = connect(&config, port).await;
            assert_eq!(exchange(&mut stream, "sunutrop\n", 9).await, "portunus\n");
            assert_eq!(stream.info().resumed, resumed);
            stream.shutdown().await.unwrap();
        }
    });
}

#[test]
fn s_server_asks_us_for_a_second_hello() {
    let Some(openssl) = OPENSSL.for_this_test() else { return };
    let house = House::new();
    let (_server, port) = s_server(&openssl, &house.pair(KEYS[0].1), &["-rev"]);
    asks_us_for_a_second_hello(&house, port, "sunutrop\n", "portunus\n");
}

#[test]
fn s_server_changes_keys_and_so_do_we() {
    let Some(openssl) = OPENSSL.for_this_test() else { return };
    let house = House::new();
    let (mut server, port) = s_server(&openssl, &house.pair(KEYS[0].1), &["-msg"]);
    let config = Arc::new(house.client());
    block_on(async {
        let mut stream = connect(&config, port).await;
        for (times, key, line) in [(1, "K\n", "one\n"), (2, "k\n", "two\n")] {
            server.type_in(key);
            // A command is one only where it is read by itself.
            server.wait_for_times(">>> TLS 1.3, Handshake [length 0005], KeyUpdate", times);
            server.type_in(line);
            assert_eq!(exchange(&mut stream, &format!("before {line}"), 4).await, line);
            stream.update_keys(true).unwrap();
            stream.write_all(format!("after {line}").as_bytes()).await.unwrap();
            stream.flush().await.unwrap();
            server.wait_for(&format!("after {line}"));
        }
        stream.shutdown().await.unwrap();
    });
}

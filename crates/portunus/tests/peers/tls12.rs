//! TLS 1.2 with the programs of OpenSSL, GnuTLS and curl.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use portunus_peers::{CURL, GNUTLS, OPENSSL};
use portunus_tls::wire::{NamedGroup, ProtocolVersion};
use portunus_tls::{ConnectionInfo, Policy, ServerConfig, SessionCache, SessionMemory};
use tokio::io::AsyncWriteExt as _;

use crate::house::{House, KEYS, Pair, of_version};
use crate::ours::{Server, block_on, connect, exchange};
use crate::process::{Running, run};
use crate::site::{PAGE, Site, get};

/// OpenSSL's name of a suite, GnuTLS's of its cipher, and what the registry's ends with.
const SUITES: [(&str, &str, &str); 3] = [
    ("AES128-GCM-SHA256", "AES-128-GCM", "AES_128_GCM_SHA256"),
    ("AES256-GCM-SHA384", "AES-256-GCM", "AES_256_GCM_SHA384"),
    ("CHACHA20-POLY1305", "CHACHA20-POLY1305", "CHACHA20_POLY1305_SHA256"),
];

/// OpenSSL's and GnuTLS's names of the groups for an exchange, with that of the certificate's curve behind, and the registry's.
const GROUPS: [(&str, &str, &str); 3] = [
    ("X25519:P-256", "+GROUP-X25519:+GROUP-SECP256R1", "x25519"),
    ("P-256", "+GROUP-SECP256R1", "secp256r1"),
    ("P-384:P-256", "+GROUP-SECP384R1:+GROUP-SECP256R1", "secp384r1"),
];

/// What a peer said in one line, with the registry's names of suites where it has OpenSSL's.
pub(crate) fn in_registry_names(line: &str) -> String {
    let name = |word: &str| {
        let (authentication, cipher) = word.strip_prefix("ECDHE-")?.split_once('-')?;
        let (.., name) = SUITES.iter().find(|(openssl, ..)| *openssl == cipher)?;
        Some(format!("TLS_ECDHE_{authentication}_WITH_{name}"))
    };
    let words = line
        .split_whitespace()
        .map(|word| name(word).unwrap_or_else(|| word.to_owned()));
    words.collect::<Vec<_>>().join(" ")
}

/// A server of both versions that has tickets, and ids for clients without.
fn config(house: &House, pair: &Pair) -> ServerConfig {
    house.server(pair).with_session_cache(Arc::new(SessionCache::default()))
}

#[track_caller]
fn assert_agreed(info: &ConnectionInfo, authentication: &str, suite: &str) {
    assert_eq!(info.version, ProtocolVersion::TLS1_2);
    assert_eq!(
        info.cipher_suite.to_string(),
        format!("TLS_ECDHE_{authentication}_WITH_{suite}")
    );
    assert!(info.extended_main_secret);
}

fn s_client(openssl: &Path, house: &House, port: u16, options: &[&str]) -> Running {
    let mut command = Command::new(openssl);
    command.args(["s_client", "-tls1_2", "-connect", &format!("127.0.0.1:{port}")]);
    command.args(["-servername", "localhost", "-verify_hostname", "localhost"]);
    command.arg("-verify_return_error");
    Running::start(command.arg("-CAfile").arg(house.root_file()).args(options))
}

/// One line there and back, and a farewell on both sides; gives what the program said.
fn talk(mut client: Running, farewell: &str) -> String {
    client.type_in("hello\n");
    client.wait_for("got hello");
    client.type_in(farewell);
    client.end().succeeded().said
}

#[test]
fn s_client_agrees_on_every_suite_group_and_key() {
    let Some(openssl) = OPENSSL.for_this_test() else { return };
    let house = House::new();
    for (kind, algorithm) in KEYS {
        let authentication = if kind == "RSA" { "RSA" } else { "ECDSA" };
        let server = Server::start(config(&house, &house.pair(algorithm)));
        for (suite, _, name) in SUITES {
            let suite = format!("ECDHE-{authentication}-{suite}");
            let client = s_client(&openssl, &house, server.port, &["-cipher", &suite]);
            assert!(talk(client, "Q\n").contains("Verify return code: 0 (ok)"), "{kind}");
            assert_agreed(&server.handshake().unwrap(), authentication, name);
        }
    }
    for (groups, _, name) in GROUPS {
        let group = group(name);
        let policy = Policy::modern().with_groups(&[group]).unwrap();
        let server = Server::start(config(&house, &house.pair(KEYS[0].1)).with_policy(policy));
        talk(s_client(&openssl, &house, server.port, &["-curves", groups]), "Q\n");
        assert_eq!(server.handshake().unwrap().group, Some(group));
    }
}

/// A group by its name in the registry.
fn group(name: &str) -> NamedGroup {
    *NamedGroup::NAMED
        .iter()
        .find(|group| group.name() == Some(name))
        .unwrap()
}

#[test]
fn s_client_shows_a_certificate_of_every_kind() {
    let Some(openssl) = OPENSSL.for_this_test() else { return };
    let house = House::new();
    let server = Server::start(house.strict_server(&house.pair(KEYS[0].1)));
    for (kind, algorithm) in KEYS {
        let pair = house.pair(algorithm);
        let options = ["-cert", pair.cert.to_str().unwrap(), "-key", pair.key.to_str().unwrap()];
        talk(s_client(&openssl, &house, server.port, &options), "Q\n");
        let info = server.handshake().unwrap();
        assert_eq!(info.client_chain.first(), Some(pair.leaf()), "{kind}");
    }
    // RFC 5246 section 7.4.6.
    let refused = s_client(&openssl, &house, server.port, &[]);
    refused.wait_for("alert handshake failure");
    server.handshake().unwrap_err();
}

#[test]
fn s_client_resumes_by_ticket_and_by_id() {
    let Some(openssl) = OPENSSL.for_this_test() else { return };
    let house = House::new();
    let server = Server::start(config(&house, &house.pair(KEYS[0].1)));
    let file = house.folder().join("session");
    let file = file.to_str().unwrap();
    for tickets in [&[][..], &["-no_ticket"]] {
        let with = |option: &'static str| [tickets, &[option, file]].concat();
        let said = talk(s_client(&openssl, &house, server.port, &with("-sess_out")), "Q\n");
        assert!(said.contains("New, TLSv1.2"), "{said}");
        assert!(!server.handshake().unwrap().resumed);
        for _ in 0..2 {
            let said = talk(s_client(&openssl, &house, server.port, &with("-sess_in")), "Q\n");
            assert!(said.contains("Reused, TLSv1.2"), "{said}");
            assert!(server.handshake().unwrap().resumed);
        }
    }
}

/// RFC 5746 section 4.5: it is refused whether it would be secure or not.
#[test]
fn s_client_may_not_renegotiate() {
    let Some(openssl) = OPENSSL.for_this_test() else { return };
    let house = House::new();
    let server = Server::start(config(&house, &house.pair(KEYS[0].1)));
    let mut client = s_client(&openssl, &house, server.port, &["-msg"]);
    client.type_in("hello\n");
    client.wait_for("got hello");
    client.type_in("R\n");
    client.wait_for("no_renegotiation");
}

/// RFC 7507 section 3.
#[test]
fn s_client_may_not_fall_back() {
    let Some(openssl) = OPENSSL.for_this_test() else { return };
    let house = House::new();
    let server = Server::start(config(&house, &house.pair(KEYS[0].1)));
    let client = s_client(&openssl, &house, server.port, &["-fallback_scsv"]);
    client.wait_for("inappropriate fallback");
    server.handshake().unwrap_err();
}

fn s_server(openssl: &Path, pair: &Pair, options: &[&str]) -> (Running, u16) {
    let mut command = Command::new(openssl);
    command.args(["s_server", "-tls1_2", "-accept", "127.0.0.1:0", "-cert"]);
    command.arg(&pair.cert).arg("-key").arg(&pair.key).args(options);
    let server = Running::start(&mut command);
    let port = server.wait_for_number("ACCEPT 127.0.0.1:");
    (server, port)
}

#[test]
fn get_agrees_with_s_server_on_every_suite_group_and_key() {
    let Some(openssl) = OPENSSL.for_this_test() else { return };
    let house = House::new();
    for (kind, algorithm) in KEYS {
        let authentication = if kind == "RSA" { "RSA" } else { "ECDSA" };
        let pair = house.pair(algorithm);
        for (suite, _, name) in SUITES {
            let suite = format!("ECDHE-{authentication}-{suite}");
            let (_server, port) = s_server(&openssl, &pair, &["-www", "-cipher", &suite]);
            let page = get(&house.root_file(), port, "/", &["-v"]).succeeded();
            page.says(&format!("TLS 1.2, TLS_ECDHE_{authentication}_WITH_{name}"))
                .says("The certificate is verified");
        }
    }
    let pair = house.pair(KEYS[0].1);
    for (groups, _, name) in GROUPS {
        let first = groups.split(':').next().unwrap();
        let (_server, port) = s_server(&openssl, &pair, &["-www", "-curves", first]);
        let page = get(&house.root_file(), port, "/", &["-v"]).succeeded();
        page.says(&format!("key exchange {name}"));
    }
    // Keys in hardware sign in the old form alone.
    let (_server, port) = s_server(&openssl, &house.pair(KEYS[3].1), &["-www", "-sigalgs", "RSA+SHA256"]);
    let page = get(&house.root_file(), port, "/", &["-v"]).succeeded();
    page.says("signed with rsa_pkcs1_sha256");
}

#[test]
fn s_server_asks_for_our_certificate_and_resumes() {
    let Some(openssl) = OPENSSL.for_this_test() else { return };
    let house = House::new();
    let root = house.root_file();
    for tickets in [&[][..], &["-no_ticket"]] {
        let verify = ["-rev", "-Verify", "1", "-verify_return_error", "-CAfile"];
        let options = [&verify[..], &[root.to_str().unwrap()], tickets].concat();
        let (_server, port) = s_server(&openssl, &house.pair(KEYS[0].1), &options);
        for (kind, algorithm) in KEYS {
            let config = house.client().with_identity(house.pair(algorithm).identities());
            let config = Arc::new(config.with_sessions(Arc::new(SessionMemory::default())));
            block_on(async {
                for resumed in [false, true, true] {
                    let mut stream = connect(&config, port).await;
                    assert_eq!(exchange(&mut stream, "sunutrop\n", 9).await, "portunus\n", "{kind}");
                    assert_eq!(stream.info().version, ProtocolVersion::TLS1_2);
                    assert_eq!(stream.info().resumed, resumed, "{kind} {tickets:?}");
                    stream.shutdown().await.unwrap();
                }
            });
        }
    }
}

fn priority(cipher: &str, groups: &str) -> String {
    format!("NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+{cipher}:-GROUP-ALL:{groups}")
}

fn gnutls_cli(gnutls: &Path, house: &House, port: u16, options: &[&str]) -> Running {
    let mut command = Command::new(gnutls);
    command.args(["--port", &port.to_string(), "--sni-hostname", "localhost"]);
    command.args(["--verify-hostname", "localhost", "--x509cafile"]);
    Running::start(command.arg(house.root_file()).args(options).arg("127.0.0.1"))
}

#[test]
fn gnutls_cli_agrees_on_every_suite_and_resumes() {
    let Some(gnutls) = GNUTLS.for_this_test() else { return };
    let house = House::new();
    for (kind, algorithm) in KEYS {
        let authentication = if kind == "RSA" { "RSA" } else { "ECDSA" };
        let pair = house.pair(algorithm);
        let server = Server::start(house.strict_server(&pair));
        let (cert, key) = (pair.cert.to_str().unwrap(), pair.key.to_str().unwrap());
        for (_, cipher, name) in SUITES {
            let priority = priority(cipher, "+GROUP-ALL");
            let options = [
                "--priority",
                &priority,
                "--x509certfile",
                cert,
                "--x509keyfile",
                key,
                "--resume",
            ];
            let client = gnutls_cli(&gnutls, &house, server.port, &options);
            client.wait_for("This is a resumed session");
            talk(client, "");
            for resumed in [false, true] {
                let info = server.handshake().unwrap();
                assert_agreed(&info, authentication, name);
                assert_eq!(info.resumed, resumed, "{kind}");
                assert_eq!(info.client_chain.first(), Some(pair.leaf()), "{kind}");
            }
        }
    }
}

/// RFC 7627 section 5: whoever does not bind the keys to the handshake is refused, unless the policy says otherwise.
#[test]
fn gnutls_cli_without_extended_main_secret() {
    let Some(gnutls) = GNUTLS.for_this_test() else { return };
    let house = House::new();
    let pair = house.pair(KEYS[0].1);
    let priority = "NORMAL:-VERS-ALL:+VERS-TLS1.2:%NO_SESSION_HASH";
    let server = Server::start(config(&house, &pair));
    gnutls_cli(&gnutls, &house, server.port, &["--priority", priority]).wait_for("Handshake failed");
    server.handshake().unwrap_err();
    let server = Server::start(config(&house, &pair).with_policy(Policy::compatible()));
    let client = gnutls_cli(&gnutls, &house, server.port, &["--priority", priority, "--resume"]);
    client.wait_for("This is a resumed session");
    talk(client, "");
    for _ in 0..2 {
        assert!(!server.handshake().unwrap().extended_main_secret);
    }
}

fn gnutls_serv(gnutls: &Path, pair: &Pair, options: &[&str]) -> (Running, u16) {
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
fn gnutls_serv_agrees_with_us_and_resumes() {
    let Some(gnutls) = GNUTLS.for_this_test() else { return };
    let house = House::new();
    let root = house.root_file();
    for (kind, algorithm) in KEYS {
        let authentication = if kind == "RSA" { "RSA" } else { "ECDSA" };
        let pair = house.pair(algorithm);
        for (_, cipher, name) in SUITES {
            let priority = priority(cipher, "+GROUP-ALL");
            let ask = [
                "--echo",
                "--require-client-cert",
                "--verify-client-cert",
                "--x509cafile",
            ];
            let options = [&ask[..], &[root.to_str().unwrap(), "--priority", &priority]].concat();
            let (_server, port) = gnutls_serv(&gnutls, &pair, &options);
            let config = house.client().with_identity(pair.identities());
            let config = Arc::new(config.with_sessions(Arc::new(SessionMemory::default())));
            block_on(async {
                for resumed in [false, true] {
                    let mut stream = connect(&config, port).await;
                    assert_eq!(exchange(&mut stream, "hello\n", 6).await, "hello\n", "{kind}");
                    assert_agreed(stream.info(), authentication, name);
                    assert_eq!(stream.info().resumed, resumed, "{kind}");
                    stream.shutdown().await.unwrap();
                }
            });
        }
    }
}

/// Only a policy that names the group has it.
#[test]
fn gnutls_agrees_on_secp521r1() {
    let Some(gnutls) = GNUTLS.for_this_test() else { return };
    let house = House::new();
    let pair = house.pair(KEYS[3].1);
    let priority = priority(SUITES[0].1, "+GROUP-SECP521R1");
    let policy = Policy::modern().with_groups(&[NamedGroup::SECP521R1]).unwrap();
    let server = Server::start(house.server(&pair).with_policy(policy.clone()));
    let client = gnutls_cli(&gnutls, &house, server.port, &["--priority", &priority]);
    talk(client, "");
    assert_eq!(server.handshake().unwrap().group, Some(NamedGroup::SECP521R1));
    let (_server, port) = gnutls_serv(&gnutls, &pair, &["--echo", "--priority", &priority]);
    let config = Arc::new(house.client().with_policy(policy));
    block_on(async {
        let mut stream = connect(&config, port).await;
        assert_eq!(exchange(&mut stream, "hello\n", 6).await, "hello\n");
        assert_agreed(stream.info(), "RSA", SUITES[0].2);
        assert_eq!(stream.info().group, Some(NamedGroup::SECP521R1));
        stream.shutdown().await.unwrap();
    });
}

#[test]
fn curl_of_tls_1_2_sees_its_connection() {
    let Some(curl) = CURL.for_this_test() else { return };
    let site = Site::start();
    let root = site.root_file();
    let fetch = |path: &str, options: &[&str]| {
        let mut command = Command::new(&curl);
        command.args(["-q", "--noproxy", "*", "-sS", "--tls-max", "1.2", "--cacert"]);
        run(command.arg(&root).args(options).arg(site.url(path))).succeeded()
    };
    let facts = "/.portunus/connection?format=json";
    for (option, protocol) in [("--http1.1", "http/1.1"), ("--http2", "h2")] {
        assert_eq!(fetch("/page.txt", &[option]).out, PAGE.as_bytes());
        fetch(facts, &[option])
            .says(r#""version": "TLS 1.2""#)
            .says(&format!(r#""application_protocol": "{protocol}""#));
    }
    for (suite, _, name) in SUITES {
        let suite = format!("ECDHE-ECDSA-{suite}");
        fetch(facts, &["--ciphers", &suite]).says(&format!(r#""cipher_suite": "TLS_ECDHE_ECDSA_WITH_{name}""#));
    }
    // The third is not the server's first choice among its two.
    for (groups, _, name) in &GROUPS[..2] {
        fetch(facts, &["--curves", groups]).says(&format!(r#""group": "{name}""#));
    }
}

/// Both of ours, over sockets.
#[test]
fn our_streams_speak_it_with_each_other() {
    let house = House::new();
    let policy = of_version(ProtocolVersion::TLS1_2);
    let server = Server::start(config(&house, &house.pair(KEYS[0].1)).with_policy(policy));
    let config = Arc::new(house.client().with_sessions(Arc::new(SessionMemory::default())));
    block_on(async {
        for resumed in [false, true] {
            let mut stream = connect(&config, server.port).await;
            assert_eq!(exchange(&mut stream, "hello\n", 10).await, "got hello\n");
            assert_eq!(stream.info().version, ProtocolVersion::TLS1_2);
            assert_eq!(stream.info().resumed, resumed);
            stream.shutdown().await.unwrap();
        }
    });
}

//! RSA key transport with the programs of OpenSSL and GnuTLS, and by our own commands.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use portunus_peers::{GNUTLS, OPENSSL};
use portunus_tls::wire::CipherSuite;
use portunus_tls::{Policy, SessionCache, SessionMemory};
use tokio::io::AsyncWriteExt as _;

use crate::house::{House, KEYS, Pair};
use crate::ours::{Server, block_on, connect, exchange};
use crate::process::{Running, run};
use crate::site::{PAGE, Site, get, portunus};

/// OpenSSL's name of a suite, GnuTLS's of its cipher, and the registry's.
const SUITES: [(&str, &str, &str); 2] = [
    ("AES128-GCM-SHA256", "AES-128-GCM", "TLS_RSA_WITH_AES_128_GCM_SHA256"),
    ("AES256-GCM-SHA384", "AES-256-GCM", "TLS_RSA_WITH_AES_256_GCM_SHA384"),
];

fn rsa(house: &House) -> Pair {
    house.pair(KEYS[3].1)
}

fn allowed() -> Policy {
    Policy::modern().allow_rsa_key_transport_without_forward_secrecy()
}

/// A server that allows it, and has tickets, and ids for clients without.
fn server(house: &House, pair: &Pair) -> Server {
    let config = house.server(pair).with_policy(allowed());
    Server::start(config.with_session_cache(Arc::new(SessionCache::default())))
}

/// A client of nothing else.
fn client(house: &House) -> Arc<portunus_tls::ClientConfig> {
    let suites = [
        CipherSuite::TLS_RSA_WITH_AES_128_GCM_SHA256,
        CipherSuite::TLS_RSA_WITH_AES_256_GCM_SHA384,
    ];
    let config = house
        .client()
        .with_policy(allowed().with_cipher_suites(&suites).unwrap());
    Arc::new(config.with_sessions(Arc::new(SessionMemory::default())))
}

#[test]
fn s_client_sends_its_secret_under_our_key_and_resumes() {
    let Some(openssl) = OPENSSL.for_this_test() else { return };
    let house = House::new();
    let server = server(&house, &rsa(&house));
    let file = house.folder().join("session");
    for (suite, _, name) in SUITES {
        for (option, resumed) in [("-sess_out", false), ("-sess_in", true)] {
            let mut command = Command::new(&openssl);
            command.args(["s_client", "-tls1_2", "-cipher", suite, "-connect"]);
            command.arg(format!("127.0.0.1:{}", server.port)).arg("-CAfile");
            command.arg(house.root_file()).arg("-verify_return_error");
            let mut client = Running::start(command.arg(option).arg(&file));
            client.type_in("hello\n");
            client.wait_for("got hello");
            client.type_in("Q\n");
            client.end().succeeded();
            let info = server.handshake().unwrap();
            assert_eq!(
                (info.cipher_suite.to_string(), info.resumed),
                (name.to_owned(), resumed)
            );
        }
    }
    // One that has something better gets that.
    let mut command = Command::new(&openssl);
    command.args([
        "s_client",
        "-tls1_2",
        "-cipher",
        "AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256",
        "-connect",
    ]);
    let client = Running::start(command.arg(format!("127.0.0.1:{}", server.port)));
    client.wait_for("Cipher is ECDHE-RSA-AES128-GCM-SHA256");
}

#[test]
fn s_server_reads_our_secret() {
    let Some(openssl) = OPENSSL.for_this_test() else { return };
    let house = House::new();
    let pair = rsa(&house);
    for (suite, _, name) in SUITES {
        let start = |options: &[&str]| {
            let mut command = Command::new(&openssl);
            command.args([
                "s_server",
                "-tls1_2",
                "-cipher",
                suite,
                "-accept",
                "127.0.0.1:0",
                "-cert",
            ]);
            command.arg(&pair.cert).arg("-key").arg(&pair.key).args(options);
            let server = Running::start(&mut command);
            let port = server.wait_for_number("ACCEPT 127.0.0.1:");
            (server, port)
        };
        let (_server, port) = start(&["-rev"]);
        let config = client(&house);
        block_on(async {
            for resumed in [false, true] {
                let mut stream = connect(&config, port).await;
                assert_eq!(exchange(&mut stream, "sunutrop\n", 9).await, "portunus\n");
                assert_eq!(stream.info().cipher_suite.to_string(), name);
                assert_eq!(stream.info().resumed, resumed);
                stream.shutdown().await.unwrap();
            }
        });
        let (_server, port) = start(&["-www"]);
        get(&house.root_file(), port, "/", &["-v", "--legacy-rsa"])
            .succeeded()
            .says(&format!(
                "TLS 1.2, {name}, RSA key transport (no forward secrecy), not signed"
            ))
            .says("warning: --legacy-rsa: without forward secrecy");
        // Without being asked by name we do not.
        let refused = get(&house.root_file(), port, "/", &[]);
        assert_eq!(refused.status.code(), Some(35), "{}", refused.said);
    }
}

fn priority(cipher: &str) -> String {
    format!("NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+RSA:-CIPHER-ALL:+{cipher}")
}

#[test]
fn gnutls_cli_sends_its_secret_under_our_key_and_resumes() {
    let Some(gnutls) = GNUTLS.for_this_test() else { return };
    let house = House::new();
    let server = server(&house, &rsa(&house));
    for (_, cipher, name) in SUITES {
        let mut command = Command::new(&gnutls);
        command.args(["--port", &server.port.to_string(), "--sni-hostname", "localhost"]);
        command.args([
            "--verify-hostname",
            "localhost",
            "--resume",
            "--priority",
            &priority(cipher),
        ]);
        command.arg("--x509cafile").arg(house.root_file());
        let mut client = Running::start(command.arg("127.0.0.1"));
        client.wait_for("This is a resumed session");
        client.type_in("hello\n");
        client.wait_for("got hello");
        for resumed in [false, true] {
            let info = server.handshake().unwrap();
            assert_eq!(
                (info.cipher_suite.to_string(), info.resumed),
                (name.to_owned(), resumed)
            );
        }
    }
}

#[test]
fn gnutls_serv_reads_our_secret_and_resumes() {
    let Some(gnutls) = GNUTLS.for_this_test() else { return };
    let house = House::new();
    let pair = rsa(&house);
    for (_, cipher, name) in SUITES {
        // It cannot be told to take a free port and to say which.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new(gnutls.with_file_name("gnutls-serv"));
        command.args(["--echo", "--port", &port.to_string(), "--priority", &priority(cipher)]);
        command
            .arg("--x509certfile")
            .arg(&pair.cert)
            .arg("--x509keyfile")
            .arg(&pair.key);
        let server = Running::start(&mut command);
        server.wait_for("done");
        let config = client(&house);
        block_on(async {
            for resumed in [false, true] {
                let mut stream = connect(&config, port).await;
                assert_eq!(exchange(&mut stream, "hello\n", 6).await, "hello\n");
                assert_eq!(stream.info().cipher_suite.to_string(), name);
                assert_eq!(stream.info().resumed, resumed);
                stream.shutdown().await.unwrap();
            }
        });
    }
}

/// `serve`, `get` and `explain` with `--legacy-rsa`.
#[test]
fn our_commands_speak_it_with_each_other() {
    let house = House::new();
    let pair = rsa(&house);
    let options = ["--legacy-rsa", "--cert", "--key"].map(Path::new);
    let site = Site::with_options(&[options[0], options[1], &pair.cert, options[2], &pair.key]);
    site.server
        .wait_for("--legacy-rsa lets clients connect without forward secrecy");
    let page = get(&house.root_file(), site.port, "/page.txt", &["-v", "--legacy-rsa"]).succeeded();
    assert_eq!(page.out, PAGE.as_bytes());
    page.says("TLS 1.2, TLS_RSA_WITH_AES_128_GCM_SHA256, RSA key transport (no forward secrecy), not signed");
    // Who does not want it by name gets the best that there is.
    get(&house.root_file(), site.port, "/page.txt", &["-v"])
        .succeeded()
        .says("TLS 1.3");
    let mut command = portunus(house.folder());
    command
        .args(["explain", "--legacy-rsa", "--cacert"])
        .arg(house.root_file());
    command.args(["--resolve", &format!("localhost:{}:127.0.0.1", site.port)]);
    let story = run(command.arg(site.url("/page.txt"))).succeeded();
    for expected in [
        "TLS 1.2, RSA key transport,",
        "The client sends a secret that only the private key opens",
        "with the certificate's RSA key of 2,048 bits",
        "There is no forward secrecy",
        "There is no signature.",
        "main_secret",
    ] {
        story.says(expected);
    }
}

#[test]
fn serve_refuses_a_key_that_clients_cannot_encrypt_with() {
    let house = House::new();
    let pair = house.pair(KEYS[0].1);
    let mut command = portunus(house.folder());
    command.args(["serve", "--listen", "127.0.0.1:0", "--legacy-rsa", "--cert"]);
    command.arg(&pair.cert).arg("--key").arg(&pair.key);
    let refused = run(command.arg(house.folder()));
    assert!(!refused.status.success());
    assert!(refused.said.contains("with --legacy-rsa"), "{}", refused.said);
    assert!(refused.said.contains("it takes an RSA certificate"), "{}", refused.said);
}

//! curl as the client of `portunus serve`.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use portunus_peers::CURL;
use portunus_tls::SessionCache;

use crate::house::{House, KEYS, VERSIONS};
use crate::ours::Server;
use crate::process::{Ended, run};
use crate::site::{PAGE, Site};

#[test]
fn curl_fetches_over_http1_and_http2() {
    let Some(curl) = CURL.for_this_test() else { return };
    let site = Site::start();
    let root = site.root_file();
    let fetch = |path: &str, options: &[&str]| -> Ended {
        let mut command = Command::new(&curl);
        command
            .args(["-q", "--noproxy", "*", "-sS", "--tlsv1.3", "--cacert"])
            .arg(&root);
        run(command.args(options).arg(site.url(path)))
    };
    for (option, version) in [("--http1.1", "1.1"), ("--http2", "2")] {
        let page = fetch("/page.txt", &[option, "-w", "\n%{http_version} %{http_code}"]).succeeded();
        assert_eq!(
            String::from_utf8(page.out).unwrap(),
            format!("{PAGE}\n{version} 200"),
            "{option}"
        );
        let part = fetch("/page.txt", &[option, "-r", "4-7"]).succeeded();
        assert_eq!(part.out, b"page", "{option}");
        let head = fetch("/page.txt", &[option, "-I"]).succeeded();
        head.says("200").says(&PAGE.len().to_string());
        let missing = fetch("/missing", &[option, "-f"]);
        assert_eq!(missing.status.code(), Some(22), "{}", missing.said);
    }
    for (option, group) in [
        ("X25519", "x25519"),
        ("P-256", "secp256r1"),
        ("P-384", "secp384r1"),
        ("P-521:P-256", "secp256r1"),
    ] {
        let connection = fetch("/.portunus/connection?format=json", &["--curves", option]).succeeded();
        let retried = option.contains(':');
        connection
            .says(r#""version": "TLS 1.3""#)
            .says(&format!(r#""group": "{group}""#))
            .says(&format!(r#""hello_retry_request": {retried}"#))
            .says(r#""application_protocol": "h2""#);
    }
    for suite in [
        "TLS_AES_128_GCM_SHA256",
        "TLS_AES_256_GCM_SHA384",
        "TLS_CHACHA20_POLY1305_SHA256",
    ] {
        let connection = fetch("/.portunus/connection?format=json", &["--tls13-ciphers", suite]).succeeded();
        connection.says(&format!(r#""cipher_suite": "{suite}""#));
    }
}

#[test]
fn curl_trusts_no_other_authority() {
    let Some(curl) = CURL.for_this_test() else { return };
    let (site, other) = (Site::start(), Site::start());
    let mut command = Command::new(curl);
    command.args(["-q", "--noproxy", "*", "-sS", "--cacert"]);
    let refused = run(command.arg(other.root_file()).arg(site.url("/page.txt")));
    assert_eq!(refused.status.code(), Some(60), "{}", refused.said);
}

#[test]
fn curl_verifies_certificates_from_files() {
    let Some(curl) = CURL.for_this_test() else { return };
    let house = House::new();
    for (kind, algorithm) in KEYS {
        let pair = house.pair(algorithm);
        let site = Site::with_options(&["--cert".as_ref(), &pair.cert, "--key".as_ref(), &pair.key]);
        let mut command = Command::new(&curl);
        command
            .args(["-q", "--noproxy", "*", "-sS", "--cacert"])
            .arg(house.root_file());
        let page = run(command.arg(site.url("/page.txt"))).succeeded();
        assert_eq!(page.out, PAGE.as_bytes(), "{kind}");
    }
}

#[test]
fn curl_shows_a_certificate_of_every_kind_and_resumes() {
    let Some(curl) = CURL.for_this_test() else { return };
    let house = House::new();
    let fetch = |port: u16, version: &str, options: &[&Path]| -> Ended {
        let mut command = Command::new(&curl);
        command
            .args(["-q", "--noproxy", "*", "-sS", "--tls-max", version, "--cacert"])
            .arg(house.root_file());
        // The server closes after each answer; the sessions stay in the process.
        let page = format!("https://localhost:{port}/");
        run(command.args(options).args([&page; 3]))
    };
    for (kind, algorithm) in KEYS {
        let pair = house.pair(algorithm);
        // In TLS 1.2 curl takes no tickets, but ids.
        let cache = Arc::new(SessionCache::default());
        let server = Server::start(house.strict_server(&pair).with_session_cache(cache));
        let shown = ["--cert".as_ref(), &*pair.cert, "--key".as_ref(), &*pair.key];
        // RFC 9846 section 4.5.2.4, and RFC 5246 section 7.4.6.
        for ((version, _), (option, refusal)) in VERSIONS
            .into_iter()
            .zip([("1.3", "certificate required"), ("1.2", "handshake failure")])
        {
            fetch(server.port, option, &shown).succeeded();
            let infos: Vec<_> = (0..3).map(|_| server.handshake().unwrap()).collect();
            for info in &infos {
                assert_eq!(info.client_chain.first(), Some(pair.leaf()), "{kind}, {version}");
                assert_eq!(info.version, version, "{kind}");
            }
            let resumed: Vec<_> = infos.iter().map(|info| info.resumed).collect();
            assert_eq!(resumed, [false, true, true], "{kind}, {version}");
            fetch(server.port, option, &[]).says(refusal);
            for _ in 0..3 {
                server.handshake().unwrap_err();
            }
        }
    }
}

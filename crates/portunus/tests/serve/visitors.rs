//! What visitors get.

use std::process::Command;

use crate::program::{Serving, portunus};
use crate::{folder, run, site, text};

#[test]
fn curl_visits_over_both_versions() {
    let Some(curl) = portunus_peers::CURL.for_this_test() else {
        return;
    };
    let folder = folder(&[("a.txt", b"hello")]);
    let serving = Serving::start(folder.path(), &[]);
    for (flag, version) in [("--http1.1", "1.1"), ("--http2", "2")] {
        let options = [flag, "-w", " %{http_version} %{http_code}", &serving.url("/a.txt")];
        let output = serving.curl(&curl, &options);
        assert_eq!(
            text(&output.stdout),
            format!("hello {version} 200"),
            "{}",
            text(&output.stderr)
        );
    }
    let by_address = format!("https://127.0.0.1:{}/a.txt", serving.port);
    assert_eq!(text(&serving.curl(&curl, &[&by_address]).stdout), "hello");
    let untrusting = run(Command::new(&curl).args(["-sS", &serving.url("/")]));
    assert_eq!(untrusting.status.code(), Some(60));
    let log = serving.log();
    assert!(log.contains("GET /a.txt HTTP/1.1 200 5 B"), "{log}");
    assert!(log.contains("GET /a.txt HTTP/2.0 200 5 B"), "{log}");
    assert!(log.contains("TLS 1.3 TLS_AES_"), "{log}");
}

#[test]
fn portunus_visits() {
    let folder = folder(&[("a.txt", b"hello")]);
    let serving = Serving::start(folder.path(), &[]);
    let output = run(portunus(folder.path()).args(["get", &serving.url("/a.txt")]));
    assert_eq!(text(&output.stdout), "hello", "{}", text(&output.stderr));
    let page = run(portunus(folder.path()).args(["get", &serving.url("/.portunus/connection?format=json")]));
    let page = text(&page.stdout);
    for fact in [
        "\"group\": \"X25519MLKEM768\"",
        "\"application_protocol\": \"h2\"",
        "\"server_name\": \"localhost\"",
    ] {
        assert!(page.contains(fact), "{fact}: {page}");
    }
}

#[test]
fn a_client_that_does_not_trust_us_is_named_in_the_log() {
    let Some(curl) = portunus_peers::CURL.for_this_test() else {
        return;
    };
    let folder = folder(&[]);
    let serving = Serving::start(folder.path(), &[]);
    let _ = run(Command::new(&curl).args(["-sS", &serving.url("/")]));
    // The handshake's end is noted a moment after curl's: the next visit is later still.
    serving.curl(&curl, &[&serving.url("/")]);
    let log = serving.log();
    assert!(log.contains("unknown_ca") && !log.contains("record MAC"), "{log}");
}

#[test]
fn a_server_name_that_is_no_host_name_is_served_and_logged() {
    let Some(openssl) = portunus_peers::OPENSSL.for_this_test() else {
        return;
    };
    let folder = folder(&[]);
    let serving = Serving::start(folder.path(), &[]);
    for (name, shown) in [
        ("127.0.0.1", "127.0.0.1"),
        ("a..b", "a..b"),
        ("[::1]\u{1b}[2J\u{202e}\r\n", "[::1]\\u{1b}[2J\\u{202e}\\r\\n"),
    ] {
        let visit = run(Command::new(&openssl)
            .args(["s_client", "-connect", &format!("127.0.0.1:{}", serving.port)])
            .args(["-servername", name])
            .stdin(std::process::Stdio::null()));
        assert!(visit.status.success(), "{name:?}: {}", text(&visit.stderr));
        let expected = format!("asked for what is no host name: {shown}\n");
        // The log may be a moment behind the visitor.
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
        while !serving.log().contains(&expected) {
            assert!(std::time::Instant::now() < deadline, "{name:?}: {}", serving.log());
            std::thread::yield_now();
        }
    }
    assert!(!serving.log().contains(['\u{1b}', '\u{202e}']));
}

#[test]
fn plain_http_is_told_where_to_go() {
    let Some(curl) = portunus_peers::CURL.for_this_test() else {
        return;
    };
    let folder = folder(&[]);
    let serving = Serving::start(folder.path(), &[]);
    let plain = format!("http://localhost:{}/x", serving.port);
    let output = run(Command::new(&curl).args(["-sS", "-w", "%{http_code}", &plain]));
    let expected = format!("Use {}\n400", serving.url("/x"));
    assert!(text(&output.stdout).ends_with(&expected), "{}", text(&output.stdout));
}

#[test]
fn names_beside_our_own_are_certified() {
    let Some(curl) = portunus_peers::CURL.for_this_test() else {
        return;
    };
    let folder = folder(&[("a.txt", b"hello")]);
    let serving = Serving::start(folder.path(), &["--name", "app.test"]);
    let resolve = format!("app.test:{}:127.0.0.1", serving.port);
    let url = format!("https://app.test:{}/a.txt", serving.port);
    let output = serving.curl(&curl, &["--resolve", &resolve, &url]);
    assert_eq!(text(&output.stdout), "hello", "{}", text(&output.stderr));
    assert!(serving.banner.contains("app.test"), "{}", serving.banner);

    let refused = run(portunus(folder.path()).args(["serve", "--listen", "127.0.0.1:0", "--name", "bank.example"]));
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        text(&refused.stderr).contains("ca init --permit"),
        "{}",
        text(&refused.stderr)
    );
}

#[test]
fn a_session_goes_on() {
    let Some(openssl) = portunus_peers::OPENSSL.for_this_test() else {
        return;
    };
    let folder = folder(&[]);
    let serving = Serving::start(folder.path(), &[]);
    let address = format!("localhost:{}", serving.port);
    let session = folder.path().join("session");
    let visit = |how: &str| {
        // Without ALPN HTTP/1.1 is spoken; the answer's end is the connection's.
        let request =
            "printf 'GET /.portunus/connection?format=json HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n'";
        let command = format!(
            "{request} | '{}' s_client -connect {address} -servername localhost -CAfile '{}' -ign_eof {how} '{}' 2>&1",
            openssl.display(),
            serving.root().display(),
            session.display(),
        );
        text(&run(Command::new("sh").args(["-c", &command])).stdout)
    };
    let first = visit("-sess_out");
    assert!(
        first.contains("\"resumed\": false") && first.contains("Verify return code: 0"),
        "{first}"
    );
    let second = visit("-sess_in");
    assert!(
        second.contains("\"resumed\": true") && second.contains("Reused, TLSv1.3"),
        "{second}"
    );
    assert!(serving.log().contains(" resumed"), "{}", serving.log());
}

#[test]
fn the_banner_says_what_where_and_how() {
    let folder = folder(&[]);
    let keys = folder.path().join("keys");
    let serving = Serving::start(folder.path(), &["--key-log", keys.to_str().expect("a path")]);
    let root = folder.path().join("data/ca/root.pem");
    for part in [
        format!(
            "serving      {}\n",
            site(folder.path()).canonicalize().expect("a site").display()
        ),
        format!("at           {}\n", serving.url("/")),
        "this machine's own authority\n".to_owned(),
        "valid until  20".to_owned(),
        format!("curl --cacert <(portunus ca root) {}\n", serving.url("/")),
        format!("import {} as an authority", root.display()),
        "WARNING".to_owned(),
    ] {
        assert!(serving.banner.contains(&part), "{part}: {}", serving.banner);
    }
}

#[test]
fn the_key_log_is_the_owners_alone() {
    let Some(curl) = portunus_peers::CURL.for_this_test() else {
        return;
    };
    let folder = folder(&[]);
    let keys = folder.path().join("keys");
    let serving = Serving::start(folder.path(), &["--key-log", keys.to_str().expect("a path")]);
    serving.curl(&curl, &[&serving.url("/")]);
    let log = std::fs::read_to_string(&keys).expect("a key log");
    for label in [
        "CLIENT_HANDSHAKE_TRAFFIC_SECRET ",
        "SERVER_TRAFFIC_SECRET_0 ",
        "EXPORTER_SECRET ",
    ] {
        assert!(log.contains(label), "{label}: {log}");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(
            std::fs::metadata(&keys).expect("a file").permissions().mode() & 0o777,
            0o600
        );
    }
}

/// A server that has just started cannot know what was taken before; it says so to nobody, and does not take it.
#[test]
fn early_data_is_off_until_it_is_asked_for_and_for_a_while_after_the_start() {
    let Some(openssl) = portunus_peers::OPENSSL.for_this_test() else {
        return;
    };
    for (options, allowed) in [
        (&[][..], "Max Early Data: 0"),
        (&["--early-data"], "Max Early Data: 16384"),
    ] {
        let folder = folder(&[("early", b"GET /early HTTP/1.0\r\n\r\n")]);
        let serving = Serving::start(folder.path(), options);
        let root = serving.root();
        let (session, early) = (folder.path().join("session"), site(folder.path()).join("early"));
        let visit = |options: &[&std::ffi::OsStr]| {
            let visit = run(Command::new(&openssl)
                .args(["s_client", "-tls1_3", "-ign_eof", "-servername", "localhost", "-CAfile"])
                .arg(&root)
                .args(["-connect", &format!("127.0.0.1:{}", serving.port)])
                .args(options)
                .stdin(std::fs::File::open(&early).expect("a file")));
            text(&visit.stdout).clone()
        };
        let first = visit(&["-sess_out".as_ref(), session.as_ref()]);
        assert!(first.contains(allowed), "{first}");
        if !options.is_empty() {
            let again = visit(&[
                "-sess_in".as_ref(),
                session.as_ref(),
                "-early_data".as_ref(),
                early.as_ref(),
            ]);
            assert!(
                again.contains("Early data was rejected") && again.contains("200 OK"),
                "{again}"
            );
        }
    }
}

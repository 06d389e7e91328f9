//! `portunus get` over TLS: whom it trusts, what it says when it does not, and how a cut connection ends.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::process::Output;
use std::thread;

use crate::server::{Server, Then};
use crate::side_by_side::curl;
use crate::tls_server::{Behaviour, Pair, PrivateAuthority, start};
use crate::{code, portunus, text};

const HELLO: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

fn hello() -> Behaviour {
    Behaviour::Answer(HELLO.to_vec())
}

/// Asks for a page of a server by name, whatever its address.
fn get(folder: &Path, name: &str, port: u16, options: &[&str]) -> Output {
    let own = format!("{name}:{port}:127.0.0.1");
    portunus(
        folder,
        &[
            options,
            &["--resolve", &own, &format!("https://{name}:{port}/file.txt")],
        ]
        .concat(),
    )
}

#[test]
fn the_own_authority_is_trusted_without_a_word() {
    let folder = tempfile::tempdir().unwrap();
    let port = start(
        &Pair::of_own_authority(folder.path(), &["localhost", "127.0.0.1"]),
        hello(),
    )
    .port();
    for host in ["localhost", "127.0.0.1"] {
        let output = portunus(folder.path(), &[&format!("{host}:{port}/x")]);
        assert_eq!(
            (code(&output), text(&output.stdout)),
            (0, "hello".to_owned()),
            "{}",
            text(&output.stderr)
        );
        assert!(output.stderr.is_empty());
    }
    let elsewhere = tempfile::tempdir().unwrap();
    let output = portunus(elsewhere.path(), &[&format!("https://localhost:{port}/x")]);
    assert_eq!(code(&output), 60, "another user does not have this authority");
    assert!(!elsewhere.path().join("data").exists(), "asking makes no authority");
}

#[test]
fn certificates_are_refused_with_the_reason_and_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let authority = PrivateAuthority::new("Example authority");
    let root = authority.write_root(folder.path());
    let other = PrivateAuthority::new("Another authority");
    for (pair, name, reason) in [
        (authority.issue("app.test", "app", (2020, 2021)), "app.test", "expire"),
        (
            authority.issue("app.test", "app", (2100, 2101)),
            "app.test",
            "not valid yet",
        ),
        (
            authority.issue("app.test", "app", (2020, 2100)),
            "other.test",
            "other.test",
        ),
        (
            other.issue("app.test", "app", (2020, 2100)),
            "app.test",
            "Another authority",
        ),
        (
            other.issue("app.test", "\u{1b}[2J\u{202e}evil", (2020, 2100)),
            "app.test",
            "\\1b[2J",
        ),
    ] {
        let port = start(&pair, hello()).port();
        let refused = get(folder.path(), name, port, &["--cacert", &root, "-v"]);
        let shown = text(&refused.stderr);
        assert_eq!(code(&refused), 60, "{shown}");
        assert!(shown.contains(reason) && shown.contains("--cacert FILE"), "{shown}");
        assert!(!shown.contains(['\u{1b}', '\u{202e}']), "{shown:?}");
        assert!(
            !shown.contains("> GET"),
            "nothing is sent to whom is not trusted: {shown}"
        );
        let anyway = get(folder.path(), name, port, &["-k"]);
        assert_eq!(
            (code(&anyway), text(&anyway.stdout)),
            (0, "hello".to_owned()),
            "{}",
            text(&anyway.stderr)
        );
        let own = format!("{name}:{port}:127.0.0.1");
        let url = format!("https://{name}:{port}/file.txt");
        if let Some(theirs) = curl(&["-sS", "--cacert", &root, "--resolve", &own, &url]) {
            assert_eq!(code(&theirs), 60, "{}", text(&theirs.stderr));
        }
    }
}

#[test]
fn cacert_replaces_what_is_trusted() {
    let folder = tempfile::tempdir().unwrap();
    let authority = PrivateAuthority::new("Example authority");
    let root = authority.write_root(folder.path());
    let port = start(&authority.issue("app.test", "app", (2020, 2100)), hello()).port();
    assert_eq!(code(&get(folder.path(), "app.test", port, &[])), 60);
    let trusted = get(folder.path(), "app.test", port, &["--cacert", &root]);
    assert_eq!((code(&trusted), text(&trusted.stderr)), (0, String::new()));
    let own = start(&Pair::of_own_authority(folder.path(), &["localhost"]), hello()).port();
    assert_eq!(code(&get(folder.path(), "localhost", own, &[])), 0);
    assert_eq!(code(&get(folder.path(), "localhost", own, &["--cacert", &root])), 60);

    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("garbage.pem", "no certificate\n");
    let broken = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
    write(
        "mixed.pem",
        &format!("{broken}{}", std::fs::read_to_string(&root).unwrap()),
    );
    for file in ["missing.pem", "garbage.pem"] {
        assert_eq!(
            code(&get(folder.path(), "app.test", port, &["--cacert", file])),
            77,
            "{file}"
        );
    }
    let mixed = get(folder.path(), "app.test", port, &["--cacert", "mixed.pem"]);
    assert_eq!(code(&mixed), 0, "one bad certificate does not stop the rest");
    assert!(
        text(&mixed.stderr).contains("mixed.pem, line 1"),
        "{}",
        text(&mixed.stderr)
    );
}

#[test]
fn http2_is_negotiated_unless_the_user_says_otherwise() {
    let folder = tempfile::tempdir().unwrap();
    let port = start(&Pair::of_own_authority(folder.path(), &["localhost"]), Behaviour::Http2).port();
    for options in [&["-i"][..], &["-i", "--http2"], &["-i", "--http1.1", "--http2"]] {
        let output = get(folder.path(), "localhost", port, options);
        let expected = "HTTP/2 200 \r\nx-test: 1\r\n\r\ntwo: /file.txt";
        assert_eq!(
            (code(&output), text(&output.stdout)),
            (0, expected.to_owned()),
            "{}",
            text(&output.stderr)
        );
    }
    let output = get(folder.path(), "localhost", port, &["-i", "--http1.1"]);
    assert_eq!(text(&output.stdout), "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none");
}

#[test]
fn a_cut_connection_is_an_error_where_nothing_else_ends_the_body() {
    let folder = tempfile::tempdir().unwrap();
    let pair = Pair::of_own_authority(folder.path(), &["localhost"]);
    let root = folder.path().join("data/ca/root.pem").to_string_lossy().into_owned();
    let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    let close = b"HTTP/1.1 200 OK\r\n\r\nhello";
    let short = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello";
    for (behaviour, expected, theirs_too) in [
        (Behaviour::Cut(HELLO.to_vec()), 0, true),
        (Behaviour::Cut(chunked.to_vec()), 0, true),
        // curl takes the cut for an end here, or not, by the library that it is built with.
        (Behaviour::Cut(close.to_vec()), 56, false),
        (Behaviour::Answer(close.to_vec()), 0, true),
        (Behaviour::Answer(short.to_vec()), 18, true),
        (Behaviour::Cut(short.to_vec()), 18, false),
        (Behaviour::Answer(Vec::new()), 52, true),
        (Behaviour::Cut(Vec::new()), 52, false),
    ] {
        let address = start(&pair, behaviour);
        let ours = get(folder.path(), "localhost", address.port(), &[]);
        assert_eq!(code(&ours), expected, "{}", text(&ours.stderr));
        let url = format!("https://localhost:{}/", address.port());
        if let Some(theirs) = curl(&["-sS", "--http1.1", "--cacert", &root, &url]).filter(|_| theirs_too) {
            assert_eq!(code(&theirs), expected, "{}", text(&theirs.stderr));
        }
    }
}

#[test]
fn what_is_no_tls_is_recognised() {
    let folder = tempfile::tempdir().unwrap();
    for (answer, then, hint) in [
        ("HTTP/1.1 400 Bad Request\r\n\r\n", Then::Close, "http://"),
        ("SSH-2.0-OpenSSH_9.2\r\n", Then::Close, "SSH"),
        ("220 mail.test ESMTP\r\n", Then::Close, "mail"),
        ("\u{1b}[2J rubbish", Then::Close, "another service"),
        ("", Then::Close, "HTTPS port"),
        ("", Then::Reset, "HTTPS port"),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let _ = stream.read(&mut [0; 4096]);
                let _ = stream.write_all(answer.as_bytes());
                if then == Then::Reset {
                    let _ = socket2::SockRef::from(&stream).set_linger(Some(std::time::Duration::ZERO));
                }
            }
        });
        let url = format!("https://127.0.0.1:{port}/");
        let ours = portunus(folder.path(), &[&url]);
        let shown = text(&ours.stderr);
        assert_eq!(code(&ours), 35, "{shown}");
        assert!(shown.contains(hint) && !shown.contains('\u{1b}'), "{shown}");
        if let Some(theirs) = curl(&["-sS", &url]) {
            assert_eq!(code(&theirs), 35, "{}", text(&theirs.stderr));
        }
    }
    let silent = Server::saying("", Then::Wait);
    let output = portunus(
        folder.path(),
        &[
            "--connect-timeout",
            "0.3",
            &format!("https://127.0.0.1:{}/", silent.port),
        ],
    );
    assert_eq!(code(&output), 28, "{}", text(&output.stderr));
}

/// A box that passes on what fits one segment, and ends connections that begin with more, after these last words.
fn choking_box(server: u16, last_words: &'static [u8]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for mut client in listener.incoming().flatten() {
            let mut hello = vec![0; 65536];
            let Ok(count) = client.read(&mut hello) else { continue };
            if count > 1400 {
                let _ = client.write_all(last_words);
                continue;
            }
            let mut server = TcpStream::connect(("127.0.0.1", server)).unwrap();
            server.write_all(&hello[..count]).unwrap();
            let (mut from_client, mut to_server) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            thread::spawn(move || {
                let _ = std::io::copy(&mut from_client, &mut to_server);
                let _ = to_server.shutdown(Shutdown::Write);
            });
            let _ = std::io::copy(&mut server, &mut client);
            let _ = client.shutdown(Shutdown::Write);
        }
    });
    port
}

#[test]
fn a_server_that_chokes_on_a_large_hello_gets_a_small_one_and_the_user_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(&Pair::of_own_authority(folder.path(), &["localhost"]), hello()).port();
    // Some drop the connection, others say decode_error.
    for last_words in [&b""[..], &[21, 3, 3, 0, 2, 2, 50]] {
        let port = choking_box(server, last_words);
        let output = get(folder.path(), "localhost", port, &[]);
        let shown = text(&output.stderr);
        assert_eq!(
            (code(&output), text(&output.stdout)),
            (0, "hello".to_owned()),
            "{shown}"
        );
        assert!(shown.contains("warning") && shown.contains("X25519MLKEM768"), "{shown}");
        let silent = get(folder.path(), "localhost", port, &["-s"]);
        assert_eq!((code(&silent), silent.stderr.len()), (0, 0));
    }
}

#[test]
fn https_falls_to_http_only_by_the_users_word() {
    let folder = tempfile::tempdir().unwrap();
    let clear = Server::saying(HELLO, Then::Close);
    let to = format!(
        "HTTP/1.1 302 Found\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n",
        clear.url("/")
    );
    let pair = Pair::of_own_authority(folder.path(), &["localhost"]);
    let port = start(&pair, Behaviour::Answer(to.into_bytes())).port();
    let refused = get(folder.path(), "localhost", port, &["-L"]);
    assert_eq!(code(&refused), 1);
    assert!(
        text(&refused.stderr).contains("--allow-http"),
        "{}",
        text(&refused.stderr)
    );
    assert!(clear.take_requests().is_empty());
    let allowed = get(
        folder.path(),
        "localhost",
        port,
        &["-L", "--allow-http", "-u", "ann:secret"],
    );
    assert_eq!(
        (code(&allowed), text(&allowed.stdout)),
        (0, "hello".to_owned()),
        "{}",
        text(&allowed.stderr)
    );
    assert!(!clear.take_requests()[0].contains("Authorization"));
}

#[test]
fn verbose_tells_what_was_agreed_and_with_whom() {
    let folder = tempfile::tempdir().unwrap();
    let port = start(&Pair::of_own_authority(folder.path(), &["localhost", "::1"]), hello()).port();
    let shown = text(&get(folder.path(), "localhost", port, &["-v"]).stderr);
    for part in [
        "* TLS 1.3, TLS_",
        "ALPN: the server chose http/1.1",
        "names: localhost, ::1",
        "* The certificate is verified",
    ] {
        assert!(shown.contains(part), "{shown}");
    }
    let shown = text(&get(folder.path(), "localhost", port, &["-v", "-k"]).stderr);
    assert!(shown.contains("NOT verified"), "{shown}");
}

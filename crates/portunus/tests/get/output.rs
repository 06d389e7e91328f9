//! What people read: `-v`, messages, and nothing in them that a server could aim at a terminal.

use crate::server::{Server, Then};
use crate::{code, portunus, text};

#[test]
fn verbose_tells_what_goes_and_what_comes() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::saying(
        "HTTP/1.1 200 OK\r\nX-Evil: a\u{202e}b\u{9b}2J\r\nContent-Length: 2\r\n\r\nhi",
        Then::Close,
    );
    let output = portunus(folder.path(), &["-v", "-u", "ann:secret", &server.url("/x")]);
    assert_eq!((code(&output), output.stdout.as_slice()), (0, &b"hi"[..]));
    let (port, version) = (server.port, env!("CARGO_PKG_VERSION"));
    let expected = format!(
        "\
* http://127.0.0.1:{port} is at 127.0.0.1
*   Trying 127.0.0.1:{port}...
* Connected to http://127.0.0.1:{port} (127.0.0.1:{port})
> GET /x HTTP/1.1
> Host: 127.0.0.1:{port}
> Authorization: Basic [redacted]
> User-Agent: portunus/{version}
> Accept: */*
>\x20
< HTTP/1.1 200 OK
< X-Evil: a\\u{{202e}}b\\u{{9b}}2J
< Content-Length: 2
<\x20
"
    );
    assert_eq!(text(&output.stderr), expected);
}

#[test]
fn silent_says_nothing_and_fails_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let output = portunus(folder.path(), &["-s", "http://127.0.0.1:1/"]);
    assert_eq!((code(&output), output.stderr.as_slice()), (7, &b""[..]));
}

#[test]
fn messages_hold_no_control_characters() {
    let folder = tempfile::tempdir().unwrap();
    let to = |location: &str| format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n");
    for (answer, expected) in [
        ("\x1b]0;evil\x07 hello\n".to_owned(), 1),
        (to("gopher://\u{9b}2J/\u{202e}"), 1),
        (to("http://\u{202e}evil.invalid/\u{9b}2J"), 3),
        (to("http://\u{9b}evil.invalid:x/"), 3),
        (to("/\x1b[2J"), 8),
    ] {
        let server = Server::saying(answer, Then::Close);
        let output = portunus(folder.path(), &["-L", "-v", &server.url("/")]);
        let shown = text(&output.stderr);
        assert!(
            !shown.contains(['\x1b', '\x07', '\u{9b}', '\u{202e}', '\r']),
            "{shown:?}"
        );
        assert_eq!(code(&output), expected, "{shown}");
    }
}

#[test]
fn a_redirect_tells_what_stays_behind() {
    let folder = tempfile::tempdir().unwrap();
    let other = Server::saying("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", Then::Close);
    let to = format!(
        "HTTP/1.1 302 Found\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n",
        other.url("/there")
    );
    let server = Server::saying(to, Then::Close);
    let output = portunus(
        folder.path(),
        &["-vL", "-u", "ann:secret", "-H", "Cookie: id=1", &server.url("/")],
    );
    let shown = text(&output.stderr);
    assert!(
        shown.contains(&format!(
            "* Following the redirect to {}\n* Credentials and cookies stay behind",
            other.url("/there")
        )),
        "{shown}"
    );
    let second = &other.take_requests()[0];
    assert!(
        !second.contains("Cookie") && !second.contains("Authorization"),
        "{second}"
    );
}

#[test]
fn own_addresses_are_used_in_the_resolvers_place() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::saying("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", Then::Close);
    let port = server.port;
    let own = format!("app.test:{port}:127.0.0.1");
    let output = portunus(folder.path(), &["--resolve", &own, &format!("http://app.test:{port}/")]);
    assert_eq!(
        (code(&output), output.stdout.as_slice()),
        (0, &b"hi"[..]),
        "{}",
        text(&output.stderr)
    );
    assert!(server.take_requests()[0].contains(&format!("Host: app.test:{port}\r\n")));
}

#[test]
fn without_a_scheme_https_is_meant() {
    let folder = tempfile::tempdir().unwrap();
    let output = portunus(folder.path(), &["127.0.0.1:1/x"]);
    assert_eq!(code(&output), 7);
    assert!(
        text(&output.stderr).contains("https://127.0.0.1:1"),
        "{}",
        text(&output.stderr)
    );
}

//! The same command line given to `portunus get` and to curl: the same exit code, the same output, the same request.

use std::process::Command;

use crate::server::{Server, Then};
use crate::{code, portunus, text};

/// What curl must do.
enum Curl {
    /// As we do.
    Same,
    /// Its own way, for this reason, which is a choice of ours.
    Differs(&'static str),
}
use Curl::{Differs, Same};

/// curl's output; none where it is not installed.
pub(crate) fn curl(options: &[&str]) -> Option<std::process::Output> {
    match Command::new("curl")
        .args(["-q", "--noproxy", "*"])
        .args(options)
        .output()
    {
        Ok(output) => Some(output),
        // Our side of the table is checked all the same.
        Err(_) if std::env::var_os("CI").is_none() => None,
        Err(error) => panic!("curl must be installed under CI: {error}"),
    }
}

fn compare(name: &str, options: &[&str], expected: i32, same: &Curl) {
    let folder = tempfile::tempdir().expect("a folder");
    let ours = portunus(folder.path(), options);
    assert_eq!(code(&ours), expected, "{name}: {}", text(&ours.stderr));
    assert_eq!(ours.stderr.is_empty(), expected == 0, "{name}: {}", text(&ours.stderr));
    match same {
        Differs(reason) => assert!(!reason.is_empty()),
        Same => {
            let Some(theirs) = curl(&[&["-sS"], options].concat()) else {
                return;
            };
            assert_eq!(code(&theirs), expected, "{name}: {}", text(&theirs.stderr));
            assert_eq!(text(&ours.stdout), text(&theirs.stdout), "{name}");
        }
    }
}

/// A name, what the server says and does then, the options, the exit code, and what curl makes of it.
type Answer<'a> = (&'a str, &'a str, Then, &'a [&'a str], i32, Curl);

#[test]
fn answers() {
    let many = format!(
        "HTTP/1.1 200 OK\r\n{}Content-Length: 2\r\n\r\nhi",
        "X: y\r\n".repeat(900)
    );
    let large = format!(
        "HTTP/1.1 200 OK\r\n{}Content-Length: 2\r\n\r\nhi",
        format!("X: {}\r\n", "y".repeat(20_000)).repeat(20)
    );
    let partial_head = "half a head is no answer; curl takes it for an empty one";
    #[rustfmt::skip]
    let cases: &[Answer<'_>] = &[
        ("length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", Then::Close, &[], 0, Same),
        ("chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", Then::Close, &[], 0, Same),
        ("until the end", "HTTP/1.1 200 OK\r\n\r\nhello", Then::Close, &[], 0, Same),
        ("HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", Then::Close, &["-i"], 0, Same),
        ("no reason", "HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nhi", Then::Close, &["-i"], 0, Same),
        ("bare LF", "HTTP/1.1 200 OK\nContent-Length: 2\n\nhi", Then::Close, &["-i"], 0, Same),
        ("folded field", "HTTP/1.1 200 OK\r\nX: a\r\n  b\r\nContent-Length: 2\r\n\r\nhi", Then::Close, &["-i"], 0, Same),
        ("odd case", "HTTP/1.1 200 Fine by me\r\nx-ODD: y\r\nContent-Length: 2\r\n\r\nhi", Then::Close, &["-i"], 0, Same),
        ("trailers", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nx-t: 1\r\n\r\n", Then::Close, &["-i"], 0, Same),
        ("interim", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", Then::Close, &["-i"], 0, Same),
        ("304", "HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n", Then::Close, &["-i"], 0, Same),
        ("204", "HTTP/1.1 204 No Content\r\n\r\n", Then::Close, &["-i"], 0, Same),
        ("head", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", Then::Close, &["-I"], 0, Same),
        ("many fields", &many, Then::Close, &[], 0, Same),
        ("404", "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone", Then::Close, &[], 0, Same),
        ("404 -f", "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone", Then::Close, &["-f"], 22, Same),
        ("404 -f -i", "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone", Then::Close, &["-f", "-i"], 22, Same),
        ("302 -f", "HTTP/1.1 302 Found\r\nLocation: /a\r\nContent-Length: 4\r\n\r\nmove", Then::Close, &["-f"], 0, Same),
        ("302 without Location", "HTTP/1.1 302 Found\r\nContent-Length: 4\r\n\r\nmove", Then::Close, &["-L"], 0, Same),
        ("endless redirects", "HTTP/1.1 302 Found\r\nLocation: /a\r\nContent-Length: 4\r\nConnection: close\r\n\r\nmove", Then::Close, &["-L"], 47, Same),
        ("endless 300", "HTTP/1.1 300 Choose\r\nLocation: /a\r\nContent-Length: 4\r\nConnection: close\r\n\r\nmove", Then::Close, &["-L", "-i"], 47, Same),
        ("redirect to a file", "HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 4\r\n\r\nmove", Then::Close, &["-L"], 1, Same),
        ("redirect to nowhere", "HTTP/1.1 302 Found\r\nLocation: http://[::\r\nContent-Length: 4\r\n\r\nmove", Then::Close, &["-L"], 3, Same),
        ("empty reply", "", Then::Close, &[], 52, Same),
        ("reset", "", Then::Reset, &[], 56, Same),
        ("short length", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", Then::Close, &[], 18, Same),
        ("short chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", Then::Close, &[], 18, Same),
        ("no last chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", Then::Close, &[], 18, Same),
        ("broken chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello", Then::Close, &[], 56, Same),
        ("reset in the body", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", Then::Reset, &[], 56, Differs("a reset may overtake data")),
        ("too large a head", &large, Then::Close, &[], 56, Same),
        ("HTTP/0.9", "hello world\n", Then::Close, &[], 1, Same),
        ("HTTP/7.1", "HTTP/7.1 200 OK\r\n\r\n", Then::Close, &[], 1, Same),
        ("no status", "HTTP/1.1 abc\r\n\r\n", Then::Close, &[], 1, Same),
        ("no colon", "HTTP/1.1 200 OK\r\nno colon here\r\nContent-Length: 2\r\n\r\nhi", Then::Close, &[], 8, Same),
        ("NUL in a field", "HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 2\r\n\r\nhi", Then::Close, &[], 8, Same),
        ("length of letters", "HTTP/1.1 200 OK\r\nContent-Length: abc\r\n\r\nhi", Then::Close, &[], 8, Same),
        ("two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", Then::Close, &[], 8, Differs("RFC 9112 section 6.3")),
        ("half a head", "HTTP/1.1 200 OK\r\nContent-Len", Then::Close, &[], 56, Differs(partial_head)),
        ("half a line", "HTTP/1.1 20", Then::Close, &[], 56, Differs(partial_head)),
        ("silence", "", Then::Wait, &["-m", "0.3"], 28, Same),
        ("silence in the body", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", Then::Wait, &["-m", "0.3"], 28, Same),
    ];
    for (name, answer, then, options, expected, same) in cases {
        let server = Server::saying(answer, *then);
        compare(name, &[*options, &[&server.url("/file.txt")]].concat(), *expected, same);
    }
}

#[test]
fn options() {
    let server = Server::saying("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", Then::Close);
    let url = &server.url("/");
    #[rustfmt::skip]
    let cases: &[(&[&str], i32, Curl)] = &[
        (&[""], 3, Same),
        (&["http://"], 3, Same),
        (&["https://"], 3, Same),
        (&["http://x:y/"], 3, Same),
        (&["http://127.0.0.1:99999/"], 3, Same),
        (&["http://a b/"], 3, Same),
        (&["foo://x/"], 1, Same),
        (&["http://name.invalid/"], 6, Same),
        (&["http://127.0.0.1:0/"], 7, Same),
        (&["http://127.0.0.1:1/", "--connect-timeout", "5"], 7, Same),
        (&["--resolve", "foo", url], 49, Same),
        (&["--resolve", "foo:80:zz", url], 49, Same),
        (&["--nonsense", url], 2, Same),
        (&["-m", "abc", url], 2, Same),
        (&["-m", "-1", url], 2, Same),
        (&["-I", "-d", "x", url], 2, Same),
        (&["-o", "", url], 2, Same),
        (&["-o", "/", url], 23, Same),
        (&["-o", "no/such/folder/x", url], 23, Same),
        (&["-O", url], 23, Same),
        (&["-O", &url[..url.len() - 1]], 23, Differs("newer ones save it as curl_response")),
        (&["-o", "/dev/full", url], 23, Same),
        (&["-d", "@no/such/file", url], 26, Differs("older ones send nothing in its place")),
        (&["-H", "nonsense", url], 2, Differs("it drops the header without a word")),
        (&["-m", "0", "-m", "30", "--connect-timeout", "0.5", url], 0, Same),
        (&["--http1.1", url], 0, Same),
        (&["-s", "-s", "-k", url], 0, Same),
    ];
    for (options, expected, same) in cases {
        compare(&options.join(" "), options, *expected, same);
    }
}

/// The request's lines, but for what names the program and the case of names, which HTTP/1.1 does not tell apart.
fn normal(requests: &[String], port: u16) -> Vec<Vec<String>> {
    let line = |line: &str| match line.split_once(':') {
        Some((name, value)) if name.eq_ignore_ascii_case("user-agent") && !value.contains("own") => String::new(),
        Some((name, value)) if !name.contains(' ') => {
            format!(
                "{}: {}",
                name.to_ascii_lowercase(),
                value.trim().replace(&port.to_string(), "PORT")
            )
        }
        _ => line.to_owned(),
    };
    let lines = |request: &String| {
        let mut lines: Vec<_> = request.lines().map(line).collect();
        lines.sort();
        lines
    };
    requests.iter().map(lines).collect()
}

#[test]
fn requests() {
    let redirect = |status: u16| {
        move |request: &str| match request.contains(" /there") {
            true => b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello".to_vec(),
            false => {
                let fields = "Location: /there\r\nContent-Length: 0\r\nConnection: close";
                format!("HTTP/1.1 {status} Moved\r\n{fields}\r\n\r\n").into_bytes()
            }
        }
    };
    #[rustfmt::skip]
    let cases: &[(&str, u16, &[&str])] = &[
        ("/there", 200, &[]),
        ("/there?a=b#fragment", 200, &[]),
        ("/a/../there/./x", 200, &[]),
        ("/there", 200, &["-I"]),
        ("/there", 200, &["-A", "own agent"]),
        ("/there", 200, &["-A", ""]),
        ("/there", 200, &["-A", "x", "-H", "User-Agent: own"]),
        ("/there", 200, &["-H", "X-Own: 1", "-H", "X-Own: 2", "-H", "Accept:", "-H", "X-Empty;"]),
        ("/there", 200, &["-H", "Host: own.test"]),
        ("/there", 200, &["-H", "@headers"]),
        ("/there", 200, &["-u", "user:pass:word"]),
        ("/there", 200, &["-u", "user:pw", "-H", "Authorization: own"]),
        ("/there", 200, &["-d", "a=b", "-d", "c=d"]),
        ("/there", 200, &["-d", "@data", "-d", "c=d"]),
        ("/there", 200, &["-d", ""]),
        ("/there", 200, &["-d", "a", "-H", "Content-Type: text/plain"]),
        ("/there", 200, &["-d", "a", "-X", "PUT"]),
        ("/there", 200, &["-X", "DELETE"]),
        ("/here", 302, &["-L"]),
        ("/here", 301, &["-L", "-d", "a=b"]),
        ("/here", 302, &["-L", "-d", "a=b"]),
        ("/here", 303, &["-L", "-d", "a=b"]),
        ("/here", 307, &["-L", "-d", "a=b"]),
        ("/here", 308, &["-L", "-d", "a=b"]),
        ("/here", 300, &["-L", "-d", "a=b"]),
        ("/here", 302, &["-L", "-d", "a=b", "-X", "PUT"]),
        ("/here", 303, &["-L", "-X", "DELETE"]),
        ("/here", 303, &["-L", "-I"]),
        ("/here", 302, &["-L", "-u", "user:pw", "-H", "Cookie: a=b"]),
        ("/here", 302, &["-d", "a=b"]),
    ];
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("it is written");
        format!("@{}", path.display())
    };
    let (headers, data) = (
        file("headers", "X-One: 1\nX-Two: 2\n"),
        file("data", "line one\r\nline two\n"),
    );
    for (path, status, options) in cases {
        let server = Server::answering(redirect(*status), Then::Close);
        let own = |option: &&'static str| match *option {
            "@headers" => headers.clone(),
            "@data" => data.clone(),
            option => option.to_owned(),
        };
        let options: Vec<String> = options.iter().map(own).chain([server.url(path)]).collect();
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        let ours = portunus(folder.path(), &options);
        let sent = normal(&server.take_requests(), server.port);
        let Some(theirs) = curl(&[&["-sS"], &options[..]].concat()) else {
            return;
        };
        assert_eq!(code(&ours), code(&theirs), "{options:?}");
        assert_eq!(sent, normal(&server.take_requests(), server.port), "{options:?}");
    }
}

//! Plain HTTP on the port of HTTPS: an answer that helps, instead of an alert that no browser shows.

use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::limits::PLAIN_HEAD_BYTES;
use crate::lingering::Lingering;

/// Whether a connection that begins like this speaks HTTP. Methods begin with a capital letter; no TLS record does
/// (RFC 9846 section 5.1: its first byte is 20 to 24), nor an SSL 2 hello (128 and more).
pub(crate) fn looks_like(first: [u8; 1]) -> bool {
    first.iter().all(u8::is_ascii_uppercase)
}

/// Reads the request's head and answers it with 400 and where to go.
pub(crate) async fn answer(stream: TcpStream) {
    let local = stream.local_addr().ok();
    // The peer may go at any time; there is nobody to tell then.
    let _ = exchange(stream, local).await;
}

async fn exchange<S: AsyncRead + AsyncWrite + Unpin>(stream: S, local: Option<SocketAddr>) -> std::io::Result<()> {
    let mut stream = Lingering::new(stream, Default::default());
    let mut head = Vec::new();
    let mut limited = (&mut stream).take(PLAIN_HEAD_BYTES as u64);
    while !is_whole(&head) && limited.read_buf(&mut head).await? > 0 {}
    stream.write_all(response(&head, local).as_bytes()).await?;
    stream.shutdown().await
}

/// Whether the empty line that ends a head is there.
fn is_whole(head: &[u8]) -> bool {
    head.windows(4).any(|end| end == b"\r\n\r\n") || head.windows(2).any(|end| end == b"\n\n")
}

fn response(head: &[u8], local: Option<SocketAddr>) -> String {
    let advice = match secure_url(head, local) {
        Some(url) => format!("Use {url}\n"),
        None => "Use a URL that begins with https://\n".to_owned(),
    };
    let text = format!("This is a port for HTTPS, but the request came as plain HTTP.\n{advice}");
    let content = if head.starts_with(b"HEAD ") { "" } else { text.as_str() };
    format!(
        "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\n\
         X-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n{content}",
        text.len()
    )
}

/// The URL that was meant: the request's own host and path, the port that it came to.
fn secure_url(head: &[u8], local: Option<SocketAddr>) -> Option<String> {
    let mut lines = std::str::from_utf8(head).ok()?.lines();
    let target = lines.next()?.split(' ').nth(1)?;
    let path = target
        .parse::<http::Uri>()
        .ok()?
        .path_and_query()
        .map(ToString::to_string)?;
    let authority = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("host").then(|| value.trim())
    })?;
    let authority = authority
        .parse::<http::uri::Authority>()
        .ok()
        .filter(|parsed| !parsed.as_str().contains('@'))?;
    let port = local
        .map(|local| local.port())
        .or(authority.port_u16())
        .filter(|port| *port != 443);
    let port = port.map_or_else(String::new, |port| format!(":{port}"));
    Some(format!("https://{}{port}{path}", authority.host()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(head: &str) -> Option<String> {
        secure_url(head.as_bytes(), Some(([127, 0, 0, 1], 8443).into()))
    }

    #[test]
    fn the_url_that_was_meant_is_named() {
        assert_eq!(
            url("GET /a?b HTTP/1.1\r\nHost: localhost:8443\r\n\r\n").unwrap(),
            "https://localhost:8443/a?b"
        );
        assert_eq!(
            url("GET / HTTP/1.1\r\nhost:[::1]\r\n\r\n").unwrap(),
            "https://[::1]:8443/"
        );
        assert_eq!(
            url("GET http://x/y HTTP/1.1\r\nHost: x\r\n\r\n").unwrap(),
            "https://x:8443/y"
        );
        let at_443 = secure_url(
            b"GET / HTTP/1.1\r\nHost: x:80\r\n\r\n",
            Some(([127, 0, 0, 1], 443).into()),
        );
        assert_eq!(at_443.unwrap(), "https://x/");
    }

    #[test]
    fn a_host_that_is_none_is_not_repeated() {
        for host in ["a b", "<script>", "user@x", "x/y", "\u{1b}[31m", "\u{202e}"] {
            assert_eq!(url(&format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")), None, "{host}");
        }
        assert_eq!(url("GET / HTTP/1.0\r\n\r\n"), None);
        assert_eq!(url("GARBAGE"), None);
    }

    #[test]
    fn only_capital_letters_begin_a_method() {
        assert!(looks_like(*b"G"));
        for first in [22, 20, 21, 23, 24, 128, b'a', 0] {
            assert!(!looks_like([first]));
        }
    }

    #[tokio::test]
    async fn a_client_that_stops_in_the_middle_is_answered() {
        let (ours, mut theirs) = tokio::io::duplex(1024);
        theirs.write_all(b"GET /x HTTP/1.1\r\nHo").await.unwrap();
        theirs.shutdown().await.unwrap();
        exchange(ours, None).await.unwrap();
        let mut answer = String::new();
        theirs.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
        assert!(answer.ends_with("Use a URL that begins with https://\n"), "{answer}");
    }
}

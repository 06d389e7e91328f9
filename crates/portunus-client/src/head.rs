//! A response's head, in the bytes that came and as values.

use std::io;

use bytes::Bytes;
use http::{HeaderMap, StatusCode, Version};

use crate::limits;

/// Status line and fields of a response.
#[derive(Clone, Debug)]
pub struct Head {
    pub(crate) raw: Bytes,
    pub(crate) version: Version,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
}

impl Head {
    /// The bytes as they came, interim responses (1xx) before the final head included. HTTP/2 has no such bytes: there
    /// it is what curl writes in their place. Nothing in it is escaped.
    #[must_use]
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// The version of HTTP.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// The final response's status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The final response's fields.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Writes what an HTTP/2 response says as curl does: a status line without a reason, then the fields.
    pub(crate) fn from_http2(status: StatusCode, headers: HeaderMap) -> Self {
        let mut raw = format!("HTTP/2 {} \r\n", status.as_str()).into_bytes();
        write_fields(&mut raw, &headers);
        raw.extend_from_slice(b"\r\n");
        Self {
            raw: raw.into(),
            version: Version::HTTP_2,
            status,
            headers,
        }
    }
}

/// Appends `name: value` lines.
pub(crate) fn write_fields(raw: &mut Vec<u8>, headers: &HeaderMap) {
    for (name, value) in headers {
        raw.extend_from_slice(name.as_str().as_bytes());
        raw.extend_from_slice(b": ");
        raw.extend_from_slice(value.as_bytes());
        raw.extend_from_slice(b"\r\n");
    }
}

/// A request's head with the credentials taken out; the scheme stays, since it is what one wants to see.
pub(crate) fn redact(head: &[u8]) -> Vec<u8> {
    let mut shown = Vec::with_capacity(head.len());
    for line in head.split_inclusive(|byte| *byte == b'\n') {
        let colon = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
        let (name, value) = line.split_at_checked(colon).unwrap_or((line, &[]));
        if ![&b"authorization"[..], b"proxy-authorization"]
            .iter()
            .any(|secret| name.eq_ignore_ascii_case(secret))
        {
            shown.extend_from_slice(line);
            continue;
        }
        let mut words = value
            .get(1..)
            .unwrap_or_default()
            .trim_ascii()
            .splitn(2, |byte| *byte == b' ');
        let scheme = words.next().filter(|_| words.next().is_some());
        shown.extend_from_slice(name);
        shown.extend_from_slice(b": ");
        if let Some(scheme) = scheme {
            shown.extend_from_slice(scheme);
            shown.push(b' ');
        }
        shown.extend_from_slice(b"[redacted]\r\n");
    }
    shown
}

/// Finds the end of a head in a stream of bytes, and keeps the head's bytes. Interim responses are passed over.
#[derive(Debug, Default)]
pub(crate) struct HeadScanner {
    bytes: Vec<u8>,
    /// Where the head that is being read begins, and its current line.
    head_start: usize,
    line_start: usize,
    complete: bool,
}

impl HeadScanner {
    /// Takes bytes until the head is complete. An error if it grows beyond [`limits::RESPONSE_HEAD`], which an endless row of interim
    /// responses would.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> io::Result<()> {
        for byte in bytes {
            if self.complete {
                return Ok(());
            }
            if self.bytes.len() >= limits::RESPONSE_HEAD {
                return Err(io::Error::new(io::ErrorKind::FileTooLarge, "the head is too large"));
            }
            self.bytes.push(*byte);
            if *byte == b'\n' {
                self.line_ended();
            }
        }
        Ok(())
    }

    fn line_ended(&mut self) {
        let line = self.bytes.get(self.line_start..).unwrap_or_default();
        let blank = matches!(line, b"\n" | b"\r\n");
        let first = self.line_start == self.head_start;
        self.line_start = self.bytes.len();
        if !blank {
            return;
        }
        if first || self.is_interim() {
            self.head_start = self.bytes.len();
        } else {
            self.complete = true;
        }
    }

    /// Whether the head that just ended is a 1xx other than 101, after which another head follows (RFC 9110 section 15.2).
    fn is_interim(&self) -> bool {
        let head = self.bytes.get(self.head_start..).unwrap_or_default();
        let mut words = head.split(|byte| matches!(byte, b' ' | b'\r' | b'\n'));
        let is_status_line = words.next().is_some_and(|version| version.starts_with(b"HTTP/"));
        is_status_line
            && words
                .next()
                .is_some_and(|code| matches!(code, [b'1', _, _]) && code != b"101")
    }

    pub(crate) fn is_complete(&self) -> bool {
        self.complete
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scanned(input: &[u8], piece: usize) -> (Vec<u8>, bool) {
        let mut scanner = HeadScanner::default();
        for bytes in input.chunks(piece) {
            scanner.feed(bytes).unwrap();
        }
        let complete = scanner.is_complete();
        (scanner.into_bytes(), complete)
    }

    #[test]
    fn the_head_ends_at_the_blank_line_however_it_arrives() {
        let head = b"HTTP/1.1 200 OK\r\nX: y\r\n\r\n";
        let input = [&head[..], b"body\r\n\r\n"].concat();
        for piece in 1..input.len() {
            assert_eq!(scanned(&input, piece), (head.to_vec(), true));
        }
        assert_eq!(
            scanned(b"HTTP/1.1 200 OK\nX: y\n\nbody", 3).0,
            b"HTTP/1.1 200 OK\nX: y\n\n"
        );
        assert!(!scanned(b"HTTP/1.1 200 OK\r\nX", 3).1);
    }

    #[test]
    fn interim_responses_are_part_of_what_came() {
        let head = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n";
        assert_eq!(scanned(&[&head[..], b"body"].concat(), 7), (head.to_vec(), true));
        let switching = b"HTTP/1.1 101 Switching Protocols\r\n\r\n";
        assert_eq!(
            scanned(&[&switching[..], b"bytes\r\n\r\n"].concat(), 7),
            (switching.to_vec(), true)
        );
    }

    #[test]
    fn an_endless_row_of_interim_responses_is_stopped() {
        let mut scanner = HeadScanner::default();
        let interim = b"HTTP/1.1 103 Early Hints\r\n\r\n";
        let fed = (0..limits::RESPONSE_HEAD).try_for_each(|_| scanner.feed(interim));
        assert_eq!(fed.unwrap_err().kind(), io::ErrorKind::FileTooLarge);
    }

    #[test]
    fn credentials_are_taken_out_of_a_request_head() {
        let head =
            b"GET / HTTP/1.1\r\nauthorization: Basic dTpw\r\nProxy-Authorization: secret\r\nX: Basic dTpw\r\n\r\n";
        let shown = String::from_utf8(redact(head)).unwrap();
        let expected = "GET / HTTP/1.1\r\nauthorization: Basic [redacted]\r\nProxy-Authorization: [redacted]\r\nX: Basic dTpw\r\n\r\n";
        assert_eq!(shown, expected);
    }
}

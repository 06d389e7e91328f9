//! Protocols that are no TLS, by their first bytes.

/// What speaks, and what to do about it.
pub(super) struct Stranger {
    pub(super) name: &'static str,
    pub(super) advice: &'static str,
}

const HTTP: Stranger = Stranger {
    name: "plain HTTP",
    advice: "The server speaks HTTP without TLS on this port. Use http://, or the port that has TLS (443 as a rule); or let \
             the server have TLS here (nginx: `listen … ssl`).",
};
const STARTTLS: &str = "The server speaks in the clear first and takes TLS only when asked (STARTTLS). Use its port that has \
                        TLS from the first byte, if there is one.";

/// First bytes, and who begins so.
const STRANGERS: [(&[u8], Stranger); 13] = [
    (b"HTTP/", HTTP),
    (
        b"<",
        Stranger {
            name: "a page without HTTP's head",
            ..HTTP
        },
    ),
    (
        b"GET ",
        Stranger {
            name: "an HTTP client",
            advice: "The other end is a client, too: the address is not a server's.",
        },
    ),
    (
        b"220",
        Stranger {
            name: "SMTP or FTP",
            advice: STARTTLS,
        },
    ),
    (
        b"421",
        Stranger {
            name: "SMTP or FTP, which is busy",
            advice: STARTTLS,
        },
    ),
    (
        b"+OK",
        Stranger {
            name: "POP3",
            advice: STARTTLS,
        },
    ),
    (
        b"* OK",
        Stranger {
            name: "IMAP",
            advice: STARTTLS,
        },
    ),
    (
        b"* BYE",
        Stranger {
            name: "IMAP, which is busy",
            advice: STARTTLS,
        },
    ),
    (
        b"SSH-",
        Stranger {
            name: "SSH",
            advice: "This is a port for SSH: use another one.",
        },
    ),
    (
        b"RFB ",
        Stranger {
            name: "VNC",
            advice: "This is a port for VNC: use another one.",
        },
    ),
    (
        b"-ERR",
        Stranger {
            name: "Redis or POP3",
            advice: STARTTLS,
        },
    ),
    (
        b"AMQP",
        Stranger {
            name: "AMQP",
            advice: "This is AMQP's port without TLS (5672); with TLS it is 5671 as a rule.",
        },
    ),
    (
        b"\x80",
        Stranger {
            name: "SSL 2.0",
            advice: "The server is older than any protocol that is safe: replace it.",
        },
    ),
];

/// Who begins with these bytes.
pub(super) fn recognise(first: &[u8]) -> Option<&'static Stranger> {
    STRANGERS
        .iter()
        .find(|(start, _)| first.starts_with(start))
        .map(|(_, stranger)| stranger)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_are_known_by_their_first_bytes() {
        for (first, name) in [
            (&b"HTTP/"[..], Some("plain HTTP")),
            (b"<html", Some("a page without HTTP's head")),
            (b"220 m", Some("SMTP or FTP")),
            (b"SSH-2", Some("SSH")),
            (b"* OK ", Some("IMAP")),
            (b"\x16\x03\x01\x00\x05", None),
        ] {
            assert_eq!(recognise(first).map(|stranger| stranger.name), name);
        }
    }

    /// The engine keeps five bytes.
    #[test]
    fn no_beginning_is_longer_than_what_is_kept() {
        assert!(STRANGERS.iter().all(|(start, _)| start.len() <= 5));
    }
}

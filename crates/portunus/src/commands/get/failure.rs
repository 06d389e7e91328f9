//! Each failure's exit code, which is curl's, and what the user can do.

use std::time::Duration;

use http::StatusCode;
use portunus_client::Error;
use portunus_tls::PeerFault;
use portunus_tls::wire::AlertDescription;
use portunus_tokio::HandshakeError;
use portunus_x509::Printable;

use super::progress::Progress;
use crate::failure::Failure;

/// CURLE_FAILED_INIT: the options do not fit together.
pub(in crate::commands) const USAGE: u8 = 2;
/// CURLE_WRITE_ERROR.
pub(in crate::commands) const WRITE: u8 = 23;
/// CURLE_READ_ERROR: a file of the user's that cannot be read.
pub(in crate::commands) const READ: u8 = 26;
/// CURLE_OPERATION_TIMEDOUT.
pub(in crate::commands) const TIMEOUT: u8 = 28;
/// CURLE_SSL_CONNECT_ERROR.
const HANDSHAKE: u8 = 35;
/// CURLE_PEER_FAILED_VERIFICATION.
pub(in crate::commands) const CERTIFICATE: u8 = 60;
/// CURLE_SSL_CACERT_BADFILE.
pub(super) const AUTHORITIES: u8 = 77;
/// CURLE_SETOPT_OPTION_SYNTAX.
pub(in crate::commands) const RESOLVE_OPTION: u8 = 49;
/// CURLE_HTTP_RETURNED_ERROR.
const HTTP_STATUS: u8 = 22;

/// What the client's error means to the user.
pub(in crate::commands) fn of(error: Error) -> Failure {
    if let Error::Certificate { origin, refusal } = &error {
        return Failure::new(format_args!("{origin} is not trusted\n{}", refusal.explanation()))
            .hint("--cacert FILE trusts an authority of your own")
            .hint("-k connects all the same, to whoever it may be")
            .exit_code(CERTIFICATE);
    }
    let (code, hint) = meaning(&error);
    let mut failure = Failure::new(&error).exit_code(code);
    if let Error::Resolve {
        source: Some(source), ..
    } = &error
    {
        failure = failure.because(source);
    }
    match hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

/// The exit code alone.
pub(in crate::commands) fn exit_code(error: &Error) -> u8 {
    match error {
        Error::Certificate { .. } => CERTIFICATE,
        error => meaning(error).0,
    }
}

fn meaning(error: &Error) -> (u8, Option<&'static str>) {
    match error {
        Error::UnsupportedScheme { .. } => (1, None),
        Error::RedirectToClearText { .. } => (
            1,
            Some("with --allow-http it is followed; whoever stands between can read and change what comes"),
        ),
        Error::NotHttp { .. } => (1, Some("the port may belong to another service")),
        Error::InvalidRequest { .. } => (USAGE, None),
        Error::Body { .. } => (READ, None),
        Error::InvalidUrl { .. } | Error::InvalidRedirect { .. } => (3, None),
        Error::Resolve { .. } => (6, Some("check the name; --resolve HOST:PORT:ADDR names its address")),
        Error::Connect { .. } => (7, Some("is the server running, and is this its port?")),
        Error::InvalidResponse { .. } => (8, None),
        Error::Http2Connection { .. } => (16, Some("--http1.1 avoids HTTP/2")),
        Error::PartialBody { .. } => (18, Some("what came is not all; try again")),
        Error::ConnectTimeout { .. } => (TIMEOUT, None),
        Error::Handshake { source, .. } => handshake(source),
        Error::TooManyRedirects { .. } => (47, Some("-v shows where they lead")),
        Error::EmptyReply => (
            52,
            Some("a server that speaks TLS closes in this way when asked by http://"),
        ),
        Error::Send(_) => (55, None),
        Error::CutOff { .. } => (
            56,
            Some("what came may be cut short by anybody on the way; do not rely on it"),
        ),
        Error::PartialHead { .. } | Error::Receive(_) | Error::InvalidBody { .. } | Error::HeadTooLarge { .. } => {
            (56, None)
        }
        Error::Http2Stream { .. } => (92, Some("--http1.1 avoids HTTP/2")),
        _ => (1, None),
    }
}

/// What a failed handshake means. The bytes that came tell more than the message.
fn handshake(error: &HandshakeError) -> (u8, Option<&'static str>) {
    let HandshakeError::Tls(error) = error else {
        let hint = "is this an HTTPS port? A firewall on the way may close it, too";
        return (HANDSHAKE, Some(hint));
    };
    let hint = match error {
        portunus_tls::Error::Certificate(_) => return (CERTIFICATE, None),
        portunus_tls::Error::NotTls { first } => match first {
            b"HTTP/" => "the port speaks HTTP in the clear: ask by http://, or for the HTTPS port",
            b"SSH-2" => "it is the port of an SSH server",
            [b'2', b'2', b'0', ..] => "it is the port of a mail or file server that begins in the clear",
            _ => "another service has this port",
        },
        portunus_tls::Error::Peer(PeerFault::VersionNotOffered) => OLD_SERVER,
        portunus_tls::Error::Peer(PeerFault::NoExtendedMainSecret | PeerFault::NoSecureRenegotiation) => {
            "the server's TLS library is older than 2016: update it"
        }
        portunus_tls::Error::Alert(alert) => match alert.description {
            AlertDescription::PROTOCOL_VERSION => OLD_SERVER,
            AlertDescription::HANDSHAKE_FAILURE => {
                "the server shares no version, cipher suite or group with us, or has no certificate for this name"
            }
            AlertDescription::UNRECOGNIZED_NAME => "the server has no site of this name",
            AlertDescription::INTERNAL_ERROR => "its own log tells more; it may have no certificate for this name",
            _ => return (HANDSHAKE, None),
        },
        _ => return (HANDSHAKE, None),
    };
    (HANDSHAKE, Some(hint))
}

const OLD_SERVER: &str = "the server speaks TLS 1.1 or older; TLS 1.3 and 1.2 are spoken here";

/// An HTTP error that `-f` makes a failure.
pub(super) fn of_status(status: StatusCode) -> Failure {
    let reason = status
        .canonical_reason()
        .map(|reason| format!(" {reason}"))
        .unwrap_or_default();
    Failure::new(format_args!("the server answered {}{reason}", status.as_str())).exit_code(HTTP_STATUS)
}

/// `-m` is over.
pub(super) fn too_late(limit: Duration, progress: &Progress) -> Failure {
    let received = match progress.expected() {
        Some(expected) => format!("{} of {expected} bytes came", progress.received()),
        None => format!("{} bytes came", progress.received()),
    };
    Failure::new(format_args!("not done within {limit:?}: {received}")).exit_code(TIMEOUT)
}

/// A file of the user's that cannot be read.
pub(in crate::commands) fn unreadable(file: &str, error: &std::io::Error) -> Failure {
    Failure::new(format_args!("cannot read {}", Printable::new(file)))
        .because(error)
        .exit_code(READ)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_peer_chose_is_escaped() {
        let evil = "http://a/\u{1b}[2J\u{202e}\r\n".to_owned();
        for error in [
            Error::NotHttp {
                start: evil.clone().into_bytes(),
            },
            Error::UnsupportedScheme { scheme: evil.clone() },
            Error::RedirectToClearText { location: evil.clone() },
            Error::InvalidRedirect {
                location: evil.clone(),
                reason: evil.clone(),
            },
            Error::Resolve {
                host: evil.clone(),
                source: None,
            },
        ] {
            let shown = of(error).to_string();
            assert!(!shown.contains(['\u{1b}', '\u{202e}', '\r']), "{shown:?}");
            assert!(shown.contains("u{1b}"), "{shown:?}");
        }
    }
}

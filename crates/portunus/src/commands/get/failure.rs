//! Each failure's exit code, which is curl's, and what the user can do.

use std::time::Duration;

use http::StatusCode;
use portunus_client::Error;
use portunus_x509::Printable;

use super::progress::Progress;
use crate::failure::Failure;

/// CURLE_FAILED_INIT: the options do not fit together.
pub(super) const USAGE: u8 = 2;
/// CURLE_WRITE_ERROR.
pub(super) const WRITE: u8 = 23;
/// CURLE_READ_ERROR: a file of the user's that cannot be read.
pub(super) const READ: u8 = 26;
/// CURLE_OPERATION_TIMEDOUT.
const TIMEOUT: u8 = 28;
/// CURLE_SETOPT_OPTION_SYNTAX.
pub(super) const RESOLVE_OPTION: u8 = 49;
/// CURLE_HTTP_RETURNED_ERROR.
const HTTP_STATUS: u8 = 22;

/// What the client's error means to the user.
pub(super) fn of(error: Error) -> Failure {
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

fn meaning(error: &Error) -> (u8, Option<&'static str>) {
    match error {
        Error::UnsupportedScheme { .. } => (1, None),
        Error::RedirectToClearText { .. } => (
            1,
            Some("with --allow-http it is followed; whoever stands between can read and change what comes"),
        ),
        Error::NotHttp { .. } => (1, Some("the port may belong to another service")),
        Error::InvalidRequest { .. } => (USAGE, None),
        Error::InvalidUrl { .. } | Error::InvalidRedirect { .. } => (3, None),
        Error::Resolve { .. } => (6, Some("check the name; --resolve HOST:PORT:ADDR names its address")),
        Error::Connect { .. } => (7, Some("is the server running, and is this its port?")),
        Error::InvalidResponse { .. } => (8, None),
        Error::Http2Connection { .. } => (16, Some("--http1.1 avoids HTTP/2")),
        Error::PartialBody { .. } => (18, Some("what came is not all; try again")),
        Error::ConnectTimeout { .. } => (TIMEOUT, None),
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
pub(super) fn unreadable(file: &str, error: &std::io::Error) -> Failure {
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

//! What can go wrong, told apart by what a caller can do about it.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use portunus_tokio::HandshakeError;
use portunus_x509::{Printable, Refusal};
use thiserror::Error;

use crate::Origin;

/// Why a request has no complete response.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The address is none.
    #[error("{} is not an address: {}", Printable::new(url), Printable::new(reason))]
    InvalidUrl {
        /// What was given.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A scheme that this client does not speak, in an address or in a redirect.
    #[error("the scheme {} is not supported: only https and http are", Printable::new(scheme))]
    UnsupportedScheme {
        /// The scheme.
        scheme: String,
    },
    /// The request cannot be written as HTTP.
    #[error("the request cannot be sent: {}", Printable::new(reason))]
    InvalidRequest {
        /// What is wrong with it.
        reason: String,
    },
    /// A file of the request's body could not be read, or has become shorter since its length was told.
    #[error("cannot read {}: {source}", Printable::new(file.to_string_lossy().as_bytes()))]
    Body {
        /// Which file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The host's name has no address.
    #[error("{} could not be resolved", Printable::new(host))]
    Resolve {
        /// The name.
        host: String,
        /// What the system's resolver said; none where it answered without an address.
        source: Option<io::Error>,
    },
    /// None of the host's addresses took the connection.
    #[error("could not connect to {origin}: {}", attempts(failed))]
    Connect {
        /// Where to.
        origin: Origin,
        /// Each address that was tried, in order of failure.
        failed: Vec<FailedAttempt>,
    },
    /// Name lookup, TCP and TLS together took too long.
    #[error("no connection to {origin} within {after:?}")]
    ConnectTimeout {
        /// Where to.
        origin: Origin,
        /// The limit.
        after: Duration,
    },
    /// TLS could not be agreed on, or the certificate not even be read.
    #[error("the TLS handshake with {origin} failed: {source}")]
    Handshake {
        /// With whom.
        origin: Origin,
        /// Why.
        source: HandshakeError,
    },
    /// The server's certificate was refused.
    #[error("{origin} is not trusted: {refusal}")]
    Certificate {
        /// Whose.
        origin: Origin,
        /// Why, on every path that was tried, and what to do.
        refusal: Arc<Refusal>,
    },
    /// More redirects than are followed.
    #[error("stopped after {limit} redirects")]
    TooManyRedirects {
        /// How many were followed.
        limit: usize,
    },
    /// A redirect whose target is no address.
    #[error(
        "the server redirects to {}, which is not an address: {}",
        Printable::new(location),
        Printable::new(reason)
    )]
    InvalidRedirect {
        /// The Location field's value.
        location: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A redirect from https to http, which gives up what the user asked for.
    #[error("the server redirects from https to {}, in the clear", Printable::new(location))]
    RedirectToClearText {
        /// Where to.
        location: String,
    },
    /// The connection ended, in order or cut off, before a byte of an answer.
    #[error("the server closed the connection without an answer")]
    EmptyReply,
    /// The connection ended in the middle of the response's head.
    #[error("the connection ended in the middle of the response's head, after {received} bytes")]
    PartialHead {
        /// Bytes of it that came.
        received: usize,
    },
    /// The connection ended before the body that its framing announces (RFC 9112 section 8).
    #[error("the connection ended {}", shortfall(*received, *expected))]
    PartialBody {
        /// Bytes of the body that came.
        received: u64,
        /// How many were announced, where a number was.
        expected: Option<u64>,
    },
    /// TLS ended without close_notify where nothing else says that the message is whole (RFC 9112 section 9.8).
    #[error(
        "cut off after {received} bytes: the connection ended without close_notify, and nothing else says that this is all"
    )]
    CutOff {
        /// Bytes of the body that came.
        received: u64,
    },
    /// Reading from the peer failed.
    #[error("receiving failed: {0}")]
    Receive(#[source] io::Error),
    /// Writing to the peer failed.
    #[error("sending failed: {0}")]
    Send(#[source] io::Error),
    /// The answer is not HTTP/1.0 or HTTP/1.1 at all.
    #[error("the answer is not HTTP: it begins with {}", Printable::new(start))]
    NotHttp {
        /// The first bytes of it.
        start: Vec<u8>,
    },
    /// The answer is HTTP, but breaks its rules.
    #[error("the response breaks the rules of HTTP: {}", Printable::new(reason))]
    InvalidResponse {
        /// Which.
        reason: String,
    },
    /// The body's framing breaks the rules of HTTP (RFC 9112 section 7.1).
    #[error("the body's framing breaks the rules of HTTP: {}", Printable::new(reason))]
    InvalidBody {
        /// How.
        reason: String,
    },
    /// A head beyond every use.
    #[error("the response's head is larger than {limit} bytes")]
    HeadTooLarge {
        /// The bound.
        limit: usize,
    },
    /// The peer or we reset one HTTP/2 stream.
    #[error("the HTTP/2 stream ended with {reason}")]
    Http2Stream {
        /// The error code (RFC 9113 section 7).
        reason: h2::Reason,
    },
    /// The HTTP/2 connection broke.
    #[error("the HTTP/2 connection failed: {}", Printable::new(reason))]
    Http2Connection {
        /// What happened.
        reason: String,
    },
}

/// One address that did not take the connection.
#[derive(Debug)]
pub struct FailedAttempt {
    /// The address.
    pub address: SocketAddr,
    /// Why not.
    pub error: io::Error,
}

fn attempts(failed: &[FailedAttempt]) -> String {
    let one = |attempt: &FailedAttempt| format!("{}: {}", attempt.address, attempt.error);
    failed.iter().map(one).collect::<Vec<_>>().join("; ")
}

fn shortfall(received: u64, expected: Option<u64>) -> String {
    match expected {
        Some(expected) => {
            format!(
                "{} bytes early: {received} of {expected} bytes came",
                expected.saturating_sub(received)
            )
        }
        None => format!("after {received} bytes, before the last chunk"),
    }
}

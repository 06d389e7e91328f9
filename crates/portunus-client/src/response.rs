//! A response, and the certainty about its end.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, Version};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};

use crate::exchange::{Connection, caused_by, http2_failure};
use crate::pool::Pool;
use crate::tap::End;
use crate::{Error, Head};

/// A response whose head has come. Dropping it before its body ended closes the connection (HTTP/1.1) or resets the
/// stream (HTTP/2).
pub struct Response {
    head: Head,
    body: Incoming,
    framing: Framing,
    received: u64,
    /// Given back to the pool at the body's end.
    connection: Option<Connection>,
    pool: Arc<Pool>,
}

/// A piece of a response's body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Chunk {
    /// Content.
    Data(Bytes),
    /// Fields after the content (RFC 9110 section 6.5).
    Trailers(HeaderMap),
}

/// What says where the body ends (RFC 9112 section 6.3; in HTTP/2 it is the stream).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Framing {
    /// There is none.
    NoBody,
    Length(u64),
    Chunked,
    /// The end of the connection, and nothing else.
    Close,
    Stream {
        expected: Option<u64>,
    },
}

impl Response {
    pub(crate) fn new(head: Head, body: Incoming, connection: Connection, pool: &Arc<Pool>) -> Self {
        let framing = Framing::of(&head, &body);
        let mut response = Self {
            head,
            body,
            framing,
            received: 0,
            connection: Some(connection),
            pool: Arc::clone(pool),
        };
        if response.framing == Framing::NoBody {
            response.give_back();
        }
        response
    }

    /// Status line and fields.
    #[must_use]
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// How long the body will be, where that is known.
    #[must_use]
    pub fn expected_length(&self) -> Option<u64> {
        match self.framing {
            Framing::NoBody => Some(0),
            Framing::Length(length) => Some(length),
            Framing::Stream { expected } => expected,
            Framing::Chunked | Framing::Close => None,
        }
    }

    /// Bytes of content that came so far.
    #[must_use]
    pub fn received(&self) -> u64 {
        self.received
    }

    /// The next piece of the body; none when it is whole.
    ///
    /// With Content-Length reached, the last chunk read, or the stream ended, a missing close_notify is no error. Where
    /// only the connection's end says that the body is whole, it is [`Error::CutOff`]: anybody on the path could have cut.
    ///
    /// Dropping the future loses nothing.
    pub async fn chunk(&mut self) -> Result<Option<Chunk>, Error> {
        loop {
            let Some(frame) = self.body.frame().await else {
                self.check_end()?;
                self.give_back();
                return Ok(None);
            };
            match frame.map_err(|error| self.failure(&error))?.into_data() {
                Ok(data) => {
                    self.received = self
                        .received
                        .saturating_add(u64::try_from(data.len()).unwrap_or(u64::MAX));
                    return Ok(Some(Chunk::Data(data)));
                }
                Err(other) => {
                    if let Ok(trailers) = other.into_trailers() {
                        return Ok(Some(Chunk::Trailers(trailers)));
                    }
                }
            }
        }
    }

    fn end(&self) -> Option<End> {
        self.connection.as_ref().and_then(|connection| connection.ledger.end())
    }

    /// RFC 9112 section 9.8.
    fn check_end(&self) -> Result<(), Error> {
        match (self.framing, self.end()) {
            (Framing::Close, Some(End::CutOff)) => Err(Error::CutOff {
                received: self.received,
            }),
            _ => Ok(()),
        }
    }

    fn failure(&mut self, error: &hyper::Error) -> Error {
        let received = self.received;
        let end = self.end();
        let failure = match (self.framing, end) {
            (Framing::Length(expected), Some(End::Orderly | End::CutOff)) => Error::PartialBody {
                received,
                expected: Some(expected),
            },
            (Framing::Chunked, Some(End::Orderly | End::CutOff)) if !is_malformed(error) => Error::PartialBody {
                received,
                expected: None,
            },
            (Framing::Stream { .. }, Some(End::Orderly | End::CutOff)) if is_io(error) => {
                let Framing::Stream { expected } = self.framing else {
                    return Error::CutOff { received };
                };
                Error::PartialBody { received, expected }
            }
            (Framing::Stream { .. }, _) => match &self.connection {
                Some(connection) => http2_failure(error, &connection.ledger),
                None => Error::Http2Connection {
                    reason: error.to_string(),
                },
            },
            (_, Some(End::ReadFailed(broken) | End::WriteFailed(broken))) => Error::Receive(broken.into_error()),
            _ => {
                let cause = caused_by::<io::Error>(error);
                Error::InvalidBody {
                    reason: cause.map_or_else(|| error.to_string(), ToString::to_string),
                }
            }
        };
        if let Some(connection) = self.connection.take() {
            self.pool.discard(&connection);
        }
        failure
    }

    fn give_back(&mut self) {
        let Some(connection) = self.connection.take() else {
            return;
        };
        // One of HTTP/2 is in the pool already; one that ends with this body is of no more use.
        match self.framing {
            Framing::NoBody | Framing::Length(_) | Framing::Chunked => self.pool.put(connection),
            Framing::Close | Framing::Stream { .. } => {}
        }
    }
}

impl Framing {
    fn of(head: &Head, body: &Incoming) -> Self {
        if head.version == Version::HTTP_2 {
            return Self::Stream {
                expected: body.size_hint().exact(),
            };
        }
        // hyper has judged method and status: no body for HEAD, 204 and 304.
        if body.is_end_stream() {
            return Self::NoBody;
        }
        if head.headers.contains_key(TRANSFER_ENCODING) {
            return if is_chunked(&head.headers) {
                Self::Chunked
            } else {
                Self::Close
            };
        }
        match (head.headers.contains_key(CONTENT_LENGTH), body.size_hint().exact()) {
            (true, Some(length)) => Self::Length(length),
            _ => Self::Close,
        }
    }
}

/// Whether `chunked` is the last transfer coding, which alone frames a body (RFC 9112 section 6.3).
fn is_chunked(headers: &HeaderMap) -> bool {
    let last = headers.get_all(TRANSFER_ENCODING).iter().next_back();
    let last = last.and_then(|value| value.as_bytes().rsplit(|byte| *byte == b',').next());
    last.is_some_and(|coding| coding.trim_ascii().eq_ignore_ascii_case(b"chunked"))
}

/// Whether bytes came that break the framing, as against bytes that did not come.
fn is_malformed(error: &hyper::Error) -> bool {
    caused_by::<io::Error>(error).is_some_and(|error| error.kind() != io::ErrorKind::UnexpectedEof)
}

fn is_io(error: &hyper::Error) -> bool {
    caused_by::<h2::Error>(error).is_none_or(h2::Error::is_io)
}

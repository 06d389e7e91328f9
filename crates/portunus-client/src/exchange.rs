//! One request and the head of its response over one connection.

use std::error::Error as StdError;
use std::io;
use std::sync::Arc;

use http::{Method, StatusCode, Version};
use hyper::body::Incoming;
use hyper::client::conn::{TrySendError, http1, http2};

use crate::body::Sending;
use crate::head::{redact, write_fields};
use crate::pool::Pool;
use crate::tap::{End, Ledger};
use crate::{Error, Event, Head, Observer, Origin, Request, Response, limits};

/// A connection that is free for a request.
pub(crate) struct Connection {
    pub(crate) origin: Origin,
    pub(crate) sender: Sender,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) observer: Arc<dyn Observer>,
}

/// The handle on hyper's connection.
pub(crate) enum Sender {
    Http1(http1::SendRequest<Sending>),
    Http2(http2::SendRequest<Sending>),
}

/// An exchange without a response.
pub(crate) struct Failed {
    pub(crate) error: Error,
    /// The server has not acted on the request, or may act twice: another connection may try (RFC 9110 section 9.2.2).
    pub(crate) repeatable: bool,
}

impl Connection {
    pub(crate) fn is_closed(&self) -> bool {
        match &self.sender {
            Sender::Http1(sender) => sender.is_closed(),
            Sender::Http2(sender) => sender.is_closed(),
        }
    }

    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.ledger, &other.ledger)
    }

    /// Another handle on the same connection, where it takes several requests at a time.
    pub(crate) fn share(&self) -> Option<Self> {
        let Sender::Http2(sender) = &self.sender else {
            return None;
        };
        Some(Self {
            origin: self.origin.clone(),
            sender: Sender::Http2(sender.clone()),
            ledger: Arc::clone(&self.ledger),
            observer: Arc::clone(&self.observer),
        })
    }

    /// Sends the request and awaits the response's head. Dropping the future closes an HTTP/1.1 connection, and resets
    /// the stream of an HTTP/2 one.
    pub(crate) async fn exchange(mut self, request: &Request, pool: &Arc<Pool>) -> Result<Response, Failed> {
        let answered = match &mut self.sender {
            Sender::Http1(sender) => http1_exchange(sender, &self.ledger, request).await,
            Sender::Http2(sender) => http2_exchange(sender, &self.ledger, &*self.observer, request).await,
        };
        match answered {
            Ok((head, body)) => {
                self.observer.note(&Event::ResponseHead(&head));
                Ok(Response::new(head, body, self, pool))
            }
            Err(failed) => {
                pool.discard(&self);
                Err(failed)
            }
        }
    }
}

async fn http1_exchange(
    sender: &mut http1::SendRequest<Sending>,
    ledger: &Ledger,
    request: &Request,
) -> Result<(Head, Incoming), Failed> {
    let assembled = request.assemble(Version::HTTP_11).map_err(for_good)?;
    if let Err(error) = sender.ready().await {
        return Err(Failed {
            error: http1_failure(&error, ledger),
            repeatable: true,
        });
    }
    ledger.begin_http1_exchange();
    let unreadable = assembled.body().failure();
    let response = match sender.try_send_request(assembled).await {
        Ok(response) => response,
        Err(failed) => {
            if let Some(error) = unreadable.take() {
                return Err(for_good(error));
            }
            let (error, unsent) = split(failed);
            let unanswered = ledger.bytes_received() == 0 && ledger.end().is_some();
            let repeatable = unsent || (unanswered && is_idempotent(&request.wire_method()));
            return Err(Failed {
                error: http1_failure(&error, ledger),
                repeatable,
            });
        }
    };
    let raw = ledger.take_received_head().into();
    let (parts, body) = response.into_parts();
    if parts.status == StatusCode::SWITCHING_PROTOCOLS {
        let reason = "it switches protocols (101), which was not asked for".to_owned();
        return Err(for_good(Error::InvalidResponse { reason }));
    }
    Ok((
        Head {
            raw,
            version: parts.version,
            status: parts.status,
            headers: parts.headers,
        },
        body,
    ))
}

async fn http2_exchange(
    sender: &mut http2::SendRequest<Sending>,
    ledger: &Ledger,
    observer: &dyn Observer,
    request: &Request,
) -> Result<(Head, Incoming), Failed> {
    let assembled = request.assemble(Version::HTTP_2).map_err(for_good)?;
    if let Err(error) = sender.ready().await {
        return Err(Failed {
            error: http2_failure(&error, ledger),
            repeatable: true,
        });
    }
    observer.note(&Event::RequestHead(&redact(&shown_as_http1(&assembled))));
    let unreadable = assembled.body().failure();
    match sender.try_send_request(assembled).await {
        Ok(response) => {
            let (parts, body) = response.into_parts();
            Ok((Head::from_http2(parts.status, parts.headers), body))
        }
        Err(failed) => {
            if let Some(error) = unreadable.take() {
                return Err(for_good(error));
            }
            let (error, unsent) = split(failed);
            let repeatable = unsent || is_unprocessed(&error);
            Err(Failed {
                error: http2_failure(&error, ledger),
                repeatable,
            })
        }
    }
}

fn for_good(error: Error) -> Failed {
    Failed {
        error,
        repeatable: false,
    }
}

fn split<B>(mut failed: TrySendError<B>) -> (hyper::Error, bool) {
    let unsent = failed.take_message().is_some();
    (failed.into_error(), unsent)
}

/// RFC 9110 section 9.2.2.
fn is_idempotent(method: &Method) -> bool {
    method.is_safe() || matches!(*method, Method::PUT | Method::DELETE)
}

/// Whether the server says that it has not touched the request (RFC 9113 section 6.8 and RFC 9113 section 8.7).
fn is_unprocessed(error: &hyper::Error) -> bool {
    caused_by::<h2::Error>(error).is_some_and(|error| {
        error.is_remote() && (error.is_go_away() || error.reason() == Some(h2::Reason::REFUSED_STREAM))
    })
}

/// Why an HTTP/1.1 exchange has no response: the stream's end first, then what hyper made of the bytes.
fn http1_failure(error: &hyper::Error, ledger: &Ledger) -> Error {
    let received = ledger.bytes_received();
    let too_large = caused_by::<io::Error>(error).is_some_and(|error| error.kind() == io::ErrorKind::FileTooLarge);
    if too_large {
        return Error::HeadTooLarge {
            limit: limits::RESPONSE_HEAD,
        };
    }
    if error.is_parse() {
        return refused_head(&ledger.take_received_head(), error);
    }
    if error.is_user() {
        return Error::InvalidRequest {
            reason: error.to_string(),
        };
    }
    match ledger.end() {
        Some(End::Orderly | End::CutOff) if received == 0 => Error::EmptyReply,
        Some(End::Orderly | End::CutOff) => {
            let head = ledger.take_received_head();
            match looks_like_http(&head) {
                true => Error::PartialHead { received: head.len() },
                false => refused_head(&head, error),
            }
        }
        Some(End::ReadFailed(broken)) => Error::Receive(broken.into_error()),
        Some(End::WriteFailed(broken)) => Error::Send(broken.into_error()),
        None => Error::Receive(io::Error::other(error.to_string())),
    }
}

/// Bytes that are no head of HTTP/1.x. What does not even begin as one gets its own error, for it is another protocol.
fn refused_head(head: &[u8], error: &hyper::Error) -> Error {
    if !looks_like_http(head) {
        let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
        return Error::NotHttp {
            start: line.get(..SHOWN_OF_A_STRANGER).unwrap_or(line).to_vec(),
        };
    }
    let reason = error.source().map_or_else(|| error.to_string(), ToString::to_string);
    Error::InvalidResponse { reason }
}

/// Enough to recognise `SSH-2.0-…`, `220 mail…` or a page.
const SHOWN_OF_A_STRANGER: usize = 60;

/// Whether bytes begin a status line of HTTP/1.0 or 1.1 (RFC 9112 section 4), as far as they reach.
fn looks_like_http(head: &[u8]) -> bool {
    let shape = b"HTTP/1.x ddd";
    head.iter().zip(shape).all(|(byte, expected)| match expected {
        b'x' => matches!(byte, b'0' | b'1'),
        b'd' => byte.is_ascii_digit(),
        _ => byte == expected,
    })
}

/// Why an HTTP/2 exchange, or the rest of its body, failed.
pub(crate) fn http2_failure(error: &hyper::Error, ledger: &Ledger) -> Error {
    if let Some(cause) = caused_by::<h2::Error>(error) {
        if let (true, Some(reason)) = (cause.is_reset(), cause.reason()) {
            return Error::Http2Stream { reason };
        }
        if !cause.is_io() {
            return Error::Http2Connection {
                reason: cause.to_string(),
            };
        }
    }
    match ledger.end() {
        Some(End::Orderly | End::CutOff) if ledger.bytes_received() == 0 => Error::EmptyReply,
        Some(End::ReadFailed(broken)) => Error::Receive(broken.into_error()),
        Some(End::WriteFailed(broken)) => Error::Send(broken.into_error()),
        Some(End::Orderly | End::CutOff) => Error::Http2Connection {
            reason: "it was closed before the response".to_owned(),
        },
        None => Error::Http2Connection {
            reason: error.to_string(),
        },
    }
}

/// The first cause of this type.
pub(crate) fn caused_by<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

/// What curl shows of an HTTP/2 request: the pseudo-header fields as a request line and `Host`.
fn shown_as_http1(request: &http::Request<Sending>) -> Vec<u8> {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let authority = request.uri().authority().map_or("", |authority| authority.as_str());
    let mut head = format!("{} {path} HTTP/2\r\nHost: {authority}\r\n", request.method()).into_bytes();
    write_fields(&mut head, request.headers());
    head.extend_from_slice(b"\r\n");
    head
}

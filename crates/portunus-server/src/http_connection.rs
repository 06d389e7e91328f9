//! HTTP over one connection: hyper, held to the limits.

use std::error::Error;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::Service;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use crate::activity::{Activity, Look};
use crate::body::RequestBody;
use crate::exchange::{Exchanges, ResponseBody};
use crate::facts::ConnectionFacts;
use crate::limits;
use crate::lingering::Lingering;
use crate::paced::Paced;
use crate::stop::Stop;

/// What is spoken over a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1 and 1.0 (RFC 9112)
    Http1,
    /// HTTP/2 (RFC 9113)
    Http2,
}

/// How a connection ended.
#[derive(Debug, thiserror::Error)]
pub enum Ended {
    /// One side said goodbye, and nothing was in progress.
    #[error("the connection is over")]
    Properly,
    /// The peer was told to go, for it had nothing to ask, and did not.
    #[error("the peer stayed without asking for anything")]
    Idle,
    /// The peer was slower than anybody may be.
    #[error("the peer moved fewer than {} bytes a second", limits::SLOWEST_RATE)]
    TooSlow,
    /// The server had to end at once.
    #[error("the server stopped")]
    Stopped,
    /// The peer broke the protocol, or went away in the middle.
    #[error("{0}")]
    Broken(#[source] hyper::Error),
}

/// HTTP for any stream of bytes, with one service that answers. Clones share the service.
///
/// The service finds the connection's `Arc<ConnectionFacts>` among the extensions of each request.
#[derive(Debug)]
pub struct Http<S> {
    service: Arc<S>,
}

impl<S> Clone for Http<S> {
    fn clone(&self) -> Self {
        Self {
            service: Arc::clone(&self.service),
        }
    }
}

impl<S> Http<S> {
    /// HTTP that this service answers.
    pub fn new(service: S) -> Self {
        Self {
            service: Arc::new(service),
        }
    }
}

impl<S, B> Http<S>
where
    S: Service<Request<RequestBody>, Response = Response<B>> + Send + Sync + 'static,
    S::Future: Send + 'static,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
    B: http_body::Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    /// Serves one connection until it ends. When `stop` asks for a graceful end, requests in progress are finished and
    /// the peer is told (`Connection: close`, GOAWAY).
    ///
    /// Dropping the future drops the stream, in the middle of whatever was in progress.
    pub async fn serve<IO>(
        &self,
        stream: IO,
        protocol: Protocol,
        peer: SocketAddr,
        facts: Arc<ConnectionFacts>,
        stop: &Stop,
    ) -> Ended
    where
        IO: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let activity = Arc::new(Activity::new());
        let abandoned = Arc::new(AtomicBool::new(false));
        let stream = TokioIo::new(Lingering::new(
            Paced::new(stream, Arc::clone(&activity)),
            Arc::clone(&abandoned),
        ));
        let service = Arc::clone(&self.service);
        let exchanges = Exchanges {
            service,
            activity: Arc::clone(&activity),
            peer,
            facts,
            abandoned,
        };
        match protocol {
            Protocol::Http1 => drive(http1().serve_connection(stream, exchanges), &activity, stop).await,
            Protocol::Http2 => drive(http2().serve_connection(stream, exchanges), &activity, stop).await,
        }
    }
}

fn http1() -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        // `drive` has one limit for idle connections and slow heads, in either protocol.
        .header_read_timeout(None)
        .max_header_size(limits::HEAD_BYTES)
        .max_headers(limits::HEAD_FIELDS)
        .max_buf_size(limits::HEAD_BYTES)
        .half_close(true);
    builder
}

fn http2() -> http2::Builder<TokioExecutor> {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits::STREAMS)
        .max_header_list_size(limits::HEADER_LIST_BYTES)
        .max_pending_accept_reset_streams(limits::PENDING_RESETS)
        .max_local_error_reset_streams(limits::LOCAL_RESETS)
        .initial_connection_window_size(limits::CONNECTION_WINDOW)
        .initial_stream_window_size(limits::STREAM_WINDOW)
        .max_send_buf_size(limits::SEND_BUFFER)
        .keep_alive_interval(limits::PING_TIME)
        .keep_alive_timeout(limits::PING_TIME);
    builder
}

/// What both of hyper's connections can do.
trait Connection: Future<Output = Result<(), hyper::Error>> {
    fn say_goodbye(self: Pin<&mut Self>);
}

impl<IO, S, B: 'static> Connection for http1::Connection<TokioIo<IO>, Exchanges<S>>
where
    Exchanges<S>: Service<Request<Incoming>, Response = Response<ResponseBody<B>>>,
    <Exchanges<S> as Service<Request<Incoming>>>::Error: Into<Box<dyn Error + Send + Sync>>,
    IO: AsyncRead + AsyncWrite + Unpin,
    ResponseBody<B>: http_body::Body<Error: Into<Box<dyn Error + Send + Sync>>>,
{
    fn say_goodbye(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

impl<IO, S, B: 'static> Connection for http2::Connection<TokioIo<IO>, Exchanges<S>, TokioExecutor>
where
    Exchanges<S>: Service<Request<Incoming>, Response = Response<ResponseBody<B>>>,
    <Exchanges<S> as Service<Request<Incoming>>>::Future: Send + 'static,
    <Exchanges<S> as Service<Request<Incoming>>>::Error: Into<Box<dyn Error + Send + Sync>>,
    IO: AsyncRead + AsyncWrite + Unpin,
    ResponseBody<B>: http_body::Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
{
    fn say_goodbye(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

async fn drive(connection: impl Connection, activity: &Activity, stop: &Stop) -> Ended {
    let mut connection = pin!(connection);
    let mut goodbye: Option<Instant> = None;
    loop {
        let wait = match activity.look() {
            Look::TooSlow => return Ended::TooSlow,
            Look::Busy(patience) => patience,
            Look::Idle(since) => {
                let end = match goodbye {
                    None => since + limits::IDLE_TIME,
                    Some(said) => since.max(said) + limits::CLOSING_TIME,
                };
                end.saturating_duration_since(Instant::now())
            }
        };
        if wait.is_zero() {
            if goodbye.is_some() {
                return Ended::Idle;
            }
            goodbye = Some(Instant::now());
            connection.as_mut().say_goodbye();
            continue;
        }
        tokio::select! {
            () = stop.over() => return Ended::Stopped,
            outcome = connection.as_mut() => return outcome.map_or_else(Ended::Broken, |()| Ended::Properly),
            () = stop.finishing(), if goodbye.is_none() => {
                goodbye = Some(Instant::now());
                connection.as_mut().say_goodbye();
            }
            // Requests come and go meanwhile: look again before long.
            () = tokio::time::sleep(wait.min(limits::CLOSING_TIME)) => {}
        }
    }
}

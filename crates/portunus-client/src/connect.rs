//! From an origin to a connection that speaks HTTP.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use crate::dial::dial;
use crate::exchange::{Connection, Sender};
use crate::pool::Pool;
use crate::resolve::Resolver;
use crate::tap::{Ledger, Tap};
use crate::{Error, Event, Observer, Origin, Scheme, limits};

/// A connected byte stream. A cut without close_notify reads as `UnexpectedEof`.
pub(crate) trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// A stream, and whether ALPN chose HTTP/2 on it.
pub(crate) struct Secured {
    pub(crate) stream: Box<dyn Wire>,
    pub(crate) http2: bool,
}

/// A handshake that failed.
pub(crate) struct Unsecured {
    pub(crate) error: Error,
    /// Not a byte came back, or an alert that says that the hello cannot be read: the marks of a server, or of a box on the way, that chokes
    /// on a large ClientHello.
    pub(crate) choked: bool,
}

/// How large a ClientHello is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hello {
    /// With a key share of each preferred group, the 1,216 bytes of X25519MLKEM768 among them.
    Full,
    /// With the small shares alone, so that it fits one segment. The groups are offered all the same.
    Small,
}

/// A handshake under way.
pub(crate) type Securing<'a> = Pin<Box<dyn Future<Output = Result<Secured, Unsecured>> + Send + 'a>>;

/// Makes TLS of TCP: the seam between HTTP and the engine.
pub(crate) trait Secure: Send + Sync {
    fn secure<'a>(&'a self, tcp: TcpStream, origin: &'a Origin, hello: Hello) -> Securing<'a>;
}

/// Makes connections.
pub(crate) struct Connector {
    pub(crate) resolver: Resolver,
    pub(crate) secure: Arc<dyn Secure>,
    pub(crate) timeout: Duration,
    pub(crate) observer: Arc<dyn Observer>,
}

impl Connector {
    /// A new connection; name lookup, TCP and TLS share one time limit. Dropping the future gives all of it up.
    pub(crate) async fn connect(&self, origin: &Origin, pool: &Pool) -> Result<Connection, Error> {
        let reached = tokio::time::timeout(self.timeout, self.reach(origin)).await;
        let reached = reached.map_err(|_| Error::ConnectTimeout {
            origin: origin.clone(),
            after: self.timeout,
        })?;
        self.speak_http(origin, reached?, pool).await
    }

    async fn reach(&self, origin: &Origin) -> Result<Secured, Error> {
        let resolved = self.resolver.resolve(origin).await?;
        let addresses = &resolved.addresses;
        self.observer.note(&Event::Resolved {
            origin,
            addresses,
            overridden: resolved.overridden,
        });
        let tcp = self.dial(origin, addresses).await?;
        if origin.scheme() == Scheme::Http {
            return Ok(Secured {
                stream: Box::new(tcp),
                http2: false,
            });
        }
        let first = match self.secure.secure(tcp, origin, Hello::Full).await {
            Ok(secured) => return Ok(secured),
            Err(unsecured) if !unsecured.choked => return Err(unsecured.error),
            Err(unsecured) => unsecured.error,
        };
        self.observer.note(&Event::TryingSmallHello { origin, error: &first });
        let tcp = self.dial(origin, addresses).await?;
        match self.secure.secure(tcp, origin, Hello::Small).await {
            Ok(secured) => {
                self.observer.note(&Event::LargeHelloRefused(origin));
                Ok(secured)
            }
            // Then it was not the size: what failed first is what is wrong.
            Err(unsecured) if unsecured.choked => Err(first),
            Err(unsecured) => Err(unsecured.error),
        }
    }

    async fn dial(&self, origin: &Origin, addresses: &[SocketAddr]) -> Result<TcpStream, Error> {
        let dialled = dial(addresses, &*self.observer, TcpStream::connect).await;
        let (address, tcp) = dialled.map_err(|failed| Error::Connect {
            origin: origin.clone(),
            failed,
        })?;
        self.observer.note(&Event::Connected { origin, address });
        // A request is written in one piece; waiting for more would only delay it. Failing to say so changes nothing else.
        let _ = tcp.set_nodelay(true);
        Ok(tcp)
    }

    async fn speak_http(&self, origin: &Origin, secured: Secured, pool: &Pool) -> Result<Connection, Error> {
        let ledger = Ledger::new(Arc::clone(&self.observer));
        let io = TokioIo::new(Tap::new(secured.stream, Arc::clone(&ledger)));
        let failed = |error: hyper::Error| Error::Http2Connection {
            reason: error.to_string(),
        };
        let sender = if secured.http2 {
            let (sender, driver) = http2::Builder::new(TokioExecutor::new())
                .initial_stream_window_size(limits::HTTP2_STREAM_WINDOW)
                .initial_connection_window_size(limits::HTTP2_CONNECTION_WINDOW)
                .max_frame_size(limits::HTTP2_FRAME)
                .max_header_list_size(limits::HTTP2_HEADER_LIST)
                .handshake(io)
                .await
                .map_err(failed)?;
            // What ends the driver is judged where a request waits for it.
            pool.drive(async move { drop(driver.await) });
            Sender::Http2(sender)
        } else {
            let (sender, driver) = http1::Builder::new()
                .title_case_headers(true)
                .allow_obsolete_multiline_headers_in_responses(true)
                .max_headers(limits::RESPONSE_FIELDS)
                .max_header_size(limits::RESPONSE_HEAD)
                .handshake(io)
                .await
                .map_err(failed)?;
            pool.drive(async move { drop(driver.await) });
            Sender::Http1(sender)
        };
        Ok(Connection {
            origin: origin.clone(),
            sender,
            ledger,
            observer: Arc::clone(&self.observer),
        })
    }
}

//! From listening sockets to connections that are served.

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use hyper::service::Service;
use portunus_x509::Printable;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::body::RequestBody;
use crate::facts::ConnectionFacts;
use crate::http_connection::{Http, Protocol};
use crate::limits;
use crate::plain_http;
use crate::stop::Stop;

/// Makes an accepted connection secure.
pub trait Acceptor: Send + Sync + 'static {
    /// The secure stream.
    type Stream: AsyncRead + AsyncWrite + Send + Unpin + 'static;

    /// The server's side of the handshake. The server runs many at once. An acceptor should give up after
    /// [`HANDSHAKE_TIME`](limits::HANDSHAKE_TIME) and may tell the peer so; the future is dropped
    /// [`CLOSING_TIME`](limits::CLOSING_TIME) later.
    fn accept(
        &self,
        stream: TcpStream,
        peer: SocketAddr,
    ) -> impl Future<Output = Result<Accepted<Self::Stream>, Refused>> + Send;
}

/// A connection that is ready for HTTP.
#[derive(Debug)]
pub struct Accepted<S> {
    /// The stream of plaintext.
    pub stream: S,
    /// What was agreed to be spoken over it.
    pub protocol: Protocol,
    /// What is known of it.
    pub facts: ConnectionFacts,
}

/// Why no secure connection came about.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Refused(#[source] pub Box<dyn Error + Send + Sync>);

/// Accepts connections and serves them.
#[derive(Debug)]
pub struct Server<S, A> {
    http: Http<S>,
    acceptor: Arc<A>,
    listeners: Vec<TcpListener>,
}

impl<S, A, B> Server<S, A>
where
    S: Service<Request<RequestBody>, Response = Response<B>> + Send + Sync + 'static,
    S::Future: Send + 'static,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
    B: http_body::Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
    A: Acceptor,
{
    /// A server that makes connections secure with `acceptor` and has `service` answer. It listens nowhere yet.
    pub fn new(service: S, acceptor: A) -> Self {
        Self {
            http: Http::new(service),
            acceptor: Arc::new(acceptor),
            listeners: Vec::new(),
        }
    }

    /// Listens here too.
    pub fn listen(mut self, listener: TcpListener) -> Self {
        self.listeners.push(listener);
        self
    }

    /// Serves until `stop` has asked for the end and every connection is gone.
    ///
    /// Dropping the future ends the accepting; connections live on until `stop` ends them.
    pub async fn run(self, stop: &Stop) {
        let connections = Arc::new(Semaphore::new(limits::CONNECTIONS));
        let handshakes = Arc::new(Semaphore::new(limits::HANDSHAKES));
        let mut accepting = tokio::task::JoinSet::new();
        for listener in self.listeners {
            let door = Door {
                listener,
                http: self.http.clone(),
                acceptor: Arc::clone(&self.acceptor),
                connections: Arc::clone(&connections),
                handshakes: Arc::clone(&handshakes),
                stop: stop.clone(),
            };
            accepting.spawn(door.keep());
        }
        while accepting.join_next().await.is_some() {}
        stop.finishing().await;
        // Each connection holds one permit until it is gone.
        let all = u32::try_from(limits::CONNECTIONS).unwrap_or(u32::MAX);
        let _ = connections.acquire_many(all).await;
    }
}

/// One listening socket and all that a connection from it needs.
struct Door<S, A> {
    listener: TcpListener,
    http: Http<S>,
    acceptor: Arc<A>,
    connections: Arc<Semaphore>,
    handshakes: Arc<Semaphore>,
    stop: Stop,
}

impl<S, A, B> Door<S, A>
where
    S: Service<Request<RequestBody>, Response = Response<B>> + Send + Sync + 'static,
    S::Future: Send + 'static,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
    B: http_body::Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
    A: Acceptor,
{
    /// The accept loop. Nothing in it waits for a peer.
    async fn keep(self) {
        let (first_wait, longest_wait) = limits::ACCEPT_WAIT;
        let mut wait = first_wait;
        loop {
            let accepted = tokio::select! {
                () = self.stop.finishing() => return,
                accepted = self.accept() => accepted,
            };
            match accepted {
                Ok((permit, stream, peer)) => {
                    wait = first_wait;
                    self.welcome(permit, stream, peer);
                }
                Err(error) if is_the_peers(&error) => {
                    tracing::debug!("a connection went before it was accepted: {error}")
                }
                Err(error) => {
                    // Too few descriptors or too little memory: that passes when connections end.
                    if wait == first_wait {
                        tracing::warn!("cannot accept connections for now: {error}");
                    }
                    tokio::select! {
                        () = self.stop.finishing() => return,
                        () = tokio::time::sleep(wait) => {}
                    }
                    wait = longest_wait.min(wait.saturating_mul(2));
                }
            }
        }
    }

    async fn accept(&self) -> io::Result<(OwnedSemaphorePermit, TcpStream, SocketAddr)> {
        let permit = Arc::clone(&self.connections)
            .acquire_owned()
            .await
            .map_err(io::Error::other)?;
        let (stream, peer) = self.listener.accept().await?;
        Ok((permit, stream, peer))
    }

    /// Starts a task for the connection.
    fn welcome(&self, permit: OwnedSemaphorePermit, stream: TcpStream, peer: SocketAddr) {
        let Ok(handshake) = Arc::clone(&self.handshakes).try_acquire_owned() else {
            tracing::warn!("{peer}: turned away, {} handshakes are in progress", limits::HANDSHAKES);
            return;
        };
        let (http, acceptor, stop) = (self.http.clone(), Arc::clone(&self.acceptor), self.stop.clone());
        let limit = limits::HANDSHAKE_TIME.saturating_add(limits::CLOSING_TIME);
        tokio::spawn(async move {
            let made_secure = tokio::select! {
                () = stop.finishing() => return,
                made_secure = tokio::time::timeout(limit, greet(&*acceptor, stream, peer)) => made_secure,
            };
            drop(handshake);
            match made_secure {
                Err(_) => tracing::info!("{peer}: no handshake within {} s", limit.as_secs()),
                Ok(Greeting::Gone) => {}
                Ok(Greeting::Silent) => {
                    tracing::info!("{peer}: said nothing within {} s", limits::HANDSHAKE_TIME.as_secs());
                }
                Ok(Greeting::PlainHttp) => tracing::info!("{peer}: plain HTTP, answered with where to go"),
                Ok(Greeting::Refused(error)) => {
                    tracing::info!("{peer}: no secure connection: {}", Printable::new(&error.to_string()));
                }
                Ok(Greeting::Secure(Accepted {
                    stream,
                    protocol,
                    facts,
                })) => {
                    let ended = http.serve(stream, protocol, peer, Arc::new(facts), &stop).await;
                    tracing::debug!("{peer}: {}", Printable::new(&ended.to_string()));
                }
            }
            drop(permit);
        });
    }
}

enum Greeting<S> {
    /// The peer went without a word.
    Gone,
    /// The peer stayed without a word.
    Silent,
    /// The peer spoke HTTP where TLS was expected, and was told so.
    PlainHttp,
    Refused(Refused),
    Secure(Accepted<S>),
}

/// Listens to the first byte, then lets the acceptor do its work.
async fn greet<A: Acceptor>(acceptor: &A, stream: TcpStream, peer: SocketAddr) -> Greeting<A::Stream> {
    // Records and frames are written whole: waiting for more would only delay them.
    let _ = stream.set_nodelay(true);
    let mut first = [0];
    match tokio::time::timeout(limits::HANDSHAKE_TIME, stream.peek(&mut first)).await {
        Err(_) => return Greeting::Silent,
        Ok(Ok(0) | Err(_)) => return Greeting::Gone,
        Ok(Ok(_)) => {}
    }
    if plain_http::looks_like(first) {
        plain_http::answer(stream).await;
        return Greeting::PlainHttp;
    }
    match acceptor.accept(stream, peer).await {
        Ok(accepted) => Greeting::Secure(accepted),
        Err(refused) => Greeting::Refused(refused),
    }
}

/// Whether `accept` failed for a reason that concerns the one connection only.
fn is_the_peers(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted, TimedOut, WouldBlock};
    let kind = error.kind();
    matches!(
        kind,
        ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted | TimedOut | WouldBlock
    )
}

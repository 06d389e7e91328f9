//! Requests that came as early data (RFC 8470): somebody may have recorded them, and sends them again.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use http::{HeaderName, Request};
use portunus_tokio::TlsStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// With this a proxy says that the request came to it so.
const EARLY_DATA: HeaderName = HeaderName::from_static("early-data");

/// Whether what came over a connection up to now may be a replay. It never is on a connection without early data.
#[derive(Clone, Debug, Default)]
pub struct Early(Option<Arc<AtomicBool>>);

impl Early {
    fn begin() -> Self {
        Self(Some(Arc::new(AtomicBool::new(true))))
    }

    /// Whether it may be, as far as was read.
    pub fn is_now(&self) -> bool {
        self.0.as_ref().is_some_and(|early| early.load(Ordering::Acquire))
    }
}

/// Whether a request has to wait until the client has proved that it is there (RFC 8470 section 5.2): it does something, and may be a replay. What is safe to
/// ask is safe to ask twice.
pub(crate) fn is_too_early<B>(request: &Request<B>, early: &Early) -> bool {
    !request.method().is_safe() && (early.is_now() || request.headers().contains_key(EARLY_DATA))
}

/// A stream that keeps its [`Early`] up to date. It is the reader who comes upon the client's proof, and so before any request behind it.
#[derive(Debug)]
pub struct EarlyStream {
    stream: TlsStream<TcpStream>,
    early: Early,
}

impl EarlyStream {
    pub(crate) fn new(stream: TlsStream<TcpStream>) -> Self {
        let early = if stream.is_early() {
            Early::begin()
        } else {
            Early::default()
        };
        Self { stream, early }
    }

    pub(crate) fn early(&self) -> Early {
        self.early.clone()
    }
}

impl AsyncRead for EarlyStream {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let read = Pin::new(&mut this.stream).poll_read(context, into);
        if let Some(early) = &this.early.0
            && !this.stream.is_early()
        {
            early.store(false, Ordering::Release);
            this.early = Early::default();
        }
        read
    }
}

impl AsyncWrite for EarlyStream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, from)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        from: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, from)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;

    #[test]
    fn what_does_something_waits_for_the_proof() {
        let too_early = |method: Method, early: &Early, header: Option<&str>| {
            let mut request = Request::builder().method(method);
            if let Some(value) = header {
                request = request.header("Early-Data", value);
            }
            is_too_early(&request.body(()).unwrap(), early)
        };
        let early = Early::begin();
        for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
            assert!(!too_early(method.clone(), &early, None));
            assert!(!too_early(method, &early, Some("1")));
        }
        for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
            assert!(too_early(method.clone(), &early, None));
            assert!(too_early(method.clone(), &Early::default(), Some("1")));
            assert!(!too_early(method, &Early::default(), None));
        }
    }
}

//! One request and its answer, between hyper and the handler: checked, timed and logged.

use std::error::Error;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{EXPECT, HOST};
use http::{Method, Request, Response, StatusCode, Version};
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use hyper::service::Service;

use crate::access::AccessRecord;
use crate::activity::{Activity, Turn};
use crate::body::{Body, RequestBody, Unwanted};
use crate::early::is_too_early;
use crate::facts::ConnectionFacts;
use crate::page::error_response;

/// The service of one connection.
#[derive(Debug)]
pub(crate) struct Exchanges<S> {
    pub(crate) service: Arc<S>,
    pub(crate) activity: Arc<Activity>,
    pub(crate) peer: SocketAddr,
    pub(crate) facts: Arc<ConnectionFacts>,
    pub(crate) abandoned: Arc<AtomicBool>,
}

impl<S, B> Service<Request<Incoming>> for Exchanges<S>
where
    S: Service<Request<RequestBody>, Response = Response<B>>,
    S::Future: Send + 'static,
    B: http_body::Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Response = Response<ResponseBody<B>>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, S::Error>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let turn = Arc::new(self.activity.begin());
        let mut record = AccessRecord::new(&request, self.peer, Arc::clone(&self.facts));
        let bodiless = request.method() == Method::HEAD;
        let refused = if !names_its_host(&request) {
            Some(error_response(
                StatusCode::BAD_REQUEST,
                "The request does not name exactly one host (RFC 9112 section 3.2).",
            ))
        } else if is_too_early(&request, &self.facts.early) {
            Some(error_response(
                StatusCode::TOO_EARLY,
                "The request came as early data, and does something: send it again now (RFC 8470 section 5.2).",
            ))
        } else {
            None
        };
        let unwanted = Unwanted {
            awaits_leave: request.version() == Version::HTTP_11 && request.headers().contains_key(EXPECT),
            abandoned: Arc::clone(&self.abandoned),
        };
        let mut request = request.map(|incoming| RequestBody::new(incoming, Arc::clone(&turn), unwanted));
        request.extensions_mut().insert(Arc::clone(&self.facts));
        let answer = match refused {
            Some(refusal) => Err(refusal),
            None => Ok(self.service.call(request)),
        };
        Box::pin(async move {
            let response = match answer {
                Ok(answer) => answer.await?.map(Source::Handler),
                Err(refusal) => refusal.map(Source::Own),
            };
            record.answered(response.status());
            if bodiless || http_body::Body::is_end_stream(response.body()) {
                record.complete();
            }
            Ok(response.map(|source| ResponseBody { source, record, turn }))
        })
    }
}

/// RFC 9112 section 3.2: a request of HTTP/1.1 without Host, or with more than one, is answered with 400.
fn names_its_host<B>(request: &Request<B>) -> bool {
    let mut hosts = request.headers().get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (_, Some(_)) => false,
        (None, None) => request.version() != Version::HTTP_11,
        (Some(host), None) => {
            let host = host.as_bytes();
            host.is_empty() || http::uri::Authority::try_from(host).is_ok_and(|host| !host.as_str().contains('@'))
        }
    }
}

enum Source<B> {
    Handler(B),
    Own(Body),
}

impl<B> http_body::Body for Source<B>
where
    B: http_body::Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match &mut *self {
            Self::Handler(body) => Pin::new(body).poll_frame(cx).map_err(Into::into),
            Self::Own(body) => Pin::new(body).poll_frame(cx).map_err(Into::into),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Handler(body) => body.is_end_stream(),
            Self::Own(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Handler(body) => body.size_hint(),
            Self::Own(body) => body.size_hint(),
        }
    }
}

/// The body of an answer on its way: what the handler gave, counted and timed.
pub(crate) struct ResponseBody<B> {
    source: Source<B>,
    record: AccessRecord,
    turn: Arc<Turn>,
}

impl<B> http_body::Body for ResponseBody<B>
where
    B: http_body::Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        // To be polled at all means that the peer took what went before.
        let this = &mut *self;
        this.turn.awaits_download(false);
        let polled = Pin::new(&mut this.source).poll_frame(cx);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                let bytes = frame.data_ref().map_or(0, Bytes::len);
                this.record.sent(bytes);
                this.turn.awaits_download(true);
                if this.source.is_end_stream() {
                    this.record.complete();
                }
            }
            Poll::Ready(None) => this.record.complete(),
            Poll::Ready(Some(Err(error))) => tracing::warn!("an answer failed: {error}"),
            Poll::Pending => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.source.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.source.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_hosts(version: Version, hosts: &[&str]) -> bool {
        let mut request = Request::get("/").version(version);
        for host in hosts {
            request = request.header(HOST, *host);
        }
        names_its_host(&request.body(()).unwrap())
    }

    #[test]
    fn http_1_1_names_exactly_one_host() {
        assert!(with_hosts(Version::HTTP_11, &["localhost:8443"]));
        assert!(with_hosts(Version::HTTP_11, &["[::1]:8443"]));
        assert!(with_hosts(Version::HTTP_11, &[""]));
        assert!(with_hosts(Version::HTTP_10, &[]));
        assert!(with_hosts(Version::HTTP_2, &[]));
        assert!(!with_hosts(Version::HTTP_11, &[]));
        assert!(!with_hosts(Version::HTTP_11, &["a", "b"]));
        assert!(!with_hosts(Version::HTTP_11, &["a b"]));
        assert!(!with_hosts(Version::HTTP_11, &["user@a"]));
        assert!(!with_hosts(Version::HTTP_11, &["a/b"]));
    }
}

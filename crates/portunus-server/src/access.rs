//! The access log: one line a request, as an event of the target `portunus::access`.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use http::{Method, Request, StatusCode, Version};
use portunus_x509::Printable;
use tokio::time::Instant;

use crate::facts::ConnectionFacts;

/// What is to be said of one request. It is said when this is dropped, so that no way out of a request misses it.
#[derive(Debug)]
pub(crate) struct AccessRecord {
    peer: SocketAddr,
    connection: Arc<ConnectionFacts>,
    method: Method,
    target: String,
    version: Version,
    status: Option<StatusCode>,
    bytes: u64,
    complete: bool,
    begun: Instant,
}

impl AccessRecord {
    pub(crate) fn new<B>(request: &Request<B>, peer: SocketAddr, connection: Arc<ConnectionFacts>) -> Self {
        let target = request
            .uri()
            .path_and_query()
            .map_or(request.uri().path(), |target| target.as_str());
        Self {
            peer,
            connection,
            method: request.method().clone(),
            target: target.to_owned(),
            version: request.version(),
            status: None,
            bytes: 0,
            complete: false,
            begun: Instant::now(),
        }
    }

    /// The head of the answer is known.
    pub(crate) fn answered(&mut self, status: StatusCode) {
        self.status = Some(status);
    }

    /// Bytes of the answer's body were handed on.
    pub(crate) fn sent(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
    }

    /// Nothing of the answer is left to send.
    pub(crate) fn complete(&mut self) {
        self.complete = true;
    }
}

impl fmt::Display for AccessRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            peer,
            method,
            version,
            bytes,
            ..
        } = self;
        let (method, target) = (Printable::new(method.as_str()), Printable::new(&self.target));
        write!(f, "{peer} {method} {target} {version:?} ")?;
        match self.status {
            Some(status) => write!(f, "{}", status.as_str())?,
            None => f.write_str("-")?,
        }
        write!(f, " {bytes} B {:.1} ms", self.begun.elapsed().as_secs_f64() * 1000.0)?;
        match &self.connection.tls {
            Some(tls) => {
                let how = if tls.resumed { "resumed" } else { "full" };
                write!(
                    f,
                    " {} {} {how}",
                    Printable::new(&tls.version),
                    Printable::new(&tls.cipher_suite)
                )?;
            }
            None => f.write_str(" no TLS")?,
        }
        if !self.complete {
            f.write_str(" (cut short)")?;
        }
        Ok(())
    }
}

impl Drop for AccessRecord {
    fn drop(&mut self) {
        tracing::info!(target: "portunus::access", "{self}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::TlsFacts;

    fn record(target: &str) -> AccessRecord {
        let request = Request::get(target).body(()).unwrap();
        let tls = TlsFacts {
            version: "TLS 1.3".into(),
            cipher_suite: "TLS_AES_128_GCM_SHA256".into(),
            resumed: true,
            ..TlsFacts::default()
        };
        let connection = Arc::new(ConnectionFacts {
            tls: Some(tls),
            ..ConnectionFacts::default()
        });
        AccessRecord::new(&request, ([127, 0, 0, 1], 4433).into(), connection)
    }

    #[tokio::test(start_paused = true)]
    async fn a_line_tells_the_whole_request() {
        let mut record = record("/a%1b?q");
        record.answered(StatusCode::OK);
        record.sent(5);
        record.complete();
        tokio::time::advance(std::time::Duration::from_millis(3)).await;
        assert_eq!(
            record.to_string(),
            "127.0.0.1:4433 GET /a%1b?q HTTP/1.1 200 5 B 3.0 ms TLS 1.3 TLS_AES_128_GCM_SHA256 resumed"
        );
    }

    #[tokio::test]
    async fn what_the_peer_wrote_is_escaped() {
        let record = record("/\u{202e}gnp.exe");
        assert!(!record.to_string().contains('\u{202e}'), "{record}");
        assert!(record.to_string().ends_with("(cut short)"), "{record}");
    }
}

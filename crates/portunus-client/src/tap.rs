//! Stands between HTTP and the stream, and remembers what HTTP alone does not tell.
//!
//! - How the stream ended: in order, cut off without close_notify, or by an error. To HTTP a cut looks like an orderly
//!   end, so that a message that is whole by its own framing stays whole (RFC 9112 section 9.8);
//!   [`Response`](crate::Response) asks here when the framing leaves it open.
//! - The heads as they went over the wire, since an HTTP library keeps neither the case of names nor interim responses.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::head::HeadScanner;
use crate::{Event, Observer, head};

/// How a stream came to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The peer closed it in order: FIN, or close_notify under TLS.
    Orderly,
    /// TLS ended without close_notify.
    CutOff,
    /// Reading failed.
    ReadFailed(Broken),
    /// Writing failed, and nothing has been read since.
    WriteFailed(Broken),
}

/// What is left of an I/O error, which cannot be cloned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Broken {
    kind: io::ErrorKind,
    message: String,
}

impl Broken {
    fn new(error: &io::Error) -> Self {
        Self {
            kind: error.kind(),
            message: error.to_string(),
        }
    }

    pub(crate) fn into_error(self) -> io::Error {
        io::Error::new(self.kind, self.message)
    }
}

/// What the tap remembers; shared with whoever judges the exchange.
pub(crate) struct Ledger {
    seen: Mutex<Seen>,
}

struct Seen {
    /// Heads are scanned in HTTP/1 alone.
    sent: Option<HeadScanner>,
    received: Option<HeadScanner>,
    bytes_received: u64,
    end: Option<End>,
    observer: Arc<dyn Observer>,
}

impl Ledger {
    pub(crate) fn new(observer: Arc<dyn Observer>) -> Arc<Self> {
        let seen = Seen {
            sent: None,
            received: None,
            bytes_received: 0,
            end: None,
            observer,
        };
        Arc::new(Self { seen: Mutex::new(seen) })
    }

    /// From here on the next request and its response are meant.
    pub(crate) fn begin_http1_exchange(&self) {
        let mut seen = self.seen();
        seen.sent = Some(HeadScanner::default());
        seen.received = Some(HeadScanner::default());
        seen.bytes_received = 0;
    }

    /// The response's heads as they came, as far as they came.
    pub(crate) fn take_received_head(&self) -> Vec<u8> {
        self.seen()
            .received
            .take()
            .map(HeadScanner::into_bytes)
            .unwrap_or_default()
    }

    /// Bytes read since the exchange began.
    pub(crate) fn bytes_received(&self) -> u64 {
        self.seen().bytes_received
    }

    /// How the stream ended, if it has.
    pub(crate) fn end(&self) -> Option<End> {
        self.seen().end.clone()
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    fn read(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.bytes_received = self
            .bytes_received
            .saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        match &mut self.received {
            Some(scanner) => scanner.feed(bytes),
            None => Ok(()),
        }
    }

    fn wrote(&mut self, bytes: &[u8]) {
        let Some(scanner) = &mut self.sent else { return };
        // Our own head; one that is too long to show is sent all the same.
        let shown = scanner.feed(bytes);
        if scanner.is_complete() || shown.is_err() {
            let head = self.sent.take().map(HeadScanner::into_bytes).unwrap_or_default();
            self.observer.note(&Event::RequestHead(&head::redact(&head)));
        }
    }
}

/// The stream under a tap.
pub(crate) struct Tap<S> {
    stream: S,
    ledger: Arc<Ledger>,
}

impl<S> Tap<S> {
    pub(crate) fn new(stream: S, ledger: Arc<Ledger>) -> Self {
        Self { stream, ledger }
    }

    fn write_result(&self, result: io::Result<usize>) -> io::Result<usize> {
        if let Err(error) = &result {
            self.ledger
                .seen()
                .end
                .get_or_insert(End::WriteFailed(Broken::new(error)));
        }
        result
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Tap<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let result = ready!(Pin::new(&mut self.stream).poll_read(cx, buf));
        let mut seen = self.ledger.seen();
        Poll::Ready(match result {
            Ok(()) => match buf.filled().get(before..) {
                Some(bytes) if !bytes.is_empty() => seen.read(bytes),
                _ if buf.remaining() == 0 => Ok(()),
                _ => {
                    seen.end = Some(End::Orderly);
                    Ok(())
                }
            },
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                seen.end = Some(End::CutOff);
                Ok(())
            }
            Err(error) => {
                seen.end = Some(End::ReadFailed(Broken::new(&error)));
                Err(error)
            }
        })
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Tap<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let result = ready!(Pin::new(&mut self.stream).poll_write(cx, buf));
        if let Some(written) = result.as_ref().ok().and_then(|count| buf.get(..*count)) {
            self.ledger.seen().wrote(written);
        }
        Poll::Ready(self.write_result(result))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = ready!(Pin::new(&mut self.stream).poll_write_vectored(cx, bufs));
        if let Ok(count) = &result {
            let mut left = *count;
            let mut seen = self.ledger.seen();
            for buf in bufs {
                let written = buf.get(..left.min(buf.len())).unwrap_or_default();
                seen.wrote(written);
                left = left.saturating_sub(written.len());
            }
        }
        Poll::Ready(self.write_result(result))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

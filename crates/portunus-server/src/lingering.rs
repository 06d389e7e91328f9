//! A stream that, once shut down, listens a little longer to a peer that is still sending.
//!
//! Closing a socket with unread bytes in it resets the connection, and the reset may throw away the answer before the
//! peer has read it: who uploads a gigabyte to a page that takes no uploads should learn so, and not 'connection
//! reset' (RFC 9112 section 9.6).

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use crate::limits::{CLOSING_TIME, LINGERING_BYTES};

pub(crate) struct Lingering<S> {
    stream: S,
    /// Whether a request's body was left unread.
    abandoned: Arc<AtomicBool>,
    closing: Closing,
}

enum Closing {
    No,
    /// Our side is shut; what still comes is thrown away.
    Listening {
        until: Pin<Box<Sleep>>,
        left: u64,
    },
    Done,
}

impl<S> Lingering<S> {
    pub(crate) fn new(stream: S, abandoned: Arc<AtomicBool>) -> Self {
        Self {
            stream,
            abandoned,
            closing: Closing::No,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Lingering<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, into)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Lingering<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, from)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        from: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, from)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            match &mut this.closing {
                Closing::No => {
                    ready!(Pin::new(&mut this.stream).poll_shutdown(cx))?;
                    let until = Box::pin(tokio::time::sleep(CLOSING_TIME));
                    this.closing = Closing::Listening {
                        until,
                        left: LINGERING_BYTES,
                    };
                }
                Closing::Listening { until, left } => {
                    let mut thrown_away = [0; 16 * 1024];
                    let mut into = ReadBuf::new(&mut thrown_away);
                    match Pin::new(&mut this.stream).poll_read(cx, &mut into) {
                        Poll::Ready(Ok(())) if !into.filled().is_empty() => {
                            *left = left.saturating_sub(u64::try_from(into.filled().len()).unwrap_or(u64::MAX));
                            // A peer that sent what nobody asked for is likely to send more.
                            this.abandoned.store(true, Ordering::Relaxed);
                            if *left > 0 {
                                continue;
                            }
                        }
                        Poll::Pending if this.abandoned.load(Ordering::Relaxed) => ready!(until.as_mut().poll(cx)),
                        Poll::Ready(_) | Poll::Pending => {}
                    }
                    this.closing = Closing::Done;
                }
                Closing::Done => return Poll::Ready(Ok(())),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_unread_upload_is_drained_until_its_sender_stops() {
        let (ours, mut theirs) = tokio::io::duplex(1024);
        let mut ours = Lingering::new(ours, Arc::new(AtomicBool::new(true)));
        let closing = tokio::spawn(async move { ours.shutdown().await });
        let mut answer = Vec::new();
        theirs.write_all(&[0; 100_000]).await.unwrap();
        theirs.read_to_end(&mut answer).await.unwrap();
        assert!(!closing.is_finished());
        drop(theirs);
        closing.await.unwrap().unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_sender_without_end_is_left_to_itself() {
        let (ours, mut theirs) = tokio::io::duplex(64 * 1024);
        let closing = tokio::spawn(async move {
            let mut ours = Lingering::new(ours, Arc::new(AtomicBool::new(true)));
            ours.shutdown().await
        });
        let mut sent = 0;
        while theirs.write_all(&[0; 64 * 1024]).await.is_ok() {
            sent += 64 * 1024;
        }
        assert!(
            (LINGERING_BYTES..LINGERING_BYTES + 256 * 1024).contains(&sent),
            "{sent}"
        );
        closing.await.unwrap().unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_quiet_peer_is_not_waited_for() {
        let (ours, _theirs) = tokio::io::duplex(1024);
        let mut ours = Lingering::new(ours, Arc::new(AtomicBool::new(false)));
        let start = tokio::time::Instant::now();
        ours.shutdown().await.unwrap();
        assert_eq!(start.elapsed(), std::time::Duration::ZERO);
    }
}

//! The end of a connection that failed: the peer should learn why.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Sleep;

use crate::transport::{Engine, Transport};
use crate::waiters::Half;

/// How long a failed connection waits until the peer has closed: some round trips, no more; a peer may keep it this long.
const LINGER: Duration = Duration::from_secs(1);

/// How many bytes are thrown away meanwhile: what a peer had on its way, a window or two.
const MAX_DISCARDED: usize = 1 << 20;

/// Sends the last bytes (an alert), shuts the write half down, and reads on for a while without looking. A socket that is closed
/// with bytes unread is reset, and a reset may overtake the alert and destroy it.
pub(crate) struct Farewell {
    limit: Pin<Box<Sleep>>,
    left: usize,
    sent: bool,
    peer_ended: bool,
}

impl Farewell {
    pub(crate) fn new() -> Self {
        Self {
            limit: Box::pin(tokio::time::sleep(LINGER)),
            left: MAX_DISCARDED,
            sent: false,
            peer_ended: false,
        }
    }

    pub(crate) fn poll<IO: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        context: &mut Context<'_>,
        transport: &mut Transport<IO>,
        engine: &mut impl Engine,
    ) -> Poll<()> {
        if self.limit.as_mut().poll(context).is_ready() {
            return Poll::Ready(());
        }
        if !self.sent {
            self.sent = match transport.poll_flush(context, Half::Reading, engine) {
                Poll::Ready(Ok(())) => transport.poll_shutdown(context, Half::Reading).is_ready(),
                // Nobody takes it; what came from the peer may still be thrown away.
                Poll::Ready(Err(_)) => true,
                Poll::Pending => false,
            };
        }
        // Also while the last bytes wait: a peer that does not read before it has written would never take them.
        while !self.peer_ended {
            match transport.poll_discard(context) {
                Poll::Ready(Ok(0) | Err(_)) => self.peer_ended = true,
                Poll::Ready(Ok(count)) => {
                    self.left = self.left.saturating_sub(count);
                    if self.left == 0 {
                        return Poll::Ready(());
                    }
                }
                Poll::Pending => return Poll::Pending,
            }
        }
        if self.sent { Poll::Ready(()) } else { Poll::Pending }
    }
}

/// Last words in plaintext, for a peer that does not speak TLS.
pub(crate) struct LastWords(pub(crate) Vec<u8>);

impl Engine for LastWords {
    fn receive_with<E>(&mut self, read: impl FnOnce(&mut [u8]) -> Result<usize, E>) -> Result<usize, E> {
        read(&mut [])
    }

    fn send_with<E>(&mut self, write: impl FnOnce(&[u8]) -> Result<usize, E>) -> Result<usize, E> {
        let count = write(&self.0)?.min(self.0.len());
        self.0.drain(..count);
        Ok(count)
    }

    fn wants_to_send(&self) -> bool {
        !self.0.is_empty()
    }
}

//! Decisions that may take time.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::wire::AlertDescription;

/// An answer that the handshake waits for: there already, or later (a database, a hardware key, a remote verifier).
///
/// It is a future itself. Dropping it abandons the question; nothing else is lost.
pub enum Decision<'a, T> {
    /// The answer is there; nothing was allocated. (`None` once it was taken.)
    Ready(Option<T>),
    /// The answer comes later.
    Later(Pin<Box<dyn Future<Output = T> + Send + 'a>>),
}

/// Whoever had to choose could not, or would not: the handshake ends.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct ChoiceFailed {
    /// What the peer is told.
    pub alert: AlertDescription,
    /// Why, for the log; the peer does not see it.
    pub reason: String,
}

impl ChoiceFailed {
    /// A failure of ours: the peer gets `internal_error`.
    pub fn internal(reason: impl Into<String>) -> Self {
        Self {
            alert: AlertDescription::INTERNAL_ERROR,
            reason: reason.into(),
        }
    }
}

impl<'a, T> Decision<'a, T> {
    /// An answer at once.
    pub fn ready(answer: T) -> Self {
        Self::Ready(Some(answer))
    }

    /// An answer that a future gives.
    pub fn later(future: impl Future<Output = T> + Send + 'a) -> Self {
        Self::Later(Box::pin(future))
    }
}

impl<T: Unpin> Future for Decision<'_, T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        match self.get_mut() {
            // A second poll after the answer was taken never comes true: futures are not polled again after they are ready.
            Self::Ready(answer) => answer.take().map_or(Poll::Pending, Poll::Ready),
            Self::Later(future) => future.as_mut().poll(context),
        }
    }
}

impl<T> std::fmt::Debug for Decision<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Ready(_) => "Decision::Ready",
            Self::Later(_) => "Decision::Later",
        })
    }
}

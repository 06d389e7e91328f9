//! What a connection waits for after its handshake: a decision that takes time, at most one at once.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

/// A future that shares nothing with the connection. Its lock is never taken: it keeps the connection `Sync`, which such a future is not.
pub(crate) struct Job<T>(Mutex<Pin<Box<dyn Future<Output = T> + Send>>>);

impl<T> Job<T> {
    pub(crate) fn new(future: impl Future<Output = T> + Send + 'static) -> Self {
        Self(Mutex::new(Box::pin(future)))
    }

    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<T> {
        let future = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        future.as_mut().poll(context)
    }
}

//! Decisions that take their time: what `-async` asks for.

use std::future::poll_fn;
use std::task::Poll;

use portunus_tls::Decision;

/// The same answer, once it was asked for a second time.
pub(crate) fn later<'a, T: Send + Unpin + 'a>(answer: Decision<'a, T>) -> Decision<'a, T> {
    Decision::later(async move {
        let mut asked = false;
        poll_fn(|context| {
            if std::mem::replace(&mut asked, true) {
                return Poll::Ready(());
            }
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
        answer.await
    })
}

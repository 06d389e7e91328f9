//! Who waits until the transport takes bytes.

use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

/// Which half of a stream acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Half {
    Reading,
    Writing,
}

/// The wakers of both halves. Reading sends too (tickets, answers to KeyUpdates, what a writer left behind), and the halves
/// may live in two tasks; but a transport remembers only the waker that came last.
#[derive(Debug, Default)]
pub(crate) struct Waiters {
    reading: Option<Waker>,
    writing: Option<Waker>,
}

struct Both(Waker, Waker);

impl Wake for Both {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.wake_by_ref();
        self.1.wake_by_ref();
    }
}

impl Waiters {
    /// Polls the transport for one half, such that the other is woken as well if it waits.
    pub(crate) fn poll<T>(
        &mut self,
        half: Half,
        context: &mut Context<'_>,
        poll: impl FnOnce(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        let (mine, other) = match half {
            Half::Reading => (&mut self.reading, &mut self.writing),
            Half::Writing => (&mut self.writing, &mut self.reading),
        };
        let others = other.as_ref().filter(|other| !other.will_wake(context.waker()));
        let polled = match others {
            None => poll(context),
            Some(other) => {
                let both = Waker::from(Arc::new(Both(context.waker().clone(), other.clone())));
                poll(&mut Context::from_waker(&both))
            }
        };
        if polled.is_pending() {
            match mine {
                Some(waker) => waker.clone_from(context.waker()),
                None => *mine = Some(context.waker().clone()),
            }
        } else {
            *mine = None;
            // What the other half waited for may be what was done just now.
            if let Some(other) = other.take() {
                other.wake();
            }
        }
        polled
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// A transport that is never ready, and keeps the last waker alone.
    fn busy(kept: &mut Option<Waker>, context: &Context<'_>) -> Poll<()> {
        *kept = Some(context.waker().clone());
        Poll::Pending
    }

    #[test]
    fn the_last_waker_wakes_both_halves() {
        let (reader, writer) = (Arc::new(Count::default()), Arc::new(Count::default()));
        let (reading, writing) = (Waker::from(reader.clone()), Waker::from(writer.clone()));
        let mut waiters = Waiters::default();
        let mut kept = None;
        let _ = waiters.poll(Half::Writing, &mut Context::from_waker(&writing), |cx| {
            busy(&mut kept, cx)
        });
        let _ = waiters.poll(Half::Reading, &mut Context::from_waker(&reading), |cx| {
            busy(&mut kept, cx)
        });
        kept.take().unwrap().wake();
        assert_eq!(
            (reader.0.load(Ordering::SeqCst), writer.0.load(Ordering::SeqCst)),
            (1, 1)
        );
    }

    #[test]
    fn one_half_that_gets_on_wakes_the_other() {
        let (reader, writer) = (Arc::new(Count::default()), Arc::new(Count::default()));
        let (reading, writing) = (Waker::from(reader.clone()), Waker::from(writer.clone()));
        let mut waiters = Waiters::default();
        let mut kept = None;
        let _ = waiters.poll(Half::Writing, &mut Context::from_waker(&writing), |cx| {
            busy(&mut kept, cx)
        });
        let done = waiters.poll(Half::Reading, &mut Context::from_waker(&reading), |_| Poll::Ready(()));
        assert!(done.is_ready());
        assert_eq!(
            (reader.0.load(Ordering::SeqCst), writer.0.load(Ordering::SeqCst)),
            (0, 1)
        );
    }
}

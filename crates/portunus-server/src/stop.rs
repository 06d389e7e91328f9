//! How a server is told to end: first gracefully, then at once.

use std::sync::Arc;

use tokio::sync::watch;

/// How far the end has come. The order is the order in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Running,
    Finishing,
    Over,
}

/// A handle by which servers and connections are told to end. Clones are the same handle.
#[derive(Clone, Debug)]
pub struct Stop {
    phase: Arc<watch::Sender<Phase>>,
}

impl Default for Stop {
    fn default() -> Self {
        Self::new()
    }
}

impl Stop {
    /// A handle that has not been used yet.
    pub fn new() -> Self {
        Self {
            phase: Arc::new(watch::Sender::new(Phase::Running)),
        }
    }

    /// Accept nothing new, finish the requests in progress, say goodbye, end.
    pub fn gracefully(&self) {
        self.advance(Phase::Finishing);
    }

    /// End now, whatever is in progress.
    pub fn now(&self) {
        self.advance(Phase::Over);
    }

    /// Catches Ctrl-C and SIGTERM from now on. The future stops gracefully at the first of them, runs `told`, and stops
    /// at once at the second.
    ///
    /// Dropping the future leaves the signals caught and without effect.
    ///
    /// # Errors
    /// When the system does not let the signals be caught.
    pub fn on_signals<F: FnOnce()>(&self, told: F) -> std::io::Result<impl Future<Output = ()> + use<F>> {
        let mut signals = Signals::new()?;
        let stop = self.clone();
        Ok(async move {
            signals.next().await;
            stop.gracefully();
            told();
            signals.next().await;
            stop.now();
        })
    }

    /// Whether the end has to be now.
    pub fn is_now(&self) -> bool {
        *self.phase.borrow() == Phase::Over
    }

    /// Waits until a graceful end, or more than that, has been asked for.
    pub(crate) async fn finishing(&self) {
        self.reached(Phase::Finishing).await;
    }

    /// Waits until the end has to be now.
    pub(crate) async fn over(&self) {
        self.reached(Phase::Over).await;
    }

    fn advance(&self, to: Phase) {
        self.phase.send_if_modified(|phase| {
            let later = *phase < to;
            *phase = to.max(*phase);
            later
        });
    }

    async fn reached(&self, wanted: Phase) {
        // The sender lives in `self`, so that waiting cannot fail.
        let _ = self.phase.subscribe().wait_for(|phase| *phase >= wanted).await;
    }
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(windows)]
struct Signals {
    ctrl_c: tokio::signal::windows::CtrlC,
    ctrl_break: tokio::signal::windows::CtrlBreak,
}

#[cfg(windows)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::windows::{ctrl_break, ctrl_c};
        Ok(Self {
            ctrl_c: ctrl_c()?,
            ctrl_break: ctrl_break()?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.ctrl_c.recv() => {}
            _ = self.ctrl_break.recv() => {}
        }
    }
}

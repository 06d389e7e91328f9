//! Whose turn it is on a connection, and whether the peer takes too long over its own.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::limits::{LONGEST_PAUSE, SLOW_START, SLOWEST_RATE};

/// What a look at a connection shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// No request is in progress, since then.
    Idle(Instant),
    /// A request is in progress; look again after this time.
    Busy(Duration),
    /// The peer moves data more slowly than anybody may.
    TooSlow,
}

/// The requests in progress on one connection, and the patience that the peer has left.
///
/// Patience is a leaky bucket of bytes: while every request waits for the peer it runs out at [`SLOWEST_RATE`], and
/// each byte that moves fills it again, up to [`LONGEST_PAUSE`]. A count over the connection, because a browser may
/// well let one HTTP/2 stream rest while it takes another.
#[derive(Debug)]
pub(crate) struct Activity {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    in_progress: usize,
    /// How many of them wait for the peer.
    waiting: usize,
    /// Whether bytes that were written wait for the peer to take them. They may outlast the request that they answer.
    blocked: bool,
    patience: Duration,
    settled: Instant,
}

impl State {
    fn is_idle(&self) -> bool {
        self.in_progress == 0 && !self.blocked
    }
}

impl Activity {
    pub(crate) fn new() -> Self {
        let state = State {
            in_progress: 0,
            waiting: 0,
            blocked: false,
            patience: SLOW_START,
            settled: Instant::now(),
        };
        Self {
            state: Mutex::new(state),
        }
    }

    /// A request has come: it is the server's turn.
    pub(crate) fn begin(self: &Arc<Self>) -> Turn {
        let mut state = self.settle();
        state.in_progress = state.in_progress.saturating_add(1);
        Turn {
            activity: Arc::clone(self),
            whose: Mutex::new(Whose::default()),
        }
    }

    pub(crate) fn look(&self) -> Look {
        let state = self.settle();
        match () {
            () if state.is_idle() => Look::Idle(state.settled),
            () if state.patience.is_zero() => Look::TooSlow,
            () => Look::Busy(state.patience),
        }
    }

    /// Whether the peer takes what is written to it.
    pub(crate) fn blocked(&self, blocked: bool) {
        let mut state = self.settle();
        if state.blocked != blocked {
            state.blocked = blocked;
            state.settled = Instant::now();
        }
    }

    /// Bytes have moved, one way or the other.
    pub(crate) fn moved(&self, bytes: usize) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let earned = Duration::from_millis(bytes.saturating_mul(1000) / SLOWEST_RATE);
        let mut state = self.settle();
        state.patience = state.patience.saturating_add(earned).min(LONGEST_PAUSE);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Brings the account up to now.
    fn settle(&self) -> MutexGuard<'_, State> {
        let mut state = self.lock();
        let now = Instant::now();
        if !state.is_idle() {
            if state.blocked || state.waiting == state.in_progress {
                state.patience = state
                    .patience
                    .saturating_sub(now.saturating_duration_since(state.settled));
            }
            state.settled = now;
        }
        state
    }
}

/// One request in progress; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    activity: Arc<Activity>,
    whose: Mutex<Whose>,
}

/// For what the request waits; if for nothing, it is the server's turn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Whose {
    upload: bool,
    download: bool,
}

impl Whose {
    fn peers(self) -> bool {
        self.upload || self.download
    }
}

impl Turn {
    /// Whether the handler waits for more of the request's body.
    pub(crate) fn awaits_upload(&self, awaits: bool) {
        self.change(|whose| whose.upload = awaits);
    }

    /// Whether a piece of the response waits for the peer to take it.
    pub(crate) fn awaits_download(&self, awaits: bool) {
        self.change(|whose| whose.download = awaits);
    }

    /// Bytes of the request's body have come.
    pub(crate) fn uploaded(&self, bytes: usize) {
        self.activity.moved(bytes);
    }

    fn change(&self, change: impl FnOnce(&mut Whose)) {
        let mut whose = self.whose.lock().unwrap_or_else(PoisonError::into_inner);
        let before = *whose;
        change(&mut whose);
        if before.peers() != whose.peers() {
            let mut state = self.activity.settle();
            state.waiting = match whose.peers() {
                true => state.waiting.saturating_add(1),
                false => state.waiting.saturating_sub(1),
            };
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.change(|whose| *whose = Whose::default());
        let mut state = self.activity.settle();
        state.in_progress = state.in_progress.saturating_sub(1);
        if state.in_progress == 0 {
            state.settled = Instant::now();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_silent_peer_runs_out_of_patience() {
        let activity = Arc::new(Activity::new());
        let turn = activity.begin();
        turn.awaits_upload(true);
        tokio::time::advance(SLOW_START - Duration::from_secs(1)).await;
        assert_eq!(activity.look(), Look::Busy(Duration::from_secs(1)));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(activity.look(), Look::TooSlow);
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_handler_costs_the_peer_nothing() {
        let activity = Arc::new(Activity::new());
        let turn = activity.begin();
        tokio::time::advance(SLOW_START * 100).await;
        assert_eq!(activity.look(), Look::Busy(SLOW_START));
        drop(turn);
        assert_eq!(activity.look(), Look::Idle(Instant::now()));
    }

    #[tokio::test(start_paused = true)]
    async fn one_resting_stream_is_forgiven_while_another_moves() {
        let activity = Arc::new(Activity::new());
        let resting = activity.begin();
        let moving = activity.begin();
        resting.awaits_download(true);
        moving.awaits_download(true);
        for _ in 0..1000 {
            tokio::time::advance(Duration::from_secs(1)).await;
            activity.moved(2048);
            assert!(matches!(activity.look(), Look::Busy(_)));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn haste_earns_no_more_than_the_longest_pause() {
        let activity = Arc::new(Activity::new());
        let turn = activity.begin();
        activity.moved(usize::MAX);
        turn.awaits_download(true);
        assert_eq!(activity.look(), Look::Busy(LONGEST_PAUSE));
        tokio::time::advance(LONGEST_PAUSE).await;
        assert_eq!(activity.look(), Look::TooSlow);
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_takes_the_end_of_an_answer_slowly_is_not_idle() {
        let activity = Arc::new(Activity::new());
        drop(activity.begin());
        activity.blocked(true);
        tokio::time::advance(SLOW_START / 2).await;
        assert_eq!(activity.look(), Look::Busy(SLOW_START / 2));
        activity.blocked(false);
        assert_eq!(activity.look(), Look::Idle(Instant::now()));
    }

    #[tokio::test(start_paused = true)]
    async fn idleness_counts_from_the_last_end() {
        let activity = Arc::new(Activity::new());
        let born = Instant::now();
        tokio::time::advance(Duration::from_secs(3)).await;
        assert_eq!(activity.look(), Look::Idle(born));
        let first = activity.begin();
        let second = activity.begin();
        drop(first);
        tokio::time::advance(Duration::from_secs(3)).await;
        drop(second);
        let ended = Instant::now();
        tokio::time::advance(Duration::from_secs(3)).await;
        assert_eq!(activity.look(), Look::Idle(ended));
    }
}

//! No early data is taken twice (RFC 9846 section 8): hellos are recorded for as long as they look fresh.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use portunus_x509::UnixTime;

use super::early::NoEarlyData;
use crate::crypto::random;
use crate::error::Internal;
use crate::limits::{EARLY_DATA_TOLERANCE, REPLAY_WINDOW};

/// Names a guard in the tickets that are bound to it.
pub(crate) type GuardId = [u8; 16];

/// A binder's first half: no two are alike in it by chance, and only who has the session's key makes one that verifies.
type Recorded = [u8; 16];

/// Remembers which hellos' early data was taken, and lets none pass again. Early data is taken only with tickets that were issued under the same guard,
/// so that a second process, or this one after a restart, does not take what was taken here: configurations that are to take each other's share one.
///
/// When in doubt it says no, and the handshake goes on without early data: as long as it has just started, when it is full, and when the clock went back.
pub struct ReplayGuard {
    id: GuardId,
    capacity: usize,
    seen: Mutex<Seen>,
}

/// Two generations, of which the older is forgotten when the younger is as old as the window.
#[derive(Default)]
struct Seen {
    /// Until then anything may have been taken before.
    fresh_until: i64,
    latest: i64,
    begun: i64,
    young: HashSet<Recorded>,
    old: HashSet<Recorded>,
}

impl ReplayGuard {
    /// A guard that begins now and remembers up to `capacity` hellos in each of two windows of [`REPLAY_WINDOW`] seconds: some 20 bytes each.
    ///
    /// # Errors
    /// The random generator failed.
    pub fn new(capacity: usize, now: UnixTime) -> Result<Self, Internal> {
        Ok(Self {
            id: random::array().map_err(|_| Internal::Crypto)?,
            capacity,
            seen: Mutex::new(Seen {
                fresh_until: now.0.saturating_add(REPLAY_WINDOW),
                latest: now.0,
                begun: now.0,
                ..Seen::default()
            }),
        })
    }

    pub(crate) fn id(&self) -> GuardId {
        self.id
    }

    /// Lets a hello's early data pass, once. `binder` was verified; `age` is what the client says of its ticket's, in milliseconds.
    pub(crate) fn admit(&self, binder: &[u8], issued: UnixTime, age: u32, now: UnixTime) -> Result<(), NoEarlyData> {
        // RFC 9846 section 8.3.
        let expected = issued.0.saturating_add(i64::from(age / 1000));
        if now.0.abs_diff(expected) > EARLY_DATA_TOLERANCE.unsigned_abs() {
            return Err(NoEarlyData::TicketAge);
        }
        let recorded = *binder.first_chunk().ok_or(NoEarlyData::Replayed)?;
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let went_back = seen.latest.saturating_sub(now.0) > EARLY_DATA_TOLERANCE;
        if went_back || now.0 < seen.fresh_until {
            return Err(NoEarlyData::GuardFresh);
        }
        seen.latest = seen.latest.max(now.0);
        let age = now.0.saturating_sub(seen.begun);
        if age >= REPLAY_WINDOW {
            seen.old = std::mem::take(&mut seen.young);
            seen.begun = now.0;
        }
        if age >= REPLAY_WINDOW.saturating_mul(2) {
            seen.old = HashSet::new();
        }
        if seen.old.contains(&recorded) || seen.young.contains(&recorded) {
            return Err(NoEarlyData::Replayed);
        }
        if seen.young.len() >= self.capacity {
            return Err(NoEarlyData::GuardFull);
        }
        seen.young.insert(recorded);
        Ok(())
    }
}

impl std::fmt::Debug for ReplayGuard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ReplayGuard(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// When the tickets of these tests were issued: long after the guard began.
    const ISSUED: i64 = 1000;

    fn guard(capacity: usize) -> ReplayGuard {
        ReplayGuard::new(capacity, UnixTime(0)).unwrap()
    }

    /// A hello whose client says that its ticket is `age` seconds old, `later` than the ticket.
    fn admit(guard: &ReplayGuard, hello: u8, age: u32, later: i64) -> Result<(), NoEarlyData> {
        guard.admit(&[hello; 32], UnixTime(ISSUED), age * 1000, UnixTime(ISSUED + later))
    }

    #[test]
    fn a_hello_passes_once_for_as_long_as_it_looks_fresh() {
        for first in -10..=10 {
            let guard = guard(10);
            assert_eq!(admit(&guard, 1, 100, 100 + first), Ok(()));
            for again in first..=10 {
                assert_eq!(admit(&guard, 1, 100, 100 + again), Err(NoEarlyData::Replayed));
            }
            assert_eq!(admit(&guard, 1, 100, 111), Err(NoEarlyData::TicketAge));
        }
    }

    #[test]
    fn a_ticket_of_another_age_than_the_client_says_does_not_pass() {
        let guard = guard(10);
        assert_eq!(admit(&guard, 1, 0, 11), Err(NoEarlyData::TicketAge));
        assert_eq!(admit(&guard, 1, 11, 0), Err(NoEarlyData::TicketAge));
        assert_eq!(admit(&guard, 1, u32::MAX / 1000, 0), Err(NoEarlyData::TicketAge));
        assert_eq!(admit(&guard, 1, 10, 0), Ok(()));
    }

    #[test]
    fn a_guard_that_has_just_begun_says_no() {
        let guard = ReplayGuard::new(10, UnixTime(ISSUED)).unwrap();
        for later in 0..REPLAY_WINDOW {
            let age = u32::try_from(later).unwrap();
            assert_eq!(admit(&guard, 1, age, later), Err(NoEarlyData::GuardFresh));
        }
        assert_eq!(admit(&guard, 1, 30, REPLAY_WINDOW), Ok(()));
    }

    #[test]
    fn a_clock_that_went_back_says_no() {
        let guard = guard(10);
        assert_eq!(admit(&guard, 1, 100, 100), Ok(()));
        assert_eq!(admit(&guard, 2, 3600, 3600), Ok(()));
        assert_eq!(admit(&guard, 1, 100, 100), Err(NoEarlyData::GuardFresh));
    }

    #[test]
    fn a_guard_forgets_in_time_and_takes_no_more_than_fits() {
        let guard = guard(2);
        assert_eq!(admit(&guard, 1, 100, 100), Ok(()));
        assert_eq!(admit(&guard, 2, 100, 100), Ok(()));
        assert_eq!(admit(&guard, 3, 100, 100), Err(NoEarlyData::GuardFull));
        assert_eq!(admit(&guard, 3, 130, 130), Ok(()));
        assert_eq!(admit(&guard, 2, 130, 130), Err(NoEarlyData::Replayed));
        assert_eq!(admit(&guard, 4, 190, 190), Ok(()));
        assert_eq!(admit(&guard, 2, 190, 190), Ok(()));
    }
}

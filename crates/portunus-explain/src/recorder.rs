//! The observer that keeps what it is told.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use portunus_tls::{Note, Observe};

use crate::limits;
use crate::recording::{Recording, Target};
use crate::{Event, What};

/// Records a connection, as the engine's observer and for what goes on around it.
///
/// It reads no clock: time is what the closure says. What it keeps is bounded; [`Recording::left_out`] counts the rest, and the totals count all records.
pub struct Recorder {
    clock: Box<dyn Fn() -> Duration + Send + Sync>,
    kept: Mutex<Kept>,
}

struct Kept {
    recording: Recording,
    records: usize,
    bytes: usize,
}

impl Recorder {
    /// A recorder of one connection to `target`. `clock` says how long ago it began.
    pub fn new(target: Target, clock: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        let kept = Kept {
            recording: Recording::new(target),
            records: 0,
            bytes: 0,
        };
        Self {
            clock: Box::new(clock),
            kept: Mutex::new(kept),
        }
    }

    /// Adds what the engine cannot know.
    pub fn add(&self, what: What) {
        let at = (self.clock)();
        self.kept().add(Event { at, what });
    }

    /// What was recorded so far.
    pub fn recording(&self) -> Recording {
        self.kept().recording.clone()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observe for Recorder {
    fn note(&self, note: &Note<'_>) {
        if let Some(what) = What::of(note) {
            self.add(what);
        }
    }
}

impl Kept {
    fn add(&mut self, event: Event) {
        self.recording.count(&event.what);
        let bytes = self.bytes.saturating_add(event.what.held());
        let is_record = matches!(event.what, What::Record { .. });
        let others = self.recording.events.len().saturating_sub(self.records);
        let fits = if is_record {
            self.records < limits::RECORDS
        } else {
            others < limits::EVENTS
        };
        if !fits || bytes > limits::BYTES {
            self.recording.left_out = self.recording.left_out.saturating_add(1);
            return;
        }
        self.bytes = bytes;
        self.records = self.records.saturating_add(usize::from(is_record));
        self.recording.events.push(event);
    }
}

impl std::fmt::Debug for Recorder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recorder")
            .field("events", &self.kept().recording.events.len())
            .finish_non_exhaustive()
    }
}

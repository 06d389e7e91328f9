//! Measuring: CPU time of this thread, the median of many short rounds.

use std::hint::black_box;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};

/// Enough that a median holds still; odd, so that there is a middle one.
const ROUNDS: usize = 31;
/// A round's least length, far above what reading the clock costs.
const ROUND: Duration = Duration::from_millis(2);

/// One number of a bench.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) what: &'static str,
    pub(crate) value: f64,
    pub(crate) unit: &'static str,
}

impl Row {
    pub(crate) fn to_json(&self) -> Value {
        json!({ "what": self.what, "value": self.value, "unit": self.unit })
    }
}

/// What one call costs.
pub(crate) fn microseconds<T>(what: &'static str, call: impl FnMut() -> T) -> Row {
    Row {
        what,
        value: median(call).as_secs_f64() * 1e6,
        unit: "µs",
    }
}

/// What one call that handles so many bytes does in a second.
pub(crate) fn throughput<T>(what: &'static str, bytes: u32, call: impl FnMut() -> T) -> Row {
    Row {
        what,
        value: f64::from(bytes) / median(call).as_secs_f64() / 1e9,
        unit: "GB/s",
    }
}

/// The CPU time that this thread has used.
pub(crate) fn thread_time() -> Duration {
    clock_gettime(ClockId::ThreadCPUTime).try_into().unwrap_or_default()
}

fn median<T>(mut call: impl FnMut() -> T) -> Duration {
    let mut calls = 1_u32;
    let mut round = |calls: u32| {
        let start = thread_time();
        for _ in 0..calls {
            black_box(call());
        }
        thread_time() - start
    };
    while round(calls) < ROUND {
        calls *= 2;
    }
    let mut rounds: Vec<Duration> = (0..ROUNDS).map(|_| round(calls)).collect();
    rounds.sort();
    rounds[ROUNDS / 2] / calls
}

//! Measuring: CPU time of this thread, the median of many short rounds; and what a figure is held to.

use std::hint::black_box;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};

/// Enough that a median holds still; odd, so that there is a middle one.
const ROUNDS: usize = 31;
/// A round's least length, far above what reading the clock costs.
const ROUND: Duration = Duration::from_millis(2);

/// What a figure should be. A bar that is missed fails nothing: it is there to be read.
#[derive(Debug, Clone, Copy)]
pub enum Bar {
    AtMost(f64),
    AtLeast(f64),
}

impl Bar {
    pub fn is_met(self, value: f64) -> bool {
        match self {
            Self::AtMost(bar) => value <= bar,
            Self::AtLeast(bar) => value >= bar,
        }
    }
}

/// One number of a bench.
#[derive(Debug, Clone)]
pub struct Row {
    pub what: String,
    pub value: f64,
    pub unit: String,
    pub bar: Option<Bar>,
}

impl Row {
    pub fn new(what: impl Into<String>, value: f64, unit: &str) -> Self {
        Self {
            what: what.into(),
            value,
            unit: unit.to_owned(),
            bar: None,
        }
    }

    pub fn held_to(self, bar: Option<Bar>) -> Self {
        Self { bar, ..self }
    }

    pub fn to_json(&self) -> Value {
        let mut row = json!({ "what": self.what, "value": self.value, "unit": self.unit });
        if let Some(bar) = self.bar {
            let (name, value) = match bar {
                Bar::AtMost(value) => ("at_most", value),
                Bar::AtLeast(value) => ("at_least", value),
            };
            row["bar"] = json!({ name: value, "met": bar.is_met(self.value) });
        }
        row
    }

    /// The row that [`Row::to_json`] wrote.
    pub fn from_json(row: &Value) -> Option<Self> {
        let bar = |name: &str| row["bar"][name].as_f64();
        Some(Self {
            what: row["what"].as_str()?.to_owned(),
            value: row["value"].as_f64()?,
            unit: row["unit"].as_str()?.to_owned(),
            bar: bar("at_most")
                .map(Bar::AtMost)
                .or_else(|| bar("at_least").map(Bar::AtLeast)),
        })
    }
}

/// What one call costs.
pub(crate) fn microseconds<T>(what: &str, call: impl FnMut() -> T) -> Row {
    Row::new(what, time_of(call).as_secs_f64() * 1e6, "µs")
}

/// What one call that handles so many bytes does in a second.
pub(crate) fn throughput<T>(what: &str, bytes: u32, call: impl FnMut() -> T) -> Row {
    Row::new(what, f64::from(bytes) / time_of(call).as_secs_f64() / 1e9, "GB/s")
}

/// The CPU time that this thread has used.
pub(crate) fn thread_time() -> Duration {
    clock_gettime(ClockId::ThreadCPUTime).try_into().unwrap_or_default()
}

/// The middle one; the higher of two.
pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn time_of<T>(mut call: impl FnMut() -> T) -> Duration {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_read_back_with_its_bar() {
        for (bar, met) in [(Bar::AtMost(1.0), false), (Bar::AtLeast(1.3), true)] {
            let row = Row::new("what", 1.5, "µs").held_to(Some(bar));
            let json = row.to_json();
            assert_eq!(json["bar"]["met"], met);
            assert_eq!(Row::from_json(&json).map(|row| row.to_json()), Some(json));
        }
        let plain = Row::new("what", 1.5, "µs").to_json();
        assert_eq!(Row::from_json(&plain).map(|row| row.to_json()), Some(plain));
    }

    #[test]
    fn a_bar_is_met_when_it_is_touched() {
        assert!(Bar::AtMost(1.0).is_met(1.0) && !Bar::AtMost(1.0).is_met(1.001));
        assert!(Bar::AtLeast(1.3).is_met(1.3) && !Bar::AtLeast(1.3).is_met(1.299));
    }
}

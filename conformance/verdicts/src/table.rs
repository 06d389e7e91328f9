//! The table: namespaces by what became of their cases.

use std::collections::BTreeMap;
use std::fmt;

/// How an answer compares with the suite's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Right,
    WronglyAccepted,
    WronglyRefused,
    LeftOut,
}

/// Counts by namespace, in the columns' order.
#[derive(Debug, Default)]
pub(crate) struct Table(BTreeMap<String, [u32; 4]>);

impl Table {
    pub(crate) fn add(&mut self, namespace: &str, outcome: Outcome) {
        let counts = self.0.entry(namespace.to_owned()).or_default();
        let column = match outcome {
            Outcome::Right => 0,
            Outcome::WronglyAccepted => 1,
            Outcome::WronglyRefused => 2,
            Outcome::LeftOut => 3,
        };
        if let Some(count) = counts.get_mut(column) {
            *count += 1;
        }
    }

    /// How many answers were right.
    pub(crate) fn right(&self) -> u32 {
        self.0.values().map(|[right, ..]| right).sum()
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = |name: &str, columns: [&dyn fmt::Display; 4]| {
            let [right, accepted, refused, left_out] = columns;
            writeln!(f, "{name:<28} {right:>7} {accepted:>17} {refused:>16} {left_out:>9}")
        };
        line("", [&"right", &"wrongly accepted", &"wrongly refused", &"left out"])?;
        let mut total = [0; 4];
        for (namespace, counts) in &self.0 {
            let [right, accepted, refused, left_out] = counts;
            line(namespace, [right, accepted, refused, left_out])?;
            for (total, count) in total.iter_mut().zip(counts) {
                *total += count;
            }
        }
        let [right, accepted, refused, left_out] = &total;
        line("total", [right, accepted, refused, left_out])
    }
}

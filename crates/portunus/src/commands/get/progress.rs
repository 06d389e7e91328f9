//! How much came, and a bar that shows it to a person.

use std::io::{IsTerminal as _, stderr};

use indicatif::{ProgressBar, ProgressStyle};

/// Counts, and draws where somebody sees it.
pub(super) struct Progress {
    shown: bool,
    bar: ProgressBar,
    received: u64,
    expected: Option<u64>,
}

impl Progress {
    /// Draws if the user wants it and standard error is a terminal.
    pub(super) fn new(wanted: bool) -> Self {
        Self {
            shown: wanted && stderr().is_terminal(),
            bar: ProgressBar::hidden(),
            received: 0,
            expected: None,
        }
    }

    /// The body begins; its length may be known.
    pub(super) fn expect(&mut self, length: Option<u64>) {
        self.expected = length;
        if !self.shown {
            return;
        }
        let (bar, template) = match length {
            Some(length) => (ProgressBar::new(length), KNOWN),
            None => (ProgressBar::new_spinner(), UNKNOWN),
        };
        // The templates are constants that a test parses; without a style the bar is plain.
        self.bar = match ProgressStyle::with_template(template) {
            Ok(style) => bar.with_style(style.progress_chars("=> ")),
            Err(_) => bar,
        };
    }

    pub(super) fn advance(&mut self, bytes: usize) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.received = self.received.saturating_add(bytes);
        self.bar.inc(bytes);
    }

    /// Leaves the bar as it stands.
    pub(super) fn finish(&self) {
        self.bar.abandon();
    }

    pub(super) fn received(&self) -> u64 {
        self.received
    }

    pub(super) fn expected(&self) -> Option<u64> {
        self.expected
    }
}

const KNOWN: &str = "{bytes:>10} of {total_bytes:<10} [{wide_bar}] {percent:>3} % {bytes_per_sec:>12} {eta:>4} left";
const UNKNOWN: &str = "{bytes:>11} {bytes_per_sec:>13} {elapsed:>4}";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_templates_are_well_formed() {
        for template in [KNOWN, UNKNOWN] {
            assert!(ProgressStyle::with_template(template).is_ok());
        }
    }
}

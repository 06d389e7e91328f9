//! What came of the tests, and whether that is as it should be.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use super::groups::{Groups, matches};
use crate::run::{Failure, fail};

/// What our configuration of the runner says to us.
#[derive(Debug, Deserialize)]
pub(crate) struct Configuration {
    /// Patterns of tests that fail, each with the reason why it may.
    #[serde(rename = "DisabledTests")]
    exceptions: BTreeMap<String, String>,
}

/// What the runner writes.
#[derive(Debug, Deserialize)]
pub(crate) struct Results {
    tests: BTreeMap<String, Outcome>,
}

#[derive(Debug, Deserialize)]
struct Outcome {
    actual: Actual,
    #[serde(default)]
    error: String,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
enum Actual {
    #[serde(rename = "PASS")]
    Passed,
    #[serde(rename = "FAIL")]
    Failed,
    /// Our shim does not know a flag of it.
    #[serde(rename = "SKIP")]
    NotRun,
}

/// How many tests of a group ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    /// Those that fail for a reason that is written down.
    pub(crate) excepted: u64,
    /// Those that want what is not implemented.
    pub(crate) not_run: u64,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Report {
    groups: BTreeMap<String, Count>,
    /// Tests that fail without an exception, with what the runner says of each.
    failures: Vec<(String, String)>,
    /// Exceptions that are none, and why not.
    stale: Vec<(String, &'static str)>,
}

impl Report {
    /// `whole`: all tests in scope ran, so each exception has to be of use.
    pub(crate) fn new(results: Results, configuration: &Configuration, groups: &Groups, whole: bool) -> Self {
        let mut report = Self {
            groups: BTreeMap::new(),
            failures: Vec::new(),
            stale: Vec::new(),
        };
        for pattern in configuration.exceptions.keys() {
            let mut outcomes = (results.tests.iter())
                .filter(|(name, _)| matches(pattern, name))
                .map(|(_, outcome)| outcome.actual);
            if outcomes.clone().any(|actual| actual == Actual::Passed) {
                report.stale.push((pattern.clone(), "passes after all"));
            } else if whole && !outcomes.any(|actual| actual == Actual::Failed) {
                report.stale.push((pattern.clone(), "is about no test that runs"));
            }
        }
        for (name, outcome) in results.tests {
            let count = report.groups.entry(groups.of(&name).to_owned()).or_default();
            match outcome.actual {
                Actual::Passed => count.passed += 1,
                Actual::NotRun => count.not_run += 1,
                Actual::Failed if configuration.exceptions.keys().any(|pattern| matches(pattern, &name)) => {
                    count.excepted += 1;
                }
                Actual::Failed => {
                    count.failed += 1;
                    report.failures.push((name, outcome.error));
                }
            }
        }
        report
    }

    /// All groups together.
    pub(crate) fn total(&self) -> Count {
        self.groups.values().fold(Count::default(), |sum, group| Count {
            passed: sum.passed + group.passed,
            failed: sum.failed + group.failed,
            excepted: sum.excepted + group.excepted,
            not_run: sum.not_run + group.not_run,
        })
    }

    /// How many exceptions are none.
    pub(crate) fn stale(&self) -> usize {
        self.stale.len()
    }

    /// Fails where a test failed that may not, or an exception is none.
    pub(crate) fn verdict(&self) -> Result<(), Failure> {
        if self.failures.is_empty() && self.stale.is_empty() {
            return Ok(());
        }
        fail(format!(
            "{} tests of BoGo failed, and {} exceptions are none",
            self.failures.len(),
            self.stale.len()
        ))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, error) in &self.failures {
            writeln!(f, "\nFAILED {name}")?;
            for line in error.lines().filter(|line| !line.trim().is_empty()) {
                writeln!(f, "  {line}")?;
            }
        }
        for (pattern, why) in &self.stale {
            writeln!(f, "\nThe exception {pattern} {why}.")?;
        }
        writeln!(
            f,
            "\n{:<24}{:>8}{:>8}{:>10}{:>9}",
            "BoGo", "passed", "failed", "excepted", "not run"
        )?;
        let total = ("in all".to_owned(), self.total());
        for (group, count) in self
            .groups
            .iter()
            .map(|(group, count)| (group.clone(), *count))
            .chain([total])
        {
            let Count {
                passed,
                failed,
                excepted,
                not_run,
            } = count;
            writeln!(f, "{group:<24}{passed:>8}{failed:>8}{excepted:>10}{not_run:>9}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(exceptions: &str, whole: bool) -> Report {
        let results = r#"{"tests": {
            "A-1": {"actual": "PASS", "expected": "PASS", "is_unexpected": false},
            "A-2": {"actual": "FAIL", "expected": "PASS", "is_unexpected": true, "error": "unexpected success"},
            "ECH-1": {"actual": "SKIP", "expected": "SKIP", "is_unexpected": false}
        }}"#;
        Report::new(
            serde_json::from_str(results).unwrap(),
            &serde_json::from_str(&format!(r#"{{"DisabledTests": {exceptions}}}"#)).unwrap(),
            &Groups::read().unwrap(),
            whole,
        )
    }

    #[test]
    fn a_failure_fails_unless_there_is_a_reason() {
        assert!(report("{}", true).verdict().is_err());
        let report = report(r#"{"A-2": "because"}"#, true);
        assert!(report.verdict().is_ok());
        assert_eq!(
            report.total(),
            Count {
                passed: 1,
                failed: 0,
                excepted: 1,
                not_run: 1
            }
        );
    }

    #[test]
    fn an_exception_that_is_none_fails() {
        assert!(report(r#"{"A-*": "because"}"#, true).verdict().is_err());
        let exceptions = r#"{"A-2": "because", "ECH-1": "not run"}"#;
        assert!(report(exceptions, true).verdict().is_err());
        assert!(report(exceptions, false).verdict().is_ok());
    }
}

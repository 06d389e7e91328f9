//! `cargo xtask test`: everything that runs, and one count of it all.

use std::fs;

use portunus_peers::VALGRIND;

use crate::fuzz::{self, Length};
use crate::run::{Failure, cargo, fail, step, step_by_line};
use crate::{bogo, constant_time, limbo, peers, pkits, readme, wiping};

/// How long each fuzz target runs here; a long run is `cargo xtask fuzz`.
const FUZZ: Length = Length::Seconds(5);

/// What ran, in libtest's words.
#[derive(Debug, Default)]
struct Count {
    passed: u64,
    failed: u64,
    /// Tests that are there and did not run: ignored, or without their peer.
    skipped: u64,
}

pub(crate) fn run() -> Result<(), Failure> {
    peers::run()?;
    let mut count = Count::default();
    let outcome = all(&mut count);
    // Alone on its line and last of all, for people and for programs that look for it.
    println!(
        "\ntotal: {} passed, {} failed, {} skipped",
        count.passed, count.failed, count.skipped
    );
    outcome
}

fn all(count: &mut Count) -> Result<(), Failure> {
    step(&mut cargo(&["build", "--release", "--workspace"]))?;
    cargo_test(count)?;
    for ran in readme::run()? {
        count.passed += 1;
        println!("README: {ran}");
    }
    verdicts(count)?;
    bogo(count)?;
    if wiping::IS_HERE {
        wiping::run().inspect_err(|_| count.failed += 1)?;
        count.passed += 1;
    } else {
        println!("\nNot run, because the C heap has no other names here: wiping");
        count.skipped += 1;
    }
    if constant_time::IS_HERE && VALGRIND.find().is_some() {
        constant_time::run().inspect_err(|_| count.failed += 1)?;
        count.passed += 1;
    } else {
        println!("\nNot run, because there is no Valgrind that the program can talk to: constant-time");
        count.skipped += 1;
    }
    let fuzzed = fuzz::run(None, FUZZ)?;
    println!("Fuzzing: {} targets, {} executions.", fuzzed.targets, fuzzed.executions);
    let failed = u64::try_from(fuzzed.failed.len()).unwrap_or(u64::MAX);
    count.failed += failed;
    count.passed += u64::try_from(fuzzed.targets).unwrap_or(u64::MAX).saturating_sub(failed);
    if fuzzed.failed.is_empty() {
        Ok(())
    } else {
        fail(format!("fuzz targets that failed: {}", fuzzed.failed.join(", ")))
    }
}

/// x509-limbo's cases and PKITS's tests, where their files are. One that is answered otherwise on purpose has not passed.
fn verdicts(count: &mut Count) -> Result<(), Failure> {
    let mut all_wrong = 0;
    for (right, wrong) in [limbo::count()?, pkits::count()?].into_iter().flatten() {
        count.passed += right;
        count.failed += wrong;
        all_wrong += wrong;
    }
    match all_wrong {
        0 => Ok(()),
        _ => fail("cases of x509-limbo or tests of PKITS are not as they should be"),
    }
}

/// BoringSSL's protocol tests. One that fails for a known reason has not passed, nor has one that wants what is not implemented: the table
/// that was printed counts them.
fn bogo(count: &mut Count) -> Result<(), Failure> {
    let report = bogo::run(None, &[])?;
    let total = report.total();
    count.passed += total.passed;
    count.failed += total.failed + u64::try_from(report.stale()).unwrap_or(u64::MAX);
    report.verdict()
}

/// All tests of the workspace, the examples in the documentation among them.
fn cargo_test(count: &mut Count) -> Result<(), Failure> {
    // What an earlier run noted is not about this one.
    let _ = fs::remove_file(portunus_peers::not_run());
    let mut command = cargo(&["test", "--release", "--workspace", "--no-fail-fast"]);
    let succeeded = step_by_line(&mut command, |line| count.read(line))?;
    let mut without_peer: Vec<String> = fs::read_to_string(portunus_peers::not_run())
        .unwrap_or_default()
        .lines()
        .map(str::to_owned)
        .collect();
    without_peer.sort();
    if !without_peer.is_empty() {
        println!("\nNot run, because a peer is missing:\n  {}", without_peer.join("\n  "));
    }
    // libtest counts them as passed, since they returned.
    let mut tests: Vec<&str> = without_peer.iter().filter_map(|line| line.split(' ').next()).collect();
    tests.dedup();
    let tests = u64::try_from(tests.len()).unwrap_or(u64::MAX);
    count.passed = count.passed.saturating_sub(tests);
    count.skipped += tests;
    if succeeded { Ok(()) } else { fail("tests failed") }
}

impl Count {
    /// Adds what a line such as `test result: ok. 5 passed; 0 failed; 1 ignored; …` says.
    fn read(&mut self, line: &str) {
        let Some((_, numbers)) = line
            .strip_prefix("test result: ")
            .and_then(|rest| rest.split_once(". "))
        else {
            return;
        };
        for part in numbers.split("; ") {
            let Some((number, what)) = part.split_once(' ') else {
                continue;
            };
            let number: u64 = number.parse().unwrap_or(0);
            match what {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                "ignored" => self.skipped += number,
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Count;

    #[test]
    fn libtests_closing_lines_are_added_up() {
        let mut count = Count::default();
        count.read("test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s");
        count.read("test result: FAILED. 2 passed; 3 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s");
        count.read("test wire::alert ... ok");
        assert_eq!((count.passed, count.failed, count.skipped), (7, 3, 1));
    }
}

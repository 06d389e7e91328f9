//! `cargo xtask fuzz [TARGET] [--seconds N | --runs N]`: libFuzzer on the stable toolchain.
//!
//! All targets stand in one program, `fuzz/src/main.rs`. Each starts from the inputs in `fuzz/corpus/TARGET` and keeps
//! what it finds in the target folder, so that the committed corpora stay small.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Mutex;
use std::thread;

use crate::instrument::Purpose;
use crate::run::{Failure, because, fail, output, program, root, step, target};

/// Names the target to the fuzz program; without it the program lists them.
const TARGET: &str = "PORTUNUS_FUZZ_TARGET";
/// Room for a record of the greatest length and what comes behind it.
const MAX_LEN: &str = "-max_len=17000";
/// An input that takes this long hangs: all our inputs take well under a millisecond.
const TIMEOUT: &str = "-timeout=10";
/// The corpus, the counters and a connection fit in a tenth of it.
const MEMORY: &str = "-rss_limit_mb=1024";

/// How long each target runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Length {
    Seconds(u64),
    Runs(u64),
}

/// What came of all targets together.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) targets: usize,
    pub(crate) executions: u64,
    pub(crate) failed: Vec<String>,
}

/// Builds the targets and runs one or all of them.
pub(crate) fn run(only: Option<&str>, length: Length) -> Result<Outcome, Failure> {
    let built = build()?;
    let listed = output(&mut program(&built, &[]))?;
    let all: Vec<&str> = listed.lines().collect();
    let chosen: Vec<&str> = match only {
        None => all,
        Some(name) if all.contains(&name) => vec![name],
        Some(name) => return fail(format!("no such fuzz target: {name}; there are {}", all.join(", "))),
    };
    eprintln!();
    let watched = chosen.len() == 1;
    let rest = Mutex::new(chosen.iter());
    let outcome = Mutex::new(Outcome {
        targets: chosen.len(),
        ..Outcome::default()
    });
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from).min(chosen.len()) {
            scope.spawn(|| {
                while let Some(name) = next(&rest) {
                    let ran = Target {
                        name,
                        program: built.clone(),
                    }
                    .run(length, watched);
                    let Ok(mut outcome) = outcome.lock() else { return };
                    match ran {
                        Ok(executions) => outcome.executions += executions,
                        Err(failure) => {
                            eprintln!("{failure}");
                            outcome.failed.push((*name).to_owned());
                        }
                    }
                }
            });
        }
    });
    outcome.into_inner().map_err(because("fuzz"))
}

fn next<'a>(rest: &Mutex<impl Iterator<Item = &'a &'a str>>) -> Option<&'a str> {
    rest.lock().ok()?.next().copied()
}

/// Builds the fuzz program and says where it stands.
fn build() -> Result<PathBuf, Failure> {
    crate::install::cplusplus()?;
    step(&mut Purpose::Fuzzing.cargo(&["build", "--release"])?)?;
    Ok(target().join("release/portunus-fuzz"))
}

struct Target<'a> {
    name: &'a str,
    program: PathBuf,
}

impl Target<'_> {
    /// Runs the target to its end and gives the number of executions.
    fn run(&self, length: Length, watched: bool) -> Result<u64, Failure> {
        let found = target().join("fuzz").join(self.name);
        let grown = found.join("corpus");
        fs::create_dir_all(&grown).map_err(because(grown.display()))?;
        let mut command = program(&self.program, &[MAX_LEN, TIMEOUT, MEMORY, "-print_final_stats=1"]);
        command.env(TARGET, self.name).arg(match length {
            Length::Seconds(seconds) => format!("-max_total_time={seconds}"),
            Length::Runs(runs) => format!("-runs={runs}"),
        });
        command
            .arg(format!("-artifact_prefix={}/", found.display()))
            .arg(&grown);
        let seeds = root().join("fuzz/corpus").join(self.name);
        if seeds.is_dir() {
            command.arg(seeds);
        }
        let mut child = command
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(because(self.name))?;
        let mut report = Report::default();
        for line in child
            .stderr
            .take()
            .map(BufReader::new)
            .into_iter()
            .flat_map(|stderr| stderr.split(b'\n'))
        {
            let line = line.map_err(because(self.name))?;
            let line = String::from_utf8_lossy(&line);
            if watched {
                eprintln!("{line}");
            }
            report.read(&line);
        }
        let status = child.wait().map_err(because(self.name))?;
        if let (true, Some(executions)) = (status.success() && report.counters > 0, report.executions) {
            println!(
                "{:<28} {executions:>11} executions, {:>5} MiB at most",
                self.name, report.mebibytes
            );
            return Ok(executions);
        }
        if report.counters == 0 {
            return fail(format!(
                "{}: the program has no coverage counters, so it would search blindly",
                self.name
            ));
        }
        fail(self.replay(&report, watched))
    }

    fn replay(&self, report: &Report, watched: bool) -> String {
        let said = if watched {
            String::new()
        } else {
            format!("{}\n", report.lines.join("\n"))
        };
        let Some(file) = &report.artifact else {
            return format!("{said}{}: FAILED without an input that shows it", self.name);
        };
        format!(
            "{said}{name}: FAILED\n  Replay: {TARGET}={name} {program} {file}\n  When it is mended, move the input to \
             fuzz/corpus/{name}/.",
            name = self.name,
            program = self.program.display()
        )
    }
}

/// What libFuzzer says that we want to know.
#[derive(Debug, Default)]
struct Report {
    counters: u64,
    executions: Option<u64>,
    mebibytes: u64,
    artifact: Option<String>,
    lines: Vec<String>,
}

impl Report {
    /// What is kept for a failure: a panic's message, its trace and libFuzzer's last words.
    const LINES_KEPT: usize = 80;

    fn read(&mut self, line: &str) {
        if let Some((_, rest)) = line.split_once("Loaded 1 modules   (") {
            self.counters = number(rest);
        } else if let Some(rest) = line.strip_prefix("stat::number_of_executed_units:") {
            self.executions = Some(number(rest));
        } else if let Some(rest) = line.strip_prefix("stat::peak_rss_mb:") {
            self.mebibytes = number(rest);
        } else if let Some((_, file)) = line.split_once("Test unit written to ") {
            self.artifact = Some(file.trim().to_owned());
        }
        self.lines.push(line.to_owned());
        if self.lines.len() > Self::LINES_KEPT {
            self.lines.remove(0);
        }
    }
}

/// The number that the text begins with.
fn number(text: &str) -> u64 {
    let digits: String = text.trim_start().chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::Report;

    #[test]
    fn what_libfuzzer_says_is_understood() {
        let mut report = Report::default();
        for line in [
            "INFO: Loaded 1 modules   (1234 inline 8-bit counters): 1234 [0x1, 0x2), ",
            "artifact_prefix='./'; Test unit written to target/fuzz/alert/crash-49bc95",
            "stat::number_of_executed_units: 216569",
            "stat::peak_rss_mb:              62",
        ] {
            report.read(line);
        }
        assert_eq!(
            (report.counters, report.executions, report.mebibytes),
            (1234, Some(216_569), 62)
        );
        assert_eq!(report.artifact.as_deref(), Some("target/fuzz/alert/crash-49bc95"));
    }

    #[test]
    fn a_program_without_counters_is_seen() {
        let mut report = Report::default();
        report.read("INFO: Running with entropic power schedule (0xFF, 100).");
        assert_eq!(report.counters, 0);
    }
}

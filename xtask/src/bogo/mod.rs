//! `cargo xtask bogo [--json FILE] [GLOB…]`: BoringSSL's protocol test runner against our engine.
//!
//! The runner is a second TLS implementation that misbehaves precisely. It starts our shim (`conformance/bogo`) once a test. What is in scope, and
//! in which group, stands in `groups.txt` there; what fails and why it may, with our names of the runner's errors, in `bogo.json`.

mod groups;
mod report;
mod runner;

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::{fs, io::BufRead as _, io::BufReader};

use crate::run::{Failure, because, cargo, fail, root, step, target};
use groups::Groups;
pub(crate) use report::Report;
use report::{Configuration, Results};

const CONFIGURATION: &str = "conformance/bogo/bogo.json";

/// The command.
pub(crate) fn command(words: &[&str]) -> Result<(), Failure> {
    let (json, patterns) = match words {
        ["--json", file, patterns @ ..] => (Some(*file), patterns),
        patterns => (None, patterns),
    };
    if let Some(option) = patterns.iter().find(|word| word.starts_with('-')) {
        return fail(format!("bogo does not understand: {option}"));
    }
    let here = std::env::current_dir().map_err(because("where are we"))?;
    run(json.map(|file| here.join(file)), patterns)?.verdict()
}

/// Runs the tests that match a pattern, or all in scope if there is none, and prints what came of them. The runner's own results go to `json` too.
pub(crate) fn run(json: Option<PathBuf>, patterns: &[&str]) -> Result<Report, Failure> {
    let groups = Groups::read()?;
    let path = root().join(CONFIGURATION);
    let text = fs::read_to_string(&path).map_err(because(path.display()))?;
    let configuration: Configuration = serde_json::from_str(&text).map_err(because(path.display()))?;
    step(&mut cargo(&["build", "--release", "--package", "portunus-bogo"]))?;
    let runner = runner::get()?;

    let shim = format!("release/portunus-bogo-shim{}", std::env::consts::EXE_SUFFIX);
    let json = json.unwrap_or_else(|| target().join("bogo/results.json"));
    let mut command = Command::new(&runner);
    command
        .current_dir(runner.parent().unwrap_or(&runner))
        .arg("-shim-path")
        .arg(target().join(shim))
        .arg("-shim-config")
        .arg(&path)
        .arg("-json-output")
        .arg(&json)
        // Exceptions run too: one that passes after all is told.
        .args(["-pipe", "-allow-unimplemented", "-include-disabled"]);
    if patterns.is_empty() {
        command.args(["-skip", &groups.out_of_scope().join(";")]);
    } else {
        command.args(["-test", &patterns.join(";")]);
    }
    // What an earlier run wrote is not about this one.
    let _ = fs::remove_file(&json);
    play(&mut command)?;

    let results = fs::read_to_string(&json).map_err(because(json.display()))?;
    let results: Results = serde_json::from_str(&results).map_err(because(json.display()))?;
    let report = Report::new(results, &configuration, &groups, patterns.is_empty());
    print!("{report}");
    Ok(report)
}

/// Runs the runner to its end. It tells of each test, also of each that passes: here it is a line for many.
fn play(command: &mut Command) -> Result<(), Failure> {
    const EACH: usize = 500;
    eprintln!("\n$ runner.test");
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(because("runner.test"))?;
    let mut last = String::new();
    if let Some(output) = child.stdout.take() {
        let mut done = 0_usize;
        for line in BufReader::new(output).lines() {
            let line = line.map_err(because("runner.test"))?;
            if ["PASSED (", "FAILED (", "UNIMPLEMENTED ("]
                .iter()
                .any(|start| line.starts_with(start))
            {
                done += 1;
                if done.is_multiple_of(EACH) {
                    println!("{done} tests");
                }
            }
            if !line.trim().is_empty() {
                last = line;
            }
        }
    }
    // A failed test is no failure of the runner: both are exit code 1, so what it wrote tells.
    match child.wait().map_err(because("runner.test"))?.code() {
        Some(0 | 1) => Ok(()),
        _ => fail(format!("runner.test: {last}")),
    }
}

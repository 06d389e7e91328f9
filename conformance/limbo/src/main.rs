//! `portunus-limbo FILE [--json OUT]`: every case of a file in x509-limbo's schema, with the profile that its namespace is written for.
//!
//! A difference that has no reason in `exceptions.json` fails the run, and so does a reason that no difference needs.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is a program for a terminal"
)]

mod judge;
mod suite;

use std::path::Path;
use std::process::ExitCode;

use judge::judge;
use portunus_verdicts::Comparison;
use suite::Expected;

/// Why cases are answered otherwise, as the file was when this was built.
const EXCEPTIONS: &str = include_str!("../exceptions.json");

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (file, out) = match words.as_slice() {
        [file] => (*file, None),
        [file, "--json", out] => (*file, Some(*out)),
        _ => {
            eprintln!("usage: portunus-limbo FILE [--json OUT]");
            return ExitCode::from(2);
        }
    };
    match run(Path::new(file), out) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

/// Says whether all is as it should be.
fn run(file: &Path, out: Option<&str>) -> Result<bool, String> {
    let suite = suite::read(file)?;
    let mut comparison = Comparison::new("limbo", EXCEPTIONS)?;
    for case in &suite.testcases {
        let actual = judge(case).map_err(|why| format!("{}: {why}", case.id))?;
        let expected = case.expected_result == Expected::Success;
        comparison.add(case.namespace(), &case.id, expected, &actual);
    }
    comparison.finish(out)
}

//! `portunus-pkits EXPECTATIONS DATA [--json OUT]`: every test of NIST's Public Key Interoperability Test Suite. `DATA` is the folder that
//! holds its certificates and revocation lists.
//!
//! A difference that has no reason in `exceptions.json` fails the run, and so does a reason that no difference needs.
#![allow(clippy::print_stderr, reason = "this is a program for a terminal")]

mod judge;
mod suite;

use std::path::Path;
use std::process::ExitCode;

use portunus_verdicts::Comparison;

/// Why tests are answered otherwise, as the file was when this was built.
const EXCEPTIONS: &str = include_str!("../exceptions.json");

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (file, data, out) = match words.as_slice() {
        [file, data] => (*file, *data, None),
        [file, data, "--json", out] => (*file, *data, Some(*out)),
        _ => {
            eprintln!("usage: portunus-pkits EXPECTATIONS DATA [--json OUT]");
            return ExitCode::from(2);
        }
    };
    match run(Path::new(file), Path::new(data), out) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

/// Says whether all is as it should be.
fn run(file: &Path, data: &Path, out: Option<&str>) -> Result<bool, String> {
    let suite = suite::read(file)?;
    let time = suite.time()?;
    let mut comparison = Comparison::new("pkits", EXCEPTIONS)?;
    for test in &suite.tests {
        let because = |why| format!("{}: {why}", test.id);
        let files = suite.files(test, data).map_err(because)?;
        let actual = judge::judge(&suite, test, &files, time).map_err(because)?;
        comparison.add(&test.group(), &test.id, test.is_valid(), &actual);
    }
    comparison.finish(out)
}

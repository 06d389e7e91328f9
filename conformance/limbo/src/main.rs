//! `portunus-limbo FILE [--json OUT]`: every case of a file in x509-limbo's schema, with the profile that its namespace is written for.
//!
//! A difference that has no reason in `exceptions.json` fails the run, and so does a reason that no difference needs.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is a program for a terminal"
)]

mod exceptions;
mod judge;
mod suite;
mod table;

use std::path::Path;
use std::process::ExitCode;

use serde_json::json;

use exceptions::Exceptions;
use judge::{Actual, judge};
use suite::{Case, Expected};
use table::{Outcome, Table};

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
    let exceptions = Exceptions::read()?;
    let (mut table, mut results, mut wrong) = (Table::default(), Vec::new(), Vec::new());
    for case in &suite.testcases {
        let actual = judge(case).map_err(|why| format!("{}: {why}", case.id))?;
        let outcome = outcome(case, &actual);
        let reason = exceptions.reason(&case.id);
        match (outcome, reason) {
            (Outcome::Right, Some(_)) => {
                wrong.push(format!("{}: right, though exceptions.json says otherwise", case.id))
            }
            (Outcome::Right, None)
            | (Outcome::WronglyAccepted | Outcome::WronglyRefused | Outcome::LeftOut, Some(_)) => {}
            (Outcome::LeftOut, None) => wrong.push(format!("{}: left out, and no reason given", case.id)),
            (Outcome::WronglyAccepted, None) => wrong.push(format!("{}: accepted", case.id)),
            (Outcome::WronglyRefused, None) => wrong.push(format!("{}: refused: {}", case.id, why(&actual))),
        }
        table.add(case.namespace(), outcome);
        results.push(json!({
            "id": case.id,
            "expected": match case.expected_result { Expected::Success => "SUCCESS", Expected::Failure => "FAILURE" },
            "actual": match actual { Actual::Accepted => "SUCCESS", Actual::Refused(_) => "FAILURE", Actual::LeftOut(_) => "SKIPPED" },
            "why": match (why(&actual), reason) { (why, None) => why.to_owned(), (why, Some(reason)) => format!("{why}; on purpose: {reason}") },
        }));
    }
    print!("{table}");
    if let Some(out) = out {
        let json = format!("{:#}\n", serde_json::Value::from(results));
        std::fs::write(out, json).map_err(|error| format!("{out}: {error}"))?;
    }
    if !wrong.is_empty() {
        println!("\nnot as it should be:\n  {}", wrong.join("\n  "));
    }
    println!(
        "\nlimbo: {} right, {} not as they should be",
        table.right(),
        wrong.len()
    );
    Ok(wrong.is_empty())
}

fn outcome(case: &Case, actual: &Actual) -> Outcome {
    match (actual, case.expected_result) {
        (Actual::LeftOut(_), _) => Outcome::LeftOut,
        (Actual::Accepted, Expected::Success) | (Actual::Refused(_), Expected::Failure) => Outcome::Right,
        (Actual::Accepted, Expected::Failure) => Outcome::WronglyAccepted,
        (Actual::Refused(_), Expected::Success) => Outcome::WronglyRefused,
    }
}

fn why(actual: &Actual) -> &str {
    match actual {
        Actual::Accepted => "",
        Actual::Refused(why) => why,
        Actual::LeftOut(why) => why,
    }
}

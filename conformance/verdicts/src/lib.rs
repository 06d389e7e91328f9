//! Compares the verifier's verdicts with those that a suite of other people's expects: a table, each case's result, and the
//! differences that have a reason.
//!
//! A difference without a reason fails the comparison, and so does a reason that no difference needs.
#![allow(clippy::print_stdout, reason = "its results are for a terminal")]

mod table;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use table::{Outcome, Table};

/// What became of a case.
#[derive(Debug)]
pub enum Actual {
    /// There is a path.
    Accepted,
    /// There is none, and why.
    Refused(String),
    /// The case asks for something that the verifier does not do.
    LeftOut(&'static str),
}

impl Actual {
    fn why(&self) -> &str {
        match self {
            Self::Accepted => "",
            Self::Refused(why) => why,
            Self::LeftOut(why) => why,
        }
    }
}

/// A suite's comparison, as far as it has come.
#[derive(Debug)]
pub struct Comparison {
    suite: &'static str,
    /// Why cases are answered otherwise than the suite wants it.
    reasons: BTreeMap<String, String>,
    table: Table,
    results: Vec<Value>,
    wrong: Vec<String>,
}

impl Comparison {
    /// A suite by its name, with a JSON object of reasons by case.
    pub fn new(suite: &'static str, exceptions: &str) -> Result<Self, String> {
        Ok(Self {
            suite,
            reasons: serde_json::from_str(exceptions).map_err(|error| format!("exceptions.json: {error}"))?,
            table: Table::default(),
            results: Vec::new(),
            wrong: Vec::new(),
        })
    }

    /// Takes one case of a group of the table; `expected` where the suite wants it accepted.
    pub fn add(&mut self, group: &str, id: &str, expected: bool, actual: &Actual) {
        let outcome = match (actual, expected) {
            (Actual::LeftOut(_), _) => Outcome::LeftOut,
            (Actual::Accepted, true) | (Actual::Refused(_), false) => Outcome::Right,
            (Actual::Accepted, false) => Outcome::WronglyAccepted,
            (Actual::Refused(_), true) => Outcome::WronglyRefused,
        };
        let reason = self.reasons.get(id);
        let why = actual.why();
        match (outcome, reason) {
            (Outcome::Right, None) => {}
            (Outcome::Right, Some(_)) => self
                .wrong
                .push(format!("{id}: right, though exceptions.json says otherwise")),
            (Outcome::WronglyAccepted | Outcome::WronglyRefused | Outcome::LeftOut, Some(_)) => {}
            (Outcome::LeftOut, None) => self.wrong.push(format!("{id}: left out, and no reason given")),
            (Outcome::WronglyAccepted, None) => self.wrong.push(format!("{id}: accepted")),
            (Outcome::WronglyRefused, None) => self.wrong.push(format!("{id}: refused: {why}")),
        }
        self.table.add(group, outcome);
        let word = |accepted: bool| if accepted { "SUCCESS" } else { "FAILURE" };
        self.results.push(json!({
            "id": id,
            "expected": word(expected),
            "actual": match actual { Actual::Accepted => word(true), Actual::Refused(_) => word(false), Actual::LeftOut(_) => "SKIPPED" },
            "why": reason.map_or_else(|| why.to_owned(), |reason| format!("{why}; on purpose: {reason}")),
        }));
    }

    /// Prints the table and what is not as it should be, writes the results to the file, and says whether all is well. The
    /// last line is for programs.
    pub fn finish(self, out: Option<&str>) -> Result<bool, String> {
        print!("{}", self.table);
        if let Some(out) = out {
            let json = format!("{:#}\n", Value::from(self.results));
            std::fs::write(out, json).map_err(|error| format!("{out}: {error}"))?;
        }
        if !self.wrong.is_empty() {
            println!("\nnot as it should be:\n  {}", self.wrong.join("\n  "));
        }
        println!(
            "\n{}: {} right, {} not as they should be",
            self.suite,
            self.table.right(),
            self.wrong.len()
        );
        Ok(self.wrong.is_empty())
    }
}

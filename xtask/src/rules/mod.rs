//! The rules of the house, as a program over the source. One file a rule; each says what it holds and why.
//!
//! A rule sees one file at a time, as text and as tokens without tests and comments, and answers with what it found.

mod absent;
mod citations;
pub(crate) mod layers;
mod names;
mod panics;
mod size;
pub(crate) mod source;
mod tests_run;
mod undone;
mod words;

use std::path::Path;

use crate::run::{Failure, because, fail, output, program, root};
use source::{Source, Sources};

/// One place that breaks a rule.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    pub(crate) path: String,
    pub(crate) line: usize,
    pub(crate) what: String,
}

/// A rule over one Rust file.
struct Rule {
    name: &'static str,
    check: fn(&Source) -> Vec<Finding>,
}

const RULES: &[Rule] = &[
    Rule {
        name: "absent",
        check: absent::check,
    },
    Rule {
        name: "citations",
        check: citations::check,
    },
    Rule {
        name: "layers",
        check: layers::check,
    },
    Rule {
        name: "names",
        check: names::check,
    },
    Rule {
        name: "panics",
        check: panics::check,
    },
    Rule {
        name: "size",
        check: size::check,
    },
    Rule {
        name: "tests-run",
        check: tests_run::check,
    },
    Rule {
        name: "undone",
        check: undone::check,
    },
];

/// Applies every rule to every file that git knows or would add.
pub(crate) fn check() -> Result<(), Failure> {
    let listed = output(&mut program(
        "git",
        &["ls-files", "--cached", "--others", "--exclude-standard", "-z"],
    ))?;
    let mut texts = Vec::new();
    for path in listed.split('\0').filter(|path| !path.is_empty()) {
        // What git knows and the tree has no longer is about to be deleted; what is no UTF-8 is a test's data.
        if let Ok(text) = std::fs::read_to_string(root().join(path)) {
            texts.push((path.to_owned(), text));
        }
    }
    let mut findings = Vec::new();
    for (path, text) in &texts {
        findings.extend(words::check(path, text).into_iter().map(|finding| ("words", finding)));
    }
    let rust = texts
        .into_iter()
        .filter(|(path, _)| Path::new(path).extension().is_some_and(|kind| kind == "rs"));
    let sources = Sources::read(rust.collect()).map_err(because("house rules"))?;
    for Rule { name, check } in RULES {
        findings.extend(sources.files.iter().flat_map(check).map(|finding| (*name, finding)));
    }
    findings.sort_by(|(_, one), (_, other)| one.cmp(other));
    for (rule, Finding { path, line, what }) in &findings {
        eprintln!("{path}:{line}: {what} [{rule}]");
    }
    let files = sources.files.len();
    if findings.is_empty() {
        println!(
            "House rules: {} rules over {files} files, nothing found.",
            RULES.len() + 1
        );
        return Ok(());
    }
    fail(format!(
        "the house rules are broken in {} places; xtask/src/rules says why each stands",
        findings.len()
    ))
}

//! `cargo xtask pkits [FILE] [--json OUT]`: NIST's Public Key Interoperability Test Suite for the verifier.
//!
//! Certificates and revocation lists come from PyPI; what each test expects, from a file that somebody names, since those that publish
//! the former do not publish it.

use std::path::PathBuf;

use crate::install;
use crate::limbo::closing_line;
use crate::run::{Failure, cargo, fail, program, step, step_by_line, target};

/// The file of expectations, where nobody names another.
const FILE: &str = "PORTUNUS_PKITS";
const WHERE: &str = "It is JSON of one object a test; conformance/pkits/src/suite.rs has its fields";

pub(crate) fn run(words: &[&str]) -> Result<(), Failure> {
    let given = std::env::var(FILE).ok();
    let (file, out): (&str, &[&str]) = match (words, &given) {
        ([] | ["--json", _], Some(file)) => (file, words),
        ([] | ["--json", _], None) => return fail(format!("name the file of expectations, or set {FILE}. {WHERE}.")),
        ([file, out @ ..], _) => (file, out),
    };
    let data = prepare()?;
    step(program(runner(), &[file]).arg(data).args(out))
}

/// What a run over the file of the environment counted: tests answered rightly, tests that are not as they should be. `None` without a
/// file.
pub(crate) fn count() -> Result<Option<(u64, u64)>, Failure> {
    let Ok(file) = std::env::var(FILE) else {
        println!("\nPKITS was not run: {FILE} names no file of expectations. {WHERE}.");
        return Ok(None);
    };
    let data = prepare()?;
    let mut counts = None;
    step_by_line(program(runner(), &[&file]).arg(data), |line| {
        counts = closing_line("pkits", line).or(counts)
    })?;
    match counts {
        Some(counts) => Ok(Some(counts)),
        None => fail("PKITS did not run to its end"),
    }
}

/// Builds the runner and gives the suite's folder, installed first if it is missing.
fn prepare() -> Result<PathBuf, Failure> {
    step(&mut cargo(&["build", "--release", "-p", "portunus-pkits"]))?;
    let folder = target().join("pkits");
    let data = folder.join("cryptography_vectors/x509/PKITS_data");
    if !data.is_dir() {
        install::pypi("xtask/pkits.txt", &folder)?;
    }
    Ok(data)
}

fn runner() -> PathBuf {
    target().join(format!("release/portunus-pkits{}", std::env::consts::EXE_SUFFIX))
}

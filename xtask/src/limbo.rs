//! `cargo xtask limbo [FILE] [--json OUT]`: x509-limbo's cases for the verifier.

use portunus_peers::{X509_LIMBO, under_ci};

use crate::run::{Failure, cargo, fail, program, step, step_by_line, target};

/// The suite's file, where nobody names another.
const FILE: &str = X509_LIMBO.variable;
const WHERE: &str = X509_LIMBO.published;

pub(crate) fn run(words: &[&str]) -> Result<(), Failure> {
    let given = std::env::var(FILE).ok();
    let words: Vec<&str> = match (words, &given) {
        ([] | ["--json", _], Some(file)) => std::iter::once(file.as_str()).chain(words.iter().copied()).collect(),
        ([] | ["--json", _], None) => return fail(format!("name the suite's file, or set {FILE}: {WHERE}")),
        _ => words.to_vec(),
    };
    step(&mut build())?;
    step(&mut program(runner(), &words))
}

/// What a run over the file of the environment counted: cases answered rightly, cases that are not as they should be. `None` without a
/// file.
pub(crate) fn count() -> Result<Option<(u64, u64)>, Failure> {
    let Ok(file) = std::env::var(FILE) else {
        if under_ci() {
            return fail(format!("CI needs x509-limbo, and {FILE} names no file"));
        }
        println!("\nx509-limbo was not run: {FILE} names no file. {WHERE}.");
        return Ok(None);
    };
    step(&mut build())?;
    let mut counts = None;
    step_by_line(&mut program(runner(), &[&file]), |line| {
        counts = closing_line("limbo", line).or(counts)
    })?;
    match counts {
        Some(counts) => Ok(Some(counts)),
        None => fail("x509-limbo did not run to its end"),
    }
}

fn build() -> std::process::Command {
    cargo(&["build", "--release", "-p", "portunus-limbo"])
}

fn runner() -> std::path::PathBuf {
    target().join(format!("release/portunus-limbo{}", std::env::consts::EXE_SUFFIX))
}

/// The last line of a comparison with a suite: `limbo: 5 right, 1 not as they should be`.
pub(crate) fn closing_line(suite: &str, line: &str) -> Option<(u64, u64)> {
    let counts = line.strip_prefix(suite)?.strip_prefix(": ")?;
    let (right, wrong) = counts.split_once(" right, ")?;
    let (wrong, _) = wrong.split_once(' ')?;
    Some((right.parse().ok()?, wrong.parse().ok()?))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_closing_line_is_read() {
        assert_eq!(
            super::closing_line("limbo", "limbo: 5 right, 1 not as they should be"),
            Some((5, 1))
        );
        assert_eq!(super::closing_line("limbo", "crl    5    0"), None);
    }
}

//! `cargo xtask constant-time`: opens encrypted preliminary secrets under Valgrind, good ones and bad ones (`constant-time/`). Every one has to take the same
//! instructions, of which none branches or reads memory by what is secret. Code that does it wrong is watched too: it has to be found out.

use std::path::Path;
use std::process::Command;

use portunus_peers::VALGRIND;

use crate::peers;
use crate::run::{Failure, because, cargo, fail, program, step, target};

/// Whether the program can talk to Valgrind here.
pub(crate) const IS_HERE: bool = cfg!(all(target_os = "linux", target_arch = "x86_64"));

/// The function that is watched, and how often the program calls it.
const MEASURED: &str = "portunus_constant_time_measured";
const CALLS: usize = 1000;
/// What memcheck ends with where it found something; the program itself ends with 0, 1 or 2.
const FOUND: i32 = 9;

pub(crate) fn run() -> Result<(), Failure> {
    let valgrind = peers::get(&VALGRIND)?;
    let mut build = cargo(&["build", "--release", "--manifest-path", "constant-time/Cargo.toml"]);
    // With the instructions that every processor of the kind has: Valgrind knows those.
    step(build.env_remove("RUSTFLAGS"))?;

    let counts = counts(&valgrind, "engine")?;
    let first = counts.first().copied().unwrap_or_default();
    if first == 0 || counts.len() != CALLS || counts.iter().any(|count| *count != first) {
        return fail(format!("callgrind: not {CALLS} calls of one length: {counts:?}"));
    }
    if memcheck(&valgrind, "engine")? {
        return fail("memcheck: a branch or an index hangs on what is secret");
    }
    let mut leaky = self::counts(&valgrind, "leaky")?;
    leaky.sort_unstable();
    leaky.dedup();
    if leaky.len() < 2 || !memcheck(&valgrind, "leaky")? {
        return fail("code that is not constant in time was not found out");
    }
    println!(
        "Constant time: {CALLS} blocks, {first} instructions each, no branch and no index on what is secret. The control \
         takes {} different numbers of instructions, and is found out.",
        leaky.len()
    );
    Ok(())
}

fn watched(valgrind: &Path, words: &[&str], code: &str) -> Command {
    let mut command = program(valgrind, words);
    command.arg(target().join("release/portunus-constant-time")).arg(code);
    command
}

/// How many instructions each call took, by callgrind.
fn counts(valgrind: &Path, code: &str) -> Result<Vec<u64>, Failure> {
    let folder = target().join("constant-time");
    std::fs::create_dir_all(&folder).map_err(because(folder.display()))?;
    let out = folder.join(format!("callgrind-{code}.out"));
    let mut command = watched(
        valgrind,
        &[
            "--quiet",
            "--tool=callgrind",
            &format!("--callgrind-out-file={}", out.display()),
            "--combine-dumps=yes",
            "--collect-atstart=no",
            &format!("--toggle-collect={MEASURED}"),
            &format!("--dump-after={MEASURED}"),
        ],
        code,
    );
    step(&mut command)?;
    let text = std::fs::read_to_string(&out).map_err(because(out.display()))?;
    Ok(totals(&text))
}

/// The sums of all parts but the last, which is what came after the last call.
fn totals(text: &str) -> Vec<u64> {
    let totals = text.lines().filter_map(|line| line.strip_prefix("totals: "));
    let mut totals: Vec<u64> = totals.map(|total| total.trim().parse().unwrap_or(0)).collect();
    totals.pop();
    totals
}

/// Whether memcheck found a branch or an index on what was marked.
fn memcheck(valgrind: &Path, code: &str) -> Result<bool, Failure> {
    let found = format!("--error-exitcode={FOUND}");
    let words = ["--quiet", "--tool=memcheck", "--leak-check=no", &found];
    // What it finds in the control is no news to anybody.
    let output = watched(valgrind, &words, code).output().map_err(because("valgrind"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    match output.status.code() {
        Some(0) => Ok(false),
        Some(FOUND) => {
            if code == "engine" {
                eprintln!("{said}");
            }
            Ok(true)
        }
        _ => fail(format!("valgrind: {}\n{said}", output.status)),
    }
}

#[cfg(test)]
mod tests {
    use super::totals;

    #[test]
    fn the_sum_of_each_part_but_the_last_is_read() {
        let text = "part: 1\nsummary: 7\ntotals: 7\n\npart: 2\ntotals: 8\n\npart: 3\ntotals: 0\n";
        assert_eq!(totals(text), [7, 8]);
    }
}

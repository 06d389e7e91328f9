//! `cargo xtask bench [NAME] [--json FILE]`.
//!
//! A bench is a function that measures and answers with rows; it has a line in [`BENCHES`]. Time is the thread's CPU
//! time, so that a busy machine disturbs little. Rows that are held to a bar stand once more at the end, with a mark.

use std::error::Error;
use std::process::{Command, ExitCode, Stdio};

use portunus_bench::measure::{Bar, Row};
use portunus_bench::{beside, primitives, verdicts};

type Bench = fn() -> Result<Vec<Row>, Box<dyn Error>>;

const BENCHES: &[(&str, Bench)] = &[
    ("bare", || Ok(primitives::run())),
    ("handshake", || Ok(beside::handshake())),
    ("bulk", || Ok(beside::bulk())),
    ("memory", memory),
    ("x509", || Ok(verdicts::run())),
];

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (name, file) = match words.as_slice() {
        [] => (None, None),
        ["--json", file] => (None, Some(*file)),
        [name] => (Some(*name), None),
        [name, "--json", file] => (Some(*name), Some(*file)),
        _ => return usage(),
    };
    if name.is_some_and(|name| !BENCHES.iter().any(|(known, _)| *known == name)) {
        return usage();
    }
    match run(name, file) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(name: Option<&str>, file: Option<&str>) -> Result<(), Box<dyn Error>> {
    let mut report = serde_json::Map::new();
    let mut held = Vec::new();
    for (bench, run) in BENCHES
        .iter()
        .filter(|(known, _)| name.is_none_or(|name| name == *known))
    {
        println!("{bench}");
        let rows = run()?;
        for row in &rows {
            println!("  {:<54} {:>9} {}", row.what, figure(row), row.unit);
        }
        println!();
        report.insert((*bench).to_owned(), rows.iter().map(Row::to_json).collect());
        held.extend(rows.into_iter().filter_map(|row| row.bar.map(|bar| (row, bar))));
    }
    if !held.is_empty() {
        println!("bars");
    }
    for (row, bar) in held {
        let bound = match bar {
            Bar::AtMost(bound) => format!("at most {bound:.2}"),
            Bar::AtLeast(bound) => format!("at least {bound:.2}"),
        };
        let mark = if bar.is_met(row.value) { "met" } else { "MISSED" };
        println!("  {:<54} {:>9} {bound:<18} {mark}", row.what, figure(&row));
    }
    if let Some(file) = file {
        std::fs::write(file, format!("{:#}\n", serde_json::Value::from(report)))
            .map_err(|error| format!("{file}: {error}"))?;
    }
    Ok(())
}

/// Numbers that were counted have no fraction.
fn figure(row: &Row) -> String {
    let decimals = if row.value.fract() == 0.0 { 0 } else { 3 };
    format!("{:.decimals$}", row.value)
}

/// What the program beside this one counts.
fn memory() -> Result<Vec<Row>, Box<dyn Error>> {
    let name = format!("portunus-bench-memory{}", std::env::consts::EXE_SUFFIX);
    let program = std::env::current_exe()?.with_file_name(name);
    let output = Command::new(&program)
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("{}: {error}; `cargo xtask bench` builds it", program.display()))?;
    if !output.status.success() {
        return Err(format!("{}: {}", program.display(), output.status).into());
    }
    let rows: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout)?;
    let rows: Option<Vec<Row>> = rows.iter().map(Row::from_json).collect();
    rows.ok_or_else(|| format!("{}: rows of another kind", program.display()).into())
}

fn usage() -> ExitCode {
    let names: Vec<&str> = BENCHES.iter().map(|(name, _)| *name).collect();
    eprintln!(
        "Usage: cargo xtask bench [NAME] [--json FILE]\nNAME is one of: {}",
        names.join(", ")
    );
    ExitCode::FAILURE
}

//! Portunus side by side with other stacks, and with the bare primitives that none of them can do without.
//!
//! `cargo xtask bench [NAME] [--json FILE]`. A bench is a function that measures and answers with rows; it has a line in
//! [`BENCHES`]. Time is the thread's CPU time, so that a busy machine disturbs little.

mod bare;
mod beside;
mod engines;
mod measure;
mod world;

use std::process::ExitCode;

use measure::Row;

type Bench = fn() -> Vec<Row>;

const BENCHES: &[(&str, Bench)] = &[
    ("bare", bare::run),
    ("handshake", beside::handshake),
    ("bulk", beside::bulk),
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
    let mut report = serde_json::Map::new();
    for (bench, run) in BENCHES
        .iter()
        .filter(|(known, _)| name.is_none_or(|name| name == *known))
    {
        println!("{bench}");
        let rows = run();
        for row in &rows {
            println!("  {:<36} {:>12.3} {}", row.what, row.value, row.unit);
        }
        report.insert((*bench).to_owned(), rows.iter().map(Row::to_json).collect());
    }
    if let Some(file) = file
        && let Err(error) = std::fs::write(file, format!("{:#}\n", serde_json::Value::from(report)))
    {
        eprintln!("{file}: {error}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn usage() -> ExitCode {
    let names: Vec<&str> = BENCHES.iter().map(|(name, _)| *name).collect();
    eprintln!(
        "Usage: cargo xtask bench [NAME] [--json FILE]\nNAME is one of: {}",
        names.join(", ")
    );
    ExitCode::FAILURE
}

//! The command line as its users meet it. What they read is tested as whole files: `tests/cmd/*.trycmd`.
//!
//! `TRYCMD=overwrite cargo test -p portunus` brings these files up to date.

mod ca;
mod cert;
mod public_chains;
mod refusals;

use std::path::Path;
use std::process::Command;

/// The program, with a data directory of the test's own.
fn portunus(data_dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portunus"));
    command.env("PORTUNUS_DATA_DIR", data_dir).env_remove("PORTUNUS_LOG");
    command
}

#[test]
fn what_people_read_is_as_it_was() {
    // Relative to the folder of its own in which each file's commands run.
    trycmd::TestCases::new()
        .env("PORTUNUS_DATA_DIR", "data")
        .env("PORTUNUS_LOG", "")
        .case("tests/cmd/*.trycmd");
}

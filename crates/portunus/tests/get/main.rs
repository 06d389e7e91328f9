//! `portunus get` as a user runs it, beside curl where curl is installed.

mod files;
mod output;
mod server;
mod side_by_side;
mod tls;
mod tls_server;

use std::path::Path;
use std::process::{Command, Output};

/// Runs `portunus get` with these options in a folder, with no terminal about.
fn portunus(folder: &Path, options: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_portunus"))
        .arg("get")
        .args(options)
        .current_dir(folder)
        .env("PORTUNUS_DATA_DIR", folder.join("data"))
        .env_remove("PORTUNUS_LOG")
        .output()
        .expect("the program runs")
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("it exits by itself")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

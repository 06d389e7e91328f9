//! `portunus serve` as a user runs it, with curl, openssl and `portunus get` as visitors.

#[cfg(unix)]
mod asleep;
mod certificates;
mod program;
mod stopping;
mod visitors;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Runs a program that is about to end and tells what it wrote.
fn run(command: &mut Command) -> Output {
    command.output().expect("the program runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A folder with a site beneath it, in `site`.
fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let site = site(folder.path());
    std::fs::create_dir(&site).expect("a site");
    for (name, content) in files {
        std::fs::write(site.join(name), content).expect("a file");
    }
    folder
}

fn site(folder: &Path) -> PathBuf {
    folder.join("site")
}

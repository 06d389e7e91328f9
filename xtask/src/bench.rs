//! `cargo xtask bench [NAME] [--json FILE]`: the program in `bench/`, which knows what there is to measure.

use crate::run::{Failure, cargo, step};

pub(crate) fn run(words: &[&str]) -> Result<(), Failure> {
    step(cargo(&["run", "--release", "--manifest-path", "bench/Cargo.toml", "--"]).args(words))
}

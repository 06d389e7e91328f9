//! `cargo xtask test`.

use crate::run::{Failure, cargo, step};

pub(crate) fn run() -> Result<(), Failure> {
    step(&mut cargo(&["build", "--release", "--workspace"]))?;
    step(&mut cargo(&["test", "--release", "--workspace"]))
}

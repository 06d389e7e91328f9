//! `cargo xtask wiping`: looks for secrets in the memory that connections leave behind (`wiping/`).

use crate::instrument::Purpose;
use crate::run::{Failure, program, step, target};

/// Whether there is a way to stand in for the C heap here.
pub(crate) const IS_HERE: bool = cfg!(all(target_os = "linux", target_env = "gnu"));

pub(crate) fn run() -> Result<(), Failure> {
    step(&mut Purpose::Wiping.cargo(&["build", "--release"])?)?;
    step(&mut program(target().join("release/portunus-wiping"), &[]))
}

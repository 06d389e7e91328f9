//! One module a command: its flags, their help, what it does, and their tests.
//!
//! Each has `#[derive(clap::Args)] pub(crate) struct Args` and `pub(crate) fn run(Args) -> Result<ExitCode, Failure>`.

pub(crate) mod ca;
pub(crate) mod cert;
pub(crate) mod explain;
pub(crate) mod get;
mod legacy_rsa;
pub(crate) mod serve;

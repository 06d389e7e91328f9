//! The command line of Portunus: HTTPS, whole.

mod cli;
mod clock;
mod commands;
mod failure;
mod fingerprint;
mod logging;
mod output;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    logging::start(cli.command.log_level());
    match cli.command.run() {
        Ok(code) => code,
        Err(failure) => failure.report(),
    }
}

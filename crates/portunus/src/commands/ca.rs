//! `portunus ca`: this machine's own certificate authority.

use std::fs;
use std::process::ExitCode;

use crate::failure::Failure;
use crate::output;

/// This machine's own certificate authority
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Print the root certificate in PEM, for those who shall trust it
    Root,
}

pub(crate) fn run(args: Args) -> Result<ExitCode, Failure> {
    match args.action {
        Action::Root => root()?,
    }
    Ok(ExitCode::SUCCESS)
}

fn root() -> Result<(), Failure> {
    let data_dir = portunus_ca::data_dir().map_err(|error| Failure::new(error).hint("set PORTUNUS_DATA_DIR"))?;
    let pem = fs::read(data_dir.join("ca/root.pem")).map_err(|error| {
        Failure::new("there is no authority yet")
            .because(&error)
            .hint("portunus ca init makes it")
    })?;
    output::print(pem)
}

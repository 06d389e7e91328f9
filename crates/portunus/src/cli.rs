//! The words of the command line: which commands there are. What each takes stands in its own module.

use std::process::ExitCode;

use tracing::level_filters::LevelFilter;

use crate::commands::{ca, cert, explain, get, serve};
use crate::failure::Failure;

/// HTTPS, whole: serve a site, fetch from one, certify names, and explain every step.
#[derive(clap::Parser)]
#[command(name = "portunus", version, max_term_width = 100, after_help = EXAMPLES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// One variant a command; its arguments and what it does are the module's of the same name.
#[derive(clap::Subcommand)]
pub(crate) enum Command {
    Ca(ca::Args),
    Cert(cert::Args),
    Get(Box<get::Args>),
    Serve(serve::Args),
    Explain(explain::Args),
}

const EXAMPLES: &str = "\
Examples:
  portunus serve                     this folder at https://localhost:8443, for this machine
  portunus get https://app.test/     a page, printed; -O saves it
  portunus explain app.test          every step of the connection to it, told
  portunus ca root > root.pem        the certificate to trust, made by `portunus ca init`
  portunus ca issue app.test         a certificate and key for app.test
  portunus cert show app.test.pem    what a certificate says, and whether it lasts

Portunus keeps its own files in $PORTUNUS_DATA_DIR, or else in the place of this platform for
such data. $PORTUNUS_LOG sets what is logged to standard error, such as `debug`.";

impl Command {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        match self {
            Self::Ca(args) => ca::run(args),
            Self::Cert(args) => cert::run(args),
            Self::Get(args) => get::run(*args),
            Self::Serve(args) => serve::run(args),
            Self::Explain(args) => explain::run(args),
        }
    }

    /// What is logged where `$PORTUNUS_LOG` says nothing.
    pub(crate) fn log_level(&self) -> LevelFilter {
        match self {
            Self::Ca(_) | Self::Cert(_) | Self::Get(_) | Self::Explain(_) => LevelFilter::WARN,
            // The access log is what a server says.
            Self::Serve(_) => LevelFilter::INFO,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        <Cli as clap::CommandFactory>::command().debug_assert();
    }
}

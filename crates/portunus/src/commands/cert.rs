//! `portunus cert`: certificates that somebody has, shown, verified, compared with keys, and brought into other forms.

use std::process::ExitCode;

use crate::failure::Failure;

mod check_key;
mod convert;
mod facts;
mod files;
mod peer;
mod show;
mod tree;
mod verify;

/// Show, verify and convert certificates, and see whether a key belongs to one
///
/// Files are read in PEM, DER and PKCS#7, whatever they are called.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

const EXAMPLES: &str = "\
Examples:
  portunus cert show chain.pem                   what each certificate says, and who signed which
  portunus cert show example.com                 what a server shows
  portunus cert verify --name example.com chain.pem
                                                 whether a client would accept it, and why not
  portunus cert check-key chain.pem key.pem      whether the key belongs to the certificate
  portunus cert convert --to pkcs7 --out chain.p7b chain.pem

Exit codes: 0 if all is well, 1 if the key does not belong to the certificate, 60 if a certificate
is refused, 2 for a wrong use, 23 for a file that cannot be written, 26 for one that cannot be read,
77 for authorities that cannot be used; of a server, curl's: 6, 7, 28, 35.";

#[derive(clap::Subcommand)]
enum Action {
    Show(show::Args),
    Verify(verify::Args),
    CheckKey(check_key::Args),
    Convert(convert::Args),
}

pub(crate) fn run(args: Args) -> Result<ExitCode, Failure> {
    match args.action {
        Action::Show(args) => show::run(&args),
        Action::Verify(args) => verify::run(&args),
        Action::CheckKey(args) => check_key::run(&args),
        Action::Convert(args) => convert::run(&args),
    }
}

/// An indented JSON document with a line feed at its end.
fn document(value: &serde_json::Value) -> String {
    format!("{value:#}\n")
}

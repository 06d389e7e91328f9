//! `portunus ca`: this machine's own certificate authority.

use std::fmt::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use portunus_ca::{Authority, Error, Scope};
use portunus_x509::{Certificate, InvalidName, Printable, ServerName};

use crate::clock;
use crate::failure::Failure;
use crate::fingerprint;
use crate::output;

/// Certify names with this machine's own certificate authority
///
/// The authority's root and intermediate certificates carry name constraints: they are good for
/// localhost, *.localhost, *.test, *.internal, *.home.arpa, this machine's name, and private and
/// loopback addresses alone, and for what `init --permit` adds. So whoever steals their keys
/// cannot speak for other sites of the Internet.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

const EXAMPLES: &str = "\
Examples:
  portunus ca init --permit lan                      make an authority that may certify *.lan too
  portunus ca issue app.test 127.0.0.1               write app.test.pem and app.test-key.pem
  curl --cacert <(portunus ca root) https://app.test/
                                                     let one program trust it this once";

#[derive(clap::Subcommand)]
enum Action {
    /// Make the authority (`portunus serve` does so too, when it first needs one)
    Init {
        /// Also permit this name and all names below it, or this IP address; may be repeated
        #[arg(long, value_name = "NAME", value_parser = server_name)]
        permit: Vec<ServerName>,
    },
    /// Issue a certificate: NAME.pem, the chain, and NAME-key.pem, the new private key
    Issue {
        /// DNS names and IP addresses that the certificate is for; the files are called after the first
        #[arg(required = true, value_name = "NAME", value_parser = server_name)]
        names: Vec<ServerName>,
        /// The folder to write the two files to
        #[arg(short, long, value_name = "DIR", default_value = ".")]
        out: PathBuf,
        /// Replace files that are there
        #[arg(long)]
        force: bool,
    },
    /// Print the root certificate in PEM: what programs have to trust
    Root,
    /// Tell what the authority is, how long it lasts, what it may certify, and where its files are
    Show,
}

fn server_name(text: &str) -> Result<ServerName, InvalidName> {
    ServerName::parse(text)
}

pub(crate) fn run(args: Args) -> Result<ExitCode, Failure> {
    let data_dir = data_dir()?;
    let text = match args.action {
        Action::Init { permit } => init(&data_dir, &permit)?,
        Action::Issue { names, out, force } => issue(&data_dir, &names, &out, force)?,
        Action::Root => open(&data_dir)?.root_pem(),
        Action::Show => show(&open(&data_dir)?)?,
    };
    output::print(text)?;
    Ok(ExitCode::SUCCESS)
}

fn init(data_dir: &Path, permit: &[ServerName]) -> Result<String, Failure> {
    let authority = Authority::create(data_dir, permit, clock::now()?)
        .map_err(|error| failure("cannot make the authority", error))?;
    Ok(format!(
        "Made the authority of this machine.\n\n\
         Its root certificate, for programs that shall trust it:\n  {}\n\
         What it may certify:\n{}",
        shown(&authority.root_file()),
        scope(authority.scope())
    ))
}

fn issue(data_dir: &Path, names: &[ServerName], out: &Path, force: bool) -> Result<String, Failure> {
    let cannot = |error| failure("cannot issue the certificate", error);
    let authority = open(data_dir)?;
    let issued = authority.issue(names, clock::now()?).map_err(cannot)?;
    let stem = names.first().map(file_stem).unwrap_or_default();
    let chain_file = out.join(format!("{stem}.pem"));
    let key_file = out.join(format!("{stem}-key.pem"));
    issued.write(&chain_file, &key_file, force).map_err(cannot)?;
    Ok(format!(
        "certificate  {}\nprivate key  {}\nvalid until  {}\n",
        shown(&chain_file),
        shown(&key_file),
        issued.not_after()
    ))
}

/// A file name that every platform takes: IPv6 addresses have colons.
fn file_stem(name: &ServerName) -> String {
    name.to_string().replace(':', "_")
}

fn show(authority: &Authority) -> Result<String, Failure> {
    let mut text = String::new();
    certificate(
        &mut text,
        "Root certificate",
        authority.root_der(),
        &authority.root_file(),
    )?;
    certificate(
        &mut text,
        "Intermediate certificate",
        authority.intermediate_der(),
        &authority.intermediate_file(),
    )?;
    text.push_str("What it may certify\n");
    text.push_str(&scope(authority.scope()));
    Ok(text)
}

/// A line for each name and each range of addresses.
fn scope(scope: &Scope) -> String {
    let mut text = String::new();
    for name in scope.names() {
        let _ = writeln!(text, "  {name}, *.{name}");
    }
    for network in scope.networks() {
        let _ = writeln!(text, "  {network}");
    }
    text
}

fn certificate(text: &mut String, title: &str, der: &[u8], file: &Path) -> Result<(), Failure> {
    let certificate = Certificate::parse(der)
        .map_err(|error| Failure::new(format_args!("cannot read {}", shown(file))).because(&error))?;
    let validity = certificate.validity();
    let _ = writeln!(text, "{title}");
    line(text, "subject", certificate.subject());
    line(text, "SHA-256", fingerprint::sha256(der));
    line(
        text,
        "valid",
        format_args!("{} to {}", validity.not_before, validity.not_after),
    );
    line(text, "file", shown(file));
    text.push('\n');
    Ok(())
}

fn line(text: &mut String, label: &str, value: impl fmt::Display) {
    let _ = writeln!(text, "  {label:<8} {value}");
}

fn data_dir() -> Result<PathBuf, Failure> {
    portunus_ca::data_dir().map_err(|error| failure("cannot find the data directory", error))
}

fn open(data_dir: &Path) -> Result<Authority, Failure> {
    Authority::open(data_dir).map_err(|error| failure("cannot open the authority", error))
}

/// What went wrong with the authority, and what helps.
pub(crate) fn failure(what: &str, error: Error) -> Failure {
    let failure = Failure::new(what).because(&error);
    match &error {
        Error::NoDataDirectory => failure.hint("name a folder for it in PORTUNUS_DATA_DIR"),
        Error::NoAuthority { .. } => failure.hint("make it with: portunus ca init"),
        Error::AuthorityExists { folder } => failure.hint(format_args!(
            "portunus ca show tells what it may certify; for another one move {} away,\n\
             and let the programs that trust its root trust the new one",
            shown(folder)
        )),
        Error::Incomplete { folder, .. } => failure.hint(format_args!(
            "bring the file back from a backup; or move {} away and make a new authority\n\
             with: portunus ca init",
            shown(folder)
        )),
        Error::Damaged { path, .. } => failure.hint(format_args!(
            "bring the file back from a backup; or move the folder {} away and make a new\n\
             authority with: portunus ca init",
            shown(path.parent().unwrap_or(path))
        )),
        Error::FileExists { .. } => failure.hint("replace it with --force, or name another folder with --out"),
        Error::NotPermitted { scope: permitted, .. } => failure
            .hint(format_args!("it may certify\n{}", scope(permitted)))
            .hint("an authority that may certify more is made by: portunus ca init --permit NAME"),
        Error::PublicSuffix { name } => failure.hint(format_args!(
            "permit a name of your own below it, such as example.{name}"
        )),
        Error::Expired { .. } => {
            failure.hint("if the clock is right, move its folder away and make a new one with: portunus ca init")
        }
        _ => failure,
    }
}

/// A path, fit for a terminal.
fn shown(path: &Path) -> String {
    Printable::new(path.as_os_str().as_encoded_bytes()).to_string()
}

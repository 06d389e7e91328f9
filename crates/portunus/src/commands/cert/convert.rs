//! `portunus cert convert`.

use std::fs::File;
use std::io::{self, IsTerminal as _, Write as _, stderr, stdout};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use portunus_x509::{Certificate, pkcs7};
use serde_json::json;

use super::files::{self, Found};
use super::{document, facts};
use crate::commands::get::failure;
use crate::failure::Failure;
use crate::{fingerprint, output};

/// Bring certificates into another form
///
/// The form of the files is seen from their contents: PEM, DER or PKCS#7. Certificates keep their order,
/// and not one of their bytes changes. Private keys are left where they are. PKCS#12 is neither read
/// nor written: `openssl pkcs12` does both.
#[derive(clap::Args)]
pub(super) struct Args {
    /// Files of certificates (PEM, DER, PKCS#7)
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// The form to write
    #[arg(long, value_enum, value_name = "FORM")]
    to: Form,

    /// The file to write; otherwise standard output
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,

    /// Replace a file that is there
    #[arg(long, requires = "out")]
    force: bool,

    /// Print what was done as one JSON document, with the result in base64 where no file is named
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Form {
    /// Text: a block for each certificate
    Pem,
    /// Binary, for one certificate
    Der,
    /// A .p7b file of certificates, as text
    Pkcs7,
    /// A .p7b file of certificates, binary
    Pkcs7Der,
}

pub(super) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let inputs: Vec<_> = (args.files.iter())
        .map(|path| files::read_with_keys(path))
        .collect::<Result<_, _>>()?;
    let found: Vec<&Found> = inputs.iter().flat_map(|input| &input.certificates).collect();
    for one in &found {
        Certificate::parse(&one.der).map_err(|malformed| unreadable(one, &malformed))?;
    }
    let contents = written(&found, args.to)?;
    // A key that somebody expects in the result is not there.
    let keys: Vec<_> = (args.files.iter().zip(&inputs))
        .filter(|(_, input)| input.has_key)
        .map(|(path, _)| path)
        .collect();
    if let Some(out) = &args.out
        && keys.iter().any(|input| is_same(input, out))
    {
        return Err(Failure::new(format_args!("cannot write {}", files::shown(out)))
            .because(&files::Told("it holds a private key, which would be lost".to_owned()))
            .hint("name another file with --out")
            .exit_code(failure::WRITE));
    }
    match &args.out {
        Some(path) => write(path, &contents, args.force)?,
        None if args.json => {}
        None if stdout().is_terminal() && matches!(args.to, Form::Der | Form::Pkcs7Der) => {
            return Err(Failure::new("binary data would disturb the terminal")
                .hint("name a file with --out FILE")
                .exit_code(failure::USAGE));
        }
        None => output::print(&contents)?,
    }
    if args.json {
        let certificates: Vec<_> = found.iter().map(|one| summary(one)).collect();
        output::print(document(&json!({
            "portunus_cert_convert": 1,
            "certificates": certificates,
            "out": args.out.as_deref().map(files::shown),
            "contents": if args.out.is_none() { Some(STANDARD.encode(&contents)) } else { None },
        })))?;
    }
    for path in keys {
        let text = format!(
            "portunus: warning: the private key in {} was left out\n",
            files::shown(path)
        );
        // Nobody is left to tell when standard error is closed.
        let _ = stderr().lock().write_all(text.as_bytes());
    }
    Ok(ExitCode::SUCCESS)
}

fn unreadable(one: &Found, malformed: &portunus_x509::Malformed) -> Failure {
    Failure::new(format_args!("cannot read the certificate {}", one.place))
        .because(malformed)
        .hint("the certificate breaks its format; have it issued anew, or fetch it again")
        .exit_code(failure::READ)
}

fn summary(one: &Found) -> serde_json::Value {
    let subject = Certificate::parse(&one.der)
        .ok()
        .map(|certificate| facts::subject(&certificate));
    json!({ "from": one.place, "subject": subject, "sha256": fingerprint::sha256(&one.der) })
}

fn written(found: &[&Found], form: Form) -> Result<Vec<u8>, Failure> {
    let all: Vec<_> = found.iter().map(|one| one.der.as_slice()).collect();
    let signed_data =
        || pkcs7::file(&all).map_err(|error| Failure::new("the certificates do not fit into one file").because(&error));
    match (form, all.as_slice()) {
        (Form::Pem, all) => Ok(all.iter().flat_map(|der| armored("CERTIFICATE", der)).collect()),
        (Form::Der, [one]) => Ok(one.to_vec()),
        (Form::Der, several) => Err(Failure::new(format_args!(
            "DER holds one certificate, and here are {}",
            several.len()
        ))
        .hint("--to pkcs7-der puts several into one binary file; or give a file with the one alone")
        .exit_code(failure::USAGE)),
        (Form::Pkcs7, _) => Ok(armored("PKCS7", &signed_data()?)),
        (Form::Pkcs7Der, _) => signed_data(),
    }
}

fn armored(label: &str, der: &[u8]) -> Vec<u8> {
    let config = pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF);
    pem::encode_config(&pem::Pem::new(label, der), config).into_bytes()
}

fn write(path: &Path, contents: &[u8], force: bool) -> Result<(), Failure> {
    let written = if force {
        replace(path, contents)
    } else {
        File::create_new(path).and_then(|mut file| file.write_all(contents))
    };
    written.map_err(|error| {
        let failure = Failure::new(format_args!("cannot write {}", files::shown(path)))
            .because(&error)
            .exit_code(failure::WRITE);
        match error.kind() {
            io::ErrorKind::AlreadyExists => failure.hint("replace it with --force, or name another file with --out"),
            _ => failure.hint("name a file in a folder that this user may write to, with --out"),
        }
    })
}

/// Puts a file in the place of another, which stays as it is until the new one is whole. What is no plain file is written to.
fn replace(path: &Path, contents: &[u8]) -> io::Result<()> {
    let there = match std::fs::metadata(path) {
        Ok(there) if there.is_file() => there,
        _ => return File::create(path)?.write_all(contents),
    };
    let path = path.canonicalize()?;
    let folder = path.parent().unwrap_or(Path::new("/"));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(contents)?;
    file.as_file().set_permissions(there.permissions())?;
    file.persist(&path)?;
    Ok(())
}

/// Whether both name one file.
fn is_same(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

//! `portunus cert check-key`.

use std::path::PathBuf;
use std::process::ExitCode;

use portunus_tls::LocalKey;
use portunus_x509::{Certificate, pem};
use serde_json::json;
use zeroize::Zeroizing;

use super::{document, facts, files};
use crate::commands::get::failure;
use crate::failure::Failure;
use crate::{fingerprint, output};

/// See whether a private key belongs to a certificate
#[derive(clap::Args)]
pub(super) struct Args {
    /// The certificate (PEM, DER, PKCS#7); of several, the one that the key belongs to is told
    #[arg(value_name = "CERT")]
    cert: PathBuf,

    /// The private key (PEM or DER; PKCS#8, PKCS#1 or SEC1), not encrypted. It is never printed
    #[arg(value_name = "KEY")]
    key: PathBuf,

    /// Print the answer as one JSON document
    #[arg(long)]
    json: bool,
}

/// The key does not belong to the certificate.
const MISMATCH: u8 = 1;

pub(super) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let found = files::read(&args.cert)?;
    let key = key(args)?;
    let mut unreadable = None;
    let mut read = Vec::new();
    for one in &found {
        match Certificate::parse(&one.der) {
            Ok(certificate) => read.push((one, certificate)),
            Err(malformed) => unreadable = unreadable.or(Some((one, malformed))),
        }
    }
    if let (true, Some((one, malformed))) = (read.is_empty(), unreadable) {
        return Err(Failure::new(format_args!("cannot read the certificate {}", one.place))
            .because(&malformed)
            .hint("the certificate breaks its format; have it issued anew, or fetch it again")
            .exit_code(failure::READ));
    }
    let mate = read
        .iter()
        .find(|(_, certificate)| certificate.subject_public_key_info().key == key.public_key());
    if args.json {
        output::print(document(&json!({
            "portunus_cert_check_key": 1,
            "belongs": mate.is_some(),
            "certificate": mate.map(|(found, certificate)| json!({
                "from": found.place,
                "subject": facts::subject(certificate),
                "sha256": fingerprint::sha256(certificate.der()),
                "pin": fingerprint::pin(certificate.subject_public_key_info().der),
            })),
        })))?;
        return Ok(ExitCode::from(if mate.is_some() { 0 } else { MISMATCH }));
    }
    let Some((found, certificate)) = mate else {
        return Err(strangers(args, &read));
    };
    output::print(format!(
        "The key belongs to the certificate.\n  subject      {}\n  from         {}\n  public key   {}\n  key's pin    {}\n",
        facts::subject(certificate),
        found.place,
        facts::key(certificate.subject_public_key_info()),
        fingerprint::pin(certificate.subject_public_key_info().der),
    ))?;
    Ok(ExitCode::SUCCESS)
}

fn strangers(args: &Args, read: &[(&files::Found, Certificate<'_>)]) -> Failure {
    let (cert, key) = (files::shown(&args.cert), files::shown(&args.key));
    let made_for: Vec<_> = read
        .iter()
        .map(|(found, certificate)| {
            format!(
                "{}: {}, for a key of {}",
                found.place,
                facts::subject(certificate),
                facts::key(certificate.subject_public_key_info())
            )
        })
        .collect();
    Failure::new(format_args!("the key {key} does not belong to a certificate of {cert}"))
        .because(&files::Told(format!(
            "their public keys differ\n{}",
            made_for.join("\n")
        )))
        .hint("take the key that the certificate was made for; a renewed certificate often has a new key")
        .exit_code(MISMATCH)
}

fn key(args: &Args) -> Result<LocalKey, Failure> {
    let cannot = || {
        Failure::new(format_args!("cannot use the private key {}", files::shown(&args.key))).exit_code(failure::READ)
    };
    let contents = files::bytes(&args.key)?;
    let der: Zeroizing<Vec<u8>> = if pem::is_binary(&contents) {
        contents
    } else {
        let key = pem::private_key(&*contents).map_err(|error| {
            cannot()
                .because(&error)
                .hint("name the file of the private key; CERT stands first, KEY second")
        })?;
        key.der
    };
    LocalKey::from_der(&der).map_err(|error| {
        cannot()
            .because(&error)
            .hint("an encrypted key is decrypted by: openssl pkey -in FILE -out PLAIN_FILE")
    })
}

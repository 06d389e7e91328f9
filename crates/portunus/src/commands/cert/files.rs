//! Certificates in files of any form.

use std::path::Path;

use portunus_x509::pem::{self, PemError, PemProblem};
use portunus_x509::{Certificate, Printable, pkcs7};
use zeroize::Zeroizing;

use crate::commands::get::failure;
use crate::failure::Failure;

/// A certificate, readable or not, and where it stood.
pub(super) struct Found {
    pub(super) der: Vec<u8>,
    /// `chain.pem, line 23`; safe to show.
    pub(super) place: String,
}

/// A file's certificates, at least one, and whether it has a private key as well.
pub(super) struct Input {
    pub(super) certificates: Vec<Found>,
    pub(super) has_key: bool,
}

/// The certificates of a file, at least one.
pub(super) fn read(path: &Path) -> Result<Vec<Found>, Failure> {
    read_with_keys(path).map(|input| input.certificates)
}

/// As [`read`]; a file is read once, since it may be a pipe.
pub(super) fn read_with_keys(path: &Path) -> Result<Input, Failure> {
    let name = shown(path);
    let contents = bytes(path)?;
    let certificates = if pem::is_binary(&contents) {
        of_der(&contents, &name)
    } else {
        of_pem(&contents, &name)
    }?;
    if certificates.is_empty() {
        return Err(unusable(&name).because(&Told("it is a PKCS#7 file without a certificate".to_owned())));
    }
    Ok(Input {
        certificates,
        has_key: contents.windows(16).any(|window| window == b"PRIVATE KEY-----"),
    })
}

/// Those of several files, one after the other.
pub(super) fn read_all<'p>(paths: impl IntoIterator<Item = &'p Path>) -> Result<Vec<Found>, Failure> {
    let mut all = Vec::new();
    for path in paths {
        all.append(&mut read(path)?);
    }
    Ok(all)
}

/// The revocation lists of a file in PEM, or the one of a file in DER.
pub(super) fn revocation_lists(path: &Path) -> Result<Vec<Found>, Failure> {
    let name = shown(path);
    let contents = bytes(path)?;
    if pem::is_binary(&contents) {
        let der = contents.to_vec();
        return Ok(vec![Found { der, place: name }]);
    }
    let lists = pem::revocation_lists(&*contents).map_err(|error| {
        unreadable("a revocation list", &name)
            .because(&error)
            .hint("--crl takes revocation lists, in PEM or DER")
    })?;
    let found = lists.into_iter().map(|(line, der)| Found {
        der,
        place: format!("{name}, line {line}"),
    });
    Ok(found.collect())
}

/// A file's contents, which may hold a key.
pub(super) fn bytes(path: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let contents = std::fs::read(path).map(Zeroizing::new);
    contents.map_err(|error| {
        failure::unreadable(&path.to_string_lossy(), &error)
            .hint("name a file that is there, and that this user may read")
    })
}

/// A path, fit for a terminal.
pub(super) fn shown(path: &Path) -> String {
    Printable::new(path.as_os_str().as_encoded_bytes()).to_string()
}

fn of_pem(contents: &[u8], name: &str) -> Result<Vec<Found>, Failure> {
    let place = |line: usize| format!("{name}, line {line}");
    let error = match pem::certificates(contents) {
        Ok(blocks) => {
            let found = blocks.into_iter().map(|(line, der)| Found {
                der,
                place: place(line),
            });
            return Ok(found.collect());
        }
        Err(error) => error,
    };
    if *error.problem() != PemProblem::NoCertificate {
        return Err(unusable(name)
            .because(&error)
            .hint("mend the file at that line, or fetch it anew: what stands between BEGIN and END is one block"));
    }
    let Ok(blocks) = pem::pkcs7(contents) else {
        return Err(nothing(contents, name).because(&error));
    };
    let mut found = Vec::new();
    for (line, der) in blocks {
        let certificates = pkcs7::certificates(&der)
            .map_err(|malformed| unusable(&place(line)).because(&malformed).hint(PKCS7_ADVICE))?;
        found.extend(certificates.into_iter().map(|der| Found {
            der: der.to_vec(),
            place: place(line),
        }));
    }
    Ok(found)
}

const PKCS7_ADVICE: &str =
    "PKCS#7 is read in DER; another encoding is brought into PEM by: openssl pkcs7 -print_certs -in FILE -out FILE.pem";

/// What helps where a file has something else.
fn nothing(contents: &[u8], name: &str) -> Failure {
    let has = |label: &str| contents.windows(label.len()).any(|window| window == label.as_bytes());
    let hint = if has("PRIVATE KEY-----") {
        "it holds a private key; whether that belongs to a certificate tells: portunus cert check-key CERT KEY"
    } else if has("CERTIFICATE REQUEST-----") {
        "it holds a request for a certificate: name the file that the authority sent back"
    } else if has("X509 CRL-----") {
        "it holds a revocation list: name the file of a certificate"
    } else {
        "name a file of certificates in PEM, DER or PKCS#7"
    };
    unusable(name).hint(hint)
}

fn of_der(contents: &[u8], name: &str) -> Result<Vec<Found>, Failure> {
    let malformed = match Certificate::parse(contents) {
        Ok(_) => {
            return Ok(vec![Found {
                der: contents.to_vec(),
                place: name.to_owned(),
            }]);
        }
        Err(malformed) => malformed,
    };
    let kind = pem::certificates(contents).err();
    match kind.as_ref().map(PemError::problem) {
        Some(PemProblem::DerPkcs7) => {
            let certificates = pkcs7::certificates(contents);
            let certificates =
                certificates.map_err(|malformed| unusable(name).because(&malformed).hint(PKCS7_ADVICE))?;
            let found = certificates.into_iter().map(|der| Found {
                der: der.to_vec(),
                place: name.to_owned(),
            });
            Ok(found.collect())
        }
        Some(PemProblem::Pkcs12) => Err(unusable(name)
            .because(&Told("it is a PKCS#12 file, which is not read".to_owned()))
            .hint("openssl pkcs12 -in FILE -nokeys -out FILE.pem takes the certificates out")),
        Some(PemProblem::DerPrivateKey) => Err(unusable(name)
            .because(&Told("it is a private key".to_owned()))
            .hint("whether it belongs to a certificate tells: portunus cert check-key CERT KEY")),
        _ => Err(unusable(name)
            .because(&Told(format!("as a certificate in DER it cannot be read: {malformed}")))
            .hint("if this is a certificate, the file was damaged: fetch it anew, in binary mode")),
    }
}

fn unusable(name: &str) -> Failure {
    unreadable("a certificate", name)
}

/// `what` begins with its article; `name` is safe to show.
pub(super) fn unreadable(what: &str, name: &str) -> Failure {
    Failure::new(format_args!("cannot read {what} from {name}")).exit_code(failure::READ)
}

/// A cause that has no causes of its own.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Told(pub(super) String);

//! The authority: made once on this machine, opened from its files ever after.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use portunus_x509::{Anchors, Certificate, Policy, Printable, Purpose, ServerName, UnixTime, pem, verify};
use zeroize::Zeroizing;

use crate::files::{self, Access, Existing};
use crate::issuer::Issuer;
use crate::key::SigningKey;
use crate::leaf::IssuedCertificate;
use crate::profile::{self, AuthorityNames, Period};
use crate::{Error, Scope, armor};

/// The authority's folder in the data directory.
const FOLDER: &str = "ca";

const ROOT: &str = "root.pem";
/// Only a new intermediate needs it: it may be kept elsewhere.
const ROOT_KEY: &str = "root-key.pem";
const INTERMEDIATE: &str = "intermediate.pem";
const INTERMEDIATE_KEY: &str = "intermediate-key.pem";

/// A certificate authority for this machine's own names: a root that its owner's programs trust, and an intermediate
/// that signs.
#[derive(Debug)]
pub struct Authority {
    data_dir: PathBuf,
    root: Vec<u8>,
    intermediate: Vec<u8>,
    issuer: Issuer,
    /// When both certificates are valid.
    period: Period,
    scope: Scope,
}

impl Authority {
    /// Makes the authority of a data directory, which permits `also` and the names below them beside this machine's
    /// own. Fails when there is one.
    ///
    /// When two processes do this at once, one makes the authority and the other fails with
    /// [`Error::AuthorityExists`]: there is never a mixture, and never a half of one.
    pub fn create(data_dir: &Path, also: &[ServerName], now: UnixTime) -> Result<Self, Error> {
        let folder = data_dir.join(FOLDER);
        if is_taken(&folder)? {
            return Err(Error::AuthorityExists { folder });
        }
        let mut scope = Scope::of_this_machine();
        for name in also {
            scope.widen(name.clone())?;
        }
        files::make_folder(data_dir)?;
        let new = files::temporary_folder(data_dir)?;
        write_authority(new.path(), &scope, now)?;
        if let Err(source) = files::move_folder(new, &folder) {
            return Err(match is_taken(&folder) {
                Ok(true) => Error::AuthorityExists { folder },
                _ => Error::file("make the folder", &folder, source),
            });
        }
        Self::open(data_dir)
    }

    /// Opens the authority of a data directory.
    pub fn open(data_dir: &Path) -> Result<Self, Error> {
        let folder = data_dir.join(FOLDER);
        if !is_taken(&folder)? {
            return Err(Error::NoAuthority { folder });
        }
        let root_der = read_certificate(&folder, ROOT)?;
        let intermediate_der = read_certificate(&folder, INTERMEDIATE)?;
        let root = parse(&folder, ROOT, &root_der)?;
        let intermediate = parse(&folder, INTERMEDIATE, &intermediate_der)?;
        let damaged = |file: &str, reason| Error::damaged(&folder.join(file), reason);
        if !root.is_signed_by(root.subject_public_key_info()) {
            return Err(damaged(ROOT, "its own signature does not fit"));
        }
        if !intermediate.is_signed_by(root.subject_public_key_info()) {
            return Err(damaged(INTERMEDIATE, "it is not signed by the root beside it"));
        }
        let scope = Scope::of(&intermediate).map_err(|reason| damaged(INTERMEDIATE, reason))?;
        let key = read_key(&folder, INTERMEDIATE_KEY)?;
        let issuer = Issuer::new(&intermediate, key).map_err(|reason| damaged(INTERMEDIATE, reason))?;
        let period = period(&intermediate).within(period(&root));
        Ok(Self {
            data_dir: data_dir.to_owned(),
            root: root_der,
            intermediate: intermediate_der,
            issuer,
            period,
            scope,
        })
    }

    /// Opens the authority of a data directory, or makes it when there is none.
    pub fn open_or_create(data_dir: &Path, now: UnixTime) -> Result<Self, Error> {
        match Self::open(data_dir) {
            Err(Error::NoAuthority { .. }) => match Self::create(data_dir, &[], now) {
                // Another process was faster.
                Err(Error::AuthorityExists { .. }) => Self::open(data_dir),
                made => made,
            },
            opened => opened,
        }
    }

    /// Issues a certificate for these names, with a new key that nobody else has seen.
    ///
    /// It is valid for 90 days at most, never longer than the authority's own certificates, and begins an hour ago.
    pub fn issue(&self, names: &[ServerName], now: UnixTime) -> Result<IssuedCertificate, Error> {
        let mut seen = HashSet::new();
        let names: Vec<_> = names.iter().filter(|name| seen.insert(*name)).cloned().collect();
        if names.is_empty() {
            return Err(Error::NoNames);
        }
        if let Some(name) = names.iter().find(|name| !self.scope.permits(name)) {
            return Err(Error::NotPermitted {
                name: name.clone(),
                scope: self.scope.clone(),
            });
        }
        let period = Period::of_leaf(now, self.period)?;
        let key = SigningKey::generate()?;
        let leaf = self.issuer.certify(&profile::leaf(&names, period)?, &key)?;
        let chain = vec![leaf, self.intermediate.clone()];
        self.check(&chain, &names, now)?;
        Ok(IssuedCertificate {
            chain,
            key_pkcs8_der: key.to_pkcs8()?,
            period,
        })
    }

    /// Nothing is handed out that a strict verifier would refuse.
    fn check(&self, chain: &[Vec<u8>], names: &[ServerName], now: UnixTime) -> Result<(), Error> {
        let mut anchors = Anchors::new();
        anchors
            .add_der(&self.root)
            .map_err(|malformed| Error::damaged(&self.root_file(), malformed))?;
        let chain: Vec<&[u8]> = chain.iter().map(Vec::as_slice).collect();
        for name in names {
            verify(
                &chain,
                &anchors,
                Purpose::TlsServer,
                Some(name),
                now,
                &Policy::rfc5280(),
            )
            .map_err(|refusal| Error::Refused(Box::new(refusal)))?;
        }
        Ok(())
    }

    /// Whether a chain is one that [`Self::issue`] made.
    pub(crate) fn has_issued(&self, chain: &[Vec<u8>]) -> bool {
        let [leaf, intermediate] = chain else { return false };
        let (Ok(leaf), Ok(issuer)) = (Certificate::parse(leaf), Certificate::parse(intermediate)) else {
            return false;
        };
        *intermediate == self.intermediate && leaf.is_signed_by(issuer.subject_public_key_info())
    }

    /// The root certificate: what programs have to trust.
    pub fn root_der(&self) -> &[u8] {
        &self.root
    }

    /// The root certificate in PEM.
    pub fn root_pem(&self) -> String {
        armor::certificate(&self.root)
    }

    /// The intermediate certificate: what signs, and what servers send along.
    pub fn intermediate_der(&self) -> &[u8] {
        &self.intermediate
    }

    /// What it may certify.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The data directory that it was opened from.
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// The file of the root certificate.
    pub fn root_file(&self) -> PathBuf {
        self.data_dir.join(FOLDER).join(ROOT)
    }

    /// The file of the intermediate certificate.
    pub fn intermediate_file(&self) -> PathBuf {
        self.data_dir.join(FOLDER).join(INTERMEDIATE)
    }
}

/// The two keys and certificates, complete before anybody can find them.
fn write_authority(folder: &Path, scope: &Scope, now: UnixTime) -> Result<(), Error> {
    let names = AuthorityNames::new()?;
    let period = Period::of_authority(now);

    let root_key = SigningKey::generate()?;
    let root_params = profile::root(&names, scope, period)?;
    let root = root_params.self_signed(&root_key).map_err(Error::unwritable)?;
    let root = Certificate::parse(root.der()).map_err(Error::unwritable)?;
    write(
        folder,
        ROOT_KEY,
        armor::private_key(&root_key.to_pkcs8()?).as_bytes(),
        Access::Private,
    )?;
    write(folder, ROOT, armor::certificate(root.der()).as_bytes(), Access::Public)?;

    let key = SigningKey::generate()?;
    let issuer = Issuer::new(&root, root_key).map_err(Error::unwritable)?;
    let intermediate = issuer.certify(&profile::intermediate(&names, scope, period)?, &key)?;
    write(
        folder,
        INTERMEDIATE_KEY,
        armor::private_key(&key.to_pkcs8()?).as_bytes(),
        Access::Private,
    )?;
    write(
        folder,
        INTERMEDIATE,
        armor::certificate(&intermediate).as_bytes(),
        Access::Public,
    )
}

fn write(folder: &Path, file: &str, contents: &[u8], access: Access) -> Result<(), Error> {
    files::write(&folder.join(file), contents, access, Existing::Keep)
}

/// Whether there is anything where an authority would be. An empty folder is nothing.
fn is_taken(folder: &Path) -> Result<bool, Error> {
    match fs::read_dir(folder) {
        Ok(mut entries) => Ok(entries.next().is_some()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(source) => Err(Error::file("open", folder, source)),
    }
}

fn read(folder: &Path, file: &'static str) -> Result<Vec<u8>, Error> {
    let path = folder.join(file);
    fs::read(&path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => Error::Incomplete {
            folder: folder.to_owned(),
            file,
        },
        _ => Error::file("read", &path, source),
    })
}

fn read_certificate(folder: &Path, file: &'static str) -> Result<Vec<u8>, Error> {
    let text = read(folder, file)?;
    let damaged = |reason: &dyn ToString| Error::damaged(&folder.join(file), reason.to_string());
    let mut certificates = pem::certificates(&text).map_err(|error| damaged(&error))?.into_iter();
    match (certificates.next(), certificates.next()) {
        (Some((_, der)), None) => Ok(der),
        _ => Err(damaged(&"it does not hold exactly one certificate")),
    }
}

fn parse<'a>(folder: &Path, file: &str, der: &'a [u8]) -> Result<Certificate<'a>, Error> {
    Certificate::parse(der).map_err(|malformed| Error::damaged(&folder.join(file), malformed))
}

fn read_key(folder: &Path, file: &'static str) -> Result<SigningKey, Error> {
    let text = Zeroizing::new(read(folder, file)?);
    let path = folder.join(file);
    if files::others_may_read(&path) {
        tracing::warn!(
            "others than its owner may read {}: say chmod 600",
            Printable::new(path.as_os_str().as_encoded_bytes())
        );
    }
    let key = pem::private_key(&text).map_err(|error| Error::damaged(&path, error))?;
    SigningKey::from_pkcs8(&key.der).ok_or_else(|| Error::damaged(&path, "it holds no key on the curve P-256"))
}

fn period(certificate: &Certificate<'_>) -> Period {
    let validity = certificate.validity();
    Period {
        not_before: validity.not_before,
        not_after: validity.not_after,
    }
}

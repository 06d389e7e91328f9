//! What the authority hands out, and the certificates that it keeps for this machine's own servers.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use portunus_x509::{Certificate, GeneralName, ServerName, UnixTime, pem};
use zeroize::Zeroizing;

use crate::files::{self, Access, Existing};
use crate::key::SigningKey;
use crate::profile::Period;
use crate::{Authority, Error, armor};

/// The folder in the data directory where leaves for this machine's own servers are kept.
const FOLDER: &str = "certificates";

/// A certificate for a server, the chain to its root, and its private key.
#[derive(Clone)]
pub struct IssuedCertificate {
    /// The leaf, then the intermediate that signed it.
    pub chain: Vec<Vec<u8>>,
    /// The private key in PKCS#8; wiped when this is dropped.
    pub key_pkcs8_der: Zeroizing<Vec<u8>>,
    pub(crate) period: Period,
}

impl IssuedCertificate {
    /// When it begins to be valid.
    pub fn not_before(&self) -> UnixTime {
        self.period.not_before
    }

    /// The last second in which it is valid.
    pub fn not_after(&self) -> UnixTime {
        self.period.not_after
    }

    /// When two thirds of its life are over: time for the next one.
    pub fn renew_at(&self) -> UnixTime {
        self.period.renew_at()
    }

    /// The chain in PEM, the leaf first, as servers take it.
    pub fn chain_pem(&self) -> String {
        self.chain.iter().map(|der| armor::certificate(der)).collect()
    }

    /// The private key in PEM.
    pub fn key_pem(&self) -> Zeroizing<String> {
        armor::private_key(&self.key_pkcs8_der)
    }

    /// Writes the chain to `chain_file` and the key, for its owner alone, to `key_file`.
    ///
    /// Without `replace` no file that is there is touched, and when one is there none is written.
    pub fn write(&self, chain_file: &Path, key_file: &Path, replace: bool) -> Result<(), Error> {
        let existing = if replace { Existing::Replace } else { Existing::Keep };
        if !replace
            && let Some(path) = [chain_file, key_file]
                .into_iter()
                .find(|path| path.symlink_metadata().is_ok())
        {
            return Err(Error::FileExists { path: path.to_owned() });
        }
        files::write(key_file, self.key_pem().as_bytes(), Access::Private, existing)?;
        files::write(chain_file, self.chain_pem().as_bytes(), Access::Public, existing).inspect_err(|_| {
            if !replace {
                // A key without its certificate is of no use, and would stand in the way of the next try.
                let _ = fs::remove_file(key_file);
            }
        })
    }
}

/// Never the key.
impl fmt::Debug for IssuedCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssuedCertificate")
            .field("period", &self.period)
            .finish_non_exhaustive()
    }
}

impl Authority {
    /// The certificate that this machine keeps for these names: the one in its files, or a new one when there is none,
    /// when two thirds of its life are over, or when it is not for just these names or not this authority's.
    pub fn leaf(&self, names: &[ServerName], now: UnixTime) -> Result<IssuedCertificate, Error> {
        let folder = self.data_dir().join(FOLDER);
        let file = folder.join(file_name(names.first().ok_or(Error::NoNames)?));
        match self.kept(&file, names, now) {
            Ok(Some(leaf)) => return Ok(leaf),
            Ok(None) => {}
            // Nothing is lost with it: a leaf is made anew at any time.
            Err(error) => tracing::warn!(%error, "a kept certificate cannot be used: replacing it"),
        }
        let leaf = self.issue(names, now)?;
        files::make_folder(&folder)?;
        // Key and chain in one file: it is replaced in one step, so that nobody finds one with another's half.
        let contents = Zeroizing::new([leaf.key_pem().as_str(), leaf.chain_pem().as_str()].concat());
        files::write(&file, contents.as_bytes(), Access::Private, Existing::Replace)?;
        Ok(leaf)
    }

    /// The certificate in a file, where it will do.
    fn kept(&self, file: &Path, names: &[ServerName], now: UnixTime) -> Result<Option<IssuedCertificate>, Error> {
        let text = match fs::read(file) {
            Ok(text) => Zeroizing::new(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(Error::file("read", file, source)),
        };
        let chain = pem::certificates(&text).map_err(|error| Error::damaged(file, error))?;
        let chain: Vec<_> = chain.into_iter().map(|(_, der)| der).collect();
        let first = chain
            .first()
            .ok_or_else(|| Error::damaged(file, "it holds no certificate"))?;
        let certificate = Certificate::parse(first).map_err(|malformed| Error::damaged(file, malformed))?;
        let key = pem::private_key(&text).map_err(|error| Error::damaged(file, error))?;
        let signer = SigningKey::from_pkcs8(&key.der);
        if signer.is_none_or(|key| key.public_key() != certificate.subject_public_key_info().key) {
            return Err(Error::damaged(file, "its private key is not the certificate's"));
        }
        let validity = certificate.validity();
        let period = Period {
            not_before: validity.not_before,
            not_after: validity.not_after,
        };
        let is_fresh = (period.not_before..period.renew_at()).contains(&now);
        if !is_fresh || !is_for(&certificate, names) || !self.has_issued(&chain) {
            return Ok(None);
        }
        let leaf = IssuedCertificate {
            key_pkcs8_der: key.der,
            period,
            chain: chain.clone(),
        };
        Ok(Some(leaf))
    }
}

/// Whether a certificate is for these names and no others.
fn is_for(certificate: &Certificate<'_>, names: &[ServerName]) -> bool {
    let Ok(present) = certificate.subject_alt_names() else {
        return false;
    };
    let mut present: Vec<_> = present
        .filter_map(|name| match name {
            GeneralName::Dns(name) => ServerName::parse(name).ok(),
            GeneralName::Ip(address) => Some(ServerName::Ip(address)),
            _ => None,
        })
        .collect();
    let mut wanted = names.to_vec();
    for list in [&mut present, &mut wanted] {
        list.sort();
        list.dedup();
    }
    present == wanted
}

/// A file name that every platform takes: IPv6 addresses have colons.
fn file_name(name: &ServerName) -> PathBuf {
    PathBuf::from(format!("{name}.pem").replace(':', "_"))
}

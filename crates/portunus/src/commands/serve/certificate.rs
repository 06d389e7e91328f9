//! The certificate that the site shows: the authority's, or one from files.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use portunus_ca::{Authority, IssuedCertificate};
use portunus_server::{Fresh, RenewedIdentity};
use portunus_tls::{Identity, LocalKey, UnusableIdentity};
use portunus_x509::{Certificate, DnsName, Malformed, Printable, ServerName, UnixTime, pem};
use zeroize::Zeroizing;

use crate::clock;
use crate::commands::ca;
use crate::failure::Failure;

/// The certificate, and what the banner tells of it.
pub(super) struct Served {
    pub(super) identity: RenewedIdentity,
    /// The end entity's certificate in DER.
    pub(super) leaf: Vec<u8>,
    pub(super) origin: Origin,
}

pub(super) enum Origin {
    Authority { root_file: PathBuf },
    Files { cert: PathBuf },
}

/// A certificate of this machine's own authority, for its own names, the addresses that are listened on, and `names`.
pub(super) fn from_authority(names: &[DnsName], addresses: &[SocketAddr]) -> Result<Served, Failure> {
    let cannot = |error| ca::failure("cannot get a certificate from this machine's authority", error);
    let data_dir = portunus_ca::data_dir().map_err(cannot)?;
    let now = clock::now()?;
    let authority = Authority::open_or_create(&data_dir, now).map_err(cannot)?;
    let names = wanted(names, addresses, |name| authority.scope().permits(name));
    let leaf = authority.leaf(&names, now).map_err(cannot)?;
    let first =
        fresh(&leaf).map_err(|error| Failure::new("the authority's certificate cannot be used").because(&error))?;
    let root_file = authority.root_file();
    let identity = RenewedIdentity::new(first, move |now| {
        let leaf = authority.leaf(&names, now).map_err(|error| error.to_string())?;
        fresh(&leaf).map_err(|error| error.to_string())
    });
    let leaf = leaf.chain.into_iter().next().unwrap_or_default();
    Ok(Served {
        identity,
        leaf,
        origin: Origin::Authority { root_file },
    })
}

/// The names that were asked for come in any case, so that the authority says why it may not certify one of them. What
/// is only likely to be useful (the machine's name, which may have changed since the authority was made, and the
/// addresses) comes where it may.
fn wanted(names: &[DnsName], addresses: &[SocketAddr], permits: impl Fn(&ServerName) -> bool) -> Vec<ServerName> {
    let own = ["localhost", "127.0.0.1", "::1"]
        .into_iter()
        .filter_map(|name| ServerName::parse(name).ok());
    let machine = portunus_ca::machine_name().map(ServerName::Dns);
    let listened = addresses
        .iter()
        .map(|address| address.ip())
        .filter(|ip| !ip.is_unspecified())
        .map(ServerName::Ip);
    let mut wanted = Vec::new();
    for name in own
        .chain(machine)
        .chain(listened)
        .filter(permits)
        .chain(names.iter().cloned().map(ServerName::Dns))
    {
        if !wanted.contains(&name) {
            wanted.push(name);
        }
    }
    wanted
}

fn fresh(leaf: &IssuedCertificate) -> Result<Fresh, Unusable> {
    let identity = identity(leaf.chain.clone(), &leaf.key_pkcs8_der)?;
    Ok(Fresh {
        identity: Arc::new(identity),
        renew_at: leaf.renew_at(),
    })
}

/// A certificate and key that the user has, read again when they are due for renewal. With `decrypts` they have to do for RSA key transport.
pub(super) fn from_files(cert: &Path, key: &Path, decrypts: bool) -> Result<Served, Failure> {
    let read = move |cert: &Path, key: &Path| {
        let fresh = read_files(cert, key)?;
        if decrypts && !fresh.identity.can_decrypt() {
            return Err(Unusable::NotForKeyTransport);
        }
        Ok(fresh)
    };
    let first = read(cert, key).map_err(|error| error.told(cert, key))?;
    let leaf = first.identity.chain().first().cloned().unwrap_or_default();
    let (cert, key) = (cert.to_owned(), key.to_owned());
    let origin = Origin::Files { cert: cert.clone() };
    let identity = RenewedIdentity::new(first, move |_| read(&cert, &key).map_err(|error| error.to_string()));
    Ok(Served { identity, leaf, origin })
}

/// Why a certificate and a key cannot be used.
#[derive(Debug, thiserror::Error)]
enum Unusable {
    #[error("{0}")]
    CertUnread(#[source] std::io::Error),
    #[error("{0}")]
    KeyUnread(#[source] std::io::Error),
    #[error("{0}")]
    CertMalformed(#[source] pem::PemError),
    #[error("{0}")]
    KeyMalformed(#[source] pem::PemError),
    #[error("{malformed}")]
    CertUnreadable { line: usize, malformed: Malformed },
    #[error("it holds no certificate")]
    NoCertificate,
    #[error("{0}")]
    Key(#[source] portunus_tls::UnusableKey),
    #[error("{0}")]
    Pair(#[source] UnusableIdentity),
    #[error("clients cannot encrypt with its key")]
    NotForKeyTransport,
}

impl Unusable {
    fn told(&self, cert: &Path, key: &Path) -> Failure {
        let shown = |path: &Path| Printable::new(path.as_os_str().as_encoded_bytes()).to_string();
        let (cert, key) = (shown(cert), shown(key));
        let failure = match self {
            Self::CertUnreadable { line, .. } => {
                Failure::new(format_args!("cannot use the certificate in {cert}, line {line}"))
            }
            Self::CertUnread(_) | Self::CertMalformed(_) | Self::NoCertificate => {
                Failure::new(format_args!("cannot use the certificate {cert}"))
            }
            Self::KeyUnread(_) | Self::KeyMalformed(_) | Self::Key(_) => {
                Failure::new(format_args!("cannot use the private key {key}"))
            }
            Self::Pair(_) => Failure::new(format_args!("cannot use {cert} with {key}")),
            Self::NotForKeyTransport => Failure::new(format_args!("cannot use {cert} with --legacy-rsa")),
        };
        let failure = failure.because(&Told(self.to_string()));
        match self {
            Self::Pair(UnusableIdentity::KeyMismatch) => failure
                .hint("take the key that the certificate was made for; a renewed certificate often has a new key")
                .hint(format_args!("no certificate in {cert} has the key's public half")),
            Self::KeyUnread(error) if error.kind() == std::io::ErrorKind::PermissionDenied => failure
                .hint("keys are often readable for root alone: give this user a copy, or read access to the file"),
            Self::NotForKeyTransport => {
                failure.hint("it takes an RSA certificate, whose key usage, if it has one, names keyEncipherment")
            }
            _ => failure,
        }
    }
}

/// A cause that has no causes of its own: the sentence says it all.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Told(String);

fn read_files(cert: &Path, key: &Path) -> Result<Fresh, Unusable> {
    let cert = std::fs::read(cert).map_err(Unusable::CertUnread)?;
    let key = Zeroizing::new(std::fs::read(key).map_err(Unusable::KeyUnread)?);
    let blocks = pem::certificates(&cert).map_err(Unusable::CertMalformed)?;
    for (line, der) in &blocks {
        Certificate::parse(der).map_err(|malformed| Unusable::CertUnreadable { line: *line, malformed })?;
    }
    let chain = blocks.into_iter().map(|(_, der)| der).collect();
    let key = pem::private_key(&*key).map_err(Unusable::KeyMalformed)?;
    let identity = identity(chain, &key.der)?;
    let renew_at = identity
        .chain()
        .first()
        .map_or(UnixTime(i64::MAX), |leaf| two_thirds(leaf));
    Ok(Fresh {
        identity: Arc::new(identity),
        renew_at,
    })
}

fn identity(chain: Vec<Vec<u8>>, key: &[u8]) -> Result<Identity, Unusable> {
    let key = LocalKey::from_der(key).map_err(Unusable::Key)?;
    if chain.is_empty() {
        return Err(Unusable::NoCertificate);
    }
    Identity::new(in_order(chain, key.public_key()), key).map_err(Unusable::Pair)
}

/// The chain from the key's certificate upwards: files come in any order, root first among them. One without a certificate for the
/// key stays as it is, to be refused for that.
fn in_order(chain: Vec<Vec<u8>>, public_key: &[u8]) -> Vec<Vec<u8>> {
    let certificates: Vec<&[u8]> = chain.iter().map(Vec::as_slice).collect();
    let places = certificates
        .iter()
        .filter_map(|der| Certificate::parse(der).ok())
        .find(|certificate| certificate.subject_public_key_info().key == public_key)
        .map(|certificate| portunus_x509::order(certificate.subject_public_key_info().der, &certificates))
        .unwrap_or_default();
    if places.is_empty() {
        return chain;
    }
    let ordered = places.into_iter().filter_map(|place| chain.get(place));
    ordered.cloned().collect()
}

/// When two thirds of a certificate's life are over.
fn two_thirds(der: &[u8]) -> UnixTime {
    let Ok(certificate) = Certificate::parse(der) else {
        return UnixTime(i64::MAX);
    };
    let validity = certificate.validity();
    let life = validity.not_after.seconds_since(validity.not_before);
    UnixTime(validity.not_before.0.saturating_add(life / 3 * 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_certificate_is_for_what_visitors_may_call_the_site() {
        let names = [DnsName::parse("app.test").unwrap()];
        let addresses = [
            ([192, 168, 1, 2], 8443).into(),
            ([0, 0, 0, 0], 1).into(),
            ([192, 168, 1, 2], 2).into(),
        ];
        let all: Vec<String> = wanted(&names, &addresses, |_| true)
            .iter()
            .map(ToString::to_string)
            .collect();
        for name in ["localhost", "127.0.0.1", "::1", "192.168.1.2", "app.test"] {
            assert_eq!(all.iter().filter(|present| *present == name).count(), 1, "{all:?}");
        }
        assert!(!all.contains(&"0.0.0.0".to_owned()));
        // A name that was asked for is refused by the authority, not forgotten here.
        assert_eq!(
            wanted(&names, &addresses, |_| false),
            [ServerName::Dns(names[0].clone())]
        );
    }
}

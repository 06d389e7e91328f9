//! Trust anchors.

use crate::certificate::Certificate;
use crate::der::{Malformed, Problem};
use crate::limits::MAX_SERIAL_OCTETS;
use crate::pem::{self, PemError};
use crate::signature::KeptKey;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// The authorities that somebody trusts. Cloning is cheap: clones share what they hold until one of them is added to.
#[derive(Debug, Clone, Default)]
pub struct Anchors(Arc<Store>);

#[derive(Debug, Clone, Default)]
struct Store {
    anchors: Vec<Anchor>,
    known: HashSet<Arc<[u8]>>,
    /// Places in `anchors`, by the fingerprint of the subject.
    by_subject: HashMap<u64, Vec<usize>>,
}

/// One of them: a whole certificate, whose validity, usages and name constraints count as well as its name and key.
#[derive(Debug, Clone)]
pub struct Anchor(Arc<Kept>);

#[derive(Debug)]
struct Kept {
    read: Read,
    key: KeptKey,
}

self_cell::self_cell!(
    /// A certificate, read once for all, with what it was read from.
    struct Read {
        owner: Arc<[u8]>,
        #[covariant]
        dependent: Certificate,
    }

    impl { Debug }
);

impl PartialEq for Anchor {
    fn eq(&self, other: &Self) -> bool {
        self.der() == other.der()
    }
}

impl Eq for Anchor {}

/// What became of a PEM bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Added {
    /// How many anchors were added; those that were there already are not counted.
    pub added: usize,
    /// What could not be used, by the line on which it begins.
    pub rejected: Vec<(usize, Rejected)>,
}

/// Why a block of a PEM bundle is no anchor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// The block cannot be decoded.
    #[error(transparent)]
    Pem(#[from] PemError),
    /// The certificate cannot be read.
    #[error("malformed certificate: {0}")]
    Malformed(#[from] Malformed),
}

impl Anchors {
    /// Nobody is trusted.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one certificate. A serial number that is negative or longer than 20 octets (RFC 5280 section 4.1.2.2) makes
    /// it malformed; zero does not, since a root in use has it.
    pub fn add_der(&mut self, der: &[u8]) -> Result<(), Malformed> {
        self.add(der).map(|_| ())
    }

    /// Adds every certificate of a PEM bundle; one that is broken does not stop the rest.
    pub fn add_pem(&mut self, bundle: impl AsRef<[u8]>) -> Result<Added, PemError> {
        let mut added = Added {
            added: 0,
            rejected: Vec::new(),
        };
        let bundle = bundle.as_ref();
        let mut blocks = pem::certificate_blocks(bundle).peekable();
        if blocks.peek().is_none() {
            return Err(pem::no_certificate(bundle));
        }
        for block in blocks {
            match block {
                Ok((line, der)) => match self.add(&der) {
                    Ok(new) => added.added = added.added.saturating_add(usize::from(new)),
                    Err(malformed) => added.rejected.push((line, malformed.into())),
                },
                Err(error) => added.rejected.push((error.line(), error.into())),
            }
        }
        Ok(added)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.anchors.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.anchors.is_empty()
    }

    /// All of them, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = &Anchor> {
        self.0.anchors.iter()
    }

    /// Those whose subject has this fingerprint, with their places: whoever uses one compares the names themselves.
    pub(crate) fn with_subject(&self, fingerprint: u64) -> impl Iterator<Item = (usize, &Anchor)> {
        let places = self.0.by_subject.get(&fingerprint);
        places
            .into_iter()
            .flatten()
            .filter_map(|place| Some((*place, self.0.anchors.get(*place)?)))
    }

    /// The anchor that is this very certificate.
    pub(crate) fn same_as(&self, der: &[u8]) -> Option<Arc<[u8]>> {
        self.0.known.get(der).cloned()
    }

    fn add(&mut self, der: &[u8]) -> Result<bool, Malformed> {
        let read = Read::try_new(Arc::from(der), |der| Certificate::parse(der))?;
        let anchor = Anchor(Arc::new(Kept {
            read,
            key: KeptKey::new(),
        }));
        let certificate = anchor.certificate();
        check_serial(certificate.serial())?;
        if self.0.known.contains(der) {
            return Ok(false);
        }
        let store = Arc::make_mut(&mut self.0);
        store
            .by_subject
            .entry(certificate.subject().fingerprint())
            .or_default()
            .push(store.anchors.len());
        store.known.insert(anchor.der().clone());
        store.anchors.push(anchor);
        Ok(true)
    }
}

impl Anchor {
    /// The certificate in DER.
    pub fn der(&self) -> &Arc<[u8]> {
        self.0.read.borrow_owner()
    }

    /// Where its key is kept as the library reads it.
    pub(crate) fn key(&self) -> &KeptKey {
        &self.0.key
    }

    /// The certificate.
    pub fn certificate(&self) -> &Certificate<'_> {
        self.0.read.borrow_dependent()
    }
}

fn check_serial(serial: &[u8]) -> Result<(), Malformed> {
    let problem = match serial {
        [first, ..] if first & 0x80 != 0 => Problem::Value,
        _ if serial.len() > MAX_SERIAL_OCTETS => Problem::Length,
        _ => return Ok(()),
    };
    Err(Malformed::new("serialNumber", problem))
}

//! Signed certificate timestamps (RFC 6962 section 3.2): read without copies; and the logs that sign them.

use crate::UnixTime;
use crate::der::{Malformed, Reader, element, known, tag};
use crate::signature::{self, Known};
use crate::spki::{AlgorithmIdentifier, NULL, SubjectPublicKeyInfo};
use aws_lc_rs::digest;

/// A log of certificates that somebody trusts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateLog {
    id: [u8; 32],
    key: Box<[u8]>,
    operator: Box<str>,
    retired: Option<UnixTime>,
}

impl CertificateLog {
    /// By its key (a SubjectPublicKeyInfo in DER), and by the name of who operates it.
    pub fn new(key: &[u8], operator: &str) -> Result<Self, Malformed> {
        SubjectPublicKeyInfo::parse(key)?;
        let mut id = [0; 32];
        id.copy_from_slice(digest::digest(&digest::SHA256, key).as_ref());
        Ok(Self {
            id,
            key: key.into(),
            operator: operator.into(),
            retired: None,
        })
    }

    /// The same, whose timestamps count up to this time.
    pub fn retired(mut self, at: UnixTime) -> Self {
        self.retired = Some(at);
        self
    }

    /// The SHA-256 of its key, by which timestamps name it.
    pub fn id(&self) -> &[u8; 32] {
        &self.id
    }

    pub(crate) fn operator(&self) -> &str {
        &self.operator
    }

    /// Whether it signed this timestamp, and its timestamps count at that time.
    pub(crate) fn vouches(&self, timestamp: &Timestamp<'_>, entry: Entry<'_>, known: Known<'_>) -> bool {
        let counts = self.retired.is_none_or(|at| timestamp.at() < at);
        let Ok(key) = SubjectPublicKeyInfo::parse(&self.key) else {
            return false;
        };
        counts
            && timestamp.algorithm().is_some_and(|algorithm| {
                let signed = timestamp.signed(entry);
                signature::verifies(&algorithm, &key, &signed, timestamp.signature, known)
            })
    }
}

/// What a timestamp is about (RFC 6962 section 3.2).
#[derive(Debug, Clone, Copy)]
pub(crate) enum Entry<'e> {
    /// The certificate itself.
    Certificate(&'e [u8]),
    /// What was to be signed before the timestamps stood in it, and the SHA-256 of the issuer's key.
    Precertificate { issuer: &'e [u8], tbs: &'e [u8] },
}

/// ```text
/// struct {
///     Version sct_version;                    v1(0)
///     LogID id;                               opaque key_id[32]
///     uint64 timestamp;
///     opaque CtExtensions<0..2^16-1>;
///     digitally-signed struct { … };          hash, signature algorithm, opaque<0..2^16-1>
/// } SignedCertificateTimestamp;
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Timestamp<'a> {
    pub(crate) log: &'a [u8; 32],
    milliseconds: u64,
    extensions: &'a [u8],
    algorithm: [u8; 2],
    signature: &'a [u8],
}

impl<'a> Timestamp<'a> {
    fn parse(bytes: &'a [u8]) -> Option<Self> {
        let ([0], rest) = bytes.split_first_chunk()? else {
            return None;
        };
        let (log, rest) = rest.split_first_chunk()?;
        let (milliseconds, rest) = rest.split_first_chunk()?;
        let (extensions, rest) = vector(rest)?;
        let (algorithm, rest) = rest.split_first_chunk()?;
        let (signature, []) = vector(rest)? else {
            return None;
        };
        Some(Self {
            log,
            milliseconds: u64::from_be_bytes(*milliseconds),
            extensions,
            algorithm: *algorithm,
            signature,
        })
    }

    /// When the log took the certificate.
    pub(crate) fn at(&self) -> UnixTime {
        UnixTime(i64::try_from(self.milliseconds / 1000).unwrap_or(i64::MAX))
    }

    /// RFC 6962 section 2.1.4: ECDSA or RSA, with SHA-256.
    fn algorithm(&self) -> Option<AlgorithmIdentifier<'static>> {
        match self.algorithm {
            [4, 3] => Some(AlgorithmIdentifier {
                oid: known::ECDSA_WITH_SHA256,
                parameters: None,
                der: &[],
            }),
            [4, 1] => Some(AlgorithmIdentifier {
                oid: known::SHA256_WITH_RSA,
                parameters: Some(NULL),
                // It was not read: anything that tells it from the other where signatures are remembered.
                der: &[1],
            }),
            _ => None,
        }
    }

    /// What is signed, by a version of 0 and a signature type of certificate_timestamp (0).
    fn signed(&self, entry: Entry<'_>) -> Vec<u8> {
        let mut signed = vec![0, 0];
        signed.extend_from_slice(&self.milliseconds.to_be_bytes());
        let body = match entry {
            Entry::Certificate(der) => {
                signed.extend_from_slice(&[0, 0]);
                der
            }
            Entry::Precertificate { issuer, tbs } => {
                signed.extend_from_slice(&[0, 1]);
                signed.extend_from_slice(issuer);
                tbs
            }
        };
        // What was read is shorter than 2²⁴: where it is not, no signature fits.
        let [_, length @ ..] = u32::try_from(body.len()).unwrap_or(u32::MAX).to_be_bytes();
        signed.extend_from_slice(&length);
        signed.extend_from_slice(body);
        let length = u16::try_from(self.extensions.len()).unwrap_or(u16::MAX);
        signed.extend_from_slice(&length.to_be_bytes());
        signed.extend_from_slice(self.extensions);
        signed
    }
}

/// The timestamps of a `SignedCertificateTimestampList` (RFC 6962 section 3.3), as far as they can be read: those of a version that is
/// not known are passed over.
pub(crate) fn timestamps(list: &[u8]) -> impl Iterator<Item = Timestamp<'_>> {
    let mut rest = match vector(list) {
        Some((timestamps, [])) => timestamps,
        _ => &[],
    };
    std::iter::from_fn(move || {
        let (timestamp, after) = vector(rest)?;
        rest = after;
        Some(timestamp)
    })
    .filter_map(Timestamp::parse)
}

/// The list that a certificate's extension holds, in an OCTET STRING of its own.
pub(crate) fn embedded(value: &[u8]) -> Result<&[u8], Malformed> {
    let mut reader = Reader::new(value, "signedCertificateTimestampList");
    let list = reader.octets()?;
    reader.finish()?;
    Ok(list)
}

/// `opaque<0..2^16-1>`, and what follows.
fn vector(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
}

/// A TBSCertificate without its embedded timestamps: what the logs saw (RFC 6962 section 3.2).
pub(crate) fn without_timestamps(tbs: &[u8]) -> Result<Vec<u8>, Malformed> {
    const FIELD: &str = "tbsCertificate";
    let mut fields = Reader::whole_sequence(tbs, FIELD)?;
    let mut contents = Vec::with_capacity(tbs.len());
    while !fields.is_empty() {
        let field = fields.any()?;
        if field.tag != tag::context_constructed(3) {
            contents.extend_from_slice(field.full);
            continue;
        }
        let mut extensions = Reader::whole_sequence(field.contents, FIELD)?;
        let mut kept = Vec::with_capacity(field.contents.len());
        while !extensions.is_empty() {
            let extension = extensions.any()?;
            if Reader::new(extension.contents, FIELD).oid()? != known::SCT_LIST {
                kept.extend_from_slice(extension.full);
            }
        }
        // RFC 5280 section 4.1.2.9: one that would be empty is not there.
        if !kept.is_empty() {
            let all = element(tag::SEQUENCE, &kept, FIELD)?;
            contents.extend_from_slice(&element(field.tag, &all, FIELD)?);
        }
    }
    element(tag::SEQUENCE, &contents, FIELD)
}

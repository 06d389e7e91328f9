//! PEM files as people have them (RFC 7468, and what editors and tools make of it).
//!
//! A byte order mark, CRLF, blank lines, comments and other text between blocks, spaces at the ends of lines, and blocks
//! of other kinds do no harm. What cannot be read is named by its line.

use crate::Printable;
use crate::limits::MAX_PEM;
use std::fmt;
use zeroize::Zeroizing;

/// What is wrong with a PEM file, and on which line (counted from 1).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct PemError {
    line: usize,
    problem: PemProblem,
}

impl PemError {
    /// The line on which the trouble begins.
    pub fn line(&self) -> usize {
        self.line
    }

    /// What is wrong.
    pub fn problem(&self) -> &PemProblem {
        &self.problem
    }
}

/// What is wrong with a PEM file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PemProblem {
    /// No block of the kind that is looked for.
    #[error("the file has no certificate (`-----BEGIN CERTIFICATE-----`)")]
    NoCertificate,
    /// No revocation list.
    #[error("the file has no revocation list (`-----BEGIN X509 CRL-----`)")]
    NoRevocationList,
    /// No PKCS#7 file.
    #[error("the file has no PKCS#7 block (`-----BEGIN PKCS7-----`)")]
    NoPkcs7,
    /// No private key.
    #[error("the file has no private key (`-----BEGIN PRIVATE KEY-----`)")]
    NoPrivateKey,
    /// More than one private key.
    #[error("the file has a second private key; which one is meant cannot be told")]
    SecondPrivateKey,
    /// A key under a pass phrase.
    #[error("the private key is encrypted; decrypt it first: openssl pkey -in FILE -out PLAIN_FILE")]
    Encrypted,
    /// A kind of private key that is not read.
    #[error("a private key of the kind `{}` is not read; convert it: openssl pkey -in FILE -out FILE.pem", Printable::new(.0))]
    UnknownKey(String),
    /// Binary DER instead of text.
    #[error("the file is binary (DER), not PEM; convert it: openssl x509 -inform der -in FILE -out FILE.pem")]
    Der,
    /// A private key in binary DER.
    #[error(
        "the file is a private key in binary (DER), not PEM; convert it: openssl pkey -inform der -in FILE -out FILE.pem"
    )]
    DerPrivateKey,
    /// A revocation list in binary DER.
    #[error("the file is binary (DER), not PEM; convert it: openssl crl -inform der -in FILE -out FILE.pem")]
    DerRevocationList,
    /// PKCS#7 in binary DER.
    #[error(
        "the file is PKCS#7 in binary (DER), not PEM; take its certificates out: openssl pkcs7 -inform der -print_certs -in FILE \
         -out FILE.pem"
    )]
    DerPkcs7,
    /// PKCS#12, which has certificates and a key under a pass phrase.
    #[error(
        "the file is PKCS#12 (PFX, P12), not PEM; take it apart: openssl pkcs12 -in FILE -nokeys -out CERT.pem, and openssl \
         pkcs12 -in FILE -nocerts -nodes -out KEY.pem"
    )]
    Pkcs12,
    /// UTF-16, as some Windows tools write it.
    #[error("the file is UTF-16; save it as plain ASCII or UTF-8")]
    Utf16,
    /// A block without an end.
    #[error("the block that begins here has no end (`-----END {}-----`)", Printable::new(.0))]
    NoEnd(String),
    /// The end of another block.
    #[error("the block `{}` ends as `{}`", Printable::new(.0), Printable::new(.1))]
    OtherEnd(String, String),
    /// Contents that are no base64.
    #[error("the block's contents are no base64")]
    Base64,
    /// Contents that end before the certificate does.
    #[error("the block's certificate is cut off")]
    Truncated,
    /// A block without contents.
    #[error("the block is empty")]
    Empty,
    /// More than is read.
    #[error("the file is larger than 16 MiB")]
    TooLarge,
}

/// The certificates of a file with the lines on which they begin, in the file's order: `CERTIFICATE`, `X509 CERTIFICATE`,
/// and OpenSSL's `TRUSTED CERTIFICATE` without its trust settings. Keys beside them are passed over.
pub fn certificates(file: impl AsRef<[u8]>) -> Result<Vec<(usize, Vec<u8>)>, PemError> {
    let file = file.as_ref();
    let found: Vec<_> = certificate_blocks(file).collect::<Result<_, _>>()?;
    if found.is_empty() {
        Err(no_certificate(file))
    } else {
        Ok(found)
    }
}

/// The revocation lists of a file (`X509 CRL`) with the lines on which they begin, in the file's order.
pub fn revocation_lists(file: impl AsRef<[u8]>) -> Result<Vec<(usize, Vec<u8>)>, PemError> {
    labelled(file.as_ref(), &["X509 CRL"], PemProblem::NoRevocationList)
}

/// The PKCS#7 files in a file (`PKCS7`, `CMS`) with the lines on which they begin; [`pkcs7`](crate::pkcs7) reads them.
pub fn pkcs7(file: impl AsRef<[u8]>) -> Result<Vec<(usize, Vec<u8>)>, PemError> {
    labelled(file.as_ref(), &["PKCS7", "CMS"], PemProblem::NoPkcs7)
}

fn labelled(file: &[u8], labels: &[&str], absent: PemProblem) -> Result<Vec<(usize, Vec<u8>)>, PemError> {
    let mut found = Vec::new();
    for block in blocks(file) {
        let block = block?;
        if labels.contains(&block.label) {
            found.push((block.line, block.decode()?.to_vec()));
        }
    }
    if found.is_empty() {
        Err(nothing(file, absent))
    } else {
        Ok(found)
    }
}

/// As [`certificates`], block by block, so that one that is broken does not hide the others.
pub(crate) fn certificate_blocks(file: &[u8]) -> impl Iterator<Item = Result<(usize, Vec<u8>), PemError>> {
    blocks(file).filter_map(|block| block.and_then(certificate).transpose())
}

/// Why a file without a certificate has none.
pub(crate) fn no_certificate(file: &[u8]) -> PemError {
    nothing(file, PemProblem::NoCertificate)
}

/// The certificate of a block, or `None` for a block of another kind.
fn certificate(block: Block<'_>) -> Result<Option<(usize, Vec<u8>)>, PemError> {
    match block.label {
        "CERTIFICATE" | "X509 CERTIFICATE" => Ok(Some((block.line, block.decode()?.to_vec()))),
        // OpenSSL appends its settings to the certificate.
        "TRUSTED CERTIFICATE" => {
            let contents = block.decode()?;
            let (certificate, _) = asn1::strip_tlv(&contents).map_err(|_| block.error(PemProblem::Truncated))?;
            Ok(Some((block.line, certificate.full_data().to_vec())))
        }
        _ => Ok(None),
    }
}

/// The structure that a private key is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PrivateKeyKind {
    /// `PRIVATE KEY` (RFC 5958): any algorithm.
    Pkcs8,
    /// `EC PRIVATE KEY` (RFC 5915).
    Sec1,
    /// `RSA PRIVATE KEY` (RFC 8017 appendix A.1.2).
    Pkcs1,
}

/// A private key as a file has it. It is wiped when dropped, and `Debug` does not show it.
pub struct PemPrivateKey {
    /// The structure.
    pub kind: PrivateKeyKind,
    /// The structure's DER.
    pub der: Zeroizing<Vec<u8>>,
    /// The line on which the block begins.
    pub line: usize,
}

impl fmt::Debug for PemPrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PemPrivateKey")
            .field("kind", &self.kind)
            .field("line", &self.line)
            .finish_non_exhaustive()
    }
}

/// The private key of a file, which may have certificates beside it.
pub fn private_key(file: impl AsRef<[u8]>) -> Result<PemPrivateKey, PemError> {
    let file = file.as_ref();
    let mut found = None;
    for block in blocks(file) {
        let block = block?;
        let kind = match block.label {
            "PRIVATE KEY" => PrivateKeyKind::Pkcs8,
            "EC PRIVATE KEY" => PrivateKeyKind::Sec1,
            "RSA PRIVATE KEY" => PrivateKeyKind::Pkcs1,
            "ENCRYPTED PRIVATE KEY" => return Err(block.error(PemProblem::Encrypted)),
            other if other.ends_with("PRIVATE KEY") => {
                return Err(block.error(PemProblem::UnknownKey(other.to_owned())));
            }
            _ => continue,
        };
        if found.is_some() {
            return Err(block.error(PemProblem::SecondPrivateKey));
        }
        found = Some(PemPrivateKey {
            kind,
            der: block.decode()?,
            line: block.line,
        });
    }
    found.ok_or_else(|| nothing(file, PemProblem::NoPrivateKey))
}

/// One block: what stands between its two lines is not looked at yet.
struct Block<'a> {
    label: &'a str,
    contents: &'a str,
    line: usize,
}

impl Block<'_> {
    fn error(&self, problem: PemProblem) -> PemError {
        PemError {
            line: self.line,
            problem,
        }
    }

    fn decode(&self) -> Result<Zeroizing<Vec<u8>>, PemError> {
        let mut lines = self.contents.trim_start().lines().peekable();
        // The headers of RFC 1421, which end with an empty line. Of their uses, encryption alone is alive.
        if lines.peek().is_some_and(|line| line.contains(':')) {
            for header in lines.by_ref().take_while(|line| !line.trim().is_empty()) {
                if header.starts_with("Proc-Type") && header.contains("ENCRYPTED") {
                    return Err(self.error(PemProblem::Encrypted));
                }
            }
        }
        let mut text = Zeroizing::new(String::with_capacity(self.contents.len().saturating_add(128)));
        text.push_str("-----BEGIN BLOCK-----\n");
        lines
            .flat_map(str::split_ascii_whitespace)
            .for_each(|part| text.push_str(part));
        text.push_str("\n-----END BLOCK-----\n");
        let decoded = ::pem::parse(text.as_bytes()).map_err(|_| self.error(PemProblem::Base64))?;
        let contents = Zeroizing::new(decoded.into_contents());
        if contents.is_empty() {
            Err(self.error(PemProblem::Empty))
        } else {
            Ok(contents)
        }
    }
}

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";

/// Finds the blocks by their markers, wherever those stand: files whose line ends were lost, or that were joined without
/// one (`-----END CERTIFICATE----------BEGIN CERTIFICATE-----`), are read as well.
fn blocks(file: &[u8]) -> impl Iterator<Item = Result<Block<'_>, PemError>> {
    let mut rest = file;
    let mut line = 1usize;
    let mut too_large = file.len() > MAX_PEM;
    std::iter::from_fn(move || {
        if std::mem::take(&mut too_large) {
            rest = &[];
            return Some(Err(PemError {
                line: 1,
                problem: PemProblem::TooLarge,
            }));
        }
        // Comments may be in any encoding, Latin-1 say: only what stands inside a block has to be text.
        let at = find(rest, BEGIN)?;
        line = line.saturating_add(line_ends(rest.get(..at)?));
        let begin_line = line;
        let after = rest.get(at..)?.get(BEGIN.len()..)?;
        let label_end = find(after, DASHES)?;
        let label = std::str::from_utf8(after.get(..label_end)?).unwrap_or("?").trim();
        let contents = after.get(label_end..)?.get(DASHES.len()..)?;
        let contents_end = find(contents, DASHES).unwrap_or(contents.len());
        let (body, tail) = contents.split_at_checked(contents_end)?;
        let error = |problem| PemError {
            line: begin_line,
            problem,
        };

        let end_label = tail
            .strip_prefix(END.as_bytes())
            .and_then(|tail| tail.get(..find(tail, DASHES)?));
        let Some(end_label) = end_label else {
            line = line.saturating_add(line_ends(after.get(..after.len().checked_sub(tail.len())?)?));
            rest = tail;
            return Some(Err(error(PemProblem::NoEnd(label.to_owned()))));
        };
        let next = tail.get(END.len()..)?.get(end_label.len()..)?.get(DASHES.len()..)?;
        line = line.saturating_add(line_ends(after.get(..after.len().checked_sub(next.len())?)?));
        rest = next;
        let end_label = String::from_utf8_lossy(end_label.trim_ascii());
        if end_label != label {
            return Some(Err(error(PemProblem::OtherEnd(
                label.to_owned(),
                end_label.into_owned(),
            ))));
        }
        match std::str::from_utf8(body) {
            Ok(contents) => Some(Ok(Block {
                label,
                contents,
                line: begin_line,
            })),
            Err(_) => Some(Err(error(PemProblem::Base64))),
        }
    })
}

fn find(text: &[u8], marker: &str) -> Option<usize> {
    text.windows(marker.len())
        .position(|window| window == marker.as_bytes())
}

fn line_ends(text: &[u8]) -> usize {
    text.iter().filter(|byte| **byte == b'\n').count()
}

/// Why nothing was found: `absent`, or that the file is no PEM at all.
fn nothing(file: &[u8], absent: PemProblem) -> PemError {
    let problem = match file {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [b'-', 0, ..] | [0, b'-', ..] => PemProblem::Utf16,
        file => match sequence(file) {
            Some(contents) => binary(contents, &absent),
            None => absent,
        },
    };
    PemError { line: 1, problem }
}

/// Whether a file is not text with blocks, nor means to be (in UTF-16, say), but a SEQUENCE in binary.
pub fn is_binary(file: &[u8]) -> bool {
    sequence(file).is_some()
}

/// The contents of a SEQUENCE that is long, as every certificate is, or begins with an INTEGER, as short keys do; text may begin with a zero, which is the
/// same octet. A length of 0x80 is not told beforehand: BER, and common in old PKCS#7 and PKCS#12 files.
fn sequence(file: &[u8]) -> Option<&[u8]> {
    match file {
        [0x30, 0x80, contents @ ..]
        | [0x30, 0x81, _, contents @ ..]
        | [0x30, 0x82, _, _, contents @ ..]
        | [0x30, 0x83, _, _, _, contents @ ..]
        | [0x30, 0x84, _, _, _, _, contents @ ..] => Some(contents),
        [0x30, ..0x80, contents @ ..] if contents.first() == Some(&0x02) => Some(contents),
        _ => None,
    }
}

/// What a SEQUENCE is, by what it begins with.
fn binary(contents: &[u8], wanted: &PemProblem) -> PemProblem {
    match contents {
        // A version comes first in PKCS#12 (RFC 7292 section 4: 3) and in private keys (RFC 5958, RFC 5915, RFC 8017: 0 or 1).
        [0x02, 1, 3, ..] => PemProblem::Pkcs12,
        [0x02, ..] => PemProblem::DerPrivateKey,
        [0x06, ..] => PemProblem::DerPkcs7,
        // An algorithm comes first in an EncryptedPrivateKeyInfo.
        [0x30, _, 0x06, ..] if *wanted == PemProblem::NoPrivateKey => PemProblem::DerPrivateKey,
        _ if *wanted == PemProblem::NoRevocationList => PemProblem::DerRevocationList,
        _ => PemProblem::Der,
    }
}

#[cfg(test)]
#[path = "pem_tests.rs"]
mod tests;

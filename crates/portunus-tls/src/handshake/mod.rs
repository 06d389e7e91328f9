//! The handshakes: one `async fn` a side and version, which reads from top to bottom as the RFC's figure does. The hellos decide which it is.

pub(crate) mod channel;
pub(crate) mod client;
pub(crate) mod job;
pub(crate) mod post;
pub(crate) mod server;
pub(crate) mod signed;
#[cfg(feature = "tls12")]
pub(crate) mod tls12;

use std::sync::Arc;

use portunus_x509::ServerName;

use self::client::authentication::MayBeAsked;
use self::server::authentication::MayAsk;
use self::server::early::Unconfirmed;
use crate::config::client::ClientConfig;
use crate::crypto::secret::Secret;
use crate::crypto::suite::Suite;
use crate::schedule::tls13::TrafficSecret;
use crate::session::client::Stapled;
use crate::session::early::EarlyData;
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
    /// The group of the key exchange; `None` where a session of TLS 1.2 went on, which has none.
    pub group: Option<NamedGroup>,
    /// The scheme that the server signed with; `None` when a session went on.
    pub signature_scheme: Option<SignatureScheme>,
    /// The scheme that the client signed with, if it did.
    pub client_signature_scheme: Option<SignatureScheme>,
    /// The application protocol, if one was agreed.
    pub application_protocol: Option<Vec<u8>>,
    /// The server's name as the client sent it: bytes that a peer chose.
    pub server_name: Option<Vec<u8>>,
    /// The server's certificates in DER, the end entity first. On a server that resumed: none.
    pub server_chain: Arc<[Vec<u8>]>,
    /// What was stapled to the server's certificate (in the full handshake). On a server: nothing.
    pub stapled: Option<Arc<Stapled>>,
    /// The client's certificates in DER, if it showed any (in the full handshake).
    pub client_chain: Arc<[Vec<u8>]>,
    /// Whether a session went on.
    pub resumed: bool,
    /// Whether the server asked for a second ClientHello.
    pub retried: bool,
    /// What became of early data.
    pub early_data: EarlyData,
    /// Whether the keys are bound to the whole handshake (RFC 7627), as those of TLS 1.3 always are.
    pub extended_main_secret: bool,
}

/// What a handshake leaves for the connection.
pub(crate) struct Established {
    pub(crate) side: Side,
    pub(crate) info: ConnectionInfo,
    pub(crate) secrets: Secrets,
}

impl Established {
    /// Whether the client's Finished is still to come.
    pub(crate) fn is_early(&self) -> bool {
        match &self.secrets {
            Secrets::Tls13(secrets) => secrets.unconfirmed.is_some(),
            #[cfg(feature = "tls12")]
            Secrets::Tls12(_) => false,
        }
    }
}

/// The secrets that a connection lives on.
pub(crate) enum Secrets {
    Tls13(TrafficSecrets),
    /// For exporters alone: nothing else is derived after the handshake.
    #[cfg(feature = "tls12")]
    Tls12(crate::schedule::tls12::MainSecret),
}

impl Secrets {
    /// Those of TLS 1.3, if it is that.
    pub(crate) fn tls13(&mut self) -> Option<&mut TrafficSecrets> {
        match self {
            Self::Tls13(secrets) => Some(secrets),
            #[cfg(feature = "tls12")]
            Self::Tls12(_) => None,
        }
    }
}

/// The secrets of TLS 1.3, whose keys can be replaced.
pub(crate) struct TrafficSecrets {
    pub(crate) suite: Suite,
    pub(crate) read: TrafficSecret,
    pub(crate) write: TrafficSecret,
    pub(crate) exporter: Secret,
    /// Where early data was taken.
    pub(crate) early_exporter: Option<Secret>,
    pub(crate) resumption: Option<Resumption>,
    /// What is still to come of a client whose early data is taken.
    pub(crate) unconfirmed: Option<Box<Unconfirmed>>,
    /// Where the client said that it may be asked for a certificate later.
    pub(crate) post_handshake: Option<PostHandshake>,
}

/// Authentication of the client after the handshake (RFC 9846 section 4.7.2), by side.
pub(crate) enum PostHandshake {
    Client(Box<MayBeAsked>),
    Server(Box<MayAsk>),
}

/// What a client answered to [`crate::Connection::request_certificate`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientAnswer {
    /// Which request, by the number that it was given.
    pub request: u32,
    /// The client's certificates in DER, the end entity first, judged by the request's verifier; empty where it showed none.
    pub chain: Arc<[Vec<u8>]>,
    /// The scheme that it signed with.
    pub signature_scheme: Option<SignatureScheme>,
}

/// What a client needs to keep tickets that come later.
pub(crate) struct Resumption {
    pub(crate) config: Arc<ClientConfig>,
    pub(crate) server: ServerName,
    pub(crate) resumption_secret: Secret,
    /// When the verdict on the server's certificate ends.
    pub(crate) not_after: Option<portunus_x509::UnixTime>,
}

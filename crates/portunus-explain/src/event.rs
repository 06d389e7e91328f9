//! What happened, as values that outlive the connection.

use std::net::SocketAddr;
use std::time::Duration;

use portunus_tls::wire::{
    AlertDescription, CipherSuite, ContentType, HandshakeType, NamedGroup, ProtocolVersion, SignatureScheme,
};
use portunus_tls::{AlertReceived, Direction, Error, Note, SecretLabel};
use portunus_x509::VerifiedPath;

/// One thing that happened, and when.
#[derive(Clone, Debug)]
pub struct Event {
    /// Since the recorder's clock began.
    pub at: Duration,
    /// What it was.
    pub what: What,
}

/// What happened: all that the engine notes, and around it what whoever connected tells with [`Recorder::add`](crate::Recorder::add).
///
/// No variant can hold a secret: the engine's notes name secrets by their labels.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum What {
    /// The host has these addresses.
    Resolved {
        /// In the order in which they are tried.
        addresses: Vec<SocketAddr>,
        /// Whether the user named them, so that no resolver was asked.
        overridden: bool,
    },
    /// The host has no address.
    NotResolved {
        /// What the resolver said.
        reason: String,
    },
    /// An address did not take the TCP connection.
    NotConnected {
        /// The address.
        address: SocketAddr,
        /// Why not.
        fault: TransportFault,
    },
    /// TCP is connected.
    Connected {
        /// The server's address.
        address: SocketAddr,
    },
    /// An earlier connection with all key shares got no answer to its ClientHello, or that it cannot be read; this one has the small shares alone.
    SmallHello {
        /// How the first one ended.
        reason: String,
    },
    /// A record crossed the wire.
    Record {
        /// Which way.
        direction: Direction,
        /// The type on the outside.
        outer: ContentType,
        /// The type within.
        inner: ContentType,
        /// Bytes on the wire, the header among them.
        wire: usize,
        /// Bytes of content.
        content: usize,
        /// Whether it was protected.
        protected: bool,
    },
    /// A whole handshake message.
    Message {
        /// Which way.
        direction: Direction,
        /// Its type.
        kind: HandshakeType,
        /// All of its bytes, the header of four among them.
        bytes: Vec<u8>,
    },
    /// The version and the cipher suite were chosen.
    Chosen {
        /// The version.
        version: ProtocolVersion,
        /// The suite.
        cipher_suite: CipherSuite,
    },
    /// The server asked for another ClientHello.
    RetryRequested {
        /// The group that it wants a share of, if that is why.
        group: Option<NamedGroup>,
    },
    /// The shared secret was made.
    KeyExchanged {
        /// The group.
        group: NamedGroup,
        /// Bytes of the client's share.
        client_share: usize,
        /// Bytes of the server's share.
        server_share: usize,
        /// Bytes of the shared secret.
        shared_secret: usize,
    },
    /// The client's secret went to the server under the key of its certificate.
    KeyTransported {
        /// Which way.
        direction: Direction,
        /// Bytes of the encrypted secret.
        encrypted: usize,
    },
    /// A secret was derived.
    SecretDerived(SecretLabel),
    /// From here on records of one direction are protected with keys of this secret.
    KeysInstalled {
        /// Which direction.
        direction: Direction,
        /// The secret that they come from.
        secret: SecretLabel,
    },
    /// The session of a ticket goes on.
    Resumed,
    /// A ticket was offered, and the server made a full handshake.
    NotResumed,
    /// The peer showed its certificates.
    CertificatesReceived {
        /// In DER, as sent: the end entity first.
        chain: Vec<Vec<u8>>,
    },
    /// We showed our certificates.
    CertificatesSent {
        /// In DER, as sent: the end entity first.
        chain: Vec<Vec<u8>>,
    },
    /// The peer's chain was accepted.
    ChainVerified {
        /// The path that was found; `None` where checks were given up, or an application's own verifier said yes.
        path: Option<VerifiedPath>,
    },
    /// The peer signed the handshake with its certificate's key.
    PeerProved {
        /// With this scheme.
        scheme: SignatureScheme,
    },
    /// We signed the handshake.
    Proved {
        /// With this scheme.
        scheme: SignatureScheme,
    },
    /// The peer's Finished is right.
    PeerFinished,
    /// The application protocol was agreed.
    ApplicationProtocol {
        /// Its name.
        name: Vec<u8>,
    },
    /// The handshake is done.
    Established,
    /// A ticket for a later connection.
    Ticket {
        /// Which way.
        direction: Direction,
        /// How long it is good for, in seconds.
        lifetime: u32,
    },
    /// Keys of one direction were replaced by new ones.
    KeyUpdated {
        /// Which direction.
        direction: Direction,
    },
    /// An alert was sent.
    AlertSent {
        /// Which one.
        description: AlertDescription,
    },
    /// An alert came; close_notify too.
    AlertReceived(AlertReceived),
    /// The TLS connection failed.
    Failed(Error),
    /// All keys and secrets of the connection were wiped.
    KeysDiscarded,
    /// A request went out over the connection.
    Request {
        /// Its head as it was sent, credentials taken out.
        head: Vec<u8>,
    },
    /// The head of the answer came.
    Response {
        /// The status code.
        status: u16,
        /// The head as it came.
        head: Vec<u8>,
    },
    /// The body of the answer ended.
    Body {
        /// How many bytes of it came.
        bytes: u64,
        /// Whether that was all of it: it is not when more was there than anybody wanted to read.
        whole: bool,
    },
    /// HTTP failed over a TLS connection that did not.
    HttpFailed {
        /// Why.
        reason: String,
    },
    /// TCP failed under TLS.
    TransportFailed {
        /// How.
        fault: TransportFault,
    },
    /// A time limit of ours ended it.
    TimedOut {
        /// The limit.
        after: Duration,
    },
}

/// How TCP failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransportFault {
    /// What kind of failure the system says it was.
    pub kind: std::io::ErrorKind,
    /// The system's words.
    pub text: String,
}

impl From<&std::io::Error> for TransportFault {
    fn from(error: &std::io::Error) -> Self {
        Self {
            kind: error.kind(),
            text: error.to_string(),
        }
    }
}

impl What {
    /// A note of the engine's, kept. What this crate does not know yet is not kept.
    pub(crate) fn of(note: &Note<'_>) -> Option<Self> {
        Some(match *note {
            Note::Record {
                direction,
                outer,
                inner,
                wire,
                content,
                protected,
            } => Self::Record {
                direction,
                outer,
                inner,
                wire,
                content,
                protected,
            },
            Note::Message { direction, kind, bytes } => Self::Message {
                direction,
                kind,
                bytes: bytes.to_vec(),
            },
            Note::Chosen { version, cipher_suite } => Self::Chosen { version, cipher_suite },
            Note::RetryRequested { group } => Self::RetryRequested { group },
            Note::KeyExchanged {
                group,
                client_share,
                server_share,
                shared_secret,
            } => Self::KeyExchanged {
                group,
                client_share,
                server_share,
                shared_secret,
            },
            Note::KeyTransported { direction, encrypted } => Self::KeyTransported { direction, encrypted },
            Note::SecretDerived(label) => Self::SecretDerived(label),
            Note::KeysInstalled { direction, secret } => Self::KeysInstalled { direction, secret },
            Note::Resumed => Self::Resumed,
            Note::NotResumed => Self::NotResumed,
            Note::CertificatesReceived { chain } => Self::CertificatesReceived { chain: chain.to_vec() },
            Note::CertificatesSent { chain } => Self::CertificatesSent { chain: chain.to_vec() },
            Note::ChainVerified { path } => Self::ChainVerified { path: path.cloned() },
            Note::PeerProved { scheme } => Self::PeerProved { scheme },
            Note::Proved { scheme } => Self::Proved { scheme },
            Note::PeerFinished => Self::PeerFinished,
            Note::ApplicationProtocol { name } => Self::ApplicationProtocol { name: name.to_vec() },
            Note::Established => Self::Established,
            Note::Ticket { direction, lifetime } => Self::Ticket { direction, lifetime },
            Note::KeyUpdated { direction } => Self::KeyUpdated { direction },
            Note::AlertSent { description } => Self::AlertSent { description },
            Note::AlertReceived(alert) => Self::AlertReceived(alert),
            Note::Failed(error) => Self::Failed(error.clone()),
            Note::KeysDiscarded => Self::KeysDiscarded,
            _ => return None,
        })
    }

    /// Bytes that it holds beside its own size.
    pub(crate) fn held(&self) -> usize {
        match self {
            Self::Message { bytes, .. } => bytes.len(),
            Self::CertificatesReceived { chain } | Self::CertificatesSent { chain } => chain.iter().map(Vec::len).sum(),
            Self::Request { head } | Self::Response { head, .. } => head.len(),
            _ => 0,
        }
    }
}

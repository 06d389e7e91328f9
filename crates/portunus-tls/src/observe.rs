//! What an observer may know of a connection: every message with its bytes, every secret by its label, never a secret itself.

use portunus_x509::VerifiedPath;

use crate::error::{AlertReceived, Error};
use crate::session::early::EarlyData;
use crate::wire::{
    AlertDescription, CipherSuite, ContentType, HandshakeType, NamedGroup, ProtocolVersion, SignatureScheme,
};

/// Somebody who is told what happens on a connection, as it happens. It is called while the connection works: it should note and return.
pub trait Observe: Send + Sync {
    /// One thing happened.
    fn note(&self, note: &Note<'_>);
}

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From us to the peer.
    Sent,
    /// From the peer to us.
    Received,
}

/// A secret's name in RFC 9846 section 7.1, or in RFC 9846 appendix D for TLS 1.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SecretLabel {
    /// `client_early_traffic_secret`.
    ClientEarlyTraffic,
    /// `early_exporter_secret`.
    EarlyExporter,
    /// `client_handshake_traffic_secret`.
    ClientHandshakeTraffic,
    /// `server_handshake_traffic_secret`.
    ServerHandshakeTraffic,
    /// `client_application_traffic_secret_N`; 0 is the first.
    ClientApplicationTraffic(u32),
    /// `server_application_traffic_secret_N`; 0 is the first.
    ServerApplicationTraffic(u32),
    /// `exporter_secret`.
    Exporter,
    /// `resumption_secret`.
    Resumption,
    /// `main_secret` of TLS 1.2, from which all its keys come; RFC 5246 calls it `master_secret`.
    Main,
}

impl SecretLabel {
    /// The name in the RFC.
    pub fn name(self) -> &'static str {
        match self {
            Self::ClientEarlyTraffic => "client_early_traffic_secret",
            Self::EarlyExporter => "early_exporter_secret",
            Self::ClientHandshakeTraffic => "client_handshake_traffic_secret",
            Self::ServerHandshakeTraffic => "server_handshake_traffic_secret",
            Self::ClientApplicationTraffic(_) => "client_application_traffic_secret",
            Self::ServerApplicationTraffic(_) => "server_application_traffic_secret",
            Self::Exporter => "exporter_secret",
            Self::Resumption => "resumption_secret",
            Self::Main => "main_secret",
        }
    }
}

/// What happened.
#[derive(Debug)]
#[non_exhaustive]
pub enum Note<'a> {
    /// A record crossed the wire.
    Record {
        /// Which way.
        direction: Direction,
        /// The type on the outside; `application_data` for all that is protected.
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
    /// A whole handshake message, its header among the bytes.
    Message {
        /// Which way.
        direction: Direction,
        /// Its type.
        kind: HandshakeType,
        /// All of its bytes.
        bytes: &'a [u8],
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
    /// The client's secret came to the server under the key of its certificate (RSA key transport of TLS 1.2). Whether the server could read it shows at Finished.
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
    /// The session of a ticket goes on: no certificate is shown.
    Resumed,
    /// A ticket was offered, and the server preferred a full handshake (or could not use it).
    NotResumed,
    /// What becomes of early data that a client offered.
    EarlyData(EarlyData),
    /// The peer showed its certificates, the end entity first, in DER.
    CertificatesReceived {
        /// The chain as sent.
        chain: &'a [Vec<u8>],
    },
    /// We showed our certificates.
    CertificatesSent {
        /// The chain as sent.
        chain: &'a [Vec<u8>],
    },
    /// The chain was verified.
    ChainVerified {
        /// The path that was found, and every check on it; `None` where the application's own verifier said yes, or checks were given up.
        path: Option<&'a VerifiedPath>,
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
    /// The peer's Finished is right: both saw the same handshake.
    PeerFinished,
    /// The application protocol was agreed.
    ApplicationProtocol {
        /// Its name.
        name: &'a [u8],
    },
    /// The handshake is done.
    Established,
    /// A ticket came, or was sent, for a later connection.
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
    /// An alert came. (close_notify too.)
    AlertReceived(AlertReceived),
    /// The connection failed.
    Failed(&'a Error),
    /// All keys and secrets of the connection were wiped.
    KeysDiscarded,
}

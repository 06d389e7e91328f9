//! What the log tells of a connection that fails: who refused whom, and what of the client's offer matters.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use portunus_tls::wire::{AlertDescription, ClientHello, Decode, HandshakeType, ProtocolVersion};
use portunus_tls::{Direction, Error, Note, Observe};
use portunus_tokio::HandshakeError;
use portunus_x509::Printable;

use crate::limits;
use crate::server::Refused;

/// Observes one connection. It holds the ClientHello until the handshake is done.
pub(crate) struct Watch {
    peer: SocketAddr,
    hello: Mutex<Vec<u8>>,
    accepted: AtomicBool,
}

impl Watch {
    pub(crate) fn new(peer: SocketAddr) -> Arc<Self> {
        Arc::new(Self {
            peer,
            hello: Mutex::default(),
            accepted: AtomicBool::new(false),
        })
    }

    /// The stream is there: from here on nobody else tells why the connection fails.
    pub(crate) fn accepted(&self) {
        self.accepted.store(true, Ordering::Relaxed);
        *self.hello() = Vec::new();
    }

    /// Why the handshake failed.
    pub(crate) fn refused(&self, error: HandshakeError) -> Refused {
        let hello = self.hello();
        let hello = hello.get(4..).and_then(|body| ClientHello::read(body).ok());
        let offer = hello.and_then(|hello| offer(&hello, matter(&error)));
        let who = match &error {
            HandshakeError::Tls(error) => told(error),
            error => error.to_string(),
        };
        let text = match offer {
            Some(offer) => format!("{who}; {offer}").chars().take(limits::SHOWN_FAILURE).collect(),
            None => who,
        };
        Refused(Box::new(FailedHandshake { text, source: error }))
    }

    fn hello(&self) -> MutexGuard<'_, Vec<u8>> {
        self.hello.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observe for Watch {
    fn note(&self, note: &Note<'_>) {
        match note {
            Note::Message {
                direction: Direction::Received,
                kind: HandshakeType::CLIENT_HELLO,
                bytes,
            } => *self.hello() = bytes.to_vec(),
            // That the transport ends without close_notify is every day's.
            Note::Failed(Error::Truncated | Error::Misuse(_) | Error::Aborted(_)) => {}
            Note::Failed(error) if self.accepted.load(Ordering::Relaxed) => {
                let error = told(error);
                tracing::info!("{}: the connection failed: {}", self.peer, Printable::new(&error));
            }
            _ => {}
        }
    }
}

/// A failed handshake, told with what the client offered.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
struct FailedHandshake {
    text: String,
    source: HandshakeError,
}

/// The error, and before it who refused whom where an alert says so.
fn told(error: &Error) -> String {
    match error {
        Error::Alert(alert) if is_about_certificates(alert.description) => {
            format!("the client did not accept this server's certificate: {alert}")
        }
        error => error.to_string(),
    }
}

/// Whether a client that sends this alert speaks of our certificate (RFC 9846 section 6.2).
fn is_about_certificates(description: AlertDescription) -> bool {
    matches!(
        description,
        AlertDescription::BAD_CERTIFICATE
            | AlertDescription::UNSUPPORTED_CERTIFICATE
            | AlertDescription::CERTIFICATE_REVOKED
            | AlertDescription::CERTIFICATE_EXPIRED
            | AlertDescription::CERTIFICATE_UNKNOWN
            | AlertDescription::UNKNOWN_CA
            | AlertDescription::ACCESS_DENIED
    )
}

/// What of an offer matters to a failure.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Matter {
    Nothing,
    Name,
    Versions,
    Protocols,
    Everything,
}

fn matter(error: &HandshakeError) -> Matter {
    let HandshakeError::Tls(error) = error else {
        return Matter::Name;
    };
    let description = match error {
        Error::NotTls { .. } => return Matter::Nothing,
        Error::Alert(alert) => Some(alert.description),
        error => error.alert(),
    };
    match description {
        Some(AlertDescription::HANDSHAKE_FAILURE | AlertDescription::INSUFFICIENT_SECURITY) => Matter::Everything,
        Some(AlertDescription::PROTOCOL_VERSION | AlertDescription::INAPPROPRIATE_FALLBACK) => Matter::Versions,
        Some(AlertDescription::NO_APPLICATION_PROTOCOL) => Matter::Protocols,
        _ => Matter::Name,
    }
}

fn offer(hello: &ClientHello<'_>, matter: Matter) -> Option<String> {
    let extensions = &hello.extensions;
    if matter == Matter::Nothing {
        return None;
    }
    let mut parts = vec![match extensions.server_name {
        Some(name) => format!("asked for {}", shown(name.0)),
        None => "asked for no name".to_owned(),
    }];
    let everything = matter == Matter::Everything;
    if everything || matter == Matter::Versions {
        let versions: Vec<_> = match extensions.supported_versions {
            Some(versions) => versions.into_iter().filter(|version| !version.is_grease()).collect(),
            None => vec![hello.legacy_version],
        };
        parts.push(listed("versions", versions.iter().map(ProtocolVersion::to_string)));
    }
    if everything {
        let suites = hello.cipher_suites.into_iter().filter(|suite| !suite.is_grease());
        parts.push(listed("cipher suites", suites.map(|suite| suite.to_string())));
        let groups = extensions.supported_groups.into_iter().flatten();
        let groups = groups.filter(|group| !group.is_grease()).map(|group| group.to_string());
        parts.push(listed("groups", groups));
        let schemes = extensions.signature_algorithms.into_iter().flatten();
        let schemes = schemes
            .filter(|scheme| !scheme.is_grease())
            .map(|scheme| scheme.to_string());
        parts.push(listed("signatures", schemes));
    }
    if matter == Matter::Protocols {
        let protocols = extensions.application_layer_protocol_negotiation.into_iter().flatten();
        parts.push(listed("protocols", protocols.map(|protocol| shown(protocol.0))));
    }
    Some(format!("the client {}", parts.join("; ")))
}

/// Not escaped: the log does it.
fn shown(name: &[u8]) -> String {
    String::from_utf8_lossy(name.get(..limits::SHOWN_NAME).unwrap_or(name)).into_owned()
}

fn listed(what: &str, items: impl Iterator<Item = String>) -> String {
    let mut items = items.fuse();
    let shown: Vec<_> = items.by_ref().take(limits::SHOWN_OFFERS).collect();
    let more = if items.next().is_some() { ", …" } else { "" };
    match shown.as_slice() {
        [] => format!("{what} none"),
        shown => format!("{what} {}{more}", shown.join(", ")),
    }
}

//! What happened on a connection, as far as flags ask for it.

use std::sync::{Mutex, PoisonError};

use portunus_tls::wire::{
    AlertDescription, AlertLevel, CertificateRequest, ClientHello, ContentType, Decode, HandshakeType,
    ServerHelloOrRetry, tls12,
};
use portunus_tls::{Direction, EarlyData, KeyLog, Note, Observe};

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Story(Mutex<Told>);

/// What was noted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told {
    /// The length of the session id in the ServerHello.
    pub(crate) session_id: usize,
    /// Whether the server said that it renegotiates securely (RFC 5746); in TLS 1.3 there is nothing to say.
    pub(crate) renegotiation_info: bool,
    /// Messages and alerts, as OpenSSL's message callback tells of them.
    pub(crate) trace: String,
    /// Whether a ticket came.
    pub(crate) ticket: bool,
    /// The protocols that the client offered, as they stand in its ClientHello.
    pub(crate) advertised_alpn: Option<Vec<u8>>,
    /// The signature schemes that the peer said it verifies.
    pub(crate) peer_schemes: Vec<u16>,
    /// The names of authorities in the server's CertificateRequest.
    pub(crate) authorities: Option<Vec<Vec<u8>>>,
    /// The secrets of application data: the client's, the server's.
    pub(crate) traffic_secrets: (Vec<u8>, Vec<u8>),
    /// What became of early data that was offered.
    pub(crate) early_data: Option<EarlyData>,
    /// The kinds of messages that came.
    pub(crate) received: Vec<HandshakeType>,
}

impl Story {
    pub(crate) fn told(&self) -> Told {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Story {
    /// Whether the server refused early data: what follows is for `-on-retry-` flags.
    pub(crate) fn has_refused_early_data(&self) -> bool {
        matches!(self.told().early_data, Some(EarlyData::Refused { .. }))
    }

    pub(crate) fn has_received(&self, kind: HandshakeType) -> bool {
        self.told().received.contains(&kind)
    }
}

impl Observe for Story {
    fn note(&self, note: &Note<'_>) {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        told.trace.push_str(&traced(note));
        let (direction, kind, bytes) = match note {
            Note::Message { direction, kind, bytes } => (direction, kind, bytes),
            Note::EarlyData(early_data) => {
                told.early_data = Some(*early_data);
                return;
            }
            Note::Ticket {
                direction: Direction::Received,
                ..
            } => {
                told.ticket = true;
                return;
            }
            _ => return,
        };
        let body = bytes.get(4..).unwrap_or_default();
        if *direction == Direction::Received {
            told.received.push(*kind);
        }
        match (*direction, *kind) {
            (Direction::Received, HandshakeType::CLIENT_HELLO) => {
                if let Ok(hello) = ClientHello::read(body) {
                    let schemes = hello.extensions.signature_algorithms.unwrap_or_default();
                    told.peer_schemes = schemes.iter().map(|scheme| scheme.0).collect();
                    let protocols = hello.extensions.application_layer_protocol_negotiation;
                    told.advertised_alpn = protocols.map(|protocols| {
                        let names = protocols.iter().flat_map(|name| {
                            let length = u8::try_from(name.0.len()).unwrap_or(0);
                            std::iter::once(length).chain(name.0.iter().copied())
                        });
                        names.collect()
                    });
                }
            }
            (_, HandshakeType::SERVER_HELLO) => {
                if let Ok(ServerHelloOrRetry::ServerHello(hello)) = ServerHelloOrRetry::read(body) {
                    told.session_id = hello.legacy_session_id_echo.len();
                    told.renegotiation_info = hello.extensions.supported_versions.is_some();
                }
                if let Ok(hello) = tls12::ServerHello::read(body) {
                    told.renegotiation_info |= hello.extensions.renegotiation_info.is_some();
                }
            }
            (Direction::Received, HandshakeType::CERTIFICATE_REQUEST) => {
                // The two versions' messages cannot be taken for each other: one begins with a list of types, the other with an empty context.
                if let Ok(request) = tls12::CertificateRequest::read(body) {
                    let schemes = request.supported_signature_algorithms;
                    told.peer_schemes = schemes.iter().map(|scheme| scheme.0).collect();
                    let names = request.certificate_authorities;
                    told.authorities = Some(names.iter().map(|name| name.0.to_vec()).collect());
                } else if let Ok(request) = CertificateRequest::read(body) {
                    let schemes = request.signature_algorithms.unwrap_or_default();
                    told.peer_schemes = schemes.iter().map(|scheme| scheme.0).collect();
                    let names = request.certificate_authorities;
                    told.authorities = names.map(|names| names.iter().map(|name| name.0.to_vec()).collect());
                }
            }
            _ => {}
        }
    }
}

/// A line of the trace, or nothing.
fn traced(note: &Note<'_>) -> String {
    let verb = |direction: &Direction| match direction {
        Direction::Sent => "write",
        Direction::Received => "read",
    };
    match note {
        Note::Message { direction, kind, .. } => format!("{} hs {}\n", verb(direction), kind.0),
        Note::Record {
            direction,
            inner: ContentType::CHANGE_CIPHER_SPEC,
            ..
        } => format!("{} ccs\n", verb(direction)),
        Note::AlertReceived(alert) => format!("read alert {} {}\n", alert.level.0, alert.description.0),
        Note::AlertSent { description } => {
            let level = if *description == AlertDescription::CLOSE_NOTIFY {
                AlertLevel::WARNING
            } else {
                AlertLevel::FATAL
            };
            format!("write alert {} {}\n", level.0, description.0)
        }
        _ => String::new(),
    }
}

impl KeyLog for Story {
    fn log(&self, label: &str, _: &[u8; 32], secret: &[u8]) {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match label {
            "CLIENT_TRAFFIC_SECRET_0" => told.traffic_secrets.0 = secret.to_vec(),
            "SERVER_TRAFFIC_SECRET_0" => told.traffic_secrets.1 = secret.to_vec(),
            _ => {}
        }
    }
}

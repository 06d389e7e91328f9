//! The messages as arrows.

use portunus_tls::Direction;
use portunus_tls::wire::{ContentType, Decode, HandshakeType, ServerHelloOrRetry};

use crate::words::number;
use crate::{Recording, What};

/// Who talks with whom, and what crosses the wire between them, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    /// The server's name.
    pub server: String,
    /// The messages.
    pub arrows: Vec<Arrow>,
}

/// One message, or several records of data in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrow {
    /// Which way, as the client sees it.
    pub direction: Direction,
    /// What it is.
    pub label: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// Whether an eavesdropper sees no more than its size.
    pub encrypted: bool,
}

impl Figure {
    pub(crate) fn draw(recording: &Recording) -> Self {
        let mut pen = Pen::default();
        for event in &recording.events {
            pen.follow(&event.what);
        }
        pen.finish_data();
        Self {
            server: recording.target.server.to_string(),
            arrows: pen.arrows,
        }
    }
}

#[derive(Default)]
struct Pen {
    arrows: Vec<Arrow>,
    sent_encrypted: bool,
    received_encrypted: bool,
    /// Records of data in a row: which way, how many, how many bytes.
    data: Option<(Direction, u64, u64)>,
}

impl Pen {
    fn follow(&mut self, what: &What) {
        match what {
            What::KeysInstalled {
                direction: Direction::Sent,
                ..
            } => self.sent_encrypted = true,
            What::KeysInstalled {
                direction: Direction::Received,
                ..
            } => self.received_encrypted = true,
            What::Message { direction, kind, bytes } => {
                self.draw(
                    *direction,
                    message(*kind, bytes).to_owned(),
                    bytes.len(),
                    self.is_encrypted(*direction),
                );
            }
            What::AlertSent { description } => {
                self.draw(Direction::Sent, format!("alert {description}"), 2, self.sent_encrypted);
            }
            What::AlertReceived(alert) => {
                self.draw(
                    Direction::Received,
                    format!("alert {}", alert.description),
                    2,
                    alert.protected,
                );
            }
            What::Record {
                direction,
                inner: ContentType::APPLICATION_DATA,
                content,
                ..
            } => {
                let content = u64::try_from(*content).unwrap_or(u64::MAX);
                self.data = match self.data.take() {
                    Some((way, records, bytes)) if way == *direction => {
                        Some((way, records.saturating_add(1), bytes.saturating_add(content)))
                    }
                    other => {
                        self.data = other;
                        self.finish_data();
                        Some((*direction, 1, content))
                    }
                };
            }
            _ => {}
        }
    }

    fn is_encrypted(&self, direction: Direction) -> bool {
        match direction {
            Direction::Sent => self.sent_encrypted,
            Direction::Received => self.received_encrypted,
        }
    }

    fn draw(&mut self, direction: Direction, label: String, bytes: usize, encrypted: bool) {
        self.finish_data();
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.arrows.push(Arrow {
            direction,
            label,
            bytes,
            encrypted,
        });
    }

    fn finish_data(&mut self) {
        let Some((direction, records, bytes)) = self.data.take() else {
            return;
        };
        let label = match records {
            1 => "data".to_owned(),
            _ => format!("data in {} records", number(records)),
        };
        self.arrows.push(Arrow {
            direction,
            label,
            bytes,
            encrypted: true,
        });
    }
}

/// A message's name as the RFC's figures have it.
fn message(kind: HandshakeType, bytes: &[u8]) -> &'static str {
    match kind {
        HandshakeType::CLIENT_HELLO => "ClientHello",
        HandshakeType::SERVER_HELLO => match ServerHelloOrRetry::read(bytes.get(4..).unwrap_or_default()) {
            Ok(ServerHelloOrRetry::HelloRetryRequest(_)) => "HelloRetryRequest",
            _ => "ServerHello",
        },
        HandshakeType::ENCRYPTED_EXTENSIONS => "EncryptedExtensions",
        HandshakeType::CERTIFICATE_REQUEST => "CertificateRequest",
        HandshakeType::CERTIFICATE => "Certificate",
        HandshakeType::COMPRESSED_CERTIFICATE => "CompressedCertificate",
        HandshakeType::SERVER_KEY_EXCHANGE => "ServerKeyExchange",
        HandshakeType::SERVER_HELLO_DONE => "ServerHelloDone",
        HandshakeType::CLIENT_KEY_EXCHANGE => "ClientKeyExchange",
        HandshakeType::HELLO_REQUEST => "HelloRequest",
        HandshakeType::CERTIFICATE_VERIFY => "CertificateVerify",
        HandshakeType::FINISHED => "Finished",
        HandshakeType::NEW_SESSION_TICKET => "NewSessionTicket",
        HandshakeType::KEY_UPDATE => "KeyUpdate",
        HandshakeType::END_OF_EARLY_DATA => "EndOfEarlyData",
        other => other.name().unwrap_or("unknown message"),
    }
}

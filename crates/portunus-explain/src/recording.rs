//! A whole connection as it was recorded, and questions to it.

use std::net::SocketAddr;

use portunus_tls::Direction;
use portunus_tls::wire::{CipherSuite, ContentType, Decode, HandshakeType, ProtocolVersion};
use portunus_x509::{ServerName, UnixTime};

use crate::{Event, What};

/// What a connection was wanted for.
#[derive(Clone, Debug)]
pub struct Target {
    /// The address, as a URL.
    pub url: String,
    /// Whom the certificate has to name.
    pub server: ServerName,
    /// The time by which certificates are judged: when the connection began.
    pub started: UnixTime,
    /// Whether path and name of the certificate are judged.
    pub trust: Trust,
}

/// Who judges the server's certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// The verifier, by the authorities that the user trusts.
    Judged,
    /// Nobody: the user gave up path and name (`-k`).
    GivenUp,
}

/// A connection as it was recorded: the one source of its story, of the JSON, and of what is to come.
#[derive(Clone, Debug)]
pub struct Recording {
    /// What was wanted.
    pub target: Target,
    /// What happened, in order.
    pub events: Vec<Event>,
    /// What we sent.
    pub sent: Totals,
    /// What the peer sent.
    pub received: Totals,
    /// Events that were not kept, since too many came.
    pub left_out: u64,
}

/// Records of one direction, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// How many records.
    pub records: u64,
    /// Their bytes on the wire.
    pub wire: u64,
    /// How many of them held application data.
    pub data_records: u64,
    /// The bytes on the wire of those.
    pub data_wire: u64,
    /// Bytes of application data.
    pub data: u64,
}

impl Recording {
    /// A recording in which nothing has happened.
    pub fn new(target: Target) -> Self {
        Self {
            target,
            events: Vec::new(),
            sent: Totals::default(),
            received: Totals::default(),
            left_out: 0,
        }
    }

    pub(crate) fn count(&mut self, what: &What) {
        let What::Record {
            direction,
            inner,
            wire,
            content,
            ..
        } = what
        else {
            return;
        };
        let totals = match direction {
            Direction::Sent => &mut self.sent,
            Direction::Received => &mut self.received,
        };
        let wire = u64::try_from(*wire).unwrap_or(u64::MAX);
        totals.records = totals.records.saturating_add(1);
        totals.wire = totals.wire.saturating_add(wire);
        if *inner == ContentType::APPLICATION_DATA {
            totals.data_records = totals.data_records.saturating_add(1);
            totals.data_wire = totals.data_wire.saturating_add(wire);
            totals.data = totals.data.saturating_add(u64::try_from(*content).unwrap_or(u64::MAX));
        }
    }

    /// The first answer that `question` has among the events.
    pub(crate) fn find<'a, T>(&'a self, question: impl FnMut(&'a What) -> Option<T>) -> Option<T> {
        self.events.iter().map(|event| &event.what).find_map(question)
    }

    /// All answers that `question` has among the events.
    pub(crate) fn all<'a, T>(&'a self, question: impl FnMut(&'a What) -> Option<T>) -> impl Iterator<Item = T> {
        self.events.iter().map(|event| &event.what).filter_map(question)
    }

    pub(crate) fn has(&self, mut question: impl FnMut(&What) -> bool) -> bool {
        self.events.iter().any(|event| question(&event.what))
    }

    /// The bodies of all handshake messages of this type and direction.
    pub(crate) fn messages(&self, wanted: Direction, kind: HandshakeType) -> impl Iterator<Item = Sent<'_>> {
        self.all(move |what| match what {
            What::Message {
                direction,
                kind: found,
                bytes,
            } if *direction == wanted && *found == kind => Some(Sent { bytes }),
            _ => None,
        })
    }

    /// The server's certificates, the end entity first.
    pub fn server_chain(&self) -> Option<&[Vec<u8>]> {
        self.find(|what| match what {
            What::CertificatesReceived { chain } => Some(chain.as_slice()),
            _ => None,
        })
    }

    /// Where TCP was connected to.
    pub fn address(&self) -> Option<SocketAddr> {
        self.find(|what| match what {
            What::Connected { address } => Some(*address),
            _ => None,
        })
    }

    pub(crate) fn is_established(&self) -> bool {
        self.has(|what| matches!(what, What::Established))
    }

    /// Whether it is TLS 1.2 that was chosen: much that TLS 1.3 hides is in the clear there.
    pub(crate) fn is_tls12(&self) -> bool {
        self.has(|what| matches!(what, What::Chosen { version, .. } if *version == ProtocolVersion::TLS1_2))
    }

    /// The bytes of the secret that went to the server under the key of its certificate, where it came by so.
    pub(crate) fn key_transport(&self) -> Option<usize> {
        self.find(|what| match what {
            What::KeyTransported { encrypted, .. } => Some(*encrypted),
            _ => None,
        })
    }

    /// Whether the certificate's private key is of no use to whoever recorded the connection: not in RSA key transport, nor in a session that began so.
    pub(crate) fn has_forward_secrecy(&self) -> bool {
        const WITHOUT: [CipherSuite; 2] = [
            CipherSuite::TLS_RSA_WITH_AES_128_GCM_SHA256,
            CipherSuite::TLS_RSA_WITH_AES_256_GCM_SHA384,
        ];
        !self.has(|what| matches!(what, What::Chosen { cipher_suite, .. } if WITHOUT.contains(cipher_suite)))
    }

    pub(crate) fn is_resumed(&self) -> bool {
        self.has(|what| matches!(what, What::Resumed))
    }
}

/// A handshake message that crossed the wire.
#[derive(Clone, Copy)]
pub(crate) struct Sent<'a> {
    pub(crate) bytes: &'a [u8],
}

impl<'a> Sent<'a> {
    /// The message, if it can be read: what cannot is why the connection failed, and told there.
    pub(crate) fn decode<M: Decode<'a>>(self) -> Option<M> {
        M::read(self.bytes.get(4..)?).ok()
    }
}

//! A client's memory of sessions.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use portunus_x509::{ServerName, UnixTime};

use crate::crypto::secret::Secret;
use crate::wire::{CipherSuite, ProtocolVersion};

/// What came along with a server's certificate, because it was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stapled {
    /// An OCSP response in DER.
    pub ocsp_response: Option<Vec<u8>>,
    /// Timestamps of certificate logs: a `SignedCertificateTimestampList` (RFC 6962 section 3.3).
    pub timestamps: Option<Vec<u8>>,
}

/// Who we could show ourselves to be: whatever chooses our certificate, told from others by where it lies. It is held weakly, so that the place is
/// not used again while a session remembers it.
pub(crate) struct Owner(pub(crate) Option<Weak<dyn Send + Sync>>);

/// A session that a server offered to go on with: its ticket and what belongs to it. It serves one connection.
pub struct ClientSession {
    pub(crate) cipher_suite: CipherSuite,
    /// The pre-shared key; in TLS 1.2 the main secret.
    pub(crate) secret: Secret,
    /// What the server made of it; empty where a session of TLS 1.2 has an id alone.
    pub(crate) ticket: Vec<u8>,
    pub(crate) of_version: OfVersion,
    pub(crate) received: UnixTime,
    /// The end of the ticket's life, or of the verdict on the server's certificate, whichever is first.
    pub(crate) expires: UnixTime,
    /// What the verifier trusted that accepted the server's certificate.
    pub(crate) trust: [u8; 32],
    /// Who we could show ourselves to be in the full handshake.
    pub(crate) owner: Owner,
    /// The server's certificates, shown in the full handshake.
    pub(crate) chain: Arc<[Vec<u8>]>,
    /// What was stapled to them.
    pub(crate) stapled: Option<Arc<Stapled>>,
    /// What was agreed to be spoken, where early data may go along.
    pub(crate) application_protocol: Option<Vec<u8>>,
    /// How many bytes of early data the server may take with it; 0 where it takes none.
    pub(crate) max_early_data: u32,
    /// Whether the server has the session for the other names of its certificate too.
    pub(crate) is_for_all_names: bool,
}

/// What only one version has.
pub(crate) enum OfVersion {
    Tls13 {
        age_add: u32,
    },
    #[cfg(feature = "tls12")]
    Tls12 {
        /// The server's name for it; empty where there is a ticket alone.
        session_id: Vec<u8>,
        extended_main_secret: bool,
    },
}

impl ClientSession {
    /// What hides its age; only one of TLS 1.3 has it.
    pub(crate) fn age_add(&self) -> Option<u32> {
        match self.of_version {
            OfVersion::Tls13 { age_add } => Some(age_add),
            #[cfg(feature = "tls12")]
            OfVersion::Tls12 { .. } => None,
        }
    }

    /// The server's name for it; only one of TLS 1.2 has it, and there it is empty where there is a ticket.
    pub(crate) fn session_id(&self) -> Option<&[u8]> {
        match &self.of_version {
            OfVersion::Tls13 { .. } => None,
            #[cfg(feature = "tls12")]
            OfVersion::Tls12 { session_id, .. } => Some(session_id),
        }
    }

    /// The version that it is of.
    pub(crate) fn version(&self) -> ProtocolVersion {
        if self.is_tls13() {
            ProtocolVersion::TLS1_3
        } else {
            ProtocolVersion::TLS1_2
        }
    }

    /// Whether it is one of TLS 1.3.
    pub(crate) fn is_tls13(&self) -> bool {
        self.age_add().is_some()
    }

    /// Whether the server says that it has the session for the other names of its certificate too (draft-ietf-tls-cross-sni-resumption).
    pub fn is_for_all_names(&self) -> bool {
        self.is_for_all_names
    }

    /// How many bytes of early data the server may take with it; 0 where it takes none.
    pub fn max_early_data(&self) -> u32 {
        self.max_early_data
    }

    /// Whether it is still good at this time. A clock that went back makes it too young: then it is not used either.
    pub(crate) fn is_good_at(&self, now: UnixTime) -> bool {
        self.received.0 <= now.0 && now.0 < self.expires.0
    }

    /// Whether a full handshake would show the same of us as the one did that the session comes from.
    pub(crate) fn is_of(&self, owner: &Owner) -> bool {
        match (&self.owner.0, &owner.0) {
            (None, None) => true,
            (Some(then), Some(now)) => std::ptr::addr_eq(then.as_ptr(), now.as_ptr()),
            _ => false,
        }
    }

    /// The age in milliseconds, hidden by what the server gave for it (RFC 9846 section 4.3.11.1).
    pub(crate) fn obfuscated_age(&self, age_add: u32, now: UnixTime) -> u32 {
        let seconds = u32::try_from(now.0.saturating_sub(self.received.0)).unwrap_or(0);
        seconds.wrapping_mul(1000).wrapping_add(age_add)
    }
}

impl std::fmt::Debug for ClientSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientSession")
            .field("cipher_suite", &self.cipher_suite)
            .finish_non_exhaustive()
    }
}

/// A client's store of sessions.
pub trait ClientSessions: Send + Sync {
    /// Keeps a session for a server.
    fn put(&self, server: &ServerName, session: ClientSession);

    /// Takes a session of a server out: a ticket is used once, so that nobody can link two connections by it (RFC 9846 appendix C.4).
    fn take(&self, server: &ServerName) -> Option<ClientSession>;
}

/// The most servers that are remembered.
const MAX_SERVERS: usize = 256;
/// The most sessions that are kept of one server.
const MAX_SESSIONS: usize = 8;

/// Sessions in memory: bounded, the newest first, the oldest server forgotten.
#[derive(Debug, Default)]
pub struct SessionMemory(Mutex<Memory>);

#[derive(Debug, Default)]
struct Memory {
    sessions: HashMap<ServerName, VecDeque<ClientSession>>,
    order: VecDeque<ServerName>,
}

impl ClientSessions for SessionMemory {
    fn put(&self, server: &ServerName, session: ClientSession) {
        let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !memory.sessions.contains_key(server) {
            if memory.order.len() >= MAX_SERVERS
                && let Some(oldest) = memory.order.pop_front()
            {
                memory.sessions.remove(&oldest);
            }
            memory.order.push_back(server.clone());
        }
        let sessions = memory.sessions.entry(server.clone()).or_default();
        sessions.truncate(MAX_SESSIONS - 1);
        sessions.push_front(session);
    }

    fn take(&self, server: &ServerName) -> Option<ClientSession> {
        let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let session = memory.sessions.get_mut(server)?.pop_front();
        if memory.sessions.get(server).is_some_and(VecDeque::is_empty) {
            memory.sessions.remove(server);
            memory.order.retain(|known| known != server);
        }
        session
    }
}

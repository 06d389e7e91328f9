//! What goes from one connection to the next.

use std::sync::{Arc, Mutex, PoisonError};

use portunus_tls::{ClientSession, ClientSessions, Internal, ReplayGuard, SessionCache, Tickets};
use portunus_x509::{ServerName, UnixTime};

/// What a server keeps of its sessions.
pub(crate) struct Server {
    pub(crate) tickets: Arc<Tickets>,
    pub(crate) cache: Arc<SessionCache>,
    pub(crate) guard: Arc<ReplayGuard>,
}

impl Server {
    pub(crate) fn new(now: UnixTime) -> Result<Self, Internal> {
        Ok(Self {
            tickets: Arc::new(Tickets::new(now)?),
            cache: Arc::default(),
            // It began a day ago: tests do not wait until it is sure of itself.
            guard: Arc::new(ReplayGuard::new(1024, UnixTime(now.0.saturating_sub(86_400)))?),
        })
    }
}

/// The client's newest session, which the next connection offers.
#[derive(Debug, Default)]
pub(crate) struct Newest(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    session: Option<ClientSession>,
    /// How many came so far.
    count: usize,
}

impl Newest {
    pub(crate) fn count(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).count
    }

    /// Whether the newest session is for all names of the server's certificate.
    pub(crate) fn is_for_all_names(&self) -> Option<bool> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.session.as_ref().map(ClientSession::is_for_all_names)
    }

    /// Whether the newest session allows early data.
    pub(crate) fn allows_early_data(&self) -> bool {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.session
            .as_ref()
            .is_some_and(|session| session.max_early_data() > 0)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).session.is_none()
    }
}

impl ClientSessions for Newest {
    fn put(&self, _: &ServerName, session: ClientSession) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.session = Some(session);
        kept.count = kept.count.saturating_add(1);
    }

    fn take(&self, _: &ServerName) -> Option<ClientSession> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).session.take()
    }
}

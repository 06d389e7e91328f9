//! What goes from one connection to the next.

use std::sync::{Mutex, PoisonError};

use portunus_tls::{ClientSession, ClientSessions};
use portunus_x509::ServerName;

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

//! A server's memory of sessions of TLS 1.2, by their ids (RFC 5246 section 7.4.1.2): for clients that take no tickets.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use portunus_x509::UnixTime;
use zeroize::Zeroizing;

use crate::limits::{MAX_CACHED_SESSIONS, MAX_TICKET};
use crate::session::tickets::TicketContent;

/// The longest id that there is.
pub(crate) type SessionId = [u8; 32];

/// Sessions in memory: bounded, the oldest forgotten first. Many configurations may share it: each session is bound to what it was made for.
#[derive(Default)]
pub struct SessionCache(Mutex<Sessions>);

#[derive(Default)]
struct Sessions {
    by_id: HashMap<SessionId, Zeroizing<Vec<u8>>>,
    order: VecDeque<SessionId>,
}

impl SessionCache {
    fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a session under a new id. One that is too large (a client's long chain) is not kept.
    pub(crate) fn put(&self, id: SessionId, content: &TicketContent) {
        let Ok(bytes) = content.encode() else { return };
        if bytes.len() > MAX_TICKET {
            return;
        }
        let mut sessions = self.sessions();
        if sessions.order.len() >= MAX_CACHED_SESSIONS
            && let Some(oldest) = sessions.order.pop_front()
        {
            sessions.by_id.remove(&oldest);
        }
        sessions.order.push_back(id);
        sessions.by_id.insert(id, bytes);
    }

    /// The session of this id, if it is still good.
    pub(crate) fn get(&self, id: &[u8], now: UnixTime) -> Option<TicketContent> {
        let id: &SessionId = id.try_into().ok()?;
        let content = TicketContent::decode(self.sessions().by_id.get(id)?).ok()?;
        content.is_good_at(now).then_some(content)
    }
}

impl std::fmt::Debug for SessionCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SessionCache")
            .field("sessions", &self.sessions().order.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::secret::Secret;
    use crate::limits::TICKET_LIFETIME;
    use crate::wire::CipherSuite;

    fn content() -> TicketContent {
        TicketContent {
            cipher_suite: CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
            issued: UnixTime(1000),
            authenticated: UnixTime(1000),
            secret: Secret::filled(48, |_| Ok::<_, ()>(())).unwrap(),
            extended_main_secret: true,
            server_name: b"localhost".to_vec(),
            binding: [7; 32],
            not_after: None,
            early_data: None,
            chain: Vec::new(),
        }
    }

    fn id(number: usize) -> SessionId {
        let mut id = [0; 32];
        id[..8].copy_from_slice(&number.to_be_bytes());
        id
    }

    #[test]
    fn the_oldest_is_forgotten_and_none_outlives_its_time() {
        let cache = SessionCache::default();
        for number in 0..=MAX_CACHED_SESSIONS {
            cache.put(id(number), &content());
        }
        let now = UnixTime(1001);
        assert!(cache.get(&id(0), now).is_none());
        let kept = cache.get(&id(1), now).unwrap();
        assert!(kept.extended_main_secret && kept.server_name == b"localhost");
        let end = UnixTime(1000 + i64::from(TICKET_LIFETIME));
        assert!(cache.get(&id(1), end).is_none());
        assert!(cache.get(&[], now).is_none() && cache.get(&[0; 31], now).is_none());
    }
}

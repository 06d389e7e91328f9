//! A server's memory of sessions of TLS 1.2, by their ids (RFC 5246 section 7.4.1.2): for clients that take no tickets.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use portunus_x509::UnixTime;
use zeroize::Zeroizing;

use crate::limits::{MAX_CACHED_SESSIONS, MAX_TICKET, TICKET_LIFETIME};
use crate::session::tickets::TicketContent;

/// The longest id that there is.
pub(crate) type SessionId = [u8; 32];

/// How many connections can look at once: ids are random, and spread over the shards.
const SHARDS: usize = 16;

/// Sessions in memory: bounded, the oldest forgotten first, and each when its time is over. Many configurations may share it: each session is bound to what it
/// was made for.
#[derive(Default)]
pub struct SessionCache([Mutex<Shard>; SHARDS]);

#[derive(Default)]
struct Shard {
    by_id: HashMap<SessionId, Zeroizing<Vec<u8>>>,
    /// With the time at which each is past its life, the first to be so first.
    order: VecDeque<(SessionId, UnixTime)>,
}

impl SessionCache {
    fn shard(&self, id: &SessionId) -> Option<MutexGuard<'_, Shard>> {
        let [first, ..] = id;
        let shard = self.0.get(usize::from(*first) % SHARDS)?;
        Some(shard.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Keeps a session under a new id. One that is too large (a client's long chain) is not kept.
    pub(crate) fn put(&self, id: SessionId, content: &TicketContent) {
        let Ok(bytes) = content.encode() else { return };
        if bytes.len() > MAX_TICKET {
            return;
        }
        let Some(mut shard) = self.shard(&id) else { return };
        let now = content.issued;
        while let Some((oldest, end)) = shard.order.front().copied()
            && (end <= now || shard.order.len() >= MAX_CACHED_SESSIONS / SHARDS)
        {
            shard.order.pop_front();
            shard.by_id.remove(&oldest);
        }
        let end = now.0.saturating_add(i64::from(TICKET_LIFETIME));
        shard.order.push_back((id, UnixTime(end)));
        shard.by_id.insert(id, bytes);
    }

    /// The session of this id, if it is still good; otherwise it is forgotten.
    pub(crate) fn get(&self, id: &[u8], now: UnixTime) -> Option<TicketContent> {
        let id: &SessionId = id.try_into().ok()?;
        let mut shard = self.shard(id)?;
        let content = TicketContent::decode(shard.by_id.get(id)?).ok()?;
        if !content.is_good_at(now) {
            shard.by_id.remove(id);
            return None;
        }
        Some(content)
    }

    fn count(&self) -> usize {
        let shards = self.0.iter();
        let counts = shards.map(|shard| shard.lock().unwrap_or_else(PoisonError::into_inner).by_id.len());
        counts.sum()
    }
}

impl std::fmt::Debug for SessionCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SessionCache")
            .field("sessions", &self.count())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::secret::Secret;
    use crate::wire::CipherSuite;

    fn content(issued: i64) -> TicketContent {
        TicketContent {
            cipher_suite: CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
            issued: UnixTime(issued),
            authenticated: UnixTime(issued),
            secret: Secret::filled(48, |_| Ok::<_, ()>(())).unwrap(),
            extended_main_secret: true,
            server_name: b"localhost".to_vec(),
            certificate: None,
            binding: [7; 32],
            not_after: None,
            early_data: None,
            chain: Vec::new(),
        }
    }

    fn id(number: usize) -> SessionId {
        let mut id = [0; 32];
        id[..8].copy_from_slice(&number.to_le_bytes());
        id
    }

    #[test]
    fn the_oldest_is_forgotten_and_none_outlives_its_time() {
        let cache = SessionCache::default();
        for number in 0..=MAX_CACHED_SESSIONS {
            cache.put(id(number), &content(1000));
        }
        let now = UnixTime(1001);
        assert!(cache.get(&id(0), now).is_none());
        let kept = cache.get(&id(1), now).unwrap();
        assert!(kept.extended_main_secret && kept.server_name == b"localhost");
        let end = UnixTime(1000 + i64::from(TICKET_LIFETIME));
        assert!(cache.get(&id(1), end).is_none());
        assert_eq!(
            cache.count(),
            MAX_CACHED_SESSIONS - 1,
            "what is asked for too late is gone"
        );
        // Of one shard, all are past their life.
        cache.put(id(0), &content(end.0));
        assert_eq!(
            cache.count(),
            MAX_CACHED_SESSIONS - 1 - (MAX_CACHED_SESSIONS / SHARDS) + 1
        );
        assert!(cache.get(&[], now).is_none() && cache.get(&[0; 31], now).is_none());
    }
}

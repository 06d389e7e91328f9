//! A server's stateless tickets: the session, sealed under keys that rotate.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use portunus_x509::UnixTime;
use zeroize::Zeroizing;

use crate::crypto::aead::TicketKey;
use crate::crypto::secret::Secret;
use crate::crypto::{CryptoFailed, random};
use crate::limits::{MAX_SESSION_AGE, MAX_TICKET, TICKET_LIFETIME};
use crate::wire::CipherSuite;
use crate::wire::{Malformed, Problem, Reader, TooLong, Writer};

/// How long a key seals new tickets, in seconds: four keys a lifetime.
const ROTATION: i64 = 6 * 3600;
const NAME: usize = 16;
const NONCE: usize = 12;
/// The layout of what is sealed; another number is another layout.
const LAYOUT: u8 = 3;

/// What a ticket holds.
pub(crate) struct TicketContent {
    pub(crate) cipher_suite: CipherSuite,
    pub(crate) issued: UnixTime,
    /// When the full handshake was from which the session comes.
    pub(crate) authenticated: UnixTime,
    /// The pre-shared key; in TLS 1.2 the main secret.
    pub(crate) secret: Secret,
    /// Whether it is bound to the handshake that it comes from, as those of TLS 1.3 always are (RFC 7627).
    pub(crate) extended_main_secret: bool,
    /// The server name of the ClientHello, in lower case; empty without one.
    pub(crate) server_name: Vec<u8>,
    /// [`crate::config::server::ServerConfig::session_binding`].
    pub(crate) binding: [u8; 32],
    /// When the verdict on the client's certificate ends.
    pub(crate) not_after: Option<UnixTime>,
    /// The client's certificates, if it showed any.
    pub(crate) chain: Vec<Vec<u8>>,
}

struct NamedKey {
    name: [u8; NAME],
    key: TicketKey,
    made: i64,
}

/// The keys of a server's tickets. The newest seals; older ones open until the tickets that they sealed are past their life. Many
/// configurations may share them: each ticket is bound to what it was issued for.
pub struct Tickets(Mutex<Vec<Arc<NamedKey>>>);

impl Tickets {
    /// Tickets under a fresh key.
    ///
    /// # Errors
    /// `None` of the peer's doing: the random generator failed.
    pub fn new(now: UnixTime) -> Result<Self, crate::error::Internal> {
        let key = NamedKey::generate(now.0).map_err(|_| crate::error::Internal::Crypto)?;
        Ok(Self(Mutex::new(vec![Arc::new(key)])))
    }

    /// Seals a ticket; `None` when the session does not fit one.
    pub(crate) fn seal(&self, content: &TicketContent, now: UnixTime) -> Result<Option<Vec<u8>>, CryptoFailed> {
        let Ok(mut plaintext) = content.encode() else {
            return Ok(None);
        };
        if plaintext.len() > MAX_TICKET {
            return Ok(None);
        }
        let nonce: [u8; NONCE] = random::array()?;
        let key = rotate(&mut self.keys(), now.0)?;
        key.key.seal(nonce, &key.name, &mut plaintext)?;
        Ok(Some([&key.name[..], &nonce, &plaintext].concat()))
    }

    /// The keys, locked: not for as long as one of them works.
    fn keys(&self) -> MutexGuard<'_, Vec<Arc<NamedKey>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a ticket; `None` for one that is not ours, changed, or past its life.
    pub(crate) fn open(&self, ticket: &[u8], now: UnixTime) -> Option<TicketContent> {
        #[cfg(test)]
        if let Some(recorded) = crate::crypto::recorded::ticket(ticket) {
            return Some(recorded);
        }
        let (name, rest) = ticket.split_first_chunk::<NAME>()?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE>()?;
        if sealed.len() > MAX_TICKET.saturating_add(64) {
            return None;
        }
        let mut sealed = Zeroizing::new(sealed.to_vec());
        let key = self.keys().iter().find(|key| key.name == *name).cloned()?;
        let content = TicketContent::decode(key.key.open(*nonce, name, &mut sealed)?).ok()?;
        content.is_good_at(now).then_some(content)
    }
}

/// The sealing key of this time: a new one when the newest is old, or when the clock went back past it.
fn rotate(keys: &mut Vec<Arc<NamedKey>>, now: i64) -> Result<Arc<NamedKey>, CryptoFailed> {
    let is_fresh = keys
        .last()
        .is_some_and(|key| (0..ROTATION).contains(&now.saturating_sub(key.made)));
    if !is_fresh {
        keys.retain(|key| now.saturating_sub(key.made) <= ROTATION + i64::from(TICKET_LIFETIME));
        // A clock that jumps about must not pile up keys.
        if keys.len() >= 16 {
            keys.remove(0);
        }
        keys.push(Arc::new(NamedKey::generate(now)?));
    }
    keys.last().cloned().ok_or(CryptoFailed)
}

impl NamedKey {
    fn generate(now: i64) -> Result<Self, CryptoFailed> {
        let key = Secret::filled(32, random::fill)?;
        Ok(Self {
            name: random::array()?,
            key: TicketKey::new(key.as_ref())?,
            made: now,
        })
    }
}

impl TicketContent {
    /// Whether the session may still go on at this time. A clock that went back makes it too young: then it may not either.
    pub(crate) fn is_good_at(&self, now: UnixTime) -> bool {
        let age = now.0.saturating_sub(self.issued.0);
        let in_time = (0..i64::from(TICKET_LIFETIME)).contains(&age);
        let verdict_holds = self.not_after.is_none_or(|end| now.0 <= end.0);
        let is_fresh = now.0.saturating_sub(self.authenticated.0) < MAX_SESSION_AGE;
        in_time && is_fresh && verdict_holds
    }

    pub(super) fn encode(&self) -> Result<Zeroizing<Vec<u8>>, TooLong> {
        // Room enough that the vector, which holds the secret, does not move while it grows; the tag is appended to it too.
        let chain: usize = self.chain.iter().map(|der| der.len().saturating_add(3)).sum();
        let mut w = Writer::new("ticket");
        w.reserve(chain.saturating_add(self.server_name.len()).saturating_add(256));
        w.u8(LAYOUT);
        w.u16(self.cipher_suite.0);
        w.bytes(&self.issued.0.to_be_bytes());
        w.bytes(&self.authenticated.0.to_be_bytes());
        w.opaque8("secret", self.secret.as_ref())?;
        w.u8(u8::from(self.extended_main_secret));
        w.opaque16("server_name", &self.server_name)?;
        w.bytes(&self.binding);
        w.bytes(&self.not_after.map_or(i64::MAX, |end| end.0).to_be_bytes());
        for der in &self.chain {
            w.opaque24("certificate", der)?;
        }
        Ok(Zeroizing::new(w.into_bytes()))
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut r = Reader::new("ticket", bytes);
        let layout = r.u8("layout")?;
        let cipher_suite = CipherSuite(r.u16("cipher_suite")?);
        let issued = UnixTime(i64::from_be_bytes(*r.array::<8>("issued")?));
        let authenticated = UnixTime(i64::from_be_bytes(*r.array::<8>("authenticated")?));
        let secret = r.vec8("secret", 32..=48)?;
        let secret = Secret::filled(secret.len(), |out| {
            out.copy_from_slice(secret);
            Ok::<_, Malformed>(())
        })?;
        let extended_main_secret = r.u8("extended_main_secret")? != 0;
        let server_name = r.vec16("server_name", 0..=0xffff)?.to_vec();
        let binding = *r.array::<32>("binding")?;
        let not_after = i64::from_be_bytes(*r.array::<8>("not_after")?);
        let mut chain = Vec::new();
        while !r.is_empty() {
            chain.push(r.vec24("certificate", 1..=0xff_ffff)?.to_vec());
        }
        if layout != LAYOUT {
            return Err(r.fault("layout", Problem::Value(u32::from(layout))));
        }
        Ok(Self {
            cipher_suite,
            issued,
            authenticated,
            secret,
            extended_main_secret,
            server_name,
            binding,
            not_after: (not_after != i64::MAX).then_some(UnixTime(not_after)),
            chain,
        })
    }
}

impl std::fmt::Debug for Tickets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tickets(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3600;

    fn names(keys: &[Arc<NamedKey>]) -> Vec<[u8; NAME]> {
        keys.iter().map(|key| key.name).collect()
    }

    #[test]
    fn a_key_is_forgotten_once_nothing_that_it_sealed_is_alive() {
        let mut keys = vec![Arc::new(NamedKey::generate(0).unwrap())];
        let first = keys[0].name;
        for hours in 1..30 {
            rotate(&mut keys, hours * HOUR).unwrap();
        }
        assert_eq!(keys.len(), 5);
        assert_eq!(names(&keys)[0], first);
        rotate(&mut keys, 30 * HOUR).unwrap();
        assert_eq!(names(&keys)[0], first, "what it sealed last ends with this second");
        rotate(&mut keys, 36 * HOUR).unwrap();
        assert!(!names(&keys).contains(&first));
    }

    /// RFC 9846 section 4.7.1: tickets that come of tickets do not go on for ever.
    #[test]
    fn a_fresh_ticket_of_an_old_session_does_not_open() {
        let now = UnixTime(MAX_SESSION_AGE * 2);
        let tickets = Tickets::new(now).unwrap();
        for (age, opens) in [(0, true), (MAX_SESSION_AGE - 1, true), (MAX_SESSION_AGE, false)] {
            let content = TicketContent {
                cipher_suite: CipherSuite::TLS_AES_128_GCM_SHA256,
                issued: now,
                authenticated: UnixTime(now.0 - age),
                secret: Secret::filled(32, |_| Ok::<_, CryptoFailed>(())).unwrap(),
                extended_main_secret: true,
                server_name: Vec::new(),
                binding: [0; 32],
                not_after: None,
                chain: Vec::new(),
            };
            let ticket = tickets.seal(&content, now).unwrap().unwrap();
            assert_eq!(tickets.open(&ticket, now).is_some(), opens, "{age}");
        }
    }

    #[test]
    fn a_clock_that_jumps_about_piles_up_no_keys() {
        let mut keys = vec![Arc::new(NamedKey::generate(0).unwrap())];
        for jump in 0..100 {
            let made = keys[keys.len() - 1].made;
            rotate(&mut keys, made - 1).unwrap();
            assert!(keys.len() <= 16, "{jump}");
        }
    }
}

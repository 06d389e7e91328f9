//! The keys that a server's tickets are sealed with: they rotate, and many servers can share them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use portunus_x509::UnixTime;
use zeroize::Zeroizing;

use super::tickets::TicketContent;
use crate::crypto::aead::TicketKey;
use crate::crypto::secret::Secret;
use crate::crypto::{CryptoFailed, random};
use crate::limits::{MAX_TICKET, TICKET_LIFETIME};
use crate::wire::{Malformed, Problem, Reader};

const NAME: usize = 16;
const KEY: usize = 32;
const NONCE: usize = 12;
/// The layout of exported keys; another number is another layout.
const EXPORT_LAYOUT: u8 = 1;
const EXPORTED_KEY: usize = NAME + KEY + 8;
/// The keys of a lifetime are five; the rest is for servers that make theirs apart, and for clocks that jump about.
const MAX_KEYS: usize = 16;
/// By how many seconds another server's clock may be ahead.
const MAX_CLOCK_SKEW: i64 = 60;

struct NamedKey {
    name: [u8; NAME],
    key: TicketKey,
    /// What the key was made from, for other servers.
    secret: Secret,
    made: i64,
}

/// The keys of a server's tickets. The newest seals; older ones open until the tickets that they sealed are past their life. Many
/// configurations may share them: each ticket is bound to what it was issued for. Servers that share them too give each other what
/// [`Tickets::export`] gives, after each [rotation](Tickets::ROTATION) at the latest.
pub struct Tickets(Mutex<Vec<Arc<NamedKey>>>);

/// What should be exported ticket keys is not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnusableTicketKeys {
    /// It cannot be read.
    #[error("the ticket keys cannot be read: {0}")]
    Malformed(#[from] Malformed),
    /// The cryptographic library refused a key.
    #[error("a ticket key cannot be used")]
    Refused,
}

impl Tickets {
    /// How long a key seals new tickets, in seconds: four keys a lifetime.
    pub const ROTATION: i64 = 6 * 3600;

    /// Tickets under a fresh key.
    ///
    /// # Errors
    /// `None` of the peer's doing: the random generator failed.
    pub fn new(now: UnixTime) -> Result<Self, crate::error::Internal> {
        let key = NamedKey::generate(now.0).map_err(|_| crate::error::Internal::Crypto)?;
        Ok(Self(Mutex::new(vec![Arc::new(key)])))
    }

    /// All keys, for servers that are to open each other's tickets. Whoever has them opens all tickets, takes part in sessions, and reads recorded
    /// connections of TLS 1.2 and early data: they are to travel and lie as private keys do.
    pub fn export(&self, now: UnixTime) -> Zeroizing<Vec<u8>> {
        let mut keys = self.keys();
        forget(&mut keys, now.0);
        // In its full length at once: growing would leave copies behind.
        let mut exported = Zeroizing::new(Vec::with_capacity(
            keys.len().saturating_mul(EXPORTED_KEY).saturating_add(1),
        ));
        exported.push(EXPORT_LAYOUT);
        for key in keys.iter() {
            exported.extend_from_slice(&key.name);
            exported.extend_from_slice(key.secret.as_ref());
            exported.extend_from_slice(&key.made.to_be_bytes());
        }
        exported
    }

    /// Adds the keys of another server, but for those that are past their life, or from a clock that is far ahead. The newest of all seals from now on.
    ///
    /// # Errors
    /// [`UnusableTicketKeys`] when it is not what [`Tickets::export`] gave; then nothing has changed.
    pub fn import(&self, exported: &[u8], now: UnixTime) -> Result<(), UnusableTicketKeys> {
        let imported = read_keys(exported)?;
        let mut keys = self.keys();
        let is_ahead = |key: &NamedKey| key.made.saturating_sub(now.0) > MAX_CLOCK_SKEW;
        let is_new = |key: &NamedKey| !is_ahead(key) && !keys.iter().any(|ours| ours.name == key.name);
        let new: Vec<_> = imported.into_iter().filter(is_new).map(Arc::new).collect();
        keys.extend(new);
        forget(&mut keys, now.0);
        keys.sort_by_key(|key| key.made);
        let too_many = keys.len().saturating_sub(MAX_KEYS);
        keys.drain(..too_many);
        Ok(())
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
    let is_fresh = |key: &&Arc<NamedKey>| (-MAX_CLOCK_SKEW..Tickets::ROTATION).contains(&now.saturating_sub(key.made));
    if let Some(fresh) = keys.iter().rfind(is_fresh) {
        return Ok(fresh.clone());
    }
    forget(keys, now);
    // A clock that jumps about must not pile up keys.
    if keys.len() >= MAX_KEYS {
        keys.remove(0);
    }
    let key = Arc::new(NamedKey::generate(now)?);
    keys.push(key.clone());
    Ok(key)
}

/// Drops the keys all of whose tickets are past their life.
fn forget(keys: &mut Vec<Arc<NamedKey>>, now: i64) {
    keys.retain(|key| now.saturating_sub(key.made) <= Tickets::ROTATION + i64::from(TICKET_LIFETIME));
}

impl NamedKey {
    fn generate(now: i64) -> Result<Self, CryptoFailed> {
        Self::new(random::array()?, Secret::filled(KEY, random::fill)?, now)
    }

    fn new(name: [u8; NAME], secret: Secret, made: i64) -> Result<Self, CryptoFailed> {
        Ok(Self {
            name,
            key: TicketKey::new(secret.as_ref())?,
            secret,
            made,
        })
    }
}

/// What [`Tickets::export`] wrote.
fn read_keys(exported: &[u8]) -> Result<Vec<NamedKey>, UnusableTicketKeys> {
    let mut r = Reader::new("TicketKeys", exported);
    let layout = r.u8("layout")?;
    if layout != EXPORT_LAYOUT {
        return Err(r.fault("layout", Problem::Value(u32::from(layout))).into());
    }
    let (length, at_most) = (exported.len(), 1 + MAX_KEYS * EXPORTED_KEY);
    if length > at_most {
        let at_least = 0;
        return Err(r
            .fault(
                "keys",
                Problem::Length {
                    length,
                    at_least,
                    at_most,
                },
            )
            .into());
    }
    let mut keys = Vec::new();
    while !r.is_empty() {
        let name = *r.array::<NAME>("name")?;
        let key = r.array::<KEY>("key")?;
        let secret = Secret::filled(KEY, |out| {
            out.copy_from_slice(key);
            Ok::<_, Malformed>(())
        })?;
        let made = i64::from_be_bytes(*r.array::<8>("made")?);
        keys.push(NamedKey::new(name, secret, made).map_err(|_| UnusableTicketKeys::Refused)?);
    }
    Ok(keys)
}

impl std::fmt::Debug for Tickets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tickets(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::CipherSuite;

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

    #[test]
    fn a_clock_that_jumps_about_piles_up_no_keys() {
        let mut keys = vec![Arc::new(NamedKey::generate(0).unwrap())];
        for jump in 0..100 {
            let made = keys[keys.len() - 1].made;
            rotate(&mut keys, made - 1 - MAX_CLOCK_SKEW).unwrap();
            assert!(keys.len() <= 16, "{jump}");
        }
    }

    fn content(now: UnixTime) -> TicketContent {
        TicketContent {
            cipher_suite: CipherSuite::TLS_AES_128_GCM_SHA256,
            issued: now,
            authenticated: now,
            secret: Secret::filled(32, |_| Ok::<_, CryptoFailed>(())).unwrap(),
            extended_main_secret: true,
            server_name: Vec::new(),
            certificate: None,
            binding: [0; 32],
            not_after: None,
            early_data: None,
            chain: Vec::new(),
        }
    }

    #[test]
    fn servers_that_exchange_their_keys_open_each_other_s_tickets() {
        let (early, late) = (UnixTime(100), UnixTime(200));
        let [first, second] = [early, late].map(|now| Tickets::new(now).unwrap());
        let of_first = first.seal(&content(late), late).unwrap().unwrap();
        assert!(second.open(&of_first, late).is_none());
        for _ in 0..2 {
            second.import(&first.export(late), late).unwrap();
            first.import(&second.export(late), late).unwrap();
        }
        assert!(second.open(&of_first, late).is_some());
        // Both seal with the newest now, and none is there twice.
        let [a, b] = [&first, &second].map(|tickets| tickets.seal(&content(late), late).unwrap().unwrap());
        assert_eq!(a[..NAME], b[..NAME]);
        assert_eq!(names(&first.keys()), names(&second.keys()));
        assert_eq!(first.keys().len(), 2);
        // A clock that is a little behind makes no key of its own.
        first.seal(&content(late), UnixTime(late.0 - MAX_CLOCK_SKEW)).unwrap();
        assert_eq!(first.keys().len(), 2);
    }

    #[test]
    fn what_is_no_export_changes_nothing() {
        let now = UnixTime(100);
        let tickets = Tickets::new(now).unwrap();
        let exported = tickets.export(now);
        for length in 0..exported.len() {
            // The layout alone is an export of no key.
            assert_eq!(
                tickets.import(&exported[..length], now).is_ok(),
                length == 1,
                "{length}"
            );
        }
        let mut other = exported.to_vec();
        other[0] = 0;
        tickets.import(&other, now).unwrap_err();
        let too_many = [&exported[..1], &exported[1..].repeat(MAX_KEYS + 1)].concat();
        tickets.import(&too_many, now).unwrap_err();
        assert_eq!(tickets.keys().len(), 1);
    }

    #[test]
    fn a_key_past_its_life_or_of_a_clock_that_is_ahead_is_not_taken() {
        let life = Tickets::ROTATION + i64::from(TICKET_LIFETIME);
        let (born, dead) = (UnixTime(100), UnixTime(101 + life));
        let old = Tickets::new(born).unwrap().export(born);
        let tickets = Tickets::new(dead).unwrap();
        tickets.import(&old, dead).unwrap();
        assert_eq!(tickets.keys().len(), 1, "past its life");
        let ahead = UnixTime(dead.0 + MAX_CLOCK_SKEW + 1);
        let future = Tickets::new(ahead).unwrap().export(ahead);
        tickets.import(&future, dead).unwrap();
        assert_eq!(tickets.keys().len(), 1, "ahead");
        // What is forgotten does not go out either.
        assert_eq!(tickets.export(UnixTime(dead.0 + life + 1)).len(), 1);
    }

    #[test]
    fn the_keys_of_many_servers_are_bounded() {
        let now = UnixTime(100);
        let tickets = Tickets::new(now).unwrap();
        for made in 0..40 {
            let made = UnixTime(made);
            tickets.import(&Tickets::new(made).unwrap().export(made), now).unwrap();
        }
        assert_eq!(tickets.keys().len(), MAX_KEYS);
        let newest = tickets.keys().last().map(|key| key.made);
        assert_eq!(newest, Some(now.0));
    }
}

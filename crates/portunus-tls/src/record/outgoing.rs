//! Sealing: content goes from the caller's slice straight into the outgoing bytes.

use crate::crypto::CryptoFailed;
use crate::crypto::aead::{RecordKey, TAG_LENGTH};
use crate::limits::USUAL_FLIGHT;
use crate::wire::ContentType;

const HEADER: usize = 5;
/// The most content in one record (RFC 9846 section 5.1).
pub(crate) const MAX_FRAGMENT: usize = 1 << 14;

/// The outgoing bytes and the writing side's protection. The buffer is zeroed once when it grows, not for each record.
#[derive(Default)]
pub(crate) struct Outgoing {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    key: Option<RecordKey>,
    /// The first record, an initial ClientHello, says 0x0301 for old servers' sake (RFC 9846 section 5.1).
    initial: bool,
}

impl Outgoing {
    pub(crate) fn new(initial_hello: bool) -> Self {
        Self {
            initial: initial_hello,
            ..Self::default()
        }
    }

    /// From here on under the key that `install` puts in its place.
    pub(crate) fn install(
        &mut self,
        install: impl FnOnce(&mut Option<RecordKey>) -> Result<(), CryptoFailed>,
    ) -> Result<(), CryptoFailed> {
        install(&mut self.key)
    }

    pub(crate) fn is_protected(&self) -> bool {
        self.key.is_some()
    }

    /// Whether the present key has protected as many records as it should (RFC 9846 section 5.5).
    pub(crate) fn is_worn(&self) -> bool {
        self.key.as_ref().is_some_and(|key| key.is_worn())
    }

    /// Seals one record; `content` is at most [`MAX_FRAGMENT`] bytes. Gives the record's bytes on the wire.
    pub(crate) fn seal(&mut self, content_type: ContentType, content: &[u8]) -> Result<usize, CryptoFailed> {
        if content.len() > MAX_FRAGMENT {
            return Err(CryptoFailed);
        }
        let (outer, overhead) = match &self.key {
            Some(_) => (ContentType::APPLICATION_DATA, 1 + TAG_LENGTH),
            None => (content_type, 0),
        };
        let fragment = content.len() + overhead;
        let [high, low] = u16::try_from(fragment).map_err(|_| CryptoFailed)?.to_be_bytes();
        let minor = if std::mem::take(&mut self.initial) { 1 } else { 3 };
        let header = [outer.0, 3, minor, high, low];
        let wire = HEADER + fragment;
        self.reserve(wire);
        let (room, key) = (self.bytes.get_mut(self.end..).unwrap_or_default(), &mut self.key);
        let (head, rest) = room.split_first_chunk_mut::<HEADER>().ok_or(CryptoFailed)?;
        *head = header;
        let body = rest.get_mut(..fragment).ok_or(CryptoFailed)?;
        match key {
            None => body.copy_from_slice(content),
            Some(key) => key.seal(&header, content, content_type.0, body)?,
        }
        self.end += wire;
        Ok(wire)
    }

    /// A change_cipher_spec for middleboxes' sake; never protected (RFC 9846 section 5).
    pub(crate) fn change_cipher_spec(&mut self) {
        const RECORD: [u8; 6] = [ContentType::CHANGE_CIPHER_SPEC.0, 3, 3, 0, 1, 1];
        self.reserve(RECORD.len());
        if let Some(room) = self.bytes.get_mut(self.end..).and_then(|room| room.first_chunk_mut()) {
            *room = RECORD;
            self.end += RECORD.len();
        }
    }

    /// Makes room for `count` bytes more: what was taken goes first, then the buffer grows.
    pub(crate) fn reserve(&mut self, count: usize) {
        if self.bytes.len().saturating_sub(self.end) >= count {
            return;
        }
        if self.start > 0 {
            self.bytes.copy_within(self.start..self.end, 0);
            self.end = self.end.saturating_sub(self.start);
            self.start = 0;
        }
        // A flight's records follow each other: the first makes room for most.
        let wanted = self.end.saturating_add(count).max(USUAL_FLIGHT);
        if wanted > self.bytes.len() {
            self.bytes.reserve_exact(wanted - self.bytes.len());
            self.bytes.resize(wanted, 0);
        }
    }

    /// What waits for the transport.
    pub(crate) fn pending(&self) -> &[u8] {
        self.bytes.get(self.start..self.end).unwrap_or_default()
    }

    /// The transport took `count` bytes.
    pub(crate) fn taken(&mut self, count: usize) {
        self.start = self.start.saturating_add(count).min(self.end);
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
        }
    }

    /// Gives the buffer back when it is empty.
    pub(crate) fn release(&mut self) -> Vec<u8> {
        if self.start < self.end {
            return Vec::new();
        }
        self.start = 0;
        self.end = 0;
        std::mem::take(&mut self.bytes)
    }

    /// Uses this buffer where it has none.
    pub(crate) fn reuse(&mut self, buffer: &mut Vec<u8>) {
        if self.bytes.is_empty() {
            std::mem::swap(&mut self.bytes, buffer);
        }
    }

    pub(crate) fn wipe(&mut self) {
        self.key = None;
    }
}

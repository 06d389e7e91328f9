//! Sealing: content goes from the caller's slice straight into the outgoing bytes.

use super::padding::Padding;
use super::protection::Protection;
use crate::crypto::CryptoFailed;
use crate::limits::USUAL_FLIGHT;
use crate::wire::ContentType;

const HEADER: usize = 5;
/// The most content in one record (RFC 9846 section 5.1).
pub(crate) const MAX_FRAGMENT: usize = 1 << 14;

/// The outgoing bytes and the writing side's protection. The buffer is zeroed once when it grows, not for each record.
pub(crate) struct Outgoing {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    protection: Option<Protection>,
    /// The most content of a protected record.
    max_content: usize,
    /// How those of TLS 1.3 are padded.
    padding: Padding,
    /// The first record, an initial ClientHello, says 0x0301 for old servers' sake (RFC 9846 section 5.1).
    initial: bool,
}

impl Outgoing {
    pub(crate) fn new(initial_hello: bool) -> Self {
        Self {
            bytes: Vec::new(),
            start: 0,
            end: 0,
            protection: None,
            max_content: MAX_FRAGMENT,
            padding: Padding::Nothing,
            initial: initial_hello,
        }
    }

    /// From here on protected records hold no more than that.
    pub(crate) fn limit(&mut self, max_content: usize) {
        self.max_content = max_content;
    }

    /// From here on protected records of TLS 1.3 are padded so.
    pub(crate) fn pad(&mut self, padding: Padding) {
        self.padding = padding;
    }

    /// The most content of the next record. What is not protected has no limit but the protocol's (RFC 8449 section 4).
    pub(crate) fn max_fragment(&self) -> usize {
        if self.is_protected() {
            self.max_content
        } else {
            MAX_FRAGMENT
        }
    }

    /// From here on under the key that `install` puts in its place.
    pub(crate) fn install(
        &mut self,
        install: impl FnOnce(&mut Option<Protection>) -> Result<(), CryptoFailed>,
    ) -> Result<(), CryptoFailed> {
        install(&mut self.protection)
    }

    pub(crate) fn is_protected(&self) -> bool {
        self.protection.is_some()
    }

    /// The type that a record of this content shows.
    pub(crate) fn outer(&self, content_type: ContentType) -> ContentType {
        self.protection
            .as_ref()
            .map_or(content_type, |protection| protection.outer(content_type))
    }

    /// Bytes on the wire that a record has more than its content.
    pub(crate) fn overhead(&self) -> usize {
        HEADER + self.protection.as_ref().map_or(0, Protection::overhead)
    }

    /// Whether the present key has protected as many records as it should (RFC 9846 section 5.5).
    pub(crate) fn is_worn(&self) -> bool {
        self.protection.as_ref().is_some_and(Protection::is_worn)
    }

    /// Seals one record; `content` is at most [`Outgoing::max_fragment`] bytes. Gives the record's bytes on the wire.
    pub(crate) fn seal(&mut self, content_type: ContentType, content: &[u8]) -> Result<usize, CryptoFailed> {
        if content.len() > self.max_fragment() {
            return Err(CryptoFailed);
        }
        let padded = match &self.protection {
            Some(protection) if protection.can_pad() => {
                self.padding.padded(content_type, content.len(), self.max_content)
            }
            _ => content.len(),
        };
        let wire = padded + self.overhead();
        let fragment = wire - HEADER;
        let [high, low] = u16::try_from(fragment).map_err(|_| CryptoFailed)?.to_be_bytes();
        let minor = if std::mem::take(&mut self.initial) { 1 } else { 3 };
        let header = [self.outer(content_type).0, 3, minor, high, low];
        self.reserve(wire);
        let room = self.bytes.get_mut(self.end..).unwrap_or_default();
        let (head, rest) = room.split_first_chunk_mut::<HEADER>().ok_or(CryptoFailed)?;
        *head = header;
        let body = rest.get_mut(..fragment).ok_or(CryptoFailed)?;
        match &mut self.protection {
            None => body.copy_from_slice(content),
            Some(protection) => protection.seal(&header, content_type, content, body)?,
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
        self.protection = None;
    }
}

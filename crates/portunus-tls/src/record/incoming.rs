//! The bytes that came from the transport, and the records in them.

use std::ops::Range;

use crate::error::{Error, PeerFault};
use crate::limits::{MAX_INCOMING, MIN_INCOMING};
use crate::wire::{ContentType, ProtocolVersion};

const HEADER: usize = 5;
/// The most that a protected record may hold (RFC 9846 section 5.2).
const MAX_CIPHERTEXT: usize = (1 << 14) + 256;
/// The most that a plaintext record may hold (RFC 9846 section 5.1).
const MAX_PLAINTEXT: usize = 1 << 14;

/// A whole record in the incoming bytes.
pub(crate) struct Record {
    pub(crate) content_type: ContentType,
    pub(crate) header: [u8; HEADER],
    /// Where its fragment lies.
    pub(crate) fragment: Range<usize>,
}

/// The incoming buffer: the transport writes at its end, records are taken from its start.
#[derive(Default)]
pub(crate) struct Incoming {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    saw_tls: bool,
    /// What each record has to say of its version, once one is agreed that still means it.
    version: Option<ProtocolVersion>,
}

impl Incoming {
    /// From here on each record has to be of this version.
    #[cfg(feature = "tls12")]
    pub(crate) fn expect_version(&mut self, version: ProtocolVersion) {
        self.version = Some(version);
    }

    /// Room for the transport to write to; at least as much as completes the record that is under way.
    pub(crate) fn space(&mut self) -> &mut [u8] {
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
        }
        let wanted = self
            .start
            .saturating_add(self.record_length().unwrap_or(1))
            .max(MIN_INCOMING);
        if wanted > self.bytes.len() || self.end == self.bytes.len() {
            // Move what is left to the front before growing.
            self.bytes.copy_within(self.start..self.end, 0);
            self.end = self.end.saturating_sub(self.start);
            self.start = 0;
            let wanted = self.record_length().unwrap_or(1).max(MIN_INCOMING);
            // A buffer that the transport filled to its end is doubled: there is more to come.
            let doubled = if self.end == self.bytes.len() {
                self.bytes.len().saturating_mul(2)
            } else {
                0
            };
            let length = doubled.min(MAX_INCOMING).max(wanted).max(self.bytes.len());
            if length > self.bytes.len() {
                self.bytes.reserve_exact(length - self.bytes.len());
                self.bytes.resize(length, 0);
            }
        }
        self.bytes.get_mut(self.end..).unwrap_or_default()
    }

    /// The transport wrote `count` bytes to [`Incoming::space`].
    pub(crate) fn filled(&mut self, count: usize) {
        self.end = self.end.saturating_add(count).min(self.bytes.len());
    }

    /// The whole length of the record under way, header among it, once its header is there.
    fn record_length(&self) -> Option<usize> {
        let header = self.bytes.get(self.start..self.end)?.first_chunk::<HEADER>()?;
        let [_, _, _, high, low] = *header;
        Some(HEADER + usize::from(u16::from_be_bytes([high, low])).min(MAX_CIPHERTEXT))
    }

    /// Takes the next whole record; `None` when bytes are missing. A header that cannot be one is refused before the body comes. Where records are
    /// `protected`, one of any type may be as long as protection makes it.
    pub(crate) fn next_record(&mut self, protected: bool) -> Result<Option<Record>, Error> {
        let Some(available) = self.bytes.get(self.start..self.end) else {
            return Ok(None);
        };
        let Some((header, rest)) = available.split_first_chunk::<HEADER>() else {
            return Ok(None);
        };
        let [content_type, major, minor, high, low] = *header;
        let content_type = ContentType(content_type);
        let known = (ContentType::CHANGE_CIPHER_SPEC.0..=ContentType::APPLICATION_DATA.0).contains(&content_type.0);
        if !self.saw_tls && (!known || major != 3) {
            return Err(Error::NotTls { first: *header });
        }
        if !known {
            return Err(Error::UnexpectedRecord { got: content_type });
        }
        self.saw_tls = true;
        let version = ProtocolVersion(u16::from_be_bytes([major, minor]));
        if self.version.is_some_and(|expected| expected != version) {
            return Err(PeerFault::RecordVersion.into());
        }
        let length = usize::from(u16::from_be_bytes([high, low]));
        // Without keys such a record is skipped or refused, whatever its length.
        let limit = if protected || content_type == ContentType::APPLICATION_DATA {
            MAX_CIPHERTEXT
        } else {
            MAX_PLAINTEXT
        };
        if length > limit {
            return Err(PeerFault::RecordOverflow.into());
        }
        if rest.len() < length {
            return Ok(None);
        }
        let fragment_start = self.start.saturating_add(HEADER);
        let fragment = fragment_start..fragment_start.saturating_add(length);
        self.start = fragment.end;
        Ok(Some(Record {
            content_type,
            header: *header,
            fragment,
        }))
    }

    /// The bytes of a record, until the next call of [`Incoming::space`].
    pub(crate) fn fragment(&mut self, range: Range<usize>) -> &mut [u8] {
        self.bytes.get_mut(range).unwrap_or_default()
    }

    /// The bytes of a record that was opened.
    pub(crate) fn opened(&self, range: Range<usize>) -> &[u8] {
        self.bytes.get(range).unwrap_or_default()
    }

    /// Whether there is no buffer.
    pub(crate) fn is_released(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The first bytes of a new buffer.
    pub(crate) fn begin(&mut self, first: &[u8]) {
        if let Some(space) = self.space().get_mut(..first.len()) {
            space.copy_from_slice(first);
            self.filled(first.len());
        }
    }

    /// Gives the buffer back when it is empty.
    pub(crate) fn release(&mut self) {
        if self.start == self.end && !self.bytes.is_empty() {
            self.bytes = Vec::new();
            self.start = 0;
            self.end = 0;
        }
    }
}

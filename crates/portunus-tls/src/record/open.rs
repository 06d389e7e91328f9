//! Opening records: one direction's keys, and what is inside (RFC 9846 section 5.2).

use std::ops::Range;

use super::incoming::{Incoming, Record};
use super::outgoing::MAX_FRAGMENT;
use super::protection::Protection;
use crate::crypto::CryptoFailed;
use crate::error::PeerFault;
use crate::wire::ContentType;

/// The content of a record.
pub(crate) struct Content {
    pub(crate) content_type: ContentType,
    /// Where it lies in the incoming bytes.
    pub(crate) range: Range<usize>,
    /// Whether it was protected.
    pub(crate) protected: bool,
}

/// Where a record's content went.
pub(crate) enum OpenedInto {
    /// Application data, this many bytes, in the reader's buffer.
    Reader(usize),
    /// Something else, left where the record lay.
    Place(Content),
}

/// The reading side's protection.
pub(crate) struct Opener {
    protection: Option<Protection>,
    /// The most content of a protected record.
    max_content: usize,
    /// Whether a record was opened under the present key.
    used: bool,
}

impl Default for Opener {
    fn default() -> Self {
        Self {
            protection: None,
            max_content: MAX_FRAGMENT,
            used: false,
        }
    }
}

impl Opener {
    /// From here on protected records hold no more than that.
    pub(crate) fn limit(&mut self, max_content: usize) {
        self.max_content = max_content;
    }

    /// From here on under the key that `install` puts in its place.
    pub(crate) fn install(
        &mut self,
        install: impl FnOnce(&mut Option<Protection>) -> Result<(), CryptoFailed>,
    ) -> Result<(), CryptoFailed> {
        self.used = false;
        install(&mut self.protection)
    }

    pub(crate) fn protection(&self) -> Option<&Protection> {
        self.protection.as_ref()
    }

    /// Whether a record was opened under the present key: from then on plaintext is no mistake but an attack.
    pub(crate) fn is_used(&self) -> bool {
        self.used
    }

    pub(crate) fn wipe(&mut self) {
        self.protection = None;
    }

    /// Opens a record where it lies.
    pub(crate) fn open(&mut self, record: &Record, incoming: &mut Incoming) -> Result<Content, PeerFault> {
        let Some(protection) = &mut self.protection else {
            return Ok(Content {
                content_type: record.content_type,
                range: record.fragment.clone(),
                protected: false,
            });
        };
        let (content_type, range) =
            protection.open(record, incoming.fragment(record.fragment.clone()), self.max_content)?;
        self.used = true;
        let start = record.fragment.start;
        Ok(Content {
            content_type,
            range: start.saturating_add(range.start)..start.saturating_add(range.end),
            protected: true,
        })
    }

    /// Opens a record straight into the reader's buffer when it fits there; what is no application data is moved to its place.
    pub(crate) fn open_into(
        &mut self,
        record: &Record,
        incoming: &mut Incoming,
        out: &mut [u8],
    ) -> Result<OpenedInto, PeerFault> {
        let room = self
            .protection()
            .and_then(|protection| protection.room_to_open_into(record));
        let out = room.and_then(|room| out.get_mut(..room));
        let (Some(protection), Some(out)) = (&mut self.protection, out) else {
            return Ok(OpenedInto::Place(self.open(record, incoming)?));
        };
        let fragment = incoming.fragment(record.fragment.clone());
        let (content_type, length) = protection.open_into(record, fragment, out, self.max_content)?;
        self.used = true;
        if content_type == ContentType::APPLICATION_DATA {
            return Ok(OpenedInto::Reader(length));
        }
        if let (Some(place), Some(content)) = (fragment.get_mut(..length), out.get(..length)) {
            place.copy_from_slice(content);
        }
        let start = record.fragment.start;
        Ok(OpenedInto::Place(Content {
            content_type,
            range: start..start.saturating_add(length),
            protected: true,
        }))
    }
}

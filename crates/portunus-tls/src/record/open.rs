//! Opening records: one direction's keys, and what is inside (RFC 9846 section 5.2).

use std::ops::Range;

use super::incoming::{Incoming, Record};
use crate::crypto::CryptoFailed;
use crate::crypto::aead::{RecordKey, TAG_LENGTH};
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
#[derive(Default)]
pub(crate) struct Opener {
    key: Option<RecordKey>,
    /// Whether a record was opened under the present key.
    used: bool,
}

impl Opener {
    /// From here on under the key that `install` puts in its place.
    pub(crate) fn install(
        &mut self,
        install: impl FnOnce(&mut Option<RecordKey>) -> Result<(), CryptoFailed>,
    ) -> Result<(), CryptoFailed> {
        self.used = false;
        install(&mut self.key)
    }

    pub(crate) fn is_protected(&self) -> bool {
        self.key.is_some()
    }

    /// Whether a record was opened under the present key: from then on plaintext is no mistake but an attack.
    pub(crate) fn is_used(&self) -> bool {
        self.used
    }

    pub(crate) fn wipe(&mut self) {
        self.key = None;
    }

    /// Opens a record where it lies.
    pub(crate) fn open(&mut self, record: &Record, incoming: &mut Incoming) -> Result<Content, PeerFault> {
        let Some(key) = &mut self.key else {
            return Ok(Content {
                content_type: record.content_type,
                range: record.fragment.clone(),
                protected: false,
            });
        };
        let fragment = incoming.fragment(record.fragment.clone());
        let length = key
            .open(&record.header, fragment)
            .map_err(|_| PeerFault::BadRecordMac)?;
        self.used = true;
        let plaintext = fragment.get(..length).unwrap_or_default();
        let (content_type, length) = inner_content(plaintext)?;
        let start = record.fragment.start;
        Ok(Content {
            content_type,
            range: start..start.saturating_add(length),
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
        let ciphertext = record.fragment.len().saturating_sub(TAG_LENGTH);
        let (Some(key), Some(out)) = (&mut self.key, out.get_mut(..ciphertext)) else {
            return Ok(OpenedInto::Place(self.open(record, incoming)?));
        };
        let fragment = incoming.fragment(record.fragment.clone());
        key.open_into(&record.header, fragment, out)
            .map_err(|_| PeerFault::BadRecordMac)?;
        self.used = true;
        let (content_type, length) = inner_content(out)?;
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

/// `TLSInnerPlaintext`: content, its type, zeros (RFC 9846 section 5.4). Gives the type and the content's length.
fn inner_content(plaintext: &[u8]) -> Result<(ContentType, usize), PeerFault> {
    const MAX_INNER: usize = (1 << 14) + 1;
    if plaintext.len() > MAX_INNER {
        return Err(PeerFault::RecordOverflow);
    }
    let position = plaintext
        .iter()
        .rposition(|byte| *byte != 0)
        .ok_or(PeerFault::NoContentType)?;
    let content_type = plaintext.get(position).copied().ok_or(PeerFault::NoContentType)?;
    Ok((ContentType(content_type), position))
}

//! One direction's record protection, in the form of either version.

use std::ops::Range;

use super::incoming::Record;
use crate::crypto::CryptoFailed;
use crate::crypto::aead::{RecordKey, TAG_LENGTH};
#[cfg(feature = "tls12")]
use crate::crypto::tls12;
use crate::error::PeerFault;
use crate::wire::ContentType;

/// A key, and how it is used.
pub(crate) enum Protection {
    /// The content's type is sealed with it; every record looks like application data (RFC 9846 section 5.2).
    Tls13(RecordKey),
    /// The content's type is seen (RFC 5246 section 6.2.3.3).
    #[cfg(feature = "tls12")]
    Tls12(tls12::RecordKey),
}

impl Protection {
    /// Puts it into `place`, where it stays; `fill_iv` then fills in its IV, of which no copy is left anywhere.
    pub(crate) fn install(
        self,
        place: &mut Option<Self>,
        fill_iv: impl FnOnce(&mut [u8]) -> Result<(), CryptoFailed>,
    ) -> Result<(), CryptoFailed> {
        let iv = match place.insert(self) {
            Self::Tls13(key) => key.iv(),
            #[cfg(feature = "tls12")]
            Self::Tls12(key) => key.iv(),
        };
        fill_iv(iv).inspect_err(|_| *place = None)
    }

    /// Whether a record's type is sealed with its content.
    pub(crate) fn hides_type(&self) -> bool {
        match self {
            Self::Tls13(_) => true,
            #[cfg(feature = "tls12")]
            Self::Tls12(_) => false,
        }
    }

    /// The type that a record shows.
    pub(crate) fn outer(&self, content_type: ContentType) -> ContentType {
        if self.hides_type() {
            ContentType::APPLICATION_DATA
        } else {
            content_type
        }
    }

    /// Whether there may be padding after the content.
    pub(crate) fn can_pad(&self) -> bool {
        self.hides_type()
    }

    /// Bytes that a fragment has more than its content and padding.
    pub(crate) fn overhead(&self) -> usize {
        match self {
            Self::Tls13(_) => 1 + TAG_LENGTH,
            #[cfg(feature = "tls12")]
            Self::Tls12(key) => key.overhead(),
        }
    }

    /// Whether the key has protected as many records as it should.
    pub(crate) fn is_worn(&self) -> bool {
        match self {
            Self::Tls13(key) => key.is_worn(),
            #[cfg(feature = "tls12")]
            Self::Tls12(key) => key.is_worn(),
        }
    }

    /// Seals `content` into `out`, [`Protection::overhead`] bytes longer, and longer still where it is padded.
    pub(crate) fn seal(
        &mut self,
        header: &[u8; 5],
        content_type: ContentType,
        content: &[u8],
        out: &mut [u8],
    ) -> Result<(), CryptoFailed> {
        match self {
            Self::Tls13(key) => key.seal(header, content, content_type.0, out),
            #[cfg(feature = "tls12")]
            Self::Tls12(key) => key.seal(header, content, out),
        }
    }

    /// Opens a record where it lies; gives the content's type, and where in the fragment it lies. There may be `max_content` bytes of it.
    pub(super) fn open(
        &mut self,
        record: &Record,
        fragment: &mut [u8],
        max_content: usize,
    ) -> Result<(ContentType, Range<usize>), PeerFault> {
        let bad_mac = |_| PeerFault::BadRecordMac;
        match self {
            Self::Tls13(key) => {
                let length = key.open(&record.header, fragment).map_err(bad_mac)?;
                let (content_type, length) = inner_content(fragment.get(..length).unwrap_or_default(), max_content)?;
                Ok((content_type, 0..length))
            }
            #[cfg(feature = "tls12")]
            Self::Tls12(key) => {
                let range = key.open(&record.header, fragment).map_err(bad_mac)?;
                check_length(range.len(), max_content)?;
                Ok((record.content_type, range))
            }
        }
    }

    /// Bytes that opening a fragment of this length straight into a buffer writes there; `None` where it has to be opened where it lies.
    pub(super) fn room_to_open_into(&self, record: &Record) -> Option<usize> {
        let length = record.fragment.len();
        match self {
            Self::Tls13(_) => Some(length.saturating_sub(TAG_LENGTH)),
            #[cfg(feature = "tls12")]
            Self::Tls12(key) if record.content_type == ContentType::APPLICATION_DATA => {
                Some(length.saturating_sub(key.overhead()))
            }
            #[cfg(feature = "tls12")]
            Self::Tls12(_) => None,
        }
    }

    /// Opens a record into `out`, of [`Protection::room_to_open_into`] bytes; gives the content's type and length.
    pub(super) fn open_into(
        &mut self,
        record: &Record,
        fragment: &[u8],
        out: &mut [u8],
        max_content: usize,
    ) -> Result<(ContentType, usize), PeerFault> {
        let bad_mac = |_| PeerFault::BadRecordMac;
        match self {
            Self::Tls13(key) => {
                key.open_into(&record.header, fragment, out).map_err(bad_mac)?;
                inner_content(out, max_content)
            }
            #[cfg(feature = "tls12")]
            Self::Tls12(key) => {
                key.open_into(&record.header, fragment, out).map_err(bad_mac)?;
                check_length(out.len(), max_content)?;
                Ok((record.content_type, out.len()))
            }
        }
    }
}

#[cfg(feature = "tls12")]
fn check_length(content: usize, max_content: usize) -> Result<(), PeerFault> {
    if content > max_content {
        return Err(PeerFault::RecordOverflow);
    }
    Ok(())
}

/// `TLSInnerPlaintext`: content, its type, zeros (RFC 9846 section 5.4). Gives the type and the content's length.
fn inner_content(plaintext: &[u8], max_content: usize) -> Result<(ContentType, usize), PeerFault> {
    if plaintext.len().saturating_sub(1) > max_content {
        return Err(PeerFault::RecordOverflow);
    }
    let position = plaintext
        .iter()
        .rposition(|byte| *byte != 0)
        .ok_or(PeerFault::NoContentType)?;
    let content_type = plaintext.get(position).copied().ok_or(PeerFault::NoContentType)?;
    Ok((ContentType(content_type), position))
}

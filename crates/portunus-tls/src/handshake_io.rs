//! The one `Io` of a connection: both buffers, both directions' record keys, the handshake bytes under way, the observer.

use std::ops::Range;
use std::sync::Arc;

use crate::crypto::hash::HashAlgorithm;
use crate::crypto::secret::Secret;
use crate::error::{AlertReceived, Error, Limit, PeerFault, Phase};
use crate::limits::{
    MAX_CERTIFICATE_MESSAGE, MAX_CHANGE_CIPHER_SPECS, MAX_EMPTY_RECORDS, MAX_HANDSHAKE_BYTES, MAX_HANDSHAKE_MESSAGE,
    MAX_OUTGOING, MAX_WARNING_ALERTS,
};
use crate::observe::{Direction, Note, Observe};
use crate::record::incoming::{Incoming, Record};
use crate::record::joined::Joined;
use crate::record::open::{Content, OpenedInto, Opener};
use crate::record::outgoing::Outgoing;
use crate::session::early::EarlyOffer;
use crate::wire::Alert;
use crate::wire::Decode;
use crate::wire::{AlertDescription, AlertLevel, ContentType, HandshakeType};

/// What application data means now: set by the handshake, applied here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ApplicationData {
    /// It has no place here.
    Refuse,
    /// Early data that was sent unasked: records that do not open are skipped, up to this many bytes (RFC 9846 section 4.3.10).
    Skip { left: usize },
    /// Early data that is taken: it is lent to the reader, up to this many bytes.
    Early { left: usize },
    /// It is lent to the reader.
    Deliver,
}

/// What change_cipher_spec means now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChangeCipherSpec {
    /// It has no place here.
    Refuse,
    /// It means nothing (RFC 9846 section 5).
    Drop,
    /// It is what has to come next (RFC 5246 section 7.1).
    #[cfg(feature = "tls12")]
    Await,
}

/// What a warning alert means now, but for close_notify.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Warnings {
    /// It is an error as any other alert is (RFC 9846 section 6).
    Fatal,
    /// It is noted, and the connection goes on (RFC 5246 section 7.2): some servers send `unrecognized_name` first and then what was asked for.
    #[cfg(feature = "tls12")]
    Ignore,
}

/// What opening one record brought.
pub(crate) enum Opened {
    /// There is no whole record: the transport has to bring more.
    NeedsBytes,
    /// Something for the handshake, or nothing to tell.
    HandshakeBytes,
    /// Application data, in the incoming bytes.
    ApplicationData(Range<usize>),
    /// Application data, this many bytes, in the reader's buffer.
    Read(usize),
    /// The peer said close_notify.
    CloseNotify,
    /// The change_cipher_spec that was awaited.
    #[cfg(feature = "tls12")]
    ChangeCipherSpec,
}

/// A client's early data under way.
pub(crate) struct EarlyWriting {
    pub(crate) offer: EarlyOffer,
    pub(crate) written: usize,
    /// `early_exporter_secret`.
    pub(crate) exporter: Secret,
    pub(crate) hash: HashAlgorithm,
}

/// Counts of what a peer may repeat only so often.
#[derive(Default)]
struct Counts {
    empty_records: u32,
    change_cipher_specs: u32,
    warnings: u32,
    handshake_bytes: usize,
}

/// See the module.
pub(crate) struct Io {
    pub(crate) incoming: Incoming,
    pub(crate) outgoing: Outgoing,
    pub(crate) opener: Opener,
    pub(crate) observer: Option<Arc<dyn Observe>>,
    pub(crate) application_data: ApplicationData,
    pub(crate) change_cipher_spec: ChangeCipherSpec,
    pub(crate) warnings: Warnings,
    pub(crate) phase: Phase,
    /// Whether a fatal alert may still come in plaintext: a client that refuses our flight may do so before it has keys.
    pub(crate) plaintext_alerts: bool,
    /// Whether the handshake waits for bytes, not for a decision.
    pub(crate) needs_bytes: bool,
    /// As long as early data may be written.
    pub(crate) early_writing: Option<Box<EarlyWriting>>,
    /// Whether we said close_notify: nothing goes out any more (RFC 9846 section 6.1).
    pub(crate) closed: bool,
    /// Whether we asked for a KeyUpdate that has not come yet: a second request may not go out before (RFC 9846 section 4.7.3).
    pub(crate) key_update_asked: bool,
    /// Whether an answer to a KeyUpdate waits for the transport.
    pub(crate) answer_waits: bool,
    joined: Joined,
    counts: Counts,
    wiped: bool,
}

impl Io {
    pub(crate) fn new(initial_hello: bool, observer: Option<Arc<dyn Observe>>) -> Self {
        Self {
            incoming: Incoming::default(),
            outgoing: Outgoing::new(initial_hello),
            opener: Opener::default(),
            observer,
            application_data: ApplicationData::Refuse,
            change_cipher_spec: ChangeCipherSpec::Refuse,
            warnings: Warnings::Fatal,
            phase: Phase::Handshake,
            plaintext_alerts: false,
            needs_bytes: false,
            early_writing: None,
            closed: false,
            key_update_asked: false,
            answer_waits: false,
            wiped: false,
            joined: Joined::default(),
            counts: Counts::default(),
        }
    }

    pub(crate) fn note(&self, note: &Note<'_>) {
        if let Some(observer) = &self.observer {
            observer.note(note);
        }
    }

    #[cfg(feature = "tls12")]
    pub(crate) fn has_dropped_change_cipher_spec(&self) -> bool {
        self.counts.change_cipher_specs > 0
    }

    /// Whether no byte follows the last handshake message: keys may change here.
    pub(crate) fn is_aligned(&self) -> bool {
        self.joined.is_empty()
    }

    /// Takes the next whole handshake message, if it is one of `wanted`; anything else is refused at its first byte.
    pub(crate) fn next_message(&mut self, wanted: &'static [HandshakeType]) -> Result<Option<Vec<u8>>, Error> {
        let Some(&kind) = self.joined.bytes().first() else {
            return Ok(None);
        };
        let kind = HandshakeType(kind);
        if !wanted.contains(&kind) {
            return Err(Error::UnexpectedMessage { got: kind, wanted });
        }
        let Some(&[_, high, middle, low]) = self.joined.bytes().first_chunk::<4>() else {
            return Ok(None);
        };
        let length = usize::try_from(u32::from_be_bytes([0, high, middle, low])).unwrap_or(usize::MAX);
        let limit = if matches!(kind, HandshakeType::CERTIFICATE | HandshakeType::COMPRESSED_CERTIFICATE) {
            MAX_CERTIFICATE_MESSAGE
        } else {
            MAX_HANDSHAKE_MESSAGE
        };
        if length > limit {
            return Err(Limit::HandshakeMessage { kind, length }.into());
        }
        let whole = length.saturating_add(4);
        if self.joined.bytes().len() < whole {
            return Ok(None);
        }
        let bytes = self.joined.take(whole);
        self.note(&Note::Message {
            direction: Direction::Received,
            kind,
            bytes: &bytes,
        });
        Ok(Some(bytes))
    }

    /// Opens one record where it lies, never one ahead: a key change lies between records.
    pub(crate) fn open_one(&mut self) -> Result<Opened, Error> {
        let Some(record) = self.incoming.next_record(self.opener.protection().is_some())? else {
            return Ok(Opened::NeedsBytes);
        };
        if let Some(opened) = self.unprotected(&record)? {
            return Ok(opened);
        }
        match self.opener.open(&record, &mut self.incoming) {
            Ok(content) => self.content(&record, content),
            Err(PeerFault::BadRecordMac) => self.skip(&record, PeerFault::BadRecordMac.into()),
            Err(fault) => Err(fault.into()),
        }
    }

    /// As [`Io::open_one`], but application data that fits goes straight into the reader's buffer.
    pub(crate) fn open_one_into(&mut self, out: &mut [u8]) -> Result<Opened, Error> {
        let Some(record) = self.incoming.next_record(self.opener.protection().is_some())? else {
            return Ok(Opened::NeedsBytes);
        };
        if let Some(opened) = self.unprotected(&record)? {
            return Ok(opened);
        }
        match self.opener.open_into(&record, &mut self.incoming, out)? {
            OpenedInto::Place(content) => self.content(&record, content),
            OpenedInto::Reader(length) => {
                self.note_received(&record, ContentType::APPLICATION_DATA, length, true);
                if !self.joined.is_empty() {
                    return Err(PeerFault::Interleaved.into());
                }
                self.application_data(length)?;
                Ok(Opened::Read(length))
            }
        }
    }

    /// Records that are not what the present protection expects: change_cipher_spec, and plaintext where keys are in place.
    fn unprotected(&mut self, record: &Record) -> Result<Option<Opened>, Error> {
        if record.content_type == ContentType::CHANGE_CIPHER_SPEC {
            let is_one = self.incoming.opened(record.fragment.clone()) == [1];
            if self.change_cipher_spec == ChangeCipherSpec::Refuse || !is_one || !self.joined.is_empty() {
                return Err(PeerFault::BadChangeCipherSpec.into());
            }
            #[cfg(feature = "tls12")]
            if self.change_cipher_spec == ChangeCipherSpec::Await {
                self.change_cipher_spec = ChangeCipherSpec::Refuse;
                self.note_received(record, ContentType::CHANGE_CIPHER_SPEC, 1, false);
                return Ok(Some(Opened::ChangeCipherSpec));
            }
            self.counts.change_cipher_specs = self.counts.change_cipher_specs.saturating_add(1);
            if self.counts.change_cipher_specs > MAX_CHANGE_CIPHER_SPECS {
                return Err(Limit::ChangeCipherSpecs.into());
            }
            self.note_received(record, ContentType::CHANGE_CIPHER_SPEC, 1, false);
            return Ok(Some(Opened::HandshakeBytes));
        }
        let Some(protection) = self.opener.protection() else {
            if record.content_type == ContentType::APPLICATION_DATA {
                return self
                    .skip(
                        record,
                        Error::UnexpectedRecord {
                            got: record.content_type,
                        },
                    )
                    .map(Some);
            }
            return Ok(None);
        };
        if record.content_type == ContentType::APPLICATION_DATA || !protection.hides_type() {
            return Ok(None);
        }
        let may_be_alert = record.content_type == ContentType::ALERT && self.plaintext_alerts && !self.opener.is_used();
        if may_be_alert {
            let content = Content {
                content_type: ContentType::ALERT,
                range: record.fragment.clone(),
                protected: false,
            };
            return self.content(record, content).map(Some);
        }
        Err(Error::UnexpectedRecord {
            got: record.content_type,
        })
    }

    /// Drops a record of early data that nobody asked for, within the budget; otherwise the fault stands.
    fn skip(&mut self, record: &Record, fault: Error) -> Result<Opened, Error> {
        let ApplicationData::Skip { left } = self.application_data else {
            return Err(fault);
        };
        if !self.joined.is_empty() {
            return Err(PeerFault::Interleaved.into());
        }
        let wire = record.header.len().saturating_add(record.fragment.len());
        self.note_received(record, record.content_type, 0, false);
        let left = left.checked_sub(wire).ok_or(Limit::EarlyData)?;
        self.application_data = ApplicationData::Skip { left };
        Ok(Opened::HandshakeBytes)
    }

    fn content(&mut self, record: &Record, content: Content) -> Result<Opened, Error> {
        let Content {
            content_type,
            range,
            protected,
        } = content;
        self.note_received(record, content_type, range.len(), protected);
        if protected && matches!(self.application_data, ApplicationData::Skip { .. }) {
            self.application_data = ApplicationData::Refuse;
        }
        match content_type {
            ContentType::HANDSHAKE => {
                let bytes = self.incoming.opened(range);
                if bytes.is_empty() {
                    return Err(PeerFault::EmptyRecord.into());
                }
                if self.phase == Phase::Handshake {
                    self.counts.handshake_bytes = self.counts.handshake_bytes.saturating_add(bytes.len());
                    if self.counts.handshake_bytes > MAX_HANDSHAKE_BYTES {
                        return Err(Limit::HandshakeBytes.into());
                    }
                }
                self.joined.append(bytes);
                Ok(Opened::HandshakeBytes)
            }
            _ if !self.joined.is_empty() => Err(PeerFault::Interleaved.into()),
            ContentType::ALERT => self.alert(range, protected),
            ContentType::APPLICATION_DATA => {
                self.application_data(range.len())?;
                Ok(Opened::ApplicationData(range))
            }
            got => Err(Error::UnexpectedRecord { got }),
        }
    }

    /// Whether application data may come now.
    fn application_data(&mut self, length: usize) -> Result<(), Error> {
        match &mut self.application_data {
            ApplicationData::Deliver => {}
            ApplicationData::Early { left } => {
                *left = left.checked_sub(length).ok_or(PeerFault::TooMuchEarlyData)?;
            }
            ApplicationData::Refuse | ApplicationData::Skip { .. } => {
                return Err(Error::UnexpectedRecord {
                    got: ContentType::APPLICATION_DATA,
                });
            }
        }
        self.count_empty(length)
    }

    fn count_empty(&mut self, length: usize) -> Result<(), Error> {
        if length > 0 {
            self.counts.empty_records = 0;
            self.counts.warnings = 0;
            return Ok(());
        }
        self.counts.empty_records = self.counts.empty_records.saturating_add(1);
        if self.counts.empty_records > MAX_EMPTY_RECORDS {
            return Err(Limit::EmptyRecords.into());
        }
        Ok(())
    }

    #[cfg(feature = "tls12")]
    fn ignores(&self, alert: Alert) -> bool {
        self.warnings == Warnings::Ignore && alert.level == AlertLevel::WARNING
    }

    #[cfg(not(feature = "tls12"))]
    fn ignores(&self, _: Alert) -> bool {
        match self.warnings {
            Warnings::Fatal => false,
        }
    }

    /// RFC 9846 section 6: close_notify ends, `user_canceled` announces it, all else is an error whatever its level says, unless older rules are in
    /// force.
    fn alert(&mut self, range: Range<usize>, protected: bool) -> Result<Opened, Error> {
        let alert = Alert::read(self.incoming.opened(range)).map_err(|_| PeerFault::BadAlertRecord)?;
        let received = AlertReceived::new(alert, protected, self.phase);
        self.note(&Note::AlertReceived(received));
        match alert.description {
            // Anybody on the way could have said it.
            AlertDescription::CLOSE_NOTIFY if !protected && self.opener.protection().is_some() => {
                Err(Error::ClosedInHandshake)
            }
            AlertDescription::CLOSE_NOTIFY => Ok(Opened::CloseNotify),
            _ if alert.description == AlertDescription::USER_CANCELED || self.ignores(alert) => {
                self.counts.warnings = self.counts.warnings.saturating_add(1);
                if self.counts.warnings > MAX_WARNING_ALERTS {
                    return Err(Limit::WarningAlerts.into());
                }
                Ok(Opened::HandshakeBytes)
            }
            _ => Err(received.into()),
        }
    }

    fn note_received(&self, record: &Record, inner: ContentType, content: usize, protected: bool) {
        self.note(&Note::Record {
            direction: Direction::Received,
            outer: record.content_type,
            inner,
            wire: record.header.len().saturating_add(record.fragment.len()),
            content,
            protected,
        });
    }

    /// Seals `content` in as many records as it needs.
    pub(crate) fn seal(&mut self, content_type: ContentType, content: &[u8]) -> Result<(), Error> {
        #[cfg(fuzzing)]
        let (content_type, content) = &crate::mutation::record(content_type, content);
        #[cfg(fuzzing)]
        let (content_type, content) = (*content_type, content.as_slice());
        for fragment in content.chunks(self.outgoing.max_fragment()) {
            let wire = self.outgoing.seal(content_type, fragment)?;
            let protected = self.outgoing.is_protected();
            self.note(&Note::Record {
                direction: Direction::Sent,
                outer: self.outgoing.outer(content_type),
                inner: content_type,
                wire,
                content: fragment.len(),
                protected,
            });
        }
        Ok(())
    }

    /// Seals as much of `data` as may go as early data, and as there is room for; tells how much that was.
    pub(crate) fn write_early(&mut self, data: &[u8]) -> Result<usize, Error> {
        let left = self.early_writing.as_ref().map_or(0, |writing| writing.offer.left);
        let room = MAX_OUTGOING.saturating_sub(self.outgoing.pending().len());
        let data = data.get(..left.min(room)).unwrap_or(data);
        self.seal(ContentType::APPLICATION_DATA, data)?;
        if let Some(writing) = &mut self.early_writing {
            writing.offer.left = left.saturating_sub(data.len());
            writing.written = writing.written.saturating_add(data.len());
        }
        Ok(data.len())
    }

    /// Seals a whole alert, unless close_notify was the last word. A failure to do so leaves nobody to tell.
    pub(crate) fn send_alert(&mut self, level: AlertLevel, description: AlertDescription) {
        if !self.closed && self.seal(ContentType::ALERT, &[level.0, description.0]).is_ok() {
            self.note(&Note::AlertSent { description });
        }
    }

    /// Tells observer and peer of a failure: one alert under the write key in place.
    pub(crate) fn tell(&mut self, error: &Error) {
        self.note(&Note::Failed(error));
        if let Some(description) = error.alert() {
            self.send_alert(AlertLevel::FATAL, description);
        }
    }

    /// Wipes both directions' keys. Whoever calls has dropped all other secrets of the connection before.
    pub(crate) fn wipe(&mut self) {
        self.early_writing = None;
        self.opener.wipe();
        self.outgoing.wipe();
        if !std::mem::replace(&mut self.wiped, true) {
            self.note(&Note::KeysDiscarded);
        }
    }
}

impl Drop for Io {
    fn drop(&mut self) {
        self.wipe();
    }
}

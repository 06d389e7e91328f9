//! A connection after its handshake: data both ways, new keys, the end.

use std::ops::Range;

use portunus_x509::UnixTime;

use crate::crypto::suite::Suite;
use crate::error::{Error, Misuse};
use crate::handshake::post::{self, Budgets};
use crate::handshake::{ConnectionInfo, Established};
use crate::handshake_io::{Io, Opened};
use crate::limits::MAX_OUTGOING;
use crate::record::outgoing::MAX_FRAGMENT;
use crate::schedule::tls13::export;
use crate::wire::KeyUpdateRequest;
use crate::wire::{AlertDescription, AlertLevel, ContentType};

/// What a read brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    /// This many bytes of data.
    Data(usize),
    /// The transport has to bring more first.
    NeedsBytes,
    /// The peer said close_notify: there is no more, and nothing was cut off.
    Closed,
}

/// A connection: it reads what [`Connection::receive_with`] brought, and what it writes waits in [`Connection::send_with`].
///
/// It does no I/O and reads no clock. Dropping it wipes its keys and tells the peer nothing: [`Connection::close`] first.
pub struct Connection {
    io: Io,
    established: Box<Established>,
    budgets: Budgets,
    /// Data that was opened where it lay, and not read yet.
    opened: Range<usize>,
    state: State,
    sent_close: bool,
}

enum State {
    Open,
    PeerClosed,
    Failed(Box<Error>),
}

impl Connection {
    pub(crate) fn new(io: Io, established: Box<Established>) -> Self {
        Self {
            io,
            established,
            budgets: Budgets::default(),
            opened: 0..0,
            state: State::Open,
            sent_close: false,
        }
    }

    /// What was agreed.
    pub fn info(&self) -> &ConnectionInfo {
        &self.established.info
    }

    /// Lends the space for incoming bytes to `read`, which tells how many it wrote there. Read first what there is: bytes pile up otherwise.
    ///
    /// # Errors
    /// What `read` says; then nothing came.
    pub fn receive_with<E>(&mut self, read: impl FnOnce(&mut [u8]) -> Result<usize, E>) -> Result<usize, E> {
        if !self.opened.is_empty() {
            // The space may move what was opened and not read: there is enough to read as it is.
            return Ok(0);
        }
        let count = read(self.io.incoming.space())?;
        self.io.incoming.filled(count);
        Ok(count)
    }

    /// Reads data into `out`: records are opened straight into it where they fit. `now` dates the tickets that come along.
    ///
    /// # Errors
    /// Why the connection failed; the alert for the peer waits to be sent. The same error is given for ever after.
    pub fn read(&mut self, out: &mut [u8], now: UnixTime) -> Result<Read, Error> {
        if out.is_empty() {
            return Ok(Read::Data(0));
        }
        loop {
            if !self.opened.is_empty() {
                let data = self.io.incoming.opened(self.opened.clone());
                let count = data.len().min(out.len());
                if let (Some(target), Some(source)) = (out.get_mut(..count), data.get(..count)) {
                    target.copy_from_slice(source);
                }
                self.opened.start = self.opened.start.saturating_add(count);
                return Ok(Read::Data(count));
            }
            match &self.state {
                State::Open => {}
                State::PeerClosed => return Ok(Read::Closed),
                State::Failed(error) => return Err((**error).clone()),
            }
            match self.open_into(out, now) {
                Ok(Opened::Read(0) | Opened::HandshakeBytes) => {}
                Ok(Opened::Read(count)) => {
                    self.budgets.data_received();
                    return Ok(Read::Data(count));
                }
                Ok(Opened::ApplicationData(range)) => {
                    if !range.is_empty() {
                        self.budgets.data_received();
                    }
                    self.opened = range;
                }
                Ok(Opened::NeedsBytes) => return Ok(Read::NeedsBytes),
                Ok(Opened::CloseNotify) => self.state = State::PeerClosed,
                Err(error) => return Err(self.fail(error)),
            }
        }
    }

    fn open_into(&mut self, out: &mut [u8], now: UnixTime) -> Result<Opened, Error> {
        let opened = self.io.open_one_into(out)?;
        if matches!(opened, Opened::HandshakeBytes) {
            post::receive(&mut self.io, &mut self.established, &mut self.budgets, now)?;
        }
        Ok(opened)
    }

    fn fail(&mut self, error: Error) -> Error {
        self.io.fail(&error);
        self.state = State::Failed(Box::new(error.clone()));
        error
    }

    /// The transport ended. Read first what there is.
    ///
    /// # Errors
    /// [`Error::Truncated`] when the peer did not say close_notify before: what was read may have been cut off.
    pub fn transport_closed(&mut self) -> Result<(), Error> {
        match &self.state {
            State::PeerClosed => Ok(()),
            State::Failed(error) => Err((**error).clone()),
            State::Open => Err(self.fail(Error::Truncated)),
        }
    }

    /// Seals data, as much as there is room for, and tells how much that was: 0 when bytes have to be sent first.
    ///
    /// # Errors
    /// Why the connection failed, or [`Misuse::WriteAfterClose`].
    pub fn write(&mut self, data: &[u8]) -> Result<usize, Error> {
        self.writable()?;
        let room = MAX_OUTGOING.saturating_sub(self.io.outgoing.pending().len());
        let count = data.len().min(room);
        let data = data.get(..count).unwrap_or_default();
        // One reservation for all records: header, inner type and tag each.
        let records = count.div_ceil(MAX_FRAGMENT);
        self.io
            .outgoing
            .reserve(count.saturating_add(records.saturating_mul(5 + 1 + 16)));
        for fragment in data.chunks(MAX_FRAGMENT) {
            if self.io.outgoing.is_worn() {
                // RFC 9846 section 5.5: new keys before the old ones are worn.
                post::send_key_update(
                    &mut self.io,
                    &mut self.established,
                    KeyUpdateRequest::UpdateNotRequested,
                )?;
            }
            self.io.seal(ContentType::APPLICATION_DATA, fragment)?;
        }
        Ok(count)
    }

    fn writable(&self) -> Result<(), Error> {
        match &self.state {
            State::Failed(error) => Err((**error).clone()),
            State::Open | State::PeerClosed if self.sent_close => Err(Misuse::WriteAfterClose.into()),
            State::Open | State::PeerClosed => Ok(()),
        }
    }

    /// Replaces the keys that we seal with, and asks the peer to do the same if `request_peer` (RFC 9846 section 4.7.3).
    ///
    /// # Errors
    /// Why the connection failed, or [`Misuse::WriteAfterClose`].
    pub fn update_keys(&mut self, request_peer: bool) -> Result<(), Error> {
        self.writable()?;
        let request = if request_peer {
            KeyUpdateRequest::UpdateRequested
        } else {
            KeyUpdateRequest::UpdateNotRequested
        };
        post::send_key_update(&mut self.io, &mut self.established, request)
    }

    /// Says close_notify: no more data goes out; reading goes on. A second call does nothing.
    pub fn close(&mut self) {
        if self.writable().is_ok() {
            self.io.send_alert(AlertLevel::WARNING, AlertDescription::CLOSE_NOTIFY);
            self.sent_close = true;
        }
    }

    /// Lends the bytes that wait for the peer to `write`, which tells how many it took.
    ///
    /// # Errors
    /// What `write` says; then nothing was taken.
    pub fn send_with<E>(&mut self, write: impl FnOnce(&[u8]) -> Result<usize, E>) -> Result<usize, E> {
        let count = write(self.io.outgoing.pending())?;
        self.io.outgoing.taken(count);
        if self.io.outgoing.pending().is_empty() {
            self.io.answer_waits = false;
        }
        Ok(count)
    }

    /// Whether bytes wait for the peer.
    pub fn wants_to_send(&self) -> bool {
        !self.io.outgoing.pending().is_empty()
    }

    /// Gives the empty buffers back: for a connection that idles.
    pub fn release_buffers(&mut self) {
        if self.opened.is_empty() {
            self.io.incoming.release();
        }
        self.io.outgoing.release();
    }

    /// Keying material that both sides can make and nobody else (RFC 9846 section 7.5).
    ///
    /// # Errors
    /// [`Misuse::ExporterLength`] when label or output are longer than the derivation can hold.
    pub fn export(&self, label: &[u8], context: &[u8], out: &mut [u8]) -> Result<(), Error> {
        let Suite { hash, .. } = self.established.suite;
        export(hash, &self.established.exporter_secret, label, context, out).map_err(|_| Misuse::ExporterLength.into())
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if !matches!(self.state, State::Failed(_)) {
            self.io.wipe();
        }
    }
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection")
            .field("info", &self.established.info)
            .finish_non_exhaustive()
    }
}

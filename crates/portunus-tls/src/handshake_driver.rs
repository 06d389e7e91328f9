//! A handshake under way: whoever brings bytes to it drives it.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use portunus_x509::{ServerName, UnixTime};

use crate::config::client::ClientConfig;
use crate::config::server::ChooseConfig;
use crate::connection::Connection;
use crate::error::{Error, Misuse, Phase};
use crate::handshake::channel::{Channel, lock};
use crate::handshake::{Established, client, server};
use crate::handshake_io::{ApplicationData, Io};
use crate::observe::Observe;
use crate::schedule::tls13::export;
use crate::session::early::EarlyOffer;

/// What a handshake waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The peer's next bytes.
    NeedsBytes,
    /// A decision: its future wakes the task. Bytes that come meanwhile are not looked at; better leave them with the transport.
    NeedsDecision,
    /// It is done: [`Handshake::into_connection`].
    Done,
}

type Flow = Pin<Box<dyn Future<Output = Result<Established, Error>> + Send>>;

enum State {
    Running(Flow),
    Done(Box<Established>),
    Failed(Error),
}

/// A handshake, as client or server, without any I/O: [`Handshake::receive_with`] takes the peer's bytes, [`Handshake::poll`] makes progress,
/// [`Handshake::send_with`] hands out the bytes for it.
///
/// Dropping it wipes what it knew and tells the peer nothing.
pub struct Handshake {
    // Dropped before the `Io`, which says last that all secrets are gone.
    state: State,
    io: Arc<Mutex<Io>>,
}

impl Handshake {
    /// A client's handshake with the server of this name. `now` is the time by which certificates and tickets are judged.
    pub fn client(
        config: Arc<ClientConfig>,
        server: ServerName,
        now: UnixTime,
        observer: Option<Arc<dyn Observe>>,
    ) -> Self {
        let io = Arc::new(Mutex::new(Io::new(true, observer)));
        let channel = Channel::new(io.clone());
        Self {
            io,
            state: State::Running(Box::pin(client::handshake(channel, config, server, now))),
        }
    }

    /// A server's handshake; the ClientHello decides about the configuration (an `Arc<ServerConfig>` is a choice of itself).
    pub fn server(chooser: Arc<dyn ChooseConfig>, now: UnixTime, observer: Option<Arc<dyn Observe>>) -> Self {
        let io = Arc::new(Mutex::new(Io::new(false, observer)));
        let channel = Channel::new(io.clone());
        Self {
            io,
            state: State::Running(Box::pin(server::handshake(channel, chooser, now))),
        }
    }

    /// Lends the space for incoming bytes to `read`, which tells how many it wrote there.
    ///
    /// # Errors
    /// What `read` says; then nothing came.
    pub fn receive_with<E>(&mut self, read: impl FnOnce(&mut [u8]) -> Result<usize, E>) -> Result<usize, E> {
        let mut io = lock(&self.io);
        let count = read(io.incoming.space())?;
        io.incoming.filled(count);
        Ok(count)
    }

    /// On which terms a client's early data goes, as long as it may be written: what is to be spoken is the session's, not what the client prefers.
    pub fn early_offer(&self) -> Option<EarlyOffer> {
        let io = lock(&self.io);
        io.early_writing.as_ref().map(|writing| writing.offer.clone())
    }

    /// Seals early data of a client, as much as the session's ticket allows and there is room for, and tells how much that was. There is none before
    /// the first [`Handshake::poll`], nor once the server has answered; [`crate::ConnectionInfo::early_data`] tells what became of it. What was refused is never
    /// sent again by itself.
    ///
    /// # Errors
    /// Why the handshake failed.
    pub fn write_early(&mut self, data: &[u8]) -> Result<usize, Error> {
        match &self.state {
            State::Running(_) => lock(&self.io).write_early(data),
            State::Done(_) => Ok(0),
            State::Failed(error) => Err(error.clone()),
        }
    }

    /// Keying material of a client's early data (RFC 9846 section 7.5): anybody who can replay it has it replayed too. It is there as long as
    /// [`Handshake::write_early`] writes, and on the connection if the server took early data.
    ///
    /// # Errors
    /// [`Misuse::NoEarlyData`], or [`Misuse::ExporterLength`] when label or output are longer than the derivation can hold.
    pub fn export_early(&self, label: &[u8], context: &[u8], out: &mut [u8]) -> Result<(), Error> {
        let io = lock(&self.io);
        let writing = io.early_writing.as_ref().ok_or(Misuse::NoEarlyData)?;
        export(writing.hash, &writing.exporter, label, context, out).map_err(|_| Misuse::ExporterLength.into())
    }

    /// Makes what progress it can. The context's waker is woken when a decision is there.
    ///
    /// # Errors
    /// Why the handshake failed; the alert for the peer is among the pending bytes. The same error is given for ever after.
    pub fn poll(&mut self, context: &mut Context<'_>) -> Result<Progress, Error> {
        let flow = match &mut self.state {
            State::Running(flow) => flow,
            State::Done(_) => return Ok(Progress::Done),
            State::Failed(error) => return Err(error.clone()),
        };
        lock(&self.io).needs_bytes = false;
        match flow.as_mut().poll(context) {
            Poll::Pending if lock(&self.io).needs_bytes => Ok(Progress::NeedsBytes),
            Poll::Pending => Ok(Progress::NeedsDecision),
            Poll::Ready(Ok(established)) => {
                self.state = State::Done(Box::new(established));
                Ok(Progress::Done)
            }
            Poll::Ready(Err(error)) => Err(self.fail(error)),
        }
    }

    /// The transport ended. What is in the incoming bytes should have been polled before.
    ///
    /// # Errors
    /// [`Error::ClosedInHandshake`], or the error that came before.
    pub fn transport_closed(&mut self) -> Result<(), Error> {
        match &self.state {
            State::Running(_) => Err(self.fail(Error::ClosedInHandshake)),
            State::Done(_) => Ok(()),
            State::Failed(error) => Err(error.clone()),
        }
    }

    /// Drops the flow and with it all that it knew, and seals the alert.
    fn fail(&mut self, error: Error) -> Error {
        self.state = State::Failed(error.clone());
        let mut io = lock(&self.io);
        io.tell(&error);
        io.wipe();
        drop(io);
        error
    }

    /// Lends the bytes that wait for the peer to `write`, which tells how many it took.
    ///
    /// # Errors
    /// What `write` says; then nothing was taken.
    pub fn send_with<E>(&mut self, write: impl FnOnce(&[u8]) -> Result<usize, E>) -> Result<usize, E> {
        let mut io = lock(&self.io);
        let count = write(io.outgoing.pending())?;
        io.outgoing.taken(count);
        Ok(count)
    }

    /// Whether bytes wait for the peer.
    pub fn wants_to_send(&self) -> bool {
        !lock(&self.io).outgoing.pending().is_empty()
    }

    /// The connection, once the handshake is done. What was received beyond the handshake goes with it.
    ///
    /// # Errors
    /// [`Misuse::HandshakeNotDone`], or the error that the handshake failed with.
    pub fn into_connection(self) -> Result<Connection, Error> {
        let Self { io, state } = self;
        let established = match state {
            State::Done(established) => established,
            State::Failed(error) => return Err(error),
            State::Running(_) => return Err(Misuse::HandshakeNotDone.into()),
        };
        // The flow is gone, and with it the other Arc.
        let io = Arc::into_inner(io).ok_or(Misuse::HandshakeNotDone)?;
        let mut io = io.into_inner().unwrap_or_else(PoisonError::into_inner);
        if !established.is_early() {
            io.application_data = ApplicationData::Deliver;
            io.phase = Phase::Application;
        }
        io.incoming.release();
        io.outgoing.release();
        Ok(Connection::new(io, established))
    }
}

impl std::fmt::Debug for Handshake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.state {
            State::Running(_) => "Handshake(running)",
            State::Done(_) => "Handshake(done)",
            State::Failed(_) => "Handshake(failed)",
        })
    }
}

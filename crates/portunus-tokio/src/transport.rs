//! A transport, and what moves between it and the engine.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use portunus_tls::{Connection, Handshake};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::error::Exchanged;
use crate::waiters::{Half, Waiters};

/// What has bytes for the transport and takes its bytes.
pub(crate) trait Engine {
    fn receive_with<E>(&mut self, read: impl FnOnce(&mut [u8]) -> Result<usize, E>) -> Result<usize, E>;
    fn send_with<E>(&mut self, write: impl FnOnce(&[u8]) -> Result<usize, E>) -> Result<usize, E>;
    fn wants_to_send(&self) -> bool;
}

impl Engine for Handshake {
    fn receive_with<E>(&mut self, read: impl FnOnce(&mut [u8]) -> Result<usize, E>) -> Result<usize, E> {
        Self::receive_with(self, read)
    }

    fn send_with<E>(&mut self, write: impl FnOnce(&[u8]) -> Result<usize, E>) -> Result<usize, E> {
        Self::send_with(self, write)
    }

    fn wants_to_send(&self) -> bool {
        Self::wants_to_send(self)
    }
}

impl Engine for Connection {
    fn receive_with<E>(&mut self, read: impl FnOnce(&mut [u8]) -> Result<usize, E>) -> Result<usize, E> {
        Self::receive_with(self, read)
    }

    fn send_with<E>(&mut self, write: impl FnOnce(&[u8]) -> Result<usize, E>) -> Result<usize, E> {
        Self::send_with(self, write)
    }

    fn wants_to_send(&self) -> bool {
        Self::wants_to_send(self)
    }
}

/// The transport of one connection.
///
/// Its write half may fail while its read half still has bytes: a peer that sent its request and closed. So a failure to
/// write is kept, and told to who writes; reading goes on.
#[derive(Debug)]
pub(crate) struct Transport<IO> {
    pub(crate) io: IO,
    pub(crate) exchanged: Exchanged,
    waiters: Waiters,
    write_error: Option<io::Error>,
    unflushed: bool,
}

/// Why a call on the transport moved nothing.
enum Stopped {
    Pending,
    Failed(io::Error),
}

/// For the engine's closures, which know only values and errors.
fn stop(poll: Poll<io::Result<usize>>) -> Result<usize, Stopped> {
    match poll {
        Poll::Ready(Ok(count)) => Ok(count),
        Poll::Ready(Err(error)) => Err(Stopped::Failed(error)),
        Poll::Pending => Err(Stopped::Pending),
    }
}

fn resume(result: Result<usize, Stopped>) -> Poll<io::Result<usize>> {
    match result {
        Ok(count) => Poll::Ready(Ok(count)),
        Err(Stopped::Failed(error)) => Poll::Ready(Err(error)),
        Err(Stopped::Pending) => Poll::Pending,
    }
}

/// The same error once more: [`io::Error`] is not `Clone`.
fn again(error: &io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code),
        None => io::Error::new(error.kind(), error.to_string()),
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Transport<IO> {
    pub(crate) fn new(io: IO) -> Self {
        Self {
            io,
            exchanged: Exchanged::default(),
            waiters: Waiters::default(),
            write_error: None,
            unflushed: false,
        }
    }

    /// Reads once, straight into the engine's buffer; 0 is the transport's end.
    pub(crate) fn poll_receive(
        &mut self,
        context: &mut Context<'_>,
        engine: &mut impl Engine,
    ) -> Poll<io::Result<usize>> {
        let io = Pin::new(&mut self.io);
        let received = engine.receive_with(|space| {
            let mut space = ReadBuf::new(space);
            let polled = io.poll_read(context, &mut space);
            stop(polled.map_ok(|()| space.filled().len()))
        });
        let count = ready!(resume(received))?;
        self.exchanged.add_received(count);
        Poll::Ready(Ok(count))
    }

    /// Reads once and throws away what came; 0 is the transport's end.
    pub(crate) fn poll_discard(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut space = [0; 4096];
        let mut space = ReadBuf::new(&mut space);
        ready!(Pin::new(&mut self.io).poll_read(context, &mut space))?;
        Poll::Ready(Ok(space.filled().len()))
    }

    /// Writes all that the engine has.
    pub(crate) fn poll_send(
        &mut self,
        context: &mut Context<'_>,
        half: Half,
        engine: &mut impl Engine,
    ) -> Poll<io::Result<()>> {
        if let Some(error) = &self.write_error {
            return Poll::Ready(Err(again(error)));
        }
        while engine.wants_to_send() {
            let io = Pin::new(&mut self.io);
            let sent = ready!(self.waiters.poll(half, context, |context| {
                resume(engine.send_with(|bytes| stop(io.poll_write(context, bytes))))
            }));
            match sent {
                Ok(0) => return Poll::Ready(Err(self.write_failed(io::ErrorKind::WriteZero.into()))),
                Ok(count) => {
                    self.exchanged.add_sent(count);
                    self.unflushed = true;
                }
                Err(error) => return Poll::Ready(Err(self.write_failed(error))),
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Writes all that the engine has, and flushes the transport.
    pub(crate) fn poll_flush(
        &mut self,
        context: &mut Context<'_>,
        half: Half,
        engine: &mut impl Engine,
    ) -> Poll<io::Result<()>> {
        ready!(self.poll_send(context, half, engine))?;
        if self.unflushed {
            let io = Pin::new(&mut self.io);
            if let Err(error) = ready!(self.waiters.poll(half, context, |context| io.poll_flush(context))) {
                return Poll::Ready(Err(self.write_failed(error)));
            }
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    /// Shuts the write half down.
    pub(crate) fn poll_shutdown(&mut self, context: &mut Context<'_>, half: Half) -> Poll<io::Result<()>> {
        let io = Pin::new(&mut self.io);
        match ready!(self.waiters.poll(half, context, |context| io.poll_shutdown(context))) {
            // Some systems say so when the peer has closed both halves: there is nothing left to shut down.
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Poll::Ready(Ok(())),
            result => Poll::Ready(result),
        }
    }

    /// That the peer reset the connection, where writing met it: a socket tells it once, and reads as if it had ended.
    pub(crate) fn reset(&self) -> Option<io::Error> {
        let reset = |error: &&io::Error| error.kind() == io::ErrorKind::ConnectionReset;
        self.write_error.as_ref().filter(reset).map(again)
    }

    fn write_failed(&mut self, error: io::Error) -> io::Error {
        self.write_error = Some(again(&error));
        error
    }
}

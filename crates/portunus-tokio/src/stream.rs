//! The stream.

use std::borrow::Cow;
use std::fmt;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use portunus_tls::{ClientAnswer, Connection, ConnectionInfo, Error, Read, VerifyPeer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::error::stream_error;
use crate::farewell::Farewell;
use crate::gather::Gather;
use crate::spare;
use crate::transport::Transport;
use crate::waiters::Half;

/// The most data that one write seals before the transport is asked to take it: four full records at a time keep the
/// connection's memory small, and a larger system call gains nothing.
const MAX_WRITE: usize = 4 * MAX_RECORD;

/// The most data in one record (RFC 9846 section 5.1).
const MAX_RECORD: usize = 1 << 14;

/// The most data that is set aside for the reader when a writer looks for the reason of its failure, or a server for its client's answer.
const MAX_SET_ASIDE: usize = 4 * MAX_RECORD;

/// A TLS connection over a transport.
///
/// **Reading** is cancel-safe: dropping a read loses nothing. It also sends what waits (tickets, answers to KeyUpdates, what
/// a writer left unflushed), and goes on when that fails: what a peer sent before it closed can be read. The end after the
/// peer's close_notify reads as 0 bytes. An end without it is [`io::ErrorKind::UnexpectedEof`]: data may have been cut off.
///
/// **Writing** hands data to the transport at once; [`flush`](AsyncWrite::poll_flush) waits until the transport took
/// it. [`shutdown`](AsyncWrite::poll_shutdown) says close_notify and shuts down the transport's write half; reading
/// goes on.
///
/// When the transport takes no more, the error is the peer's alert if it sent one before it closed.
///
/// Errors of the engine are inside the [`io::Error`]: `error.get_ref()` downcasts to [`Error`].
///
/// Dropping a stream wipes its keys and tells the peer nothing, so that the peer takes it as cut off: shut it down first.
pub struct TlsStream<IO> {
    transport: Transport<IO>,
    connection: Connection,
    end: End,
    /// Data that a writer came upon, or who waits for a client's answer, for the reader.
    set_aside: Vec<u8>,
    /// How the transport failed when a writer looked for data, for the reader.
    read_error: Option<io::Error>,
    /// Who waits for the transport to bring bytes.
    reader: Option<Waker>,
    says_close: bool,
}

/// How the reading half ended.
enum End {
    /// It did not.
    Open,
    /// The peer said close_notify.
    PeerClosed,
    /// It failed, and the peer is being told.
    Farewell(Error, Box<Farewell>),
    /// It failed, and the peer was told.
    Failed,
}

impl<IO> TlsStream<IO> {
    pub(crate) fn new(transport: Transport<IO>, connection: Connection) -> Self {
        Self {
            transport,
            connection,
            end: End::Open,
            set_aside: Vec::new(),
            read_error: None,
            reader: None,
            says_close: false,
        }
    }

    /// What was agreed in the handshake.
    pub fn info(&self) -> &ConnectionInfo {
        self.connection.info()
    }

    /// Whether the client has still to prove that it is there, as long as a server takes early data: what was read up to now may be a replay
    /// ([`Connection::is_early`]). Reading finds out.
    pub fn is_early(&self) -> bool {
        self.connection.is_early()
    }

    /// Keying material of early data: see [`Connection::export_early`].
    ///
    /// # Errors
    /// [`portunus_tls::Misuse::NoEarlyData`] where none was taken, or [`portunus_tls::Misuse::ExporterLength`].
    pub fn export_early(&self, label: &[u8], context: &[u8], out: &mut [u8]) -> Result<(), Error> {
        self.connection.export_early(label, context, out)
    }

    /// The transport.
    pub fn get_ref(&self) -> &IO {
        &self.transport.io
    }

    /// The transport, out of a connection that is over. Bytes that were received and not read are lost.
    pub fn into_inner(self) -> IO {
        self.transport.io
    }

    /// Keying material that both sides can make and nobody else (RFC 9846 section 7.5, RFC 5705): see [`portunus_tls::Connection::export`].
    ///
    /// # Errors
    /// [`portunus_tls::Misuse::ExporterLength`] when label, context or output are longer than the derivation can hold.
    pub fn export(&self, label: &[u8], context: Option<&[u8]>, out: &mut [u8]) -> Result<(), Error> {
        self.connection.export(label, context, out)
    }

    /// Replaces the keys that we seal with, and asks the peer to do the same if `request_peer` (RFC 9846 section 4.7.3). The
    /// message goes out with what is written or read next.
    ///
    /// # Errors
    /// Why the connection failed, [`portunus_tls::Misuse::WriteAfterClose`], or [`portunus_tls::Misuse::NoKeyUpdate`] in TLS 1.2.
    pub fn update_keys(&mut self, request_peer: bool) -> Result<(), Error> {
        self.connection.update_keys(request_peer)
    }

    /// Asks the client for a certificate, which `verifier` judges: see [`Connection::request_certificate`]. The message goes out with what is written or read next;
    /// [`TlsStream::client_answer`] does both.
    ///
    /// # Errors
    /// [`portunus_tls::Misuse::NoPostHandshakeAuthentication`] where the client did not offer to be asked, [`portunus_tls::Misuse::HandshakeNotDone`],
    /// [`portunus_tls::Misuse::TooManyCertificateRequests`], [`portunus_tls::Misuse::WriteAfterClose`], or why the connection failed.
    pub fn request_certificate(&mut self, verifier: Arc<dyn VerifyPeer>) -> Result<u32, Error> {
        self.connection.request_certificate(verifier)
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> TlsStream<IO> {
    /// Reads what the engine has, as much as fits. Gives whether there is something to tell the reader.
    fn read_engine(&mut self, out: &mut ReadBuf<'_>) -> Result<bool, Error> {
        let before = out.filled().len();
        while out.remaining() > 0 {
            match self.connection.read(out.initialize_unfilled(), crate::now()) {
                Ok(Read::Data(count)) => out.advance(count),
                Ok(Read::NeedsBytes) => break,
                Ok(Read::Closed) => {
                    self.end = End::PeerClosed;
                    return Ok(true);
                }
                // What was read before is delivered first: the engine gives the same error again.
                Err(_) if out.filled().len() > before => return Ok(true),
                Err(error) => return Err(error),
            }
        }
        Ok(out.filled().len() > before)
    }

    /// The client's answer to the oldest [`TlsStream::request_certificate`] that has one. Data that comes before it is set aside for the reader.
    ///
    /// Dropping the future loses nothing.
    ///
    /// # Errors
    /// Why the connection failed, [`io::ErrorKind::UnexpectedEof`] where the client closed it, or [`io::ErrorKind::OutOfMemory`] where 64 KiB of data came and no
    /// answer: it has to be read first.
    pub async fn client_answer(&mut self) -> io::Result<ClientAnswer> {
        poll_fn(|context| self.poll_client_answer(context)).await
    }

    fn poll_client_answer(&mut self, context: &mut Context<'_>) -> Poll<io::Result<ClientAnswer>> {
        if matches!(self.end, End::Farewell(..)) {
            ready!(self.poll_farewell(context))?;
        }
        let mut space = [0; 4096];
        loop {
            let mut out = ReadBuf::new(&mut space);
            let told = match self.poll_engine(context, &mut out) {
                Ok(told) => told,
                Err(error) => {
                    return Poll::Ready(Err(ready!(self.poll_failed(context, error))
                        .err()
                        .unwrap_or_else(ended)));
                }
            };
            self.set_aside.extend_from_slice(out.filled());
            if let Some(answer) = self.connection.client_answer() {
                return Poll::Ready(Ok(answer));
            }
            let _ = self.transport.poll_flush(context, Half::Reading, &mut self.connection);
            if matches!(self.end, End::PeerClosed) {
                return Poll::Ready(Err(ended()));
            }
            if self.set_aside.len() >= MAX_SET_ASIDE {
                return Poll::Ready(Err(io::ErrorKind::OutOfMemory.into()));
            }
            if !told && ready!(self.transport.poll_receive(context, &mut self.connection))? == 0 {
                let closed = self.connection.transport_closed();
                return Poll::Ready(Err(closed.err().map_or_else(ended, stream_error)));
            }
        }
    }

    /// Reads what the engine has, then goes on with what waits for a decision.
    fn poll_engine(&mut self, context: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Result<bool, Error> {
        let told = self.read_engine(out)?;
        match self.connection.poll_decision(context) {
            // What was read is delivered first: the engine gives the same error again.
            Poll::Ready(Err(error)) if !told => Err(error),
            Poll::Ready(_) | Poll::Pending => Ok(told),
        }
    }

    /// Tells the peer about our error, then the reader.
    fn poll_farewell(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let End::Farewell(error, farewell) = &mut self.end else {
            return Poll::Ready(Ok(()));
        };
        ready!(farewell.poll(context, &mut self.transport, &mut self.connection));
        let error = error.clone();
        self.end = End::Failed;
        Poll::Ready(Err(stream_error(error)))
    }

    /// The end of the reading half by an error.
    fn poll_failed(&mut self, context: &mut Context<'_>, error: Error) -> Poll<io::Result<()>> {
        if matches!(self.end, End::Failed) || error.alert().is_none() {
            self.end = End::Failed;
            return Poll::Ready(Err(stream_error(error)));
        }
        self.end = End::Farewell(error, Box::new(Farewell::new()));
        self.poll_farewell(context)
    }

    /// What a writer hears when the transport takes no more. A peer that refuses us says so before it closes: its alert may have
    /// come in already, behind data that is set aside for the reader.
    fn why_write_failed(&mut self, context: &Context<'_>, error: io::Error) -> io::Error {
        // A reader in another task goes on waiting: it must be its waker that the transport remembers.
        let reader = self.reader.clone();
        let mut context = Context::from_waker(reader.as_ref().unwrap_or(context.waker()));
        let mut space = [0; 4096];
        while matches!(self.end, End::Open) && self.read_error.is_none() && self.set_aside.len() < MAX_SET_ASIDE {
            let mut out = ReadBuf::new(&mut space);
            match self.read_engine(&mut out) {
                Ok(true) => self.set_aside.extend_from_slice(out.filled()),
                Ok(false) => match self.transport.poll_receive(&mut context, &mut self.connection) {
                    Poll::Ready(Ok(1..)) => {}
                    Poll::Ready(Ok(0)) | Poll::Pending => break,
                    // A socket tells it once, and has ended from then on.
                    Poll::Ready(Err(read_error)) => self.read_error = Some(read_error),
                },
                Err(reason) => return stream_error(reason),
            }
        }
        error
    }

    /// Reads what a writer set aside.
    fn read_set_aside(&mut self, out: &mut ReadBuf<'_>) {
        let count = out.remaining().min(self.set_aside.len());
        out.put_slice(self.set_aside.get(..count).unwrap_or_default());
        self.set_aside.drain(..count);
        if self.set_aside.is_empty() {
            self.set_aside = Vec::new();
        }
    }

    /// Sends what waits.
    fn poll_send(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match ready!(self.transport.poll_send(context, Half::Writing, &mut self.connection)) {
            Ok(()) => Poll::Ready(Ok(())),
            Err(error) => Poll::Ready(Err(self.why_write_failed(context, error))),
        }
    }

    /// Sends what waits, then seals what fits of `pieces` and hands it to the transport.
    fn poll_seal<'a>(
        &mut self,
        context: &mut Context<'_>,
        pieces: impl Iterator<Item = Cow<'a, [u8]>>,
    ) -> Poll<io::Result<usize>> {
        // A peer that does not read holds the writer up here: what is sealed is bounded by one write.
        ready!(self.poll_send(context))?;
        spare::lend(&mut self.connection);
        let mut sealed = 0_usize;
        for piece in pieces {
            let count = self.connection.write(&piece).map_err(stream_error)?;
            sealed = sealed.saturating_add(count);
            if count < piece.len() {
                break;
            }
        }
        match self.poll_send(context) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            // What is sealed is taken: the next write, flush or read sends the rest of it.
            Poll::Ready(Ok(())) | Poll::Pending => Poll::Ready(Ok(sealed)),
        }
    }
}

fn ended() -> io::Error {
    io::ErrorKind::UnexpectedEof.into()
}

impl<IO: AsyncRead + AsyncWrite + Unpin> AsyncRead for TlsStream<IO> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !this.set_aside.is_empty() {
            this.read_set_aside(out);
            return Poll::Ready(Ok(()));
        }
        if out.remaining() == 0 || matches!(this.end, End::PeerClosed) {
            return Poll::Ready(Ok(()));
        }
        if matches!(this.end, End::Farewell(..)) {
            return this.poll_farewell(context);
        }
        loop {
            let told = match this.poll_engine(context, out) {
                Ok(told) => told,
                Err(error) => return this.poll_failed(context, error),
            };
            // A failure is the writer's to hear; what the peer sent before it is the reader's.
            let _ = this.transport.poll_flush(context, Half::Reading, &mut this.connection);
            if told {
                return Poll::Ready(Ok(()));
            }
            let received = match this.read_error.take() {
                Some(error) => Poll::Ready(Err(error)),
                None => this.transport.poll_receive(context, &mut this.connection),
            };
            match received {
                Poll::Ready(Ok(0)) => {
                    let closed = this.connection.transport_closed();
                    return Poll::Ready(closed.map_err(|error| this.transport.reset().unwrap_or(stream_error(error))));
                }
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => {
                    match &mut this.reader {
                        Some(waker) => waker.clone_from(context.waker()),
                        None => this.reader = Some(context.waker().clone()),
                    }
                    spare::take_back(&mut this.connection);
                    return Poll::Pending;
                }
            }
        }
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> AsyncWrite for TlsStream<IO> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        let data = data.get(..MAX_WRITE).unwrap_or(data);
        self.get_mut().poll_seal(context, std::iter::once(Cow::Borrowed(data)))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.get_mut()
            .poll_seal(context, Gather::new(slices, MAX_RECORD, MAX_WRITE))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_send(context))?;
        this.transport.poll_flush(context, Half::Writing, &mut this.connection)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.says_close {
            // Data that is not taken is the writer's to know, whatever the peer has said.
            ready!(self.as_mut().poll_flush(context))?;
            self.connection.close();
            self.says_close = true;
        }
        let sent = ready!(self.as_mut().poll_flush(context));
        let shut = ready!(self.transport.poll_shutdown(context, Half::Writing));
        match self.end {
            // A peer that has said its own close_notify need not wait for ours (RFC 9846 section 6.1).
            End::PeerClosed => Poll::Ready(Ok(())),
            _ => Poll::Ready(sent.and(shut)),
        }
    }
}

impl<IO: fmt::Debug> fmt::Debug for TlsStream<IO> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsStream")
            .field("io", &self.transport.io)
            .field("cipher_suite", &self.info().cipher_suite)
            .finish_non_exhaustive()
    }
}

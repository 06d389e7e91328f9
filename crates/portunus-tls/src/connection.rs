//! A connection after its handshake: data both ways, new keys, the end.

use std::ops::Range;
use std::sync::Arc;
use std::task::{Context, Poll};

use portunus_x509::UnixTime;

use crate::config::verify::VerifyPeer;
#[cfg(feature = "tls12")]
use crate::error::PeerFault;
use crate::error::{Error, Misuse, Phase};
use crate::handshake::post::{self, Budgets};
use crate::handshake::{ClientAnswer, ConnectionInfo, Established, PostHandshake, Secrets};
use crate::handshake_io::{Io, Opened};
use crate::limits::{MAX_OUTGOING, MIN_INCOMING};
use crate::observe::Note;
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
    // Dropped before the `Io`, which says last that all secrets are gone.
    state: State,
    budgets: Budgets,
    /// Data that was opened where it lay, and not read yet.
    opened: Range<usize>,
    read_end: ReadEnd,
    io: Io,
}

enum State {
    Live(Box<Established>),
    Failed(Box<Failed>),
}

/// What is left of a connection that failed: no secret (RFC 9846 section 6.2).
struct Failed {
    info: ConnectionInfo,
    error: Error,
}

/// How far reading has come.
enum ReadEnd {
    Open,
    /// The peer said close_notify.
    Closed,
    /// The transport ended without it. Writing may still go on.
    Truncated,
}

impl Connection {
    pub(crate) fn new(io: Io, established: Box<Established>) -> Self {
        Self {
            state: State::Live(established),
            budgets: Budgets::default(),
            opened: 0..0,
            read_end: ReadEnd::Open,
            io,
        }
    }

    /// What was agreed.
    pub fn info(&self) -> &ConnectionInfo {
        match &self.state {
            State::Live(established) => &established.info,
            State::Failed(failed) => &failed.info,
        }
    }

    /// Whether the client has still to prove that it is there: a server that takes early data reads it, and may answer, before that. What was read up to now may
    /// be what somebody recorded and sends again (RFC 9846 section 8); once this is false, it was not. A connection that fails before that stays early.
    pub fn is_early(&self) -> bool {
        self.io.phase != Phase::Application
    }

    /// Whether [`Connection::receive_with`] has room: not while data that it brought before is still to be read.
    pub fn wants_to_receive(&self) -> bool {
        self.opened.is_empty() && matches!((&self.state, &self.read_end), (State::Live(_), ReadEnd::Open))
    }

    /// Lends the space for incoming bytes to `read`, which tells how many it wrote there. Read first what there is
    /// ([`Connection::wants_to_receive`]): without room nothing is asked of `read`, and the count is 0.
    ///
    /// # Errors
    /// What `read` says; then nothing came.
    pub fn receive_with<E>(&mut self, read: impl FnOnce(&mut [u8]) -> Result<usize, E>) -> Result<usize, E> {
        if !self.opened.is_empty() {
            // The space may move what was opened and not read: there is enough to read as it is.
            return Ok(0);
        }
        if self.io.incoming.is_released() {
            // Most often nothing has come: a buffer is made for what has.
            let mut first = [0; MIN_INCOMING];
            let count = read(&mut first)?.min(first.len());
            self.io.incoming.begin(first.get(..count).unwrap_or_default());
            return Ok(count);
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
            match &self.read_end {
                ReadEnd::Open => {}
                ReadEnd::Closed => return Ok(Read::Closed),
                ReadEnd::Truncated => return Err(Error::Truncated),
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
                Ok(Opened::CloseNotify) => self.read_end = ReadEnd::Closed,
                // Nothing awaits it any more.
                #[cfg(feature = "tls12")]
                Ok(Opened::ChangeCipherSpec) => return Err(self.fail(PeerFault::BadChangeCipherSpec.into())),
                Err(error) => return Err(self.fail(error)),
            }
        }
    }

    fn open_into(&mut self, out: &mut [u8], now: UnixTime) -> Result<Opened, Error> {
        let established = match &mut self.state {
            State::Live(established) => established,
            State::Failed(failed) => return Err(failed.error.clone()),
        };
        let opened = self.io.open_one_into(out)?;
        if matches!(opened, Opened::HandshakeBytes) {
            post::receive(&mut self.io, established, &mut self.budgets, now)?;
        }
        Ok(opened)
    }

    /// Tells the peer, forgets the secrets, then says so.
    fn fail(&mut self, error: Error) -> Error {
        let State::Live(established) = &self.state else {
            return error;
        };
        let info = established.info.clone();
        self.io.tell(&error);
        self.state = State::Failed(Box::new(Failed {
            info,
            error: error.clone(),
        }));
        self.io.wipe();
        error
    }

    /// The transport ended. Read first what there is. Where only the peer's half is closed, writing may go on.
    ///
    /// # Errors
    /// [`Error::Truncated`] when the peer did not say close_notify before: what was read may have been cut off.
    pub fn transport_closed(&mut self) -> Result<(), Error> {
        match (&self.state, &self.read_end) {
            (State::Failed(failed), _) => Err(failed.error.clone()),
            (State::Live(_), ReadEnd::Closed) => Ok(()),
            (State::Live(_), ReadEnd::Truncated) => Err(Error::Truncated),
            (State::Live(_), ReadEnd::Open) => {
                self.read_end = ReadEnd::Truncated;
                self.io.note(&Note::Failed(&Error::Truncated));
                Err(Error::Truncated)
            }
        }
    }

    /// Seals data, as much as there is room for, and tells how much that was: 0 when bytes have to be sent first.
    ///
    /// # Errors
    /// Why the connection failed, [`Misuse::WriteAfterClose`], or [`Misuse::KeyWornOut`], with which the connection is closed for writing.
    pub fn write(&mut self, data: &[u8]) -> Result<usize, Error> {
        let established = writable(&mut self.state, &self.io)?;
        match seal(&mut self.io, established, data) {
            Ok(count) => Ok(count),
            Err(error @ Error::Misuse(Misuse::KeyWornOut)) => {
                self.close();
                Err(error)
            }
            Err(error) => Err(self.fail(error)),
        }
    }

    /// Replaces the keys that we seal with, and asks the peer to do the same if `request_peer` (RFC 9846 section 4.7.3); while a request of
    /// ours is unanswered, no second one goes out.
    ///
    /// # Errors
    /// Why the connection failed, [`Misuse::WriteAfterClose`], or [`Misuse::NoKeyUpdate`].
    pub fn update_keys(&mut self, request_peer: bool) -> Result<(), Error> {
        let secrets = &mut writable(&mut self.state, &self.io)?.secrets;
        let secrets = secrets.tls13().ok_or(Misuse::NoKeyUpdate)?;
        let request = if request_peer && !self.io.key_update_asked {
            self.io.key_update_asked = true;
            KeyUpdateRequest::UpdateRequested
        } else {
            KeyUpdateRequest::UpdateNotRequested
        };
        match post::send_key_update(&mut self.io, secrets, request) {
            Ok(()) => Ok(()),
            Err(error) => Err(self.fail(error)),
        }
    }

    /// Asks the client for a certificate, which `verifier` judges (RFC 9846 section 4.7.2); the server's configuration says which signatures and authorities. The
    /// client answers when it likes, in any order: [`Connection::client_answer`]. One that shows a certificate that is refused is told so, and the connection fails.
    /// Gives the request's number.
    ///
    /// # Errors
    /// [`Misuse::NoPostHandshakeAuthentication`] where the client did not offer to be asked, [`Misuse::HandshakeNotDone`] while it is early,
    /// [`Misuse::TooManyCertificateRequests`], [`Misuse::WriteAfterClose`], or why the connection failed.
    pub fn request_certificate(&mut self, verifier: Arc<dyn VerifyPeer>) -> Result<u32, Error> {
        let secrets = &mut writable(&mut self.state, &self.io)?.secrets;
        let secrets = secrets.tls13().ok_or(Misuse::NoPostHandshakeAuthentication)?;
        let Some(PostHandshake::Server(server)) = secrets.post_handshake.as_mut() else {
            return Err(Misuse::NoPostHandshakeAuthentication.into());
        };
        if secrets.unconfirmed.is_some() {
            return Err(Misuse::HandshakeNotDone.into());
        }
        server.check_room()?;
        let asked = server.ask(&mut self.io, verifier);
        asked.map_err(|error| self.fail(error))
    }

    /// The next answer to a [`Connection::request_certificate`], if one has come and its certificate was accepted. [`Connection::info`] then tells of it too.
    pub fn client_answer(&mut self) -> Option<ClientAnswer> {
        match self.post_handshake() {
            Some(PostHandshake::Server(server)) => server.answer(),
            Some(PostHandshake::Client(_)) | None => None,
        }
    }

    /// Whether the connection waits for a decision: which certificate a client shows, a signature, the verdict on a client's certificate. Meanwhile data goes on.
    pub fn wants_decision(&mut self) -> bool {
        match self.post_handshake() {
            Some(PostHandshake::Client(client)) => client.is_deciding(),
            Some(PostHandshake::Server(server)) => server.is_deciding(),
            None => false,
        }
    }

    /// Goes on with what waits for a decision, where [`Connection::read`] did not find it made. Pending while one is awaited: the context's waker is woken when it
    /// is there. What is to be sent then waits in [`Connection::send_with`].
    ///
    /// # Errors
    /// Why the connection failed; the alert for the peer waits to be sent.
    pub fn poll_decision(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let established = match &mut self.state {
            State::Live(established) => established,
            State::Failed(failed) => return Poll::Ready(Err(failed.error.clone())),
        };
        let Some(secrets) = established.secrets.tls13() else {
            return Poll::Ready(Ok(()));
        };
        match post::decide(&mut self.io, &mut established.info, secrets, context) {
            Ok(true) => Poll::Pending,
            Ok(false) => Poll::Ready(Ok(())),
            Err(error) => Poll::Ready(Err(self.fail(error))),
        }
    }

    fn post_handshake(&mut self) -> Option<&mut PostHandshake> {
        match &mut self.state {
            State::Live(established) => established.secrets.tls13()?.post_handshake.as_mut(),
            State::Failed(_) => None,
        }
    }

    /// Says close_notify: no more data goes out; reading goes on. A second call does nothing.
    pub fn close(&mut self) {
        if writable(&mut self.state, &self.io).is_ok() {
            self.io.send_alert(AlertLevel::WARNING, AlertDescription::CLOSE_NOTIFY);
            self.io.closed = true;
        }
    }

    /// Ends the connection with a fatal alert, for a reason of the application's own: `access_denied`, say. Nothing is read or written any more. After
    /// [`Connection::close`] the peer is not told.
    pub fn abort(&mut self, alert: AlertDescription) {
        self.fail(Error::Aborted(alert));
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

    /// Gives the empty buffers back: for a connection that idles. The one for outgoing bytes can serve another connection by
    /// [`Connection::reuse_buffer`]; it has held nothing but what went over the wire.
    pub fn release_buffers(&mut self) -> Vec<u8> {
        if self.opened.is_empty() {
            self.io.incoming.release();
        }
        self.io.outgoing.release()
    }

    /// Takes this buffer for outgoing bytes, where the connection has none.
    pub fn reuse_buffer(&mut self, buffer: &mut Vec<u8>) {
        self.io.outgoing.reuse(buffer);
    }

    /// Keying material that both sides can make and nobody else (RFC 9846 section 7.5, RFC 5705). In TLS 1.2 no context is another than an empty one;
    /// and there nobody else can make it only with [`ConnectionInfo::extended_main_secret`].
    ///
    /// # Errors
    /// [`Misuse::ExporterLength`] when label or output are longer than the derivation can hold, or why the connection failed.
    pub fn export(&self, label: &[u8], context: Option<&[u8]>, out: &mut [u8]) -> Result<(), Error> {
        let established = match &self.state {
            State::Live(established) => established,
            State::Failed(failed) => return Err(failed.error.clone()),
        };
        match &established.secrets {
            Secrets::Tls13(secrets) => export(
                secrets.suite.hash,
                &secrets.exporter,
                label,
                context.unwrap_or_default(),
                out,
            ),
            #[cfg(feature = "tls12")]
            Secrets::Tls12(main_secret) => main_secret.export(label, context, out),
        }
        .map_err(|_| Misuse::ExporterLength.into())
    }

    /// The `tls-exporter` channel binding (RFC 9266): what an application's own authentication is bound to, so that nobody in between can pass it on.
    ///
    /// # Errors
    /// [`Misuse::NoChannelBinding`] in TLS 1.2 without extended main secret, or why the connection failed.
    pub fn channel_binding(&self) -> Result<[u8; 32], Error> {
        if !self.info().extended_main_secret {
            return Err(Misuse::NoChannelBinding.into());
        }
        let mut binding = [0; 32];
        self.export(b"EXPORTER-Channel-Binding", Some(&[]), &mut binding)?;
        Ok(binding)
    }

    /// Keying material that belongs to early data, and may be as old as that is (RFC 9846 section 7.5).
    ///
    /// # Errors
    /// [`Misuse::NoEarlyData`] where none was taken, [`Misuse::ExporterLength`] when label or output are longer than the derivation can hold, or why
    /// the connection failed.
    pub fn export_early(&self, label: &[u8], context: &[u8], out: &mut [u8]) -> Result<(), Error> {
        let established = match &self.state {
            State::Live(established) => established,
            State::Failed(failed) => return Err(failed.error.clone()),
        };
        match &established.secrets {
            Secrets::Tls13(secrets) => {
                let exporter = secrets.early_exporter.as_ref().ok_or(Misuse::NoEarlyData)?;
                export(secrets.suite.hash, exporter, label, context, out).map_err(|_| Misuse::ExporterLength.into())
            }
            #[cfg(feature = "tls12")]
            Secrets::Tls12(_) => Err(Misuse::NoEarlyData.into()),
        }
    }
}

/// The connection's secrets, unless it failed or we said close_notify.
fn writable<'a>(state: &'a mut State, io: &Io) -> Result<&'a mut Established, Error> {
    match state {
        State::Failed(failed) => Err(failed.error.clone()),
        State::Live(_) if io.closed => Err(Misuse::WriteAfterClose.into()),
        State::Live(established) => Ok(established),
    }
}

/// Seals as much of `data` as there is room for.
fn seal(io: &mut Io, established: &mut Established, data: &[u8]) -> Result<usize, Error> {
    let room = MAX_OUTGOING.saturating_sub(io.outgoing.pending().len());
    let count = data.len().min(room);
    let data = data.get(..count).unwrap_or_default();
    // One reservation for all records and what each has more than its content.
    let longest = io.outgoing.max_fragment();
    let records = count.div_ceil(longest);
    io.outgoing
        .reserve(count.saturating_add(records.saturating_mul(io.outgoing.overhead())));
    let mut sealed = 0_usize;
    for fragment in data.chunks(longest) {
        if io.outgoing.is_worn() {
            match established.secrets.tls13() {
                // RFC 9846 section 5.5: new keys before the old ones are worn.
                Some(secrets) => post::send_key_update(io, secrets, KeyUpdateRequest::UpdateNotRequested)?,
                None if sealed > 0 => break,
                None => return Err(Misuse::KeyWornOut.into()),
            }
        }
        io.seal(ContentType::APPLICATION_DATA, fragment)?;
        sealed = sealed.saturating_add(fragment.len());
    }
    if sealed > 0 {
        // The answer to a KeyUpdate that waits goes out before this data.
        io.answer_waits = false;
    }
    Ok(sealed)
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection")
            .field("info", self.info())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::aead::RECORD_LIMIT;
    use crate::pair::{Authority, Pair, received, sent};
    use crate::policy::Policy;
    use crate::record::outgoing::MAX_FRAGMENT;
    use crate::wire::ProtocolVersion;

    fn connected(version: ProtocolVersion) -> (Connection, Connection) {
        let authority = Authority::new();
        let policy = Policy::modern().with_versions(&[version]).unwrap();
        RECORD_LIMIT.set(Some(3));
        Pair::new(&authority.client(), &authority.server().with_policy(policy))
            .run()
            .connected()
    }

    /// RFC 9846 section 5.5.
    #[test]
    fn a_key_is_replaced_before_it_is_worn() {
        let (mut client, mut server) = connected(ProtocolVersion::TLS1_3);
        for _ in 0..10 {
            client.write(b"data").unwrap();
            assert_eq!(received(&mut server, &sent(&mut client)).unwrap().0, b"data");
        }
    }

    /// TLS 1.2 has no new keys: what was written is written, the peer hears that no more comes, and reading goes on.
    #[cfg(feature = "tls12")]
    #[test]
    fn a_connection_ends_before_its_key_is_worn() {
        let (mut client, mut server) = connected(ProtocolVersion::TLS1_2);
        // One record was the Finished.
        assert_eq!(client.write(&[7; 3 * MAX_FRAGMENT]).unwrap(), 2 * MAX_FRAGMENT);
        let worn = client.write(b"more").unwrap_err();
        assert!(matches!(worn, Error::Misuse(Misuse::KeyWornOut)), "{worn}");
        assert!(matches!(
            client.write(b"more"),
            Err(Error::Misuse(Misuse::WriteAfterClose))
        ));
        let (data, is_closed) = received(&mut server, &sent(&mut client)).unwrap();
        assert!(data.len() == 2 * MAX_FRAGMENT && is_closed);
        server.write(b"an answer").unwrap();
        assert_eq!(received(&mut client, &sent(&mut server)).unwrap().0, b"an answer");
    }
}

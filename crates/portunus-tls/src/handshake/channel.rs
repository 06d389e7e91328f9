//! The one funnel through which every handshake message, key and note passes.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use crate::crypto::CryptoFailed;
use crate::crypto::hash::HashAlgorithm;
use crate::crypto::secret::Secret;
use crate::error::{Error, PeerFault};
use crate::handshake_io::{ApplicationData, ChangeCipherSpec, EarlyWriting, Io, Opened, Warnings};
use crate::keylog::KeyLog;
use crate::observe::{Direction, Note, SecretLabel};
use crate::record::padding::Padding;
use crate::record::protection::Protection;
use crate::schedule::tls13::TrafficSecret;
use crate::schedule::transcript::Transcript;
use crate::session::early::{EarlyData, EarlyOffer};
#[cfg(feature = "tls12")]
use crate::wire::ProtocolVersion;
use crate::wire::{ContentType, HandshakeType};
use crate::wire::{Decode, Encode, Malformed, append_handshake_message};

/// Locks the connection's `Io`. A poisoned lock is taken all the same: the panic that poisoned it was an observer's.
pub(crate) fn lock(io: &Mutex<Io>) -> MutexGuard<'_, Io> {
    io.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A handshake message as it was received; what is decoded borrows from it.
pub(crate) struct Message {
    bytes: Vec<u8>,
}

impl Message {
    /// The whole message, its header among it: what the transcript takes.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn kind(&self) -> HandshakeType {
        HandshakeType(self.bytes.first().copied().unwrap_or(0))
    }

    /// The message without its header.
    pub(crate) fn body(&self) -> &[u8] {
        self.bytes.get(4..).unwrap_or_default()
    }

    pub(crate) fn decode<'a, M: Decode<'a>>(&'a self) -> Result<M, Malformed> {
        M::read(self.body())
    }
}

/// No byte follows the message just received: the proof that a change of the reading keys needs (RFC 9846 section 5.1).
pub(crate) struct Aligned(());

/// What is no handshake message: none is there yet, or none will come.
fn refused<T>(io: &mut Io, opened: &Opened) -> Poll<Result<T, Error>> {
    Poll::Ready(Err(match opened {
        Opened::NeedsBytes | Opened::HandshakeBytes => {
            io.needs_bytes = true;
            return Poll::Pending;
        }
        Opened::CloseNotify => Error::ClosedInHandshake,
        #[cfg(feature = "tls12")]
        Opened::ChangeCipherSpec => PeerFault::BadChangeCipherSpec.into(),
        // What is awaited here never comes with application data.
        Opened::ApplicationData(_) | Opened::Read(_) => Error::UnexpectedRecord {
            got: ContentType::APPLICATION_DATA,
        },
    }))
}

/// The future's end of the connection.
pub(crate) struct Channel {
    io: Arc<Mutex<Io>>,
    /// Messages of the present flight, sealed together.
    flight: Vec<u8>,
    key_log: Option<(Arc<dyn KeyLog>, [u8; 32])>,
}

impl Channel {
    pub(crate) fn new(io: Arc<Mutex<Io>>) -> Self {
        Self {
            io,
            flight: Vec::new(),
            key_log: None,
        }
    }

    /// A guard is not `Send`: the compiler forbids to hold it over an await.
    fn io(&self) -> MutexGuard<'_, Io> {
        lock(&self.io)
    }

    /// From here on secrets are logged under this ClientHello's random.
    pub(crate) fn log_keys(&mut self, key_log: Option<&Arc<dyn KeyLog>>, client_random: &[u8; 32]) {
        self.key_log = key_log.map(|key_log| (key_log.clone(), *client_random));
    }

    /// The next message, which must be one of `wanted`. Dropping the future loses nothing: bytes stay where they are.
    pub(crate) async fn receive(&mut self, wanted: &'static [HandshakeType]) -> Result<Message, Error> {
        self.flush()?;
        poll_fn(|_| {
            let io = &mut *self.io();
            loop {
                if let Some(bytes) = io.next_message(wanted)? {
                    return Poll::Ready(Ok(Message { bytes }));
                }
                match io.open_one()? {
                    Opened::HandshakeBytes => {}
                    other => return refused(io, &other),
                }
            }
        })
        .await
    }

    /// As [`Channel::receive`], for a message behind which keys change: nothing may follow it in its record.
    pub(crate) async fn receive_last(&mut self, wanted: &'static [HandshakeType]) -> Result<(Message, Aligned), Error> {
        let message = self.receive(wanted).await?;
        Ok((message, self.aligned()?))
    }

    /// The proof that no byte follows the message received last.
    pub(crate) fn aligned(&self) -> Result<Aligned, Error> {
        if self.io().is_aligned() {
            Ok(Aligned(()))
        } else {
            Err(PeerFault::NotAligned.into())
        }
    }

    /// The change_cipher_spec of TLS 1.2, which is no handshake message: the peer's keys change behind it, so none of its messages may be under way.
    #[cfg(feature = "tls12")]
    pub(crate) async fn receive_change_cipher_spec(&mut self) -> Result<Aligned, Error> {
        self.flush()?;
        self.io().change_cipher_spec = ChangeCipherSpec::Await;
        poll_fn(|_| {
            let io = &mut *self.io();
            loop {
                if !io.is_aligned() {
                    return Poll::Ready(Err(PeerFault::MissingChangeCipherSpec.into()));
                }
                match io.open_one()? {
                    Opened::HandshakeBytes => {}
                    Opened::ChangeCipherSpec => return Poll::Ready(Ok(Aligned(()))),
                    other => return refused(io, &other),
                }
            }
        })
        .await
    }

    /// Sends a message, and adds it to the transcript.
    pub(crate) fn send<M: Encode>(
        &mut self,
        transcript: &mut Transcript,
        kind: HandshakeType,
        body: &M,
    ) -> Result<(), Error> {
        let start = self.flight.len();
        self.flight = append_handshake_message(std::mem::take(&mut self.flight), kind, body)?;
        #[cfg(test)]
        let replace = crate::crypto::recorded::in_place_of;
        #[cfg(all(fuzzing, not(test)))]
        let replace = crate::mutation::message;
        #[cfg(any(test, fuzzing))]
        {
            let message = self.flight.split_off(start);
            self.flight.extend_from_slice(&replace(kind, message));
        }
        let bytes = self.flight.get(start..).unwrap_or_default();
        transcript.add(bytes);
        self.io().note(&Note::Message {
            direction: Direction::Sent,
            kind,
            bytes,
        });
        Ok(())
    }

    /// Sends a ClientHello, whose bytes were needed before: there is no transcript yet, or its binders cover it. It is a flight.
    pub(crate) fn send_hello(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let mut io = self.io();
        io.note(&Note::Message {
            direction: Direction::Sent,
            kind: HandshakeType::CLIENT_HELLO,
            bytes,
        });
        io.seal(ContentType::HANDSHAKE, bytes)
    }

    /// Seals what was sent so far.
    pub(crate) fn flush(&mut self) -> Result<(), Error> {
        if self.flight.is_empty() {
            return Ok(());
        }
        self.io().seal(ContentType::HANDSHAKE, &self.flight)?;
        self.flight.clear();
        Ok(())
    }

    /// A change_cipher_spec: of TLS 1.2, or for middleboxes' sake (RFC 9846 appendix E.4).
    pub(crate) fn send_change_cipher_spec(&mut self) -> Result<(), Error> {
        self.flush()?;
        let mut io = self.io();
        io.outgoing.change_cipher_spec();
        io.note(&Note::Record {
            direction: Direction::Sent,
            outer: ContentType::CHANGE_CIPHER_SPEC,
            inner: ContentType::CHANGE_CIPHER_SPEC,
            wire: 6,
            content: 1,
            protected: false,
        });
        Ok(())
    }

    /// Tells observer and key log of a secret. NSS's name of it goes to the log.
    pub(crate) fn derived(&self, label: SecretLabel, log_label: &str, secret: &[u8]) {
        if let Some((key_log, client_random)) = &self.key_log {
            key_log.log(log_label, client_random, secret);
        }
        self.note(&Note::SecretDerived(label));
    }

    /// From here on records are opened with the keys that `install` puts in their place; they come from the secret of that name.
    pub(crate) fn read_with(
        &mut self,
        _: Aligned,
        install: impl FnOnce(&mut Option<Protection>) -> Result<(), CryptoFailed>,
        secret: SecretLabel,
    ) -> Result<(), Error> {
        let mut io = self.io();
        io.opener.install(install)?;
        io.note(&Note::KeysInstalled {
            direction: Direction::Received,
            secret,
        });
        Ok(())
    }

    /// From here on records are sealed with the keys that `install` puts in their place; what was sent before goes out before.
    pub(crate) fn write_with(
        &mut self,
        install: impl FnOnce(&mut Option<Protection>) -> Result<(), CryptoFailed>,
        secret: SecretLabel,
    ) -> Result<(), Error> {
        self.flush()?;
        let mut io = self.io();
        io.outgoing.install(install)?;
        io.note(&Note::KeysInstalled {
            direction: Direction::Sent,
            secret,
        });
        Ok(())
    }

    /// Tells observer and key log of the secrets of early data.
    pub(crate) fn early_secrets(&self, traffic: &TrafficSecret, exporter: &Secret) {
        self.derived(
            SecretLabel::ClientEarlyTraffic,
            "CLIENT_EARLY_TRAFFIC_SECRET",
            traffic.expose(),
        );
        self.derived(SecretLabel::EarlyExporter, "EARLY_EXPORTER_SECRET", exporter.as_ref());
    }

    /// From here on early data may be written.
    pub(crate) fn offer_early_data(&mut self, offer: EarlyOffer, hash: HashAlgorithm, exporter: Secret) {
        self.io().early_writing = Some(Box::new(EarlyWriting {
            offer,
            written: 0,
            exporter,
            hash,
        }));
    }

    /// No more early data is written; gives what there was.
    pub(crate) fn end_early_data(&mut self) -> Option<Box<EarlyWriting>> {
        self.io().early_writing.take()
    }

    /// Notes what becomes of early data that was offered.
    pub(crate) fn early_data(&self, early_data: EarlyData) -> EarlyData {
        self.note(&Note::EarlyData(early_data));
        early_data
    }

    /// From here on records are not protected, as they were at first: for a second ClientHello.
    pub(crate) fn write_in_plaintext(&mut self) {
        self.io().outgoing.wipe();
    }

    /// Early data that is skipped may be so long, where it is skipped at all.
    pub(crate) fn skip_at_least(&mut self, bytes: usize) {
        let mut io = self.io();
        if let ApplicationData::Skip { left } = &mut io.application_data {
            *left = bytes.max(*left);
        }
    }

    pub(crate) fn application_data(&mut self, rule: ApplicationData) {
        self.io().application_data = rule;
    }

    pub(crate) fn change_cipher_spec(&mut self, rule: ChangeCipherSpec) {
        self.io().change_cipher_spec = rule;
    }

    /// Whether warning alerts end the handshake, as they do in TLS 1.3.
    pub(crate) fn warnings(&mut self, rule: Warnings) {
        self.io().warnings = rule;
    }

    /// From here on each record has to be of this version; those of TLS 1.3 say anything (RFC 9846 section 5.1).
    #[cfg(feature = "tls12")]
    pub(crate) fn expect_version(&mut self, version: ProtocolVersion) {
        self.io().incoming.expect_version(version);
    }

    /// From here on protected records that come hold no more than that.
    pub(crate) fn limit_received(&mut self, max_content: usize) {
        self.io().opener.limit(max_content);
    }

    /// From here on protected records of ours hold no more than that.
    pub(crate) fn limit_sent(&mut self, max_content: usize) {
        self.io().outgoing.limit(max_content);
    }

    /// From here on protected records of ours are padded so.
    pub(crate) fn pad(&mut self, padding: Padding) {
        self.io().outgoing.pad(padding);
    }

    /// Whether a change_cipher_spec was dropped: TLS 1.2 has none that means nothing.
    #[cfg(feature = "tls12")]
    pub(crate) fn has_dropped_change_cipher_spec(&self) -> bool {
        self.io().has_dropped_change_cipher_spec()
    }

    /// Whether the peer's fatal alerts may still come in plaintext, until its first protected record.
    pub(crate) fn plaintext_alerts(&mut self, allowed: bool) {
        self.io().plaintext_alerts = allowed;
    }

    pub(crate) fn note(&self, note: &Note<'_>) {
        self.io().note(note);
    }
}

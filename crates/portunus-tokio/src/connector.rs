//! The client's way to a stream.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use portunus_tls::{ClientConfig, EarlyOffer, Handshake, Observe, Progress, Side};
use portunus_x509::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

use crate::error::{Exchanged, HandshakeError};
use crate::handshake::drive;
use crate::stream::TlsStream;

/// Makes handshakes as a client.
#[derive(Clone, Debug)]
pub struct Connector {
    config: Arc<ClientConfig>,
    limit: Duration,
}

impl Connector {
    /// A connector with this configuration, and [`HANDSHAKE_LIMIT`](crate::HANDSHAKE_LIMIT) for each handshake.
    pub fn new(config: Arc<ClientConfig>) -> Self {
        Self {
            config,
            limit: crate::HANDSHAKE_LIMIT,
        }
    }

    /// Allows each handshake this long.
    #[must_use]
    pub fn with_handshake_limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// The configuration.
    pub fn config(&self) -> &Arc<ClientConfig> {
        &self.config
    }

    /// A handshake over `io` with the server of this name.
    ///
    /// Dropping the future drops the transport.
    ///
    /// # Errors
    /// [`HandshakeError`] tells why it failed. When the error is ours, the server has been told by an alert.
    pub async fn connect<IO>(&self, server: ServerName, io: IO) -> Result<TlsStream<IO>, HandshakeError>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        self.handshake(server, io, None).await
    }

    /// As [`Connector::connect`], with early data where a session allows it ([`ClientConfig::with_early_data`]): what `early` gives goes along with the hello,
    /// as much as the offer has left. It is not called where there is no such session.
    ///
    /// What became of it stands in [`info`](TlsStream::info), as [`early_data`](portunus_tls::ConnectionInfo::early_data): how many bytes the server took, or none. All
    /// else, and whether to send again what was refused, is for the caller; what is to be spoken may be another protocol by then.
    ///
    /// # Errors
    /// As [`Connector::connect`].
    pub async fn connect_with_early_data<IO>(
        &self,
        server: ServerName,
        io: IO,
        early: impl FnOnce(&EarlyOffer) -> Vec<u8>,
    ) -> Result<TlsStream<IO>, HandshakeError>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        let mut handshake = Handshake::client(self.config.clone(), server, crate::now(), None);
        // The hello needs nothing of the server, at most a word of the verifier's.
        let hello = poll_fn(|context| match handshake.poll(context) {
            Ok(Progress::NeedsDecision) => Poll::Pending,
            other => Poll::Ready(other),
        });
        let hello = timeout(self.limit, hello).await;
        hello.map_err(|_| HandshakeError::TimedOut {
            limit: self.limit,
            exchanged: Exchanged::default(),
        })??;
        if let Some(offer) = handshake.early_offer() {
            handshake.write_early(&early(&offer))?;
        }
        drive(handshake, Side::Client, io, self.limit, None).await
    }

    /// As [`Connector::connect`]; the observer is told what happens, in the handshake and after it.
    ///
    /// # Errors
    /// As [`Connector::connect`].
    pub async fn connect_observed<IO>(
        &self,
        server: ServerName,
        io: IO,
        observer: Arc<dyn Observe>,
    ) -> Result<TlsStream<IO>, HandshakeError>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        self.handshake(server, io, Some(observer)).await
    }

    async fn handshake<IO>(
        &self,
        server: ServerName,
        io: IO,
        observer: Option<Arc<dyn Observe>>,
    ) -> Result<TlsStream<IO>, HandshakeError>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        let handshake = Handshake::client(self.config.clone(), server, crate::now(), observer);
        drive(handshake, Side::Client, io, self.limit, None).await
    }
}

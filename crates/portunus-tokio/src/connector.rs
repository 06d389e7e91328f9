//! The client's way to a stream.

use std::sync::Arc;
use std::time::Duration;

use portunus_tls::{ClientConfig, Handshake, Observe, Side};
use portunus_x509::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::error::HandshakeError;
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

//! The server's way to a stream.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use portunus_tls::wire::ClientHello;
use portunus_tls::{ChoiceFailed, ChooseConfig, Decision, Handshake, Observe, ServerConfig, Side};
use portunus_x509::DnsName;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::error::HandshakeError;
use crate::handshake::{AnswerPlaintext, drive};
use crate::stream::TlsStream;

/// Makes handshakes as a server. Each belongs in a task of its own: one that waits for a slow client in the loop that accepts
/// sockets holds up all the others.
#[derive(Clone)]
pub struct Acceptor {
    chooser: Arc<dyn ChooseConfig>,
    limit: Duration,
    answer_plaintext: Option<Arc<AnswerPlaintext>>,
}

impl Acceptor {
    /// An acceptor with one configuration for all clients, and [`HANDSHAKE_LIMIT`](crate::HANDSHAKE_LIMIT) for each handshake.
    pub fn new(config: Arc<ServerConfig>) -> Self {
        Self::choosing(Arc::new(config))
    }

    /// An acceptor that looks at each ClientHello before it chooses a configuration: see [`choose_by`].
    pub fn choosing(chooser: Arc<dyn ChooseConfig>) -> Self {
        Self {
            chooser,
            limit: crate::HANDSHAKE_LIMIT,
            answer_plaintext: None,
        }
    }

    /// Allows each handshake this long, the choice of the configuration included.
    #[must_use]
    pub fn with_handshake_limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Answers a client that does not speak TLS: `answer` sees its first five bytes and may give what is sent, as it is, before
    /// the connection is closed (an HTTP 400 to a browser that was told `http:` by mistake). The handshake still fails with
    /// [`Error::NotTls`](portunus_tls::Error::NotTls).
    #[must_use]
    pub fn with_plaintext_answer(
        mut self,
        answer: impl Fn(&[u8; 5]) -> Option<Vec<u8>> + Send + Sync + 'static,
    ) -> Self {
        self.answer_plaintext = Some(Arc::new(answer));
        self
    }

    /// A handshake over `io`. Where early data is taken ([`ServerConfig::with_early_data`]), the stream is there before the client's last flight:
    /// [`TlsStream::is_early`].
    ///
    /// Dropping the future drops the transport.
    ///
    /// # Errors
    /// [`HandshakeError`] tells why it failed. When the error is ours, the client has been told by an alert.
    pub async fn accept<IO>(&self, io: IO) -> Result<TlsStream<IO>, HandshakeError>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        self.handshake(io, None).await
    }

    /// As [`Acceptor::accept`]; the observer is told what happens, in the handshake and after it.
    ///
    /// # Errors
    /// As [`Acceptor::accept`].
    pub async fn accept_observed<IO>(&self, io: IO, observer: Arc<dyn Observe>) -> Result<TlsStream<IO>, HandshakeError>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        self.handshake(io, Some(observer)).await
    }

    async fn handshake<IO>(&self, io: IO, observer: Option<Arc<dyn Observe>>) -> Result<TlsStream<IO>, HandshakeError>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        let handshake = Handshake::server(self.chooser.clone(), crate::now(), observer);
        drive(
            handshake,
            Side::Server,
            io,
            self.limit,
            self.answer_plaintext.as_deref(),
        )
        .await
    }
}

impl fmt::Debug for Acceptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acceptor")
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

/// A closure that chooses a configuration by the ClientHello. It may take its time:
///
/// ```
/// # use std::sync::Arc;
/// # use portunus_tls::wire::AlertDescription;
/// # use portunus_tls::{ChoiceFailed, Decision, ServerConfig};
/// # use portunus_tokio::{Acceptor, choose_by};
/// # async fn look_up(host: Option<&portunus_x509::DnsName>) -> Option<Arc<ServerConfig>> { None }
/// let acceptor = Acceptor::choosing(choose_by(|hello, host| {
///     Decision::later(async move {
///         let suites = hello.cipher_suites.iter().count();
///         let reason = format!("no site of this name, for {suites} cipher suites");
///         look_up(host).await.ok_or(ChoiceFailed { alert: AlertDescription::UNRECOGNIZED_NAME, reason })
///     })
/// }));
/// ```
pub fn choose_by<F>(choose: F) -> Arc<dyn ChooseConfig>
where
    F: for<'a, 'h> Fn(
            &'a ClientHello<'h>,
            Option<&'a DnsName>,
        ) -> Decision<'a, Result<Arc<ServerConfig>, ChoiceFailed>>
        + Send
        + Sync
        + 'static,
{
    Arc::new(ChooseBy(choose))
}

struct ChooseBy<F>(F);

impl<F> ChooseConfig for ChooseBy<F>
where
    F: for<'a, 'h> Fn(
            &'a ClientHello<'h>,
            Option<&'a DnsName>,
        ) -> Decision<'a, Result<Arc<ServerConfig>, ChoiceFailed>>
        + Send
        + Sync,
{
    fn choose<'a>(
        &'a self,
        hello: &'a ClientHello<'_>,
        host: Option<&'a DnsName>,
    ) -> Decision<'a, Result<Arc<ServerConfig>, ChoiceFailed>> {
        (self.0)(hello, host)
    }
}

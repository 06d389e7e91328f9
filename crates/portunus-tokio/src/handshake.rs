//! Driving a handshake over a transport.

use std::future::poll_fn;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use portunus_tls::{Error, Handshake, Progress, Side};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

use crate::error::HandshakeError;
use crate::farewell::{Farewell, LastWords};
use crate::stream::TlsStream;
use crate::transport::{Engine, Transport};
use crate::waiters::Half;

/// What to say to a peer whose first bytes are no TLS, instead of an alert.
pub(crate) type AnswerPlaintext = dyn Fn(&[u8; 5]) -> Option<Vec<u8>> + Send + Sync;

/// Drives the handshake to its end, within the limit; a failed one is told to the peer.
pub(crate) async fn drive<IO: AsyncRead + AsyncWrite + Unpin>(
    mut handshake: Handshake,
    side: Side,
    io: IO,
    limit: Duration,
    answer_plaintext: Option<&AnswerPlaintext>,
) -> Result<TlsStream<IO>, HandshakeError> {
    let mut transport = Transport::new(io);
    let driven = timeout(
        limit,
        poll_fn(|context| poll(context, &mut handshake, side, &mut transport)),
    )
    .await;
    match driven {
        Ok(Ok(())) => Ok(TlsStream::new(transport, handshake.into_connection()?)),
        Ok(Err(error)) => {
            if let HandshakeError::Tls(error) = &error {
                tell_peer(error, handshake, &mut transport, answer_plaintext).await;
            }
            Err(error)
        }
        Err(_) => Err(HandshakeError::TimedOut {
            limit,
            exchanged: transport.exchanged,
        }),
    }
}

/// The last bytes to the peer: the alert of our error, or an answer in the language that it speaks.
async fn tell_peer<IO: AsyncRead + AsyncWrite + Unpin>(
    error: &Error,
    handshake: Handshake,
    transport: &mut Transport<IO>,
    answer_plaintext: Option<&AnswerPlaintext>,
) {
    let answer = match error {
        Error::NotTls { first } => answer_plaintext.and_then(|answer| answer(first)),
        _ => None,
    };
    match answer {
        Some(answer) => say_farewell(LastWords(answer), transport).await,
        None if error.alert().is_some() => say_farewell(handshake, transport).await,
        None => {}
    }
}

async fn say_farewell<IO: AsyncRead + AsyncWrite + Unpin>(mut engine: impl Engine, transport: &mut Transport<IO>) {
    let mut farewell = Farewell::new();
    poll_fn(|context| farewell.poll(context, transport, &mut engine)).await;
}

fn poll<IO: AsyncRead + AsyncWrite + Unpin>(
    context: &mut Context<'_>,
    handshake: &mut Handshake,
    side: Side,
    transport: &mut Transport<IO>,
) -> Poll<Result<(), HandshakeError>> {
    loop {
        let progress = handshake.poll(context)?;
        // What fails here is no verdict yet: the peer may have said why it takes no more.
        let sent = transport.poll_flush(context, Half::Writing, handshake);
        match progress {
            Progress::Done => {
                if side == Side::Client {
                    // The server waits for the client's Finished. (The server's tickets, on the other hand, must hold up nobody.)
                    let _ = ready!(sent);
                }
                return Poll::Ready(Ok(()));
            }
            // Bytes stay with the transport meanwhile: the connection's memory is bounded.
            Progress::NeedsDecision => return Poll::Pending,
            Progress::NeedsBytes => {}
        }
        match ready!(transport.poll_receive(context, handshake)) {
            Ok(0) => {
                // The engine notes it for its observer; the transport's end is ours to tell.
                let _ = handshake.transport_closed();
                return Poll::Ready(Err(HandshakeError::closed(transport.exchanged)));
            }
            Ok(_) => {}
            Err(error) => return Poll::Ready(Err(HandshakeError::io(&error, transport.exchanged))),
        }
    }
}

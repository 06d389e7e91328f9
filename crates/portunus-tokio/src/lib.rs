//! TLS streams for tokio: the only place where the engine of [`portunus_tls`] meets sockets and the clock.
//!
//! A [`Connector`] or an [`Acceptor`] turns a transport (anything that is [`AsyncRead`](tokio::io::AsyncRead),
//! [`AsyncWrite`](tokio::io::AsyncWrite) and [`Unpin`]) into a [`TlsStream`]. All of it needs a tokio runtime with its
//! timer: each handshake has a time limit, and so has the farewell of a connection that failed.

mod acceptor;
mod connector;
mod error;
mod farewell;
mod gather;
mod handshake;
mod signing_thread;
mod spare;
mod stream;
mod transport;
mod waiters;

pub use acceptor::{Acceptor, choose_by};
pub use connector::Connector;
pub use error::{Exchanged, HandshakeError};
pub use signing_thread::SigningThread;
pub use stream::TlsStream;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use portunus_x509::UnixTime;

/// The time limit of a handshake unless another one is set. No RFC names one: a handshake takes two round trips, and
/// 10 seconds leave room for three retransmissions in a row (1 + 2 + 4 seconds) on a bad line.
pub const HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);

/// The system's time, as certificates and tickets are judged by it.
pub fn now() -> UnixTime {
    let seconds = |duration: Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => UnixTime(seconds(since)),
        Err(before) => UnixTime(seconds(before.duration()).saturating_neg()),
    }
}

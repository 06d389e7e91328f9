//! Why a handshake failed, and how a stream tells the engine's errors.

use std::fmt;
use std::io;
use std::time::Duration;

use portunus_tls::wire::AlertDescription;
use portunus_tls::{Error, Misuse, Phase};

/// How many bytes had crossed the transport.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exchanged {
    /// From us to the peer.
    pub sent: u64,
    /// From the peer to us.
    pub received: u64,
}

impl Exchanged {
    pub(crate) fn add_sent(&mut self, count: usize) {
        self.sent = self.sent.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
    }

    pub(crate) fn add_received(&mut self, count: usize) {
        self.received = self.received.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
    }
}

impl fmt::Display for Exchanged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "after {} bytes sent and {} received", self.sent, self.received)
    }
}

/// A handshake failed. The alert, if there was one to send, has been sent.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HandshakeError {
    /// The engine refused, or the peer did with an alert.
    #[error("{0}")]
    Tls(#[from] Error),
    /// The transport failed or ended ([`io::ErrorKind::UnexpectedEof`]).
    #[error("{message} during the handshake, {exchanged}")]
    Io {
        /// What kind of failure.
        kind: io::ErrorKind,
        /// What the transport said.
        message: String,
        /// Where in the handshake it was.
        exchanged: Exchanged,
    },
    /// The time limit passed.
    #[error("the handshake was not done within {} seconds, {exchanged}", .limit.as_secs_f32())]
    TimedOut {
        /// The limit.
        limit: Duration,
        /// Where in the handshake it was.
        exchanged: Exchanged,
    },
}

impl HandshakeError {
    /// Whether the transport failed, ended or stayed silent before the peer sent anything: to a client, the mark of a server
    /// (or a middlebox) that chokes on its ClientHello. A second try with smaller
    /// [`key shares`](portunus_tls::ClientConfig::with_key_shares) then tells more.
    pub fn peer_was_silent(&self) -> bool {
        match self {
            Self::Tls(_) => false,
            Self::Io { exchanged, .. } | Self::TimedOut { exchanged, .. } => exchanged.received == 0,
        }
    }

    /// Whether a server (or a middlebox) may have choked on the size of our ClientHello: it was silent, or the first that it said was an
    /// alert in plaintext of those by which a receiver tells that it cannot read what came.
    pub fn peer_may_have_choked(&self) -> bool {
        let Self::Tls(Error::Alert(alert)) = self else {
            return self.peer_was_silent();
        };
        !alert.protected
            && alert.phase == Phase::Handshake
            && matches!(
                alert.description,
                AlertDescription::DECODE_ERROR
                    | AlertDescription::ILLEGAL_PARAMETER
                    | AlertDescription::UNEXPECTED_MESSAGE
                    | AlertDescription::RECORD_OVERFLOW
                    | AlertDescription::INTERNAL_ERROR
            )
    }

    pub(crate) fn io(error: &io::Error, exchanged: Exchanged) -> Self {
        Self::Io {
            kind: error.kind(),
            message: error.to_string(),
            exchanged,
        }
    }

    pub(crate) fn closed(exchanged: Exchanged) -> Self {
        let message = "the peer closed the connection".to_owned();
        Self::Io {
            kind: io::ErrorKind::UnexpectedEof,
            message,
            exchanged,
        }
    }
}

/// The engine's error as a stream tells it: [`io::Error::get_ref`] has the [`Error`] itself.
pub(crate) fn stream_error(error: Error) -> io::Error {
    let kind = match &error {
        Error::Truncated => io::ErrorKind::UnexpectedEof,
        Error::Alert(_) => io::ErrorKind::ConnectionAborted,
        Error::Misuse(Misuse::WriteAfterClose) => io::ErrorKind::BrokenPipe,
        Error::Misuse(_) => io::ErrorKind::InvalidInput,
        Error::Internal(_) => io::ErrorKind::Other,
        _ => io::ErrorKind::InvalidData,
    };
    io::Error::new(kind, error)
}

#[cfg(test)]
mod tests {
    use portunus_tls::AlertReceived;
    use portunus_tls::wire::AlertLevel;

    use super::*;

    #[test]
    fn who_may_have_choked_on_a_large_hello() {
        let alert = |description, protected| {
            HandshakeError::Tls(Error::Alert(AlertReceived {
                description,
                level: AlertLevel::FATAL,
                protected,
                phase: Phase::Handshake,
            }))
        };
        assert!(HandshakeError::closed(Exchanged::default()).peer_may_have_choked());
        assert!(alert(AlertDescription::DECODE_ERROR, false).peer_may_have_choked());
        assert!(!alert(AlertDescription::DECODE_ERROR, true).peer_may_have_choked());
        assert!(!alert(AlertDescription::UNRECOGNIZED_NAME, false).peer_may_have_choked());
        assert!(!HandshakeError::Tls(Error::Truncated).peer_may_have_choked());
    }
}

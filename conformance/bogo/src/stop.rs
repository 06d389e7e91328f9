//! Why a test ends before its end.

use portunus_tls::{CertificateFault, Error, Internal};

/// What the runner is told.
#[derive(Debug)]
pub(crate) enum Stop {
    /// A flag, or a value of one, that is not for us.
    NotImplemented(String),
    /// Something is not as a flag says, or the test cannot go on.
    Failed(String),
    /// The engine ended the connection.
    Tls(Error),
    /// The socket failed, or a file could not be read.
    Transport(std::io::Error),
}

impl Stop {
    pub(crate) fn failed<T>(reason: impl Into<String>) -> Result<T, Self> {
        Err(Self::Failed(reason.into()))
    }

    pub(crate) fn not_implemented<T>(what: impl Into<String>) -> Result<T, Self> {
        Err(Self::NotImplemented(what.into()))
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Tls(error)
    }
}

impl From<std::io::Error> for Stop {
    fn from(error: std::io::Error) -> Self {
        Self::Transport(error)
    }
}

/// The name of an error between colons, as the runner's configuration can map it to its own.
pub(crate) fn name(error: &Error) -> String {
    match error {
        Error::Peer(fault) => format!(":{fault:?}:"),
        Error::UnexpectedMessage { got, .. } => format!(":UnexpectedMessage: :{got}:"),
        Error::UnexpectedRecord { got } => format!(":UnexpectedRecord: :{got}:"),
        Error::NotTls { .. } => ":NotTls:".to_owned(),
        Error::Malformed(malformed) => format!(":Malformed: :{malformed}:"),
        Error::Certificate(fault) => match fault {
            CertificateFault::Unreadable(_) => ":CertificateUnreadable:".to_owned(),
            CertificateFault::Refused(refusal) => format!(":CertificateRefused: :{:?}:", refusal.kind()),
            _ => ":CertificateRefused:".to_owned(),
        },
        Error::Alert(alert) => format!(":AlertReceived: :{}:", alert.description),
        Error::Limit(limit) => format!(":Limit{limit:?}:"),
        Error::Truncated => ":Truncated:".to_owned(),
        Error::ClosedInHandshake => ":ClosedInHandshake:".to_owned(),
        Error::Misuse(misuse) => format!(":Misuse{misuse:?}:"),
        Error::Internal(internal) => match internal {
            Internal::NotChosen(_) => ":NotChosen:".to_owned(),
            Internal::Signing(_) => ":Signing:".to_owned(),
            Internal::TooLong(_) => ":TooLong:".to_owned(),
            other => format!(":{other:?}:"),
        },
        other => format!(":{other:?}:"),
    }
}

//! What becomes of early data (RFC 9846 section 2.3), and why.

use std::sync::Arc;

use crate::wire::CipherSuite;

/// What a client's early data relies on, as the session has it: the server takes it on these terms or not at all.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EarlyOffer {
    /// The cipher suite.
    pub cipher_suite: CipherSuite,
    /// What is to be spoken, if something was agreed.
    pub application_protocol: Option<Vec<u8>>,
    /// The certificates that the server showed when the session began.
    pub server_chain: Arc<[Vec<u8>]>,
    /// How many bytes more may be written.
    pub left: usize,
}

/// What became of early data in a handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EarlyData {
    /// The server took it.
    Accepted {
        /// How many bytes of it there were; on a server, as long as the handshake is not confirmed, 0.
        bytes: usize,
    },
    /// There is none: what a client sent so, the server threw away. It is for the application to decide whether to send it again.
    Refused {
        /// How many bytes the client sent in vain; on a server 0.
        bytes: usize,
        /// Why.
        why: NoEarlyData,
    },
}

impl EarlyData {
    /// None was offered, or none was to be taken.
    pub(crate) fn none(why: NoEarlyData) -> Self {
        Self::Refused { bytes: 0, why }
    }

    /// TLS 1.2 has none, whether it is on or off.
    #[cfg(feature = "tls12")]
    pub(crate) fn of_older_version(is_on: bool) -> Self {
        Self::none(if is_on { NoEarlyData::Version } else { NoEarlyData::Off })
    }
}

/// Why there is no early data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NoEarlyData {
    /// The configuration does not have it.
    Off,
    /// The version is not TLS 1.3.
    Version,
    /// The client had no session to go on with.
    NoSession,
    /// The session's ticket does not allow it, or not here: it was issued under another guard.
    NotOfSession,
    /// The client did not offer it.
    NotOffered,
    /// The server did not go on with the session, or not with the one that was offered first.
    NotResumed,
    /// The server asked for another ClientHello.
    Retried,
    /// The cipher suite is not the session's.
    CipherSuite,
    /// The application protocol is not the session's.
    ApplicationProtocol,
    /// The client's age of the ticket is not the server's: the hello was made at another time than it came.
    TicketAge,
    /// The same early data was taken before.
    Replayed,
    /// The server cannot know yet whether it was taken before: it started, or its clock went back, a short time ago.
    GuardFresh,
    /// The server cannot remember any more.
    GuardFull,
    /// The server did not want it, and did not say why.
    Declined,
}

//! What can go wrong, by whose fault it is, and the alert that follows.

use std::sync::Arc;

use portunus_x509::{Printable, Refusal, RefusalKind};

use crate::crypto::group::ExchangeFailed;
use crate::crypto::verify::NotProven;
use crate::decision::ChoiceFailed;
use crate::wire::Alert;
use crate::wire::{AlertDescription, AlertLevel, ContentType, HandshakeType};
use crate::wire::{Malformed, TooLong};

/// A connection failed. The same error is given for ever after.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The peer broke a rule of the protocol.
    #[error("{0}")]
    Peer(#[from] PeerFault),
    /// The peer sent a message where another was due.
    #[error("the peer sent {got} where {} was due", Wanted(.wanted))]
    UnexpectedMessage {
        /// What came.
        got: HandshakeType,
        /// What could have come.
        wanted: &'static [HandshakeType],
    },
    /// The peer sent a record of a kind that has no place here.
    #[error("the peer sent a record of type {got}, which has no place here")]
    UnexpectedRecord {
        /// Its type.
        got: ContentType,
    },
    /// The first bytes are no TLS: the peer speaks something else.
    #[error("the peer does not speak TLS: its first bytes are \"{}\"", Printable::new(.first))]
    NotTls {
        /// Its first five bytes.
        first: [u8; 5],
    },
    /// A message that does not have the form which the RFC gives it.
    #[error("{0}")]
    Malformed(#[from] Malformed),
    /// The peer's certificate was not accepted.
    #[error("{0}")]
    Certificate(#[from] CertificateFault),
    /// The peer ended the connection with an alert.
    #[error("{0}")]
    Alert(#[from] AlertReceived),
    /// The peer went past one of our limits.
    #[error("{0}")]
    Limit(#[from] Limit),
    /// The transport ended without close_notify: what was received may have been cut off (RFC 9846 section 6.1).
    #[error("the peer closed the connection without close_notify: data may have been cut off")]
    Truncated,
    /// The transport ended, or the peer said close_notify, before the handshake was done.
    #[error("the peer closed the connection during the handshake")]
    ClosedInHandshake,
    /// The application ended the connection by [`crate::Connection::abort`].
    #[error("the connection was ended here, with the alert {0}")]
    Aborted(AlertDescription),
    /// The caller asked for what is not possible.
    #[error("{0}")]
    Misuse(#[from] Misuse),
    /// Something of ours failed.
    #[error("{0}")]
    Internal(#[from] Internal),
}

impl Error {
    /// The alert that the peer gets; `None` where there is nobody left to tell.
    pub fn alert(&self) -> Option<AlertDescription> {
        match self {
            Self::Peer(fault) => Some(fault.alert()),
            Self::UnexpectedMessage { .. } | Self::UnexpectedRecord { .. } | Self::NotTls { .. } => {
                Some(AlertDescription::UNEXPECTED_MESSAGE)
            }
            Self::Malformed(malformed) => Some(malformed.alert()),
            Self::Certificate(fault) => Some(fault.alert()),
            Self::Limit(limit) => Some(limit.alert()),
            Self::Internal(Internal::NoIdentity) => Some(AlertDescription::UNRECOGNIZED_NAME),
            Self::Internal(Internal::NotChosen(failed)) => Some(failed.alert),
            Self::Aborted(alert) => Some(*alert),
            Self::Misuse(_) | Self::Internal(_) => Some(AlertDescription::INTERNAL_ERROR),
            Self::Alert(_) | Self::Truncated | Self::ClosedInHandshake => None,
        }
    }
}

impl From<ExchangeFailed> for Error {
    fn from(failed: ExchangeFailed) -> Self {
        match failed {
            ExchangeFailed::PeerShare => PeerFault::BadKeyShare.into(),
            ExchangeFailed::Ours => Internal::Crypto.into(),
        }
    }
}

impl From<NotProven> for Error {
    fn from(not_proven: NotProven) -> Self {
        match not_proven {
            NotProven::WrongKey => PeerFault::SchemeWrongForKey.into(),
            NotProven::BadSignature => PeerFault::BadSignature.into(),
        }
    }
}

impl From<crate::crypto::CryptoFailed> for Error {
    fn from(_: crate::crypto::CryptoFailed) -> Self {
        Internal::Crypto.into()
    }
}

impl From<TooLong> for Error {
    fn from(too_long: TooLong) -> Self {
        Internal::TooLong(too_long).into()
    }
}

struct Wanted<'a>(&'a [HandshakeType]);

impl std::fmt::Display for Wanted<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0.is_empty() {
            return f.write_str("none");
        }
        for (index, kind) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(" or ")?;
            }
            write!(f, "{kind}")?;
        }
        Ok(())
    }
}

/// One row a fault: its name, its alert, the rule that was broken, and a sentence; so that they cannot drift apart.
macro_rules! faults {
    ($(#[$doc:meta])* $enum:ident {
        $($name:ident $({ $($field:ident: $type:ty, $about:literal;)* })? => $alert:ident, $rule:literal, $sentence:literal;)*
    }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
        #[non_exhaustive]
        pub enum $enum {
            $(
                #[doc = concat!($sentence, " (", $rule, ").")]
                #[error($sentence)]
                $name $({ $(#[doc = $about] $field: $type,)* })?,
            )*
        }

        impl $enum {
            /// The alert that the rule asks for.
            pub fn alert(self) -> AlertDescription {
                match self { $(Self::$name { .. } => AlertDescription::$alert,)* }
            }

            /// The rule: the RFC and its section.
            pub fn rule(self) -> &'static str {
                match self { $(Self::$name { .. } => $rule,)* }
            }
        }
    };
}

faults! {
    /// A rule that the peer broke.
    PeerFault {
        BadRecordMac => BAD_RECORD_MAC, "RFC 9846 section 5.2", "a record from the peer does not authenticate: it was changed, dropped, repeated or reordered on the way, or is sealed with another key";
        RecordOverflow => RECORD_OVERFLOW, "RFC 9846 section 5.1", "the peer sent a record longer than the protocol allows";
        RecordVersion => PROTOCOL_VERSION, "RFC 5246 section 6.2.1", "the peer sent a record of another version than was agreed";
        NoContentType => UNEXPECTED_MESSAGE, "RFC 9846 section 5.4", "the peer sent a record of padding alone, without a content type";
        EmptyRecord => UNEXPECTED_MESSAGE, "RFC 9846 section 5.1", "the peer sent an empty record of a type that may not be empty";
        BadAlertRecord => DECODE_ERROR, "RFC 9846 section 6", "the peer sent an alert that is not two bytes long in a record of its own";
        Interleaved => UNEXPECTED_MESSAGE, "RFC 9846 section 5.1", "the peer sent another record in the middle of a handshake message";
        NotAligned => UNEXPECTED_MESSAGE, "RFC 9846 section 5.1", "the peer sent handshake bytes across a change of keys";
        BadChangeCipherSpec => UNEXPECTED_MESSAGE, "RFC 9846 section 5", "the peer sent a change_cipher_spec where or as it may not be";
        NoCommonVersion => PROTOCOL_VERSION, "RFC 9846 section 4.3.1", "the peer offers no version of TLS that is spoken here";
        InappropriateFallback => INAPPROPRIATE_FALLBACK, "RFC 7507 section 3", "the peer fell back to an older version than both sides have: somebody made the newer one fail";
        Ssl3 => PROTOCOL_VERSION, "RFC 7568 section 3", "the peer's hello is one of SSL 3.0";
        LegacyVersion => PROTOCOL_VERSION, "RFC 9846 section 4.2.2", "the peer's hello of TLS 1.3 has another legacy_version than TLS 1.2";
        NoCommonCipherSuite => HANDSHAKE_FAILURE, "RFC 9846 section 4.2.1", "the peer offers no cipher suite that is allowed here";
        NoCipherSuiteForKey => HANDSHAKE_FAILURE, "RFC 5246 section 7.4.1.3", "the peer offers cipher suites of TLS 1.2 that are allowed here, but none for the kind of key that the certificate here has";
        NoCommonGroup => HANDSHAKE_FAILURE, "RFC 9846 section 4.2.1", "the peer offers no key exchange group that is allowed here";
        NoGroupForKey => HANDSHAKE_FAILURE, "RFC 8422 section 5.1.1", "the peer does not read the curve that the key of the certificate here is on";
        NoCommonSignatureScheme => HANDSHAKE_FAILURE, "RFC 9846 section 4.2.1", "the peer cannot verify a signature of any of the certificates here";
        CompressionOffered => ILLEGAL_PARAMETER, "RFC 9846 section 4.2.2", "the peer offers compression methods other than null";
        NullCompressionMissing => ILLEGAL_PARAMETER, "RFC 5246 section 7.4.1.2", "the peer does not offer the null compression method";
        MissingSupportedGroups => MISSING_EXTENSION, "RFC 9846 section 9.2", "the peer's ClientHello has no supported_groups";
        MissingKeyShare => MISSING_EXTENSION, "RFC 9846 section 9.2", "the peer sent no key_share";
        MissingSignatureAlgorithms => MISSING_EXTENSION, "RFC 9846 section 9.2", "the peer sent no signature_algorithms";
        DuplicateKeyShare => ILLEGAL_PARAMETER, "RFC 9846 section 4.3.8", "the peer sent two key shares of one group";
        KeyShareNotInGroups => ILLEGAL_PARAMETER, "RFC 9846 section 4.3.8", "the peer sent a key share of a group that its supported_groups lacks";
        BadKeyShare => ILLEGAL_PARAMETER, "RFC 9846 section 4.3.8.2", "the peer's key share is not a valid one of its group";
        NoApplicationProtocol => NO_APPLICATION_PROTOCOL, "RFC 7301 section 3.2", "the peer offers no application protocol that is spoken here";
        SecondHelloChanged => ILLEGAL_PARAMETER, "RFC 9846 section 4.2.2", "the peer's second ClientHello differs from its first in what may not change";
        SecondHelloKeyShare => ILLEGAL_PARAMETER, "RFC 9846 section 4.3.8", "the peer's second ClientHello does not hold the one key share that was asked for";
        EarlyDataAfterRetry => ILLEGAL_PARAMETER, "RFC 9846 section 4.2.2", "the peer's second ClientHello offers early data again";
        PskWithoutModes => MISSING_EXTENSION, "RFC 9846 section 4.3.9", "the peer offers a pre_shared_key without psk_key_exchange_modes";
        BadBinder => DECRYPT_ERROR, "RFC 9846 section 4.3.11", "the binder of the ticket that the peer offers does not verify";
        UncompressedPointsMissing => ILLEGAL_PARAMETER, "RFC 8422 section 5.1.2", "the peer's ec_point_formats lacks the uncompressed form";
        NoExtendedMainSecret => HANDSHAKE_FAILURE, "RFC 7627 section 5", "the peer does not bind the keys of TLS 1.2 to the whole handshake (extended main secret), which is required here";
        ExtendedMainSecretChanged => HANDSHAKE_FAILURE, "RFC 7627 section 5.3", "the peer resumes a session with another kind of main secret than it began with";
        RenegotiationInfo => HANDSHAKE_FAILURE, "RFC 5746 section 3", "the peer's renegotiation_info in a first handshake is not empty";
        NoSecureRenegotiation => HANDSHAKE_FAILURE, "RFC 5746 section 3.4", "the server does not say that it renegotiates securely: this handshake could be spliced behind somebody else's";
        Renegotiation => NO_RENEGOTIATION, "RFC 5246 section 7.2.2", "the peer wants to renegotiate, which is never done here";
        RecordSizeLimit => ILLEGAL_PARAMETER, "RFC 8449 section 4", "the server's record_size_limit is longer than its version's records";
        TwoRecordLimits => ILLEGAL_PARAMETER, "RFC 8449 section 5", "the server answered with both max_fragment_length and record_size_limit";
        MissingChangeCipherSpec => UNEXPECTED_MESSAGE, "RFC 5246 section 7.1", "the peer sent a handshake message where its change_cipher_spec was due";
        UnsolicitedExtension => UNSUPPORTED_EXTENSION, "RFC 9846 section 4.3", "the peer answered with an extension that was not offered";
        VersionNotOffered => PROTOCOL_VERSION, "RFC 9846 section 4.3.1", "the server chose a version that was not offered";
        SelectedVersionIllegal => ILLEGAL_PARAMETER, "RFC 9846 section 4.3.1", "the server selected a version that was not offered";
        Downgrade => ILLEGAL_PARAMETER, "RFC 9846 section 4.2.3", "the server's random says that somebody made this client look older than it is: a downgrade attack or a broken middlebox";
        VersionChanged => ILLEGAL_PARAMETER, "RFC 9846 section 4.2.4", "the server chose another version after its HelloRetryRequest";
        SessionNotOffered => ILLEGAL_PARAMETER, "RFC 5246 section 7.4.1.3", "the server goes on with a session that was not offered";
        SessionChanged => ILLEGAL_PARAMETER, "RFC 5246 section 7.4.1.3", "the server goes on with a session under another cipher suite than it had";
        SessionIdNotEchoed => ILLEGAL_PARAMETER, "RFC 9846 section 4.2.3", "the server did not echo the legacy_session_id";
        CipherSuiteNotOffered => ILLEGAL_PARAMETER, "RFC 9846 section 4.2.3", "the server chose a cipher suite that was not offered";
        CipherSuiteChanged => ILLEGAL_PARAMETER, "RFC 9846 section 4.2.4", "the server chose another cipher suite after its HelloRetryRequest";
        CompressionChosen => ILLEGAL_PARAMETER, "RFC 9846 section 4.2.3", "the server chose a compression method";
        GroupNotOffered => ILLEGAL_PARAMETER, "RFC 9846 section 4.3.8", "the server chose a key exchange group that was not offered";
        RetryWithoutChange => ILLEGAL_PARAMETER, "RFC 9846 section 4.2.4", "the server's HelloRetryRequest asks for nothing new";
        SecondRetry => UNEXPECTED_MESSAGE, "RFC 9846 section 4.2.4", "the server sent a second HelloRetryRequest";
        PskNotOffered => ILLEGAL_PARAMETER, "RFC 9846 section 4.3.11", "the server chose a pre-shared key that was not offered";
        PskHashMismatch => ILLEGAL_PARAMETER, "RFC 9846 section 4.3.11", "the server resumed with a cipher suite of another hash than the ticket's";
        EarlyDataWithoutSession => ILLEGAL_PARAMETER, "RFC 9846 section 4.3.10", "the server takes early data without the session that allows it";
        EarlyDataCipherSuite => ILLEGAL_PARAMETER, "RFC 9846 section 4.3.10", "the server takes early data with another cipher suite than its session had";
        EarlyDataApplicationProtocol => ILLEGAL_PARAMETER, "RFC 9846 section 4.3.10", "the server takes early data with another application protocol than its session had";
        EarlyDataOlderVersion => PROTOCOL_VERSION, "RFC 9846 appendix E.3", "the server answered early data with a version that has none";
        TooMuchEarlyData => UNEXPECTED_MESSAGE, "RFC 9846 section 4.7.1", "the client sent more early data than its ticket allows";
        PskWithoutKeyShare => ILLEGAL_PARAMETER, "RFC 9846 section 4.3.11", "the server resumed without the key_share that was asked for";
        ApplicationProtocolNotOffered => ILLEGAL_PARAMETER, "RFC 7301 section 3.1", "the server chose an application protocol that was not offered";
        CompressionAlgorithmNotOffered => ILLEGAL_PARAMETER, "RFC 8879 section 4", "the server compressed its certificates in a way that was not offered";
        BadCompressedCertificate => BAD_CERTIFICATE, "RFC 8879 section 4", "the server's compressed certificates do not inflate to what it announced";
        RequestContextNotEmpty => ILLEGAL_PARAMETER, "RFC 9846 section 4.4.2", "the certificate_request_context is not empty in the handshake";
        RequestContextAgain => ILLEGAL_PARAMETER, "RFC 9846 section 4.4.2", "the server asked for a certificate with the certificate_request_context of another request";
        RequestContextUnknown => ILLEGAL_PARAMETER, "RFC 9846 section 4.5.1", "the client's certificate_request_context is that of no request that waits for an answer";
        NoCertificate => DECODE_ERROR, "RFC 9846 section 4.5.1.3", "the server sent no certificate";
        OidFilters => ILLEGAL_PARAMETER, "RFC 9846 section 4.3.5", "the server's oid_filters name an extension twice, ask for anyExtendedKeyUsage, or cannot be read";
        OidFiltersNotMatched => UNSUPPORTED_CERTIFICATE, "RFC 9846 section 4.3.5", "the client's certificate lacks a key usage or purpose that it was asked to have";
        CertificateRequired => CERTIFICATE_REQUIRED, "RFC 9846 section 4.5.1.3", "the client sent no certificate where one is required";
        ClientCertificateMissing => HANDSHAKE_FAILURE, "RFC 5246 section 7.4.6", "the client sent no certificate where one is required";
        CertificateWrongForSuite => ILLEGAL_PARAMETER, "RFC 5246 section 7.4.2", "the server's certificate has another kind of key than the cipher suite that it chose";
        CertificateCurveNotOffered => ILLEGAL_PARAMETER, "RFC 8422 section 5.1.1", "the certificate's key is on a curve that was not offered";
        SchemeNotOffered => ILLEGAL_PARAMETER, "RFC 9846 section 4.5.2", "the peer signed with a scheme that was not offered";
        SchemeWrongForKey => ILLEGAL_PARAMETER, "RFC 9846 section 4.5.2", "the peer signed with a scheme that its certificate's key cannot have";
        KeyUsage => ILLEGAL_PARAMETER, "RFC 9846 section 4.5.1.2", "the peer signed with a key whose certificate does not allow it: key usage lacks digitalSignature";
        KeyUsageEncipherment => ILLEGAL_PARAMETER, "RFC 5246 section 7.4.2", "the server wants a secret under a key whose certificate does not allow it: key usage lacks keyEncipherment";
        RsaKeyUnusable => UNSUPPORTED_CERTIFICATE, "RFC 5246 section 7.4.7.1", "the key of the server's certificate cannot be encrypted with: it is no RSA key of 2048 to 8192 bits";
        BadSignature => DECRYPT_ERROR, "RFC 9846 section 4.5.2", "the peer's handshake signature does not verify";
        FinishedLength => DECODE_ERROR, "RFC 9846 section 4.5.3", "the peer's Finished has another length than the cipher suite's hash";
        BadFinished => DECRYPT_ERROR, "RFC 9846 section 4.5.3", "the peer's Finished does not verify: the two sides saw different handshakes";
    }
}

faults! {
    /// A limit of ours that the peer went past.
    Limit {
        HandshakeMessage {
            kind: HandshakeType, "Its type.";
            length: usize, "The length that it announces.";
        } => ILLEGAL_PARAMETER, "RFC 9846 section 4", "the peer announced a {kind} of {length} bytes, longer than is taken here";
        HandshakeBytes => UNEXPECTED_MESSAGE, "RFC 9846 section 4", "the peer sent more handshake bytes than any handshake needs";
        InflatedCertificate => BAD_CERTIFICATE, "RFC 8879 section 5", "the peer announced compressed certificates that are longer than is taken here";
        ChainLength => BAD_CERTIFICATE, "RFC 9846 section 4.5.1", "the peer sent more certificates than any chain needs";
        EmptyRecords => UNEXPECTED_MESSAGE, "RFC 9846 section 5.1", "the peer sent too many empty records";
        ChangeCipherSpecs => UNEXPECTED_MESSAGE, "RFC 9846 section 5", "the peer sent too many change_cipher_spec records";
        WarningAlerts => UNEXPECTED_MESSAGE, "RFC 9846 section 6", "the peer sent too many warning alerts";
        KeyUpdates => UNEXPECTED_MESSAGE, "RFC 9846 section 4.7.3", "the peer sent too many KeyUpdates without data between them";
        HelloRequests => NO_RENEGOTIATION, "RFC 5246 section 7.2.2", "the peer asked for renegotiation again and again";
        Tickets => UNEXPECTED_MESSAGE, "RFC 9846 section 4.7.1", "the peer sent too many session tickets";
        CertificateRequests => UNEXPECTED_MESSAGE, "RFC 9846 section 4.7.2", "the server asked for a certificate too often after the handshake";
        KeyShares => ILLEGAL_PARAMETER, "RFC 9846 section 4.3.8", "the peer sent more key shares than any client makes";
        EarlyData => UNEXPECTED_MESSAGE, "RFC 9846 section 4.3.10", "the peer sent more early data than may be skipped";
    }
}

/// The peer's certificate was not accepted.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateFault {
    /// A certificate that cannot be read.
    #[error("the peer's certificate cannot be read: {0}")]
    Unreadable(portunus_x509::Malformed),
    /// The verifier refused it: the reason names every path that it tried.
    #[error("{0}")]
    Refused(Arc<Refusal>),
    /// A verifier of the application's own refused it.
    #[error("the certificate was refused: {reason}")]
    Application {
        /// What the peer is told; `certificate_unknown` where nothing fits better.
        alert: AlertDescription,
        /// What it said.
        reason: String,
    },
}

impl CertificateFault {
    /// The alert: as close as RFC 9846 section 6.2 has one.
    pub fn alert(&self) -> AlertDescription {
        match self {
            Self::Unreadable(_) => AlertDescription::BAD_CERTIFICATE,
            Self::Application { alert, .. } => *alert,
            Self::Refused(refusal) => match refusal.kind() {
                RefusalKind::BadCertificate | RefusalKind::NameMismatch => AlertDescription::BAD_CERTIFICATE,
                RefusalKind::UnsupportedCertificate => AlertDescription::UNSUPPORTED_CERTIFICATE,
                RefusalKind::Expired => AlertDescription::CERTIFICATE_EXPIRED,
                RefusalKind::Revoked => AlertDescription::CERTIFICATE_REVOKED,
                RefusalKind::UnknownCa => AlertDescription::UNKNOWN_CA,
                RefusalKind::Other => AlertDescription::CERTIFICATE_UNKNOWN,
            },
        }
    }
}

/// Where in the connection an alert came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Before the handshake was done.
    Handshake,
    /// After it.
    Application,
}

/// The peer ended the connection with an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("the peer ended the {} with the alert {}{}: {}", match .phase { Phase::Handshake => "handshake", Phase::Application => "connection" }, .description, if *.protected { "" } else { " (in plaintext)" }, .description.meaning())]
pub struct AlertReceived {
    /// What the peer said.
    pub description: AlertDescription,
    /// Its level; TLS 1.3 ignores it (RFC 9846 section 6).
    pub level: AlertLevel,
    /// Whether it came under the connection's keys. Without them anybody on the way may have sent it.
    pub protected: bool,
    /// When it came.
    pub phase: Phase,
}

impl AlertReceived {
    pub(crate) fn new(alert: Alert, protected: bool, phase: Phase) -> Self {
        Self {
            description: alert.description,
            level: alert.level,
            protected,
            phase,
        }
    }
}

/// The caller asked for what is not possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Misuse {
    /// A write after close_notify was sent.
    #[error("the connection was closed for writing")]
    WriteAfterClose,
    /// The handshake is not done.
    #[error("the handshake is not done")]
    HandshakeNotDone,
    /// An exporter's context or output is longer than its length field can say.
    #[error("the exporter's context or output is too long")]
    ExporterLength,
    /// New keys for a connection of TLS 1.2, which has none to give.
    #[error("TLS 1.2 cannot replace the keys of a connection")]
    NoKeyUpdate,
    /// As many records were sealed as one key may protect, and TLS 1.2 cannot replace it.
    #[error(
        "the connection was closed: its key has protected as many records as it may, and TLS 1.2 cannot replace it"
    )]
    KeyWornOut,
    /// A channel binding of a connection of TLS 1.2 that is not bound to its handshake.
    #[error("without extended main secret the connection has no channel binding that nobody in between could have too")]
    NoChannelBinding,
    /// Early keying material of a connection that took no early data.
    #[error("the connection took no early data")]
    NoEarlyData,
    /// A request for a certificate to a client that did not say it may be asked after the handshake, or that is none.
    #[error("the peer may not be asked for a certificate after the handshake")]
    NoPostHandshakeAuthentication,
    /// More requests for certificates than may wait for their answers.
    #[error("too many requests for certificates wait for their answers")]
    TooManyCertificateRequests,
    /// A limit of records that the protocol does not have.
    #[error("a limit of records is 64 to 16385 bytes")]
    RecordSizeLimit,
    /// A length of records that the protocol does not have, or that is of no use.
    #[error("records of ours hold at most 64 to 16384 bytes")]
    MaxFragment,
    /// Filters of certificates that no server may ask for.
    #[error(
        "the filters of certificates name an extension twice, ask for anyExtendedKeyUsage, cannot be read, or are too long"
    )]
    OidFilters,
    /// A configuration without any cipher suite, group or key share of a group.
    #[error("the configuration allows no cipher suite, no group, or a key share of no allowed group")]
    EmptyConfiguration,
}

/// Something of ours failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Internal {
    /// The cryptographic library failed.
    #[error("the cryptographic library failed")]
    Crypto,
    /// A message of ours would not fit its length field.
    #[error("{0}")]
    TooLong(TooLong),
    /// The private key could not sign.
    #[error("{0}")]
    Signing(#[from] crate::crypto::sign::SigningFailed),
    /// No certificate is configured for the name that the client asked for.
    #[error("no certificate is configured for this name")]
    NoIdentity,
    /// A configuration or an identity could not be chosen for this peer.
    #[error("nothing could be chosen for this peer: {0}")]
    NotChosen(#[from] ChoiceFailed),
}

//! Servers that want a certificate of the client.

use portunus_tls::wire::HandshakeType;
use portunus_tls::{Direction, Error};

use super::{Diagnosis, FailureKind, Fault};
use crate::{Recording, What};

/// Whether the server asked the client for a certificate.
pub(super) fn wants_certificate(recording: &Recording) -> bool {
    recording
        .messages(Direction::Received, HandshakeType::CERTIFICATE_REQUEST)
        .next()
        .is_some()
}

/// Whether the client showed one.
pub(super) fn is_shown(recording: &Recording) -> bool {
    recording.has(|what| matches!(what, What::CertificatesSent { chain } if !chain.is_empty()))
}

/// The server refuses a client without a certificate.
pub(super) fn not_shown(diagnosis: Diagnosis, recording: &Recording) -> Diagnosis {
    let why = if is_shown(recording) {
        "The server lets in only clients that show a certificate, and takes the one that was shown for none."
    } else if wants_certificate(recording) {
        "The server asked for a certificate, none was shown, and it lets in only clients that show one."
    } else {
        "The server lets in only clients that show a certificate."
    };
    Diagnosis {
        step: 5,
        fault: Fault::Client,
        ..diagnosis
    }
    .because(why)
    .advise("Get a certificate from an authority that the server trusts, and use a program that can show it.")
}

/// Whether the server wanted another handshake over a connection that had one (RFC 5246 section 7.4.1.1).
pub(super) fn asks_again(recording: &Recording) -> bool {
    recording
        .messages(Direction::Received, HandshakeType::HELLO_REQUEST)
        .next()
        .is_some()
}

/// The server wanted another handshake, was told that there is none (RFC 5246 section 7.2.2), and gave up.
pub(super) fn not_renegotiated(diagnosis: Diagnosis) -> Diagnosis {
    for_one_path(diagnosis.because(
        "After the handshake the server asked for another one (renegotiation), was told that this is never done here, and gave \
         up. As a rule a server asks for it to get a certificate of the client for what was asked for.",
    ))
}

/// A CertificateRequest of TLS 1.3 that came after the handshake, where the client had not said that it may.
pub(super) fn unexpected(recording: &Recording, error: &Error) -> Option<Diagnosis> {
    let asked = matches!(error, Error::UnexpectedMessage { got, .. } if *got == HandshakeType::CERTIFICATE_REQUEST);
    (asked && recording.is_established()).then(|| {
        for_one_path(Diagnosis::new(6, FailureKind::Connection, Fault::Server, error).because(
            "After the handshake the server asked for a certificate of the client for what was asked for. A client says in its \
             ClientHello whether that may be done (post_handshake_auth); this one did not.",
        ))
    })
}

fn for_one_path(diagnosis: Diagnosis) -> Diagnosis {
    Diagnosis { step: 6, ..diagnosis }
        .advise(
            "Let the server ask for certificates in the handshake of a whole site, not for one path of it (Apache: \
             `SSLVerifyClient` out of `<Location>`): give what needs one a name of its own.",
        )
        .advise("Other paths of the server may need no certificate: ask for one of them to see whether the rest works.")
}

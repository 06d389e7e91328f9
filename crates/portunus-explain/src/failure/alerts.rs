//! What a server means by an alert, by where it came.

use portunus_tls::wire::{AlertDescription, ClientHello, HandshakeType};
use portunus_tls::{AlertReceived, Direction, Phase};

use super::{Diagnosis, FailureKind, Fault, demands, reached};
use crate::Recording;
use crate::words::{list, printable};

pub(super) fn received(recording: &Recording, alert: &AlertReceived) -> Diagnosis {
    let description = alert.description;
    let kind = match alert.phase {
        Phase::Handshake => FailureKind::Handshake,
        Phase::Application => FailureKind::Connection,
    };
    let what = format!("the server ended it with the alert {description}");
    let diagnosis = Diagnosis::new(reached(recording), kind, Fault::Server, what);
    let diagnosis = Diagnosis {
        alert: Some((Direction::Received, description)),
        ..diagnosis
    };
    let diagnosis = told(diagnosis, recording, description);
    if alert.protected {
        return diagnosis;
    }
    diagnosis.because("The alert came before there were keys, so anybody on the way may have sent it.")
}

fn told(diagnosis: Diagnosis, recording: &Recording, description: AlertDescription) -> Diagnosis {
    let name = asked_for(recording);
    match description {
        AlertDescription::HANDSHAKE_FAILURE
        | AlertDescription::NO_RENEGOTIATION
        | AlertDescription::UNEXPECTED_MESSAGE
        | AlertDescription::ACCESS_DENIED
            if demands::asks_again(recording) =>
        {
            demands::not_renegotiated(diagnosis)
        }
        // RFC 5246 section 7.4.6: TLS 1.2 has no alert of its own for a certificate that is missing.
        AlertDescription::HANDSHAKE_FAILURE if demands::wants_certificate(recording) && !demands::is_shown(recording) => {
            demands::not_shown(diagnosis, recording)
        }
        AlertDescription::HANDSHAKE_FAILURE | AlertDescription::INSUFFICIENT_SECURITY => {
            let diagnosis = diagnosis.because(format!("Nothing of the offer will do for it. The offer was: {}.", offer(recording)));
            let diagnosis = match &name {
                Some(name) => diagnosis.advise(format!(
                    "Many servers say this for a name that they do not have a site for: check that {name} is one of its."
                )),
                None => diagnosis.advise("Ask by name: servers with many sites say this to whoever asks for an address alone."),
            };
            diagnosis.advise("Let the server have TLS 1.3 with one of these suites and groups.")
        }
        AlertDescription::PROTOCOL_VERSION => diagnosis
            .because("TLS 1.3 and 1.2 were offered, and the server has neither.")
            .advise("Let the server have TLS 1.3 (nginx: `ssl_protocols TLSv1.2 TLSv1.3;`), or update its library."),
        AlertDescription::UNRECOGNIZED_NAME => diagnosis
            .because(match &name {
                Some(name) => format!("The server has no site by the name {name}."),
                None => "The server wants to be asked by name, and an address was asked for.".to_owned(),
            })
            .advise("Check the name, and that DNS leads it to the right server; at the server, add the name to a site."),
        AlertDescription::INTERNAL_ERROR => diagnosis
            .because("Something failed inside the server. As a rule it has no certificate for the name, or cannot use its key.")
            .advise("Look at the server's log."),
        AlertDescription::NO_APPLICATION_PROTOCOL => diagnosis
            .because("It speaks none of the protocols that were offered: HTTP may not be what this port is for.")
            .advise("Check the port."),
        AlertDescription::CERTIFICATE_REQUIRED => demands::not_shown(diagnosis, recording),
        AlertDescription::UNKNOWN_CA
        | AlertDescription::BAD_CERTIFICATE
        | AlertDescription::UNSUPPORTED_CERTIFICATE
        | AlertDescription::CERTIFICATE_EXPIRED
        | AlertDescription::CERTIFICATE_REVOKED
        | AlertDescription::CERTIFICATE_UNKNOWN
        | AlertDescription::ACCESS_DENIED
            if demands::wants_certificate(recording) => Diagnosis { step: 5, fault: Fault::Client, ..diagnosis }
            .because("The server speaks of the client's certificate, not of its own: it did not accept what it was shown.")
            .advise("Check which authorities the server trusts for clients, and that the client's chain is whole."),
        AlertDescription::DECODE_ERROR
        | AlertDescription::ILLEGAL_PARAMETER
        | AlertDescription::UNEXPECTED_MESSAGE
        | AlertDescription::MISSING_EXTENSION
        | AlertDescription::UNSUPPORTED_EXTENSION
        | AlertDescription::RECORD_OVERFLOW => Diagnosis { fault: Fault::Unknown, ..diagnosis }
            .because("The server says that a message of ours breaks a rule. Servers that do not know large key shares, or new \
                      extensions, say this as well.")
            .advise("Update the server's TLS library, or the box before it."),
        AlertDescription::BAD_RECORD_MAC | AlertDescription::DECRYPT_ERROR => Diagnosis { fault: Fault::Unknown, ..diagnosis }
            .because("What arrived there is not what was sent here: something on the way changed it, or one side computes wrongly.")
            .advise("Try from another network."),
        _ => diagnosis.advise("Look at the server's log."),
    }
}

/// The name that the server was asked for.
fn asked_for(recording: &Recording) -> Option<String> {
    let hello = recording
        .messages(Direction::Sent, HandshakeType::CLIENT_HELLO)
        .next()?;
    let hello: ClientHello<'_> = hello.decode()?;
    hello.extensions.server_name.map(|name| printable(name.0))
}

fn offer(recording: &Recording) -> String {
    let hello = recording.messages(Direction::Sent, HandshakeType::CLIENT_HELLO).next();
    let Some(hello) = hello.and_then(|hello| hello.decode::<ClientHello<'_>>()) else {
        return String::new();
    };
    let suites = hello
        .cipher_suites
        .into_iter()
        .filter(|suite| !suite.is_grease())
        .map(|suite| suite.to_string());
    let groups = hello.extensions.supported_groups.into_iter().flatten();
    let groups = groups.filter(|group| !group.is_grease()).map(|group| group.to_string());
    list(suites.chain(groups))
}

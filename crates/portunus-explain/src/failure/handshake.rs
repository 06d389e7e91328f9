//! Failures that the engine reports.

use portunus_tls::wire::{HandshakeType, ProtocolVersion, ServerHelloOrRetry};
use portunus_tls::{CertificateFault, Direction, Error, Limit, PeerFault};
use portunus_x509::{Printable, Refusal, RefusalKind};

use super::{Diagnosis, FailureKind, Fault, alerts, connect, demands, reached, strangers};
use crate::Recording;
use crate::words::printable;

pub(super) fn failed(recording: &Recording, error: &Error) -> Diagnosis {
    let kind = if recording.is_established() {
        FailureKind::Connection
    } else {
        FailureKind::Handshake
    };
    let step = reached(recording);
    let diagnosis = match error {
        Error::NotTls { first } => not_tls(first),
        Error::Certificate(fault) => certificate(fault),
        Error::Alert(alert) => alerts::received(recording, alert),
        Error::ClosedInHandshake => connect::ended(recording, "the connection was closed"),
        Error::Truncated => connect::ended(recording, "TCP was closed"),
        Error::Peer(fault) => Diagnosis {
            rule: Some(fault.rule()),
            ..peer(recording, *fault, kind)
        },
        Error::Limit(limit) => Diagnosis {
            rule: Some(limit.rule()),
            ..beyond(Diagnosis::new(step, kind, Fault::Server, limit), *limit)
        },
        Error::Malformed(malformed) => Diagnosis::new(step, kind, Fault::Server, malformed)
            .because("The message does not have the form that its RFC gives it.")
            .advise("Update the server's TLS library; if it is up to date, tell its makers of this."),
        Error::UnexpectedMessage { .. } | Error::UnexpectedRecord { .. } => demands::unexpected(recording, error)
            .unwrap_or_else(|| {
                Diagnosis::new(step, kind, Fault::Server, error)
                    .because("The order of the messages is fixed; one out of order is refused before it is read.")
                    .advise("Update the server's TLS library; if it is up to date, tell its makers of this.")
            }),
        // What is ours, and what is newer than this crate.
        _ => Diagnosis::new(step, kind, Fault::Client, error)
            .advise("This should not happen: please report it, with the output of --json."),
    };
    match (diagnosis.alert, error.alert()) {
        (None, Some(alert)) => Diagnosis {
            alert: Some((Direction::Sent, alert)),
            ..diagnosis
        },
        _ => diagnosis,
    }
}

/// What grew past a limit, by the kind of message.
fn beyond(diagnosis: Diagnosis, limit: Limit) -> Diagnosis {
    let diagnosis = diagnosis
        .because("No sound server needs as much; it is refused so that nobody can use up this side's memory or time.");
    match limit {
        Limit::HandshakeMessage { kind: HandshakeType::CERTIFICATE_REQUEST, .. } => diagnosis
            .because("Such a message grows by its list: the names of all authorities whose certificates the server takes from clients.")
            .advise(
                "Let the server name only the authorities that issue to its clients, not a bundle of all public ones (nginx: \
                 `ssl_client_certificate`; Apache: `SSLCADNRequestFile`), or send no list.",
            ),
        Limit::HandshakeMessage { kind: HandshakeType::CERTIFICATE | HandshakeType::COMPRESSED_CERTIFICATE, .. }
        | Limit::InflatedCertificate => diagnosis
            .because(
                "Such a message grows by the certificates of the chain, by the names in one of them (subjectAltName), and by \
                 post-quantum keys and signatures.",
            )
            .advise("Let the server send its own certificate and the intermediates above it, and nothing else.")
            .advise("If one certificate has hundreds of names, spread them over several."),
        Limit::ChainLength => diagnosis
            .advise("Let the server send its own certificate and the intermediates above it, not a bundle of authorities."),
        _ => diagnosis.advise("Update the server's TLS library; if it is up to date, tell its makers of this."),
    }
}

fn not_tls(first: &[u8; 5]) -> Diagnosis {
    let diagnosis = |what: String| Diagnosis::new(2, FailureKind::Handshake, Fault::Address, what);
    let begins = format!("Its answer begins with \"{}\".", Printable::new(first));
    match strangers::recognise(first) {
        Some(stranger) => diagnosis(format!("the server does not speak TLS here, but {}", stranger.name))
            .because(begins)
            .advise(stranger.advice),
        None => diagnosis("the server does not speak TLS here".to_owned())
            .because(begins)
            .advise("Check the port: some other service listens there."),
    }
}

fn certificate(fault: &CertificateFault) -> Diagnosis {
    let new = |fault, what: String| Diagnosis::new(3, FailureKind::Certificate, fault, what);
    match fault {
        CertificateFault::Refused(refusal) => {
            let who = match refusal.kind() {
                // An authority that nobody told this machine of is as likely as a chain with a gap.
                RefusalKind::UnknownCa => Fault::Unknown,
                _ => Fault::Server,
            };
            let check = refusal.check();
            let diagnosis = Diagnosis {
                rule: Some(check.rule()),
                why: reasons(refusal),
                ..new(who, refusal.to_string())
            };
            let diagnosis = diagnosis.advise(check.advice());
            let diagnosis = match refusal.kind() {
                RefusalKind::UnknownCa => diagnosis
                    .advise("If you know the authority and trust it, name the file of its certificate: --cacert FILE."),
                _ => diagnosis,
            };
            diagnosis.advise(format_args!("Causes and cures: {}", check.page()))
        }
        CertificateFault::Unreadable(malformed) => new(
            Fault::Server,
            format!("the server's certificate cannot be read: {malformed}"),
        )
        .advise("Issue the certificate anew with another tool."),
        _ => new(Fault::Client, printable(&fault.to_string())),
    }
}

/// What a refusal's explanation says beyond its first sentence, its advice and its rule, which stand in places of their own.
fn reasons(refusal: &Refusal) -> Vec<String> {
    let explanation = refusal.explanation();
    let said = |line: &&str| line.is_empty() || *line == refusal.check().advice() || line.starts_with("(field ");
    explanation
        .lines()
        .skip(1)
        .filter(|line| !said(line))
        .map(str::to_owned)
        .collect()
}

fn peer(recording: &Recording, fault: PeerFault, kind: FailureKind) -> Diagnosis {
    let new = |step, who| Diagnosis::new(step, kind, who, fault);
    match fault {
        PeerFault::VersionNotOffered => version(recording, fault),
        PeerFault::Downgrade => new(2, Fault::Way)
            .because("A server that has TLS 1.3 marks its answer when it is made to speak an older version. This one did.")
            .advise("Look for a proxy, a virus scanner or a firewall that opens TLS connections, and update it or take it out."),
        PeerFault::NoExtendedMainSecret | PeerFault::NoSecureRenegotiation => new(2, Fault::Server)
            .because("It chose TLS 1.2, and lacks what has guarded that version against known attacks since 2015.")
            .advise("Update the server's TLS library; TLS 1.3 needs none of this."),
        PeerFault::CertificateWrongForSuite | PeerFault::CertificateCurveNotOffered => new(2, Fault::Server),
        PeerFault::BadKeyShare | PeerFault::GroupNotOffered => new(4, Fault::Server),
        PeerFault::NoCertificate => new(2, Fault::Server),
        PeerFault::BadSignature | PeerFault::SchemeWrongForKey => new(5, Fault::Server)
            .because("The server does not hold the private key of the certificate that it showed, or signed another handshake \
                      than this one: then somebody stands in between.")
            .advise("Check that certificate and key of the server belong together: as a rule one of the two was renewed alone."),
        PeerFault::SchemeNotOffered => new(5, Fault::Server),
        PeerFault::BadFinished => new(5, Fault::Unknown)
            .because("The two sides saw different messages: something on the way changed one, or one side computes wrongly."),
        PeerFault::BadRecordMac => new(reached(recording), Fault::Way)
            .because("Encryption did what it is for: what was changed was noticed, and not one byte of it was used.")
            .advise("If it happens again and again, look for broken network hardware (checksum offload), or a box on the way that \
                     changes traffic."),
        _ => new(reached(recording), Fault::Server)
            .advise("Update the server's TLS library, or the box before it; if it is up to date, tell its makers of this."),
    }
}

/// The server chose an older version.
fn version(recording: &Recording, fault: PeerFault) -> Diagnosis {
    let chosen = recording
        .messages(Direction::Received, HandshakeType::SERVER_HELLO)
        .find_map(|message| match message.decode::<ServerHelloOrRetry<'_>>()? {
            ServerHelloOrRetry::ServerHello(hello) => {
                Some(hello.extensions.supported_versions.unwrap_or(hello.legacy_version))
            }
            ServerHelloOrRetry::HelloRetryRequest(_) => None,
        });
    let diagnosis = Diagnosis::new(2, FailureKind::Handshake, Fault::Server, fault);
    let diagnosis = match chosen {
        Some(version) => diagnosis.because(format_args!("It chose {version}.")),
        None => diagnosis,
    };
    match chosen {
        Some(ProtocolVersion::TLS1_2) => diagnosis.advise(
            "Let the server have TLS 1.3, which every maintained library has since 2018 (nginx: `ssl_protocols TLSv1.2 TLSv1.3;`).",
        ),
        _ => diagnosis.advise("Replace the server's TLS library: what it speaks is not safe any more."),
    }
}

//! The whole event stream as one JSON document.
//!
//! Its form is `docs/explain.schema.json`, in words `docs/explain-json.md`. [`VERSION`] counts up whenever a reader of the old form could misread the new one;
//! fields and events may be added without that.

use portunus_tls::wire::{
    AlertDescription, CipherSuite, ContentType, HandshakeType, NamedGroup, ProtocolVersion, SignatureScheme,
};
use portunus_tls::{AlertReceived, CertificateFault, Direction, Error, Phase};
use portunus_x509::{Finding, Outcome, Printable, Refusal, RefusedPath, VerifiedPath};
use serde_json::{Map, Value, json};

use crate::{Diagnosis, Event, Recording, Totals, TransportFault, Trust, What};

/// The version of the form.
pub const VERSION: u32 = 1;

/// The document, indented, with a line feed at its end.
pub fn document(recording: &Recording) -> String {
    let mut text = format!("{:#}", value(recording));
    text.push('\n');
    text
}

fn value(recording: &Recording) -> Value {
    let target = &recording.target;
    json!({
        "portunus_explain": VERSION,
        "url": target.url,
        "server_name": target.server.to_string(),
        "started": target.started.to_string(),
        "certificate_checks": match target.trust {
            Trust::Judged => "made",
            Trust::GivenUp => "given-up",
        },
        "address": recording.address().map(|address| address.to_string()),
        "outcome": outcome(recording),
        "sent": totals(&recording.sent),
        "received": totals(&recording.received),
        "left_out": recording.left_out,
        "events": recording.events.iter().map(event).collect::<Vec<_>>(),
    })
}

fn outcome(recording: &Recording) -> Value {
    let Some(diagnosis) = Diagnosis::of(recording) else {
        return json!({ "ok": true });
    };
    json!({
        "ok": false,
        "step": diagnosis.step,
        "kind": diagnosis.kind.name(),
        "what": diagnosis.what,
        "why": diagnosis.why,
        "fault": diagnosis.fault.name(),
        "alert": diagnosis.alert.map(|(way, alert)| json!({ "direction": direction(way), "description": named_alert(alert) })),
        "rule": diagnosis.rule,
        "advice": diagnosis.advice,
    })
}

fn totals(totals: &Totals) -> Value {
    json!({
        "records": totals.records,
        "wire_bytes": totals.wire,
        "data_records": totals.data_records,
        "data_wire_bytes": totals.data_wire,
        "data_bytes": totals.data,
    })
}

fn event(event: &Event) -> Value {
    let mut fields = Map::new();
    fields.insert(
        "at_us".to_owned(),
        json!(u64::try_from(event.at.as_micros()).unwrap_or(u64::MAX)),
    );
    let (name, body) = what(&event.what);
    fields.insert("event".to_owned(), json!(name));
    if let Value::Object(body) = body {
        fields.extend(body);
    }
    Value::Object(fields)
}

fn what(what: &What) -> (&'static str, Value) {
    match what {
        What::Resolved { addresses, overridden } => {
            let addresses: Vec<_> = addresses.iter().map(ToString::to_string).collect();
            ("resolved", json!({ "addresses": addresses, "overridden": overridden }))
        }
        What::NotResolved { reason } => ("not_resolved", json!({ "reason": printable(reason) })),
        What::NotConnected { address, fault } => (
            "not_connected",
            json!({ "address": address.to_string(), "fault": transport(fault) }),
        ),
        What::Connected { address } => ("connected", json!({ "address": address.to_string() })),
        What::SmallHello { reason } => ("small_hello", json!({ "reason": printable(reason) })),
        What::Record {
            direction: way,
            outer,
            inner,
            wire,
            content,
            protected,
        } => (
            "record",
            json!({
                "direction": direction(*way), "outer": content_type(*outer), "inner": content_type(*inner),
                "wire_bytes": wire, "content_bytes": content, "protected": protected,
            }),
        ),
        What::Message {
            direction: way,
            kind,
            bytes,
        } => (
            "message",
            json!({ "direction": direction(*way), "type": handshake_type(*kind), "bytes": hex(bytes) }),
        ),
        What::Chosen { version, cipher_suite } => (
            "chosen",
            json!({ "version": named_version(*version), "cipher_suite": suite(*cipher_suite) }),
        ),
        What::RetryRequested { group } => ("retry_requested", json!({ "group": group.map(named_group) })),
        What::KeyExchanged {
            group,
            client_share,
            server_share,
            shared_secret,
        } => (
            "key_exchanged",
            json!({
                "group": named_group(*group), "client_share_bytes": client_share, "server_share_bytes": server_share,
                "shared_secret_bytes": shared_secret,
            }),
        ),
        What::KeyTransported {
            direction: way,
            encrypted,
        } => (
            "key_transported",
            json!({ "direction": direction(*way), "encrypted_bytes": encrypted }),
        ),
        What::SecretDerived(label) => ("secret_derived", json!({ "secret": label.name() })),
        What::KeysInstalled { direction: way, secret } => (
            "keys_installed",
            json!({ "direction": direction(*way), "secret": secret.name() }),
        ),
        What::Resumed => ("resumed", json!({})),
        What::NotResumed => ("not_resumed", json!({})),
        What::CertificatesReceived { chain } => ("certificates_received", json!({ "chain": chain_of(chain) })),
        What::CertificatesSent { chain } => ("certificates_sent", json!({ "chain": chain_of(chain) })),
        What::ChainVerified { path } => ("chain_verified", json!({ "path": path.as_ref().map(verified) })),
        What::PeerProved { scheme } => ("peer_proved", json!({ "scheme": named_scheme(*scheme) })),
        What::Proved { scheme } => ("proved", json!({ "scheme": named_scheme(*scheme) })),
        What::PeerFinished => ("peer_finished", json!({})),
        What::ApplicationProtocol { name } => ("application_protocol", json!({ "name": printable(name) })),
        What::Established => ("established", json!({})),
        What::Ticket {
            direction: way,
            lifetime,
        } => (
            "ticket",
            json!({ "direction": direction(*way), "lifetime_seconds": lifetime }),
        ),
        What::KeyUpdated { direction: way } => ("key_updated", json!({ "direction": direction(*way) })),
        What::AlertSent { description } => ("alert_sent", json!({ "description": named_alert(*description) })),
        What::AlertReceived(alert) => ("alert_received", received(alert)),
        What::Failed(error) => ("failed", failed(error)),
        What::KeysDiscarded => ("keys_discarded", json!({})),
        What::Request { head } => ("request", json!({ "head": printable(head) })),
        What::Response { status, head } => ("response", json!({ "status": status, "head": printable(head) })),
        What::Body { bytes, whole } => ("body", json!({ "bytes": bytes, "whole": whole })),
        What::HttpFailed { reason } => ("http_failed", json!({ "reason": printable(reason) })),
        What::TransportFailed { fault } => ("transport_failed", json!({ "fault": transport(fault) })),
        What::TimedOut { after } => (
            "timed_out",
            json!({ "after_us": u64::try_from(after.as_micros()).unwrap_or(u64::MAX) }),
        ),
    }
}

fn received(alert: &AlertReceived) -> Value {
    json!({
        "description": named_alert(alert.description),
        "level": named(alert.level.0.into(), alert.level.name()),
        "protected": alert.protected,
        "phase": match alert.phase {
            Phase::Handshake => "handshake",
            Phase::Application => "application",
        },
    })
}

fn failed(error: &Error) -> Value {
    let rule = match error {
        Error::Peer(fault) => Some(fault.rule()),
        Error::Limit(limit) => Some(limit.rule()),
        _ => None,
    };
    let refusal = match error {
        Error::Certificate(CertificateFault::Refused(refusal)) => Some(refused(refusal)),
        _ => None,
    };
    json!({
        "class": class(error),
        "text": error.to_string(),
        "alert": error.alert().map(named_alert),
        "rule": rule,
        "refusal": refusal,
    })
}

/// Who must act, by the classes of the engine's errors.
fn class(error: &Error) -> &'static str {
    match error {
        Error::Peer(_) | Error::UnexpectedMessage { .. } | Error::UnexpectedRecord { .. } => "peer",
        Error::NotTls { .. } => "not-tls",
        Error::Malformed(_) => "malformed",
        Error::Certificate(_) => "certificate",
        Error::Alert(_) => "alert",
        Error::Limit(_) => "limit",
        Error::Truncated => "truncated",
        Error::ClosedInHandshake => "closed",
        Error::Misuse(_) => "misuse",
        Error::Internal(_) => "internal",
        _ => "other",
    }
}

/// Why a chain was refused: every path that was tried, with what was found on it.
pub fn refused(refusal: &Refusal) -> Value {
    json!({
        "code": refusal.code(),
        "page": refusal.check().page(),
        "subject": refusal.subject(),
        "explanation": refusal.explanation(),
        "paths": refusal.paths().iter().map(refused_path).collect::<Vec<_>>(),
    })
}

fn refused_path(path: &RefusedPath) -> Value {
    let certificates: Vec<_> = path
        .certificates()
        .iter()
        .map(|one| {
            json!({
                "subject": one.subject, "issuer": one.issuer, "serial": one.serial, "is_anchor": one.is_anchor,
                "der": hex(&one.der),
            })
        })
        .collect();
    json!({ "certificates": certificates, "findings": findings(path.findings()) })
}

/// A path that was accepted, with every check on it.
pub fn verified(path: &VerifiedPath) -> Value {
    json!({
        "certificates": path.certificates().iter().map(|der| json!(hex(der))).collect::<Vec<_>>(),
        "checks": findings(&path.checks()),
        "notes": path.notes().iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

fn findings(findings: &[Finding]) -> Vec<Value> {
    let one = |finding: &Finding| {
        json!({
            "check": finding.check.code(),
            "certificate": finding.certificate,
            "outcome": match finding.outcome {
                Outcome::Passed => "passed",
                Outcome::Warned => "warned",
                Outcome::Failed => "failed",
            },
            "field": finding.check.field(),
            "rule": finding.check.rule(),
            "text": finding.to_string(),
        })
    };
    findings.iter().map(one).collect()
}

fn transport(fault: &TransportFault) -> Value {
    json!({ "kind": fault.kind.to_string(), "text": printable(&fault.text) })
}

fn direction(direction: Direction) -> &'static str {
    match direction {
        Direction::Sent => "sent",
        Direction::Received => "received",
    }
}

/// A number of a registry, and its name there if it has one.
fn named(code: u64, name: Option<&str>) -> Value {
    json!({ "code": code, "name": name })
}

fn content_type(value: ContentType) -> Value {
    named(value.0.into(), value.name())
}

fn handshake_type(value: HandshakeType) -> Value {
    named(value.0.into(), value.name())
}

fn named_version(value: ProtocolVersion) -> Value {
    named(value.0.into(), value.name())
}

fn suite(value: CipherSuite) -> Value {
    named(value.0.into(), value.name())
}

fn named_group(value: NamedGroup) -> Value {
    named(value.0.into(), value.name())
}

fn named_scheme(value: SignatureScheme) -> Value {
    named(value.0.into(), value.name())
}

fn named_alert(value: AlertDescription) -> Value {
    named(value.0.into(), value.name())
}

fn chain_of(chain: &[Vec<u8>]) -> Vec<String> {
    chain.iter().map(|der| hex(der)).collect()
}

/// Whoever prints a value of the document is safe: escapes stand where controls were, as in all texts of ours.
fn printable(text: &(impl AsRef<[u8]> + ?Sized)) -> String {
    Printable::new(text).to_string()
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(bytes.len().saturating_mul(2));
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

//! Why a connection failed, by the evidence that was recorded: at which step, by whose fault, and what to do.

mod alerts;
mod connect;
mod demands;
mod handshake;
mod strangers;

use std::fmt;

use portunus_tls::wire::AlertDescription;
use portunus_tls::{Direction, Error};

use crate::{Recording, What};

/// Why a connection failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// The step from 1 to 7 at which it failed; 0 before the first.
    pub step: u8,
    /// What kind of failure it is, for programs.
    pub kind: FailureKind,
    /// What happened, in one lower-case sentence.
    pub what: String,
    /// Why, in sentences.
    pub why: Vec<String>,
    /// Who is at fault.
    pub fault: Fault,
    /// The alert, and who sent it.
    pub alert: Option<(Direction, AlertDescription)>,
    /// The rule that was broken.
    pub rule: Option<&'static str>,
    /// What to do, the likeliest to help first.
    pub advice: Vec<String>,
}

/// What kind of failure it is: programs choose their exit code by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FailureKind {
    /// The name has no address.
    Resolve,
    /// No address took the TCP connection.
    Connect,
    /// A time limit passed.
    TimedOut,
    /// The handshake failed.
    Handshake,
    /// The server's certificate was refused.
    Certificate,
    /// The connection broke after its handshake.
    Connection,
    /// HTTP failed over a sound connection.
    Http,
}

impl FailureKind {
    /// A name for programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Resolve => "resolve",
            Self::Connect => "connect",
            Self::TimedOut => "timed-out",
            Self::Handshake => "handshake",
            Self::Certificate => "certificate",
            Self::Connection => "connection",
            Self::Http => "http",
        }
    }
}

/// Who is at fault, as far as it can be told from here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// Whoever runs the server.
    Server,
    /// This side.
    Client,
    /// Whoever wrote the address.
    Address,
    /// Something between the two.
    Way,
    /// It cannot be told from here.
    Unknown,
}

impl Fault {
    /// A name for programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Client => "client",
            Self::Address => "address",
            Self::Way => "way",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Server => "the server, or whoever set it up",
            Self::Client => "this side",
            Self::Address => "the address: it leads elsewhere than was meant",
            Self::Way => "something on the way between the two",
            Self::Unknown => "it cannot be told from here",
        })
    }
}

impl Diagnosis {
    /// Why the recorded connection failed; `None` if it did not. The first thing that failed is the cause, what follows is its consequence.
    pub fn of(recording: &Recording) -> Option<Self> {
        recording
            .events
            .iter()
            .find_map(|event| match &event.what {
                What::NotResolved { reason } => Some(connect::not_resolved(recording, reason)),
                What::TimedOut { after } => Some(connect::timed_out(recording, *after)),
                What::TransportFailed { fault } => Some(connect::broken(recording, fault)),
                What::Failed(Error::Truncated) if is_answered(recording) => None,
                What::Failed(error) => Some(handshake::failed(recording, error)),
                What::HttpFailed { reason } => Some(connect::http(reason)),
                _ => None,
            })
            .or_else(|| connect::not_connected(recording))
    }

    fn new(step: u8, kind: FailureKind, fault: Fault, what: impl fmt::Display) -> Self {
        Self {
            step,
            kind,
            what: what.to_string(),
            why: Vec::new(),
            fault,
            alert: None,
            rule: None,
            advice: Vec::new(),
        }
    }

    fn because(mut self, why: impl fmt::Display) -> Self {
        self.why.push(why.to_string());
        self
    }

    fn advise(mut self, advice: impl fmt::Display) -> Self {
        self.advice.push(advice.to_string());
        self
    }
}

/// Whether the whole answer came: then a missing close_notify takes nothing away (RFC 9112 section 9.8).
fn is_answered(recording: &Recording) -> bool {
    recording.has(|what| matches!(what, What::Body { .. }))
}

/// How far the handshake went: the step in which something unforeseen belongs.
fn reached(recording: &Recording) -> u8 {
    if recording.is_established() {
        return 6;
    }
    let mut step = 2;
    for event in &recording.events {
        step = step.max(match event.what {
            What::CertificatesReceived { .. } => 3,
            What::ChainVerified { .. } | What::Resumed => 5,
            _ => 2,
        });
    }
    step
}

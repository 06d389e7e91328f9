//! Failures around TLS: the name, TCP, time limits, HTTP.

use std::io::ErrorKind;
use std::time::Duration;

use portunus_tls::Direction;
use portunus_tls::wire::{ClientHello, HandshakeType};

use super::{Diagnosis, FailureKind, Fault, demands, reached};
use crate::words::{bytes, printable, time};
use crate::{Recording, TransportFault, What};

/// The longest ClientHello whose record, with its five bytes in front, fits one TCP segment over Ethernet (1,460 bytes).
const SEGMENT: usize = 1_455;

pub(super) fn not_resolved(recording: &Recording, reason: &str) -> Diagnosis {
    let what = format_args!("the name {} has no address", recording.target.server).to_string();
    Diagnosis::new(0, FailureKind::Resolve, Fault::Address, what)
        .because(format_args!("The resolver said: {}.", printable(reason)))
        .advise("Check the spelling of the name.")
        .advise("Check that this machine has a network and a name server that answers.")
        .advise("To go without the resolver, say where the name is: --resolve HOST:PORT:ADDRESS.")
}

/// No address took the connection, where some were tried.
pub(super) fn not_connected(recording: &Recording) -> Option<Diagnosis> {
    if recording.address().is_some() {
        return None;
    }
    let attempts: Vec<_> = recording
        .all(|what| match what {
            What::NotConnected { address, fault } => Some((*address, fault)),
            _ => None,
        })
        .collect();
    let (_, last) = attempts.last()?;
    let mut diagnosis = Diagnosis::new(
        0,
        FailureKind::Connect,
        Fault::Unknown,
        "the server cannot be reached by TCP",
    );
    for (address, fault) in &attempts {
        diagnosis = diagnosis.because(format_args!("{address}: {}.", printable(&fault.text)));
    }
    Some(match last.kind {
        ErrorKind::ConnectionRefused => Diagnosis {
            fault: Fault::Server,
            ..diagnosis
        }
        .because("The machine is there, and nothing listens on this port.")
        .advise("Check that the server runs, and that it listens on this port and on this address.")
        .advise("A firewall that refuses looks the same."),
        ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable => Diagnosis {
            fault: Fault::Way,
            ..diagnosis
        }
        .because("No way leads there from this machine.")
        .advise("Check this machine's network, and whether the address is a private one of another network."),
        _ => diagnosis.advise("Check the address and the port, and the firewalls on the way."),
    })
}

pub(super) fn timed_out(recording: &Recording, after: Duration) -> Diagnosis {
    let after = time(after);
    if recording.address().is_none() {
        return Diagnosis::new(
            0,
            FailureKind::TimedOut,
            Fault::Unknown,
            format_args!("no TCP connection within {after}"),
        )
        .because("Nobody answered at all. As a rule a firewall drops the packets, or the machine is off.")
        .advise("Check the address, and whether other machines reach the server.")
        .advise("Give it longer with --connect-timeout.");
    }
    if recording.received.records == 0 {
        let what = format_args!("the server took the TCP connection and said nothing for {after}").to_string();
        return silence(
            Diagnosis::new(2, FailureKind::TimedOut, Fault::Unknown, what),
            recording,
        );
    }
    let what = format_args!("the server stopped in the middle of it: it was not done within {after}").to_string();
    Diagnosis::new(reached(recording), FailureKind::TimedOut, Fault::Unknown, what)
        .advise("Try again, and give it longer with --connect-timeout.")
}

/// TCP broke under TLS.
pub(super) fn broken(recording: &Recording, fault: &TransportFault) -> Diagnosis {
    let how = match fault.kind {
        ErrorKind::ConnectionReset => "the connection was reset",
        ErrorKind::BrokenPipe | ErrorKind::ConnectionAborted => "the connection was torn down",
        ErrorKind::UnexpectedEof => "the connection was closed",
        _ => "the connection broke",
    };
    let text = printable(&fault.text);
    ended(recording, how).because(format_args!("The system says: {text}."))
}

/// The connection ended without a word of TLS about why.
pub(super) fn ended(recording: &Recording, how: &str) -> Diagnosis {
    if recording.is_established() {
        let what = format_args!("{how} while data flowed").to_string();
        let diagnosis = |fault| Diagnosis::new(6, FailureKind::Connection, fault, &what);
        if demands::asks_again(recording) {
            return demands::not_renegotiated(diagnosis(Fault::Server));
        }
        return diagnosis(Fault::Unknown)
        .because(
            "No close_notify came before. An attacker who cuts a connection looks the same, so what came may lack its \
                 end.",
        )
        .advise("Try again; if it breaks at the same place, look at the server's log.");
    }
    if recording.received.records == 0 {
        let what = format_args!("{how} right after the ClientHello, without a byte of an answer").to_string();
        return silence(
            Diagnosis::new(2, FailureKind::Handshake, Fault::Unknown, what),
            recording,
        );
    }
    let what = format_args!("{how} in the middle of the handshake").to_string();
    Diagnosis::new(reached(recording), FailureKind::Handshake, Fault::Server, what)
        .because("A server that refuses should say why, by an alert. This one said nothing.")
        .advise("Look at the server's log: it alone knows.")
}

/// What it may mean that nothing at all answers a ClientHello.
fn silence(diagnosis: Diagnosis, recording: &Recording) -> Diagnosis {
    let hello = recording.messages(Direction::Sent, HandshakeType::CLIENT_HELLO).next();
    let length = hello.map_or(0, |hello| hello.bytes.len());
    let name = hello
        .and_then(|hello| hello.decode::<ClientHello<'_>>())
        .and_then(|hello| hello.extensions.server_name)
        .map(|name| printable(name.0));
    let mut diagnosis = diagnosis;
    if length > SEGMENT {
        diagnosis = diagnosis
            .because(format_args!(
                "The ClientHello has {}, more than one TCP segment, for the sake of the post-quantum key share. Some \
                 servers and boxes on the way read one segment and choke on the rest.",
                bytes(length)
            ))
            .advise("If it works with a program that sends no post-quantum key share, the server or a box before it needs an update.");
    }
    if let Some(name) = name {
        diagnosis = diagnosis.advise(format_args!(
            "A firewall that filters by name lets nothing through for {name}: try from another network."
        ));
    }
    diagnosis
        .advise("Check what stands behind the address: a port forward or a proxy that has nothing behind it looks like this, \
                 and so does a service that does not speak TLS and waits.")
        .advise("A rate limit or a ban of this address looks like this, too.")
}

pub(super) fn http(reason: &str) -> Diagnosis {
    Diagnosis::new(
        6,
        FailureKind::Http,
        Fault::Server,
        "the connection is sound, and HTTP over it failed",
    )
    .because(format_args!("{}.", printable(reason)))
    .advise("Look at the server's log.")
}

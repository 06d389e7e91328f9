//! A recorded handshake as text: a value a line, what it is and its digits, in the order of the wire. A line that begins
//! with spaces goes on.

use crate::handshake::Side;
use crate::wire::HandshakeType;

/// One value.
pub(super) struct Line {
    pub(super) what: String,
    pub(super) bytes: Vec<u8>,
}

/// A whole recording.
pub(super) struct Trace {
    pub(super) lines: Vec<Line>,
}

impl Trace {
    pub(super) fn read(text: &str) -> Self {
        let mut lines: Vec<Line> = Vec::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let (what, digits) = line.rsplit_once(' ').expect("a value has a name");
            if what.trim().is_empty() {
                lines.last_mut().expect("something goes on").bytes.extend(bytes(digits));
            } else {
                lines.push(Line {
                    what: what.to_owned(),
                    bytes: bytes(digits),
                });
            }
        }
        Self { lines }
    }

    /// The values of this name, in order.
    pub(super) fn all(&self, what: &str) -> impl Iterator<Item = &[u8]> {
        self.lines
            .iter()
            .filter(move |line| line.what == what)
            .map(|line| line.bytes.as_slice())
    }

    /// The values of this name of one side.
    pub(super) fn of(&self, side: Side, what: &str) -> impl Iterator<Item = &[u8]> {
        self.all(&format!("{} {what}", name(side)))
            .collect::<Vec<_>>()
            .into_iter()
    }

    /// A side's message of this type, its header among it.
    pub(super) fn message(&self, side: Side, kind: HandshakeType) -> Option<&[u8]> {
        self.of(side, "message").find(|message| message[0] == kind.0)
    }

    /// What the key schedule derived, by label.
    pub(super) fn derived(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(|line| !line.what.contains(' '))
    }
}

/// How the recordings name a side.
pub(super) fn name(side: Side) -> &'static str {
    match side {
        Side::Client => "client",
        Side::Server => "server",
    }
}

/// The other side.
pub(super) fn peer(side: Side) -> Side {
    match side {
        Side::Client => Side::Server,
        Side::Server => Side::Client,
    }
}

fn bytes(digits: &str) -> Vec<u8> {
    let byte = |place: usize| u8::from_str_radix(&digits[place..place + 2], 16).expect("two digits");
    (0..digits.len()).step_by(2).map(byte).collect()
}

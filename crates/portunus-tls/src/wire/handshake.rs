//! The four bytes in front of a handshake message.

use super::{Decode, Encode, HandshakeType, Malformed, Reader, TooLong, Writer};

/// Most messages of a handshake are shorter, so that one allocation does for them.
const USUAL_LENGTH: usize = 512;

/// `struct { HandshakeType msg_type; uint24 length; select (Handshake.msg_type) { … }; } Handshake;` without the message (RFC 9846
/// section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HandshakeHeader {
    /// Which message follows.
    pub msg_type: HandshakeType,
    /// Its bytes.
    pub length: u32,
}

impl HandshakeHeader {
    /// Bytes of a header.
    pub const LENGTH: usize = 4;
}

impl<'a> Decode<'a> for HandshakeHeader {
    const NAME: &'static str = "Handshake";

    fn decode(r: &mut Reader<'a>) -> Result<Self, Malformed> {
        Ok(Self {
            msg_type: HandshakeType(r.u8("msg_type")?),
            length: r.u24("length")?,
        })
    }
}

impl Encode for HandshakeHeader {
    fn encode(&self, w: &mut Writer) -> Result<(), TooLong> {
        w.structure(Self::NAME);
        w.u8(self.msg_type.0);
        w.u24("length", self.length)
    }
}

/// A whole handshake message: header and body.
pub fn handshake_message<M: Encode>(kind: HandshakeType, body: &M) -> Result<Vec<u8>, TooLong> {
    let mut w = Writer::new(HandshakeHeader::NAME);
    w.reserve(USUAL_LENGTH);
    w.u8(kind.0);
    w.vec24("length", |w| body.encode(w))?;
    Ok(w.into_bytes())
}

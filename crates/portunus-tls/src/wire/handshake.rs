//! The four bytes in front of a handshake message.

use super::{Decode, Encode, HandshakeType, Malformed, Reader, TooLong, Writer};
use crate::limits::USUAL_FLIGHT;

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
    append_handshake_message(Vec::new(), kind, body)
}

/// These bytes, and a whole handshake message after them.
pub(crate) fn append_handshake_message<M: Encode>(
    mut bytes: Vec<u8>,
    kind: HandshakeType,
    body: &M,
) -> Result<Vec<u8>, TooLong> {
    if bytes.capacity() == 0 {
        bytes.reserve(USUAL_FLIGHT);
    }
    let mut w = Writer::after(bytes, HandshakeHeader::NAME);
    w.u8(kind.0);
    w.vec24("length", |w| body.encode(w))?;
    Ok(w.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::super::testing::test_message;
    use super::super::{Certificate, CertificateEntry, Finished, Sequence};
    use super::*;

    #[test]
    fn a_message_has_its_type_and_length_in_front() {
        let message = handshake_message(
            HandshakeType::FINISHED,
            &Finished {
                verify_data: &[5, 6, 7],
            },
        );
        assert_eq!(message.as_deref(), Ok(&[20, 0, 0, 3, 5, 6, 7][..]));
        let header = HandshakeHeader {
            msg_type: HandshakeType::FINISHED,
            length: 3,
        };
        assert_eq!(HandshakeHeader::read(&[20, 0, 0, 3]), Ok(header));
        test_message("Handshake", &[20, 0, 0, 3], &[]);
    }

    #[test]
    fn a_message_that_is_too_long_is_an_error_by_name() {
        let cert_data = vec![0; 0xff_ffff - 1];
        let entries = [CertificateEntry {
            cert_data: &cert_data,
            extensions: Sequence::default(),
        }];
        let message = Certificate {
            certificate_request_context: &[],
            certificate_list: Sequence::from(&entries),
        };
        let error = handshake_message(HandshakeType::CERTIFICATE, &message).unwrap_err();
        assert_eq!(
            error,
            TooLong {
                structure: "Certificate",
                field: "certificate_list"
            }
        );
        let message = Finished {
            verify_data: &vec![0; 0x100_0000],
        };
        let error = handshake_message(HandshakeType::FINISHED, &message).unwrap_err();
        assert_eq!(
            error,
            TooLong {
                structure: "Handshake",
                field: "length"
            }
        );
    }
}

//! The five bytes in front of a record.

use super::{ContentType, Decode, Encode, Malformed, ProtocolVersion, Reader, TooLong, Writer};

/// The most bytes of content in a record (RFC 9846 section 5.1).
pub const MAX_PLAINTEXT: usize = 1 << 14;

/// The most bytes of an encrypted record after its header (RFC 9846 section 5.2): content, content type, padding and the AEAD's
/// expansion.
pub const MAX_CIPHERTEXT: usize = MAX_PLAINTEXT + 256;

/// `struct { ContentType type; ProtocolVersion legacy_record_version; uint16 length; opaque fragment[TLSPlaintext.length]; }
/// TLSPlaintext;` without the fragment (RFC 9846 section 5.1).
///
/// It is judged by the record layer, which knows whether records are protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordHeader {
    /// What the record carries; of a protected record, `application_data`.
    pub content_type: ContentType,
    /// To be ignored by who receives it.
    pub legacy_record_version: ProtocolVersion,
    /// Bytes that follow the header.
    pub length: u16,
}

impl RecordHeader {
    /// Bytes of a header.
    pub const LENGTH: usize = 5;
}

impl From<[u8; RecordHeader::LENGTH]> for RecordHeader {
    fn from([content_type, major, minor, high, low]: [u8; RecordHeader::LENGTH]) -> Self {
        Self {
            content_type: ContentType(content_type),
            legacy_record_version: ProtocolVersion(u16::from_be_bytes([major, minor])),
            length: u16::from_be_bytes([high, low]),
        }
    }
}

impl From<RecordHeader> for [u8; RecordHeader::LENGTH] {
    fn from(header: RecordHeader) -> Self {
        let [major, minor] = header.legacy_record_version.0.to_be_bytes();
        let [high, low] = header.length.to_be_bytes();
        [header.content_type.0, major, minor, high, low]
    }
}

impl<'a> Decode<'a> for RecordHeader {
    const NAME: &'static str = "TLSPlaintext";

    fn decode(r: &mut Reader<'a>) -> Result<Self, Malformed> {
        r.array("header").map(|&header| Self::from(header))
    }
}

impl Encode for RecordHeader {
    fn encode(&self, w: &mut Writer) -> Result<(), TooLong> {
        w.bytes(&<[u8; Self::LENGTH]>::from(*self));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::test_message;
    use super::*;

    #[test]
    fn a_header_reads_and_writes_whatever_it_says() {
        test_message("TLSPlaintext", &[22, 3, 1, 0x40, 0], &[]);
        test_message("TLSPlaintext", b"GET /", &[]);
        let header = RecordHeader {
            content_type: ContentType::HANDSHAKE,
            legacy_record_version: ProtocolVersion::TLS1_0,
            length: 16384,
        };
        assert_eq!(RecordHeader::from([22, 3, 1, 0x40, 0]), header);
        assert_eq!(RecordHeader::read(&[22, 3, 1, 0x40, 0]), Ok(header));
    }
}

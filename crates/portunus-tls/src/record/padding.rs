//! Padding of what we send (RFC 9846 section 5.4).

use std::num::NonZeroU16;

use crate::wire::ContentType;

/// What is added to protected records, so that their length tells less about what is in them (RFC 9846 section 5.4). A record is padded until its content is a
/// multiple of so many bytes, or as long as a record may be. TLS 1.3 alone has padding. A client adds none before the server has taken its
/// early data: one that refuses it skips no more bytes than so many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Padding {
    /// Nothing.
    #[default]
    Nothing,
    /// Padding of handshake messages: the length of certificates tells whose they are.
    Handshake(NonZeroU16),
    /// Padding of all records.
    Everything(NonZeroU16),
}

impl Padding {
    /// The length that content of this type and length has with its padding: `max` at most, unless it is longer itself.
    pub(super) fn padded(self, content_type: ContentType, length: usize, max: usize) -> usize {
        let multiple = match self {
            Self::Handshake(multiple) if content_type == ContentType::HANDSHAKE => multiple,
            Self::Everything(multiple) => multiple,
            Self::Nothing | Self::Handshake(_) => return length,
        };
        let multiple = usize::from(multiple.get());
        length
            .checked_next_multiple_of(multiple)
            .map_or(length, |padded| padded.min(max).max(length))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_padded_to_multiples_and_no_further_than_it_may_be() {
        let (handshake, data) = (ContentType::HANDSHAKE, ContentType::APPLICATION_DATA);
        let of = |multiple| NonZeroU16::new(multiple).unwrap();
        for (padding, content_type, length, max, padded) in [
            (Padding::Nothing, handshake, 5, 100, 5),
            (Padding::Handshake(of(16)), data, 5, 100, 5),
            (Padding::Handshake(of(16)), handshake, 5, 100, 16),
            (Padding::Everything(of(16)), data, 16, 100, 16),
            (Padding::Everything(of(16)), data, 17, 100, 32),
            (Padding::Everything(of(16)), data, 97, 100, 100),
            (Padding::Everything(of(1000)), ContentType::ALERT, 2, 100, 100),
            (Padding::Everything(of(1)), data, 99, 100, 99),
            (Padding::Everything(of(u16::MAX)), data, 1, 1 << 14, 1 << 14),
            (Padding::Everything(of(16)), data, 101, 100, 101),
        ] {
            assert_eq!(
                padding.padded(content_type, length, max),
                padded,
                "{padding:?} {length}"
            );
        }
    }
}

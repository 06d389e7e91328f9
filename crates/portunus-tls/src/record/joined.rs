//! Handshake bytes between records and messages: a message may span records, and share one with others (RFC 9846 section 5.1).

/// What was received of messages that nobody has taken yet.
#[derive(Default)]
pub(crate) struct Joined {
    bytes: Vec<u8>,
    /// Where the first message begins that is not taken.
    start: usize,
}

impl Joined {
    /// The bytes of messages that are not taken.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// A record brought these bytes.
    pub(crate) fn append(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.start);
        self.start = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// Takes a message of that many bytes. The last one takes the buffer along.
    pub(crate) fn take(&mut self, count: usize) -> Vec<u8> {
        let whole = self.start == 0 && count == self.bytes.len();
        if whole {
            return std::mem::take(&mut self.bytes);
        }
        let message = self.bytes().get(..count).unwrap_or_default().to_vec();
        self.start = self.start.saturating_add(message.len());
        if self.start == self.bytes.len() {
            *self = Self::default();
        }
        message
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_taken_one_by_one_from_records_that_cut_them_anywhere() {
        let mut joined = Joined::default();
        joined.append(&[1, 2, 3]);
        assert_eq!(joined.take(2), [1, 2]);
        assert_eq!(joined.bytes(), [3]);
        joined.append(&[4, 5]);
        assert_eq!(joined.bytes(), [3, 4, 5]);
        assert_eq!(joined.take(1), [3]);
        assert_eq!(joined.take(2), [4, 5]);
        assert!(joined.is_empty());
        joined.append(&[6]);
        assert_eq!(joined.take(1), [6]);
        assert!(joined.is_empty());
        assert_eq!(joined.bytes.capacity(), 0);
    }
}

//! Records: sealed where they go out, opened where they came in.

use aws_lc_rs::aead::{self, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, Prk};

use super::BareConfig;
use super::schedule::{Secret, expand};

pub(super) const TAG: usize = 16;
pub(super) const RECORD_HEADER: usize = 5;

pub(super) fn record_key(algorithm: &'static aead::Algorithm, key: &[u8]) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(algorithm, key).expect("a key"))
}

/// Seals in place and appends the tag.
pub(super) fn seal_in_place(key: &LessSafeKey, nonce: [u8; 12], aad: &[u8], data: &mut Vec<u8>) {
    let nonce = Nonce::assume_unique_for_key(nonce);
    let tag = key.seal_in_place_separate_tag(nonce, Aad::from(aad), data);
    data.extend_from_slice(tag.expect("a tag").as_ref());
}

/// The key of one direction.
pub(super) struct Direction {
    key: LessSafeKey,
    iv: [u8; 12],
    sequence: u64,
}

impl Direction {
    pub(super) fn new(config: &BareConfig, traffic_secret: &Secret) -> Self {
        let prk = Prk::new_less_safe(HKDF_SHA256, traffic_secret);
        let (mut key, mut iv) = ([0; 32], [0; 12]);
        let key = &mut key[..config.aead.key_len()];
        expand(&prk, b"key", b"", key);
        expand(&prk, b"iv", b"", &mut iv);
        Self {
            key: record_key(config.aead, key),
            iv,
            sequence: 0,
        }
    }

    fn nonce(&mut self) -> Nonce {
        let mut nonce = self.iv;
        for (octet, sequence) in nonce[4..].iter_mut().zip(self.sequence.to_be_bytes()) {
            *octet ^= sequence;
        }
        self.sequence += 1;
        Nonce::assume_unique_for_key(nonce)
    }

    /// Appends a record of these pieces.
    pub(super) fn seal(&mut self, pieces: &[&[u8]], outgoing: &mut Vec<u8>) {
        let start = outgoing.len() + RECORD_HEADER;
        let length: usize = pieces.iter().map(|piece| piece.len()).sum();
        let length = u16::try_from(length + TAG).expect("a record's length");
        outgoing.extend_from_slice(&[23, 3, 3]);
        outgoing.extend_from_slice(&length.to_be_bytes());
        let header: [u8; RECORD_HEADER] = outgoing[start - RECORD_HEADER..].try_into().expect("a header");
        for piece in pieces {
            outgoing.extend_from_slice(piece);
        }
        let nonce = self.nonce();
        let tag = self
            .key
            .seal_in_place_separate_tag(nonce, Aad::from(header), &mut outgoing[start..]);
        outgoing.extend_from_slice(tag.expect("a tag").as_ref());
    }

    /// Seals a record of application data from `data` straight into `out`, which is as long as the record.
    fn seal_apart(&mut self, data: &[u8], out: &mut [u8]) {
        let (header, fragment) = out.split_first_chunk_mut::<RECORD_HEADER>().expect("a header");
        let [high, low] = u16::try_from(fragment.len()).expect("a record's length").to_be_bytes();
        *header = [23, 3, 3, high, low];
        let (ciphertext, rest) = fragment.split_at_mut(data.len());
        let nonce = self.nonce();
        self.key
            .seal_out_of_place_scatter(nonce, Aad::from(*header), data, ciphertext, &[23], rest)
            .expect("a record");
    }

    /// Opens the record that `incoming` begins with where it lies; gives its content and what follows.
    pub(super) fn open<'a>(&mut self, incoming: &'a mut [u8]) -> (&'a mut [u8], &'a mut [u8]) {
        let (header, rest) = incoming.split_first_chunk_mut::<RECORD_HEADER>().expect("a header");
        let length = usize::from(u16::from_be_bytes([header[3], header[4]]));
        let (record, rest) = rest.split_at_mut(length);
        let nonce = self.nonce();
        let opened = self.key.open_in_place(nonce, Aad::from(*header), record);
        (opened.expect("a record that is whole"), rest)
    }
}

/// Application data, once the handshake is over. What goes out and what came in each have a place here, as in any engine.
pub(super) struct Open {
    read: Direction,
    pub(super) write: Direction,
    outgoing: Vec<u8>,
    /// How much of it is the last record.
    sealed: usize,
    incoming: Vec<u8>,
}

impl Open {
    pub(super) fn new(read: Direction, write: Direction) -> Self {
        Self {
            read,
            write,
            outgoing: Vec::new(),
            sealed: 0,
            incoming: Vec::new(),
        }
    }

    /// Seals data into one record, straight into the place of what goes out.
    pub(super) fn seal(&mut self, data: &[u8]) {
        let length = data.len() + RECORD_HEADER + 1 + TAG;
        if self.outgoing.len() < length {
            self.outgoing.resize(length, 0);
        }
        self.write.seal_apart(data, &mut self.outgoing[..length]);
        self.sealed = length;
    }

    pub(super) fn flush(&mut self, outgoing: &mut Vec<u8>) {
        outgoing.extend_from_slice(&self.outgoing[..self.sealed]);
    }

    pub(super) fn take(&mut self, incoming: &[u8]) {
        self.incoming.clear();
        self.incoming.extend_from_slice(incoming);
    }

    /// Opens application data where it lies; gives how much it was.
    pub(super) fn open(&mut self) -> usize {
        let (mut rest, mut total) = (&mut self.incoming[..], 0);
        while !rest.is_empty() {
            let (data, after) = self.read.open(rest);
            total += data.len() - 1;
            rest = after;
        }
        total
    }

    /// Nothing comes or goes for now.
    pub(super) fn idle(&mut self) {
        self.outgoing = Vec::new();
        self.incoming = Vec::new();
    }
}

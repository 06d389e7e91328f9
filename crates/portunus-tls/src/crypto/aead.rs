//! AEADs of the record layer (RFC 9846 section 5.2) and of tickets.

use aws_lc_rs::aead::{
    AES_128_GCM, AES_256_GCM, Aad, Algorithm, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey,
};
use zeroize::Zeroize;

use super::CryptoFailed;

/// Each AEAD that we use has a tag of 16 bytes.
pub(crate) const TAG_LENGTH: usize = 16;

/// The AEAD that a cipher suite names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum AeadAlgorithm {
    /// AES-128-GCM.
    Aes128Gcm,
    /// AES-256-GCM.
    Aes256Gcm,
    /// ChaCha20-Poly1305.
    ChaCha20Poly1305,
}

impl AeadAlgorithm {
    pub(crate) fn algorithm(self) -> &'static Algorithm {
        match self {
            Self::Aes128Gcm => &AES_128_GCM,
            Self::Aes256Gcm => &AES_256_GCM,
            Self::ChaCha20Poly1305 => &CHACHA20_POLY1305,
        }
    }

    pub(crate) fn key_length(self) -> usize {
        match self {
            Self::Aes128Gcm => 16,
            Self::Aes256Gcm | Self::ChaCha20Poly1305 => 32,
        }
    }

    /// How many records one key may protect, with a margin: 2^24 of full size for AES-GCM (RFC 9846 section 5.5: 2^24.5);
    /// ChaCha20-Poly1305 ends with the sequence number.
    pub(crate) fn record_limit(self) -> u64 {
        #[cfg(test)]
        if let Some(limit) = RECORD_LIMIT.get() {
            return limit;
        }
        match self {
            Self::Aes128Gcm | Self::Aes256Gcm => 1 << 24,
            Self::ChaCha20Poly1305 => u64::MAX - 1,
        }
    }
}

#[cfg(test)]
thread_local! {
    /// For tests that want to wear a key out.
    pub(crate) static RECORD_LIMIT: std::cell::Cell<Option<u64>> = const { std::cell::Cell::new(None) };
}

/// A key, its IV and the number of the next record (RFC 9846 section 5.3). Its IV is filled in where it stays: moved, it would leave a
/// copy of it behind.
pub(crate) struct RecordKey {
    key: LessSafeKey,
    iv: [u8; NONCE_LEN],
    sequence: u64,
    limit: u64,
}

impl RecordKey {
    /// A key whose IV is still to be filled in, where it stays.
    pub(crate) fn new(algorithm: AeadAlgorithm, key: &[u8]) -> Result<Self, CryptoFailed> {
        Ok(Self {
            key: LessSafeKey::new(UnboundKey::new(algorithm.algorithm(), key)?),
            iv: [0; NONCE_LEN],
            sequence: 0,
            limit: algorithm.record_limit(),
        })
    }

    /// The IV, to be filled in.
    pub(crate) fn iv(&mut self) -> &mut [u8] {
        &mut self.iv
    }

    fn nonce(&self) -> Nonce {
        let mut nonce = self.iv;
        let (_, low) = nonce.split_at_mut(NONCE_LEN - 8);
        for (byte, sequence) in low.iter_mut().zip(self.sequence.to_be_bytes()) {
            *byte ^= sequence;
        }
        Nonce::assume_unique_for_key(nonce)
    }

    fn advance(&mut self) -> Result<(), CryptoFailed> {
        self.sequence = self.sequence.checked_add(1).ok_or(CryptoFailed)?;
        Ok(())
    }

    /// Whether the key has protected as many records as it should.
    pub(crate) fn is_worn(&self) -> bool {
        self.sequence >= self.limit
    }

    /// Seals `plaintext`, then `inner_type`, into `out`: `plaintext.len() + 1 + TAG_LENGTH` bytes. No byte is copied beforehand. Where `out` has room for more,
    /// zeros follow (RFC 9846 section 5.4).
    pub(crate) fn seal(
        &mut self,
        header: &[u8; 5],
        plaintext: &[u8],
        inner_type: u8,
        out: &mut [u8],
    ) -> Result<(), CryptoFailed> {
        if out.len() > plaintext.len().saturating_add(1 + TAG_LENGTH) {
            return self.seal_padded(header, plaintext, inner_type, out);
        }
        let (ciphertext, rest) = out.split_at_mut_checked(plaintext.len()).ok_or(CryptoFailed)?;
        self.key.seal_out_of_place_scatter(
            self.nonce(),
            Aad::from(header),
            plaintext,
            ciphertext,
            &[inner_type],
            rest,
        )?;
        self.advance()
    }

    fn seal_padded(
        &mut self,
        header: &[u8; 5],
        plaintext: &[u8],
        inner_type: u8,
        out: &mut [u8],
    ) -> Result<(), CryptoFailed> {
        let length = out.len().checked_sub(TAG_LENGTH).ok_or(CryptoFailed)?;
        let (inner, tag) = out.split_at_mut_checked(length).ok_or(CryptoFailed)?;
        let (content, rest) = inner.split_at_mut_checked(plaintext.len()).ok_or(CryptoFailed)?;
        let (kind, zeros) = rest.split_first_mut().ok_or(CryptoFailed)?;
        content.copy_from_slice(plaintext);
        *kind = inner_type;
        zeros.fill(0);
        let sealed = self
            .key
            .seal_in_place_separate_tag(self.nonce(), Aad::from(header), inner)?;
        tag.copy_from_slice(sealed.as_ref());
        self.advance()
    }

    /// Opens `sealed` (ciphertext and tag) where it lies and gives the plaintext's length, padding and type included.
    pub(crate) fn open(&mut self, header: &[u8; 5], sealed: &mut [u8]) -> Result<usize, CryptoFailed> {
        let length = self.key.open_in_place(self.nonce(), Aad::from(header), sealed)?.len();
        self.advance()?;
        Ok(length)
    }

    /// Opens `sealed` straight into `out`, whose length must be the ciphertext's (without the tag).
    pub(crate) fn open_into(&mut self, header: &[u8; 5], sealed: &[u8], out: &mut [u8]) -> Result<(), CryptoFailed> {
        let (ciphertext, tag) = sealed.split_at_checked(out.len()).ok_or(CryptoFailed)?;
        self.key
            .open_separate_gather(self.nonce(), Aad::from(header), ciphertext, tag, out)?;
        self.advance()
    }
}

impl Drop for RecordKey {
    fn drop(&mut self) {
        self.iv.zeroize();
    }
}

/// The AEAD of stateless tickets: AES-256-GCM under a key of ours, random nonce first.
pub(crate) struct TicketKey(LessSafeKey);

impl TicketKey {
    pub(crate) fn new(key: &[u8]) -> Result<Self, CryptoFailed> {
        Ok(Self(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key)?)))
    }

    /// Seals `bytes[from..]` in place and appends the tag; the nonce must be new for each call.
    pub(crate) fn seal(&self, nonce: [u8; NONCE_LEN], aad: &[u8], plaintext: &mut Vec<u8>) -> Result<(), CryptoFailed> {
        Ok(self
            .0
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(aad), plaintext)?)
    }

    /// Opens `sealed` in place.
    pub(crate) fn open<'a>(&self, nonce: [u8; NONCE_LEN], aad: &[u8], sealed: &'a mut [u8]) -> Option<&'a [u8]> {
        self.0
            .open_in_place(Nonce::assume_unique_for_key(nonce), Aad::from(aad), sealed)
            .ok()
            .map(|opened| &*opened)
    }
}

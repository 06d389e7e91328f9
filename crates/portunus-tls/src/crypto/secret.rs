//! Secret bytes that never leave their box.

use zeroize::Zeroize;

/// The longest secret of TLS 1.3: the hybrid groups' shared secret is two times 32 bytes, SHA-384's output 48.
pub(crate) const MAX_SECRET: usize = 64;

/// A secret, boxed when it is made, borrowed or moved as a box, wiped when it is dropped. A plain array would leave a copy behind
/// with each move.
pub(crate) struct Secret {
    bytes: Box<[u8; MAX_SECRET]>,
    length: usize,
}

impl Secret {
    /// A secret of `length` bytes (at most [`MAX_SECRET`]), filled in place by `fill`.
    pub(crate) fn filled<E>(length: usize, fill: impl FnOnce(&mut [u8]) -> Result<(), E>) -> Result<Self, E> {
        let mut secret = Self {
            bytes: Box::new([0; MAX_SECRET]),
            length: length.min(MAX_SECRET),
        };
        fill(secret.as_mut())?;
        Ok(secret)
    }

    fn as_mut(&mut self) -> &mut [u8] {
        self.bytes.split_at_mut(self.length).0
    }
}

impl AsRef<[u8]> for Secret {
    fn as_ref(&self) -> &[u8] {
        self.bytes.split_at(self.length).0
    }
}

impl Clone for Secret {
    fn clone(&self) -> Self {
        let mut copy = Self {
            bytes: Box::new([0; MAX_SECRET]),
            length: self.length,
        };
        copy.bytes.copy_from_slice(&self.bytes[..]);
        copy
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(..)")
    }
}

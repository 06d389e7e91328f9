//! Secret bytes that never leave their box.

use std::cell::RefCell;
use std::convert::Infallible;

use zeroize::Zeroize;

/// The longest secret of TLS 1.3: the shared one of SecP384r1MLKEM1024 has 48 and 32 bytes, that of secp521r1 66.
pub(crate) const MAX_SECRET: usize = 80;

/// How many wiped boxes a thread keeps: a handshake has some ten secrets at a time.
const MAX_SPARES: usize = 16;

thread_local! {
    /// The wiped boxes of secrets that are no more, for the next ones: a handshake makes some fifteen.
    static SPARES: RefCell<Vec<Box<[u8]>>> = const { RefCell::new(Vec::new()) };
}

/// A secret, boxed when it is made, borrowed or moved as a box, wiped when it is dropped. A plain array would leave a copy behind
/// with each move.
pub(crate) struct Secret {
    /// [`MAX_SECRET`] bytes.
    bytes: Box<[u8]>,
    length: usize,
}

impl Secret {
    /// A secret of `length` bytes (at most [`MAX_SECRET`]), filled in place by `fill`.
    pub(crate) fn filled<E>(length: usize, fill: impl FnOnce(&mut [u8]) -> Result<(), E>) -> Result<Self, E> {
        let spare = SPARES.try_with(|spares| spares.try_borrow_mut().ok()?.pop());
        let mut secret = Self {
            bytes: spare
                .ok()
                .flatten()
                .unwrap_or_else(|| vec![0; MAX_SECRET].into_boxed_slice()),
            length: length.min(MAX_SECRET),
        };
        fill(secret.as_mut())?;
        #[cfg(wiping)]
        crate::wiping::told(secret.as_ref());
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
        let Ok(copy) = Self::filled(self.length, |out| {
            out.copy_from_slice(self.as_ref());
            Ok::<(), Infallible>(())
        });
        copy
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.bytes.zeroize();
        let bytes = std::mem::take(&mut self.bytes);
        // A thread that ends has no spares any more.
        let _ = SPARES.try_with(|spares| {
            if let Ok(mut spares) = spares.try_borrow_mut()
                && spares.len() < MAX_SPARES
            {
                spares.push(bytes);
            }
        });
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(..)")
    }
}

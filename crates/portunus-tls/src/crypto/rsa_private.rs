//! The private operation of RSA alone, without any padding: aws-lc-rs has none. What it offers looks at the padding itself and says whether that was right,
//! which is the oracle that RFC 5246 section 7.4.7.1 warns of. The one module that may have `unsafe`.
#![allow(unsafe_code)]

use std::ptr::NonNull;

use aws_lc_sys::{
    CBS, EVP_PKEY_free, EVP_PKEY_get1_RSA, EVP_parse_private_key, RSA, RSA_NO_PADDING, RSA_decrypt, RSA_free,
};

use super::CryptoFailed;

/// A private key for nothing but the operation.
pub(super) struct PrivateOperation(NonNull<RSA>);

// SAFETY: the key is never changed after it was read, and AWS-LC's `rsa.h` allows an `RSA` to be used on many threads at once by what does not change it;
// decrypting is of that kind: it locks what it keeps between calls.
unsafe impl Send for PrivateOperation {}
// SAFETY: as above.
unsafe impl Sync for PrivateOperation {}

impl PrivateOperation {
    /// Reads a key in PKCS#8.
    pub(super) fn from_pkcs8(der: &[u8]) -> Result<Self, CryptoFailed> {
        let mut input = CBS {
            data: der.as_ptr(),
            len: der.len(),
        };
        // SAFETY: `input` says where `der` lies and how long it is, and `der` outlives the call, which keeps nothing of it.
        let key = NonNull::new(unsafe { EVP_parse_private_key(&mut input) }).ok_or(CryptoFailed)?;
        // SAFETY: `key` is a key, and ours. What is got out of it counts as one owner more, and is null where it is no key of RSA.
        let rsa = unsafe { EVP_PKEY_get1_RSA(key.as_ptr()) };
        // SAFETY: `key` is ours, and not used again; its RSA key lives on for the owner just made.
        unsafe { EVP_PKEY_free(key.as_ptr()) };
        NonNull::new(rsa).map(Self).ok_or(CryptoFailed)
    }

    /// Writes `ciphertext ^ d mod n` to `block`. Both have to be as long as the modulus. That fails for a ciphertext that is not below the modulus, which anybody
    /// can see, and for nothing that hangs on the result.
    pub(super) fn apply(&self, ciphertext: &[u8], block: &mut [u8]) -> Result<(), CryptoFailed> {
        let mut length = 0;
        // SAFETY: the key lives as long as `self`. The call reads `ciphertext.len()` bytes of the one slice, and writes at most `block.len()`, which it is
        // told, to the other; a shared and an exclusive borrow do not overlap. Though its pointer is not const, it does not change the key (see `Send`).
        let succeeded = unsafe {
            RSA_decrypt(
                self.0.as_ptr(),
                &mut length,
                block.as_mut_ptr(),
                block.len(),
                ciphertext.as_ptr(),
                ciphertext.len(),
                RSA_NO_PADDING,
            )
        };
        if succeeded == 1 && length == block.len() {
            Ok(())
        } else {
            Err(CryptoFailed)
        }
    }
}

impl Drop for PrivateOperation {
    fn drop(&mut self) {
        // SAFETY: the key is ours, and this is its end; AWS-LC wipes what it frees.
        unsafe { RSA_free(self.0.as_ptr()) };
    }
}

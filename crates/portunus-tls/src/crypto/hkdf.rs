//! HKDF as TLS 1.3 uses it (RFC 9846 section 7.1).

use aws_lc_rs::hkdf::{KeyType, Prk};
use aws_lc_rs::hmac;

use super::CryptoFailed;
use super::hash::HashAlgorithm;
use super::secret::Secret;

/// HKDF-Extract (RFC 5869 section 2.2), straight into a box: the library's own extract leaves salt and secret in freed memory.
pub(crate) fn extract(salt: &hmac::Key, ikm: &[u8]) -> Result<Secret, CryptoFailed> {
    let secret = Secret::filled(salt.algorithm().digest_algorithm().output_len(), |out| {
        hmac::sign_to_buffer(salt, ikm, out)
            .map(|_| ())
            .map_err(CryptoFailed::from)
    })?;
    #[cfg(test)]
    super::recorded::derived("extract", secret.as_ref());
    Ok(secret)
}

/// HMAC over one piece of data, as the Finished message and the binders need it (RFC 9846 section 4.5.3).
pub(crate) fn hmac_sign(hash: HashAlgorithm, key: &Secret, data: &[u8]) -> hmac::Tag {
    let tag = hmac::sign(&hmac::Key::new(hash.hmac(), key.as_ref()), data);
    #[cfg(test)]
    super::recorded::derived("verify_data", tag.as_ref());
    tag
}

/// A secret from which others are expanded: the library's key object, made once for several labels.
pub(crate) struct Expander {
    prk: Prk,
    hash: HashAlgorithm,
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

impl Expander {
    pub(crate) fn new(hash: HashAlgorithm, secret: &Secret) -> Self {
        Self {
            prk: Prk::new_less_safe(hash.hkdf(), secret.as_ref()),
            hash,
        }
    }

    /// `HKDF-Expand-Label(Secret, Label, Context, Length)` into `out`, whose length is `Length` (RFC 9846 section 7.1).
    /// Labels here are at most 249 and contexts at most 255 bytes.
    pub(crate) fn expand_label(&self, label: &[u8], context: &[u8], out: &mut [u8]) -> Result<(), CryptoFailed> {
        const PREFIX: &[u8] = b"tls13 ";
        let length = u16::try_from(out.len()).map_err(|_| CryptoFailed)?.to_be_bytes();
        let label_length = [u8::try_from(PREFIX.len() + label.len()).map_err(|_| CryptoFailed)?];
        let context_length = [u8::try_from(context.len()).map_err(|_| CryptoFailed)?];
        let info = [&length[..], &label_length, PREFIX, label, &context_length, context];
        self.prk.expand(&info, Length(out.len()))?.fill(out)?;
        #[cfg(test)]
        super::recorded::derived(&format!("expand:{}", String::from_utf8_lossy(label)), out);
        Ok(())
    }

    /// `HKDF-Expand-Label` whose output is a secret of the hash's length.
    pub(crate) fn secret(&self, label: &[u8], context: &[u8]) -> Result<Secret, CryptoFailed> {
        Secret::filled(self.hash.length(), |out| self.expand_label(label, context, out))
    }
}

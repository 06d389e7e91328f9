//! RSA key transport (RFC 5246 section 7.4.7.1): the preliminary secret goes to the server under the RSA key of its certificate.

use std::sync::OnceLock;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::{KeyPair, Pkcs1PublicEncryptingKey, PublicEncryptingKey};
use portunus_x509::SubjectPublicKeyInfo;
use zeroize::Zeroizing;

use super::CryptoFailed;
use super::preliminary_secret::{PRELIMINARY_SECRET, open};
use super::random;
use super::rsa_private::PrivateOperation;
use super::secret::Secret;
use crate::decision::Decision;
use crate::wire::ProtocolVersion;

/// An RSA private key that decrypts what clients send under its certificate's key: in this process, or anywhere else.
pub trait Decrypt: Send + Sync {
    /// Writes to `block`, which is as long as `ciphertext`, what the private operation of RSA makes of `ciphertext` (in PKCS#11: `CKM_RSA_X_509`). The
    /// padding has to be left on it, unseen: it is judged where nobody can tell what came of it.
    ///
    /// # Errors
    /// [`DecryptingFailed`] when the key cannot be reached, or `ciphertext` is not as long as the modulus or not below it. The handshake goes on all the same and
    /// fails at the client's Finished, as with a wrong padding.
    fn decrypt<'a>(&'a self, ciphertext: &'a [u8], block: &'a mut [u8]) -> Decision<'a, Result<(), DecryptingFailed>>;
}

/// The private operation could not be done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the private key could not decrypt: {reason}")]
pub struct DecryptingFailed {
    /// What the holder of the key said.
    pub reason: String,
}

/// The key of a [`super::sign::LocalKey`] for decrypting, made when it is first needed: most never are.
#[derive(Default)]
pub(super) struct LocalDecryption(OnceLock<Option<PrivateOperation>>);

impl LocalDecryption {
    pub(super) fn decrypt(&self, key: &KeyPair, ciphertext: &[u8], block: &mut [u8]) -> Result<(), DecryptingFailed> {
        let operation = self.0.get_or_init(|| {
            let der = key.as_der().ok()?;
            PrivateOperation::from_pkcs8(der.as_ref()).ok()
        });
        let done = operation.as_ref().ok_or(CryptoFailed);
        done.and_then(|operation| operation.apply(ciphertext, block))
            .map_err(|CryptoFailed| DecryptingFailed {
                reason: "the library refused".to_owned(),
            })
    }
}

/// A new preliminary secret of a client that offered `version` in its hello: not of the one that was agreed, so that a server notices who made it another.
pub(crate) fn preliminary_secret(version: ProtocolVersion) -> Result<Secret, CryptoFailed> {
    Secret::filled(PRELIMINARY_SECRET, |out| {
        let (front, rest) = out.split_first_chunk_mut().ok_or(CryptoFailed)?;
        *front = version.0.to_be_bytes();
        random::fill(rest)
    })
}

/// The secret under the server's key, which has to be one of RSA with 2048 to 8192 bits.
pub(crate) fn encrypt(key: &SubjectPublicKeyInfo<'_>, secret: &Secret) -> Result<Vec<u8>, CryptoFailed> {
    let key = PublicEncryptingKey::from_der(key.der).map_err(|_| CryptoFailed)?;
    let key = Pkcs1PublicEncryptingKey::new(key)?;
    let mut encrypted = vec![0; key.ciphertext_size()];
    let length = key.encrypt(secret.as_ref(), &mut encrypted)?.len();
    encrypted.truncate(length);
    Ok(encrypted)
}

/// What a client that offered `version` sent, or a secret that nobody knows: which of the two it is shows nowhere.
pub(crate) async fn decrypt(
    key: &dyn Decrypt,
    ciphertext: &[u8],
    version: ProtocolVersion,
) -> Result<Secret, CryptoFailed> {
    let mut block = Zeroizing::new(vec![0; ciphertext.len()]);
    if key.decrypt(ciphertext, &mut block).await.is_err() {
        // Zeros have no right padding.
        block.fill(0);
    }
    Secret::filled(PRELIMINARY_SECRET, |out| {
        random::fill(out)?;
        open(&block, version.0.to_be_bytes(), out);
        Ok(())
    })
}

//! The key schedule of TLS 1.2 (RFC 5246 section 8.1 and RFC 5246 section 6.3, RFC 7627 section 4), in the terms of RFC 9846 appendix D.
//!
//! ```text
//! preliminary secret ---> main secret ---> key block: client_write_key, server_write_key, client_write_IV, server_write_IV
//!                                     ---> verify_data of both Finished
//!                                     ---> keying material for the application
//! ```

use std::ops::Range;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use zeroize::Zeroizing;

use crate::crypto::CryptoFailed;
use crate::crypto::hash::Digest;
use crate::crypto::secret::Secret;
use crate::crypto::suite::Suite;
use crate::crypto::tls12::{RecordKey, prf};
use crate::record::protection::Protection;

/// Bytes of a main secret.
const MAIN_SECRET: usize = 48;
/// Bytes of a Finished (RFC 5246 section 7.4.9).
pub(crate) const VERIFY_DATA: usize = 12;

/// `ClientHello.random` and `ServerHello.random`.
#[derive(Clone, Copy)]
pub(crate) struct Randoms {
    pub(crate) client: [u8; 32],
    pub(crate) server: [u8; 32],
}

/// Both directions' keys and IVs (RFC 5246 section 6.3).
pub(crate) struct KeyBlock {
    suite: Suite,
    /// Made once in its full length: it does not move.
    bytes: Zeroizing<Vec<u8>>,
}

impl KeyBlock {
    /// Puts the protection of what the client sends into `place`.
    pub(crate) fn protect_client(&self, place: &mut Option<Protection>) -> Result<(), CryptoFailed> {
        let (key, iv) = self.lengths();
        self.install(0..key, 2 * key..2 * key + iv, place)
    }

    /// Puts the protection of what the server sends into `place`.
    pub(crate) fn protect_server(&self, place: &mut Option<Protection>) -> Result<(), CryptoFailed> {
        let (key, iv) = self.lengths();
        self.install(key..2 * key, 2 * key + iv..2 * (key + iv), place)
    }

    fn lengths(&self) -> (usize, usize) {
        let aead = self.suite.aead;
        (aead.key_length(), RecordKey::iv_length(aead))
    }

    fn install(&self, key: Range<usize>, iv: Range<usize>, place: &mut Option<Protection>) -> Result<(), CryptoFailed> {
        let key = self.bytes.get(key).ok_or(CryptoFailed)?;
        let iv = self.bytes.get(iv).ok_or(CryptoFailed)?;
        Protection::Tls12(RecordKey::new(self.suite.aead, key)?).install(place, |out| {
            out.copy_from_slice(iv);
            Ok(())
        })
    }
}

/// All that the connection lives on comes from it.
pub(crate) struct MainSecret {
    suite: Suite,
    randoms: Randoms,
    secret: Secret,
}

impl MainSecret {
    /// Bound to the handshake: of the session hash, over ClientHello...ClientKeyExchange (RFC 7627 section 4).
    pub(crate) fn extended(
        suite: Suite,
        randoms: Randoms,
        preliminary: &Secret,
        session_hash: &Digest,
    ) -> Result<Self, CryptoFailed> {
        let seed = [session_hash.as_ref(), &[]];
        Self::derive(suite, randoms, preliminary, b"extended master secret", seed)
    }

    /// Bound to nothing but the randoms (RFC 5246 section 8.1).
    pub(crate) fn plain(suite: Suite, randoms: Randoms, preliminary: &Secret) -> Result<Self, CryptoFailed> {
        let seed = [&randoms.client[..], &randoms.server];
        Self::derive(suite, randoms, preliminary, b"master secret", seed)
    }

    fn derive(
        suite: Suite,
        randoms: Randoms,
        preliminary: &Secret,
        label: &[u8],
        seed: [&[u8]; 2],
    ) -> Result<Self, CryptoFailed> {
        let secret = Secret::filled(MAIN_SECRET, |out| prf(suite.hash, preliminary, label, seed, out))?;
        Ok(Self { suite, randoms, secret })
    }

    /// That of an earlier connection, which goes on under new randoms.
    pub(crate) fn resumed(suite: Suite, randoms: Randoms, secret: Secret) -> Self {
        Self { suite, randoms, secret }
    }

    /// The secret for a session's memory, and for a key log.
    pub(crate) fn secret(&self) -> &Secret {
        &self.secret
    }

    /// The key block (RFC 5246 section 6.3). The server's random comes first here.
    pub(crate) fn key_block(&self) -> Result<KeyBlock, CryptoFailed> {
        let aead = self.suite.aead;
        let mut bytes = Zeroizing::new(vec![0; 2 * (aead.key_length() + RecordKey::iv_length(aead))]);
        let seed = [&self.randoms.server[..], &self.randoms.client];
        prf(self.suite.hash, &self.secret, b"key expansion", seed, &mut bytes)?;
        Ok(KeyBlock {
            suite: self.suite,
            bytes,
        })
    }

    /// The client's `verify_data` over the transcript so far.
    pub(crate) fn client_verify_data(&self, transcript: &Digest) -> Result<VerifyData, CryptoFailed> {
        self.verify_data(b"client finished", transcript)
    }

    /// The server's `verify_data` over the transcript so far.
    pub(crate) fn server_verify_data(&self, transcript: &Digest) -> Result<VerifyData, CryptoFailed> {
        self.verify_data(b"server finished", transcript)
    }

    fn verify_data(&self, label: &[u8], transcript: &Digest) -> Result<VerifyData, CryptoFailed> {
        let mut verify_data = [0; VERIFY_DATA];
        let seed = [transcript.as_ref(), &[]];
        prf(self.suite.hash, &self.secret, label, seed, &mut verify_data)?;
        Ok(VerifyData(verify_data))
    }

    /// Keying material for the application (RFC 5705 section 4). No context is another than an empty one.
    pub(crate) fn export(&self, label: &[u8], context: Option<&[u8]>, out: &mut [u8]) -> Result<(), CryptoFailed> {
        if out.is_empty() {
            return Ok(());
        }
        let mut seed = Vec::new();
        seed.extend_from_slice(&self.randoms.server);
        if let Some(context) = context {
            let length = u16::try_from(context.len()).map_err(|_| CryptoFailed)?;
            seed.extend_from_slice(&length.to_be_bytes());
            seed.extend_from_slice(context);
        }
        prf(self.suite.hash, &self.secret, label, [&self.randoms.client, &seed], out)
    }
}

/// A MAC over the transcript.
pub(crate) struct VerifyData([u8; VERIFY_DATA]);

impl VerifyData {
    /// Compares in constant time.
    pub(crate) fn matches(&self, received: &[u8]) -> bool {
        verify_slices_are_equal(&self.0, received).is_ok()
    }
}

impl AsRef<[u8]> for VerifyData {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

//! The transcript hash (RFC 9846 section 4.1).

use aws_lc_rs::digest;

use crate::crypto::hash::{Digest, HashAlgorithm};
use crate::wire::HandshakeType;

/// The running hash over the handshake messages, as they were received and sent.
#[derive(Clone)]
pub(crate) struct Transcript {
    context: digest::Context,
    /// The hash of all that was added so far, where it is known: several secrets come of the same.
    hash: Option<Digest>,
    /// The messages themselves, where they are to be signed: TLS 1.2 leaves the hash to the signature's scheme (RFC 5246 section 7.4.8).
    #[cfg(feature = "tls12")]
    kept: Option<Vec<u8>>,
}

impl Transcript {
    pub(crate) fn new(hash: HashAlgorithm) -> Self {
        Self {
            context: digest::Context::new(hash.digest()),
            hash: None,
            #[cfg(feature = "tls12")]
            kept: None,
        }
    }

    /// From here on the messages are kept.
    #[cfg(feature = "tls12")]
    pub(crate) fn keep(&mut self) {
        self.kept = Some(Vec::new());
    }

    /// The messages that were kept; none are any more.
    #[cfg(feature = "tls12")]
    pub(crate) fn take_kept(&mut self) -> Vec<u8> {
        self.kept.take().unwrap_or_default()
    }

    /// The transcript that begins with the `message_hash` in place of the first ClientHello (RFC 9846 section 4.1).
    pub(crate) fn after_retry(hash: HashAlgorithm, first_hello: &[u8]) -> Self {
        let digest = hash.of(first_hello);
        let mut transcript = Self::new(hash);
        let length = u8::try_from(hash.length()).unwrap_or(0);
        transcript.add(&[HandshakeType::MESSAGE_HASH.0, 0, 0, length]);
        transcript.add(digest.as_ref());
        transcript
    }

    /// Adds a whole message, or the part of one that a binder covers.
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        self.hash = None;
        self.context.update(bytes);
        #[cfg(feature = "tls12")]
        if let Some(kept) = &mut self.kept {
            kept.extend_from_slice(bytes);
        }
    }

    /// The hash of all that was added so far.
    pub(crate) fn hash(&mut self) -> Digest {
        *self.hash.get_or_insert_with(|| self.context.clone().finish())
    }

    /// The hash of all that was added, and no more will be.
    pub(crate) fn into_hash(self) -> Digest {
        match self.hash {
            Some(hash) => hash,
            None => self.context.finish(),
        }
    }

    /// The hash with `bytes` added, without adding them: what a binder covers.
    pub(crate) fn hash_with(&self, bytes: &[u8]) -> Digest {
        let mut context = self.context.clone();
        context.update(bytes);
        context.finish()
    }
}

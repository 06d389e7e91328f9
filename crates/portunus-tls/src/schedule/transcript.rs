//! The transcript hash (RFC 9846 section 4.1).

use aws_lc_rs::digest;

use crate::crypto::hash::{Digest, HashAlgorithm};
use crate::wire::HandshakeType;

/// The running hash over the handshake messages, as they were received and sent.
pub(crate) struct Transcript {
    context: digest::Context,
    /// The hash of all that was added so far, where it is known: several secrets come of the same.
    hash: Option<Digest>,
}

impl Transcript {
    pub(crate) fn new(hash: HashAlgorithm) -> Self {
        Self {
            context: digest::Context::new(hash.digest()),
            hash: None,
        }
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

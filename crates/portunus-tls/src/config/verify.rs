//! Who judges the peer's certificates.

use std::sync::Arc;

use portunus_x509::{Anchors, Policy, Purpose, ServerName, SignatureMemory, UnixTime, VerifiedPath};

use crate::decision::Decision;
use crate::error::CertificateFault;
use crate::session::client::Stapled;

/// What a peer showed of itself.
#[derive(Clone, Copy, Debug)]
pub struct Presented<'a> {
    /// The certificates in DER as they were sent, the end entity first; at least one.
    pub chain: &'a [Vec<u8>],
    /// The name that the peer should have; `None` for a client.
    pub name: Option<&'a ServerName>,
    /// The time to judge by.
    pub now: UnixTime,
    /// What was stapled to the end entity.
    pub stapled: Option<&'a Stapled>,
}

/// A certificate was accepted.
#[derive(Clone, Debug, Default)]
pub struct Verified {
    /// The path that was found, with every check on it.
    pub path: Option<VerifiedPath>,
    /// When the verdict ends: a session is not resumed past it.
    pub not_after: Option<UnixTime>,
}

/// Judges the certificates of a peer.
pub trait VerifyPeer: Send + Sync {
    /// Says yes, or why not.
    ///
    /// # Errors
    /// [`CertificateFault`] tells why the chain is refused; the peer gets the alert that belongs to it.
    fn verify<'a>(&'a self, presented: Presented<'a>) -> Decision<'a, Result<Verified, CertificateFault>>;

    /// What this verifier trusts, as a value that differs whenever its answers could: sessions are bound to it, so that none is
    /// resumed where the full handshake would have been refused.
    fn trust(&self) -> [u8; 32];
}

/// The verifier of `portunus-x509` with one set of anchors and one policy. It remembers signatures that were good before.
pub struct PathVerifier {
    anchors: Arc<Anchors>,
    policy: Policy,
    purpose: Purpose,
    trust: [u8; 32],
    memory: Arc<SignatureMemory>,
}

/// Signatures on certificates that a verifier remembers: some hundred peers' with their intermediates'.
const REMEMBERED: usize = 1024;

impl PathVerifier {
    /// For a client that judges servers.
    pub fn servers(anchors: Arc<Anchors>, policy: Policy) -> Self {
        Self::new(anchors, policy, Purpose::TlsServer)
    }

    /// For a server that judges clients.
    pub fn clients(anchors: Arc<Anchors>, policy: Policy) -> Self {
        Self::new(anchors, policy, Purpose::TlsClient)
    }

    fn new(anchors: Arc<Anchors>, policy: Policy, purpose: Purpose) -> Self {
        let mut context = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
        context.update(format!("{purpose:?} {policy:?}").as_bytes());
        for anchor in anchors.iter() {
            let der = anchor.der();
            context.update(&u64::try_from(der.len()).unwrap_or(u64::MAX).to_be_bytes());
            context.update(der);
        }
        let mut trust = [0; 32];
        trust.copy_from_slice(context.finish().as_ref());
        Self {
            anchors,
            policy,
            purpose,
            trust,
            memory: Arc::new(SignatureMemory::new(REMEMBERED)),
        }
    }

    /// The same, with this memory of signatures that were good before, which others may share, in place of its own.
    pub fn with_memory(mut self, memory: Arc<SignatureMemory>) -> Self {
        self.memory = memory;
        self
    }
}

impl VerifyPeer for PathVerifier {
    fn verify<'a>(&'a self, presented: Presented<'a>) -> Decision<'a, Result<Verified, CertificateFault>> {
        let verdict = portunus_x509::verify_remembering(
            presented.chain,
            &self.anchors,
            self.purpose,
            presented.name,
            presented.now,
            &self.policy,
            &self.memory,
        );
        Decision::ready(match verdict {
            Ok(path) => Ok(Verified {
                not_after: Some(path.valid_until()),
                path: Some(path),
            }),
            Err(refusal) => Err(CertificateFault::Refused(Arc::new(refusal))),
        })
    }

    fn trust(&self) -> [u8; 32] {
        self.trust
    }
}

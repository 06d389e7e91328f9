//! Everything that weakens a connection stands here, to be found.

use crate::config::verify::{Presented, Verified, VerifyPeer};
use crate::decision::Decision;
use crate::error::CertificateFault;

/// Accepts every certificate, whoever it names and whoever signed it: anybody on the way can be the peer. The peer still has to prove that
/// it holds the certificate's key, and that it saw the same handshake.
#[derive(Clone, Copy, Debug, Default)]
pub struct AcceptAnyCertificate;

impl VerifyPeer for AcceptAnyCertificate {
    fn verify<'a>(&'a self, _: Presented<'a>) -> Decision<'a, Result<Verified, CertificateFault>> {
        Decision::ready(Ok(Verified::default()))
    }

    fn trust(&self) -> [u8; 32] {
        [0; 32]
    }
}

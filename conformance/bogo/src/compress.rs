//! The runner's own ways to compress certificates.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use portunus_tls::wire::CertificateCompressionAlgorithm;
use portunus_tls::{CompressCertificate, NotInflated};

use crate::stop::Stop;

#[derive(Clone, Copy)]
enum Way {
    /// Leaves out the two zeros that begin every Certificate message of a server's.
    Shrinking,
    /// Puts four bytes before it.
    Expanding,
    /// Puts one byte before it that is another each time.
    Random,
}

const ZEROS: [u8; 2] = [0, 0];
const PREFIX: [u8; 4] = [1, 2, 3, 4];

/// All of them, the preferred first.
pub(crate) fn all() -> Vec<Arc<dyn CompressCertificate>> {
    [Way::Expanding, Way::Shrinking, Way::Random]
        .map(|way| Arc::new(way) as _)
        .to_vec()
}

/// The one of this number.
pub(crate) fn one(algorithm: u16) -> Result<Arc<dyn CompressCertificate>, Stop> {
    let way = all().into_iter().find(|way| way.algorithm().0 == algorithm);
    way.ok_or_else(|| Stop::NotImplemented(format!("certificate compression {algorithm}")))
}

impl CompressCertificate for Way {
    fn algorithm(&self) -> CertificateCompressionAlgorithm {
        CertificateCompressionAlgorithm(match self {
            Self::Shrinking => 0xff01,
            Self::Expanding => 0xff02,
            Self::Random => 0xff03,
        })
    }

    fn deflate(&self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Shrinking => message.strip_prefix(&ZEROS).unwrap_or_default().to_vec(),
            Self::Expanding => [&PREFIX, message].concat(),
            Self::Random => {
                let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                let [.., byte] = now.subsec_nanos().to_be_bytes();
                [&[byte], message].concat()
            }
        }
    }

    fn inflate(&self, compressed: &[u8], message: &mut [u8]) -> Result<(), NotInflated> {
        let whole = match self {
            Self::Shrinking => [&ZEROS, compressed].concat(),
            Self::Expanding => compressed.strip_prefix(&PREFIX).ok_or(NotInflated)?.to_vec(),
            Self::Random => compressed.split_first().ok_or(NotInflated)?.1.to_vec(),
        };
        if whole.len() != message.len() {
            return Err(NotInflated);
        }
        message.copy_from_slice(&whole);
        Ok(())
    }
}

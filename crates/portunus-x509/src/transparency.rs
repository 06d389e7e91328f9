//! Certificate transparency: what is wanted of a certificate's timestamps.

use crate::sct::CertificateLog;

/// The logs that somebody trusts, and the timestamps that a peer sent beside its certificate. A certificate whose lifetime is up to 180
/// days needs timestamps of two of these logs, a longer one of three; two operators have to be among them. Timestamps may stand in the
/// certificate itself or come with the handshake; those in a response of OCSP are not looked at.
///
/// That is what browsers ask for. Each timestamp counts if the log signed it (RFC 6962 section 3.2), if it is not of the future, and if
/// the log was not retired then.
#[derive(Debug, Clone)]
pub struct Transparency<'a> {
    pub(crate) logs: Vec<CertificateLog>,
    pub(crate) stapled: Option<&'a [u8]>,
}

impl<'a> Transparency<'a> {
    /// With these logs.
    pub fn new(logs: impl IntoIterator<Item = CertificateLog>) -> Self {
        Self {
            logs: logs.into_iter().collect(),
            stapled: None,
        }
    }

    /// The same, with what came with the handshake: a SignedCertificateTimestampList (RFC 6962 section 3.3).
    pub fn with_stapled(mut self, timestamps: Option<&'a [u8]>) -> Self {
        self.stapled = timestamps;
        self
    }
}

//! What all connections of a client share.

use std::sync::Arc;

use crate::config::certificate_compression::CompressCertificate;
use crate::config::identities::ChooseClientIdentity;
use crate::config::verify::VerifyPeer;
use crate::error::Misuse;
use crate::keylog::KeyLog;
use crate::policy::Policy;
use crate::record::padding::Padding;
use crate::record::size_limit;
use crate::session::client::{ClientSessions, Owner};
use crate::wire::NamedGroup;

/// A client's configuration.
#[derive(Clone)]
pub struct ClientConfig {
    pub(crate) policy: Policy,
    pub(crate) key_shares: Vec<NamedGroup>,
    pub(crate) verifier: Arc<dyn VerifyPeer>,
    pub(crate) identity: Option<Arc<dyn ChooseClientIdentity>>,
    pub(crate) application_protocols: Vec<Vec<u8>>,
    pub(crate) sessions: Option<Arc<dyn ClientSessions>>,
    pub(crate) certificate_compression: Vec<Arc<dyn CompressCertificate>>,
    pub(crate) asks_for_status: bool,
    pub(crate) asks_for_timestamps: bool,
    pub(crate) verifies_resumed: bool,
    pub(crate) grease: bool,
    pub(crate) key_log: Option<Arc<dyn KeyLog>>,
    pub(crate) is_fallback: bool,
    pub(crate) sends_early_data: bool,
    pub(crate) record_size_limit: Option<u16>,
    pub(crate) padding: Padding,
    pub(crate) authenticates_later: bool,
}

impl ClientConfig {
    /// A client that judges servers by `verifier`, with the modern policy, without resumption.
    pub fn new(verifier: Arc<dyn VerifyPeer>) -> Self {
        Self {
            policy: Policy::modern(),
            key_shares: vec![NamedGroup::X25519MLKEM768, NamedGroup::X25519],
            verifier,
            identity: None,
            application_protocols: Vec::new(),
            sessions: None,
            certificate_compression: Vec::new(),
            asks_for_status: false,
            asks_for_timestamps: false,
            verifies_resumed: false,
            grease: true,
            key_log: None,
            is_fallback: false,
            sends_early_data: false,
            record_size_limit: None,
            padding: Padding::Nothing,
            authenticates_later: false,
        }
    }

    /// Uses this policy. The first group gets a key share, and X25519 where it is allowed.
    #[must_use]
    pub fn with_policy(mut self, policy: Policy) -> Self {
        self.key_shares = policy.groups.first().copied().into_iter().collect();
        if policy.groups.contains(&NamedGroup::X25519) && !self.key_shares.contains(&NamedGroup::X25519) {
            self.key_shares.push(NamedGroup::X25519);
        }
        self.policy = policy;
        self
    }

    /// Sends key shares of these groups in the first ClientHello; the server may ask for another of the policy's. (Without the large one of X25519MLKEM768, the hello
    /// fits one segment.)
    ///
    /// # Errors
    /// [`Misuse::EmptyConfiguration`] when a group is not among the policy's.
    pub fn with_key_shares(mut self, groups: &[NamedGroup]) -> Result<Self, Misuse> {
        if groups.iter().any(|group| !self.policy.groups.contains(group)) {
            return Err(Misuse::EmptyConfiguration);
        }
        // RFC 9846 section 4.3.8: in the order of supported_groups.
        let in_order = self.policy.groups.iter().filter(|group| groups.contains(group));
        self.key_shares = in_order.copied().collect();
        Ok(self)
    }

    /// Takes a hint of which groups the server has, such as from an earlier connection: the first group of the policy among them gets the one key share. Without
    /// one among them nothing changes. A wrong hint costs a round trip.
    #[must_use]
    pub fn with_server_groups(mut self, hint: &[NamedGroup]) -> Self {
        if let Some(group) = self.policy.groups.iter().find(|group| hint.contains(group)) {
            self.key_shares = vec![*group];
        }
        self
    }

    /// The groups of which the first ClientHello holds a key share.
    pub fn key_shares(&self) -> &[NamedGroup] {
        &self.key_shares
    }

    /// Shows a certificate when the server asks for one.
    #[must_use]
    pub fn with_identity(mut self, identity: Arc<dyn ChooseClientIdentity>) -> Self {
        self.identity = Some(identity);
        self
    }

    /// Offers these application protocols, the preferred first (RFC 7301).
    #[must_use]
    pub fn with_application_protocols(mut self, protocols: &[&[u8]]) -> Self {
        self.application_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        self
    }

    /// Keeps tickets and resumes with them.
    #[must_use]
    pub fn with_sessions(mut self, sessions: Arc<dyn ClientSessions>) -> Self {
        self.sessions = Some(sessions);
        self
    }

    /// Offers early data where a session allows it: [`crate::Handshake::write_early`] then writes before the server has answered. Whoever recorded it can
    /// have the server read it again, and its secrecy hangs on that of the server's ticket keys (RFC 9846 section 8): it is for what does no harm twice.
    #[must_use]
    pub fn with_early_data(mut self) -> Self {
        self.sends_early_data = true;
        self
    }

    /// Says that servers of TLS 1.3 may ask for a certificate after the handshake as well (RFC 9846 section 4.7.2); [`ClientConfig::with_identity`] chooses it, or none
    /// is shown. Not for HTTP/2 (RFC 8740 section 3).
    #[must_use]
    pub fn with_post_handshake_authentication(mut self) -> Self {
        self.authenticates_later = true;
        self
    }

    /// Asks servers for protected records of this length at most (RFC 8449), 64 to 16385 bytes of content, the type counted in TLS 1.3: for little memory. One that
    /// has the extension then keeps to it, and may say the same of itself.
    ///
    /// # Errors
    /// [`Misuse::RecordSizeLimit`] when it is less or more.
    pub fn with_record_size_limit(mut self, limit: u16) -> Result<Self, Misuse> {
        self.record_size_limit = Some(size_limit::checked(limit)?);
        Ok(self)
    }

    /// Pads what is sent in TLS 1.3, at the cost of its bytes. Nothing is padded by default.
    #[must_use]
    pub fn with_padding(mut self, padding: Padding) -> Self {
        self.padding = padding;
        self
    }

    /// Tells servers that this is a second try with an older version than the client has (RFC 7507): one that has the newer version as well refuses it, since then
    /// somebody made the first try fail.
    #[must_use]
    pub fn as_fallback(mut self) -> Self {
        self.is_fallback = true;
        self
    }

    /// Offers these ways to compress certificates (RFC 8879); the server chooses.
    #[must_use]
    pub fn with_certificate_compression(mut self, algorithms: &[Arc<dyn CompressCertificate>]) -> Self {
        self.certificate_compression = algorithms.to_vec();
        self
    }

    /// Asks servers to staple an OCSP response to their certificate (RFC 6066 section 8). The verifier sees it, and says whether it matters.
    #[must_use]
    pub fn with_status_request(mut self) -> Self {
        self.asks_for_status = true;
        self
    }

    /// Asks servers for timestamps of certificate logs (RFC 6962 section 3.3.1). The verifier sees them, and says whether they matter.
    #[must_use]
    pub fn with_timestamp_request(mut self) -> Self {
        self.asks_for_timestamps = true;
        self
    }

    /// Sends no values that mean nothing (RFC 8701): for a server that chokes on them, and to see all of what is offered by itself.
    #[must_use]
    pub fn without_grease(mut self) -> Self {
        self.grease = false;
        self
    }

    /// Has the verifier judge a server's certificates again when a session goes on, before any early data goes out, for a verifier whose answer changes in between: by revocation,
    /// say. (A session never goes on past the time that the verifier named, nor with another verifier.)
    #[must_use]
    pub fn with_verification_on_resumption(mut self) -> Self {
        self.verifies_resumed = true;
        self
    }

    /// Whom a session of this configuration belongs to.
    pub(crate) fn owner(&self) -> Owner {
        Owner(self.identity.as_ref().map(|identity| {
            let identity: Arc<dyn Send + Sync> = identity.clone();
            Arc::downgrade(&identity)
        }))
    }

    /// Logs secrets. Whoever has the log can read the connections.
    #[must_use]
    pub fn with_key_log(mut self, key_log: Arc<dyn KeyLog>) -> Self {
        self.key_log = Some(key_log);
        self
    }
}

impl std::fmt::Debug for ClientConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientConfig")
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

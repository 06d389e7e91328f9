//! What all connections of a server share.

use std::sync::Arc;

use portunus_x509::DnsName;

use crate::config::certificate_compression::CompressCertificate;
use crate::config::identities::ChooseIdentity;
use crate::config::verify::VerifyPeer;
use crate::decision::{ChoiceFailed, Decision};
use crate::error::Misuse;
use crate::keylog::KeyLog;
use crate::limits::MAX_AUTHORITIES_BYTES;
use crate::policy::Policy;
use crate::record::padding::Padding;
use crate::record::size_limit;
#[cfg(feature = "tls12")]
use crate::session::cache::SessionCache;
use crate::session::replay::ReplayGuard;
use crate::session::ticket_keys::Tickets;
use crate::wire::ClientHello;

/// Whether clients are asked for a certificate.
#[derive(Clone)]
pub(crate) enum ClientAuthentication {
    /// Not asked.
    None,
    /// Asked; a client without one goes on.
    Optional(Arc<dyn VerifyPeer>),
    /// Asked; a client without one is refused: with `certificate_required`, in TLS 1.2 with `handshake_failure`.
    Required(Arc<dyn VerifyPeer>),
}

/// Whom to believe about a client that is asked, and whether it must show a certificate.
pub(crate) struct Requested {
    pub(crate) verifier: Arc<dyn VerifyPeer>,
    pub(crate) required: bool,
}

impl ClientAuthentication {
    pub(crate) fn requested(&self) -> Option<Requested> {
        let (verifier, required) = match self {
            Self::None => return None,
            Self::Optional(verifier) => (verifier.clone(), false),
            Self::Required(verifier) => (verifier.clone(), true),
        };
        Some(Requested { verifier, required })
    }
}

/// A server's configuration.
#[derive(Clone)]
pub struct ServerConfig {
    pub(crate) policy: Policy,
    pub(crate) identities: Arc<dyn ChooseIdentity>,
    pub(crate) client_authentication: ClientAuthentication,
    pub(crate) authorities: Vec<Vec<u8>>,
    pub(crate) certificate_compression: Vec<Arc<dyn CompressCertificate>>,
    pub(crate) application_protocols: Vec<Vec<u8>>,
    pub(crate) tickets: Option<Arc<Tickets>>,
    pub(crate) early_data: Option<EarlyDataConfig>,
    #[cfg(feature = "tls12")]
    pub(crate) session_cache: Option<Arc<SessionCache>>,
    session_context: Vec<u8>,
    pub(crate) key_log: Option<Arc<dyn KeyLog>>,
    pub(crate) record_size_limit: Option<u16>,
    pub(crate) padding: Padding,
}

/// Who lets early data pass, and how much.
#[derive(Clone)]
pub(crate) struct EarlyDataConfig {
    pub(crate) guard: Arc<ReplayGuard>,
    pub(crate) max: u32,
}

/// The names of certificate authorities do not fit a CertificateRequest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{count} names of certificate authorities take {bytes} bytes; a CertificateRequest holds {MAX_AUTHORITIES_BYTES}: name fewer, or none, so that clients choose by themselves"
)]
pub struct TooManyAuthorities {
    /// How many names.
    pub count: usize,
    /// Their bytes on the wire.
    pub bytes: usize,
}

impl ServerConfig {
    /// A server that shows these identities, with the modern policy, without resumption and without asking for client certificates.
    pub fn new(identities: Arc<dyn ChooseIdentity>) -> Self {
        Self {
            policy: Policy::modern(),
            identities,
            client_authentication: ClientAuthentication::None,
            authorities: Vec::new(),
            certificate_compression: Vec::new(),
            application_protocols: Vec::new(),
            tickets: None,
            early_data: None,
            #[cfg(feature = "tls12")]
            session_cache: None,
            session_context: Vec::new(),
            key_log: None,
            record_size_limit: None,
            padding: Padding::Nothing,
        }
    }

    /// Uses this policy.
    #[must_use]
    pub fn with_policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Asks clients for a certificate; one that has none goes on, one whose certificate is refused does not.
    #[must_use]
    pub fn with_optional_client_certificates(mut self, verifier: Arc<dyn VerifyPeer>) -> Self {
        self.client_authentication = ClientAuthentication::Optional(verifier);
        self
    }

    /// Asks clients for a certificate, and refuses those that have none.
    #[must_use]
    pub fn with_required_client_certificates(mut self, verifier: Arc<dyn VerifyPeer>) -> Self {
        self.client_authentication = ClientAuthentication::Required(verifier);
        self
    }

    /// Names the authorities whose certificates clients should show: the DER of their subject names.
    ///
    /// # Errors
    /// [`TooManyAuthorities`] when the list does not fit the message.
    pub fn with_certificate_authorities(mut self, names: Vec<Vec<u8>>) -> Result<Self, TooManyAuthorities> {
        let bytes = names
            .iter()
            .fold(0_usize, |sum, name| sum.saturating_add(name.len()).saturating_add(2));
        if bytes > MAX_AUTHORITIES_BYTES {
            return Err(TooManyAuthorities {
                count: names.len(),
                bytes,
            });
        }
        self.authorities = names;
        Ok(self)
    }

    /// Speaks these application protocols, the preferred first (RFC 7301). A client that offers ALPN and none of them is refused; one that offers no ALPN goes on.
    #[must_use]
    pub fn with_application_protocols(mut self, protocols: &[&[u8]]) -> Self {
        self.application_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        self
    }

    /// Compresses certificates in one of these ways for clients that have it, the preferred first (RFC 8879). Each identity is compressed once and kept so.
    #[must_use]
    pub fn with_certificate_compression(mut self, algorithms: &[Arc<dyn CompressCertificate>]) -> Self {
        self.certificate_compression = algorithms.to_vec();
        self
    }

    /// Issues tickets, and resumes with them.
    #[must_use]
    pub fn with_tickets(mut self, tickets: Arc<Tickets>) -> Self {
        self.tickets = Some(tickets);
        self
    }

    /// Takes up to `max` bytes of early data with each ticket that is issued from here on ([`ServerConfig::with_tickets`]), where `guard` lets them
    /// pass. The connection then stands before the client has proved that it is there now: see [`crate::Connection::is_early`].
    #[must_use]
    pub fn with_early_data(mut self, guard: Arc<ReplayGuard>, max: u32) -> Self {
        self.early_data = (max > 0).then_some(EarlyDataConfig { guard, max });
        self
    }

    /// Keeps sessions of TLS 1.2 for clients that take no tickets, and resumes with them.
    #[cfg(feature = "tls12")]
    #[must_use]
    pub fn with_session_cache(mut self, sessions: Arc<SessionCache>) -> Self {
        self.session_cache = Some(sessions);
        self
    }

    /// Binds sessions to this context as well: where configurations share tickets or a cache, one begun under another context does not go on. For
    /// configurations that a client must be kept from passing between, though they have the same name and authenticate clients alike.
    #[must_use]
    pub fn with_session_context(mut self, context: &[u8]) -> Self {
        self.session_context = context.to_vec();
        self
    }

    /// Asks clients for protected records of this length at most (RFC 8449), 64 to 16385 bytes of content, the type counted in TLS 1.3: for little memory. Those that
    /// have the extension keep to it. What they ask for is kept to anyway.
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

    /// Logs secrets. Whoever has the log can read the connections.
    #[must_use]
    pub fn with_key_log(mut self, key_log: Arc<dyn KeyLog>) -> Self {
        self.key_log = Some(key_log);
        self
    }

    /// What a session is bound to beside its name: whether clients are authenticated, and by whom; and the context.
    pub(crate) fn session_binding(&self) -> [u8; 32] {
        let (mode, trust) = match &self.client_authentication {
            ClientAuthentication::None => (0, [0; 32]),
            ClientAuthentication::Optional(verifier) => (1, verifier.trust()),
            ClientAuthentication::Required(verifier) => (2, verifier.trust()),
        };
        let mut context = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
        context.update(&[mode]);
        context.update(&trust);
        context.update(&self.session_context);
        let mut binding = [0; 32];
        binding.copy_from_slice(context.finish().as_ref());
        binding
    }
}

impl std::fmt::Debug for ServerConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServerConfig")
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

/// A choice of the configuration by the ClientHello.
pub trait ChooseConfig: Send + Sync {
    /// The configuration for this client, or why there is none. `host` is the server name that it asked for, where it sent one that can be a host name.
    ///
    /// # Errors
    /// [`ChoiceFailed`]: why, and what the client is told.
    fn choose<'a>(
        &'a self,
        hello: &'a ClientHello<'_>,
        host: Option<&'a DnsName>,
    ) -> Decision<'a, Result<Arc<ServerConfig>, ChoiceFailed>>;
}

impl ChooseConfig for Arc<ServerConfig> {
    fn choose<'a>(
        &'a self,
        _: &'a ClientHello<'_>,
        _: Option<&'a DnsName>,
    ) -> Decision<'a, Result<Arc<ServerConfig>, ChoiceFailed>> {
        Decision::ready(Ok(self.clone()))
    }
}

//! Which of several certificates of our own to show.

use std::sync::Arc;

use portunus_x509::DnsName;

use crate::config::identity::Identity;
use crate::config::oid_filters::Filters;
use crate::decision::{ChoiceFailed, Decision};
use crate::wire::{CertificateRequest, ClientHello, ProtocolVersion, SignatureScheme};

/// A server's choice of the certificate to show.
pub trait ChooseIdentity: Send + Sync {
    /// The identity for this ClientHello; `None` when there is none for its name (`unrecognized_name`). `host` is the server name that the client
    /// asked for, where it sent one that can be a host name.
    ///
    /// # Errors
    /// [`ChoiceFailed`] where it cannot be found out whether there is one: why, and what the client is told.
    fn choose<'a>(
        &'a self,
        hello: &'a ClientHello<'_>,
        host: Option<&'a DnsName>,
    ) -> Decision<'a, Result<Option<Arc<Identity>>, ChoiceFailed>>;
}

/// A client's choice of the certificate to show when a server asks.
pub trait ChooseClientIdentity: Send + Sync {
    /// The identity for this CertificateRequest; `None` to show none.
    ///
    /// # Errors
    /// [`ChoiceFailed`] where it cannot be found out whether there is one: why, and what the server is told.
    fn choose<'a>(
        &'a self,
        request: &'a CertificateRequest<'_>,
    ) -> Decision<'a, Result<Option<Arc<Identity>>, ChoiceFailed>>;
}

/// A fixed list of identities, the preferred first: by name, then by what the peer can verify of the key and of the chain. A client that asks for a name
/// that none has, or for none, gets the first that it can verify: it will see for itself whether the name fits.
#[derive(Clone, Debug)]
pub struct Identities(Vec<Arc<Identity>>);

impl Identities {
    /// The identities, the preferred first.
    pub fn new(identities: Vec<Arc<Identity>>) -> Self {
        Self(identities)
    }

    /// The first of those that come highest.
    fn best<R: Ord>(&self, rank: impl Fn(&Identity) -> R) -> Option<Arc<Identity>> {
        // Of equals `max_by_key` takes the last.
        self.0.iter().rev().max_by_key(|identity| rank(identity)).cloned()
    }
}

/// What a client lets a server's key do, the best last.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum UseOfKey {
    None,
    /// RSA key transport, which has no forward secrecy.
    Decrypt,
    Sign,
}

impl ChooseIdentity for Identities {
    fn choose<'a>(
        &'a self,
        hello: &'a ClientHello<'_>,
        host: Option<&'a DnsName>,
    ) -> Decision<'a, Result<Option<Arc<Identity>>, ChoiceFailed>> {
        let extensions = &hello.extensions;
        let versions = extensions.supported_versions;
        let is_older = !versions.is_some_and(|versions| versions.contains(&ProtocolVersion::TLS1_3));
        let schemes = extensions.signature_algorithms;
        let of_chain = extensions.signature_algorithms_cert.or(schemes);
        let signs = |scheme: &SignatureScheme| {
            (is_older || scheme.is_for_tls13()) && schemes.is_none_or(|schemes| schemes.contains(scheme))
        };
        Decision::ready(Ok(self.best(|identity| {
            let can_sign = identity.scheme_among(signs).is_some() && (!is_older || identity.fits_tls12(hello));
            let use_of_key = match can_sign {
                true => UseOfKey::Sign,
                false if is_older && identity.takes_key_transport(hello) => UseOfKey::Decrypt,
                false => UseOfKey::None,
            };
            (
                // A certificate of the right name that the client cannot verify is still the better answer: the alert then says what is wrong.
                host.is_some_and(|host| identity.names(host)),
                use_of_key,
                // RFC 9846 section 4.5.2.2: a chain that is signed otherwise goes out where there is no better one.
                identity.chain_fits(|scheme| of_chain.is_none_or(|schemes| schemes.contains(scheme))),
            )
        })))
    }
}

impl ChooseClientIdentity for Identities {
    fn choose<'a>(
        &'a self,
        request: &'a CertificateRequest<'_>,
    ) -> Decision<'a, Result<Option<Arc<Identity>>, ChoiceFailed>> {
        let schemes = request.signature_algorithms.unwrap_or_default();
        let of_chain = request.signature_algorithms_cert.unwrap_or(schemes);
        let authorities = request.certificate_authorities;
        let signs = |identity: &Identity| identity.scheme_among(|scheme| schemes.contains(scheme)).is_some();
        // Those that break a rule have ended the handshake before.
        let filters = Filters::read(request.oid_filters).unwrap_or_default();
        let accepted = |identity: &Identity| {
            authorities.is_none_or(|authorities| identity.is_from(authorities)) && identity.matches(&filters)
        };
        // In TLS 1.3 the others may stand there for certificates alone.
        let signs_best = |scheme: &SignatureScheme| scheme.is_for_tls13() && schemes.contains(scheme);
        let chosen = self.best(|identity| {
            (
                signs(identity) && accepted(identity),
                identity.scheme_among(signs_best).is_some(),
                identity.chain_fits(|scheme| of_chain.contains(scheme)),
            )
        });
        Decision::ready(Ok(chosen.filter(|identity| signs(identity) && accepted(identity))))
    }
}

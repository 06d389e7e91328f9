//! TLS for the client: our engine, judged by [`Trust`].

use std::sync::Arc;

use aws_lc_rs::digest;
use portunus_tls::danger::AcceptAnyCertificate;
use portunus_tls::wire::{AlertDescription, NamedGroup};
use portunus_tls::{
    CertificateFault, ClientConfig, Decision, Policy, Presented, SessionMemory, Verified, VerifyPeer,
    certificate_compressions,
};
use portunus_tokio::{Connector, HandshakeError};
use portunus_x509::{Revocation, ServerName, SignatureMemory};
use tokio::net::TcpStream;
use url::Host;

use crate::connect::{Hello, Secure, Secured, Securing, Unsecured};
use crate::{Error, Event, HttpVersions, Observer, Origin, Trust};

/// How servers are judged.
#[derive(Clone, Debug)]
pub enum Verification {
    /// By whom one trusts.
    Trust(Trust),
    /// Not at all: neither path nor name are checked, and anybody on the way can be the server. It still has to prove that it
    /// holds the key of the certificate that it shows, and that it saw the same handshake.
    AcceptAnyCertificate,
}

/// Makes handshakes.
pub(crate) struct Tls {
    full: Connector,
    small: Connector,
    verified: bool,
    observer: Arc<dyn Observer>,
}

impl Tls {
    pub(crate) fn new(
        verification: Verification,
        versions: HttpVersions,
        policy: Policy,
        observer: Arc<dyn Observer>,
    ) -> Self {
        let (verifier, verified): (Arc<dyn VerifyPeer>, bool) = match verification {
            Verification::Trust(trust) => (Arc::new(Judge::new(trust)), true),
            Verification::AcceptAnyCertificate => (Arc::new(AcceptAnyCertificate), false),
        };
        let protocols: &[&[u8]] = match versions {
            HttpVersions::Negotiated => &[HTTP2, b"http/1.1"],
            HttpVersions::Http1 => &[b"http/1.1"],
        };
        let config = ClientConfig::new(verifier)
            .with_policy(policy)
            .with_application_protocols(protocols)
            .with_certificate_compression(&certificate_compressions())
            .with_status_request()
            .with_sessions(Arc::new(SessionMemory::default()));
        // The default policy allows the group; a configuration without it would just be tried as it is.
        let small = config
            .clone()
            .with_key_shares(&[NamedGroup::X25519])
            .unwrap_or_else(|_| config.clone());
        Self {
            full: Connector::new(Arc::new(config)),
            small: Connector::new(Arc::new(small)),
            verified,
            observer,
        }
    }

    async fn handshake(&self, tcp: TcpStream, origin: &Origin, hello: Hello) -> Result<Secured, Unsecured> {
        let connector = match hello {
            Hello::Full => &self.full,
            Hello::Small => &self.small,
        };
        let name = server_name(origin).map_err(|error| Unsecured { error, choked: false })?;
        let connected = match self.observer.engine() {
            Some(observer) => connector.connect_observed(name, tcp, observer).await,
            None => connector.connect(name, tcp).await,
        };
        let stream = connected.map_err(|failed| Unsecured {
            choked: failed.peer_may_have_choked(),
            error: failure(failed, origin),
        })?;
        let info = stream.info();
        self.observer.note(&Event::Secured {
            origin,
            info,
            verified: self.verified,
        });
        let http2 = info.application_protocol.as_deref() == Some(HTTP2);
        Ok(Secured {
            stream: Box::new(stream),
            http2,
        })
    }
}

impl Secure for Tls {
    fn secure<'a>(&'a self, tcp: TcpStream, origin: &'a Origin, hello: Hello) -> Securing<'a> {
        Box::pin(self.handshake(tcp, origin, hello))
    }
}

/// HTTP/2 in ALPN (RFC 9113 section 3.1).
const HTTP2: &[u8] = b"h2";

/// The name that the certificate must have. A trailing dot belongs to the resolver alone.
fn server_name(origin: &Origin) -> Result<ServerName, Error> {
    match origin.host() {
        Host::Ipv4(ip) => Ok(ServerName::Ip((*ip).into())),
        Host::Ipv6(ip) => Ok(ServerName::Ip((*ip).into())),
        Host::Domain(name) => {
            ServerName::parse(name.strip_suffix('.').unwrap_or(name)).map_err(|error| Error::InvalidUrl {
                url: origin.to_string(),
                reason: error.to_string(),
            })
        }
    }
}

fn failure(failed: HandshakeError, origin: &Origin) -> Error {
    let origin = origin.clone();
    match failed {
        HandshakeError::Tls(portunus_tls::Error::Certificate(CertificateFault::Refused(refusal))) => {
            Error::Certificate { origin, refusal }
        }
        HandshakeError::TimedOut { limit, .. } => Error::ConnectTimeout { origin, after: limit },
        source => Error::Handshake { origin, source },
    }
}

/// [`Trust`] as the engine asks it.
struct Judge {
    trust: Trust,
    fingerprint: [u8; 32],
    memory: SignatureMemory,
}

/// Signatures on certificates that are remembered: those of some hundred servers with their intermediates'.
const REMEMBERED: usize = 1024;

impl Judge {
    fn new(trust: Trust) -> Self {
        let mut context = digest::Context::new(&digest::SHA256);
        let mut add = |bytes: &[u8]| {
            context.update(&u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
            context.update(bytes);
        };
        for (policy, anchors) in trust.parts() {
            add(format!("{policy:?}").as_bytes());
            anchors.for_each(&mut add);
        }
        let mut fingerprint = [0; 32];
        fingerprint.copy_from_slice(context.finish().as_ref());
        Self {
            trust,
            fingerprint,
            memory: SignatureMemory::new(REMEMBERED),
        }
    }
}

impl VerifyPeer for Judge {
    fn verify<'a>(&'a self, presented: Presented<'a>) -> Decision<'a, Result<Verified, CertificateFault>> {
        let Some(name) = presented.name else {
            let reason = "a server must be known by name".to_owned();
            return Decision::ready(Err(CertificateFault::Application {
                alert: AlertDescription::CERTIFICATE_UNKNOWN,
                reason,
            }));
        };
        let chain: Vec<&[u8]> = presented.chain.iter().map(Vec::as_slice).collect();
        let stapled = presented.stapled.and_then(|stapled| stapled.ocsp_response.as_deref());
        // Without a response, whether it was revoked is not known, unless the certificate promises one.
        let revocation = Revocation::stapled(stapled);
        let verdict = self
            .trust
            .judge(&chain, Some(name), presented.now, Some(&revocation), &self.memory);
        Decision::ready(match verdict {
            Ok(path) => Ok(Verified {
                not_after: Some(path.valid_until()),
                path: Some(path),
            }),
            Err(refusal) => Err(CertificateFault::Refused(Arc::new(refusal))),
        })
    }

    fn trust(&self) -> [u8; 32] {
        self.fingerprint
    }
}

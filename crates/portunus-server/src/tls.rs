//! Our own TLS as the way to a secure connection.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use portunus_tls::{ConnectionInfo, EarlyData, Observe, ServerConfig};
use portunus_x509::{Certificate, DnsName, GeneralName, Printable};
use tokio::net::TcpStream;

use crate::early::EarlyStream;
use crate::facts::{CertificateFacts, ConnectionFacts, TlsFacts};
use crate::http_connection::Protocol;
use crate::limits;
use crate::server::{Accepted, Acceptor, Refused};
use crate::watch::Watch;

/// ALPN's name of HTTP/2 (RFC 9113 section 3.2).
const HTTP2: &[u8] = b"h2";
/// ALPN's name of HTTP/1.1 (RFC 7301 section 6).
const HTTP1: &[u8] = b"http/1.1";

/// Makes connections secure with TLS 1.3 or 1.2, and offers HTTP/2 and HTTP/1.1 in them.
#[derive(Debug)]
pub struct TlsAcceptor {
    acceptor: portunus_tokio::Acceptor,
    /// The chain that was shown last, and what it says: nearly all connections are shown the same.
    shown: Mutex<Option<Shown>>,
}

#[derive(Clone, Debug)]
struct Shown {
    chain: Arc<[Vec<u8>]>,
    facts: Arc<Vec<CertificateFacts>>,
}

impl TlsAcceptor {
    /// An acceptor with this configuration, of which the application protocols are set here.
    pub fn new(config: ServerConfig) -> Self {
        let config = config.with_application_protocols(&[HTTP2, HTTP1]);
        let acceptor = portunus_tokio::Acceptor::new(Arc::new(config)).with_handshake_limit(limits::HANDSHAKE_TIME);
        Self {
            acceptor,
            shown: Mutex::new(None),
        }
    }

    fn facts(&self, info: &ConnectionInfo) -> TlsFacts {
        let text = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).into_owned();
        TlsFacts {
            version: info.version.to_string(),
            cipher_suite: info.cipher_suite.to_string(),
            group: info.group.map(|group| group.to_string()),
            signature_scheme: info.signature_scheme.map(|scheme| scheme.to_string()),
            application_protocol: info.application_protocol.as_ref().map(text),
            server_name: info.server_name.as_ref().map(text),
            resumed: info.resumed,
            early_data: matches!(info.early_data, EarlyData::Accepted { .. }),
            hello_retry_request: info.retried,
            certificate_chain: self.chain_facts(&info.server_chain),
            client_certificate_chain: info.client_chain.iter().map(|der| certificate_facts(der)).collect(),
        }
    }

    fn chain_facts(&self, chain: &Arc<[Vec<u8>]>) -> Arc<Vec<CertificateFacts>> {
        if chain.is_empty() {
            return Arc::default();
        }
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shown) = shown.as_ref().filter(|shown| Arc::ptr_eq(&shown.chain, chain)) {
            return Arc::clone(&shown.facts);
        }
        let facts: Arc<Vec<_>> = Arc::new(chain.iter().map(|der| certificate_facts(der)).collect());
        *shown = Some(Shown {
            chain: Arc::clone(chain),
            facts: Arc::clone(&facts),
        });
        facts
    }
}

impl Acceptor for TlsAcceptor {
    type Stream = EarlyStream;

    async fn accept(&self, stream: TcpStream, peer: SocketAddr) -> Result<Accepted<Self::Stream>, Refused> {
        let watch = Watch::new(peer);
        let stream = self
            .acceptor
            .accept_observed(stream, Arc::clone(&watch) as Arc<dyn Observe>)
            .await
            .map_err(|error| watch.refused(error))?;
        watch.accepted();
        let info = stream.info();
        log_odd_name(info, peer);
        let protocol = match info.application_protocol.as_deref() {
            Some(HTTP2) => Protocol::Http2,
            _ => Protocol::Http1,
        };
        let tls = Some(self.facts(info));
        let stream = EarlyStream::new(stream);
        let facts = ConnectionFacts {
            tls,
            early: stream.early(),
        };
        Ok(Accepted {
            stream,
            protocol,
            facts,
        })
    }
}

/// RFC 6066 section 3: the engine ignores a server name that is no host name; whoever looks for the reason of the certificate that was shown finds it here.
fn log_odd_name(info: &ConnectionInfo, peer: SocketAddr) {
    let Some(name) = &info.server_name else { return };
    if std::str::from_utf8(name).is_ok_and(|name| DnsName::parse(name).is_ok()) {
        return;
    }
    let shown = name.get(..limits::SHOWN_NAME).unwrap_or(name);
    tracing::info!("{peer} asked for what is no host name: {}", Printable::new(shown));
}

/// What a certificate says, in words. One that cannot be read says nothing but its fingerprint.
pub fn certificate_facts(der: &[u8]) -> CertificateFacts {
    let sha256 = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, der);
    let sha256 = sha256.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let Ok(certificate) = Certificate::parse(der) else {
        return CertificateFacts {
            sha256,
            ..CertificateFacts::default()
        };
    };
    let names = certificate
        .subject_alt_names()
        .into_iter()
        .flatten()
        .filter_map(|name| match name {
            GeneralName::Dns(name) => Some(name.to_owned()),
            GeneralName::Ip(address) => Some(address.to_string()),
            _ => None,
        });
    let validity = certificate.validity();
    CertificateFacts {
        subject: certificate.subject().to_string(),
        issuer: certificate.issuer().to_string(),
        names: names.collect(),
        not_before: validity.not_before.to_string(),
        not_after: validity.not_after.to_string(),
        key: certificate.subject_public_key_info().algorithm.to_string(),
        sha256,
    }
}

//! The certificates that a server shows.

use std::future::poll_fn;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use portunus_tls::ClientConfig;
use portunus_tls::danger::AcceptAnyCertificate;
use portunus_tokio::Connector;
use portunus_x509::{Printable, ServerName};
use tokio::io::AsyncWrite as _;
use tokio::net::TcpStream;

use super::files::Found;
use crate::commands::get::failure;
use crate::failure::Failure;

/// curl's codes for what can fail before there is a certificate.
const NO_ADDRESS: u8 = 3;
const NOT_CONNECTED: u8 = 7;
const HANDSHAKE: u8 = 35;

/// The longest that a connection may take; the handshake has a limit of its own.
const CONNECT_LIMIT: Duration = Duration::from_secs(30);

const HTTPS: u16 = 443;

/// A server, by name and port.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Peer {
    name: ServerName,
    port: u16,
}

impl Peer {
    /// `HOST`, `HOST:PORT`, `[IPv6]:PORT`, or an address alone.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if let Ok(ip) = text.parse::<IpAddr>() {
            let name = ip.into();
            return Some(Self { name, port: HTTPS });
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok().filter(|port| *port != 0)?),
            _ => (text, HTTPS),
        };
        let name = ServerName::parse(host.strip_suffix('.').unwrap_or(host)).ok()?;
        Some(Self { name, port })
    }

    /// What it shows, whatever that is worth: nobody checks it here.
    pub(super) fn chain(self, text: &str) -> Result<Vec<Found>, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Failure::new("cannot start").because(&error))?;
        let chain = runtime.block_on(self.ask());
        runtime.shutdown_background();
        let chain = chain?;
        let found = chain.iter().enumerate().map(|(at, der)| Found {
            der: der.clone(),
            place: format!("{}, certificate {}", Printable::new(text), at.saturating_add(1)),
        });
        Ok(found.collect())
    }

    async fn ask(self) -> Result<Arc<[Vec<u8>]>, Failure> {
        let Self { name, port } = self;
        let cannot = || Failure::new(format_args!("cannot connect to {name}, port {port}"));
        let host = name.to_string();
        let tcp = tokio::time::timeout(CONNECT_LIMIT, TcpStream::connect((host.as_str(), port))).await;
        let tcp = tcp
            .map_err(|_| {
                cannot()
                    .because(&super::files::Told(format!("it did not answer within {CONNECT_LIMIT:?}")))
                    .exit_code(failure::TIMEOUT)
            })?
            .map_err(|error| {
                cannot()
                    .because(&error)
                    .hint("is the name right, is the server running, and is this its port? A file is named with its folder: ./NAME")
                    .exit_code(NOT_CONNECTED)
            })?;
        let connector = Connector::new(Arc::new(ClientConfig::new(Arc::new(AcceptAnyCertificate))));
        let mut stream = connector.connect(name.clone(), tcp).await.map_err(|error| {
            Failure::new(format_args!("{name}, port {port}, showed no certificate"))
                .because(&error)
                .hint("portunus explain tells what happened on the wire")
                .exit_code(HANDSHAKE)
        })?;
        let chain = stream.info().server_chain.clone();
        // What is wanted is here: whether the end is heard does not matter.
        let _ = poll_fn(|context| Pin::new(&mut stream).poll_shutdown(context)).await;
        Ok(chain)
    }
}

/// Why something is neither a file nor a server.
pub(super) fn neither(text: &str) -> Failure {
    Failure::new(format_args!(
        "{} is neither a file that is there nor a server's name",
        Printable::new(text)
    ))
    .hint("name a file, or a server as HOST or HOST:PORT, without https://")
    .exit_code(NO_ADDRESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_named_with_and_without_a_port() {
        let parsed = |text: &str| Peer::parse(text).map(|peer| (peer.name.to_string(), peer.port));
        for (text, name, port) in [
            ("example.com", "example.com", 443),
            ("example.com.:8443", "example.com", 8443),
            ("localhost:1", "localhost", 1),
            ("192.0.2.1:8443", "192.0.2.1", 8443),
            ("::1", "::1", 443),
            ("[::1]", "::1", 443),
            ("[::1]:8443", "::1", 8443),
        ] {
            assert_eq!(parsed(text), Some((name.to_owned(), port)), "{text}");
        }
        for text in [
            "",
            "https://example.com",
            "a b",
            "example.com:",
            "example.com:0",
            "example.com:65536",
            "[::1",
        ] {
            assert_eq!(parsed(text), None, "{text}");
        }
    }
}

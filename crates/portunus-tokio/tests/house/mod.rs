//! An authority, configurations of both sides, and transports that misbehave.

#![allow(dead_code, missing_docs, unreachable_pub)]

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};

use portunus_tls::{
    ClientConfig, Error, Handshake, Identities, Identity, LocalKey, PathVerifier, ServerConfig, Tickets,
};
use portunus_tokio::{Acceptor, Connector, HandshakeError, TlsStream};
use portunus_x509::{Anchors, Policy, ServerName};
use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, PublicKeyData,
};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf, duplex};
use tokio::net::{TcpListener, TcpStream};

/// An authority, and a certificate for localhost that it issued.
pub struct House {
    issuer: Issuer<'static, KeyPair>,
    root: Vec<u8>,
}

fn validity(params: &mut CertificateParams) {
    params.not_before = rcgen::date_time_ymd(2025, 1, 1);
    params.not_after = rcgen::date_time_ymd(2099, 1, 1);
}

impl House {
    pub fn new() -> Self {
        Self::named("Test Root")
    }

    /// A house whose authority has this name.
    pub fn named(authority: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        validity(&mut params);
        params.distinguished_name.push(rcgen::DnType::CommonName, authority);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let root = params.self_signed(&key).unwrap().der().to_vec();
        Self {
            issuer: Issuer::new(params, key),
            root,
        }
    }

    fn anchors(&self) -> Arc<Anchors> {
        let mut anchors = Anchors::new();
        anchors.add_der(&self.root).unwrap();
        Arc::new(anchors)
    }

    /// The authority's certificate in PEM.
    pub fn root_pem(&self) -> String {
        pem::encode(&pem::Pem::new("CERTIFICATE", self.root.clone()))
    }

    /// A certificate for localhost and its key in PKCS#8, both in DER.
    pub fn issue(&self) -> (Vec<u8>, Vec<u8>) {
        let key = KeyPair::generate().unwrap();
        (self.certify(&key), key.serialized_der().to_vec())
    }

    /// A certificate for localhost and this key, in DER.
    pub fn certify(&self, key: &impl PublicKeyData) -> Vec<u8> {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        validity(&mut params);
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        params.signed_by(key, &self.issuer).unwrap().der().to_vec()
    }

    /// A certificate for localhost and its key, in one PEM file.
    pub fn identity_pem(&self) -> String {
        let (leaf, key) = self.issue();
        pem::encode_many(&[pem::Pem::new("CERTIFICATE", leaf), pem::Pem::new("PRIVATE KEY", key)])
    }

    pub fn identities(&self) -> Arc<Identities> {
        let (leaf, key) = self.issue();
        let identity = Identity::new(vec![leaf], LocalKey::from_der(&key).unwrap()).unwrap();
        Arc::new(Identities::new(vec![Arc::new(identity)]))
    }

    /// A server that issues tickets.
    pub fn server(&self) -> ServerConfig {
        ServerConfig::new(self.identities()).with_tickets(Arc::new(Tickets::new(portunus_tokio::now()).unwrap()))
    }

    /// A server that refuses clients without a certificate.
    pub fn strict_server(&self) -> ServerConfig {
        self.server()
            .with_required_client_certificates(Arc::new(PathVerifier::clients(self.anchors(), Policy::rfc5280())))
    }

    pub fn client(&self) -> ClientConfig {
        ClientConfig::new(Arc::new(PathVerifier::servers(self.anchors(), Policy::rfc5280())))
    }

    pub fn acceptor(&self) -> Acceptor {
        Acceptor::new(Arc::new(self.server()))
    }

    pub fn connector(&self) -> Connector {
        Connector::new(Arc::new(self.client()))
    }

    /// Both ends of a connection over these transports.
    pub async fn over<C, S>(&self, client: C, server: S) -> (TlsStream<C>, TlsStream<S>)
    where
        C: AsyncRead + AsyncWrite + Unpin,
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let (acceptor, connector) = (self.acceptor(), self.connector());
        let (server, client) = tokio::join!(acceptor.accept(server), connector.connect(localhost(), client));
        (client.unwrap(), server.unwrap())
    }

    /// Both ends of a connection in memory, through pipes that hold this many bytes.
    pub async fn pair(&self, capacity: usize) -> (TlsStream<DuplexStream>, TlsStream<DuplexStream>) {
        let (client, server) = duplex(capacity);
        self.over(client, server).await
    }

    /// Both ends of a connection over TCP.
    pub async fn tcp_pair(&self) -> (TlsStream<TcpStream>, TlsStream<TcpStream>) {
        let (client, server) = sockets().await;
        self.over(client, server).await
    }

    /// The record of a ClientHello.
    pub fn client_hello(&self) -> Vec<u8> {
        let mut handshake = Handshake::client(Arc::new(self.client()), localhost(), portunus_tokio::now(), None);
        handshake
            .poll(&mut Context::from_waker(std::task::Waker::noop()))
            .unwrap();
        let mut hello = Vec::new();
        handshake
            .send_with(|bytes| {
                hello.extend_from_slice(bytes);
                Ok::<_, io::Error>(bytes.len())
            })
            .unwrap();
        hello
    }
}

pub fn localhost() -> ServerName {
    ServerName::parse("localhost").unwrap()
}

/// Both ends of a TCP connection.
pub async fn sockets() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (client, server) = tokio::join!(TcpStream::connect(listener.local_addr().unwrap()), listener.accept());
    (client.unwrap(), server.unwrap().0)
}

/// Bytes that differ from place to place.
pub fn pattern(count: usize) -> Vec<u8> {
    (0..count)
        .map(|index| (index.wrapping_mul(2_654_435_761) >> 7) as u8)
        .collect()
}

/// The engine's error in a stream's.
pub fn engine_error(error: &io::Error) -> &Error {
    error
        .get_ref()
        .expect("an inner error")
        .downcast_ref()
        .expect("the engine's error")
}

/// The alert in a stream's error.
pub fn alert(error: &io::Error) -> u8 {
    match engine_error(error) {
        Error::Alert(alert) => alert.description.0,
        other => panic!("no alert but {other:?}"),
    }
}

/// The alert in a handshake's error.
pub fn handshake_alert(error: &HandshakeError) -> u8 {
    match error {
        HandshakeError::Tls(Error::Alert(alert)) => alert.description.0,
        other => panic!("no alert but {other:?}"),
    }
}

/// Carries the first record of `client` through `change` to `server`, piece by piece, and the rest as it is.
pub async fn carry(mut client: DuplexStream, mut server: DuplexStream, change: impl FnOnce(Vec<u8>) -> Vec<Vec<u8>>) {
    let mut record = vec![0; 5];
    client.read_exact(&mut record).await.unwrap();
    let length = usize::from(u16::from_be_bytes([record[3], record[4]]));
    record.resize(5 + length, 0);
    client.read_exact(&mut record[5..]).await.unwrap();
    for piece in change(record) {
        server.write_all(&piece).await.unwrap();
        // The server sees this piece before the next one comes.
        for _ in 0..3 {
            tokio::task::yield_now().await;
        }
    }
    let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
}

/// A transport whose write half breaks as soon as it has read twice: a client that sent its last flight and closed.
pub struct Deaf<IO> {
    pub io: IO,
    pub reads: AtomicUsize,
}

impl<IO> Deaf<IO> {
    pub fn new(io: IO) -> Self {
        Self {
            io,
            reads: AtomicUsize::new(0),
        }
    }

    /// From here on nothing more can be written.
    pub fn break_now(&self) {
        self.reads.store(2, Ordering::SeqCst);
    }
}

impl<IO: AsyncRead + Unpin> AsyncRead for Deaf<IO> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = out.filled().len();
        let polled = Pin::new(&mut self.io).poll_read(cx, out);
        if out.filled().len() > before {
            self.reads.fetch_add(1, Ordering::SeqCst);
        }
        polled
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for Deaf<IO> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        if self.reads.load(Ordering::SeqCst) >= 2 {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        Pin::new(&mut self.io).poll_write(cx, data)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

/// A transport that a peer resets: writing fails, and reading does so once and has ended from then on, as with a socket.
pub struct Torn<IO> {
    io: IO,
    torn: AtomicBool,
    told: bool,
}

impl<IO> Torn<IO> {
    pub fn new(io: IO) -> Self {
        Self {
            io,
            torn: AtomicBool::new(false),
            told: false,
        }
    }

    /// From here on.
    pub fn tear(&self) {
        self.torn.store(true, Ordering::SeqCst);
    }
}

impl<IO: AsyncRead + Unpin> AsyncRead for Torn<IO> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = out.filled().len();
        let polled = Pin::new(&mut self.io).poll_read(cx, out);
        // What came before can be read.
        if !self.torn.load(Ordering::SeqCst) || out.filled().len() > before {
            return polled;
        }
        if std::mem::replace(&mut self.told, true) {
            return Poll::Ready(Ok(()));
        }
        Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()))
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for Torn<IO> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        if self.torn.load(Ordering::SeqCst) {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        Pin::new(&mut self.io).poll_write(cx, data)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

//! A TLS server on our own streams that says what the test wants, and the certificates for it.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::thread;

use bytes::Bytes;
use portunus_ca::Authority;
use portunus_tls::{Identities, Identity, LocalKey, ServerConfig};
use portunus_tokio::{Acceptor, TlsStream};
use rcgen::KeyUsagePurpose;
use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A chain and its key.
#[derive(Clone)]
pub(crate) struct Pair {
    pub(crate) chain: Vec<Vec<u8>>,
    key: Vec<u8>,
}

impl Pair {
    /// From the authority in this folder's data directory, which is made if need be.
    pub(crate) fn of_own_authority(folder: &Path, names: &[&str]) -> Self {
        let now = portunus_tokio::now();
        let authority = Authority::open_or_create(&folder.join("data"), now).expect("an authority");
        let names: Vec<_> = names.iter().map(|name| name.parse().expect("a name")).collect();
        let issued = authority.issue(&names, now).expect("a certificate");
        Self {
            chain: issued.chain,
            key: issued.key_pkcs8_der.to_vec(),
        }
    }
}

/// An authority of somebody's, as home-made ones are: no constraints.
pub(crate) struct PrivateAuthority {
    root: String,
    issuer: Issuer<'static, KeyPair>,
}

impl PrivateAuthority {
    pub(crate) fn new(name: &str) -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name.push(DnType::CommonName, name);
        let root = params.self_signed(&key).expect("a root");
        let root = pem::encode(&pem::Pem::new("CERTIFICATE", root.der().to_vec()));
        Self {
            root,
            issuer: Issuer::new(params, key),
        }
    }

    pub(crate) fn write_root(&self, folder: &Path) -> String {
        let file = folder.join("root.pem");
        std::fs::write(&file, &self.root).expect("it is written");
        file.to_string_lossy().into_owned()
    }

    /// A certificate for this name, with that common name, from and until these years.
    pub(crate) fn issue(&self, name: &str, common_name: &str, years: (i32, i32)) -> Pair {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new([name.to_owned()]).expect("a name");
        params.distinguished_name.push(DnType::CommonName, common_name);
        params.not_before = rcgen::date_time_ymd(years.0, 1, 1);
        params.not_after = rcgen::date_time_ymd(years.1, 1, 1);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        let leaf = params.signed_by(&key, &self.issuer).expect("a certificate");
        Pair {
            chain: vec![leaf.der().to_vec()],
            key: key.serialize_der(),
        }
    }
}

/// What a server does on each connection.
#[derive(Clone)]
pub(crate) enum Behaviour {
    /// Answers one request and says close_notify.
    Answer(Vec<u8>),
    /// Answers one request and ends without it.
    Cut(Vec<u8>),
    /// Speaks HTTP/2 where the client offers it.
    Http2,
}

/// Starts a server; it ends with the test's process.
pub(crate) fn start(pair: &Pair, behaviour: Behaviour) -> SocketAddr {
    let key = LocalKey::from_der(&pair.key).expect("a key");
    let identity = Identity::new(pair.chain.clone(), key).expect("they fit");
    let protocols: &[&[u8]] = match behaviour {
        Behaviour::Http2 => &[b"h2", b"http/1.1"],
        Behaviour::Answer(_) | Behaviour::Cut(_) => &[b"http/1.1"],
    };
    let identities = Identities::new(vec![Arc::new(identity)]);
    let config = ServerConfig::new(Arc::new(identities)).with_application_protocols(protocols);
    let acceptor = Acceptor::new(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    listener.set_nonblocking(true).expect("it can wait");
    let address = listener.local_addr().expect("it is bound");
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(async move {
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
            while let Ok((tcp, _)) = listener.accept().await {
                let (acceptor, behaviour) = (acceptor.clone(), behaviour.clone());
                tokio::spawn(async move {
                    // A client that refuses the certificate ends the handshake; that is its part of the test.
                    if let Ok(stream) = acceptor.accept(tcp).await {
                        serve(stream, behaviour).await;
                    }
                });
            }
        });
    });
    address
}

async fn serve(mut stream: TlsStream<TcpStream>, behaviour: Behaviour) {
    let over_http2 = stream.info().application_protocol.as_deref() == Some(b"h2");
    match behaviour {
        Behaviour::Http2 if over_http2 => serve_http2(stream).await,
        Behaviour::Http2 => {
            answer(&mut stream, b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none").await;
            let _ = stream.shutdown().await;
        }
        Behaviour::Answer(bytes) => {
            answer(&mut stream, &bytes).await;
            let _ = stream.shutdown().await;
        }
        Behaviour::Cut(bytes) => {
            answer(&mut stream, &bytes).await;
            let _ = stream.flush().await;
        }
    }
}

async fn answer(stream: &mut TlsStream<TcpStream>, bytes: &[u8]) {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        if !matches!(stream.read_buf(&mut request).await, Ok(count) if count > 0) {
            return;
        }
    }
    let _ = stream.write_all(bytes).await;
}

async fn serve_http2(stream: TlsStream<TcpStream>) {
    let Ok(mut connection) = h2::server::handshake(stream).await else {
        return;
    };
    while let Some(Ok((request, mut respond))) = connection.accept().await {
        let body = Bytes::from(format!("two: {}", request.uri().path()));
        let response = http::Response::builder()
            .header("x-test", "1")
            .body(())
            .expect("a response");
        if let Ok(mut stream) = respond.send_response(response, false) {
            let _ = stream.send_data(body, true);
        }
    }
}

//! Requests in early data (RFC 8470), over our own TLS and with our own client.

mod fixture;

use std::sync::Arc;

use fixture::site;
use portunus_server::{Server, Stop, TlsAcceptor};
use portunus_tls::{
    ClientConfig, EarlyData, Identities, Identity, LocalKey, ReplayGuard, ServerConfig, SessionMemory, Tickets, danger,
};
use portunus_tokio::{Connector, TlsStream, now};
use portunus_x509::{ServerName, UnixTime};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

fn config() -> ServerConfig {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = LocalKey::from_der(&made.signing_key.serialize_der()).unwrap();
    let identity = Identity::new(vec![made.cert.der().to_vec()], key).unwrap();
    let guard = ReplayGuard::new(100, UnixTime(now().0 - 3600)).unwrap();
    ServerConfig::new(Arc::new(Identities::new(vec![Arc::new(identity)])))
        .with_tickets(Arc::new(Tickets::new(now()).unwrap()))
        .with_early_data(Arc::new(guard), 4096)
}

fn request(method: &str, path: &str, more: &str) -> Vec<u8> {
    format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n{more}Content-Length: 0\r\n\r\n").into_bytes()
}

/// A connection whose first request goes early where that may be, and not at all where it may not.
async fn visit(connector: &Connector, address: std::net::SocketAddr, early: Vec<u8>) -> TlsStream<TcpStream> {
    let tcp = TcpStream::connect(address).await.unwrap();
    let name = ServerName::parse("localhost").unwrap();
    let connecting = connector.connect_with_early_data(name, tcp, |offer| {
        assert_eq!(offer.application_protocol.as_deref(), Some(&b"http/1.1"[..]));
        early
    });
    connecting.await.unwrap()
}

/// An answer's head and body; the connection is kept.
async fn answer(stream: &mut TlsStream<TcpStream>) -> (String, String) {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        head.push(char::from(stream.read_u8().await.unwrap()));
    }
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.unwrap();
    (head, String::from_utf8(body).unwrap())
}

#[tokio::test]
async fn only_what_is_safe_to_ask_twice_is_answered_early() {
    let (_folder, site) = site(&[("a.txt", b"hello")]);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = Stop::new();
    let server = Server::new(site, TlsAcceptor::new(config())).listen(listener);
    let handle = stop.clone();
    tokio::spawn(async move { server.run(&handle).await });
    let client = ClientConfig::new(Arc::new(danger::AcceptAnyCertificate))
        .with_application_protocols(&[b"http/1.1"])
        .with_sessions(Arc::new(SessionMemory::default()))
        .with_early_data();
    let connector = Connector::new(Arc::new(client));

    // No session yet: nothing goes early.
    let mut stream = visit(&connector, address, Vec::new()).await;
    assert!(matches!(stream.info().early_data, EarlyData::Refused { .. }));
    stream.write_all(&request("GET", "/a.txt", "")).await.unwrap();
    assert_eq!(answer(&mut stream).await.1, "hello");

    let mut stream = visit(&connector, address, request("GET", "/a.txt", "")).await;
    assert!(matches!(stream.info().early_data, EarlyData::Accepted { bytes: 1.. }));
    let (head, body) = answer(&mut stream).await;
    assert!(head.starts_with("HTTP/1.1 200 ") && body == "hello", "{head}");

    let page = "/.portunus/connection?format=json";
    let mut stream = visit(&connector, address, request("GET", page, "")).await;
    let (_, body) = answer(&mut stream).await;
    assert!(body.contains("\"early_data\": true"), "{body}");

    // The same request, early and not.
    let mut stream = visit(&connector, address, request("POST", "/a.txt", "")).await;
    assert!(matches!(stream.info().early_data, EarlyData::Accepted { bytes: 1.. }));
    let (head, _) = answer(&mut stream).await;
    assert!(head.starts_with("HTTP/1.1 425 Too Early"), "{head}");
    stream.write_all(&request("POST", "/a.txt", "")).await.unwrap();
    let (head, _) = answer(&mut stream).await;
    assert!(head.starts_with("HTTP/1.1 405 "), "{head}");
    // A proxy says that it came to it so.
    stream
        .write_all(&request("POST", "/a.txt", "Early-Data: 1\r\n"))
        .await
        .unwrap();
    let (head, _) = answer(&mut stream).await;
    assert!(head.starts_with("HTTP/1.1 425 Too Early"), "{head}");
    stop.now();
}

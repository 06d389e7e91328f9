//! Real sockets: the accept loop, plain HTTP by mistake, curl, uploads, the log.

mod fixture;

use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use fixture::{curl, pattern, serve, site};
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::service::service_fn;
use portunus_server::{Accepted, Acceptor, ConnectionFacts, Protocol, Refused, RequestBody, Server, Site, Stop};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Stands for TLS: a connection that begins with a line feed is 'secure', any other is refused.
struct LineFeed;

impl Acceptor for LineFeed {
    type Stream = TcpStream;

    async fn accept(&self, mut stream: TcpStream, _: SocketAddr) -> Result<Accepted<TcpStream>, Refused> {
        match stream.read_u8().await {
            Ok(b'\n') => Ok(Accepted {
                stream,
                protocol: Protocol::Http1,
                facts: ConnectionFacts::default(),
            }),
            Ok(_) => Err(Refused("no line feed\u{1b}[31m".into())),
            Err(error) => Err(Refused(error.into())),
        }
    }
}

async fn start(site: Site) -> (SocketAddr, Stop, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = Stop::new();
    let server = Server::new(site, LineFeed).listen(listener);
    let handle = stop.clone();
    (address, stop, tokio::spawn(async move { server.run(&handle).await }))
}

async fn ask(address: SocketAddr, bytes: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer).await;
    answer
}

#[tokio::test]
async fn connections_are_served_beside_silent_ones_until_the_stop() {
    let (_folder, site) = site(&[("a.txt", b"hello")]);
    let (address, stop, running) = start(site).await;
    let mut silent = Vec::new();
    for _ in 0..50 {
        silent.push(TcpStream::connect(address).await.unwrap());
    }
    let answer = ask(address, "\nGET /a.txt HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
    assert!(
        answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("hello"),
        "{answer}"
    );
    assert_eq!(ask(address, "\u{16}").await, "");
    stop.gracefully();
    running.await.unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn plain_http_is_told_where_to_go() {
    let Some(program) = portunus_peers::CURL.for_this_test() else {
        return;
    };
    let (_folder, site) = site(&[("a.txt", b"hello")]);
    let (address, stop, running) = start(site).await;
    let answer = ask(address, "GET /a.txt?q HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{answer}");
    assert!(
        answer.ends_with(&format!("Use https://localhost:{}/a.txt?q\n", address.port())),
        "{answer}"
    );

    let (code, told) = curl(&program, &["-i", &format!("http://{address}/a.txt")]).await;
    let told = String::from_utf8(told).unwrap();
    assert_eq!(code, 0);
    assert!(
        told.starts_with("HTTP/1.1 400") && told.contains(&format!("Use https://{address}/a.txt\n")),
        "{told}"
    );
    let (code, _) = curl(&program, &["-I", &format!("http://{address}/a.txt")]).await;
    assert_eq!(code, 0);
    // With more to come than anybody reads.
    let (code, told) = curl(
        &program,
        &[
            "-H",
            "Expect:",
            "-d",
            &"x".repeat(100_000),
            &format!("http://{address}/"),
        ],
    )
    .await;
    assert_eq!((code, told.starts_with(b"This is a port for HTTPS")), (0, true));
    stop.gracefully();
    running.await.unwrap();
}

#[tokio::test]
async fn curl_gets_large_files_over_both_versions() {
    let Some(program) = portunus_peers::CURL.for_this_test() else {
        return;
    };
    let large = pattern(32 * 1024 * 1024);
    let (_folder, site) = site(&[("large", &large)]);
    for (protocol, flag) in [
        (Protocol::Http1, "--http1.1"),
        (Protocol::Http2, "--http2-prior-knowledge"),
    ] {
        let server = serve(site.clone(), protocol).await;
        let url = format!("http://{}/large", server.address);
        let (code, got) = curl(&program, &[flag, &url]).await;
        assert!(code == 0 && got == large, "{protocol:?}");
        let (code, got) = curl(&program, &[flag, "-r", "1000000-9999999", &url]).await;
        assert!(code == 0 && got == large[1_000_000..10_000_000], "{protocol:?}");
        let (code, got) = curl(&program, &[flag, "-I", &url]).await;
        let head = String::from_utf8(got).unwrap().to_lowercase();
        assert!(code == 0 && head.contains("content-length: 33554432"), "{head}");
    }
}

#[tokio::test]
async fn an_upload_to_a_page_gets_its_answer_and_not_a_reset() {
    let Some(program) = portunus_peers::CURL.for_this_test() else {
        return;
    };
    let (folder, site) = site(&[]);
    let upload = folder.path().join(".upload");
    std::fs::write(&upload, pattern(8 * 1024 * 1024)).unwrap();
    let upload = format!("@{}", upload.display());
    for (protocol, flag) in [
        (Protocol::Http1, "--http1.1"),
        (Protocol::Http2, "--http2-prior-knowledge"),
    ] {
        let server = serve(site.clone(), protocol).await;
        let url = format!("http://{}/x", server.address);
        for expect in ["Expect:", "Expect: 100-continue"] {
            let arguments = [
                flag,
                "-o",
                "-",
                "-w",
                "%{http_code}",
                "-H",
                expect,
                "--data-binary",
                &upload,
                &url,
            ];
            let (code, got) = curl(&program, &arguments).await;
            assert!(code == 0 && got.ends_with(b"405"), "{protocol:?} {expect}: {code}");
        }
    }
}

#[tokio::test]
async fn another_service_can_take_uploads() {
    let Some(program) = portunus_peers::CURL.for_this_test() else {
        return;
    };
    let sum = service_fn(async |request: Request<RequestBody>| {
        let mut body = request.into_body();
        let (mut bytes, mut sum) = (0_u64, 0_u64);
        while let Some(frame) = body.frame().await {
            for byte in frame?.into_data().unwrap_or_default() {
                bytes += 1;
                sum = sum.wrapping_mul(31).wrapping_add(u64::from(byte));
            }
        }
        Ok::<_, hyper::Error>(Response::new(Full::new(Bytes::from(format!("{bytes} {sum}")))))
    });
    let data = pattern(4 * 1024 * 1024);
    let expected = data
        .iter()
        .fold(0_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(*byte)));
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&data).unwrap();
    for (protocol, flag) in [
        (Protocol::Http1, "--http1.1"),
        (Protocol::Http2, "--http2-prior-knowledge"),
    ] {
        let server = serve(sum, protocol).await;
        let upload = file.path().to_str().unwrap();
        let (code, got) = curl(&program, &[flag, "-T", upload, &format!("http://{}/", server.address)]).await;
        assert_eq!(
            (code, String::from_utf8(got).unwrap()),
            (0, format!("{} {expected}", data.len()))
        );
    }
}

#[tokio::test]
async fn a_graceful_stop_tells_http_2() {
    let large = pattern(8 * 1024 * 1024);
    let (_folder, site) = site(&[("large", &large)]);
    let server = serve(site, Protocol::Http2).await;
    let tcp = TcpStream::connect(server.address).await.unwrap();
    let (client, connection) = h2::client::handshake(tcp).await.unwrap();
    let connection = tokio::spawn(connection);
    let mut client = client.ready().await.unwrap();
    let request = || {
        Request::get(format!("https://{}/large", server.address))
            .body(())
            .unwrap()
    };
    let (response, _) = client.send_request(request(), true).unwrap();
    let mut body = response.await.unwrap().into_body();
    server.stop.gracefully();
    let mut got = Vec::new();
    while let Some(chunk) = body.data().await {
        let chunk = chunk.unwrap();
        body.flow_control().release_capacity(chunk.len()).unwrap();
        got.extend_from_slice(&chunk);
    }
    assert!(got == large);
    connection.await.unwrap().unwrap();
    // The connection is not to be used again.
    let again = match client.ready().await {
        Ok(mut client) => client.send_request(request(), true).is_ok(),
        Err(_) => false,
    };
    assert!(!again);
}

/// What is logged, as lines.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn every_request_is_one_line_of_the_log() {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    // For all tests of this program: what a thread without a subscriber logs first would be logged for nobody ever after.
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let (_folder, site) = site(&[("a.txt", b"hello")]);
    let (address, stop, running) = start(site).await;
    ask(
        address,
        "\nGET /a.txt HTTP/1.1\r\nHost: x\r\n\r\nHEAD /none HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    )
    .await;
    ask(address, "\u{16}").await;
    ask(address, "GET / HTTP/1.1\r\n\r\n").await;
    stop.gracefully();
    running.await.unwrap();
    let bytes = lines.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let log = String::from_utf8(bytes).unwrap();
    let access: Vec<&str> = log.lines().filter(|line| line.contains("portunus::access")).collect();
    assert_eq!(access.len(), 2, "{log}");
    assert!(access[0].contains("GET /a.txt HTTP/1.1 200 5 B"), "{log}");
    assert!(access[1].contains("HEAD /none HTTP/1.1 404 0 B"), "{log}");
    assert!(!log.contains("cut short"), "{log}");
    assert!(log.contains("no secure connection: no line feed\\u{1b}[31m"), "{log}");
    assert!(log.contains("plain HTTP"), "{log}");
}

//! Chromium inflates the certificates that we compress.

mod house;
mod program;

use std::sync::{Arc, Mutex};

use house::House;
use portunus_peers::CHROMIUM;
use portunus_tls::wire::{CertificateCompressionAlgorithm, CompressedCertificate, Decode, HandshakeType};
use portunus_tls::{Direction, Note, Observe, certificate_compressions};
use portunus_tokio::Acceptor;
use program::{run, text};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::process::Command;

/// The algorithms of what is sent.
#[derive(Default)]
struct Sent(Mutex<Vec<CertificateCompressionAlgorithm>>);

impl Observe for Sent {
    fn note(&self, note: &Note<'_>) {
        if let Note::Message {
            direction: Direction::Sent,
            kind: HandshakeType::COMPRESSED_CERTIFICATE,
            bytes,
        } = note
        {
            let message = CompressedCertificate::read(&bytes[4..]).unwrap();
            self.0.lock().unwrap().push(message.algorithm);
        }
    }
}

#[tokio::test]
async fn chromium_takes_brotli() {
    let Some(chromium) = CHROMIUM.for_this_test() else {
        return;
    };
    let house = House::new();
    let server = house.server().with_certificate_compression(&certificate_compressions());
    let acceptor = Acceptor::new(Arc::new(server));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let sent = Arc::new(Sent::default());
    let observer = sent.clone();
    let serving = tokio::spawn(async move {
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            let Ok(mut stream) = acceptor.accept_observed(socket, observer.clone()).await else {
                continue;
            };
            let _ = stream.read(&mut [0; 4096]).await;
            let page = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 8\r\nconnection: close\r\n\r\ninflated";
            let _ = stream.write_all(page).await;
            let _ = stream.shutdown().await;
        }
    });
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::new(chromium);
    command
        .env("HOME", home.path())
        .arg(format!("--user-data-dir={}", home.path().display()));
    // Whom it trusts is not the question here.
    command.args([
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--ignore-certificate-errors",
    ]);
    command.args([
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
    ]);
    let shown = run(command.arg("--dump-dom").arg(format!("https://{address}/"))).await;
    assert!(text(&shown).contains("inflated"), "{}", text(&shown));
    serving.abort();
    let sent = sent.0.lock().unwrap();
    assert!(
        !sent.is_empty()
            && sent
                .iter()
                .all(|algorithm| *algorithm == CertificateCompressionAlgorithm::BROTLI),
        "{sent:?}"
    );
}

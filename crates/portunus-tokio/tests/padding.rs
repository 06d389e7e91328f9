//! Padding of records between us and OpenSSL, both ways; and curl.

mod house;
mod program;

use std::num::NonZeroU16;
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use house::{House, localhost};
use portunus_peers::{CURL, OPENSSL};
use portunus_tls::{Direction, Note, Observe, Padding};
use portunus_tokio::{Acceptor, Connector};
use program::{Program, fetch, text};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;

/// What a protected record has beside content and padding: header, type, tag.
const AROUND: usize = 5 + 1 + 16;
const MULTIPLE: u16 = 512;

/// The lengths of content and padding in one direction.
struct Padded(Direction, Mutex<Vec<usize>>);

impl Padded {
    fn new(direction: Direction) -> Arc<Self> {
        Arc::new(Self(direction, Mutex::default()))
    }

    #[track_caller]
    fn are_multiples(&self) {
        let lengths = self.1.lock().unwrap();
        assert!(
            !lengths.is_empty() && lengths.iter().all(|length| length % usize::from(MULTIPLE) == 0),
            "{lengths:?}"
        );
    }
}

impl Observe for Padded {
    fn note(&self, note: &Note<'_>) {
        if let Note::Record {
            direction,
            wire,
            protected: true,
            ..
        } = note
            && *direction == self.0
        {
            self.1.lock().unwrap().push(wire - AROUND);
        }
    }
}

#[tokio::test]
async fn curl_reads_what_is_padded() {
    let Some(curl) = CURL.for_this_test() else { return };
    let (house, folder) = (House::new(), tempfile::tempdir().unwrap());
    let root = folder.path().join("root.pem");
    std::fs::write(&root, house.root_pem()).unwrap();
    let padding = Padding::Everything(NonZeroU16::new(MULTIPLE).unwrap());
    let acceptor = Acceptor::new(Arc::new(house.server().with_padding(padding)));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let padded = Padded::new(Direction::Sent);
    let observer = padded.clone();
    let serving = tokio::spawn(async move {
        let (socket, _) = listener.accept().await.unwrap();
        let mut stream = acceptor.accept_observed(socket, observer).await.unwrap();
        assert_ne!(stream.read(&mut [0; 4096]).await.unwrap(), 0, "no request");
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\nconnection: close\r\n\r\n!")
            .await
            .unwrap();
        stream.shutdown().await.unwrap();
    });
    let page = fetch(&curl, &root, port).await;
    assert_eq!(page.stdout, b"!", "{}", text(&page));
    serving.await.unwrap();
    padded.are_multiples();
}

#[tokio::test]
async fn openssl_reads_what_is_padded_and_pads_itself() {
    let Some(openssl) = OPENSSL.for_this_test() else { return };
    let (house, folder) = (House::new(), tempfile::tempdir().unwrap());
    let identity = folder.path().join("identity.pem");
    std::fs::write(&identity, house.identity_pem()).unwrap();
    let mut command = Command::new(openssl);
    command.args(["s_server", "-tls1_3", "-rev", "-naccept", "1", "-accept", "127.0.0.1:0"]);
    command
        .args(["-record_padding", &MULTIPLE.to_string(), "-cert"])
        .arg(&identity)
        .arg("-key")
        .arg(&identity);
    let mut server = Program::start(command.stdin(Stdio::null()));
    let port: u16 = server.says("ACCEPT 127.0.0.1:").await.parse().unwrap();
    let padding = Padding::Everything(NonZeroU16::new(MULTIPLE).unwrap());
    let connector = Connector::new(Arc::new(house.client().with_padding(padding)));
    let padded = Padded::new(Direction::Sent);
    let socket = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let connecting = connector.connect_observed(localhost(), socket, padded.clone());
    let mut stream = connecting.await.unwrap();
    stream.write_all(b"sunutrop\n").await.unwrap();
    stream.flush().await.unwrap();
    let mut answer = [0; 9];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"portunus\n");
    padded.are_multiples();
}

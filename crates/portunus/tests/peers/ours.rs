//! Both sides of our own streams, for what the command line has no way to ask for.

use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;

use aws_lc_rs::digest::{Context, SHA256};
use portunus_tls::wire::{HandshakeType, ProtocolVersion};
use portunus_tls::{ClientConfig, ConnectionInfo, Direction, Note, Observe, ServerConfig};
use portunus_tokio::{Acceptor, Connector, TlsStream};
use portunus_x509::ServerName;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use crate::process::{PATIENCE, hexadecimal};

/// Counts the KeyUpdates that ask for one of ours: one that only answers does not.
#[derive(Default)]
pub(crate) struct Asked(AtomicUsize);

impl Asked {
    pub(crate) fn times(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Observe for Asked {
    fn note(&self, note: &Note<'_>) {
        if let Note::Message {
            direction: Direction::Received,
            kind: HandshakeType::KEY_UPDATE,
            bytes: [.., 1],
        } = note
        {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// A server that answers a line `x` with `got x`, `new keys` with new keys besides, `asked` with how often the client
/// asked for new keys, and a request of HTTP with the SHA-256 of what it brought.
pub(crate) struct Server {
    pub(crate) port: u16,
    handshakes: mpsc::Receiver<Result<ConnectionInfo, String>>,
}

impl Server {
    /// Runs until the test's process ends.
    pub(crate) fn start(config: ServerConfig) -> Self {
        let acceptor = Acceptor::new(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (tell, handshakes) = mpsc::channel();
        thread::spawn(move || {
            block_on(async move {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                while let Ok((tcp, _)) = listener.accept().await {
                    let (acceptor, tell) = (acceptor.clone(), tell.clone());
                    tokio::spawn(async move {
                        let asked = Arc::new(Asked::default());
                        let accepted = acceptor.accept_observed(tcp, asked.clone()).await;
                        // The test may be over.
                        let _ = tell.send(match &accepted {
                            Ok(stream) => Ok(stream.info().clone()),
                            Err(error) => Err(error.to_string()),
                        });
                        if let Ok(mut stream) = accepted {
                            let _ = converse(&mut stream, &asked).await;
                            let _ = stream.shutdown().await;
                        }
                    });
                }
            });
        });
        Self { port, handshakes }
    }

    /// What came of the next handshake.
    pub(crate) fn handshake(&self) -> Result<ConnectionInfo, String> {
        self.handshakes.recv_timeout(PATIENCE).unwrap()
    }
}

async fn converse(stream: &mut TlsStream<TcpStream>, asked: &Asked) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream);
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        if line.contains(" HTTP/1.") {
            while lines.read_line(&mut line).await? > 2 {}
            let length = line.lines().find_map(|field| field.strip_prefix("Content-Length: "));
            let digest = sha256(&mut lines, length.map_or(0, |length| length.parse().unwrap())).await?;
            let head = "HTTP/1.1 200 OK\r\nContent-Length: 64\r\nConnection: close\r\n\r\n";
            lines.write_all(format!("{head}{digest}").as_bytes()).await?;
            return Ok(());
        }
        // TLS 1.2 has no KeyUpdate (RFC 9846 section 4.7.3).
        if line == "new keys\n" && lines.get_ref().info().version == ProtocolVersion::TLS1_3 {
            lines.get_mut().update_keys(true).map_err(std::io::Error::other)?;
        }
        let answer = match &*line {
            "asked\n" => format!("asked {} times\n", asked.times()),
            _ => format!("got {line}"),
        };
        lines.write_all(answer.as_bytes()).await?;
        lines.flush().await?;
    }
}

/// The SHA-256 of the next bytes.
async fn sha256(from: &mut (impl AsyncRead + Unpin), mut left: usize) -> std::io::Result<String> {
    let mut digest = Context::new(&SHA256);
    let mut buffer = vec![0; 1 << 20];
    while left > 0 {
        let most = left.min(buffer.len());
        let read = from.read(&mut buffer[..most]).await?;
        if read == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        digest.update(&buffer[..read]);
        left -= read;
    }
    Ok(hexadecimal(digest.finish().as_ref()))
}

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap().block_on(future)
}

/// A connection to a port of this machine.
pub(crate) async fn connect(config: &Arc<ClientConfig>, port: u16) -> TlsStream<TcpStream> {
    connect_counting(config, port, Arc::default()).await
}

/// A connection whose peer's wishes for new keys are counted.
pub(crate) async fn connect_counting(config: &Arc<ClientConfig>, port: u16, asked: Arc<Asked>) -> TlsStream<TcpStream> {
    try_connect(config, port, asked).await.unwrap()
}

/// A connection, where the peer's own part of the handshake does not refuse it.
pub(crate) async fn try_connect(
    config: &Arc<ClientConfig>,
    port: u16,
    asked: Arc<Asked>,
) -> std::io::Result<TlsStream<TcpStream>> {
    let tcp = TcpStream::connect(("127.0.0.1", port)).await?;
    let name = ServerName::parse("localhost").unwrap();
    let connector = Connector::new(Arc::clone(config));
    let connected = connector.connect_observed(name, tcp, asked).await;
    connected.map_err(std::io::Error::other)
}

/// Sends this and gives the answer up to this length.
pub(crate) async fn exchange(stream: &mut TlsStream<TcpStream>, text: &str, length: usize) -> String {
    stream.write_all(text.as_bytes()).await.unwrap();
    stream.flush().await.unwrap();
    let mut answer = vec![0; length];
    let read = stream.read_exact(&mut answer);
    tokio::time::timeout(PATIENCE, read).await.unwrap().unwrap();
    String::from_utf8(answer).unwrap()
}

/// An answer of HTTP with a Content-Length.
pub(crate) struct Answer {
    pub(crate) head: String,
    pub(crate) body: String,
}

/// Sends a request, whose last field is ours, and reads the answer, which may come in as many records as it likes.
pub(crate) async fn fetch(stream: &mut TlsStream<TcpStream>, request: &str) -> std::io::Result<Answer> {
    let request = format!("{request}Host: localhost\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    stream.flush().await?;
    tokio::time::timeout(PATIENCE, read_answer(BufReader::new(stream))).await?
}

/// An answer of HTTP with its Content-Length, however many records it comes in.
pub(crate) async fn read_answer(mut lines: BufReader<&mut TlsStream<TcpStream>>) -> std::io::Result<Answer> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if lines.read_line(&mut head).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
    let field = |line: &str| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok();
    let mut body = vec![0; head.lines().find_map(field).unwrap_or(0)];
    lines.read_exact(&mut body).await?;
    let body = String::from_utf8(body).unwrap();
    Ok(Answer { head, body })
}

//! The client against servers that misbehave, each in the few bytes that show it.

mod endings;
mod http1;
mod http2;
mod redirects;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

use crate::connect::{Hello, Secure, Secured, Securing};
use crate::{Body, Chunk, Client, Error, Event, Observer, Origin, Request, Response, parse_url};

/// What a server does when its answer is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    Close,
    Reset,
    KeepOpen,
}

/// A server that writes whatever the test says, byte for byte.
struct RawServer {
    address: SocketAddr,
    /// Each request as it came, with the number of its connection.
    requests: Arc<Mutex<Vec<(usize, String)>>>,
}

impl RawServer {
    async fn answering<A>(answer: A) -> Self
    where
        A: Fn(&str) -> (Vec<u8>, Then) + Send + Sync + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (seen, answer) = (Arc::clone(&requests), Arc::new(answer));
        tokio::spawn(async move {
            for connection in 0.. {
                let (stream, _) = listener.accept().await.unwrap();
                let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
                tokio::spawn(async move {
                    let note = |request: &str| seen.lock().unwrap().push((connection, request.to_owned()));
                    let _ = converse(stream, note, &*answer).await;
                });
            }
        });
        Self { address, requests }
    }

    async fn saying(bytes: &[u8], then: Then) -> Self {
        let bytes = bytes.to_vec();
        Self::answering(move |_| (bytes.clone(), then)).await
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The same server under a stream that stands for TLS.
    fn secure_url(&self, path: &str) -> String {
        format!("https://{}{path}", self.address)
    }

    fn requests(&self) -> Vec<(usize, String)> {
        self.requests.lock().unwrap().clone()
    }
}

async fn converse(
    mut stream: TcpStream,
    note: impl Fn(&str),
    answer: &(dyn Fn(&str) -> (Vec<u8>, Then) + Send + Sync),
) -> io::Result<()> {
    while let Some(request) = read_request(&mut stream).await? {
        note(&request);
        let (bytes, then) = answer(&request);
        stream.write_all(&bytes).await?;
        match then {
            Then::KeepOpen => {}
            Then::Close => return stream.shutdown().await,
            Then::Reset => return stream.set_zero_linger(),
        }
    }
    Ok(())
}

/// A head and the body that its Content-Length announces.
async fn read_request(stream: &mut TcpStream) -> io::Result<Option<String>> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return Ok(Some(text));
            }
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
    }
}

/// Stands for TLS: the end of TCP is an orderly end, or a cut without close_notify.
struct Veneer {
    close_notify: bool,
    http2: bool,
}

impl Secure for Veneer {
    fn secure<'a>(&'a self, tcp: TcpStream, _: &'a Origin, _: Hello) -> Securing<'a> {
        let stream = Box::new(VeneerStream {
            tcp,
            close_notify: self.close_notify,
        });
        Box::pin(async move {
            Ok(Secured {
                stream,
                http2: self.http2,
            })
        })
    }
}

struct VeneerStream {
    tcp: TcpStream,
    close_notify: bool,
}

impl AsyncRead for VeneerStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let result = ready!(Pin::new(&mut self.tcp).poll_read(cx, buf));
        if result.is_ok() && buf.filled().len() == before && !self.close_notify {
            return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
        }
        Poll::Ready(result)
    }
}

impl AsyncWrite for VeneerStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tcp).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}

/// Writes down what it hears.
#[derive(Default)]
struct Diary(Mutex<Vec<String>>);

impl Observer for Diary {
    fn note(&self, event: &Event<'_>) {
        self.0.lock().unwrap().push(match event {
            Event::RequestHead(head) => format!("> {}", String::from_utf8_lossy(head)),
            Event::ResponseHead(head) => format!("< {}", String::from_utf8_lossy(head.raw())),
            Event::Reused(_) => "reused".to_owned(),
            Event::Stale(_) => "stale".to_owned(),
            Event::Connected { .. } => "connected".to_owned(),
            Event::Redirecting {
                to,
                credentials_withheld,
            } => format!("to {to} withheld {credentials_withheld}"),
            _ => return,
        });
    }
}

impl Diary {
    fn entries(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

/// A client whose TLS is a veneer with close_notify and HTTP/1.1.
fn client() -> Client {
    Client::over(Arc::new(Veneer {
        close_notify: true,
        http2: false,
    }))
    .build()
}

fn get(url: &str) -> Request {
    Request::get(parse_url(url).unwrap())
}

/// The whole body as text, or the first error.
async fn body(mut response: Response) -> Result<String, Error> {
    let mut text = String::new();
    while let Some(chunk) = response.chunk().await? {
        match chunk {
            Chunk::Data(data) => text.push_str(std::str::from_utf8(&data).unwrap()),
            Chunk::Trailers(trailers) => text.push_str(&format!("{trailers:?}")),
        }
    }
    Ok(text)
}

async fn fetch(client: &Client, url: &str) -> Result<String, Error> {
    body(client.send(&get(url)).await?).await
}

/// The body of a file that is gone before it is sent.
fn vanished_body() -> Body {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "a=1").unwrap();
    Body::default().and_lines_of(file.path()).unwrap()
}

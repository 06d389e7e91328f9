//! HTTP over one connection, in memory and in virtual time: limits, and how a connection ends.

mod fixture;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fixture::{pattern, site};
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::service::service_fn;
use portunus_server::{Ended, Http, Protocol, RequestBody, Site, Stop, limits};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::task::JoinHandle;
use tokio::time::Instant;

struct Connection {
    stream: DuplexStream,
    stop: Stop,
    ended: JoinHandle<Ended>,
}

impl Connection {
    fn open(site: Site, protocol: Protocol) -> Self {
        let (ours, stream) = tokio::io::duplex(64 * 1024);
        let stop = Stop::new();
        let handle = stop.clone();
        let ended = tokio::spawn(async move {
            let peer = ([127, 0, 0, 1], 1).into();
            Http::new(site)
                .serve(ours, protocol, peer, Arc::default(), &handle)
                .await
        });
        Self { stream, stop, ended }
    }

    async fn send(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.unwrap();
    }

    /// Reads one answer without a body, or the head of one with.
    async fn head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.stream.read_u8().await.unwrap());
        }
        String::from_utf8(head).unwrap()
    }

    async fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        self.stream.read_to_end(&mut rest).await.unwrap();
        rest
    }
}

#[tokio::test]
async fn requests_follow_one_another() {
    let (_folder, site) = site(&[("a.txt", b"hello")]);
    let mut connection = Connection::open(site, Protocol::Http1);
    for _ in 0..3 {
        connection.send("GET /a.txt HTTP/1.1\r\nHost: x\r\n\r\n").await;
        let head = connection.head().await;
        assert!(
            head.starts_with("HTTP/1.1 200 OK\r\n") && head.contains("\r\ndate: "),
            "{head}"
        );
        let mut body = [0; 5];
        connection.stream.read_exact(&mut body).await.unwrap();
        assert_eq!(&body, b"hello");
    }
    connection.stream.shutdown().await.unwrap();
    assert!(matches!(connection.ended.await.unwrap(), Ended::Properly));
}

#[tokio::test]
async fn a_request_needs_one_host() {
    let (_folder, site) = site(&[]);
    for fields in ["", "Host: a\r\nHost: b\r\n", "Host: a b\r\n"] {
        let mut connection = Connection::open(site.clone(), Protocol::Http1);
        connection.send(&format!("GET / HTTP/1.1\r\n{fields}\r\n")).await;
        assert!(connection.head().await.starts_with("HTTP/1.1 400 "), "{fields}");
    }
}

#[tokio::test]
async fn heads_without_measure_are_refused() {
    let (_folder, site) = site(&[]);
    let many = "A: b\r\n".repeat(limits::HEAD_FIELDS + 1);
    let long = format!("A: {}\r\n", "x".repeat(limits::HEAD_BYTES));
    for fields in [many, long] {
        let connection = Connection::open(site.clone(), Protocol::Http1);
        let (mut reading, mut writing) = tokio::io::split(connection.stream);
        let request = format!("GET / HTTP/1.1\r\nHost: x\r\n{fields}\r\n");
        let sending = tokio::spawn(async move {
            let _ = writing.write_all(request.as_bytes()).await;
            writing
        });
        let mut answer = String::new();
        reading.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
        drop((reading, sending.await));
        assert!(matches!(connection.ended.await.unwrap(), Ended::Broken(_)));
        connection.stop.now();
    }
}

#[tokio::test(start_paused = true)]
async fn who_asks_for_nothing_is_sent_away() {
    let (_folder, site) = site(&[("a", b"")]);
    for (protocol, begun) in [
        (Protocol::Http1, ""),
        (Protocol::Http1, "GET / HTTP/1.1\r\nHo"),
        (Protocol::Http1, "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"),
        (Protocol::Http2, ""),
        (Protocol::Http2, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0"),
    ] {
        let mut connection = Connection::open(site.clone(), protocol);
        let start = Instant::now();
        connection.send(begun).await;
        connection.rest().await;
        let waited = start.elapsed();
        // Who does not even answer a PING is gone before its time.
        let least = if protocol == Protocol::Http2 {
            limits::PING_TIME * 2
        } else {
            limits::IDLE_TIME
        };
        let most = limits::IDLE_TIME + limits::CLOSING_TIME * 3;
        assert!((least..=most).contains(&waited), "{protocol:?} {begun:?}: {waited:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_takes_an_answer_too_slowly_is_sent_away() {
    let large = pattern(8 * 1024 * 1024);
    let (_folder, site) = site(&[("large", &large)]);
    let mut connection = Connection::open(site, Protocol::Http1);
    connection.send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n").await;
    connection.head().await;
    let start = Instant::now();
    assert!(matches!((&mut connection.ended).await.unwrap(), Ended::TooSlow));
    let most = limits::LONGEST_PAUSE + limits::CLOSING_TIME;
    assert!(start.elapsed() <= most, "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn who_takes_it_slowly_but_steadily_gets_it_whole() {
    let large = pattern(2 * 1024 * 1024);
    let (_folder, site) = site(&[("large", &large)]);
    let mut connection = Connection::open(site, Protocol::Http1);
    connection
        .send("GET /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .await;
    connection.head().await;
    let mut got = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let read = connection.stream.read(&mut piece).await.unwrap();
        if read == 0 {
            break;
        }
        got.extend_from_slice(&piece[..read]);
        // Twice the slowest rate.
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    assert!(got == large);
}

/// A service that reads the whole upload and tells its length.
async fn measure(request: Request<RequestBody>) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let body = request.into_body().collect().await?.to_bytes();
    Ok(Response::new(Full::new(Bytes::from(body.len().to_string()))))
}

#[tokio::test(start_paused = true)]
async fn who_uploads_too_slowly_is_sent_away() {
    let (ours, mut theirs) = tokio::io::duplex(1024);
    let stop = Stop::new();
    let serving = tokio::spawn(async move {
        let http = Http::new(service_fn(measure));
        http.serve(ours, Protocol::Http1, ([127, 0, 0, 1], 1).into(), Arc::default(), &stop)
            .await
    });
    theirs
        .write_all(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n")
        .await
        .unwrap();
    let start = Instant::now();
    let ended = loop {
        if serving.is_finished() {
            break serving.await.unwrap();
        }
        let _ = theirs.write_all(b"x").await;
        tokio::time::sleep(Duration::from_secs(1)).await;
    };
    assert!(matches!(ended, Ended::TooSlow));
    assert!(start.elapsed() < limits::SLOW_START * 2, "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_handler_may_take_its_time() {
    let (ours, mut theirs) = tokio::io::duplex(1024);
    let slow = service_fn(async |_: Request<RequestBody>| {
        tokio::time::sleep(Duration::from_secs(3600)).await;
        Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"at last"))))
    });
    tokio::spawn(async move {
        let stop = Stop::new();
        Http::new(slow)
            .serve(ours, Protocol::Http1, ([127, 0, 0, 1], 1).into(), Arc::default(), &stop)
            .await
    });
    theirs
        .write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    theirs.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("at last"), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn a_graceful_stop_finishes_what_is_in_progress() {
    let large = pattern(4 * 1024 * 1024);
    let (_folder, site) = site(&[("large", &large)]);
    let mut idle = Connection::open(site.clone(), Protocol::Http1);
    let mut half = Connection::open(site.clone(), Protocol::Http1);
    let mut busy = Connection::open(site, Protocol::Http1);
    half.send("GET / HT").await;
    busy.send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n").await;
    busy.head().await;
    for connection in [&idle, &half, &busy] {
        connection.stop.gracefully();
    }
    assert!(idle.rest().await.is_empty());
    assert!(half.rest().await.is_empty());
    assert!(busy.rest().await == large);
    assert!(matches!(busy.ended.await.unwrap(), Ended::Properly));
}

#[tokio::test]
async fn a_second_stop_ends_now() {
    let (_folder, site) = site(&[("large", &pattern(4 * 1024 * 1024))]);
    let mut connection = Connection::open(site, Protocol::Http1);
    connection.send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n").await;
    connection.head().await;
    connection.stop.gracefully();
    connection.stop.now();
    assert!(matches!(connection.ended.await.unwrap(), Ended::Stopped));
}

#[tokio::test]
async fn a_file_that_shrinks_cuts_the_answer_short() {
    let (folder, site) = site(&[("large", &pattern(8 * 1024 * 1024))]);
    let mut connection = Connection::open(site, Protocol::Http1);
    connection.send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n").await;
    connection.head().await;
    std::fs::File::options()
        .write(true)
        .open(folder.path().join("large"))
        .unwrap()
        .set_len(10)
        .unwrap();
    assert!(connection.rest().await.len() < 8 * 1024 * 1024);
    assert!(matches!(connection.ended.await.unwrap(), Ended::Broken(_)));
}

mod http2 {
    use super::*;

    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

    fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
        let mut frame = u32::try_from(payload.len()).unwrap().to_be_bytes()[1..].to_vec();
        frame.extend([kind, flags]);
        frame.extend(stream.to_be_bytes());
        frame.extend(payload);
        frame
    }

    /// `GET / ` of `https`, from the static table of RFC 7541, and a host.
    const REQUEST: &[u8] = b"\x82\x84\x87\x01\x01x";
    const HEADERS: u8 = 1;
    const RST_STREAM: u8 = 3;
    const GOAWAY: u8 = 7;
    const CONTINUATION: u8 = 9;

    /// Sends until the server has had enough; gives the error codes of the GOAWAYs that it answers with.
    async fn attack(site: Site, frames: impl IntoIterator<Item = Vec<u8>>) -> Vec<u32> {
        let connection = Connection::open(site, Protocol::Http2);
        let (mut reading, mut writing) = tokio::io::split(connection.stream);
        let reader = tokio::spawn(async move {
            let mut codes = Vec::new();
            let mut head = [0; 9];
            while reading.read_exact(&mut head).await.is_ok() {
                let len = u32::from_be_bytes([0, head[0], head[1], head[2]]);
                let mut payload = vec![0; usize::try_from(len).unwrap()];
                if reading.read_exact(&mut payload).await.is_err() {
                    break;
                }
                if head[3] == GOAWAY {
                    codes.push(u32::from_be_bytes(payload[4..8].try_into().unwrap()));
                }
            }
            codes
        });
        let mut alive = writing.write_all(PREFACE).await.is_ok();
        for frame in frames {
            alive = alive && writing.write_all(&frame).await.is_ok();
        }
        assert!(!alive, "the server took it all");
        drop(writing);
        let ended = connection.ended.await.unwrap();
        assert!(matches!(ended, Ended::Broken(_)), "{ended:?}");
        reader.await.unwrap()
    }

    #[tokio::test]
    async fn rapid_resets_end_the_connection() {
        let (_folder, site) = site(&[("a", b"")]);
        const ENHANCE_YOUR_CALM: u32 = 11;
        let frames = (0..100_000_u32).map(|n| {
            let stream = 2 * n + 1;
            let mut both = frame(HEADERS, 0x5, stream, REQUEST);
            both.extend(frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes()));
            both
        });
        assert_eq!(attack(site, frames).await, [ENHANCE_YOUR_CALM]);
    }

    #[tokio::test]
    async fn headers_without_end_end_the_connection() {
        let (_folder, site) = site(&[]);
        let first = std::iter::once(frame(HEADERS, 0, 1, REQUEST));
        // A field that is never indexed, so that the table does not matter.
        let field = [b"\x10\x01a\x7f\x81\x7e".as_slice(), &[b'x'; 16_381]].concat();
        let more = std::iter::repeat_with(move || frame(CONTINUATION, 0, 1, &field[..16_384])).take(100_000);
        attack(site, first.chain(more)).await;
    }

    #[tokio::test]
    async fn empty_continuations_without_end_end_the_connection() {
        let (_folder, site) = site(&[]);
        let first = std::iter::once(frame(HEADERS, 0, 1, REQUEST));
        attack(
            site,
            first.chain(std::iter::repeat_with(|| frame(CONTINUATION, 0, 1, b"")).take(1_000_000)),
        )
        .await;
    }
}

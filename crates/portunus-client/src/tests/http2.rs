//! HTTP/2 over a stream on which ALPN chose it.

use std::sync::Arc;

use bytes::Bytes;
use h2::server::SendResponse;

use super::*;

/// An HTTP/2 server that lets the test answer each request.
async fn server<A, F>(answer: A) -> SocketAddr
where
    A: Fn(usize, http::Request<h2::RecvStream>, SendResponse<Bytes>) -> F + Send + Sync + 'static,
    F: Future<Output = After> + Send,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let answer = Arc::new(answer);
    tokio::spawn(async move {
        for number in 0.. {
            let (stream, _) = listener.accept().await.unwrap();
            let answer = Arc::clone(&answer);
            tokio::spawn(async move {
                let mut connection = h2::server::handshake(stream).await.unwrap();
                while let Some(Ok((request, respond))) = connection.accept().await {
                    match answer(number, request, respond).await {
                        After::GoOn => {}
                        After::GoAway => connection.graceful_shutdown(),
                        After::Abort => connection.abrupt_shutdown(h2::Reason::ENHANCE_YOUR_CALM),
                        After::Drop(stream) => {
                            // One more poll writes out what is queued; the stream outlives it, or it would be reset.
                            let _ = poll_once(connection.accept()).await;
                            drop(connection);
                            return drop(stream);
                        }
                    }
                }
            });
        }
    });
    address
}

enum After {
    GoOn,
    GoAway,
    Abort,
    Drop(h2::SendStream<Bytes>),
}

async fn poll_once<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = std::pin::pin!(future);
    std::future::poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(value) => Poll::Ready(Some(value)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

fn client() -> (Client, Arc<Diary>) {
    let diary = Arc::new(Diary::default());
    let secure = Arc::new(Veneer {
        close_notify: true,
        http2: true,
    });
    (Client::over(secure).observer(diary.clone()).build(), diary)
}

fn respond(mut to: SendResponse<Bytes>, length: Option<usize>, body: &'static str, end: bool) -> h2::SendStream<Bytes> {
    let mut response = http::Response::builder().status(200).header("x-test", "1");
    if let Some(length) = length {
        response = response.header("content-length", length);
    }
    let mut stream = to.send_response(response.body(()).unwrap(), false).unwrap();
    stream.send_data(Bytes::from_static(body.as_bytes()), end).unwrap();
    stream
}

#[tokio::test]
async fn one_connection_serves_every_request() {
    let address = server(|number, request, to| async move {
        assert_eq!(number, 0);
        assert_eq!(request.uri().scheme_str(), Some("https"));
        respond(to, None, "hello", true);
        After::GoOn
    })
    .await;
    let (client, diary) = client();
    for _ in 0..2 {
        assert_eq!(fetch(&client, &format!("https://{address}/x")).await.unwrap(), "hello");
    }
    let agent = concat!("user-agent: portunus/", env!("CARGO_PKG_VERSION"));
    let sent = format!("> GET /x HTTP/2\r\nHost: {address}\r\n{agent}\r\naccept: */*\r\n\r\n");
    let received = "< HTTP/2 200 \r\nx-test: 1\r\n\r\n".to_owned();
    let once = [sent, received];
    assert_eq!(
        diary.entries(),
        [&["connected".to_owned()][..], &once, &["reused".to_owned()], &once].concat()
    );
}

#[tokio::test]
async fn a_reset_stream_is_named_by_its_code() {
    let address = server(|_, _, to| async move {
        let mut stream = respond(to, None, "he", false);
        stream.send_reset(h2::Reason::INTERNAL_ERROR);
        After::GoOn
    })
    .await;
    let outcome = fetch(&client().0, &format!("https://{address}/")).await;
    assert!(
        matches!(
            outcome,
            Err(Error::Http2Stream {
                reason: h2::Reason::INTERNAL_ERROR
            })
        ),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn a_stream_that_ends_with_its_connection_is_partial() {
    for length in [None, Some(9)] {
        let address = server(move |_, _, to| async move { After::Drop(respond(to, length, "hello", false)) }).await;
        let outcome = fetch(&client().0, &format!("https://{address}/")).await;
        let expected_length = length.map(|length| length as u64);
        let partial = matches!(outcome, Err(Error::PartialBody { expected, .. }) if expected == expected_length);
        assert!(partial, "{outcome:?}");
    }
}

#[tokio::test]
async fn a_refused_request_is_sent_again_on_a_new_connection() {
    let address = server(|number, request, mut to| async move {
        if number == 0 && request.uri().path() == "/again" {
            to.send_reset(h2::Reason::REFUSED_STREAM);
        } else {
            respond(to, Some(5), "hello", true);
        }
        After::GoOn
    })
    .await;
    let (client, diary) = client();
    for path in ["/", "/again"] {
        assert_eq!(
            fetch(&client, &format!("https://{address}{path}")).await.unwrap(),
            "hello"
        );
    }
    let count = |what: &str| diary.entries().iter().filter(|entry| *entry == what).count();
    assert_eq!((count("reused"), count("stale"), count("connected")), (1, 1, 2));
}

#[tokio::test]
async fn a_server_that_says_goodbye_is_asked_on_a_new_connection() {
    let address = server(|_, _, to| async move {
        respond(to, Some(5), "hello", true);
        After::GoAway
    })
    .await;
    let (client, _) = client();
    for _ in 0..3 {
        assert_eq!(fetch(&client, &format!("https://{address}/")).await.unwrap(), "hello");
    }
}

#[tokio::test]
async fn a_connection_error_is_one() {
    let address = server(|_, _, _| async move { After::Abort }).await;
    let outcome = fetch(&client().0, &format!("https://{address}/")).await;
    assert!(matches!(outcome, Err(Error::Http2Connection { .. })), "{outcome:?}");
}

#[tokio::test]
async fn what_is_not_http2_is_refused() {
    let server = RawServer::saying(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", Then::Close).await;
    let outcome = fetch(&client().0, &server.secure_url("/")).await;
    assert!(matches!(outcome, Err(Error::Http2Connection { .. })), "{outcome:?}");
    let silent = RawServer::saying(b"", Then::Close).await;
    let outcome = fetch(&client().0, &silent.secure_url("/")).await;
    assert!(matches!(outcome, Err(Error::EmptyReply)), "{outcome:?}");
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_named() {
    let address = server(|_, _, _| async { After::GoOn }).await;
    let (client, _) = client();
    let request = Request::get(parse_url(&format!("https://{address}/")).unwrap());
    let outcome = client.send(&request.post(vanished_body())).await;
    assert!(matches!(outcome, Err(Error::Body { .. })));
}

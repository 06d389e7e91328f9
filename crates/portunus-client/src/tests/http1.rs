//! HTTP/1.1: heads that are none, and connections that serve again.

use std::sync::Arc;
use std::time::Duration;

use super::*;

const HELLO: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

#[tokio::test]
async fn another_protocol_is_named_by_its_first_bytes() {
    for (answer, start) in [
        (&b"SSH-2.0-OpenSSH_9\r\n"[..], &b"SSH-2.0-OpenSSH_9\r"[..]),
        (b"hello world\n", b"hello world"),
        (b"HTTP/7.1 200 OK\r\n\r\n", b"HTTP/7.1 200 OK\r"),
        (b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 abc\r"),
    ] {
        let server = RawServer::saying(answer, Then::Close).await;
        match fetch(&client(), &server.url("/")).await {
            Err(Error::NotHttp { start: found }) => assert_eq!(found, start),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_head_that_breaks_the_rules_is_refused() {
    for fields in [
        "no colon here\r\n",
        "X: a\0b\r\n",
        "Content-Length: abc\r\n",
        "Content-Length: -5\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n",
    ] {
        let server = RawServer::saying(format!("HTTP/1.1 200 OK\r\n{fields}\r\nhello").as_bytes(), Then::Close).await;
        let outcome = fetch(&client(), &server.url("/")).await;
        assert!(
            matches!(outcome, Err(Error::InvalidResponse { .. })),
            "{fields:?}: {outcome:?}"
        );
    }
    let server = RawServer::saying(b"HTTP/1.1 101 Switching Protocols\r\n\r\nhello", Then::Close).await;
    assert!(matches!(
        fetch(&client(), &server.url("/")).await,
        Err(Error::InvalidResponse { .. })
    ));
}

#[tokio::test]
async fn a_head_without_end_is_stopped() {
    let line = format!("X-Line: {}\r\n", "a".repeat(1000));
    for row in [line.as_str(), "\r\nHTTP/1.1 103 Early Hints\r\n"] {
        let head = format!("HTTP/1.1 103 Early Hints\r\n{}", row.repeat(400 * 1024 / row.len()));
        let server = RawServer::saying(head.as_bytes(), Then::KeepOpen).await;
        let outcome = fetch(&client(), &server.url("/")).await;
        assert!(matches!(outcome, Err(Error::HeadTooLarge { .. })), "{outcome:?}");
    }
}

#[tokio::test]
async fn the_observer_sees_the_bytes_and_no_password() {
    let answer = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 Fine\r\nx-ODD: y\r\nContent-Length: 2\r\n\r\nhi";
    let server = RawServer::saying(answer, Then::Close).await;
    let diary = Arc::new(Diary::default());
    let client = Client::over(Arc::new(Veneer {
        close_notify: true,
        http2: false,
    }))
    .observer(diary.clone())
    .build();
    let request = get(&server.url("/x")).credentials(crate::Credentials::new("u", "p"));
    let response = client
        .send(&request.edit("User-Agent:".parse().unwrap()))
        .await
        .unwrap();
    assert_eq!(response.head().raw(), answer.strip_suffix(b"hi").unwrap());
    let host = server.address;
    let sent = format!("> GET /x HTTP/1.1\r\nHost: {host}\r\nAuthorization: Basic [redacted]\r\nAccept: */*\r\n\r\n");
    let received = String::from_utf8_lossy(response.head().raw()).into_owned();
    assert_eq!(diary.entries(), ["connected".to_owned(), sent, format!("< {received}")]);
    assert!(server.requests()[0].1.contains("Authorization: Basic dTpw\r\n"));
}

#[tokio::test]
async fn a_connection_serves_again_when_its_body_is_read() {
    let server = RawServer::saying(HELLO, Then::KeepOpen).await;
    let client = client();
    for _ in 0..3 {
        assert_eq!(fetch(&client, &server.url("/")).await.unwrap(), "hello");
    }
    assert_eq!(
        server
            .requests()
            .iter()
            .map(|(connection, _)| *connection)
            .collect::<Vec<_>>(),
        [0, 0, 0]
    );
    drop(client.send(&get(&server.url("/"))).await.unwrap());
    assert_eq!(fetch(&client, &server.url("/")).await.unwrap(), "hello");
    assert_eq!(
        server.requests().last().unwrap().0,
        1,
        "a body that was not read leaves no connection"
    );
}

#[tokio::test]
async fn an_idle_connection_that_was_closed_costs_a_new_one_not_an_error() {
    // The first request on each connection is answered, and the second finds it closed.
    let server = RawServer::answering(|request| match request.starts_with("GET /first") {
        true => (HELLO.to_vec(), Then::KeepOpen),
        false => (Vec::new(), Then::Close),
    })
    .await;
    let client = client();
    assert_eq!(fetch(&client, &server.url("/first")).await.unwrap(), "hello");
    assert!(matches!(
        fetch(&client, &server.url("/second")).await,
        Err(Error::EmptyReply)
    ));
    let connections = |path: &str| {
        let requests = server.requests();
        requests
            .iter()
            .filter(|(_, request)| request.contains(path))
            .map(|(one, _)| *one)
            .collect::<Vec<_>>()
    };
    assert_eq!(connections("/second"), [0, 1], "a GET may be sent twice");
    assert_eq!(fetch(&client, &server.url("/first")).await.unwrap(), "hello");
    let post = client.send(&get(&server.url("/third")).post("pay=1")).await;
    assert!(matches!(post, Err(Error::EmptyReply)));
    assert_eq!(connections("/third").len(), 1, "a POST may not");
}

#[tokio::test]
async fn refusals_and_silence_are_told_apart() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    match fetch(&client(), &format!("http://{address}/")).await {
        Err(Error::Connect { failed, .. }) => assert_eq!(failed[0].address, address),
        other => panic!("{other:?}"),
    }
    struct Silent;
    impl Secure for Silent {
        fn secure<'a>(&'a self, _: TcpStream, _: &'a Origin, _: Hello) -> Securing<'a> {
            Box::pin(std::future::pending())
        }
    }
    let server = RawServer::saying(HELLO, Then::Close).await;
    let client = Client::over(Arc::new(Silent))
        .connect_timeout(Duration::from_millis(50))
        .build();
    let outcome = fetch(&client, &server.secure_url("/")).await;
    assert!(matches!(outcome, Err(Error::ConnectTimeout { .. })), "{outcome:?}");
}

#[tokio::test]
async fn a_body_is_sent_with_its_length() {
    let server = RawServer::saying(HELLO, Then::Close).await;
    let large = "a=".repeat(500_000);
    let response = client().send(&get(&server.url("/")).post(large.clone())).await.unwrap();
    assert_eq!(body(response).await.unwrap(), "hello");
    let (_, request) = &server.requests()[0];
    assert!(request.starts_with("POST / HTTP/1.1\r\n") && request.ends_with(&large));
    assert!(request.contains("Content-Length: 1000000\r\nContent-Type") || request.contains("Content-Length: 1000000"));
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_named_and_not_tried_again() {
    let server = RawServer::saying(HELLO, Then::Close).await;
    let outcome = client().send(&get(&server.url("/")).post(vanished_body())).await;
    assert!(matches!(outcome, Err(Error::Body { .. })));
    assert!(server.requests().len() <= 1);
}

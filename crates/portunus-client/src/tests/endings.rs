//! How bodies and answers end.

use std::sync::Arc;

use super::*;

const OK: &str = "HTTP/1.1 200 OK\r\n";

/// What comes of an answer in the clear, under TLS that ends in order, and under TLS that is cut off.
async fn endings(rest: &str, then: Then) -> [Result<String, Error>; 3] {
    let server = RawServer::saying(rest.as_bytes(), then).await;
    let cut = Client::over(Arc::new(Veneer {
        close_notify: false,
        http2: false,
    }))
    .build();
    [
        fetch(&client(), &server.url("/")).await,
        fetch(&client(), &server.secure_url("/")).await,
        fetch(&cut, &server.secure_url("/")).await,
    ]
}

#[tokio::test]
async fn a_message_that_is_whole_by_its_framing_needs_no_close_notify() {
    for framed in [
        "Content-Length: 5\r\n\r\nhello",
        "Content-Length: 5\r\nConnection: close\r\n\r\nhello",
        "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
    ] {
        for ending in endings(&format!("{OK}{framed}"), Then::Close).await {
            assert_eq!(ending.unwrap(), "hello", "{framed}");
        }
    }
}

#[tokio::test]
async fn a_message_that_only_the_connections_end_delimits_must_end_in_order() {
    for headers in ["", "Transfer-Encoding: gzip\r\n"] {
        let [clear, orderly, cut] = endings(&format!("{OK}{headers}\r\nhello"), Then::Close).await;
        assert_eq!(clear.unwrap(), "hello");
        assert_eq!(orderly.unwrap(), "hello");
        assert!(matches!(cut, Err(Error::CutOff { received: 5 })), "{cut:?}");
    }
}

#[tokio::test]
async fn a_body_that_is_shorter_than_announced_is_partial() {
    for ending in endings(&format!("{OK}Content-Length: 10\r\n\r\nabc"), Then::Close).await {
        assert!(
            matches!(
                ending,
                Err(Error::PartialBody {
                    received: 3,
                    expected: Some(10)
                })
            ),
            "{ending:?}"
        );
    }
    for ending in endings(&format!("{OK}Content-Length: 10\r\n\r\n"), Then::Close).await {
        assert!(
            matches!(
                ending,
                Err(Error::PartialBody {
                    received: 0,
                    expected: Some(10)
                })
            ),
            "{ending:?}"
        );
    }
    for rest in ["5\r\nhel", "5\r\nhello\r\n", "5\r\nhello\r\n0\r\n", "5"] {
        for ending in endings(&format!("{OK}Transfer-Encoding: chunked\r\n\r\n{rest}"), Then::Close).await {
            assert!(
                matches!(ending, Err(Error::PartialBody { expected: None, .. })),
                "{rest:?}: {ending:?}"
            );
        }
    }
}

#[tokio::test]
async fn nothing_at_all_is_an_empty_reply() {
    for ending in endings("", Then::Close).await {
        assert!(matches!(ending, Err(Error::EmptyReply)), "{ending:?}");
    }
}

#[tokio::test]
async fn half_a_head_is_no_empty_success() {
    for head in ["HTTP/1.1 20", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Len"] {
        for ending in endings(head, Then::Close).await {
            assert!(
                matches!(ending, Err(Error::PartialHead { received }) if received == head.len()),
                "{ending:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_reset_is_a_failure_to_receive() {
    for answer in [
        "",
        "HTTP/1.1 200 OK\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello",
    ] {
        for ending in endings(answer, Then::Reset).await {
            assert!(matches!(ending, Err(Error::Receive(_))), "{answer:?}: {ending:?}");
        }
    }
}

#[tokio::test]
async fn broken_chunks_are_told_from_missing_ones() {
    for ending in endings(
        &format!("{OK}Transfer-Encoding: chunked\r\n\r\nzz\r\nhello"),
        Then::Close,
    )
    .await
    {
        assert!(matches!(ending, Err(Error::InvalidBody { .. })), "{ending:?}");
    }
}

#[tokio::test]
async fn responses_without_a_body_are_whole_at_once() {
    for answer in [
        "HTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n",
    ] {
        for ending in endings(answer, Then::Close).await {
            assert_eq!(ending.unwrap(), "");
        }
    }
    let server = RawServer::saying(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", Then::Close).await;
    let response = client().send(&get(&server.url("/")).head()).await.unwrap();
    assert_eq!(body(response).await.unwrap(), "");
}

#[tokio::test]
async fn trailers_come_after_the_data() {
    let answer = "Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n2\r\nhi\r\n0\r\nX-Sum: 1\r\n\r\n";
    for ending in endings(&format!("{OK}{answer}"), Then::Close).await {
        assert_eq!(ending.unwrap(), "hi{\"x-sum\": \"1\"}");
    }
}

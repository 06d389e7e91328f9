//! Redirects over the wire.

use super::*;
use crate::{Credentials, RedirectPolicy};

fn to(location: &str) -> Vec<u8> {
    format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 4\r\n\r\nmove").into_bytes()
}

const ARRIVED: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\narrived";

#[tokio::test]
async fn a_redirect_is_followed_on_the_same_connection() {
    let server = RawServer::answering(|request| match request.starts_with("GET /a") {
        true => (to("/b"), Then::KeepOpen),
        false => (ARRIVED.to_vec(), Then::KeepOpen),
    })
    .await;
    let mut left = Vec::new();
    let followed = client()
        .follow(&get(&server.url("/a")), RedirectPolicy::default(), |head| {
            left.push(head.status().as_u16())
        })
        .await;
    assert_eq!(body(followed.unwrap()).await.unwrap(), "arrived");
    assert_eq!(left, [302]);
    assert_eq!(
        server
            .requests()
            .iter()
            .map(|(connection, _)| *connection)
            .collect::<Vec<_>>(),
        [0, 0]
    );
}

#[tokio::test]
async fn the_fifty_first_redirect_is_not_followed() {
    let server = RawServer::answering(|_| (to("/again"), Then::KeepOpen)).await;
    let outcome = client()
        .follow(&get(&server.url("/")), RedirectPolicy::default(), |_| {})
        .await;
    assert!(matches!(outcome, Err(Error::TooManyRedirects { limit: 50 })));
    assert_eq!(server.requests().len(), 51);
}

#[tokio::test]
async fn another_origin_gets_no_secret() {
    let other = RawServer::saying(ARRIVED, Then::Close).await;
    let away = other.url("/there");
    let server = RawServer::answering(move |_| (to(&away), Then::Close)).await;
    let request = get(&server.url("/"))
        .credentials(Credentials::new("user", "secret"))
        .edit("Cookie: id=secret".parse().unwrap())
        .edit("X-Kept: yes".parse().unwrap());
    let followed = client()
        .follow(&request, RedirectPolicy::default(), |_| {})
        .await
        .unwrap();
    assert_eq!(body(followed).await.unwrap(), "arrived");
    let (_, first) = &server.requests()[0];
    assert!(first.contains("Cookie: id=secret") && first.contains("Authorization: Basic "));
    let (_, second) = &other.requests()[0];
    assert!(second.contains("X-Kept: yes") && !second.contains("Cookie") && !second.contains("Authorization"));
}

#[tokio::test]
async fn https_does_not_fall_to_http() {
    let other = RawServer::saying(ARRIVED, Then::Close).await;
    let away = other.url("/");
    let server = RawServer::answering(move |_| (to(&away), Then::Close)).await;
    let start = get(&server.secure_url("/"));
    let refused = client().follow(&start, RedirectPolicy::default(), |_| {}).await;
    assert!(matches!(refused, Err(Error::RedirectToClearText { .. })));
    assert!(other.requests().is_empty());
    let allowed = client()
        .follow(&start, RedirectPolicy { allow_clear_text: true }, |_| {})
        .await;
    assert_eq!(body(allowed.unwrap()).await.unwrap(), "arrived");
}

#[tokio::test]
async fn a_redirect_with_an_endless_body_does_not_hold() {
    let server = RawServer::answering(|request| match request.starts_with("GET /a") {
        true => {
            let body = "x".repeat(200_000);
            let head = "HTTP/1.1 302 Found\r\nLocation: /b\r\nTransfer-Encoding: chunked\r\n\r\n";
            (
                format!("{head}{:x}\r\n{body}\r\n", body.len()).into_bytes(),
                Then::KeepOpen,
            )
        }
        false => (ARRIVED.to_vec(), Then::Close),
    })
    .await;
    let followed = client()
        .follow(&get(&server.url("/a")), RedirectPolicy::default(), |_| {})
        .await;
    assert_eq!(body(followed.unwrap()).await.unwrap(), "arrived");
}

#[tokio::test]
async fn a_3xx_without_a_place_to_go_is_the_answer() {
    let server = RawServer::saying(b"HTTP/1.1 302 Found\r\nContent-Length: 2\r\n\r\nhi", Then::Close).await;
    let followed = client()
        .follow(&get(&server.url("/")), RedirectPolicy::default(), |_| {})
        .await;
    assert_eq!(body(followed.unwrap()).await.unwrap(), "hi");
}

//! Handshakes over transports: in any pieces, in bounded time, and with the reason when they fail.

mod house;

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use house::{House, alert, carry, handshake_alert, localhost, sockets};
use portunus_tls::wire::NamedGroup;
use portunus_tls::{ChoiceFailed, Decision, Error, Note, Observe};
use portunus_tokio::{Acceptor, Connector, Exchanged, HandshakeError, choose_by};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::net::TcpListener;

async fn succeeds_through(house: &House, change: impl FnOnce(Vec<u8>) -> Vec<Vec<u8>> + Send + 'static) {
    let (client, middle_client) = duplex(1 << 16);
    let (middle_server, server) = duplex(1 << 16);
    let carrying = tokio::spawn(carry(middle_client, middle_server, change));
    let (mut client, mut server) = house.over(client, server).await;
    client.write_all(b"hello").await.unwrap();
    let mut got = [0; 5];
    server.read_exact(&mut got).await.unwrap();
    assert_eq!(&got, b"hello");
    drop((client, server));
    carrying.await.unwrap();
}

/// RFC 9846 section 5.1: a ClientHello may come in any pieces.
#[tokio::test]
async fn a_client_hello_may_be_cut_anywhere() {
    let house = House::new();
    for cut in [1, 4, 5, 6, 43, 517, 1400] {
        succeeds_through(&house, move |record| {
            let (first, second) = record.split_at(cut);
            vec![first.to_vec(), second.to_vec()]
        })
        .await;
    }
}

#[tokio::test]
async fn a_client_hello_may_come_byte_by_byte() {
    let pieces = |record: Vec<u8>| record.into_iter().map(|byte| vec![byte]).collect();
    succeeds_through(&House::new(), pieces).await;
}

/// The handshake bytes of a record, in records of this many bytes.
fn in_records_of(record: &[u8], count: usize) -> Vec<Vec<u8>> {
    let (header, body) = record.split_at(5);
    body.chunks(count)
        .map(|part| {
            let length = u16::try_from(part.len()).unwrap().to_be_bytes();
            [&header[..3], &length, part].concat()
        })
        .collect()
}

#[tokio::test]
async fn a_client_hello_may_come_in_records_of_any_length() {
    let house = House::new();
    succeeds_through(&house, |record| in_records_of(&record, record.len() / 2)).await;
    succeeds_through(&house, |record| in_records_of(&record, 1)).await;
    succeeds_through(&house, |record| vec![in_records_of(&record, 1).concat()]).await;
}

#[tokio::test(start_paused = true)]
async fn a_silent_client_is_given_up() {
    let (_client, server) = duplex(4096);
    let error = House::new().acceptor().accept(server).await.unwrap_err();
    let HandshakeError::TimedOut { limit, exchanged } = &error else {
        panic!("{error:?}")
    };
    assert_eq!(
        (*limit, *exchanged),
        (Duration::from_secs(10), Exchanged { sent: 0, received: 0 })
    );
    assert!(error.peer_was_silent());
    assert_eq!(
        error.to_string(),
        "the handshake was not done within 10 seconds, after 0 bytes sent and 0 received"
    );
}

#[tokio::test(start_paused = true)]
async fn a_client_that_drips_is_given_up_as_well() {
    let house = House::new();
    let hello = house.client_hello();
    let (mut client, server) = duplex(4096);
    let drip = tokio::spawn(async move {
        for byte in hello {
            tokio::time::sleep(Duration::from_millis(400)).await;
            if client.write_all(&[byte]).await.is_err() {
                return;
            }
        }
    });
    let error = house
        .acceptor()
        .with_handshake_limit(Duration::from_secs(3))
        .accept(server)
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            HandshakeError::TimedOut {
                exchanged: Exchanged { received: 7, .. },
                ..
            }
        ),
        "{error:?}"
    );
    assert!(!error.peer_was_silent());
    drip.await.unwrap();
}

/// A server that drops a ClientHello of more than 512 bytes: the client can tell, and try again with a smaller one.
#[tokio::test]
async fn a_server_that_chokes_on_the_client_hello_is_told_from_others() {
    let house = House::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let acceptor = house.acceptor();
    tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut start = [0; 517];
            socket.peek(&mut start).await.unwrap();
            if usize::from(u16::from_be_bytes([start[3], start[4]])) > 512 {
                let _ = socket.read(&mut start).await;
                continue;
            }
            acceptor.accept(socket).await.unwrap();
        }
    });
    let socket = tokio::net::TcpStream::connect(address).await.unwrap();
    let error = house.connector().connect(localhost(), socket).await.unwrap_err();
    assert!(error.peer_was_silent(), "{error:?}");

    let smaller = house.client().with_key_shares(&[NamedGroup::X25519]).unwrap();
    let socket = tokio::net::TcpStream::connect(address).await.unwrap();
    Connector::new(Arc::new(smaller))
        .connect(localhost(), socket)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_peer_that_closes_in_the_handshake_is_told_with_where() {
    let house = House::new();
    let (client, server) = duplex(1 << 16);
    drop(server);
    let error = house.connector().connect(localhost(), client).await.unwrap_err();
    assert!(
        matches!(
            error,
            HandshakeError::Io {
                exchanged: Exchanged { sent: 0, received: 0 },
                ..
            }
        ),
        "{error:?}"
    );

    let hello = house.client_hello();
    let (mut client, server) = duplex(1 << 16);
    client.write_all(&hello[..100]).await.unwrap();
    drop(client);
    let error = house.acceptor().accept(server).await.unwrap_err();
    let HandshakeError::Io { kind, exchanged, .. } = &error else {
        panic!("{error:?}")
    };
    assert_eq!((*kind, exchanged.received), (io::ErrorKind::UnexpectedEof, 100));
    assert_eq!(
        error.to_string(),
        "the peer closed the connection during the handshake, after 0 bytes sent and 100 received"
    );
}

#[tokio::test]
async fn plaintext_gets_the_answer_that_it_understands() {
    let acceptor = House::new().acceptor().with_plaintext_answer(|first| {
        first
            .starts_with(b"GET ")
            .then(|| b"HTTP/1.1 400 Bad Request\r\n\r\nspeak TLS\n".to_vec())
    });
    for _ in 0..50 {
        let (mut client, server) = sockets().await;
        // Far more than the acceptor looks at: closed at once, the socket would be reset and the answer lost.
        let request = [&b"GET / HTTP/1.1\r\nCookie: "[..], &[b'x'; 100_000], b"\r\n\r\n"].concat();
        let (failed, answer) = tokio::join!(acceptor.accept(server), async {
            client.write_all(&request).await.unwrap();
            let mut answer = String::new();
            client.read_to_string(&mut answer).await.unwrap();
            drop(client);
            answer
        });
        let error = failed.unwrap_err();
        assert!(
            matches!(error, HandshakeError::Tls(Error::NotTls { first }) if &first == b"GET /"),
            "{error:?}"
        );
        assert_eq!(answer, "HTTP/1.1 400 Bad Request\r\n\r\nspeak TLS\n");
    }
    // Who speaks neither gets the alert.
    let (mut client, server) = sockets().await;
    let (failed, answer) = tokio::join!(acceptor.accept(server), async {
        client.write_all(b"EHLO mail\r\n").await.unwrap();
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).await.unwrap();
        drop(client);
        answer
    });
    assert!(matches!(failed, Err(HandshakeError::Tls(Error::NotTls { .. }))));
    assert_eq!(answer, [21, 3, 3, 0, 2, 2, 10]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_is_refused_gets_the_alert_200_times_of_200() {
    let house = House::new();
    let acceptor = Acceptor::new(Arc::new(house.strict_server()));
    let connector = house.connector();
    for round in 0..200 {
        let (client, server) = sockets().await;
        let acceptor = acceptor.clone();
        let accepting = tokio::spawn(async move { acceptor.accept(server).await.map(drop) });
        let mut client = connector.connect(localhost(), client).await.unwrap();
        // In TLS 1.3 the client is done before the server has judged it: its request is on the way already.
        client.write_all(&[b'x'; 60_000]).await.unwrap();
        let error = client.read(&mut [0; 100]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionAborted, "round {round}: {error}");
        assert_eq!(alert(&error), 116, "certificate_required");
        drop(client);
        assert!(accepting.await.unwrap().is_err());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_whose_certificate_is_refused_gets_the_alert_200_times_of_200() {
    let (house, strangers) = (House::new(), House::named("Strangers' Root"));
    let (acceptor, connector) = (house.acceptor(), strangers.connector());
    for round in 0..200 {
        let (client, server) = sockets().await;
        let acceptor = acceptor.clone();
        let accepting = tokio::spawn(async move { acceptor.accept(server).await.map(drop) });
        let error = connector.connect(localhost(), client).await.map(drop).unwrap_err();
        assert!(
            matches!(error, HandshakeError::Tls(Error::Certificate(_))),
            "round {round}: {error}"
        );
        assert_eq!(
            handshake_alert(&accepting.await.unwrap().unwrap_err()),
            48,
            "unknown_ca"
        );
    }
}

/// A peer that neither closes nor stops sending keeps a failed handshake for a bounded time.
#[tokio::test(start_paused = true)]
async fn a_failed_handshake_ends_though_the_peer_stays() {
    let house = House::new();
    let (mut client, server) = duplex(1 << 16);
    client.write_all(b"not TLS at all").await.unwrap();
    let began = tokio::time::Instant::now();
    let error = house.acceptor().accept(server).await.map(drop).unwrap_err();
    assert!(matches!(error, HandshakeError::Tls(Error::NotTls { .. })));
    assert!(began.elapsed() <= Duration::from_secs(2));

    let (mut client, server) = duplex(1 << 16);
    let flood = tokio::spawn(async move {
        let mut sent = 0_usize;
        while client.write_all(&[b'z'; 4096]).await.is_ok() {
            sent += 4096;
        }
        sent
    });
    let began = tokio::time::Instant::now();
    house.acceptor().accept(server).await.map(drop).unwrap_err();
    assert_eq!(began.elapsed(), Duration::ZERO);
    assert!(flood.await.unwrap() < 2 << 20);
}

#[tokio::test]
async fn a_configuration_is_chosen_by_the_client_hello() {
    let house = House::new();
    let config = Arc::new(house.server().with_application_protocols(&[b"h2"]));
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = asked.clone();
    let acceptor = Acceptor::choosing(choose_by(move |_, host| {
        let (config, seen) = (config.clone(), seen.clone());
        Decision::later(async move {
            // A choice that takes its time.
            tokio::task::yield_now().await;
            let host = host.map(|host| host.as_str().to_owned()).unwrap_or_default();
            seen.lock().unwrap().push(host.clone());
            if host == "localhost" {
                Ok(config)
            } else {
                Err(ChoiceFailed::internal(format!("no site named {host}")))
            }
        })
    }));
    let connector = Connector::new(Arc::new(
        house.client().with_application_protocols(&[b"h2", b"http/1.1"]),
    ));

    let (client, server) = duplex(100);
    let (server, client) = tokio::join!(acceptor.accept(server), connector.connect(localhost(), client));
    assert_eq!(server.unwrap().info().application_protocol.as_deref(), Some(&b"h2"[..]));
    assert_eq!(client.unwrap().info().application_protocol.as_deref(), Some(&b"h2"[..]));

    let (client, server) = duplex(100);
    let elsewhere = portunus_x509::ServerName::parse("elsewhere.test").unwrap();
    let (server, client) = tokio::join!(acceptor.accept(server), connector.connect(elsewhere, client));
    assert!(server.unwrap_err().to_string().contains("no site named elsewhere.test"));
    assert_eq!(handshake_alert(&client.unwrap_err()), 80);
    assert_eq!(*asked.lock().unwrap(), ["localhost", "elsewhere.test"]);
}

/// Counts what it is told.
#[derive(Default)]
struct Counter(AtomicUsize);

impl Observe for Counter {
    fn note(&self, note: &Note<'_>) {
        if matches!(note, Note::Established | Note::KeysDiscarded) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
}

#[tokio::test]
async fn observers_see_both_sides_to_the_end() {
    let house = House::new();
    let (at_client, at_server) = (Arc::new(Counter::default()), Arc::new(Counter::default()));
    let (client, server) = duplex(1000);
    let (acceptor, connector) = (house.acceptor(), house.connector());
    let (server, client) = tokio::join!(
        acceptor.accept_observed(server, at_server.clone()),
        connector.connect_observed(localhost(), client, at_client.clone())
    );
    drop((server.unwrap(), client.unwrap()));
    assert_eq!(
        (at_client.0.load(Ordering::SeqCst), at_server.0.load(Ordering::SeqCst)),
        (2, 2)
    );
}

//! A client that sends one record and closes at once, without reading: the server reads that record, whatever becomes of its
//! tickets (RFC 9846 section 4.7.1).

mod house;

use std::sync::Arc;

use house::{Deaf, House, Torn, alert, localhost, pattern, sockets};
use portunus_tokio::Acceptor;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

const REQUEST: &[u8] = b"one record, and goodbye";
/// More than one byte, by far.
const REQUESTS: &[u8] = &[b'x'; 5000];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_record_is_read_1000_times_of_1000() {
    let house = House::new();
    let (acceptor, connector) = (house.acceptor(), house.connector());
    for round in 0..1000 {
        let (client, server) = sockets().await;
        let acceptor = acceptor.clone();
        let serving = tokio::spawn(async move {
            let mut server = acceptor.accept(server).await?;
            let mut request = Vec::new();
            let end = server.read_to_end(&mut request).await;
            Ok::<_, portunus_tokio::HandshakeError>((request, end))
        });
        let mut client = connector.connect(localhost(), client).await.unwrap();
        client.write_all(REQUEST).await.unwrap();
        let says_goodbye = round % 2 == 0;
        if says_goodbye {
            client.shutdown().await.unwrap();
        }
        drop(client);
        let (request, end) = serving.await.unwrap().unwrap();
        assert_eq!(request, REQUEST, "round {round}: {end:?}");
        assert_eq!(end.is_ok(), says_goodbye, "round {round}: {end:?}");
    }
}

#[tokio::test]
async fn tickets_that_cannot_be_written_cost_nothing() {
    let house = House::new();
    let (client, server) = duplex(1 << 16);
    let (mut client, mut server) = house.over(client, Deaf::new(server)).await;
    client.write_all(REQUEST).await.unwrap();
    client.shutdown().await.unwrap();
    let mut request = Vec::new();
    server.read_to_end(&mut request).await.unwrap();
    assert_eq!(request, REQUEST);
    // The writer hears of it.
    let error = server.write_all(b"an answer").await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::BrokenPipe);
}

/// As where a server refuses a client's certificate and closes: the request meets a closed socket, and the reason is there to read.
#[tokio::test(start_paused = true)]
async fn a_writer_hears_the_alert_that_came_before_the_transport_broke() {
    let house = House::new();
    let acceptor = Acceptor::new(Arc::new(house.strict_server()));
    let connector = house.connector();
    let (client, server) = duplex(1 << 16);
    let (refused, client) = tokio::join!(
        async { acceptor.accept(server).await.map(drop) },
        connector.connect(localhost(), Deaf::new(client))
    );
    assert!(refused.is_err());
    let mut client = client.unwrap();
    client.get_ref().break_now();
    for _ in 0..2 {
        assert_eq!(
            alert(&client.write_all(REQUEST).await.unwrap_err()),
            116,
            "certificate_required"
        );
    }
    assert_eq!(
        alert(&client.read(&mut [0; 8]).await.unwrap_err()),
        116,
        "certificate_required"
    );
}

#[tokio::test]
async fn what_came_before_the_transport_broke_is_not_lost_by_writing() {
    let house = House::new();
    let (client, server) = duplex(1 << 20);
    let (mut client, mut server) = house.over(Deaf::new(client), server).await;
    let data = pattern(50_000);
    server.write_all(&data).await.unwrap();
    server.shutdown().await.unwrap();
    client.get_ref().break_now();
    let error = client.write_all(REQUEST).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::BrokenPipe);
    let mut got = Vec::new();
    client.read_to_end(&mut got).await.unwrap();
    assert!(got == data);
    assert!(
        client.shutdown().await.is_err(),
        "the request was not taken, and the writer is told so"
    );
}

/// A reset is no end: the reader hears it after what came before, whoever met it first.
#[tokio::test]
async fn a_reset_that_a_writer_met_is_still_the_readers_to_hear() {
    let house = House::new();
    let (client, server) = duplex(1 << 20);
    let (mut client, mut server) = house.over(Torn::new(client), server).await;
    let data = pattern(50_000);
    server.write_all(&data).await.unwrap();
    server.flush().await.unwrap();
    client.get_ref().tear();
    client.write_all(REQUEST).await.unwrap_err();
    let mut got = vec![0; data.len()];
    client.read_exact(&mut got).await.unwrap();
    assert!(got == data);
    let error = client.read(&mut [0; 8]).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);

    let (client, server) = sockets().await;
    let (mut client, server) = house.over(client, server).await;
    server.get_ref().set_zero_linger().unwrap();
    drop(server);
    while client.write_all(REQUEST).await.is_ok() {}
    let error = client.read(&mut [0; 8]).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn tickets_that_nobody_reads_hold_up_nobody() {
    // The pipes hold one byte: the tickets never get through while both only write, or only read.
    let (mut client, mut server) = House::new().pair(1).await;
    let mut request = vec![0; REQUESTS.len()];
    let (written, read) = tokio::join!(
        async {
            client.write_all(REQUESTS).await?;
            client.flush().await
        },
        server.read_exact(&mut request)
    );
    written.unwrap();
    read.unwrap();
    assert_eq!(request, REQUESTS);
}

//! A client that sends one record and closes at once, without reading: the server reads that record, whatever becomes of its
//! tickets (RFC 9846 section 4.7.1).

mod house;

use house::{Deaf, House, localhost, sockets};
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
    let deaf = Deaf { io: server, reads: 0 };
    let (mut client, mut server) = house.over(client, deaf).await;
    client.write_all(REQUEST).await.unwrap();
    client.shutdown().await.unwrap();
    let mut request = Vec::new();
    server.read_to_end(&mut request).await.unwrap();
    assert_eq!(request, REQUEST);
    // The writer hears of it.
    let error = server.write_all(b"an answer").await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::BrokenPipe);
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

//! Early data (RFC 9846 section 4.3.10) with GnuTLS, and with nginx as its server.

use std::sync::Arc;

use portunus_peers::{GNUTLS, NGINX};
use portunus_tls::wire::ProtocolVersion;
use portunus_tls::{EarlyData, ReplayGuard, SessionMemory};
use portunus_tokio::{Connector, TlsStream};
use portunus_x509::{ServerName, UnixTime};
use tokio::io::{AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use crate::as_server::Host;
use crate::gnutls;
use crate::house::{House, KEYS};
use crate::nginx;
use crate::ours::{Server, block_on, exchange, read_answer};

fn client(house: &House) -> Connector {
    let config = house.client().with_sessions(Arc::new(SessionMemory::default()));
    Connector::new(Arc::new(config.with_early_data()))
}

/// A connection, with this as early data where the session allows it.
async fn connect_early(connector: &Connector, port: u16, early: &str) -> TlsStream<TcpStream> {
    let tcp = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let name = ServerName::parse("localhost").unwrap();
    let connecting = connector.connect_with_early_data(name, tcp, |_| early.as_bytes().to_vec());
    connecting.await.unwrap()
}

/// Whether the first connection had no session for it, and the server took all of it on any other.
fn is_taken(stream: &TlsStream<TcpStream>, early: &str, round: usize) -> bool {
    match stream.info().early_data {
        EarlyData::Accepted { bytes } => round > 0 && bytes == early.len(),
        EarlyData::Refused { bytes, .. } => round == 0 && bytes == 0,
    }
}

#[test]
fn gnutls_cli_sends_us_early_data() {
    let Some(gnutls) = GNUTLS.for_this_test() else { return };
    let house = House::new();
    let guard = ReplayGuard::new(100, UnixTime(portunus_tokio::now().0 - 3600)).unwrap();
    let config = house.server(&house.pair(KEYS[0].1));
    let server = Server::start(config.with_early_data(Arc::new(guard), 1000));
    let early = house.folder().join("early");
    std::fs::write(&early, "early\n").unwrap();
    let options = ["--waitresumption", "--resume", "--earlydata", early.to_str().unwrap()];
    let mut client = gnutls::client(&gnutls, &house, server.port, &options);
    client.wait_for("This is a resumed session");
    client.wait_for("got early");
    client.type_in("hello\n");
    client.wait_for("got hello");
    client.end().succeeded();
    assert!(matches!(
        server.handshake().unwrap().early_data,
        EarlyData::Refused { .. }
    ));
    assert!(matches!(
        server.handshake().unwrap().early_data,
        EarlyData::Accepted { .. }
    ));
}

#[test]
fn gnutls_serv_takes_our_early_data() {
    let Some(gnutls) = GNUTLS.for_this_test() else { return };
    let house = House::new();
    let options = ["--echo", "--earlydata", "--maxearlydata", "1000"];
    let (_server, port) = gnutls::server(&gnutls, &house.pair(KEYS[0].1), &options);
    let connector = client(&house);
    block_on(async {
        for round in 0..3 {
            let mut stream = connect_early(&connector, port, "early\n").await;
            assert!(is_taken(&stream, "early\n", round), "{round}: {:?}", stream.info());
            // It reads what comes early, and answers only what comes later.
            assert_eq!(exchange(&mut stream, "hello\n", 6).await, "hello\n");
            stream.shutdown().await.unwrap();
        }
    });
}

#[test]
fn nginx_answers_our_early_data() {
    let Some(nginx) = NGINX.for_this_test() else { return };
    let host = Host::start(|house, pairs| nginx::start(&nginx, house, pairs));
    let request = "GET /early HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let connector = client(&host.house);
    block_on(async {
        for round in 0..3 {
            let port = host.port("P-256", ProtocolVersion::TLS1_3);
            let mut stream = connect_early(&connector, port, request).await;
            assert!(is_taken(&stream, request, round), "{round}: {:?}", stream.info());
            if round == 0 {
                stream.write_all(request.as_bytes()).await.unwrap();
                stream.flush().await.unwrap();
            }
            let answer = read_answer(BufReader::new(&mut stream)).await.unwrap();
            // From the second on, what it answers was sent early alone. It says 1 where it does so before it has seen our Finished (RFC 8470
            // section 5.1), which may well be there by then.
            let is_confirmed = answer.body == "early: \n";
            assert!(
                is_confirmed || (round > 0 && answer.body == "early: 1\n"),
                "{}",
                answer.body
            );
            stream.shutdown().await.unwrap();
        }
    });
}

//! Early data over transports, and with the real `openssl` at the other end.

mod house;

use std::process::Stdio;
use std::sync::Arc;

use house::{House, localhost};
use portunus_peers::OPENSSL;
use portunus_tls::{
    ClientConfig, EarlyData, EarlyOffer, NoEarlyData, ReplayGuard, ServerConfig, SessionMemory, Tickets,
};
use portunus_tokio::{Acceptor, Connector, TlsStream, now};
use portunus_x509::UnixTime;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, duplex};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;

fn server(house: &House) -> ServerConfig {
    let guard = ReplayGuard::new(100, UnixTime(now().0 - 3600)).unwrap();
    house
        .server()
        .with_tickets(Arc::new(Tickets::new(now()).unwrap()))
        .with_early_data(Arc::new(guard), 1000)
}

fn client(house: &House) -> ClientConfig {
    house
        .client()
        .with_sessions(Arc::new(SessionMemory::default()))
        .with_early_data()
}

/// Data that belongs to the offer.
fn early(text: &'static str) -> impl FnOnce(&EarlyOffer) -> Vec<u8> {
    move |offer| {
        assert!(offer.left > 0);
        text.as_bytes().to_vec()
    }
}

async fn read(stream: &mut (impl AsyncReadExt + Unpin), count: usize) -> String {
    let mut got = vec![0; count];
    stream.read_exact(&mut got).await.unwrap();
    String::from_utf8(got).unwrap()
}

#[tokio::test]
async fn early_data_is_answered_before_the_client_has_finished() {
    let house = House::new();
    let acceptor = Acceptor::new(Arc::new(server(&house)));
    let connector = Connector::new(Arc::new(client(&house)));
    for round in 0..3 {
        let (at_client, at_server) = duplex(1 << 16);
        let serving = async {
            let mut stream = acceptor.accept(at_server).await.unwrap();
            assert_eq!(stream.is_early(), round > 0);
            assert_eq!(read(&mut stream, 5).await, "hello");
            stream.write_all(b"answer").await.unwrap();
            assert_eq!(read(&mut stream, 5).await, " late");
            assert!(!stream.is_early());
            stream.shutdown().await.unwrap();
            stream
        };
        let asking = async {
            let connecting = connector.connect_with_early_data(localhost(), at_client, early("hello"));
            let mut stream = connecting.await.unwrap();
            match stream.info().early_data {
                EarlyData::Accepted { bytes } => assert!(round > 0 && bytes == 5),
                EarlyData::Refused { bytes, why } => {
                    assert!(round == 0 && bytes == 0 && why == NoEarlyData::NoSession);
                    stream.write_all(b"hello").await.unwrap();
                }
            }
            assert_eq!(read(&mut stream, 6).await, "answer");
            stream.write_all(b" late").await.unwrap();
            assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
            stream
        };
        let (asked, served): (TlsStream<_>, TlsStream<_>) = tokio::join!(asking, serving);
        let mut keys = [[0; 16]; 2];
        assert_eq!(asked.export_early(b"label", b"", &mut keys[0]).is_ok(), round > 0);
        assert_eq!(served.export_early(b"label", b"", &mut keys[1]).is_ok(), round > 0);
        assert_eq!(keys[0], keys[1]);
    }
}

#[tokio::test]
async fn s_client_sends_us_early_data() {
    let Some(openssl) = OPENSSL.for_this_test() else { return };
    let (house, folder) = (House::new(), tempfile::tempdir().unwrap());
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("root.pem"), house.root_pem()).unwrap();
    std::fs::write(path("early"), "early\n").unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let acceptor = Acceptor::new(Arc::new(server(&house)));
    let serving = tokio::spawn(async move {
        for round in 0..2 {
            let (socket, _) = listener.accept().await.unwrap();
            let mut stream = BufReader::new(acceptor.accept(socket).await.unwrap());
            assert_eq!(stream.get_ref().is_early(), round == 1);
            for expected in if round == 1 {
                &["early\n", "late\n"][..]
            } else {
                &["late\n"]
            } {
                let mut line = String::new();
                stream.read_line(&mut line).await.unwrap();
                assert_eq!(line, *expected);
                stream.write_all(format!("got {line}").as_bytes()).await.unwrap();
                stream.flush().await.unwrap();
            }
            assert!(!stream.get_ref().is_early());
            assert_eq!(stream.read(&mut [0; 8]).await.unwrap(), 0, "close_notify");
            stream.shutdown().await.unwrap();
        }
    });
    for round in 0..2 {
        let mut client = Command::new(&openssl);
        client
            .args([
                "s_client",
                "-tls1_3",
                "-servername",
                "localhost",
                "-verify_return_error",
                "-connect",
            ])
            .arg(&address)
            .arg("-CAfile")
            .arg(path("root.pem"));
        if round == 0 {
            client.arg("-sess_out").arg(path("session"));
        } else {
            client
                .arg("-sess_in")
                .arg(path("session"))
                .arg("-early_data")
                .arg(path("early"));
        }
        let mut client = client
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut keyboard = client.stdin.take().unwrap();
        let mut screen = BufReader::new(client.stdout.take().unwrap());
        keyboard.write_all(b"late\n").await.unwrap();
        let mut shown = String::new();
        while !shown.contains("got late") {
            assert_ne!(screen.read_line(&mut shown).await.unwrap(), 0, "{shown}");
        }
        if round == 1 {
            assert!(
                shown.contains("got early") && shown.contains("Early data was accepted"),
                "{shown}"
            );
        }
        keyboard.write_all(b"Q\n").await.unwrap();
        let (rest, status) = tokio::join!(screen.read_to_string(&mut shown), client.wait());
        assert!(rest.is_ok() && status.unwrap().success());
    }
    serving.await.unwrap();
}

#[tokio::test]
async fn s_server_takes_our_early_data() {
    let Some(openssl) = OPENSSL.for_this_test() else { return };
    let (house, folder) = (House::new(), tempfile::tempdir().unwrap());
    let identity = folder.path().join("identity.pem");
    std::fs::write(&identity, house.identity_pem()).unwrap();
    let mut server = Command::new(openssl)
        .args([
            "s_server",
            "-tls1_3",
            "-early_data",
            "-naccept",
            "2",
            "-accept",
            "127.0.0.1:0",
            "-cert",
        ])
        .arg(&identity)
        .arg("-key")
        .arg(&identity)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut keyboard = server.stdin.take().unwrap();
    let mut screen = BufReader::new(server.stdout.take().unwrap());
    let mut shown = String::new();
    while !shown.contains("ACCEPT ") {
        assert_ne!(screen.read_line(&mut shown).await.unwrap(), 0);
    }
    let accepts = shown.lines().find(|line| line.starts_with("ACCEPT ")).unwrap();
    let port: u16 = accepts.trim().rsplit(':').next().unwrap().parse().unwrap();
    let connector = Connector::new(Arc::new(client(&house)));
    for round in 0..2 {
        let socket = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let connecting = connector.connect_with_early_data(localhost(), socket, early("very early\n"));
        let mut stream = connecting.await.unwrap();
        let accepted = EarlyData::Accepted { bytes: 11 };
        assert_eq!(stream.info().early_data == accepted, round == 1);
        stream.write_all(b"late\n").await.unwrap();
        keyboard.write_all(b"answer\n").await.unwrap();
        assert_eq!(read(&mut stream, 7).await, "answer\n");
        stream.shutdown().await.unwrap();
    }
    drop(keyboard);
    screen.read_to_string(&mut shown).await.unwrap();
    assert!(
        shown.contains("very early") && shown.matches("late").count() >= 2,
        "{shown}"
    );
    server.wait().await.unwrap();
}

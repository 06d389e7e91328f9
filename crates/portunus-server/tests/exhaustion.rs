//! Out of descriptors: alone in its process, because the limit is the process's.

#![cfg(unix)]

mod fixture;

use std::net::SocketAddr;
use std::time::Duration;

use fixture::site;
use portunus_server::{Accepted, Acceptor, ConnectionFacts, Protocol, Refused, Server, Stop};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

struct Patient;

impl Acceptor for Patient {
    type Stream = TcpStream;

    async fn accept(&self, mut stream: TcpStream, _: SocketAddr) -> Result<Accepted<TcpStream>, Refused> {
        stream.read_u8().await.map_err(|error| Refused(error.into()))?;
        Ok(Accepted {
            stream,
            protocol: Protocol::Http1,
            facts: ConnectionFacts::default(),
        })
    }
}

#[tokio::test]
async fn a_server_without_descriptors_waits_for_some_and_goes_on() {
    let (_folder, site) = site(&[("a.txt", b"hello")]);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = Stop::new();
    let server = Server::new(site, Patient).listen(listener);
    let handle = stop.clone();
    let running = tokio::spawn(async move { server.run(&handle).await });

    // Sockets first: each holds its descriptor before the limit comes down, so that only the server is short of them.
    let sockets: Vec<TcpSocket> = (0..40).map(|_| TcpSocket::new_v4().unwrap()).collect();
    let asking = TcpSocket::new_v4().unwrap();
    let open = u64::try_from(std::fs::read_dir("/dev/fd").unwrap().count()).unwrap();
    let before = getrlimit(Resource::Nofile);
    setrlimit(
        Resource::Nofile,
        Rlimit {
            current: Some(open + 5),
            maximum: before.maximum,
        },
    )
    .unwrap();

    let mut connections = Vec::new();
    for socket in sockets {
        connections.push(socket.connect(address).await.unwrap());
    }
    let mut asking = asking.connect(address).await.unwrap();
    asking
        .write_all(b"\nGET /a.txt HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    let early = tokio::time::timeout(Duration::from_millis(200), asking.read_to_string(&mut answer)).await;
    assert!(early.is_err(), "the server was not short of descriptors: {answer}");
    drop(connections);
    asking.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("hello"), "{answer}");
    setrlimit(Resource::Nofile, before).unwrap();
    stop.gracefully();
    running.await.unwrap();
}

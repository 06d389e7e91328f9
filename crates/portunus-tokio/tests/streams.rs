//! What a stream promises to readers and writers.

mod house;

use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::Poll;

use house::{House, engine_error, pattern, sockets};
use portunus_tls::{Error, Misuse};
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf, duplex};

#[tokio::test]
async fn data_flows_both_ways_through_pipes_of_one_byte() {
    let (client, server) = House::new().pair(1).await;
    let there = pattern(20_000);
    let back: Vec<u8> = pattern(30_000).into_iter().rev().collect();
    let (mut from_client, mut to_server) = tokio::io::split(client);
    let (mut from_server, mut to_client) = tokio::io::split(server);
    let (mut at_server, mut at_client) = (Vec::new(), Vec::new());
    let (sent, answered, received, heard) = tokio::join!(
        async {
            to_server.write_all(&there).await?;
            to_server.shutdown().await
        },
        async {
            to_client.write_all(&back).await?;
            to_client.shutdown().await
        },
        from_server.read_to_end(&mut at_server),
        from_client.read_to_end(&mut at_client),
    );
    sent.unwrap();
    answered.unwrap();
    received.unwrap();
    heard.unwrap();
    assert!(at_server == there && at_client == back);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_mebibytes_both_ways_at_once_over_tcp() {
    const TOTAL: usize = 64 << 20;
    let (client, server) = House::new().tcp_pair().await;
    let chunk = pattern(1 << 20);
    let mut tasks = Vec::new();
    for stream in [client, server] {
        let (mut reading, mut writing) = tokio::io::split(stream);
        let out = chunk.clone();
        tasks.push(tokio::spawn(async move {
            for _ in 0..TOTAL / out.len() {
                writing.write_all(&out).await.unwrap();
            }
            writing.shutdown().await.unwrap();
        }));
        let expected = chunk.clone();
        tasks.push(tokio::spawn(async move {
            let mut buffer = vec![0; expected.len()];
            for _ in 0..TOTAL / expected.len() {
                reading.read_exact(&mut buffer).await.unwrap();
                assert!(buffer == expected);
            }
            assert_eq!(reading.read(&mut buffer).await.unwrap(), 0);
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
}

#[tokio::test]
async fn a_client_that_has_closed_its_half_still_reads_the_answer() {
    let (mut client, mut server) = House::new().tcp_pair().await;
    client.write_all(b"question").await.unwrap();
    client.shutdown().await.unwrap();
    let mut question = String::new();
    server.read_to_string(&mut question).await.unwrap();
    assert_eq!(question, "question");
    assert_eq!(server.read(&mut [0; 8]).await.unwrap(), 0, "the end stays the end");
    server.write_all(b"answer").await.unwrap();
    server.shutdown().await.unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    assert_eq!(answer, "answer");
}

#[tokio::test]
async fn a_server_that_has_closed_its_half_still_reads_on() {
    let (mut client, mut server) = House::new().pair(64).await;
    let (closed, end) = tokio::join!(server.shutdown(), async { client.read(&mut [0; 8]).await });
    closed.unwrap();
    assert_eq!(end.unwrap(), 0);
    let mut got = String::new();
    let (written, read) = tokio::join!(
        async {
            client.write_all(b"still here").await?;
            client.shutdown().await
        },
        server.read_to_string(&mut got)
    );
    written.unwrap();
    read.unwrap();
    assert_eq!(got, "still here");
}

#[tokio::test]
async fn a_write_after_shutdown_is_refused() {
    let (mut client, _server) = House::new().pair(4096).await;
    client.shutdown().await.unwrap();
    let error = client.write_all(b"more").await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    assert!(matches!(engine_error(&error), Error::Misuse(Misuse::WriteAfterClose)));
    client.shutdown().await.unwrap();
}

#[tokio::test]
async fn an_end_without_close_notify_is_told_from_one_with_it() {
    let (mut client, mut server) = House::new().tcp_pair().await;
    client.write_all(b"cut").await.unwrap();
    client.flush().await.unwrap();
    drop(client.into_inner());
    let mut got = Vec::new();
    let error = server.read_to_end(&mut got).await.unwrap_err();
    assert_eq!(got, b"cut");
    // A socket that is closed with tickets unread is reset; one with nothing unread ends.
    if error.kind() != io::ErrorKind::ConnectionReset {
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        assert!(matches!(engine_error(&error), Error::Truncated));
    }

    let (client, mut server) = House::new().pair(1 << 16).await;
    drop(client);
    for _ in 0..2 {
        let error = server.read(&mut [0; 8]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        assert!(matches!(engine_error(&error), Error::Truncated));
    }
}

#[tokio::test]
async fn a_read_that_is_dropped_midway_loses_nothing() {
    let (mut client, mut server) = House::new().pair(7).await;
    let data = pattern(60_000);
    let writing = async {
        for piece in data.chunks(997) {
            server.write_all(piece).await.unwrap();
        }
        server.shutdown().await.unwrap();
    };
    let (mut got, mut dropped) = (Vec::new(), 0);
    let reading = async {
        let mut buffer = [0; 1500];
        loop {
            tokio::select! {
                biased;
                read = client.read(&mut buffer) => match read.unwrap() {
                    0 => break,
                    count => got.extend_from_slice(&buffer[..count]),
                },
                () = tokio::task::yield_now() => dropped += 1,
            }
        }
    };
    tokio::join!(writing, reading);
    assert!(got == data);
    assert!(dropped > 100, "only {dropped} reads were dropped");
}

#[tokio::test]
async fn vectored_writes_arrive_whole_and_in_order() {
    let (mut client, mut server) = House::new().pair(1 << 20).await;
    assert!(client.is_write_vectored());
    let parts: Vec<Vec<u8>> = [9, 0, 16_384, 9, 40_000, 3, 5, 1]
        .iter()
        .map(|count| pattern(*count))
        .collect();
    let whole: Vec<u8> = parts.concat();
    let mut slices: Vec<IoSlice<'_>> = parts.iter().map(|part| IoSlice::new(part)).collect();
    let mut left = slices.as_mut_slice();
    let mut writes = 0;
    while !left.is_empty() {
        let count = client.write_vectored(left).await.unwrap();
        IoSlice::advance_slices(&mut left, count);
        writes += 1;
    }
    assert!(writes <= 2, "{writes} writes");
    client.shutdown().await.unwrap();
    let mut got = Vec::new();
    server.read_to_end(&mut got).await.unwrap();
    assert!(got == whole);
}

#[tokio::test]
async fn a_peer_that_does_not_read_holds_the_writer_up() {
    let (mut client, mut server) = House::new().pair(1024).await;
    let chunk = pattern(1 << 20);
    let mut accepted = 0;
    poll_fn(|context| {
        while let Poll::Ready(count) = Pin::new(&mut client).poll_write(context, &chunk[accepted..]) {
            accepted += count.unwrap();
        }
        Poll::Ready(())
    })
    .await;
    assert!(accepted > 0 && accepted <= 64 * 1024, "{accepted} bytes were taken");
    let (flushed, got) = tokio::join!(client.shutdown(), async {
        let mut got = Vec::new();
        server.read_to_end(&mut got).await.unwrap();
        got
    });
    flushed.unwrap();
    assert!(got == chunk[..accepted]);
}

#[tokio::test]
async fn what_was_written_goes_out_while_its_writer_reads() {
    let (mut client, mut server) = House::new().pair(16).await;
    // No flush: the pipe holds 16 bytes, and the rest goes out with the read.
    let ask = async {
        client.write_all(&[7; 5000]).await.unwrap();
        let mut answer = [0; 2];
        client.read_exact(&mut answer).await.unwrap();
        answer
    };
    let answer = async {
        let mut question = [0; 5000];
        server.read_exact(&mut question).await.unwrap();
        server.write_all(b"ok").await.unwrap();
        server.flush().await.unwrap();
    };
    let (got, ()) = tokio::join!(ask, answer);
    assert_eq!(&got, b"ok");
}

#[tokio::test]
async fn keys_change_under_way() {
    let (mut client, mut server) = House::new().pair(300).await;
    for round in 0..5_u8 {
        client.update_keys(round % 2 == 0).unwrap();
        let (sent, mut got, mut back) = ([round; 1000], [0; 1000], [0; 1000]);
        let there = async {
            client.write_all(&sent).await?;
            client.flush().await?;
            client.read_exact(&mut back).await
        };
        let and_back = async {
            server.read_exact(&mut got).await?;
            server.write_all(&got).await?;
            server.flush().await
        };
        let (written, answered) = tokio::join!(there, and_back);
        written.unwrap();
        answered.unwrap();
        assert_eq!(back, sent);
    }
}

#[tokio::test]
async fn both_sides_export_the_same_keying_material() {
    let (client, server) = House::new().pair(4096).await;
    let (mut here, mut there) = ([0; 32], [1; 32]);
    client.export(b"EXPORTER-test", Some(b"context"), &mut here).unwrap();
    server.export(b"EXPORTER-test", Some(b"context"), &mut there).unwrap();
    assert_eq!(here, there);
    assert_eq!(client.info().cipher_suite, server.info().cipher_suite);
    assert_eq!(server.info().server_name.as_deref(), Some(&b"localhost"[..]));
}

#[tokio::test]
async fn one_read_takes_all_the_records_that_are_there() {
    let (mut client, mut server) = House::new().pair(1 << 20).await;
    client.write_all(&pattern(60_000)).await.unwrap();
    let mut buffer = vec![0; 100_000];
    let mut got = 0;
    let mut reads = 0;
    while got < 60_000 {
        let mut out = ReadBuf::new(&mut buffer[got..]);
        poll_fn(|context| tokio::io::AsyncRead::poll_read(Pin::new(&mut server), context, &mut out))
            .await
            .unwrap();
        got += out.filled().len();
        reads += 1;
    }
    assert!(buffer[..got] == pattern(60_000));
    // The transport gives 4 KiB at first, then more and more.
    assert!(reads <= 6, "{reads} reads");
}

#[tokio::test]
async fn a_stream_carries_another_one() {
    let house = House::new();
    let (outer_client, outer_server) = duplex(200);
    let (client, server) = house.over(outer_client, outer_server).await;
    let (mut client, mut server) = house.over(client, server).await;
    let mut got = Vec::new();
    let (written, read) = tokio::join!(
        async {
            client.write_all(&pattern(50_000)).await?;
            client.shutdown().await
        },
        server.read_to_end(&mut got)
    );
    written.unwrap();
    read.unwrap();
    assert!(got == pattern(50_000));
}

#[tokio::test]
async fn one_flipped_bit_is_noticed_and_the_peer_is_told() {
    let house = House::new();
    let (client, mut middle_client) = duplex(1 << 16);
    let (mut middle_server, server) = duplex(1 << 16);
    let carrying = tokio::spawn(async move {
        // The handshake as it is, then one flipped bit in each direction's last record.
        let _ = tokio::io::copy_bidirectional(&mut middle_client, &mut FlipLast { io: &mut middle_server }).await;
    });
    let (mut client, mut server) = house.over(client, server).await;
    client.write_all(MARK).await.unwrap();
    let (at_server, at_client) = tokio::join!(async { server.read(&mut [0; 64]).await }, async {
        let mut got = Vec::new();
        client.read_to_end(&mut got).await
    });
    let error = at_server.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    assert!(matches!(
        engine_error(&error),
        Error::Peer(portunus_tls::PeerFault::BadRecordMac)
    ));
    assert_eq!(house::alert(&at_client.unwrap_err()), 20);
    let again = server.read(&mut [0; 64]).await.unwrap_err();
    assert!(matches!(
        engine_error(&again),
        Error::Peer(portunus_tls::PeerFault::BadRecordMac)
    ));
    drop((client, server));
    carrying.await.unwrap();
}

/// What is sealed into a record of a length that no handshake has.
const MARK: &[u8] = &[1; 4321];

/// Flips a bit in the record that holds [`MARK`].
struct FlipLast<'a> {
    io: &'a mut tokio::io::DuplexStream,
}

impl tokio::io::AsyncRead for FlipLast<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.io).poll_read(context, out)
    }
}

impl AsyncWrite for FlipLast<'_> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        let header = [23, 3, 3, ((MARK.len() + 17) >> 8) as u8, (MARK.len() + 17) as u8];
        let mut data = data.to_vec();
        if data.starts_with(&header) {
            data[1000] ^= 1;
        }
        Pin::new(&mut *self.io).poll_write(context, &data)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut std::task::Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut std::task::Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.io).poll_shutdown(context)
    }
}

#[tokio::test]
async fn a_stream_can_move_to_another_task() {
    fn moves<T: Send + 'static>(_: &T) {}
    let (client, server) = House::new().tcp_pair().await;
    moves(&client);
    moves(&server);
    let (client, server) = sockets().await;
    let house = House::new();
    let (acceptor, connector) = (house.acceptor(), house.connector());
    let accepting = tokio::spawn(async move { acceptor.accept(server).await });
    let connecting = tokio::spawn(async move { connector.connect(house::localhost(), client).await });
    accepting.await.unwrap().unwrap();
    connecting.await.unwrap().unwrap();
}

//! The real `openssl` at the other end.

mod house;

use std::process::Stdio;

use house::{House, localhost};
use portunus_peers::OPENSSL;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;

/// Reads on until a line begins with this; gives the line.
async fn line_with(lines: &mut (impl AsyncBufReadExt + Unpin), start: &str) -> String {
    loop {
        let mut line = String::new();
        assert_ne!(
            lines.read_line(&mut line).await.unwrap(),
            0,
            "no line begins with {start}"
        );
        if line.starts_with(start) {
            return line;
        }
    }
}

/// Reads all that is left, so that the process is never held up.
async fn rest(mut from: impl AsyncRead + Unpin) -> String {
    let mut text = Vec::new();
    from.read_to_end(&mut text).await.unwrap();
    String::from_utf8_lossy(&text).into_owned()
}

#[tokio::test]
async fn s_client_verifies_us_changes_keys_and_closes() {
    let Some(openssl) = OPENSSL.for_this_test() else { return };
    let (house, folder) = (House::new(), tempfile::tempdir().unwrap());
    std::fs::write(folder.path().join("root.pem"), house.root_pem()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let acceptor = house.acceptor();
    let serving = tokio::spawn(async move {
        let (socket, _) = listener.accept().await.unwrap();
        let mut stream = acceptor.accept(socket).await.unwrap();
        let mut lines = BufReader::new(&mut stream);
        for expected in ["before\n", "after\n"] {
            let mut line = String::new();
            lines.read_line(&mut line).await.unwrap();
            assert_eq!(line, expected);
            lines.write_all(format!("got {line}").as_bytes()).await.unwrap();
            lines.flush().await.unwrap();
        }
        assert_eq!(lines.read(&mut [0; 8]).await.unwrap(), 0, "close_notify");
        stream.shutdown().await.unwrap();
    });

    let mut client = Command::new(openssl)
        .args(["s_client", "-tls1_3", "-connect"])
        .arg(address.to_string())
        .args([
            "-servername",
            "localhost",
            "-verify_hostname",
            "localhost",
            "-verify_return_error",
            "-CAfile",
        ])
        .arg(folder.path().join("root.pem"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut keyboard = client.stdin.take().unwrap();
    let mut screen = BufReader::new(client.stdout.take().unwrap());
    let mut errors = BufReader::new(client.stderr.take().unwrap());
    keyboard.write_all(b"before\n").await.unwrap();
    line_with(&mut screen, "got before").await;
    keyboard.write_all(b"K\n").await.unwrap();
    line_with(&mut errors, "KEYUPDATE").await;
    keyboard.write_all(b"after\n").await.unwrap();
    line_with(&mut screen, "got after").await;
    keyboard.write_all(b"Q\n").await.unwrap();
    let (_, _, status) = tokio::join!(rest(screen), rest(errors), client.wait());
    assert!(status.unwrap().success());
    serving.await.unwrap();
}

#[tokio::test]
async fn s_server_is_verified_and_answers() {
    let Some(openssl) = OPENSSL.for_this_test() else { return };
    let (house, folder) = (House::new(), tempfile::tempdir().unwrap());
    let identity = folder.path().join("identity.pem");
    std::fs::write(&identity, house.identity_pem()).unwrap();
    let mut server = Command::new(openssl)
        .args([
            "s_server",
            "-tls1_3",
            "-rev",
            "-naccept",
            "1",
            "-accept",
            "127.0.0.1:0",
            "-cert",
        ])
        .arg(&identity)
        .arg("-key")
        .arg(&identity)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let errors = tokio::spawn(rest(server.stderr.take().unwrap()));
    let mut screen = BufReader::new(server.stdout.take().unwrap());
    let accepts = line_with(&mut screen, "ACCEPT").await;
    let port: u16 = accepts.trim().rsplit(':').next().unwrap().parse().unwrap();
    let screen = tokio::spawn(rest(screen));

    let socket = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let mut stream = house.connector().connect(localhost(), socket).await.unwrap();
    stream.write_all(b"sunutrop\n").await.unwrap();
    let mut answer = [0; 9];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"portunus\n");
    stream.update_keys(true).unwrap();
    stream.write_all(b"srood\n").await.unwrap();
    let mut answer = [0; 6];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"doors\n");
    stream.write_all(b"CLOSE\n").await.unwrap();
    assert_eq!(stream.read(&mut answer).await.unwrap(), 0, "close_notify");
    stream.shutdown().await.unwrap();
    server.wait().await.unwrap();
    screen.await.unwrap();
    errors.await.unwrap();
}

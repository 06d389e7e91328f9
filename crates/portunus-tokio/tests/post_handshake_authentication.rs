//! A client is asked for its certificate after the handshake, and records keep to limits: between two streams of ours, and with OpenSSL and GnuTLS.

mod house;

use std::net;
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

use house::{House, localhost};
use portunus_peers::{GNUTLS, OPENSSL};
use portunus_tls::{
    ClientConfig, Decision, Direction, Error, Identities, Identity, LocalKey, Misuse, Note, Observe, PathVerifier,
    ServerConfig, Sign, SigningFailed, VerifyPeer, wire::SignatureScheme,
};
use portunus_tokio::{Acceptor, Connector, TlsStream};
use portunus_x509::{Anchors, Policy};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader, DuplexStream, duplex};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio::time::{Duration, timeout};

/// No peer takes as long.
const PATIENCE: Duration = Duration::from_secs(60);

/// Both ends of a connection of this client to a server of the house.
async fn connected(house: &House, client: ClientConfig) -> (TlsStream<DuplexStream>, TlsStream<DuplexStream>) {
    let (near, far) = duplex(1 << 16);
    let (connector, acceptor) = (Connector::new(Arc::new(client)), house.acceptor());
    let (client, server) = tokio::join!(connector.connect(localhost(), near), acceptor.accept(far));
    (client.unwrap(), server.unwrap())
}

fn verifier(house: &House) -> Arc<dyn VerifyPeer> {
    let mut anchors = Anchors::new();
    anchors
        .add_der(pem::parse(house.root_pem()).unwrap().contents())
        .unwrap();
    Arc::new(PathVerifier::clients(Arc::new(anchors), Policy::rfc5280()))
}

/// A server that goes on from a line, and tells of the client's certificate in another.
async fn ask<IO: AsyncRead + AsyncWrite + Unpin>(stream: &mut TlsStream<IO>, house: &House) {
    let mut line = String::new();
    BufReader::with_capacity(1, &mut *stream)
        .read_line(&mut line)
        .await
        .unwrap();
    assert_eq!(line.trim_end(), "before");
    let number = stream.request_certificate(verifier(house)).unwrap();
    let answer = stream.client_answer().await.unwrap();
    // Some show the authority's certificate too.
    assert!(answer.request == number && !answer.chain.is_empty());
    assert_eq!(stream.info().client_chain, answer.chain);
    stream.write_all(b"authenticated\n").await.unwrap();
    stream.flush().await.unwrap();
}

/// Signs when the test says so.
struct SlowKey(LocalKey, Arc<Gate>);

#[derive(Default)]
struct Gate(Mutex<(bool, Option<Waker>)>);

impl Gate {
    fn open(&self) {
        let mut gate = self.0.lock().unwrap();
        gate.0 = true;
        gate.1.take().expect("somebody waits").wake();
    }
}

impl Sign for SlowKey {
    fn schemes(&self) -> &[SignatureScheme] {
        self.0.schemes()
    }

    fn sign<'a>(&'a self, scheme: SignatureScheme, message: &'a [u8]) -> Decision<'a, Result<Vec<u8>, SigningFailed>> {
        Decision::later(async move {
            std::future::poll_fn(|context| {
                let mut gate = self.1.0.lock().unwrap();
                gate.1 = Some(context.waker().clone());
                if gate.0 { Poll::Ready(()) } else { Poll::Pending }
            })
            .await;
            self.0.sign(scheme, message).await
        })
    }
}

#[tokio::test]
async fn a_slow_key_holds_up_no_data() {
    let house = House::new();
    let gate = Arc::new(Gate::default());
    let pem = pem::parse_many(house.identity_pem()).unwrap();
    let key = SlowKey(LocalKey::from_der(pem[1].contents()).unwrap(), gate.clone());
    let identity = Identity::with_signer(vec![pem[0].contents().to_vec()], Arc::new(key)).unwrap();
    let identities = Arc::new(Identities::new(vec![Arc::new(identity)]));
    let client = house
        .client()
        .with_identity(identities)
        .with_post_handshake_authentication();
    let (mut client, mut server) = connected(&house, client).await;
    server.request_certificate(verifier(&house)).unwrap();
    server.write_all(b"down").await.unwrap();
    let mut data = [0; 4];
    client.read_exact(&mut data).await.unwrap();
    client.write_all(b"up").await.unwrap();
    client.flush().await.unwrap();
    // The client waits for data meanwhile, and is woken by its key.
    let reading = tokio::spawn(async move {
        client.read_exact(&mut data).await.unwrap();
        (client, data)
    });
    while gate.0.lock().unwrap().1.is_none() {
        tokio::task::yield_now().await;
    }
    tokio::task::yield_now().await;
    gate.open();
    let answer = server.client_answer().await.unwrap();
    assert_eq!(answer.chain.len(), 1);
    // What came before it was not lost.
    let mut data = [0; 2];
    server.read_exact(&mut data).await.unwrap();
    assert_eq!(&data, b"up");
    server.write_all(b"more").await.unwrap();
    server.flush().await.unwrap();
    let (client, data) = reading.await.unwrap();
    assert_eq!(&data, b"more");
    assert_eq!(client.info().client_chain, answer.chain);
}

#[tokio::test]
async fn whoever_waits_in_vain_hears_why() {
    let house = House::new();
    let stranger = House::named("Stranger");
    let client = house.client().with_post_handshake_authentication();
    let client = client.with_identity(stranger.identities());
    // A certificate that is refused: the client hears so.
    let (mut client_end, mut server) = connected(&house, client.clone()).await;
    server.request_certificate(verifier(&house)).unwrap();
    let mut data = [0; 1];
    let (answer, read) = tokio::join!(server.client_answer(), client_end.read(&mut data));
    let told = |error: &std::io::Error| error.get_ref().unwrap().downcast_ref::<Error>().unwrap().clone();
    assert!(matches!(told(&answer.unwrap_err()), Error::Certificate(_)));
    assert!(matches!(told(&read.unwrap_err()), Error::Alert(_)));
    // A client that leaves.
    let (mut client_end, mut server) = connected(&house, client).await;
    server.request_certificate(verifier(&house)).unwrap();
    client_end.shutdown().await.unwrap();
    let ended = server.client_answer().await.unwrap_err();
    assert_eq!(ended.kind(), std::io::ErrorKind::UnexpectedEof);
    // One that may not be asked.
    let (_client, mut server) = connected(&house, house.client()).await;
    let error = server.request_certificate(verifier(&house)).unwrap_err();
    assert!(matches!(error, Error::Misuse(Misuse::NoPostHandshakeAuthentication)));
}

/// A program at the other end, whose screen is read line by line.
struct Program {
    child: Child,
    keyboard: tokio::process::ChildStdin,
    screen: BufReader<tokio::process::ChildStdout>,
    errors: tokio::task::JoinHandle<String>,
}

impl Program {
    fn start(command: &mut Command) -> Self {
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.stderr(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
        let mut errors = child.stderr.take().unwrap();
        Self {
            keyboard: child.stdin.take().unwrap(),
            screen: BufReader::new(child.stdout.take().unwrap()),
            errors: tokio::spawn(async move {
                let mut text = Vec::new();
                errors.read_to_end(&mut text).await.unwrap();
                String::from_utf8_lossy(&text).into_owned()
            }),
            child,
        }
    }

    async fn type_in(&mut self, text: &str) {
        self.keyboard.write_all(text.as_bytes()).await.unwrap();
        self.keyboard.flush().await.unwrap();
    }

    /// Reads on until a line has this; gives the line.
    async fn wait_for(&mut self, expected: &str) -> String {
        let mut said = String::new();
        loop {
            let mut line = Vec::new();
            let read = timeout(PATIENCE, self.screen.read_until(b'\n', &mut line)).await;
            if read
                .unwrap_or_else(|_| panic!("waited in vain for {expected}: {said}"))
                .unwrap()
                == 0
            {
                let errors = (&mut self.errors).await.unwrap();
                panic!("no line has {expected}: {said}{errors}");
            }
            let line = String::from_utf8_lossy(&line).into_owned();
            if line.contains(expected) {
                return line;
            }
            said += &line;
        }
    }

    async fn end(mut self) {
        drop(self.keyboard);
        let mut rest = Vec::new();
        let (_, _, status) = tokio::join!(self.screen.read_to_end(&mut rest), self.errors, self.child.wait());
        assert!(status.unwrap().success());
    }
}

/// The authority, a certificate and its key as files.
struct Files {
    folder: tempfile::TempDir,
}

impl Files {
    fn new(house: &House) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("root.pem"), house.root_pem()).unwrap();
        std::fs::write(folder.path().join("identity.pem"), house.identity_pem()).unwrap();
        Self { folder }
    }

    fn root(&self) -> String {
        self.folder.path().join("root.pem").to_str().unwrap().to_owned()
    }

    fn identity(&self) -> String {
        self.folder.path().join("identity.pem").to_str().unwrap().to_owned()
    }
}

/// One connection of a program to a server of ours that asks it.
async fn asked(house: House, program: impl FnOnce(u16) -> Command) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut client = Program::start(&mut program(port));
    let serving = tokio::spawn(async move {
        let (socket, _) = listener.accept().await.unwrap();
        let mut stream = house.acceptor().accept(socket).await.unwrap();
        assert!(stream.info().client_chain.is_empty());
        ask(&mut stream, &house).await;
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
        let _ = stream.shutdown().await;
    });
    client.type_in("before\n").await;
    client.wait_for("authenticated").await;
    client.end().await;
    serving.await.unwrap();
}

#[tokio::test]
async fn s_client_is_asked_after_the_handshake() {
    let Some(openssl) = OPENSSL.for_this_test() else { return };
    let house = House::new();
    let files = Files::new(&house);
    asked(house, |port| {
        let mut command = Command::new(openssl);
        command.args([
            "s_client",
            "-tls1_3",
            "-enable_pha",
            "-servername",
            "localhost",
            "-connect",
        ]);
        command.arg(format!("127.0.0.1:{port}"));
        command.args(["-verify_return_error", "-CAfile", &files.root()]);
        command.args(["-cert", &files.identity(), "-key", &files.identity()]);
        command
    })
    .await;
}

#[tokio::test]
async fn gnutls_cli_is_asked_after_the_handshake() {
    let Some(gnutls) = GNUTLS.for_this_test() else { return };
    let house = House::new();
    let files = Files::new(&house);
    asked(house, |port| {
        let mut command = Command::new(gnutls);
        command.args([
            "--post-handshake-auth",
            "--sni-hostname",
            "localhost",
            "--port",
            &port.to_string(),
        ]);
        command.args(["--verify-hostname", "localhost", "--x509cafile", &files.root()]);
        command.args([
            "--x509certfile",
            &files.identity(),
            "--x509keyfile",
            &files.identity(),
            "127.0.0.1",
        ]);
        command
    })
    .await;
}

/// Tells when the client signed.
struct Proofs(mpsc::UnboundedSender<()>);

impl Observe for Proofs {
    fn note(&self, note: &Note<'_>) {
        if let Note::Proved { .. } = note {
            self.0.send(()).unwrap();
        }
    }
}

#[tokio::test]
async fn s_server_asks_after_the_handshake() {
    let Some(openssl) = OPENSSL.for_this_test() else { return };
    let house = House::new();
    let files = Files::new(&house);
    // One that believes in our authority, and one that does not.
    for believes in [true, false] {
        let mut command = Command::new(&openssl);
        command.args(["s_server", "-tls1_3", "-naccept", "1", "-accept", "127.0.0.1:0"]);
        command.args([
            "-cert",
            &files.identity(),
            "-key",
            &files.identity(),
            "-verify_return_error",
            "-no-CApath",
            "-no-CAstore",
        ]);
        if believes {
            command.args(["-CAfile", &files.root()]);
        } else {
            command.arg("-no-CAfile");
        }
        let mut server = Program::start(&mut command);
        let accepts = server.wait_for("ACCEPT").await;
        let port: u16 = accepts.trim().rsplit(':').next().unwrap().parse().unwrap();
        let client = house.client().with_post_handshake_authentication();
        let connector = Connector::new(Arc::new(client.with_identity(house.identities())));
        let socket = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let (tell, mut proved) = mpsc::unbounded_channel();
        let mut stream = connector
            .connect_observed(localhost(), socket, Arc::new(Proofs(tell)))
            .await
            .unwrap();
        stream.write_all(b"before\n").await.unwrap();
        stream.flush().await.unwrap();
        server.wait_for("before").await;
        server.type_in("c\n").await;
        let mut answer = [0; 6];
        if believes {
            // It takes one command at a time.
            let typing = async {
                timeout(PATIENCE, proved.recv()).await.unwrap().unwrap();
                server.type_in("hello\n").await;
            };
            let (read, ()) = tokio::join!(timeout(PATIENCE, stream.read_exact(&mut answer)), typing);
            read.unwrap().unwrap();
            assert_eq!(&answer, b"hello\n");
            assert_eq!(stream.info().client_chain.len(), 1);
            stream.write_all(b"after\n").await.unwrap();
            stream.flush().await.unwrap();
            server.wait_for("after").await;
            server.type_in("Q\n").await;
        } else {
            let error = timeout(PATIENCE, stream.read(&mut answer)).await.unwrap().unwrap_err();
            let error = error.get_ref().unwrap().downcast_ref::<Error>().unwrap();
            assert!(matches!(error, Error::Alert(_)), "{error}");
        }
    }
}

/// The longest content of protected records that were sent and received.
#[derive(Default)]
struct Longest([AtomicUsize; 2]);

impl Longest {
    fn both(&self) -> [usize; 2] {
        let [sent, received] = &self.0;
        [sent.load(Ordering::Relaxed), received.load(Ordering::Relaxed)]
    }
}

impl Observe for Longest {
    fn note(&self, note: &Note<'_>) {
        if let Note::Record {
            direction,
            content,
            protected: true,
            ..
        } = note
        {
            let received = usize::from(*direction == Direction::Received);
            self.0[received].fetch_max(*content, Ordering::Relaxed);
        }
    }
}

const VERSIONS: [(&str, usize); 2] = [
    ("NORMAL:-VERS-ALL:+VERS-TLS1.3", 1),
    ("NORMAL:-VERS-ALL:+VERS-TLS1.2", 0),
];

#[tokio::test]
async fn gnutls_cli_and_we_keep_to_limits_of_records() {
    let Some(gnutls) = GNUTLS.for_this_test() else { return };
    for (priority, kind) in VERSIONS {
        let house = House::new();
        let files = Files::new(&house);
        let server: ServerConfig = house.server().with_record_size_limit(600).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut command = Command::new(&gnutls);
        command.args([
            "--recordsize",
            "512",
            "--priority",
            priority,
            "--sni-hostname",
            "localhost",
        ]);
        command.args(["--port", &port.to_string(), "--verify-hostname", "localhost"]);
        command.args(["--x509cafile", &files.root(), "127.0.0.1"]);
        let mut client = Program::start(&mut command);
        let longest = Arc::new(Longest::default());
        let watching = longest.clone();
        let serving = tokio::spawn(async move {
            let (socket, _) = listener.accept().await.unwrap();
            let acceptor = Acceptor::new(Arc::new(server));
            let mut stream = acceptor.accept_observed(socket, watching).await.unwrap();
            stream.read_exact(&mut [0; 6]).await.unwrap();
            let long = "x".repeat(2000) + "\nthe end\n";
            stream.write_all(long.as_bytes()).await.unwrap();
            stream.flush().await.unwrap();
            let mut rest = Vec::new();
            let _ = stream.read_to_end(&mut rest).await;
            let _ = stream.shutdown().await;
        });
        client.type_in("hello\n").await;
        client.wait_for("the end").await;
        client.end().await;
        serving.await.unwrap();
        let [sent, received] = longest.both();
        assert!((511..=512).contains(&sent), "{priority}: {sent}");
        assert!(received <= 600 - kind, "{priority}: {received}");
    }
}

#[tokio::test]
async fn gnutls_serv_and_we_keep_to_limits_of_records() {
    let Some(gnutls) = GNUTLS.for_this_test() else { return };
    for (priority, kind) in VERSIONS {
        let house = House::new();
        let files = Files::new(&house);
        // It cannot be told to take a free port and to say which.
        let port = net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let mut command = Command::new(gnutls.with_file_name("gnutls-serv"));
        command.args([
            "--echo",
            "--recordsize",
            "512",
            "--priority",
            priority,
            "--port",
            &port.to_string(),
        ]);
        command.args(["--x509certfile", &files.identity(), "--x509keyfile", &files.identity()]);
        let _server = Program::start(&mut command);
        let socket = timeout(PATIENCE, async {
            loop {
                match TcpStream::connect(("127.0.0.1", port)).await {
                    Ok(socket) => return socket,
                    Err(_) => tokio::task::yield_now().await,
                }
            }
        });
        let socket = socket.await.unwrap();
        let client = house.client().with_record_size_limit(600).unwrap();
        let longest = Arc::new(Longest::default());
        let connector = Connector::new(Arc::new(client));
        let mut stream = connector
            .connect_observed(localhost(), socket, longest.clone())
            .await
            .unwrap();
        let line = "x".repeat(2000) + "\n";
        stream.write_all(line.as_bytes()).await.unwrap();
        stream.flush().await.unwrap();
        // It answers as it likes; that it does shows that it took the line.
        let mut answer = [0; 100];
        timeout(PATIENCE, stream.read_exact(&mut answer))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(answer, [b'x'; 100]);
        let [sent, received] = longest.both();
        assert!((511..=512).contains(&sent), "{priority}: {sent}");
        assert!(received <= 600 - kind, "{priority}: {received}");
    }
}

//! The site over our own TLS, visited with our own client.

mod fixture;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use fixture::site;
use portunus_server::{Fresh, RenewedIdentity, Server, Stop, TlsAcceptor, limits};
use portunus_tls::wire::SignatureScheme;
use portunus_tls::{ClientConfig, Identity, LocalKey, PathVerifier, Policy, ServerConfig, Tickets, danger};
use portunus_tokio::Connector;
use portunus_x509::{Anchors, Policy as PathPolicy, ServerName, UnixTime};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

fn identity() -> Arc<Identity> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = LocalKey::from_der(&made.signing_key.serialize_der()).unwrap();
    Arc::new(Identity::new(vec![made.cert.der().to_vec()], key).unwrap())
}

struct Serving {
    address: std::net::SocketAddr,
    stop: Stop,
}

async fn serve(site: portunus_server::Site, identity: RenewedIdentity) -> Serving {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = Stop::new();
    let tickets = Arc::new(Tickets::new(portunus_tokio::now()).unwrap());
    let config = ServerConfig::new(Arc::new(identity)).with_tickets(tickets);
    let server = Server::new(site, TlsAcceptor::new(config)).listen(listener);
    let handle = stop.clone();
    tokio::spawn(async move { server.run(&handle).await });
    Serving { address, stop }
}

impl Serving {
    /// One visit: the answer, and the certificate that was shown.
    async fn visit(&self, path: &str) -> (String, Vec<u8>) {
        let config =
            ClientConfig::new(Arc::new(danger::AcceptAnyCertificate)).with_application_protocols(&[b"http/1.1"]);
        let tcp = TcpStream::connect(self.address).await.unwrap();
        let name = ServerName::parse("localhost").unwrap();
        let mut stream = Connector::new(Arc::new(config)).connect(name, tcp).await.unwrap();
        let shown = stream.info().server_chain.first().cloned().unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        // A missing close_notify would be an error here.
        stream.read_to_string(&mut answer).await.unwrap();
        (answer, shown)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.stop.now();
    }
}

fn never() -> UnixTime {
    UnixTime(i64::MAX)
}

#[tokio::test]
async fn visitors_see_the_connection_that_they_have() {
    let (_folder, site) = site(&[]);
    let first = Fresh {
        identity: identity(),
        renew_at: never(),
    };
    let serving = serve(site, RenewedIdentity::new(first, |_| Err("not asked".into()))).await;
    let (answer, _) = serving.visit("/.portunus/connection?format=json").await;
    let (_, json) = answer.split_once("\r\n\r\n").unwrap();
    let facts: serde_json::Value = serde_json::from_str(json).unwrap();
    let tls = &facts["tls"];
    assert_eq!(tls["version"], "TLS 1.3");
    assert_eq!(tls["group"], "X25519MLKEM768");
    assert_eq!(tls["application_protocol"], "http/1.1");
    assert_eq!(tls["server_name"], "localhost");
    assert_eq!(tls["signature_scheme"], "ecdsa_secp256r1_sha256");
    assert_eq!(tls["resumed"], false);
    assert_eq!(tls["certificate_chain"][0]["names"][0], "localhost");
}

#[tokio::test]
async fn a_certificate_whose_time_has_come_is_renewed_before_it_is_shown() {
    let (_folder, site) = site(&[]);
    let (old, new) = (identity(), identity());
    let asked = Arc::new(AtomicUsize::new(0));
    let first = Fresh {
        identity: Arc::clone(&old),
        renew_at: portunus_tokio::now(),
    };
    let renewed = RenewedIdentity::new(first, {
        let (new, asked) = (Arc::clone(&new), Arc::clone(&asked));
        move |_| {
            asked.fetch_add(1, Ordering::Relaxed);
            Ok(Fresh {
                identity: Arc::clone(&new),
                renew_at: never(),
            })
        }
    });
    let serving = serve(site, renewed).await;
    for _ in 0..3 {
        let (_, shown) = serving.visit("/").await;
        assert!(shown == new.chain()[0]);
    }
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_source_that_fails_leaves_the_old_certificate() {
    let (_folder, site) = site(&[]);
    let old = identity();
    let first = Fresh {
        identity: Arc::clone(&old),
        renew_at: portunus_tokio::now(),
    };
    let serving = serve(site, RenewedIdentity::new(first, |_| Err("no disk".into()))).await;
    for _ in 0..3 {
        let (answer, shown) = serving.visit("/").await;
        assert!(answer.starts_with("HTTP/1.1 200") && shown == old.chain()[0]);
    }
}

#[tokio::test(start_paused = true)]
async fn who_says_nothing_is_sent_away_in_time() {
    let (_folder, site) = site(&[]);
    let first = Fresh {
        identity: identity(),
        renew_at: never(),
    };
    let serving = serve(site, RenewedIdentity::new(first, |_| Err("not asked".into()))).await;
    // A hello that stops after its record's header, and nothing at all.
    for begun in [b"\x16\x03\x01\x02\x00".as_slice(), b""] {
        let start = tokio::time::Instant::now();
        let mut stream = TcpStream::connect(serving.address).await.unwrap();
        stream.write_all(begun).await.unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        let most = limits::HANDSHAKE_TIME + 2 * limits::CLOSING_TIME;
        assert!(start.elapsed() <= most, "{:?}", start.elapsed());
    }
}

#[tokio::test]
async fn rubbish_is_answered_with_an_alert_and_an_old_hello_too() {
    let (_folder, site) = site(&[]);
    let first = Fresh {
        identity: identity(),
        renew_at: never(),
    };
    let serving = serve(site, RenewedIdentity::new(first, |_| Err("not asked".into()))).await;
    let answers = Mutex::new(Vec::new());
    for bytes in [
        b"\x16\x03\x01\x00\x05\x07\0\0\x01\0".as_slice(),
        b"rubbish, and more of it",
    ] {
        let mut stream = TcpStream::connect(serving.address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        answers.lock().unwrap().push(answer);
    }
    for answer in answers.into_inner().unwrap() {
        // An alert record, fatal (RFC 9846 section 6).
        assert!(matches!(answer.as_slice(), [21, 3, 3, 0, 2, 2, _]), "{answer:?}");
    }
    assert!(serving.visit("/").await.0.starts_with("HTTP/1.1 200"));
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Lines {
    /// Waits until the log says this.
    async fn say(&self, words: &str) {
        let log = || String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        let said = async {
            while !log().contains(words) {
                tokio::task::yield_now().await;
            }
        };
        let said = tokio::time::timeout(std::time::Duration::from_secs(20), said).await;
        assert!(said.is_ok(), "no \"{words}\" in {}", log());
    }
}

/// What the log must tell of clients that refuse, are refused, or break off.
#[tokio::test]
async fn the_log_tells_who_refused_whom_and_why() {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    // For all tests of this program: what a thread without a subscriber logs first would be logged for nobody ever after.
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let (_folder, site) = site(&[]);
    let first = Fresh {
        identity: identity(),
        renew_at: never(),
    };
    let serving = serve(site, RenewedIdentity::new(first, |_| Err("not asked".into()))).await;
    let connect = async |config: ClientConfig| {
        let tcp = TcpStream::connect(serving.address).await.unwrap();
        let name = ServerName::parse("localhost").unwrap();
        Connector::new(Arc::new(config)).connect(name, tcp).await
    };

    let nobody = PathVerifier::servers(Arc::new(Anchors::new()), PathPolicy::private());
    connect(ClientConfig::new(Arc::new(nobody))).await.unwrap_err();
    lines
        .say(
            "the client did not accept this server's certificate: the peer ended the handshake with the alert unknown_ca",
        )
        .await;
    lines.say("; the client asked for localhost").await;

    let any = || ClientConfig::new(Arc::new(danger::AcceptAnyCertificate));
    connect(any().with_application_protocols(&[b"odd\x1b[31m"]))
        .await
        .unwrap_err();
    lines.say("asked for localhost; protocols odd\\u{1b}[31m").await;

    let schemes = [SignatureScheme::ED25519];
    let policy = Policy::compatible().with_signature_schemes(&schemes).unwrap();
    connect(any().with_policy(policy)).await.unwrap_err();
    lines.say("versions TLS 1.3, TLS 1.2; cipher suites TLS_").await;
    lines.say("signatures ed25519").await;

    let stream = connect(any()).await.unwrap();
    let mut tcp = stream.into_inner();
    tcp.write_all(&[23, 3, 3, 0, 20]).await.unwrap();
    tcp.write_all(&[7; 20]).await.unwrap();
    lines
        .say("the connection failed: a record from the peer does not authenticate")
        .await;
}

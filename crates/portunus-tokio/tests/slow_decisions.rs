//! A server's decisions that take time, a signature or the choice of a certificate, hold up nobody but the client that they are about.

mod house;

use std::sync::mpsc as blocking;
use std::sync::{Arc, Mutex};

use house::{House, handshake_alert, localhost};
use portunus_tls::wire::{ClientHello, SignatureScheme};
use portunus_tls::{
    ChoiceFailed, ChooseIdentity, Decision, Identities, Identity, LocalKey, ServerConfig, Sign, SigningFailed,
    UnusableIdentity,
};
use portunus_tokio::{Acceptor, Connector, HandshakeError, SigningThread, TlsStream};
use portunus_x509::DnsName;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::Duration;

/// One question of ours to somebody slow.
struct Waiting {
    /// The answer; without one it cannot be given.
    answer: oneshot::Sender<()>,
    /// Done when nobody waits any more.
    abandoned: oneshot::Receiver<()>,
}

/// Makes the first question wait for the test; the others are answered at once.
struct Slow(Mutex<Option<mpsc::UnboundedSender<Waiting>>>);

impl Slow {
    fn new() -> (Self, mpsc::UnboundedReceiver<Waiting>) {
        let (asked, questions) = mpsc::unbounded_channel();
        (Self(Mutex::new(Some(asked))), questions)
    }

    async fn ask(&self) -> Result<(), &'static str> {
        let Some(asked) = self.0.lock().unwrap().take() else {
            return Ok(());
        };
        let (answer, answered) = oneshot::channel();
        let (_until_dropped, abandoned) = oneshot::channel();
        asked.send(Waiting { answer, abandoned }).unwrap();
        answered.await.map_err(|_| "it is gone")
    }
}

struct SlowKey(LocalKey, Slow);

impl Sign for SlowKey {
    fn schemes(&self) -> &[SignatureScheme] {
        self.0.schemes()
    }

    fn sign<'a>(&'a self, scheme: SignatureScheme, message: &'a [u8]) -> Decision<'a, Result<Vec<u8>, SigningFailed>> {
        Decision::later(async move {
            let failed = |reason: &str| SigningFailed { reason: reason.into() };
            self.1.ask().await.map_err(failed)?;
            self.0.sign(scheme, message).await
        })
    }
}

struct SlowStore(Arc<Identities>, Slow);

impl ChooseIdentity for SlowStore {
    fn choose<'a>(
        &'a self,
        hello: &'a ClientHello<'_>,
        host: Option<&'a DnsName>,
    ) -> Decision<'a, Result<Option<Arc<Identity>>, ChoiceFailed>> {
        Decision::later(async move {
            self.1.ask().await.map_err(ChoiceFailed::internal)?;
            self.0.choose(hello, host).await
        })
    }
}

/// Where the server is slow, once.
#[derive(Clone, Copy)]
enum What {
    Signer,
    Store,
}

fn slow_server(house: &House, what: What) -> (Acceptor, mpsc::UnboundedReceiver<Waiting>) {
    let (slow, questions) = Slow::new();
    let identities: Arc<dyn ChooseIdentity> = match what {
        What::Signer => {
            let (leaf, key) = house.issue();
            let key = SlowKey(LocalKey::from_der(&key).unwrap(), slow);
            let identity = Identity::with_signer(vec![leaf], Arc::new(key)).unwrap();
            Arc::new(Identities::new(vec![Arc::new(identity)]))
        }
        What::Store => Arc::new(SlowStore(house.identities(), slow)),
    };
    (Acceptor::new(Arc::new(ServerConfig::new(identities))), questions)
}

/// One side of a handshake under way.
type Side = JoinHandle<Result<TlsStream<DuplexStream>, HandshakeError>>;

/// Both sides of a handshake, each in a task of its own.
fn begin(acceptor: &Acceptor, connector: &Connector) -> (Side, Side) {
    let (near, far) = duplex(1 << 14);
    let (acceptor, connector) = (acceptor.clone(), connector.clone());
    (
        tokio::spawn(async move { connector.connect(localhost(), near).await }),
        tokio::spawn(async move { acceptor.accept(far).await }),
    )
}

async fn exchange((client, server): (Side, Side)) {
    let (mut client, mut server) = (client.await.unwrap().unwrap(), server.await.unwrap().unwrap());
    client.write_all(b"ping").await.unwrap();
    client.flush().await.unwrap();
    let mut data = [0; 4];
    server.read_exact(&mut data).await.unwrap();
    assert_eq!(&data, b"ping");
}

#[tokio::test]
async fn others_come_and_go_while_one_waits() {
    let house = House::new();
    for what in [What::Signer, What::Store] {
        let (acceptor, mut questions) = slow_server(&house, what);
        let first = begin(&acceptor, &house.connector());
        let waiting = questions.recv().await.unwrap();
        for _ in 0..5 {
            exchange(begin(&acceptor, &house.connector())).await;
        }
        assert!(!first.0.is_finished() && !first.1.is_finished());
        waiting.answer.send(()).unwrap();
        exchange(first).await;
    }
}

#[tokio::test]
async fn a_handshake_that_is_given_up_asks_no_longer() {
    let house = House::new();
    for what in [What::Signer, What::Store] {
        let (acceptor, mut questions) = slow_server(&house, what);
        let (client, server) = begin(&acceptor, &house.connector());
        let waiting = questions.recv().await.unwrap();
        server.abort();
        assert!(waiting.abandoned.await.is_err(), "dropped");
        assert!(server.await.unwrap_err().is_cancelled());
        let error = client.await.unwrap().unwrap_err();
        assert!(matches!(error, HandshakeError::Io { .. }), "{error:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_decision_that_takes_too_long_ends_with_the_handshakes_limit() {
    let house = House::new();
    for what in [What::Signer, What::Store] {
        let (acceptor, mut questions) = slow_server(&house, what);
        let acceptor = acceptor.with_handshake_limit(Duration::from_secs(3));
        let (_client, server) = begin(&acceptor, &house.connector());
        let waiting = questions.recv().await.unwrap();
        let error = server.await.unwrap().unwrap_err();
        assert!(matches!(error, HandshakeError::TimedOut { .. }), "{error:?}");
        assert!(waiting.abandoned.await.is_err(), "dropped");
        exchange(begin(&acceptor, &house.connector())).await;
    }
}

#[tokio::test]
async fn a_decision_that_cannot_be_made_is_an_internal_error_and_the_server_goes_on() {
    let house = House::new();
    for what in [What::Signer, What::Store] {
        let (acceptor, mut questions) = slow_server(&house, what);
        let (client, server) = begin(&acceptor, &house.connector());
        drop(questions.recv().await.unwrap());
        let error = server.await.unwrap().unwrap_err();
        assert!(error.to_string().contains("it is gone"), "{error}");
        assert_eq!(handshake_alert(&client.await.unwrap().unwrap_err()), 80);
        exchange(begin(&acceptor, &house.connector())).await;
    }
}

/// A server whose key blocks the thread that signs until the test says how it ends.
fn blocking_server(house: &House) -> (Acceptor, mpsc::UnboundedReceiver<blocking::Sender<bool>>) {
    let (asked, questions) = mpsc::unbounded_channel();
    let (leaf, key) = house.issue();
    let key = LocalKey::from_der(&key).unwrap();
    let (schemes, public_key) = (key.schemes().to_vec(), key.public_key().to_vec());
    let runtime = tokio::runtime::Handle::current();
    let sign = move |scheme, message: &[u8]| {
        let (answer, answered) = blocking::channel::<bool>();
        asked.send(answer).unwrap();
        assert!(answered.recv().unwrap(), "a bug in the token's library");
        runtime.block_on(key.sign(scheme, message))
    };
    let key = SigningThread::start(schemes, sign).unwrap().with_public_key(public_key);
    let identity = Identity::with_signer(vec![leaf], Arc::new(key)).unwrap();
    let identities = Arc::new(Identities::new(vec![Arc::new(identity)]));
    let tickets = Arc::new(portunus_tls::Tickets::new(portunus_tokio::now()).unwrap());
    let server = ServerConfig::new(identities).with_tickets(tickets);
    (Acceptor::new(Arc::new(server)), questions)
}

#[tokio::test]
async fn a_key_that_blocks_holds_up_no_connection_that_needs_no_signature() {
    let house = House::new();
    let (acceptor, mut questions) = blocking_server(&house);
    let sessions = Arc::new(portunus_tls::SessionMemory::default());
    let connector = Connector::new(Arc::new(house.client().with_sessions(sessions)));
    let first = begin(&acceptor, &connector);
    questions.recv().await.unwrap().send(true).unwrap();
    let (mut client, mut server) = (first.0.await.unwrap().unwrap(), first.1.await.unwrap().unwrap());
    server.write_all(b"!").await.unwrap();
    server.flush().await.unwrap();
    client.read_exact(&mut [0]).await.unwrap();

    // The thread is busy with the second, which is given up; the third waits in the queue and is given up as well.
    let second = begin(&acceptor, &house.connector());
    let answer = questions.recv().await.unwrap();
    let third = begin(&acceptor, &house.connector());
    // One that goes on from the first needs no key.
    let fourth = begin(&acceptor, &connector);
    let resumed = fourth.0.await.unwrap().unwrap();
    assert!(resumed.info().resumed);
    fourth.1.await.unwrap().unwrap();
    for abandoned in [second.1, third.1] {
        abandoned.abort();
        assert!(abandoned.await.unwrap_err().is_cancelled());
    }
    let fifth = begin(&acceptor, &house.connector());
    answer.send(true).unwrap();
    // The next question is the fifth's: nobody asked for the third.
    questions.recv().await.unwrap().send(true).unwrap();
    exchange(fifth).await;
}

#[tokio::test]
async fn a_thread_that_died_fails_handshakes_and_no_more() {
    let house = House::new();
    let (acceptor, mut questions) = blocking_server(&house);
    let first = begin(&acceptor, &house.connector());
    questions.recv().await.unwrap().send(false).unwrap();
    for (client, server) in [first, begin(&acceptor, &house.connector())] {
        let error = server.await.unwrap().unwrap_err().to_string();
        assert!(error.contains("the thread that signs has ended"), "{error}");
        assert_eq!(handshake_alert(&client.await.unwrap().unwrap_err()), 80);
    }
}

#[test]
fn a_key_that_tells_its_public_half_is_held_to_its_certificate() {
    let house = House::new();
    let sign = |_, _: &[u8]| unreachable!("nobody asks");
    let key = SigningThread::start(vec![SignatureScheme::ED25519], sign).unwrap();
    let key = key.with_public_key(vec![1, 2, 3]);
    let refused = Identity::with_signer(vec![house.issue().0], Arc::new(key));
    assert_eq!(refused.unwrap_err(), UnusableIdentity::KeyMismatch);
}

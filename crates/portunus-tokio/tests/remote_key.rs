//! The example `remote_key`: a server whose key is in another process, visited by curl and OpenSSL.

#![cfg(unix)]

mod house;
mod program;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use house::House;
use portunus_peers::{CURL, OPENSSL};
use program::{Program, example, fetch, handshake, run, text};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::process::Command;

struct Place {
    folder: TempDir,
}

impl Place {
    /// A folder with a certificate, its key and its root.
    fn new() -> Self {
        let (house, folder) = (House::new(), tempfile::tempdir().unwrap());
        let identity = pem::parse_many(house.identity_pem()).unwrap();
        let place = Self { folder };
        fs::write(place.path("certificate.pem"), pem::encode(&identity[0])).unwrap();
        fs::write(place.path("key.pem"), pem::encode(&identity[1])).unwrap();
        fs::set_permissions(place.path("key.pem"), Permissions::from_mode(0o600)).unwrap();
        fs::write(place.path("root.pem"), house.root_pem()).unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn socket(&self) -> PathBuf {
        self.path("private/signer.sock")
    }

    fn signer(&self, socket: &Path) -> Command {
        let mut command = Command::new(example("remote_key"));
        command.arg("signer").arg("--key").arg(self.path("key.pem"));
        command.arg("--socket").arg(socket);
        command
    }

    async fn signs(&self) -> Program {
        let mut signer = Program::start(&mut self.signer(&self.socket()));
        signer.says("signs at").await;
        signer
    }

    fn server(&self) -> Command {
        let mut command = Command::new(example("remote_key"));
        command.args(["server", "--listen", "127.0.0.1:0", "--certificate"]);
        command
            .arg(self.path("certificate.pem"))
            .arg("--socket")
            .arg(self.socket());
        command
    }
}

#[tokio::test]
async fn a_key_in_another_process_signs_and_may_come_and_go() {
    let (Some(curl), Some(openssl)) = (CURL.for_this_test(), OPENSSL.for_this_test()) else {
        return;
    };
    let place = Place::new();
    let root = place.path("root.pem");
    let signer = place.signs().await;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&place.socket()), 0o600);
    assert_eq!(mode(&place.path("private")), 0o700);
    let mut server = Program::start(&mut place.server());
    let port = server.port().await;
    let page = fetch(&curl, &root, port).await;
    assert_eq!(page.stdout, b"signed\n", "{}", text(&page));

    signer.kill().await;
    let refused = text(&handshake(&openssl, &root, port).await);
    assert!(refused.contains("alert internal error"), "{refused}");
    let refused = fetch(&curl, &root, port).await;
    assert_eq!(refused.status.code(), Some(35), "{}", text(&refused));
    server.complains("does not answer: Connection refused").await;

    // The socket that the first one left stands in nobody's way.
    let _signer = place.signs().await;
    let page = fetch(&curl, &root, port).await;
    assert_eq!(page.stdout, b"signed\n", "{}", text(&page));
}

/// What a signer answers: its status and its content.
async fn ask(socket: &Path, question: &[u8]) -> Option<(u8, Vec<u8>)> {
    let mut stream = UnixStream::connect(socket).await.unwrap();
    stream.write_all(question).await.unwrap();
    let status = stream.read_u8().await.ok()?;
    let length = stream.read_u16().await.unwrap();
    let mut content = vec![0; usize::from(length)];
    stream.read_exact(&mut content).await.unwrap();
    Some((status, content))
}

#[tokio::test]
async fn a_signer_signs_nothing_but_proofs_of_servers() {
    let place = Place::new();
    let mut signer = place.signs().await;
    let socket = place.socket();
    let proof = |prefix: &[u8], hash: usize| [prefix, &vec![7; hash]].concat();
    let server = [&[b' '; 64][..], b"TLS 1.3, server CertificateVerify\0"].concat();
    let client = [&[b' '; 64][..], b"TLS 1.3, client CertificateVerify\0"].concat();
    let question = |scheme: u16, message: &[u8]| {
        let length = u16::try_from(message.len()).unwrap().to_be_bytes();
        [&[1], &scheme.to_be_bytes()[..], &length, message].concat()
    };
    let ecdsa = 0x0403;
    let (status, signature) = ask(&socket, &question(ecdsa, &proof(&server, 32))).await.unwrap();
    assert_eq!((status, signature[0]), (0, 0x30));
    for refused in [
        question(ecdsa, &proof(&server, 33)),
        question(ecdsa, &proof(&client, 32)),
        question(ecdsa, &proof(&server[1..], 32)),
        question(ecdsa, &server),
        question(ecdsa, b"a certificate"),
        question(ecdsa, b""),
        question(0x0401, &proof(&server, 32)),
        question(0x0804, &proof(&server, 32)),
    ] {
        let (status, _) = ask(&socket, &refused).await.unwrap();
        assert_eq!(status, 1);
        signer.complains("refused").await;
    }
    // What is too long, or no question, is not read to its end.
    assert_eq!(ask(&socket, &question(ecdsa, &[0; 256])).await, None);
    signer.complains("256 bytes, more than 255").await;
    assert_eq!(ask(&socket, &[9, 0, 0, 0, 0]).await, None);
    signer.complains("a question of kind 9").await;
    drop(UnixStream::connect(&socket).await.unwrap());
    signer.complains("a question").await;
    assert_eq!(ask(&socket, &[0; 5]).await.unwrap().0, 0);
}

#[tokio::test]
async fn neither_starts_on_what_is_not_as_it_should_be() {
    let place = Place::new();
    let refused = text(&run(&mut place.server()).await);
    assert!(refused.contains("does not answer: No such file"), "{refused}");

    // A folder into which others can look, a key that others can read, a place that is taken.
    fs::set_permissions(place.folder.path(), Permissions::from_mode(0o755)).unwrap();
    let refused = text(&run(&mut place.signer(&place.path("signer.sock"))).await);
    assert!(refused.contains("others may use it (mode 755)"), "{refused}");
    fs::set_permissions(place.path("key.pem"), Permissions::from_mode(0o640)).unwrap();
    let refused = text(&run(&mut place.signer(&place.socket())).await);
    assert!(refused.contains("others may use it (mode 640)"), "{refused}");
    fs::set_permissions(place.path("key.pem"), Permissions::from_mode(0o600)).unwrap();
    let _signer = place.signs().await;
    let refused = text(&run(&mut place.signer(&place.socket())).await);
    assert!(refused.contains("another signer listens there"), "{refused}");

    // The certificate of another key.
    fs::write(place.path("certificate.pem"), House::new().identity_pem()).unwrap();
    let refused = text(&run(&mut place.server()).await);
    assert!(refused.contains("their public keys differ"), "{refused}");
}

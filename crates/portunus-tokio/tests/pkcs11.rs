//! The example `pkcs11`: a server whose key never leaves its token, SoftHSM here; visited by curl and OpenSSL.

#![cfg(unix)]

mod house;
mod program;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use house::House;
use portunus_peers::{CURL, OPENSSL, SOFTHSM, softhsm_module};
use program::{Program, example, fetch, handshake, run, text};
use rcgen::PublicKeyData;
use tempfile::TempDir;
use tokio::process::Command;

/// A token of its own in a folder of its own.
struct Token {
    folder: TempDir,
    module: PathBuf,
}

impl Token {
    async fn new(softhsm: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let module = softhsm_module().expect("the library beside the program");
        let token = Self { folder, module };
        fs::create_dir(token.path("tokens")).unwrap();
        let settings = format!("directories.tokendir = {}\n", token.path("tokens").display());
        fs::write(token.path("softhsm2.conf"), settings).unwrap();
        fs::write(token.path("pin"), "8421\n").unwrap();
        fs::set_permissions(token.path("pin"), Permissions::from_mode(0o600)).unwrap();
        let mut command = token.command(softhsm);
        command.args([
            "--init-token",
            "--free",
            "--label",
            "web",
            "--pin",
            "8421",
            "--so-pin",
            "1248",
        ]);
        let made = run(&mut command).await;
        assert!(made.status.success(), "{}", text(&made));
        token
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env("SOFTHSM2_CONF", self.path("softhsm2.conf"));
        command
    }

    fn example(&self, what: &str, label: &str) -> Command {
        let mut command = self.command(&example("pkcs11"));
        command.arg(what).args(["--token", "web", "--label", label, "--module"]);
        command.arg(&self.module).arg("--pin-file").arg(self.path("pin"));
        command
    }

    /// Makes a key of this kind and a certificate for it.
    async fn certified(&self, house: &House, kind: &str) -> PathBuf {
        let made = run(self.example("generate", kind).args(["--kind", kind])).await;
        assert!(made.status.success(), "{}", text(&made));
        let certificate = house.certify(&Made::read(pem::parse(&made.stdout).unwrap().contents(), kind));
        let path = self.path(&format!("{kind}.pem"));
        fs::write(&path, pem::encode(&pem::Pem::new("CERTIFICATE", certificate))).unwrap();
        path
    }

    fn server(&self, label: &str, certificate: &Path) -> Command {
        let mut command = self.example("serve", label);
        command
            .args(["--listen", "127.0.0.1:0", "--certificate"])
            .arg(certificate);
        command
    }
}

/// The public half of a key in a token.
struct Made {
    key: Vec<u8>,
    algorithm: &'static rcgen::SignatureAlgorithm,
}

impl Made {
    /// Both kinds have algorithms, and headers, of one length each.
    fn read(info: &[u8], kind: &str) -> Self {
        let (header, algorithm) = match kind {
            "rsa" => (24, &rcgen::PKCS_RSA_SHA256),
            _ => (26, &rcgen::PKCS_ECDSA_P256_SHA256),
        };
        let key = info[header..].to_vec();
        Self { key, algorithm }
    }
}

impl PublicKeyData for Made {
    fn der_bytes(&self) -> &[u8] {
        &self.key
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        self.algorithm
    }
}

#[tokio::test]
async fn keys_that_never_leave_their_token_sign_handshakes() {
    let (Some(softhsm), Some(curl), Some(openssl)) =
        (SOFTHSM.for_this_test(), CURL.for_this_test(), OPENSSL.for_this_test())
    else {
        return;
    };
    let (token, house) = (Token::new(&softhsm).await, House::new());
    let root = token.path("root.pem");
    fs::write(&root, house.root_pem()).unwrap();
    // What OpenSSL calls them, before 3.5 and from then on.
    for (kind, signatures) in [
        ("p256", ["ECDSA", "ecdsa_secp256r1_sha256"]),
        ("rsa", ["RSA-PSS", "rsa_pss_rsae_sha256"]),
    ] {
        let certificate = token.certified(&house, kind).await;
        let mut server = Program::start(&mut token.server(kind, &certificate));
        let port = server.port().await;
        // Several one after the other: r and s are not always of one length.
        for _ in 0..8 {
            let page = fetch(&curl, &root, port).await;
            assert_eq!(page.stdout, b"signed\n", "{}", text(&page));
        }
        let said = text(&handshake(&openssl, &root, port).await);
        let is_named = |signature: &&str| said.contains(&format!("Peer signature type: {signature}\n"));
        assert!(signatures.iter().any(is_named), "{said}");
        assert!(said.contains("Verification: OK"), "{said}");
    }
}

#[tokio::test]
async fn a_server_does_not_start_on_a_key_that_it_cannot_use() {
    let Some(softhsm) = SOFTHSM.for_this_test() else { return };
    let (token, house) = (Token::new(&softhsm).await, House::new());
    let certificate = token.certified(&house, "p256").await;
    let refusal = async |mut command: Command| text(&run(&mut command).await);

    let refused = refusal(token.server("other", &certificate)).await;
    assert!(refused.contains("no key is labelled \"other\""), "{refused}");
    let mut again = token.example("generate", "p256");
    again.args(["--kind", "rsa"]);
    let refused = refusal(again).await;
    assert!(refused.contains("a key is labelled \"p256\" already"), "{refused}");

    fs::write(token.path("strange.pem"), house.identity_pem()).unwrap();
    let refused = refusal(token.server("p256", &token.path("strange.pem"))).await;
    assert!(refused.contains("their public keys differ"), "{refused}");

    fs::write(token.path("pin"), "0000").unwrap();
    let refused = refusal(token.server("p256", &certificate)).await;
    assert!(refused.contains("the PIN is wrong"), "{refused}");
    fs::set_permissions(token.path("pin"), Permissions::from_mode(0o644)).unwrap();
    let refused = refusal(token.server("p256", &certificate)).await;
    assert!(refused.contains("others may use it (mode 644)"), "{refused}");
}

//! What went wrong for users of other software, and weaker settings that stay as strong as they say.

mod pair;

use std::sync::Arc;
use std::task::{Context, Waker};

use pair::{Authority, Pair};
use portunus_tls::wire::{AlertDescription, ClientHello, Decode, SignatureScheme};
use portunus_tls::{
    ClientConfig, Decision, Error, Identities, Identity, LocalKey, PeerFault, ServerConfig, Sign, SigningFailed, danger,
};

/// A key of another certificate, which does not tell its public half.
struct Impostor(LocalKey);

impl Sign for Impostor {
    fn schemes(&self) -> &[SignatureScheme] {
        self.0.schemes()
    }

    fn sign<'a>(&'a self, scheme: SignatureScheme, message: &'a [u8]) -> Decision<'a, Result<Vec<u8>, SigningFailed>> {
        self.0.sign(scheme, message)
    }
}

/// The proof of the key and of the handshake is demanded whatever is thought of the certificate.
#[test]
fn who_accepts_any_certificate_still_demands_its_key() {
    let (authority, stranger) = (Authority::new(), Authority::named("Nobody's"));
    let client = ClientConfig::new(Arc::new(danger::AcceptAnyCertificate));
    Pair::named("another.test", &client, &stranger.server())
        .run()
        .connected();

    let shown = authority.issue(&["localhost"], &rcgen::PKCS_ECDSA_P256_SHA256);
    let key = rcgen::KeyPair::generate().unwrap();
    let key = LocalKey::from_der(key.serialized_der()).unwrap();
    let impostor = Identity::with_signer(shown.chain().to_vec(), Arc::new(Impostor(key))).unwrap();
    let server = ServerConfig::new(Arc::new(Identities::new(vec![Arc::new(impostor)])));
    let outcome = Pair::new(&client, &server).run();
    let error = outcome.client.unwrap_err();
    assert!(matches!(error, Error::Peer(PeerFault::BadSignature)), "{error:?}");
    assert!(matches!(outcome.server, Err(Error::Alert(told)) if told.description == AlertDescription::DECRYPT_ERROR));
}

/// A client that refuses our certificate may say so before it has keys, and the server hears what it said.
#[test]
fn a_client_may_refuse_the_certificate_in_plaintext() {
    let authority = Authority::new();
    let mut pair = Pair::new(&authority.client(), &authority.server());
    let mut flights = 0;
    pair.to_server = Box::new(move |bytes| {
        flights += 1;
        vec![if flights == 1 {
            bytes
        } else {
            vec![21, 3, 3, 0, 2, 2, 48]
        }]
    });
    let error = pair.run().server.unwrap_err();
    assert!(
        matches!(&error, Error::Alert(alert) if alert.description == AlertDescription::UNKNOWN_CA),
        "{error:?}"
    );
}

/// RFC 8701 section 3.1: a client says what nobody knows, each time something else.
#[test]
fn a_hello_has_values_that_mean_nothing() {
    let authority = Authority::new();
    let mut seen = Vec::new();
    for _ in 0..32 {
        let mut client = Pair::new(&authority.client(), &authority.server()).client;
        client.poll(&mut Context::from_waker(Waker::noop())).unwrap();
        let mut record = Vec::new();
        let _ = client.send_with(|bytes| {
            record.extend_from_slice(bytes);
            Ok::<_, ()>(bytes.len())
        });
        let hello = ClientHello::read(&record[9..]).unwrap();
        let suite = hello.cipher_suites.iter().find(|suite| suite.is_grease()).unwrap();
        let group = hello.extensions.supported_groups.unwrap().iter().next().unwrap();
        let share = hello.extensions.key_share.unwrap().iter().next().unwrap();
        let mut versions = hello.extensions.supported_versions.unwrap().iter();
        assert!(group.is_grease() && share.group == group, "{group} {}", share.group);
        assert!(versions.any(|version| version.is_grease()));
        seen.push(suite.0);
    }
    seen.sort_unstable();
    seen.dedup();
    assert!(seen.len() > 1, "always {seen:x?}");
}

//! RSA key transport of TLS 1.2: where it is allowed, when it is chosen, and that nobody learns from it what a ciphertext holds.
#![cfg(feature = "tls12")]

mod forge;
mod pair;

use std::future::poll_fn;
use std::sync::{Arc, LazyLock, Mutex};
use std::task::Poll;

use forge::tls12::{flight, message};
use forge::{ALERT, CHANGE_CIPHER_SPEC, assert_fault, client_hello, records, refused};
use num_bigint::BigUint;
use pair::{Authority, NOW, Outcome, Pair, bytewise, exchange};
use portunus_tls::wire::tls12::{Certificate, CertificateEntry, EncryptedPreliminarySecret, ServerKeyExchange};
use portunus_tls::wire::{
    AlertDescription, CipherSuite, HandshakeType, NamedGroup, ProtocolVersion, Sequence, SignatureScheme,
    handshake_message,
};
use portunus_tls::{
    ClientConfig, Decision, Decrypt, DecryptingFailed, Error, Identities, Identity, LocalKey, PathVerifier, PeerFault,
    Policy, ServerConfig, SessionMemory, Sign, SigningFailed, Tickets,
};
use portunus_x509::Policy as PathPolicy;
use rcgen::{KeyPair, KeyUsagePurpose};

const SUITES: [CipherSuite; 2] = [
    CipherSuite::TLS_RSA_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_RSA_WITH_AES_256_GCM_SHA384,
];
const BOTH: [KeyUsagePurpose; 2] = [KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];

/// Making one takes a while.
static KEY: LazyLock<KeyPair> = LazyLock::new(|| KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap());

fn local_key() -> LocalKey {
    LocalKey::from_der(KEY.serialized_der()).unwrap()
}

fn allowed() -> Policy {
    Policy::modern().allow_rsa_key_transport_without_forward_secrecy()
}

/// Key transport alone.
fn forced() -> Policy {
    allowed().with_cipher_suites(&SUITES).unwrap()
}

fn server_of(identities: Vec<Identity>) -> ServerConfig {
    ServerConfig::new(Arc::new(Identities::new(
        identities.into_iter().map(Arc::new).collect(),
    )))
    .with_policy(allowed())
}

fn server_for(authority: &Authority, usages: &[KeyUsagePurpose]) -> ServerConfig {
    let chain = authority.certify_for(&["localhost"], &KEY, usages);
    server_of(vec![Identity::new(chain, local_key()).unwrap()])
}

fn sides(authority: &Authority) -> (ClientConfig, ServerConfig) {
    (authority.client().with_policy(forced()), server_for(authority, &BOTH))
}

fn suite_of(outcome: Outcome) -> CipherSuite {
    let (client, server) = outcome.connected();
    assert_eq!(client.info().cipher_suite, server.info().cipher_suite);
    client.info().cipher_suite
}

#[test]
fn each_suite_connects_with_a_secret_under_the_servers_key() {
    let authority = Authority::new();
    let identity = Arc::new(authority.issue(&["client.test"], &rcgen::PKCS_ECDSA_P256_SHA256));
    let verifier = Arc::new(PathVerifier::clients(authority.anchors(), PathPolicy::rfc5280()));
    for suite in SUITES {
        let (client, server) = sides(&authority);
        let client = client.with_policy(forced().with_cipher_suites(&[suite]).unwrap());
        let mutual = (
            (client.clone()).with_identity(Arc::new(Identities::new(vec![identity.clone()]))),
            server.clone().with_required_client_certificates(verifier.clone()),
        );
        for (client, server) in [(client, server), mutual] {
            let mut pair = Pair::new(&client, &server);
            (pair.to_client, pair.to_server) = (bytewise(), bytewise());
            let (mut client, mut server) = pair.run().connected();
            for info in [client.info(), server.info()] {
                assert_eq!((info.version, info.cipher_suite), (ProtocolVersion::TLS1_2, suite));
                assert!(info.group.is_none() && info.signature_scheme.is_none() && info.extended_main_secret);
            }
            client.write(b"ping").unwrap();
            server.write(b"pong").unwrap();
            let read = exchange(&mut client, &mut server).unwrap();
            assert_eq!(read, (b"pong".to_vec(), b"ping".to_vec()));
        }
    }
}

#[test]
fn a_session_of_it_goes_on() {
    let authority = Authority::new();
    let (client, server) = sides(&authority);
    let client = client.with_sessions(Arc::new(SessionMemory::default()));
    let server = server.with_tickets(Arc::new(Tickets::new(NOW).unwrap()));
    for resumed in [false, true, true] {
        let (client, server) = Pair::new(&client, &server).run().connected();
        assert_eq!((client.info().resumed, server.info().resumed), (resumed, resumed));
        assert_eq!(client.info().cipher_suite, SUITES[0]);
    }
    // Not where it is no longer allowed.
    let outcome = Pair::new(&client, &server.with_policy(Policy::modern())).run();
    assert!(matches!(
        outcome.server,
        Err(Error::Peer(PeerFault::NoCommonCipherSuite))
    ));
}

#[test]
fn a_side_that_does_not_allow_it_refuses_it() {
    let authority = Authority::new();
    let (client, server) = sides(&authority);
    for policy in [Policy::modern(), Policy::compatible()] {
        let Outcome { client, server, .. } = Pair::new(&client, &server.clone().with_policy(policy)).run();
        let fault = refused(server, client, AlertDescription::HANDSHAKE_FAILURE, "a server");
        assert_fault(&fault, PeerFault::NoCommonCipherSuite, "a server");
    }
    // A server that chooses it unasked.
    let mut pair = Pair::new(&authority.client(), &server.with_policy(forced()));
    pair.to_server = client_hello(0, |hello| {
        hello.cipher_suites = Sequence::from(&SUITES);
        hello.extensions.supported_versions = None;
    });
    let Outcome { client, server, .. } = pair.run();
    let fault = refused(client, server, AlertDescription::ILLEGAL_PARAMETER, "a client");
    assert_fault(&fault, PeerFault::CipherSuiteNotOffered, "a client");
}

#[test]
fn it_is_chosen_last_of_all() {
    let authority = Authority::new();
    let server = server_for(&authority, &BOTH);
    let tls12 = allowed().with_versions(&[ProtocolVersion::TLS1_2]).unwrap();
    let suite = |client: Policy, server: &ServerConfig| {
        suite_of(Pair::new(&authority.client().with_policy(client), server).run())
    };
    assert_eq!(suite(allowed(), &server), CipherSuite::TLS_AES_128_GCM_SHA256);
    assert_eq!(
        suite(tls12.clone(), &server),
        CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
    );
    // Nor does a list in another order bring it about.
    let reversed: Vec<_> = tls12.cipher_suites().iter().rev().copied().collect();
    let reversed = tls12.clone().with_cipher_suites(&reversed).unwrap();
    let suites = suite(reversed.clone(), &server.clone().with_policy(reversed));
    assert!(!SUITES.contains(&suites));
    // No group, and no scheme, that both have.
    let groups = |group| tls12.clone().with_groups(&[group]).unwrap();
    let other = server.clone().with_policy(groups(NamedGroup::SECP384R1));
    assert_eq!(suite(groups(NamedGroup::X25519), &other), SUITES[0]);
    let schemes = |scheme| tls12.clone().with_signature_schemes(&[scheme]).unwrap();
    assert_eq!(suite(schemes(SignatureScheme::ED25519), &server), SUITES[0]);
}

#[test]
fn an_identity_that_signs_goes_before_one_that_decrypts() {
    let authority = Authority::new();
    let rsa = || Identity::new(authority.certify_for(&["localhost"], &KEY, &BOTH), local_key()).unwrap();
    let ecdsa = || authority.issue(&["localhost"], &rcgen::PKCS_ECDSA_P256_SHA256);
    let suites = [CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, SUITES[0]];
    let client = authority
        .client()
        .with_policy(allowed().with_cipher_suites(&suites).unwrap());
    let server = server_of(vec![rsa(), ecdsa()]);
    assert_eq!(suite_of(Pair::new(&client, &server).run()), suites[0]);
    // The chooser does not see what the policy does not have.
    let server = server.with_policy(Policy::modern());
    assert_eq!(suite_of(Pair::new(&client, &server).run()), suites[0]);
    // One that signs is none where there is no suite, or no group, for it.
    let both = server_of(vec![ecdsa(), rsa()]);
    let client = authority.client().with_policy(forced());
    assert_eq!(suite_of(Pair::new(&client, &both).run()), SUITES[0]);
    let tls12 = allowed().with_versions(&[ProtocolVersion::TLS1_2]).unwrap();
    let groups = |group| tls12.clone().with_groups(&[group, NamedGroup::SECP256R1]).unwrap();
    let client = authority.client().with_policy(groups(NamedGroup::X25519));
    let other = both.with_policy(tls12.clone().with_groups(&[NamedGroup::SECP384R1]).unwrap());
    assert_eq!(suite_of(Pair::new(&client, &other).run()), SUITES[0]);
}

/// RFC 5246 section 7.4.2: an RSA key, whose certificate lets it encrypt.
#[test]
fn a_key_that_may_not_decrypt_does_not() {
    let authority = Authority::new();
    let (client, server) = sides(&authority);
    let signs = server_for(&authority, &[KeyUsagePurpose::DigitalSignature]);
    let ecdsa = authority.server().with_policy(allowed());
    for (server, what) in [(signs, "a key to sign with"), (ecdsa, "an ECDSA key")] {
        let Outcome { client, server, .. } = Pair::new(&client, &server).run();
        let fault = refused(server, client, AlertDescription::HANDSHAKE_FAILURE, what);
        assert_fault(&fault, PeerFault::NoCipherSuiteForKey, what);
    }
    for (chain, fault, what) in [
        (
            authority.certify(&["localhost"], &KEY),
            PeerFault::KeyUsageEncipherment,
            "a key to sign with",
        ),
        (
            authority
                .issue(&["localhost"], &rcgen::PKCS_ECDSA_P256_SHA256)
                .chain()
                .to_vec(),
            PeerFault::CertificateWrongForSuite,
            "an ECDSA key",
        ),
    ] {
        let mut pair = Pair::new(&client, &server);
        pair.to_client = message(HandshakeType::CERTIFICATE, move |message| {
            let entries = [CertificateEntry(&chain[0])];
            let shown = Certificate {
                certificate_list: Sequence::from(&entries[..]),
            };
            *message = handshake_message(HandshakeType::CERTIFICATE, &shown).unwrap();
        });
        let Outcome { client, server, .. } = pair.run();
        let found = refused(client, server, AlertDescription::ILLEGAL_PARAMETER, what);
        assert_fault(&found, fault, what);
    }
}

/// RFC 9113 section 9.2.2: such a suite is one that HTTP/2's peers may refuse.
#[test]
fn http_2_is_not_spoken_under_it() {
    let authority = Authority::new();
    let (client, server) = sides(&authority);
    let client = client.with_application_protocols(&[b"h2", b"http/1.1"]);
    let client = client.with_sessions(Arc::new(SessionMemory::default()));
    let server = server.with_tickets(Arc::new(Tickets::new(NOW).unwrap()));
    let both = server.clone().with_application_protocols(&[b"h2", b"http/1.1"]);
    for resumed in [false, true] {
        let (client, _) = Pair::new(&client, &both).run().connected();
        assert_eq!(client.info().application_protocol.as_deref(), Some(&b"http/1.1"[..]));
        assert_eq!(client.info().resumed, resumed);
    }
    let one = server.with_application_protocols(&[b"h2"]);
    let Outcome { client, server, .. } = Pair::new(&client, &one).run();
    refused(
        server,
        client,
        AlertDescription::NO_APPLICATION_PROTOCOL,
        "HTTP/2 alone",
    );
}

/// RFC 5246 section 7.4.3: it is not legal to send one.
#[test]
fn a_server_key_exchange_has_no_place_in_it() {
    let authority = Authority::new();
    let (client, server) = sides(&authority);
    let mut pair = Pair::new(&client, &server);
    pair.to_client = flight(0, |messages| {
        let exchange = ServerKeyExchange {
            namedcurve: NamedGroup::X25519,
            point: &[9; 32],
            algorithm: SignatureScheme::RSA_PSS_RSAE_SHA256,
            signature: &[1; 256],
        };
        let exchange = handshake_message(HandshakeType::SERVER_KEY_EXCHANGE, &exchange).unwrap();
        messages.insert(2, exchange);
    });
    let Outcome { client, server, .. } = pair.run();
    refused(client, server, AlertDescription::UNEXPECTED_MESSAGE, "a key exchange");
}

/// A key somewhere else, which takes its time.
struct Remote {
    key: LocalKey,
    fails: bool,
}

impl Sign for Remote {
    fn schemes(&self) -> &[SignatureScheme] {
        self.key.schemes()
    }

    fn sign<'a>(&'a self, scheme: SignatureScheme, message: &'a [u8]) -> Decision<'a, Result<Vec<u8>, SigningFailed>> {
        self.key.sign(scheme, message)
    }

    fn decryption(&self) -> Option<&dyn Decrypt> {
        Some(self)
    }
}

impl Decrypt for Remote {
    fn decrypt<'a>(&'a self, ciphertext: &'a [u8], block: &'a mut [u8]) -> Decision<'a, Result<(), DecryptingFailed>> {
        Decision::later(async move {
            let mut polls = 0;
            poll_fn(|context| {
                polls += 1;
                context.waker().wake_by_ref();
                if polls < 3 { Poll::Pending } else { Poll::Ready(()) }
            })
            .await;
            self.key.decrypt(ciphertext, block).await?;
            if self.fails {
                let reason = "the module is gone".to_owned();
                return Err(DecryptingFailed { reason });
            }
            Ok(())
        })
    }
}

#[test]
fn a_remote_key_decrypts_later() {
    let authority = Authority::new();
    let client = authority.client().with_policy(forced());
    for fails in [false, true] {
        let chain = authority.certify_for(&["localhost"], &KEY, &BOTH);
        let key = Arc::new(Remote {
            key: local_key(),
            fails,
        });
        let server = server_of(vec![Identity::with_signer(chain, key).unwrap()]);
        let mut pair = Pair::new(&client, &server);
        // Each byte polls the server once more.
        pair.to_server = bytewise();
        let Outcome { client, server, .. } = pair.run();
        if fails {
            refused(server, client, AlertDescription::BAD_RECORD_MAC, "no key");
        } else {
            assert!(client.is_ok() && server.is_ok());
        }
    }
}

/// The blocks that scanners for Bleichenbacher's attack try (ROBOT), and some more, for a modulus of 256 bytes.
fn probes() -> Vec<(&'static str, Vec<u8>)> {
    let padded = |string: usize, content: &[u8]| {
        let mut block = vec![0, 2];
        block.resize(2 + string, 0x5a);
        block.push(0);
        block.extend_from_slice(content);
        block.resize(256, 0x77);
        block
    };
    let secret = |version: [u8; 2]| [&version[..], &[0x33; 46]].concat();
    let right = || padded(205, &secret([3, 3]));
    let changed = |place: usize, byte: u8| {
        let mut block = right();
        block[place] = byte;
        block
    };
    let no_zero = [&[0, 2][..], &[0x5a; 254]].concat();
    vec![
        ("right", right()),
        ("of the wrong type", changed(1, 1)),
        ("without a zero in front", changed(0, 0x41)),
        ("of another first two bytes", [&[0x41, 0x17], &right()[2..]].concat()),
        ("with a zero among the first of the padding", changed(5, 0)),
        ("with a zero among the last of the padding", changed(206, 0)),
        ("without a zero behind the padding", no_zero),
        ("with the zero at the end", padded(253, &[])),
        ("with a secret that is too short", padded(206, &secret([3, 3])[..47])),
        (
            "with a secret that is too long",
            padded(204, &[&secret([3, 3])[..], &[0]].concat()),
        ),
        ("of the version that comes next", padded(205, &secret([3, 4]))),
        ("of an older version", padded(205, &secret([3, 1]))),
        ("of a version that is none", padded(205, &secret([2, 2]))),
        ("of zeros", vec![0; 256]),
    ]
}

/// `block ^ e mod n` for the certificate's key.
fn encrypted(block: &[u8]) -> Vec<u8> {
    let der = rcgen::PublicKeyData::der_bytes(&*KEY);
    // SEQUENCE, of some 260 bytes, of the INTEGERs n, of 256 bytes behind a zero, and e.
    let modulus = BigUint::from_bytes_be(&der[9..265]);
    let mut out = BigUint::from_bytes_be(block)
        .modpow(&BigUint::from(65537_u32), &modulus)
        .to_bytes_be();
    out.splice(0..0, vec![0; 256 - out.len()]);
    out
}

/// What a server says to a ciphertext, and in which order what happened to it.
#[derive(Debug, PartialEq)]
struct Answer {
    bytes: Vec<u8>,
    story: Vec<String>,
    error: Option<String>,
}

/// Puts this ciphertext in the place of the client's, with all that comes behind it or without.
fn answer(sides: &(ClientConfig, ServerConfig), ciphertext: Vec<u8>, goes_on: bool) -> Answer {
    let mut pair = Pair::new(&sides.0, &sides.1);
    let mut exchange = message(HandshakeType::CLIENT_KEY_EXCHANGE, move |message| {
        let exchange = EncryptedPreliminarySecret {
            preliminary_secret: &ciphertext,
        };
        *message = handshake_message(HandshakeType::CLIENT_KEY_EXCHANGE, &exchange).unwrap();
    });
    pair.to_server = Box::new(move |bytes| {
        let records = records(&bytes);
        let Some(place) = records.iter().position(|record| record[0] == CHANGE_CIPHER_SPEC) else {
            return vec![bytes];
        };
        let (before, ending) = records.split_at(place);
        let ending = if goes_on { ending.concat() } else { Vec::new() };
        vec![[exchange(before.concat()).concat(), ending].concat()]
    });
    let said = Arc::new(Mutex::new(Vec::new()));
    let heard = said.clone();
    pair.to_client = Box::new(move |bytes: Vec<u8>| {
        heard.lock().unwrap().push(bytes.clone());
        vec![bytes]
    });
    let outcome = pair.run();
    let story = outcome.server_story.0.lock().unwrap().clone();
    let flights = said.lock().unwrap();
    Answer {
        // The first holds a random.
        bytes: flights[1..].concat(),
        story,
        error: outcome.server.err().map(|error| format!("{error:?}")),
    }
}

/// RFC 5246 section 7.4.7.1: nothing that a server does tells what a ciphertext held.
#[test]
fn every_ciphertext_is_answered_alike() {
    let authority = Authority::new();
    let sides = sides(&authority);
    let fatal = [ALERT, 3, 3, 0, 2, 2, AlertDescription::BAD_RECORD_MAC.0];
    for goes_on in [true, false] {
        let mut ciphertexts: Vec<_> = probes()
            .into_iter()
            .map(|(what, block)| (what, encrypted(&block)))
            .collect();
        ciphertexts.push(("not below the modulus", vec![0xff; 256]));
        ciphertexts.push(("of no bytes", Vec::new()));
        ciphertexts.push(("of one byte", vec![1]));
        ciphertexts.push(("a byte too short", encrypted(&probes()[0].1)[1..].to_vec()));
        ciphertexts.push(("a byte too long", [&encrypted(&probes()[0].1)[..], &[0]].concat()));
        let first = answer(&sides, ciphertexts[0].1.clone(), goes_on);
        // What comes of a wrong Finished, which the right one of probes has as well.
        assert_eq!(first.bytes, if goes_on { &fatal[..] } else { &[] });
        assert!(first.story.iter().any(|note| note == "KeyTransported"));
        for (what, ciphertext) in ciphertexts.drain(1..) {
            let again = answer(&sides, ciphertext, goes_on);
            assert_eq!(again, first, "{what}");
        }
    }
}

/// The client's way to encrypt, and the probes', are what the server reads.
#[test]
fn a_probe_that_is_right_is_read() {
    let mut block = vec![0; 256];
    let done = local_key().decryption().map(|key| {
        let ciphertext = encrypted(&probes()[0].1);
        let mut decision = key.decrypt(&ciphertext, &mut block);
        let waker = std::task::Waker::noop();
        std::pin::Pin::new(&mut decision).poll(&mut std::task::Context::from_waker(waker))
    });
    assert!(matches!(done, Some(Poll::Ready(Ok(())))));
    assert_eq!(block, probes()[0].1);
}

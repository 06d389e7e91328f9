//! A client is asked for its certificate after the handshake (RFC 9846 section 4.7.2).

mod early;
mod forge;
mod pair;

use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use forge::{APPLICATION_DATA, HANDSHAKE, Sealer, Secrets, assert_fault, messages, records};
use pair::{Authority, Pair, exchange, received, sent};
use portunus_tls::wire::{
    AlertDescription, Certificate, CertificateEntry, CertificateRequest, CertificateVerify, Decode, ExtensionType,
    Finished, HandshakeType, OidFilter, Sequence, SignatureScheme, UnknownExtension, handshake_message,
};
use portunus_tls::{
    CertificateFault, ClientConfig, Connection, Decision, Error, Identities, Identity, Limit, LocalKey, Misuse,
    PathVerifier, PeerFault, Presented, ServerConfig, Sign, SigningFailed, Verified, VerifyPeer, limits,
};
use portunus_x509::Policy as PathPolicy;

fn verifier(authority: &Authority) -> Arc<dyn VerifyPeer> {
    Arc::new(PathVerifier::clients(authority.anchors(), PathPolicy::rfc5280()))
}

fn identity(authority: &Authority) -> Identity {
    authority.issue(&["client.test"], &rcgen::PKCS_ECDSA_P256_SHA256)
}

/// A client that may be asked, and has something to show.
fn asked_client(authority: &Authority) -> ClientConfig {
    let identity = Arc::new(identity(authority));
    authority
        .client()
        .with_identity(Arc::new(Identities::new(vec![identity])))
        .with_post_handshake_authentication()
}

fn connected(client: &ClientConfig, server: &ServerConfig) -> (Connection, Connection) {
    Pair::new(client, server).run().connected()
}

/// Moves what each has for the other, and a byte of data each way.
fn talk(client: &mut Connection, server: &mut Connection) {
    client.write(b"u").unwrap();
    server.write(b"d").unwrap();
    let (at_client, at_server) = exchange(client, server).unwrap();
    assert_eq!((&at_client[..], &at_server[..]), (&b"d"[..], &b"u"[..]));
}

#[test]
fn a_client_shows_its_certificate_when_it_is_asked() {
    let authority = Authority::new();
    let (mut client, mut server) = connected(&asked_client(&authority), &authority.server());
    assert!(server.info().client_chain.is_empty());
    let number = server.request_certificate(verifier(&authority)).unwrap();
    assert_eq!(server.client_answer(), None);
    talk(&mut client, &mut server);
    let answer = server.client_answer().unwrap();
    assert_eq!((answer.request, answer.chain.len()), (number, 1));
    assert_eq!(answer.signature_scheme, Some(SignatureScheme::ECDSA_SECP256R1_SHA256));
    for side in [&client, &server] {
        assert_eq!(side.info().client_chain, answer.chain);
        assert_eq!(side.info().client_signature_scheme, answer.signature_scheme);
    }
    assert_eq!(server.client_answer(), None);
    assert!(!server.wants_decision() && !client.wants_decision());
    talk(&mut client, &mut server);
}

#[test]
fn a_client_without_a_certificate_says_so_and_goes_on() {
    let authority = Authority::new();
    let client = authority.client().with_post_handshake_authentication();
    let (mut client, mut server) = connected(&client, &authority.server());
    server.request_certificate(verifier(&authority)).unwrap();
    talk(&mut client, &mut server);
    let answer = server.client_answer().unwrap();
    assert!(answer.chain.is_empty() && answer.signature_scheme.is_none());
    assert!(server.info().client_chain.is_empty());
}

#[test]
fn several_requests_have_an_answer_each_across_changes_of_keys_and_in_resumed_sessions() {
    let authority = Authority::new();
    let (resuming, server) = authority.resuming();
    let identities = Arc::new(Identities::new(vec![Arc::new(identity(&authority))]));
    let client = resuming.with_identity(identities).with_post_handshake_authentication();
    for resumed in [false, true] {
        let (mut client, mut server) = connected(&client, &server);
        received(&mut client, &sent(&mut server)).unwrap();
        assert_eq!(client.info().resumed, resumed);
        for number in 0..3 {
            assert_eq!(server.request_certificate(verifier(&authority)).unwrap(), number);
            client.update_keys(number == 1).unwrap();
            server.update_keys(number == 2).unwrap();
        }
        talk(&mut client, &mut server);
        for number in 0..3 {
            let answer = server.client_answer().unwrap();
            assert_eq!((answer.request, answer.chain.len()), (number, 1));
        }
        talk(&mut client, &mut server);
    }
}

#[test]
fn an_answer_keeps_to_the_limit_of_records() {
    let authority = Authority::new();
    let client = asked_client(&authority).with_record_size_limit(64).unwrap();
    let server = authority.server().with_record_size_limit(64).unwrap();
    let (mut client, mut server) = connected(&client, &server);
    server.request_certificate(verifier(&authority)).unwrap();
    talk(&mut client, &mut server);
    assert_eq!(server.client_answer().unwrap().chain.len(), 1);
}

#[test]
fn whoever_did_not_offer_it_is_not_asked() {
    let authority = Authority::new();
    let cannot = |connection: &mut Connection| {
        let error = connection.request_certificate(verifier(&authority)).unwrap_err();
        assert!(matches!(error, Error::Misuse(Misuse::NoPostHandshakeAuthentication)));
    };
    let (mut client, mut server) = connected(&authority.client(), &authority.server());
    cannot(&mut server);
    cannot(&mut client);
    talk(&mut client, &mut server);
    #[cfg(feature = "tls12")]
    {
        let policy = portunus_tls::Policy::modern();
        let policy = policy
            .with_versions(&[portunus_tls::wire::ProtocolVersion::TLS1_2])
            .unwrap();
        let server = authority.server().with_policy(policy);
        let (mut client, mut server) = connected(&asked_client(&authority), &server);
        cannot(&mut server);
        talk(&mut client, &mut server);
    }
    let (mut client, mut server) = connected(&asked_client(&authority), &authority.server());
    cannot(&mut client);
    server.close();
    let error = server.request_certificate(verifier(&authority)).unwrap_err();
    assert!(matches!(error, Error::Misuse(Misuse::WriteAfterClose)));
}

#[test]
fn a_server_waits_for_so_many_answers_and_no_more() {
    let authority = Authority::new();
    let (mut client, mut server) = connected(&asked_client(&authority), &authority.server());
    for _ in 0..limits::MAX_CERTIFICATE_REQUESTS {
        server.request_certificate(verifier(&authority)).unwrap();
    }
    let error = server.request_certificate(verifier(&authority)).unwrap_err();
    assert!(matches!(error, Error::Misuse(Misuse::TooManyCertificateRequests)));
    talk(&mut client, &mut server);
    while server.client_answer().is_some() {}
    // The client counts as well.
    server.request_certificate(verifier(&authority)).unwrap();
    let error = received(&mut client, &sent(&mut server)).unwrap_err();
    assert!(matches!(error, Error::Limit(Limit::CertificateRequests)), "{error}");
}

/// Opens when it is told to.
#[derive(Default)]
struct Gate(Mutex<(bool, Option<Waker>)>);

impl Gate {
    async fn passed(&self) {
        poll_fn(|context| {
            let mut gate = self.0.lock().unwrap();
            gate.1 = Some(context.waker().clone());
            if gate.0 { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    fn open(&self) {
        let mut gate = self.0.lock().unwrap();
        gate.0 = true;
        if let Some(waker) = gate.1.take() {
            waker.wake();
        }
    }
}

struct SlowKey(LocalKey, Arc<Gate>);

impl Sign for SlowKey {
    fn schemes(&self) -> &[SignatureScheme] {
        self.0.schemes()
    }

    fn sign<'a>(&'a self, scheme: SignatureScheme, message: &'a [u8]) -> Decision<'a, Result<Vec<u8>, SigningFailed>> {
        Decision::later(async move {
            self.1.passed().await;
            self.0.sign(scheme, message).await
        })
    }
}

struct SlowVerifier(Arc<dyn VerifyPeer>, Arc<Gate>);

impl VerifyPeer for SlowVerifier {
    fn verify<'a>(&'a self, presented: Presented<'a>) -> Decision<'a, Result<Verified, CertificateFault>> {
        Decision::later(async move {
            self.1.passed().await;
            self.0.verify(presented).await
        })
    }

    fn trust(&self) -> [u8; 32] {
        self.0.trust()
    }
}

fn noop() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

#[test]
fn a_slow_key_and_a_slow_verifier_hold_nothing_up() {
    let authority = Authority::new();
    let (signing, judging) = (Arc::new(Gate::default()), Arc::new(Gate::default()));
    let key = rcgen::KeyPair::generate().unwrap();
    let chain = authority.certify(&["client.test"], &key);
    let key = SlowKey(LocalKey::from_der(key.serialized_der()).unwrap(), signing.clone());
    let identity = Arc::new(Identity::with_signer(chain, Arc::new(key)).unwrap());
    let client = asked_client(&authority).with_identity(Arc::new(Identities::new(vec![identity])));
    let (mut client, mut server) = connected(&client, &authority.server());
    let slow = || Arc::new(SlowVerifier(verifier(&authority), judging.clone()));
    server.request_certificate(slow()).unwrap();
    server.request_certificate(slow()).unwrap();
    for _ in 0..2 {
        talk(&mut client, &mut server);
        client.update_keys(false).unwrap();
    }
    assert!(client.wants_decision() && client.poll_decision(&mut noop()).is_pending());
    assert!(!server.wants_decision());
    signing.open();
    assert!(matches!(client.poll_decision(&mut noop()), Poll::Ready(Ok(()))));
    assert!(!client.wants_decision());
    talk(&mut client, &mut server);
    assert!(server.wants_decision() && server.poll_decision(&mut noop()).is_pending());
    assert_eq!(server.client_answer(), None);
    assert!(server.info().client_chain.is_empty());
    talk(&mut client, &mut server);
    judging.open();
    assert!(matches!(server.poll_decision(&mut noop()), Poll::Ready(Ok(()))));
    for number in 0..2 {
        assert_eq!(server.client_answer().unwrap().request, number);
    }
    assert_eq!(server.info().client_chain, client.info().client_chain);
}

#[test]
fn a_client_that_closed_answers_no_more() {
    let authority = Authority::new();
    let (mut client, mut server) = connected(&asked_client(&authority), &authority.server());
    server.request_certificate(verifier(&authority)).unwrap();
    client.close();
    let closing = sent(&mut client);
    received(&mut client, &sent(&mut server)).unwrap();
    assert!(sent(&mut client).is_empty());
    assert!(received(&mut server, &closing).unwrap().1);
    assert_eq!(server.client_answer(), None);
}

#[test]
fn a_certificate_that_is_refused_ends_the_connection() {
    let (authority, stranger) = (Authority::new(), Authority::named("Stranger"));
    let (mut client, mut server) = connected(&asked_client(&authority), &authority.server());
    server.request_certificate(verifier(&stranger)).unwrap();
    received(&mut client, &sent(&mut server)).unwrap();
    let error = received(&mut server, &sent(&mut client)).unwrap_err();
    assert!(matches!(error, Error::Certificate(_)), "{error}");
    assert!(server.info().client_chain.is_empty());
    let told = received(&mut client, &sent(&mut server)).unwrap_err();
    assert!(matches!(told, Error::Alert(told) if Some(told.description) == error.alert()));
    assert!(matches!(server.poll_decision(&mut noop()), Poll::Ready(Err(_))));
}

/// A connection, and what opens and seals as its client or its server does.
struct Forged {
    client: Connection,
    server: Connection,
    as_client: Sealer,
    as_server: Sealer,
}

fn forged(client: &ClientConfig, authority: &Authority) -> Forged {
    let secrets = Arc::new(Secrets::default());
    let server = authority.server().with_key_log(secrets.clone());
    let (client, server) = connected(client, &server);
    Forged {
        client,
        server,
        as_client: secrets.sealer("CLIENT_TRAFFIC_SECRET_0"),
        as_server: secrets.sealer("SERVER_TRAFFIC_SECRET_0"),
    }
}

/// Gives the server what `forge` makes of the client's answer (Certificate, CertificateVerify, Finished) in its place; gives why it was refused.
fn refused_answer(forge: impl FnOnce(Vec<Vec<u8>>, &mut Sealer) -> Vec<u8>, what: &str) -> Error {
    let authority = Authority::new();
    let mut on = forged(&asked_client(&authority), &authority);
    on.server.request_certificate(verifier(&authority)).unwrap();
    received(&mut on.client, &sent(&mut on.server)).unwrap();
    let answer = records(&sent(&mut on.client));
    let mut opener = Sealer::new(&on.as_client.secret);
    let answer: Vec<u8> = answer.iter().flat_map(|record| opener.open(record)).collect();
    let error = received(&mut on.server, &forge(messages(&answer), &mut on.as_client)).expect_err(what);
    let told = received(&mut on.client, &sent(&mut on.server));
    assert!(
        matches!(told, Err(Error::Alert(told)) if Some(told.description) == error.alert()),
        "{what}: {told:?}"
    );
    assert!(on.server.info().client_chain.is_empty());
    error
}

fn certificate(message: &[u8], context: Option<&[u8]>, extensions: &[UnknownExtension<'_>]) -> Vec<u8> {
    let certificate = Certificate::read(&message[4..]).unwrap();
    let entries = [CertificateEntry {
        cert_data: certificate.certificate_list.iter().next().unwrap().cert_data,
        extensions: Sequence::from(extensions),
    }];
    let certificate = Certificate {
        certificate_request_context: context.unwrap_or(certificate.certificate_request_context),
        certificate_list: Sequence::from(&entries),
    };
    handshake_message(HandshakeType::CERTIFICATE, &certificate).unwrap()
}

const KEY_UPDATE: [u8; 5] = [HandshakeType::KEY_UPDATE.0, 0, 0, 1, 0];

#[test]
fn an_answer_that_breaks_a_rule() {
    type Forge = fn(Vec<Vec<u8>>, &mut Sealer) -> Vec<u8>;
    const STATUS: UnknownExtension<'_> = UnknownExtension {
        extension_type: ExtensionType::STATUS_REQUEST,
        extension_data: &[1, 0, 0, 1, 0],
    };
    let cases: [(&str, PeerFault, Forge); 8] = [
        (
            "a context of no request",
            PeerFault::RequestContextUnknown,
            |flight, sealer| sealer.seal(HANDSHAKE, &certificate(&flight[0], Some(&[7; 20]), &[])),
        ),
        ("no context", PeerFault::RequestContextUnknown, |flight, sealer| {
            sealer.seal(HANDSHAKE, &certificate(&flight[0], Some(&[]), &[]))
        }),
        ("an extension", PeerFault::UnsolicitedExtension, |flight, sealer| {
            sealer.seal(HANDSHAKE, &certificate(&flight[0], None, &[STATUS]))
        }),
        ("another scheme", PeerFault::SchemeNotOffered, |flight, sealer| {
            let proof = CertificateVerify {
                algorithm: SignatureScheme(0x0201),
                ..CertificateVerify::read(&flight[1][4..]).unwrap()
            };
            let proof = handshake_message(HandshakeType::CERTIFICATE_VERIFY, &proof).unwrap();
            sealer.seal(HANDSHAKE, &[&flight[0][..], &proof].concat())
        }),
        ("another signature", PeerFault::BadSignature, |mut flight, sealer| {
            *flight[1].last_mut().unwrap() ^= 1;
            sealer.seal(HANDSHAKE, &flight.concat())
        }),
        ("another Finished", PeerFault::BadFinished, |mut flight, sealer| {
            *flight[2].last_mut().unwrap() ^= 1;
            sealer.seal(HANDSHAKE, &flight.concat())
        }),
        ("a short Finished", PeerFault::FinishedLength, |flight, sealer| {
            let short = Finished { verify_data: &[7; 31] };
            let short = handshake_message(HandshakeType::FINISHED, &short).unwrap();
            sealer.seal(HANDSHAKE, &[&flight[..2].concat()[..], &short].concat())
        }),
        ("the answer of nobody", PeerFault::BadFinished, |flight, sealer| {
            // Declined, but with the Finished of the other answer.
            let certificate = Certificate::read(&flight[0][4..]).unwrap();
            let none = Certificate {
                certificate_list: Sequence::default(),
                ..certificate
            };
            let none = handshake_message(HandshakeType::CERTIFICATE, &none).unwrap();
            sealer.seal(HANDSHAKE, &[&none[..], &flight[2]].concat())
        }),
    ];
    for (what, fault, forge) in cases {
        assert_fault(&refused_answer(forge, what), fault, what);
    }
}

#[test]
fn nothing_comes_between_the_messages_of_an_answer() {
    type Forge = fn(Vec<Vec<u8>>, &mut Sealer) -> Vec<u8>;
    let cases: [(&str, Forge); 7] = [
        ("data behind the Certificate", |flight, sealer| {
            let first = sealer.seal(HANDSHAKE, &flight[0]);
            [first, sealer.seal(APPLICATION_DATA, b"data")].concat()
        }),
        ("data before the Finished", |flight, sealer| {
            let first = sealer.seal(HANDSHAKE, &flight[..2].concat());
            [first, sealer.seal(APPLICATION_DATA, b"data")].concat()
        }),
        ("new keys behind the Certificate", |flight, sealer| {
            sealer.seal(HANDSHAKE, &[&flight[0][..], &KEY_UPDATE].concat())
        }),
        ("new keys before the Finished", |flight, sealer| {
            sealer.seal(HANDSHAKE, &[&flight[..2].concat()[..], &KEY_UPDATE].concat())
        }),
        ("no CertificateVerify", |flight, sealer| {
            sealer.seal(HANDSHAKE, &[&flight[0][..], &flight[2]].concat())
        }),
        ("the Certificate twice", |flight, sealer| {
            sealer.seal(HANDSHAKE, &[&flight[0][..], &flight[0]].concat())
        }),
        ("the answer twice", |flight, sealer| {
            sealer.seal(HANDSHAKE, &[flight.concat(), flight.concat()].concat())
        }),
    ];
    for (what, forge) in cases {
        let authority = Authority::new();
        let mut on = forged(&asked_client(&authority), &authority);
        on.server.request_certificate(verifier(&authority)).unwrap();
        received(&mut on.client, &sent(&mut on.server)).unwrap();
        let mut opener = Sealer::new(&on.as_client.secret);
        let answer = opener.open(&sent(&mut on.client));
        let error = received(&mut on.server, &forge(messages(&answer), &mut on.as_client)).expect_err(what);
        assert_eq!(
            error.alert(),
            Some(AlertDescription::UNEXPECTED_MESSAGE),
            "{what}: {error}"
        );
    }
}

#[test]
fn an_answer_that_nobody_asked_for() {
    let authority = Authority::new();
    for offers in [true, false] {
        let client = if offers {
            asked_client(&authority)
        } else {
            authority.client()
        };
        let mut on = forged(&client, &authority);
        let none = handshake_message(
            HandshakeType::CERTIFICATE,
            &Certificate {
                certificate_request_context: &[],
                certificate_list: Sequence::default(),
            },
        );
        let error = received(&mut on.server, &on.as_client.seal(HANDSHAKE, &none.unwrap())).unwrap_err();
        assert_eq!(error.alert(), Some(AlertDescription::UNEXPECTED_MESSAGE), "{error}");
    }
}

/// A CertificateRequest of this context, with or without signature_algorithms.
fn request(context: &[u8], schemes: Option<&[SignatureScheme]>) -> Vec<u8> {
    let request = CertificateRequest {
        certificate_request_context: context,
        signature_algorithms: schemes.map(Sequence::from),
        ..Default::default()
    };
    handshake_message(HandshakeType::CERTIFICATE_REQUEST, &request).unwrap()
}

#[test]
fn a_request_that_breaks_a_rule() {
    const P256: Option<&[SignatureScheme]> = Some(&[SignatureScheme::ECDSA_SECP256R1_SHA256]);
    let authority = Authority::new();
    let mut on = forged(&authority.client(), &authority);
    let error = received(&mut on.client, &on.as_server.seal(HANDSHAKE, &request(b"one", P256))).unwrap_err();
    assert_eq!(
        error.alert(),
        Some(AlertDescription::UNEXPECTED_MESSAGE),
        "not offered: {error}"
    );

    let asked = asked_client(&authority);
    let mut on = forged(&asked, &authority);
    let error = received(&mut on.client, &on.as_server.seal(HANDSHAKE, &request(b"one", None))).unwrap_err();
    assert_eq!(error.alert(), Some(AlertDescription::MISSING_EXTENSION));
    assert_fault(&error, PeerFault::MissingSignatureAlgorithms, "no schemes");

    let mut on = forged(&asked, &authority);
    let twice = [OidFilter {
        certificate_extension_oid: &[6, 3, 0x55, 0x1d, 0x0f],
        certificate_extension_values: &[],
    }; 2];
    let filtering = CertificateRequest {
        certificate_request_context: b"one",
        signature_algorithms: P256.map(Sequence::from),
        oid_filters: Some(Sequence::from(&twice)),
        ..Default::default()
    };
    let filtering = handshake_message(HandshakeType::CERTIFICATE_REQUEST, &filtering).unwrap();
    let error = received(&mut on.client, &on.as_server.seal(HANDSHAKE, &filtering)).unwrap_err();
    assert_eq!(error.alert(), Some(AlertDescription::ILLEGAL_PARAMETER));
    assert_fault(&error, PeerFault::OidFilters, "the same filter twice");

    let mut on = forged(&asked, &authority);
    let once = on.as_server.seal(HANDSHAKE, &request(b"one", P256));
    received(&mut on.client, &once).unwrap();
    assert!(!sent(&mut on.client).is_empty());
    let again = on.as_server.seal(HANDSHAKE, &request(b"one", P256));
    let error = received(&mut on.client, &again).unwrap_err();
    assert_eq!(error.alert(), Some(AlertDescription::ILLEGAL_PARAMETER));
    assert_fault(&error, PeerFault::RequestContextAgain, "again");

    // No key of ours signs so, and none is chosen: it is declined.
    let mut on = forged(&asked, &authority);
    let other = Some(&[SignatureScheme::ED25519][..]);
    received(&mut on.client, &on.as_server.seal(HANDSHAKE, &request(b"one", other))).unwrap();
    let answer = messages(&on.as_client.open(&sent(&mut on.client)));
    assert!(Certificate::read(&answer[0][4..]).unwrap().certificate_list.is_empty());
    assert_eq!(answer.len(), 2);
}

/// The Finished of the client is still to come: nothing may be asked before (RFC 9846 section 4.7.2).
#[test]
fn an_early_connection_asks_later() {
    let authority = Authority::new();
    let (client, server) = authority.resuming();
    let server = server.with_early_data(early::guard(), 1000);
    let identities = Arc::new(Identities::new(vec![Arc::new(identity(&authority))]));
    let client = client
        .with_identity(identities)
        .with_post_handshake_authentication()
        .with_early_data();
    let (mut first, mut from) = connected(&client, &server);
    received(&mut first, &sent(&mut from)).unwrap();
    let (mut client, mut server) = connected(&client, &server);
    assert!(server.is_early());
    let error = server.request_certificate(verifier(&authority)).unwrap_err();
    assert!(matches!(error, Error::Misuse(Misuse::HandshakeNotDone)), "{error}");
    talk(&mut client, &mut server);
    assert!(!server.is_early());
    server.request_certificate(verifier(&authority)).unwrap();
    talk(&mut client, &mut server);
    assert_eq!(server.client_answer().unwrap().chain.len(), 1);
}

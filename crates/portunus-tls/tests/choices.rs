//! What a client offers, and what either side shows and signs with.

mod pair;

use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};

use pair::{Authority, NOW, Pair, received, sent};
use portunus_tls::wire::{
    AlertDescription, CertificateCompressionAlgorithm, CertificateRequest, ClientHello, Decode, NamedGroup,
    SignatureScheme,
};
use portunus_tls::{
    CertificateFault, ChoiceFailed, ChooseClientIdentity, ChooseIdentity, ClientConfig, CompressCertificate, Decision,
    Error, Identities, Identity, NotInflated, PathVerifier, PeerFault, Policy, Presented, ServerConfig, SessionMemory,
    Stapled, Tickets, UnusableIdentity, Verified, VerifyPeer, Zlib, certificate_compressions,
};
use portunus_x509::{Anchors, DnsName, Policy as PathPolicy, Purpose, Question, Revocation, RevocationList};

/// The record of the ClientHello, whose body begins after the headers of record and message.
fn hello(client: &ClientConfig) -> Vec<u8> {
    let server = Authority::new().server();
    let mut client = Pair::new(client, &server).client;
    client.poll(&mut Context::from_waker(Waker::noop())).unwrap();
    let mut record = Vec::new();
    let _ = client.send_with(|bytes| {
        record.extend_from_slice(bytes);
        Ok::<_, ()>(bytes.len())
    });
    record.split_off(9)
}

/// RFC 9846 section 4.3.8: each share MUST appear in the order of supported_groups.
#[test]
fn key_shares_stand_in_the_order_of_the_groups() {
    let client = Authority::new().client().without_grease();
    let groups = [NamedGroup::X25519, NamedGroup::SECP256R1];
    let client = client.with_key_shares(&[groups[1], groups[0]]).unwrap();
    assert_eq!(client.key_shares(), groups);
    let bytes = hello(&client);
    let hello = ClientHello::read(&bytes).unwrap();
    let shares: Vec<_> = hello
        .extensions
        .key_share
        .unwrap()
        .iter()
        .map(|share| share.group)
        .collect();
    assert_eq!(shares, groups);
}

#[test]
fn values_that_mean_nothing_are_sent_unless_they_are_switched_off() {
    for (client, meaningless) in [
        (Authority::new().client(), 1),
        (Authority::new().client().without_grease(), 0),
    ] {
        let bytes = hello(&client);
        let hello = ClientHello::read(&bytes).unwrap();
        let extensions = &hello.extensions;
        let groups = extensions.supported_groups.unwrap();
        let shares = extensions.key_share.unwrap();
        let schemes = extensions.signature_algorithms.unwrap();
        let versions = extensions.supported_versions.unwrap();
        let counts = [
            hello.cipher_suites.iter().filter(|suite| suite.is_grease()).count(),
            groups.iter().filter(|group| group.is_grease()).count(),
            shares.iter().filter(|share| share.group.is_grease()).count(),
            schemes.iter().filter(|scheme| scheme.is_grease()).count(),
            versions.iter().filter(|version| version.is_grease()).count(),
            hello.extension_types().filter(|kind| kind.is_grease()).count(),
        ];
        assert_eq!(counts, [meaningless; 6]);
    }
}

/// Shows one identity to everybody.
struct Always(Arc<Identity>);

impl ChooseClientIdentity for Always {
    fn choose<'a>(
        &'a self,
        _: &'a CertificateRequest<'_>,
    ) -> Decision<'a, Result<Option<Arc<Identity>>, ChoiceFailed>> {
        Decision::ready(Ok(Some(self.0.clone())))
    }
}

/// Cannot find out which identity to show.
struct Lost;

const LOST: AlertDescription = AlertDescription::ACCESS_DENIED;

impl Lost {
    fn answer<'a>() -> Decision<'a, Result<Option<Arc<Identity>>, ChoiceFailed>> {
        Decision::ready(Err(ChoiceFailed {
            alert: LOST,
            reason: "the store is away".to_owned(),
        }))
    }
}

impl ChooseIdentity for Lost {
    fn choose<'a>(
        &'a self,
        _: &'a ClientHello<'_>,
        _: Option<&'a DnsName>,
    ) -> Decision<'a, Result<Option<Arc<Identity>>, ChoiceFailed>> {
        Self::answer()
    }
}

impl ChooseClientIdentity for Lost {
    fn choose<'a>(
        &'a self,
        _: &'a CertificateRequest<'_>,
    ) -> Decision<'a, Result<Option<Arc<Identity>>, ChoiceFailed>> {
        Self::answer()
    }
}

#[test]
fn a_choice_that_fails_ends_the_handshake_with_its_alert() {
    let authority = Authority::new();
    let verifier = Arc::new(PathVerifier::clients(authority.anchors(), PathPolicy::rfc5280()));
    for version in Policy::modern().versions() {
        let policy = Policy::modern().with_versions(&[version]).unwrap();
        let lost = ServerConfig::new(Arc::new(Lost)).with_policy(policy.clone());
        let server = authority.server().with_policy(policy);
        let asking = server.with_optional_client_certificates(verifier.clone());
        let client = authority.client();
        for (client, server, at_client) in [
            (client.clone(), lost, false),
            (client.with_identity(Arc::new(Lost)), asking, true),
        ] {
            let outcome = Pair::new(&client, &server).run();
            let (failed, told) = if at_client {
                (outcome.client.unwrap_err(), outcome.server.unwrap_err())
            } else {
                (outcome.server.unwrap_err(), outcome.client.unwrap_err())
            };
            assert!(failed.to_string().contains("the store is away"), "{failed}");
            assert!(
                matches!(told, Error::Alert(alert) if alert.description == LOST),
                "{told}"
            );
        }
    }
}

#[test]
fn a_client_does_not_go_on_without_the_identity_that_was_chosen() {
    let authority = Authority::new();
    let verifier = Arc::new(PathVerifier::clients(authority.anchors(), PathPolicy::rfc5280()));
    let policy = Policy::modern()
        .with_signature_schemes(&[SignatureScheme::ED25519])
        .unwrap();
    let server = authority
        .server()
        .with_policy(policy)
        .with_optional_client_certificates(verifier);
    let identity = authority.issue(&["client.test"], &rcgen::PKCS_ECDSA_P256_SHA256);
    let client = authority.client().with_identity(Arc::new(Always(Arc::new(identity))));
    let outcome = Pair::new(&client, &server).run();
    assert!(matches!(
        outcome.client,
        Err(Error::Peer(PeerFault::NoCommonSignatureScheme))
    ));
    let told = outcome.server.unwrap_err();
    assert!(matches!(told, Error::Alert(alert) if alert.description == AlertDescription::HANDSHAKE_FAILURE));
}

/// What a client of TLS 1.2 names it verifies: PKCS#1 is for certificates alone where it is not allowed in handshakes.
#[cfg(feature = "tls12")]
#[test]
fn pkcs1_is_offered_where_it_is_allowed() {
    let authority = Authority::new();
    let pss = SignatureScheme::RSA_PSS_RSAE_SHA256;
    let pkcs1 = SignatureScheme::RSA_PKCS1_SHA256;
    for (policy, in_handshakes, of_certificates) in [
        (Policy::modern(), true, false),
        (Policy::modern().with_signature_schemes(&[pss]).unwrap(), false, true),
    ] {
        let client = authority.client().with_policy(policy);
        let bytes = hello(&client);
        let hello = ClientHello::read(&bytes).unwrap();
        assert_eq!(
            hello.extensions.signature_algorithms.unwrap().contains(&pkcs1),
            in_handshakes
        );
        let list = hello.extensions.signature_algorithms_cert;
        assert_eq!(
            list.is_some_and(|list| list.contains(&pss) && list.contains(&pkcs1)),
            of_certificates
        );
    }
}

/// What a side verifies is what its peer signs with; its own key is not bound by it.
#[test]
fn a_server_signs_with_what_the_client_verifies() {
    let authority = Authority::new();
    let policy = Policy::modern()
        .with_signature_schemes(&[SignatureScheme::ED25519])
        .unwrap();
    let server = authority.server().with_policy(policy);
    let (client, _) = Pair::new(&authority.client(), &server).run().connected();
    assert_eq!(
        client.info().signature_scheme,
        Some(SignatureScheme::ECDSA_SECP256R1_SHA256)
    );
}

/// Refuses everybody.
struct Refuses(AlertDescription);

impl VerifyPeer for Refuses {
    fn verify<'a>(&'a self, _: Presented<'a>) -> Decision<'a, Result<Verified, CertificateFault>> {
        Decision::ready(Err(CertificateFault::Application {
            alert: self.0,
            reason: "not today".to_owned(),
        }))
    }

    fn trust(&self) -> [u8; 32] {
        [0; 32]
    }
}

#[test]
fn the_peer_is_told_what_the_applications_own_verifier_says() {
    let client = ClientConfig::new(Arc::new(Refuses(AlertDescription::CERTIFICATE_REVOKED)));
    let outcome = Pair::new(&client, &Authority::new().server()).run();
    let told = outcome.server.unwrap_err();
    assert!(matches!(told, Error::Alert(alert) if alert.description == AlertDescription::CERTIFICATE_REVOKED));
}

/// Looks up whether a certificate was revoked.
struct LooksUp(Arc<Anchors>, Vec<u8>);

impl VerifyPeer for LooksUp {
    fn verify<'a>(&'a self, presented: Presented<'a>) -> Decision<'a, Result<Verified, CertificateFault>> {
        let revocation = Revocation::soft_fail([RevocationList::parse(&self.1).unwrap()]);
        let verdict = Question::new(Purpose::TlsServer, presented.now, &PathPolicy::private())
            .revocation(&revocation)
            .verify(presented.chain, &self.0);
        Decision::ready(match verdict {
            Ok(_) => Ok(Verified::default()),
            Err(refusal) => Err(CertificateFault::Refused(Arc::new(refusal))),
        })
    }

    fn trust(&self) -> [u8; 32] {
        [0; 32]
    }
}

#[test]
fn a_revoked_certificate_has_an_alert_of_its_own() {
    let authority = Authority::new();
    let identity = authority.issue(&["localhost"], &rcgen::PKCS_ECDSA_P256_SHA256);
    let list = authority.revoking(&identity.chain()[0]);
    let server = ServerConfig::new(Arc::new(Identities::new(vec![Arc::new(identity)])));
    let client = ClientConfig::new(Arc::new(LooksUp(authority.anchors(), list)));
    let told = Pair::new(&client, &server).run().server.unwrap_err();
    assert!(matches!(told, Error::Alert(alert) if alert.description == AlertDescription::CERTIFICATE_REVOKED));
}

/// Keeps what was stapled.
struct Sees(PathVerifier, Mutex<Option<Stapled>>);

impl VerifyPeer for Sees {
    fn verify<'a>(&'a self, presented: Presented<'a>) -> Decision<'a, Result<Verified, CertificateFault>> {
        *self.1.lock().unwrap() = presented.stapled.cloned();
        self.0.verify(presented)
    }

    fn trust(&self) -> [u8; 32] {
        self.0.trust()
    }
}

#[test]
fn what_is_stapled_goes_to_who_asks_for_it() {
    const TIMESTAMPS: &[u8] = &[0, 5, 0, 3, 1, 2, 3];
    let authority = Authority::new();
    let identity = authority.issue(&["localhost"], &rcgen::PKCS_ECDSA_P256_SHA256);
    let identity = identity.with_ocsp_response(b"response").unwrap();
    let identity = Arc::new(identity.with_timestamps(TIMESTAMPS.to_vec()).unwrap());
    let server =
        ServerConfig::new(Arc::new(Identities::new(vec![identity]))).with_tickets(Arc::new(Tickets::new(NOW).unwrap()));
    for (ocsp, timestamps) in [(false, false), (true, false), (false, true), (true, true)] {
        let verifier = PathVerifier::servers(authority.anchors(), PathPolicy::rfc5280());
        let verifier = Arc::new(Sees(verifier, Mutex::default()));
        let mut client = ClientConfig::new(verifier.clone()).with_sessions(Arc::new(SessionMemory::default()));
        if ocsp {
            client = client.with_status_request();
        }
        if timestamps {
            client = client.with_timestamp_request();
        }
        let expected = (ocsp || timestamps).then(|| Stapled {
            ocsp_response: ocsp.then(|| b"response".to_vec()),
            timestamps: timestamps.then(|| TIMESTAMPS.to_vec()),
        });
        let (mut at_client, _) = Pair::new(&client, &server).run().connected();
        assert_eq!(*verifier.1.lock().unwrap(), expected);
        assert_eq!(at_client.info().stapled.as_deref(), expected.as_ref());
        received(&mut at_client, &[]).unwrap();
        let (resumed, _) = Pair::new(&client, &server).run().connected();
        assert!(resumed.info().resumed);
        assert_eq!(
            resumed.info().stapled.as_deref(),
            expected.as_ref(),
            "the session keeps it"
        );
    }
}

#[test]
fn what_cannot_be_stapled_is_refused_when_it_is_configured() {
    let issue = || Authority::new().issue(&["localhost"], &rcgen::PKCS_ECDSA_P256_SHA256);
    assert!(matches!(
        issue().with_ocsp_response(&[]),
        Err(UnusableIdentity::OcspResponse)
    ));
    for list in [&[][..], &[0, 0], &[0, 2, 0, 0], &[0, 3, 0, 1, 1, 0]] {
        let refused = issue().with_timestamps(list.to_vec());
        assert!(matches!(refused, Err(UnusableIdentity::Timestamps)), "{list:?}");
    }
}

/// Says yes so many times.
struct Tires(PathVerifier, Mutex<u32>);

impl VerifyPeer for Tires {
    fn verify<'a>(&'a self, presented: Presented<'a>) -> Decision<'a, Result<Verified, CertificateFault>> {
        let mut left = self.1.lock().unwrap();
        match left.checked_sub(1) {
            Some(less) => *left = less,
            None => {
                return Decision::ready(Err(CertificateFault::Application {
                    alert: AlertDescription::CERTIFICATE_REVOKED,
                    reason: "revoked since".to_owned(),
                }));
            }
        }
        self.0.verify(presented)
    }

    fn trust(&self) -> [u8; 32] {
        self.0.trust()
    }
}

#[test]
fn a_session_is_judged_again_where_that_is_asked_for() {
    for (again, resumes) in [(false, true), (true, false)] {
        let authority = Authority::new();
        let (_, server) = authority.resuming();
        let verifier = PathVerifier::servers(authority.anchors(), PathPolicy::rfc5280());
        let mut client = ClientConfig::new(Arc::new(Tires(verifier, Mutex::new(1))))
            .with_sessions(Arc::new(SessionMemory::default()));
        if again {
            client = client.with_verification_on_resumption();
        }
        let (mut at_client, _) = Pair::new(&client, &server).run().connected();
        received(&mut at_client, &[]).unwrap();
        let outcome = Pair::new(&client, &server).run();
        assert_eq!(outcome.client.is_ok_and(|client| client.info().resumed), resumes);
        if !resumes {
            let told = outcome.server.unwrap_err();
            assert!(matches!(told, Error::Alert(alert) if alert.description == AlertDescription::CERTIFICATE_REVOKED));
        }
    }
}

#[test]
fn a_hint_of_the_servers_groups_tells_the_key_share() {
    let client = || Authority::new().client();
    let hinted = client().with_server_groups(&[NamedGroup::SECP384R1, NamedGroup::SECP256R1]);
    assert_eq!(hinted.key_shares(), [NamedGroup::SECP256R1], "in our own order");
    let useless = client().with_server_groups(&[NamedGroup::X448]);
    assert_eq!(useless.key_shares(), client().key_shares());
}

#[test]
fn the_policy_against_recording_keeps_to_hybrid_groups() {
    let authority = Authority::new();
    let server = authority.server().with_policy(Policy::post_quantum());
    for policy in [Policy::post_quantum(), Policy::modern()] {
        let client = authority.client().with_policy(policy);
        let (client, _) = Pair::new(&client, &server).run().connected();
        assert_eq!(client.info().group, Some(NamedGroup::X25519MLKEM768));
    }
    let classical = Policy::modern().with_groups(&[NamedGroup::X25519]).unwrap();
    let outcome = Pair::new(&authority.client().with_policy(classical), &server).run();
    assert!(matches!(outcome.server, Err(Error::Peer(PeerFault::NoCommonGroup))));
    let told = outcome.client.unwrap_err();
    assert!(matches!(told, Error::Alert(alert) if alert.description == AlertDescription::HANDSHAKE_FAILURE));
}

/// Inflates to nothing.
struct Broken;

impl CompressCertificate for Broken {
    fn algorithm(&self) -> CertificateCompressionAlgorithm {
        CertificateCompressionAlgorithm::ZLIB
    }

    fn deflate(&self, message: &[u8]) -> Vec<u8> {
        message.to_vec()
    }

    fn inflate(&self, _: &[u8], _: &mut [u8]) -> Result<(), NotInflated> {
        Err(NotInflated)
    }
}

#[test]
fn certificates_are_compressed_where_both_sides_can() {
    let authority = Authority::new();
    for way in certificate_compressions() {
        let ways = [way];
        for (client_can, server_can) in [(false, false), (true, false), (false, true), (true, true)] {
            let (mut client, mut server) = (authority.client(), authority.server());
            if client_can {
                client = client.with_certificate_compression(&ways);
            }
            if server_can {
                server = server.with_certificate_compression(&ways);
            }
            for round in 0..2 {
                let outcome = Pair::new(&client, &server).run();
                let message = if client_can && server_can {
                    "Sent compressed_certificate"
                } else {
                    "Sent certificate"
                };
                assert!(
                    outcome
                        .server_story
                        .0
                        .lock()
                        .unwrap()
                        .iter()
                        .any(|note| note == message)
                );
                let (client, _) = outcome.connected();
                assert_eq!(client.info().server_chain.len(), 1, "round {round}");
            }
        }
    }
}

/// Compresses as another, but much more than was announced.
struct Bomb(Arc<dyn CompressCertificate>);

impl CompressCertificate for Bomb {
    fn algorithm(&self) -> CertificateCompressionAlgorithm {
        self.0.algorithm()
    }

    fn deflate(&self, _: &[u8]) -> Vec<u8> {
        self.0.deflate(&vec![0; 32 << 20])
    }

    fn inflate(&self, _: &[u8], _: &mut [u8]) -> Result<(), NotInflated> {
        Err(NotInflated)
    }
}

/// RFC 8879 section 5.
#[test]
fn compressed_certificates_that_inflate_to_more_than_was_announced_are_bad() {
    let authority = Authority::new();
    for way in certificate_compressions() {
        let client = authority
            .client()
            .with_certificate_compression(std::slice::from_ref(&way));
        let bomb: [Arc<dyn CompressCertificate>; 1] = [Arc::new(Bomb(way))];
        let server = authority.server().with_certificate_compression(&bomb);
        let outcome = Pair::new(&client, &server).run();
        assert!(matches!(
            outcome.client,
            Err(Error::Peer(PeerFault::BadCompressedCertificate))
        ));
    }
}

/// RFC 8879 section 4.
#[test]
fn compressed_certificates_that_do_not_inflate_are_bad() {
    let authority = Authority::new();
    let broken: [Arc<dyn CompressCertificate>; 1] = [Arc::new(Broken)];
    let server = authority.server().with_certificate_compression(&broken);
    let zlib: [Arc<dyn CompressCertificate>; 1] = [Arc::new(Zlib)];
    let client = authority.client().with_certificate_compression(&zlib);
    let outcome = Pair::new(&client, &server).run();
    assert!(matches!(
        outcome.client,
        Err(Error::Peer(PeerFault::BadCompressedCertificate))
    ));
    let told = outcome.server.unwrap_err();
    assert!(matches!(told, Error::Alert(alert) if alert.description == AlertDescription::BAD_CERTIFICATE));
}

#[test]
fn the_application_can_end_a_connection_with_an_alert_of_its_own() {
    let authority = Authority::new();
    let (mut client, mut server) = Pair::new(&authority.client(), &authority.server()).run().connected();
    server.abort(AlertDescription::ACCESS_DENIED);
    let told = received(&mut client, &sent(&mut server)).unwrap_err();
    assert!(matches!(told, Error::Alert(alert) if alert.description == AlertDescription::ACCESS_DENIED));
    for error in [
        server.write(b"late").unwrap_err(),
        received(&mut server, &[]).unwrap_err(),
    ] {
        assert!(matches!(error, Error::Aborted(AlertDescription::ACCESS_DENIED)));
    }
}

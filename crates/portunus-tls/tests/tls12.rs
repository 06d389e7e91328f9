//! TLS 1.2, both sides ours: what is chosen, what goes on, what is refused.
#![cfg(feature = "tls12")]

mod pair;

use std::sync::Arc;

use pair::{Authority, NOW, Pair, bytewise, exchange, received, sent};
use portunus_tls::wire::{AlertDescription, CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};
use portunus_tls::{
    ClientConfig, Connection, Error, Identities, Identity, KeyLog, Misuse, PathVerifier, PeerFault, Policy,
    ServerConfig, SessionCache, SessionMemory, Tickets,
};
use portunus_x509::{Policy as PathPolicy, UnixTime};

const ECDSA_SUITES: [CipherSuite; 3] = [
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
];
const RSA_SUITES: [CipherSuite; 3] = [
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
];
const GROUPS: [NamedGroup; 3] = [NamedGroup::X25519, NamedGroup::SECP256R1, NamedGroup::SECP384R1];

fn tls12() -> Policy {
    Policy::modern().with_versions(&[ProtocolVersion::TLS1_2]).unwrap()
}

/// Data goes both ways, large and small.
fn talk(client: &mut Connection, server: &mut Connection) {
    let large: Vec<u8> = (0..100_000_u32).map(|i| i.to_be_bytes()[3]).collect();
    assert_eq!(client.write(b"ping").unwrap(), 4);
    assert_eq!(server.write(&large).unwrap(), large.len());
    let (at_client, at_server) = exchange(client, server).unwrap();
    assert!(at_server == b"ping" && at_client == large);
}

#[test]
fn every_suite_and_group_connects() {
    let authority = Authority::new();
    for (algorithm, suites) in [
        (&rcgen::PKCS_ECDSA_P256_SHA256, ECDSA_SUITES),
        (&rcgen::PKCS_RSA_SHA256, RSA_SUITES),
    ] {
        let identity = Arc::new(authority.issue(&["localhost"], algorithm));
        let server = ServerConfig::new(Arc::new(Identities::new(vec![identity])));
        for suite in suites {
            for group in GROUPS {
                let groups = [group, NamedGroup::SECP256R1];
                let policy = Policy::modern()
                    .with_cipher_suites(&[suite])
                    .unwrap()
                    .with_groups(&groups)
                    .unwrap();
                let outcome = Pair::new(&authority.client(), &server.clone().with_policy(policy)).run();
                let (mut client, mut server) = outcome.connected();
                for info in [client.info(), server.info()] {
                    assert_eq!(info.version, ProtocolVersion::TLS1_2);
                    assert_eq!((info.cipher_suite, info.group), (suite, Some(group)));
                    assert!(info.extended_main_secret && !info.resumed);
                }
                talk(&mut client, &mut server);
            }
        }
    }
}

#[test]
fn every_kind_of_key_proves_its_certificate() {
    let authority = Authority::new();
    for (algorithm, scheme) in [
        (&rcgen::PKCS_ECDSA_P256_SHA256, SignatureScheme::ECDSA_SECP256R1_SHA256),
        (&rcgen::PKCS_ECDSA_P384_SHA384, SignatureScheme::ECDSA_SECP384R1_SHA384),
        (&rcgen::PKCS_ED25519, SignatureScheme::ED25519),
        (&rcgen::PKCS_RSA_SHA256, SignatureScheme::RSA_PSS_RSAE_SHA256),
    ] {
        let identity = Arc::new(authority.issue(&["localhost"], algorithm));
        let server = ServerConfig::new(Arc::new(Identities::new(vec![identity.clone()])))
            .with_policy(tls12())
            .with_required_client_certificates(Arc::new(PathVerifier::clients(
                authority.anchors(),
                PathPolicy::rfc5280(),
            )));
        let client = authority
            .client()
            .with_identity(Arc::new(Identities::new(vec![identity])));
        let (mut client, mut server) = Pair::new(&client, &server).run().connected();
        assert_eq!(client.info().version, ProtocolVersion::TLS1_2);
        assert_eq!(client.info().signature_scheme, Some(scheme));
        assert_eq!(client.info().client_signature_scheme, Some(scheme));
        assert_eq!(server.info().client_signature_scheme, Some(scheme));
        assert_eq!(server.info().client_chain.len(), 1);
        talk(&mut client, &mut server);
    }
}

/// RFC 9846 section 4.3.3: TLS 1.3 has PKCS#1 for certificates alone, TLS 1.2 for handshakes too.
#[test]
fn pkcs1_signs_in_tls_1_2_alone() {
    let authority = Authority::new();
    let identity = Arc::new(authority.issue(&["localhost"], &rcgen::PKCS_RSA_SHA256));
    let server = ServerConfig::new(Arc::new(Identities::new(vec![identity])));
    let policy = Policy::modern()
        .with_signature_schemes(&[SignatureScheme::RSA_PKCS1_SHA256, SignatureScheme::ED25519])
        .unwrap();
    let older = policy.clone().with_versions(&[ProtocolVersion::TLS1_2]).unwrap();
    let (client, _) = Pair::new(&authority.client().with_policy(older), &server)
        .run()
        .connected();
    assert_eq!(client.info().signature_scheme, Some(SignatureScheme::RSA_PKCS1_SHA256));
    let outcome = Pair::new(&authority.client().with_policy(policy), &server).run();
    assert!(matches!(
        outcome.server,
        Err(Error::Peer(PeerFault::NoCommonSignatureScheme))
    ));
}

#[test]
fn a_handshake_byte_by_byte_is_the_same_handshake() {
    let authority = Authority::new();
    let (client, server) = (authority.client(), authority.server().with_policy(tls12()));
    let whole = Pair::new(&client, &server).run();
    let mut pair = Pair::new(&client, &server);
    (pair.to_client, pair.to_server) = (bytewise(), bytewise());
    let bytewise = pair.run();
    let (at_client, at_server) = (
        whole.client_story.0.lock().unwrap().clone(),
        whole.server_story.0.lock().unwrap().clone(),
    );
    assert_eq!(at_client, *bytewise.client_story.0.lock().unwrap());
    assert_eq!(at_server, *bytewise.server_story.0.lock().unwrap());
    // RFC 5246 section 7.3, figure 1.
    let messages = |story: &[String]| -> Vec<String> {
        let messages = story
            .iter()
            .filter(|note| note.contains("ed ") || note.contains("ent "));
        messages.cloned().collect()
    };
    assert_eq!(
        messages(&at_client),
        [
            "Sent client_hello",
            "Received server_hello",
            "Received certificate",
            "Received server_key_exchange",
            "Received server_hello_done",
            "Sent client_key_exchange",
            "Sent finished",
            "Received finished",
        ]
    );
    let (mut client, mut server) = bytewise.connected();
    talk(&mut client, &mut server);
}

#[test]
fn the_newest_version_of_both_is_spoken() {
    let authority = Authority::new();
    let (client, server) = Pair::new(&authority.client(), &authority.server()).run().connected();
    assert_eq!(client.info().version, ProtocolVersion::TLS1_3);
    assert_eq!(server.info().version, ProtocolVersion::TLS1_3);
    let (client, server) = Pair::new(&authority.client().with_policy(tls12()), &authority.server())
        .run()
        .connected();
    assert_eq!(client.info().version, ProtocolVersion::TLS1_2);
    assert_eq!(server.info().version, ProtocolVersion::TLS1_2);
    let tls13 = Policy::modern().with_versions(&[ProtocolVersion::TLS1_3]).unwrap();
    let server = authority.server().with_policy(tls13);
    let outcome = Pair::new(&authority.client().with_policy(tls12()), &server).run();
    assert!(matches!(outcome.server, Err(Error::Peer(PeerFault::NoCommonVersion))));
    assert!(
        matches!(outcome.client, Err(Error::Alert(alert)) if alert.description == AlertDescription::PROTOCOL_VERSION)
    );
}

#[test]
fn a_session_goes_on_by_ticket() {
    let authority = Authority::new();
    let (client, server) = authority.resuming();
    let server = server.with_policy(tls12());
    for round in 0..4 {
        let (mut at_client, mut at_server) = Pair::new(&client, &server).run().connected();
        assert_eq!(at_client.info().resumed, round > 0, "round {round}");
        assert_eq!(at_server.info().resumed, round > 0, "round {round}");
        assert_eq!(at_client.info().group.is_none(), round > 0);
        assert_eq!(at_client.info().server_chain.len(), 1);
        assert!(at_client.info().extended_main_secret);
        talk(&mut at_client, &mut at_server);
    }
}

/// RFC 5246 section 7.4.1.2: a server without tickets has ids.
#[test]
fn a_session_goes_on_by_id() {
    let authority = Authority::new();
    let client = authority.client().with_sessions(Arc::new(SessionMemory::default()));
    let cache = Arc::new(SessionCache::default());
    let server = authority
        .server()
        .with_policy(tls12())
        .with_session_cache(cache.clone());
    for round in 0..4 {
        let (mut at_client, mut at_server) = Pair::new(&client, &server).run().connected();
        assert_eq!(at_client.info().resumed, round > 0, "round {round}");
        assert_eq!(at_server.info().resumed, round > 0, "round {round}");
        talk(&mut at_client, &mut at_server);
    }
    // A server of another mind about clients, with the same memory, makes a full handshake.
    let verifier = Arc::new(PathVerifier::clients(authority.anchors(), PathPolicy::rfc5280()));
    let asking = server.clone().with_optional_client_certificates(verifier);
    let (at_client, _) = Pair::new(&client, &asking).run().connected();
    assert!(!at_client.info().resumed);
    // One that has forgotten it, too.
    let forgetful = server.with_session_cache(Arc::new(SessionCache::default()));
    let (at_client, _) = Pair::new(&client, &forgetful).run().connected();
    assert!(!at_client.info().resumed);
}

#[test]
fn a_session_of_one_version_is_none_of_the_other() {
    let authority = Authority::new();
    let (client, server) = authority.resuming();
    let (older, newer) = (server.clone().with_policy(tls12()), server);
    for (first, second) in [(&older, &newer), (&newer, &older)] {
        let client = client.clone().with_sessions(Arc::new(SessionMemory::default()));
        let (mut at_client, mut at_server) = Pair::new(&client, first).run().connected();
        exchange(&mut at_client, &mut at_server).unwrap();
        let (at_client, at_server) = Pair::new(&client, second).run().connected();
        assert_ne!(at_client.info().version, first_version(first));
        assert!(!at_client.info().resumed && !at_server.info().resumed);
    }

    fn first_version(server: &ServerConfig) -> ProtocolVersion {
        if format!("{server:?}").contains("TLS_AES") {
            ProtocolVersion::TLS1_3
        } else {
            ProtocolVersion::TLS1_2
        }
    }
}

#[test]
fn tickets_nobody_can_use_cost_a_full_handshake_and_no_more() {
    let authority = Authority::new();
    let (client, server) = authority.resuming();
    let server = server.with_policy(tls12());
    let full = |client: &ClientConfig, server: &ServerConfig, now: UnixTime, why: &str| {
        let (at_client, at_server) = Pair::at("localhost", client, server, now).run().connected();
        assert!(!at_client.info().resumed && !at_server.info().resumed, "{why}");
    };
    let fresh = || {
        let client = client.clone().with_sessions(Arc::new(SessionMemory::default()));
        Pair::new(&client, &server).run().connected();
        client
    };
    let other_keys = server.clone().with_tickets(Arc::new(Tickets::new(NOW).unwrap()));
    full(&fresh(), &other_keys, NOW, "a restart made new keys");
    full(&fresh(), &server, UnixTime(NOW.0 + 90_000), "past its life");
    full(&fresh(), &server, UnixTime(NOW.0 - 90_000), "the clock went back");
    let other_suite = tls12().with_cipher_suites(&ECDSA_SUITES[1..]).unwrap();
    full(
        &fresh(),
        &server.clone().with_policy(other_suite),
        NOW,
        "its suite is not allowed any more",
    );
    let verifier = Arc::new(PathVerifier::clients(authority.anchors(), PathPolicy::rfc5280()));
    let asking = server.clone().with_optional_client_certificates(verifier);
    full(&fresh(), &asking, NOW, "this host asks for certificates");
}

#[test]
fn a_session_of_another_context_does_not_go_on() {
    let authority = Authority::new();
    for policy in [Policy::modern(), tls12()] {
        let (client, server) = authority.resuming();
        let server = server.with_policy(policy);
        let [ours, others] = [b"ours", b"them"].map(|context| server.clone().with_session_context(context));
        let resumes = |server: &ServerConfig| {
            let (mut at_client, mut at_server) = Pair::new(&client, server).run().connected();
            received(&mut at_client, &sent(&mut at_server)).unwrap();
            at_server.info().resumed
        };
        assert!(!resumes(&ours));
        assert!(resumes(&ours));
        assert!(!resumes(&others));
        assert!(!resumes(&server));
    }
}

#[test]
fn a_client_s_certificate_is_remembered_with_its_session() {
    let authority = Authority::new();
    let (client, server) = authority.resuming();
    let verifier = Arc::new(PathVerifier::clients(authority.anchors(), PathPolicy::rfc5280()));
    let server = server.with_policy(tls12()).with_required_client_certificates(verifier);
    let identity = Arc::new(authority.issue(&["client.test"], &rcgen::PKCS_ECDSA_P256_SHA256));
    let client = client.with_identity(Arc::new(Identities::new(vec![identity])));
    for round in 0..3 {
        let (client, server) = Pair::new(&client, &server).run().connected();
        assert_eq!(client.info().resumed, round > 0);
        assert_eq!(server.info().client_chain.len(), 1);
    }
}

/// RFC 5246 section 7.4.6.
#[test]
fn a_client_without_a_certificate_goes_on_or_is_refused() {
    let authority = Authority::new();
    let verifier = Arc::new(PathVerifier::clients(authority.anchors(), PathPolicy::rfc5280()));
    let server = authority.server().with_policy(tls12());
    let optional = server.clone().with_optional_client_certificates(verifier.clone());
    let (mut client, mut at_server) = Pair::new(&authority.client(), &optional).run().connected();
    assert!(at_server.info().client_chain.is_empty());
    talk(&mut client, &mut at_server);
    let required = server.with_required_client_certificates(verifier);
    let outcome = Pair::new(&authority.client(), &required).run();
    assert!(matches!(
        outcome.server,
        Err(Error::Peer(PeerFault::ClientCertificateMissing))
    ));
    assert!(
        matches!(outcome.client, Err(Error::Alert(alert)) if alert.description == AlertDescription::HANDSHAKE_FAILURE)
    );
}

#[test]
fn a_client_s_certificate_of_a_stranger_is_refused() {
    let (authority, stranger) = (Authority::new(), Authority::named("Stranger"));
    let verifier = Arc::new(PathVerifier::clients(authority.anchors(), PathPolicy::rfc5280()));
    let server = authority
        .server()
        .with_policy(tls12())
        .with_optional_client_certificates(verifier);
    let identity = Arc::new(stranger.issue(&["client.test"], &rcgen::PKCS_ECDSA_P256_SHA256));
    let client = authority
        .client()
        .with_identity(Arc::new(Identities::new(vec![identity])));
    let outcome = Pair::new(&client, &server).run();
    assert!(matches!(outcome.client, Err(Error::Alert(alert)) if alert.description == AlertDescription::UNKNOWN_CA));
}

/// An identity by what the client's suites let it verify.
#[test]
fn a_server_shows_the_certificate_that_the_client_has_a_suite_for() {
    let authority = Authority::new();
    let identities = [&rcgen::PKCS_ECDSA_P256_SHA256, &rcgen::PKCS_RSA_SHA256]
        .map(|algorithm| Arc::new(authority.issue(&["localhost"], algorithm)));
    let server = ServerConfig::new(Arc::new(Identities::new(identities.to_vec())));
    for suites in [ECDSA_SUITES, RSA_SUITES] {
        let policy = Policy::modern().with_cipher_suites(&suites).unwrap();
        let (client, _) = Pair::new(&authority.client().with_policy(policy), &server)
            .run()
            .connected();
        assert_eq!(client.info().cipher_suite, suites[0]);
    }
    let ecdsa = Arc::new(authority.issue(&["localhost"], &rcgen::PKCS_ECDSA_P256_SHA256));
    let server = ServerConfig::new(Arc::new(Identities::new(vec![ecdsa])));
    let policy = Policy::modern().with_cipher_suites(&RSA_SUITES).unwrap();
    let outcome = Pair::new(&authority.client().with_policy(policy), &server).run();
    assert!(matches!(
        outcome.server,
        Err(Error::Peer(PeerFault::NoCipherSuiteForKey))
    ));
}

/// RFC 8422 section 5.1.1: in TLS 1.2 the groups of the client are for the keys of certificates too.
#[test]
fn a_server_shows_the_certificate_whose_curve_the_client_reads() {
    let authority = Authority::new();
    let identities = [&rcgen::PKCS_ECDSA_P384_SHA384, &rcgen::PKCS_ECDSA_P256_SHA256]
        .map(|algorithm| Arc::new(authority.issue(&["localhost"], algorithm)));
    let server = |identities: &[Arc<Identity>]| ServerConfig::new(Arc::new(Identities::new(identities.to_vec())));
    let small = tls12().with_groups(&[NamedGroup::X25519, NamedGroup::SECP256R1]);
    let client = authority.client().with_policy(small.unwrap());
    let (at_client, _) = Pair::new(&client, &server(&identities)).run().connected();
    assert_eq!(at_client.info().server_chain[0], identities[1].chain()[0]);
    let outcome = Pair::new(&client, &server(&identities[..1])).run();
    assert!(matches!(outcome.server, Err(Error::Peer(PeerFault::NoGroupForKey))));
}

#[test]
fn a_client_that_puts_chacha20_first_gets_it() {
    let authority = Authority::new();
    let [first, second, chacha] = ECDSA_SUITES;
    let policy = Policy::modern().with_cipher_suites(&[chacha, first, second]).unwrap();
    let (client, _) = Pair::new(&authority.client().with_policy(policy), &authority.server())
        .run()
        .connected();
    assert_eq!(client.info().cipher_suite, chacha);
}

#[test]
fn application_protocols_are_agreed_or_refused() {
    let authority = Authority::new();
    let server = authority
        .server()
        .with_policy(tls12())
        .with_application_protocols(&[b"h2", b"http/1.1"]);
    let client = authority.client().with_application_protocols(&[b"http/1.1", b"h2"]);
    let (client, _) = Pair::new(&client, &server).run().connected();
    assert_eq!(client.info().application_protocol.as_deref(), Some(&b"h2"[..]));
    let outcome = Pair::new(&authority.client().with_application_protocols(&[b"imap"]), &server).run();
    assert!(matches!(
        outcome.server,
        Err(Error::Peer(PeerFault::NoApplicationProtocol))
    ));
}

/// RFC 7507 section 3.
#[test]
fn a_fallback_that_was_not_needed_is_refused() {
    let authority = Authority::new();
    let client = authority.client().with_policy(tls12()).as_fallback();
    let outcome = Pair::new(&client, &authority.server()).run();
    assert!(matches!(
        outcome.server,
        Err(Error::Peer(PeerFault::InappropriateFallback))
    ));
    assert!(
        matches!(outcome.client, Err(Error::Alert(alert)) if alert.description == AlertDescription::INAPPROPRIATE_FALLBACK)
    );
    Pair::new(&client, &authority.server().with_policy(tls12()))
        .run()
        .connected();
}

#[test]
fn changed_dropped_repeated_and_reordered_records_are_noticed() {
    let authority = Authority::new();
    for suite in ECDSA_SUITES {
        let policy = tls12().with_cipher_suites(&[suite]).unwrap();
        let server = authority.server().with_policy(policy);
        for mangle in ["change", "drop", "repeat", "reorder", "relabel"] {
            let (mut client, mut server) = Pair::new(&authority.client(), &server).run().connected();
            client.write(b"one").unwrap();
            let mut one = sent(&mut client);
            client.write(b"two").unwrap();
            let two = sent(&mut client);
            let bytes = match mangle {
                "change" => {
                    *one.last_mut().unwrap() ^= 1;
                    one
                }
                "drop" => two,
                "repeat" => [&one[..], &one].concat(),
                "reorder" => [two, one].concat(),
                _ => {
                    one[0] = 22;
                    one
                }
            };
            assert!(
                matches!(received(&mut server, &bytes), Err(Error::Peer(PeerFault::BadRecordMac))),
                "{mangle}"
            );
        }
    }
}

#[test]
fn closing_is_told_from_cutting_off() {
    let authority = Authority::new();
    let server = authority.server().with_policy(tls12());
    let (mut client, mut server) = Pair::new(&authority.client(), &server).run().connected();
    client.write(b"last words").unwrap();
    client.close();
    let bytes = sent(&mut client);
    assert_eq!(received(&mut server, &bytes).unwrap(), (b"last words".to_vec(), true));
    server.transport_closed().unwrap();
    assert!(matches!(client.transport_closed(), Err(Error::Truncated)));
}

#[test]
fn there_are_no_new_keys() {
    let authority = Authority::new();
    let server = authority.server().with_policy(tls12());
    let (mut client, mut server) = Pair::new(&authority.client(), &server).run().connected();
    assert!(matches!(
        client.update_keys(true),
        Err(Error::Misuse(Misuse::NoKeyUpdate))
    ));
    talk(&mut client, &mut server);
}

/// RFC 5705 section 4.
#[test]
fn both_sides_export_the_same_keying_material() {
    let authority = Authority::new();
    let server = authority.server().with_policy(tls12());
    let (client, server) = Pair::new(&authority.client(), &server).run().connected();
    let export = |connection: &Connection, context: Option<&[u8]>| {
        let mut out = [0; 40];
        connection.export(b"EXPERIMENTAL test", context, &mut out).unwrap();
        out
    };
    let contexts = [None, Some(&b""[..]), Some(b"context")];
    for context in contexts {
        assert_eq!(export(&client, context), export(&server, context));
    }
    assert_ne!(export(&client, None), export(&client, Some(b"")));
    let long = vec![0; 0x1_0000];
    assert!(matches!(
        client.export(b"EXPERIMENTAL test", Some(&long), &mut [0; 8]),
        Err(Error::Misuse(Misuse::ExporterLength))
    ));
}

#[derive(Default)]
struct Log(std::sync::Mutex<Vec<(String, usize)>>);

impl KeyLog for Log {
    fn log(&self, label: &str, _: &[u8; 32], secret: &[u8]) {
        self.0.lock().unwrap().push((label.to_owned(), secret.len()));
    }
}

#[test]
fn the_key_log_has_the_main_secret() {
    let authority = Authority::new();
    let log = Arc::new(Log::default());
    let (client, server) = authority.resuming();
    let (client, server) = (client.with_key_log(log.clone()), server.with_policy(tls12()));
    Pair::new(&client, &server).run().connected();
    Pair::new(&client, &server).run().connected();
    assert_eq!(*log.0.lock().unwrap(), vec![("CLIENT_RANDOM".to_owned(), 48); 2]);
}

/// RFC 9846 section 6.2: the secrets of a failed connection are forgotten, and the observer hears of it last.
#[test]
fn a_failed_connection_has_no_secrets_left() {
    let authority = Authority::new();
    let server = authority.server().with_policy(tls12());
    let outcome = Pair::new(&authority.client(), &server).run();
    let story = outcome.server_story.clone();
    let (mut client, mut server) = outcome.connected();
    client.write(b"data").unwrap();
    let mut bytes = sent(&mut client);
    bytes[14] ^= 1;
    received(&mut server, &bytes).unwrap_err();
    assert!(server.export(b"EXPERIMENTAL test", None, &mut [0; 32]).is_err());
    drop(server);
    let story = story.0.lock().unwrap();
    assert_eq!(story.last().map(String::as_str), Some("KeysDiscarded"));
}

/// RFC 6066 section 8 and RFC 6962 section 3.3.1: in TLS 1.2 the one is a message, the other stands in the ServerHello.
#[test]
fn what_is_stapled_comes_to_who_asks() {
    let authority = Authority::new();
    let timestamps = vec![0, 3, 0, 1, 7];
    let identity = authority
        .issue(&["localhost"], &rcgen::PKCS_ECDSA_P256_SHA256)
        .with_ocsp_response(b"a response")
        .unwrap()
        .with_timestamps(timestamps.clone())
        .unwrap();
    let server = ServerConfig::new(Arc::new(Identities::new(vec![Arc::new(identity)])))
        .with_policy(tls12())
        .with_tickets(Arc::new(Tickets::new(NOW).unwrap()));
    let client = authority.client().with_sessions(Arc::new(SessionMemory::default()));
    let (nothing, _) = Pair::new(&client, &server).run().connected();
    assert_eq!(nothing.info().stapled, None);
    let client = client
        .with_status_request()
        .with_timestamp_request()
        .with_sessions(Arc::new(SessionMemory::default()));
    for resumed in [false, true] {
        let (mut at_client, mut at_server) = Pair::new(&client, &server).run().connected();
        assert_eq!(at_client.info().resumed, resumed);
        let stapled = at_client.info().stapled.clone().unwrap();
        assert_eq!(stapled.ocsp_response.as_deref(), Some(&b"a response"[..]));
        assert_eq!(stapled.timestamps.as_ref(), Some(&timestamps));
        talk(&mut at_client, &mut at_server);
    }
    // A server that has none says nothing of it.
    let plain = authority.server().with_policy(tls12());
    let (client, _) = Pair::new(&client, &plain).run().connected();
    assert_eq!(client.info().stapled, None);
}

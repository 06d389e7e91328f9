//! Handshakes of both sides of ours: what is chosen, what goes on, what is refused.

mod pair;

use std::sync::Arc;
use std::task::{Context, Waker};

use pair::{Authority, NOW, Pair, bytewise, exchange, received, sent};
use portunus_tls::wire::{
    AlertDescription, CipherSuite, ClientHello, Decode, HandshakeType, HostName, NamedGroup, SignatureScheme,
    handshake_message,
};
use portunus_tls::{
    CertificateFault, ClientConfig, Error, Handshake, Identities, PathVerifier, PeerFault, Policy, Progress,
    ServerConfig, SessionMemory, Tickets,
};
use portunus_x509::{Policy as PathPolicy, UnixTime};

const SUITES: [CipherSuite; 3] = [
    CipherSuite::TLS_AES_128_GCM_SHA256,
    CipherSuite::TLS_AES_256_GCM_SHA384,
    CipherSuite::TLS_CHACHA20_POLY1305_SHA256,
];
const GROUPS: [NamedGroup; 8] = [
    NamedGroup::X25519MLKEM768,
    NamedGroup::X25519,
    NamedGroup::SECP256R1,
    NamedGroup::SECP384R1,
    NamedGroup::SECP521R1,
    NamedGroup::SECP256R1MLKEM768,
    NamedGroup::SECP384R1MLKEM1024,
    NamedGroup::MLKEM1024,
];

/// Data goes both ways, large and small.
fn talk(client: &mut portunus_tls::Connection, server: &mut portunus_tls::Connection) {
    let large: Vec<u8> = (0..100_000_u32).map(|i| i.to_be_bytes()[3]).collect();
    assert_eq!(client.write(b"ping").unwrap(), 4);
    assert_eq!(server.write(&large).unwrap(), large.len());
    let (at_client, at_server) = exchange(client, server).unwrap();
    assert!(at_server == b"ping" && at_client == large);
}

#[test]
fn every_suite_and_group_connects() {
    let authority = Authority::new();
    for suite in SUITES {
        for group in GROUPS {
            let policy = Policy::modern()
                .with_cipher_suites(&[suite])
                .unwrap()
                .with_groups(&[group])
                .unwrap();
            let server = authority.server().with_policy(policy.clone());
            let outcome = Pair::new(&authority.client().with_policy(policy), &server).run();
            let (mut client, mut server) = outcome.connected();
            assert_eq!((client.info().cipher_suite, client.info().group), (suite, group));
            assert_eq!((server.info().cipher_suite, server.info().group), (suite, group));
            assert!(!client.info().retried);
            talk(&mut client, &mut server);
        }
    }
}

#[test]
fn every_kind_of_key_proves_its_certificate() {
    let authority = Authority::new();
    for (algorithm, scheme) in [
        (&rcgen::PKCS_ECDSA_P256_SHA256, SignatureScheme::ECDSA_SECP256R1_SHA256),
        (&rcgen::PKCS_ECDSA_P384_SHA384, SignatureScheme::ECDSA_SECP384R1_SHA384),
        (&rcgen::PKCS_ECDSA_P521_SHA512, SignatureScheme::ECDSA_SECP521R1_SHA512),
        (&rcgen::PKCS_ED25519, SignatureScheme::ED25519),
        (&rcgen::PKCS_RSA_SHA256, SignatureScheme::RSA_PSS_RSAE_SHA256),
    ] {
        let identity = Arc::new(authority.issue(&["localhost"], algorithm));
        let server =
            ServerConfig::new(Arc::new(Identities::new(vec![identity.clone()]))).with_required_client_certificates(
                Arc::new(PathVerifier::clients(authority.anchors(), PathPolicy::rfc5280())),
            );
        let client = authority
            .client()
            .with_identity(Arc::new(Identities::new(vec![identity])));
        let (client, server) = Pair::new(&client, &server).run().connected();
        assert_eq!(client.info().signature_scheme, Some(scheme));
        assert_eq!(server.info().client_signature_scheme, Some(scheme));
        assert_eq!(server.info().client_chain.len(), 1);
    }
}

#[test]
fn a_handshake_byte_by_byte_is_the_same_handshake() {
    let authority = Authority::new();
    let (client, server) = (authority.client(), authority.server());
    let whole = Pair::new(&client, &server).run();
    let mut pair = Pair::new(&client, &server);
    (pair.to_client, pair.to_server) = (bytewise(), bytewise());
    let bytewise = pair.run();
    assert_eq!(
        *whole.client_story.0.lock().unwrap(),
        *bytewise.client_story.0.lock().unwrap()
    );
    assert_eq!(
        *whole.server_story.0.lock().unwrap(),
        *bytewise.server_story.0.lock().unwrap()
    );
    let (mut client, mut server) = bytewise.connected();
    talk(&mut client, &mut server);
}

#[test]
fn a_server_asks_for_the_share_that_it_wants() {
    let authority = Authority::new();
    let client = authority.client().with_key_shares(&[NamedGroup::X25519]).unwrap();
    let policy = Policy::modern().with_groups(&[NamedGroup::SECP384R1]).unwrap();
    let (mut client, mut server) = Pair::new(&client, &authority.server().with_policy(policy))
        .run()
        .connected();
    assert!(client.info().retried && server.info().retried);
    assert_eq!(client.info().group, NamedGroup::SECP384R1);
    talk(&mut client, &mut server);
}

#[test]
fn a_session_goes_on_once_a_ticket() {
    let authority = Authority::new();
    let (client, server) = authority.resuming();
    for round in 0..4 {
        let (mut at_client, mut at_server) = Pair::new(&client, &server).run().connected();
        assert_eq!(at_client.info().resumed, round > 0, "round {round}");
        assert_eq!(at_server.info().resumed, round > 0, "round {round}");
        assert_eq!(at_client.info().server_chain.len(), 1);
        talk(&mut at_client, &mut at_server);
    }
}

#[test]
fn a_session_goes_on_through_a_retry() {
    let authority = Authority::new();
    let (client, server) = authority.resuming();
    let client = client.with_key_shares(&[NamedGroup::X25519]).unwrap();
    let (mut first_client, mut first_server) = Pair::new(&client, &server).run().connected();
    assert!(first_client.info().retried, "the server prefers the hybrid group");
    talk(&mut first_client, &mut first_server);
    let (second, _) = Pair::new(&client, &server).run().connected();
    assert!(second.info().retried && second.info().resumed);
}

#[test]
fn tickets_nobody_can_use_cost_a_full_handshake_and_no_more() {
    let authority = Authority::new();
    let (client, server) = authority.resuming();
    let full = |client: &ClientConfig, server: &ServerConfig, now: UnixTime, why: &str| {
        let (mut at_client, mut at_server) = Pair::new(client, server).run().connected();
        exchange(&mut at_client, &mut at_server).unwrap();
        let (at_client, at_server) = Pair::at("localhost", client, server, now).run().connected();
        assert!(!at_client.info().resumed && !at_server.info().resumed, "{why}");
    };
    let other_keys = server.clone().with_tickets(Arc::new(Tickets::new(NOW).unwrap()));
    let (mut at_client, mut at_server) = Pair::new(&client, &server).run().connected();
    exchange(&mut at_client, &mut at_server).unwrap();
    let (again, _) = Pair::new(&client, &other_keys).run().connected();
    assert!(!again.info().resumed, "a restart made new keys");
    let fresh = || authority.client().with_sessions(Arc::new(SessionMemory::default()));
    full(&fresh(), &server, UnixTime(NOW.0 + 90_000), "past its life");
    full(&fresh(), &server, UnixTime(NOW.0 - 90_000), "the clock went back");
}

#[test]
fn a_session_of_one_host_is_none_of_another() {
    let authority = Authority::new();
    let tickets = Arc::new(Tickets::new(NOW).unwrap());
    let identity = Arc::new(authority.issue(&["a.test", "b.test"], &rcgen::PKCS_ECDSA_P256_SHA256));
    let open = ServerConfig::new(Arc::new(Identities::new(vec![identity]))).with_tickets(tickets);
    let verifier = Arc::new(PathVerifier::clients(authority.anchors(), PathPolicy::rfc5280()));
    let closed = open.clone().with_required_client_certificates(verifier);
    let client = authority.client().with_sessions(Arc::new(SessionMemory::default()));
    let (mut at_client, mut at_server) = Pair::named("a.test", &client, &open).run().connected();
    exchange(&mut at_client, &mut at_server).unwrap();
    // The same name, but this host wants a certificate: the full handshake would have been refused, so the session does not go on.
    let outcome = Pair::named("a.test", &client, &closed).run();
    assert!(matches!(
        outcome.server,
        Err(Error::Peer(PeerFault::CertificateRequired))
    ));
}

#[test]
fn application_protocols_are_agreed_or_refused() {
    let authority = Authority::new();
    let server = authority.server().with_application_protocols(&[b"h2", b"http/1.1"]);
    let client = authority.client().with_application_protocols(&[b"http/1.1", b"h2"]);
    let (client, _) = Pair::new(&client, &server).run().connected();
    assert_eq!(client.info().application_protocol.as_deref(), Some(&b"h2"[..]));
    let outcome = Pair::new(&authority.client().with_application_protocols(&[b"imap"]), &server).run();
    assert!(matches!(
        outcome.server,
        Err(Error::Peer(PeerFault::NoApplicationProtocol))
    ));
    assert!(
        matches!(outcome.client, Err(Error::Alert(alert)) if alert.description == AlertDescription::NO_APPLICATION_PROTOCOL)
    );
}

#[test]
fn a_certificate_of_another_name_is_refused_and_the_server_learns_it() {
    let authority = Authority::new();
    let outcome = Pair::named("other.test", &authority.client(), &authority.server()).run();
    assert!(matches!(
        outcome.client,
        Err(Error::Certificate(CertificateFault::Refused(_)))
    ));
    assert!(
        matches!(outcome.server, Err(Error::Alert(alert)) if alert.description == AlertDescription::BAD_CERTIFICATE)
    );
}

#[test]
fn an_unknown_authority_and_an_expired_certificate_have_alerts_of_their_own() {
    let (authority, stranger) = (Authority::new(), Authority::named("Stranger"));
    let outcome = Pair::new(&stranger.client(), &authority.server()).run();
    assert!(matches!(outcome.server, Err(Error::Alert(alert)) if alert.description == AlertDescription::UNKNOWN_CA));
    let later = UnixTime(NOW.0 + 400 * 86_400);
    let outcome = Pair::at("localhost", &authority.client(), &authority.server(), later).run();
    assert!(
        matches!(outcome.server, Err(Error::Alert(alert)) if alert.description == AlertDescription::CERTIFICATE_EXPIRED)
    );
}

#[test]
fn one_flipped_bit_in_any_record_is_noticed() {
    let authority = Authority::new();
    let (mut client, mut server) = Pair::new(&authority.client(), &authority.server()).run().connected();
    client.write(b"a secret").unwrap();
    let bytes = sent(&mut client);
    let mut flipped = bytes.clone();
    *flipped.last_mut().unwrap() ^= 1;
    assert!(matches!(
        received(&mut server, &flipped),
        Err(Error::Peer(PeerFault::BadRecordMac))
    ));
    assert!(
        matches!(received(&mut client, &sent(&mut server)), Err(Error::Alert(alert)) if alert.description == AlertDescription::BAD_RECORD_MAC)
    );
    // The same error for ever.
    assert!(matches!(
        received(&mut server, &bytes),
        Err(Error::Peer(PeerFault::BadRecordMac))
    ));
}

#[test]
fn dropped_repeated_and_reordered_records_are_noticed() {
    let authority = Authority::new();
    for mangle in ["drop", "repeat", "reorder"] {
        let (mut client, mut server) = Pair::new(&authority.client(), &authority.server()).run().connected();
        client.write(b"one").unwrap();
        let one = sent(&mut client);
        client.write(b"two").unwrap();
        let two = sent(&mut client);
        let bytes = match mangle {
            "drop" => two,
            "repeat" => [&one[..], &one].concat(),
            _ => [two, one].concat(),
        };
        assert!(
            matches!(received(&mut server, &bytes), Err(Error::Peer(PeerFault::BadRecordMac))),
            "{mangle}"
        );
    }
}

#[test]
fn closing_is_told_from_cutting_off() {
    let authority = Authority::new();
    let (mut client, mut server) = Pair::new(&authority.client(), &authority.server()).run().connected();
    exchange(&mut client, &mut server).unwrap();
    client.write(b"last words").unwrap();
    client.close();
    let bytes = sent(&mut client);
    assert_eq!(received(&mut server, &bytes).unwrap(), (b"last words".to_vec(), true));
    server.transport_closed().unwrap();
    // Half closed: the server still writes.
    server.write(b"an answer").unwrap();
    assert_eq!(
        received(&mut client, &sent(&mut server)).unwrap(),
        (b"an answer".to_vec(), false)
    );
    assert!(matches!(client.transport_closed(), Err(Error::Truncated)));
}

#[test]
fn keys_are_updated_both_ways() {
    let authority = Authority::new();
    let (mut client, mut server) = Pair::new(&authority.client(), &authority.server()).run().connected();
    for request in [false, true, true] {
        client.update_keys(request).unwrap();
        server.update_keys(request).unwrap();
        talk(&mut client, &mut server);
    }
}

#[test]
fn both_sides_export_the_same_keying_material() {
    let authority = Authority::new();
    let (client, server) = Pair::new(&authority.client(), &authority.server()).run().connected();
    let (mut at_client, mut at_server, mut other) = ([0; 32], [0; 32], [0; 32]);
    client.export(b"EXPERIMENTAL test", b"context", &mut at_client).unwrap();
    server.export(b"EXPERIMENTAL test", b"context", &mut at_server).unwrap();
    server.export(b"EXPERIMENTAL test", b"another", &mut other).unwrap();
    assert!(at_client == at_server && at_client != other);
}

#[test]
fn plain_http_is_told_from_tls() {
    let authority = Authority::new();
    let mut server = Handshake::server(Arc::new(Arc::new(authority.server())), NOW, None);
    let request = b"GET / HTTP/1.1\r\n\r\n";
    let _ = server.receive_with(|space| {
        space[..request.len()].copy_from_slice(request);
        Ok::<_, ()>(request.len())
    });
    let error = server.poll(&mut Context::from_waker(Waker::noop())).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the peer does not speak TLS: its first bytes are \"GET /\""
    );
}

/// RFC 9846 section 6.2: the secrets of a failed connection are forgotten, and the observer hears of it last.
#[test]
fn a_failed_connection_has_no_secrets_left() {
    let authority = Authority::new();
    let outcome = Pair::new(&authority.client(), &authority.server()).run();
    let story = outcome.server_story.clone();
    let (mut client, mut server) = outcome.connected();
    client.write(b"data").unwrap();
    let mut bytes = sent(&mut client);
    bytes[7] ^= 1;
    received(&mut server, &bytes).unwrap_err();
    let mut out = [0; 32];
    assert!(matches!(
        server.export(b"EXPERIMENTAL test", b"", &mut out),
        Err(Error::Peer(PeerFault::BadRecordMac))
    ));
    assert!(server.write(b"more").is_err());
    drop(server);
    let story = story.0.lock().unwrap();
    assert_eq!(story.last().map(String::as_str), Some("KeysDiscarded"));
    assert_eq!(story.iter().filter(|note| *note == "KeysDiscarded").count(), 1);
}

#[test]
fn a_chain_among_a_hundred_strangers_is_the_same_chain() {
    let (authority, stranger) = (Authority::new(), Authority::named("Stranger"));
    let identity = authority.issue_with(&["localhost"], |chain| {
        let stray = stranger.issue(&["stray.test"], &rcgen::PKCS_ECDSA_P256_SHA256);
        chain.extend(std::iter::repeat_n(stray.chain()[0].clone(), 100));
    });
    let server = ServerConfig::new(Arc::new(Identities::new(vec![Arc::new(identity)])));
    let (client, _) = Pair::new(&authority.client(), &server).run().connected();
    assert_eq!(client.info().server_chain.len(), 101);
}

#[test]
fn a_session_is_of_who_began_it() {
    let authority = Authority::new();
    let (client, server) = authority.resuming();
    let verifier = Arc::new(PathVerifier::clients(authority.anchors(), PathPolicy::rfc5280()));
    let server = server.with_optional_client_certificates(verifier);
    let person = |name: &str| {
        let identity = authority.issue(&[name], &rcgen::PKCS_ECDSA_P256_SHA256);
        client
            .clone()
            .with_identity(Arc::new(Identities::new(vec![Arc::new(identity)])))
    };
    let (alice, bob) = (person("alice.test"), person("bob.test"));
    let (mut at_client, _) = Pair::new(&alice, &server).run().connected();
    // The tickets came with the server's last flight.
    received(&mut at_client, &[]).unwrap();
    let (_, at_server) = Pair::new(&bob, &server).run().connected();
    assert!(!at_server.info().resumed, "the store is shared, the session is Alice's");
    assert_eq!(at_server.info().client_chain.len(), 1);
}

#[test]
fn no_more_goes_out_after_close_notify() {
    let authority = Authority::new();
    let (mut client, mut server) = Pair::new(&authority.client(), &authority.server()).run().connected();
    exchange(&mut client, &mut server).unwrap();
    client.close();
    let _ = sent(&mut client);
    server.update_keys(true).unwrap();
    received(&mut client, &sent(&mut server)).unwrap();
    assert!(!client.wants_to_send());
}

#[test]
fn a_connection_that_idles_lends_its_buffer_to_another() {
    let authority = Authority::new();
    let (mut client, mut server) = Pair::new(&authority.client(), &authority.server()).run().connected();
    exchange(&mut client, &mut server).unwrap();
    client.write(b"first").unwrap();
    exchange(&mut client, &mut server).unwrap();
    let mut buffer = client.release_buffers();
    let place = buffer.as_ptr();
    assert!(!buffer.is_empty());
    assert!(client.release_buffers().is_empty(), "there was one");
    server.release_buffers();
    server.reuse_buffer(&mut buffer);
    assert!(buffer.is_empty(), "it is lent");
    // Both go on as before, the one without and the other with it.
    let _ = client.receive_with(|_| Err::<usize, ()>(()));
    client.write(b"second").unwrap();
    server.write(b"third").unwrap();
    let (at_client, at_server) = exchange(&mut client, &mut server).unwrap();
    assert_eq!((&at_client[..], &at_server[..]), (&b"third"[..], &b"second"[..]));
    let back = server.release_buffers();
    assert_eq!(back.as_ptr(), place, "nothing was allocated in its stead");
}

#[test]
fn more_authorities_than_fit_are_refused_when_configured() {
    let authority = Authority::new();
    let names = vec![vec![0x30; 60]; 2000];
    let error = authority.server().with_certificate_authorities(names).unwrap_err();
    assert_eq!((error.count, error.bytes), (2000, 124_000));
    let verifier = Arc::new(PathVerifier::clients(authority.anchors(), PathPolicy::rfc5280()));
    let names = vec![vec![0x30; 60]; 1000];
    let server = authority
        .server()
        .with_optional_client_certificates(verifier)
        .with_certificate_authorities(names)
        .unwrap();
    Pair::new(&authority.client(), &server).run().connected();
}

/// RFC 6066 section 3: a name that is no host name is ignored; what came is kept for the log.
#[test]
fn a_server_name_that_is_no_host_name_is_no_reason_to_refuse() {
    let authority = Authority::new();
    for name in ["127.0.0.1", "[::1]", "a..b", "-", "\u{202e}evil\r\n"] {
        let mut client = Pair::new(&authority.client(), &authority.server()).client;
        client.poll(&mut Context::from_waker(Waker::noop())).unwrap();
        let mut record = Vec::new();
        let _ = client.send_with(|bytes| {
            record.extend_from_slice(bytes);
            Ok::<_, ()>(bytes.len())
        });
        let mut hello = ClientHello::read(&record[9..]).unwrap();
        hello.extensions.server_name = Some(HostName(name.as_bytes()));
        let message = handshake_message(HandshakeType::CLIENT_HELLO, &hello).unwrap();
        let length = u16::try_from(message.len()).unwrap().to_be_bytes();
        let record = [&[22, 3, 1][..], &length, &message].concat();
        let mut server = Handshake::server(Arc::new(Arc::new(authority.server())), NOW, None);
        let _ = server.receive_with(|space| {
            space[..record.len()].copy_from_slice(&record);
            Ok::<_, ()>(record.len())
        });
        let progress = server.poll(&mut Context::from_waker(Waker::noop()));
        assert!(matches!(progress, Ok(Progress::NeedsBytes)), "{name}: {progress:?}");
        assert!(server.wants_to_send());
    }
}

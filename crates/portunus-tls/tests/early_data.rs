//! Early data between both of our sides (RFC 9846 section 2.3).

mod early;
mod pair;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use early::{MAX, client_at, configs, early_flight, flight, give, guard, poll, prime, server_at};
use pair::{Authority, NOW, Pair, exchange, received, sent};
use portunus_tls::wire::{AlertDescription, CipherSuite, NamedGroup};
use portunus_tls::{
    CertificateFault, ClientConfig, Decision, EarlyData, Error, Misuse, NoEarlyData, PathVerifier, Policy, Presented,
    Progress, ReplayGuard, ServerConfig, SessionMemory, Tickets, Verified, VerifyPeer,
};
use portunus_x509::UnixTime;

/// What a server says of this flight.
fn told(config: &ServerConfig, flight: &[u8], now: UnixTime) -> EarlyData {
    let mut server = server_at(config, now);
    give(&mut server, flight).unwrap();
    match poll(&mut server).unwrap() {
        Progress::Done => server.into_connection().unwrap().info().early_data,
        _ => EarlyData::Refused {
            bytes: 0,
            why: NoEarlyData::Declined,
        },
    }
}

#[test]
fn early_data_is_read_before_the_client_has_finished() {
    let (client, server) = configs();
    prime(&client, &server);
    let (mut client, hello) = early_flight(&client, b"early");
    let mut server = server_at(&server, NOW);
    assert_eq!(give(&mut server, &hello).unwrap(), Progress::Done);
    let answer = flight(&mut server);
    let mut server = server.into_connection().unwrap();
    assert!(server.is_early());
    assert_eq!(server.info().early_data, EarlyData::Accepted { bytes: 0 });
    assert_eq!(received(&mut server, &[]).unwrap().0, b"early");
    // Both go on before the handshake is confirmed.
    server.write(b"an early answer").unwrap();
    assert_eq!(client.write_early(b" and more").unwrap(), 9);
    assert_eq!(received(&mut server, &flight(&mut client)).unwrap().0, b" and more");
    assert!(server.is_early());

    let mut exported = [[0; 32]; 4];
    client.export_early(b"label", b"context", &mut exported[0]).unwrap();
    assert_eq!(give(&mut client, &answer).unwrap(), Progress::Done);
    let end = flight(&mut client);
    let mut client = client.into_connection().unwrap();
    assert_eq!(client.info().early_data, EarlyData::Accepted { bytes: 14 });
    assert!(client.info().resumed && !client.is_early());
    assert_eq!(received(&mut client, &sent(&mut server)).unwrap().0, b"an early answer");
    client.write(b"late").unwrap();
    let late = sent(&mut client);
    assert_eq!(received(&mut server, &end).unwrap().0, b"");
    assert!(!server.is_early());
    assert_eq!(server.info().early_data, EarlyData::Accepted { bytes: 14 });
    assert_eq!(received(&mut server, &late).unwrap().0, b"late");

    client.export_early(b"label", b"context", &mut exported[1]).unwrap();
    server.export_early(b"label", b"context", &mut exported[2]).unwrap();
    client.export(b"label", Some(b"context"), &mut exported[3]).unwrap();
    assert!(exported[0] == exported[1] && exported[1] == exported[2] && exported[2] != exported[3]);
    let (up, down) = exchange(&mut client, &mut server).unwrap();
    assert!(up.is_empty() && down.is_empty());
}

#[test]
fn a_connection_with_early_data_gives_sessions_that_go_on_too() {
    let (client, server) = configs();
    prime(&client, &server);
    for _ in 0..4 {
        let (client, hello) = early_flight(&client, b"early");
        let (mut client, mut server) = (client, server_at(&server, NOW));
        give(&mut server, &hello).unwrap();
        give(&mut client, &flight(&mut server)).unwrap();
        let end = flight(&mut client);
        let (mut client, mut server) = (client.into_connection().unwrap(), server.into_connection().unwrap());
        assert_eq!(received(&mut server, &end).unwrap().0, b"early");
        // The ticket came with the server's flight.
        received(&mut client, &[]).unwrap();
        exchange(&mut client, &mut server).unwrap();
        assert_eq!(client.info().early_data, EarlyData::Accepted { bytes: 5 });
    }
}

#[test]
fn no_more_early_data_is_written_than_the_ticket_allows() {
    let (client, server) = configs();
    prime(&client, &server);
    let mut client = client_at(&client, NOW);
    assert!(client.early_offer().is_none());
    assert_eq!(client.write_early(&[7; 10]).unwrap(), 0, "before the hello");
    poll(&mut client).unwrap();
    let offer = client.early_offer().unwrap();
    assert_eq!(
        (offer.left, offer.application_protocol, offer.server_chain.len()),
        (1000, None, 1)
    );
    assert_eq!(client.write_early(&[7; 999]).unwrap(), 999);
    assert_eq!(client.write_early(&[7; 999]).unwrap(), 1);
    assert_eq!(client.write_early(&[7; 999]).unwrap(), 0);
    assert_eq!(
        told(&server, &flight(&mut client), NOW),
        EarlyData::Accepted { bytes: 0 }
    );
}

/// A server that shares the keys of another's tickets, and takes no early data, skips as much as those allow.
#[test]
fn refused_early_data_may_be_as_long_as_its_ticket_allows() {
    let (client, server) = Authority::new().resuming();
    let client = client.with_early_data();
    prime(&client, &server.clone().with_early_data(guard(), 40_000));
    let (mut client, hello) = early_flight(&client, &[7; 40_000]);
    let mut server = server_at(&server, NOW);
    give(&mut server, &hello).unwrap();
    give(&mut client, &flight(&mut server)).unwrap();
    give(&mut server, &flight(&mut client)).unwrap();
    let server = server.into_connection().unwrap();
    assert!(server.info().resumed && !server.is_early());
}

/// RFC 9846 section 8: the flight as it was recorded.
#[test]
fn a_replay_is_read_once() {
    let (client, server) = configs();
    prime(&client, &server);
    let (_, hello) = early_flight(&client, b"early");
    assert_eq!(told(&server, &hello, NOW), EarlyData::Accepted { bytes: 0 });
    for later in [0, 1, 10] {
        let mut replayed = server_at(&server, UnixTime(NOW.0 + later));
        assert_eq!(give(&mut replayed, &hello).unwrap(), Progress::NeedsBytes);
    }
    // Later its ticket is as old as the hello says no more.
    let mut replayed = server_at(&server, UnixTime(NOW.0 + 11));
    assert_eq!(give(&mut replayed, &hello).unwrap(), Progress::NeedsBytes);
}

/// Plays the rest of a handshake in which early data was not taken; both say why.
fn refused(
    client_config: &ClientConfig,
    server_config: &ServerConfig,
    client_says: NoEarlyData,
    server_says: NoEarlyData,
) {
    let (mut client, hello) = early_flight(client_config, b"early");
    let mut server = server_at(server_config, NOW);
    let mut up = hello;
    loop {
        give(&mut server, &up).unwrap();
        give(&mut client, &flight(&mut server)).unwrap();
        up = flight(&mut client);
        if up.is_empty() {
            break;
        }
    }
    assert_eq!(client.write_early(b"more").unwrap(), 0);
    let (mut client, mut server) = (client.into_connection().unwrap(), server.into_connection().unwrap());
    let because = |bytes, why| EarlyData::Refused { bytes, why };
    assert_eq!(client.info().early_data, because(5, client_says));
    assert_eq!(server.info().early_data, because(0, server_says));
    assert!(!server.is_early());
    let none = client.export_early(b"label", b"", &mut [0; 32]).unwrap_err();
    assert!(matches!(none, Error::Misuse(Misuse::NoEarlyData)));
    client.write(b"again").unwrap();
    assert_eq!(exchange(&mut client, &mut server).unwrap().1, b"again");
}

#[test]
fn a_server_refuses_early_data_and_goes_on() {
    use NoEarlyData::{
        ApplicationProtocol, CipherSuite as Suite, Declined, GuardFresh, GuardFull, NotOfSession, NotResumed, Off,
        Retried,
    };
    let (client, server) = configs();
    let fresh = Arc::new(ReplayGuard::new(100, NOW).unwrap());
    let full = Arc::new(ReplayGuard::new(0, UnixTime(0)).unwrap());
    let other_key = Arc::new(Tickets::new(NOW).unwrap());
    let chacha = Policy::modern()
        .with_cipher_suites(&[CipherSuite::TLS_CHACHA20_POLY1305_SHA256])
        .unwrap();
    let p384 = Policy::modern().with_groups(&[NamedGroup::SECP384R1]).unwrap();
    let with_guard = |guard| server.clone().with_early_data(guard, MAX);
    let off = with_guard(guard()).with_early_data(guard(), 0);
    let cases = [
        (server.clone(), off, Declined, Off),
        (server.clone(), with_guard(guard()), Declined, NotOfSession),
        (with_guard(fresh.clone()), with_guard(fresh), Declined, GuardFresh),
        (with_guard(full.clone()), with_guard(full), Declined, GuardFull),
        (
            server.clone(),
            server.clone().with_tickets(other_key),
            NotResumed,
            NotResumed,
        ),
        (server.clone(), server.clone().with_policy(chacha), Declined, Suite),
        (server.clone(), server.clone().with_policy(p384), Retried, Retried),
        (
            server.clone(),
            server.clone().with_application_protocols(&[b"h2"]),
            Declined,
            ApplicationProtocol,
        ),
    ];
    for (issuing, resuming, client_says, server_says) in cases {
        let sessions = Arc::new(SessionMemory::default());
        let client = client
            .clone()
            .with_application_protocols(&[b"h2"])
            .with_sessions(sessions);
        prime(&client, &issuing);
        refused(&client, &resuming, client_says, server_says);
    }
}

#[test]
fn a_client_offers_no_early_data_without_reason() {
    let reason = |client: &ClientConfig, server: &ServerConfig| {
        let (client, server) = Pair::new(client, server).run().connected();
        drop(server);
        match client.info().early_data {
            EarlyData::Refused { bytes: 0, why } => why,
            other => panic!("{other:?}"),
        }
    };
    let authority = Authority::new();
    let (client, server) = authority.resuming();
    let (client, server) = (client.with_early_data(), server.with_early_data(guard(), MAX));
    let without = authority.server().with_tickets(Arc::new(Tickets::new(NOW).unwrap()));
    assert_eq!(reason(&client, &server), NoEarlyData::NoSession);
    let off = authority.client();
    assert_eq!(reason(&off, &server), NoEarlyData::Off);
    prime(&client, &without);
    assert_eq!(reason(&client, &without), NoEarlyData::NotOfSession);
    let client = client.with_application_protocols(&[b"h2"]);
    prime(&client, &server.clone().with_application_protocols(&[b"h2"]));
    let other = client.with_application_protocols(&[b"http/1.1"]);
    assert_eq!(reason(&other, &server), NoEarlyData::ApplicationProtocol);
}

/// What a server that is not believed any more gets is an alert.
#[test]
fn early_data_goes_to_nobody_whom_the_verifier_refuses_by_now() {
    struct Revocable {
        verifier: PathVerifier,
        revoked: AtomicBool,
    }
    impl VerifyPeer for Revocable {
        fn verify<'a>(&'a self, presented: Presented<'a>) -> Decision<'a, Result<Verified, CertificateFault>> {
            if self.revoked.load(Ordering::Relaxed) {
                return Decision::ready(Err(CertificateFault::Application {
                    alert: AlertDescription::CERTIFICATE_REVOKED,
                    reason: "revoked".to_owned(),
                }));
            }
            self.verifier.verify(presented)
        }

        fn trust(&self) -> [u8; 32] {
            self.verifier.trust()
        }
    }
    let authority = Authority::new();
    let verifier = Arc::new(Revocable {
        verifier: PathVerifier::servers(authority.anchors(), portunus_x509::Policy::rfc5280()),
        revoked: AtomicBool::new(false),
    });
    let client = ClientConfig::new(verifier.clone())
        .with_sessions(Arc::new(SessionMemory::default()))
        .with_early_data()
        .with_verification_on_resumption();
    let (_, server) = authority.resuming();
    let server = server.with_early_data(guard(), MAX);
    prime(&client, &server);
    let (_, hello) = early_flight(&client, b"early");
    assert_eq!(told(&server, &hello, NOW), EarlyData::Accepted { bytes: 0 });
    verifier.revoked.store(true, Ordering::Relaxed);
    let mut client = client_at(&client, NOW);
    let error = poll(&mut client).unwrap_err();
    assert_eq!(error.alert(), Some(AlertDescription::CERTIFICATE_REVOKED));
    assert!(client.write_early(b"early").is_err());
}

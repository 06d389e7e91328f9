//! Early data that no server asked for is skipped within a budget, so that a client that hoped for it can go on; early data that is taken follows rules
//! of its own (RFC 9846 section 4.3.10).

mod early;
mod forge;
mod pair;

use std::sync::Arc;
use std::task::{Context, Waker};

use early::{configs, early_flight, give, prime, server_at};
use forge::client::{ScriptedClient, early_data};
use forge::{ALERT, APPLICATION_DATA, HANDSHAKE, Sealer, Secrets, assert_fault, records};
use pair::{Authority, NOW, Pair, received};
use portunus_tls::limits::MAX_SKIPPED_EARLY_DATA;
use portunus_tls::wire::{
    AlertDescription, CipherSuite, Decode, EncryptedExtensions, HandshakeType, NamedGroup, ProtocolName,
    handshake_message,
};
use portunus_tls::{ClientConfig, Connection, Error, Handshake, Limit, PeerFault, Policy, ServerConfig, Tickets};

fn server(groups: &[NamedGroup]) -> Handshake {
    let policy = Policy::modern().with_groups(groups).unwrap();
    Handshake::server(
        Arc::new(Arc::new(Authority::new().server().with_policy(policy))),
        NOW,
        None,
    )
}

/// Gives the server bytes; gives its answer.
fn answer(server: &mut Handshake, bytes: &[u8]) -> Result<Vec<u8>, Error> {
    let mut left = bytes;
    while !left.is_empty() {
        let count = server.receive_with(|space| {
            let count = space.len().min(left.len());
            space[..count].copy_from_slice(&left[..count]);
            Ok::<_, Error>(count)
        })?;
        left = &left[count..];
        server.poll(&mut Context::from_waker(Waker::noop()))?;
    }
    let mut sent = Vec::new();
    let _ = server.send_with(|bytes| {
        sent.extend_from_slice(bytes);
        Ok::<_, ()>(bytes.len())
    });
    Ok(sent)
}

#[test]
fn early_data_is_skipped() {
    let (mut client, mut server) = (ScriptedClient::new(), server(&[NamedGroup::X25519]));
    let flight = answer(&mut server, &client.hello(true)).unwrap();
    let early = early_data(1000).repeat(MAX_SKIPPED_EARLY_DATA / 1000);
    assert!(answer(&mut server, &early).unwrap().is_empty());
    let (finished, mut sealer) = client.finish(&flight);
    answer(&mut server, &finished).unwrap();
    let mut server = server.into_connection().unwrap();
    let data = sealer.seal(APPLICATION_DATA, b"not early");
    assert_eq!(received(&mut server, &data).unwrap().0, b"not early");
}

#[test]
fn early_data_is_skipped_up_to_the_second_hello() {
    let (mut client, mut server) = (ScriptedClient::new(), server(&[NamedGroup::SECP256R1]));
    let request = answer(&mut server, &client.hello(true)).unwrap();
    assert_eq!(records(&request).len(), 1, "a HelloRetryRequest");
    assert!(answer(&mut server, &early_data(4000)).unwrap().is_empty());
    let flight = answer(&mut server, &client.retry(&request)).unwrap();
    let (finished, _) = client.finish(&flight);
    answer(&mut server, &finished).unwrap();
    assert!(server.into_connection().unwrap().info().retried);
}

#[test]
fn early_data_ends_with_the_second_hello() {
    let (mut client, mut server) = (ScriptedClient::new(), server(&[NamedGroup::SECP256R1]));
    let request = answer(&mut server, &client.hello(true)).unwrap();
    answer(&mut server, &client.retry(&request)).unwrap();
    let error = answer(&mut server, &early_data(100)).unwrap_err();
    assert!(matches!(error, Error::Peer(PeerFault::BadRecordMac)));
}

#[test]
fn early_data_ends_with_the_first_record_that_opens() {
    let (mut client, mut server) = (ScriptedClient::new(), server(&[NamedGroup::X25519]));
    let flight = answer(&mut server, &client.hello(true)).unwrap();
    let (finished, _) = client.finish(&flight);
    answer(&mut server, &finished).unwrap();
    let mut server = server.into_connection().unwrap();
    let error = received(&mut server, &early_data(100)).unwrap_err();
    assert!(matches!(error, Error::Peer(PeerFault::BadRecordMac)));
}

#[test]
fn early_data_has_a_budget() {
    for groups in [[NamedGroup::X25519], [NamedGroup::SECP256R1]] {
        let (mut client, mut server) = (ScriptedClient::new(), server(&groups));
        answer(&mut server, &client.hello(true)).unwrap();
        // 1024 bytes on the wire: headers count too, so that empty records are not free.
        let early = early_data(1019).repeat(MAX_SKIPPED_EARLY_DATA / 1024);
        answer(&mut server, &early).unwrap();
        let error = answer(&mut server, &early_data(1)).unwrap_err();
        assert!(matches!(error, Error::Limit(Limit::EarlyData)));
        assert_eq!(error.alert(), Some(AlertDescription::UNEXPECTED_MESSAGE));
    }
}

#[test]
fn early_data_that_was_not_announced_is_refused() {
    let (mut client, mut server) = (ScriptedClient::new(), server(&[NamedGroup::X25519]));
    answer(&mut server, &client.hello(false)).unwrap();
    let error = answer(&mut server, &early_data(100)).unwrap_err();
    assert!(matches!(error, Error::Peer(PeerFault::BadRecordMac)));
}

/// A server that takes early data and has read some, and what its client's part can be forged with.
struct Taken {
    server: Connection,
    early: Sealer,
    handshake: Sealer,
    /// The client's own end: EndOfEarlyData and Finished.
    end: Vec<Vec<u8>>,
}

/// Both sides with the one suite that can be forged.
fn forgeable() -> (ClientConfig, Arc<Secrets>, ServerConfig) {
    let (client, server) = configs();
    let secrets = Arc::new(Secrets::default());
    let aes = Policy::modern()
        .with_cipher_suites(&[CipherSuite::TLS_AES_128_GCM_SHA256])
        .unwrap();
    let (client, server) = (
        client.with_key_log(secrets.clone()),
        server.with_key_log(secrets.clone()),
    );
    (client.with_policy(aes), secrets, server)
}

fn taken() -> Taken {
    let (client, secrets, server) = forgeable();
    prime(&client, &server);
    let (mut client, hello) = early_flight(&client, b"early");
    let mut server = server_at(&server, NOW);
    give(&mut server, &hello).unwrap();
    give(&mut client, &early::flight(&mut server)).unwrap();
    let end = records(&early::flight(&mut client));
    assert_eq!(end.len(), 2);
    let mut server = server.into_connection().unwrap();
    assert_eq!(received(&mut server, &[]).unwrap().0, b"early");
    let mut early = secrets.sealer("CLIENT_EARLY_TRAFFIC_SECRET");
    early.seal(APPLICATION_DATA, b"early");
    Taken {
        server,
        early,
        handshake: secrets.sealer("CLIENT_HANDSHAKE_TRAFFIC_SECRET"),
        end,
    }
}

const END: &[u8] = &[HandshakeType::END_OF_EARLY_DATA.0, 0, 0, 0];

/// The server that took early data refuses this; it stays unconfirmed, and tells the client.
fn assert_refused(mut taken: Taken, bytes: &[u8], alert: AlertDescription, what: &str) -> Error {
    let error = received(&mut taken.server, bytes).expect_err(what);
    assert_eq!(error.alert(), Some(alert), "{what}: {error}");
    assert!(!pair::sent(&mut taken.server).is_empty(), "{what}");
    // What came before was never confirmed, and never will be.
    assert!(taken.server.is_early(), "{what}");
    let again = received(&mut taken.server, &taken.end.concat()).expect_err(what);
    assert_eq!(again.to_string(), error.to_string());
    error
}

#[test]
fn early_data_that_is_taken_has_its_budget() {
    let mut taken = taken();
    // Five bytes came.
    let rest = taken.early.seal(APPLICATION_DATA, &[0; 995]);
    assert_eq!(received(&mut taken.server, &rest).unwrap().0.len(), 995);
    let more = taken.early.seal(APPLICATION_DATA, &[0]);
    let error = assert_refused(taken, &more, AlertDescription::UNEXPECTED_MESSAGE, "a byte more");
    assert_fault(&error, PeerFault::TooMuchEarlyData, "a byte more");
}

#[test]
fn early_data_that_is_taken_ends_by_the_rules() {
    use AlertDescription as Alert;
    let finished = |taken: &mut Taken| taken.handshake.open(&taken.end[1]);
    let sealed_anew = |taken: &Taken, skip: usize| {
        let mut sealer = Sealer::new(&taken.handshake.secret);
        for _ in 0..skip {
            sealer.seal(HANDSHAKE, &[0]);
        }
        sealer
    };

    let forged = taken();
    let without_end = forged.end[1].clone();
    assert_refused(forged, &without_end, Alert::BAD_RECORD_MAC, "no EndOfEarlyData");

    let mut forged = taken();
    let message = finished(&mut forged);
    let under_early_keys = forged.early.seal(HANDSHAKE, &message);
    assert_refused(
        forged,
        &under_early_keys,
        Alert::UNEXPECTED_MESSAGE,
        "Finished under early keys",
    );

    let forged = taken();
    let twice = [&forged.end[0][..], &sealed_anew(&forged, 0).seal(HANDSHAKE, END)].concat();
    assert_refused(forged, &twice, Alert::UNEXPECTED_MESSAGE, "EndOfEarlyData twice");

    let forged = taken();
    let late = [
        &forged.end[0][..],
        &sealed_anew(&forged, 0).seal(APPLICATION_DATA, b"late"),
    ]
    .concat();
    assert_refused(
        forged,
        &late,
        Alert::UNEXPECTED_MESSAGE,
        "data between EndOfEarlyData and Finished",
    );

    let mut forged = taken();
    let message = finished(&mut forged);
    let together = forged.early.seal(HANDSHAKE, &[END, &message].concat());
    assert_refused(forged, &together, Alert::UNEXPECTED_MESSAGE, "both in one record");

    let mut forged = taken();
    let with_body = forged
        .early
        .seal(HANDSHAKE, &[HandshakeType::END_OF_EARLY_DATA.0, 0, 0, 1, 0]);
    assert_refused(forged, &with_body, Alert::DECODE_ERROR, "EndOfEarlyData with a body");

    let mut forged = taken();
    let update = forged.early.seal(HANDSHAKE, &[HandshakeType::KEY_UPDATE.0, 0, 0, 1, 0]);
    assert_refused(forged, &update, Alert::UNEXPECTED_MESSAGE, "a KeyUpdate");

    let mut forged = taken();
    let mut message = finished(&mut forged);
    message[10] ^= 1;
    let wrong = [&forged.end[0][..], &sealed_anew(&forged, 0).seal(HANDSHAKE, &message)].concat();
    assert_refused(forged, &wrong, Alert::DECRYPT_ERROR, "another Finished");

    let forged = taken();
    assert_refused(forged, &early_data(100), Alert::BAD_RECORD_MAC, "what does not open");

    let mut forged = taken();
    let again = [&forged.end.concat()[..], &sealed_anew(&forged, 1).seal(HANDSHAKE, END)].concat();
    let error = received(&mut forged.server, &again).expect_err("EndOfEarlyData after all");
    assert_eq!(error.alert(), Some(Alert::BAD_RECORD_MAC));
    assert!(!forged.server.is_early());
}

/// A client that ends there has not proved that it is there.
#[test]
fn a_client_may_close_early() {
    let mut taken = taken();
    let close = taken.early.seal(ALERT, &[1, 0]);
    assert_eq!(received(&mut taken.server, &close).unwrap(), (Vec::new(), true));
    assert!(taken.server.is_early());
}

/// Anybody on the way can say it in plaintext: what they cut off is not whole.
#[test]
fn a_close_notify_in_plaintext_ends_nothing_in_order() {
    const CLOSE_NOTIFY: &[u8] = &[ALERT, 3, 3, 0, 2, 1, 0];
    let mut before = taken();
    assert!(received(&mut before.server, CLOSE_NOTIFY).is_err());
    let mut behind = taken();
    let cut = [&behind.end[0][..], CLOSE_NOTIFY].concat();
    assert!(received(&mut behind.server, &cut).is_err());
    assert!(before.server.is_early() && behind.server.is_early());

    // Before any early data came.
    let (client, _, server) = forgeable();
    prime(&client, &server);
    let (_, hello) = early_flight(&client, b"early");
    let hello = records(&hello).into_iter().next().unwrap();
    let mut server = server_at(&server, NOW);
    give(&mut server, &hello).unwrap();
    early::flight(&mut server);
    let mut server = server.into_connection().unwrap();
    assert!(matches!(
        received(&mut server, CLOSE_NOTIFY),
        Err(Error::ClosedInHandshake)
    ));
}

#[test]
fn a_server_that_took_no_early_data_gets_no_end_of_it() {
    let (client, secrets, server) = forgeable();
    prime(&client, &server);
    let (mut client, hello) = early_flight(&client, b"early");
    let mut server = server_at(&server.with_early_data(early::guard(), 1000), NOW);
    give(&mut server, &hello).unwrap();
    give(&mut client, &early::flight(&mut server)).unwrap();
    let end = secrets.sealer("CLIENT_HANDSHAKE_TRAFFIC_SECRET").seal(HANDSHAKE, END);
    let error = give(&mut server, &end).unwrap_err();
    assert_eq!(error.alert(), Some(AlertDescription::UNEXPECTED_MESSAGE));
}

/// Puts these extensions into the server's EncryptedExtensions; gives the client's reason to refuse them.
fn refused_extensions(
    client: &ClientConfig,
    secrets: &Arc<Secrets>,
    server: &ServerConfig,
    alert: AlertDescription,
    change: impl Fn(&mut EncryptedExtensions<'_>) + 'static,
) -> Error {
    let mut pair = Pair::new(client, server);
    pair.to_client = forge::flight(secrets, "SERVER_HANDSHAKE_TRAFFIC_SECRET", move |flight, sealer| {
        let mut extensions = EncryptedExtensions::read(&flight[0][4..]).unwrap();
        change(&mut extensions);
        let first = handshake_message(HandshakeType::ENCRYPTED_EXTENSIONS, &extensions).unwrap();
        sealer.seal(HANDSHAKE, &[&first[..], &flight[1..].concat()].concat())
    });
    let outcome = pair.run();
    let error = outcome.client.expect_err("the extensions are refused");
    assert_eq!(error.alert(), Some(alert), "{error}");
    error
}

#[test]
fn a_client_takes_no_word_for_early_data_that_it_did_not_offer() {
    let accepts = |extensions: &mut EncryptedExtensions<'_>| extensions.early_data = true;
    let unsupported = AlertDescription::UNSUPPORTED_EXTENSION;
    let illegal = AlertDescription::ILLEGAL_PARAMETER;

    let (client, secrets, server) = forgeable();
    let error = refused_extensions(&client, &secrets, &server, unsupported, accepts);
    assert_fault(&error, PeerFault::UnsolicitedExtension, "no session");

    // Offered, and the server goes on without the session.
    let (client, secrets, server) = forgeable();
    prime(&client, &server);
    let forgetful = server.with_tickets(Arc::new(Tickets::new(NOW).unwrap()));
    let error = refused_extensions(&client, &secrets, &forgetful, illegal, accepts);
    assert_fault(&error, PeerFault::EarlyDataWithoutSession, "no session goes on");

    // Offered in the first hello alone.
    let (client, secrets, server) = forgeable();
    prime(&client, &server);
    let p384 = Policy::modern().with_groups(&[NamedGroup::SECP384R1]).unwrap();
    let error = refused_extensions(&client, &secrets, &server.with_policy(p384), unsupported, accepts);
    assert_fault(&error, PeerFault::UnsolicitedExtension, "a second hello");
}

#[test]
fn early_data_is_of_the_protocol_of_its_session() {
    let illegal = AlertDescription::ILLEGAL_PARAMETER;
    let with_protocols = |agreed: &[&[u8]]| {
        let (client, secrets, server) = forgeable();
        let client = client.with_application_protocols(&[b"h2", b"http/1.1"]);
        let server = server.with_application_protocols(agreed);
        prime(&client, &server);
        (client, secrets, server)
    };
    let other: [&[&[u8]]; 2] = [&[b"h2"], &[]];
    for agreed in other {
        let (client, secrets, server) = with_protocols(agreed);
        let error = refused_extensions(&client, &secrets, &server, illegal, |extensions| {
            assert!(extensions.early_data);
            extensions.application_layer_protocol_negotiation = Some(ProtocolName(b"http/1.1"));
        });
        assert_fault(&error, PeerFault::EarlyDataApplicationProtocol, "another protocol");
    }
    let (client, secrets, server) = with_protocols(&[b"h2"]);
    let error = refused_extensions(&client, &secrets, &server, illegal, |extensions| {
        extensions.application_layer_protocol_negotiation = None;
    });
    assert_fault(&error, PeerFault::EarlyDataApplicationProtocol, "no protocol");
}

/// RFC 9846 appendix E.3.
#[cfg(feature = "tls12")]
#[test]
fn early_data_is_of_tls_1_3() {
    use portunus_tls::wire::ProtocolVersion;
    let (client, server) = configs();
    prime(&client, &server);
    let older = server.with_policy(Policy::modern().with_versions(&[ProtocolVersion::TLS1_2]).unwrap());
    let outcome = Pair::new(&client, &older).run();
    let error = outcome.client.expect_err("TLS 1.2");
    assert_eq!(error.alert(), Some(AlertDescription::PROTOCOL_VERSION));
    assert_fault(&error, PeerFault::EarlyDataOlderVersion, "TLS 1.2");
}

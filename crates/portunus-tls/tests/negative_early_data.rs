//! Early data that no server asked for: skipped within a budget, so that a client that hoped for it can go on (RFC 9846 section 4.3.10).

mod forge;
mod pair;

use std::sync::Arc;
use std::task::{Context, Waker};

use forge::client::{ScriptedClient, early_data};
use forge::{APPLICATION_DATA, records};
use pair::{Authority, NOW, received};
use portunus_tls::limits::MAX_SKIPPED_EARLY_DATA;
use portunus_tls::wire::{AlertDescription, NamedGroup};
use portunus_tls::{Error, Handshake, Limit, PeerFault, Policy};

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

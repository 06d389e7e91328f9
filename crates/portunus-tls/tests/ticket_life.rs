//! How long tickets and the keys under them live, by given time.

mod pair;

use std::sync::Arc;

use pair::{Authority, NOW, Pair, received_at, sent};
use portunus_tls::limits::TICKET_LIFETIME;
use portunus_tls::wire::{ClientHello, Decode, HandshakeType, NewSessionTicket};
use portunus_tls::{ClientConfig, Direction, ServerConfig, SessionMemory};
use portunus_x509::UnixTime;

const HOUR: i64 = 3600;
const LIFE: i64 = TICKET_LIFETIME as i64;

/// What a connection shows of tickets.
struct Seen {
    /// Whether the client offered one.
    offered: bool,
    resumed: bool,
    /// The first 16 bytes of those that it got: the name of the key that sealed them.
    keys: Vec<Vec<u8>>,
}

/// A connection at this many seconds after [`NOW`], on the clock of each side.
fn connect(client: &ClientConfig, server: &ServerConfig, client_after: i64, server_after: i64) -> Seen {
    let (client_now, server_now) = (UnixTime(NOW.0 + client_after), UnixTime(NOW.0 + server_after));
    let (pair, messages) = Pair::watched("localhost", client, server, (client_now, server_now));
    let (mut at_client, mut at_server) = pair.run().connected();
    received_at(&mut at_client, &sent(&mut at_server), client_now).unwrap();
    let hello = messages.of(Direction::Sent, HandshakeType::CLIENT_HELLO).remove(0);
    let tickets = messages.of(Direction::Received, HandshakeType::NEW_SESSION_TICKET);
    let key = |ticket: &Vec<u8>| NewSessionTicket::read(ticket).unwrap().ticket[..16].to_vec();
    assert_eq!(at_client.info().resumed, at_server.info().resumed);
    Seen {
        offered: ClientHello::read(&hello).unwrap().extensions.pre_shared_key.is_some(),
        resumed: at_client.info().resumed,
        keys: tickets.iter().map(key).collect(),
    }
}

fn fresh(client: &ClientConfig) -> ClientConfig {
    client.clone().with_sessions(Arc::new(SessionMemory::default()))
}

/// RFC 9846 section 4.7.1: clients MUST NOT use a ticket for longer than its lifetime.
#[test]
fn a_client_does_not_offer_a_ticket_after_its_life() {
    let authority = Authority::new();
    let (client, server) = authority.resuming();
    for (after, offered) in [(0, true), (LIFE - 1, true), (LIFE, false), (-1, false)] {
        let client = fresh(&client);
        assert!(!connect(&client, &server, 0, 0).offered);
        let seen = connect(&client, &server, after, after.max(0));
        assert_eq!((seen.offered, seen.resumed), (offered, offered), "{after}");
    }
}

/// A client whose clock stands still learns nothing by it.
#[test]
fn a_server_does_not_resume_by_a_ticket_after_its_life() {
    let authority = Authority::new();
    let (client, server) = authority.resuming();
    for (after, resumed) in [(0, true), (LIFE - 1, true), (LIFE, false), (-1, false)] {
        let client = fresh(&client);
        connect(&client, &server, 0, 0);
        let seen = connect(&client, &server, 0, after);
        assert_eq!((seen.offered, seen.resumed), (true, resumed), "{after}");
    }
}

/// RFC 9846 section 4.7.1 wants a limit on tickets that come of tickets: for a client it is the life of the first one.
#[test]
fn a_client_goes_on_from_ticket_to_ticket_as_long_as_the_first_one_lives() {
    let authority = Authority::new();
    let (client, server) = authority.resuming();
    assert!(!connect(&client, &server, 0, 0).resumed);
    for after in [10 * HOUR, 20 * HOUR, LIFE - 1] {
        assert!(connect(&client, &server, after, after).resumed, "{after}");
    }
    assert!(!connect(&client, &server, LIFE, LIFE).offered);
}

#[test]
fn keys_of_tickets_rotate_and_the_old_ones_open_what_they_sealed() {
    let authority = Authority::new();
    let (client, server) = authority.resuming();
    let keys = |client: &ClientConfig, after| {
        let seen = connect(client, &server, after, after);
        assert!(!seen.resumed && !seen.keys.is_empty());
        assert!(seen.keys.iter().all(|key| *key == seen.keys[0]));
        seen.keys[0].clone()
    };
    let kept = fresh(&client);
    let first = keys(&fresh(&client), 0);
    assert_eq!(keys(&kept, 6 * HOUR - 1), first);
    let second = keys(&fresh(&client), 6 * HOUR);
    assert_ne!(second, first);
    assert_eq!(keys(&fresh(&client), 12 * HOUR - 1), second);
    assert_ne!(keys(&fresh(&client), 12 * HOUR), second);
    // The last ticket of the first key, to the end of its life; what follows it is sealed under the newest.
    let seen = connect(&kept, &server, 6 * HOUR - 1 + LIFE - 1, 6 * HOUR - 1 + LIFE - 1);
    assert!(seen.resumed);
    assert!(seen.keys.iter().all(|key| *key != first));
}

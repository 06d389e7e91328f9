//! A server goes on with a session that was begun for another name, where that is allowed and its certificate has both.

mod early;
mod pair;

use std::sync::Arc;

use pair::{Authority, NOW, Pair, received, sent};
use portunus_tls::{
    ClientConfig, ClientSession, ClientSessions, EarlyData, Handshake, Identities, Identity, NoEarlyData, ServerConfig,
    SessionMemory, Tickets,
};
use portunus_x509::ServerName;

/// Remembers sessions as if all names were one: what a client does that has been told so.
#[derive(Default)]
struct OneForAll(SessionMemory);

fn one() -> ServerName {
    ServerName::parse("one.test").unwrap()
}

impl ClientSessions for OneForAll {
    fn put(&self, _: &ServerName, session: ClientSession) {
        self.0.put(&one(), session);
    }

    fn take(&self, _: &ServerName) -> Option<ClientSession> {
        self.0.take(&one())
    }
}

/// Whether a client that has been at the first name goes on at the second, and whether it was told that it may.
fn goes_on(authority: &Authority, server: &ServerConfig, names: [&str; 2]) -> (bool, bool) {
    let sessions = Arc::new(OneForAll::default());
    let client = Arc::new(authority.client().with_sessions(sessions.clone()));
    let mut told = false;
    let [_, resumed] = names.map(|name| {
        let resumed = visit(&client, server, name);
        if let Some(session) = sessions.take(&one()) {
            told = session.is_for_all_names();
            sessions.put(&one(), session);
        }
        resumed
    });
    (resumed, told)
}

fn visit(client: &Arc<ClientConfig>, server: &ServerConfig, name: &str) -> bool {
    let mut pair = Pair::new(client, server);
    pair.client = Handshake::client(client.clone(), ServerName::parse(name).unwrap(), NOW, None);
    let (mut client, mut server) = pair.run().connected();
    received(&mut client, &sent(&mut server)).unwrap();
    assert_eq!(client.info().resumed, server.info().resumed);
    assert_eq!(server.info().server_name.as_deref(), Some(name.as_bytes()));
    client.info().resumed
}

fn server(identities: Vec<Identity>) -> ServerConfig {
    let identities = identities.into_iter().map(Arc::new).collect();
    ServerConfig::new(Arc::new(Identities::new(identities))).with_tickets(Arc::new(Tickets::new(NOW).unwrap()))
}

fn issued(authority: &Authority, names: &[&str]) -> Identity {
    authority.issue(names, &rcgen::PKCS_ECDSA_P256_SHA256)
}

#[test]
fn a_session_goes_on_for_the_other_names_of_its_certificate_where_that_is_allowed() {
    let authority = Authority::new();
    let both = server(vec![issued(&authority, &["a.test", "*.b.test"])]);
    // Off by default, and said to no client then.
    assert_eq!(goes_on(&authority, &both, ["a.test", "x.b.test"]), (false, false));
    assert_eq!(goes_on(&authority, &both, ["a.test", "a.test"]), (true, false));
    let both = both.with_resumption_across_names();
    assert_eq!(goes_on(&authority, &both, ["a.test", "a.test"]), (true, true));
    assert_eq!(goes_on(&authority, &both, ["a.test", "x.b.test"]), (true, true));
    assert_eq!(goes_on(&authority, &both, ["x.b.test", "y.b.test"]), (true, true));
    assert_eq!(goes_on(&authority, &both, ["x.b.test", "a.test"]), (true, true));
}

#[test]
fn a_session_does_not_go_on_where_another_certificate_would_be_shown() {
    let authority = Authority::new();
    let of_each = vec![issued(&authority, &["a.test"]), issued(&authority, &["b.test"])];
    let of_each = server(of_each).with_resumption_across_names();
    assert_eq!(goes_on(&authority, &of_each, ["a.test", "b.test"]), (false, true));
    // Both names are in both, and each has one of its own all the same.
    let preferred = vec![
        issued(&authority, &["a.test"]),
        issued(&authority, &["a.test", "b.test"]),
    ];
    let preferred = server(preferred).with_resumption_across_names();
    assert_eq!(goes_on(&authority, &preferred, ["b.test", "a.test"]), (false, true));
}

#[test]
fn early_data_stays_with_the_name_of_its_session() {
    let authority = Authority::new();
    let server = server(vec![issued(&authority, &["a.test", "b.test"])]).with_resumption_across_names();
    let server = server.with_early_data(early::guard(), 1000);
    let client = authority.client().with_sessions(Arc::new(OneForAll::default()));
    let client = Arc::new(client.with_early_data());
    for (name, resumed, taken) in [
        ("a.test", false, false),
        ("a.test", true, true),
        ("b.test", true, false),
    ] {
        let mut pair = Pair::new(&client, &server);
        pair.client = Handshake::client(client.clone(), ServerName::parse(name).unwrap(), NOW, None);
        let (mut client, mut server) = pair.run().connected();
        received(&mut server, &sent(&mut client)).unwrap();
        received(&mut client, &sent(&mut server)).unwrap();
        assert_eq!(server.info().resumed, resumed, "{name}");
        let early_data = server.info().early_data;
        assert_eq!(matches!(early_data, EarlyData::Accepted { .. }), taken, "{name}");
        let is_of_another_name = matches!(
            early_data,
            EarlyData::Refused {
                why: NoEarlyData::NotOfSession,
                ..
            }
        );
        assert_eq!(is_of_another_name, resumed && !taken, "{name}: {early_data:?}");
    }
}

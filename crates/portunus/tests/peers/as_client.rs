//! What every peer plays as a client of our streams: all that both sides have.

use std::process::Command;

use portunus_tls::Policy;
use portunus_tls::wire::NamedGroup;

use crate::house::{House, KEYS, Pair};
use crate::ours::Server;
use crate::process::{Ended, Running};

/// A peer in one process, which is told by lines whom to visit and tells by lines what it saw.
pub(crate) struct Visitor {
    process: Running,
    visits: usize,
}

/// What a peer has and does.
pub(crate) struct Abilities<'a> {
    /// Its groups; a name of the peer's own where it can be told to use that one alone.
    pub(crate) groups: &'a [(NamedGroup, Option<&'a str>)],
    /// The groups that it sends shares of unless it is told otherwise.
    pub(crate) shares: &'a [NamedGroup],
    /// How often it asks us for new keys on each connection.
    pub(crate) asks: usize,
}

impl Visitor {
    pub(crate) fn start(command: &mut Command) -> Self {
        Self {
            process: Running::start(command),
            visits: 0,
        }
    }

    /// What it saw on this many connections with one memory of sessions, or that it was refused. Of each it tells the
    /// suite, whether its session is `new` or `reused`, and how often the server says that it was asked for new keys.
    fn visit(&mut self, port: u16, group: Option<&str>, shown: Option<&Pair>, times: usize) -> String {
        self.visits += 1;
        let (cert, key) = shown.map_or(("-", "-"), |pair| {
            (pair.cert.to_str().unwrap(), pair.key.to_str().unwrap())
        });
        let (number, group) = (self.visits, group.unwrap_or("-"));
        self.process
            .type_in(&format!("{number} {port} {group} {cert} {key} {times}\n"));
        self.process.wait_for_line(&format!("{number}: "))
    }

    /// Plays the whole list; gives what the peer has said from its start.
    pub(crate) fn play(mut self, house: &House, abilities: &Abilities<'_>) -> Ended {
        self.agrees_on_every_suite_and_group(house, abilities);
        for (kind, algorithm) in KEYS {
            self.shows_a_certificate_and_resumes(house, kind, &house.pair(algorithm), abilities);
        }
        self.is_refused_and_refuses(house);
        self.process.end().succeeded()
    }

    fn agrees_on_every_suite_and_group(&mut self, house: &House, abilities: &Abilities<'_>) {
        let pair = house.pair(KEYS[0].1);
        for suite in Policy::modern().cipher_suites() {
            for (group, name) in abilities.groups {
                let policy = Policy::modern().with_cipher_suites(&[*suite]).unwrap();
                let policy = policy.with_groups(&[*group]).unwrap();
                let server = Server::start(house.server(&pair).with_policy(policy));
                let mut agree = |name, retried| {
                    let saw = self.visit(server.port, name, None, 1);
                    assert_eq!(saw, format!("{suite} new {}", abilities.asks), "{group}");
                    let info = server.handshake().unwrap();
                    let agreed = (info.cipher_suite, info.group, info.retried);
                    assert_eq!(agreed, (*suite, *group, retried));
                };
                // With a share at once, or only when we ask for it; and with a share at once where the peer can be told.
                let retried = !abilities.shares.contains(group);
                agree(None, retried);
                if name.is_some() && retried {
                    agree(*name, false);
                }
            }
        }
    }

    fn shows_a_certificate_and_resumes(&mut self, house: &House, kind: &str, pair: &Pair, abilities: &Abilities<'_>) {
        let server = Server::start(house.strict_server(pair));
        let saw = self.visit(server.port, None, Some(pair), 3);
        let mut expected = Vec::new();
        for how in ["new", "reused", "reused"] {
            let info = server
                .handshake()
                .unwrap_or_else(|error| panic!("{kind}: {error}, {saw}"));
            expected.push(format!("{} {how} {}", info.cipher_suite, abilities.asks));
            assert_eq!(info.client_chain.first(), Some(pair.leaf()), "{kind}");
            assert_eq!(info.resumed, how == "reused", "{kind}: {saw}");
        }
        assert_eq!(saw, expected.join(" "), "{kind}");
    }

    /// By a server that wants a certificate, and a server that another authority vouches for.
    fn is_refused_and_refuses(&mut self, house: &House) {
        let strangers = House::new();
        let server = Server::start(house.strict_server(&house.pair(KEYS[0].1)));
        let stranger = strangers.pair(KEYS[0].1);
        for shown in [None, Some(&stranger)] {
            let saw = self.visit(server.port, None, shown, 1);
            assert!(saw.starts_with("refused"), "{saw}");
            server.handshake().unwrap_err();
        }
        let server = Server::start(strangers.server(&stranger));
        let saw = self.visit(server.port, None, None, 1);
        assert!(saw.starts_with("refused"), "{saw}");
        server.handshake().unwrap_err();
    }
}

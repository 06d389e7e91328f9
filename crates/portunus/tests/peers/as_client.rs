//! What every peer plays as a client of our streams: all that both sides have.

use std::process::Command;

use portunus_tls::Policy;
use portunus_tls::wire::{NamedGroup, ProtocolVersion};

use crate::house::{House, KEYS, Pair, VERSIONS, suites_with};
use crate::ours::Server;
use crate::process::{Ended, Running};
use crate::tls12::in_registry_names;

/// A peer in one process, which is told by lines whom to visit and tells by lines what it saw.
pub(crate) struct Visitor {
    process: Running,
    visits: usize,
}

/// What a peer has and does.
pub(crate) struct Abilities<'a> {
    /// Its groups; a name of the peer's own where it can be told to use that one alone.
    pub(crate) groups: &'a [(NamedGroup, Option<&'a str>)],
    /// Groups that it has only where it is told to use that one alone, by the peer's name for it.
    pub(crate) told: &'a [(NamedGroup, &'a str)],
    /// The groups that it sends shares of unless it is told otherwise.
    pub(crate) shares: &'a [NamedGroup],
    /// How often it asks us for new keys on each connection of TLS 1.3.
    pub(crate) asks: usize,
}

impl Abilities<'_> {
    fn asks(&self, version: ProtocolVersion) -> usize {
        if version == ProtocolVersion::TLS1_3 {
            self.asks
        } else {
            0
        }
    }
}

/// Of both versions.
const NEWEST: &str = VERSIONS[0].1;

impl Visitor {
    pub(crate) fn start(command: &mut Command) -> Self {
        Self {
            process: Running::start(command),
            visits: 0,
        }
    }

    /// What it saw, of versions up to this one, on this many connections with one memory of sessions, or that it was refused. Of each it tells the
    /// suite, whether its session is `new` or `reused`, and how often the server says that it was asked for new keys.
    fn visit(&mut self, port: u16, version: &str, group: Option<&str>, shown: Option<&Pair>, times: usize) -> String {
        self.visits += 1;
        let (cert, key) = shown.map_or(("-", "-"), |pair| {
            (pair.cert.to_str().unwrap(), pair.key.to_str().unwrap())
        });
        let (number, group) = (self.visits, group.unwrap_or("-"));
        self.process
            .type_in(&format!("{number} {port} {version} {group} {cert} {key} {times}\n"));
        in_registry_names(&self.process.wait_for_line(&format!("{number}: ")))
    }

    /// Plays the whole list; gives what the peer has said from its start.
    pub(crate) fn play(mut self, house: &House, abilities: &Abilities<'_>) -> Ended {
        self.agrees_on_every_suite_and_group(house, abilities);
        self.agrees_on_what_it_is_told(house, abilities);
        for (kind, algorithm) in KEYS {
            self.shows_a_certificate_and_resumes(house, kind, &house.pair(algorithm), abilities);
        }
        for (_, version) in VERSIONS {
            self.is_refused_and_refuses(house, version);
        }
        self.process.end().succeeded()
    }

    /// It may use both versions: ours has only one.
    fn agrees_on_every_suite_and_group(&mut self, house: &House, abilities: &Abilities<'_>) {
        let pairs = KEYS.map(|(kind, algorithm)| (kind, house.pair(algorithm)));
        for (version, _) in VERSIONS {
            for (group, name) in abilities.groups {
                for (suite, kind) in suites_with(version, *group) {
                    let policy = Policy::modern().with_cipher_suites(&[suite]).unwrap();
                    let policy = policy.with_groups(&[*group]).unwrap();
                    let (_, pair) = pairs.iter().find(|(other, _)| *other == kind).unwrap();
                    let server = Server::start(house.server(pair).with_policy(policy));
                    let mut agree = |name, retried| {
                        let saw = self.visit(server.port, NEWEST, name, None, 1);
                        assert_eq!(saw, format!("{suite} new {}", abilities.asks(version)), "{group}");
                        let info = server.handshake().unwrap();
                        let agreed = (info.version, info.cipher_suite, info.group, info.retried);
                        assert_eq!(agreed, (version, suite, Some(*group), retried));
                    };
                    // With a share at once, or only when we ask for it; and with a share at once where the peer can be told.
                    let retried = version == ProtocolVersion::TLS1_3 && !abilities.shares.contains(group);
                    agree(None, retried);
                    if name.is_some() && retried {
                        agree(*name, false);
                    }
                }
            }
        }
    }

    fn agrees_on_what_it_is_told(&mut self, house: &House, abilities: &Abilities<'_>) {
        let pair = house.pair(KEYS[0].1);
        for (group, name) in abilities.told {
            let policy = Policy::modern().with_groups(&[*group]).unwrap();
            let server = Server::start(house.server(&pair).with_policy(policy));
            let saw = self.visit(server.port, NEWEST, Some(name), None, 1);
            assert!(saw.starts_with("TLS_"), "{group}: {saw}");
            assert_eq!(server.handshake().unwrap().group, Some(*group));
        }
    }

    /// Ours may use both versions: it has only those up to one.
    fn shows_a_certificate_and_resumes(&mut self, house: &House, kind: &str, pair: &Pair, abilities: &Abilities<'_>) {
        let server = Server::start(house.strict_server(pair));
        for (version, name) in VERSIONS {
            let saw = self.visit(server.port, name, None, Some(pair), 3);
            let mut expected = Vec::new();
            for how in ["new", "reused", "reused"] {
                let info = server
                    .handshake()
                    .unwrap_or_else(|error| panic!("{kind}, {version}: {error}, {saw}"));
                expected.push(format!("{} {how} {}", info.cipher_suite, abilities.asks(version)));
                assert_eq!(info.version, version, "{kind}");
                assert_eq!(info.client_chain.first(), Some(pair.leaf()), "{kind}, {version}");
                assert_eq!(info.resumed, how == "reused", "{kind}, {version}: {saw}");
            }
            assert_eq!(saw, expected.join(" "), "{kind}, {version}");
        }
    }

    /// By a server that wants a certificate, and a server that another authority vouches for.
    fn is_refused_and_refuses(&mut self, house: &House, version: &str) {
        let strangers = House::new();
        let server = Server::start(house.strict_server(&house.pair(KEYS[0].1)));
        let stranger = strangers.pair(KEYS[0].1);
        for shown in [None, Some(&stranger)] {
            let saw = self.visit(server.port, version, None, shown, 1);
            assert!(saw.starts_with("refused"), "{saw}");
            server.handshake().unwrap_err();
        }
        let server = Server::start(strangers.server(&stranger));
        let saw = self.visit(server.port, version, None, None, 1);
        assert!(saw.starts_with("refused"), "{saw}");
        // Node verifies when the handshake is over, which in TLS 1.2 is after the server's last message.
        let refused = server.handshake().is_err();
        assert!(refused || version != NEWEST);
    }
}

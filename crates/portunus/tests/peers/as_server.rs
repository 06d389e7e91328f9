//! What every peer plays as a server of our client and of our streams: all that both sides have.

use std::collections::HashMap;
use std::process::Command;
use std::sync::Arc;

use portunus_tls::wire::{NamedGroup, ProtocolVersion};
use portunus_tls::{ClientConfig, ConnectionInfo, Policy, SessionMemory};
use tokio::io::AsyncWriteExt as _;

use crate::house::{House, KEYS, Pair, VERSIONS, of_version, suites_with};
use crate::ours::{Asked, block_on, connect, connect_counting, exchange, fetch, try_connect};
use crate::process::Running;
use crate::site::get;
use crate::tls12::in_registry_names;

/// A peer in one process with a port for every kind of certificate and every highest version. It answers GET with a line: version of HTTP and of
/// TLS, suite, whether the session is `new` or `reused`, and whom the client's certificate names.
pub(crate) struct Host {
    /// It ends with its test.
    _process: Running,
    pub(crate) house: House,
    pairs: Vec<(&'static str, Pair)>,
    ports: HashMap<(&'static str, ProtocolVersion), u16>,
}

/// What a peer has and does.
pub(crate) struct Abilities<'a> {
    pub(crate) groups: &'a [NamedGroup],
    /// Versions of HTTP as `get` is told to use them.
    pub(crate) http: &'a [(&'a str, &'a str)],
    /// Whether it answers POST with what it was sent.
    pub(crate) echoes: bool,
    /// Whether its line tells resumed sessions from new ones.
    pub(crate) sees_resumption: bool,
    /// How often it asks us for new keys when it is told to (`GET /new-keys`) in TLS 1.3.
    pub(crate) asks: usize,
}

pub(crate) const BOTH: [(&str, &str); 2] = [("--http1.1", "HTTP/1.1"), ("--http2", "HTTP/2.0")];
pub(crate) const HTTP1: [(&str, &str); 1] = [("--http1.1", "HTTP/1.1")];

impl Host {
    /// `start` is given the authority's house and a certificate of every kind; it gives the process, and for each a port
    /// of every one of [`VERSIONS`].
    pub(crate) fn start(start: impl FnOnce(&House, &[(&'static str, Pair)]) -> (Running, Vec<u16>)) -> Self {
        let house = House::new();
        let pairs = KEYS.map(|(kind, algorithm)| (kind, house.pair(algorithm)));
        let (process, ports) = start(&house, &pairs);
        Self {
            _process: process,
            house,
            ports: pairs
                .iter()
                .flat_map(|(kind, _)| VERSIONS.map(|(version, _)| (*kind, version)))
                .zip(ports)
                .collect(),
            pairs: pairs.into(),
        }
    }

    /// A program that is told the file of the root, then a name, the highest version, a certificate's file and its key's
    /// for each port, and says `port NAME VERSION NUMBER.`
    pub(crate) fn of_program(command: &mut Command) -> Self {
        Self::start(|house, pairs| {
            command.arg(house.root_file());
            let ports = || pairs.iter().flat_map(|of| VERSIONS.map(|(_, version)| (version, of)));
            for (version, (kind, pair)) in ports() {
                command.args([*kind, version]).arg(&pair.cert).arg(&pair.key);
            }
            let process = Running::start(command);
            let ports = ports().map(|(version, (kind, _))| process.wait_for_number(&format!("port {kind} {version} ")));
            let ports = ports.collect();
            (process, ports)
        })
    }

    /// The port that uses this kind of key, and versions up to this one.
    pub(crate) fn port(&self, kind: &'static str, version: ProtocolVersion) -> u16 {
        self.ports[&(kind, version)]
    }

    /// Plays the whole list.
    pub(crate) fn play(&self, abilities: &Abilities<'_>) {
        self.answers_get(abilities);
        self.agrees_on_every_suite_and_group(abilities);
        for (kind, pair) in &self.pairs {
            self.knows_our_certificate_and_resumes(kind, pair, abilities);
        }
        self.refuses_a_stranger();
    }

    fn answers_get(&self, abilities: &Abilities<'_>) {
        let root = self.house.root_file();
        for (kind, _) in &self.pairs {
            for (highest, tls) in VERSIONS {
                let port = self.port(kind, highest);
                for (option, http) in abilities.http {
                    let page = get(&root, port, "/", &["-v", option]).succeeded();
                    page.says("The certificate is verified");
                    let text = in_registry_names(&String::from_utf8(page.out).unwrap());
                    assert!(text.starts_with(&format!("{http} {tls} TLS_")), "{kind}: {text}");
                    assert!(text.ends_with(" nobody"), "{kind}: {text}");
                    if abilities.echoes {
                        let posted = get(&root, port, "/", &["-s", option, "-d", "a=1&b=2"]);
                        assert_eq!(posted.succeeded().out, b"a=1&b=2", "{kind}");
                    }
                }
            }
        }
        for (version, _) in VERSIONS {
            let refused = get(&House::new().root_file(), self.port("RSA", version), "/", &[]);
            assert_eq!(refused.status.code(), Some(60), "{}", refused.said);
        }
    }

    /// It may use both versions: ours has only one.
    fn agrees_on_every_suite_and_group(&self, abilities: &Abilities<'_>) {
        let both = ProtocolVersion::TLS1_3;
        for (version, _) in VERSIONS {
            // With its share at once, and only when the peer asks for it (RFC 9846 section 4.3.8: none is such a wish).
            let is_old = version == ProtocolVersion::TLS1_2;
            let retries = if is_old { &[false][..] } else { &[false, true] };
            for group in abilities.groups {
                for (suite, kind) in suites_with(version, *group) {
                    let policy = Policy::modern().with_cipher_suites(&[suite]).unwrap();
                    let policy = policy.with_groups(&[*group]).unwrap();
                    for retried in retries {
                        let shares: &[_] = if is_old || *retried { &[] } else { &[*group] };
                        let config = self.house.client().with_policy(policy.clone());
                        let config = config.with_key_shares(shares).unwrap();
                        let info = self.visit((kind, both), config, "nobody", abilities);
                        let agreed = (info.version, info.cipher_suite, info.group, info.retried);
                        assert_eq!(agreed, (version, suite, Some(*group), *retried));
                    }
                }
            }
        }
    }

    /// Ours may use both versions: it has only those up to one.
    fn knows_our_certificate_and_resumes(&self, kind: &'static str, pair: &Pair, abilities: &Abilities<'_>) {
        for (version, _) in VERSIONS {
            let config = self.house.client().with_identity(pair.identities());
            let config = config.with_sessions(Arc::new(SessionMemory::default()));
            for resumed in [false, true, true] {
                let info = self.visit((kind, version), config.clone(), "CN=localhost", abilities);
                assert_eq!((info.version, info.resumed), (version, resumed), "{kind}");
            }
        }
    }

    /// By an alert, or by an answer that says so.
    fn refuses_a_stranger(&self) {
        let stranger = House::new().pair(KEYS[0].1);
        let config = Arc::new(self.house.client().with_identity(stranger.identities()));
        for (version, _) in VERSIONS {
            let (text, is_refused) = block_on(async {
                let answer = match try_connect(&config, self.port("P-256", version), Arc::default()).await {
                    Ok(mut stream) => fetch(&mut stream, "GET / HTTP/1.1\r\n").await,
                    Err(error) => Err(error),
                };
                match answer {
                    Ok(answer) => (answer.head.clone(), answer.head.starts_with("HTTP/1.1 4")),
                    Err(error) => (error.to_string(), error.to_string().contains("certificate")),
                }
            });
            assert!(is_refused, "{version}: {text}");
        }
    }

    /// Two requests on a connection of ours, with new keys for both sides between them where the version has them; gives
    /// what we know of it.
    fn visit(
        &self,
        to: (&'static str, ProtocolVersion),
        config: ClientConfig,
        peer: &str,
        abilities: &Abilities<'_>,
    ) -> ConnectionInfo {
        let (config, port) = (Arc::new(config), self.port(to.0, to.1));
        block_on(async {
            let asked = Arc::new(Asked::default());
            let mut stream = connect_counting(&config, port, asked.clone()).await;
            let info = stream.info().clone();
            let session = match (abilities.sees_resumption, info.resumed) {
                (false, _) => "unknown",
                (true, false) => "new",
                (true, true) => "reused",
            };
            let (_, version) = VERSIONS
                .into_iter()
                .find(|(version, _)| *version == info.version)
                .unwrap();
            let line = format!("HTTP/1.1 {version} {} {session} {peer}", info.cipher_suite);
            let has_key_updates = info.version == ProtocolVersion::TLS1_3;
            for request in ["GET / HTTP/1.1\r\n", "GET /new-keys HTTP/1.1\r\nConnection: close\r\n"] {
                if has_key_updates {
                    stream.update_keys(true).unwrap();
                }
                let answer = fetch(&mut stream, request).await.unwrap();
                assert!(answer.head.starts_with("HTTP/1.1 200 "), "{to:?}: {}", answer.head);
                assert_eq!(in_registry_names(&answer.body), line, "{to:?}");
            }
            assert_eq!(
                asked.times(),
                if has_key_updates { abilities.asks } else { 0 },
                "{to:?}"
            );
            stream.shutdown().await.unwrap();
            info
        })
    }
}

/// Every suite with every group, where a server answers this line with that one: it asks for a share, for it cannot use
/// the one that it gets.
pub(crate) fn asks_us_for_a_second_hello(house: &House, port: u16, line: &str, answer: &str) {
    for group in [NamedGroup::X25519, NamedGroup::SECP256R1, NamedGroup::SECP384R1] {
        for suite in of_version(ProtocolVersion::TLS1_3).cipher_suites() {
            let policy = Policy::modern().with_groups(&[NamedGroup::X25519MLKEM768, group]);
            let policy = policy.unwrap().with_cipher_suites(&[*suite]).unwrap();
            let config = house.client().with_policy(policy);
            let config = Arc::new(config.with_key_shares(&[NamedGroup::X25519MLKEM768]).unwrap());
            block_on(async {
                let mut stream = connect(&config, port).await;
                assert_eq!(exchange(&mut stream, line, answer.len()).await, answer);
                let info = stream.info();
                assert_eq!(
                    (info.cipher_suite, info.group, info.retried),
                    (*suite, Some(group), true)
                );
                stream.shutdown().await.unwrap();
            });
        }
    }
}

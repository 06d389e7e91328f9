//! ServerHellos and HelloRetryRequests that break a rule: the client refuses with the alert that the RFC names, and the server learns it.

mod forge;
mod pair;

use forge::{HANDSHAKE, UNKNOWN, assert_fault, changed, plain, refused, server_hello};
use pair::{Authority, Pair};
use portunus_tls::wire::{
    AlertDescription, CipherSuite, HandshakeType, HelloRetryRequest, KeyShareEntry, NamedGroup, ProtocolVersion,
    Sequence, ServerHello, ServerHelloOrRetry,
};
use portunus_tls::{ClientConfig, PeerFault, Policy, ServerConfig};

type ChangeHello = fn(&mut ServerHello<'_>);
type ChangeRetry = fn(&mut HelloRetryRequest<'_>);

fn hellos(client: &ClientConfig, server: &ServerConfig, cases: &[(&str, AlertDescription, PeerFault, ChangeHello)]) {
    for &(what, alert, fault, change) in cases {
        let mut pair = Pair::new(client, server);
        pair.to_client = server_hello(0, move |hello| {
            if let ServerHelloOrRetry::ServerHello(hello) = hello {
                change(hello);
            }
        });
        let outcome = pair.run();
        assert_fault(&refused(outcome.client, outcome.server, alert, what), fault, what);
    }
}

/// RFC 9846 section 4.2.3.
#[test]
fn a_server_hello_that_does_not_answer_ours() {
    let authority = Authority::new();
    let client = authority.client().with_key_shares(&[NamedGroup::X25519]).unwrap();
    let server = authority
        .server()
        .with_policy(Policy::modern().with_groups(&[NamedGroup::X25519]).unwrap());
    let (illegal, unsupported) = (
        AlertDescription::ILLEGAL_PARAMETER,
        AlertDescription::UNSUPPORTED_EXTENSION,
    );
    hellos(
        &client,
        &server,
        &[
            (
                "another legacy_version",
                AlertDescription::PROTOCOL_VERSION,
                PeerFault::LegacyVersion,
                |hello| {
                    hello.legacy_version = ProtocolVersion::TLS1_3;
                },
            ),
            ("no session id", illegal, PeerFault::SessionIdNotEchoed, |hello| {
                hello.legacy_session_id_echo = &[];
            }),
            ("another session id", illegal, PeerFault::SessionIdNotEchoed, |hello| {
                hello.legacy_session_id_echo = &[1; 32];
            }),
            ("suite", illegal, PeerFault::CipherSuiteNotOffered, |hello| {
                hello.cipher_suite = CipherSuite(0x1304);
            }),
            ("suite of TLS 1.2", illegal, PeerFault::CipherSuiteNotOffered, |hello| {
                hello.cipher_suite = CipherSuite(0xc02b);
            }),
            ("compression", illegal, PeerFault::CompressionChosen, |hello| {
                hello.legacy_compression_method = 1;
            }),
            ("group", illegal, PeerFault::GroupNotOffered, |hello| {
                hello.extensions.key_share = Some(KeyShareEntry {
                    group: NamedGroup(0x0019),
                    key_exchange: &[4; 133],
                });
            }),
            ("group without a share", illegal, PeerFault::GroupNotOffered, |hello| {
                hello.extensions.key_share = Some(KeyShareEntry {
                    group: NamedGroup::SECP384R1,
                    key_exchange: &[4; 97],
                });
            }),
            ("share of zeros", illegal, PeerFault::BadKeyShare, |hello| {
                hello.extensions.key_share = Some(KeyShareEntry {
                    group: NamedGroup::X25519,
                    key_exchange: &[0; 32],
                });
            }),
            (
                "no share",
                AlertDescription::MISSING_EXTENSION,
                PeerFault::MissingKeyShare,
                |hello| {
                    hello.extensions.key_share = None;
                },
            ),
            (
                "unknown extension",
                unsupported,
                PeerFault::UnsolicitedExtension,
                |hello| {
                    hello.extensions.unknown = Sequence::from(&[UNKNOWN]);
                },
            ),
            (
                "session that was not offered",
                unsupported,
                PeerFault::UnsolicitedExtension,
                |hello| {
                    hello.extensions.pre_shared_key = Some(0);
                },
            ),
        ],
    );
}

/// RFC 9846 section 4.2.3, and RFC 9846 section 4.3.1.
#[test]
fn a_server_hello_of_an_older_version() {
    let authority = Authority::new();
    let illegal = AlertDescription::ILLEGAL_PARAMETER;
    hellos(
        &authority.client(),
        &authority.server(),
        &[
            (
                "TLS 1.1",
                AlertDescription::PROTOCOL_VERSION,
                PeerFault::VersionNotOffered,
                |hello| {
                    hello.legacy_version = ProtocolVersion::TLS1_1;
                    hello.extensions.supported_versions = None;
                },
            ),
            (
                "TLS 1.2 selected",
                illegal,
                PeerFault::SelectedVersionIllegal,
                |hello| {
                    hello.extensions.supported_versions = Some(ProtocolVersion::TLS1_2);
                },
            ),
            ("downgraded to TLS 1.2", illegal, PeerFault::Downgrade, |hello| {
                hello.random = b"....... ........ .......DOWNGRD\x01";
                hello.extensions.supported_versions = None;
            }),
            ("downgraded to TLS 1.1", illegal, PeerFault::Downgrade, |hello| {
                hello.random = b"....... ........ .......DOWNGRD\x00";
                hello.legacy_version = ProtocolVersion(0x0302);
                hello.extensions.supported_versions = None;
            }),
            (
                "SSL 3.0",
                AlertDescription::PROTOCOL_VERSION,
                PeerFault::Ssl3,
                |hello| {
                    hello.legacy_version = ProtocolVersion(0x0300);
                },
            ),
        ],
    );
    let tls13 = Policy::modern().with_versions(&[ProtocolVersion::TLS1_3]).unwrap();
    hellos(
        &authority.client().with_policy(tls13),
        &authority.server(),
        &[(
            "TLS 1.2, which was not offered",
            AlertDescription::PROTOCOL_VERSION,
            PeerFault::VersionNotOffered,
            |hello| hello.extensions.supported_versions = None,
        )],
    );
}

#[test]
fn a_hybrid_share_of_the_wrong_length() {
    let authority = Authority::new();
    let (alert, fault) = (AlertDescription::ILLEGAL_PARAMETER, PeerFault::BadKeyShare);
    hellos(
        &authority.client(),
        &authority.server(),
        &[
            ("short", alert, fault, |hello| {
                hello.extensions.key_share = Some(KeyShareEntry {
                    group: NamedGroup::X25519MLKEM768,
                    key_exchange: &[5; 1119],
                });
            }),
            ("long", alert, fault, |hello| {
                hello.extensions.key_share = Some(KeyShareEntry {
                    group: NamedGroup::X25519MLKEM768,
                    key_exchange: &[5; 1121],
                });
            }),
            ("nothing", alert, fault, |hello| {
                hello.extensions.key_share = Some(KeyShareEntry {
                    group: NamedGroup::X25519MLKEM768,
                    key_exchange: &[5],
                });
            }),
            ("X25519 of zeros", alert, fault, |hello| {
                hello.extensions.key_share = Some(KeyShareEntry {
                    group: NamedGroup::X25519MLKEM768,
                    key_exchange: &[0; 1120],
                });
            }),
        ],
    );
}

/// RFC 9846 section 4.3.11.
#[test]
fn a_session_that_was_not_offered() {
    let authority = Authority::new();
    let (client, server) = authority.resuming();
    let (mut first, _) = Pair::new(&client, &server).run().connected();
    // The tickets are there already.
    pair::received(&mut first, &[]).unwrap();
    let illegal = AlertDescription::ILLEGAL_PARAMETER;
    hellos(
        &client,
        &server,
        &[("the second of one", illegal, PeerFault::PskNotOffered, |hello| {
            hello.extensions.pre_shared_key = Some(1);
        })],
    );
    hellos(
        &client,
        &server,
        &[(
            "a suite of another hash",
            illegal,
            PeerFault::PskHashMismatch,
            |hello| {
                hello.cipher_suite = CipherSuite::TLS_AES_256_GCM_SHA384;
            },
        )],
    );
}

/// RFC 9846 section 4.3.11: psk_dhe_ke alone is offered.
#[test]
fn a_session_without_a_key_share() {
    let authority = Authority::new();
    let (client, server) = authority.resuming();
    let (mut first, _) = Pair::new(&client, &server).run().connected();
    pair::received(&mut first, &[]).unwrap();
    let (alert, fault) = (AlertDescription::ILLEGAL_PARAMETER, PeerFault::PskWithoutKeyShare);
    hellos(
        &client,
        &server,
        &[("no share", alert, fault, |hello| hello.extensions.key_share = None)],
    );
}

fn retrying() -> (ClientConfig, ServerConfig) {
    let authority = Authority::new();
    let client = authority.client().with_key_shares(&[NamedGroup::X25519]).unwrap();
    let policy = Policy::modern().with_groups(&[NamedGroup::SECP384R1]).unwrap();
    (client, authority.server().with_policy(policy))
}

/// RFC 9846 section 4.2.4.
#[test]
fn a_retry_request_that_does_not_answer_ours() {
    let illegal = AlertDescription::ILLEGAL_PARAMETER;
    let cases: [(&str, AlertDescription, PeerFault, ChangeRetry); 8] = [
        (
            "the share that it has",
            illegal,
            PeerFault::RetryWithoutChange,
            |retry| {
                retry.extensions.key_share = Some(NamedGroup::X25519);
            },
        ),
        ("nothing", illegal, PeerFault::RetryWithoutChange, |retry| {
            retry.extensions.key_share = None;
        }),
        ("group", illegal, PeerFault::GroupNotOffered, |retry| {
            retry.extensions.key_share = Some(NamedGroup(0x0019));
        }),
        (
            "legacy_version",
            AlertDescription::PROTOCOL_VERSION,
            PeerFault::LegacyVersion,
            |retry| {
                retry.legacy_version = ProtocolVersion::TLS1_3;
            },
        ),
        ("session id", illegal, PeerFault::SessionIdNotEchoed, |retry| {
            retry.legacy_session_id_echo = &[];
        }),
        ("suite", illegal, PeerFault::CipherSuiteNotOffered, |retry| {
            retry.cipher_suite = CipherSuite(0x1304);
        }),
        ("version", illegal, PeerFault::SelectedVersionIllegal, |retry| {
            retry.extensions.supported_versions = Some(ProtocolVersion::TLS1_2);
        }),
        (
            "unknown extension",
            AlertDescription::UNSUPPORTED_EXTENSION,
            PeerFault::UnsolicitedExtension,
            |retry| retry.extensions.unknown = Sequence::from(&[UNKNOWN]),
        ),
    ];
    let (client, server) = retrying();
    for (what, alert, fault, change) in cases {
        let mut pair = Pair::new(&client, &server);
        pair.to_client = server_hello(0, move |hello| {
            if let ServerHelloOrRetry::HelloRetryRequest(retry) = hello {
                change(retry);
            }
        });
        let outcome = pair.run();
        assert_fault(&refused(outcome.client, outcome.server, alert, what), fault, what);
    }
}

#[test]
fn a_second_retry_request() {
    let (client, server) = retrying();
    let mut pair = Pair::new(&client, &server);
    let mut first = Vec::new();
    let mut keep = changed(HandshakeType::SERVER_HELLO, usize::MAX - 1, <[u8]>::to_vec);
    pair.to_client = Box::new(move |bytes| {
        if first.is_empty() {
            first = forge::records(&bytes).remove(0);
            return keep(bytes);
        }
        let mut records = forge::records(&bytes);
        records[0].clone_from(&first);
        vec![records.concat()]
    });
    let outcome = pair.run();
    let alert = AlertDescription::UNEXPECTED_MESSAGE;
    let error = refused(outcome.client, outcome.server, alert, "a second HelloRetryRequest");
    assert_fault(&error, PeerFault::SecondRetry, "a second HelloRetryRequest");
}

#[test]
fn a_server_hello_that_goes_back_on_its_retry_request() {
    let cases: [(&str, PeerFault, ChangeHello); 2] = [
        ("suite", PeerFault::CipherSuiteChanged, |hello| {
            hello.cipher_suite = CipherSuite::TLS_AES_256_GCM_SHA384;
        }),
        ("group", PeerFault::GroupNotOffered, |hello| {
            hello.extensions.key_share = Some(KeyShareEntry {
                group: NamedGroup::X25519,
                key_exchange: &[9; 32],
            });
        }),
    ];
    let (client, server) = retrying();
    for (what, fault, change) in cases {
        let mut pair = Pair::new(&client, &server);
        pair.to_client = server_hello(1, move |hello| {
            if let ServerHelloOrRetry::ServerHello(hello) = hello {
                change(hello);
            }
        });
        let outcome = pair.run();
        let alert = AlertDescription::ILLEGAL_PARAMETER;
        assert_fault(&refused(outcome.client, outcome.server, alert, what), fault, what);
    }
}

/// RFC 9846 section 5.1.
#[test]
fn bytes_behind_the_hello_that_changes_keys() {
    let authority = Authority::new();
    let extended = |message: &[u8]| plain(HANDSHAKE, &[message, &[HandshakeType::ENCRYPTED_EXTENSIONS.0]].concat());
    let mut pair = Pair::new(&authority.client(), &authority.server());
    pair.to_client = changed(HandshakeType::SERVER_HELLO, 0, extended);
    let outcome = pair.run();
    let alert = AlertDescription::UNEXPECTED_MESSAGE;
    let error = refused(outcome.client, outcome.server, alert, "ServerHello");
    assert_fault(&error, PeerFault::NotAligned, "ServerHello");
    let mut pair = Pair::new(&authority.client(), &authority.server());
    pair.to_server = changed(HandshakeType::CLIENT_HELLO, 0, extended);
    let outcome = pair.run();
    let error = refused(outcome.server, outcome.client, alert, "ClientHello");
    assert_fault(&error, PeerFault::NotAligned, "ClientHello");
}

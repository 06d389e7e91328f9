//! ClientHellos that break a rule: the server refuses with the alert that the RFC names, and the client learns it.

mod forge;
mod pair;

use forge::{changed, client_hello, plain, refused};
use pair::{Authority, Pair};
use portunus_tls::wire::{
    AlertDescription, CipherSuite, ClientExtensions, ClientHello, HandshakeType, KeyShareEntry, NamedGroup,
    OfferedPsks, Order, ProtocolName, ProtocolVersion, PskBinderEntry, PskIdentity, Sequence, SignatureScheme,
};
use portunus_tls::{Error, PeerFault, Policy};

type Change = fn(&mut ClientHello<'_>);

fn all(cases: &[(&str, AlertDescription, PeerFault, Change)]) {
    let authority = Authority::new();
    for &(what, alert, fault, change) in cases {
        let mut pair = Pair::new(&authority.client(), &authority.server());
        pair.to_server = client_hello(0, change);
        let outcome = pair.run();
        let error = refused(outcome.server, outcome.client, alert, what);
        assert!(matches!(error, Error::Peer(got) if got == fault), "{what}: {error:?}");
    }
}

/// RFC 9846 section 4.3.1, and what older clients send.
#[test]
fn a_hello_of_an_older_version() {
    let (alert, fault) = (AlertDescription::PROTOCOL_VERSION, PeerFault::NoCommonVersion);
    all(&[
        ("TLS 1.1", alert, fault, |hello| {
            hello.legacy_version = ProtocolVersion(0x0302);
            hello.extensions.supported_versions = None;
        }),
        ("TLS 1.0 without extensions", alert, fault, |hello| {
            hello.legacy_version = ProtocolVersion(0x0301);
            hello.extensions = ClientExtensions {
                order: Order::NO_BLOCK,
                ..Default::default()
            };
        }),
        ("SSL 3.0", alert, PeerFault::Ssl3, |hello| {
            hello.legacy_version = ProtocolVersion(0x0300);
            hello.legacy_compression_methods = &[1, 0];
            hello.extensions = ClientExtensions {
                order: Order::NO_BLOCK,
                ..Default::default()
            };
        }),
        ("a list of older versions", alert, fault, |hello| {
            hello.extensions.supported_versions = Some(Sequence::from(&[ProtocolVersion::TLS1_1]));
        }),
    ]);
}

/// RFC 9846 section 4.2.3: somebody on the way makes the client look older than it is; the server answers in good faith, and the client sees it.
#[cfg(feature = "tls12")]
#[test]
fn a_hello_that_was_made_older_on_the_way() {
    let changes: [Change; 2] = [
        |hello| hello.extensions.supported_versions = None,
        |hello| hello.extensions.supported_versions = Some(Sequence::from(&[ProtocolVersion::TLS1_2])),
    ];
    let authority = Authority::new();
    for change in changes {
        let mut pair = Pair::new(&authority.client(), &authority.server());
        pair.to_server = client_hello(0, change);
        let outcome = pair.run();
        let alert = AlertDescription::ILLEGAL_PARAMETER;
        let error = refused(outcome.client, outcome.server, alert, "downgrade");
        assert!(matches!(error, Error::Peer(PeerFault::Downgrade)), "{error:?}");
    }
}

/// RFC 9846 section 4.2.2, and RFC 7568 section 3.
#[test]
fn a_hello_of_this_version_that_says_another() {
    all(&[
        (
            "TLS 1.1",
            AlertDescription::PROTOCOL_VERSION,
            PeerFault::LegacyVersion,
            |hello| {
                hello.legacy_version = ProtocolVersion(0x0302);
            },
        ),
        (
            "TLS 1.3",
            AlertDescription::PROTOCOL_VERSION,
            PeerFault::LegacyVersion,
            |hello| {
                hello.legacy_version = ProtocolVersion::TLS1_3;
            },
        ),
        (
            "SSL 3.0",
            AlertDescription::PROTOCOL_VERSION,
            PeerFault::Ssl3,
            |hello| {
                hello.legacy_version = ProtocolVersion(0x0300);
            },
        ),
    ]);
}

/// RFC 9846 section 4.3.11.2.
#[test]
fn a_binder_that_does_not_verify() {
    let authority = Authority::new();
    let (client, server) = authority.resuming();
    let (mut first, _) = Pair::new(&client, &server).run().connected();
    // The tickets are there already.
    pair::received(&mut first, &[]).unwrap();
    let mut pair = Pair::new(&client, &server);
    pair.to_server = changed(HandshakeType::CLIENT_HELLO, 0, |message| {
        let (binder, rest) = message.split_last().unwrap();
        plain(forge::HANDSHAKE, &[rest, &[binder ^ 1]].concat())
    });
    let outcome = pair.run();
    let alert = AlertDescription::DECRYPT_ERROR;
    let error = refused(outcome.server, outcome.client, alert, "binder");
    assert!(matches!(error, Error::Peer(PeerFault::BadBinder)), "{error:?}");
}

/// RFC 9846 section 9.2.
#[test]
fn a_hello_without_what_it_must_have() {
    let alert = AlertDescription::MISSING_EXTENSION;
    all(&[
        ("supported_groups", alert, PeerFault::MissingSupportedGroups, |hello| {
            hello.extensions.supported_groups = None;
        }),
        ("key_share", alert, PeerFault::MissingKeyShare, |hello| {
            hello.extensions.key_share = None;
        }),
        (
            "signature_algorithms",
            alert,
            PeerFault::MissingSignatureAlgorithms,
            |hello| hello.extensions.signature_algorithms = None,
        ),
        ("psk_key_exchange_modes", alert, PeerFault::PskWithoutModes, |hello| {
            hello.extensions.psk_key_exchange_modes = None;
            hello.extensions.pre_shared_key = Some(OfferedPsks {
                identities: Sequence::from(&[PskIdentity {
                    identity: &[1; 32],
                    obfuscated_ticket_age: 0,
                }]),
                binders: Sequence::from(&[PskBinderEntry(&[2; 32])]),
            });
        }),
    ]);
}

#[test]
fn a_hello_that_offers_what_it_may_not_or_nothing_of_use() {
    let (illegal, failure) = (AlertDescription::ILLEGAL_PARAMETER, AlertDescription::HANDSHAKE_FAILURE);
    all(&[
        ("compression", illegal, PeerFault::CompressionOffered, |hello| {
            hello.legacy_compression_methods = &[1, 0];
        }),
        ("no common suite", failure, PeerFault::NoCommonCipherSuite, |hello| {
            hello.cipher_suites = Sequence::from(&[CipherSuite(0x1304), CipherSuite(0xc02b)]);
        }),
        ("no common group", failure, PeerFault::NoCommonGroup, |hello| {
            hello.extensions.supported_groups = Some(Sequence::from(&[NamedGroup(0x0019)]));
            hello.extensions.key_share = Some(Sequence::default());
        }),
        (
            "two shares of a group",
            illegal,
            PeerFault::DuplicateKeyShare,
            |hello| {
                let share = KeyShareEntry {
                    group: NamedGroup::X25519,
                    key_exchange: &[9; 32],
                };
                hello.extensions.key_share = Some(Sequence::from(&*Box::leak(Box::new([share, share]))));
            },
        ),
        (
            "a share of a group that is not listed",
            illegal,
            PeerFault::KeyShareNotInGroups,
            |hello| hello.extensions.supported_groups = Some(Sequence::from(&[NamedGroup::SECP384R1])),
        ),
    ]);
}

/// The alert comes in the ServerHello's place: the client, whose hello was changed, can read it.
#[test]
fn a_hello_whose_schemes_no_certificate_has() {
    let authority = Authority::new();
    let mut pair = Pair::new(&authority.client(), &authority.server());
    pair.to_server = client_hello(0, |hello| {
        hello.extensions.signature_algorithms = Some(Sequence::from(&[SignatureScheme(0x0201)]));
    });
    let outcome = pair.run();
    let alert = AlertDescription::HANDSHAKE_FAILURE;
    let error = refused(outcome.server, outcome.client, alert, "schemes");
    assert!(matches!(error, Error::Peer(PeerFault::NoCommonSignatureScheme)));
}

/// RFC 9846 section 4.3.8.2, RFC 9846 section 7.4.2; FIPS 203 section 7.2 for ML-KEM.
#[test]
fn a_share_that_is_none_of_its_group() {
    const GENERATOR_X: [u8; 32] = [
        0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6, 0xe5, 0x63, 0xa4, 0x40, 0xf2, 0x77, 0x03,
        0x7d, 0x81, 0x2d, 0xeb, 0x33, 0xa0, 0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96,
    ];
    let compressed = [&[3], &GENERATOR_X[..]].concat();
    let off_the_curve = [&[4], &GENERATOR_X[..], &[1; 32]].concat();
    // Every coefficient is 4095, where 3328 is the largest.
    let not_canonical = [vec![0xff; 1152], vec![0; 32], vec![9; 32]].concat();
    let zeros = [vec![0; 1184], vec![0; 32]].concat();
    let authority = Authority::new();
    for (what, group, share) in [
        ("X25519: zeros", NamedGroup::X25519, vec![0; 32]),
        ("X25519: short", NamedGroup::X25519, vec![9; 31]),
        ("X25519: long", NamedGroup::X25519, vec![9; 33]),
        ("P-256: compressed", NamedGroup::SECP256R1, compressed),
        ("P-256: not on the curve", NamedGroup::SECP256R1, off_the_curve),
        ("P-256: infinity", NamedGroup::SECP256R1, vec![0]),
        ("P-384: short", NamedGroup::SECP384R1, vec![4; 96]),
        ("ML-KEM: short", NamedGroup::X25519MLKEM768, vec![0; 1215]),
        ("ML-KEM: long", NamedGroup::X25519MLKEM768, vec![0; 1217]),
        ("ML-KEM: nothing", NamedGroup::X25519MLKEM768, vec![0]),
        ("ML-KEM: not canonical", NamedGroup::X25519MLKEM768, not_canonical),
        ("ML-KEM with X25519 of zeros", NamedGroup::X25519MLKEM768, zeros),
        ("P-521: short", NamedGroup::SECP521R1, vec![4; 132]),
        ("P-256 and ML-KEM: nothing", NamedGroup::SECP256R1MLKEM768, vec![4]),
        (
            "P-256 and ML-KEM: the curve alone",
            NamedGroup::SECP256R1MLKEM768,
            vec![4; 65],
        ),
        (
            "P-256 and ML-KEM: not on the curve",
            NamedGroup::SECP256R1MLKEM768,
            vec![4; 65 + 1184],
        ),
        (
            "P-384 and ML-KEM: short",
            NamedGroup::SECP384R1MLKEM1024,
            vec![4; 97 + 1567],
        ),
        ("ML-KEM alone: long", NamedGroup::MLKEM1024, vec![0; 1569]),
    ] {
        let key_exchange: &'static [u8] = share.leak();
        let (groups, shares) = (
            &*Box::leak(Box::new([group])),
            &*Box::leak(Box::new([KeyShareEntry { group, key_exchange }])),
        );
        let policy = Policy::modern().with_groups(groups).unwrap();
        let mut pair = Pair::new(&authority.client(), &authority.server().with_policy(policy));
        pair.to_server = client_hello(0, move |hello| {
            hello.extensions.supported_groups = Some(Sequence::from(groups));
            hello.extensions.key_share = Some(Sequence::from(shares));
        });
        let outcome = pair.run();
        let error = refused(
            outcome.server,
            outcome.client,
            AlertDescription::ILLEGAL_PARAMETER,
            what,
        );
        assert!(
            matches!(error, Error::Peer(PeerFault::BadKeyShare)),
            "{what}: {error:?}"
        );
    }
}

/// RFC 9846 section 4.2.2.
#[test]
fn a_second_hello_that_is_another() {
    const SHARE: KeyShareEntry<'_> = KeyShareEntry {
        group: NamedGroup::X25519,
        key_exchange: &[9; 32],
    };
    let cases: [(&str, AlertDescription, PeerFault, Change); 12] = [
        (
            "what only TLS 1.2 has",
            AlertDescription::ILLEGAL_PARAMETER,
            PeerFault::SecondHelloChanged,
            |hello| {
                hello.extensions.session_ticket = Some(&[1; 16]);
            },
        ),
        (
            "a session that was not offered before",
            AlertDescription::ILLEGAL_PARAMETER,
            PeerFault::SecondHelloChanged,
            |hello| {
                hello.extensions.pre_shared_key = Some(OfferedPsks {
                    identities: Sequence::from(&[PskIdentity {
                        identity: &[1; 16],
                        obfuscated_ticket_age: 0,
                    }]),
                    binders: Sequence::from(&[PskBinderEntry(&[1; 32])]),
                });
            },
        ),
        (
            "random",
            AlertDescription::ILLEGAL_PARAMETER,
            PeerFault::SecondHelloChanged,
            |hello| {
                hello.random = &[0; 32];
            },
        ),
        (
            "session id",
            AlertDescription::ILLEGAL_PARAMETER,
            PeerFault::SecondHelloChanged,
            |hello| {
                hello.legacy_session_id = &[];
            },
        ),
        (
            "suites",
            AlertDescription::ILLEGAL_PARAMETER,
            PeerFault::SecondHelloChanged,
            |hello| {
                hello.cipher_suites = Sequence::from(&[CipherSuite::TLS_AES_128_GCM_SHA256]);
            },
        ),
        (
            "name",
            AlertDescription::ILLEGAL_PARAMETER,
            PeerFault::SecondHelloChanged,
            |hello| {
                hello.extensions.server_name = None;
            },
        ),
        (
            "groups",
            AlertDescription::ILLEGAL_PARAMETER,
            PeerFault::SecondHelloChanged,
            |hello| {
                hello.extensions.supported_groups = Some(Sequence::from(&[NamedGroup::SECP384R1]));
            },
        ),
        (
            "protocols",
            AlertDescription::ILLEGAL_PARAMETER,
            PeerFault::SecondHelloChanged,
            |hello| {
                hello.extensions.application_layer_protocol_negotiation = Some(Sequence::from(&[ProtocolName(b"h2")]));
            },
        ),
        (
            "early data",
            AlertDescription::ILLEGAL_PARAMETER,
            PeerFault::EarlyDataAfterRetry,
            |hello| {
                hello.extensions.early_data = true;
            },
        ),
        (
            "another share",
            AlertDescription::ILLEGAL_PARAMETER,
            PeerFault::SecondHelloKeyShare,
            |hello| {
                hello.extensions.key_share = Some(Sequence::from(&[SHARE]));
            },
        ),
        (
            "empty shares",
            AlertDescription::ILLEGAL_PARAMETER,
            PeerFault::SecondHelloKeyShare,
            |hello| {
                hello.extensions.key_share = Some(Sequence::default());
            },
        ),
        (
            "no shares",
            AlertDescription::MISSING_EXTENSION,
            PeerFault::MissingKeyShare,
            |hello| {
                hello.extensions.key_share = None;
            },
        ),
    ];
    let authority = Authority::new();
    let policy = Policy::modern().with_groups(&[NamedGroup::SECP384R1]).unwrap();
    for (what, alert, fault, change) in cases {
        let mut pair = Pair::new(&authority.client(), &authority.server().with_policy(policy.clone()));
        pair.to_server = client_hello(1, change);
        let outcome = pair.run();
        let error = refused(outcome.server, outcome.client, alert, what);
        assert!(matches!(error, Error::Peer(got) if got == fault), "{what}: {error:?}");
    }
}

#[test]
fn another_message_in_the_hello_s_place() {
    let authority = Authority::new();
    let mut pair = Pair::new(&authority.client(), &authority.server());
    pair.to_server = changed(HandshakeType::CLIENT_HELLO, 0, |_| {
        plain(forge::HANDSHAKE, &[HandshakeType::FINISHED.0, 0, 0, 0])
    });
    let outcome = pair.run();
    let error = refused(
        outcome.server,
        outcome.client,
        AlertDescription::UNEXPECTED_MESSAGE,
        "Finished",
    );
    assert!(matches!(error, Error::UnexpectedMessage { got, .. } if got == HandshakeType::FINISHED));
}

#[test]
fn a_hello_of_the_wrong_length() {
    let authority = Authority::new();
    let longer: fn(&[u8]) -> Vec<u8> = |message| {
        let mut longer = [message, &[0]].concat();
        longer[3] = longer[3].wrapping_add(1);
        longer
    };
    let shorter: fn(&[u8]) -> Vec<u8> = |message| {
        let mut shorter = message[..message.len() - 1].to_vec();
        shorter[3] = shorter[3].wrapping_sub(1);
        shorter
    };
    // One byte that counts lengths does not turn over: the hello of this configuration is short.
    let client = authority.client().with_key_shares(&[NamedGroup::X25519]).unwrap();
    for (what, change) in [("a byte more", longer), ("a byte less", shorter)] {
        let mut pair = Pair::new(&client, &authority.server());
        pair.to_server = changed(HandshakeType::CLIENT_HELLO, 0, move |message| {
            plain(forge::HANDSHAKE, &change(message))
        });
        let outcome = pair.run();
        let error = refused(outcome.server, outcome.client, AlertDescription::DECODE_ERROR, what);
        assert!(matches!(error, Error::Malformed(_)), "{what}: {error:?}");
    }
}

//! TLS 1.2 with one rule broken at a time: whoever gets it refuses it with the alert that the RFC names.
#![cfg(feature = "tls12")]

mod forge;
mod pair;

use std::sync::{Arc, Mutex};

use forge::tls12::{Sealer, ending, flight, message, note_randoms, sealers, server_hello};
use forge::{ALERT, APPLICATION_DATA, CHANGE_CIPHER_SPEC, HANDSHAKE, Secrets, UNKNOWN, assert_fault, client_hello};
use forge::{plain, records, refused};
use pair::{Authority, NOW, Outcome, Pair, Wire, exchange, received, sent, whole};
use portunus_tls::wire::tls12::{
    Certificate, CertificateRequest, ClientKeyExchange, ServerHello, ServerHelloDone, ServerKeyExchange,
};
use portunus_tls::wire::{
    AlertDescription, CertificateVerify, CipherSuite, ClientHello, Decode, Encode, HandshakeType, NamedGroup,
    ProtocolName, ProtocolVersion, Sequence, SignatureScheme, handshake_message,
};
use portunus_tls::{
    ClientConfig, Connection, Error, Identities, Limit, PathVerifier, PeerFault, Policy, ServerConfig, Tickets,
};
use portunus_x509::Policy as PathPolicy;

fn policy() -> Policy {
    Policy::modern()
        .with_cipher_suites(&[CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256])
        .unwrap()
}

/// A client of both versions, and a server of TLS 1.2.
fn sides(authority: &Authority) -> (ClientConfig, ServerConfig) {
    let client = authority.client().with_application_protocols(&[b"h2"]);
    (client, authority.server().with_policy(policy()))
}

/// Both with a certificate of the client's.
fn mutual(authority: &Authority) -> (ClientConfig, ServerConfig) {
    let (client, server) = sides(authority);
    let identity = Arc::new(authority.issue(&["client.test"], &rcgen::PKCS_ECDSA_P256_SHA256));
    let verifier = Arc::new(PathVerifier::clients(authority.anchors(), PathPolicy::rfc5280()));
    (
        client.with_identity(Arc::new(Identities::new(vec![identity]))),
        server.with_required_client_certificates(verifier),
    )
}

fn to_client(sides: &(ClientConfig, ServerConfig), wire: Wire) -> Outcome {
    let mut pair = Pair::new(&sides.0, &sides.1);
    pair.to_client = wire;
    pair.run()
}

fn to_server(sides: &(ClientConfig, ServerConfig), wire: Wire) -> Outcome {
    let mut pair = Pair::new(&sides.0, &sides.1);
    pair.to_server = wire;
    pair.run()
}

fn rewrite<M: Encode>(message: &mut Vec<u8>, body: &M) {
    *message = handshake_message(HandshakeType(message[0]), body).unwrap();
}

fn last(message: &mut [u8]) -> &mut u8 {
    message.last_mut().unwrap()
}

/// Makes the message longer by one byte, and says so in front.
fn lengthen(message: &mut Vec<u8>) {
    message.push(0);
    message[3] = message[3].wrapping_add(1);
    assert_ne!(message[3], 0);
}

const ILLEGAL: AlertDescription = AlertDescription::ILLEGAL_PARAMETER;
const FAILURE: AlertDescription = AlertDescription::HANDSHAKE_FAILURE;
const DECODE: AlertDescription = AlertDescription::DECODE_ERROR;
const UNEXPECTED: AlertDescription = AlertDescription::UNEXPECTED_MESSAGE;

#[test]
fn a_client_hello_that_breaks_a_rule() {
    type Change = fn(&mut ClientHello<'_>);
    let cases: [(&str, AlertDescription, PeerFault, Change); 8] = [
        (
            "no null compression",
            ILLEGAL,
            PeerFault::NullCompressionMissing,
            |hello| {
                hello.legacy_compression_methods = &[1];
            },
        ),
        ("renegotiation_info", FAILURE, PeerFault::RenegotiationInfo, |hello| {
            hello.extensions.renegotiation_info = Some(&[0; 12]);
        }),
        (
            "point formats",
            ILLEGAL,
            PeerFault::UncompressedPointsMissing,
            |hello| {
                hello.extensions.ec_point_formats = Some(&[1, 2]);
            },
        ),
        (
            "no extended main secret",
            FAILURE,
            PeerFault::NoExtendedMainSecret,
            |hello| {
                hello.extensions.extended_main_secret = false;
            },
        ),
        ("no groups", FAILURE, PeerFault::NoCommonGroup, |hello| {
            hello.extensions.supported_groups = None;
        }),
        ("no group of this version", FAILURE, PeerFault::NoCommonGroup, |hello| {
            hello.extensions.supported_groups = Some(Sequence::from(&[NamedGroup::X25519MLKEM768]));
        }),
        ("no schemes", FAILURE, PeerFault::NoCommonSignatureScheme, |hello| {
            hello.extensions.signature_algorithms = None;
        }),
        ("no common suite", FAILURE, PeerFault::NoCommonCipherSuite, |hello| {
            hello.cipher_suites = Sequence::from(&[CipherSuite::TLS_RSA_WITH_AES_128_GCM_SHA256]);
        }),
    ];
    let authority = Authority::new();
    for (what, alert, fault, change) in cases {
        let outcome = to_server(&sides(&authority), client_hello(0, change));
        assert_fault(&refused(outcome.server, outcome.client, alert, what), fault, what);
    }
}

#[test]
fn a_server_hello_that_breaks_a_rule() {
    type Change = fn(&mut ServerHello<'_>);
    let unsupported = AlertDescription::UNSUPPORTED_EXTENSION;
    let cases: [(&str, AlertDescription, PeerFault, Change); 11] = [
        ("another suite", ILLEGAL, PeerFault::CipherSuiteNotOffered, |hello| {
            hello.cipher_suite = CipherSuite::TLS_RSA_WITH_AES_128_GCM_SHA256;
        }),
        (
            "a suite of TLS 1.3",
            ILLEGAL,
            PeerFault::CipherSuiteNotOffered,
            |hello| {
                hello.cipher_suite = CipherSuite::TLS_AES_128_GCM_SHA256;
            },
        ),
        ("compression", ILLEGAL, PeerFault::CompressionChosen, |hello| {
            hello.compression_method = 1;
        }),
        (
            "no renegotiation_info",
            FAILURE,
            PeerFault::NoSecureRenegotiation,
            |hello| {
                hello.extensions.renegotiation_info = None;
            },
        ),
        ("renegotiation_info", FAILURE, PeerFault::RenegotiationInfo, |hello| {
            hello.extensions.renegotiation_info = Some(&[0; 24]);
        }),
        (
            "point formats",
            ILLEGAL,
            PeerFault::UncompressedPointsMissing,
            |hello| {
                hello.extensions.ec_point_formats = Some(&[1]);
            },
        ),
        (
            "no extended main secret",
            FAILURE,
            PeerFault::NoExtendedMainSecret,
            |hello| {
                hello.extensions.extended_main_secret = false;
            },
        ),
        (
            "an unknown extension",
            unsupported,
            PeerFault::UnsolicitedExtension,
            |hello| {
                hello.extensions.unknown = Sequence::from(&[UNKNOWN]);
            },
        ),
        (
            "a ticket that was not asked for",
            unsupported,
            PeerFault::UnsolicitedExtension,
            |hello| {
                hello.extensions.session_ticket = true;
            },
        ),
        (
            "a protocol",
            ILLEGAL,
            PeerFault::ApplicationProtocolNotOffered,
            |hello| {
                hello.extensions.application_layer_protocol_negotiation = Some(ProtocolName(b"imap"));
            },
        ),
        (
            "TLS 1.1",
            AlertDescription::PROTOCOL_VERSION,
            PeerFault::VersionNotOffered,
            |hello| {
                hello.server_version = ProtocolVersion::TLS1_1;
            },
        ),
    ];
    let authority = Authority::new();
    for (what, alert, fault, change) in cases {
        let wire = message(HandshakeType::SERVER_HELLO, move |message| {
            let body = message[4..].to_vec();
            let mut hello = ServerHello::read(&body).unwrap();
            change(&mut hello);
            rewrite(message, &hello);
        });
        let outcome = to_client(&sides(&authority), wire);
        assert_fault(&refused(outcome.client, outcome.server, alert, what), fault, what);
    }
}

/// RFC 5246 section 7.4.1.3: an id that was only there for middleboxes' sake names no session.
#[test]
fn a_session_that_was_not_offered() {
    let authority = Authority::new();
    let id = Arc::new(Mutex::new(Vec::new()));
    let mut pair = {
        let (client, server) = sides(&authority);
        Pair::new(&client, &server)
    };
    let seen = id.clone();
    pair.to_server = Box::new(move |bytes| {
        if let Some(record) = records(&bytes)
            .first()
            .filter(|record| record.len() > 76 && record[5] == 1)
        {
            *seen.lock().unwrap() = record[44..76].to_vec();
        }
        vec![bytes]
    });
    pair.to_client = message(HandshakeType::SERVER_HELLO, move |message| {
        let body = message[4..].to_vec();
        let id = id.lock().unwrap();
        let hello = ServerHello {
            session_id: &id,
            ..ServerHello::read(&body).unwrap()
        };
        rewrite(message, &hello);
    });
    let outcome = pair.run();
    let error = refused(outcome.client, outcome.server, ILLEGAL, "session");
    assert_fault(&error, PeerFault::SessionNotOffered, "session");
}

type ChangeFlight = fn(&mut Vec<Vec<u8>>);
type ChangeProof = fn(&mut CertificateVerify<'_>);

fn exchange_message(message: &mut Vec<u8>, change: impl FnOnce(&mut ServerKeyExchange<'_>)) {
    let body = message[4..].to_vec();
    let mut exchange = ServerKeyExchange::read(&body).unwrap();
    change(&mut exchange);
    rewrite(message, &exchange);
}

/// ServerHello, Certificate, ServerKeyExchange, ServerHelloDone.
#[test]
fn a_server_s_flight_that_breaks_a_rule() {
    let decrypt = AlertDescription::DECRYPT_ERROR;
    let faults: [(&str, AlertDescription, PeerFault, ChangeFlight); 7] = [
        ("no certificate", DECODE, PeerFault::NoCertificate, |flight| {
            let certificate_list = Sequence::default();
            rewrite(&mut flight[1], &Certificate { certificate_list });
        }),
        ("a changed signature", decrypt, PeerFault::BadSignature, |flight| {
            exchange_message(&mut flight[2], |exchange| exchange.signature = &[0x30, 0]);
        }),
        ("a changed share", decrypt, PeerFault::BadSignature, |flight| {
            exchange_message(&mut flight[2], |exchange| exchange.point = &[9; 32]);
        }),
        ("SHA-1", ILLEGAL, PeerFault::SchemeNotOffered, |flight| {
            exchange_message(&mut flight[2], |exchange| {
                exchange.algorithm = SignatureScheme::ECDSA_SHA1
            });
        }),
        ("another kind of key", ILLEGAL, PeerFault::SchemeWrongForKey, |flight| {
            let scheme = SignatureScheme::RSA_PSS_RSAE_SHA256;
            exchange_message(&mut flight[2], |exchange| exchange.algorithm = scheme);
        }),
        ("another group", ILLEGAL, PeerFault::GroupNotOffered, |flight| {
            exchange_message(&mut flight[2], |exchange| exchange.namedcurve = NamedGroup::SECP521R1);
        }),
        (
            "something behind the last message",
            UNEXPECTED,
            PeerFault::NotAligned,
            |flight| {
                let message = handshake_message(HandshakeType::SERVER_HELLO_DONE, &ServerHelloDone).unwrap();
                flight.push(message);
            },
        ),
    ];
    let authority = Authority::new();
    for (what, alert, fault, change) in faults {
        let outcome = to_client(&sides(&authority), flight(0, change));
        assert_fault(&refused(outcome.client, outcome.server, alert, what), fault, what);
    }
    let others: [(&str, AlertDescription, ChangeFlight); 9] = [
        ("no Certificate", UNEXPECTED, |flight| drop(flight.remove(1))),
        ("no ServerKeyExchange", UNEXPECTED, |flight| drop(flight.remove(2))),
        ("Certificate twice", UNEXPECTED, |flight| {
            flight.insert(2, flight[1].clone())
        }),
        ("ServerKeyExchange twice", UNEXPECTED, |flight| {
            flight.insert(3, flight[2].clone())
        }),
        ("the other way round", UNEXPECTED, |flight| flight.swap(1, 2)),
        ("a longer ServerHelloDone", DECODE, |flight| lengthen(&mut flight[3])),
        ("a longer ServerKeyExchange", DECODE, |flight| lengthen(&mut flight[2])),
        ("a longer ServerHello", DECODE, |flight| lengthen(&mut flight[0])),
        ("an explicit curve", ILLEGAL, |flight| flight[2][4] = 1),
    ];
    for (what, alert, change) in others {
        let outcome = to_client(&sides(&authority), flight(0, change));
        refused(outcome.client, outcome.server, alert, what);
    }
}

/// Only a server whose CertificateRequest came once gets a certificate.
#[test]
fn a_certificate_request_that_breaks_a_rule() {
    let cases: [(&str, AlertDescription, ChangeFlight); 4] = [
        ("twice", UNEXPECTED, |flight| flight.insert(4, flight[3].clone())),
        ("before the ServerKeyExchange", UNEXPECTED, |flight| flight.swap(2, 3)),
        ("longer", DECODE, |flight| lengthen(&mut flight[3])),
        ("without types", DECODE, |flight| {
            let body = flight[3][4..].to_vec();
            let request = CertificateRequest {
                certificate_types: Sequence::default(),
                ..CertificateRequest::read(&body).unwrap()
            };
            rewrite(&mut flight[3], &request);
        }),
    ];
    let authority = Authority::new();
    for (what, alert, change) in cases {
        let outcome = to_client(&mutual(&authority), flight(0, change));
        refused(outcome.client, outcome.server, alert, what);
    }
}

/// Certificate, ClientKeyExchange, CertificateVerify. The client's change_cipher_spec is out already: what the server says it cannot read.
#[test]
fn a_client_s_flight_that_breaks_a_rule() {
    let proof = |message: &mut Vec<u8>, change: ChangeProof| {
        let body = message[4..].to_vec();
        let mut proof = CertificateVerify::read(&body).unwrap();
        change(&mut proof);
        rewrite(message, &proof);
    };
    let cases: [(&str, AlertDescription, Option<PeerFault>, ChangeFlight); 13] = [
        (
            "no certificate",
            FAILURE,
            Some(PeerFault::ClientCertificateMissing),
            |flight| {
                let certificate_list = Sequence::default();
                rewrite(&mut flight[0], &Certificate { certificate_list });
            },
        ),
        ("no Certificate", UNEXPECTED, None, |flight| drop(flight.remove(0))),
        ("no ClientKeyExchange", UNEXPECTED, None, |flight| {
            drop(flight.remove(1))
        }),
        (
            "no CertificateVerify",
            UNEXPECTED,
            Some(PeerFault::BadChangeCipherSpec),
            |flight| {
                flight.truncate(2);
            },
        ),
        ("the wrong order", UNEXPECTED, None, |flight| flight.swap(1, 2)),
        ("ClientKeyExchange twice", UNEXPECTED, None, |flight| {
            flight.insert(2, flight[1].clone())
        }),
        (
            "a message too many",
            UNEXPECTED,
            Some(PeerFault::MissingChangeCipherSpec),
            |flight| {
                flight.push(flight[2][..3].to_vec());
            },
        ),
        ("a short share", ILLEGAL, Some(PeerFault::BadKeyShare), |flight| {
            rewrite(&mut flight[1], &ClientKeyExchange { point: &[9; 31] });
        }),
        (
            "a share of small order",
            ILLEGAL,
            Some(PeerFault::BadKeyShare),
            |flight| {
                rewrite(&mut flight[1], &ClientKeyExchange { point: &[0; 32] });
            },
        ),
        ("an empty share", DECODE, None, |flight| {
            flight[1] = vec![HandshakeType::CLIENT_KEY_EXCHANGE.0, 0, 0, 1, 0];
        }),
        ("a longer ClientKeyExchange", DECODE, None, |flight| {
            lengthen(&mut flight[1])
        }),
        (
            "a changed certificate",
            AlertDescription::BAD_CERTIFICATE,
            None,
            |flight| *last(&mut flight[0]) ^= 1,
        ),
        ("a longer CertificateVerify", DECODE, None, |flight| {
            lengthen(&mut flight[2])
        }),
    ];
    let authority = Authority::new();
    let check = |what: &str, alert: AlertDescription, fault: Option<PeerFault>, wire: Wire| {
        let outcome = to_server(&mutual(&authority), wire);
        let error = outcome.server.expect_err(what);
        assert_eq!(error.alert(), Some(alert), "{what}: {error}");
        if let Some(fault) = fault {
            assert_fault(&error, fault, what);
        }
    };
    for (what, alert, fault, change) in cases {
        check(what, alert, fault, flight(1, change));
    }
    let proofs: [(&str, AlertDescription, PeerFault, ChangeProof); 3] = [
        (
            "a changed signature",
            AlertDescription::DECRYPT_ERROR,
            PeerFault::BadSignature,
            |proof| {
                proof.signature = &[0x30, 0];
            },
        ),
        ("SHA-1", ILLEGAL, PeerFault::SchemeNotOffered, |proof| {
            proof.algorithm = SignatureScheme::ECDSA_SHA1
        }),
        ("another kind of key", ILLEGAL, PeerFault::SchemeWrongForKey, |proof| {
            proof.algorithm = SignatureScheme::RSA_PSS_RSAE_SHA256;
        }),
    ];
    for (what, alert, fault, change) in proofs {
        let wire = flight(1, move |flight| proof(&mut flight[2], change));
        check(what, alert, Some(fault), wire);
    }
}

type Forge = fn(Vec<u8>, Vec<u8>, &mut Sealer) -> Vec<u8>;

/// Runs with the end of one side's handshake forged; gives the other side's error.
fn forged(client: bool, forge: Forge) -> Result<Connection, Error> {
    let authority = Authority::new();
    let (config, server) = sides(&authority);
    let secrets = Arc::new(Secrets::default());
    let randoms = Arc::new(Mutex::default());
    let mut pair = Pair::new(&config.with_key_log(secrets.clone()), &server);
    let noted = randoms.clone();
    let looking: Wire = Box::new(move |bytes| {
        note_randoms(&bytes, &mut noted.lock().unwrap());
        vec![bytes]
    });
    let forging = ending(&secrets, &randoms, client, forge);
    (pair.to_server, pair.to_client) = if client { (forging, looking) } else { (looking, forging) };
    let outcome = pair.run();
    if client { outcome.server } else { outcome.client }
}

/// RFC 5246 section 7.1 and RFC 5246 section 7.4.9.
#[test]
fn an_end_that_breaks_a_rule() {
    let cases: [(&str, AlertDescription, Option<PeerFault>, Forge); 14] = [
        (
            "no change_cipher_spec",
            UNEXPECTED,
            Some(PeerFault::MissingChangeCipherSpec),
            |_, finished, _| plain(HANDSHAKE, &finished),
        ),
        (
            "change_cipher_spec twice",
            UNEXPECTED,
            Some(PeerFault::BadChangeCipherSpec),
            |change, finished, sealer| [change.clone(), change, sealer.seal(HANDSHAKE, &finished)].concat(),
        ),
        (
            "another value",
            UNEXPECTED,
            Some(PeerFault::BadChangeCipherSpec),
            |_, finished, sealer| [plain(CHANGE_CIPHER_SPEC, &[2]), sealer.seal(HANDSHAKE, &finished)].concat(),
        ),
        (
            "a longer one",
            UNEXPECTED,
            Some(PeerFault::BadChangeCipherSpec),
            |_, finished, sealer| [plain(CHANGE_CIPHER_SPEC, &[1, 1]), sealer.seal(HANDSHAKE, &finished)].concat(),
        ),
        (
            "in the middle of a message",
            UNEXPECTED,
            Some(PeerFault::MissingChangeCipherSpec),
            |change, finished, sealer| {
                [
                    plain(HANDSHAKE, &finished[..2]),
                    change,
                    sealer.seal(HANDSHAKE, &finished[2..]),
                ]
                .concat()
            },
        ),
        (
            "an unprotected Finished",
            AlertDescription::BAD_RECORD_MAC,
            Some(PeerFault::BadRecordMac),
            |change, finished, _| [change, plain(HANDSHAKE, &finished)].concat(),
        ),
        (
            "a changed Finished",
            AlertDescription::DECRYPT_ERROR,
            Some(PeerFault::BadFinished),
            |change, mut finished, sealer| {
                *last(&mut finished) ^= 1;
                [change, sealer.seal(HANDSHAKE, &finished)].concat()
            },
        ),
        (
            "a longer Finished",
            DECODE,
            Some(PeerFault::FinishedLength),
            |change, mut finished, sealer| {
                lengthen(&mut finished);
                [change, sealer.seal(HANDSHAKE, &finished)].concat()
            },
        ),
        (
            "an empty Finished",
            DECODE,
            Some(PeerFault::FinishedLength),
            |change, _, sealer| [change, sealer.seal(HANDSHAKE, &[HandshakeType::FINISHED.0, 0, 0, 0])].concat(),
        ),
        ("another message", UNEXPECTED, None, |change, mut finished, sealer| {
            finished[0] = HandshakeType::CERTIFICATE_VERIFY.0;
            [change, sealer.seal(HANDSHAKE, &finished)].concat()
        }),
        (
            "something behind it",
            UNEXPECTED,
            Some(PeerFault::NotAligned),
            |change, finished, sealer| [change, sealer.seal(HANDSHAKE, &[&finished[..], &[0; 4]].concat())].concat(),
        ),
        ("data before it", UNEXPECTED, None, |change, finished, sealer| {
            [
                change,
                sealer.seal(APPLICATION_DATA, b"data"),
                sealer.seal(HANDSHAKE, &finished),
            ]
            .concat()
        }),
        ("data in plaintext", UNEXPECTED, None, |change, _, _| {
            [plain(APPLICATION_DATA, b"data"), change].concat()
        }),
        (
            "an empty record",
            UNEXPECTED,
            Some(PeerFault::EmptyRecord),
            |change, finished, sealer| {
                [change, sealer.seal(HANDSHAKE, b""), sealer.seal(HANDSHAKE, &finished)].concat()
            },
        ),
    ];
    for client in [true, false] {
        for (what, alert, fault, forge) in cases {
            let error = forged(client, forge).expect_err(what);
            assert_eq!(error.alert(), Some(alert), "{what} of the client: {client}: {error}");
            if let Some(fault) = fault {
                assert_fault(&error, fault, what);
            }
        }
        // In two records it is as good as in one.
        forged(client, |change, finished, sealer| {
            let (first, second) = finished.split_at(7);
            [change, sealer.seal(HANDSHAKE, first), sealer.seal(HANDSHAKE, second)].concat()
        })
        .unwrap();
    }
}

/// Where it may not be at all: before the ServerHello of TLS 1.2, and in every flight before its end.
#[test]
fn a_change_cipher_spec_too_early() {
    let authority = Authority::new();
    let change = || plain(CHANGE_CIPHER_SPEC, &[1]);
    let before = move |bytes: Vec<u8>| vec![[change(), bytes].concat()];
    let outcome = to_client(&sides(&authority), Box::new(before));
    let error = refused(outcome.client, outcome.server, UNEXPECTED, "before the ServerHello");
    assert_fault(&error, PeerFault::BadChangeCipherSpec, "before the ServerHello");
    let outcome = to_server(&sides(&authority), Box::new(before));
    let error = refused(outcome.server, outcome.client, UNEXPECTED, "before the ClientHello");
    assert_fault(&error, PeerFault::BadChangeCipherSpec, "before the ClientHello");
    let behind = move |bytes: Vec<u8>| vec![[bytes, change()].concat()];
    let outcome = to_server(&sides(&authority), Box::new(behind));
    let error = refused(outcome.server, outcome.client, UNEXPECTED, "behind the ClientHello");
    assert_fault(&error, PeerFault::BadChangeCipherSpec, "behind the ClientHello");
}

/// RFC 9846 section 4.2.3: the server's random tells what the server could have spoken.
#[test]
fn a_server_that_has_tls_1_3_marks_its_random() {
    let authority = Authority::new();
    let older = Policy::modern().with_versions(&[ProtocolVersion::TLS1_2]).unwrap();
    let client = authority.client().with_policy(older.clone());
    for (server, is_marked) in [
        (authority.server(), true),
        (authority.server().with_policy(older), false),
    ] {
        let seen = Arc::new(Mutex::new(None));
        let noted = seen.clone();
        let mut pair = Pair::new(&client, &server);
        pair.to_client = Box::new(move |bytes| {
            noted.lock().unwrap().get_or_insert_with(|| {
                let mut is_marked = false;
                server_hello(&bytes, |hello| is_marked = hello.random.ends_with(b"DOWNGRD\x01"));
                is_marked
            });
            vec![bytes]
        });
        pair.run().connected();
        assert_eq!(*seen.lock().unwrap(), Some(is_marked));
    }
}

/// RFC 7627 section 5.3: a session goes on with the kind of main secret that it began with.
#[test]
fn sessions_keep_their_kind_of_main_secret() {
    let authority = Authority::new();
    let compatible = Policy::compatible().with_versions(&[ProtocolVersion::TLS1_2]).unwrap();
    let (client, server) = authority.resuming();
    let (client, server) = (client.with_policy(compatible.clone()), server.with_policy(compatible));
    // No man in the middle can take the extension away unnoticed where the other side has it.
    let without = || -> Wire { client_hello(0, |hello| hello.extensions.extended_main_secret = false) };
    let mut pair = Pair::new(&client, &server);
    pair.to_server = without();
    assert!(pair.run().server.is_err());
    Pair::new(&client, &server).run().connected();
    let mut pair = Pair::new(&client, &server);
    pair.to_server = without();
    let outcome = pair.run();
    let error = refused(outcome.server, outcome.client, FAILURE, "resumption");
    assert_fault(&error, PeerFault::ExtendedMainSecretChanged, "resumption");
}

fn connected(authority: &Authority) -> (Connection, Connection, Sealer, Sealer) {
    let (client, server) = sides(authority);
    let secrets = Arc::new(Secrets::default());
    let randoms = Arc::new(Mutex::new(([0; 32], [0; 32])));
    let mut pair = Pair::new(&client.with_key_log(secrets.clone()), &server);
    let look = |randoms: &Arc<Mutex<_>>| -> Wire {
        let randoms = randoms.clone();
        Box::new(move |bytes| {
            note_randoms(&bytes, &mut randoms.lock().unwrap());
            vec![bytes]
        })
    };
    (pair.to_server, pair.to_client) = (look(&randoms), look(&randoms));
    let (client, server) = pair.run().connected();
    let randoms = randoms.lock().unwrap();
    let (mut at_client, mut at_server) = sealers(&secrets, &randoms.0, &randoms.1);
    // Each has sealed its Finished.
    at_client.seal(HANDSHAKE, b"finished");
    at_server.seal(HANDSHAKE, b"finished");
    (client, server, at_client, at_server)
}

const HELLO_REQUEST: [u8; 4] = [0; 4];

/// RFC 5246 section 7.4.1.1: a client may answer with a warning, and go on.
#[test]
fn a_hello_request_is_answered_with_a_warning() {
    let authority = Authority::new();
    let (mut client, mut server, _, mut sealer) = connected(&authority);
    received(&mut client, &sealer.seal(HANDSHAKE, &HELLO_REQUEST)).unwrap();
    // The server takes the warning as what it is.
    received(&mut server, &sent(&mut client)).unwrap();
    client.write(b"still here").unwrap();
    let (at_server, _) = received(&mut server, &sent(&mut client)).unwrap();
    assert_eq!(at_server, b"still here");
    let many: Vec<u8> = (0..16).flat_map(|_| sealer.seal(HANDSHAKE, &HELLO_REQUEST)).collect();
    let error = received(&mut client, &many).unwrap_err();
    assert!(matches!(error, Error::Limit(Limit::HelloRequests)), "{error:?}");
    assert_eq!(error.alert(), Some(AlertDescription::NO_RENEGOTIATION));
}

/// RFC 5246 section 7.2.1: after close_notify the answer is another one, and nothing can be said any more to what is none.
#[test]
fn a_hello_request_is_no_answer_to_close_notify() {
    let authority = Authority::new();
    let (mut client, _, _, mut sealer) = connected(&authority);
    client.close();
    sent(&mut client);
    let error = received(&mut client, &sealer.seal(HANDSHAKE, &HELLO_REQUEST)).unwrap_err();
    assert_fault(&error, PeerFault::Renegotiation, "a HelloRequest");
    assert!(sent(&mut client).is_empty());
}

/// RFC 5246 section 6.2.1: once a version is agreed, records say which.
#[test]
fn a_record_of_another_version() {
    let authority = Authority::new();
    let version_in = |nth: usize| -> Wire {
        let mut flights = 0;
        Box::new(move |mut bytes| {
            bytes[2] = if flights == nth { 4 } else { bytes[2] };
            flights += 1;
            vec![bytes]
        })
    };
    // For a ClientHello any will do (RFC 5246 appendix E.1), and what a ServerHello says holds from there on.
    to_server(&sides(&authority), version_in(0)).connected();
    to_client(&sides(&authority), version_in(0)).connected();
    let outcome = to_server(&sides(&authority), version_in(1));
    let error = refused(
        outcome.server,
        outcome.client,
        AlertDescription::PROTOCOL_VERSION,
        "to the server",
    );
    assert_fault(&error, PeerFault::RecordVersion, "to the server");
    let error = to_client(&sides(&authority), version_in(1)).client.unwrap_err();
    assert_fault(&error, PeerFault::RecordVersion, "to the client");
}

#[test]
fn whoever_begins_another_handshake_is_refused() {
    let authority = Authority::new();
    let (_, mut server, mut sealer, _) = connected(&authority);
    let error = received(&mut server, &sealer.seal(HANDSHAKE, &[HandshakeType::CLIENT_HELLO.0])).unwrap_err();
    assert_fault(&error, PeerFault::Renegotiation, "a ClientHello");
    assert_eq!(error.alert(), Some(AlertDescription::NO_RENEGOTIATION));
    for kind in [
        HandshakeType::KEY_UPDATE,
        HandshakeType::FINISHED,
        HandshakeType::HELLO_REQUEST,
    ] {
        let (_, mut server, mut sealer, _) = connected(&authority);
        let error = received(&mut server, &sealer.seal(HANDSHAKE, &[kind.0])).unwrap_err();
        assert!(
            matches!(error, Error::UnexpectedMessage { got, .. } if got == kind),
            "{error:?}"
        );
    }
    for kind in [
        HandshakeType::KEY_UPDATE,
        HandshakeType::SERVER_HELLO,
        HandshakeType::NEW_SESSION_TICKET,
    ] {
        let (mut client, _, _, mut sealer) = connected(&authority);
        let error = received(&mut client, &sealer.seal(HANDSHAKE, &[kind.0])).unwrap_err();
        assert!(
            matches!(error, Error::UnexpectedMessage { got, .. } if got == kind),
            "{error:?}"
        );
    }
    let (mut client, _, _, mut sealer) = connected(&authority);
    let error = received(&mut client, &sealer.seal(HANDSHAKE, &[0, 0, 0, 1, 0])).unwrap_err();
    assert_eq!(error.alert(), Some(DECODE));
}

/// RFC 5246 section 7.2: a warning ends nothing, a fatal alert does, and there are not many of the one.
#[test]
fn warnings_are_noted_and_bounded() {
    let authority = Authority::new();
    let warning = plain(ALERT, &[1, AlertDescription::UNRECOGNIZED_NAME.0]);
    let times = |count: usize| -> Wire {
        let (warning, mut is_first) = (warning.clone(), true);
        Box::new(move |bytes| {
            let count = if std::mem::take(&mut is_first) { count } else { 0 };
            vec![[warning.repeat(count), bytes].concat()]
        })
    };
    to_client(&sides(&authority), times(4)).connected();
    let error = to_client(&sides(&authority), times(5)).client.unwrap_err();
    assert!(matches!(error, Error::Limit(Limit::WarningAlerts)), "{error:?}");
    let fatal = plain(ALERT, &[2, AlertDescription::UNRECOGNIZED_NAME.0]);
    let wire: Wire = Box::new(move |bytes| vec![[fatal.clone(), bytes].concat()]);
    assert!(matches!(
        to_client(&sides(&authority), wire).client,
        Err(Error::Alert(_))
    ));
    // In TLS 1.3 every alert but two is fatal, whatever it says of itself.
    let (mut client, mut server) = (authority.client(), authority.server());
    let (at_client, at_server) = Pair::new(&client, &server).run().connected();
    assert_eq!(at_client.info().version, at_server.info().version);
    let tls13 = Policy::modern().with_versions(&[ProtocolVersion::TLS1_3]).unwrap();
    (client, server) = (client.with_policy(tls13.clone()), server.with_policy(tls13));
    assert!(matches!(
        to_client(&(client, server), times(1)).client,
        Err(Error::Alert(_))
    ));
    // After the handshake too.
    let (mut client, _, _, mut sealer) = connected(&authority);
    let warnings: Vec<u8> = (0..4).flat_map(|_| sealer.seal(ALERT, &[1, 90])).collect();
    received(&mut client, &warnings).unwrap();
    received(&mut client, &sealer.seal(APPLICATION_DATA, b"data")).unwrap();
    received(&mut client, &sealer.seal(ALERT, &[1, 100])).unwrap();
    assert!(matches!(
        received(&mut client, &sealer.seal(ALERT, &[2, 80])),
        Err(Error::Alert(_))
    ));
}

/// RFC 5246 section 6.2.1: at most 2^14 bytes, and no empty records without end.
#[test]
fn records_have_limits() {
    let authority = Authority::new();
    let (mut client, _, _, mut sealer) = connected(&authority);
    let whole = vec![7; 1 << 14];
    assert_eq!(
        received(&mut client, &sealer.seal(APPLICATION_DATA, &whole)).unwrap().0,
        whole
    );
    let error = received(&mut client, &sealer.seal(APPLICATION_DATA, &vec![7; (1 << 14) + 1])).unwrap_err();
    assert_fault(&error, PeerFault::RecordOverflow, "a long record");
    let (mut client, _, _, mut sealer) = connected(&authority);
    let empty: Vec<u8> = (0..33).flat_map(|_| sealer.seal(APPLICATION_DATA, b"")).collect();
    assert!(matches!(
        received(&mut client, &empty),
        Err(Error::Limit(Limit::EmptyRecords))
    ));
    let (mut client, _, _, _) = connected(&authority);
    let error = received(&mut client, &plain(CHANGE_CIPHER_SPEC, &[1])).unwrap_err();
    assert_fault(&error, PeerFault::BadChangeCipherSpec, "after the handshake");
    let (mut client, _, _, _) = connected(&authority);
    let error = received(&mut client, &plain(APPLICATION_DATA, &[1; 23])).unwrap_err();
    assert_fault(&error, PeerFault::BadRecordMac, "too short for a tag");
}

/// Tickets that were changed on the way cost a full handshake.
#[test]
fn a_ticket_changed_on_the_way() {
    let authority = Authority::new();
    let (client, server) = authority.resuming();
    let server = server
        .with_policy(policy())
        .with_tickets(Arc::new(Tickets::new(NOW).unwrap()));
    Pair::new(&client, &server).run().connected();
    let mut pair = Pair::new(&client, &server);
    pair.to_client = whole();
    pair.to_server = client_hello(0, |hello| hello.extensions.session_ticket = Some(&[7; 64]));
    // The Finished tells of it; the server has made a full handshake until then.
    let outcome = pair.run();
    let story = outcome.server_story.0.lock().unwrap().clone();
    assert!(story.iter().any(|note| note == "NotResumed"), "{story:?}");
    assert!(outcome.server.is_err());
    let (mut client, mut server) = Pair::new(&client, &server).run().connected();
    exchange(&mut client, &mut server).unwrap();
}

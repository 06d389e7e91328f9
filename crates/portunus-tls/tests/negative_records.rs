//! Records that break a rule, before and after keys are in place (RFC 9846 section 5).

mod forge;
mod pair;

use std::sync::Arc;
use std::task::{Context, Waker};

use forge::{ALERT, APPLICATION_DATA, CHANGE_CIPHER_SPEC, HANDSHAKE, Sealer, Secrets, flight, plain, records, refused};
use pair::{Authority, NOW, Outcome, Pair, received, sent};
use portunus_tls::limits::{
    MAX_CHANGE_CIPHER_SPECS, MAX_EMPTY_RECORDS, MAX_HANDSHAKE_MESSAGE, MAX_KEY_UPDATES, MAX_TICKETS_RECEIVED,
    MAX_WARNING_ALERTS,
};
use portunus_tls::wire::{AlertDescription, ContentType, HandshakeType};
use portunus_tls::{Connection, Error, Handshake, Limit, PeerFault};

const UNEXPECTED: AlertDescription = AlertDescription::UNEXPECTED_MESSAGE;
const TWO_TO_14: usize = 1 << 14;

fn fault(fault: PeerFault) -> Error {
    fault.into()
}

fn kind(kind: u8) -> Error {
    Error::UnexpectedRecord { got: ContentType(kind) }
}

/// Errors have no equality; their sentences have.
fn assert_same(error: &Error, expected: &Error, what: &str) {
    assert_eq!(error.to_string(), expected.to_string(), "{what}");
}

/// What a server makes of its first bytes; the alert is in plaintext.
fn first_bytes(bytes: &[u8], what: &str) -> Error {
    let mut server = Handshake::server(Arc::new(Arc::new(Authority::new().server())), NOW, None);
    let mut error = None;
    for piece in bytes.chunks(1024) {
        let _ = server.receive_with(|space| {
            space[..piece.len()].copy_from_slice(piece);
            Ok::<_, ()>(piece.len())
        });
        error = server.poll(&mut Context::from_waker(Waker::noop())).err();
    }
    let error = error.expect(what);
    let mut alert = Vec::new();
    let _ = server.send_with(|bytes| {
        alert.extend_from_slice(bytes);
        Ok::<_, ()>(bytes.len())
    });
    assert_eq!(alert, plain(ALERT, &[2, error.alert().unwrap().0]), "{what}");
    error
}

#[test]
fn first_records_that_are_none() {
    let half = plain(HANDSHAKE, &[HandshakeType::CLIENT_HELLO.0, 0, 1, 0, 3, 3]);
    let behind_half = |record: &[u8]| [&half[..], record].concat();
    let overflow = [HANDSHAKE, 3, 1, 0x40, 1];
    let oversized = u32::try_from(MAX_HANDSHAKE_MESSAGE + 1).unwrap().to_be_bytes();
    let oversized = [&[HandshakeType::CLIENT_HELLO.0], &oversized[1..]].concat();
    let too_long = Limit::HandshakeMessage {
        kind: HandshakeType::CLIENT_HELLO,
        length: MAX_HANDSHAKE_MESSAGE + 1,
    };
    assert_eq!(
        too_long.to_string(),
        "the peer announced a client_hello of 66561 bytes, longer than is taken here"
    );
    let not_tls = |bytes: &[u8]| Error::NotTls {
        first: *bytes.first_chunk().unwrap(),
    };
    let ssl_2 = [0x80, 0x2e, 1, 3, 1, 0, 0x15];
    for (what, bytes, expected) in [
        ("a type that is none", plain(99, b"?"), not_tls(&plain(99, b"?"))),
        ("a hello of SSL 2.0", ssl_2.to_vec(), not_tls(&ssl_2)),
        ("a type that is none, later", behind_half(&plain(99, b"?")), kind(99)),
        (
            "a record of 2^14+1",
            overflow.to_vec(),
            fault(PeerFault::RecordOverflow),
        ),
        ("an empty record", plain(HANDSHAKE, b""), fault(PeerFault::EmptyRecord)),
        (
            "application data",
            plain(APPLICATION_DATA, b"early"),
            kind(APPLICATION_DATA),
        ),
        (
            "change_cipher_spec before the hello",
            plain(CHANGE_CIPHER_SPEC, &[1]),
            fault(PeerFault::BadChangeCipherSpec),
        ),
        (
            "an alert within a message",
            behind_half(&plain(ALERT, &[1, 0])),
            fault(PeerFault::Interleaved),
        ),
        (
            "change_cipher_spec within a message",
            behind_half(&plain(CHANGE_CIPHER_SPEC, &[1])),
            fault(PeerFault::BadChangeCipherSpec),
        ),
        ("an oversized message", plain(HANDSHAKE, &oversized), too_long.into()),
        (
            "an alert of one byte",
            plain(ALERT, &[2]),
            fault(PeerFault::BadAlertRecord),
        ),
        (
            "two alerts in one",
            plain(ALERT, &[1, 90, 1, 90]),
            fault(PeerFault::BadAlertRecord),
        ),
        ("an empty alert", plain(ALERT, b""), fault(PeerFault::BadAlertRecord)),
    ] {
        assert_same(&first_bytes(&bytes, what), &expected, what);
    }
    assert_eq!(PeerFault::RecordOverflow.alert(), AlertDescription::RECORD_OVERFLOW);
    assert_eq!(too_long.alert(), AlertDescription::ILLEGAL_PARAMETER);
}

/// Puts these records before the client's second flight.
fn before_finished(extra: Vec<u8>) -> Outcome {
    let authority = Authority::new();
    let mut pair = Pair::new(&authority.client(), &authority.server());
    let mut flights = 0;
    pair.to_server = Box::new(move |bytes| {
        flights += 1;
        vec![if flights == 2 {
            [&extra[..], &bytes].concat()
        } else {
            bytes
        }]
    });
    pair.run()
}

/// RFC 9846 section 5, RFC 9846 appendix E.4.
#[test]
fn change_cipher_specs_that_are_too_many_or_say_something() {
    let one = plain(CHANGE_CIPHER_SPEC, &[1]);
    let allowed = usize::try_from(MAX_CHANGE_CIPHER_SPECS).unwrap();
    before_finished(one.repeat(allowed - 1)).connected();
    let bad = fault(PeerFault::BadChangeCipherSpec);
    for (what, extra, expected) in [
        ("too many", one.repeat(allowed), Limit::ChangeCipherSpecs.into()),
        ("another value", plain(CHANGE_CIPHER_SPEC, &[2]), bad.clone()),
        ("two bytes", plain(CHANGE_CIPHER_SPEC, &[1, 1]), bad.clone()),
        ("nothing", plain(CHANGE_CIPHER_SPEC, b""), bad),
        (
            "handshake in plaintext",
            plain(HANDSHAKE, &[20, 0, 0, 0]),
            kind(HANDSHAKE),
        ),
    ] {
        let error = before_finished(extra).server.unwrap_err();
        assert_eq!(error.alert(), Some(UNEXPECTED), "{what}");
        assert_same(&error, &expected, what);
    }
}

type Forge = fn(&[u8], &mut Sealer) -> Vec<u8>;

/// The server's flight as other records: `forge` gets its bytes.
fn server_flight(forge: Forge) -> Outcome {
    let (authority, secrets) = (Authority::new(), Arc::new(Secrets::default()));
    let mut pair = Pair::new(&authority.client(), &authority.server().with_key_log(secrets.clone()));
    pair.to_client = flight(&secrets, "SERVER_HANDSHAKE_TRAFFIC_SECRET", move |messages, sealer| {
        forge(&messages.concat(), sealer)
    });
    pair.run()
}

#[test]
fn protected_records_that_are_none() {
    let overflow = AlertDescription::RECORD_OVERFLOW;
    let cases: [(&str, AlertDescription, Error, Forge); 10] = [
        (
            "an empty one",
            UNEXPECTED,
            fault(PeerFault::EmptyRecord),
            |_, sealer| sealer.seal(HANDSHAKE, b""),
        ),
        (
            "padding alone",
            UNEXPECTED,
            fault(PeerFault::NoContentType),
            |_, sealer| sealer.seal_inner(vec![0; 40]),
        ),
        (
            "nothing at all",
            UNEXPECTED,
            fault(PeerFault::NoContentType),
            |_, sealer| sealer.seal_inner(Vec::new()),
        ),
        ("a type that is none", UNEXPECTED, kind(99), |_, sealer| {
            sealer.seal(99, b"?")
        }),
        (
            "a sealed change_cipher_spec",
            UNEXPECTED,
            kind(CHANGE_CIPHER_SPEC),
            |_, sealer| sealer.seal(CHANGE_CIPHER_SPEC, &[1]),
        ),
        ("data", UNEXPECTED, kind(APPLICATION_DATA), |_, sealer| {
            sealer.seal(APPLICATION_DATA, b"data")
        }),
        (
            "an alert within a message",
            UNEXPECTED,
            fault(PeerFault::Interleaved),
            |flight, sealer| [sealer.seal(HANDSHAKE, &flight[..5]), sealer.seal(ALERT, &[1, 90])].concat(),
        ),
        (
            "data within a message",
            UNEXPECTED,
            fault(PeerFault::Interleaved),
            |flight, sealer| {
                [
                    sealer.seal(HANDSHAKE, &flight[..5]),
                    sealer.seal(APPLICATION_DATA, b"data"),
                ]
                .concat()
            },
        ),
        (
            "a record of 2^14+257",
            overflow,
            fault(PeerFault::RecordOverflow),
            |_, _| vec![APPLICATION_DATA, 3, 3, 0x41, 1],
        ),
        (
            "content of 2^14+1",
            overflow,
            fault(PeerFault::RecordOverflow),
            |_, sealer| sealer.seal(HANDSHAKE, &[0; TWO_TO_14 + 1]),
        ),
    ];
    for (what, alert, expected, forge) in cases {
        let outcome = server_flight(forge);
        assert_same(&refused(outcome.client, outcome.server, alert, what), &expected, what);
    }
}

/// RFC 9846 section 5.4: as much padding as fits is fine, and so are messages in pieces.
#[test]
fn padding_and_pieces_are_fine() {
    let padded: Forge = |flight, sealer| {
        let mut inner = [flight, &[HANDSHAKE]].concat();
        inner.resize(TWO_TO_14 + 1, 0);
        sealer.seal_inner(inner)
    };
    let in_pieces: Forge = |flight, sealer| {
        let pieces = flight.chunks(3).map(|piece| sealer.seal(HANDSHAKE, piece));
        pieces.collect::<Vec<_>>().concat()
    };
    for forge in [padded, in_pieces] {
        server_flight(forge).connected();
    }
}

/// A flight of messages each of which may be as long, but not all.
#[test]
fn a_handshake_without_an_end() {
    let endless: Forge = |_, sealer| {
        let message = |kind: HandshakeType, body: &[u8]| {
            let length = u32::try_from(body.len()).unwrap().to_be_bytes();
            [&[kind.0], &length[1..], body].concat()
        };
        let number = |count: usize| u16::try_from(count).unwrap().to_be_bytes();
        // supported_groups, then signature_algorithms, of 32,000 entries each.
        let list = |kind: u8| {
            let entries = vec![0x1a; 64_000];
            let (block, data) = (number(64_006), number(64_002));
            [&block[..], &[0, kind], &data, &number(64_000), &entries].concat()
        };
        let request = [&[0], &list(13)[..]].concat();
        // One certificate of 99,995 bytes in a list of 100,000.
        let lengths = [0, 0x01, 0x86, 0xa0, 0x01, 0x86, 0x9b];
        let certificate = [&lengths[..], &[0; 99_995], &[0, 0]].concat();
        let flight = [
            message(HandshakeType::ENCRYPTED_EXTENSIONS, &list(10)),
            message(HandshakeType::CERTIFICATE_REQUEST, &request),
            message(HandshakeType::CERTIFICATE, &certificate),
            message(HandshakeType::CERTIFICATE_VERIFY, &[0; 64_000]),
        ]
        .concat();
        let pieces = flight.chunks(TWO_TO_14).map(|piece| sealer.seal(HANDSHAKE, piece));
        pieces.collect::<Vec<_>>().concat()
    };
    let (authority, secrets) = (Authority::new(), Arc::new(Secrets::default()));
    let client = portunus_tls::ClientConfig::new(Arc::new(portunus_tls::danger::AcceptAnyCertificate));
    let mut pair = Pair::new(&client, &authority.server().with_key_log(secrets.clone()));
    pair.to_client = flight(&secrets, "SERVER_HANDSHAKE_TRAFFIC_SECRET", move |messages, sealer| {
        endless(&messages.concat(), sealer)
    });
    let outcome = pair.run();
    let error = refused(outcome.client, outcome.server, UNEXPECTED, "no end");
    assert_same(&error, &Limit::HandshakeBytes.into(), "no end");
}

/// A connection, and what seals as its client or its server does.
struct Connected {
    client: Connection,
    server: Connection,
    as_client: Sealer,
    as_server: Sealer,
}

fn connected() -> Connected {
    let (authority, secrets) = (Authority::new(), Arc::new(Secrets::default()));
    let server = authority.server().with_key_log(secrets.clone());
    let (client, server) = Pair::new(&authority.client(), &server).run().connected();
    Connected {
        client,
        server,
        as_client: secrets.sealer("CLIENT_TRAFFIC_SECRET_0"),
        as_server: secrets.sealer("SERVER_TRAFFIC_SECRET_0"),
    }
}

/// The server refuses these records of its client, and tells the client why.
fn assert_refused(mut on: Connected, bytes: &[u8], alert: AlertDescription, expected: &Error, what: &str) {
    let error = received(&mut on.server, bytes).expect_err(what);
    assert_eq!(error.alert(), Some(alert), "{what}: {error}");
    assert_same(&error, expected, what);
    let told = received(&mut on.client, &sent(&mut on.server));
    assert!(
        matches!(told, Err(Error::Alert(told)) if told.description == alert),
        "{what}"
    );
}

const KEY_UPDATE: [u8; 5] = [HandshakeType::KEY_UPDATE.0, 0, 0, 1, 0];

#[test]
fn records_after_the_handshake_that_have_no_place() {
    let unexpected = |got| Error::UnexpectedMessage {
        got,
        wanted: &[HandshakeType::KEY_UPDATE],
    };
    let cases: [(&str, Error, Forge); 7] = [
        ("change_cipher_spec", fault(PeerFault::BadChangeCipherSpec), |_, _| {
            plain(CHANGE_CIPHER_SPEC, &[1])
        }),
        ("an alert in plaintext", kind(ALERT), |_, _| plain(ALERT, &[2, 40])),
        ("a handshake in plaintext", kind(HANDSHAKE), |_, _| {
            plain(HANDSHAKE, &KEY_UPDATE)
        }),
        ("a hello", unexpected(HandshakeType::CLIENT_HELLO), |_, sealer| {
            sealer.seal(HANDSHAKE, &[1, 0, 0, 0])
        }),
        (
            "a ticket for the server",
            unexpected(HandshakeType::NEW_SESSION_TICKET),
            |_, sealer| sealer.seal(HANDSHAKE, &[4, 0, 0, 0]),
        ),
        ("bytes behind a KeyUpdate", fault(PeerFault::NotAligned), |_, sealer| {
            sealer.seal(HANDSHAKE, &[&KEY_UPDATE[..], &KEY_UPDATE].concat())
        }),
        ("data within a message", fault(PeerFault::Interleaved), |_, sealer| {
            [
                sealer.seal(HANDSHAKE, &KEY_UPDATE[..2]),
                sealer.seal(APPLICATION_DATA, b"data"),
            ]
            .concat()
        }),
    ];
    for (what, expected, forge) in cases {
        let mut on = connected();
        let bytes = forge(&[], &mut on.as_client);
        assert_refused(on, &bytes, UNEXPECTED, &expected, what);
    }
    let mut on = connected();
    let bytes = on.as_client.seal(HANDSHAKE, &[KEY_UPDATE[0], 0, 0, 1, 2]);
    let error = received(&mut on.server, &bytes).unwrap_err();
    assert_eq!(error.alert(), Some(AlertDescription::ILLEGAL_PARAMETER), "{error}");
}

type MakeRecord = fn(&mut Sealer) -> Vec<u8>;

/// `count` records that each count against the same limit.
fn flood(on: &mut Connected, count: u32, record: MakeRecord) -> Vec<u8> {
    (0..count).flat_map(|_| record(&mut on.as_client)).collect()
}

#[test]
fn floods_end() {
    let key_update: MakeRecord = |sealer| {
        let record = sealer.seal(HANDSHAKE, &KEY_UPDATE);
        sealer.update();
        record
    };
    let cases: [(&str, u32, Limit, MakeRecord); 3] = [
        ("KeyUpdates", MAX_KEY_UPDATES, Limit::KeyUpdates, key_update),
        ("empty records", MAX_EMPTY_RECORDS, Limit::EmptyRecords, |sealer| {
            sealer.seal(APPLICATION_DATA, b"")
        }),
        ("warnings", MAX_WARNING_ALERTS, Limit::WarningAlerts, |sealer| {
            sealer.seal(ALERT, &[1, AlertDescription::USER_CANCELED.0])
        }),
    ];
    for (what, allowed, limit, record) in cases {
        // As many as allowed, data, and as many again.
        let mut on = connected();
        for _ in 0..2 {
            let bytes = flood(&mut on, allowed, record);
            assert_eq!(received(&mut on.server, &bytes).unwrap(), (Vec::new(), false), "{what}");
            let data = on.as_client.seal(APPLICATION_DATA, b"data");
            assert_eq!(received(&mut on.server, &data).unwrap().0, b"data", "{what}");
        }
        let bytes = flood(&mut on, allowed + 1, record);
        assert_refused(on, &bytes, UNEXPECTED, &limit.into(), what);
    }
}

/// A peer that asks and does not read gets one answer: RFC 9846 section 4.7.3 wants it before the next data, not for each request.
#[test]
fn requests_for_new_keys_that_pile_up_have_one_answer() {
    let mut on = connected();
    let mut request = KEY_UPDATE;
    request[4] = 1;
    for _ in 0..3 {
        let record = on.as_client.seal(HANDSHAKE, &request);
        on.as_client.update();
        received(&mut on.server, &record).unwrap();
    }
    let answer = sent(&mut on.server);
    assert_eq!(records(&answer).len(), 1);
    received(&mut on.client, &answer).unwrap();
    on.server.write(b"under new keys").unwrap();
    let data = received(&mut on.client, &sent(&mut on.server)).unwrap().0;
    assert_eq!(data, b"under new keys");
}

#[test]
fn tickets_end() {
    let mut on = connected();
    // A life of an hour, a nonce of one byte, a ticket of one byte.
    let ticket = [4, 0, 0, 15, 0, 0, 0x0e, 0x10, 0, 0, 0, 0, 1, 7, 0, 1, 9, 0, 0];
    for _ in 0..MAX_TICKETS_RECEIVED {
        let record = on.as_server.seal(HANDSHAKE, &ticket);
        received(&mut on.client, &record).unwrap();
    }
    let error = received(&mut on.client, &on.as_server.seal(HANDSHAKE, &ticket)).unwrap_err();
    assert_same(&error, &Limit::Tickets.into(), "tickets");
    let told = received(&mut on.server, &sent(&mut on.client));
    assert!(matches!(told, Err(Error::Alert(told)) if told.description == UNEXPECTED));
}

/// RFC 9846 section 6.1: what follows close_notify is ignored, whatever it is.
#[test]
fn nothing_counts_after_close_notify() {
    for rest in [plain(99, b"?"), plain(APPLICATION_DATA, &[0; 32]), b"GET /".to_vec()] {
        let mut on = connected();
        let data = on.as_client.seal(APPLICATION_DATA, b"data");
        let close = on.as_client.seal(ALERT, &[1, 0]);
        let more = on.as_client.seal(APPLICATION_DATA, b"more");
        let all = [&data[..], &close, &more, &rest].concat();
        assert_eq!(received(&mut on.server, &all).unwrap(), (b"data".to_vec(), true));
        assert_eq!(received(&mut on.server, &[]).unwrap(), (Vec::new(), true));
        assert!(on.server.transport_closed().is_ok() && !on.server.wants_to_send());
    }
}

/// RFC 9846 section 6: all but close_notify and user_canceled ends the connection, whatever its level.
#[test]
fn an_unknown_alert_is_fatal() {
    for level in [1, 2, 7] {
        let mut on = connected();
        let error = received(&mut on.server, &on.as_client.seal(ALERT, &[level, 213])).unwrap_err();
        assert!(matches!(error, Error::Alert(alert) if alert.description == AlertDescription(213)));
        assert!(records(&sent(&mut on.server)).is_empty(), "an alert is not answered");
    }
}

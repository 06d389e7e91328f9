//! `record_size_limit` (RFC 8449): each side keeps to what the other takes, and refuses more than it said.

mod forge;
mod pair;

use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};

use forge::{APPLICATION_DATA, HANDSHAKE, Secrets, assert_fault, flight, refused};
use pair::{Authority, NOW, Pair, exchange, received, sent};
use portunus_tls::wire::{
    AlertDescription, Decode, EncryptedExtensions, ExtensionType, HandshakeType, ProtocolVersion, Sequence,
    UnknownExtension, handshake_message,
};
use portunus_tls::{
    ClientConfig, Direction, Error, Handshake, Identities, Misuse, Note, Observe, PathVerifier, PeerFault, Policy,
    ServerConfig,
};
use portunus_x509::{Policy as PathPolicy, ServerName};

/// The longest content of protected records that a client sent and received.
#[derive(Default)]
struct Longest(Mutex<[usize; 2]>);

impl Observe for Longest {
    fn note(&self, note: &Note<'_>) {
        if let Note::Record {
            direction,
            content,
            protected: true,
            ..
        } = note
        {
            let mut longest = self.0.lock().unwrap();
            let place = &mut longest[usize::from(*direction == Direction::Received)];
            *place = (*place).max(*content);
        }
    }
}

fn speaking(version: ProtocolVersion, server: ServerConfig) -> ServerConfig {
    server.with_policy(Policy::modern().with_versions(&[version]).unwrap())
}

/// The longest content that the client sent and received, in a handshake with certificates of both sides and with much data both ways.
fn longest(client: &ClientConfig, server: &ServerConfig, authority: &Authority) -> [usize; 2] {
    let identity = Arc::new(authority.issue(&["client.test"], &rcgen::PKCS_ECDSA_P256_SHA256));
    let client = client.clone().with_identity(Arc::new(Identities::new(vec![identity])));
    let verifier = Arc::new(PathVerifier::clients(authority.anchors(), PathPolicy::rfc5280()));
    let server = server.clone().with_required_client_certificates(verifier);
    let longest = Arc::new(Longest::default());
    let mut pair = Pair::new(&client, &server);
    let name = ServerName::parse("localhost").unwrap();
    pair.client = Handshake::client(Arc::new(client), name, NOW, Some(longest.clone()));
    let (mut client, mut server) = pair.run().connected();
    let data = vec![7; 50_000];
    assert_eq!(client.write(&data).unwrap(), data.len());
    assert_eq!(server.write(&data).unwrap(), data.len());
    assert!(exchange(&mut client, &mut server).unwrap() == (data.clone(), data));
    *longest.0.lock().unwrap()
}

const VERSIONS: &[ProtocolVersion] = &[
    ProtocolVersion::TLS1_3,
    #[cfg(feature = "tls12")]
    ProtocolVersion::TLS1_2,
];

#[test]
fn each_side_keeps_to_what_it_was_told_to_send() {
    let authority = Authority::new();
    for version in VERSIONS {
        let client = authority.client().with_max_fragment(64).unwrap();
        let server = speaking(*version, authority.server().with_max_fragment(1000).unwrap());
        assert_eq!(longest(&client, &server, &authority), [64, 1000], "{version:?}");
        // The shorter of both counts.
        let client = client.with_record_size_limit(500).unwrap();
        let [sent, received] = longest(&client, &server, &authority);
        assert!(sent == 64 && (499..=500).contains(&received), "{version:?}: {received}");
    }
    for length in [0, 63, 16_385] {
        assert!(matches!(
            authority.client().with_max_fragment(length),
            Err(Misuse::MaxFragment)
        ));
        assert!(matches!(
            authority.server().with_max_fragment(length),
            Err(Misuse::MaxFragment)
        ));
    }
}

/// The first flight of TLS 1.2 is not protected: it is cut as well.
#[test]
fn what_is_not_protected_is_cut_as_well() {
    let authority = Authority::new();
    let client = authority.client().with_max_fragment(64).unwrap();
    let mut pair = Pair::new(&client, &authority.server());
    pair.client.poll(&mut Context::from_waker(Waker::noop())).unwrap();
    let mut hello = Vec::new();
    let taken = pair.client.send_with(|bytes| {
        hello.extend_from_slice(bytes);
        Ok::<_, Error>(bytes.len())
    });
    assert!(taken.unwrap() > 64);
    assert!(forge::records(&hello).iter().all(|record| record.len() <= 5 + 64));
}

#[test]
fn each_side_keeps_to_what_the_other_takes() {
    let authority = Authority::new();
    for &version in VERSIONS {
        // The type counts in TLS 1.3.
        let kind = usize::from(version == ProtocolVersion::TLS1_3);
        let server = speaking(version, authority.server());
        let client = authority.client().with_record_size_limit(64).unwrap();
        let limited = server.clone().with_record_size_limit(100).unwrap();
        assert_eq!(longest(&client, &limited, &authority), [100 - kind, 64 - kind]);
        // A server that has none of its own keeps to the client's.
        assert_eq!(longest(&client, &server, &authority), [1 << 14, 64 - kind]);
        // A client that does not ask for it knows no limit.
        assert_eq!(longest(&authority.client(), &limited, &authority), [1 << 14, 1 << 14]);
        let client = authority.client().with_record_size_limit(16385).unwrap();
        assert_eq!(longest(&client, &server, &authority), [1 << 14, 1 << 14]);
    }
}

#[test]
fn a_limit_that_is_none_is_not_configured() {
    let authority = Authority::new();
    for limit in [0, 63, 16386, u16::MAX] {
        let client = authority.client().with_record_size_limit(limit);
        assert_eq!(client.unwrap_err(), Misuse::RecordSizeLimit);
        let server = authority.server().with_record_size_limit(limit);
        assert_eq!(server.unwrap_err(), Misuse::RecordSizeLimit);
    }
}

fn overflows(outcome: Result<(Vec<u8>, bool), Error>) {
    let error = outcome.unwrap_err();
    assert_eq!(error.alert(), Some(AlertDescription::RECORD_OVERFLOW));
    assert_fault(&error, PeerFault::RecordOverflow, "a longer record");
}

#[test]
fn a_record_longer_than_was_said_is_refused() {
    let (authority, secrets) = (Authority::new(), Arc::new(Secrets::default()));
    let client = authority.client().with_record_size_limit(64).unwrap();
    let server = authority.server().with_record_size_limit(100).unwrap();
    let server = server.with_key_log(secrets.clone());
    let connected = || Pair::new(&client, &server).run().connected();
    let as_client = || secrets.sealer("CLIENT_TRAFFIC_SECRET_0");
    let as_server = || secrets.sealer("SERVER_TRAFFIC_SECRET_0");
    let data = [7; 200];

    let (mut client, mut server) = connected();
    let (whole, longer) = (&data[..63], &data[..64]);
    let mut sealer = as_server();
    let got = received(&mut client, &sealer.seal(APPLICATION_DATA, whole)).unwrap();
    assert_eq!(got.0, whole);
    overflows(received(&mut client, &sealer.seal(APPLICATION_DATA, longer)));
    // The server hears of it.
    assert!(matches!(
        received(&mut server, &sent(&mut client)),
        Err(Error::Alert(_))
    ));

    let (_client, mut server) = connected();
    let mut sealer = as_client();
    let got = received(&mut server, &sealer.seal(APPLICATION_DATA, &data[..99])).unwrap();
    assert_eq!(got.0, &data[..99]);
    overflows(received(&mut server, &sealer.seal(APPLICATION_DATA, &data[..100])));

    // Padding counts.
    let padded = |length: usize| {
        let mut inner = vec![7, APPLICATION_DATA];
        inner.resize(length, 0);
        inner
    };
    let (mut client, _server) = connected();
    let mut sealer = as_server();
    assert_eq!(received(&mut client, &sealer.seal_inner(padded(64))).unwrap().0, [7]);
    overflows(received(&mut client, &sealer.seal_inner(padded(65))));
    drop(client);
}

#[cfg(feature = "tls12")]
#[test]
fn a_record_of_tls_1_2_longer_than_was_said_is_refused() {
    use forge::tls12::{Sealer, note_randoms, sealers};
    use pair::whole;

    let (authority, secrets) = (Authority::new(), Arc::new(Secrets::default()));
    let randoms = Arc::new(Mutex::new(([0; 32], [0; 32])));
    let watched = |randoms: &Arc<Mutex<_>>| {
        let (randoms, mut through) = (randoms.clone(), whole());
        Box::new(move |bytes: Vec<u8>| {
            note_randoms(&bytes, &mut randoms.lock().unwrap());
            through(bytes)
        })
    };
    let suite = portunus_tls::wire::CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;
    let policy = Policy::modern().with_cipher_suites(&[suite]).unwrap();
    let client = authority.client().with_record_size_limit(64).unwrap();
    let server = authority.server().with_record_size_limit(100).unwrap();
    let mut pair = Pair::new(&client, &server.with_policy(policy).with_key_log(secrets.clone()));
    (pair.to_server, pair.to_client) = (watched(&randoms), watched(&randoms));
    let (mut client, mut server) = pair.run().connected();
    let randoms = *randoms.lock().unwrap();
    let (mut as_client, mut as_server) = sealers(&secrets, &randoms.0, &randoms.1);
    // The first records were the Finished.
    let passed = |sealer: &mut Sealer| sealer.seal(HANDSHAKE, b"Finished");
    let _ = (passed(&mut as_client), passed(&mut as_server));
    let data = [7; 200];
    let got = received(&mut client, &as_server.seal(APPLICATION_DATA, &data[..64])).unwrap();
    assert_eq!(got.0, &data[..64]);
    overflows(received(&mut client, &as_server.seal(APPLICATION_DATA, &data[..65])));
    let got = received(&mut server, &as_client.seal(APPLICATION_DATA, &data[..100])).unwrap();
    assert_eq!(got.0, &data[..100]);
    overflows(received(&mut server, &as_client.seal(APPLICATION_DATA, &data[..101])));
}

/// Records of 512 bytes (RFC 6066 section 4).
const SHORT: UnknownExtension<'_> = UnknownExtension {
    extension_type: ExtensionType::MAX_FRAGMENT_LENGTH,
    extension_data: &[1],
};

/// RFC 8449 section 4 and RFC 8449 section 5.
#[test]
fn an_answer_that_breaks_a_rule() {
    type Change = fn(&mut EncryptedExtensions<'_>);
    let (illegal, unsupported) = (
        AlertDescription::ILLEGAL_PARAMETER,
        AlertDescription::UNSUPPORTED_EXTENSION,
    );
    let cases: [(&str, bool, AlertDescription, Option<PeerFault>, Change); 4] = [
        ("too long", true, illegal, Some(PeerFault::RecordSizeLimit), |said| {
            said.record_size_limit = Some(16386);
        }),
        ("too short", true, illegal, None, |said| {
            said.record_size_limit = Some(63)
        }),
        ("both", true, illegal, Some(PeerFault::TwoRecordLimits), |said| {
            said.unknown = Sequence::from(&[SHORT][..]);
        }),
        (
            "unasked",
            false,
            unsupported,
            Some(PeerFault::UnsolicitedExtension),
            |said| said.record_size_limit = Some(100),
        ),
    ];
    let authority = Authority::new();
    for (what, offers, alert, fault, change) in cases {
        let secrets = Arc::new(Secrets::default());
        let mut client = authority.client();
        if offers {
            client = client.with_record_size_limit(16385).unwrap();
        }
        let mut pair = Pair::new(&client, &authority.server().with_key_log(secrets.clone()));
        pair.to_client = flight(&secrets, "SERVER_HANDSHAKE_TRAFFIC_SECRET", move |messages, sealer| {
            let mut extensions = EncryptedExtensions::read(&messages[0][4..]).unwrap();
            change(&mut extensions);
            let first = handshake_message(HandshakeType::ENCRYPTED_EXTENSIONS, &extensions).unwrap();
            sealer.seal(HANDSHAKE, &[first, messages[1..].concat()].concat())
        });
        let outcome = pair.run();
        let error = refused(outcome.client, outcome.server, alert, what);
        if let Some(fault) = fault {
            assert_fault(&error, fault, what);
        }
    }
}

/// RFC 8449 section 4: less than 64 is an error, more than the protocol has is not; a `max_fragment_length` beside it is ignored.
#[test]
fn a_wish_that_breaks_a_rule() {
    let authority = Authority::new();
    let (client, server) = (authority.client(), authority.server());
    let with_limit = |limit: u16| {
        let mut pair = Pair::new(&client, &server);
        pair.to_server = forge::client_hello(0, move |hello| {
            hello.extensions.record_size_limit = Some(limit);
            hello.extensions.unknown = Sequence::from(&[SHORT][..]);
        });
        pair.run()
    };
    let outcome = with_limit(63);
    let illegal = AlertDescription::ILLEGAL_PARAMETER;
    let error = refused(outcome.server, outcome.client, illegal, "too short");
    assert!(error.to_string().contains("RecordSizeLimit"), "{error}");
    // The server goes on; the two then have different keys, since they saw different hellos.
    for limit in [64, u16::MAX] {
        let outcome = with_limit(limit);
        assert_fault(
            &outcome.server.unwrap_err(),
            PeerFault::BadRecordMac,
            "a wish that is none",
        );
    }
}

#[test]
fn a_limit_holds_for_resumed_sessions_and_second_hellos_too() {
    use portunus_tls::wire::NamedGroup;

    let authority = Authority::new();
    let (client, server) = authority.resuming();
    let client = client.with_record_size_limit(64).unwrap();
    let again = client.clone().with_record_size_limit(128).unwrap();
    let (mut one, mut two) = Pair::new(&client, &server).run().connected();
    received(&mut one, &sent(&mut two)).unwrap();
    let (mut one, mut two) = Pair::new(&again, &server).run().connected();
    assert!(one.info().resumed);
    two.write(&[7; 300]).unwrap();
    let lengths: Vec<_> = forge::records(&sent(&mut two)).iter().map(Vec::len).collect();
    // Tickets go first.
    assert_eq!(lengths[lengths.len() - 3..], [149, 149, 5 + 46 + 1 + 16]);
    let _ = sent(&mut one);

    let p256 = Policy::modern().with_groups(&[NamedGroup::SECP256R1]).unwrap();
    let (one, mut two) = Pair::new(&client, &authority.server().with_policy(p256))
        .run()
        .connected();
    assert!(one.info().retried);
    two.write(&[7; 63]).unwrap();
    assert_eq!(sent(&mut two).len(), 5 + 64 + 16);
}

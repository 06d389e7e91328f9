//! What is sent is padded as the policy says (RFC 9846 section 5.4).

mod pair;

use std::num::NonZeroU16;
use std::sync::{Arc, LazyLock, Mutex};

use pair::{Authority, NOW, Pair, exchange};
use portunus_tls::wire::{ContentType, ProtocolVersion};
use portunus_tls::{
    ClientConfig, Direction, Handshake, Identities, Note, Observe, Padding, PathVerifier, Policy, ServerConfig,
};
use portunus_x509::{Policy as PathPolicy, ServerName};
use proptest::prelude::*;

/// A protected record that a side sent.
#[derive(Clone, Copy, Debug)]
struct Sent {
    inner: ContentType,
    content: usize,
    wire: usize,
}

#[derive(Default)]
struct Records(Mutex<Vec<Sent>>);

impl Observe for Records {
    fn note(&self, note: &Note<'_>) {
        if let Note::Record {
            direction: Direction::Sent,
            inner,
            wire,
            content,
            protected: true,
            ..
        } = note
        {
            self.0.lock().unwrap().push(Sent {
                inner: *inner,
                content: *content,
                wire: *wire,
            });
        }
    }
}

static AUTHORITY: LazyLock<Authority> = LazyLock::new(Authority::new);

/// A client that shows a certificate, and its server.
fn sides() -> (ClientConfig, ServerConfig) {
    let authority = &*AUTHORITY;
    let identity = Arc::new(authority.issue(&["client.test"], &rcgen::PKCS_ECDSA_P256_SHA256));
    let client = authority
        .client()
        .with_identity(Arc::new(Identities::new(vec![identity])));
    let verifier = Arc::new(PathVerifier::clients(authority.anchors(), PathPolicy::rfc5280()));
    (client, authority.server().with_required_client_certificates(verifier))
}

/// What either side sends, protected, in a handshake and of these writes.
fn sent(client: ClientConfig, server: ServerConfig, writes: &[usize]) -> [Vec<Sent>; 2] {
    let records = [Arc::new(Records::default()), Arc::new(Records::default())];
    let mut pair = Pair::new(&client, &server);
    let name = ServerName::parse("localhost").unwrap();
    pair.client = Handshake::client(Arc::new(client), name, NOW, Some(records[0].clone()));
    pair.server = Handshake::server(Arc::new(Arc::new(server)), NOW, Some(records[1].clone()));
    let (mut client, mut server) = pair.run().connected();
    for length in writes {
        let data = vec![7; *length];
        client.write(&data).unwrap();
        server.write(&data).unwrap();
        assert!(exchange(&mut client, &mut server).unwrap() == (data.clone(), data));
    }
    client.close();
    exchange(&mut client, &mut server).unwrap();
    records.map(|records| records.0.lock().unwrap().clone())
}

/// Header, type and tag.
const AROUND: usize = 5 + 1 + 16;

fn of(multiple: u16) -> NonZeroU16 {
    NonZeroU16::new(multiple).unwrap()
}

#[test]
fn nothing_is_padded_unless_that_is_asked_for() {
    let (client, server) = sides();
    for record in sent(client, server, &[1, 100, 20_000]).into_iter().flatten() {
        assert_eq!(record.wire, record.content + AROUND, "{record:?}");
    }
}

#[test]
fn handshakes_alone_are_padded_where_only_that_is_asked_for() {
    let (client, server) = sides();
    let padding = Padding::Handshake(of(4096));
    let both = sent(client.with_padding(padding), server.with_padding(padding), &[1, 100]);
    for record in both.into_iter().flatten() {
        let padded = match record.inner {
            ContentType::HANDSHAKE => record.content.next_multiple_of(4096),
            _ => record.content,
        };
        assert_eq!(record.wire, padded + AROUND, "{record:?}");
    }
}

#[cfg(feature = "tls12")]
#[test]
fn the_older_version_has_no_padding() {
    let (client, server) = sides();
    let padding = Padding::Everything(of(4096));
    let older = Policy::modern().with_versions(&[ProtocolVersion::TLS1_2]).unwrap();
    let client = client.with_padding(padding).with_policy(older);
    let both = sent(client, server.with_padding(padding), &[1]);
    assert!(both.into_iter().flatten().all(|record| record.wire < 4096));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn records_have_the_length_that_the_policy_says_and_none_that_is_not_taken(
        multiples in any::<[NonZeroU16; 2]>(),
        limits in any::<[bool; 2]>(),
        limit in 64_u16..=16385,
        writes in prop::collection::vec(1_usize..40_000, 0..4),
    ) {
        let (mut client, mut server) = sides();
        client = client.with_padding(Padding::Everything(multiples[0]));
        server = server.with_padding(Padding::Everything(multiples[1]));
        if limits[0] {
            client = client.with_record_size_limit(limit).unwrap();
        }
        if limits[1] {
            server = server.with_record_size_limit(limit).unwrap();
        }
        // The client's wish stands alone; the server's is told to a client that has the extension.
        let most = [
            if limits == [true, true] { usize::from(limit) - 1 } else { 1 << 14 },
            if limits[0] { usize::from(limit) - 1 } else { 1 << 14 },
        ];
        for ((records, multiple), most) in sent(client, server, &writes).iter().zip(multiples).zip(most) {
            prop_assert!(!records.is_empty());
            for record in records {
                let padded = record.content.next_multiple_of(usize::from(multiple.get())).min(most);
                prop_assert!(padded >= record.content && padded <= most);
                prop_assert_eq!(record.wire, padded + AROUND, "{:?}", record);
            }
        }
    }
}

//! A server says what clients' certificates shall have (RFC 9846 section 4.3.5), clients choose by it, and are held to it.

mod pair;

use std::sync::Arc;

use pair::{Authority, NOW, Pair, exchange, received, sent};
use portunus_tls::wire::{AlertDescription, CertificateRequest, OidFilter};
use portunus_tls::{
    ChoiceFailed, ChooseClientIdentity, ClientConfig, Decision, Error, Identities, Identity, LocalKey, Misuse,
    PathVerifier, PeerFault, ServerConfig, SessionMemory, Tickets, VerifyPeer, limits,
};
use portunus_x509::Policy as PathPolicy;
use rcgen::{ExtendedKeyUsagePurpose, KeyPair};

const KEY_USAGE: &[u8] = &[6, 3, 0x55, 0x1d, 0x0f];
const DIGITAL_SIGNATURE: &[u8] = &[3, 2, 7, 0x80];
const SIGNATURE_AND_ENCIPHERMENT: &[u8] = &[3, 2, 5, 0xa0];

const EXTENDED_KEY_USAGE: &[u8] = &[6, 3, 0x55, 0x1d, 0x25];
const EMAIL: &[u8] = &[0x30, 10, 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 4];
const CLIENT_AND_EMAIL: &[u8] = &[
    0x30, 20, 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 2, 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 4,
];
const TIME_STAMPING: &[u8] = &[0x30, 10, 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 8];

const UNKNOWN: &[u8] = &[6, 3, 0x55, 0x1d, 0x7f];

fn filter<'a>(oid: &'a [u8], values: &'a [u8]) -> OidFilter<'a> {
    OidFilter {
        certificate_extension_oid: oid,
        certificate_extension_values: values,
    }
}

/// One that may be shown as a client alone, and one that is for email as well.
fn identities(authority: &Authority) -> [Arc<Identity>; 2] {
    let client = ExtendedKeyUsagePurpose::ClientAuth;
    [
        vec![client.clone()],
        vec![client, ExtendedKeyUsagePurpose::EmailProtection],
    ]
    .map(|purposes| {
        let key = KeyPair::generate().unwrap();
        let chain = authority.certify_for(&["client.test"], &key, purposes);
        Arc::new(Identity::new(chain, LocalKey::from_der(key.serialized_der()).unwrap()).unwrap())
    })
}

fn verifier(authority: &Authority) -> Arc<dyn VerifyPeer> {
    Arc::new(PathVerifier::clients(authority.anchors(), PathPolicy::rfc5280()))
}

fn asking(authority: &Authority, filters: &[OidFilter<'_>]) -> ServerConfig {
    let server = authority.server().with_oid_filters(filters).unwrap();
    server.with_optional_client_certificates(verifier(authority))
}

/// Shows the same whatever is asked for.
struct Stubborn(Arc<Identity>);

impl ChooseClientIdentity for Stubborn {
    fn choose<'a>(
        &'a self,
        _: &'a CertificateRequest<'_>,
    ) -> Decision<'a, Result<Option<Arc<Identity>>, ChoiceFailed>> {
        Decision::ready(Ok(Some(self.0.clone())))
    }
}

fn stubborn(authority: &Authority, identity: &Arc<Identity>) -> ClientConfig {
    authority.client().with_identity(Arc::new(Stubborn(identity.clone())))
}

#[test]
fn a_client_shows_what_has_all_that_was_asked_for() {
    let authority = Authority::new();
    let identities = identities(&authority);
    let client = authority
        .client()
        .with_identity(Arc::new(Identities::new(identities.to_vec())));
    for (filters, shown) in [
        (&[][..], Some(0)),
        (&[filter(KEY_USAGE, DIGITAL_SIGNATURE)], Some(0)),
        (&[filter(KEY_USAGE, SIGNATURE_AND_ENCIPHERMENT)], None),
        (&[filter(KEY_USAGE, &[]), filter(EXTENDED_KEY_USAGE, &[])], Some(0)),
        (&[filter(EXTENDED_KEY_USAGE, EMAIL)], Some(1)),
        (
            &[
                filter(EXTENDED_KEY_USAGE, CLIENT_AND_EMAIL),
                filter(KEY_USAGE, DIGITAL_SIGNATURE),
            ],
            Some(1),
        ),
        (&[filter(EXTENDED_KEY_USAGE, TIME_STAMPING)], None),
        // What nobody has rules for is skipped.
        (&[filter(UNKNOWN, b"whatever")], Some(0)),
        (
            &[filter(UNKNOWN, b"whatever"), filter(EXTENDED_KEY_USAGE, EMAIL)],
            Some(1),
        ),
    ] {
        let (_, server) = Pair::new(&client, &asking(&authority, filters)).run().connected();
        let chain = shown.map(|place: usize| identities[place].chain()).unwrap_or_default();
        assert_eq!(server.info().client_chain[..], *chain, "{filters:?}");
    }
}

fn refuses(error: &Error) {
    assert!(matches!(error, Error::Peer(PeerFault::OidFiltersNotMatched)), "{error}");
    assert_eq!(error.alert(), Some(AlertDescription::UNSUPPORTED_CERTIFICATE));
}

#[test]
fn a_server_refuses_what_lacks_what_it_asked_for() {
    let authority = Authority::new();
    let identities = identities(&authority);
    let server = asking(&authority, &[filter(EXTENDED_KEY_USAGE, EMAIL)]);
    Pair::new(&stubborn(&authority, &identities[1]), &server)
        .run()
        .connected();
    refuses(
        &Pair::new(&stubborn(&authority, &identities[0]), &server)
            .run()
            .server
            .unwrap_err(),
    );
    let server = asking(&authority, &[filter(KEY_USAGE, SIGNATURE_AND_ENCIPHERMENT)]);
    refuses(
        &Pair::new(&stubborn(&authority, &identities[1]), &server)
            .run()
            .server
            .unwrap_err(),
    );
}

/// Its clients are not told what is asked for, but held to it.
#[cfg(feature = "tls12")]
#[test]
fn a_server_of_tls12_refuses_it_too() {
    use portunus_tls::{Policy, wire::ProtocolVersion};
    let authority = Authority::new();
    let identities = identities(&authority);
    let older = Policy::modern().with_versions(&[ProtocolVersion::TLS1_2]).unwrap();
    let server = asking(&authority, &[filter(EXTENDED_KEY_USAGE, EMAIL)]).with_policy(older);
    Pair::new(&stubborn(&authority, &identities[1]), &server)
        .run()
        .connected();
    refuses(
        &Pair::new(&stubborn(&authority, &identities[0]), &server)
            .run()
            .server
            .unwrap_err(),
    );
}

#[test]
fn what_is_asked_after_the_handshake_is_filtered_alike() {
    let authority = Authority::new();
    let identities = identities(&authority);
    let filters = [filter(EXTENDED_KEY_USAGE, EMAIL)];
    let server = authority.server().with_oid_filters(&filters).unwrap();
    let choosing = authority
        .client()
        .with_identity(Arc::new(Identities::new(identities.to_vec())));
    let clients =
        [choosing, stubborn(&authority, &identities[0])].map(ClientConfig::with_post_handshake_authentication);

    let (mut client, mut asks) = Pair::new(&clients[0], &server).run().connected();
    asks.request_certificate(verifier(&authority)).unwrap();
    exchange(&mut client, &mut asks).unwrap();
    assert_eq!(asks.client_answer().unwrap().chain[..], *identities[1].chain());

    let (mut client, mut asks) = Pair::new(&clients[1], &server).run().connected();
    asks.request_certificate(verifier(&authority)).unwrap();
    refuses(&exchange(&mut client, &mut asks).unwrap_err());
}

#[test]
fn a_session_goes_on_only_where_the_same_is_asked_for() {
    let authority = Authority::new();
    let identities = identities(&authority);
    let client = authority
        .client()
        .with_identity(Arc::new(Identities::new(identities.to_vec())));
    let client = client.with_sessions(Arc::new(SessionMemory::default()));
    let tickets = Arc::new(Tickets::new(NOW).unwrap());
    let first = asking(&authority, &[]).with_tickets(tickets);
    let then = first
        .clone()
        .with_oid_filters(&[filter(EXTENDED_KEY_USAGE, EMAIL)])
        .unwrap();
    for (server, resumed) in [(&first, false), (&first, true), (&then, false)] {
        let (mut client, mut server) = Pair::new(&client, server).run().connected();
        received(&mut client, &sent(&mut server)).unwrap();
        assert_eq!(client.info().resumed, resumed);
    }
}

#[test]
fn a_server_does_not_ask_for_what_breaks_a_rule() {
    let authority = Authority::new();
    let long = [7; limits::MAX_OID_FILTERS_BYTES];
    for filters in [
        &[filter(KEY_USAGE, DIGITAL_SIGNATURE), filter(KEY_USAGE, &[])][..],
        // anyExtendedKeyUsage
        &[filter(EXTENDED_KEY_USAGE, &[0x30, 6, 6, 4, 0x55, 0x1d, 0x25, 0])],
        &[filter(KEY_USAGE, EMAIL)],
        &[filter(UNKNOWN, &long)],
    ] {
        let refused = authority.server().with_oid_filters(filters).unwrap_err();
        assert_eq!(refused, Misuse::OidFilters, "{filters:?}");
    }
}

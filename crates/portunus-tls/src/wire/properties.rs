//! What holds for every message, not only for those that the tests beside them name: what is written is read back; any bytes give a
//! value or an error; what is read from any bytes writes back to the same bytes.

use proptest::collection::vec;
use proptest::prelude::*;

use super::testing::{MESSAGES, reread, written};
use super::*;

/// The bytes of a vector, none of them special.
fn opaque(lengths: std::ops::RangeInclusive<usize>) -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), lengths)
}

/// Extensions that no message knows, each type once.
fn unknown() -> impl Strategy<Value = Vec<(u16, Vec<u8>)>> {
    proptest::collection::btree_map(0x1000u16..0xfc00, opaque(0..=20), 0..=24)
        .prop_map(|extensions| extensions.into_iter().collect::<Vec<_>>())
        .prop_shuffle()
}

fn extensions(parts: &[(u16, Vec<u8>)]) -> Vec<UnknownExtension<'_>> {
    parts.iter().map(|(kind, data)| extension(*kind, data)).collect()
}

fn extension(kind: u16, extension_data: &[u8]) -> UnknownExtension<'_> {
    UnknownExtension {
        extension_type: ExtensionType(kind),
        extension_data,
    }
}

/// Some of these types, in any order.
fn some_of(types: &'static [ExtensionType]) -> impl Strategy<Value = Vec<ExtensionType>> {
    proptest::sample::subsequence(types, 0..=types.len()).prop_shuffle()
}

/// Numbers for a list of identifiers that may not be empty.
fn ids() -> impl Strategy<Value = Vec<u16>> {
    vec(any::<u16>(), 1..=20)
}

fn list<T>(ids: &[u16], new: fn(u16) -> T) -> Vec<T> {
    ids.iter().copied().map(new).collect()
}

/// A ClientHello's parts, owned.
#[derive(Clone, Debug)]
struct HelloParts {
    random: [u8; 32],
    session_id: Vec<u8>,
    compression_methods: Vec<u8>,
    /// Lists of identifiers: suites, groups, schemes, schemes for certificates, versions.
    lists: [Vec<u16>; 5],
    modes: Vec<u8>,
    /// server_name and cookie.
    strings: [Vec<u8>; 2],
    names: Vec<Vec<u8>>,
    authorities: Vec<Vec<u8>>,
    shares: Vec<(u16, Vec<u8>)>,
    psks: Vec<(Vec<u8>, u32, Vec<u8>)>,
    unknown: Vec<(u16, Vec<u8>)>,
    /// Which extensions are there, a bit for each.
    present: u16,
    order: Vec<ExtensionType>,
}

fn hello_parts() -> impl Strategy<Value = HelloParts> {
    const KNOWN: &[ExtensionType] = &[
        ExtensionType::SERVER_NAME,
        ExtensionType::EC_POINT_FORMATS,
        ExtensionType::SUPPORTED_GROUPS,
        ExtensionType::SIGNATURE_ALGORITHMS,
        ExtensionType::SIGNATURE_ALGORITHMS_CERT,
        ExtensionType::APPLICATION_LAYER_PROTOCOL_NEGOTIATION,
        ExtensionType::EXTENDED_MAIN_SECRET,
        ExtensionType::SESSION_TICKET,
        ExtensionType::RENEGOTIATION_INFO,
        ExtensionType::SUPPORTED_VERSIONS,
        ExtensionType::COOKIE,
        ExtensionType::KEY_SHARE,
        ExtensionType::PSK_KEY_EXCHANGE_MODES,
        ExtensionType::CERTIFICATE_AUTHORITIES,
        ExtensionType::EARLY_DATA,
        ExtensionType::POST_HANDSHAKE_AUTH,
        ExtensionType::RECORD_SIZE_LIMIT,
        ExtensionType::PRE_SHARED_KEY,
    ];
    let head = (
        any::<[u8; 32]>(),
        opaque(0..=32),
        opaque(1..=4),
        [ids(), ids(), ids(), ids(), ids()],
    );
    let extensions = (
        opaque(1..=5),
        [opaque(1..=40), opaque(1..=40)],
        vec(opaque(1..=255), 1..=4),
        vec(opaque(1..=40), 1..=4),
        vec((any::<u16>(), opaque(1..=80)), 0..=4),
        vec((opaque(1..=60), any::<u32>(), opaque(32..=64)), 1..=3),
        unknown(),
    );
    (head, extensions, any::<u16>(), some_of(KNOWN)).prop_map(|(head, extensions, present, order)| {
        let (random, session_id, compression_methods, lists) = head;
        let (modes, strings, names, authorities, shares, psks, unknown) = extensions;
        HelloParts {
            random,
            session_id,
            compression_methods,
            lists,
            modes,
            strings,
            names,
            authorities,
            shares,
            psks,
            unknown,
            present,
            order,
        }
    })
}

impl HelloParts {
    fn with<R>(&self, test: impl FnOnce(&ClientHello<'_>) -> R) -> R {
        let [suites, groups, schemes, schemes_cert, versions] = &self.lists;
        let [name, cookie] = &self.strings;
        let suites = list(suites, CipherSuite);
        let groups = list(groups, NamedGroup);
        let schemes = list(schemes, SignatureScheme);
        let schemes_cert = list(schemes_cert, SignatureScheme);
        let versions = list(versions, ProtocolVersion);
        let modes: Vec<_> = self.modes.iter().copied().map(PskKeyExchangeMode).collect();
        let names: Vec<_> = self.names.iter().map(|name| ProtocolName(name)).collect();
        let authorities: Vec<_> = self.authorities.iter().map(|name| DistinguishedName(name)).collect();
        let share = |group, key_exchange| KeyShareEntry {
            group: NamedGroup(group),
            key_exchange,
        };
        let shares: Vec<_> = self
            .shares
            .iter()
            .map(|(group, key_exchange)| share(*group, key_exchange))
            .collect();
        let identities: Vec<_> = self
            .psks
            .iter()
            .map(|(identity, age, _)| PskIdentity {
                identity,
                obfuscated_ticket_age: *age,
            })
            .collect();
        let binders: Vec<_> = self.psks.iter().map(|(_, _, binder)| PskBinderEntry(binder)).collect();
        let unknown = extensions(&self.unknown);
        let present = |bit: u32| self.present & (1 << bit) != 0;
        test(&ClientHello {
            legacy_version: ProtocolVersion::TLS1_2,
            random: &self.random,
            legacy_session_id: &self.session_id,
            cipher_suites: Sequence::from(&suites[..]),
            legacy_compression_methods: &self.compression_methods,
            extensions: ClientExtensions {
                status_request: present(13).then_some(CertificateStatusRequest::OCSP),
                signed_certificate_timestamp: present(14),
                compress_certificate: present(15).then_some(Sequence::from(&[CertificateCompressionAlgorithm::ZLIB])),
                server_name: present(0).then_some(HostName(name)),
                ec_point_formats: present(13).then_some(&self.modes[..]),
                supported_groups: present(1).then_some(Sequence::from(&groups[..])),
                signature_algorithms: present(2).then_some(Sequence::from(&schemes[..])),
                signature_algorithms_cert: present(3).then_some(Sequence::from(&schemes_cert[..])),
                application_layer_protocol_negotiation: present(4).then_some(Sequence::from(&names[..])),
                extended_main_secret: present(14),
                session_ticket: present(15).then_some(&cookie[..]),
                renegotiation_info: present(13).then_some(&self.compression_methods[..]),
                supported_versions: present(5).then_some(Sequence::from(&versions[..])),
                cookie: present(6).then_some(&cookie[..]),
                key_share: present(7).then_some(Sequence::from(&shares[..])),
                psk_key_exchange_modes: present(8).then_some(Sequence::from(&modes[..])),
                certificate_authorities: present(9).then_some(Sequence::from(&authorities[..])),
                early_data: present(10),
                post_handshake_auth: present(11),
                record_size_limit: present(11).then_some(0x4001),
                pre_shared_key: present(12).then_some(OfferedPsks {
                    identities: Sequence::from(&identities[..]),
                    binders: Sequence::from(&binders[..]),
                }),
                unknown: Sequence::from(&unknown[..]),
                order: Order::from(&self.order[..]),
            },
        })
    }
}

/// A valid message of any kind, with its name: the seed of what a hostile peer makes of it.
fn message() -> impl Strategy<Value = (&'static str, Vec<u8>)> {
    let hello = hello_parts().prop_map(|parts| ("ClientHello", parts.with(|hello| written(hello))));
    let server_hello = (
        any::<[u8; 32]>(),
        any::<bool>(),
        opaque(0..=32),
        any::<bool>(),
        unknown(),
    )
        .prop_map(|(random, retry, session_id, tls13, parts)| {
            let unknown = extensions(&parts);
            let unknown = Sequence::from(&unknown[..]);
            let supported_versions = tls13.then_some(ProtocolVersion::TLS1_3);
            let server_hello = ServerHello {
                legacy_version: ProtocolVersion::TLS1_2,
                random: if retry { &HelloRetryRequest::RANDOM } else { &random },
                legacy_session_id_echo: &session_id,
                cipher_suite: CipherSuite::TLS_AES_128_GCM_SHA256,
                legacy_compression_method: 0,
                extensions: ServerHelloExtensions {
                    supported_versions,
                    unknown,
                    ..Default::default()
                },
            };
            ("ServerHello", written(&server_hello))
        });
    let encrypted = (ids(), opaque(1..=255), any::<[bool; 5]>(), unknown()).prop_map(|(groups, name, has, parts)| {
        let groups = list(&groups, NamedGroup);
        let unknown = extensions(&parts);
        let message = EncryptedExtensions {
            server_name: has[0],
            supported_groups: has[1].then_some(Sequence::from(&groups[..])),
            application_layer_protocol_negotiation: has[2].then_some(ProtocolName(&name)),
            record_size_limit: has[4].then_some(64),
            early_data: has[3],
            unknown: Sequence::from(&unknown[..]),
            order: Order::default(),
        };
        ("EncryptedExtensions", written(&message))
    });
    let request = (
        opaque(0..=40),
        ids(),
        vec(opaque(1..=40), 1..=4),
        vec((opaque(1..=40), opaque(0..=40)), 0..=4),
        any::<[bool; 4]>(),
        unknown(),
    )
        .prop_map(|(context, schemes, names, filters, has, parts)| {
            let schemes = list(&schemes, SignatureScheme);
            let schemes = Sequence::from(&schemes[..]);
            let filters: Vec<_> = filters
                .iter()
                .map(|(oid, values)| OidFilter {
                    certificate_extension_oid: oid,
                    certificate_extension_values: values,
                })
                .collect();
            let names: Vec<_> = names.iter().map(|name| DistinguishedName(name)).collect();
            let unknown = extensions(&parts);
            let message = CertificateRequest {
                certificate_request_context: &context,
                signature_algorithms: has[0].then_some(schemes),
                signature_algorithms_cert: has[1].then_some(schemes),
                certificate_authorities: has[2].then_some(Sequence::from(&names[..])),
                oid_filters: has[3].then_some(Sequence::from(&filters[..])),
                unknown: Sequence::from(&unknown[..]),
                order: Order::default(),
            };
            ("CertificateRequest", written(&message))
        });
    let certificate = (opaque(0..=40), vec((opaque(1..=300), unknown()), 0..=4)).prop_map(|(context, chain)| {
        let blocks: Vec<_> = chain.iter().map(|(_, parts)| extensions(parts)).collect();
        let mut entries = Vec::new();
        for ((cert_data, _), block) in chain.iter().zip(&blocks) {
            entries.push(CertificateEntry {
                cert_data,
                extensions: Sequence::from(&block[..]),
            });
        }
        let certificate_list = Sequence::from(&entries[..]);
        (
            "Certificate",
            written(&Certificate {
                certificate_request_context: &context,
                certificate_list,
            }),
        )
    });
    let ticket = (
        any::<(u32, u32, Option<u32>)>(),
        opaque(0..=255),
        opaque(1..=300),
        unknown(),
    )
        .prop_map(
            |((ticket_lifetime, ticket_age_add, early_data), ticket_nonce, ticket, parts)| {
                let unknown = extensions(&parts);
                let message = NewSessionTicket {
                    ticket_lifetime,
                    ticket_age_add,
                    ticket_nonce: &ticket_nonce,
                    ticket: &ticket,
                    early_data,
                    tls_flags: None,
                    unknown: Sequence::from(&unknown[..]),
                    order: Order::default(),
                };
                ("NewSessionTicket", written(&message))
            },
        );
    let verify = (any::<u16>(), opaque(0..=600)).prop_map(|(algorithm, signature)| {
        let message = CertificateVerify {
            algorithm: SignatureScheme(algorithm),
            signature: &signature,
        };
        ("CertificateVerify", written(&message))
    });
    prop_oneof![hello, server_hello, encrypted, request, certificate, ticket, verify]
}

/// A place in a message as a share of its length, what is done there, and a byte for it.
fn edits() -> impl Strategy<Value = Vec<(prop::sample::Index, u8, u8)>> {
    vec((any::<prop::sample::Index>(), 0u8..4, any::<u8>()), 1..=4)
}

fn edited(mut bytes: Vec<u8>, edits: &[(prop::sample::Index, u8, u8)]) -> Vec<u8> {
    for (place, action, value) in edits {
        let at = place.index(bytes.len().max(1));
        match action {
            0 => bytes.truncate(at),
            1 => bytes.insert(at, *value),
            2 if at < bytes.len() => drop(bytes.remove(at)),
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = *value;
                }
            }
        }
    }
    bytes
}

proptest! {
    #[test]
    fn a_written_client_hello_is_read_back(parts in hello_parts()) {
        parts.with(|hello| {
            let bytes = written(hello);
            let read = ClientHello::read(&bytes).expect("what we write can be read");
            let types: Vec<_> = hello.extension_types().collect();
            let order = Order::from(&types[..]);
            let expected = ClientHello { extensions: ClientExtensions { order, ..hello.extensions }, ..*hello };
            prop_assert_eq!(read, expected);
            if let Some(psks) = read.extensions.pre_shared_key {
                let binders: usize = parts.psks.iter().map(|(_, _, binder)| binder.len() + 1).sum();
                prop_assert_eq!(psks.binders_length(), binders + 2);
            }
            Ok(())
        })?;
    }

    #[test]
    fn every_written_message_is_read_and_written_again((name, bytes) in message()) {
        prop_assert_eq!(reread(name)(&bytes), Ok(bytes));
    }

    #[test]
    fn a_damaged_message_is_refused_or_read_as_what_it_is(((name, bytes), edits) in (message(), edits())) {
        let bytes = edited(bytes, &edits);
        if let Ok(again) = reread(name)(&bytes) {
            prop_assert_eq!(again, bytes);
        }
    }

    #[test]
    fn any_bytes_are_refused_or_read_as_what_they_are(bytes in opaque(0..=200)) {
        for (name, reread) in MESSAGES {
            if let Ok(again) = reread(&bytes) {
                prop_assert_eq!(&again, &bytes, "{}", name);
            }
        }
    }
}

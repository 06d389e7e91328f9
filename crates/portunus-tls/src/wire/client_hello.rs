use super::compressed_certificate::CertificateCompressionAlgorithms;
use super::extension_block::{ExtensionBlock, ExtensionSet, Order, extension_set};
use super::extension_data::{
    CertificateAuthoritiesExtension, Cookie, EcPointFormatList, Empty, NamedGroupList, ProtocolNameList,
    PskKeyExchangeModes, RecordSizeLimit, RenegotiationInfo, ServerNameList, SessionTicket, SignatureSchemeList,
    SupportedVersions,
};
use super::key_share::KeyShareClientHello;
use super::{
    CertificateCompressionAlgorithm, CertificateStatusRequest, CipherSuite, Decode, DistinguishedName, Encode,
    ExtensionType, HostName, KeyShareEntry, Malformed, NamedGroup, OfferedPsks, Problem, ProtocolName, ProtocolVersion,
    PskKeyExchangeMode, Reader, Sequence, SignatureScheme, TooLong, Writer,
};

/// ```text
/// struct {
///     ProtocolVersion legacy_version = 0x0303;    /* TLS v1.2 */
///     Random random;
///     opaque legacy_session_id<0..32>;
///     CipherSuite cipher_suites<2..2^16-2>;
///     opaque legacy_compression_methods<1..2^8-1>;
///     Extension extensions<7..2^16-1>;
/// } ClientHello;
/// ```
/// (RFC 9846 section 4.2.2). Those of older versions are read too; they may have no extensions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClientHello<'a> {
    /// TLS 1.2; the versions that are meant stand in `supported_versions`.
    pub legacy_version: ProtocolVersion,
    /// 32 random bytes.
    pub random: &'a [u8; 32],
    /// A session of an older version, or bytes that middleboxes want to see.
    pub legacy_session_id: &'a [u8],
    /// What the client can use, the best first.
    pub cipher_suites: Sequence<'a, CipherSuite>,
    /// The null method alone, in TLS 1.3.
    pub legacy_compression_methods: &'a [u8],
    /// The rest.
    pub extensions: ClientExtensions<'a>,
}

extension_set! {
    /// A ClientHello's extensions.
    pub struct ClientExtensions in ClientHello, last PRE_SHARED_KEY;
    /// The name of the site, as sent (RFC 6066 section 3).
    server_name: Option<HostName<'a>> = SERVER_NAME as ServerNameList;
    /// Forms of points that the client reads, for TLS 1.2 (RFC 8422 section 5.1.2).
    ec_point_formats: Option<&'a [u8]> = EC_POINT_FORMATS as EcPointFormatList;
    /// Which status of the server's certificate the client wants to see (RFC 6066 section 8).
    status_request: Option<CertificateStatusRequest<'a>> = STATUS_REQUEST as CertificateStatusRequest<'a>;
    /// Groups that the client can use, the best first.
    supported_groups: Option<Sequence<'a, NamedGroup>> = SUPPORTED_GROUPS as NamedGroupList;
    /// Signatures that the client accepts in the handshake, and in certificates unless told otherwise.
    signature_algorithms: Option<Sequence<'a, SignatureScheme>> = SIGNATURE_ALGORITHMS as SignatureSchemeList;
    /// Signatures that the client accepts in certificates.
    signature_algorithms_cert: Option<Sequence<'a, SignatureScheme>> = SIGNATURE_ALGORITHMS_CERT as SignatureSchemeList;
    /// What the client wants to speak over the connection, the best first (RFC 7301).
    application_layer_protocol_negotiation: Option<Sequence<'a, ProtocolName<'a>>>
        = APPLICATION_LAYER_PROTOCOL_NEGOTIATION as ProtocolNameList;
    /// Whether the client binds the main secret of TLS 1.2 to the handshake (RFC 7627).
    extended_main_secret: bool = EXTENDED_MAIN_SECRET as Empty;
    /// A ticket of TLS 1.2, or the empty wish for one (RFC 5077 section 3.2).
    session_ticket: Option<&'a [u8]> = SESSION_TICKET as SessionTicket;
    /// Empty in a first handshake, and only of use in TLS 1.2 (RFC 5746 section 3.2).
    renegotiation_info: Option<&'a [u8]> = RENEGOTIATION_INFO as RenegotiationInfo;
    /// Whether the client wants to see timestamps of certificate logs (RFC 6962 section 3.3.1).
    signed_certificate_timestamp: bool = SIGNED_CERTIFICATE_TIMESTAMP as Empty;
    /// How the server's certificates may be compressed (RFC 8879).
    compress_certificate: Option<Sequence<'a, CertificateCompressionAlgorithm>>
        = COMPRESS_CERTIFICATE as CertificateCompressionAlgorithms;
    /// The longest content of protected records that the client takes, the type counted in TLS 1.3 (RFC 8449).
    record_size_limit: Option<u16> = RECORD_SIZE_LIMIT as RecordSizeLimit;
    /// Versions that the client can speak, the best first.
    supported_versions: Option<Sequence<'a, ProtocolVersion>> = SUPPORTED_VERSIONS as SupportedVersions;
    /// A HelloRetryRequest's cookie, given back.
    cookie: Option<&'a [u8]> = COOKIE as Cookie;
    /// The client's halves of key exchanges.
    key_share: Option<Sequence<'a, KeyShareEntry<'a>>> = KEY_SHARE as KeyShareClientHello;
    /// How pre-shared keys may be used.
    psk_key_exchange_modes: Option<Sequence<'a, PskKeyExchangeMode>> = PSK_KEY_EXCHANGE_MODES as PskKeyExchangeModes;
    /// Authorities that the client trusts.
    certificate_authorities: Option<Sequence<'a, DistinguishedName<'a>>>
        = CERTIFICATE_AUTHORITIES as CertificateAuthoritiesExtension;
    /// Whether data follows before the server answers.
    early_data: bool = EARLY_DATA as Empty;
    /// Whether the client may be asked for a certificate later.
    post_handshake_auth: bool = POST_HANDSHAKE_AUTH as Empty;
    /// Keys that client and server share already. Always written last.
    pre_shared_key: Option<OfferedPsks<'a>> = PRE_SHARED_KEY as OfferedPsks<'a>;
}

impl<'a> ClientHello<'a> {
    /// The types of all extensions, unknown ones too, in order.
    pub fn extension_types(&self) -> impl Iterator<Item = ExtensionType> + use<'a> {
        self.extensions.extension_types()
    }
}

impl<'a> Decode<'a> for ClientHello<'a> {
    const NAME: &'static str = "ClientHello";

    fn decode(r: &mut Reader<'a>) -> Result<Self, Malformed> {
        let legacy_version = ProtocolVersion(r.u16("legacy_version")?);
        let random = r.array("random")?;
        let legacy_session_id = r.vec8("legacy_session_id", 0..=32)?;
        let cipher_suites = r.vec16("cipher_suites", 2..=0xfffe)?;
        let cipher_suites = Sequence::check(r, "cipher_suites", cipher_suites)?;
        let legacy_compression_methods = r.vec8("legacy_compression_methods", 1..=255)?;
        let extensions = if r.is_empty() {
            ClientExtensions {
                order: Order::NO_BLOCK,
                ..ClientExtensions::default()
            }
        } else {
            // Not `7..`: what a client of an older version sends may be short or empty.
            let block = ExtensionBlock::read(Self::NAME, r.vec16("extensions", 0..=0xffff)?)?;
            let extensions = ClientExtensions::from_block(block)?;
            if extensions.pre_shared_key.is_some() && block.last() != Some(ExtensionType::PRE_SHARED_KEY) {
                return Err(block.fault(Problem::NotLast));
            }
            extensions
        };
        Ok(Self {
            legacy_version,
            random,
            legacy_session_id,
            cipher_suites,
            legacy_compression_methods,
            extensions,
        })
    }
}

impl Encode for ClientHello<'_> {
    fn encode(&self, w: &mut Writer) -> Result<(), TooLong> {
        w.structure(Self::NAME);
        w.u16(self.legacy_version.0);
        w.bytes(self.random);
        w.session_id("legacy_session_id", self.legacy_session_id)?;
        w.vec16("cipher_suites", |w| self.cipher_suites.encode_items(w))?;
        w.opaque8("legacy_compression_methods", self.legacy_compression_methods)?;
        self.extensions.encode_block(w)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{hex, test_message, written};
    use super::super::{AlertDescription, PskBinderEntry, PskIdentity, UnknownExtension};
    use super::*;

    /// A hello that says everything, with GREASE wherever it can stand.
    fn with_full_hello(test: impl FnOnce(&ClientHello<'_>)) {
        let groups = [NamedGroup(0x2a2a), NamedGroup::X25519MLKEM768, NamedGroup::X25519];
        let schemes = [SignatureScheme(0x3a3a), SignatureScheme::ED25519];
        let names = [ProtocolName(&[0x4a, 0x4a]), ProtocolName(b"h2")];
        let versions = [
            ProtocolVersion(0x5a5a),
            ProtocolVersion::TLS1_3,
            ProtocolVersion::TLS1_2,
        ];
        let shares = [
            KeyShareEntry {
                group: groups[0],
                key_exchange: &[0],
            },
            KeyShareEntry {
                group: NamedGroup::X25519,
                key_exchange: &[7; 32],
            },
        ];
        let identities = [PskIdentity {
            identity: b"ticket",
            obfuscated_ticket_age: 0x0102_0304,
        }];
        let unknown = [
            UnknownExtension {
                extension_type: ExtensionType(0x1a1a),
                extension_data: &[],
            },
            UnknownExtension {
                extension_type: ExtensionType(0xfafa),
                extension_data: &[0],
            },
        ];
        let order = [
            ExtensionType(0x1a1a),
            ExtensionType::KEY_SHARE,
            ExtensionType::STATUS_REQUEST,
        ];
        test(&ClientHello {
            legacy_version: ProtocolVersion::TLS1_2,
            random: &[9; 32],
            legacy_session_id: &[8; 32],
            cipher_suites: Sequence::from(&[CipherSuite(0x0a0a), CipherSuite::TLS_AES_128_GCM_SHA256]),
            legacy_compression_methods: &[0],
            extensions: ClientExtensions {
                server_name: Some(HostName(b"example.com")),
                ec_point_formats: Some(&[0, 1]),
                status_request: Some(CertificateStatusRequest::OCSP),
                signed_certificate_timestamp: true,
                compress_certificate: Some(Sequence::from(&[CertificateCompressionAlgorithm::ZLIB])),
                supported_groups: Some(Sequence::from(&groups)),
                signature_algorithms: Some(Sequence::from(&schemes)),
                signature_algorithms_cert: Some(Sequence::from(&schemes)),
                application_layer_protocol_negotiation: Some(Sequence::from(&names)),
                extended_main_secret: true,
                session_ticket: Some(b"older ticket"),
                renegotiation_info: Some(&[]),
                record_size_limit: Some(64),
                supported_versions: Some(Sequence::from(&versions)),
                cookie: Some(b"cookie"),
                key_share: Some(Sequence::from(&shares)),
                psk_key_exchange_modes: Some(Sequence::from(&[
                    PskKeyExchangeMode(0x0b),
                    PskKeyExchangeMode::PSK_DHE_KE,
                ])),
                certificate_authorities: Some(Sequence::from(&[DistinguishedName(&[0x30, 0])])),
                early_data: true,
                post_handshake_auth: true,
                pre_shared_key: Some(OfferedPsks {
                    identities: Sequence::from(&identities),
                    binders: Sequence::from(&[PskBinderEntry(&[6; 32])]),
                }),
                unknown: Sequence::from(&unknown),
                order: Order::from(&order),
            },
        });
    }

    /// Everything before the extensions.
    fn hello(extensions: &str) -> Vec<u8> {
        let extensions = hex(extensions);
        let length = u16::try_from(extensions.len()).unwrap().to_be_bytes();
        [
            &hex("0303")[..],
            &[9; 32],
            &hex("00 0002 1301 01 00"),
            &length,
            &extensions,
        ]
        .concat()
    }

    fn problem(extensions: &str) -> Problem {
        ClientHello::read(&hello(extensions))
            .expect_err("the hello is refused")
            .problem
    }

    #[test]
    fn a_hello_that_says_everything_reads_and_writes() {
        with_full_hello(|hello| {
            let bytes = written(hello);
            let before_extensions = 2 + 32 + 33 + 6 + 2;
            test_message("ClientHello", &bytes, &[before_extensions]);

            let read = ClientHello::read(&bytes).unwrap();
            let types: Vec<ExtensionType> = hello.extension_types().collect();
            assert!(read.extension_types().eq(types.iter().copied()));
            let order = Order::from(&types[..]);
            assert_eq!(
                read,
                ClientHello {
                    extensions: ClientExtensions {
                        order,
                        ..hello.extensions
                    },
                    ..*hello
                }
            );
            assert_eq!(written(&read), bytes);
        });
    }

    #[test]
    fn the_order_names_what_comes_first_and_pre_shared_key_is_last() {
        with_full_hello(|hello| {
            let types: Vec<ExtensionType> = hello.extension_types().collect();
            assert_eq!(
                types[..4],
                [
                    ExtensionType(0x1a1a),
                    ExtensionType::KEY_SHARE,
                    ExtensionType::STATUS_REQUEST,
                    ExtensionType::SERVER_NAME
                ]
            );
            assert_eq!(
                types[types.len() - 2..],
                [ExtensionType(0xfafa), ExtensionType::PRE_SHARED_KEY]
            );
            assert_eq!(types.len(), 23);
        });
    }

    /// A hello of constants may be sent where one that lives shorter is wanted: no field forbids it.
    #[test]
    fn a_hello_may_be_taken_for_one_that_lives_shorter() {
        fn shorter<'a>(extensions: ClientExtensions<'static>, name: &'a [u8]) -> ClientExtensions<'a> {
            ClientExtensions {
                server_name: Some(HostName(name)),
                ..extensions
            }
        }
        let name = b"example.com".to_vec();
        assert_eq!(
            shorter(ClientExtensions::default(), &name).server_name,
            Some(HostName(&name))
        );
    }

    /// What is not there and what is named twice is written as if it was not named.
    #[test]
    fn the_order_never_adds_or_repeats_an_extension() {
        let order = [
            ExtensionType::PRE_SHARED_KEY,
            ExtensionType::COOKIE,
            ExtensionType::EARLY_DATA,
            ExtensionType::EARLY_DATA,
            ExtensionType(0x1a1a),
        ];
        let extensions = ClientExtensions {
            early_data: true,
            order: Order::from(&order),
            ..ClientExtensions::default()
        };
        assert!(extensions.extension_types().eq([ExtensionType::EARLY_DATA]));
    }

    /// What a second ClientHello drops is dropped, and the rest keeps its order (RFC 9846 section 4.2.2).
    #[test]
    fn a_hello_that_was_read_can_be_changed_and_written() {
        with_full_hello(|hello| {
            let bytes = written(hello);
            let mut read = ClientHello::read(&bytes).unwrap();
            read.extensions.early_data = false;
            read.extensions.pre_shared_key = None;
            let again = written(&read);
            let types = ClientHello::read(&again).unwrap().extension_types().collect::<Vec<_>>();
            let dropped = [ExtensionType::EARLY_DATA, ExtensionType::PRE_SHARED_KEY];
            assert!(hello.extension_types().filter(|one| !dropped.contains(one)).eq(types));
        });
    }

    #[test]
    fn the_binders_are_the_last_bytes_of_the_message() {
        with_full_hello(|hello| {
            let bytes = written(hello);
            let psks = ClientHello::read(&bytes).unwrap().extensions.pre_shared_key.unwrap();
            assert_eq!(psks.binders_length(), 2 + 1 + 32);
            assert_eq!(hello.extensions.pre_shared_key.unwrap().binders_length(), 35);
            let truncated = &bytes[..bytes.len() - psks.binders_length()];
            assert!(truncated.ends_with(&0x0102_0304u32.to_be_bytes()));
        });
    }

    /// RFC 9846 section 4.2.2: no bytes after the compression methods, or a valid block and nothing after it.
    #[test]
    fn a_hello_of_an_older_version_may_have_no_extensions_or_an_empty_block() {
        let with_block = hello("");
        let without = &with_block[..with_block.len() - 2];
        test_message("ClientHello", without, &[]);
        test_message("ClientHello", &with_block, &[without.len()]);
        assert_eq!(ClientHello::read(without).unwrap().extensions.order, Order::NO_BLOCK);
        assert_eq!(ClientHello::read(&with_block).unwrap().extension_types().count(), 0);
    }

    #[test]
    fn an_extension_comes_once_and_pre_shared_key_last() {
        let psk = "0029 002f 000a 0004 00000000 00000000 0021 20 ";
        let psk = format!("{psk}{}", "00".repeat(32));
        assert!(ClientHello::read(&hello(&psk)).is_ok());
        assert_eq!(problem(&format!("{psk} 002a 0000")), Problem::NotLast);
        assert_eq!(
            problem("002a 0000 002a 0000"),
            Problem::Duplicate(ExtensionType::EARLY_DATA)
        );
        assert_eq!(
            problem("9999 0000 002a 0000 9999 0000"),
            Problem::Duplicate(ExtensionType(0x9999))
        );
        assert_eq!(
            problem("0030 0000"),
            Problem::NotAllowedHere(ExtensionType::OID_FILTERS)
        );
        assert_eq!(problem("002a 0001 00"), Problem::TrailingBytes);
        assert_eq!(problem("002a 0001"), Problem::Truncated);
    }

    /// RFC 9846 section 4.2.2: unrecognized extensions are ignored, however many.
    #[test]
    fn thousands_of_unknown_extensions_are_read_and_a_repeated_one_is_found() {
        let many: String = (0x1000..0x4000)
            .map(|extension| format!("{extension:04x}0000"))
            .collect();
        let bytes = hello(&many);
        let read = ClientHello::read(&bytes).unwrap();
        assert_eq!(read.extensions.unknown.iter().count(), 0x3000);
        assert_eq!(written(&read), bytes);
        assert_eq!(
            problem(&format!("{many} 1abc 0000")),
            Problem::Duplicate(ExtensionType(0x1abc))
        );
    }

    #[test]
    fn lists_keep_to_their_ranges() {
        let range = |length, at_least, at_most| Problem::Length {
            length,
            at_least,
            at_most,
        };
        // server_name (RFC 6066 section 3)
        assert_eq!(problem("0000 0000"), Problem::Truncated);
        assert_eq!(problem("0000 0002 0000"), range(0, 1, 0xffff));
        assert_eq!(problem("0000 0005 0003 00 0000"), range(0, 1, 0xffff));
        assert_eq!(problem("0000 0006 0004 01 0001 61"), Problem::Value(1));
        assert_eq!(
            problem("0000 000a 0008 00 0001 61 00 0001 61"),
            Problem::Count { found: 2, wanted: 1 }
        );
        // supported_groups
        assert_eq!(problem("000a 0002 0000"), range(0, 2, 0xffff));
        assert_eq!(
            problem("000a 0005 0003 001d 00"),
            Problem::BrokenItem { length: 3, item: 2 }
        );
        // signature_algorithms
        assert_eq!(problem("000d 0002 0000"), range(0, 2, 0xfffe));
        // application_layer_protocol_negotiation (RFC 7301 section 3.1)
        assert_eq!(problem("0010 0003 0001 00"), range(1, 2, 0xffff));
        assert_eq!(problem("0010 0005 0003 00 01 61"), range(0, 1, 0xff));
        // supported_versions
        assert_eq!(problem("002b 0001 00"), range(0, 2, 254));
        assert_eq!(
            problem("002b 0004 03 0304 03"),
            Problem::BrokenItem { length: 3, item: 2 }
        );
        // cookie
        assert_eq!(problem("002c 0002 0000"), range(0, 1, 0xffff));
        // key_share: an empty list asks for a HelloRetryRequest
        assert!(ClientHello::read(&hello("0033 0002 0000")).is_ok());
        assert_eq!(problem("0033 0006 0004 001d 0000"), range(0, 1, 0xffff));
        // psk_key_exchange_modes
        assert_eq!(problem("002d 0001 00"), range(0, 1, 255));
        // certificate_authorities
        assert_eq!(problem("002f 0004 0002 0000"), range(2, 3, 0xffff));
        // pre_shared_key: a binder is a hash
        assert_eq!(problem("0029 0002 0000"), range(0, 7, 0xffff));
        let short = format!("0029 002e 0007 0001 61 00000000 0023 1f {} 02 0000", "00".repeat(31));
        assert_eq!(problem(&short), range(31, 32, 255));
    }

    #[test]
    fn each_pre_shared_key_has_one_binder() {
        let binder = format!("20 {}", "00".repeat(32));
        let two = format!("0029 004d 0007 0001 61 00000000 0042 {binder} {binder}");
        let fault = ClientHello::read(&hello(&two)).unwrap_err();
        assert_eq!(fault.problem, Problem::Count { found: 2, wanted: 1 });
        assert_eq!(fault.alert(), AlertDescription::ILLEGAL_PARAMETER);
    }

    #[test]
    fn the_fields_before_the_extensions_keep_to_their_ranges() {
        with_full_hello(|hello| {
            let bytes = written(&ClientHello {
                legacy_session_id: &[],
                ..*hello
            });
            let with = |at: usize, value: &[u8]| {
                let mut changed = bytes.clone();
                changed[at..at + value.len()].copy_from_slice(value);
                ClientHello::read(&changed)
                    .expect_err("the hello is refused")
                    .to_string()
            };
            assert_eq!(
                with(34, &[33]),
                "ClientHello.legacy_session_id has 33 bytes where 0 to 32 are allowed"
            );
            assert_eq!(
                with(35, &[0, 0]),
                "ClientHello.cipher_suites has 0 bytes where 2 to 65534 are allowed"
            );
            assert_eq!(
                with(35, &[0, 3]),
                "ClientHello.cipher_suites has 3 bytes, which is no whole number of items of 2 bytes"
            );
            assert_eq!(
                with(41, &[0]),
                "ClientHello.legacy_compression_methods has 0 bytes where 1 to 255 are allowed"
            );
            let mut w = Writer::new("test");
            let long = ClientHello {
                legacy_session_id: &[0; 33],
                ..*hello
            };
            assert_eq!(
                long.encode(&mut w),
                Err(TooLong {
                    structure: "ClientHello",
                    field: "legacy_session_id"
                })
            );
        });
    }
}

use super::extension_block::{ExtensionBlock, ExtensionSet, Order, extension_set};
use super::extension_data::{self, Cookie, SelectedVersion};
use super::key_share::{KeyShareHelloRetryRequest, KeyShareServerHello};
use super::pre_shared_key::SelectedIdentity;
use super::{
    CipherSuite, Decode, Encode, ExtensionType, KeyShareEntry, Malformed, NamedGroup, ProtocolVersion, Reader, TooLong,
    Writer,
};

/// What follows a ClientHello. Both are handshake messages of type `server_hello`, told apart by their random alone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ServerHelloOrRetry<'a> {
    /// The server goes on.
    ServerHello(ServerHello<'a>),
    /// The server asks for another ClientHello.
    HelloRetryRequest(HelloRetryRequest<'a>),
}

/// ```text
/// struct {
///     ProtocolVersion legacy_version = 0x0303;    /* TLS v1.2 */
///     Random random;
///     opaque legacy_session_id_echo<0..32>;
///     CipherSuite cipher_suite;
///     uint8 legacy_compression_method = 0;
///     Extension extensions<6..2^16-1>;
/// } ServerHello;
/// ```
/// (RFC 9846 section 4.2.3). Those of older versions are read too, so that the version can be looked at first: where
/// `supported_versions` does not say TLS 1.3, all other extensions are left unread and unchecked in `unknown`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ServerHello<'a> {
    /// TLS 1.2; the version that is meant stands in `supported_versions`.
    pub legacy_version: ProtocolVersion,
    /// 32 random bytes, the last of which tell of a downgrade.
    pub random: &'a [u8; 32],
    /// What the client sent.
    pub legacy_session_id_echo: &'a [u8],
    /// The one that the server chose.
    pub cipher_suite: CipherSuite,
    /// The null method.
    pub legacy_compression_method: u8,
    /// The rest.
    pub extensions: ServerHelloExtensions<'a>,
}

extension_set! {
    /// A ServerHello's extensions.
    pub struct ServerHelloExtensions in ServerHello;
    /// The version that the server chose.
    supported_versions: Option<ProtocolVersion> = SUPPORTED_VERSIONS as SelectedVersion;
    /// The server's half of the key exchange.
    key_share: Option<KeyShareEntry<'a>> = KEY_SHARE as KeyShareServerHello;
    /// Which of the client's pre-shared keys is used, counted from 0.
    pre_shared_key: Option<u16> = PRE_SHARED_KEY as SelectedIdentity;
}

/// A ServerHello with the random [`HelloRetryRequest::RANDOM`] (RFC 9846 section 4.2.4).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HelloRetryRequest<'a> {
    /// TLS 1.2; the version that is meant stands in `supported_versions`.
    pub legacy_version: ProtocolVersion,
    /// What the client sent.
    pub legacy_session_id_echo: &'a [u8],
    /// The one that the server will choose.
    pub cipher_suite: CipherSuite,
    /// The null method.
    pub legacy_compression_method: u8,
    /// The rest.
    pub extensions: HelloRetryRequestExtensions<'a>,
}

extension_set! {
    /// A HelloRetryRequest's extensions.
    pub struct HelloRetryRequestExtensions in HelloRetryRequest;
    /// The version that the server chose.
    supported_versions: Option<ProtocolVersion> = SUPPORTED_VERSIONS as SelectedVersion;
    /// To be given back by the client.
    cookie: Option<&'a [u8]> = COOKIE as Cookie;
    /// The group of which the server wants a share.
    key_share: Option<NamedGroup> = KEY_SHARE as KeyShareHelloRetryRequest;
}

impl HelloRetryRequest<'_> {
    /// The SHA-256 of `HelloRetryRequest` (RFC 9846 section 4.2.3).
    pub const RANDOM: [u8; 32] = [
        0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2,
        0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
    ];
}

impl<'a> ServerHello<'a> {
    /// The types of all extensions, unknown ones too, in order.
    pub fn extension_types(&self) -> impl Iterator<Item = ExtensionType> + use<'a> {
        self.extensions.extension_types()
    }
}

impl<'a> HelloRetryRequest<'a> {
    /// The types of all extensions, unknown ones too, in order.
    pub fn extension_types(&self) -> impl Iterator<Item = ExtensionType> + use<'a> {
        self.extensions.extension_types()
    }
}

impl<'a> Decode<'a> for ServerHelloOrRetry<'a> {
    const NAME: &'static str = "ServerHello";

    fn decode(r: &mut Reader<'a>) -> Result<Self, Malformed> {
        let legacy_version = ProtocolVersion(r.u16("legacy_version")?);
        let random = r.array("random")?;
        let legacy_session_id_echo = r.vec8("legacy_session_id_echo", 0..=32)?;
        let cipher_suite = CipherSuite(r.u16("cipher_suite")?);
        let legacy_compression_method = r.u8("legacy_compression_method")?;
        Ok(if *random == HelloRetryRequest::RANDOM {
            Self::HelloRetryRequest(HelloRetryRequest {
                legacy_version,
                legacy_session_id_echo,
                cipher_suite,
                legacy_compression_method,
                extensions: match Extensions::read("HelloRetryRequest", r)? {
                    Extensions::Tls13(block) => HelloRetryRequestExtensions::from_block(block)?,
                    Extensions::Older {
                        supported_versions,
                        unknown,
                        order,
                    } => HelloRetryRequestExtensions {
                        supported_versions,
                        unknown,
                        order,
                        ..HelloRetryRequestExtensions::default()
                    },
                },
            })
        } else {
            Self::ServerHello(ServerHello {
                legacy_version,
                random,
                legacy_session_id_echo,
                cipher_suite,
                legacy_compression_method,
                extensions: match Extensions::read(Self::NAME, r)? {
                    Extensions::Tls13(block) => ServerHelloExtensions::from_block(block)?,
                    Extensions::Older {
                        supported_versions,
                        unknown,
                        order,
                    } => ServerHelloExtensions {
                        supported_versions,
                        unknown,
                        order,
                        ..ServerHelloExtensions::default()
                    },
                },
            })
        })
    }
}

/// The extensions of either message, read as far as the version.
enum Extensions<'a> {
    Tls13(ExtensionBlock<'a>),
    Older {
        supported_versions: Option<ProtocolVersion>,
        unknown: super::Sequence<'a, super::UnknownExtension<'a>>,
        order: Order<'a>,
    },
}

impl<'a> Extensions<'a> {
    fn read(structure: &'static str, r: &mut Reader<'a>) -> Result<Self, Malformed> {
        if r.is_empty() {
            let unknown = super::Sequence::default();
            return Ok(Self::Older {
                supported_versions: None,
                unknown,
                order: Order::NO_BLOCK,
            });
        }
        // Not `6..`: what a server of an older version sends may be short or empty.
        let block = ExtensionBlock::read(structure, r.vec16("extensions", 0..=0xffff)?)?;
        let supported_versions = match block.find(ExtensionType::SUPPORTED_VERSIONS) {
            Some(data) => extension_data::read::<SelectedVersion>(data)?,
            None => None,
        };
        if supported_versions == Some(ProtocolVersion::TLS1_3) {
            return Ok(Self::Tls13(block));
        }
        let unknown = block.without(&[ExtensionType::SUPPORTED_VERSIONS]);
        Ok(Self::Older {
            supported_versions,
            unknown,
            order: block.order(),
        })
    }
}

impl Encode for ServerHelloOrRetry<'_> {
    fn encode(&self, w: &mut Writer) -> Result<(), TooLong> {
        match self {
            Self::ServerHello(hello) => hello.encode(w),
            Self::HelloRetryRequest(retry) => retry.encode(w),
        }
    }
}

impl Encode for ServerHello<'_> {
    fn encode(&self, w: &mut Writer) -> Result<(), TooLong> {
        w.structure(ServerHelloOrRetry::NAME);
        w.u16(self.legacy_version.0);
        w.bytes(self.random);
        w.session_id("legacy_session_id_echo", self.legacy_session_id_echo)?;
        w.u16(self.cipher_suite.0);
        w.u8(self.legacy_compression_method);
        self.extensions.encode_block(w)
    }
}

impl Encode for HelloRetryRequest<'_> {
    fn encode(&self, w: &mut Writer) -> Result<(), TooLong> {
        w.structure("HelloRetryRequest");
        w.u16(self.legacy_version.0);
        w.bytes(&Self::RANDOM);
        w.session_id("legacy_session_id_echo", self.legacy_session_id_echo)?;
        w.u16(self.cipher_suite.0);
        w.u8(self.legacy_compression_method);
        self.extensions.encode_block(w)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{hex, test_message, written};
    use super::super::{AlertDescription, Problem, Sequence, UnknownExtension};
    use super::*;

    fn server_hello() -> ServerHello<'static> {
        ServerHello {
            legacy_version: ProtocolVersion::TLS1_2,
            random: &[7; 32],
            legacy_session_id_echo: &[8; 32],
            cipher_suite: CipherSuite::TLS_AES_256_GCM_SHA384,
            legacy_compression_method: 0,
            extensions: ServerHelloExtensions {
                supported_versions: Some(ProtocolVersion::TLS1_3),
                key_share: Some(KeyShareEntry {
                    group: NamedGroup::X25519,
                    key_exchange: &[5; 32],
                }),
                pre_shared_key: Some(1),
                unknown: Sequence::from(&[UnknownExtension {
                    extension_type: ExtensionType(0x9999),
                    extension_data: &[1],
                }]),
                order: Order::from(&[
                    ExtensionType::KEY_SHARE,
                    ExtensionType(0x9999),
                    ExtensionType::PRE_SHARED_KEY,
                    ExtensionType::SUPPORTED_VERSIONS,
                ]),
            },
        }
    }

    /// A ServerHello with these extensions.
    fn hello(extensions: &str) -> Vec<u8> {
        let extensions = hex(extensions);
        let length = u16::try_from(extensions.len()).unwrap().to_be_bytes();
        [&hex("0303")[..], &[9; 32], &hex("00 1301 00"), &length, &extensions].concat()
    }

    const BEFORE_EXTENSIONS: usize = 2 + 32 + 33 + 2 + 1;

    #[test]
    fn a_server_hello_reads_and_writes() {
        let hello = server_hello();
        let bytes = written(&hello);
        test_message("ServerHello", &bytes, &[BEFORE_EXTENSIONS]);
        let read = ServerHelloOrRetry::read(&bytes);
        assert_eq!(read, Ok(ServerHelloOrRetry::ServerHello(hello)));
        assert!(hello.extension_types().eq(hello.extensions.order.iter()));
    }

    #[test]
    fn a_hello_retry_request_is_told_by_its_random() {
        let retry = HelloRetryRequest {
            legacy_version: ProtocolVersion::TLS1_2,
            legacy_session_id_echo: &[8; 32],
            cipher_suite: CipherSuite::TLS_AES_128_GCM_SHA256,
            legacy_compression_method: 0,
            extensions: HelloRetryRequestExtensions {
                supported_versions: Some(ProtocolVersion::TLS1_3),
                cookie: Some(b"cookie"),
                key_share: Some(NamedGroup::SECP256R1),
                order: Order::from(&[
                    ExtensionType::SUPPORTED_VERSIONS,
                    ExtensionType::KEY_SHARE,
                    ExtensionType::COOKIE,
                ]),
                ..HelloRetryRequestExtensions::default()
            },
        };
        let bytes = written(&retry);
        assert_eq!(bytes[2..34], HelloRetryRequest::RANDOM);
        test_message("ServerHello", &bytes, &[BEFORE_EXTENSIONS]);
        assert_eq!(
            ServerHelloOrRetry::read(&bytes),
            Ok(ServerHelloOrRetry::HelloRetryRequest(retry))
        );
    }

    /// The version is judged before the rest, so the rest must not hide it (RFC 9846 section 4.3.1).
    #[test]
    fn a_server_hello_of_an_older_version_reads_whatever_its_extensions() {
        let without = &hello("")[..38];
        test_message("ServerHello", without, &[]);
        for extensions in [
            "",
            "0000 0000 0033 0001 ff ff01 0001 00",
            "002b 0002 0303 0029 0000 000a 0000",
        ] {
            let bytes = hello(extensions);
            test_message("ServerHello", &bytes, &[without.len()]);
            let Ok(ServerHelloOrRetry::ServerHello(read)) = ServerHelloOrRetry::read(&bytes) else {
                panic!("{extensions} is read");
            };
            assert_ne!(read.extensions.supported_versions, Some(ProtocolVersion::TLS1_3));
            assert_eq!(read.extensions.key_share, None);
        }
        let bytes = hello("0000 0000 0033 0001 ff ff01 0001 00");
        let Ok(ServerHelloOrRetry::ServerHello(read)) = ServerHelloOrRetry::read(&bytes) else {
            panic!()
        };
        let types = [
            ExtensionType::SERVER_NAME,
            ExtensionType::KEY_SHARE,
            ExtensionType::RENEGOTIATION_INFO,
        ];
        assert!(read.extension_types().eq(types));
    }

    #[test]
    fn what_has_no_place_in_a_server_hello_of_tls_1_3_is_refused() {
        let fault = ServerHelloOrRetry::read(&hello("0000 0000 002b 0002 0304")).unwrap_err();
        assert_eq!(fault.problem, Problem::NotAllowedHere(ExtensionType::SERVER_NAME));
        assert_eq!(fault.alert(), AlertDescription::ILLEGAL_PARAMETER);
        let fault = ServerHelloOrRetry::read(&hello("002b 0002 0304 002b 0002 0304")).unwrap_err();
        assert_eq!(fault.problem, Problem::Duplicate(ExtensionType::SUPPORTED_VERSIONS));
        let fault = ServerHelloOrRetry::read(&hello("002b 0003 02 0304")).unwrap_err();
        assert_eq!(fault.problem, Problem::TrailingBytes);
        // A cookie belongs to a HelloRetryRequest, a list of shares to a ClientHello.
        let fault = ServerHelloOrRetry::read(&hello("002b 0002 0304 002c 0003 0001 00")).unwrap_err();
        assert_eq!(fault.problem, Problem::NotAllowedHere(ExtensionType::COOKIE));
        let fault = ServerHelloOrRetry::read(&hello("002b 0002 0304 0033 0007 0005 001d 0001 00")).unwrap_err();
        assert_eq!(fault.alert(), AlertDescription::DECODE_ERROR);
    }
}

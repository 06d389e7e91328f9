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
        let unknown = block.kept(|one| one.extension_type != ExtensionType::SUPPORTED_VERSIONS);
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

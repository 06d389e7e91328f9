use super::extension_block::{ExtensionBlock, ExtensionSet, Order, extension_set};
use super::extension_data::{
    CertificateAuthoritiesExtension, Cookie, Empty, NamedGroupList, ProtocolNameList, PskKeyExchangeModes,
    ServerNameList, SignatureSchemeList, SupportedVersions,
};
use super::key_share::KeyShareClientHello;
use super::{
    CipherSuite, Decode, DistinguishedName, Encode, ExtensionType, HostName, KeyShareEntry, Malformed, NamedGroup,
    OfferedPsks, Problem, ProtocolName, ProtocolVersion, PskKeyExchangeMode, Reader, Sequence, SignatureScheme,
    TooLong, Writer,
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
    /// Groups that the client can use, the best first.
    supported_groups: Option<Sequence<'a, NamedGroup>> = SUPPORTED_GROUPS as NamedGroupList;
    /// Signatures that the client accepts in the handshake, and in certificates unless told otherwise.
    signature_algorithms: Option<Sequence<'a, SignatureScheme>> = SIGNATURE_ALGORITHMS as SignatureSchemeList;
    /// Signatures that the client accepts in certificates.
    signature_algorithms_cert: Option<Sequence<'a, SignatureScheme>> = SIGNATURE_ALGORITHMS_CERT as SignatureSchemeList;
    /// What the client wants to speak over the connection, the best first (RFC 7301).
    application_layer_protocol_negotiation: Option<Sequence<'a, ProtocolName<'a>>>
        = APPLICATION_LAYER_PROTOCOL_NEGOTIATION as ProtocolNameList;
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
            if block.find(ExtensionType::PRE_SHARED_KEY).is_some()
                && block.last() != Some(ExtensionType::PRE_SHARED_KEY)
            {
                return Err(block.fault(Problem::NotLast));
            }
            ClientExtensions::from_block(block)?
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

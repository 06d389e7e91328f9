use crate::wire::extension_block::{ExtensionBlock, ExtensionSet, extension_set};
use crate::wire::extension_data::{
    EcPointFormatList, Empty, ExtensionData, RecordSizeLimit, RenegotiationInfo, SelectedProtocol,
};
use crate::wire::{
    CipherSuite, Decode, Encode, ExtensionType, Malformed, Order, ProtocolName, ProtocolVersion, Reader, TooLong,
    Writer,
};

/// ```text
/// struct {
///     ProtocolVersion server_version;
///     Random random;
///     SessionID session_id;
///     CipherSuite cipher_suite;
///     CompressionMethod compression_method;
///     select (extensions_present) { case false: struct {}; case true: Extension extensions<0..2^16-1>; };
/// } ServerHello;
/// ```
/// (RFC 5246 section 7.4.1.3)
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ServerHello<'a> {
    /// The version that the server chose.
    pub server_version: ProtocolVersion,
    /// 32 random bytes, the last of which tell of a downgrade.
    pub random: &'a [u8; 32],
    /// The session that goes on where it is the client's, or a new one's name.
    pub session_id: &'a [u8],
    /// The one that the server chose.
    pub cipher_suite: CipherSuite,
    /// The null method.
    pub compression_method: u8,
    /// The rest.
    pub extensions: ServerHelloExtensions<'a>,
}

extension_set! {
    /// The extensions of a ServerHello of TLS 1.2.
    pub struct ServerHelloExtensions in Tls12ServerHello;
    /// Whether the server used the name that the client sent (RFC 6066 section 3).
    server_name: bool = SERVER_NAME as Empty;
    /// Whether a CertificateStatus follows (RFC 6066 section 8).
    status_request: bool = STATUS_REQUEST as Empty;
    /// Timestamps of certificate logs (RFC 6962 section 3.3.1).
    signed_certificate_timestamp: Option<&'a [u8]> = SIGNED_CERTIFICATE_TIMESTAMP as CertificateTimestamps;
    /// Forms of points that the server reads (RFC 8422 section 5.1.2).
    ec_point_formats: Option<&'a [u8]> = EC_POINT_FORMATS as EcPointFormatList;
    /// What is spoken over the connection (RFC 7301).
    application_layer_protocol_negotiation: Option<ProtocolName<'a>>
        = APPLICATION_LAYER_PROTOCOL_NEGOTIATION as SelectedProtocol;
    /// Whether the main secret is bound to the handshake (RFC 7627).
    extended_main_secret: bool = EXTENDED_MAIN_SECRET as Empty;
    /// The longest content of protected records that the server takes (RFC 8449).
    record_size_limit: Option<u16> = RECORD_SIZE_LIMIT as RecordSizeLimit;
    /// Whether a NewSessionTicket follows (RFC 5077 section 3.2).
    session_ticket: bool = SESSION_TICKET as Empty;
    /// Empty in a first handshake (RFC 5746 section 3.2).
    renegotiation_info: Option<&'a [u8]> = RENEGOTIATION_INFO as RenegotiationInfo;
}

/// `SignedCertificateTimestampList` in a ServerHello of TLS 1.2 (RFC 6962 section 3.3.1), as it came: whoever wants it reads it.
pub(in crate::wire) struct CertificateTimestamps;

impl<'a> ExtensionData<'a> for CertificateTimestamps {
    const NAME: &'static str = "SignedCertificateTimestampList";
    type Field = Option<&'a [u8]>;

    fn decode(r: &mut Reader<'a>) -> Result<&'a [u8], Malformed> {
        Ok(r.rest())
    }

    fn encode(list: &&'a [u8], w: &mut Writer) -> Result<(), TooLong> {
        w.bytes(list);
        Ok(())
    }
}

impl<'a> Decode<'a> for ServerHello<'a> {
    const NAME: &'static str = "ServerHello";

    fn decode(r: &mut Reader<'a>) -> Result<Self, Malformed> {
        Ok(Self {
            server_version: ProtocolVersion(r.u16("server_version")?),
            random: r.array("random")?,
            session_id: r.vec8("session_id", 0..=32)?,
            cipher_suite: CipherSuite(r.u16("cipher_suite")?),
            compression_method: r.u8("compression_method")?,
            extensions: if r.is_empty() {
                ServerHelloExtensions {
                    order: Order::NO_BLOCK,
                    ..ServerHelloExtensions::default()
                }
            } else {
                let block = ExtensionBlock::read(Self::NAME, r.vec16("extensions", 0..=0xffff)?)?;
                ServerHelloExtensions::from_block(block)?
            },
        })
    }
}

impl Encode for ServerHello<'_> {
    fn encode(&self, w: &mut Writer) -> Result<(), TooLong> {
        w.structure(Self::NAME);
        w.u16(self.server_version.0);
        w.bytes(self.random);
        w.session_id("session_id", self.session_id)?;
        w.u16(self.cipher_suite.0);
        w.u8(self.compression_method);
        self.extensions.encode_block(w)
    }
}

impl<'a> ServerHello<'a> {
    /// The types of all extensions, unknown ones too, in order.
    pub fn extension_types(&self) -> impl Iterator<Item = ExtensionType> + use<'a> {
        self.extensions.extension_types()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::testing::{hex, test_message, written};
    use crate::wire::{Problem, Sequence, UnknownExtension};

    /// A ServerHello with these extensions.
    fn hello(extensions: &str) -> Vec<u8> {
        let extensions = hex(extensions);
        let length = u16::try_from(extensions.len()).unwrap().to_be_bytes();
        [&hex("0303")[..], &[9; 32], &hex("00 c02b 00"), &length, &extensions].concat()
    }

    #[test]
    fn a_server_hello_reads_and_writes() {
        let types = [
            ExtensionType::RENEGOTIATION_INFO,
            ExtensionType::SESSION_TICKET,
            ExtensionType::EXTENDED_MAIN_SECRET,
            ExtensionType::EC_POINT_FORMATS,
            ExtensionType::APPLICATION_LAYER_PROTOCOL_NEGOTIATION,
            ExtensionType::SERVER_NAME,
            ExtensionType::SIGNED_CERTIFICATE_TIMESTAMP,
            ExtensionType::STATUS_REQUEST,
            ExtensionType::RECORD_SIZE_LIMIT,
            ExtensionType(0x9999),
        ];
        let message = ServerHello {
            server_version: ProtocolVersion::TLS1_2,
            random: &[7; 32],
            session_id: &[8; 32],
            cipher_suite: CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
            compression_method: 0,
            extensions: ServerHelloExtensions {
                server_name: true,
                status_request: true,
                signed_certificate_timestamp: Some(&[0, 3, 0, 1, 7]),
                ec_point_formats: Some(&[0]),
                application_layer_protocol_negotiation: Some(ProtocolName(b"h2")),
                extended_main_secret: true,
                session_ticket: true,
                record_size_limit: Some(512),
                renegotiation_info: Some(&[]),
                unknown: Sequence::from(&[UnknownExtension {
                    extension_type: ExtensionType(0x9999),
                    extension_data: &[1],
                }]),
                order: Order::from(&types),
            },
        };
        let bytes = written(&message);
        test_message("ServerHello of TLS 1.2", &bytes, &[2 + 32 + 33 + 2 + 1]);
        assert_eq!(ServerHello::read(&bytes), Ok(message));
        assert!(message.extension_types().eq(types));
        test_message("ServerHello of TLS 1.2", &hello("")[..38], &[]);
        test_message("ServerHello of TLS 1.2", &hello(""), &[38]);
    }

    /// RFC 9846 section 4.3: what TLS 1.3 has for itself has no place here.
    #[test]
    fn what_has_no_place_in_it_is_refused() {
        let problem = |extensions| ServerHello::read(&hello(extensions)).unwrap_err().problem;
        assert_eq!(
            problem("0033 0002 001d"),
            Problem::NotAllowedHere(ExtensionType::KEY_SHARE)
        );
        assert_eq!(
            problem("0029 0002 0000"),
            Problem::NotAllowedHere(ExtensionType::PRE_SHARED_KEY)
        );
        assert_eq!(problem("0023 0001 00"), Problem::TrailingBytes);
        assert_eq!(
            problem("0017 0000 0017 0000"),
            Problem::Duplicate(ExtensionType::EXTENDED_MAIN_SECRET)
        );
    }
}

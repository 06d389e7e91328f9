use super::extension_block::{ExtensionBlock, ExtensionSet, extension_set};
use super::extension_data::{Empty, NamedGroupList, RecordSizeLimit, SelectedProtocol};
use super::{Decode, Encode, Malformed, NamedGroup, ProtocolName, Reader, Sequence, TooLong, Writer};

extension_set! {
    /// `struct { Extension extensions<0..2^16-1>; } EncryptedExtensions;` (RFC 9846 section 4.4.1)
    pub struct EncryptedExtensions in EncryptedExtensions;
    /// Whether the server used the name that the client sent (RFC 6066 section 3).
    server_name: bool = SERVER_NAME as Empty;
    /// Groups that the server can use, the best first: news for the next connection.
    supported_groups: Option<Sequence<'a, NamedGroup>> = SUPPORTED_GROUPS as NamedGroupList;
    /// What is spoken over the connection (RFC 7301).
    application_layer_protocol_negotiation: Option<ProtocolName<'a>>
        = APPLICATION_LAYER_PROTOCOL_NEGOTIATION as SelectedProtocol;
    /// The longest content of protected records that the server takes, the type counted in TLS 1.3 (RFC 8449).
    record_size_limit: Option<u16> = RECORD_SIZE_LIMIT as RecordSizeLimit;
    /// Whether the server takes the client's early data.
    early_data: bool = EARLY_DATA as Empty;
}

impl<'a> Decode<'a> for EncryptedExtensions<'a> {
    const NAME: &'static str = "EncryptedExtensions";

    fn decode(r: &mut Reader<'a>) -> Result<Self, Malformed> {
        Self::from_block(ExtensionBlock::read(Self::NAME, r.vec16("extensions", 0..=0xffff)?)?)
    }
}

impl Encode for EncryptedExtensions<'_> {
    fn encode(&self, w: &mut Writer) -> Result<(), TooLong> {
        w.structure(Self::NAME);
        self.encode_block(w)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{hex, test_message, written};
    use super::super::{AlertDescription, ExtensionType, Order, Problem, UnknownExtension};
    use super::*;

    fn problem(extensions: &str) -> Problem {
        let extensions = hex(extensions);
        let length = u16::try_from(extensions.len()).unwrap().to_be_bytes();
        let bytes = [&length[..], &extensions].concat();
        EncryptedExtensions::read(&bytes)
            .expect_err("the message is refused")
            .problem
    }

    #[test]
    fn encrypted_extensions_read_and_write() {
        let types = [
            ExtensionType::EARLY_DATA,
            ExtensionType(0x0a0a),
            ExtensionType::APPLICATION_LAYER_PROTOCOL_NEGOTIATION,
            ExtensionType::SUPPORTED_GROUPS,
            ExtensionType::RECORD_SIZE_LIMIT,
            ExtensionType::SERVER_NAME,
        ];
        let message = EncryptedExtensions {
            server_name: true,
            supported_groups: Some(Sequence::from(&[NamedGroup::X25519, NamedGroup(0x1a1a)])),
            application_layer_protocol_negotiation: Some(ProtocolName(b"h2")),
            record_size_limit: Some(16385),
            early_data: true,
            unknown: Sequence::from(&[UnknownExtension {
                extension_type: ExtensionType(0x0a0a),
                extension_data: &[],
            }]),
            order: Order::from(&types),
        };
        let bytes = written(&message);
        test_message("EncryptedExtensions", &bytes, &[]);
        assert_eq!(EncryptedExtensions::read(&bytes), Ok(message));
        assert!(message.extension_types().eq(types));
        test_message("EncryptedExtensions", &written(&EncryptedExtensions::default()), &[]);
    }

    /// RFC 9846 section 4.4.1: `illegal_parameter` for a forbidden extension.
    #[test]
    fn forbidden_extensions_are_refused() {
        assert_eq!(
            problem("002b 0002 0304"),
            Problem::NotAllowedHere(ExtensionType::SUPPORTED_VERSIONS)
        );
        assert_eq!(problem("0033 0000"), Problem::NotAllowedHere(ExtensionType::KEY_SHARE));
        let misplaced = Malformed {
            structure: "",
            field: "",
            problem: problem("0005 0000"),
        };
        assert_eq!(misplaced.alert(), AlertDescription::ILLEGAL_PARAMETER);
    }

    #[test]
    fn a_server_chooses_one_protocol_and_echoes_no_name() {
        assert_eq!(
            problem("0010 0006 0004 01 61 01 62"),
            Problem::Count { found: 2, wanted: 1 }
        );
        let empty = Problem::Length {
            length: 0,
            at_least: 2,
            at_most: 0xffff,
        };
        assert_eq!(problem("0010 0002 0000"), empty);
        assert_eq!(problem("0000 0001 00"), Problem::TrailingBytes);
    }

    /// RFC 8449 section 4.
    #[test]
    fn a_limit_of_records_has_a_least_value() {
        assert_eq!(problem("001c 0002 003f"), Problem::Value(63));
        assert!(EncryptedExtensions::read(&hex("0006 001c 0002 0040")).is_ok());
    }
}

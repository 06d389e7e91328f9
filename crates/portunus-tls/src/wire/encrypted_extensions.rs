use super::extension_block::{ExtensionBlock, ExtensionSet, extension_set};
use super::extension_data::{Empty, NamedGroupList, SelectedProtocol};
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

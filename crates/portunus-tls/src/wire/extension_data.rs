//! What each extension says, by the structures that the RFCs give for it. One with several structures, such as `key_share`, has one for
//! each message in which it stands.

use super::{
    Decode, Encode, Item, Malformed, NameType, NamedGroup, Problem, ProtocolVersion, PskKeyExchangeMode, Reader,
    Sequence, SignatureScheme, TooLong, Writer,
};

/// The structure of an extension's data.
pub(super) trait ExtensionData<'a> {
    /// The structure's name in the RFC.
    const NAME: &'static str;
    /// What the data is, within the message's struct.
    type Field: Presence;

    fn decode(r: &mut Reader<'a>) -> Result<<Self::Field as Presence>::Value, Malformed>;
    fn encode(value: &<Self::Field as Presence>::Value, w: &mut Writer) -> Result<(), TooLong>;

    fn is_present(field: &Self::Field) -> bool {
        field.value().is_some()
    }
}

/// A field for an extension that may be there or not.
pub(super) trait Presence {
    type Value;
    fn present(value: Self::Value) -> Self;
    fn value(&self) -> Option<&Self::Value>;
}

impl<T> Presence for Option<T> {
    type Value = T;

    fn present(value: T) -> Self {
        Some(value)
    }

    fn value(&self) -> Option<&T> {
        self.as_ref()
    }
}

/// An extension without data is there or not.
impl Presence for bool {
    type Value = ();

    fn present((): ()) -> Self {
        true
    }

    fn value(&self) -> Option<&()> {
        self.then_some(&())
    }
}

/// Reads an extension's data: all of it, for trailing data is forbidden (RFC 9846 section 4.3).
pub(super) fn read<'a, D: ExtensionData<'a>>(extension_data: &'a [u8]) -> Result<D::Field, Malformed> {
    let mut r = Reader::new(D::NAME, extension_data);
    let value = D::decode(&mut r)?;
    r.finish()?;
    Ok(D::Field::present(value))
}

/// Writes an extension's data, if it is there.
pub(super) fn write<'a, D: ExtensionData<'a>>(field: &D::Field, w: &mut Writer) -> Result<(), TooLong> {
    let Some(value) = field.value() else { return Ok(()) };
    w.structure(D::NAME);
    D::encode(value, w)
}

/// `struct {} Empty;` (RFC 9846 section 4.3.6 and RFC 9846 section 4.3.10; RFC 6066 section 3 for a server's `server_name`)
pub(super) struct Empty;

impl<'a> ExtensionData<'a> for Empty {
    const NAME: &'static str = "Empty";
    type Field = bool;

    fn decode(_: &mut Reader<'a>) -> Result<(), Malformed> {
        Ok(())
    }

    fn encode((): &(), _: &mut Writer) -> Result<(), TooLong> {
        Ok(())
    }
}

/// `opaque HostName<1..2^16-1>;` (RFC 6066 section 3)
///
/// The bytes that the client sent. They need not be a host name: that is judged by who chooses a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostName<'a>(pub &'a [u8]);

/// `struct { NameType name_type; select (name_type) { case host_name: HostName; } name; } ServerName;`
/// `struct { ServerName server_name_list<1..2^16-1>; } ServerNameList;` (RFC 6066 section 3)
///
/// The list is read as the one host name that every client sends. A second one is forbidden; another type was never defined, and
/// servers that refuse the list for it, as OpenSSL and BoringSSL do, have made sure that none can be.
pub(super) struct ServerNameList;

impl<'a> ExtensionData<'a> for ServerNameList {
    const NAME: &'static str = "ServerNameList";
    type Field = Option<HostName<'a>>;

    fn decode(r: &mut Reader<'a>) -> Result<HostName<'a>, Malformed> {
        let list = r.vec16("server_name_list", 1..=0xffff)?;
        let mut names = Reader::new("ServerName", list);
        let name_type = NameType(names.u8("name_type")?);
        if name_type != NameType::HOST_NAME {
            return Err(names.fault("name_type", Problem::Value(name_type.0.into())));
        }
        let name = names.vec16("name", 1..=0xffff)?;
        if !names.is_empty() {
            return Err(r.fault("server_name_list", Problem::Count { found: 2, wanted: 1 }));
        }
        Ok(HostName(name))
    }

    fn encode(name: &HostName<'a>, w: &mut Writer) -> Result<(), TooLong> {
        w.vec16("server_name_list", |w| {
            w.u8(NameType::HOST_NAME.0);
            w.opaque16("name", name.0)
        })
    }
}

/// `struct { NamedGroup named_group_list<2..2^16-1>; } NamedGroupList;` (RFC 9846 section 4.3.7)
pub(super) struct NamedGroupList;

impl<'a> ExtensionData<'a> for NamedGroupList {
    const NAME: &'static str = "NamedGroupList";
    type Field = Option<Sequence<'a, NamedGroup>>;

    fn decode(r: &mut Reader<'a>) -> Result<Sequence<'a, NamedGroup>, Malformed> {
        let list = r.vec16("named_group_list", 2..=0xffff)?;
        Sequence::check(r, "named_group_list", list)
    }

    fn encode(groups: &Sequence<'a, NamedGroup>, w: &mut Writer) -> Result<(), TooLong> {
        w.vec16("named_group_list", |w| groups.encode_items(w))
    }
}

/// `struct { SignatureScheme supported_signature_algorithms<2..2^16-2>; } SignatureSchemeList;` (RFC 9846 section 4.3.3)
pub(super) struct SignatureSchemeList;

impl<'a> ExtensionData<'a> for SignatureSchemeList {
    const NAME: &'static str = "SignatureSchemeList";
    type Field = Option<Sequence<'a, SignatureScheme>>;

    fn decode(r: &mut Reader<'a>) -> Result<Sequence<'a, SignatureScheme>, Malformed> {
        let list = r.vec16("supported_signature_algorithms", 2..=0xfffe)?;
        Sequence::check(r, "supported_signature_algorithms", list)
    }

    fn encode(schemes: &Sequence<'a, SignatureScheme>, w: &mut Writer) -> Result<(), TooLong> {
        w.vec16("supported_signature_algorithms", |w| schemes.encode_items(w))
    }
}

/// `opaque ProtocolName<1..2^8-1>;` (RFC 7301 section 3.1)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProtocolName<'a>(pub &'a [u8]);

impl<'a> Decode<'a> for ProtocolName<'a> {
    const NAME: &'static str = "ProtocolName";

    fn decode(r: &mut Reader<'a>) -> Result<Self, Malformed> {
        r.vec8("name", 1..=0xff).map(Self)
    }
}

impl Encode for ProtocolName<'_> {
    fn encode(&self, w: &mut Writer) -> Result<(), TooLong> {
        w.structure(Self::NAME);
        w.opaque8("name", self.0)
    }
}

impl<'a> Item<'a> for ProtocolName<'a> {}

/// `struct { ProtocolName protocol_name_list<2..2^16-1> } ProtocolNameList;` (RFC 7301 section 3.1)
pub(super) struct ProtocolNameList;

impl<'a> ExtensionData<'a> for ProtocolNameList {
    const NAME: &'static str = "ProtocolNameList";
    type Field = Option<Sequence<'a, ProtocolName<'a>>>;

    fn decode(r: &mut Reader<'a>) -> Result<Sequence<'a, ProtocolName<'a>>, Malformed> {
        let list = r.vec16("protocol_name_list", 2..=0xffff)?;
        Sequence::check(r, "protocol_name_list", list)
    }

    fn encode(names: &Sequence<'a, ProtocolName<'a>>, w: &mut Writer) -> Result<(), TooLong> {
        w.vec16("protocol_name_list", |w| names.encode_items(w))
    }
}

/// The same from a server, which names exactly one (RFC 7301 section 3.1).
pub(super) struct SelectedProtocol;

impl<'a> ExtensionData<'a> for SelectedProtocol {
    const NAME: &'static str = ProtocolNameList::NAME;
    type Field = Option<ProtocolName<'a>>;

    fn decode(r: &mut Reader<'a>) -> Result<ProtocolName<'a>, Malformed> {
        let names = ProtocolNameList::decode(r)?;
        let mut each = names.iter();
        match (each.next(), each.next()) {
            (Some(name), None) => Ok(name),
            _ => Err(r.fault(
                "protocol_name_list",
                Problem::Count {
                    found: names.iter().count(),
                    wanted: 1,
                },
            )),
        }
    }

    fn encode(name: &ProtocolName<'a>, w: &mut Writer) -> Result<(), TooLong> {
        w.vec16("protocol_name_list", |w| name.encode(w))
    }
}

/// `ProtocolVersion versions<2..254>;` of a client's SupportedVersions (RFC 9846 section 4.3.1)
pub(super) struct SupportedVersions;

impl<'a> ExtensionData<'a> for SupportedVersions {
    const NAME: &'static str = "SupportedVersions";
    type Field = Option<Sequence<'a, ProtocolVersion>>;

    fn decode(r: &mut Reader<'a>) -> Result<Sequence<'a, ProtocolVersion>, Malformed> {
        let list = r.vec8("versions", 2..=254)?;
        Sequence::check(r, "versions", list)
    }

    fn encode(versions: &Sequence<'a, ProtocolVersion>, w: &mut Writer) -> Result<(), TooLong> {
        w.vec8("versions", |w| versions.encode_items(w))
    }
}

/// `ProtocolVersion selected_version;` of a server's SupportedVersions (RFC 9846 section 4.3.1)
pub(super) struct SelectedVersion;

impl<'a> ExtensionData<'a> for SelectedVersion {
    const NAME: &'static str = SupportedVersions::NAME;
    type Field = Option<ProtocolVersion>;

    fn decode(r: &mut Reader<'a>) -> Result<ProtocolVersion, Malformed> {
        r.u16("selected_version").map(ProtocolVersion)
    }

    fn encode(version: &ProtocolVersion, w: &mut Writer) -> Result<(), TooLong> {
        version.encode(w)
    }
}

/// `struct { opaque cookie<1..2^16-1>; } Cookie;` (RFC 9846 section 4.3.2)
pub(super) struct Cookie;

impl<'a> ExtensionData<'a> for Cookie {
    const NAME: &'static str = "Cookie";
    type Field = Option<&'a [u8]>;

    fn decode(r: &mut Reader<'a>) -> Result<&'a [u8], Malformed> {
        r.vec16("cookie", 1..=0xffff)
    }

    fn encode(cookie: &&'a [u8], w: &mut Writer) -> Result<(), TooLong> {
        w.opaque16("cookie", cookie)
    }
}

/// `struct { PskKeyExchangeMode ke_modes<1..255>; } PskKeyExchangeModes;` (RFC 9846 section 4.3.9)
pub(super) struct PskKeyExchangeModes;

impl<'a> ExtensionData<'a> for PskKeyExchangeModes {
    const NAME: &'static str = "PskKeyExchangeModes";
    type Field = Option<Sequence<'a, PskKeyExchangeMode>>;

    fn decode(r: &mut Reader<'a>) -> Result<Sequence<'a, PskKeyExchangeMode>, Malformed> {
        let list = r.vec8("ke_modes", 1..=255)?;
        Sequence::check(r, "ke_modes", list)
    }

    fn encode(modes: &Sequence<'a, PskKeyExchangeMode>, w: &mut Writer) -> Result<(), TooLong> {
        w.vec8("ke_modes", |w| modes.encode_items(w))
    }
}

/// `opaque DistinguishedName<1..2^16-1>;` in DER (RFC 9846 section 4.3.4)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DistinguishedName<'a>(pub &'a [u8]);

impl<'a> Decode<'a> for DistinguishedName<'a> {
    const NAME: &'static str = "DistinguishedName";

    fn decode(r: &mut Reader<'a>) -> Result<Self, Malformed> {
        r.vec16("name", 1..=0xffff).map(Self)
    }
}

impl Encode for DistinguishedName<'_> {
    fn encode(&self, w: &mut Writer) -> Result<(), TooLong> {
        w.structure(Self::NAME);
        w.opaque16("name", self.0)
    }
}

impl<'a> Item<'a> for DistinguishedName<'a> {}

/// `struct { DistinguishedName authorities<3..2^16-1>; } CertificateAuthoritiesExtension;` (RFC 9846 section 4.3.4)
pub(super) struct CertificateAuthoritiesExtension;

impl<'a> ExtensionData<'a> for CertificateAuthoritiesExtension {
    const NAME: &'static str = "CertificateAuthoritiesExtension";
    type Field = Option<Sequence<'a, DistinguishedName<'a>>>;

    fn decode(r: &mut Reader<'a>) -> Result<Sequence<'a, DistinguishedName<'a>>, Malformed> {
        let list = r.vec16("authorities", 3..=0xffff)?;
        Sequence::check(r, "authorities", list)
    }

    fn encode(authorities: &Sequence<'a, DistinguishedName<'a>>, w: &mut Writer) -> Result<(), TooLong> {
        w.vec16("authorities", |w| authorities.encode_items(w))
    }
}

/// `struct { opaque flags<0..255>; } FlagExtensions;` (draft-ietf-tls-tlsflags section 2): a bit each, the first in the lowest bit of the first byte. Without
/// a bit the extension is left out, and no byte without one ends the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flags<'a>(&'a [u8]);

impl Flags<'_> {
    /// A ticket that is good for all names of the server's certificate: flag 8 (draft-ietf-tls-cross-sni-resumption section 3).
    pub const RESUMPTION_ACROSS_NAMES: Self = Self(&[0, 1]);

    /// Whether this flag is set.
    pub fn has(&self, flag: u16) -> bool {
        let byte = self.0.get(usize::from(flag / 8)).copied().unwrap_or(0);
        byte & (1 << (flag % 8)) != 0
    }
}

impl<'a> ExtensionData<'a> for Flags<'a> {
    const NAME: &'static str = "FlagExtensions";
    type Field = Option<Flags<'a>>;

    fn decode(r: &mut Reader<'a>) -> Result<Self, Malformed> {
        let flags = r.vec8("flags", 1..=255)?;
        match flags.last() {
            Some(0) | None => Err(r.fault("flags", Problem::Value(0))),
            Some(_) => Ok(Self(flags)),
        }
    }

    fn encode(flags: &Self, w: &mut Writer) -> Result<(), TooLong> {
        w.opaque8("flags", flags.0)
    }
}

/// `uint32 max_early_data_size;` of a ticket's EarlyDataIndication (RFC 9846 section 4.3.10)
pub(super) struct EarlyDataIndication;

impl<'a> ExtensionData<'a> for EarlyDataIndication {
    const NAME: &'static str = "EarlyDataIndication";
    type Field = Option<u32>;

    fn decode(r: &mut Reader<'a>) -> Result<u32, Malformed> {
        r.u32("max_early_data_size")
    }

    fn encode(max_early_data_size: &u32, w: &mut Writer) -> Result<(), TooLong> {
        w.u32(*max_early_data_size);
        Ok(())
    }
}

/// `uint16 RecordSizeLimit;`, 64 at least (RFC 8449 section 4)
pub(super) struct RecordSizeLimit;

impl<'a> ExtensionData<'a> for RecordSizeLimit {
    const NAME: &'static str = "RecordSizeLimit";
    type Field = Option<u16>;

    fn decode(r: &mut Reader<'a>) -> Result<u16, Malformed> {
        match r.u16("record_size_limit")? {
            limit @ ..64 => Err(r.fault("record_size_limit", Problem::Value(limit.into()))),
            limit => Ok(limit),
        }
    }

    fn encode(limit: &u16, w: &mut Writer) -> Result<(), TooLong> {
        w.u16(*limit);
        Ok(())
    }
}

/// `struct { ECPointFormat ec_point_format_list<1..2^8-1>; } ECPointFormatList;` (RFC 8422 section 5.1.2)
pub(super) struct EcPointFormatList;

impl<'a> ExtensionData<'a> for EcPointFormatList {
    const NAME: &'static str = "ECPointFormatList";
    type Field = Option<&'a [u8]>;

    fn decode(r: &mut Reader<'a>) -> Result<&'a [u8], Malformed> {
        r.vec8("ec_point_format_list", 1..=255)
    }

    fn encode(formats: &&'a [u8], w: &mut Writer) -> Result<(), TooLong> {
        w.opaque8("ec_point_format_list", formats)
    }
}

/// `struct { opaque renegotiated_connection<0..255>; } RenegotiationInfo;` (RFC 5746 section 3.2)
pub(super) struct RenegotiationInfo;

impl<'a> ExtensionData<'a> for RenegotiationInfo {
    const NAME: &'static str = "RenegotiationInfo";
    type Field = Option<&'a [u8]>;

    fn decode(r: &mut Reader<'a>) -> Result<&'a [u8], Malformed> {
        r.vec8("renegotiated_connection", 0..=255)
    }

    fn encode(renegotiated_connection: &&'a [u8], w: &mut Writer) -> Result<(), TooLong> {
        w.opaque8("renegotiated_connection", renegotiated_connection)
    }
}

/// A client's ticket, which is the whole of the data, or nothing where it has none yet (RFC 5077 section 3.2).
pub(super) struct SessionTicket;

impl<'a> ExtensionData<'a> for SessionTicket {
    const NAME: &'static str = "SessionTicket";
    type Field = Option<&'a [u8]>;

    fn decode(r: &mut Reader<'a>) -> Result<&'a [u8], Malformed> {
        Ok(r.rest())
    }

    fn encode(ticket: &&'a [u8], w: &mut Writer) -> Result<(), TooLong> {
        w.bytes(ticket);
        Ok(())
    }
}

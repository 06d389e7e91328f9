//! The numbers that IANA registers for TLS, by their names there. A value that we do not know survives reading and writing.

use std::fmt;

mod alert_description;
mod cipher_suite;
mod extension_type;
mod named_group;
mod signature_scheme;

pub use alert_description::AlertDescription;
pub use cipher_suite::CipherSuite;
pub use extension_type::ExtensionType;
pub use named_group::NamedGroup;
pub use signature_scheme::SignatureScheme;

/// A registry: the type, its values by name, and how it is read, written and shown.
macro_rules! registry {
    (
        $(#[$doc:meta])*
        $name:ident($int:ident) {
            $($constant:ident = $value:expr, $text:literal;)*
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $int);

        impl $name {
            $(
                #[doc = concat!("`", $text, "`")]
                pub const $constant: Self = Self($value);
            )*

            /// Every value that has a name here.
            pub const NAMED: &'static [Self] = &[$(Self::$constant),*];

            /// The registered name, if it is one that we know.
            pub fn name(self) -> Option<&'static str> {
                match self {
                    $(Self::$constant => Some($text),)*
                    _ => None,
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match self.name() {
                    Some(name) => f.pad(name),
                    None => $crate::wire::ids::unnamed(f, u16::from(self.0), size_of::<$int>()),
                }
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(self, f)
            }
        }

        impl<'a> $crate::wire::Decode<'a> for $name {
            const NAME: &'static str = stringify!($name);

            fn decode(r: &mut $crate::wire::Reader<'a>) -> Result<Self, $crate::wire::Malformed> {
                r.$int("value").map(Self)
            }
        }

        impl $crate::wire::Encode for $name {
            fn encode(&self, w: &mut $crate::wire::Writer) -> Result<(), $crate::wire::TooLong> {
                w.$int(self.0);
                Ok(())
            }
        }

        impl $crate::wire::Item<'_> for $name {
            const SIZE: Option<usize> = Some(size_of::<$int>());
        }
    };
}
use registry;

/// Shows a number that has no name, as `0x1234` or `0x12`.
fn unnamed(f: &mut fmt::Formatter<'_>, value: u16, bytes: usize) -> fmt::Result {
    match bytes {
        1 => f.pad(&format!("{value:#04x}")),
        _ => f.pad(&format!("{value:#06x}")),
    }
}

/// Whether a 16-bit value is one of those that RFC 8701 section 2 reserves: `0x0a0a`, `0x1a1a`, …, `0xfafa`.
const fn is_grease(value: u16) -> bool {
    let [high, low] = value.to_be_bytes();
    high == low && low & 0x0f == 0x0a
}

registry! {
    /// `uint16 ProtocolVersion;` (RFC 9846 section 4.2.2)
    ProtocolVersion(u16) {
        SSL3_0 = 0x0300, "SSL 3.0";
        TLS1_0 = 0x0301, "TLS 1.0";
        TLS1_1 = 0x0302, "TLS 1.1";
        TLS1_2 = 0x0303, "TLS 1.2";
        TLS1_3 = 0x0304, "TLS 1.3";
    }
}

impl ProtocolVersion {
    /// Whether it only stands for values that are yet to come (RFC 8701).
    pub const fn is_grease(self) -> bool {
        is_grease(self.0)
    }
}

registry! {
    /// `enum { … } ContentType;` of a record (RFC 9846 section 5.1)
    ContentType(u8) {
        CHANGE_CIPHER_SPEC = 20, "change_cipher_spec";
        ALERT = 21, "alert";
        HANDSHAKE = 22, "handshake";
        APPLICATION_DATA = 23, "application_data";
        HEARTBEAT = 24, "heartbeat";
    }
}

registry! {
    /// `enum { … } HandshakeType;` (RFC 9846 section 4 and appendix B.3; RFC 5246 section 7.4)
    HandshakeType(u8) {
        HELLO_REQUEST = 0, "hello_request";
        CLIENT_HELLO = 1, "client_hello";
        SERVER_HELLO = 2, "server_hello";
        HELLO_VERIFY_REQUEST = 3, "hello_verify_request";
        NEW_SESSION_TICKET = 4, "new_session_ticket";
        END_OF_EARLY_DATA = 5, "end_of_early_data";
        HELLO_RETRY_REQUEST = 6, "hello_retry_request";
        ENCRYPTED_EXTENSIONS = 8, "encrypted_extensions";
        CERTIFICATE = 11, "certificate";
        SERVER_KEY_EXCHANGE = 12, "server_key_exchange";
        CERTIFICATE_REQUEST = 13, "certificate_request";
        SERVER_HELLO_DONE = 14, "server_hello_done";
        CERTIFICATE_VERIFY = 15, "certificate_verify";
        CLIENT_KEY_EXCHANGE = 16, "client_key_exchange";
        FINISHED = 20, "finished";
        CERTIFICATE_URL = 21, "certificate_url";
        CERTIFICATE_STATUS = 22, "certificate_status";
        SUPPLEMENTAL_DATA = 23, "supplemental_data";
        KEY_UPDATE = 24, "key_update";
        COMPRESSED_CERTIFICATE = 25, "compressed_certificate";
        MESSAGE_HASH = 254, "message_hash";
    }
}

registry! {
    /// `enum { psk_ke(0), psk_dhe_ke(1), (255) } PskKeyExchangeMode;` (RFC 9846 section 4.3.9)
    PskKeyExchangeMode(u8) {
        PSK_KE = 0, "psk_ke";
        PSK_DHE_KE = 1, "psk_dhe_ke";
    }
}

impl PskKeyExchangeMode {
    /// Whether it only stands for values that are yet to come: `0x0b`, `0x2a`, `0x49`, …, `0xe4` (RFC 8701 section 2).
    pub const fn is_grease(self) -> bool {
        self.0 % 31 == 11
    }
}

registry! {
    /// `enum { warning(1), fatal(2), (255) } AlertLevel;` (RFC 9846 section 6)
    AlertLevel(u8) {
        WARNING = 1, "warning";
        FATAL = 2, "fatal";
    }
}

registry! {
    /// `enum { zlib(1), brotli(2), zstd(3), (65535) } CertificateCompressionAlgorithm;` (RFC 8879 section 3)
    CertificateCompressionAlgorithm(u16) {
        ZLIB = 1, "zlib";
        BROTLI = 2, "brotli";
        ZSTD = 3, "zstd";
    }
}

registry! {
    /// `enum { ocsp(1), (255) } CertificateStatusType;` (RFC 6066 section 8)
    CertificateStatusType(u8) {
        OCSP = 1, "ocsp";
        OCSP_MULTI = 2, "ocsp_multi";
    }
}

registry! {
    /// `enum { host_name(0), (255) } NameType;` (RFC 6066 section 3)
    NameType(u8) {
        HOST_NAME = 0, "host_name";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text<T: fmt::Display>(value: T) -> String {
        value.to_string()
    }

    #[test]
    fn values_show_their_registered_names_and_unknown_ones_their_number() {
        assert_eq!(text(ProtocolVersion::TLS1_3), "TLS 1.3");
        assert_eq!(format!("{:?}", CipherSuite(0x1301)), "TLS_AES_128_GCM_SHA256");
        assert_eq!(text(CipherSuite(0x0a0a)), "0x0a0a");
        assert_eq!(text(HandshakeType(7)), "0x07");
        assert_eq!(format!("[{:>8}]", AlertLevel(9)), "[    0x09]");
        assert_eq!(format!("[{:<8}]", NamedGroup::X25519), "[x25519  ]");
    }

    /// Names are looked up by what people read in logs: a constant is its name in upper case.
    #[test]
    fn constants_are_named_as_the_registry_names_them() {
        fn check<T: fmt::Display + Copy>(named: &[T], source: &str) {
            for value in named {
                let constant = value.to_string().to_uppercase();
                assert!(source.contains(&format!(" {constant} = ")), "{constant}");
            }
        }
        check(CipherSuite::NAMED, include_str!("ids/cipher_suite.rs"));
        check(NamedGroup::NAMED, include_str!("ids/named_group.rs"));
        check(SignatureScheme::NAMED, include_str!("ids/signature_scheme.rs"));
        check(ExtensionType::NAMED, include_str!("ids/extension_type.rs"));
        check(AlertDescription::NAMED, include_str!("ids/alert_description.rs"));
        check(HandshakeType::NAMED, include_str!("ids.rs"));
        check(ContentType::NAMED, include_str!("ids.rs"));
    }

    #[test]
    fn grease_is_the_sixteen_values_of_rfc_8701() {
        let values: Vec<u16> = (0..=u16::MAX).filter(|&value| is_grease(value)).collect();
        assert_eq!(values.len(), 16);
        assert_eq!(values[..3], [0x0a0a, 0x1a1a, 0x2a2a]);
        let modes: Vec<u8> = (0..=u8::MAX)
            .filter(|&mode| PskKeyExchangeMode(mode).is_grease())
            .collect();
        assert_eq!(modes, [0x0b, 0x2a, 0x49, 0x68, 0x87, 0xa6, 0xc5, 0xe4]);
    }
}

//! The table: which extension may stand in which message (RFC 9846 section 4.3).

use super::ExtensionType;

/// A message with extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// CH
    ClientHello,
    /// SH
    ServerHello,
    /// SH of TLS 1.2
    Tls12ServerHello,
    /// HRR
    HelloRetryRequest,
    /// EE
    EncryptedExtensions,
    /// CR
    CertificateRequest,
    /// CT: an entry of a Certificate message
    Certificate,
    /// NST
    NewSessionTicket,
}

/// Whether an extension may stand in a message; `None` for those that the table does not know, which are ignored wherever
/// they stand.
pub fn may_appear(extension: ExtensionType, place: Place) -> Option<bool> {
    places(extension).map(|places| places.contains(&place))
}

/// RFC 9846's table row by row, in its order, and beside it what a server may answer in TLS 1.2, where that has one message for it. Where
/// the table lacks a row, IANA's registry has it. Some servers answer `supported_groups` in TLS 1.2, which means nothing.
fn places(extension: ExtensionType) -> Option<&'static [Place]> {
    use Place::{
        Certificate as CT, CertificateRequest as CR, ClientHello as CH, EncryptedExtensions as EE,
        HelloRetryRequest as HRR, NewSessionTicket as NST, ServerHello as SH, Tls12ServerHello as SH12,
    };
    Some(match extension {
        ExtensionType::SERVER_NAME => &[CH, EE, SH12, CR],
        ExtensionType::MAX_FRAGMENT_LENGTH => &[CH, EE, SH12], // RFC 8446's
        ExtensionType::STATUS_REQUEST => &[CH, CR, CT, SH12],
        ExtensionType::SUPPORTED_GROUPS => &[CH, EE, SH12],
        ExtensionType::SIGNATURE_ALGORITHMS => &[CH, CR],
        ExtensionType::USE_SRTP => &[CH, EE, SH12],
        ExtensionType::HEARTBEAT => &[CH, EE, SH12],
        ExtensionType::APPLICATION_LAYER_PROTOCOL_NEGOTIATION => &[CH, EE, SH12],
        ExtensionType::SIGNED_CERTIFICATE_TIMESTAMP => &[CH, CR, CT, SH12], // RFC 8446's
        ExtensionType::CLIENT_CERTIFICATE_TYPE => &[CH, EE, SH12],
        ExtensionType::SERVER_CERTIFICATE_TYPE => &[CH, EE, SH12],
        ExtensionType::PADDING => &[CH],
        ExtensionType::EC_POINT_FORMATS => &[CH, SH12], // RFC 8422 section 5.1
        ExtensionType::EXTENDED_MAIN_SECRET => &[CH, SH12], // RFC 7627 section 5.1
        ExtensionType::SESSION_TICKET => &[CH, SH12],   // RFC 5077 section 3.2
        ExtensionType::RENEGOTIATION_INFO => &[CH, SH12], // RFC 5746 section 3.2
        ExtensionType::COMPRESS_CERTIFICATE => &[CH, CR],
        ExtensionType::RECORD_SIZE_LIMIT => &[CH, EE, SH12],
        ExtensionType::DELEGATED_CREDENTIAL => &[CH, CR, CT],
        ExtensionType::SUPPORTED_EKT_CIPHERS => &[CH, EE, SH12],
        ExtensionType::PRE_SHARED_KEY => &[CH, SH],
        ExtensionType::EARLY_DATA => &[CH, EE, NST],
        ExtensionType::SUPPORTED_VERSIONS => &[CH, SH, HRR],
        ExtensionType::COOKIE => &[CH, HRR],
        ExtensionType::PSK_KEY_EXCHANGE_MODES => &[CH],
        ExtensionType::CERTIFICATE_AUTHORITIES => &[CH, CR],
        ExtensionType::OID_FILTERS => &[CR],
        ExtensionType::POST_HANDSHAKE_AUTH => &[CH],
        ExtensionType::SIGNATURE_ALGORITHMS_CERT => &[CH, CR],
        ExtensionType::KEY_SHARE => &[CH, SH, HRR],
        ExtensionType::TRANSPARENCY_INFO => &[CH, CR, CT],
        ExtensionType::EXTERNAL_ID_HASH => &[CH, EE, SH12],
        ExtensionType::EXTERNAL_SESSION_ID => &[CH, EE, SH12],
        ExtensionType::QUIC_TRANSPORT_PARAMETERS => &[CH, EE],
        ExtensionType::TICKET_REQUEST => &[CH, EE],
        ExtensionType::ECH_OUTER_EXTENSIONS => &[CH],
        ExtensionType::ENCRYPTED_CLIENT_HELLO => &[CH, HRR, EE],
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_tells_what_is_allowed_and_what_it_does_not_know() {
        assert_eq!(
            may_appear(ExtensionType::KEY_SHARE, Place::HelloRetryRequest),
            Some(true)
        );
        assert_eq!(
            may_appear(ExtensionType::KEY_SHARE, Place::EncryptedExtensions),
            Some(false)
        );
        assert_eq!(
            may_appear(ExtensionType::RENEGOTIATION_INFO, Place::ServerHello),
            Some(false)
        );
        assert_eq!(
            may_appear(ExtensionType::RENEGOTIATION_INFO, Place::Tls12ServerHello),
            Some(true)
        );
        assert_eq!(may_appear(ExtensionType::TRUSTED_CA_KEYS, Place::ServerHello), None);
        assert_eq!(may_appear(ExtensionType(0x0a0a), Place::Certificate), None);
    }
}

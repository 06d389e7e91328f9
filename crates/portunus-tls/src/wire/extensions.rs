//! The table: which extension may stand in which message (RFC 9846 section 4.3).

use super::ExtensionType;

/// A message with extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// CH
    ClientHello,
    /// SH
    ServerHello,
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

/// Whether an extension may stand in a message of TLS 1.3; `None` for those that the table does not know, which are ignored wherever
/// they stand.
pub fn may_appear(extension: ExtensionType, place: Place) -> Option<bool> {
    places(extension).map(|places| places.contains(&place))
}

/// RFC 9846's table row by row, in its order. Where it lacks a row, IANA's registry has it.
fn places(extension: ExtensionType) -> Option<&'static [Place]> {
    use Place::{
        Certificate as CT, CertificateRequest as CR, ClientHello as CH, EncryptedExtensions as EE,
        HelloRetryRequest as HRR, NewSessionTicket as NST, ServerHello as SH,
    };
    Some(match extension {
        ExtensionType::SERVER_NAME => &[CH, EE, CR],
        ExtensionType::MAX_FRAGMENT_LENGTH => &[CH, EE], // RFC 8446's
        ExtensionType::STATUS_REQUEST => &[CH, CR, CT],
        ExtensionType::SUPPORTED_GROUPS => &[CH, EE],
        ExtensionType::SIGNATURE_ALGORITHMS => &[CH, CR],
        ExtensionType::USE_SRTP => &[CH, EE],
        ExtensionType::HEARTBEAT => &[CH, EE],
        ExtensionType::APPLICATION_LAYER_PROTOCOL_NEGOTIATION => &[CH, EE],
        ExtensionType::SIGNED_CERTIFICATE_TIMESTAMP => &[CH, CR, CT], // RFC 8446's
        ExtensionType::CLIENT_CERTIFICATE_TYPE => &[CH, EE],
        ExtensionType::SERVER_CERTIFICATE_TYPE => &[CH, EE],
        ExtensionType::PADDING => &[CH],
        ExtensionType::COMPRESS_CERTIFICATE => &[CH, CR],
        ExtensionType::RECORD_SIZE_LIMIT => &[CH, EE],
        ExtensionType::DELEGATED_CREDENTIAL => &[CH, CR, CT],
        ExtensionType::SUPPORTED_EKT_CIPHERS => &[CH, EE],
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
        ExtensionType::EXTERNAL_ID_HASH => &[CH, EE],
        ExtensionType::EXTERNAL_SESSION_ID => &[CH, EE],
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
        assert_eq!(may_appear(ExtensionType::RENEGOTIATION_INFO, Place::ServerHello), None);
        assert_eq!(may_appear(ExtensionType(0x0a0a), Place::Certificate), None);
    }
}

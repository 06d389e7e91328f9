use super::registry;

registry! {
    /// `enum { … } AlertDescription;` (RFC 9846 section 6 and appendix B.2)
    AlertDescription(u8) {
        CLOSE_NOTIFY = 0, "close_notify";
        UNEXPECTED_MESSAGE = 10, "unexpected_message";
        BAD_RECORD_MAC = 20, "bad_record_mac";
        DECRYPTION_FAILED = 21, "decryption_failed";
        RECORD_OVERFLOW = 22, "record_overflow";
        DECOMPRESSION_FAILURE = 30, "decompression_failure";
        HANDSHAKE_FAILURE = 40, "handshake_failure";
        NO_CERTIFICATE = 41, "no_certificate";
        BAD_CERTIFICATE = 42, "bad_certificate";
        UNSUPPORTED_CERTIFICATE = 43, "unsupported_certificate";
        CERTIFICATE_REVOKED = 44, "certificate_revoked";
        CERTIFICATE_EXPIRED = 45, "certificate_expired";
        CERTIFICATE_UNKNOWN = 46, "certificate_unknown";
        ILLEGAL_PARAMETER = 47, "illegal_parameter";
        UNKNOWN_CA = 48, "unknown_ca";
        ACCESS_DENIED = 49, "access_denied";
        DECODE_ERROR = 50, "decode_error";
        DECRYPT_ERROR = 51, "decrypt_error";
        TOO_MANY_CIDS_REQUESTED = 52, "too_many_cids_requested";
        EXPORT_RESTRICTION = 60, "export_restriction";
        PROTOCOL_VERSION = 70, "protocol_version";
        INSUFFICIENT_SECURITY = 71, "insufficient_security";
        INTERNAL_ERROR = 80, "internal_error";
        INAPPROPRIATE_FALLBACK = 86, "inappropriate_fallback";
        USER_CANCELED = 90, "user_canceled";
        NO_RENEGOTIATION = 100, "no_renegotiation";
        MISSING_EXTENSION = 109, "missing_extension";
        UNSUPPORTED_EXTENSION = 110, "unsupported_extension";
        CERTIFICATE_UNOBTAINABLE = 111, "certificate_unobtainable";
        UNRECOGNIZED_NAME = 112, "unrecognized_name";
        BAD_CERTIFICATE_STATUS_RESPONSE = 113, "bad_certificate_status_response";
        BAD_CERTIFICATE_HASH_VALUE = 114, "bad_certificate_hash_value";
        UNKNOWN_PSK_IDENTITY = 115, "unknown_psk_identity";
        CERTIFICATE_REQUIRED = 116, "certificate_required";
        GENERAL_ERROR = 117, "general_error";
        NO_APPLICATION_PROTOCOL = 120, "no_application_protocol";
        ECH_REQUIRED = 121, "ech_required";
    }
}

impl AlertDescription {
    /// What its sender says with it, in a sentence for people.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::CLOSE_NOTIFY => "the sender has sent all that it had to send",
            Self::UNEXPECTED_MESSAGE => "a message came that has no place at that point",
            Self::BAD_RECORD_MAC => {
                "a record could not be decrypted: it was changed on its way, or the two sides do not hold the same keys"
            }
            Self::DECRYPTION_FAILED => "a record could not be decrypted (older versions of TLS)",
            Self::RECORD_OVERFLOW => "a record was longer than is allowed",
            Self::DECOMPRESSION_FAILURE => "compressed data could not be expanded (older versions of TLS)",
            Self::HANDSHAKE_FAILURE => "the two sides have no acceptable set of parameters in common",
            Self::NO_CERTIFICATE => "the client has no suitable certificate (SSL 3.0)",
            Self::BAD_CERTIFICATE => "the certificate is corrupt, or a signature on it is wrong",
            Self::UNSUPPORTED_CERTIFICATE => "the certificate is of a kind that the sender does not support",
            Self::CERTIFICATE_REVOKED => "the certificate was revoked by its issuer",
            Self::CERTIFICATE_EXPIRED => "the certificate has expired or is not valid yet",
            Self::CERTIFICATE_UNKNOWN => "the certificate is not acceptable for a reason that is not told",
            Self::ILLEGAL_PARAMETER => "a field of a message was wrong or contradicted another",
            Self::UNKNOWN_CA => "the certificate does not lead to an authority that the sender trusts",
            Self::ACCESS_DENIED => "the certificate or key is valid, but access was refused",
            Self::DECODE_ERROR => "a message could not be read",
            Self::DECRYPT_ERROR => "a signature, a Finished message or a PSK binder did not verify",
            Self::TOO_MANY_CIDS_REQUESTED => "more connection identifiers were asked for than the sender gives (DTLS)",
            Self::EXPORT_RESTRICTION => "the parameters break export rules (SSL 3.0 and TLS 1.0)",
            Self::PROTOCOL_VERSION => "the sender does not support the protocol version that was offered",
            Self::INSUFFICIENT_SECURITY => "the sender demands parameters that are more secure than those offered",
            Self::INTERNAL_ERROR => "something failed inside the sender, through no fault of its peer",
            Self::INAPPROPRIATE_FALLBACK => "the client retried with an older version than the server supports",
            Self::USER_CANCELED => "the sender gave the handshake up for a reason of its own",
            Self::NO_RENEGOTIATION => "the sender does not renegotiate (older versions of TLS)",
            Self::MISSING_EXTENSION => "a message lacked an extension that must be there",
            Self::UNSUPPORTED_EXTENSION => "a message answered an extension that was not offered",
            Self::CERTIFICATE_UNOBTAINABLE => "a certificate could not be fetched from its URL (older versions of TLS)",
            Self::UNRECOGNIZED_NAME => "the server knows no site by the name that the client asked for",
            Self::BAD_CERTIFICATE_STATUS_RESPONSE => {
                "the OCSP response that came with the certificate is not acceptable"
            }
            Self::BAD_CERTIFICATE_HASH_VALUE => "a certificate does not match its hash (older versions of TLS)",
            Self::UNKNOWN_PSK_IDENTITY => "the server knows none of the pre-shared keys that the client offered",
            Self::CERTIFICATE_REQUIRED => "the server demands a client certificate, and none came",
            Self::GENERAL_ERROR => "an error that the sender cannot or will not name",
            Self::NO_APPLICATION_PROTOCOL => "the two sides have no application protocol (ALPN) in common",
            Self::ECH_REQUIRED => "the server could not read the encrypted ClientHello, and the client insists on it",
            _ => "an alert that has no registered meaning",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_alert_with_a_name_has_a_meaning() {
        let unknown = AlertDescription(255).meaning();
        for &alert in AlertDescription::NAMED {
            assert_ne!(alert.meaning(), unknown, "{alert}");
        }
    }
}

//! Object identifiers.

use super::{Malformed, Problem};
use std::fmt;

/// An object identifier: the contents of its DER form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Oid<'a>(&'a [u8]);

impl<'a> Oid<'a> {
    pub(crate) const fn new(contents: &'a [u8]) -> Self {
        Self(contents)
    }

    /// Each arc in base 128, in the shortest form (X.690 section 8.19).
    pub(crate) fn from_contents(contents: &'a [u8], field: &'static str) -> Result<Self, Malformed> {
        let mut starts = true;
        for byte in contents {
            if starts && *byte == 0x80 {
                return Err(Malformed::new(field, Problem::Value));
            }
            starts = byte & 0x80 == 0;
        }
        if contents.is_empty() || !starts {
            return Err(Malformed::new(field, Problem::Value));
        }
        Ok(Self(contents))
    }

    /// The contents of the DER form.
    pub fn contents(&self) -> &'a [u8] {
        self.0
    }
}

/// The contents of the DER form of an identifier in dotted form, or `None` where it is none.
pub(crate) fn contents_of_dotted(dotted: &str) -> Option<Vec<u8>> {
    let mut arcs = dotted.split('.').map(|arc| {
        let plain = arc.bytes().all(|digit| digit.is_ascii_digit()) && (arc == "0" || !arc.starts_with('0'));
        arc.parse().ok().filter(|_: &u128| plain)
    });
    let first = arcs.next()??;
    let second = arcs.next()??;
    if first > 2 || (first < 2 && second > 39) {
        return None;
    }
    let joined = first.checked_mul(40)?.checked_add(second)?;
    let mut contents = Vec::new();
    for arc in std::iter::once(Some(joined)).chain(arcs) {
        let arc = arc?;
        let groups = (128 - arc.leading_zeros()).div_ceil(7).max(1);
        for group in (0..groups).rev() {
            let more = if group > 0 { 0x80 } else { 0 };
            contents.push(u8::try_from(arc >> (7 * group) & 0x7f).ok()? | more);
        }
    }
    Some(contents)
}

/// `1.2.840.113549.1.1.11`; arcs that do not fit into 128 bits are shown as `?`.
impl fmt::Display for Oid<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let arcs = self.0.split_inclusive(|byte| byte & 0x80 == 0);
        for (index, arc) in arcs.enumerate() {
            let value = arc.iter().try_fold(0u128, |value, byte| {
                value.checked_mul(128).map(|value| value | u128::from(byte & 0x7f))
            });
            match (index, value) {
                (0, Some(value)) if value < 80 => write!(f, "{}.{}", value / 40, value % 40)?,
                (0, Some(value)) => write!(f, "2.{}", value - 80)?,
                (0, None) => f.write_str("2.?")?,
                (_, Some(value)) => write!(f, ".{value}")?,
                (_, None) => f.write_str(".?")?,
            }
        }
        Ok(())
    }
}

/// The identifiers that this crate knows.
pub(crate) mod known {
    use super::Oid;

    macro_rules! oids {
        ($($name:ident = [$($byte:literal),*];)*) => {
            $(pub(crate) const $name: Oid<'static> = Oid::new(&[$($byte),*]);)*
        };
    }

    oids! {
        // Public keys (RFC 3279, RFC 4055, RFC 5480, RFC 8410, RFC 9881).
        RSA_ENCRYPTION = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
        RSASSA_PSS = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a];
        DSA = [0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x01];
        EC_PUBLIC_KEY = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
        SECP256R1 = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
        SECP384R1 = [0x2b, 0x81, 0x04, 0x00, 0x22];
        SECP521R1 = [0x2b, 0x81, 0x04, 0x00, 0x23];
        ED25519 = [0x2b, 0x65, 0x70];
        ML_DSA_44 = [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x11];
        ML_DSA_65 = [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x12];
        ML_DSA_87 = [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x13];

        // Signatures (RFC 4055, RFC 5758).
        DSA_WITH_SHA1 = [0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x03];
        DSA_WITH_SHA256 = [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x02];
        MD5_WITH_RSA = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x04];
        SHA1_WITH_RSA = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x05];
        SHA256_WITH_RSA = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b];
        SHA384_WITH_RSA = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0c];
        SHA512_WITH_RSA = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0d];
        ECDSA_WITH_SHA1 = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01];
        ECDSA_WITH_SHA256 = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
        ECDSA_WITH_SHA384 = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03];
        ECDSA_WITH_SHA512 = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x04];
        SHA1 = [0x2b, 0x0e, 0x03, 0x02, 0x1a];
        SHA256 = [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];
        SHA384 = [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02];
        SHA512 = [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03];
        MGF1 = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08];

        // Extensions (RFC 5280 section 4.2 and RFC 5280 section 5, RFC 6962, RFC 7633).
        SUBJECT_KEY_IDENTIFIER = [0x55, 0x1d, 0x0e];
        KEY_USAGE = [0x55, 0x1d, 0x0f];
        SUBJECT_ALT_NAME = [0x55, 0x1d, 0x11];
        CRL_NUMBER = [0x55, 0x1d, 0x14];
        CRL_REASON = [0x55, 0x1d, 0x15];
        INVALIDITY_DATE = [0x55, 0x1d, 0x18];
        DELTA_CRL_INDICATOR = [0x55, 0x1d, 0x1b];
        ISSUING_DISTRIBUTION_POINT = [0x55, 0x1d, 0x1c];
        CERTIFICATE_ISSUER = [0x55, 0x1d, 0x1d];
        ISSUER_ALT_NAME = [0x55, 0x1d, 0x12];
        BASIC_CONSTRAINTS = [0x55, 0x1d, 0x13];
        NAME_CONSTRAINTS = [0x55, 0x1d, 0x1e];
        CRL_DISTRIBUTION_POINTS = [0x55, 0x1d, 0x1f];
        CERTIFICATE_POLICIES = [0x55, 0x1d, 0x20];
        POLICY_MAPPINGS = [0x55, 0x1d, 0x21];
        AUTHORITY_KEY_IDENTIFIER = [0x55, 0x1d, 0x23];
        POLICY_CONSTRAINTS = [0x55, 0x1d, 0x24];
        EXTENDED_KEY_USAGE = [0x55, 0x1d, 0x25];
        INHIBIT_ANY_POLICY = [0x55, 0x1d, 0x36];
        AUTHORITY_INFORMATION_ACCESS = [0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, 0x01];

        TLS_FEATURE = [0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, 0x18];

        // OCSP (RFC 6960 section 4).
        OCSP_BASIC = [0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x01];
        OCSP_NONCE = [0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x02];
        OCSP_NO_CHECK = [0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x05];

        // RFC 5280 section 4.2.1.4.
        ANY_POLICY = [0x55, 0x1d, 0x20, 0x00];

        // Extended key usages (RFC 5280 section 4.2.1.12).
        ANY_EXTENDED_KEY_USAGE = [0x55, 0x1d, 0x25, 0x00];
        SERVER_AUTH = [0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01];
        CLIENT_AUTH = [0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x02];
        CODE_SIGNING = [0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x03];
        EMAIL_PROTECTION = [0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x04];
        TIME_STAMPING = [0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x08];
        OCSP_SIGNING = [0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x09];

        // Attribute types (RFC 4519, RFC 5280 appendix A, PKCS #9).
        COMMON_NAME = [0x55, 0x04, 0x03];
        SURNAME = [0x55, 0x04, 0x04];
        SERIAL_NUMBER = [0x55, 0x04, 0x05];
        COUNTRY = [0x55, 0x04, 0x06];
        LOCALITY = [0x55, 0x04, 0x07];
        STATE_OR_PROVINCE = [0x55, 0x04, 0x08];
        STREET_ADDRESS = [0x55, 0x04, 0x09];
        ORGANIZATION = [0x55, 0x04, 0x0a];
        ORGANIZATIONAL_UNIT = [0x55, 0x04, 0x0b];
        TITLE = [0x55, 0x04, 0x0c];
        GIVEN_NAME = [0x55, 0x04, 0x2a];
        DN_QUALIFIER = [0x55, 0x04, 0x2e];
        USER_ID = [0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 0x01, 0x01];
        DOMAIN_COMPONENT = [0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 0x01, 0x19];
        EMAIL_ADDRESS = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x01];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_shown_with_dots() {
        assert_eq!(known::SHA256_WITH_RSA.to_string(), "1.2.840.113549.1.1.11");
        assert_eq!(known::SECP384R1.to_string(), "1.3.132.0.34");
        assert_eq!(known::KEY_USAGE.to_string(), "2.5.29.15");
        assert_eq!(known::USER_ID.to_string(), "0.9.2342.19200300.100.1.1");
        assert_eq!(Oid::new(&[0x88, 0x37]).to_string(), "2.999");
        assert_eq!(Oid::new(&[0xff; 30]).to_string(), "2.?");
    }

    #[test]
    fn what_is_shown_with_dots_is_read() {
        for oid in [
            known::SHA256_WITH_RSA,
            known::SECP384R1,
            known::USER_ID,
            Oid::new(&[0x88, 0x37]),
        ] {
            assert_eq!(contents_of_dotted(&oid.to_string()).as_deref(), Some(oid.contents()));
        }
        for bad in ["", "1", "1.", "3.1", "1.40", "1.+2", "1.02", "1.2.a", "1.2..3"] {
            assert_eq!(contents_of_dotted(bad), None, "{bad}");
        }
    }

    #[test]
    fn arcs_have_one_form() {
        for bad in [&[][..], &[0x80, 0x01], &[0x55, 0x80, 0x01], &[0x55, 0x81]] {
            assert!(Oid::from_contents(bad, "f").is_err(), "{bad:?}");
        }
        assert!(Oid::from_contents(&[0x55, 0x81, 0x00], "f").is_ok());
    }
}

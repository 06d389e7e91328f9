//! The textual form of certificates and keys (RFC 7468).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// RFC 7468 section 2: each line of the text but the last has 64 characters.
const LINE: usize = 64;

/// One certificate.
pub(crate) fn certificate(der: &[u8]) -> String {
    armor("CERTIFICATE", der).to_string()
}

/// One private key in PKCS#8.
pub(crate) fn private_key(pkcs8: &[u8]) -> Zeroizing<String> {
    armor("PRIVATE KEY", pkcs8)
}

/// Room for all of it is made at once: a string that grows leaves a copy of what it held, which nothing wipes.
fn armor(label: &str, der: &[u8]) -> Zeroizing<String> {
    let text = Zeroizing::new(STANDARD.encode(der));
    let frame = 2 * ("-----BEGIN -----\n".len() + label.len());
    let mut pem = Zeroizing::new(String::with_capacity(frame + text.len() + text.len() / LINE + 1));
    pem.extend(["-----BEGIN ", label, "-----\n"]);
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at_checked(LINE).unwrap_or((rest, ""));
        pem.extend([line, "\n"]);
        rest = after;
    }
    pem.extend(["-----END ", label, "-----\n"]);
    pem
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_64_characters() {
        assert_eq!(
            certificate(&[]),
            "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"
        );
        let pem = certificate(&[0; 49]);
        assert_eq!(pem.lines().nth(1), Some("A".repeat(64).as_str()));
        assert_eq!(pem.lines().nth(2), Some("AA=="));
    }

    #[test]
    fn a_key_is_written_without_moving_it() {
        for length in 0..200 {
            let pem = private_key(&vec![0; length]);
            assert!(pem.len() <= pem.capacity());
            let room = 2 * "-----BEGIN PRIVATE KEY-----\n".len() + 4 * length.div_ceil(3) + length.div_ceil(48) + 1;
            assert!(pem.capacity() <= room, "{length}: {} > {room}", pem.capacity());
        }
    }
}

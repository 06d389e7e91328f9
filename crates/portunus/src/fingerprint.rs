//! Fingerprints of certificates and keys, as browsers and openssl show them.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// `AB:CD:…`: the SHA-256 of a certificate.
pub(crate) fn sha256(der: &[u8]) -> String {
    pairs(digest::digest(&digest::SHA256, der).as_ref())
}

/// The SHA-1 of a certificate: it proves nothing any more, and old tools and lists still name certificates so.
pub(crate) fn sha1(der: &[u8]) -> String {
    pairs(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, der).as_ref())
}

/// The pin of a key: the SHA-256 of its SubjectPublicKeyInfo in base64 (RFC 7469 section 2.4), as curl's `--pinnedpubkey` takes it.
pub(crate) fn pin(subject_public_key_info: &[u8]) -> String {
    let digest = digest::digest(&digest::SHA256, subject_public_key_info);
    format!("sha256//{}", STANDARD.encode(digest))
}

/// Octets in hexadecimal with colons between them.
pub(crate) fn pairs(octets: &[u8]) -> String {
    let pairs: Vec<_> = octets.iter().map(|byte| format!("{byte:02X}")).collect();
    pairs.join(":")
}

#[cfg(test)]
mod tests {
    #[test]
    fn it_is_written_in_pairs_of_digits() {
        let shown = super::sha256(b"abc");
        assert!(shown.starts_with("BA:78:16:BF:8F:01:CF:EA:"), "{shown}");
        assert_eq!(shown.len(), 32 * 3 - 1);
        assert!(super::sha1(b"abc").starts_with("A9:99:3E:36:"));
    }

    #[test]
    fn a_pin_is_base64() {
        assert_eq!(
            super::pin(b"abc"),
            "sha256//ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="
        );
    }
}

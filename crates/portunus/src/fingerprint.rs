//! Fingerprints of certificates, as browsers and openssl show them.

use aws_lc_rs::digest;

/// `AB:CD:…`: the SHA-256 of a certificate.
pub(crate) fn sha256(der: &[u8]) -> String {
    let digest = digest::digest(&digest::SHA256, der);
    digest
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect::<Vec<_>>()
        .join(":")
}

#[cfg(test)]
mod tests {
    #[test]
    fn it_is_written_in_pairs_of_digits() {
        let shown = super::sha256(b"abc");
        assert!(shown.starts_with("BA:78:16:BF:8F:01:CF:EA:"), "{shown}");
        assert_eq!(shown.len(), 32 * 3 - 1);
    }
}

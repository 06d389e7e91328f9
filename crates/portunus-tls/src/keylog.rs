//! The key log: the only way out for a secret.

/// Takes secrets in the NSS key log format (`SSLKEYLOGFILE`, RFC 9850), so that tools like Wireshark can decrypt. Whoever has the log can read
/// the connection.
pub trait KeyLog: Send + Sync {
    /// One line's content: the label, the ClientHello's random, and the secret.
    fn log(&self, label: &str, client_random: &[u8; 32], secret: &[u8]);
}

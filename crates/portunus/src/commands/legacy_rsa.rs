//! `--legacy-rsa`: HTTPS in its original form, where the secret goes to the server under its RSA key.

use portunus_tls::Policy;
use portunus_tls::wire::CipherSuite;

use crate::failure::Failure;

/// What it costs.
pub(super) const COSTS: &str = "without forward secrecy: whoever records a connection and gets hold of the server's private key one \
                                day can read all of it";

/// What is offered to servers: that alone, or they would choose something better.
pub(super) fn client_policy() -> Result<Policy, Failure> {
    let transport = server_policy().with_cipher_suites(&[
        CipherSuite::TLS_RSA_WITH_AES_128_GCM_SHA256,
        CipherSuite::TLS_RSA_WITH_AES_256_GCM_SHA384,
    ]);
    transport.map_err(|error| Failure::new("cannot offer RSA key transport").because(&error))
}

/// What clients may have: that too, where they offer nothing better.
pub(super) fn server_policy() -> Policy {
    Policy::modern().allow_rsa_key_transport_without_forward_secrecy()
}

//! The policies that have a name.

use super::Policy;
use crate::wire::{CipherSuite, NamedGroup, SignatureScheme};

const TLS13_SUITES: &[CipherSuite] = &[
    CipherSuite::TLS_AES_128_GCM_SHA256,
    CipherSuite::TLS_AES_256_GCM_SHA384,
    CipherSuite::TLS_CHACHA20_POLY1305_SHA256,
];

/// Forward secrecy and authenticated encryption alone (RFC 9325 section 4.2).
#[cfg(feature = "tls12")]
const TLS12_SUITES: &[CipherSuite] = &[
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
];
#[cfg(not(feature = "tls12"))]
const TLS12_SUITES: &[CipherSuite] = &[];

/// In no policy: see [`Policy::allow_rsa_key_transport_without_forward_secrecy`].
#[cfg(feature = "tls12")]
pub(super) const KEY_TRANSPORT_SUITES: [CipherSuite; 2] = [
    CipherSuite::TLS_RSA_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_RSA_WITH_AES_256_GCM_SHA384,
];

const GROUPS: &[NamedGroup] = &[
    NamedGroup::X25519MLKEM768,
    NamedGroup::X25519,
    NamedGroup::SECP256R1,
    NamedGroup::SECP384R1,
];

const SCHEMES: &[SignatureScheme] = &[
    SignatureScheme::ECDSA_SECP256R1_SHA256,
    SignatureScheme::ECDSA_SECP384R1_SHA384,
    SignatureScheme::ECDSA_SECP521R1_SHA512,
    SignatureScheme::ED25519,
    SignatureScheme::RSA_PSS_RSAE_SHA256,
    SignatureScheme::RSA_PSS_RSAE_SHA384,
    SignatureScheme::RSA_PSS_RSAE_SHA512,
    SignatureScheme::RSA_PSS_PSS_SHA256,
    SignatureScheme::RSA_PSS_PSS_SHA384,
    SignatureScheme::RSA_PSS_PSS_SHA512,
];

/// RFC 9846 section 4.3.3 leaves them to certificates in TLS 1.3; in TLS 1.2 many hardware keys have no other.
#[cfg(feature = "tls12")]
const TLS12_SCHEMES: &[SignatureScheme] = &[
    SignatureScheme::RSA_PKCS1_SHA256,
    SignatureScheme::RSA_PKCS1_SHA384,
    SignatureScheme::RSA_PKCS1_SHA512,
];
#[cfg(not(feature = "tls12"))]
const TLS12_SCHEMES: &[SignatureScheme] = &[];

/// Whoever breaks one half of such a group has not broken the other (draft-ietf-tls-ecdhe-mlkem section 5).
const POST_QUANTUM_GROUPS: &[NamedGroup] = &[
    NamedGroup::X25519MLKEM768,
    NamedGroup::SECP256R1MLKEM768,
    NamedGroup::SECP384R1MLKEM1024,
];

/// The names that move: each is the newest of its kind.
impl Policy {
    /// The default: today [`Policy::modern_2026_11`].
    pub fn modern() -> Self {
        Self::modern_2026_11()
    }

    /// For older peers as well: today [`Policy::compatible_2026_11`].
    pub fn compatible() -> Self {
        Self::compatible_2026_11()
    }

    /// Against who records today and decrypts later: today [`Policy::post_quantum_2026_11`].
    pub fn post_quantum() -> Self {
        Self::post_quantum_2026_11()
    }
}

/// The names with a date: what they mean never changes.
impl Policy {
    /// TLS 1.3 with hybrid post-quantum key exchange first, and TLS 1.2 as RFC 9325 leaves it: forward secrecy, authenticated encryption, extended
    /// main secret.
    pub fn modern_2026_11() -> Self {
        Self {
            cipher_suites: [TLS13_SUITES, TLS12_SUITES].concat(),
            groups: GROUPS.to_vec(),
            signature_schemes: SCHEMES.to_vec(),
            tls12_signature_schemes: TLS12_SCHEMES.to_vec(),
            extended_main_secret_required: true,
        }
    }

    /// As [`Policy::modern_2026_11`], for peers of before 2016 as well: TLS 1.2 goes on without extended main secret.
    pub fn compatible_2026_11() -> Self {
        Self {
            extended_main_secret_required: false,
            ..Self::modern_2026_11()
        }
    }

    /// TLS 1.3 with hybrid post-quantum key exchange alone: a peer that has none is refused.
    pub fn post_quantum_2026_11() -> Self {
        Self {
            cipher_suites: TLS13_SUITES.to_vec(),
            groups: POST_QUANTUM_GROUPS.to_vec(),
            signature_schemes: SCHEMES.to_vec(),
            tls12_signature_schemes: Vec::new(),
            extended_main_secret_required: true,
        }
    }
}

#[cfg(all(test, feature = "tls12"))]
mod tests {
    use std::fmt::Display;

    use super::*;

    fn row<T: Display>(name: &str, values: &[T]) -> String {
        let values: Vec<_> = values.iter().map(|value| format!("\n  {value}")).collect();
        format!("{name}:{}\n", values.concat())
    }

    fn table(name: &str, policy: &Policy) -> String {
        let required = if policy.extended_main_secret_required {
            "required"
        } else {
            "where the peer has it"
        };
        [
            format!("{name}\n\n"),
            row("versions", &policy.versions().collect::<Vec<_>>()),
            row("cipher suites", &policy.cipher_suites),
            row("groups", &policy.groups),
            row("signature schemes", &policy.signature_schemes),
            row("and in TLS 1.2", &policy.tls12_signature_schemes),
            row("extended main secret in TLS 1.2", &[required]),
        ]
        .concat()
    }

    /// What users read in the documentation is what is in force.
    #[test]
    fn the_tables_say_what_the_policies_are() {
        let tables = [
            (
                table("modern_2026_11", &Policy::modern()),
                include_str!("../../../../docs/policies/modern_2026_11.txt"),
            ),
            (
                table("compatible_2026_11", &Policy::compatible()),
                include_str!("../../../../docs/policies/compatible_2026_11.txt"),
            ),
            (
                table("post_quantum_2026_11", &Policy::post_quantum()),
                include_str!("../../../../docs/policies/post_quantum_2026_11.txt"),
            ),
        ];
        for (found, documented) in tables {
            assert_eq!(found, documented);
        }
    }
}

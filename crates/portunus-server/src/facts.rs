//! What is known of a connection, in words: for its visitor and for the access log.

use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::early::Early;

/// What a visitor may know of the own connection.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ConnectionFacts {
    /// How the connection is secured; absent where it is not.
    pub tls: Option<TlsFacts>,
    /// Whether what came up to now may be a replay.
    #[serde(skip)]
    pub early: Early,
}

/// The outcome of a handshake. Names are the registries' own (`TLS_AES_128_GCM_SHA256`, `X25519MLKEM768`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TlsFacts {
    /// `TLS 1.3`
    pub version: String,
    /// What seals the records.
    pub cipher_suite: String,
    /// How the secret was agreed on.
    pub group: Option<String>,
    /// How the server proved that it holds its private key. Absent when resumed: the proof of then still counts.
    pub signature_scheme: Option<String>,
    /// What both agreed to speak (`h2`, `http/1.1`).
    pub application_protocol: Option<String>,
    /// The name that the visitor asked for.
    pub server_name: Option<String>,
    /// Whether an earlier connection's keys were built upon.
    pub resumed: bool,
    /// Whether the visitor's first bytes were taken as early data, before the handshake was done.
    pub early_data: bool,
    /// Whether the server asked for a second hello (HelloRetryRequest).
    pub hello_retry_request: bool,
    /// The chain that the server showed, its own certificate first. Connections share it; resumed ones show none.
    #[serde(serialize_with = "shared")]
    pub certificate_chain: Arc<Vec<CertificateFacts>>,
    /// The chain that the visitor showed, if any.
    pub client_certificate_chain: Vec<CertificateFacts>,
}

/// One certificate, in words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CertificateFacts {
    /// Whom it is for.
    pub subject: String,
    /// Who signed it.
    pub issuer: String,
    /// The names and addresses that it is valid for.
    pub names: Vec<String>,
    /// Valid from (RFC 3339, UTC).
    pub not_before: String,
    /// Valid until (RFC 3339, UTC).
    pub not_after: String,
    /// The kind of its public key (`EC P-256`).
    pub key: String,
    /// SHA-256 of the whole certificate, in hexadecimal.
    pub sha256: String,
}

fn shared<S: Serializer>(chain: &Arc<Vec<CertificateFacts>>, serializer: S) -> Result<S::Ok, S::Error> {
    chain.serialize(serializer)
}

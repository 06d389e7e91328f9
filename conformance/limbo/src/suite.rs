//! The suite's file: x509-limbo's JSON, version 1, gzipped or not.

use std::fs;
use std::io::Read;
use std::path::Path;

use flate2::read::MultiGzDecoder;
use serde::Deserialize;

/// The whole file.
#[derive(Debug, Deserialize)]
pub(crate) struct Suite {
    version: u32,
    pub(crate) testcases: Vec<Case>,
}

/// One case; what no case needs of us is left out.
#[derive(Debug, Deserialize)]
pub(crate) struct Case {
    /// `namespace::…::name`.
    pub(crate) id: String,
    pub(crate) validation_kind: Kind,
    pub(crate) trusted_certs: Vec<String>,
    pub(crate) untrusted_intermediates: Vec<String>,
    pub(crate) peer_certificate: String,
    /// RFC 3339; now where there is none.
    pub(crate) validation_time: Option<String>,
    pub(crate) expected_result: Expected,
    pub(crate) expected_peer_name: Option<PeerName>,
    pub(crate) signature_algorithms: Vec<String>,
    pub(crate) key_usage: Vec<String>,
    pub(crate) extended_key_usage: Vec<String>,
    pub(crate) max_chain_depth: Option<usize>,
    pub(crate) crls: Vec<String>,
}

/// Whose certificate is verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Kind {
    Client,
    Server,
}

/// What the suite says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Expected {
    Success,
    Failure,
}

/// A name that the certificate is to have.
#[derive(Debug, Deserialize)]
pub(crate) struct PeerName {
    pub(crate) value: String,
}

impl Case {
    /// The groups of the table: the first word, and for the large one the second.
    pub(crate) fn namespace(&self) -> &str {
        let mut ends = self.id.match_indices("::").map(|(at, _)| at);
        let first = ends.next().unwrap_or(self.id.len());
        let end = if self.id.get(..first) == Some("bettertls") {
            ends.next().unwrap_or(first)
        } else {
            first
        };
        self.id.get(..end).unwrap_or(&self.id)
    }
}

/// Reads the suite.
pub(crate) fn read(path: &Path) -> Result<Suite, String> {
    let because = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let bytes = fs::read(path).map_err(|error| because(&error))?;
    let json = if bytes.starts_with(&[0x1f, 0x8b]) {
        let mut json = Vec::new();
        let read = MultiGzDecoder::new(bytes.as_slice()).read_to_end(&mut json);
        read.map_err(|error| because(&error))?;
        json
    } else {
        bytes
    };
    let suite: Suite = serde_json::from_slice(&json).map_err(|error| because(&error))?;
    if suite.version != 1 {
        return Err(because(&format!("version {} of the schema, not 1", suite.version)));
    }
    Ok(suite)
}

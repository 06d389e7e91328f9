//! The expectations: what each test consists of, how it is asked, and what it wants.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use portunus_x509::UnixTime;
use serde::Deserialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The whole file.
#[derive(Debug, Deserialize)]
pub(crate) struct Suite {
    /// RFC 3339.
    validation_time: String,
    /// Object identifiers, in dotted form, by the names that tests use.
    policy_oids: BTreeMap<String, String>,
    pub(crate) tests: Vec<Test>,
}

/// One test, or one of several ways to ask it; names are those of files.
#[derive(Debug, Deserialize)]
pub(crate) struct Test {
    /// `4.8.3/2`.
    pub(crate) id: String,
    section: String,
    trust_anchor: String,
    intermediates: Vec<String>,
    end_entity: String,
    crls: Vec<String>,
    pub(crate) initial_policy_set: Vec<String>,
    pub(crate) initial_explicit_policy: bool,
    pub(crate) initial_policy_mapping_inhibit: bool,
    pub(crate) initial_inhibit_any_policy: bool,
    expected: Expected,
    /// By name; `None` where the suite does not say.
    pub(crate) expected_user_constrained_policy_set: Option<Vec<String>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Expected {
    Valid,
    Invalid,
}

/// What a test consists of, in DER.
#[derive(Debug)]
pub(crate) struct Files {
    pub(crate) anchor: Vec<u8>,
    /// The end entity first.
    pub(crate) chain: Vec<Vec<u8>>,
    pub(crate) lists: Vec<Vec<u8>>,
}

impl Suite {
    pub(crate) fn time(&self) -> Result<UnixTime, String> {
        let time = OffsetDateTime::parse(&self.validation_time, &Rfc3339);
        let time = time.map_err(|error| format!("{}: {error}", self.validation_time))?;
        Ok(UnixTime(time.unix_timestamp()))
    }

    /// The identifier of a policy that a test names.
    pub(crate) fn oid(&self, name: &str) -> Result<&str, String> {
        let oid = self.policy_oids.get(name).map(String::as_str);
        oid.ok_or_else(|| format!("the policy {name} has no identifier"))
    }

    /// Reads what a test consists of.
    pub(crate) fn files(&self, test: &Test, data: &Path) -> Result<Files, String> {
        let certificate = |name: &String| read_file(data.join("certs").join(format!("{name}.crt")));
        let list = |name: &String| read_file(data.join("crls").join(format!("{name}.crl")));
        let chain = std::iter::once(&test.end_entity).chain(&test.intermediates);
        Ok(Files {
            anchor: certificate(&test.trust_anchor)?,
            chain: chain.map(certificate).collect::<Result<_, _>>()?,
            lists: test.crls.iter().map(list).collect::<Result<_, _>>()?,
        })
    }
}

impl Test {
    /// The row of the table: `4.8`, so that rows stand in the suite's order.
    pub(crate) fn group(&self) -> String {
        let chapter = self.section.split('.').nth(1).unwrap_or_default();
        format!("4.{chapter:0>2}")
    }

    pub(crate) fn is_valid(&self) -> bool {
        self.expected == Expected::Valid
    }
}

/// Reads the expectations.
pub(crate) fn read(path: &Path) -> Result<Suite, String> {
    let json = read_file(path.to_owned())?;
    serde_json::from_slice(&json).map_err(|error| format!("{}: {error}", path.display()))
}

fn read_file(path: PathBuf) -> Result<Vec<u8>, String> {
    fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))
}

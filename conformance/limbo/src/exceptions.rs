//! Cases that we answer otherwise than the suite, each with its reason.

use std::collections::BTreeMap;

/// The file, as it was when this was built.
const FILE: &str = include_str!("../exceptions.json");

/// Reasons by case.
#[derive(Debug)]
pub(crate) struct Exceptions(BTreeMap<String, String>);

impl Exceptions {
    pub(crate) fn read() -> Result<Self, String> {
        let reasons = serde_json::from_str(FILE).map_err(|error| format!("exceptions.json: {error}"))?;
        Ok(Self(reasons))
    }

    /// Why the case is answered otherwise.
    pub(crate) fn reason(&self, id: &str) -> Option<&str> {
        self.0.get(id).map(String::as_str)
    }
}

//! Layers point down only: crates by what their manifests depend on, modules by what they `use`.
//!
//! This file is the table. A crate or a module that is in none of its rows is a finding: give it its place.

use super::Finding;
use super::source::Source;

/// Which crates of ours a crate may depend on, those above first.
pub(crate) const CRATES: &[(&str, &[&str])] = &[
    (
        "portunus",
        &[
            "portunus-server",
            "portunus-client",
            "portunus-ca",
            "portunus-explain",
            "portunus-tokio",
            "portunus-tls",
            "portunus-x509",
        ],
    ),
    (
        "portunus-server",
        &["portunus-ca", "portunus-tokio", "portunus-tls", "portunus-x509"],
    ),
    ("portunus-client", &["portunus-tokio", "portunus-tls", "portunus-x509"]),
    ("portunus-ca", &["portunus-x509"]),
    ("portunus-explain", &["portunus-tls", "portunus-x509"]),
    ("portunus-tokio", &["portunus-tls", "portunus-x509"]),
    ("portunus-tls", &["portunus-x509"]),
    ("portunus-x509", &[]),
];

/// The layers of modules in a crate, the lowest first. A module may use those of its own row and of the rows before it.
const MODULES: &[(&str, &[&[&str]])] = &[
    (
        "portunus-tls",
        &[
            &["decision", "limits", "mutation", "wire", "wiping"],
            &["crypto"],
            &["error"],
            &["record"],
            &["schedule"],
            &["policy"],
            &["choose"],
            &["keylog", "observe", "session"],
            &["config"],
            &["handshake_io"],
            &["handshake"],
            &["connection"],
            &["handshake_driver"],
        ],
    ),
    (
        "portunus-x509",
        &[
            &["der", "limits", "memory", "printable", "time"],
            &["name", "pem", "pkcs7", "spki"],
            &["extensions", "policies", "revocation", "sct", "signature"],
            &["certificate", "words"],
            &["anchors"],
            &["checks", "policy", "report", "transparency"],
            &["path", "verdict"],
        ],
    ),
];

pub(super) fn check(source: &Source) -> Vec<Finding> {
    let Some(layers) = source
        .krate()
        .and_then(|krate| MODULES.iter().find(|(name, _)| *name == krate))
    else {
        return Vec::new();
    };
    if !source.is_shipped() {
        return Vec::new();
    }
    let layer = |module: &str| layers.1.iter().position(|layer| layer.contains(&module));
    let module = source.module();
    // The root stands above all layers.
    let Some(own) = module.first() else { return Vec::new() };
    let Some(height) = layer(own) else {
        return vec![source.finding(1, format!("the module {own} has no layer in xtask/src/rules/layers.rs"))];
    };
    let mut findings = Vec::new();
    for named in source.names() {
        let Some(used) = module_of(source, &module, &named.segments) else {
            continue;
        };
        if layer(&used).is_none_or(|other| other > height) {
            let name = named.segments.join("::");
            findings.push(source.finding(
                named.line,
                format!("{own} uses {name}, and {used} is no layer beneath it"),
            ));
        }
    }
    findings
}

/// The module at the crate's root that a path leads into, for a path that says where in the crate it begins.
fn module_of(source: &Source, module: &[&str], segments: &[String]) -> Option<String> {
    let (first, rest) = segments.split_first()?;
    let mut here: Vec<&str> = module.to_vec();
    let mut rest = rest;
    match first.as_str() {
        "crate" => here.clear(),
        "super" => {
            here.pop();
            while let Some(("super", behind)) = rest.split_first().map(|(next, behind)| (next.as_str(), behind)) {
                here.pop();
                rest = behind;
            }
        }
        _ => return None,
    }
    let used = here.first().copied().or_else(|| rest.first().map(String::as_str))?;
    // `crate::Error` is what the root gives on from `error`.
    let given_on = here
        .is_empty()
        .then(|| source.root_names.iter().find(|(name, _)| name == used))
        .flatten();
    Some(given_on.map_or_else(|| used.to_owned(), |(_, from)| from.clone()))
}

/// What the normal dependencies of our crates break, each given as a crate and one of ours that it depends on.
pub(crate) fn check_crates(dependencies: &[(String, String)]) -> Vec<String> {
    let row = |name: &str| CRATES.iter().find(|(krate, _)| *krate == name);
    let broken = dependencies.iter().filter_map(|(krate, used)| match row(krate) {
        None => Some(format!("the crate {krate} has no row in xtask/src/rules/layers.rs")),
        Some((_, below)) if below.contains(&used.as_str()) => None,
        Some(_) => Some(format!("{krate} depends on {used}, which does not stand beneath it")),
    });
    broken.collect()
}

#[cfg(test)]
mod tests {
    use super::super::source::Sources;
    use super::*;

    fn findings(path: &str, text: &str) -> Vec<String> {
        check(&Source::of(path, text))
            .into_iter()
            .map(|finding| finding.what)
            .collect()
    }

    #[test]
    fn a_module_uses_what_is_beneath_it() {
        let path = "crates/portunus-tls/src/record/seal.rs";
        assert_eq!(
            findings(
                path,
                "use crate::wire::ids; use crate::record::a; use super::b; use std::fmt;"
            ),
            [""; 0]
        );
        assert_eq!(findings(path, "use crate::handshake::Channel;").len(), 1);
        assert_eq!(findings(path, "use crate::{wire, schedule::tls13};").len(), 1);
        assert_eq!(findings(path, "fn a() { crate::connection::b() }").len(), 1);
        assert_eq!(findings(path, "use super::super::handshake::Channel;").len(), 1);
        assert_eq!(
            findings(path, "#[cfg(test)] mod tests { use crate::handshake::Channel; }"),
            [""; 0]
        );
    }

    #[test]
    fn the_root_may_use_everything_and_a_new_module_needs_a_place() {
        assert_eq!(
            findings(
                "crates/portunus-tls/src/lib.rs",
                "pub use crate::connection::Connection;"
            ),
            [""; 0]
        );
        assert_eq!(findings("crates/portunus-tls/src/novel.rs", "fn a() {}").len(), 1);
        assert_eq!(findings("crates/portunus-server/src/novel.rs", "fn a() {}"), [""; 0]);
    }

    #[test]
    fn a_name_at_the_root_counts_as_its_module() {
        let sources = Sources::read(vec![
            (
                "crates/portunus-tls/src/lib.rs".into(),
                "pub use connection::Connection; pub use error::{Error};".into(),
            ),
            (
                "crates/portunus-tls/src/record.rs".into(),
                "use crate::Connection; use crate::Error;".into(),
            ),
        ])
        .expect("tokens");
        let findings: Vec<_> = sources.files.iter().flat_map(check).collect();
        assert_eq!(findings.len(), 1, "{findings:?}");
    }

    #[test]
    fn crates_depend_downwards() {
        let of = |krate: &str, used: &str| check_crates(&[(krate.to_owned(), used.to_owned())]).len();
        assert_eq!(of("portunus-tls", "portunus-x509"), 0);
        assert_eq!(of("portunus-x509", "portunus-tls"), 1);
        assert_eq!(of("portunus-novel", "portunus-tls"), 1);
    }

    #[test]
    fn the_table_itself_points_down_only() {
        for (at, (krate, below)) in CRATES.iter().enumerate() {
            for used in *below {
                let place = CRATES.iter().position(|(name, _)| name == used);
                assert!(place.is_some_and(|place| place > at), "{krate} -> {used}");
            }
        }
    }
}

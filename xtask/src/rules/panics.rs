//! No panic is reachable from the wire: the two crates that read what a peer sent have no call that can panic by design.
//! (Indexing and arithmetic are clippy's and the fuzz targets' to find.)

use super::Finding;
use super::source::{Source, reads};

const CRATES: &[&str] = &["portunus-tls", "portunus-x509"];
const METHODS: &[&str] = &["unwrap", "expect", "unwrap_err", "expect_err"];
const MACROS: &[&str] = &["panic", "unreachable", "todo", "unimplemented"];

pub(super) fn check(source: &Source) -> Vec<Finding> {
    if !source.is_shipped() || !source.krate().is_some_and(|krate| CRATES.contains(&krate)) {
        return Vec::new();
    }
    let code = &source.code;
    let mut findings = Vec::new();
    for (at, token) in code.iter().enumerate() {
        let word = token.text.as_str();
        if METHODS.contains(&word) && at > 0 && reads(code, at - 1, &[".", word, "("]) {
            findings.push(source.finding(token.line, format!(".{word}() can panic")));
        }
        if MACROS.contains(&word) && reads(code, at + 1, &["!"]) {
            findings.push(source.finding(token.line, format!("{word}! is a panic")));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(path: &str, text: &str) -> usize {
        check(&Source::of(path, text)).len()
    }

    #[test]
    fn calls_that_panic_are_found_outside_tests() {
        let path = "crates/portunus-x509/src/a.rs";
        for text in [
            "fn a() { b.unwrap() }",
            "fn a() { b\n.expect(\"c\") }",
            "fn a() { panic!() }",
            "fn a() { unreachable!() }",
        ] {
            assert_eq!(findings(path, text), 1, "{text}");
            assert_eq!(
                findings(path, &format!("#[cfg(test)] mod tests {{ {text} }}")),
                0,
                "{text}"
            );
        }
    }

    #[test]
    fn what_only_looks_like_it_is_left_alone() {
        let path = "crates/portunus-x509/src/a.rs";
        assert_eq!(
            findings(path, "fn a() { b.unwrap_or(c); expect(d); } // panic!() .unwrap()"),
            0
        );
        assert_eq!(findings("crates/portunus/src/main.rs", "fn a() { b.unwrap() }"), 0);
    }
}

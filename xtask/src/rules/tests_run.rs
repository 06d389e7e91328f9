//! Every test runs, and says what it expects: no bare `#[ignore]`, and no `#[should_panic]`, which any panic satisfies.

use super::Finding;
use super::source::{Source, reads};

pub(super) fn check(source: &Source) -> Vec<Finding> {
    let code = &source.all_code;
    let mut findings = Vec::new();
    for (at, token) in code.iter().enumerate() {
        if reads(code, at, &["#", "[", "ignore", "]"]) {
            findings.push(source.finding(token.line, "#[ignore] without a reason"));
        }
        if reads(code, at, &["#", "[", "should_panic"]) {
            findings.push(source.finding(
                token.line,
                "should_panic: any panic satisfies it; assert the error instead",
            ));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_that_do_not_run_or_say_too_little_are_found() {
        let findings = |text: &str| check(&Source::of("crates/a/tests/b.rs", text)).len();
        assert_eq!(findings("#[test]\n#[ignore]\nfn a() {}"), 1);
        assert_eq!(findings("#[test]\n#[should_panic(expected = \"b\")]\nfn a() {}"), 1);
        assert_eq!(
            findings("#[test]\n#[ignore = \"takes an hour; cargo xtask soak runs it\"]\nfn a() {}"),
            0
        );
    }
}

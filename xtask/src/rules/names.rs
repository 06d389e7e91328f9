//! A module's name says what is in it.

use super::Finding;
use super::source::Source;

const REFUSED: &[&str] = &["util", "utils", "helper", "helpers", "common", "misc"];

pub(super) fn check(source: &Source) -> Vec<Finding> {
    let stem = source.path.trim_end_matches(".rs");
    let parts = stem.split('/').filter(|part| REFUSED.contains(part));
    let mut findings: Vec<_> = parts
        .map(|part| source.finding(1, format!("a module named {part} says nothing of what is in it")))
        .collect();
    // Modules whose code stands in the same file.
    for pair in source.all_code.windows(3) {
        if pair[0].text == "mod" && REFUSED.contains(&pair[1].text.as_str()) && pair[2].text == "{" {
            findings.push(source.finding(pair[1].line, format!("a module named {} says nothing", pair[1].text)));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_say_nothing_are_refused() {
        let findings = |path: &str, text: &str| check(&Source::of(path, text)).len();
        assert_eq!(findings("crates/a/src/utils.rs", ""), 1);
        assert_eq!(findings("crates/a/tests/common/mod.rs", ""), 1);
        assert_eq!(findings("crates/a/src/b.rs", "mod helpers { fn a() {} }"), 1);
        assert_eq!(
            findings("crates/a/src/wire.rs", "mod helpers_of_the_gods; fn common() {}"),
            0
        );
    }
}

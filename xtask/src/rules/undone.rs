//! Nothing is left undone: what is missing is filed as an issue, not as a comment.

use super::Finding;
use super::source::Source;

/// Taken apart, so that this list is no finding itself.
const WORDS: &[&str] = &[
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
    concat!("HA", "CK"),
];

pub(super) fn check(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (at, line) in source.text.lines().enumerate() {
        let words = line.split(|character: char| !character.is_alphanumeric() && character != '_');
        for word in words.filter(|word| WORDS.contains(word)) {
            findings.push(source.finding(at + 1, format!("{word}: do it now or file it")));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_words_alone_count() {
        let findings = |text: &str| check(&Source::of("crates/a/src/b.rs", text)).len();
        assert_eq!(findings(concat!("// TO", "DO: this")), 1);
        assert_eq!(findings("// A TODOLIST, or HACKING"), 0);
    }
}

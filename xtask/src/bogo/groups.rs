//! Which tests are in scope, and how they are counted.

use std::fs;

use crate::run::{Failure, because, fail, root};

const FILE: &str = "conformance/bogo/groups.txt";
const OUT: &str = "out";
/// Where a test belongs that no line names.
const REST: &str = "core";

/// The lines of the file, in its order.
#[derive(Debug)]
pub(crate) struct Groups(Vec<(String, String)>);

impl Groups {
    pub(crate) fn read() -> Result<Self, Failure> {
        let path = root().join(FILE);
        Self::parse(&fs::read_to_string(&path).map_err(because(path.display()))?)
    }

    fn parse(text: &str) -> Result<Self, Failure> {
        let mut lines = Vec::new();
        let mut scope = false;
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let Some((group, pattern)) = line.split_once(' ') else {
                return fail(format!("{FILE}: not a group and a pattern: {line}"));
            };
            // The runner is told to skip them, and does not know what stands before.
            if group == OUT && scope {
                return fail(format!("{FILE}: what is out of scope stands first: {line}"));
            }
            scope |= group != OUT;
            lines.push((group.to_owned(), pattern.to_owned()));
        }
        Ok(Self(lines))
    }

    /// The patterns of all tests that are not in scope.
    pub(crate) fn out_of_scope(&self) -> Vec<&str> {
        let lines = self.0.iter().filter(|(group, _)| group == OUT);
        lines.map(|(_, pattern)| pattern.as_str()).collect()
    }

    /// The group of the test.
    pub(crate) fn of(&self, test: &str) -> &str {
        let line = self.0.iter().find(|(_, pattern)| matches(pattern, test));
        line.map_or(REST, |(group, _)| group)
    }
}

/// Whether a pattern, in which `*` stands for any text, is that of the whole name.
pub(crate) fn matches(pattern: &str, name: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else {
        return pattern == name;
    };
    let Some(name) = name.strip_prefix(start) else {
        return false;
    };
    let ends = name.char_indices().map(|(at, _)| at).chain([name.len()]);
    ends.filter_map(|at| name.get(at..)).any(|name| matches(rest, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        assert!(matches("*", ""));
        assert!(matches("Basic-*-TLS", "Basic-Client-Async-TLS"));
        assert!(matches("*Async*", "Async"));
        assert!(!matches("Basic-*-TLS", "Basic-TLS"));
        assert!(!matches("Basic", "Basic-Client"));
        assert!(!matches("Basic-*-TLS", "Basic-Client-TLS13"));
    }

    #[test]
    fn the_first_line_that_matches_tells_the_group() {
        let groups = Groups::parse("# A comment.\nout *DTLS*\n\nech *ECH*\n").unwrap();
        assert_eq!(groups.of("ECH-DTLS"), "out");
        assert_eq!(groups.of("ECH-Client"), "ech");
        assert_eq!(groups.of("Basic"), "core");
        assert_eq!(groups.out_of_scope(), ["*DTLS*"]);
        assert!(Groups::parse("ech *ECH*\nout *DTLS*").is_err());
        assert!(Groups::parse("ech").is_err());
    }

    #[test]
    fn our_file_can_be_read() {
        assert!(Groups::read().unwrap().out_of_scope().contains(&"*DTLS*"));
    }
}

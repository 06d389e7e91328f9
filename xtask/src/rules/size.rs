//! A file that is longer than this is two things.

use super::Finding;
use super::source::Source;

const LINES: usize = 700;

pub(super) fn check(source: &Source) -> Vec<Finding> {
    let lines = source.text.lines().count();
    if !source.is_shipped() || lines <= LINES {
        return Vec::new();
    }
    vec![source.finding(
        lines,
        format!("{lines} lines, more than {LINES}: which two things is it?"),
    )]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_itself_is_allowed() {
        let of = |lines: usize| check(&Source::of("crates/a/src/b.rs", &"// a\n".repeat(lines))).len();
        assert_eq!((of(LINES), of(LINES + 1)), (0, 1));
    }
}

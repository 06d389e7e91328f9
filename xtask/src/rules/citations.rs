//! RFCs are cited in one form, so that a search finds every place: `RFC 9846 section 4.5.2`, or `RFC 9846` alone, or
//! `RFC 9846 appendix B.4`.

use super::Finding;
use super::source::Source;

pub(super) fn check(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (at, line) in source.text.lines().enumerate() {
        if let Some(what) = fault(line) {
            findings.push(source.finding(at + 1, what));
        }
    }
    findings
}

/// What is wrong with the first citation on the line that is not in our form.
fn fault(line: &str) -> Option<String> {
    if line.contains('\u{a7}') {
        return Some("cite as `RFC 9846 section 4.5.2`, without a section sign".into());
    }
    for (at, _) in line.match_indices("RFC") {
        let before = line[..at].chars().next_back();
        let after = &line[at + 3..];
        let word = after.trim_start_matches(|c: char| c.is_ascii_digit());
        // A constant's name, such as RFC8448_TRACE, or another word.
        let goes_on = word.starts_with(|c: char| c.is_alphabetic() || c == '_');
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_') || goes_on {
            continue;
        }
        if let Some(what) = fault_after(after) {
            return Some(what);
        }
        if ends_with_section_of(&line[..at]) {
            return Some("cite as `RFC 9846 section 4.5.2`, the section last".into());
        }
    }
    None
}

/// Judges what stands behind `RFC`.
fn fault_after(after: &str) -> Option<String> {
    let in_our_form = after
        .strip_prefix(' ')
        .map(|rest| (digits(rest), rest))
        .filter(|(count, _)| *count > 0);
    let Some((count, rest)) = in_our_form else {
        let plain = after
            .trim_start_matches(['-', ' ', '#'])
            .starts_with(|c: char| c.is_ascii_digit());
        return plain.then(|| "cite as `RFC 9846`, with one space".to_owned());
    };
    let (number, rest) = rest.split_at(count);
    let lower = rest.trim_start_matches([' ', ',', ':', '(', '#', '-']).to_lowercase();
    if !lower.starts_with("sec") && !lower.starts_with("app") && !lower.starts_with("ch") {
        return None;
    }
    let place = rest.strip_prefix(" section ").map(|place| (place, false));
    let place = place.or_else(|| rest.strip_prefix(" appendix ").map(|place| (place, true)));
    let fits = place.is_some_and(|(place, appendix)| {
        place.starts_with(|c: char| {
            if appendix {
                c.is_ascii_uppercase()
            } else {
                c.is_ascii_digit()
            }
        })
    });
    // The line ends in the middle of the citation.
    let goes_on = matches!(rest.trim_end(), " section" | " appendix");
    let is_a_word = !["section", "sect.", "sec.", "appendix", "app.", "chapter"]
        .iter()
        .any(|word| lower.starts_with(word));
    if is_a_word || goes_on {
        return None;
    }
    if !fits {
        return Some(format!(
            "cite as `RFC {number} section 4.5.2` or `RFC {number} appendix B.4`, each place by itself"
        ));
    }
    (number == "8446").then(|| "RFC 9846 replaces RFC 8446: cite its own sections".to_owned())
}

/// Whether the text is the beginning of a citation that names its section first.
fn ends_with_section_of(before: &str) -> bool {
    let mut words = before.trim_end().rsplit(' ');
    words.next() == Some("of")
        && words
            .next()
            .is_some_and(|word| word.starts_with(|c: char| c.is_ascii_digit()))
        && words
            .next()
            .is_some_and(|word| word.to_lowercase().ends_with("section"))
}

fn digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

#[cfg(test)]
mod tests {
    use super::fault;

    #[test]
    fn our_form_is_accepted() {
        for line in [
            "/// The proof (RFC 9846 section 4.5.2).",
            "// RFC 9846, which replaces RFC 8446; see RFC 5280 and RFC 4158.",
            "// RFC 9846 appendix B.4, RFC 6066 section 3",
            "const RFC_8448: &str = \"\"; fn rfc5280() {} // RFC8448_TRACE",
            concat!("/// What it says stands in RFC", " 9846 section"),
            "/// as RFC 9846 checks it, RFC 9846 secures it",
        ] {
            assert_eq!(fault(line), None, "{line}");
        }
    }

    #[test]
    fn other_forms_are_refused() {
        for line in [
            concat!("/// RFC", "9846 section 4.5.2"),
            concat!("/// RFC", "-9846"),
            concat!("/// RFC", " 9846, section 4.5.2"),
            concat!("/// RFC", " 9846 Section 4.5.2"),
            concat!("/// RFC", " 9846 sections 4.5.2 and 4.5.3"),
            concat!("/// RFC", " 9846 sec. 4.5.2"),
            concat!("/// RFC", " 9846 \u{a7}4.5.2"),
            concat!("/// Section 4.5.2 o", "f RFC 9846"),
            concat!("/// RFC", " 8446 section 4.4.3"),
        ] {
            assert!(fault(line).is_some(), "{line}");
        }
    }
}

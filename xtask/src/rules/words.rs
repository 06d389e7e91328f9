//! What the repository says stays true elsewhere: no path of one machine, no registry's host, no number of an issue in a
//! tracker that a reader may not have. Applies to every text file.

use super::Finding;

/// Taken apart, so that this list is no finding itself.
const REFUSED: &[&str] = &[
    concat!("/wo", "rk/"),
    concat!("/tmp/", "brief"),
    concat!("/home", "/user"),
    concat!("/ro", "ot/"),
    concat!("cra", "tes.io/"),
    concat!("static.cra", "tes.io"),
    concat!("py", "pi.org"),
    concat!("python", "hosted"),
    concat!("npm", "js.org"),
    concat!("deb.deb", "ian.org"),
    concat!("before", "-stop"),
];

pub(super) fn check(path: &str, text: &str) -> Vec<Finding> {
    // Cargo writes it, with the registry's address.
    if path.ends_with("Cargo.lock") {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let mut found: Vec<String> = REFUSED
            .iter()
            .filter(|word| line.contains(**word))
            .map(|word| (*word).into())
            .collect();
        found.extend(issue_number(line));
        for word in found {
            let what = format!("`{word}` does not belong in the project's text");
            findings.push(Finding {
                path: path.to_owned(),
                line: at + 1,
                what,
            });
        }
    }
    findings
}

/// The number of an issue, with or without `#`; `openssl#27557` names its tracker and is fine.
fn issue_number(line: &str) -> Option<String> {
    let lower = line.to_ascii_lowercase();
    let (at, word) = lower.match_indices("issue ").next()?;
    if lower[..at].ends_with(|c: char| c.is_alphanumeric()) {
        return None;
    }
    let number = lower[at + word.len()..].trim_start_matches('#');
    let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
    (!digits.is_empty()).then(|| format!("issue {digits}"))
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn words_of_one_machine_are_found() {
        let findings = |text: &str| check("README.md", text).len();
        assert_eq!(findings(concat!("see /wo", "rk/notes")), 1);
        assert_eq!(findings(concat!("as iss", "ue 3 says, and Iss", "ue #4")), 1);
        assert_eq!(findings("openssl#27557, `ca issue NAME`, network/files, homework/"), 0);
        assert_eq!(
            check("Cargo.lock", concat!("github.com/rust-lang/cra", "tes.io/index")).len(),
            0
        );
    }
}

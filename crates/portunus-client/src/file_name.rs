//! The name under which `-O` saves.

use portunus_x509::Printable;
use thiserror::Error;

/// A URL has no name for a file that could be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "the address gives no usable file name: its last part is '{}'",
    Printable::new(found)
)]
pub struct NoFileName {
    found: String,
}

/// The last segment of the path of the address that the user typed, as curl's `-O` has it: not decoded, and never from a
/// redirect or a field, so that no server chooses it.
///
/// The name is one plain component: it has no separator, is not `..`, and is no dot file, for writing `.bashrc` should be
/// meant. Control and format characters are percent-encoded, as a URL would have them.
pub fn file_name_from_url(typed: &str) -> Result<String, NoFileName> {
    let typed = typed.trim();
    let after_scheme = typed.split_once("//").map_or(typed, |(_, rest)| rest);
    let path = after_scheme.split(['?', '#']).next().unwrap_or_default();
    let segment = match path.rsplit_once(['/', '\\']) {
        Some((_, segment)) => segment,
        // A host alone.
        None => "",
    };
    let name = encode(segment);
    if name.is_empty() || name.starts_with('.') || is_unusable(&name) {
        return Err(NoFileName {
            found: segment.to_owned(),
        });
    }
    Ok(name)
}

/// Percent-encodes each character that could not be shown as it is.
fn encode(segment: &str) -> String {
    let mut name = String::with_capacity(segment.len());
    for character in segment.chars() {
        let mut utf8 = [0; 4];
        let text = character.encode_utf8(&mut utf8);
        if Printable::new(&*text).to_string() == *text {
            name.push(character);
        } else {
            text.bytes().for_each(|byte| name.push_str(&format!("%{byte:02X}")));
        }
    }
    name
}

/// Names that mean something other than a file of that name, on the systems that have them.
fn is_unusable(name: &str) -> bool {
    if !cfg!(windows) {
        return false;
    }
    const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "conin$", "conout$"];
    let stem = name
        .split('.')
        .next()
        .unwrap_or_default()
        .trim_end()
        .to_ascii_lowercase();
    let numbered = |prefix: &str| stem.strip_prefix(prefix).is_some_and(|rest| rest.chars().count() == 1);
    name.contains([':', '*', '"', '<', '>', '|'])
        || name.ends_with(['.', ' '])
        || DEVICES.contains(&stem.as_str())
        || numbered("com")
        || numbered("lpt")
}

#[cfg(test)]
mod tests {
    use std::path::{Component, Path};

    use proptest::prelude::*;

    use super::*;

    fn name(typed: &str) -> Option<String> {
        file_name_from_url(typed).ok()
    }

    #[test]
    fn it_is_the_last_segment_as_typed() {
        assert_eq!(
            name("https://a.test/x/file.txt?q=/etc/passwd#/z").as_deref(),
            Some("file.txt")
        );
        assert_eq!(name("a.test/file%20one.txt").as_deref(), Some("file%20one.txt"));
        assert_eq!(name("https://a.test/bücher.txt").as_deref(), Some("bücher.txt"));
        assert_eq!(name("https://a.test/x\\..\\y").as_deref(), Some("y"));
        assert_eq!(name("https://a.test/..%2f..%2fpasswd"), None);
        assert_eq!(
            name("https://a.test/a%2f..%2fpasswd").as_deref(),
            Some("a%2f..%2fpasswd")
        );
    }

    #[test]
    fn no_name_and_no_other_place() {
        for typed in [
            "https://a.test",
            "https://a.test/",
            "a.test",
            "https://a.test/x/",
            "https://a.test/x/..",
            "a/.",
            "",
        ] {
            assert_eq!(name(typed), None, "{typed}");
        }
        assert_eq!(name("https://a.test/.bashrc"), None);
    }

    #[test]
    fn what_cannot_be_shown_is_encoded() {
        assert_eq!(
            name("https://a.test/a\u{1b}[2Jb\u{202e}c").as_deref(),
            Some("a%1B[2Jb%E2%80%AEc")
        );
    }

    proptest! {
        #[test]
        fn it_is_always_one_plain_component(typed in "(https?://)?[a-z./\\\\%?#:]{0,12}\\PC{0,12}[\\x00-\\x7f]{0,8}") {
            if let Ok(name) = file_name_from_url(&typed) {
                let mut components = Path::new(&name).components();
                prop_assert!(matches!(components.next(), Some(Component::Normal(only)) if only == name.as_str()));
                prop_assert!(components.next().is_none());
                let forbidden = ['/', '\\', '\0', '\n', '\r', '\u{1b}'];
                prop_assert!(!name.starts_with('.') && !name.contains(forbidden));
            }
        }
    }
}

//! From a request's path to names beneath a folder, and back.

use std::borrow::Cow;
use std::path::PathBuf;

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

/// What may not stand bare in a path segment (RFC 3986 section 3.3), and a few marks that would confuse a reader of
/// the link or a program that cuts it apart.
const SEGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'&')
    .add(b'\'')
    .add(b'/')
    .add(b':')
    .add(b';')
    .add(b'<')
    .add(b'=')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// The one hidden name that is meant for everybody (RFC 8615 section 3).
const WELL_KNOWN: &str = ".well-known";

/// The path of a request, decoded once, of which every segment is an ordinary name.
///
/// That `..` is no ordinary name is enough to stay beneath the folder; that the file system is asked through a handle
/// that cannot leave it either (`Folder`) is the second lock on the same door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RequestPath {
    segments: Vec<String>,
    trailing_slash: bool,
}

/// Why a path names nothing here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BadPath {
    /// No path at all: an escape that is none, bytes that are no UTF-8, a NUL.
    Malformed,
    /// A path whose like is never served.
    NeverServed,
}

impl RequestPath {
    /// Reads the path as it stood in the request line.
    pub(crate) fn parse(path: &str) -> Result<Self, BadPath> {
        let rest = path.strip_prefix('/').ok_or(BadPath::Malformed)?;
        let (names, trailing_slash) = match rest.strip_suffix('/') {
            Some(names) => (names, true),
            None => (rest, rest.is_empty()),
        };
        let mut segments = Vec::new();
        if !rest.is_empty() {
            for (depth, segment) in names.split('/').enumerate() {
                let name = decode(segment)?;
                let is_well_known = depth == 0 && name == WELL_KNOWN;
                if !is_served(&name) && !is_well_known {
                    return Err(BadPath::NeverServed);
                }
                segments.push(name.into_owned());
            }
        }
        Ok(Self {
            segments,
            trailing_slash,
        })
    }

    /// Whether the path ends with a slash, as a folder's does.
    pub(crate) fn has_trailing_slash(&self) -> bool {
        self.trailing_slash
    }

    /// Whether this is the site's own folder.
    pub(crate) fn is_root(&self) -> bool {
        self.segments.is_empty()
    }

    /// The name of the file or folder, absent for the site's own folder.
    pub(crate) fn name(&self) -> Option<&str> {
        self.segments.last().map(String::as_str)
    }

    /// The path beneath the site's folder.
    pub(crate) fn beneath(&self) -> PathBuf {
        if self.segments.is_empty() {
            PathBuf::from(".")
        } else {
            self.segments.iter().collect()
        }
    }

    /// The path, written anew as a folder's. It begins with one slash alone, so that a browser cannot take it for a
    /// host (`//example.com/`).
    pub(crate) fn as_folder(&self) -> String {
        let mut written = String::from("/");
        for segment in &self.segments {
            written.extend(utf8_percent_encode(segment, SEGMENT));
            written.push('/');
        }
        written
    }

    /// The names from the site's folder to this one.
    pub(crate) fn segments(&self) -> &[String] {
        &self.segments
    }
}

/// A name as one segment of a link.
pub(crate) fn encode_segment(name: &str) -> String {
    utf8_percent_encode(name, SEGMENT).to_string()
}

fn decode(segment: &str) -> Result<Cow<'_, str>, BadPath> {
    let mut rest = segment;
    while let Some((_, escape)) = rest.split_once('%') {
        let digits = escape.get(..2).ok_or(BadPath::Malformed)?;
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(BadPath::Malformed);
        }
        rest = escape;
    }
    let name = percent_decode_str(segment)
        .decode_utf8()
        .map_err(|_| BadPath::Malformed)?;
    if name.contains('\0') {
        Err(BadPath::Malformed)
    } else {
        Ok(name)
    }
}

/// Whether a file or folder of this name is served and listed: none that is hidden, and none that another system
/// would take for more than one name.
pub(crate) fn is_served(name: &str) -> bool {
    let ordinary = !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', '\0']);
    // Windows knows streams of a file (`a.txt:x`) and drops dots and spaces at the end.
    let ordinary_on_windows = !cfg!(windows) || !(name.contains(':') || name.ends_with(['.', ' ']));
    ordinary && ordinary_on_windows
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn names(path: &str) -> Result<Vec<String>, BadPath> {
        RequestPath::parse(path).map(|path| path.segments)
    }

    #[test]
    fn ordinary_paths_are_read() {
        assert_eq!(names("/"), Ok(vec![]));
        assert_eq!(names("/a/b.txt"), Ok(vec!["a".into(), "b.txt".into()]));
        assert_eq!(names("/a%20b/%C3%A4"), Ok(vec!["a b".into(), "ä".into()]));
        assert_eq!(names("/100%25"), Ok(vec!["100%".into()]));
        assert_eq!(
            names("/.well-known/security.txt"),
            Ok(vec![".well-known".into(), "security.txt".into()])
        );
        assert!(RequestPath::parse("/").is_ok_and(|path| path.has_trailing_slash() && path.is_root()));
        assert!(RequestPath::parse("/a/").is_ok_and(|path| path.has_trailing_slash()));
        assert!(RequestPath::parse("/a").is_ok_and(|path| !path.has_trailing_slash()));
    }

    #[test]
    fn what_is_no_path_is_malformed() {
        for path in [
            "",
            "*",
            "a",
            "/%",
            "/%2",
            "/%zz",
            "/%+1",
            "/%ff",
            "/%c0%ae",
            "/%00",
            "/a%00.html",
            "/%\u{e4}x",
        ] {
            assert_eq!(names(path), Err(BadPath::Malformed), "{path}");
        }
    }

    #[test]
    fn tricks_are_never_served() {
        let tricks = [
            "/..",
            "/../etc/passwd",
            "/%2e%2e/etc/passwd",
            "/.%2E/x",
            "/a/../../b",
            "/a/./b",
            "/..%2fetc",
            "/%2fetc/passwd",
            "/a%2fb",
            "/a%5c..%5cb",
            "/a\\b",
            "//etc/passwd",
            "/a//b",
            "/a//",
            "//",
            "/.git/config",
            "/a/.env",
            "/a/.well-known/x",
            "/...",
        ];
        for path in tricks {
            assert_eq!(names(path), Err(BadPath::NeverServed), "{path}");
        }
        // Decoded once: what is left is a name like any other.
        assert_eq!(names("/%252e%252e/x"), Ok(vec!["%2e%2e".into(), "x".into()]));
    }

    proptest! {
        #[test]
        fn a_path_never_leads_up(path in ".*") {
            if let Ok(path) = RequestPath::parse(&path) {
                for part in path.beneath().components() {
                    prop_assert!(matches!(part, std::path::Component::Normal(_) | std::path::Component::CurDir));
                }
            }
        }

        #[test]
        fn what_is_written_is_read_back(names in prop::collection::vec("[^/\\\\\0.][^/\\\\\0]{0,8}", 0..4)) {
            let path = RequestPath { segments: names, trailing_slash: true };
            let written = path.as_folder();
            prop_assert!(written.parse::<http::Uri>().is_ok());
            prop_assert!(!written.starts_with("//"));
            prop_assert_eq!(RequestPath::parse(&written), Ok(path));
        }
    }
}

//! What a peer chose, made safe to show.

use std::fmt;

/// Text or bytes that a peer chose, shown so that they can do nothing to a terminal, a log, a page or a reader's eye.
///
/// Ordinary Unicode stays as it is. Escaped are: C0 and C1 controls (ESC, CR and LF among them), format characters that
/// reorder or hide what stands around them (bidirectional controls, zero-width characters, tags), line and paragraph
/// separators, unassigned-looking specials, the backslash (so that escapes cannot be feigned), and bytes that are no
/// UTF-8 (`\xNN`). This does not replace the quoting that HTML or a shell need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Printable<'a>(&'a [u8]);

impl<'a> Printable<'a> {
    /// Wraps text (`str`, `String`) or bytes (`[u8]`, `Vec<u8>`).
    pub fn new<T: AsRef<[u8]> + ?Sized>(text: &'a T) -> Self {
        Self(text.as_ref())
    }
}

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            for c in chunk.valid().chars() {
                write_char(c, f)?;
            }
            for byte in chunk.invalid() {
                write!(f, "\\x{byte:02x}")?;
            }
        }
        Ok(())
    }
}

fn write_char(c: char, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match c {
        '\\' => f.write_str("\\\\"),
        '\n' => f.write_str("\\n"),
        '\r' => f.write_str("\\r"),
        '\t' => f.write_str("\\t"),
        c if is_harmful(c) => write!(f, "\\u{{{:x}}}", u32::from(c)),
        c => fmt::Write::write_char(f, c),
    }
}

/// Octets with colons between them, as people compare them.
pub(crate) fn hexadecimal(octets: &[u8]) -> String {
    let octets: Vec<_> = octets.iter().map(|octet| format!("{octet:02x}")).collect();
    octets.join(":")
}

/// Controls (Unicode category Cc), format characters (Cf), line and paragraph separators (Zl, Zp), variation selectors,
/// fillers that show as nothing, private use and non-characters.
pub(crate) fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(
            u32::from(c),
            0x00AD                  // soft hyphen
                | 0x034F            // combining grapheme joiner
                | 0x0600..=0x0605   // Arabic number signs
                | 0x061C            // Arabic letter mark
                | 0x06DD
                | 0x070F
                | 0x0890..=0x0891
                | 0x08E2
                | 0x115F..=0x1160   // Hangul fillers
                | 0x17B4..=0x17B5
                | 0x180B..=0x180F   // Mongolian selectors and vowel separator
                | 0x200B..=0x200F   // zero-width space and joiners, left-to-right and right-to-left marks
                | 0x2028..=0x202E   // line and paragraph separator, bidirectional embeddings and overrides
                | 0x2060..=0x206F   // word joiner, invisible operators, bidirectional isolates
                | 0x2800            // Braille blank
                | 0x3164            // Hangul filler
                | 0xE000..=0xF8FF   // private use
                | 0xFDD0..=0xFDEF   // non-characters
                | 0xFE00..=0xFE0F   // variation selectors
                | 0xFEFF            // byte order mark
                | 0xFFA0            // half-width Hangul filler
                | 0xFFF0..=0xFFFB   // specials, interlinear annotation
                | 0xFFFE..=0xFFFF
                | 0x110BD
                | 0x110CD
                | 0x13430..=0x1343F // Egyptian hieroglyph format controls
                | 0x1BCA0..=0x1BCA3 // shorthand format controls
                | 0x1D173..=0x1D17A // musical format controls
                | 0xE0000..=0x10FFFF // tags, variation selectors, planes of private use
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &(impl AsRef<[u8]> + ?Sized)) -> String {
        Printable::new(text).to_string()
    }

    #[test]
    fn ordinary_text_stays() {
        assert_eq!(shown("Käse & Brot, 日本語 ✓ 🦀"), "Käse & Brot, 日本語 ✓ 🦀");
    }

    #[test]
    fn what_could_move_a_cursor_or_forge_a_line_is_escaped() {
        assert_eq!(shown("a\x1b[31mb"), "a\\u{1b}[31mb");
        assert_eq!(shown("a\r\nSet-Cookie: b\t\0"), "a\\r\\nSet-Cookie: b\\t\\u{0}");
        assert_eq!(shown("\u{9b}1m"), "\\u{9b}1m");
        assert_eq!(shown("\u{2028}\u{2029}\u{85}"), "\\u{2028}\\u{2029}\\u{85}");
    }

    #[test]
    fn what_could_deceive_an_eye_is_escaped() {
        assert_eq!(shown("\u{202e}moc.elpmaxe"), "\\u{202e}moc.elpmaxe");
        assert_eq!(
            shown("a\u{200b}b\u{2066}c\u{feff}\u{ad}\u{e0041}"),
            "a\\u{200b}b\\u{2066}c\\u{feff}\\u{ad}\\u{e0041}"
        );
    }

    #[test]
    fn escapes_cannot_be_feigned_and_bytes_are_shown() {
        assert_eq!(shown("\\u{1b}"), "\\\\u{1b}");
        assert_eq!(shown(&[b'a', 0xff, b'b', 0xe2, 0x82]), "a\\xffb\\xe2\\x82");
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_become_text_without_controls(bytes: Vec<u8>) {
            let text = shown(&bytes);
            proptest::prop_assert!(!text.chars().any(is_harmful));
        }
    }
}

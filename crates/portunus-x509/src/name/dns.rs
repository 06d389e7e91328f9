//! DNS names: as callers write them, and as certificates present them (RFC 9525, RFC 5280 section 4.2.1.6).

use crate::Printable;
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// RFC 1035 section 2.3.4: 255 octets on the wire, which leaves 253 characters of text.
const MAX_NAME: usize = 253;
/// RFC 1035 section 2.3.4.
const MAX_LABEL: usize = 63;

/// Why a text is no name of a server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    /// Nothing is there.
    #[error("the name is empty")]
    Empty,
    /// More than 253 characters.
    #[error("the name is longer than 253 characters")]
    TooLong,
    /// Two dots side by side, or one at the start.
    #[error("a label of the name is empty")]
    EmptyLabel,
    /// A label of more than 63 characters.
    #[error("a label of the name is longer than 63 characters")]
    LabelTooLong,
    /// A character that no host name has.
    #[error("`{}` may not stand in a host name", Printable::new(&.0.to_string()))]
    Character(char),
    /// A hyphen at the start or the end of a label.
    #[error("a label of the name starts or ends with a hyphen")]
    Hyphen,
    /// The last label is a number, so that this is an IPv4 address that is written wrongly.
    #[error("the name ends in a number, and is no IPv4 address")]
    Numeric,
    /// Brackets without an IPv6 address in them.
    #[error("there is no IPv6 address in the brackets")]
    Address,
    /// Unicode that IDNA does not allow (RFC 5891, UTS 46).
    #[error("the name is no valid internationalised name")]
    Idna,
}

/// A DNS name of a host: A-labels (RFC 5890), lower case, no dot at the end. Cloning is cheap.
///
/// Underscores are allowed: hosts with them exist in private networks and resolvers find them, and a certificate has to
/// name them byte for byte all the same. Wildcards are not: this is a name that somebody wants to reach.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DnsName(Arc<str>);

impl DnsName {
    /// Reads a name in ASCII or in Unicode (which is mapped by UTS 46, without transitional processing), in any case,
    /// with or without the dot of the root at its end.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        let ascii = if text.is_ascii() {
            Cow::Borrowed(text)
        } else {
            let deny = idna::AsciiDenyList::EMPTY;
            idna::domain_to_ascii_cow(text.as_bytes(), deny).map_err(|_| InvalidName::Idna)?
        };
        let name = ascii.strip_suffix('.').unwrap_or(&ascii);
        check(name)?;
        let has_upper_case = name.bytes().any(|byte| byte.is_ascii_uppercase());
        Ok(Self(if has_upper_case {
            name.to_ascii_lowercase().into()
        } else {
            name.into()
        }))
    }

    /// The name, in ASCII and lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for DnsName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl FromStr for DnsName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        Self::parse(text)
    }
}

impl fmt::Display for DnsName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn check(name: &str) -> Result<(), InvalidName> {
    if name.is_empty() {
        return Err(InvalidName::Empty);
    }
    if name.len() > MAX_NAME {
        return Err(InvalidName::TooLong);
    }
    for label in name.split('.') {
        if label.is_empty() {
            return Err(InvalidName::EmptyLabel);
        }
        if label.len() > MAX_LABEL {
            return Err(InvalidName::LabelTooLong);
        }
        if let Some(c) = label
            .chars()
            .find(|c| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_'))
        {
            return Err(InvalidName::Character(c));
        }
        if label.starts_with('-') || label.ends_with('-') {
            return Err(InvalidName::Hyphen);
        }
    }
    let last = name.rsplit('.').next().unwrap_or(name);
    if last.bytes().all(|b| b.is_ascii_digit()) {
        return Err(InvalidName::Numeric);
    }
    Ok(())
}

/// What is wrong with a dNSName that a certificate presents, if anything: RFC 5280 section 4.2.1.6 wants the preferred
/// name syntax (no dot at the end, not a lone space), and a wildcard is one whole left-most label above another label.
pub(crate) fn check_presented(pattern: &str) -> Result<(), InvalidName> {
    match pattern.strip_prefix("*.") {
        Some(parent) => check(parent),
        None => check(pattern),
    }
}

/// Whether a presented identifier matches the name that is wanted (RFC 9525 section 6.3): `*` stands for exactly one
/// whole left-most label, never for a part of one or for an A-label's inside, and nothing else is special.
pub(crate) fn matches(pattern: &str, wanted: &DnsName) -> bool {
    if check_presented(pattern).is_err() {
        return false;
    }
    match pattern.strip_prefix("*.") {
        Some(parent) => wanted
            .as_str()
            .split_once('.')
            .is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(parent)),
        None => wanted.as_str().eq_ignore_ascii_case(pattern),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> DnsName {
        DnsName::parse(text).expect("a name")
    }

    #[test]
    fn names_are_put_into_one_form() {
        assert_eq!(name("WWW.Example.COM.").as_str(), "www.example.com");
        assert_eq!(name("bücher.example").as_str(), "xn--bcher-kva.example");
        assert_eq!(name("BÜCHER.example"), name("xn--bcher-kva.example"));
        assert_eq!(name("日本。example").as_str(), "xn--wgv71a.example");
        assert_eq!(name("my_host.lan").as_str(), "my_host.lan");
        assert_eq!(name("localhost").as_str(), "localhost");
    }

    #[test]
    fn what_is_no_name_is_refused_with_the_reason() {
        let long = format!("{}.example", "a".repeat(64));
        for (text, why) in [
            ("", InvalidName::Empty),
            (".", InvalidName::Empty),
            ("a..b", InvalidName::EmptyLabel),
            (".example", InvalidName::EmptyLabel),
            ("example..", InvalidName::EmptyLabel),
            (long.as_str(), InvalidName::LabelTooLong),
            ("*.example.com", InvalidName::Character('*')),
            ("a b", InvalidName::Character(' ')),
            ("a\0b", InvalidName::Character('\0')),
            ("-a.example", InvalidName::Hyphen),
            ("a-.example", InvalidName::Hyphen),
            ("1.2.3.400", InvalidName::Numeric),
            ("\u{202e}abc", InvalidName::Idna),
        ] {
            assert_eq!(DnsName::parse(text), Err(why), "{text:?}");
        }
        assert_eq!(DnsName::parse(&"a.".repeat(127)).err(), None);
        assert_eq!(DnsName::parse(&"a.".repeat(128)), Err(InvalidName::TooLong));
    }

    #[test]
    fn a_wildcard_is_one_whole_left_most_label() {
        for (pattern, wanted, expected) in [
            ("*.example.com", "www.example.com", true),
            ("*.EXAMPLE.com", "www.example.com", true),
            ("*.example.com", "a.b.example.com", false),
            ("*.example.com", "example.com", false),
            ("w*.example.com", "www.example.com", false),
            ("*w.example.com", "www.example.com", false),
            ("www.*.com", "www.example.com", false),
            ("*.*.com", "www.example.com", false),
            ("*", "localhost", false),
            ("*.", "localhost", false),
            ("xn--*.example.com", "xn--a.example.com", false),
            ("*.example.com", "xn--bcher-kva.example.com", true),
            ("www.example.com", "www.example.com", true),
            ("www.example.com.", "www.example.com", false),
            ("127.0.0.1", "localhost", false),
            ("", "localhost", false),
        ] {
            assert_eq!(matches(pattern, &name(wanted)), expected, "{pattern} {wanted}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_a_name_or_an_error_and_a_name_reads_back(text: String) {
            if let Ok(name) = DnsName::parse(&text) {
                proptest::prop_assert_eq!(DnsName::parse(name.as_str()), Ok(name));
            }
        }

        #[test]
        fn a_name_matches_itself(text in "[a-z]{1,9}(\\.[a-z]{1,9}){0,3}") {
            proptest::prop_assert!(matches(&text, &name(&text)));
        }
    }
}

//! Directory names (RFC 5280 section 4.1.2.4): how they are compared (section 7.1) and shown (RFC 4514).

use crate::der::{Malformed, Oid, Problem, Reader, known, tag};
use crate::limits::MAX_ATTRIBUTES_OF_AN_RDN;
use crate::printable::is_harmful;
use std::borrow::Cow;
use std::fmt::{self, Write};

/// `Name ::= CHOICE { rdnSequence RDNSequence }`, the whole DER of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DistinguishedName<'a> {
    der: &'a [u8],
    contents: &'a [u8],
}

/// `RelativeDistinguishedName ::= SET SIZE (1..MAX) OF AttributeTypeAndValue`.
#[derive(Debug, Clone)]
struct Rdn<'a>(Reader<'a>);

/// A name that goes on where another one ends: one relative distinguished name.
#[derive(Debug, Clone)]
pub(crate) struct RelativeName<'a>(Rdn<'a>);

impl<'a> RelativeName<'a> {
    /// From the contents of an implicitly tagged set.
    pub(crate) fn parse_contents(contents: &'a [u8], field: &'static str) -> Result<Self, Malformed> {
        let rdn = Rdn(Reader::new(contents, field));
        rdn.check()?;
        Ok(Self(rdn))
    }

    pub(crate) fn matches(&self, other: &RelativeName<'_>) -> bool {
        self.0.matches(&other.0)
    }
}

/// `AttributeTypeAndValue ::= SEQUENCE { type OBJECT IDENTIFIER, value ANY }`.
#[derive(Debug, Clone, Copy)]
struct Attribute<'a> {
    kind: Oid<'a>,
    tag: u8,
    value: &'a [u8],
}

impl<'a> DistinguishedName<'a> {
    /// Reads the next element, and looks at all of it, so that walking it later cannot fail.
    pub(crate) fn read(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        let element = reader.element(tag::SEQUENCE)?;
        let name = Self {
            der: element.full,
            contents: element.contents,
        };
        let mut rdns = Reader::new(element.contents, reader.field());
        while !rdns.is_empty() {
            Rdn::read(&mut rdns)?.check()?;
        }
        Ok(name)
    }

    /// As [`Self::read`], from bytes that hold nothing else.
    pub(crate) fn read_whole(der: &'a [u8], field: &'static str) -> Result<Self, Malformed> {
        let mut reader = Reader::new(der, field);
        let name = Self::read(&mut reader)?;
        reader.finish()?;
        Ok(name)
    }

    /// The name's DER, as the certificate has it.
    pub fn der(&self) -> &'a [u8] {
        self.der
    }

    /// Whether the name has no part at all.
    pub fn is_empty(&self) -> bool {
        self.contents.is_empty()
    }

    /// The last common name, if there is one: to call a certificate something. It says nothing about hosts.
    pub fn common_name(&self) -> Option<Cow<'a, str>> {
        let attributes = self.rdns().flat_map(Rdn::attributes);
        attributes
            .filter(|attribute| attribute.kind == known::COMMON_NAME)
            .filter_map(|cn| cn.text())
            .last()
    }

    /// The mailboxes of the attribute emailAddress, where RFC 5280 section 4.1.2.6 knows them from old certificates.
    pub(crate) fn email_addresses(&self) -> impl Iterator<Item = Cow<'a, str>> + use<'a> {
        let attributes = self.rdns().flat_map(Rdn::attributes);
        attributes
            .filter(|attribute| attribute.kind == known::EMAIL_ADDRESS)
            .filter_map(|email| email.text())
    }

    /// Whether both are the same name by RFC 5280 section 7.1: part by part, texts of whatever string type compared
    /// without regard to case and to surplus spaces.
    pub fn matches(&self, other: &DistinguishedName<'_>) -> bool {
        self.der == other.der || (self.rdns().count() == other.rdns().count() && self.lies_within(other))
    }

    /// Whether this name begins with all of `base`'s parts (RFC 5280 section 4.2.1.10).
    pub(crate) fn lies_within(&self, base: &DistinguishedName<'_>) -> bool {
        let mut own = self.rdns();
        base.rdns()
            .all(|wanted| own.next().is_some_and(|own| own.matches(&wanted)))
    }

    /// Whether this name is `base` with `relative` after it.
    pub(crate) fn is_relative_to(&self, base: &DistinguishedName<'_>, relative: &RelativeName<'_>) -> bool {
        let base_length = base.rdns().count();
        let mut behind = self.rdns().skip(base_length);
        self.lies_within(base) && behind.next().is_some_and(|rdn| rdn.matches(&relative.0)) && behind.next().is_none()
    }

    /// A number that names which [match](Self::matches) share. Others may share it too, on purpose even: it saves
    /// comparisons, and decides nothing.
    pub(crate) fn fingerprint(&self) -> u64 {
        // A set has no order: the sum of its members' numbers has none either.
        let rdn = |rdn: Rdn<'_>| {
            rdn.attributes()
                .fold(0u64, |sum, attribute| sum.wrapping_add(attribute.fingerprint()))
        };
        self.rdns().fold(FNV_OFFSET, |hash, part| fnv(hash, rdn(part)))
    }

    fn rdns(&self) -> impl Iterator<Item = Rdn<'a>> + use<'a> {
        let mut reader = Reader::new(self.contents, "name");
        std::iter::from_fn(move || {
            if reader.is_empty() {
                None
            } else {
                Rdn::read(&mut reader).ok()
            }
        })
    }
}

impl<'a> Rdn<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        let set = reader.element(tag::SET)?;
        Ok(Self(Reader::new(set.contents, reader.field())))
    }

    fn check(&self) -> Result<(), Malformed> {
        let mut reader = self.0.clone();
        if reader.is_empty() {
            return Err(reader.malformed(Problem::Empty));
        }
        let mut count = 0;
        while !reader.is_empty() {
            Attribute::read(&mut reader)?;
            count += 1;
        }
        if count > MAX_ATTRIBUTES_OF_AN_RDN {
            Err(reader.malformed(Problem::TooMany))
        } else {
            Ok(())
        }
    }

    fn attributes(self) -> impl Iterator<Item = Attribute<'a>> {
        let mut reader = self.0;
        std::iter::from_fn(move || {
            if reader.is_empty() {
                None
            } else {
                Attribute::read(&mut reader).ok()
            }
        })
    }

    fn matches(&self, other: &Rdn<'_>) -> bool {
        self.clone().attributes().count() == other.clone().attributes().count()
            && self
                .clone()
                .attributes()
                .all(|a| other.clone().attributes().any(|b| a.matches(&b)))
            && other
                .clone()
                .attributes()
                .all(|b| self.clone().attributes().any(|a| a.matches(&b)))
    }
}

impl<'a> Attribute<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        let mut pair = reader.sequence()?;
        let kind = pair.oid()?;
        let value = pair.any()?;
        pair.finish()?;
        Ok(Self {
            kind,
            tag: value.tag,
            value: value.contents,
        })
    }

    /// The value as text, where it is of a string type and valid in it.
    fn text(&self) -> Option<Cow<'a, str>> {
        match self.tag {
            tag::UTF8_STRING => std::str::from_utf8(self.value).ok().map(Cow::Borrowed),
            tag::PRINTABLE_STRING | tag::IA5_STRING | tag::TELETEX_STRING if self.value.is_ascii() => {
                std::str::from_utf8(self.value).ok().map(Cow::Borrowed)
            }
            tag::BMP_STRING => {
                let units = self.value.chunks(2).map(|unit| unit.try_into().map(u16::from_be_bytes));
                let units: Vec<u16> = units.collect::<Result<_, _>>().ok()?;
                String::from_utf16(&units).ok().map(Cow::Owned)
            }
            tag::UNIVERSAL_STRING => {
                let chars = self
                    .value
                    .chunks(4)
                    .map(|c| c.try_into().ok().map(u32::from_be_bytes).and_then(char::from_u32));
                chars.collect::<Option<String>>().map(Cow::Owned)
            }
            _ => None,
        }
    }

    fn matches(&self, other: &Attribute<'_>) -> bool {
        if self.kind != other.kind {
            return false;
        }
        if self.tag == other.tag && self.value == other.value {
            return true;
        }
        match (self.text(), other.text()) {
            (Some(own), Some(other)) => prepared(&own).eq(prepared(&other)),
            _ => false,
        }
    }

    /// Over the characters alone: which words they make is for the comparison.
    fn fingerprint(&self) -> u64 {
        let kind = (self.kind.contents().iter()).fold(FNV_OFFSET, |hash, byte| fnv(hash, u64::from(*byte)));
        match self.text() {
            Some(text) if text.is_ascii() => (text.bytes())
                .filter(|byte| !char::from(*byte).is_whitespace())
                .fold(kind, |hash, byte| fnv(hash, u64::from(byte.to_ascii_lowercase()))),
            Some(text) => (prepared(&text))
                .filter(|c| !c.is_whitespace())
                .fold(kind, |hash, c| fnv(hash, u64::from(u32::from(c)))),
            None => self.value.iter().fold(kind, |hash, byte| fnv(hash, u64::from(*byte))),
        }
    }
}

/// FNV-1a: names are short, and whoever forges a collision wins a comparison.
const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;

fn fnv(hash: u64, value: u64) -> u64 {
    (hash ^ value).wrapping_mul(0x0000_0100_0000_01b3)
}

/// The characters that count in caseIgnoreMatch (RFC 4518): lower case, spaces trimmed at the ends and squeezed inside.
/// Normalisation (NFKC) is left out: authorities write one name in one way.
fn prepared(text: &str) -> impl Iterator<Item = char> {
    let mut words = text.split(|c: char| c.is_whitespace()).filter(|word| !word.is_empty());
    let first = words.next().into_iter().flat_map(str::chars);
    let rest = words.flat_map(|word| std::iter::once(' ').chain(word.chars()));
    first.chain(rest).flat_map(char::to_lowercase)
}

/// As RFC 4514 writes names: last part first. What could harm a terminal, a log or an eye is escaped as well, in that
/// RFC's way (`\0A`); what is no text stands as `#` and hexadecimal DER contents.
impl fmt::Display for DistinguishedName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rdns: Vec<_> = self.rdns().collect();
        for (index, rdn) in rdns.into_iter().rev().enumerate() {
            if index > 0 {
                f.write_str(",")?;
            }
            for (index, attribute) in rdn.attributes().enumerate() {
                if index > 0 {
                    f.write_str("+")?;
                }
                attribute.fmt(f)?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Attribute<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match short_name(self.kind) {
            Some(name) => write!(f, "{name}=")?,
            None => write!(f, "{}=", self.kind)?,
        }
        match self.text() {
            Some(text) => write_escaped(&text, f),
            None => {
                f.write_str("#")?;
                self.value.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }
    }
}

/// RFC 4514 section 3 has nine; the others are those that every tool knows.
fn short_name(kind: Oid<'_>) -> Option<&'static str> {
    Some(match kind {
        known::COMMON_NAME => "CN",
        known::LOCALITY => "L",
        known::STATE_OR_PROVINCE => "ST",
        known::ORGANIZATION => "O",
        known::ORGANIZATIONAL_UNIT => "OU",
        known::COUNTRY => "C",
        known::STREET_ADDRESS => "STREET",
        known::DOMAIN_COMPONENT => "DC",
        known::USER_ID => "UID",
        known::EMAIL_ADDRESS => "emailAddress",
        known::SERIAL_NUMBER => "serialNumber",
        known::GIVEN_NAME => "GN",
        known::SURNAME => "SN",
        known::TITLE => "title",
        known::DN_QUALIFIER => "dnQualifier",
        _ => return None,
    })
}

/// RFC 4514 section 2.4.
fn write_escaped(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let last = text.char_indices().next_back().map_or(0, |(at, _)| at);
    for (at, c) in text.char_indices() {
        match c {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => write!(f, "\\{c}")?,
            ' ' if at == 0 || at == last => f.write_str("\\ ")?,
            '#' if at == 0 => f.write_str("\\#")?,
            c if is_harmful(c) => {
                let mut bytes = [0; 4];
                c.encode_utf8(&mut bytes)
                    .bytes()
                    .try_for_each(|byte| write!(f, "\\{byte:02x}"))?;
            }
            c => f.write_char(c)?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A name of one attribute a part, each (type, string type, value).
    fn name(parts: &[(Oid<'_>, u8, &[u8])]) -> Vec<u8> {
        fn element(tag: u8, contents: &[u8]) -> Vec<u8> {
            let mut der = vec![tag, u8::try_from(contents.len()).expect("short")];
            der.extend_from_slice(contents);
            der
        }
        let rdns = parts.iter().map(|(kind, string, value)| {
            let pair = [element(tag::OID, kind.contents()), element(*string, value)].concat();
            element(tag::SET, &element(tag::SEQUENCE, &pair))
        });
        element(tag::SEQUENCE, &rdns.collect::<Vec<_>>().concat())
    }

    fn read(der: &[u8]) -> DistinguishedName<'_> {
        DistinguishedName::read_whole(der, "subject").expect("a name")
    }

    #[test]
    fn names_are_shown_as_rfc_4514_has_them() {
        let der = name(&[
            (known::COUNTRY, tag::PRINTABLE_STRING, b"DE"),
            (known::ORGANIZATION, tag::UTF8_STRING, "Käse, Brot + Söhne".as_bytes()),
            (known::COMMON_NAME, tag::UTF8_STRING, b"#a\r\n\x1b[0m "),
            (known::KEY_USAGE, tag::INTEGER, b"\x01\xff"),
        ]);
        assert_eq!(
            read(&der).to_string(),
            "2.5.29.15=#01ff,CN=\\#a\\0d\\0a\\1b[0m\\ ,O=Käse\\, Brot \\+ Söhne,C=DE"
        );
        assert_eq!(read(&der).common_name().as_deref(), Some("#a\r\n\x1b[0m "));
    }

    #[test]
    fn strings_are_compared_without_case_spaces_and_type() {
        let one = name(&[(known::ORGANIZATION, tag::PRINTABLE_STRING, b" Example  Corp ")]);
        let two = name(&[(known::ORGANIZATION, tag::UTF8_STRING, b"EXAMPLE corp")]);
        let wide = name(&[(
            known::ORGANIZATION,
            tag::BMP_STRING,
            b"\0e\0x\0a\0m\0p\0l\0e\0 \0c\0o\0r\0p",
        )]);
        let other = name(&[(known::ORGANIZATION, tag::UTF8_STRING, b"examplecorp")]);
        let kind = name(&[(known::COMMON_NAME, tag::UTF8_STRING, b"example corp")]);
        assert!(read(&one).matches(&read(&two)));
        assert!(read(&one).matches(&read(&wide)));
        assert_eq!(read(&one).fingerprint(), read(&two).fingerprint());
        assert_eq!(read(&one).fingerprint(), read(&wide).fingerprint());
        assert!(!read(&one).matches(&read(&other)));
        assert!(!read(&one).matches(&read(&kind)));
    }

    #[test]
    fn a_name_lies_within_its_beginnings() {
        let whole = name(&[
            (known::COUNTRY, tag::PRINTABLE_STRING, b"DE"),
            (known::ORGANIZATION, tag::UTF8_STRING, b"Example"),
        ]);
        let base = name(&[(known::COUNTRY, tag::UTF8_STRING, b"de")]);
        let empty = name(&[]);
        assert!(read(&whole).lies_within(&read(&base)));
        assert!(read(&whole).lies_within(&read(&empty)));
        assert!(!read(&base).lies_within(&read(&whole)));
        assert!(!read(&whole).matches(&read(&base)));
    }

    #[test]
    fn an_empty_part_is_malformed() {
        assert!(DistinguishedName::read_whole(&[0x30, 0x02, 0x31, 0x00], "subject").is_err());
        assert!(DistinguishedName::read_whole(&[0x30, 0x00], "subject").is_ok());
    }
}

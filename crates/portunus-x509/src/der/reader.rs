//! A reader of DER elements that knows the name of what it reads.

use super::{Malformed, Oid, Problem};
use asn1::ParseErrorKind;

/// Identifier octets (X.690 section 8.1.2).
pub(crate) mod tag {
    pub(crate) const BOOLEAN: u8 = 0x01;
    pub(crate) const INTEGER: u8 = 0x02;
    pub(crate) const BIT_STRING: u8 = 0x03;
    pub(crate) const OCTET_STRING: u8 = 0x04;
    pub(crate) const NULL: u8 = 0x05;
    pub(crate) const OID: u8 = 0x06;
    pub(crate) const ENUMERATED: u8 = 0x0a;
    pub(crate) const UTF8_STRING: u8 = 0x0c;
    pub(crate) const PRINTABLE_STRING: u8 = 0x13;
    pub(crate) const TELETEX_STRING: u8 = 0x14;
    pub(crate) const IA5_STRING: u8 = 0x16;
    pub(crate) const UTC_TIME: u8 = 0x17;
    pub(crate) const GENERALIZED_TIME: u8 = 0x18;
    pub(crate) const UNIVERSAL_STRING: u8 = 0x1c;
    pub(crate) const BMP_STRING: u8 = 0x1e;
    pub(crate) const SEQUENCE: u8 = 0x30;
    pub(crate) const SET: u8 = 0x31;

    /// A context-specific tag on a primitive value.
    pub(crate) const fn context(number: u8) -> u8 {
        0x80 | number
    }

    /// A context-specific tag on a constructed value.
    pub(crate) const fn context_constructed(number: u8) -> u8 {
        0xa0 | number
    }
}

/// A tag's number that does not fit into its first octet.
const MANY_OCTETS: u8 = 0x1f;

/// Walks over DER elements side by side; errors name the field that the reader was made for.
#[derive(Debug, Clone)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    field: &'static str,
}

/// One element: its identifier octet, its contents, and both with the length.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    pub(crate) contents: &'a [u8],
    pub(crate) full: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(contents: &'a [u8], field: &'static str) -> Self {
        Self { rest: contents, field }
    }

    /// The contents of a SEQUENCE that is all that `der` holds.
    pub(crate) fn whole_sequence(der: &'a [u8], field: &'static str) -> Result<Self, Malformed> {
        let mut outer = Self::new(der, field);
        let inner = outer.sequence()?;
        outer.finish()?;
        Ok(inner)
    }

    /// The same reader, its errors named after `field` from now on.
    pub(crate) fn at(&mut self, field: &'static str) -> &mut Self {
        self.field = field;
        self
    }

    pub(crate) fn field(&self) -> &'static str {
        self.field
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) fn malformed(&self, problem: Problem) -> Malformed {
        Malformed::new(self.field, problem)
    }

    pub(crate) fn finish(&self) -> Result<(), Malformed> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(self.malformed(Problem::Trailing))
        }
    }

    #[inline]
    pub(crate) fn any(&mut self) -> Result<Element<'a>, Malformed> {
        // Nearly all are so: a tag and a length of one octet each (X.690 section 8.1.2.2 and X.690 section 8.1.3.4).
        if let [tag, length @ ..0x80, ..] = *self.rest
            && tag & MANY_OCTETS != MANY_OCTETS
            && let Some((full, rest)) = self.rest.split_at_checked(2 + usize::from(length))
            && let Some((_, contents)) = full.split_at_checked(2)
        {
            self.rest = rest;
            return Ok(Element { tag, contents, full });
        }
        self.any_longer()
    }

    #[cold]
    fn any_longer(&mut self) -> Result<Element<'a>, Malformed> {
        let (tlv, rest) = asn1::strip_tlv(self.rest).map_err(|e| self.malformed(problem(&e)))?;
        let tag = tlv.tag().as_u8().ok_or(self.malformed(Problem::Tag))?;
        self.rest = rest;
        Ok(Element {
            tag,
            contents: tlv.data(),
            full: tlv.full_data(),
        })
    }

    #[inline]
    pub(crate) fn element(&mut self, tag: u8) -> Result<Element<'a>, Malformed> {
        let element = self.any()?;
        if element.tag == tag {
            Ok(element)
        } else {
            Err(self.malformed(Problem::Tag))
        }
    }

    #[inline]
    pub(crate) fn optional(&mut self, tag: u8) -> Result<Option<Element<'a>>, Malformed> {
        if self.rest.first() == Some(&tag) {
            self.any().map(Some)
        } else {
            Ok(None)
        }
    }

    /// Whether the next element has one of these tags.
    pub(crate) fn is_at(&self, tags: &[u8]) -> bool {
        self.rest.first().is_some_and(|next| tags.contains(next))
    }

    #[inline]
    pub(crate) fn sequence(&mut self) -> Result<Self, Malformed> {
        let element = self.element(tag::SEQUENCE)?;
        Ok(Self::new(element.contents, self.field))
    }

    #[inline]
    pub(crate) fn oid(&mut self) -> Result<Oid<'a>, Malformed> {
        let element = self.element(tag::OID)?;
        Oid::from_contents(element.contents, self.field)
    }

    pub(crate) fn octets(&mut self) -> Result<&'a [u8], Malformed> {
        Ok(self.element(tag::OCTET_STRING)?.contents)
    }

    /// `BOOLEAN DEFAULT FALSE`: only TRUE may be written.
    pub(crate) fn default_false(&mut self) -> Result<bool, Malformed> {
        self.boolean_default_false(tag::BOOLEAN)
    }

    /// As [`Self::default_false`], for an implicitly tagged one.
    pub(crate) fn tagged_default_false(&mut self, number: u8) -> Result<bool, Malformed> {
        self.boolean_default_false(tag::context(number))
    }

    fn boolean_default_false(&mut self, tag: u8) -> Result<bool, Malformed> {
        match self.optional(tag)? {
            None => Ok(false),
            Some(element) if element.contents == [0xff] => Ok(true),
            Some(element) if element.contents == [0x00] => Err(self.malformed(Problem::Default)),
            Some(_) => Err(self.malformed(Problem::Value)),
        }
    }

    /// An INTEGER's contents in two's complement, in the shortest form.
    pub(crate) fn integer(&mut self) -> Result<&'a [u8], Malformed> {
        let element = self.element(tag::INTEGER)?;
        self.check_integer(element.contents)
    }

    /// As [`Self::integer`], for the contents of an implicitly tagged one.
    pub(crate) fn check_integer(&self, contents: &'a [u8]) -> Result<&'a [u8], Malformed> {
        match contents {
            [] => Err(self.malformed(Problem::Length)),
            [0x00, next, ..] if next & 0x80 == 0 => Err(self.malformed(Problem::Value)),
            [0xff, next, ..] if next & 0x80 != 0 => Err(self.malformed(Problem::Value)),
            _ => Ok(contents),
        }
    }

    /// The contents of an INTEGER (0..MAX) as a number; one beyond 2³²−1 is as good as that.
    pub(crate) fn small_number(&self, contents: &'a [u8]) -> Result<u32, Malformed> {
        let octets = self.check_integer(contents)?;
        if octets.first().is_some_and(|first| first & 0x80 != 0) {
            return Err(self.malformed(Problem::Value));
        }
        let value = octets.iter().try_fold(0u32, |value, octet| {
            value.checked_mul(256).map(|value| value | u32::from(*octet))
        });
        Ok(value.unwrap_or(u32::MAX))
    }

    /// A BIT STRING: its bits, filled up to whole octets, and how many at the end are filling.
    pub(crate) fn bit_string(&mut self) -> Result<(&'a [u8], u8), Malformed> {
        let element = self.element(tag::BIT_STRING)?;
        self.check_bit_string(element.contents)
    }

    /// As [`Self::bit_string`], for the contents of an implicitly tagged one.
    pub(crate) fn check_bit_string(&self, contents: &'a [u8]) -> Result<(&'a [u8], u8), Malformed> {
        let (&unused, bits) = contents.split_first().ok_or(self.malformed(Problem::Length))?;
        let bits = asn1::BitString::new(bits, unused).ok_or(self.malformed(Problem::Value))?;
        Ok((bits.as_bytes(), unused))
    }

    /// A BIT STRING of whole octets.
    pub(crate) fn bit_string_of_octets(&mut self) -> Result<&'a [u8], Malformed> {
        match self.bit_string()? {
            (octets, 0) => Ok(octets),
            _ => Err(self.malformed(Problem::Value)),
        }
    }

    /// An IA5String's contents as text.
    pub(crate) fn ascii(&self, contents: &'a [u8]) -> Result<&'a str, Malformed> {
        match std::str::from_utf8(contents) {
            Ok(text) if text.is_ascii() => Ok(text),
            _ => Err(self.malformed(Problem::Value)),
        }
    }
}

fn problem(error: &asn1::ParseError) -> Problem {
    match error.kind() {
        ParseErrorKind::ShortData { .. } => Problem::Truncated,
        ParseErrorKind::InvalidLength => Problem::Length,
        ParseErrorKind::InvalidTag | ParseErrorKind::UnexpectedTag { .. } => Problem::Tag,
        ParseErrorKind::ExtraData => Problem::Trailing,
        _ => Problem::Value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_that_are_not_the_shortest_are_refused() {
        assert_eq!(
            Reader::new(&[0x04, 0x81, 0x01, 0xaa], "f").octets(),
            Err(Malformed::new("f", Problem::Length))
        );
        assert_eq!(
            Reader::new(&[0x04, 0x80, 0xaa], "f").octets(),
            Err(Malformed::new("f", Problem::Length))
        );
        assert_eq!(
            Reader::new(&[0x04, 0x02, 0xaa], "f").octets(),
            Err(Malformed::new("f", Problem::Truncated))
        );
        assert_eq!(Reader::new(&[0x04, 0x01, 0xaa], "f").octets(), Ok(&[0xaa][..]));
    }

    #[test]
    fn a_boolean_that_is_its_default_is_refused() {
        assert_eq!(Reader::new(&[], "f").default_false(), Ok(false));
        assert_eq!(Reader::new(&[1, 1, 0xff], "f").default_false(), Ok(true));
        assert_eq!(
            Reader::new(&[1, 1, 0], "f").default_false(),
            Err(Malformed::new("f", Problem::Default))
        );
        assert_eq!(
            Reader::new(&[1, 1, 1], "f").default_false(),
            Err(Malformed::new("f", Problem::Value))
        );
    }

    #[test]
    fn integers_and_bit_strings_have_one_form() {
        assert_eq!(Reader::new(&[2, 2, 0, 0x80], "f").integer(), Ok(&[0, 0x80][..]));
        assert!(Reader::new(&[2, 2, 0, 0x7f], "f").integer().is_err());
        assert!(Reader::new(&[2, 2, 0xff, 0x80], "f").integer().is_err());
        assert!(Reader::new(&[2, 0], "f").integer().is_err());
        assert_eq!(Reader::new(&[3, 2, 5, 0xa0], "f").bit_string(), Ok((&[0xa0][..], 5)));
        assert!(Reader::new(&[3, 2, 5, 0xa1], "f").bit_string().is_err());
        assert!(Reader::new(&[3, 2, 8, 0], "f").bit_string().is_err());
        assert!(Reader::new(&[3, 1, 1], "f").bit_string().is_err());
    }
}

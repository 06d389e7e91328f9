//! Name constraints (RFC 5280 section 4.2.1.10): which names an authority may give.

use super::dns::check_presented;
use super::email::ends_with_ignore_case;
use super::ip::IpRange;
use super::{DistinguishedName, GeneralName, email, uri};
use crate::Printable;
use crate::der::{Malformed, Problem, Reader, tag};
use std::fmt;

/// `NameConstraints ::= SEQUENCE { permittedSubtrees [0] GeneralSubtrees OPTIONAL, excludedSubtrees [1] GeneralSubtrees
/// OPTIONAL }`.
#[derive(Debug, Clone)]
pub struct NameConstraints<'a> {
    permitted: Subtrees<'a>,
    excluded: Subtrees<'a>,
}

/// The names that one side of the constraints is about, in the certificate's order.
#[derive(Debug, Clone)]
pub struct Subtrees<'a>(Reader<'a>);

/// The base of one subtree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subtree<'a> {
    /// A DNS name and all below it; with a dot before it, those below it alone.
    Dns(&'a str),
    /// Addresses.
    Ip(IpRange),
    /// A mailbox, a host, or a domain.
    Email(&'a str),
    /// A host, or a domain.
    Uri(&'a str),
    /// Directory names that begin with this one.
    Directory(DistinguishedName<'a>),
    /// A form that this crate does not compare, by its tag: names of it are refused where it is constrained.
    Other(u8),
}

/// How a name stands to the constraints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Judgement<'a> {
    Allowed,
    /// Inside this excluded subtree.
    Excluded(Subtree<'a>),
    /// Of a form that is permitted only within some subtrees, and in none of them.
    NotPermitted,
    /// Of a form, or in a form, that cannot be compared with this subtree.
    NotComparable(Subtree<'a>),
}

impl<'a> NameConstraints<'a> {
    pub(crate) fn parse(der: &'a [u8]) -> Result<Self, Malformed> {
        const FIELD: &str = "nameConstraints";
        let mut fields = Reader::whole_sequence(der, FIELD)?;
        let permitted = fields.optional(tag::context_constructed(0))?;
        let excluded = fields.optional(tag::context_constructed(1))?;
        fields.finish()?;
        if permitted.is_none() && excluded.is_none() {
            return Err(fields.malformed(Problem::Empty));
        }
        Ok(Self {
            permitted: Subtrees::parse(permitted, FIELD)?,
            excluded: Subtrees::parse(excluded, FIELD)?,
        })
    }

    /// Where names of these forms have to lie.
    pub fn permitted(&self) -> Subtrees<'a> {
        self.permitted.clone()
    }

    /// Where they must not lie.
    pub fn excluded(&self) -> Subtrees<'a> {
        self.excluded.clone()
    }

    /// Judges one name; `compared` is called before each comparison and may break off.
    pub(crate) fn judge<E>(
        &self,
        name: &GeneralName<'_>,
        mut compared: impl FnMut() -> Result<(), E>,
    ) -> Result<Judgement<'a>, E> {
        for subtree in self.excluded() {
            compared()?;
            match subtree.overlaps(name) {
                Some(true) => return Ok(Judgement::Excluded(subtree)),
                Some(false) => {}
                None => return Ok(Judgement::NotComparable(subtree)),
            }
        }
        let mut of_this_form = false;
        for subtree in self.permitted() {
            compared()?;
            if !subtree.is_of_form(name) {
                continue;
            }
            of_this_form = true;
            match subtree.holds(name) {
                Some(true) => return Ok(Judgement::Allowed),
                Some(false) => {}
                None => return Ok(Judgement::NotComparable(subtree)),
            }
        }
        Ok(if of_this_form {
            Judgement::NotPermitted
        } else {
            Judgement::Allowed
        })
    }
}

impl<'a> Subtrees<'a> {
    /// `GeneralSubtrees ::= SEQUENCE SIZE (1..MAX) OF GeneralSubtree`; each is looked at here.
    fn parse(element: Option<crate::der::Element<'a>>, field: &'static str) -> Result<Self, Malformed> {
        let Some(element) = element else {
            return Ok(Self(Reader::new(&[], field)));
        };
        let all = Reader::new(element.contents, field);
        if all.is_empty() {
            return Err(all.malformed(Problem::Empty));
        }
        let mut rest = all.clone();
        while !rest.is_empty() {
            Subtree::read(&mut rest)?;
        }
        Ok(Self(all))
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'a> Iterator for Subtrees<'a> {
    type Item = Subtree<'a>;

    fn next(&mut self) -> Option<Subtree<'a>> {
        if self.0.is_empty() {
            return None;
        }
        Subtree::read(&mut self.0).ok()
    }
}

impl<'a> Subtree<'a> {
    /// `GeneralSubtree ::= SEQUENCE { base GeneralName, minimum [0] BaseDistance DEFAULT 0, maximum [1] BaseDistance
    /// OPTIONAL }`; RFC 5280 has no use for minimum and maximum, and forbids them.
    fn read(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        let mut fields = reader.sequence()?;
        let base = fields.any()?;
        fields.finish()?;
        let value = base.contents;
        match base.tag {
            0x81 => reader.ascii(value).map(Self::Email),
            0x82 => reader.ascii(value).map(Self::Dns),
            0xa4 => DistinguishedName::read_whole(value, reader.field()).map(Self::Directory),
            0x86 => reader.ascii(value).map(Self::Uri),
            0x87 => IpRange::from_octets(value)
                .map(Self::Ip)
                .ok_or(reader.malformed(Problem::Value)),
            0xa0 | 0xa3 | 0xa5 | 0x88 => Ok(Self::Other(base.tag)),
            _ => Err(reader.malformed(Problem::Tag)),
        }
    }

    /// Whether the subtree constrains names of this form.
    fn is_of_form(&self, name: &GeneralName<'_>) -> bool {
        match (self, name) {
            (Self::Dns(_), GeneralName::Dns(_))
            | (Self::Ip(_), GeneralName::Ip(_))
            | (Self::Email(_), GeneralName::Email(_))
            | (Self::Uri(_), GeneralName::Uri(_))
            | (Self::Directory(_), GeneralName::Directory(_)) => true,
            (Self::Other(tag), GeneralName::RegisteredId(_)) => *tag == 0x88,
            (Self::Other(tag), GeneralName::Other { form, .. }) => form_name(*tag) == *form,
            _ => false,
        }
    }

    /// Whether all that the name stands for lies inside. `None` where that cannot be told.
    fn holds(&self, name: &GeneralName<'_>) -> Option<bool> {
        match (self, name) {
            (Self::Dns(base), GeneralName::Dns(name)) => dns(name, base, Wildcard::Whole),
            _ => self.compare(name),
        }
    }

    /// Whether anything that the name stands for lies inside. `None` where that cannot be told.
    fn overlaps(&self, name: &GeneralName<'_>) -> Option<bool> {
        match (self, name) {
            (Self::Dns(base), GeneralName::Dns(name)) => dns(name, base, Wildcard::Any),
            _ => self.compare(name),
        }
    }

    fn compare(&self, name: &GeneralName<'_>) -> Option<bool> {
        match (self, name) {
            (Self::Ip(range), GeneralName::Ip(ip)) => Some(range.contains(*ip)),
            (Self::Email(base), GeneralName::Email(name)) => email::within(name, base),
            (Self::Uri(base), GeneralName::Uri(name)) => uri::within(name, base),
            (Self::Directory(base), GeneralName::Directory(name)) => Some(name.lies_within(base)),
            _ if self.is_of_form(name) => None,
            _ => Some(false),
        }
    }
}

/// What a wildcard has to do to count as inside a subtree.
#[derive(Clone, Copy, PartialEq)]
enum Wildcard {
    /// Each name that it can stand for is inside.
    Whole,
    /// Some name that it can stand for is inside.
    Any,
}

/// `example.com` holds itself and all below it; `.example.com`, which RFC 5280 does not define for DNS names, holds those
/// below it alone; the empty name holds all.
fn dns(name: &str, base: &str, wildcard: Wildcard) -> Option<bool> {
    check_presented(name).ok()?;
    if base.is_empty() {
        return Some(true);
    }
    let domain = base.strip_prefix('.');
    let bare = domain.unwrap_or(base);
    if bare.starts_with('*') || check_presented(bare).is_err() {
        return None;
    }
    let Some(parent) = name.strip_prefix("*.") else {
        return Some(is_below(name, bare) || (domain.is_none() && name.eq_ignore_ascii_case(bare)));
    };
    // `*.parent` stands for the names one label below `parent`.
    if parent.eq_ignore_ascii_case(bare) || is_below(parent, bare) {
        return Some(true);
    }
    let one_below = domain.is_none()
        && bare
            .split_once('.')
            .is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(parent));
    Some(wildcard == Wildcard::Any && one_below)
}

/// Whether `name` stands below `domain`, at whatever depth.
fn is_below(name: &str, domain: &str) -> bool {
    ends_with_ignore_case(name, domain)
        && name
            .len()
            .checked_sub(domain.len())
            .and_then(|at| at.checked_sub(1))
            .and_then(|at| name.as_bytes().get(at))
            == Some(&b'.')
}

fn form_name(tag: u8) -> &'static str {
    match tag {
        0xa0 => "otherName",
        0xa3 => "x400Address",
        0xa5 => "ediPartyName",
        _ => "registeredID",
    }
}

/// The form's name and the base, what the peer chose escaped.
impl fmt::Display for Subtree<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(base) => write!(f, "DNS:{}", Printable::new(base)),
            Self::Ip(range) => write!(f, "IP:{range}"),
            Self::Email(base) => write!(f, "email:{}", Printable::new(base)),
            Self::Uri(base) => write!(f, "URI:{}", Printable::new(base)),
            Self::Directory(base) => write!(f, "directory:{base}"),
            Self::Other(tag) => f.write_str(form_name(*tag)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dns_names_and_wildcards_against_a_subtree() {
        use Wildcard::{Any, Whole};
        for (name, base, how, expected) in [
            ("example.com", "example.com", Whole, Some(true)),
            ("a.b.EXAMPLE.com", "example.COM", Whole, Some(true)),
            ("aexample.com", "example.com", Whole, Some(false)),
            ("com", "example.com", Whole, Some(false)),
            ("example.com", ".example.com", Whole, Some(false)),
            ("a.example.com", ".example.com", Whole, Some(true)),
            ("aexample.com", ".example.com", Whole, Some(false)),
            ("anything", "", Whole, Some(true)),
            ("*.example.com", "example.com", Whole, Some(true)),
            ("*.example.com", ".example.com", Whole, Some(true)),
            ("*.a.example.com", ".example.com", Whole, Some(true)),
            ("*.example.com", "a.example.com", Whole, Some(false)),
            ("*.example.com", "a.example.com", Any, Some(true)),
            ("*.example.com", ".a.example.com", Any, Some(false)),
            ("*.example.com", "b.a.example.com", Any, Some(false)),
            ("*.cloud.example.com", "bmw", Any, Some(false)),
            ("*.com", "example.com", Any, Some(true)),
            ("example.com", "*.example.com", Any, None),
            ("exa mple.com", "example.com", Any, None),
        ] {
            assert_eq!(dns(name, base, how), expected, "{name} {base}");
        }
    }
}

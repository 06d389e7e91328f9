//! Distribution points: which part of what is revoked a list tells, and which part a certificate wants to know (RFC 5280 section 4.2.1.13 and
//! RFC 5280 section 5.2.5).

use crate::der::{Malformed, Problem, Reader, tag};
use crate::limits::{MAX_DISTRIBUTION_POINTS, MAX_NAMES_OF_A_POINT};
use crate::name::{DistinguishedName, GeneralName, GeneralNames, RelativeName};

/// `ReasonFlags ::= BIT STRING`: reasons for which something may be revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reasons(u16);

impl Reasons {
    pub(crate) const NONE: Self = Self(0);
    /// keyCompromise (1) to aACompromise (8): the first bit stands for nothing.
    pub(crate) const ALL: Self = Self(0x7f80);

    fn parse(contents: &[u8], reader: &Reader<'_>) -> Result<Self, Malformed> {
        let (octets, _) = reader.check_bit_string(contents)?;
        let bits = match octets {
            [] => 0,
            [first] => u16::from_be_bytes([*first, 0]),
            [first, second, ..] => u16::from_be_bytes([*first, *second]),
        };
        Ok(Self(bits & Self::ALL.0))
    }

    pub(crate) fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(crate) fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether `other` has none that is not among these.
    pub(crate) fn contain(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }
}

/// ```text
/// DistributionPointName ::= CHOICE {
///      fullName                [0] GeneralNames,
///      nameRelativeToCRLIssuer [1] RelativeDistinguishedName }
/// ```
#[derive(Debug, Clone)]
pub(crate) enum PointName<'a> {
    Full(GeneralNames<'a>),
    Relative(RelativeName<'a>),
}

impl<'a> PointName<'a> {
    /// As it stands in a field `[0]`, whose tag is explicit since this is a choice.
    fn read(fields: &mut Reader<'a>) -> Result<Option<Self>, Malformed> {
        let Some(element) = fields.optional(tag::context_constructed(0))? else {
            return Ok(None);
        };
        let mut inner = Reader::new(element.contents, fields.field());
        let choice = inner.any()?;
        inner.finish()?;
        match choice.tag {
            0xa0 => names_of_a_point(choice.contents, fields).map(Self::Full),
            0xa1 => RelativeName::parse_contents(choice.contents, fields.field()).map(Self::Relative),
            _ => Err(inner.malformed(Problem::Tag)),
        }
        .map(Some)
    }

    /// Whether both name one point; each stands beside the issuer that its relative name is relative to.
    pub(crate) fn matches(
        &self,
        issuer: &DistinguishedName<'_>,
        other: &PointName<'_>,
        of: &DistinguishedName<'_>,
    ) -> bool {
        match (self, other) {
            (Self::Full(own), PointName::Full(other)) => own.clone().any(|own| is_among(&own, other)),
            (Self::Relative(own), PointName::Relative(other)) => issuer.matches(of) && own.matches(other),
            (Self::Full(full), PointName::Relative(relative)) => has_whole(full, of, relative),
            (Self::Relative(relative), PointName::Full(full)) => has_whole(full, issuer, relative),
        }
    }

    /// Whether this names the point that a general name stands for.
    pub(crate) fn is_one_of(&self, issuer: &DistinguishedName<'_>, names: &GeneralNames<'_>) -> bool {
        match self {
            Self::Full(own) => own.clone().any(|own| is_among(&own, names)),
            Self::Relative(relative) => has_whole(names, issuer, relative),
        }
    }

    /// Whether this names the point that an issuer's own name stands for.
    pub(crate) fn is(&self, name: &DistinguishedName<'_>) -> bool {
        match self {
            Self::Full(own) => directory_names(own).any(|own| own.matches(name)),
            Self::Relative(_) => false,
        }
    }
}

fn names_of_a_point<'a>(contents: &'a [u8], fields: &Reader<'a>) -> Result<GeneralNames<'a>, Malformed> {
    let names = GeneralNames::parse_contents(contents, fields.field())?;
    if names.clone().nth(MAX_NAMES_OF_A_POINT).is_some() {
        return Err(fields.malformed(Problem::TooMany));
    }
    Ok(names)
}

fn is_among(name: &GeneralName<'_>, names: &GeneralNames<'_>) -> bool {
    names.clone().any(|other| name.matches(&other))
}

fn has_whole(names: &GeneralNames<'_>, issuer: &DistinguishedName<'_>, relative: &RelativeName<'_>) -> bool {
    directory_names(names).any(|name| name.is_relative_to(issuer, relative))
}

/// The directory names among general names.
pub(crate) fn directory_names<'a>(names: &GeneralNames<'a>) -> impl Iterator<Item = DistinguishedName<'a>> + use<'a> {
    names.clone().filter_map(|name| match name {
        GeneralName::Directory(name) => Some(name),
        _ => None,
    })
}

/// ```text
/// DistributionPoint ::= SEQUENCE {
///      distributionPoint [0] DistributionPointName OPTIONAL,
///      reasons           [1] ReasonFlags OPTIONAL,
///      cRLIssuer         [2] GeneralNames OPTIONAL }
/// ```
#[derive(Debug, Clone)]
pub(crate) struct DistributionPoint<'a> {
    pub(crate) name: Option<PointName<'a>>,
    pub(crate) reasons: Reasons,
    pub(crate) crl_issuer: Option<GeneralNames<'a>>,
}

impl<'a> DistributionPoint<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        let mut fields = reader.sequence()?;
        let name = PointName::read(&mut fields)?;
        let reasons = match fields.optional(tag::context(1))? {
            Some(element) => Reasons::parse(element.contents, &fields)?,
            None => Reasons::ALL,
        };
        let crl_issuer = match fields.optional(tag::context_constructed(2))? {
            Some(element) => Some(names_of_a_point(element.contents, &fields)?),
            None => None,
        };
        fields.finish()?;
        // RFC 5280 section 4.2.1.13: reasons alone are no point.
        if name.is_none() && crl_issuer.is_none() {
            return Err(fields.malformed(Problem::Empty));
        }
        Ok(Self {
            name,
            reasons,
            crl_issuer,
        })
    }
}

/// `CRLDistributionPoints ::= SEQUENCE SIZE (1..MAX) OF DistributionPoint`.
#[derive(Debug, Clone)]
pub(crate) struct DistributionPoints<'a>(Reader<'a>);

impl<'a> DistributionPoints<'a> {
    pub(crate) fn none() -> Self {
        Self(Reader::new(&[], "cRLDistributionPoints"))
    }

    pub(crate) fn parse(der: &'a [u8]) -> Result<Self, Malformed> {
        let all = Reader::whole_sequence(der, "cRLDistributionPoints")?;
        if all.is_empty() {
            return Err(all.malformed(Problem::Empty));
        }
        let mut rest = all.clone();
        for _ in 0..MAX_DISTRIBUTION_POINTS {
            if rest.is_empty() {
                return Ok(Self(all));
            }
            DistributionPoint::read(&mut rest)?;
        }
        if rest.is_empty() {
            Ok(Self(all))
        } else {
            Err(rest.malformed(Problem::TooMany))
        }
    }
}

impl<'a> Iterator for DistributionPoints<'a> {
    type Item = DistributionPoint<'a>;

    fn next(&mut self) -> Option<DistributionPoint<'a>> {
        if self.0.is_empty() {
            return None;
        }
        DistributionPoint::read(&mut self.0).ok()
    }
}

/// ```text
/// IssuingDistributionPoint ::= SEQUENCE {
///      distributionPoint          [0] DistributionPointName OPTIONAL,
///      onlyContainsUserCerts      [1] BOOLEAN DEFAULT FALSE,
///      onlyContainsCACerts        [2] BOOLEAN DEFAULT FALSE,
///      onlySomeReasons            [3] ReasonFlags OPTIONAL,
///      indirectCRL                [4] BOOLEAN DEFAULT FALSE,
///      onlyContainsAttributeCerts [5] BOOLEAN DEFAULT FALSE }
/// ```
#[derive(Debug, Clone)]
pub(crate) struct IssuingDistributionPoint<'a> {
    pub(crate) name: Option<PointName<'a>>,
    pub(crate) only_contains_user_certs: bool,
    pub(crate) only_contains_ca_certs: bool,
    pub(crate) only_some_reasons: Reasons,
    pub(crate) indirect_crl: bool,
    pub(crate) only_contains_attribute_certs: bool,
    /// The whole, to be compared with that of another list.
    pub(crate) der: &'a [u8],
}

impl<'a> IssuingDistributionPoint<'a> {
    pub(crate) fn parse(der: &'a [u8]) -> Result<Self, Malformed> {
        let mut fields = Reader::whole_sequence(der, "issuingDistributionPoint")?;
        // RFC 5280 section 5.2.5 forbids the empty one.
        if fields.is_empty() {
            return Err(fields.malformed(Problem::Empty));
        }
        let name = PointName::read(&mut fields)?;
        let only_contains_user_certs = fields.tagged_default_false(1)?;
        let only_contains_ca_certs = fields.tagged_default_false(2)?;
        let only_some_reasons = match fields.optional(tag::context(3))? {
            Some(element) => Reasons::parse(element.contents, &fields)?,
            None => Reasons::ALL,
        };
        let indirect_crl = fields.tagged_default_false(4)?;
        let only_contains_attribute_certs = fields.tagged_default_false(5)?;
        fields.finish()?;
        Ok(Self {
            name,
            only_contains_user_certs,
            only_contains_ca_certs,
            only_some_reasons,
            indirect_crl,
            only_contains_attribute_certs,
            der,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_a_place_or_an_issuer() {
        // Reasons alone.
        assert!(DistributionPoints::parse(&[0x30, 6, 0x30, 4, 0x81, 2, 6, 0x40]).is_err());
        let uri = [0x30, 9, 0x30, 7, 0xa0, 5, 0xa0, 3, 0x86, 1, b'u'];
        let mut points = DistributionPoints::parse(&uri).expect("points");
        let point = points.next().expect("a point");
        assert_eq!(point.reasons, Reasons::ALL);
        assert!(point.crl_issuer.is_none());
        assert!(points.next().is_none());
        assert!(DistributionPoints::parse(&[0x30, 0]).is_err());
    }

    #[test]
    fn points_and_their_names_are_not_too_many() {
        let sequence = |parts: &[u8]| {
            let [high, low] = u16::try_from(parts.len()).expect("short").to_be_bytes();
            [&[0x30, 0x82, high, low], parts].concat()
        };
        let point = [0x30, 7, 0xa0, 5, 0xa0, 3, 0x86, 1, b'u'];
        assert!(DistributionPoints::parse(&sequence(&point.repeat(MAX_DISTRIBUTION_POINTS))).is_ok());
        assert!(DistributionPoints::parse(&sequence(&point.repeat(MAX_DISTRIBUTION_POINTS + 1))).is_err());
        let names = |count: usize| {
            let names = [0x86, 1, b'u'].repeat(count);
            let length = u8::try_from(names.len()).expect("short");
            let head = [0x30, length + 6, 0x30, length + 4, 0xa0, length + 2, 0xa0, length];
            [&head, &names[..]].concat()
        };
        assert!(DistributionPoints::parse(&names(MAX_NAMES_OF_A_POINT)).is_ok());
        assert!(DistributionPoints::parse(&names(MAX_NAMES_OF_A_POINT + 1)).is_err());
    }

    #[test]
    fn an_issuing_point_says_something() {
        assert!(IssuingDistributionPoint::parse(&[0x30, 0]).is_err());
        assert!(
            IssuingDistributionPoint::parse(&[0x30, 3, 0x81, 1, 0]).is_err(),
            "a default"
        );
        let point = IssuingDistributionPoint::parse(&[0x30, 7, 0x83, 2, 6, 0x40, 0x84, 1, 0xff]).expect("a point");
        assert!(point.indirect_crl);
        assert!(Reasons::ALL.contain(point.only_some_reasons));
        assert!(!point.only_some_reasons.contain(Reasons::ALL));
        assert!(!point.only_contains_ca_certs);
    }
}

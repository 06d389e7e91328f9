//! `Time ::= CHOICE { utcTime UTCTime, generalTime GeneralizedTime }` (RFC 5280 section 4.1.2.5).

use super::{Malformed, Problem, Reader, tag};
use crate::UnixTime;
use asn1::SimpleAsn1Readable;

/// A point in time and the form that it was written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Time {
    pub(crate) at: UnixTime,
    /// RFC 5280 wants UTCTime up to 2049 and GeneralizedTime from then on.
    pub(crate) in_form_of_its_year: bool,
}

impl Time {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let element = reader.any()?;
        let bad = |_| reader.malformed(Problem::Value);
        let (date, in_form_of_its_year) = match element.tag {
            tag::UTC_TIME => {
                let time = asn1::UtcTime::parse_data(element.contents).map_err(bad)?;
                (time.as_datetime().clone(), true)
            }
            tag::GENERALIZED_TIME => {
                let time = asn1::X509GeneralizedTime::parse_data(element.contents).map_err(bad)?;
                let date = time.as_datetime().clone();
                let late = date.year() >= 2050;
                (date, late)
            }
            _ => return Err(reader.malformed(Problem::Tag)),
        };
        let at = UnixTime::from_utc(
            date.year(),
            date.month(),
            date.day(),
            date.hour(),
            date.minute(),
            date.second(),
        )
        .ok_or(reader.malformed(Problem::Value))?;
        Ok(Self {
            at,
            in_form_of_its_year,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(tag: u8, text: &str) -> Result<Time, Malformed> {
        let mut der = vec![tag, u8::try_from(text.len()).expect("short")];
        der.extend_from_slice(text.as_bytes());
        Time::read(&mut Reader::new(&der, "notAfter"))
    }

    #[test]
    fn both_forms_are_read() {
        let time = read(tag::UTC_TIME, "491231235959Z").expect("a time");
        assert_eq!(time.at.to_string(), "2049-12-31T23:59:59Z");
        assert!(time.in_form_of_its_year);
        assert_eq!(
            read(tag::UTC_TIME, "500101000000Z").expect("a time").at.to_string(),
            "1950-01-01T00:00:00Z"
        );
        let time = read(tag::GENERALIZED_TIME, "99991231235959Z").expect("a time");
        assert!(time.in_form_of_its_year);
        assert_eq!(time.at.to_string(), "9999-12-31T23:59:59Z");
        assert!(
            !read(tag::GENERALIZED_TIME, "20200101000000Z")
                .expect("a time")
                .in_form_of_its_year
        );
    }

    #[test]
    fn other_forms_are_refused() {
        for (tag, text) in [
            (tag::UTC_TIME, "4912312359Z"),
            (tag::UTC_TIME, "491231235959+0100"),
            (tag::UTC_TIME, "490231235959Z"),
            (tag::GENERALIZED_TIME, "20491231235959.5Z"),
            (tag::GENERALIZED_TIME, "20491231235959"),
            (tag::IA5_STRING, "491231235959Z"),
        ] {
            assert!(read(tag, text).is_err(), "{text}");
        }
    }
}

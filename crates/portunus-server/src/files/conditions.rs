//! Conditional requests (RFC 9110 section 13).

use std::time::{Duration, SystemTime};

use http::HeaderMap;
use http::header::{HeaderName, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE};

use super::stamp::Stamp;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Proceed,
    NotModified,
    Failed,
}

/// The conditions in the order of RFC 9110 section 13.2.2, for GET and HEAD.
pub(super) fn preconditions(headers: &HeaderMap, stamp: &Stamp) -> Verdict {
    if headers.contains_key(IF_MATCH) {
        if !names(headers, IF_MATCH, stamp, Comparison::Strong) {
            return Verdict::Failed;
        }
    } else if let (Some(since), Some(modified)) = (date(headers, IF_UNMODIFIED_SINCE), stamp.modified)
        && modified > since
    {
        return Verdict::Failed;
    }
    if headers.contains_key(IF_NONE_MATCH) {
        if names(headers, IF_NONE_MATCH, stamp, Comparison::Weak) {
            return Verdict::NotModified;
        }
    } else if let (Some(since), Some(modified)) = (date(headers, IF_MODIFIED_SINCE), stamp.modified)
        && modified <= since
    {
        return Verdict::NotModified;
    }
    Verdict::Proceed
}

/// Whether a range may be sent, because the client's other ranges are of the same file (RFC 9110 section 13.1.5).
pub(super) fn if_range_holds(headers: &HeaderMap, stamp: &Stamp, now: SystemTime) -> bool {
    let Some(condition) = headers.get(IF_RANGE) else {
        return true;
    };
    if condition.as_bytes().ends_with(b"\"") {
        return *condition == stamp.etag;
    }
    let (Some(date), Some(modified)) = (date(headers, IF_RANGE), stamp.modified) else {
        return false;
    };
    // RFC 9110 section 8.8.2.2: within its second a file may have changed twice.
    let settled = now
        .duration_since(modified)
        .is_ok_and(|age| age >= Duration::from_secs(1));
    date == modified && settled
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Strong,
    Weak,
}

/// Whether a list of entity tags has this file's, or is `*`.
fn names(headers: &HeaderMap, field: HeaderName, stamp: &Stamp, comparison: Comparison) -> bool {
    headers.get_all(field).iter().any(|list| {
        // Our own tags have no comma in them; a foreign one that is cut apart at its comma equals none of ours.
        list.as_bytes()
            .split(|byte| *byte == b',')
            .map(<[u8]>::trim_ascii)
            .any(|tag| {
                let (tag, weak) = match tag.strip_prefix(b"W/") {
                    Some(tag) => (tag, true),
                    None => (tag, false),
                };
                (tag == b"*" && !weak) || (tag == stamp.etag.as_bytes() && !(weak && comparison == Comparison::Strong))
            })
    })
}

fn date(headers: &HeaderMap, field: HeaderName) -> Option<SystemTime> {
    let mut values = headers.get_all(field).iter();
    let value = values.next()?;
    // RFC 9110 section 13.1.3: a list of dates is ignored, as is what is no date.
    if values.next().is_some() {
        return None;
    }
    httpdate::parse_http_date(value.to_str().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use http::HeaderValue;

    use super::*;

    const BEFORE: &str = "Sat, 01 Nov 2025 09:59:59 GMT";
    const THEN: &str = "Sat, 01 Nov 2025 10:00:00 GMT";
    const AFTER: &str = "Sat, 01 Nov 2025 10:00:01 GMT";

    fn stamp() -> Stamp {
        let modified = httpdate::parse_http_date(THEN).ok();
        Stamp {
            len: 10,
            etag: HeaderValue::from_static("\"a1\""),
            modified,
        }
    }

    fn headers(fields: &[(HeaderName, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(name, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    fn verdict(fields: &[(HeaderName, &str)]) -> Verdict {
        preconditions(&headers(fields), &stamp())
    }

    #[test]
    fn a_tag_that_is_known_needs_no_answer() {
        for list in ["\"a1\"", "W/\"a1\"", "\"b\", \"a1\"", "*", "\"x,y\" ,W/\"a1\""] {
            assert_eq!(verdict(&[(IF_NONE_MATCH, list)]), Verdict::NotModified, "{list}");
        }
        for list in ["\"a2\"", "a1", "", "\"*\"", "\"a1"] {
            assert_eq!(verdict(&[(IF_NONE_MATCH, list)]), Verdict::Proceed, "{list}");
        }
        assert_eq!(
            verdict(&[(IF_NONE_MATCH, "\"b\""), (IF_NONE_MATCH, "\"a1\"")]),
            Verdict::NotModified
        );
    }

    #[test]
    fn dates_count_where_tags_are_not_given() {
        assert_eq!(verdict(&[(IF_MODIFIED_SINCE, THEN)]), Verdict::NotModified);
        assert_eq!(verdict(&[(IF_MODIFIED_SINCE, AFTER)]), Verdict::NotModified);
        assert_eq!(verdict(&[(IF_MODIFIED_SINCE, BEFORE)]), Verdict::Proceed);
        assert_eq!(verdict(&[(IF_MODIFIED_SINCE, "yesterday")]), Verdict::Proceed);
        assert_eq!(
            verdict(&[(IF_MODIFIED_SINCE, AFTER), (IF_NONE_MATCH, "\"b\"")]),
            Verdict::Proceed
        );
        // Tags are stronger: RFC 9110 section 13.1.3.
        assert_eq!(
            verdict(&[(IF_MODIFIED_SINCE, BEFORE), (IF_NONE_MATCH, "\"a1\"")]),
            Verdict::NotModified
        );
    }

    #[test]
    fn a_file_that_is_not_the_meant_one_is_refused() {
        assert_eq!(verdict(&[(IF_MATCH, "\"a1\"")]), Verdict::Proceed);
        assert_eq!(verdict(&[(IF_MATCH, "*")]), Verdict::Proceed);
        assert_eq!(verdict(&[(IF_MATCH, "W/\"a1\"")]), Verdict::Failed);
        assert_eq!(verdict(&[(IF_MATCH, "\"b\"")]), Verdict::Failed);
        assert_eq!(verdict(&[(IF_UNMODIFIED_SINCE, BEFORE)]), Verdict::Failed);
        assert_eq!(verdict(&[(IF_UNMODIFIED_SINCE, THEN)]), Verdict::Proceed);
        assert_eq!(
            verdict(&[(IF_MATCH, "\"a1\""), (IF_UNMODIFIED_SINCE, BEFORE)]),
            Verdict::Proceed
        );
    }

    #[test]
    fn ranges_are_sent_of_the_same_file_only() {
        let later = UNIX_EPOCH + Duration::from_secs(4_000_000_000);
        let holds = |value: &str| if_range_holds(&headers(&[(IF_RANGE, value)]), &stamp(), later);
        assert!(holds("\"a1\""));
        assert!(!holds("W/\"a1\""));
        assert!(!holds("\"b\""));
        assert!(holds(THEN));
        assert!(!holds(BEFORE));
        assert!(!holds(AFTER));
        assert!(!holds("rubbish"));
        let same_second = stamp().modified.unwrap() + Duration::from_millis(900);
        assert!(!if_range_holds(&headers(&[(IF_RANGE, THEN)]), &stamp(), same_second));
        assert!(if_range_holds(&HeaderMap::new(), &stamp(), later));
    }
}

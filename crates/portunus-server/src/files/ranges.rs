//! Parts of a file (RFC 9110 section 14).

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::num::NonZeroUsize;
use std::ops::Range;

use bytes::Bytes;
use http::header::RANGE;
use http::{HeaderMap, HeaderValue};
use http_range_header::{RangeUnsatisfiableError, parse_range_header_with_max_ranges};

use crate::body::Piece;
use crate::limits::RANGES;

/// Which bytes are to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Selection {
    Whole,
    One(Range<u64>),
    Several(Vec<Range<u64>>),
    Unsatisfiable,
}

/// Reads `Range`. What cannot be read, what asks for too many parts and what asks for the same bytes over and over is
/// answered with the whole file, as RFC 9110 section 14.2 allows.
pub(super) fn select(headers: &HeaderMap, len: u64) -> Selection {
    let mut values = headers.get_all(RANGE).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Selection::Whole;
    };
    let most = NonZeroUsize::new(RANGES).unwrap_or(NonZeroUsize::MIN);
    let parsed = value
        .to_str()
        .ok()
        .and_then(|value| parse_range_header_with_max_ranges(value, most).ok());
    let Some(parsed) = parsed else { return Selection::Whole };
    let ranges = match parsed.validate(len) {
        Ok(ranges) => ranges,
        Err(RangeUnsatisfiableError::Unsatisfiable) => return Selection::Unsatisfiable,
        Err(_) => return Selection::Whole,
    };
    let ranges: Vec<Range<u64>> = ranges
        .iter()
        .map(|range| *range.start()..range.end().saturating_add(1))
        .collect();
    match ranges.as_slice() {
        [] => Selection::Whole,
        [one] => Selection::One(one.clone()),
        _ => Selection::Several(ranges),
    }
}

/// The value of `Content-Range`.
pub(super) fn content_range(range: &Range<u64>, len: u64) -> HeaderValue {
    let written = format!("bytes {}-{}/{len}", range.start, range.end.saturating_sub(1));
    HeaderValue::try_from(written).unwrap_or(HeaderValue::from_static("bytes */*"))
}

/// Several parts in one body (RFC 9110 section 14.6).
pub(super) struct Multipart<'a> {
    boundary: String,
    part_type: &'a HeaderValue,
    ranges: &'a [Range<u64>],
    len: u64,
}

impl<'a> Multipart<'a> {
    pub(super) fn new(part_type: &'a HeaderValue, ranges: &'a [Range<u64>], len: u64) -> Self {
        // Random, so that no file can be made to hold it.
        let half = || RandomState::new().build_hasher().finish();
        Self {
            boundary: format!("{:016x}{:016x}", half(), half()),
            part_type,
            ranges,
            len,
        }
    }

    pub(super) fn content_type(&self) -> HeaderValue {
        let written = format!("multipart/byteranges; boundary={}", self.boundary);
        HeaderValue::try_from(written).unwrap_or(HeaderValue::from_static("multipart/byteranges"))
    }

    pub(super) fn pieces(&self) -> Vec<Piece> {
        let part_type = self.part_type.to_str().unwrap_or("application/octet-stream");
        let mut pieces = Vec::with_capacity(self.ranges.len().saturating_mul(2).saturating_add(1));
        let mut line_end = "";
        for range in self.ranges {
            let (last, len) = (range.end.saturating_sub(1), self.len);
            let head = format!(
                "{line_end}--{}\r\nContent-Type: {part_type}\r\nContent-Range: bytes {}-{last}/{len}\r\n\r\n",
                self.boundary, range.start
            );
            pieces.push(Piece::Memory(Bytes::from(head)));
            pieces.push(Piece::Stored(range.clone()));
            line_end = "\r\n";
        }
        pieces.push(Piece::Memory(Bytes::from(format!("\r\n--{}--\r\n", self.boundary))));
        pieces
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selected(range: &str, len: u64) -> Selection {
        let mut headers = HeaderMap::new();
        headers.insert(RANGE, HeaderValue::from_str(range).unwrap());
        select(&headers, len)
    }

    #[test]
    fn one_range_is_cut_to_the_file() {
        assert_eq!(selected("bytes=0-0", 10), Selection::One(0..1));
        assert_eq!(selected("bytes=2-", 10), Selection::One(2..10));
        assert_eq!(selected("bytes=-3", 10), Selection::One(7..10));
        assert_eq!(selected("bytes=-30", 10), Selection::One(0..10));
        assert_eq!(selected("bytes=5-99999999999999999999999", 10), Selection::One(5..10));
    }

    #[test]
    fn ranges_beyond_the_end_cannot_be_satisfied() {
        assert_eq!(selected("bytes=10-", 10), Selection::Unsatisfiable);
        assert_eq!(selected("bytes=10-11,20-", 10), Selection::Unsatisfiable);
        assert_eq!(selected("bytes=-0", 10), Selection::Unsatisfiable);
        assert_eq!(selected("bytes=0-", 0), Selection::Unsatisfiable);
        assert_eq!(selected("bytes=-5", 0), Selection::Whole);
    }

    #[test]
    fn what_makes_no_sense_is_ignored() {
        for range in [
            "bytes=5-2",
            "bytes=",
            "bytes=a-b",
            "items=0-1",
            "bytes 0-1",
            "bytes=1",
            "bytes=0-1 2",
        ] {
            assert_eq!(selected(range, 10), Selection::Whole, "{range}");
        }
    }

    #[test]
    fn several_ranges_keep_their_order() {
        assert_eq!(selected("bytes=8-, 0-1", 10), Selection::Several(vec![8..10, 0..2]));
        // One of them is enough.
        assert_eq!(selected("bytes=0-1,20-", 10), Selection::One(0..2));
    }

    #[test]
    fn asking_for_the_same_over_and_over_gets_the_whole_once() {
        assert_eq!(selected("bytes=0-,0-,0-,0-", 10), Selection::Whole);
        let many = (0..RANGES as u64 + 1)
            .map(|n| format!("{}-{}", 2 * n, 2 * n))
            .collect::<Vec<_>>()
            .join(",");
        assert_eq!(selected(&format!("bytes={many}"), 1000), Selection::Whole);
    }
}

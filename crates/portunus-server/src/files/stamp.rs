//! What tells one state of a file from another (RFC 9110 section 8.8).

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cap_std::fs::Metadata;
use http::HeaderValue;

/// The validators of a file, and its length.
#[derive(Clone, Debug)]
pub(super) struct Stamp {
    pub(super) len: u64,
    /// A strong entity tag.
    pub(super) etag: HeaderValue,
    /// The time of the last change in whole seconds, as HTTP tells it.
    pub(super) modified: Option<SystemTime>,
}

impl Stamp {
    pub(super) fn new(metadata: &Metadata) -> Self {
        let modified = metadata.modified().ok().map(cap_std::time::SystemTime::into_std);
        // A hash, because the number of an inode is nobody's business.
        let mut hasher = DefaultHasher::new();
        metadata.len().hash(&mut hasher);
        modified.hash(&mut hasher);
        identity(metadata).hash(&mut hasher);
        let etag = format!("\"{:016x}\"", hasher.finish());
        Self {
            len: metadata.len(),
            etag: HeaderValue::try_from(etag).unwrap_or(HeaderValue::from_static("\"\"")),
            modified: modified.and_then(in_seconds),
        }
    }

    /// `Last-Modified`, absent for a time that HTTP cannot tell or that has not come yet (RFC 9110 section 8.8.2.1).
    pub(super) fn last_modified(&self, now: SystemTime) -> Option<HeaderValue> {
        let modified = self.modified.filter(|modified| *modified <= now)?;
        HeaderValue::try_from(httpdate::fmt_http_date(modified)).ok()
    }
}

/// Which file it is, and when anything about it changed: a file that is replaced by another of the same age and length
/// is a different one.
#[cfg(unix)]
fn identity(metadata: &Metadata) -> impl std::hash::Hash {
    use cap_std::fs::MetadataExt as _;
    (metadata.dev(), metadata.ino(), metadata.ctime(), metadata.ctime_nsec())
}

#[cfg(not(unix))]
fn identity(metadata: &Metadata) -> impl std::hash::Hash {
    metadata.created().ok().map(cap_std::time::SystemTime::into_std)
}

/// A time in whole seconds, if an HTTP date can tell it: its years have four digits, and `httpdate` knows none before
/// 1970.
fn in_seconds(time: SystemTime) -> Option<SystemTime> {
    const YEAR_10000: u64 = 253_402_300_800;
    let seconds = time.duration_since(UNIX_EPOCH).ok()?.as_secs();
    let seconds = Some(seconds).filter(|seconds| *seconds < YEAR_10000)?;
    UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_that_http_cannot_tell_are_left_out() {
        let at = |seconds| UNIX_EPOCH.checked_add(Duration::from_secs(seconds)).unwrap();
        assert_eq!(in_seconds(at(253_402_300_800)), None);
        assert_eq!(in_seconds(UNIX_EPOCH - Duration::from_secs(1)), None);
        let last = in_seconds(at(253_402_300_799) + Duration::from_millis(7)).unwrap();
        assert_eq!(httpdate::fmt_http_date(last), "Fri, 31 Dec 9999 23:59:59 GMT");
    }
}

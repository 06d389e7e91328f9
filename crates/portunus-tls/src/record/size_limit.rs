//! The longest protected records that a side takes (RFC 8449 section 4): each says so of what it receives.

use super::outgoing::MAX_FRAGMENT;
use crate::error::Misuse;
use crate::wire::ProtocolVersion;

/// The most content of a record: that of TLS 1.2's limits, which do not count a type.
pub(crate) const LARGEST_FRAGMENT: u16 = 1 << 14;

/// The most content of our own records, where it is one.
pub(crate) fn checked_fragment(max_fragment: u16) -> Result<u16, Misuse> {
    if (64..=LARGEST_FRAGMENT).contains(&max_fragment) {
        Ok(max_fragment)
    } else {
        Err(Misuse::MaxFragment)
    }
}

/// One that some version has.
pub(crate) fn checked(limit: u16) -> Result<u16, Misuse> {
    if (64..=largest(ProtocolVersion::TLS1_3)).contains(&limit) {
        Ok(limit)
    } else {
        Err(Misuse::RecordSizeLimit)
    }
}

/// The largest limit of a version: in TLS 1.3 the content's type counts, and padding.
pub(crate) fn largest(version: ProtocolVersion) -> u16 {
    if version == ProtocolVersion::TLS1_3 {
        LARGEST_FRAGMENT + 1
    } else {
        LARGEST_FRAGMENT
    }
}

/// The most content, padding counted, that a record under this limit holds.
pub(crate) fn max_content(limit: u16, version: ProtocolVersion) -> usize {
    let content_type = usize::from(version == ProtocolVersion::TLS1_3);
    usize::from(limit).saturating_sub(content_type).min(MAX_FRAGMENT)
}

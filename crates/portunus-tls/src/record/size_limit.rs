//! The longest protected records that a side takes (RFC 8449 section 4): each says so of what it receives.

use super::outgoing::MAX_FRAGMENT;
use crate::error::Misuse;
use crate::wire::ProtocolVersion;

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
        (1 << 14) + 1
    } else {
        1 << 14
    }
}

/// The most content, padding counted, that a record under this limit holds.
pub(crate) fn max_content(limit: u16, version: ProtocolVersion) -> usize {
    let content_type = usize::from(version == ProtocolVersion::TLS1_3);
    usize::from(limit).saturating_sub(content_type).min(MAX_FRAGMENT)
}

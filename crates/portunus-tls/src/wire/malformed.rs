//! Why bytes are no message.

use std::fmt;

use super::{AlertDescription, ExtensionType};

/// What a peer sent is not what the RFC's notation says: where, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{structure}.{field} {problem}")]
pub struct Malformed {
    /// The structure by its name in the RFC, such as `KeyShareEntry`.
    pub structure: &'static str,
    /// The field by its name in the RFC, such as `key_exchange`.
    pub field: &'static str,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What is wrong with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The bytes end within the field.
    Truncated,
    /// Bytes are left after the last field.
    TrailingBytes,
    /// A vector is shorter or longer than its range allows.
    Length {
        /// Its length in bytes.
        length: usize,
        /// The least that is allowed.
        at_least: usize,
        /// The most that is allowed.
        at_most: usize,
    },
    /// A vector of items of one size ends within an item.
    BrokenItem {
        /// The vector's length in bytes.
        length: usize,
        /// An item's size in bytes.
        item: usize,
    },
    /// A value that the RFC forbids.
    Value(u32),
    /// Another number of items than the RFC demands.
    Count {
        /// How many there are.
        found: usize,
        /// How many there must be.
        wanted: usize,
    },
    /// An extension comes twice in one block.
    Duplicate(ExtensionType),
    /// An extension that we know stands in a message in which it has no place.
    NotAllowedHere(ExtensionType),
    /// `pre_shared_key` is not the ClientHello's last extension.
    NotLast,
}

impl Malformed {
    /// The alert that answers it: `decode_error` for what breaks the syntax, `illegal_parameter` for what keeps to the syntax and is
    /// wrong all the same (RFC 9846 section 6).
    pub fn alert(&self) -> AlertDescription {
        match self.problem {
            Problem::Truncated | Problem::TrailingBytes | Problem::Length { .. } | Problem::BrokenItem { .. } => {
                AlertDescription::DECODE_ERROR
            }
            Problem::Value(_)
            | Problem::Count { .. }
            | Problem::Duplicate(_)
            | Problem::NotAllowedHere(_)
            | Problem::NotLast => AlertDescription::ILLEGAL_PARAMETER,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated => f.write_str("is cut short"),
            Self::TrailingBytes => f.write_str("is followed by bytes that belong to nothing"),
            Self::Length {
                length,
                at_least,
                at_most,
            } => {
                write!(f, "has {length} bytes where {at_least} to {at_most} are allowed")
            }
            Self::BrokenItem { length, item } => {
                write!(
                    f,
                    "has {length} bytes, which is no whole number of items of {item} bytes"
                )
            }
            Self::Value(value) => write!(f, "has the forbidden value {value}"),
            Self::Count { found, wanted } => write!(f, "has {found} items where {wanted} must stand"),
            Self::Duplicate(extension) => write!(f, "has the extension {extension} twice"),
            Self::NotAllowedHere(extension) => write!(f, "has the extension {extension}, which has no place in it"),
            Self::NotLast => f.write_str("does not end with its pre_shared_key extension"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_one_sentence_that_names_structure_and_field() {
        let fault = Malformed {
            structure: "ClientHello",
            field: "legacy_session_id",
            problem: Problem::Length {
                length: 33,
                at_least: 0,
                at_most: 32,
            },
        };
        assert_eq!(
            fault.to_string(),
            "ClientHello.legacy_session_id has 33 bytes where 0 to 32 are allowed"
        );
        assert_eq!(fault.alert(), AlertDescription::DECODE_ERROR);
        let fault = Malformed {
            structure: "EncryptedExtensions",
            field: "extensions",
            problem: Problem::NotAllowedHere(ExtensionType::KEY_SHARE),
        };
        assert_eq!(
            fault.to_string(),
            "EncryptedExtensions.extensions has the extension key_share, which has no place in it"
        );
        assert_eq!(fault.alert(), AlertDescription::ILLEGAL_PARAMETER);
    }
}

//! Writing DER elements: the few that this crate makes.

use super::{Malformed, Problem};

/// An element with its length in the shortest form.
pub(crate) fn element(tag: u8, contents: &[u8], field: &'static str) -> Result<Vec<u8>, Malformed> {
    let too_long = Malformed::new(field, Problem::Length);
    let length = u32::try_from(contents.len()).map_err(|_| too_long)?.to_be_bytes();
    let mut whole = Vec::with_capacity(contents.len().saturating_add(6));
    whole.push(tag);
    match length {
        [0, 0, 0, short @ 0..0x80] => whole.push(short),
        [0, 0, 0, one] => whole.extend_from_slice(&[0x81, one]),
        [0, 0, two @ ..] => {
            whole.push(0x82);
            whole.extend_from_slice(&two);
        }
        [0, three @ ..] => {
            whole.push(0x83);
            whole.extend_from_slice(&three);
        }
        _ => return Err(too_long),
    }
    whole.extend_from_slice(contents);
    Ok(whole)
}

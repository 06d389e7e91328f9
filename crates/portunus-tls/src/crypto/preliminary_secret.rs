//! What an EncryptedPreliminarySecret holds, opened in constant time (RFC 5246 section 7.4.7.1).
//!
//! Whoever learns anything of whether the padding or the version was right can decrypt what others sent, by asking often enough (Bleichenbacher's attack).
//! So there is no branch, no index and no early end here that hangs on the block. This file calls nothing but `subtle`, so that Valgrind can watch it alone:
//! `constant-time/` does.

use subtle::{ConditionallySelectable, ConstantTimeEq};

/// Bytes of a `PreliminarySecret`: `struct { ProtocolVersion client_version; opaque random[46]; } PreliminarySecret;`
pub(crate) const PRELIMINARY_SECRET: usize = 48;

/// Bytes that the padding string has at least (RFC 8017 section 7.2.1).
const MIN_PADDING_STRING: usize = 8;

/// Puts what `block` holds into `secret`, which holds random bytes before, if it is `00 02`, a padding string without a zero, `00`, and 48 bytes that begin
/// with the `version`. Else `secret` stays as it is, and nothing tells. The lengths are public.
pub(crate) fn open(block: &[u8], version: [u8; 2], secret: &mut [u8]) {
    let Some((padding, content)) = block.split_last_chunk::<PRELIMINARY_SECRET>() else {
        return;
    };
    let [first, second, string @ .., separator] = padding else {
        return;
    };
    if string.len() < MIN_PADDING_STRING {
        return;
    }
    let mut is_right = first.ct_eq(&0) & second.ct_eq(&2) & separator.ct_eq(&0);
    for byte in string {
        is_right &= !byte.ct_eq(&0);
    }
    for (byte, expected) in content.iter().zip(version) {
        is_right &= byte.ct_eq(&expected);
    }
    for (place, byte) in secret.iter_mut().zip(content) {
        place.conditional_assign(byte, is_right);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERSION: [u8; 2] = [3, 3];

    /// A block of 256 bytes whose content is 48 bytes of 5 behind the version.
    fn block() -> Vec<u8> {
        let mut block = vec![9; 256];
        block[..2].copy_from_slice(&[0, 2]);
        block[207] = 0;
        block[208..].fill(5);
        block[208..210].copy_from_slice(&VERSION);
        block
    }

    fn opened(block: &[u8]) -> [u8; PRELIMINARY_SECRET] {
        let mut secret = [7; PRELIMINARY_SECRET];
        open(block, VERSION, &mut secret);
        secret
    }

    #[test]
    fn what_is_padded_right_and_of_the_right_version_comes_out() {
        assert_eq!(opened(&block()), block()[208..]);
    }

    #[test]
    fn anything_else_leaves_the_random_bytes() {
        let mut changed = Vec::new();
        for place in 0..210 {
            let mut block = block();
            // A zero in the padding string, or another byte than there has to be.
            block[place] = if (2..207).contains(&place) { 0 } else { block[place] ^ 1 };
            changed.push(block);
        }
        changed.push(vec![0; 256]);
        changed.push(block()[1..].to_vec());
        for length in [0, 1, 47, 48, 49, 51, 58] {
            changed.push(vec![0; length]);
        }
        for block in changed {
            assert_eq!(opened(&block), [7; PRELIMINARY_SECRET], "{block:?}");
        }
    }

    /// RFC 8017 section 7.2.1: eight bytes of padding string are enough, seven are not.
    #[test]
    fn a_short_padding_string_is_none() {
        let block = block();
        let of_length = |length: usize| [&block[..2 + length], &block[207..]].concat();
        assert_eq!(opened(&of_length(8)), block[208..]);
        assert_eq!(opened(&of_length(7)), [7; PRELIMINARY_SECRET]);
    }
}

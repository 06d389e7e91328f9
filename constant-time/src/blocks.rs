//! Blocks as the private operation of RSA gives them: right ones, and wrong ones of every kind, by turns.

use crate::preliminary_secret::PRELIMINARY_SECRET;

/// Bytes of a modulus of 2048 bits.
pub(crate) const BLOCK: usize = 256;

/// What clients offer.
pub(crate) const VERSION: [u8; 2] = [3, 3];

/// A generator of numbers that need not be random, and are the same each time (xorshift).
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % (limit as u64)).unwrap_or(0)
    }

    fn byte(&mut self, least: u8) -> u8 {
        let range = 256 - usize::from(least);
        least.saturating_add(u8::try_from(self.below(range)).unwrap_or(0))
    }
}

/// The block of this number.
pub(crate) fn block(number: usize, numbers: &mut Numbers) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    for byte in &mut block {
        *byte = numbers.byte(1);
    }
    let separator = BLOCK - PRELIMINARY_SECRET - 1;
    block[..2].copy_from_slice(&[0, 2]);
    block[separator] = 0;
    block[separator + 1..][..2].copy_from_slice(&VERSION);
    match number % 10 {
        // Right.
        0 | 1 => {}
        2 => block[0] = numbers.byte(1),
        3 => block[1] = numbers.byte(3),
        4 => block[separator] = numbers.byte(1),
        5 => block[2 + numbers.below(8)] = 0,
        6 => block[2 + numbers.below(separator - 2)] = 0,
        7 => block[separator + 1] = numbers.byte(4),
        8 => block[separator + 2] = numbers.byte(4),
        _ => block.fill(numbers.byte(0)),
    }
    block
}

/// Whether the block of this number is right.
pub(crate) fn is_right(number: usize) -> bool {
    number % 10 < 2
}

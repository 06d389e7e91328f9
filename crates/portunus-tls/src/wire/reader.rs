//! Reads the RFC's presentation language from bytes (RFC 9846 section 3).

use std::ops::RangeInclusive;

use super::{Malformed, Problem};

/// Something that can be read from bytes, and borrows from them.
pub trait Decode<'a>: Sized {
    /// Its name in the RFC, for errors.
    const NAME: &'static str;

    /// Reads it from where the reader stands, and leaves what follows.
    fn decode(r: &mut Reader<'a>) -> Result<Self, Malformed>;

    /// Reads it from the whole of `bytes`: bytes left over are an error.
    fn read(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut r = Reader::new(Self::NAME, bytes);
        let value = Self::decode(&mut r)?;
        r.finish()?;
        Ok(value)
    }
}

/// Bytes still to be read, and the name of the structure that they are.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    structure: &'static str,
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads `bytes` as the structure of that name.
    pub fn new(structure: &'static str, bytes: &'a [u8]) -> Self {
        Self { structure, bytes }
    }

    /// One byte.
    pub fn u8(&mut self, field: &'static str) -> Result<u8, Malformed> {
        self.array(field).map(|&[byte]| byte)
    }

    /// Two bytes, the most significant first.
    pub fn u16(&mut self, field: &'static str) -> Result<u16, Malformed> {
        self.array(field).map(|bytes| u16::from_be_bytes(*bytes))
    }

    /// Three bytes, the most significant first.
    pub fn u24(&mut self, field: &'static str) -> Result<u32, Malformed> {
        self.array(field)
            .map(|&[high, middle, low]| u32::from_be_bytes([0, high, middle, low]))
    }

    /// Four bytes, the most significant first.
    pub fn u32(&mut self, field: &'static str) -> Result<u32, Malformed> {
        self.array(field).map(|bytes| u32::from_be_bytes(*bytes))
    }

    /// The next `n` bytes.
    pub fn take(&mut self, n: usize, field: &'static str) -> Result<&'a [u8], Malformed> {
        let (taken, left) = self
            .bytes
            .split_at_checked(n)
            .ok_or_else(|| self.fault(field, Problem::Truncated))?;
        self.bytes = left;
        Ok(taken)
    }

    /// The next `N` bytes.
    pub fn array<const N: usize>(&mut self, field: &'static str) -> Result<&'a [u8; N], Malformed> {
        let (taken, left) = self
            .bytes
            .split_first_chunk()
            .ok_or_else(|| self.fault(field, Problem::Truncated))?;
        self.bytes = left;
        Ok(taken)
    }

    /// A vector whose length is one byte, `opaque field<range>`.
    pub fn vec8(&mut self, field: &'static str, range: RangeInclusive<usize>) -> Result<&'a [u8], Malformed> {
        let length = self.u8(field)?;
        self.vector(usize::from(length), field, range)
    }

    /// A vector whose length is two bytes, `opaque field<range>`.
    pub fn vec16(&mut self, field: &'static str, range: RangeInclusive<usize>) -> Result<&'a [u8], Malformed> {
        let length = self.u16(field)?;
        self.vector(usize::from(length), field, range)
    }

    /// A vector whose length is three bytes, `opaque field<range>`.
    pub fn vec24(&mut self, field: &'static str, range: RangeInclusive<usize>) -> Result<&'a [u8], Malformed> {
        let length = self.u24(field)?;
        // Where a length does not fit the address space, the bytes are not there either.
        self.vector(usize::try_from(length).unwrap_or(usize::MAX), field, range)
    }

    /// All that is left; perhaps nothing.
    pub fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.bytes)
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Says that the structure ends here.
    pub fn finish(&self) -> Result<(), Malformed> {
        match self.bytes {
            [] => Ok(()),
            [..] => Err(self.fault("end", Problem::TrailingBytes)),
        }
    }

    /// A fault in a field of this structure.
    pub fn fault(&self, field: &'static str, problem: Problem) -> Malformed {
        Malformed {
            structure: self.structure,
            field,
            problem,
        }
    }

    fn vector(
        &mut self,
        length: usize,
        field: &'static str,
        range: RangeInclusive<usize>,
    ) -> Result<&'a [u8], Malformed> {
        if !range.contains(&length) {
            return Err(self.fault(
                field,
                Problem::Length {
                    length,
                    at_least: *range.start(),
                    at_most: *range.end(),
                },
            ));
        }
        self.take(length, field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_big_endian_and_bytes_are_lent() {
        let bytes = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13];
        let mut r = Reader::new("Numbers", &bytes);
        assert_eq!(r.u8("a"), Ok(0x01));
        assert_eq!(r.u16("b"), Ok(0x0203));
        assert_eq!(r.u24("c"), Ok(0x04_0506));
        assert_eq!(r.u32("d"), Ok(0x0708_090a));
        assert_eq!(r.array("e"), Ok(&[11]));
        assert_eq!(r.take(1, "f"), Ok(&bytes[11..12]));
        assert_eq!(r.rest(), [13]);
        assert_eq!(r.finish(), Ok(()));
    }

    #[test]
    fn a_vector_keeps_to_its_range_and_to_the_bytes_that_are_there() {
        let fault = |problem| {
            Err(Malformed {
                structure: "V",
                field: "v",
                problem,
            })
        };
        assert_eq!(Reader::new("V", &[0, 2, 8, 9, 7]).vec16("v", 1..=2), Ok(&[8, 9][..]));
        assert_eq!(Reader::new("V", &[0, 0, 2, 8, 9]).vec24("v", 0..=2), Ok(&[8, 9][..]));
        let length = |length| Problem::Length {
            length,
            at_least: 1,
            at_most: 2,
        };
        assert_eq!(Reader::new("V", &[0]).vec8("v", 1..=2), fault(length(0)));
        assert_eq!(Reader::new("V", &[3, 1, 1, 1]).vec8("v", 1..=2), fault(length(3)));
        assert_eq!(Reader::new("V", &[2, 1]).vec8("v", 1..=2), fault(Problem::Truncated));
        assert_eq!(Reader::new("V", &[0]).vec16("v", 1..=2), fault(Problem::Truncated));
        assert_eq!(
            Reader::new("V", &[0xff; 4]).vec24("v", 0..=0xff_ffff),
            fault(Problem::Truncated)
        );
    }

    #[test]
    fn bytes_after_the_end_are_refused() {
        let fault = Reader::new("V", &[0]).finish().unwrap_err();
        assert_eq!(fault.to_string(), "V.end is followed by bytes that belong to nothing");
    }
}

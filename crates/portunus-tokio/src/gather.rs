//! Many slices, few records.

use std::borrow::Cow;
use std::io::IoSlice;

/// Pieces of at most one record that small neighbours share, and larger slices as they lie; all together at most a maximum.
pub(crate) struct Gather<'a, 'b> {
    slices: &'b [IoSlice<'a>],
    record: usize,
    left: usize,
}

impl<'a, 'b> Gather<'a, 'b> {
    pub(crate) fn new(slices: &'b [IoSlice<'a>], record: usize, left: usize) -> Self {
        Self { slices, record, left }
    }
}

impl<'b> Iterator for Gather<'_, 'b> {
    type Item = Cow<'b, [u8]>;

    fn next(&mut self) -> Option<Self::Item> {
        let (first, mut rest) = self.slices.split_first()?;
        let mut count = first.len();
        while let Some((slice, others)) = rest.split_first()
            && count.saturating_add(slice.len()) <= self.record
        {
            count = count.saturating_add(slice.len());
            rest = others;
        }
        let together = self
            .slices
            .get(..self.slices.len().saturating_sub(rest.len()))
            .unwrap_or_default();
        let piece = match together {
            [slice] => Cow::Borrowed(slice.get(..self.left).unwrap_or(slice)),
            slices => {
                let mut gathered = Vec::with_capacity(count);
                slices.iter().for_each(|slice| gathered.extend_from_slice(slice));
                gathered.truncate(self.left);
                Cow::Owned(gathered)
            }
        };
        self.slices = rest;
        self.left = self.left.saturating_sub(piece.len());
        if self.left == 0 {
            self.slices = &[];
        }
        Some(piece)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lengths(slices: &[&[u8]], left: usize) -> Vec<(usize, bool)> {
        let slices: Vec<IoSlice<'_>> = slices.iter().map(|slice| IoSlice::new(slice)).collect();
        Gather::new(&slices, 16, left)
            .map(|piece| (piece.len(), matches!(piece, Cow::Borrowed(_))))
            .collect()
    }

    #[test]
    fn small_neighbours_share_a_record_and_large_slices_stay_where_they_lie() {
        assert_eq!(
            lengths(&[&[1; 3], &[2; 4], &[3; 20], &[4; 5], &[5; 12]], 99),
            [(7, false), (20, true), (5, true), (12, true)]
        );
    }

    #[test]
    fn nothing_goes_past_the_maximum() {
        assert_eq!(lengths(&[&[1; 8], &[2; 8], &[3; 8]], 10), [(10, false)]);
        assert_eq!(lengths(&[&[1; 40], &[3; 8]], 30), [(30, true)]);
        assert_eq!(lengths(&[&[1; 30], &[3; 8]], 30), [(30, true)]);
    }

    #[test]
    fn nothing_to_write_is_nothing() {
        assert_eq!(lengths(&[], 10), []);
        assert_eq!(lengths(&[&[], &[]], 10), [(0, false)]);
    }

    #[test]
    fn what_is_gathered_is_in_order() {
        let slices = [IoSlice::new(b"keys"), IoSlice::new(b", "), IoSlice::new(b"doors")];
        let whole: Vec<u8> = Gather::new(&slices, 16, 99).flat_map(Cow::into_owned).collect();
        assert_eq!(whole, b"keys, doors");
    }
}

//! An input as a script of changes: which of the things that go by is changed, how, and where.

/// The changes of one input, taken apart as things go by.
#[derive(Debug, Clone)]
pub(crate) struct Script {
    edits: Vec<Edit>,
    /// The place in the row of the next thing that goes by.
    next: u8,
}

#[derive(Debug, Clone, Copy)]
struct Edit {
    which: u8,
    how: u8,
    at: u16,
    value: u8,
}

impl Script {
    /// Each five bytes are a change; a rest is none.
    pub(crate) fn new(bytes: &[u8]) -> Self {
        let (chunks, _) = bytes.as_chunks::<5>();
        let edit = |&[which, how, high, low, value]: &[u8; 5]| Edit {
            which,
            how,
            at: u16::from_be_bytes([high, low]),
            value,
        };
        Self {
            edits: chunks.iter().map(edit).collect(),
            next: 0,
        }
    }

    /// Applies the changes that are meant for the next thing; says how many there were.
    pub(crate) fn apply(&mut self, bytes: &mut Vec<u8>) -> usize {
        let which = self.next;
        self.next = self.next.wrapping_add(1);
        let edits = self.edits.iter().filter(|edit| edit.which == which);
        edits.map(|edit| edit.apply(bytes)).count()
    }
}

/// Nothing grows beyond it: some doublings in a row would otherwise fill any memory.
const MOST: usize = 1 << 18;

impl Edit {
    fn apply(self, bytes: &mut Vec<u8>) {
        let at = usize::from(self.at) % bytes.len().max(1);
        match self.how % 7 {
            0 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= self.value.max(1);
                }
            }
            1 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = self.value;
                }
            }
            2 => bytes.insert(at.min(bytes.len()), self.value),
            3 => {
                let end = at.saturating_add(usize::from(self.value).max(1)).min(bytes.len());
                bytes.drain(at..end);
            }
            4 => bytes.truncate(at),
            5 if bytes.len() <= MOST => bytes.extend_from_within(..),
            6 if bytes.len() <= MOST => bytes.extend(std::iter::repeat_n(self.value, at)),
            _ => {}
        }
    }
}

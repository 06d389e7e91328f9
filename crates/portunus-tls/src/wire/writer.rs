//! Writes the RFC's presentation language (RFC 9846 section 3).

/// Something that can be written as bytes.
pub trait Encode {
    /// Writes it after what the writer has.
    fn encode(&self, w: &mut Writer) -> Result<(), TooLong>;
}

/// What we were to send does not fit the length in front of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{structure}.{field} is too long to be sent")]
pub struct TooLong {
    /// The structure by its name in the RFC.
    pub structure: &'static str,
    /// The field by its name in the RFC.
    pub field: &'static str,
}

/// Bytes written so far, and the name of the structure that they are.
#[derive(Debug)]
pub struct Writer {
    structure: &'static str,
    bytes: Vec<u8>,
}

impl Writer {
    /// Begins a structure of that name.
    pub fn new(structure: &'static str) -> Self {
        Self::after(Vec::new(), structure)
    }

    /// Begins a structure of that name after these bytes.
    pub(crate) fn after(bytes: Vec<u8>, structure: &'static str) -> Self {
        Self { structure, bytes }
    }

    /// Makes room for that many further bytes at once.
    pub fn reserve(&mut self, additional: usize) {
        self.bytes.reserve(additional);
    }

    /// What was written.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Names the structure that is written from here on, for errors, until the vector that it stands in ends.
    pub fn structure(&mut self, name: &'static str) {
        self.structure = name;
    }

    /// One byte.
    pub fn u8(&mut self, value: u8) {
        self.bytes.push(value);
    }

    /// Two bytes, the most significant first.
    pub fn u16(&mut self, value: u16) {
        self.bytes.extend_from_slice(&value.to_be_bytes());
    }

    /// Three bytes, the most significant first. A larger value is `TooLong`.
    pub fn u24(&mut self, field: &'static str, value: u32) -> Result<(), TooLong> {
        match value.to_be_bytes() {
            [0, low @ ..] => {
                self.bytes.extend_from_slice(&low);
                Ok(())
            }
            [..] => Err(self.too_long(field)),
        }
    }

    /// Four bytes, the most significant first.
    pub fn u32(&mut self, value: u32) {
        self.bytes.extend_from_slice(&value.to_be_bytes());
    }

    /// These bytes, with no length in front.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// A vector whose length is one byte.
    pub fn vec8(
        &mut self,
        field: &'static str,
        content: impl FnOnce(&mut Self) -> Result<(), TooLong>,
    ) -> Result<(), TooLong> {
        self.vector::<1>(field, content)
    }

    /// A vector whose length is two bytes.
    pub fn vec16(
        &mut self,
        field: &'static str,
        content: impl FnOnce(&mut Self) -> Result<(), TooLong>,
    ) -> Result<(), TooLong> {
        self.vector::<2>(field, content)
    }

    /// A vector whose length is three bytes.
    pub fn vec24(
        &mut self,
        field: &'static str,
        content: impl FnOnce(&mut Self) -> Result<(), TooLong>,
    ) -> Result<(), TooLong> {
        self.vector::<3>(field, content)
    }

    /// A vector of bytes whose length is one byte.
    pub fn opaque8(&mut self, field: &'static str, bytes: &[u8]) -> Result<(), TooLong> {
        self.vec8(field, |w| {
            w.bytes(bytes);
            Ok(())
        })
    }

    /// A vector of bytes whose length is two bytes.
    pub fn opaque16(&mut self, field: &'static str, bytes: &[u8]) -> Result<(), TooLong> {
        self.vec16(field, |w| {
            w.bytes(bytes);
            Ok(())
        })
    }

    /// A vector of bytes whose length is three bytes.
    pub fn opaque24(&mut self, field: &'static str, bytes: &[u8]) -> Result<(), TooLong> {
        self.vec24(field, |w| {
            w.bytes(bytes);
            Ok(())
        })
    }

    /// `opaque legacy_session_id<0..32>` (RFC 9846 section 4.2.2).
    pub(super) fn session_id(&mut self, field: &'static str, id: &[u8]) -> Result<(), TooLong> {
        match id.len() {
            0..=32 => self.opaque8(field, id),
            _ => Err(self.too_long(field)),
        }
    }

    /// The error that a field of this structure is too long.
    pub fn too_long(&self, field: &'static str) -> TooLong {
        TooLong {
            structure: self.structure,
            field,
        }
    }

    /// Leaves room for the length, writes the content, and fills the length in.
    fn vector<const N: usize>(
        &mut self,
        field: &'static str,
        content: impl FnOnce(&mut Self) -> Result<(), TooLong>,
    ) -> Result<(), TooLong> {
        let structure = self.structure;
        let at = self.bytes.len();
        self.bytes.extend_from_slice(&[0; N]);
        content(self)?;
        self.structure = structure;
        let written = self
            .bytes
            .get_mut(at..)
            .and_then(|vector| vector.split_first_chunk_mut::<N>());
        let filled = written.and_then(|(prefix, content)| {
            let length = u32::try_from(content.len()).ok()?.to_be_bytes();
            let (high, low) = length.split_last_chunk::<N>()?;
            *prefix = *low;
            high.iter().all(|&byte| byte == 0).then_some(())
        });
        filled.ok_or_else(|| self.too_long(field))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_vectors_are_big_endian() {
        let mut w = Writer::new("V");
        w.u8(1);
        w.u16(0x0203);
        w.u24("c", 0x04_0506).unwrap();
        w.u32(0x0708_090a);
        w.vec16("v", |w| w.vec24("i", |w| w.opaque8("o", &[9]))).unwrap();
        assert_eq!(w.into_bytes(), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0, 5, 0, 0, 2, 1, 9]);
    }

    #[test]
    fn a_length_that_does_not_fit_is_an_error_by_name() {
        let too_long = TooLong {
            structure: "V",
            field: "v",
        };
        assert_eq!(Writer::new("V").opaque8("v", &[0; 256]), Err(too_long));
        assert_eq!(Writer::new("V").opaque8("v", &[0; 255]), Ok(()));
        assert_eq!(Writer::new("V").opaque16("v", &[0; 0x1_0000]), Err(too_long));
        assert_eq!(Writer::new("V").opaque16("v", &[0; 0xffff]), Ok(()));
        assert_eq!(Writer::new("V").opaque24("v", &vec![0; 0x100_0000]), Err(too_long));
        assert_eq!(Writer::new("V").u24("v", 0x100_0000), Err(too_long));
        assert_eq!(too_long.to_string(), "V.v is too long to be sent");
    }

    #[test]
    fn a_structure_s_name_ends_with_the_vector_that_it_stands_in() {
        let mut w = Writer::new("Outer");
        let inner = w.vec16("items", |w| {
            w.structure("Inner");
            w.opaque8("item", &[0; 256])
        });
        assert_eq!(
            inner,
            Err(TooLong {
                structure: "Inner",
                field: "item"
            })
        );
        let mut w = Writer::new("Outer");
        let outer = w.vec8("items", |w| {
            w.structure("Inner");
            w.bytes(&[0; 256]);
            Ok(())
        });
        assert_eq!(
            outer,
            Err(TooLong {
                structure: "Outer",
                field: "items"
            })
        );
    }
}

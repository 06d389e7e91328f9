//! The codec: any bytes give a value or an error, and a value writes back to the bytes that it was read from.

use std::hint::black_box;

use portunus_tls::wire::{Decode, Encode, Writer};

pub(crate) fn round_trip<'a, M: Decode<'a> + Encode + std::fmt::Debug>(bytes: &'a [u8]) {
    let Ok(message) = M::read(bytes) else { return };
    // Vectors are read lazily: this goes through all of them.
    black_box(format!("{message:?}"));
    let mut writer = Writer::new(M::NAME);
    message
        .encode(&mut writer)
        .expect("what was read is not too long to be written");
    assert_eq!(writer.into_bytes(), bytes, "{message:?}");
}

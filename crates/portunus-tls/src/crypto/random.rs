//! Randomness. Key shares and signatures draw theirs inside aws-lc-rs; all else comes from here.

use super::CryptoFailed;

/// Fills `out` with random bytes of the operating system's seeded generator.
pub(crate) fn fill(out: &mut [u8]) -> Result<(), CryptoFailed> {
    Ok(aws_lc_rs::rand::fill(out)?)
}

/// An array of random bytes.
pub(crate) fn array<const N: usize>() -> Result<[u8; N], CryptoFailed> {
    let mut bytes = [0; N];
    fill(&mut bytes)?;
    Ok(bytes)
}

/// Some arrays of random bytes.
pub(crate) fn arrays<const N: usize, const COUNT: usize>() -> Result<[[u8; N]; COUNT], CryptoFailed> {
    let mut arrays = [[0; N]; COUNT];
    fill(arrays.as_flattened_mut())?;
    Ok(arrays)
}

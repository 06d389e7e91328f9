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

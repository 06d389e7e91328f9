//! Key exchange: the groups, as a client offers them and as a server answers (RFC 9846 section 4.3.8).

use aws_lc_rs::agreement::{self, PrivateKey, UnparsedPublicKey};
use aws_lc_rs::kem::{Ciphertext, DecapsulationKey, EncapsulationKey, ML_KEM_768, ML_KEM_1024};
use smallvec::SmallVec;

use super::CryptoFailed;
use super::secret::Secret;
use crate::wire::NamedGroup;

/// What a group is made of. Shares and secrets of two are joined in the order that the group has for them
/// (draft-ietf-tls-ecdhe-mlkem section 4).
#[derive(Clone, Copy)]
enum Parts {
    Curve(Curve),
    Kem(Kem),
    CurveThenKem(Curve, Kem),
    KemThenCurve(Kem, Curve),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Curve {
    X25519,
    P256,
    P384,
    P521,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kem {
    MlKem768,
    MlKem1024,
}

fn parts(group: NamedGroup) -> Option<Parts> {
    Some(match group {
        NamedGroup::X25519 => Parts::Curve(Curve::X25519),
        NamedGroup::SECP256R1 => Parts::Curve(Curve::P256),
        NamedGroup::SECP384R1 => Parts::Curve(Curve::P384),
        NamedGroup::SECP521R1 => Parts::Curve(Curve::P521),
        NamedGroup::X25519MLKEM768 => Parts::KemThenCurve(Kem::MlKem768, Curve::X25519),
        NamedGroup::SECP256R1MLKEM768 => Parts::CurveThenKem(Curve::P256, Kem::MlKem768),
        NamedGroup::SECP384R1MLKEM1024 => Parts::CurveThenKem(Curve::P384, Kem::MlKem1024),
        NamedGroup::MLKEM1024 => Parts::Kem(Kem::MlKem1024),
        _ => return None,
    })
}

/// Whether we have this group.
pub(crate) fn is_implemented(group: NamedGroup) -> bool {
    parts(group).is_some()
}

/// Whether a quantum computer is of no use against it, as far as is known.
pub(crate) fn is_post_quantum(group: NamedGroup) -> bool {
    matches!(
        parts(group),
        Some(Parts::Kem(_) | Parts::CurveThenKem(..) | Parts::KemThenCurve(..))
    )
}

impl Curve {
    fn algorithm(self) -> &'static agreement::Algorithm {
        match self {
            Self::X25519 => &agreement::X25519,
            Self::P256 => &agreement::ECDH_P256,
            Self::P384 => &agreement::ECDH_P384,
            Self::P521 => &agreement::ECDH_P521,
        }
    }

    /// Bytes of a share: an u-coordinate, or an uncompressed point (RFC 9846 section 4.3.8.2).
    const fn share_length(self) -> usize {
        match self {
            Self::X25519 => 32,
            Self::P256 => 1 + 2 * 32,
            Self::P384 => 1 + 2 * 48,
            Self::P521 => 1 + 2 * 66,
        }
    }
}

impl Kem {
    fn algorithm(self) -> &'static aws_lc_rs::kem::Algorithm {
        match self {
            Self::MlKem768 => &ML_KEM_768,
            Self::MlKem1024 => &ML_KEM_1024,
        }
    }

    /// Bytes of an encapsulation key (FIPS 203, table 3).
    const fn key_length(self) -> usize {
        match self {
            Self::MlKem768 => 1184,
            Self::MlKem1024 => 1568,
        }
    }

    /// Bytes of a ciphertext (FIPS 203, table 3).
    const fn ciphertext_length(self) -> usize {
        match self {
            Self::MlKem768 => 1088,
            Self::MlKem1024 => 1568,
        }
    }
}

/// Why a key exchange came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExchangeFailed {
    /// The peer's share is no valid one of its group: wrong length, not on the curve, a point of small order.
    PeerShare,
    /// A group that we do not have, or the library failed.
    Ours,
}

impl From<CryptoFailed> for ExchangeFailed {
    fn from(_: CryptoFailed) -> Self {
        Self::Ours
    }
}

impl From<aws_lc_rs::error::Unspecified> for ExchangeFailed {
    fn from(_: aws_lc_rs::error::Unspecified) -> Self {
        Self::Ours
    }
}

/// The private halves of the shares that a client offers. Groups that have a part in common share one key for it
/// (draft-ietf-tls-hybrid-design section 3.2 allows it), so that offering X25519 beside X25519MLKEM768 costs nothing.
#[derive(Default)]
pub(crate) struct KeyShares {
    x25519: Option<PrivateKey>,
    secp256r1: Option<PrivateKey>,
    secp384r1: Option<PrivateKey>,
    secp521r1: Option<PrivateKey>,
    ml_kem_768: Option<DecapsulationKey>,
    ml_kem_1024: Option<DecapsulationKey>,
    entries: SmallVec<[(NamedGroup, Vec<u8>); 2]>,
}

impl KeyShares {
    /// Makes a share for each of `groups`, in their order.
    pub(crate) fn generate(groups: &[NamedGroup]) -> Result<Self, ExchangeFailed> {
        let mut shares = Self::default();
        for &group in groups {
            shares.add(group)?;
        }
        Ok(shares)
    }

    fn add(&mut self, group: NamedGroup) -> Result<(), ExchangeFailed> {
        let mut share = Vec::new();
        match parts(group).ok_or(ExchangeFailed::Ours)? {
            Parts::Curve(curve) => self.add_curve(curve, &mut share)?,
            Parts::Kem(kem) => self.add_kem(kem, &mut share)?,
            Parts::CurveThenKem(curve, kem) => {
                share.reserve_exact(curve.share_length().saturating_add(kem.key_length()));
                self.add_curve(curve, &mut share)?;
                self.add_kem(kem, &mut share)?;
            }
            Parts::KemThenCurve(kem, curve) => {
                share.reserve_exact(curve.share_length().saturating_add(kem.key_length()));
                self.add_kem(kem, &mut share)?;
                self.add_curve(curve, &mut share)?;
            }
        }
        self.entries.push((group, share));
        Ok(())
    }

    fn curve(&mut self, curve: Curve) -> &mut Option<PrivateKey> {
        match curve {
            Curve::X25519 => &mut self.x25519,
            Curve::P256 => &mut self.secp256r1,
            Curve::P384 => &mut self.secp384r1,
            Curve::P521 => &mut self.secp521r1,
        }
    }

    fn kem(&mut self, kem: Kem) -> &mut Option<DecapsulationKey> {
        match kem {
            Kem::MlKem768 => &mut self.ml_kem_768,
            Kem::MlKem1024 => &mut self.ml_kem_1024,
        }
    }

    fn add_curve(&mut self, curve: Curve, share: &mut Vec<u8>) -> Result<(), ExchangeFailed> {
        let slot = self.curve(curve);
        if slot.is_none() {
            *slot = Some(generate(curve.algorithm())?);
        }
        let key = slot.as_ref().ok_or(ExchangeFailed::Ours)?;
        share.extend_from_slice(key.compute_public_key()?.as_ref());
        Ok(())
    }

    fn add_kem(&mut self, kem: Kem, share: &mut Vec<u8>) -> Result<(), ExchangeFailed> {
        let slot = self.kem(kem);
        if slot.is_none() {
            *slot = Some(DecapsulationKey::generate(kem.algorithm())?);
        }
        let key = slot.as_ref().ok_or(ExchangeFailed::Ours)?;
        share.extend_from_slice(key.encapsulation_key()?.key_bytes()?.as_ref());
        Ok(())
    }

    /// The public halves, in the order in which they were asked for.
    pub(crate) fn entries(&self) -> &[(NamedGroup, Vec<u8>)] {
        &self.entries
    }

    /// Whether a share of this group was offered.
    pub(crate) fn offers(&self, group: NamedGroup) -> bool {
        self.entries.iter().any(|(offered, _)| *offered == group)
    }

    /// The shared secret with the server's share.
    pub(crate) fn finish(mut self, group: NamedGroup, server_share: &[u8]) -> Result<Secret, ExchangeFailed> {
        match parts(group).ok_or(ExchangeFailed::Ours)? {
            Parts::Curve(curve) => self.finish_curve(curve, server_share),
            Parts::Kem(kem) => {
                let secret = self.finish_kem(kem, server_share)?;
                copied(secret.as_ref())
            }
            Parts::CurveThenKem(curve, kem) => {
                let (share, ciphertext) = split(server_share, curve.share_length())?;
                let first = self.finish_curve(curve, share)?;
                joined(first.as_ref(), self.finish_kem(kem, ciphertext)?.as_ref())
            }
            Parts::KemThenCurve(kem, curve) => {
                let (ciphertext, share) = split(server_share, kem.ciphertext_length())?;
                let first = self.finish_kem(kem, ciphertext)?;
                joined(first.as_ref(), self.finish_curve(curve, share)?.as_ref())
            }
        }
    }

    fn finish_curve(&mut self, curve: Curve, share: &[u8]) -> Result<Secret, ExchangeFailed> {
        let key = self.curve(curve).take().ok_or(ExchangeFailed::Ours)?;
        agree(curve, &key, share)
    }

    fn finish_kem(&mut self, kem: Kem, ciphertext: &[u8]) -> Result<aws_lc_rs::kem::SharedSecret, ExchangeFailed> {
        let key = self.kem(kem).take().ok_or(ExchangeFailed::Ours)?;
        key.decapsulate(Ciphertext::from(ciphertext))
            .map_err(|_| ExchangeFailed::PeerShare)
    }
}

/// A server's answer to a client's share: its own share and the shared secret.
pub(crate) fn respond(group: NamedGroup, client_share: &[u8]) -> Result<(Vec<u8>, Secret), ExchangeFailed> {
    match parts(group).ok_or(ExchangeFailed::Ours)? {
        Parts::Curve(curve) => respond_curve(curve, client_share),
        Parts::Kem(kem) => {
            let (ciphertext, secret) = respond_kem(kem, client_share)?;
            Ok((ciphertext.as_ref().to_vec(), copied(secret.as_ref())?))
        }
        Parts::CurveThenKem(curve, kem) => {
            let (point, key) = split(client_share, curve.share_length())?;
            let (mut share, first) = respond_curve(curve, point)?;
            let (ciphertext, second) = respond_kem(kem, key)?;
            share.extend_from_slice(ciphertext.as_ref());
            Ok((share, joined(first.as_ref(), second.as_ref())?))
        }
        Parts::KemThenCurve(kem, curve) => {
            let (key, point) = split(client_share, kem.key_length())?;
            let (ciphertext, first) = respond_kem(kem, key)?;
            let (share, second) = respond_curve(curve, point)?;
            Ok((
                [ciphertext.as_ref(), &share].concat(),
                joined(first.as_ref(), second.as_ref())?,
            ))
        }
    }
}

fn respond_kem(kem: Kem, key: &[u8]) -> Result<(Ciphertext<'static>, aws_lc_rs::kem::SharedSecret), ExchangeFailed> {
    let key = EncapsulationKey::new(kem.algorithm(), key).map_err(|_| ExchangeFailed::PeerShare)?;
    key.encapsulate().map_err(|_| ExchangeFailed::PeerShare)
}

fn respond_curve(curve: Curve, client_share: &[u8]) -> Result<(Vec<u8>, Secret), ExchangeFailed> {
    let key = generate(curve.algorithm())?;
    let shared_secret = agree(curve, &key, client_share)?;
    Ok((key.compute_public_key()?.as_ref().to_vec(), shared_secret))
}

fn split(share: &[u8], first: usize) -> Result<(&[u8], &[u8]), ExchangeFailed> {
    share.split_at_checked(first).ok_or(ExchangeFailed::PeerShare)
}

/// A fresh private key; a recorded one where a recorded handshake is played.
fn generate(algorithm: &'static agreement::Algorithm) -> Result<PrivateKey, ExchangeFailed> {
    #[cfg(test)]
    if let Some(recorded) = super::recorded::next_private_key() {
        return PrivateKey::from_private_key(algorithm, &recorded).map_err(|_| ExchangeFailed::Ours);
    }
    Ok(PrivateKey::generate(algorithm)?)
}

fn agree(curve: Curve, key: &PrivateKey, peer_share: &[u8]) -> Result<Secret, ExchangeFailed> {
    // Only the uncompressed form is allowed (RFC 9846 section 4.3.8.2); the library would read compressed points too.
    if curve != Curve::X25519 && peer_share.first() != Some(&4) {
        return Err(ExchangeFailed::PeerShare);
    }
    agreement::agree(
        key,
        UnparsedPublicKey::new(curve.algorithm(), peer_share),
        ExchangeFailed::PeerShare,
        // An X25519 result of all zeros is refused by the library (RFC 9846 section 7.4.2).
        copied,
    )
}

fn copied(secret: &[u8]) -> Result<Secret, ExchangeFailed> {
    Secret::filled(secret.len(), |out| {
        out.copy_from_slice(secret);
        Ok(())
    })
}

fn joined(first: &[u8], second: &[u8]) -> Result<Secret, ExchangeFailed> {
    Secret::filled(first.len() + second.len(), |out| {
        let (left, right) = out.split_at_mut_checked(first.len()).ok_or(ExchangeFailed::Ours)?;
        left.copy_from_slice(first);
        right.copy_from_slice(second);
        Ok(())
    })
}

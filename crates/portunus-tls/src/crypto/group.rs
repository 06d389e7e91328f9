//! Key exchange: the groups, as a client offers them and as a server answers (RFC 9846 section 4.3.8).

use aws_lc_rs::agreement::{self, PrivateKey, UnparsedPublicKey};
use aws_lc_rs::kem::{Ciphertext, DecapsulationKey, EncapsulationKey, ML_KEM_768};

use super::CryptoFailed;
use super::secret::Secret;
use crate::wire::NamedGroup;

/// Bytes of an ML-KEM-768 encapsulation key (FIPS 203, table 3).
const ML_KEM_768_ENCAPSULATION_KEY: usize = 1184;
/// Bytes of an ML-KEM-768 ciphertext (FIPS 203, table 3).
const ML_KEM_768_CIPHERTEXT: usize = 1088;

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

/// The private halves of the shares that a client offers. X25519 and X25519MLKEM768 share one X25519 key
/// (draft-ietf-tls-ecdhe-mlkem allows it), so that offering both costs one generation.
#[derive(Default)]
pub(crate) struct KeyShares {
    x25519: Option<PrivateKey>,
    secp256r1: Option<PrivateKey>,
    secp384r1: Option<PrivateKey>,
    ml_kem_768: Option<DecapsulationKey>,
    entries: Vec<(NamedGroup, Vec<u8>)>,
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
        let share = match group {
            NamedGroup::X25519 => public_share(get_or_generate(&mut self.x25519, &agreement::X25519)?)?,
            NamedGroup::SECP256R1 => public_share(get_or_generate(&mut self.secp256r1, &agreement::ECDH_P256)?)?,
            NamedGroup::SECP384R1 => public_share(get_or_generate(&mut self.secp384r1, &agreement::ECDH_P384)?)?,
            NamedGroup::X25519MLKEM768 => {
                let key = DecapsulationKey::generate(&ML_KEM_768)?;
                let mut share = Vec::with_capacity(ML_KEM_768_ENCAPSULATION_KEY + 32);
                share.extend_from_slice(key.encapsulation_key()?.key_bytes()?.as_ref());
                self.ml_kem_768 = Some(key);
                share.extend_from_slice(&public_share(get_or_generate(&mut self.x25519, &agreement::X25519)?)?);
                share
            }
            _ => return Err(ExchangeFailed::Ours),
        };
        self.entries.push((group, share));
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
    pub(crate) fn finish(self, group: NamedGroup, server_share: &[u8]) -> Result<Secret, ExchangeFailed> {
        let ours = |key: Option<PrivateKey>| key.ok_or(ExchangeFailed::Ours);
        match group {
            NamedGroup::X25519 => agree(&agreement::X25519, &ours(self.x25519)?, server_share),
            NamedGroup::SECP256R1 => agree(&agreement::ECDH_P256, &ours(self.secp256r1)?, server_share),
            NamedGroup::SECP384R1 => agree(&agreement::ECDH_P384, &ours(self.secp384r1)?, server_share),
            NamedGroup::X25519MLKEM768 => {
                let (ciphertext, share) = server_share
                    .split_at_checked(ML_KEM_768_CIPHERTEXT)
                    .ok_or(ExchangeFailed::PeerShare)?;
                let key = self.ml_kem_768.ok_or(ExchangeFailed::Ours)?;
                let ml_kem = key
                    .decapsulate(Ciphertext::from(ciphertext))
                    .map_err(|_| ExchangeFailed::PeerShare)?;
                let x25519 = agree(&agreement::X25519, &ours(self.x25519)?, share)?;
                joined(ml_kem.as_ref(), x25519.as_ref())
            }
            _ => Err(ExchangeFailed::Ours),
        }
    }
}

/// A server's answer to a client's share: its own share and the shared secret.
pub(crate) fn respond(group: NamedGroup, client_share: &[u8]) -> Result<(Vec<u8>, Secret), ExchangeFailed> {
    match group {
        NamedGroup::X25519 => respond_with(&agreement::X25519, client_share),
        NamedGroup::SECP256R1 => respond_with(&agreement::ECDH_P256, client_share),
        NamedGroup::SECP384R1 => respond_with(&agreement::ECDH_P384, client_share),
        NamedGroup::X25519MLKEM768 => {
            let (encapsulation_key, client_share) = client_share
                .split_at_checked(ML_KEM_768_ENCAPSULATION_KEY)
                .ok_or(ExchangeFailed::PeerShare)?;
            let encapsulation_key =
                EncapsulationKey::new(&ML_KEM_768, encapsulation_key).map_err(|_| ExchangeFailed::PeerShare)?;
            let (ciphertext, ml_kem) = encapsulation_key.encapsulate().map_err(|_| ExchangeFailed::PeerShare)?;
            let (share, x25519) = respond_with(&agreement::X25519, client_share)?;
            Ok((
                [ciphertext.as_ref(), &share].concat(),
                joined(ml_kem.as_ref(), x25519.as_ref())?,
            ))
        }
        _ => Err(ExchangeFailed::Ours),
    }
}

/// A fresh private key; a recorded one where a recorded handshake is played.
fn generate(algorithm: &'static agreement::Algorithm) -> Result<PrivateKey, ExchangeFailed> {
    #[cfg(test)]
    if let Some(recorded) = super::recorded::next_private_key() {
        return PrivateKey::from_private_key(algorithm, &recorded).map_err(|_| ExchangeFailed::Ours);
    }
    Ok(PrivateKey::generate(algorithm)?)
}

fn respond_with(
    algorithm: &'static agreement::Algorithm,
    client_share: &[u8],
) -> Result<(Vec<u8>, Secret), ExchangeFailed> {
    let key = generate(algorithm)?;
    let shared_secret = agree(algorithm, &key, client_share)?;
    Ok((public_share(&key)?, shared_secret))
}

fn get_or_generate<'a>(
    slot: &'a mut Option<PrivateKey>,
    algorithm: &'static agreement::Algorithm,
) -> Result<&'a PrivateKey, ExchangeFailed> {
    if slot.is_none() {
        *slot = Some(generate(algorithm)?);
    }
    slot.as_ref().ok_or(ExchangeFailed::Ours)
}

fn public_share(key: &PrivateKey) -> Result<Vec<u8>, ExchangeFailed> {
    Ok(key.compute_public_key()?.as_ref().to_vec())
}

fn agree(
    algorithm: &'static agreement::Algorithm,
    key: &PrivateKey,
    peer_share: &[u8],
) -> Result<Secret, ExchangeFailed> {
    // Only the uncompressed form is allowed (RFC 9846 section 4.3.8.2); the library would read compressed points too.
    let is_curve = *algorithm == agreement::ECDH_P256 || *algorithm == agreement::ECDH_P384;
    if is_curve && peer_share.first() != Some(&4) {
        return Err(ExchangeFailed::PeerShare);
    }
    agreement::agree(
        key,
        UnparsedPublicKey::new(algorithm, peer_share),
        ExchangeFailed::PeerShare,
        |shared| {
            // An X25519 result of all zeros is refused by the library (RFC 9846 section 7.4.2).
            Secret::filled(shared.len(), |out| {
                out.copy_from_slice(shared);
                Ok(())
            })
        },
    )
}

/// ML-KEM's secret first, then X25519's (draft-ietf-tls-ecdhe-mlkem section 4.3).
fn joined(first: &[u8], second: &[u8]) -> Result<Secret, ExchangeFailed> {
    Secret::filled(first.len() + second.len(), |out| {
        let (left, right) = out.split_at_mut_checked(first.len()).ok_or(ExchangeFailed::Ours)?;
        left.copy_from_slice(first);
        right.copy_from_slice(second);
        Ok(())
    })
}

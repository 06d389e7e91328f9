//! What TLS 1.2 needs of the library beside what TLS 1.3 needs: its cipher suites, its PRF, its form of record protection, and signatures by
//! its rules.

use aws_lc_rs::aead::{Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::digest;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA384_ASN1, ECDSA_P256_SHA512_ASN1, ECDSA_P384_SHA256_ASN1,
    ECDSA_P384_SHA384_ASN1, ECDSA_P384_SHA512_ASN1, ECDSA_P521_SHA256_ASN1, ECDSA_P521_SHA384_ASN1,
    ECDSA_P521_SHA512_ASN1, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    UnparsedPublicKey, VerificationAlgorithm,
};
use aws_lc_rs::tls_prf;
use portunus_x509::{KeyAlgorithm, SubjectPublicKeyInfo};
use zeroize::Zeroize;

use super::CryptoFailed;
use super::aead::{AeadAlgorithm, TAG_LENGTH};
use super::group::{is_implemented, is_post_quantum};
use super::hash::HashAlgorithm;
use super::secret::Secret;
use super::suite::Suite;
use super::verify::{self, NotProven};
use crate::wire::{CipherSuite, NamedGroup, SignatureScheme};

/// What kind of key signs. Ed25519 goes with ECDSA's (RFC 8422 section 2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Authentication {
    Ecdsa,
    Rsa,
}

impl Authentication {
    /// The kind of key that signs with this scheme; `None` for one that is not implemented.
    pub(crate) fn of_scheme(scheme: SignatureScheme) -> Option<Self> {
        match scheme {
            SignatureScheme::ECDSA_SECP256R1_SHA256
            | SignatureScheme::ECDSA_SECP384R1_SHA384
            | SignatureScheme::ECDSA_SECP521R1_SHA512
            | SignatureScheme::ED25519 => Some(Self::Ecdsa),
            SignatureScheme::RSA_PSS_RSAE_SHA256
            | SignatureScheme::RSA_PSS_RSAE_SHA384
            | SignatureScheme::RSA_PSS_RSAE_SHA512
            | SignatureScheme::RSA_PSS_PSS_SHA256
            | SignatureScheme::RSA_PSS_PSS_SHA384
            | SignatureScheme::RSA_PSS_PSS_SHA512
            | SignatureScheme::RSA_PKCS1_SHA256
            | SignatureScheme::RSA_PKCS1_SHA384
            | SignatureScheme::RSA_PKCS1_SHA512 => Some(Self::Rsa),
            _ => None,
        }
    }

    /// The kind of a certificate's key; `None` for one that no suite is for.
    pub(crate) fn of_key(key: &KeyAlgorithm) -> Option<Self> {
        match key {
            KeyAlgorithm::Rsa | KeyAlgorithm::RsaPss => Some(Self::Rsa),
            KeyAlgorithm::EcP256 | KeyAlgorithm::EcP384 | KeyAlgorithm::EcP521 | KeyAlgorithm::Ed25519 => {
                Some(Self::Ecdsa)
            }
            // TLS 1.2 has no scheme for the rest.
            _ => None,
        }
    }
}

/// How a cipher suite of TLS 1.2 has both sides come to a preliminary secret, and the server use its key (RFC 5246 section 7.4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyExchangeAlgorithm {
    /// ECDHE_ECDSA and ECDHE_RSA: an ephemeral exchange that the server signs.
    Ephemeral(Authentication),
    /// RSA: the client chooses the secret, and encrypts it with the key of the certificate.
    KeyTransport,
}

impl KeyExchangeAlgorithm {
    /// What a suite says; `None` for one that is not implemented.
    pub(crate) fn of_suite(id: CipherSuite) -> Option<Self> {
        match id {
            CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
            | CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384
            | CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 => {
                Some(Self::Ephemeral(Authentication::Ecdsa))
            }
            CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
            | CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384
            | CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256 => Some(Self::Ephemeral(Authentication::Rsa)),
            CipherSuite::TLS_RSA_WITH_AES_128_GCM_SHA256 | CipherSuite::TLS_RSA_WITH_AES_256_GCM_SHA384 => {
                Some(Self::KeyTransport)
            }
            _ => None,
        }
    }

    /// Whether a certificate's key is of the kind that this asks for. One for RSA-PSS does not encrypt (RFC 4055 section 1.2).
    pub(crate) fn fits(self, key: &KeyAlgorithm) -> bool {
        match self {
            Self::Ephemeral(authentication) => Authentication::of_key(key) == Some(authentication),
            Self::KeyTransport => *key == KeyAlgorithm::Rsa,
        }
    }
}

/// The curve of a certificate's key, where it has one that `supported_groups` names: RFC 8422 section 5.1.1 binds certificates to that list.
pub(crate) fn curve_of_key(key: &KeyAlgorithm) -> Option<NamedGroup> {
    match key {
        KeyAlgorithm::EcP256 => Some(NamedGroup::SECP256R1),
        KeyAlgorithm::EcP384 => Some(NamedGroup::SECP384R1),
        KeyAlgorithm::EcP521 => Some(NamedGroup::SECP521R1),
        _ => None,
    }
}

/// Whether a group can be used in TLS 1.2: those with ML-KEM are of TLS 1.3.
pub(crate) fn has_group(group: NamedGroup) -> bool {
    is_implemented(group) && !is_post_quantum(group)
}

impl Suite {
    /// The parts of a suite of TLS 1.2 (RFC 5288, RFC 5289, RFC 7905); `None` for one that is not implemented.
    pub(crate) fn of_tls12(id: CipherSuite) -> Option<Self> {
        let (aead, hash) = match id {
            CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
            | CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
            | CipherSuite::TLS_RSA_WITH_AES_128_GCM_SHA256 => (AeadAlgorithm::Aes128Gcm, HashAlgorithm::Sha256),
            CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384
            | CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384
            | CipherSuite::TLS_RSA_WITH_AES_256_GCM_SHA384 => (AeadAlgorithm::Aes256Gcm, HashAlgorithm::Sha384),
            CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256
            | CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256 => {
                (AeadAlgorithm::ChaCha20Poly1305, HashAlgorithm::Sha256)
            }
            _ => return None,
        };
        Some(Self { id, aead, hash })
    }
}

/// `PRF(secret, label, seed)` (RFC 5246 section 5), the seed in two parts, into `out`.
pub(crate) fn prf(
    hash: HashAlgorithm,
    secret: &Secret,
    label: &[u8],
    seed: [&[u8]; 2],
    out: &mut [u8],
) -> Result<(), CryptoFailed> {
    let algorithm = match hash {
        HashAlgorithm::Sha256 => &tls_prf::P_SHA256,
        HashAlgorithm::Sha384 => &tls_prf::P_SHA384,
    };
    let [first, second] = seed;
    let secret = tls_prf::Secret::new(algorithm, secret.as_ref())?;
    let derived = secret.derive_with_seed_concatination(label, first, second, out.len())?;
    out.copy_from_slice(derived.as_ref());
    Ok(())
}

/// Bytes of the nonce that each record of AES-GCM carries (RFC 5288 section 3).
const EXPLICIT_NONCE: usize = 8;

/// A key, its IV and the number of the next record (RFC 5246 section 6.2.3.3). Its IV is filled in where it stays: moved, it would leave a copy of
/// it behind.
pub(crate) struct RecordKey {
    key: LessSafeKey,
    /// Four bytes of salt for AES-GCM, the whole of it for ChaCha20-Poly1305.
    iv: [u8; NONCE_LEN],
    has_explicit_nonce: bool,
    sequence: u64,
    limit: u64,
}

impl RecordKey {
    /// Bytes of IV that the key block has for each direction (`fixed_iv_length`; RFC 5288 section 3 and RFC 7905 section 2).
    pub(crate) fn iv_length(algorithm: AeadAlgorithm) -> usize {
        match algorithm {
            AeadAlgorithm::Aes128Gcm | AeadAlgorithm::Aes256Gcm => NONCE_LEN - EXPLICIT_NONCE,
            AeadAlgorithm::ChaCha20Poly1305 => NONCE_LEN,
        }
    }

    /// A key whose IV is still to be filled in, where it stays.
    pub(crate) fn new(algorithm: AeadAlgorithm, key: &[u8]) -> Result<Self, CryptoFailed> {
        // It was cut out of the key block, which is no `Secret`.
        #[cfg(wiping)]
        crate::wiping::told(key);
        Ok(Self {
            key: LessSafeKey::new(UnboundKey::new(algorithm.algorithm(), key)?),
            iv: [0; NONCE_LEN],
            has_explicit_nonce: algorithm != AeadAlgorithm::ChaCha20Poly1305,
            sequence: 0,
            limit: algorithm.record_limit(),
        })
    }

    /// The part of the IV that is fixed, to be filled in.
    pub(crate) fn iv(&mut self) -> &mut [u8] {
        let length = NONCE_LEN - self.explicit_nonce_length();
        self.iv.split_at_mut(length).0
    }

    /// Bytes that a record has more than its content.
    pub(crate) fn overhead(&self) -> usize {
        self.explicit_nonce_length() + TAG_LENGTH
    }

    fn explicit_nonce_length(&self) -> usize {
        if self.has_explicit_nonce { EXPLICIT_NONCE } else { 0 }
    }

    /// Whether the key has protected as many records as it should.
    pub(crate) fn is_worn(&self) -> bool {
        self.sequence >= self.limit
    }

    /// The nonce of the record that carries `explicit`; ChaCha20-Poly1305's is made of the sequence number alone (RFC 7905 section 2).
    fn nonce(&self, explicit: &[u8; EXPLICIT_NONCE]) -> Nonce {
        let mut nonce = self.iv;
        let (_, low) = nonce.split_at_mut(NONCE_LEN - EXPLICIT_NONCE);
        if self.has_explicit_nonce {
            low.copy_from_slice(explicit);
        } else {
            for (byte, sequence) in low.iter_mut().zip(self.sequence.to_be_bytes()) {
                *byte ^= sequence;
            }
        }
        Nonce::assume_unique_for_key(nonce)
    }

    /// `seq_num + TLSCompressed.type + TLSCompressed.version + TLSCompressed.length`.
    fn additional_data(&self, header: &[u8; 5], content: usize) -> Result<[u8; 13], CryptoFailed> {
        let [content_type, major, minor, _, _] = *header;
        let [high, low] = u16::try_from(content).map_err(|_| CryptoFailed)?.to_be_bytes();
        let mut data = [0; 13];
        let (sequence, rest) = data.split_at_mut(8);
        sequence.copy_from_slice(&self.sequence.to_be_bytes());
        rest.copy_from_slice(&[content_type, major, minor, high, low]);
        Ok(data)
    }

    fn advance(&mut self) -> Result<(), CryptoFailed> {
        self.sequence = self.sequence.checked_add(1).ok_or(CryptoFailed)?;
        Ok(())
    }

    /// Seals `content` into `out`, [`RecordKey::overhead`] bytes longer. The explicit nonce is the sequence number, so that none comes twice.
    pub(crate) fn seal(&mut self, header: &[u8; 5], content: &[u8], out: &mut [u8]) -> Result<(), CryptoFailed> {
        let explicit = self.sequence.to_be_bytes();
        let (front, rest) = out
            .split_at_mut_checked(self.explicit_nonce_length())
            .ok_or(CryptoFailed)?;
        if self.has_explicit_nonce {
            front.copy_from_slice(&explicit);
        }
        let (ciphertext, tag) = rest.split_at_mut_checked(content.len()).ok_or(CryptoFailed)?;
        let aad = Aad::from(self.additional_data(header, content.len())?);
        self.key
            .seal_out_of_place_scatter(self.nonce(&explicit), aad, content, ciphertext, &[], tag)?;
        self.advance()
    }

    /// The parts of a sealed record: its nonce, its additional data, and where its ciphertext begins.
    fn parts(&self, header: &[u8; 5], sealed: &[u8]) -> Result<(Nonce, Aad<[u8; 13]>, usize), CryptoFailed> {
        let content = sealed.len().checked_sub(self.overhead()).ok_or(CryptoFailed)?;
        let explicit = sealed.first_chunk().ok_or(CryptoFailed)?;
        let aad = Aad::from(self.additional_data(header, content)?);
        Ok((self.nonce(explicit), aad, self.explicit_nonce_length()))
    }

    /// Opens `sealed` where it lies; tells where in it the content lies.
    pub(crate) fn open(&mut self, header: &[u8; 5], sealed: &mut [u8]) -> Result<std::ops::Range<usize>, CryptoFailed> {
        let (nonce, aad, start) = self.parts(header, sealed)?;
        let ciphertext = sealed.get_mut(start..).ok_or(CryptoFailed)?;
        let length = self.key.open_in_place(nonce, aad, ciphertext)?.len();
        self.advance()?;
        Ok(start..start.saturating_add(length))
    }

    /// Opens `sealed` straight into `out`, whose length must be the content's.
    pub(crate) fn open_into(&mut self, header: &[u8; 5], sealed: &[u8], out: &mut [u8]) -> Result<(), CryptoFailed> {
        let (nonce, aad, start) = self.parts(header, sealed)?;
        let ciphertext = sealed.get(start..).ok_or(CryptoFailed)?;
        let (ciphertext, tag) = ciphertext.split_at_checked(out.len()).ok_or(CryptoFailed)?;
        self.key.open_separate_gather(nonce, aad, ciphertext, tag, out)?;
        self.advance()
    }
}

impl Drop for RecordKey {
    fn drop(&mut self) {
        self.iv.zeroize();
    }
}

/// Checks a signature by the rules of TLS 1.2: ECDSA's schemes name the hash alone, and PKCS#1 is allowed (RFC 9846 section 4.3.3).
pub(crate) fn verify(
    scheme: SignatureScheme,
    key: &SubjectPublicKeyInfo<'_>,
    message: &[u8],
    signature: &[u8],
) -> Result<(), NotProven> {
    let algorithm: &dyn VerificationAlgorithm = match (scheme, &key.algorithm) {
        (SignatureScheme::ECDSA_SECP256R1_SHA256, KeyAlgorithm::EcP256) => &ECDSA_P256_SHA256_ASN1,
        (SignatureScheme::ECDSA_SECP256R1_SHA256, KeyAlgorithm::EcP384) => &ECDSA_P384_SHA256_ASN1,
        (SignatureScheme::ECDSA_SECP256R1_SHA256, KeyAlgorithm::EcP521) => &ECDSA_P521_SHA256_ASN1,
        (SignatureScheme::ECDSA_SECP384R1_SHA384, KeyAlgorithm::EcP256) => &ECDSA_P256_SHA384_ASN1,
        (SignatureScheme::ECDSA_SECP384R1_SHA384, KeyAlgorithm::EcP384) => &ECDSA_P384_SHA384_ASN1,
        (SignatureScheme::ECDSA_SECP384R1_SHA384, KeyAlgorithm::EcP521) => &ECDSA_P521_SHA384_ASN1,
        (SignatureScheme::ECDSA_SECP521R1_SHA512, KeyAlgorithm::EcP256) => &ECDSA_P256_SHA512_ASN1,
        (SignatureScheme::ECDSA_SECP521R1_SHA512, KeyAlgorithm::EcP384) => &ECDSA_P384_SHA512_ASN1,
        (SignatureScheme::ECDSA_SECP521R1_SHA512, KeyAlgorithm::EcP521) => &ECDSA_P521_SHA512_ASN1,
        (SignatureScheme::RSA_PKCS1_SHA256, KeyAlgorithm::Rsa) => &RSA_PKCS1_2048_8192_SHA256,
        (SignatureScheme::RSA_PKCS1_SHA384, KeyAlgorithm::Rsa) => &RSA_PKCS1_2048_8192_SHA384,
        (SignatureScheme::RSA_PKCS1_SHA512, KeyAlgorithm::Rsa) => &RSA_PKCS1_2048_8192_SHA512,
        _ => return verify::verify(scheme, key, message, signature),
    };
    let hash = verify::scheme_hash(scheme).ok_or(NotProven::WrongKey)?;
    UnparsedPublicKey::new(algorithm, key.key)
        .verify_digest(&digest::digest(hash, message), signature)
        .map_err(|_| NotProven::BadSignature)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::ContentType;

    fn secret(bytes: &[u8]) -> Secret {
        Secret::filled(bytes.len(), |out| {
            out.copy_from_slice(bytes);
            Ok::<_, ()>(())
        })
        .unwrap()
    }

    fn hex(digits: &str) -> Vec<u8> {
        let digits: Vec<char> = digits.chars().filter(|digit| !digit.is_whitespace()).collect();
        digits
            .chunks(2)
            .map(|pair| u8::from_str_radix(&String::from_iter(pair), 16).unwrap())
            .collect()
    }

    /// The known answers that circulate on the TLS working group's list.
    #[test]
    fn the_prf_gives_the_known_answers() {
        let cases = [
            (
                HashAlgorithm::Sha256,
                "9bbe436ba940f017b17652849a71db35",
                "a0ba9f936cda311827a6f796ffd5198c",
                "e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a6b301791e90d35c9c9a46b4e14baf9af0fa0
                 22f7077def17abfd3797c0564bab4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff70187347b66",
            ),
            (
                HashAlgorithm::Sha384,
                "b80b733d6ceefcdc71566ea48e5567df",
                "cd665cf6a8447dd6ff8b27555edb7465",
                "7b0c18e9ced410ed1804f2cfa34a336a1c14dffb4900bb5fd7942107e81c83cde9ca0faa60be9fe34f82b1233c9146a0e534
                 cb400fed2700884f9dc236f80edd8bfa961144c9e8d792eca722a7b32fc3d416d473ebc2c5fd4abfdad05d9184259b5bf8cd
                 4d90fa0d31e2dec479e4f1a26066f2eea9a69236a3e52655c9e9aee691c8f3a26854308d5eaa3be85e0990703d73e56f",
            ),
        ];
        for (hash, key, seed, expected) in cases {
            let (seed, expected) = (hex(seed), hex(expected));
            let mut out = vec![0; expected.len()];
            let (first, second) = seed.split_at(5);
            prf(hash, &secret(&hex(key)), b"test label", [first, second], &mut out).unwrap();
            assert_eq!(out, expected);
        }
    }

    fn pair(algorithm: AeadAlgorithm) -> (RecordKey, RecordKey) {
        let new = || {
            let mut key = RecordKey::new(algorithm, &vec![7; algorithm.key_length()]).unwrap();
            assert_eq!(key.iv().len(), RecordKey::iv_length(algorithm));
            key.iv().fill(9);
            key
        };
        (new(), new())
    }

    const ALGORITHMS: [AeadAlgorithm; 3] = [
        AeadAlgorithm::Aes128Gcm,
        AeadAlgorithm::Aes256Gcm,
        AeadAlgorithm::ChaCha20Poly1305,
    ];

    #[test]
    fn what_is_sealed_opens_in_order_and_unchanged() {
        for algorithm in ALGORITHMS {
            let (mut sealer, mut opener) = pair(algorithm);
            for number in 0_u64..3 {
                let mut sealed = vec![0; 5 + sealer.overhead()];
                let header = [ContentType::APPLICATION_DATA.0, 3, 3, 0, 5 + 24];
                sealer.seal(&header, b"hello", &mut sealed).unwrap();
                // RFC 9325 section 7.2.1: the explicit nonce is the sequence number.
                if algorithm != AeadAlgorithm::ChaCha20Poly1305 {
                    assert_eq!(sealed[..8], number.to_be_bytes());
                }
                let mut changed = sealed.clone();
                *changed.last_mut().unwrap() ^= 1;
                assert!(opener.open(&header, &mut changed).is_err());
                let other = [ContentType::ALERT.0, 3, 3, 0, 5 + 24];
                assert!(opener.open(&other, &mut sealed.clone()).is_err());
                if number == 1 {
                    let mut out = [0; 5];
                    opener.open_into(&header, &sealed, &mut out).unwrap();
                    assert_eq!(&out, b"hello");
                } else {
                    let range = opener.open(&header, &mut sealed).unwrap();
                    assert_eq!(&sealed[range], b"hello");
                }
            }
        }
    }

    #[test]
    fn what_is_too_short_to_be_sealed_is_refused() {
        for algorithm in ALGORITHMS {
            let (_, mut opener) = pair(algorithm);
            for length in 0..opener.overhead() {
                assert!(opener.open(&[23, 3, 3, 0, 0], &mut vec![0; length]).is_err());
            }
        }
    }
}

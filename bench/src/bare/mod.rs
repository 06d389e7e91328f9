//! The primitives of a connection, called through aws-lc-rs's safe API, and nothing else: what any engine on this
//! library has to spend. Messages are filler of the usual sizes; the keys, signatures, hashes and secrets are real.
//!
//! Where the API offers several ways, the one with the fewest allocations stands here. What never changes is made before:
//! the first stage of a full handshake's key schedule, the anchor's key, the keys of tickets.

mod client;
mod record;
mod schedule;
mod server;

use std::sync::Arc;

use aws_lc_rs::aead::{self, AES_128_GCM, AES_256_GCM, CHACHA20_POLY1305, LessSafeKey};
use aws_lc_rs::agreement::{self, PrivateKey, UnparsedPublicKey, X25519};
use aws_lc_rs::digest::{Digest, SHA256, digest};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hkdf::{HKDF_SHA256, Prk};
use aws_lc_rs::hmac;
use aws_lc_rs::rand;
use aws_lc_rs::rsa::KeyPair as RsaKeyPair;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_SHA256, VerificationAlgorithm,
};
use portunus_tls::wire::{CipherSuite, NamedGroup};

use crate::engines::Side;
use crate::world::{Keys, World};
pub(crate) use client::HelloSent;
use record::{Open, record_key, seal_in_place};
use schedule::{HASH, Secret, extract, secret, verify_data};
pub(crate) use server::FlightSent;

/// random and legacy_session_id, which stand before the key share in both hellos here.
const RANDOMS: usize = 64;
/// The rest of a ClientHello, the rest of a ServerHello.
const REST: [usize; 2] = [120, 26];
const ENCRYPTED_EXTENSIONS: usize = 6;
const X25519_SHARE: usize = 32;
const ENCAPSULATION_KEY: usize = 1184;
const CIPHERTEXT: usize = 1088;
/// A ticket's content: the pre-shared key, times, name, binding.
const TICKET: usize = 120;

/// What both sides are given.
pub(crate) struct BareConfig {
    aead: &'static aead::Algorithm,
    hybrid: bool,
    authentication: Authentication,
    resumption: Option<Resumption>,
}

/// One side of a connection; `W` is what it keeps while it waits for the peer's flight.
pub(crate) struct Bare<W> {
    config: Arc<BareConfig>,
    waiting: Option<W>,
    open: Option<Open>,
}

/// What a client and a server do otherwise.
pub(crate) trait Flights: Sized {
    /// The first flight of this side.
    fn begin(side: &mut Bare<Self>, incoming: &[u8], outgoing: &mut Vec<u8>);

    /// What it does with the peer's flight after that one.
    fn finish(self, side: &mut Bare<Self>, incoming: &[u8], outgoing: &mut Vec<u8>);
}

impl<W: Flights> Side for Bare<W> {
    type Config = Arc<BareConfig>;

    const STRUCT: usize = size_of::<Self>();

    fn new(config: &Self::Config) -> Self {
        Self {
            config: config.clone(),
            waiting: None,
            open: None,
        }
    }

    fn turn(&mut self, incoming: &[u8], outgoing: &mut Vec<u8>) -> bool {
        match self.waiting.take() {
            None => W::begin(self, incoming, outgoing),
            Some(waiting) => waiting.finish(self, incoming, outgoing),
        }
        self.waiting.is_none()
    }

    fn established(self) -> Self {
        assert!(self.open.is_some() && self.waiting.is_none());
        self
    }

    fn is_resumed(&self) -> bool {
        self.config.resumption.is_some()
    }

    fn idle(&mut self) {
        if let Some(open) = &mut self.open {
            open.idle();
        }
    }

    fn seal(&mut self, data: &[u8]) {
        if let Some(open) = &mut self.open {
            open.seal(data);
        }
    }

    fn flush(&mut self, outgoing: &mut Vec<u8>) {
        if let Some(open) = &mut self.open {
            open.flush(outgoing);
        }
    }

    fn take(&mut self, incoming: &mut &[u8]) {
        if let Some(open) = &mut self.open {
            open.take(std::mem::take(incoming));
        }
    }

    fn open(&mut self, _: &mut [u8]) -> usize {
        self.open.as_mut().map_or(0, Open::open)
    }
}

struct Authentication {
    key: Key,
    /// EncryptedExtensions and Certificate.
    messages: Vec<u8>,
    /// What the issuers signed, and their signatures: of the leaf, the intermediate.
    signed: [(Vec<u8>, Vec<u8>); 2],
    /// Of the leaf, the intermediate.
    public_keys: [Vec<u8>; 2],
    anchor: ParsedPublicKey,
    issuers: &'static dyn VerificationAlgorithm,
    proof: &'static dyn VerificationAlgorithm,
}

enum Key {
    P256(EcdsaKeyPair),
    Rsa(RsaKeyPair),
}

struct Resumption {
    psk: Secret,
    ticket_key: LessSafeKey,
    ticket: Vec<u8>,
}

/// The element that DER begins with, its content, and what follows.
fn element(der: &[u8]) -> (&[u8], &[u8], &[u8]) {
    let (header, length) = match usize::from(der[1]) {
        short @ ..0x80 => (2, short),
        long => {
            let octets = &der[2..2 + (long & 0x7f)];
            let length = octets.iter().fold(0, |length, octet| length << 8 | usize::from(*octet));
            (2 + octets.len(), length)
        }
    };
    let (whole, rest) = der.split_at(header + length);
    (whole, &whole[header..], rest)
}

/// What a certificate's issuer signed, and the signature.
fn signed_parts(certificate: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let (_, content, _) = element(certificate);
    let (to_be_signed, _, rest) = element(content);
    let (_, _, rest) = element(rest);
    let (_, bits, _) = element(rest);
    (to_be_signed.to_vec(), bits[1..].to_vec())
}

impl BareConfig {
    pub(crate) fn new(world: &World, suite: CipherSuite, group: NamedGroup, resumption: bool) -> Self {
        let (key, issuers, proof): (
            _,
            &'static dyn VerificationAlgorithm,
            &'static dyn VerificationAlgorithm,
        ) = match world.keys {
            Keys::P256 => {
                let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &world.key);
                let key = Key::P256(key.expect("a key"));
                (key, &ECDSA_P256_SHA256_ASN1, &ECDSA_P256_SHA256_ASN1)
            }
            Keys::Rsa2048 => {
                let key = Key::Rsa(RsaKeyPair::from_pkcs8(&world.key).expect("a key"));
                (key, &RSA_PKCS1_2048_8192_SHA256, &RSA_PSS_2048_8192_SHA256)
            }
        };
        let [leaf, intermediate, anchor] = &world.public_keys;
        Self {
            aead: match suite {
                CipherSuite::TLS_AES_256_GCM_SHA384 => &AES_256_GCM,
                CipherSuite::TLS_CHACHA20_POLY1305_SHA256 => &CHACHA20_POLY1305,
                _ => &AES_128_GCM,
            },
            hybrid: group == NamedGroup::X25519MLKEM768,
            authentication: Authentication {
                key,
                messages: [&[0; ENCRYPTED_EXTENSIONS], &*world.chain.concat()].concat(),
                signed: [signed_parts(&world.chain[0]), signed_parts(&world.chain[1])],
                public_keys: [leaf.clone(), intermediate.clone()],
                anchor: ParsedPublicKey::new(issuers, anchor).expect("a key"),
                issuers,
                proof,
            },
            resumption: resumption.then(|| {
                let ticket_key = record_key(&AES_256_GCM, &[2; 32]);
                let mut ticket = vec![0; TICKET];
                seal_in_place(&ticket_key, [0; 12], &[0; 16], &mut ticket);
                Resumption {
                    psk: [3; HASH],
                    ticket_key,
                    ticket,
                }
            }),
        }
    }

    fn share_lengths(&self) -> [usize; 2] {
        if self.hybrid {
            [ENCAPSULATION_KEY + X25519_SHARE, CIPHERTEXT + X25519_SHARE]
        } else {
            [X25519_SHARE; 2]
        }
    }

    /// The first stage's `Derive-Secret(., "derived", "")`, and the binder over `hello`: both need the pre-shared key.
    fn early(&self, hello: &[u8]) -> (Secret, Option<hmac::Tag>) {
        // A full handshake's first stage is the same for ever: any constant will do here.
        let Some(resumption) = &self.resumption else {
            return ([4; HASH], None);
        };
        let early = Prk::new_less_safe(HKDF_SHA256, &extract(&[0; HASH], &resumption.psk));
        let nothing = digest(&SHA256, b"");
        let binder_key = secret(&early, b"res binder", nothing.as_ref());
        let binder = verify_data(&binder_key, &digest(&SHA256, hello));
        (secret(&early, b"derived", nothing.as_ref()), Some(binder))
    }
}

impl Authentication {
    fn sign(&self, digest: &Digest, signature: &mut [u8; 256]) -> usize {
        match &self.key {
            Key::P256(key) => {
                let made = key.sign_digest(digest).expect("a signature");
                signature[..made.as_ref().len()].copy_from_slice(made.as_ref());
                made.as_ref().len()
            }
            Key::Rsa(key) => {
                key.sign_digest(&RSA_PSS_SHA256, digest, signature)
                    .expect("a signature");
                signature.len()
            }
        }
    }

    /// The leaf by the intermediate, the intermediate by the anchor, the proof by the leaf.
    fn verify(&self, proven: &Digest, signature: &[u8]) {
        let [leaf, intermediate] = &self.public_keys;
        let leaf = ParsedPublicKey::new(self.proof, leaf).expect("a key");
        let intermediate = ParsedPublicKey::new(self.issuers, intermediate).expect("a key");
        for (key, (signed, signature)) in [&intermediate, &self.anchor].into_iter().zip(&self.signed) {
            key.verify_digest_sig(&digest(&SHA256, signed), signature)
                .expect("a certificate that its issuer signed");
        }
        leaf.verify_digest_sig(proven, signature).expect("the server's proof");
    }
}

fn agreed(key: &PrivateKey, share: &[u8]) -> [u8; X25519_SHARE] {
    let share = UnparsedPublicKey::new(&X25519, share);
    let secret = agreement::agree(key, share, Unspecified, |secret| {
        secret.try_into().map_err(|_| Unspecified)
    });
    secret.expect("a secret")
}

fn fill(out: &mut [u8]) {
    rand::fill(out).expect("randomness");
}

/// A hello's first part: random, legacy_session_id.
fn randoms(own: usize) -> [u8; RANDOMS] {
    let mut randoms = [0; RANDOMS];
    fill(&mut randoms[..own]);
    randoms
}

#[cfg(test)]
mod tests {
    use super::element;

    #[test]
    fn an_element_ends_where_its_length_says() {
        assert_eq!(element(&[4, 1, 9, 5, 0]), (&[4, 1, 9][..], &[9][..], &[5, 0][..]));
        let mut long = vec![4, 0x82, 1, 0];
        long.resize(4 + 256, 7);
        long.push(8);
        let (whole, content, rest) = element(&long);
        assert_eq!((whole.len(), content.len(), rest), (260, 256, &[8][..]));
    }
}

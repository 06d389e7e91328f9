//! The primitives one by one, called through aws-lc-rs's safe API.

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{self, PrivateKey, UnparsedPublicKey, X25519};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair, ParsedPublicKey,
};

use crate::measure::{Row, microseconds, throughput};

/// A full record.
const RECORD: u32 = 1 << 14;

pub fn run() -> Vec<Row> {
    let random = SystemRandom::new();
    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).expect("a key");
    let message = [0x20; 130];
    let signature = key.sign(&random, &message).expect("a signature");
    let public = ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, key.public_key().as_ref()).expect("a key");
    let peer = PrivateKey::generate(&X25519)
        .expect("a key")
        .compute_public_key()
        .expect("a key");
    let seal = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &[1; 16]).expect("a key"));
    let mut record = vec![0; RECORD as usize];
    vec![
        microseconds("X25519: key and agreement", || {
            let key = PrivateKey::generate(&X25519).expect("a key");
            let share = key.compute_public_key().expect("a key");
            let peer = UnparsedPublicKey::new(&X25519, peer.as_ref());
            let shared = agreement::agree(&key, peer, (), |secret| Ok(secret[0]));
            (share, shared)
        }),
        microseconds("ECDSA P-256: sign", || key.sign(&random, &message)),
        microseconds("ECDSA P-256: verify", || {
            public.verify_sig(&message, signature.as_ref())
        }),
        microseconds("SHA-256: 4 KiB", || digest(&SHA256, &[0; 4096])),
        throughput("AES-128-GCM: seal 16 KiB in place", RECORD, || {
            seal.seal_in_place_separate_tag(Nonce::assume_unique_for_key([0; 12]), Aad::from([0; 5]), &mut record)
        }),
    ]
}

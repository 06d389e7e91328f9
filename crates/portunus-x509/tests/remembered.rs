//! Signatures that were good before are not verified again, and nothing else changes by it.

mod authority;

use authority::{Authority, NOW, trusting};
use portunus_x509::{Check, Policy, Purpose, Refusal, ServerName, SignatureMemory, VerifiedPath, verify_remembering};

const HOST: &str = "www.example.com";

fn verify(chain: &[&Vec<u8>], root: &[u8], memory: &SignatureMemory) -> Result<VerifiedPath, Refusal> {
    let (purpose, policy) = (Purpose::TlsServer, Policy::rfc5280());
    verify_remembering(
        chain,
        &trusting(&[root]),
        purpose,
        Some(&ServerName::parse(HOST).unwrap()),
        NOW,
        &policy,
        memory,
    )
}

#[test]
fn a_verdict_is_the_same_with_and_without_a_memory_of_it() {
    let memory = SignatureMemory::new(100);
    let root = Authority::root("Root");
    let intermediate = root.below("Intermediate");
    let leaf = intermediate.leaf(&[HOST]);
    for _ in 0..2 {
        let path = verify(&[&leaf, &intermediate.der], &root.der, &memory).expect("accepted");
        let signatures = path
            .checks()
            .into_iter()
            .filter(|finding| finding.check == Check::Signature);
        assert_eq!(signatures.count(), 2);
    }

    // The same names, and another key.
    let other = Authority::root("Root").below("Intermediate");
    let refusal = verify(&[&leaf, &other.der], &root.der, &memory).expect_err("refused");
    assert_eq!(refusal.check(), Check::Signature);

    // Each bit of what was signed, and of the signature.
    for at in (0..leaf.len()).step_by(7) {
        let mut flipped = leaf.clone();
        flipped[at] ^= 1;
        assert!(
            verify(&[&flipped, &intermediate.der], &root.der, &memory).is_err(),
            "{at}"
        );
    }
}

#[test]
fn what_was_bad_stays_bad() {
    let memory = SignatureMemory::new(100);
    let root = Authority::root("Root");
    let mut leaf = root.leaf(&[HOST]);
    *leaf.last_mut().unwrap() ^= 1;
    for _ in 0..2 {
        assert!(verify(&[&leaf], &root.der, &memory).is_err());
    }
}

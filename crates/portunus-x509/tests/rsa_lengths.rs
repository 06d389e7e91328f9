//! RSA keys of every length, each a root and a leaf of its own. Made by `openssl genrsa BITS` and `openssl ca`, the root
//! with `-selfsign`; 2040 and 8200 are the nearest lengths in octets that are not accepted.

mod authority;

use authority::check;
use portunus_x509::{Check, Finding, Outcome, Policy};

const HOST: &str = "www.example.com";

struct Pair {
    bits: u32,
    root: &'static [u8],
    leaf: &'static [u8],
}

macro_rules! pair {
    ($bits:literal) => {
        Pair {
            bits: $bits,
            root: include_bytes!(concat!("data/rsa-", $bits, "-root.der")),
            leaf: include_bytes!(concat!("data/rsa-", $bits, "-leaf.der")),
        }
    };
}

#[test]
fn chains_of_4096_and_8192_bits_verify() {
    for Pair { bits, root, leaf } in [pair!(4096), pair!(8192)] {
        for policy in [Policy::web(), Policy::rfc5280(), Policy::private()] {
            let verdict = check(&[leaf], &[root], HOST, &policy);
            assert!(verdict.is_ok(), "{bits}: {verdict:?}");
        }
        let mut forged = leaf.to_vec();
        *forged.last_mut().expect("a byte") ^= 1;
        let refusal = check(&[&forged], &[root], HOST, &Policy::rfc5280()).expect_err("a forgery");
        assert_eq!(refusal.code(), "X509-SIGNATURE", "{bits}");
    }
}

#[test]
fn other_lengths_are_refused_by_name_on_each_certificate() {
    for Pair { bits, root, leaf } in [pair!(1024), pair!(2040), pair!(8200)] {
        let value = format!("{bits} bits");
        let refusal = check(&[leaf], &[root], HOST, &Policy::rfc5280()).expect_err("a refusal");
        assert_eq!(refusal.code(), "X509-KEY-SIZE", "{bits}");
        assert!(refusal.explanation().contains(&value), "{}", refusal.explanation());
        // Every profile says so, of the leaf and of the root alike.
        for policy in [Policy::web(), Policy::rfc5280(), Policy::private()] {
            let refusal = check(&[leaf], &[root], HOST, &policy).expect_err("a refusal");
            let path = refusal.paths().first().expect("a path");
            let of_size = |finding: &&Finding| finding.check == Check::KeySize && finding.outcome == Outcome::Failed;
            let found: Vec<_> = path.findings().iter().filter(of_size).collect();
            assert!(found.iter().all(|finding| finding.value == value), "{found:?}");
            let certificates: Vec<_> = found.iter().map(|finding| finding.certificate).collect();
            assert_eq!(certificates, [0, 1], "{bits}");
        }
    }
}

//! What holds for all inputs.

mod authority;

use authority::{Authority, NOW, leaf_params, trusting};
use portunus_x509::{Anchors, Certificate, Policy, Purpose, ServerName, SubjectPublicKeyInfo, verify};
use proptest::prelude::*;
use rcgen::{GeneralSubtree, KeyPair, NameConstraints};
use std::sync::LazyLock;

const HOST: &str = "www.example.com";

struct Chain {
    root: Vec<u8>,
    intermediate: Vec<u8>,
    leaf: Vec<u8>,
}

static CHAIN: LazyLock<Chain> = LazyLock::new(|| {
    let root = Authority::root_with("Root", |params| {
        params.name_constraints = Some(NameConstraints {
            permitted_subtrees: vec![GeneralSubtree::DnsName("example.com".to_owned())],
            excluded_subtrees: vec![GeneralSubtree::Rfc822Name(".example.org".to_owned())],
        });
    });
    let intermediate = root.below("Intermediate");
    let leaf = intermediate.leaf(&[HOST, "*.example.com"]);
    Chain {
        root: root.der,
        intermediate: intermediate.der,
        leaf,
    }
});

fn is_accepted(chain: &[&[u8]], anchors: &Anchors, policy: &Policy) -> bool {
    let name = ServerName::parse(HOST).expect("a name");
    let verdict = verify(chain, anchors, Purpose::TlsServer, Some(&name), NOW, policy);
    // Whatever came out can be told.
    match &verdict {
        Ok(path) => assert!(!path.checks().is_empty() && path.notes().len() <= chain.len() + 1),
        Err(refusal) => assert!(!refusal.explanation().is_empty() && !refusal.to_string().contains('\n')),
    }
    verdict.is_ok()
}

/// Everything that can be asked of a certificate.
fn ask(certificate: &Certificate<'_>) {
    let _ = (
        certificate.subject().to_string(),
        certificate.issuer().to_string(),
        certificate.is_self_issued(),
    );
    let _ = certificate
        .subject_alt_names()
        .map(|names| names.map(|name| name.to_string()).collect::<Vec<_>>());
    let _ = (
        certificate.basic_constraints(),
        certificate
            .key_usage()
            .map(|usage| usage.map(|usage| usage.to_string())),
    );
    let _ = certificate
        .extended_key_usage()
        .map(|usage| usage.map(|usage| usage.to_string()));
    let _ = certificate.name_constraints().map(|constraints| {
        constraints.map(|c| {
            c.permitted()
                .chain(c.excluded())
                .map(|subtree| subtree.to_string())
                .collect::<Vec<_>>()
        })
    });
    let _ = (
        certificate.authority_key_identifier().is_ok(),
        certificate.subject_key_identifier().is_ok(),
    );
    let _ = (
        certificate.ca_issuers().is_ok(),
        certificate.signature_algorithm().to_string(),
    );
    let _ = certificate
        .extensions()
        .iter()
        .map(|extension| extension.to_string())
        .collect::<Vec<_>>();
    let _ = certificate.subject_public_key_info().rsa_modulus_bits();
}

/// Each bit of the end entity and of the intermediate counts.
#[test]
fn a_flipped_bit_of_an_accepted_chain_is_refused() {
    let Chain {
        root,
        intermediate,
        leaf,
    } = &*CHAIN;
    let anchors = trusting(&[root]);
    // The mildest profile: what it refuses, the others refuse.
    let policy = Policy::private();
    assert!(is_accepted(&[leaf, intermediate], &anchors, &policy));
    for which in [leaf, intermediate] {
        for bit in 0..which.len() * 8 {
            let mut changed = which.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let chain: [&[u8]; 2] = if std::ptr::eq(which, leaf) {
                [&changed, intermediate]
            } else {
                [leaf, &changed]
            };
            assert!(!is_accepted(&chain, &anchors, &policy), "bit {bit}");
        }
    }
}

/// Each truncation is an error, and so is each byte too many.
#[test]
fn a_certificate_is_whole_or_none() {
    let leaf = &CHAIN.leaf;
    for end in 0..leaf.len() {
        assert!(Certificate::parse(&leaf[..end]).is_err());
    }
    assert!(Certificate::parse(&[leaf.as_slice(), &[0]].concat()).is_err());
}

/// Lengths grow past the short form; what rcgen writes, this crate reads as it was meant.
#[test]
fn what_was_written_is_read() {
    let key = KeyPair::generate().expect("a key");
    for count in [1usize, 2, 7, 40, 400] {
        let names: Vec<_> = (0..count).map(|n| format!("host-{n}.example.com")).collect();
        let names: Vec<_> = names.iter().map(|name| name.as_str()).collect();
        let der = leaf_params(&names)
            .self_signed(&key)
            .expect("a certificate")
            .der()
            .to_vec();
        let certificate = Certificate::parse(&der).expect("a certificate");
        let read: Vec<_> = certificate
            .subject_alt_names()
            .expect("names")
            .map(|name| name.to_string())
            .collect();
        assert_eq!(read, names.iter().map(|name| format!("DNS:{name}")).collect::<Vec<_>>());
        assert!(certificate.is_signed_by(certificate.subject_public_key_info()));
        assert!(SubjectPublicKeyInfo::parse(certificate.subject_public_key_info().der).is_ok());
        ask(&certificate);
    }
}

proptest! {
    #[test]
    fn any_bytes_are_a_certificate_or_an_error(bytes: Vec<u8>) {
        if let Ok(certificate) = Certificate::parse(&bytes) {
            ask(&certificate);
        }
        let _ = (Anchors::new().add_der(&bytes), Anchors::new().add_pem(&bytes));
    }

    /// Near misses get deeper than noise does.
    #[test]
    fn a_mutilated_certificate_is_read_or_an_error(
        cuts in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0u8..3), 1..8)
    ) {
        let mut bytes = CHAIN.root.clone();
        for (place, value, what) in cuts {
            let at = place.index(bytes.len());
            match what {
                0 => bytes[at] = value,
                1 => bytes.insert(at, value),
                _ => { bytes.remove(at); }
            }
        }
        if let Ok(certificate) = Certificate::parse(&bytes) {
            ask(&certificate);
        }
        let Chain { intermediate, leaf, .. } = &*CHAIN;
        let mut anchors = Anchors::new();
        if anchors.add_der(&bytes).is_ok() {
            let _ = is_accepted(&[leaf, intermediate], &anchors, &Policy::private());
        }
        let _ = is_accepted(&[leaf, &bytes, intermediate], &trusting(&[&CHAIN.root]), &Policy::web());
    }
}

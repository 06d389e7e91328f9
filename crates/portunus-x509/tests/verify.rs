//! The verifier through its public interface: what it accepts, what it refuses, and by which rule.

mod authority;

use authority::{Authority, NOW, check, leaf_params, name, refused, trusting};
use portunus_x509::{Check, Policy, Purpose, RefusalKind, ServerName, UnixTime, verify};
use rcgen::{
    BasicConstraints, CidrSubnet, CustomExtension, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, KeyPair,
    KeyUsagePurpose, NameConstraints, SanType, SerialNumber, date_time_ymd,
};

const HOST: &str = "www.example.com";

#[test]
fn a_chain_to_a_trusted_root_is_accepted_by_all_profiles() {
    let root = Authority::root("Root");
    let intermediate = root.below("Intermediate");
    let leaf = intermediate.leaf(&[HOST]);
    for policy in [Policy::web(), Policy::rfc5280(), Policy::private()] {
        let path = check(&[&leaf, &intermediate.der], &[&root.der], HOST, &policy).expect("accepted");
        let expected = [&leaf, &intermediate.der, &root.der];
        assert!(
            path.certificates()
                .iter()
                .map(|der| der.as_ref())
                .eq(expected.map(|der| der.as_slice()))
        );
        assert_eq!(path.findings(), []);
        assert_eq!(path.notes(), []);
        assert_eq!(path.valid_until().to_string(), "2027-01-01T00:00:00Z");
        let signatures = path
            .checks()
            .into_iter()
            .filter(|finding| finding.check == Check::Signature)
            .count();
        assert_eq!(signatures, 2);
    }
}

#[test]
fn an_intermediate_can_be_an_anchor() {
    let intermediate = Authority::root("Root").below("Intermediate");
    let leaf = intermediate.leaf(&[HOST]);
    assert_eq!(refused(&[&leaf], &[&intermediate.der], HOST), None);
}

#[test]
fn every_supported_kind_of_key_signs() {
    let algorithms = [
        &rcgen::PKCS_ECDSA_P256_SHA256,
        &rcgen::PKCS_ECDSA_P384_SHA384,
        &rcgen::PKCS_ECDSA_P521_SHA512,
        &rcgen::PKCS_ED25519,
        &rcgen::PKCS_RSA_SHA256,
        &rcgen::PKCS_RSA_SHA384,
        &rcgen::PKCS_RSA_SHA512,
    ];
    for algorithm in algorithms {
        let root = Authority::root_of(KeyPair::generate_for(algorithm).expect("a key"), "Root", |_| {});
        let leaf = root.leaf(&[HOST]);
        assert_eq!(refused(&[&leaf], &[&root.der], HOST), None, "{algorithm:?}");
        let forged = Authority::root_of(KeyPair::generate_for(algorithm).expect("a key"), "Root", |_| {}).leaf(&[HOST]);
        assert_eq!(
            refused(&[&forged], &[&root.der], HOST),
            Some("X509-SIGNATURE"),
            "{algorithm:?}"
        );
    }
}

#[test]
fn rsa_pss_is_accepted_where_its_parameters_agree() {
    // Made by `openssl req -x509 -sigopt rsa_padding_mode:pss`, the second with a salt of 20 octets.
    let agreeing = include_bytes!("data/pss-sha256.der");
    let other_salt = include_bytes!("data/pss-sha256-salt20.der");
    let pss_key = include_bytes!("data/pss-key-sha384.der");
    for (der, expected) in [(&agreeing[..], true), (&other_salt[..], false), (&pss_key[..], true)] {
        let certificate = portunus_x509::Certificate::parse(der).expect("a certificate");
        assert_eq!(
            certificate.is_signed_by(certificate.subject_public_key_info()),
            expected
        );
        assert_eq!(certificate.subject_public_key_info().rsa_modulus_bits(), Some(2048));
    }
}

#[test]
fn nobody_vouches() {
    let root = Authority::root("Root");
    let intermediate = root.below("Intermediate");
    let leaf = intermediate.leaf(&[HOST]);
    let other = Authority::root("Other");
    assert_eq!(refused(&[], &[&root.der], HOST), Some("X509-NONE"));
    assert_eq!(refused(&[&leaf], &[&root.der], HOST), Some("X509-UNKNOWN-ISSUER"));
    assert_eq!(
        refused(&[&leaf, &intermediate.der], &[&other.der], HOST),
        Some("X509-UNKNOWN-ISSUER")
    );
    assert_eq!(
        refused(&[&leaf, &intermediate.der, &root.der], &[&other.der], HOST),
        Some("X509-UNKNOWN-ISSUER")
    );
    assert_eq!(
        refused(&[&leaf, &intermediate.der], &[], HOST),
        Some("X509-UNKNOWN-ISSUER")
    );
    let alone = leaf_params(&[HOST])
        .self_signed(&KeyPair::generate().expect("a key"))
        .expect("a certificate");
    let refusal = check(&[alone.der()], &[&root.der], HOST, &Policy::private()).expect_err("untrusted");
    assert_eq!(
        (refusal.code(), refusal.kind()),
        ("X509-SELF-SIGNED", RefusalKind::UnknownCa)
    );
}

#[test]
fn times_are_bounds_that_belong_to_the_validity() {
    let root = Authority::root("Root");
    let leaf = root.leaf(&[HOST]);
    let name = ServerName::parse(HOST).expect("a name");
    let (first, last) = (1_735_689_600, 1_798_761_600);
    for (time, code) in [
        (first - 1, Some("X509-NOT-YET-VALID")),
        (first, None),
        (last, None),
        (last + 1, Some("X509-EXPIRED")),
        (i64::MIN, Some("X509-NOT-YET-VALID")),
        (i64::MAX, Some("X509-EXPIRED")),
    ] {
        let roots = trusting(&[&root.der]);
        let verdict = verify(
            &[&leaf],
            &roots,
            Purpose::TlsServer,
            Some(&name),
            UnixTime(time),
            &Policy::rfc5280(),
        );
        assert_eq!(verdict.as_ref().err().map(|refusal| refusal.code()), code, "{time}");
        assert!(
            verdict
                .err()
                .is_none_or(|refusal| refusal.kind() == RefusalKind::Expired)
        );
    }
}

#[test]
fn authorities_have_to_be_authorities() {
    let root = Authority::root("Root");
    let with = |change: fn(&mut rcgen::CertificateParams)| {
        let intermediate = root.below_with("Intermediate", change);
        let leaf = intermediate.leaf(&[HOST]);
        refused(&[&leaf, &intermediate.der], &[&root.der], HOST)
    };
    assert_eq!(with(|params| params.is_ca = IsCa::NoCa), Some("X509-NOT-A-CA"));
    assert_eq!(with(|params| params.is_ca = IsCa::ExplicitNoCa), Some("X509-NOT-A-CA"));
    assert_eq!(
        with(|params| params.key_usages = vec![KeyUsagePurpose::DigitalSignature]),
        Some("X509-NO-CERT-SIGN")
    );
    assert_eq!(
        with(|params| params.not_after = date_time_ymd(2025, 6, 1)),
        Some("X509-EXPIRED")
    );
    assert_eq!(
        with(|params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth]),
        Some("X509-PURPOSE")
    );
    let unknown = |params: &mut rcgen::CertificateParams| {
        let mut extension = CustomExtension::from_oid_content(&[2, 999, 3], vec![5, 0]);
        extension.set_criticality(true);
        params.custom_extensions.push(extension);
    };
    assert_eq!(with(unknown), Some("X509-CRITICAL-EXTENSION"));
    let intermediate = root.below_with("Intermediate", unknown);
    let leaf = intermediate.leaf(&[HOST]);
    let refusal = check(&[&leaf, &intermediate.der], &[&root.der], HOST, &Policy::web()).expect_err("refused");
    assert!(refusal.to_string().contains("2.999.3"), "{refusal}");
}

#[test]
fn path_lengths_count_intermediates_that_are_not_self_issued() {
    let root = Authority::root_with("Root", |params| {
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(1))
    });
    let one = root.below("One");
    let two = one.below("Two");
    assert_eq!(refused(&[&one.leaf(&[HOST]), &one.der], &[&root.der], HOST), None);
    let leaf = two.leaf(&[HOST]);
    assert_eq!(
        refused(&[&leaf, &two.der, &one.der], &[&root.der], HOST),
        Some("X509-PATH-LENGTH")
    );
    // A roll-over: the authority certifies its new key under its own name.
    let renewed = one.below("One");
    assert_eq!(
        refused(&[&renewed.leaf(&[HOST]), &renewed.der, &one.der], &[&root.der], HOST),
        None
    );
}

#[test]
fn a_caller_can_bound_the_number_of_intermediates() {
    let root = Authority::root("Root");
    let one = root.below("One");
    let two = one.below("Two");
    let leaf = two.leaf(&[HOST]);
    let bounded = |most| {
        let policy = Policy::rfc5280().with_max_intermediates(most);
        check(&[&leaf, &two.der, &one.der], &[&root.der], HOST, &policy)
    };
    assert!(bounded(2).is_ok());
    let refusal = bounded(1).expect_err("refused");
    assert_eq!(refusal.check(), Check::Depth);
    assert!(
        refusal
            .to_string()
            .contains("at most 1 intermediates are allowed, and there are 2")
    );
}

#[test]
fn an_end_entity_has_its_rules_too() {
    let root = Authority::root("Root");
    let with =
        |change: fn(&mut rcgen::CertificateParams)| refused(&[&root.leaf_with(&[HOST], change)], &[&root.der], HOST);
    assert_eq!(
        with(|params| params.key_usages = vec![KeyUsagePurpose::CrlSign]),
        Some("X509-KEY-USAGE")
    );
    assert_eq!(
        with(|params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::CodeSigning]),
        Some("X509-PURPOSE")
    );
    assert_eq!(with(|params| params.extended_key_usages = Vec::new()), None);
    assert_eq!(
        with(|params| params.serial_number = Some(SerialNumber::from_slice(&[0]))),
        Some("X509-SERIAL")
    );
    assert_eq!(
        with(|params| params.serial_number = Some(SerialNumber::from_slice(&[1; 21]))),
        Some("X509-SERIAL")
    );
    assert_eq!(
        with(|params| params.use_authority_key_identifier_extension = false),
        Some("X509-NO-AKI")
    );
    let client = Authority::root("Root");
    let leaf = client.leaf_with(&[HOST], |params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth]
    });
    let roots = trusting(&[&client.der]);
    assert!(verify(&[&leaf], &roots, Purpose::TlsClient, None, NOW, &Policy::private()).is_ok());
}

#[test]
fn an_authority_as_end_entity_is_a_matter_of_the_profile() {
    let root = Authority::root("Root");
    let leaf = root.leaf_with(&[HOST], |params| {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained)
    });
    let code = |policy: Policy| {
        check(&[&leaf], &[&root.der], HOST, &policy)
            .err()
            .map(|refusal| refusal.code())
    };
    assert_eq!(code(Policy::web()), Some("X509-CA-AS-END-ENTITY"));
    assert_eq!(code(Policy::rfc5280()), None);
    let path = check(&[&leaf], &[&root.der], HOST, &Policy::private()).expect("accepted");
    assert_eq!(
        path.findings().iter().map(|finding| finding.check).collect::<Vec<_>>(),
        [Check::EndEntity]
    );
}

#[test]
fn the_private_profile_accepts_an_end_entity_that_is_listed_itself() {
    let key = KeyPair::generate().expect("a key");
    let alone = leaf_params(&[HOST])
        .self_signed(&key)
        .expect("a certificate")
        .der()
        .to_vec();
    let path = check(&[&alone], &[&alone], HOST, &Policy::private()).expect("accepted");
    assert_eq!(path.certificates().len(), 1);
    assert_eq!(path.notes(), [portunus_x509::Note::EndEntityIsAnchor]);
    assert!(check(&[&alone], &[&alone], "other.example", &Policy::private()).is_err());
    assert!(check(&[&alone], &[&alone], HOST, &Policy::web()).is_err());
    let issued = Authority::root("Root").leaf(&[HOST]);
    assert!(check(&[&issued], &[&issued], HOST, &Policy::private()).is_ok());
}

#[test]
fn names_come_from_the_subject_alternative_name_alone() {
    let root = Authority::root("Root");
    let code = |leaf: &[u8], wanted: &str| refused(&[leaf], &[&root.der], wanted);
    let named = root.leaf(&["a.example", "*.b.example", "192.0.2.1", "2001:db8::1"]);
    for wanted in ["a.example", "A.EXAMPLE.", "x.b.example", "192.0.2.1", "[2001:db8::1]"] {
        assert_eq!(code(&named, wanted), None, "{wanted}");
    }
    for wanted in [
        "b.example",
        "x.y.b.example",
        "a.example.com",
        "192.0.2.2",
        "2001:db8::2",
    ] {
        assert_eq!(code(&named, wanted), Some("X509-NAME"), "{wanted}");
    }
    // RFC 9525 section 2: the common name does not count; neither does an address that is written as a name.
    let common_name = root.leaf_with(&[], |params| params.distinguished_name = name(HOST));
    assert_eq!(code(&common_name, HOST), Some("X509-NAME"));
    let address_as_name = root.leaf_with(&["a.example"], |params| {
        params
            .subject_alt_names
            .push(SanType::DnsName("192.0.2.1".try_into().expect("ASCII")));
    });
    let refusal = check(&[&address_as_name], &[&root.der], "192.0.2.1", &Policy::private()).expect_err("refused");
    assert_eq!(
        (refusal.code(), refusal.kind()),
        ("X509-NAME", RefusalKind::NameMismatch)
    );
    let unicode = root.leaf(&["xn--bcher-kva.example"]);
    assert_eq!(code(&unicode, "Bücher.example"), None);
}

#[test]
fn constraints_hold_for_addresses_and_directory_names() {
    let inside = |subtree: GeneralSubtree| {
        Authority::root_with("Root", |params| {
            params.name_constraints = Some(NameConstraints {
                permitted_subtrees: vec![subtree],
                excluded_subtrees: Vec::new(),
            });
        })
    };
    let root = inside(GeneralSubtree::IpAddress(CidrSubnet::V4([10, 0, 0, 0], [255, 0, 0, 0])));
    assert_eq!(refused(&[&root.leaf(&["10.1.2.3"])], &[&root.der], "10.1.2.3"), None);
    assert_eq!(
        refused(&[&root.leaf(&["11.1.2.3"])], &[&root.der], "11.1.2.3"),
        Some("X509-NAME-CONSTRAINTS")
    );
    assert_eq!(
        refused(&[&root.leaf(&["::1"])], &[&root.der], "::1"),
        Some("X509-NAME-CONSTRAINTS")
    );
    assert_eq!(refused(&[&root.leaf(&[HOST])], &[&root.der], HOST), None);
    let root = inside(GeneralSubtree::Rfc822Name("example.com".to_owned()));
    let leaf = root.leaf_with(&[HOST], |params| {
        params
            .subject_alt_names
            .push(SanType::Rfc822Name("a@example.org".try_into().expect("ASCII")));
    });
    assert_eq!(refused(&[&leaf], &[&root.der], HOST), Some("X509-NAME-CONSTRAINTS"));
}

#[test]
fn a_public_suffix_has_no_wildcard_on_the_web() {
    let root = Authority::root("Root");
    for (pattern, wanted) in [("*.co.uk", "a.co.uk"), ("*.com", "a.com")] {
        let leaf = root.leaf(&[pattern]);
        let refusal = check(&[&leaf], &[&root.der], wanted, &Policy::web()).expect_err("refused");
        assert_eq!(refusal.code(), "X509-PUBLIC-SUFFIX-WILDCARD");
        assert!(check(&[&leaf], &[&root.der], wanted, &Policy::private()).is_ok());
    }
    for (pattern, wanted) in [
        ("*.example.co.uk", "a.example.co.uk"),
        // On the list, but not by a registry.
        ("*.s3.amazonaws.com", "a.s3.amazonaws.com"),
    ] {
        assert!(check(&[&root.leaf(&[pattern])], &[&root.der], wanted, &Policy::web()).is_ok());
    }
}

#[test]
fn the_private_profile_only_warns_of_what_home_made_authorities_lack() {
    let root = Authority::root("Root");
    let leaf = root.leaf_with(&["my_host.lan"], |params| {
        params.use_authority_key_identifier_extension = false;
        params.serial_number = Some(SerialNumber::from_slice(&[0]));
    });
    let path = check(&[&leaf], &[&root.der], "my_host.lan", &Policy::private()).expect("accepted");
    let warned: Vec<_> = path.findings().iter().map(|finding| finding.check).collect();
    assert_eq!(
        warned,
        [
            Check::SerialNumber,
            Check::AlternativeNames,
            Check::AuthorityKeyIdentifier,
        ]
    );
}

#[test]
fn a_critical_extension_that_cannot_be_processed_is_refused_wherever_it_stands() {
    let root = Authority::root("Root");
    let custom = |oid: &[u64], contents: &[u8], critical: bool| {
        let mut extension = CustomExtension::from_oid_content(oid, contents.to_vec());
        extension.set_criticality(critical);
        extension
    };
    // Nothing follows from them for an end entity, but for the demand of RFC 5280 section 4.2.
    let constraints: &[u64] = &[2, 5, 29, 30];
    let policies: &[u64] = &[2, 5, 29, 32];
    for oid in [constraints, policies] {
        for (critical, code) in [(true, Some("X509-MALFORMED")), (false, None)] {
            let leaf = root.leaf_with(&[HOST], |params| {
                params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
                params.custom_extensions.push(custom(oid, b"\x05\x00", critical));
            });
            assert_eq!(
                refused(&[&leaf], &[&root.der], HOST),
                code,
                "{oid:?}, critical: {critical}"
            );
        }
    }
}

#[test]
fn what_cannot_be_read_is_told_once() {
    let root = Authority::root("Root");
    for oid in [[2, 5, 29, 30], [2, 5, 29, 32]] {
        let intermediate = root.below_with("Intermediate", |params| {
            let mut broken = CustomExtension::from_oid_content(&oid, b"\x05\x00".to_vec());
            broken.set_criticality(true);
            params.custom_extensions.push(broken);
        });
        let leaf = intermediate.leaf(&[HOST]);
        let refusal = check(&[&leaf, &intermediate.der], &[&root.der], HOST, &Policy::rfc5280()).unwrap_err();
        let findings = refusal.paths()[0].findings().iter();
        assert_eq!(
            findings.filter(|finding| finding.check == Check::Encoding).count(),
            1,
            "{oid:?}"
        );
    }
}

#[test]
fn names_of_an_authority_that_cannot_be_read_are_refused() {
    let root = Authority::root("Root");
    let intermediate = root.below_with("Intermediate", |params| {
        let names = CustomExtension::from_oid_content(&[2, 5, 29, 17], b"\x30\x00\x30\x00".to_vec());
        params.custom_extensions.push(names);
    });
    let leaf = intermediate.leaf(&[HOST]);
    assert_eq!(
        refused(&[&leaf, &intermediate.der], &[&root.der], HOST),
        Some("X509-MALFORMED")
    );
}

//! What went wrong for users of other software, each case through the public interface.

mod authority;

use authority::{Authority, NOW, check, leaf_params, name, refused, trusting};
use portunus_x509::{Anchors, Certificate, Note, Policy, Purpose, RefusalKind, order, verify};
use rcgen::{
    CertificateParams, CustomExtension, DistinguishedName, DnType, DnValue, ExtendedKeyUsagePurpose, GeneralSubtree,
    KeyIdMethod, KeyPair, NameConstraints, SerialNumber, date_time_ymd,
};

fn constrained(permitted: Vec<GeneralSubtree>, excluded: Vec<GeneralSubtree>) -> Authority {
    Authority::root_with("Root", |params| {
        params.name_constraints = Some(NameConstraints {
            permitted_subtrees: permitted,
            excluded_subtrees: excluded,
        });
    })
}

fn dns(name: &str) -> GeneralSubtree {
    GeneralSubtree::DnsName(name.to_owned())
}

fn organization(values: &[(DnType, DnValue)]) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    values
        .iter()
        .for_each(|(kind, value)| name.push(kind.clone(), value.clone()));
    name
}

fn printable(text: &str) -> DnValue {
    DnValue::PrintableString(text.try_into().expect("printable"))
}

fn utf8(text: &str) -> DnValue {
    DnValue::Utf8String(text.to_owned())
}

/// RFC 5280 section 4.2.1.10 and RFC 5280 section 7.1: part by part from the start, without regard to case, spaces and string type.
#[test]
fn directory_name_constraints_match_by_their_beginning_and_ignore_case() {
    let base = organization(&[
        (DnType::CountryName, printable("DE")),
        (DnType::OrganizationName, printable("Example Corp")),
    ]);
    let inside = organization(&[
        (DnType::CountryName, utf8("de")),
        (DnType::OrganizationName, utf8("  EXAMPLE   corp ")),
        (DnType::CommonName, utf8("host")),
    ]);
    let outside = organization(&[
        (DnType::CountryName, utf8("de")),
        (DnType::OrganizationName, utf8("Example Corporation")),
        (DnType::CommonName, utf8("host")),
    ]);
    let reordered = organization(&[
        (DnType::OrganizationName, printable("Example Corp")),
        (DnType::CountryName, printable("DE")),
    ]);
    let permitted = constrained(vec![GeneralSubtree::DirectoryName(base.clone())], vec![]);
    let excluded = constrained(vec![], vec![GeneralSubtree::DirectoryName(base)]);
    for (subject, within) in [(inside, true), (outside, false), (reordered, false)] {
        for (root, accepted) in [(&permitted, within), (&excluded, !within)] {
            let leaf = root.leaf_with(&["a.example"], |params| params.distinguished_name = subject.clone());
            let expected = if accepted { None } else { Some("X509-NAME-CONSTRAINTS") };
            assert_eq!(refused(&[&leaf], &[&root.der], "a.example"), expected);
        }
    }
}

/// RFC 4158: the way over the trusted root is found, and the one that expired is told.
#[test]
fn an_expired_cross_signed_root_does_no_harm() {
    let old = Authority::root_with("Y", |params| params.not_after = date_time_ymd(2025, 9, 30));
    let x = Authority::root("X");
    let crossed = old.cross_sign(&x, |_| {});
    let intermediate = x.below("Intermediate");
    let leaf = intermediate.leaf(&["a.example"]);
    for roots in [vec![&x.der[..]], vec![&x.der, &old.der], vec![&old.der, &x.der]] {
        let chain = [&leaf[..], &intermediate.der, &crossed, &old.der];
        let path = check(&chain, &roots, "a.example", &Policy::web()).expect("accepted");
        assert_eq!(
            path.certificates().last().map(|der| der.as_ref()),
            Some(x.der.as_slice())
        );
        let note = path
            .notes()
            .into_iter()
            .find(|note| matches!(note, Note::CrossSignNotUsed { .. }))
            .expect("told");
        assert_eq!(
            note.to_string(),
            "CN=X cross-signed by CN=Y (certificate 2), expired on 2025-09-30T00:00:00Z, was not used"
        );
    }
    // With the old root alone there is no way, and the reason is the end of its validity.
    let refusal = check(
        &[&leaf, &intermediate.der, &crossed],
        &[&old.der],
        "a.example",
        &Policy::web(),
    );
    let refusal = refusal.expect_err("refused");
    assert_eq!((refusal.code(), refusal.subject()), ("X509-EXPIRED", "CN=Y"));
}

/// The order and the surroundings of the certificates change nothing.
#[test]
fn a_jumbled_chain_gets_the_same_verdict() {
    let root = Authority::root("Root");
    let one = root.below("One");
    let two = one.below("Two");
    let leaf = two.leaf(&["a.example"]);
    let stranger = Authority::root("Stranger");
    let unrelated: Vec<_> = (0..100)
        .map(|n| stranger.below(&format!("Unrelated {n}")).der)
        .collect();
    // As many that share the issuer's name, so that names alone do not decide.
    let namesakes: Vec<_> = (0..30).map(|_| stranger.below("Two").der).collect();
    let mut chain: Vec<&[u8]> = vec![&root.der, &one.der, &one.der, &two.der, &two.der, &root.der, &leaf];
    chain.extend(unrelated.iter().chain(&namesakes).map(|der| der.as_slice()));
    for turn in 0..20 {
        let cut = (turn * 37) % chain.len();
        chain.rotate_left(cut);
        if turn % 2 == 1 {
            chain.reverse();
        }
        let mut sent = vec![&leaf[..]];
        sent.extend(&chain);
        assert!(check(&sent, &[&root.der], "a.example", &Policy::web()).is_ok());
        let without: Vec<_> = sent.into_iter().filter(|der| *der != two.der.as_slice()).collect();
        let refusal = check(&without, &[&root.der], "a.example", &Policy::web()).expect_err("refused");
        assert_eq!(refusal.kind(), RefusalKind::UnknownCa, "{refusal}");
    }
}

#[test]
fn wildcards_meet_constraints_only_where_a_name_would() {
    let excluding = constrained(vec![], vec![dns("bmw")]);
    let leaf = excluding.leaf(&["*.cloud.example.com"]);
    assert_eq!(refused(&[&leaf], &[&excluding.der], "a.cloud.example.com"), None);
    let excluding = constrained(vec![], vec![dns("foo.example.com")]);
    let leaf = excluding.leaf(&["*.example.com"]);
    assert_eq!(
        refused(&[&leaf], &[&excluding.der], "a.example.com"),
        Some("X509-NAME-CONSTRAINTS")
    );
    let permitting = constrained(vec![dns("a.example.com")], vec![]);
    let leaf = permitting.leaf(&["*.example.com"]);
    assert_eq!(
        refused(&[&leaf], &[&permitting.der], "a.example.com"),
        Some("X509-NAME-CONSTRAINTS")
    );
}

/// `.example.com` is what stands below; the strict profile refuses it by name, as RFC 5280 does not define it.
#[test]
fn a_leading_dot_in_a_constraint_has_one_reading() {
    let root = constrained(vec![dns(".example.com")], vec![]);
    let verdict = |host: &str, policy: Policy| {
        check(&[&root.leaf(&[host])], &[&root.der], host, &policy)
            .err()
            .map(|refusal| refusal.code())
    };
    for policy in [Policy::web(), Policy::private()] {
        assert_eq!(verdict("a.example.com", policy.clone()), None);
        assert_eq!(verdict("a.b.example.com", policy.clone()), None);
        for host in ["example.com", "aexample.com", "example.org"] {
            assert_eq!(verdict(host, policy.clone()), Some("X509-NAME-CONSTRAINTS"), "{host}");
        }
    }
    assert_eq!(
        verdict("a.example.com", Policy::rfc5280()),
        Some("X509-CONSTRAINTS-FORM")
    );
}

/// RFC 5280 section 4.1.2.2. A serial number of zero exists in a root in use.
#[test]
fn one_bad_certificate_in_a_bundle_does_not_stop_the_rest() {
    let pem = |der: &[u8]| pem::encode(&pem::Pem::new("CERTIFICATE", der));
    let serial = |octets: &[u8]| {
        Authority::root_with("Root", |params| {
            params.serial_number = Some(SerialNumber::from_slice(octets))
        })
        .der
    };
    let good = serial(&[7; 20]);
    let mut negative = serial(&[0x55; 20]);
    let at = negative
        .windows(20)
        .position(|window| window == [0x55; 20])
        .expect("the serial number");
    negative[at] = 0x85;
    let long = serial(&[1; 21]);
    let zero = serial(&[0]);
    let garbage = "-----BEGIN CERTIFICATE-----\n*\n-----END CERTIFICATE-----\n";
    let bundle = [&pem(&good), &pem(&negative), &pem(&long), garbage, &pem(&zero)].map(|block| block.replace('\r', ""));
    let lines: Vec<_> = bundle.iter().map(|block| block.lines().count()).collect();
    let mut anchors = Anchors::new();
    let added = anchors.add_pem(bundle.concat()).expect("a bundle");
    assert_eq!((added.added, anchors.len()), (2, 2));
    let named: Vec<_> = added
        .rejected
        .iter()
        .map(|(line, why)| (*line, why.to_string()))
        .collect();
    let second = 1 + lines[0];
    let third = second + lines[1];
    assert_eq!(
        named,
        [
            (
                second,
                "malformed certificate: serialNumber: not a valid value".to_owned()
            ),
            (
                third,
                "malformed certificate: serialNumber: of a length that is not allowed".to_owned()
            ),
            (
                third + lines[2],
                format!("line {}: the block's contents are no base64", third + lines[2])
            ),
        ]
    );
}

/// RFC 5280 section 4.2.1.1: a hint, never a veto.
#[test]
fn an_authority_key_identifier_that_does_not_match_is_no_veto() {
    let root = Authority::root("Root");
    let intermediate = root.below("Intermediate");
    let mut misled = CertificateParams::clone(&intermediate.params);
    misled.key_identifier_method = KeyIdMethod::PreSpecified(vec![9; 20]);
    let issuer = rcgen::Issuer::from_params(&misled, &intermediate.key);
    let key = KeyPair::generate().expect("a key");
    let leaf = leaf_params(&["a.example"])
        .signed_by(&key, &issuer)
        .expect("a certificate");
    // Even where a namesake has the identifier that it names.
    let namesake = root.below_with("Intermediate", |params| {
        params.key_identifier_method = KeyIdMethod::PreSpecified(vec![9; 20]);
    });
    for policy in [Policy::web(), Policy::rfc5280(), Policy::private()] {
        let chain = [&leaf.der()[..], &namesake.der, &intermediate.der];
        assert!(check(&chain, &[&root.der], "a.example", &policy).is_ok());
    }
}

/// RFC 9846 section 4.5.1: the end entity comes first, whatever the order of the file.
#[test]
fn a_file_in_any_order_becomes_a_chain() {
    let root = Authority::root("Root");
    let one = root.below("One");
    let two = one.below("Two");
    let key = KeyPair::generate().expect("a key");
    let leaf = two.leaf_of(&key, &["a.example"], |_| {});
    let old = two.leaf_of(&key, &["a.example"], |params| {
        params.not_after = date_time_ymd(2026, 1, 1)
    });
    let other = two.leaf(&["b.example"]);
    let info = Certificate::parse(&leaf)
        .expect("a certificate")
        .subject_public_key_info()
        .der;
    let chain = |file: &[&[u8]]| {
        order(info, file)
            .into_iter()
            .map(|place| file[place].to_vec())
            .collect::<Vec<_>>()
    };
    let expected = [&leaf, &two.der, &one.der].map(|der| der.clone());
    assert_eq!(chain(&[&root.der, &one.der, &two.der, &leaf]), expected);
    assert_eq!(chain(&[&two.der, &old, &other, &leaf, &one.der, &[1, 2, 3]]), expected);
    assert_eq!(chain(&[&leaf, &one.der]), std::slice::from_ref(&leaf));
    assert_eq!(chain(&[&other, &two.der]), Vec::<Vec<u8>>::new());
}

#[test]
fn a_server_only_certificate_used_by_a_client_is_refused_by_name() {
    let root = Authority::root("Root");
    let leaf = root.leaf(&["a.example"]);
    let anchors = trusting(&[&root.der]);
    let refusal = verify(&[&leaf], &anchors, Purpose::TlsClient, None, NOW, &Policy::private()).expect_err("refused");
    assert_eq!(refusal.kind(), RefusalKind::UnsupportedCertificate);
    assert!(
        refusal
            .to_string()
            .contains("made for servers: extended key usage serverAuth"),
        "{refusal}"
    );
    assert!(refusal.explanation().contains("take one from an authority of your own"));
}

/// What a peer chose reaches nobody's terminal, log or page unescaped.
#[test]
fn names_of_a_peer_are_escaped() {
    let hostile = "evil\u{1b}[2J\r\nX: y\u{202e}";
    let root = Authority::root_with("Root", |params| params.distinguished_name = name(hostile));
    let leaf = root.leaf_with(&["a.example"], |params| {
        params.distinguished_name = name(hostile);
        let names = [&[0x30, 0x11, 0x82, 0x0f][..], b"a\x1b[31m\r\nb.examp"].concat();
        params.subject_alt_names.clear();
        params
            .custom_extensions
            .push(CustomExtension::from_oid_content(&[2, 5, 29, 17], names));
        params
            .extended_key_usages
            .push(ExtendedKeyUsagePurpose::Other(vec![2, 999]));
    });
    let refusal = check(&[&leaf], &[], "b.example", &Policy::web()).expect_err("refused");
    for text in [refusal.to_string(), refusal.explanation()] {
        assert!(
            !text
                .replace('\n', "")
                .chars()
                .any(|c| c.is_control() || c == '\u{202e}'),
            "{text:?}"
        );
    }
    for path in refusal.paths() {
        for certificate in path.certificates() {
            assert!(!certificate.subject.chars().any(|c| c.is_control()));
        }
    }
}

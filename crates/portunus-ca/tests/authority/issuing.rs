//! What stands in the certificates, and for whom there are none.

use std::fs;

use portunus_ca::{Authority, Error};
use portunus_x509::{Certificate, GeneralName, KeyUsage, UnixTime};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, GeneralSubtree, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose,
    NameConstraints,
};

use crate::{DataDir, NOW, days_later, names};

#[test]
fn a_leaf_is_valid_from_an_hour_ago_for_ninety_days() {
    let (_data_dir, authority) = DataDir::with_authority();
    let localhost = &names(&["localhost"]);
    let issued = authority.issue(localhost, NOW).unwrap();
    assert_eq!(issued.not_before(), UnixTime(NOW.0 - 3_600));
    assert_eq!(issued.not_after().0 - issued.not_before().0 + 1, 90 * 86_400);
}

#[test]
fn a_leaf_never_outlives_its_issuer() {
    let (_data_dir, authority) = DataDir::with_authority();
    let localhost = &names(&["localhost"]);
    let end = Certificate::parse(authority.root_der()).unwrap().validity().not_after;
    assert_eq!(
        authority
            .issue(localhost, UnixTime(end.0 - 86_400))
            .unwrap()
            .not_after(),
        end
    );
    let refused = authority.issue(localhost, UnixTime(end.0 + 1)).unwrap_err();
    assert!(matches!(refused, Error::Expired { at } if at == end), "{refused}");
    let refused = authority.issue(localhost, UnixTime(NOW.0 - 3_601)).unwrap_err();
    assert!(matches!(refused, Error::NotYetValid { .. }), "{refused}");
}

#[test]
fn a_leaf_says_what_it_is_for() {
    let (_data_dir, authority) = DataDir::with_authority();
    let issued = authority
        .issue(&names(&["app.test", "10.0.0.1", "app.test"]), NOW)
        .unwrap();
    let leaf = Certificate::parse(&issued.chain[0]).unwrap();
    let usage = leaf.key_usage().unwrap().unwrap();
    assert!(usage.allows(KeyUsage::DIGITAL_SIGNATURE));
    assert!(!usage.allows(KeyUsage::KEY_CERT_SIGN));
    let extended: Vec<_> = leaf
        .extended_key_usage()
        .unwrap()
        .unwrap()
        .iter()
        .map(|oid| oid.to_string())
        .collect();
    assert_eq!(extended, ["1.3.6.1.5.5.7.3.1"], "serverAuth alone");
    assert!(!leaf.basic_constraints().unwrap().unwrap().ca);
    let alternative: Vec<_> = leaf.subject_alt_names().unwrap().collect();
    assert_eq!(
        alternative,
        [
            GeneralName::Dns("app.test"),
            GeneralName::Ip("10.0.0.1".parse().unwrap())
        ]
    );
    assert_eq!(
        issued.chain.len(),
        2,
        "the leaf and the intermediate; the root stays at home"
    );
    assert_eq!(issued.chain[1], authority.intermediate_der());
}

#[test]
fn a_leaf_of_addresses_alone_has_no_subject() {
    let (_data_dir, authority) = DataDir::with_authority();
    let issued = authority.issue(&names(&["127.0.0.1"]), NOW).unwrap();
    let leaf = Certificate::parse(&issued.chain[0]).unwrap();
    assert!(leaf.subject().is_empty());
    let critical = leaf
        .extensions()
        .iter()
        .find(|extension| extension.oid.to_string() == "2.5.29.17")
        .unwrap()
        .critical;
    assert!(critical, "RFC 5280 section 4.2.1.6");
}

#[test]
fn serials_are_random() {
    let (_data_dir, authority) = DataDir::with_authority();
    let mut serials: Vec<Vec<u8>> = (0..20)
        .map(|_| {
            let issued = authority.issue(&names(&["localhost"]), NOW).unwrap();
            let serial = Certificate::parse(&issued.chain[0]).unwrap().serial().to_vec();
            // A row of zero bits at the start is possible, but not this long.
            assert!((14..=17).contains(&serial.len()), "{serial:?}");
            serial
        })
        .collect();
    serials.sort();
    serials.dedup();
    assert_eq!(serials.len(), 20);
}

#[test]
fn names_outside_of_the_scope_are_refused_with_the_scope() {
    let (_data_dir, authority) = DataDir::with_authority();
    for refused in ["bank.example", "example.com", "com", "8.8.8.8", "2001:db8::1"] {
        let error = authority.issue(&names(&["localhost", refused]), NOW).unwrap_err();
        assert_eq!(error.to_string(), format!("this authority may not certify {refused}"));
        let Error::NotPermitted { scope, .. } = error else {
            panic!("{error}")
        };
        assert!(
            scope.to_string().starts_with("localhost, test, internal, home.arpa"),
            "{scope}"
        );
    }
    assert!(matches!(authority.issue(&[], NOW), Err(Error::NoNames)));
}

#[test]
fn the_scope_is_widened_when_the_authority_is_made() {
    let data_dir = DataDir::new();
    let also = names(&["lan", "example.com", "203.0.113.7"]);
    let authority = Authority::create(data_dir.path(), &also, NOW).unwrap();
    let wanted = names(&["nas.lan", "www.example.com", "203.0.113.7"]);
    authority.issue(&wanted, NOW).unwrap();
    assert!(authority.issue(&names(&["203.0.113.8"]), NOW).is_err());

    let refused = Authority::create(DataDir::new().path(), &names(&["co.uk"]), NOW).unwrap_err();
    assert!(matches!(refused, Error::PublicSuffix { .. }), "{refused}");
}

/// An authority whose subject key identifiers are of no method that we use, and whose names have other forms.
fn imported(data_dir: &DataDir) {
    let authority = |name: &str, identifier: &[u8], path_length| {
        let mut params = CertificateParams::default();
        params.not_before = time::OffsetDateTime::from_unix_timestamp(NOW.0 - 60).unwrap();
        params.not_after = time::OffsetDateTime::from_unix_timestamp(days_later(20).0).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(
            DnType::CountryName,
            rcgen::DnValue::PrintableString("DE".try_into().unwrap()),
        );
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(path_length));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        params.key_identifier_method = KeyIdMethod::PreSpecified(identifier.to_vec());
        params.use_authority_key_identifier_extension = true;
        params.name_constraints = Some(NameConstraints {
            permitted_subtrees: vec![GeneralSubtree::DnsName("corp".to_owned())],
            excluded_subtrees: Vec::new(),
        });
        params
    };
    let (root_key, key) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let root_params = authority("Größte Wurzel", &[1; 20], 1);
    let root = root_params.self_signed(&root_key).unwrap();
    let issuer = Issuer::new(root_params, root_key);
    let intermediate = authority("Zweig", b"a key identifier of another method", 0)
        .signed_by(&key, &issuer)
        .unwrap();
    fs::create_dir(data_dir.file("ca")).unwrap();
    for (file, label, der) in [
        ("ca/root.pem", "CERTIFICATE", root.der().as_ref()),
        ("ca/intermediate.pem", "CERTIFICATE", intermediate.der().as_ref()),
        ("ca/intermediate-key.pem", "PRIVATE KEY", key.serialized_der()),
    ] {
        fs::write(data_dir.file(file), ::pem::encode(&::pem::Pem::new(label, der))).unwrap();
    }
}

#[test]
fn the_authority_key_identifier_is_the_issuers_subject_key_identifier() {
    let (_data_dir, authority) = DataDir::with_authority();
    let data_dir = DataDir::new();
    imported(&data_dir);
    let imported = Authority::open(data_dir.path()).unwrap();
    for (authority, name) in [(authority, "localhost"), (imported, "nas.corp")] {
        let issued = authority.issue(&names(&[name]), NOW).unwrap();
        let chain: Vec<_> = [issued.chain, vec![authority.root_der().to_vec()]].concat();
        for pair in chain.windows(2) {
            let (subject, issuer) = (
                Certificate::parse(&pair[0]).unwrap(),
                Certificate::parse(&pair[1]).unwrap(),
            );
            let identifier = subject.authority_key_identifier().unwrap().unwrap().key_identifier;
            assert_eq!(identifier, issuer.subject_key_identifier().unwrap());
            assert_eq!(subject.issuer().der(), issuer.subject().der());
        }
    }
}

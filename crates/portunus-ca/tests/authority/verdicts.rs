//! What our own verifier says of the certificates.

use std::fs;

use portunus_ca::Authority;
use portunus_x509::{
    Anchors, Certificate, Policy, Purpose, Refusal, RefusalKind, ServerName, UnixTime, VerifiedPath, pem, verify,
};
use rcgen::{CertificateParams, DnType, Issuer, KeyIdMethod, KeyPair, SanType};

use crate::{DataDir, NOW, names};

/// What a careful client says of a chain whose root it trusts.
fn judge(root: &[u8], chain: &[Vec<u8>], name: &ServerName, now: UnixTime) -> Result<VerifiedPath, Refusal> {
    let mut anchors = Anchors::new();
    anchors.add_der(root).unwrap();
    let chain: Vec<&[u8]> = chain.iter().map(Vec::as_slice).collect();
    verify(
        &chain,
        &anchors,
        Purpose::TlsServer,
        Some(name),
        now,
        &Policy::rfc5280(),
    )
}

#[test]
fn a_leaf_is_good_for_each_of_its_names_and_no_other() {
    let (_data_dir, authority) = DataDir::with_authority();
    let wanted = names(&[
        "localhost",
        "127.0.0.1",
        "::1",
        "app.test",
        "münchen.internal",
        "10.0.0.7",
    ]);
    let issued = authority.issue(&wanted, NOW).unwrap();
    for name in &wanted {
        judge(authority.root_der(), &issued.chain, name, NOW).unwrap();
    }
    for name in names(&["other.test", "127.0.0.2", "sub.localhost"]) {
        let refusal = judge(authority.root_der(), &issued.chain, &name, NOW).unwrap_err();
        assert_eq!(refusal.kind(), RefusalKind::NameMismatch, "{name}");
    }
}

#[test]
fn a_leaf_counts_from_its_first_second_to_its_last() {
    let (_data_dir, authority) = DataDir::with_authority();
    let localhost = &names(&["localhost"]);
    let issued = authority.issue(localhost, NOW).unwrap();
    let judged = |now| judge(authority.root_der(), &issued.chain, &localhost[0], now).map_err(|refusal| refusal.kind());
    assert!(judged(issued.not_before()).is_ok());
    assert!(judged(issued.not_after()).is_ok());
    assert_eq!(
        judged(UnixTime(issued.not_before().0 - 1)).err(),
        Some(RefusalKind::Expired)
    );
    assert_eq!(
        judged(UnixTime(issued.not_after().0 + 1)).err(),
        Some(RefusalKind::Expired)
    );
}

#[test]
fn a_widened_scope_is_accepted() {
    let data_dir = DataDir::new();
    let wanted = names(&["nas.lan", "203.0.113.7"]);
    let authority = Authority::create(data_dir.path(), &names(&["lan", "203.0.113.7"]), NOW).unwrap();
    let issued = authority.issue(&wanted, NOW).unwrap();
    for name in &wanted {
        judge(authority.root_der(), &issued.chain, name, NOW).unwrap();
    }
}

/// A leaf that whoever has stolen the key of `certificate` makes by hand.
fn forged(data_dir: &DataDir, name: &str, certificate: &str, key: &str) -> Vec<u8> {
    let key = stolen_key(data_dir, key);
    let params = params_of_subject(data_dir, certificate);
    let mut leaf = CertificateParams::default();
    leaf.subject_alt_names = vec![match ServerName::parse(name).unwrap() {
        ServerName::Dns(name) => SanType::DnsName(name.as_str().try_into().unwrap()),
        ServerName::Ip(address) => SanType::IpAddress(address),
    }];
    leaf.not_before = time::OffsetDateTime::from_unix_timestamp(NOW.0 - 60).unwrap();
    leaf.not_after = time::OffsetDateTime::from_unix_timestamp(NOW.0 + 60).unwrap();
    leaf.use_authority_key_identifier_extension = true;
    leaf.signed_by(&KeyPair::generate().unwrap(), &Issuer::new(params, key))
        .unwrap()
        .der()
        .to_vec()
}

fn stolen_key(data_dir: &DataDir, file: &str) -> KeyPair {
    let key = pem::private_key(fs::read(data_dir.file(file)).unwrap()).unwrap();
    KeyPair::try_from(key.der.as_slice()).unwrap()
}

/// Enough of a certificate's contents for signing in its name.
fn params_of_subject(data_dir: &DataDir, file: &str) -> CertificateParams {
    let (_, der) = pem::certificates(fs::read(data_dir.file(file)).unwrap())
        .unwrap()
        .remove(0);
    let certificate = Certificate::parse(&der).unwrap();
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, "Portunus");
    params.distinguished_name.push(
        DnType::CommonName,
        certificate.subject().common_name().unwrap().into_owned(),
    );
    params.key_identifier_method =
        KeyIdMethod::PreSpecified(certificate.subject_key_identifier().unwrap().unwrap().to_vec());
    params
}

#[test]
fn a_stolen_key_opens_no_bank() {
    let (data_dir, authority) = DataDir::with_authority();
    let by_intermediate = |name| {
        let leaf = forged(&data_dir, name, "ca/intermediate.pem", "ca/intermediate-key.pem");
        judge(
            authority.root_der(),
            &[leaf, authority.intermediate_der().to_vec()],
            &names(&[name])[0],
            NOW,
        )
    };
    by_intermediate("mine.test").unwrap();
    by_intermediate("bank.example").unwrap_err();
    by_intermediate("8.8.8.8").unwrap_err();

    let by_root = |name| {
        let leaf = forged(&data_dir, name, "ca/root.pem", "ca/root-key.pem");
        judge(authority.root_der(), &[leaf], &names(&[name])[0], NOW)
    };
    by_root("mine.test").unwrap();
    by_root("bank.example").unwrap_err();
    by_root("2001:db8::1").unwrap_err();
}

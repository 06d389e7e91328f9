//! A machine that sleeps past the end of its certificate.

use std::path::Path;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use portunus_ca::Authority;
use portunus_x509::{Certificate, GeneralName, UnixTime, pem};
use rcgen::{CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose, SanType};

use crate::program::{Serving, portunus};
use crate::{folder, run, text};

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs()
}

fn key(file: &Path) -> KeyPair {
    let key = pem::private_key(std::fs::read(file).expect("a key")).expect("a key");
    KeyPair::try_from(key.der.as_slice()).expect("a key")
}

/// The end of the certificate that is kept in a file.
fn end(file: &Path) -> UnixTime {
    let (_, der) = pem::certificates(std::fs::read(file).expect("a file"))
        .expect("certificates")
        .swap_remove(0);
    Certificate::parse(&der).expect("a certificate").validity().not_after
}

/// Replaces the kept certificate by one that differs in its life alone, with the authority's key. Gives its end.
fn shorten(data: &Path, kept: &Path, seconds: u64) -> u64 {
    let authority = Authority::open(data).expect("an authority");
    let issuer = Certificate::parse(authority.intermediate_der()).expect("a certificate");
    let mut issuer_params = CertificateParams::default();
    issuer_params.distinguished_name = DistinguishedName::new();
    let common_name = issuer.subject().common_name().expect("a name").into_owned();
    for (kind, value) in [
        (DnType::OrganizationName, "Portunus".to_owned()),
        (DnType::CommonName, common_name),
    ] {
        issuer_params.distinguished_name.push(kind, value);
    }
    let identifier = issuer.subject_key_identifier().expect("readable").expect("it has one");
    issuer_params.key_identifier_method = rcgen::KeyIdMethod::PreSpecified(identifier.to_vec());
    let issuer = rcgen::Issuer::new(issuer_params, key(&data.join("ca/intermediate-key.pem")));

    let (_, der) = pem::certificates(std::fs::read(kept).expect("a file"))
        .expect("certificates")
        .swap_remove(0);
    let long = Certificate::parse(&der).expect("a certificate");
    let mut params = CertificateParams::default();
    params.subject_alt_names = long
        .subject_alt_names()
        .expect("names")
        .filter_map(|name| match name {
            GeneralName::Dns(name) => Some(SanType::DnsName(name.try_into().expect("a name"))),
            GeneralName::Ip(address) => Some(SanType::IpAddress(address)),
            _ => None,
        })
        .collect();
    let begin = now();
    let at = |seconds| rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(seconds);
    (params.not_before, params.not_after) = (at(begin), at(begin + seconds));
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    let key = KeyPair::generate().expect("a key");
    let leaf = params.signed_by(&key, &issuer).expect("a certificate");
    let encode = |label: &str, der: &[u8]| ::pem::encode(&::pem::Pem::new(label, der));
    let text = [
        encode("PRIVATE KEY", key.serialized_der()),
        encode("CERTIFICATE", leaf.der()),
        encode("CERTIFICATE", authority.intermediate_der()),
    ]
    .concat();
    std::fs::write(kept, text).expect("a file");
    begin + seconds
}

#[test]
fn the_first_visitor_after_a_long_sleep_gets_a_valid_certificate() {
    let folder = folder(&[("a.txt", b"hello")]);
    let data = folder.path().join("data");
    let kept = data.join("certificates/localhost.pem");
    // It makes the authority, and a certificate with all of this machine's names.
    drop(Serving::start(folder.path(), &[]));
    let mut seconds = 6;
    let (serving, short_end) = loop {
        let short_end = shorten(&data, &kept, seconds);
        let serving = Serving::start(folder.path(), &[]);
        if u64::try_from(end(&kept).0) == Ok(short_end) {
            break (serving, short_end);
        }
        // The start took so long that two thirds of this life were over.
        seconds *= 2;
    };
    serving.signal("STOP");
    while let Some(left) = (short_end + 1).checked_sub(now()).filter(|left| *left > 0) {
        // Nothing but the clock is waited for.
        thread::sleep(Duration::from_secs(left));
    }
    serving.signal("CONT");
    let visit = run(portunus(folder.path()).args(["get", &serving.url("/a.txt")]));
    assert_eq!(text(&visit.stdout), "hello", "{}", text(&visit.stderr));
    let day = 24 * 60 * 60;
    assert!(u64::try_from(end(&kept).0).expect("a time") > short_end + 80 * day);
}

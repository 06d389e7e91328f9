//! The leaf that this machine keeps for its own servers.

use std::fs;

use portunus_ca::Authority;
use portunus_x509::{Certificate, GeneralName};

use crate::{DataDir, NOW, days_later, names};

#[test]
fn a_kept_leaf_is_used_again() {
    let (data_dir, authority) = DataDir::with_authority();
    let localhost = names(&["localhost", "127.0.0.1", "::1"]);
    let first = authority.leaf(&localhost, NOW).unwrap();
    let authority = Authority::open(data_dir.path()).unwrap();
    for days in [0, 30, 59] {
        let again = authority.leaf(&localhost, days_later(days)).unwrap();
        assert_eq!(
            (again.chain, again.key_pkcs8_der),
            (first.chain.clone(), first.key_pkcs8_der.clone())
        );
    }
    let other_order = names(&["localhost", "::1", "127.0.0.1", "localhost"]);
    assert_eq!(authority.leaf(&other_order, NOW).unwrap().chain, first.chain);
}

#[test]
fn a_kept_leaf_is_renewed_after_two_thirds_of_its_life() {
    let (_data_dir, authority) = DataDir::with_authority();
    let localhost = names(&["localhost"]);
    let first = authority.leaf(&localhost, NOW).unwrap();
    let renewed = authority.leaf(&localhost, first.renew_at()).unwrap();
    assert_ne!(renewed.chain, first.chain);
    assert_ne!(renewed.key_pkcs8_der, first.key_pkcs8_der);
    assert_eq!(authority.leaf(&localhost, days_later(61)).unwrap().chain, renewed.chain);
    let after_a_long_sleep = authority.leaf(&localhost, days_later(400)).unwrap();
    assert!(after_a_long_sleep.not_after() > days_later(400));
    let the_clock_went_back = authority.leaf(&localhost, NOW).unwrap();
    assert!(the_clock_went_back.not_before() <= NOW);
}

#[test]
fn a_kept_leaf_is_renewed_when_the_names_change() {
    let (_data_dir, authority) = DataDir::with_authority();
    let before = authority.leaf(&names(&["localhost", "127.0.0.1"]), NOW).unwrap();
    let more = authority
        .leaf(&names(&["localhost", "127.0.0.1", "app.test"]), NOW)
        .unwrap();
    let fewer = authority.leaf(&names(&["localhost"]), NOW).unwrap();
    assert_ne!(before.chain[0], more.chain[0]);
    assert_ne!(more.chain[0], fewer.chain[0]);
    let fewer = Certificate::parse(&fewer.chain[0]).unwrap();
    assert_eq!(
        fewer.subject_alt_names().unwrap().collect::<Vec<_>>(),
        [GeneralName::Dns("localhost")]
    );
}

#[test]
fn a_kept_leaf_that_is_no_good_is_replaced() {
    let (data_dir, authority) = DataDir::with_authority();
    let (other_dir, other) = DataDir::with_authority();
    let localhost = names(&["localhost"]);
    authority.leaf(&localhost, NOW).unwrap();
    other.leaf(&localhost, NOW).unwrap();
    let file = data_dir.file("certificates/localhost.pem");
    let good = fs::read_to_string(&file).unwrap();
    let others = fs::read_to_string(other_dir.file("certificates/localhost.pem")).unwrap();
    let key_end = |text: &str| text.find("-----BEGIN CERTIFICATE").unwrap();
    let mixed = [&others[..key_end(&others)], &good[key_end(&good)..]].concat();
    for contents in [
        "",
        "rubbish",
        &good[..good.len() / 2],
        &good[key_end(&good)..],
        &others,
        &mixed,
    ] {
        fs::write(&file, contents).unwrap();
        let leaf = authority.leaf(&localhost, NOW).unwrap();
        assert_eq!(leaf.chain[1], authority.intermediate_der());
        assert_eq!(
            authority.leaf(&localhost, NOW).unwrap().chain,
            leaf.chain,
            "the new one is kept"
        );
    }
}

#[test]
fn names_make_good_file_names() {
    let (data_dir, authority) = DataDir::with_authority();
    for (name, file) in [
        ("::1", "__1.pem"),
        ("10.0.0.1", "10.0.0.1.pem"),
        ("bücher.test", "xn--bcher-kva.test.pem"),
    ] {
        authority.leaf(&names(&[name]), NOW).unwrap();
        assert!(data_dir.file("certificates").join(file).exists(), "{file}");
    }
}

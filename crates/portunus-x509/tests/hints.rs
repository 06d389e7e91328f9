//! What a refusal says beyond the failed check: the nearest name, whose key, the clock, and who opens connections on the way.

mod authority;

use authority::{Authority, NOW, check, leaf_params, name, trusting};
use portunus_x509::{Policy, Purpose, ServerName, UnixTime, verify};
use rcgen::{CertificateParams, DnType, KeyPair, SanType, date_time_ymd};

#[track_caller]
fn explained(chain: &[&[u8]], roots: &[&[u8]], name: &str) -> String {
    check(chain, roots, name, &Policy::private())
        .expect_err("a refusal")
        .explanation()
}

#[track_caller]
fn says(explained: &str, words: &str) {
    assert!(explained.contains(words), "no \"{words}\" in\n{explained}");
}

#[test]
fn the_nearest_name_is_told_with_what_keeps_it_apart() {
    let root = Authority::root("Root");
    for (names, wanted, words) in [
        (
            &["x.test", "example.test"][..],
            "www.example.test",
            "DNS:example.test differs by `www.` alone",
        ),
        (
            &["www.example.test"],
            "example.test",
            "DNS:www.example.test differs by `www.` alone",
        ),
        (&["*.example.test"], "example.test", "and not for example.test itself"),
        (
            &["*.example.test"],
            "a.b.example.test",
            "stands for one label, and not for `a.b`",
        ),
        (&["example.test"], "192.0.2.1", "it is for no address at all"),
    ] {
        says(&explained(&[&root.leaf(names)], &[&root.der], wanted), words);
    }
    let far = explained(
        &[&root.leaf(&["example.test", "*.other.test"])],
        &[&root.der],
        "example.org",
    );
    assert!(!far.contains("differs") && !far.contains("stands for"), "{far}");
}

#[test]
fn an_address_among_the_dns_names_is_told() {
    let root = Authority::root("Root");
    let leaf = root.leaf_with(&["example.test"], |params| {
        params.subject_alt_names = vec![SanType::DnsName("192.0.2.1".try_into().expect("text"))];
    });
    says(
        &explained(&[&leaf], &[&root.der], "192.0.2.1"),
        "DNS:192.0.2.1 is an address written as a DNS name",
    );
}

#[test]
fn a_signature_of_another_key_of_the_same_name() {
    let root = Authority::root("Root");
    let (old, new) = (root.below("Intermediate"), root.below("Intermediate"));
    let leaf = old.leaf(&["a.test"]);
    let explained = explained(&[&leaf, &new.der], &[&root.der], "a.test");
    says(&explained, "The certificate names its issuer's key as ");
    says(
        &explained,
        "should send the issuer's certificate that has the key which signed",
    );
}

#[test]
fn a_certificate_that_was_changed() {
    let root = Authority::root("Root");
    let mut leaf = root.leaf(&["a.test"]);
    // The last octet belongs to the signature.
    if let Some(last) = leaf.last_mut() {
        *last ^= 1;
    }
    says(
        &explained(&[&leaf], &[&root.der], "a.test"),
        "The identifiers of the issuer's key agree",
    );
}

fn at(time: UnixTime, chain: &[&[u8]], root: &Authority) -> String {
    let name = ServerName::parse("a.test").expect("a name");
    let anchors = trusting(&[&root.der]);
    verify(
        chain,
        &anchors,
        Purpose::TlsServer,
        Some(&name),
        time,
        &Policy::private(),
    )
    .expect_err("a refusal")
    .explanation()
    .to_string()
}

/// Certificates that were made at different times do not all err; one alone may.
#[test]
fn a_clock_that_is_wrong() {
    const YEAR: i64 = 31_536_000;
    let root = Authority::root("Root");
    let intermediate = root.below_with("Intermediate", |params| params.not_before = date_time_ymd(2025, 2, 1));
    let leaf = intermediate.leaf(&["a.test"]);
    let chain = [&leaf[..], &intermediate.der];
    let early = at(UnixTime(NOW.0 - 5 * YEAR), &chain, &root);
    says(&early, "The clock is behind: set it.");
    says(&early, "the first of them at 2025-01-01");

    let intermediate = root.below_with("Intermediate", |params| params.not_after = date_time_ymd(2026, 12, 1));
    let leaf = intermediate.leaf(&["a.test"]);
    let late = at(UnixTime(NOW.0 + 5 * YEAR), &[&leaf, &intermediate.der], &root);
    says(&late, "If that is not the date, set the clock.");

    let alone = root.leaf_with(&["a.test"], |params| params.not_before = date_time_ymd(2026, 6, 1));
    assert!(!at(NOW, &[&alone], &root).contains("clock is behind"));
}

#[test]
fn proxies_and_virus_scanners_are_known_by_their_names() {
    let root = Authority::root("Root");
    for (issuer, whose) in [
        (
            "Zscaler Intermediate Root CA (zscaler.net)",
            "belongs to Zscaler, a proxy",
        ),
        ("ESET SSL Filter CA", "belongs to ESET, a virus scanner"),
        ("Kaspersky\u{1b}[2J", "the issuer CN=Kaspersky\\1b[2J belongs to"),
    ] {
        let inspector = Authority::root(issuer);
        for chain in [
            vec![inspector.leaf(&["a.test"])],
            vec![inspector.leaf(&["a.test"]), inspector.der.clone()],
        ] {
            let chain: Vec<&[u8]> = chain.iter().map(Vec::as_slice).collect();
            says(&explained(&chain, &[&root.der], "a.test"), whose);
        }
    }
    let other = Authority::root("Company Root");
    assert!(!explained(&[&other.leaf(&["a.test"])], &[&root.der], "a.test").contains("By its name"));
    // What a certificate of its own says of its own subject is nothing to go by.
    let mut params: CertificateParams = leaf_params(&["a.test"]);
    params.distinguished_name = name("a.test");
    params.distinguished_name.push(DnType::OrganizationName, "Zscaler");
    let leaf = other.sign(&params, &KeyPair::generate().expect("a key"));
    assert!(!explained(&[&leaf], &[&root.der], "a.test").contains("By its name"));
}

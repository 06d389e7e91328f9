//! The explanations, as people read them: whole texts under `explanations/`. `SNAPSHOTS=overwrite` writes them anew.

mod authority;

use authority::{Authority, check};
use portunus_x509::{Check, Policy, Refusal, Severity};
use rcgen::{CustomExtension, ExtendedKeyUsagePurpose, date_time_ymd};
use snapbox::{Assert, file};

fn compare(refusal: &Refusal, expected: snapbox::Data) {
    let text = format!("{refusal}\n\n{}", refusal.explanation());
    Assert::new().action_env("SNAPSHOTS").eq(text, expected);
}

/// How the profiles differ: the whole table, so that a change of a row is seen in review.
#[test]
fn the_table_of_the_profiles() {
    let mut text = String::new();
    for check in Check::ALL {
        let severities =
            [Policy::web(), Policy::rfc5280(), Policy::private()].map(|policy| match policy.severity(*check) {
                Severity::Refuse => "refuse",
                Severity::Warn => "warn",
                Severity::Ignore => "-",
            });
        let [web, rfc5280, private] = severities;
        text.push_str(&format!(
            "{:<40} {web:<8} {rfc5280:<8} {private:<8} {}\n",
            check.code(),
            check.rule()
        ));
    }
    Assert::new()
        .action_env("SNAPSHOTS")
        .eq(text, file!["explanations/profiles.txt"]);
}

#[test]
fn an_expired_certificate() {
    let root = Authority::root("Example Root");
    let leaf = root.leaf_with(&["www.example.com"], |params| {
        params.not_after = date_time_ymd(2025, 12, 1)
    });
    let refusal = check(&[&leaf], &[&root.der], "www.example.com", &Policy::private()).expect_err("refused");
    compare(&refusal, file!["explanations/expired.txt"]);
}

#[test]
fn another_name() {
    let root = Authority::root("Example Root");
    let leaf = root.leaf(&["example.com", "*.example.com", "192.0.2.1"]);
    let refusal = check(&[&leaf], &[&root.der], "www.example.org", &Policy::web()).expect_err("refused");
    compare(&refusal, file!["explanations/name.txt"]);
}

#[test]
fn a_forgotten_intermediate() {
    let root = Authority::root("Example Root");
    let intermediate = root.below("Example Intermediate");
    let leaf = intermediate.leaf_with(&["www.example.com"], |params| {
        let address = b"http://ca.example/intermediate.der";
        let length = u8::try_from(address.len()).expect("short");
        let mut access = vec![
            0x30,
            length + 14,
            0x30,
            length + 12,
            6,
            8,
            0x2b,
            6,
            1,
            5,
            5,
            7,
            0x30,
            2,
            0x86,
            length,
        ];
        access.extend_from_slice(address);
        params
            .custom_extensions
            .push(CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 1], access));
    });
    let refusal = check(&[&leaf], &[&root.der], "www.example.com", &Policy::web()).expect_err("refused");
    compare(&refusal, file!["explanations/missing-intermediate.txt"]);
}

#[test]
fn a_client_certificate_at_a_server_over_two_ways() {
    let old = Authority::root_with("Old Root", |params| params.not_after = date_time_ymd(2025, 6, 1));
    let root = Authority::root("Example Root");
    let crossed = old.cross_sign(&root, |_| {});
    let leaf = root.leaf_with(&["www.example.com"], |params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    });
    let chain = [&leaf[..], &crossed];
    let refusal = check(&chain, &[&root.der, &old.der], "www.example.com", &Policy::web()).expect_err("refused");
    compare(&refusal, file!["explanations/purpose.txt"]);
}

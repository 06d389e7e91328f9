//! The roots that the web trusts today, against the profile for the web.

mod authority;

use portunus_x509::{Anchors, Certificate, Outcome, Policy, Purpose, UnixTime, verify};
use std::collections::BTreeSet;

/// The 1st of January 2025: all roots of the list are valid then.
const THEN: UnixTime = UnixTime(1_735_689_600);

/// What is wrong with a root as an anchor: it is offered as the issuer of itself.
fn faults(root: &[u8], policy: &Policy) -> BTreeSet<&'static str> {
    let mut anchors = Anchors::new();
    anchors.add_der(root).expect("a root");
    let verdict = verify(&[root], &anchors, Purpose::TlsServer, None, THEN, policy);
    let Err(refusal) = verdict else { return BTreeSet::new() };
    let findings = refusal.paths().iter().flat_map(|path| path.findings());
    let of_anchor = findings.filter(|finding| finding.certificate == 1 && finding.outcome == Outcome::Failed);
    of_anchor.map(|finding| finding.check.code()).collect()
}

#[test]
fn every_root_in_use_is_an_acceptable_anchor() {
    let mut refused = BTreeSet::new();
    for root in webpki_root_certs::TLS_SERVER_ROOT_CERTS {
        let subject = Certificate::parse(root).expect("a certificate").subject().to_string();
        for code in faults(root, &Policy::web()) {
            refused.insert(format!("{subject}: {code}"));
        }
    }
    assert_eq!(refused, BTreeSet::new());
}

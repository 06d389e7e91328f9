//! A test and what the verifier makes of it.

use std::collections::BTreeSet;

use portunus_verdicts::Actual;
use portunus_x509::{Anchors, Check, InitialPolicies, Policy, Purpose, Question, Revocation, RevocationList, UnixTime};

use crate::suite::{Files, Suite, Test};

/// Verifies; an `Err` is a test that this runner does not understand.
pub(crate) fn judge(suite: &Suite, test: &Test, files: &Files, time: UnixTime) -> Result<Actual, String> {
    let mut anchors = Anchors::new();
    anchors.add_der(&files.anchor).map_err(|error| error.to_string())?;
    // RFC 5280 has made critical what was not yet when the suite was made.
    let policy = Policy::rfc5280().widened(Check::PolicyConstraintsCritical);
    let policy = policy.ok_or("the rule on critical policy constraints cannot be widened")?;
    let policies = initial_policies(suite, test)?;
    let lists = files.lists.iter().map(|der| RevocationList::parse(der));
    let revocation = match lists.collect::<Result<Vec<_>, _>>() {
        Ok(lists) => Revocation::hard_fail(lists),
        Err(malformed) => return Ok(Actual::Refused(format!("a revocation list: {malformed}"))),
    };
    // The suite is for no purpose; nor do its certificates name one.
    let question = Question::new(Purpose::TlsClient, time, &policy)
        .policies(&policies)
        .revocation(&revocation);
    let path = match question.verify(&files.chain, &anchors) {
        Ok(path) => path,
        Err(refusal) => return Ok(Actual::Refused(refusal.to_string())),
    };
    if let Some(expected) = &test.expected_user_constrained_policy_set {
        let expected: BTreeSet<_> = expected.iter().map(|name| suite.oid(name)).collect::<Result<_, _>>()?;
        let policies = path.policies();
        let actual: BTreeSet<_> = policies.iter().map(String::as_str).collect();
        if test.is_valid() && actual != expected {
            let policies = policies.join(", ");
            return Ok(Actual::Refused(format!("accepted under other policies: {policies}")));
        }
    }
    Ok(Actual::Accepted)
}

fn initial_policies(suite: &Suite, test: &Test) -> Result<InitialPolicies, String> {
    let mut policies = InitialPolicies::new();
    for name in &test.initial_policy_set {
        let oid = suite.oid(name)?;
        policies = policies
            .acceptable(oid)
            .ok_or_else(|| format!("no identifier: {oid}"))?;
    }
    if test.initial_explicit_policy {
        policies = policies.explicit();
    }
    if test.initial_policy_mapping_inhibit {
        policies = policies.mapping_inhibited();
    }
    if test.initial_inhibit_any_policy {
        policies = policies.any_inhibited();
    }
    Ok(policies)
}

//! Certificate policies along a path (RFC 5280 section 6.1, RFC 9618).

mod authority;

use authority::der::sequence;
use authority::{Authority, NOW, trusting};
use portunus_x509::{InitialPolicies, Policy, Purpose, Question, Refusal, VerifiedPath};
use rcgen::{CertificateParams, CustomExtension};

const HOST: &str = "www.example.com";
const ANY: &str = "2.5.29.32.0";

/// A policy of these tests, by the last arc of its identifier: `1.2.3.n`.
fn oid(n: u8) -> Vec<u8> {
    vec![0x06, 3, 0x2a, 3, n]
}

fn any() -> Vec<u8> {
    vec![0x06, 4, 0x55, 0x1d, 0x20, 0]
}

fn add(params: &mut CertificateParams, arc: u64, critical: bool, value: Vec<u8>) {
    let mut extension = CustomExtension::from_oid_content(&[2, 5, 29, arc], value);
    extension.set_criticality(critical);
    params.custom_extensions.push(extension);
}

fn policies(params: &mut CertificateParams, policies: &[Vec<u8>]) {
    let each: Vec<_> = policies
        .iter()
        .map(|policy| sequence(std::slice::from_ref(policy)))
        .collect();
    add(params, 32, false, sequence(&each));
}

fn mappings(params: &mut CertificateParams, mappings: &[(Vec<u8>, Vec<u8>)]) {
    let each: Vec<_> = mappings
        .iter()
        .map(|(from, to)| sequence(&[from.clone(), to.clone()]))
        .collect();
    add(params, 33, true, sequence(&each));
}

fn require_explicit_policy(params: &mut CertificateParams) {
    add(params, 36, true, vec![0x30, 3, 0x80, 1, 0]);
}

fn ask(chain: &[&[u8]], root: &Authority, initial: &InitialPolicies) -> Result<VerifiedPath, Refusal> {
    Question::new(Purpose::TlsServer, NOW, &Policy::rfc5280())
        .policies(initial)
        .verify(chain, &trusting(&[&root.der]))
}

#[test]
fn policies_refuse_nothing_where_nobody_asks_for_one() {
    let root = Authority::root("Root");
    let ca = root.below_with("CA", |params| policies(params, &[oid(1)]));
    let leaf = ca.leaf_with(&[HOST], |params| policies(params, &[oid(2)]));
    let initial = InitialPolicies::new().acceptable("1.2.3.9").expect("an identifier");
    let path = ask(&[&leaf, &ca.der], &root, &initial).expect("accepted");
    assert!(path.policies().is_empty());
    let refusal = ask(&[&leaf, &ca.der], &root, &InitialPolicies::new().explicit()).expect_err("refused");
    assert_eq!(refusal.code(), "X509-POLICY");
}

#[test]
fn a_path_is_valid_under_the_policies_that_all_have() {
    let root = Authority::root("Root");
    let ca = root.below_with("CA", |params| policies(params, &[oid(1), oid(2)]));
    let leaf = ca.leaf_with(&[HOST], |params| policies(params, &[oid(2), oid(3)]));
    let explicit = InitialPolicies::new().explicit();
    let path = ask(&[&leaf, &ca.der], &root, &explicit).expect("accepted");
    assert_eq!(path.policies(), ["1.2.3.2"]);
    let other = explicit.acceptable("1.2.3.1").expect("an identifier");
    assert_eq!(
        ask(&[&leaf, &ca.der], &root, &other).expect_err("refused").code(),
        "X509-POLICY"
    );
    let with_any = other.acceptable(ANY).expect("an identifier");
    assert!(ask(&[&leaf, &ca.der], &root, &with_any).is_ok());
}

#[test]
fn an_authority_can_demand_a_policy() {
    let root = Authority::root("Root");
    let ca = root.below_with("CA", |params| {
        policies(params, &[oid(1)]);
        require_explicit_policy(params);
    });
    let with = ca.leaf_with(&[HOST], |params| policies(params, &[oid(1)]));
    let without = ca.leaf(&[HOST]);
    assert!(ask(&[&with, &ca.der], &root, &InitialPolicies::new()).is_ok());
    let refusal = ask(&[&without, &ca.der], &root, &InitialPolicies::new()).expect_err("refused");
    assert_eq!(refusal.code(), "X509-POLICY");
    // The same holds for whoever asks for nothing, and for an anchor's demand.
    assert_eq!(
        authority::refused(&[&without, &ca.der], &[&root.der], HOST),
        Some("X509-POLICY")
    );
    assert_eq!(authority::refused(&[&without], &[&ca.der], HOST), Some("X509-POLICY"));
}

#[test]
fn any_policy_stands_for_all_unless_it_is_inhibited() {
    let root = Authority::root("Root");
    let ca = root.below_with("CA", |params| policies(params, &[any()]));
    let leaf = ca.leaf_with(&[HOST], |params| policies(params, &[oid(1)]));
    let explicit = InitialPolicies::new().explicit();
    assert_eq!(
        ask(&[&leaf, &ca.der], &root, &explicit).expect("accepted").policies(),
        ["1.2.3.1"]
    );
    let inhibited = explicit.clone().any_inhibited();
    assert!(ask(&[&leaf, &ca.der], &root, &inhibited).is_err());

    let leaf = ca.leaf_with(&[HOST], |params| policies(params, &[any()]));
    assert_eq!(
        ask(&[&leaf, &ca.der], &root, &explicit).expect("accepted").policies(),
        [ANY]
    );
    let some = explicit.acceptable("1.2.3.7").expect("an identifier");
    assert_eq!(
        ask(&[&leaf, &ca.der], &root, &some).expect("accepted").policies(),
        ["1.2.3.7"]
    );
}

#[test]
fn policies_are_mapped_unless_that_is_inhibited() {
    let root = Authority::root("Root");
    let ca = root.below_with("CA", |params| {
        policies(params, &[oid(1)]);
        mappings(params, &[(oid(1), oid(2))]);
    });
    let leaf = ca.leaf_with(&[HOST], |params| policies(params, &[oid(2)]));
    let explicit = InitialPolicies::new()
        .explicit()
        .acceptable("1.2.3.1")
        .expect("an identifier");
    assert_eq!(
        ask(&[&leaf, &ca.der], &root, &explicit).expect("accepted").policies(),
        ["1.2.3.1"]
    );
    assert!(ask(&[&leaf, &ca.der], &root, &explicit.mapping_inhibited()).is_err());
}

#[test]
fn any_policy_is_not_mapped() {
    let root = Authority::root("Root");
    let ca = root.below_with("CA", |params| mappings(params, &[(oid(1), any())]));
    let leaf = ca.leaf(&[HOST]);
    assert_eq!(
        authority::refused(&[&leaf, &ca.der], &[&root.der], HOST),
        Some("X509-POLICY-MAPPINGS")
    );
}

/// The tree of RFC 5280 would have 15 nodes on its first level, 225 on the second, and so on.
#[test]
fn mappings_of_all_to_all_cost_no_more_than_they_are_long() {
    const POLICIES: u8 = 15;
    let root = Authority::root("Root");
    let all: Vec<_> = (1..=POLICIES).map(oid).collect();
    let product: Vec<_> = all
        .iter()
        .flat_map(|from| all.iter().map(move |to| (from.clone(), to.clone())))
        .collect();
    let mut authorities = vec![];
    for depth in 0..12 {
        let above = authorities.last().unwrap_or(&root);
        let next = above.below_with(&format!("CA {depth}"), |params| {
            policies(params, &all);
            mappings(params, &product);
        });
        authorities.push(next);
    }
    let leaf = authorities
        .last()
        .expect("one")
        .leaf_with(&[HOST], |params| policies(params, &[oid(1)]));
    let mut chain = vec![leaf.as_slice()];
    chain.extend(authorities.iter().map(|authority| authority.der.as_slice()));
    let path = ask(&chain, &root, &InitialPolicies::new().explicit()).expect("accepted");
    assert_eq!(path.policies().len(), usize::from(POLICIES));
}

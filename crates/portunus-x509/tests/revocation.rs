//! Revocation lists: which count, which of several, and what they tell (RFC 5280 section 6.3).

mod authority;

use authority::der::{element, sequence};
use authority::lists::List;
use authority::{Authority, NOW, trusting};
use portunus_x509::{
    Certificate, Check, Outcome, Policy, Purpose, Question, Refusal, Revocation, RevocationList, VerifiedPath,
};
use rcgen::{CertificateParams, CustomExtension, IsCa, KeyUsagePurpose};

const HOST: &str = "www.example.com";

/// The fields of an issuing distribution point.
const ONLY_USERS: [u8; 3] = [0x81, 1, 0xff];
const ONLY_AUTHORITIES: [u8; 3] = [0x82, 1, 0xff];
const INDIRECT: [u8; 3] = [0x84, 1, 0xff];

fn ask(chain: &[&[u8]], root: &Authority, lists: &[Vec<u8>]) -> Result<VerifiedPath, Refusal> {
    ask_by(chain, root, lists, &Policy::rfc5280(), true)
}

fn ask_by(
    chain: &[&[u8]],
    root: &Authority,
    lists: &[Vec<u8>],
    policy: &Policy,
    hard: bool,
) -> Result<VerifiedPath, Refusal> {
    let lists = lists.iter().map(|der| RevocationList::parse(der).expect("a list"));
    let revocation = if hard {
        Revocation::hard_fail(lists)
    } else {
        Revocation::soft_fail(lists)
    };
    Question::new(Purpose::TlsServer, NOW, policy)
        .revocation(&revocation)
        .verify(chain, &trusting(&[&root.der]))
}

/// The code of the refusal and the value that it tells; `None` where the path is accepted.
fn refused(chain: &[&[u8]], root: &Authority, lists: &[Vec<u8>]) -> Option<(&'static str, String)> {
    let refusal = ask(chain, root, lists).err()?;
    Some((refusal.code(), refusal.cause().value.clone()))
}

fn is_revoked(chain: &[&[u8]], root: &Authority, lists: &[Vec<u8>]) -> bool {
    refused(chain, root, lists).is_some_and(|(code, _)| code == "X509-REVOKED")
}

/// Why the status is unknown.
fn unknown(chain: &[&[u8]], root: &Authority, lists: &[Vec<u8>]) -> String {
    let (code, value) = refused(chain, root, lists).expect("refused");
    assert_eq!(code, "X509-REVOCATION-UNKNOWN", "{value}");
    value
}

fn uri(text: &str) -> Vec<u8> {
    element(0x86, text.as_bytes())
}

/// A DistributionPointName of one full name, in its field.
fn full_name(name: Vec<u8>) -> Vec<u8> {
    element(0xa0, &element(0xa0, &name))
}

fn points(params: &mut CertificateParams, critical: bool, points: &[Vec<u8>]) {
    let mut extension = CustomExtension::from_oid_content(&[2, 5, 29, 31], sequence(points));
    extension.set_criticality(critical);
    params.custom_extensions.push(extension);
}

/// The directory name of an authority, as a general name.
fn directory_name(authority: &Authority) -> Vec<u8> {
    let certificate = Certificate::parse(&authority.der).expect("a certificate");
    element(0xa4, certificate.subject().der())
}

#[test]
fn what_is_revoked_is_refused_and_what_is_not_is_accepted() {
    let root = Authority::root("Root");
    let leaf = root.leaf(&[HOST]);
    let other = root.leaf(&[HOST]);
    let list = || List::new().revoking(&leaf);
    let (code, value) = refused(&[&leaf], &root, &[list().signed_by(&root)]).expect("refused");
    assert_eq!(
        (code, value.as_str()),
        (
            "X509-REVOKED",
            "on 2025-12-01T00:00:00Z, reason keyCompromise, by the list of CN=Root of 2026-01-01T00:00:00Z"
        )
    );
    let path = ask(&[&other], &root, &[list().signed_by(&root)]).expect("accepted");
    let told = path
        .checks()
        .into_iter()
        .filter(|finding| finding.check == Check::Revoked);
    assert!(told.map(|finding| finding.outcome).eq([Outcome::Passed]));
    // The verdict holds as long as the list does.
    assert_eq!(path.valid_until().to_string(), "2026-02-01T00:00:00Z");
}

#[test]
fn an_unknown_status_refuses_or_warns_as_the_caller_chose() {
    let root = Authority::root("Root");
    let leaf = root.leaf(&[HOST]);
    assert_eq!(unknown(&[&leaf], &root, &[]), "no list of its issuer is there");
    let path = ask_by(&[&leaf], &root, &[], &Policy::rfc5280(), false).expect("accepted");
    let findings = path.findings();
    assert_eq!(findings.len(), 1);
    assert_eq!(
        (findings[0].check, findings[0].outcome),
        (Check::RevocationStatus, Outcome::Warned)
    );
    // What is known to be revoked is refused all the same.
    let list = [List::new().revoking(&leaf).signed_by(&root)];
    assert!(ask_by(&[&leaf], &root, &list, &Policy::rfc5280(), false).is_err());
}

#[test]
fn every_certificate_below_the_anchor_is_looked_up() {
    let root = Authority::root("Root");
    let ca = root.below("CA");
    let leaf = ca.leaf(&[HOST]);
    let of_ca = List::new().signed_by(&ca);
    assert!(unknown(&[&leaf, &ca.der], &root, std::slice::from_ref(&of_ca)).starts_with("no list"));
    assert_eq!(
        refused(&[&leaf, &ca.der], &root, &[of_ca.clone(), List::new().signed_by(&root)]),
        None
    );
    let of_root = List::new().revoking(&ca.der).signed_by(&root);
    assert!(is_revoked(&[&leaf, &ca.der], &root, &[of_ca, of_root]));
}

#[test]
fn another_path_is_taken_where_one_is_revoked() {
    let (root, other) = (Authority::root("Root"), Authority::root("Other"));
    let ca = root.below("CA");
    let cross = other.cross_sign(&ca, |_| {});
    let leaf = ca.leaf(&[HOST]);
    let lists = [
        List::new().signed_by(&ca),
        List::new().revoking(&ca.der).signed_by(&root),
        List::new().signed_by(&other),
    ];
    let lists: Vec<_> = lists
        .iter()
        .map(|der| RevocationList::parse(der).expect("a list"))
        .collect();
    let path = Question::new(Purpose::TlsServer, NOW, &Policy::rfc5280())
        .revocation(&Revocation::hard_fail(lists))
        .verify(&[&leaf, &ca.der, &cross], &trusting(&[&root.der, &other.der]))
        .expect("accepted");
    assert_eq!(*path.certificates()[1], *cross);
}

#[test]
fn the_newest_list_counts_whatever_the_order() {
    let root = Authority::root("Root");
    let leaf = root.leaf(&[HOST]);
    let older = |list: List| List {
        this_update: "251231000000Z",
        number: Some(9),
        ..list
    };
    let both = |old: List, new: List| [old.signed_by(&root), new.signed_by(&root)];
    let mut lists = both(older(List::new()), List::new().revoking(&leaf));
    for _ in 0..2 {
        assert!(is_revoked(&[&leaf], &root, &lists));
        lists.reverse();
    }
    // Put on hold, and released.
    let mut lists = both(older(List::new().revoking(&leaf)), List::new());
    for _ in 0..2 {
        assert_eq!(refused(&[&leaf], &root, &lists), None);
        lists.reverse();
    }
}

#[test]
fn a_list_counts_while_it_holds() {
    let root = Authority::root("Root");
    let leaf = root.leaf(&[HOST]);
    let why = |list: List| unknown(&[&leaf], &root, &[list.signed_by(&root)]);
    let past = List {
        next_update: Some("260101115959Z"),
        ..List::new()
    };
    assert_eq!(why(past), "the list held until 2026-01-01T11:59:59Z");
    let future = List {
        this_update: "260101120001Z",
        ..List::new()
    };
    assert!(why(future).contains("yet to come"));
    let endless = List {
        next_update: None,
        ..List::new()
    };
    assert!(why(endless).contains("until when"));
    let last_second = List {
        next_update: Some("260101120000Z"),
        ..List::new()
    };
    assert_eq!(refused(&[&leaf], &root, &[last_second.signed_by(&root)]), None);
}

#[test]
fn a_list_that_is_not_understood_tells_nothing() {
    let root = Authority::root("Root");
    let (leaf, other) = (root.leaf(&[HOST]), root.leaf(&[HOST]));
    let why = |list: List| unknown(&[&leaf], &root, &[list.signed_by(&root)]);
    let critical = authority::der::extension(99, true, &[5, 0]);
    assert!(why(List::new().with(99, true, &[5, 0])).contains("2.5.29.99"));
    // In whichever entry (RFC 5280 section 5.3).
    assert!(why(List::new().revoking_for(&other, 1, &[critical])).contains("2.5.29.99"));
    assert_eq!(
        refused(
            &[&leaf],
            &root,
            &[List::new().with(99, false, &[5, 0]).signed_by(&root)]
        ),
        None
    );
}

#[test]
fn the_form_of_a_list_counts_as_the_profile_says() {
    let root = Authority::root("Root");
    let leaf = root.leaf(&[HOST]);
    let unnumbered = List {
        number: None,
        ..List::new()
    };
    let critical = List {
        number: None,
        ..List::new().with(20, true, &[2, 1, 7])
    };
    for (list, flaw) in [(unnumbered, "has no cRLNumber"), (critical, "cRLNumber is critical")] {
        let list = [list.signed_by(&root)];
        assert!(unknown(&[&leaf], &root, &list).contains(flaw));
        let path = ask_by(&[&leaf], &root, &list, &Policy::private(), true).expect("accepted");
        let findings = path.findings();
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].check, Check::RevocationListForm);
        assert!(findings[0].value.contains(flaw));
    }
}

#[test]
fn a_list_is_signed_by_whoever_may_sign_it() {
    let root = Authority::root("Root");
    let leaf = root.leaf(&[HOST]);
    let nobody = "the list was signed by nobody who may sign it";
    let forger = Authority::root("Root");
    assert_eq!(unknown(&[&leaf], &root, &[List::new().signed_by(&forger)]), nobody);
    assert_eq!(
        unknown(&[&leaf, &forger.der], &root, &[List::new().signed_by(&forger)]),
        nobody
    );

    let no_lists = Authority::root_with("Root", |params| params.key_usages = vec![KeyUsagePurpose::KeyCertSign]);
    let leaf = no_lists.leaf(&[HOST]);
    assert_eq!(
        unknown(&[&leaf], &no_lists, &[List::new().signed_by(&no_lists)]),
        nobody
    );
    let no_usages = Authority::root_with("Root", |params| params.key_usages = Vec::new());
    let leaf = no_usages.leaf(&[HOST]);
    assert_eq!(
        refused(&[&leaf], &no_usages, &[List::new().signed_by(&no_usages)]),
        None
    );
}

/// An authority that signs its lists with a key of its own for that, under its own name.
#[test]
fn a_key_for_lists_alone_needs_a_certificate_that_holds() {
    let root = Authority::root("Root");
    let ca = root.below_with("CA", |params| params.key_usages = vec![KeyUsagePurpose::KeyCertSign]);
    let for_lists = root.below_with("CA", |params| {
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::CrlSign];
    });
    let leaf = ca.leaf(&[HOST]);
    let chain: [&[u8]; 3] = [&leaf, &ca.der, &for_lists.der];
    let lists = |of_root: List| [List::new().signed_by(&for_lists), of_root.signed_by(&root)];
    assert_eq!(refused(&chain, &root, &lists(List::new())), None);
    assert_eq!(
        unknown(&chain, &root, &lists(List::new().revoking(&for_lists.der))),
        "the list was signed by nobody who may sign it"
    );
    assert!(
        refused(&chain[..2], &root, &lists(List::new())).is_some(),
        "its certificate is missing"
    );
}

#[test]
fn a_list_tells_of_the_certificates_that_it_says() {
    let root = Authority::root("Root");
    let leaf = root.leaf(&[HOST]);
    let users = || List::new().of_point(&[ONLY_USERS.to_vec()]);
    assert_eq!(refused(&[&leaf], &root, &[users().signed_by(&root)]), None);
    assert!(is_revoked(&[&leaf], &root, &[users().revoking(&leaf).signed_by(&root)]));
    for field in [ONLY_AUTHORITIES, [0x85, 1, 0xff]] {
        let list = List::new().of_point(&[field.to_vec()]);
        assert!(unknown(&[&leaf], &root, &[list.signed_by(&root)]).contains("its issuer has others"));
    }
}

#[test]
fn a_list_of_a_point_tells_of_the_certificates_that_name_it() {
    let root = Authority::root("Root");
    let at = |place: &str| List::new().of_point(&[full_name(uri(place))]).signed_by(&root);
    let leaf = root.leaf_with(&[HOST], |params| {
        points(
            params,
            false,
            &[
                sequence(&[full_name(uri("http://a/1"))]),
                sequence(&[full_name(uri("http://a/2"))]),
            ],
        );
    });
    let plain = root.leaf(&[HOST]);
    assert_eq!(refused(&[&leaf], &root, &[at("http://a/2")]), None);
    assert!(refused(&[&leaf], &root, &[at("http://a/3")]).is_some());
    assert!(refused(&[&plain], &root, &[at("http://a/1")]).is_some());
    // One that tells of all tells of this certificate, too.
    assert_eq!(refused(&[&leaf], &root, &[List::new().signed_by(&root)]), None);
}

#[test]
fn names_relative_to_an_issuer_are_whole_names() {
    let root = Authority::root("Root");
    let part = element(0x31, &sequence(&[vec![6, 3, 0x55, 4, 3], element(0x0c, b"Point")]));
    let certificate = Certificate::parse(&root.der).expect("a certificate");
    let (_, parts) = certificate.subject().der().split_at(2);
    let whole = element(0xa4, &sequence(&[parts.to_vec(), part.clone()]));
    let relative = element(0xa0, &element(0xa1, &part[2..]));
    for (of_certificate, of_list) in [
        (relative.clone(), full_name(whole.clone())),
        (full_name(whole), relative.clone()),
        (relative.clone(), relative),
    ] {
        let leaf = root.leaf_with(&[HOST], |params| points(params, false, &[sequence(&[of_certificate])]));
        let list = List::new().of_point(&[of_list]).signed_by(&root);
        assert_eq!(refused(&[&leaf], &root, &[list]), None);
    }
}

#[test]
fn lists_for_some_reasons_have_to_tell_of_all_together() {
    let root = Authority::root("Root");
    let leaf = root.leaf(&[HOST]);
    // keyCompromise and cACompromise; all others.
    let [some, others] = [[0x83, 2, 5, 0x60], [0x83, 2, 7, 0]].map(|field| field.to_vec());
    let others = [&others[..1], &[3, 7, 0x1f, 0x80]].concat();
    let some_list = || List::new().of_point(std::slice::from_ref(&some));
    let others_list = || List::new().of_point(std::slice::from_ref(&others));
    assert_eq!(
        unknown(&[&leaf], &root, &[some_list().signed_by(&root)]),
        "the lists do not tell of all reasons"
    );
    let both = [some_list().signed_by(&root), others_list().signed_by(&root)];
    assert_eq!(refused(&[&leaf], &root, &both), None);
    let revoked = others_list().revoking_for(&leaf, 4, &[]).signed_by(&root);
    assert!(is_revoked(&[&leaf], &root, &[both[0].clone(), revoked.clone()]));
    assert!(
        is_revoked(&[&leaf], &root, &[revoked]),
        "known, though not for all reasons"
    );
}

#[test]
fn a_delta_brings_a_list_up_to_date() {
    let root = Authority::root("Root");
    let leaf = root.leaf(&[HOST]);
    let newer = |list: List| List {
        number: Some(11),
        ..list
    };
    let base = List::new().signed_by(&root);
    let revoking_base = List::new().revoking_for(&leaf, 6, &[]).signed_by(&root);
    let adds = newer(List::new()).since(10).revoking(&leaf).signed_by(&root);
    let removes = newer(List::new()).since(9).revoking_for(&leaf, 8, &[]).signed_by(&root);
    let empty = newer(List::new()).since(10).signed_by(&root);
    assert!(is_revoked(&[&leaf], &root, &[base.clone(), adds.clone()]));
    assert!(is_revoked(&[&leaf], &root, &[adds.clone(), base.clone()]));
    assert_eq!(refused(&[&leaf], &root, &[revoking_base.clone(), removes]), None);
    assert!(is_revoked(&[&leaf], &root, &[revoking_base, empty.clone()]));
    assert!(
        unknown(&[&leaf], &root, std::slice::from_ref(&adds)).contains("its issuer has others"),
        "no base"
    );
    // On a base that is not there; of another number than it should have; by somebody else.
    let later = newer(List::new()).since(11).revoking(&leaf).signed_by(&root);
    assert_eq!(refused(&[&leaf], &root, &[base.clone(), later]), None);
    let old = List::new().since(9).revoking(&leaf).signed_by(&root);
    assert_eq!(refused(&[&leaf], &root, &[base.clone(), old]), None);
    let forged = newer(List::new())
        .since(10)
        .revoking(&leaf)
        .signed_by(&Authority::root("Root"));
    assert_eq!(refused(&[&leaf], &root, &[base, forged]), None);
    // A delta that holds makes a base hold that is past its time.
    let past = List {
        next_update: Some("260101010000Z"),
        ..List::new()
    };
    assert_eq!(refused(&[&leaf], &root, &[past.signed_by(&root), empty]), None);
}

#[test]
fn an_indirect_list_tells_for_other_issuers() {
    let root = Authority::root("Root");
    let ca = root.below("CA");
    let teller = root.below_with("Teller", |params| {
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::CrlSign];
    });
    let leaf = ca.leaf_with(&[HOST], |params| {
        points(params, true, &[sequence(&[element(0xa2, &directory_name(&teller))])]);
    });
    let of_ca = authority::der::extension(29, true, &sequence(&[directory_name(&ca)]));
    let chain: [&[u8]; 3] = [&leaf, &ca.der, &teller.der];
    let of_root = List::new().signed_by(&root);
    let lists = |list: List| [list.signed_by(&teller), of_root.clone()];
    let indirect = || List::new().of_point(&[INDIRECT.to_vec()]);
    assert_eq!(refused(&chain, &root, &lists(indirect())), None);
    assert!(is_revoked(
        &chain,
        &root,
        &lists(indirect().revoking_for(&leaf, 1, &[of_ca]))
    ));
    // An entry without a name is about the teller's own certificates.
    assert_eq!(refused(&chain, &root, &lists(indirect().revoking(&leaf))), None);
    assert!(
        refused(&chain, &root, &lists(List::new())).is_some(),
        "not an indirect list"
    );
    let revoked = List::new().revoking(&teller.der).signed_by(&root);
    assert!(refused(&chain, &root, &[indirect().signed_by(&teller), revoked]).is_some());
    assert!(
        refused(&chain[..2], &root, &lists(indirect())).is_some(),
        "nobody vouches for the teller"
    );
}

#[test]
fn an_entry_names_its_issuer_in_an_indirect_list_alone() {
    let root = Authority::root("Root");
    let leaf = root.leaf(&[HOST]);
    let of_root = authority::der::extension(29, true, &sequence(&[directory_name(&root)]));
    let list = List::new().revoking_for(&leaf, 1, &[of_root]).signed_by(&root);
    assert!(RevocationList::parse(&list).is_err());
}

#[test]
fn critical_distribution_points_are_understood_where_revocation_is_checked() {
    let root = Authority::root("Root");
    let leaf = root.leaf_with(&[HOST], |params| {
        points(params, true, &[sequence(&[full_name(uri("http://a/1"))])]);
    });
    assert_eq!(
        authority::refused(&[&leaf], &[&root.der], HOST),
        Some("X509-CRITICAL-EXTENSION")
    );
    assert_eq!(refused(&[&leaf], &root, &[List::new().signed_by(&root)]), None);
}

/// Each needs the list of the next to be sure of the one before.
#[test]
fn issuers_of_lists_in_a_row_and_in_a_circle_come_to_an_end() {
    let root = Authority::root("Root");
    let names = ["A", "B", "C", "D", "E", "F", "G", "H"];
    let named: Vec<_> = names.iter().map(|name| root.below(name)).collect();
    let mut tellers = Vec::new();
    for at in 0..named.len() {
        let next = &named[(at + 1) % named.len()];
        let teller = root.cross_sign(&named[at], |params| {
            points(params, false, &[sequence(&[element(0xa2, &directory_name(next))])]);
        });
        tellers.push(teller);
    }
    let leaf = root.leaf_with(&[HOST], |params| {
        points(params, false, &[sequence(&[element(0xa2, &directory_name(&named[0]))])]);
    });
    let lists: Vec<_> = named
        .iter()
        .map(|authority| List::new().of_point(&[INDIRECT.to_vec()]).signed_by(authority))
        .collect();
    let mut chain = vec![leaf.as_slice()];
    chain.extend(tellers.iter().map(Vec::as_slice));
    assert!(unknown(&chain, &root, &lists).contains("nobody who may sign it"));
    // Two that tell of each other are no such row.
    let leaf = root.leaf_with(&[HOST], |params| {
        points(params, false, &[sequence(&[element(0xa2, &directory_name(&named[0]))])]);
    });
    let back = root.cross_sign(&named[1], |params| {
        points(params, false, &[sequence(&[element(0xa2, &directory_name(&named[0]))])]);
    });
    assert_eq!(refused(&[&leaf, &tellers[0], &back], &root, &lists), None);
}

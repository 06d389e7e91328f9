//! Responses of OCSP: which count, and what they tell (RFC 6960 section 3.2, RFC 7633).

mod authority;

use authority::lists::List;
use authority::responses::{GOOD, Hash, NONCE, Response, UNKNOWN, revoked};
use authority::{Authority, NOW, leaf_params, trusting};
use portunus_x509::{
    CertificateStatus, Check, OcspResponse, OcspResponseStatus, Outcome, Policy, Purpose, Question, Refusal,
    Revocation, RevocationList, VerifiedPath,
};
use rcgen::{CertificateParams, CustomExtension, ExtendedKeyUsagePurpose, KeyPair};

const HOST: &str = "www.example.com";
const NO_CHECK: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 48, 1, 5];
const TLS_FEATURE: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 1, 24];

fn ask(chain: &[&[u8]], root: &Authority, revocation: &Revocation<'_>) -> Result<VerifiedPath, Refusal> {
    Question::new(Purpose::TlsServer, NOW, &Policy::rfc5280())
        .revocation(revocation)
        .verify(chain, &trusting(&[&root.der]))
}

/// The code of the refusal and the value that it tells, with hard fail; `None` where the path is accepted.
fn refused(leaf: &[u8], root: &Authority, response: &[u8]) -> Option<(&'static str, String)> {
    let response = OcspResponse::parse(response).expect("a response");
    let refusal = ask(&[leaf], root, &Revocation::hard_fail([]).with_response(response)).err()?;
    Some((refusal.code(), refusal.cause().value.clone()))
}

/// Why the status is unknown.
fn unknown(leaf: &[u8], root: &Authority, response: &[u8]) -> String {
    let (code, value) = refused(leaf, root, response).expect("refused");
    assert_eq!(code, "X509-REVOCATION-UNKNOWN", "{value}");
    value
}

/// A responder of its own, by what its certificate says.
fn responder(issuer: &Authority, change: impl FnOnce(&mut CertificateParams)) -> (Vec<u8>, KeyPair) {
    let key = KeyPair::generate().expect("a key");
    let mut params = leaf_params(&["ocsp.example.com"]);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::OcspSigning];
    params
        .custom_extensions
        .push(CustomExtension::from_oid_content(NO_CHECK, vec![5, 0]));
    change(&mut params);
    (issuer.sign(&params, &key), key)
}

fn promising(root: &Authority, critical: bool) -> Vec<u8> {
    root.leaf_with(&[HOST], |params| {
        let mut feature = CustomExtension::from_oid_content(TLS_FEATURE, vec![0x30, 3, 2, 1, 5]);
        feature.set_criticality(critical);
        params.custom_extensions.push(feature);
    })
}

#[test]
fn a_response_of_the_issuer_tells_the_status() {
    let root = Authority::root("Root");
    let leaf = root.leaf(&[HOST]);
    for hash in [Hash::Sha1, Hash::Sha256] {
        for by_key in [false, true] {
            let response = |status: &[u8]| {
                let response = Response {
                    hash,
                    by_key,
                    ..Response::on(&leaf, status)
                };
                response.signed_by(&root)
            };
            assert_eq!(refused(&leaf, &root, &response(GOOD)), None);
            let (code, value) = refused(&leaf, &root, &response(&revoked())).expect("refused");
            assert_eq!(
                (code, value.as_str()),
                (
                    "X509-REVOKED",
                    "on 2025-12-01T00:00:00Z, reason keyCompromise, by a response of OCSP of 2026-01-01T00:00:00Z"
                )
            );
            assert_eq!(
                unknown(&leaf, &root, &response(UNKNOWN)),
                "the responder does not know it"
            );
        }
    }
    let good = Response::on(&leaf, GOOD).signed_by(&root);
    let good = OcspResponse::parse(&good).expect("a response");
    let path = ask(&[&leaf], &root, &Revocation::hard_fail([]).with_response(good)).expect("accepted");
    assert_eq!(path.valid_until().to_string(), "2026-01-08T00:00:00Z");
    let told = path
        .checks()
        .into_iter()
        .find(|finding| finding.check == Check::Revoked);
    assert_eq!(told.map(|finding| finding.outcome), Some(Outcome::Passed));
}

#[test]
fn a_response_is_about_one_certificate_of_one_issuer() {
    let (root, other) = (Authority::root("Root"), Authority::root("Root"));
    let leaf = root.leaf(&[HOST]);
    const OTHER: &str = "the response is about other certificates";
    let of_another = Response::on(&root.leaf(&[HOST]), GOOD);
    assert_eq!(unknown(&leaf, &root, &of_another.signed_by(&root)), OTHER);
    // The same name and serial number, and another key.
    assert_eq!(
        unknown(&leaf, &root, &Response::on(&leaf, GOOD).signed_by(&other)),
        OTHER
    );
    let unknown_hash = Response {
        hash: Hash::Md5,
        ..Response::on(&leaf, GOOD)
    };
    assert_eq!(unknown(&leaf, &root, &unknown_hash.signed_by(&root)), OTHER);
    let several = Response::on(&root.leaf(&[HOST]), &revoked()).and(&leaf, GOOD);
    assert_eq!(refused(&leaf, &root, &several.signed_by(&root)), None);
}

#[test]
fn a_response_holds_for_its_time() {
    let root = Authority::root("Root");
    let leaf = root.leaf(&[HOST]);
    let response = |this_update, next_update| {
        let response = Response {
            this_update,
            next_update,
            ..Response::on(&leaf, GOOD)
        };
        unknown(&leaf, &root, &response.signed_by(&root))
    };
    assert_eq!(
        response("20251201000000Z", Some("20260101115959Z")),
        "the response held until 2026-01-01T11:59:59Z"
    );
    assert_eq!(
        response("20260102000000Z", Some("20260103000000Z")),
        "the response is of 2026-01-02T00:00:00Z, which is yet to come"
    );
    assert_eq!(
        response("20260101000000Z", None),
        "the response does not say until when it holds"
    );
}

#[test]
fn whoever_the_issuer_certified_for_it_may_respond() {
    let root = Authority::root("Root");
    let leaf = root.leaf(&[HOST]);
    for by_key in [false, true] {
        let (certificate, key) = responder(&root, |_| {});
        let response = Response {
            by_key,
            ..Response::on(&leaf, GOOD)
        };
        assert_eq!(
            refused(&leaf, &root, &response.delegated(&root, &certificate, &key)),
            None
        );
    }
}

#[test]
fn nobody_else_may_respond() {
    let root = Authority::root("Root");
    let leaf = root.leaf(&[HOST]);
    let refused_responder = |(certificate, key): (Vec<u8>, KeyPair)| {
        let response = Response::on(&leaf, GOOD).delegated(&root, &certificate, &key);
        assert_eq!(
            unknown(&leaf, &root, &response),
            "the response was signed by nobody who may sign it"
        );
    };
    // No extended key usage, that of servers, any.
    refused_responder(responder(&root, |params| params.extended_key_usages.clear()));
    for usage in [ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::Any] {
        refused_responder(responder(&root, |params| params.extended_key_usages = vec![usage]));
    }
    refused_responder(responder(&root, |params| {
        params.key_usages = vec![rcgen::KeyUsagePurpose::KeyEncipherment];
    }));
    refused_responder(responder(&root, |params| {
        params.not_after = rcgen::date_time_ymd(2025, 12, 31);
    }));
    // Another authority's, be it under the same name; another one's below the same root.
    refused_responder(responder(&Authority::root("Root"), |_| {}));
    refused_responder(responder(&root.below("CA"), |_| {}));
    // The certificate did not come with it.
    let (certificate, key) = responder(&root, |_| {});
    let response = Response::on(&leaf, GOOD).signed(&root, &certificate, &key, &[]);
    assert_eq!(
        unknown(&leaf, &root, &response),
        "the response was signed by nobody who may sign it"
    );
    // Another key than the one of the certificate.
    let response = Response::on(&leaf, GOOD).delegated(&root, &certificate, &KeyPair::generate().expect("a key"));
    assert_eq!(
        unknown(&leaf, &root, &response),
        "the response was signed by nobody who may sign it"
    );
}

#[test]
fn a_responder_that_can_be_revoked_is_looked_up() {
    let root = Authority::root("Root");
    let leaf = root.leaf(&[HOST]);
    let (certificate, key) = responder(&root, |params| params.custom_extensions.clear());
    let response = Response::on(&leaf, GOOD).delegated(&root, &certificate, &key);
    let response = || OcspResponse::parse(&response).expect("a response");
    let value = |refusal: Refusal| refusal.cause().value.clone();
    assert_eq!(
        ask(&[&leaf], &root, &Revocation::hard_fail([]).with_response(response()))
            .map_err(value)
            .err()
            .as_deref(),
        Some("whether the responder's own certificate is revoked is not known")
    );
    let path = ask(&[&leaf], &root, &Revocation::soft_fail([]).with_response(response())).expect("accepted");
    assert!(path.findings().is_empty());
    let list = List::new().revoking(&certificate).signed_by(&root);
    let lists = || [RevocationList::parse(&list).expect("a list")];
    let path = ask(
        &[&leaf],
        &root,
        &Revocation::soft_fail(lists()).with_response(response()),
    )
    .expect("accepted");
    // By the list.
    assert!(path.findings().is_empty());
    let list = List::new()
        .revoking(&certificate)
        .of_point(&[vec![0x81, 1, 0xff]])
        .signed_by(&root);
    let lists = [RevocationList::parse(&list).expect("a list")];
    let path = ask(&[&leaf], &root, &Revocation::soft_fail(lists).with_response(response())).expect("accepted");
    assert!(path.findings().is_empty(), "{:?}", path.findings());
}

#[test]
fn a_nonce_is_wanted_where_one_was_sent() {
    let root = Authority::root("Root");
    let leaf = root.leaf(&[HOST]);
    let with = Response::on(&leaf, GOOD)
        .with(NONCE, false, &[4, 3, 1, 2, 3])
        .signed_by(&root);
    let without = Response::on(&leaf, GOOD).signed_by(&root);
    let ask = |der: &[u8], nonce: Option<&[u8]>| {
        let response = OcspResponse::parse(der).expect("a response");
        let response = match nonce {
            Some(nonce) => response.to_nonce(nonce),
            None => response,
        };
        ask(&[&leaf], &root, &Revocation::hard_fail([]).with_response(response))
            .map(|_| ())
            .map_err(|refusal| refusal.cause().value.clone())
    };
    assert_eq!(ask(&with, None), Ok(()));
    assert_eq!(ask(&with, Some(&[1, 2, 3])), Ok(()));
    let other = Err("the response has not the nonce of the request".to_owned());
    assert_eq!(ask(&with, Some(&[1, 2, 4])), other);
    assert_eq!(ask(&without, Some(&[1, 2, 3])), other);
}

#[test]
fn what_is_critical_is_understood_or_the_response_is_not_used() {
    let root = Authority::root("Root");
    let leaf = root.leaf(&[HOST]);
    let nonce = Response::on(&leaf, GOOD).with(NONCE, true, &[4, 1, 1]);
    assert_eq!(refused(&leaf, &root, &nonce.signed_by(&root)), None);
    let novel = Response::on(&leaf, GOOD).with(&[0x2a, 3], true, &[5, 0]);
    assert_eq!(
        unknown(&leaf, &root, &novel.signed_by(&root)),
        "the response has a critical extension that is not understood: 1.2.3"
    );
}

#[test]
fn what_one_says_is_revoked_is_revoked() {
    let root = Authority::root("Root");
    let leaf = root.leaf(&[HOST]);
    let good = Response::on(&leaf, GOOD).signed_by(&root);
    let bad = Response::on(&leaf, &revoked()).signed_by(&root);
    let list = List::new().revoking(&leaf).signed_by(&root);
    let (good, bad) = (
        OcspResponse::parse(&good).expect("a response"),
        OcspResponse::parse(&bad).expect("a response"),
    );
    let list = || [RevocationList::parse(&list).expect("a list")];
    let code = |revocation: Revocation<'_>| ask(&[&leaf], &root, &revocation).err().map(|refusal| refusal.code());
    let both = Revocation::soft_fail([]).with_response(good.clone()).with_response(bad);
    assert_eq!(code(both), Some("X509-REVOKED"));
    assert_eq!(
        code(Revocation::soft_fail(list()).with_response(good)),
        Some("X509-REVOKED")
    );
}

#[test]
fn a_certificate_that_promises_a_response_needs_it() {
    let root = Authority::root("Root");
    let leaf = promising(&root, false);
    let good = Response::on(&leaf, GOOD).signed_by(&root);
    let old = Response {
        next_update: Some("20260101000001Z"),
        ..Response::on(&leaf, GOOD)
    };
    let old = old.signed_by(&root);
    let code = |stapled: Option<&[u8]>| {
        let refusal = ask(&[&leaf], &root, &Revocation::stapled(stapled)).err()?;
        Some((refusal.code(), refusal.cause().value.clone()))
    };
    assert_eq!(code(Some(&good)), None);
    assert_eq!(
        code(None),
        Some(("X509-MUST-STAPLE", "no response was stapled".to_owned()))
    );
    assert_eq!(
        code(Some(&old)),
        Some((
            "X509-MUST-STAPLE",
            "the response held until 2026-01-01T00:00:01Z".to_owned()
        ))
    );
    assert_eq!(code(Some(b"nothing")).map(|(code, _)| code), Some("X509-MUST-STAPLE"));
    // Whoever did not ask the peer for it cannot want it.
    assert!(ask(&[&leaf], &root, &Revocation::soft_fail([])).is_ok());
    // One that is critical is understood by whoever asked alone.
    let leaf = promising(&root, true);
    let good = Response::on(&leaf, GOOD).signed_by(&root);
    assert!(ask(&[&leaf], &root, &Revocation::stapled(Some(&good))).is_ok());
    let refusal = ask(&[&leaf], &root, &Revocation::soft_fail([])).expect_err("refused");
    assert_eq!(refusal.check(), Check::CriticalExtensions);
}

#[test]
fn what_is_stapled_counts_and_its_lack_is_not_worth_a_word() {
    let root = Authority::root("Root");
    let ca = root.below("CA");
    let leaf = ca.leaf(&[HOST]);
    let chain: [&[u8]; 2] = [&leaf, &ca.der];
    let ask = |stapled: Option<&[u8]>| ask(&chain, &root, &Revocation::stapled(stapled));
    assert!(ask(None).expect("accepted").findings().is_empty());
    let good = Response::on(&leaf, GOOD).signed_by(&ca);
    let path = ask(Some(&good)).expect("accepted");
    assert!(path.findings().is_empty());
    assert_eq!(path.valid_until().to_string(), "2026-01-08T00:00:00Z");
    let bad = Response::on(&leaf, &revoked()).signed_by(&ca);
    assert_eq!(
        ask(Some(&bad)).err().map(|refusal| refusal.code()),
        Some("X509-REVOKED")
    );
    // One that cannot be used is told.
    let strange = Response::on(&leaf, &revoked()).signed_by(&root);
    let path = ask(Some(&strange)).expect("accepted");
    let told: Vec<_> = path
        .findings()
        .into_iter()
        .map(|finding| (finding.check, finding.value))
        .collect();
    assert_eq!(
        told,
        [(
            Check::StapledResponse,
            "the response is about other certificates".to_owned()
        )]
    );
}

#[test]
fn a_response_that_is_none_tells_nothing() {
    let root = Authority::root("Root");
    let leaf = root.leaf(&[HOST]);
    let later = [0x30, 3, 0x0a, 1, 3];
    let response = OcspResponse::parse(&later).expect("a response");
    assert_eq!(response.status(), OcspResponseStatus(3));
    assert_eq!(unknown(&leaf, &root, &later), "the response is none, but says tryLater");
    assert!(
        OcspResponse::parse(&[0x30, 3, 0x0a, 1, 0]).is_err(),
        "successful, and nothing else"
    );
}

#[test]
fn a_mutilated_response_is_an_error_or_not_used() {
    let root = Authority::root("Root");
    let leaf = root.leaf(&[HOST]);
    let (certificate, key) = responder(&root, |_| {});
    let whole = Response::on(&leaf, GOOD)
        .with(NONCE, false, &[4, 1, 1])
        .delegated(&root, &certificate, &key);
    for length in 0..whole.len() {
        assert!(OcspResponse::parse(&whole[..length]).is_err(), "{length}");
    }
    // The certificate that came with it aside, every bit counts; in that one, nearly all do.
    let unsigned = whole
        .windows(certificate.len())
        .position(|window| window == certificate);
    for place in 0..unsigned.expect("it came with it") {
        let mut changed = whole.clone();
        changed[place] ^= 1;
        let Ok(response) = OcspResponse::parse(&changed) else {
            continue;
        };
        let verdict = ask(&[&leaf], &root, &Revocation::hard_fail([]).with_response(response));
        assert!(verdict.is_err(), "octet {place}");
    }
}

#[test]
fn every_answer_can_be_read() {
    let root = Authority::root("Root");
    let (one, two) = (root.leaf(&[HOST]), root.leaf(&[HOST]));
    let response = Response::on(&one, GOOD).and(&two, &revoked()).signed_by(&root);
    let response = OcspResponse::parse(&response).expect("a response");
    assert_eq!(
        response.produced_at().map(|time| time.to_string()).as_deref(),
        Some("2026-01-01T00:00:00Z")
    );
    let statuses: Vec<_> = response.certificates().map(|(_, status)| status).collect();
    assert!(matches!(
        statuses[..],
        [CertificateStatus::Good, CertificateStatus::Revoked { .. }]
    ));
}

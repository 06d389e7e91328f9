//! Wycheproof's vectors for signatures, by the one way that certificates, lists and responses take.

use super::{Known, verifies};
use crate::der::{Oid, Reader, known};
use crate::spki::{AlgorithmIdentifier, NULL, SubjectPublicKeyInfo};
use wycheproof::TestResult;
use wycheproof::ecdsa::{self, TestName as Ecdsa};
use wycheproof::eddsa::{self, TestName as Eddsa};
use wycheproof::mldsa_verify::{self, TestName as MlDsa};
use wycheproof::rsa_pkcs1_verify::{self, TestName as Pkcs1};
use wycheproof::rsa_pss_verify::{self, TestName as Pss};

/// How many signatures were to be good and were, and how many were not to be.
#[derive(Debug, Default)]
struct Judged {
    good: usize,
    bad: usize,
}

impl Judged {
    fn judge(
        &mut self,
        algorithm: &[u8],
        key: &[u8],
        message: &[u8],
        signature: &[u8],
        expected: TestResult,
        what: &str,
    ) {
        let algorithm = AlgorithmIdentifier::read(&mut Reader::new(algorithm, "signatureAlgorithm")).expect("readable");
        let key = SubjectPublicKeyInfo::parse(key).expect("a key");
        let good = verifies(&algorithm, &key, message, signature, Known::default());
        match expected {
            TestResult::Valid => assert!(good, "{what}"),
            TestResult::Invalid => assert!(!good, "{what}"),
            // An encoding that some take: nothing follows from either.
            TestResult::Acceptable => return,
        }
        if good {
            self.good += 1;
        } else {
            self.bad += 1;
        }
    }

    /// Both kinds were there.
    fn are_many(&self) {
        assert!(self.good > 50 && self.bad > 50, "{self:?}");
    }
}

fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let contents = parts.concat();
    let length = u8::try_from(contents.len()).expect("short");
    assert!(length < 128, "short");
    [&[tag, length], &contents[..]].concat()
}

fn identifier(oid: Oid<'_>, parameters: &[u8]) -> Vec<u8> {
    element(0x30, &[&element(6, &[oid.contents()]), parameters])
}

/// id-RSASSA-PSS with one hash function throughout.
fn pss(hash: Oid<'_>, salt: u8) -> Vec<u8> {
    let hash = identifier(hash, NULL);
    let mask = identifier(known::MGF1, &hash);
    let salt = element(0xa2, &[&element(2, &[&[salt]])]);
    let parameters = element(0x30, &[&element(0xa0, &[&hash]), &element(0xa1, &[&mask]), &salt]);
    identifier(known::RSASSA_PSS, &parameters)
}

#[test]
fn ecdsa_is_judged_as_wycheproof_does() {
    let mut judged = Judged::default();
    for (name, algorithm) in [
        (Ecdsa::EcdsaSecp256r1Sha256, known::ECDSA_WITH_SHA256),
        (Ecdsa::EcdsaSecp256r1Sha512, known::ECDSA_WITH_SHA512),
        (Ecdsa::EcdsaSecp384r1Sha256, known::ECDSA_WITH_SHA256),
        (Ecdsa::EcdsaSecp384r1Sha384, known::ECDSA_WITH_SHA384),
        (Ecdsa::EcdsaSecp384r1Sha512, known::ECDSA_WITH_SHA512),
        (Ecdsa::EcdsaSecp521r1Sha512, known::ECDSA_WITH_SHA512),
    ] {
        let algorithm = identifier(algorithm, &[]);
        for group in ecdsa::TestSet::load(name).expect("vectors").test_groups {
            for test in group.tests {
                let what = format!("{name:?} {}: {}", test.tc_id, test.comment);
                judged.judge(&algorithm, &group.der, &test.msg, &test.sig, test.result, &what);
            }
        }
    }
    judged.are_many();
}

#[test]
fn ed25519_is_judged_as_wycheproof_does() {
    let mut judged = Judged::default();
    let algorithm = identifier(known::ED25519, &[]);
    for group in eddsa::TestSet::load(Eddsa::Ed25519).expect("vectors").test_groups {
        for test in group.tests {
            let what = format!("{}: {}", test.tc_id, test.comment);
            judged.judge(&algorithm, &group.der, &test.msg, &test.sig, test.result, &what);
        }
    }
    judged.are_many();
}

#[test]
fn rsa_pkcs1_is_judged_as_wycheproof_does() {
    let mut judged = Judged::default();
    for (name, algorithm) in [
        (Pkcs1::Rsa2048Sha256, known::SHA256_WITH_RSA),
        (Pkcs1::Rsa2048Sha384, known::SHA384_WITH_RSA),
        (Pkcs1::Rsa2048Sha512, known::SHA512_WITH_RSA),
        (Pkcs1::Rsa3072Sha256, known::SHA256_WITH_RSA),
        (Pkcs1::Rsa3072Sha384, known::SHA384_WITH_RSA),
        (Pkcs1::Rsa3072Sha512, known::SHA512_WITH_RSA),
        (Pkcs1::Rsa4096Sha256, known::SHA256_WITH_RSA),
        (Pkcs1::Rsa4096Sha384, known::SHA384_WITH_RSA),
        (Pkcs1::Rsa4096Sha512, known::SHA512_WITH_RSA),
        (Pkcs1::Rsa8192Sha256, known::SHA256_WITH_RSA),
        (Pkcs1::Rsa8192Sha384, known::SHA384_WITH_RSA),
        (Pkcs1::Rsa8192Sha512, known::SHA512_WITH_RSA),
    ] {
        let algorithm = identifier(algorithm, NULL);
        for group in rsa_pkcs1_verify::TestSet::load(name).expect("vectors").test_groups {
            for test in group.tests {
                let what = format!("{name:?} {}: {}", test.tc_id, test.comment);
                judged.judge(&algorithm, &group.der, &test.msg, &test.sig, test.result, &what);
            }
        }
    }
    judged.are_many();
}

#[test]
fn rsa_pss_is_judged_as_wycheproof_does() {
    let mut judged = Judged::default();
    for (name, hash, salt) in [
        (Pss::RsaPss2048Sha256Mgf1SaltLen32, known::SHA256, 32),
        (Pss::RsaPss3072Sha256Mgf1SaltLen32, known::SHA256, 32),
        (Pss::RsaPss4096Sha256Mgf1SaltLen32, known::SHA256, 32),
        (Pss::RsaPss2048Sha384Mgf1SaltLen48, known::SHA384, 48),
        (Pss::RsaPss4096Sha384Mgf1SaltLen48, known::SHA384, 48),
        (Pss::RsaPss4096Sha512Mgf1SaltLen64, known::SHA512, 64),
        // Of keys that are restricted to just these parameters.
        (Pss::RsaPss2048Sha256Mgf1SaltLen32WithParams, known::SHA256, 32),
        (Pss::RsaPss3072Sha256Mgf1SaltLen32WithParams, known::SHA256, 32),
        (Pss::RsaPss4096Sha512Mgf1SaltLen64WithParams, known::SHA512, 64),
    ] {
        let algorithm = pss(hash, salt);
        for group in rsa_pss_verify::TestSet::load(name).expect("vectors").test_groups {
            for test in group.tests {
                let what = format!("{name:?} {}: {}", test.tc_id, test.comment);
                judged.judge(&algorithm, &group.der, &test.msg, &test.sig, test.result, &what);
            }
        }
    }
    judged.are_many();
}

#[test]
fn ml_dsa_is_judged_as_wycheproof_does() {
    let mut judged = Judged::default();
    for (name, oid) in [
        (MlDsa::MlDsa44Verify, known::ML_DSA_44),
        (MlDsa::MlDsa65Verify, known::ML_DSA_65),
        (MlDsa::MlDsa87Verify, known::ML_DSA_87),
    ] {
        let algorithm = identifier(oid, &[]);
        for group in mldsa_verify::TestSet::load(name).expect("vectors").test_groups {
            for test in group.tests {
                // Certificates have no context (RFC 9881 section 3); keys of another length are not even one.
                let has_context = test.ctx.as_ref().is_some_and(|context| !context.is_empty());
                if has_context || SubjectPublicKeyInfo::parse(&group.der).is_err() {
                    continue;
                }
                let what = format!("{name:?} {}: {}", test.tc_id, test.comment);
                judged.judge(&algorithm, &group.der, &test.msg, &test.sig, test.result, &what);
            }
        }
    }
    judged.are_many();
}

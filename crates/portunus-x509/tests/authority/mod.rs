//! Makes hierarchies for tests.
#![allow(dead_code, reason = "each test program uses its own part of this")]

pub(crate) mod der;
pub(crate) mod lists;
pub(crate) mod responses;

use portunus_x509::{Anchors, Policy, Purpose, Refusal, ServerName, UnixTime, VerifiedPath, verify};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};

/// 2026-01-01T12:00:00Z: certificates of these tests are valid from 2025 to 2027 unless a test says otherwise.
pub(crate) const NOW: UnixTime = UnixTime(1_767_268_800);

/// An authority with its key and a certificate for it.
pub(crate) struct Authority {
    pub(crate) params: CertificateParams,
    pub(crate) key: KeyPair,
    pub(crate) der: Vec<u8>,
}

impl Authority {
    pub(crate) fn root(name: &str) -> Self {
        Self::root_with(name, |_| {})
    }

    pub(crate) fn root_with(name: &str, change: impl FnOnce(&mut CertificateParams)) -> Self {
        Self::root_of(KeyPair::generate().expect("a key"), name, change)
    }

    pub(crate) fn root_of(key: KeyPair, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Self {
        let mut params = authority_params(name);
        change(&mut params);
        let der = params.self_signed(&key).expect("a root").der().to_vec();
        Self { params, key, der }
    }

    pub(crate) fn below(&self, name: &str) -> Self {
        self.below_with(name, |_| {})
    }

    pub(crate) fn below_with(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Self {
        let mut params = authority_params(name);
        change(&mut params);
        let key = KeyPair::generate().expect("a key");
        let der = self.sign(&params, &key);
        Self { params, key, der }
    }

    /// Another certificate for another authority.
    pub(crate) fn cross_sign(&self, other: &Authority, change: impl FnOnce(&mut CertificateParams)) -> Vec<u8> {
        let mut params = other.params.clone();
        change(&mut params);
        self.sign(&params, &other.key)
    }

    pub(crate) fn leaf(&self, names: &[&str]) -> Vec<u8> {
        self.leaf_with(names, |_| {})
    }

    pub(crate) fn leaf_with(&self, names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Vec<u8> {
        self.leaf_of(&KeyPair::generate().expect("a key"), names, change)
    }

    pub(crate) fn leaf_of(
        &self,
        key: &KeyPair,
        names: &[&str],
        change: impl FnOnce(&mut CertificateParams),
    ) -> Vec<u8> {
        let mut params = leaf_params(names);
        change(&mut params);
        self.sign(&params, key)
    }

    pub(crate) fn sign(&self, params: &CertificateParams, key: &KeyPair) -> Vec<u8> {
        let issuer = Issuer::from_params(&self.params, &self.key);
        params.signed_by(key, &issuer).expect("a certificate").der().to_vec()
    }
}

pub(crate) fn name(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    name
}

fn authority_params(common_name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).expect("no names");
    params.distinguished_name = name(common_name);
    params.not_before = date_time_ymd(2025, 1, 1);
    params.not_after = date_time_ymd(2027, 1, 1);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.use_authority_key_identifier_extension = true;
    params
}

pub(crate) fn leaf_params(names: &[&str]) -> CertificateParams {
    let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    let common_name = names.first().cloned().unwrap_or_default();
    let mut params = CertificateParams::new(names).expect("names");
    params.distinguished_name = name(&common_name);
    params.not_before = date_time_ymd(2025, 1, 1);
    params.not_after = date_time_ymd(2027, 1, 1);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    params
}

pub(crate) fn trusting(roots: &[&[u8]]) -> Anchors {
    let mut anchors = Anchors::new();
    roots.iter().for_each(|root| anchors.add_der(root).expect("a root"));
    anchors
}

/// Verifies a server's chain for a name at [`NOW`].
pub(crate) fn check(chain: &[&[u8]], roots: &[&[u8]], name: &str, policy: &Policy) -> Result<VerifiedPath, Refusal> {
    let name = ServerName::parse(name).expect("a name");
    verify(chain, &trusting(roots), Purpose::TlsServer, Some(&name), NOW, policy)
}

/// As [`check`] with the strict profile: the code of the refusal, or nothing.
pub(crate) fn refused(chain: &[&[u8]], roots: &[&[u8]], name: &str) -> Option<&'static str> {
    check(chain, roots, name, &Policy::rfc5280())
        .err()
        .map(|refusal| refusal.code())
}

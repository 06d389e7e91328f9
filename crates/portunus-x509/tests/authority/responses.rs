//! Makes responses of OCSP for tests.

use super::Authority;
use super::der::{element, extension_of, sequence};
use aws_lc_rs::digest;
use portunus_x509::Certificate;
use rcgen::{KeyPair, PublicKeyData, SigningKey};

pub(crate) const NONCE: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 0x30, 1, 2];

/// A response before it is signed: of 2026-01-01T00:00:00Z, until 2026-01-08T00:00:00Z, by the issuer and by its name.
pub(crate) struct Response {
    pub(crate) this_update: &'static str,
    pub(crate) next_update: Option<&'static str>,
    pub(crate) by_key: bool,
    pub(crate) hash: Hash,
    pub(crate) answers: Vec<(Vec<u8>, Vec<u8>)>,
    pub(crate) extensions: Vec<Vec<u8>>,
}

/// How a response names the issuer.
#[derive(Clone, Copy)]
pub(crate) enum Hash {
    Sha1,
    Sha256,
    /// Something else.
    Md5,
}

pub(crate) const GOOD: &[u8] = &[0x80, 0];
pub(crate) const UNKNOWN: &[u8] = &[0x82, 0];

/// Since 2025-12-01, for keyCompromise.
pub(crate) fn revoked() -> Vec<u8> {
    let since = element(0x18, b"20251201000000Z");
    element(0xa1, &[since, element(0xa0, &[0x0a, 1, 1])].concat())
}

impl Response {
    pub(crate) fn on(certificate: &[u8], status: &[u8]) -> Self {
        Self {
            this_update: "20260101000000Z",
            next_update: Some("20260108000000Z"),
            by_key: false,
            hash: Hash::Sha1,
            answers: vec![(certificate.to_vec(), status.to_vec())],
            extensions: Vec::new(),
        }
    }

    pub(crate) fn and(mut self, certificate: &[u8], status: &[u8]) -> Self {
        self.answers.push((certificate.to_vec(), status.to_vec()));
        self
    }

    pub(crate) fn with(mut self, oid: &[u8], critical: bool, value: &[u8]) -> Self {
        self.extensions.push(extension_of(oid, critical, value));
        self
    }

    /// By the issuer itself.
    pub(crate) fn signed_by(self, issuer: &Authority) -> Vec<u8> {
        self.signed(issuer, &issuer.der, &issuer.key, &[])
    }

    /// By somebody whose certificate comes with it.
    pub(crate) fn delegated(self, issuer: &Authority, responder: &[u8], key: &KeyPair) -> Vec<u8> {
        self.signed(issuer, responder, key, &[responder])
    }

    pub(crate) fn signed(self, issuer: &Authority, responder: &[u8], key: &KeyPair, certificates: &[&[u8]]) -> Vec<u8> {
        let digest = |algorithm, bytes: &[u8]| digest::digest(algorithm, bytes).as_ref().to_vec();
        let sha1 = |bytes: &[u8]| digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, bytes);
        let algorithm: &[u8] = match self.hash {
            Hash::Sha1 => &[0x2b, 0x0e, 3, 2, 0x1a],
            Hash::Sha256 => &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1],
            Hash::Md5 => &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2, 5],
        };
        let hash = |bytes: &[u8]| match self.hash {
            Hash::Sha1 => sha1(bytes),
            Hash::Sha256 => digest(&digest::SHA256, bytes),
            Hash::Md5 => vec![0; 16],
        };
        let responder = Certificate::parse(responder).expect("a certificate");
        let issuer_name = Certificate::parse(&issuer.der).expect("a certificate").subject();
        let singles: Vec<_> = self
            .answers
            .iter()
            .map(|(certificate, status)| {
                let certificate = Certificate::parse(certificate).expect("a certificate");
                let id = sequence(&[
                    sequence(&[element(6, algorithm), vec![5, 0]]),
                    element(4, &hash(issuer_name.der())),
                    element(4, &hash(issuer.key.der_bytes())),
                    element(2, certificate.serial()),
                ]);
                let next = self
                    .next_update
                    .map(|time| element(0xa0, &element(0x18, time.as_bytes())));
                sequence(&[
                    id,
                    status.clone(),
                    element(0x18, self.this_update.as_bytes()),
                    next.unwrap_or_default(),
                ])
            })
            .collect();
        let id = if self.by_key {
            element(0xa2, &element(4, &sha1(key.der_bytes())))
        } else {
            element(0xa1, responder.subject().der())
        };
        let extensions = match self.extensions.as_slice() {
            [] => Vec::new(),
            extensions => element(0xa1, &sequence(extensions)),
        };
        let tbs = sequence(&[
            id,
            element(0x18, self.this_update.as_bytes()),
            sequence(&singles),
            extensions,
        ]);
        let signature = key.sign(&tbs).expect("a signature");
        let certificates: Vec<_> = certificates.iter().map(|der| der.to_vec()).collect();
        let certificates = if certificates.is_empty() {
            Vec::new()
        } else {
            element(0xa0, &sequence(&certificates))
        };
        let basic = sequence(&[
            tbs,
            // ecdsa-with-SHA256
            sequence(&[vec![6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2]]),
            element(3, &[&[0][..], &signature].concat()),
            certificates,
        ]);
        let bytes = sequence(&[element(6, &[0x2b, 6, 1, 5, 5, 7, 0x30, 1, 1]), element(4, &basic)]);
        sequence(&[vec![0x0a, 1, 0], element(0xa0, &bytes)])
    }
}

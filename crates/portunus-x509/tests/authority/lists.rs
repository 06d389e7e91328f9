//! Makes revocation lists for tests.

use super::Authority;
use super::der::{element, extension, sequence};
use portunus_x509::Certificate;
use rcgen::SigningKey;

/// A list before it is signed: of 2026-01-01T00:00:00Z, and of number 10, until 2026-02-01T00:00:00Z.
pub(crate) struct List {
    pub(crate) this_update: &'static str,
    pub(crate) next_update: Option<&'static str>,
    pub(crate) number: Option<u8>,
    pub(crate) entries: Vec<Vec<u8>>,
    pub(crate) extensions: Vec<Vec<u8>>,
}

impl List {
    pub(crate) fn new() -> Self {
        Self {
            this_update: "260101000000Z",
            next_update: Some("260201000000Z"),
            number: Some(10),
            entries: Vec::new(),
            extensions: Vec::new(),
        }
    }

    /// Says that a certificate was revoked on 2025-12-01 for keyCompromise.
    pub(crate) fn revoking(self, certificate: &[u8]) -> Self {
        self.revoking_for(certificate, 1, &[])
    }

    pub(crate) fn revoking_for(mut self, certificate: &[u8], reason: u8, extensions: &[Vec<u8>]) -> Self {
        let certificate = Certificate::parse(certificate).expect("a certificate");
        let mut all = vec![extension(21, false, &[0x0a, 1, reason])];
        all.extend_from_slice(extensions);
        self.entries.push(sequence(&[
            element(2, certificate.serial()),
            element(0x17, b"251201000000Z"),
            sequence(&all),
        ]));
        self
    }

    pub(crate) fn with(mut self, arc: u8, critical: bool, value: &[u8]) -> Self {
        self.extensions.push(extension(arc, critical, value));
        self
    }

    /// An issuing distribution point with these fields.
    pub(crate) fn of_point(self, fields: &[Vec<u8>]) -> Self {
        self.with(28, true, &sequence(fields))
    }

    /// Changes since the list of this number.
    pub(crate) fn since(self, base: u8) -> Self {
        self.with(27, true, &[2, 1, base])
    }

    pub(crate) fn signed_by(self, authority: &Authority) -> Vec<u8> {
        let certificate = Certificate::parse(&authority.der).expect("a certificate");
        let identifier = certificate.subject_key_identifier().expect("readable").expect("one");
        let mut extensions = vec![extension(35, false, &sequence(&[element(0x80, identifier)]))];
        extensions.extend(self.number.map(|number| extension(20, false, &[2, 1, number])));
        extensions.extend(self.extensions);
        // ecdsa-with-SHA256
        let algorithm = sequence(&[vec![6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2]]);
        let entries = if self.entries.is_empty() {
            Vec::new()
        } else {
            sequence(&self.entries)
        };
        let tbs = sequence(&[
            vec![2, 1, 1],
            algorithm.clone(),
            certificate.subject().der().to_vec(),
            element(0x17, self.this_update.as_bytes()),
            self.next_update
                .map_or_else(Vec::new, |time| element(0x17, time.as_bytes())),
            entries,
            element(0xa0, &sequence(&extensions)),
        ]);
        let signature = authority.key.sign(&tbs).expect("a signature");
        sequence(&[tbs, algorithm, element(3, &[&[0][..], &signature].concat())])
    }
}

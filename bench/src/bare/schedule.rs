//! Hashes, secrets and MACs (RFC 9846 section 7.1).

use aws_lc_rs::digest::{self, Digest, SHA256, digest};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Prk};
use aws_lc_rs::hmac::{self, HMAC_SHA256};

use super::BareConfig;
use super::record::Direction;

pub(super) const HASH: usize = 32;

pub(super) type Secret = [u8; HASH];

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

pub(super) fn extract(salt: &[u8], input: &[u8]) -> Secret {
    let tag = hmac::sign(&hmac::Key::new(HMAC_SHA256, salt), input);
    tag.as_ref().try_into().expect("a hash's length")
}

pub(super) fn expand(prk: &Prk, label: &[u8], context: &[u8], out: &mut [u8]) {
    let info = [&[0, 32, 12][..], b"tls13 ", label, &[32], context];
    let key = prk.expand(&info, Length(out.len())).expect("a length");
    key.fill(out).expect("a length");
}

pub(super) fn secret(prk: &Prk, label: &[u8], context: &[u8]) -> Secret {
    let mut out = [0; HASH];
    expand(prk, label, context, &mut out);
    out
}

pub(super) fn verify_data(traffic_secret: &Secret, transcript: &Digest) -> hmac::Tag {
    let finished_key = secret(&Prk::new_less_safe(HKDF_SHA256, traffic_secret), b"finished", b"");
    hmac::sign(&hmac::Key::new(HMAC_SHA256, &finished_key), transcript.as_ref())
}

/// What the handshake stage gives.
pub(super) struct HandshakeStage {
    pub(super) client: Secret,
    pub(super) server: Secret,
    main: Prk,
}

impl HandshakeStage {
    pub(super) fn new(derived: &Secret, shared: &[u8], hellos: &Digest) -> Self {
        let handshake = Prk::new_less_safe(HKDF_SHA256, &extract(derived, shared));
        let salt = secret(&handshake, b"derived", digest(&SHA256, b"").as_ref());
        Self {
            client: secret(&handshake, b"c hs traffic", hellos.as_ref()),
            server: secret(&handshake, b"s hs traffic", hellos.as_ref()),
            main: Prk::new_less_safe(HKDF_SHA256, &extract(&salt, &[0; HASH])),
        }
    }

    /// The keys of the application's data, the client's first, and the exporter's secret.
    pub(super) fn application(&self, config: &BareConfig, transcript: &Digest) -> ([Direction; 2], Secret) {
        let directions = [b"c ap traffic", b"s ap traffic"]
            .map(|label| Direction::new(config, &secret(&self.main, label, transcript.as_ref())));
        (directions, secret(&self.main, b"exp master", transcript.as_ref()))
    }

    /// The pre-shared key of a ticket.
    pub(super) fn ticket_psk(&self, transcript: &Digest) -> Secret {
        let resumption = secret(&self.main, b"res master", transcript.as_ref());
        secret(&Prk::new_less_safe(HKDF_SHA256, &resumption), b"resumption", &[0])
    }
}

pub(super) fn hash_so_far(transcript: &digest::Context) -> Digest {
    transcript.clone().finish()
}

/// What a CertificateVerify signs (RFC 9846 section 4.5.2).
pub(super) fn proven(transcript: &digest::Context) -> Digest {
    let mut content = [0x20; 64 + 34 + HASH];
    content[64 + 34..].copy_from_slice(hash_so_far(transcript).as_ref());
    digest(&SHA256, &content)
}

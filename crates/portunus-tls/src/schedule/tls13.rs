//! The key schedule of TLS 1.3: RFC 9846 section 7.1's diagram, from top to bottom.
//!
//! ```text
//! PSK ------> Early Secret     -> binder_key, client_early_traffic_secret, early_exporter_secret
//! (EC)DHE --> Handshake Secret -> client_, server_handshake_traffic_secret
//! 0 --------> Main Secret      -> client_, server_application_traffic_secret_0, exporter_secret, resumption_secret
//! ```

use std::sync::OnceLock;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use zeroize::Zeroizing;

use crate::crypto::CryptoFailed;
use crate::crypto::aead::RecordKey;
use crate::crypto::hash::{Digest, HashAlgorithm};
use crate::crypto::hkdf::{Expander, extract, hmac_sign};
use crate::crypto::secret::Secret;
use crate::crypto::suite::Suite;
use crate::error::PeerFault;
use crate::record::protection::Protection;

/// `Derive-Secret(., "derived", "")`: what the next extraction is salted with.
fn salt(hash: HashAlgorithm, secret: &Secret) -> Result<hmac::Key, CryptoFailed> {
    let derived = Expander::new(hash, secret).secret(b"derived", hash.of_nothing())?;
    Ok(hmac::Key::new(hash.hmac(), derived.as_ref()))
}

/// Without a pre-shared key the Early Secret is a constant of the hash, and so is this: made once. No secret goes into it.
fn salt_without_psk(hash: HashAlgorithm) -> Result<&'static hmac::Key, CryptoFailed> {
    static SHA256: OnceLock<hmac::Key> = OnceLock::new();
    static SHA384: OnceLock<hmac::Key> = OnceLock::new();
    let known = match hash {
        HashAlgorithm::Sha256 => &SHA256,
        HashAlgorithm::Sha384 => &SHA384,
    };
    match known.get() {
        // A recorded handshake looks at how it comes about.
        Some(key) if !cfg!(test) => Ok(key),
        _ => {
            let key = salt(hash, &EarlySecret::new(hash, zeros(hash)?)?.secret)?;
            Ok(known.get_or_init(|| key))
        }
    }
}

fn zeros(hash: HashAlgorithm) -> Result<&'static [u8], CryptoFailed> {
    const ZEROS: [u8; 64] = [0; 64];
    ZEROS.get(..hash.length()).ok_or(CryptoFailed)
}

/// The first stage, of a pre-shared key.
pub(crate) struct EarlySecret {
    hash: HashAlgorithm,
    secret: Secret,
}

impl EarlySecret {
    pub(crate) fn new(hash: HashAlgorithm, psk: &[u8]) -> Result<Self, CryptoFailed> {
        let secret = extract(&hmac::Key::new(hash.hmac(), zeros(hash)?), psk)?;
        Ok(Self { hash, secret })
    }

    /// The `PskBinderEntry` of a resumption key over the hash of the truncated ClientHello (RFC 9846 section 4.3.11.2).
    pub(crate) fn resumption_binder(&self, truncated_hello: &Digest) -> Result<Binder, CryptoFailed> {
        let binder_key = Expander::new(self.hash, &self.secret).secret(b"res binder", self.hash.of_nothing())?;
        TrafficSecret::new(self.hash, binder_key).verify_data(truncated_hello)
    }

    /// `client_early_traffic_secret` and `early_exporter_secret` over the ClientHello.
    pub(crate) fn early_data_secrets(&self, hello: &Digest) -> Result<(TrafficSecret, Secret), CryptoFailed> {
        let expander = Expander::new(self.hash, &self.secret);
        Ok((
            TrafficSecret::new(self.hash, expander.secret(b"c e traffic", hello.as_ref())?),
            expander.secret(b"e exp master", hello.as_ref())?,
        ))
    }
}

/// A binder is made as a Finished is.
pub(crate) type Binder = VerifyData;

/// The second stage: the key exchange's shared secret is in.
pub(crate) struct HandshakeSecret {
    hash: HashAlgorithm,
    secret: Secret,
}

impl HandshakeSecret {
    /// Of the first stage, if there is a pre-shared key, and the shared secret of the key exchange.
    pub(crate) fn new(
        hash: HashAlgorithm,
        early_secret: Option<EarlySecret>,
        shared_secret: &Secret,
    ) -> Result<Self, CryptoFailed> {
        let secret = match early_secret {
            Some(early_secret) => extract(&salt(hash, &early_secret.secret)?, shared_secret.as_ref())?,
            None => extract(salt_without_psk(hash)?, shared_secret.as_ref())?,
        };
        Ok(Self { hash, secret })
    }

    /// `client_handshake_traffic_secret` and `server_handshake_traffic_secret` over ClientHello...ServerHello.
    pub(crate) fn traffic_secrets(&self, hellos: &Digest) -> Result<(TrafficSecret, TrafficSecret), CryptoFailed> {
        let expander = Expander::new(self.hash, &self.secret);
        Ok((
            TrafficSecret::new(self.hash, expander.secret(b"c hs traffic", hellos.as_ref())?),
            TrafficSecret::new(self.hash, expander.secret(b"s hs traffic", hellos.as_ref())?),
        ))
    }

    /// The last stage.
    pub(crate) fn into_main(self) -> Result<MainSecret, CryptoFailed> {
        Ok(MainSecret {
            hash: self.hash,
            secret: extract(&salt(self.hash, &self.secret)?, zeros(self.hash)?)?,
        })
    }
}

/// The last stage: all that the connection lives on comes from it.
pub(crate) struct MainSecret {
    hash: HashAlgorithm,
    secret: Secret,
}

/// What the main secret gives once the server's Finished is in the transcript.
pub(crate) struct ApplicationSecrets {
    pub(crate) client: TrafficSecret,
    pub(crate) server: TrafficSecret,
    pub(crate) exporter: Secret,
}

impl MainSecret {
    /// `client_`, `server_application_traffic_secret_0` and `exporter_secret` over ClientHello...server Finished.
    pub(crate) fn application_secrets(&self, transcript: &Digest) -> Result<ApplicationSecrets, CryptoFailed> {
        let expander = Expander::new(self.hash, &self.secret);
        Ok(ApplicationSecrets {
            client: TrafficSecret::new(self.hash, expander.secret(b"c ap traffic", transcript.as_ref())?),
            server: TrafficSecret::new(self.hash, expander.secret(b"s ap traffic", transcript.as_ref())?),
            exporter: expander.secret(b"exp master", transcript.as_ref())?,
        })
    }

    /// `resumption_secret` over ClientHello...client Finished.
    pub(crate) fn resumption_secret(&self, transcript: &Digest) -> Result<Secret, CryptoFailed> {
        Expander::new(self.hash, &self.secret).secret(b"res master", transcript.as_ref())
    }
}

/// A secret that protects one direction of traffic, or a binder.
pub(crate) struct TrafficSecret {
    hash: HashAlgorithm,
    secret: Secret,
}

impl TrafficSecret {
    fn new(hash: HashAlgorithm, secret: Secret) -> Self {
        Self { hash, secret }
    }

    /// Puts record protection with the write key and IV (RFC 9846 section 7.3) into `place`.
    pub(crate) fn protection(&self, suite: Suite, place: &mut Option<Protection>) -> Result<(), CryptoFailed> {
        let expander = Expander::new(self.hash, &self.secret);
        let mut key = Zeroizing::new([0; 32]);
        let (key, _) = key.split_at_mut_checked(suite.aead.key_length()).ok_or(CryptoFailed)?;
        expander.expand_label(b"key", b"", key)?;
        let key = Protection::Tls13(RecordKey::new(suite.aead, key)?);
        key.install(place, |iv| expander.expand_label(b"iv", b"", iv))
    }

    /// The `verify_data` of a Finished over the transcript so far (RFC 9846 section 4.5.3).
    pub(crate) fn verify_data(&self, transcript: &Digest) -> Result<VerifyData, CryptoFailed> {
        let finished_key = Expander::new(self.hash, &self.secret).secret(b"finished", b"")?;
        Ok(VerifyData(hmac_sign(self.hash, &finished_key, transcript.as_ref())))
    }

    /// `application_traffic_secret_N+1` (RFC 9846 section 7.2).
    pub(crate) fn next(&self) -> Result<Self, CryptoFailed> {
        Ok(Self::new(
            self.hash,
            Expander::new(self.hash, &self.secret).secret(b"traffic upd", b"")?,
        ))
    }

    /// The secret for a key log, which is the only way out.
    pub(crate) fn expose(&self) -> &[u8] {
        self.secret.as_ref()
    }
}

/// A MAC over the transcript.
pub(crate) struct VerifyData(hmac::Tag);

impl VerifyData {
    /// What a Finished must hold.
    pub(crate) fn check(&self, received: &[u8]) -> Result<(), PeerFault> {
        if received.len() != self.as_ref().len() {
            return Err(PeerFault::FinishedLength);
        }
        if !self.matches(received) {
            return Err(PeerFault::BadFinished);
        }
        Ok(())
    }

    /// Compares in constant time.
    pub(crate) fn matches(&self, received: &[u8]) -> bool {
        verify_slices_are_equal(self.0.as_ref(), received).is_ok()
    }
}

impl AsRef<[u8]> for VerifyData {
    fn as_ref(&self) -> &[u8] {
        self.0.as_ref()
    }
}

/// The pre-shared key that a ticket stands for (RFC 9846 section 4.7.1).
pub(crate) fn ticket_psk(
    hash: HashAlgorithm,
    resumption_secret: &Secret,
    nonce: &[u8],
) -> Result<Secret, CryptoFailed> {
    Expander::new(hash, resumption_secret).secret(b"resumption", nonce)
}

/// Keying material for the application (RFC 9846 section 7.5).
pub(crate) fn export(
    hash: HashAlgorithm,
    exporter_secret: &Secret,
    label: &[u8],
    context: &[u8],
    out: &mut [u8],
) -> Result<(), CryptoFailed> {
    let secret = Expander::new(hash, exporter_secret).secret(label, hash.of_nothing())?;
    Expander::new(hash, &secret).expand_label(b"exporter", hash.of(context).as_ref(), out)
}

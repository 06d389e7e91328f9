//! Certificates of ours, and which of them was chosen.

use std::sync::{Arc, Mutex, PoisonError};

use portunus_tls::wire::{
    AlertDescription, CertificateRequest, ClientHello, DistinguishedName, Sequence, SignatureScheme,
};
use portunus_tls::{
    ChoiceFailed, ChooseClientIdentity, ChooseIdentity, Decision, Decrypt, DecryptingFailed, Identities, Identity,
    LocalKey, Sign, SigningFailed,
};
use portunus_x509::{DnsName, pem};

use crate::flags::{Credential, Settings};
use crate::later::later;
use crate::stop::Stop;

/// The number that the runner has for the credential that was there from the start.
const DEFAULT: i64 = -1;
/// PKCS#1 in TLS 1.3, for keys that have nothing else.
const LEGACY: [SignatureScheme; 3] = [
    SignatureScheme::RSA_PKCS1_SHA256_LEGACY,
    SignatureScheme::RSA_PKCS1_SHA384_LEGACY,
    SignatureScheme::RSA_PKCS1_SHA512_LEGACY,
];

/// All identities of a connection, the preferred first.
pub(crate) struct Credentials {
    identities: Identities,
    numbered: Vec<Numbered>,
    /// What is chosen where nothing may be shown.
    mute: Arc<Identity>,
    /// Whether a client's choice is the application's own: the first, whatever the server asks for.
    own_choice: bool,
    slow: bool,
    /// The application fails when it is asked what to staple.
    fails: bool,
    chosen: Mutex<Option<i64>>,
}

struct Numbered {
    number: i64,
    identity: Arc<Identity>,
    must_match_issuer: bool,
    schemes: Vec<SignatureScheme>,
    session_context: Vec<u8>,
}

impl Numbered {
    fn may_be_shown(&self, authorities: Option<Sequence<'_, DistinguishedName<'_>>>) -> bool {
        !self.must_match_issuer || authorities.is_some_and(|authorities| self.identity.is_from(authorities))
    }
}

impl Credentials {
    /// `None` when there is not one.
    pub(crate) fn read(settings: &Settings) -> Result<Option<Self>, Stop> {
        let mut numbered = Vec::new();
        let default = Some(&settings.default_credential).filter(|credential| credential.chain.is_some());
        let all = (0..)
            .zip(&settings.credentials)
            .chain(default.map(|credential| (DEFAULT, credential)));
        for (number, credential) in all {
            let (identity, schemes) = identity(credential, settings)?;
            let identity = Arc::new(identity);
            numbered.push(Numbered {
                number,
                must_match_issuer: credential.must_match_issuer,
                session_context: credential.session_context.clone(),
                schemes,
                identity,
            });
        }
        let Some(first) = numbered.first() else {
            return Ok(None);
        };
        let mute = Arc::new(Mute);
        let mute = Identity::with_signer(first.identity.chain().to_vec(), mute);
        let mute = mute.map_err(|error| Stop::Failed(error.to_string()))?;
        Ok(Some(Self {
            identities: Identities::new(numbered.iter().map(|known| known.identity.clone()).collect()),
            mute: Arc::new(mute),
            numbered,
            own_choice: settings.own_client_choice,
            fails: settings.server && settings.own_ocsp_choice && settings.fails_ocsp,
            slow: settings.slow,
            chosen: Mutex::new(None),
        }))
    }

    /// The number of the credential that was chosen last.
    pub(crate) fn chosen(&self) -> Option<i64> {
        *self.chosen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a credential that was added has a context of sessions of its own.
    pub(crate) fn have_contexts(&self) -> bool {
        let mut added = self.numbered.iter().filter(|known| known.number != DEFAULT);
        added.any(|known| !known.session_context.is_empty())
    }

    /// The context of the credential that this client would get in a full handshake, if it has one.
    pub(crate) async fn context_for(&self, hello: &ClientHello<'_>, host: Option<&DnsName>) -> Option<&[u8]> {
        let chosen = ChooseIdentity::choose(&self.identities, hello, host).await.ok()??;
        let mut all = self.numbered.iter();
        let known = all.find(|known| Arc::ptr_eq(&known.identity, &chosen))?;
        Some(known.session_context.as_slice()).filter(|context| !context.is_empty())
    }

    fn note(&self, identity: Option<Arc<Identity>>) -> Option<Arc<Identity>> {
        let number = identity.as_ref().and_then(|chosen| {
            let mut all = self.numbered.iter();
            all.find(|known| Arc::ptr_eq(&known.identity, chosen))
                .map(|known| known.number)
        });
        *self.chosen.lock().unwrap_or_else(PoisonError::into_inner) = number;
        identity
    }

    /// The runner expects one that has credentials to fail where none may be shown, not to do without or to show another.
    fn shown_or_none(&self, chosen: Option<&Numbered>) -> Arc<Identity> {
        chosen.map_or(&self.mute, |known| &known.identity).clone()
    }

    fn decide<'a>(
        &'a self,
        choice: Decision<'a, Result<Option<Arc<Identity>>, ChoiceFailed>>,
    ) -> Decision<'a, Result<Option<Arc<Identity>>, ChoiceFailed>> {
        let noted = Decision::later(async move { Ok(self.note(choice.await?)) });
        if self.slow { later(noted) } else { noted }
    }
}

impl ChooseIdentity for Credentials {
    fn choose<'a>(
        &'a self,
        hello: &'a ClientHello<'_>,
        host: Option<&'a DnsName>,
    ) -> Decision<'a, Result<Option<Arc<Identity>>, ChoiceFailed>> {
        if self.fails {
            return self.decide(Decision::ready(Ok(None)));
        }
        if self.numbered.iter().all(|known| !known.must_match_issuer) {
            return self.decide(ChooseIdentity::choose(&self.identities, hello, host));
        }
        let schemes = hello.extensions.signature_algorithms;
        let chosen = self.numbered.iter().find(|known| {
            let signs = |scheme| schemes.is_some_and(|schemes| schemes.contains(scheme));
            known.may_be_shown(hello.extensions.certificate_authorities) && known.schemes.iter().any(signs)
        });
        self.decide(Decision::ready(Ok(Some(self.shown_or_none(chosen)))))
    }
}

impl ChooseClientIdentity for Credentials {
    fn choose<'a>(
        &'a self,
        request: &'a CertificateRequest<'_>,
    ) -> Decision<'a, Result<Option<Arc<Identity>>, ChoiceFailed>> {
        if self.own_choice {
            let first = self.numbered.first();
            return self.decide(Decision::ready(Ok(first.map(|known| known.identity.clone()))));
        }
        let schemes = request.signature_algorithms;
        let chosen = self.numbered.iter().find(|known| {
            let signs = |scheme| schemes.is_some_and(|schemes| schemes.contains(scheme));
            known.may_be_shown(request.certificate_authorities) && known.schemes.iter().any(signs)
        });
        self.decide(Decision::ready(Ok(Some(self.shown_or_none(chosen)))))
    }
}

/// An application that cannot choose what to show.
pub(crate) struct Failing {
    failed: ChoiceFailed,
    slow: bool,
}

impl Failing {
    pub(crate) fn of(settings: &Settings) -> Self {
        let mut failed = ChoiceFailed::internal("-fail-cert-callback");
        if let Some(alert) = settings.choice_alert {
            failed.alert = AlertDescription(alert);
        }
        Self {
            failed,
            slow: settings.slow,
        }
    }

    fn answer(&self) -> Decision<'_, Result<Option<Arc<Identity>>, ChoiceFailed>> {
        let answer = Decision::ready(Err(self.failed.clone()));
        if self.slow { later(answer) } else { answer }
    }
}

impl ChooseIdentity for Failing {
    fn choose<'a>(
        &'a self,
        _: &'a ClientHello<'_>,
        _: Option<&'a DnsName>,
    ) -> Decision<'a, Result<Option<Arc<Identity>>, ChoiceFailed>> {
        self.answer()
    }
}

impl ChooseClientIdentity for Failing {
    fn choose<'a>(
        &'a self,
        _: &'a CertificateRequest<'_>,
    ) -> Decision<'a, Result<Option<Arc<Identity>>, ChoiceFailed>> {
        self.answer()
    }
}

/// The identity, and the schemes that it may sign with.
fn identity(credential: &Credential, settings: &Settings) -> Result<(Identity, Vec<SignatureScheme>), Stop> {
    let (Some(chain), Some(path)) = (&credential.chain, &credential.key) else {
        return Stop::failed("a credential lacks its chain or its key");
    };
    let chain = chain_of(chain)?;
    let unusable = |error: &dyn std::fmt::Display| Stop::Failed(format!("{}: {error}", path.display()));
    let key = pem::private_key(std::fs::read(path)?).map_err(|error| unusable(&error))?;
    // A kind of key that the engine has not.
    let key = LocalKey::from_der(&key.der).map_err(|error| Stop::NotImplemented(error.to_string()))?;
    if credential
        .schemes
        .iter()
        .any(|scheme| LEGACY.contains(&SignatureScheme(*scheme)))
    {
        return Stop::not_implemented("PKCS#1 in TLS 1.3");
    }
    let slow = settings.slow;
    let schemes = if credential.schemes.is_empty() {
        key.schemes().to_vec()
    } else {
        credential
            .schemes
            .iter()
            .map(|scheme| SignatureScheme(*scheme))
            .collect()
    };
    let identity = if credential.schemes.is_empty() && !slow {
        Identity::new(chain, key)
    } else {
        let schemes = schemes.clone();
        Identity::with_signer(chain, Arc::new(Signer { key, schemes, slow }))
    };
    let mut identity = identity.map_err(|error| unusable(&error))?;
    let staples = !settings.own_ocsp_choice || settings.staples_by_choice;
    if let Some(response) = credential
        .ocsp_response
        .as_ref()
        .filter(|_| staples && !settings.declines_ocsp)
    {
        identity = identity
            .with_ocsp_response(response)
            .map_err(|error| unusable(&error))?;
    }
    if let Some(list) = &credential.timestamps {
        let timed = identity.with_timestamps(list.clone());
        identity = timed.map_err(|error| Stop::Failed(format!(":Timestamps: {error}")))?;
    }
    Ok((identity, schemes))
}

/// The certificates of a file in DER.
pub(crate) fn chain_of(path: &std::path::Path) -> Result<Vec<Vec<u8>>, Stop> {
    let chain = pem::certificates(std::fs::read(path)?)
        .map_err(|error| Stop::Failed(format!("{}: {error}", path.display())))?;
    Ok(chain.into_iter().map(|(_, der)| der).collect())
}

/// A key that signs with some schemes alone, and may take its time.
struct Signer {
    key: LocalKey,
    schemes: Vec<SignatureScheme>,
    slow: bool,
}

impl Sign for Signer {
    fn schemes(&self) -> &[SignatureScheme] {
        &self.schemes
    }

    fn sign<'a>(&'a self, scheme: SignatureScheme, message: &'a [u8]) -> Decision<'a, Result<Vec<u8>, SigningFailed>> {
        let signature = self.key.sign(scheme, message);
        if self.slow { later(signature) } else { signature }
    }

    fn decryption(&self) -> Option<&dyn Decrypt> {
        self.key.decryption().map(|_| self as &dyn Decrypt)
    }
}

impl Decrypt for Signer {
    fn decrypt<'a>(&'a self, ciphertext: &'a [u8], block: &'a mut [u8]) -> Decision<'a, Result<(), DecryptingFailed>> {
        let decrypted = self.key.decrypt(ciphertext, block);
        if self.slow { later(decrypted) } else { decrypted }
    }
}

/// A key that signs nothing.
struct Mute;

impl Sign for Mute {
    fn schemes(&self) -> &[SignatureScheme] {
        &[]
    }

    fn sign<'a>(&'a self, _: SignatureScheme, _: &'a [u8]) -> Decision<'a, Result<Vec<u8>, SigningFailed>> {
        Decision::ready(Err(SigningFailed {
            reason: "no credential may be shown".to_owned(),
        }))
    }
}

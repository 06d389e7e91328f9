//! Certificates of ours, and which of them was chosen.

use std::sync::{Arc, Mutex, PoisonError};

use portunus_tls::wire::{CertificateRequest, ClientHello, SignatureScheme};
use portunus_tls::{
    ChooseClientIdentity, ChooseIdentity, Decision, Identities, Identity, LocalKey, Sign, SigningFailed,
};
use portunus_x509::{DnsName, pem};

use crate::flags::{Credential, Settings};
use crate::later::later;
use crate::stop::Stop;

/// The number that the runner has for the credential that was there from the start.
const DEFAULT: i64 = -1;

/// All identities of a connection, the preferred first.
pub(crate) struct Credentials {
    identities: Identities,
    numbered: Vec<(i64, Arc<Identity>)>,
    /// Whether a client's choice is the application's own: the first, whatever the server asks for.
    own_choice: bool,
    slow: bool,
    chosen: Mutex<Option<i64>>,
}

impl Credentials {
    /// `None` when there is not one.
    pub(crate) fn read(settings: &Settings) -> Result<Option<Self>, Stop> {
        let mut numbered = Vec::new();
        for (number, credential) in (0..).zip(&settings.credentials) {
            numbered.push((number, Arc::new(identity(credential, settings.slow)?)));
        }
        if settings.default_credential.chain.is_some() {
            numbered.push((
                DEFAULT,
                Arc::new(identity(&settings.default_credential, settings.slow)?),
            ));
        }
        if numbered.is_empty() {
            return Ok(None);
        }
        Ok(Some(Self {
            identities: Identities::new(numbered.iter().map(|(_, identity)| identity.clone()).collect()),
            numbered,
            own_choice: settings.own_client_choice,
            slow: settings.slow,
            chosen: Mutex::new(None),
        }))
    }

    /// The number of the credential that was chosen last.
    pub(crate) fn chosen(&self) -> Option<i64> {
        *self.chosen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, identity: Option<Arc<Identity>>) -> Option<Arc<Identity>> {
        let number = identity.as_ref().and_then(|chosen| {
            let mut all = self.numbered.iter();
            all.find(|(_, known)| Arc::ptr_eq(known, chosen))
                .map(|(number, _)| *number)
        });
        *self.chosen.lock().unwrap_or_else(PoisonError::into_inner) = number;
        identity
    }

    fn decide<'a>(&'a self, choice: Decision<'a, Option<Arc<Identity>>>) -> Decision<'a, Option<Arc<Identity>>> {
        let noted = Decision::later(async move { self.note(choice.await) });
        if self.slow { later(noted) } else { noted }
    }
}

impl ChooseIdentity for Credentials {
    fn choose<'a>(
        &'a self,
        hello: &'a ClientHello<'_>,
        host: Option<&'a DnsName>,
    ) -> Decision<'a, Option<Arc<Identity>>> {
        self.decide(ChooseIdentity::choose(&self.identities, hello, host))
    }
}

impl ChooseClientIdentity for Credentials {
    fn choose<'a>(&'a self, request: &'a CertificateRequest<'_>) -> Decision<'a, Option<Arc<Identity>>> {
        if self.own_choice {
            return self.decide(Decision::ready(
                self.numbered.first().map(|(_, identity)| identity.clone()),
            ));
        }
        self.decide(ChooseClientIdentity::choose(&self.identities, request))
    }
}

fn identity(credential: &Credential, slow: bool) -> Result<Identity, Stop> {
    let (Some(chain), Some(key)) = (&credential.chain, &credential.key) else {
        return Stop::failed("a credential lacks its chain or its key");
    };
    let chain = chain_of(chain)?;
    let unusable = |error: &dyn std::fmt::Display| Stop::Failed(format!("{}: {error}", key.display()));
    let key = pem::private_key(std::fs::read(key)?).map_err(|error| unusable(&error))?;
    // A kind of key that the engine has not.
    let key = LocalKey::from_der(&key.der).map_err(|error| Stop::NotImplemented(error.to_string()))?;
    if credential.schemes.is_empty() && !slow {
        return Identity::new(chain, key).map_err(|error| unusable(&error));
    }
    let key = Signer::new(key, &credential.schemes, slow)?;
    Identity::with_signer(chain, Arc::new(key)).map_err(|error| unusable(&error))
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

impl Signer {
    fn new(key: LocalKey, schemes: &[u16], slow: bool) -> Result<Self, Stop> {
        let schemes = if schemes.is_empty() {
            key.schemes().to_vec()
        } else {
            schemes.iter().map(|scheme| SignatureScheme(*scheme)).collect()
        };
        Ok(Self { key, schemes, slow })
    }
}

impl Sign for Signer {
    fn schemes(&self) -> &[SignatureScheme] {
        &self.schemes
    }

    fn sign<'a>(&'a self, scheme: SignatureScheme, message: &'a [u8]) -> Decision<'a, Result<Vec<u8>, SigningFailed>> {
        let signature = self.key.sign(scheme, message);
        if self.slow { later(signature) } else { signature }
    }
}

//! Judging the peer's certificates as the flags say.

use std::sync::{Arc, Mutex, PoisonError};

use portunus_tls::wire::AlertDescription;
use portunus_tls::{CertificateFault, Decision, PathVerifier, Presented, Verified, VerifyPeer};
use portunus_x509::{Anchors, Policy, pem};

use crate::flags::Settings;
use crate::later::later;
use crate::observe::Story;
use crate::stop::Stop;

/// What a verifier said last; a session that goes on keeps it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Verdict(Arc<Mutex<Option<bool>>>);

impl Verdict {
    fn put(&self, accepted: bool) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(accepted);
    }

    /// Whether the certificate was accepted; `None` where there was none to judge.
    pub(crate) fn get(&self) -> Option<bool> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The verifier of one connection.
pub(crate) struct Judge {
    /// The engine's own verifier; without one this is the application's.
    paths: Option<PathVerifier>,
    /// The application says no, whatever was shown: before early data was refused, and after.
    fail: [bool; 2],
    story: Arc<Story>,
    /// The verdict is noted and does not matter.
    lenient: bool,
    /// The application looks at what was stapled, and says no whatever that is.
    fails_ocsp: bool,
    slow: bool,
    verdict: Verdict,
}

impl Judge {
    pub(crate) fn new(
        settings: &Settings,
        retry: &Settings,
        story: Arc<Story>,
        verdict: Verdict,
    ) -> Result<Self, Stop> {
        let paths = if settings.custom_verify {
            None
        } else {
            let anchors = Arc::new(anchors(settings)?);
            Some(if settings.server {
                PathVerifier::clients(anchors, Policy::private())
            } else {
                PathVerifier::servers(anchors, Policy::private())
            })
        };
        Ok(Self {
            paths,
            fail: [settings.verify_fail, retry.verify_fail],
            story,
            lenient: !settings.verify_peer,
            fails_ocsp: settings.own_ocsp_choice && settings.fails_ocsp,
            slow: settings.slow,
            verdict,
        })
    }

    async fn judge(&self, presented: Presented<'_>) -> Result<Verified, CertificateFault> {
        // The runner's certificates name "test", and it does not say so: names are not under test here.
        let presented = Presented {
            name: None,
            ..presented
        };
        let [fail, fail_after] = self.fail;
        let fail = if self.story.has_refused_early_data() {
            fail_after
        } else {
            fail
        };
        let judged = match &self.paths {
            _ if fail => Err(CertificateFault::Application {
                alert: if self.paths.is_some() {
                    AlertDescription::HANDSHAKE_FAILURE
                } else {
                    AlertDescription::CERTIFICATE_UNKNOWN
                },
                reason: "-verify-fail".to_owned(),
            }),
            Some(paths) => paths.verify(presented).await,
            None => Ok(Verified::default()),
        };
        self.verdict.put(judged.is_ok());
        match judged {
            _ if self.fails_ocsp => Err(CertificateFault::Application {
                alert: AlertDescription::BAD_CERTIFICATE_STATUS_RESPONSE,
                reason: "-fail-ocsp-callback".to_owned(),
            }),
            Err(_) if self.lenient => Ok(Verified::default()),
            judged => judged,
        }
    }
}

impl VerifyPeer for Judge {
    fn verify<'a>(&'a self, presented: Presented<'a>) -> Decision<'a, Result<Verified, CertificateFault>> {
        let judged = Decision::later(self.judge(presented));
        if self.slow { later(judged) } else { judged }
    }

    fn trust(&self) -> [u8; 32] {
        self.paths.as_ref().map_or([1; 32], VerifyPeer::trust)
    }
}

fn anchors(settings: &Settings) -> Result<Anchors, Stop> {
    let mut anchors = Anchors::new();
    // An empty name stands for no root at all.
    if let Some(path) = settings.trust_cert.as_ref().filter(|path| !path.as_os_str().is_empty()) {
        let unusable = |error: &dyn std::fmt::Display| Stop::Failed(format!("{}: {error}", path.display()));
        for (_, der) in pem::certificates(std::fs::read(path)?).map_err(|error| unusable(&error))? {
            anchors.add_der(&der).map_err(|error| unusable(&error))?;
        }
    }
    Ok(anchors)
}

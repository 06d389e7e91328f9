//! A certificate that is renewed in time, also when the machine slept through that time.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use portunus_tls::wire::ClientHello;
use portunus_tls::{ChoiceFailed, ChooseIdentity, Decision, Identity};
use portunus_x509::{DnsName, UnixTime};

use crate::limits::RENEWAL_WAIT;

/// An identity, and when to look for the next one.
#[derive(Clone, Debug)]
pub struct Fresh {
    /// The certificate chain with its key.
    pub identity: Arc<Identity>,
    /// From when on the source should be asked again.
    pub renew_at: UnixTime,
}

/// Where identities come from. It may block.
type Source = dyn Fn(UnixTime) -> Result<Fresh, String> + Send + Sync;

/// The one identity of a server, taken anew from its source when its time has come.
///
/// No timer runs: each handshake looks at the clock, so that a machine that slept for a week shows a valid certificate
/// to the first visitor.
pub struct RenewedIdentity {
    source: Arc<Source>,
    state: Mutex<State>,
    /// Held by the one who asks the source.
    asking: tokio::sync::Mutex<()>,
}

struct State {
    identity: Arc<Identity>,
    due: UnixTime,
    failing: bool,
}

impl RenewedIdentity {
    /// This identity for now, and the source of the ones after it. The source's errors are logged, and it is asked
    /// again soon; meanwhile the old identity is shown.
    pub fn new(first: Fresh, source: impl Fn(UnixTime) -> Result<Fresh, String> + Send + Sync + 'static) -> Self {
        let state = State {
            identity: first.identity,
            due: first.renew_at,
            failing: false,
        };
        Self {
            source: Arc::new(source),
            state: Mutex::new(state),
            asking: tokio::sync::Mutex::new(()),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The identity, if it need not be renewed.
    fn current(&self, now: UnixTime) -> Option<Arc<Identity>> {
        let state = self.state();
        (now < state.due).then(|| Arc::clone(&state.identity))
    }

    async fn renewed(&self) -> Arc<Identity> {
        let _asking = self.asking.lock().await;
        let now = portunus_tokio::now();
        if let Some(identity) = self.current(now) {
            return identity;
        }
        let source = Arc::clone(&self.source);
        let answer = tokio::task::spawn_blocking(move || source(now)).await;
        let mut state = self.state();
        let soon = UnixTime(now.0.saturating_add(RENEWAL_WAIT));
        match answer.unwrap_or_else(|error| Err(error.to_string())) {
            Ok(fresh) => {
                state.identity = fresh.identity;
                state.due = fresh.renew_at.max(soon);
                state.failing = false;
            }
            Err(error) => {
                if !state.failing {
                    tracing::warn!("the certificate cannot be renewed, the old one stays: {error}");
                }
                state.failing = true;
                state.due = soon;
            }
        }
        Arc::clone(&state.identity)
    }
}

impl ChooseIdentity for RenewedIdentity {
    fn choose<'a>(
        &'a self,
        _: &'a ClientHello<'_>,
        _: Option<&'a DnsName>,
    ) -> Decision<'a, Result<Option<Arc<Identity>>, ChoiceFailed>> {
        match self.current(portunus_tokio::now()) {
            Some(identity) => Decision::ready(Ok(Some(identity))),
            None => Decision::later(async { Ok(Some(self.renewed().await)) }),
        }
    }
}

impl fmt::Debug for RenewedIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("RenewedIdentity")
            .field("identity", &state.identity)
            .field("due", &state.due)
            .finish_non_exhaustive()
    }
}

//! The client: connections kept, requests sent.

use std::sync::Arc;
use std::time::Duration;

use portunus_tls::Policy;

use crate::connect::{Connector, Secure};
use crate::pool::Pool;
use crate::resolve::{Override, Resolver};
use crate::tls::{Tls, Verification};
use crate::{Error, Event, Observer, Origin, Request, Response, limits};

/// Which versions of HTTP are offered over TLS. In the clear it is HTTP/1.1 (RFC 9113 section 3.1 has no Upgrade any more).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HttpVersions {
    /// HTTP/2 or HTTP/1.1, by ALPN.
    #[default]
    Negotiated,
    /// HTTP/1.1 alone.
    Http1,
}

/// Sends requests and keeps connections. Cloning gives another handle on the same connections.
///
/// There is no limit on the whole of a request: whoever wants one drops the future.
#[derive(Clone)]
pub struct Client {
    connector: Arc<Connector>,
    pool: Arc<Pool>,
}

/// How a [`Client`] connects.
pub struct ClientBuilder {
    security: Security,
    versions: HttpVersions,
    policy: Policy,
    timeout: Duration,
    overrides: Vec<Override>,
    observer: Arc<dyn Observer>,
}

/// Who makes TLS.
enum Security {
    Tls(Verification),
    #[cfg(test)]
    Other(Arc<dyn Secure>),
}

impl ClientBuilder {
    /// Which versions of HTTP are offered.
    #[must_use]
    pub fn versions(mut self, versions: HttpVersions) -> Self {
        self.versions = versions;
        self
    }

    /// What of TLS is offered; [`Policy::modern`] unless given.
    #[must_use]
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// How long name lookup, TCP and TLS may take together; 300 seconds, as curl, unless given.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Answers for a name in the resolver's place; the last for a name and port counts.
    #[must_use]
    pub fn resolve(mut self, answer: Override) -> Self {
        self.overrides.push(answer);
        self
    }

    /// Who hears what happens.
    #[must_use]
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = observer;
        self
    }

    /// The client.
    #[must_use]
    pub fn build(self) -> Client {
        let secure: Arc<dyn Secure> = match self.security {
            Security::Tls(verification) => {
                let observer = Arc::clone(&self.observer);
                Arc::new(Tls::new(verification, self.versions, self.policy, observer))
            }
            #[cfg(test)]
            Security::Other(secure) => secure,
        };
        let connector = Connector {
            resolver: Resolver::new(self.overrides),
            secure,
            timeout: self.timeout,
            observer: self.observer,
        };
        Client {
            connector: Arc::new(connector),
            pool: Arc::default(),
        }
    }
}

impl Client {
    /// A client that judges servers so.
    #[must_use]
    pub fn builder(verification: Verification) -> ClientBuilder {
        Self::secured_by(Security::Tls(verification))
    }

    /// A client over a stream that stands for TLS.
    #[cfg(test)]
    pub(crate) fn over(secure: Arc<dyn Secure>) -> ClientBuilder {
        Self::secured_by(Security::Other(secure))
    }

    fn secured_by(security: Security) -> ClientBuilder {
        ClientBuilder {
            security,
            versions: HttpVersions::default(),
            policy: Policy::modern(),
            timeout: limits::CONNECT,
            overrides: Vec::new(),
            observer: Arc::new(()),
        }
    }

    /// Sends one request and awaits the head of its response; redirects are not followed.
    ///
    /// Must run in a tokio runtime, which must go on while the response is read. Dropping the future gives the request up:
    /// the server may or may not have acted on it.
    pub async fn send(&self, request: &Request) -> Result<Response, Error> {
        let origin = Origin::of(&request.url)?;
        let observer = self.observer();
        while let Some(connection) = self.pool.take(&origin) {
            observer.note(&Event::Reused(&origin));
            match connection.exchange(request, &self.pool).await {
                // The server closed it while it lay idle; this is its right at any time (RFC 9112 section 9.5).
                Err(failed) if failed.repeatable => observer.note(&Event::Stale(&origin)),
                answered => return answered.map_err(|failed| failed.error),
            }
        }
        let connection = self.connector.connect(&origin, &self.pool).await?;
        if let Some(shared) = connection.share() {
            self.pool.put(shared);
        }
        connection
            .exchange(request, &self.pool)
            .await
            .map_err(|failed| failed.error)
    }

    /// Ends the idle connections in order: close_notify and GOAWAY go out. Without it the runtime's end cuts them off.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    pub(crate) fn observer(&self) -> &dyn Observer {
        &*self.connector.observer
    }
}

//! What an observer hears while a request is under way.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use portunus_tls::{ConnectionInfo, Observe};

use crate::{Error, Head, Origin};

/// One thing that happened.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The host has these addresses, in the order in which they will be tried.
    Resolved {
        /// Where to.
        origin: &'a Origin,
        /// The addresses.
        addresses: &'a [SocketAddr],
        /// Whether the user named them, so that no resolver was asked.
        overridden: bool,
    },
    /// A connection attempt begins.
    Trying(SocketAddr),
    /// A connection attempt failed.
    AttemptFailed {
        /// The address.
        address: SocketAddr,
        /// Why.
        error: &'a io::Error,
    },
    /// TCP is connected.
    Connected {
        /// Where to.
        origin: &'a Origin,
        /// The peer's address.
        address: SocketAddr,
    },
    /// The server answered nothing to a ClientHello with all key shares, or that it cannot be read; a second try has the small ones alone.
    TryingSmallHello {
        /// Where to.
        origin: &'a Origin,
        /// How the first try ended.
        error: &'a Error,
    },
    /// The second try went well: the server, or a box on the way, chokes on a ClientHello of more than one segment.
    LargeHelloRefused(&'a Origin),
    /// The handshake is done.
    Secured {
        /// Where to.
        origin: &'a Origin,
        /// What was agreed.
        info: &'a ConnectionInfo,
        /// Whether the certificate was checked.
        verified: bool,
    },
    /// An idle connection serves this request.
    Reused(&'a Origin),
    /// An idle connection turned out to be closed; a new one is made.
    Stale(&'a Origin),
    /// The request's head as it went out. The values of `Authorization` and `Proxy-Authorization` are taken out.
    RequestHead(&'a [u8]),
    /// A response's head, interim ones too.
    ResponseHead(&'a Head),
    /// A redirect is followed.
    Redirecting {
        /// Where to.
        to: &'a url::Url,
        /// Whether credentials and cookies are left behind, since the origin is another.
        credentials_withheld: bool,
    },
}

/// Who wants to hear. Called on the task that does the work: be brief.
pub trait Observer: Send + Sync {
    /// Hears one event.
    fn note(&self, event: &Event<'_>);

    /// Who hears what the engine does on the next connection, from its ClientHello to the end of its keys. Nobody, unless
    /// somebody is named.
    fn engine(&self) -> Option<Arc<dyn Observe>> {
        None
    }
}

/// Hears nothing.
impl Observer for () {
    fn note(&self, _: &Event<'_>) {}
}

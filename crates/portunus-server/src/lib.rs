//! Sites over HTTP/1.1 and HTTP/2.
//!
//! [`Site`] answers requests from a folder; [`Http`] speaks HTTP over one connection, within the limits of
//! [`limits`]; [`Server`] accepts connections, has each made secure by an [`Acceptor`] outside the accept loop, and
//! stops gracefully when its [`Stop`] says so. None of them knows the TLS engine: whoever makes a connection secure
//! hands over the stream, the protocol that was agreed on, and the [`ConnectionFacts`]. [`TlsAcceptor`] does so with our
//! own engine, and shows a [`RenewedIdentity`] that is never stale.

mod access;
mod activity;
mod body;
mod connection_page;
mod early;
mod exchange;
mod facts;
mod files;
mod http_connection;
pub mod limits;
mod lingering;
mod paced;
mod page;
mod plain_http;
mod renewal;
mod request_path;
mod server;
mod site;
mod stop;
mod tls;
mod watch;

pub use body::{Body, RequestBody};
pub use early::{Early, EarlyStream};
pub use facts::{CertificateFacts, ConnectionFacts, TlsFacts};
pub use http_connection::{Ended, Http, Protocol};
pub use renewal::{Fresh, RenewedIdentity};
pub use server::{Accepted, Acceptor, Refused, Server};
pub use site::{Site, SiteError};
pub use stop::Stop;
pub use tls::{TlsAcceptor, certificate_facts};

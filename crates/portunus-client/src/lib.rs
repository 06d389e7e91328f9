//! An HTTP client that is certain how each body ended.
//!
//! [`Client`] connects (RFC 8305), speaks HTTP/1.1 or HTTP/2, keeps connections by [`Origin`], and follows redirects with
//! the credentials kept at home. A body that was cut off is an error, never a short success: see [`Response::chunk`].
//!
//! The meanings of requests and redirects are curl's, so that a user of `curl` need learn nothing. Nothing here prints;
//! an [`Observer`] hears what happens.

mod address;
mod body;
mod client;
mod connect;
mod dial;
mod error;
mod exchange;
mod file_name;
mod head;
mod limits;
mod observe;
mod pool;
mod redirect;
mod request;
mod resolve;
mod response;
mod tap;
#[cfg(test)]
mod tests;
mod tls;
mod trust;

pub use address::{Origin, Scheme, parse_url};
pub use body::Body;
pub use client::{Client, ClientBuilder, HttpVersions};
pub use error::{Error, FailedAttempt};
pub use file_name::{NoFileName, file_name_from_url};
pub use head::Head;
pub use observe::{Event, Observer};
pub use redirect::RedirectPolicy;
pub use request::{Credentials, HeaderEdit, InvalidHeader, Request};
pub use resolve::{InvalidOverride, Override};
pub use response::{Chunk, Response};
pub use tls::Verification;
pub use trust::{Trust, TrustError};

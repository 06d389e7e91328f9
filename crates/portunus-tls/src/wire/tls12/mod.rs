//! The messages that TLS 1.2 has for itself, or in another form than TLS 1.3 (RFC 5246 section 7.4, RFC 8422, RFC 5077). ClientHello,
//! CertificateVerify and Finished have one form in both.

mod certificate;
mod certificate_request;
mod client_key_exchange;
mod encrypted_preliminary_secret;
mod new_session_ticket;
mod server_hello;
mod server_key_exchange;
mod without_content;

pub use certificate::{Certificate, CertificateEntry};
pub use certificate_request::CertificateRequest;
pub use client_key_exchange::ClientKeyExchange;
pub use encrypted_preliminary_secret::EncryptedPreliminarySecret;
pub use new_session_ticket::NewSessionTicket;
pub use server_hello::{ServerHello, ServerHelloExtensions};
pub use server_key_exchange::ServerKeyExchange;
pub use without_content::{HelloRequest, ServerHelloDone};

//! Bytes to values and back; knows nothing else.
//!
//! Each message of the handshake is a struct that borrows from the bytes it was read from, or from what we give it to send. Only
//! [`Reader`] and [`Writer`] touch bytes. A message is read whole or refused with the structure and the field that is wrong; what has
//! been read writes back to the same bytes, unknown values and extensions included.
//!
//! Reading allocates nothing. What is *meant* by a value is judged by the engine: here stand only the rules that a message breaks by
//! itself, whoever sent it and whenever.

mod alert;
mod certificate;
mod certificate_request;
mod certificate_status;
mod certificate_verify;
mod client_hello;
mod compressed_certificate;
mod encrypted_extensions;
mod end_of_early_data;
mod extension_block;
mod extension_data;
mod extensions;
mod finished;
mod handshake;
mod ids;
mod key_share;
mod key_update;
mod malformed;
mod new_session_ticket;
mod oid_filters;
mod pre_shared_key;
mod reader;
mod record;
mod sequence;
mod server_hello;
#[cfg(feature = "tls12")]
pub mod tls12;
mod writer;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod testing;

pub use alert::Alert;
pub use certificate::{Certificate, CertificateEntry};
pub use certificate_request::CertificateRequest;
pub use certificate_status::{CertificateStatus, CertificateStatusRequest, SignedCertificateTimestampList};
pub use certificate_verify::CertificateVerify;
pub use client_hello::{ClientExtensions, ClientHello};
pub use compressed_certificate::CompressedCertificate;
pub use encrypted_extensions::EncryptedExtensions;
pub use end_of_early_data::EndOfEarlyData;
pub use extension_block::{Order, UnknownExtension};
pub use extension_data::{DistinguishedName, Flags, HostName, ProtocolName};
pub use extensions::{Place, may_appear};
pub use finished::Finished;
pub(crate) use handshake::append_handshake_message;
pub use handshake::{HandshakeHeader, handshake_message};
pub use ids::{
    AlertDescription, AlertLevel, CertificateCompressionAlgorithm, CertificateStatusType, CipherSuite,
    ClientCertificateType, ContentType, ExtensionType, HandshakeType, NameType, NamedGroup, ProtocolVersion,
    PskKeyExchangeMode, SignatureScheme,
};
pub use key_share::KeyShareEntry;
pub use key_update::{KeyUpdate, KeyUpdateRequest};
pub use malformed::{Malformed, Problem};
pub use new_session_ticket::NewSessionTicket;
pub use oid_filters::OidFilter;
pub use pre_shared_key::{OfferedPsks, PskBinderEntry, PskIdentity};
pub use reader::{Decode, Reader};
pub use record::{MAX_CIPHERTEXT, MAX_PLAINTEXT, RecordHeader};
pub use sequence::{Item, Iter, Sequence, Wire};
pub use server_hello::{
    HelloRetryRequest, HelloRetryRequestExtensions, ServerHello, ServerHelloExtensions, ServerHelloOrRetry,
};
pub use writer::{Encode, TooLong, Writer};

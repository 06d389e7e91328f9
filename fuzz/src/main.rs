//! All fuzz targets in one program; `cargo xtask fuzz` builds it with coverage and runs it.
//!
//! A target is a function over bytes that panics when something is wrong. To add one, write it in a file and give it a row
//! in [`TARGETS`]; a few inputs that get it started go into `fuzz/corpus/NAME/`.
#![no_main]
#![allow(clippy::print_stdout, reason = "without a target, the program lists them")]

mod certificates;
mod handshakes;
mod script;
mod sequences;
mod wire;

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use portunus_tls::wire::{
    Alert, Certificate, CertificateRequest, CertificateStatus, CertificateVerify, ClientHello, CompressedCertificate,
    EncryptedExtensions, EndOfEarlyData, Finished, HandshakeHeader, KeyUpdate, NewSessionTicket, RecordHeader,
    ServerHelloOrRetry, SignedCertificateTimestampList, tls12,
};

type Target = fn(&[u8]);

const TARGETS: &[(&str, Target)] = &[
    ("x509_certificate", certificates::certificate),
    ("x509_path", certificates::path),
    ("x509_pem", certificates::pem),
    ("x509_pkcs7", certificates::pkcs7),
    ("x509_revocation_list", certificates::revocation_list),
    ("x509_ocsp_response", certificates::ocsp_response),
    ("x509_revocation", certificates::revocation),
    ("tls_record_header", |bytes| wire::round_trip::<RecordHeader>(bytes)),
    ("tls_handshake_header", |bytes| {
        wire::round_trip::<HandshakeHeader>(bytes)
    }),
    ("tls_client_hello", |bytes| wire::round_trip::<ClientHello<'_>>(bytes)),
    ("tls_server_hello", |bytes| {
        wire::round_trip::<ServerHelloOrRetry<'_>>(bytes)
    }),
    ("tls_encrypted_extensions", |bytes| {
        wire::round_trip::<EncryptedExtensions<'_>>(bytes)
    }),
    ("tls_certificate_request", |bytes| {
        wire::round_trip::<CertificateRequest<'_>>(bytes)
    }),
    ("tls_certificate", |bytes| wire::round_trip::<Certificate<'_>>(bytes)),
    ("tls_certificate_verify", |bytes| {
        wire::round_trip::<CertificateVerify<'_>>(bytes)
    }),
    ("tls_certificate_status", |bytes| {
        wire::round_trip::<CertificateStatus<'_>>(bytes)
    }),
    ("tls_certificate_timestamps", |bytes| {
        wire::round_trip::<SignedCertificateTimestampList<'_>>(bytes)
    }),
    ("tls_compressed_certificate", |bytes| {
        wire::round_trip::<CompressedCertificate<'_>>(bytes)
    }),
    ("tls_finished", |bytes| wire::round_trip::<Finished<'_>>(bytes)),
    ("tls_new_session_ticket", |bytes| {
        wire::round_trip::<NewSessionTicket<'_>>(bytes)
    }),
    ("tls_key_update", |bytes| wire::round_trip::<KeyUpdate>(bytes)),
    ("tls_end_of_early_data", |bytes| {
        wire::round_trip::<EndOfEarlyData>(bytes)
    }),
    ("tls_alert", |bytes| wire::round_trip::<Alert>(bytes)),
    ("tls12_certificate", |bytes| {
        wire::round_trip::<tls12::Certificate<'_>>(bytes)
    }),
    ("tls12_certificate_request", |bytes| {
        wire::round_trip::<tls12::CertificateRequest<'_>>(bytes)
    }),
    ("tls12_client_key_exchange", |bytes| {
        wire::round_trip::<tls12::ClientKeyExchange<'_>>(bytes)
    }),
    ("tls12_encrypted_preliminary_secret", |bytes| {
        wire::round_trip::<tls12::EncryptedPreliminarySecret<'_>>(bytes)
    }),
    ("tls12_new_session_ticket", |bytes| {
        wire::round_trip::<tls12::NewSessionTicket<'_>>(bytes)
    }),
    ("tls12_server_hello", |bytes| {
        wire::round_trip::<tls12::ServerHello<'_>>(bytes)
    }),
    ("tls12_server_key_exchange", |bytes| {
        wire::round_trip::<tls12::ServerKeyExchange<'_>>(bytes)
    }),
    ("tls_client_deframer", handshakes::client_deframer),
    ("tls_server_deframer", handshakes::server_deframer),
    ("tls_client_messages", handshakes::client_messages),
    ("tls_server_messages", handshakes::server_messages),
    ("tls_client_wire", handshakes::client_wire),
    ("tls_server_wire", handshakes::server_wire),
    ("tls_sequences", sequences::sequences),
];

/// Names the target; `cargo xtask fuzz` sets it.
const VARIABLE: &str = "PORTUNUS_FUZZ_TARGET";

static CHOSEN: OnceLock<Target> = OnceLock::new();

/// The target that the environment names; without one, lists them all and ends.
fn chosen() -> Target {
    let Some(name) = std::env::var_os(VARIABLE) else {
        for (name, _) in TARGETS {
            println!("{name}");
        }
        std::process::exit(0);
    };
    let target = TARGETS.iter().find(|(known, _)| name == *known);
    target
        .unwrap_or_else(|| panic!("there is no fuzz target {}", name.display()))
        .1
}

fuzz_target!(
    init: {
        let _ = CHOSEN.set(chosen());
    },
    |bytes: &[u8]| {
        if let Some(target) = CHOSEN.get() {
            target(bytes);
        }
    }
);

//! Protected flights that break a rule: whoever gets one refuses it with the alert that the RFC names, and the other side learns it.

mod forge;
mod pair;

use std::sync::Arc;

use forge::{HANDSHAKE, Secrets, UNKNOWN, assert_fault, flight, refused};
use pair::{Authority, Outcome, Pair};
use portunus_tls::wire::{
    AlertDescription, Certificate, CertificateEntry, CertificateVerify, Decode, EncryptedExtensions, ExtensionType,
    HandshakeType, ProtocolName, Sequence, SignatureScheme, UnknownExtension, handshake_message,
};
use portunus_tls::{ClientConfig, Error, Identities, PathVerifier, PeerFault, ServerConfig};
use portunus_x509::Policy as PathPolicy;

type ChangeFlight = fn(&mut Vec<Vec<u8>>);

/// Runs with the server's flight changed: EncryptedExtensions, Certificate, CertificateVerify, Finished.
fn server_flight(client: &ClientConfig, server: &ServerConfig, change: ChangeFlight) -> Outcome {
    let secrets = Arc::new(Secrets::default());
    let mut pair = Pair::new(client, &server.clone().with_key_log(secrets.clone()));
    pair.to_client = flight(
        &secrets,
        "SERVER_HANDSHAKE_TRAFFIC_SECRET",
        move |mut messages, sealer| {
            change(&mut messages);
            sealer.seal(HANDSHAKE, &messages.concat())
        },
    );
    pair.run()
}

fn extensions(change: impl FnOnce(&mut EncryptedExtensions<'_>), message: &mut Vec<u8>) {
    let mut extensions = EncryptedExtensions::read(&message[4..]).unwrap();
    change(&mut extensions);
    let changed = handshake_message(HandshakeType::ENCRYPTED_EXTENSIONS, &extensions).unwrap();
    *message = changed;
}

fn certificate(message: &mut Vec<u8>, context: &[u8], extensions: &[UnknownExtension<'_>]) {
    let certificate = Certificate::read(&message[4..]).unwrap();
    let entries = [CertificateEntry {
        cert_data: certificate.certificate_list.iter().next().unwrap().cert_data,
        extensions: Sequence::from(extensions),
    }];
    let certificate = Certificate {
        certificate_request_context: context,
        certificate_list: Sequence::from(&entries),
    };
    let changed = handshake_message(HandshakeType::CERTIFICATE, &certificate).unwrap();
    *message = changed;
}

fn proof(message: &mut Vec<u8>, algorithm: SignatureScheme) {
    let proof = CertificateVerify {
        algorithm,
        ..CertificateVerify::read(&message[4..]).unwrap()
    };
    let changed = handshake_message(HandshakeType::CERTIFICATE_VERIFY, &proof).unwrap();
    *message = changed;
}

fn flip(message: &mut [u8]) {
    *message.last_mut().unwrap() ^= 1;
}

#[test]
fn a_server_s_flight_that_breaks_a_rule() {
    const STATUS: UnknownExtension<'_> = UnknownExtension {
        extension_type: ExtensionType::STATUS_REQUEST,
        extension_data: &[1, 0, 0, 1, 0],
    };
    let authority = Authority::new();
    let (client, server) = (
        authority.client().with_application_protocols(&[b"h2"]),
        authority.server().with_application_protocols(&[b"h2"]),
    );
    let (illegal, decrypt, unsupported) = (
        AlertDescription::ILLEGAL_PARAMETER,
        AlertDescription::DECRYPT_ERROR,
        AlertDescription::UNSUPPORTED_EXTENSION,
    );
    let cases: [(&str, AlertDescription, PeerFault, ChangeFlight); 11] = [
        (
            "a protocol that was not offered",
            illegal,
            PeerFault::ApplicationProtocolNotOffered,
            |flight| {
                let change = |extensions: &mut EncryptedExtensions<'_>| {
                    extensions.application_layer_protocol_negotiation = Some(ProtocolName(b"imap"));
                };
                extensions(change, &mut flight[0]);
            },
        ),
        (
            "an unknown extension",
            unsupported,
            PeerFault::UnsolicitedExtension,
            |flight| {
                extensions(
                    |extensions| extensions.unknown = Sequence::from(&[UNKNOWN]),
                    &mut flight[0],
                );
            },
        ),
        (
            "early data that was not sent",
            unsupported,
            PeerFault::UnsolicitedExtension,
            |flight| {
                extensions(|extensions| extensions.early_data = true, &mut flight[0]);
            },
        ),
        (
            "a status that was not asked for",
            unsupported,
            PeerFault::UnsolicitedExtension,
            |flight| {
                certificate(&mut flight[1], &[], &[STATUS]);
            },
        ),
        (
            "a request's context",
            illegal,
            PeerFault::RequestContextNotEmpty,
            |flight| {
                certificate(&mut flight[1], &[1], &[]);
            },
        ),
        (
            "no certificate",
            AlertDescription::DECODE_ERROR,
            PeerFault::NoCertificate,
            |flight| {
                flight[1] = vec![HandshakeType::CERTIFICATE.0, 0, 0, 4, 0, 0, 0, 0];
            },
        ),
        (
            "a scheme that was not offered",
            illegal,
            PeerFault::SchemeNotOffered,
            |flight| {
                proof(&mut flight[2], SignatureScheme(0x0401));
            },
        ),
        (
            "a scheme of another key",
            illegal,
            PeerFault::SchemeWrongForKey,
            |flight| {
                proof(&mut flight[2], SignatureScheme::ED25519);
            },
        ),
        ("CertificateVerify", decrypt, PeerFault::BadSignature, |flight| {
            flip(&mut flight[2])
        }),
        ("Finished", decrypt, PeerFault::BadFinished, |flight| {
            flip(&mut flight[3])
        }),
        (
            "bytes behind Finished",
            AlertDescription::UNEXPECTED_MESSAGE,
            PeerFault::NotAligned,
            |flight| {
                flight.push(vec![HandshakeType::KEY_UPDATE.0, 0, 0, 1, 0]);
            },
        ),
    ];
    for (what, alert, fault, change) in cases {
        let outcome = server_flight(&client, &server, change);
        assert_fault(&refused(outcome.client, outcome.server, alert, what), fault, what);
    }
    // RFC 7301 section 3.1: a client that offers no protocol gets none.
    let outcome = server_flight(&authority.client(), &server, |flight| {
        let change = |extensions: &mut EncryptedExtensions<'_>| {
            extensions.application_layer_protocol_negotiation = Some(ProtocolName(b"h2"));
        };
        extensions(change, &mut flight[0]);
    });
    let error = refused(outcome.client, outcome.server, unsupported, "a protocol unasked");
    assert_fault(&error, PeerFault::UnsolicitedExtension, "a protocol unasked");
}

#[test]
fn a_server_s_messages_out_of_order() {
    let authority = Authority::new();
    let cases: [(&str, ChangeFlight); 7] = [
        ("no EncryptedExtensions", |flight| drop(flight.remove(0))),
        ("no Certificate", |flight| drop(flight.remove(1))),
        ("no CertificateVerify", |flight| drop(flight.remove(2))),
        ("two Certificates", |flight| flight.insert(1, flight[1].clone())),
        ("a ticket before Finished", |flight| {
            flight.insert(3, vec![HandshakeType::NEW_SESSION_TICKET.0, 0, 0, 0]);
        }),
        ("a KeyUpdate before Finished", |flight| {
            flight.insert(3, vec![HandshakeType::KEY_UPDATE.0, 0, 0, 1, 0]);
        }),
        ("EndOfEarlyData", |flight| {
            flight.insert(3, vec![HandshakeType::END_OF_EARLY_DATA.0, 0, 0, 0]);
        }),
    ];
    for (what, change) in cases {
        let outcome = server_flight(&authority.client(), &authority.server(), change);
        let alert = AlertDescription::UNEXPECTED_MESSAGE;
        let error = refused(outcome.client, outcome.server, alert, what);
        assert!(matches!(error, Error::UnexpectedMessage { .. }), "{what}: {error:?}");
    }
}

/// The client's flight: Certificate, CertificateVerify, Finished.
#[test]
fn a_client_s_flight_that_breaks_a_rule() {
    let authority = Authority::new();
    let identity = Arc::new(authority.issue(&["client.test"], &rcgen::PKCS_ECDSA_P256_SHA256));
    let client = authority
        .client()
        .with_identity(Arc::new(Identities::new(vec![identity])));
    let verifier = Arc::new(PathVerifier::clients(authority.anchors(), PathPolicy::rfc5280()));
    let server = authority.server().with_required_client_certificates(verifier);
    let (illegal, decrypt) = (AlertDescription::ILLEGAL_PARAMETER, AlertDescription::DECRYPT_ERROR);
    let cases: [(&str, AlertDescription, PeerFault, ChangeFlight); 6] = [
        (
            "an extension unasked",
            AlertDescription::UNSUPPORTED_EXTENSION,
            PeerFault::UnsolicitedExtension,
            |flight| {
                certificate(&mut flight[0], &[], &[UNKNOWN]);
            },
        ),
        (
            "a request's context",
            illegal,
            PeerFault::RequestContextNotEmpty,
            |flight| {
                certificate(&mut flight[0], &[1], &[]);
            },
        ),
        (
            "no certificate",
            AlertDescription::CERTIFICATE_REQUIRED,
            PeerFault::CertificateRequired,
            |flight| {
                flight[0] = vec![HandshakeType::CERTIFICATE.0, 0, 0, 4, 0, 0, 0, 0];
            },
        ),
        (
            "a scheme of another key",
            illegal,
            PeerFault::SchemeWrongForKey,
            |flight| {
                proof(&mut flight[1], SignatureScheme::ED25519);
            },
        ),
        ("CertificateVerify", decrypt, PeerFault::BadSignature, |flight| {
            flip(&mut flight[1])
        }),
        ("Finished", decrypt, PeerFault::BadFinished, |flight| {
            flip(&mut flight[2])
        }),
    ];
    for (what, alert, fault, change) in cases {
        let secrets = Arc::new(Secrets::default());
        let mut pair = Pair::new(&client, &server.clone().with_key_log(secrets.clone()));
        pair.to_server = flight(
            &secrets,
            "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
            move |mut messages, sealer| {
                change(&mut messages);
                sealer.seal(HANDSHAKE, &messages.concat())
            },
        );
        let outcome = pair.run();
        let error = outcome.server.expect_err(what);
        assert_eq!(error.alert(), Some(alert), "{what}: {error}");
        assert_fault(&error, fault, what);
        // The client was done before, and learns it when it reads.
        let told = pair::received(&mut outcome.client.unwrap(), &[]);
        assert!(
            matches!(told, Err(Error::Alert(told)) if told.description == alert),
            "{what}"
        );
    }
}

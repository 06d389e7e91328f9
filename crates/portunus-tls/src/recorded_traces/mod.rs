//! The handshakes that RFC 8448 records, with our engine on either side.
//!
//! One thing cannot be checked here: the RSA signatures are of a key of 1024 bits, which the library refuses to verify. They are taken for
//! good; the one ECDSA signature is verified.

mod play;
mod trace;

use std::sync::Arc;

use portunus_x509::{ServerName, UnixTime};

use self::play::{NOW, Played, needed, play};
use self::trace::Trace;
use crate::config::client::ClientConfig;
use crate::config::danger::AcceptAnyCertificate;
use crate::config::identities::Identities;
use crate::config::identity::Identity;
use crate::config::server::ServerConfig;
use crate::crypto::recorded::Recorded;
use crate::crypto::secret::Secret;
use crate::crypto::sign::{Sign, SigningFailed};
use crate::decision::Decision;
use crate::error::{Error, PeerFault};
use crate::handshake::Side;
use crate::handshake_driver::Handshake;
use crate::policy::Policy;
use crate::session::client::SessionMemory;
use crate::session::early::EarlyData;
use crate::session::replay::ReplayGuard;
use crate::session::ticket_keys::Tickets;
use crate::session::tickets::{EarlyTerms, TicketContent};
use crate::wire::{
    Certificate, CertificateRequest, CertificateVerify, CipherSuite, ClientHello, Decode, Encode, EncryptedExtensions,
    EndOfEarlyData, Finished, HandshakeType, Malformed, NamedGroup, NewSessionTicket, ServerHelloOrRetry,
    SignatureScheme, handshake_message,
};

const FULL: &str = include_str!("full.hex");
const RESUMED: &str = include_str!("resumed.hex");
const RETRIED: &str = include_str!("retried.hex");
const CLIENT_CERTIFICATE: &str = include_str!("client_certificate.hex");
const COMPATIBLE: &str = include_str!("compatible.hex");
const SIDES: [Side; 2] = [Side::Client, Side::Server];

/// Signs what was signed then.
struct RecordedSigner {
    scheme: [SignatureScheme; 1],
    signature: Vec<u8>,
}

impl Sign for RecordedSigner {
    fn schemes(&self) -> &[SignatureScheme] {
        &self.scheme
    }

    fn sign<'a>(&'a self, _: SignatureScheme, _: &'a [u8]) -> Decision<'a, Result<Vec<u8>, SigningFailed>> {
        Decision::ready(Ok(self.signature.clone()))
    }
}

/// The certificates that this side showed, and its signature.
fn identities(side: Side, trace: &Trace) -> Arc<Identities> {
    let shown = trace.message(side, HandshakeType::CERTIFICATE);
    let identities = shown.map(|shown| {
        let shown = Certificate::read(&shown[4..]).unwrap();
        let proof = trace.message(side, HandshakeType::CERTIFICATE_VERIFY).unwrap();
        let proof = CertificateVerify::read(&proof[4..]).unwrap();
        let chain = shown.certificate_list.iter().map(|entry| entry.cert_data.to_vec());
        let signer = RecordedSigner {
            scheme: [proof.algorithm],
            signature: proof.signature.to_vec(),
        };
        Arc::new(Identity::with_signer(chain.collect(), Arc::new(signer)).unwrap())
    });
    Arc::new(Identities::new(identities.into_iter().collect()))
}

fn client(trace: &Trace) -> ClientConfig {
    ClientConfig::new(Arc::new(AcceptAnyCertificate))
        .with_key_shares(&[NamedGroup::X25519])
        .unwrap()
        .with_identity(identities(Side::Client, trace))
        .with_sessions(Arc::new(SessionMemory::default()))
}

fn server(trace: &Trace) -> ServerConfig {
    let mut config = ServerConfig::new(identities(Side::Server, trace));
    if trace
        .message(Side::Server, HandshakeType::CERTIFICATE_REQUEST)
        .is_some()
    {
        config = config.with_required_client_certificates(Arc::new(AcceptAnyCertificate));
    }
    if trace.of(Side::Client, "private_key").count() > 1 {
        // The second share is what the server asked for.
        config = config.with_policy(Policy::modern().with_groups(&[NamedGroup::SECP256R1]).unwrap());
    }
    let has_tickets = trace.message(Side::Server, HandshakeType::NEW_SESSION_TICKET).is_some();
    if has_tickets || trace.all("expand:res_binder").count() > 0 {
        config = config.with_tickets(Arc::new(Tickets::new(NOW).unwrap()));
    }
    config
}

fn connect(config: ClientConfig) -> Handshake {
    Handshake::client(Arc::new(config), ServerName::parse("server").unwrap(), NOW, None)
}

fn accept(config: ServerConfig) -> Handshake {
    Handshake::server(Arc::new(Arc::new(config)), NOW, None)
}

/// Plays both sides: every record is the recorded one, and what the RFC says is derived, is derived.
fn both_sides(text: &str) -> Played {
    let trace = Trace::read(text);
    let [at_client, at_server] = SIDES.map(|side| {
        let handshake = match side {
            Side::Client => connect(client(&trace)),
            Side::Server => accept(server(&trace)),
        };
        play(side, &trace, needed(side, &trace), handshake).unwrap()
    });
    // A server derives what tickets need only when it issues some, and gives them nonces of its own.
    assert_derived(&trace, &at_client.derived, &[]);
    assert_derived(&trace, &at_server.derived, &["expand:res_master", "expand:resumption"]);
    at_client
}

fn assert_derived(trace: &Trace, derived: &[(String, Vec<u8>)], but: &[&str]) {
    for line in trace.derived().filter(|line| !but.contains(&line.what.as_str())) {
        let value = (line.what.clone(), line.bytes.clone());
        assert!(derived.contains(&value), "{} {:02x?}", line.what, line.bytes);
    }
}

#[test]
fn every_message_is_read_and_written_as_it_was_recorded() {
    fn reread<'a, M: Decode<'a> + Encode>(message: &'a [u8]) -> Result<Vec<u8>, Malformed> {
        let body = M::read(&message[4..])?;
        Ok(handshake_message(HandshakeType(message[0]), &body).unwrap())
    }
    for text in [FULL, RESUMED, RETRIED, CLIENT_CERTIFICATE, COMPATIBLE] {
        let trace = Trace::read(text);
        let is_message = |what: &str| what.ends_with("message");
        for message in trace.lines.iter().filter(|line| is_message(&line.what)) {
            let bytes = &message.bytes;
            let again = match HandshakeType(bytes[0]) {
                HandshakeType::CLIENT_HELLO => reread::<ClientHello<'_>>(bytes),
                HandshakeType::SERVER_HELLO => reread::<ServerHelloOrRetry<'_>>(bytes),
                HandshakeType::NEW_SESSION_TICKET => reread::<NewSessionTicket<'_>>(bytes),
                HandshakeType::END_OF_EARLY_DATA => reread::<EndOfEarlyData>(bytes),
                HandshakeType::ENCRYPTED_EXTENSIONS => reread::<EncryptedExtensions<'_>>(bytes),
                HandshakeType::CERTIFICATE => reread::<Certificate<'_>>(bytes),
                HandshakeType::CERTIFICATE_REQUEST => reread::<CertificateRequest<'_>>(bytes),
                HandshakeType::CERTIFICATE_VERIFY => reread::<CertificateVerify<'_>>(bytes),
                HandshakeType::FINISHED => reread::<Finished<'_>>(bytes),
                other => panic!("{other} was recorded"),
            };
            assert_eq!(again.as_ref(), Ok(bytes), "{}", message.what);
        }
    }
}

/// RFC 8448 section 3: with a ticket after it.
#[test]
fn a_full_handshake() {
    let played = both_sides(FULL);
    assert_eq!(played.info.group, Some(NamedGroup::X25519));
    assert_eq!(played.info.signature_scheme, Some(SignatureScheme::RSA_PSS_RSAE_SHA256));
}

/// RFC 8448 section 5: with a cookie.
#[test]
fn a_retried_handshake() {
    let played = both_sides(RETRIED);
    assert!(played.info.retried);
    assert_eq!(played.info.group, Some(NamedGroup::SECP256R1));
}

/// RFC 8448 section 6: the server's ECDSA signature is verified here.
#[test]
fn a_handshake_with_a_client_certificate() {
    let played = both_sides(CLIENT_CERTIFICATE);
    let schemes = (played.info.signature_scheme, played.info.client_signature_scheme);
    let (ecdsa, rsa) = (
        SignatureScheme::ECDSA_SECP256R1_SHA256,
        SignatureScheme::RSA_PSS_RSAE_SHA256,
    );
    assert_eq!(schemes, (Some(ecdsa), Some(rsa)));
}

/// RFC 8448 section 7.
#[test]
fn a_handshake_in_compatibility_mode() {
    both_sides(COMPATIBLE);
}

/// RFC 8448 section 4, after section 3 with the same memory of sessions: early data goes along, and all that follows is as recorded. The binder of
/// the recorded hello is wiped: it is ours that is sent.
#[test]
fn a_client_resumes_with_early_data() {
    let (full, resumed) = (Trace::read(FULL), Trace::read(RESUMED));
    let config = client(&full).with_early_data();
    let first = connect(config.clone());
    play(Side::Client, &full, needed(Side::Client, &full), first).unwrap();
    let mut needed = needed(Side::Client, &resumed);
    let hello = &mut needed.messages[0].1;
    let binder = hello.len() - 32;
    hello[binder..].fill(0);
    let played = play(Side::Client, &resumed, needed, connect(config)).unwrap();
    assert!(played.info.resumed);
    assert!(played.info.server_chain.len() == 1, "the one of the full handshake");
    assert_eq!(played.info.early_data, EarlyData::Accepted { bytes: 6 });
    assert_derived(&resumed, &played.derived, &[]);
}

/// RFC 8448 section 4: early data is read, and all that follows is as recorded.
#[test]
fn a_server_resumes_with_early_data() {
    let (full, resumed) = (Trace::read(FULL), Trace::read(RESUMED));
    let guard = Arc::new(ReplayGuard::new(1, UnixTime(0)).unwrap());
    let config = server(&resumed).with_early_data(guard.clone(), 1024);
    let issued = full.message(Side::Server, HandshakeType::NEW_SESSION_TICKET).unwrap();
    let issued = NewSessionTicket::read(&issued[4..]).unwrap();
    let hello = resumed.message(Side::Client, HandshakeType::CLIENT_HELLO).unwrap();
    let hello = ClientHello::read(&hello[4..]).unwrap();
    let offered = hello
        .extensions
        .pre_shared_key
        .unwrap()
        .identities
        .iter()
        .next()
        .unwrap();
    let content = TicketContent {
        cipher_suite: CipherSuite::TLS_AES_128_GCM_SHA256,
        issued: NOW,
        authenticated: NOW,
        secret: secret(full.all("expand:resumption").next().unwrap()),
        extended_main_secret: true,
        server_name: b"server".to_vec(),
        certificate: None,
        binding: config.session_binding(),
        not_after: None,
        early_data: Some(EarlyTerms {
            guard: guard.id(),
            // The ticket came at the time that the recording has.
            age_add: offered.obfuscated_ticket_age,
            max: 1024,
            application_protocol: None,
        }),
        chain: Vec::new(),
    };
    let mut needed = Recorded {
        tickets: vec![(issued.ticket.to_vec(), content)],
        ..needed(Side::Server, &resumed)
    };
    // No ticket was sent then.
    needed
        .messages
        .push_back((HandshakeType::NEW_SESSION_TICKET, Vec::new()));
    let played = play(Side::Server, &resumed, needed, accept(config)).unwrap();
    assert_eq!(played.info.early_data, EarlyData::Accepted { bytes: 6 });
    assert_derived(&resumed, &played.derived, &[]);
}

/// What is taken for good in the other tests: fails here when the library verifies such keys one day.
#[test]
fn a_signature_of_1024_bits_is_not_verified() {
    let trace = Trace::read(FULL);
    let needed = Recorded {
        signatures: Vec::new(),
        ..needed(Side::Client, &trace)
    };
    let outcome = play(Side::Client, &trace, needed, connect(client(&trace)));
    assert!(matches!(outcome, Err(Error::Peer(PeerFault::BadSignature))));
}

fn secret(bytes: &[u8]) -> Secret {
    let copy = |out: &mut [u8]| {
        out.copy_from_slice(bytes);
        Ok::<_, Error>(())
    };
    Secret::filled(bytes.len(), copy).unwrap()
}

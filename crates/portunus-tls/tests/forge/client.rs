//! A client by script, as small as one can be: it sends early data that nobody asked for, and believes everything.

use aws_lc_rs::agreement::{self, PrivateKey, UnparsedPublicKey};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use portunus_tls::wire::{
    CipherSuite, ClientExtensions, ClientHello, Decode, HandshakeType, KeyShareEntry, NamedGroup, ProtocolVersion,
    Sequence, ServerHelloOrRetry, SignatureScheme, handshake_message,
};

use super::{APPLICATION_DATA, HANDSHAKE, Sealer, expand_label, messages, plain, records};

pub struct ScriptedClient {
    group: NamedGroup,
    key: PrivateKey,
    transcript: Vec<u8>,
}

fn algorithm(group: NamedGroup) -> &'static agreement::Algorithm {
    match group {
        NamedGroup::X25519 => &agreement::X25519,
        _ => &agreement::ECDH_P256,
    }
}

fn extract(salt: &[u8], secret: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, salt), secret)
        .as_ref()
        .to_vec()
}

fn hash(bytes: &[u8]) -> Vec<u8> {
    digest(&SHA256, bytes).as_ref().to_vec()
}

impl ScriptedClient {
    pub fn new() -> Self {
        Self {
            group: NamedGroup::X25519,
            key: PrivateKey::generate(&agreement::X25519).unwrap(),
            transcript: Vec::new(),
        }
    }

    /// A record with a ClientHello.
    pub fn hello(&mut self, early_data: bool) -> Vec<u8> {
        let share = self.key.compute_public_key().unwrap();
        let shares = [KeyShareEntry {
            group: self.group,
            key_exchange: share.as_ref(),
        }];
        let hello = ClientHello {
            legacy_version: ProtocolVersion::TLS1_2,
            random: &[7; 32],
            legacy_session_id: &[],
            cipher_suites: Sequence::from(&[CipherSuite::TLS_AES_128_GCM_SHA256]),
            legacy_compression_methods: &[0],
            extensions: ClientExtensions {
                supported_groups: Some(Sequence::from(&[NamedGroup::X25519, NamedGroup::SECP256R1])),
                signature_algorithms: Some(Sequence::from(&[SignatureScheme::ECDSA_SECP256R1_SHA256])),
                supported_versions: Some(Sequence::from(&[ProtocolVersion::TLS1_3])),
                key_share: Some(Sequence::from(&shares)),
                early_data,
                ..Default::default()
            },
        };
        let message = handshake_message(HandshakeType::CLIENT_HELLO, &hello).unwrap();
        self.transcript.extend_from_slice(&message);
        plain(HANDSHAKE, &message)
    }

    /// A second ClientHello, with the share that the HelloRetryRequest asks for.
    pub fn retry(&mut self, request: &[u8]) -> Vec<u8> {
        let first = hash(&self.transcript);
        self.transcript = [&[HandshakeType::MESSAGE_HASH.0, 0, 0, 32], &first[..], &request[5..]].concat();
        self.group = NamedGroup::SECP256R1;
        self.key = PrivateKey::generate(&agreement::ECDH_P256).unwrap();
        self.hello(false)
    }

    /// Reads the server's flight; gives our Finished, and what seals our data.
    pub fn finish(&mut self, flight: &[u8]) -> (Vec<u8>, Sealer) {
        let flight = records(flight);
        let [server_hello, sealed] = &flight[..] else {
            panic!("a ServerHello and a sealed flight");
        };
        self.transcript.extend_from_slice(&server_hello[5..]);
        let ServerHelloOrRetry::ServerHello(hello) = ServerHelloOrRetry::read(&server_hello[9..]).unwrap() else {
            panic!("a ServerHello");
        };
        let share = hello.extensions.key_share.unwrap().key_exchange;
        let share = UnparsedPublicKey::new(algorithm(self.group), share);
        let shared = agreement::agree(&self.key, share, (), |shared| Ok(shared.to_vec())).unwrap();

        let early_secret = extract(&[0; 32], &[0; 32]);
        let derived = |secret: &[u8]| expand_label(secret, "derived", &hash(b""), 32);
        let handshake_secret = extract(&derived(&early_secret), &shared);
        let secret = |label, transcript: &[u8]| expand_label(&handshake_secret, label, &hash(transcript), 32);
        let server_secret = secret("s hs traffic", &self.transcript);
        let client_secret = secret("c hs traffic", &self.transcript);
        let opened = Sealer::new(&server_secret).open(sealed);
        assert_eq!(messages(&opened).len(), 4);
        self.transcript.extend_from_slice(&opened);
        let main_secret = extract(&derived(&handshake_secret), &[0; 32]);
        let data_secret = expand_label(&main_secret, "c ap traffic", &hash(&self.transcript), 32);

        let finished_key = expand_label(&client_secret, "finished", b"", 32);
        let verify_data = extract(&finished_key, &hash(&self.transcript));
        let finished = [&[HandshakeType::FINISHED.0, 0, 0, 32], &verify_data[..]].concat();
        let record = Sealer::new(&client_secret).seal(HANDSHAKE, &finished);
        (record, Sealer::new(&data_secret))
    }
}

/// What a server takes for early data: a record that it has no key for.
pub fn early_data(length: usize) -> Vec<u8> {
    plain(APPLICATION_DATA, &vec![0x5a; length])
}

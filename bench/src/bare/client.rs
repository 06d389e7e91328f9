//! A client's primitives.

use std::hint::black_box;
use std::sync::Arc;

use aws_lc_rs::agreement::{PrivateKey, X25519};
use aws_lc_rs::constant_time;
use aws_lc_rs::digest::{self, SHA256};
use aws_lc_rs::kem::{Ciphertext, DecapsulationKey, ML_KEM_768};

use super::record::{Direction, Open};
use super::schedule::{HASH, HandshakeStage, Secret, hash_so_far, proven, verify_data};
use super::{BareConfig, CIPHERTEXT, RANDOMS, REST, agreed, randoms};
use crate::engines::Side;

/// What a client keeps between its hello and the server's flight.
struct HelloSent {
    key: PrivateKey,
    decapsulation: Option<DecapsulationKey>,
    transcript: digest::Context,
    derived: Secret,
}

/// Who begins.
pub(crate) struct BareClient {
    config: Arc<BareConfig>,
    hello: Option<HelloSent>,
    open: Option<Open>,
}

impl BareClient {
    fn hello(&mut self, outgoing: &mut Vec<u8>) {
        let key = PrivateKey::generate(&X25519).expect("a key");
        let decapsulation = self
            .config
            .hybrid
            .then(|| DecapsulationKey::generate(&ML_KEM_768).expect("a key"));
        outgoing.extend_from_slice(&randoms(RANDOMS));
        if let Some(key) = &decapsulation {
            let key = key.encapsulation_key().and_then(|key| key.key_bytes()).expect("a key");
            outgoing.extend_from_slice(key.as_ref());
        }
        outgoing.extend_from_slice(key.compute_public_key().expect("a share").as_ref());
        outgoing.extend_from_slice(&[0; REST[0]]);
        if let Some(resumption) = &self.config.resumption {
            outgoing.extend_from_slice(&resumption.ticket);
        }
        let (derived, binder) = self.config.early(outgoing);
        if let Some(binder) = binder {
            outgoing.extend_from_slice(binder.as_ref());
        }
        let mut transcript = digest::Context::new(&SHA256);
        transcript.update(outgoing);
        self.hello = Some(HelloSent {
            key,
            decapsulation,
            transcript,
            derived,
        });
    }

    /// From the ServerHello to the client's Finished.
    fn finish(&mut self, hello: HelloSent, incoming: &[u8], outgoing: &mut Vec<u8>) {
        let config = &*self.config;
        let mut transcript = hello.transcript;
        let share = config.share_lengths()[1];
        let (server_hello, sealed) = incoming.split_at(RANDOMS + share + REST[1]);
        transcript.update(server_hello);
        let share = &server_hello[RANDOMS..RANDOMS + share];
        let mut shared = [0; 2 * HASH];
        let shared = match &hello.decapsulation {
            Some(key) => {
                let (ciphertext, share) = share.split_at(CIPHERTEXT);
                let secret = key.decapsulate(Ciphertext::from(ciphertext)).expect("a secret");
                shared[..HASH].copy_from_slice(secret.as_ref());
                shared[HASH..].copy_from_slice(&agreed(&hello.key, share));
                &shared[..]
            }
            None => {
                shared[..HASH].copy_from_slice(&agreed(&hello.key, share));
                &shared[..HASH]
            }
        };
        let stage = HandshakeStage::new(&hello.derived, shared, &hash_so_far(&transcript));
        let mut read = Direction::new(config, &stage.server);
        let mut write = Direction::new(config, &stage.client);

        let mut flight = [0; 4096];
        let flight = &mut flight[..sealed.len()];
        flight.copy_from_slice(sealed);
        let (flight, _) = read.open(flight);
        let (messages, finished) = flight.split_at(flight.len() - HASH);
        let messages = match &config.resumption {
            Some(_) => messages,
            None => {
                let authentication = &config.authentication;
                let (messages, signature) = messages.split_at(authentication.messages.len());
                transcript.update(messages);
                authentication.verify(&proven(&transcript), signature);
                signature
            }
        };
        transcript.update(messages);
        let expected = verify_data(&stage.server, &hash_so_far(&transcript));
        constant_time::verify_slices_are_equal(expected.as_ref(), finished).expect("the server's Finished");
        transcript.update(finished);
        let so_far = hash_so_far(&transcript);
        let ([to_server, from_server], exporter) = stage.application(config, &so_far);
        let finished = verify_data(&stage.client, &so_far);
        write.seal(&[finished.as_ref()], outgoing);
        black_box(exporter);
        if config.resumption.is_some() {
            transcript.update(finished.as_ref());
            black_box(stage.ticket_psk(&transcript.finish()));
        }
        self.open = Some(Open::new(from_server, to_server));
    }
}

impl Side for BareClient {
    type Config = Arc<BareConfig>;

    const STRUCT: usize = size_of::<Self>();

    fn new(config: &Self::Config) -> Self {
        Self {
            config: config.clone(),
            hello: None,
            open: None,
        }
    }

    fn turn(&mut self, incoming: &[u8], outgoing: &mut Vec<u8>) {
        match self.hello.take() {
            None => self.hello(outgoing),
            Some(hello) => self.finish(hello, incoming, outgoing),
        }
    }

    fn established(self) -> Self {
        assert!(self.open.is_some());
        self
    }

    fn is_resumed(&self) -> bool {
        self.config.resumption.is_some()
    }

    fn idle(&mut self) {
        if let Some(open) = &mut self.open {
            open.idle();
        }
    }

    fn write(&mut self, data: &[u8], outgoing: &mut Vec<u8>) {
        if let Some(open) = &mut self.open {
            open.write(data, outgoing);
        }
    }

    fn read(&mut self, incoming: &[u8], _: &mut [u8]) -> usize {
        self.open.as_mut().map_or(0, |open| open.read(incoming))
    }
}

//! A client's primitives.

use std::hint::black_box;

use aws_lc_rs::agreement::{PrivateKey, X25519};
use aws_lc_rs::constant_time;
use aws_lc_rs::digest::{self, SHA256};
use aws_lc_rs::kem::{Ciphertext, DecapsulationKey, ML_KEM_768};

use super::record::{Direction, Open};
use super::schedule::{HASH, HandshakeStage, Secret, hash_so_far, proven, verify_data};
use super::{Bare, CIPHERTEXT, Flights, RANDOMS, REST, agreed, randoms};

/// What a client keeps between its hello and the server's flight.
pub(crate) struct HelloSent {
    key: PrivateKey,
    decapsulation: Option<DecapsulationKey>,
    transcript: digest::Context,
    derived: Secret,
}

impl Flights for HelloSent {
    fn begin(side: &mut Bare<Self>, _: &[u8], outgoing: &mut Vec<u8>) {
        let key = PrivateKey::generate(&X25519).expect("a key");
        let decapsulation = side
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
        if let Some(resumption) = &side.config.resumption {
            outgoing.extend_from_slice(&resumption.ticket);
        }
        let (derived, binder) = side.config.early(outgoing);
        if let Some(binder) = binder {
            outgoing.extend_from_slice(binder.as_ref());
        }
        let mut transcript = digest::Context::new(&SHA256);
        transcript.update(outgoing);
        side.waiting = Some(Self {
            key,
            decapsulation,
            transcript,
            derived,
        });
    }

    /// From the ServerHello to the client's Finished.
    fn finish(self, side: &mut Bare<Self>, incoming: &[u8], outgoing: &mut Vec<u8>) {
        let config = &*side.config;
        let mut transcript = self.transcript;
        let share = config.share_lengths()[1];
        let (server_hello, sealed) = incoming.split_at(RANDOMS + share + REST[1]);
        transcript.update(server_hello);
        let share = &server_hello[RANDOMS..RANDOMS + share];
        let mut shared = [0; 2 * HASH];
        let shared = match &self.decapsulation {
            Some(key) => {
                let (ciphertext, share) = share.split_at(CIPHERTEXT);
                let secret = key.decapsulate(Ciphertext::from(ciphertext)).expect("a secret");
                shared[..HASH].copy_from_slice(secret.as_ref());
                shared[HASH..].copy_from_slice(&agreed(&self.key, share));
                &shared[..]
            }
            None => {
                shared[..HASH].copy_from_slice(&agreed(&self.key, share));
                &shared[..HASH]
            }
        };
        let stage = HandshakeStage::new(&self.derived, shared, &hash_so_far(&transcript));
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
        side.open = Some(Open::new(from_server, to_server));
    }
}

//! A server's primitives.

use std::hint::black_box;
use std::sync::Arc;

use aws_lc_rs::aead::{Aad, Nonce};
use aws_lc_rs::agreement::{PrivateKey, X25519};
use aws_lc_rs::constant_time;
use aws_lc_rs::digest::{self, Digest, SHA256};
use aws_lc_rs::kem::{EncapsulationKey, ML_KEM_768};

use super::record::{Direction, Open, RECORD_HEADER, TAG};
use super::schedule::{HASH, HandshakeStage, hash_so_far, proven, verify_data};
use super::{BareConfig, ENCAPSULATION_KEY, ENCRYPTED_EXTENSIONS, RANDOMS, REST, TICKET, agreed, fill, randoms};
use crate::engines::Side;

/// What a server keeps until the client's Finished.
struct FlightSent {
    stage: HandshakeStage,
    transcript: digest::Context,
    so_far: Digest,
    read: Direction,
}

/// Who answers.
pub(crate) struct BareServer {
    config: Arc<BareConfig>,
    flight: Option<FlightSent>,
    open: Option<Open>,
}

impl BareServer {
    /// From the ClientHello to the server's Finished.
    fn flight(&mut self, incoming: &[u8], outgoing: &mut Vec<u8>) {
        let config = &*self.config;
        let mut transcript = digest::Context::new(&SHA256);
        transcript.update(incoming);
        let (truncated, binder) = match &config.resumption {
            Some(_) => incoming.split_at(incoming.len() - HASH),
            None => (incoming, &[][..]),
        };
        let (derived, expected) = config.early(truncated);
        if let (Some(resumption), Some(expected)) = (&config.resumption, expected) {
            constant_time::verify_slices_are_equal(expected.as_ref(), binder).expect("the client's binder");
            let mut ticket = [0; TICKET + TAG];
            ticket.copy_from_slice(&truncated[truncated.len() - TICKET - TAG..]);
            let nonce = Nonce::assume_unique_for_key([0; 12]);
            let content = resumption
                .ticket_key
                .open_in_place(nonce, Aad::from([0; 16]), &mut ticket);
            black_box(content.expect("our ticket"));
        }

        let share = &incoming[RANDOMS..RANDOMS + config.share_lengths()[0]];
        let key = PrivateKey::generate(&X25519).expect("a key");
        outgoing.extend_from_slice(&randoms(RANDOMS / 2));
        let mut shared = [0; 2 * HASH];
        let shared = if config.hybrid {
            let (encapsulation, share) = share.split_at(ENCAPSULATION_KEY);
            let encapsulation = EncapsulationKey::new(&ML_KEM_768, encapsulation).expect("a key");
            let (ciphertext, secret) = encapsulation.encapsulate().expect("a secret");
            outgoing.extend_from_slice(ciphertext.as_ref());
            shared[..HASH].copy_from_slice(secret.as_ref());
            shared[HASH..].copy_from_slice(&agreed(&key, share));
            &shared[..]
        } else {
            shared[..HASH].copy_from_slice(&agreed(&key, share));
            &shared[..HASH]
        };
        outgoing.extend_from_slice(key.compute_public_key().expect("a share").as_ref());
        outgoing.extend_from_slice(&[0; REST[1]]);
        transcript.update(outgoing);

        let stage = HandshakeStage::new(&derived, shared, &hash_so_far(&transcript));
        let mut write = Direction::new(config, &stage.server);
        let read = Direction::new(config, &stage.client);
        let authentication = &config.authentication;
        let mut signature = [0; 256];
        let (messages, signature) = match &config.resumption {
            Some(_) => (&authentication.messages[..ENCRYPTED_EXTENSIONS], &[][..]),
            None => {
                transcript.update(&authentication.messages);
                let length = authentication.sign(&proven(&transcript), &mut signature);
                (&*authentication.messages, &signature[..length])
            }
        };
        transcript.update(if signature.is_empty() { messages } else { signature });
        let finished = verify_data(&stage.server, &hash_so_far(&transcript));
        transcript.update(finished.as_ref());
        write.seal(&[messages, signature, finished.as_ref()], outgoing);
        let so_far = hash_so_far(&transcript);
        let ([from_client, to_client], exporter) = stage.application(config, &so_far);
        black_box(exporter);
        self.open = Some(Open::new(from_client, to_client));
        self.flight = Some(FlightSent {
            stage,
            transcript,
            so_far,
            read,
        });
    }

    /// The client's Finished, and the ticket of a session that goes on.
    fn finish(&mut self, mut flight: FlightSent, incoming: &[u8], outgoing: &mut Vec<u8>) {
        let mut record = [0; RECORD_HEADER + HASH + TAG];
        record.copy_from_slice(incoming);
        let (finished, _) = flight.read.open(&mut record);
        let expected = verify_data(&flight.stage.client, &flight.so_far);
        constant_time::verify_slices_are_equal(expected.as_ref(), finished).expect("the client's Finished");
        if let (Some(resumption), Some(open)) = (&self.config.resumption, &mut self.open) {
            flight.transcript.update(finished);
            let psk = flight.stage.ticket_psk(&flight.transcript.finish());
            let mut content = [0; TICKET];
            content[..HASH].copy_from_slice(&psk);
            let mut nonce_and_age = [0; 12 + 4];
            fill(&mut nonce_and_age);
            let nonce = Nonce::assume_unique_for_key([0; 12]);
            let tag = resumption
                .ticket_key
                .seal_in_place_separate_tag(nonce, Aad::from([0; 16]), &mut content);
            open.write
                .seal(&[&nonce_and_age[..], &content, tag.expect("a tag").as_ref()], outgoing);
        }
    }
}

impl Side for BareServer {
    type Config = Arc<BareConfig>;

    const STRUCT: usize = size_of::<Self>();

    fn new(config: &Self::Config) -> Self {
        Self {
            config: config.clone(),
            flight: None,
            open: None,
        }
    }

    fn turn(&mut self, incoming: &[u8], outgoing: &mut Vec<u8>) {
        match self.flight.take() {
            None => self.flight(incoming, outgoing),
            Some(flight) => self.finish(flight, incoming, outgoing),
        }
    }

    fn established(self) -> Self {
        assert!(self.open.is_some() && self.flight.is_none());
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

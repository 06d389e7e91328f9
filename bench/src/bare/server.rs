//! A server's primitives.

use std::hint::black_box;

use aws_lc_rs::aead::{Aad, Nonce};
use aws_lc_rs::agreement::{PrivateKey, X25519};
use aws_lc_rs::constant_time;
use aws_lc_rs::digest::{self, Digest, SHA256};
use aws_lc_rs::kem::{EncapsulationKey, ML_KEM_768};

use super::record::{Direction, Open, RECORD_HEADER, TAG};
use super::schedule::{HASH, HandshakeStage, hash_so_far, proven, verify_data};
use super::{Bare, ENCAPSULATION_KEY, ENCRYPTED_EXTENSIONS, Flights, RANDOMS, REST, TICKET, agreed, fill, randoms};

/// What a server keeps until the client's Finished.
pub(crate) struct FlightSent {
    stage: HandshakeStage,
    transcript: digest::Context,
    so_far: Digest,
    read: Direction,
}

impl Flights for FlightSent {
    /// From the ClientHello to the server's Finished.
    fn begin(side: &mut Bare<Self>, incoming: &[u8], outgoing: &mut Vec<u8>) {
        let config = &*side.config;
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
        side.open = Some(Open::new(from_client, to_client));
        side.waiting = Some(Self {
            stage,
            transcript,
            so_far,
            read,
        });
    }

    /// The client's Finished, and the ticket of a session that goes on.
    fn finish(mut self, side: &mut Bare<Self>, incoming: &[u8], outgoing: &mut Vec<u8>) {
        let mut record = [0; RECORD_HEADER + HASH + TAG];
        record.copy_from_slice(incoming);
        let (finished, _) = self.read.open(&mut record);
        let expected = verify_data(&self.stage.client, &self.so_far);
        constant_time::verify_slices_are_equal(expected.as_ref(), finished).expect("the client's Finished");
        if let (Some(resumption), Some(open)) = (&side.config.resumption, &mut side.open) {
            self.transcript.update(finished);
            let psk = self.stage.ticket_psk(&self.transcript.finish());
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

//! The same for TLS 1.2: handshakes are in plaintext but for Finished, which is opened and sealed with keys from a key log's main secret. The suite is
//! TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 throughout.

use std::sync::Arc;

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::tls_prf::{P_SHA256, Secret};
use portunus_tls::wire::{Decode, HandshakeType, tls12::ServerHello};

use super::{CHANGE_CIPHER_SPEC, HANDSHAKE, Secrets, header, messages, plain, records};
use crate::pair::Wire;

/// One direction's record protection.
pub struct Sealer {
    key: LessSafeKey,
    salt: Vec<u8>,
    sequence: u64,
}

impl Sealer {
    fn new(key: &[u8], salt: &[u8]) -> Self {
        Self {
            key: LessSafeKey::new(UnboundKey::new(&AES_128_GCM, key).unwrap()),
            salt: salt.to_vec(),
            sequence: 0,
        }
    }

    fn nonce(&self, explicit: &[u8]) -> Nonce {
        Nonce::assume_unique_for_key([&self.salt[..], explicit].concat().try_into().unwrap())
    }

    fn aad(&mut self, kind: u8, length: usize) -> Aad<Vec<u8>> {
        let sequence = self.sequence.to_be_bytes();
        self.sequence += 1;
        Aad::from([&sequence[..], &header(kind, length)].concat())
    }

    /// A record of this content.
    pub fn seal(&mut self, kind: u8, content: &[u8]) -> Vec<u8> {
        let explicit = self.sequence.to_be_bytes();
        let aad = self.aad(kind, content.len());
        let mut sealed = content.to_vec();
        self.key
            .seal_in_place_append_tag(self.nonce(&explicit), aad, &mut sealed)
            .unwrap();
        let header = header(kind, 8 + sealed.len());
        [&header[..], &explicit, &sealed].concat()
    }

    /// The content of a record.
    pub fn open(&mut self, record: &[u8]) -> Vec<u8> {
        let (explicit, sealed) = record[5..].split_at(8);
        let mut sealed = sealed.to_vec();
        let aad = self.aad(record[0], sealed.len() - 16);
        let nonce = self.nonce(explicit);
        self.key.open_in_place(nonce, aad, &mut sealed).unwrap().to_vec()
    }
}

/// The client's and the server's protection.
pub fn sealers(secrets: &Secrets, client_random: &[u8; 32], server_random: &[u8; 32]) -> (Sealer, Sealer) {
    let main_secret = secrets.0.lock().unwrap()["CLIENT_RANDOM"].clone();
    let seed = [&server_random[..], client_random].concat();
    let secret = Secret::new(&P_SHA256, &main_secret).unwrap();
    let block = secret.derive(b"key expansion", &seed, 40).unwrap();
    let block = block.as_ref();
    (
        Sealer::new(&block[..16], &block[32..36]),
        Sealer::new(&block[16..32], &block[36..]),
    )
}

/// Changes the messages of the `nth` flight in plaintext (counted from 0): what stands before it and after it stays.
pub fn flight(nth: usize, mut change: impl FnMut(&mut Vec<Vec<u8>>) + 'static) -> Wire {
    let mut count = 0;
    Box::new(move |bytes| {
        let records = records(&bytes);
        let is_plain = |record: &&Vec<u8>| record[0] == HANDSHAKE;
        let content: Vec<u8> = records
            .iter()
            .take_while(is_plain)
            .flat_map(|record| record[5..].to_vec())
            .collect();
        if content.is_empty() {
            return vec![bytes];
        }
        count += 1;
        if count != nth + 1 {
            return vec![bytes];
        }
        let rest: Vec<u8> = records.iter().skip_while(is_plain).flatten().copied().collect();
        let mut messages = messages(&content);
        change(&mut messages);
        let content = messages.concat();
        let changed = if content.is_empty() {
            content
        } else {
            plain(HANDSHAKE, &content)
        };
        vec![[changed, rest].concat()]
    })
}

/// Changes the message of this type among those in plaintext.
pub fn message(kind: HandshakeType, mut change: impl FnMut(&mut Vec<u8>) + 'static) -> Wire {
    Box::new(move |bytes| {
        let pieces = records(&bytes).into_iter().map(|record| {
            if record[0] != HANDSHAKE || record.len() < 9 {
                return record;
            }
            let length = usize::from(record[6]) << 16 | usize::from(record[7]) << 8 | usize::from(record[8]);
            // Not one that is sealed.
            if length + 9 > record.len() {
                return record;
            }
            let mut messages = messages(&record[5..]);
            for message in messages.iter_mut().filter(|message| message[0] == kind.0) {
                change(message);
            }
            plain(HANDSHAKE, &messages.concat())
        });
        vec![pieces.collect::<Vec<_>>().concat()]
    })
}

/// Changes the records of a side's last flight from its change_cipher_spec on: `forge` gets that and what followed it, opened, and gives all that goes out
/// in their place.
pub fn ending(
    secrets: &Arc<Secrets>,
    randoms: &Arc<std::sync::Mutex<([u8; 32], [u8; 32])>>,
    client: bool,
    mut forge: impl FnMut(Vec<u8>, Vec<u8>, &mut Sealer) -> Vec<u8> + 'static,
) -> Wire {
    let (secrets, randoms) = (secrets.clone(), randoms.clone());
    Box::new(move |bytes| {
        note_randoms(&bytes, &mut randoms.lock().unwrap());
        let records = records(&bytes);
        let Some(place) = records.iter().position(|record| record[0] == CHANGE_CIPHER_SPEC) else {
            return vec![bytes];
        };
        let (before, ending) = records.split_at(place);
        let randoms = *randoms.lock().unwrap();
        let sealer = |(at_client, at_server): (Sealer, Sealer)| if client { at_client } else { at_server };
        let opened = sealer(sealers(&secrets, &randoms.0, &randoms.1)).open(&ending[1]);
        let forged = forge(
            ending[0].clone(),
            opened,
            &mut sealer(sealers(&secrets, &randoms.0, &randoms.1)),
        );
        vec![[before.concat(), forged].concat()]
    })
}

/// Remembers the randoms of hellos that go by.
pub fn note_randoms(bytes: &[u8], randoms: &mut ([u8; 32], [u8; 32])) {
    for record in records(bytes)
        .iter()
        .filter(|record| record[0] == HANDSHAKE && record.len() > 43)
    {
        match HandshakeType(record[5]) {
            HandshakeType::CLIENT_HELLO => randoms.0 = record[11..43].try_into().unwrap(),
            HandshakeType::SERVER_HELLO => randoms.1 = record[11..43].try_into().unwrap(),
            _ => {}
        }
    }
}

/// Reads a ServerHello as it goes by.
pub fn server_hello(bytes: &[u8], look: impl FnOnce(&ServerHello<'_>)) {
    let record = &records(bytes)[0];
    look(&ServerHello::read(&messages(&record[5..])[0][4..]).unwrap());
}

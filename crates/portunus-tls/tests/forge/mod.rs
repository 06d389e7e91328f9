//! A way between two honest sides that breaks the rules: plaintext is changed as it is, protected records are opened and
//! sealed again with the secrets of a key log. The suite is TLS_AES_128_GCM_SHA256 throughout.

#![allow(dead_code, missing_docs, unreachable_pub)]

pub mod client;
pub mod orders;
#[cfg(feature = "tls12")]
pub mod tls12;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Prk};
use portunus_tls::wire::{
    AlertDescription, ClientHello, Decode, Encode, ExtensionType, HandshakeType, ServerHelloOrRetry, UnknownExtension,
    handshake_message,
};
use portunus_tls::{Connection, Error, KeyLog, PeerFault};

use crate::pair::Wire;

pub const CHANGE_CIPHER_SPEC: u8 = 20;
pub const ALERT: u8 = 21;
pub const HANDSHAKE: u8 = 22;
pub const APPLICATION_DATA: u8 = 23;

/// An extension that nobody knows.
pub const UNKNOWN: UnknownExtension<'_> = UnknownExtension {
    extension_type: ExtensionType(0xfe77),
    extension_data: &[],
};

/// The secrets of one connection.
#[derive(Default)]
pub struct Secrets(pub Mutex<HashMap<String, Vec<u8>>>);

impl KeyLog for Secrets {
    fn log(&self, label: &str, _: &[u8; 32], secret: &[u8]) {
        self.0.lock().unwrap().insert(label.to_owned(), secret.to_vec());
    }
}

impl Secrets {
    /// What seals as the holder of this secret does.
    pub fn sealer(&self, label: &str) -> Sealer {
        Sealer::new(&self.0.lock().unwrap()[label])
    }
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// `HKDF-Expand-Label` (RFC 9846 section 7.1).
pub fn expand_label(secret: &[u8], label: &str, context: &[u8], length: usize) -> Vec<u8> {
    let label = format!("tls13 {label}");
    let number = |count: usize| u8::try_from(count).unwrap();
    let info = [
        &[0, number(length), number(label.len())],
        label.as_bytes(),
        &[number(context.len())],
        context,
    ]
    .concat();
    let mut out = vec![0; length];
    Prk::new_less_safe(HKDF_SHA256, secret)
        .expand(&[&info], Length(length))
        .unwrap()
        .fill(&mut out)
        .unwrap();
    out
}

/// One direction's record protection.
pub struct Sealer {
    pub secret: Vec<u8>,
    key: LessSafeKey,
    iv: Vec<u8>,
    sequence: u64,
}

impl Sealer {
    pub fn new(secret: &[u8]) -> Self {
        let key = UnboundKey::new(&AES_128_GCM, &expand_label(secret, "key", b"", 16)).unwrap();
        Self {
            secret: secret.to_vec(),
            key: LessSafeKey::new(key),
            iv: expand_label(secret, "iv", b"", 12),
            sequence: 0,
        }
    }

    /// The keys after a KeyUpdate.
    pub fn update(&mut self) {
        *self = Self::new(&expand_label(&self.secret, "traffic upd", b"", 32));
    }

    fn nonce(&mut self) -> Nonce {
        let mut nonce: [u8; 12] = self.iv.clone().try_into().unwrap();
        for (byte, sequence) in nonce[4..].iter_mut().zip(self.sequence.to_be_bytes()) {
            *byte ^= sequence;
        }
        self.sequence += 1;
        Nonce::assume_unique_for_key(nonce)
    }

    /// A record of this content, its type behind it.
    pub fn seal(&mut self, kind: u8, content: &[u8]) -> Vec<u8> {
        self.seal_inner([content, &[kind]].concat())
    }

    /// A record of all this: content, type, padding, or less.
    pub fn seal_inner(&mut self, mut inner: Vec<u8>) -> Vec<u8> {
        let header = header(APPLICATION_DATA, inner.len() + 16);
        let nonce = self.nonce();
        let aad = Aad::from(header);
        self.key.seal_in_place_append_tag(nonce, aad, &mut inner).unwrap();
        [&header[..], &inner].concat()
    }

    /// The content of a record; nothing of ours is padded.
    pub fn open(&mut self, record: &[u8]) -> Vec<u8> {
        let (header, sealed) = record.split_first_chunk::<5>().unwrap();
        let mut sealed = sealed.to_vec();
        let nonce = self.nonce();
        let opened = self.key.open_in_place(nonce, Aad::from(header), &mut sealed).unwrap();
        let (_, content) = opened.split_last().unwrap();
        content.to_vec()
    }
}

fn header(kind: u8, length: usize) -> [u8; 5] {
    let [high, low] = u16::try_from(length).unwrap().to_be_bytes();
    [kind, 3, 3, high, low]
}

/// A record in plaintext.
pub fn plain(kind: u8, content: &[u8]) -> Vec<u8> {
    [&header(kind, content.len()), content].concat()
}

/// Whole records, one by one.
pub fn records(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut records = Vec::new();
    while let Some((header, _)) = bytes.split_first_chunk::<5>() {
        let (record, rest) = bytes.split_at(5 + usize::from(u16::from_be_bytes([header[3], header[4]])));
        records.push(record.to_vec());
        bytes = rest;
    }
    records
}

/// Whole handshake messages, one by one.
pub fn messages(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut messages = Vec::new();
    while let Some((header, _)) = bytes.split_first_chunk::<4>() {
        let length = u32::from_be_bytes([0, header[1], header[2], header[3]]);
        let (message, rest) = bytes.split_at(4 + usize::try_from(length).unwrap());
        messages.push(message.to_vec());
        bytes = rest;
    }
    messages
}

/// Writes a message anew, in a plaintext record.
fn rewritten<M: Encode>(kind: HandshakeType, body: &M) -> Vec<u8> {
    plain(HANDSHAKE, &handshake_message(kind, body).unwrap())
}

/// Changes the `nth` ClientHello (counted from 0) on its way.
pub fn client_hello(nth: usize, mut change: impl FnMut(&mut ClientHello<'_>) + 'static) -> Wire {
    changed(HandshakeType::CLIENT_HELLO, nth, move |message| {
        let mut hello = ClientHello::read(&message[4..]).unwrap();
        change(&mut hello);
        rewritten(HandshakeType::CLIENT_HELLO, &hello)
    })
}

/// Changes the `nth` ServerHello or HelloRetryRequest (counted from 0) on its way.
pub fn server_hello(nth: usize, mut change: impl FnMut(&mut ServerHelloOrRetry<'_>) + 'static) -> Wire {
    changed(HandshakeType::SERVER_HELLO, nth, move |message| {
        let mut hello = ServerHelloOrRetry::read(&message[4..]).unwrap();
        change(&mut hello);
        rewritten(HandshakeType::SERVER_HELLO, &hello)
    })
}

/// Puts what `change` makes of the `nth` plaintext message of this type in its record's place.
pub fn changed(kind: HandshakeType, nth: usize, mut change: impl FnMut(&[u8]) -> Vec<u8> + 'static) -> Wire {
    let mut count = 0;
    Box::new(move |bytes| {
        let pieces = records(&bytes).into_iter().map(|record| {
            if record[0] != HANDSHAKE || record[5] != kind.0 {
                return record;
            }
            count += 1;
            if count == nth + 1 { change(&record[5..]) } else { record }
        });
        vec![pieces.collect::<Vec<_>>().concat()]
    })
}

/// Opens the flight that this secret of the handshake protects, and puts what `forge` makes of its messages in its place.
pub fn flight(
    secrets: &Arc<Secrets>,
    label: &'static str,
    mut forge: impl FnMut(Vec<Vec<u8>>, &mut Sealer) -> Vec<u8> + 'static,
) -> Wire {
    let (secrets, mut is_done) = (secrets.clone(), false);
    Box::new(move |bytes| {
        let pieces = records(&bytes).into_iter().map(|record| {
            if record[0] != APPLICATION_DATA || std::mem::replace(&mut is_done, true) {
                return record;
            }
            let opened = secrets.sealer(label).open(&record);
            forge(messages(&opened), &mut secrets.sealer(label))
        });
        vec![pieces.collect::<Vec<_>>().concat()]
    })
}

/// The one side refused with this alert, and the other was told. Gives the reason.
pub fn refused(
    refusing: Result<Connection, Error>,
    told: Result<Connection, Error>,
    alert: AlertDescription,
    what: &str,
) -> Error {
    let error = refusing.expect_err(what);
    assert_eq!(error.alert(), Some(alert), "{what}: {error}");
    match told {
        Err(Error::Alert(told)) => assert_eq!(told.description, alert, "{what}"),
        other => panic!("{what}: the other side was not told: {other:?}"),
    }
    error
}

pub fn assert_fault(error: &Error, fault: PeerFault, what: &str) {
    assert!(matches!(error, Error::Peer(got) if *got == fault), "{what}: {error:?}");
}

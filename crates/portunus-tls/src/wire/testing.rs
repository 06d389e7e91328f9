//! What every test of a message needs.

#[cfg(feature = "tls12")]
use super::tls12;
use super::{
    Alert, AlertDescription, Certificate, CertificateRequest, CertificateStatus, CertificateVerify, ClientHello,
    CompressedCertificate, Decode, Encode, EncryptedExtensions, EndOfEarlyData, Finished, HandshakeHeader, KeyUpdate,
    Malformed, NewSessionTicket, RecordHeader, ServerHelloOrRetry, SignedCertificateTimestampList, Writer,
};

/// Reads a message and writes it again.
pub(super) type Reread = fn(&[u8]) -> Result<Vec<u8>, Malformed>;

/// Every message, by its name.
pub(super) const MESSAGES: &[(&str, Reread)] = &[
    ("Alert", |bytes| Alert::read(bytes).map(|message| written(&message))),
    ("Certificate", |bytes| {
        Certificate::read(bytes).map(|message| written(&message))
    }),
    ("CertificateRequest", |bytes| {
        CertificateRequest::read(bytes).map(|message| written(&message))
    }),
    ("CertificateVerify", |bytes| {
        CertificateVerify::read(bytes).map(|message| written(&message))
    }),
    ("CertificateStatus", |bytes| {
        CertificateStatus::read(bytes).map(|message| written(&message))
    }),
    ("ClientHello", |bytes| {
        ClientHello::read(bytes).map(|message| written(&message))
    }),
    ("CompressedCertificate", |bytes| {
        CompressedCertificate::read(bytes).map(|message| written(&message))
    }),
    ("EncryptedExtensions", |bytes| {
        EncryptedExtensions::read(bytes).map(|message| written(&message))
    }),
    ("EndOfEarlyData", |bytes| {
        EndOfEarlyData::read(bytes).map(|message| written(&message))
    }),
    ("Finished", |bytes| {
        Finished::read(bytes).map(|message| written(&message))
    }),
    ("Handshake", |bytes| {
        HandshakeHeader::read(bytes).map(|message| written(&message))
    }),
    ("KeyUpdate", |bytes| {
        KeyUpdate::read(bytes).map(|message| written(&message))
    }),
    ("NewSessionTicket", |bytes| {
        NewSessionTicket::read(bytes).map(|message| written(&message))
    }),
    ("ServerHello", |bytes| {
        ServerHelloOrRetry::read(bytes).map(|message| written(&message))
    }),
    ("SignedCertificateTimestampList", |bytes| {
        SignedCertificateTimestampList::read(bytes).map(|message| written(&message))
    }),
    ("TLSPlaintext", |bytes| {
        RecordHeader::read(bytes).map(|message| written(&message))
    }),
    #[cfg(feature = "tls12")]
    ("Certificate of TLS 1.2", |bytes| {
        tls12::Certificate::read(bytes).map(|message| written(&message))
    }),
    #[cfg(feature = "tls12")]
    ("CertificateRequest of TLS 1.2", |bytes| {
        tls12::CertificateRequest::read(bytes).map(|message| written(&message))
    }),
    #[cfg(feature = "tls12")]
    ("ClientKeyExchange", |bytes| {
        tls12::ClientKeyExchange::read(bytes).map(|message| written(&message))
    }),
    #[cfg(feature = "tls12")]
    ("EncryptedPreliminarySecret", |bytes| {
        tls12::EncryptedPreliminarySecret::read(bytes).map(|message| written(&message))
    }),
    #[cfg(feature = "tls12")]
    ("HelloRequest", |bytes| {
        tls12::HelloRequest::read(bytes).map(|message| written(&message))
    }),
    #[cfg(feature = "tls12")]
    ("NewSessionTicket of TLS 1.2", |bytes| {
        tls12::NewSessionTicket::read(bytes).map(|message| written(&message))
    }),
    #[cfg(feature = "tls12")]
    ("ServerHello of TLS 1.2", |bytes| {
        tls12::ServerHello::read(bytes).map(|message| written(&message))
    }),
    #[cfg(feature = "tls12")]
    ("ServerHelloDone", |bytes| {
        tls12::ServerHelloDone::read(bytes).map(|message| written(&message))
    }),
    #[cfg(feature = "tls12")]
    ("ServerKeyExchange", |bytes| {
        tls12::ServerKeyExchange::read(bytes).map(|message| written(&message))
    }),
];

pub(super) fn reread(name: &str) -> Reread {
    MESSAGES
        .iter()
        .find(|(one, _)| *one == name)
        .map(|&(_, reread)| reread)
        .expect("the message is listed")
}

pub(super) fn written<M: Encode>(message: &M) -> Vec<u8> {
    let mut w = Writer::new("test");
    message.encode(&mut w).expect("the message is short enough");
    w.into_bytes()
}

/// Tests a message every way: it writes back to the same bytes; cut anywhere, or with a byte more, it is refused with `decode_error`;
/// with any one byte changed, lengths among them, it is refused or writes back to the bytes that it was read from.
///
/// `also_whole_at` lists where a message that is cut is whole all the same.
pub(super) fn test_message(name: &str, bytes: &[u8], also_whole_at: &[usize]) {
    let reread = reread(name);
    assert_eq!(reread(bytes).as_deref(), Ok(bytes));
    for length in (0..bytes.len()).filter(|length| !also_whole_at.contains(length)) {
        let fault = reread(&bytes[..length]).expect_err("a cut message is refused");
        assert_eq!(fault.alert(), AlertDescription::DECODE_ERROR, "{fault}");
    }
    let fault = reread(&[bytes, &[0]].concat()).expect_err("a byte more is refused");
    assert_eq!(fault.alert(), AlertDescription::DECODE_ERROR, "{fault}");
    for at in 0..bytes.len() {
        let value = bytes[at];
        for other in [value.wrapping_sub(1), value.wrapping_add(1), value ^ 0x80, 0, 0xff] {
            let mut changed = bytes.to_vec();
            changed[at] = other;
            if let Ok(again) = reread(&changed) {
                assert_eq!(again, changed, "byte {at} changed to {other:#04x}");
            }
        }
    }
}

/// The bytes that a text of hexadecimal digits and blanks stands for.
pub(super) fn hex(digits: &str) -> Vec<u8> {
    let digits: Vec<char> = digits.chars().filter(|digit| !digit.is_whitespace()).collect();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(&String::from_iter(pair), 16).expect("two hexadecimal digits"))
        .collect()
}

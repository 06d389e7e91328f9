//! What server and signer say: a connection is one question and its answer.
//!
//! ```text
//! struct { uint8 kind; SignatureScheme scheme; opaque message<0..255>; } Question;
//! struct { uint8 status; opaque content<0..4096>; } Answer;
//! ```
//!
//! Two bytes hold each length; numbers are big-endian. The question of `kind` 0 is which key it is: the content is its schemes (a byte that counts them, two
//! bytes each) and the public half. 1 asks for a signature. `status` 0 is an answer, 1 a refusal with its reason in UTF-8.

use std::io;
use std::time::Duration;

use portunus_tls::wire::SignatureScheme;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

/// One question and its answer take no longer: less than a handshake may.
pub(crate) const LIMIT: Duration = Duration::from_secs(5);

/// What the server of TLS 1.3 signs is 130 or 146 bytes long.
const MAX_MESSAGE: u16 = 255;
/// An RSA key of 16384 bits, as DER.
const MAX_CONTENT: u16 = 4096;

#[derive(Debug)]
pub(crate) enum Question {
    Key,
    Sign { scheme: SignatureScheme, message: Vec<u8> },
}

/// Which key a signer holds.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) schemes: Vec<SignatureScheme>,
    /// As a certificate's `subjectPublicKey` holds it.
    pub(crate) public: Vec<u8>,
}

impl Question {
    pub(crate) async fn read(stream: &mut UnixStream) -> io::Result<Self> {
        let kind = stream.read_u8().await?;
        let scheme = SignatureScheme(stream.read_u16().await?);
        let message = read(stream, MAX_MESSAGE).await?;
        match kind {
            0 => Ok(Self::Key),
            1 => Ok(Self::Sign { scheme, message }),
            _ => Err(invalid(format!("a question of kind {kind}"))),
        }
    }

    pub(crate) async fn write(&self, stream: &mut UnixStream) -> io::Result<()> {
        let (kind, scheme, message) = match self {
            Self::Key => (0, SignatureScheme(0), &[][..]),
            Self::Sign { scheme, message } => (1, *scheme, &message[..]),
        };
        let scheme = scheme.0.to_be_bytes();
        let length = length(message, MAX_MESSAGE)?;
        stream
            .write_all(&[&[kind], &scheme[..], &length, message].concat())
            .await
    }
}

pub(crate) async fn write_answer(stream: &mut UnixStream, answer: &Result<Vec<u8>, String>) -> io::Result<()> {
    let (status, content) = match answer {
        Ok(content) => (0, &content[..]),
        Err(reason) => (1, reason.as_bytes()),
    };
    let length = length(content, MAX_CONTENT)?;
    stream.write_all(&[&[status], &length[..], content].concat()).await
}

pub(crate) async fn read_answer(stream: &mut UnixStream) -> io::Result<Result<Vec<u8>, String>> {
    let status = stream.read_u8().await?;
    let content = read(stream, MAX_CONTENT).await?;
    match status {
        0 => Ok(Ok(content)),
        1 => Ok(Err(String::from_utf8_lossy(&content).escape_debug().to_string())),
        _ => Err(invalid(format!("an answer of status {status}"))),
    }
}

impl Key {
    pub(crate) fn read(content: &[u8]) -> io::Result<Self> {
        let too_short = || invalid("a key that ends too early".to_owned());
        let (count, rest) = content.split_first().ok_or_else(too_short)?;
        let (schemes, public) = rest.split_at_checked(usize::from(*count) * 2).ok_or_else(too_short)?;
        let (schemes, _) = schemes.as_chunks::<2>();
        Ok(Self {
            schemes: schemes
                .iter()
                .map(|two| SignatureScheme(u16::from_be_bytes(*two)))
                .collect(),
            public: public.to_vec(),
        })
    }

    pub(crate) fn write(&self) -> Vec<u8> {
        let count = u8::try_from(self.schemes.len()).expect("few schemes");
        let schemes = self.schemes.iter().flat_map(|scheme| scheme.0.to_be_bytes());
        [count]
            .into_iter()
            .chain(schemes)
            .chain(self.public.iter().copied())
            .collect()
    }
}

fn length(bytes: &[u8], max: u16) -> io::Result<[u8; 2]> {
    match u16::try_from(bytes.len()) {
        Ok(length) if length <= max => Ok(length.to_be_bytes()),
        _ => Err(invalid(format!("{} bytes, more than {max}", bytes.len()))),
    }
}

/// Never makes room for more than `max`.
async fn read(stream: &mut UnixStream, max: u16) -> io::Result<Vec<u8>> {
    let length = stream.read_u16().await?;
    if length > max {
        return Err(invalid(format!("{length} bytes, more than {max}")));
    }
    let mut bytes = vec![0; usize::from(length)];
    stream.read_exact(&mut bytes).await?;
    Ok(bytes)
}

fn invalid(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

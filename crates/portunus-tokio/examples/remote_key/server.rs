//! The process that has the certificate, and asks for signatures.

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use portunus_tls::wire::SignatureScheme;
use portunus_tls::{Decision, Sign, SigningFailed};
use tokio::net::UnixStream;
use tokio::time::timeout;

use crate::protocol::{Key, LIMIT, Question, read_answer};
use crate::site;

pub(crate) async fn run(certificate: &Path, socket: PathBuf, listen: SocketAddr) -> Result<(), Box<dyn Error>> {
    let key = Key::read(&ask(&socket, &Question::Key).await?)?;
    site::serve(listen, certificate, Arc::new(RemoteKey { socket, key })).await
}

/// The key of the signer that listens at a socket. Each signature is a connection of its own: a signer that was started anew is found by the next handshake.
struct RemoteKey {
    socket: PathBuf,
    key: Key,
}

impl Sign for RemoteKey {
    fn schemes(&self) -> &[SignatureScheme] {
        &self.key.schemes
    }

    fn public_key(&self) -> Option<&[u8]> {
        Some(&self.key.public)
    }

    fn sign<'a>(&'a self, scheme: SignatureScheme, message: &'a [u8]) -> Decision<'a, Result<Vec<u8>, SigningFailed>> {
        Decision::later(async move {
            let message = message.to_vec();
            let signed = ask(&self.socket, &Question::Sign { scheme, message }).await;
            signed.map_err(|error| SigningFailed {
                reason: error.to_string(),
            })
        })
    }
}

async fn ask(socket: &Path, question: &Question) -> io::Result<Vec<u8>> {
    let exchange = async {
        let mut stream = UnixStream::connect(socket).await?;
        question.write(&mut stream).await?;
        read_answer(&mut stream).await
    };
    let answered = timeout(LIMIT, exchange).await;
    let answered = answered.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
    let at = socket.display();
    match answered {
        Ok(answer) => answer.map_err(|reason| io::Error::other(format!("the signer at {at} refuses: {reason}"))),
        Err(error) => Err(io::Error::new(
            error.kind(),
            format!("the signer at {at} does not answer: {error}"),
        )),
    }
}

//! The process that holds the key.

use std::error::Error;
use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use portunus_tls::wire::SignatureScheme;
use portunus_tls::{LocalKey, Sign};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use crate::protocol::{Key, LIMIT, Question, write_answer};
use crate::site::{check_private, complain, say};

/// After a caller who could not be heard, such as for want of descriptors.
const PAUSE: Duration = Duration::from_millis(100);

/// Questions at a time; the others wait in the socket's queue.
const AT_A_TIME: usize = 64;

/// What a server of TLS 1.3 proves itself with begins so; the transcript's hash follows (RFC 9846 section 4.5.2).
const PROOF: &[u8] =
    b"                                                                TLS 1.3, server CertificateVerify\0";

pub(crate) async fn run(key: &Path, socket: &Path) -> Result<(), Box<dyn Error>> {
    check_private(key)?;
    let pem = pem::parse(fs::read(key)?)?;
    let key = Arc::new(LocalKey::from_der(pem.contents())?);
    let listener = listen(socket).await?;
    let user = user()?;
    say(format_args!("signs at {}", socket.display()));
    let places = Arc::new(Semaphore::new(AT_A_TIME));
    loop {
        let place = places.clone().acquire_owned().await?;
        let accepted = listener.accept().await;
        // The file's mode keeps others away already; who may pass it all the same (by an inherited descriptor) is asked for.
        let (stream, peer) = match accepted.and_then(|(stream, _)| stream.peer_cred().map(|peer| (stream, peer.uid())))
        {
            Ok(accepted) => accepted,
            Err(error) => {
                complain(format_args!("a caller: {error}"));
                sleep(PAUSE).await;
                continue;
            }
        };
        if peer != user {
            complain(format_args!("refused the user {peer}"));
            continue;
        }
        let key = key.clone();
        tokio::spawn(async move {
            let answered = timeout(LIMIT, answer(stream, &key)).await;
            if let Err(error) = answered.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
                complain(format_args!("a question: {error}"));
            }
            drop(place);
        });
    }
}

async fn answer(mut stream: UnixStream, key: &LocalKey) -> io::Result<()> {
    let answer = match Question::read(&mut stream).await? {
        Question::Key => {
            let schemes = key.schemes().iter().copied();
            let schemes = schemes.filter(|scheme| scheme.is_for_tls13()).collect();
            let public = key.public_key().to_vec();
            Ok(Key { schemes, public }.write())
        }
        Question::Sign { scheme, message } => sign(key, scheme, &message).await,
    };
    if let Err(reason) = &answer {
        complain(format_args!("refused: {reason}"));
    }
    write_answer(&mut stream, &answer).await
}

/// Signs a server's proof and nothing else: whoever takes over the server gets no certificate and no document signed.
async fn sign(key: &LocalKey, scheme: SignatureScheme, message: &[u8]) -> Result<Vec<u8>, String> {
    let hash = message.strip_prefix(PROOF).map(<[u8]>::len);
    if !matches!(hash, Some(32 | 48)) || !scheme.is_for_tls13() {
        return Err("not the proof of a server of TLS 1.3".to_owned());
    }
    key.sign(scheme, message).await.map_err(|failed| failed.reason)
}

/// A socket of mode 0600. It has another mode at first, so its folder must keep others away.
async fn listen(path: &Path) -> Result<UnixListener, Box<dyn Error>> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    check_private(folder)?;
    if let Ok(left) = fs::symlink_metadata(path) {
        if !left.file_type().is_socket() {
            return Err(format!("{}: there is a file already", path.display()).into());
        }
        if UnixStream::connect(path).await.is_ok() {
            return Err(format!("{}: another signer listens there", path.display()).into());
        }
        fs::remove_file(path)?;
    }
    let listener = UnixListener::bind(path)?;
    fs::set_permissions(path, Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// The user that this process acts for.
fn user() -> io::Result<u32> {
    let (ours, _) = UnixStream::pair()?;
    Ok(ours.peer_cred()?.uid())
}

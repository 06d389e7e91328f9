//! A site of one page, for servers of which only the key is of interest; and files that nobody else may read.

use std::fmt::Display;
use std::fs;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use portunus_tls::wire::ProtocolVersion;
use portunus_tls::{Identities, Identity, Misuse, Policy, ServerConfig, Sign};
use portunus_tokio::Acceptor;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};

const PAGE: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 7\r\nconnection: close\r\n\r\nsigned\n";
/// No request that asks for one page is longer.
const MAX_REQUEST: usize = 16 * 1024;
const REQUEST_LIMIT: Duration = Duration::from_secs(10);

/// Serves the page until the process ends, with a certificate from a file of PEM and its key, wherever that is.
pub(crate) async fn serve(
    listen: SocketAddr,
    certificate: &Path,
    key: Arc<dyn Sign>,
) -> Result<(), Box<dyn std::error::Error>> {
    let acceptor = Acceptor::new(Arc::new(config(certificate, key)?));
    let listener = TcpListener::bind(listen).await?;
    say(format_args!("serves https://{}/", listener.local_addr()?));
    loop {
        let (socket, client) = match listener.accept().await {
            Ok(accepted) => accepted,
            // Such as too many open files: some will be closed.
            Err(error) => {
                complain(format_args!("cannot accept: {error}"));
                sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let acceptor = acceptor.clone();
        // A task each: one that waits for its signature holds up no other.
        tokio::spawn(async move {
            if let Err(error) = answer(&acceptor, socket).await {
                complain(format_args!("{client}: {error}"));
            }
        });
    }
}

/// TLS 1.3 alone: there a signature is about nothing but the handshake, and says so in its first bytes.
fn config(certificate: &Path, key: Arc<dyn Sign>) -> Result<ServerConfig, Box<dyn std::error::Error>> {
    let pem = fs::read(certificate).map_err(|error| format!("{}: {error}", certificate.display()))?;
    let chain = pem::parse_many(pem)?.into_iter().map(|part| part.into_contents());
    let identity = Identity::with_signer(chain.collect(), key)?;
    let identities = Arc::new(Identities::new(vec![Arc::new(identity)]));
    Ok(ServerConfig::new(identities).with_policy(tls13()?))
}

fn tls13() -> Result<Policy, Misuse> {
    Policy::modern().with_versions(&[ProtocolVersion::TLS1_3])
}

async fn answer(acceptor: &Acceptor, socket: TcpStream) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let mut stream = acceptor.accept(socket).await?;
    let mut request = Vec::new();
    let whole = async {
        while !request.windows(4).any(|end| end == b"\r\n\r\n") && request.len() < MAX_REQUEST {
            if stream.read_buf(&mut request).await? == 0 {
                return Ok(());
            }
        }
        stream.write_all(PAGE).await?;
        stream.shutdown().await
    };
    Ok(timeout(REQUEST_LIMIT, whole).await??)
}

/// Refuses a file or folder that others may use.
pub(crate) fn check_private(path: &Path) -> io::Result<()> {
    let about = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    let mode = fs::metadata(path).map_err(about)?.permissions().mode() & 0o777;
    if mode & 0o077 == 0 {
        return Ok(());
    }
    let message = format!("{}: others may use it (mode {mode:o})", path.display());
    Err(io::Error::new(io::ErrorKind::PermissionDenied, message))
}

/// A line for whoever started the program.
pub(crate) fn say(line: impl Display) {
    let _ = writeln!(io::stdout(), "{line}");
}

/// A line about what went wrong.
pub(crate) fn complain(line: impl Display) {
    let _ = writeln!(io::stderr(), "{line}");
}

//! A server whose private key is in another process. The signer holds the key and signs handshakes, nothing else; the server has the certificate alone, and
//! whoever breaks into it finds no key.
//!
//! ```text
//! remote_key signer --key key.pem --socket private/signer.sock
//! remote_key server --certificate chain.pem --socket private/signer.sock --listen 127.0.0.1:8443
//! ```
//!
//! The two talk over a Unix socket that their user alone may use. When the signer is gone, handshakes fail with `internal_error`, the server goes on, and so
//! do its connections; as soon as there is a signer again, so are handshakes.

mod protocol;
mod server;
mod signer;
#[path = "../site/mod.rs"]
mod site;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

#[derive(Parser)]
enum Command {
    /// Holds a key, and signs handshakes with it.
    Signer {
        /// The private key: PKCS#8, SEC1 or PKCS#1 in PEM.
        #[arg(long)]
        key: PathBuf,
        /// Where to listen: in a folder that nobody else may use; it is made if there is none.
        #[arg(long)]
        socket: PathBuf,
    },
    /// Serves a page with a key that a signer holds.
    Server {
        /// The certificate and what is between it and its root, in PEM.
        #[arg(long)]
        certificate: PathBuf,
        /// Where the signer listens.
        #[arg(long)]
        socket: PathBuf,
        /// Where to listen.
        #[arg(long)]
        listen: SocketAddr,
    },
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let ended = match Command::parse() {
        Command::Signer { key, socket } => signer::run(&key, &socket).await,
        Command::Server {
            certificate,
            socket,
            listen,
        } => server::run(&certificate, socket, listen).await,
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            site::complain(format_args!("remote_key: {error}"));
            ExitCode::FAILURE
        }
    }
}

//! A server whose private key is made and stays inside a token of PKCS#11: a hardware module, a smart card, SoftHSM.
//!
//! ```text
//! pkcs11 generate --module libsofthsm2.so --token web --pin-file pin --label site --kind p256 > public.pem
//! pkcs11 serve --module libsofthsm2.so --token web --pin-file pin --label site --certificate chain.pem --listen 127.0.0.1:8443
//! ```
//!
//! `generate` prints the public key, for an authority to certify (`openssl x509 -new -force_pubkey public.pem …`). Calls of PKCS#11 block, so a thread of their
//! own makes them ([`portunus_tokio::SigningThread`]). A session that failed is opened anew with the next signature.

#[path = "../site/mod.rs"]
mod site;
mod token;

use std::error::Error;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Parser, ValueEnum};
use portunus_tokio::SigningThread;

use token::Token;

#[derive(Parser)]
enum Command {
    /// Makes a key in the token, and prints its public half in PEM.
    Generate {
        #[command(flatten)]
        place: Place,
        /// What kind of key.
        #[arg(long)]
        kind: Kind,
    },
    /// Serves a page with the key.
    Serve {
        #[command(flatten)]
        place: Place,
        /// The certificate and what is between it and its root, in PEM.
        #[arg(long)]
        certificate: PathBuf,
        /// Where to listen.
        #[arg(long)]
        listen: SocketAddr,
    },
}

/// Where the key is.
#[derive(Args)]
struct Place {
    /// The token's library.
    #[arg(long)]
    module: PathBuf,
    /// The token's label.
    #[arg(long)]
    token: String,
    /// A file that nobody else may read, with the user's PIN.
    #[arg(long)]
    pin_file: PathBuf,
    /// The key's label.
    #[arg(long)]
    label: String,
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    P256,
    Rsa,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Command::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            site::complain(format_args!("pkcs11: {error}"));
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> Result<(), Box<dyn Error>> {
    match command {
        Command::Generate { place, kind } => {
            let info = Token::open(&place)?.generate(kind)?;
            site::say(pem::encode(&pem::Pem::new("PUBLIC KEY", info)).trim_end());
            Ok(())
        }
        Command::Serve {
            place,
            certificate,
            listen,
        } => {
            let mut token = Token::open(&place)?;
            let public = token.public_key()?;
            let key = SigningThread::start(public.schemes(), move |scheme, message| token.sign(scheme, message))?;
            let key = key.with_public_key(public.into_bytes());
            site::serve(listen, &certificate, Arc::new(key)).await
        }
    }
}

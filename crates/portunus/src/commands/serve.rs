//! `portunus serve`: a folder as a site over HTTPS.

mod banner;
mod certificate;
mod key_log;
mod listen;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use portunus_server::{Server, Site, Stop, TlsAcceptor};
use portunus_tls::{ReplayGuard, ServerConfig, SessionCache, Tickets, certificate_compressions};
use portunus_x509::{DnsName, InvalidName, Printable};

use super::legacy_rsa;
use crate::clock;
use crate::failure::Failure;
use crate::output;

/// Serve a folder over HTTPS
///
/// The site is at https://localhost:8443, for this machine alone unless --listen says otherwise. Its
/// certificate comes from this machine's own authority, which is made when it is first needed, or
/// from the files named by --cert and --key.
///
/// Files and folders whose names begin with a dot are not served. /.portunus/connection shows
/// visitors their own connection.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The folder to serve
    #[arg(default_value = ".", hide_default_value = true)]
    folder: PathBuf,
    #[arg(long, value_name = "ADDR", help = LISTEN_HELP)]
    listen: Vec<SocketAddr>,
    /// Show the certificate chain in this PEM file
    #[arg(long, value_name = "FILE", requires = "key")]
    cert: Option<PathBuf>,
    /// The private key of --cert: a PEM file with PKCS#8, SEC1 or PKCS#1
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,
    /// Have the authority certify this name too; may be repeated
    #[arg(long, value_name = "NAME", value_parser = name, conflicts_with = "cert")]
    name: Vec<DnsName>,
    /// Take requests before the handshake is done, from visitors who were here before: a round trip less. Only those
    /// that change nothing (GET, HEAD, OPTIONS); anybody who recorded one can have it answered anew
    #[arg(long)]
    early_data: bool,
    /// Let clients that have nothing better send their secret under the RSA key of --cert, as HTTPS began (TLS 1.2).
    /// Whoever records such a connection and gets hold of the key one day can read all of it
    #[arg(long, requires = "cert")]
    legacy_rsa: bool,
    /// Write the secrets of all connections to this file, for Wireshark: whoever reads it can read them
    #[arg(long, value_name = "FILE")]
    key_log: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  portunus serve                                     this folder, for this machine
  portunus serve --listen 0.0.0.0:8443 site/         for everybody who reaches this machine
  portunus serve --cert site.pem --key site-key.pem  with a certificate from elsewhere
  curl --cacert <(portunus ca root) https://localhost:8443/

Ctrl-C or SIGTERM lets requests in progress finish; a second one ends at once.";

// Not a doc comment, in which the address would be a link.
const LISTEN_HELP: &str = "Listen on this address and port; may be repeated. Port 0 takes a free one [default: \
                           127.0.0.1:8443 and [::1]:8443]";

/// How much of it is taken: requests that change nothing have no body, and few heads are longer.
const EARLY_BYTES: u32 = 16 * 1024;

/// How many hellos with it are remembered at a time, some 20 bytes each, so that none is taken twice: a thousand a second and more.
const EARLY_HELLOS: usize = 64 * 1024;

/// How programs are told that requests were cut off.
const CUT_OFF: u8 = 130;

fn name(text: &str) -> Result<DnsName, InvalidName> {
    DnsName::parse(text)
}

pub(crate) fn run(args: Args) -> Result<ExitCode, Failure> {
    let site = Site::open(&args.folder).map_err(|error| {
        Failure::new("cannot serve the folder")
            .because(&error)
            .hint("name a folder that is there and can be read")
    })?;
    let key_log = args.key_log.as_deref().map(key_log::KeyLogFile::open).transpose()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new("cannot start").because(&error))?;
    let outcome = runtime.block_on(async {
        let listeners = listen::listen(&args.listen)?;
        let addresses: Vec<SocketAddr> = listeners
            .iter()
            .filter_map(|listener| listener.local_addr().ok())
            .collect();
        let served = match (&args.cert, &args.key) {
            (Some(cert), Some(key)) => certificate::from_files(cert, key, args.legacy_rsa)?,
            _ => certificate::from_authority(&args.name, &addresses)?,
        };
        let tickets = Tickets::new(clock::now()?).map_err(|error| Failure::new("cannot start").because(&error))?;
        let banner = banner::text(&site, &addresses, &args.name, &served, &warnings(&args));
        let mut config = ServerConfig::new(Arc::new(served.identity))
            .with_certificate_compression(&certificate_compressions())
            .with_tickets(Arc::new(tickets))
            .with_session_cache(Arc::new(SessionCache::default()));
        if args.early_data {
            let guard = ReplayGuard::new(EARLY_HELLOS, clock::now()?);
            let guard = guard.map_err(|error| Failure::new("cannot start").because(&error))?;
            config = config.with_early_data(Arc::new(guard), EARLY_BYTES);
        }
        if args.legacy_rsa {
            config = config.with_policy(legacy_rsa::server_policy());
        }
        if let Some(key_log) = key_log {
            config = config.with_key_log(Arc::new(key_log));
        }
        let mut server = Server::new(site, TlsAcceptor::new(config));
        for listener in listeners {
            server = server.listen(listener);
        }
        serve(server, &banner).await
    });
    // A thread that waits for a slow disk shall not hold up the end.
    runtime.shutdown_background();
    outcome
}

/// What weakens connections.
fn warnings(args: &Args) -> Vec<String> {
    let key_log = args.key_log.as_deref().map(|path| {
        let path = Printable::new(path.as_os_str().as_encoded_bytes());
        format!("{path} gets the secrets of all connections")
    });
    let legacy_rsa = (args.legacy_rsa).then(|| format!("--legacy-rsa lets clients connect {}", legacy_rsa::COSTS));
    key_log.into_iter().chain(legacy_rsa).collect()
}

async fn serve(server: Server<Site, TlsAcceptor>, banner: &str) -> Result<ExitCode, Failure> {
    let stop = Stop::new();
    let told = || tracing::info!("stopping: requests in progress are finished, once more Ctrl-C ends them");
    // Caught before anybody can know that we are here.
    let signals = stop
        .on_signals(told)
        .map_err(|error| Failure::new("cannot catch signals").because(&error))?;
    let signals = tokio::spawn(signals);
    output::print(banner)?;
    server.run(&stop).await;
    signals.abort();
    Ok(if stop.is_now() {
        ExitCode::from(CUT_OFF)
    } else {
        ExitCode::SUCCESS
    })
}

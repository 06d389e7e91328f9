//! `portunus get`: one address fetched, with curl's options, meanings and exit codes.

pub(super) mod failure;
mod progress;
mod request;
mod sink;
pub(super) mod teller;
pub(super) mod trust;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use portunus_client::{Chunk, Client, ClientBuilder, HttpVersions, Override, RedirectPolicy, Request, Response};

use super::legacy_rsa;
use crate::failure::Failure;
use progress::Progress;
use sink::Sink;
use teller::Teller;

/// Fetch from a site over HTTPS, as curl does
#[derive(clap::Args)]
#[command(args_override_self = true, after_help = HELP)]
pub(crate) struct Args {
    /// The address; without a scheme it means https://
    #[arg(value_name = "URL")]
    url: String,

    /// Write the body to this file; `-` is standard output, whatever it is
    #[arg(short, long, value_name = "FILE", allow_hyphen_values = true, value_parser = named)]
    output: Option<PathBuf>,

    /// Write the body to a file in this folder, named as the address's last part
    #[arg(short = 'O', long, conflicts_with = "output")]
    remote_name: bool,

    /// Write the response's head before the body
    #[arg(short, long)]
    include: bool,

    /// Ask for the head alone, and write it
    #[arg(short = 'I', long, conflicts_with = "data")]
    head: bool,

    /// Tell on standard error what happens
    #[arg(short, long)]
    verbose: bool,

    /// No progress bar, no error messages
    #[arg(short, long)]
    silent: bool,

    /// Accept any certificate for any name. Whoever stands between can read and change everything
    #[arg(short = 'k', long)]
    insecure: bool,

    /// An HTTP status of 400 or more is a failure (exit code 22), and its body is not written
    #[arg(short, long)]
    fail: bool,

    /// Follow redirects, at most 50
    #[arg(short = 'L', long)]
    location: bool,

    /// Let a redirect lead from https to http
    #[arg(long)]
    allow_http: bool,

    /// Trust the authorities in this PEM file, and no others
    #[arg(long, value_name = "FILE")]
    cacert: Option<PathBuf>,

    /// Use this address in place of what HOST resolves to
    #[arg(long, value_name = "HOST:PORT:ADDR", action = clap::ArgAction::Append)]
    resolve: Vec<String>,

    /// Send this header; `Name:` removes one of ours, `Name;` sends it empty, `@FILE` reads a line each
    #[arg(short = 'H', long = "header", value_name = "HEADER", allow_hyphen_values = true, action = clap::ArgAction::Append)]
    headers: Vec<String>,

    /// Post this as a form; `@FILE` is read without its line breaks; several are joined by &
    #[arg(short, long, value_name = "DATA", allow_hyphen_values = true, action = clap::ArgAction::Append)]
    data: Vec<String>,

    /// Use this method, through redirects too
    #[arg(short = 'X', long = "request", value_name = "METHOD", value_parser = request::method)]
    method: Option<http::Method>,

    /// Send this as User-Agent; nothing if empty
    #[arg(short = 'A', long, value_name = "NAME", allow_hyphen_values = true)]
    user_agent: Option<String>,

    /// Authenticate (Basic); the password is asked for if there is no colon
    #[arg(short, long, value_name = "USER[:PASSWORD]", allow_hyphen_values = true)]
    user: Option<String>,

    /// Offer HTTP/1.1 alone
    #[arg(long = "http1.1", overrides_with = "http2")]
    http1: bool,

    /// Offer HTTP/2 and HTTP/1.1; so it is without either option
    #[arg(long, overrides_with = "http1")]
    http2: bool,

    /// Offer nothing but RSA key transport (TLS 1.2), as HTTPS began: the secret goes to the server under its RSA key.
    /// Whoever records it and gets hold of that key one day can read all of it
    #[arg(long, conflicts_with = "http2")]
    legacy_rsa: bool,

    /// Give up after this many seconds; 0 is never
    #[arg(short, long, value_name = "SECONDS", value_parser = seconds)]
    max_time: Option<Duration>,

    /// Give up if there is no connection after this many seconds; 0 is 300
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    connect_timeout: Option<Duration>,
}

const HELP: &str = "\
Examples:
  portunus get https://localhost:8443/README.md         print a page
  portunus get -O https://localhost:8443/README.md      save it as README.md
  portunus get -fsL -o page.html https://example.com    follow redirects, in a script
  portunus get -d name=Ann https://localhost:8443/form  post a form

Trusted are this machine's own authority, for the names that it may certify, and the system's.

Exit codes are curl's:
   1 not HTTP or HTTPS        22 HTTP error with -f         52 empty reply
   2 wrong usage              23 output not written         55 not sent
   3 not an address           26 input not read             56 not received, or cut off
   6 name not resolved        28 too late                   60 certificate refused
   7 not connected            35 TLS handshake failed       77 --cacert not read
   8 broken response          47 too many redirects         92 HTTP/2 stream reset
  16 HTTP/2 failure           49 wrong --resolve
  18 partial body";

pub(crate) fn run(args: Args) -> Result<ExitCode, Failure> {
    let silent = args.silent;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new("cannot start").because(&error))?;
    let outcome = Fetch::new(args).and_then(|fetch| runtime.block_on(fetch.run()));
    // A name lookup cannot be stopped, and nobody waits for it any more.
    runtime.shutdown_background();
    match outcome {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(failure) if silent => Err(failure.silently()),
        Err(failure) => Err(failure),
    }
}

/// What the options come to.
struct Fetch {
    client: Client,
    request: Request,
    sink: Sink,
    progress: Progress,
    follow: Option<RedirectPolicy>,
    fail: bool,
    shows_head: bool,
    head_only: bool,
    max_time: Option<Duration>,
}

impl Fetch {
    fn new(args: Args) -> Result<Self, Failure> {
        let request = request::build(&args)?;
        let sink = Sink::new(&args)?;
        let shows_progress = sink.is_file() && !args.silent && !args.verbose;
        Ok(Self {
            client: client(&args, &request)?.build(),
            request,
            sink,
            progress: Progress::new(shows_progress),
            follow: args.location.then_some(RedirectPolicy {
                allow_clear_text: args.allow_http,
            }),
            fail: args.fail,
            shows_head: args.include || args.head,
            head_only: args.head,
            max_time: args.max_time.filter(|limit| !limit.is_zero()),
        })
    }

    async fn run(mut self) -> Result<(), Failure> {
        let Some(limit) = self.max_time else {
            return self.fetch().await;
        };
        let outcome = tokio::time::timeout(limit, self.fetch()).await;
        outcome.unwrap_or_else(|_| {
            self.progress.finish();
            Err(failure::too_late(limit, &self.progress))
        })
    }

    async fn fetch(&mut self) -> Result<(), Failure> {
        let outcome = self.transfer().await;
        self.progress.finish();
        self.client.close().await;
        outcome
    }

    async fn transfer(&mut self) -> Result<(), Failure> {
        let mut response = self.respond().await?;
        let status = response.head().status();
        if self.shows_head {
            self.sink.head(response.head().raw())?;
        }
        if self.fail && status.as_u16() >= 400 {
            return Err(failure::of_status(status));
        }
        if !self.head_only {
            self.body(&mut response).await?;
        }
        self.sink.finish()
    }

    async fn respond(&mut self) -> Result<Response, Failure> {
        let Some(policy) = self.follow else {
            return self.client.send(&self.request).await.map_err(failure::of);
        };
        let mut written = Ok(());
        let (sink, shows_head) = (&mut self.sink, self.shows_head);
        let between = |head: &portunus_client::Head| {
            if shows_head && written.is_ok() {
                written = sink.head(head.raw());
            }
        };
        let followed = self.client.follow(&self.request, policy, between).await;
        written?;
        followed.map_err(failure::of)
    }

    async fn body(&mut self, response: &mut Response) -> Result<(), Failure> {
        self.progress.expect(response.expected_length());
        while let Some(chunk) = response.chunk().await.map_err(failure::of)? {
            match chunk {
                Chunk::Data(data) => {
                    self.progress.advance(data.len());
                    self.sink.body(&data)?;
                }
                Chunk::Trailers(trailers) if self.shows_head => self.sink.trailers(&trailers)?,
                Chunk::Trailers(_) => {}
            }
        }
        Ok(())
    }
}

fn client(args: &Args, request: &Request) -> Result<ClientBuilder, Failure> {
    // Where all is in the clear, nobody's roots are read.
    let https_may_come = args.location || request.url().scheme() == "https";
    let teller = Teller::new(args.verbose, args.silent);
    let mut builder = Client::builder(trust::verification(
        args.insecure,
        args.cacert.as_deref(),
        https_may_come,
        &teller,
    )?);
    if args.legacy_rsa {
        teller.warn(&format!("--legacy-rsa: {}", legacy_rsa::COSTS));
        builder = builder.policy(legacy_rsa::client_policy()?);
    }
    // RFC 9113 section 9.2.2: HTTP/2 does not go with it.
    if args.http1 || args.legacy_rsa {
        builder = builder.versions(HttpVersions::Http1);
    }
    if let Some(limit) = args.connect_timeout.filter(|limit| !limit.is_zero()) {
        builder = builder.connect_timeout(limit);
    }
    for text in &args.resolve {
        let answer: Override = text
            .parse()
            .map_err(|error| Failure::new(error).exit_code(failure::RESOLVE_OPTION))?;
        builder = builder.resolve(answer);
    }
    Ok(builder.observer(Arc::new(teller)))
}

fn named(text: &str) -> Result<PathBuf, &'static str> {
    if text.is_empty() {
        Err("a file needs a name")
    } else {
        Ok(text.into())
    }
}

/// Seconds with decimals, as curl has them.
pub(super) fn seconds(text: &str) -> Result<Duration, &'static str> {
    let number: f64 = text.parse().map_err(|_| "it is not a number of seconds")?;
    Duration::try_from_secs_f64(number).map_err(|_| "it is not a number of seconds from 0 up")
}

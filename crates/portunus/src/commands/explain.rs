//! `portunus explain`: one real connection, and the seven steps of HTTPS told with its values.

use std::io::{IsTerminal as _, stdout};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use portunus_client::{Client, Error, Event, HttpVersions, Observer, Override, Request, parse_url};
use portunus_explain::{Diagnosis, Recorder, Recording, Story, Target, TransportFault, Trust, What, json, terminal};
use portunus_tls::Observe;
use portunus_tokio::HandshakeError;
use portunus_x509::ServerName;
use tokio::sync::Notify;

use super::get::teller::Teller;
use super::get::{failure, seconds, trust};
use super::legacy_rsa;
use crate::failure::Failure;
use crate::{clock, output};

/// Make one connection, and tell step by step what happened and why
///
/// It asks for the address once, as `portunus get` does, follows no redirect, and tells the seven
/// steps of HTTPS with the values of this connection: what was asked for, how the server answered,
/// every check on its certificate, which secret was made and how, how the server proved itself, the
/// data, and the end. When the connection fails: at which step, who is at fault, and what to do.
#[derive(clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    /// The address; without a scheme it means https://
    #[arg(value_name = "URL")]
    url: String,

    /// Print the whole event stream as one JSON document, in place of the story
    #[arg(long)]
    json: bool,

    /// Accept any certificate for any name. Whoever stands between can read and change everything
    #[arg(short = 'k', long)]
    insecure: bool,

    /// Trust the authorities in this PEM file, and no others
    #[arg(long, value_name = "FILE")]
    cacert: Option<PathBuf>,

    /// Use this address in place of what HOST resolves to
    #[arg(long, value_name = "HOST:PORT:ADDR", action = clap::ArgAction::Append)]
    resolve: Vec<String>,

    /// Offer nothing but RSA key transport (TLS 1.2), as HTTPS began: the secret goes to the server under its RSA key.
    /// Whoever records it and gets hold of that key one day can read all of it
    #[arg(long)]
    legacy_rsa: bool,

    /// Give up if there is no connection after this many seconds; 0 is 300
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    connect_timeout: Option<Duration>,
}

const HELP: &str = "\
Examples:
  portunus explain https://localhost:8443/            the story, in colour on a terminal
  portunus explain expired.example.com                why a certificate is refused, and what to do
  portunus explain --json https://localhost:8443/     every message with its bytes, for programs

Exit codes are those of `portunus get`. NO_COLOR takes the colour away.";

/// The most of an answer's body that is read: enough to see data flow, not to fetch a film.
const MAX_BODY: u64 = 1024 * 1024;

/// The longest that the body is read for. What is there by then tells all that the rest could.
const BODY_LIMIT: Duration = Duration::from_secs(10);

/// The longest that request and answer may take once there is a connection; the connection has the client's limit.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);

pub(crate) fn run(args: Args) -> Result<ExitCode, Failure> {
    let url = parse_url(&args.url).map_err(failure::of)?;
    if url.scheme() != "https" {
        return Err(Failure::new(format_args!(
            "there is nothing to explain: {}:// is not encrypted",
            url.scheme()
        ))
        .hint("everybody on the way reads and changes it at will; ask by https://"));
    }
    let started = clock::now()?;
    let host = url.host_str().unwrap_or_default();
    let server = ServerName::parse(host.strip_suffix('.').unwrap_or(host))
        .map_err(|error| Failure::new("that is not an address").because(&error).exit_code(3))?;
    let trust = if args.insecure { Trust::GivenUp } else { Trust::Judged };
    let listener = Arc::new(Listener::new(Target {
        url: url.to_string(),
        server,
        started,
        trust,
    }));
    let request = Request::get(url);
    let client = client(&args, &listener)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new("cannot start").because(&error))?;
    let code = runtime.block_on(connect(&client, &request, &listener));
    // A name lookup cannot be stopped, and nobody waits for it any more. Connections end here at the latest.
    drop(client);
    runtime.shutdown_background();
    let recording = listener.told();
    output::print(if args.json {
        json::document(&recording)
    } else {
        story(&recording)
    })?;
    Ok(ExitCode::from(code))
}

fn client(args: &Args, listener: &Arc<Listener>) -> Result<Client, Failure> {
    let teller = Teller::new(false, false);
    let verification = trust::verification(args.insecure, args.cacert.as_deref(), true, &teller)?;
    let mut builder = Client::builder(verification).observer(listener.clone());
    if args.legacy_rsa {
        teller.warn(&format!("--legacy-rsa: {}", legacy_rsa::COSTS));
        // RFC 9113 section 9.2.2: HTTP/2 does not go with it.
        builder = builder
            .policy(legacy_rsa::client_policy()?)
            .versions(HttpVersions::Http1);
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
    Ok(builder.build())
}

/// The connection, one request, its answer, and the end. Gives the exit code.
async fn connect(client: &Client, request: &Request, listener: &Listener) -> u8 {
    let too_late = async {
        listener.secured.notified().await;
        tokio::time::sleep(ANSWER_LIMIT).await;
    };
    let code = tokio::select! {
        outcome = exchange(client, request, listener) => match outcome {
            Ok(()) => 0,
            Err(error) => {
                listener.failed(&error);
                failure::exit_code(&error)
            }
        },
        () = too_late => {
            listener.add(What::TimedOut { after: ANSWER_LIMIT });
            failure::TIMEOUT
        }
    };
    client.close().await;
    code
}

async fn exchange(client: &Client, request: &Request, listener: &Listener) -> Result<(), Error> {
    let mut response = client.send(request).await?;
    let read = async {
        while response.received() < MAX_BODY {
            if response.chunk().await?.is_none() {
                return Ok(true);
            }
        }
        Ok(false)
    };
    // An answer that takes too long is left where it is: its head was told, and that more was there.
    let whole = tokio::time::timeout(BODY_LIMIT, read).await.unwrap_or(Ok(false))?;
    listener.add(What::Body {
        bytes: response.received(),
        whole,
    });
    Ok(())
}

fn story(recording: &Recording) -> String {
    let wants_colour = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let can_colour = stdout().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
    terminal::render(
        &Story::tell(recording),
        terminal::Look {
            width: output::columns(),
            colour: wants_colour && can_colour,
        },
    )
}

/// Hears the client and the engine, and records.
struct Listener {
    began: Instant,
    target: Target,
    recorders: Mutex<Vec<Arc<Recorder>>>,
    /// The handshake is done.
    secured: Notify,
}

impl Listener {
    fn new(target: Target) -> Self {
        let began = Instant::now();
        let first = recorder(&target, began);
        Self {
            began,
            target,
            recorders: Mutex::new(vec![first]),
            secured: Notify::new(),
        }
    }

    fn current(&self) -> Arc<Recorder> {
        let recorders = self.recorders.lock().unwrap_or_else(PoisonError::into_inner);
        recorders
            .last()
            .cloned()
            .unwrap_or_else(|| recorder(&self.target, self.began))
    }

    fn add(&self, what: What) {
        self.current().add(what);
    }

    /// What the client says of a failure, where the recording does not hold it yet.
    fn failed(&self, error: &Error) {
        if Diagnosis::of(&self.current().recording()).is_some() {
            return;
        }
        self.add(match error {
            Error::Resolve { source, .. } => What::NotResolved {
                reason: source
                    .as_ref()
                    .map_or_else(|| "it has none".to_owned(), ToString::to_string),
            },
            Error::ConnectTimeout { after, .. } => What::TimedOut { after: *after },
            Error::Handshake {
                source: HandshakeError::TimedOut { limit, .. },
                ..
            } => What::TimedOut { after: *limit },
            Error::Handshake {
                source: HandshakeError::Io { kind, message, .. },
                ..
            } => What::TransportFailed {
                fault: TransportFault {
                    kind: *kind,
                    text: message.clone(),
                },
            },
            Error::Receive(error) | Error::Send(error) => What::TransportFailed { fault: error.into() },
            other => What::HttpFailed {
                reason: other.to_string(),
            },
        });
    }

    /// The connection to tell of: the last one that was answered, or else the first.
    fn told(&self) -> Recording {
        let recorders = self.recorders.lock().unwrap_or_else(PoisonError::into_inner);
        let recordings: Vec<_> = recorders.iter().map(|recorder| recorder.recording()).collect();
        let answered = recordings.iter().rfind(|recording| recording.received.records > 0);
        answered
            .or(recordings.first())
            .cloned()
            .unwrap_or_else(|| Recording::new(self.target.clone()))
    }
}

fn recorder(target: &Target, began: Instant) -> Arc<Recorder> {
    Arc::new(Recorder::new(target.clone(), move || began.elapsed()))
}

impl Observer for Listener {
    fn note(&self, event: &Event<'_>) {
        self.add(match event {
            Event::Resolved {
                addresses, overridden, ..
            } => What::Resolved {
                addresses: addresses.to_vec(),
                overridden: *overridden,
            },
            Event::AttemptFailed { address, error } => What::NotConnected {
                address: *address,
                fault: (*error).into(),
            },
            Event::Connected { address, .. } => What::Connected { address: *address },
            Event::TryingSmallHello { error, .. } => {
                self.failed(error);
                let second = recorder(&self.target, self.began);
                self.recorders
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(second);
                What::SmallHello {
                    reason: error.to_string(),
                }
            }
            Event::RequestHead(head) => What::Request { head: head.to_vec() },
            Event::ResponseHead(head) => What::Response {
                status: head.status().as_u16(),
                head: head.raw().to_vec(),
            },
            Event::Secured { .. } => return self.secured.notify_one(),
            _ => return,
        });
    }

    fn engine(&self) -> Option<Arc<dyn Observe>> {
        Some(self.current())
    }
}

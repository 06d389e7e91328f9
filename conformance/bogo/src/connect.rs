//! One test: connections in a row, each with its handshake, its checks and its exchange.

use std::io::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use portunus_tls::wire::{AlertDescription, NamedGroup, ProtocolVersion, SignatureScheme};
use portunus_tls::{Error, Handshake, Observe, Side};
use portunus_x509::UnixTime;

use crate::configure::{self, Chooser};
use crate::credentials::Credentials;
use crate::early;
use crate::expect::{self, Found};
use crate::flags::{Arguments, Credential, Settings};
use crate::observe::Story;
use crate::sessions::{Newest, Server};
use crate::stop::Stop;
use crate::stream::Stream;
use crate::verify::{Judge, Verdict};

/// What the runner expects a shim to read at a time at most.
const READ_SIZE: u16 = 512;

/// Plays all connections of the test.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Stop> {
    let mut process = Process {
        server: Server::new(now(0)?).map_err(Error::from)?,
        sessions: Arc::default(),
        verdict: Verdict::default(),
        credentials: None,
        kept: Kept::default(),
    };
    process.connection(&arguments.initial, &arguments.retry, 0)?;
    for number in 1..=arguments.initial.resume_count {
        process.connection(&arguments.resume, &arguments.retry, number)?;
    }
    Ok(())
}

/// What a full handshake told, and a session that goes on keeps.
#[derive(Clone, Copy, Default)]
struct Kept {
    /// What the peer signed with.
    scheme: Option<SignatureScheme>,
    /// In TLS 1.2 there is no key exchange in a session that goes on.
    group: Option<NamedGroup>,
}

/// What goes from one connection to the next.
struct Process {
    server: Server,
    sessions: Arc<Newest>,
    verdict: Verdict,
    kept: Kept,
    /// The credentials and what they were made from. A session is of the credentials that it began with, so they stay the same as long as they can.
    credentials: Option<(Vec<Credential>, Option<Arc<Credentials>>)>,
}

impl Process {
    /// One connection: `number` counts from 0, and all but the first are to go on with a session.
    fn connection(&mut self, settings: &Settings, retry: &Settings, number: u32) -> Result<(), Stop> {
        let resumes = number > 0;
        if resumes && !settings.server && self.sessions.is_empty() {
            return Stop::failed(":NoSession: there is no session to go on with");
        }
        let now = now(settings.resumption_delay.saturating_mul(number.into()))?;
        let story = Arc::new(Story::default());
        let credentials = self.credentials(settings)?;
        let judge = Judge::new(settings, retry, story.clone(), self.verdict.clone())?;
        let observer: Arc<dyn Observe> = story.clone();
        let handshake = if settings.server {
            let config = configure::server(settings, judge, credentials.as_ref(), &self.server, &story)?;
            Handshake::server(Chooser::of(settings, config, credentials.as_ref()), now, Some(observer))
        } else {
            let config = configure::client(settings, judge, credentials.as_ref(), &self.sessions, &story)?;
            let name = configure::server_name(settings)?;
            Handshake::client(Arc::new(config), name, now, Some(observer))
        };
        let mut stream = Stream::new(socket(settings)?, handshake, now, settings.slow)?;
        let mut test = Test {
            settings,
            retry,
            resumes,
            story: &story,
            credentials: credentials.as_deref(),
            verdict: &self.verdict,
            sessions_before: self.sessions.count(),
            sessions: &self.sessions,
            kept: &mut self.kept,
        };
        let outcome = test.play(&mut stream);
        stream.end();
        outcome
    }

    fn credentials(&mut self, settings: &Settings) -> Result<Option<Arc<Credentials>>, Stop> {
        let mut wanted = settings.credentials.clone();
        wanted.push(settings.default_credential.clone());
        if let Some((made_from, credentials)) = &self.credentials
            && *made_from == wanted
        {
            return Ok(credentials.clone());
        }
        let credentials = Credentials::read(settings)?.map(Arc::new);
        self.credentials = Some((wanted, credentials.clone()));
        Ok(credentials)
    }
}

/// One connection under way.
struct Test<'a> {
    settings: &'a Settings,
    retry: &'a Settings,
    resumes: bool,
    story: &'a Story,
    credentials: Option<&'a Credentials>,
    verdict: &'a Verdict,
    sessions: &'a Newest,
    sessions_before: usize,
    kept: &'a mut Kept,
}

impl Test<'_> {
    fn play(&mut self, stream: &mut Stream) -> Result<(), Stop> {
        if !self.settings.server && early::begin(stream, self.settings, self.resumes)?.is_some() {
            return self.play_early(stream);
        }
        self.exchange(stream)
    }

    /// The handshake, where it is not done, and what follows.
    fn exchange(&mut self, stream: &mut Stream) -> Result<(), Stop> {
        let settings = self.settings;
        if !settings.implicit_handshake {
            self.handshake(stream)?;
        }
        if settings.export_traffic_secrets {
            self.traffic_secrets(stream)?;
        }
        if settings.export_length > 0 {
            let mut exported = vec![0; settings.export_length];
            // From TLS 1.3 on no context and an empty one are the same.
            let context = settings
                .use_export_context
                .then_some(settings.export_context.as_slice());
            stream
                .connection()?
                .export(&settings.export_label, context, &mut exported)?;
            stream.write(&exported)?;
        }
        if settings.key_update {
            stream.connection()?.update_keys(false)?;
        }
        if settings.sends_alert {
            stream.connection()?.abort(AlertDescription::DECOMPRESSION_FAILURE);
            stream.flush()?;
            return Stop::failed(":Aborted: -send-alert");
        }
        if settings.writes_first || settings.unfinished_write {
            if settings.unfinished_write {
                stream.hold_next_write();
            }
            let text = settings.initial_write.as_deref().unwrap_or(b"hello");
            for _ in 0..settings.repeat_initial_write.unwrap_or(1) {
                stream.write(text)?;
            }
        }
        self.end(stream, !settings.implicit_handshake)
    }

    /// A client writes before the server has answered; where the server refuses that, all begins anew on the same connection.
    fn play_early(&mut self, stream: &mut Stream) -> Result<(), Stop> {
        let settings = self.settings;
        if settings.export_length > 0 {
            stream.fail_early()?;
        }
        let rest = early::write(stream, settings, self.story)?;
        stream.handshake()?;
        if self.story.has_refused_early_data() {
            self.settings = self.retry;
            return self.exchange(stream);
        }
        self.check(stream)?;
        stream.write(&rest)?;
        self.end(stream, true)
    }

    /// What follows what was written first.
    fn end(&mut self, stream: &mut Stream, checked: bool) -> Result<(), Stop> {
        let settings = self.settings;
        if !settings.shuts_down {
            self.echo(stream, checked)?;
        }
        self.check_sessions(stream)?;
        if let Some(trace) = &settings.expect.trace {
            let told = self.story.told().trace;
            if told.as_bytes() != trace.as_slice() {
                return Stop::failed(format!(":Unexpected: the trace is\n{told}"));
            }
        }
        stream.close()?;
        if settings.check_close_notify {
            self.await_close_notify(stream)?;
        }
        Ok(())
    }

    fn handshake(&mut self, stream: &mut Stream) -> Result<(), Stop> {
        stream.handshake()?;
        if self.settings.extra_handshake {
            stream.handshake()?;
        }
        self.check(stream)
    }

    fn check(&mut self, stream: &mut Stream) -> Result<(), Stop> {
        let info = stream.connection()?.info();
        let (side, scheme) = if self.settings.server {
            (Side::Server, info.client_signature_scheme)
        } else {
            (Side::Client, info.signature_scheme)
        };
        if !info.resumed {
            self.kept.scheme = scheme;
        }
        self.kept.group = info.group.or(self.kept.group);
        let found = Found {
            side,
            info,
            peer_scheme: self.kept.scheme,
            group: self.kept.group,
            told: &self.story.told(),
            credentials: self.credentials,
            verdict: self.verdict,
            resumes: self.resumes,
        };
        expect::check(self.settings, &found)
    }

    /// The length, then the secret that we read with, then the one that we write with.
    fn traffic_secrets(&self, stream: &mut Stream) -> Result<(), Stop> {
        stream.handshake()?;
        let (client, server) = self.story.told().traffic_secrets;
        let (read, write) = if self.settings.server {
            (client, server)
        } else {
            (server, client)
        };
        let length = u16::try_from(read.len()).unwrap_or(0).to_le_bytes();
        stream.write(&[&length[..], &read, &write].concat())
    }

    /// Gives everything back with its bits turned over, until the peer ends.
    fn echo(&mut self, stream: &mut Stream, mut checked: bool) -> Result<(), Stop> {
        let settings = self.settings;
        let mut buffer = vec![0; settings.read_size.unwrap_or(READ_SIZE).into()];
        loop {
            if settings.key_update_before_read {
                stream.connection()?.update_keys(false)?;
                stream.flush()?;
            }
            let count = match stream.read(&mut buffer) {
                Ok(Some(count)) => count,
                Ok(None) => break,
                // Without -check-close-notify an end is an end.
                Err(Stop::Tls(Error::Truncated)) if !settings.check_close_notify => break,
                Err(stop) => return Err(stop),
            };
            if !std::mem::replace(&mut checked, true) {
                self.check(stream)?;
            }
            let data = buffer.get_mut(..count).unwrap_or_default();
            data.iter_mut().for_each(|byte| *byte ^= 0xff);
            stream.write(data)?;
        }
        if !checked {
            self.check(stream)?;
        }
        Ok(())
    }

    /// A server gives a session to each client, unless it is said that it does not; in TLS 1.2 one that goes on is not replaced unless that is said.
    fn check_sessions(&self, stream: &mut Stream) -> Result<(), Stop> {
        let (settings, info) = (self.settings, stream.connection()?.info());
        let is_older = info.version < ProtocolVersion::TLS1_3;
        // In TLS 1.3 it comes behind the handshake, for which nobody waits who has nothing to read.
        if settings.server || (settings.shuts_down && !is_older) {
            return Ok(());
        }
        let came = if is_older && info.resumed {
            self.story.told().ticket
        } else {
            self.sessions.count() > self.sessions_before
        };
        let is_new = !is_older || !info.resumed || settings.expect.ticket_renewal;
        if came != (is_new && !settings.expect.no_session) {
            return Stop::failed(format!(":Unexpected: a new session: {came}"));
        }
        if came && !is_older {
            let (allows, wanted) = (self.sessions.allows_early_data(), self.settings.early.expect_ticket);
            expect::same("whether the session allows early data", &allows, &wanted)?;
        }
        let is_for_all_names = self.sessions.is_for_all_names();
        if self.settings.expect.for_all_names.is_some() && self.settings.expect.for_all_names != is_for_all_names {
            return Stop::failed(format!(":Unexpected: a session for all names: {is_for_all_names:?}"));
        }
        Ok(())
    }

    /// After we said close_notify, the peer has nothing to say but the same.
    fn await_close_notify(&self, stream: &mut Stream) -> Result<(), Stop> {
        match stream.read(&mut [0; 1])? {
            None => Ok(()),
            Some(_) => Stop::failed(":DataAfterClose: data came in place of close_notify"),
        }
    }
}

/// Connects to the runner and says which test this is.
fn socket(settings: &Settings) -> Result<TcpStream, Stop> {
    let address = if settings.ipv6 {
        SocketAddr::from((Ipv6Addr::LOCALHOST, settings.port))
    } else {
        SocketAddr::from((Ipv4Addr::LOCALHOST, settings.port))
    };
    let mut socket = TcpStream::connect(address)?;
    socket.set_nodelay(true)?;
    socket.write_all(&settings.shim_id.to_le_bytes())?;
    Ok(socket)
}

/// The time, so many seconds later than it is.
fn now(later: i64) -> Result<UnixTime, Stop> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_err(|error| Stop::Failed(error.to_string()))?;
    let seconds = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    Ok(UnixTime(seconds.saturating_add(later)))
}

//! The engine over a blocking socket.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::task::{Context, Waker};
use std::time::Duration;

use portunus_tls::{Connection, EarlyOffer, Handshake, Progress, Read};
use portunus_x509::UnixTime;

use crate::stop::Stop;

/// Less than the time after which the runner gives up.
const TIMEOUT: Duration = Duration::from_secs(12);

enum State {
    Handshake(Handshake),
    Connection(Box<Connection>),
    /// The handshake failed, and nothing can follow.
    Gone,
}

/// A handshake that becomes a connection when somebody reads, writes or asks for it.
pub(crate) struct Stream {
    socket: TcpStream,
    state: State,
    now: UnixTime,
    /// Bytes go one at a time, and decisions take their time.
    slow: bool,
    /// What was written stays here until the next write.
    hold: bool,
    /// What was written stays here until the peer says something.
    hold_until_bytes_come: bool,
}

impl Stream {
    pub(crate) fn new(socket: TcpStream, handshake: Handshake, now: UnixTime, slow: bool) -> Result<Self, Stop> {
        socket.set_read_timeout(Some(TIMEOUT))?;
        socket.set_write_timeout(Some(TIMEOUT))?;
        Ok(Self {
            socket,
            state: State::Handshake(handshake),
            now,
            slow,
            hold: false,
            hold_until_bytes_come: false,
        })
    }

    /// The connection, the handshake done first where it is not.
    pub(crate) fn connection(&mut self) -> Result<&mut Connection, Stop> {
        self.handshake()?;
        match &mut self.state {
            State::Connection(connection) => Ok(connection),
            State::Handshake(_) | State::Gone => Stop::failed("there is no connection"),
        }
    }

    /// Sends a client's hello. Gives what it offers to send early, if it does.
    pub(crate) fn begin(&mut self) -> Result<Option<EarlyOffer>, Stop> {
        let State::Handshake(handshake) = &mut self.state else {
            return Ok(None);
        };
        loop {
            let progress = handshake.poll(&mut Context::from_waker(Waker::noop()));
            while handshake.wants_to_send() {
                handshake.send_with(|bytes| send(&mut self.socket, bytes, self.slow))?;
            }
            if progress? != Progress::NeedsDecision {
                return Ok(handshake.early_offer());
            }
        }
    }

    /// Writes early data, as much as may go; gives how much that was.
    pub(crate) fn write_early(&mut self, data: &[u8]) -> Result<usize, Stop> {
        let State::Handshake(handshake) = &mut self.state else {
            return Ok(0);
        };
        let count = handshake.write_early(data)?;
        while handshake.wants_to_send() && !self.hold_until_bytes_come {
            handshake.send_with(|bytes| send(&mut self.socket, bytes, self.slow))?;
        }
        Ok(count)
    }

    /// What is written next is sent when the peer has said something.
    pub(crate) fn hold_until_bytes_come(&mut self) {
        self.hold_until_bytes_come = true;
    }

    /// What is asked of a connection before there is one.
    pub(crate) fn fail_early(&mut self) -> Result<(), Stop> {
        match std::mem::replace(&mut self.state, State::Gone) {
            State::Handshake(handshake) => Ok(handshake.into_connection().map(drop)?),
            State::Connection(_) | State::Gone => Ok(()),
        }
    }

    /// Does the handshake; where it is done, nothing.
    pub(crate) fn handshake(&mut self) -> Result<(), Stop> {
        self.handshake_until(|| false)
    }

    /// Does the handshake, or a part of it.
    pub(crate) fn handshake_until(&mut self, is_enough: impl Fn() -> bool) -> Result<(), Stop> {
        let State::Handshake(handshake) = &mut self.state else {
            return Ok(());
        };
        let mut context = Context::from_waker(Waker::noop());
        loop {
            let progress = handshake.poll(&mut context);
            while handshake.wants_to_send() && !self.hold_until_bytes_come {
                let sent = handshake.send_with(|bytes| send(&mut self.socket, bytes, self.slow));
                match (sent, &progress) {
                    (Ok(_), _) => {}
                    // A peer that has gone does not hear why.
                    (Err(_), Err(_)) => break,
                    (Err(error), Ok(_)) => return Err(error.into()),
                }
            }
            match progress? {
                Progress::NeedsBytes if is_enough() => return Ok(()),
                Progress::NeedsBytes => {
                    self.hold_until_bytes_come = false;
                    if handshake.receive_with(|space| receive(&mut self.socket, space, self.slow))? == 0 {
                        handshake.transport_closed()?;
                    }
                }
                Progress::NeedsDecision if self.slow => {}
                Progress::NeedsDecision => return Stop::failed("a decision took its time that was ready"),
                Progress::Done => break,
            }
        }
        if let State::Handshake(handshake) = std::mem::replace(&mut self.state, State::Gone) {
            self.state = State::Connection(Box::new(handshake.into_connection()?));
        }
        Ok(())
    }

    /// What is written next waits for the write after it.
    pub(crate) fn hold_next_write(&mut self) {
        self.hold = true;
    }

    /// Writes and sends all of `data`.
    pub(crate) fn write(&mut self, mut data: &[u8]) -> Result<(), Stop> {
        while !data.is_empty() {
            let count = self.connection()?.write(data)?;
            data = data.get(count..).unwrap_or_default();
            if !self.hold {
                self.flush()?;
            }
        }
        self.hold = false;
        Ok(())
    }

    /// Reads data; `None` at the end that the peer announced.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> Result<Option<usize>, Stop> {
        let now = self.now;
        loop {
            match self.connection()?.read(buffer, now)? {
                Read::Data(count) => return Ok(Some(count)),
                Read::Closed => return Ok(None),
                Read::NeedsBytes => self.fill()?,
            }
        }
    }

    fn fill(&mut self) -> Result<(), Stop> {
        let Self {
            socket, state, slow, ..
        } = self;
        let State::Connection(connection) = state else {
            return Ok(());
        };
        if connection.receive_with(|space| receive(socket, space, *slow))? == 0 {
            connection.transport_closed()?;
        }
        Ok(())
    }

    /// Sends what waits.
    pub(crate) fn flush(&mut self) -> Result<(), Stop> {
        let Self {
            socket, state, slow, ..
        } = self;
        if let State::Connection(connection) = state {
            while connection.wants_to_send() {
                connection.send_with(|bytes| send(socket, bytes, *slow))?;
            }
        }
        Ok(())
    }

    /// Says close_notify. A peer that has gone already does not hear it.
    pub(crate) fn close(&mut self) -> Result<(), Stop> {
        self.connection()?.close();
        match self.flush() {
            Err(Stop::Transport(_)) | Ok(()) => Ok(()),
            Err(stop) => Err(stop),
        }
    }

    /// Sends what waits, closes our half and lets the peer end first: a reset could overtake an alert.
    pub(crate) fn end(mut self) {
        let _ = self.flush();
        let _ = self.socket.shutdown(Shutdown::Write);
        let mut rest = [0; 4096];
        while matches!(self.socket.read(&mut rest), Ok(1..)) {}
    }
}

fn send(socket: &mut TcpStream, bytes: &[u8], slow: bool) -> Result<usize, std::io::Error> {
    let some = if slow {
        bytes.get(..1).unwrap_or_default()
    } else {
        bytes
    };
    socket.write(some)
}

fn receive(socket: &mut TcpStream, space: &mut [u8], slow: bool) -> Result<usize, std::io::Error> {
    match (slow, space.first_mut()) {
        (true, Some(byte)) => socket.read(std::slice::from_mut(byte)),
        _ => socket.read(space),
    }
}

//! The engines behind one shape: a side takes bytes and gives bytes, and what it costs is counted outside.

use std::convert::Infallible;
use std::io::{Read, Write};
use std::sync::Arc;
use std::task::{Context, Waker};

use portunus_tls::{ChooseConfig, Connection, Handshake, Progress};
use portunus_x509::ServerName;

use crate::world::{NAME, now};

/// The most data in a record.
pub(crate) const RECORD: usize = 16 << 10;

/// One side of a connection, in memory.
pub(crate) trait Side: Sized {
    type Config: Clone;

    /// The bytes of the connection's own struct.
    const STRUCT: usize;

    fn new(config: &Self::Config) -> Self;

    /// Takes what the peer sent, works, and appends what there is for the peer. Gives whether the handshake is done.
    fn turn(&mut self, incoming: &[u8], outgoing: &mut Vec<u8>) -> bool;

    /// The handshake is over: what is left is the connection.
    fn established(self) -> Self;

    fn is_resumed(&self) -> bool;

    /// Nothing comes or goes for now: gives back what it does not need.
    fn idle(&mut self);

    /// Seals at most a record of data.
    fn seal(&mut self, data: &[u8]);

    /// Gives what was sealed to the socket.
    fn flush(&mut self, outgoing: &mut Vec<u8>);

    /// Takes bytes from the socket: all, or as many as there is room for before some are opened.
    fn take(&mut self, incoming: &mut &[u8]);

    /// Opens what was taken; gives how much data it was.
    fn open(&mut self, buffer: &mut [u8]) -> usize;

    fn write(&mut self, data: &[u8], outgoing: &mut Vec<u8>) {
        for record in data.chunks(RECORD) {
            self.seal(record);
            self.flush(outgoing);
        }
    }

    /// Reads all data in what the peer sent; gives how much it was.
    fn read(&mut self, mut incoming: &[u8], buffer: &mut [u8]) -> usize {
        let mut total = 0;
        while !incoming.is_empty() {
            self.take(&mut incoming);
            total += self.open(buffer);
        }
        total
    }
}

/// Ours: a handshake, then a connection.
#[expect(
    clippy::large_enum_variant,
    reason = "a box would be counted among what the engine allocates"
)]
pub(crate) enum Ours {
    Handshake(Handshake),
    Connection(Connection),
}

fn put(space: &mut [u8], left: &mut &[u8]) -> Result<usize, Infallible> {
    let count = space.len().min(left.len());
    let (now, later) = left.split_at(count);
    space[..count].copy_from_slice(now);
    *left = later;
    Ok(count)
}

impl Ours {
    fn handshake(&mut self, mut incoming: &[u8], outgoing: &mut Vec<u8>) -> bool {
        let Self::Handshake(handshake) = self else { return true };
        while !incoming.is_empty() {
            let Ok(_) = handshake.receive_with(|space| put(space, &mut incoming));
        }
        let progress = handshake.poll(&mut Context::from_waker(Waker::noop()));
        let Ok(_) = handshake.send_with(|bytes| give(bytes, outgoing));
        progress.expect("a handshake") == Progress::Done
    }
}

fn give(bytes: &[u8], outgoing: &mut Vec<u8>) -> Result<usize, Infallible> {
    outgoing.extend_from_slice(bytes);
    Ok(bytes.len())
}

/// Who begins.
pub(crate) struct OurClient(Ours);
/// Who answers.
pub(crate) struct OurServer(Ours);

macro_rules! ours {
    ($side:ident, $config:ty, $new:expr) => {
        impl Side for $side {
            type Config = $config;

            const STRUCT: usize = size_of::<Connection>();

            fn new(config: &Self::Config) -> Self {
                Self(Ours::Handshake($new(config)))
            }

            fn turn(&mut self, incoming: &[u8], outgoing: &mut Vec<u8>) -> bool {
                self.0.handshake(incoming, outgoing)
            }

            fn established(self) -> Self {
                let Ours::Handshake(handshake) = self.0 else { return self };
                let mut connection = handshake.into_connection().expect("a connection");
                connection.release_buffers();
                Self(Ours::Connection(connection))
            }

            fn is_resumed(&self) -> bool {
                matches!(&self.0, Ours::Connection(connection) if connection.info().resumed)
            }

            fn idle(&mut self) {
                if let Ours::Connection(connection) = &mut self.0 {
                    connection.release_buffers();
                }
            }

            fn seal(&mut self, data: &[u8]) {
                let Ours::Connection(connection) = &mut self.0 else { return };
                assert_eq!(connection.write(data).expect("a write"), data.len());
            }

            fn flush(&mut self, outgoing: &mut Vec<u8>) {
                let Ours::Connection(connection) = &mut self.0 else { return };
                let Ok(_) = connection.send_with(|bytes| give(bytes, outgoing));
            }

            fn take(&mut self, incoming: &mut &[u8]) {
                let Ours::Connection(connection) = &mut self.0 else { return };
                while !incoming.is_empty() {
                    let before = incoming.len();
                    let Ok(_) = connection.receive_with(|space| put(space, incoming));
                    if incoming.len() == before {
                        return;
                    }
                }
            }

            fn open(&mut self, buffer: &mut [u8]) -> usize {
                let Ours::Connection(connection) = &mut self.0 else { return 0 };
                let mut total = 0;
                while let portunus_tls::Read::Data(count) = connection.read(buffer, now()).expect("a read") {
                    total += count;
                }
                total
            }
        }
    };
}

ours!(OurClient, Arc<portunus_tls::ClientConfig>, |config: &Arc<
    portunus_tls::ClientConfig,
>| {
    Handshake::client(config.clone(), ServerName::parse(NAME).expect("a name"), now(), None)
});
ours!(OurServer, Arc<dyn ChooseConfig>, |config: &Arc<dyn ChooseConfig>| {
    Handshake::server(config.clone(), now(), None)
});

/// rustls's client.
pub(crate) struct RustlsClient(rustls::ClientConnection);
/// rustls's server.
pub(crate) struct RustlsServer(rustls::ServerConnection);

macro_rules! rustls {
    ($side:ident, $config:ty, $new:expr) => {
        impl Side for $side {
            type Config = $config;

            const STRUCT: usize = size_of::<Self>();

            fn new(config: &Self::Config) -> Self {
                Self($new(config))
            }

            fn turn(&mut self, mut incoming: &[u8], outgoing: &mut Vec<u8>) -> bool {
                while !incoming.is_empty() {
                    self.0.read_tls(&mut incoming).expect("bytes");
                    self.0.process_new_packets().expect("a handshake");
                }
                while self.0.wants_write() {
                    self.0.write_tls(outgoing).expect("bytes");
                }
                !self.0.is_handshaking()
            }

            fn established(self) -> Self {
                assert!(!self.0.is_handshaking());
                self
            }

            fn is_resumed(&self) -> bool {
                self.0.handshake_kind() == Some(rustls::HandshakeKind::Resumed)
            }

            fn idle(&mut self) {}

            fn seal(&mut self, data: &[u8]) {
                self.0.writer().write_all(data).expect("a write");
            }

            fn flush(&mut self, outgoing: &mut Vec<u8>) {
                while self.0.wants_write() {
                    self.0.write_tls(outgoing).expect("bytes");
                }
            }

            fn take(&mut self, incoming: &mut &[u8]) {
                while !incoming.is_empty() && self.0.read_tls(incoming).is_ok() {}
            }

            fn open(&mut self, buffer: &mut [u8]) -> usize {
                self.0.process_new_packets().expect("records");
                let mut total = 0;
                while let Ok(count @ 1..) = self.0.reader().read(buffer) {
                    total += count;
                }
                total
            }
        }
    };
}

rustls!(RustlsClient, Arc<rustls::ClientConfig>, |config: &Arc<
    rustls::ClientConfig,
>| {
    let name = rustls::pki_types::ServerName::try_from(NAME).expect("a name");
    rustls::ClientConnection::new(config.clone(), name).expect("a client")
});
rustls!(RustlsServer, Arc<rustls::ServerConfig>, |config: &Arc<
    rustls::ServerConfig,
>| {
    rustls::ServerConnection::new(config.clone()).expect("a server")
});

//! The engines behind one shape: a side takes bytes and gives bytes, and what it costs is counted outside.

use std::convert::Infallible;
use std::io::{Read, Write};
use std::sync::Arc;
use std::task::{Context, Waker};

use portunus_tls::{ChooseConfig, Connection, Handshake};
use portunus_x509::ServerName;

use crate::world::{NAME, now};

/// One side of a connection, in memory.
pub(crate) trait Side: Sized {
    type Config: Clone;

    /// The bytes of the connection's own struct.
    const STRUCT: usize;

    fn new(config: &Self::Config) -> Self;

    /// Takes what the peer sent, works, and appends what there is for the peer.
    fn turn(&mut self, incoming: &[u8], outgoing: &mut Vec<u8>);

    /// The handshake is over: what is left is the connection.
    fn established(self) -> Self;

    fn is_resumed(&self) -> bool;

    /// Nothing comes or goes for now: gives back what it does not need.
    fn idle(&mut self);

    fn write(&mut self, data: &[u8], outgoing: &mut Vec<u8>);

    /// Reads all data in what the peer sent; gives how much it was.
    fn read(&mut self, incoming: &[u8], buffer: &mut [u8]) -> usize;
}

/// Ours: a handshake, then a connection.
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
    fn handshake(&mut self, mut incoming: &[u8], outgoing: &mut Vec<u8>) {
        let Self::Handshake(handshake) = self else { return };
        while !incoming.is_empty() {
            let Ok(_) = handshake.receive_with(|space| put(space, &mut incoming));
        }
        handshake
            .poll(&mut Context::from_waker(Waker::noop()))
            .expect("a handshake");
        let Ok(_) = handshake.send_with(|bytes| take(bytes, outgoing));
    }
}

fn take(bytes: &[u8], outgoing: &mut Vec<u8>) -> Result<usize, Infallible> {
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

            fn turn(&mut self, incoming: &[u8], outgoing: &mut Vec<u8>) {
                self.0.handshake(incoming, outgoing);
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

            fn write(&mut self, mut data: &[u8], outgoing: &mut Vec<u8>) {
                let Ours::Connection(connection) = &mut self.0 else { return };
                while !data.is_empty() {
                    let count = connection.write(data).expect("a write");
                    data = &data[count..];
                    let Ok(_) = connection.send_with(|bytes| take(bytes, outgoing));
                }
            }

            fn read(&mut self, mut incoming: &[u8], buffer: &mut [u8]) -> usize {
                let Ours::Connection(connection) = &mut self.0 else { return 0 };
                let mut total = 0;
                loop {
                    match connection.read(buffer, now()).expect("a read") {
                        portunus_tls::Read::Data(count) => total += count,
                        portunus_tls::Read::NeedsBytes if !incoming.is_empty() => {
                            let Ok(_) = connection.receive_with(|space| put(space, &mut incoming));
                        }
                        portunus_tls::Read::NeedsBytes | portunus_tls::Read::Closed => return total,
                    }
                }
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

            fn turn(&mut self, mut incoming: &[u8], outgoing: &mut Vec<u8>) {
                while !incoming.is_empty() {
                    self.0.read_tls(&mut incoming).expect("bytes");
                    self.0.process_new_packets().expect("a handshake");
                }
                while self.0.wants_write() {
                    self.0.write_tls(outgoing).expect("bytes");
                }
            }

            fn established(self) -> Self {
                assert!(!self.0.is_handshaking());
                self
            }

            fn is_resumed(&self) -> bool {
                self.0.handshake_kind() == Some(rustls::HandshakeKind::Resumed)
            }

            fn idle(&mut self) {}

            fn write(&mut self, data: &[u8], outgoing: &mut Vec<u8>) {
                self.0.set_buffer_limit(None);
                self.0.writer().write_all(data).expect("a write");
                while self.0.wants_write() {
                    self.0.write_tls(outgoing).expect("bytes");
                }
            }

            fn read(&mut self, mut incoming: &[u8], buffer: &mut [u8]) -> usize {
                let mut total = 0;
                while !incoming.is_empty() {
                    self.0.read_tls(&mut incoming).expect("bytes");
                    self.0.process_new_packets().expect("records");
                    while let Ok(count @ 1..) = self.0.reader().read(buffer) {
                        total += count;
                    }
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

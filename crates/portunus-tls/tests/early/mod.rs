//! Both sides ready for early data, moved a flight at a time.

#![allow(dead_code, missing_docs, unreachable_pub)]

use std::sync::Arc;
use std::task::{Context, Waker};

use portunus_tls::{ClientConfig, Connection, EarlyData, Error, Handshake, Progress, ReplayGuard, ServerConfig};
use portunus_x509::{ServerName, UnixTime};

use crate::pair::{Authority, NOW, Pair, exchange, received};

pub const MAX: u32 = 1000;

/// One that began a day ago.
pub fn guard() -> Arc<ReplayGuard> {
    Arc::new(ReplayGuard::new(100, UnixTime(NOW.0 - 86_400)).unwrap())
}

pub fn configs() -> (ClientConfig, ServerConfig) {
    let (client, server) = Authority::new().resuming();
    (client.with_early_data(), server.with_early_data(guard(), MAX))
}

/// A full handshake, after which the client has sessions.
pub fn prime(client: &ClientConfig, server: &ServerConfig) {
    let (mut client, mut server) = Pair::new(client, server).run().connected();
    let off = |connection: &Connection| matches!(connection.info().early_data, EarlyData::Refused { bytes: 0, .. });
    assert!(off(&client) && off(&server) && !server.is_early());
    exchange(&mut client, &mut server).unwrap();
    // The tickets came with the handshake.
    received(&mut client, &[]).unwrap();
}

pub fn poll(handshake: &mut Handshake) -> Result<Progress, Error> {
    handshake.poll(&mut Context::from_waker(Waker::noop()))
}

pub fn flight(handshake: &mut Handshake) -> Vec<u8> {
    let mut out = Vec::new();
    let taken = handshake.send_with(|bytes| {
        out.extend_from_slice(bytes);
        Ok::<_, Error>(bytes.len())
    });
    taken.unwrap();
    out
}

pub fn give(handshake: &mut Handshake, mut bytes: &[u8]) -> Result<Progress, Error> {
    while !bytes.is_empty() {
        let count = handshake.receive_with(|space| {
            let count = space.len().min(bytes.len());
            space[..count].copy_from_slice(&bytes[..count]);
            Ok::<_, Error>(count)
        })?;
        bytes = &bytes[count..];
        poll(handshake)?;
    }
    poll(handshake)
}

pub fn client_at(config: &ClientConfig, now: UnixTime) -> Handshake {
    let name = ServerName::parse("localhost").unwrap();
    Handshake::client(Arc::new(config.clone()), name, now, None)
}

pub fn server_at(config: &ServerConfig, now: UnixTime) -> Handshake {
    Handshake::server(Arc::new(Arc::new(config.clone())), now, None)
}

/// The client's hello with this early data behind it, and the client.
pub fn early_flight(config: &ClientConfig, data: &[u8]) -> (Handshake, Vec<u8>) {
    let mut client = client_at(config, NOW);
    poll(&mut client).unwrap();
    assert_eq!(client.write_early(data).unwrap(), data.len());
    let sent = flight(&mut client);
    (client, sent)
}

//! The sockets that are listened on.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;

use crate::failure::Failure;

/// The port when none is named: 443 is the system's own.
pub(super) const PORT: u16 = 8443;

/// Connections that wait to be accepted: what Linux allows without being told otherwise is 4096; most systems cut it.
const BACKLOG: i32 = 1024;

/// Listens on the addresses, or on this machine's own two when there are none: a wider one is the user's word.
pub(super) fn listen(addresses: &[SocketAddr]) -> Result<Vec<TcpListener>, Failure> {
    if !addresses.is_empty() {
        return addresses
            .iter()
            .map(|address| open(*address).map_err(|error| cannot_listen(*address, &error)))
            .collect();
    }
    let (v4, v6) = ((Ipv4Addr::LOCALHOST, PORT).into(), (Ipv6Addr::LOCALHOST, PORT).into());
    let mut listeners = vec![open(v4).map_err(|error| cannot_listen(v4, &error))?];
    match open(v6) {
        Ok(listener) => listeners.push(listener),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => return Err(cannot_listen(v6, &error)),
        // Containers often have no IPv6.
        Err(error) => tracing::warn!("not listening on {v6}: {error}"),
    }
    Ok(listeners)
}

fn open(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        // What is listened on is the address that was given, on every system.
        socket.set_only_v6(true)?;
    }
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

fn cannot_listen(address: SocketAddr, error: &io::Error) -> Failure {
    let failure = Failure::new(format_args!("cannot listen on {address}")).because(error);
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            failure.hint("another program has the port; take a free one with --listen 127.0.0.1:0")
        }
        io::ErrorKind::PermissionDenied => {
            failure.hint("ports below 1024 are the system's; take a higher one with --listen")
        }
        io::ErrorKind::AddrNotAvailable => failure.hint("the address is not one of this machine's"),
        _ => failure,
    }
}

//! Buffers between connections.

use std::cell::Cell;

use portunus_tls::Connection;

thread_local! {
    /// One for a thread: a connection needs it while it writes, and an idle one holds none. Where reading and writing alternate, as in an HTTP
    /// connection, each write would allocate and zero another one.
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// For a connection that is about to write.
pub(crate) fn lend(connection: &mut Connection) {
    // Without the thread's memory, which is gone at its end, the connection makes its own.
    let _ = SPARE.try_with(|spare| {
        let mut buffer = spare.take();
        connection.reuse_buffer(&mut buffer);
        spare.set(buffer);
    });
}

/// From a connection that waits for its peer.
pub(crate) fn take_back(connection: &mut Connection) {
    let buffer = connection.release_buffers();
    let _ = SPARE.try_with(|spare| {
        let kept = spare.take();
        spare.set(if kept.len() < buffer.len() { buffer } else { kept });
    });
}

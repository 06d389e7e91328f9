//! Every bound that a peer can run into, with its reason.

use std::time::Duration;

/// Bytes of one response's heads, interim ones included. curl's own bound (300 KiB).
pub(crate) const RESPONSE_HEAD: usize = 300 * 1024;

/// Fields in one response head. The largest heads seen in the field have some two hundred; curl stops at 5,000.
pub(crate) const RESPONSE_FIELDS: usize = 1_000;

/// What an HTTP/2 peer may send as one decoded header list (SETTINGS_MAX_HEADER_LIST_SIZE, RFC 9113 section 6.5.2).
pub(crate) const HTTP2_HEADER_LIST: u32 = 300 * 1024;

/// Window of one HTTP/2 stream: fills 1 Gbit/s at 60 ms; memory is taken only as data comes faster than it is read.
pub(crate) const HTTP2_STREAM_WINDOW: u32 = 8 * 1024 * 1024;

/// Window of an HTTP/2 connection: two full streams.
pub(crate) const HTTP2_CONNECTION_WINDOW: u32 = 16 * 1024 * 1024;

/// The largest HTTP/2 frame asked for: one TLS record's worth (RFC 9113 section 4.2 sets the same floor).
pub(crate) const HTTP2_FRAME: u32 = 16 * 1024;

/// Redirects followed for one request. curl's own default.
pub(crate) const REDIRECTS: usize = 50;

/// Bytes of a redirect's body that are read to keep its connection; a longer one costs less as a new connection.
pub(crate) const REDIRECT_BODY: u64 = 64 * 1024;

/// Addresses of one name that are tried. A resolver's answer over UDP holds fewer.
pub(crate) const ADDRESSES: usize = 64;

/// Pause before the next address is tried beside the last (RFC 8305 section 8, Connection Attempt Delay).
pub(crate) const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// Name lookup, TCP and TLS together. curl's own default.
pub(crate) const CONNECT: Duration = Duration::from_secs(300);

/// How long an orderly end (close_notify, GOAWAY) may take: the data is already there, so little.
pub(crate) const CLOSE: Duration = Duration::from_millis(500);

/// Idle connections kept for one origin. One client follows one chain of redirects; more would only lie there.
pub(crate) const IDLE_PER_ORIGIN: usize = 4;

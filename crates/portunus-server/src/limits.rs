//! Every bound that a peer can run into, each with its reason.

use std::time::Duration;

/// Connections that are served at once. Each costs one descriptor and some tens of KiB while it is busy; beyond this
/// the kernel's own queue holds newcomers back.
pub const CONNECTIONS: usize = 8192;

/// Handshakes in progress at once. A handshake that a peer leaves half done costs a connection for
/// [`HANDSHAKE_TIME`]; beyond this a newcomer is closed at once, which tells it more than a silent queue does.
pub const HANDSHAKES: usize = 1024;

/// From the accepted connection to the finished handshake. Browsers on bad mobile networks need some seconds.
pub const HANDSHAKE_TIME: Duration = Duration::from_secs(10);

/// From one answer's end, or the handshake's, to the last byte of the next request's head. Browsers keep idle
/// connections for one to five minutes and cope with less.
pub const IDLE_TIME: Duration = Duration::from_secs(60);

/// How long a peer that was told that the connection ends may take to say goodbye.
pub const CLOSING_TIME: Duration = Duration::from_secs(5);

/// The slowest rate, in bytes a second, at which a peer may send a request's body or take a response's. It is counted
/// only while the server waits for the peer, not while a handler works.
pub const SLOWEST_RATE: u64 = 1024;

/// How long a peer may stay below [`SLOWEST_RATE`] from a standing start: a lift, a tunnel, a change of network.
pub const SLOW_START: Duration = Duration::from_secs(60);

/// How long a peer that was faster may pause at most: kernels move data in bursts as large as their socket buffers.
pub const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// The head of an HTTP/1.1 request, and the buffer in which bodies are read. Everyday heads stay under 8 KiB, large
/// cookies under 32.
pub const HEAD_BYTES: usize = 64 * 1024;

/// Fields in a request's head (the usual limit of other servers).
pub const HEAD_FIELDS: usize = 100;

/// The header list of an HTTP/2 request, after decompression, as RFC 9113 section 6.5.2 counts it.
pub const HEADER_LIST_BYTES: u32 = 64 * 1024;

/// Streams that an HTTP/2 peer may have open at once (RFC 9113 section 6.5.2 advises at least 100).
pub const STREAMS: u32 = 100;

/// Streams that the peer has reset and that were not yet taken up: above this it is the 'rapid reset' attack
/// (CVE-2023-44487), and the connection ends.
pub const PENDING_RESETS: usize = 20;

/// Streams that this side had to reset for the peer's errors before the connection ends.
pub const LOCAL_RESETS: usize = 256;

/// Unread bytes of uploads that one HTTP/2 connection may hold here, over all its streams.
pub const CONNECTION_WINDOW: u32 = 2 * 1024 * 1024;

/// Unread bytes of one upload over HTTP/2.
pub const STREAM_WINDOW: u32 = 1024 * 1024;

/// Bytes of one HTTP/2 response that wait to be sent: two records' worth of frames are enough to stay busy.
pub const SEND_BUFFER: usize = 256 * 1024;

/// How often a silent HTTP/2 peer with open requests is asked for a sign of life, and how long it may take.
pub const PING_TIME: Duration = Duration::from_secs(20);

/// Bytes of an unwanted upload that are thrown away so that its sender gets to read the answer: closing at once would
/// reset the connection under its feet.
pub const LINGERING_BYTES: u64 = 16 * 1024 * 1024;

/// Bytes of a plain HTTP request that are read to answer it well.
pub const PLAIN_HEAD_BYTES: usize = 8 * 1024;

/// Parts of a multipart answer; who asks for more gets the whole file.
pub const RANGES: usize = 16;

/// Bytes that are read from a file at once: large enough that the hop to a blocking thread is small beside it, small
/// enough for thousands of downloads at once.
pub const CHUNK: usize = 256 * 1024;

/// Entries that a listing shows. More would be a page that no browser handles well.
pub const LISTED: usize = 10_000;

/// Links that are followed to reach one file; the kernel's own limit on Linux.
pub const LINKS: usize = 40;

/// The first and the longest wait after `accept` failed for want of descriptors or memory.
pub const ACCEPT_WAIT: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(1));

/// Seconds between two looks for a newer certificate while the present one should be renewed: often enough that a file
/// which is replaced late is noticed at once, seldom enough to cost nothing.
pub const RENEWAL_WAIT: i64 = 1;

/// How much of a server name that is no host name goes to the log: as long as a host name may be (RFC 1035 section 2.3.4).
pub const SHOWN_NAME: usize = 255;

/// How many characters of a failed handshake and its offer go to the log: anybody can have them written.
pub const SHOWN_FAILURE: usize = 1200;

/// How many cipher suites, groups and the like of a failed handshake's offer go to the log, of each: what a browser offers.
pub const SHOWN_OFFERS: usize = 24;

//! Every length, count and budget that a peer can influence, with its reason.

/// The longest handshake message but for certificates: a ClientHello with hybrid key shares, tickets and a long ALPN list has some
/// 5 KiB; 64 KiB is what the 16-bit extension block allows.
pub const MAX_HANDSHAKE_MESSAGE: usize = 0x1_0000 + 1024;

/// The longest Certificate message: a chain among a hundred stray certificates of 1.5 KiB, which servers do send.
pub const MAX_CERTIFICATE_MESSAGE: usize = 192 * 1024;

/// The largest window of a zstd frame: what RFC 8878 section 3.1.1.1.2 asks decoders to support. Memory is taken for what is inflated, not for the window.
pub const MAX_ZSTD_WINDOW: u64 = 8 << 20;

/// The most certificates in a Certificate message: public chains have at most five, jumbled ones a hundred more; the verifier has a budget of its own.
pub const MAX_CHAIN_LENGTH: usize = 256;

/// The most handshake bytes that a peer may send before the handshake is done: two ClientHellos or a whole server's flight.
pub const MAX_HANDSHAKE_BYTES: usize = 256 * 1024;

/// The most records without content in a row (empty application data, padding alone): BoringSSL allows 32 as well.
pub const MAX_EMPTY_RECORDS: u32 = 32;

/// The most change_cipher_spec records in one handshake: RFC 9846 section 5 needs one; some peers send one with each flight.
pub const MAX_CHANGE_CIPHER_SPECS: u32 = 4;

/// The most warning alerts in a row (`user_canceled`): BoringSSL allows 4 as well.
pub const MAX_WARNING_ALERTS: u32 = 4;

/// The most KeyUpdates in a row without application data between them: BoringSSL allows 32 as well.
pub const MAX_KEY_UPDATES: u32 = 32;

/// The most HelloRequests on one connection of TLS 1.2: each is answered with a warning, and whoever still asks after some does not listen.
pub const MAX_HELLO_REQUESTS: u32 = 16;

/// The most certificates that a client is asked for on one connection after its handshake, and the most that a server waits for: each costs the client a
/// signature, and whoever asked more often would have it sign all the time.
pub const MAX_CERTIFICATE_REQUESTS: usize = 32;

/// The most NewSessionTickets on one connection that are looked at; a hundred are fine (OpenSSL's `num_tickets` is free), floods are not.
pub const MAX_TICKETS_RECEIVED: u32 = 1024;

/// The most tickets of a ClientHello that a server tries to open: each costs an AEAD operation over the ticket.
pub const MAX_PSK_IDENTITIES: usize = 4;

/// The most key shares in a ClientHello: browsers send two or three and one of GREASE; checking them is quadratic.
pub const MAX_KEY_SHARES: usize = 16;

/// The most bytes of early data that are skipped when a client sent it unasked (RFC 9846 section 4.3.10): as many as
/// OpenSSL and BoringSSL skip, and a server that allows it commonly takes.
pub const MAX_SKIPPED_EARLY_DATA: usize = 16 * 1024;

/// By how many seconds a client's age of its ticket may differ from ours for its early data to be taken: as many as RFC 9846 section 8.3 finds usual on
/// the Internet.
pub const EARLY_DATA_TOLERANCE: i64 = 10;

/// For how many seconds at least a hello whose early data was taken is remembered: it looks fresh for twice [`EARLY_DATA_TOLERANCE`], and the time of a
/// connection that took long to say hello is older by as much again.
pub const REPLAY_WINDOW: i64 = 30;

/// The longest list of certificate authorities that fits a CertificateRequest (RFC 9846 section 4.3.4: 2^16-1), less its neighbours.
pub const MAX_AUTHORITIES_BYTES: usize = 0xffff - 512;

/// The longest ticket that a client keeps: a longer one would make ClientHellos that servers refuse, or that do not fit at all.
pub const MAX_TICKET_KEPT: usize = 16 * 1024;

/// How long a session may go on from ticket to ticket after its full handshake, in seconds: 7 days, as long as one ticket may live
/// (RFC 9846 section 4.7.1 recommends such a limit).
pub const MAX_SESSION_AGE: i64 = 604_800;

/// The most sessions that a server keeps for clients of TLS 1.2 without tickets: some 300 bytes each, up to [`MAX_TICKET`] with a long name or
/// a client's chain. Few such clients are left.
pub const MAX_CACHED_SESSIONS: usize = 4096;

/// The longest ticket issued: larger ones (a client's long chain) make every ClientHello large; then no ticket is sent.
pub const MAX_TICKET: usize = 8 * 1024;

/// A ticket's life in seconds, at most 7 days (RFC 9846 section 4.7.1): a day keeps the exposure of a stolen ticket key short.
pub const TICKET_LIFETIME: u32 = 86_400;

/// Tickets issued after each full handshake: a browser opens several connections at once, and each ticket serves one.
pub const TICKETS_ISSUED: usize = 2;

/// The most sealed bytes that wait for the transport: a writer that is faster than the peer is held up here.
pub const MAX_OUTGOING: usize = 256 * 1024;

/// The incoming buffer's first size: a server's flight with an ECDSA chain fits.
pub const MIN_INCOMING: usize = 4 * 1024;

/// The incoming buffer's largest size: three full records at a read; more does not pay.
pub const MAX_INCOMING: usize = 64 * 1024;

/// Room for a flight that we send, in one allocation: a ClientHello with a share of X25519MLKEM768 takes some 1,700 bytes, a server's
/// flight with two certificates about as many. A longer one grows.
pub(crate) const USUAL_FLIGHT: usize = 2048;

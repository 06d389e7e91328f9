//! Every bound on what is recorded and shown, with its reason.

/// Records that are kept one by one; the totals count all of them. A page of 64 MiB has as many.
pub(crate) const RECORDS: usize = 4_096;

/// Other events. A handshake has some forty; what a peer may repeat is tickets and key updates.
pub(crate) const EVENTS: usize = 8_192;

/// Bytes of messages, certificates and HTTP heads. The engine takes at most 256 KiB of a handshake; tickets come after it.
pub(crate) const BYTES: usize = 4 * 1024 * 1024;

/// Items of a list that are shown before it is cut: certificates with a hundred names exist, and nobody reads all of them here.
pub(crate) const LISTED: usize = 24;

/// Bytes of a text of the peer's that are shown before it is cut.
pub(crate) const TEXT: usize = 300;

//! Records (RFC 9846 section 5): found in the incoming bytes, opened where they lie, sealed straight into the outgoing bytes.
//! This layer knows nothing of handshakes.

pub(crate) mod incoming;
pub(crate) mod joined;
pub(crate) mod open;
pub(crate) mod outgoing;
pub(crate) mod padding;
pub(crate) mod protection;
pub(crate) mod size_limit;

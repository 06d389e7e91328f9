//! Early data: what the flags say of it.

use portunus_tls::wire::HandshakeType;
use portunus_tls::{EarlyData, EarlyOffer, NoEarlyData};

use crate::credentials::chain_of;
use crate::expect::same;
use crate::flags::Settings;
use crate::observe::Story;
use crate::stop::Stop;
use crate::stream::Stream;

/// As much as BoringSSL takes.
pub(crate) const MAX_EARLY_DATA: u32 = 14_336;

/// What the flags say of early data.
#[derive(Clone, Debug, Default)]
pub(crate) struct Early {
    pub(crate) is_on: bool,
    /// The message behind which a client writes early data, not before.
    pub(crate) write_after: Option<u8>,
    pub(crate) expect_accept: bool,
    pub(crate) expect_reject: bool,
    pub(crate) expect_no_offer: bool,
    /// Whether the tickets that come are to allow it.
    pub(crate) expect_ticket: bool,
    pub(crate) expect_reason: Option<Vec<u8>>,
}

/// How the runner names what became of early data.
fn reason(early_data: EarlyData) -> &'static str {
    let why = match early_data {
        EarlyData::Accepted { .. } => return "accept",
        EarlyData::Refused { why, .. } => why,
    };
    match why {
        NoEarlyData::Off => "disabled",
        NoEarlyData::Version => "protocol_version",
        NoEarlyData::NoSession | NoEarlyData::NotOffered => "no_session_offered",
        NoEarlyData::NotOfSession => "unsupported_for_session",
        NoEarlyData::NotResumed => "session_not_resumed",
        NoEarlyData::Retried => "hello_retry_request",
        NoEarlyData::ApplicationProtocol => "alpn_mismatch",
        NoEarlyData::TicketAge => "ticket_age_skew",
        NoEarlyData::Declined => "peer_declined",
        _ => "unknown",
    }
}

/// Checks what became of early data.
pub(crate) fn check(settings: &Settings, early_data: EarlyData) -> Result<(), Stop> {
    let flags = &settings.early;
    let accepted = matches!(early_data, EarlyData::Accepted { .. });
    if flags.expect_accept || flags.expect_reject {
        same("whether early data was taken", &accepted, &flags.expect_accept)?;
    }
    if let Some(wanted) = &flags.expect_reason {
        let found = reason(early_data);
        same("what became of early data", found, &*String::from_utf8_lossy(wanted))?;
    }
    Ok(())
}

/// Begins a client's handshake, and checks what it offers. Gives it where there is something.
pub(crate) fn begin(stream: &mut Stream, settings: &Settings, resumes: bool) -> Result<Option<EarlyOffer>, Stop> {
    let offer = stream.begin()?;
    if resumes {
        let is_due = settings.early.is_on && !settings.early.expect_no_offer;
        same("whether early data is offered", &offer.is_some(), &is_due)?;
    }
    if let Some(offer) = &offer {
        check_offer(settings, offer)?;
    }
    Ok(offer)
}

/// As long as the server has not answered, what is expected of the connection is expected of the session.
fn check_offer(settings: &Settings, offer: &EarlyOffer) -> Result<(), Stop> {
    let expect = &settings.expect;
    if let Some(suite) = expect.cipher_suite {
        same("the cipher suite", &offer.cipher_suite.0, &suite)?;
    }
    if let Some(name) = &expect.alpn {
        let protocol = offer.application_protocol.clone().unwrap_or_default();
        same("the application protocol", &protocol, name)?;
    }
    if let Some(path) = &expect.peer_chain {
        same("the peer's chain", &*offer.server_chain, &chain_of(path)?)?;
    }
    Ok(())
}

/// Writes as early data what is to be written first, as much as may go; gives the rest.
pub(crate) fn write(stream: &mut Stream, settings: &Settings, story: &Story) -> Result<Vec<u8>, Stop> {
    if !settings.writes_first {
        return Ok(Vec::new());
    }
    if let Some(kind) = settings.early.write_after {
        stream.handshake_until(|| story.has_received(HandshakeType(kind)))?;
    }
    if settings.unfinished_write {
        stream.hold_until_bytes_come();
    }
    let text = settings.initial_write.as_deref().unwrap_or(b"hello");
    let mut rest = Vec::new();
    for _ in 0..settings.repeat_initial_write.unwrap_or(1) {
        let count = stream.write_early(text)?;
        rest.extend_from_slice(text.get(count..).unwrap_or_default());
    }
    Ok(rest)
}

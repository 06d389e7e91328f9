//! Early data, the server's side: whether it is taken (RFC 9846 section 4.3.10), and what is still to come of a client when it is.

use portunus_x509::UnixTime;

use super::hello::{Choice, Resumed, session_name};
use crate::config::server::ServerConfig;
use crate::error::{Error, PeerFault, Phase};
use crate::handshake::channel::Channel;
use crate::handshake::{ConnectionInfo, TrafficSecrets};
use crate::handshake_io::{ApplicationData, ChangeCipherSpec, Io};
use crate::observe::{Direction, Note, SecretLabel};
use crate::schedule::tls13::{TrafficSecret, VerifyData};
use crate::schedule::transcript::Transcript;
use crate::session::early::{EarlyData, NoEarlyData};
use crate::wire::{ClientHello, Decode, EndOfEarlyData, Finished, HandshakeType, handshake_message};

/// How many bytes of early data are taken, or why none are.
pub(super) fn decide(
    hello: &ClientHello<'_>,
    offers_early_data: bool,
    resumed: Option<&Resumed>,
    choice: &Choice,
    config: &ServerConfig,
    now: UnixTime,
) -> Result<u32, NoEarlyData> {
    let early_data = config.early_data.as_ref().ok_or(NoEarlyData::Off)?;
    if !offers_early_data {
        return Err(NoEarlyData::NotOffered);
    }
    let resumed = resumed.filter(|resumed| resumed.index == 0);
    let ticket = &resumed.ok_or(NoEarlyData::NotResumed)?.ticket;
    if !hello.extensions.early_data {
        // The first hello offered it, the second may not.
        return Err(NoEarlyData::Retried);
    }
    let offered = hello.extensions.pre_shared_key.ok_or(NoEarlyData::NotOffered)?;
    let terms = ticket.early_data.as_ref();
    let terms = terms.filter(|terms| terms.guard == early_data.guard.id());
    let terms = terms.ok_or(NoEarlyData::NotOfSession)?;
    // RFC 9846 section 4.3.10: what it was for stays the same, the name as well.
    if ticket.server_name != session_name(hello) {
        return Err(NoEarlyData::NotOfSession);
    }
    if ticket.cipher_suite != choice.suite.id {
        return Err(NoEarlyData::CipherSuite);
    }
    if terms.application_protocol != choice.application_protocol {
        return Err(NoEarlyData::ApplicationProtocol);
    }
    let (Some(identity), Some(binder)) = (offered.identities.iter().next(), offered.binders.iter().next()) else {
        return Err(NoEarlyData::NotOffered);
    };
    let age = identity.obfuscated_ticket_age.wrapping_sub(terms.age_add);
    // Last, since a hello that passes is recorded.
    early_data.guard.admit(binder.0, ticket.issued, age, now)?;
    Ok(terms.max)
}

/// What is still to come of a client whose early data is taken. Without a certificate of the client's all of it is known beforehand (RFC 9846 section 4.7.1),
/// so that the connection stands already: it reads early data, and writes.
pub(crate) enum Unconfirmed {
    /// Early data, then EndOfEarlyData under the same keys.
    EarlyData {
        max: usize,
        client_secret: TrafficSecret,
        verify_data: VerifyData,
        /// The most content of records under the handshake's keys, if there is a limit: the client could not know it before (RFC 8449 section 4).
        max_content: Option<usize>,
    },
    /// The client's Finished: it is there now, and what came was no replay.
    Finished { verify_data: VerifyData },
}

impl Unconfirmed {
    /// From here on early data is read, `max` bytes at most. The client's part goes into the transcript.
    pub(super) fn begin(
        channel: &mut Channel,
        transcript: &mut Transcript,
        client_secret: TrafficSecret,
        max: u32,
        max_content: Option<usize>,
    ) -> Result<Box<Self>, Error> {
        let max = usize::try_from(max).unwrap_or(usize::MAX);
        channel.application_data(ApplicationData::Early { left: max });
        transcript.add(&handshake_message(HandshakeType::END_OF_EARLY_DATA, &EndOfEarlyData)?);
        let verify_data = client_secret.verify_data(&transcript.hash())?;
        let finished = Finished {
            verify_data: verify_data.as_ref(),
        };
        transcript.add(&handshake_message(HandshakeType::FINISHED, &finished)?);
        Ok(Box::new(Self::EarlyData {
            max,
            client_secret,
            verify_data,
            max_content,
        }))
    }

    /// Takes the next message, if it is there; gives what is to come after it.
    pub(crate) fn receive(
        self: Box<Self>,
        io: &mut Io,
        info: &mut ConnectionInfo,
        secrets: &TrafficSecrets,
    ) -> Result<Option<Box<Self>>, Error> {
        let wanted = match *self {
            Self::EarlyData { .. } => &[HandshakeType::END_OF_EARLY_DATA],
            Self::Finished { .. } => &[HandshakeType::FINISHED],
        };
        let Some(message) = io.next_message(wanted)? else {
            return Ok(Some(self));
        };
        if !io.is_aligned() {
            return Err(PeerFault::NotAligned.into());
        }
        let body = message.get(4..).unwrap_or_default();
        let install = |io: &mut Io, secret: &TrafficSecret, label| -> Result<(), Error> {
            io.opener.install(|place| secret.protection(secrets.suite, place))?;
            io.note(&Note::KeysInstalled {
                direction: Direction::Received,
                secret: label,
            });
            Ok(())
        };
        match *self {
            Self::EarlyData {
                max,
                client_secret,
                verify_data,
                max_content,
            } => {
                EndOfEarlyData::read(body)?;
                if let ApplicationData::Early { left } = io.application_data {
                    info.early_data = EarlyData::Accepted {
                        bytes: max.saturating_sub(left),
                    };
                }
                io.application_data = ApplicationData::Refuse;
                // From here on the client has keys for its alerts.
                io.plaintext_alerts = false;
                install(io, &client_secret, SecretLabel::ClientHandshakeTraffic)?;
                if let Some(max_content) = max_content {
                    io.opener.limit(max_content);
                }
                Ok(Some(Box::new(Self::Finished { verify_data })))
            }
            Self::Finished { verify_data } => {
                verify_data.check(Finished::read(body)?.verify_data)?;
                io.note(&Note::PeerFinished);
                io.change_cipher_spec = ChangeCipherSpec::Refuse;
                io.plaintext_alerts = false;
                install(io, &secrets.read, SecretLabel::ClientApplicationTraffic(0))?;
                io.application_data = ApplicationData::Deliver;
                io.phase = Phase::Application;
                io.note(&Note::Established);
                Ok(None)
            }
        }
    }
}

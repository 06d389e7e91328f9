//! Early data, the client's side: whether it goes along with the hello (RFC 9846 section 4.3.10), and what the server makes of it.

use super::hello::SentHello;
use crate::config::client::ClientConfig;
use crate::crypto::secret::Secret;
use crate::crypto::suite::Suite;
use crate::error::{Error, PeerFault};
use crate::handshake::channel::Channel;
use crate::observe::SecretLabel;
use crate::schedule::transcript::Transcript;
use crate::session::client::ClientSession;
use crate::session::early::{EarlyData, EarlyOffer, NoEarlyData};
use crate::wire::{EndOfEarlyData, HandshakeType};

/// How many bytes of early data may go along with this session, or why none may.
pub(super) fn allowed(config: &ClientConfig, session: Option<&ClientSession>) -> Result<usize, NoEarlyData> {
    if !config.sends_early_data {
        return Err(NoEarlyData::Off);
    }
    let session = session.ok_or(NoEarlyData::NoSession)?;
    if session.max_early_data == 0 {
        return Err(NoEarlyData::NotOfSession);
    }
    let is_offered = |protocol: &Vec<u8>| config.application_protocols.contains(protocol);
    if !session.application_protocol.as_ref().is_none_or(is_offered) {
        return Err(NoEarlyData::ApplicationProtocol);
    }
    Ok(usize::try_from(session.max_early_data).unwrap_or(usize::MAX))
}

/// Whether the server's certificates are to be judged again before early data goes out: it goes to nobody whom the verifier refuses by now.
pub(super) fn is_verified(config: &ClientConfig, session: &ClientSession) -> bool {
    config.verifies_resumed && allowed(config, Some(session)).is_ok()
}

/// What is known of early data.
pub(super) enum Early {
    /// It was offered, and what is written goes under its keys.
    Offered,
    /// No more of it is written.
    Over(EarlyData),
}

impl Early {
    /// From here on early data may be written, if the hello that was sent offers it.
    pub(super) fn begin(
        channel: &mut Channel,
        config: &ClientConfig,
        hello: &SentHello,
        session: Option<&ClientSession>,
    ) -> Result<Self, Error> {
        let left = match allowed(config, session) {
            Ok(left) => left,
            Err(why) => return Ok(Self::Over(EarlyData::none(why))),
        };
        let session = session.and_then(|session| Some((session, Suite::of(session.cipher_suite)?)));
        let (Some(early_secret), Some((session, suite))) = (&hello.early_secret, session) else {
            return Ok(Self::Over(EarlyData::none(NoEarlyData::NoSession)));
        };
        let (secret, exporter) = early_secret.early_data_secrets(&suite.hash.of(&hello.bytes))?;
        channel.early_secrets(&secret, &exporter);
        // RFC 9846 appendix E.4: before the first record that is protected.
        channel.send_change_cipher_spec()?;
        channel.write_with(|place| secret.protection(suite, place), SecretLabel::ClientEarlyTraffic)?;
        let offer = EarlyOffer {
            cipher_suite: suite.id,
            application_protocol: session.application_protocol.clone(),
            server_chain: session.chain.clone(),
            left,
        };
        channel.offer_early_data(offer, suite.hash, exporter);
        Ok(Self::Offered)
    }

    pub(super) fn is_offered(&self) -> bool {
        matches!(self, Self::Offered)
    }

    /// The server does not take it.
    pub(super) fn refused(self, channel: &mut Channel, why: NoEarlyData) -> Self {
        match self {
            Self::Over(_) => self,
            Self::Offered => {
                let bytes = channel.end_early_data().map_or(0, |ended| ended.written);
                Self::Over(channel.early_data(EarlyData::Refused { bytes, why }))
            }
        }
    }

    /// What EncryptedExtensions say of it: it is taken on the terms of the session, or not at all.
    pub(super) fn answered(
        self,
        channel: &mut Channel,
        is_taken: bool,
        session: Option<&ClientSession>,
        suite: Suite,
        application_protocol: Option<&[u8]>,
    ) -> Result<Self, Error> {
        match (&self, session) {
            _ if !is_taken => Ok(self.refused(channel, NoEarlyData::Declined)),
            (Self::Offered, Some(session)) => {
                if session.cipher_suite != suite.id {
                    return Err(PeerFault::EarlyDataCipherSuite.into());
                }
                if session.application_protocol.as_deref() != application_protocol {
                    return Err(PeerFault::EarlyDataApplicationProtocol.into());
                }
                Ok(self)
            }
            _ => Err(PeerFault::EarlyDataWithoutSession.into()),
        }
    }

    /// Says EndOfEarlyData where the server takes it (RFC 9846 section 4.6). Gives what became of it, and the secret of early exporters.
    pub(super) fn end(
        self,
        channel: &mut Channel,
        transcript: &mut Transcript,
    ) -> Result<(EarlyData, Option<Secret>), Error> {
        match self {
            Self::Over(early_data) => Ok((early_data, None)),
            Self::Offered => {
                let ended = channel.end_early_data();
                channel.send(transcript, HandshakeType::END_OF_EARLY_DATA, &EndOfEarlyData)?;
                let (bytes, exporter) = ended.map_or((0, None), |ended| (ended.written, Some(ended.exporter)));
                Ok((channel.early_data(EarlyData::Accepted { bytes }), exporter))
            }
        }
    }
}

//! The client's side: the ClientHello offers all versions, and the server's answer decides which flow goes on.

pub(crate) mod authentication;
mod early;
pub(crate) mod hello;
#[cfg(feature = "tls12")]
mod tls12;
mod tls13;

use std::sync::Arc;

use portunus_x509::{ServerName, UnixTime};

use self::early::Early;
use self::hello::{Offer, Opening};
use crate::config::client::ClientConfig;
use crate::config::verify::{Presented, Verified};
use crate::error::{Error, PeerFault};
use crate::handshake::Established;
use crate::handshake::channel::Channel;
use crate::handshake_io::ChangeCipherSpec;
#[cfg(feature = "tls12")]
use crate::handshake_io::Warnings;
use crate::observe::Note;
use crate::session::client::Stapled;
use crate::wire::{HandshakeType, ProtocolVersion};

/// From the ClientHello to the end of the handshake. Dropping the future abandons it; nothing is sent any more.
pub(crate) async fn handshake(
    mut channel: Channel,
    config: Arc<ClientConfig>,
    server: ServerName,
    now: UnixTime,
) -> Result<Established, Error> {
    let offer = Offer::new(&config, &server, now)?;
    channel.log_keys(config.key_log.as_ref(), &offer.random);
    channel.fragment(config.max_fragment);
    let session = hello::session(&config, &server, now);
    let shares = offer.key_shares()?;
    let hello = offer.write(&shares, session.as_ref(), None)?;
    channel.send_hello(&hello.bytes)?;
    if let Some(session) = session.as_ref().filter(|session| early::is_verified(&config, session)) {
        verified(
            &channel,
            &config,
            &session.chain,
            session.stapled.as_deref(),
            &server,
            now,
        )
        .await?;
    }
    let early = Early::begin(&mut channel, &config, &hello, session.as_ref())?;
    if offer.tls13 {
        channel.change_cipher_spec(ChangeCipherSpec::Drop);
    }
    #[cfg(feature = "tls12")]
    if offer.tls12 {
        channel.warnings(Warnings::Ignore);
    }
    let answer = channel.receive(&[HandshakeType::SERVER_HELLO]).await?;
    let version = hello::version(&answer.decode()?, &offer)?;
    let opening = Opening {
        offer,
        hello,
        shares,
        session,
        early,
        answer,
    };
    match version {
        // RFC 9846 appendix E.3: such a server cannot skip it.
        ProtocolVersion::TLS1_2 if opening.early.is_offered() => Err(PeerFault::EarlyDataOlderVersion.into()),
        #[cfg(feature = "tls12")]
        ProtocolVersion::TLS1_2 => tls12::handshake(channel, opening).await,
        ProtocolVersion::TLS1_3 => tls13::handshake(channel, opening).await,
        _ => Err(PeerFault::VersionNotOffered.into()),
    }
}

/// The verifier's word on the server's certificates.
async fn verified(
    channel: &Channel,
    config: &ClientConfig,
    chain: &[Vec<u8>],
    stapled: Option<&Stapled>,
    server: &ServerName,
    now: UnixTime,
) -> Result<Verified, Error> {
    let presented = Presented {
        chain,
        name: Some(server),
        now,
        stapled,
    };
    let verified = config.verifier.verify(presented).await?;
    channel.note(&Note::ChainVerified {
        path: verified.path.as_ref(),
    });
    Ok(verified)
}

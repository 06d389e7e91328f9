//! The server's side: the ClientHello decides about the configuration and the version, and so which flow goes on.

pub(crate) mod authentication;
pub(crate) mod early;
pub(crate) mod hello;
#[cfg(feature = "tls12")]
mod tls12;
mod tls13;

use std::sync::Arc;

use portunus_x509::UnixTime;

use self::hello::Opening;
use crate::choose;
use crate::config::server::ChooseConfig;
use crate::error::{Error, Internal, PeerFault};
use crate::handshake::Established;
use crate::handshake::channel::Channel;
use crate::wire::{ClientHello, HandshakeType, ProtocolVersion};

/// From the ClientHello to the end of the handshake. Dropping the future abandons it; nothing is sent any more.
pub(crate) async fn handshake(
    mut channel: Channel,
    chooser: Arc<dyn ChooseConfig>,
    now: UnixTime,
) -> Result<Established, Error> {
    let (message, aligned) = channel.receive_last(&[HandshakeType::CLIENT_HELLO]).await?;
    let (config, host, version) = {
        let hello: ClientHello<'_> = message.decode()?;
        let host = hello::host_name(&hello);
        let chosen = chooser.choose(&hello, host.as_ref()).await;
        let config = chosen.map_err(Internal::from)?;
        channel.log_keys(config.key_log.as_ref(), hello.random);
        channel.pad(config.padding);
        let version = choose::version(&hello, &config.policy)?;
        (config, host, version)
    };
    let opening = Opening {
        message,
        aligned,
        config,
        host,
    };
    match version {
        #[cfg(feature = "tls12")]
        ProtocolVersion::TLS1_2 => tls12::handshake(channel, opening, now).await,
        ProtocolVersion::TLS1_3 => tls13::handshake(channel, opening, now).await,
        _ => Err(PeerFault::NoCommonVersion.into()),
    }
}

//! Handshake messages after the handshake (RFC 9846 section 4.7); TLS 1.2 has none but the wish for another handshake, which is refused.

use std::task::{Context, Waker};

use portunus_x509::UnixTime;

use super::{ConnectionInfo, Established, PostHandshake, Resumption, Secrets, Side, TrafficSecrets};
use crate::error::{Error, Limit, PeerFault};
use crate::handshake_io::Io;
use crate::limits::{MAX_KEY_UPDATES, MAX_TICKET_KEPT, MAX_TICKETS_RECEIVED};
use crate::observe::{Direction, Note};
use crate::schedule::tls13::{TrafficSecret, ticket_psk};
use crate::session::client::{ClientSession, OfVersion};
use crate::wire::NewSessionTicket;
use crate::wire::{ContentType, HandshakeType};
use crate::wire::{Decode, handshake_message};
use crate::wire::{KeyUpdate, KeyUpdateRequest};

/// The longest life that a client believes: 7 days (RFC 9846 section 4.7.1).
pub(super) const MAX_TICKET_LIFETIME: u32 = 604_800;

/// The flag of a ticket that is good for all names of the server's certificate (draft-ietf-tls-cross-sni-resumption section 3).
const RESUMPTION_ACROSS_NAMES: u16 = 8;

/// What may come to a client that may be asked for a certificate.
const TO_ASKED_CLIENT: &[HandshakeType] = &[
    HandshakeType::NEW_SESSION_TICKET,
    HandshakeType::CERTIFICATE_REQUEST,
    HandshakeType::KEY_UPDATE,
];
/// What may come to any other.
const TO_CLIENT: &[HandshakeType] = &[HandshakeType::NEW_SESSION_TICKET, HandshakeType::KEY_UPDATE];
/// What may come to a server that asks for none.
const TO_SERVER: &[HandshakeType] = &[HandshakeType::KEY_UPDATE];

/// How often the peer did what it may do only so often.
#[derive(Debug, Default)]
pub(crate) struct Budgets {
    key_updates: u32,
    tickets: u32,
    #[cfg(feature = "tls12")]
    hello_requests: u32,
}

impl Budgets {
    /// Application data came: the peer does not only keep us busy.
    pub(crate) fn data_received(&mut self) {
        self.key_updates = 0;
    }
}

/// Handles the messages that were received so far.
pub(crate) fn receive(
    io: &mut Io,
    established: &mut Established,
    budgets: &mut Budgets,
    now: UnixTime,
) -> Result<(), Error> {
    match &mut established.secrets {
        Secrets::Tls13(secrets) if secrets.unconfirmed.is_some() => {
            if let Some(unconfirmed) = secrets.unconfirmed.take() {
                secrets.unconfirmed = unconfirmed.receive(io, &mut established.info, secrets)?;
            }
            Ok(())
        }
        Secrets::Tls13(secrets) => {
            receive_tls13(io, established.side, &mut established.info, secrets, budgets, now)?;
            // Whoever decides at once has decided; whatever takes longer wakes whoever drives the connection.
            decide(
                io,
                &mut established.info,
                secrets,
                &mut Context::from_waker(Waker::noop()),
            )?;
            Ok(())
        }
        #[cfg(feature = "tls12")]
        Secrets::Tls12(_) => super::tls12::refuse_renegotiation(io, established.side, &mut budgets.hello_requests),
    }
}

fn receive_tls13(
    io: &mut Io,
    side: Side,
    info: &mut ConnectionInfo,
    secrets: &mut TrafficSecrets,
    budgets: &mut Budgets,
    now: UnixTime,
) -> Result<(), Error> {
    while let Some(bytes) = io.next_message(wanted(side, secrets))? {
        let body = bytes.get(4..).unwrap_or_default();
        let kind = bytes.first().copied().map(HandshakeType);
        if kind == Some(HandshakeType::KEY_UPDATE) {
            key_update(io, secrets, budgets, KeyUpdate::read(body)?)?;
        } else if kind != Some(HandshakeType::NEW_SESSION_TICKET) {
            match secrets.post_handshake.as_mut() {
                Some(PostHandshake::Client(client)) => client.receive(bytes)?,
                Some(PostHandshake::Server(server)) => server.receive(io, &bytes, &secrets.read, now)?,
                None => {}
            }
        } else {
            budgets.tickets = budgets.tickets.saturating_add(1);
            if budgets.tickets > MAX_TICKETS_RECEIVED {
                return Err(Limit::Tickets.into());
            }
            new_session_ticket(io, secrets, info, &NewSessionTicket::read(body)?, now)?;
        }
    }
    Ok(())
}

/// What may come now.
fn wanted(side: Side, secrets: &TrafficSecrets) -> &'static [HandshakeType] {
    match (side, secrets.post_handshake.as_ref()) {
        (_, Some(PostHandshake::Client(_))) => TO_ASKED_CLIENT,
        (_, Some(PostHandshake::Server(server))) => server.wanted(),
        (Side::Client, None) => TO_CLIENT,
        (Side::Server, None) => TO_SERVER,
    }
}

/// Goes on with the authentication of the client as far as decisions are there. Gives whether one is awaited.
pub(crate) fn decide(
    io: &mut Io,
    info: &mut ConnectionInfo,
    secrets: &mut TrafficSecrets,
    context: &mut Context<'_>,
) -> Result<bool, Error> {
    match secrets.post_handshake.as_mut() {
        None => Ok(false),
        Some(PostHandshake::Client(client)) => client.poll(io, info, &secrets.write, context),
        Some(PostHandshake::Server(server)) => server.poll(io, info, context),
    }
}

/// The peer seals with new keys from here on, and may ask us to do so too (RFC 9846 section 4.7.3).
fn key_update(
    io: &mut Io,
    secrets: &mut TrafficSecrets,
    budgets: &mut Budgets,
    update: KeyUpdate,
) -> Result<(), Error> {
    if !io.is_aligned() {
        return Err(PeerFault::NotAligned.into());
    }
    io.key_update_asked = false;
    budgets.key_updates = budgets.key_updates.saturating_add(1);
    if budgets.key_updates > MAX_KEY_UPDATES {
        return Err(Limit::KeyUpdates.into());
    }
    let next = secrets.read.next()?;
    io.opener.install(|place| next.protection(secrets.suite, place))?;
    secrets.read = next;
    io.note(&Note::KeyUpdated {
        direction: Direction::Received,
    });
    // One answer serves several requests: a peer that does not read what we send gets no second one.
    if update.request_update == KeyUpdateRequest::UpdateRequested && !io.answer_waits {
        io.answer_waits = true;
        send_key_update(io, secrets, KeyUpdateRequest::UpdateNotRequested)?;
    }
    Ok(())
}

/// Seals a KeyUpdate under the old keys, and all that follows under new ones.
pub(crate) fn send_key_update(
    io: &mut Io,
    secrets: &mut TrafficSecrets,
    request_update: KeyUpdateRequest,
) -> Result<(), Error> {
    if io.closed {
        return Ok(());
    }
    let message = handshake_message(HandshakeType::KEY_UPDATE, &KeyUpdate { request_update })?;
    io.note(&Note::Message {
        direction: Direction::Sent,
        kind: HandshakeType::KEY_UPDATE,
        bytes: &message,
    });
    io.seal(ContentType::HANDSHAKE, &message)?;
    let next: TrafficSecret = secrets.write.next()?;
    io.outgoing.install(|place| next.protection(secrets.suite, place))?;
    secrets.write = next;
    io.note(&Note::KeyUpdated {
        direction: Direction::Sent,
    });
    Ok(())
}

/// A ticket for a later connection.
fn new_session_ticket(
    io: &mut Io,
    secrets: &TrafficSecrets,
    info: &ConnectionInfo,
    ticket: &NewSessionTicket<'_>,
    now: UnixTime,
) -> Result<(), Error> {
    io.note(&Note::Ticket {
        direction: Direction::Received,
        lifetime: ticket.ticket_lifetime,
    });
    let Some(Resumption {
        config,
        server,
        resumption_secret,
        not_after,
    }) = &secrets.resumption
    else {
        return Ok(());
    };
    if ticket.ticket.len() > MAX_TICKET_KEPT {
        return Ok(());
    }
    // A life of zero says that the ticket is to be thrown away.
    let (Some(sessions), 1..) = (&config.sessions, ticket.ticket_lifetime) else {
        return Ok(());
    };
    let life = i64::from(ticket.ticket_lifetime.min(MAX_TICKET_LIFETIME));
    let end = now.0.saturating_add(life);
    let max_early_data = ticket.early_data.unwrap_or(0);
    let session = ClientSession {
        cipher_suite: secrets.suite.id,
        secret: ticket_psk(secrets.suite.hash, resumption_secret, ticket.ticket_nonce)?,
        ticket: ticket.ticket.to_vec(),
        of_version: OfVersion::Tls13 {
            age_add: ticket.ticket_age_add,
        },
        received: now,
        expires: UnixTime(not_after.map_or(end, |not_after| end.min(not_after.0))),
        trust: config.verifier.trust(),
        owner: config.owner(),
        chain: info.server_chain.clone(),
        stapled: info.stapled.clone(),
        application_protocol: info
            .application_protocol
            .as_ref()
            .filter(|_| max_early_data > 0)
            .cloned(),
        max_early_data,
        is_for_all_names: ticket.tls_flags.is_some_and(|flags| flags.has(RESUMPTION_ACROSS_NAMES)),
    };
    sessions.put(server, session);
    Ok(())
}

//! The server's TLS 1.2 handshake (RFC 5246 section 7.3).

mod key_exchange;

use std::sync::Arc;

use portunus_x509::{DnsName, UnixTime};

use self::key_exchange::Chosen;
use super::hello::{self, Opening};
use crate::choose;
use crate::config::server::{Requested, ServerConfig};
use crate::config::verify::Presented;
use crate::crypto::random;
use crate::crypto::suite::Suite;
use crate::crypto::tls12::KeyExchangeAlgorithm;
use crate::error::{Error, Internal, PeerFault};
use crate::handshake::channel::Channel;
use crate::handshake::tls12::{check_signature, derived, peer_chain, peer_finished, send_certificate, send_finished};
use crate::handshake::{ConnectionInfo, Established, Secrets, Side};
use crate::handshake_io::Warnings;
use crate::limits::TICKET_LIFETIME;
use crate::observe::{Direction, Note};
use crate::policy::Policy;
use crate::schedule::tls12::{MainSecret, Randoms};
use crate::schedule::transcript::Transcript;
use crate::session::cache::SessionId;
use crate::session::early::EarlyData;
use crate::session::ticket_keys::Tickets;
use crate::session::tickets::TicketContent;
use crate::wire::tls12::{CertificateRequest, NewSessionTicket, ServerHello, ServerHelloDone, ServerHelloExtensions};
use crate::wire::{
    CertificateStatus, CertificateVerify, CipherSuite, ClientCertificateType, ClientExtensions, ClientHello, Decode,
    DistinguishedName, ExtensionType, HandshakeType, Order, ProtocolName, ProtocolVersion, Sequence, SignatureScheme,
};

/// What the client asks for, and what is settled whichever handshake follows.
struct Asked<'a> {
    hello: &'a ClientHello<'a>,
    message: &'a [u8],
    config: &'a ServerConfig,
    host: Option<&'a DnsName>,
    randoms: Randoms,
    record_size_limit: Option<u16>,
    now: UnixTime,
}

/// From what goes on from the ClientHello to the end.
pub(super) async fn handshake(mut channel: Channel, opening: Opening, now: UnixTime) -> Result<Established, Error> {
    channel.expect_version(ProtocolVersion::TLS1_2);
    channel.warnings(Warnings::Ignore);
    let Opening {
        message, config, host, ..
    } = opening;
    let hello: ClientHello<'_> = message.decode()?;
    check_hello(&hello, &config.policy)?;
    let limits = hello::record_limits(&hello, &config, ProtocolVersion::TLS1_2);
    if let Some(limits) = limits {
        channel.limit_received(limits.received);
        channel.limit_sent(limits.sent);
    }
    let asked = Asked {
        hello: &hello,
        message: message.bytes(),
        config: &config,
        host: host.as_ref(),
        randoms: Randoms {
            client: *hello.random,
            server: server_random(&config.policy)?,
        },
        record_size_limit: limits.map(|limits| limits.ours),
        now,
    };
    match session(&asked)? {
        Some((suite, ticket)) => abbreviated(channel, &asked, suite, ticket).await,
        None => full(channel, &asked).await,
    }
}

/// What a ClientHello of TLS 1.2 may not say (RFC 5246 section 7.4.1.2, RFC 5746 section 3.6, RFC 8422 section 5.1.2).
fn check_hello(hello: &ClientHello<'_>, policy: &Policy) -> Result<(), PeerFault> {
    if !hello.legacy_compression_methods.contains(&0) {
        return Err(PeerFault::NullCompressionMissing);
    }
    let extensions = &hello.extensions;
    if extensions.renegotiation_info.is_some_and(|info| !info.is_empty()) {
        return Err(PeerFault::RenegotiationInfo);
    }
    if extensions.ec_point_formats.is_some_and(|formats| !formats.contains(&0)) {
        return Err(PeerFault::UncompressedPointsMissing);
    }
    if policy.extended_main_secret_required && !extensions.extended_main_secret {
        return Err(PeerFault::NoExtendedMainSecret);
    }
    Ok(())
}

/// A server that has TLS 1.3 says so in its random (RFC 9846 section 4.2.3).
fn server_random(policy: &Policy) -> Result<[u8; 32], Error> {
    let mut random: [u8; 32] = random::array()?;
    if policy.speaks(ProtocolVersion::TLS1_3)
        && let Some(end) = random.last_chunk_mut()
    {
        *end = *b"DOWNGRD\x01";
    }
    Ok(random)
}

/// The session of the ticket or of the id, if it can go on here: ours, in time, its suite offered, issued for this name and the same demands on clients. One that
/// nobody can use costs a full handshake; one whose main secret was bound to its handshake, and should not be now, ends this one (RFC 7627 section 5.3).
fn session(asked: &Asked<'_>) -> Result<Option<(Suite, TicketContent)>, PeerFault> {
    let (config, hello) = (asked.config, asked.hello);
    let ticket = match (hello.extensions.session_ticket, &config.tickets, &config.session_cache) {
        // The id beside a ticket is the client's own (RFC 5077 section 3.4).
        (Some(ticket @ [_, ..]), Some(tickets), _) => tickets.open(ticket, asked.now),
        (_, _, Some(sessions)) => sessions.get(hello.legacy_session_id, asked.now),
        _ => None,
    };
    let Some(ticket) = ticket else {
        return Ok(None);
    };
    let Some(suite) = Suite::of_tls12(ticket.cipher_suite) else {
        return Ok(None);
    };
    let allowed = hello.cipher_suites.contains(&suite.id) && config.policy.cipher_suites.contains(&suite.id);
    let same_site = ticket.server_name == hello::session_name(hello) && ticket.binding == config.session_binding();
    if !allowed || !same_site {
        return Ok(None);
    }
    match (ticket.extended_main_secret, hello.extensions.extended_main_secret) {
        (true, false) => Err(PeerFault::ExtendedMainSecretChanged),
        (false, true) => Ok(None),
        _ => Ok(Some((suite, ticket))),
    }
}

/// The full handshake (RFC 5246 section 7.3, figure 1).
async fn full(mut channel: Channel, asked: &Asked<'_>) -> Result<Established, Error> {
    // ServerHello, Certificate, [CertificateStatus], [ServerKeyExchange], [CertificateRequest], ServerHelloDone.
    let (hello, config) = (asked.hello, asked.config);
    // Whoever chooses does not know what we speak: it sees a hello of the version that was chosen, and of suites that can be.
    let suites = choose::tls12::possible(hello, &config.policy);
    let of_version = ClientHello {
        cipher_suites: Sequence::from(suites.as_slice()),
        extensions: ClientExtensions {
            supported_versions: None,
            ..hello.extensions
        },
        ..*hello
    };
    let chosen = config.identities.choose(&of_version, asked.host).await;
    let identity = chosen.map_err(Internal::from)?.ok_or(Internal::NoIdentity)?;
    let Chosen { suite, exchange } = key_exchange::choose(hello, &identity, config)?;
    let ephemeral = exchange.ephemeral();
    let application_protocol = choose::tls12::application_protocol(hello, &config.application_protocols, suite)?;
    begin(&channel, suite, application_protocol);
    if config.tickets.is_some() && hello.extensions.session_ticket.is_some_and(|ticket| !ticket.is_empty()) {
        channel.note(&Note::NotResumed);
    }
    let mut transcript = Transcript::new(suite.hash);
    let requested = config.client_authentication.requested();
    if requested.is_some() {
        transcript.keep();
    }
    transcript.add(asked.message);
    let tickets = tickets(asked);
    let cache = match config.session_cache.as_deref().filter(|_| tickets.is_none()) {
        Some(cache) => Some((cache, random::array::<{ size_of::<SessionId>() }>()?)),
        None => None,
    };
    let stapled = identity.stapled_for(hello);
    let staple = |kind| {
        let found = stapled.iter().find(|one| one.extension_type == kind);
        found.map(|one| one.extension_data)
    };
    let status = staple(ExtensionType::STATUS_REQUEST);
    let answer = Answer {
        suite,
        application_protocol,
        status_request: status.is_some(),
        timestamps: staple(ExtensionType::SIGNED_CERTIFICATE_TIMESTAMP),
        session_id: cache.as_ref().map_or(&[], |(_, id)| id),
        extended_main_secret: hello.extensions.extended_main_secret,
        server_name: asked.host.is_some(),
        session_ticket: tickets.is_some(),
    };
    server_hello(&mut channel, &mut transcript, asked, &answer)?;
    send_certificate(&mut channel, &mut transcript, identity.chain())?;
    if let Some(status) = status {
        let status = CertificateStatus::read(status)?;
        channel.send(&mut transcript, HandshakeType::CERTIFICATE_STATUS, &status)?;
    }
    let begun = exchange.begin(&mut channel, &mut transcript, asked, &identity).await?;
    if requested.is_some() {
        certificate_request(&mut channel, &mut transcript, config)?;
    }
    channel.send(&mut transcript, HandshakeType::SERVER_HELLO_DONE, &ServerHelloDone)?;

    // [Certificate], ClientKeyExchange, [CertificateVerify] of the client.
    let client = match &requested {
        Some(requested) => {
            client_certificate(&mut channel, &mut transcript, requested, asked.config, asked.now).await?
        }
        None => ClientCertificate::default(),
    };
    let preliminary = begun.finish(&mut channel, &mut transcript).await?;
    let main_secret = if answer.extended_main_secret {
        MainSecret::extended(suite, asked.randoms, &preliminary, &transcript.hash())?
    } else {
        MainSecret::plain(suite, asked.randoms, &preliminary)?
    };
    drop(preliminary);
    derived(&channel, &main_secret);
    let client_signature_scheme = match client.chain.first() {
        Some(leaf) => Some(certificate_verify(&mut channel, &mut transcript, leaf, &config.policy).await?),
        None => None,
    };

    // [ChangeCipherSpec], Finished of the client, then [NewSessionTicket], [ChangeCipherSpec], Finished of ours.
    let keys = main_secret.key_block()?;
    let expected = main_secret.client_verify_data(&transcript.hash())?;
    peer_finished(
        &mut channel,
        &mut transcript,
        |place| keys.protect_client(place),
        &expected,
    )
    .await?;
    let client_chain: Arc<[_]> = client.chain.into();
    let basis = SessionBasis {
        main_secret: &main_secret,
        suite,
        extended_main_secret: answer.extended_main_secret,
        chain: &client_chain,
        not_after: client.not_after,
        authenticated: asked.now,
    };
    if let Some(tickets) = tickets {
        new_session_ticket(&mut channel, &mut transcript, asked, tickets, &basis)?;
    } else if let Some((cache, id)) = cache {
        cache.put(id, &session_content(asked, &basis));
    }
    let verify_data = main_secret.server_verify_data(&transcript.hash())?;
    send_finished(
        &mut channel,
        &mut transcript,
        |place| keys.protect_server(place),
        &verify_data,
    )?;
    channel.flush()?;
    channel.note(&Note::Established);
    Ok(Established {
        side: Side::Server,
        info: ConnectionInfo {
            group: ephemeral.map(|(group, _)| group),
            signature_scheme: ephemeral.map(|(_, scheme)| scheme),
            client_signature_scheme,
            server_chain: identity.chain.clone(),
            client_chain,
            ..info(asked, &answer)
        },
        secrets: Secrets::Tls12(main_secret),
    })
}

/// The handshake of a session that goes on (RFC 5246 section 7.3, figure 2).
async fn abbreviated(
    mut channel: Channel,
    asked: &Asked<'_>,
    suite: Suite,
    ticket: TicketContent,
) -> Result<Established, Error> {
    // ServerHello, [NewSessionTicket], [ChangeCipherSpec], Finished of ours.
    let ours = &asked.config.application_protocols;
    let application_protocol = choose::tls12::application_protocol(asked.hello, ours, suite)?;
    begin(&channel, suite, application_protocol);
    channel.note(&Note::Resumed);
    let mut transcript = Transcript::new(suite.hash);
    transcript.add(asked.message);
    let tickets = tickets(asked);
    let answer = Answer {
        suite,
        application_protocol,
        status_request: false,
        timestamps: None,
        session_id: asked.hello.legacy_session_id,
        extended_main_secret: ticket.extended_main_secret,
        // RFC 6066 section 3: not said of a session that goes on.
        server_name: false,
        session_ticket: tickets.is_some(),
    };
    server_hello(&mut channel, &mut transcript, asked, &answer)?;
    let main_secret = MainSecret::resumed(suite, asked.randoms, ticket.secret);
    derived(&channel, &main_secret);
    let client_chain: Arc<[_]> = ticket.chain.into();
    if let Some(tickets) = tickets {
        let basis = SessionBasis {
            main_secret: &main_secret,
            suite,
            extended_main_secret: ticket.extended_main_secret,
            chain: &client_chain,
            not_after: ticket.not_after,
            authenticated: ticket.authenticated,
        };
        new_session_ticket(&mut channel, &mut transcript, asked, tickets, &basis)?;
    }
    let keys = main_secret.key_block()?;
    let verify_data = main_secret.server_verify_data(&transcript.hash())?;
    send_finished(
        &mut channel,
        &mut transcript,
        |place| keys.protect_server(place),
        &verify_data,
    )?;

    // [ChangeCipherSpec], Finished of the client.
    let expected = main_secret.client_verify_data(&transcript.hash())?;
    peer_finished(
        &mut channel,
        &mut transcript,
        |place| keys.protect_client(place),
        &expected,
    )
    .await?;
    channel.note(&Note::Established);
    Ok(Established {
        side: Side::Server,
        info: ConnectionInfo {
            client_chain,
            resumed: true,
            ..info(asked, &answer)
        },
        secrets: Secrets::Tls12(main_secret),
    })
}

/// What is chosen is noted.
fn begin(channel: &Channel, suite: Suite, application_protocol: Option<&[u8]>) {
    channel.note(&Note::Chosen {
        version: ProtocolVersion::TLS1_2,
        cipher_suite: suite.id,
    });
    if let Some(name) = application_protocol {
        channel.note(&Note::ApplicationProtocol { name });
    }
}

/// What both handshakes tell alike.
fn info(asked: &Asked<'_>, answer: &Answer<'_>) -> ConnectionInfo {
    ConnectionInfo {
        version: ProtocolVersion::TLS1_2,
        cipher_suite: answer.suite.id,
        group: None,
        signature_scheme: None,
        client_signature_scheme: None,
        application_protocol: answer.application_protocol.map(<[u8]>::to_vec),
        server_name: asked.hello.extensions.server_name.map(|name| name.0.to_vec()),
        server_chain: Arc::default(),
        stapled: None,
        client_chain: Arc::default(),
        resumed: false,
        retried: false,
        early_data: EarlyData::of_older_version(asked.config.early_data.is_some()),
        extended_main_secret: answer.extended_main_secret,
    }
}

/// What makes the ServerHello.
struct Answer<'a> {
    suite: Suite,
    application_protocol: Option<&'a [u8]>,
    /// Whether a CertificateStatus follows.
    status_request: bool,
    timestamps: Option<&'a [u8]>,
    session_id: &'a [u8],
    extended_main_secret: bool,
    server_name: bool,
    session_ticket: bool,
}

fn server_hello(
    channel: &mut Channel,
    transcript: &mut Transcript,
    asked: &Asked<'_>,
    answer: &Answer<'_>,
) -> Result<(), Error> {
    let (hello, offered) = (asked.hello, &asked.hello.extensions);
    // RFC 8422 section 5.2: not where no curve has a part.
    let is_ephemeral = KeyExchangeAlgorithm::of_suite(answer.suite.id) != Some(KeyExchangeAlgorithm::KeyTransport);
    let renegotiates = offered.renegotiation_info.is_some()
        || hello
            .cipher_suites
            .contains(&CipherSuite::TLS_EMPTY_RENEGOTIATION_INFO_SCSV);
    let message = ServerHello {
        server_version: ProtocolVersion::TLS1_2,
        random: &asked.randoms.server,
        session_id: answer.session_id,
        cipher_suite: answer.suite.id,
        compression_method: 0,
        extensions: ServerHelloExtensions {
            server_name: answer.server_name,
            status_request: answer.status_request,
            signed_certificate_timestamp: answer.timestamps,
            ec_point_formats: (is_ephemeral && offered.ec_point_formats.is_some()).then_some(&[0]),
            application_layer_protocol_negotiation: answer.application_protocol.map(ProtocolName),
            extended_main_secret: answer.extended_main_secret,
            session_ticket: answer.session_ticket,
            record_size_limit: asked.record_size_limit,
            renegotiation_info: renegotiates.then_some(&[]),
            // RFC 5246 section 7.4.1.4: a client without extensions may not know what they are.
            order: Order::NO_BLOCK,
            ..Default::default()
        },
    };
    channel.send(transcript, HandshakeType::SERVER_HELLO, &message)
}

fn certificate_request(channel: &mut Channel, transcript: &mut Transcript, config: &ServerConfig) -> Result<(), Error> {
    let authorities: Vec<_> = config.authorities.iter().map(|name| DistinguishedName(name)).collect();
    let signature_algorithms = config.policy.signature_algorithms().collect::<Vec<_>>();
    let types = [ClientCertificateType::ECDSA_SIGN, ClientCertificateType::RSA_SIGN];
    let message = CertificateRequest {
        certificate_types: Sequence::from(&types),
        supported_signature_algorithms: Sequence::from(signature_algorithms.as_slice()),
        certificate_authorities: Sequence::from(authorities.as_slice()),
    };
    channel.send(transcript, HandshakeType::CERTIFICATE_REQUEST, &message)
}

/// What a client showed: nothing, where it has no certificate.
#[derive(Default)]
struct ClientCertificate {
    chain: Vec<Vec<u8>>,
    not_after: Option<UnixTime>,
}

async fn client_certificate(
    channel: &mut Channel,
    transcript: &mut Transcript,
    requested: &Requested,
    config: &ServerConfig,
    now: UnixTime,
) -> Result<ClientCertificate, Error> {
    let chain = peer_chain(channel, transcript).await?;
    let Some(leaf) = chain.first() else {
        return if requested.required {
            Err(PeerFault::ClientCertificateMissing.into())
        } else {
            Ok(ClientCertificate::default())
        };
    };
    channel.note(&Note::CertificatesReceived { chain: &chain });
    config.oid_filters.check(leaf)?;
    let presented = Presented {
        chain: &chain,
        name: None,
        now,
        stapled: None,
    };
    let verified = requested.verifier.verify(presented).await?;
    channel.note(&Note::ChainVerified {
        path: verified.path.as_ref(),
    });
    Ok(ClientCertificate {
        not_after: verified.not_after,
        chain,
    })
}

/// The client's proof that it holds its certificate's key: a signature over all messages so far (RFC 5246 section 7.4.8).
async fn certificate_verify(
    channel: &mut Channel,
    transcript: &mut Transcript,
    leaf: &[u8],
    policy: &Policy,
) -> Result<SignatureScheme, Error> {
    let signed = transcript.take_kept();
    let message = channel.receive(&[HandshakeType::CERTIFICATE_VERIFY]).await?;
    let proof: CertificateVerify<'_> = message.decode()?;
    check_signature(leaf, policy, proof.algorithm, &signed, proof.signature)?;
    transcript.add(message.bytes());
    channel.note(&Note::PeerProved {
        scheme: proof.algorithm,
    });
    Ok(proof.algorithm)
}

/// What seals tickets, where the client wants one.
fn tickets<'a>(asked: &Asked<'a>) -> Option<&'a Tickets> {
    let wanted = asked.hello.extensions.session_ticket.is_some();
    asked.config.tickets.as_deref().filter(|_| wanted)
}

/// What a session is made of, beside what was asked.
struct SessionBasis<'a> {
    main_secret: &'a MainSecret,
    suite: Suite,
    extended_main_secret: bool,
    chain: &'a [Vec<u8>],
    not_after: Option<UnixTime>,
    authenticated: UnixTime,
}

fn session_content(asked: &Asked<'_>, basis: &SessionBasis<'_>) -> TicketContent {
    TicketContent {
        cipher_suite: basis.suite.id,
        issued: asked.now,
        authenticated: basis.authenticated,
        secret: basis.main_secret.secret().clone(),
        extended_main_secret: basis.extended_main_secret,
        server_name: hello::session_name(asked.hello),
        certificate: None,
        binding: asked.config.session_binding(),
        not_after: basis.not_after,
        early_data: None,
        chain: basis.chain.to_vec(),
    }
}

/// NewSessionTicket (RFC 5077 section 3.3): the ServerHello announced it, so that it comes empty where the session does not fit one.
fn new_session_ticket(
    channel: &mut Channel,
    transcript: &mut Transcript,
    asked: &Asked<'_>,
    tickets: &Tickets,
    basis: &SessionBasis<'_>,
) -> Result<(), Error> {
    let content = session_content(asked, basis);
    let ticket = tickets.seal(&content, asked.now)?.unwrap_or_default();
    let message = NewSessionTicket {
        ticket_lifetime_hint: TICKET_LIFETIME,
        ticket: &ticket,
    };
    channel.send(transcript, HandshakeType::NEW_SESSION_TICKET, &message)?;
    channel.note(&Note::Ticket {
        direction: Direction::Sent,
        lifetime: TICKET_LIFETIME,
    });
    Ok(())
}

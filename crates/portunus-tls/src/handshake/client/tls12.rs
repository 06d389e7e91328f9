//! The client's TLS 1.2 handshake (RFC 5246 section 7.3).

mod key_exchange;

use std::sync::Arc;

use portunus_x509::{ServerName, UnixTime};

use self::key_exchange::{check_key, server_key_exchange};
use super::hello::{Offer, Opening, SentHello, limit_records};
use crate::config::identity::Identity;
use crate::crypto::suite::Suite;
use crate::crypto::tls12::{Authentication, KeyExchangeAlgorithm};
use crate::error::{Error, Internal, PeerFault};
use crate::handshake::channel::{Channel, Message};
use crate::handshake::post::MAX_TICKET_LIFETIME;
use crate::handshake::tls12::{derived, peer_chain, peer_finished, send_certificate, send_finished};
use crate::handshake::{ConnectionInfo, Established, Secrets, Side};
use crate::handshake_io::ChangeCipherSpec;
use crate::limits::{MAX_TICKET_KEPT, TICKET_LIFETIME};
use crate::observe::{Direction, Note};
use crate::schedule::tls12::{MainSecret, Randoms};
use crate::schedule::transcript::Transcript;
use crate::session::client::{ClientSession, OfVersion, Stapled};
use crate::session::early::EarlyData;
use crate::wire::tls12::{CertificateRequest, NewSessionTicket, ServerHello, ServerHelloDone};
use crate::wire::{
    CertificateStatus, CertificateVerify, ClientCertificateType, Decode, ExtensionType, HandshakeType, ProtocolVersion,
    Sequence, SignatureScheme, SignedCertificateTimestampList,
};

/// What the ServerHello settles.
struct Agreed<'a> {
    offer: Offer<'a>,
    suite: Suite,
    algorithm: KeyExchangeAlgorithm,
    randoms: Randoms,
    session_id: Vec<u8>,
    extended_main_secret: bool,
    application_protocol: Option<Vec<u8>>,
    /// Whether a NewSessionTicket comes.
    awaits_ticket: bool,
    /// Whether a CertificateStatus may come.
    may_staple: bool,
    timestamps: Option<Vec<u8>>,
}

/// From the ServerHello to the end.
pub(super) async fn handshake(mut channel: Channel, opening: Opening<'_>) -> Result<Established, Error> {
    channel.expect_version(ProtocolVersion::TLS1_2);
    channel.change_cipher_spec(ChangeCipherSpec::Refuse);
    if channel.has_dropped_change_cipher_spec() {
        return Err(PeerFault::BadChangeCipherSpec.into());
    }
    let Opening {
        offer,
        hello,
        session,
        answer,
        shares,
        ..
    } = opening;
    // Those were for TLS 1.3.
    drop(shares);
    let server_hello: ServerHello<'_> = answer.decode()?;
    let (limit, answered) = (
        server_hello.extensions.record_size_limit,
        server_hello.extension_types(),
    );
    limit_records(&mut channel, offer.config, ProtocolVersion::TLS1_2, limit, answered)?;
    let agreed = server_parameters(&server_hello, offer, &hello)?;
    channel.note(&Note::Chosen {
        version: ProtocolVersion::TLS1_2,
        cipher_suite: agreed.suite.id,
    });
    if let Some(name) = &agreed.application_protocol {
        channel.note(&Note::ApplicationProtocol { name });
    }
    let mut transcript = Transcript::new(agreed.suite.hash);
    if agreed.offer.config.identity.is_some() {
        transcript.keep();
    }
    transcript.add(&hello.bytes);
    transcript.add(answer.bytes());
    let offered = session.is_some();
    match resumed_session(&agreed, &hello, session)? {
        Some(session) => abbreviated(channel, transcript, agreed, session).await,
        None => {
            if offered {
                channel.note(&Note::NotResumed);
            }
            full(channel, transcript, agreed).await
        }
    }
}

/// RFC 5246 section 7.4.1.3, and what the extensions have to say.
fn server_parameters<'a>(
    server_hello: &ServerHello<'_>,
    offer: Offer<'a>,
    hello: &SentHello,
) -> Result<Agreed<'a>, Error> {
    // The cipher suite value that stands for it was sent in its place (RFC 5746 section 3.4).
    let is_renegotiation_info = |kind: &ExtensionType| *kind == ExtensionType::RENEGOTIATION_INFO;
    hello.check_answer(
        server_hello
            .extension_types()
            .filter(|kind| !is_renegotiation_info(kind)),
    )?;
    let policy = offer.policy();
    if !policy.cipher_suites.contains(&server_hello.cipher_suite) {
        return Err(PeerFault::CipherSuiteNotOffered.into());
    }
    let suite = Suite::of_tls12(server_hello.cipher_suite).ok_or(PeerFault::CipherSuiteNotOffered)?;
    let algorithm = KeyExchangeAlgorithm::of_suite(suite.id).ok_or(PeerFault::CipherSuiteNotOffered)?;
    if server_hello.compression_method != 0 {
        return Err(PeerFault::CompressionChosen.into());
    }
    let extensions = &server_hello.extensions;
    match extensions.renegotiation_info {
        Some([]) => {}
        Some(_) => return Err(PeerFault::RenegotiationInfo.into()),
        None => return Err(PeerFault::NoSecureRenegotiation.into()),
    }
    if extensions.ec_point_formats.is_some_and(|formats| !formats.contains(&0)) {
        return Err(PeerFault::UncompressedPointsMissing.into());
    }
    if policy.extended_main_secret_required && !extensions.extended_main_secret {
        return Err(PeerFault::NoExtendedMainSecret.into());
    }
    let application_protocol = extensions.application_layer_protocol_negotiation.map(|name| name.0);
    let offered = &offer.config.application_protocols;
    if application_protocol.is_some_and(|name| !offered.iter().any(|offered| offered.as_slice() == name)) {
        return Err(PeerFault::ApplicationProtocolNotOffered.into());
    }
    let timestamps = extensions.signed_certificate_timestamp;
    if let Some(list) = timestamps {
        SignedCertificateTimestampList::read(list)?;
    }
    Ok(Agreed {
        suite,
        algorithm,
        randoms: Randoms {
            client: *hello.sent()?.random,
            server: *server_hello.random,
        },
        session_id: server_hello.session_id.to_vec(),
        extended_main_secret: extensions.extended_main_secret,
        application_protocol: application_protocol.map(<[u8]>::to_vec),
        awaits_ticket: extensions.session_ticket,
        may_staple: extensions.status_request,
        timestamps: timestamps.map(<[u8]>::to_vec),
        offer,
    })
}

/// The session, if the server goes on with it: it says so by giving back the id that the ClientHello had (RFC 5246 section 7.4.1.3, RFC 5077
/// section 3.4).
fn resumed_session(
    agreed: &Agreed<'_>,
    hello: &SentHello,
    session: Option<ClientSession>,
) -> Result<Option<ClientSession>, Error> {
    let goes_on = !agreed.session_id.is_empty() && agreed.session_id == hello.legacy_session_id();
    if !goes_on {
        return Ok(None);
    }
    let session = session.ok_or(PeerFault::SessionNotOffered)?;
    let OfVersion::Tls12 {
        extended_main_secret, ..
    } = session.of_version
    else {
        return Err(PeerFault::SessionNotOffered.into());
    };
    if session.cipher_suite != agreed.suite.id {
        return Err(PeerFault::SessionChanged.into());
    }
    if extended_main_secret != agreed.extended_main_secret {
        return Err(PeerFault::ExtendedMainSecretChanged.into());
    }
    Ok(Some(session))
}

/// The full handshake (RFC 5246 section 7.3, figure 1).
async fn full(mut channel: Channel, mut transcript: Transcript, agreed: Agreed<'_>) -> Result<Established, Error> {
    // Certificate, [CertificateStatus], [ServerKeyExchange], [CertificateRequest], ServerHelloDone.
    let (certified, next) = server_certificate(&mut channel, &mut transcript, &agreed).await?;
    let (exchange, next) = server_key_exchange(&mut channel, &mut transcript, &agreed, &certified, next).await?;
    let ephemeral = exchange.ephemeral()?;
    let request = certificate_request(&mut channel, &mut transcript, next).await?;

    // [Certificate], ClientKeyExchange, [CertificateVerify].
    let identity = match &request {
        Some(request) => certificate(&mut channel, &mut transcript, request, &agreed).await?,
        None => None,
    };
    let preliminary = exchange.finish(&mut channel, &mut transcript, &certified)?;
    let main_secret = if agreed.extended_main_secret {
        MainSecret::extended(agreed.suite, agreed.randoms, &preliminary, &transcript.hash())?
    } else {
        MainSecret::plain(agreed.suite, agreed.randoms, &preliminary)?
    };
    drop(preliminary);
    derived(&channel, &main_secret);
    if let Some((identity, scheme)) = &identity {
        certificate_verify(&mut channel, &mut transcript, identity, *scheme).await?;
    }

    // [ChangeCipherSpec], Finished of ours, then [NewSessionTicket], [ChangeCipherSpec], Finished of the server.
    let keys = main_secret.key_block()?;
    let verify_data = main_secret.client_verify_data(&transcript.hash())?;
    send_finished(
        &mut channel,
        &mut transcript,
        |place| keys.protect_client(place),
        &verify_data,
    )?;
    let ticket = new_session_ticket(&mut channel, &mut transcript, &agreed).await?;
    let expected = main_secret.server_verify_data(&transcript.hash())?;
    peer_finished(
        &mut channel,
        &mut transcript,
        |place| keys.protect_server(place),
        &expected,
    )
    .await?;
    channel.note(&Note::Established);

    let server_chain: Arc<[_]> = certified.chain.into();
    let basis = SessionBasis {
        agreed: &agreed,
        main_secret: &main_secret,
        chain: &server_chain,
        stapled: &certified.stapled,
        not_after: certified.not_after,
    };
    keep_session(&basis, ticket.as_ref())?;
    let (client_chain, client_signature_scheme) = identity.map_or_else(Default::default, |(identity, scheme)| {
        (identity.chain.clone(), Some(scheme))
    });
    Ok(Established {
        side: Side::Client,
        info: ConnectionInfo {
            group: ephemeral.map(|(group, _)| group),
            signature_scheme: ephemeral.map(|(_, scheme)| scheme),
            client_signature_scheme,
            server_chain,
            stapled: certified.stapled,
            client_chain,
            ..info(agreed)
        },
        secrets: Secrets::Tls12(main_secret),
    })
}

/// The handshake of a session that goes on (RFC 5246 section 7.3, figure 2).
async fn abbreviated(
    mut channel: Channel,
    mut transcript: Transcript,
    agreed: Agreed<'_>,
    session: ClientSession,
) -> Result<Established, Error> {
    // [NewSessionTicket], [ChangeCipherSpec], Finished of the server.
    channel.note(&Note::Resumed);
    if agreed.offer.config.verifies_resumed {
        let (offer, stapled) = (&agreed.offer, session.stapled.as_deref());
        super::verified(&channel, offer.config, &session.chain, stapled, offer.server, offer.now).await?;
    }
    let main_secret = MainSecret::resumed(agreed.suite, agreed.randoms, session.secret.clone());
    derived(&channel, &main_secret);
    let keys = main_secret.key_block()?;
    let ticket = new_session_ticket(&mut channel, &mut transcript, &agreed).await?;
    let expected = main_secret.server_verify_data(&transcript.hash())?;
    peer_finished(
        &mut channel,
        &mut transcript,
        |place| keys.protect_server(place),
        &expected,
    )
    .await?;

    // [ChangeCipherSpec], Finished of ours.
    let verify_data = main_secret.client_verify_data(&transcript.hash())?;
    send_finished(
        &mut channel,
        &mut transcript,
        |place| keys.protect_client(place),
        &verify_data,
    )?;
    channel.flush()?;
    channel.note(&Note::Established);

    let (server_chain, stapled) = (session.chain.clone(), session.stapled.clone());
    if ticket.is_some() {
        let basis = SessionBasis {
            agreed: &agreed,
            main_secret: &main_secret,
            chain: &server_chain,
            stapled: &stapled,
            not_after: Some(session.expires),
        };
        keep_session(&basis, ticket.as_ref())?;
    } else if let Some(sessions) = &agreed.offer.config.sessions {
        // Without a new ticket the old one stays good: the wire shows it anyway, so that one use a ticket would hide nothing.
        sessions.put(agreed.offer.server, session);
    }
    Ok(Established {
        side: Side::Client,
        info: ConnectionInfo {
            server_chain,
            stapled,
            resumed: true,
            ..info(agreed)
        },
        secrets: Secrets::Tls12(main_secret),
    })
}

/// What both handshakes tell alike.
fn info(agreed: Agreed<'_>) -> ConnectionInfo {
    ConnectionInfo {
        version: ProtocolVersion::TLS1_2,
        cipher_suite: agreed.suite.id,
        group: None,
        signature_scheme: None,
        client_signature_scheme: None,
        application_protocol: agreed.application_protocol,
        server_name: match agreed.offer.server {
            ServerName::Dns(name) => Some(name.as_str().as_bytes().to_vec()),
            ServerName::Ip(_) => None,
        },
        server_chain: Arc::default(),
        stapled: None,
        client_chain: Arc::default(),
        resumed: false,
        retried: false,
        early_data: EarlyData::of_older_version(agreed.offer.config.sends_early_data),
        extended_main_secret: agreed.extended_main_secret,
    }
}

/// What the server showed of itself.
struct Certified {
    chain: Vec<Vec<u8>>,
    stapled: Option<Arc<Stapled>>,
    not_after: Option<UnixTime>,
}

/// The server's `Certificate, [CertificateStatus]`, judged, and the message behind it.
async fn server_certificate(
    channel: &mut Channel,
    transcript: &mut Transcript,
    agreed: &Agreed<'_>,
) -> Result<(Certified, Message), Error> {
    let chain = peer_chain(channel, transcript).await?;
    channel.note(&Note::CertificatesReceived { chain: &chain });
    check_key(&chain, agreed)?;
    let (ocsp_response, next) = certificate_status(channel, transcript, agreed).await?;
    let stapled = Stapled {
        ocsp_response,
        timestamps: agreed.timestamps.clone(),
    };
    let stapled = (stapled != Stapled::default()).then(|| Arc::new(stapled));
    let offer = &agreed.offer;
    let verified = super::verified(
        channel,
        offer.config,
        &chain,
        stapled.as_deref(),
        offer.server,
        offer.now,
    )
    .await?;
    let certified = Certified {
        chain,
        stapled,
        not_after: verified.not_after,
    };
    Ok((certified, next))
}

/// The CertificateStatus, which may come where the ServerHello announced it (RFC 6066 section 8), and the message behind it.
async fn certificate_status(
    channel: &mut Channel,
    transcript: &mut Transcript,
    agreed: &Agreed<'_>,
) -> Result<(Option<Vec<u8>>, Message), Error> {
    if !agreed.may_staple {
        return Ok((None, channel.receive(key_exchange::next(agreed.algorithm)).await?));
    }
    let message = channel.receive(key_exchange::status_or_next(agreed.algorithm)).await?;
    if message.kind() != HandshakeType::CERTIFICATE_STATUS {
        return Ok((None, message));
    }
    let status: CertificateStatus<'_> = message.decode()?;
    transcript.add(message.bytes());
    let next = channel.receive(key_exchange::next(agreed.algorithm)).await?;
    Ok((Some(status.response.to_vec()), next))
}

/// `[CertificateRequest], ServerHelloDone` (RFC 5246 section 7.4.4 and RFC 5246 section 7.4.5), of which `message` is the first.
async fn certificate_request(
    channel: &mut Channel,
    transcript: &mut Transcript,
    message: Message,
) -> Result<Option<Message>, Error> {
    let (request, done) = if message.kind() == HandshakeType::CERTIFICATE_REQUEST {
        message.decode::<CertificateRequest<'_>>()?;
        transcript.add(message.bytes());
        let done = channel.receive(&[HandshakeType::SERVER_HELLO_DONE]).await?;
        (Some(message), done)
    } else {
        (None, message)
    };
    done.decode::<ServerHelloDone>()?;
    // It is our turn: the server has nothing more to say now.
    channel.aligned()?;
    transcript.add(done.bytes());
    Ok(request)
}

/// Our certificate, or an empty list where there is none to show.
async fn certificate(
    channel: &mut Channel,
    transcript: &mut Transcript,
    request: &Message,
    agreed: &Agreed<'_>,
) -> Result<Option<(Arc<Identity>, SignatureScheme)>, Error> {
    let request: CertificateRequest<'_> = request.decode()?;
    let is_asked_for = |scheme: &SignatureScheme| {
        let kind = match Authentication::of_scheme(*scheme) {
            // RFC 8422 section 5.5: Ed25519 counts as ECDSA.
            Some(Authentication::Ecdsa) => ClientCertificateType::ECDSA_SIGN,
            Some(Authentication::Rsa) => ClientCertificateType::RSA_SIGN,
            None => return false,
        };
        request.certificate_types.contains(&kind)
    };
    let offered = request.supported_signature_algorithms.iter();
    let offered: Vec<_> = offered.filter(is_asked_for).collect();
    let usable = match &agreed.offer.config.identity {
        None => None,
        // The one who chooses is asked as in TLS 1.3; an empty list of authorities asks for nobody in particular.
        Some(identities) => {
            let authorities = request.certificate_authorities;
            let request = crate::wire::CertificateRequest {
                signature_algorithms: Some(Sequence::from(offered.as_slice())),
                certificate_authorities: (!authorities.is_empty()).then_some(authorities),
                ..Default::default()
            };
            match identities.choose(&request).await.map_err(Internal::from)? {
                None => None,
                Some(identity) => {
                    let scheme = identity.scheme_among(|scheme| offered.contains(scheme));
                    Some((identity, scheme.ok_or(PeerFault::NoCommonSignatureScheme)?))
                }
            }
        }
    };
    let chain = usable.as_ref().map(|(identity, _)| identity.chain());
    send_certificate(channel, transcript, chain.unwrap_or_default())?;
    Ok(usable)
}

/// Our proof: a signature over all messages so far (RFC 5246 section 7.4.8).
async fn certificate_verify(
    channel: &mut Channel,
    transcript: &mut Transcript,
    identity: &Identity,
    scheme: SignatureScheme,
) -> Result<(), Error> {
    let signed = transcript.take_kept();
    let signature = identity.key.sign(scheme, &signed).await.map_err(Internal::from)?;
    let message = CertificateVerify {
        algorithm: scheme,
        signature: &signature,
    };
    channel.send(transcript, HandshakeType::CERTIFICATE_VERIFY, &message)?;
    channel.note(&Note::Proved { scheme });
    Ok(())
}

/// The NewSessionTicket that the ServerHello announced (RFC 5077 section 3.3).
async fn new_session_ticket(
    channel: &mut Channel,
    transcript: &mut Transcript,
    agreed: &Agreed<'_>,
) -> Result<Option<Message>, Error> {
    if !agreed.awaits_ticket {
        return Ok(None);
    }
    let message = channel.receive(&[HandshakeType::NEW_SESSION_TICKET]).await?;
    let ticket: NewSessionTicket<'_> = message.decode()?;
    transcript.add(message.bytes());
    channel.note(&Note::Ticket {
        direction: Direction::Received,
        lifetime: ticket.ticket_lifetime_hint,
    });
    let is_usable = (1..=MAX_TICKET_KEPT).contains(&ticket.ticket.len());
    Ok(is_usable.then_some(message))
}

/// What a session is made of, beside its ticket.
struct SessionBasis<'a> {
    agreed: &'a Agreed<'a>,
    main_secret: &'a MainSecret,
    chain: &'a Arc<[Vec<u8>]>,
    stapled: &'a Option<Arc<Stapled>>,
    not_after: Option<UnixTime>,
}

/// Keeps the session for a later connection, by its ticket, or by its id where there is none.
fn keep_session(basis: &SessionBasis<'_>, ticket: Option<&Message>) -> Result<(), Error> {
    let agreed = basis.agreed;
    let offer = &agreed.offer;
    let Some(sessions) = &offer.config.sessions else {
        return Ok(());
    };
    let ticket: Option<NewSessionTicket<'_>> = match ticket {
        Some(message) => Some(message.decode()?),
        None => None,
    };
    if ticket.is_none() && agreed.session_id.is_empty() {
        return Ok(());
    }
    // A hint of zero leaves it to us (RFC 5077 section 3.3).
    let life = match ticket.map(|ticket| ticket.ticket_lifetime_hint) {
        None | Some(0) => TICKET_LIFETIME,
        Some(hint) => hint.min(MAX_TICKET_LIFETIME),
    };
    let end = offer.now.0.saturating_add(i64::from(life));
    let config = offer.config;
    let session = ClientSession {
        cipher_suite: agreed.suite.id,
        secret: basis.main_secret.secret().clone(),
        ticket: ticket.map(|ticket| ticket.ticket.to_vec()).unwrap_or_default(),
        of_version: OfVersion::Tls12 {
            // With a ticket the id is ours to choose, and new each time.
            session_id: if ticket.is_some() {
                Vec::new()
            } else {
                agreed.session_id.clone()
            },
            extended_main_secret: agreed.extended_main_secret,
        },
        received: offer.now,
        expires: UnixTime(basis.not_after.map_or(end, |not_after| end.min(not_after.0))),
        trust: config.verifier.trust(),
        owner: config.owner(),
        chain: basis.chain.clone(),
        stapled: basis.stapled.clone(),
        application_protocol: None,
        max_early_data: 0,
        is_for_all_names: false,
    };
    sessions.put(offer.server, session);
    Ok(())
}

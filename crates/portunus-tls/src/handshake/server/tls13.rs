//! The server's TLS 1.3 handshake (RFC 9846 section 2).

use std::sync::Arc;

use portunus_x509::{DnsName, UnixTime};

use super::authentication::{ClientProof, MayAsk, certificate_request, client_certificate};
use super::early::{self, Unconfirmed};
use super::hello::{self, Choice, Opening};
use crate::choose;
use crate::config::certificate_compression::CompressCertificate;
use crate::config::identity::Identity;
use crate::config::server::ServerConfig;
use crate::crypto::suite::Suite;
use crate::crypto::{group, random};
use crate::error::{Error, Internal, PeerFault};
use crate::handshake::channel::Channel;
use crate::handshake::signed::{peer_finished, signed_content};
use crate::handshake::{ConnectionInfo, Established, PostHandshake, Secrets, Side, TrafficSecrets, grease};
use crate::handshake_io::{ApplicationData, ChangeCipherSpec};
use crate::limits::{MAX_SKIPPED_EARLY_DATA, TICKET_LIFETIME, TICKETS_ISSUED};
use crate::observe::{Direction, Note, SecretLabel};
use crate::schedule::tls13::{HandshakeSecret, MainSecret, TrafficSecret, ticket_psk};
use crate::schedule::transcript::Transcript;
use crate::session::early::EarlyData;
use crate::session::tickets::{EarlyTerms, TicketContent};
use crate::wire::CertificateVerify;
use crate::wire::EncryptedExtensions;
use crate::wire::Finished;
use crate::wire::Flags;
use crate::wire::NewSessionTicket;
use crate::wire::Sequence;
use crate::wire::{Certificate, CertificateEntry};
use crate::wire::{ClientHello, ExtensionType, KeyShareEntry, ProtocolName, UnknownExtension};
use crate::wire::{HandshakeType, ProtocolVersion, PskKeyExchangeMode, SignatureScheme};
use crate::wire::{HelloRetryRequest, HelloRetryRequestExtensions, ServerHello, ServerHelloExtensions};

/// From what goes on from the ClientHello to the client's Finished.
pub(super) async fn handshake(mut channel: Channel, opening: Opening, now: UnixTime) -> Result<Established, Error> {
    // A second ClientHello, if the first one's key share is not of the group that we want.
    let Opening {
        message: first,
        aligned,
        config,
        host,
    } = opening;
    channel.change_cipher_spec(ChangeCipherSpec::Drop);
    let (choice, offers_early_data) = {
        let hello: ClientHello<'_> = first.decode()?;
        if hello.extensions.early_data {
            channel.application_data(ApplicationData::Skip {
                left: skipped_early_data(&config),
            });
        }
        (hello::choose(&hello, &config)?, hello.extensions.early_data)
    };
    let suite = choice.suite;
    channel.note(&Note::Chosen {
        version: ProtocolVersion::TLS1_3,
        cipher_suite: suite.id,
    });
    let retried = choice.share.is_none();
    let (message, aligned, choice, mut transcript) = if retried {
        let mut transcript = Transcript::after_retry(suite.hash, first.bytes());
        let before: ClientHello<'_> = first.decode()?;
        hello_retry_request(&mut channel, &mut transcript, &before, &choice)?;
        let (second, aligned) = channel.receive_last(&[HandshakeType::CLIENT_HELLO]).await?;
        channel.application_data(ApplicationData::Refuse);
        let after: ClientHello<'_> = second.decode()?;
        hello::check_second(&before, &after, choice.group)?;
        if choose::version(&after, &config.policy)? != ProtocolVersion::TLS1_3 {
            return Err(PeerFault::SecondHelloChanged.into());
        }
        let choice = Choice {
            suite,
            ..hello::choose(&after, &config)?
        };
        (second, aligned, choice, transcript)
    } else {
        (first, aligned, choice, Transcript::new(suite.hash))
    };
    let hello: ClientHello<'_> = message.decode()?;
    let others = if config.resumes_across_names && hello.extensions.pre_shared_key.is_some() {
        across_names(&hello, host.as_ref(), &config).await
    } else {
        None
    };
    let resumed = hello::resumption(
        &hello,
        message.bytes(),
        &transcript,
        suite,
        &config,
        others.as_ref(),
        now,
    )?;
    // Before the ServerHello: a client with which nothing is in common hears so at once.
    let shown = match resumed {
        Some(_) => None,
        None => Some(identity(&hello, host.as_ref(), &config).await?),
    };
    transcript.add(message.bytes());
    let early = early::decide(&hello, offers_early_data, resumed.as_ref(), &choice, &config, now);
    if let (Err(_), Some(terms)) = (
        &early,
        resumed.as_ref().and_then(|resumed| resumed.ticket.early_data.as_ref()),
    ) {
        channel.skip_at_least(skipped(terms.max));
    }
    // Its keys come of the ClientHello alone.
    let early_secrets = match &resumed {
        Some(resumed) if early.is_ok() => Some(resumed.early_secret.early_data_secrets(&transcript.hash())?),
        _ => None,
    };

    let limits = hello::record_limits(&hello, &config, ProtocolVersion::TLS1_3);
    if let Some(limits) = limits {
        channel.limit_sent(limits.sent);
    }

    // ServerHello: from here on both sides have the handshake's keys.
    let share = choice.share.as_deref().ok_or(PeerFault::SecondHelloKeyShare)?;
    let (early_secret, session) = resumed
        .map(|resumed| (resumed.early_secret, (resumed.index, resumed.ticket)))
        .unzip();
    let (server_share, shared_secret) = group::respond(choice.group, share)?;
    channel.note(&Note::KeyExchanged {
        group: choice.group,
        client_share: share.len(),
        server_share: server_share.len(),
        shared_secret: shared_secret.as_ref().len(),
    });
    server_hello(
        &mut channel,
        &mut transcript,
        &hello,
        &choice,
        &server_share,
        session.as_ref().map(|(index, _)| *index),
    )?;
    if !hello.legacy_session_id.is_empty() && !retried {
        channel.send_change_cipher_spec()?;
    }
    let handshake_secret = HandshakeSecret::new(suite.hash, early_secret, &shared_secret)?;
    drop(shared_secret);
    let (client_secret, server_secret) = handshake_secret.traffic_secrets(&transcript.hash())?;
    channel.derived(
        SecretLabel::ClientHandshakeTraffic,
        "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
        client_secret.expose(),
    );
    channel.derived(
        SecretLabel::ServerHandshakeTraffic,
        "SERVER_HANDSHAKE_TRAFFIC_SECRET",
        server_secret.expose(),
    );
    channel.write_with(
        |place| server_secret.protection(suite, place),
        SecretLabel::ServerHandshakeTraffic,
    )?;
    match &early_secrets {
        Some((secret, exporter)) => {
            channel.early_secrets(secret, exporter);
            let install = |place: &mut _| secret.protection(suite, place);
            channel.read_with(aligned, install, SecretLabel::ClientEarlyTraffic)?;
        }
        None => {
            let install = |place: &mut _| client_secret.protection(suite, place);
            channel.read_with(aligned, install, SecretLabel::ClientHandshakeTraffic)?;
            if let Some(limits) = limits {
                channel.limit_received(limits.received);
            }
        }
    }

    // EncryptedExtensions, [CertificateRequest], [Certificate, CertificateVerify], Finished.
    let uses_name = host.is_some() && session.is_none();
    let early_data = match early {
        Ok(_) => channel.early_data(EarlyData::Accepted { bytes: 0 }),
        Err(why) if offers_early_data => channel.early_data(EarlyData::none(why)),
        Err(why) => EarlyData::none(why),
    };
    let answers = Answers {
        uses_name,
        takes_early_data: early.is_ok(),
        record_size_limit: limits.map(|limits| limits.ours),
    };
    encrypted_extensions(&mut channel, &mut transcript, &choice, &answers)?;
    let requested = match &shown {
        None => {
            channel.note(&Note::Resumed);
            None
        }
        Some((identity, scheme)) => {
            if config.tickets.is_some() && hello.extensions.pre_shared_key.is_some() {
                channel.note(&Note::NotResumed);
            }
            let requested = certificate_request(&mut channel, &mut transcript, &config)?;
            certificate(&mut channel, &mut transcript, &hello, &config, identity, *scheme).await?;
            requested
        }
    };
    finished(&mut channel, &mut transcript, &server_secret)?;
    let main_secret = handshake_secret.into_main()?;
    let secrets = main_secret.application_secrets(&transcript.hash())?;
    channel.derived(
        SecretLabel::ClientApplicationTraffic(0),
        "CLIENT_TRAFFIC_SECRET_0",
        secrets.client.expose(),
    );
    channel.derived(
        SecretLabel::ServerApplicationTraffic(0),
        "SERVER_TRAFFIC_SECRET_0",
        secrets.server.expose(),
    );
    channel.derived(SecretLabel::Exporter, "EXPORTER_SECRET", secrets.exporter.as_ref());
    channel.write_with(
        |place| secrets.server.protection(suite, place),
        SecretLabel::ServerApplicationTraffic(0),
    )?;

    // [EndOfEarlyData], [Certificate, [CertificateVerify]], Finished of the client. One that refuses our certificate may say so before it has keys.
    channel.plaintext_alerts(true);
    let (client, unconfirmed) = if let Ok(max) = early {
        // Early data is read, and answered, before the rest comes.
        let unconfirmed = {
            let max_content = limits.map(|limits| limits.received);
            Unconfirmed::begin(&mut channel, &mut transcript, client_secret, max, max_content)?
        };
        (ClientProof::default(), Some(unconfirmed))
    } else {
        let client = match requested {
            Some(request) => client_certificate(&mut channel, &mut transcript, &request, &config, now).await?,
            None => ClientProof::default(),
        };
        let aligned = peer_finished(&mut channel, &mut transcript, &client_secret).await?;
        channel.change_cipher_spec(ChangeCipherSpec::Refuse);
        channel.plaintext_alerts(false);
        channel.read_with(
            aligned,
            |place| secrets.client.protection(suite, place),
            SecretLabel::ClientApplicationTraffic(0),
        )?;
        (client, None)
    };

    let asks_later = hello.extensions.post_handshake_auth;
    let may_ask = asks_later.then(|| PostHandshake::Server(Box::new(MayAsk::new(&config, transcript.clone()))));
    let certificate = match (&session, &shown) {
        // As long as it is what is shown, and other names may go on with it.
        (Some((_, ticket)), _) => {
            let now = others.as_ref().and_then(|shown| shown.identity.fingerprint());
            ticket.certificate.filter(|certificate| Some(*certificate) == now)
        }
        (None, Some((identity, _))) if config.resumes_across_names => identity.fingerprint(),
        _ => None,
    };
    let (client_chain, not_after, authenticated) = match session {
        Some((_, ticket)) => (ticket.chain, ticket.not_after, ticket.authenticated),
        None => (client.chain, client.not_after, now),
    };
    let (server_chain, signature_scheme) = shown.map(|(identity, scheme)| (identity.chain.clone(), scheme)).unzip();
    let resumed = signature_scheme.is_none();
    let count = if resumed { 1 } else { TICKETS_ISSUED };
    let session_basis = SessionBasis {
        suite,
        config: &config,
        hello: &hello,
        chain: &client_chain,
        certificate,
        not_after,
        authenticated,
        application_protocol: choice.application_protocol.as_ref(),
        now,
    };
    tickets(&mut channel, &mut transcript, &main_secret, &session_basis, count)?;
    channel.flush()?;
    if unconfirmed.is_none() {
        channel.note(&Note::Established);
    }
    Ok(Established {
        side: Side::Server,
        info: ConnectionInfo {
            version: ProtocolVersion::TLS1_3,
            cipher_suite: suite.id,
            group: Some(choice.group),
            signature_scheme,
            client_signature_scheme: client.scheme,
            application_protocol: choice.application_protocol,
            server_name: hello.extensions.server_name.map(|name| name.0.to_vec()),
            server_chain: server_chain.unwrap_or_default(),
            stapled: None,
            client_chain: client_chain.into(),
            resumed,
            retried,
            early_data,
            extended_main_secret: true,
        },
        secrets: Secrets::Tls13(TrafficSecrets {
            suite,
            read: secrets.client,
            write: secrets.server,
            exporter: secrets.exporter,
            early_exporter: early_secrets.map(|(_, exporter)| exporter),
            resumption: None,
            unconfirmed,
            post_handshake: may_ask,
        }),
    })
}

/// How many bytes of early data are skipped that is not taken: what tickets allowed, and what its records have beside.
fn skipped_early_data(config: &ServerConfig) -> usize {
    skipped(config.early_data.as_ref().map_or(0, |early_data| early_data.max))
}

/// The same of a ticket that allowed so much.
fn skipped(allowed: u32) -> usize {
    let allowed = usize::try_from(allowed).unwrap_or(usize::MAX);
    MAX_SKIPPED_EARLY_DATA.max(allowed.saturating_mul(2))
}

/// Asks for a share of the group that we want (RFC 9846 section 4.2.4).
fn hello_retry_request(
    channel: &mut Channel,
    transcript: &mut Transcript,
    hello: &ClientHello<'_>,
    choice: &Choice,
) -> Result<(), Error> {
    let request = HelloRetryRequest {
        legacy_version: ProtocolVersion::TLS1_2,
        legacy_session_id_echo: hello.legacy_session_id,
        cipher_suite: choice.suite.id,
        legacy_compression_method: 0,
        extensions: HelloRetryRequestExtensions {
            supported_versions: Some(ProtocolVersion::TLS1_3),
            key_share: Some(choice.group),
            ..Default::default()
        },
    };
    channel.send(transcript, HandshakeType::SERVER_HELLO, &request)?;
    channel.note(&Note::RetryRequested {
        group: Some(choice.group),
    });
    if hello.legacy_session_id.is_empty() {
        channel.flush()
    } else {
        channel.send_change_cipher_spec()
    }
}

fn server_hello(
    channel: &mut Channel,
    transcript: &mut Transcript,
    hello: &ClientHello<'_>,
    choice: &Choice,
    server_share: &[u8],
    pre_shared_key: Option<u16>,
) -> Result<(), Error> {
    let message = ServerHello {
        legacy_version: ProtocolVersion::TLS1_2,
        random: &random::array()?,
        legacy_session_id_echo: hello.legacy_session_id,
        cipher_suite: choice.suite.id,
        legacy_compression_method: 0,
        extensions: ServerHelloExtensions {
            supported_versions: Some(ProtocolVersion::TLS1_3),
            key_share: Some(KeyShareEntry {
                group: choice.group,
                key_exchange: server_share,
            }),
            pre_shared_key,
            ..Default::default()
        },
    };
    channel.send(transcript, HandshakeType::SERVER_HELLO, &message)
}

/// What EncryptedExtensions say beside the protocol.
struct Answers {
    uses_name: bool,
    takes_early_data: bool,
    record_size_limit: Option<u16>,
}

fn encrypted_extensions(
    channel: &mut Channel,
    transcript: &mut Transcript,
    choice: &Choice,
    answers: &Answers,
) -> Result<(), Error> {
    let message = EncryptedExtensions {
        // RFC 6066 section 3: said when the name was used, which a session that goes on does not. It was used as well where nobody has it: that led to the
        // identity that is shown to strangers, and the session is bound to it. (nginx says so then too; OpenSSL's s_server does not.)
        server_name: answers.uses_name,
        application_layer_protocol_negotiation: choice.application_protocol.as_deref().map(ProtocolName),
        record_size_limit: answers.record_size_limit,
        early_data: answers.takes_early_data,
        ..Default::default()
    };
    if let Some(name) = &choice.application_protocol {
        channel.note(&Note::ApplicationProtocol { name });
    }
    channel.send(transcript, HandshakeType::ENCRYPTED_EXTENSIONS, &message)
}

/// What would be shown for this name, if anything: a session of another name goes on only where that is the same. Who cannot choose now is asked again
/// where it matters.
async fn across_names(hello: &ClientHello<'_>, host: Option<&DnsName>, config: &ServerConfig) -> Option<hello::Shown> {
    let host = host?.clone();
    let identity = config.identities.choose(hello, Some(&host)).await.ok()??;
    Some(hello::Shown { host, identity })
}

/// The identity to show, and the scheme to prove it with.
async fn identity(
    hello: &ClientHello<'_>,
    host: Option<&DnsName>,
    config: &ServerConfig,
) -> Result<(Arc<Identity>, SignatureScheme), Error> {
    let offered = hello
        .extensions
        .signature_algorithms
        .ok_or(PeerFault::MissingSignatureAlgorithms)?;
    let chosen = config.identities.choose(hello, host).await;
    let identity = chosen.map_err(Internal::from)?.ok_or(Internal::NoIdentity)?;
    let scheme = identity
        .scheme_among(|scheme| scheme.is_for_tls13() && offered.contains(scheme))
        .ok_or(PeerFault::NoCommonSignatureScheme)?;
    Ok((identity, scheme))
}

/// Our most preferred way to compress certificates that the client has too (RFC 8879).
fn compression<'a>(hello: &ClientHello<'_>, config: &'a ServerConfig) -> Option<&'a dyn CompressCertificate> {
    let offered = hello.extensions.compress_certificate?;
    let ways = config.certificate_compression.iter();
    ways.map(AsRef::as_ref).find(|way| offered.contains(&way.algorithm()))
}

/// Certificate and CertificateVerify (RFC 9846 section 4.5.1 and RFC 9846 section 4.5.2).
async fn certificate(
    channel: &mut Channel,
    transcript: &mut Transcript,
    hello: &ClientHello<'_>,
    config: &ServerConfig,
    identity: &Identity,
    scheme: SignatureScheme,
) -> Result<(), Error> {
    let stapled = identity.stapled_for(hello);
    let entries: Vec<CertificateEntry<'_>> = identity
        .chain
        .iter()
        .enumerate()
        .map(|(index, der)| CertificateEntry {
            cert_data: der,
            extensions: if index == 0 {
                Sequence::from(stapled.as_slice())
            } else {
                Sequence::default()
            },
        })
        .collect();
    let message = Certificate {
        certificate_request_context: &[],
        certificate_list: Sequence::from(entries.as_slice()),
    };
    match compression(hello, config) {
        None => channel.send(transcript, HandshakeType::CERTIFICATE, &message)?,
        Some(way) => {
            let compressed = identity.compressed(way, &message, &stapled)?;
            channel.send(transcript, HandshakeType::COMPRESSED_CERTIFICATE, &compressed.message())?;
        }
    }
    channel.note(&Note::CertificatesSent { chain: &identity.chain });
    let content = signed_content(Side::Server, &transcript.hash());
    let signature = identity
        .key
        .sign(scheme, content.as_ref())
        .await
        .map_err(Internal::from)?;
    let message = CertificateVerify {
        algorithm: scheme,
        signature: &signature,
    };
    channel.send(transcript, HandshakeType::CERTIFICATE_VERIFY, &message)?;
    channel.note(&Note::Proved { scheme });
    Ok(())
}

fn finished(channel: &mut Channel, transcript: &mut Transcript, secret: &TrafficSecret) -> Result<(), Error> {
    let verify_data = secret.verify_data(&transcript.hash())?;
    channel.send(
        transcript,
        HandshakeType::FINISHED,
        &Finished {
            verify_data: verify_data.as_ref(),
        },
    )
}

/// What tickets are made of, beside the secret.
struct SessionBasis<'a> {
    suite: Suite,
    config: &'a ServerConfig,
    hello: &'a ClientHello<'a>,
    chain: &'a [Vec<u8>],
    certificate: Option<[u8; 32]>,
    not_after: Option<UnixTime>,
    authenticated: UnixTime,
    application_protocol: Option<&'a Vec<u8>>,
    now: UnixTime,
}

/// NewSessionTickets (RFC 9846 section 4.7.1), for a client that could use them.
fn tickets(
    channel: &mut Channel,
    transcript: &mut Transcript,
    main_secret: &MainSecret,
    basis: &SessionBasis<'_>,
    count: usize,
) -> Result<(), Error> {
    let modes = basis.hello.extensions.psk_key_exchange_modes;
    let usable = modes.is_some_and(|modes| modes.contains(&PskKeyExchangeMode::PSK_DHE_KE));
    let Some(tickets) = basis.config.tickets.as_ref().filter(|_| usable) else {
        return Ok(());
    };
    let early_data = basis.config.early_data.as_ref();
    let resumption_secret = main_secret.resumption_secret(&transcript.hash())?;
    channel.note(&Note::SecretDerived(SecretLabel::Resumption));
    let binding = basis.config.session_binding();
    for index in (0_u8..).take(count) {
        let nonce = [index];
        let [age_add @ .., extension] = random::array::<5>()?;
        let age_add = u32::from_be_bytes(age_add);
        let content = TicketContent {
            cipher_suite: basis.suite.id,
            issued: basis.now,
            authenticated: basis.authenticated,
            secret: ticket_psk(basis.suite.hash, &resumption_secret, &nonce)?,
            extended_main_secret: true,
            server_name: hello::session_name(basis.hello),
            certificate: basis.certificate,
            binding,
            not_after: basis.not_after,
            early_data: early_data.map(|early_data| EarlyTerms {
                guard: early_data.guard.id(),
                age_add,
                max: early_data.max,
                application_protocol: basis.application_protocol.cloned(),
            }),
            chain: basis.chain.to_vec(),
        };
        let Some(ticket) = tickets.seal(&content, basis.now)? else {
            return Ok(());
        };
        // An extension that means nothing (RFC 8701 section 4.1): clients have to stand those of tomorrow.
        let unknown = [UnknownExtension {
            extension_type: ExtensionType(grease(extension)),
            extension_data: &[],
        }];
        let message = NewSessionTicket {
            ticket_lifetime: TICKET_LIFETIME,
            ticket_age_add: age_add,
            ticket_nonce: &nonce,
            ticket: &ticket,
            early_data: early_data.map(|early_data| early_data.max),
            tls_flags: basis.certificate.map(|_| Flags::RESUMPTION_ACROSS_NAMES),
            unknown: Sequence::from(&unknown[..]),
            ..Default::default()
        };
        channel.send(transcript, HandshakeType::NEW_SESSION_TICKET, &message)?;
        channel.note(&Note::Ticket {
            direction: Direction::Sent,
            lifetime: TICKET_LIFETIME,
        });
    }
    channel.flush()
}

//! The client's TLS 1.3 handshake (RFC 9846 section 2).

use std::sync::Arc;

use portunus_x509::{ServerName, UnixTime};

use super::authentication::{MayBeAsked, certificate, certificate_request};
use super::early::Early;
use super::hello::{Offer, Opening, Retry, SentHello, limit_records};
use crate::config::certificate_compression::{CompressCertificate, NotInflated};
use crate::config::client::ClientConfig;
use crate::crypto::group::KeyShares;
use crate::crypto::suite::Suite;
use crate::error::{Error, Internal, Limit, PeerFault};
use crate::handshake::channel::{Aligned, Channel, Message};
use crate::handshake::signed::{handshake_chain, peer_certificate_verify, peer_finished};
use crate::handshake::{ConnectionInfo, Established, PostHandshake, Resumption, Secrets, Side, TrafficSecrets};
use crate::handshake_io::{ChangeCipherSpec, Warnings};
use crate::limits::MAX_CERTIFICATE_MESSAGE;
use crate::observe::{Note, SecretLabel};
use crate::schedule::tls13::HandshakeSecret;
use crate::schedule::transcript::Transcript;
use crate::session::client::{ClientSession, Stapled};
use crate::session::early::NoEarlyData;
use crate::wire::EncryptedExtensions;
use crate::wire::Finished;
use crate::wire::{
    Certificate, CertificateEntry, CertificateStatus, CompressedCertificate, Decode, SignedCertificateTimestampList,
};
use crate::wire::{ExtensionType, HandshakeType, ProtocolVersion, SignatureScheme};
use crate::wire::{HelloRetryRequest, ServerHello, ServerHelloOrRetry};

/// From the server's answer to our Finished.
pub(super) async fn handshake(mut channel: Channel, opening: Opening<'_>) -> Result<Established, Error> {
    // ServerHello, or a HelloRetryRequest and what follows it.
    channel.warnings(Warnings::Fatal);
    let aligned = channel.aligned()?;
    let Opening {
        offer,
        hello,
        shares,
        session,
        early,
        answer,
    } = opening;
    let (config, server, now) = (offer.config, offer.server, offer.now);
    let older = session.as_ref().is_some_and(|session| !session.is_tls13());
    if older {
        channel.note(&Note::NotResumed);
    }
    let mut session = session.filter(ClientSession::is_tls13);
    let Answer {
        message,
        aligned,
        mut hello,
        shares,
        transcript,
        early,
        retried,
    } = match answer.decode()? {
        ServerHelloOrRetry::ServerHello(_) => Answer {
            message: answer,
            aligned,
            hello,
            shares,
            transcript: None,
            early,
            retried: false,
        },
        ServerHelloOrRetry::HelloRetryRequest(retry) => {
            retry_hello(
                &mut channel,
                &offer,
                (&retry, answer.bytes()),
                hello,
                shares,
                &mut session,
                early,
            )
            .await?
        }
    };

    // From here on both sides have the handshake's keys.
    let ServerHelloOrRetry::ServerHello(server_hello) = message.decode()? else {
        return Err(PeerFault::SecondRetry.into());
    };
    let suite = server_parameters(&server_hello, &offer, &hello)?;
    channel.note(&Note::Chosen {
        version: ProtocolVersion::TLS1_3,
        cipher_suite: suite.id,
    });
    let mut transcript = match transcript {
        Some((transcript, retry_suite)) if retry_suite == suite => transcript,
        Some(_) => return Err(PeerFault::CipherSuiteChanged.into()),
        None => Transcript::new(suite.hash),
    };
    transcript.add(&hello.bytes);
    transcript.add(message.bytes());
    let session = chosen_session(&channel, &server_hello, suite, session)?;
    // One that the server did not choose is as none.
    let early_secret = hello.early_secret.take().filter(|_| session.is_some());
    let share = server_hello.extensions.key_share.ok_or(match session {
        // PskKeyExchangeMode psk_dhe_ke alone is offered.
        Some(_) => PeerFault::PskWithoutKeyShare,
        None => PeerFault::MissingKeyShare,
    })?;
    let client_share = shares.entries().iter().find(|(group, _)| *group == share.group);
    let client_share = client_share.ok_or(PeerFault::GroupNotOffered)?.1.len();
    let shared_secret = shares.finish(share.group, share.key_exchange)?;
    channel.note(&Note::KeyExchanged {
        group: share.group,
        client_share,
        server_share: share.key_exchange.len(),
        shared_secret: shared_secret.as_ref().len(),
    });
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
    channel.read_with(
        aligned,
        |place| server_secret.protection(suite, place),
        SecretLabel::ServerHandshakeTraffic,
    )?;
    if !retried && !early.is_offered() {
        channel.send_change_cipher_spec()?;
    }
    let early = match session {
        Some(_) => early,
        None => early.refused(&mut channel, NoEarlyData::NotResumed),
    };
    let write_with_handshake_keys = |channel: &mut Channel| {
        let install = |place: &mut _| client_secret.protection(suite, place);
        channel.write_with(install, SecretLabel::ClientHandshakeTraffic)
    };
    // Early data goes on under its own keys until the server's Finished.
    let may_be_taken = early.is_offered();
    if !may_be_taken {
        write_with_handshake_keys(&mut channel)?;
    }

    // EncryptedExtensions, [CertificateRequest], [Certificate, CertificateVerify], Finished of the server.
    let agreed = encrypted_extensions(&mut channel, &mut transcript, &hello, config).await?;
    let application_protocol = agreed.application_protocol;
    let early = early.answered(
        &mut channel,
        agreed.takes_early_data,
        session.as_ref(),
        suite,
        application_protocol.as_deref(),
    )?;
    let is_taken = early.is_offered();
    if may_be_taken && !is_taken {
        write_with_handshake_keys(&mut channel)?;
    }
    let proof = match session {
        Some(session) => {
            channel.note(&Note::Resumed);
            // Where early data goes on, that was done before it went out.
            if config.verifies_resumed && !is_taken {
                let stapled = session.stapled.as_deref();
                super::verified(&channel, config, &session.chain, stapled, server, now).await?;
            }
            ServerProof {
                chain: session.chain,
                stapled: session.stapled,
                not_after: Some(session.expires),
                ..ServerProof::default()
            }
        }
        None => server_certificate(&mut channel, &mut transcript, &hello, config, server, now).await?,
    };
    let aligned = peer_finished(&mut channel, &mut transcript, &server_secret).await?;
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
    channel.read_with(
        aligned,
        |place| secrets.server.protection(suite, place),
        SecretLabel::ServerApplicationTraffic(0),
    )?;
    channel.change_cipher_spec(ChangeCipherSpec::Refuse);

    // [EndOfEarlyData], [Certificate, [CertificateVerify]], Finished of ours.
    let (early_data, early_exporter) = early.end(&mut channel, &mut transcript)?;
    if is_taken {
        write_with_handshake_keys(&mut channel)?;
    }
    let (client_chain, client_signature_scheme) = match &proof.request {
        Some(request) => certificate(&mut channel, &mut transcript, request, config).await?,
        None => Default::default(),
    };
    let verify_data = client_secret.verify_data(&transcript.hash())?;
    channel.send(
        &mut transcript,
        HandshakeType::FINISHED,
        &Finished {
            verify_data: verify_data.as_ref(),
        },
    )?;
    channel.write_with(
        |place| secrets.client.protection(suite, place),
        SecretLabel::ClientApplicationTraffic(0),
    )?;
    let may_be_asked = config
        .authenticates_later
        .then(|| PostHandshake::Client(Box::new(MayBeAsked::new(config, transcript.clone()))));
    let resumption_secret = main_secret.resumption_secret(&transcript.into_hash())?;
    channel.note(&Note::SecretDerived(SecretLabel::Resumption));
    channel.note(&Note::Established);
    let info = ConnectionInfo {
        version: ProtocolVersion::TLS1_3,
        cipher_suite: suite.id,
        group: Some(share.group),
        signature_scheme: proof.scheme,
        client_signature_scheme,
        application_protocol,
        server_name: match server {
            ServerName::Dns(name) => Some(name.as_str().as_bytes().to_vec()),
            ServerName::Ip(_) => None,
        },
        server_chain: proof.chain,
        stapled: proof.stapled,
        client_chain,
        resumed: proof.scheme.is_none(),
        retried,
        early_data,
        extended_main_secret: true,
    };
    let resumption = config.sessions.is_some().then(|| Resumption {
        config: config.clone(),
        server: server.clone(),
        resumption_secret,
        not_after: proof.not_after,
    });
    Ok(Established {
        side: Side::Client,
        info,
        secrets: Secrets::Tls13(TrafficSecrets {
            suite,
            read: secrets.server,
            write: secrets.client,
            exporter: secrets.exporter,
            early_exporter,
            resumption,
            unconfirmed: None,
            post_handshake: may_be_asked,
        }),
    })
}

/// The hello that the server answered, and its answer.
struct Answer {
    message: Message,
    aligned: Aligned,
    hello: SentHello,
    shares: KeyShares,
    transcript: Option<(Transcript, Suite)>,
    early: Early,
    retried: bool,
}

/// The server asks for another ClientHello (RFC 9846 section 4.2.4).
async fn retry_hello(
    channel: &mut Channel,
    offer: &Offer<'_>,
    (request, request_bytes): (&HelloRetryRequest<'_>, &[u8]),
    hello: SentHello,
    shares: KeyShares,
    session: &mut Option<ClientSession>,
    early: Early,
) -> Result<Answer, Error> {
    let extensions = &request.extensions;
    let is_cookie = |kind: &ExtensionType| *kind == ExtensionType::COOKIE;
    hello.check_answer(request.extension_types().filter(|kind| !is_cookie(kind)))?;
    let suite = offer.check_choice(
        &hello,
        request.legacy_version,
        extensions.supported_versions,
        request.legacy_session_id_echo,
        request.cipher_suite,
        request.legacy_compression_method,
    )?;
    let asked_for_offered = extensions.key_share.is_some_and(|group| shares.offers(group));
    if asked_for_offered || (extensions.key_share.is_none() && extensions.cookie.is_none()) {
        return Err(PeerFault::RetryWithoutChange.into());
    }
    let shares = match extensions.key_share {
        None => shares,
        Some(group) if offer.allows(group) => KeyShares::generate(&[group]).map_err(|_| Internal::Crypto)?,
        Some(_) => return Err(PeerFault::GroupNotOffered.into()),
    };
    channel.note(&Note::RetryRequested {
        group: extensions.key_share,
    });
    let mut transcript = Transcript::after_retry(suite.hash, &hello.bytes);
    transcript.add(request_bytes);
    // A session of another hash cannot go on with this suite (RFC 9846 section 4.2.2).
    session.take_if(|session| Suite::of(session.cipher_suite).is_none_or(|issued| issued.hash != suite.hash));
    let retry = Retry {
        cookie: extensions.cookie,
        asks_for_share: extensions.key_share.is_some(),
        transcript: &transcript,
    };
    let hello = offer.write(&shares, session.as_ref(), Some(&retry))?;
    if !early.is_offered() {
        channel.send_change_cipher_spec()?;
    }
    let early = early.refused(channel, NoEarlyData::Retried);
    channel.write_in_plaintext();
    channel.send_hello(&hello.bytes)?;
    let (message, aligned) = channel.receive_last(&[HandshakeType::SERVER_HELLO]).await?;
    Ok(Answer {
        message,
        aligned,
        hello,
        shares,
        transcript: Some((transcript, suite)),
        early,
        retried: true,
    })
}

impl Offer<'_> {
    /// What ServerHello and HelloRetryRequest have in common.
    fn check_choice(
        &self,
        hello: &SentHello,
        legacy_version: ProtocolVersion,
        version: Option<ProtocolVersion>,
        session_id_echo: &[u8],
        cipher_suite: crate::wire::CipherSuite,
        compression: u8,
    ) -> Result<Suite, Error> {
        match version {
            Some(ProtocolVersion::TLS1_3) => {}
            Some(_) => return Err(PeerFault::SelectedVersionIllegal.into()),
            None => return Err(PeerFault::VersionNotOffered.into()),
        }
        match legacy_version {
            ProtocolVersion::TLS1_2 => {}
            ProtocolVersion::SSL3_0 => return Err(PeerFault::Ssl3.into()),
            _ => return Err(PeerFault::LegacyVersion.into()),
        }
        if session_id_echo != hello.legacy_session_id() {
            return Err(PeerFault::SessionIdNotEchoed.into());
        }
        if compression != 0 {
            return Err(PeerFault::CompressionChosen.into());
        }
        if !self.policy().cipher_suites.contains(&cipher_suite) {
            return Err(PeerFault::CipherSuiteNotOffered.into());
        }
        Ok(Suite::of(cipher_suite).ok_or(PeerFault::CipherSuiteNotOffered)?)
    }

    fn allows(&self, group: crate::wire::NamedGroup) -> bool {
        self.policy().groups.contains(&group)
    }
}

/// RFC 9846 section 4.2.3.
fn server_parameters(server_hello: &ServerHello<'_>, offer: &Offer<'_>, hello: &SentHello) -> Result<Suite, Error> {
    if server_hello.extensions.supported_versions.is_none() {
        // Only after a HelloRetryRequest: the first answer said which version it is.
        return Err(PeerFault::VersionChanged.into());
    }
    hello.check_answer(server_hello.extension_types())?;
    offer.check_choice(
        hello,
        server_hello.legacy_version,
        server_hello.extensions.supported_versions,
        server_hello.legacy_session_id_echo,
        server_hello.cipher_suite,
        server_hello.legacy_compression_method,
    )
}

/// The session, if the server goes on with it.
fn chosen_session(
    channel: &Channel,
    server_hello: &ServerHello<'_>,
    suite: Suite,
    session: Option<ClientSession>,
) -> Result<Option<ClientSession>, Error> {
    match (server_hello.extensions.pre_shared_key, session) {
        (None, None) => Ok(None),
        (None, Some(_)) => {
            channel.note(&Note::NotResumed);
            Ok(None)
        }
        (Some(0), Some(session)) => {
            if Suite::of(session.cipher_suite).is_none_or(|issued| issued.hash != suite.hash) {
                return Err(PeerFault::PskHashMismatch.into());
            }
            Ok(Some(session))
        }
        (Some(_), _) => Err(PeerFault::PskNotOffered.into()),
    }
}

/// What EncryptedExtensions say.
struct Agreed {
    application_protocol: Option<Vec<u8>>,
    takes_early_data: bool,
}

/// EncryptedExtensions (RFC 9846 section 4.4.1).
async fn encrypted_extensions(
    channel: &mut Channel,
    transcript: &mut Transcript,
    hello: &SentHello,
    config: &ClientConfig,
) -> Result<Agreed, Error> {
    let message = channel.receive(&[HandshakeType::ENCRYPTED_EXTENSIONS]).await?;
    let extensions: EncryptedExtensions<'_> = message.decode()?;
    channel.pad(config.padding);
    let limit = extensions.record_size_limit;
    limit_records(
        channel,
        config,
        ProtocolVersion::TLS1_3,
        limit,
        extensions.extension_types(),
    )?;
    hello.check_answer(extensions.extension_types())?;
    transcript.add(message.bytes());
    let Some(protocol) = extensions.application_layer_protocol_negotiation else {
        return Ok(Agreed {
            application_protocol: None,
            takes_early_data: extensions.early_data,
        });
    };
    if !config
        .application_protocols
        .iter()
        .any(|offered| offered.as_slice() == protocol.0)
    {
        return Err(PeerFault::ApplicationProtocolNotOffered.into());
    }
    channel.note(&Note::ApplicationProtocol { name: protocol.0 });
    Ok(Agreed {
        application_protocol: Some(protocol.0.to_vec()),
        takes_early_data: extensions.early_data,
    })
}

/// What the server proved, and whether it wants a certificate of ours.
#[derive(Default)]
struct ServerProof {
    chain: Arc<[Vec<u8>]>,
    stapled: Option<Arc<Stapled>>,
    scheme: Option<SignatureScheme>,
    not_after: Option<UnixTime>,
    request: Option<Message>,
}

/// `[CertificateRequest], Certificate, CertificateVerify` (RFC 9846 section 4.4.2, RFC 9846 section 4.5.1 and RFC 9846 section 4.5.2).
async fn server_certificate(
    channel: &mut Channel,
    transcript: &mut Transcript,
    hello: &SentHello,
    config: &ClientConfig,
    server: &ServerName,
    now: UnixTime,
) -> Result<ServerProof, Error> {
    let is_plain = config.certificate_compression.is_empty();
    let message = channel
        .receive(if is_plain {
            REQUEST_OR_PLAIN
        } else {
            REQUEST_OR_CERTIFICATE
        })
        .await?;
    let (request, message) = if message.kind() == HandshakeType::CERTIFICATE_REQUEST {
        certificate_request(&message)?;
        transcript.add(message.bytes());
        let wanted = if is_plain { PLAIN } else { CERTIFICATE };
        (Some(message), channel.receive(wanted).await?)
    } else {
        (None, message)
    };
    let inflated;
    let certificate: Certificate<'_> = if message.kind() == HandshakeType::COMPRESSED_CERTIFICATE {
        inflated = inflate(&message.decode()?, &config.certificate_compression)?;
        Certificate::read(&inflated)?
    } else {
        message.decode()?
    };
    let chain = handshake_chain(&certificate)?;
    let extensions = (certificate.certificate_list.iter()).flat_map(|entry| entry.extensions.iter());
    hello.check_answer(extensions.map(|extension| extension.extension_type))?;
    let leaf = chain.first().ok_or(PeerFault::NoCertificate)?;
    let stapled = match certificate.certificate_list.iter().next() {
        Some(entry) => stapled(&entry)?,
        None => None,
    };
    transcript.add(message.bytes());
    channel.note(&Note::CertificatesReceived { chain: &chain });
    let verified = super::verified(channel, config, &chain, stapled.as_ref(), server, now).await?;

    let offered = &config.policy.signature_schemes;
    let scheme = peer_certificate_verify(channel, transcript, Side::Server, leaf, offered).await?;
    Ok(ServerProof {
        scheme: Some(scheme),
        not_after: verified.not_after,
        stapled: stapled.map(Arc::new),
        request,
        chain: chain.into(),
    })
}

const PLAIN: &[HandshakeType] = &[HandshakeType::CERTIFICATE];
const CERTIFICATE: &[HandshakeType] = &[HandshakeType::CERTIFICATE, HandshakeType::COMPRESSED_CERTIFICATE];
const REQUEST_OR_PLAIN: &[HandshakeType] = &[HandshakeType::CERTIFICATE_REQUEST, HandshakeType::CERTIFICATE];
const REQUEST_OR_CERTIFICATE: &[HandshakeType] = &[
    HandshakeType::CERTIFICATE_REQUEST,
    HandshakeType::CERTIFICATE,
    HandshakeType::COMPRESSED_CERTIFICATE,
];

/// The Certificate message in a CompressedCertificate (RFC 8879 section 4): as long as was announced, and no longer than a plain one may be.
fn inflate(compressed: &CompressedCertificate<'_>, offered: &[Arc<dyn CompressCertificate>]) -> Result<Vec<u8>, Error> {
    let way = offered.iter().find(|way| way.algorithm() == compressed.algorithm);
    let way = way.ok_or(PeerFault::CompressionAlgorithmNotOffered)?;
    let length = usize::try_from(compressed.uncompressed_length).unwrap_or(usize::MAX);
    if length > MAX_CERTIFICATE_MESSAGE {
        return Err(Limit::InflatedCertificate.into());
    }
    let mut message = vec![0; length];
    way.inflate(compressed.compressed_certificate_message, &mut message)
        .map_err(|NotInflated| PeerFault::BadCompressedCertificate)?;
    Ok(message)
}

/// What is stapled to an end entity (RFC 9846 section 4.5.1.1). What stands at the certificates above it is ignored.
fn stapled(entry: &CertificateEntry<'_>) -> Result<Option<Stapled>, Error> {
    let mut stapled = Stapled::default();
    for extension in entry.extensions.iter() {
        match extension.extension_type {
            ExtensionType::STATUS_REQUEST => {
                let status = CertificateStatus::read(extension.extension_data)?;
                stapled.ocsp_response = Some(status.response.to_vec());
            }
            ExtensionType::SIGNED_CERTIFICATE_TIMESTAMP => {
                SignedCertificateTimestampList::read(extension.extension_data)?;
                stapled.timestamps = Some(extension.extension_data.to_vec());
            }
            _ => {}
        }
    }
    Ok((stapled != Stapled::default()).then_some(stapled))
}

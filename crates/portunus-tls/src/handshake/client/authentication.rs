//! How a client of TLS 1.3 proves itself (RFC 9846 section 4.5): in the handshake, and after it where it said that it may be asked then (RFC 9846 section 4.7.2).

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::config::client::ClientConfig;
use crate::config::identity::Identity;
use crate::error::{Error, Internal, Limit, PeerFault};
use crate::handshake::channel::{Channel, Message};
use crate::handshake::job::Job;
use crate::handshake::signed::signed_content;
use crate::handshake::{ConnectionInfo, Side};
use crate::handshake_io::Io;
use crate::limits::MAX_CERTIFICATE_REQUESTS;
use crate::observe::{Direction, Note};
use crate::schedule::tls13::TrafficSecret;
use crate::schedule::transcript::Transcript;
use crate::wire::{
    Certificate, CertificateEntry, CertificateRequest, CertificateVerify, ContentType, Decode, Finished, HandshakeType,
    Sequence, SignatureScheme, handshake_message,
};

/// RFC 9846 section 4.4.2: in the handshake the context is empty, and signature_algorithms must be there.
pub(super) fn certificate_request(message: &Message) -> Result<CertificateRequest<'_>, Error> {
    let request: CertificateRequest<'_> = message.decode()?;
    if !request.certificate_request_context.is_empty() {
        return Err(PeerFault::RequestContextNotEmpty.into());
    }
    if request.signature_algorithms.is_none() {
        return Err(PeerFault::MissingSignatureAlgorithms.into());
    }
    Ok(request)
}

/// What a client shows of itself: its chain, and the scheme that it proved it with. Without a certificate neither.
pub(super) type Shown = (Arc<[Vec<u8>]>, Option<SignatureScheme>);

/// Our certificate and the proof of its key, or an empty Certificate where there is none to show.
pub(super) async fn certificate(
    channel: &mut Channel,
    transcript: &mut Transcript,
    request: &Message,
    config: &ClientConfig,
) -> Result<Shown, Error> {
    let request = certificate_request(request)?;
    let Some((identity, scheme)) = identity(&request, config).await? else {
        channel.send(transcript, HandshakeType::CERTIFICATE, &NO_CERTIFICATE)?;
        return Ok(Shown::default());
    };
    let entries = entries(&identity);
    let message = Certificate {
        certificate_list: Sequence::from(entries.as_slice()),
        ..NO_CERTIFICATE
    };
    channel.send(transcript, HandshakeType::CERTIFICATE, &message)?;
    channel.note(&Note::CertificatesSent { chain: &identity.chain });
    let signature = sign(&identity, scheme, transcript).await?;
    let message = CertificateVerify {
        algorithm: scheme,
        signature: &signature,
    };
    channel.send(transcript, HandshakeType::CERTIFICATE_VERIFY, &message)?;
    channel.note(&Note::Proved { scheme });
    Ok((identity.chain.clone(), Some(scheme)))
}

const NO_CERTIFICATE: Certificate<'static> = Certificate {
    certificate_request_context: &[],
    certificate_list: Sequence::Items(&[]),
};

/// The identity to show, and the scheme to prove it with.
async fn identity(
    request: &CertificateRequest<'_>,
    config: &ClientConfig,
) -> Result<Option<(Arc<Identity>, SignatureScheme)>, Error> {
    let chosen = match &config.identity {
        None => None,
        Some(identities) => identities.choose(request).await.map_err(Internal::from)?,
    };
    let offered = request.signature_algorithms.unwrap_or_default();
    // Whoever chooses sees what the server verifies. One that cannot sign so was to be shown all the same: going on without it would not be what was asked for.
    let Some(identity) = chosen else {
        return Ok(None);
    };
    let scheme = identity.scheme_among(|scheme| scheme.is_for_tls13() && offered.contains(scheme));
    Ok(Some((identity, scheme.ok_or(PeerFault::NoCommonSignatureScheme)?)))
}

fn entries(identity: &Identity) -> Vec<CertificateEntry<'_>> {
    let chain = identity.chain.iter();
    let entry = |der| CertificateEntry {
        cert_data: der,
        extensions: Sequence::default(),
    };
    chain.map(|der| entry(der.as_slice())).collect()
}

async fn sign(identity: &Identity, scheme: SignatureScheme, transcript: &mut Transcript) -> Result<Vec<u8>, Error> {
    let content = signed_content(Side::Client, &transcript.hash());
    let signature = identity.key.sign(scheme, content.as_ref()).await;
    Ok(signature.map_err(Internal::from)?)
}

/// A client that may be asked for a certificate after the handshake. Requests are answered one by one, in order.
pub(crate) struct MayBeAsked {
    config: Arc<ClientConfig>,
    /// ClientHello … client Finished.
    transcript: Transcript,
    /// Those of all requests so far: each is a new one (RFC 9846 section 4.4.2), or a proof could be had twice.
    contexts: Vec<Vec<u8>>,
    waiting: VecDeque<Vec<u8>>,
    job: Option<Job<Result<Answer, Error>>>,
}

/// The flight that answers a request, but for its Finished: that is made with the keys in place when it goes out.
struct Answer {
    messages: Vec<(HandshakeType, Vec<u8>)>,
    transcript: Transcript,
    shown: Shown,
}

impl MayBeAsked {
    pub(super) fn new(config: &Arc<ClientConfig>, transcript: Transcript) -> Self {
        Self {
            config: config.clone(),
            transcript,
            contexts: Vec::new(),
            waiting: VecDeque::new(),
            job: None,
        }
    }

    /// A CertificateRequest, which waits for its answer.
    pub(crate) fn receive(&mut self, message: Vec<u8>) -> Result<(), Error> {
        let request = CertificateRequest::read(message.get(4..).unwrap_or_default())?;
        if request.signature_algorithms.is_none() {
            return Err(PeerFault::MissingSignatureAlgorithms.into());
        }
        let context = request.certificate_request_context.to_vec();
        if self.contexts.contains(&context) {
            return Err(PeerFault::RequestContextAgain.into());
        }
        if self.contexts.len() >= MAX_CERTIFICATE_REQUESTS {
            return Err(Limit::CertificateRequests.into());
        }
        self.contexts.push(context);
        self.waiting.push_back(message);
        Ok(())
    }

    /// Answers what it can. Gives whether a decision is awaited, whose future wakes the context.
    pub(crate) fn poll(
        &mut self,
        io: &mut Io,
        info: &mut ConnectionInfo,
        write: &TrafficSecret,
        context: &mut Context<'_>,
    ) -> Result<bool, Error> {
        loop {
            if let Some(job) = &mut self.job {
                let Poll::Ready(answer) = job.poll(context) else {
                    return Ok(true);
                };
                self.job = None;
                send(io, info, write, answer?)?;
            }
            let Some(request) = self.waiting.pop_front() else {
                return Ok(false);
            };
            self.job = Some(Job::new(answer(self.config.clone(), self.transcript.clone(), request)));
        }
    }

    pub(crate) fn is_deciding(&self) -> bool {
        self.job.is_some()
    }
}

/// `Certificate, [CertificateVerify]` over the handshake and the request (RFC 9846 section 4.5).
async fn answer(config: Arc<ClientConfig>, mut transcript: Transcript, request: Vec<u8>) -> Result<Answer, Error> {
    transcript.add(&request);
    let request = CertificateRequest::read(request.get(4..).unwrap_or_default())?;
    let chosen = identity(&request, &config).await?;
    let entries = chosen
        .as_ref()
        .map(|(identity, _)| entries(identity))
        .unwrap_or_default();
    let message = Certificate {
        certificate_request_context: request.certificate_request_context,
        certificate_list: Sequence::from(entries.as_slice()),
    };
    let certificate = handshake_message(HandshakeType::CERTIFICATE, &message)?;
    transcript.add(&certificate);
    let mut messages = vec![(HandshakeType::CERTIFICATE, certificate)];
    let mut shown = Shown::default();
    if let Some((identity, scheme)) = &chosen {
        let signature = sign(identity, *scheme, &mut transcript).await?;
        let message = CertificateVerify {
            algorithm: *scheme,
            signature: &signature,
        };
        let proof = handshake_message(HandshakeType::CERTIFICATE_VERIFY, &message)?;
        transcript.add(&proof);
        messages.push((HandshakeType::CERTIFICATE_VERIFY, proof));
        shown = (identity.chain.clone(), Some(*scheme));
    }
    Ok(Answer {
        messages,
        transcript,
        shown,
    })
}

/// Sends an answer at once, so that nothing comes between its messages.
fn send(io: &mut Io, info: &mut ConnectionInfo, write: &TrafficSecret, answer: Answer) -> Result<(), Error> {
    if io.closed {
        return Ok(());
    }
    let verify_data = write.verify_data(&answer.transcript.into_hash())?;
    let finished = Finished {
        verify_data: verify_data.as_ref(),
    };
    let finished = handshake_message(HandshakeType::FINISHED, &finished)?;
    let mut flight = Vec::new();
    for (kind, bytes) in answer.messages.iter().chain([&(HandshakeType::FINISHED, finished)]) {
        io.note(&Note::Message {
            direction: Direction::Sent,
            kind: *kind,
            bytes,
        });
        flight.extend_from_slice(bytes);
    }
    if let (chain, Some(scheme)) = answer.shown {
        io.note(&Note::CertificatesSent { chain: &chain });
        io.note(&Note::Proved { scheme });
        info.client_chain = chain;
        info.client_signature_scheme = Some(scheme);
    }
    io.seal(ContentType::HANDSHAKE, &flight)
}

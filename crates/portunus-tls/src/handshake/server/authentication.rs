//! How a server of TLS 1.3 has its client prove itself (RFC 9846 section 4.5): in the handshake, and after it where the client said that it may be asked then
//! (RFC 9846 section 4.7.2).

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll};

use portunus_x509::UnixTime;

use crate::config::server::{Requested, ServerConfig};
use crate::config::verify::{Presented, Verified, VerifyPeer};
use crate::crypto::random;
use crate::error::{CertificateFault, Error, Misuse, PeerFault};
use crate::handshake::channel::Channel;
use crate::handshake::job::Job;
use crate::handshake::signed::{check_proof, handshake_chain, peer_certificate_verify, peer_chain, signed_content};
use crate::handshake::{ClientAnswer, ConnectionInfo, Side};
use crate::handshake_io::{ApplicationData, Io};
use crate::limits::MAX_CERTIFICATE_REQUESTS;
use crate::observe::{Direction, Note};
use crate::schedule::tls13::TrafficSecret;
use crate::schedule::transcript::Transcript;
use crate::wire::{
    Certificate, CertificateRequest, CertificateVerify, ContentType, Decode, DistinguishedName, Finished,
    HandshakeType, Sequence, SignatureScheme, TooLong, handshake_message,
};

pub(super) fn certificate_request(
    channel: &mut Channel,
    transcript: &mut Transcript,
    config: &ServerConfig,
) -> Result<Option<Requested>, Error> {
    let Some(requested) = config.client_authentication.requested() else {
        return Ok(None);
    };
    with_request(config, &[], |message| {
        channel.send(transcript, HandshakeType::CERTIFICATE_REQUEST, message)
    })?;
    Ok(Some(requested))
}

/// The CertificateRequest of this configuration.
fn with_request<T>(config: &ServerConfig, context: &[u8], send: impl FnOnce(&CertificateRequest<'_>) -> T) -> T {
    let authorities: Vec<_> = config.authorities.iter().map(|name| DistinguishedName(name)).collect();
    let signature_algorithms: Vec<_> = config.policy.signature_algorithms().collect();
    let of_certificates: Vec<_> = config.policy.signature_algorithms_cert().collect();
    send(&CertificateRequest {
        certificate_request_context: context,
        signature_algorithms: Some(Sequence::from(signature_algorithms.as_slice())),
        signature_algorithms_cert: (!of_certificates.is_empty()).then_some(Sequence::from(of_certificates.as_slice())),
        certificate_authorities: (!authorities.is_empty()).then_some(Sequence::from(authorities.as_slice())),
        ..Default::default()
    })
}

/// What a client proved of itself: nothing, where it has no certificate.
#[derive(Default)]
pub(super) struct ClientProof {
    pub(super) chain: Vec<Vec<u8>>,
    pub(super) scheme: Option<SignatureScheme>,
    pub(super) not_after: Option<UnixTime>,
}

/// The client's Certificate and, unless that is empty, its CertificateVerify.
pub(super) async fn client_certificate(
    channel: &mut Channel,
    transcript: &mut Transcript,
    request: &Requested,
    config: &ServerConfig,
    now: UnixTime,
) -> Result<ClientProof, Error> {
    let message = channel.receive(&[HandshakeType::CERTIFICATE]).await?;
    let certificate: Certificate<'_> = message.decode()?;
    let chain = handshake_chain(&certificate)?;
    check_extensions(&certificate)?;
    transcript.add(message.bytes());
    let Some(leaf) = chain.first() else {
        return if request.required {
            Err(PeerFault::CertificateRequired.into())
        } else {
            Ok(ClientProof::default())
        };
    };
    channel.note(&Note::CertificatesReceived { chain: &chain });
    let verified = request.verifier.verify(presented(&chain, now)).await?;
    channel.note(&Note::ChainVerified {
        path: verified.path.as_ref(),
    });

    let offered = &config.policy.signature_schemes;
    let scheme = peer_certificate_verify(channel, transcript, Side::Client, leaf, offered).await?;
    Ok(ClientProof {
        scheme: Some(scheme),
        not_after: verified.not_after,
        chain,
    })
}

fn presented(chain: &[Vec<u8>], now: UnixTime) -> Presented<'_> {
    Presented {
        chain,
        name: None,
        now,
        stapled: None,
    }
}

/// We asked for neither OCSP nor SCT (RFC 9846 section 4.5.1).
fn check_extensions(certificate: &Certificate<'_>) -> Result<(), PeerFault> {
    let mut entries = certificate.certificate_list.iter();
    if entries.any(|entry| !entry.extensions.is_empty()) {
        return Err(PeerFault::UnsolicitedExtension);
    }
    Ok(())
}

/// A number that no other request of the connection has, and bytes that the client cannot know beforehand (RFC 9846 section 4.4.2).
type RequestContext = [u8; 4 + 16];

/// A request that is not answered yet.
struct Request {
    number: u32,
    context: RequestContext,
    /// ClientHello … client Finished, CertificateRequest.
    transcript: Transcript,
    verifier: Arc<dyn VerifyPeer>,
}

/// An answer that has begun: what follows is known, and nothing may come between (RFC 9846 section 4.7.2).
enum Begun {
    /// A Certificate that is not empty came: its CertificateVerify is next.
    Certificate { request: Request, chain: Vec<Vec<u8>> },
    /// The Finished is next.
    Proof {
        request: Request,
        chain: Vec<Vec<u8>>,
        scheme: Option<SignatureScheme>,
    },
}

/// A whole answer, whose chain is still to be judged, if there is one.
struct Answered {
    verifier: Arc<dyn VerifyPeer>,
    answer: ClientAnswer,
    now: UnixTime,
}

type Judged = Result<(ClientAnswer, Verified), CertificateFault>;

/// A server whose client may be asked for a certificate after the handshake.
pub(crate) struct MayAsk {
    config: Arc<ServerConfig>,
    /// ClientHello … client Finished.
    transcript: Transcript,
    asked: u32,
    requests: Vec<Request>,
    begun: Option<Begun>,
    waiting: VecDeque<Answered>,
    job: Option<Job<Judged>>,
    answers: VecDeque<ClientAnswer>,
}

impl MayAsk {
    pub(super) fn new(config: &Arc<ServerConfig>, transcript: Transcript) -> Self {
        Self {
            config: config.clone(),
            transcript,
            asked: 0,
            requests: Vec::new(),
            begun: None,
            waiting: VecDeque::new(),
            job: None,
            answers: VecDeque::new(),
        }
    }

    /// Whether one more request may wait for its answer.
    pub(crate) fn check_room(&self) -> Result<(), Misuse> {
        if self.requests.len() < MAX_CERTIFICATE_REQUESTS {
            Ok(())
        } else {
            Err(Misuse::TooManyCertificateRequests)
        }
    }

    /// Asks; gives the request's number.
    pub(crate) fn ask(&mut self, io: &mut Io, verifier: Arc<dyn VerifyPeer>) -> Result<u32, Error> {
        let number = self.asked;
        self.asked = number.checked_add(1).ok_or(Misuse::TooManyCertificateRequests)?;
        let mut context = RequestContext::default();
        let (counted, unknown) = context.split_at_mut(4);
        counted.copy_from_slice(&number.to_be_bytes());
        unknown.copy_from_slice(&random::array::<16>()?);
        let message = with_request(&self.config, &context, |request| {
            handshake_message(HandshakeType::CERTIFICATE_REQUEST, request)
        });
        let message = message.map_err(|too_long: TooLong| Error::from(too_long))?;
        let mut transcript = self.transcript.clone();
        transcript.add(&message);
        io.note(&Note::Message {
            direction: Direction::Sent,
            kind: HandshakeType::CERTIFICATE_REQUEST,
            bytes: &message,
        });
        io.seal(ContentType::HANDSHAKE, &message)?;
        self.requests.push(Request {
            number,
            context,
            transcript,
            verifier,
        });
        Ok(number)
    }

    /// What may come now.
    pub(crate) fn wanted(&self) -> &'static [HandshakeType] {
        match &self.begun {
            Some(Begun::Certificate { .. }) => &[HandshakeType::CERTIFICATE_VERIFY],
            Some(Begun::Proof { .. }) => &[HandshakeType::FINISHED],
            None if self.requests.is_empty() => &[HandshakeType::KEY_UPDATE],
            None => &[HandshakeType::CERTIFICATE, HandshakeType::KEY_UPDATE],
        }
    }

    /// The next message of an answer.
    pub(crate) fn receive(
        &mut self,
        io: &mut Io,
        message: &[u8],
        read: &TrafficSecret,
        now: UnixTime,
    ) -> Result<(), Error> {
        let body = message.get(4..).unwrap_or_default();
        self.begun = match self.begun.take() {
            None => {
                // No data until the Finished.
                io.application_data = ApplicationData::Refuse;
                Some(self.certificate(io, message, &Certificate::read(body)?)?)
            }
            Some(Begun::Certificate { mut request, chain }) => {
                let proof = CertificateVerify::read(body)?;
                let signed = signed_content(Side::Client, &request.transcript.hash());
                let leaf = chain.first().ok_or(PeerFault::CertificateRequired)?;
                check_proof(leaf, &proof, &self.config.policy.signature_schemes, signed.as_ref())?;
                request.transcript.add(message);
                io.note(&Note::PeerProved {
                    scheme: proof.algorithm,
                });
                Some(Begun::Proof {
                    request,
                    chain,
                    scheme: Some(proof.algorithm),
                })
            }
            Some(Begun::Proof { request, chain, scheme }) => {
                let verify_data = read.verify_data(&request.transcript.into_hash())?;
                verify_data.check(Finished::read(body)?.verify_data)?;
                io.note(&Note::PeerFinished);
                io.application_data = ApplicationData::Deliver;
                self.waiting.push_back(Answered {
                    verifier: request.verifier,
                    answer: ClientAnswer {
                        request: request.number,
                        chain: chain.into(),
                        signature_scheme: scheme,
                    },
                    now,
                });
                None
            }
        };
        Ok(())
    }

    fn certificate(&mut self, io: &Io, message: &[u8], certificate: &Certificate<'_>) -> Result<Begun, Error> {
        let context = certificate.certificate_request_context;
        let place = self.requests.iter().position(|request| request.context == context);
        let mut request = self
            .requests
            .swap_remove(place.ok_or(PeerFault::RequestContextUnknown)?);
        let chain = peer_chain(certificate)?;
        check_extensions(certificate)?;
        request.transcript.add(message);
        if chain.is_empty() {
            return Ok(Begun::Proof {
                request,
                chain,
                scheme: None,
            });
        }
        io.note(&Note::CertificatesReceived { chain: &chain });
        Ok(Begun::Certificate { request, chain })
    }

    /// Judges what it can of the answers, one by one, in order. Gives whether a decision is awaited, whose future wakes the context.
    pub(crate) fn poll(
        &mut self,
        io: &Io,
        info: &mut ConnectionInfo,
        context: &mut Context<'_>,
    ) -> Result<bool, Error> {
        loop {
            if let Some(job) = &mut self.job {
                let Poll::Ready(judged) = job.poll(context) else {
                    return Ok(true);
                };
                self.job = None;
                let (answer, verified) = judged?;
                io.note(&Note::ChainVerified {
                    path: verified.path.as_ref(),
                });
                info.client_chain = answer.chain.clone();
                info.client_signature_scheme = answer.signature_scheme;
                self.answers.push_back(answer);
            }
            match self.waiting.pop_front() {
                None => return Ok(false),
                Some(answered) if answered.answer.chain.is_empty() => self.answers.push_back(answered.answer),
                Some(answered) => self.job = Some(Job::new(judge(answered))),
            }
        }
    }

    pub(crate) fn is_deciding(&self) -> bool {
        self.job.is_some()
    }

    /// The next answer, once it is whole and judged.
    pub(crate) fn answer(&mut self) -> Option<ClientAnswer> {
        self.answers.pop_front()
    }
}

async fn judge(answered: Answered) -> Judged {
    let Answered { verifier, answer, now } = answered;
    let verified = verifier.verify(presented(&answer.chain, now)).await?;
    Ok((answer, verified))
}

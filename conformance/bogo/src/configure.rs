//! From flags to configurations of the engine.

use std::sync::Arc;

use portunus_tls::wire::{AlertDescription, CipherSuite, ClientHello, NamedGroup, ProtocolVersion, SignatureScheme};
use portunus_tls::{
    ChoiceFailed, ChooseConfig, ClientConfig, CompressCertificate, Decision, Identities, Misuse, Policy, ServerConfig,
};
use portunus_x509::{DnsName, ServerName};

use crate::compress;
use crate::credentials::{Credentials, Failing};
use crate::early::MAX_EARLY_DATA;
use crate::flags::{CertificateCompression, Settings};
use crate::later::later;
use crate::observe::Story;
use crate::sessions::{Newest, Server};
use crate::stop::Stop;
use crate::verify::Judge;

impl Settings {
    /// Whether the flags allow this version.
    fn allows(&self, ProtocolVersion(version): ProtocolVersion) -> bool {
        self.min_version.is_none_or(|min| min <= version)
            && self.max_version.is_none_or(|max| version <= max)
            && !self.no_versions.contains(&version)
    }
}

/// What the runner expects us to verify unless it says otherwise.
const DEFAULT_SCHEMES: &[SignatureScheme] = &[
    SignatureScheme::ECDSA_SECP256R1_SHA256,
    SignatureScheme::RSA_PSS_RSAE_SHA256,
    SignatureScheme::RSA_PKCS1_SHA256,
    SignatureScheme::ECDSA_SECP384R1_SHA384,
    SignatureScheme::RSA_PSS_RSAE_SHA384,
    SignatureScheme::RSA_PKCS1_SHA384,
    SignatureScheme::RSA_PSS_RSAE_SHA512,
    SignatureScheme::RSA_PKCS1_SHA512,
];

const PKCS1: [SignatureScheme; 3] = [
    SignatureScheme::RSA_PKCS1_SHA256,
    SignatureScheme::RSA_PKCS1_SHA384,
    SignatureScheme::RSA_PKCS1_SHA512,
];

const TLS1_0: u16 = 0x0301;

const POST_QUANTUM: [NamedGroup; 4] = [
    NamedGroup::X25519MLKEM768,
    NamedGroup::SECP256R1MLKEM768,
    NamedGroup::SECP384R1MLKEM1024,
    NamedGroup::MLKEM1024,
];

/// The runner expects shares of the first group of each kind unless it says otherwise.
fn key_shares(settings: &Settings, policy: &Policy) -> Vec<NamedGroup> {
    if let Some(groups) = &settings.key_shares {
        return groups.iter().map(|id| NamedGroup(*id)).collect();
    }
    let is_post_quantum = |group: &&NamedGroup| POST_QUANTUM.contains(group);
    let groups = || policy.groups().iter();
    let (post_quantum, classical) = (
        groups().find(is_post_quantum),
        groups().find(|group| !is_post_quantum(group)),
    );
    post_quantum.into_iter().chain(classical).copied().collect()
}

/// The engine refuses a value that it does not have.
fn lacks(what: &'static str) -> impl FnOnce(Misuse) -> Stop {
    move |_| Stop::NotImplemented(what.to_owned())
}

fn policy(settings: &Settings) -> Result<Policy, Stop> {
    // The runner plays peers of before RFC 7627 too, and of before there was anything else than RSA key transport.
    let mut policy = Policy::compatible().allow_rsa_key_transport_without_forward_secrecy();
    let versions: Vec<_> = policy.versions().filter(|version| settings.allows(*version)).collect();
    if !(TLS1_0..=ProtocolVersion::TLS1_3.0).any(|version| settings.allows(ProtocolVersion(version))) {
        let refused = policy.with_versions(&versions).err();
        return Stop::failed(format!(":{refused:?}: without any version"));
    }
    policy = policy.with_versions(&versions).map_err(lacks("any of the versions"))?;
    if settings.allows(ProtocolVersion::TLS1_3) && !settings.cipher_suites.is_empty() {
        let older = policy.cipher_suites().iter().filter(|suite| !is_of_tls13(**suite));
        let suites = settings.cipher_suites.iter().map(|id| CipherSuite(*id));
        let suites: Vec<_> = suites.chain(older.copied()).collect();
        policy = policy.with_cipher_suites(&suites).map_err(lacks("a cipher suite"))?;
    }
    if let Some(list) = &settings.older_suites {
        let allowed = older_suites(list)?;
        let suites = policy.cipher_suites().iter().copied();
        let suites: Vec<_> = suites.filter(|suite| is_of_tls13(*suite) || allowed(*suite)).collect();
        policy = policy.with_cipher_suites(&suites).map_err(lacks("a cipher suite"))?;
    }
    if !settings.groups.is_empty() {
        let groups: Vec<_> = settings.groups.iter().map(|id| NamedGroup(*id)).collect();
        policy = policy.with_groups(&groups).map_err(lacks("a group"))?;
    }
    policy
        .with_signature_schemes(&verify_schemes(settings))
        .map_err(lacks("a signature scheme"))
}

/// What the runner wants to be verified. Where that is PKCS#1 alone, TLS 1.3 keeps what it has, or it would not be spoken.
fn verify_schemes(settings: &Settings) -> Vec<SignatureScheme> {
    let wanted: Vec<_> = settings.verify_schemes.iter().map(|id| SignatureScheme(*id)).collect();
    if wanted.iter().any(|scheme| !PKCS1.contains(scheme)) {
        return wanted;
    }
    let of_tls13 = settings.allows(ProtocolVersion::TLS1_3) || wanted.is_empty();
    let others = DEFAULT_SCHEMES.iter().filter(|_| of_tls13);
    let others = others.filter(|scheme| wanted.is_empty() || !PKCS1.contains(scheme));
    wanted.iter().chain(others).copied().collect()
}

/// Which suites of TLS 1.2 an OpenSSL cipher list leaves: of that language only what we have and the runner says.
fn older_suites(list: &[u8]) -> Result<fn(CipherSuite) -> bool, Stop> {
    match list {
        b"ALL:3DES" => Ok(|_| true),
        b"DEFAULT:!AES" => Ok(|suite| {
            matches!(
                suite,
                CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256
                    | CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256
            )
        }),
        _ => Stop::not_implemented(format!("-cipher {}", String::from_utf8_lossy(list))),
    }
}

/// RFC 9846 appendix B.4: all of them begin with the same byte.
fn is_of_tls13(CipherSuite(id): CipherSuite) -> bool {
    id.to_be_bytes()[0] == 0x13
}

/// A client's configuration.
pub(crate) fn client(
    settings: &Settings,
    judge: Judge,
    credentials: Option<&Arc<Credentials>>,
    sessions: &Arc<Newest>,
    story: &Arc<Story>,
) -> Result<ClientConfig, Stop> {
    let policy = policy(settings)?;
    let server_groups: Vec<_> = settings.server_groups.iter().map(|id| NamedGroup(*id)).collect();
    let mut config = ClientConfig::new(Arc::new(judge))
        .with_policy(policy.clone())
        .with_key_shares(&key_shares(settings, &policy))
        .map_err(lacks("a key share"))?
        .with_server_groups(&server_groups)
        .with_key_log(story.clone());
    if settings.verifies_resumed {
        config = config.with_verification_on_resumption();
    }
    config = config.with_certificate_compression(&compression(settings)?);
    if settings.asks_for_status {
        config = config.with_status_request();
    }
    if settings.asks_for_timestamps {
        config = config.with_timestamp_request();
    }
    if !settings.grease {
        config = config.without_grease();
    }
    if let Some(credentials) = credentials {
        config = config.with_identity(credentials.clone());
    }
    if settings.fails_choice {
        config = config.with_identity(Arc::new(Failing::of(settings)));
    }
    if let Some(list) = &settings.advertise_alpn {
        let protocols = split(list)?;
        config = config.with_application_protocols(&protocols);
    }
    if settings.is_fallback {
        config = config.as_fallback();
    }
    if settings.early.is_on {
        config = config.with_early_data();
    }
    if let Some(length) = settings.max_send_fragment {
        config = config.with_max_fragment(length).map_err(lacks("a length of records"))?;
    }
    if !settings.no_tickets {
        config = config.with_sessions(sessions.clone());
    }
    Ok(config)
}

fn compression(settings: &Settings) -> Result<Vec<Arc<dyn CompressCertificate>>, Stop> {
    Ok(match settings.certificate_compression {
        CertificateCompression::None => Vec::new(),
        CertificateCompression::One(algorithm) => vec![compress::one(algorithm)?],
        CertificateCompression::All => compress::all(),
    })
}

/// The name that a client sends; without a flag none.
pub(crate) fn server_name(settings: &Settings) -> Result<ServerName, Stop> {
    let Some(name) = &settings.host_name else {
        return Ok(ServerName::Ip(std::net::Ipv4Addr::LOCALHOST.into()));
    };
    let name = String::from_utf8_lossy(name);
    ServerName::parse(&name).map_err(|error| Stop::Failed(format!("{name}: {error}")))
}

/// A server's configuration.
pub(crate) fn server(
    settings: &Settings,
    judge: Judge,
    credentials: Option<&Arc<Credentials>>,
    sessions: &Server,
    story: &Arc<Story>,
) -> Result<ServerConfig, Stop> {
    if settings.verifies_resumed {
        return Stop::not_implemented("-reverify-on-resume of a server");
    }
    let mut config = match credentials {
        Some(credentials) => ServerConfig::new(credentials.clone()),
        None => ServerConfig::new(Arc::new(Identities::new(Vec::new()))),
    };
    if settings.fails_choice {
        config = ServerConfig::new(Arc::new(Failing::of(settings)));
    }
    config = config.with_policy(policy(settings)?).with_key_log(story.clone());
    config = config.with_certificate_compression(&compression(settings)?);
    let judge = Arc::new(judge);
    if settings.require_client_certificate {
        config = config.with_required_client_certificates(judge);
    } else if settings.verify_peer {
        config = config.with_optional_client_certificates(judge);
    }
    if let Some(list) = &settings.authorities {
        config = config
            .with_certificate_authorities(authorities(list)?)
            .map_err(|error| Stop::Failed(error.to_string()))?;
    }
    if settings.reject_alpn {
        // No client offers it.
        config = config.with_application_protocols(&[b"\0"]);
    } else if let Some(name) = settings.select_alpn.as_ref().filter(|name| !name.is_empty()) {
        config = config.with_application_protocols(&[name]);
    }
    if settings.early.is_on {
        config = config.with_early_data(sessions.guard.clone(), MAX_EARLY_DATA);
    }
    if !settings.no_tickets {
        config = config.with_tickets(sessions.tickets.clone());
    }
    if let Some(length) = settings.max_send_fragment {
        config = config.with_max_fragment(length).map_err(lacks("a length of records"))?;
    }
    if settings.resumes_across_names {
        config = config.with_resumption_across_names();
    }
    config = config.with_session_cache(sessions.cache.clone());
    config = config.with_session_context(&settings.default_credential.session_context);
    Ok(config)
}

/// An application's own choice of the configuration.
pub(crate) struct Chooser {
    config: Arc<ServerConfig>,
    /// Those whose sessions go on only with them: the choice of one settles the configuration.
    partitions: Option<Arc<Credentials>>,
    refuse: bool,
    slow: bool,
}

impl Chooser {
    /// What chooses: this, or the configuration itself.
    pub(crate) fn of(
        settings: &Settings,
        config: ServerConfig,
        credentials: Option<&Arc<Credentials>>,
    ) -> Arc<dyn ChooseConfig> {
        let config = Arc::new(config);
        let partitions = credentials.filter(|credentials| credentials.have_contexts()).cloned();
        let refuse = settings.refuse_configuration;
        if !settings.own_configuration_choice && !refuse && !settings.slow && partitions.is_none() {
            return Arc::new(config);
        }
        Arc::new(Self {
            config,
            partitions,
            refuse,
            slow: settings.slow,
        })
    }

    async fn config(&self, hello: &ClientHello<'_>, host: Option<&DnsName>) -> Result<Arc<ServerConfig>, ChoiceFailed> {
        if self.refuse {
            return Err(ChoiceFailed {
                alert: AlertDescription::HANDSHAKE_FAILURE,
                reason: "-fail-early-callback".to_owned(),
            });
        }
        let context = match &self.partitions {
            None => None,
            Some(credentials) => credentials.context_for(hello, host).await,
        };
        Ok(match context {
            None => self.config.clone(),
            Some(context) => Arc::new((*self.config).clone().with_session_context(context)),
        })
    }
}

impl ChooseConfig for Chooser {
    fn choose<'a>(
        &'a self,
        hello: &'a ClientHello<'_>,
        host: Option<&'a DnsName>,
    ) -> Decision<'a, Result<Arc<ServerConfig>, ChoiceFailed>> {
        let choice = Decision::later(self.config(hello, host));
        if self.slow { later(choice) } else { choice }
    }
}

/// Names with a byte for the length before each.
fn split(mut list: &[u8]) -> Result<Vec<&[u8]>, Stop> {
    let mut names = Vec::new();
    while let Some((length, rest)) = list.split_first() {
        let Some((name, rest)) = rest.split_at_checked(usize::from(*length)) else {
            return Stop::failed("a list of protocols is cut off");
        };
        names.push(name);
        list = rest;
    }
    Ok(names)
}

/// Names in hexadecimal with commas between them; `<NULL>` and `<EMPTY>` are two ways to have none.
pub(crate) fn authorities(list: &[u8]) -> Result<Vec<Vec<u8>>, Stop> {
    let list = String::from_utf8_lossy(list);
    if matches!(&*list, "<NULL>" | "<EMPTY>" | "") {
        return Ok(Vec::new());
    }
    let name = |hex: &str| -> Option<Vec<u8>> {
        let digits: Option<Vec<u8>> = hex.chars().map(|c| u8::try_from(c.to_digit(16)?).ok()).collect();
        let digits = digits?;
        let (pairs, []) = digits.as_chunks() else { return None };
        Some(pairs.iter().map(|[high, low]| high << 4 | low).collect())
    };
    let names: Option<Vec<_>> = list.split(',').map(name).collect();
    names.ok_or_else(|| Stop::Failed("a list of authorities is not hexadecimal".to_owned()))
}

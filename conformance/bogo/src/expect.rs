//! Whether a connection is as the flags say.

use std::fmt::Debug;

use portunus_tls::wire::{NamedGroup, ProtocolVersion, SignatureScheme};
use portunus_tls::{ConnectionInfo, Side};

use crate::configure::authorities;
use crate::credentials::{Credentials, chain_of};
use crate::early;
use crate::flags::Settings;
use crate::observe::Told;
use crate::stop::Stop;
use crate::verify::Verdict;

/// What there is to be checked.
pub(crate) struct Found<'a> {
    pub(crate) side: Side,
    pub(crate) info: &'a ConnectionInfo,
    pub(crate) told: &'a Told,
    pub(crate) peer_scheme: Option<SignatureScheme>,
    pub(crate) group: Option<NamedGroup>,
    pub(crate) credentials: Option<&'a Credentials>,
    pub(crate) verdict: &'a Verdict,
    /// Whether this connection was to go on with a session.
    pub(crate) resumes: bool,
}

pub(crate) fn same<T: PartialEq + Debug + ?Sized>(what: &str, found: &T, wanted: &T) -> Result<(), Stop> {
    if found == wanted {
        return Ok(());
    }
    Stop::failed(format!(":Unexpected: {what} is {found:?}, expected {wanted:?}"))
}

/// Checks every expectation.
pub(crate) fn check(settings: &Settings, found: &Found<'_>) -> Result<(), Stop> {
    let Found { side, info, told, .. } = *found;
    let expect = &settings.expect;
    same("resumed", &info.resumed, &(found.resumes && !expect.session_miss))?;
    if let Some(version) = expect.version {
        same("the version", &info.version.0, &version)?;
    }
    if let Some(suite) = expect.cipher_suite {
        same("the cipher suite", &info.cipher_suite.0, &suite)?;
    }
    let by_machine = if has_aes() {
        expect.cipher_suite_with_aes
    } else {
        expect.cipher_suite_without_aes
    };
    if let Some(suite) = by_machine {
        same("the cipher suite", &info.cipher_suite.0, &suite)?;
    }
    if let Some(group) = expect.group {
        same("the group", &found.group.map(|group| group.0), &Some(group))?;
    }
    if let Some(scheme) = expect.peer_scheme {
        let found = found.peer_scheme.map(|found| found.0);
        same("the peer's signature scheme", &found, &Some(scheme))?;
    }
    if !expect.peer_schemes.is_empty() {
        same("what the peer verifies", &told.peer_schemes, &expect.peer_schemes)?;
    }
    if let Some(number) = expect.selected_credential {
        let chosen = found.credentials.and_then(Credentials::chosen);
        same("the credential", &chosen, &Some(number))?;
    }
    if let Some(path) = &expect.peer_chain {
        let chain = match side {
            Side::Client => &info.server_chain,
            Side::Server => &info.client_chain,
        };
        same("the peer's chain", &**chain, &chain_of(path)?)?;
    }
    if expect.verify_result {
        // Where nothing was to be judged, nothing was refused.
        same(
            "the verdict",
            &found.verdict.get().unwrap_or(true),
            &!settings.verify_fail,
        )?;
    }
    if let Some(list) = &expect.authorities {
        let named = told.authorities.clone().unwrap_or_default();
        same("the list of authorities", &named, &authorities(list)?)?;
    }
    let stapled = info.stapled.as_deref().cloned().unwrap_or_default();
    if let Some(response) = &expect.ocsp_response {
        same("the OCSP response", &stapled.ocsp_response.as_ref(), &Some(response))?;
    }
    if let Some(list) = &expect.timestamps {
        same("the timestamps", &stapled.timestamps.as_ref(), &Some(list))?;
    }
    if let Some(name) = &expect.server_name {
        same("the server name", &info.server_name.as_ref(), &Some(name))?;
    }
    if let Some(name) = &expect.alpn {
        let agreed = info.application_protocol.clone().unwrap_or_default();
        same("the application protocol", &agreed, name)?;
    }
    if let Some(list) = &expect.advertised_alpn {
        same("the client's protocols", &told.advertised_alpn.as_ref(), &Some(list))?;
    }
    if let Some(retry) = expect.retry {
        same("HelloRetryRequest", &info.retried, &retry)?;
    }
    if expect.secure_renegotiation {
        same("renegotiation_info", &told.renegotiation_info, &true)?;
    }
    if expect.extended_main_secret {
        same("extended main secret", &info.extended_main_secret, &true)?;
    }
    // What the server gives; of a session that goes on it echoes what the client sent.
    if let Some(has_session_id) = expect.session_id.filter(|_| !found.resumes) {
        // From TLS 1.3 on the server echoes it always, and no session has an id.
        let has = info.version <= ProtocolVersion::TLS1_2 && told.session_id > 0;
        same("a session id", &has, &has_session_id)?;
    }
    early::check(settings, info.early_data)
}

#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
fn has_aes() -> bool {
    std::is_x86_feature_detected!("aes")
}

#[cfg(target_arch = "aarch64")]
fn has_aes() -> bool {
    std::arch::is_aarch64_feature_detected!("aes")
}

#[cfg(not(any(target_arch = "x86", target_arch = "x86_64", target_arch = "aarch64")))]
fn has_aes() -> bool {
    false
}

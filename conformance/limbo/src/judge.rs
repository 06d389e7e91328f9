//! A case and what the verifier makes of it.

use std::time::{SystemTime, UNIX_EPOCH};

use portunus_verdicts::Actual;
use portunus_x509::{Anchors, Policy, Purpose, Question, Revocation, RevocationList, ServerName, UnixTime, pem};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::suite::{Case, Kind};

/// The profile that a namespace is written for.
fn policy(case: &Case) -> Policy {
    let policy = match case.namespace().split("::").next() {
        Some("webpki" | "online" | "bettertls") => Policy::web(),
        _ => Policy::rfc5280(),
    };
    match case.max_chain_depth {
        Some(most) => policy.with_max_intermediates(most),
        None => policy,
    }
}

/// Verifies; an `Err` is a case that this runner does not understand.
pub(crate) fn judge(case: &Case) -> Result<Actual, String> {
    if let Some(why) = left_out(case) {
        return Ok(Actual::LeftOut(why));
    }
    let mut anchors = Anchors::new();
    for pem in &case.trusted_certs {
        // Part of the case as much as the peer's: what nobody can read is trusted by nobody.
        if let Err(why) = certificate(pem).and_then(|der| anchors.add_der(&der).map_err(|error| error.to_string())) {
            return Ok(Actual::Refused(format!("an anchor: {why}")));
        }
    }
    let sent = std::iter::once(&case.peer_certificate).chain(&case.untrusted_intermediates);
    let chain: Vec<_> = match sent.map(|pem| certificate(pem)).collect() {
        Ok(chain) => chain,
        Err(why) => return Ok(Actual::Refused(why)),
    };
    let name = match &case.expected_peer_name {
        None => None,
        Some(name) => match ServerName::parse(&name.value) {
            Ok(name) => Some(name),
            Err(error) => return Err(format!("the expected name {}: {error}", name.value)),
        },
    };
    let purpose = match case.validation_kind {
        Kind::Server => Purpose::TlsServer,
        Kind::Client => Purpose::TlsClient,
    };
    let policy = policy(case);
    let mut question = Question::new(purpose, time(case)?, &policy);
    if let Some(name) = &name {
        question = question.name(name);
    }
    // Where there are lists, an unknown status and an unusable list are failures.
    let lists: Vec<_> = match case.crls.iter().map(|pem| list(pem)).collect() {
        Ok(lists) => lists,
        Err(why) => return Ok(Actual::Refused(format!("a revocation list: {why}"))),
    };
    let read = lists.iter().map(|der| RevocationList::parse(der));
    let revocation = match read.collect::<Result<Vec<_>, _>>() {
        Ok(lists) => Revocation::hard_fail(lists),
        Err(malformed) => return Ok(Actual::Refused(format!("a revocation list: {malformed}"))),
    };
    if !case.crls.is_empty() {
        question = question.revocation(&revocation);
    }
    let verdict = question.verify(&chain, &anchors);
    Ok(match verdict {
        Ok(_) => Actual::Accepted,
        Err(refusal) => Actual::Refused(refusal.to_string()),
    })
}

fn left_out(case: &Case) -> Option<&'static str> {
    if !case.signature_algorithms.is_empty() {
        return Some("a list of signature algorithms that the caller sets");
    }
    let purpose = match case.validation_kind {
        Kind::Server => "serverAuth",
        Kind::Client => "clientAuth",
    };
    if case.extended_key_usage.iter().any(|usage| usage != purpose) {
        return Some("an extended key usage that is not the purpose's");
    }
    // TLS wants it anyway, where the extension is there.
    if case.key_usage.iter().any(|usage| usage != "digitalSignature") {
        return Some("a key usage that TLS has no need of");
    }
    None
}

fn certificate(pem: &str) -> Result<Vec<u8>, String> {
    let certificates = pem::certificates(pem).map_err(|error| error.to_string())?;
    only(certificates).ok_or_else(|| "not one certificate".to_owned())
}

fn list(pem: &str) -> Result<Vec<u8>, String> {
    let lists = pem::revocation_lists(pem).map_err(|error| error.to_string())?;
    only(lists).ok_or_else(|| "not one revocation list".to_owned())
}

fn only(mut blocks: Vec<(usize, Vec<u8>)>) -> Option<Vec<u8>> {
    let (_, der) = blocks.pop()?;
    blocks.is_empty().then_some(der)
}

fn time(case: &Case) -> Result<UnixTime, String> {
    let seconds = match &case.validation_time {
        Some(time) => OffsetDateTime::parse(time, &Rfc3339)
            .map_err(|error| format!("{time}: {error}"))?
            .unix_timestamp(),
        None => {
            let now = SystemTime::now().duration_since(UNIX_EPOCH);
            let seconds = now.map_err(|error| error.to_string())?.as_secs();
            i64::try_from(seconds).map_err(|error| error.to_string())?
        }
    };
    Ok(UnixTime(seconds))
}

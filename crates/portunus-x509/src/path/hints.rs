//! What the path closest to success suggests beyond the failed check itself.

use super::build::Search;
use super::explain::clipped;
use crate::certificate::Certificate;
use crate::printable::hexadecimal;
use crate::report::{Check, Finding, RefusedPath};

pub(super) fn of(search: &Search<'_, '_>, closest: Option<&RefusedPath>) -> Vec<String> {
    let mut hints = Vec::new();
    let Some(path) = closest else { return hints };
    let Some(failure) = path.first_failure() else {
        return hints;
    };
    let at = |place: usize| Certificate::parse(&path.certificates().get(place)?.der).ok();
    let Some(certificate) = at(failure.certificate) else {
        return hints;
    };
    match failure.check {
        Check::Anchored | Check::SelfSigned => {
            if search.anchors.is_empty() {
                hints.push("No authority is trusted at all: the store of trusted certificates is empty.".to_owned());
            }
            if failure.check == Check::Anchored && !certificate.is_self_issued() {
                missing_issuer(search, &certificate, &mut hints);
            }
            hints.extend(inspection(&certificate));
        }
        Check::NotBefore | Check::NotAfter => {
            if failure.certificate > 0 {
                hints.push("This is not the peer's own certificate but an authority's on its path.".to_owned());
            }
            hints.extend(clock(search, failure));
        }
        Check::Signature => {
            hints.extend(at(failure.certificate.saturating_add(1)).and_then(|issuer| key_of(&certificate, &issuer)));
        }
        _ => {}
    }
    hints
}

fn missing_issuer(search: &Search<'_, '_>, certificate: &Certificate<'_>, hints: &mut Vec<String>) {
    if search.candidates.len() == 1 && search.unreadable.is_empty() {
        hints.push("The peer sent its own certificate alone.".to_owned());
    }
    for malformed in search.unreadable.iter().take(1) {
        hints.push(format!(
            "Beside it, the peer sent a certificate that cannot be read: {malformed}."
        ));
    }
    if let Some(address) = certificate
        .ca_issuers()
        .ok()
        .and_then(|addresses| addresses.first().copied())
    {
        hints.push(format!(
            "The issuer's certificate should be found at {}.",
            crate::Printable::new(address)
        ));
    }
}

/// Whose key a signature that does not verify was to be checked with (RFC 5280 section 4.2.1.1).
fn key_of(certificate: &Certificate<'_>, issuer: &Certificate<'_>) -> Option<String> {
    let wanted = certificate.authority_key_identifier().ok()??.key_identifier?;
    let found = issuer.subject_key_identifier().ok()??;
    Some(if wanted == found {
        "The identifiers of the issuer's key agree: the certificate was changed after it was signed, or its issuer has \
         given another key the same identifier."
            .to_owned()
    } else {
        format!(
            "The certificate names its issuer's key as {}, and this issuer's is {}: the issuer has the right name and another \
             key, as after a renewal. The peer should send the issuer's certificate that has the key which signed.",
            shown(wanted),
            shown(found)
        )
    })
}

/// An identifier is 20 or 32 octets; one of a peer's may be longer.
fn shown(identifier: &[u8]) -> String {
    const MOST: usize = 32;
    match identifier.get(..MOST) {
        Some(start) if identifier.len() > MOST => format!("{}…", hexadecimal(start)),
        _ => hexadecimal(identifier),
    }
}

/// Whether it is this machine's clock that is wrong: several certificates, each made at its own time, do not all err.
fn clock(search: &Search<'_, '_>, failure: &Finding) -> Option<String> {
    let now = search.question.time;
    let mut dates: Vec<_> = search
        .candidates
        .iter()
        .map(|candidate| candidate.certificate.validity())
        .collect();
    dates.dedup();
    if dates.len() < 2 {
        return None;
    }
    if failure.check == Check::NotBefore && dates.iter().all(|validity| validity.not_before > now) {
        let first = dates.iter().map(|validity| validity.not_before).min()?;
        return Some(format!(
            "Every certificate that the peer sent begins later than this machine's clock, which says {now}; the first of them at \
             {first}. The clock is behind: set it."
        ));
    }
    if failure.check == Check::NotAfter && dates.iter().all(|validity| validity.not_after < now) {
        return Some(format!(
            "Every certificate that the peer sent has ended by this machine's clock, which says {now}. If that is not the date, \
             set the clock."
        ));
    }
    None
}

/// Words in the names of authorities that open TLS connections on the way, and whose they are.
const INSPECTORS: [(&str, &str); 29] = [
    ("zscaler", "Zscaler, a proxy of companies"),
    ("netskope", "Netskope, a proxy of companies"),
    ("fortigate", "FortiGate, a firewall"),
    ("fortinet", "FortiGate, a firewall"),
    ("palo alto networks", "a firewall of Palo Alto Networks"),
    ("cisco umbrella", "Cisco Umbrella, a proxy of companies"),
    ("blue coat", "Blue Coat ProxySG, a proxy of companies"),
    ("proxysg", "Blue Coat ProxySG, a proxy of companies"),
    ("forcepoint", "Forcepoint, a proxy of companies"),
    ("websense", "Forcepoint (Websense), a proxy of companies"),
    ("mcafee web gateway", "McAfee Web Gateway, a proxy of companies"),
    ("skyhigh", "Skyhigh, a proxy of companies"),
    ("check point", "a firewall of Check Point"),
    ("barracuda", "a firewall of Barracuda"),
    ("watchguard", "a firewall of WatchGuard"),
    ("sonicwall", "a firewall of SonicWall"),
    ("sophos", "Sophos, a firewall or virus scanner"),
    ("untangle", "Untangle, a firewall"),
    ("kaspersky", "Kaspersky, a virus scanner"),
    ("eset ssl filter", "ESET, a virus scanner"),
    ("avast", "Avast, a virus scanner"),
    ("avg web", "AVG, a virus scanner"),
    ("bitdefender", "Bitdefender, a virus scanner"),
    ("norton", "Norton, a virus scanner"),
    ("dr.web", "Dr.Web, a virus scanner"),
    ("mitmproxy", "mitmproxy, a proxy of developers"),
    ("portswigger", "Burp Suite, a proxy of testers"),
    ("charles proxy", "Charles, a proxy of developers"),
    ("fiddler", "Fiddler, a proxy of developers"),
];

/// Whether the issuer that nobody trusts is one that opens connections on the way, by its name.
fn inspection(certificate: &Certificate<'_>) -> Option<String> {
    let issuer = certificate.issuer().to_string();
    let searched = issuer.to_lowercase();
    let (_, whose) = INSPECTORS.iter().find(|(word, _)| searched.contains(word))?;
    Some(format!(
        "By its name, the issuer {} belongs to {whose}: it seems to open TLS connections on the way and to show certificates of its \
         own. Anybody can take that name: ask whoever runs this machine or network, who gives out its root where it is meant to be trusted.",
        clipped(issuer)
    ))
}

//! Mailboxes and their constraints (RFC 5280 section 4.2.1.6 and RFC 5280 section 4.2.1.10).

use super::dns::check_presented;

/// Local part and host of an rfc822Name, which is a mailbox without a display name; `None` where it is none. Quoted
/// local parts may hold an `@`, so the last one divides.
fn split(mailbox: &str) -> Option<(&str, &str)> {
    let (local, host) = mailbox.rsplit_once('@')?;
    let plain = !local.is_empty() && local.bytes().all(|b| b.is_ascii_graphic());
    (plain && !host.starts_with('*') && check_presented(host).is_ok()).then_some((local, host))
}

/// Whether a mailbox lies within a constraint: a mailbox (this one alone), a host (its mailboxes), or a domain with a
/// dot before it (the mailboxes of all hosts below it). `None` where either cannot be read.
pub(crate) fn within(mailbox: &str, constraint: &str) -> Option<bool> {
    let (local, host) = split(mailbox)?;
    if constraint.is_empty() {
        return Some(true);
    }
    if constraint.contains('@') {
        let (wanted_local, wanted_host) = split(constraint)?;
        // The local part has case (RFC 5321 section 2.4), the host has none.
        return Some(local == wanted_local && host.eq_ignore_ascii_case(wanted_host));
    }
    host_within(host, constraint)
}

/// Whether a host lies within the host part of an rfc822Name or uniformResourceIdentifier constraint: the host itself
/// or, with a dot before, whatever stands below the domain.
pub(crate) fn host_within(host: &str, constraint: &str) -> Option<bool> {
    let domain = constraint.strip_prefix('.');
    let base = domain.unwrap_or(constraint);
    if base.starts_with('*') || check_presented(base).is_err() {
        return None;
    }
    Some(match domain {
        None => host.eq_ignore_ascii_case(base),
        Some(_) => host.len() > constraint.len() && ends_with_ignore_case(host, constraint),
    })
}

/// Whether `text` ends with `end`, without regard to ASCII case.
pub(crate) fn ends_with_ignore_case(text: &str, end: &str) -> bool {
    let (text, end) = (text.as_bytes(), end.as_bytes());
    text.len()
        .checked_sub(end.len())
        .and_then(|at| text.get(at..))
        .is_some_and(|tail| tail.eq_ignore_ascii_case(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mailboxes_hosts_and_domains_constrain() {
        for (mailbox, constraint, expected) in [
            ("a@example.com", "a@example.com", Some(true)),
            ("a@EXAMPLE.com", "a@example.com", Some(true)),
            ("A@example.com", "a@example.com", Some(false)),
            ("a@example.com", "example.com", Some(true)),
            ("a@mail.example.com", "example.com", Some(false)),
            ("a@mail.example.com", ".example.com", Some(true)),
            ("a@example.com", ".example.com", Some(false)),
            ("a@notexample.com", ".example.com", Some(false)),
            ("a@example.com", "", Some(true)),
            ("example.com", "example.com", None),
            ("a@", "example.com", None),
            ("a@example.com", "*.example.com", None),
        ] {
            assert_eq!(within(mailbox, constraint), expected, "{mailbox} {constraint}");
        }
    }
}

//! Constraints on the host of a URI (RFC 5280 section 4.2.1.10).

use super::dns::check_presented;
use super::email::host_within;

/// Whether a URI's host lies within a constraint: a host, or a domain with a dot before it. `None` where the URI has no
/// authority with a fully qualified domain name (RFC 5280 wants such a certificate refused), or where the constraint
/// cannot be read.
pub(crate) fn within(uri: &str, constraint: &str) -> Option<bool> {
    let host = host(uri)?;
    if constraint.is_empty() {
        return Some(true);
    }
    host_within(host, constraint)
}

/// RFC 3986 section 3.2: `scheme "://" [ userinfo "@" ] host [ ":" port ]`, then a path, a query or a fragment.
fn host(uri: &str) -> Option<&str> {
    let (_, rest) = uri.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    let host = match host.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
        Some(_) => return None,
        None => host,
    };
    (!host.starts_with('*') && check_presented(host).is_ok()).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_decides() {
        for (uri, constraint, expected) in [
            ("https://example.com/a", "example.com", Some(true)),
            ("https://user@example.com:8443?q", "example.com", Some(true)),
            ("https://www.example.com", "example.com", Some(false)),
            ("https://www.example.com", ".example.com", Some(true)),
            ("https://127.0.0.1/", "example.com", None),
            ("https://[::1]/", "example.com", None),
            ("urn:a:b", "example.com", None),
        ] {
            assert_eq!(within(uri, constraint), expected, "{uri} {constraint}");
        }
    }
}

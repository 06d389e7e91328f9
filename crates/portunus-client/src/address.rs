//! What a user types as an address, and the origin that it names.

use std::fmt;

use portunus_x509::Printable;
use url::{Host, Url};

use crate::Error;

/// The two schemes that this client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// In the clear.
    Http,
    /// Over TLS.
    Https,
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http => "http",
            Self::Https => "https",
        })
    }
}

/// Scheme, host and port: what a connection, and a credential, belongs to (RFC 6454 section 4).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    scheme: Scheme,
    host: Host<String>,
    port: u16,
}

impl Origin {
    /// The origin of a URL that [`parse_url`] accepts.
    pub fn of(url: &Url) -> Result<Self, Error> {
        let scheme = match url.scheme() {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            other => {
                return Err(Error::UnsupportedScheme {
                    scheme: other.to_owned(),
                });
            }
        };
        let invalid = || Error::InvalidUrl {
            url: url.to_string(),
            reason: "it names no host".to_owned(),
        };
        let host = url.host().ok_or_else(invalid)?.to_owned();
        let port = url.port_or_known_default().ok_or_else(invalid)?;
        Ok(Self { scheme, host, port })
    }

    /// Whether TLS guards it.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The host: a name in A-labels, or an address.
    #[must_use]
    pub fn host(&self) -> &Host<String> {
        &self.host
    }

    /// The port, the scheme's own where the URL names none.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Host and, unless it is the scheme's own, port: the Host field and `:authority` (RFC 9110 section 7.2).
    pub(crate) fn authority(&self) -> String {
        let default = match self.scheme {
            Scheme::Http => 80,
            Scheme::Https => 443,
        };
        if self.port == default {
            self.host.to_string()
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, Printable::new(&self.authority()))
    }
}

/// Reads an address as a user types it.
///
/// Without a scheme it means `https://`, where curl guesses `http://`: a client of this century asks securely first.
/// As curl, one to three slashes are read after `http:`; `localhost:8443/a` is a host and a port, not a scheme.
pub fn parse_url(typed: &str) -> Result<Url, Error> {
    let typed = typed.trim();
    let invalid = |reason: String| Error::InvalidUrl {
        url: without_password(typed),
        reason,
    };
    if typed.is_empty() {
        return Err(invalid("it is empty".to_owned()));
    }
    let url = match scheme_of(typed) {
        Some(scheme) if scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https") => {
            Url::parse(typed)
        }
        Some(scheme) => {
            return Err(Error::UnsupportedScheme {
                scheme: scheme.to_owned(),
            });
        }
        None => Url::parse(&format!("https://{}", typed.trim_start_matches('/'))),
    };
    let url = url.map_err(|error| invalid(error.to_string()))?;
    Origin::of(&url)?;
    Ok(url)
}

/// What was typed, as far as a message may repeat it.
fn without_password(typed: &str) -> String {
    let (scheme, rest) = typed
        .split_once("//")
        .map_or(("", typed), |(scheme, rest)| (scheme, rest));
    match rest.rsplit_once('@') {
        Some((_, host)) if scheme.is_empty() => format!("…@{host}"),
        Some((_, host)) => format!("{scheme}//…@{host}"),
        None => typed.to_owned(),
    }
}

/// The scheme before `:/`, by curl's rule: without the slash, what stands before the colon is a host.
fn scheme_of(typed: &str) -> Option<&str> {
    let (scheme, rest) = typed.split_once(':')?;
    let mut characters = scheme.chars();
    let shaped = characters.next().is_some_and(|c| c.is_ascii_alphabetic())
        && characters.all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    (shaped && rest.starts_with(['/', '\\'])).then_some(scheme)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(typed: &str) -> String {
        parse_url(typed)
            .map(|url| url.to_string())
            .unwrap_or_else(|error| format!("{error:?}"))
    }

    #[test]
    fn a_missing_scheme_means_https() {
        assert_eq!(parsed("localhost:8443/a"), "https://localhost:8443/a");
        assert_eq!(parsed("example.test"), "https://example.test/");
        assert_eq!(parsed("//example.test/x"), "https://example.test/x");
        assert_eq!(parsed("[::1]:8443/x"), "https://[::1]:8443/x");
        assert_eq!(parsed("user:pw@example.test"), "https://user:pw@example.test/");
        assert_eq!(
            parsed("example.test/?next=http://other.test/"),
            "https://example.test/?next=http://other.test/"
        );
    }

    #[test]
    fn slashes_are_read_as_curl_reads_them() {
        assert_eq!(parsed("http:/127.0.0.1:81/x"), "http://127.0.0.1:81/x");
        assert_eq!(parsed("HTTPS://Example.TEST/"), "https://example.test/");
    }

    #[test]
    fn unicode_hosts_become_a_labels() {
        assert_eq!(parsed("https://bücher.test/"), "https://xn--bcher-kva.test/");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for typed in [
            "",
            "  ",
            "http://",
            "https://",
            "http://[::",
            "http://a b/",
            "http://x:y/",
            "http://h:99999/",
        ] {
            assert!(matches!(parse_url(typed), Err(Error::InvalidUrl { .. })), "{typed:?}");
        }
        for typed in ["ftp://example.test/", "file:///etc/passwd", "foo://x"] {
            assert!(
                matches!(parse_url(typed), Err(Error::UnsupportedScheme { .. })),
                "{typed:?}"
            );
        }
    }

    #[test]
    fn a_message_repeats_no_password() {
        for typed in [
            "https://ann:secret@host:x/",
            "ann:secret@host:x",
            "https://ann:se@cret@host:x/",
        ] {
            let message = parse_url(typed).unwrap_err().to_string();
            assert!(message.contains("…@host:x") && !message.contains("cret"), "{message}");
        }
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        let origin = |typed: &str| Origin::of(&Url::parse(typed).unwrap()).unwrap();
        assert_eq!(origin("https://a.test/x"), origin("https://A.test:443/y?z"));
        assert_ne!(origin("https://a.test/"), origin("http://a.test/"));
        assert_ne!(origin("https://a.test/"), origin("https://a.test:444/"));
        assert_eq!(origin("https://[::1]:8443/").authority(), "[::1]:8443");
        assert_eq!(origin("http://a.test:80/").to_string(), "http://a.test");
    }
}

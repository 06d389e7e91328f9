//! From a host to its addresses: the user's own answers first, then the system's resolver.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use portunus_x509::Printable;
use thiserror::Error;
use url::Host;

use crate::dial::interleave;
use crate::{Error, Origin, limits};

/// One answer that the user gives in place of the resolver: `HOST:PORT:ADDRESS[,ADDRESS]…`, as curl's `--resolve`.
///
/// The host may be `*`, which answers for every host that no other override names. An IPv6 address may stand in brackets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    host: String,
    port: u16,
    addresses: Vec<IpAddr>,
}

/// The text is no [`Override`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{} is not of the form HOST:PORT:ADDRESS[,ADDRESS]…", Printable::new(given))]
pub struct InvalidOverride {
    given: String,
}

impl std::str::FromStr for Override {
    type Err = InvalidOverride;

    fn from_str(text: &str) -> Result<Self, InvalidOverride> {
        let invalid = || InvalidOverride { given: text.to_owned() };
        // A host in brackets has colons of its own.
        let host_end = match text.strip_prefix('[') {
            Some(rest) => rest.find(']').map(|at| at.saturating_add(2)),
            None => text.find(':'),
        };
        let (host, rest) = text
            .split_at_checked(host_end.ok_or_else(invalid)?)
            .ok_or_else(invalid)?;
        let (port, list) = rest
            .strip_prefix(':')
            .and_then(|rest| rest.split_once(':'))
            .ok_or_else(invalid)?;
        let host = match host {
            "" => return Err(invalid()),
            "*" => host.to_owned(),
            _ => Host::parse(host).map_err(|_| invalid())?.to_string(),
        };
        let address = |text: &str| {
            let bare = text
                .strip_prefix('[')
                .and_then(|rest| rest.strip_suffix(']'))
                .unwrap_or(text);
            bare.parse().map_err(|_| invalid())
        };
        Ok(Self {
            host,
            port: port.parse().map_err(|_| invalid())?,
            addresses: list.split(',').map(address).collect::<Result<_, _>>()?,
        })
    }
}

/// The addresses of one origin.
pub(crate) struct Resolved {
    pub(crate) addresses: Vec<SocketAddr>,
    pub(crate) overridden: bool,
}

/// The user's overrides, and behind them the system.
#[derive(Debug, Default)]
pub(crate) struct Resolver {
    overrides: HashMap<(String, u16), Vec<IpAddr>>,
}

impl Resolver {
    pub(crate) fn new(overrides: impl IntoIterator<Item = Override>) -> Self {
        // A later one replaces an earlier one, as with curl.
        Self {
            overrides: overrides
                .into_iter()
                .map(|one| ((one.host, one.port), one.addresses))
                .collect(),
        }
    }

    /// Every address of the origin's host, in the order in which to try them.
    pub(crate) async fn resolve(&self, origin: &Origin) -> Result<Resolved, Error> {
        let port = origin.port();
        let with_port = |list: &[IpAddr]| list.iter().map(|ip| SocketAddr::new(*ip, port)).collect::<Vec<_>>();
        let own = |host: String| self.overrides.get(&(host, port));
        if let Some(list) = own(origin.host().to_string()).or_else(|| own("*".to_owned())) {
            return Ok(Resolved {
                addresses: interleave(&with_port(list)),
                overridden: true,
            });
        }
        let mut addresses = match origin.host() {
            Host::Ipv4(ip) => with_port(&[IpAddr::V4(*ip)]),
            Host::Ipv6(ip) => with_port(&[IpAddr::V6(*ip)]),
            Host::Domain(name) if is_localhost(name) => with_port(&LOOPBACK),
            Host::Domain(name) => interleave(&ask_the_system(name, port).await?),
        };
        addresses.truncate(limits::ADDRESSES);
        Ok(Resolved {
            addresses,
            overridden: false,
        })
    }
}

const LOOPBACK: [IpAddr; 2] = [IpAddr::V6(Ipv6Addr::LOCALHOST), IpAddr::V4(Ipv4Addr::LOCALHOST)];

/// Names that never leave the machine (RFC 6761 section 6.3): no resolver is trusted with them.
fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    name == "localhost" || name.ends_with(".localhost")
}

async fn ask_the_system(name: &str, port: u16) -> Result<Vec<SocketAddr>, Error> {
    let failed = |source| Error::Resolve {
        host: name.to_owned(),
        source,
    };
    let addresses: Vec<_> = tokio::net::lookup_host((name, port))
        .await
        .map_err(|error| failed(Some(error)))?
        .collect();
    if addresses.is_empty() {
        Err(failed(None))
    } else {
        Ok(addresses)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse_url;

    async fn resolved(overrides: &[&str], url: &str) -> Vec<String> {
        let resolver = Resolver::new(overrides.iter().map(|text| text.parse().unwrap()));
        let origin = Origin::of(&parse_url(url).unwrap()).unwrap();
        let found = resolver.resolve(&origin).await.unwrap();
        found.addresses.iter().map(SocketAddr::to_string).collect()
    }

    #[tokio::test]
    async fn an_override_answers_for_its_host_and_port_alone() {
        let own = ["Bücher.test:443:127.0.0.9,[::9]"];
        assert_eq!(
            resolved(&own, "https://xn--bcher-kva.test/").await,
            ["127.0.0.9:443", "[::9]:443"]
        );
        let resolver = Resolver::new(own.iter().map(|text| text.parse().unwrap()));
        let other = Origin::of(&parse_url("https://bücher.invalid/").unwrap()).unwrap();
        assert!(matches!(resolver.resolve(&other).await, Err(Error::Resolve { .. })));
    }

    #[tokio::test]
    async fn a_star_answers_for_the_rest_and_the_last_override_counts() {
        let own = ["*:80:127.0.0.1", "a.test:80:127.0.0.2", "a.test:80:127.0.0.3"];
        assert_eq!(resolved(&own, "http://b.test/").await, ["127.0.0.1:80"]);
        assert_eq!(resolved(&own, "http://a.test/").await, ["127.0.0.3:80"]);
    }

    #[tokio::test]
    async fn localhost_names_stay_on_the_machine() {
        for url in ["https://localhost/", "https://app.localhost/", "https://LOCALHOST./"] {
            assert_eq!(resolved(&[], url).await, ["[::1]:443", "127.0.0.1:443"], "{url}");
        }
    }

    #[test]
    fn malformed_overrides_are_refused() {
        for text in [
            "",
            "foo",
            "foo:80",
            "foo:80:",
            "foo:80:zz",
            "foo:99999:127.0.0.1",
            ":80:127.0.0.1",
            "[::1:80:::1",
        ] {
            assert!(text.parse::<Override>().is_err(), "{text:?}");
        }
        assert!("[::1]:80:127.0.0.1".parse::<Override>().is_ok());
        assert!("a.test:80:::1".parse::<Override>().is_ok());
    }
}

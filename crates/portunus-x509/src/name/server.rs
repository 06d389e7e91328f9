//! The name that a caller wants to reach, and whether a certificate is for it (RFC 9525).

use super::dns::{self, DnsName, InvalidName};
use super::general::{GeneralName, GeneralNames};
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// The reference identifier of RFC 9525: whom the caller wants to reach, by DNS name or by IP address.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ServerName {
    /// A DNS name, which only a dNSName of the certificate can match.
    Dns(DnsName),
    /// An IP address, which only an iPAddress of the certificate can match.
    Ip(IpAddr),
}

impl ServerName {
    /// Reads an IP address, with or without the brackets that URLs put around IPv6, or else a DNS name.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        if let Some(inner) = text.strip_prefix('[') {
            let inner = inner.strip_suffix(']').ok_or(InvalidName::Address)?;
            return inner
                .parse()
                .map(|ip| Self::Ip(IpAddr::V6(ip)))
                .map_err(|_| InvalidName::Address);
        }
        match text.parse() {
            Ok(ip) => Ok(Self::Ip(ip)),
            Err(_) => DnsName::parse(text).map(Self::Dns),
        }
    }
}

impl FromStr for ServerName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        Self::parse(text)
    }
}

impl From<DnsName> for ServerName {
    fn from(name: DnsName) -> Self {
        Self::Dns(name)
    }
}

impl From<IpAddr> for ServerName {
    fn from(ip: IpAddr) -> Self {
        Self::Ip(ip)
    }
}

impl fmt::Display for ServerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => name.fmt(f),
            Self::Ip(ip) => ip.fmt(f),
        }
    }
}

/// Looks for `wanted` among `presented`: DNS names with the wildcards of RFC 9525 section 6.3, addresses octet by octet
/// (section 6.4). Nothing else counts: no common name (section 2), no address that is written as a DNS name.
pub(crate) fn find<'a>(wanted: &ServerName, mut presented: GeneralNames<'a>) -> Option<GeneralName<'a>> {
    presented.find(|name| match (wanted, name) {
        (ServerName::Dns(wanted), GeneralName::Dns(pattern)) => dns::matches(pattern, wanted),
        (ServerName::Ip(wanted), GeneralName::Ip(ip)) => wanted == ip,
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_names() {
        assert_eq!(
            ServerName::parse("127.0.0.1"),
            Ok(ServerName::Ip("127.0.0.1".parse().unwrap()))
        );
        assert_eq!(ServerName::parse("[::1]"), Ok(ServerName::Ip("::1".parse().unwrap())));
        assert_eq!(
            ServerName::parse("2001:db8::1"),
            Ok(ServerName::Ip("2001:db8::1".parse().unwrap()))
        );
        assert_eq!(
            ServerName::parse("Example.COM.").map(|n| n.to_string()),
            Ok("example.com".to_owned())
        );
        assert_eq!(ServerName::parse("[127.0.0.1]"), Err(InvalidName::Address));
        assert_eq!(ServerName::parse("[::1"), Err(InvalidName::Address));
        assert!(ServerName::parse("127.0.0.256").is_err());
    }
}

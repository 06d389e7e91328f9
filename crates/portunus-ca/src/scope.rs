//! What the authority may certify: the name constraints of its certificates (RFC 5280 section 4.2.1.10).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use portunus_x509::{Certificate, DnsName, ServerName, Subtree};
use rcgen::{CidrSubnet, GeneralSubtree, NameConstraints};

use crate::Error;

/// Names that no public site can have: RFC 6761 (localhost, test), RFC 8375 (home.arpa), and internal, which ICANN
/// reserved in 2024.
const NAMES: [&str; 4] = ["localhost", "test", "internal", "home.arpa"];

/// Addresses that lead to this machine or its own networks: loopback, RFC 1918, RFC 4193, and link-local ones.
const NETWORKS: [Network; 8] = [
    Network {
        address: IpAddr::V4(Ipv4Addr::new(127, 0, 0, 0)),
        prefix: 8,
    },
    Network {
        address: IpAddr::V4(Ipv4Addr::new(10, 0, 0, 0)),
        prefix: 8,
    },
    Network {
        address: IpAddr::V4(Ipv4Addr::new(172, 16, 0, 0)),
        prefix: 12,
    },
    Network {
        address: IpAddr::V4(Ipv4Addr::new(192, 168, 0, 0)),
        prefix: 16,
    },
    Network {
        address: IpAddr::V4(Ipv4Addr::new(169, 254, 0, 0)),
        prefix: 16,
    },
    Network {
        address: IpAddr::V6(Ipv6Addr::LOCALHOST),
        prefix: 128,
    },
    Network {
        address: IpAddr::V6(Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0)),
        prefix: 7,
    },
    Network {
        address: IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0)),
        prefix: 10,
    },
];

/// The names that an authority may certify, each with all names below it, and the addresses.
///
/// Whoever steals the authority's keys can speak for these and for nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    names: Vec<DnsName>,
    networks: Vec<Network>,
}

impl Scope {
    /// What nobody but this machine and its own networks can mean: `localhost`, `test`, `internal`, `home.arpa`, this
    /// machine's name, loopback, private and link-local addresses.
    pub(crate) fn of_this_machine() -> Self {
        let names = NAMES.iter().filter_map(|name| DnsName::parse(name).ok()).collect();
        let mut scope = Self {
            names,
            networks: NETWORKS.to_vec(),
        };
        if let Some(name) = machine_name() {
            scope.add(ServerName::Dns(name));
        }
        scope
    }

    /// What a certificate of the authority permits, or why this cannot be said of it.
    pub(crate) fn of(certificate: &Certificate<'_>) -> Result<Self, &'static str> {
        let Ok(constraints) = certificate.name_constraints() else {
            return Err("its name constraints are malformed");
        };
        let constraints = constraints.ok_or("it has no name constraints")?;
        if !constraints.excluded().is_empty() {
            return Err("its name constraints exclude names, as this authority's never do");
        }
        let mut scope = Self {
            names: Vec::new(),
            networks: Vec::new(),
        };
        for subtree in constraints.permitted() {
            match subtree {
                Subtree::Dns(name) => scope.names.extend(DnsName::parse(name)),
                Subtree::Ip(range) => scope.networks.extend(Network::parse(&range.to_string())),
                // No leaf of ours has names of another form.
                _ => {}
            }
        }
        Ok(scope)
    }

    /// Adds a name and all names below it, or one address.
    pub(crate) fn widen(&mut self, name: ServerName) -> Result<(), Error> {
        match &name {
            ServerName::Dns(dns) if is_public_suffix(dns) => return Err(Error::PublicSuffix { name: dns.clone() }),
            _ => self.add(name),
        }
        Ok(())
    }

    fn add(&mut self, name: ServerName) {
        if self.permits(&name) {
            return;
        }
        match name {
            ServerName::Dns(name) => self.names.push(name),
            ServerName::Ip(address) => {
                self.networks.push(Network {
                    address,
                    prefix: if address.is_ipv4() { 32 } else { 128 },
                });
            }
        }
    }

    /// Whether the authority may certify this name.
    pub fn permits(&self, name: &ServerName) -> bool {
        match name {
            ServerName::Dns(name) => self.names.iter().any(|permitted| is_at_or_below(name, permitted)),
            ServerName::Ip(address) => self.networks.iter().any(|network| network.contains(*address)),
        }
    }

    /// The DNS names; each stands for itself and for all names below it.
    pub fn names(&self) -> &[DnsName] {
        &self.names
    }

    /// The ranges of addresses.
    pub fn networks(&self) -> &[Network] {
        &self.networks
    }

    pub(crate) fn to_name_constraints(&self) -> NameConstraints {
        let names = self
            .names
            .iter()
            .map(|name| GeneralSubtree::DnsName(name.as_str().to_owned()));
        let networks = self
            .networks
            .iter()
            .map(|network| GeneralSubtree::IpAddress(network.to_subnet()));
        NameConstraints {
            permitted_subtrees: names.chain(networks).collect(),
            excluded_subtrees: Vec::new(),
        }
    }
}

/// `localhost, test, … and all names below them; 127.0.0.0/8, …`.
impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        list(f, &self.names)?;
        f.write_str(" and all names below them; ")?;
        list(f, &self.networks)
    }
}

fn list(f: &mut fmt::Formatter<'_>, parts: &[impl fmt::Display]) -> fmt::Result {
    for (index, part) in parts.iter().enumerate() {
        let separator = if index == 0 { "" } else { ", " };
        write!(f, "{separator}{part}")?;
    }
    Ok(())
}

/// RFC 5280 section 4.2.1.10: a name that has zero or more labels more on its left satisfies the constraint.
fn is_at_or_below(name: &DnsName, permitted: &DnsName) -> bool {
    name.as_str()
        .strip_suffix(permitted.as_str())
        .is_some_and(|labels| labels.is_empty() || labels.ends_with('.'))
}

/// A suffix below which strangers register names: one who may speak for `dev` may speak for all their sites.
fn is_public_suffix(name: &DnsName) -> bool {
    psl::suffix(name.as_str().as_bytes())
        .is_some_and(|suffix| suffix.is_known() && suffix.as_bytes() == name.as_str().as_bytes())
}

/// The name that this machine has for itself, where it is a DNS name that can be its own: not a name such as `dev`,
/// below which there are public sites, and not an address.
pub fn machine_name() -> Option<DnsName> {
    own_name(hostname::get().ok()?.to_str()?)
}

fn own_name(name: &str) -> Option<DnsName> {
    match ServerName::parse(name).ok()? {
        ServerName::Dns(name) if !is_public_suffix(&name) => Some(name),
        _ => None,
    }
}

/// A range of addresses: all that begin with the first `prefix` bits of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Network {
    /// Reads `10.0.0.0/8`.
    fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = text.split_once('/')?;
        let network = Self {
            address: address.parse().ok()?,
            prefix: prefix.parse().ok()?,
        };
        (network.prefix <= if network.address.is_ipv4() { 32 } else { 128 }).then_some(network)
    }

    fn contains(self, address: IpAddr) -> bool {
        let shift = |bits: u32| bits.saturating_sub(u32::from(self.prefix));
        match (self.address, address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                (own.to_bits() ^ other.to_bits()).checked_shr(shift(32)).unwrap_or(0) == 0
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                (own.to_bits() ^ other.to_bits()).checked_shr(shift(128)).unwrap_or(0) == 0
            }
            _ => false,
        }
    }

    fn to_subnet(self) -> CidrSubnet {
        CidrSubnet::from_addr_prefix(self.address, self.prefix)
    }
}

/// `10.0.0.0/8`.
impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> ServerName {
        ServerName::parse(text).unwrap()
    }

    #[test]
    fn this_machines_names_and_addresses_are_permitted() {
        let scope = Scope::of_this_machine();
        for permitted in [
            "localhost",
            "app.localhost",
            "a.b.test",
            "db.internal",
            "nas.home.arpa",
            "127.0.0.1",
            "127.255.255.255",
            "::1",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.178.1",
            "169.254.0.1",
            "fd00::1",
            "fe80::1",
        ] {
            assert!(scope.permits(&name(permitted)), "{permitted}");
        }
        for refused in [
            "bank.example",
            "arpa",
            "notlocalhost",
            "localhost.example",
            "xn--localhost.com",
            "126.255.255.255",
            "128.0.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.169.0.0",
            "8.8.8.8",
            "::2",
            "::",
            "fec0::1",
            "2001:db8::1",
            "::ffff:127.0.0.1",
        ] {
            assert!(!scope.permits(&name(refused)), "{refused}");
        }
    }

    #[test]
    fn a_name_widens_the_scope_with_all_names_below_it() {
        let mut scope = Scope::of_this_machine();
        scope.widen(name("lan")).unwrap();
        scope.widen(name("example.com")).unwrap();
        scope.widen(name("203.0.113.7")).unwrap();
        scope.widen(name("2001:db8::1")).unwrap();
        for permitted in ["nas.lan", "example.com", "a.example.com", "203.0.113.7", "2001:db8::1"] {
            assert!(scope.permits(&name(permitted)), "{permitted}");
        }
        for refused in ["com", "aexample.com", "203.0.113.8", "2001:db8::2"] {
            assert!(!scope.permits(&name(refused)), "{refused}");
        }
        let before = scope.clone();
        scope.widen(name("deep.below.example.com")).unwrap();
        assert_eq!(scope, before, "what is permitted already is not named twice");
    }

    #[test]
    fn nobody_gets_power_over_a_public_suffix() {
        let mut scope = Scope::of_this_machine();
        for suffix in ["com", "co.uk", "dev", "github.io", "рф"] {
            assert!(
                matches!(scope.widen(name(suffix)), Err(Error::PublicSuffix { .. })),
                "{suffix}"
            );
        }
        assert_eq!(own_name("dev"), None);
        assert_eq!(own_name("10.0.0.1"), None);
        assert_eq!(own_name("not a name"), None);
        assert_eq!(own_name("Workshop").unwrap().as_str(), "workshop");
        assert_eq!(own_name("pc.example.com").unwrap().as_str(), "pc.example.com");
    }

    #[test]
    fn networks_are_read_as_they_are_written() {
        for text in ["10.0.0.0/8", "0.0.0.0/0", "fe80::/10", "::1/128"] {
            assert_eq!(Network::parse(text).unwrap().to_string(), text);
        }
        for text in ["10.0.0.0", "10.0.0.0/33", "::/129", "/8", "10.0.0.0/"] {
            assert_eq!(Network::parse(text), None, "{text}");
        }
    }

    #[test]
    fn an_empty_prefix_contains_all_addresses_of_its_family() {
        let all = Network {
            address: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            prefix: 0,
        };
        assert!(all.contains("255.255.255.255".parse().unwrap()));
        assert!(!all.contains("::".parse().unwrap()));
        assert!(Network::contains(
            Network {
                address: IpAddr::V6(Ipv6Addr::UNSPECIFIED),
                prefix: 0
            },
            "::1".parse().unwrap()
        ));
    }
}

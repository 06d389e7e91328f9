//! IP addresses and their ranges (RFC 5280 section 4.2.1.6 and RFC 5280 section 4.2.1.10).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An iPAddress of a subjectAltName: 4 octets or 16, in network byte order.
pub(crate) fn address(octets: &[u8]) -> Option<IpAddr> {
    if let Ok(v4) = <[u8; 4]>::try_from(octets) {
        return Some(IpAddr::V4(Ipv4Addr::from(v4)));
    }
    <[u8; 16]>::try_from(octets)
        .ok()
        .map(|v6| IpAddr::V6(Ipv6Addr::from(v6)))
}

/// An iPAddress of a name constraint: an address and a mask, 8 octets or 32 (RFC 5280 section 4.2.1.10).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IpRange {
    address: IpAddr,
    mask: IpAddr,
}

impl IpRange {
    /// `None` for a wrong length, and for a mask that is no CIDR prefix: RFC 5280 wants the style of RFC 4632, and a mask
    /// with holes can be read in more than one way.
    pub(crate) fn from_octets(octets: &[u8]) -> Option<Self> {
        let (address, mask) = match octets.len() {
            8 => octets.split_at_checked(4)?,
            32 => octets.split_at_checked(16)?,
            _ => return None,
        };
        let range = Self {
            address: self::address(address)?,
            mask: self::address(mask)?,
        };
        range.prefix_length().is_some().then_some(range)
    }

    /// Whether the address lies in the range. IPv4 and IPv6 never mix.
    pub fn contains(&self, ip: IpAddr) -> bool {
        match (self.address, self.mask, ip) {
            (IpAddr::V4(address), IpAddr::V4(mask), IpAddr::V4(ip)) => (address & mask) == (ip & mask),
            (IpAddr::V6(address), IpAddr::V6(mask), IpAddr::V6(ip)) => (address & mask) == (ip & mask),
            _ => false,
        }
    }

    /// The number of one bits at the mask's start, where there are no others.
    fn prefix_length(&self) -> Option<u32> {
        let (bits, width) = match self.mask {
            IpAddr::V4(mask) => (u128::from(mask.to_bits()) << 96, 32),
            IpAddr::V6(mask) => (mask.to_bits(), 128),
        };
        let ones = bits.leading_ones().min(width);
        (bits.count_ones() == ones).then_some(ones)
    }
}

/// `10.0.0.0/8`.
impl fmt::Display for IpRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix_length().unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_four_octets_or_sixteen() {
        assert_eq!(address(&[127, 0, 0, 1]), Some(IpAddr::V4(Ipv4Addr::LOCALHOST)));
        assert_eq!(
            address(&Ipv6Addr::LOCALHOST.octets()),
            Some(IpAddr::V6(Ipv6Addr::LOCALHOST))
        );
        assert_eq!(address(&[127, 0, 0]), None);
        assert_eq!(address(&[]), None);
    }

    #[test]
    fn a_range_holds_its_addresses_and_no_others() {
        let range = IpRange::from_octets(&[10, 1, 0, 0, 255, 255, 0, 0]).expect("a range");
        assert_eq!(range.to_string(), "10.1.0.0/16");
        assert!(range.contains("10.1.255.3".parse().unwrap()));
        assert!(!range.contains("10.2.0.1".parse().unwrap()));
        assert!(!range.contains("::ffff:10.1.0.1".parse().unwrap()));
        let all = IpRange::from_octets(&[0; 32]).expect("a range");
        assert!(all.contains("2001:db8::1".parse().unwrap()));
        assert!(!all.contains("10.0.0.1".parse().unwrap()));
    }

    #[test]
    fn a_mask_with_holes_is_none() {
        assert_eq!(IpRange::from_octets(&[10, 0, 0, 0, 255, 0, 255, 0]), None);
        assert_eq!(IpRange::from_octets(&[10, 0, 0, 0]), None);
    }
}

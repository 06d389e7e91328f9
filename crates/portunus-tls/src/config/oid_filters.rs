//! What a server wants a client's certificate to have (RFC 9846 section 4.3.5), and which certificates have it.

use std::collections::BTreeSet;

use portunus_x509::{Certificate, ExtendedKeyUsage, KeyUsage};

use crate::error::PeerFault;
use crate::wire::{OidFilter, Sequence};

const KEY_USAGE: &[u8] = &[0x06, 3, 0x55, 0x1d, 0x0f];
const EXTENDED_KEY_USAGE: &[u8] = &[0x06, 3, 0x55, 0x1d, 0x25];
/// `anyExtendedKeyUsage`: it may not be asked for.
const ANY_PURPOSE: &[u8] = &[0x55, 0x1d, 0x25, 0];

/// The filters for which RFC 9846 section 4.3.5 has rules; others are skipped. An empty value asks for the extension alone.
#[derive(Default)]
pub(crate) struct Filters<'a> {
    key_usage: Option<Option<KeyUsage>>,
    extended_key_usage: Option<Option<ExtendedKeyUsage<'a>>>,
}

impl<'a> Filters<'a> {
    pub(crate) fn read(filters: Option<Sequence<'a, OidFilter<'a>>>) -> Result<Self, PeerFault> {
        let mut read = Self::default();
        let mut seen = BTreeSet::new();
        for filter in filters.unwrap_or_default().iter() {
            if !seen.insert(filter.certificate_extension_oid) {
                return Err(PeerFault::OidFilters);
            }
            let values = filter.certificate_extension_values;
            let values = (!values.is_empty()).then_some(values);
            match filter.certificate_extension_oid {
                KEY_USAGE => {
                    let usage = values.map(KeyUsage::parse).transpose();
                    read.key_usage = Some(usage.map_err(|_| PeerFault::OidFilters)?);
                }
                EXTENDED_KEY_USAGE => {
                    let purposes = values.map(ExtendedKeyUsage::parse).transpose();
                    let purposes = purposes.map_err(|_| PeerFault::OidFilters)?;
                    let mut all = purposes.iter().flat_map(ExtendedKeyUsage::iter);
                    if all.any(|purpose| purpose.contents() == ANY_PURPOSE) {
                        return Err(PeerFault::OidFilters);
                    }
                    read.extended_key_usage = Some(purposes);
                }
                _ => {}
            }
        }
        Ok(read)
    }

    /// Whether a certificate in DER has what is wanted.
    pub(crate) fn match_certificate(&self, der: &[u8]) -> bool {
        if self.key_usage.is_none() && self.extended_key_usage.is_none() {
            return true;
        }
        let Ok(certificate) = Certificate::parse(der) else {
            return false;
        };
        let has_usage = self.key_usage.is_none_or(|wanted| {
            let usage = certificate.key_usage().ok().flatten();
            usage.is_some_and(|usage| wanted.is_none_or(|wanted| usage.allows(wanted)))
        });
        let has_purposes = self.extended_key_usage.as_ref().is_none_or(|wanted| {
            let purposes = certificate.extended_key_usage().ok().flatten();
            let mut wanted = wanted.iter().flat_map(ExtendedKeyUsage::iter);
            purposes.is_some_and(|purposes| wanted.all(|purpose| purposes.lists(purpose)))
        });
        has_usage && has_purposes
    }
}

/// The filters of a server's configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct OwnFilters(Vec<(Vec<u8>, Vec<u8>)>);

impl OwnFilters {
    /// Filters that break no rule.
    pub(crate) fn checked(filters: &[OidFilter<'_>]) -> Result<Self, PeerFault> {
        Filters::read(Some(Sequence::from(filters)))?;
        let own = filters.iter().map(|filter| {
            (
                filter.certificate_extension_oid.to_vec(),
                filter.certificate_extension_values.to_vec(),
            )
        });
        Ok(Self(own.collect()))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = OidFilter<'_>> {
        self.0.iter().map(|(oid, values)| OidFilter {
            certificate_extension_oid: oid,
            certificate_extension_values: values,
        })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The client's end entity has what it was asked to have.
    pub(crate) fn check(&self, leaf: &[u8]) -> Result<(), PeerFault> {
        if self.is_empty() {
            return Ok(());
        }
        let filters: Vec<_> = self.iter().collect();
        if Filters::read(Some(Sequence::from(filters.as_slice())))?.match_certificate(leaf) {
            Ok(())
        } else {
            Err(PeerFault::OidFiltersNotMatched)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(filters: &[(&[u8], &[u8])]) -> Result<(), PeerFault> {
        let filters: Vec<_> = filters
            .iter()
            .map(|(oid, values)| OidFilter {
                certificate_extension_oid: oid,
                certificate_extension_values: values,
            })
            .collect();
        Filters::read(Some(Sequence::from(filters.as_slice()))).map(|_| ())
    }

    /// RFC 9846 section 4.3.5.
    #[test]
    fn filters_that_break_a_rule_are_refused_and_strange_ones_skipped() {
        const DIGITAL_SIGNATURE: &[u8] = &[3, 2, 7, 0x80];
        const CLIENT_AUTH: &[u8] = &[0x30, 10, 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 2];
        const ANY: &[u8] = &[0x30, 6, 6, 4, 0x55, 0x1d, 0x25, 0];
        let strange: &[u8] = &[6, 1, 42];
        for legal in [
            &[][..],
            &[
                (KEY_USAGE, DIGITAL_SIGNATURE),
                (EXTENDED_KEY_USAGE, CLIENT_AUTH),
                (strange, b"?"),
            ],
            &[(KEY_USAGE, &[]), (EXTENDED_KEY_USAGE, &[])],
            &[(b"no DER", &[])],
        ] {
            assert_eq!(read(legal), Ok(()));
        }
        for illegal in [
            &[(KEY_USAGE, DIGITAL_SIGNATURE), (KEY_USAGE, DIGITAL_SIGNATURE)][..],
            &[(strange, b"1"), (KEY_USAGE, &[]), (strange, b"2")],
            &[(EXTENDED_KEY_USAGE, ANY)],
            &[(EXTENDED_KEY_USAGE, &[0x30, 0])],
            &[(EXTENDED_KEY_USAGE, DIGITAL_SIGNATURE)],
            &[(KEY_USAGE, CLIENT_AUTH)],
            &[(KEY_USAGE, &[3, 2, 7, 0x80, 0])],
        ] {
            assert_eq!(read(illegal), Err(PeerFault::OidFilters), "{illegal:?}");
        }
    }
}

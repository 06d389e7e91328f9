//! What stands in each of the three kinds of certificate.

use aws_lc_rs::rand;
use portunus_x509::{ServerName, UnixTime};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, KeyUsagePurpose,
    SanType, SerialNumber,
};
use time::OffsetDateTime;

use crate::Error;
use crate::scope::{Scope, machine_name};

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

/// How long an authority lasts: as long as people keep a machine.
const AUTHORITY_LIFE: i64 = 3_650 * DAY;

/// How long a leaf lasts: short enough that a lost key does not matter for long, and within every browser's limit.
const LEAF_LIFE: i64 = 90 * DAY;

/// Certificates begin a little in the past, for peers whose clock is late.
const BACKDATE: i64 = HOUR;

/// ub-common-name of RFC 5280 appendix A.1.
const COMMON_NAME_LIMIT: usize = 64;

/// From when to when a certificate is valid, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Period {
    pub(crate) not_before: UnixTime,
    pub(crate) not_after: UnixTime,
}

impl Period {
    pub(crate) fn of_authority(now: UnixTime) -> Self {
        Self::of_life(now, AUTHORITY_LIFE)
    }

    /// A leaf's, which never leaves its issuer's.
    pub(crate) fn of_leaf(now: UnixTime, issuer: Self) -> Result<Self, Error> {
        if now > issuer.not_after {
            return Err(Error::Expired { at: issuer.not_after });
        }
        if now < issuer.not_before {
            return Err(Error::NotYetValid { at: issuer.not_before });
        }
        Ok(Self::of_life(now, LEAF_LIFE).within(issuer))
    }

    /// RFC 5280 section 4.1.2.5: the last second counts, so a life of 90 days ends a second early.
    fn of_life(now: UnixTime, seconds: i64) -> Self {
        let not_before = now.0.saturating_sub(BACKDATE);
        Self {
            not_before: UnixTime(not_before),
            not_after: UnixTime(not_before.saturating_add(seconds - 1)),
        }
    }

    /// The part of it that lies in the other one.
    pub(crate) fn within(self, other: Self) -> Self {
        Self {
            not_before: self.not_before.max(other.not_before),
            not_after: self.not_after.min(other.not_after),
        }
    }

    /// When two thirds of it are over.
    pub(crate) fn renew_at(self) -> UnixTime {
        let life = self.not_after.0.saturating_sub(self.not_before.0);
        UnixTime(self.not_before.0.saturating_add(life / 3 * 2))
    }
}

/// The names of a root and its intermediate. They are no other authority's, so that nobody who looks for an issuer by
/// its name finds the wrong one.
pub(crate) struct AuthorityNames {
    tag: String,
}

impl AuthorityNames {
    pub(crate) fn new() -> Result<Self, Error> {
        let tag = random::<4>()?.map(|byte| format!("{byte:02x}")).concat();
        Ok(Self { tag })
    }

    fn of(&self, role: &str) -> DistinguishedName {
        let mut common_name = format!("Portunus {role} {}", self.tag);
        if let Some(machine) = machine_name() {
            let with_machine = format!("{common_name} on {machine}");
            if with_machine.len() <= COMMON_NAME_LIMIT {
                common_name = with_machine;
            }
        }
        let mut name = DistinguishedName::new();
        name.push(DnType::OrganizationName, "Portunus");
        name.push(DnType::CommonName, common_name);
        name
    }
}

/// The root: the one certificate that people trust.
pub(crate) fn root(names: &AuthorityNames, scope: &Scope, period: Period) -> Result<CertificateParams, Error> {
    let mut params = authority(period)?;
    params.distinguished_name = names.of("root");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(1));
    params.name_constraints = Some(scope.to_name_constraints());
    Ok(params)
}

/// The intermediate: it signs the leaves, and servers send it with them. The constraints stand here again for programs
/// that take a root for its name and key alone (RFC 5280 section 6.1.1 lets them), and it is good for servers only.
pub(crate) fn intermediate(names: &AuthorityNames, scope: &Scope, period: Period) -> Result<CertificateParams, Error> {
    let mut params = authority(period)?;
    params.distinguished_name = names.of("intermediate");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.name_constraints = Some(scope.to_name_constraints());
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok(params)
}

fn authority(period: Period) -> Result<CertificateParams, Error> {
    let mut params = any(period)?;
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params)
}

/// A server's certificate.
pub(crate) fn leaf(names: &[ServerName], period: Period) -> Result<CertificateParams, Error> {
    let mut params = any(period)?;
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.subject_alt_names = names.iter().map(alternative_name).collect::<Result<_, _>>()?;
    // Viewers of certificates show it; nobody may match it (RFC 9525 section 2). Never an address: verifiers would
    // hold it against the DNS constraints.
    let shown = names.iter().find_map(|name| match name {
        ServerName::Dns(name) if name.as_str().len() <= COMMON_NAME_LIMIT => Some(name.as_str()),
        _ => None,
    });
    if let Some(shown) = shown {
        params.distinguished_name.push(DnType::CommonName, shown);
    }
    Ok(params)
}

fn alternative_name(name: &ServerName) -> Result<SanType, Error> {
    Ok(match name {
        ServerName::Dns(name) => SanType::DnsName(
            name.as_str()
                .try_into()
                .map_err(|error: rcgen::Error| Error::unwritable(error))?,
        ),
        ServerName::Ip(address) => SanType::IpAddress(*address),
    })
}

fn any(period: Period) -> Result<CertificateParams, Error> {
    let mut params = CertificateParams::default();
    params.not_before = date(period.not_before)?;
    params.not_after = date(period.not_after)?;
    params.serial_number = Some(SerialNumber::from_slice(&random::<16>()?));
    params.distinguished_name = DistinguishedName::new();
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

fn date(time: UnixTime) -> Result<OffsetDateTime, Error> {
    OffsetDateTime::from_unix_timestamp(time.0).map_err(Error::unwritable)
}

fn random<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).map_err(|_| Error::Crypto)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime(1_800_000_000);

    #[test]
    fn a_leaf_lasts_90_days_at_most() {
        let issuer = Period::of_authority(NOW);
        let leaf = Period::of_leaf(NOW, issuer).unwrap();
        assert_eq!(leaf.not_before, UnixTime(NOW.0 - 3_600));
        assert_eq!(leaf.not_after.0 - leaf.not_before.0 + 1, 90 * 86_400);
    }

    #[test]
    fn a_leaf_never_outlives_its_issuer() {
        let issuer = Period::of_authority(NOW);
        let last_day = UnixTime(issuer.not_after.0 - 86_400);
        assert_eq!(Period::of_leaf(last_day, issuer).unwrap().not_after, issuer.not_after);
        assert_eq!(
            Period::of_leaf(issuer.not_before, issuer).unwrap().not_before,
            issuer.not_before
        );
        let late = UnixTime(issuer.not_after.0 + 1);
        assert!(matches!(Period::of_leaf(late, issuer), Err(Error::Expired { .. })));
        let early = UnixTime(issuer.not_before.0 - 1);
        assert!(matches!(Period::of_leaf(early, issuer), Err(Error::NotYetValid { .. })));
    }

    #[test]
    fn two_thirds_of_its_life_are_over_after_sixty_days() {
        let leaf = Period::of_leaf(NOW, Period::of_authority(NOW)).unwrap();
        let after = leaf.renew_at().0 - leaf.not_before.0;
        assert!((60 * 86_400 - 2..=60 * 86_400).contains(&after), "{after}");
    }

    #[test]
    fn two_authorities_never_share_a_name() {
        let name = |names: &AuthorityNames| names.of("root");
        assert_ne!(
            name(&AuthorityNames::new().unwrap()),
            name(&AuthorityNames::new().unwrap())
        );
    }
}

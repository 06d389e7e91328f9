//! What certificates say about policies (RFC 5280 section 4.2.1.4, RFC 5280 section 4.2.1.5, RFC 5280 section 4.2.1.11 and
//! RFC 5280 section 4.2.1.14): read and not judged.

use crate::der::{Malformed, Oid, Problem, Reader, contents_of_dotted, known, tag};
use crate::limits::MAX_POLICIES;

/// `certificatePolicies ::= SEQUENCE SIZE (1..MAX) OF PolicyInformation`; qualifiers are left aside.
#[derive(Debug, Clone)]
pub(crate) struct CertificatePolicies<'a>(Reader<'a>);

impl<'a> CertificatePolicies<'a> {
    pub(crate) fn parse(der: &'a [u8]) -> Result<Self, Malformed> {
        let all = Reader::whole_sequence(der, "certificatePolicies")?;
        check_each(&all, policy_information)?;
        Ok(Self(all))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Oid<'a>> + use<'a> {
        each(self.0.clone(), policy_information)
    }
}

/// `PolicyInformation ::= SEQUENCE { policyIdentifier CertPolicyId, policyQualifiers SEQUENCE OF PolicyQualifierInfo OPTIONAL }`.
fn policy_information<'a>(reader: &mut Reader<'a>) -> Result<Oid<'a>, Malformed> {
    let mut fields = reader.sequence()?;
    let policy = fields.oid()?;
    fields.optional(tag::SEQUENCE)?;
    fields.finish()?;
    Ok(policy)
}

/// `PolicyMappings ::= SEQUENCE SIZE (1..MAX) OF SEQUENCE { issuerDomainPolicy CertPolicyId, subjectDomainPolicy CertPolicyId }`.
#[derive(Debug, Clone)]
pub(crate) struct PolicyMappings<'a>(Reader<'a>);

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Mapping<'a> {
    pub(crate) issuer_domain: Oid<'a>,
    pub(crate) subject_domain: Oid<'a>,
}

impl<'a> PolicyMappings<'a> {
    pub(crate) fn parse(der: &'a [u8]) -> Result<Self, Malformed> {
        let all = Reader::whole_sequence(der, "policyMappings")?;
        check_each(&all, mapping)?;
        Ok(Self(all))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Mapping<'a>> + use<'a> {
        each(self.0.clone(), mapping)
    }
}

fn mapping<'a>(reader: &mut Reader<'a>) -> Result<Mapping<'a>, Malformed> {
    let mut fields = reader.sequence()?;
    let mapping = Mapping {
        issuer_domain: fields.oid()?,
        subject_domain: fields.oid()?,
    };
    fields.finish()?;
    Ok(mapping)
}

/// `PolicyConstraints ::= SEQUENCE { requireExplicitPolicy [0] SkipCerts OPTIONAL, inhibitPolicyMapping [1] SkipCerts OPTIONAL }`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PolicyConstraints {
    pub(crate) require_explicit_policy: Option<u32>,
    pub(crate) inhibit_policy_mapping: Option<u32>,
}

impl PolicyConstraints {
    pub(crate) fn parse(der: &[u8]) -> Result<Self, Malformed> {
        let mut fields = Reader::whole_sequence(der, "policyConstraints")?;
        let mut skip_certs = |number| -> Result<Option<u32>, Malformed> {
            let element = fields.optional(tag::context(number))?;
            element.map(|element| fields.small_number(element.contents)).transpose()
        };
        let constraints = Self {
            require_explicit_policy: skip_certs(0)?,
            inhibit_policy_mapping: skip_certs(1)?,
        };
        fields.finish()?;
        if constraints
            .require_explicit_policy
            .or(constraints.inhibit_policy_mapping)
            .is_none()
        {
            return Err(fields.malformed(Problem::Empty));
        }
        Ok(constraints)
    }
}

/// `InhibitAnyPolicy ::= SkipCerts`, `SkipCerts ::= INTEGER (0..MAX)`.
pub(crate) fn inhibit_any_policy(der: &[u8]) -> Result<u32, Malformed> {
    let mut reader = Reader::new(der, "inhibitAnyPolicy");
    let contents = reader.integer()?;
    reader.finish()?;
    reader.small_number(contents)
}

/// With what the processing of policies begins (RFC 5280 section 6.1.1): nothing is asked for, unless a method says so. Even then a path
/// needs a policy where an authority on it says that it does.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InitialPolicies {
    /// The user-initial-policy-set, by the identifiers' contents; any-policy where there is none.
    acceptable: Vec<Box<[u8]>>,
    pub(crate) explicit: bool,
    pub(crate) mapping_inhibited: bool,
    pub(crate) any_inhibited: bool,
}

impl InitialPolicies {
    /// Any policy is acceptable, and none is needed.
    pub const fn new() -> Self {
        Self {
            acceptable: Vec::new(),
            explicit: false,
            mapping_inhibited: false,
            any_inhibited: false,
        }
    }

    /// Adds a policy to the user-initial-policy-set, in dotted form; `None` where it has another form. On its own this refuses nothing:
    /// see [`Self::explicit`].
    pub fn acceptable(mut self, policy: &str) -> Option<Self> {
        self.acceptable.push(contents_of_dotted(policy)?.into());
        Some(self)
    }

    /// Every path has to be valid under an acceptable policy (initial-explicit-policy).
    pub fn explicit(mut self) -> Self {
        self.explicit = true;
        self
    }

    /// No policy may be mapped to another (initial-policy-mapping-inhibit).
    pub fn mapping_inhibited(mut self) -> Self {
        self.mapping_inhibited = true;
        self
    }

    /// anyPolicy stands for no policy (initial-any-policy-inhibit).
    pub fn any_inhibited(mut self) -> Self {
        self.any_inhibited = true;
        self
    }

    /// The acceptable policies; `None` where any is.
    pub(crate) fn acceptable_set(&self) -> Option<impl Iterator<Item = Oid<'_>>> {
        let mut policies = self.acceptable.iter().map(|contents| Oid::new(contents));
        let any = self.acceptable.is_empty() || policies.any(|policy| policy == known::ANY_POLICY);
        (!any).then(|| self.acceptable.iter().map(|contents| Oid::new(contents)))
    }
}

fn check_each<'a, T>(
    all: &Reader<'a>,
    read: impl Fn(&mut Reader<'a>) -> Result<T, Malformed>,
) -> Result<(), Malformed> {
    let mut rest = all.clone();
    if rest.is_empty() {
        return Err(rest.malformed(Problem::Empty));
    }
    let mut count = 0;
    while !rest.is_empty() {
        read(&mut rest)?;
        count += 1;
    }
    if count > MAX_POLICIES {
        return Err(rest.malformed(Problem::TooMany));
    }
    Ok(())
}

fn each<'a, T>(
    mut rest: Reader<'a>,
    read: impl Fn(&mut Reader<'a>) -> Result<T, Malformed>,
) -> impl Iterator<Item = T> {
    std::iter::from_fn(move || if rest.is_empty() { None } else { read(&mut rest).ok() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constraints_say_something() {
        assert!(PolicyConstraints::parse(&[0x30, 0]).is_err());
        assert_eq!(
            PolicyConstraints::parse(&[0x30, 6, 0x80, 1, 3, 0x81, 1, 0]),
            Ok(PolicyConstraints {
                require_explicit_policy: Some(3),
                inhibit_policy_mapping: Some(0),
            })
        );
        assert!(PolicyConstraints::parse(&[0x30, 3, 0x80, 1, 0xff]).is_err());
        assert_eq!(inhibit_any_policy(&[2, 5, 1, 0, 0, 0, 0]), Ok(u32::MAX));
    }

    #[test]
    fn policies_are_some_and_not_too_many() {
        assert!(CertificatePolicies::parse(&[0x30, 0]).is_err());
        let one = [0x30, 3, 0x06, 1, 0x2a];
        let many = |count: usize| {
            let length = u16::try_from(one.len() * count).expect("short").to_be_bytes();
            [&[0x30, 0x82][..], &length, &one.repeat(count)].concat()
        };
        assert!(CertificatePolicies::parse(&many(MAX_POLICIES)).is_ok());
        assert!(CertificatePolicies::parse(&many(MAX_POLICIES + 1)).is_err());
    }
}

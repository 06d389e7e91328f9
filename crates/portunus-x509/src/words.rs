//! What an extension says, in words.

use crate::Printable;
use crate::der::{Malformed, Oid, Problem, Reader, known, tag};
use crate::extensions::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, Extension, KeyUsage, subject_key_identifier,
};
use crate::name::constraints::NameConstraints;
use crate::name::{GeneralName, GeneralNames};
use crate::policies::{PolicyConstraints, PolicyMappings, inhibit_any_policy};
use crate::printable::hexadecimal;
use crate::revocation::{DistributionPoints, PointName, Reasons};
use crate::sct;
use std::fmt::Write as _;

impl Extension<'_> {
    /// What the extension says, in words: one text for each thing that it says, safe to show. `None` where this crate
    /// does not know the extension.
    pub fn in_words(&self) -> Option<Result<Vec<String>, Malformed>> {
        let value = self.value;
        Some(match self.oid {
            known::SUBJECT_KEY_IDENTIFIER => subject_key_identifier(value).map(|id| vec![hexadecimal(id)]),
            known::KEY_USAGE => KeyUsage::parse(value).map(|usage| vec![usage.to_string()]),
            known::SUBJECT_ALT_NAME | known::ISSUER_ALT_NAME => {
                GeneralNames::parse(value, self.name().unwrap_or_default()).map(|names| shown(&names))
            }
            known::BASIC_CONSTRAINTS => BasicConstraints::parse(value).map(|basic| vec![basic_constraints(basic)]),
            known::NAME_CONSTRAINTS => NameConstraints::parse(value).map(|names| name_constraints(&names)),
            known::CRL_DISTRIBUTION_POINTS => DistributionPoints::parse(value).map(distribution_points),
            known::CERTIFICATE_POLICIES => certificate_policies(value),
            known::POLICY_MAPPINGS => PolicyMappings::parse(value).map(|mappings| {
                let one = mappings.iter().map(|mapping| {
                    format!(
                        "the issuer's {} is the subject's {}",
                        mapping.issuer_domain, mapping.subject_domain
                    )
                });
                one.collect()
            }),
            known::AUTHORITY_KEY_IDENTIFIER => AuthorityKeyIdentifier::parse(value).map(|aki| authority_key(&aki)),
            known::POLICY_CONSTRAINTS => PolicyConstraints::parse(value).map(policy_constraints),
            known::EXTENDED_KEY_USAGE => ExtendedKeyUsage::parse(value).map(|purposes| vec![purposes.to_string()]),
            known::INHIBIT_ANY_POLICY => inhibit_any_policy(value).map(|skip| {
                vec![format!(
                    "anyPolicy stands for no other policy after {}",
                    certificates(skip)
                )]
            }),
            known::AUTHORITY_INFORMATION_ACCESS => authority_information(value),
            known::TLS_FEATURE => tls_features(value),
            known::SCT_LIST => sct::embedded(value).map(timestamps),
            known::OCSP_NO_CHECK => Ok(vec![
                "nobody need ask whether this responder's certificate was revoked".to_owned(),
            ]),
            known::NETSCAPE_COMMENT => comment(value).map(|text| vec![text]),
            _ => return None,
        })
    }
}

fn certificates(count: u32) -> String {
    match count {
        1 => "1 more certificate".to_owned(),
        count => format!("{count} more certificates"),
    }
}

fn shown(names: &GeneralNames<'_>) -> Vec<String> {
    names.clone().map(|name| name.to_string()).collect()
}

fn basic_constraints(basic: BasicConstraints) -> String {
    let authority = if basic.ca {
        "an authority: may issue certificates"
    } else {
        "not an authority"
    };
    match basic.path_len {
        None => authority.to_owned(),
        Some(0) => format!("{authority}, with no other authority below it"),
        Some(1) => format!("{authority}, with at most 1 authority below it"),
        Some(count) => format!("{authority}, with at most {count} authorities below it"),
    }
}

fn name_constraints(names: &NameConstraints<'_>) -> Vec<String> {
    let permitted = names.permitted().map(|subtree| format!("permitted {subtree}"));
    let excluded = names.excluded().map(|subtree| format!("excluded {subtree}"));
    permitted.chain(excluded).collect()
}

fn distribution_points(points: DistributionPoints<'_>) -> Vec<String> {
    let mut told = Vec::new();
    for point in points {
        let mut text = match &point.name {
            Some(PointName::Full(names)) => shown(names).join(" or "),
            Some(PointName::Relative(_)) => "a name relative to that of the list's issuer".to_owned(),
            None => "the directory".to_owned(),
        };
        if let Some(issuer) = &point.crl_issuer {
            let _ = write!(text, ", issued by {}", shown(issuer).join(" or "));
        }
        if point.reasons != Reasons::ALL {
            text.push_str(", for some reasons only");
        }
        told.push(text);
    }
    told
}

fn certificate_policies(value: &[u8]) -> Result<Vec<String>, Malformed> {
    let mut policies = Reader::whole_sequence(value, "certificatePolicies")?;
    let mut told = Vec::new();
    while !policies.is_empty() {
        let mut policy = policies.sequence()?;
        let mut text = policy_name(policy.oid()?);
        if !policy.is_empty() {
            let mut qualifiers = policy.sequence()?;
            while !qualifiers.is_empty() {
                let mut qualifier = qualifiers.sequence()?;
                let kind = qualifier.oid()?;
                let contents = qualifier.any()?.contents;
                if kind == known::CPS_QUALIFIER {
                    let _ = write!(text, ", see {}", Printable::new(contents));
                }
            }
        }
        policy.finish()?;
        told.push(text);
    }
    Ok(told)
}

fn policy_name(policy: Oid<'_>) -> String {
    let name = match policy {
        known::ANY_POLICY => "any policy",
        known::EXTENDED_VALIDATED => "extended validation",
        known::DOMAIN_VALIDATED => "domain validated",
        known::ORGANIZATION_VALIDATED => "organization validated",
        known::INDIVIDUAL_VALIDATED => "individual validated",
        other => return other.to_string(),
    };
    format!("{policy} ({name})")
}

fn authority_key(aki: &AuthorityKeyIdentifier<'_>) -> Vec<String> {
    let key = aki.key_identifier.map(hexadecimal);
    let issuer = aki.authority_cert_issuer.as_ref();
    let issuer = issuer.map(|names| format!("issued by {}", shown(names).join(" or ")));
    let serial = aki.authority_cert_serial_number;
    let serial = serial.map(|serial| format!("serial number {}", hexadecimal(serial)));
    [key, issuer, serial].into_iter().flatten().collect()
}

fn policy_constraints(constraints: PolicyConstraints) -> Vec<String> {
    let require = constraints.require_explicit_policy;
    let require = require.map(|skip| format!("a policy is required after {}", certificates(skip)));
    let inhibit = constraints.inhibit_policy_mapping;
    let inhibit = inhibit.map(|skip| format!("policies are not mapped after {}", certificates(skip)));
    [require, inhibit].into_iter().flatten().collect()
}

fn authority_information(value: &[u8]) -> Result<Vec<String>, Malformed> {
    let mut descriptions = Reader::whole_sequence(value, "authorityInfoAccess")?;
    let mut told = Vec::new();
    while !descriptions.is_empty() {
        let mut description = descriptions.sequence()?;
        let method = description.oid()?;
        let place = GeneralName::read(&mut description)?;
        description.finish()?;
        told.push(match method {
            known::AD_OCSP => format!("responder of OCSP {place}"),
            known::AD_CA_ISSUERS => format!("the issuer's certificate {place}"),
            other => format!("{other} {place}"),
        });
    }
    Ok(told)
}

fn tls_features(value: &[u8]) -> Result<Vec<String>, Malformed> {
    let mut features = Reader::whole_sequence(value, "tlsFeature")?;
    let mut told = Vec::new();
    while !features.is_empty() {
        let feature = features.integer()?;
        told.push(match features.small_number(feature)? {
            5 => "status_request: the server promises to staple a response of OCSP".to_owned(),
            17 => "status_request_v2".to_owned(),
            other => format!("the TLS extension {other}"),
        });
    }
    Ok(told)
}

fn timestamps(list: &[u8]) -> Vec<String> {
    let one = |timestamp: sct::Timestamp<'_>| format!("{}, log {}", timestamp.at(), hexadecimal(timestamp.log));
    sct::timestamps(list).map(one).collect()
}

fn comment(value: &[u8]) -> Result<String, Malformed> {
    const FIELD: &str = "netscapeComment";
    let mut reader = Reader::new(value, FIELD);
    let element = reader.any()?;
    reader.finish()?;
    match element.tag {
        tag::IA5_STRING | tag::UTF8_STRING | tag::PRINTABLE_STRING => Ok(Printable::new(element.contents).to_string()),
        _ => Err(Malformed::new(FIELD, Problem::Tag)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(oid: Oid<'_>, value: &[u8]) -> Option<Result<Vec<String>, Malformed>> {
        let critical = false;
        Extension { oid, critical, value }.in_words()
    }

    fn told(oid: Oid<'_>, value: &[u8]) -> Vec<String> {
        words(oid, value).expect("it is known").expect("it can be read")
    }

    #[test]
    fn each_says_what_it_means() {
        assert_eq!(told(known::BASIC_CONSTRAINTS, &[0x30, 0]), ["not an authority"]);
        assert_eq!(
            told(known::BASIC_CONSTRAINTS, &[0x30, 6, 1, 1, 0xff, 2, 1, 0]),
            ["an authority: may issue certificates, with no other authority below it"]
        );
        assert_eq!(told(known::SUBJECT_KEY_IDENTIFIER, &[4, 2, 0xab, 1]), ["ab:01"]);
        assert_eq!(
            told(known::TLS_FEATURE, &[0x30, 3, 2, 1, 5]),
            ["status_request: the server promises to staple a response of OCSP"]
        );
        assert_eq!(
            told(
                known::CERTIFICATE_POLICIES,
                &[0x30, 10, 0x30, 8, 6, 6, 0x67, 0x81, 0x0c, 1, 2, 1]
            ),
            ["2.23.140.1.2.1 (domain validated)"]
        );
        assert_eq!(
            told(
                known::CRL_DISTRIBUTION_POINTS,
                &[0x30, 9, 0x30, 7, 0xa0, 5, 0xa0, 3, 0x86, 1, b'u']
            ),
            ["URI:u"]
        );
        assert_eq!(
            told(known::POLICY_CONSTRAINTS, &[0x30, 6, 0x80, 1, 0, 0x81, 1, 1]),
            [
                "a policy is required after 0 more certificates",
                "policies are not mapped after 1 more certificate"
            ]
        );
    }

    #[test]
    fn what_a_peer_chose_is_escaped() {
        assert_eq!(
            told(known::NETSCAPE_COMMENT, &[0x16, 3, b'a', 0x1b, b'b']),
            ["a\\u{1b}b"]
        );
    }

    #[test]
    fn what_is_broken_or_not_known_is_said_to_be() {
        assert!(
            words(known::SUBJECT_ALT_NAME, &[0x30, 0])
                .expect("it is known")
                .is_err()
        );
        assert!(words(known::SERVER_AUTH, &[]).is_none());
    }
}

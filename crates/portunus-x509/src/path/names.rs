//! The checks on names: those of an end entity, and those that an authority allows.

use super::budget::{Exhausted, Spent};
use super::check::Sink;
use super::nearest;
use crate::ServerName;
use crate::certificate::Certificate;
use crate::name::constraints::Judgement;
use crate::name::{self, GeneralName, GeneralNames};
use crate::report::Check;
use std::ops::ControlFlow;

/// What RFC 5280 section 4.2.1.6 wants of an end entity's names, and whether the wanted one is among them.
pub(super) fn alternative(
    certificate: &Certificate<'_>,
    wanted: Option<&ServerName>,
    sink: &mut impl Sink,
) -> ControlFlow<()> {
    let subject_is_empty = certificate.subject().is_empty();
    if let Some(extension) = certificate.extensions().subject_alt_name {
        sink.note(
            Check::AlternativeNamesCritical,
            extension.critical || !subject_is_empty,
            String::new,
        )?;
        sink.note(
            Check::AlternativeNamesNotCritical,
            !extension.critical || subject_is_empty,
            String::new,
        )?;
    }
    let Some(names) = sink.read(certificate.subject_alt_names())? else {
        return ControlFlow::Continue(());
    };
    let improper = names.clone().find(|name| !is_proper(name));
    sink.note(Check::AlternativeNames, improper.is_none(), || {
        improper.map(|n| n.to_string()).unwrap_or_default()
    })?;
    let shared = names.clone().find(is_wildcard_of_public_suffix);
    sink.note(Check::PublicSuffix, shared.is_none(), || {
        shared.map(|n| n.to_string()).unwrap_or_default()
    })?;
    let Some(wanted) = wanted else {
        return ControlFlow::Continue(());
    };
    let found = name::find(wanted, names.clone());
    sink.note(Check::Name, found.is_some(), || match found {
        Some(found) => format!("{wanted} by {found}"),
        None => {
            let nearest = nearest::to(wanted, names.clone()).map(|why| format!("; {why}"));
            format!(
                "wanted is {wanted}, and {}{}",
                listed(names),
                nearest.unwrap_or_default()
            )
        }
    })
}

/// RFC 5280 section 4.2.1.6: the preferred name syntax, which has no underscores; each name is something.
fn is_proper(name: &GeneralName<'_>) -> bool {
    match name {
        GeneralName::Dns(pattern) => !pattern.contains('_') && name::check_presented(pattern).is_ok(),
        GeneralName::Email(text) | GeneralName::Uri(text) => !text.is_empty(),
        _ => true,
    }
}

/// Whether a wildcard stands right below a suffix that a registry hands out names under (`*.co.uk`). Suffixes that private
/// parties have put on the list do not count (CA/Browser Forum BR section 3.2.2.6): theirs are in daily use, such as
/// `*.s3.amazonaws.com`.
fn is_wildcard_of_public_suffix(name: &GeneralName<'_>) -> bool {
    let GeneralName::Dns(pattern) = name else { return false };
    let Some(parent) = pattern.strip_prefix("*.") else {
        return false;
    };
    let parent = parent.to_ascii_lowercase();
    psl::suffix(parent.as_bytes())
        .is_some_and(|suffix| suffix.typ() == Some(psl::Type::Icann) && suffix.as_bytes() == parent.as_bytes())
}

/// The names of a certificate, as far as somebody would read them.
fn listed(names: GeneralNames<'_>) -> String {
    const MOST: usize = 8;
    let all = names.clone().count();
    if all == 0 {
        return "the certificate has no subjectAltName (a common name does not count)".to_owned();
    }
    let shown: Vec<_> = names.take(MOST).map(|name| name.to_string()).collect();
    let more = all.saturating_sub(shown.len());
    let more = if more == 0 {
        String::new()
    } else {
        format!(" and {more} more")
    };
    format!("the certificate has {}{more}", shown.join(", "))
}

/// Whether the names of all certificates below an authority lie within its constraints (RFC 5280 section 6.1.4). `below`
/// begins with the end entity. Of each certificate, the first name that is not allowed is told.
pub(super) fn constraints<'c>(
    authority: &Certificate<'_>,
    below: impl Iterator<Item = &'c Certificate<'c>>,
    spent: &mut Spent,
    sink: &mut impl Sink,
) -> Result<ControlFlow<()>, Exhausted> {
    let Ok(Some(constraints)) = authority.name_constraints() else {
        return Ok(ControlFlow::Continue(()));
    };
    for (index, certificate) in below.enumerate() {
        // A self-issued authority passes on a key, not a name (RFC 5280 section 6.1.3).
        if index > 0 && certificate.is_self_issued() {
            continue;
        }
        let flow = each_name(certificate, |name| {
            let judgement = match constraints.judge(&name, || spent.compare_name()) {
                Ok(judgement) => judgement,
                Err(exhausted) => return ControlFlow::Break(Err(exhausted)),
            };
            let allowed = judgement == Judgement::Allowed;
            let flow = sink.note(Check::NameConstraints, allowed, || match &judgement {
                Judgement::Allowed => name.to_string(),
                Judgement::Excluded(subtree) => format!("{name} lies in the excluded {subtree}"),
                Judgement::NotPermitted => format!("{name} lies in none of the permitted subtrees"),
                Judgement::NotComparable(subtree) => format!("{name} cannot be compared with {subtree}"),
            });
            if allowed {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(Ok(flow))
            }
        });
        match flow {
            ControlFlow::Break(Err(exhausted)) => return Err(exhausted),
            ControlFlow::Break(Ok(ControlFlow::Break(()))) => return Ok(ControlFlow::Break(())),
            ControlFlow::Break(Ok(ControlFlow::Continue(()))) | ControlFlow::Continue(()) => {}
        }
    }
    Ok(ControlFlow::Continue(()))
}

/// Every name of a certificate that constraints are about: its subject, its alternative names and, where it has none, the
/// mailboxes in its subject (RFC 5280 section 4.2.1.10).
fn each_name<B>(
    certificate: &Certificate<'_>,
    mut visit: impl FnMut(GeneralName<'_>) -> ControlFlow<B>,
) -> ControlFlow<B> {
    let subject = certificate.subject();
    if !subject.is_empty() {
        visit(GeneralName::Directory(subject))?;
    }
    // A subjectAltName that cannot be read has failed already.
    for name in certificate.subject_alt_names().unwrap_or_else(|_| GeneralNames::none()) {
        visit(name)?;
    }
    if certificate.extensions().subject_alt_name.is_none() {
        for email in subject.email_addresses() {
            visit(GeneralName::Email(&email))?;
        }
    }
    ControlFlow::Continue(())
}

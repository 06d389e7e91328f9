//! Why there is no path: the search again without pruning, every check told; and the checks of a path that was found.

use super::budget::Spent;
use super::build::{IssuingAnchor, Search, Signer, above};
use super::check::{self, Report, Role, Sink};
use super::{Question, hints, policies};
use crate::certificate::Certificate;
use crate::der::Malformed;
use crate::limits::{MAX_NODES_TO_EXPLAIN, MAX_PATH, MAX_REFUSED_PATHS, MAX_SHOWN_NAME};
use crate::printable::hexadecimal;
use crate::report::{Check, Finding, Outcome, Refusal, RefusedPath, Summary};
use std::ops::ControlFlow;
use std::sync::Arc;

/// The peer sent nothing.
pub(crate) fn no_certificate() -> Refusal {
    Refusal::new(Vec::new(), Vec::new(), failure(Check::Present, String::new()))
}

/// The end entity's certificate is none.
pub(crate) fn unreadable(der: &[u8], malformed: &Malformed) -> Refusal {
    let summary = Summary {
        subject: "(unreadable)".to_owned(),
        issuer: "(unreadable)".to_owned(),
        serial: String::new(),
        is_anchor: false,
        der: Arc::from(der),
    };
    let finding = failure(Check::Encoding, malformed.to_string());
    Refusal::new(
        vec![RefusedPath::new(vec![summary], vec![finding.clone()])],
        Vec::new(),
        finding,
    )
}

/// The end entity is an anchor itself, and still is not acceptable.
pub(crate) fn anchor_as_end_entity(certificate: &Certificate<'_>, question: &Question<'_>) -> Refusal {
    let findings = end_entity_findings(certificate, question, false);
    let path = RefusedPath::new(vec![summary(certificate, true)], findings);
    Refusal::new(vec![path], Vec::new(), failure(Check::Budget, String::new()))
}

/// Tells every path that the search can go, the one closest to success first. `cause` stands above all of them.
pub(crate) fn refusal(search: Search<'_, '_>, cause: Option<Check>) -> Refusal {
    let mut told = Telling {
        search,
        paths: Vec::new(),
        steps_left: MAX_NODES_TO_EXPLAIN,
    };
    told.extend(&mut vec![0]);
    let Telling { search, mut paths, .. } = told;
    // Paths to an anchor first; of the others, those that go far.
    paths.sort_by_key(|path| {
        let failures = path
            .findings
            .iter()
            .filter(|finding| finding.outcome == Outcome::Failed)
            .count();
        let missing = if path.anchor.is_some() {
            0
        } else {
            MAX_PATH.saturating_sub(path.places.len())
        };
        (path.anchor.is_none(), missing, failures)
    });
    paths.truncate(MAX_REFUSED_PATHS);
    let sent: Vec<_> = search
        .candidates
        .iter()
        .map(|candidate| summary(&candidate.certificate, false))
        .collect();
    let mut paths: Vec<_> = paths.into_iter().map(|path| path.with_summaries(&sent)).collect();
    if let (Some(check), Some(end_entity)) = (cause, sent.first()) {
        paths.insert(
            0,
            RefusedPath::new(vec![end_entity.clone()], vec![failure(check, String::new())]),
        );
    }
    let hints = hints::of(&search, paths.first());
    Refusal::new(paths, hints, failure(Check::Budget, String::new()))
}

/// Every check on a path that was found, certificate by certificate.
pub(crate) fn made_checks(certificates: &[Certificate<'_>], question: &Question<'_>) -> Vec<Finding> {
    let signed = |_: usize| Some(true);
    let mut spent = Spent::new(question.policy.budget);
    findings(certificates, true, question, &mut spent, signed, true)
}

fn failure(check: Check, value: String) -> Finding {
    Finding {
        check,
        certificate: 0,
        outcome: Outcome::Failed,
        value,
    }
}

/// The search without pruning.
struct Telling<'a, 'q> {
    search: Search<'a, 'q>,
    paths: Vec<Told>,
    steps_left: usize,
}

/// A path that was tried: places among the candidates, and the anchor if it got there.
struct Told {
    places: Vec<usize>,
    anchor: Option<Summary>,
    findings: Vec<Finding>,
}

impl Told {
    fn with_summaries(self, sent: &[Summary]) -> RefusedPath {
        let candidates = self.places.into_iter().filter_map(|place| sent.get(place).cloned());
        RefusedPath::new(candidates.chain(self.anchor).collect(), self.findings)
    }
}

impl<'a> Telling<'a, '_> {
    fn extend(&mut self, path: &mut Vec<usize>) {
        let Some(&last) = path.last() else { return };
        let anchors = self.search.issuing_anchors(last, path);
        let candidates = if path.len() + 1 < MAX_PATH {
            self.search.issuing_candidates(last, path)
        } else {
            Vec::new()
        };
        if anchors.is_empty() && candidates.is_empty() {
            self.tell(path, None);
        }
        for anchor in anchors {
            if !self.step() {
                return;
            }
            self.tell(path, Some(&anchor));
        }
        for candidate in candidates {
            if !self.step() {
                return;
            }
            path.push(candidate);
            self.extend(path);
            path.pop();
        }
    }

    fn step(&mut self) -> bool {
        let left = self.steps_left.checked_sub(1);
        self.steps_left = left.unwrap_or(0);
        left.is_some()
    }

    fn tell(&mut self, path: &[usize], anchor: Option<&IssuingAnchor<'a>>) {
        let signed = path.iter().enumerate().map(|(at, place)| {
            let next = path.get(at.saturating_add(1)).copied().map(Signer::Candidate);
            let signer = next.or(anchor.map(Signer::Anchor))?;
            // With no budget left, whether it is signed is not told.
            self.search.is_signed(*place, signer).ok()
        });
        let signed: Vec<_> = signed.collect();
        let candidates = path.iter().filter_map(|place| self.search.candidates.get(*place));
        let mut certificates: Vec<_> = candidates.map(|candidate| candidate.certificate.clone()).collect();
        let anchored = anchor.is_some();
        certificates.extend(anchor.map(|anchor| anchor.certificate.clone()));
        let all_signed = signed.iter().all(|signed| *signed == Some(true));
        let signed = |at: usize| signed.get(at).copied().flatten();
        let question = self.search.question;
        let mut found = Vec::new();
        if !anchored {
            let round = path
                .last()
                .is_some_and(|last| !self.search.issuing_candidates(*last, &[]).is_empty());
            found.extend(not_anchored(&certificates, round));
        }
        found.extend(findings(
            &certificates,
            anchored,
            question,
            &mut self.search.spent,
            signed,
            false,
        ));
        if let Some(anchor) = anchor
            && all_signed
        {
            let mut report = Report::new(question, false);
            // With no budget left, it is not told.
            let _ = self.search.transparency(path, anchor, &mut report);
            if question.revocation.is_some() {
                let _ = self.search.revocation(path, anchor, &mut report);
            }
            found.append(&mut report.findings);
        }
        let anchor = anchor.map(|anchor| summary(anchor.certificate, true));
        self.paths.push(Told {
            places: path.to_vec(),
            anchor,
            findings: found,
        });
    }
}

/// Why a path ends before an anchor; `round` if the issuer was sent and is on the path already.
fn not_anchored(certificates: &[Certificate<'_>], round: bool) -> Option<Finding> {
    let last = certificates.last()?;
    let at = certificates.len().saturating_sub(1);
    let issuer = || clipped(last.issuer().to_string());
    let (check, value) = match at {
        _ if certificates.len() + 1 >= MAX_PATH => (Check::Depth, format!("{} certificates", certificates.len())),
        0 if last.is_self_issued() => (Check::SelfSigned, String::new()),
        _ if last.is_self_issued() => (
            Check::Anchored,
            "it is a root that the peer sent, and not one of the trusted ones".to_owned(),
        ),
        _ if round => (Check::Anchored, format!("its issuer {} leads back to it", issuer())),
        _ => (
            Check::Anchored,
            format!(
                "its issuer {} was not sent, and is not one of the trusted ones",
                issuer()
            ),
        ),
    };
    Some(Finding {
        check,
        certificate: at,
        outcome: Outcome::Failed,
        value,
    })
}

/// All findings on a path, in the order in which the checks are made.
fn findings(
    certificates: &[Certificate<'_>],
    anchored: bool,
    question: &Question<'_>,
    spent: &mut Spent,
    signed: impl Fn(usize) -> Option<bool>,
    keep_passed: bool,
) -> Vec<Finding> {
    let Some((end_entity, authorities)) = certificates.split_first() else {
        return Vec::new();
    };
    let findings = end_entity_findings(end_entity, question, keep_passed);
    let mut report = Report::new(question, keep_passed);
    report.findings = findings;
    let flow = (1..).zip(authorities).try_for_each(|(at, authority)| {
        report.about(at);
        let role = if anchored && at == authorities.len() {
            Role::Anchor
        } else {
            Role::Intermediate
        };
        check::authority(authority, role, question, &mut report)?;
        match above(
            authority,
            certificates.iter().take(at),
            question.policy,
            spent,
            &mut report,
        ) {
            Ok(flow) => flow,
            // The names that could still be compared were; the refusal says that the budget is used up.
            Err(_) => ControlFlow::Break(()),
        }
    });
    // A report never breaks off by itself.
    let _ = flow;
    if let (true, Some((anchor, path))) = (anchored, certificates.split_last()) {
        report.about(0);
        let _ = policies::check(anchor, path.iter(), question, spent, &mut report);
    }
    for (at, certificate) in certificates.iter().enumerate() {
        let (Some(good), Some(issuer)) = (signed(at), certificates.get(at.saturating_add(1))) else {
            continue;
        };
        report.about(at);
        let value = || {
            format!(
                "{} by {}",
                certificate.signature_algorithm(),
                clipped(issuer.subject().to_string())
            )
        };
        let _ = report.note(Check::Signature, good, value);
    }
    report.findings
}

fn end_entity_findings(certificate: &Certificate<'_>, question: &Question<'_>, keep_passed: bool) -> Vec<Finding> {
    let mut report = Report::new(question, keep_passed);
    let _ = check::end_entity(certificate, question, &mut report);
    report.findings
}

fn summary(certificate: &Certificate<'_>, is_anchor: bool) -> Summary {
    let named = |name: String| {
        if name.is_empty() {
            "(no name)".to_owned()
        } else {
            clipped(name)
        }
    };
    let mut subject = certificate.subject().to_string();
    if subject.is_empty() {
        // Certificates of today often have no subject: their names stand in the extension.
        subject = certificate
            .subject_alt_names()
            .ok()
            .and_then(|mut names| names.next())
            .map_or(subject, |n| n.to_string());
    }
    Summary {
        subject: named(subject),
        issuer: named(certificate.issuer().to_string()),
        serial: hexadecimal(certificate.serial()),
        is_anchor,
        der: Arc::from(certificate.der()),
    }
}

/// A name at a length that somebody would read: a certificate may have one of 60 KiB.
pub(super) fn clipped(name: String) -> String {
    match name.char_indices().nth(MAX_SHOWN_NAME) {
        Some((end, _)) => format!("{}…", name.get(..end).unwrap_or_default()),
        None => name,
    }
}

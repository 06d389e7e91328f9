//! What revocation lists say of a certificate (RFC 5280 section 6.3.3).

use super::{Revoked, Source, Standing, Status, Why};
use crate::UnixTime;
use crate::certificate::Certificate;
use crate::extensions::KeyUsage;
use crate::limits::MAX_LIST_ISSUERS_IN_A_ROW;
use crate::path::budget::Exhausted;
use crate::path::build::{Branch, Goal, IssuingAnchor, Path, Place, Search};
use crate::path::check::{self, Verdict};
use crate::policy::Severity;
use crate::report::Check;
use crate::revocation::{DistributionPoint, Reasons, RevocationList, RevocationReason, RevokedCertificate};
use crate::signature::Known;

/// What a search has learnt about revocation lists, which are known by their places.
#[derive(Debug, Default)]
pub(in crate::path) struct Lists<'l> {
    signatures: Vec<(usize, Place, bool)>,
    /// What a list says of a candidate.
    entries: Vec<(usize, usize, Option<RevokedCertificate<'l>>)>,
    /// Candidates whose right to sign lists is being looked at. A list may tell of the certificate of whoever signed it: nobody else could
    /// tell then, and so that certificate counts as good unless it says otherwise.
    issuers: Vec<usize>,
}

impl<'a, 'q> Search<'a, 'q> {
    /// RFC 5280 section 6.3.3: the points that the certificate names, and then the one that needs no name. `place` is the certificate's
    /// among the candidates, where it is one.
    pub(super) fn by_lists(
        &mut self,
        place: Option<usize>,
        certificate: &Certificate<'_>,
        standing: Standing<'_, 'a>,
    ) -> Result<Status<'q>, Exhausted> {
        let Some(revocation) = self.question.revocation.filter(|known| !known.lists.is_empty()) else {
            return Ok(Status::Unknown(Why::NoList));
        };
        self.spent.step()?;
        let points = match certificate.crl_distribution_points() {
            Ok(points) => points,
            Err(malformed) => return Ok(Status::Unknown(Why::Points(malformed))),
        };
        let issuer = certificate.issuer().fingerprint();
        let mut told = Reasons::NONE;
        let mut until = UnixTime(i64::MAX);
        let mut flaw = None;
        let mut closest = Why::NoList;
        for point in points.map(Some).chain([None]) {
            for (number, list) in revocation.lists.iter().enumerate() {
                if !is_by_issuer(list, point.as_ref(), certificate, issuer) {
                    continue;
                }
                self.spent.step()?;
                if list.is_delta() || !covers(list, point.as_ref(), certificate) {
                    if closest.rank() < Why::OutOfScope.rank() {
                        closest = Why::OutOfScope;
                    }
                    continue;
                }
                let reasons = reasons(list, point.as_ref());
                if told.contain(reasons) {
                    continue;
                }
                let used = match self.use_list(number, list, standing)? {
                    Ok(used) => used,
                    Err(why) => {
                        if why.rank() >= closest.rank() {
                            closest = why;
                        }
                        continue;
                    }
                };
                if let Some(revoked) = self.revoked_by(&used, place, certificate)? {
                    return Ok(Status::Revoked(revoked));
                }
                told = told.or(reasons);
                until = until.min(used.until);
                flaw = flaw.or(list.flaw());
                if told.contain(Reasons::ALL) {
                    return Ok(Status::Good { until, flaw });
                }
                closest = Why::OnlySomeReasons;
            }
        }
        Ok(Status::Unknown(closest))
    }

    /// RFC 5280 section 6.3.3 (i) to (k): what the delta says counts.
    fn revoked_by(
        &mut self,
        used: &Used<'q>,
        place: Option<usize>,
        certificate: &Certificate<'_>,
    ) -> Result<Option<Revoked<'q>>, Exhausted> {
        for (number, list) in used.delta.into_iter().chain([used.list]) {
            if let Some(entry) = self.look_up(number, list, place, certificate)? {
                let is_revoked = entry.reason != Some(RevocationReason::REMOVE_FROM_CRL);
                return Ok(is_revoked.then(|| Revoked {
                    since: entry.revocation_date,
                    reason: entry.reason,
                    by: Source::List(list.issuer(), list.this_update()),
                }));
            }
        }
        Ok(None)
    }

    /// What one list says of a certificate: looked for once, remembered then.
    fn look_up(
        &mut self,
        number: usize,
        list: &'q RevocationList<'q>,
        place: Option<usize>,
        certificate: &Certificate<'_>,
    ) -> Result<Option<RevokedCertificate<'q>>, Exhausted> {
        let known = self.lists.entries.iter();
        let mut known = known.filter(|(list, of, _)| *list == number && Some(*of) == place);
        if let Some((_, _, entry)) = known.next() {
            return Ok(entry.clone());
        }
        self.spent.look_up()?;
        let entry = list.find(&certificate.issuer(), certificate.serial());
        if let Some(place) = place {
            self.lists.entries.push((number, place, entry.clone()));
        }
        Ok(entry)
    }

    /// Whether a complete list can be used, and with which delta.
    fn use_list(
        &mut self,
        place: usize,
        list: &'q RevocationList<'q>,
        standing: Standing<'_, 'a>,
    ) -> Result<Result<Used<'q>, Why<'q>>, Exhausted> {
        let time = self.question.time;
        let current = match is_current(list, time) {
            // What is yet to come does not become current by a delta.
            Err(why @ Why::NotYet(_)) => return Ok(Err(why)),
            current => current,
        };
        let delta = self.question.revocation.into_iter().flat_map(|revocation| {
            let deltas = revocation.lists.iter().enumerate();
            deltas.filter(|(_, delta)| updates(delta, list) && is_current(delta, time).is_ok())
        });
        let deltas: Vec<_> = delta.filter(|(_, delta)| self.usable(delta).is_ok()).collect();
        // RFC 5280 section 6.3.3 (a): with a delta that is current, an older list is so, too.
        if let (Err(why), true) = (current, deltas.is_empty()) {
            return Ok(Err(why));
        }
        if let Err(why) = self.usable(list) {
            return Ok(Err(why));
        }
        let Some(signer) = self.signer(place, list, standing)? else {
            return Ok(Err(Why::Signature));
        };
        // The newest one first, by the order of the lists.
        for (number, delta) in deltas {
            if self.is_list_signed(number, delta, signer, standing.anchor)? {
                return Ok(Ok(Used {
                    list: (place, list),
                    delta: Some((number, delta)),
                    until: delta.next_update().unwrap_or(time),
                }));
            }
        }
        Ok(current.map(|until| Used {
            list: (place, list),
            delta: None,
            until,
        }))
    }

    /// Whether a list can be understood and has a form that the policy lets pass.
    fn usable(&self, list: &RevocationList<'q>) -> Result<(), Why<'q>> {
        if let Some(oid) = list.unknown_critical() {
            return Err(Why::Critical(oid));
        }
        match list.flaw() {
            Some(flaw) if self.question.severity(Check::RevocationListForm) == Severity::Refuse => Err(Why::Flaw(flaw)),
            _ => Ok(()),
        }
    }

    /// Who signed the list and may sign it, with a path to the same anchor (RFC 5280 section 6.3.3 (f) and (g)).
    fn signer(
        &mut self,
        number: usize,
        list: &RevocationList<'_>,
        standing: Standing<'_, 'a>,
    ) -> Result<Option<Place>, Exhausted> {
        let issuer = list.issuer();
        let fingerprint = list.issuer_fingerprint;
        let is_named = |certificate: &Certificate<'_>| may_sign(certificate) && certificate.subject().matches(&issuer);
        let named: Vec<_> = (0..)
            .zip(&self.candidates)
            .filter(|(_, candidate)| candidate.subject == fingerprint && is_named(&candidate.certificate))
            .map(|(place, candidate)| (place, candidate.key_identifier))
            .collect();
        // Those above on the path have been judged: what is asked about them besides is asked there.
        let above = standing.path.get(standing.at.saturating_add(1)..).unwrap_or_default();
        for (place, _) in named.iter().filter(|(place, _)| above.contains(place)) {
            let place = Place::Candidate(*place);
            if self.is_list_signed(number, list, place, standing.anchor)? {
                return Ok(Some(place));
            }
        }
        let anchor = Place::Anchor(standing.anchor.place);
        if is_named(standing.anchor.certificate) && self.is_list_signed(number, list, anchor, standing.anchor)? {
            return Ok(Some(anchor));
        }
        let hint = list.signer_hint();
        for hinted in [true, false] {
            for (place, key_identifier) in &named {
                if above.contains(place) || (hint.is_some() && *key_identifier == hint) != hinted {
                    continue;
                }
                let signer = Place::Candidate(*place);
                if self.is_list_signed(number, list, signer, standing.anchor)?
                    && self.is_list_issuer(*place, standing.anchor.place)?
                {
                    return Ok(Some(signer));
                }
            }
        }
        Ok(None)
    }

    /// Whether a candidate that signed a list has a path to the anchor on which nothing is revoked.
    fn is_list_issuer(&mut self, place: usize, anchor: usize) -> Result<bool, Exhausted> {
        if self.lists.issuers.contains(&place) {
            return Ok(true);
        }
        let Some(candidate) = self.candidates.get(place) else {
            return Ok(false);
        };
        let sound = check::signs_about_revocation(&candidate.certificate, self.question, &mut Verdict(self.question));
        if sound.is_break() || self.lists.issuers.len() >= MAX_LIST_ISSUERS_IN_A_ROW {
            return Ok(false);
        }
        self.spent.step()?;
        self.lists.issuers.push(place);
        let branch = self.extend(&mut Path::from_iter([place]), Goal::ListIssuer(anchor));
        self.lists.issuers.pop();
        Ok(matches!(branch?, Branch::Found(..)))
    }

    /// Whether a list was signed by this key: verified once, remembered then.
    fn is_list_signed(
        &mut self,
        number: usize,
        list: &RevocationList<'_>,
        signer: Place,
        anchor: &IssuingAnchor<'_>,
    ) -> Result<bool, Exhausted> {
        let known = self.lists.signatures.iter();
        let mut known = known.filter(|(list, place, _)| (*list, *place) == (number, signer));
        if let Some((_, _, good)) = known.next() {
            return Ok(*good);
        }
        self.spent.verify_signature()?;
        let memory = self.question.memory;
        let (certificate, key) = match signer {
            Place::Candidate(place) => (self.candidates.get(place).map(|signer| &signer.certificate), None),
            Place::Anchor(_) => (Some(anchor.certificate), Some(anchor.anchor.key())),
        };
        let good = certificate
            .is_some_and(|signer| list.is_signed_by(signer.subject_public_key_info(), Known { key, memory }));
        self.lists.signatures.push((number, signer, good));
        Ok(good)
    }
}

/// A complete list that is used, and the delta that brings it up to date, with their places.
struct Used<'l> {
    list: (usize, &'l RevocationList<'l>),
    delta: Option<(usize, &'l RevocationList<'l>)>,
    until: UnixTime,
}

/// RFC 5280 section 6.3.3 (b) (1): whether the list is by whoever tells of the certificate at this point.
fn is_by_issuer(
    list: &RevocationList<'_>,
    point: Option<&DistributionPoint<'_>>,
    certificate: &Certificate<'_>,
    fingerprint: u64,
) -> bool {
    match point.and_then(|point| point.crl_issuer.as_ref()) {
        Some(names) => {
            let issuing = list.issuing_distribution_point();
            issuing.is_some_and(|issuing| issuing.indirect_crl)
                && crate::revocation::directory_names(names).any(|name| name.matches(&list.issuer()))
        }
        None => list.issuer_fingerprint == fingerprint && list.issuer().matches(&certificate.issuer()),
    }
}

/// RFC 5280 section 6.3.3 (b) (2): whether a list of that issuer tells of the certificate at this point, or at the one that needs no name.
fn covers(list: &RevocationList<'_>, point: Option<&DistributionPoint<'_>>, certificate: &Certificate<'_>) -> bool {
    let issuing = list.issuing_distribution_point();
    let crl_issuer = point.and_then(|point| point.crl_issuer.as_ref());
    let Some(issuing) = issuing else { return true };
    let is_ca = certificate
        .basic_constraints()
        .is_ok_and(|constraints| constraints.is_some_and(|constraints| constraints.ca));
    if issuing.only_contains_attribute_certs
        || (issuing.only_contains_user_certs && is_ca)
        || (issuing.only_contains_ca_certs && !is_ca)
    {
        return false;
    }
    let Some(name) = &issuing.name else { return true };
    let issuer = list.issuer();
    match (point.map(|point| point.name.as_ref()), crl_issuer) {
        (None, _) => name.is(&certificate.issuer()),
        // A relative name is relative to whoever issues the list.
        (Some(Some(wanted)), _) => name.matches(&issuer, wanted, &issuer),
        (Some(None), Some(names)) => name.is_one_of(&issuer, names),
        (Some(None), None) => false,
    }
}

/// RFC 5280 section 6.3.3 (d).
fn reasons(list: &RevocationList<'_>, point: Option<&DistributionPoint<'_>>) -> Reasons {
    let of_list = list
        .issuing_distribution_point()
        .map_or(Reasons::ALL, |issuing| issuing.only_some_reasons);
    of_list.and(point.map_or(Reasons::ALL, |point| point.reasons))
}

/// RFC 5280 section 5.2.4: whether a delta is about changes since this list or an earlier one, and newer than it.
fn updates(delta: &RevocationList<'_>, list: &RevocationList<'_>) -> bool {
    let (Some(base), Some(number)) = (delta.base_number(), list.number()) else {
        return false;
    };
    delta.has_scope_of(list) && base <= number && delta.number().is_some_and(|newer| number < newer)
}

/// Until when a list holds that holds now.
fn is_current<'l>(list: &RevocationList<'_>, time: UnixTime) -> Result<UnixTime, Why<'l>> {
    // RFC 5280 section 5.1.2.5 wants the end said.
    let until = list.next_update().ok_or(Why::NoNextUpdate)?;
    if time < list.this_update() {
        Err(Why::NotYet(list.this_update()))
    } else if until < time {
        Err(Why::Old(until))
    } else {
        Ok(until)
    }
}

/// RFC 5280 section 6.3.3 (f): whether a key may sign lists, as far as its usage goes.
fn may_sign(certificate: &Certificate<'_>) -> bool {
    match certificate.key_usage() {
        Ok(usage) => usage.is_none_or(|usage| usage.allows(KeyUsage::CRL_SIGN)),
        Err(_) => false,
    }
}

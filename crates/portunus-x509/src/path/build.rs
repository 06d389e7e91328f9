//! The search for a path: depth first over all candidates, cheap checks before signatures (RFC 4158).

use super::budget::{Exhausted, Spent};
use super::check::{self, Report, Role, Verdict};
use super::revocation::Lists;
use super::{Question, names, policies};
use crate::UnixTime;
use crate::anchors::{Anchor, Anchors};
use crate::certificate::Certificate;
use crate::der::Malformed;
use crate::limits::MAX_PATH;
use crate::policy::Policy;
use crate::report::Finding;
use crate::signature::Known;
use smallvec::SmallVec;
use std::ops::ControlFlow;
use std::sync::Arc;

/// A certificate that the peer sent.
#[derive(Debug)]
pub(crate) struct Candidate<'a> {
    pub(crate) certificate: Certificate<'a>,
    pub(super) subject: u64,
    issuer: u64,
    pub(super) key_identifier: Option<&'a [u8]>,
    authority_key_identifier: Option<&'a [u8]>,
    /// Whether it is an acceptable authority on any path, once somebody has looked.
    sound: Option<bool>,
}

impl<'a> Candidate<'a> {
    fn new(certificate: Certificate<'a>) -> Self {
        // Hints for the order alone: what cannot be read is no hint.
        let authority = certificate.authority_key_identifier().ok().flatten();
        Self {
            subject: certificate.subject().fingerprint(),
            issuer: certificate.issuer().fingerprint(),
            key_identifier: certificate.subject_key_identifier().ok().flatten(),
            authority_key_identifier: authority.and_then(|authority| authority.key_identifier),
            certificate,
            sound: None,
        }
    }

    fn is_issued_by(&self, issuer: &Candidate<'_>) -> bool {
        self.issuer == issuer.subject && self.certificate.issuer().matches(&issuer.certificate.subject())
    }

    /// RFC 4158 section 2.4.2: the same name with the same key is the same authority, whoever certified it.
    fn is_same_authority(&self, other: &Candidate<'_>) -> bool {
        self.subject == other.subject
            && self.certificate.subject_public_key_info().der == other.certificate.subject_public_key_info().der
            && self.certificate.subject().matches(&other.certificate.subject())
    }

    /// RFC 5280 section 4.2.1.1: a hint for the order, never a veto.
    fn hints_at(&self, issuer: &Candidate<'_>) -> bool {
        self.authority_key_identifier.is_some() && self.authority_key_identifier == issuer.key_identifier
    }
}

/// An anchor that has the name of an issuer.
#[derive(Debug)]
pub(crate) struct IssuingAnchor<'a> {
    pub(crate) certificate: &'a Certificate<'a>,
    pub(crate) anchor: &'a Anchor,
    pub(super) place: usize,
}

/// Who is said to have signed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Signer<'s, 'a> {
    Candidate(usize),
    Anchor(&'s IssuingAnchor<'a>),
}

/// The place of a signer, among the candidates or among the anchors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Candidate(usize),
    Anchor(usize),
}

/// Places of candidates, the end entity's first: it needs no heap.
pub(super) type Path = SmallVec<[usize; MAX_PATH]>;

/// One search and what it learnt.
#[derive(Debug)]
pub(crate) struct Search<'a, 'q> {
    /// The end entity is the first.
    pub(crate) candidates: Vec<Candidate<'a>>,
    /// What the peer sent beside and nobody can read.
    pub(crate) unreadable: Vec<Malformed>,
    pub(crate) anchors: &'a Anchors,
    pub(crate) question: &'q Question<'q>,
    pub(crate) spent: Spent,
    /// Signatures that were verified: each once, whatever the number of paths over it.
    signatures: SmallVec<[(usize, Place, bool); 4]>,
    /// What was learnt about revocation lists.
    pub(super) lists: Lists<'q>,
    /// Once a signature has failed, later ones are verified before the search goes on behind them: several certificates
    /// share a name, and all combinations of them are too many.
    distrustful: bool,
}

/// A path on which everything holds.
pub(crate) struct Found {
    /// The end entity first, the anchor last.
    pub(crate) certificates: Vec<Arc<[u8]>>,
    /// The first end of validity on it, and of what told that nothing was revoked.
    pub(crate) valid_until: UnixTime,
    /// What the checks on revocation and on logs found, where they were asked for.
    pub(crate) besides: Vec<Finding>,
}

/// What a path is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Goal {
    /// The end entity.
    Verdict,
    /// Whoever signed a revocation list, to the anchor at this place.
    ListIssuer(usize),
}

impl Goal {
    fn wants(self, anchor: usize) -> bool {
        match self {
            Self::Verdict => true,
            Self::ListIssuer(place) => place == anchor,
        }
    }
}

/// How a branch of the search ended.
pub(super) enum Branch<'a> {
    /// To this anchor, at this place among all of them.
    Found(usize, &'a Anchor),
    /// No way on.
    DeadEnd,
    /// The signature on the path's certificate at this place is not by the next one: nothing behind that helps.
    BadSignature(usize),
}

impl<'a, 'q> Search<'a, 'q> {
    /// Candidates that cannot be read or that come twice are left out.
    pub(crate) fn new(
        end_entity: Certificate<'a>,
        candidates: impl ExactSizeIterator<Item = &'a [u8]>,
        anchors: &'a Anchors,
        question: &'q Question<'q>,
    ) -> Self {
        let mut known = Vec::with_capacity(candidates.len().saturating_add(1));
        known.push(Candidate::new(end_entity));
        let mut unreadable = Vec::new();
        for der in candidates {
            if known.iter().any(|candidate| candidate.certificate.der() == der) {
                continue;
            }
            match Certificate::parse(der) {
                Ok(certificate) => known.push(Candidate::new(certificate)),
                Err(malformed) => unreadable.push(malformed),
            }
        }
        let spent = Spent::new(question.policy.budget);
        Self {
            candidates: known,
            unreadable,
            anchors,
            question,
            spent,
            signatures: SmallVec::new(),
            lists: Lists::default(),
            distrustful: false,
        }
    }

    /// Whether the end entity was logged and nothing on the path is revoked, where that is asked.
    fn is_vouched_for(&mut self, path: &[usize], anchor: &IssuingAnchor<'a>) -> Result<bool, Exhausted> {
        let mut sink = Verdict(self.question);
        if path.first() == Some(&0) && self.transparency(path, anchor, &mut sink)?.is_break() {
            return Ok(false);
        }
        if self.question.revocation.is_none() {
            return Ok(true);
        }
        Ok(self.revocation(path, anchor, &mut sink)?.0.is_continue())
    }

    /// The first path on which everything holds, or `None`.
    pub(crate) fn run(&mut self) -> Result<Option<Found>, Exhausted> {
        let mut path = Path::from_iter([0]);
        let Branch::Found(place, anchor) = self.extend(&mut path, Goal::Verdict)? else {
            return Ok(None);
        };
        let mut valid_until = anchor.certificate().validity().not_after;
        let mut certificates = Vec::with_capacity(path.len().saturating_add(1));
        for candidate in path.iter().filter_map(|place| self.candidates.get(*place)) {
            certificates.push(Arc::from(candidate.certificate.der()));
            valid_until = valid_until.min(candidate.certificate.validity().not_after);
        }
        certificates.push(anchor.der().clone());
        let mut besides = Vec::new();
        if self.question.revocation.is_some() || self.question.transparency.is_some() {
            let issuer = IssuingAnchor {
                certificate: anchor.certificate(),
                anchor,
                place,
            };
            let mut report = Report::new(self.question, true);
            let _ = self.transparency(&path, &issuer, &mut report)?;
            if self.question.revocation.is_some() {
                let (_, until) = self.revocation(&path, &issuer, &mut report)?;
                valid_until = valid_until.min(until);
            }
            besides = report.findings;
        }
        Ok(Some(Found {
            certificates,
            valid_until,
            besides,
        }))
    }

    /// Goes on from the last certificate of `path`: anchors first, then candidates, those before that the authority key
    /// identifier hints at.
    pub(super) fn extend(&mut self, path: &mut Path, goal: Goal) -> Result<Branch<'a>, Exhausted> {
        let Some(&last) = path.last() else {
            return Ok(Branch::DeadEnd);
        };
        let Some(issuer) = self.candidates.get(last).map(|candidate| candidate.issuer) else {
            return Ok(Branch::DeadEnd);
        };
        for (place, anchor) in self.anchors.with_subject(issuer) {
            if !goal.wants(place) {
                continue;
            }
            let Some(issuer) = self.issuing_anchor(last, path, place, anchor) else {
                continue;
            };
            self.spent.step()?;
            if !self.anchor_fits(issuer.certificate, path)? {
                continue;
            }
            if goal == Goal::Verdict && !self.policies_allow(issuer.certificate, path)? {
                continue;
            }
            match self.first_bad_signature(path, &issuer)? {
                None if self.is_vouched_for(path, &issuer)? => return Ok(Branch::Found(place, issuer.anchor)),
                None => {}
                Some(bad) if bad + 1 < path.len() => return Ok(Branch::BadSignature(bad)),
                Some(_) => {}
            }
        }
        if path.len() + 1 >= MAX_PATH {
            return Ok(Branch::DeadEnd);
        }
        for (hinted, place) in self.tries() {
            if !self.issuing(last, path, place, hinted) {
                continue;
            }
            self.spent.step()?;
            if self.distrustful && !self.is_signed(last, Signer::Candidate(place))? {
                continue;
            }
            if !self.candidate_fits(place, path)? {
                continue;
            }
            path.push(place);
            match self.extend(path, goal)? {
                found @ Branch::Found(..) => return Ok(found),
                Branch::DeadEnd => {}
                Branch::BadSignature(bad) if bad + 2 < path.len() => {
                    path.pop();
                    return Ok(Branch::BadSignature(bad));
                }
                Branch::BadSignature(_) => {}
            }
            path.pop();
        }
        Ok(Branch::DeadEnd)
    }

    /// This anchor as an issuer of the certificate at `signed`: it has the name of its issuer, and is not on the path itself. (An
    /// end entity that signed itself may be its own anchor.)
    fn issuing_anchor(
        &self,
        signed: usize,
        path: &[usize],
        place: usize,
        anchor: &'a Anchor,
    ) -> Option<IssuingAnchor<'a>> {
        let signed = self.candidates.get(signed)?;
        let certificate = anchor.certificate();
        let mut above = path.iter().skip(1).filter_map(|place| self.candidates.get(*place));
        let is_on_path = above.any(|candidate| candidate.certificate.der() == &**anchor.der());
        (certificate.subject().matches(&signed.certificate.issuer()) && !is_on_path).then_some(IssuingAnchor {
            certificate,
            anchor,
            place,
        })
    }

    /// All anchors that issue the certificate at `signed`.
    pub(crate) fn issuing_anchors(&self, signed: usize, path: &[usize]) -> Vec<IssuingAnchor<'a>> {
        let issuer = self.candidates.get(signed).map(|candidate| candidate.issuer);
        let named = issuer.into_iter().flat_map(|issuer| self.anchors.with_subject(issuer));
        named
            .filter_map(|(place, anchor)| self.issuing_anchor(signed, path, place, anchor))
            .collect()
    }

    /// Whether the candidate at `place` is an issuer to try for the certificate at `signed`: it has the name of its issuer, its authority is
    /// not on the path yet, and the authority key identifier hints at it, or does not.
    fn issuing(&self, signed: usize, path: &[usize], place: usize, hinted: bool) -> bool {
        let (Some(signed), Some(issuer)) = (self.candidates.get(signed), self.candidates.get(place)) else {
            return false;
        };
        let mut known = path.iter().filter_map(|place| self.candidates.get(*place));
        signed.hints_at(issuer) == hinted
            && signed.is_issued_by(issuer)
            && !known.any(|known| known.is_same_authority(issuer))
    }

    /// The candidates, the end entity aside, in the order in which they are tried: each as hinted at and as not.
    fn tries(&self) -> impl Iterator<Item = (bool, usize)> + use<> {
        let places = 1..self.candidates.len();
        [true, false]
            .into_iter()
            .flat_map(move |hinted| places.clone().map(move |place| (hinted, place)))
    }

    /// All candidates that issue the certificate at `signed`, in the order in which they are tried.
    pub(crate) fn issuing_candidates(&self, signed: usize, path: &[usize]) -> Vec<usize> {
        self.tries()
            .filter(|(hinted, place)| self.issuing(signed, path, *place, *hinted))
            .map(|(_, place)| place)
            .collect()
    }

    /// Whether an anchor may stand above the path.
    fn anchor_fits(&mut self, anchor: &Certificate<'_>, path: &[usize]) -> Result<bool, Exhausted> {
        let mut sink = Verdict(self.question);
        if check::authority(anchor, Role::Anchor, self.question, &mut sink).is_break() {
            return Ok(false);
        }
        let below = path
            .iter()
            .filter_map(|place| self.candidates.get(*place))
            .map(|c| &c.certificate);
        Ok(above(anchor, below, self.question.policy, &mut self.spent, &mut sink)?.is_continue())
    }

    /// Whether the whole path is valid under an acceptable certificate policy, or needs none.
    fn policies_allow(&mut self, anchor: &Certificate<'_>, path: &[usize]) -> Result<bool, Exhausted> {
        let candidates = path.iter().filter_map(|place| self.candidates.get(*place));
        let path = candidates.map(|candidate| &candidate.certificate);
        let mut sink = Verdict(self.question);
        Ok(policies::check(anchor, path, self.question, &mut self.spent, &mut sink)?.is_continue())
    }

    /// Whether a candidate may stand above the path.
    fn candidate_fits(&mut self, place: usize, path: &[usize]) -> Result<bool, Exhausted> {
        let mut sink = Verdict(self.question);
        let Some(candidate) = self.candidates.get_mut(place) else {
            return Ok(false);
        };
        let certificate = &candidate.certificate;
        let sound = *candidate.sound.get_or_insert_with(|| {
            check::authority(certificate, Role::Intermediate, self.question, &mut sink).is_continue()
        });
        if !sound {
            return Ok(false);
        }
        let Some(candidate) = self.candidates.get(place) else {
            return Ok(false);
        };
        let below = path
            .iter()
            .filter_map(|place| self.candidates.get(*place))
            .map(|c| &c.certificate);
        let policy = self.question.policy;
        Ok(above(&candidate.certificate, below, policy, &mut self.spent, &mut sink)?.is_continue())
    }

    /// The place on the path of the first certificate that the next one did not sign, the anchor being the last of all.
    fn first_bad_signature(&mut self, path: &[usize], anchor: &IssuingAnchor<'_>) -> Result<Option<usize>, Exhausted> {
        let signers = path.iter().skip(1).map(|place| Signer::Candidate(*place));
        let signers = signers.chain(std::iter::once(Signer::Anchor(anchor)));
        for (at, (signed, signer)) in path.iter().zip(signers).enumerate() {
            if !self.is_signed(*signed, signer)? {
                self.distrustful = true;
                return Ok(Some(at));
            }
        }
        Ok(None)
    }

    /// Whether the candidate was signed by this key: verified once, remembered then.
    pub(crate) fn is_signed(&mut self, signed: usize, signer: Signer<'_, '_>) -> Result<bool, Exhausted> {
        let place = match signer {
            Signer::Candidate(place) => Place::Candidate(place),
            Signer::Anchor(anchor) => Place::Anchor(anchor.place),
        };
        let known = self
            .signatures
            .iter()
            .find(|(child, parent, _)| (*child, *parent) == (signed, place));
        if let Some((_, _, good)) = known {
            return Ok(*good);
        }
        self.spent.verify_signature()?;
        let candidate = |place: usize| self.candidates.get(place).map(|candidate| &candidate.certificate);
        let (issuer, key) = match signer {
            Signer::Candidate(place) => (candidate(place), None),
            Signer::Anchor(anchor) => (Some(anchor.certificate), Some(anchor.anchor.key())),
        };
        let good = match (candidate(signed), issuer) {
            (Some(signed), Some(issuer)) => {
                let memory = self.question.memory;
                signed.is_signed_by_knowing(issuer.subject_public_key_info(), Known { key, memory })
            }
            _ => false,
        };
        self.signatures.push((signed, place, good));
        Ok(good)
    }
}

/// What an authority allows below it; `below` begins with the end entity.
pub(crate) fn above<'c>(
    authority: &Certificate<'_>,
    below: impl Iterator<Item = &'c Certificate<'c>> + Clone,
    policy: &Policy,
    spent: &mut Spent,
    sink: &mut impl check::Sink,
) -> Result<ControlFlow<()>, Exhausted> {
    // RFC 5280 section 6.1.4 (l): self-issued certificates do not count.
    let intermediates = below
        .clone()
        .skip(1)
        .filter(|certificate| !certificate.is_self_issued())
        .count();
    if check::path_length(authority, intermediates, sink).is_break()
        || check::depth(intermediates, policy, sink).is_break()
    {
        return Ok(ControlFlow::Break(()));
    }
    names::constraints(authority, below, spent, sink)
}

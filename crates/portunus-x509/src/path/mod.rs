//! From an end entity to an anchor.

mod budget;
mod build;
mod check;
mod explain;
mod hints;
mod names;
mod nearest;
mod order;
mod policies;
mod question;
mod revocation;
mod transparency;

use crate::anchors::Anchors;
use crate::certificate::Certificate;
use crate::limits::MAX_CANDIDATES;
use crate::memory::SignatureMemory;
use crate::policy::{Policy, Purpose};
use crate::report::{Check, Refusal};
use crate::verdict::VerifiedPath;
use crate::{ServerName, UnixTime};
use build::Search;
use check::Verdict;

pub(crate) use build::Found;
pub(crate) use explain::made_checks;
pub use order::order;
pub(crate) use policies::user_constrained;
pub use question::Question;

/// Looks for a path from `chain[0]` to one of `anchors` on which every check of `policy` passes, for `purpose`, at
/// `time`, and for `name` where one is given. The other certificates of `chain` are candidates in any order; needless
/// ones, broken ones and duplicates do no harm.
///
/// Signatures come last: a chain that fails otherwise costs none. The search is bounded, and a chain that uses up the
/// bounds is refused.
pub fn verify<C: AsRef<[u8]>>(
    chain: &[C],
    anchors: &Anchors,
    purpose: Purpose,
    name: Option<&ServerName>,
    time: UnixTime,
    policy: &Policy,
) -> Result<VerifiedPath, Refusal> {
    Question {
        name,
        ..Question::new(purpose, time, policy)
    }
    .verify(chain, anchors)
}

/// As [`verify`], with a memory of signatures that were good before: those are not verified again.
pub fn verify_remembering<C: AsRef<[u8]>>(
    chain: &[C],
    anchors: &Anchors,
    purpose: Purpose,
    name: Option<&ServerName>,
    time: UnixTime,
    policy: &Policy,
    memory: &SignatureMemory,
) -> Result<VerifiedPath, Refusal> {
    Question {
        name,
        ..Question::new(purpose, time, policy)
    }
    .remembering(memory)
    .verify(chain, anchors)
}

fn search<C: AsRef<[u8]>>(chain: &[C], anchors: &Anchors, question: &Question<'_>) -> Result<VerifiedPath, Refusal> {
    let policy = question.policy;
    let Some((end_entity, candidates)) = chain.split_first() else {
        return Err(explain::no_certificate());
    };
    let candidates = candidates.get(..MAX_CANDIDATES).unwrap_or(candidates);
    let end_entity = end_entity.as_ref();
    let certificate = match Certificate::parse(end_entity) {
        Ok(certificate) => certificate,
        Err(malformed) => return Err(explain::unreadable(end_entity, &malformed)),
    };

    let sound = check::end_entity(&certificate, question, &mut Verdict(question)).is_continue();
    if policy.accepts_anchor_as_end_entity()
        && let Some(anchor) = anchors.same_as(end_entity)
    {
        return if sound {
            let found = Found {
                certificates: vec![anchor],
                valid_until: certificate.validity().not_after,
                besides: Vec::new(),
            };
            Ok(VerifiedPath::new(found, chain, anchors, question))
        } else {
            Err(explain::anchor_as_end_entity(&certificate, question))
        };
    }

    let mut search = Search::new(certificate, candidates.iter().map(AsRef::as_ref), anchors, question);
    match if sound { search.run() } else { Ok(None) } {
        Ok(Some(found)) => Ok(VerifiedPath::new(found, chain, anchors, question)),
        Ok(None) => Err(explain::refusal(search, None)),
        Err(budget::Exhausted) => Err(explain::refusal(search, Some(Check::Budget))),
    }
}

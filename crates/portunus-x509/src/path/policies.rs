//! Certificate policies along a path (RFC 5280 section 6.1) by RFC 9618's algorithm: a graph whose levels hold each policy once, where the
//! tree of RFC 5280 grows exponentially.

use super::Question;
use super::budget::{Exhausted, Spent};
use super::check::Sink;
use crate::certificate::Certificate;
use crate::der::{Malformed, Oid, known};
use crate::policies::InitialPolicies;
use crate::policy::Policy;
use crate::report::Check;
use std::ops::ControlFlow;

/// The valid policies of a certificate, those of one depth of the graph.
#[derive(Debug)]
struct Level<'c> {
    /// By their policies, which are in order. anyPolicy is not among them.
    nodes: Vec<Node<'c>>,
    /// Whether there is a node of anyPolicy, which is its own parent at every depth.
    any: bool,
}

#[derive(Debug)]
struct Node<'c> {
    policy: Oid<'c>,
    /// Places among the nodes of the level above; none where the parent is anyPolicy.
    parents: Vec<usize>,
    mapped: bool,
    /// Whether a node of the last level comes from this one.
    leads_on: bool,
}

impl<'c> Node<'c> {
    fn new(policy: Oid<'c>, parents: Vec<usize>) -> Self {
        Self {
            policy,
            parents,
            mapped: false,
            leads_on: false,
        }
    }
}

impl<'c> Level<'c> {
    fn is_null(&self) -> bool {
        self.nodes.is_empty() && !self.any
    }

    fn find(&self, policy: Oid<'_>) -> Option<usize> {
        self.nodes.binary_search_by(|node| node.policy.cmp(&policy)).ok()
    }

    /// RFC 9618 section 5.3, steps (d) and (e): of the policies that the certificate above expects, those that this one has.
    fn apply_policies(
        &mut self,
        certificate: &Certificate<'c>,
        any_allowed: bool,
        spent: &mut Spent,
    ) -> Result<(), Stop> {
        let Some(policies) = certificate.certificate_policies()? else {
            self.nodes.clear();
            self.any = false;
            return Ok(());
        };
        let mut own: Vec<_> = policies.iter().collect();
        spent.look_at_policies(own.len().saturating_add(self.nodes.len()))?;
        own.sort_unstable();
        let any = any_allowed && own.binary_search(&known::ANY_POLICY).is_ok();
        if !any {
            self.nodes.retain(|node| own.binary_search(&node.policy).is_ok());
        }
        if self.any {
            own.retain(|policy| *policy != known::ANY_POLICY && self.find(*policy).is_none());
            own.dedup();
            self.nodes
                .extend(own.into_iter().map(|policy| Node::new(policy, Vec::new())));
            self.nodes.sort_unstable_by_key(|node| node.policy);
        }
        self.any &= any;
        Ok(())
    }

    /// RFC 9618 section 5.4, steps (a) and (b): what this certificate expects of the one below it.
    fn expected(
        &mut self,
        certificate: &Certificate<'c>,
        mapping_allowed: bool,
        spent: &mut Spent,
    ) -> Result<Self, Stop> {
        let mut mappings: Vec<_> = match certificate.policy_mappings()? {
            Some(mappings) => mappings.iter().collect(),
            None => Vec::new(),
        };
        spent.look_at_policies(mappings.len().saturating_add(self.nodes.len()))?;
        mappings.sort_unstable();
        mappings.dedup();
        if !mapping_allowed {
            self.nodes.retain(|node| {
                mappings
                    .binary_search_by(|mapping| mapping.issuer_domain.cmp(&node.policy))
                    .is_err()
            });
            mappings.clear();
        }
        if self.any {
            let mut new: Vec<_> = mappings.iter().map(|mapping| mapping.issuer_domain).collect();
            new.retain(|policy| self.find(*policy).is_none());
            new.dedup();
            self.nodes
                .extend(new.into_iter().map(|policy| Node::new(policy, Vec::new())));
            self.nodes.sort_unstable_by_key(|node| node.policy);
        }
        let mut edges = Vec::with_capacity(mappings.len().saturating_add(self.nodes.len()));
        for mapping in mappings {
            let Some(place) = self.find(mapping.issuer_domain) else {
                continue;
            };
            if let Some(node) = self.nodes.get_mut(place) {
                node.mapped = true;
            }
            edges.push((mapping.subject_domain, place));
        }
        let unmapped = self.nodes.iter().enumerate().filter(|(_, node)| !node.mapped);
        edges.extend(unmapped.map(|(place, node)| (node.policy, place)));
        edges.sort_unstable();
        let mut nodes: Vec<Node<'c>> = Vec::new();
        for (policy, parent) in edges {
            match nodes.last_mut() {
                Some(last) if last.policy == policy => last.parents.push(parent),
                _ => nodes.push(Node::new(policy, vec![parent])),
            }
        }
        Ok(Self { nodes, any: self.any })
    }
}

/// How many more certificates may come before a rule holds.
#[derive(Debug, Clone, Copy)]
struct Skip(usize);

impl Skip {
    fn new(holds_at_once: bool, path: usize) -> Self {
        Self(if holds_at_once { 0 } else { path.saturating_add(1) })
    }

    fn holds(self) -> bool {
        self.0 == 0
    }

    fn pass(&mut self) {
        self.0 = self.0.saturating_sub(1);
    }

    fn tighten(&mut self, skip_certs: Option<u32>) {
        if let Some(skip) = skip_certs {
            self.0 = self.0.min(usize::try_from(skip).unwrap_or(usize::MAX));
        }
    }
}

/// What came of the policies of a path.
#[derive(Debug)]
pub(crate) struct Processed<'c> {
    /// The user-constrained-policy-set.
    pub(crate) policies: Vec<Oid<'c>>,
    /// Whether one has to be there.
    needed: bool,
}

/// Whether the path needs a policy at some place: else whatever its certificates say refuses nothing, and nobody looks at it.
fn are_in_play<'c>(
    anchor: &Certificate<'_>,
    mut path: impl Iterator<Item = &'c Certificate<'c>>,
    initial: Option<&InitialPolicies>,
) -> bool {
    initial.is_some_and(|initial| initial.explicit)
        || anchor.extensions().policy_constraints.is_some()
        || path.any(|certificate| certificate.extensions().policy_constraints.is_some())
}

/// Whether the path is valid under an acceptable policy, where it needs one. `path` begins with the end entity and ends before the anchor.
pub(crate) fn check<'c>(
    anchor: &Certificate<'_>,
    path: impl DoubleEndedIterator<Item = &'c Certificate<'c>> + Clone,
    question: &Question<'c>,
    spent: &mut Spent,
    sink: &mut impl Sink,
) -> Result<ControlFlow<()>, Exhausted> {
    if !are_in_play(anchor, path.clone(), question.initial_policies) {
        return Ok(ControlFlow::Continue(()));
    }
    Ok(match process(anchor, path, question.initial_policies, spent)? {
        Ok(processed) => {
            let valid = !processed.needed || !processed.policies.is_empty();
            sink.note(Check::Policies, valid, || {
                let policies: Vec<_> = processed.policies.iter().map(ToString::to_string).collect();
                policies.join(", ")
            })
        }
        Err(malformed) => sink.note(Check::Encoding, false, || malformed.to_string()),
    })
}

/// RFC 5280 section 6.1 as far as it is about policies. What an anchor demands holds as what any authority demands; its own
/// certificatePolicies take nothing away.
pub(crate) fn process<'c>(
    anchor: &Certificate<'_>,
    path: impl DoubleEndedIterator<Item = &'c Certificate<'c>> + Clone,
    initial: Option<&'c InitialPolicies>,
    spent: &mut Spent,
) -> Result<Result<Processed<'c>, Malformed>, Exhausted> {
    static NOTHING_ASKED: InitialPolicies = InitialPolicies::new();
    let initial = initial.unwrap_or(&NOTHING_ASKED);
    let mut levels = Vec::new();
    Ok(match fill(anchor, path, initial, spent, &mut levels) {
        Ok(needed) => Ok(Processed {
            policies: acceptable(levels, initial),
            needed,
        }),
        Err(Stop::Exhausted) => return Err(Exhausted),
        Err(Stop::Malformed(malformed)) => Err(malformed),
    })
}

/// The user-constrained-policy-set of a path that was accepted, the anchor at its end.
pub(crate) fn user_constrained<'c>(
    certificates: &'c [Certificate<'c>],
    initial: Option<&'c InitialPolicies>,
    policy: &Policy,
) -> Vec<Oid<'c>> {
    let Some((anchor, path)) = certificates.split_last() else {
        return Vec::new();
    };
    match process(anchor, path.iter(), initial, &mut Spent::new(policy.budget)) {
        Ok(Ok(processed)) => processed.policies,
        // Where no policy was needed, nobody looked at them before.
        Ok(Err(_)) | Err(Exhausted) => Vec::new(),
    }
}

enum Stop {
    Malformed(Malformed),
    Exhausted,
}

impl From<Malformed> for Stop {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

impl From<Exhausted> for Stop {
    fn from(_: Exhausted) -> Self {
        Self::Exhausted
    }
}

/// Fills the graph from the anchor's side on, and says whether a policy has to be there; none is left where it says so too early.
fn fill<'c>(
    anchor: &Certificate<'_>,
    path: impl DoubleEndedIterator<Item = &'c Certificate<'c>> + Clone,
    initial: &InitialPolicies,
    spent: &mut Spent,
    levels: &mut Vec<Level<'c>>,
) -> Result<bool, Stop> {
    let length = path.clone().count();
    let mut explicit = Skip::new(initial.explicit, length);
    let mut mapping = Skip::new(initial.mapping_inhibited, length);
    let mut any = Skip::new(initial.any_inhibited, length);
    if let Some(constraints) = anchor.policy_constraints()? {
        explicit.tighten(constraints.require_explicit_policy);
        mapping.tighten(constraints.inhibit_policy_mapping);
    }
    any.tighten(anchor.inhibit_any_policy()?);
    let mut level = Level {
        nodes: Vec::new(),
        any: true,
    };
    for (left, certificate) in (0..length).rev().zip(path.rev()) {
        let is_last = left == 0;
        let is_self_issued = certificate.is_self_issued();
        level.apply_policies(certificate, !any.holds() || (!is_last && is_self_issued), spent)?;
        // RFC 5280 section 6.1.3 (f).
        if explicit.holds() && level.is_null() {
            levels.clear();
            return Ok(true);
        }
        let constraints = certificate.policy_constraints()?;
        if is_last {
            // RFC 5280 section 6.1.5 (a) and (b).
            explicit.pass();
            if constraints.is_some_and(|constraints| constraints.require_explicit_policy == Some(0)) {
                explicit = Skip(0);
            }
            levels.push(level);
            break;
        }
        let next = level.expected(certificate, !mapping.holds(), spent)?;
        levels.push(std::mem::replace(&mut level, next));
        // RFC 5280 section 6.1.4 (h) to (j).
        if !is_self_issued {
            explicit.pass();
            mapping.pass();
            any.pass();
        }
        if let Some(constraints) = constraints {
            explicit.tighten(constraints.require_explicit_policy);
            mapping.tighten(constraints.inhibit_policy_mapping);
        }
        any.tighten(certificate.inhibit_any_policy()?);
    }
    Ok(explicit.holds())
}

/// RFC 9618 section 5.5 (g): the acceptable ones among the policies of the anchor's domain from which a node of the last level comes.
fn acceptable<'c>(mut levels: Vec<Level<'c>>, initial: &'c InitialPolicies) -> Vec<Oid<'c>> {
    let acceptable: Option<Vec<_>> = initial.acceptable_set().map(Iterator::collect);
    let mut found = Vec::new();
    let last_has_any = levels.last().is_some_and(|last| last.any);
    for node in levels.last_mut().into_iter().flat_map(|last| &mut last.nodes) {
        node.leads_on = true;
    }
    while let Some(level) = levels.pop() {
        for node in level.nodes.into_iter().filter(|node| node.leads_on) {
            if node.parents.is_empty() && acceptable.as_ref().is_none_or(|set| set.contains(&node.policy)) {
                found.push(node.policy);
            }
            for parent in node.parents {
                if let Some(parent) = levels.last_mut().and_then(|above| above.nodes.get_mut(parent)) {
                    parent.leads_on = true;
                }
            }
        }
    }
    match acceptable {
        _ if !last_has_any => {}
        Some(acceptable) => found.extend(acceptable),
        None => found.push(known::ANY_POLICY),
    }
    found.sort_unstable();
    found.dedup();
    found
}

//! What a verdict has spent.

use crate::policy::Budget;

/// A budget is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Exhausted;

/// What is left of a budget.
#[derive(Debug, Clone)]
pub(crate) struct Spent {
    left: Budget,
}

impl Spent {
    pub(crate) fn new(budget: Budget) -> Self {
        Self { left: budget }
    }

    /// Pays for a signature's verification.
    pub(crate) fn verify_signature(&mut self) -> Result<(), Exhausted> {
        pay(&mut self.left.signatures)
    }

    /// Pays for a step onto a certificate.
    pub(crate) fn step(&mut self) -> Result<(), Exhausted> {
        pay(&mut self.left.nodes)
    }

    /// Pays for a comparison with a name constraint.
    pub(crate) fn compare_name(&mut self) -> Result<(), Exhausted> {
        pay(&mut self.left.name_constraint_comparisons)
    }

    /// Pays for a search of a whole revocation list.
    pub(crate) fn look_up(&mut self) -> Result<(), Exhausted> {
        pay(&mut self.left.look_ups)
    }

    /// Pays for a look at this many policies.
    pub(crate) fn look_at_policies(&mut self, count: usize) -> Result<(), Exhausted> {
        self.left.policy_nodes = self.left.policy_nodes.checked_sub(count).ok_or(Exhausted)?;
        Ok(())
    }
}

fn pay(left: &mut usize) -> Result<(), Exhausted> {
    *left = left.checked_sub(1).ok_or(Exhausted)?;
    Ok(())
}

//! Approval. `confirm` is the only maker of `Approved`, and `apply` takes nothing else: a write that nobody approved does not compile.

use super::Plan;
use crate::domain::Sha256;
use serde::{Deserialize, Serialize};

/// Who said yes, when, and to exactly which plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    pub by: String,
    pub at: jiff::Timestamp,
    pub fingerprint: Sha256,
}

/// A plan that somebody approved. Can't be made outside this module, nor changed after it was made.
#[derive(Debug)]
pub struct Approved<T> {
    inner: T,
    approval: Approval,
}

/// The plan is not the one that was approved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the plan is not the one that was approved (fingerprint {found}, approved was {approved})")]
pub struct NotWhatWasApproved {
    pub approved: String,
    pub found: String,
}

/// Binds an approval to its plan; refuses when the plan was changed after it was shown.
pub fn confirm(plan: Plan, approval: Approval) -> Result<Approved<Plan>, NotWhatWasApproved> {
    match plan.is_intact() && plan.fingerprint == approval.fingerprint {
        true => Ok(Approved { inner: plan, approval }),
        false => Err(NotWhatWasApproved { approved: approval.fingerprint.short().to_owned(), found: plan.fingerprint.short().to_owned() }),
    }
}

impl Approved<Plan> {
    pub fn plan(&self) -> &Plan {
        &self.inner
    }
    pub fn approval(&self) -> &Approval {
        &self.approval
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Gate, Plan};
    use super::*;

    #[test]
    fn a_changed_plan_is_not_approved() {
        let plan = Plan::new(Gate::Customers, vec![], 3, vec![]);
        let approval = Approval { by: "tester".into(), at: jiff::Timestamp::UNIX_EPOCH, fingerprint: plan.fingerprint.clone() };
        assert!(confirm(plan.clone(), approval.clone()).is_ok());
        let mut other = plan;
        other.gate = Gate::Invitations;
        assert!(confirm(other, approval).is_err());
    }
}

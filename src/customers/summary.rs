//! How many customers there are, how many of them are exempt, where, and what is wrong.

use super::CustomerList;
use crate::domain::{ExemptionReason, IssueKind, Region, Severity};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashSet};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateCount {
    /// `None` for addresses outside the US and Canada.
    pub region: Option<Region>,
    pub total: usize,
    pub exempt: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReasonCount {
    /// `None` where the ERP gives no reason.
    pub reason: Option<ExemptionReason>,
    pub exempt: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssueCount {
    pub kind: IssueKind,
    pub severity: Severity,
    pub count: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Customers in the file: usable ones and rejected ones, each code once, without inactive ones.
    pub total: usize,
    pub exempt: usize,
    pub taxable: usize,
    /// Can be sent to the service.
    pub usable: usize,
    pub usable_exempt: usize,
    pub rejected: usize,
    pub inactive: usize,
    pub merged: usize,
    pub not_customers: usize,
    /// Codes in several rows which differ.
    pub conflicting: usize,
    pub assumed_country: usize,
    /// Usable exempt customers that can't be invited by e-mail.
    pub exempt_without_email: usize,
    /// Usable customers, most first.
    pub by_state: Vec<StateCount>,
    /// Usable exempt customers, most first.
    pub by_reason: Vec<ReasonCount>,
    pub issues: Vec<IssueCount>,
}

pub fn summarise(list: &CustomerList) -> Summary {
    let mut states: BTreeMap<Option<&Region>, (usize, usize)> = BTreeMap::new();
    let mut reasons: BTreeMap<Option<&ExemptionReason>, usize> = BTreeMap::new();
    let (mut exempt, mut without_email) = (0, 0);
    for customer in &list.customers {
        let state = states.entry(customer.address.region.as_ref()).or_default();
        state.0 += 1;
        if customer.is_exempt() {
            exempt += 1;
            state.1 += 1;
            *reasons.entry(customer.exemption.reason.as_ref()).or_default() += 1;
            without_email += usize::from(customer.contact.email.is_none());
        }
    }
    // A rejected row may repeat a customer that is usable, or another rejected one.
    let mut codes: HashSet<&str> =
        if list.rejected.is_empty() { HashSet::new() } else { list.customers.iter().map(|c| c.code.as_str()).collect() };
    let mut rejected = (0, 0);
    for row in &list.rejected {
        if row.code.as_deref().is_none_or(|code| codes.insert(code)) {
            rejected.0 += 1;
            rejected.1 += usize::from(row.exempt);
        }
    }
    let mut kinds: BTreeMap<(Severity, IssueKind), usize> = BTreeMap::new();
    list.issues.iter().for_each(|issue| *kinds.entry((issue.severity, issue.kind)).or_default() += 1);

    let mut by_state: Vec<StateCount> =
        states.into_iter().map(|(region, (total, exempt))| StateCount { region: region.cloned(), total, exempt }).collect();
    by_state.sort_by_key(|count| std::cmp::Reverse((count.exempt, count.total)));
    let mut by_reason: Vec<ReasonCount> =
        reasons.into_iter().map(|(reason, exempt)| ReasonCount { reason: reason.cloned(), exempt }).collect();
    by_reason.sort_by_key(|count| std::cmp::Reverse(count.exempt));
    let total = list.customers.len() + rejected.0;
    Summary {
        total,
        exempt: exempt + rejected.1,
        taxable: total - exempt - rejected.1,
        usable: list.customers.len(),
        usable_exempt: exempt,
        rejected: rejected.0,
        inactive: list.inactive,
        merged: list.merged,
        not_customers: list.not_customers,
        conflicting: list.conflicting.len(),
        assumed_country: list.assumed_country,
        exempt_without_email: without_email,
        by_state,
        by_reason,
        issues: kinds.into_iter().map(|((severity, kind), count)| IssueCount { kind, severity, count }).collect(),
    }
}

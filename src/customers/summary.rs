//! How many customers there are, how many of them are exempt, where, and what is wrong.

use crate::domain::{ExemptionReason, Issue, IssueKind, Region, Severity};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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

/// How many customers one rule made exempt, such as `column “Tax Exempt” says “Y”`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleCount {
    pub rule: String,
    pub exempt: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssueCount {
    pub kind: IssueKind,
    pub severity: Severity,
    pub count: usize,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Rows under the headers that hold anything.
    pub rows_read: usize,
    /// Customers in the file: usable ones and rejected ones, each code once, without inactive ones.
    pub total: usize,
    pub exempt: usize,
    pub taxable: usize,
    /// Can be sent to the service.
    pub usable: usize,
    pub usable_exempt: usize,
    pub rejected: usize,
    pub inactive: usize,
    /// Rows that repeat a customer exactly.
    pub merged: usize,
    /// Rows that are no customers: totals, repeated headers, vendors, notes.
    pub not_customers: usize,
    /// Rows of further addresses of a customer that stands in another row.
    pub further_addresses: usize,
    /// Codes in several rows which differ.
    pub conflicting: usize,
    /// Customers whose columns disagree on whether they are exempt.
    pub contradictions: usize,
    /// Usable customers that belong to another one (a parent company, or a QuickBooks job's customer).
    pub children: usize,
    /// Rows without a country that were taken to be in the US (or Canada) by their state and postal code.
    pub assumed_country: usize,
    /// Usable exempt customers that can't be invited by e-mail.
    pub exempt_without_email: usize,
    /// Usable customers, most first.
    pub by_state: Vec<StateCount>,
    /// Usable exempt customers, most first.
    pub by_reason: Vec<ReasonCount>,
    /// Usable exempt customers by the rule that made them so, most first.
    pub by_rule: Vec<RuleCount>,
    pub issues: Vec<IssueCount>,
}

pub(super) fn issue_counts(issues: &[Issue]) -> Vec<IssueCount> {
    let mut kinds: BTreeMap<(Severity, IssueKind), usize> = BTreeMap::new();
    issues.iter().for_each(|issue| *kinds.entry((issue.severity, issue.kind)).or_default() += 1);
    kinds.into_iter().map(|((severity, kind), count)| IssueCount { kind, severity, count }).collect()
}

//! Which service a run belongs to, and what other runs on this machine have sent there.

use super::adapters::service_kind;
use certonboard::api::ServiceKind;
use certonboard::domain::AskedBefore;
use certonboard::journal::{DEFAULT_PARENT, Journal, list_runs};
use certonboard::plan::Gate;
use certonboard::ports::{ActionState, JournalStore};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Where a service is, for the record and for going on with a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub kind: ServiceKind,
    /// `practice`, or the address.
    pub target: String,
    /// Of a practice service: its data.
    pub data: Option<PathBuf>,
    pub company: Option<String>,
}

impl Place {
    /// Of a run, by its record. `None`: it never reached its service.
    pub fn of_run(folder: &Path, journal: &Journal) -> Result<Option<Self>, certonboard::ports::JournalError> {
        let header = journal.header("run")?.unwrap_or_default();
        let kind = service_kind(header.get("supplied").unwrap_or(&Value::Null));
        let text = |pointer: &str| header.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        // A change after onboarding says it by itself.
        if let Some(target) = text("/service/target") {
            return Ok(Some(Self { kind, target, data: text("/service/data").map(PathBuf::from), company: text("/service/company") }));
        }
        let Some(target) = journal.step("target")? else { return Ok(None) };
        let target = target.get("service").and_then(Value::as_str).unwrap_or_default();
        let target = target.strip_prefix("certcapture ").unwrap_or(target).to_owned();
        let data = (target == "practice").then(|| folder.join("sandbox.sqlite"));
        let company = journal.step("preflight")?.and_then(|p| p.pointer("/company/code").and_then(Value::as_str).map(str::to_owned));
        Ok(Some(Self { kind, target, data, company }))
    }

    /// The same store of the same company? CertCapture's two ways of speaking lead to one store.
    fn is_same(&self, other: &Self) -> bool {
        let certcapture = |place: &Self| matches!(place.kind, ServiceKind::CertCapture(_));
        let whole = |path: &PathBuf| path.canonicalize().unwrap_or_else(|_| path.clone());
        certcapture(self) == certcapture(other)
            && self.target == other.target
            && self.data.as_ref().map(whole) == other.data.as_ref().map(whole)
            && self.company == other.company
    }

    /// Whom the other runs on this machine have asked for a certificate, for a service that keeps no record of it. Looked at: the runs beside `own`
    /// and those in the usual place. A run that can't be read is passed over: it can't be known whom it asked.
    pub fn asked_before(&self, own: &Path) -> Vec<AskedBefore> {
        let beside = own.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let whole = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let mut folders: Vec<PathBuf> = [beside, Path::new(DEFAULT_PARENT)]
            .into_iter()
            .flat_map(|parent| list_runs(parent).into_iter().map(|name| whole(&parent.join(name))))
            .collect();
        folders.sort();
        folders.dedup();
        folders.retain(|folder| *folder != whole(own));
        folders.iter().filter_map(|folder| self.asked_by(folder)).flatten().collect()
    }

    fn asked_by(&self, folder: &Path) -> Option<Vec<AskedBefore>> {
        let journal = Journal::look(folder).ok()?;
        let place = Self::of_run(folder, &journal).ok()??;
        if !self.is_same(&place) || journal.header("run").ok()??.get("dry_run") == Some(&Value::Bool(true)) {
            return None;
        }
        let actions = journal.actions(Gate::Invitations.name()).ok()?;
        // One whose answer was lost may have gone out: better one too few than two.
        let sent = actions.into_iter().filter(|a| matches!(a.state, ActionState::Done | ActionState::Attempted));
        let day = |at: jiff::Timestamp| at.to_zoned(jiff::tz::TimeZone::UTC).date();
        Some(sent.filter_map(|a| Some(AskedBefore { customer: a.customer?, sent: a.first_attempt.map(day) })).collect())
    }
}

//! Step 8: what was done, what is left, and where to read it.

use super::{Ending, Session, WizardError, World};
use crate::customers::CustomerList;
use crate::domain::{Disposition, Document, Severity, counted};
use crate::plan::{Coverage, Holdings};
use serde_json::json;

pub(super) async fn run(
    world: &mut World<'_>,
    session: &Session,
    list: &CustomerList,
    documents: &[Document],
    ending: &mut Ending,
) -> Result<(), WizardError> {
    let today = world.clock.today();
    let on_file = world.service.certificates(session.id()).await?;
    let holdings = Holdings::new(&on_file);
    let (mut covered, mut expired, mut without) = (0, 0, Vec::new());
    let mut coverage = serde_json::Map::new();
    for customer in list.customers.iter().filter(|c| c.is_exempt()) {
        let found = holdings.coverage(&customer.code, today);
        coverage.insert(customer.code.to_string(), serde_json::to_value(&found).unwrap_or_default());
        match found {
            Coverage::Covered { .. } => covered += 1,
            Coverage::Expired { .. } => expired += 1,
            Coverage::None => without.push(customer.code.to_string()),
        }
    }
    let exempt = covered + expired + without.len();
    let review = documents.iter().filter(|d| d.disposition == Disposition::Review).count();
    let rejected = documents.iter().filter(|d| d.disposition == Disposition::Reject && d.waits()).count();
    let errors = list.issues.iter().filter(|i| i.severity == Severity::Error).count();
    let summary = &list.summary;
    world.good(format!(
        "{}, {} of them exempt; {} a certificate.",
        counted(summary.total, "customer", "customers"),
        summary.exempt,
        counted(covered, "exempt customer has", "exempt customers have")
    ));
    let mut to_do = Vec::new();
    if review > 0 {
        to_do.push(format!("{} a person", counted(review, "paper needs", "papers need")));
    }
    if rejected > 0 {
        to_do.push(format!("{} be used", counted(rejected, "paper can't", "papers can't")));
    }
    if errors > 0 {
        to_do.push(format!("{} mending", counted(errors, "problem in the spreadsheet needs", "problems in the spreadsheet need")));
    }
    if !to_do.is_empty() {
        world.warn(format!("For a person: {}.", to_do.join(", ")));
        ending.waiting = true;
    }
    let outcome = json!({
        "customers": summary.total, "exempt": summary.exempt, "exempt_in_service": exempt, "covered": covered, "expired": expired, "without": without,
        "coverage": coverage, "to_do": to_do, "ending": ending,
    });
    world.journal.complete_step("summary", &outcome, world.clock.now())?;
    Ok(())
}

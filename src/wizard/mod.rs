//! The order of the steps, the questions they ask, and what is recommended.
//!
//! Owns: the way from preflight to summary, one file per step.
//! Must not touch: HTTP, spreadsheets' formats, OCR, the terminal. All of it comes in through ports.
//! Called by: `main`.

mod asking;
mod certificates;
mod choose;
pub mod connection;
mod customer_list;
mod customers;
mod error;
mod finish;
mod invitations;
mod list;
mod planned;
mod preflight;
mod proof;
mod reading;
mod review;
mod scans;
mod sync;

pub use asking::Asker;
pub use customer_list::{ListChoices, ListFiles, OpenList, ReadList, contradictions_named, contradictions_word};
pub use error::WizardError;
pub use list::{Wanted, read_list};
pub use reading::{Cache, Elsewhere, FileRead, NO_PAPER, NoCache, PATIENCE, Reader, Readers, second_look};
pub use review::{Desk, DeskPorts, ReviewedRun};

use crate::domain::{CertificateOnFile, CompanyId, CustomerCode, CustomerOnFile, InvitationOnFile};
use crate::plan::{self, Gate, Plan, PlanFile, RestedOn};
use crate::ports::{
    Block, Clock, Company, Definitions, ExemptionService, Interrupt, JournalStore, OcrEngines, Progress, ScanFolder, Screen, Spreadsheets,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Everything outside, as ports.
pub struct World<'a> {
    pub service: &'a dyn ExemptionService,
    /// Which service this is, the same in every process of a run: its address, or `practice`.
    pub target: String,
    pub scans: &'a dyn ScanFolder,
    pub engines: &'a dyn OcrEngines,
    pub spreadsheets: &'a dyn Spreadsheets,
    pub list_files: &'a dyn ListFiles,
    pub journal: &'a dyn JournalStore,
    pub screen: &'a dyn Screen,
    pub progress: &'a dyn Progress,
    pub clock: &'a dyn Clock,
    pub interrupt: &'a Interrupt,
    pub ask: Asker<'a>,
    /// Worker threads for reading scans.
    pub jobs: usize,
    /// Where what was read is kept, and who else reads.
    pub elsewhere: Elsewhere<'a>,
    /// Writes a plan where the person can read all of it before the question; gives the file.
    pub save_plan: &'a dyn Fn(&crate::plan::Plan) -> Option<std::path::PathBuf>,
    /// Whom other runs on this machine have asked on behalf of a company, for a service that keeps no record of it.
    pub asked_before: &'a dyn Fn(&crate::domain::CompanyCode) -> Vec<crate::domain::AskedBefore>,
    /// What lies in the folder that the program was started in.
    pub nearby: Nearby,
    /// Who approves, for the record.
    pub user: String,
    /// Notes what a plan rests on, where one is made for later.
    pub rests: Option<&'a Rests>,
    /// A plan that was made before: just this is carried out, and nothing else.
    pub expected: Option<&'a PlanFile>,
}

/// Files beside which the program was started, offered where nothing was said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Nearby {
    /// The likeliest list of customers first.
    pub spreadsheets: Vec<String>,
    /// The folder with the most scans, and how many.
    pub scans: Option<(String, usize)>,
}

/// What a run plans, and what of the service's state that rests on.
#[derive(Debug, Default)]
pub struct Rests(Mutex<Planned>);

#[derive(Debug, Default, Clone)]
pub struct Planned {
    wanted: BTreeSet<CustomerCode>,
    pub rested_on: RestedOn,
    pub plans: Vec<Plan>,
}

impl Rests {
    fn lock(&self) -> MutexGuard<'_, Planned> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn planned(&self) -> Planned {
        self.lock().clone()
    }

    fn plan(&self, plan: &Plan) {
        self.lock().plans.push(plan.clone());
    }

    fn customers(&self, wanted: BTreeSet<CustomerCode>, present: &[CustomerOnFile]) {
        let mut all = self.lock();
        all.rested_on.insert(Gate::Customers.name().to_owned(), plan::customers_rested_on(&wanted, present));
        all.wanted = wanted;
    }

    fn certificates(&self, on_file: &[CertificateOnFile]) {
        let mut all = self.lock();
        let state = plan::certificates_rested_on(&all.wanted, on_file);
        all.rested_on.insert(Gate::Certificates.name().to_owned(), state);
    }

    fn invitations(&self, recent: &[InvitationOnFile]) {
        let mut all = self.lock();
        let state = plan::invitations_rested_on(&all.wanted, recent);
        all.rested_on.insert(Gate::Invitations.name().to_owned(), state);
    }
}

/// How a run ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ending {
    /// Something is left for a person: reviews, refused writes, data problems.
    pub waiting: bool,
    /// A gate was declined.
    pub declined: bool,
}

/// What every later step needs to know of the service.
pub struct Session {
    pub company: Company,
    pub definitions: Definitions,
}

impl Session {
    pub fn id(&self) -> CompanyId {
        self.company.id
    }
}

const STEPS: usize = 8;

impl World<'_> {
    fn step(&self, number: usize, title: &str) {
        tracing::info!(step = number, title, "step");
        self.screen.show(Block::Step { number, of: STEPS, title: title.to_owned() });
    }
    fn say(&self, text: impl Into<String>) {
        self.screen.show(Block::Say(text.into()));
    }
    fn good(&self, text: impl Into<String>) {
        self.screen.show(Block::Good(text.into()));
    }
    fn warn(&self, text: impl Into<String>) {
        self.screen.show(Block::Warn(text.into()));
    }
    fn check_interrupt(&self) -> Result<(), WizardError> {
        match self.interrupt.is_raised() {
            true => Err(WizardError::Interrupted),
            false => Ok(()),
        }
    }
}

/// Walks through all steps. Answers that the journal knows are not asked again, writes that it knows as done are not made again, papers that
/// it knows are not read again.
pub async fn run(world: &mut World<'_>) -> Result<Ending, WizardError> {
    let mut ending = Ending::default();
    // A wrong policy must not come to light when half of the work is done.
    let policy = scans::policy(world)?;

    world.step(1, "Connection");
    let session = preflight::run(world).await?;
    planned::check(world, &session).await?;

    world.step(2, "Customers");
    let merchant = preflight::merchant(world, &session)?;
    let list = customers::run(world)?;
    ending.waiting |= customers::needs_a_person(&list);

    world.step(3, "Sync");
    let in_service = sync::run(world, &session, &list, &mut ending).await?;

    world.step(4, "What next");
    let action = choose::run(world, &list.customers)?;

    world.step(5, "Read the certificates");
    let read = match action.uploads() {
        true => scans::run(world, &merchant, &list, &policy)?,
        false => {
            world.say("Not asked for.");
            scans::Read::default()
        }
    };
    ending.waiting |= read.waiting;

    world.step(6, "Create and link");
    match action.uploads() {
        true => certificates::run(world, &session, &read, &in_service, &mut ending).await?,
        false => world.say("Not asked for."),
    }

    world.step(7, "Invite the others");
    match action.invites() {
        true => invitations::run(world, &session, &list.customers, &read.documents, &in_service, &mut ending).await?,
        false => world.say("Not asked for."),
    }

    world.step(8, "Summary");
    finish::run(world, &session, &list, &read.documents, &mut ending).await?;
    Ok(ending)
}

/// The codes the service has.
pub(crate) type InService = BTreeSet<CustomerCode>;

//! The commands for the time after onboarding: one file for each group, and here what they share: the service, the record of a change, and how
//! results are printed.

pub mod attributes;
pub mod certificates;
pub mod check;
pub mod customers;
pub mod invitations;

use super::adapters::{SystemClock, credentials, environment, signed_in, user_name, watch_ctrl_c};
use super::place::Place;
use certonboard::api::{self, ConnectOptions, Credentials, Dialect, Secret, ServiceKind};
use certonboard::cli::{self, CertcaptureDialect, ChangeArgs, Exit, ResultFormat, ServiceArgs, ServiceName};
use certonboard::domain::{CustomerCode, CustomerOnFile, nearest};
use certonboard::error::Fault;
use certonboard::journal::{Journal, RunFolder, find_run};
use certonboard::lifecycle::{Changed, ErpWord, Work};
use certonboard::plan::Plan;
use certonboard::ports::{
    ApiCall, AuditTrail, Block, Clock, Company, ExemptionService, Interrupt, JournalStore, Prompter, Question, QuestionKind, Screen,
};
use certonboard::sandbox::{self, Sandbox, SandboxOptions};
use certonboard::ui::{Printer, TerminalPrompter};
use certonboard::wizard::{Asker, connection};
use jiff::civil::Date;
use serde::Serialize;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A service that is ready to be asked, of one company.
pub struct Office {
    pub service: Arc<dyn ExemptionService>,
    pub company: Company,
    pub today: Date,
    pub printer: Printer,
    pub quiet: bool,
    pub format: ResultFormat,
    /// Whom the ERP of the named run calls exempt.
    pub erp: ErpWord,
    pub place: Place,
    _practice: Option<Sandbox>,
}

/// How long a suggestion may take.
const SUGGESTION_PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);

struct NoTrail;

impl AuditTrail for NoTrail {
    fn record(&self, _: ApiCall) {}
}

/// In the shape of the answers file, so that it is read back as that is.
fn kind_as_answers(kind: ServiceKind) -> Value {
    match kind {
        ServiceKind::CertCapture(Dialect::Guide) => json!({ "kind": "certcapture", "dialect": "guide" }),
        ServiceKind::CertCapture(Dialect::OpenApi) => json!({ "kind": "certcapture", "dialect": "openapi" }),
        _ => json!({ "kind": "avatax" }),
    }
}

/// What a run tells of its service.
fn place_of_run(run: &str) -> Result<(Place, Option<Date>, ErpWord), Fault> {
    let path = find_run(run)?;
    let journal = Journal::look(&path)?;
    let header = journal.header("run")?.unwrap_or_default();
    let found = Place::of_run(&path, &journal)?;
    let place = found.ok_or_else(|| Fault::input(format!("{}: this run never reached its service", path.display())))?;
    let today = header.get("today").and_then(Value::as_str).and_then(|d| d.parse().ok());
    let list = journal.step("read_customers")?;
    let erp = list
        .and_then(|l| l.get("customers").cloned())
        .and_then(|l| serde_json::from_value(l).ok())
        .map(|customers: Vec<certonboard::domain::Customer>| customers.into_iter().filter(|c| c.is_exempt()).map(|c| c.code).collect());
    Ok((place, today, erp))
}

fn place(args: &ServiceArgs) -> Result<(Place, Option<Date>, ErpWord), Fault> {
    if let Some(run) = &args.run {
        let (mut place, today, erp) = place_of_run(run)?;
        place.company = args.target.company.clone().or(place.company);
        return Ok((place, args.today.or(today), erp));
    }
    if args.target.sandbox {
        return Err(Fault::input("a practice service keeps its data in the folder of its run").hint("name that run with --run RUN"));
    }
    let kind = match (args.target.service, args.target.certcapture_dialect) {
        (Some(ServiceName::Certcapture), Some(CertcaptureDialect::Guide)) => ServiceKind::CertCapture(Dialect::Guide),
        (Some(ServiceName::Certcapture), _) => ServiceKind::CertCapture(Dialect::OpenApi),
        _ => ServiceKind::AvaTax,
    };
    let of_certcapture = (kind != ServiceKind::AvaTax).then(|| api::CERTCAPTURE.to_owned());
    let Some(url) = cli::base_url(&args.target).or(of_certcapture) else {
        return Err(Fault::input("which service is meant?").hint(format!(
            "give --base-url (or AVATAX_BASE_URL), such as {} or {}, or --run RUN for the service of a run",
            connection::AVATAX_SANDBOX,
            connection::AVATAX_PRODUCTION
        )));
    };
    let place = Place { kind, target: url.trim_end_matches('/').to_owned(), data: None, company: args.target.company.clone() };
    Ok((place, args.today, None))
}

/// Connects for reading.
pub async fn open(args: &ServiceArgs) -> Result<Office, Fault> {
    let (place, today, erp) = place(args)?;
    connect(args, place, today, erp, Arc::new(NoTrail)).await
}

async fn connect(args: &ServiceArgs, place: Place, today: Option<Date>, erp: ErpWord, audit: Arc<dyn AuditTrail>) -> Result<Office, Fault> {
    let environment = environment();
    let clock = SystemClock { today };
    let (url, credentials, practice) = match &place.data {
        Some(data) => {
            if !data.is_file() {
                return Err(Fault::input(format!("{}: the data of the practice service is not there any more", data.display())));
            }
            let settings = SandboxOptions { data: Some(data.clone()), today: Some(clock.today()), ..SandboxOptions::default() };
            let credentials =
                Credentials::LicenseKey { account: settings.account_id.clone(), key: Secret::new(settings.license_key.clone()) };
            let failed = |e: sandbox::SandboxError| Fault::new(Exit::Failed, format!("the practice service can't be started: {e}"));
            let server = sandbox::start(settings).await.map_err(failed)?;
            (server.base_url(), credentials, Some(server))
        }
        None => (
            place.target.clone(),
            credentials(place.kind, &place.target, environment.stdin_is_terminal && environment.stderr_is_terminal)?,
            None,
        ),
    };
    let client = place.company.clone();
    let mut settings = ConnectOptions { machine: super::run::machine_name(), client, ..ConnectOptions::new(url, credentials, audit) };
    settings.timeout = args.target.timeout.map_or(settings.timeout, std::time::Duration::from_secs);
    let settings = signed_in(place.kind, settings).await?;
    let service = api::connect(place.kind, settings).map_err(|e| Fault { hint: e.hint, ..Fault::input(e.message) })?;
    let colour = environment.stderr_is_terminal && !environment.no_color;
    let company = company(&*service, place.company.as_deref()).await?;
    let place = Place { company: Some(company.code.0.clone()), ..place };
    Ok(Office {
        service,
        company,
        today: clock.today(),
        printer: Printer::new(colour, args.quiet),
        quiet: args.quiet,
        format: args.format,
        erp,
        place,
        _practice: practice,
    })
}

async fn company(service: &dyn ExemptionService, wanted: Option<&str>) -> Result<Company, Fault> {
    service.ping().await?;
    let companies: Vec<Company> = service.companies().await?.into_iter().filter(|c| c.is_active).collect();
    let known = companies.iter().map(|c| c.code.0.clone()).take(20).collect::<Vec<_>>().join(", ");
    match wanted {
        Some(code) => companies
            .into_iter()
            .find(|c| c.code.0 == code)
            .ok_or_else(|| Fault::input(format!("the account has no company `{code}`; it has {known}"))),
        None => {
            let only = companies.len() == 1;
            let found = companies.into_iter().find(|c| only || c.is_default);
            found
                .ok_or_else(|| Fault::input(format!("which company is meant? The account has {known}")).hint("name it with --company CODE"))
        }
    }
}

impl Office {
    pub fn kind(&self) -> ServiceKind {
        self.place.kind
    }

    pub async fn customer(&self, code: &CustomerCode) -> Result<CustomerOnFile, Fault> {
        let found = self.service.customer(self.company.id, code).await?;
        match found {
            Some(found) => Ok(found),
            None => {
                // Only for a suggestion, so a service that is slow or refuses is no matter.
                let all = tokio::time::timeout(SUGGESTION_PATIENCE, self.service.customers(self.company.id)).await;
                Err(self.no_such_customer(code, &all.map(Result::unwrap_or_default).unwrap_or_default()))
            }
        }
    }

    /// `known`: the customers that are there.
    pub fn no_such_customer(&self, code: &CustomerCode, known: &[CustomerOnFile]) -> Fault {
        let near = nearest(code.as_str(), known.iter().map(|c| c.code.as_str()));
        let meant = near.map(|near| format!("did you mean {near}? ")).unwrap_or_default();
        Fault::input(format!("company {} has no customer {code}", self.company.code))
            .hint(format!("{meant}Codes are case sensitive; `certonboard customers list` shows them"))
    }

    /// The result on stdout.
    pub fn print(&self, json: &impl Serialize, text: impl FnOnce() -> String) -> Result<Exit, Fault> {
        match self.format {
            ResultFormat::Json => super::print_json(&serde_json::to_value(json).map_err(|e| Fault::new(Exit::Failed, e.to_string()))?),
            ResultFormat::Text => super::print_pages(&text()),
        }
    }

    pub fn warn(&self, text: impl Into<String>) {
        self.printer.show(Block::Warn(text.into()));
    }
}

/// Columns on stdout, without a frame.
pub fn columns(head: &[&str], rows: &[Vec<String>]) -> String {
    certonboard::ui::columns(head, rows)
}

pub fn day(day: Option<Date>) -> String {
    day.map_or("–".to_owned(), |d| d.to_string())
}

/// A change on its way: the record is open, the service is connected through it.
pub struct Change {
    pub office: Office,
    journal: Arc<Journal>,
    pub path: PathBuf,
    /// Locked: no second process works on it.
    folder: Option<RunFolder>,
    args: ChangeArgs,
}

/// Begins the record of a change and connects.
pub async fn begin(command: &str, args: &ChangeArgs) -> Result<Change, Fault> {
    let (place, today, erp) = place(&args.service)?;
    let now = jiff::Zoned::now();
    let path = match &args.run_dir {
        Some(path) => path.clone(),
        None => Path::new(certonboard::journal::DEFAULT_PARENT).join(super::run::new_run_name(&now)),
    };
    let folder = RunFolder::create(&path)?;
    let journal = Arc::new(Journal::open(&folder)?);
    let office = match connect(&args.service, place, today, erp, journal.clone()).await {
        Ok(office) => office,
        Err(fault) => {
            drop(journal);
            folder.discard();
            return Err(fault);
        }
    };
    let header = json!({
        "tool": concat!("certonboard ", env!("CARGO_PKG_VERSION")), "command": command, "reason": args.reason,
        "session": path.file_name().map(|n| n.to_string_lossy()), "started": now.timestamp(), "user": user_name(), "dry_run": args.dry_run,
        "today": office.today, "yes": args.yes, "approval": (command == "invitations send").then(super::approve::Approval::given_for_anything).flatten(),
        "supplied": { "service": kind_as_answers(office.place.kind) },
        "service": { "target": office.place.target, "data": office.place.data, "company": office.company.code.0 },
    });
    journal.set_header("run", &header, now.timestamp())?;
    let target = json!({ "service": office.place.target, "company": office.company.id });
    journal.complete_step("target", &target, now.timestamp())?;
    Ok(Change { office, journal, path, folder: Some(folder), args: args.clone() })
}

/// Goes on with a change that was stopped in the middle.
pub async fn resume(folder: RunFolder, journal: Arc<Journal>, header: &Value, args: &certonboard::cli::ResumeArgs) -> Result<Exit, Fault> {
    let path = folder.path().to_owned();
    let text = |pointer: &str| header.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let found = Place::of_run(&path, &journal)?;
    let place = found.ok_or_else(|| Fault::input(format!("{}: this change never reached its service", path.display())))?;
    let service = ServiceArgs { quiet: args.conduct.quiet, format: args.conduct.format, ..ServiceArgs::default() };
    let today = text("/today").and_then(|d| d.parse().ok());
    let office = connect(&service, place, today, None, journal.clone()).await?;
    journal.note("resumed", &json!({ "user": user_name() }), jiff::Timestamp::now())?;
    let change = ChangeArgs { service, yes: true, ..ChangeArgs::default() };
    let mut change = Change { office, journal, path, folder: Some(folder), args: change };
    let done = change.work(async |work| Ok(work.finish().await?)).await?;
    change.end(&done)
}

impl Change {
    /// Shows the plan, asks, carries it out.
    pub async fn carry_out(&mut self, plan: Plan, question: &Question) -> Result<Changed, Fault> {
        if !plan.is_empty() {
            let text = serde_json::to_string_pretty(&plan).map_err(|e| Fault::new(Exit::Failed, e.to_string()))?;
            super::run::write(&self.path.join(format!("plan-{}.json", plan.gate)), &text)?;
        }
        self.work(async |work| Ok(work.carry_out(plan, question).await?)).await
    }

    /// Is it to be done? Not in a dry run.
    pub async fn confirmed(&mut self, question: &Question) -> Result<bool, Fault> {
        let dry_run = self.args.dry_run;
        if dry_run {
            self.office.printer.show(Block::Say("Dry run: nothing was changed.".to_owned()));
            return Ok(false);
        }
        self.work(async |work| Ok(work.ask.confirm(question)?)).await
    }

    /// Notes in the record what has no plan.
    pub fn note(&self, kind: &str, what: &Value) -> Result<(), Fault> {
        let now = jiff::Timestamp::now();
        self.journal.note(kind, what, now)?;
        Ok(self.journal.complete_step(certonboard::plan::Gate::Changes.name(), what, now)?)
    }

    async fn work<T>(&mut self, task: impl AsyncFnOnce(&mut Work<'_>) -> Result<T, Fault>) -> Result<T, Fault> {
        let environment = environment();
        let interactive = !self.args.non_interactive && environment.stdin_is_terminal && environment.stderr_is_terminal;
        let colour = environment.stderr_is_terminal && !environment.no_color;
        let progress = super::adapters::progress(self.office.quiet, true);
        let clock = SystemClock { today: Some(self.office.today) };
        let interrupt = Interrupt::default();
        watch_ctrl_c(&interrupt, Some(self.path.display().to_string()));
        let ask = Asker {
            journal: &*self.journal,
            clock: &clock,
            screen: &self.office.printer,
            supplied: json!({}),
            supplied_now: json!({}),
            yes: self.args.yes,
            yes_now: self.args.yes,
            person: interactive.then(|| Box::new(TerminalPrompter::new(colour)) as Box<dyn Prompter>),
        };
        let mut work = Work {
            service: &*self.office.service,
            company: self.office.company.id,
            journal: &*self.journal,
            screen: &self.office.printer,
            progress: &*progress,
            clock: &clock,
            interrupt: &interrupt,
            ask,
            user: user_name(),
            dry_run: self.args.dry_run,
        };
        let mut done = task(&mut work).await;
        if let Err(fault) = &mut done {
            progress.end();
            // Nothing was approved: the record would hold nothing.
            let begun = certonboard::plan::Gate::ALL.iter().any(|gate| self.journal.plan(gate.name()).ok().flatten().is_some());
            if begun {
                fault.go_on = Some(format!("go on with: certonboard resume {}", super::run::run_argument(&self.path)));
            }
        }
        done
    }

    /// What came of it on stdout, and the exit code.
    pub fn end(&self, changed: &Changed) -> Result<Exit, Fault> {
        self.end_with(changed, json!({}), String::new)
    }

    /// The same with more to tell.
    pub fn end_with(&self, changed: &Changed, more: Value, text: impl FnOnce() -> String) -> Result<Exit, Fault> {
        let exit = match (changed.declined, changed.waits()) {
            (true, _) => Exit::Declined,
            (false, true) => Exit::Waiting,
            (false, false) => Exit::Done,
        };
        let outcome = changed.outcome.clone().unwrap_or_default();
        match self.office.format {
            ResultFormat::Json => {
                let mut told = json!({
                    "planned": changed.planned, "done": outcome.done, "unchanged": changed.unchanged, "refused": outcome.refused,
                    "notes": changed.notes, "declined": changed.declined, "dry_run": self.args.dry_run, "run": self.path,
                    "writes": changed.writes, "service": self.office.place.target, "company": self.office.company.code,
                    "exit_code": exit as u8,
                });
                if let (Value::Object(told), Value::Object(more)) = (&mut told, more) {
                    told.extend(more);
                }
                super::print_json(&told)?;
            }
            ResultFormat::Text => {
                let done = match (self.args.dry_run, changed.declined) {
                    (true, _) => format!("{} planned, nothing changed (dry run)", changed.planned),
                    (false, true) => "declined, nothing changed".to_owned(),
                    (false, false) => format!("{} of {} done, {} refused", outcome.done, changed.planned, outcome.refused.len()),
                };
                super::print(&format!("Changes       {done}; {} as wanted already", changed.unchanged))?;
                let text = text();
                if !text.is_empty() {
                    super::print(&text)?;
                }
                super::print(&format!("Record        {}", self.path.display()))?;
            }
        }
        self.journal.note("finished", &json!({ "exit_code": exit as u8 }), jiff::Timestamp::now())?;
        Ok(exit)
    }
}

impl Drop for Change {
    /// A change of which nothing was approved leaves no record: a refusal, a wrong code.
    fn drop(&mut self) {
        let noted = certonboard::plan::Gate::ALL.iter().any(|gate| self.journal.step(gate.name()).ok().flatten().is_some());
        let begun = certonboard::plan::Gate::ALL.iter().any(|gate| self.journal.plan(gate.name()).ok().flatten().is_some());
        if let Some(folder) = self.folder.take().filter(|_| !noted && !begun) {
            folder.discard();
        }
    }
}

/// A yes-or-no question about a change, with what there is to know before the answer. Nothing is recommended: it is the person's own order.
pub fn question(text: String, know: Vec<String>) -> Question {
    Question {
        key: "change.confirm".to_owned(),
        text: format!("{text} ({})", know.join("; ")),
        meaning: "whether to make the change as it was shown".to_owned(),
        example: "--yes".to_owned(),
        kind: QuestionKind::Confirm,
        default: None,
        recommended: None,
        required: true,
    }
}

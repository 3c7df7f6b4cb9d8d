//! `certonboard run` and `certonboard resume`: builds the adapters, walks the wizard, writes the report.

use super::adapters::{SystemClock, Workbooks, credentials, environment, service_kind, signed_in, user_name, watch_ctrl_c};
use super::place::Place;
use certonboard::api::{self, ConnectOptions, Credentials, Secret, ServiceKind};
use certonboard::cli::{self, ConductArgs, Exit, ResultFormat, ResumeArgs, RunArgs, RunOptions};
use certonboard::domain::{CompanyCode, Sha256};
use certonboard::error::Fault;
use certonboard::journal::{Journal, RunFolder, find_run};
use certonboard::plan::PlanFile;
use certonboard::ports::{Block, Clock, ExemptionService, Interrupt, JournalStore, OcrEngines, Progress, Prompter, ReadingQueue, Screen};
use certonboard::report::{self, Model};
use certonboard::sandbox::{self, Sandbox, SandboxOptions};
use certonboard::sources::scans::Folder;
use certonboard::ui::{Printer, TerminalPrompter};
use certonboard::wizard::{self, Asker, Elsewhere, Ending, Nearby, Rests, World, connection};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The text recognition this program was built with.
pub fn engines() -> Box<dyn OcrEngines> {
    #[cfg(feature = "tesseract")]
    return Box::new(certonboard::ocr::TesseractEngines::default());
    #[cfg(not(feature = "tesseract"))]
    return Box::new(certonboard::ocr::NullEngines);
}

/// What a run is for.
#[derive(Default)]
pub struct Purpose {
    /// Only a plan is wanted, in this file.
    pub plan_to: Option<PathBuf>,
    pub rests: Option<Rests>,
    /// A plan is to be carried out.
    pub expected: Option<PlanFile>,
}

pub async fn run(args: &RunArgs) -> Result<Exit, Fault> {
    if let Some(resumed) = super::nearby::run_to_resume(args)? {
        return resume(&resumed).await;
    }
    let mut options = cli::resolve(args)?;
    super::customers::with_mapping(&mut options.supplied)?;
    begin(options, Purpose::default()).await
}

/// Begins a run in a new folder.
pub async fn begin(options: RunOptions, purpose: Purpose) -> Result<Exit, Fault> {
    let now = jiff::Zoned::now();
    let path = match &options.run_dir {
        Some(path) => path.clone(),
        None => Path::new(certonboard::journal::DEFAULT_PARENT).join(new_run_name(&now)),
    };
    let folder = RunFolder::create(&path)?;
    let journal = Arc::new(Journal::open(&folder)?);
    // The day is fixed at the start: a run that is resumed after midnight decides as it began.
    let options = RunOptions { today: Some(options.today.unwrap_or_else(|| now.date())), ..options };
    let header = json!({
        "tool": concat!("certonboard ", env!("CARGO_PKG_VERSION")),
        "session": path.file_name().map(|n| n.to_string_lossy()),
        "started": now.timestamp(), "user": user_name(), "supplied": options.supplied,
        "dry_run": options.dry_run, "sandbox": options.sandbox, "today": options.today, "yes": options.yes, "approval": purpose.expected.as_ref().and_then(|plan| super::approve::Approval::given(&plan.fingerprint())),
    });
    journal.set_header("run", &header, now.timestamp())?;
    if let Some(file) = &purpose.expected {
        let value = serde_json::to_value(file).map_err(|e| Fault::new(Exit::Failed, e.to_string()))?;
        journal.set_header(PLAN_FILE, &value, now.timestamp())?;
        // What was read for the plan is not read again; a journal that is not there any more only costs time.
        let adopted = file.run.as_ref().and_then(|before| journal.adopt_scans(Path::new(before)).ok()).unwrap_or(0);
        super::note(&format!("{adopted} scans were read when the plan was made and are not read again"), options.quiet);
    }
    let given = GivenNow { supplied: json!({}), yes: options.yes };
    session(options, given, folder, journal, true, purpose).await
}

/// The header of a run that carries out a plan.
const PLAN_FILE: &str = "plan_file";

pub async fn resume(args: &ResumeArgs) -> Result<Exit, Fault> {
    let path = find_run(&args.run)?;
    let folder = RunFolder::open(&path)?;
    let journal = Arc::new(Journal::open(&folder)?);
    let header = journal.header("run")?.ok_or_else(|| Fault::input(format!("{}: this run never began; start it anew", path.display())))?;
    if header.get("command").is_some() {
        return super::later::resume(folder, journal, &header, args).await;
    }
    if header.get("dry_run") == Some(&json!(true)) {
        return Err(Fault::input(format!("{}: this was a dry run, and nothing was written; run it again", path.display())));
    }
    let run_args = RunArgs {
        conduct: ConductArgs { yes: args.conduct.yes || header.get("yes") == Some(&json!(true)), ..args.conduct.clone() },
        today: header.get("today").and_then(Value::as_str).and_then(|d| d.parse().ok()),
        ..RunArgs::default()
    };
    let mut options = cli::resolve(&run_args)?;
    super::customers::with_mapping(&mut options.supplied)?;
    // What was supplied at the start still holds; a new answers file comes on top.
    let now = std::mem::replace(&mut options.supplied, header.get("supplied").cloned().unwrap_or_else(|| json!({})));
    options.sandbox = header.get("sandbox") == Some(&json!(true));
    journal.note("resumed", &json!({ "user": user_name() }), jiff::Timestamp::now())?;
    let expected: Option<PlanFile> = journal
        .header(PLAN_FILE)?
        .map(serde_json::from_value)
        .transpose()
        .map_err(|e| Fault::new(Exit::Failed, format!("{}: the plan that this run carries out can't be read: {e}", path.display())))?;
    // Once the plan is carried out, what persons decide afterwards is asked about as in any other run.
    let carried_out = journal.step("summary")?.is_some();
    let purpose = Purpose { expected: expected.filter(|_| !carried_out), ..Purpose::default() };
    session(options, GivenNow { supplied: now, yes: args.conduct.yes }, folder, journal, false, purpose).await
}

/// A name that sorts by time and is not taken: `20261120-101500-3f9a`.
pub fn new_run_name(now: &jiff::Zoned) -> String {
    let mut tail = [0u8; 2];
    // Without randomness the time alone still names the run; a second run in the same second is refused, not mixed up.
    let _ = getrandom::fill(&mut tail);
    format!("{}-{:02x}{:02x}", now.strftime("%Y%m%d-%H%M%S"), tail[0], tail[1])
}

/// What this process was given, beside what the run began with.
struct GivenNow {
    supplied: Value,
    yes: bool,
}

async fn session(
    options: RunOptions,
    now: GivenNow,
    folder: RunFolder,
    journal: Arc<Journal>,
    new: bool,
    purpose: Purpose,
) -> Result<Exit, Fault> {
    let environment = environment();
    let interactive = !options.non_interactive && environment.stdin_is_terminal && environment.stderr_is_terminal;
    let colour = environment.stderr_is_terminal && !environment.no_color;
    let printer = Printer::new(colour, options.quiet);
    let progress = super::adapters::progress(options.quiet, true);
    let clock = SystemClock { today: options.today };
    let interrupt = Interrupt::default();
    let path = folder.path().to_owned();
    watch_ctrl_c(&interrupt, Some(path.display().to_string()));
    let ask = Asker {
        journal: &*journal,
        clock: &clock,
        screen: &printer,
        supplied: options.supplied.clone(),
        supplied_now: now.supplied,
        yes: options.yes,
        yes_now: now.yes,
        person: interactive.then(|| Box::new(TerminalPrompter::new(colour)) as Box<dyn Prompter>),
    };
    let outside = Outside { printer: &printer, progress: &progress, clock: &clock, interrupt: &interrupt, interactive };
    let ended = walk(&options, &folder, &journal, ask, &outside, &purpose).await;

    let approved = |gate: &certonboard::plan::Gate| journal.plan(gate.name()).ok().flatten().is_some();
    let begun = certonboard::plan::Gate::ALL.iter().any(approved) || journal.answer("setup.request_storage").ok().flatten().is_some();
    let mut resume_line = format!("go on with: certonboard resume {}", run_argument(&path));
    if let Some(queue) = &options.reading.queue {
        resume_line.push_str(&format!(" --queue {}", certonboard::queue::shown(queue)));
    }
    match ended {
        Ok(ending) => match &purpose.plan_to {
            Some(file) => super::plan::write_plan(&options, &path, &journal, &purpose, file, ending),
            None => finish(&options, &path, &journal, &clock, &*progress, ending),
        },
        Err(mut fault) => {
            progress.end();
            // Exit code 2 says that nothing was written.
            if begun && fault.exit == Exit::Input {
                fault.exit = Exit::Failed;
            }
            // A run that failed before anything was approved leaves nothing worth keeping.
            let worthless = new && !begun && matches!(fault.exit, Exit::Input | Exit::Refused);
            drop(journal);
            match worthless {
                true => folder.discard(),
                false => fault.go_on = Some(resume_line),
            }
            Err(fault)
        }
    }
}

/// What `resume` takes: the name alone where the run lies in the usual place.
pub fn run_argument(path: &Path) -> String {
    let usual = path.parent().is_some_and(|p| p == Path::new(certonboard::journal::DEFAULT_PARENT));
    match path.file_name().filter(|_| usual) {
        Some(name) => name.to_string_lossy().into_owned(),
        None => path.display().to_string(),
    }
}

struct Outside<'a> {
    printer: &'a Printer,
    progress: &'a Arc<dyn Progress>,
    clock: &'a SystemClock,
    interrupt: &'a Interrupt,
    interactive: bool,
}

async fn walk(
    options: &RunOptions,
    folder: &RunFolder,
    journal: &Arc<Journal>,
    mut ask: Asker<'_>,
    outside: &Outside<'_>,
    purpose: &Purpose,
) -> Result<Ending, Fault> {
    let scans = Folder::default();
    connection::check_supplied(&ask, &scans)?;
    let engines = engines();
    let mut queue = None;
    // Found out now, and not after the customers were sent.
    if !matches!(ask.supplied("action").and_then(Value::as_str), Some("invite" | "neither")) {
        engines.check()?;
        queue = super::reading::queue(&options.reading, outside.interrupt, outside.progress).await?;
    }
    let kept = super::reading::kept(&options.reading.cache);
    let place = match (service_kind(&options.supplied), ask.supplied("service.base_url"), ask.supplied("service.where")) {
        // CertCapture has one address for everything.
        (ServiceKind::CertCapture(_), None, None) => connection::Connection::Url(api::CERTCAPTURE.to_owned()),
        _ => connection::ask(&mut ask)?,
    };
    let target = match &place {
        connection::Connection::Practice => "practice".to_owned(),
        connection::Connection::Url(url) => url.trim_end_matches('/').to_owned(),
    };
    // The two services of one address are two.
    let target = match service_kind(&options.supplied) {
        ServiceKind::CertCapture(_) => format!("certcapture {target}"),
        _ => target,
    };
    let path = folder.path();
    let practice = matches!(place, connection::Connection::Practice);
    let here = Place {
        kind: service_kind(&options.supplied),
        target: target.strip_prefix("certcapture ").unwrap_or(&target).to_owned(),
        data: practice.then(|| path.join("sandbox.sqlite")),
        company: None,
    };
    let asked_before = |company: &CompanyCode| Place { company: Some(company.0.clone()), ..here.clone() }.asked_before(path);
    let (service, _practice) = connect(options, place, folder, journal, outside).await?;
    let save_plan = |plan: &certonboard::plan::Plan| {
        let file = path.join(format!("plan-{}.json", plan.gate));
        let text = serde_json::to_string_pretty(plan).ok()?;
        write(&file, &text).ok()?;
        Some(file)
    };
    let list_files = super::customers::DiskFiles { folder: path.to_owned(), save_mapping: options.save_mapping.clone() };
    let mut world = World {
        service: &*service,
        target,
        save_plan: &save_plan,
        asked_before: &asked_before,
        nearby: if outside.interactive { super::nearby::look(Path::new(".")) } else { Nearby::default() },
        scans: &scans,
        engines: &*engines,
        spreadsheets: &Workbooks,
        list_files: &list_files,
        journal: &**journal,
        screen: outside.printer,
        progress: &**outside.progress,
        clock: outside.clock,
        interrupt: outside.interrupt,
        ask,
        jobs: options.jobs,
        elsewhere: Elsewhere { kept: kept.as_deref(), queue: queue.as_ref().map(|queue| queue as &dyn ReadingQueue) },
        user: user_name(),
        rests: purpose.rests.as_ref(),
        expected: purpose.expected.as_ref(),
    };
    Ok(wizard::run(&mut world).await?)
}

/// The service, and the practice server that must live as long as it is used.
async fn connect(
    options: &RunOptions,
    place: connection::Connection,
    folder: &RunFolder,
    journal: &Arc<Journal>,
    outside: &Outside<'_>,
) -> Result<(Arc<dyn ExemptionService>, Option<Sandbox>), Fault> {
    let kind = service_kind(&options.supplied);
    let (url, credentials, practice) = match place {
        connection::Connection::Url(url) => {
            let credentials = credentials(kind, &url, outside.interactive)?;
            (url, credentials, None)
        }
        connection::Connection::Practice => {
            let data = folder.path().join("sandbox.sqlite");
            if !data.exists() {
                // Made here, so that it is the user's alone from the start.
                write(&data, "")?;
            }
            let settings = SandboxOptions { data: Some(data), today: outside.clock.today, ..SandboxOptions::default() };
            let credentials =
                Credentials::LicenseKey { account: settings.account_id.clone(), key: Secret::new(settings.license_key.clone()) };
            let server = sandbox::start(settings)
                .await
                .map_err(|e| Fault::new(Exit::Failed, format!("the practice service can't be started: {e}")))?;
            outside.printer.show(Block::Say("Practice service: a stand-in on this machine; nothing leaves it.".to_owned()));
            (server.base_url(), credentials, Some(server))
        }
    };
    let client = options.supplied.pointer("/service/company").and_then(Value::as_str).map(str::to_owned);
    let mut settings = ConnectOptions { machine: machine_name(), client, ..ConnectOptions::new(url, credentials, journal.clone()) };
    settings.timeout = options.timeout.unwrap_or(settings.timeout);
    let settings = signed_in(kind, settings).await?;
    let service = match options.dry_run {
        true => api::connect_dry_run(kind, settings),
        false => api::connect(kind, settings),
    };
    // Nothing was sent yet: an address or credentials that can't be right are a matter of input.
    let service = service.map_err(|e| Fault { hint: e.hint, ..Fault::input(e.message) })?;
    Ok((service, practice))
}

/// Report, summary, exit code.
fn finish(
    options: &RunOptions,
    path: &Path,
    journal: &Arc<Journal>,
    clock: &SystemClock,
    progress: &dyn Progress,
    ending: Ending,
) -> Result<Exit, Fault> {
    let record = journal.load()?;
    if let Some(file) = &options.record_answers {
        let text = certonboard::answers::from_run(record.answers.iter().map(|a| (a.key.as_str(), &a.value)));
        write(file, &text)?;
    }
    let model = Model::new(&record);
    let report_path = path.join("report.html");
    let (workbook_path, pdf_path) = (path.join("report.xlsx"), path.join("report.pdf"));
    let gallery = super::gallery::make(&record, &Folder::default(), &report_path, options.jobs, progress);
    let page = report::html(&model, &gallery, &clock.today().to_string());
    let plan: Vec<Value> = certonboard::plan::Gate::ALL.iter().flat_map(|g| journal.plans(g.name()).unwrap_or_default()).collect();
    let exit = match ending {
        Ending { declined: true, .. } => Exit::Declined,
        Ending { waiting: true, .. } => Exit::Waiting,
        Ending { .. } => Exit::Done,
    };
    journal.note("finished", &json!({ "exit_code": exit as u8, "report_sha256": Sha256::of(page.as_bytes()) }), clock.now())?;
    let failed = |e: String| Fault::new(Exit::Failed, e);
    let written = [
        write(&report_path, &page),
        write(&path.join("plan.json"), &serde_json::to_string_pretty(&plan).unwrap_or_default()),
        report::workbook(&report::Data::of(&model)).map_err(|e| failed(e.to_string())).and_then(|book| write_bytes(&workbook_path, &book)),
        // The record ends with this run's own end, so it is read once more.
        journal.load().map_err(Fault::from).and_then(|ended| {
            let pdf = super::report::pdf(&Model::new(&ended), &ended, journal)?;
            write_bytes(&pdf_path, &pdf)
        }),
    ];
    match options.format {
        ResultFormat::Text => {
            super::print(&report::summary(&model))?;
            super::print(&format!("Report        {}", report_path.display()))?;
            super::print(&format!("To hand on    {} (merchant), {} (record)", workbook_path.display(), pdf_path.display()))?;
            if exit == Exit::Waiting {
                super::print("Something waits for a person; the report says what (exit code 3).")?;
                if model.figures.papers_waiting > 0 && !model.dry_run {
                    super::print(&format!("Decide about papers with: certonboard review {}", run_argument(path)))?;
                }
            }
        }
        ResultFormat::Json => {
            super::print_json(
                &json!({ "figures": model.figures, "dry_run": model.dry_run, "report": report_path, "workbook": workbook_path, "record": pdf_path, "run": path, "exit_code": exit as u8 }),
            )?;
        }
    }
    // The run itself has ended and its figures are told: what lacks is a file, which can be made again.
    let again = format!("the run is done and its record is whole; make room, then: certonboard report {}", run_argument(path));
    written.into_iter().collect::<Result<Vec<()>, Fault>>().map_err(|fault| fault.hint(again))?;
    Ok(exit)
}

/// Writes a private file whole or not at all.
pub fn write(path: &Path, text: &str) -> Result<(), Fault> {
    write_bytes(path, text.as_bytes())
}

fn write_bytes(path: &Path, bytes: &[u8]) -> Result<(), Fault> {
    let failed = |e: std::io::Error| Fault::new(Exit::Failed, format!("{}: it can't be written: {e}", path.display()));
    certonboard::journal::write_private(path, bytes).map_err(failed)
}

/// This machine's name for the client header; empty when it is not known.
pub fn machine_name() -> String {
    let from_file = || std::fs::read_to_string("/etc/hostname").ok();
    std::env::var("HOSTNAME").ok().or_else(from_file).map(|n| n.trim().to_owned()).unwrap_or_default()
}

//! What the way to the service costs: many calls against one after another, a limited service, the journal, planning against fetching.
//!
//!     cargo bench --bench service
//!
//! The service is the sandbox on this machine, in this process; customers are made up, the same every time. Prints the tables of
//! docs/performance.md. Ratios are of one run; the pairs take turns.

use async_trait::async_trait;
use certonboard::api::{ConnectOptions, Credentials, Secret, ServiceKind, connect};
use certonboard::apply::{self, DocumentPages, Ports};
use certonboard::domain::{
    Address, CompanyId, Contact, Country, Customer, CustomerCode, Delivery, Document, ExemptStatus, Exemption, InvitationDraft, Region,
    ReviewEntry, Sha256,
};
use certonboard::journal::{Journal, RunFolder};
use certonboard::plan::{Action, Approval, CustomerInputs, Gate, Plan, Write, confirm, plan_customers};
use certonboard::ports::{
    ActionRecord, ActionState, AnswerRecord, ApiCall, AuditTrail, Clock, ExemptionService, Interrupt, JournalError, JournalResult,
    JournalStore, RunRecord, Silence, UploadPdf,
};
use certonboard::sandbox::{Faults, Sandbox, SandboxOptions, start};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

const COMPANY: CompanyId = CompanyId(12345);
const LATENCY_MS: u64 = 20;
/// Turns for each pair.
const TURNS: usize = 3;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let wanted: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    let asked = |name: &str| wanted.is_empty() || wanted.iter().any(|w| w == name);
    if asked("sync") {
        runtime.block_on(sync());
    }
    // For a profile, nothing else.
    if wanted.iter().any(|w| w == "ours") {
        runtime.block_on(ours());
    }
    if asked("journal") {
        runtime.block_on(journal());
    }
    if asked("limit") {
        runtime.block_on(limit());
    }
    if asked("plan") {
        runtime.block_on(plan());
    }
}

async fn ours() {
    let customers = made_up(20_000);
    for _ in 0..5 {
        let server = serve(latency()).await;
        let run = Run::new();
        let (service, _) = noted(&server, (2, 32), Some(&run));
        println!("{:.2} s", carry_out(&*service, &*run.journal, planned(&customers)).await);
    }
}

// ---- the pieces ------------------------------------------------------------------------------------------------------------------------

/// 20,000 customers into a service that takes 20 ms for each answer.
async fn sync() {
    let customers = made_up(20_000);
    println!("## Many calls in flight\n\n20,000 customers into a sandbox that adds {LATENCY_MS} ms to every answer:\n");
    println!("| how | calls | median s | time |\n|---|---|---|---|");
    let mut times: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    let mut calls: BTreeMap<&str, usize> = BTreeMap::new();
    const ONE: &str = "one customer a call, one call after another (1,000 customers, times 20)";
    const BATCHES: &str = "batches of 100, one call after another";
    const OURS: &str = "certonboard: batches of 100, many in flight, each noted in the journal";
    for _ in 0..TURNS {
        let server = serve(latency()).await;
        let (service, trail) = adapter(&server, (1, 1));
        let begun = Instant::now();
        for customer in &customers[..1000] {
            service.create_customers(COMPANY, &[(customer, Vec::new())]).await.unwrap();
        }
        times.entry(ONE).or_default().push(begun.elapsed().as_secs_f64() * 20.0);
        calls.insert(ONE, trail.calls() * 20);

        let server = serve(latency()).await;
        let (service, trail) = adapter(&server, (1, 1));
        let begun = Instant::now();
        for batch in customers.chunks(100) {
            let rows: Vec<_> = batch.iter().map(|c| (c, Vec::new())).collect();
            service.create_customers(COMPANY, &rows).await.unwrap();
        }
        times.entry(BATCHES).or_default().push(begun.elapsed().as_secs_f64());
        calls.insert(BATCHES, trail.calls());

        let server = serve(latency()).await;
        let run = Run::new();
        let (service, trail) = noted(&server, (2, 32), Some(&run));
        let took = carry_out(&*service, &*run.journal, planned(&customers)).await;
        times.entry(OURS).or_default().push(took);
        calls.insert(OURS, trail.calls());
    }
    let base = median(&times[BATCHES]);
    for how in [ONE, BATCHES, OURS] {
        let time = median(&times[how]);
        println!("| {how} | {} | {time:.2} | {:.3}x |", calls[how], time / base);
    }
    let ours = median(&times[OURS]);
    println!(
        "\nFaster than one customer a call: {:.1} times; than batches in turn: {:.1} times.\n",
        median(&times[ONE]) / ours,
        base / ours
    );
}

/// The same work with the run's journal and with one that only remembers.
async fn journal() {
    println!(
        "## The journal\n\nThe same writes with the run's journal (SQLite, synced to the disk) and with one that only keeps them in memory, taking turns:\n"
    );
    println!("| what | with journal, median s | in memory, median s | overhead |\n|---|---|---|---|");
    let customers = made_up(20_000);
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for turn in 0..2 * TURNS {
        let server = serve(latency()).await;
        if turn % 2 == 0 {
            let run = Run::new();
            let (service, _) = noted(&server, (2, 32), Some(&run));
            with.push(carry_out(&*service, &*run.journal, planned(&customers)).await);
        } else {
            let (service, _) = adapter(&server, (2, 32));
            without.push(carry_out(&*service, &Memory::default(), planned(&customers)).await);
        }
    }
    overhead("20,000 customers in 200 calls", &with, &without);
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for turn in 0..2 * TURNS {
        let server = serve(Faults::default()).await;
        let few = made_up(2_000);
        fill(&server, &few).await;
        server.set_faults(latency());
        if turn % 2 == 0 {
            let run = Run::new();
            let (service, _) = noted(&server, (2, 32), Some(&run));
            with.push(carry_out(&*service, &*run.journal, invitations(&few)).await);
        } else {
            let (service, _) = adapter(&server, (2, 32));
            without.push(carry_out(&*service, &Memory::default(), invitations(&few)).await);
        }
    }
    overhead("2,000 invitations in 2,000 calls", &with, &without);
    println!();
}

fn overhead(what: &str, with: &[f64], without: &[f64]) {
    let (with, without) = (median(with), median(without));
    println!("| {what} | {with:.2} | {without:.2} | {:+.1} % |", (with / without - 1.0) * 100.0);
}

/// A service that lets 50 calls a second through.
async fn limit() {
    const RATE: f64 = 50.0;
    println!(
        "## A limited service\n\n3,000 invitations into a sandbox that lets {RATE} calls a second through and answers 429 to the others:\n"
    );
    println!("| Retry-After | calls | answered 429 | s | of the rate used |\n|---|---|---|---|---|");
    for retry_after in [None, Some(1)] {
        let server = serve(Faults::default()).await;
        let customers = made_up(3_000);
        fill(&server, &customers).await;
        server.set_faults(Faults { requests_per_second: Some(RATE), retry_after, ..Faults::default() });
        let run = Run::new();
        let (service, trail) = noted(&server, (2, 32), Some(&run));
        let took = carry_out(&*service, &*run.journal, invitations(&customers)).await;
        let (calls, refused) = (trail.calls(), trail.limited());
        let used = (calls - refused) as f64 / (took * RATE);
        println!(
            "| {} | {calls} | {refused} ({:.1} %) | {took:.1} | {:.1} % |",
            retry_after.map_or("not sent".to_owned(), |s: u64| format!("{s} s")),
            refused as f64 / calls as f64 * 100.0,
            used * 100.0
        );
    }
    println!();
}

/// 100,000 customers planned against 100,000 that are there.
async fn plan() {
    let customers = made_up(100_000);
    let server = serve(Faults::default()).await;
    fill(&server, &customers).await;
    // A tenth differs, a twentieth is new.
    let mut wanted = customers;
    for (n, customer) in wanted.iter_mut().enumerate() {
        if n % 10 == 0 {
            customer.address.line1 = format!("{} Quay Street", n + 1);
        }
        if n % 20 == 1 {
            customer.code = CustomerCode::new(format!("NEW-{n:06}")).unwrap();
        }
    }
    let (service, _) = adapter(&server, (2, 32));
    let (mut fetching, mut planning) = (Vec::new(), Vec::new());
    let mut made = String::new();
    for _ in 0..TURNS {
        let begun = Instant::now();
        let present = service.customers(COMPANY).await.unwrap();
        fetching.push(begun.elapsed().as_secs_f64());
        let begun = Instant::now();
        let plan = plan_customers(&CustomerInputs { wanted: &wanted, present: &present, zones: &[] });
        planning.push(begun.elapsed().as_secs_f64());
        made = format!("{} writes, {} unchanged", plan.actions.len(), plan.unchanged);
    }
    let (fetching, planning) = (median(&fetching), median(&planning));
    println!("## Planning\n\n100,000 customers against 100,000 in a sandbox without latency ({made}):\n");
    println!("| what | median s | time |\n|---|---|---|");
    println!("| fetching them | {fetching:.2} | 1.00x |");
    println!("| planning | {planning:.2} | {:.2}x |", planning / fetching);
    println!("| both | {:.2} | {:.2}x |\n", fetching + planning, (fetching + planning) / fetching);
}

// ---- the bench's own parts -------------------------------------------------------------------------------------------------------------

fn latency() -> Faults {
    Faults { latency_ms: LATENCY_MS, ..Faults::default() }
}

async fn serve(faults: Faults) -> Sandbox {
    start(SandboxOptions { faults, ..SandboxOptions::default() }).await.unwrap()
}

fn adapter(server: &Sandbox, concurrent: (usize, usize)) -> (Arc<dyn ExemptionService>, Arc<Trail>) {
    noted(server, concurrent, None)
}

fn noted(server: &Sandbox, concurrent: (usize, usize), journal: Option<&Run>) -> (Arc<dyn ExemptionService>, Arc<Trail>) {
    let trail = Arc::new(Trail { journal: journal.map(|run| Arc::clone(&run.journal)), ..Trail::default() });
    let credentials = Credentials::LicenseKey { account: "2000000000".into(), key: Secret::new("SANDBOX") };
    let options = ConnectOptions { concurrent, ..ConnectOptions::new(server.base_url(), credentials, trail.clone()) };
    (connect(ServiceKind::AvaTax, options).unwrap(), trail)
}

/// Puts customers there without counting the time.
async fn fill(server: &Sandbox, customers: &[Customer]) {
    let (service, _) = adapter(server, (8, 32));
    for batch in customers.chunks(100) {
        let rows: Vec<_> = batch.iter().map(|c| (c, Vec::new())).collect();
        service.create_customers(COMPANY, &rows).await.unwrap();
    }
}

fn planned(customers: &[Customer]) -> Plan {
    plan_customers(&CustomerInputs { wanted: customers, present: &[], zones: &[] })
}

fn invitations(customers: &[Customer]) -> Plan {
    let draft = |c: &Customer| InvitationDraft {
        customer: c.code.clone(),
        recipient: None,
        delivery: Delivery::Download,
        cover_letter: "STANDARD_REQUEST".to_owned(),
        zones: Vec::new(),
        reasons: Vec::new(),
    };
    let actions = customers.iter().map(|c| Action::new(Write::SendInvitation { draft: draft(c) }, "made up")).collect();
    Plan::new(Gate::Invitations, actions, 0, Vec::new())
}

/// Carries a plan out as a run does; gives the seconds.
async fn carry_out(service: &dyn ExemptionService, journal: &dyn JournalStore, plan: Plan) -> f64 {
    let writes = plan.actions.len();
    let approval = Approval { by: "bench".to_owned(), at: jiff::Timestamp::now(), fingerprint: plan.fingerprint.clone() };
    let approved = confirm(plan, approval).unwrap();
    let interrupt = Interrupt::default();
    let ports = Ports { service, company: COMPANY, journal, documents: &NoPages, clock: &Now, progress: &Silence, interrupt: &interrupt };
    let begun = Instant::now();
    let outcome = apply::apply(approved, &ports).await.unwrap();
    let took = begun.elapsed().as_secs_f64();
    assert_eq!((outcome.done, outcome.open, outcome.refused.len()), (writes, 0, 0), "the bench's work was not done");
    took
}

fn made_up(count: usize) -> Vec<Customer> {
    (0..count)
        .map(|n| Customer {
            code: CustomerCode::new(format!("C-{n:06}")).unwrap(),
            name: format!("Harbor Lane Supply {n}"),
            address: Address {
                line1: format!("{} Mill Road", n + 1),
                line2: None,
                city: "Easton".to_owned(),
                region: Region::us_state("PA"),
                postal_code: format!("{:05}", 10_000 + n % 80_000),
                country: Country::US,
            },
            contact: Contact { email: Some(format!("ap{n}@example.com")), ..Contact::default() },
            exemption: Exemption {
                status: if n % 3 == 0 { ExemptStatus::Exempt } else { ExemptStatus::Taxable },
                rule: "made up".into(),
                number: None,
                reason: None,
                expires: None,
            },
            ship_to: Vec::new(),
            parent: None,
            row: u32::try_from(n).unwrap() + 2,
        })
        .collect()
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

/// Counts the calls, and has the run's journal note them where there is one, as a run does.
#[derive(Default)]
struct Trail {
    calls: AtomicUsize,
    limited: AtomicUsize,
    journal: Option<Arc<Journal>>,
}

impl Trail {
    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
    fn limited(&self) -> usize {
        self.limited.load(Ordering::SeqCst)
    }
}

impl AuditTrail for Trail {
    fn record(&self, call: ApiCall) {
        self.calls.fetch_add(1, Ordering::SeqCst);
        if call.status == Some(429) {
            self.limited.fetch_add(1, Ordering::SeqCst);
        }
        if let Some(journal) = &self.journal {
            journal.record(call);
        }
    }
}

struct NoPages;

impl DocumentPages for NoPages {
    fn pdf(&self, _: &str, _: [u32; 2], _: &Sha256, _: u64) -> Result<UploadPdf, String> {
        Err("no papers here".to_owned())
    }
}

struct Now;

impl Clock for Now {
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::now()
    }
    fn today(&self) -> jiff::civil::Date {
        jiff::civil::date(2026, 11, 20)
    }
}

/// A run's journal in a folder that goes with it.
struct Run {
    journal: Arc<Journal>,
    _folder: tempfile::TempDir,
}

impl Run {
    fn new() -> Self {
        // Beside the target folder: the temporary folder of some machines is memory.
        let folder = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).unwrap();
        let journal = Journal::open(&RunFolder::create(&folder.path().join("run")).unwrap()).unwrap();
        Self { journal: Arc::new(journal), _folder: folder }
    }
}

/// A journal that only remembers: what is left of the work without the disk.
#[derive(Default)]
struct Memory {
    actions: Mutex<BTreeMap<String, ActionRecord>>,
    plans: Mutex<Vec<String>>,
}

impl Memory {
    fn change(&self, id: &str, change: impl FnOnce(&mut ActionRecord)) -> JournalResult<()> {
        if let Some(record) = self.actions.lock().unwrap().get_mut(id) {
            change(record);
        }
        Ok(())
    }
}

#[async_trait]
impl JournalStore for Memory {
    fn answer(&self, _: &str) -> JournalResult<Option<Value>> {
        Ok(None)
    }
    fn record_answer(&self, _: &AnswerRecord) -> JournalResult<()> {
        Ok(())
    }
    fn step(&self, _: &str) -> JournalResult<Option<Value>> {
        Ok(None)
    }
    fn complete_step(&self, _: &str, _: &Value, _: jiff::Timestamp) -> JournalResult<()> {
        Ok(())
    }
    fn documents_of(&self, _: &str, _: &str) -> JournalResult<Option<Vec<Document>>> {
        Ok(None)
    }
    fn remember_documents(&self, _: &str, _: &str, _: &[Document]) -> JournalResult<()> {
        Ok(())
    }
    fn remember_unreadable(&self, _: &str, _: &str) -> JournalResult<()> {
        Ok(())
    }
    fn documents(&self) -> JournalResult<Vec<Document>> {
        Ok(Vec::new())
    }
    fn settle_documents(&self, _: &[Document]) -> JournalResult<()> {
        Ok(())
    }
    fn review(&self) -> JournalResult<Vec<ReviewEntry>> {
        Ok(Vec::new())
    }
    fn record_review(&self, _: &ReviewEntry) -> JournalResult<()> {
        Ok(())
    }
    fn save_plan(&self, _: &str, plan: &str, _: &Value, actions: Vec<ActionRecord>) -> JournalResult<()> {
        self.plans.lock().unwrap().push(plan.to_owned());
        self.actions.lock().unwrap().extend(actions.into_iter().map(|a| (a.id.clone(), a)));
        Ok(())
    }
    fn plans(&self, _: &str) -> JournalResult<Vec<Value>> {
        Ok(self.plans.lock().unwrap().iter().map(|plan| serde_json::from_str(plan).unwrap()).collect())
    }
    fn actions(&self, _: &str) -> JournalResult<Vec<ActionRecord>> {
        Ok(self.actions.lock().unwrap().values().cloned().collect())
    }
    async fn attempt(&self, _: &str, ids: &[&str], at: jiff::Timestamp) -> JournalResult<()> {
        for id in ids {
            self.change(id, |r| {
                r.state = ActionState::Attempted;
                r.attempts += 1;
                r.first_attempt.get_or_insert(at);
            })?;
        }
        Ok(())
    }
    async fn halfway(&self, _: &str, id: &str, result: &Value, _: jiff::Timestamp) -> JournalResult<()> {
        self.change(id, |r| r.result = Some(result.clone()))
    }
    async fn done(&self, _: &str, results: &[(&str, Value)], _: jiff::Timestamp) -> JournalResult<()> {
        for (id, result) in results {
            self.change(id, |r| {
                r.state = ActionState::Done;
                r.result = Some(result.clone());
            })?;
        }
        Ok(())
    }
    async fn failed(&self, _: &str, id: &str, error: &Value, _: jiff::Timestamp) -> JournalResult<()> {
        self.change(id, |r| {
            r.state = ActionState::Failed;
            r.result = Some(error.clone());
        })
    }
    fn load(&self) -> JournalResult<RunRecord> {
        Err(JournalError("nothing is reported from here".to_owned()))
    }
}

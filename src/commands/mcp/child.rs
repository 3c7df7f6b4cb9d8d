//! Commands of this program in processes of their own: their flags, their progress, their end.

use super::super::adapters::ASSISTANT;
use super::super::approve::Approval;
use super::Context;
use rmcp::ErrorData;
use rmcp::model::ProgressNotificationParam;
use serde_json::Value;
use std::collections::BTreeSet;
use std::process::Stdio;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::Command;

/// Bytes of a command's result; beyond that it is for files, and not for an answer.
const MOST_OUT: u64 = 256 << 20;
/// How long commands may take to end when the client has left.
const LAST: Duration = Duration::from_secs(30);
/// Remarks that are kept.
const MOST_REMARKS: usize = 1_000;

/// How a command ended.
pub struct Ran {
    pub code: i32,
    /// What it printed, `null` where that is nothing.
    pub value: Value,
    /// What it remarked on stderr.
    pub remarks: Vec<String>,
}

fn failed(what: impl std::fmt::Display) -> ErrorData {
    ErrorData::internal_error(format!("the command can't be run: {what}"), None)
}

/// A private file that is gone with its handle.
pub fn temporary(text: &str) -> Result<tempfile::NamedTempFile, ErrorData> {
    let file = tempfile::Builder::new().prefix("certonboard-").suffix(".yaml").tempfile().map_err(failed)?;
    std::fs::write(file.path(), text).map_err(failed)?;
    Ok(file)
}

/// A command that prints one JSON value. `approval`: who approved what it writes, for its record.
pub async fn run<const N: usize>(
    context: &Context,
    command: [&str; N],
    mut flags: Vec<String>,
    approval: Option<&Approval>,
) -> Result<Ran, ErrorData> {
    flags.insert(0, "--format=json".to_owned());
    let (code, out, remarks) = start(context, &command, flags, approval).await?;
    let value = if out.trim().is_empty() { Value::Null } else { serde_json::from_str(&out).map_err(failed)? };
    Ok(Ran { code, value, remarks })
}

/// A command that prints JSON lines.
pub async fn run_lines(context: &Context, command: &str, flags: Vec<String>) -> Result<Ran, ErrorData> {
    let (code, out, remarks) = start(context, &[command], flags, None).await?;
    let lines: Result<Vec<Value>, _> = out.lines().map(serde_json::from_str).collect();
    Ok(Ran { code, value: Value::Array(lines.map_err(failed)?), remarks })
}

/// A command that prints text, or JSON.
pub async fn run_text(context: &Context, command: &str, flags: Vec<String>, json: bool) -> Result<Ran, ErrorData> {
    let (code, out, remarks) = start(context, &[command], flags, None).await?;
    let value = match json {
        true if !out.trim().is_empty() => serde_json::from_str(&out).map_err(failed)?,
        _ => Value::String(out),
    };
    Ok(Ran { code, value, remarks })
}

async fn start(
    context: &Context,
    command: &[&str],
    flags: Vec<String>,
    approval: Option<&Approval>,
) -> Result<(i32, String, Vec<String>), ErrorData> {
    let mut process = Command::new(std::env::current_exe().map_err(failed)?);
    process.args(command).args(flags).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    process.env("CERTONBOARD_PROGRESS", "json").env(ASSISTANT, "1");
    match approval {
        Some(approval) => process.env(Approval::VARIABLE, serde_json::to_string(approval).map_err(failed)?),
        None => process.env_remove(Approval::VARIABLE),
    };
    let mut child = process.spawn().map_err(failed)?;
    // Whoever stops waiting for it, the client that leaves included, ends it as Ctrl-C does, so that a run can be resumed.
    let running = Running::new(child.id());
    let (Some(out), Some(err)) = (child.stdout.take(), child.stderr.take()) else { return Err(failed("its output can't be read")) };
    let mut lines = BufReader::new(err).split(b'\n');
    let (mut remarks, mut way) = (Vec::new(), Way::default());
    let listen = async {
        while let Ok(Some(line)) = lines.next_segment().await {
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            match Step::from_line(&line) {
                Some(step) => way.tell(step, context).await,
                None if line.trim().is_empty() => {}
                None if remarks.len() < MOST_REMARKS => remarks.push(line),
                None => {}
            }
        }
    };
    let cancelled = async {
        context.ct.cancelled().await;
        running.interrupt();
        std::future::pending::<()>().await;
    };
    let take = async {
        let mut text = String::new();
        let mut out = out.take(MOST_OUT);
        let read = out.read_to_string(&mut text).await;
        // Here its end is closed: a command that has more to say ends, too.
        drop(out);
        read.map(|_| text)
    };
    let read = async { tokio::join!(listen, take).1 };
    let text = tokio::select! {
        read = read => read.map_err(failed)?,
        () = cancelled => String::new(),
    };
    if text.len() as u64 >= MOST_OUT {
        return Err(failed("it has more to say than fits into an answer; use fewer scans at a time, or the command in a terminal"));
    }
    let status = child.wait().await.map_err(failed)?;
    running.ended();
    Ok((status.code().unwrap_or(-1), text, remarks))
}

/// The commands that run, by process.
static ALL: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());

fn all() -> MutexGuard<'static, BTreeSet<u32>> {
    ALL.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The client has left: what still runs is interrupted, and waited for a while.
pub async fn end_all() {
    let left: Vec<u32> = all().iter().copied().collect();
    left.iter().for_each(|id| interrupt(*id));
    let until = Instant::now() + LAST;
    while !all().is_empty() && Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// As Ctrl-C does it: the command ends after what it is doing, and says how to go on.
fn interrupt(id: u32) {
    #[cfg(unix)]
    if let Some(pid) = rustix::process::Pid::from_raw(id as i32) {
        // It may have ended by itself.
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::INT);
    }
    #[cfg(not(unix))]
    let _ = id;
}

/// A command that runs; interrupted when this is dropped before it has ended.
struct Running(Option<u32>);

impl Running {
    fn new(id: Option<u32>) -> Self {
        all().extend(id);
        Self(id)
    }

    fn interrupt(&self) {
        if let Some(id) = self.0 {
            interrupt(id);
        }
    }

    fn ended(mut self) {
        if let Some(id) = self.0.take() {
            all().remove(&id);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.interrupt();
        if let Some(id) = self.0 {
            all().remove(&id);
        }
    }
}

/// How far all pieces of work together have come: what is told never goes back.
#[derive(Default)]
struct Way {
    before: u64,
    what: String,
    done: u64,
    told: u64,
}

impl Way {
    async fn tell(&mut self, step: Step, context: &Context) {
        let Some(token) = context.meta.get_progress_token() else { return };
        if step.what != self.what || step.done < self.done {
            self.before += self.done;
            self.what.clone_from(&step.what);
        }
        self.done = step.done;
        let now = self.before + step.done;
        if now <= self.told && self.told > 0 {
            return;
        }
        self.told = now;
        let mut told = ProgressNotificationParam::new(token, now as f64);
        told.total = step.total.map(|total| (self.before + total) as f64);
        told.message = Some(format!("{}: {} {}", step.what, step.done, step.unit));
        // A client that is gone is noticed elsewhere.
        let _ = context.peer.notify_progress(told).await;
    }
}

/// One step of progress, as the command writes it on stderr.
struct Step {
    what: String,
    done: u64,
    total: Option<u64>,
    unit: String,
}

impl Step {
    fn from_line(line: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(line.strip_prefix(certonboard::ui::STEP)?).ok()?;
        let text = |name: &str| value.get(name)?.as_str().map(str::to_owned);
        Some(Self { what: text("what")?, done: value.get("done")?.as_u64()?, total: value["total"].as_u64(), unit: text("unit")? })
    }
}

//! Bars on a terminal, calm lines elsewhere, steps for a program that listens.

use crate::domain::printable;
use crate::ports::Progress;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::Write;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// A bar with count, rate and time left.
#[derive(Default)]
pub struct Bars {
    bar: Mutex<Option<ProgressBar>>,
}

impl Progress for Bars {
    fn begin(&self, what: &str, unit: &str, total: Option<u64>) {
        let bar = match total {
            Some(total) => ProgressBar::new(total),
            None => ProgressBar::no_length(),
        };
        let template = match total {
            Some(_) => format!("  {{prefix}} {{bar:24}} {{pos}}/{{len}} {unit}, {{per_sec}}, {{eta}} left  {{wide_msg}}"),
            None => format!("  {{prefix}} {{spinner}} {{pos}} {unit}, {{elapsed}}  {{wide_msg}}"),
        };
        if let Ok(style) = ProgressStyle::with_template(&template) {
            bar.set_style(style.progress_chars("━╸─"));
        }
        bar.set_prefix(printable(what));
        bar.enable_steady_tick(Duration::from_millis(200));
        if let Some(old) = self.lock().replace(bar) {
            old.finish_and_clear();
        }
    }

    fn advance(&self, by: u64, now: &str) {
        if let Some(bar) = self.lock().as_ref() {
            bar.inc(by);
            bar.set_message(printable(now));
        }
    }

    fn end(&self) {
        if let Some(bar) = self.lock().take() {
            bar.finish_and_clear();
        }
    }

    fn remark(&self, text: &str) {
        let line = format!("    {}", printable(text));
        match self.lock().as_ref() {
            Some(bar) => bar.suspend(|| to_stderr(&line)),
            None => to_stderr(&line),
        }
    }
}

fn to_stderr(line: &str) {
    // A closed stderr is no reason to stop a run.
    let _ = writeln!(std::io::stderr(), "{line}");
}

impl Bars {
    fn lock(&self) -> std::sync::MutexGuard<'_, Option<ProgressBar>> {
        self.bar.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// One line at the start of each piece of work, and one for every tenth of it: for logs and pipes.
pub struct Lines {
    state: Mutex<State>,
    quiet: bool,
}

#[derive(Default)]
struct State {
    what: String,
    unit: String,
    total: Option<u64>,
    done: u64,
    told: u64,
}

impl Lines {
    pub fn new(quiet: bool) -> Self {
        Self { state: Mutex::default(), quiet }
    }

    fn print(&self, line: &str) {
        if !self.quiet {
            to_stderr(&format!("    {}", printable(line)));
        }
    }
}

impl Progress for Lines {
    fn begin(&self, what: &str, unit: &str, total: Option<u64>) {
        let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *state = State { what: what.to_owned(), unit: unit.to_owned(), total, ..State::default() };
        match total {
            Some(0) => {}
            Some(total) => self.print(&format!("{what}: {total} {unit}")),
            None => self.print(what),
        }
    }

    fn advance(&self, by: u64, _now: &str) {
        let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        state.done += by;
        let step = state.total.map_or(1000, |t| (t / 10).max(10));
        if state.done >= state.told + step {
            state.told = state.done;
            let of = state.total.map(|t| format!(" of {t}")).unwrap_or_default();
            let line = format!("{}: {}{of} {}", state.what, state.done, state.unit);
            self.print(&line);
        }
    }

    fn end(&self) {}

    fn remark(&self, text: &str) {
        self.print(text);
    }
}

/// How a line of [`Steps`] begins.
pub const STEP: &str = "certonboard-step ";
/// Steps come no faster than this; the last one of each piece of work always comes.
const PACE: Duration = Duration::from_millis(250);

/// JSON lines on stderr, for a program that shows them in its own way.
#[derive(Default)]
pub struct Steps(Mutex<(State, Option<Instant>)>);

impl Steps {
    fn change(&self, change: impl FnOnce(&mut State), always: bool) {
        let mut all = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        change(&mut all.0);
        let whole = all.0.total == Some(all.0.done);
        if !always && !whole && all.1.is_some_and(|at| at.elapsed() < PACE) {
            return;
        }
        all.1 = Some(Instant::now());
        let State { what, unit, total, done, .. } = &all.0;
        to_stderr(&format!("{STEP}{}", serde_json::json!({ "what": what, "unit": unit, "total": total, "done": done })));
    }
}

impl Progress for Steps {
    fn begin(&self, what: &str, unit: &str, total: Option<u64>) {
        self.change(|state| *state = State { what: what.to_owned(), unit: unit.to_owned(), total, ..State::default() }, true);
    }

    fn advance(&self, by: u64, _now: &str) {
        self.change(|state| state.done += by, false);
    }

    fn end(&self) {}

    fn remark(&self, text: &str) {
        to_stderr(&printable(text));
    }
}

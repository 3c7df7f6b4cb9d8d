//! The review on a terminal, for machines with no browser: the same desk, one question after the other.

use super::pictures::png;
use crate::domain::{
    CandidateView, Command, CustomerCode, Disposition, Edits, PaperView, Queue, QueueItem, ReviewError, Standing, StateEdit, Verdict,
};
use crate::ports::{AskError, Block, Choice, Prompter, Question, QuestionKind, ReviewDesk, Screen};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// What the terminal needs.
pub struct Terminal<'a> {
    pub desk: &'a dyn ReviewDesk,
    pub prompter: &'a mut dyn Prompter,
    pub screen: &'a dyn Screen,
    /// Writes a page's picture under a name; gives the file.
    pub save_page: &'a dyn Fn(&str, &[u8]) -> Option<PathBuf>,
}

/// Why the review ended before its end.
#[derive(Debug, thiserror::Error)]
pub enum TerminalError {
    #[error(transparent)]
    Ask(#[from] AskError),
    #[error(transparent)]
    Review(#[from] ReviewError),
}

/// Goes through the open papers, one after the other, until all are decided or the person stops. Each decision is kept at once.
pub fn at_the_terminal(mut terminal: Terminal<'_>) -> Result<(), TerminalError> {
    // What was skipped now is not shown again in this sitting.
    let mut seen = BTreeSet::new();
    let mut last = None;
    loop {
        let queue = terminal.desk.queue()?;
        let next = queue.items.iter().find(|i| matches!(i.standing, Standing::Open | Standing::Later) && !seen.contains(&i.id));
        let Some(item) = next else {
            terminal.say(ended(&queue));
            return Ok(());
        };
        terminal.say(progress(&queue));
        match terminal.paper(item, last.is_some())? {
            Next::Decided => {
                last = Some(item.id.clone());
                seen.insert(item.id.clone());
            }
            Next::Again => {}
            Next::TakeBack => {
                if let Some(id) = last.take() {
                    let taken = terminal.desk.paper(&id).and_then(|view| terminal.desk.act(&id, view.revision, Command::Reopen));
                    match taken {
                        Ok(()) => drop(seen.remove(&id)),
                        Err(why) => terminal.warn(why.to_string()),
                    }
                }
            }
            Next::Stop => {
                terminal.say(ended(&terminal.desk.queue()?));
                return Ok(());
            }
        }
    }
}

fn open_ones(queue: &Queue) -> usize {
    queue.items.iter().filter(|i| matches!(i.standing, Standing::Open | Standing::Later)).count()
}

fn progress(queue: &Queue) -> String {
    format!("{} of {} papers decided.", queue.items.len() - open_ones(queue), queue.items.len())
}

fn ended(queue: &Queue) -> String {
    let run = &queue.run;
    match (queue.items.len(), open_ones(queue)) {
        (0, _) => "Nothing waits for a person.".to_owned(),
        (_, 0) => format!("Everything is decided. Carry it out with: certonboard resume {run}"),
        (_, left) => {
            format!("{left} papers are still open: certonboard review {run}. Carry out what was decided with: certonboard resume {run}")
        }
    }
}

enum Next {
    Decided,
    /// The paper changed, or was given up: look at the list again.
    Again,
    TakeBack,
    Stop,
}

impl Terminal<'_> {
    fn say(&self, text: impl Into<String>) {
        self.screen.show(Block::Say(text.into()));
    }

    fn warn(&self, text: impl Into<String>) {
        self.screen.show(Block::Warn(text.into()));
    }

    fn ask(&mut self, text: &str, kind: QuestionKind, suggested: Option<&str>) -> Result<String, AskError> {
        let question = Question {
            key: "review".to_owned(),
            text: text.to_owned(),
            meaning: text.to_owned(),
            example: String::new(),
            kind,
            default: suggested.map(Value::from),
            recommended: None,
            required: true,
        };
        Ok(self.prompter.ask(&question)?.value.as_str().unwrap_or_default().to_owned())
    }

    fn choose(&mut self, text: &str, choices: Vec<(String, String)>) -> Result<String, AskError> {
        let choices = choices.into_iter().map(|(value, label)| Choice { value, label }).collect();
        self.ask(text, QuestionKind::Choice(choices), None)
    }

    /// One paper, until it is decided.
    fn paper(&mut self, item: &QueueItem, may_take_back: bool) -> Result<Next, TerminalError> {
        let view = self.desk.paper(&item.id)?;
        let mut draft = Draft { edits: Edits::default(), candidates: view.candidates.clone() };
        self.show(&view);
        loop {
            let picked = self.choose("What about this paper?", menu(&view, &draft, may_take_back))?;
            let done = match picked.split_once(':') {
                Some(("accept", code)) => self.accept(&view, &draft, &[code.to_owned()])?,
                _ => match picked.as_str() {
                    "other" => match self.others(&view)? {
                        codes if codes.is_empty() => None,
                        codes => self.accept(&view, &draft, &codes)?,
                    },
                    "correct" => {
                        self.correct(&view, &mut draft)?;
                        None
                    }
                    "reject" => {
                        // Only the program's own refusal is a reason to take over.
                        let refused = view.item.disposition == Disposition::Reject;
                        let suggested = refused.then(|| view.item.why.join("; "));
                        let why = self.ask("Why is it not to be used?", QuestionKind::Text, suggested.as_deref())?;
                        self.act(&view, Command::Reject { why })?
                    }
                    "later" => self.act(&view, Command::Later)?,
                    "look" => {
                        self.look(&view)?;
                        None
                    }
                    "split" => {
                        let page = self.page_of(&view, "On which page does another paper begin?", view.item.pages[0] + 1)?;
                        self.act(&view, Command::Split { page })?.map(|_| Next::Again)
                    }
                    "join" => self.act(&view, Command::Join { page: view.item.pages[0] })?.map(|_| Next::Again),
                    "turn" => {
                        let page = self.page_of(&view, "Which page is to be turned a quarter clockwise?", view.item.pages[0])?;
                        self.act(&view, Command::Turn { page })?.map(|_| Next::Again)
                    }
                    "back" => Some(Next::TakeBack),
                    _ => Some(Next::Stop),
                },
            };
            if let Some(next) = done {
                return Ok(next);
            }
        }
    }

    fn show(&self, view: &PaperView) {
        let [first, last] = view.item.pages;
        let pages = if first == last { format!("page {first}") } else { format!("pages {first} to {last}") };
        let form = view.form_title.as_deref().unwrap_or("no form recognised");
        let signed = if view.signed { "signed" } else { "no signature found" };
        let table = |title: String, head: &[&str], rows: Vec<Vec<String>>| {
            let head = head.iter().map(|h| (*h).to_owned()).collect();
            self.screen.show(Block::Table { title, head, rows, note: None });
        };
        let sure = |confidence: Option<f32>| confidence.map(|c| format!("{c:.2}")).unwrap_or_default();
        let values = view.fields.iter().filter(|f| !f.value.is_empty());
        let values = values.map(|f| vec![f.label.to_owned(), f.value.clone(), sure(f.confidence)]);
        let states = view.states.iter().map(|s| vec![format!("Number of {}", s.region), s.number.clone(), sure(s.confidence)]);
        table(format!("{}, {pages}: {form}, {signed}", view.item.file), &["Value", "As read", "Sure"], values.chain(states).collect());
        for why in &view.item.why {
            self.warn(why.clone());
        }
        let open = view.findings.iter().filter(|f| f.verdict != Verdict::Pass);
        let open: Vec<Vec<String>> =
            open.map(|f| vec![f.short.clone(), f.follows.clone().unwrap_or_default(), f.evidence.clone()]).collect();
        if !open.is_empty() {
            table("What the rules say".to_owned(), &["Rule", "Follows", "Seen"], open);
        }
        let rows: Vec<Vec<String>> = view.candidates.iter().map(candidate_row).collect();
        match rows.is_empty() {
            true => self.say("Nobody in the customer list is like the purchaser."),
            false => table("Customers it may belong to".to_owned(), &["Customer", "Name and address", "Why", "Against it"], rows),
        }
    }

    /// `None` where the person has to do something else first.
    fn act(&mut self, view: &PaperView, command: Command) -> Result<Option<Next>, TerminalError> {
        let done = self.desk.act(&view.item.id, view.revision, command);
        self.ended(done)
    }

    fn ended(&self, done: Result<(), ReviewError>) -> Result<Option<Next>, TerminalError> {
        match done {
            Ok(()) => Ok(Some(Next::Decided)),
            Err(ReviewError::Outdated | ReviewError::NoSuchPaper) => {
                self.warn(ReviewError::Outdated.to_string());
                Ok(Some(Next::Again))
            }
            Err(ReviewError::Failed(why)) => Err(ReviewError::Failed(why).into()),
            Err(other) => {
                self.warn(other.to_string());
                Ok(None)
            }
        }
    }

    fn accept(&mut self, view: &PaperView, draft: &Draft, codes: &[String]) -> Result<Option<Next>, TerminalError> {
        let customers: Vec<CustomerCode> = codes.iter().filter_map(|code| CustomerCode::new(code.as_str()).ok()).collect();
        let command = |despite| Command::Accept { customers: customers.clone(), edits: draft.edits.clone(), despite };
        match self.desk.act(&view.item.id, view.revision, command(false)) {
            Err(ReviewError::Despite(rules)) => {
                rules.iter().for_each(|rule| self.warn(rule.clone()));
                let no = ("no".to_owned(), "No".to_owned());
                let yes = ("yes".to_owned(), "Yes: my name stands beside it".to_owned());
                match self.choose("The rules would reject this paper. Accept it all the same?", vec![no, yes])?.as_str() {
                    "yes" => self.act(view, command(true)),
                    _ => Ok(None),
                }
            }
            done => self.ended(done),
        }
    }

    /// Customers by search, one or more.
    fn others(&mut self, view: &PaperView) -> Result<Vec<String>, TerminalError> {
        let mut codes: Vec<String> = Vec::new();
        loop {
            let text = self.ask("Name, code, city or number of the customer:", QuestionKind::Text, None)?;
            let found = self.desk.search(&view.item.id, &text)?;
            if found.is_empty() {
                self.warn(format!("no customer has all of these words: {text}"));
            }
            let mut choices: Vec<(String, String)> = found.iter().map(|c| (format!("code:{}", c.code), candidate_line(c))).collect();
            choices.push(("again".to_owned(), "Search again".to_owned()));
            choices.push(("no".to_owned(), "None of them".to_owned()));
            match self.choose("Which customer?", choices)?.as_str() {
                "again" => continue,
                "no" => return Ok(codes),
                picked => codes.extend(picked.strip_prefix("code:").map(str::to_owned).filter(|code| !codes.contains(code))),
            }
            let more = vec![("no".to_owned(), format!("No, accept it for {}", codes.join(", "))), ("yes".to_owned(), "Yes".to_owned())];
            if self.choose("Does it belong to another customer as well?", more)? == "no" {
                return Ok(codes);
            }
        }
    }

    fn correct(&mut self, view: &PaperView, draft: &mut Draft) -> Result<(), TerminalError> {
        let now = |field: &crate::domain::FieldView, edits: &Edits| edits.fields.get(&field.field).cloned().unwrap_or(field.value.clone());
        let mut choices: Vec<(String, String)> = view
            .fields
            .iter()
            .enumerate()
            .map(|(n, field)| (n.to_string(), format!("{}: {}", field.label, now(field, &draft.edits))))
            .collect();
        let states = draft.states(view);
        choices.extend(states.iter().enumerate().map(|(n, s)| (format!("state {n}"), format!("Number of {}: {}", s.region, s.number))));
        choices.push(("add".to_owned(), "Add a state".to_owned()));
        choices.push(("no".to_owned(), "Nothing".to_owned()));
        let picked = self.choose("Which value is wrong?", choices)?;
        let mut states = states;
        match picked.as_str() {
            "no" => return Ok(()),
            "add" => {
                let region = self.ask("State:", QuestionKind::Text, None)?;
                let number = self.typed("Number (- for none):", "")?;
                states.push(StateEdit { region, number });
                draft.edits.states = Some(states);
            }
            _ => match (picked.strip_prefix("state ").and_then(|n| n.parse::<usize>().ok()), picked.parse::<usize>()) {
                (Some(n), _) => {
                    let text = format!("Number of {} (- for none, x if the state is not claimed):", states[n].region);
                    match self.typed(&text, &states[n].number)?.as_str() {
                        "x" => drop(states.remove(n)),
                        number => states[n].number = number.to_owned(),
                    }
                    draft.edits.states = Some(states);
                }
                (None, Ok(n)) => {
                    let field = &view.fields[n];
                    let typed = self.typed(&format!("{} (- for nothing):", field.label), &now(field, &draft.edits))?;
                    draft.edits.fields.insert(field.field, typed);
                }
                (None, Err(_)) => return Ok(()),
            },
        }
        let checked = self.desk.check(&view.item.id, &draft.edits, &[])?;
        match checked.mistyped.is_empty() {
            true => draft.candidates = checked.candidates,
            false => checked.mistyped.iter().for_each(|m| self.warn(format!("{}: {}", m.field, m.why))),
        }
        Ok(())
    }

    /// A line of text; `-` stands for nothing.
    fn typed(&mut self, text: &str, now: &str) -> Result<String, AskError> {
        let typed = self.ask(text, QuestionKind::Text, Some(now).filter(|now| !now.is_empty()))?;
        Ok(if typed == "-" { String::new() } else { typed })
    }

    fn page_of(&mut self, view: &PaperView, text: &str, first: u32) -> Result<u32, AskError> {
        let pages = (first..=view.item.pages[1]).map(|page| (page.to_string(), format!("Page {page}"))).collect();
        // Only numbers of pages are offered.
        Ok(self.choose(text, pages)?.parse().unwrap_or(first))
    }

    /// Writes the paper's pages as pictures, for whatever can show them.
    fn look(&mut self, view: &PaperView) -> Result<(), TerminalError> {
        for page in view.item.pages[0]..=view.item.pages[1] {
            let made = self.desk.page(&view.item.id, page).map(png);
            let saved = made.ok().flatten().and_then(|bytes| (self.save_page)(&format!("{}-{page}.png", view.item.id), &bytes));
            match saved {
                Some(file) => self.say(format!("Page {page}: {}", file.display())),
                None => self.warn(format!("page {page} can't be shown")),
            }
        }
        Ok(())
    }
}

/// What the person changed, and who it may belong to then.
struct Draft {
    edits: Edits,
    candidates: Vec<CandidateView>,
}

impl Draft {
    fn states(&self, view: &PaperView) -> Vec<StateEdit> {
        let read = || view.states.iter().map(|s| StateEdit { region: s.region.clone(), number: s.number.clone() }).collect();
        self.edits.states.clone().unwrap_or_else(read)
    }
}

fn candidate_line(candidate: &CandidateView) -> String {
    let against = match candidate.against.as_slice() {
        [] => String::new(),
        against => format!("; against it: {}", against.join(", ")),
    };
    format!("{} {}, {} ({}{against})", candidate.code, candidate.name, candidate.address, candidate.evidence.join(", "))
}

fn candidate_row(candidate: &CandidateView) -> Vec<String> {
    let place = format!("{}, {}", candidate.name, candidate.address);
    vec![candidate.code.to_string(), place, candidate.evidence.join(", "), candidate.against.join(", ")]
}

fn menu(view: &PaperView, draft: &Draft, may_take_back: bool) -> Vec<(String, String)> {
    let mut menu: Vec<(String, String)> = Vec::new();
    // Skipping stands first: pressing Enter twice must never link a paper.
    let mut add = |value: &str, label: &str| menu.push((value.to_owned(), label.to_owned()));
    add("later", "Skip for now");
    for candidate in &draft.candidates {
        add(&format!("accept:{}", candidate.code), &format!("Accept for {}", candidate_line(candidate)));
    }
    add("other", "Accept for another customer, or for several");
    add("correct", "Correct a value");
    add("reject", "Reject");
    add("look", "See the pages (writes pictures)");
    if view.item.pages[0] < view.item.pages[1] {
        add("split", "Split: another paper begins on one of its pages");
    }
    if view.cut {
        add("join", "Join it to the paper before, from which a person split it");
    }
    add("turn", "Turn a page and read it again");
    if may_take_back {
        add("back", "Take the last decision back");
    }
    add("stop", "Stop");
    menu
}

//! Step 2: read the spreadsheet, show what its columns were taken for, sum up.

use super::asking::{choice, confirm, example, recommend};
use super::customer_list::{ListChoices, OpenList, ReadList, contradictions_named, contradictions_word};
use super::list::Wanted;
use super::{WizardError, World};
use crate::customers::{self, Ambiguity, CustomerList, Doubt, Layout, SettleContradictions, Target};
use crate::domain::{ExemptStatus, IssueKind, Severity, counted};
use crate::ports::{Block, Choice, Question, QuestionKind};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Problems that are shown on the terminal; the report has all of them.
const SHOWN: usize = 12;
/// Contradictions that are shown before the question about them.
const FEW: usize = 5;

pub(super) fn run(world: &mut World<'_>) -> Result<CustomerList, WizardError> {
    let nearby = world.nearby.spreadsheets.clone();
    // A single one may be meant; of several only the person knows.
    let found = match (world.ask.is_interactive(), nearby.as_slice()) {
        (true, [only]) => Some(recommend(only.clone(), ["it is the only spreadsheet in this folder".to_owned()])),
        _ => None,
    };
    if world.ask.is_interactive() && nearby.len() > 1 && world.ask.supplied("customers.file").is_none() {
        let names: Vec<&str> = nearby.iter().take(FEW).map(String::as_str).collect();
        world.say(format!("{} spreadsheets are in this folder: {}.", nearby.len(), names.join(", ")));
    }
    let question = Question {
        key: "customers.file".to_owned(),
        text: "The merchant's customer spreadsheet:".to_owned(),
        meaning: "the spreadsheet that the merchant's ERP exported".to_owned(),
        example: example("customers.file", "customers.xlsx"),
        kind: QuestionKind::File,
        default: nearby.first().filter(|_| world.ask.is_interactive()).map(|name| json!(name)),
        recommended: found.filter(|_| world.ask.supplied("customers.file").is_none()),
        required: true,
    };
    let path = PathBuf::from(world.ask.text(&question)?);
    let mut choices = choices(world)?;
    let files = world.list_files;
    let mut open = OpenList::open(world.spreadsheets, &path, &choices, world.jobs, |path| files.sha256(path))?;
    let at = path.display().to_string();
    let mut layout = open.propose(&mut choices)?;
    let mut corrected = false;
    loop {
        show_columns(world, &layout);
        let shown = layout.mapping.as_wishes();
        layout = settle_columns(world, &open, layout, &mut choices)?;
        if layout.mapping.as_wishes() != shown {
            show_columns(world, &layout);
        }
        let reasons = match layout.ambiguous.iter().all(|doubt| choices.settles(doubt)) {
            true => vec!["every column was recognised by its header and its values".to_owned()],
            false => vec![format!("{} columns could be something else; look at them first", layout.ambiguous.len())],
        };
        let question = confirm(
            "customers.columns_ok",
            "Are the columns right?",
            "whether the columns of the spreadsheet were recognised rightly",
            recommend(true, reasons),
        );
        // After a correction an earlier answer no longer counts.
        let fine = if corrected { world.ask.confirm_anew(&question)? } else { world.ask.confirm(&question)? };
        if fine {
            break;
        }
        if !world.ask.is_interactive() {
            let text = format!("{at}: the columns were not confirmed; name them in the answers file");
            return Err(WizardError::Input(format!("{text}, for example: customers: {{ columns: {{ customer_code: \"Customer ID\" }} }}")));
        }
        correct(world, &layout, &mut choices)?;
        corrected = true;
        layout = open.propose(&mut choices)?;
    }
    let mut list = open.read(&layout, &choices.settle, Wanted::Customers)?;
    if let Some(cells) = open.corrected_cells() {
        world.good(format!("{} corrected by the merchant.", counted(cells, "cell", "cells")));
    }
    if list.customers.is_empty() {
        let what = match list.rejected.len() {
            0 => "has no customer".to_owned(),
            n => format!("has no customer that can be used, only {n} with problems (see certonboard customers summary),"),
        };
        return Err(WizardError::Input(format!("{at}: sheet “{}” {what} below its header row {}", layout.sheet, layout.header_row)));
    }
    if let Some(settled) = settle_contradictions(world, &list)? {
        choices.contradictions_settled = true;
        if std::mem::replace(&mut choices.settle.contradictions, settled) != settled {
            list = open.read(&layout, &choices.settle, Wanted::Customers)?;
        }
    }
    show_summary(world, &list);
    let summary = &list.summary;
    let outcome = json!({ "file": at, "layout": layout, "summary": summary, "customers": list.customers, "issues": list.issues, "conflicting": list.conflicting });
    world.journal.complete_step("read_customers", &outcome, world.clock.now())?;
    for (key, value) in choices.as_answers() {
        world.ask.keep(&key, value)?;
    }
    let mut read = ReadList { open, choices, layout, list };
    let told = world.list_files.keep(&mut read).map_err(WizardError::Input)?;
    told.into_iter().for_each(|line| world.say(line));
    Ok(read.list)
}

pub(super) fn needs_a_person(list: &CustomerList) -> bool {
    list.issues.iter().any(|i| i.severity == Severity::Error)
}

/// How the list is to be read: what was supplied at the start, what a person named earlier in this run, what was supplied now.
fn choices(world: &World<'_>) -> Result<ListChoices, WizardError> {
    let mut choices = ListChoices::from_supplied(&[&world.ask.supplied, &world.ask.supplied_now])?;
    for target in Target::ALL {
        let now = world.ask.supplied_now.pointer(&format!("/customers/columns/{target}")).is_some();
        if let (false, Some(Value::String(header))) = (now, world.journal.answer(&column_key(*target))?) {
            choices.name_column(*target, header);
        }
    }
    Ok(choices)
}

fn column_key(target: Target) -> String {
    format!("customers.columns.{}", target.name())
}

/// A line for the answers file that names columns.
fn columns_example<'c>(columns: impl IntoIterator<Item = (Target, &'c str)>) -> String {
    let columns: Vec<String> = columns.into_iter().map(|(target, header)| format!("{target}: {}", Value::from(header))).collect();
    format!("customers: {{ columns: {{ {} }} }}", columns.join(", "))
}

/// A wrong choice here exempts the wrong customer, or taxes one that is exempt: nobody takes it silently.
fn decides_exemption(target: Target) -> bool {
    use Target as T;
    matches!(target, T::ExemptFlag | T::TaxableFlag | T::TaxCode | T::EntityUseCode | T::ExemptionNumber)
}

/// Asks for each field that several columns fit, one question each.
fn settle_columns(world: &mut World<'_>, open: &OpenList, mut layout: Layout, choices: &mut ListChoices) -> Result<Layout, WizardError> {
    // A new proposal may bring new doubts; each round settles at least one field.
    for _ in Target::ALL {
        let doubts: Vec<Ambiguity> = layout.ambiguous.iter().filter(|doubt| !choices.settles(doubt)).cloned().collect();
        if doubts.is_empty() {
            break;
        }
        // A wrong customer code links papers to the wrong customer: `--yes` is no answer to that.
        let refused = |doubt: &&Ambiguity| match doubt.target {
            Target::CustomerCode | Target::CodeAndName => true,
            target => decides_exemption(target) && !world.ask.yes,
        };
        let open_questions: Vec<&Ambiguity> = doubts.iter().filter(refused).filter(|_| !world.ask.is_interactive()).collect();
        if !open_questions.is_empty() {
            let told = open_questions.iter().map(|doubt| {
                if doubt.doubt != Doubt::Column {
                    return doubt.why.clone();
                }
                let between: Vec<String> = doubt.candidates.iter().map(|c| format!("“{}”", c.header)).collect();
                format!("which column holds the {} is not sure: {} ({})", doubt.target.label(), between.join(" or "), doubt.why)
            });
            let told: Vec<String> = told.collect();
            let values = open_questions.iter().find_map(|doubt| match &doubt.doubt {
                Doubt::Values(values) => values.first(),
                Doubt::Column | Doubt::Polarity => None,
            });
            let example = match values {
                Some(value) => format!("customers: {{ tax_values: {{ {}: exempt }} }}", Value::from(value.as_str())),
                None => columns_example(open_questions.iter().filter_map(|d| Some((d.target, d.candidates.first()?.header.as_str())))),
            };
            let at = open.path.display();
            return Err(WizardError::Input(format!("{at}: {}; name it in the answers file: {example}", told.join("; "))));
        }
        for doubt in &doubts {
            match &doubt.doubt {
                Doubt::Column if doubt.target == Target::CodeAndName => ask_code_and_name(world, doubt, choices)?,
                Doubt::Column => {
                    let header = ask_column(world, doubt)?;
                    choices.name_column(doubt.target, header);
                }
                Doubt::Polarity => ask_polarity(world, doubt, choices)?,
                Doubt::Values(values) => ask_values(world, doubt, values, choices)?,
            }
        }
        layout = open.propose(choices)?;
    }
    Ok(layout)
}

/// Which part of a cell like `10233 Blue Ridge Supply` is the customer code.
fn ask_code_and_name(world: &mut World<'_>, doubt: &Ambiguity, choices: &mut ListChoices) -> Result<(), WizardError> {
    let Some(candidate) = doubt.candidates.first() else { return Ok(()) };
    let header = &candidate.header;
    let sample = candidate.sample.first().map(String::as_str).unwrap_or_default();
    let code = customers::code_and_name(sample).map_or(sample, |(code, _)| code);
    let part = format!("The code alone, such as “{code}”; the rest is the name");
    let whole = format!("The whole cell, such as “{sample}”");
    let question = Question {
        key: column_key(doubt.target),
        text: format!("What stands on the merchant's invoices as the customer code, in “{header}”?"),
        meaning: format!("the header of the column that holds code and name, or - where all of “{header}” is the code"),
        example: columns_example([(doubt.target, header.as_str())]),
        kind: QuestionKind::Choice(vec![choice(header.clone(), part), choice("-", whole)]),
        default: Some(Value::String(header.clone())),
        recommended: Some(recommend(header.clone(), [format!("every row of “{header}” begins or ends with a code of its own")])),
        required: false,
    };
    let answer = world.ask.text(&question)?;
    if answer == "-" {
        choices.name_column(Target::CustomerCode, header.clone());
    }
    choices.name_column(doubt.target, answer);
    Ok(())
}

/// What yes means in a column of flags.
fn ask_polarity(world: &mut World<'_>, doubt: &Ambiguity, choices: &mut ListChoices) -> Result<(), WizardError> {
    let Some(candidate) = doubt.candidates.first() else { return Ok(()) };
    let header = &candidate.header;
    let (other, yes, no) = match doubt.target {
        Target::TaxableFlag => (Target::ExemptFlag, "taxed", "exempt"),
        _ => (Target::TaxableFlag, "exempt", "taxed"),
    };
    let question = Question {
        key: column_key(doubt.target),
        text: format!("What does yes mean in the column “{header}”?"),
        meaning: format!("the header of the column where yes means {yes}, or - where it means {no}"),
        example: columns_example([(doubt.target, header.as_str())]),
        kind: QuestionKind::Choice(vec![choice(header.clone(), format!("Yes means {yes}")), choice("-", format!("Yes means {no}"))]),
        default: Some(Value::String(header.clone())),
        recommended: Some(recommend(header.clone(), [doubt.why.clone(), format!("it holds {}", candidate.sample.join(" | "))])),
        required: false,
    };
    let answer = world.ask.text(&question)?;
    if answer == "-" {
        choices.name_column(other, header.clone());
    }
    choices.name_column(doubt.target, answer);
    Ok(())
}

/// What each of the merchant's own codes means.
fn ask_values(world: &mut World<'_>, doubt: &Ambiguity, values: &[String], choices: &mut ListChoices) -> Result<(), WizardError> {
    let header = doubt.candidates.first().map(|candidate| candidate.header.clone()).unwrap_or_default();
    for value in values {
        let question = Question {
            text: format!("What does “{value}” mean in the column “{header}”?"),
            meaning: format!("whether “{value}” in the column “{header}” means exempt or taxable"),
            example: format!("customers: {{ tax_values: {{ {}: exempt }} }}", Value::from(value.as_str())),
            kind: QuestionKind::Choice(vec![choice("exempt", "Exempt"), choice("taxable", "Taxable, or nothing about tax")]),
            default: Some(Value::from("taxable")),
            recommended: Some(recommend("taxable", [doubt.why.clone()])),
            required: false,
            key: format!("customers.tax_values.{value}"),
        };
        let status = if world.ask.text(&question)? == "exempt" { ExemptStatus::Exempt } else { ExemptStatus::Taxable };
        choices.settle_value(value, status);
    }
    choices.name_column(doubt.target, header);
    Ok(())
}

/// One doubtful field: its candidates with a few of their values.
fn ask_column(world: &mut World<'_>, doubt: &Ambiguity) -> Result<String, WizardError> {
    let label = doubt.target.label();
    let mut options: Vec<Choice> = Vec::new();
    for candidate in doubt.candidates.iter().filter(|candidate| !candidate.header.trim().is_empty()) {
        let values = match candidate.sample.is_empty() {
            true => "empty in the first rows".to_owned(),
            false => format!("for example {}", candidate.sample.join(" | ")),
        };
        if !options.iter().any(|option| option.value == candidate.header) {
            options.push(choice(candidate.header.clone(), format!("{}: {values}", candidate.header)));
        }
    }
    let taken = doubt.candidates.first().map(|candidate| candidate.header.clone()).unwrap_or_default();
    // Without a customer code nothing can be read.
    if doubt.target != Target::CustomerCode {
        options.push(choice("-", format!("no column holds the {label}")));
    }
    let question = Question {
        key: column_key(doubt.target),
        text: format!("Which column holds the {label}?"),
        meaning: format!("the header of the column that holds the {label}"),
        example: columns_example([(doubt.target, taken.as_str())]),
        kind: QuestionKind::Choice(options),
        default: Some(Value::String(taken.clone())),
        recommended: Some(recommend(taken.clone(), [doubt.why.clone()])),
        required: false,
    };
    if doubt.target == Target::CustomerCode && world.ask.is_interactive() {
        if let Some(recommended) = &question.recommended {
            world.screen.show(Block::Recommend { what: taken, reasons: recommended.reasons.clone() });
        }
        return world.ask.text_anew(&question);
    }
    world.ask.text(&question)
}

/// Customers whose columns disagree about exemption: how many, a few of them, and how they count. `None` where there are none.
fn settle_contradictions(world: &mut World<'_>, list: &CustomerList) -> Result<Option<SettleContradictions>, WizardError> {
    let found: Vec<_> = list.issues.iter().filter(|issue| issue.kind == IssueKind::Contradiction).collect();
    if found.is_empty() {
        return Ok(None);
    }
    let rows = found.iter().take(FEW).map(|issue| {
        let row = issue.row.map_or("–".to_owned(), |row| row.to_string());
        vec![row, issue.column.clone().unwrap_or_default(), issue.message.clone()]
    });
    world.screen.show(Block::Table {
        title: format!("{}: columns that disagree about exemption", counted(found.len(), "customer", "customers")),
        head: ["Row", "Column", "What they say"].map(str::to_owned).to_vec(),
        rows: rows.collect(),
        note: (found.len() > FEW).then(|| format!("and {} more", found.len() - FEW)),
    });
    let options = [SettleContradictions::ByFlag, SettleContradictions::AsExempt, SettleContradictions::AsTaxable].map(|settle| {
        let label = match settle {
            SettleContradictions::ByFlag => "As the most explicit column says: the flag, then the tax code",
            SettleContradictions::AsExempt => "As exempt",
            SettleContradictions::AsTaxable => "As taxable",
        };
        choice(contradictions_word(settle), label)
    });
    let question = Question {
        key: "customers.contradictions".to_owned(),
        text: "How do these customers count?".to_owned(),
        meaning: "how customers count whose columns disagree about exemption".to_owned(),
        example: example("customers.contradictions", "by-flag"),
        kind: QuestionKind::Choice(options.to_vec()),
        default: Some(Value::from("by-flag")),
        recommended: Some(recommend("by-flag", ["the flag is what the ERP taxes by; a number may be left from earlier times".to_owned()])),
        required: false,
    };
    Ok(contradictions_named(&world.ask.text(&question)?))
}

/// A person names the column of one field.
fn correct(world: &mut World<'_>, layout: &Layout, choices: &mut ListChoices) -> Result<(), WizardError> {
    let fields: Vec<_> = Target::ALL.iter().map(|t| choice(t.name(), t.label())).collect();
    let which = Question {
        key: "customers.columns.which".to_owned(),
        text: "Which field is in another column?".to_owned(),
        meaning: "the field whose column is to be corrected".to_owned(),
        example: String::new(),
        kind: QuestionKind::Choice(fields),
        default: None,
        recommended: None,
        required: true,
    };
    // Not an answer to keep: it only leads to the question that is.
    let Some(person) = world.ask.person.as_mut() else { return Ok(()) };
    let picked = person.ask(&which)?.value;
    let Some(target) = picked.as_str().and_then(|name| name.parse::<Target>().ok()) else { return Ok(()) };
    let mapped = layout.mapping.columns.values().map(|c| (c.index, c.header.clone()));
    let free = layout.unmapped.iter().enumerate().map(|(n, header)| (usize::MAX - layout.unmapped.len() + n, header.clone()));
    let by_place: BTreeMap<usize, String> = mapped.chain(free).filter(|(_, header)| !header.trim().is_empty()).collect();
    let headers: Vec<_> = by_place.into_values().map(|h| choice(h.clone(), h)).chain([choice("-", "no column has it")]).collect();
    let column = Question {
        key: column_key(target),
        text: format!("Which column holds the {}?", target.label()),
        meaning: format!("the header of the column that holds the {}", target.label()),
        example: columns_example([(target, "Customer ID")]),
        kind: QuestionKind::Choice(headers),
        default: None,
        recommended: None,
        required: true,
    };
    let header = world.ask.text_anew(&column)?;
    choices.name_column(target, header);
    Ok(())
}

fn show_columns(world: &World<'_>, layout: &Layout) {
    let row =
        |(target, column): (&Target, &customers::MappedColumn)| vec![target.label().to_owned(), column.header.clone(), column.why.clone()];
    let rows: Vec<Vec<String>> = layout.mapping.columns.iter().map(row).collect();
    let system = layout.system.as_deref().map(|s| format!(" It looks like an export of {s}.")).unwrap_or_default();
    let unused = layout.unmapped.iter().filter(|h| !h.trim().is_empty()).cloned().collect::<Vec<_>>();
    let note = (!unused.is_empty()).then(|| format!("Not used: {}", unused.join(", ")));
    world.good(format!("Sheet “{}”, headers in row {}.{system}", layout.sheet, layout.header_row));
    world.screen.show(Block::Table {
        title: "Columns".to_owned(),
        head: ["Field", "Column", "Why"].map(str::to_owned).to_vec(),
        rows,
        note,
    });
    for doubt in layout.ambiguous.iter().filter(|doubt| doubt.candidates.len() > 1) {
        world.warn(format!(
            "{}: could also be {}",
            doubt.target.label(),
            doubt.candidates.iter().skip(1).map(|c| c.header.as_str()).collect::<Vec<_>>().join(", ")
        ));
    }
    layout.notes.iter().for_each(|note| world.warn(note));
}

fn show_summary(world: &World<'_>, list: &CustomerList) {
    let summary = &list.summary;
    world.good(format!("{}, {} of them exempt.", counted(summary.total, "customer", "customers"), summary.exempt));
    let mut left_out = Vec::new();
    for (n, what) in [
        (list.summary.inactive, "inactive, left out (--include-inactive takes them in)"),
        (list.summary.merged, "repeated rows, merged"),
        (list.rejected.len(), "rows that can't be used"),
    ] {
        if n > 0 {
            left_out.push(format!("{n} {what}"));
        }
    }
    if !left_out.is_empty() {
        world.say(format!("{}.", left_out.join("; ")));
    }
    let mut states: Vec<_> = summary.by_state.iter().collect();
    states.sort_by(|a, b| (b.exempt, b.total, &a.region).cmp(&(a.exempt, a.total, &b.region)));
    let rows: Vec<Vec<String>> = states
        .iter()
        .take(SHOWN)
        .map(|s| vec![s.region.as_ref().map_or("elsewhere", |r| r.code()).to_owned(), s.total.to_string(), s.exempt.to_string()])
        .collect();
    let note = (states.len() > SHOWN).then(|| format!("and {} more states", states.len() - SHOWN));
    world.screen.show(Block::Table {
        title: "By state".to_owned(),
        head: ["State", "Customers", "Exempt"].map(str::to_owned).to_vec(),
        rows,
        note,
    });
    let mut issues: Vec<_> = list.issues.iter().collect();
    issues.sort_by_key(|i| (i.severity, i.row));
    if !issues.is_empty() {
        let count = |severity| issues.iter().filter(|i| i.severity == severity).count();
        let title = format!(
            "Data problems: {} to mend, {} to look at, {} repaired",
            count(Severity::Error),
            count(Severity::Warning),
            count(Severity::Repaired)
        );
        let rows = issues
            .iter()
            .take(SHOWN)
            .map(|i| {
                let row = i.row.map_or("–".to_owned(), |r| r.to_string());
                vec![row, i.column.clone().unwrap_or_default(), i.message.clone(), i.suggestion.clone().unwrap_or_default()]
            })
            .collect();
        let note = (issues.len() > SHOWN).then(|| format!("and {} more; the report lists all of them", issues.len() - SHOWN));
        let head = ["Row", "Column", "Problem", "What to do"].map(str::to_owned).to_vec();
        world.screen.show(Block::Table { title, head, rows, note });
    }
}

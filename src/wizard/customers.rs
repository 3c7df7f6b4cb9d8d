//! Step 2: read the spreadsheet, show what its columns were taken for, sum up.

use super::asking::{choice, confirm, example, recommend};
use super::list::{Wanted, read_list};
use super::{WizardError, World};
use crate::customers::{self, CustomerList, CustomersError, Layout, Settle, Target, Wish};
use crate::domain::{Grid, Severity};
use crate::ports::{Block, Question, QuestionKind};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Problems that are shown on the terminal; the report has all of them.
const SHOWN: usize = 12;

pub(super) fn run(world: &mut World<'_>) -> Result<CustomerList, WizardError> {
    let question = Question {
        key: "customers.file".to_owned(),
        text: "The merchant's customer spreadsheet:".to_owned(),
        meaning: "the spreadsheet that the merchant's ERP exported".to_owned(),
        example: example("customers.file", "customers.xlsx"),
        kind: QuestionKind::File,
        default: None,
        recommended: None,
        required: true,
    };
    let path = PathBuf::from(world.ask.text(&question)?);
    let sheet = world.ask.supplied("customers.sheet").and_then(Value::as_str).map(str::to_owned);
    let mut book = world.spreadsheets.open(&path, sheet.as_deref())?;
    let grids = book.heads()?;
    let header_row = world.ask.supplied("customers.header_row").and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok());
    let mut wish = Wish { sheet, header_row, columns: given_columns(world)? };
    let at = path.display().to_string();
    let in_file = |error: CustomersError| WizardError::Input(format!("{at}: {error}"));
    let mut layout = customers::propose(&grids, &wish).map_err(in_file)?;
    let mut corrected = false;
    loop {
        show_columns(world, &layout);
        let doubt = layout.ambiguous.iter().find(|a| a.target == Target::CustomerCode);
        if let (Some(doubt), false) = (doubt, world.ask.is_interactive() || wish.columns.contains_key(&Target::CustomerCode)) {
            let text = format!("{at}: which column holds the customer code is not sure: {}", doubt.why);
            return Err(WizardError::Input(format!(
                "{text}; name it in the answers file: customers: {{ columns: {{ customer_code: \"…\" }} }}"
            )));
        }
        let reasons = match layout.ambiguous.is_empty() {
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
        correct(world, &grids, &mut wish)?;
        corrected = true;
        layout = customers::propose(&grids, &wish).map_err(in_file)?;
    }
    let list = read_list(&mut *book, &grids, &layout, &Settle::default(), Wanted::Customers, world.jobs)?;
    if list.customers.is_empty() {
        return Err(WizardError::Input(format!(
            "{at}: sheet “{}” has no customer below its header row {}",
            layout.sheet, layout.header_row
        )));
    }
    show_summary(world, &list);
    let summary = customers::summarise(&list);
    let outcome = json!({ "file": at, "layout": layout, "summary": summary, "customers": list.customers, "issues": list.issues });
    world.journal.complete_step("read_customers", &outcome, world.clock.now())?;
    Ok(list)
}

pub(super) fn needs_a_person(list: &CustomerList) -> bool {
    list.issues.iter().any(|i| i.severity == Severity::Error)
}

/// Columns named in the answers file, and those a person named earlier in this run.
fn given_columns(world: &World<'_>) -> Result<BTreeMap<Target, String>, WizardError> {
    let mut columns = BTreeMap::new();
    let supplied = world.ask.supplied("customers.columns").and_then(Value::as_object).cloned().unwrap_or_default();
    for (name, header) in &supplied {
        let target = name.parse::<Target>().map_err(|_| {
            let known = Target::ALL.iter().map(|t| t.name()).collect::<Vec<_>>();
            WizardError::Input(format!("customers.columns: `{name}` is no field of a customer; known are {}", known.join(", ")))
        })?;
        if let Some(header) = header.as_str() {
            columns.insert(target, header.to_owned());
        }
    }
    for target in Target::ALL {
        if let Some(Value::String(header)) = world.journal.answer(&column_key(*target))? {
            columns.insert(*target, header);
        }
    }
    Ok(columns)
}

fn column_key(target: Target) -> String {
    format!("customers.columns.{}", target.name())
}

/// A person names the column of one field.
fn correct(world: &mut World<'_>, grids: &[Grid], wish: &mut Wish) -> Result<(), WizardError> {
    let layout = customers::propose(grids, wish).map_err(|e| WizardError::Input(e.to_string()))?;
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
        example: example("customers.columns", &format!("{{ {}: \"{}\" }}", target.name(), "Customer ID")),
        kind: QuestionKind::Choice(headers),
        default: None,
        recommended: None,
        required: true,
    };
    let header = world.ask.text_anew(&column)?;
    wish.columns.insert(target, header);
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
    for doubt in &layout.ambiguous {
        world.warn(format!(
            "{}: could also be {}",
            doubt.target.label(),
            doubt.candidates.iter().map(|c| c.header.as_str()).collect::<Vec<_>>().join(", ")
        ));
    }
}

fn show_summary(world: &World<'_>, list: &CustomerList) {
    let summary = customers::summarise(list);
    world.good(format!("{} customers, {} of them exempt.", summary.total, summary.exempt));
    let mut left_out = Vec::new();
    for (n, what) in
        [(list.inactive, "inactive, left out"), (list.merged, "repeated rows, merged"), (list.rejected.len(), "rows that can't be used")]
    {
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

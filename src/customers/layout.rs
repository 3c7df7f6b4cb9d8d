//! Which sheet holds the customers, which row the headers, and which column means what.

use super::Target;
use super::catalogue::{Depth, Heading, Place, System, catalogue};
use super::profile::{Profile, profiles};
use crate::domain::{Cell, Grid, Row};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A column taken for a target, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MappedColumn {
    /// Counted from 0.
    pub index: usize,
    pub header: String,
    pub why: String,
    /// From 0 to 1.
    pub confidence: f32,
}

/// What the columns mean. Can be saved and used again for the next export of the same system.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Mapping {
    pub columns: BTreeMap<Target, MappedColumn>,
}

impl Mapping {
    pub fn get(&self, target: Target) -> Option<&MappedColumn> {
        self.columns.get(&target)
    }

    /// The same columns as wishes, by header, for another file.
    pub fn as_wishes(&self) -> BTreeMap<Target, String> {
        self.columns.iter().map(|(target, column)| (*target, column.header.clone())).collect()
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    pub index: usize,
    pub header: String,
    pub score: f32,
    /// A few of its values.
    pub sample: Vec<String>,
}

/// Several columns fit a target about equally well. The first candidate was taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ambiguity {
    pub target: Target,
    pub candidates: Vec<Candidate>,
    pub why: String,
    #[serde(default)]
    pub doubt: Doubt,
}

/// What it is that is not sure.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Doubt {
    /// Which column it is.
    #[default]
    Column,
    /// Whether yes means exempt or taxed.
    Polarity,
    /// What the values mean: codes of the merchant's own, as [`super::Settle::value_key`] gives them.
    Values(Vec<String>),
}

/// How the file is to be read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Layout {
    pub sheet: String,
    /// 1-based, as a spreadsheet program shows it.
    pub header_row: u32,
    /// The ERP that the headers are those of, by its id in `data/columns.yaml`.
    pub system: Option<String>,
    pub mapping: Mapping,
    pub ambiguous: Vec<Ambiguity>,
    /// Headers that mean nothing here.
    pub unmapped: Vec<String>,
    /// What else a person should know, such as a second sheet that looks like customers too.
    pub notes: Vec<String>,
}

/// What the user settled beforehand.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Wish {
    pub sheet: Option<String>,
    /// 1-based.
    pub header_row: Option<u32>,
    /// Target to header; `-` means that no column has it.
    pub columns: BTreeMap<Target, String>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CustomersError {
    #[error("the file has no rows; export the customer list again")]
    NoRows,
    #[error("no sheet is named `{wanted}`; did you mean `{nearest}`?")]
    UnknownSheet { wanted: String, nearest: String },
    #[error("row {0} is empty or not in the sheet; name the row that holds the column headers")]
    NoHeaderRow(u32),
    #[error("no column holds the customer code; the headers are {}; name it with columns: {{customer_code: \"…\"}}", list(.headers))]
    NoCustomerColumn { headers: Vec<String> },
    #[error("no column is headed `{wanted}` (wished for {target}); did you mean `{nearest}`?")]
    UnknownHeader { target: Target, wanted: String, nearest: String },
}

fn list(headers: &[String]) -> String {
    let shown: Vec<String> = headers.iter().take(40).map(|header| format!("“{header}”")).collect();
    match headers.len().saturating_sub(shown.len()) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// A row that may be the headers.
struct HeaderRow<'g> {
    grid: &'g Grid,
    index: usize,
    score: f32,
}

const ROWS_LOOKED_AT: usize = 80;

/// Proposes how to read the file. Nothing is taken silently: every choice has its reason, and close calls are in `ambiguous`.
pub fn propose(grids: &[Grid], wish: &Wish) -> Result<Layout, CustomersError> {
    let sheets: Vec<&Grid> = match &wish.sheet {
        // A file of one sheet has no names to choose from.
        Some(_) if grids.len() == 1 => grids.iter().collect(),
        Some(name) => {
            let wanted = name.trim().to_lowercase();
            let found: Vec<&Grid> = grids.iter().filter(|grid| grid.sheet.trim().to_lowercase() == wanted).collect();
            if found.is_empty() {
                let nearest = nearest(name, grids.iter().map(|grid| grid.sheet.as_str()));
                return Err(CustomersError::UnknownSheet { wanted: name.clone(), nearest });
            }
            found
        }
        None => grids.iter().collect(),
    };
    let mut found: Vec<HeaderRow<'_>> = Vec::new();
    for grid in sheets {
        let row = match wish.header_row {
            Some(number) => {
                grid.rows().position(|row| row.number() == number).map(|index| HeaderRow { grid, index, score: sheet_score(grid, 10.0) })
            }
            None => find_header(grid),
        };
        found.extend(row);
    }
    // The best; of equals the first.
    found.sort_by(|a, b| b.score.total_cmp(&a.score));
    let Some(best) = found.first() else {
        return Err(wish.header_row.map_or(CustomersError::NoRows, CustomersError::NoHeaderRow));
    };
    let headers = header_texts(best.grid, best.index);
    let mut layout = assign(best.grid, best.index, &headers, wish)?;
    for other in found.iter().skip(1).filter(|other| wish.sheet.is_none() && other.score > 3.0 && other.score > best.score * 0.75) {
        layout.notes.push(format!("sheet “{}” looks like a list of customers too; only “{}” is read", other.grid.sheet, best.grid.sheet));
    }
    Ok(layout)
}

/// Tells sheets of customers from others by name and size.
fn sheet_score(grid: &Grid, header: f32) -> f32 {
    let name = super::text::fold(&grid.sheet);
    let says = |words: &[&str]| words.iter().any(|word| name.contains(word));
    let mut score = header + ((grid.len() as f32) + 1.0).ln() * 0.25;
    if says(&["customer", "client", "debtor", "cust"]) {
        score += 1.0;
    }
    if says(&[
        "note",
        "readme",
        "instruction",
        "vendor",
        "supplier",
        "legend",
        "lookup",
        "pivot",
        "summary",
        "invoice",
        "item",
        "product",
        "help",
        "example",
        "template",
    ]) {
        score -= 2.0;
    }
    if grid.hidden {
        score -= 2.0;
    }
    score
}

fn find_header(grid: &Grid) -> Option<HeaderRow<'_>> {
    let mut best: Option<(f32, usize)> = None;
    for (index, row) in grid.rows().enumerate().take(ROWS_LOOKED_AT) {
        let (mut targets, mut sum, mut filled, mut texts) = (BTreeSet::new(), 0.0f32, 0usize, 0usize);
        for cell in row.cells().filter(|cell| !cell.is_empty()).take(600) {
            filled += 1;
            let Cell::Text(text) = cell else { continue };
            if text.len() > 80 {
                continue;
            }
            // Headers are words.
            if text.trim().parse::<f64>().is_ok() || text.contains('@') {
                continue;
            }
            texts += 1;
            let heading = catalogue().read_header(text, Depth::Exact);
            if let Some((target, score)) = heading.fits.first().copied()
                && targets.insert((target, heading.place == Place::Ship))
            {
                sum += score;
            }
        }
        // A system's own headers need not be words that anybody knows.
        let texts_here = || row.cells().take(600).map(|cell| cell.text().to_owned()).collect::<Vec<String>>();
        if filled > targets.len()
            && let Some((_, system)) = catalogue().system_of(&texts_here())
        {
            let here: BTreeSet<String> = row.cells().take(600).map(|cell| cell.text().trim().to_lowercase()).collect();
            for (target, header) in &system.columns {
                if here.contains(&header.to_lowercase()) && targets.insert((*target, false)) {
                    sum += 1.0;
                }
            }
        }
        if filled == 0 || targets.is_empty() {
            continue;
        }
        // Headers are texts, most of them known; a row of values has a few words that look like headers by chance.
        let known = targets.len() as f32 / filled as f32;
        let score = sum * (0.4 + 0.6 * known.min(1.0)) * (texts as f32 / filled as f32);
        if best.is_none_or(|(old, _)| score > old + 0.25) {
            best = Some((score, index));
        }
    }
    let widest = || {
        // No header word is known: the first row that is as wide as most.
        let width = grid.rows().take(ROWS_LOOKED_AT).map(|row| row.cells().filter(|cell| !cell.is_empty()).count()).max()?;
        grid.rows().position(|row| row.cells().filter(|cell| !cell.is_empty()).count() * 2 > width).map(|index| (0.0, index))
    };
    let (score, index) = best.or_else(widest)?;
    Some(HeaderRow { grid, index, score: sheet_score(grid, score) })
}

/// The headers of all columns. A row of groups above (“Bill To”, “Ship To”) is put before labels that occur more than once.
fn header_texts(grid: &Grid, index: usize) -> Vec<String> {
    let Some(row) = grid.row(index) else { return Vec::new() };
    let width = grid.rows().skip(index).take(200).map(|row| row.len()).max().unwrap_or(0).max(row.len());
    let tidy = |cell: Cell<'_>| super::text::clean(cell.text()).0.into_owned();
    let own: Vec<String> = (0..width).map(|column| tidy(row.get(column))).collect();
    let above = index.checked_sub(1).and_then(|i| grid.row(i)).filter(|above| above.number() + 1 == row.number());
    let groups = above.filter(|above| {
        let filled: Vec<Cell<'_>> = above.cells().filter(|cell| !cell.is_empty()).collect();
        filled.len() >= 2 && filled.iter().all(|cell| matches!(cell, Cell::Text(text) if text.len() <= 40))
    });
    let Some(groups) = groups else { return own };
    let mut group = String::new();
    let mut count: BTreeMap<String, usize> = BTreeMap::new();
    own.iter().for_each(|header| *count.entry(header.to_lowercase()).or_default() += 1);
    let mut headers = Vec::with_capacity(width);
    for (column, header) in own.into_iter().enumerate() {
        let over = tidy(groups.get(column));
        if !over.is_empty() {
            group = over;
        }
        let repeated = count.get(&header.to_lowercase()).is_some_and(|times| *times > 1);
        headers.push(match (header.is_empty(), repeated) {
            (true, _) => tidy(groups.get(column)),
            (false, true) if !group.is_empty() => format!("{group} {header}"),
            (false, _) => header,
        });
    }
    headers
}

struct Choice {
    target: Target,
    column: usize,
    score: f32,
    why: String,
}

fn assign(grid: &Grid, index: usize, headers: &[String], wish: &Wish) -> Result<Layout, CustomersError> {
    let catalogue = catalogue();
    let body = || (index + 1..grid.len()).filter_map(|i| grid.row(i));
    let sample = (200_000 / headers.len().max(1)).clamp(30, 1000);
    let step = (grid.len().saturating_sub(index + 1) / sample).max(1);
    let profiles = profiles(body().step_by(step), headers.len());
    let named = headers.iter().filter(|header| !header.is_empty()).count();
    let depth = if named <= 400 { Depth::Similar } else { Depth::Parts };
    let headings: Vec<Heading> = headers.iter().map(|header| catalogue.read_header(header, depth)).collect();
    let system = catalogue.system_of(headers);

    let mut mapping = Mapping::default();
    let mut taken: BTreeSet<usize> = BTreeSet::new();
    let mut refused: BTreeSet<Target> = BTreeSet::new();
    for (target, wanted) in &wish.columns {
        if wanted.trim() == "-" {
            refused.insert(*target);
            continue;
        }
        let found = find_column(headers, wanted).ok_or_else(|| CustomersError::UnknownHeader {
            target: *target,
            wanted: wanted.clone(),
            nearest: nearest(wanted, headers.iter().map(String::as_str).filter(|header| !header.is_empty())),
        })?;
        taken.insert(found);
        let header = headers.get(found).cloned().unwrap_or_default();
        mapping.columns.insert(*target, MappedColumn { index: found, header, why: "you said so".to_owned(), confidence: 1.0 });
    }

    let wished_line = mapping.get(Target::Line1).map(|column| column.index);
    let side = Sides::of(&headings, &profiles, wished_line);
    let mut choices = choices(headers, &headings, &profiles, system.map(|(_, system)| system), &side);
    choices.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.column.cmp(&b.column)).then(a.target.cmp(&b.target)));
    for choice in &choices {
        let free = !taken.contains(&choice.column) && !mapping.columns.contains_key(&choice.target) && !refused.contains(&choice.target);
        if free && choice.score >= 0.4 {
            taken.insert(choice.column);
            let header = headers.get(choice.column).cloned().unwrap_or_default();
            let column = MappedColumn { index: choice.column, header, why: choice.why.clone(), confidence: choice.score.clamp(0.0, 1.0) };
            mapping.columns.insert(choice.target, column);
        }
    }

    let candidate = |column: usize, score: f32| Candidate {
        index: column,
        header: headers.get(column).cloned().unwrap_or_default(),
        score,
        sample: samples(body(), column),
    };
    if let Some(code) = mapping.get(Target::CustomerCode).cloned()
        && !mapping.columns.contains_key(&Target::Email)
        && !refused.contains(&Target::Email)
        && profiles.get(code.index).is_some_and(|p| p.email >= 0.8)
    {
        let why = "the customer codes are e-mail addresses".to_owned();
        mapping.columns.insert(Target::Email, MappedColumn { why, ..code });
    }
    let mut ambiguous = Vec::new();
    let same = |a: usize, b: usize| agree(body().step_by(step), a, b);
    let by_target = |target: Target| choices.iter().filter(move |choice| choice.target == target);
    for (target, column) in mapping.columns.iter().filter(|(target, _)| target.matters() && !wish.columns.contains_key(*target)) {
        let own = by_target(*target).find(|choice| choice.column == column.index).map_or(0.0, |choice| choice.score);
        let other_side = |rival: usize| {
            let group =
                |column: usize| headings.get(column).map(|heading| heading.group.as_str()).filter(|group| side.groups.contains_key(*group));
            of_one_address(*target) && matches!((group(column.index), group(rival)), (Some(a), Some(b)) if a != b)
        };
        // A second column of exemption that is left out may exempt somebody.
        let margin = if exempts(*target) { 0.6 } else { 0.03 };
        let known_by_system = own >= 1.4 && !exempts(*target);
        let mut rivals: Vec<&Choice> = by_target(*target)
            .filter(|choice| choice.column != column.index && choice.score > own.min(1.0) - margin && choice.score >= 0.4)
            .filter(|choice| !taken.contains(&choice.column) && !known_by_system && !other_side(choice.column))
            .collect();
        rivals.truncate(MOST_RIVALS);
        rivals.retain(|rival| !same(column.index, rival.column));
        if exempts(*target) {
            let values = |column: usize| profiles.get(column).map(|p| &p.values);
            rivals.retain(|rival| {
                let sides = [column.index, rival.column].map(|column| (column, values(column)));
                adds_exemption(body().step_by(step), *target, sides)
            });
        }
        if !rivals.is_empty() {
            let mut candidates = vec![candidate(column.index, own)];
            candidates.extend(rivals.iter().map(|rival| candidate(rival.column, rival.score)));
            let why = match exempts(*target) && own > rivals.first().map_or(0.0, |rival| rival.score) + 0.03 {
                true => "another column speaks of exemption too and says otherwise in some rows; the first was taken",
                false => "several columns fit equally well; the first was taken",
            };
            ambiguous.push(Ambiguity { target: *target, candidates, why: why.to_owned(), doubt: Doubt::Column });
        }
    }
    // A flag that is never set would make taxed customers of all whose number or code exempts them.
    for flag in [Target::ExemptFlag, Target::TaxableFlag] {
        let sources = [
            Target::ExemptionNumber,
            Target::EntityUseCode,
            Target::ExemptionReason,
            Target::TaxCode,
            Target::ExemptFlag,
            Target::TaxableFlag,
        ];
        let filled = |target: &Target| mapping.get(*target).and_then(|column| profiles.get(column.index)).is_some_and(|p| p.filled > 0);
        let unset = |column: &MappedColumn| !filled(&flag) && body().all(|row| row.get(column.index).is_empty());
        let Some(column) = mapping.get(flag).cloned().filter(|column| !wish.columns.contains_key(&flag) && unset(column)) else { continue };
        let Some(other) = sources.iter().find(|target| filled(target)).and_then(|target| mapping.get(*target)) else { continue };
        let why = format!("“{}” is empty in the rows looked at, so “{}” tells who is exempt", column.header, other.header);
        mapping.columns.remove(&flag);
        ambiguous.push(Ambiguity { target: flag, candidates: vec![candidate(column.index, column.confidence)], why, doubt: Doubt::Column });
    }
    // Whole addresses side by side: one question for all their parts.
    if let (Some(line), false) = (mapping.get(Target::Line1), wish.columns.contains_key(&Target::Line1))
        && by_target(Target::Line1).find(|choice| choice.column == line.index).is_none_or(|choice| choice.score < 1.4)
    {
        let own = headings.get(line.index).map_or("", |heading| heading.group.as_str());
        let others = side.groups.iter().filter(|(group, _)| group.as_str() != own && side.groups.contains_key(own));
        let lines = others.filter_map(|(_, parts)| parts.get(&Target::Line1)).filter(|other| !same(line.index, **other));
        let mut candidates = vec![candidate(line.index, line.confidence)];
        candidates.extend(lines.map(|other| candidate(*other, line.confidence - 0.1)));
        if candidates.len() > 1 && !ambiguous.iter().any(|ambiguity| ambiguity.target == Target::Line1) {
            let why = format!("the list has several addresses; the one with “{}” was taken, with its city, state and ZIP", line.header);
            ambiguous.push(Ambiguity { target: Target::Line1, candidates, why, doubt: Doubt::Column });
        }
    }
    // QuickBooks and its like: the name is the code, unless the merchant uses account numbers.
    if let (Some(code), false) = (mapping.get(Target::CustomerCode), wish.columns.contains_key(&Target::CustomerCode))
        && headings.get(code.index).is_some_and(|heading| heading.fits.first().is_some_and(|(target, _)| *target == Target::Name))
        && !ambiguous.iter().any(|ambiguity| ambiguity.target == Target::CustomerCode)
    {
        let numbers = by_target(Target::CustomerCode)
            .filter(|choice| choice.column != code.index && choice.score >= 0.7 && !taken.contains(&choice.column));
        let mut candidates = vec![candidate(code.index, code.confidence)];
        candidates.extend(numbers.map(|choice| candidate(choice.column, choice.score)));
        if candidates.len() > 1 {
            let why = format!("“{}” is a name, and another column holds numbers; the code must be the one on the invoices", code.header);
            ambiguous.push(Ambiguity { target: Target::CustomerCode, candidates, why, doubt: Doubt::Column });
        }
    }
    for (target, column) in mapping.columns.iter().filter(|(target, _)| !wish.columns.contains_key(*target)) {
        let known = by_target(*target).any(|choice| choice.column == column.index && choice.score >= 1.4);
        if let (Some(heading), Some(profile)) = (headings.get(column.index), profiles.get(column.index))
            && !known
            && let Some((why, doubt)) = doubtful_flag(*target, heading, profile, &mapping)
            && !ambiguous.iter().any(|ambiguity| ambiguity.target == *target)
        {
            ambiguous.push(Ambiguity { target: *target, candidates: vec![candidate(column.index, column.confidence)], why, doubt });
        }
    }

    if let Some(column) =
        code_and_name(&mapping, &headings, &profiles, street_of(&mapping)).filter(|_| !refused.contains(&Target::CodeAndName))
    {
        let header = headers.get(column).cloned().unwrap_or_default();
        let why = format!("no other column is the code, and “{header}” has a code and a name in each row");
        // A header that names both leaves no doubt.
        let says_both = headings.get(column).is_some_and(|heading| {
            heading.folded.split(' ').any(|word| word == "name")
                && heading.folded.split(' ').any(|word| matches!(word, "number" | "id" | "code"))
        });
        if !says_both && !wish.columns.contains_key(&Target::CodeAndName) {
            let why = format!(
                "“{header}” has a code and a name in each row; the customer code is what stands on invoices, the code alone or both"
            );
            ambiguous.retain(|ambiguity| ambiguity.target != Target::CustomerCode);
            ambiguous.push(Ambiguity { target: Target::CodeAndName, candidates: vec![candidate(column, 0.5)], why, doubt: Doubt::Column });
        }
        mapping.columns.retain(|_, mapped| mapped.index != column);
        taken.insert(column);
        mapping.columns.insert(Target::CodeAndName, MappedColumn { index: column, header, why, confidence: 0.6 });
    }
    if !mapping.columns.contains_key(&Target::CustomerCode) && !mapping.columns.contains_key(&Target::CodeAndName) {
        let Some((column, why)) = stand_in(&mapping, &headings, &profiles, &taken).filter(|_| !refused.contains(&Target::CustomerCode))
        else {
            let headers = headers.iter().filter(|header| !header.is_empty()).cloned().collect();
            return Err(CustomersError::NoCustomerColumn { headers });
        };
        let header = headers.get(column).cloned().unwrap_or_default();
        let others = [Target::Name, Target::Email]
            .iter()
            .filter_map(|target| mapping.get(*target))
            .map(|other| other.index)
            .filter(|other| *other != column);
        let mut candidates = vec![candidate(column, 0.3)];
        candidates.extend(others.map(|other| candidate(other, 0.2)));
        ambiguous.push(Ambiguity { target: Target::CustomerCode, candidates, why: why.to_owned(), doubt: Doubt::Column });
        taken.insert(column);
        mapping.columns.insert(Target::CustomerCode, MappedColumn { index: column, header, why: why.to_owned(), confidence: 0.3 });
    }
    // `Contact Name` is the customer's name where no other column is.
    if let (None, Some(contact)) = (mapping.get(Target::Name), mapping.get(Target::Contact).cloned())
        && !wish.columns.contains_key(&Target::Contact)
        && !refused.contains(&Target::Name)
        && headings.get(contact.index).is_some_and(|heading| heading.fits.iter().any(|(target, _)| *target == Target::Name))
        && profiles.get(contact.index).is_some_and(|p| p.filled > 0 && p.filled * 10 >= p.rows * 9)
    {
        mapping.columns.remove(&Target::Contact);
        let why = format!("no other column is the name, and “{}” is filled in every row", contact.header);
        mapping.columns.insert(Target::Name, MappedColumn { why, confidence: 0.5, ..contact });
    }
    let people = [Target::Name, Target::FirstName, Target::LastName, Target::AlternateName, Target::CodeAndName];
    if !people.iter().any(|target| mapping.columns.contains_key(target)) && !refused.contains(&Target::Name) {
        let like_a_name = |p: &Profile| {
            let words = p.filled >= 2 && p.wordy > 0.8 && p.spaced > 0.3 && p.distinct * 5 >= p.filled * 4 && p.filled * 2 > p.rows;
            words && p.street < 0.3 && p.city_state < 0.3 && p.email < 0.3 && p.date < 0.3 && p.state < 0.5 && p.country < 0.5
        };
        let column = (0..headers.len()).find(|column| !taken.contains(column) && profiles.get(*column).is_some_and(like_a_name));
        // Next to an address only: a sheet of anything has columns of words.
        if let Some(column) = column.filter(|_| mapping.columns.keys().any(|target| target.is_address())) {
            taken.insert(column);
            let header = headers.get(column).cloned().unwrap_or_default();
            let why = "the values look like names".to_owned();
            mapping.columns.insert(Target::Name, MappedColumn { index: column, header, why, confidence: 0.4 });
        }
    }
    if let Some(prefix) = mapping.get(Target::CodePrefix) {
        let why = format!("“{}” is put before the code with a dash; check against the customer code on an invoice", prefix.header);
        ambiguous.push(Ambiguity { target: Target::CodePrefix, candidates: vec![candidate(prefix.index, 0.5)], why, doubt: Doubt::Column });
    }
    let mut notes = Vec::new();
    if system.is_some_and(|(id, _)| id == "quickbooks_online") && !speaks_of_tax(&mapping) {
        notes.push("QuickBooks Online exports no tax column here: who is exempt can't be read from this file".to_owned());
    } else if !speaks_of_tax(&mapping) {
        notes.push("no column says who is exempt; name one with columns: {exempt_flag: \"…\"} if there is one".to_owned());
    }
    if let Some(column) =
        headings.iter().position(|heading| matches!(heading.folded.as_str(), "house number" | "street number" | "civic number"))
        && profiles.get(column).is_some_and(|p| p.filled > 0)
        && !taken.contains(&column)
    {
        let header = headers.get(column).map_or("", String::as_str);
        notes.push(format!("“{header}” is not read into the street; join it with the street before the export"));
    }
    let unmapped = (0..headers.len()).filter(|column| !taken.contains(column));
    Ok(Layout {
        sheet: grid.sheet.clone(),
        header_row: grid.row(index).map_or(1, |row| row.number()),
        system: system.map(|(id, _)| id.to_owned()),
        mapping,
        ambiguous,
        unmapped: unmapped.filter_map(|column| headers.get(column).filter(|header| !header.is_empty()).cloned()).collect(),
        notes,
    })
}

/// More rivals than this are not shown.
const MOST_RIVALS: usize = 8;

/// Columns by which a customer may be exempt, where a second one counts too.
fn exempts(target: Target) -> bool {
    matches!(target, Target::ExemptFlag | Target::TaxableFlag | Target::ExemptionNumber)
}

/// Whether two columns hold the same in all the rows looked at.
fn agree<'g>(mut rows: impl Iterator<Item = Row<'g>>, a: usize, b: usize) -> bool {
    rows.all(|row| row.get(a).text().trim().eq_ignore_ascii_case(row.get(b).text().trim()))
}

/// Whether a second column of exemption would tell anything but what the first tells already.
fn adds_exemption<'g>(mut rows: impl Iterator<Item = Row<'g>>, target: Target, sides: [(usize, Option<&BTreeSet<String>>); 2]) -> bool {
    use super::exemption::{Flag, Says, number_says};
    let none = BTreeSet::new();
    let [first, second] = sides.map(|(column, values)| (column, Flag::new(target != Target::TaxableFlag, values.unwrap_or(&none), false)));
    let exempt = |row: Row<'g>, (column, flag): &(usize, Flag)| {
        let cell = row.get(*column);
        let says = if target == Target::ExemptionNumber { number_says(cell).0 } else { flag.says(cell) };
        matches!(says, Says::Exempt(_))
    };
    rows.any(|row| !row.get(second.0).is_empty() && exempt(row, &first) != exempt(row, &second))
}

/// Why a flag can't be trusted to mean what it was taken for: yes may mean either, or the values are codes that nobody knows.
fn doubtful_flag(target: Target, heading: &Heading, p: &Profile, mapping: &Mapping) -> Option<(String, Doubt)> {
    use super::exemption::{Flag, Says, answers, speaks};
    let shown = |values: &mut dyn Iterator<Item = &String>| values.take(4).map(|value| format!("“{value}”")).collect::<Vec<_>>().join(", ");
    let header = mapping.get(target).map_or("", |column| column.header.as_str());
    let codes = || Doubt::Values(p.written.iter().cloned().collect());
    match target {
        Target::ExemptFlag | Target::TaxableFlag => {
            let flag = Flag::new(target == Target::ExemptFlag, &p.values, p.filled < p.rows);
            let has = |value: &str| p.values.contains(value);
            // T with E or N is taxable with exempt or not.
            let letters = has("t") && (has("e") || has("n")) && !has("y") && !has("f");
            let e_and_n = has("e") && has("n") && target == Target::ExemptFlag;
            let bare = p.values.iter().any(|value| answers(value)) || p.values.contains("");
            if heading.yes_is_exempt.is_none() && bare && !letters && !e_and_n {
                let meaning = if target == Target::ExemptFlag { "exempt" } else { "taxed" };
                let why = format!("“{header}” doesn't tell whether yes means taxed or exempt; it is taken to mean {meaning}");
                return Some((why, Doubt::Polarity));
            }
            let verdicts: Vec<Says> = p.values.iter().filter(|value| !value.is_empty()).map(|value| flag.says(Cell::Text(value))).collect();
            if verdicts.len() > 1
                && verdicts.iter().all(|says| matches!(says, Says::Exempt(_)))
                && p.values.iter().any(|value| answers(value))
            {
                let why = format!("every value of “{header}” ({}) reads as exempt", shown(&mut p.values.iter()));
                return Some((why, Doubt::Polarity));
            }
            let unread = verdicts.iter().filter(|says| **says == Says::Unclear).count();
            (unread > 0 && unread == verdicts.len() && p.distinct <= 12 && p.number < 0.5)
                .then(|| (format!("the values of “{header}” ({}) don't say who is exempt", shown(&mut p.values.iter())), codes()))
        }
        Target::TaxCode => {
            let others = [Target::ExemptFlag, Target::TaxableFlag, Target::ExemptionNumber, Target::EntityUseCode];
            let alone = !others.iter().any(|other| mapping.columns.contains_key(other));
            let silent = |value: &String| !speaks(value) && super::exemption::tax_code_says(Cell::Text(value), false) == Says::Nothing;
            let short = p.values.iter().all(|value| value.chars().count() <= 2);
            (alone && p.filled > 0 && p.state < 0.5 && (2..=8).contains(&p.distinct) && short && p.values.iter().all(silent))
                .then(|| (format!("the codes of “{header}” ({}) don't say who is exempt", shown(&mut p.values.iter())), codes()))
        }
        _ => None,
    }
}

fn speaks_of_tax(mapping: &Mapping) -> bool {
    let targets = [
        Target::ExemptFlag,
        Target::TaxableFlag,
        Target::TaxCode,
        Target::EntityUseCode,
        Target::ExemptionNumber,
        Target::ExemptionReason,
        Target::TaxSchedule,
    ];
    targets.iter().any(|target| mapping.columns.contains_key(target))
}

fn street_of(mapping: &Mapping) -> Option<usize> {
    mapping.get(Target::Line1).or_else(|| mapping.get(Target::WholeAddress)).map(|column| column.index)
}

/// A column that holds the code and the name in one cell, where no other column is the code.
fn code_and_name(mapping: &Mapping, headings: &[Heading], profiles: &[Profile], street: Option<usize>) -> Option<usize> {
    if mapping.columns.contains_key(&Target::CodeAndName) {
        return None;
    }
    let code = mapping.get(Target::CustomerCode);
    let both = |column: usize| {
        profiles
            .get(column)
            .is_some_and(|p| p.filled >= 3 && p.coded >= 0.95 && p.filled * 10 >= p.rows * 9 && p.codes * 20 >= p.filled * 19)
    };
    match code {
        // The code's own column holds names too, and no other column does.
        Some(code) if code.confidence < 1.0 || mapping.get(Target::Name).is_none() => {
            Some(code.index).filter(|column| mapping.get(Target::Name).is_none_or(|name| name.index == *column) && both(*column))
        }
        Some(_) => None,
        None => {
            let named = |column: &usize| {
                headings.get(*column).is_some_and(|heading| {
                    heading.fits.iter().any(|(target, _)| *target == Target::Name)
                        || heading.folded.split(' ').any(|word| matches!(word, "customer" | "name"))
                })
            };
            let name = mapping.get(Target::Name).map(|column| column.index);
            name.into_iter().chain((0..headings.len()).filter(named)).find(|column| Some(*column) != street && both(*column))
        }
    }
}

/// Where no column is a code: the name as in QuickBooks, or the e-mail address, if they tell the customers apart.
fn stand_in(mapping: &Mapping, headings: &[Heading], profiles: &[Profile], taken: &BTreeSet<usize>) -> Option<(usize, &'static str)> {
    let unique = |column: &usize| {
        profiles.get(*column).is_some_and(|p| p.filled > 0 && p.filled * 10 >= p.rows * 9 && p.distinct * 10 >= p.filled * 9)
    };
    let second_name = headings
        .iter()
        .enumerate()
        .filter(|(column, heading)| !taken.contains(column) && heading.fits.iter().any(|(target, _)| *target == Target::Name))
        .map(|(column, _)| column);
    let name = second_name.chain(mapping.get(Target::Name).map(|column| column.index)).find(unique);
    if let Some(column) = name {
        return Some((column, "no column is a customer code; the name is used as the code, as QuickBooks does"));
    }
    if let Some(email) = mapping.get(Target::Email).map(|column| column.index).filter(unique) {
        return Some((email, "no column is a customer code; the e-mail address is used as the code"));
    }
    // No header is known, yet the values are those of an address list.
    let addresses = mapping.columns.keys().any(|target| target.is_address());
    let like_a_code = |column: &usize| {
        unique(column)
            && profiles.get(*column).is_some_and(|p| p.spaced < 0.2 && p.date < 0.2 && p.phone < 0.5 && p.email < 0.2 && p.opaque < 0.5)
    };
    let column = (0..profiles.len()).find(|column| addresses && !taken.contains(column) && like_a_code(column))?;
    Some((column, "no header says customer code; this column has another value in each row"))
}

fn samples<'a>(rows: impl Iterator<Item = Row<'a>>, column: usize) -> Vec<String> {
    let texts = rows.take(200).map(|row| row.get(column).text().trim()).filter(|text| !text.is_empty());
    texts.take(3).map(|text| super::text::cut(text, 40).to_owned()).collect()
}

fn find_column(headers: &[String], wanted: &str) -> Option<usize> {
    let folded = super::text::fold(wanted);
    let exact = headers.iter().position(|header| header.trim() == wanted.trim());
    exact.or_else(|| headers.iter().position(|header| !folded.is_empty() && super::text::fold(header) == folded))
}

fn nearest<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> String {
    let folded = super::text::fold(wanted);
    let scored = names.map(|name| (strsim::jaro_winkler(&folded, &super::text::fold(name)), name));
    scored.max_by(|a, b| a.0.total_cmp(&b.0)).map_or_else(String::new, |(_, name)| name.to_owned())
}

/// Every pair of target and column that makes sense, with its score: above 1.4 what the system is known for, up to 1 by header, up to 0.6 by
/// values alone.
fn choices(headers: &[String], headings: &[Heading], profiles: &[Profile], system: Option<&System>, side: &Sides) -> Vec<Choice> {
    let mut choices = Vec::new();
    for (target, known) in system.into_iter().flat_map(|system| &system.columns) {
        if let Some(column) = headers.iter().position(|header| header.trim().eq_ignore_ascii_case(known.trim())) {
            let label = system.map_or("", |system| system.label.as_str());
            let fits = *target != Target::CustomerCode || profiles.get(column).is_none_or(|p| p.rows == 0 || believable(*target, p) >= 0.4);
            let score = if fits { 1.5 } else { 0.35 };
            choices.push(Choice { target: *target, column, score, why: format!("{label} names its {} so", target.label()) });
        }
    }
    let empty = Profile::default();
    let profile = |column: usize| profiles.get(column).unwrap_or(&empty);
    // Whether an address part is also there unmarked or marked as bill-to.
    let unshipped: BTreeSet<Target> = headings
        .iter()
        .filter(|heading| heading.place != Place::Ship)
        .filter_map(|heading| heading.fits.first().map(|(target, _)| *target))
        .collect();
    for (column, heading) in headings.iter().enumerate() {
        let header = headers.get(column).map_or("", String::as_str);
        let profile = profile(column);
        for (target, fit) in &heading.fits {
            let mut target = *target;
            let mut score = fit * believable(target, profile);
            let mut why = format!("the header says {}", target.label());
            if let Some(better) = turned(target, heading, profile) {
                target = better;
                score = fit * 0.9 * believable(better, profile);
                why = format!("the header says “{header}” and the values look like {}", better.label());
            }
            match heading.place {
                Place::Ship if target.is_address() => match target.shipped() {
                    Some(shipped) if unshipped.contains(&target) => target = shipped,
                    Some(_) => score *= 0.85,
                    None if unshipped.contains(&target) => continue,
                    None => score *= 0.85,
                },
                Place::Ship => score *= 0.5,
                Place::Bill if target.is_address() => score += 0.04,
                _ => {}
            }
            if of_one_address(target) && heading.place != Place::Ship && !side.groups.is_empty() {
                let main = side.main.as_deref() == Some(heading.group.as_str());
                score += if main {
                    0.05
                } else if side.groups.contains_key(&heading.group) {
                    -0.25
                } else {
                    -0.05
                };
            }
            if matches!(target, Target::Region | Target::Country) && heading.folded.split(' ').any(|word| word == "code") {
                score += 0.035;
            }
            choices.push(Choice { target, column, score, why });
        }
        if heading.fits.iter().all(|(_, score)| *score < 0.45)
            && let Some((target, score)) = by_values(profile)
        {
            choices.push(Choice { target, column, score, why: format!("the values look like {}", target.label()) });
        }
    }
    choices
}

/// The parts that must come from one address.
fn of_one_address(target: Target) -> bool {
    matches!(
        target,
        Target::Line1
            | Target::Line2
            | Target::Line3
            | Target::Line4
            | Target::City
            | Target::Region
            | Target::PostalCode
            | Target::Country
    )
}

/// The addresses side by side in a list: billing, mailing, unmarked.
#[derive(Debug, Default)]
struct Sides {
    /// The words that mark an address, with the columns of its parts. Only addresses with a street and a place.
    groups: BTreeMap<String, BTreeMap<Target, usize>>,
    /// The one to read: what the user named, else the bill-to address, else mailing, else the unmarked.
    main: Option<String>,
}

impl Sides {
    fn of(headings: &[Heading], profiles: &[Profile], wished: Option<usize>) -> Self {
        let mut groups: BTreeMap<String, (Place, BTreeMap<Target, usize>)> = BTreeMap::new();
        for (column, heading) in headings.iter().enumerate().filter(|(_, heading)| heading.place != Place::Ship) {
            let Some((target, score)) = heading.fits.first().copied() else { continue };
            if !of_one_address(target) || score < 0.7 || profiles.get(column).is_none_or(|p| p.filled == 0) {
                continue;
            }
            let (_, parts) = groups.entry(heading.group.clone()).or_insert_with(|| (heading.place, BTreeMap::new()));
            parts.entry(target).or_insert(column);
        }
        let whole = |parts: &BTreeMap<Target, usize>| {
            let places = [Target::City, Target::Region, Target::PostalCode].iter().filter(|target| parts.contains_key(target)).count();
            parts.contains_key(&Target::Line1) && places >= 2
        };
        groups.retain(|_, (_, parts)| whole(parts));
        let named = wished.and_then(|column| headings.get(column)).map(|heading| heading.group.clone());
        let rank = |group: &str, place: Place| match place {
            Place::Bill => 3,
            _ if group.starts_with("mail") || group.starts_with("postal") => 2,
            _ if group.contains("phys") => 0,
            _ => 1,
        };
        let best = groups
            .iter()
            .max_by_key(|(group, (place, parts))| (rank(group, *place), parts.len(), std::cmp::Reverse(parts.values().min().copied())));
        let main = named.filter(|group| groups.contains_key(group)).or_else(|| best.map(|(group, _)| group.clone()));
        Self { groups: groups.into_iter().map(|(group, (_, parts))| (group, parts)).collect(), main }
    }
}

/// From 0 to 1: could a column with these values be that?
fn believable(target: Target, p: &Profile) -> f32 {
    if p.filled == 0 {
        return if target == Target::CustomerCode && p.rows > 0 { 0.0 } else { 0.6 };
    }
    let few = p.distinct <= super::exemption::MOST_VALUES;
    match target {
        Target::Email => match p.email {
            share if share >= 0.5 => 1.0,
            share if share >= 0.1 => 0.6,
            _ => 0.0,
        },
        Target::PostalCode if p.zip < 0.2 => {
            if p.letters > 0.5 || p.email > 0.3 {
                0.0
            } else {
                0.6
            }
        }
        Target::Region if p.number > 0.8 || p.email > 0.3 || p.street > 0.5 => 0.0,
        Target::Region if p.state < 0.2 => 0.6,
        Target::Country if p.number > 0.8 || p.email > 0.3 => 0.0,
        Target::Country if p.country < 0.3 => 0.5,
        Target::City if p.number > 0.5 || p.email > 0.3 => 0.0,
        Target::ExemptFlag | Target::TaxableFlag if p.date > 0.5 && p.flag < 0.3 => 0.0,
        Target::ExemptFlag | Target::TaxableFlag if p.flag < 0.3 && (p.number > 0.8 || !few) => 0.2,
        // States where the exemption holds, or words nobody knows.
        Target::ExemptFlag | Target::TaxableFlag if p.flag < 0.3 => {
            if p.state > 0.6 || !p.values.iter().any(|value| super::exemption::speaks(value)) { 0.5 } else { 0.9 }
        }
        Target::Inactive | Target::Active if p.distinct > 12 => 0.0,
        Target::CustomerType | Target::RecordKind => kinds(target, p),
        Target::TaxCode if p.distinct > 300 => 0.2,
        Target::ExemptionExpiry if p.date < 0.3 => 0.2,
        Target::Phone | Target::Fax if p.phone < 0.3 => 0.3,
        Target::Name if p.number > 0.8 || p.wordy < 0.5 => 0.2,
        Target::Name if p.email > 0.5 || p.date > 0.5 || p.city_state > 0.3 => 0.1,
        Target::Name if p.filled > 50 && p.distinct <= 3 => 0.4,
        Target::Name if p.spaced < 0.1 => 0.7,
        Target::CustomerCode => {
            let unique = p.distinct as f32 / p.filled as f32;
            let full = p.filled as f32 / p.rows.max(1) as f32;
            let shape = if p.date > 0.5 {
                0.2
            } else if p.opaque > 0.5 {
                0.55
            } else if p.spaced > 0.5 {
                0.6
            } else {
                1.0
            };
            shape * (0.3 + 0.7 * (unique / 0.9).min(1.0)) * (0.4 + 0.6 * (full / 0.9).min(1.0))
        }
        Target::Line1 if p.number > 0.9 || p.email > 0.3 => 0.1,
        Target::WholeAddress if p.city_state < 0.3 => 0.5,
        Target::CityStateZip if p.city_state < 0.3 && p.city_region < 0.3 => 0.3,
        _ => 1.0,
    }
}

/// Columns of kinds are of use only when they tell bill from ship, or customers from vendors.
fn kinds(target: Target, p: &Profile) -> f32 {
    // `Partnership` ships nothing: words have to begin so.
    let begins = |value: &str, stem: &str| value.split(' ').any(|word| word.starts_with(stem));
    let has =
        |stems: &[&str]| p.values.iter().any(|value| stems.iter().any(|stem| value == stem || (stem.len() > 2 && begins(value, stem))));
    let fits = match target {
        Target::RecordKind => has(&["bill", "ship", "b", "s"]) && p.distinct <= 8,
        _ => {
            p.distinct <= 12
                && has(&["vendor", "supplier", "lead", "c", "s", "customer"])
                && has(&["customer", "c", "client", "vendor", "supplier"])
        }
    };
    if fits { 0.9 } else { 0.0 }
}

/// A header that says one thing over values that say another.
fn turned(target: Target, heading: &Heading, p: &Profile) -> Option<Target> {
    if p.filled == 0 {
        return None;
    }
    // Letters and digits that answer yes or no.
    let answers =
        || !p.values.is_empty() && p.distinct <= 4 && p.values.iter().all(|value| value.len() <= 5 && super::exemption::answers(value));
    let spoken = || {
        let known = p.values.iter().filter(|value| super::exemption::speaks(value) || super::exemption::settles_nothing(value)).count();
        p.values.iter().any(|value| super::exemption::answers(value)) || known * 3 >= p.values.len() * 2
    };
    let numbers_only = || !p.values.is_empty() && p.values.iter().all(|value| super::exemption::number_in_flag(value).is_some());
    let flags = p.flag >= 0.8 && p.distinct <= 8;
    let numbers = p.flag < 0.2 && p.distinct * 5 >= p.filled * 2 && p.distinct >= 3 && p.date < 0.5 && p.letters < 0.3;
    match target {
        Target::ExemptionNumber if flags => Some(Target::ExemptFlag),
        Target::ExemptFlag if numbers || p.flag < 0.2 && p.date < 0.5 && numbers_only() => Some(Target::ExemptionNumber),
        Target::EntityUseCode if flags && p.values.iter().any(|value| matches!(value.as_str(), "y" | "yes" | "true" | "1")) => {
            Some(Target::ExemptFlag)
        }
        Target::Active if p.values.len() <= 8 && p.values.iter().any(|value| value.contains("exempt") || value.contains("taxable")) => {
            Some(Target::ExemptFlag)
        }
        Target::TaxCode if answers() => Some(Target::TaxableFlag),
        // `Sales Tax` over codes of places.
        Target::ExemptFlag | Target::TaxableFlag
            if heading.yes_is_exempt.is_none() && p.number < 0.5 && p.distinct <= super::exemption::MOST_VALUES && !spoken() =>
        {
            Some(Target::TaxCode)
        }
        Target::Line1 if p.city_state >= 0.6 => Some(Target::WholeAddress),
        Target::WholeAddress if p.city_state < 0.1 && p.street >= 0.5 => Some(Target::Line1),
        Target::City if p.city_state >= 0.6 || p.city_region >= 0.6 => Some(Target::CityStateZip),
        // `Billing Code`
        Target::CustomerCode
            if p.full_zip >= 0.9 && matches!(heading.place, Place::Bill | Place::Ship) && heading.folded.ends_with(" code") =>
        {
            Some(Target::PostalCode)
        }
        _ => None,
    }
}

fn by_values(p: &Profile) -> Option<(Target, f32)> {
    if p.filled < 3 {
        return None;
    }
    let found = [
        (p.email >= 0.8, Target::Email, 0.6),
        (p.city_state >= 0.7 && p.street < 0.3, Target::CityStateZip, 0.5),
        (p.city_state >= 0.7, Target::WholeAddress, 0.45),
        (p.street >= 0.7, Target::Line1, 0.5),
        (p.city_region >= 0.7, Target::CityStateZip, 0.5),
        (p.zip >= 0.9 && p.full_zip >= 0.5 && p.phone < 0.1 && p.distinct > 2, Target::PostalCode, 0.45),
        (p.state >= 0.9 && p.distinct > 1 && p.spaced < 0.4, Target::Region, 0.5),
        (
            p.filled >= 3 && p.values.len() >= 2 && p.values.len() <= 6 && p.values.iter().all(|value| super::exemption::speaks(value)),
            Target::ExemptFlag,
            0.5,
        ),
        (p.country >= 0.95 && p.state < 0.5, Target::Country, 0.45),
    ];
    found.into_iter().find(|(fits, _, _)| *fits).map(|(_, target, score)| (target, score))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(rows: &[Vec<&str>]) -> Layout {
        propose(&[Grid::of_texts("Sheet1", rows)], &Wish::default()).unwrap()
    }

    fn header(layout: &Layout, target: Target) -> Option<&str> {
        layout.mapping.get(target).map(|column| column.header.as_str())
    }

    #[test]
    fn titles_blank_lines_and_other_sheets_do_not_confuse() {
        let notes = Grid::of_texts(
            "Notes",
            &[vec!["Column", "Meaning"], vec!["Customer ID", "our number"], vec!["Name", "legal name"], vec!["State", "two letters"]],
        );
        let rows = vec![
            vec!["Harbor Goods customer list as of 3/1/2026"],
            vec![],
            vec!["Cust #", "Customer Name", "Street", "City", "ST", "Zip", "Tax Exempt"],
            vec!["C1", "Ames Ltd", "12 Mill Rd", "Dayton", "OH", "45402", "Y"],
            vec!["C2", "Bow Inc", "9 Oak Ave", "Reno", "NV", "89501", "N"],
        ];
        let layout = propose(&[notes, Grid::of_texts("Sheet2", &rows)], &Wish::default()).unwrap();
        assert_eq!((layout.sheet.as_str(), layout.header_row), ("Sheet2", 3));
        assert_eq!(header(&layout, Target::CustomerCode), Some("Cust #"));
        assert_eq!(header(&layout, Target::ExemptFlag), Some("Tax Exempt"));
        assert!(layout.ambiguous.is_empty(), "{:?}", layout.ambiguous);
    }

    #[test]
    fn bill_to_comes_before_ship_to() {
        let layout = map(&[
            vec![
                "Customer No",
                "Name",
                "Ship To Address",
                "Ship To City",
                "Ship To State",
                "Ship To Zip",
                "Bill To Address",
                "Bill To City",
                "Bill To State",
                "Bill To Zip",
            ],
            vec!["1", "Ames Ltd", "1 Dock St", "Reno", "NV", "89501", "12 Mill Rd", "Dayton", "OH", "45402"],
            vec!["2", "Bow Inc", "1 Dock St", "Reno", "NV", "89501", "12 Mill Rd", "Dayton", "OH", "45402"],
        ]);
        assert_eq!(header(&layout, Target::Region), Some("Bill To State"));
        assert_eq!(header(&layout, Target::ShipRegion), Some("Ship To State"));
        let only_ship = map(&[
            vec!["Customer No", "Name", "Ship To Address", "Ship To City", "Ship To State"],
            vec!["1", "Ames Ltd", "1 Dock St", "Reno", "NV"],
        ]);
        assert_eq!(header(&only_ship, Target::Region), Some("Ship To State"));
    }

    #[test]
    fn groups_above_the_headers_are_used() {
        let layout = map(&[
            vec!["", "", "Ship To", "", "Bill To", ""],
            vec!["ID", "Name", "City", "State", "City", "State"],
            vec!["1", "Ames Ltd", "Reno", "NV", "Dayton", "OH"],
        ]);
        assert_eq!(header(&layout, Target::Region), Some("Bill To State"));
        assert_eq!(layout.header_row, 2);
    }

    #[test]
    fn values_decide_where_headers_mislead_or_are_silent() {
        let layout = map(&[
            vec!["Customer ID", "Company", "Accepts Email", "E", "Resale", "Sales Tax", "Where"],
            vec!["1", "Ames Ltd", "yes", "a@ames.example", "Y", "12.50", "12 Mill Rd"],
            vec!["2", "Bow Inc", "no", "b@bow.example", "N", "0.75", "9 Oak Ave"],
            vec!["3", "Cee Co", "no", "c@cee.example", "N", "3.10", "7 Elm St"],
        ]);
        assert_eq!(header(&layout, Target::Email), Some("E"));
        assert_eq!(header(&layout, Target::ExemptFlag), Some("Resale"));
        assert_eq!(header(&layout, Target::TaxableFlag), None);
        assert_eq!(header(&layout, Target::Line1), Some("Where"));
    }

    #[test]
    fn wishes_win_and_wrong_ones_name_the_nearest() {
        let rows = [vec!["Alpha", "Beta", "Customer ID"], vec!["x1", "Ames Ltd", "1"]];
        let grid = [Grid::of_texts("S", &rows)];
        let mut wish = Wish { columns: [(Target::CustomerCode, "alpha".to_owned())].into(), ..Wish::default() };
        assert_eq!(header(&propose(&grid, &wish).unwrap(), Target::CustomerCode), Some("Alpha"));
        wish.columns.insert(Target::Name, "Betta".to_owned());
        assert!(propose(&grid, &wish).unwrap_err().to_string().contains("did you mean `Beta`?"));
        let nothing = [Grid::of_texts("S", &[["Colour", "Size"], ["red", "4"], ["red", "5"]])];
        assert!(propose(&nothing, &Wish::default()).unwrap_err().to_string().contains("“Colour”, “Size”"));
        assert_eq!(propose(&[], &Wish::default()), Err(CustomersError::NoRows));
    }

    #[test]
    fn a_code_and_a_name_in_one_cell_are_told() {
        let rows = |header: &'static str| {
            vec![
                vec![header, "City", "State"],
                vec!["10233 Ames Ltd", "Dayton", "OH"],
                vec!["10240 Bow Inc", "Reno", "NV"],
                vec!["10251 Cee Co", "Reno", "NV"],
            ]
        };
        let layout = map(&rows("Customer"));
        assert_eq!((header(&layout, Target::CodeAndName), header(&layout, Target::CustomerCode)), (Some("Customer"), None));
        assert!(layout.ambiguous.iter().any(|ambiguity| ambiguity.target == Target::CodeAndName));
        let sure = map(&rows("Customer No. and Name"));
        assert_eq!(header(&sure, Target::CodeAndName), Some("Customer No. and Name"));
        assert!(sure.ambiguous.is_empty(), "{:?}", sure.ambiguous);
        // One company with a number in its name is no list of codes.
        let names = [vec!["Customer", "City"], vec!["84 Lumber", "Reno"], vec!["Bow Inc", "Reno"], vec!["Cee Co", "Reno"]];
        assert_eq!(header(&map(&names), Target::CodeAndName), None);
    }

    #[test]
    fn a_list_without_codes_goes_by_name_and_asks() {
        let layout = map(&[vec!["Customer Name", "City", "State"], vec!["Ames Ltd", "Dayton", "OH"], vec!["Bow Inc", "Reno", "NV"]]);
        assert_eq!(header(&layout, Target::CustomerCode), Some("Customer Name"));
        assert!(layout.ambiguous.iter().any(|ambiguity| ambiguity.target == Target::CustomerCode));
    }

    #[test]
    fn every_system_in_the_catalogue_is_known_by_its_own_headers() {
        for (id, system) in &catalogue().systems {
            let mut headers: Vec<&str> = system.signature.iter().map(String::as_str).collect();
            headers
                .extend(system.columns.values().map(String::as_str).filter(|header| !system.signature.iter().any(|mark| mark == header)));
            let values: Vec<String> = headers.iter().map(|header| format!("v {header}")).collect();
            let rows = vec![headers.clone(), values.iter().map(String::as_str).collect()];
            let Ok(layout) = propose(&[Grid::of_texts("S", &rows)], &Wish::default()) else {
                assert!(!system.columns.contains_key(&Target::CustomerCode), "{id}");
                continue;
            };
            for (target, known) in &system.columns {
                let got = layout.mapping.get(*target).map(|column| column.header.as_str());
                assert!(
                    got == Some(known.as_str())
                        || layout.system.as_deref() != Some(id.as_str())
                        || system.columns.values().filter(|h| *h == known).count() > 1,
                    "{id} {target}: {got:?}"
                );
            }
        }
    }
}

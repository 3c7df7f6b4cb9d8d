//! Rows to customers. Every row ends as a customer, a named issue, or a count: nothing is lost silently, and nothing panics.

use super::catalogue::{catalogue, words};
use super::codes::{self, Habits, Verdict};
use super::exemption::{self, Flag, MOST_VALUES, Said, Says};
use super::text::{clean, cut, fold, without_text_mark};
use super::{Layout, MappedColumn, Target, address, places};
use crate::domain::{
    Address, Cell, Contact, Country, Customer, CustomerCode, CustomerCodeError, ExemptStatus, Exemption, Grid, Issue, IssueKind, Region,
    Row, Severity,
};
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

/// What to make of a customer whose columns contradict each other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SettleContradictions {
    /// As the most explicit column says: the flag, then the tax code.
    #[default]
    ByFlag,
    AsExempt,
    AsTaxable,
}

/// What the user settled about the data.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settle {
    pub contradictions: SettleContradictions,
    /// Take in customers that the ERP marks as inactive.
    pub include_inactive: bool,
}

/// A row that is a customer but can't be sent to the service as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejected {
    pub row: u32,
    pub code: Option<String>,
    pub name: Option<String>,
    pub exempt: bool,
    pub why: Vec<IssueKind>,
}

/// What the spreadsheet says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CustomerList {
    /// Usable customers, in the order of the file, one per code.
    pub customers: Vec<Customer>,
    pub issues: Vec<Issue>,
    /// Rows under the headers that hold anything.
    pub rows_read: usize,
    pub inactive: usize,
    /// Rows that repeat a customer exactly.
    pub merged: usize,
    /// Rows that are no customers: totals, repeated headers, vendors, notes.
    pub not_customers: usize,
    /// Rows of further addresses of a customer that stands in another row.
    pub further_addresses: usize,
    pub rejected: Vec<Rejected>,
    /// Codes that stand in several rows which differ; the first row was taken, and a person must look.
    pub conflicting: BTreeSet<CustomerCode>,
    /// Rows without a country that were taken to be in the US (or Canada) by their state and postal code.
    pub assumed_country: usize,
    pub layout: Layout,
}

/// Reads the customers of the sheet that the layout names. Any content gives a value; what is wrong is in `issues`.
pub fn read(grids: &[Grid], layout: &Layout, settle: &Settle) -> CustomerList {
    let list = CustomerList {
        customers: Vec::new(),
        issues: Vec::new(),
        rows_read: 0,
        inactive: 0,
        merged: 0,
        not_customers: 0,
        further_addresses: 0,
        rejected: Vec::new(),
        conflicting: BTreeSet::new(),
        assumed_country: 0,
        layout: layout.clone(),
    };
    let Some(grid) = grids.iter().find(|grid| grid.sheet == layout.sheet) else { return list };
    let body = || grid.rows().filter(|row| row.number() > layout.header_row);
    let mut at = [None; Target::ALL.len()];
    for (target, column) in &layout.mapping.columns {
        if let Some(place) = at.get_mut(*target as usize) {
            *place = Some(column.index);
        }
    }
    let mut reader = Reader {
        layout,
        at,
        settle,
        columns: Columns::new(layout, body),
        list,
        seen: HashMap::new(),
        collided: Vec::new(),
        folded: HashMap::new(),
        ship: Vec::new(),
    };
    reader.list.issues.extend(grid.issues.iter().cloned());
    body().for_each(|row| reader.row(row));
    reader.finish()
}

/// A mapped column that speaks of exemption, with what its values were found to mean.
struct TaxColumn<'l> {
    target: Target,
    column: &'l MappedColumn,
    flag: Option<Flag>,
    /// What the first few values were found to say.
    known: RefCell<Vec<(String, bool, Says)>>,
}

/// What is known of the columns before the first row is read.
struct Columns<'l> {
    habits: Habits,
    tax: Vec<TaxColumn<'l>>,
    /// The system's own reason codes.
    reasons: BTreeMap<String, String>,
    kinds_tell_customers: bool,
}

impl<'l> Columns<'l> {
    fn new<'g, I: Iterator<Item = Row<'g>>>(layout: &'l Layout, body: impl Fn() -> I) -> Self {
        let mapping = &layout.mapping;
        let habits = mapping.get(Target::CustomerCode).map(|column| Habits::of(body(), column.index)).unwrap_or_default();
        let targets = [
            Target::ExemptFlag,
            Target::TaxableFlag,
            Target::TaxCode,
            Target::EntityUseCode,
            Target::ExemptionReason,
            Target::ExemptionNumber,
            Target::TaxSchedule,
        ];
        let mut tax = Vec::new();
        for (target, column) in targets.into_iter().filter_map(|target| Some((target, mapping.get(target)?))) {
            let flag = matches!(target, Target::ExemptFlag | Target::TaxableFlag).then(|| {
                let (values, blanks) = distinct(body(), column.index);
                Flag::new(target == Target::ExemptFlag, &values, blanks)
            });
            tax.push(TaxColumn { target, column, flag, known: RefCell::default() });
        }
        let system = layout.system.as_ref().and_then(|id| catalogue().systems.get(id));
        let kinds = mapping.get(Target::CustomerType).map(|column| distinct(body(), column.index).0).unwrap_or_default();
        Self {
            habits,
            tax,
            reasons: system.map(|system| system.reasons.clone()).unwrap_or_default(),
            kinds_tell_customers: kinds.iter().any(|kind| matches!(kind.as_str(), "c" | "customer" | "ccustomer" | "client")),
        }
    }
}

fn distinct<'g>(rows: impl Iterator<Item = Row<'g>>, column: usize) -> (BTreeSet<String>, bool) {
    let (mut values, mut blanks) = (BTreeSet::new(), false);
    let mut last = "";
    for row in rows {
        let text = row.get(column).text();
        if text == last && !text.is_empty() {
            continue;
        }
        last = text;
        if text.trim().is_empty() {
            blanks = true;
        } else if values.len() <= MOST_VALUES && !values.contains(text) {
            let marks = words().marks.contains(text.trim());
            values.insert(if marks { text.trim().to_owned() } else { fold(text) });
        }
    }
    (values, blanks)
}

struct Reader<'l> {
    layout: &'l Layout,
    /// Where each target's column is, by the target's place in [`Target::ALL`].
    at: [Option<usize>; Target::ALL.len()],
    settle: &'l Settle,
    columns: Columns<'l>,
    list: CustomerList,
    /// Hash of a code to its customer.
    seen: HashMap<u64, u32>,
    /// Customers whose hash another code has already: next to none, yet a wrong merge must not happen.
    collided: Vec<u32>,
    folded: HashMap<u64, u32>,
    /// Ship-to rows: code and state.
    ship: Vec<(String, Region)>,
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// What was found in one row, before it is a customer.
struct Draft<'g> {
    row: Row<'g>,
    issues: Vec<Issue>,
}

impl<'l> Reader<'l> {
    fn column(&self, target: Target) -> Option<&'l MappedColumn> {
        self.layout.mapping.get(target)
    }

    fn cell<'g>(&self, row: Row<'g>, target: Target) -> Cell<'g> {
        self.at.get(target as usize).copied().flatten().map_or(Cell::Empty, |index| row.get(index))
    }

    /// A cell's text, trimmed and cleaned, with an issue where something had to be taken out.
    fn text(&self, draft: &mut Draft<'_>, target: Target) -> String {
        let cell = self.cell(draft.row, target);
        if cell == Cell::Empty {
            return String::new();
        }
        if let Cell::Error(shown) = cell {
            let message = format!("the {} is the error {shown} of a spreadsheet program; it is read as empty", target.label());
            self.issue(draft, IssueKind::Unreadable, Severity::Warning, target, message, "mend the formula in the spreadsheet");
            return String::new();
        }
        let (text, control) = clean(cell.text());
        if control {
            let message = format!("control or invisible characters in the {} were taken out", target.label());
            self.issue(draft, IssueKind::ControlCharacters, Severity::Repaired, target, message, "take them out in the ERP too");
        }
        text.into_owned()
    }

    fn issue(
        &self,
        draft: &mut Draft<'_>,
        kind: IssueKind,
        severity: Severity,
        target: Target,
        message: impl Into<String>,
        suggestion: &str,
    ) {
        let value = self.cell(draft.row, target).text();
        draft.issues.push(Issue {
            kind,
            severity,
            row: Some(draft.row.number()),
            column: self.column(target).map(|column| column.header.clone()),
            value: (!value.is_empty()).then(|| cut(value, 120).to_owned()),
            message: message.into(),
            suggestion: Some(suggestion.to_owned()),
        });
    }

    fn row(&mut self, row: Row<'_>) {
        if row.is_empty() {
            return;
        }
        self.list.rows_read += 1;
        if self.is_no_customer(row) {
            self.list.not_customers += 1;
            return;
        }
        if !self.settle.include_inactive && self.is_inactive(row) {
            self.list.inactive += 1;
            return;
        }
        let mut draft = Draft { row, issues: Vec::new() };
        let code = self.code(&mut draft);
        if self.is_ship_row(row) {
            let region = self.text(&mut draft, Target::Region);
            if let (Some(code), Some((region, _))) = (&code, places::us_state(&region).or_else(|| places::ca_province(&region))) {
                self.ship.push((code.clone(), region));
            }
            self.list.further_addresses += 1;
            return;
        }
        // In lists that repeat a customer for each address only the first row has the code.
        let name = self.name(&mut draft, code.as_deref());
        let exemption = self.exemption(&mut draft);
        let address = self.address(&mut draft, &name);
        let contact = self.contact(&mut draft);
        let ship_to = self.ship_to(&mut draft, address.as_ref());
        let valid_code = code.as_deref().and_then(|code| self.valid_code(&mut draft, code));
        if name.is_empty() {
            self.issue(
                &mut draft,
                IssueKind::MissingName,
                Severity::Error,
                Target::Name,
                "the customer has no name",
                "fill in the company's name in the ERP",
            );
        }
        let exempt = exemption.status == ExemptStatus::Exempt;
        match (valid_code, address) {
            (Some(code), Some(address)) if !name.is_empty() => {
                let customer = Customer { code, name, address, contact, exemption, ship_to, row: row.number() };
                self.add(customer, draft.issues);
            }
            (_, _) => {
                let why: BTreeSet<IssueKind> =
                    draft.issues.iter().filter(|issue| issue.severity == Severity::Error).map(|issue| issue.kind).collect();
                let name = Some(name).filter(|name| !name.is_empty());
                self.list.rejected.push(Rejected { row: row.number(), code, name, exempt, why: why.into_iter().collect() });
                self.list.issues.append(&mut draft.issues);
            }
        }
    }

    /// Totals and notes at the foot, headers repeated on each page, vendors.
    fn is_no_customer(&self, row: Row<'_>) -> bool {
        let mapped = &self.layout.mapping.columns;
        let code_column = self.column(Target::CustomerCode);
        let repeats_code = code_column.is_some_and(|column| row.get(column.index).text().trim() == column.header.trim());
        let repeated = if !repeats_code {
            0
        } else {
            mapped
                .values()
                .filter(|column| row.get(column.index).text().trim() == column.header.trim() && !column.header.is_empty())
                .count()
        };
        if repeated >= 2 && repeated * 2 > mapped.values().filter(|column| !row.get(column.index).is_empty()).count() {
            return true;
        }
        let code = self.cell(row, Target::CustomerCode);
        let address = [Target::Line1, Target::City, Target::PostalCode, Target::WholeAddress, Target::Email];
        let nowhere = address.iter().all(|target| self.cell(row, *target).is_empty());
        if nowhere {
            let first = row.cells().find(|cell| !cell.is_empty()).map(|cell| fold(cell.text())).unwrap_or_default();
            let total = [
                "total",
                "totals",
                "grand total",
                "sub total",
                "subtotal",
                "sum",
                "count",
                "record count",
                "records",
                "number of",
                "end of report",
                "end of file",
                "page",
                "printed",
                "report",
                "run date",
                "generated",
                "exported",
                "note",
                "notes",
                "summary",
            ];
            let starts = |stem: &str| first.strip_prefix(stem).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '));
            // A customer may be called Total Wine: then it has a code of its own.
            let code_is_word = code.is_empty() || row.cells().find(|cell| !cell.is_empty()) == Some(code);
            if code_is_word && total.iter().any(|stem| starts(stem)) {
                return true;
            }
            let filled = row.cells().filter(|cell| !cell.is_empty()).count();
            // A remark, or the mark `*** 314 customers ***`: alone in its row.
            let has_name = !self.cell(row, Target::Name).is_empty();
            if filled == 1 && (code.is_empty() && !has_name || code.text().trim().contains(' ') && mapped.len() > 2)
                || filled == 2 && code.is_empty() && !has_name
            {
                return true;
            }
        }
        let kind = self.cell(row, Target::CustomerType);
        if kind.is_empty() {
            return false;
        }
        let kind = fold(kind.text());
        match kind.as_str() {
            "vendor" | "supplier" | "csupplier" | "lead" | "clead" | "prospect" => true,
            "s" | "v" | "l" => self.columns.kinds_tell_customers,
            _ => false,
        }
    }

    fn is_inactive(&self, row: Row<'_>) -> bool {
        let yes = |cell: Cell<'_>| {
            let folded = fold(cell.text());
            matches!(cell, Cell::Bool(true)) || words().yes.contains(&folded) || words().marks.contains(cell.text().trim())
        };
        let gone = |cell: Cell<'_>| {
            let folded = fold(cell.text());
            [
                "inactive",
                "closed",
                "disabled",
                "archived",
                "deleted",
                "blocked",
                "terminated",
                "dormant",
                "deactivated",
                "not active",
                "obsolete",
                "out of business",
                "do not use",
                "former",
            ]
            .iter()
            .any(|word| folded.starts_with(word))
                || folded == "i"
        };
        let inactive = self.cell(row, Target::Inactive);
        if !inactive.is_empty() && (yes(inactive) || gone(inactive) || fold(inactive.text()) == "all") {
            return true;
        }
        let active = self.cell(row, Target::Active);
        let no = matches!(active, Cell::Bool(false))
            || (!active.is_empty() && words().no.contains(&fold(active.text())) && active.text().trim() != "-");
        no || (!active.is_empty() && gone(active))
    }

    fn is_ship_row(&self, row: Row<'_>) -> bool {
        let kind = self.cell(row, Target::RecordKind);
        if kind.is_empty() {
            return false;
        }
        let kind = fold(kind.text());
        kind.contains("ship") && !kind.contains("bill") || kind == "s" || kind == "st"
    }

    fn code(&self, draft: &mut Draft<'_>) -> Option<String> {
        let cell = self.cell(draft.row, Target::CustomerCode);
        let target = Target::CustomerCode;
        if cell.is_empty() {
            self.issue(
                draft,
                IssueKind::MissingCode,
                Severity::Error,
                target,
                "the row has no customer code",
                "fill in the code that stands on the customer's invoices",
            );
            return None;
        }
        let code = match codes::judge(cell, &self.columns.habits) {
            Verdict::Fine(code) => code,
            Verdict::Repaired(code, how) => {
                let message = format!("the customer code reads “{code}”: {how}");
                self.issue(draft, IssueKind::CodeLooksAltered, Severity::Repaired, target, message, "check the code against an invoice");
                code
            }
            Verdict::Doubtful(code, why) => {
                let message = format!("the customer code looks altered: {why}");
                self.issue(
                    draft,
                    IssueKind::CodeLooksAltered,
                    Severity::Warning,
                    target,
                    message,
                    "export the column as text and read the file again",
                );
                code
            }
            Verdict::Destroyed(why) => {
                let message = format!("the customer code is not the one on the invoices: {why}");
                self.issue(
                    draft,
                    IssueKind::CodeLooksAltered,
                    Severity::Error,
                    target,
                    message,
                    "export the column as text and read the file again",
                );
                return None;
            }
        };
        let hidden = |letter: &char| {
            letter.is_control()
                || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
        };
        let code = if code.chars().any(|letter| hidden(&letter)) {
            let bare: String = code.chars().filter(|letter| !hidden(letter)).collect();
            let message = format!("control or invisible characters were taken out of the customer code, which now reads “{}”", bare.trim());
            self.issue(draft, IssueKind::ControlCharacters, Severity::Repaired, target, message, "check the code against an invoice");
            bare.trim().to_owned()
        } else {
            code
        };
        let prefix = clean(self.cell(draft.row, Target::CodePrefix).text()).0.into_owned();
        let joined = !prefix.is_empty() && !prefix.bytes().all(|b| b == b'0');
        Some(if joined { format!("{prefix}-{code}") } else { code })
    }

    fn valid_code(&self, draft: &mut Draft<'_>, code: &str) -> Option<CustomerCode> {
        match CustomerCode::new(code) {
            Ok(code) => Some(code),
            Err(error) => {
                let suggestion = match error {
                    CustomerCodeError::TooLong(_) => "give the customer a shorter code in the ERP; the service takes 50 characters",
                    _ => "correct the code in the ERP",
                };
                self.issue(draft, IssueKind::BadCode, Severity::Error, Target::CustomerCode, error.to_string(), suggestion);
                None
            }
        }
    }

    fn name(&self, draft: &mut Draft<'_>, code: Option<&str>) -> String {
        let mut name = self.text(draft, Target::Name);
        if name.len() <= 4 && words().nothing.contains(&fold(&name)) {
            name.clear();
        }
        if !name.is_empty() {
            let more = self.text(draft, Target::NameContinued);
            if !more.is_empty() {
                name = format!("{name} {more}");
            }
        } else {
            let person = [Target::FirstName, Target::LastName].map(|target| self.text(draft, target)).join(" ").trim().to_owned();
            let others = [self.text(draft, Target::AlternateName), person];
            name = others.into_iter().find(|other| !other.is_empty()).unwrap_or_default();
            if name.is_empty() {
                name = self.text(draft, Target::Contact);
            }
            // In QuickBooks the code is the name.
            let by_name = self.column(Target::CustomerCode).is_some_and(|column| {
                matches!(
                    fold(&column.header).as_str(),
                    "name" | "customer" | "full name" | "customer name" | "job or customer name" | "company"
                )
            });
            if name.is_empty() && by_name {
                name = code.unwrap_or_default().to_owned();
            }
        }
        let length = name.chars().count();
        if length > 100 {
            let short = cut(&name, 100).to_owned();
            let message = format!("the name has {length} characters and the service takes 100; it is cut to “{short}”");
            self.issue(draft, IssueKind::TooLong, Severity::Warning, Target::Name, message, "shorten the name in the ERP");
            name = short;
        }
        name
    }

    fn exemption(&self, draft: &mut Draft<'_>) -> Exemption {
        let row = draft.row;
        let mut number = None;
        let mut said: Vec<Said<'_>> = Vec::with_capacity(self.columns.tax.len());
        for tax in &self.columns.tax {
            let cell = row.get(tax.column.index);
            let says = match (&tax.flag, tax.target) {
                (Some(flag), _) => {
                    let mut known = tax.known.borrow_mut();
                    match known.iter().find(|(text, kind, _)| text == cell.text() && *kind == matches!(cell, Cell::Bool(_))) {
                        Some((_, _, says)) => says.clone(),
                        None => {
                            let says = flag.says(cell);
                            if known.len() < 16 && cell.text().len() < 64 {
                                known.push((cell.text().to_owned(), matches!(cell, Cell::Bool(_)), says.clone()));
                            }
                            says
                        }
                    }
                }
                (None, Target::TaxCode) => exemption::tax_code_says(cell, false),
                (None, Target::TaxSchedule) => exemption::tax_code_says(cell, true),
                (None, Target::EntityUseCode) => exemption::use_code_says(cell),
                (None, Target::ExemptionReason) => exemption::reason_says(cell, &self.columns.reasons),
                (None, _) => {
                    let (says, found) = exemption::number_says(cell);
                    number = found.or(number.take());
                    says
                }
            };
            if tax.target == Target::ExemptFlag && number.is_none() && matches!(says, Says::Exempt(_)) {
                number = exemption::number_in_flag(cell.text().trim());
            }
            said.push(Said { target: tax.target, header: &tax.column.header, text: cell.text(), says });
        }
        let outcome = exemption::decide(&said);
        let (mut status, mut rule) = (outcome.status, outcome.rule);
        if let Some((header, value)) = outcome.against {
            let settled = match self.settle.contradictions {
                SettleContradictions::ByFlag => status,
                SettleContradictions::AsExempt => ExemptStatus::Exempt,
                SettleContradictions::AsTaxable => ExemptStatus::Taxable,
            };
            let target = said.iter().find(|said| said.header == header).map_or(Target::ExemptionNumber, |said| said.target);
            let message = format!("{rule}, but “{header}” says “{}”; counted as {}", cut(&value, 60), word(settled));
            let suggestion = match settled {
                ExemptStatus::Exempt => "check whether the customer is really exempt, and correct the ERP",
                ExemptStatus::Taxable => "if the customer is exempt, mark it so in the ERP; else take the number or reason out",
            };
            self.issue(draft, IssueKind::Contradiction, Severity::Warning, target, message, suggestion);
            if settled != status {
                rule = format!("{rule}, but “{header}” says “{}”; settled as {}", cut(&value, 60), word(settled));
                status = settled;
            }
        }
        if let Some((header, _)) = outcome.unclear {
            let target = said.iter().find(|said| said.header == header).map_or(Target::ExemptFlag, |said| said.target);
            let message = format!("the value says neither exempt nor taxed; counted as {}", word(status));
            self.issue(draft, IssueKind::BadExemption, Severity::Warning, target, message, "write yes or no, or the exemption's number");
        }
        let raw = self.cell(row, Target::ExemptionExpiry);
        let expires = exemption::date(raw.text());
        if expires.is_none()
            && !raw.is_empty()
            && !words().is_nothing(raw.text())
            && !fold(raw.text()).contains("expir")
            && !matches!(fold(raw.text()).as_str(), "never" | "blanket" | "indefinite" | "perpetual" | "0")
        {
            self.issue(
                draft,
                IssueKind::BadExemption,
                Severity::Warning,
                Target::ExemptionExpiry,
                "the expiry date can't be read; it is left out",
                "write it as 2026-12-31 or 12/31/2026",
            );
        }
        let exempt = status == ExemptStatus::Exempt;
        Exemption { status, rule, number, reason: outcome.reason.filter(|_| exempt), expires }
    }

    fn contact(&self, draft: &mut Draft<'_>) -> Contact {
        let some = |text: String| Some(text).filter(|text| !words().is_nothing(text));
        let mut name = self.text(draft, Target::Contact);
        if name.is_empty() {
            name = [Target::FirstName, Target::LastName].map(|target| self.text(draft, target)).join(" ").trim().to_owned();
        }
        let phone = self.text(draft, Target::Phone);
        let fax = self.text(draft, Target::Fax);
        let email = self.email(draft);
        let plain = |text: String| some(without_text_mark(&text).to_owned());
        Contact { name: some(name), email, phone: plain(phone), fax: plain(fax) }
    }

    fn email(&self, draft: &mut Draft<'_>) -> Option<String> {
        let text = self.text(draft, Target::Email);
        if good_email(&text) {
            return Some(text);
        }
        if words().is_nothing(&text) {
            return None;
        }
        let target = Target::Email;
        let several: Vec<&str> = text
            .split([';', ',', ' ', '|', '<', '>'])
            .map(|part| part.trim_matches(['"', '\'', '(', ')']))
            .filter(|part| part.contains('@'))
            .collect();
        let stripped = |part: &str| part.strip_prefix("mailto:").unwrap_or(part).trim_end_matches('.').to_owned();
        let good: Vec<String> = several.iter().map(|part| stripped(part)).filter(|part| good_email(part)).collect();
        match good.first() {
            Some(first) => {
                if several.len() > 1 {
                    let message = format!("the cell holds {} e-mail addresses; {first} is used", several.len());
                    self.issue(draft, IssueKind::BadEmail, Severity::Repaired, target, message, "keep the one that handles tax papers");
                }
                Some(first.clone())
            }
            None => {
                self.issue(
                    draft,
                    IssueKind::BadEmail,
                    Severity::Warning,
                    target,
                    "this is no e-mail address; it is left out, and no invitation can be sent",
                    "correct the address in the ERP",
                );
                None
            }
        }
    }

    fn ship_to(&self, draft: &mut Draft<'_>, address: Option<&Address>) -> Vec<Region> {
        let text = self.text(draft, Target::ShipRegion);
        if text.is_empty() {
            return Vec::new();
        }
        let found = places::us_state(&text).or_else(|| places::ca_province(&text)).map(|(region, _)| region);
        found.into_iter().filter(|region| address.and_then(|a| a.region.as_ref()) != Some(region)).collect()
    }

    fn lines(&self, draft: &mut Draft<'_>, targets: &[Target]) -> Vec<String> {
        let mut lines = Vec::new();
        for target in targets {
            let raw = self.cell(draft.row, *target).text();
            if raw.contains(['\n', '\r']) {
                lines.extend(raw.split(['\n', '\r']).map(|line| clean(line).0.into_owned()).filter(|line| !line.is_empty()));
            } else {
                let text = self.text(draft, *target);
                if !text.is_empty() {
                    lines.push(text);
                }
            }
        }
        lines
    }

    /// The address, or `None` with the issues that say what it lacks.
    fn address(&mut self, draft: &mut Draft<'_>, name: &str) -> Option<Address> {
        let lines = self.lines(draft, &[Target::Line1, Target::Line2, Target::Line3, Target::Line4, Target::Line5]);
        let mut parts = address::Parts {
            lines,
            city: self.text(draft, Target::City),
            region: self.text(draft, Target::Region),
            postal_code: without_text_mark(&self.text(draft, Target::PostalCode)).to_owned(),
            country: self.text(draft, Target::Country),
        };
        let tail = self.text(draft, Target::CityStateZip);
        if parts.city.is_empty() && !tail.is_empty() {
            if let Some(found) = address::city_state_zip(&tail) {
                parts.city = found.city;
                keep(&mut parts.region, found.region);
                keep(&mut parts.postal_code, found.postal_code);
                keep(&mut parts.country, found.country);
            } else if let Some((city, state)) =
                tail.rsplit_once([',', ' ']).filter(|(_, state)| places::us_state(state).is_some() || places::ca_province(state).is_some())
            {
                parts.city = city.trim().trim_end_matches(',').to_owned();
                keep(&mut parts.region, state.trim().to_owned());
            }
        }
        let bare = parts.city.is_empty() && parts.postal_code.is_empty();
        if bare {
            let raw = self.cell(draft.row, Target::WholeAddress).text().to_owned();
            let found = match raw.trim().is_empty() {
                false => address::whole(&raw),
                true => address::block(&parts.lines, name).or_else(|| address::whole(&parts.lines.join("\n"))),
            };
            if let Some(found) = found {
                let country = std::mem::take(&mut parts.country);
                parts = found;
                if !country.is_empty() {
                    parts.country = country;
                }
            } else if !raw.trim().is_empty() {
                self.issue(
                    draft,
                    IssueKind::MissingAddress,
                    Severity::Error,
                    Target::WholeAddress,
                    "the address can't be split into street, city, state and ZIP with certainty",
                    "export the parts in columns of their own, or part them by commas",
                );
                return None;
            }
        }
        let whole_empty = parts.lines.is_empty() && parts.city.is_empty() && parts.postal_code.is_empty();
        if whole_empty && self.column(Target::ShipLine1).is_some() {
            let shipped = address::Parts {
                lines: self.lines(draft, &[Target::ShipLine1, Target::ShipLine2]),
                city: self.text(draft, Target::ShipCity),
                region: self.text(draft, Target::ShipRegion),
                postal_code: without_text_mark(&self.text(draft, Target::ShipPostalCode)).to_owned(),
                country: self.text(draft, Target::ShipCountry),
            };
            if !shipped.lines.is_empty() {
                parts = shipped;
                self.issue(
                    draft,
                    IssueKind::MissingAddress,
                    Severity::Repaired,
                    Target::Line1,
                    "there is no bill-to address; the ship-to address is used",
                    "fill in the bill-to address in the ERP",
                );
            }
        }
        self.checked(draft, parts, name)
    }

    fn checked(&mut self, draft: &mut Draft<'_>, mut parts: address::Parts, name: &str) -> Option<Address> {
        address::drop_name(&mut parts.lines, name);
        let stated = if parts.country.is_empty() { None } else { places::country(&parts.country) };
        if stated.is_none() && !parts.country.is_empty() {
            let message = "the country is not known; it is told from the state and postal code";
            self.issue(draft, IssueKind::BadCountry, Severity::Warning, Target::Country, message, "use a two-letter code such as US");
        }
        let state = places::us_state(&parts.region);
        let province = if state.is_none() || stated == Some(Country::CA) { places::ca_province(&parts.region) } else { None };
        let canadian = || places::canadian_postal(&parts.postal_code).is_some();
        let country = match stated {
            Some(country) => country,
            None if canadian() || province.is_some() && state.is_none() => Country::CA,
            None => Country::US,
        };
        let mut complete = true;
        let (region, postal_code) = if country == Country::US || country == Country::CA {
            let (region, zip) = match country == Country::US {
                true => self.american(draft, &parts, state),
                false => self.canadian(draft, &parts, province),
            };
            complete &= region.is_some() && zip.is_some();
            (region, zip.unwrap_or_default())
        } else {
            let region = Region::from_code(&parts.region);
            let code = parts.postal_code.clone();
            if code.chars().count() > 10 {
                self.issue(
                    draft,
                    IssueKind::TooLong,
                    Severity::Warning,
                    Target::PostalCode,
                    "the postal code is longer than 10 characters; it is cut",
                    "correct it in the ERP",
                );
            }
            (region, cut(&code, 10).to_owned())
        };
        let mut missing = Vec::new();
        if parts.lines.is_empty() {
            missing.push(("street", Target::Line1));
        }
        if parts.city.is_empty() {
            missing.push(("city", Target::City));
        }
        for (what, target) in &missing {
            let message = format!("the address has no {what}");
            self.issue(draft, IssueKind::MissingAddress, Severity::Error, *target, message, "complete the address in the ERP");
        }
        if !missing.is_empty() || !complete {
            return None;
        }
        if stated.is_none() {
            self.list.assumed_country += 1;
        }
        let (line1, line2, lost) = address::two_lines(parts.lines, 50);
        if lost {
            self.issue(
                draft,
                IssueKind::TooLong,
                Severity::Warning,
                Target::Line1,
                "the address doesn't fit two lines of 50 characters; the end is cut off",
                "shorten it in the ERP",
            );
        }
        if parts.city.chars().count() > 50 {
            self.issue(
                draft,
                IssueKind::TooLong,
                Severity::Warning,
                Target::City,
                "the city is longer than 50 characters; it is cut",
                "correct it in the ERP",
            );
        }
        Some(Address { line1, line2, city: cut(&parts.city, 50).to_owned(), region, postal_code, country })
    }

    fn american(&self, draft: &mut Draft<'_>, parts: &address::Parts, state: Option<(Region, bool)>) -> (Option<Region>, Option<String>) {
        let zip = places::us_zip(&parts.postal_code, state.as_ref().map(|(state, _)| state));
        let by_zip = match zip.as_ref().map(|zip| places::states_of_zip(&zip.code)) {
            Some([one]) => Some(one.clone()),
            _ => None,
        };
        let region = match state {
            Some((state, guessed)) => {
                if guessed {
                    let message = format!("the state is read as {} ({})", state.name(), state.code());
                    self.issue(draft, IssueKind::BadRegion, Severity::Repaired, Target::Region, message, "correct the spelling in the ERP");
                }
                Some(state)
            }
            None => {
                let said = match parts.region.is_empty() {
                    true => "the address has no state".to_owned(),
                    false => format!("“{}” is no US state", cut(&parts.region, 40)),
                };
                match &by_zip {
                    Some(state) => {
                        let message = format!("{said}; the ZIP code lies in {}, which is used", state.name());
                        self.issue(
                            draft,
                            IssueKind::BadRegion,
                            Severity::Repaired,
                            Target::Region,
                            message,
                            "fill in the state in the ERP",
                        );
                    }
                    None => self.issue(
                        draft,
                        IssueKind::BadRegion,
                        Severity::Error,
                        Target::Region,
                        said,
                        "use the two-letter code of the state; for another country fill in the country",
                    ),
                }
                by_zip
            }
        };
        let Some(zip) = zip else {
            let (kind, message) = match parts.postal_code.is_empty() {
                true => (IssueKind::MissingAddress, "the address has no ZIP code".to_owned()),
                false => (IssueKind::BadPostalCode, format!("“{}” is no ZIP code", cut(&parts.postal_code, 40))),
            };
            self.issue(draft, kind, Severity::Error, Target::PostalCode, message, "fill in the five digits in the ERP");
            return (region, None);
        };
        let states = places::states_of_zip(&zip.code);
        if let Some(region) = region.as_ref().filter(|region| !states.contains(region)) {
            let where_to = states.first().map_or_else(|| "in no state".to_owned(), |state| format!("in {}", state.name()));
            let message = format!("ZIP code {} lies {where_to}, not in {}", zip.code, region.name());
            self.issue(draft, IssueKind::BadPostalCode, Severity::Warning, Target::PostalCode, message, "check the address");
        } else if zip.repaired {
            let message = format!("the ZIP code reads {}", zip.code);
            self.issue(
                draft,
                IssueKind::BadPostalCode,
                Severity::Repaired,
                Target::PostalCode,
                message,
                "export the column as text, so that leading zeros stay",
            );
        }
        (region, Some(zip.code))
    }

    fn canadian(
        &self,
        draft: &mut Draft<'_>,
        parts: &address::Parts,
        province: Option<(Region, bool)>,
    ) -> (Option<Region>, Option<String>) {
        if province.is_none() {
            let (message, suggestion) =
                ("the address has no Canadian province that can be read", "use the two-letter code of the province");
            self.issue(draft, IssueKind::BadRegion, Severity::Error, Target::Region, message, suggestion);
        }
        let code = places::canadian_postal(&parts.postal_code);
        if code.is_none() {
            let (message, suggestion) = ("the address has no Canadian postal code that can be read", "write it as K1A 0B1");
            self.issue(draft, IssueKind::BadPostalCode, Severity::Error, Target::PostalCode, message, suggestion);
        }
        (province.map(|(region, _)| region), code.map(|zip| zip.code))
    }

    /// Where the customer with this code stands in the list.
    fn position(&self, key: u64, code: &str) -> Option<usize> {
        let is = |at: &usize| self.list.customers.get(*at).is_some_and(|customer| customer.code.as_str() == code);
        let at = *self.seen.get(&key)? as usize;
        Some(at).filter(is).or_else(|| self.collided.iter().map(|at| *at as usize).find(is))
    }

    /// Takes a customer in, unless its code is there already.
    fn add(&mut self, customer: Customer, mut issues: Vec<Issue>) {
        let key = hash(customer.code.as_str());
        let first = self.position(key, customer.code.as_str()).and_then(|at| self.list.customers.get(at));
        let header = self.column(Target::CustomerCode).map(|column| column.header.clone());
        let issue = |kind, severity, message: String, suggestion: &str| Issue {
            kind,
            severity,
            row: Some(customer.row),
            column: header.clone(),
            value: Some(customer.code.as_str().to_owned()),
            message,
            suggestion: Some(suggestion.to_owned()),
        };
        if let Some(first) = first {
            let differences = differences(first, &customer);
            if differences.is_empty() {
                self.list.merged += 1;
                let message = format!("repeats row {} exactly; the rows count once", first.row);
                self.list.issues.push(issue(IssueKind::DuplicateRow, Severity::Repaired, message, "delete one of the rows"));
            } else {
                let message = format!(
                    "customer {} stands in rows {} and {}, which differ in {}; row {} is used",
                    customer.code,
                    first.row,
                    customer.row,
                    differences.join(", "),
                    first.row
                );
                let conflict = issue(
                    IssueKind::DuplicateCode,
                    Severity::Error,
                    message,
                    "tell which row is right and delete the other, or give it a code of its own",
                );
                self.list.issues.append(&mut issues);
                self.list.issues.push(conflict);
                self.list.conflicting.insert(customer.code);
            }
            return;
        }
        let at = u32::try_from(self.list.customers.len()).unwrap_or(u32::MAX);
        let alike = codes::folded(customer.code.as_str());
        let near = *self.folded.entry(hash(&alike)).or_insert(at);
        if near != at
            && let Some(other) = self.list.customers.get(near as usize).filter(|other| codes::folded(other.code.as_str()) == alike)
        {
            let message = format!(
                "code “{}” differs from “{}” in row {} only in capitals or blanks; to the service they are two customers",
                customer.code, other.code, other.row
            );
            issues.push(issue(
                IssueKind::NearDuplicate,
                Severity::Warning,
                message,
                "check whether they are one customer; the code must be spelled as on the invoices",
            ));
        }
        match self.seen.entry(key) {
            Entry::Vacant(place) => {
                place.insert(at);
            }
            Entry::Occupied(_) => self.collided.push(at),
        }
        self.list.customers.push(customer);
        self.list.issues.append(&mut issues);
    }

    fn finish(mut self) -> CustomerList {
        for (code, region) in std::mem::take(&mut self.ship) {
            let at = self.position(hash(&code), &code);
            if let Some(customer) = at.and_then(|at| self.list.customers.get_mut(at))
                && customer.address.region.as_ref() != Some(&region)
                && !customer.ship_to.contains(&region)
            {
                customer.ship_to.push(region);
            }
        }
        self.list.issues.sort_by_key(|issue| issue.row);
        self.list
    }
}

fn word(status: ExemptStatus) -> &'static str {
    match status {
        ExemptStatus::Exempt => "exempt",
        ExemptStatus::Taxable => "taxable",
    }
}

fn keep(place: &mut String, found: String) {
    if place.is_empty() {
        *place = found;
    }
}

fn good_email(text: &str) -> bool {
    let Some((user, host)) = text.split_once('@') else { return false };
    let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '(' | ')' | '<' | '>' | '[' | ']' | ',' | ';' | ':' | '\\' | '"');
    let user_fits = (1..=64).contains(&user.len())
        && user.chars().all(|c| plain(c) || !c.is_ascii() && c.is_alphanumeric())
        && !user.starts_with('.')
        && !user.ends_with('.')
        && !user.contains("..");
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    let labels: Vec<&str> = host.split('.').collect();
    let top = labels.last().copied().unwrap_or_default();
    user_fits
        && labels.len() >= 2
        && labels.iter().all(|l| label(l))
        && top.chars().count() >= 2
        && !top.chars().all(|c| c.is_ascii_digit())
        && host.len() <= 253
}

/// What two rows of one code differ in.
fn differences(a: &Customer, b: &Customer) -> Vec<&'static str> {
    let pairs = [
        (a.name != b.name, "name"),
        (a.address != b.address, "address"),
        (a.contact.email != b.contact.email, "e-mail"),
        (a.contact.name != b.contact.name, "contact"),
        (a.contact.phone != b.contact.phone || a.contact.fax != b.contact.fax, "phone"),
        (a.exemption.status != b.exemption.status, "exemption"),
        (
            a.exemption.number != b.exemption.number
                || a.exemption.reason != b.exemption.reason
                || a.exemption.expires != b.exemption.expires,
            "exemption details",
        ),
        (a.ship_to != b.ship_to, "ship-to state"),
    ];
    pairs.into_iter().filter(|(differ, _)| *differ).map(|(_, what)| what).collect()
}

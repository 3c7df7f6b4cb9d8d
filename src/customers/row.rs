//! One row to a customer. What it gives is borrowed from the row, so that a million good rows cost no memory of their own.

use super::catalogue::words;
use super::codes::{self, Verdict};
use super::exemption::{self, Said, Says};
use super::facts::{Facts, TAX_TARGETS};
use super::text::{clean, cut, fold, trim, without_text_mark};
use super::{Layout, MappedColumn, Settle, SettleContradictions, Target, address, places};
use crate::domain::{
    Address, Cell, Contact, Country, Customer, CustomerCode, CustomerCodeError, ExemptStatus, Exemption, ExemptionReason, Issue, IssueKind,
    Region, Row, Severity, TaxNumber,
};
use jiff::civil::Date;
use smallvec::SmallVec;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

/// What a row turned out to be.
#[expect(clippy::large_enum_variant, reason = "nearly every row is a customer, and a box for each costs more than the room")]
pub(super) enum Turned<'g> {
    /// A total, a repeated header, a vendor, a note.
    NoCustomer,
    Inactive,
    /// A further address of a customer that stands in another row.
    ShipTo {
        code: Option<String>,
        name: Option<String>,
        region: Option<Region>,
        exempt: bool,
    },
    /// Can't be used; the issues say why.
    Rejected {
        code: Option<String>,
        name: Option<String>,
        exempt: bool,
        /// The row's tax columns contradict each other.
        contradicts: bool,
    },
    Customer(Found<'g>),
}

/// A customer as its row says.
pub(super) struct Found<'g> {
    pub code: Cow<'g, str>,
    pub name: Cow<'g, str>,
    line1: Cow<'g, str>,
    line2: Option<Cow<'g, str>>,
    city: Cow<'g, str>,
    pub region: Option<Region>,
    postal_code: Cow<'g, str>,
    country: Country,
    /// The country was not stated.
    pub assumed_country: bool,
    pub status: ExemptStatus,
    pub rule: Arc<str>,
    pub reason: Option<ExemptionReason>,
    number: Option<Cow<'g, str>>,
    expires: Option<Date>,
    contact: Cow<'g, str>,
    pub email: Option<Cow<'g, str>>,
    phone: Cow<'g, str>,
    fax: Cow<'g, str>,
    ship_to: Option<Region>,
    pub parent: Option<Cow<'g, str>>,
    pub contradicts: bool,
    pub row: u32,
}

impl Found<'_> {
    /// The customer; `None` for a code that is none, which [`RowReader::row`] never gives.
    pub(super) fn into_customer(self) -> Option<Customer> {
        let some = |text: &str| Some(without_text_mark(text)).filter(|text| !words().is_nothing(text)).map(str::to_owned);
        Some(Customer {
            code: CustomerCode::new(self.code.into_owned()).ok()?,
            name: self.name.into_owned(),
            address: Address {
                line1: self.line1.into_owned(),
                line2: self.line2.map(Cow::into_owned),
                city: self.city.into_owned(),
                region: self.region,
                postal_code: self.postal_code.into_owned(),
                country: self.country,
            },
            contact: Contact {
                name: Some(&*self.contact).filter(|name| !words().is_nothing(name)).map(str::to_owned),
                email: self.email.map(Cow::into_owned),
                phone: some(&self.phone),
                fax: some(&self.fax),
            },
            exemption: Exemption {
                status: self.status,
                rule: self.rule,
                number: self.number.and_then(|number| TaxNumber::new(&number)),
                reason: self.reason,
                expires: self.expires,
            },
            ship_to: self.ship_to.into_iter().collect(),
            parent: self.parent.and_then(|code| CustomerCode::new(code.into_owned()).ok()),
            row: self.row,
        })
    }

    /// Equal for rows of one company at one house number in one ZIP code, whatever its customer code: punctuation, capitals and legal forms
    /// don't count. Where it is equal, [`same_company`] looks closer.
    pub(super) fn likeness(&self) -> u64 {
        let mut sum = Likeness::default();
        sum.words(&self.name);
        let street = self.line1.bytes().filter(|byte| *byte != b'.').take_while(|byte| *byte != b' ').take(8);
        sum.part(street.map(|byte| byte.to_ascii_lowercase()));
        sum.part(self.postal_code.bytes().take(5));
        sum.finish()
    }
}

/// A mapped column that speaks of exemption, with what its values were found to mean.
struct TaxColumn<'l> {
    target: Target,
    column: &'l MappedColumn,
    /// Which of the flags it is.
    flag: Option<usize>,
    /// What the first few values were found to say.
    known: Vec<(Box<str>, bool, Says)>,
}

/// What one combination of values in the tax columns comes to.
struct Decided {
    status: ExemptStatus,
    rule: Arc<str>,
    reason: Option<ExemptionReason>,
    /// The places, among what was said, of the column that says otherwise and of one that nobody understands.
    against: Option<usize>,
    unclear: Option<usize>,
}

pub(super) struct RowReader<'l> {
    layout: &'l Layout,
    settle: &'l Settle,
    facts: &'l Facts,
    /// The system's own reason codes.
    reasons: &'l BTreeMap<String, String>,
    /// Where each target's column is, by the target's place in [`Target::ALL`].
    at: [Option<usize>; Target::ALL.len()],
    /// Columns and their trimmed headers, the code's first.
    headers: Vec<(usize, &'l str)>,
    code_header: Option<(usize, &'l str)>,
    /// In QuickBooks the code is the name.
    code_is_name: bool,
    tax: Vec<TaxColumn<'l>>,
    decided: Vec<(u64, Arc<Decided>)>,
    /// Values of the columns that tell whether a row counts, with the answer.
    inactive: Vec<(Box<str>, bool)>,
    active: Vec<(Box<str>, bool)>,
    pub issues: Vec<Issue>,
    /// The row at hand is of printable ASCII without runs of blanks, so that none of its texts needs cleaning.
    plain: bool,
}

/// In the packed key of a combination of values: what stands for a plain number, for nothing, and for what is not known.
const A_NUMBER: u8 = 254;
const NOTHING: u8 = 253;
const MOST_KNOWN: usize = 64;

type Lines<'g> = SmallVec<[Cow<'g, str>; 5]>;

/// The parts of an address as written.
struct Parts<'g> {
    lines: Lines<'g>,
    city: Cow<'g, str>,
    region: Cow<'g, str>,
    postal_code: Cow<'g, str>,
    country: Cow<'g, str>,
}

impl From<address::Parts> for Parts<'_> {
    fn from(parts: address::Parts) -> Self {
        Self {
            lines: parts.lines.into_iter().map(Cow::Owned).collect(),
            city: Cow::Owned(parts.city),
            region: Cow::Owned(parts.region),
            postal_code: Cow::Owned(parts.postal_code),
            country: Cow::Owned(parts.country),
        }
    }
}

/// The address after it was checked.
struct Checked<'g> {
    line1: Cow<'g, str>,
    line2: Option<Cow<'g, str>>,
    city: Cow<'g, str>,
    region: Option<Region>,
    postal_code: Cow<'g, str>,
    country: Country,
    assumed: bool,
}

/// What the tax columns of one row say.
struct Taxed<'g> {
    status: ExemptStatus,
    rule: Arc<str>,
    reason: Option<ExemptionReason>,
    number: Option<Cow<'g, str>>,
    expires: Option<Date>,
    contradicts: bool,
}

impl<'l> RowReader<'l> {
    pub(super) fn new(layout: &'l Layout, settle: &'l Settle, facts: &'l Facts, reasons: &'l BTreeMap<String, String>) -> Self {
        let mut at = [None; Target::ALL.len()];
        for (target, column) in &layout.mapping.columns {
            if let Some(place) = at.get_mut(*target as usize) {
                *place = Some(column.index);
            }
        }
        let mapping = &layout.mapping;
        let tax = TAX_TARGETS.into_iter().enumerate().filter_map(|(place, target)| {
            let column = mapping.get(target)?;
            Some(TaxColumn { target, column, flag: (place < facts.flags.len()).then_some(place), known: Vec::new() })
        });
        let headed = |column: &'l MappedColumn| (column.index, column.header.trim());
        let code = mapping.get(Target::CustomerCode);
        let code_is_name = code.is_some_and(|column| {
            matches!(
                fold(&column.header).as_str(),
                "name" | "customer" | "full name" | "customer name" | "job or customer name" | "company"
            )
        });
        Self {
            layout,
            settle,
            facts,
            reasons,
            at,
            headers: mapping.columns.values().map(headed).filter(|(_, header)| !header.is_empty()).collect(),
            code_header: code.map(headed),
            code_is_name,
            tax: tax.collect(),
            decided: Vec::new(),
            inactive: Vec::new(),
            active: Vec::new(),
            issues: Vec::new(),
            plain: false,
        }
    }

    fn column(&self, target: Target) -> Option<&'l MappedColumn> {
        self.layout.mapping.get(target)
    }

    fn cell<'g>(&self, row: Row<'g>, target: Target) -> Cell<'g> {
        self.at.get(target as usize).copied().flatten().map_or(Cell::Empty, |index| row.get(index))
    }

    /// A cell's text, trimmed and cleaned, with an issue where something had to be taken out.
    fn text<'g>(&mut self, row: Row<'g>, target: Target) -> Cow<'g, str> {
        let cell = self.cell(row, target);
        match cell {
            Cell::Empty => Cow::Borrowed(""),
            Cell::Text(text) | Cell::Number(text) if self.plain => Cow::Borrowed(trim(text)),
            Cell::Error(shown) => {
                let message = format!("the {} is the error {shown} of a spreadsheet program; it is read as empty", target.label());
                self.issue(row, IssueKind::Unreadable, Severity::Warning, target, message, "mend the formula in the spreadsheet");
                Cow::Borrowed("")
            }
            cell => {
                let (text, control) = clean(cell.text());
                if control {
                    let message = format!("control or invisible characters in the {} were taken out", target.label());
                    let suggestion = "take them out in the ERP too";
                    self.issue(row, IssueKind::ControlCharacters, Severity::Repaired, target, message, suggestion);
                }
                text
            }
        }
    }

    #[cold]
    fn issue(&mut self, row: Row<'_>, kind: IssueKind, severity: Severity, target: Target, message: impl Into<String>, suggestion: &str) {
        let value = self.cell(row, target).text();
        self.issues.push(Issue {
            kind,
            severity,
            row: Some(row.number()),
            column: self.column(target).map(|column| column.header.clone()),
            value: (!value.is_empty()).then(|| cut(value, 120).to_owned()),
            message: message.into(),
            suggestion: Some(suggestion.to_owned()),
        });
    }

    /// What the row is; what is wrong with it goes to `issues`.
    pub(super) fn row<'g>(&mut self, row: Row<'g>) -> Turned<'g> {
        self.plain = row.is_plain() && !row.has_two_blanks();
        if self.is_no_customer(row) {
            return Turned::NoCustomer;
        }
        if !self.settle.include_inactive && self.is_inactive(row) {
            return Turned::Inactive;
        }
        let code = self.code(row);
        if self.is_ship_row(row) {
            let region = self.text(row, Target::Region);
            let region = places::us_state(&region).or_else(|| places::ca_province(&region)).map(|(region, _)| region);
            let name = Some(self.name(row, code.as_deref()).into_owned()).filter(|name| !name.is_empty());
            // What is wrong with its tax columns is told where the customer stands.
            let told = self.issues.len();
            let exempt = self.exemption(row).status == ExemptStatus::Exempt;
            self.issues.truncate(told);
            return Turned::ShipTo { code: code.map(Cow::into_owned), name, region, exempt };
        }
        let name = self.name(row, code.as_deref());
        let taxed = self.exemption(row);
        let address = self.address(row, &name);
        let contact = self.contact(row);
        let phone = self.text(row, Target::Phone);
        let fax = self.text(row, Target::Fax);
        let email = self.email(row);
        let ship_to = self.ship_to(row, address.as_ref());
        let parent = self.parent(row, code.as_deref());
        let valid = code.as_deref().is_some_and(|code| self.is_valid_code(row, code));
        if name.is_empty() {
            let suggestion = "fill in the company's name in the ERP";
            self.issue(row, IssueKind::MissingName, Severity::Error, Target::Name, "the customer has no name", suggestion);
        }
        match (code, address) {
            (Some(code), Some(address)) if valid && !name.is_empty() => Turned::Customer(Found {
                code,
                name,
                line1: address.line1,
                line2: address.line2,
                city: address.city,
                region: address.region,
                postal_code: address.postal_code,
                country: address.country,
                assumed_country: address.assumed,
                status: taxed.status,
                rule: taxed.rule,
                reason: taxed.reason,
                number: taxed.number,
                expires: taxed.expires,
                contact,
                email,
                phone,
                fax,
                ship_to,
                parent,
                contradicts: taxed.contradicts,
                row: row.number(),
            }),
            (code, _) => Turned::Rejected {
                code: code.map(Cow::into_owned),
                name: Some(name.into_owned()).filter(|name| !name.is_empty()),
                exempt: taxed.status == ExemptStatus::Exempt,
                contradicts: taxed.contradicts,
            },
        }
    }

    /// Headers repeated on each page, totals and notes: what says nothing of its columns, whatever they mean.
    pub(super) fn is_noise(&self, row: Row<'_>) -> bool {
        let repeats = |(index, header): &(usize, &str)| {
            let text = row.get(*index).text();
            text.len() >= header.len() && text.as_bytes().first() == header.as_bytes().first() && text.trim() == *header
                || text.trim_start().len() < text.len() && text.trim() == *header
        };
        if self.code_header.as_ref().is_some_and(repeats) {
            let repeated = self.headers.iter().filter(|header| repeats(header)).count();
            let filled = self.headers.iter().filter(|(index, _)| !row.get(*index).is_empty()).count();
            if repeated >= 2 && repeated * 2 > filled {
                return true;
            }
        }
        let somewhere = [
            Target::Line1,
            Target::City,
            Target::PostalCode,
            Target::WholeAddress,
            Target::Email,
            Target::Line2,
            Target::Line3,
            Target::Line4,
            Target::Line5,
            Target::CityStateZip,
            Target::ShipLine1,
            Target::ShipCity,
            Target::ShipPostalCode,
        ];
        somewhere.iter().all(|target| self.cell(row, *target).is_empty()) && self.is_remark(row)
    }

    /// Noise, and vendors.
    fn is_no_customer(&self, row: Row<'_>) -> bool {
        if self.is_noise(row) {
            return true;
        }
        let kind = self.cell(row, Target::CustomerType);
        if kind.is_empty() {
            return false;
        }
        let kind = fold(kind.text());
        match kind.as_str() {
            "vendor" | "supplier" | "csupplier" | "lead" | "clead" | "prospect" => true,
            "s" | "v" | "l" => self.facts.kinds_tell_customers,
            _ => false,
        }
    }

    /// A row without any address that is a total or a note.
    fn is_remark(&self, row: Row<'_>) -> bool {
        let code = match self.cell(row, Target::CustomerCode) {
            Cell::Empty => self.cell(row, Target::CodeAndName),
            code => code,
        };
        let first = row.cells().find(|cell| !cell.is_empty());
        let words = first.map(|cell| fold(cell.text())).unwrap_or_default();
        // A customer may be called Total Wine or Page Plumbing: then it has a code of its own, or other words behind.
        if (code.is_empty() || first == Some(code)) && is_total(&words) {
            return true;
        }
        let filled = row.cells().filter(|cell| !cell.is_empty()).count();
        let names = [Target::Name, Target::FirstName, Target::LastName, Target::AlternateName];
        let is_name = |text: &str| text.chars().filter(|letter| letter.is_alphabetic()).count() >= 2;
        let has_name = names.iter().any(|target| is_name(self.cell(row, *target).text()));
        // A remark, or the mark `*** 314 customers ***`: alone in its row.
        let sentence = code.text().trim().contains(' ') && self.layout.mapping.columns.len() > 2 && !self.code_is_name;
        filled == 1 && (code.is_empty() && !has_name || sentence) || filled == 2 && code.is_empty() && !has_name
    }

    fn is_inactive(&mut self, row: Row<'_>) -> bool {
        fn known(memo: &mut Vec<(Box<str>, bool)>, cell: Cell<'_>, look: impl Fn(Cell<'_>) -> bool) -> bool {
            if let Some((_, answer)) = memo.iter().find(|(text, _)| **text == *cell.text()) {
                return *answer;
            }
            let answer = look(cell);
            if memo.len() < MOST_KNOWN && cell.text().len() <= 64 {
                memo.push((cell.text().into(), answer));
            }
            answer
        }
        let inactive = self.cell(row, Target::Inactive);
        if !inactive.is_empty() && known(&mut self.inactive, inactive, says_inactive) {
            return true;
        }
        let active = self.cell(row, Target::Active);
        !active.is_empty() && known(&mut self.active, active, says_not_active)
    }

    fn is_ship_row(&self, row: Row<'_>) -> bool {
        let kind = self.cell(row, Target::RecordKind);
        if kind.is_empty() {
            return false;
        }
        let kind = fold(kind.text());
        let says = |stem: &str| kind.split(' ').any(|word| word.starts_with(stem));
        (says("ship") || says("boship")) && !says("bill") || kind == "s" || kind == "st"
    }

    fn code<'g>(&mut self, row: Row<'g>) -> Option<Cow<'g, str>> {
        let mut cell = self.cell(row, Target::CustomerCode);
        let mut target = Target::CustomerCode;
        let both = self.cell(row, Target::CodeAndName);
        if cell.is_empty() && !both.is_empty() {
            target = Target::CodeAndName;
            cell = match codes::code_and_name(both.text()) {
                Some((code, _)) => Cell::Text(code),
                None => {
                    let message = "it is not sure which part of the cell is the customer code";
                    let suggestion = "export the code in a column of its own";
                    self.issue(row, IssueKind::MissingCode, Severity::Error, target, message, suggestion);
                    return None;
                }
            };
        }
        if cell.is_empty() {
            let suggestion = "fill in the code that stands on the customer's invoices";
            self.issue(row, IssueKind::MissingCode, Severity::Error, target, "the row has no customer code", suggestion);
            return None;
        }
        let altered = IssueKind::CodeLooksAltered;
        let code = match codes::judge(cell, self.facts.style) {
            Verdict::Fine(code) => code,
            Verdict::Repaired(code, how) => {
                let message = format!("the customer code reads “{code}”: {how}");
                self.issue(row, altered, Severity::Repaired, target, message, "check the code against an invoice");
                code
            }
            Verdict::Doubtful(code, why) => {
                let message = format!("the customer code looks altered: {why}");
                self.issue(row, altered, Severity::Warning, target, message, "export the column as text and read the file again");
                code
            }
            Verdict::Destroyed(why) => {
                let message = format!("the customer code is not the one on the invoices: {why}");
                self.issue(row, altered, Severity::Error, target, message, "export the column as text and read the file again");
                return None;
            }
        };
        let hidden = |letter: char| {
            letter.is_control()
                || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
        };
        let mut code = Cow::Borrowed(code);
        if !self.plain && code.chars().any(hidden) {
            let bare: String = code.chars().filter(|letter| !hidden(*letter)).collect();
            let message = format!("control or invisible characters were taken out of the customer code, which now reads “{}”", bare.trim());
            self.issue(row, IssueKind::ControlCharacters, Severity::Repaired, target, message, "check the code against an invoice");
            code = Cow::Owned(bare.trim().to_owned());
        }
        let prefix = self.cell(row, Target::CodePrefix);
        if matches!(prefix, Cell::Error(_) | Cell::Date(_) | Cell::Bool(_)) || exemption::is_error(prefix) {
            let message = "the part before the customer code is spoilt, so the code is not the one on the invoices";
            let suggestion = "export the column as text and read the file again";
            self.issue(row, altered, Severity::Error, Target::CodePrefix, message, suggestion);
            return None;
        }
        if !prefix.is_empty() {
            let prefix = clean(prefix.text()).0;
            if !prefix.is_empty() && !prefix.bytes().all(|b| b == b'0') {
                return Some(Cow::Owned(format!("{prefix}-{code}")));
            }
        }
        Some(code)
    }

    fn is_valid_code(&mut self, row: Row<'_>, code: &str) -> bool {
        let Err(error) = CustomerCode::check(code) else { return true };
        let suggestion = match error {
            CustomerCodeError::TooLong(_) => "give the customer a shorter code in the ERP; the service takes 50 characters",
            _ => "correct the code in the ERP",
        };
        self.issue(row, IssueKind::BadCode, Severity::Error, Target::CustomerCode, error.to_string(), suggestion);
        false
    }

    fn name<'g>(&mut self, row: Row<'g>, code: Option<&str>) -> Cow<'g, str> {
        let mut name = self.text(row, Target::Name);
        if name.is_empty() {
            let both = self.text(row, Target::CodeAndName);
            name = match both {
                Cow::Borrowed(text) => Cow::Borrowed(codes::code_and_name(text).map_or(text, |(_, name)| name)),
                Cow::Owned(text) => Cow::Owned(codes::code_and_name(&text).map_or(text.as_str(), |(_, name)| name).to_owned()),
            };
        }
        if name.len() <= 4 && words().nothing.contains(&fold(&name)) {
            name = Cow::Borrowed("");
        }
        if let Some(code) = code.filter(|_| !self.code_is_name)
            && let Some(rest) = without_code(&name, code)
        {
            name = match name {
                Cow::Borrowed(text) => Cow::Borrowed(text.get(text.len() - rest..).unwrap_or(text)),
                Cow::Owned(text) => Cow::Owned(text.get(text.len() - rest..).unwrap_or(&text).to_owned()),
            };
        }
        if !name.is_empty() {
            let more = self.text(row, Target::NameContinued);
            if !more.is_empty() {
                name = Cow::Owned(format!("{name} {more}"));
            }
        } else {
            let other = self.text(row, Target::AlternateName);
            name = if other.is_empty() { self.person(row) } else { other };
            if name.is_empty() {
                name = self.text(row, Target::Contact);
            }
            if name.is_empty() && self.code_is_name {
                name = Cow::Owned(code.unwrap_or_default().to_owned());
            }
        }
        if name.len() > 100 {
            let length = name.chars().count();
            if length > 100 {
                let short = cut(&name, 100).to_owned();
                let message = format!("the name has {length} characters and the service takes 100; it is cut to “{short}”");
                self.issue(row, IssueKind::TooLong, Severity::Warning, Target::Name, message, "shorten the name in the ERP");
                name = Cow::Owned(short);
            }
        }
        name
    }

    fn person<'g>(&mut self, row: Row<'g>) -> Cow<'g, str> {
        let first = self.text(row, Target::FirstName);
        let last = self.text(row, Target::LastName);
        match (first.is_empty(), last.is_empty()) {
            (_, true) => first,
            (true, false) => last,
            (false, false) => Cow::Owned(format!("{first} {last}")),
        }
    }

    fn exemption<'g>(&mut self, row: Row<'g>) -> Taxed<'g> {
        let mut number = None;
        let mut key = 0u64;
        let mut whole = true;
        for at in 0..self.tax.len() {
            let Some((target, index)) = self.tax.get(at).map(|tax| (tax.target, tax.column.index)) else { continue };
            let cell = row.get(index);
            if (cell.text().starts_with('#') || matches!(cell, Cell::Error(_))) && exemption::is_error(cell) {
                let message = format!("the {} is an error of a spreadsheet program; it says nothing of exemption", target.label());
                self.issue(row, IssueKind::Unreadable, Severity::Warning, target, message, "mend the formula in the spreadsheet");
            }
        }
        for tax in &mut self.tax {
            let cell = row.get(tax.column.index);
            let id = match tax.target {
                Target::ExemptionNumber if cell.text().is_empty() => NOTHING,
                Target::ExemptionNumber if is_plain_number(cell) => {
                    number = Some(Cow::Borrowed(cell.text().trim()));
                    A_NUMBER
                }
                Target::ExemptionNumber => {
                    whole = false;
                    continue;
                }
                _ => {
                    let boolean = matches!(cell, Cell::Bool(_));
                    match tax.known.iter().position(|(text, kind, _)| **text == *cell.text() && *kind == boolean) {
                        Some(at) => at as u8,
                        None if tax.known.len() < MOST_KNOWN && cell.text().len() <= 64 => {
                            let says = says(tax.target, tax.flag, cell, self.facts, self.reasons, self.settle);
                            tax.known.push((cell.text().into(), boolean, says));
                            (tax.known.len() - 1) as u8
                        }
                        None => {
                            whole = false;
                            continue;
                        }
                    }
                }
            };
            key = key << 8 | u64::from(id);
        }
        let decided = match self.decided.iter().find(|(known, _)| *known == key && whole) {
            Some((_, decided)) => Arc::clone(decided),
            None => {
                let mut said: Vec<Said<'_>> = Vec::with_capacity(self.tax.len());
                for tax in &self.tax {
                    let cell = row.get(tax.column.index);
                    let says = match tax.target {
                        Target::ExemptionNumber => {
                            let (says, found) = exemption::number_says(cell);
                            if let Some(found) = found {
                                number = Some(Cow::Owned(found.as_str().to_owned()));
                            }
                            says
                        }
                        _ => says(tax.target, tax.flag, cell, self.facts, self.reasons, self.settle),
                    };
                    if tax.target == Target::ExemptFlag && number.is_none() && matches!(says, Says::Exempt(_)) {
                        let found = exemption::number_in_flag(cell.text().trim());
                        number = found.map(|found| Cow::Owned(found.as_str().to_owned()));
                        whole &= number.is_none();
                    }
                    said.push(Said { target: tax.target, header: &tax.column.header, text: cell.text(), says });
                }
                let outcome = exemption::decide(&said);
                let place = |of: &Option<(String, String)>| {
                    let (header, _) = of.as_ref()?;
                    said.iter().position(|said| said.header == header)
                };
                let decided = Arc::new(Decided {
                    status: outcome.status,
                    against: place(&outcome.against),
                    unclear: place(&outcome.unclear),
                    rule: outcome.rule.into(),
                    reason: outcome.reason,
                });
                if whole && self.decided.len() < MOST_KNOWN {
                    self.decided.push((key, Arc::clone(&decided)));
                }
                decided
            }
        };
        let (mut status, mut rule) = (decided.status, Arc::clone(&decided.rule));
        let tax_column = |at: Option<usize>| at.and_then(|at| self.tax.get(at)).map(|tax| (tax.target, tax.column));
        let (against, unclear) = (tax_column(decided.against), tax_column(decided.unclear));
        if let Some((target, column)) = against {
            let settled = match self.settle.contradictions {
                SettleContradictions::ByFlag => status,
                SettleContradictions::AsExempt => ExemptStatus::Exempt,
                SettleContradictions::AsTaxable => ExemptStatus::Taxable,
            };
            let value = cut(row.get(column.index).text().trim(), 60);
            let message = format!("{rule}, but “{}” says “{value}”; counted as {}", column.header, word(settled));
            let suggestion = match settled {
                ExemptStatus::Exempt => "check whether the customer is really exempt, and correct the ERP",
                ExemptStatus::Taxable => "if the customer is exempt, mark it so in the ERP; else take the number or reason out",
            };
            self.issue(row, IssueKind::Contradiction, Severity::Warning, target, message, suggestion);
            if settled != status {
                rule = format!("{rule}, but “{}” says otherwise; settled as {}", column.header, word(settled)).into();
                status = settled;
            }
        }
        if let Some((target, _)) = unclear {
            let message = format!("the value says neither exempt nor taxed; counted as {}", word(status));
            let suggestion = "write yes or no, or the exemption's number";
            self.issue(row, IssueKind::BadExemption, Severity::Warning, target, message, suggestion);
        }
        let reason = decided.reason.clone().filter(|_| status == ExemptStatus::Exempt);
        Taxed { status, rule, reason, number, expires: self.expiry(row), contradicts: against.is_some() }
    }

    fn expiry(&mut self, row: Row<'_>) -> Option<Date> {
        let raw = self.cell(row, Target::ExemptionExpiry);
        if raw.is_empty() {
            return None;
        }
        let expires = exemption::date(raw.text());
        let folded = || fold(raw.text());
        if expires.is_none()
            && !words().is_nothing(raw.text())
            && !folded().contains("expir")
            && !matches!(folded().as_str(), "never" | "blanket" | "indefinite" | "perpetual" | "0")
        {
            let message = "the expiry date can't be read; it is left out";
            let suggestion = "write it as 2026-12-31 or 12/31/2026";
            self.issue(row, IssueKind::BadExemption, Severity::Warning, Target::ExemptionExpiry, message, suggestion);
        }
        expires
    }

    fn contact<'g>(&mut self, row: Row<'g>) -> Cow<'g, str> {
        let name = self.text(row, Target::Contact);
        if name.is_empty() { self.person(row) } else { name }
    }

    fn email<'g>(&mut self, row: Row<'g>) -> Option<Cow<'g, str>> {
        let text = self.text(row, Target::Email);
        if text.is_empty() {
            return None;
        }
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
        match good.into_iter().next() {
            Some(first) => {
                if several.len() > 1 {
                    let message = format!("the cell holds {} e-mail addresses; {first} is used", several.len());
                    self.issue(row, IssueKind::BadEmail, Severity::Repaired, target, message, "keep the one that handles tax papers");
                }
                Some(Cow::Owned(first))
            }
            None => {
                let message = "this is no e-mail address; it is left out, and the customer is invited by fax or gets a link to pass on";
                self.issue(row, IssueKind::BadEmail, Severity::Warning, target, message, "correct the address in the ERP");
                None
            }
        }
    }

    fn ship_to(&mut self, row: Row<'_>, address: Option<&Checked<'_>>) -> Option<Region> {
        let text = self.text(row, Target::ShipRegion);
        if text.is_empty() {
            return None;
        }
        let found = places::us_state(&text).or_else(|| places::ca_province(&text)).map(|(region, _)| region);
        found.filter(|region| address.and_then(|address| address.region.as_ref()) != Some(region))
    }

    /// The code of the customer that this one belongs to.
    fn parent<'g>(&mut self, row: Row<'g>, code: Option<&str>) -> Option<Cow<'g, str>> {
        let parent = self.text(row, Target::ParentCode);
        if !parent.is_empty() {
            return Some(parent).filter(|parent| code != Some(parent) && !words().is_nothing(parent));
        }
        // QuickBooks writes a job of a customer as `Customer:Job`.
        let (customer, job) = code.filter(|_| self.code_is_name)?.rsplit_once(':')?;
        (!customer.is_empty() && !job.is_empty()).then(|| Cow::Owned(customer.to_owned()))
    }

    fn lines<'g>(&mut self, row: Row<'g>, targets: &[Target]) -> Lines<'g> {
        let mut lines = Lines::new();
        for target in targets {
            let raw = self.cell(row, *target).text();
            if raw.is_empty() {
                continue;
            }
            if !self.plain && raw.contains(['\n', '\r']) {
                lines.extend(raw.split(['\n', '\r']).map(|line| clean(line).0).filter(|line| !line.is_empty()));
            } else {
                let text = self.text(row, *target);
                if !text.is_empty() {
                    lines.push(text);
                }
            }
        }
        lines
    }

    /// The address, or `None` with the issues that say what it lacks.
    fn address<'g>(&mut self, row: Row<'g>, name: &str) -> Option<Checked<'g>> {
        let mut parts = Parts {
            lines: self.lines(row, &[Target::Line1, Target::Line2, Target::Line3, Target::Line4, Target::Line5]),
            city: self.text(row, Target::City),
            region: self.text(row, Target::Region),
            postal_code: unmarked(self.text(row, Target::PostalCode)),
            country: self.text(row, Target::Country),
        };
        if parts.city.is_empty() {
            let tail = self.text(row, Target::CityStateZip);
            if let Some(found) = address::city_state_zip(&tail).filter(|_| !tail.is_empty()) {
                parts.city = Cow::Owned(found.city);
                keep(&mut parts.region, found.region);
                keep(&mut parts.postal_code, found.postal_code);
                keep(&mut parts.country, found.country);
            } else if let Some((city, state)) =
                tail.rsplit_once([',', ' ']).filter(|(_, state)| places::us_state(state).is_some() || places::ca_province(state).is_some())
            {
                parts.city = Cow::Owned(city.trim().trim_end_matches(',').to_owned());
                keep(&mut parts.region, state.trim().to_owned());
            }
        }
        if parts.city.is_empty() && parts.postal_code.is_empty() {
            let raw = self.cell(row, Target::WholeAddress).text();
            let owned = || parts.lines.iter().map(|line| line.clone().into_owned()).collect::<Vec<_>>();
            let found = match raw.trim().is_empty() {
                false => address::whole(raw),
                true if parts.lines.is_empty() => None,
                true => address::block(&owned(), name).or_else(|| address::whole(&owned().join("\n"))),
            };
            if let Some(found) = found {
                let country = std::mem::take(&mut parts.country);
                parts = found.into();
                if !country.is_empty() {
                    parts.country = country;
                }
            } else if !raw.trim().is_empty() {
                let message = "the address can't be split into street, city, state and ZIP with certainty";
                let suggestion = "export the parts in columns of their own, or part them by commas";
                self.issue(row, IssueKind::MissingAddress, Severity::Error, Target::WholeAddress, message, suggestion);
                return None;
            }
        }
        if parts.city.is_empty() && parts.lines.len() > 1 && !parts.postal_code.is_empty() {
            // City and state as the last line of the street, the ZIP code in a column of its own.
            let tail = format!("{} {} {}", parts.lines.join("\n"), parts.region, parts.postal_code);
            if let Some(found) = address::whole(&tail) {
                let country = std::mem::take(&mut parts.country);
                parts = Parts { country, ..found.into() };
            }
        }
        let empty = parts.lines.is_empty() && parts.city.is_empty() && parts.postal_code.is_empty();
        if empty && self.column(Target::ShipLine1).is_some() {
            let shipped = Parts {
                lines: self.lines(row, &[Target::ShipLine1, Target::ShipLine2]),
                city: self.text(row, Target::ShipCity),
                region: self.text(row, Target::ShipRegion),
                postal_code: unmarked(self.text(row, Target::ShipPostalCode)),
                country: self.text(row, Target::ShipCountry),
            };
            if !shipped.lines.is_empty() {
                parts = shipped;
                let message = "there is no bill-to address; the ship-to address is used";
                let suggestion = "fill in the bill-to address in the ERP";
                self.issue(row, IssueKind::MissingAddress, Severity::Repaired, Target::Line1, message, suggestion);
            }
        }
        self.checked(row, parts, name)
    }

    fn checked<'g>(&mut self, row: Row<'g>, mut parts: Parts<'g>, name: &str) -> Option<Checked<'g>> {
        if address::begins_with_name(&parts.lines, name) {
            parts.lines.remove(0);
        }
        let stated = if parts.country.is_empty() { None } else { places::country(&parts.country) };
        if stated.is_none() && !parts.country.is_empty() {
            let message = "the country is not known; it is told from the state and postal code";
            self.issue(row, IssueKind::BadCountry, Severity::Warning, Target::Country, message, "use a two-letter code such as US");
        }
        let state = us_state(&parts.region);
        let province = if state.is_none() || stated == Some(Country::CA) { places::ca_province(&parts.region) } else { None };
        let five_digits = is_five_digits(&parts.postal_code);
        let canadian = || !five_digits && places::canadian_postal(&parts.postal_code).is_some();
        let country = match stated {
            Some(country) => country,
            None if canadian() || province.is_some() && state.is_none() => Country::CA,
            None => Country::US,
        };
        let mut complete = true;
        let (region, postal_code) = if country == Country::US || country == Country::CA {
            let (region, zip) = match country == Country::US {
                true => self.american(row, &parts, state),
                false => self.canadian(row, &parts, province),
            };
            complete &= region.is_some() && zip.is_some();
            (region, zip.unwrap_or_default())
        } else {
            if parts.postal_code.chars().count() > 10 {
                let message = "the postal code is longer than 10 characters; it is cut";
                self.issue(row, IssueKind::TooLong, Severity::Warning, Target::PostalCode, message, "correct it in the ERP");
            }
            (Region::from_code(&parts.region), shortened(parts.postal_code, 10))
        };
        let missing = [(parts.lines.is_empty(), "street", Target::Line1), (parts.city.is_empty(), "city", Target::City)];
        for (_, what, target) in missing.iter().filter(|(missing, _, _)| *missing) {
            let message = format!("the address has no {what}");
            self.issue(row, IssueKind::MissingAddress, Severity::Error, *target, message, "complete the address in the ERP");
            complete = false;
        }
        if !complete {
            return None;
        }
        let (line1, line2, lost) = two_lines(parts.lines, 50);
        if lost {
            let message = "the address doesn't fit two lines of 50 characters; the end is cut off";
            self.issue(row, IssueKind::TooLong, Severity::Warning, Target::Line1, message, "shorten it in the ERP");
        }
        if parts.city.len() > 50 && parts.city.chars().count() > 50 {
            let message = "the city is longer than 50 characters; it is cut";
            self.issue(row, IssueKind::TooLong, Severity::Warning, Target::City, message, "correct it in the ERP");
        }
        Some(Checked { line1, line2, city: shortened(parts.city, 50), region, postal_code, country, assumed: stated.is_none() })
    }

    fn american<'g>(&mut self, row: Row<'g>, parts: &Parts<'g>, state: Option<(Region, bool)>) -> (Option<Region>, Option<Cow<'g, str>>) {
        if let Some((state, false)) = &state
            && is_five_digits(&parts.postal_code)
            && states_of_zip(&parts.postal_code).contains(state)
        {
            return (Some(state.clone()), Some(parts.postal_code.clone()));
        }
        let zip = places::us_zip(&parts.postal_code, state.as_ref().map(|(state, _)| state));
        let by_zip = match zip.as_ref().map(|zip| crate::domain::states_of_zip(&zip.code)) {
            Some([one]) => Some(one.clone()),
            _ => None,
        };
        let region = match state {
            Some((state, guessed)) => {
                if guessed {
                    let message = format!("the state is read as {} ({})", state.name(), state.code());
                    self.issue(row, IssueKind::BadRegion, Severity::Repaired, Target::Region, message, "correct the spelling in the ERP");
                }
                Some(state)
            }
            None => {
                let said = match parts.region.is_empty() {
                    true => "the address has no state".to_owned(),
                    false => format!("“{}” is no US state", cut(&parts.region, 40)),
                };
                let target = Target::Region;
                match &by_zip {
                    Some(state) => {
                        let message = format!("{said}; the ZIP code lies in {}, which is used", state.name());
                        self.issue(row, IssueKind::BadRegion, Severity::Repaired, target, message, "fill in the state in the ERP");
                    }
                    None => {
                        let suggestion = "use the two-letter code of the state; for another country fill in the country";
                        self.issue(row, IssueKind::BadRegion, Severity::Error, target, said, suggestion);
                    }
                }
                by_zip
            }
        };
        let target = Target::PostalCode;
        let Some(zip) = zip else {
            let (kind, message) = match parts.postal_code.is_empty() {
                true => (IssueKind::MissingAddress, "the address has no ZIP code".to_owned()),
                false => (IssueKind::BadPostalCode, format!("“{}” is no ZIP code", cut(&parts.postal_code, 40))),
            };
            self.issue(row, kind, Severity::Error, target, message, "fill in the five digits in the ERP");
            return (region, None);
        };
        let states = crate::domain::states_of_zip(&zip.code);
        if let Some(region) = region.as_ref().filter(|region| !states.contains(region)) {
            let where_to = states.first().map_or_else(|| "in no state".to_owned(), |state| format!("in {}", state.name()));
            let message = format!("ZIP code {} lies {where_to}, not in {}", zip.code, region.name());
            self.issue(row, IssueKind::BadPostalCode, Severity::Warning, target, message, "check the address");
        } else if zip.repaired {
            let message = format!("the ZIP code reads {}", zip.code);
            let suggestion = "export the column as text, so that leading zeros stay";
            self.issue(row, IssueKind::BadPostalCode, Severity::Repaired, target, message, suggestion);
        }
        (region, Some(Cow::Owned(zip.code)))
    }

    fn canadian<'g>(
        &mut self,
        row: Row<'g>,
        parts: &Parts<'g>,
        province: Option<(Region, bool)>,
    ) -> (Option<Region>, Option<Cow<'g, str>>) {
        if province.is_none() {
            let (message, suggestion) =
                ("the address has no Canadian province that can be read", "use the two-letter code of the province");
            self.issue(row, IssueKind::BadRegion, Severity::Error, Target::Region, message, suggestion);
        }
        let code = places::canadian_postal(&parts.postal_code);
        if code.is_none() {
            let (message, suggestion) = ("the address has no Canadian postal code that can be read", "write it as K1A 0B1");
            self.issue(row, IssueKind::BadPostalCode, Severity::Error, Target::PostalCode, message, suggestion);
        }
        (province.map(|(region, _)| region), code.map(|zip| Cow::Owned(zip.code)))
    }
}

/// What one cell of a tax column says by itself. Numbers are looked at where the number is wanted too.
fn says(target: Target, flag: Option<usize>, cell: Cell<'_>, facts: &Facts, reasons: &BTreeMap<String, String>, settle: &Settle) -> Says {
    if exemption::is_error(cell) {
        return Says::Nothing;
    }
    if let Some(status) = settle.value(cell.text()) {
        return if status == ExemptStatus::Exempt { Says::Exempt(None) } else { Says::Taxable };
    }
    match (flag.and_then(|flag| facts.flags.get(flag)), target) {
        (Some(Some(flag)), _) => flag.says(cell),
        (_, Target::TaxCode) => exemption::tax_code_says(cell, false),
        (_, Target::TaxSchedule) => exemption::tax_code_says(cell, true),
        (_, Target::EntityUseCode) => exemption::use_code_says(cell),
        (_, Target::ExemptionReason) => exemption::reason_says(cell, reasons),
        (_, _) => exemption::number_says(cell).0,
    }
}

/// Letters, digits and dashes with a digit other than zero: a number whatever the words are that stand for "none" or "exempt".
fn is_plain_number(cell: Cell<'_>) -> bool {
    let (Cell::Text(text) | Cell::Number(text)) = cell else { return false };
    let text = text.trim();
    // `12-31-2026` may be a date.
    text.bytes().filter(|b| *b == b'-').count() < 2
        && (3..=50).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && text.bytes().any(|b| (b'1'..=b'9').contains(&b))
        && text.bytes().filter(u8::is_ascii_digit).count() >= 2
}

fn says_inactive(cell: Cell<'_>) -> bool {
    let folded = fold(cell.text());
    let yes = matches!(cell, Cell::Bool(true)) || words().yes.contains(&folded) || words().marks.contains(cell.text().trim());
    yes || is_gone(&folded) || folded == "all"
}

fn says_not_active(cell: Cell<'_>) -> bool {
    let folded = fold(cell.text());
    matches!(cell, Cell::Bool(false)) || words().no.contains(&folded) && cell.text().trim() != "-" || is_gone(&folded)
}

fn is_gone(folded: &str) -> bool {
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
}

/// `10233 Blue Ridge Supply`, `C-12 - Ames`, `CUS7: Bow` with the row's own code in front: the length of what stands behind it.
fn without_code(name: &str, code: &str) -> Option<usize> {
    // `84 Lumber` under the code 84 is the company's name.
    if code.len() < 4 || code.bytes().filter(u8::is_ascii_digit).count() < 2 {
        return None;
    }
    let rest = name.strip_prefix(code)?;
    let bare = rest.trim_start_matches([' ', '-', ':', '–', '|', '/']);
    (bare.len() < rest.len() && bare.chars().any(char::is_alphabetic)).then_some(bare.len())
}

/// `total`, `grand total 86`, `page 2 of 9`, `report date 3 1 2026`: a word of sums or reports with nothing but numbers and the like behind.
fn is_total(words: &str) -> bool {
    const BEGIN: [&str; 21] = [
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
    const BEHIND: [&str; 26] = [
        "of",
        "customers",
        "customer",
        "accounts",
        "records",
        "record",
        "rows",
        "row",
        "count",
        "total",
        "on",
        "at",
        "by",
        "date",
        "time",
        "page",
        "pages",
        "printed",
        "report",
        "for",
        "list",
        "exempt",
        "taxable",
        "active",
        "am",
        "pm",
    ];
    let rest = BEGIN.iter().filter_map(|begin| words.strip_prefix(begin)).find(|rest| rest.is_empty() || rest.starts_with(' '));
    let number = |word: &str| word.bytes().any(|b| b.is_ascii_digit());
    match rest {
        // A note may say anything.
        Some(rest) if words.starts_with("note") => !rest.is_empty() || words == "notes",
        Some(rest) => rest.split(' ').filter(|word| !word.is_empty()).all(|word| number(word) || BEHIND.contains(&word)),
        None => false,
    }
}

fn word(status: ExemptStatus) -> &'static str {
    match status {
        ExemptStatus::Exempt => "exempt",
        ExemptStatus::Taxable => "taxable",
    }
}

fn keep(place: &mut Cow<'_, str>, found: String) {
    if place.is_empty() {
        *place = Cow::Owned(found);
    }
}

fn unmarked(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(without_text_mark(text)),
        Cow::Owned(text) => Cow::Owned(without_text_mark(&text).to_owned()),
    }
}

fn shortened(text: Cow<'_, str>, most: usize) -> Cow<'_, str> {
    if text.len() <= most {
        return text;
    }
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(cut(text, most)),
        Cow::Owned(text) => Cow::Owned(cut(&text, most).to_owned()),
    }
}

/// As [`address::two_lines`], without copies where the lines fit as they are.
fn two_lines<'g>(mut lines: Lines<'g>, most: usize) -> (Cow<'g, str>, Option<Cow<'g, str>>, bool) {
    if lines.len() <= 2 && lines.iter().all(|line| line.len() <= most) {
        let second = (lines.len() == 2).then(|| lines.pop()).flatten();
        return (lines.pop().unwrap_or_default(), second, false);
    }
    let (first, second, lost) = address::two_lines(lines.into_iter().map(Cow::into_owned).collect(), most);
    (Cow::Owned(first), second.map(Cow::Owned), lost)
}

fn is_five_digits(text: &str) -> bool {
    text.len() == 5 && text.bytes().all(|b| b.is_ascii_digit())
}

/// [`places::us_state`], with the two-letter codes looked up in a table.
fn us_state(text: &str) -> Option<(Region, bool)> {
    static CODES: LazyLock<Vec<Option<Region>>> = LazyLock::new(|| {
        let letters = || b'A'..=b'Z';
        let pairs = letters().flat_map(|a| letters().map(move |b| [a, b]));
        pairs.map(|pair| std::str::from_utf8(&pair).ok().and_then(places::us_state).filter(|(_, g)| !g).map(|(region, _)| region)).collect()
    });
    if let [a, b] = text.as_bytes()
        && a.is_ascii_alphabetic()
        && b.is_ascii_alphabetic()
    {
        let at = usize::from(a.to_ascii_uppercase() - b'A') * 26 + usize::from(b.to_ascii_uppercase() - b'A');
        return CODES.get(at).cloned().flatten().map(|region| (region, false));
    }
    if text.is_empty() { None } else { places::us_state(text) }
}

/// [`crate::domain::states_of_zip`] by table.
fn states_of_zip(zip: &str) -> &'static [Region] {
    static PREFIXES: LazyLock<Vec<&'static [Region]>> =
        LazyLock::new(|| (0..1000).map(|prefix| crate::domain::states_of_zip(&format!("{prefix:03}"))).collect());
    let prefix = zip.bytes().take(3).fold(0usize, |sum, digit| sum * 10 + usize::from(digit.wrapping_sub(b'0') % 10));
    PREFIXES.get(prefix).copied().unwrap_or_default()
}

/// One address that mail can be sent to. Shape only: at most 64 characters before the `@` and 253 behind it (RFC 5321, 4.5.3.1).
pub(super) fn good_email(text: &str) -> bool {
    let bytes = text.as_bytes();
    if let Some(answer) = good_plain_email(bytes) {
        return answer;
    }
    let Some(at) = bytes.iter().position(|byte| *byte == b'@') else { return false };
    let (user, host) = (bytes.get(..at).unwrap_or_default(), text.get(at + 1..).unwrap_or_default());
    // A dot at either end or beside another leaves an empty part.
    let mut before = b'.';
    for byte in user {
        let fits = match byte {
            b'.' => before != b'.',
            b'(' | b')' | b'<' | b'>' | b'[' | b']' | b',' | b';' | b':' | b'\\' | b'"' => false,
            _ => !byte.is_ascii() || byte.is_ascii_graphic(),
        };
        if !fits {
            return false;
        }
        before = *byte;
    }
    if before == b'.' || user.len() > 64 || host.len() > 253 || !host.contains('.') {
        return false;
    }
    if !text.is_ascii() && !text.chars().all(|c| c.is_ascii() || c.is_alphanumeric()) {
        return false;
    }
    let mut top = "";
    for label in host.split('.') {
        let plain = label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || !c.is_ascii());
        if !plain || label.is_empty() || label.len() > 63 || label.starts_with('-') || label.ends_with('-') {
            return false;
        }
        top = label;
    }
    top.chars().count() >= 2 && !top.bytes().all(|b| b.is_ascii_digit())
}

/// Letters, digits, dots and dashes on both sides of one `@`, told in one look; `None` for anything less plain.
fn good_plain_email(bytes: &[u8]) -> Option<bool> {
    const OTHER: u8 = 0;
    const WORD: u8 = 1;
    const DIGIT: u8 = 2;
    const DOT: u8 = 3;
    const AT: u8 = 4;
    const KINDS: [u8; 256] = {
        let mut kinds = [OTHER; 256];
        let mut byte = 0usize;
        while byte < 128 {
            let letter = byte as u8;
            if letter.is_ascii_alphabetic() {
                kinds[byte] = WORD;
            } else if letter.is_ascii_digit() {
                kinds[byte] = DIGIT;
            }
            byte += 1;
        }
        kinds[b'.' as usize] = DOT;
        kinds[b'@' as usize] = AT;
        kinds
    };
    // Where the part at hand began, where the `@` is, how many letters the part has.
    let (mut began, mut at, mut letters) = (0usize, None, 0usize);
    for (place, byte) in bytes.iter().enumerate() {
        match KINDS.get(usize::from(*byte)).copied().unwrap_or(OTHER) {
            WORD => letters += 1,
            DIGIT => {}
            DOT | AT if place == began => return None,
            DOT => (began, letters) = (place + 1, 0),
            AT if at.is_none() => {
                at = Some(place);
                (began, letters) = (place + 1, 0);
            }
            _ => return None,
        }
    }
    let at = at?;
    let (host, top) = (bytes.len() - at - 1, bytes.len() - began);
    // A part longer than 63 needs a host longer than that.
    (at <= 64 && host <= 63 && top >= 2 && top < host && letters > 0).then_some(true)
}

/// A sum over words that leaves out what doesn't tell two companies apart.
#[derive(Default)]
struct Likeness {
    sum: u64,
}

impl Likeness {
    /// Big and odd, from the fractional part of the golden ratio.
    const MIX: u64 = 0x9e37_79b9_7f4a_7c15;

    fn words(&mut self, text: &str) {
        // By the last byte of its sum, so that most words are told to be no usual one by a single look.
        static USUAL: LazyLock<Vec<Vec<(u64, u64)>>> = LazyLock::new(|| {
            let gone =
                ["inc", "incorporated", "llc", "ltd", "limited", "co", "company", "corp", "corporation", "the", "lp", "llp", "pllc", "pc"];
            let short = [
                ("street", "st"),
                ("avenue", "ave"),
                ("road", "rd"),
                ("drive", "dr"),
                ("boulevard", "blvd"),
                ("lane", "ln"),
                ("court", "ct"),
                ("parkway", "pkwy"),
                ("highway", "hwy"),
                ("suite", "ste"),
                ("north", "n"),
                ("south", "s"),
                ("east", "e"),
                ("west", "w"),
            ];
            let gone = gone.into_iter().map(|word| (word_sum(word), 0));
            let mut usual = vec![Vec::new(); 256];
            for (from, to) in gone.chain(short.into_iter().map(|(long, short)| (word_sum(long), word_sum(short)))) {
                if let Some(slot) = usual.get_mut((from >> 56) as usize) {
                    slot.push((from, to));
                }
            }
            usual
        });
        let usual: &[Vec<(u64, u64)>] = &USUAL;
        let mut add = |sum: u64| {
            let slot = usual.get((sum >> 56) as usize).map_or(&[][..], Vec::as_slice);
            let sum = slot.iter().find(|(from, _)| *from == sum).map_or(sum, |(_, to)| *to);
            if sum != 0 {
                self.sum = (self.sum.rotate_left(23) ^ sum).wrapping_mul(Self::MIX);
            }
        };
        let mut sum = 0u64;
        if text.is_ascii() {
            for byte in text.bytes() {
                match byte {
                    b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => sum = letter_sum(sum, u32::from(byte.to_ascii_lowercase())),
                    b'\'' | b'.' => {}
                    _ if sum != 0 => add(std::mem::take(&mut sum)),
                    _ => {}
                }
            }
        } else {
            for letter in text.chars() {
                match letter {
                    '\'' | '’' | '.' => {}
                    _ if letter.is_alphanumeric() => letter.to_lowercase().for_each(|letter| sum = letter_sum(sum, u32::from(letter))),
                    _ if sum != 0 => add(std::mem::take(&mut sum)),
                    _ => {}
                }
            }
        }
        if sum != 0 {
            add(sum);
        }
    }

    /// Adds up to eight bytes as they are.
    fn part(&mut self, bytes: impl Iterator<Item = u8>) {
        let packed = bytes.fold(0u64, |packed, byte| packed << 8 | u64::from(byte));
        self.sum = (self.sum.rotate_left(31) ^ packed).wrapping_mul(Self::MIX);
    }

    fn finish(self) -> u64 {
        self.sum ^ self.sum >> 29
    }
}

/// Equal for two customers of one name and one street, whatever the capitals, signs, legal forms and usual short forms.
pub(super) fn same_company(customer: &Customer) -> u64 {
    let mut sum = Likeness::default();
    sum.words(&customer.name);
    sum.part([0xff].into_iter());
    sum.words(&customer.address.line1);
    sum.finish()
}

fn letter_sum(sum: u64, letter: u32) -> u64 {
    (sum.rotate_left(5) ^ u64::from(letter)).wrapping_mul(0xff51_afd7_ed55_8ccd)
}

fn word_sum(word: &str) -> u64 {
    word.chars().fold(0, |sum, letter| letter_sum(sum, u32::from(letter)))
}

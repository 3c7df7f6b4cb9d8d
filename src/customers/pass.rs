//! One pass over the rows of a file: the rows come in pieces, which any number of threads can read at the same time, and are put together
//! at the end, where duplicates show.

use super::catalogue::catalogue;
use super::facts::{Facts, Gathered};
use super::row::{Found, RowReader, Turned, same_company};
use super::summary::{ReasonCount, RuleCount, StateCount, Summary, issue_counts};
use super::text::cut;
use super::{CustomerList, Layout, Rejected, Settle, Target, codes};
use crate::domain::{Customer, ExemptStatus, ExemptionReason, Grid, Issue, IssueKind, Region, Severity};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// Whose details are kept beyond the counts.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Keep {
    All,
    /// Only the customers of these rows: those that have to be compared with each other.
    Rows(HashSet<u32>),
}

/// How the rows of one sheet are read. Begins with what the first rows tell of the columns; when the whole file tells otherwise,
/// [`Reading::finish`] gives a better reading to do it again with.
pub struct Reading<'l> {
    layout: &'l Layout,
    settle: &'l Settle,
    facts: Facts,
    keep: Keep,
    reasons: BTreeMap<String, String>,
    passes: u8,
    /// What an earlier pass found: only the customers of some rows are wanted now.
    before: Option<Box<Whole>>,
}

/// The outcome of [`Reading::finish`].
pub enum Finished<'l> {
    Done(Box<CustomerList>),
    /// The rows have to be read once more, with this.
    Again(Box<Reading<'l>>),
}

/// What every usable customer leaves behind, so that a million of them can be counted and compared in a few bytes each.
#[derive(Debug, Clone)]
struct Trace {
    /// Of the code without capitals and blanks.
    code: u64,
    /// Of the name and address.
    likeness: u64,
    row: u32,
    region: Option<Region>,
    /// Places in the piece's tables.
    reason: u16,
    rule: u16,
    /// Of the bits below.
    is: u8,
}

impl Trace {
    const EXEMPT: u8 = 1;
    const EMAIL: u8 = 2;
    const CONTRADICTS: u8 = 4;
    const CHILD: u8 = 8;
    const ASSUMED_COUNTRY: u8 = 16;
    const DROPPED: u8 = 32;
    const ODD_CODE: u8 = 64;

    fn is(&self, bit: u8) -> bool {
        self.is & bit != 0
    }
}

const NO_REASON: u16 = u16::MAX;
/// A column of free words can have a rule for each row; beyond this many they count as one.
const MOST_RULES: usize = 2000;

/// What some rows, in their order, turned out to be.
pub struct Piece {
    gathered: Gathered,
    traces: Vec<Trace>,
    ended: Ended,
}

/// How rows ended, beside the traces of the usable customers.
#[derive(Default)]
struct Ended {
    customers: Vec<Customer>,
    issues: Vec<Issue>,
    rejected: Vec<Rejected>,
    ship: Vec<Shipped>,
    rows_read: usize,
    inactive: usize,
    not_customers: usize,
    further_addresses: usize,
    rejected_contradictions: usize,
    reasons: Vec<ExemptionReason>,
    rules: Rules,
    odd: OddCodes,
}

impl Ended {
    /// The place of a reason in the table of them.
    fn reason(&mut self, reason: &ExemptionReason) -> u16 {
        let at = self.reasons.iter().position(|known| known == reason);
        index(at.unwrap_or_else(|| {
            self.reasons.push(reason.clone());
            self.reasons.len() - 1
        }))
    }

    /// Adds what stands further down in the file. Gives the places that its reasons and its rules have now.
    fn merge(&mut self, later: Self) -> (Vec<u16>, Vec<u16>) {
        self.customers.extend(later.customers);
        self.issues.extend(later.issues);
        self.rejected.extend(later.rejected);
        self.ship.extend(later.ship);
        self.rows_read += later.rows_read;
        self.inactive += later.inactive;
        self.not_customers += later.not_customers;
        self.further_addresses += later.further_addresses;
        self.rejected_contradictions += later.rejected_contradictions;
        self.odd.merge(later.odd);
        let reasons = later.reasons.iter().map(|reason| self.reason(reason)).collect();
        let rules = later.rules.all.iter().map(|rule| self.rules.place(rule)).collect();
        (reasons, rules)
    }
}

/// The rules that made customers exempt or not, each once.
#[derive(Debug, Default)]
struct Rules {
    all: Vec<Arc<str>>,
    places: HashMap<Arc<str>, u16>,
}

impl Rules {
    fn place(&mut self, rule: &Arc<str>) -> u16 {
        // The usual ones come first and are the very same text.
        if let Some(at) = self.all.iter().take(32).position(|known| Arc::ptr_eq(known, rule)) {
            return index(at);
        }
        if let Some(at) = self.places.get(rule) {
            return *at;
        }
        if self.all.len() >= MOST_RULES {
            let other = Arc::from("other wordings");
            return self.places.get(&other).copied().unwrap_or_else(|| self.add(other));
        }
        self.add(Arc::clone(rule))
    }

    fn add(&mut self, rule: Arc<str>) -> u16 {
        let at = index(self.all.len());
        self.all.push(Arc::clone(&rule));
        self.places.insert(rule, at);
        at
    }
}

/// A further address of a customer.
#[derive(Debug, Clone)]
struct Shipped {
    code: String,
    name: Option<String>,
    region: Option<Region>,
    exempt: bool,
    row: u32,
}

/// Codes with letters that other programs tend to change on the way.
#[derive(Debug, Clone, Default)]
struct OddCodes {
    letters: BTreeSet<char>,
    first: Option<(u32, String)>,
}

impl OddCodes {
    /// Whether the code is one of them.
    fn add(&mut self, code: &str, row: u32) -> bool {
        const ODD: [char; 6] = ['/', '#', '?', '+', '%', '\\'];
        let odd = code.contains(ODD);
        if odd {
            self.letters.extend(code.chars().filter(|letter| ODD.contains(letter)));
            self.first.get_or_insert_with(|| (row, code.to_owned()));
        }
        odd
    }

    fn merge(&mut self, other: Self) {
        self.letters.extend(other.letters);
        self.first = self.first.take().or(other.first);
    }

    fn issue(self, count: usize, layout: &Layout) -> Option<Issue> {
        let (row, code) = self.first?;
        let letters: Vec<String> = self.letters.iter().map(|letter| format!("`{letter}`")).collect();
        let codes = if count == 1 { "1 customer code holds".to_owned() } else { format!("{count} customer codes hold") };
        Some(Issue {
            kind: IssueKind::OddCode,
            severity: Severity::Warning,
            row: Some(row),
            column: layout.mapping.get(Target::CustomerCode).map(|column| column.header.clone()),
            value: Some(cut(&code, 120).to_owned()),
            message: format!("{codes} {}, which other programs may change on the way; they are sent to the letter", letters.join(" or ")),
            suggestion: Some("check that invoices reach Avalara under exactly these codes".to_owned()),
        })
    }
}

impl<'l> Reading<'l> {
    /// Keeps every customer. `head` are the first rows of the sheet.
    pub fn new(layout: &'l Layout, settle: &'l Settle, head: &Grid) -> Self {
        let system = layout.system.as_ref().and_then(|id| catalogue().systems.get(id));
        let reasons = system.map(|system| system.reasons.clone()).unwrap_or_default();
        let unknown = Gathered::new(layout).decide();
        let mut gathered = Gathered::new(layout);
        let reader = RowReader::new(layout, settle, &unknown, &reasons);
        let body = head.rows().filter(|row| row.number() > layout.header_row && !row.is_empty());
        body.filter(|row| !reader.is_noise(*row)).for_each(|row| gathered.add(row));
        drop(reader);
        Self { layout, settle, facts: gathered.decide(), keep: Keep::All, reasons, passes: 0, before: None }
    }

    /// Keeps the counts and the problems only: `customers` of the list stays empty.
    pub fn survey(layout: &'l Layout, settle: &'l Settle, head: &Grid) -> Self {
        Self { keep: Keep::Rows(HashSet::new()), ..Self::new(layout, settle, head) }
    }

    /// Reads some rows. Any content gives a value.
    pub fn piece(&self, rows: &Grid) -> Piece {
        let mut reader = RowReader::new(self.layout, self.settle, &self.facts, &self.reasons);
        let mut piece = Piece {
            gathered: Gathered::new(self.layout),
            traces: Vec::with_capacity(rows.len()),
            ended: Ended {
                customers: Vec::with_capacity(if self.keep == Keep::All { rows.len() } else { 0 }),
                issues: rows.issues.clone(),
                ..Ended::default()
            },
        };
        let only = match &self.keep {
            Keep::Rows(wanted) if self.before.is_some() => Some(wanted),
            _ => None,
        };
        for row in rows.rows() {
            if row.number() <= self.layout.header_row || row.is_empty() || only.is_some_and(|wanted| !wanted.contains(&row.number())) {
                continue;
            }
            piece.ended.rows_read += 1;
            if reader.is_noise(row) {
                piece.ended.not_customers += 1;
                continue;
            }
            piece.gathered.add(row);
            match reader.row(row) {
                Turned::NoCustomer => piece.ended.not_customers += 1,
                Turned::Inactive => piece.ended.inactive += 1,
                Turned::ShipTo { code, name, region, exempt } => {
                    piece.ended.further_addresses += 1;
                    piece.ended.ship.extend(code.map(|code| Shipped { code, name, region, exempt, row: row.number() }));
                }
                Turned::Rejected { code, name, exempt, contradicts } => {
                    let errors = reader.issues.iter().filter(|issue| issue.severity == Severity::Error && issue.row == Some(row.number()));
                    let why: BTreeSet<IssueKind> = errors.map(|issue| issue.kind).collect();
                    piece.ended.rejected_contradictions += usize::from(contradicts);
                    piece.ended.rejected.push(Rejected { row: row.number(), code, name, exempt, why: why.into_iter().collect() });
                }
                Turned::Customer(found) => piece.take(found, &self.keep),
            }
            if !reader.issues.is_empty() {
                piece.ended.issues.append(&mut reader.issues);
            }
        }
        piece
    }

    /// Puts the pieces together, in the order of the file.
    pub fn finish(mut self, pieces: Vec<Piece>) -> Finished<'l> {
        if let Some(mut whole) = self.before.take() {
            whole.ended.customers = pieces.into_iter().flat_map(|piece| piece.ended.customers).collect();
            return Finished::Done(Box::new(whole.resolve(self.layout, false)));
        }
        let mut whole = Whole::default();
        let mut gathered = Gathered::new(self.layout);
        for piece in pieces {
            gathered.merge(whole.append(piece));
        }
        self.passes += 1;
        let facts = gathered.decide();
        // The same facts come out of every pass over the same rows, so a second look always ends it.
        if facts != self.facts && self.passes < 4 {
            self.facts = facts;
            return Finished::Again(Box::new(self));
        }
        whole.find_groups();
        if self.keep != Keep::All {
            let wanted = whole.wanted();
            if !wanted.is_empty() {
                self.keep = Keep::Rows(wanted);
                self.before = Some(Box::new(whole));
                return Finished::Again(Box::new(self));
            }
        }
        Finished::Done(Box::new(whole.resolve(self.layout, self.keep == Keep::All)))
    }
}

impl Piece {
    fn take(&mut self, found: Found<'_>, keep: &Keep) {
        let reason =
            found.reason.as_ref().filter(|_| found.status == ExemptStatus::Exempt).map_or(NO_REASON, |reason| self.ended.reason(reason));
        let rule = self.ended.rules.place(&found.rule);
        let odd = self.ended.odd.add(&found.code, found.row);
        self.traces.push(Trace {
            code: codes::alike(&found.code),
            likeness: found.likeness(),
            row: found.row,
            region: found.region.clone(),
            reason,
            rule,
            is: [
                (Trace::EXEMPT, found.status == ExemptStatus::Exempt),
                (Trace::EMAIL, found.email.is_some()),
                (Trace::CONTRADICTS, found.contradicts),
                (Trace::CHILD, found.parent.is_some()),
                (Trace::ASSUMED_COUNTRY, found.assumed_country),
                (Trace::ODD_CODE, odd),
            ]
            .iter()
            .fold(0, |is, (bit, set)| if *set { is | bit } else { is }),
        });
        let kept = match keep {
            Keep::All => true,
            Keep::Rows(rows) => !rows.is_empty() && rows.contains(&found.row),
        };
        if kept {
            self.ended.customers.extend(found.into_customer());
        }
    }
}

/// The place of a code of two letters in a table of all of them.
fn pair_of(region: &Region) -> Option<usize> {
    match region.code().as_bytes() {
        [a @ b'A'..=b'Z', b @ b'A'..=b'Z'] => Some(usize::from(a - b'A') * 26 + usize::from(b - b'A')),
        _ => None,
    }
}

fn region_of(pair: usize) -> Option<Region> {
    let letter = |at: usize| char::from(b'A' + u8::try_from(at % 26).unwrap_or_default());
    Region::from_code(&String::from_iter([letter(pair / 26), letter(pair)]))
}

fn index(at: usize) -> u16 {
    u16::try_from(at).unwrap_or(u16::MAX - 1)
}

/// Where a trace is: its piece and its place in it.
type At = (u32, u32);

/// All pieces together.
#[derive(Default)]
struct Whole {
    /// By piece.
    traces: Vec<Vec<Trace>>,
    ended: Ended,
    /// Places in `traces` of customers with one code, but for capitals and blanks.
    same_code: Vec<Vec<At>>,
    /// Places of customers with one name and address.
    alike: Vec<Vec<At>>,
}

impl Whole {
    fn append(&mut self, piece: Piece) -> Gathered {
        let Piece { gathered, mut traces, ended } = piece;
        let (reasons, rules) = self.ended.merge(ended);
        traces.shrink_to_fit();
        let same = |table: &[u16]| table.iter().enumerate().all(|(at, place)| at == usize::from(*place));
        let renamed = !same(&reasons) || !same(&rules);
        for trace in traces.iter_mut().filter(|_| renamed) {
            trace.reason = reasons.get(usize::from(trace.reason)).copied().unwrap_or(NO_REASON);
            trace.rule = rules.get(usize::from(trace.rule)).copied().unwrap_or_default();
        }
        self.traces.push(traces);
        gathered
    }

    fn find_groups(&mut self) {
        let traces = &self.traces;
        (self.same_code, self.alike) = std::thread::scope(|scope| {
            let alike = scope.spawn(|| repeated(traces, |trace| trace.likeness));
            let same_code = repeated(traces, |trace| trace.code);
            (same_code, alike.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
        });
    }

    /// The rows of customers that have to be compared with others.
    fn wanted(&self) -> HashSet<u32> {
        let groups = self.same_code.iter().chain(&self.alike).flatten();
        let mut rows: HashSet<u32> = groups.filter_map(|at| self.trace(*at)).map(|trace| trace.row).collect();
        let rejected: HashSet<u64> = self.ended.rejected.iter().filter_map(|row| row.code.as_deref()).map(codes::alike).collect();
        if !rejected.is_empty() {
            rows.extend(self.traces.iter().flatten().filter(|trace| rejected.contains(&trace.code)).map(|trace| trace.row));
        }
        rows
    }

    fn trace(&self, (piece, at): At) -> Option<&Trace> {
        self.traces.get(piece as usize)?.get(at as usize)
    }

    fn customer(&self, at: At) -> Option<&Customer> {
        let row = self.trace(at)?.row;
        self.ended.customers.binary_search_by_key(&row, |customer| customer.row).ok().and_then(|at| self.ended.customers.get(at))
    }

    fn resolve(mut self, layout: &Layout, keep_all: bool) -> CustomerList {
        let header = layout.mapping.get(Target::CustomerCode).map(|column| column.header.clone());
        let mut found = Duplicates { header, ..Duplicates::default() };
        for group in &self.same_code {
            found.codes(&self, group);
        }
        for (piece, at) in &found.dropped {
            if let Some(trace) = self.traces.get_mut(*piece as usize).and_then(|piece| piece.get_mut(*at as usize)) {
                trace.is |= Trace::DROPPED;
            }
        }
        for group in &self.alike {
            found.companies(&self, group);
        }
        let Duplicates { issues, dropped, repeats, conflicting, .. } = found;
        let merged = repeats.len();
        if merged > 0 {
            // What is wrong with the row was told where it stands first.
            self.ended.issues.retain(|issue| issue.row.is_none_or(|row| !repeats.contains(&row)));
        }
        self.ended.issues.extend(issues);
        let odd = self.traces.iter().flatten().filter(|trace| trace.is(Trace::ODD_CODE) && !trace.is(Trace::DROPPED)).count();
        self.ended.issues.extend(std::mem::take(&mut self.ended.odd).issue(odd, layout));

        self.orphans();
        let mut position: HashMap<&str, usize> = HashMap::new();
        if !self.ended.ship.is_empty() && keep_all {
            let wanted: HashSet<&str> = self.ended.ship.iter().map(|shipped| shipped.code.as_str()).collect();
            let places = self.ended.customers.iter().enumerate().map(|(at, customer)| (customer.code.as_str(), at));
            for (code, at) in places.filter(|(code, _)| wanted.contains(code)) {
                position.entry(code).or_insert(at);
            }
        }
        let place = |shipped: &Shipped| Some((*position.get(shipped.code.as_str())?, shipped.region.clone()?));
        let shipped: Vec<(usize, Region)> = self.ended.ship.iter().filter_map(place).collect();
        for (at, region) in shipped {
            if let Some(customer) = self.ended.customers.get_mut(at)
                && customer.address.region.as_ref() != Some(&region)
                && !customer.ship_to.contains(&region)
            {
                customer.ship_to.push(region);
            }
        }

        let summary = self.summary(merged, conflicting.len());
        let customers = match keep_all {
            false => Vec::new(),
            true => {
                let rows: HashSet<u32> = dropped.iter().filter_map(|at| self.trace(*at)).map(|trace| trace.row).collect();
                if !rows.is_empty() {
                    self.ended.customers.retain(|customer| !rows.contains(&customer.row));
                }
                self.ended.customers
            }
        };
        let mut issues = self.ended.issues;
        issues.sort_by_key(|issue| issue.row);
        let summary = Summary { issues: issue_counts(&issues), ..summary };
        CustomerList { customers, issues, rejected: self.ended.rejected, conflicting, summary, layout: layout.clone() }
    }

    /// Customers of which only further addresses are there: they are customers all the same, and must not get lost.
    fn orphans(&mut self) {
        if self.ended.ship.is_empty() {
            return;
        }
        let known: HashSet<u64> = self.traces.iter().flatten().map(|trace| trace.code).collect();
        let mut told: HashSet<String> = self.ended.rejected.iter().filter_map(|row| row.code.clone()).collect();
        for shipped in &self.ended.ship {
            if known.contains(&codes::alike(&shipped.code)) || !told.insert(shipped.code.clone()) {
                continue;
            }
            self.ended.issues.push(Issue {
                kind: IssueKind::MissingAddress,
                severity: Severity::Error,
                row: Some(shipped.row),
                column: None,
                value: Some(cut(&shipped.code, 120).to_owned()),
                message: format!("customer {} has only ship-to rows, and none with its own address", shipped.code),
                suggestion: Some("add the customer's bill-to row".to_owned()),
            });
            self.ended.further_addresses = self.ended.further_addresses.saturating_sub(1);
            let (code, name) = (Some(shipped.code.clone()), shipped.name.clone());
            self.ended.rejected.push(Rejected {
                row: shipped.row,
                code,
                name,
                exempt: shipped.exempt,
                why: vec![IssueKind::MissingAddress],
            });
        }
        self.ended.rejected.sort_by_key(|row| row.row);
    }

    fn summary(&self, merged: usize, conflicting: usize) -> Summary {
        // Nearly all regions are codes of two letters, which are counted by their place in a table.
        let mut pairs = vec![(0usize, 0usize); 26 * 26];
        let mut states: BTreeMap<Option<&Region>, (usize, usize)> = BTreeMap::new();
        let mut reasons = vec![0usize; self.ended.reasons.len()];
        let mut rules = vec![0usize; self.ended.rules.all.len()];
        let (mut usable, mut exempt, mut without_email, mut without_reason) = (0, 0, 0, 0);
        let (mut contradictions, mut children, mut assumed_country) = (self.ended.rejected_contradictions, 0, 0);
        for trace in self.traces.iter().flatten().filter(|trace| !trace.is(Trace::DROPPED)) {
            usable += 1;
            contradictions += usize::from(trace.is(Trace::CONTRADICTS));
            children += usize::from(trace.is(Trace::CHILD));
            assumed_country += usize::from(trace.is(Trace::ASSUMED_COUNTRY));
            let pair = trace.region.as_ref().and_then(pair_of).and_then(|pair| pairs.get_mut(pair));
            let state = match pair {
                Some(state) => state,
                None => states.entry(trace.region.as_ref()).or_default(),
            };
            state.0 += 1;
            if trace.is(Trace::EXEMPT) {
                exempt += 1;
                state.1 += 1;
                without_email += usize::from(!trace.is(Trace::EMAIL));
                match reasons.get_mut(usize::from(trace.reason)) {
                    Some(count) => *count += 1,
                    None => without_reason += 1,
                }
                if let Some(count) = rules.get_mut(usize::from(trace.rule)) {
                    *count += 1;
                }
            }
        }
        // A rejected row may repeat a customer that is usable, or another rejected one.
        let wanted: HashSet<&str> = self.ended.rejected.iter().filter_map(|row| row.code.as_deref()).collect();
        let codes = self.ended.customers.iter().map(|customer| customer.code.as_str());
        let mut seen: HashSet<&str> = if wanted.is_empty() { HashSet::new() } else { codes.filter(|code| wanted.contains(code)).collect() };
        let mut rejected = (0, 0);
        for row in &self.ended.rejected {
            if row.code.as_deref().is_none_or(|code| seen.insert(code)) {
                rejected.0 += 1;
                rejected.1 += usize::from(row.exempt);
            }
        }
        let mut by_state: Vec<StateCount> =
            states.into_iter().map(|(region, (total, exempt))| StateCount { region: region.cloned(), total, exempt }).collect();
        let pairs = pairs.into_iter().enumerate().filter(|(_, (total, _))| *total > 0);
        by_state.extend(pairs.map(|(pair, (total, exempt))| StateCount { region: region_of(pair), total, exempt }));
        by_state.sort_by(|a, b| (b.exempt, b.total).cmp(&(a.exempt, a.total)).then_with(|| a.region.cmp(&b.region)));
        let named =
            self.ended.reasons.iter().zip(&reasons).map(|(reason, exempt)| ReasonCount { reason: Some(reason.clone()), exempt: *exempt });
        let unnamed = ReasonCount { reason: None, exempt: without_reason };
        let mut by_reason: Vec<ReasonCount> = named.chain([unnamed]).filter(|count| count.exempt > 0).collect();
        by_reason.sort_by(|a, b| b.exempt.cmp(&a.exempt).then_with(|| a.reason.cmp(&b.reason)));
        let by_rule = self.ended.rules.all.iter().zip(&rules).filter(|(_, exempt)| **exempt > 0);
        let mut by_rule: Vec<RuleCount> =
            by_rule.map(|(rule, exempt)| RuleCount { rule: rule.as_ref().to_owned(), exempt: *exempt }).collect();
        by_rule.sort_by(|a, b| b.exempt.cmp(&a.exempt).then_with(|| a.rule.cmp(&b.rule)));
        let total = usable + rejected.0;
        Summary {
            rows_read: self.ended.rows_read,
            total,
            exempt: exempt + rejected.1,
            taxable: total - exempt - rejected.1,
            usable,
            usable_exempt: exempt,
            rejected: rejected.0,
            inactive: self.ended.inactive,
            merged,
            not_customers: self.ended.not_customers,
            further_addresses: self.ended.further_addresses,
            conflicting,
            contradictions,
            children,
            assumed_country,
            exempt_without_email: without_email,
            by_state,
            by_reason,
            by_rule,
            issues: Vec::new(),
        }
    }
}

/// The places of those that share a key with another, in groups. Groups and their members are in the order of the file.
fn repeated(traces: &[Vec<Trace>], key: impl Fn(&Trace) -> u64) -> Vec<Vec<At>> {
    // One bit for each of many values of the key: only what meets a bit that is set can be a second one, so next to nothing is looked up.
    let count: usize = traces.iter().map(Vec::len).sum();
    let bits = count.max(64).saturating_mul(8).next_power_of_two();
    let mut filter = vec![0u64; bits / 64];
    let mut suspects: HashSet<u64> = HashSet::new();
    for trace in traces.iter().flatten() {
        let key = key(trace);
        let bit = (key as usize) & (bits - 1);
        if let Some(word) = filter.get_mut(bit / 64) {
            let mask = 1u64 << (bit % 64);
            if *word & mask != 0 {
                suspects.insert(key);
            }
            *word |= mask;
        }
    }
    if suspects.is_empty() {
        return Vec::new();
    }
    // The same again, much smaller, before each look into the set.
    let most = (suspects.len().saturating_mul(16)).next_power_of_two().max(64);
    let mut small = vec![0u64; most / 64];
    let bit_of = |key: u64| (key >> 32) as usize & (most - 1);
    for key in &suspects {
        if let Some(word) = small.get_mut(bit_of(*key) / 64) {
            *word |= 1 << (bit_of(*key) % 64);
        }
    }
    let mut groups: HashMap<u64, Vec<At>> = HashMap::new();
    for (piece, traces) in (0u32..).zip(traces) {
        for (at, trace) in (0u32..).zip(traces) {
            let key = key(trace);
            let may = small.get(bit_of(key) / 64).is_some_and(|word| word & 1 << (bit_of(key) % 64) != 0);
            if may && suspects.contains(&key) {
                groups.entry(key).or_default().push((piece, at));
            }
        }
    }
    let mut groups: Vec<Vec<At>> = groups.into_values().filter(|group| group.len() > 1).collect();
    groups.sort();
    groups
}

/// Customers that occur twice, in one way or another.
#[derive(Default)]
struct Duplicates {
    header: Option<String>,
    issues: Vec<Issue>,
    dropped: Vec<At>,
    /// Rows that repeat another one exactly.
    repeats: HashSet<u32>,
    conflicting: BTreeSet<crate::domain::CustomerCode>,
}

impl Duplicates {
    fn issue(&mut self, customer: &Customer, kind: IssueKind, severity: Severity, message: String, suggestion: &str) {
        self.issues.push(Issue {
            kind,
            severity,
            row: Some(customer.row),
            column: self.header.clone(),
            value: Some(customer.code.as_str().to_owned()),
            message,
            suggestion: Some(suggestion.to_owned()),
        });
    }

    /// Customers with one code, but for capitals and blanks.
    fn codes(&mut self, whole: &Whole, group: &[At]) {
        let mut first_of: HashMap<&str, &Customer> = HashMap::new();
        let mut near_of: HashMap<String, &Customer> = HashMap::new();
        for at in group {
            let Some(customer) = whole.customer(*at) else { continue };
            if let Some(first) = first_of.get(customer.code.as_str()) {
                self.dropped.push(*at);
                let differences = differences(first, customer);
                if differences.is_empty() {
                    self.repeats.insert(customer.row);
                    let message = format!("repeats row {} exactly; the rows count once", first.row);
                    self.issue(customer, IssueKind::DuplicateRow, Severity::Repaired, message, "delete one of the rows");
                } else {
                    let (code, here, there) = (&customer.code, customer.row, first.row);
                    let what = differences.join(", ");
                    let message = format!("customer {code} stands in rows {there} and {here}, which differ in {what}; row {there} is used");
                    let suggestion = "tell which row is right and delete the other, or give it a code of its own";
                    self.issue(customer, IssueKind::DuplicateCode, Severity::Error, message, suggestion);
                    self.conflicting.insert(customer.code.clone());
                }
                continue;
            }
            let folded = codes::folded(customer.code.as_str());
            if let Some(other) = near_of.get(&folded) {
                let (code, near, row) = (&customer.code, &other.code, other.row);
                let message = format!(
                    "code “{code}” differs from “{near}” in row {row} only in capitals or blanks; to the service they are two customers"
                );
                let suggestion = "check whether they are one customer; the code must be spelled as on the invoices";
                self.issue(customer, IssueKind::NearDuplicate, Severity::Warning, message, suggestion);
            }
            first_of.insert(customer.code.as_str(), customer);
            near_of.entry(folded).or_insert(customer);
        }
    }

    /// Customers with one name and address and codes of their own.
    fn companies(&mut self, whole: &Whole, group: &[At]) {
        let mut first_at: HashMap<(u64, &str), &Customer> = HashMap::new();
        for at in group.iter().filter(|at| whole.trace(**at).is_some_and(|trace| !trace.is(Trace::DROPPED))) {
            let Some(customer) = whole.customer(*at) else { continue };
            let zip = &customer.address.postal_code;
            let at = (same_company(customer), zip.get(..5).unwrap_or(zip));
            let Some(other) = first_at.get(&at) else {
                first_at.insert(at, customer);
                continue;
            };
            // Codes that differ in capitals only were told already, and a parent's address is its child's by right.
            let siblings = customer.parent.is_some() && customer.parent == other.parent;
            let related = siblings || customer.parent.as_ref() == Some(&other.code) || other.parent.as_ref() == Some(&customer.code);
            if related || codes::folded(customer.code.as_str()) == codes::folded(other.code.as_str()) {
                continue;
            }
            let message = format!("has the name and address of customer {} in row {}", other.code, other.row);
            let suggestion = "if they are one customer, keep the code that stands on invoices; its certificate counts for that code alone";
            self.issue(customer, IssueKind::LikelyDuplicate, Severity::Warning, message, suggestion);
        }
    }
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
        (a.parent != b.parent, "parent"),
    ];
    pairs.into_iter().filter(|(differ, _)| *differ).map(|(_, what)| what).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_shares_a_key_is_found_among_many() {
        let trace = |code: u64, row: u32| Trace { code, likeness: 0, row, region: None, reason: NO_REASON, rule: 0, is: 0 };
        let mut traces: Vec<Trace> = (0..5000u32).map(|n| trace(codes::alike(&format!("C{n}")), n)).collect();
        assert!(repeated(&[traces.clone()], |trace| trace.code).is_empty());
        traces.push(trace(codes::alike("c 17"), 5000));
        let more = vec![trace(codes::alike("C4999"), 5001), trace(codes::alike("C17"), 5002)];
        let found = repeated(&[traces, more], |trace| trace.code);
        assert_eq!(found, [vec![(0, 17), (0, 5000), (1, 1)], vec![(0, 4999), (1, 0)]]);
    }
}

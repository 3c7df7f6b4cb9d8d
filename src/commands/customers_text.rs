//! The summary of a customer list as text: fits 80 columns, and holds no colour where none is wanted.

use super::customers::Facts;
use certonboard::customers::{Doubt, Target};
use certonboard::domain::{Issue, IssueKind, Severity};
use certonboard::report;
use certonboard::ui::printable;
use console::{Style, Term, measure_text_width};
use std::collections::BTreeMap;
use std::io::IsTerminal;

/// How wide, and whether with colour.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    width: usize,
    colour: bool,
}

impl Look {
    /// The terminal's own width; 80 where there is none.
    pub fn of_stdout() -> Self {
        let terminal = std::io::stdout().is_terminal();
        let width = Term::stdout().size_checked().filter(|_| terminal).map_or(80, |(_, columns)| usize::from(columns));
        Self { width: width.clamp(50, 110), colour: terminal && !super::adapters::environment().no_color }
    }
}

/// Lines of each list; JSON and the workbook have all.
const STATES: usize = 15;
const RULES: usize = 10;
const EXAMPLES: usize = 3;
/// The least width of the labels before figures, so that the figures of all lists stand below each other.
const LABEL: usize = 26;

struct Page {
    look: Look,
    out: String,
}

impl Page {
    fn line(&mut self, text: &str) {
        self.out.push_str(text.trim_end());
        self.out.push('\n');
    }

    fn heading(&mut self, text: &str) {
        let styled = Style::new().bold().force_styling(self.look.colour).apply_to(printable(text)).to_string();
        self.line("");
        self.line(&styled);
    }

    /// Text from `indent` on, wrapped, further lines `hang` deeper. A word longer than a line is cut into pieces.
    fn text(&mut self, indent: usize, hang: usize, text: &str) {
        let mut lines: Vec<String> = Vec::new();
        let mut line = String::new();
        let room = |lines: &[String]| self.look.width.saturating_sub(indent + if lines.is_empty() { 0 } else { hang }).max(20);
        for word in printable(text).split_whitespace() {
            if !line.is_empty() && measure_text_width(&line) + 1 + measure_text_width(word) > room(&lines) {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            for letter in word.chars() {
                if measure_text_width(&line) + measure_text_width(letter.encode_utf8(&mut [0; 4])) > room(&lines) {
                    lines.push(std::mem::take(&mut line));
                }
                line.push(letter);
            }
        }
        lines.push(line);
        for (number, line) in lines.into_iter().enumerate() {
            let blanks = if number == 0 { indent } else { indent + hang };
            self.line(&format!("{}{line}", " ".repeat(blanks)));
        }
    }

    /// A label, figures to the right of it, and a remark.
    fn figures(&mut self, rows: &[(String, Vec<usize>, String)]) {
        // Labels longer than this wrap above their figures.
        let most = self.look.width.saturating_sub(24);
        let label_width =
            rows.iter().map(|(label, _, _)| measure_text_width(&printable(label))).filter(|w| *w <= most).max().unwrap_or(0).max(LABEL);
        for (label, figures, remark) in rows {
            let label = printable(label);
            let numbers: String = figures.iter().map(|n| format!("{n:>10}")).collect();
            let blanks = match label_width.checked_sub(measure_text_width(&label)) {
                Some(blanks) => {
                    self.out.push_str(&format!("  {label}"));
                    blanks
                }
                None => {
                    self.text(2, 2, &label);
                    label_width + 2
                }
            };
            self.line(&format!("{}{numbers}  {remark}", " ".repeat(blanks)));
        }
    }
}

/// The whole summary.
pub fn text(facts: &Facts<'_>, look: Look) -> String {
    let mut page = Page { look, out: String::new() };
    let (read, s) = (facts.read, facts.summary);
    let layout = &read.layout;
    let name = read.open.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let system = layout.system.as_ref().map(|system| format!("; it looks like an export of {system}")).unwrap_or_default();
    page.text(0, 2, &format!("{name}, sheet “{}”, headers in row {}{system}", layout.sheet, layout.header_row));

    page.heading("Customers");
    let plain = |label: &str, n: usize, remark: &str| (label.to_owned(), vec![n], remark.to_owned());
    let mut rows = vec![
        plain("total", s.total, ""),
        plain("exempt", s.exempt, ""),
        plain("taxable", s.taxable, ""),
        plain("usable", s.usable, &format!("{} of them exempt", s.usable_exempt)),
    ];
    let more = [
        ("can't be used", s.rejected, "see the problems below"),
        ("inactive, left out", s.inactive, "--include-inactive takes them in"),
        ("repeated rows, merged", s.merged, ""),
        ("codes in rows that differ", s.conflicting, "a person must tell which is right"),
        ("belong to another one", s.children, "a parent, or a job's customer"),
        ("rows of further addresses", read.list.summary.further_addresses, ""),
        ("rows that are no customers", s.not_customers, ""),
        ("without a country", s.assumed_country, "taken for US or Canada"),
        ("exempt without an e-mail", s.exempt_without_email, "can't be invited by e-mail"),
    ];
    rows.extend(more.iter().filter(|(_, n, _)| *n > 0).map(|(label, n, remark)| plain(label, *n, remark)));
    if let Some(cells) = read.open.corrected_cells() {
        rows.push(plain("cells corrected", cells, "by the merchant"));
    }
    page.figures(&rows);

    if !s.by_state.is_empty() {
        page.heading(&format!("{:<28}{:>10}{:>10}", "By state", "all", "exempt"));
        let mut rows: Vec<_> = s
            .by_state
            .iter()
            .take(STATES)
            .map(|c| (c.region.as_ref().map_or("elsewhere", |r| r.code()).to_owned(), vec![c.total, c.exempt], String::new()))
            .collect();
        if let Some(rest) = s.by_state.get(STATES..).filter(|rest| !rest.is_empty()) {
            let sum = |of: fn(&certonboard::customers::StateCount) -> usize| rest.iter().map(of).sum();
            rows.push((format!("{} more", rest.len()), vec![sum(|c| c.total), sum(|c| c.exempt)], String::new()));
        }
        page.figures(&rows);
    }
    if !s.by_reason.is_empty() {
        page.heading("Usable exempt customers by reason");
        let label = |c: &certonboard::customers::ReasonCount| c.reason.as_ref().map_or("no reason given".to_owned(), |r| r.to_string());
        let rows: Vec<_> = s.by_reason.iter().map(|c| (label(c), vec![c.exempt], String::new())).collect();
        page.figures(&rows);
    }
    if !s.by_rule.is_empty() {
        page.heading("Usable exempt customers by rule");
        let mut rows: Vec<_> = s.by_rule.iter().take(RULES).map(|c| (c.rule.clone(), vec![c.exempt], String::new())).collect();
        if let Some(rest) = s.by_rule.get(RULES..).filter(|rest| !rest.is_empty()) {
            rows.push((format!("{} more", rest.len()), vec![rest.iter().map(|c| c.exempt).sum()], String::new()));
        }
        page.figures(&rows);
    }

    page.heading("Columns");
    for (target, column) in &layout.mapping.columns {
        page.text(2, 4, &format!("{}: “{}”, because {}", target.label(), column.header, column.why));
    }
    let unused: Vec<String> = layout.unmapped.iter().filter(|h| !h.trim().is_empty()).map(|h| format!("“{h}”")).collect();
    if !unused.is_empty() {
        page.text(2, 4, &format!("not used: {}", unused.join(", ")));
    }
    to_decide(&mut page, facts);
    data_problems(&mut page, facts);
    page.out
}

fn to_decide(page: &mut Page, facts: &Facts<'_>) {
    let read = facts.read;
    let unsettled = read.contradictions() > 0 && !read.choices.contradictions_settled;
    if facts.open.is_empty() && read.layout.notes.is_empty() && !unsettled {
        return;
    }
    page.heading("To decide");
    for doubt in &facts.open {
        page.text(2, 2, &format!("{} is not sure: {}", doubt.target.label(), doubt.why));
        for candidate in &doubt.candidates {
            let sample = match candidate.sample.is_empty() {
                true => "empty in the first rows".to_owned(),
                false => format!("for example {}", candidate.sample.join(" | ")),
            };
            page.text(6, 2, &format!("“{}”: {sample}", candidate.header));
        }
        let first = doubt.candidates.first().map_or("", |c| c.header.as_str());
        let how = match &doubt.doubt {
            Doubt::Column if doubt.target == Target::CodeAndName => {
                format!("--column code_and_name=\"{first}\", or with --column code_and_name=- --column customer_code=\"{first}\"")
            }
            Doubt::Column => format!("--column {}=\"{first}\"", doubt.target),
            Doubt::Values(values) => {
                values.iter().map(|value| format!("--tax-value \"{value}\"=exempt|taxable")).collect::<Vec<_>>().join(" ")
            }
            Doubt::Polarity => {
                let other = if doubt.target == Target::TaxableFlag { Target::ExemptFlag } else { Target::TaxableFlag };
                format!("--column {target}=\"{first}\", or with --column {target}=- --column {other}=\"{first}\"", target = doubt.target)
            }
        };
        page.text(6, 2, &format!("settle it with {how}"));
    }
    if unsettled {
        let who = match read.contradictions() {
            1 => "1 customer has".to_owned(),
            n => format!("{n} customers have"),
        };
        let text = format!(
            "{who} columns that disagree about exemption, counted by their flag; settle it with --contradictions by-flag, as-exempt or as-taxable"
        );
        page.text(2, 2, &text);
    }
    for note in &read.layout.notes {
        page.text(2, 2, note);
    }
}

fn data_problems(page: &mut Page, facts: &Facts<'_>) {
    let issues = &facts.read.list.issues;
    if issues.is_empty() {
        page.heading("No data problems");
        return;
    }
    let count = |severity: Severity| issues.iter().filter(|issue| issue.severity == severity).count();
    page.heading(&format!(
        "Data problems: {} to mend, {} to look at, {} repaired",
        count(Severity::Error),
        count(Severity::Warning),
        count(Severity::Repaired)
    ));
    let mut kinds: BTreeMap<(Severity, IssueKind), Vec<&Issue>> = BTreeMap::new();
    issues.iter().for_each(|issue| kinds.entry((issue.severity, issue.kind)).or_default().push(issue));
    for ((severity, _), mut issues) in kinds {
        issues.sort_by_key(|issue| issue.row);
        let name = issues.first().map(|issue| report::kind(issue).replace('-', " ")).unwrap_or_default();
        page.text(2, 4, &format!("{name} ({}): {}", report::word(severity), issues.len()));
        for issue in issues.iter().take(EXAMPLES) {
            let row = issue.row.map(|row| format!("row {row}"));
            let place: Vec<String> = row.into_iter().chain(issue.column.clone()).collect();
            let value = issue.value.as_ref().map(|value| format!(" “{value}”")).unwrap_or_default();
            page.text(4, 2, &format!("{}{value}: {}", place.join(", "), issue.message));
            if let Some(suggestion) = &issue.suggestion {
                page.text(6, 2, &format!("→ {suggestion}"));
            }
        }
        if issues.len() > EXAMPLES {
            page.text(4, 2, &format!("and {} more", issues.len() - EXAMPLES));
        }
    }
}

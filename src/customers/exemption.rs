//! Who is exempt: what the cells of one row say, by which rule, and whether they contradict each other.

use super::Target;
use super::catalogue::words;
use super::text::fold;
use crate::domain::{Cell, ExemptStatus, ExemptionReason, TaxNumber};
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};

/// What one cell says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Says {
    Exempt(Option<ExemptionReason>),
    Taxable,
    Nothing,
    /// Something, but not whether the customer is taxed.
    Unclear,
}

/// How the values of one flag column are to be read, settled once by looking at all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Flag {
    /// Yes means exempt.
    yes_is_exempt: bool,
    /// The column answers by `E` and `T`.
    t_is_taxable: bool,
    /// Only ticks stand in the column, so a cell without one is a no.
    blank_is_no: bool,
}

/// More distinct values than this and the column is no flag.
pub(super) const MOST_VALUES: usize = 64;

impl Flag {
    /// `values`: the distinct ones of the column, folded; `blanks`: whether some cells are empty.
    pub(super) fn new(yes_is_exempt: bool, values: &BTreeSet<String>, blanks: bool) -> Self {
        let has = |value: &str| values.contains(value);
        let words = words();
        let all_yes = !values.is_empty() && values.iter().all(|value| words.yes.contains(value) || words.marks.contains(value));
        let ticks = ["x", "xx", "checked", "1", "yes", "y", "true"];
        let ticked = all_yes && values.len() == 1 && values.iter().all(|v| ticks.contains(&v.as_str()) || words.marks.contains(v));
        Self {
            yes_is_exempt,
            t_is_taxable: has("t") && has("e") || has("t") && has("n") && !has("f") && !has("y"),
            blank_is_no: blanks && ticked,
        }
    }

    fn answer(&self, yes: bool) -> Says {
        match yes == self.yes_is_exempt {
            true => Says::Exempt(None),
            false => Says::Taxable,
        }
    }

    pub(super) fn says(&self, cell: Cell<'_>) -> Says {
        let words = words();
        let text = cell.text().trim();
        if let Cell::Bool(yes) = cell {
            return self.answer(yes);
        }
        if words.marks.contains(text) {
            return self.answer(true);
        }
        let folded = fold(text);
        if folded.is_empty() {
            // Only ticks under “Taxable”: a customer without one isn't taxed.
            return if self.blank_is_no && !self.yes_is_exempt { Says::Exempt(None) } else { Says::Nothing };
        }
        if folded == "t" && self.t_is_taxable {
            return Says::Taxable;
        }
        let number = text.parse::<f64>().ok().filter(|n| *n == 0.0 || *n == 1.0 || *n == -1.0);
        if words.yes.contains(&folded) || number.is_some_and(|n| n != 0.0) {
            return self.answer(true);
        }
        if words.no.contains(&folded) || number == Some(0.0) {
            return self.answer(false);
        }
        if words.nothing.contains(&folded) {
            return Says::Nothing;
        }
        if let Some((yes, tail)) = answer_and_more(text, &folded) {
            return self.answered(yes, tail);
        }
        match by_words(&folded) {
            Says::Unclear if self.yes_is_exempt && number_in_flag(text).is_some() => Says::Exempt(None),
            says => says,
        }
    }

    /// `No - for resale`: the answer counts unless the words behind it say the contrary.
    fn answered(&self, yes: bool, tail: &str) -> Says {
        match (self.answer(yes), by_words(tail)) {
            (Says::Exempt(_), Says::Exempt(reason)) => Says::Exempt(reason),
            // A reason explains an answer, it does not contradict it.
            (Says::Taxable, Says::Exempt(_)) | (Says::Exempt(_), Says::Taxable) => Says::Unclear,
            // `Y/N` was never filled in.
            (_, Says::Unclear) if unsettled(tail) || answers(tail) => Says::Unclear,
            (_, Says::Nothing) if answers(tail) => Says::Unclear,
            (answer, _) => answer,
        }
    }
}

/// `Yes - resale`, `N (see file)`, `no tax id yet`: a leading yes or no with what follows, unless the whole is a phrase of its own (`no tax`).
fn answer_and_more<'f>(text: &str, folded: &'f str) -> Option<(bool, &'f str)> {
    let (head, tail) = folded.split_once(' ')?;
    let yes = match head {
        "y" | "yes" | "true" | "oui" | "si" | "ja" => true,
        "n" | "no" | "false" | "nein" => false,
        _ => return None,
    };
    let sign = text.trim_start().chars().skip_while(|letter| letter.is_alphabetic()).find(|letter| !letter.is_whitespace());
    let parted = sign.is_some_and(|sign| !sign.is_alphanumeric());
    (parted || verdict(folded).is_none()).then_some((yes, tail))
}

/// Some systems write the certificate's number where others write yes.
pub(super) fn number_in_flag(text: &str) -> Option<TaxNumber> {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    (digits >= 4 && letters <= 4 && date(text).is_none() && !text.contains('%')).then(|| TaxNumber::new(text)).flatten()
}

/// Whether a folded value says exempt or taxed by itself.
pub(super) fn speaks(folded: &str) -> bool {
    matches!(by_words(folded), Says::Exempt(_) | Says::Taxable)
}

/// Words that stand for themselves, whatever the header asks.
fn by_words(folded: &str) -> Says {
    let words = words();
    if words.taxable.contains(folded) {
        return Says::Taxable;
    }
    if words.exempt.contains(folded) {
        return Says::Exempt(None);
    }
    if words.unclear.contains(folded) || unsettled(folded) {
        return Says::Unclear;
    }
    if words.nothing.contains(folded) {
        return Says::Nothing;
    }
    let reason = || words.reason(folded).map(|(reason, _)| reason);
    match verdict(folded) {
        Some(Verdict::Exempt) => return Says::Exempt(reason()),
        Some(Verdict::Taxable) => return Says::Taxable,
        Some(Verdict::Both) => return Says::Unclear,
        None => {}
    }
    let starts = |stem: &str| folded.strip_prefix(stem).is_some_and(|rest| rest.starts_with(' '));
    // `E - Resale`
    if starts("e") {
        return Says::Exempt(reason());
    }
    match reason() {
        Some(reason) => Says::Exempt(Some(reason)),
        None => Says::Unclear,
    }
}

fn unsettled(folded: &str) -> bool {
    folded.split(' ').any(|word| {
        matches!(
            word,
            "pending"
                | "expired"
                | "partial"
                | "partially"
                | "lapsed"
                | "requested"
                | "unknown"
                | "applied"
                | "revoked"
                | "denied"
                | "rejected"
                | "void"
                | "voided"
                | "cancelled"
                | "canceled"
                | "invalid"
                | "declined"
                | "withdrawn"
                | "terminated"
        )
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Exempt,
    Taxable,
    /// Words for each: `exempt in OH, taxable elsewhere`.
    Both,
}

/// Words that say exempt or taxed in a phrase of any making: `don't collect tax`, `not subject to sales tax`, `no exemption on file`.
fn verdict(folded: &str) -> Option<Verdict> {
    let tokens: Vec<&str> = folded.split(' ').collect();
    // `don't` is folded to `dont`.
    let negates = |word: &str| {
        matches!(
            word,
            "not" | "non" | "no" | "never" | "without" | "dont" | "doesnt" | "isnt" | "exclude" | "excluded" | "w o" | "sans" | "sin"
        )
    };
    let negated =
        |at: usize, reach: usize| tokens.get(at.saturating_sub(reach)..at).is_some_and(|before| before.iter().any(|word| negates(word)));
    let (mut exempt, mut taxed) = (false, false);
    for (at, token) in tokens.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|i| tokens.get(i)).copied().unwrap_or_default();
        let after = tokens.get(at + 1).copied().unwrap_or_default();
        if token.starts_with("exempt")
            || token.starts_with("exmpt")
            || matches!(*token, "exento" | "exenta" | "exonere" | "steuerfrei" | "steuerbefreit")
        {
            match negated(at, 2) {
                true => taxed = true,
                false => exempt = true,
            }
        } else if token.starts_with("nontax") || token.starts_with("untax") || *token == "taxfree" || *token == "tax" && after == "free" {
            exempt = true;
        } else if matches!(*token, "taxable" | "taxed" | "liable" | "imposable" | "gravable" | "steuerpflichtig") {
            match negated(at, 2) {
                true => exempt = true,
                false => taxed = true,
            }
        } else if *token == "tax"
            && !matches!(
                after,
                "id" | "number" | "no" | "cert" | "certificate" | "form" | "exempt" | "exemption" | "free" | "code" | "rate"
            )
        {
            let verb = tokens.get(at.saturating_sub(3)..at).is_some_and(|before| {
                before.iter().any(|word| {
                    matches!(*word, "charge" | "collect" | "apply" | "pay" | "pays" | "charged" | "collects" | "subject" | "add")
                })
            });
            match (negated(at, 4), verb || before == "full" || before == "standard") {
                (true, _) => exempt = true,
                (false, true) => taxed = true,
                (false, false) => {}
            }
        }
    }
    match (exempt, taxed) {
        (true, true) => Some(Verdict::Both),
        (true, false) => Some(Verdict::Exempt),
        (false, true) => Some(Verdict::Taxable),
        (false, false) => None,
    }
}

/// Whether a folded value says that nothing is settled, or is none.
pub(super) fn settles_nothing(folded: &str) -> bool {
    folded.is_empty() || words().unclear.contains(folded) || words().nothing.contains(folded) || unsettled(folded)
}

/// Whether a folded value answers yes or no, and so needs the header to say what about.
pub(super) fn answers(folded: &str) -> bool {
    let words = words();
    words.yes.contains(folded) || words.no.contains(folded) || matches!(folded, "0" | "1" | "0 0" | "1 0")
}

/// A code of a tax code, class, schedule or group. Most codes say nothing about the customer.
pub(super) fn tax_code_says(cell: Cell<'_>, schedule: bool) -> Says {
    let words = words();
    let folded = fold(cell.text());
    if folded.is_empty() {
        return Says::Nothing;
    }
    if !schedule && words.taxable_codes.contains(&folded) {
        return Says::Taxable;
    }
    let said = verdict(&folded);
    if said == Some(Verdict::Both) || unsettled(&folded) && said.is_some() {
        return Says::Unclear;
    }
    // One letter in a schedule is some jurisdiction's name.
    let whole = words.exempt_codes.contains(&folded) && (!schedule || folded.len() > 2);
    let part = || folded.split(' ').any(|word| words.exempt_code_parts.contains(word));
    if said != Some(Verdict::Taxable) && (whole || said == Some(Verdict::Exempt) || part()) {
        return Says::Exempt(words.reason(&folded).map(|(reason, _)| reason));
    }
    // A schedule is where the customer is taxed, and says little of whether.
    if said == Some(Verdict::Taxable) && !schedule { Says::Taxable } else { Says::Nothing }
}

/// An entity use code, or the reason's name in its place.
pub(super) fn use_code_says(cell: Cell<'_>) -> Says {
    let words = words();
    let text = cell.text().trim();
    let folded = fold(text);
    if folded.is_empty() || words.use_codes_taxable.contains(&folded) {
        return if folded.is_empty() || words.is_nothing(text) { Says::Nothing } else { Says::Taxable };
    }
    if let Some(reason) = words.use_code(text) {
        return Says::Exempt(Some(reason));
    }
    match by_words(&folded) {
        // A code of the merchant's own in this column is there to exempt, unless its words leave that open.
        Says::Unclear
            if folded.chars().count() <= 25
                && !words.unclear.contains(&folded)
                && !unsettled(&folded)
                && verdict(&folded) != Some(Verdict::Both)
                && !is_error(cell) =>
        {
            Says::Exempt(None)
        }
        says => says,
    }
}

/// What a spreadsheet program shows in place of a value it could not work out; in a text file it stands there as text.
pub(super) fn is_error(cell: Cell<'_>) -> bool {
    let text = cell.text().trim();
    matches!(cell, Cell::Error(_))
        || text.starts_with('#')
            && matches!(
                text.to_ascii_uppercase().as_str(),
                "#REF!" | "#VALUE!" | "#N/A" | "#NAME?" | "#DIV/0!" | "#NUM!" | "#NULL!" | "#SPILL!" | "#CALC!" | "#GETTING_DATA"
            )
}

pub(super) fn reason_says(cell: Cell<'_>, own: &BTreeMap<String, String>) -> Says {
    let words = words();
    let text = cell.text().trim();
    if words.is_nothing(text) {
        return Says::Nothing;
    }
    if let Some(name) = own.get(text) {
        return Says::Exempt(Some(ExemptionReason::new(name)));
    }
    let folded = fold(text);
    if words.taxable.contains(&folded) || words.use_codes_taxable.contains(&folded) {
        return Says::Taxable;
    }
    if words.unclear.contains(&folded) || unsettled(&folded) || is_error(cell) {
        return Says::Unclear;
    }
    match verdict(&folded) {
        Some(Verdict::Taxable) => return Says::Taxable,
        Some(Verdict::Both) => return Says::Unclear,
        Some(Verdict::Exempt) | None => {}
    }
    let reason = words.use_code(text).or_else(|| words.reason(text).map(|(reason, _)| reason));
    Says::Exempt(Some(reason.unwrap_or_else(|| ExemptionReason::new("OTHER"))))
}

/// A number, or words in its place.
pub(super) fn number_says(cell: Cell<'_>) -> (Says, Option<TaxNumber>) {
    let words = words();
    let text = super::text::without_text_mark(cell.text().trim());
    let folded = fold(text);
    if folded.is_empty() && !is_error(cell) || words.number_says_nothing.contains(&folded) || folded.bytes().all(|b| b == b'0' || b == b' ')
    {
        return (Says::Nothing, None);
    }
    if words.number_says_exempt.contains(&folded) {
        return (Says::Exempt(words.reason(&folded).map(|(reason, _)| reason)), None);
    }
    // `12345 EXPIRED` is no number to go by, nor is a date that belongs in another column.
    let words_instead = !text.chars().any(|c| c.is_ascii_digit()) && folded.contains(' ');
    let said = unsettled(&folded) || matches!(verdict(&folded), Some(Verdict::Taxable | Verdict::Both));
    if words_instead || said || is_error(cell) || matches!(cell, Cell::Date(_)) || date(text).is_some() {
        return (Says::Unclear, None);
    }
    let (clean, _) = super::text::clean(text);
    let number = TaxNumber::new(&clean);
    (if number.is_some() { Says::Exempt(None) } else { Says::Unclear }, number)
}

/// A date in ISO, US order, or with the month's name. Days alone, years of four digits only, except `mm/dd/yy`.
pub(super) fn date(text: &str) -> Option<Date> {
    let text = text.trim();
    if text.len() < 6 || text.len() > 30 || !text.bytes().any(|b| b.is_ascii_digit()) {
        return None;
    }
    let day = text.split(['T', ' ']).next().unwrap_or(text);
    if let Ok(date) = day.parse::<Date>()
        && day.contains('-')
    {
        return Some(date);
    }
    let parts: Vec<&str> = day.split(['/', '-', '.']).collect();
    if let [month, dom, year] = parts.as_slice()
        && let (Ok(month), Ok(dom), Ok(mut number)) = (month.parse::<i8>(), dom.parse::<i8>(), year.parse::<i16>())
        && month > 0
    {
        if year.len() == 2 {
            number += if number < 70 { 2000 } else { 1900 };
        }
        // 31/12/2026 can only be day first.
        let (month, dom) = if month > 12 { (dom, month) } else { (month, dom) };
        return (number >= 1900).then(|| Date::new(number, month, dom).ok()).flatten();
    }
    ["%b %d, %Y", "%B %d, %Y", "%d %b %Y", "%d-%b-%Y", "%b %d %Y", "%d-%b-%y"].iter().find_map(|form| Date::strptime(form, text).ok())
}

/// A column that says something about exemption, with its cell in the row at hand.
pub(super) struct Said<'a> {
    pub target: Target,
    pub header: &'a str,
    pub text: &'a str,
    pub says: Says,
}

/// The outcome for one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outcome {
    pub status: ExemptStatus,
    pub rule: String,
    pub reason: Option<ExemptionReason>,
    /// The column and value that say otherwise.
    pub against: Option<(String, String)>,
    /// A column that said something nobody understands, and decided nothing.
    pub unclear: Option<(String, String)>,
}

fn rank(target: Target) -> u8 {
    match target {
        Target::ExemptFlag => 0,
        Target::TaxableFlag => 1,
        Target::TaxCode => 2,
        Target::EntityUseCode => 3,
        Target::ExemptionReason => 4,
        Target::ExemptionNumber => 5,
        _ => 6,
    }
}

/// Decides by the most explicit column that says something: flag, tax code, use code, reason, number, schedule. Where there is a flag column,
/// an empty cell in it means taxed.
pub(super) fn decide(said: &[Said<'_>]) -> Outcome {
    let verdict = |said: &&Said<'_>| matches!(said.says, Says::Exempt(_) | Says::Taxable);
    let explicit = |said: &&Said<'_>| matches!(said.target, Target::ExemptFlag | Target::TaxableFlag);
    let flagged = said.iter().any(|said| explicit(&said));
    let mut deciding: Vec<&Said<'_>> = said.iter().filter(verdict).collect();
    deciding.sort_by_key(|said| rank(said.target));
    let unclear = said.iter().find(|said| said.says == Says::Unclear);
    // With a flag column only flags and codes decide; a number beside an empty flag is a contradiction to show, not a verdict.
    let chosen = deciding
        .iter()
        .find(|said| !flagged || matches!(said.target, Target::ExemptFlag | Target::TaxableFlag | Target::TaxCode | Target::EntityUseCode));
    let quote = |said: &Said<'_>| format!("column “{}” says “{}”", said.header, super::text::cut(said.text.trim(), 60));
    let (status, rule) = match chosen {
        Some(said) => {
            let rule = match (said.target, said.text.trim().is_empty()) {
                (_, true) => format!("column “{}” has no tick", said.header),
                (Target::ExemptionNumber, _) => format!("column “{}” holds a number", said.header),
                _ => quote(said),
            };
            (if said.says == Says::Taxable { ExemptStatus::Taxable } else { ExemptStatus::Exempt }, rule)
        }
        None => {
            let rule = match (said.iter().find(|s| explicit(s)), unclear) {
                (_, Some(said)) => format!("{}, which doesn't say exempt", quote(said)),
                (Some(flag), None) => format!("column “{}” is empty", flag.header),
                (None, None) if said.is_empty() => "no column speaks of exemption".to_owned(),
                (None, None) => "no column says exempt".to_owned(),
            };
            (ExemptStatus::Taxable, rule)
        }
    };
    let disagrees = |said: &&&Said<'_>| {
        matches!((&said.says, status), (Says::Exempt(_), ExemptStatus::Taxable) | (Says::Taxable, ExemptStatus::Exempt))
    };
    let against = deciding.iter().find(disagrees).map(|said| (said.header.to_owned(), said.text.trim().to_owned()));
    let with_reason = |targets: &[Target]| {
        targets.iter().find_map(|target| {
            said.iter().filter(|said| said.target == *target).find_map(|said| match &said.says {
                Says::Exempt(reason) => reason.clone(),
                _ => None,
            })
        })
    };
    let order = [
        Target::ExemptionReason,
        Target::EntityUseCode,
        Target::ExemptFlag,
        Target::TaxableFlag,
        Target::TaxCode,
        Target::TaxSchedule,
        Target::ExemptionNumber,
    ];
    Outcome {
        status,
        rule,
        reason: with_reason(&order),
        against,
        unclear: unclear.filter(|_| chosen.is_none()).map(|said| (said.header.to_owned(), said.text.trim().to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spoilt_and_withdrawn_values_exempt_nobody() {
        let none = BTreeMap::new();
        for text in ["#REF!", "#N/A", "Revoked", "cert pending", "exempt OH taxable KY", "Denied", "expired 2019", "VOID"] {
            for cell in [Cell::Text(text), Cell::Error(text)] {
                for says in [use_code_says(cell), reason_says(cell, &none), number_says(cell).0] {
                    assert!(!matches!(says, Says::Exempt(_)), "{text}: {says:?}");
                }
            }
        }
        assert_eq!(number_says(Cell::Text("12345 EXPIRED")), (Says::Unclear, None));
        assert_eq!(number_says(Cell::Text("12/31/2026")), (Says::Unclear, None));
        assert_eq!(reason_says(Cell::Text("Taxable - retail"), &none), Says::Taxable);
        assert_eq!(use_code_says(Cell::Text("OWN-1")), Says::Exempt(None));
    }

    fn flag(yes_is_exempt: bool, values: &[&str], blanks: bool) -> Flag {
        Flag::new(yes_is_exempt, &values.iter().map(|v| fold(v)).collect(), blanks)
    }

    #[test]
    fn flags_in_many_wordings_and_both_polarities() {
        let exempt = flag(true, &["y", "n"], true);
        let taxable = flag(false, &["y", "n"], false);
        for yes in ["Y", "yes", "TRUE", "1", "X", "1.0", "✓", "Yes - resale"] {
            assert!(matches!(exempt.says(Cell::Text(yes)), Says::Exempt(_)), "{yes}");
        }
        for (text, says) in [
            ("N", Says::Taxable),
            ("No", Says::Taxable),
            ("FALSE", Says::Taxable),
            ("0", Says::Taxable),
            ("", Says::Nothing),
            ("n/a", Says::Nothing),
            ("???", Says::Nothing),
            ("Pending", Says::Unclear),
            ("lorem", Says::Unclear),
        ] {
            assert_eq!(exempt.says(Cell::Text(text)), says, "{text}");
        }
        assert_eq!(taxable.says(Cell::Text("No")), Says::Exempt(None));
        assert_eq!(taxable.says(Cell::Bool(true)), Says::Taxable);
        for column in [&exempt, &taxable] {
            assert_eq!(column.says(Cell::Text("Exempt")), Says::Exempt(None));
            assert_eq!(column.says(Cell::Text("Taxable")), Says::Taxable);
            assert_eq!(column.says(Cell::Text("Non-Taxable")), Says::Exempt(None));
            assert_eq!(column.says(Cell::Text("Not exempt")), Says::Taxable);
            assert_eq!(column.says(Cell::Text("E")), Says::Exempt(None));
        }
        assert_eq!(exempt.says(Cell::Text("51-0012345")), Says::Exempt(None));
        assert_eq!(exempt.says(Cell::Text("12/31/2026")), Says::Unclear);
        assert_eq!(taxable.says(Cell::Text("51-0012345")), Says::Unclear);
        assert_eq!(exempt.says(Cell::Text("Exempt - Resale")), Says::Exempt(Some(ExemptionReason::resale())));
    }

    #[test]
    fn phrases_of_any_making() {
        let exempt = flag(true, &["y", "n"], true);
        let taxable = flag(false, &["y", "n"], false);
        let short = |says: Says| match says {
            Says::Exempt(_) => 'E',
            Says::Taxable => 'T',
            Says::Nothing => '-',
            Says::Unclear => '?',
        };
        // The value, then what it says under “Tax Exempt” and under “Taxable”.
        for (value, wanted) in [
            ("Yes - on file", "ET"),
            ("No - resale", "?E"),
            ("No (government)", "?E"),
            ("no - exempt", "?E"),
            ("Yes, exempt", "E?"),
            ("No exemption", "TT"),
            ("no tax", "EE"),
            ("No sales tax charged", "EE"),
            ("Don't charge tax", "EE"),
            ("Do not collect sales tax", "EE"),
            ("Collect tax", "TT"),
            ("Charge sales tax", "TT"),
            ("Subject to sales tax", "TT"),
            ("Not subject to tax", "EE"),
            ("Fully taxable", "TT"),
            ("Not tax-exempt", "TT"),
            ("Non exempt", "TT"),
            ("NON-EXEMPT", "TT"),
            ("Not Taxable", "EE"),
            ("non-taxable (resale)", "EE"),
            ("Tax Exempt (0%)", "EE"),
            ("EXEMPT-RESALE", "EE"),
            ("Exempt in OH, taxable elsewhere", "??"),
            ("exempt - expired 2019", "??"),
            ("Exemption pending", "??"),
            ("Yes (cert expired)", "??"),
            ("Y/N", "??"),
            ("Sí", "ET"),
            ("Oui", "ET"),
            ("Nein", "TE"),
            ("Steuerfrei", "EE"),
            ("1.0", "ET"),
            ("0", "TE"),
            ("-", "--"),
        ] {
            let found: String = [&exempt, &taxable].iter().map(|flag| short(flag.says(Cell::Text(value)))).collect();
            assert_eq!(found, wanted, "{value}");
        }
    }

    #[test]
    fn a_column_is_read_as_a_whole() {
        assert_eq!(flag(true, &["E", "T"], false).says(Cell::Text("T")), Says::Taxable);
        assert_eq!(flag(true, &["T", "F"], false).says(Cell::Text("T")), Says::Exempt(None));
        assert_eq!(flag(false, &["X"], true).says(Cell::Empty), Says::Exempt(None));
        assert_eq!(flag(false, &["Y", "N"], true).says(Cell::Empty), Says::Nothing);
        assert_eq!(flag(true, &["X"], true).says(Cell::Empty), Says::Nothing);
    }

    #[test]
    fn codes_reasons_and_numbers() {
        assert_eq!(tax_code_says(Cell::Text("Non"), false), Says::Exempt(None));
        assert_eq!(tax_code_says(Cell::Text("Tax"), false), Says::Taxable);
        assert_eq!(tax_code_says(Cell::Text("TX-EXEMPT"), true), Says::Exempt(None));
        assert_eq!(tax_code_says(Cell::Text("AVATAX"), true), Says::Nothing);
        assert_eq!(use_code_says(Cell::Text("G")), Says::Exempt(Some(ExemptionReason::resale())));
        assert_eq!(use_code_says(Cell::Text("TAXABLE")), Says::Taxable);
        let own = BTreeMap::from([("9".to_owned(), "RESALE".to_owned())]);
        assert_eq!(reason_says(Cell::Number("9"), &own), Says::Exempt(Some(ExemptionReason::resale())));
        assert_eq!(number_says(Cell::Text("N/A")), (Says::Nothing, None));
        assert_eq!(number_says(Cell::Text("on file")), (Says::Exempt(None), None));
        assert_eq!(number_says(Cell::Number("32049817263")).1.unwrap().as_str(), "32049817263");
    }

    #[test]
    fn dates() {
        let day = |text: &str| date(text).map(|date| date.to_string());
        for text in ["2026-12-31", "12/31/2026", "12/31/26", "31/12/2026", "Dec 31, 2026", "31-Dec-2026", "2026-12-31T00:00:00"] {
            assert_eq!(day(text).as_deref(), Some("2026-12-31"), "{text}");
        }
        for text in ["", "never", "12345", "13/32/2026", "555-0100", "(260) 555-0111", "45402-1234"] {
            assert_eq!(day(text), None, "{text}");
        }
    }

    #[test]
    fn the_explicit_flag_decides_and_the_rest_is_a_contradiction() {
        let said = |target, header, text, says| Said { target, header, text, says };
        let number = Says::Exempt(None);
        let outcome = decide(&[
            said(Target::ExemptFlag, "Tax Exempt", "No", Says::Taxable),
            said(Target::ExemptionNumber, "Resale Number", "123", number.clone()),
        ]);
        assert_eq!((outcome.status, outcome.against.is_some()), (ExemptStatus::Taxable, true));
        let outcome = decide(&[
            said(Target::ExemptFlag, "Tax Exempt", "", Says::Nothing),
            said(Target::ExemptionNumber, "Resale Number", "123", number.clone()),
        ]);
        assert_eq!((outcome.status, outcome.against.is_some()), (ExemptStatus::Taxable, true));
        let outcome = decide(&[said(Target::ExemptionNumber, "Resale Number", "123", number)]);
        assert_eq!((outcome.status, outcome.rule.as_str()), (ExemptStatus::Exempt, "column “Resale Number” holds a number"));
        assert_eq!(decide(&[]).status, ExemptStatus::Taxable);
    }
}

//! What the rules say of a document, from the paper alone.
//!
//! Owns: the findings. Must not touch: pages, what follows from a finding (`settle`). Called by: `pages`.

use super::RuleContext;
use super::catalogue::{Expiration, ExpirationRule, Form};
use super::numbers;
use super::parties;
use crate::domain::{Document, Finding, PaperField, Reading, Region, StateClaim, Verdict};
use jiff::ToSpan;
use jiff::civil::Date;

/// A field whose words were read with less than this is not used with no human.
const LEGIBLE: f32 = 0.6;
/// Below this the mark “unsigned” or “signed” is not sure.
const SURE_SIGNATURE: f32 = 0.7;
/// A seller's name read clearer than this is no misreading of the merchant's.
pub const CLEAR_NAME: f32 = 0.75;
/// A name or a street less sure than this cannot be read, however clear the rest is.
const READABLE: f32 = 0.4;
/// A number read clearer than this is what the paper says, whatever its state's pattern.
const CLEAR_NUMBER: f32 = 0.75;

pub(super) fn finding(rule: &str, verdict: Verdict, evidence: impl Into<String>) -> Finding {
    Finding { rule: rule.to_owned(), verdict, evidence: evidence.into() }
}

/// The finding of pages that hold something and no word.
pub fn wordless() -> Finding {
    finding("legible", Verdict::Unsure, "there is something on the page, but no words could be read")
}

/// All findings of a document, from the paper alone.
pub fn findings(document: &Document, reading: &Reading, form: Option<&Form>, ctx: &RuleContext) -> Vec<Finding> {
    use Verdict::{Fail, Pass, Unsure};
    let Some(guess) = &document.form else {
        return vec![finding("form-known", Fail, "nothing on the paper says that it is a certificate")];
    };
    let mut out = vec![match form {
        Some(form) => finding("form-known", Pass, format!("{} ({:.2})", form.title(), guess.confidence)),
        None => finding("form-known", Unsure, format!("{}: a form that is on no list", guess.title)),
    }];
    of_values(document, form, reading, ctx, &mut out);
    out
}

/// What follows from the values, whoever read them.
fn of_values(document: &Document, form: Option<&Form>, reading: &Reading, ctx: &RuleContext, out: &mut Vec<Finding>) {
    use Verdict::{Fail, Pass, Unsure};
    let fields = &document.fields;
    out.extend(form.filter(|_| !document.states.is_empty()).map(|form| accepted(document, form, ctx)));
    numbers_findings(document, form, reading, ctx, out);
    out.extend(repeated(document));
    if !reading.lost_numbers.is_empty() {
        out.push(finding(
            "state-table-complete",
            Unsure,
            format!("in rows whose state could not be read: {}", reading.lost_numbers.join(", ")),
        ));
    }
    if !reading.disclaimers.is_empty() {
        let said = reading.disclaimers.iter().map(|(region, text)| format!("{region}: “{text}”"));
        out.push(finding("state-table-disclaimer", Unsure, said.collect::<Vec<_>>().join("; ")));
    }
    let signature = &document.signature;
    out.push(match (signature.present, signature.confidence >= SURE_SIGNATURE) {
        (true, true) => finding("signed", Pass, "ink in the signature's place"),
        (false, true) => finding("signed", Fail, "no ink in the signature's place"),
        _ => finding(
            "signed",
            Unsure,
            if signature.confidence == 0.0 { "no place for a signature found" } else { "faint marks in the signature's place" },
        ),
    });
    match &fields.signed_date {
        Some(date) => {
            out.push(finding("dated", Pass, date.value.to_string()));
            let future = date.value > ctx.today;
            out.push(if future {
                finding("date-not-future", Unsure, format!("{} is after {}", date.value, ctx.today))
            } else {
                finding("date-not-future", Pass, date.value.to_string())
            });
        }
        None => out.push(finding("dated", Unsure, "no date found beside the signature")),
    }
    expiry(document, form, ctx, out);
    if let Some(merchant) = ctx.seller {
        out.push(match &fields.seller_name {
            Some(name) if parties::same_name(merchant, &name.value) => finding("seller-is-merchant", Pass, name.value.clone()),
            // A doubtful reading may be the merchant's name.
            Some(name) if name.confidence > CLEAR_NAME => finding(
                "seller-is-merchant",
                if reading.merchant_seen { Unsure } else { Fail },
                format!(
                    "made out to “{}”{}",
                    name.value,
                    if reading.merchant_seen { "; the merchant's name stands elsewhere" } else { "" }
                ),
            ),
            _ if reading.merchant_seen => finding("seller-is-merchant", Pass, "the merchant's name stands on the paper"),
            Some(name) => finding("seller-is-merchant", Unsure, format!("the seller reads “{}”", name.value)),
            None => finding("seller-is-merchant", Unsure, "no seller found"),
        });
    }
    let named = fields.purchaser_name.is_some();
    let placed = fields.purchaser_line1.is_some() && (fields.purchaser_postal_code.is_some() || fields.purchaser_city.is_some());
    let merchant_buys = fields.purchaser_name.as_ref().zip(ctx.seller).is_some_and(|(n, m)| parties::same_name(m, &n.value));
    out.push(match (named, placed, merchant_buys) {
        (true, _, true) => finding("purchaser-complete", Unsure, "the merchant itself is named as purchaser"),
        (true, true, _) => finding("purchaser-complete", Pass, "name and address"),
        (false, ..) => finding("purchaser-complete", Unsure, "the purchaser's name was not found"),
        _ => finding("purchaser-complete", Unsure, "the purchaser's address was not found"),
    });
    out.push(match &fields.reason {
        Some(reason) if reason.confidence >= 0.6 => finding("reason-claimed", Pass, reason.value.to_string()),
        Some(reason) => finding("reason-claimed", Unsure, format!("{} among {}", reason.value, reading.reasons.join(", "))),
        None => finding("reason-claimed", Unsure, "no reason is ticked"),
    });
    match &fields.blanket {
        Some(blanket) if !blanket.value => out.push(finding("covers-later-purchases", Fail, "ticked as a single purchase")),
        Some(blanket) if blanket.confidence >= LEGIBLE => out.push(finding("covers-later-purchases", Pass, "a blanket certificate")),
        _ => out.push(finding("covers-later-purchases", Unsure, "the paper does not say, or its box could not be read")),
    }
    out.push(legible(document));
    out.extend(file_name(document, ctx));
}

/// The rules that look at a value.
fn rules_about(field: Option<PaperField>) -> &'static [&'static str] {
    use PaperField as F;
    match field {
        Some(F::PurchaserName) => &["purchaser-complete", "legible", "file-name-agrees"],
        Some(F::PurchaserLine1 | F::PurchaserCity | F::PurchaserPostalCode) => &["purchaser-complete", "legible"],
        Some(F::PurchaserRegion) => &["purchaser-complete", "number-repeated"],
        Some(F::PurchaserPhone) => &[],
        Some(F::SellerName) => &["seller-is-merchant"],
        Some(F::SignedDate) => &["dated", "date-not-future", "within-validity", "not-expired"],
        Some(F::ExpirationDate) => &["not-expired", "within-validity"],
        Some(F::Reason) => &["reason-claimed", "registration-number-present"],
        Some(F::Blanket) => &["covers-later-purchases"],
        // The states and their numbers.
        None => &[
            "form-accepted",
            "registration-number-present",
            "registration-number-legible",
            "registration-number-format",
            "registration-number-length",
            "number-repeated",
            "state-table-complete",
            "state-table-disclaimer",
            "within-validity",
            "not-expired",
            "legible",
            "file-name-agrees",
        ],
    }
}

/// Findings anew after a person changed values (`None` stands for the states): what looks at them is asked again, everything else stays. How
/// many digits a blank asks for is no longer known then; the person saw it.
pub(super) fn reconsider(document: &mut Document, changed: &[Option<PaperField>], ctx: &RuleContext) {
    let about: Vec<&str> = changed.iter().flat_map(|field| rules_about(*field)).copied().collect();
    let form = document.form.as_ref().and_then(|f| ctx.catalogue.form(&f.id));
    set_ends(document, form, ctx);
    let reading = Reading { reasons: document.fields.reason.iter().map(|f| f.value.to_string()).collect(), ..Reading::default() };
    let mut fresh = vec![];
    of_values(document, form, &reading, ctx, &mut fresh);
    document.findings.retain(|f| !about.contains(&f.rule.as_str()));
    document.findings.extend(fresh.into_iter().filter(|f| about.contains(&f.rule.as_str())));
}

/// When the states themselves end the paper, where it shows no end.
pub(super) fn set_ends(document: &mut Document, form: Option<&Form>, ctx: &RuleContext) {
    let signed = document.fields.signed_date.as_ref().map(|f| f.value).filter(|_| document.fields.expiration_date.is_none());
    for claim in &mut document.states {
        let rule = form.and_then(|form| expiration_of(form, &claim.region, ctx));
        claim.ends_by_rule = rule.zip(signed).and_then(|(rule, signed)| end_by_rule(rule, signed));
    }
}

fn numbers_findings(document: &Document, form: Option<&Form>, reading: &Reading, ctx: &RuleContext, out: &mut Vec<Finding>) {
    use Verdict::{Fail, Pass, Unsure};
    let numbers: Vec<&crate::domain::StateClaim> = document.states.iter().filter(|s| s.number.is_some()).collect();
    let resale = document.fields.reason.as_ref().is_none_or(|r| r.value.as_str() == "RESALE");
    out.push(match (numbers.is_empty(), resale) {
        (false, _) => finding("registration-number-present", Pass, format!("{} state(s)", numbers.len())),
        (true, true) => finding("registration-number-present", Unsure, "no registration number found"),
        (true, false) => finding("registration-number-present", Pass, "not needed for this reason"),
    });
    let [mut unclear, mut odd, mut sure, mut short, mut legible]: [Vec<String>; 5] = Default::default();
    for claim in numbers {
        let Some(number) = &claim.number else { continue };
        let state = ctx.catalogue.jurisdiction(&claim.region);
        let said = format!("{} {number}", claim.region);
        let fits = numbers::fits(number.as_str(), state) != Some(false);
        // A number misread by one digit may fit its pattern all the same; one that fits none is believed only in clear print.
        let clear = claim.confidence >= if fits { LEGIBLE } else { CLEAR_NUMBER };
        let digits = number.as_str().chars().filter(char::is_ascii_digit).count();
        if let Some(asked) = reading.digits_asked.filter(|asked| !fits && *asked != digits) {
            short.push(format!("{said} has {digits} digits, the blank asks for {asked}"));
        }
        if clear {
            legible.push(said.clone());
        }
        match (clear, fits) {
            (false, _) => unclear.push(format!("{said} ({:.2})", claim.confidence)),
            (true, true) => sure.push(said),
            (true, false) => {
                let firm = state.is_some_and(|s| s.pattern_firm) && form.is_some_and(|f| !f.is_multistate());
                odd.push(format!("{said} differs from the {} format", if firm { "state's" } else { "usual" }));
            }
        }
    }
    if document.states.iter().any(|s| s.number.is_some()) {
        out.push(match unclear.is_empty() {
            true => finding("registration-number-legible", Pass, legible.join("; ")),
            false => finding("registration-number-legible", Unsure, unclear.join("; ")),
        });
        if !short.is_empty() {
            out.push(finding("registration-number-length", Fail, short.join("; ")));
        }
        out.push(match odd.is_empty() {
            true => finding("registration-number-format", Pass, sure.join("; ")),
            false => finding("registration-number-format", Fail, odd.join("; ")),
        });
    }
}

/// Does each state that is claimed take this form?
fn accepted(document: &Document, form: &Form, ctx: &RuleContext) -> Finding {
    use Verdict::{Fail, Pass, Unsure};
    let (mut refused, mut open) = (vec![], vec![]);
    for claim in &document.states {
        let state = ctx.catalogue.jurisdiction(&claim.region);
        let takes = match (&form.region, form.id.as_str()) {
            (Some(own), _) => Some(*own == claim.region),
            (None, "MTC") => state.and_then(|s| s.accepts_mtc),
            (None, _) => state.and_then(|s| s.accepts_sst),
        };
        match takes {
            Some(true) => {}
            Some(false) => refused.push(claim.region.code()),
            None => open.push(claim.region.code()),
        }
    }
    match (refused.is_empty(), open.is_empty()) {
        (false, _) => finding("form-accepted", Fail, format!("{} is not taken by {}", form.id, refused.join(", "))),
        (true, false) => finding("form-accepted", Unsure, format!("whether {} takes {} is not known", open.join(", "), form.id)),
        (true, true) => finding("form-accepted", Pass, document.states.iter().map(|s| s.region.code()).collect::<Vec<_>>().join(", ")),
    }
}

/// When a state's rule ends a paper that shows no end itself.
fn end_by_rule(expiration: Expiration, signed: Date) -> Option<Date> {
    match expiration.rule {
        ExpirationRule::Years => signed.checked_add(i16::from(expiration.years.unwrap_or(1)).years()).ok(),
        ExpirationRule::CalendarYearEnd => Date::new(signed.year(), 12, 31).ok(),
        _ => None,
    }
}

/// Of multi-state forms the state's own rule counts, if it is one of years: that a calendar year ends them holds of the papers that a state
/// issues itself.
fn expiration_of(form: &Form, region: &Region, ctx: &RuleContext) -> Option<Expiration> {
    match form.region {
        Some(_) => Some(form.expiration),
        None => ctx.catalogue.jurisdiction(region).map(|state| state.expiration).filter(|e| e.rule == ExpirationRule::Years),
    }
}

/// The same number on several lines of a state table: usually the home state's, written where the buyer is not registered. It is kept as
/// written, and a person decides which states it stands for.
fn repeated(document: &Document) -> Option<Finding> {
    let key = |claim: &crate::domain::StateClaim| claim.number.as_ref().map(|n| super::text::fold(n.as_str()));
    let home = document.fields.purchaser_region.as_ref().map(|f| &f.value);
    let told: Vec<String> = document
        .states
        .iter()
        .enumerate()
        .filter_map(|(at, claim)| {
            let number = key(claim)?;
            let alike = |(n, other): &(usize, &crate::domain::StateClaim)| *n != at && key(other).as_deref() == Some(number.as_str());
            let (_, first) = document.states.iter().enumerate().find(alike)?;
            let of_home = Some(&first.region) == home;
            (Some(&claim.region) != home).then(|| match of_home {
                true => format!("{} shows the number of {}, the purchaser's own state", claim.region, first.region),
                false => format!("{} shows the number of {}", claim.region, first.region),
            })
        })
        .collect();
    (!told.is_empty()).then(|| finding("number-repeated", Verdict::Unsure, told.join("; ")))
}

fn expiry(document: &Document, form: Option<&Form>, ctx: &RuleContext, out: &mut Vec<Finding>) {
    use Verdict::{Fail, Pass, Unsure};
    if let Some(date) = &document.fields.expiration_date {
        out.push(match (date.value < ctx.today, date.confidence >= LEGIBLE) {
            (true, true) => finding("not-expired", Fail, format!("expired on {}", date.value)),
            (true, false) => finding("not-expired", Unsure, format!("seems to have expired on {}", date.value)),
            (false, true) => finding("not-expired", Pass, format!("holds until {}", date.value)),
            (false, false) => finding("not-expired", Unsure, format!("seems to hold until {}", date.value)),
        });
        return;
    }
    // The state's own paper prints its end; without it the paper says too little.
    out.push(match form {
        Some(form) if form.issued && form.expiration.rule == ExpirationRule::CalendarYearEnd => {
            finding("not-expired", Unsure, "the paper ends with its year, and no year was read")
        }
        _ => finding("not-expired", Pass, "no end printed"),
    });
    let ended = |s: &&StateClaim| s.ends_by_rule.is_some_and(|end| end < ctx.today);
    let old: Vec<String> = document.states.iter().filter(ended).map(|s| s.region.code().to_owned()).collect();
    let ends = document.states.iter().filter_map(|s| s.ends_by_rule).min();
    out.push(match (old.is_empty(), ends) {
        (false, _) => finding("within-validity", Unsure, format!("older than {} lets certificates grow", old.join(", "))),
        (true, Some(end)) => finding("within-validity", Pass, format!("by the state's rule until {end}")),
        (true, None) => finding("within-validity", Pass, "the state names no age, or none is known"),
    });
}

fn legible(document: &Document) -> Finding {
    let fields = &document.fields;
    let mut all: Vec<f32> = [&fields.purchaser_name, &fields.purchaser_line1, &fields.purchaser_city, &fields.purchaser_postal_code]
        .into_iter()
        .flatten()
        .map(|f| f.confidence)
        .collect();
    all.extend(document.states.iter().map(|s| s.confidence));
    if all.is_empty() {
        return finding("legible", Verdict::Unsure, "nothing was read");
    }
    let mean = all.iter().sum::<f32>() / all.len() as f32;
    let least = [&fields.purchaser_name, &fields.purchaser_line1].into_iter().flatten().map(|f| f.confidence).fold(1.0, f32::min);
    let verdict = if mean >= LEGIBLE && least >= READABLE { Verdict::Pass } else { Verdict::Unsure };
    finding("legible", verdict, format!("mean confidence {mean:.2}"))
}

/// Scans are often named after the customer or the state; a name that says something else is worth telling. Names such as `scan0007` say
/// nothing.
fn file_name(document: &Document, ctx: &RuleContext) -> Option<Finding> {
    let name = document.fields.purchaser_name.as_ref()?;
    let stem = document.file.rsplit('/').next()?.rsplit_once('.').map_or("", |p| p.0);
    let claimed = |region: &Region| document.states.iter().any(|s| s.region == *region);
    // States by their names, or by their codes in capitals.
    let lower = format!(" {} ", stem.to_lowercase().replace(|c: char| !c.is_alphanumeric(), " "));
    let codes = stem.split(|c: char| !c.is_alphanumeric()).filter(|w| w.len() == 2 && w.chars().all(|c| c.is_ascii_uppercase()));
    let named = ctx.catalogue.jurisdictions.iter().filter(|j| lower.contains(&format!(" {} ", j.name.to_lowercase()))).map(|j| &j.region);
    let coded = codes.filter_map(Region::us_state);
    let spoken: Vec<Region> = named.cloned().chain(coded).collect();
    if !document.states.is_empty() && !spoken.is_empty() && !spoken.iter().any(claimed) {
        return Some(finding(
            "file-name-agrees",
            Verdict::Unsure,
            format!("the file is named “{stem}”, and {} is not claimed", spoken[0].code()),
        ));
    }
    const PLAIN: &[&str] = &[
        "scan",
        "img",
        "image",
        "doc",
        "document",
        "cert",
        "certificate",
        "exempt",
        "exemption",
        "resale",
        "batch",
        "page",
        "fax",
        "file",
        "tax",
        "form",
        "copy",
        "signed",
        "final",
        "new",
        "mtc",
        "sst",
        "the",
        "and",
    ];
    let words: Vec<String> =
        stem.split(|c: char| !c.is_alphabetic()).map(str::to_lowercase).filter(|w| w.len() > 2 && !PLAIN.contains(&w.as_str())).collect();
    if words.len() < 2 {
        return None;
    }
    let folded = super::text::fold(&name.value);
    let agree = words.iter().filter(|w| folded.contains(w.as_str())).count();
    Some(match agree * 2 >= words.len() {
        true => finding("file-name-agrees", Verdict::Pass, stem),
        false => finding("file-name-agrees", Verdict::Unsure, format!("the file is named “{stem}”")),
    })
}

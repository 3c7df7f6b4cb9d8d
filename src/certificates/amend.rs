//! A paper as a person corrected it.
//!
//! Owns: typed texts to values, what was changed, the findings that follow. Must not touch: who decides, the journal, customers.
//! Called by: the review and the wizard.

use super::{RuleContext, dates, rules};
use crate::domain::{Correction, Document, Edits, ExemptionReason, Field, Mistyped, PaperField, Region, StateClaim, StateEdit, TaxNumber};
use std::collections::BTreeSet;

/// Longer texts are no names, streets or numbers (the service's own limit is 100 for names).
const LONGEST: usize = 200;
/// More states than there are.
const MOST_STATES: usize = 60;

/// The text of a value as it is shown and typed: dates as `2026-03-14`, the kind as `blanket` or `single`. Empty where the paper does not have it.
pub fn shown(document: &Document, field: PaperField) -> String {
    fn text<T: ToString>(field: &Option<Field<T>>) -> String {
        field.as_ref().map(|f| f.value.to_string()).unwrap_or_default()
    }
    let f = &document.fields;
    match field {
        PaperField::PurchaserName => text(&f.purchaser_name),
        PaperField::PurchaserLine1 => text(&f.purchaser_line1),
        PaperField::PurchaserCity => text(&f.purchaser_city),
        PaperField::PurchaserRegion => text(&f.purchaser_region),
        PaperField::PurchaserPostalCode => text(&f.purchaser_postal_code),
        PaperField::PurchaserPhone => text(&f.purchaser_phone),
        PaperField::SellerName => text(&f.seller_name),
        PaperField::SignedDate => text(&f.signed_date),
        PaperField::ExpirationDate => text(&f.expiration_date),
        PaperField::Reason => text(&f.reason),
        PaperField::Blanket => f.blanket.as_ref().map(|b| if b.value { "blanket" } else { "single" }.to_owned()).unwrap_or_default(),
    }
}

/// How sure a value was read, on which page and where.
pub fn place(document: &Document, field: PaperField) -> Option<(f32, u32, Option<crate::domain::BBox>)> {
    fn of<T>(field: &Option<Field<T>>) -> Option<(f32, u32, Option<crate::domain::BBox>)> {
        field.as_ref().map(|f| (f.confidence, f.page, f.bbox))
    }
    let f = &document.fields;
    match field {
        PaperField::PurchaserName => of(&f.purchaser_name),
        PaperField::PurchaserLine1 => of(&f.purchaser_line1),
        PaperField::PurchaserCity => of(&f.purchaser_city),
        PaperField::PurchaserRegion => of(&f.purchaser_region),
        PaperField::PurchaserPostalCode => of(&f.purchaser_postal_code),
        PaperField::PurchaserPhone => of(&f.purchaser_phone),
        PaperField::SellerName => of(&f.seller_name),
        PaperField::SignedDate => of(&f.signed_date),
        PaperField::ExpirationDate => of(&f.expiration_date),
        PaperField::Reason => of(&f.reason),
        PaperField::Blanket => of(&f.blanket),
    }
}

/// The document with what a person typed, its findings asked again where a value changed, and what was changed. Errors: every text that can't be
/// used, by its field.
pub fn amend(document: &Document, edits: &Edits, ctx: &RuleContext) -> Result<(Document, Vec<Correction>), Vec<Mistyped>> {
    let mut new = document.clone();
    let (mut changed, mut corrections, mut wrong) = (vec![], vec![], vec![]);
    for (&field, typed) in &edits.fields {
        let (typed, read) = (typed.trim(), shown(document, field));
        if typed == read {
            continue;
        }
        match set(&mut new, field, typed) {
            Ok(()) => {
                // `3/14/2026` is the day that was read.
                let written = shown(&new, field);
                if written != read {
                    changed.push(Some(field));
                    corrections.push(Correction { what: field.label().to_owned(), read, written });
                }
            }
            Err(why) => wrong.push(Mistyped { field: field_key(field), why }),
        }
    }
    if let Some(typed) = &edits.states {
        match claims(document, typed) {
            Ok(claims) => {
                let found = differences(&document.states, &claims);
                if !found.is_empty() {
                    changed.push(None);
                    corrections.extend(found);
                    new.states = claims;
                }
            }
            Err(why) => wrong.push(Mistyped { field: "states".to_owned(), why }),
        }
    }
    if !wrong.is_empty() {
        return Err(wrong);
    }
    if !changed.is_empty() {
        rules::reconsider(&mut new, &changed, ctx);
    }
    Ok((new, corrections))
}

/// The field's name as the record has it: `purchaser_name`.
fn field_key(field: PaperField) -> String {
    serde_json::to_value(field).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

fn set(document: &mut Document, field: PaperField, typed: &str) -> Result<(), String> {
    if typed.chars().count() > LONGEST {
        return Err(format!("it is longer than {LONGEST} characters"));
    }
    if typed.chars().any(char::is_control) {
        return Err("it holds a character that can't be printed".to_owned());
    }
    let at = place(document, field);
    let first = document.pages[0];
    // A person read it, at the place where the program had looked.
    fn value<T>(value: T, at: Option<(f32, u32, Option<crate::domain::BBox>)>, first: u32) -> Option<Field<T>> {
        let (page, bbox) = at.map_or((first, None), |(_, page, bbox)| (page, bbox));
        Some(Field { value, confidence: 1.0, page, bbox })
    }
    let text = || if typed.is_empty() { None } else { value(typed.to_owned(), at, first) };
    let day = || match typed {
        "" => Ok(None),
        _ => match dates::find(typed) {
            Some(date) => Ok(value(date, at, first)),
            None => Err(format!("“{typed}” is no date; write 2026-03-14 or 3/14/2026")),
        },
    };
    let f = &mut document.fields;
    match field {
        PaperField::PurchaserName => f.purchaser_name = text(),
        PaperField::PurchaserLine1 => f.purchaser_line1 = text(),
        PaperField::PurchaserCity => f.purchaser_city = text(),
        PaperField::PurchaserRegion => f.purchaser_region = region(typed)?.and_then(|region| value(region, at, first)),
        PaperField::PurchaserPostalCode => f.purchaser_postal_code = text(),
        PaperField::PurchaserPhone => f.purchaser_phone = text(),
        PaperField::SellerName => f.seller_name = text(),
        PaperField::SignedDate => f.signed_date = day()?,
        PaperField::ExpirationDate => f.expiration_date = day()?,
        PaperField::Reason => f.reason = if typed.is_empty() { None } else { value(ExemptionReason::new(typed), at, first) },
        PaperField::Blanket => {
            f.blanket = match typed.to_lowercase().as_str() {
                "" => None,
                "blanket" => value(true, at, first),
                "single" => value(false, at, first),
                _ => return Err(format!("“{typed}” is neither blanket nor single")),
            }
        }
    }
    Ok(())
}

/// A state by its code or name; Canadian provinces too, since buyers live there.
fn region(typed: &str) -> Result<Option<Region>, String> {
    if typed.is_empty() {
        return Ok(None);
    }
    let coded = Region::from_code(typed).filter(|r| r.is_us_state() || r.is_ca_province());
    let found = coded.or_else(|| Region::us_state_by_name(typed)).or_else(|| Region::ca_province_by_name(typed));
    found.map(Some).ok_or_else(|| format!("“{typed}” is no state; write its two letters, such as TX"))
}

/// The claims as typed. Those that were read stay as they are where nothing was changed.
fn claims(document: &Document, typed: &[StateEdit]) -> Result<Vec<StateClaim>, String> {
    if typed.len() > MOST_STATES {
        return Err(format!("{} states are more than there are", typed.len()));
    }
    let mut seen = BTreeSet::new();
    let mut claims = Vec::with_capacity(typed.len());
    for edit in typed {
        let text = edit.region.trim();
        let Some(region) = region(text)?.filter(Region::is_us_state) else {
            return Err(match text {
                "" => format!("the number {} stands without a state", edit.number.trim()),
                _ => format!("“{text}” is no state of the US"),
            });
        };
        if !seen.insert(region.clone()) {
            return Err(format!("{region} stands twice"));
        }
        let number = match edit.number.trim() {
            "" => None,
            text => Some(TaxNumber::new(text).ok_or_else(|| format!("“{text}” is no number of {region}"))?),
        };
        let read = document.states.iter().find(|claim| claim.region == region);
        claims.push(match read {
            Some(read) if read.number == number => read.clone(),
            _ => StateClaim {
                region,
                ends_by_rule: None,
                number,
                confidence: 1.0,
                page: read.map_or(document.pages[0], |r| r.page),
                bbox: read.and_then(|r| r.bbox),
            },
        });
    }
    Ok(claims)
}

fn differences(old: &[StateClaim], new: &[StateClaim]) -> Vec<Correction> {
    let text =
        |claim: Option<&StateClaim>| claim.map(|c| c.number.as_ref().map_or("claimed without a number".to_owned(), ToString::to_string));
    let of = |list: &[StateClaim], region: &Region| text(list.iter().find(|c| c.region == *region)).unwrap_or_default();
    let regions: BTreeSet<&Region> = old.iter().chain(new).map(|c| &c.region).collect();
    let compared = regions.into_iter().map(|region| (region, of(old, region), of(new, region)));
    compared
        .filter(|(_, read, written)| read != written)
        .map(|(region, read, written)| Correction { what: format!("Number of {region}"), read, written })
        .collect()
}

/// What a certificate can't be made without: the service requires the date of signature, and a state to claim.
pub fn missing_for_accept(document: &Document) -> Vec<Mistyped> {
    let mut missing = vec![];
    if document.fields.signed_date.is_none() {
        let why = "the service requires the day of signing; type it from the paper".to_owned();
        missing.push(Mistyped { field: field_key(PaperField::SignedDate), why });
    }
    if document.fields.reason.is_none() {
        let why = "say what the paper claims; certificates are stored by their reason".to_owned();
        missing.push(Mistyped { field: field_key(PaperField::Reason), why });
    }
    if document.states.is_empty() {
        missing.push(Mistyped { field: "states".to_owned(), why: "no state is claimed; add the state that the paper is for".to_owned() });
    }
    missing
}

#[cfg(test)]
mod tests {
    use super::super::catalogue::Catalogue;
    use super::*;
    use crate::domain::{BBox, Disposition, Fields, FormGuess, Sha256, Signature, Verdict};
    use jiff::civil::date;

    fn ctx() -> RuleContext<'static> {
        RuleContext { catalogue: Catalogue::builtin(), seller: Some("Blue Heron Supply Co."), today: date(2026, 11, 20) }
    }

    fn field<T>(value: T) -> Option<Field<T>> {
        Some(Field { value, confidence: 0.5, page: 2, bbox: Some(BBox::new(0.1, 0.1, 0.2, 0.2)) })
    }

    fn paper() -> Document {
        let region = Region::us_state("TX").unwrap();
        let mut document = Document {
            file: "a.pdf".into(),
            sha256: Sha256::of(b"a"),
            pages: [2, 2],
            form: Some(FormGuess { id: "TX-01-339".into(), title: "t".into(), confidence: 0.9 }),
            fields: Fields {
                purchaser_name: field("Tidewater Brass Works".to_owned()),
                purchaser_line1: field("12 Quay St".to_owned()),
                purchaser_city: field("Port Haven".to_owned()),
                signed_date: field(date(2026, 3, 14)),
                ..Fields::default()
            },
            states: vec![StateClaim {
                region,
                ends_by_rule: None,
                number: TaxNumber::new("3204981726"),
                confidence: 0.5,
                page: 2,
                bbox: None,
            }],
            signature: Signature { present: true, confidence: 0.9 },
            mentions: vec![],
            findings: vec![],
            matched: None,
            disposition: Disposition::Review,
            reasons: vec!["number hard to read".into()],
            views: vec![],
            drawn: false,
            ruled: None,
        };
        rules::reconsider(&mut document, &PaperField::ALL.map(Some).into_iter().chain([None]).collect::<Vec<_>>(), &ctx());
        document
    }

    fn verdict(document: &Document, rule: &str) -> Option<Verdict> {
        document.findings.iter().find(|f| f.rule == rule).map(|f| f.verdict)
    }

    fn typed(field: PaperField, text: &str) -> Edits {
        Edits { fields: [(field, text.to_owned())].into(), states: None }
    }

    fn numbers(list: &[(&str, &str)]) -> Edits {
        let edit = |(region, number): &(&str, &str)| StateEdit { region: (*region).to_owned(), number: (*number).to_owned() };
        Edits { states: Some(list.iter().map(edit).collect()), ..Edits::default() }
    }

    #[test]
    fn what_a_person_typed_is_sure_and_its_rules_are_asked_again() {
        let before = paper();
        assert_eq!(verdict(&before, "registration-number-legible"), Some(Verdict::Unsure));
        let (after, changed) = amend(&before, &numbers(&[("tx", "32049817263")]), &ctx()).unwrap();
        assert_eq!(verdict(&after, "registration-number-legible"), Some(Verdict::Pass));
        assert_eq!(changed, [Correction { what: "Number of TX".into(), read: "3204981726".into(), written: "32049817263".into() }]);
        assert_eq!(after.states[0].page, 2);
        let (after, changed) = amend(&before, &typed(PaperField::SignedDate, "11/21/2026"), &ctx()).unwrap();
        assert_eq!(verdict(&after, "date-not-future"), Some(Verdict::Unsure));
        assert_eq!(changed[0].to_string(), "Signed on: “2026-11-21” instead of “2026-03-14”");
        let kept = after.fields.signed_date.unwrap();
        assert_eq!(
            (kept.confidence, kept.page, kept.bbox),
            (1.0, 2, Some(BBox::new(0.1, 0.1, 0.2, 0.2))),
            "its place is still where it was read"
        );
        let (after, _) = amend(&before, &typed(PaperField::PurchaserLine1, ""), &ctx()).unwrap();
        assert_eq!((after.fields.purchaser_line1, verdict(&before, "purchaser-complete")), (None, Some(Verdict::Pass)));
    }

    #[test]
    fn the_same_in_another_spelling_is_no_correction() {
        let (after, changed) = amend(&paper(), &typed(PaperField::SignedDate, " March 14, 2026 "), &ctx()).unwrap();
        assert!(changed.is_empty());
        assert_eq!(after.findings, paper().findings);
        let (_, changed) = amend(&paper(), &numbers(&[("TX", " 3204981726 ")]), &ctx()).unwrap();
        assert!(changed.is_empty());
    }

    #[test]
    fn every_text_that_is_no_value_is_told() {
        let mut edits = numbers(&[("TX", "1"), ("TX", "2")]);
        edits.fields.insert(PaperField::SignedDate, "soon".into());
        edits.fields.insert(PaperField::PurchaserRegion, "Texxas".into());
        edits.fields.insert(PaperField::Blanket, "maybe".into());
        let wrong = amend(&paper(), &edits, &ctx()).unwrap_err();
        let fields: Vec<&str> = wrong.iter().map(|w| w.field.as_str()).collect();
        assert_eq!(fields, ["purchaser_region", "signed_date", "blanket", "states"]);
        assert!(amend(&paper(), &numbers(&[("", "5")]), &ctx()).is_err() && amend(&paper(), &numbers(&[("ON", "5")]), &ctx()).is_err());
        assert!(amend(&paper(), &typed(PaperField::PurchaserName, &"x".repeat(201)), &ctx()).is_err());
    }
}

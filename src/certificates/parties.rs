//! Who buys and who sells: names and addresses from the filled blanks.
//!
//! Owns: choosing among blanks, putting an address together, the merchant's name as a landmark. Must not touch: other fields.
//! Called by: `read`.

use super::address::{self, Parts};
use super::catalogue::{Concept, Party};
use super::places::{Blank, clean};
use super::rules::CLEAR_NAME;
use super::sheet::Sheet;
use super::text::{alike, fold, looks_printed};
use crate::domain::{BBox, Field, Fields, Region, states_of_zip};

/// Names less alike than this are two companies.
pub const SAME_NAME: f64 = 0.84;

/// A folded name without its legal suffix.
pub fn core_name(name: &str) -> String {
    const SUFFIXES: &[&str] = &["incorporated", "inc", "llc", "corporation", "corp", "company", "co", "limited", "ltd", "lp", "llp"];
    let words: Vec<String> = name.split_whitespace().map(fold).filter(|w| !w.is_empty()).collect();
    let keep = words.iter().rposition(|w| !SUFFIXES.contains(&w.as_str())).map_or(words.len(), |i| i + 1);
    words[..keep].concat()
}

pub fn same_name(a: &str, b: &str) -> bool {
    let (a, b) = (core_name(a), core_name(b));
    !a.is_empty() && alike(&a, &b, SAME_NAME) >= SAME_NAME
}

/// Where the merchant's name stands on the page.
pub fn find_merchant(sheet: &Sheet, merchant: &str) -> Vec<Vec<usize>> {
    let wanted = core_name(merchant);
    let count = merchant.split_whitespace().count();
    if wanted.len() < 4 {
        return vec![];
    }
    let mut hits: Vec<(f64, usize, usize, usize)> = vec![];
    for (number, run) in sheet.runs.iter().enumerate() {
        for start in 0..run.len() {
            for end in start + 1..=run.len().min(start + count + 2) {
                let joined: String = run[start..end].iter().map(|&i| sheet.toks[i].folded.as_str()).collect();
                let likeness =
                    alike(&core_name(&sheet.text(&run[start..end])), &wanted, SAME_NAME).max(alike(&joined, &fold(merchant), SAME_NAME));
                if likeness > 0.0 {
                    hits.push((likeness, number, start, end));
                }
            }
        }
    }
    // The best first; of equals the one with the legal form.
    hits.sort_by(|a, b| b.0.total_cmp(&a.0).then((b.3 - b.2).cmp(&(a.3 - a.2))).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));
    let mut kept: Vec<(f64, usize, usize, usize)> = vec![];
    for hit in hits {
        if kept.iter().all(|k| k.1 != hit.1 || hit.3 <= k.2 || hit.2 >= k.3) {
            kept.push(hit);
        }
    }
    kept.into_iter().map(|(_, run, start, end)| sheet.runs[run][start..end].to_vec()).collect()
}

pub fn field<T>(sheet: &Sheet, toks: &[usize], value: T, trust: f32) -> Field<T> {
    Field {
        value,
        confidence: (sheet.confidence(toks) * (0.55 + 0.45 * trust.clamp(0.0, 1.0))).clamp(0.0, 0.99),
        page: sheet.page.number,
        bbox: sheet.page_box(toks),
    }
}

/// The blanks of a party for a concept, the best first.
fn of(blanks: &[Blank], party: Party, concept: Concept) -> Vec<&Blank> {
    let mut found: Vec<&Blank> = blanks.iter().filter(|b| b.label.party == party && b.label.concept == concept && b.fit >= 0.28).collect();
    found.sort_by(|a, b| {
        (b.label.rank as f32 + 3.0 * b.fit)
            .total_cmp(&(a.label.rank as f32 + 3.0 * a.fit))
            .then(a.label.area.mid_y().total_cmp(&b.label.area.mid_y()))
    });
    found
}

/// Reads the names and the purchaser's address. The merchant is never taken for the purchaser while another name stands there.
pub fn read(sheet: &Sheet, blanks: &[Blank], merchant: Option<&str>, fields: &mut Fields) {
    let is_merchant = |text: &str| merchant.is_some_and(|m| same_name(m, text));
    let mut names: Vec<&Blank> = of(blanks, Party::Purchaser, Concept::Name);
    names.retain(|b| b.fit >= 0.3);
    names.sort_by_key(|b| is_merchant(&clean(&sheet.text(&b.toks))));
    let name = names.first().copied();
    if let Some(blank) = name {
        let text = clean(&sheet.text(&blank.toks));
        let parts = address::parse(&text);
        // Name and address run together on one line.
        match (&parts.line1, &parts.postal_code) {
            (Some(_), Some(_)) if !address::is_street(&text) => {}
            _ if !text.is_empty() => fields.purchaser_name = Some(field(sheet, &blank.toks, text, blank.fit)),
            _ => {}
        }
    }
    if fields.purchaser_name.is_none() {
        block(sheet, &of(blanks, Party::Purchaser, Concept::Block), fields);
    }
    address(sheet, blanks, name, fields);
    // A state of two letters in a cell of its own is easily lost; its ZIP tells it, and a person can check it there.
    if let (None, Some(zip)) = (&fields.purchaser_region, &fields.purchaser_postal_code)
        && let [value] = states_of_zip(&zip.value)
    {
        let value = value.clone();
        let confidence = zip.confidence.min(BY_ZIP);
        fields.purchaser_region = Some(Field { value, confidence, page: zip.page, bbox: zip.bbox });
    }
    if fields.purchaser_name.is_none() {
        name_above(sheet, blanks, merchant, fields);
    }
    if let Some(phone) = of(blanks, Party::Purchaser, Concept::Phone).first() {
        let text = sheet.text(&phone.toks);
        fields.purchaser_phone =
            Some(field(sheet, &phone.toks, text.trim_matches(|c: char| !c.is_ascii_digit() && c != '(' && c != '+').to_owned(), phone.fit));
    }
    seller(sheet, blanks, merchant, fields);
}

/// How sure a state is at most that only its ZIP tells, and a name that only stands above its address.
const BY_ZIP: f32 = 0.7;
const BY_PLACE: f32 = 0.5;

/// The caption of the purchaser's name was not read: a name stands right above the purchaser's street, on the line before.
fn name_above(sheet: &Sheet, blanks: &[Blank], merchant: Option<&str>, fields: &mut Fields) {
    let h = sheet.h;
    let Some(street) = of(blanks, Party::Purchaser, Concept::Line1).into_iter().find(|b| b.fit >= 0.6) else { return };
    let Some(area) = sheet.area(&street.toks) else { return };
    let taken = |i: &usize| blanks.iter().any(|b| b.fit > 0.5 && b.toks.contains(i)) || blanks.iter().any(|b| b.label.toks.contains(i));
    let above = sheet.runs.iter().filter(|run| {
        let first = &sheet.toks[run[0]].area;
        let up = area.mid_y() - first.mid_y();
        up > 0.8 * h && up < 4.5 * h && (first.left - area.left).abs() < 6.0 * h && !run.iter().any(taken)
    });
    let name = above.map(|run| (run, clean(&sheet.text(run)))).find(|(_, text)| {
        super::places::fit(Concept::Name, text) > 0.8 && !merchant.is_some_and(|m| same_name(m, text)) && text.split(' ').count() >= 2
    });
    if let Some((run, text)) = name {
        fields.purchaser_name = Some(field(sheet, run, text, BY_PLACE));
        if let Some(found) = &mut fields.purchaser_name {
            found.confidence = found.confidence.min(BY_PLACE);
        }
    }
}

fn seller(sheet: &Sheet, blanks: &[Blank], merchant: Option<&str>, fields: &mut Fields) {
    let all: Vec<&Blank> = of(blanks, Party::Seller, Concept::Name).into_iter().chain(of(blanks, Party::Seller, Concept::Block)).collect();
    let is_merchant = |b: &&&Blank| merchant.is_some_and(|m| same_name(m, &clean(&sheet.text(&b.toks))));
    let blank = all.iter().find(is_merchant).or(all.first()).copied();
    let purchaser = fields.purchaser_name.as_ref().and_then(|f| f.bbox);
    let landmarks = merchant.map(|m| find_merchant(sheet, m)).unwrap_or_default();
    // The merchant's name where the paper shows it, not where the purchaser's was read.
    let landmark = landmarks.iter().find(|toks| sheet.page_box(toks).zip(purchaser).is_none_or(|(a, b)| !overlap(&a, &b)));
    let text = blank.map(|b| clean(&sheet.text(&b.toks))).filter(|t| !t.is_empty());
    let read = |toks: &[usize], text: String, trust: f32| {
        // A few letters misread: it is the merchant, whose name is known.
        let likeness = merchant.map_or(0.0, |m| alike(&core_name(m), &core_name(&text), SAME_NAME)) as f32;
        let value = merchant.filter(|_| likeness > 0.0 && likeness < 1.0).map_or(text, str::to_owned);
        let trust = if likeness > 0.0 { trust * likeness } else { trust };
        Some(field(sheet, toks, value, trust))
    };
    // Another company's name, clearly read in the seller's place: the merchant's name elsewhere (a fax header, a letterhead) changes nothing.
    let other = |text: &String, blank: &Blank| {
        let words: Vec<&str> = text.split_whitespace().collect();
        blank.fit > 0.55
            && sheet.confidence(&blank.toks) > CLEAR_NAME
            && words.len() >= 2
            && !looks_printed(&words)
            && !landmarks.iter().flatten().any(|i| blank.toks.contains(i))
    };
    fields.seller_name = match (text, blank, landmark) {
        (Some(text), Some(blank), _) if merchant.is_none_or(|m| same_name(m, &text)) || other(&text, blank) => {
            read(&blank.toks, text, blank.fit)
        }
        (_, _, Some(toks)) => read(toks, clean(&sheet.text(toks)), 0.8),
        (Some(text), Some(blank), None) => read(&blank.toks, text, blank.fit),
        _ => None,
    };
}

fn overlap(a: &BBox, b: &BBox) -> bool {
    a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom
}

/// Name, street and city one below the other, with one label for all.
fn block(sheet: &Sheet, blocks: &[&Blank], fields: &mut Fields) {
    for blank in blocks {
        let Some(first) = sheet.area(&blank.toks) else { continue };
        let mut lines = vec![blank.toks.clone()];
        let mut last = first;
        while lines.len() < 5 {
            match next_line(sheet, &last, first.left, first.left) {
                Some(toks) => {
                    last = sheet.area(&toks).unwrap_or(last);
                    lines.push(toks);
                }
                None => break,
            }
        }
        let texts: Vec<String> = lines.iter().map(|l| clean(&sheet.text(l))).collect();
        let Some(city) = texts.iter().position(|t| address::parse(t).postal_code.is_some()) else { continue };
        let parts = address::parse(&texts[city]);
        if city > 0 {
            fields.purchaser_name = Some(field(sheet, &lines[0], texts[0].clone(), 0.9));
        }
        let street = (1..city).find(|&i| address::is_street(&texts[i])).or((city > 1).then_some(city - 1));
        if let Some(i) = street {
            fields.purchaser_line1 = Some(field(sheet, &lines[i], address::street(&texts[i]), 0.9));
        }
        put(sheet, &lines[city], parts, 0.9, fields);
        return;
    }
    // “This is to certify that Tidewater Brass Works”: a name alone.
    let begins = |b: &&&Blank| clean(&sheet.text(&b.toks)).chars().next().is_some_and(|c| !c.is_lowercase());
    if let Some(blank) = blocks.iter().filter(begins).find(|b| b.fit > 0.7)
        && fields.purchaser_name.is_none()
    {
        let text = clean(&sheet.text(&blank.toks));
        if !text.is_empty() {
            fields.purchaser_name = Some(field(sheet, &blank.toks, text, blank.fit));
        }
    }
}

/// Those who write letters about a buyer's exemption and are no buyers.
const AGENCIES: &[&str] = &["department", "revenue", "division", "comptroller", "taxation", "treasury", "stateof"];

fn is_agency(text: &str) -> bool {
    AGENCIES.iter().any(|word| fold(text).contains(word))
}

/// The sender of a letter to the merchant: the name at its head with the address on the lines below. A tax agency is none.
pub fn sender(sheet: &Sheet, merchant: Option<&str>, fields: &mut Fields) {
    let is_merchant = |text: &str| merchant.is_some_and(|m| same_name(m, text));
    let head: Vec<&Vec<usize>> = sheet.runs.iter().filter(|r| sheet.toks[r[0]].area.mid_y() < 0.2).take(6).collect();
    for (at, run) in head.iter().enumerate() {
        let parts = address::parse(&before_phone(&clean(&sheet.text(run))));
        if parts.postal_code.is_none() {
            continue;
        }
        let names = head[..at].iter().map(|r| (*r, clean(&sheet.text(r))));
        let name = names.into_iter().find(|(_, t)| super::places::fit(Concept::Name, t) > 0.8 && !is_merchant(t));
        let Some((toks, text)) = name else { return };
        if head[..at].iter().any(|r| is_agency(&sheet.text(r))) {
            return;
        }
        fields.purchaser_name = Some(field(sheet, toks, text, 0.6));
        let street = head[..at].iter().find(|r| address::is_street(&clean(&sheet.text(r))));
        if let Some(street) = street.filter(|_| parts.line1.is_none()) {
            let text = address::street(&clean(&sheet.text(street)));
            fields.purchaser_line1 = Some(field(sheet, street, text, 0.6));
        }
        put(sheet, run, parts, 0.6, fields);
        return;
    }
}

/// A letterhead's line up to its telephone number.
fn before_phone(text: &str) -> String {
    let end = text.find(" (").filter(|at| text[at + 2..].starts_with(|c: char| c.is_ascii_digit()));
    text[..end.unwrap_or(text.len())].replace(['|', '•', '·'], ",")
}

/// The addressee of a letter: the block of lines in its upper part that ends with city, state and ZIP; not the sender's own.
pub fn addressee(sheet: &Sheet, fields: &mut Fields) {
    let h = sheet.h;
    for run in sheet.runs.iter().filter(|r| sheet.toks[r[0]].area.mid_y() < 0.4 && r.len() <= 8) {
        let parts = address::parse(&clean(&sheet.text(run)));
        if parts.city.is_none() || parts.region.is_none() || parts.postal_code.is_none() {
            continue;
        }
        let mut lines = vec![run.clone()];
        while lines.len() < 5 {
            let below = sheet.toks[lines[0][0]].area;
            let above = sheet.runs.iter().rev().find(|r| {
                let area = &sheet.toks[r[0]].area;
                let up = below.mid_y() - area.mid_y();
                (area.left - below.left).abs() < 1.5 * h && up > 0.6 * h && up < 2.6 * h
            });
            match above {
                Some(above) => lines.insert(0, above.clone()),
                None => break,
            }
        }
        let texts: Vec<String> = lines.iter().map(|l| clean(&sheet.text(l))).collect();
        let street = texts.iter().position(|t| address::is_street(t));
        let sender = texts.iter().any(|t| is_agency(t));
        let Some(street) = street.filter(|&at| at > 0 && !sender) else { continue };
        fields.purchaser_name = Some(field(sheet, &lines[0], texts[0].clone(), 0.6));
        fields.purchaser_line1 = Some(field(sheet, &lines[street], address::street(&texts[street]), 0.6));
        put(sheet, run, Parts { line1: None, ..parts }, 0.6, fields);
        return;
    }
}

/// The line of words right below, beginning between two left edges; not one of printed text.
fn next_line(sheet: &Sheet, last: &BBox, left: f32, right: f32) -> Option<Vec<usize>> {
    let h = sheet.h;
    let run = sheet.runs.iter().filter(|run| !run.is_empty()).find(|run| {
        let area = &sheet.toks[run[0]].area;
        let down = area.mid_y() - last.mid_y();
        area.left > left - 2.0 * h && area.left < right + 3.0 * h && down > 0.6 * h && down < 3.5 * h
    })?;
    let words: Vec<&str> = run.iter().map(|&i| sheet.toks[i].text.as_str()).collect();
    (!looks_printed(&words)).then(|| run.clone())
}

fn put(sheet: &Sheet, toks: &[usize], parts: Parts, trust: f32, fields: &mut Fields) {
    if fields.purchaser_line1.is_none()
        && let Some(line1) = parts.line1
    {
        fields.purchaser_line1 = Some(field(sheet, toks, address::street(&line1), trust));
    }
    if fields.purchaser_city.is_none()
        && let Some(city) = parts.city
    {
        fields.purchaser_city = Some(field(sheet, toks, city, trust));
    }
    if fields.purchaser_region.is_none()
        && let Some(region) = parts.region
    {
        fields.purchaser_region = Some(field(sheet, toks, region, trust));
    }
    if fields.purchaser_postal_code.is_none()
        && let Some(code) = parts.postal_code
    {
        fields.purchaser_postal_code = Some(field(sheet, toks, code, trust));
    }
}

fn address(sheet: &Sheet, blanks: &[Blank], name: Option<&Blank>, fields: &mut Fields) {
    // A state or a ZIP far from the name and the street belongs to something else: a table, another address.
    let rows: Vec<f32> = name
        .iter()
        .map(|n| n.label.area.mid_y())
        .chain(of(blanks, Party::Purchaser, Concept::Line1).first().map(|b| b.label.area.mid_y()))
        .collect();
    let close = |b: &&Blank| rows.is_empty() || rows.iter().any(|y| (b.label.area.mid_y() - y).abs() < 14.0 * sheet.h);
    let one = |concept| -> Vec<&Blank> { of(blanks, Party::Purchaser, concept).into_iter().filter(close).collect() };
    // A street line may carry the whole address.
    let lines = one(Concept::Line1);
    let near_name = |b: &&&Blank| name.is_none_or(|n| (b.label.area.mid_y() - n.label.area.mid_y()).abs() < 30.0 * sheet.h);
    let street = lines.iter().find(|b| near_name(b) && b.fit >= 0.5).or(lines.first());
    for blank in one(Concept::CityLine).into_iter().take(1) {
        let mut parts = address::parse(&clean(&sheet.text(&blank.toks)));
        parts.line1 = None;
        put(sheet, &blank.toks, parts, blank.fit, fields);
    }
    if let Some(blank) = one(Concept::City).first() {
        let text = clean(&sheet.text(&blank.toks));
        let parts = address::parse(&text);
        match parts.region.is_some() && parts.city.is_some() {
            true => put(sheet, &blank.toks, Parts { line1: None, ..parts }, blank.fit, fields),
            false if fields.purchaser_city.is_none() && blank.fit > 0.3 => {
                fields.purchaser_city = Some(field(sheet, &blank.toks, text.trim_end_matches(['.', ',']).to_owned(), blank.fit))
            }
            false => {}
        }
    }
    if fields.purchaser_region.is_none()
        && let Some((blank, region)) = one(Concept::Region).into_iter().find_map(|b| Some((b, state_in(&sheet.text(&b.toks))?)))
    {
        fields.purchaser_region = Some(field(sheet, &blank.toks, region, blank.fit));
    }
    if fields.purchaser_postal_code.is_none() {
        let zip = one(Concept::PostalCode)
            .into_iter()
            .find_map(|b| b.toks.iter().find_map(|&i| address::zip(&sheet.toks[i].text).map(|z| (i, z, b.fit))));
        if let Some((tok, code, fit)) = zip {
            fields.purchaser_postal_code = Some(field(sheet, &[tok], code, fit));
        }
    }
    // The caption of the ZIP was not read: it stands right of the state, on its line.
    if fields.purchaser_postal_code.is_none()
        && let Some(region) = fields.purchaser_region.as_ref().and_then(|f| f.bbox)
    {
        let level = |t: &super::sheet::Tok| (t.page_box.mid_y() - region.mid_y()).abs() < 0.7 * sheet.h && t.page_box.left > region.right;
        let beside = (0..sheet.toks.len()).filter(|&i| level(&sheet.toks[i]) && !blanks.iter().any(|b| b.fit > 0.5 && b.toks.contains(&i)));
        let nearest = beside.min_by(|&a, &b| sheet.toks[a].page_box.left.total_cmp(&sheet.toks[b].page_box.left));
        if let Some((tok, code)) = nearest.and_then(|i| Some((i, address::zip(&sheet.toks[i].text)?))) {
            fields.purchaser_postal_code = Some(field(sheet, &[tok], code, 0.6));
        }
    }
    if let Some(blank) = street {
        let text = clean(&sheet.text(&blank.toks));
        let parts = address::parse(&text);
        if parts.region.is_some() || parts.postal_code.is_some() {
            put(sheet, &blank.toks, parts, blank.fit, fields);
        } else if fields.purchaser_line1.is_none() && !text.is_empty() {
            fields.purchaser_line1 = Some(field(sheet, &blank.toks, address::street(&text), blank.fit));
        }
        // City, state and ZIP on the next line, with no label.
        if fields.purchaser_postal_code.is_none()
            && let Some(area) = sheet.area(&blank.toks)
            && let Some(toks) = next_line(sheet, &area, blank.label.area.left, area.left)
        {
            let parts = address::parse(&clean(&sheet.text(&toks)));
            if parts.postal_code.is_some() {
                put(sheet, &toks, Parts { line1: None, ..parts }, 0.8, fields);
            }
        }
    }
    // Nothing labelled: the lines under the name.
    if fields.purchaser_line1.is_none()
        && fields.purchaser_postal_code.is_none()
        && let Some(area) = name.and_then(|n| sheet.area(&n.toks))
    {
        let mut last = area;
        for _ in 0..3 {
            let Some(toks) = next_line(sheet, &last, area.left, area.left) else { break };
            let text = clean(&sheet.text(&toks));
            let parts = address::parse(&text);
            if address::is_street(&text) || parts.postal_code.is_some() {
                put(sheet, &toks, parts, 0.7, fields);
            }
            last = sheet.area(&toks).unwrap_or(last);
        }
    }
}

pub fn state_in(text: &str) -> Option<Region> {
    address::state(text).or_else(|| text.split_whitespace().find_map(|w| address::state(w).filter(|_| w.len() <= 3)))
}

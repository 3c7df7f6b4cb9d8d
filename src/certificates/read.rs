//! Reads the fields of one document from its pages.
//!
//! Owns: the order of the readers, dates, reason, blanket, the single-state number. Must not touch: rules.
//! Called by: `pages`.

use super::ReadContext;
use super::catalogue::{BlanketRule, Choice, Concept, Party};
use super::choices::{self, Offer};
use super::ink::Ink;
use super::labels::{self, Found};
use super::parties::{self, field};
use super::places::{self, Blank};
use super::recognise::Guess;
use super::sheet::Sheet;
use super::{dates, numbers, second, signature, states};
use crate::domain::{BBox, ExemptionReason, Field, Fields, PageContent, PageOrigin, Reading, Region, Signature, StateClaim, TaxNumber};
use jiff::civil::Date;

/// The words of a page in their order, the labels among them and what answers those.
pub struct Layout<'a> {
    pub sheet: Sheet<'a>,
    pub labels: Vec<Found>,
    pub blanks: Vec<Blank>,
}

impl<'a> Layout<'a> {
    pub fn new(page: &'a PageContent, ctx: &ReadContext) -> Self {
        let sheet = Sheet::new(page);
        let merchant = ctx.seller.map(|m| parties::find_merchant(&sheet, m)).unwrap_or_default();
        let merchant: Vec<BBox> = merchant.iter().filter_map(|toks| sheet.area(toks)).collect();
        let labels = labels::find(&sheet, ctx.catalogue, &merchant);
        let blanks = places::fill(&sheet, &labels);
        Layout { sheet, labels, blanks }
    }
}

/// A page with everything that its picture tells; the picture itself is let go, so that long files stay small.
#[derive(Debug, Clone)]
pub struct SeenPage {
    page: PageContent,
    labels: Vec<Found>,
    blanks: Vec<Blank>,
    options: Vec<Offer>,
    /// The verdict, and the height where the signature's place is.
    signature: Option<(Signature, f32)>,
    /// Where the purchaser's values belong there is ink that was not read.
    unread: bool,
    /// There is ink on the page, and next to no word.
    wordless: bool,
}

/// Pages with fewer words hold no paper.
const FEW_WORDS: usize = 4;
/// The share of a page's inner part that is ink from which it is not blank. A line of typing has a thousandth; specks and a fold less.
const INKED: f32 = 0.002;

/// Takes from a page's picture what reading needs of it. `ink`: the picture's, where there is one.
pub fn see(page: PageContent, ink: Option<&Ink>, ctx: &ReadContext) -> SeenPage {
    let layout = Layout::new(&page, ctx);
    let options = choices::read(&layout.sheet, ink, &page.marks, ctx.catalogue);
    let signature = signature::read(&layout.sheet, ink, &layout.labels, &layout.blanks);
    let unread = page.origin == PageOrigin::Ocr && ink.is_some_and(|ink| second::purchaser_unread(&layout, ink));
    let words = page.words.iter().filter(|w| w.text.chars().any(char::is_alphanumeric)).count();
    let wordless = words < FEW_WORDS && ink.is_some_and(|ink| ink.share_inside() > INKED);
    let Layout { labels, blanks, .. } = layout;
    SeenPage { labels, blanks, options, signature, unread, wordless, page: PageContent { image: None, ..page } }
}

impl SeenPage {
    pub fn number(&self) -> u32 {
        self.page.number
    }

    pub fn wordless(&self) -> bool {
        self.wordless
    }

    pub fn has_words(&self) -> bool {
        self.page.words.iter().filter(|w| w.text.chars().any(char::is_alphanumeric)).count() >= FEW_WORDS
    }
}

/// One page with everything that was found on it.
pub struct PageRead<'a> {
    pub sheet: Sheet<'a>,
    pub labels: &'a [Found],
    pub blanks: &'a [Blank],
    seen: &'a SeenPage,
}

impl<'a> PageRead<'a> {
    pub fn new(seen: &'a SeenPage) -> Self {
        PageRead { sheet: Sheet::new(&seen.page), labels: &seen.labels, blanks: &seen.blanks, seen }
    }

    /// See [`SeenPage`]: something was written where the purchaser's values belong, and not read.
    pub fn unread(&self) -> bool {
        self.seen.unread
    }

    /// Something was filled in: a purchaser's name, or two other blanks that hold what they ask for.
    pub fn filled(&self) -> bool {
        let sure = |b: &&Blank| b.fit > 0.55 && !matches!(b.label.concept, Concept::Barrier | Concept::Signature);
        self.blanks.iter().filter(sure).count() >= 2
    }
}

/// Reads a document: its first page, then what only later pages have.
pub fn read(pages: &[&PageRead], guess: &Guess, ctx: &ReadContext) -> Reading {
    let mut reading = Reading::default();
    let mut options: Vec<(Offer, u32)> = vec![];
    let mut stated: Option<Field<String>> = None;
    for (n, page) in pages.iter().enumerate() {
        let sheet = &page.sheet;
        options.extend(page.seen.options.iter().cloned().map(|o| (o, sheet.page.number)));
        if stated.is_none() {
            stated = choices::stated(sheet, ctx.catalogue)
                .map(|(name, toks, own)| field(sheet, &toks, name, if own { STATED } else { STATED_SOMEWHERE }));
        }
        if reading.digits_asked.is_none() {
            reading.digits_asked = digits_asked(page);
        }
        if n == 0 || reading.fields.purchaser_name.is_none() {
            parties::read(sheet, page.blanks, ctx.seller, &mut reading.fields);
        }
        // A paper that the state issues shows its holder as a letter shows whom it is sent to.
        if n == 0
            && guess.form.is_some_and(|form| form.issued)
            && reading.fields.purchaser_name.is_none()
            && reading.fields.purchaser_line1.is_none()
        {
            let seller = reading.fields.seller_name.clone();
            parties::addressee(sheet, &mut reading.fields);
            let merchant = reading.fields.purchaser_name.as_ref().zip(ctx.seller).is_some_and(|(n, m)| parties::same_name(m, &n.value));
            if merchant {
                reading.fields = Fields { seller_name: seller, ..Fields::default() };
            }
        }
        if n == 0 && guess.guess.id == "LETTER" && reading.fields.purchaser_name.is_none() {
            parties::addressee(sheet, &mut reading.fields);
            // A letter to the merchant: who wrote it is who buys.
            let to_merchant = reading.fields.purchaser_name.as_ref().zip(ctx.seller).is_some_and(|(n, m)| parties::same_name(m, &n.value));
            if to_merchant || reading.fields.purchaser_name.is_none() {
                let seller = reading.fields.seller_name.take();
                reading.fields = Fields { seller_name: seller, ..Fields::default() };
                parties::sender(sheet, ctx.seller, &mut reading.fields);
            }
        }
        reading.merchant_seen |= ctx.seller.is_some_and(|m| !parties::find_merchant(sheet, m).is_empty());
        if let Some((signature, at)) = page.seen.signature.clone() {
            let better = reading.signature.as_ref().is_none_or(|s| !s.present && signature.present);
            if better {
                reading.signature = Some(signature);
            }
            if reading.fields.signed_date.is_none() {
                reading.fields.signed_date = signed_date(page, at);
            }
        } else if reading.fields.signed_date.is_none() {
            reading.fields.signed_date = signed_date(page, 1.0);
        }
        if reading.fields.expiration_date.is_none() {
            reading.fields.expiration_date = expiration(page);
        }
        match guess.form.filter(|f| f.is_multistate()) {
            // A table can go on over the page.
            Some(form) => {
                let states::Table { claims, lost, disclaimers } = states::read(sheet, ctx.catalogue, &form.tables);
                reading.disclaimers.extend(disclaimers);
                reading.lost_numbers.extend(lost);
                for claim in claims {
                    if !reading.states.iter().any(|c| c.region == claim.region) {
                        reading.states.push(claim);
                    }
                }
            }
            None if reading.states.is_empty() => {
                reading.states = beside_their_states(page, ctx);
                if reading.states.is_empty() {
                    reading.states.extend(single_state(page, guess, &reading.fields, ctx));
                }
            }
            None => {}
        }
    }
    if guess.form.is_some_and(|f| f.is_multistate()) && reading.states.is_empty() {
        for page in pages {
            reading.states.extend(single_claim(page, issuer(page), ctx));
            if !reading.states.is_empty() {
                break;
            }
        }
    }
    blanket(&options, guess, &mut reading.fields);
    // No box for it: the printed text may say so.
    let asked = options.iter().any(|(o, _)| matches!(o.choice, Choice::Blanket(_)));
    if let (None, false, Some(page)) = (&reading.fields.blanket, asked, pages.iter().find(|p| says_blanket(&p.sheet))) {
        reading.fields.blanket = Some(Field { value: true, confidence: SAID_BLANKET, page: page.sheet.page.number, bbox: None });
    }
    reason(&options, guess, &mut reading);
    if let (None, Some(stated)) = (&reading.fields.reason, stated) {
        reading.fields.reason =
            Some(Field { value: ExemptionReason::new(&stated.value), confidence: stated.confidence, page: stated.page, bbox: stated.bbox });
    }
    reading
}

fn dated(page: &PageRead, concept: Concept) -> Vec<(Field<Date>, f32)> {
    let sheet = &page.sheet;
    let found = page.blanks.iter().filter(|b| b.label.concept == concept).filter_map(|b| {
        let date = dates::find(&sheet.text(&b.toks))?;
        Some((field(sheet, &b.toks, date, b.fit), sheet.area(&b.toks)?.mid_y()))
    });
    found.collect()
}

/// The date beside the signature; else any date that a label asks for; else a date that stands near the signature.
fn signed_date(page: &PageRead, signature_at: f32) -> Option<Field<Date>> {
    let sheet = &page.sheet;
    let labelled = dated(page, Concept::SignedDate);
    if let Some((found, _)) = labelled.into_iter().min_by(|a, b| (a.1 - signature_at).abs().total_cmp(&(b.1 - signature_at).abs())) {
        return Some(found);
    }
    let near: Vec<&Vec<usize>> =
        sheet.runs.iter().filter(|run| run.iter().any(|&i| (sheet.toks[i].area.mid_y() - signature_at).abs() < 6.0 * sheet.h)).collect();
    near.into_iter().find_map(|run| {
        let expires = page.blanks.iter().any(|b| b.label.concept == Concept::Expires && b.toks.iter().any(|i| run.contains(i)));
        let toks: Vec<usize> = run.iter().copied().filter(|&i| sheet.toks[i].text.chars().any(|c| c.is_ascii_digit())).collect();
        let date = dates::find(&sheet.text(run)).filter(|_| !expires && run.len() <= 12)?;
        Some(field(sheet, &toks, date, 0.5))
    })
}

fn expiration(page: &PageRead) -> Option<Field<Date>> {
    dated(page, Concept::Expires).into_iter().map(|d| d.0).max_by(|a, b| a.confidence.total_cmp(&b.confidence))
}

fn issuer(page: &PageRead) -> Option<Region> {
    page.blanks.iter().filter(|b| b.label.concept == Concept::Issuer).find_map(|b| super::address::state(&page.sheet.text(&b.toks)))
}

/// How much of its legibility a reason keeps that was written out: its words are the buyer's own.
const STATED: f32 = 0.8;
/// The same where it stands between other words: a hint for a person.
const STATED_SOMEWHERE: f32 = 0.5;

/// How sure a number is at most whose state is only that of the purchaser's address: buyers register in other states too.
const STATE_OF_ADDRESS: f32 = 0.5;

fn single_state(page: &PageRead, guess: &Guess, fields: &Fields, ctx: &ReadContext) -> Option<StateClaim> {
    if let Some(region) = guess.region.clone().or_else(|| issuer(page)) {
        return single_claim(page, Some(region), ctx);
    }
    let home = fields.purchaser_region.as_ref().map(|f| f.value.clone());
    single_claim(page, home, ctx).map(|claim| StateClaim { confidence: claim.confidence.min(STATE_OF_ADDRESS), ..claim })
}

/// The other labels on a label's line.
fn row<'p>(page: &'p PageRead, label: &'p Found) -> impl Iterator<Item = &'p Found> {
    let h = page.sheet.h;
    page.labels.iter().filter(move |l| (l.area.mid_y() - label.area.mid_y()).abs() < 1.2 * h && l.toks != label.toks)
}

/// The label right beside a number's that asks for its state, and whether it stands before it.
fn issuer_beside<'p>(page: &'p PageRead, label: &'p Found) -> Option<(&'p Found, bool)> {
    let h = page.sheet.h;
    let left = row(page, label).filter(|l| l.area.right <= label.area.left + h).max_by(|a, b| a.area.right.total_cmp(&b.area.right));
    let right = row(page, label).filter(|l| l.area.left >= label.area.right - h).min_by(|a, b| a.area.left.total_cmp(&b.area.left));
    let issuer = |found: Option<&'p Found>, before| found.filter(|l| l.concept == Concept::Issuer).map(|l| (l, before));
    issuer(left, true).or_else(|| issuer(right, false))
}

/// Numbers with their state written beside them: “City or State | State Registration No.” side by side, repeated over the form or as the head
/// of a table, and “Tax ID number | State of issue”.
fn beside_their_states(page: &PageRead, ctx: &ReadContext) -> Vec<StateClaim> {
    let sheet = &page.sheet;
    let h = sheet.h;
    let mut claims: Vec<StateClaim> = vec![];
    let mut add = |region: Option<Region>, toks: &[usize]| {
        let Some(region) = region else { return };
        let words: Vec<&str> = toks.iter().map(|&i| sheet.toks[i].text.as_str()).collect();
        let picked = numbers::pick(&words, ctx.catalogue.jurisdiction(&region)).filter(|_| !numbers::is_no_number(&words.join(" ")));
        let Some((number, used)) = picked else { return };
        if !claims.iter().any(|c| c.region == region) {
            let doubt = if numbers::left_over(&words, &used) { numbers::CUT_OFF } else { 1.0 };
            let toks = &toks[used];
            let confidence = (sheet.confidence(toks) * doubt).min(0.99);
            claims.push(StateClaim {
                ends_by_rule: None,
                region,
                number: TaxNumber::new(&number),
                confidence,
                page: sheet.page.number,
                bbox: sheet.page_box(toks),
            });
        }
    };
    let blank = |label: &Found| page.blanks.iter().find(|b| b.label.toks == label.toks && b.fit >= 0.3);
    let state = |toks: &[usize]| parties::state_in(&sheet.text(toks));
    for label in page.labels.iter().filter(|l| l.concept == Concept::Number && l.party != Party::Seller && !l.inline) {
        let Some((issuer, before)) = issuer_beside(page, label) else { continue };
        if let (Some(number), Some(of)) = (blank(label), blank(issuer)) {
            add(state(&of.toks), &number.toks);
        }
        // The head of a table: rows of a state and its number below.
        if !before || blank(label).is_some_and(|b| b.side != places::Side::Below) {
            continue;
        }
        let right = row(page, label).filter(|l| l.area.left >= label.area.right - h).map(|l| l.area.left).fold(f32::MAX, f32::min);
        let end = (label.area.right + 20.0 * h).min(right - h);
        let (mut bottom, start) = (label.area.bottom.max(issuer.area.bottom), issuer.area.left - 3.0 * h);
        let middle = label.area.left - 1.5 * h;
        let below = sheet.within(BBox::new(start, bottom, end, bottom + 40.0 * h));
        let mut heights: Vec<f32> = below.iter().map(|&i| sheet.toks[i].area.mid_y()).collect();
        heights.sort_by(f32::total_cmp);
        for height in heights {
            if height < bottom {
                continue;
            }
            if height - bottom > 4.5 * h {
                break;
            }
            let words = sheet.within(BBox::new(start, height - 0.4 * h, end, height + 0.9 * h));
            if words.iter().any(|i| page.labels.iter().any(|l| l.toks.contains(i))) || words.len() > 8 {
                break;
            }
            let (of, number): (Vec<usize>, Vec<usize>) = words.into_iter().partition(|&i| sheet.toks[i].area.mid_x() < middle);
            add(state(&of), &number);
            bottom = height + 0.9 * h;
        }
    }
    claims
}

/// The number beside the best label that asks for one.
fn single_claim(page: &PageRead, region: Option<Region>, ctx: &ReadContext) -> Option<StateClaim> {
    let region = region?;
    let sheet = &page.sheet;
    let state = ctx.catalogue.jurisdiction(&region);
    let mut best: Option<(f32, StateClaim)> = None;
    for blank in page.blanks.iter().filter(|b| b.label.concept == Concept::Number && b.label.party != Party::Seller) {
        let words: Vec<&str> = blank.toks.iter().map(|&i| sheet.toks[i].text.as_str()).collect();
        if numbers::is_no_number(&words.join(" ")) {
            continue;
        }
        let Some((number, used)) = numbers::pick(&words, state) else { continue };
        let fit = numbers::fits(&number, state);
        // Of digits written one to a box one is easily lost, and the pattern tells.
        let torn = used.len() > 3 && fit == Some(false);
        let left_over = torn || numbers::left_over(&words, &used);
        let toks = &blank.toks[used];
        let score = blank.label.rank as f32 + 4.0 * blank.fit + if fit == Some(true) { 3.0 } else { 0.0 };
        if best.as_ref().is_none_or(|(b, _)| score > *b) {
            let doubt = if fit == Some(false) { 0.9 } else { 1.0 } * if left_over { numbers::CUT_OFF } else { 1.0 };
            // Another state may stand beside it that was not read.
            let other = issuer_beside(page, &blank.label).is_some_and(|(issuer, before)| {
                let value = page.blanks.iter().find(|b| b.label.toks == issuer.toks);
                value.map_or(before, |b| parties::state_in(&sheet.text(&b.toks)).is_none())
            });
            let most = if other { STATE_OF_ADDRESS } else { 0.99 };
            let confidence = (sheet.confidence(toks) * doubt).min(most);
            best = Some((
                score,
                StateClaim {
                    ends_by_rule: None,
                    region: region.clone(),
                    number: TaxNumber::new(&number),
                    confidence,
                    page: sheet.page.number,
                    bbox: sheet.page_box(toks),
                },
            ));
        }
    }
    best.map(|(_, claim)| claim)
}

/// “(must contain 11 digits)”, “Permit number (10 digits)”: what the number's own caption says of its length.
fn digits_asked(page: &PageRead) -> Option<usize> {
    let sheet = &page.sheet;
    let wanted = page.labels.iter().filter(|l| l.concept == Concept::Number && l.party != Party::Seller);
    wanted.filter_map(|l| sheet.runs.get(sheet.toks.get(*l.toks.first()?)?.run)).find_map(|run| {
        let at = run.iter().position(|&i| sheet.toks[i].folded == "digits").filter(|&at| at > 0)?;
        sheet.toks[run[at - 1]].folded.parse().ok().filter(|n| (4..=20).contains(n))
    })
}

/// How sure it is that a paper is for all purchases whose printed text says so.
const SAID_BLANKET: f32 = 0.7;

/// “… for all purchases from this seller until revoked in writing …”
fn says_blanket(sheet: &Sheet) -> bool {
    let text: String = sheet.runs.iter().flatten().map(|&i| sheet.toks[i].folded.as_str()).collect();
    ["untilrevoked", "untilcanceled", "untilcancelled", "untilitisrevoked", "untilwithdrawn", "untilitiswithdrawn", "allfuturepurchases"]
        .iter()
        .any(|said| text.contains(said))
}

fn blanket(options: &[(Offer, u32)], guess: &Guess, fields: &mut Fields) {
    let rule = guess.form.map_or(BlanketRule::Asks, |f| f.blanket);
    let said = |wanted: bool| options.iter().filter(move |(o, _)| o.choice == Choice::Blanket(wanted));
    let ticked = |wanted: bool| said(wanted).find(|(o, _)| o.ticked);
    let from = |o: &Offer, page: u32, value: bool| Some(Field { value, confidence: o.confidence, page, bbox: Some(o.page_box) });
    fields.blanket = match (rule, ticked(true), ticked(false)) {
        (BlanketRule::Always, ..) => Some(Field { value: true, confidence: 0.9, page: 1, bbox: None }),
        (BlanketRule::Never, ..) => Some(Field { value: false, confidence: 0.9, page: 1, bbox: None }),
        (_, Some((o, page)), None) => from(o, *page, true),
        (_, None, Some((o, page))) => from(o, *page, false),
        (BlanketRule::UnlessSingle, None, None) => said(false).find(|(o, _)| o.confidence > 0.6).and_then(|(o, page)| from(o, *page, true)),
        // A form with a box for blanket alone: left empty, it is not.
        (BlanketRule::Asks, None, None) if said(false).next().is_none() => {
            let empty = |o: &Offer| o.seen.framed && o.confidence > 0.8;
            let all = said(true).count() > 0 && said(true).all(|(o, _)| empty(o));
            said(true).find(|_| all).and_then(|(o, page)| from(o, *page, false))
        }
        // Both or none: the paper does not say.
        _ => None,
    };
}

/// How sure the reason is that a form claims when nothing is ticked.
const BY_DEFAULT: f32 = 0.85;

fn reason(options: &[(Offer, u32)], guess: &Guess, reading: &mut Reading) {
    let page = reading.fields.purchaser_name.as_ref().map_or(1, |f| f.page);
    let claimed = |name: &str, confidence: f32| Some(Field { value: ExemptionReason::new(name), confidence, page, bbox: None });
    let mut ticked: Vec<(&str, f32, u32, crate::domain::BBox)> = vec![];
    for (option, page) in options.iter().filter(|(o, _)| o.ticked) {
        if let Choice::Reason(name) = &option.choice
            && !ticked.iter().any(|t| t.0 == name)
        {
            ticked.push((name, option.confidence, *page, option.page_box));
        }
    }
    reading.reasons = ticked.iter().map(|t| t.0.to_owned()).collect();
    let form_reason = guess.form.and_then(|f| f.kind.reason());
    reading.fields.reason = match (form_reason, &ticked[..]) {
        (Some(name), _) => claimed(name, 0.97),
        (None, [only]) => {
            // A tick that is hardly seen, beside what the form means without any: no less sure than none.
            let usual = guess.form.and_then(|f| f.default_reason.as_deref()) == Some(only.0);
            let sure = if usual { only.1.max(BY_DEFAULT) } else { only.1 };
            Some(Field { value: ExemptionReason::new(only.0), confidence: sure, page: only.2, bbox: Some(only.3) })
        }
        (None, [first, ..]) => {
            // Several ticks: resale with others is resale, but a human should look.
            let name = ticked.iter().find(|t| t.0 == "RESALE").unwrap_or(first).0;
            claimed(name, 0.5)
        }
        (None, []) => match guess.form.and_then(|f| f.default_reason.as_deref()) {
            Some(name) => claimed(name, BY_DEFAULT),
            None if guess.resale_title => claimed("RESALE", 0.9),
            None => None,
        },
    };
}

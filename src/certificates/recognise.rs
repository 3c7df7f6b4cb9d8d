//! Which form is this page?
//!
//! Owns: weighing a form's number, its title and its state on a page; letters; forms nobody listed. Must not touch: fields.
//! Called by: `pages`.

use super::catalogue::{Catalogue, Form, Kind};
use super::sheet::Sheet;
use super::text::{alike_within, fold, is_sentence_word};
use crate::domain::{FormGuess, Region};

/// Sum of evidence from which a form counts as known.
const KNOWN: f32 = 0.55;

/// A form on a page, and how it was known.
#[derive(Debug, Clone)]
pub struct Guess<'c> {
    pub form: Option<&'c Form>,
    pub guess: FormGuess,
    /// The state the paper is of, where one state's.
    pub region: Option<Region>,
    /// The title stands in the upper part: a first page.
    pub titled: bool,
    /// The words of the title that were read, folded: they tell a resale side from an exemption side.
    pub resale_title: bool,
}

/// Letters that OCR takes for digits, made digits on both sides.
fn canon(text: &str) -> String {
    fold(text)
        .chars()
        .map(|c| match c {
            'o' => '0',
            'i' | 'l' => '1',
            's' => '5',
            'z' => '2',
            'b' => '8',
            c => c,
        })
        .collect()
}

struct Text {
    /// Canonical words (and neighbouring pairs) of the top and bottom strips, with whether `form` stands before.
    marks: Vec<(String, bool)>,
    /// The upper part in two reading orders.
    upper: [String; 2],
    all: String,
    head: String,
    /// As `all` and `head`, with a blank around each word and a bar between stretches: names of states are whole words.
    all_words: String,
    head_words: String,
}

impl Text {
    fn of(sheet: &Sheet) -> Text {
        let mut marks = vec![];
        for run in &sheet.runs {
            for (n, &i) in run.iter().enumerate() {
                let y = sheet.toks[i].page_box.mid_y();
                let after_form = n > 0 && matches!(sheet.toks[run[n - 1]].folded.as_str(), "form" | "forms" | "certificate");
                if (0.2..=0.86).contains(&y) {
                    continue;
                }
                let mut joined = String::new();
                for &j in run[n..].iter().take(3) {
                    joined.push_str(&canon(&sheet.toks[j].text));
                    marks.push((joined.clone(), after_form));
                }
            }
        }
        // A sentence is no title: “we hold Oklahoma sales tax permit number …”.
        let prose: Vec<bool> = sheet.runs.iter().map(|run| is_sentence(sheet, run)).collect();
        let titles = sheet.runs.iter().zip(&prose).filter(|(_, prose)| !**prose).flat_map(|(run, _)| run).map(|&i| &sheet.toks[i]);
        let by_line = titles.filter(|t| (-1.0..=0.33).contains(&t.area.mid_y())).map(|t| t.folded.as_str()).collect();
        let as_read = sheet.toks.iter().filter(|t| t.page_box.mid_y() < 0.33 && !prose[t.run]).map(|t| t.folded.as_str()).collect();
        Text {
            marks,
            upper: [by_line, as_read],
            all: sheet.toks.iter().map(|t| t.folded.as_str()).collect(),
            head: sheet.folded_between(-1.0, HEAD),
            all_words: words(sheet, f32::MAX),
            head_words: words(sheet, HEAD),
        }
    }

    fn title(&self, title: &str) -> f64 {
        let title = fold(title);
        self.upper.iter().map(|text| alike_within(&title, text, 0.8)).fold(0.0, f64::max)
    }
}

fn is_sentence(sheet: &Sheet, run: &[usize]) -> bool {
    let words = run.iter().map(|&i| sheet.toks[i].folded.as_str()).filter(|w| !w.is_empty());
    let (all, own) = words.fold((0, 0), |(all, own), w| (all + 1, own + usize::from(is_sentence_word(w))));
    all >= 9 && own * 10 >= all * 3
}

/// The head of a page, in page heights.
const HEAD: f32 = 0.22;

fn words(sheet: &Sheet, bottom: f32) -> String {
    let mut text = String::from(" ");
    for run in &sheet.runs {
        for tok in run.iter().map(|&i| &sheet.toks[i]).filter(|t| t.area.mid_y() <= bottom && !t.folded.is_empty()) {
            text.push_str(&tok.folded);
            text.push(' ');
        }
        text.push_str("| ");
    }
    text
}

/// Whether a state's name stands in a text of whole words: `new york`, or run together. “Ohio's” counts, “West Virginia” is not Virginia.
fn names(text: &str, name: &str) -> bool {
    let words: Vec<String> = name.split(' ').map(fold).collect();
    let text = if words == ["virginia"] { text.replace(" west virginia ", " ") } else { text.to_owned() };
    let whole = words.join(" ");
    [format!(" {whole} "), format!(" {whole}s "), format!(" {} ", words.concat())].iter().any(|n| text.contains(n.as_str()))
}

/// The best form for a page; `None` for what is no certificate.
pub fn recognise<'c>(sheet: &Sheet, catalogue: &'c Catalogue) -> Option<Guess<'c>> {
    let text = Text::of(sheet);
    if text.all.len() < 40 {
        return None;
    }
    let states = state_evidence(&text, catalogue);
    let mut best: Option<(f32, Guess)> = None;
    for form in &catalogue.forms {
        let number = number_evidence(form, &text);
        let state = match &form.region {
            Some(region) => states.iter().find(|(r, _)| r == region).map_or(0.0, |(_, s)| *s),
            None => 0.0,
        };
        if number == 0.0 && state == 0.0 && !form.is_multistate() {
            continue;
        }
        let (likeness, length) = form
            .titles
            .iter()
            .map(|t| (text.title(t), fold(t).len()))
            .max_by(|a, b| (a.0 * a.1 as f64).total_cmp(&(b.0 * b.1 as f64)))
            .unwrap_or((0.0, 0));
        // A long title says more than “Resale Certificate”.
        let title = if likeness > 0.0 { likeness as f32 * (0.25 + 0.15 * (length as f32 / 30.0).min(1.2)) } else { 0.0 };
        // The state's name in the title that was read is as good as its agency.
        let names_state =
            form.region.as_ref().is_some_and(|r| form.titles.iter().any(|t| fold(t).contains(&fold(r.name())) && text.title(t) > 0.86));
        let state = if names_state { state.max(0.9) } else { state };
        let score = match form.is_multistate() {
            true => 0.4 * number + if likeness > 0.0 && length > 30 { likeness as f32 * 0.7 } else { title },
            false => 0.35 * number + title + 0.3 * state,
        };
        let sound = title > 0.0 || number > 0.0 && state > 0.0 && certificate_words(&text.upper[0]);
        if sound && score >= KNOWN && best.as_ref().is_none_or(|(b, _)| score > *b) {
            let resale_title = form.kind == Kind::Resale || resale_title(form, &text);
            let guess = FormGuess { id: form.id.clone(), title: form.title().to_owned(), confidence: score.min(0.99) };
            best = Some((score, Guess { form: Some(form), guess, region: form.region.clone(), titled: title > 0.0, resale_title }));
        }
    }
    if let Some((_, guess)) = best {
        return Some(guess);
    }
    unlisted(&text, &states)
}

/// “Resale” in the title itself, rather than in an option.
fn resale_title(form: &Form, text: &Text) -> bool {
    let resale =
        form.titles.iter().filter(|t| fold(t).contains("resale") && !fold(t).contains("exempt")).map(|t| text.title(t)).fold(0.0, f64::max);
    let other = form.titles.iter().filter(|t| !fold(t).contains("resale")).map(|t| text.title(t)).fold(0.0, f64::max);
    resale > 0.85 && resale >= other
}

fn number_evidence(form: &Form, text: &Text) -> f32 {
    let mut best: f32 = 0.0;
    for number in &form.numbers {
        let wanted = canon(number);
        // `13` and `149` are everywhere: they count only after “Form”.
        let short = wanted.len() <= 4 && wanted.chars().all(|c| c.is_ascii_digit());
        for (mark, after_form) in &text.marks {
            if *mark == wanted && (!short || *after_form) {
                best = best.max(1.0);
            } else if wanted.len() >= 5
                && mark.len() > wanted.len()
                && mark.len() < wanted.len() + 8
                && (mark.starts_with(&wanted) || mark.ends_with(&wanted))
            {
                best = best.max(0.8);
            } else if *mark == format!("f0rm{wanted}") {
                best = 1.0;
            }
        }
    }
    best
}

/// States named on the page: by their tax agency, or by name in the head.
fn state_evidence(text: &Text, catalogue: &Catalogue) -> Vec<(Region, f32)> {
    let mut found = vec![];
    for state in &catalogue.jurisdictions {
        let agency = state.agencies.iter().map(|a| alike_within(&fold(a), &text.all, 0.88)).fold(0.0, f64::max);
        let mut score: f32 = if agency > 0.0 { 0.9 } else { 0.0 };
        // “Virginia” stands in “West Virginia”, “Kansas” in “Arkansas”: their agencies need the state's own name on the page too.
        let within_another = matches!(state.name.as_str(), "Virginia" | "Kansas");
        let named = names(&text.all_words, &state.name);
        if within_another && !named {
            score = 0.0;
        } else if names(&text.head_words, &state.name) {
            score = (score + 0.3).max(0.5);
        } else if score == 0.0 && named {
            score = 0.4;
        }
        if score > 0.0 {
            found.push((state.region.clone(), score.min(1.0)));
        }
    }
    // Where many states are named the page is about none of them.
    if found.len() > 6 {
        found.iter_mut().for_each(|f| f.1 *= 0.6);
    }
    found
}

const RESALE_WORDS: &[&str] = &[
    "resalecertificate",
    "certificateofresale",
    "certificateforresale",
    "resaleexemptioncertificate",
    "salesforresale",
    "annualresale",
    "resellerpermit",
    "resalecertification",
];
const EXEMPT_WORDS: &[&str] = &[
    "exemptioncertificate",
    "certificateofexemption",
    "exemptioncertification",
    "exemptcertificate",
    "exemptusecertificate",
    "exemptpurchasecertificate",
    "exemptpurchasercertificate",
    "exemptorganizationcertificate",
    "declarationofexemption",
    "directpaypermit",
];

fn certificate_words(upper: &str) -> bool {
    RESALE_WORDS.iter().chain(EXEMPT_WORDS).any(|w| alike_within(w, upper, 0.88) > 0.0)
}

/// A certificate on no list: its head says so. Else perhaps a letter.
fn unlisted<'c>(text: &Text, states: &[(Region, f32)]) -> Option<Guess<'c>> {
    let region = states.iter().max_by(|a, b| a.1.total_cmp(&b.1)).filter(|(_, s)| *s >= 0.4).map(|(r, _)| r.clone());
    let has = |words: &[&str], hay: &str| words.iter().map(|w| alike_within(w, hay, 0.9)).fold(0.0, f64::max) > 0.0;
    // The head alone: an invoice mentions “resale certificate” further down.
    let invoice = ["invoice", "purchaseorder", "statement", "packingslip", "quotation"].iter().any(|w| text.head.contains(w));
    let (resale, exempt) = (has(RESALE_WORDS, &text.head), has(EXEMPT_WORDS, &text.head));
    if (resale || exempt) && !invoice {
        let word = if resale { "RESALE" } else { "EXEMPTION" };
        let id = match &region {
            Some(region) => format!("{}-{word}", region.code()),
            None => word.to_owned(),
        };
        let title = if resale { "Resale certificate" } else { "Exemption certificate" };
        return Some(Guess {
            form: None,
            guess: FormGuess { id, title: title.into(), confidence: if region.is_some() { 0.6 } else { 0.45 } },
            region,
            titled: true,
            resale_title: resale,
        });
    }
    let letter = text.all.contains("exempt")
        && (text.all.contains("determinationletter") || text.all.contains("exemptstatus") || text.all.contains("salestaxexemption"))
        && (text.all.contains("dear")
            || text.all.contains("towhomitmayconcern")
            || text.all.contains("inreplyreferto")
            || text.all.contains("thisletter")
            || text.all.contains("sincerely") && text.all.contains("yourorganization"));
    // A company's own letter: “… are purchased for resale …”.
    let greeted = ["dear", "towhomitmayconcern", "sincerely", "verytrulyyours"].iter().any(|w| text.all.contains(w));
    let resale = !letter && greeted && ["forresale", "beresold"].iter().any(|w| text.all.contains(w)) && text.all.contains("certif");
    ((letter || resale) && !invoice).then(|| Guess {
        form: None,
        guess: FormGuess { id: "LETTER".into(), title: if resale { "Resale letter" } else { "Exemption letter" }.into(), confidence: 0.6 },
        region,
        titled: true,
        resale_title: resale,
    })
}

#[cfg(test)]
mod tests {
    use super::super::sheet::tests::page;
    use super::*;

    fn id(words: &[(f32, f32, &str)]) -> Option<String> {
        let page = page(words);
        recognise(&Sheet::new(&page), Catalogue::builtin()).map(|g| g.guess.id)
    }

    #[test]
    fn numbers_titles_and_states_together() {
        let filler = (0.1, 0.5, "the purchaser certifies that the goods are bought for sale in the usual course of business");
        assert_eq!(
            id(&[(0.3, 0.05, "Texas Sales and Use Tax Resale Certificate"), (0.1, 0.03, "01-339"), filler]).as_deref(),
            Some("TX-01-339")
        );
        assert_eq!(
            id(&[(0.1, 0.03, "ST-3"), (0.3, 0.03, "New Jersey Division of Taxation"), (0.3, 0.06, "Resale Certificate"), filler])
                .as_deref(),
            Some("NJ-ST-3")
        );
        assert_eq!(
            id(&[
                (0.1, 0.03, "Form ST-4"),
                (0.6, 0.03, "Massachusetts Department of Revenue"),
                (0.3, 0.06, "Sales Tax Resale Certificate"),
                filler
            ])
            .as_deref(),
            Some("MA-ST-4")
        );
        assert_eq!(
            id(&[(0.1, 0.03, "Uniform Sales & Use Tax Exemption/Resale Certificate — Multijurisdiction"), filler]).as_deref(),
            Some("MTC")
        );
    }

    #[test]
    fn an_invoice_is_no_certificate() {
        let words = [
            (0.4, 0.05, "INVOICE"),
            (0.1, 0.1, "Sold for resale, resale certificate on file"),
            (0.1, 0.5, "Texas orders are shipped without sales tax when exempt and listed here for you"),
        ];
        assert_eq!(id(&words), None);
    }
}

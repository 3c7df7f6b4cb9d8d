//! Splits a file's pages into papers, and makes a document of each.
//!
//! Owns: which pages form one paper. Must not touch: fields (it asks `read`). Called by: the wizard, `extract`.

use super::catalogue::{Concept, Party};
use super::ink::Ink;
use super::read::{self, Layout, PageRead, SeenPage};
use super::recognise::{self, Guess};
use super::{ReadContext, RuleContext, rules, settle};
use crate::domain::{Document, Hints, PageContent, PageView, Paper, Policy, Sha256, Signature};

struct Draft<'a, 'c> {
    pages: Vec<PageRead<'a>>,
    guess: Option<Guess<'c>>,
    /// There is something on the pages, and no word of it could be read.
    wordless: bool,
}

/// Splits one file's pages into documents, reads each and asks the rules. See [`read_papers`] and [`judge`].
pub fn read_documents(file: &str, sha256: &Sha256, pages: &[SeenPage], hints: &Hints, ctx: &RuleContext) -> Vec<Document> {
    read_papers(pages, hints, &ctx.reading()).into_iter().map(|paper| judge(file, sha256, paper, ctx)).collect()
}

/// Splits one file's pages into papers and reads each. Never panics. Blank and instruction pages belong to no paper; pages on which there is
/// something, but nothing that could be read, are one for a person.
///
/// `hints`: where a person said that papers begin and go on, whatever the pages look like.
pub fn read_papers(pages: &[SeenPage], hints: &Hints, ctx: &ReadContext) -> Vec<Paper> {
    let mut drafts: Vec<Draft> = vec![];
    for page in pages {
        let read = PageRead::new(page);
        if hints.cuts.contains(&page.number()) {
            let guess = recognise::recognise(&read.sheet, ctx.catalogue);
            drafts.push(Draft { pages: vec![read], guess, wordless: page.wordless() });
            continue;
        }
        if let (true, Some(draft)) = (hints.joins.contains(&page.number()), drafts.last_mut()) {
            draft.pages.push(read);
            continue;
        }
        if page.wordless() {
            match drafts.last_mut().filter(|d| d.wordless) {
                Some(draft) => draft.pages.push(read),
                None => drafts.push(Draft { pages: vec![read], guess: None, wordless: true }),
            }
            continue;
        }
        if !page.has_words() {
            continue;
        }
        let guess = recognise::recognise(&read.sheet, ctx.catalogue);
        let before = drafts.last_mut();
        match role(&read, guess.as_ref(), before.as_deref()) {
            Role::Start => drafts.push(Draft { pages: vec![read], guess, wordless: false }),
            Role::Continues => {
                if let Some(draft) = before {
                    draft.pages.push(read);
                }
            }
            Role::Nothing => {}
        }
    }
    drafts.iter().map(|draft| paper(draft, ctx)).collect()
}

enum Role {
    Start,
    Continues,
    /// Instructions, the unfilled back of a form.
    Nothing,
}

fn role(page: &PageRead, guess: Option<&Guess>, before: Option<&Draft>) -> Role {
    let named = page.labels.iter().any(|l| l.party == Party::Purchaser && matches!(l.concept, Concept::Name | Concept::Block));
    let signing = page.labels.iter().any(|l| l.concept == Concept::Signature && !l.inline);
    let head = page.sheet.folded_between(-1.0, 0.15);
    let instructions = head.contains("instructions") && !page.filled() && !page.unread();
    let Some(draft) = before else {
        // The first paper of a file is always told of, unless it is mere instructions.
        return if instructions && guess.is_none() { Role::Nothing } else { Role::Start };
    };
    let same = match (guess, &draft.guess) {
        (Some(a), Some(b)) => a.guess.id == b.guess.id,
        _ => false,
    };
    match guess {
        Some(_) if instructions => Role::Nothing,
        // The other side of the same form, or its copy with nothing filled in. What was filled in and not read is another paper.
        Some(g) if same && !(g.titled && named && (page.filled() || page.unread())) => {
            if signing && !g.titled {
                Role::Continues
            } else {
                Role::Nothing
            }
        }
        Some(g) if g.titled && (named || page.filled()) => Role::Start,
        Some(_) if page.filled() && named => Role::Start,
        _ if signing && !named && draft.guess.is_some() => Role::Continues,
        _ if instructions => Role::Nothing,
        None if page.filled() || page.sheet.toks.len() < 150 => Role::Start,
        _ => Role::Nothing,
    }
}

fn paper(draft: &Draft, ctx: &ReadContext) -> Paper {
    let first = draft.pages.first().map_or(1, |p| p.sheet.page.number);
    let last = draft.pages.last().map_or(first, |p| p.sheet.page.number);
    let pages: Vec<&PageRead> = draft.pages.iter().collect();
    Paper {
        pages: [first, last],
        form: draft.guess.as_ref().map(|g| g.guess.clone()),
        listed: draft.guess.as_ref().is_some_and(|g| g.form.is_some()),
        reading: draft.guess.as_ref().map(|guess| read::read(&pages, guess, ctx)).unwrap_or_default(),
        mentions: mentions(&pages),
        views: pages.iter().filter_map(|page| view(&page.sheet)).collect(),
        wordless: draft.wordless,
    }
}

/// The document that a paper is: what was read, and what the rules say of it on this day.
///
/// `matched` is `None`; findings, disposition and reasons come from the paper alone, see [`super::settle`].
pub fn judge(file: &str, sha256: &Sha256, paper: Paper, ctx: &RuleContext) -> Document {
    let Paper { pages, form, listed, reading, mentions, views, wordless } = paper;
    let mut document = Document {
        file: file.to_owned(),
        sha256: sha256.clone(),
        pages,
        form,
        signature: reading.signature.clone().unwrap_or(Signature { present: false, confidence: 0.0 }),
        fields: reading.fields.clone(),
        states: reading.states.clone(),
        mentions,
        findings: vec![],
        matched: None,
        disposition: crate::domain::Disposition::Review,
        reasons: vec![],
        views,
        drawn: false,
        ruled: None,
    };
    let form = document.form.as_ref().filter(|_| listed).and_then(|form| ctx.catalogue.form(&form.id));
    rules::set_ends(&mut document, form, ctx);
    document.findings = match wordless {
        true => vec![rules::wordless()],
        false => rules::findings(&document, &reading, form, ctx),
    };
    settle::settle(
        &mut document,
        None,
        settle::Case { policy: &Policy::default(), today: ctx.today, customers_known: false, customer: None },
    );
    document
}

fn view(sheet: &super::sheet::Sheet) -> Option<PageView> {
    let PageContent { number: page, turned, corners, levelled, .. } = *sheet.page;
    (turned != 0 || levelled != 0.0 || corners.is_some()).then_some(PageView { page, corners, turned, levelled })
}

/// Words that may be a customer's code or e-mail address, each once. Which they are only the customer list tells.
fn mentions(pages: &[&PageRead]) -> Vec<String> {
    let mut found: Vec<String> = vec![];
    for tok in pages.iter().flat_map(|page| &page.sheet.toks) {
        let word = tok.text.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        let email = word.contains('@') && word.contains('.');
        let code = (4..=20).contains(&word.len())
            && word.chars().any(|c| c.is_ascii_digit())
            && word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
        if (email || code) && word.len() <= 100 && found.len() < Document::MOST_MENTIONS && !found.iter().any(|f| f == word) {
            found.push(word.to_owned());
        }
    }
    found
}

/// What was seen on one page, in words: the form, each label with its value, each option. For whoever adds a form or a label.
pub fn explain_page(page: &PageContent, ctx: &ReadContext) -> Vec<String> {
    let read = Layout::new(page, ctx);
    let sheet = &read.sheet;
    let mut lines = vec![];
    match recognise::recognise(sheet, ctx.catalogue) {
        Some(g) => lines.push(format!(
            "form {} {:.2} region {:?} titled {}",
            g.guess.id,
            g.guess.confidence,
            g.region.map(|r| r.code().to_owned()),
            g.titled
        )),
        None => lines.push("form unknown".to_owned()),
    }
    for label in &read.labels {
        let answer = read.blanks.iter().find(|b| b.label.toks == label.toks);
        let value = answer.map_or("-".to_owned(), |b| format!("{:?} {:.2} “{}”", b.side, b.fit, sheet.text(&b.toks)));
        lines.push(format!(
            "{:.3} {:.3} {:?} {:?} rank {} “{}” = {value}",
            label.area.left,
            label.area.mid_y(),
            label.concept,
            label.party,
            label.rank,
            sheet.text(&label.toks)
        ));
    }
    let ink = page.image.as_deref().and_then(Ink::new);
    for option in super::choices::read(sheet, ink.as_ref(), &page.marks, ctx.catalogue) {
        lines.push(format!(
            "{:.3} {:.3} {:?} ticked {} {:.2} {:?}",
            option.page_box.left,
            option.page_box.mid_y(),
            option.choice,
            option.ticked,
            option.confidence,
            option.seen
        ));
    }
    lines.push(format!("signature {:?}", super::signature::read(sheet, ink.as_ref(), &read.labels, &read.blanks)));
    lines
}

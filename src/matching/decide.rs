//! Chooses the customer and says whether that is sure.
//!
//! Owns: the thresholds and the rule of two independent agreements. Must not touch: how points are compared.
//! Called by: the wizard, `extract` and the review, through `Index`.

use super::block::{Index, of_document};
use super::compare::{self, CodeSeen, Points};
use super::explain;
use super::score::{hints, score};
use crate::domain::{CustomerCode, Document, Match, RunnerUp};

/// The same company in another spelling. Measured on made-up look-alikes: spellings of one name reach 0.92 and more, names that differ in one
/// word stay under 0.88.
const NAME_AGREES: f64 = 0.92;
/// A weaker name, enough where street, ZIP and house number agree to the letter and nobody else is near.
const NAME_NEARLY: f64 = 0.82;
/// Street lines with the same house number and words misread at most here and there.
const STREET_AGREES: f64 = 0.85;
/// Below this a candidate is not worth showing.
const WORTH_SHOWING: f64 = 0.45;
/// The best must lead the runner-up by this much to be sure.
const LEAD: f64 = 0.1;
/// A runner-up whose name agrees too must differ clearly in its place.
const LEAD_SAME_NAME: f64 = 0.15;
/// Less alike, a code of theirs on the paper is chance.
const SOMEWHAT_ALIKE: f64 = 0.3;
/// A name read with less trust than this decides nothing.
const READ_WELL: f32 = 0.45;

struct Candidate {
    index: usize,
    points: Points,
    score: f64,
}

impl Index<'_> {
    /// The customer a document most likely belongs to; `None` where nobody is near.
    pub fn decide(&self, document: &Document) -> Option<Match> {
        let (found, crowded) = self.compare(document);
        let best = found.first().filter(|c| c.score >= WORTH_SHOWING)?;
        let doubt = match crowded {
            true => Some("too many customers share this name or place to tell them apart".to_owned()),
            false => self.doubt(document, best, &found[1..]),
        };
        // Whoever named the file may be wrong, so the paper wins; but it is told.
        let named = |c: &&Candidate| c.points.code == Some(CodeSeen::FileName) && best.points.code.is_none();
        let named = found[1..].iter().find(named).map(|c| format!("the file's name has the code of {}", self.code(c)));
        let also = found[1..].iter().filter(|c| is_twin(&c.points)).map(|c| self.code(c).clone()).take(MOST_TWINS).collect();
        let mut chosen = Match { also: if is_twin(&best.points) { also } else { vec![] }, ..self.to_match(best, found.get(1), doubt) };
        chosen.evidence.extend(named);
        Some(chosen)
    }

    /// The `n` nearest customers, for a human to choose from.
    pub fn candidates(&self, document: &Document, n: usize) -> Vec<Fit> {
        let (found, _) = self.compare(document);
        found.iter().filter(|c| c.score >= WORTH_SHOWING).take(n).map(|c| self.to_fit(c)).collect()
    }

    /// How a document fits one customer that a person has in mind; `None` where the list has no such code.
    pub fn fit(&self, document: &Document, code: &CustomerCode) -> Option<Fit> {
        let index = self.place(code)?;
        let points = compare::points(&of_document(document), &self.profiles[index]);
        Some(self.to_fit(&Candidate { index, score: (score(&points) + hints(&points)).min(1.0), points }))
    }

    fn to_fit(&self, candidate: &Candidate) -> Fit {
        let found = self.to_match(candidate, None, Some("chosen by a person".to_owned()));
        Fit { found, against: contradictions(&candidate.points) }
    }

    fn code(&self, candidate: &Candidate) -> &CustomerCode {
        &self.customers[candidate.index].code
    }

    /// All who are near, best first, and whether there are too many to look at.
    fn compare(&self, document: &Document) -> (Vec<Candidate>, bool) {
        let profile = of_document(document);
        let near = self.near(&profile);
        let candidate = |index: usize| {
            let points = compare::points(&profile, &self.profiles[index]);
            Candidate { index, score: (score(&points) + hints(&points)).min(1.0), points }
        };
        let mut found: Vec<Candidate> = near.customers.into_iter().map(candidate).collect();
        // Equal scores fall back to the code, so the order of the list never matters.
        found.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| self.code(a).cmp(self.code(b))));
        (found, near.crowded)
    }

    fn to_match(&self, best: &Candidate, second: Option<&Candidate>, doubt: Option<String>) -> Match {
        Match {
            customer_code: self.code(best).clone(),
            score: round(best.score),
            evidence: explain::evidence(&best.points),
            runner_up: second.map(|c| RunnerUp { customer_code: self.code(c).clone(), score: round(c.score) }),
            sure: doubt.is_none(),
            doubt,
            also: vec![],
        }
    }

    /// What keeps the best from being sure: it takes two independent agreements (name and place, name and number, name and code) and a clear
    /// lead over everyone else.
    fn doubt(&self, document: &Document, best: &Candidate, rest: &[Candidate]) -> Option<String> {
        let points = &best.points;
        match &document.fields.purchaser_name {
            None => return Some("no purchaser's name was read".to_owned()),
            Some(name) if name.confidence < READ_WELL => return Some("the purchaser's name is hard to read".to_owned()),
            Some(_) if self.is_seller(document) => return Some("the purchaser is the merchant itself".to_owned()),
            Some(_) => {}
        }
        let place = place_agrees(points);
        let name = points.name >= NAME_AGREES
            || points.name >= NAME_NEARLY && place && points.street.is_some_and(|s| s >= 0.97) && points.zip == Some(1.0);
        if !name {
            return Some("the name differs".to_owned());
        }
        if let Some(what) = contradicted(points) {
            return Some(format!("{what} speaks against it"));
        }
        // A code may be read by chance: what else is known of the place must not differ.
        let coded = points.code == Some(CodeSeen::Paper)
            && points.street.is_none_or(|s| s >= STREET_AGREES)
            && points.city.is_none_or(|c| c >= 0.9)
            && points.zip.is_none_or(|z| z == 1.0);
        if !(place || points.number == Some(true) || coded) {
            return Some("only the name agrees".to_owned());
        }
        rest.iter().find_map(|other| self.rival(best, other, place))
    }

    /// Why another customer keeps the best from being sure.
    fn rival(&self, best: &Candidate, other: &Candidate, place: bool) -> Option<String> {
        let (mine, theirs) = (&best.points, &other.points);
        let code = self.code(other);
        // A code that stands on the paper was written there for somebody.
        if theirs.code == Some(CodeSeen::Paper) && mine.code != Some(CodeSeen::Paper) && theirs.name >= SOMEWHAT_ALIKE {
            return Some(format!("the paper shows the code of {code}"));
        }
        // Hints put the likelier one first; they make nobody sure.
        let lead = score(mine) - score(theirs);
        let short = |wanted: f64| (lead < wanted).then(|| format!("{code} is nearly as good: {lead:.2} less, {wanted:.2} wanted"));
        match (theirs.name >= NAME_NEARLY, place_agrees(theirs)) {
            // A twin: nothing on the paper singles one out.
            (true, true) => Some(format!("{code} has this name and address, too")),
            (true, false) if !place => Some(format!("{code} has this name, too, and no address tells them apart")),
            (true, false) => short(LEAD_SAME_NAME),
            // Two companies at one address: the name must be the better by far.
            (false, true) if mine.name >= NAME_AGREES && mine.name - theirs.name >= 0.1 => short(LEAD * 0.4),
            (false, true) => Some(format!("{code} is at this address, too, and the names are alike")),
            (false, false) => short(LEAD),
        }
    }

    /// The merchant as purchaser is a misread paper.
    fn is_seller(&self, document: &Document) -> bool {
        let Some(seller) = &self.seller else { return false };
        let profile = of_document(document);
        profile.names.iter().any(|a| seller.iter().any(|b| compare::name(a, b) >= NAME_AGREES))
    }
}

/// How a document fits one customer.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// Not sure: a person decides.
    pub found: Match,
    /// What on the paper speaks against the customer: `the house number`.
    pub against: Vec<&'static str>,
}

/// More are no help to anybody.
const MOST_TWINS: usize = 20;

/// Name and place, or name and number: on the paper this customer is not told from the best one.
fn is_twin(points: &Points) -> bool {
    points.name >= NAME_AGREES && (place_agrees(points) || points.number == Some(true)) && contradicted(points).is_none()
}

/// The street with its house number, and the ZIP or the city with its state.
fn place_agrees(points: &Points) -> bool {
    let street = points.street.is_some_and(|s| s >= STREET_AGREES) && points.house == Some(true);
    let town = points.zip == Some(1.0) || points.city.is_some_and(|c| c >= 0.9) && points.region != Some(false);
    street && town
}

/// What on the paper speaks against this customer, the weightiest first.
fn contradictions(points: &Points) -> Vec<&'static str> {
    let told = [
        (points.region == Some(false), "the state"),
        (points.house == Some(false), "the house number"),
        (points.zip.is_some_and(|zip| zip < 0.6), "the postal code"),
    ];
    told.into_iter().filter(|(against, _)| *against).map(|(_, what)| what).collect()
}

fn contradicted(points: &Points) -> Option<&'static str> {
    contradictions(points).first().copied()
}

fn round(score: f64) -> f32 {
    ((score * 1000.0).round() / 1000.0) as f32
}

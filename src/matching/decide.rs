//! Chooses the customer and says whether that is sure.
//!
//! Owns: the thresholds and the rule of two independent agreements. Must not touch: how points are compared.
//! Called by: the wizard and `extract`, through `Index`.

use super::block::{Index, of_document};
use super::compare::{self, Points};
use super::explain;
use super::score::score;
use crate::domain::{Document, Match, RunnerUp};

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
        let found = self.compare(document);
        let best = found.first().filter(|c| c.score >= WORTH_SHOWING)?;
        let second = found.get(1);
        let sure = self.sure(document, best, &found[1..]);
        Some(self.to_match(best, second, sure))
    }

    /// The `n` nearest customers, for a human to choose from. None is sure.
    pub fn candidates(&self, document: &Document, n: usize) -> Vec<Match> {
        let found = self.compare(document);
        found.iter().take(n).map(|c| self.to_match(c, None, false)).collect()
    }

    fn compare(&self, document: &Document) -> Vec<Candidate> {
        let profile = of_document(document);
        let mut found: Vec<Candidate> = self
            .near(&profile)
            .into_iter()
            .map(|index| {
                let points = compare::points(&profile, &self.profiles[index]);
                Candidate { index, score: score(&points), points }
            })
            .collect();
        // Equal scores fall back to the code, so the order of the list never matters.
        found.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| self.customers[a.index].code.cmp(&self.customers[b.index].code)));
        found
    }

    fn to_match(&self, best: &Candidate, second: Option<&Candidate>, sure: bool) -> Match {
        Match {
            customer_code: self.customers[best.index].code.clone(),
            score: round(best.score),
            evidence: explain::evidence(&best.points),
            runner_up: second.map(|c| RunnerUp { customer_code: self.customers[c.index].code.clone(), score: round(c.score) }),
            sure,
        }
    }

    /// Two independent agreements (name and place, or name and number) and a clear lead over everyone else.
    fn sure(&self, document: &Document, best: &Candidate, rest: &[Candidate]) -> bool {
        let points = &best.points;
        let read_well = document.fields.purchaser_name.as_ref().is_some_and(|f| f.confidence >= READ_WELL);
        if !read_well || self.is_seller(document) {
            return false;
        }
        let place = place_agrees(points);
        let number = points.number == Some(true);
        let name = points.name >= NAME_AGREES
            || points.name >= NAME_NEARLY && place && points.street.is_some_and(|s| s >= 0.97) && points.zip == Some(1.0);
        if !name || !(place || number) || contradicted(points) {
            return false;
        }
        rest.iter().all(|other| {
            let lead = best.score - other.score;
            let same_name = other.points.name >= NAME_NEARLY;
            let same_place = place_agrees(&other.points);
            match (same_name, same_place) {
                // A twin: nothing on the paper singles one out.
                (true, true) => false,
                (true, false) => place && lead >= LEAD_SAME_NAME,
                // Two companies at one address: the name must be the better by far.
                (false, true) => points.name >= NAME_AGREES && points.name - other.points.name >= 0.1 && lead >= LEAD * 0.4,
                (false, false) => lead >= LEAD,
            }
        })
    }

    /// The merchant as purchaser is a misread paper.
    fn is_seller(&self, document: &Document) -> bool {
        let Some(seller) = &self.seller else { return false };
        let profile = of_document(document);
        profile.names.iter().any(|a| seller.iter().any(|b| compare::name(a, b) >= NAME_AGREES))
    }
}

/// The street with its house number, and the ZIP or the city with its state.
fn place_agrees(points: &Points) -> bool {
    let street = points.street.is_some_and(|s| s >= STREET_AGREES) && points.house == Some(true);
    let town = points.zip == Some(1.0) || points.city.is_some_and(|c| c >= 0.9) && points.region != Some(false);
    street && town
}

/// Something on the paper speaks against this customer.
fn contradicted(points: &Points) -> bool {
    points.region == Some(false) || points.house == Some(false) || points.zip.is_some_and(|z| z < 0.6)
}

fn round(score: f64) -> f32 {
    ((score * 1000.0).round() / 1000.0) as f32
}

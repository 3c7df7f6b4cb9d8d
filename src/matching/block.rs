//! Which customers are worth comparing with a document.
//!
//! Owns: the index by rare name words, postal code with house number, numbers and phone. Must not touch: scoring.
//! Called by: everyone who matches; `decide` does the rest.

use super::compare::{Profile, house};
use super::normal;
use crate::domain::{Customer, Document};
use std::collections::HashMap;

/// At most this many customers are compared with one document.
const MOST: usize = 400;
/// A name word of more customers than this is no help in finding one alone.
const COMMON: usize = 300;

/// The merchant's customers, ready to be searched.
pub struct Index<'a> {
    pub(super) customers: Vec<&'a Customer>,
    pub(super) profiles: Vec<Profile>,
    pub(super) seller: Option<Vec<Vec<String>>>,
    by_word: HashMap<String, Vec<u32>>,
    by_start: HashMap<String, Vec<u32>>,
    by_place: HashMap<String, Vec<u32>>,
    by_number: HashMap<String, Vec<u32>>,
}

impl<'a> Index<'a> {
    /// The order of the customers does not matter.
    pub fn new(customers: &'a [Customer], seller: Option<&str>) -> Self {
        let mut customers: Vec<&Customer> = customers.iter().collect();
        customers.sort_by(|a, b| a.code.cmp(&b.code).then(a.row.cmp(&b.row)));
        let mut index = Index {
            profiles: customers.iter().map(|c| of_customer(c)).collect(),
            customers,
            seller: seller.map(normal::name_forms),
            by_word: HashMap::new(),
            by_start: HashMap::new(),
            by_place: HashMap::new(),
            by_number: HashMap::new(),
        };
        for (i, profile) in index.profiles.iter().enumerate() {
            let at = i as u32;
            let mut words: Vec<&String> = profile.names.iter().flatten().collect();
            words.sort();
            words.dedup();
            for word in words {
                index.by_word.entry(word.clone()).or_default().push(at);
            }
            for form in &profile.names {
                add(&mut index.by_start, start(form), at);
            }
            if let Some(key) = place(profile) {
                add(&mut index.by_place, key, at);
            }
            if let Some(zip) = &profile.zip {
                add(&mut index.by_place, zip.clone(), at);
            }
            for number in profile.numbers.iter().chain(&profile.phone) {
                add(&mut index.by_number, number.clone(), at);
            }
        }
        index
    }

    /// The customers worth comparing, most shared keys first.
    pub(super) fn near(&self, document: &Profile) -> Vec<usize> {
        let mut votes: HashMap<u32, f64> = HashMap::new();
        let mut vote = |found: Option<&Vec<u32>>, weight: f64, most: usize| {
            if let Some(found) = found.filter(|f| f.len() <= most) {
                found.iter().for_each(|&i| *votes.entry(i).or_default() += weight);
            }
        };
        let mut words: Vec<&String> = document.names.iter().flatten().collect();
        words.sort();
        words.dedup();
        // Rare words weigh most.
        for word in words {
            let found = self.by_word.get(word);
            vote(found, 1.0 / (1.0 + found.map_or(1, Vec::len) as f64).ln(), COMMON * 20);
        }
        document.names.iter().for_each(|form| vote(self.by_start.get(&start(form)), 0.6, COMMON * 4));
        if let Some(key) = place(document) {
            vote(self.by_place.get(&key), 2.0, usize::MAX);
        }
        if let Some(zip) = &document.zip {
            vote(self.by_place.get(zip), 0.5, COMMON * 10);
        }
        document.numbers.iter().chain(&document.phone).for_each(|n| vote(self.by_number.get(n), 2.0, usize::MAX));
        let mut found: Vec<(u32, f64)> = votes.into_iter().collect();
        found.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        found.truncate(MOST);
        found.into_iter().map(|(i, _)| i as usize).collect()
    }
}

fn add(map: &mut HashMap<String, Vec<u32>>, key: String, at: u32) {
    let list = map.entry(key).or_default();
    if list.last() != Some(&at) {
        list.push(at);
    }
}

/// The first letters of the joined name: finds names whose words OCR split or joined.
fn start(form: &[String]) -> String {
    form.concat().chars().take(5).collect()
}

/// Postal code and house number.
fn place(profile: &Profile) -> Option<String> {
    Some(format!("{} {}", profile.zip.as_ref()?, house(&profile.street)?))
}

fn of_customer(customer: &Customer) -> Profile {
    let mut profile = Profile {
        names: normal::name_forms(&customer.name),
        street: normal::street_words(&customer.address.line1),
        city: normal::words(&customer.address.city).concat(),
        region: customer.address.region.as_ref().map(|r| r.code().to_owned()),
        zip: normal::zip5(&customer.address.postal_code),
        ..Profile::default()
    };
    if let Some(number) = &customer.exemption.number {
        profile.add_number(number.folded());
    }
    if let Some(phone) = &customer.contact.phone {
        profile.set_phone(phone);
    }
    profile
}

pub(super) fn of_document(document: &Document) -> Profile {
    let fields = &document.fields;
    let text = |f: &Option<crate::domain::Field<String>>| f.as_ref().map(|f| f.value.clone()).unwrap_or_default();
    let mut profile = Profile {
        names: normal::name_forms(&text(&fields.purchaser_name)),
        street: normal::street_words(&text(&fields.purchaser_line1)),
        city: normal::words(&text(&fields.purchaser_city)).concat(),
        region: fields.purchaser_region.as_ref().map(|f| f.value.code().to_owned()),
        zip: normal::zip5(&text(&fields.purchaser_postal_code)),
        ..Profile::default()
    };
    for claim in &document.states {
        if let Some(number) = &claim.number {
            profile.add_number(number.folded());
        }
    }
    if let Some(phone) = &fields.purchaser_phone {
        profile.set_phone(&phone.value);
    }
    profile
}

//! Which customers are worth comparing with a document.
//!
//! Owns: the index by name, rare name words, postal code with house number, numbers, phone, e-mail and code. Must not touch: scoring.
//! Called by: everyone who matches; `decide` does the rest.

use super::compare::{Profile, house};
use super::normal;
use crate::domain::{Customer, CustomerCode, Document};
use std::collections::{HashMap, HashSet};

/// At most this many customers that share only something with a document are compared with it, nearest first.
const MOST: usize = 200;
/// At most this many with the very same name, place or number. Beyond it nobody can tell them apart on one paper.
const MOST_ALIKE: usize = 2_000;
/// A name word of more customers than this is no help in finding one alone.
const COMMON: usize = 300;

/// The merchant's customers, ready to be searched.
pub struct Index<'a> {
    pub(super) customers: Vec<&'a Customer>,
    pub(super) profiles: Vec<Profile>,
    pub(super) seller: Option<Vec<Vec<String>>>,
    by_name: HashMap<String, Vec<u32>>,
    by_word: HashMap<String, Vec<u32>>,
    by_start: HashMap<String, Vec<u32>>,
    by_place: HashMap<String, Vec<u32>>,
    by_number: HashMap<String, Vec<u32>>,
    by_email: HashMap<String, Vec<u32>>,
    by_code: HashMap<String, Vec<u32>>,
}

/// The customers worth comparing with a document.
pub(super) struct Near {
    pub customers: Vec<usize>,
    /// So many customers are alike that not all were looked at: nothing found among them is sure.
    pub crowded: bool,
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
            by_name: HashMap::new(),
            by_word: HashMap::new(),
            by_start: HashMap::new(),
            by_place: HashMap::new(),
            by_number: HashMap::new(),
            by_email: HashMap::new(),
            by_code: HashMap::new(),
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
                add(&mut index.by_name, form.concat(), at);
            }
            places(profile).into_iter().for_each(|key| add(&mut index.by_place, key, at));
            if let Some(zip) = &profile.zip {
                add(&mut index.by_place, zip.clone(), at);
            }
            for number in profile.numbers.iter().chain(&profile.phone) {
                add(&mut index.by_number, number.clone(), at);
            }
            profile.emails.iter().for_each(|email| add(&mut index.by_email, email.clone(), at));
            profile.codes.iter().for_each(|code| add(&mut index.by_code, code.clone(), at));
        }
        index
    }

    /// The customer with a code, the first of several.
    pub fn customer(&self, code: &CustomerCode) -> Option<&'a Customer> {
        self.place(code).map(|at| self.customers[at])
    }

    pub(super) fn place(&self, code: &CustomerCode) -> Option<usize> {
        let at = self.customers.partition_point(|c| c.code < *code);
        self.customers.get(at).filter(|c| c.code == *code).map(|_| at)
    }

    /// How many customers there are.
    pub fn len(&self) -> usize {
        self.customers.len()
    }

    pub fn is_empty(&self) -> bool {
        self.customers.is_empty()
    }

    /// The customers worth comparing: everyone with the same name, place, number, phone, e-mail or code, then those that share most.
    pub(super) fn near(&self, document: &Profile) -> Near {
        let mut alike: HashSet<u32> = HashSet::new();
        let mut crowded = false;
        let mut take = |found: Option<&Vec<u32>>| {
            let found = found.map_or(&[][..], Vec::as_slice);
            crowded |= found.len() > MOST_ALIKE;
            alike.extend(found.iter().take(MOST_ALIKE));
        };
        document.names.iter().for_each(|form| take(self.by_name.get(&form.concat())));
        places(document).iter().for_each(|key| take(self.by_place.get(key)));
        document.numbers.iter().chain(&document.phone).for_each(|number| take(self.by_number.get(number)));
        document.emails.iter().for_each(|email| take(self.by_email.get(email)));
        document.codes.iter().chain(&document.file_codes).for_each(|code| take(self.by_code.get(code)));

        let mut votes: HashMap<u32, f64> = HashMap::new();
        let mut vote = |found: Option<&Vec<u32>>, weight: f64, most: usize| {
            if let Some(found) = found.filter(|f| f.len() <= most) {
                found.iter().filter(|i| !alike.contains(i)).for_each(|&i| *votes.entry(i).or_default() += weight);
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
        if let Some(zip) = &document.zip {
            vote(self.by_place.get(zip), 0.5, COMMON * 10);
        }
        let mut found: Vec<(u32, f64)> = votes.into_iter().collect();
        let order = |a: &(u32, f64), b: &(u32, f64)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
        if found.len() > MOST {
            found.select_nth_unstable_by(MOST, order);
            found.truncate(MOST);
        }
        let mut all: Vec<usize> = found.into_iter().map(|(i, _)| i).chain(alike).map(|i| i as usize).collect();
        all.sort_unstable();
        Near { customers: all, crowded }
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

/// House number with the postal code, and with the city: either may be unread.
fn places(profile: &Profile) -> Vec<String> {
    let Some(house) = house(&profile.street) else { return vec![] };
    let city = (!profile.city.is_empty()).then(|| profile.city.chars().take(8).collect::<String>());
    profile.zip.iter().chain(&city).map(|town| format!("{town} {house}")).collect()
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
    profile.emails.extend(customer.contact.email.as_ref().map(|email| email.to_lowercase()));
    profile.codes.extend(Profile::folded_code(customer.code.as_str()));
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
    for mention in &document.mentions {
        match mention.contains('@') {
            true => profile.emails.push(mention.to_lowercase()),
            false => profile.codes.extend(Profile::folded_code(mention)),
        }
    }
    // A house number, a permit's number or the form's own is no customer code.
    let form = document.form.as_ref().map(|form| form.id.to_lowercase().replace('-', "")).unwrap_or_default();
    let own = |code: &String| {
        !form.contains(code.as_str())
            && !profile.numbers.contains(code)
            && profile.zip.as_ref() != Some(code)
            && !profile.street.contains(code)
    };
    profile.codes = profile.codes.iter().filter(|c| own(c)).cloned().collect();
    let stem = document.file.rsplit('/').next().map_or("", |name| name.rsplit_once('.').map_or(name, |(stem, _)| stem));
    // `C-10233 resale.pdf`, `cert_C10233.pdf`, `C_10233.pdf`: the parts alone and each two neighbours together.
    let parts: Vec<&str> = stem.split([' ', '_', ',', '(', ')', '[', ']', '#', '+']).filter(|p| !p.is_empty()).collect();
    let pairs = parts.windows(2).map(|two| two.concat());
    profile.file_codes = parts.iter().map(|p| (*p).to_owned()).chain(pairs).filter_map(|p| Profile::folded_code(&p)).collect();
    profile
}

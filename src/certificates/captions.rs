//! Reads captions that are on no list by the words captions are made of: “Name of institution claiming exemption”, “State sales tax
//! exemption permit no.”.
//!
//! Owns: which words make a caption, and what one asks for. Must not touch: pages. Called by: `labels`.

use super::catalogue::{Concept, Party};
use super::text::{is_form_word, is_sentence_word};

/// What a caption asks for, of whom, and how much it says (see `labels.yaml`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    pub concept: Concept,
    pub party: Party,
    pub rank: i32,
}

/// Those who buy, and those who sell.
const BUYERS: &[&str] = &["purchaser", "buyer", "lessee", "claimant", "applicant", "customer", "permittee", "taxpayer", "licensee"];
const SELLERS: &[&str] = &["seller", "vendor", "supplier", "lessor", "wholesaler", "distributor"];
/// Bodies that buy, where nothing says who is meant.
const BODIES: &[&str] = &[
    "business",
    "firm",
    "company",
    "organization",
    "institution",
    "entity",
    "agency",
    "corporation",
    "dealer",
    "retailer",
    "reseller",
    "church",
    "school",
    "hospital",
    "holder",
    "contractor",
    "manufacturer",
    "farmer",
    "government",
    "governmental",
];
/// Words between the others, and those that say which of several is meant.
const GLUE: &[&str] = &[
    "of",
    "or",
    "and",
    "the",
    "if",
    "any",
    "for",
    "by",
    "as",
    "on",
    "no",
    "nos",
    "number",
    "numbers",
    "legal",
    "full",
    "complete",
    "current",
    "claiming",
    "making",
    "holding",
    "issued",
    "assigned",
    "shown",
    "applicable",
    "account",
    "license",
    "sales",
    "use",
    "excise",
    "gross",
    "receipts",
    "transaction",
    "privilege",
    "mailing",
    "location",
    "physical",
    "principal",
    "town",
    "county",
    "post",
    "office",
    "suite",
    "apartment",
    "including",
    "include",
    "area",
    "expiration",
    "expires",
    "effective",
    "issue",
    "issuance",
    "signed",
    "prepared",
    "agent",
    "partner",
    "member",
    "employee",
    "person",
    "position",
    "capacity",
    "signer",
    "preparer",
    "contact",
    "resale",
    "exemption",
    "dba",
    "trade",
    "doing",
    "federal",
    "fein",
    "ein",
    "ssn",
    "social",
    "security",
    "drivers",
    "employer",
    "department",
    "revenue",
    "from",
    "whom",
];
/// Numbers that are no registration for sales tax.
const OTHER_NUMBERS: &[&str] = &[
    "federal", "fein", "ein", "ssn", "social", "drivers", "driver", "invoice", "order", "contract", "project", "case", "location", "naics",
    "vin", "employer", "serial", "check", "item", "store", "po",
];
/// Those who sign for a buyer: their names are not the buyer's.
const PERSONS: &[&str] = &[
    "signer",
    "signing",
    "preparer",
    "officer",
    "representative",
    "agent",
    "partner",
    "person",
    "contact",
    "print",
    "printed",
    "notary",
    "witness",
    "employee",
    "member",
];

fn plain(word: &str) -> &str {
    word.strip_suffix('s').unwrap_or(word)
}

fn is(word: &str, list: &[&str]) -> bool {
    list.contains(&word) || list.contains(&plain(word))
}

/// Whether a folded word may stand in a caption. States' names do too, which the caller knows.
pub fn is_caption_word(folded: &str) -> bool {
    [BUYERS, SELLERS, BODIES, GLUE, PERSONS, OTHER_NUMBERS].iter().any(|list| is(folded, list))
        || is_form_word(folded)
        || is_form_word(plain(folded))
}

/// What a caption of these folded words asks for; `None`: it is none, or says too little.
pub fn read(words: &[&str]) -> Option<Asked> {
    let has = |list: &[&str]| words.iter().any(|w| is(w, list));
    let asked = |concept, party, rank| Some(Asked { concept, party, rank });
    let barrier = asked(Concept::Barrier, Party::Open, 0);
    // A sentence that happens to begin like a caption.
    if words.is_empty() || words.iter().filter(|w| is_sentence_word(w)).count() * 2 > words.len() {
        return None;
    }
    let party = || {
        // “Name of seller from whom the purchaser buys”: the one named first.
        let first = words.iter().find_map(|w| match () {
            () if is(w, BUYERS) => Some(Party::Purchaser),
            () if is(w, SELLERS) => Some(Party::Seller),
            () => None,
        });
        match first {
            Some(party) => party,
            None if has(&["whom"]) => Party::Seller,
            None if has(BODIES) => Party::Purchaser,
            None => Party::Open,
        }
    };
    if has(&["signature"]) {
        let other = has(SELLERS) || has(&["notary", "witness", "preparer"]);
        return if other { barrier } else { asked(Concept::Signature, Party::Open, 2) };
    }
    if has(&["phone", "telephone", "fax"]) {
        return asked(Concept::Phone, party(), 0);
    }
    let numbered = has(&["number", "no", "id", "identification", "registration"]);
    if numbered
        && has(&[
            "tax",
            "permit",
            "license",
            "registration",
            "exempt",
            "exemption",
            "account",
            "certificate",
            "resale",
            "reseller",
            "sales",
            "identification",
        ])
    {
        return if has(OTHER_NUMBERS) { barrier } else { asked(Concept::Number, Party::Purchaser, 2) };
    }
    if has(&["date"]) {
        return match () {
            () if has(&["expiration", "expire", "through", "until"]) => asked(Concept::Expires, Party::Open, 0),
            () if words.len() == 1 || has(&["signed", "issued", "effective", "prepared", "issue", "issuance"]) => {
                asked(Concept::SignedDate, Party::Open, 0)
            }
            () => barrier,
        };
    }
    let named = has(&["name"]);
    if named && (has(PERSONS) || has(&["trade", "dba", "doing", "title"])) {
        return barrier;
    }
    match (named, has(&["address", "street"]), has(&["city"]) && has(&["zip"])) {
        (true, true, _) => asked(Concept::Block, party(), 2),
        (false, true, _) => asked(Concept::Line1, party(), if party() == Party::Open { 1 } else { 2 }),
        (false, false, true) => asked(Concept::CityLine, party(), 0),
        (true, false, _) => asked(Concept::Name, party(), if party() == Party::Open { 1 } else { 3 }),
        (false, false, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::text::fold;
    use super::*;

    fn asks(caption: &str) -> Option<(Concept, Party)> {
        let folded: Vec<String> = caption.split_whitespace().map(fold).filter(|w| !w.is_empty()).collect();
        let words: Vec<&str> = folded.iter().map(String::as_str).collect();
        read(&words).map(|a| (a.concept, a.party))
    }

    #[test]
    fn captions_on_no_list_are_understood() {
        assert_eq!(asks("Name of business or institution claiming exemption (purchaser)"), Some((Concept::Name, Party::Purchaser)));
        assert_eq!(asks("Name of hospital or church"), Some((Concept::Name, Party::Purchaser)));
        assert_eq!(asks("Name of vendor from whom purchased"), Some((Concept::Name, Party::Seller)));
        assert_eq!(asks("State sales tax exemption permit no."), Some((Concept::Number, Party::Purchaser)));
        assert_eq!(asks("Federal employer identification number"), Some((Concept::Barrier, Party::Open)));
        assert_eq!(asks("Printed name of person signing"), Some((Concept::Barrier, Party::Open)));
        assert_eq!(asks("Signature of officer of the institution"), Some((Concept::Signature, Party::Open)));
        assert_eq!(asks("Signature of vendor"), Some((Concept::Barrier, Party::Open)));
        assert_eq!(asks("Mailing address of lessee"), Some((Concept::Line1, Party::Purchaser)));
        assert_eq!(asks("Permit expiration date"), Some((Concept::Expires, Party::Open)));
        assert_eq!(asks("Church of the Good Road"), None);
    }
}

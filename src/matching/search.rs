//! Finds customers by what a person types.
//!
//! Owns: which words count and in which order results come. Must not touch: documents. Called by: the review.

use super::block::Index;
use super::normal;
use crate::domain::{Customer, CustomerCode};

/// Longer searches are cut.
const MOST_WORDS: usize = 8;

impl Index<'_> {
    /// Customers that have every word of `text` somewhere in code, name, address, phone, e-mail or number, the closest first, at most `n`. Words
    /// may be cut short. Nothing for an empty text.
    pub fn search(&self, text: &str, n: usize) -> Vec<&Customer> {
        let words: Vec<String> = normal::words(text).into_iter().take(MOST_WORDS).collect();
        let whole = folded(text);
        if words.is_empty() {
            return vec![];
        }
        let mut found: Vec<(u32, &CustomerCode, &Customer)> =
            self.customers.iter().filter_map(|customer| Some((rank(customer, &words, &whole)?, &customer.code, *customer))).collect();
        let order = |a: &(u32, &CustomerCode, &Customer), b: &(u32, &CustomerCode, &Customer)| (a.0, a.1).cmp(&(b.0, b.1));
        if found.len() > n {
            found.select_nth_unstable_by(n, order);
            found.truncate(n);
        }
        found.sort_by(order);
        found.into_iter().map(|(_, _, customer)| customer).collect()
    }
}

fn folded(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// How near a customer is to the words, 0 nearest; `None` where one of them stands nowhere.
fn rank(customer: &Customer, words: &[String], whole: &str) -> Option<u32> {
    let code = folded(customer.code.as_str());
    if code == whole {
        return Some(0);
    }
    let name = normal::words(&customer.name);
    let address = &customer.address;
    let rest = [Some(address.line1.as_str()), Some(&address.city), Some(&address.postal_code)];
    let reached =
        [customer.contact.email.as_deref(), customer.contact.phone.as_deref(), customer.exemption.number.as_ref().map(|n| n.as_str())];
    let rest: Vec<String> = rest.into_iter().chain(reached).flatten().map(folded).collect();
    let region = address.region.as_ref().map(|r| r.code().to_lowercase());
    let mut sum = 0;
    for word in words {
        sum += match word {
            _ if name.contains(word) => 1,
            _ if name.iter().any(|w| w.starts_with(word.as_str())) => 2,
            _ if code.starts_with(word.as_str()) => 2,
            _ if region.as_ref() == Some(word) => 3,
            _ if code.contains(word.as_str()) => 4,
            _ if word.len() >= 2 && rest.iter().any(|text| text.contains(word.as_str())) => 4,
            _ if word.len() >= 3 && name.concat().contains(word.as_str()) => 5,
            _ => return None,
        };
    }
    Some(sum)
}

//! Matching on made-up customers: what makes a match sure, and what must never.

use certonboard::domain::{
    Address, Contact, Country, Customer, CustomerCode, Disposition, Document, ExemptStatus, Exemption, Field, Fields, Region, Sha256,
    Signature, StateClaim, TaxNumber,
};
use certonboard::matching::Index;
use proptest::prelude::*;

fn customer(code: &str, name: &str, line1: &str, city: &str, region: &str, zip: &str, number: Option<&str>) -> Customer {
    Customer {
        code: CustomerCode::new(code).unwrap(),
        name: name.into(),
        address: Address {
            line1: line1.into(),
            line2: None,
            city: city.into(),
            region: Region::us_state(region),
            postal_code: zip.into(),
            country: Country::US,
        },
        contact: Contact::default(),
        exemption: Exemption {
            status: ExemptStatus::Exempt,
            rule: "".into(),
            number: number.and_then(TaxNumber::new),
            reason: None,
            expires: None,
        },
        ship_to: vec![],
        parent: None,
        row: 2,
    }
}

fn document(name: &str, line1: &str, city: &str, region: &str, zip: &str, number: Option<&str>) -> Document {
    let field = |value: &str| (!value.is_empty()).then(|| Field { value: value.to_owned(), confidence: 0.95, page: 1, bbox: None });
    let fields = Fields {
        purchaser_name: field(name),
        purchaser_line1: field(line1),
        purchaser_city: field(city),
        purchaser_region: Region::us_state(region).map(|value| Field { value, confidence: 0.95, page: 1, bbox: None }),
        purchaser_postal_code: field(zip),
        ..Fields::default()
    };
    let states = number
        .map(|n| StateClaim {
            region: Region::us_state("TX").unwrap(),
            number: TaxNumber::new(n),
            ends_by_rule: None,
            confidence: 0.9,
            page: 1,
            bbox: None,
        })
        .into_iter()
        .collect();
    Document {
        file: "a.pdf".into(),
        sha256: Sha256::of(b""),
        pages: [1, 1],
        form: None,
        fields,
        states,
        signature: Signature { present: true, confidence: 0.9 },
        mentions: vec![],
        findings: vec![],
        matched: None,
        disposition: Disposition::Review,
        reasons: vec![],
        views: vec![],
        drawn: false,
        ruled: None,
    }
}

const SELLER: &str = "Quay Brass Works";

fn decide(customers: &[Customer], document: &Document) -> Option<(String, bool)> {
    Index::new(customers, Some(SELLER)).decide(document).map(|m| (m.customer_code.to_string(), m.sure))
}

fn sure(customers: &[Customer], document: &Document) -> bool {
    decide(customers, document).is_some_and(|m| m.1)
}

fn book() -> Vec<Customer> {
    vec![
        customer("C-1", "Tidewater Net Company", "12 Tallow Street", "Port Haven", "TX", "77001", Some("32012345678")),
        customer("C-2", "Alder Rope Company", "90 Mill Road", "Salem", "OR", "97301", None),
        customer("C-3", "Tidewater Lamp Company", "400 Pier Avenue", "Port Haven", "TX", "77002", None),
    ]
}

#[test]
fn name_and_address_together_are_sure() {
    let d = document("TIDEWATER NET CO", "12 Tallow St", "Port Haven", "TX", "77001", None);
    assert_eq!(decide(&book(), &d), Some(("C-1".into(), true)));
    // Misread letters do not hide it.
    let d = document("Tidevvater Net Cornpany", "12 Tallow Streel", "Port Haven", "TX", "77001", None);
    assert_eq!(decide(&book(), &d), Some(("C-1".into(), true)));
}

#[test]
fn name_and_number_together_are_sure() {
    let d = document("Tidewater Net Company", "", "", "", "", Some("3201-2345678"));
    assert_eq!(decide(&book(), &d), Some(("C-1".into(), true)));
}

#[test]
fn one_agreement_alone_is_not_sure() {
    let by_name = document("Tidewater Net Company", "", "", "", "", None);
    assert_eq!(decide(&book(), &by_name), Some(("C-1".into(), false)));
    assert!(!sure(&book(), &document("Tidewater Net Company", "7 Far Lane", "Dallas", "TX", "75201", None)));
    assert!(!sure(&book(), &document("Harrow Candle Company", "12 Tallow Street", "Port Haven", "TX", "77001", None)));
    assert!(!sure(&book(), &document("Harrow Candle Company", "3 Low Road", "Dallas", "TX", "75201", Some("32012345678"))));
}

#[test]
fn a_buyer_who_is_not_in_the_list_is_never_sure() {
    assert!(!sure(&book(), &document("Harrow Candle Company", "3 Low Road", "Dallas", "TX", "75201", None)));
    assert!(!sure(&book(), &document("Tidewater Bolt Company", "400 Pier Avenue", "Port Haven", "TX", "77002", None)));
}

#[test]
fn branches_of_one_name_are_told_by_their_address() {
    let mut customers = book();
    customers.push(customer("C-4", "Tidewater Net Company", "8 Dock Road", "Austin", "TX", "78701", None));
    let d = document("Tidewater Net Company", "8 Dock Road", "Austin", "TX", "78701", None);
    assert_eq!(decide(&customers, &d), Some(("C-4".into(), true)));
    assert!(!sure(&customers, &document("Tidewater Net Company", "", "", "TX", "", None)));
}

#[test]
fn companies_at_one_address_are_told_by_their_names() {
    let mut customers = book();
    customers.push(customer("C-5", "Harrow Candle Company", "12 Tallow Street", "Port Haven", "TX", "77001", None));
    let d = document("Harrow Candle Company", "12 Tallow Street", "Port Haven", "TX", "77001", None);
    assert_eq!(decide(&customers, &d), Some(("C-5".into(), true)));
}

#[test]
fn a_customer_who_stands_twice_is_not_sure() {
    let mut customers = book();
    customers.push(customer("C-6", "Tidewater Net Co.", "12 Tallow St", "Port Haven", "TX", "77001", None));
    assert!(!sure(&customers, &document("Tidewater Net Company", "12 Tallow Street", "Port Haven", "TX", "77001", None)));
}

#[test]
fn the_merchant_is_nobodys_purchaser() {
    let mut customers = book();
    customers.push(customer("C-7", SELLER, "1 Foundry Way", "Erie", "PA", "16501", None));
    assert!(!sure(&customers, &document(SELLER, "1 Foundry Way", "Erie", "PA", "16501", None)));
}

const FIRST: [&str; 6] = ["Tidewater", "Alder", "Harrow", "Copper", "Juniper", "Granite"];
const SECOND: [&str; 5] = ["Net", "Rope", "Candle", "Lamp", "Bolt"];
const THIRD: [&str; 4] = ["Supply", "Products", "Traders", "Goods"];
const STREETS: [&str; 4] = ["Main St", "Mill Rd", "Oak Ave", "Dock Ln"];

fn someone() -> impl Strategy<Value = Customer> {
    (0..6usize, 0..5usize, 0..4usize, 1..40u32, 0..4usize, 0..6u32).prop_map(|(a, b, c, house, street, zip)| {
        let name = format!("{} {} {}", FIRST[a], SECOND[b], THIRD[c]);
        customer("C-0", &name, &format!("{house} {}", STREETS[street]), "Port Haven", "TX", &format!("7700{zip}"), None)
    })
}

fn numbered(list: Vec<Customer>) -> Vec<Customer> {
    list.into_iter()
        .enumerate()
        .map(|(i, c)| Customer { code: CustomerCode::new(format!("C-{i}")).unwrap(), row: i as u32 + 2, ..c })
        .collect()
}

fn paper_of(c: &Customer) -> Document {
    document(&c.name, &c.address.line1, &c.address.city, "TX", &c.address.postal_code, None)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// A paper of someone who is not in the list never finds a sure customer, unless name and place are the same.
    #[test]
    fn strangers_are_never_sure(list in prop::collection::vec(someone(), 1..40), stranger in someone()) {
        let list = numbered(list);
        let paper = paper_of(&stranger);
        if let Some((code, true)) = decide(&list, &paper) {
            let found = list.iter().find(|c| c.code.as_str() == code).unwrap();
            prop_assert_eq!(&found.name, &stranger.name);
            prop_assert_eq!(&found.address.line1, &stranger.address.line1);
        }
    }

    /// A look-alike more never makes a wrong customer sure.
    #[test]
    fn a_look_alike_never_makes_a_wrong_link(list in prop::collection::vec(someone(), 1..30), other in someone(), which in 0..30usize) {
        let list = numbered(list);
        let owner = &list[which % list.len()];
        let paper = paper_of(owner);
        let mut more = list.clone();
        more.push(Customer { code: CustomerCode::new("C-999").unwrap(), ..other });
        if let Some((code, true)) = decide(&more, &paper) {
            prop_assert_eq!(code.as_str(), owner.code.as_str());
        }
    }

    /// The order of the customers changes nothing.
    #[test]
    fn order_does_not_matter(list in prop::collection::vec(someone(), 1..30), which in 0..30usize, turn in 0..30usize) {
        let list = numbered(list);
        let paper = paper_of(&list[which % list.len()]);
        let mut turned = list.clone();
        let by = turn % turned.len();
        turned.rotate_left(by);
        let (one, two) = (Index::new(&list, Some(SELLER)).decide(&paper), Index::new(&turned, Some(SELLER)).decide(&paper));
        prop_assert_eq!(one, two);
    }
}

/// What may befall a customer to make another that resembles it: a word of the name, the house, the street, the town.
fn relative(of: &Customer, how: usize, n: usize) -> Customer {
    let mut other = of.clone();
    let words: Vec<&str> = of.name.split(' ').collect();
    match how {
        0 => other.name = format!("{} {} {}", FIRST[(n + 1) % 6], words[1], words[2]),
        1 => other.name = format!("{} {} {}", words[0], words[1], THIRD[n % 4]),
        2 => other.name = format!("{} of Austin", of.name),
        3 => other.address.line1 = format!("{} {}", 100 + n, STREETS[n % 4]),
        4 => (other.address.city, other.address.postal_code) = ("Austin".into(), format!("7870{}", n % 6)),
        5 => {
            let (house, street) = of.address.line1.split_once(' ').unwrap();
            // One digit of the house number more, less or other.
            let house = [format!("{house}{}", n % 10), format!("{}", n % 10), house.chars().rev().collect()][n % 3].clone();
            other.address.line1 = format!("{house} {street}");
        }
        6 => other.name = format!("{} Inc.", of.name),
        _ => other.parent = Some(of.code.clone()),
    }
    other
}

/// A document of a customer, with some of what scanning does to one.
fn scanned(c: &Customer, harm: usize) -> Document {
    let mut d = paper_of(c);
    let swap = |text: &str| text.replacen('a', "o", 1).replacen('1', "7", 1);
    let f = &mut d.fields;
    match harm {
        0 => f.purchaser_name.as_mut().unwrap().value = swap(&c.name),
        1 => f.purchaser_line1.as_mut().unwrap().value = swap(&c.address.line1),
        2 => f.purchaser_line1 = None,
        3 => f.purchaser_postal_code = None,
        4 => f.purchaser_postal_code.as_mut().unwrap().value = swap(&c.address.postal_code),
        5 => (f.purchaser_line1, f.purchaser_postal_code, f.purchaser_city) = (None, None, None),
        6 => f.purchaser_name.as_mut().unwrap().value = c.name.to_uppercase().replace(' ', ""),
        _ => {}
    }
    d
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// Adding a customer that resembles another never turns a review, or a right link, into a wrong one. The newcomer is linked only where it
    /// has the owner's name and address itself, as the paper shows them.
    #[test]
    fn a_resembling_customer_never_turns_a_review_into_a_wrong_link(
        list in prop::collection::vec(someone(), 0..20),
        owner in someone(),
        listed in any::<bool>(),
        how in 0..8usize,
        n in 0..50usize,
        harm in 0..9usize,
    ) {
        let mut list = numbered(list);
        let owner = Customer { code: CustomerCode::new("C-OWNER").unwrap(), ..owner };
        // Nobody else is the owner under another code.
        list.retain(|c| (&c.name, &c.address) != (&owner.name, &owner.address));
        if listed {
            list.push(owner.clone());
        }
        let paper = scanned(&owner, harm);
        let before = decide(&list, &paper);
        let newcomer = Customer { code: CustomerCode::new("C-NEW").unwrap(), ..relative(&owner, how, n) };
        let mut more = list.clone();
        more.push(newcomer.clone());
        if let Some((code, true)) = decide(&more, &paper) {
            // With a legal form more, or a parent, or where nothing came of the change, the newcomer is the owner itself.
            let itself = bare(&newcomer.name) == bare(&owner.name) && newcomer.address == owner.address;
            let right = if listed { code == "C-OWNER" } else { code == "C-NEW" && itself };
            // The scan shows what the newcomer has: then it is the newcomer's paper as far as anybody can see.
            let shown = |field: &Option<Field<String>>, value: &str| field.as_ref().is_none_or(|f| f.value == value);
            let f = &paper.fields;
            let theirs = code == "C-NEW"
                && !listed
                && shown(&f.purchaser_name.as_ref().map(|f| Field { value: bare(&f.value), ..f.clone() }), &bare(&newcomer.name))
                && f.purchaser_line1.as_ref().is_none_or(|line| house(&line.value) == house(&newcomer.address.line1))
                && shown(&f.purchaser_postal_code, &newcomer.address.postal_code);
            let same_as_before = before == Some((code.clone(), true));
            prop_assert!(right || theirs || same_as_before, "{code}: {before:?}, paper {:?}, newcomer {newcomer:?}", paper.fields);
            // Where somebody was linked before, it was the owner or somebody whose own name and address the paper shows.
            if same_as_before && !right {
                let found = more.iter().find(|c| c.code.as_str() == code).unwrap();
                prop_assert_eq!(bare(&found.name), bare(&f.purchaser_name.as_ref().unwrap().value));
            }
        }
    }
}

fn house(line: &str) -> Option<&str> {
    line.split(' ').next()
}

/// A name without its legal form and blanks.
fn bare(name: &str) -> String {
    name.trim_end_matches(" Inc.").replace(' ', "").to_lowercase()
}

#[test]
fn a_code_on_the_paper_is_a_second_agreement_and_one_in_the_files_name_is_not() {
    let customers = book();
    let mut d = document("Tidewater Net Company", "", "", "", "", None);
    d.file = "C-1 resale.pdf".into();
    assert_eq!(decide(&customers, &d), Some(("C-1".into(), false)), "too short to be told from anything else");
    let mut customers = book();
    customers[0].code = CustomerCode::new("TW-10233").unwrap();
    d.file = "TW-10233 resale.pdf".into();
    assert_eq!(decide(&customers, &d), Some(("TW-10233".into(), false)));
    // The name of a file that says another customer is told, and the paper wins.
    let mut whole = document("Alder Rope Company", "90 Mill Road", "Salem", "OR", "97301", None);
    whole.file = d.file.clone();
    let found = Index::new(&customers, Some(SELLER)).decide(&whole).unwrap();
    assert!(found.sure && found.customer_code.as_str() == "C-2", "{found:?}");
    assert!(found.evidence.iter().any(|e| e.contains("file's name has the code of TW-10233")), "{found:?}");
    d.mentions = vec!["TW-10233".into()];
    assert_eq!(decide(&customers, &d), Some(("TW-10233".into(), true)));
    // The code of somebody with a name somewhat alike holds a paper back that would pass without it.
    customers[2].code = CustomerCode::new("TL-40771").unwrap();
    let mut d = document("Tidewater Net Company", "12 Tallow Street", "Port Haven", "TX", "77001", None);
    assert!(sure(&customers, &d));
    d.mentions = vec!["TL-40771".into()];
    let found = Index::new(&customers, Some(SELLER)).decide(&d).unwrap();
    assert!(!found.sure && found.doubt.as_deref().is_some_and(|why| why.contains("TL-40771")), "{found:?}");
    // A code alone says nothing of a buyer with another name.
    assert!(!sure(&customers, &Document { mentions: vec!["AL-40771".into()], ..document("Harrow Candle Company", "", "", "", "", None) }));
}

#[test]
fn phone_and_email_are_told_and_do_not_make_sure_alone() {
    let mut customers = book();
    customers[0].contact =
        Contact { phone: Some("(409) 555-0147".into()), email: Some("AP@tidewater.example".into()), ..Contact::default() };
    let mut d = document("Tidewater Net Company", "", "", "", "", None);
    d.mentions = vec!["ap@Tidewater.example".into()];
    d.fields.purchaser_phone = Some(Field { value: "409.555.0147".into(), confidence: 0.9, page: 1, bbox: None });
    let found = Index::new(&customers, Some(SELLER)).decide(&d).unwrap();
    assert!(found.evidence.contains(&"e-mail equal".to_owned()) && found.evidence.contains(&"phone equal".to_owned()), "{found:?}");
    assert!(!found.sure && found.doubt.is_some());
}

#[test]
fn one_company_under_several_codes_is_offered_and_never_linked_alone() {
    let mut customers = book();
    customers.push(customer("C-8", "Tidewater Net Co.", "12 Tallow St", "Port Haven", "TX", "77001", None));
    customers.push(customer("C-9", "Tidewater Net Company", "8 Dock Road", "Austin", "TX", "78701", None));
    let d = document("Tidewater Net Company", "12 Tallow Street", "Port Haven", "TX", "77001", None);
    let found = Index::new(&customers, Some(SELLER)).decide(&d).unwrap();
    assert!(!found.sure);
    let both: Vec<&str> = std::iter::once(&found.customer_code).chain(&found.also).map(CustomerCode::as_str).collect();
    assert!(both.contains(&"C-1") && both.contains(&"C-8") && !both.contains(&"C-9"), "{both:?}");
}

#[test]
fn a_chain_with_more_branches_than_anybody_can_compare_is_left_to_a_person() {
    let branch = |n: u32| customer(&format!("C-{n}"), "Tidewater Net Company", &format!("{n} Main St"), "Port Haven", "TX", "77001", None);
    let customers: Vec<Customer> = (1..=2_500).map(branch).collect();
    let d = document("Tidewater Net Company", "7 Main St", "Port Haven", "TX", "77001", None);
    let found = Index::new(&customers, Some(SELLER)).decide(&d).unwrap();
    assert!(!found.sure && found.doubt.as_deref().is_some_and(|why| why.contains("too many")), "{found:?}");
    let few: Vec<Customer> = (1..=300).map(branch).collect();
    assert_eq!(decide(&few, &d), Some(("C-7".into(), false)), "its neighbours are too near to be sure");
}

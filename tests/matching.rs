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
        .map(|n| StateClaim { region: Region::us_state("TX").unwrap(), number: TaxNumber::new(n), confidence: 0.9, page: 1, bbox: None })
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
        findings: vec![],
        matched: None,
        disposition: Disposition::Review,
        reasons: vec![],
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

#[test]
fn many_customers_are_searched_quickly() {
    let customers: Vec<Customer> = (0..20_000u32)
        .map(|i| {
            let (a, b, c) = (i as usize % 6, (i / 6) as usize % 5, (i / 30) as usize % 4);
            let name = format!("{} {} {} {}", FIRST[a], SECOND[b], THIRD[c], i / 120);
            customer(
                &format!("C-{i}"),
                &name,
                &format!("{} {}", 1 + i % 997, STREETS[i as usize % 4]),
                "Port Haven",
                "TX",
                &format!("{:05}", 70000 + i % 2000),
                None,
            )
        })
        .collect();
    let index = Index::new(&customers, Some(SELLER));
    let begun = std::time::Instant::now();
    let found = customers.iter().step_by(200).filter(|c| index.decide(&paper_of(c)).is_some_and(|m| m.customer_code == c.code)).count();
    assert_eq!(found, 100);
    eprintln!("100 papers among 20,000 customers: {:?}", begun.elapsed());
    // Far below what a scan of all customers would take; the bound is loose for slow machines.
    assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
}

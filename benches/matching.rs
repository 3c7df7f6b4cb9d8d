//! How long matching takes: 5,000 papers against 200,000 customers, the index included, on two threads.
//!
//!     cargo bench --bench matching
//!
//! Customers and papers are made up from word lists, the same every time. Names follow no even spread: some words stand in every tenth name,
//! chains have hundreds of branches, towns hold hundreds of customers. Every tenth paper has misread letters, every twentieth is of somebody
//! who is not in the list. Prints seconds, peak memory, how many were found, and how many wrongly.

use certonboard::domain::{
    Address, Contact, Country, Customer, CustomerCode, Disposition, Document, ExemptStatus, Exemption, Field, Fields, Region, Sha256,
    Signature,
};
use certonboard::matching::Index;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

const CUSTOMERS: usize = 200_000;
const PAPERS: usize = 5_000;

const FIRST: &[&str] = &[
    "Tidewater",
    "Alder",
    "Harrow",
    "Copper",
    "Juniper",
    "Granite",
    "Prairie",
    "Summit",
    "Cedar",
    "Harbor",
    "Maple",
    "Iron",
    "Silver",
    "Golden",
    "Blue Ridge",
    "Red River",
    "Lone Pine",
    "Twin Lakes",
    "North Fork",
    "South Bend",
    "Eagle",
    "Falcon",
    "Osprey",
    "Badger",
    "Bison",
    "Sage",
    "Willow",
    "Birch",
    "Aspen",
    "Laurel",
    "Magnolia",
    "Pioneer",
    "Liberty",
    "Union",
    "Keystone",
    "Lakeside",
    "Bayside",
    "Hilltop",
    "Valley",
];
const SECOND: &[&str] = &[
    "Net", "Rope", "Candle", "Lamp", "Bolt", "Paper", "Dental", "Medical", "Garden", "Kitchen", "Auto", "Marine", "Office", "Pet",
    "Sporting", "Toy", "Book", "Music", "Print", "Sign", "Tile", "Glass", "Steel", "Timber", "Feed", "Seed", "Dairy", "Bakery", "Coffee",
    "Wine",
];
const THIRD: &[&str] =
    &["Supply", "Products", "Traders", "Goods", "Wholesale", "Distributors", "Imports", "Outfitters", "Services", "Works"];
const LEGAL: &[&str] = &["Inc.", "LLC", "Co.", "Corp.", "Ltd", ""];
const STREETS: &[&str] = &[
    "Main St",
    "Mill Rd",
    "Oak Ave",
    "Dock Ln",
    "5th Avenue",
    "Industrial Pkwy",
    "Commerce Dr",
    "Market Street",
    "Elm St",
    "State Route 9",
];
const STATES: &[&str] = &["TX", "CA", "NY", "WA", "OH", "GA", "FL", "PA", "IL", "MI", "NJ", "VA", "NC", "MN", "CO"];

/// Numbers that look random and are the same every time (SplitMix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % sides as u64) as usize
    }
    fn of<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.roll(list.len())]
    }
}

fn name(dice: &mut Dice) -> String {
    // Every fiftieth is a branch of one of forty chains.
    if dice.roll(50) == 0 {
        let chain = dice.roll(40);
        return format!("{} {} Stores", FIRST[chain % FIRST.len()], SECOND[chain % SECOND.len()]);
    }
    let family = ["", "", "Walker ", "Nguyen ", "Garcia ", "Olsen ", "Kowalski "][dice.roll(7)];
    format!("{family}{} {} {} {}", dice.of(FIRST), dice.of(SECOND), dice.of(THIRD), dice.of(LEGAL)).trim_end().to_owned()
}

fn customer(n: usize, dice: &mut Dice) -> Customer {
    let town = dice.roll(3_000);
    Customer {
        code: CustomerCode::new(format!("C-{n:06}")).unwrap(),
        name: name(dice),
        address: Address {
            line1: format!("{} {}", 1 + dice.roll(9_800), dice.of(STREETS)),
            line2: None,
            city: format!("Port {}", FIRST[town % FIRST.len()]),
            region: Region::us_state(STATES[town % STATES.len()]),
            postal_code: format!("{:05}", 10_000 + town * 7),
            country: Country::US,
        },
        contact: Contact { phone: Some(format!("555-{:03}-{:04}", dice.roll(1_000), dice.roll(10_000))), ..Contact::default() },
        exemption: Exemption { status: ExemptStatus::Exempt, rule: "".into(), number: None, reason: None, expires: None },
        ship_to: vec![],
        parent: None,
        row: n as u32,
    }
}

fn misread(text: &str, dice: &mut Dice) -> String {
    let at = dice.roll(text.chars().count().max(1));
    text.chars().enumerate().map(|(i, c)| if i == at && c.is_alphabetic() { 'c' } else { c }).collect()
}

fn paper(c: &Customer, dice: &mut Dice) -> Document {
    let torn = dice.roll(10) == 0;
    let mut field = |text: &str| {
        let value = if torn { misread(text, dice) } else { text.to_owned() };
        Some(Field { value, confidence: 0.9, page: 1, bbox: None })
    };
    let fields = Fields {
        purchaser_name: field(&c.name),
        purchaser_line1: field(&c.address.line1),
        purchaser_city: field(&c.address.city),
        purchaser_postal_code: Some(Field { value: c.address.postal_code.clone(), confidence: 0.9, page: 1, bbox: None }),
        purchaser_region: c.address.region.clone().map(|value| Field { value, confidence: 0.9, page: 1, bbox: None }),
        ..Fields::default()
    };
    Document {
        file: "scan.pdf".into(),
        sha256: Sha256::of(c.code.as_str().as_bytes()),
        pages: [1, 1],
        form: None,
        fields,
        states: vec![],
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

fn main() {
    // `cargo test --benches` asks for nothing but that it starts.
    if std::env::args().any(|a| a == "--test") {
        return;
    }
    let mut dice = Dice(7);
    let customers: Vec<Customer> = (0..CUSTOMERS).map(|n| customer(n, &mut dice)).collect();
    let papers: Vec<(Option<&Customer>, Document)> = (0..PAPERS)
        .map(|n| {
            let owner = &customers[dice.roll(CUSTOMERS)];
            match n % 20 {
                0 => (None, paper(&customer(CUSTOMERS + n, &mut dice), &mut dice)),
                _ => (Some(owner), paper(owner, &mut dice)),
            }
        })
        .collect();
    let begun = Instant::now();
    let index = Index::new(&customers, Some("Quay Brass Works"));
    let built = begun.elapsed();
    let (next, right, sure, wrong) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some((owner, paper)) = papers.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let Some(found) = index.decide(paper) else { continue };
                    let same = owner.is_some_and(|owner| owner.code == found.customer_code);
                    right.fetch_add(usize::from(same), Ordering::Relaxed);
                    sure.fetch_add(usize::from(found.sure && same), Ordering::Relaxed);
                    if found.sure && !same {
                        wrong.fetch_add(1, Ordering::Relaxed);
                        println!("wrong: {:?} for {:?}", found, paper.fields.purchaser_name);
                    }
                }
            });
        }
    });
    let all = begun.elapsed();
    let peak = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = peak.lines().find(|l| l.starts_with("VmHWM")).unwrap_or("VmHWM: unknown").to_owned();
    println!(
        "index {:.1} s, index and {PAPERS} papers against {CUSTOMERS} customers {:.1} s, {peak}",
        built.as_secs_f32(),
        all.as_secs_f32()
    );
    println!(
        "right customer first {}, sure and right {}, sure and wrong {}",
        right.load(Ordering::Relaxed),
        sure.load(Ordering::Relaxed),
        wrong.load(Ordering::Relaxed)
    );
}

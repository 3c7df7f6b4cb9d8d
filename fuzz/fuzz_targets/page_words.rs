//! Any words anywhere on any pages, with any picture, as a file of certificates: fields, second look, rules.

#![no_main]

use arbitrary::{Arbitrary, Unstructured};
use certonboard::certificates::{Case, Catalogue, Ink, ReadByOther, Reread, RuleContext, adopt, doubtful_lines, explain_page, looks, read_documents, see, settle, settled};
use certonboard::domain::{BBox, Gray, Hints, Mark, MarkValue, PageContent, PageOrigin, Policy, Sha256, Word};
use jiff::civil::Date;
use libfuzzer_sys::fuzz_target;
use std::sync::Arc;

/// What forms print and people write, so that the fuzzer finds labels and values sooner than letter by letter.
const TEXTS: &[&str] = &[
    "Name of purchaser", "Name of seller", "Street address", "City", "State", "ZIP code", "Signature", "Date", "Title", "Permit number",
    "Texas Sales and Use Tax Resale Certificate", "01-339", "Streamlined Sales Tax Certificate of Exemption", "F0003", "MTC",
    "Uniform Sales & Use Tax Resale Certificate - Multijurisdiction", "Multistate", "TX", "CA", "NY", "WA", "AR", "GA", "IA", "IN", "KS", "KY",
    "Harbor Dental Goods", "12 Quay Lane, Port Haven, TX 77001", "Port Haven", "77001", "32011112222", "N/A", "SEE ATTACHED", "7/4/2026",
    "July 4, 2026", "[X]", "(x)", "☒", "Resale", "Blanket certificate", "Single purchase", "Dear", "determination letter exempt", "of", "(11 digits)",
    "Sth Avenue", "expires", "Reason for exemption", "Type of business", "claim is based upon", "must state a valid reason", "To:", "instructions",
];

fn words(data: &mut Unstructured<'_>) -> arbitrary::Result<Vec<Word>> {
    let mut words = Vec::new();
    let ctx = rules.reading();
    let count = data.int_in_range(0..=120)?;
    for line in 0..count {
        let text: String = if data.ratio(1, 5)? { String::arbitrary(data)? } else { (*data.choose(TEXTS)?).to_owned() };
        let odd = data.ratio(1, 20)?;
        let number = |data: &mut Unstructured<'_>| -> arbitrary::Result<f32> {
            if odd { f32::arbitrary(data) } else { Ok(f32::from(u16::arbitrary(data)?) / 65_535.0) }
        };
        let (mut left, top) = (number(data)?, number(data)?);
        let height = number(data)? * 0.05;
        for part in text.split(' ').take(40) {
            let wide = 0.008 * part.chars().count().min(200) as f32;
            let bbox = BBox::new(left, top, left + wide, top + height);
            words.push(Word { text: part.to_owned(), bbox, confidence: number(data)?, line });
            left += wide + 0.006;
        }
    }
    Ok(words)
}

fn page(data: &mut Unstructured<'_>, number: u32) -> arbitrary::Result<PageContent> {
    let image = match data.ratio(1, 2)? {
        true => {
            let (width, height) = (data.int_in_range(1..=300u32)?, data.int_in_range(1..=300u32)?);
            let seed = u32::arbitrary(data)?;
            let dots = (0..width * height).map(|i| if (i.wrapping_mul(seed | 1) >> 13) % 7 == 0 { 20 } else { 240 }).collect();
            Gray::new(width, height, dots).map(Arc::new)
        }
        false => None,
    };
    let marks = match data.ratio(1, 8)? {
        true => vec![Mark { name: "b".into(), value: MarkValue::Checked(bool::arbitrary(data)?), bbox: BBox::new(0.1, 0.1, 0.12, 0.12) }],
        false => vec![],
    };
    let aspect = if data.ratio(1, 10)? { f32::arbitrary(data)? } else { 0.773 };
    Ok(PageContent { number, words: words(data)?, marks, image, origin: PageOrigin::Ocr, turned: 0, corners: None, levelled: 0.0, aspect })
}

fuzz_target!(|bytes: &[u8]| {
    let mut data = Unstructured::new(bytes);
    let rules = RuleContext { catalogue: Catalogue::builtin(), seller: Some("Harbor Dental Goods"), today: Date::constant(2026, 11, 20) };
    let count = data.int_in_range(1..=3).unwrap_or(1);
    let mut pages: Vec<PageContent> = (1..=count).map_while(|n| page(&mut data, n).ok()).collect();
    let mut seen = vec![];
    for mut page in pages.drain(..) {
        let ink = page.image.as_deref().and_then(Ink::new);
        if let Some(ink) = &ink {
            let mut others = ReadByOther::default();
            for first in [true, false] {
                let places = if first { doubtful_lines(&page, ink) } else { looks(&page, ink, &ctx) };
                let mut again = vec![];
                for look in places {
                    let readings: Vec<Reread> =
                        [(false, false), (true, false), (false, true)].map(|(digits, independent)| Reread { words: words(&mut data).unwrap_or_default(), digits, independent }).into();
                    settled(&page, &look, &readings, &others);
                    again.push((look, readings));
                }
                adopt(&mut page, again, &ctx, &mut others);
            }
        }
        explain_page(&page, &ctx);
        seen.push(see(page, ink.as_ref(), &ctx));
    }
    let documents = read_documents("fuzz.pdf", &Sha256::of(bytes), &seen, &Hints::default(), &rules);
    for mut document in documents {
        assert!(document.pages[0] <= document.pages[1] && document.pages[1] <= count);
        settle(&mut document, None, Case { policy: &Policy::default(), today: rules.today, customers_known: true, customer: None });
        let line = serde_json::to_string(&document).expect("a document can be written");
        assert!(!line.contains('\n'));
    }
});

//! The certificate readers on made-up pages: whole papers, and anything at all.

use certonboard::certificates::{Case, Catalogue, Ink, RuleContext, read_documents, see, settle};
use certonboard::domain::{
    BBox, CustomerCode, Disposition, Document, Gray, Hints, Mark, MarkValue, Match, PageContent, PageOrigin, Policy, Sha256, Verdict, Word,
};
use jiff::civil::date;
use proptest::prelude::*;
use std::sync::{Arc, LazyLock};

const MERCHANT: &str = "Quay Brass Works";

fn ctx() -> RuleContext<'static> {
    RuleContext { catalogue: Catalogue::builtin(), seller: Some(MERCHANT), today: date(2026, 6, 1) }
}

/// A page of stretches of words given as (x, y, text), on a white picture; `ink` draws a scribble in these boxes.
fn page(number: u32, words: &[(f32, f32, &str)], ink: &[BBox]) -> PageContent {
    let mut list = vec![];
    for (line, (x, y, text)) in words.iter().enumerate() {
        let mut left = *x;
        for word in text.split(' ') {
            let right = left + 0.009 * word.chars().count() as f32;
            list.push(Word { text: word.to_owned(), bbox: BBox::new(left, *y, right, y + 0.011), confidence: 0.95, line: line as u32 });
            left = right + 0.006;
        }
    }
    let (width, height) = (850u32, 1100u32);
    let mut pixels = vec![240u8; (width * height) as usize];
    for area in ink {
        let (x0, x1) = ((area.left * 850.0) as u32, (area.right * 850.0) as u32);
        let (y0, y1) = ((area.top * 1100.0) as u32, (area.bottom * 1100.0) as u32);
        for x in x0..x1 {
            let y = y0 + (x * 7 % (y1 - y0).max(1));
            for (dx, dy) in [(0, 0), (1, 0), (0, 1), (1, 1), (2, 0), (2, 1)] {
                pixels[((y + dy) * width + x + dx) as usize] = 20;
            }
        }
    }
    PageContent {
        number,
        words: list,
        marks: vec![],
        image: Gray::new(width, height, pixels).map(Arc::new),
        origin: PageOrigin::Ocr,
        turned: 0,
        corners: None,
        levelled: 0.0,
        aspect: 0.7727,
    }
}

fn resale_page(number: u32, purchaser: &str) -> PageContent {
    let words = [
        (0.1, 0.03, "01-339"),
        (0.2, 0.05, "Texas Sales and Use Tax Resale Certificate"),
        (0.1, 0.12, "Name of purchaser"),
        (0.1, 0.135, purchaser),
        (0.1, 0.16, "Address"),
        (0.1, 0.175, "12 Tallow Street"),
        (0.1, 0.20, "City, State, ZIP code"),
        (0.1, 0.215, "Port Haven, TX 77001"),
        (0.1, 0.24, "Texas Sales and Use Tax Permit Number"),
        (0.1, 0.255, "32012345678"),
        (0.1, 0.40, "Seller:"),
        (0.18, 0.40, MERCHANT),
        (0.1, 0.60, "Authorized signature"),
        (0.6, 0.60, "Title"),
        (0.6, 0.615, "Owner"),
        (0.8, 0.60, "Date"),
        (0.8, 0.615, "3/4/2026"),
    ];
    page(number, &words, &[BBox::new(0.11, 0.614, 0.3, 0.632)])
}

fn read(pages: &[PageContent]) -> Vec<Document> {
    let seen = |page: &PageContent| see(page.clone(), page.image.as_deref().and_then(Ink::new).as_ref(), &ctx().reading());
    let pages: Vec<_> = pages.iter().map(seen).collect();
    read_documents("folder/scan.pdf", &Sha256::of(b"x"), &pages, &Hints::default(), &ctx())
}

/// Customers are known, and nothing more of them than their codes.
fn known() -> Case<'static> {
    static POLICY: LazyLock<Policy> = LazyLock::new(Policy::default);
    Case { policy: &POLICY, today: date(2026, 6, 1), customers_known: true, customer: None }
}

fn verdict(document: &Document, rule: &str) -> Option<Verdict> {
    document.findings.iter().find(|f| f.rule == rule).map(|f| f.verdict)
}

#[test]
fn a_resale_certificate_is_read_whole() {
    let found = read(&[resale_page(1, "Tidewater Net Company")]);
    assert_eq!(found.len(), 1);
    let d = &found[0];
    assert_eq!(d.form.as_ref().map(|f| f.id.as_str()), Some("TX-01-339"));
    let f = &d.fields;
    assert_eq!(f.purchaser_name.as_ref().map(|x| x.value.as_str()), Some("Tidewater Net Company"));
    assert_eq!(f.purchaser_line1.as_ref().map(|x| x.value.as_str()), Some("12 Tallow Street"));
    assert_eq!(f.purchaser_city.as_ref().map(|x| x.value.as_str()), Some("Port Haven"));
    assert_eq!(f.purchaser_postal_code.as_ref().map(|x| x.value.as_str()), Some("77001"));
    assert_eq!(f.seller_name.as_ref().map(|x| x.value.as_str()), Some(MERCHANT));
    assert_eq!(f.signed_date.as_ref().map(|x| x.value), Some(date(2026, 3, 4)));
    assert_eq!(f.reason.as_ref().map(|x| x.value.as_str()), Some("RESALE"));
    assert_eq!(d.states[0].number.as_ref().map(|n| n.as_str()), Some("32012345678"));
    assert!(d.signature.present);
    // Without customers nothing is accepted.
    assert_eq!(d.disposition, Disposition::Review);
}

#[test]
fn acceptance_needs_every_rule_and_a_sure_match() {
    let mut d = read(&[resale_page(1, "Tidewater Net Company")]).remove(0);
    let matched = |sure: bool| {
        let doubt = (!sure).then(|| "only the name agrees".to_owned());
        let customer_code = CustomerCode::new("C-1").unwrap();
        Some(Match { customer_code, score: 0.9, evidence: vec![], runner_up: None, sure, doubt, also: vec![] })
    };
    settle(&mut d, matched(true), known());
    assert_eq!((d.disposition, d.reasons.clone()), (Disposition::Accept, vec![]));
    settle(&mut d, matched(false), known());
    assert_eq!(d.disposition, Disposition::Review);
    settle(&mut d, None, known());
    assert_eq!(d.disposition, Disposition::Review);
    settle(&mut d, matched(true), Case { customers_known: false, ..known() });
    assert_eq!(d.disposition, Disposition::Review);
}

#[test]
fn an_unsigned_paper_is_refused() {
    let mut page = resale_page(1, "Tidewater Net Company");
    page.image = Gray::new(850, 1100, vec![240; 850 * 1100]).map(Arc::new);
    let d = read(&[page]).remove(0);
    assert_eq!(verdict(&d, "signed"), Some(Verdict::Fail));
    assert_eq!(d.disposition, Disposition::Reject);
}

#[test]
fn several_papers_in_one_file_and_blank_pages_between() {
    let blank = page(2, &[], &[]);
    let found = read(&[resale_page(1, "Tidewater Net Company"), blank, resale_page(3, "Alder Rope Company")]);
    let pages: Vec<[u32; 2]> = found.iter().map(|d| d.pages).collect();
    assert_eq!(pages, [[1, 1], [3, 3]]);
    assert_eq!(found[1].fields.purchaser_name.as_ref().map(|x| x.value.as_str()), Some("Alder Rope Company"));
}

#[test]
fn an_invoice_is_no_certificate() {
    let words = [
        (0.4, 0.05, "INVOICE"),
        (0.1, 0.1, "Bill to: Tidewater Net Company"),
        (0.1, 0.12, "12 Tallow Street, Port Haven, TX 77001"),
        (0.1, 0.2, "Sold for resale, certificate on file"),
    ];
    let d = read(&[page(1, &words, &[])]).remove(0);
    assert!(d.form.is_none());
    assert_eq!(d.disposition, Disposition::Reject);
}

#[test]
fn the_merchant_is_not_taken_for_the_purchaser() {
    let found = read(&[resale_page(1, MERCHANT)]);
    assert_eq!(verdict(&found[0], "purchaser-complete"), Some(Verdict::Unsure));
}

#[test]
fn another_company_as_seller_is_told() {
    let mut page = resale_page(1, "Tidewater Net Company");
    for word in &mut page.words {
        if (word.bbox.top - 0.40).abs() < 0.001 && word.bbox.left > 0.17 {
            word.text = "Elsewhere".to_owned();
        }
    }
    let d = read(&[page]).remove(0);
    assert_eq!(verdict(&d, "seller-is-merchant"), Some(Verdict::Fail));
    assert_ne!(d.disposition, Disposition::Accept);
}

fn any_page() -> impl Strategy<Value = PageContent> {
    let piece = prop_oneof![
        "[ -~]{0,14}",
        "\\PC{0,6}",
        Just("Purchaser:".to_owned()),
        Just("Name".to_owned()),
        Just("Signature".to_owned()),
        Just("Date".to_owned()),
        Just("12/31/2026".to_owned()),
        Just("TX".to_owned()),
        Just("Resale".to_owned()),
        Just("Certificate".to_owned()),
        Just("ST-3".to_owned())
    ];
    let word = (piece, -0.2f32..1.2, -0.2f32..1.2, -0.01f32..0.3, -0.01f32..0.05, 0u32..40);
    (prop::collection::vec(word, 0..120), prop::bool::ANY, 0.0f32..3.0).prop_map(|(words, pictured, aspect)| PageContent {
        number: 1,
        words: words
            .into_iter()
            .map(|(text, x, y, w, h, line)| Word { text, bbox: BBox::new(x, y, x + w, y + h), confidence: 0.5, line })
            .collect(),
        marks: vec![Mark { name: "a".into(), value: MarkValue::Checked(true), bbox: BBox::new(0.1, 0.1, 0.2, 0.2) }],
        image: if pictured { Gray::new(60, 80, (0..4800).map(|i| (i * 37 % 251) as u8).collect()).map(Arc::new) } else { None },
        origin: PageOrigin::Ocr,
        turned: 0,
        corners: None,
        levelled: 0.0,
        aspect,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn reading_never_panics(pages in prop::collection::vec(any_page(), 1..3)) {
        for mut document in read(&pages) {
            prop_assert!(document.disposition != Disposition::Accept);
            settle(&mut document, None, known());
            prop_assert!(document.disposition != Disposition::Accept);
        }
    }
}

#[test]
fn a_number_of_another_length_than_its_blank_asks_for_is_not_taken_unseen() {
    let read_with = |number: &str, confidence: f32| {
        let words = [
            (0.1, 0.03, "01-339"),
            (0.2, 0.05, "Texas Sales and Use Tax Resale Certificate"),
            (0.1, 0.12, "Name of purchaser"),
            (0.1, 0.135, "Tallow Brass Works"),
            (0.1, 0.24, "Texas Sales and Use Tax Permit Number (must contain 11 digits)"),
            (0.1, 0.255, number),
            (0.1, 0.40, "Seller:"),
            (0.18, 0.40, MERCHANT),
        ];
        let mut page = page(1, &words, &[]);
        page.words.iter_mut().filter(|w| w.text == number).for_each(|w| w.confidence = confidence);
        let found = read(&[page]).remove(0);
        ["legible", "format", "length"].map(|rule| verdict(&found, &format!("registration-number-{rule}")))
    };
    use Verdict::{Fail, Pass, Unsure};
    assert_eq!(read_with("32012345678", 0.7), [Some(Pass), Some(Pass), None]);
    assert_eq!(read_with("3201234567", 0.7), [Some(Unsure), Some(Pass), Some(Fail)]);
    assert_eq!(read_with("3201234567", 0.95), [Some(Pass), Some(Fail), Some(Fail)]);
}

#[test]
fn the_city_may_stand_under_the_street_with_no_label() {
    let words = [
        (0.1, 0.03, "01-339"),
        (0.2, 0.05, "Texas Sales and Use Tax Resale Certificate"),
        (0.1, 0.12, "Name of purchaser:"),
        (0.35, 0.12, "Tallow Brass Works"),
        (0.1, 0.15, "Address:"),
        (0.35, 0.15, "12 Tallow Street"),
        (0.35, 0.18, "Port Haven, TX 77001"),
        (0.1, 0.40, "Seller:"),
        (0.18, 0.40, MERCHANT),
    ];
    let document = read(&[page(1, &words, &[])]).remove(0);
    assert_eq!(document.fields.purchaser_city.map(|f| f.value).as_deref(), Some("Port Haven"));
    assert_eq!(document.fields.purchaser_postal_code.map(|f| f.value).as_deref(), Some("77001"));
}

#[test]
fn a_letter_names_its_addressee_and_is_never_taken_unseen() {
    let words = [
        (0.1, 0.05, "Illinois Department of Revenue"),
        (0.1, 0.18, "TALLOW FOOD PANTRY"),
        (0.1, 0.198, "12 QUAY ROW"),
        (0.1, 0.216, "PEORIA IL 61602"),
        (0.1, 0.27, "Re: Sales tax exemption of your organization"),
        (0.1, 0.31, "We have issued your organization the following tax exemption identification number."),
        (0.1, 0.50, "Tax exemption number: E-9934-1207"),
        (0.1, 0.67, "Sincerely,"),
    ];
    let document = read(&[page(1, &words, &[])]).remove(0);
    assert_eq!(document.fields.purchaser_name.as_ref().map(|f| f.value.as_str()), Some("TALLOW FOOD PANTRY"));
    assert_eq!(document.fields.purchaser_line1.as_ref().map(|f| f.value.as_str()), Some("12 QUAY ROW"));
    assert_eq!(verdict(&document, "form-known"), Some(Verdict::Unsure));
}

fn value(field: &Option<certonboard::domain::Field<String>>) -> Option<&str> {
    field.as_ref().map(|f| f.value.as_str())
}

fn claims(document: &Document) -> Vec<(String, String)> {
    document.states.iter().map(|s| (s.region.code().to_owned(), s.number.as_ref().map_or(String::new(), |n| n.to_string()))).collect()
}

#[test]
fn a_form_that_names_no_party_is_told_by_the_merchant() {
    // Two parts with the same captions; only the merchant's name tells which is the seller's.
    let words = [
        (0.3, 0.03, "Resale Certificate"),
        (0.3, 0.05, "State of Ohio"),
        (0.1, 0.12, "Name"),
        (0.1, 0.135, "Gravel Lane Outfitters"),
        (0.1, 0.16, "Address"),
        (0.4, 0.16, "City"),
        (0.6, 0.16, "State"),
        (0.7, 0.16, "ZIP Code"),
        (0.1, 0.175, "P.O. Box 77"),
        (0.4, 0.175, "Dayton"),
        (0.6, 0.175, "OH"),
        (0.7, 0.175, "45402-0077"),
        (0.1, 0.24, "Name"),
        (0.1, 0.255, MERCHANT),
        (0.1, 0.28, "Address"),
        (0.4, 0.28, "City"),
        (0.6, 0.28, "State"),
        (0.7, 0.28, "ZIP Code"),
        (0.1, 0.295, "40 Tin Row, Suite 14"),
        (0.4, 0.295, "Lancaster"),
        (0.6, 0.295, "PA"),
        (0.7, 0.295, "17603"),
    ];
    let found = read(&[page(1, &words, &[])]);
    let f = &found[0].fields;
    assert_eq!(value(&f.purchaser_name), Some("Gravel Lane Outfitters"));
    assert_eq!(value(&f.purchaser_line1), Some("P.O. Box 77"));
    assert_eq!(value(&f.purchaser_city), Some("Dayton"));
    assert_eq!(value(&f.purchaser_postal_code), Some("45402-0077"));
    assert_eq!(value(&f.seller_name), Some(MERCHANT));
}

#[test]
fn columns_of_two_parties_are_kept_apart() {
    let words = [
        (0.3, 0.03, "Blanket Exemption Certificate"),
        (0.3, 0.05, "Iowa Department of Revenue"),
        (0.05, 0.12, "Purchaser legal name:"),
        (0.26, 0.12, "Gravel Lane Outfitters"),
        (0.55, 0.12, "Seller name:"),
        (0.7, 0.12, MERCHANT),
        (0.05, 0.15, "Address:"),
        (0.15, 0.15, "226 Bend Street"),
        (0.55, 0.15, "Seller address:"),
        (0.7, 0.15, "40 Tin Row"),
        (0.05, 0.18, "City:"),
        (0.15, 0.18, "Davenport"),
        (0.55, 0.18, "City:"),
        (0.62, 0.18, "Lancaster"),
        (0.05, 0.21, "ZIP:"),
        (0.15, 0.21, "52805"),
        (0.55, 0.21, "ZIP:"),
        (0.62, 0.21, "17603"),
    ];
    let found = read(&[page(1, &words, &[])]);
    let f = &found[0].fields;
    assert_eq!(value(&f.purchaser_city), Some("Davenport"));
    assert_eq!(value(&f.purchaser_postal_code), Some("52805"));
    // The state was never read; the ZIP tells it, and says no more than that.
    let region = f.purchaser_region.as_ref().unwrap();
    assert_eq!(region.value.code(), "IA");
    assert!(region.confidence <= 0.7);
}

#[test]
fn numbers_stay_with_the_state_beside_them() {
    let words = [
        (0.3, 0.03, "Connecticut Department of Revenue Services"),
        (0.3, 0.05, "Sales and Use Tax Resale Certificate"),
        (0.1, 0.12, "Name of purchaser"),
        (0.1, 0.135, "Gravel Lane Outfitters"),
        (0.10, 0.40, "CT"),
        (0.30, 0.40, "3123917-000"),
        (0.55, 0.40, "NY"),
        (0.70, 0.40, "16-1297567"),
        (0.10, 0.42, "City or State"),
        (0.30, 0.42, "State Registration"),
        (0.55, 0.42, "City or State"),
        (0.70, 0.42, "State Registration"),
    ];
    let found = read(&[page(1, &words, &[])]);
    let mut read = claims(&found[0]);
    read.sort();
    assert_eq!(read, [("CT".to_owned(), "3123917-000".to_owned()), ("NY".to_owned(), "16-1297567".to_owned())]);
}

#[test]
fn what_a_sentence_counts_is_no_registration() {
    let codes = ["AL", "AR", "AZ", "CA", "CO", "CT", "FL", "GA"];
    let texts = ["SLS-R123456789", "Wayfair 2018 ruling", "Pending 06/2026", "Exempt since 2019", "N/A", "see attached", "none", "2020"];
    let mut words = vec![
        (0.2, 0.03, "Uniform Sales & Use Tax Resale Certificate - Multijurisdiction"),
        (0.1, 0.12, "Name of Firm (Buyer):"),
        (0.35, 0.12, "Gravel Lane Outfitters"),
    ];
    for (n, (code, text)) in codes.iter().zip(texts).enumerate() {
        let y = 0.4 + 0.02 * n as f32;
        words.push((0.1, y, code));
        words.push((0.16, y, text));
    }
    let found = read(&[page(1, &words, &[])]);
    assert_eq!(claims(&found[0]), [("AL".to_owned(), "SLS-R123456789".to_owned())]);
}

#[test]
fn one_number_on_several_lines_of_a_table_is_told() {
    let mut words = vec![
        (0.2, 0.03, "Uniform Sales & Use Tax Resale Certificate - Multijurisdiction"),
        (0.1, 0.12, "Name of Firm (Buyer):"),
        (0.35, 0.12, "Gravel Lane Outfitters"),
        (0.1, 0.15, "Address:"),
        (0.35, 0.15, "12 Tallow Street, Phoenix, AZ 85004"),
    ];
    for (n, code) in ["AL", "AR", "AZ", "CA", "CO", "CT", "FL", "GA"].iter().enumerate() {
        let y = 0.4 + 0.02 * n as f32;
        words.push((0.1, y, code));
        if ["AZ", "CO"].contains(code) {
            words.push((0.16, y, "20183746"));
        }
    }
    let found = read(&[page(1, &words, &[])]);
    assert_eq!(claims(&found[0]).len(), 2, "kept as written");
    let told = found[0].findings.iter().find(|f| f.rule == "number-repeated").unwrap();
    assert_eq!(told.verdict, Verdict::Unsure);
    assert!(told.evidence.contains("CO shows the number of AZ"), "{}", told.evidence);
}

#[test]
fn a_table_goes_on_over_the_page() {
    let head = |words: &mut Vec<(f32, f32, &'static str)>| {
        words.push((0.2, 0.03, "Streamlined Sales and Use Tax Certificate of Exemption"));
        words.push((0.7, 0.03, "F0003"));
    };
    let mut first = vec![(0.1, 0.12, "Name of purchaser"), (0.1, 0.135, "Gravel Lane Outfitters")];
    head(&mut first);
    for (n, code) in ["AR", "GA", "IA", "IN", "KS", "KY"].into_iter().enumerate() {
        first.push((0.1, 0.5 + 0.02 * n as f32, code));
    }
    first.push((0.16, 0.54, "183-746-295"));
    let mut second = vec![(0.1, 0.9, "Signature of authorized purchaser")];
    for (n, code) in ["MI", "MN", "NC", "ND", "NE", "NJ"].into_iter().enumerate() {
        second.push((0.1, 0.3 + 0.02 * n as f32, code));
    }
    second.push((0.16, 0.32, "4183746"));
    let found = read(&[page(1, &first, &[]), page(2, &second, &[])]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(claims(&found[0]).iter().map(|c| c.0.as_str()).collect::<Vec<_>>(), ["IA", "MN"]);
}

#[test]
fn somebody_elses_ink_is_no_signature_and_a_typed_name_is_for_a_person() {
    let base = |caption: &'static str| {
        vec![
            (0.1, 0.03, "01-339"),
            (0.2, 0.05, "Texas Sales and Use Tax Resale Certificate"),
            (0.1, 0.12, "Name of purchaser"),
            (0.1, 0.135, "Tidewater Net Company"),
            (0.1, 0.60, "Purchaser's signature:"),
            (0.1, 0.70, caption),
        ]
    };
    let beside = |y: f32| BBox::new(0.32, y - 0.005, 0.55, y + 0.012);
    let signed = |caption, ink: &[BBox]| read(&[page(1, &base(caption), ink)])[0].signature.clone();
    assert!(signed("Title:", &[beside(0.60)]).present);
    let vendor = signed("Vendor's signature:", &[beside(0.70)]);
    assert!(!vendor.present, "{vendor:?}");
    let mut typed = base("Title:");
    typed.push((0.34, 0.60, "/s/ Josephine Marsh"));
    let mut sheet = page(1, &typed, &[]);
    sheet.words.iter_mut().for_each(|w| w.confidence = 1.0);
    let found = read(&[sheet]);
    assert_eq!(verdict(&found[0], "signed"), Some(Verdict::Unsure), "{:?}", found[0].signature);
}

#[test]
fn the_merchant_in_a_letterhead_does_not_make_another_seller_the_merchant() {
    let words = [
        (0.1, 0.01, "FROM: Quay Brass Works"),
        (0.1, 0.03, "01-339"),
        (0.2, 0.05, "Texas Sales and Use Tax Resale Certificate"),
        (0.1, 0.12, "Name of purchaser"),
        (0.1, 0.135, "Tidewater Net Company"),
        (0.1, 0.40, "Name of seller:"),
        (0.28, 0.40, "Cobalt Harbor Supply"),
    ];
    let found = read(&[page(1, &words, &[])]);
    assert_eq!(value(&found[0].fields.seller_name), Some("Cobalt Harbor Supply"));
    assert_ne!(verdict(&found[0], "seller-is-merchant"), Some(Verdict::Pass));
}

#[test]
fn a_state_is_a_word_and_not_letters_of_two() {
    let words = [
        (0.3, 0.03, "RESALE CERTIFICATE"),
        (0.1, 0.06, "for purchases in Ohio"),
        (0.1, 0.12, "Name of purchaser: Gravel Lane Outfitters"),
        (0.1, 0.15, "Permit number: 89-123456"),
        (0.1, 0.5, "This certificate shall remain effective until revoked without a hold by radio wave"),
    ];
    let found = read(&[page(1, &words, &[])]);
    assert_eq!(found[0].form.as_ref().map(|f| f.id.as_str()), Some("OH-RESALE"));
}

#[test]
fn a_companys_own_letter_is_read() {
    let words = [
        (0.1, 0.04, "Gravel Lane Outfitters, Inc."),
        (0.1, 0.06, "226 Bend Street, Tulsa, OK 74104"),
        (0.1, 0.14, "Quay Brass Works"),
        (0.1, 0.16, "40 Tin Row"),
        (0.1, 0.18, "Lancaster, PA 17603"),
        (0.1, 0.24, "To whom it may concern:"),
        (0.1, 0.28, "We certify that we hold Oklahoma sales tax permit number STS-20338146-02 and that"),
        (0.1, 0.30, "all goods bought from Quay Brass Works are purchased for resale in Oklahoma."),
        (0.1, 0.50, "Sincerely,"),
        (0.1, 0.58, "Hollis Marlowe, Member"),
    ];
    let found = read(&[page(1, &words, &[BBox::new(0.11, 0.53, 0.35, 0.56)])]);
    let d = &found[0];
    assert_eq!(d.form.as_ref().map(|f| f.id.as_str()), Some("LETTER"));
    assert_eq!(value(&d.fields.purchaser_name), Some("Gravel Lane Outfitters, Inc."));
    assert_eq!(value(&d.fields.purchaser_city), Some("Tulsa"));
    assert_eq!(claims(d), [("OK".to_owned(), "STS-20338146-02".to_owned())]);
    assert!(d.signature.present && d.signature.confidence < 0.7, "{:?}", d.signature);
    assert_ne!(d.disposition, Disposition::Accept);
}

#[test]
fn a_tax_agency_that_writes_is_no_buyer() {
    let words = [
        (0.1, 0.04, "Illinois Department of Revenue"),
        (0.1, 0.06, "101 W. Jefferson Street, Springfield, IL 62702"),
        (0.1, 0.24, "Dear Sir or Madam:"),
        (0.1, 0.28, "The organization named in your letter is exempt: its sales tax exemption is in force."),
        (0.1, 0.50, "Sincerely,"),
    ];
    let found = read(&[page(1, &words, &[])]);
    assert_eq!(found[0].form.as_ref().map(|f| f.id.as_str()), Some("LETTER"));
    assert!(found[0].fields.purchaser_name.is_none(), "{:?}", found[0].fields.purchaser_name);
}

#[test]
fn a_ticked_option_on_no_list_is_told_by_its_word() {
    let mut sheet = page(
        1,
        &[
            (0.3, 0.03, "Certificate of Exemption"),
            (0.3, 0.05, "Missouri Department of Revenue"),
            (0.1, 0.12, "Name of purchaser: Gravel Lane Outfitters"),
            (0.1, 0.40, "[X] Purchases of goods that our stores resell over the counter"),
            (0.1, 0.43, "[ ] Purchases by farmers of feed"),
        ],
        &[],
    );
    sheet.image = None;
    let found = read(&[sheet]);
    assert_eq!(found[0].fields.reason.as_ref().map(|r| r.value.to_string()).as_deref(), Some("RESALE"));
    assert_eq!(verdict(&found[0], "reason-claimed"), Some(Verdict::Unsure), "one word is a hint and no more");
}

#[test]
fn list_letters_are_no_ticks() {
    let mut sheet = page(
        1,
        &[
            (0.3, 0.03, "Certificate of Exemption"),
            (0.3, 0.05, "Missouri Department of Revenue"),
            (0.1, 0.12, "Name of purchaser: Gravel Lane Outfitters"),
            (0.1, 0.38, "(iv) Resale"),
            (0.1, 0.40, "(v) Manufacturing"),
            (0.1, 0.42, "(vi) Agricultural production"),
        ],
        &[],
    );
    sheet.image = None;
    let found = read(&[sheet]);
    assert!(found[0].fields.reason.is_none(), "{:?}", found[0].fields.reason);
}

//! The report in its forms: what is in it, and that nothing from outside does any harm in it.

use crate::bed::{Bed, MERCHANT, Server, TODAY};
use crate::browser::Browser;
use calamine::{Data, Reader, Xlsx};
use certonboard::domain::Sha256;
use certonboard::journal::Journal;
use certonboard::ports::JournalStore;
use certonboard::report::{Gallery, Model, Picture, shown_pages};
use serde_json::Value;

const PAPER: &str = "Resale Cert_Lone Oak_TX.pdf";

/// A run over a list whose cells are up to no good, with one paper that has a name like that too.
fn run(bed: &Bed, server: &Server) {
    let scans = bed.scans(&[PAPER]);
    std::fs::rename(scans.join(PAPER), scans.join("=cmd '<script>alert(1)<script>' \u{202e}fdp.pdf")).unwrap();
    let list = bed.write(
        "customers.csv",
        "Customer Code,Name,Address,City,State,Zip,Country,Email,Tax Exempt\n\
         00417,\"=HYPERLINK(\"\"http://evil.example\"\",\"\"x\"\")\",1 Oak Street,Austin,TX,78701,US,ap1@example.com,Y\n\
         K2,<script>alert('x')</script> & Söhne 🦷,2 Oak Street,Austin,TX,78702,US,,Y\n\
         @K3,+1+1 Ltd\u{202e}gnp,3 Oak Street,Dayton,OH,45402,US,ap3@example.com,N\n",
    );
    let no_check = bed.no_check();
    let given = ["run", "--non-interactive", "--yes", "--today", TODAY, "--merchant", MERCHANT, "--company", "DEFAULT", "--run-dir", "run"];
    let paths = ["--customers", list.to_str().unwrap(), "--certificates", "scans", "--answers", &no_check];
    let ran = bed.run_at(server, &[&given[..], &paths].concat());
    assert!(matches!(ran.code, 0 | 3), "{}", ran.err);
}

#[test]
fn the_workbook_has_typed_cells_and_no_formula() {
    let bed = Bed::new();
    let server = bed.server(&[]);
    run(&bed, &server);
    let ran = bed.run(&["report", "run", "--format", "xlsx", "-o", "report.xlsx"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let mut book: Xlsx<_> = calamine::open_workbook(bed.path("report.xlsx")).unwrap();
    assert_eq!(book.sheet_names(), ["Summary", "Customers", "Certificates", "Invitations", "To do", "Data problems"]);
    let sheet =
        |book: &mut Xlsx<_>, name: &str| -> Vec<Vec<Data>> { book.worksheet_range(name).unwrap().rows().map(<[Data]>::to_vec).collect() };
    let customers = sheet(&mut book, "Customers");
    assert_eq!(customers.len(), 4);
    let find = |code: &str| {
        customers.iter().find(|row| row[0] == Data::String(code.to_owned())).unwrap_or_else(|| panic!("{code}: {customers:?}"))
    };
    assert!(matches!(&find("00417")[1], Data::String(name) if name.starts_with("=HYPERLINK")), "a code keeps its zeros, a name stays text");
    assert_eq!(find("K2")[6], Data::String("invited".to_owned()));
    find("@K3");
    for name in book.sheet_names() {
        let formulas = book.worksheet_formula(&name).unwrap();
        assert!(formulas.used_cells().all(|(_, _, f)| f.is_empty()), "{name} holds a formula");
    }
    let summary = sheet(&mut book, "Summary");
    let count = |label: &str| summary.iter().find(|row| row[0] == Data::String(label.to_owned())).map(|row| row[1].clone());
    assert_eq!(count("Customers"), Some(Data::Float(3.0)));
    assert_eq!(count("Exempt customers"), Some(Data::Float(2.0)));
    let invitations = sheet(&mut book, "Invitations");
    assert_eq!(invitations[0][4], Data::String("Link".to_owned()));
    assert!(invitations.len() > 1);
}

#[test]
fn the_json_is_as_its_schema_says() {
    let bed = Bed::new();
    let server = bed.server(&[]);
    run(&bed, &server);
    let schema: Value = serde_json::from_str(&bed.run(&["report", "--schema"]).out).unwrap();
    let ran = bed.run(&["report", "run", "--format", "json"]);
    let data: Value = serde_json::from_str(&ran.out).unwrap_or_else(|e| panic!("{e}: {}", ran.err));
    let faults: Vec<String> = jsonschema::validator_for(&schema).unwrap().iter_errors(&data).map(|e| e.to_string()).collect();
    assert!(faults.is_empty(), "{faults:?}");
    assert_eq!(data["format"], "certonboard report 1");
    assert_eq!(data["customers"].as_array().unwrap().len(), 3);
    assert_eq!(data["figures"]["invitations"], data["invitations"].as_array().unwrap().len());
    assert_eq!(data["papers"][0]["decision"].as_str().map(|d| ["accept", "review", "reject"].contains(&d)), Some(true));
    assert_eq!(data["dry_run"], false);
    // The same run gives the same report.
    assert_eq!(bed.run(&["report", "run", "--format", "json"]).out, ran.out);
}

/// What stood in the cells and in the name of the paper, as a person sees it in the browser: as text, and nothing of it took effect.
#[tokio::test(flavor = "multi_thread")]
async fn the_page_runs_nothing_that_stands_in_a_cell() {
    let bed = Bed::new();
    let server = bed.server(&[]);
    run(&bed, &server);
    let ran = bed.run(&["report", "run", "-o", "page.html"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let page = std::fs::read_to_string(bed.path("page.html")).unwrap();
    assert!(!page.contains("<script>alert"), "a cell became a script");
    assert!(page.contains("&lt;script&gt;alert"));
    assert!(page.contains("Content-Security-Policy"));
    assert!(!page.contains('\u{202e}'), "a mark that turns the direction of reading");
    let unknown = bed.run(&["report", "nowhere"]);
    assert_eq!(unknown.code, 2, "{}", unknown.err);

    let browser = Browser::start().await;
    browser.client.goto(&format!("file://{}", bed.path("page.html").display())).await.unwrap();
    assert_eq!(browser.script("return document.scripts.length").await, 1);
    let text = browser.text("main").await;
    for shown in [
        "<script>alert('x')</script> & Söhne 🦷",
        "=HYPERLINK(\"http://evil.example\",\"x\")",
        "+1+1 Ltd\\u{202e}gnp",
        "=cmd '<script>alert(1)",
    ] {
        assert!(text.contains(shown), "{shown} is not on the page:\n{text}");
    }
    let links = browser.script("return [...document.querySelectorAll('a[href]')].map(a => a.getAttribute('href')).filter(h => !/^(#|\\.\\/page%2Dpages\\/[0-9a-f-]+\\.jpg$|http:\\/\\/127\\.0\\.0\\.1)/.test(h))").await;
    assert_eq!(links, serde_json::json!([]));
    browser.close().await;
}

/// The paper in small with the boxes of what was read, and in full size when somebody asks: with the mouse and by the keyboard.
#[tokio::test(flavor = "multi_thread")]
async fn a_paper_is_seen_in_small_and_in_full_size() {
    let bed = Bed::new();
    let server = bed.server(&[]);
    run(&bed, &server);
    let browser = Browser::start().await;
    browser.client.goto(&format!("file://{}", bed.path("run/report.html").display())).await.unwrap();
    browser.until("the small picture is drawn", "document.querySelector('a.thumb img').naturalWidth > 100").await;
    assert!(browser.script("return document.querySelectorAll('a.thumb i').length").await.as_u64().unwrap() >= 4, "too few boxes");
    let label = browser.script("return [...document.querySelectorAll('a.thumb i')].map(i => i.title).join('; ')").await;
    assert!(label.as_str().unwrap().contains("purchaser: "), "{label}");
    for by_keyboard in [false, true] {
        match by_keyboard {
            true => {
                browser.script("document.querySelector('a.thumb').focus()").await;
                browser.keys("\u{e007}").await;
            }
            false => browser.click("a.thumb").await,
        }
        browser.until("the dialog is open", "document.querySelector('#large').open").await;
        browser.until("the large picture is there", "document.querySelector('#large img').naturalHeight > 1000").await;
        let inside = "const p = document.querySelector('#large img').getBoundingClientRect(); \
                      return [...document.querySelectorAll('#large i')].every(i => { const b = i.getBoundingClientRect(); \
                      return b.width > 0 && b.left >= p.left - 1 && b.right <= p.right + 1 && b.top >= p.top - 1 && b.bottom <= p.bottom + 1; })";
        assert_eq!(browser.script(inside).await, true, "a box lies beside the picture");
        browser.keys("\u{e00c}").await;
        browser.until("the dialog is closed", "!document.querySelector('#large').open").await;
    }
    // Without the folder beside it, the page says so.
    std::fs::rename(bed.path("run/report-pages"), bed.path("run/elsewhere")).unwrap();
    browser.client.refresh().await.unwrap();
    browser.click("a.thumb").await;
    browser
        .until("what lacks is said", "document.querySelector('#large').innerText.includes('Keep the folder of pages beside this file')")
        .await;
    browser.close().await;
}

/// The text of each page, and what is attached.
#[test]
fn the_pdf_holds_the_record_and_its_hash() {
    let bed = Bed::new();
    let server = bed.server(&[]);
    run(&bed, &server);
    let ran = bed.run(&["report", "run", "--format", "pdf", "-o", "record.pdf"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let bytes = std::fs::read(bed.path("record.pdf")).unwrap();
    let pdf = lopdf::Document::load_mem(&bytes).unwrap();
    let pages: Vec<u32> = pdf.get_pages().into_keys().collect();
    let text = pdf.extract_text(&pages).unwrap();
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let status: Value = serde_json::from_str(&bed.run(&["status", "run", "--format", "json"]).out).unwrap();
    for shown in [MERCHANT, "Hash of the record", "Every write", "tester", "=HYPERLINK(", "<script>alert", "\\u{202e}"] {
        assert!(words.contains(shown), "{shown} is not in the PDF:\n{words}");
    }
    let attached: Vec<Vec<u8>> = pdf
        .objects
        .values()
        .filter_map(|o| o.as_stream().ok())
        .filter(|s| s.dict.get(b"Type").and_then(|t| t.as_name()).is_ok_and(|name| name == b"EmbeddedFile"))
        .map(|s| s.decompressed_content().unwrap())
        .collect();
    assert_eq!(attached.len(), 1);
    let record: Value = serde_json::from_slice(&attached[0]).unwrap();
    assert_eq!((&record["sessionId"], &record["writes"]), (&status["sessionId"], &status["writes"]));
    assert_eq!(record["hashChain"]["head"], status["hashChain"]["head"]);
    let hash = record["hashChain"]["head"].as_str().unwrap();
    assert!(words.contains(hash), "the hash of the record is not in the PDF:\n{words}");
    // What stands in the file by itself: no script, no action, no link out.
    for never in [&b"/JavaScript"[..], b"/OpenAction", b"/Launch", b"/URI"] {
        assert!(!bytes.windows(never.len()).any(|w| w == never), "the PDF holds {}", String::from_utf8_lossy(never));
    }
    // The same record makes the same bytes.
    assert_eq!(bed.run(&["report", "run", "--format", "pdf", "-o", "again.pdf"]).code, 0);
    assert!(std::fs::read(bed.path("again.pdf")).unwrap() == bytes);
}

/// Searching and sorting in a real browser, at the widths of a telephone, a laptop and a large screen.
#[tokio::test(flavor = "multi_thread")]
async fn the_page_is_searched_and_sorted() {
    let bed = Bed::new();
    let mut list = String::from("Customer Code,Name,Address,City,State,Zip,Country,Email,Tax Exempt\n");
    for n in 0..40 {
        let state = ["TX", "OH"][n % 2];
        list.push_str(&format!("K{n},Harbor Lane {n},{} Mill Road,Easton,{state},78701,US,ap{n}@example.com,Y\n", n + 1));
    }
    bed.write("customers.csv", &list);
    let answers = bed.write("invite.yaml", "action: invite\n");
    let given = ["run", "--sandbox", "--non-interactive", "--yes", "--today", TODAY, "--merchant", MERCHANT, "--run-dir", "run"];
    let ran = bed.run(&[&given[..], &["--customers", "customers.csv", "--answers", answers.to_str().unwrap()]].concat());
    assert!(matches!(ran.code, 0 | 3), "{}", ran.err);
    let browser = Browser::start().await;
    browser.client.goto(&format!("file://{}", bed.path("run/report.html").display())).await.unwrap();
    let shown = |heading: &str| {
        format!(
            "return [...document.querySelectorAll('section')].find(s => s.querySelector('h2')?.textContent === '{heading}')\
             .querySelectorAll('tbody tr:not([hidden])').length"
        )
    };
    let table = "[...document.querySelectorAll('section')].find(s => s.querySelector('h2')?.textContent === 'Customers')";
    assert_eq!(browser.script(&shown("Customers")).await, 40);
    // By the keyboard, as a person would.
    browser.script(&format!("{table}.querySelector('input').focus()")).await;
    browser.keys("harbor 17").await;
    browser.until("only the one is left", &format!("{table}.querySelectorAll('tbody tr:not([hidden])').length === 1")).await;
    browser.until("the count is told", &format!("{table}.querySelector('[role=status]').textContent.includes('1 of 40')")).await;
    browser.script(&format!("const i = {table}.querySelector('input'); i.value = ''; i.dispatchEvent(new Event('input'))")).await;
    browser.until("all are back", &format!("{table}.querySelectorAll('tbody tr:not([hidden])').length === 40")).await;
    // Codes sort as people read them: K2 before K10.
    browser.script(&format!("{table}.querySelector('thead button').click()")).await;
    let codes = format!("return [...{table}.querySelectorAll('tbody tr')].map(r => r.cells[0].textContent.trim())");
    let sorted = browser.script(&codes).await;
    assert_eq!((sorted[0].as_str(), sorted[2].as_str(), sorted[39].as_str()), (Some("K0"), Some("K2"), Some("K39")));
    browser.script(&format!("{table}.querySelector('thead button').click()")).await;
    assert_eq!(browser.script(&codes).await[0], "K39");
    assert_eq!(browser.script(&format!("return {table}.querySelector('th').getAttribute('aria-sort')")).await, "descending");
    for width in [360, 1280, 1920] {
        browser.client.set_window_size(width, 800).await.unwrap();
        let wide = browser.script("return document.documentElement.scrollWidth > window.innerWidth + 1").await;
        assert_eq!(wide, false, "the page is wider than {width} pixels");
    }
    browser.close().await;
}

/// A page for 10,000 customers and 500 papers. The customers are those of a real run; its papers, with their pictures and certificates, are there
/// many times.
#[tokio::test(flavor = "multi_thread")]
async fn a_large_page_opens_and_is_searched() {
    const CUSTOMERS: usize = 10_000;
    const PAPERS: usize = 500;
    let bed = Bed::new();
    let mut list = String::from("Customer Code,Name,Address,City,State,Zip,Country,Email,Tax Exempt\n");
    let paper_is_for = "C1033,Lone Oak Feed & Ranch Supply,8800 Caprock Farm Road,Lubbock,TX,79424,US,,Y\n";
    list.push_str(paper_is_for);
    for n in 1..CUSTOMERS {
        let (state, exempt) = (["TX", "OH", "FL", "NY"][n % 4], if n % 5 == 0 { "Y" } else { "N" });
        list.push_str(&format!(
            "K{n:05},Harbor Lane Fixture and Supply {n},{n} Mill Road,Easton,{state},78701,US,ap{n}@example.com,{exempt}\n"
        ));
    }
    bed.write("customers.csv", &list);
    bed.scans(&[PAPER]);
    let given =
        ["run", "--sandbox", "--dry-run", "--non-interactive", "--yes", "--today", TODAY, "--merchant", MERCHANT, "--run-dir", "run"];
    let ran = bed.run(&[&given[..], &["--customers", "customers.csv", "--certificates", "scans", "--answers", &bed.no_check()]].concat());
    assert!(matches!(ran.code, 0 | 3), "{}", ran.err);

    let mut record = Journal::look(&bed.path("run")).unwrap().load().unwrap();
    let documents = record.documents.clone();
    assert_eq!(documents.len(), 1, "{}", ran.err);
    let beside = bed.path("run/report-pages");
    let file = std::fs::read_dir(&beside).unwrap().map(|e| e.unwrap().path()).find(|p| p.to_str().unwrap().ends_with("-s.jpg")).unwrap();
    let large = file.file_name().unwrap().to_str().unwrap().replace("-s.jpg", ".jpg");
    let bytes = std::fs::read(&file).unwrap();
    let mut gallery = Gallery::default();
    record.documents = (0..PAPERS)
        .map(|n| {
            let mut document = documents[0].clone();
            document.file = format!("scan {n:04}.pdf");
            document.sha256 = Sha256::of(document.file.as_bytes());
            for page in shown_pages(&document) {
                let picture = Picture { small: bytes.clone(), large: format!("report-pages/{large}") };
                gallery.pictures.insert((document.key(), page), picture);
            }
            document
        })
        .collect();
    let model = Model::new(&record);
    let page = certonboard::report::html(&model, &gallery, TODAY);
    println!("{CUSTOMERS} customers, {PAPERS} papers: {:.1} MB", page.len() as f64 / 1e6);
    assert!(page.len() < 30_000_000, "{} bytes", page.len());
    bed.write("run/large.html", &page);

    let browser = Browser::start().await;
    for width in [360, 1280, 1920] {
        browser.client.set_window_size(width, 900).await.unwrap();
        browser.client.goto(&format!("file://{}", bed.path("run/large.html").display())).await.unwrap();
        browser.until("the page is open", "document.readyState === 'complete'").await;
        let millis = browser.script("return Math.round(performance.getEntriesByType('navigation')[0].loadEventEnd)").await;
        println!("opened in {millis} ms at {width} pixels");
        let wide = browser.script("return document.documentElement.scrollWidth > window.innerWidth + 1").await;
        assert_eq!(wide, false, "the page is wider than {width} pixels");
    }
    let section =
        |heading: &str| format!("[...document.querySelectorAll('section')].find(s => s.querySelector('h2')?.textContent === '{heading}')");
    let (customers, papers) = (section("Customers"), section("Papers read"));
    assert_eq!(browser.script(&format!("return {customers}.querySelectorAll('tbody tr').length")).await, CUSTOMERS);
    assert_eq!(browser.script(&format!("return {papers}.querySelectorAll('a.thumb').length")).await, PAPERS);
    browser.script(&format!("{customers}.querySelector('input').focus()")).await;
    browser.keys("k04217").await;
    browser.until("only the one is left", &format!("{customers}.querySelectorAll('tbody tr:not([hidden])').length === 1")).await;
    browser.script(&format!("{papers}.querySelector('input').focus()")).await;
    browser.keys("0417").await;
    browser.until("only the one is left", &format!("{papers}.querySelectorAll('tbody tr:not([hidden])').length === 1")).await;
    let millis = browser
        .script(&format!(
            "const t = performance.now(); {customers}.querySelector('thead button').click(); return Math.round(performance.now() - t)"
        ))
        .await;
    println!("sorted in {millis} ms");
    // Few are laid out at once; the others come when they are asked for.
    browser.script(&format!("const i = {customers}.querySelector('input'); i.value = ''; i.dispatchEvent(new Event('input'))")).await;
    browser
        .until("the first rows are back", &format!("{customers}.querySelectorAll('tbody tr:not([hidden]):not(.later)').length === 250"))
        .await;
    assert!(
        browser
            .script(&format!("return {customers}.querySelector('[role=status]').textContent"))
            .await
            .as_str()
            .unwrap()
            .contains("250 of 10000")
    );
    browser.script(&format!("{customers}.querySelector('.search button').click()")).await;
    browser
        .until("all are there", &format!("{customers}.querySelectorAll('tbody tr:not([hidden]):not(.later)').length === {CUSTOMERS}"))
        .await;
    browser.script(&format!("{papers}.querySelector('tr:not([hidden]):not(.later) a.thumb').click()")).await;
    browser.until("the large picture is there", "document.querySelector('#large img').naturalHeight > 1000").await;
    browser.close().await;
}

//! The report in its forms: what is in it, and that nothing from outside does any harm in it.

use crate::bed::{Bed, MERCHANT, Server, TODAY};
use crate::browser::Browser;
use calamine::{Data, Reader, Xlsx};
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

#[test]
fn the_page_runs_nothing_that_stands_in_a_cell() {
    let bed = Bed::new();
    let server = bed.server(&[]);
    run(&bed, &server);
    let ran = bed.run(&["report", "run", "-o", "page.html"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let page = std::fs::read_to_string(bed.path("page.html")).unwrap();
    assert!(!page.contains("<script>alert"), "a cell became a script");
    assert!(page.contains("&lt;script&gt;alert"));
    assert!(page.contains("Content-Security-Policy"));
    let unknown = bed.run(&["report", "nowhere"]);
    assert_eq!(unknown.code, 2, "{}", unknown.err);
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
    let table = "[...document.querySelectorAll('section')].find(s => s.querySelector('h2')?.textContent === 'Exempt customers')";
    assert_eq!(browser.script(&shown("Exempt customers")).await, 40);
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

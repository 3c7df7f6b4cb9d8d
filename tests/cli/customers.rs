//! The customer list from outside: the summary, the flags, mapping files, the workbook of problems there and back, the wizard's questions.
//! All names and numbers are made up.

use crate::bed::{Bed, MERCHANT, Ran, TODAY, sample};
use crate::wizard::{DOWN, Wizard};
use calamine::{Data, Reader, Xlsx, open_workbook};
use serde_json::Value;
use std::path::Path;

/// A list with one problem of each kind that matters here. Row 1 holds the headers.
const LIST: &str = "Customer ID,Name,Address,City,State,Zip,Email,Tax Exempt,Resale Number,Status\n\
    00417,Ames Mill,1 Mill Rd,Dayton,OH,45402,a@ames.example,Yes,51-1,Active\n\
    =7+1,Birch & Sons,2 Elm St,Austin,TX,78701,b@birch.example,No,,Active\n\
    C-3,,3 Oak Ave,Reno,NV,89501,c@cedar.example,Yes,,Active\n\
    C-4,Dune Supply,4 Bay St,Newark,NJ,7102,not an address,No,NJ-88,Active\n\
    C-5,Elk Goods,5 Hill Rd,Reno,NV,89501,e@elk.example,No,,Inactive\n";

fn summary(bed: &Bed, file: &Path, more: &[&str]) -> Ran {
    let args: Vec<&str> =
        ["customers", "summary", file.to_str().unwrap(), "--today", TODAY].into_iter().chain(more.iter().copied()).collect();
    bed.run(&args)
}

fn json(ran: &Ran) -> Value {
    serde_json::from_str(&ran.out).unwrap_or_else(|e| panic!("{e}: {}{}", ran.out, ran.err))
}

/// A sheet's cells as texts; panics where a cell is anything but text, so that nothing became a number or a formula.
fn texts(file: &Path, sheet: &str) -> Vec<Vec<String>> {
    let mut book: Xlsx<_> = open_workbook(file).unwrap();
    assert_eq!(book.worksheet_formula(sheet).unwrap().used_cells().count(), 0, "{sheet} holds formulas");
    let range = book.worksheet_range(sheet).unwrap();
    let cell = |cell: &Data| match cell {
        Data::String(text) => text.clone(),
        Data::Empty => String::new(),
        other => panic!("{sheet}: {other:?} is no text"),
    };
    range.rows().map(|row| row.iter().map(cell).collect()).collect()
}

#[test]
fn the_text_tells_everything_and_fits_80_columns() {
    let bed = Bed::new();
    let ran = summary(&bed, &bed.write("list.csv", LIST), &[]);
    assert_eq!(ran.code, 3, "{}", ran.err);
    for part in [
        "\n  total                              4\n",
        "\n  exempt                             2\n",
        "\n  can't be used                      1  ",
        "\n  inactive, left out                 1  ",
        "column “Tax Exempt” says “Yes”",
        "customer code: “Customer ID”",
        "missing name (to mend): 1",
        "row 4",
        "--contradictions",
        "07102",
    ] {
        assert!(ran.out.contains(part), "`{part}` is not in:\n{}", ran.out);
    }
    let widest = ran.out.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(80), "{widest:?}");
    assert!(!ran.out.contains('\u{1b}'), "colour in a pipe");
}

#[test]
fn a_hostile_cell_does_not_reach_the_terminal() {
    let bed = Bed::new();
    let file = bed.write("list.csv", "Customer ID,Name,City,State\u{1b}[31m,Tax Exempt\nA-1,Ann\u{1b}[2J,Reno,NV,Y\n");
    let ran = summary(&bed, &file, &[]);
    assert!(!ran.out.contains('\u{1b}') && !ran.err.contains('\u{1b}'), "{}", ran.out);
}

#[test]
fn the_json_has_its_documented_shape() {
    let bed = Bed::new();
    let all = json(&summary(&bed, &bed.write("list.csv", LIST), &["--format", "json"]));
    let keys: Vec<&str> = all.as_object().unwrap().keys().map(String::as_str).collect();
    let documented = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/customers.md")).unwrap();
    for key in &keys {
        assert!(documented.contains(&format!("\"{key}\"")), "{key} is not in docs/customers.md");
    }
    for key in all["totals"].as_object().unwrap().keys() {
        assert!(documented.contains(&format!("\"{key}\"")), "totals.{key} is not in docs/customers.md");
    }
    assert_eq!(all["format"], "certonboard customers summary 1");
    assert_eq!((&all["totals"]["total"], &all["totals"]["exempt"], &all["totals"]["inactive"]), (&4.into(), &2.into(), &1.into()));
    assert_eq!(all["totals"]["contradictions"], 1);
    assert_eq!(all["exit_code"], 3);
    assert_eq!(all["customers"][0]["code"], "00417");
    assert_eq!(all["rejected"][0]["row"], 4);
    let code = all["columns"].as_array().unwrap().iter().find(|c| c["field"] == "customer_code").unwrap();
    assert_eq!((&code["header"], &code["column"]), (&"Customer ID".into(), &1.into()));
    let by_rule: u64 = all["by_rule"].as_array().unwrap().iter().map(|r| r["exempt"].as_u64().unwrap()).sum();
    assert_eq!(by_rule, all["totals"]["usable_exempt"].as_u64().unwrap());
}

#[test]
fn flags_settle_how_the_list_is_read() {
    let bed = Bed::new();
    let file = bed.write("list.csv", LIST);
    let totals = |more: &[&str]| json(&summary(&bed, &file, &[&["--format", "json"], more].concat()))["totals"].clone();
    assert_eq!(totals(&["--include-inactive"])["total"], 5);
    assert_eq!(totals(&["--contradictions", "as-exempt"])["exempt"], 3);
    assert_eq!(totals(&["--column", "exempt_flag=-", "--column", "exemption_number=-"])["exempt"], 0);
    // Without the headers' row the next one is taken for it.
    let shifted = bed.write("shifted.csv", &format!("Our list\n\n{LIST}"));
    let found = json(&summary(&bed, &shifted, &["--format", "json", "--header-row", "3"]));
    assert_eq!((&found["header_row"], &found["totals"]["total"]), (&3.into(), &4.into()));
    let clean = bed.write("clean.csv", "Customer ID,Name,Address,City,State,Zip,Tax Exempt\nA-1,Ann,1 Mill Rd,Dayton,OH,45402,Yes\n");
    assert_eq!(summary(&bed, &clean, &[]).code, 0);
    assert!(!bed.path("certonboard-runs").exists(), "a summary leaves no run");
}

#[test]
fn what_can_not_be_read_is_an_error_of_input() {
    let bed = Bed::new();
    let file = bed.write("list.csv", LIST);
    for (more, naming) in [
        (&["--column", "custmer_code=Customer ID"][..], "`customer_code`"),
        (&["--column", "name=Nam"], "did you mean `Name`?"),
        (&["--column", "name"], "FIELD=HEADER"),
        (&["--header-row", "99"], "row 99"),
        (&["--mapping", "nowhere.yaml"], "nowhere.yaml"),
        (&["--corrections", "list.csv"], "no problems workbook"),
        (&["--corrections", "nowhere.xlsx"], "nowhere.xlsx"),
    ] {
        let ran = summary(&bed, &file, more);
        assert_eq!(ran.code, 2, "{more:?}: {}", ran.err);
        assert!(ran.err.contains(naming), "{more:?}: {}", ran.err);
        assert_eq!(ran.out, "");
    }
    assert_eq!(summary(&bed, &bed.path("no.csv"), &[]).code, 2);
}

#[test]
fn a_mapping_is_saved_and_used_for_the_next_export() {
    let bed = Bed::new();
    let first = "Acct,Alt Acct,Firm,Street,Town,ST,Zip,Free,Tel\n7,x,Ames,1 Mill Rd,Dayton,OH,45402,Y,937-555-0100\n";
    let file = bed.write("march.csv", first);
    let save = bed.path("erp.yaml");
    let columns = ["--column", "customer_code=Alt Acct", "--column", "exempt_flag=Free", "--column", "phone=Tel"];
    let ran = summary(&bed, &file, &[&columns[..], &["--save-mapping", save.to_str().unwrap()]].concat());
    assert!(ran.err.contains("--mapping"), "{}", ran.err);
    let next = bed.write("april.csv", "Acct,Alt Acct,Firm,Street,Town,ST,Zip,Free\n8,y,Bow,2 Elm St,Austin,TX,78701,Y\n");
    let by_mapping = ["--mapping", save.to_str().unwrap(), "--format", "json"];
    let read = json(&summary(&bed, &next, &by_mapping));
    assert_eq!(read["customers"][0]["code"], "y");
    assert_eq!(read["totals"]["exempt"], 1);
    // The phone may be missing, and that is said; the flag may not.
    assert!(read["notes"].to_string().contains("Tel"), "{}", read["notes"]);
    let without = bed.write("may.csv", "Acct,Alt Acct,Firm,Street,Town,ST,Zip,Exempt\n8,y,Bow,2 Elm St,Austin,TX,78701,Y\n");
    let ran = summary(&bed, &without, &by_mapping);
    assert_eq!(ran.code, 2);
    assert!(ran.error_line().contains("`Free`") && ran.error_line().contains("`optional:`"), "{}", ran.err);
    // A flag beats the mapping.
    assert_eq!(json(&summary(&bed, &without, &[&by_mapping[..], &["--column", "exempt_flag=Exempt"]].concat()))["totals"]["exempt"], 1);
    let faulty = bed.write("faulty.yaml", "columns: { custmer_code: A, name: B, city: B }\nshet: X\n");
    let ran = summary(&bed, &next, &["--mapping", faulty.to_str().unwrap()]);
    assert_eq!(ran.code, 2);
    for part in ["`customer_code`", "`sheet`", "faulty.yaml"] {
        assert!(ran.error_line().contains(part), "{}", ran.err);
    }
}

#[test]
fn the_workbook_of_problems_holds_the_rows_as_they_are() {
    let bed = Bed::new();
    let file = bed.write("list.csv", LIST);
    let out = bed.path("problems.xlsx");
    // The code that looks like a formula gets a problem of its own by standing twice.
    let twice = bed.write("twice.csv", &format!("{LIST}=7+1,Other Birch,9 Elm St,Austin,TX,78701,,No,,Active\n"));
    assert_eq!(summary(&bed, &twice, &["--problems", out.to_str().unwrap()]).code, 3);
    let rows = texts(&out, "To correct");
    assert_eq!(rows[0][..4], ["Row", "Customer ID", "Name", "Address"]);
    let row = |number: &str| rows.iter().find(|row| row[0] == number).unwrap_or_else(|| panic!("no row {number}: {rows:?}"));
    assert_eq!(row("4")[1..3], ["C-3", ""]);
    assert_eq!(row("5")[6], "7102");
    assert_eq!(row("7")[1], "=7+1");
    // The other row of the code that stands twice, to compare.
    assert_eq!(row("3")[1], "=7+1");
    assert!(!rows.iter().any(|row| row[0] == "2"), "a row without a problem needs no correction");
    let lines = texts(&out, "Problems");
    assert_eq!(lines[0].last().unwrap(), "Correct value");
    let line = lines.iter().find(|line| line[1] == "missing-name").unwrap();
    assert_eq!((line[0].as_str(), line[2].as_str(), line[3].as_str()), ("to mend", "4", "C-3"));
    assert!(texts(&out, "Read me").concat().concat().contains("send it back"));
    // The notes: one part of the package holds their texts.
    let mut package = zip::ZipArchive::new(std::fs::File::open(&out).unwrap()).unwrap();
    let mut notes = String::new();
    std::io::Read::read_to_string(&mut package.by_name("xl/comments1.xml").unwrap(), &mut notes).unwrap();
    assert!(notes.contains("the customer has no name"), "{notes}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&out).unwrap().permissions().mode() & 0o777, 0o600);
    }
    // It is no customer list.
    let ran = summary(&bed, &out, &[]);
    assert_eq!(ran.code, 2);
    assert!(ran.error_line().contains("--corrections"), "{}", ran.err);
    let ran = summary(&bed, &file, &["--corrections", out.to_str().unwrap()]);
    assert_eq!(ran.code, 2, "made from another file: {}", ran.out);
    assert!(ran.error_line().contains("twice.csv"), "{}", ran.err);
}

/// What a merchant does: opens the workbook, changes cells, saves it with another program's writer.
fn corrected_by_hand(from: &Path, to: &Path, change: impl Fn(&str, &mut Vec<Vec<String>>)) {
    let mut book: Xlsx<_> = open_workbook(from).unwrap();
    let mut out = rust_xlsxwriter::Workbook::new();
    for name in book.sheet_names() {
        let range = book.worksheet_range(&name).unwrap();
        let mut rows: Vec<Vec<String>> = range.rows().map(|row| row.iter().map(ToString::to_string).collect()).collect();
        change(&name, &mut rows);
        let sheet = out.add_worksheet().set_name(&name).unwrap();
        for (r, row) in (0u32..).zip(&rows) {
            for (c, text) in (0u16..).zip(row).filter(|(_, text)| !text.is_empty()) {
                // Row numbers come back as numbers when somebody clicks the green triangle.
                match text.parse::<f64>() {
                    Ok(number) if c == 0 => sheet.write_number(r, c, number).unwrap(),
                    _ => sheet.write_string(r, c, text).unwrap(),
                };
            }
        }
    }
    out.save(to).unwrap();
}

#[test]
fn corrections_come_back_and_the_next_workbook_holds_them_too() {
    let bed = Bed::new();
    let file = bed.write("list.csv", LIST);
    let (out, back) = (bed.path("problems.xlsx"), bed.path("back.xlsx"));
    summary(&bed, &file, &["--problems", out.to_str().unwrap()]);
    corrected_by_hand(&out, &back, |sheet, rows| match sheet {
        "To correct" => rows.iter_mut().filter(|row| row[0] == "4").for_each(|row| row[2] = "Cedar Works".to_owned()),
        "Problems" => rows.iter_mut().filter(|row| row[1] == "bad-email").for_each(|row| {
            row.resize(10, String::new());
            row[9] = "d@dune.example".to_owned();
        }),
        _ => {}
    });
    let next = bed.path("next.xlsx");
    let more = ["--corrections", back.to_str().unwrap(), "--problems", next.to_str().unwrap(), "--format", "json"];
    let all = json(&summary(&bed, &file, &more));
    assert_eq!(all["settled"]["corrected_cells"], 2);
    assert_eq!((&all["totals"]["usable"], &all["totals"]["rejected"]), (&4.into(), &0.into()));
    let customer = |code: &str| all["customers"].as_array().unwrap().iter().find(|c| c["code"] == code).unwrap().clone();
    assert_eq!(customer("C-3")["name"], "Cedar Works");
    assert_eq!(customer("C-4")["contact"]["email"], "d@dune.example");
    let rows = texts(&next, "To correct");
    assert_eq!(rows.iter().find(|row| row[0] == "4").unwrap()[2], "Cedar Works");
    // Moved headers would put values under the wrong field.
    corrected_by_hand(&out, &back, |sheet, rows| {
        if sheet == "To correct" {
            rows[0].swap(2, 3);
        }
    });
    let ran = summary(&bed, &file, &["--corrections", back.to_str().unwrap()]);
    assert_eq!(ran.code, 2);
    assert!(ran.error_line().contains("headers"), "{}", ran.err);
}

#[test]
fn what_nobody_touched_is_no_correction() {
    let bed = Bed::new();
    let long = "x".repeat(40_000);
    let odd = [" blank ", "a\u{1}b", "_x0041_", "\"two\nlines\"", "@SUM(A1)", "-1", "Ünï 株式会社 🦷", "1E5", "TRUE", long.as_str()];
    let mut text = "Customer ID,Name,Address,City,State,Zip,Tax Exempt,Remark\n".to_owned();
    for (n, remark) in odd.iter().enumerate() {
        text.push_str(&format!("00{n},,{n} Mill Rd,Dayton,OH,45402,Y,{remark}\n"));
    }
    let file = bed.write("list.csv", &text);
    let (out, back) = (bed.path("problems.xlsx"), bed.path("back.xlsx"));
    summary(&bed, &file, &["--problems", out.to_str().unwrap()]);
    assert_eq!(texts(&out, "To correct").len(), odd.len() + 1);
    let with = |corrections: &Path| json(&summary(&bed, &file, &["--format", "json", "--corrections", corrections.to_str().unwrap()]));
    assert_eq!(with(&out)["settled"]["corrected_cells"], 0);
    // An emptied row leaves the customer out.
    corrected_by_hand(&out, &back, |sheet, rows| {
        if sheet == "To correct" {
            rows[1][1..].iter_mut().for_each(String::clear);
        }
    });
    assert_eq!(with(&back)["totals"]["rows_read"], odd.len() - 1);
}

/// A list longer than what is looked at to tell the columns: its rows come in pieces, the corrections over them too.
#[test]
fn corrections_reach_the_far_end_of_a_long_list() {
    let bed = Bed::new();
    let mut text = "Customer ID,Name,Address,City,State,Zip,Tax Exempt\n".to_owned();
    for n in 0..30_000 {
        let name = if n == 29_990 { String::new() } else { format!("Harbor Supply House {n}") };
        text.push_str(&format!("C-{n},{name},{n} Mill Rd,Dayton,OH,45402,Y\n"));
    }
    let file = bed.write("list.csv", &text);
    let (out, back) = (bed.path("problems.xlsx"), bed.path("back.xlsx"));
    assert_eq!(summary(&bed, &file, &["--problems", out.to_str().unwrap()]).code, 3);
    assert_eq!(texts(&out, "To correct").len(), 2);
    corrected_by_hand(&out, &back, |sheet, rows| {
        if sheet == "To correct" {
            rows[1][2] = "Far End Supply".to_owned();
        }
    });
    let ran = summary(&bed, &file, &["--corrections", back.to_str().unwrap()]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("cells corrected                    1"), "{}", ran.out);
    corrected_by_hand(&out, &back, |sheet, rows| {
        if sheet == "To correct" {
            rows[1][0] = "40000".to_owned();
        }
    });
    let ran = summary(&bed, &file, &["--corrections", back.to_str().unwrap()]);
    assert_eq!(ran.code, 2, "{}", ran.out);
    assert!(ran.error_line().contains("row 40000"), "{}", ran.err);
}

// ---- the run ---------------------------------------------------------------------------------------------------------------------------

/// Two columns fit the exemption flag equally well.
const DOUBTFUL: &str = "Customer ID,Name,Address,City,State,Zip,Tax Exempt,Exempt\n\
    A-1,Ann,1 Mill Rd,Dayton,OH,45402,Y,N\nA-2,Bea,2 Mill Rd,Dayton,OH,45402,N,Y\nA-3,Cy,3 Mill Rd,Dayton,OH,45402,N,Y\n";

fn first_doubt(bed: &Bed, file: &Path) -> Value {
    json(&summary(bed, file, &["--format", "json"]))["ambiguous"][0].clone()
}

#[test]
fn a_doubtful_exemption_column_is_answered_or_refused() {
    let bed = Bed::new();
    let file = bed.write("list.csv", DOUBTFUL);
    let doubt = first_doubt(&bed, &file);
    assert_eq!(doubt["field"], "exempt_flag", "{doubt}");
    let server = bed.server(&[]);
    let answers = "customers: { columns_ok: true }\nsync: { confirm: true }\naction: neither\n";
    let answers = bed.write("answers.yaml", answers);
    let base = ["run", "--non-interactive", "--merchant", MERCHANT, "--company", "DEFAULT", "--today", TODAY, "--customers"];
    let args = [&base[..], &[file.to_str().unwrap(), "--answers", answers.to_str().unwrap()]].concat();
    let ran = bed.run_at(&server, &args);
    assert_eq!(ran.code, 2, "{}", ran.err);
    assert!(ran.error_line().contains("customers: { columns: { exempt_flag: \""), "{}", ran.err);
    assert_eq!(server.writes(), 0);
    // The flag answers it, and the columns are recorded so that the answers alone do it again.
    let recorded = bed.path("recorded.yaml");
    let more = ["--column", "exempt_flag=Exempt", "--record-answers", recorded.to_str().unwrap()];
    let ran = bed.run_at(&server, &[&args[..], &more].concat());
    assert!(ran.code == 0 || ran.code == 3, "{}", ran.err);
    let text = std::fs::read_to_string(&recorded).unwrap();
    assert!(text.contains("exempt_flag: \"Exempt\""), "{text}");
    // `--yes` takes what is recommended.
    let ran = bed.run_at(&server, &[&args[..], &["--yes"]].concat());
    assert!(ran.code == 0 || ran.code == 3, "{}", ran.err);
    assert!(ran.err.contains("(--yes)"), "{}", ran.err);
}

#[test]
fn the_run_folder_holds_the_workbook_of_problems_and_the_answers_settle_contradictions() {
    let bed = Bed::new();
    let server = bed.server(&[]);
    let file = bed.write("list.csv", LIST);
    let answers =
        "customers: { columns_ok: true, contradictions: as-exempt, include_inactive: true }\nsync: { confirm: true }\naction: neither\n";
    let answers = bed.write("answers.yaml", answers);
    let (run, saved) = (bed.path("run"), bed.path("erp.yaml"));
    let args = ["run", "--non-interactive", "--merchant", MERCHANT, "--company", "DEFAULT", "--today", TODAY, "--format", "json"];
    let more = ["--customers", file.to_str().unwrap(), "--answers", answers.to_str().unwrap(), "--run-dir", run.to_str().unwrap()];
    let ran = bed.run_at(&server, &[&args[..], &more, &["--save-mapping", saved.to_str().unwrap()]].concat());
    assert_eq!(ran.code, 3, "{}", ran.err);
    assert!(ran.err.contains("customer-problems.xlsx"), "{}", ran.err);
    let rows = texts(&run.join("customer-problems.xlsx"), "To correct");
    assert!(rows.iter().any(|row| row[0] == "4"), "{rows:?}");
    assert!(std::fs::read_to_string(&saved).unwrap().contains("customer_code: \"Customer ID\""));
    // The customers that were sent: the inactive one too.
    let codes: Vec<String> = server.customers().iter().map(|c| c["customerCode"].as_str().unwrap().to_owned()).collect();
    assert!(codes.contains(&"C-5".to_owned()), "{codes:?}");
    let figures = json(&ran)["figures"].clone();
    assert_eq!(figures["exempt"], 3, "{figures}");
}

#[test]
fn an_unknown_column_in_the_answers_stops_the_run_before_anything() {
    let bed = Bed::new();
    let server = bed.server(&[]);
    let answers = bed.write("answers.yaml", "customers: { columns: { custmer_code: A } }\n");
    let file = sample("customers.xlsx");
    let args = ["run", "--non-interactive", "--yes", "--customers", file.to_str().unwrap(), "--answers", answers.to_str().unwrap()];
    let ran = bed.run_at(&server, &args);
    assert_eq!(ran.code, 2);
    assert!(ran.error_line().contains("`customer_code`"), "{}", ran.err);
    assert!(!bed.path("certonboard-runs").exists());
}

#[test]
fn the_wizard_asks_about_each_doubtful_column_and_about_contradictions() {
    let bed = Bed::new();
    let server = bed.server(&[]);
    let file = bed.write("list.csv", DOUBTFUL);
    let doubt = first_doubt(&bed, &file);
    let second = doubt["candidates"][1]["header"].as_str().unwrap();
    let given = ["run", "--today", TODAY, "--merchant", MERCHANT, "--company", "DEFAULT", "--customers"];
    let mut wizard = Wizard::start(&bed, &server, &[&given[..], &[file.to_str().unwrap()]].concat());
    wizard.see("Recommended:").see("Which column holds the tax exempt").see("for example").keys(DOWN).keys("\r");
    wizard.see(second).see("you said so").see("Are the columns right?").keys("y");
    wizard.see("of them exempt").see("Keep these columns").see("[3/8] Sync");
    wizard.keys("n").see("What should be done").keys(DOWN).keys(DOWN).keys(DOWN).keys("\r");
    wizard.end(4);

    let file = bed.write("list2.csv", LIST);
    let mut wizard = Wizard::start(&bed, &server, &[&given[..], &[file.to_str().unwrap()]].concat());
    wizard.see("Are the columns right?").keys("y");
    wizard.see("1 customer: columns that disagree").see("NJ-88").see("How do these customers count?").keys(DOWN).keys("\r");
    // By the flag it would be one of the three that can be used.
    wizard.see("4 customers, 3 of them exempt").see("counted as exempt").see("customer-problems.xlsx").see("[3/8] Sync");
    wizard.keys("n").see("What should be done").keys(DOWN).keys(DOWN).keys(DOWN).keys("\r");
    wizard.end(4);
}

/// `10233 Blue Ridge Supply`: which part is the code, and what yes means, are asked and never guessed.
#[test]
fn a_code_with_its_name_and_a_flag_without_a_side_are_settled_by_flags() {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("list.csv");
    std::fs::write(
        &list,
        "Customer,Address,City,State,Zip,Tax\n\
         10233 Ames Ltd,12 Mill Rd,Dayton,OH,45402,Y\n\
         10240 Bow Inc,9 Oak Ave,Reno,NV,89501,N\n\
         10251 Cee Co,7 Elm St,Fresno,CA,93704,Y\n",
    )
    .unwrap();
    let summary = |flags: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_certonboard"));
        let output = command.args(["customers", "summary", "--format", "json"]).args(flags).arg(&list).output().unwrap();
        let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        (output.status.code(), json["totals"]["exempt"].clone(), json["ambiguous"].as_array().map(Vec::len))
    };
    let (code, _, open) = summary(&[]);
    assert_eq!((code, open), (Some(3), Some(2)));
    let both = ["--column", "code_and_name=Customer", "--column", "taxable_flag=-", "--column", "exempt_flag=Tax"];
    assert_eq!(summary(&both), (Some(0), 2.into(), Some(0)));
    let whole = ["--column", "customer_code=Customer", "--column", "code_and_name=-", "--column", "taxable_flag=Tax"];
    assert_eq!(summary(&whole), (Some(0), 1.into(), Some(0)));
}
